package console

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

const host = "127.0.0.1:8080"

// builtPage is what web/ is built into, in small.
func builtPage() fstest.MapFS {
	return fstest.MapFS{
		"missing.html":             {Data: []byte("run make dev")},
		"dist/index.html":          {Data: []byte("the page")},
		"dist/favicon.svg":         {Data: []byte("<svg/>")},
		"dist/assets/page-abc.js":  {Data: []byte("let x = 1")},
		"dist/assets/page-abc.css": {Data: []byte("a {}")},
		"dist/assets/_odd.bin":     {Data: []byte("?")},
	}
}

// secret is a demo that must get into the right hands only.
func secret() any { return map[string]string{"secret_access_key": "s3cret"} }

// ask sends a request as it comes from the network: its target is taken as it is.
func ask(h http.Handler, method, target string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	r.Host = host
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		} else {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, r)
	return answer
}

func TestServes(t *testing.T) {
	for _, c := range []struct {
		name, method, target string
		want                 bool
	}{
		{"the page", "GET", "/", true},
		{"the page for a user", "GET", "/?as=alice", true},
		{"the page by its name", "GET", "/index.html", true},
		{"the head of the page", "HEAD", "/", true},
		{"an asset", "GET", "/assets/a.js", true},
		{"the icon", "GET", "/favicon.svg", true},
		{"the demo", "GET", "/demo.json", true},
		{"a post", "POST", "/", false},
		{"a login", "POST", "/creds", true},
		{"a login that only looks", "GET", "/creds", false},
		{"a login by a path that is escaped", "POST", "/cred%73", false},
		{"a login of another host, through a proxy", "POST", "http://example.com/creds", false},
		{"a preflight", "OPTIONS", "/", false},
		{"an operation", "GET", "/channels", false},
		{"a session", "GET", "/connect", false},
		{"no asset", "GET", "/assets/", false},
		{"the page by a path that is not clean", "GET", "//", false},
		{"the demo by a path that is escaped", "GET", "/demo%2Ejson", false},
		{"the demo below another path", "GET", "/channels/../demo.json", false},
		{"the page of another host, through a proxy", "GET", "http://example.com/", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest(c.method, c.target, nil)
			if got := Serves(r); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestFiles(t *testing.T) {
	h := newHandler(builtPage(), Options{Demo: secret})

	t.Run("each file comes with its type and how long it may be kept", func(t *testing.T) {
		const always, forever = "no-cache", "public, max-age=31536000, immutable"
		for target, want := range map[string][3]string{
			"/":                    {"the page", "text/html; charset=utf-8", always},
			"/?as=alice":           {"the page", "text/html; charset=utf-8", always},
			"/index.html":          {"the page", "text/html; charset=utf-8", always},
			"/favicon.svg":         {"<svg/>", "image/svg+xml", always},
			"/assets/page-abc.js":  {"let x = 1", "text/javascript; charset=utf-8", forever},
			"/assets/page-abc.css": {"a {}", "text/css; charset=utf-8", forever},
			"/assets/_odd.bin":     {"?", "application/octet-stream", forever},
		} {
			answer := ask(h, "GET", target)
			got := [3]string{answer.Body.String(), answer.Header().Get("Content-Type"), answer.Header().Get("Cache-Control")}
			if answer.Code != http.StatusOK || got != want {
				t.Errorf("%s: %d %q", target, answer.Code, got)
			}
		}
	})

	t.Run("a file that is known is not sent again", func(t *testing.T) {
		tag := ask(h, "GET", "/").Header().Get("ETag")
		again := ask(h, "GET", "/", "If-None-Match", tag)
		if tag == "" || again.Code != http.StatusNotModified || again.Body.Len() != 0 {
			t.Errorf("tag %q: %d %q", tag, again.Code, again.Body)
		}
		if other := ask(h, "GET", "/assets/page-abc.js").Header().Get("ETag"); other == tag {
			t.Errorf("two files have the tag %s", tag)
		}
	})

	t.Run("the head has no body", func(t *testing.T) {
		if got := ask(h, "HEAD", "/"); got.Code != http.StatusOK || got.Body.Len() != 0 || got.Header().Get("Content-Length") != "8" {
			t.Errorf("%d %q %v", got.Code, got.Body, got.Header())
		}
	})

	t.Run("what is not there is not found", func(t *testing.T) {
		for _, target := range []string{"/assets/other.js", "/favicon.ico", "/assets/../index.html", "/missing.html"} {
			if got := ask(h, "GET", target); got.Code != http.StatusNotFound {
				t.Errorf("%s: %d", target, got.Code)
			}
		}
	})

	t.Run("every answer keeps the browser to this server", func(t *testing.T) {
		want := http.Header{
			"Content-Security-Policy": {"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' " +
				"wss://localhost:* wss://127.0.0.1:* ws://127.0.0.1:8080 wss://127.0.0.1:8080; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
			"X-Content-Type-Options":       {"nosniff"},
			"Referrer-Policy":              {"no-referrer"},
			"Cross-Origin-Opener-Policy":   {"same-origin"},
			"Cross-Origin-Resource-Policy": {"same-origin"},
			"Access-Control-Allow-Origin":  nil,
		}
		for _, target := range []string{"/", "/assets/page-abc.js", "/demo.json", "/assets/other.js"} {
			header := ask(h, "GET", target).Header()
			for name := range want {
				if diff := cmp.Diff(want[name], header[name]); diff != "" {
					t.Errorf("%s: %s (-want +got):\n%s", target, name, diff)
				}
			}
		}
	})

	t.Run("a host cannot write into the policy", func(t *testing.T) {
		for _, odd := range []string{"a;script-src", "[::1]:8080", "", "a b"} {
			got := ask(h, "GET", "/", "Host", odd).Header().Get("Content-Security-Policy")
			if !strings.Contains(got, "connect-src 'self' wss://localhost:* wss://127.0.0.1:*; base-uri") {
				t.Errorf("%q: %s", odd, got)
			}
		}
	})

	t.Run("without a build there is a page that says how to get one", func(t *testing.T) {
		files := fstest.MapFS{missing: builtPage()[missing]}
		answer := ask(newHandler(files, Options{Demo: secret}), "GET", "/")
		if answer.Code != http.StatusOK || answer.Body.String() != "run make dev" || answer.Header().Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("%d %q %v", answer.Code, answer.Body, answer.Header())
		}
	})

	t.Run("this build has a page", func(t *testing.T) {
		answer := ask(Handler(Options{Demo: secret}), "GET", "/")
		if answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), "<title>Carillon") {
			t.Errorf("%d %q", answer.Code, answer.Body)
		}
	})
}

func TestDemo(t *testing.T) {
	h := newHandler(builtPage(), Options{Demo: secret, Login: login})
	alice := []string{"Authorization", "Bearer " + base64.StdEncoding.EncodeToString([]byte("alice"))}
	for _, c := range []struct {
		name    string
		headers []string
		want    int
	}{
		{"the page itself", []string{"Sec-Fetch-Site", "same-origin"}, 200},
		{"the page itself, in a browser that names the origin", []string{"Sec-Fetch-Site", "same-origin", "Origin", "http://" + host}, 200},
		{"the page itself, over TLS", []string{"Host", "localhost:8443", "Origin", "https://localhost:8443"}, 200},
		{"somebody who types the address", []string{"Sec-Fetch-Site", "none"}, 200},
		{"a program", nil, 200},
		{"by the name localhost", []string{"Host", "localhost:8080"}, 200},
		{"by the name in capitals, on the default port", []string{"Host", "LOCALHOST"}, 200},
		{"by another address of the loopback", []string{"Host", "127.1.2.3:8080"}, 200},
		{"by the address of IPv6", []string{"Host", "[::1]:8080"}, 200},
		{"by the address of IPv6, on the default port", []string{"Host", "[::1]"}, 200},
		{"a name that was made to resolve to this machine", []string{"Host", "evil.example:8080", "Sec-Fetch-Site", "same-origin"}, 403},
		{"a name that begins like this machine's", []string{"Host", "localhost.evil.example"}, 403},
		{"an address of the network", []string{"Host", "192.168.0.7:8080"}, 403},
		{"no host", []string{"Host", ""}, 403},
		{"a page of another origin", []string{"Origin", "https://evil.example"}, 403},
		{"a page of another port", []string{"Origin", "http://127.0.0.1:3000"}, 403},
		{"a page without an origin", []string{"Origin", "null"}, 403},
		{"a script of another site", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"a script of another port", []string{"Sec-Fetch-Site", "same-site"}, 403},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, got := range []*httptest.ResponseRecorder{
				ask(h, "GET", "/demo.json", c.headers...), ask(h, "POST", "/creds", append(c.headers, alice...)...),
			} {
				if got.Code != c.want || strings.Contains(got.Body.String(), "s3cret") != (c.want == 200) {
					t.Errorf("%d %s", got.Code, got.Body)
				}
				if got.Header().Get("Cache-Control") != "no-store" || got.Header().Get("Content-Type") != "application/json" {
					t.Errorf("%v", got.Header())
				}
			}
		})
	}

	t.Run("without a demo nothing is given away", func(t *testing.T) {
		got := ask(newHandler(builtPage(), Options{Demo: func() any { return nil }}), "GET", "/demo.json")
		if got.Code != 403 || !strings.Contains(got.Body.String(), "listens for this machine alone") {
			t.Errorf("%d %s", got.Code, got.Body)
		}
	})
}

// login knows alice.
func login(_ context.Context, user string) (any, error) {
	switch user {
	case "alice":
		return map[string]string{"SecretAccessKey": "s3cret"}, nil
	case "broken":
		return nil, errors.New("the store is away")
	default:
		return nil, nil
	}
}

func TestLogin(t *testing.T) {
	h := newHandler(builtPage(), Options{Demo: secret, Login: login})
	name := func(user string) string { return "Bearer " + base64.StdEncoding.EncodeToString([]byte(user)) }
	for _, c := range []struct {
		name, authorization string
		status              int
	}{
		{"a user of the demo", name("alice"), 200},
		{"another", name("mallory"), 401},
		{"nobody", "", 401},
		{"an empty name", "Bearer ", 401},
		{"a name that is not in base64", "Bearer alice!", 401},
		{"another scheme", "Basic " + base64.StdEncoding.EncodeToString([]byte("alice")), 401},
		{"a very long name", name(strings.Repeat("a", maxName+1)), 401},
		{"a fault", name("broken"), 500},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ask(h, "POST", "/creds", "Authorization", c.authorization)
			if got.Code != c.status || strings.Contains(got.Body.String(), "s3cret") != (c.status == 200) || strings.Contains(got.Body.String(), "the store") {
				t.Errorf("%d %s", got.Code, got.Body)
			}
		})
	}
	t.Run("without a demo nobody is asked", func(t *testing.T) {
		h := newHandler(builtPage(), Options{Demo: func() any { return nil }, Login: login})
		if got := ask(h, "POST", "/creds", "Authorization", name("alice")); got.Code != 403 {
			t.Errorf("%d %s", got.Code, got.Body)
		}
	})
}
