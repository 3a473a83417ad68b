package policy_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"carillon/policy"
)

// FuzzParse parses anything, and holds what is a document to what holds of all.
func FuzzParse(f *testing.F) {
	for _, p := range policy.Ready() {
		f.Add(p.Text)
	}
	for _, s := range []string{
		allow(`"NotAction": ["a:b", "c:d?"], "NotResource": "arn:aws:x:*:${aws:username, 'x'}:y/${*}"`),
		deny(`"Action": "*", "Resource": "arn:aws:chime", "Condition": {"ForAnyValue:StringNotLikeIfExists": {"x:y": ["${x:y}*?", "${$}"]}, "Null": {"x:y": true}}`),
		allow(`"Action": "sts:AssumeRole", "Principal": {"AWS": ["111122223333", "arn:aws:iam::111122223333:user/a"], "Federated": "x"}`),
		deny(`"Action": "sts:AssumeRole", "NotPrincipal": "*"`),
	} {
		f.Add(`{"Version": "2012-10-17", "Statement": {` + s + `}}`)
	}
	r := &policy.Request{Action: "sts:AssumeRole", Resource: alice, Context: with("x:y=a", "aws:username=b")}
	r.Principal = policy.Principal{Kind: policy.AWSPrincipal, ARN: "arn:aws:iam::111122223333:user/a", Account: account}
	f.Fuzz(func(t *testing.T, text string) {
		for _, kind := range []policy.Kind{policy.Identity, policy.Session, policy.Trust} {
			if d, err := policy.Parse(kind, "fuzzed", []byte(text)); err == nil {
				hold(t, kind, d, r)
			}
		}
	})
}

// FuzzDecide decides by documents whose every text is arbitrary.
func FuzzDecide(f *testing.F) {
	f.Add(false, false, "chime:Send*", "arn:aws:chime:*:*:*/user/${aws:username}", "StringLike", "aws:username", "a*,${x:y, 'z'}", "chime:SendChannelMessage", alice, "alice")
	f.Add(true, true, "*", "*", "ForAllValues:ArnNotLikeIfExists", "x:y", "arn:aws:iam::*:user/${x:y}", "iam:x", "*", "arn:aws:iam::1:user/b")
	f.Add(true, false, "a:?", "arn:aws:x", "NumericLessThanEquals", "x:y", "5,1e3", "a:b", "arn:aws:x::y", "4,five")
	f.Add(false, true, "a:?", "arn:aws:x", "DateGreaterThan", "x:y", "2024-01-01T00:00:00Z,2024,1704067200", "a:b", "arn:aws:x::y", "2024-01")
	f.Add(false, false, "a:b", "*", "NotIpAddress", "x:y", "203.0.113.0/24,::1", "a:b", "*", "203.0.113.9")
	f.Add(false, false, "a:b", "*", "StringNotEqualsIgnoreCase", "x:y", "a${x:y},${?}", "a:b", "*", "aA")
	f.Add(false, false, "a:b", "*", "ForAnyValue:BinaryEquals", "x:y", "QUJD", "a:b", "*", "QUJD")
	f.Add(false, false, "a:b", "*", "Null", "x:y", "true", "a:b", "*", "")
	f.Fuzz(func(t *testing.T, denies, not bool, action, resource, operator, key, values, askedAction, askedResource, askedValues string) {
		statement := map[string]any{"Effect": "Allow", "Condition": map[string]any{operator: map[string]any{key: strings.Split(values, ",")}}}
		if denies {
			statement["Effect"] = "Deny"
		}
		prefix := ""
		if not {
			prefix = "Not"
		}
		statement[prefix+"Action"], statement[prefix+"Resource"] = action, resource
		text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statement})
		if err != nil {
			t.Fatal(err)
		}
		r := &policy.Request{Action: askedAction, Resource: askedResource, Context: policy.Values(map[string][]string{key: strings.Split(askedValues, ",")})}
		for _, kind := range []policy.Kind{policy.Identity, policy.Session} {
			if d, err := policy.Parse(kind, "fuzzed", text); err == nil {
				hold(t, kind, d, r)
			}
		}
	})
}

// hold checks what holds of every document: what is printed is the same document, Explain agrees with Decide,
// a document that only denies never allows more, and session policies never allow more than there is.
func hold(t *testing.T, kind policy.Kind, d *policy.Document, r *policy.Request) {
	t.Helper()
	again, err := policy.Parse(kind, "fuzzed", []byte(d.String()))
	if err != nil || !reflect.DeepEqual(d, again) {
		t.Fatalf("it is another document when it is printed (error %v): %s", err, d)
	}
	set := policy.NewSet(kind, d)
	decision := set.Decide(r)
	if e := set.Explain(r); e.Decision != decision {
		t.Errorf("decided %v, explained %v", decision, e.Decision)
	}
	// As long as nothing hides behind an escape sequence.
	text := d.String()
	if !strings.Contains(text, `\`) {
		text = strings.ReplaceAll(text, `"Effect":"Allow"`, `"Effect":"Deny"`)
	}
	denying, err := policy.Parse(kind, "denying", []byte(text))
	if err != nil {
		t.Fatalf("what denies is no document: %v", err)
	}
	if text != d.String() && policy.NewSet(kind, denying).Decide(r).Allowed {
		t.Error("a document that only denies allows")
	}
	if more := policy.NewSet(kind, d, denying).Decide(r); more.Allowed && !decision.Allowed {
		t.Errorf("denying allows more: %v, before %v", more, decision)
	}
	all := func(kind policy.Kind) *policy.Set {
		return policy.NewSet(kind, document(t, kind, "2012-10-17", allow(`"Action": "*", "Resource": "*"`)))
	}
	var p policy.Policies
	switch kind {
	case policy.Identity:
		p = policy.Policies{Identity: set, Session: all(policy.Session)}
	case policy.Session:
		p = policy.Policies{Identity: all(policy.Identity), Session: set}
	default:
		return
	}
	agree(t, p, r)
	if p.Decide(r).Allowed != decision.Allowed {
		t.Error("beside policies that allow everything it decides otherwise")
	}
}

// FuzzPattern compares how wildcards match with the definition of what they mean.
func FuzzPattern(f *testing.F) {
	f.Add("a*b?c*", "axxbyczz")
	f.Add("*?é*", "xéy")
	f.Add("**", "")
	f.Fuzz(func(t *testing.T, pattern, value string) {
		if !utf8.ValidString(pattern) || !utf8.ValidString(value) || strings.Contains(pattern, "${") || len(pattern) > 100 || len(value) > 200 {
			return
		}
		quoted, err := json.Marshal(pattern)
		if err != nil {
			t.Fatal(err)
		}
		d := document(t, policy.Identity, "2012-10-17", allow(`"Action": "*", "Resource": "*", "Condition": {"StringLike": {"x:y": `+string(quoted)+`}}`))
		r := &policy.Request{Action: "x:y", Resource: "*", Context: with("x:y=" + value)}
		if got, want := policy.NewSet(policy.Identity, d).Decide(r).Allowed, like([]rune(pattern), []rune(value)); got != want {
			t.Errorf("%q matches %q: %v, want %v", pattern, value, got, want)
		}
	})
}

// like is what wildcards mean, by a table: whether the first characters match the first of the pattern.
func like(pattern, value []rune) bool {
	reach := make([]bool, len(value)+1)
	reach[0] = true
	for _, p := range pattern {
		next := make([]bool, len(value)+1)
		for i := range next {
			switch {
			case p == '*':
				next[i] = reach[i] || i > 0 && next[i-1]
			case i > 0:
				next[i] = reach[i-1] && (p == '?' || p == value[i-1])
			}
		}
		reach = next
	}
	return reach[len(value)]
}
