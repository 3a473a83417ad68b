package sigv4

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

// checkParsed holds what Parse says of hostile input to what it promises.
func checkParsed(t *testing.T, r *Request, key *Key) {
	t.Helper()
	s, err := Parse(r)
	if err != nil {
		var e *Error
		if !errors.As(err, &e) || e.Reason == 0 || e.Message == "" {
			t.Fatalf("error without reason or message: %#v", err)
		}
		if len(e.Message) > 1000 {
			t.Fatalf("message of %d bytes", len(e.Message))
		}
		return
	}
	if !s.covers("host") || s.AccessKeyID == "" || len(s.AccessKeyID) > maxAccessKeyID {
		t.Fatalf("accepted: %+v", s)
	}
	if s.Verify(r, key) == nil {
		t.Fatal("a signature made without the key verifies")
	}
	if err := s.Check(Rules{Service: "chime", Region: "us-east-1", Now: now}); err != nil && len(err.Error()) > 1000 {
		t.Fatalf("message of %d bytes", len(err.Error()))
	}
}

func FuzzParseHeader(f *testing.F) {
	f.Add("AWS4-HMAC-SHA256 Credential=A/20260102/us-east-1/chime/aws4_request, SignedHeaders=host;x-amz-date, Signature="+goodMAC, "20260102T030405Z", "a", "X-Amz-Date")
	f.Add("AWS4-HMAC-SHA256 Credential=A/20260102/us-east-1/chime/aws4_request,SignedHeaders=host,Signature="+goodMAC, "Fri, 02 Jan 2026 03:04:05 GMT", "", "Date")
	f.Add("AWS4-HMAC-SHA256 ,,=,Credential=", "99991231T235959Z", "\xff", "X-Amz-Date")
	key := NewKey("a secret nobody fuzzes", "20260102", "us-east-1", "chime")
	f.Fuzz(func(t *testing.T, authorization, date, token, name string) {
		checkParsed(t, &Request{Method: "GET", Host: "h", Path: "/", Header: map[string][]string{
			"Authorization": {authorization}, name: {date}, "X-Amz-Security-Token": {token},
		}}, key)
	})
}

func FuzzParseQuery(f *testing.F) {
	f.Add(connectQuery+"&X-Amz-Signature="+goodMAC[:63]+"0", "/connect")
	f.Add("X-Amz-Signature=%&X-Amz-Signature", "")
	f.Add("%58-Amz-Date=+&=&&a=%zz%4", "//a/%2f")
	key := NewKey("a secret nobody fuzzes", "20260102", "us-east-1", "chime")
	f.Fuzz(func(t *testing.T, query, path string) {
		checkParsed(t, &Request{Method: "GET", Host: "h", Path: path, Query: query}, key)
	})
}

func FuzzRoundTrip(f *testing.F) {
	f.Add("POST", "/channels/a%3Ab/memberships", "operation=batch-create", "bearer", "{}", "token", true)
	f.Add("GET", "/connect", "sessionId=it's&a=+%20", "", "", "", false)
	f.Add("PUT", "/%zz/ü//..", "&&=&a=b=c&%%41", " a\t b ", "\x00", "t+o/k=", false)
	signers := map[string]*Signer{}
	f.Fuzz(func(t *testing.T, method, path, query, bearer, body, token string, header bool) {
		r, err := http.NewRequest(method, "https://chime.test/", strings.NewReader(body))
		if err != nil {
			return // net/http makes no such request
		}
		r.URL.Opaque, r.URL.RawQuery = "/"+strings.ReplaceAll(path, "?", ""), query
		if bearer != "" {
			r.Header.Set("X-Amz-Chime-Bearer", bearer)
		}
		signer := signers[token]
		if signer == nil {
			signer = NewSigner(exampleID, exampleSecret, token, "us-east-1", "chime")
			signers[token] = signer
		}
		if header {
			if q, err := parseQuery(query); err != nil || q.signs() {
				return // two forms at once are refused
			}
			signer.Sign(r, []byte(body), now)
		} else {
			signer.Presign(r, []byte(body), now, time.Minute)
		}
		got := request(r, []byte(body))
		s, err := Parse(got)
		if err != nil {
			t.Fatal(err)
		}
		if s.SessionToken != token {
			t.Fatalf("token %q came back as %q", token, s.SessionToken)
		}
		key := s.Key(exampleSecret)
		if err := s.Verify(got, key); err != nil {
			t.Fatal(err)
		}
		got.Body = append(got.Body, 'x')
		if s.Verify(got, key) == nil {
			t.Fatal("another body verifies")
		}
	})
}
