package chat_test

import (
	"testing"

	"carillon/api"
	"carillon/chat"
	"carillon/testenv"
)

func TestGetMessagingSessionEndpoint(t *testing.T) {
	for _, c := range []struct{ name, configured, asked, want string }{
		{"the authority that was asked", "", "chat.example.test:8443", "chat.example.test:8443"},
		{"without the default port of TLS", "", "chat.example.test:443", "chat.example.test"},
		{"without the default port of HTTP", "", "chat.example.test:80", "chat.example.test"},
		{"the configured one, whatever was asked", "ws.example.test", "chat.example.test", "ws.example.test"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := testenv.New(t)
			s, err := chat.Open(t.Context(), chat.Options{Store: e.Store, Partition: "aws", Region: testenv.Region, SessionEndpoint: c.configured})
			if err != nil {
				t.Fatal(err)
			}
			out, err := s.GetMessagingSessionEndpoint(t.Context(), &api.Caller{Account: testenv.Account, Authority: c.asked}, &api.GetMessagingSessionEndpointRequest{})
			if err != nil || out.Endpoint.Url != c.want {
				t.Errorf("got %+v, %v, want %s", out, err, c.want)
			}
		})
	}
}
