package auth

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"carillon/api"
	"carillon/sigv4"
)

const (
	account   = "123456789012"
	principal = "arn:aws:iam::123456789012:user/alice"
	secret    = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// directory is a Lookup over keys in memory.
func directory(keys ...Key) func(context.Context, string, string) (Key, bool, error) {
	return func(_ context.Context, id, _ string) (Key, bool, error) {
		for _, k := range keys {
			if k.AccessKeyID == id {
				return k, true, nil
			}
		}
		return Key{}, false, nil
	}
}

func options() Options {
	key := func(id string, change func(*Key)) Key {
		k := Key{AccessKeyID: id, Secret: secret, Account: account, Principal: principal}
		if change != nil {
			change(&k)
		}
		return k
	}
	return Options{
		Region: "us-east-1",
		Now:    func() time.Time { return now },
		Lookup: directory(
			key("AKIDEXAMPLE", nil),
			key("AKIDDISABLED", func(k *Key) { k.Disabled = true }),
			key("ASIATEMPORARY", func(k *Key) { k.SessionToken, k.Expires = "token", now.Add(time.Hour) }),
			key("ASIAEXPIRED", func(k *Key) { k.SessionToken, k.Expires = "token", now }),
		),
	}
}

// received turns a request that a client would send into the one that a server gets.
func received(r *http.Request, body []byte) *http.Request {
	got := httptest.NewRequest(r.Method, r.URL.RequestURI(), bytes.NewReader(body))
	got.Host = r.URL.Host
	got.Header = r.Header.Clone()
	return got
}

func outgoing(t testing.TB, method, url string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const url = "https://chime.test/channels/arn%3Aaws%3Achime%3Aus-east-1%3A123456789012%3Aapp-instance%2Fa%2Fchannel%2Fb/messages?max-results=5"

func TestAuthenticate(t *testing.T) {
	body := []byte(`{"Content":"hello"}`)
	sign := func(id, secret, token, region string, at time.Time) *http.Request {
		r := outgoing(t, "POST", url)
		sigv4.NewSigner(id, secret, token, region, "chime").Sign(r, body, at)
		return received(r, body)
	}
	caller := func(id string) *api.Caller {
		return &api.Caller{Account: account, Principal: principal, AccessKeyID: id}
	}
	const (
		mismatch = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
		invalid  = "The security token included in the request is invalid."
	)
	for _, c := range []struct {
		name    string
		request *http.Request
		caller  *api.Caller
		err     *api.Error
	}{
		{"a signed request has a caller", sign("AKIDEXAMPLE", secret, "", "us-east-1", now), caller("AKIDEXAMPLE"), nil},
		{"temporary credentials come with their token", sign("ASIATEMPORARY", secret, "token", "us-east-1", now),
			&api.Caller{Account: account, Principal: principal, AccessKeyID: "ASIATEMPORARY", Expires: now.Add(time.Hour)}, nil},
		{"no signature", received(outgoing(t, "POST", url), body), nil,
			api.Errorf(api.MissingAuthenticationToken, "Missing Authentication Token")},
		{"half a signature", func() *http.Request {
			r := received(outgoing(t, "POST", url), body)
			r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Signature=a")
			r.Header.Set("X-Amz-Date", "20260102T030405Z")
			return r
		}(), nil, api.Errorf(api.IncompleteSignature, "Authorization header requires 'Credential' parameter. Authorization header requires 'SignedHeaders' parameter.")},
		{"an unknown key", sign("AKIDUNKNOWN", secret, "", "us-east-1", now), nil, api.Errorf(api.UnrecognizedClient, invalid)},
		{"a disabled key", sign("AKIDDISABLED", secret, "", "us-east-1", now), nil, api.Errorf(api.UnrecognizedClient, invalid)},
		{"a wrong secret", sign("AKIDEXAMPLE", "wrong", "", "us-east-1", now), nil, api.Errorf(api.InvalidSignature, mismatch)},
		{"a token with a key that has none", sign("AKIDEXAMPLE", secret, "token", "us-east-1", now), nil, api.Errorf(api.UnrecognizedClient, invalid)},
		{"temporary credentials without their token", sign("ASIATEMPORARY", secret, "", "us-east-1", now), nil, api.Errorf(api.UnrecognizedClient, invalid)},
		{"temporary credentials with another token", sign("ASIATEMPORARY", secret, "token2", "us-east-1", now), nil, api.Errorf(api.UnrecognizedClient, invalid)},
		{"temporary credentials with another token and a wrong secret", sign("ASIATEMPORARY", "wrong", "token2", "us-east-1", now), nil, api.Errorf(api.InvalidSignature, mismatch)},
		{"temporary credentials after their end", sign("ASIAEXPIRED", secret, "token", "us-east-1", now), nil,
			api.Errorf(api.ExpiredToken, "The security token included in the request is expired")},
		{"temporary credentials after their end with a wrong secret", sign("ASIAEXPIRED", "wrong", "token", "us-east-1", now), nil, api.Errorf(api.InvalidSignature, mismatch)},
		{"another region", sign("AKIDEXAMPLE", secret, "", "eu-west-1", now), nil,
			api.Errorf(api.InvalidSignature, "Credential should be scoped to a valid region, not 'eu-west-1'. ")},
		{"an old signature", sign("AKIDEXAMPLE", secret, "", "us-east-1", now.Add(-20*time.Minute)), nil,
			api.Errorf(api.InvalidSignature, "Signature expired: 20260102T024405Z is now earlier than 20260102T024905Z (20260102T030405Z - 15 min.)")},
		{"a signature from the future", sign("AKIDEXAMPLE", secret, "", "us-east-1", now.Add(20*time.Minute)), nil,
			api.Errorf(api.InvalidSignature, "Signature not yet current: 20260102T032405Z is still later than 20260102T031905Z (20260102T030405Z + 15 min.)")},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := New(options()).Authenticate(c.request, body)
			if diff := cmp.Diff(c.caller, got); diff != "" {
				t.Error(diff)
			}
			checkError(t, err, c.err)
		})
	}

	t.Run("a presigned request has a caller", func(t *testing.T) {
		r := outgoing(t, "GET", url)
		sigv4.NewSigner("AKIDEXAMPLE", secret, "", "us-east-1", "chime").Presign(r, nil, now, time.Minute)
		if _, err := New(options()).Authenticate(received(r, nil), nil); err != nil {
			t.Error(err)
		}
	})
	t.Run("a presigned request is granted five minutes of skew and no more", func(t *testing.T) {
		r := outgoing(t, "GET", url)
		sigv4.NewSigner("AKIDEXAMPLE", secret, "", "us-east-1", "chime").Presign(r, nil, now.Add(-6*time.Minute-time.Second), time.Minute)
		_, err := New(options()).Authenticate(received(r, nil), nil)
		checkError(t, err, api.Errorf(api.InvalidSignature, "Signature expired: 20260102T025804Z is now earlier than 20260102T025805Z (20260102T030405Z - 6 min.)"))
	})
	t.Run("the URL that the official client opens a session with has a caller", func(t *testing.T) {
		const target = "/connect?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Fus-east-1%2Fchime%2Faws4_request" +
			"&X-Amz-Date=20260102T030405Z&X-Amz-Expires=10&X-Amz-Security-Token=tok%2Fen%2Bwith%3D%3D&X-Amz-SignedHeaders=host" +
			"&X-Amzn-User-Agent=chrome-120&X-Amzn-Version=3.32.0&prefetch-on=connect&prefetch-sort-by=last-message-timestamp" +
			"&sessionId=8f1c2d3e-0000-4a5b-8c6d-7e8f90a1b2c3" +
			"&userArn=arn%3Aaws%3Achime%3Aus-east-1%3A111122223333%3Aapp-instance%2F694d2099-cb1e-463e-9d64-697ff5b8950e%2Fuser%2Fus-east-1%3Aalice" +
			"&X-Amz-Signature=a959fcc558068d06810ad37ae036be75ff9489f2f40924ddc55af8759f5eb6db"
		o := options()
		o.Lookup = directory(Key{AccessKeyID: "AKIDEXAMPLE", Secret: secret, SessionToken: "tok/en+with==", Account: account, Principal: principal})
		r := httptest.NewRequest("GET", target, nil)
		r.Host = "chat.example.test:8443"
		got, err := New(o).Authenticate(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(caller("AKIDEXAMPLE"), got); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("a target in absolute form is verified by its path and query", func(t *testing.T) {
		r := sign("AKIDEXAMPLE", secret, "", "us-east-1", now)
		r.RequestURI = "http://chime.test" + r.RequestURI
		if _, err := New(options()).Authenticate(r, body); err != nil {
			t.Error(err)
		}
	})
	t.Run("what was received counts, not what net/url made of it", func(t *testing.T) {
		r := sign("AKIDEXAMPLE", secret, "", "us-east-1", now)
		r.URL.Path, r.URL.RawPath, r.URL.RawQuery = "/", "", "x=y"
		if _, err := New(options()).Authenticate(r, body); err != nil {
			t.Error(err)
		}
	})
	t.Run("a host that a proxy replaced is verified when it is configured", func(t *testing.T) {
		o := options()
		r := sign("AKIDEXAMPLE", secret, "", "us-east-1", now)
		r.Host = "10.0.0.7:8080"
		_, err := New(o).Authenticate(r, body)
		checkError(t, err, api.Errorf(api.InvalidSignature, mismatch))
		o.Hosts = []string{"chime.test"}
		if _, err := New(o).Authenticate(r, body); err != nil {
			t.Error(err)
		}
	})
	t.Run("a signature through a real server with its own reading of headers is good", func(t *testing.T) {
		a := New(options())
		errs := make(chan error, 1)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got, err := io.ReadAll(r.Body)
			if err == nil {
				_, err = a.Authenticate(r, got)
			}
			errs <- err
		}))
		defer server.Close()
		r, err := http.NewRequest("POST", server.URL+"/channels/a%3Ab?x=%20y", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Amz-Chime-Bearer", "arn:aws:chime:::x")
		sigv4.NewSigner("ASIATEMPORARY", secret, "token", "us-east-1", "chime").Sign(r, body, now)
		answer, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if err := <-errs; err != nil {
			t.Error(err)
		}
	})
	t.Run("an error of the lookup is passed on and names no key", func(t *testing.T) {
		broken := errors.New("disk on fire")
		o := options()
		o.Lookup = func(context.Context, string, string) (Key, bool, error) { return Key{}, false, broken }
		_, err := New(o).Authenticate(sign("AKIDEXAMPLE", secret, "", "us-east-1", now), body)
		if !errors.Is(err, broken) || strings.Contains(err.Error(), "AKIDEXAMPLE") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("an error of the lookup that is meant for the caller stays one", func(t *testing.T) {
		o := options()
		o.Lookup = func(context.Context, string, string) (Key, bool, error) {
			return Key{}, false, api.Errorf(api.ExpiredToken, "gone")
		}
		_, err := New(o).Authenticate(sign("AKIDEXAMPLE", secret, "", "us-east-1", now), body)
		if !errors.Is(err, &api.Error{Kind: api.ExpiredToken}) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a secret that was changed counts at once", func(t *testing.T) {
		current := secret
		o := options()
		o.Lookup = func(context.Context, string, string) (Key, bool, error) {
			return Key{AccessKeyID: "AKIDEXAMPLE", Secret: current}, true, nil
		}
		a := New(o)
		r := sign("AKIDEXAMPLE", secret, "", "us-east-1", now)
		if _, err := a.Authenticate(r, body); err != nil {
			t.Fatal(err)
		}
		current = "new"
		_, err := a.Authenticate(r, body)
		checkError(t, err, api.Errorf(api.InvalidSignature, mismatch))
	})
	t.Run("a lookup is given the session token, and says what the caller may do until when", func(t *testing.T) {
		grant, until := anything{}, now.Add(time.Minute)
		o := options()
		o.Lookup = func(_ context.Context, id, token string) (Key, bool, error) {
			return Key{AccessKeyID: id, Secret: secret, SessionToken: "token", Grant: grant, Expires: until}, token == "token", nil
		}
		got, err := New(o).Authenticate(sign("ASIATEMPORARY", secret, "token", "us-east-1", now), body)
		if err != nil || got.Grant != grant || !got.Expires.Equal(until) {
			t.Errorf("%+v, error %v", got, err)
		}
		_, err = New(o).Authenticate(sign("ASIATEMPORARY", secret, "other", "us-east-1", now), body)
		checkError(t, err, api.Errorf(api.UnrecognizedClient, invalid))
	})
	t.Run("another service has its own scope, and may have further regions", func(t *testing.T) {
		scoped := func(service, region string) *http.Request {
			r := outgoing(t, "POST", url)
			sigv4.NewSigner("AKIDEXAMPLE", secret, "", region, service).Sign(r, body, now)
			return received(r, body)
		}
		a := New(options())
		for _, region := range []string{"us-east-1", "aws-global"} {
			if _, err := a.AuthenticateFor("sts", scoped("sts", region), body, "aws-global"); err != nil {
				t.Errorf("%s: %v", region, err)
			}
		}
		_, err := a.AuthenticateFor("sts", scoped("sts", "eu-west-1"), body, "aws-global")
		checkError(t, err, api.Errorf(api.InvalidSignature, "Credential should be scoped to a valid region, not 'eu-west-1'. "))
		_, err = a.AuthenticateFor("sts", scoped("chime", "us-east-1"), body)
		checkError(t, err, api.Errorf(api.InvalidSignature, "Credential should be scoped to correct service: 'sts'. "))
		if _, err := a.Authenticate(scoped("chime", "us-east-1"), body); err != nil {
			t.Errorf("the API after another service with the same secret: %v", err)
		}
	})
	t.Run("the cache of signing keys is bounded", func(t *testing.T) {
		o := options()
		o.Region = ""
		keys := New(o).keys
		for i := range maxSigningKeys + 10 {
			keys.get(&sigv4.Signature{Date: "20260102", Region: strings.Repeat("r", i)}, &Key{Secret: secret}, true)
		}
		if got := keys.cache.Len(); got != maxSigningKeys {
			t.Errorf("%d entries, want %d", got, maxSigningKeys)
		}
	})
	t.Run("without a clock the system's is used", func(t *testing.T) {
		o := options()
		o.Now = nil
		if _, err := New(o).Authenticate(sign("AKIDEXAMPLE", secret, "", "us-east-1", time.Now()), body); err != nil {
			t.Error(err)
		}
	})
}

// anything is a Grant of everything.
type anything struct{}

func (anything) Allows(*api.AccessRequest) error { return nil }

func checkError(t *testing.T, got error, want *api.Error) {
	t.Helper()
	if want == nil {
		if got != nil {
			t.Error(got)
		}
		return
	}
	var e *api.Error
	if !errors.As(got, &e) {
		t.Fatalf("got %v, want %v", got, want)
	}
	if e.Kind != want.Kind || e.Message != want.Message {
		t.Errorf("got  %v\nwant %v", e, want)
	}
}

func BenchmarkAuthenticate(b *testing.B) {
	body := []byte(`{"Content":"hello","Type":"STANDARD","Persistence":"PERSISTENT"}`)
	for _, c := range []struct{ name, id string }{{"known", "AKIDEXAMPLE"}, {"unknown", "AKIDUNKNOWN"}, {"wrong secret", "AKIDWRONG"}} {
		b.Run(c.name, func(b *testing.B) {
			o := options()
			o.Lookup = directory(Key{AccessKeyID: "AKIDEXAMPLE", Secret: secret}, Key{AccessKeyID: "AKIDWRONG", Secret: "wrong"})
			a := New(o)
			r := outgoing(b, "POST", url)
			r.Header.Set("X-Amz-Chime-Bearer", "arn:aws:chime:us-east-1:123456789012:app-instance/a/user/alice")
			sigv4.NewSigner(c.id, secret, "", "us-east-1", "chime").Sign(r, body, now)
			got := received(r, body)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := a.Authenticate(got, body); (err == nil) != (c.name == "known") {
					b.Fatal(err)
				}
			}
		})
	}
}
