package rest

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"carillon/api"
)

// secured is what a server and its clients speak TLS with.
type secured struct{ server, client *tls.Config }

func newSecured(t *testing.T) *secured {
	t.Helper()
	s := httptest.NewTLSServer(nil) // it has a certificate
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return &secured{
		server: &tls.Config{Certificates: s.TLS.Certificates, NextProtos: []string{"http/1.1", "acme-tls/1"}},
		client: &tls.Config{RootCAs: roots},
	}
}

// lines is a log that is written to and read at the same time.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func TestListenerSpeaksTLS(t *testing.T) {
	s := newSecured(t)
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := tcp.Addr().String()
	log := new(lines)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS == nil || !r.TLS.HandshakeComplete {
			t.Errorf("the handler sees no TLS: %+v", r.TLS)
			return
		}
		if r.URL.Path == "/hijack" {
			c, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			_, _ = io.WriteString(c, "raw "+r.TLS.ServerName)
			return
		}
		_, _ = io.WriteString(w, r.TLS.ServerName)
	})}
	served := make(chan error, 1)
	go func() {
		served <- server.Serve(Listener(tls.NewListener(tcp, s.server), slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	}()
	t.Cleanup(func() {
		if err := server.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})

	t.Run("a handler sees the state of TLS, request after request", func(t *testing.T) {
		config := s.client.Clone()
		config.ServerName = "example.com"
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: config}}
		defer client.CloseIdleConnections()
		for range 2 {
			answer, err := client.Get("https://" + addr + "/")
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(answer.Body)
			_ = answer.Body.Close()
			if err != nil || string(body) != "example.com" {
				t.Errorf("got %q, %v", body, err)
			}
		}
	})

	t.Run("a connection can be taken over", func(t *testing.T) {
		c, err := tls.Dial("tcp", addr, s.client)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_, _ = io.WriteString(c, "GET /hijack HTTP/1.1\r\nHost: x\r\n\r\n")
		if got, err := io.ReadAll(c); err != nil || !bytes.HasPrefix(got, []byte("raw")) {
			t.Errorf("got %q, %v", got, err)
		}
	})

	t.Run("who speaks HTTP is told to speak TLS, however much it sends", func(t *testing.T) {
		for _, request := range []string{
			"GET /channels HTTP/1.1\r\nHost: x\r\n\r\n",
			"POST /channels HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n" + strings.Repeat("x", 500000),
		} {
			c, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, err := io.WriteString(c, request); err != nil {
				t.Error(err)
			}
			answer, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil {
				t.Fatal(err)
			}
			var body struct{ Code, Message string }
			err = json.NewDecoder(answer.Body).Decode(&body)
			if answer.StatusCode != 400 || err != nil || body.Code != "BadRequest" || !strings.Contains(body.Message, "https://") {
				t.Errorf("%d %+v, %v", answer.StatusCode, body, err)
			}
		}
	})

	t.Run("noise ends the connection, and the log tells at level debug", func(t *testing.T) {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_, _ = io.WriteString(c, "\x00\x01\x02\x03\x04\x05\x06\x07")
		_ = c.SetDeadline(time.Now().Add(time.Minute))
		if got, err := io.ReadAll(c); bytes.Contains(got, []byte("HTTP")) {
			t.Errorf("got %q, %v", got, err)
		}
		if !strings.Contains(log.String(), "level=DEBUG msg=\"TLS handshake failed\" client=127.0.0.1:") {
			t.Errorf("log:\n%s", log.String())
		}
	})

	t.Run("who proves a domain is not served", func(t *testing.T) {
		config := s.client.Clone()
		config.NextProtos = []string{"acme-tls/1"}
		c, err := tls.Dial("tcp", addr, config)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		if got, err := io.ReadAll(c); len(got) > 0 {
			t.Errorf("got %q, %v", got, err)
		}
	})
}

func TestSecure(t *testing.T) {
	for _, c := range []struct {
		name      string
		tls       *tls.ConnectionState
		forwarded []string
		want      bool
	}{
		{"in the clear", nil, nil, false},
		{"by TLS", &tls.ConnectionState{}, nil, true},
		{"by TLS, whatever is said", &tls.ConnectionState{}, []string{"http"}, true},
		{"by TLS to a proxy", nil, []string{"https"}, true},
		{"in capitals", nil, []string{"HTTPS"}, true},
		{"in the clear to a proxy", nil, []string{"http"}, false},
		{"by TLS to the first of two proxies", nil, []string{" https , http"}, true},
		{"by TLS between two proxies", nil, []string{"http, https"}, false},
		{"nonsense", nil, []string{",,https"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			r.TLS = c.tls
			for _, value := range c.forwarded {
				r.Header.Add("X-Forwarded-Proto", value)
			}
			if got := api.IsSecure(r); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestAuthority(t *testing.T) {
	local := context.WithValue(t.Context(), http.LocalAddrContextKey, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080})
	for _, c := range []struct {
		name, target string
		ctx          context.Context
		want         string
	}{
		{"the host that the client named", "/", local, "chime.test"},
		{"of a client that takes the server for its proxy, where it connected to", "http://messaging-chime.us-east-1.amazonaws.com/", local, "127.0.0.1:8080"},
		{"the host where nothing is known of the connection", "http://chime.test/", t.Context(), "chime.test"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", c.target, nil).WithContext(c.ctx)
			if c.target == "/" {
				r.Host = "chime.test"
			}
			if got := authority(r); got != c.want {
				t.Errorf("got %s", got)
			}
		})
	}
}
