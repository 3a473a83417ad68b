package rest

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestListenerGivesTheAnswersOfTheHTTPServerTheShapeOfAWS(t *testing.T) {
	t.Run("in the clear", func(t *testing.T) { testListener(t, nil) })
	t.Run("by TLS", func(t *testing.T) { testListener(t, newSecured(t)) })
}

// testListener tests a listener that speaks TLS when there is something to speak it with.
func testListener(t *testing.T, s *secured) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "the handler's own plain text", http.StatusBadRequest)
	}))
	dial := func() (net.Conn, error) { return net.Dial("tcp", server.Listener.Addr().String()) }
	if s != nil {
		server.Listener = tls.NewListener(server.Listener, s.server)
		dial = func() (net.Conn, error) { return tls.Dial("tcp", server.Listener.Addr().String(), s.client) }
	}
	server.Listener = Listener(server.Listener, slog.New(slog.DiscardHandler))
	server.Config.MaxHeaderBytes = 4096
	server.Start()
	defer server.Close()
	for _, c := range []struct {
		name, request, wantType string
		wantStatus              int
	}{
		{"a path with a broken escape", "GET /channels/%zz HTTP/1.1\r\nHost: x\r\n\r\n", "BadRequestException", 400},
		{"a request line that is none", "NONSENSE\r\n\r\n", "BadRequestException", 400},
		{"a header without a name", "GET / HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n", "BadRequestException", 400},
		{"no host", "GET / HTTP/1.1\r\n\r\n", "BadRequestException", 400},
		{"two hosts", "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "BadRequestException", 400},
		{"headers that are too long", "GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + strings.Repeat("x", 16384) + "\r\n\r\n", "RequestEntityTooLargeException", 431},
		{"a transfer coding nobody knows", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: nonsense\r\n\r\n", "NotImplementedException", 501},
		{"a version of HTTP nobody knows", "GET / HTTP/7.0\r\nHost: x\r\n\r\n", "NotImplementedException", 505},
		{"what a handler answers, which is left as it is", "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "", 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, err := dial()
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			if _, err := client.Write([]byte(c.request)); err != nil {
				t.Fatal(err)
			}
			answer, err := http.ReadResponse(bufio.NewReader(client), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			if answer.StatusCode != c.wantStatus || answer.Header.Get("X-Amzn-Errortype") != c.wantType {
				t.Fatalf("got %d %v", answer.StatusCode, answer.Header)
			}
			if c.wantType == "" {
				return
			}
			var body struct{ Code, Message string }
			if err := json.NewDecoder(answer.Body).Decode(&body); err != nil || body.Message == "" || !strings.HasPrefix(c.wantType, body.Code) {
				t.Errorf("body %+v, %v", body, err)
			}
			if answer.Header.Get("X-Amzn-Requestid") == "" {
				t.Error("no request id")
			}
		})
	}
}
