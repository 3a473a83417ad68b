package access

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"carillon/api"
)

// FuzzActions gives every action the same text in all of its members: it must answer, or be refused in
// IAM's words.
func FuzzActions(f *testing.F) {
	h := newHouse(f)
	key := h.user("alice", allowed)
	alice := h.as(key.AccessKeyId)
	all := slices.Collect(actionsOf(h.Service))
	for i := range all {
		for _, text := range []string{"", "alice", "a\x00b", "é\u2028", strings.Repeat("x", 70000), allowed, trust, "https://issuer.example", "arn:aws:iam::123456789012:oidc-provider/x", key.AccessKeyId, "1", "zzzzzzzzzzzzzz"} {
			f.Add(i, text, 7)
		}
	}
	f.Fuzz(func(t *testing.T, action int, text string, number int) {
		if action < 0 || action >= len(all) || !validText(text) {
			return
		}
		in := reflect.New(all[action].method.Type().In(2).Elem())
		fill(in.Elem(), text, number)
		caller := h.root(home)
		if number%2 == 0 {
			caller = alice
		}
		err, _ := all[action].method.Call([]reflect.Value{reflect.ValueOf(t.Context()), reflect.ValueOf(caller), in})[1].Interface().(error)
		var fault *Fault
		if err != nil && (!errors.As(err, &fault) || fault.Status == 0 || fault.Code == "") {
			t.Errorf("%s: %v", all[action].name, err)
		}
	})
}

// validText: whoever reads requests refuses what is no UTF-8.
func validText(text string) bool { return strings.ToValidUTF8(text, "") == text }

// fill sets every member, and the members of lists, to a text or a number.
func fill(v reflect.Value, text string, number int) {
	if !v.CanSet() {
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Int:
		v.SetInt(int64(number))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), text, number)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), text, number)
		fill(v.Index(1), text+"2", number)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), text, number)
		}
	}
}

// FuzzAuthorize asks about every operation with a text in place of every ARN: it is allowed, or denied in
// AWS's words.
func FuzzAuthorize(f *testing.F) {
	h := newHouse(f)
	caller := h.as(h.user("alice", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"chime:*","Resource":"`+instance+`/user/${aws:username}"}}`).AccessKeyId)
	for i := range api.Operations {
		f.Add(i, alice, general)
		f.Add(i, "*", "")
	}
	f.Fuzz(func(t *testing.T, operation int, bearer, text string) {
		if operation < 0 || operation >= len(api.Operations) {
			return
		}
		op := &api.Operations[operation]
		in := inputOf(t, op)
		fill(reflect.ValueOf(in).Elem(), text, 1)
		who := *caller
		who.Bearer = bearer
		err := h.Authorize(t.Context(), op, &who, in)
		if err == nil {
			// The one resource that the policy has is alice, whatever else a text says.
			if bearer != alice && text != alice && !strings.HasPrefix(text, instance) {
				t.Errorf("%s is allowed for %q on %q", op.Name, bearer, text)
			}
			return
		}
		if e := api.AsError(err); e.Kind != api.AccessDenied || e.Message == "" {
			t.Errorf("got %v", err)
		}
	})
}
