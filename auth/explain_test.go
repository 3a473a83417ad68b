package auth

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"carillon/api"
	"carillon/sigv4"
)

func TestEveryRefusalOfASignatureHasAReason(t *testing.T) {
	body := []byte(`{"Content":"hello"}`)
	sign := func(id, secret, token string, at time.Time, change func(*http.Request)) *http.Request {
		r := outgoing(t, "POST", url)
		r.Header.Set("X-Amz-Content-Sha256", sigv4.UnsignedPayload)
		sigv4.NewSigner(id, secret, token, "us-east-1", "chime").Sign(r, body, at)
		r = received(r, body)
		if change != nil {
			change(r)
		}
		return r
	}
	for _, c := range []struct {
		name    string
		request *http.Request
		want    string
		basis   bool
	}{
		{"none", received(outgoing(t, "POST", url), body), "the request has neither an Authorization header nor X-Amz-Signature in its query", false},
		{"half of one", sign("AKIDEXAMPLE", secret, "", now, func(r *http.Request) { r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Signature=a") }),
			"Authorization header requires 'Credential' parameter", false},
		{"an unknown key", sign("AKIDUNKNOWN", secret, "", now, nil), "there is no access key with this id", false},
		{"a disabled key", sign("AKIDDISABLED", secret, "", now, nil), "the access key is disabled", false},
		{"another secret", sign("AKIDEXAMPLE", "wrong", "", now, nil), "either the secret is another one, or the request differs from what was signed", true},
		{"another session token", sign("ASIATEMPORARY", secret, "token2", now, nil), "X-Amz-Security-Token is not the session token that belongs to the access key", false},
		{"credentials that have ended", sign("ASIAEXPIRED", secret, "token", now, nil), "the credentials expired at 2026-01-02T0", false},
		{"an old signature", sign("AKIDEXAMPLE", secret, "", now.Add(-time.Hour), nil), "Signature expired: ", false},
		{"a header that is not covered", sign("AKIDEXAMPLE", secret, "", now, func(r *http.Request) { r.Header.Set("X-Amz-Target", "x") }),
			"'X-Amz-Target' must be a 'SignedHeader'", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, explain := range []bool{false, true} {
				o := options()
				o.Explain = explain
				_, err := New(o).Authenticate(c.request, body)
				var e *api.Error
				if !errors.As(err, &e) {
					t.Fatalf("%v", err)
				}
				if !strings.HasPrefix(e.Reason, "signature: "+c.want) || strings.Contains(e.Message, "there is no access key") {
					t.Errorf("reason %q, message %q", e.Reason, e.Message)
				}
				var basis *sigv4.Basis
				if got := errors.As(err, &basis); got != (c.basis && explain) {
					t.Errorf("told what was verified: %v", got)
				}
			}
		})
	}
}
