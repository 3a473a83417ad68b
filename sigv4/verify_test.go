package sigv4

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

const channelTarget = "/channels/arn%3Aaws%3Achime%3Aus-east-1%3A111122223333%3Aapp-instance%2F694d2099%2Fchannel%2Fa%40b/memberships"

// reason returns the reason of an error; 0 for none.
func reason(t *testing.T, err error) Reason {
	t.Helper()
	if err == nil {
		return 0
	}
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("%v is no *Error", err)
	}
	return e.Reason
}

// verify goes through the steps that need a secret or none.
func verify(r *Request, secret string, hosts ...string) error {
	s, err := Parse(r)
	if err != nil {
		return err
	}
	return s.Verify(r, s.Key(secret), hosts...)
}

// signed returns a request to the API, signed in the header form.
func signed(t testing.TB, method, url, body string, set func(http.Header)) *Request {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if set != nil {
		set(r.Header)
	}
	NewSigner(exampleID, exampleSecret, "", "us-east-1", "chime").Sign(r, []byte(body), now)
	return request(r, []byte(body))
}

// presigned is signed in the query form.
func presigned(t testing.TB, token, url string) *Request {
	t.Helper()
	r, err := http.NewRequest("GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	NewSigner(exampleID, exampleSecret, token, "us-east-1", "chime").Presign(r, nil, now, time.Minute)
	return request(r, nil)
}

// batch is a request with every part that can be tampered with.
func batch(t testing.TB) *Request {
	return signed(t, "POST", "https://chime.test:8443"+channelTarget+"?operation=batch-create&b=%27x%27", `{"MemberArns":["a"]}`, func(h http.Header) {
		h.Set("Content-Type", "application/json")
		h.Set("X-Amz-Chime-Bearer", "arn:aws:chime:us-east-1:111122223333:app-instance/694d2099/user/alice")
		h.Set("X-Amz-User-Agent", "a   b")
	})
}

func TestVerifyHeader(t *testing.T) {
	t.Run("a signed request verifies", func(t *testing.T) {
		if err := verify(batch(t), exampleSecret); err != nil {
			t.Error(err)
		}
	})
	t.Run("a path is encoded twice", func(t *testing.T) {
		if got := string(appendPath(nil, "/channels/arn%3Aaws/a b")); got != "/channels/arn%253Aaws/a%20b" {
			t.Errorf("got %s", got)
		}
	})
	t.Run("it verifies with another order and spelling of the query", func(t *testing.T) {
		r := batch(t)
		r.Query = "b='%78'&operation=batch%2Dcreate&"
		if err := verify(r, exampleSecret); err != nil {
			t.Error(err)
		}
	})
	t.Run("it verifies when white space around and inside a header changes", func(t *testing.T) {
		r := batch(t)
		r.Header["X-Amz-User-Agent"] = []string{"  a\tb "}
		if err := verify(r, exampleSecret); err != nil {
			t.Error(err)
		}
	})
	t.Run("headers that are not signed may change", func(t *testing.T) {
		r := batch(t)
		r.Header["User-Agent"] = []string{"other"}
		r.Header["X-Amzn-Trace-Id"] = []string{"Root=1"}
		r.Header["X-Amz-Cf-Id"] = []string{"content network"}
		if err := verify(r, exampleSecret); err != nil {
			t.Error(err)
		}
	})
	t.Run("a declared hash of the body is accepted when it is right", func(t *testing.T) {
		r := signed(t, "POST", "https://chime.test/channels", "{}", func(h http.Header) {
			sum := sha256.Sum256([]byte("{}"))
			h.Set("X-Amz-Content-Sha256", hex.EncodeToString(sum[:]))
		})
		if err := verify(r, exampleSecret); err != nil {
			t.Error(err)
		}
		r.Body = []byte("[]")
		if got := reason(t, verify(r, exampleSecret)); got != OtherBody {
			t.Errorf("with another body: reason %d, want OtherBody", got)
		}
	})
	t.Run("UNSIGNED-PAYLOAD leaves the body out", func(t *testing.T) {
		r := signed(t, "POST", "https://chime.test/channels", "{}", func(h http.Header) { h.Set("X-Amz-Content-Sha256", UnsignedPayload) })
		r.Body = []byte("[]")
		if err := verify(r, exampleSecret); err != nil {
			t.Error(err)
		}
	})
	t.Run("the HTTP form of the header Date serves when there is no X-Amz-Date", func(t *testing.T) {
		r := batch(t)
		s, err := Parse(r)
		if err != nil {
			t.Fatal(err)
		}
		delete(r.Header, "X-Amz-Date")
		r.Header["Date"] = []string{now.Format(http.TimeFormat)}
		s.SignedHeaders = "content-type;date;host;x-amz-chime-bearer;x-amz-user-agent"
		w := &work{}
		w.setPayload(s, r)
		query := new(canonicalQuery).append(nil, r.Query, &strict)
		w.canonical = w.appendCanonical(nil, s, r, query, r.Host, "")
		mac := hex.EncodeToString(w.appendMAC(nil, s, s.Key(exampleSecret)))
		r.Header["Authorization"] = []string{"AWS4-HMAC-SHA256 Credential=" + exampleID + "/20260102/us-east-1/chime/aws4_request,SignedHeaders=" + s.SignedHeaders + ",Signature=" + mac}
		if err := verify(r, exampleSecret); err != nil {
			t.Error(err)
		}
	})
	t.Run("a name longer than any usual header is found", func(t *testing.T) {
		name := "X-Amz-Meta-" + strings.Repeat("long-", 12) + "name"
		r := signed(t, "GET", "https://chime.test/channels", "", func(h http.Header) { h.Set(name, "1") })
		if err := verify(r, exampleSecret); err != nil {
			t.Fatal(err)
		}
		r.Header[http.CanonicalHeaderKey(name)] = []string{"2"}
		if got := reason(t, verify(r, exampleSecret)); got != Mismatch {
			t.Errorf("changed: reason %d, want Mismatch", got)
		}
	})
	t.Run("a request verifies after its way through a real server", func(t *testing.T) {
		results := make(chan error, 1)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			path, query := SplitTarget(r.RequestURI)
			results <- verify(&Request{Method: r.Method, Host: r.Host, Path: path, Query: query, Header: r.Header, Body: body}, exampleSecret)
		}))
		defer server.Close()
		body := []byte(`{"MemberArns":[]}`)
		r, err := http.NewRequest("POST", server.URL+channelTarget+"?operation=batch-create", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Amz-Chime-Bearer", "arn")
		NewSigner(exampleID, exampleSecret, "token", "us-east-1", "chime").Sign(r, body, now)
		answer, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if err := <-results; err != nil {
			t.Error(err)
		}
	})
	t.Run("a signed length of the body is known to a server that took the header away", func(t *testing.T) {
		s := &Signature{SignedHeaders: "content-length;host"}
		r := &Request{Method: "POST", Header: map[string][]string{}, Body: []byte("12345")}
		if got := string(new(work).appendCanonical(nil, s, r, nil, "h", "")); !strings.Contains(got, "\ncontent-length:5\n") {
			t.Errorf("canonical request:\n%s", got)
		}
	})
}

func TestTampering(t *testing.T) {
	for _, c := range []struct {
		name   string
		tamper func(*Request)
	}{
		{"the method", func(r *Request) { r.Method = "PUT" }},
		{"the host", func(r *Request) { r.Host = "other.test:8443" }},
		{"the port", func(r *Request) { r.Host = "chime.test:8444" }},
		{"a segment of the path", func(r *Request) { r.Path += "x" }},
		{"an escape in the path, decoded", func(r *Request) { r.Path = strings.Replace(r.Path, "%40", "@", 1) }},
		{"the case of an escape in the path", func(r *Request) { r.Path = strings.Replace(r.Path, "%3A", "%3a", 1) }},
		{"a slash at the end of the path", func(r *Request) { r.Path += "/" }},
		{"a value in the query", func(r *Request) { r.Query = strings.Replace(r.Query, "batch-create", "redact", 1) }},
		{"a name in the query", func(r *Request) { r.Query = strings.Replace(r.Query, "b=", "c=", 1) }},
		{"a further parameter in the query", func(r *Request) { r.Query += "&c=d" }},
		{"a parameter twice", func(r *Request) { r.Query += "&operation=batch-create" }},
		{"no query", func(r *Request) { r.Query = "" }},
		{"the bearer", func(r *Request) { r.Header["X-Amz-Chime-Bearer"][0] += "2" }},
		{"a second bearer", func(r *Request) { r.Header["X-Amz-Chime-Bearer"] = append(r.Header["X-Amz-Chime-Bearer"], "bob") }},
		{"no bearer", func(r *Request) { delete(r.Header, "X-Amz-Chime-Bearer") }},
		{"the type of the content", func(r *Request) { r.Header["Content-Type"][0] = "text/plain" }},
		{"the body", func(r *Request) { r.Body = append(r.Body, ' ') }},
		{"no body", func(r *Request) { r.Body = nil }},
		{"the moment", func(r *Request) { r.Header["X-Amz-Date"][0] = "20260102T030406Z" }},
		{"the access key in the scope's day", func(r *Request) { edit(r, "/20260102/", "/20260103/") }},
		{"the region", func(r *Request) { edit(r, "/us-east-1/", "/us-east-2/") }},
		{"the service", func(r *Request) { edit(r, "/chime/", "/chimes/") }},
		{"the terminator", func(r *Request) { edit(r, "/aws4_request", "/aws5_request") }},
		{"the list of signed headers", func(r *Request) { edit(r, "content-type;", "") }},
		{"the first digit of the signature", func(r *Request) { flip(r, "Signature=") }},
		{"a digit too many in the signature", func(r *Request) { r.Header["Authorization"][0] += "0" }},
		{"the signature in upper case", func(r *Request) {
			head, mac, _ := strings.Cut(r.Header["Authorization"][0], "Signature=")
			r.Header["Authorization"][0] = head + "Signature=" + strings.ToUpper(mac)
		}},
	} {
		t.Run(c.name+" makes the signature wrong", func(t *testing.T) {
			r := batch(t)
			c.tamper(r)
			if got := reason(t, verify(r, exampleSecret)); got != Mismatch {
				t.Errorf("reason %d, want Mismatch", got)
			}
		})
	}
	t.Run("every single digit of the signature counts", func(t *testing.T) {
		r := batch(t)
		s, err := Parse(r)
		if err != nil {
			t.Fatal(err)
		}
		key := s.Key(exampleSecret)
		for i := range s.mac {
			s.mac[i] ^= 1
			if got := reason(t, s.Verify(r, key)); got != Mismatch {
				t.Errorf("byte %d: reason %d, want Mismatch", i, got)
			}
			s.mac[i] ^= 1
		}
	})
	t.Run("another secret makes the signature wrong", func(t *testing.T) {
		if got := reason(t, verify(batch(t), exampleSecret+"x")); got != Mismatch {
			t.Errorf("reason %d, want Mismatch", got)
		}
	})
	t.Run("an added header that AWS gives a meaning to is refused", func(t *testing.T) {
		r := signed(t, "GET", "https://chime.test/channels", "", nil)
		r.Header["X-Amz-Chime-Bearer"] = []string{"arn"}
		if got := reason(t, verify(r, exampleSecret)); got != Unsigned {
			t.Errorf("reason %d, want Unsigned", got)
		}
	})
}

// edit changes the header Authorization.
func edit(r *Request, old, new string) {
	r.Header["Authorization"] = []string{strings.Replace(r.Header["Authorization"][0], old, new, 1)}
}

// flip changes the digit after a text in the header Authorization.
func flip(r *Request, after string) {
	b := []byte(r.Header["Authorization"][0])
	i := bytes.Index(b, []byte(after)) + len(after)
	if b[i]++; b[i] > '9' {
		b[i] = '0'
	}
	r.Header["Authorization"] = []string{string(b)}
}

func TestVerifyQuery(t *testing.T) {
	const url = "https://chime.test:8443" + channelTarget + "?max-results=5&next-token=a%2Bb"

	t.Run("a presigned request verifies", func(t *testing.T) {
		if err := verify(presigned(t, "", url), exampleSecret); err != nil {
			t.Error(err)
		}
	})
	t.Run("a presigned request with a token verifies", func(t *testing.T) {
		r := presigned(t, connectToken, url)
		if err := verify(r, exampleSecret); err != nil {
			t.Error(err)
		}
		s, err := Parse(r)
		if err != nil {
			t.Fatal(err)
		}
		if s.SessionToken != connectToken {
			t.Errorf("token %q, want %q", s.SessionToken, connectToken)
		}
	})
	t.Run("presigning again replaces the first signature", func(t *testing.T) {
		first := presigned(t, "", url)
		if again := presigned(t, "", "https://chime.test:8443"+first.Path+"?"+first.Query); again.Query != first.Query {
			t.Errorf("got  %s\nwant %s", again.Query, first.Query)
		}
	})
	t.Run("the life of a presigned request is kept within its limits", func(t *testing.T) {
		for _, c := range []struct {
			expires time.Duration
			want    string
		}{{0, "1"}, {1500 * time.Millisecond, "1"}, {30 * 24 * time.Hour, "604800"}} {
			r, err := http.NewRequest("GET", url, nil)
			if err != nil {
				t.Fatal(err)
			}
			NewSigner(exampleID, exampleSecret, "", "us-east-1", "chime").Presign(r, nil, now, c.expires)
			if got := r.URL.Query().Get("X-Amz-Expires"); got != c.want {
				t.Errorf("%v became %s s, want %s", c.expires, got, c.want)
			}
		}
	})
	for _, c := range []struct{ part, changed string }{
		{"AKIDEXAMPLE%2F20260102", "AKIDEXAMPLE%2F20260103"},
		{"us-east-1", "us-west-1"},
		{"%2Fchime%2F", "%2Fchimes%2F"},
		{"aws4_request", "aws5_request"},
		{"T030405Z", "T030406Z"},
		{"Expires=60", "Expires=61"},
		{"SignedHeaders=host", "SignedHeaders=host%3Bx"},
		{"max-results=5", "max-results=6"},
		{"next-token=a%2Bb", "next-token=a+b"},
		{"X-Amz-Signature=", "X-Amz-Signature=0"},
	} {
		t.Run("a change at "+c.part+" is noticed", func(t *testing.T) {
			r := presigned(t, "", url)
			r.Query = strings.Replace(r.Query, c.part, c.changed, 1)
			if got := reason(t, verify(r, exampleSecret)); got != Mismatch {
				t.Errorf("reason %d, want Mismatch", got)
			}
		})
	}
}

func TestReadingsOfTheQuery(t *testing.T) {
	at := func(query string) *Request {
		// What a client signs is the text of query; what arrives is for the test to say.
		s := &Signature{AccessKeyID: exampleID, Date: "20260102", Region: "us-east-1", Service: "chime", Terminator: Terminator, SignedHeaders: "host", stamp: "20260102T030405Z"}
		query += "&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Fus-east-1%2Fchime%2Faws4_request&X-Amz-Date=20260102T030405Z&X-Amz-Expires=10&X-Amz-SignedHeaders=host"
		r := &Request{Method: "GET", Host: "chat.test", Path: "/connect", Query: query}
		w := new(work)
		w.setPayload(s, r)
		w.canonical = w.appendCanonical(nil, s, r, []byte(query), r.Host, "")
		r.Query += "&X-Amz-Signature=" + hex.EncodeToString(w.appendMAC(nil, s, s.Key(exampleSecret)))
		return r
	}
	t.Run("the query as received, in any order", func(t *testing.T) {
		if err := verify(at("userArn=a%3Ab&sessionId=x+y%7E*&sessionId2"), exampleSecret); err != nil {
			t.Error(err)
		}
	})
	t.Run("an apostrophe that a browser escaped", func(t *testing.T) {
		signed := presignedComponent(t, "it's")
		r := &Request{Method: "GET", Host: "chat.test", Path: "/connect", Query: strings.Replace(signed, "it's", "it%27s", 1)}
		if err := verify(r, exampleSecret); err != nil {
			t.Error(err)
		}
	})
	t.Run("reserved characters that a proxy took out of their escapes", func(t *testing.T) {
		r := presigned(t, "", "https://chat.test/connect?sessionId=%28a%29%21")
		r.Query = strings.Replace(r.Query, "%28a%29%21", "(a)!", 1)
		if err := verify(r, exampleSecret); err != nil {
			t.Error(err)
		}
	})
	t.Run("the signature may stand anywhere", func(t *testing.T) {
		r := connectRequest()
		r.Query = "X-Amz-Signature=" + connectSignature + "&" + connectQuery
		if err := verify(r, exampleSecret); err != nil {
			t.Error(err)
		}
	})
}

// presignedComponent is the query of a connect URL whose signer encodes as encodeURIComponent does.
func presignedComponent(t *testing.T, session string) string {
	t.Helper()
	query := "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Fus-east-1%2Fchime%2Faws4_request&X-Amz-Date=20260102T030405Z&X-Amz-Expires=10&X-Amz-SignedHeaders=host&sessionId=" + session
	s := &Signature{Date: "20260102", Region: "us-east-1", Service: "chime", Terminator: Terminator, SignedHeaders: "host", stamp: "20260102T030405Z"}
	w := new(work)
	r := &Request{Method: "GET", Host: "chat.test", Path: "/connect"}
	w.setPayload(s, r)
	w.canonical = w.appendCanonical(nil, s, r, []byte(query), r.Host, "")
	return query + "&X-Amz-Signature=" + hex.EncodeToString(w.appendMAC(nil, s, s.Key(exampleSecret)))
}

func TestHosts(t *testing.T) {
	for _, c := range []struct {
		name, signed, arrived string
		further               []string
		want                  Reason
	}{
		{"the host itself", "chat.test:8443", "chat.test:8443", nil, 0},
		{"a host in upper case on the way", "chat.test:8443", "CHAT.test:8443", nil, 0},
		{"the port of https left out", "chat.test:443", "chat.test", nil, 0},
		{"the port of http left out", "chat.test:80", "chat.test", nil, 0},
		{"the port of https left out of an IPv6 address", "[::1]:443", "[::1]", nil, 0},
		{"another port", "chat.test:8080", "chat.test", nil, Mismatch},
		{"a port changed", "chat.test:443", "chat.test:8443", nil, Mismatch},
		{"a host behind a proxy", "chat.test", "10.0.0.7:8080", []string{"api.test", "chat.test"}, 0},
		{"a host behind a proxy that nobody configured", "chat.test", "10.0.0.7:8080", []string{"api.test"}, Mismatch},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := presigned(t, "", "https://"+c.signed+"/connect?sessionId=1")
			r.Host = c.arrived
			if got := reason(t, verify(r, exampleSecret, c.further...)); got != c.want {
				t.Errorf("reason %d, want %d", got, c.want)
			}
		})
	}
}

func TestSplitTarget(t *testing.T) {
	for _, c := range []struct{ target, path, query string }{
		{"/channels?a=b?c", "/channels", "a=b?c"},
		{"/", "/", ""},
		{"/a%2Fb/", "/a%2Fb/", ""},
		{"//connect?x", "//connect", "x"},
		{"http://h:1/a?b", "/a", "b"},
		{"https://h", "/", ""},
		{"https://h?b=/c", "/", "b=/c"},
		{"*", "", ""},
		{"h:443", "", ""},
		{"", "", ""},
	} {
		t.Run("the target "+c.target, func(t *testing.T) {
			if path, query := SplitTarget(c.target); path != c.path || query != c.query {
				t.Errorf("path %q query %q, want %q and %q", path, query, c.path, c.query)
			}
		})
	}
}

func BenchmarkVerifyHeader(b *testing.B) {
	r := batch(b)
	s, err := Parse(r)
	if err != nil {
		b.Fatal(err)
	}
	key := s.Key(exampleSecret)
	rules := Rules{Service: "chime", Region: "us-east-1", Now: now, Skew: 15 * time.Minute}
	b.ReportAllocs()
	for b.Loop() {
		s, err := Parse(r)
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Check(rules); err != nil {
			b.Fatal(err)
		}
		if err := s.Verify(r, key); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifyWrongKey(b *testing.B) {
	r := batch(b)
	s, err := Parse(r)
	if err != nil {
		b.Fatal(err)
	}
	key := s.Key("wrong")
	b.ReportAllocs()
	for b.Loop() {
		if s.Verify(r, key) == nil {
			b.Fatal("it verifies")
		}
	}
}

func BenchmarkVerifyConnect(b *testing.B) {
	r := connectRequest()
	s, err := Parse(r)
	if err != nil {
		b.Fatal(err)
	}
	key := s.Key(exampleSecret)
	b.ReportAllocs()
	for b.Loop() {
		s, err := Parse(r)
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Verify(r, key); err != nil {
			b.Fatal(err)
		}
	}
}
