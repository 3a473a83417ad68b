package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
	"github.com/miekg/dns"
)

// acme is Pebble, Let's Encrypt's own test server, in this process. It believes that every domain is
// this machine.
type acme struct {
	*httptest.Server
	file    string // what to trust to speak to it
	pebble  http.Handler
	started chan struct{}
	roots   *x509.CertPool // of the certificates that it issues
}

func newACME(t *testing.T) *acme {
	t.Helper()
	a := &acme{started: make(chan struct{})}
	a.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		<-a.started
		a.pebble.ServeHTTP(w, r)
	}))
	t.Cleanup(a.Close)
	a.file = filepath.Join(t.TempDir(), "acme.pem")
	content := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.Certificate().Raw})
	if err := os.WriteFile(a.file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return a
}

// start answers, and looks for domains at a port of this machine.
func (a *acme) start(t *testing.T, port string) {
	t.Helper()
	tlsPort, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	quiet := log.New(io.Discard, "", 0)
	memory := db.NewMemoryStore()
	authority := ca.New(quiet, memory, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {}})
	front := wfe.New(quiet, memory, va.New(quiet, 1, tlsPort, false, loopbackDNS(t), memory), authority, []string{"pebble.letsencrypt.org"}, false, false, 1, 1)
	a.roots = x509.NewCertPool()
	a.roots.AppendCertsFromPEM(authority.GetRootCert(0).PEM())
	a.pebble = front.Handler()
	close(a.started)
}

// loopbackDNS is the address of a name server that knows every domain, at 127.0.0.1.
func loopbackDNS(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{Listener: l, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, question *dns.Msg) {
		answer := new(dns.Msg).SetReply(question)
		if q := question.Question[0]; q.Qtype == dns.TypeA {
			answer.Answer = []dns.RR{&dns.A{Hdr: dns.RR_Header{Name: q.Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 1}, A: net.IPv4(127, 0, 0, 1)}}
		}
		_ = w.WriteMsg(answer)
	})}
	served := make(chan error, 1)
	go func() { served <- server.ActivateAndServe() }()
	t.Cleanup(func() {
		_ = l.Close()
		<-served
	})
	return l.Addr().String()
}

func TestACME(t *testing.T) {
	t.Setenv("PEBBLE_VA_NOSLEEP", "1")
	a := newACME(t)
	data := filepath.Join(t.TempDir(), "data")
	start := func() (*server, string) {
		s := startDevIn(t, []string{"SSL_CERT_FILE=" + a.file}, data,
			"--tls-acme-domains", "chat.example.test,ws.example.test", "--tls-acme-directory", a.URL+"/dir", "--tls-acme-email", "me@example.test")
		endpoint, err := url.Parse(s.TLSEndpoint)
		if err != nil || s.CAFile != "" {
			t.Fatalf("%+v, %v", s.ready, err)
		}
		return s, endpoint.Host
	}
	dial := func(addr, domain string) (*tls.Conn, error) {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		d := tls.Dialer{Config: &tls.Config{ServerName: domain, RootCAs: a.roots}}
		c, err := d.DialContext(ctx, "tcp", addr)
		if err != nil {
			return nil, err
		}
		return c.(*tls.Conn), nil
	}
	domains := []string{"chat.example.test", "ws.example.test"}

	s, addr := start()
	_, port, _ := net.SplitHostPort(addr)
	a.start(t, port)
	for _, domain := range domains {
		s.await(t, "the certificate of "+domain, func() bool {
			c, err := dial(addr, domain)
			if err != nil {
				time.Sleep(50 * time.Millisecond) // a handshake that fails must not keep the machine busy
				return false
			}
			defer c.Close()
			return c.ConnectionState().NegotiatedProtocol == "" && c.VerifyHostname(domain) == nil
		})
	}
	if c, err := dial(addr, "other.example.test"); err == nil {
		c.Close()
		t.Error("there is a certificate for a domain that nobody asked for")
	}
	if entries, err := os.ReadDir(filepath.Join(data, "acme")); err != nil || len(entries) < 3 {
		t.Errorf("kept: %v, %v", entries, err)
	}
	s.stop(t)

	// What was obtained is there after a restart, although the authority is not.
	a.Close()
	s, addr = start()
	for _, domain := range domains {
		s.await(t, "the kept certificate of "+domain, func() bool {
			c, err := dial(addr, domain)
			if err != nil {
				time.Sleep(50 * time.Millisecond)
				return false
			}
			return c.Close() == nil
		})
	}
	if strings.Contains(s.stderr.String(), "no certificate yet") {
		t.Errorf("the authority was asked again:\n%s", s.stderr.String())
	}
}
