package cert

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// After a failure a domain is tried again after retryFirst, then after twice as long each time, up to
// retryMost: five times in the first hour, which is what Let's Encrypt lets fail.
const (
	retryFirst = 2 * time.Minute
	retryMost  = time.Hour
)

// ACMEOptions are what an ACME works with.
type ACMEOptions struct {
	// Domains are the names to have certificates for, one each.
	Domains []string
	// Email is where the authority writes to; it may be empty.
	Email string
	// Directory is the URL of the authority; empty is Let's Encrypt.
	Directory string
	// Folder keeps the account and the certificates.
	Folder string
	// Log is told what is obtained and what fails.
	Log *slog.Logger
}

// ACME obtains certificates from an authority that speaks ACME. The authority sees who answers for a
// domain by a handshake with port 443 of it (TLS-ALPN-01).
//
// A handshake never makes it ask for a certificate, so that nobody outside can use up what the
// authority allows, and nobody waits; Run does.
type ACME struct {
	domains []string
	log     *slog.Logger
	manager *autocert.Manager

	mu    sync.RWMutex
	ready map[string]bool
}

// NewACME makes a source that has no certificate before Run.
func NewACME(o ACMEOptions) *ACME {
	a := &ACME{log: o.Log, ready: make(map[string]bool)}
	for _, domain := range o.Domains {
		a.domains = append(a.domains, strings.ToLower(domain))
	}
	a.manager = &autocert.Manager{
		Prompt: autocert.AcceptTOS, Cache: autocert.DirCache(o.Folder), HostPolicy: autocert.HostWhitelist(a.domains...), Email: o.Email,
		Client: &acme.Client{DirectoryURL: o.Directory, UserAgent: "carillon"},
	}
	if o.Directory == "" {
		a.manager.Client.DirectoryURL = autocert.DefaultACMEDirectory
	}
	return a
}

// GetCertificate implements Source. A client that names no host gets the first domain's.
func (a *ACME) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if slices.Equal(hello.SupportedProtos, []string{acme.ALPNProto}) {
		return a.manager.GetCertificate(hello)
	}
	domain := strings.ToLower(strings.TrimSuffix(hello.ServerName, "."))
	if domain == "" {
		domain = a.domains[0]
	}
	a.mu.RLock()
	ready := a.ready[domain]
	a.mu.RUnlock()
	if !ready {
		return nil, fmt.Errorf("there is no certificate for %q", domain)
	}
	return a.obtain(domain)
}

// obtain returns the certificate of a domain from memory, from the folder, or from the authority, and
// sees to it that it is renewed.
func (a *ACME) obtain(domain string) (*tls.Certificate, error) {
	// One kind of key for everybody: what a client offers must not make another order.
	return a.manager.GetCertificate(&tls.ClientHelloInfo{ServerName: domain, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}})
}

// Run obtains the certificates of all domains, and ends when it has them or when ctx does. The listener
// must answer meanwhile.
func (a *ACME) Run(ctx context.Context) {
	var each sync.WaitGroup
	for _, domain := range a.domains {
		each.Go(func() {
			persist(ctx, func() error {
				pair, err := a.obtain(domain)
				if err != nil {
					a.log.Warn("no certificate yet", "domain", domain, "error", err)
					return err
				}
				a.mu.Lock()
				a.ready[domain] = true
				a.mu.Unlock()
				a.log.Info("certificate", "domain", domain, "ends", pair.Leaf.NotAfter)
				return nil
			})
		})
	}
	each.Wait()
}

// persist calls attempt until it succeeds or ctx ends. An attempt that is under way then is left alone: it
// knows no context.
func persist(ctx context.Context, attempt func() error) {
	for wait := retryFirst; ; wait = min(2*wait, retryMost) {
		done := make(chan error, 1)
		go func() { done <- attempt() }()
		select {
		case <-ctx.Done():
			return
		case err := <-done:
			if err == nil {
				return
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}
