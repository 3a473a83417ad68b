package server

import (
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// elsewhere is a listener that seems to be on all interfaces.
type elsewhere struct{ net.Listener }

func (elsewhere) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4zero, Port: 8080} }

func TestConsole(t *testing.T) {
	get := func(t *testing.T, s *Server, path string) (int, string) {
		t.Helper()
		r, err := http.NewRequest("GET", s.Endpoint()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		return do(t, r)
	}

	t.Run("a server to try things out has the page, and tells it the demo once there is one", func(t *testing.T) {
		c := quiet(t)
		c.Console = true
		s, _ := serve(t, c)
		if status, body := get(t, s, "/"); status != 200 || !strings.Contains(body, "<title>Carillon") {
			t.Errorf("the page: %d %s", status, body)
		}
		if status, body := get(t, s, "/demo.json"); status != 403 || strings.Contains(body, s.RootKey().Secret) {
			t.Errorf("before the demo: %d %s", status, body)
		}
		demo, err := s.SeedDemo(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		status, body := get(t, s, "/demo.json")
		for _, want := range []string{demo.AppInstance, demo.Users["alice"]} {
			if status != 200 || !strings.Contains(body, want) || strings.Contains(body, s.RootKey().Secret) {
				t.Errorf("the demo: %d %s, want %s", status, body, want)
			}
		}
		// The same path with an action in its query is no page.
		if status, body := get(t, s, "/?Action=GetCallerIdentity&Version=2011-06-15"); status != 403 || !strings.Contains(body, "MissingAuthenticationToken") {
			t.Errorf("an action: %d %s", status, body)
		}
		if status, _ := do(t, s.request(t, "GET", "/app-instances", "", "")); status != 200 {
			t.Errorf("the API beside it: %d", status)
		}
		// The API answers what it does not know in its own way, also where a cleaned path would be the page.
		for _, path := range []string{"//", "/./", "/channels/../demo.json"} {
			r := s.request(t, "GET", "/", "", "")
			r.URL.Opaque = path
			if status, body := do(t, r); status == 200 || !strings.Contains(body, "Message") {
				t.Errorf("%s: %d %s", path, status, body)
			}
		}
	})

	t.Run("a server that others can reach keeps the key to itself", func(t *testing.T) {
		c := quiet(t)
		c.TLSAddr = "127.0.0.1:0"
		s := open(t, c)
		if _, err := s.SeedDemo(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s.demoForPage() == nil {
			t.Fatal("nothing is told on the loopback")
		}
		for _, listener := range []*net.Listener{&s.apiListener, &s.tlsListener} {
			here := *listener
			*listener = elsewhere{here}
			if told := s.demoForPage(); told != nil {
				t.Errorf("told: %+v", told)
			}
			*listener = here
		}
	})

	t.Run("a server for good has neither", func(t *testing.T) {
		s, _ := serve(t, quiet(t))
		if _, err := s.SeedDemo(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/", "/demo.json", "/creds", "/assets/a.js"} {
			if status, body := get(t, s, path); status != 404 || !strings.Contains(body, "Message") {
				t.Errorf("%s: %d %s", path, status, body)
			}
		}
	})
}

func TestDemoLogin(t *testing.T) {
	c := quiet(t)
	c.Console = true
	s, _ := serve(t, c)
	demo, err := s.SeedDemo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	login := func(t *testing.T, user, origin string) (int, string) {
		t.Helper()
		r, err := http.NewRequest(http.MethodPost, s.Endpoint()+"/creds", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+user)
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		return do(t, r)
	}
	const alice = "YWxpY2U="
	status, body := login(t, alice, "")
	var got demoCredentials
	if err := json.Unmarshal([]byte(body), &got); err != nil || status != 200 {
		t.Fatalf("%d %s: %v", status, body, err)
	}
	if got.ChimeAppInstanceUserArn != demo.Users["alice"] || got.ChimeUserId != "alice" || got.ChimeDisplayName != "Alice" {
		t.Errorf("%+v", got)
	}
	people := "/app-instance-users?app-instance-arn=" + url.QueryEscape(demo.AppInstance)
	for path, as := range map[string]string{
		people: demo.Users["alice"],
		"/channels?app-instance-arn=" + url.QueryEscape(demo.AppInstance): demo.Users["alice"],
		"/endpoints/messaging-session":                                    demo.Users["alice"],
	} {
		if status, body := s.call(t, *got.ChimeCredentials, as, path); status != 200 {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	for _, path := range []string{"/app-instances", "/app-instances/" + url.PathEscape(demo.AppInstance) + "/admins"} {
		if status, body := s.call(t, *got.ChimeCredentials, "", path); status != 403 {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if status, body := login(t, "bWFsbG9yeQ==", ""); status != 401 {
		t.Errorf("mallory: %d %s", status, body)
	}
	if status, body := login(t, alice, "https://evil.example"); status != 403 {
		t.Errorf("from elsewhere: %d %s", status, body)
	}
}
