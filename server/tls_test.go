package server

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carillon/sigv4"
)

func TestValidateTLS(t *testing.T) {
	files := func(c *Config) { c.TLSCert, c.TLSKey = "cert.pem", "key.pem" }
	domains := func(names ...string) func(*Config) {
		return func(c *Config) { c.TLSAddr, c.ACMEDomains = "0.0.0.0:443", names }
	}
	for _, c := range []struct {
		name   string
		change func(*Config)
		want   string // empty: accepted
	}{
		{"an address alone has the local authority", func(c *Config) { c.TLSAddr = "127.0.0.1:8443" }, ""},
		{"an address has a port", func(c *Config) { c.TLSAddr = "8443" }, `tls.addr: "8443" is no address`},
		{"files are for a listener", func(c *Config) { files(c); c.TLSAddr = "0.0.0.0:443" }, ""},
		{"files without a listener are refused", files, "tls.addr: is off, but tls.cert and tls.key need a listener"},
		{"a certificate without its key is refused", func(c *Config) { c.TLSAddr, c.TLSCert = "0.0.0.0:443", "cert.pem" }, "tls.cert: set both"},
		{"a key without its certificate is refused", func(c *Config) { c.TLSAddr, c.TLSKey = "0.0.0.0:443", "key.pem" }, "tls.cert: set both"},
		{"domains are for a listener", domains("chat.example.com", "Chat-2.Example.com"), ""},
		{"domains without a listener are refused", func(c *Config) { c.ACMEDomains = []string{"chat.example.com"} }, "tls.addr: is off, but tls.acme.domains need a listener"},
		{"files and domains are refused", func(c *Config) { domains("chat.example.com")(c); files(c) }, "tls.acme.domains: certificates are either obtained or read"},
		{"a wildcard is refused", domains("*.example.com"), "tls.acme.domains: \"*.example.com\": certificates for wildcards"},
		{"an address is no domain", domains("192.0.2.1"), "tls.acme.domains: \"192.0.2.1\" is an address"},
		{"an IPv6 address is no domain", domains("2001:db8::1"), "tls.acme.domains: \"2001:db8::1\" is an address"},
		{"localhost is no domain", domains("localhost"), "tls.acme.domains: \"localhost\" is no public domain"},
		{"a domain has no scheme", domains("https://chat.example.com"), "tls.acme.domains: "},
		{"a domain has no port", domains("chat.example.com:443"), "tls.acme.domains: "},
		{"a domain has no empty label", domains("chat..example.com"), "tls.acme.domains: "},
		{"an email address is accepted", func(c *Config) { domains("chat.example.com")(c); c.ACMEEmail = "me@example.com" }, ""},
		{"an email address of a person with a name is refused", func(c *Config) { domains("chat.example.com")(c); c.ACMEEmail = "Me <me@example.com>" }, "tls.acme.email: "},
		{"an email address without domains is refused", func(c *Config) { c.ACMEEmail = "me@example.com" }, "tls.acme.email: means nothing without tls.acme.domains"},
		{"a directory is accepted", func(c *Config) { domains("chat.example.com")(c); c.ACMEDirectory = "https://ca.example.com/dir" }, ""},
		{"a directory in the clear is refused", func(c *Config) {
			domains("chat.example.com")(c)
			c.ACMEDirectory = "http://ca.example.com/dir"
		}, "tls.acme.directory: "},
		{"a directory without domains is refused", func(c *Config) { c.ACMEDirectory = "https://ca.example.com/dir" }, "tls.acme.directory: means nothing without tls.acme.domains"},

		{"a session endpoint may be a host", func(c *Config) { c.SessionEndpoint = "ws.example.com" }, ""},
		{"a session endpoint may have a port", func(c *Config) { c.SessionEndpoint = "ws.example.com:8443" }, ""},
		{"a session endpoint may be a name of a local network", func(c *Config) { c.SessionEndpoint = "my_chat:8443" }, ""},
		{"a session endpoint may be an address", func(c *Config) { c.SessionEndpoint = "192.0.2.1:8443" }, ""},
		{"a session endpoint may be an IPv6 address", func(c *Config) { c.SessionEndpoint = "[2001:db8::1]:8443" }, ""},
		{"a session endpoint has no scheme", func(c *Config) { c.SessionEndpoint = "wss://ws.example.com" }, "session.endpoint: "},
		{"a session endpoint has no path", func(c *Config) { c.SessionEndpoint = "ws.example.com/connect" }, "session.endpoint: "},
		{"a session endpoint has no query", func(c *Config) { c.SessionEndpoint = "ws.example.com?a=b" }, "session.endpoint: "},
		{"a session endpoint has no user", func(c *Config) { c.SessionEndpoint = "me@ws.example.com" }, "session.endpoint: "},
		{"a session endpoint has a host", func(c *Config) { c.SessionEndpoint = ":8443" }, "session.endpoint: "},
		{"a session endpoint has no empty port", func(c *Config) { c.SessionEndpoint = "ws.example.com:" }, "session.endpoint: "},
		{"a session endpoint has a port that there is", func(c *Config) { c.SessionEndpoint = "ws.example.com:65536" }, "session.endpoint: "},
		{"a session endpoint has a port that can be connected to", func(c *Config) { c.SessionEndpoint = "ws.example.com:0" }, "session.endpoint: "},
		{"a session endpoint has a host without spaces", func(c *Config) { c.SessionEndpoint = "ws example com" }, "session.endpoint: "},
		{"an IPv6 address stands in brackets", func(c *Config) { c.SessionEndpoint = "2001:db8::1" }, "session.endpoint: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := Default()
			c.change(&config)
			err := config.Validate()
			switch {
			case c.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want)):
				t.Errorf("got %v, want an error that begins with %q", err, c.want)
			case err != nil && strings.Contains(err.Error(), "\n"):
				t.Errorf("one fault is told as several: %v", err)
			}
		})
	}
}

// secured is a configuration for tests with a TLS listener.
func secured(t *testing.T) Config {
	t.Helper()
	c := quiet(t)
	c.TLSAddr = "127.0.0.1:0"
	return c
}

// client trusts the server's own authority and nothing else.
func (s *Server) client(t *testing.T) *http.Client {
	t.Helper()
	content, err := os.ReadFile(s.CAFile())
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(content)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// get asks a server for a path under an authority of its own, signed.
func (s *Server) get(t *testing.T, client *http.Client, url, path string, header http.Header) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	sigv4.NewSigner(s.rootKey.ID, s.rootKey.Secret, "", s.config.Region, "chime").Sign(r, nil, time.Now())
	for name, values := range header {
		r.Header[name] = values
	}
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(body)
}

func TestTLS(t *testing.T) {
	t.Run("the API answers in the clear and by TLS, in HTTP/1.1", func(t *testing.T) {
		s, _ := serve(t, secured(t))
		for _, url := range []string{s.Endpoint(), s.TLSEndpoint()} {
			answer, body := s.get(t, s.client(t), url, "/app-instances", nil)
			if answer.StatusCode != 200 || body != `{"AppInstances":[]}` || answer.Proto != "HTTP/1.1" {
				t.Errorf("%s: %s %s %s", url, answer.Proto, answer.Status, body)
			}
		}
		if r := s.Ready(Demo{}); r.TLSEndpoint != s.TLSEndpoint() || r.CAFile != filepath.Join(s.config.Data, "tls", "ca.pem") || !filepath.IsAbs(r.CAFile) {
			t.Errorf("ready: %+v", r)
		}
	})

	t.Run("without an address there is no TLS and no authority", func(t *testing.T) {
		s := open(t, quiet(t))
		if s.TLSAddr() != "" || s.TLSEndpoint() != "" || s.CAFile() != "" {
			t.Errorf("%q %q %q", s.TLSAddr(), s.TLSEndpoint(), s.CAFile())
		}
		if _, err := os.Stat(filepath.Join(s.config.Data, "tls")); err == nil {
			t.Error("an authority for nothing")
		}
		content, err := json.Marshal(s.Ready(Demo{}))
		if err != nil || bytes.Contains(content, []byte("tls_endpoint")) || bytes.Contains(content, []byte("ca_file")) {
			t.Errorf("%s, %v", content, err)
		}
	})

	t.Run("sessions are told where TLS is spoken", func(t *testing.T) {
		s, _ := serve(t, secured(t))
		_, port, _ := net.SplitHostPort(s.Addr())
		_, tlsPort, _ := net.SplitHostPort(s.TLSAddr())
		for _, c := range []struct {
			name, url string
			header    http.Header
			want      string
		}{
			{"in the clear", "http://127.0.0.1:" + port, nil, "127.0.0.1:" + tlsPort},
			{"in the clear, by name", "http://localhost:" + port, nil, "localhost:" + tlsPort},
			{"by TLS", "https://127.0.0.1:" + tlsPort, nil, "127.0.0.1:" + tlsPort},
			{"by TLS, by name", "https://localhost:" + tlsPort, nil, "localhost:" + tlsPort},
			{"through a proxy that speaks TLS", "http://127.0.0.1:" + port, http.Header{"X-Forwarded-Proto": {"https"}}, "127.0.0.1:" + port},
		} {
			for _, query := range []string{"", "?network-type=IPV4_ONLY", "?network-type=DUAL_STACK"} {
				answer, body := s.get(t, s.client(t), c.url, "/endpoints/messaging-session"+query, c.header)
				if want := `{"Endpoint":{"Url":"` + c.want + `"}}`; answer.StatusCode != 200 || body != want {
					t.Errorf("%s: %s %s, want %s", c.name, answer.Status, body, want)
				}
			}
		}
		config := secured(t)
		config.SessionEndpoint = "ws.example.com:8443"
		s, _ = serve(t, config)
		if _, body := s.get(t, s.client(t), s.Endpoint(), "/endpoints/messaging-session", nil); body != `{"Endpoint":{"Url":"ws.example.com:8443"}}` {
			t.Errorf("as configured: %s", body)
		}
	})

	t.Run("what is no HTTP is refused in the shape of AWS", func(t *testing.T) {
		s, _ := serve(t, secured(t))
		c, err := tls.Dial("tcp", s.TLSAddr(), s.client(t).Transport.(*http.Transport).TLSClientConfig)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprint(c, "GET /channels/%zz HTTP/1.1\r\nHost: x\r\n\r\n")
		answer, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != 400 || answer.Header.Get("X-Amzn-Errortype") != "BadRequestException" {
			t.Errorf("%s %v", answer.Status, answer.Header)
		}
	})

	t.Run("an address that is taken is told with what to do", func(t *testing.T) {
		taken, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer taken.Close()
		c := secured(t)
		c.TLSAddr = taken.Addr().String()
		if _, err := New(t.Context(), c); err == nil || !strings.HasPrefix(err.Error(), "tls.addr: listen tcp "+c.TLSAddr) || !strings.Contains(err.Error(), "choose another port with --tls-addr") {
			t.Errorf("got %v", err)
		}
		c.TLSAddr = "127.0.0.1:0" // everything was given back
		open(t, c)
	})

	t.Run("an authority that does not vouch for the address is told at the start", func(t *testing.T) {
		c := secured(t)
		if err := open(t, c).Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.TLSAddr = "192.0.2.1:8443"
		if _, err := New(t.Context(), c); err == nil || !strings.HasPrefix(err.Error(), "tls.addr: the local authority in ") || !strings.Contains(err.Error(), "not for 192.0.2.1") {
			t.Errorf("got %v", err)
		}
	})

	t.Run("files of one's own are given out", func(t *testing.T) {
		theirs := open(t, secured(t)) // somebody who makes certificates
		leaf := filepath.Join(theirs.config.Data, "tls", "leaf.pem")
		c := secured(t)
		c.TLSCert, c.TLSKey = leaf, leaf
		s, _ := serve(t, c)
		if s.CAFile() != "" {
			t.Errorf("an authority of its own: %s", s.CAFile())
		}
		if answer, body := s.get(t, theirs.client(t), s.TLSEndpoint(), "/app-instances", nil); answer.StatusCode != 200 {
			t.Errorf("%s %s", answer.Status, body)
		}
	})

	t.Run("files that cannot be read are told at the start", func(t *testing.T) {
		c := secured(t)
		c.TLSCert, c.TLSKey = "/nonexistent.pem", "/nonexistent.pem"
		if _, err := New(t.Context(), c); err == nil || !strings.HasPrefix(err.Error(), "tls.cert: open /nonexistent.pem") {
			t.Errorf("got %v", err)
		}
	})

	t.Run("while no certificate can be obtained the rest works, and the end is not held up", func(t *testing.T) {
		asked := make(chan struct{}, 100)
		release := make(chan struct{})
		authority := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			asked <- struct{}{}
			<-release
		}))
		t.Cleanup(authority.Close)
		t.Cleanup(func() { close(release) })
		trusted := http.DefaultTransport
		http.DefaultTransport = authority.Client().Transport
		t.Cleanup(func() { http.DefaultTransport = trusted })
		c := secured(t)
		c.ACMEDomains, c.ACMEDirectory = []string{"chat.example.test"}, authority.URL
		s, stop := serve(t, c)
		<-asked
		if answer, body := s.get(t, http.DefaultClient, s.Endpoint(), "/app-instances", nil); answer.StatusCode != 200 {
			t.Errorf("in the clear: %s %s", answer.Status, body)
		}
		if _, err := tls.Dial("tcp", s.TLSAddr(), &tls.Config{ServerName: "chat.example.test"}); err == nil {
			t.Error("there is a certificate")
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
	})

	t.Run("a request in flight by TLS is finished at the end, and none is begun", func(t *testing.T) {
		const body = `{"Name":"in flight","ClientRequestToken":"token"}`
		s, stop := serve(t, secured(t))
		r := s.request(t, "POST", "/app-instances", "", body)
		c, err := tls.Dial("tcp", s.TLSAddr(), s.client(t).Transport.(*http.Transport).TLSClientConfig)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprintf(c, "POST /app-instances HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\nExpect: 100-continue\r\n", r.Host, len(body))
		if err := r.Header.Write(c); err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(c, "\r\n")
		answers := bufio.NewReader(c)
		if line, err := answers.ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 100") {
			t.Fatalf("the server does not wait for the body: %q, %v", line, err)
		}
		if _, err := answers.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		stopped := make(chan error, 1)
		go func() { stopped <- stop() }()
		for { // until nobody listens any more
			c, err := new(net.Dialer).DialContext(context.Background(), "tcp", s.TLSAddr())
			if err != nil {
				break
			}
			_ = c.Close()
			time.Sleep(time.Millisecond)
		}
		fmt.Fprint(c, body)
		answer, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatalf("the request in flight was cut off: %v", err)
		}
		defer answer.Body.Close()
		if answer.StatusCode != 201 {
			t.Errorf("status %d", answer.StatusCode)
		}
		if err := <-stopped; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
}
