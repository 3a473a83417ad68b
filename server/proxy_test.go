package server

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"carillon/api"
)

func TestTheAddressOfAClientBehindProxies(t *testing.T) {
	config := Config{TrustedProxies: []string{"10.0.0.0/8", "192.0.2.7", "fd00::/8"}}
	trusted, err := config.trustedProxies()
	if err != nil {
		t.Fatal(err)
	}
	var got string
	handler := withProxies(trusted, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = api.SourceOf(r) }))
	for _, c := range []struct {
		name, peer string
		forwarded  []string
		want       string
	}{
		{"a proxy tells who called", "10.1.2.3:4000", []string{"203.0.113.5"}, "203.0.113.5"},
		{"a chain of proxies tells it", "10.1.2.3:4000", []string{"203.0.113.5, 192.0.2.7", "10.9.9.9"}, "203.0.113.5"},
		{"what the client says of itself does not count", "10.1.2.3:4000", []string{"127.0.0.1, 10.0.0.1, 203.0.113.5"}, "203.0.113.5"},
		{"a stranger is not believed", "203.0.113.9:4000", []string{"127.0.0.1"}, "203.0.113.9"},
		{"a neighbour of a trusted address is not believed", "192.0.2.8:4000", []string{"127.0.0.1"}, "192.0.2.8"},
		{"a proxy that says nothing is the client", "10.1.2.3:4000", nil, "10.1.2.3"},
		{"so is one that talks nonsense", "10.1.2.3:4000", []string{"203.0.113.5, unknown"}, "10.1.2.3"},
		{"one proxy asks through another", "10.1.2.3:4000", []string{"10.9.9.9"}, "10.1.2.3"},
		{"with a port", "10.1.2.3:4000", []string{"203.0.113.5:6000"}, "203.0.113.5"},
		{"IPv6", "[fd00::1]:4000", []string{"2001:db8::5"}, "2001:db8::5"},
		{"IPv4 written as IPv6", "[::ffff:10.1.2.3]:4000", []string{"::ffff:203.0.113.5"}, "203.0.113.5"},
		{"a zone is left out", "10.1.2.3:4000", []string{"fe80::5%\" injected"}, "fe80::5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = c.peer
			r.Header["X-Forwarded-For"] = c.forwarded
			handler.ServeHTTP(httptest.NewRecorder(), r)
			if got != c.want {
				t.Errorf("comes from %s, want %s", got, c.want)
			}
		})
	}
	t.Run("the audit log has it", func(t *testing.T) {
		c := quiet(t)
		c.TrustedProxies = []string{"127.0.0.1"}
		s, stop := serve(t, c)
		r := s.request(t, "POST", "/app-instances", "", `{"Name":"n","ClientRequestToken":"token"}`)
		r.Header.Set("X-Forwarded-For", "203.0.113.5")
		if status, body := do(t, r); status != 201 {
			t.Fatalf("%d %s", status, body)
		}
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		if got := auditOf(t, c); len(got) != 1 || got[0].Source != "203.0.113.5" {
			t.Errorf("%+v", got)
		}
	})
	t.Run("without trusted proxies nobody is believed", func(t *testing.T) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = "127.0.0.1:4000"
		r.Header.Set("X-Forwarded-For", "203.0.113.5")
		withProxies(nil, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = api.SourceOf(r) })).ServeHTTP(httptest.NewRecorder(), r)
		if got != "127.0.0.1" {
			t.Errorf("comes from %s", got)
		}
	})
}
