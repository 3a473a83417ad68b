package chat_test

import (
	"testing"

	"carillon/api"
	"carillon/chat"
	"carillon/testenv"
)

func TestGetMessagingSessionEndpoint(t *testing.T) {
	e := testenv.New(t)
	for _, c := range []struct {
		name       string
		configured string
		securePort string
		asked      string
		secure     bool
		want       string
	}{
		{"the configured one, whatever was asked", "ws.example.test", "8443", "chat.example.test", true, "ws.example.test"},
		{"the configured one, with its port", "ws.example.test:8443", "", "chat.example.test:8080", false, "ws.example.test:8443"},
		{"the configured one, without the default port of TLS", "ws.example.test:443", "", "chat.example.test", true, "ws.example.test"},

		{"by TLS, the authority that was asked", "", "8443", "chat.example.test:9443", true, "chat.example.test:9443"},
		{"by TLS, without its default port", "", "8443", "chat.example.test:443", true, "chat.example.test"},
		{"by TLS, with the default port of HTTP, which is none here", "", "8443", "chat.example.test:80", true, "chat.example.test:80"},
		{"by TLS to a proxy before a server that speaks none", "", "", "chat.example.test", true, "chat.example.test"},

		{"in the clear, the port of TLS", "", "8443", "localhost:8080", false, "localhost:8443"},
		{"in the clear, by number", "", "8443", "127.0.0.1:8080", false, "127.0.0.1:8443"},
		{"in the clear, without a port", "", "8443", "chat.example.test", false, "chat.example.test:8443"},
		{"in the clear, without the default port of TLS", "", "443", "chat.example.test:8080", false, "chat.example.test"},
		{"in the clear, with a prefix before the host", "", "8443", "messaging-chime.localhost:8080", false, "messaging-chime.localhost:8443"},
		{"in the clear, IPv6", "", "8443", "[::1]:8080", false, "[::1]:8443"},
		{"in the clear, IPv6 without a port", "", "8443", "[::1]", false, "[::1]:8443"},
		{"in the clear, IPv6 without the default port of TLS", "", "443", "[::1]:8080", false, "[::1]"},

		{"without TLS anywhere, the authority that was asked", "", "", "chat.example.test:8080", false, "chat.example.test:8080"},
		{"without TLS anywhere, without the default port of TLS", "", "", "chat.example.test:443", false, "chat.example.test"},
		{"without TLS anywhere, without the default port of HTTP", "", "", "chat.example.test:80", false, "chat.example.test"},

		{"a host that is none is left as it is", "", "8443", "a:b:c", false, "a:b:c"},
		{"a bracket that is not closed is left as it is", "", "8443", "[::1", false, "[::1"},
		{"a path in the host is left as it is", "", "8443", "a/b:8080", false, "a/b:8080"},
		{"a user in the host is left as it is", "", "8443", "me@a:8080", false, "me@a:8080"},
		{"a port without a host is left as it is", "", "8443", ":8080", false, ":8080"},
		{"no host at all", "", "8443", "", false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := chat.Open(t.Context(), chat.Options{
				Store: e.Store, Partition: "aws", Region: testenv.Region, SessionEndpoint: c.configured, SecurePort: c.securePort,
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, network := range []string{"", api.NetworkTypeIpv4Only, api.NetworkTypeDualStack} {
				caller := &api.Caller{Account: testenv.Account, Authority: c.asked, Secure: c.secure}
				out, err := s.GetMessagingSessionEndpoint(t.Context(), caller, &api.GetMessagingSessionEndpointRequest{NetworkType: network})
				if err != nil || out.Endpoint.Url != c.want {
					t.Errorf("got %+v, %v, want %s", out, err, c.want)
				}
			}
		})
	}
}
