package webidentity

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

const (
	// maxIssuers bounds how many issuers are remembered.
	maxIssuers = 1024
	// refreshAfter is how long the keys of an issuer count before it is asked again, though no token has a
	// key that is not known: what it has withdrawn counts no longer than this.
	refreshAfter = time.Hour
	// keepFor is how long they count while the issuer cannot be asked, which is tried every retryAfter.
	keepFor    = 24 * time.Hour
	retryAfter = time.Minute
	// askEvery and askBurst bound how often an issuer is asked, whatever tokens come.
	askEvery = 10 * time.Second
	askBurst = 5
	// askTimeout bounds how long an answer may take, and maxAnswer how long it may be, in bytes.
	askTimeout = 10 * time.Second
	maxAnswer  = 1 << 20
)

// issuers remembers what issuers said about themselves.
type issuers struct {
	now       func() time.Time
	transport *http.Transport // for issuers elsewhere
	local     *http.Transport // for issuers on this machine
	mu        sync.Mutex
	known     *lru.Cache[string, *issuer]
}

// issuer is one of them.
type issuer struct {
	url    string
	client *http.Client

	mu    sync.Mutex
	set   *oidc.RemoteKeySet // nil until it was asked
	asked time.Time          // when set was made
	next  time.Time          // when it is to be asked again
}

func newIssuers(o Options) *issuers {
	known, err := lru.New[string, *issuer](maxIssuers)
	if err != nil {
		panic(fmt.Sprintf("webidentity: a cache of %d entries cannot be made: %v", maxIssuers, err))
	}
	transport := func(reachable func(netip.Addr) bool) *http.Transport {
		dialer := &net.Dialer{Timeout: askTimeout, Control: func(_, address string, _ syscall.RawConn) error {
			// After the name was resolved: whatever it stands for by now.
			at, err := netip.ParseAddrPort(address)
			if err != nil || !reachable(at.Addr().Unmap()) {
				return errors.New("issuers are not asked at such an address")
			}
			return nil
		}}
		return &http.Transport{
			DialContext: dialer.DialContext, TLSClientConfig: &tls.Config{RootCAs: o.Roots, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout: askTimeout, ResponseHeaderTimeout: askTimeout, MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute,
			MaxResponseHeaderBytes: 64 << 10, ForceAttemptHTTP2: true,
		}
	}
	elsewhere := func(a netip.Addr) bool {
		return !a.IsLoopback() && !a.IsUnspecified() && !a.IsLinkLocalUnicast() && !a.IsMulticast()
	}
	return &issuers{now: o.Now, known: known, transport: transport(elsewhere), local: transport(netip.Addr.IsLoopback)}
}

// keys returns the keys of an issuer, which is asked when nothing, or nothing new enough, is known of it.
func (s *issuers) keys(ctx context.Context, name string) (oidc.KeySet, error) {
	i, err := s.get(name)
	if err != nil {
		return nil, err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	now := s.now()
	if i.set != nil && now.Before(i.next) {
		return i.set, nil
	}
	set, err := i.discover(ctx)
	switch {
	case err == nil:
		i.set, i.asked, i.next = set, now, now.Add(refreshAfter)
	case i.set == nil || now.Sub(i.asked) >= keepFor:
		return nil, err
	default:
		i.next = now.Add(retryAfter)
	}
	return i.set, nil
}

func (s *issuers) get(name string) (*issuer, error) {
	if err := CheckIssuer(name); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if i, ok := s.known.Get(name); ok {
		return i, nil
	}
	u, err := url.Parse(name)
	if err != nil {
		return nil, err
	}
	polite := &polite{RoundTripper: s.transport, now: s.now, limit: rate.NewLimiter(rate.Every(askEvery), askBurst)}
	if isLoopback(u.Hostname()) {
		polite.RoundTripper, polite.local = s.local, true
	}
	i := &issuer{url: name, client: &http.Client{Transport: polite, Timeout: askTimeout, CheckRedirect: noRedirect}}
	s.known.Add(name, i)
	return i, nil
}

// discover asks an issuer where its keys are, and for them once a token needs them.
func (i *issuer) discover(ctx context.Context) (*oidc.RemoteKeySet, error) {
	// Others wait for the answer: it is not given up because the first who asks goes away.
	ctx = oidc.ClientContext(context.WithoutCancel(ctx), i.client)
	provider, err := oidc.NewProvider(ctx, i.url)
	if err != nil {
		return nil, err
	}
	var said struct {
		Keys string `json:"jwks_uri"`
	}
	if err := provider.Claims(&said); err != nil || said.Keys == "" {
		return nil, errors.New("the issuer does not say where its keys are")
	}
	return oidc.NewRemoteKeySet(ctx, said.Keys), nil
}

func noRedirect(*http.Request, []*http.Request) error {
	return errors.New("issuers must not redirect")
}

// polite asks an issuer only what may be asked, seldom, and reads no more than is reasonable.
type polite struct {
	http.RoundTripper
	now   func() time.Time
	limit *rate.Limiter
	local bool
}

// RoundTrip implements http.RoundTripper.
func (p *polite) RoundTrip(r *http.Request) (*http.Response, error) {
	switch {
	case p.local && !isLoopback(r.URL.Hostname()), !p.local && r.URL.Scheme != "https":
		return nil, errors.New("issuers are not asked at such an address")
	case !p.limit.AllowN(p.now(), 1):
		return nil, errors.New("the issuer was asked very often just now")
	}
	answer, err := p.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		_ = answer.Body.Close() // nothing of it is wanted
		return nil, fmt.Errorf("the issuer answered with the status %d", answer.StatusCode)
	}
	answer.Body = &bounded{ReadCloser: answer.Body, left: maxAnswer}
	return answer, nil
}

// bounded is a body that may not be longer than some bound.
type bounded struct {
	io.ReadCloser
	left int
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errors.New("the answer of the issuer is too long")
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// watched remembers that keys could not be had, which the error of a verification does not tell.
type watched struct {
	oidc.KeySet
	unreachable error
}

// VerifySignature implements oidc.KeySet.
func (w *watched) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	payload, err := w.KeySet.VerifySignature(ctx, token)
	var failed *url.Error
	if errors.As(err, &failed) {
		w.unreachable = err
	}
	return payload, err
}

// isLoopback reports whether a host names this machine, whatever a resolver says.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	at, err := netip.ParseAddr(host)
	return err == nil && at.Unmap().IsLoopback()
}
