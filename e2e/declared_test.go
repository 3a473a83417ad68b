package e2e

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go/aws/awserr"

	"carillon/api"
	"carillon/store"
)

// TestDeclaredErrors has every operation answer each error that the models declare for it, and sees
// it arrive as the SDK's own class for it: all but those in the table never, which docs/divergences.md
// tells of. No other error is ever seen.
func TestDeclaredErrors(t *testing.T) {
	t.Parallel()
	provoked, impossible := 0, 0
	for i := range api.Operations {
		op := &api.Operations[i]
		for _, kind := range declared(op) {
			if neverOccurs(op, kind) == nil {
				provoked++
			} else {
				impossible++
			}
		}
		t.Run(op.Name, func(t *testing.T) {
			t.Parallel()
			testDeclared(t, op)
		})
	}
	t.Logf("%d operations, %d declared errors provoked, %d that never occur", len(api.Operations), provoked, impossible)
}

func testDeclared(t *testing.T, op *api.Operation) {
	p := newPlace(t)
	call := p.call(op.Name)
	for _, kind := range declared(op) {
		special := provocations[op.Name][kind]
		impossible := neverOccurs(op, kind)
		t.Run(kind.Exception(), func(t *testing.T) {
			switch {
			case special != nil && impossible != nil:
				t.Errorf("it is provoked, and said to be impossible: %s", impossible.why)
			case special != nil:
				fresh := newPlace(t)
				fresh.refused(t, op, kind, special(fresh))
			case impossible == nil:
				p.provoke(t, op, kind, call)
			}
		})
	}
	for kind := range provocations[op.Name] {
		if !op.Errors.Has(kind) {
			t.Errorf("%v is provoked, and not declared", kind)
		}
	}
	t.Run("no error", func(t *testing.T) {
		if err := p.send(call); err != nil {
			t.Error(err)
		}
	})
}

// declared lists the kinds that an operation declares.
func declared(op *api.Operation) (kinds []api.Kind) {
	for kind := api.ServiceFailure; !kind.FrontEnd(); kind++ {
		if op.Errors.Has(kind) {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// call is the request of calls for an operation.
func (p *place) call(operation string) any {
	p.T.Helper()
	for _, in := range p.calls() {
		if operationOf(in) == operation {
			return in
		}
	}
	p.T.Fatalf("there is no request for %s", operation)
	return nil
}

// provoke has an operation fail in a way that is the same for most of them, in every namespace.
func (p *place) provoke(t *testing.T, op *api.Operation, kind api.Kind, call any) {
	t.Helper()
	switch kind {
	case api.ServiceFailure:
		p.fault(t, op, kind, call, errors.New("the disk is on fire"))
	case api.ServiceUnavailable:
		p.fault(t, op, kind, call, store.ErrBusy)
	case api.Throttled:
		p.close()
		p.refused(t, op, kind, p.inNamespaces(call)...)
		p.open()
	case api.BadRequest:
		p.refused(t, op, kind, p.inNamespaces(broken(t, call))...)
	case api.Unauthorized:
		p.refused(t, op, kind, p.inNamespaces(withBearer(t, call, p.Instance+"/user/nobody"))...)
	case api.Forbidden:
		// To erin everything is closed; where nobody acts, it is an app instance that is not there.
		if op.Bearer == api.None {
			call = changed(t, call, p.Instance, p.Instance[:len(p.Instance)-1]+"x")
		} else {
			call = withBearer(t, call, p.erin)
		}
		p.refused(t, op, kind, p.inNamespaces(call)...)
	case api.NotFound:
		for _, arn := range []string{p.channel, p.processed, p.bot, p.Instance} {
			if absent := changed(t, call, arn+`"`, arn+`x"`); !reflect.DeepEqual(absent, call) {
				p.refused(t, op, kind, p.inNamespaces(absent)...)
				return
			}
		}
		t.Errorf("%T names nothing", call)
	case api.ResourceLimitExceeded:
		fresh := newPlace(t)
		call := fresh.call(op.Name)
		fresh.limitToOne()
		fresh.refused(t, op, kind, fresh.inNamespaces(call)...)
	default:
		t.Errorf("no test provokes a %v of %s", kind, op.Name)
	}
}

// fault has the store fail, and what keeps the access keys.
func (p *place) fault(t *testing.T, op *api.Operation, kind api.Kind, call any, err error) {
	t.Helper()
	for _, in := range p.inNamespaces(call) {
		p.failKeys(err)
		p.refused(t, op, kind, in)
		p.failKeys(nil)
		if op.Name == "GetMessagingSessionEndpoint" {
			continue // it asks the store for nothing
		}
		p.store.fail(err)
		p.refused(t, op, kind, in)
		p.store.fail(nil)
	}
}

// refused sends requests and fails the test unless each is answered with the exception, which arrives
// as the SDK's own class and is complete.
func (p *place) refused(t *testing.T, op *api.Operation, kind api.Kind, requests ...any) {
	t.Helper()
	if len(requests) == 0 {
		t.Error("there is no request")
	}
	for _, in := range requests {
		if operationOf(in) != op.Name && api.Lookup(operationOf(in)) != op {
			t.Fatalf("%T is no request for %s", in, op.Name)
		}
		err := p.send(in)
		var exception awserr.RequestFailure
		if !errors.As(err, &exception) {
			t.Errorf("%T is answered with %T: %v, want a %s", in, err, err, kind.Exception())
			continue
		}
		if class := reflect.TypeOf(exception).Elem(); class.Name() != kind.Exception() || class.PkgPath() != reflect.TypeOf(in).Elem().PkgPath() {
			t.Errorf("%T is answered with a %v, want a %s: %v", in, class, kind.Exception(), err)
		}
		if exception.Code() != kind.Exception() || exception.StatusCode() != kind.Status() || exception.Message() == "" || exception.RequestID() == "" {
			t.Errorf("%T is answered with %d %v", in, exception.StatusCode(), exception)
		}
	}
}

// broken is a request that breaks a constraint of the model.
func broken(t *testing.T, in any) any {
	t.Helper()
	out := changed(t, in)
	fields := reflect.ValueOf(out).Elem()
	if field := fields.FieldByName("MaxResults"); field.IsValid() {
		field.Set(reflect.ValueOf(new(int64(51))))
		return out
	}
	if field := fields.FieldByName("Name"); field.IsValid() {
		field.Set(reflect.ValueOf(new(strings.Repeat("x", 1601))))
		return out
	}
	for i := range fields.NumField() {
		name := fields.Type().Field(i).Name
		if name != "ChimeBearer" && strings.HasSuffix(strings.ToUpper(name), "ARN") {
			fields.Field(i).Set(reflect.ValueOf(new("x")))
			return out
		}
	}
	t.Fatalf("there is nothing to break in a %T", in)
	return nil
}

// withBearer is a request on behalf of somebody else.
func withBearer(t *testing.T, in any, bearer string) any {
	t.Helper()
	out := changed(t, in)
	reflect.ValueOf(out).Elem().FieldByName("ChimeBearer").Set(reflect.ValueOf(&bearer))
	return out
}

// changed is a copy of a request, with other texts in place of some, wherever those are.
func changed(t *testing.T, in any, words ...string) any {
	t.Helper()
	out := reflect.New(reflect.TypeOf(in).Elem()).Interface()
	convert(t, in, out, strings.NewReplacer(words...))
	return out
}

// TestDeclaredErrorsThatNeverOccur holds the table never to what is declared, and the page for users
// to the table.
func TestDeclaredErrorsThatNeverOccur(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs", "divergences.md"))
	if err != nil {
		t.Fatal(err)
	}
	if rows := strings.Count(string(page), "| `TestDeclaredErrors` |\n"); rows != len(never) {
		t.Errorf("the page has %d rows, want %d", rows, len(never))
	}
	for _, row := range never {
		for _, name := range row.operations {
			if op := api.Lookup(name); op == nil || !op.Errors.Has(row.kind) {
				t.Errorf("%s does not declare %v", name, row.kind)
			}
		}
		if want := row.String(); !strings.Contains(string(page), want+"\n") {
			t.Errorf("the page lacks the row\n%s", want)
		}
	}
}
