package cert

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	authorityLife = 10 * 365 * 24 * time.Hour
	// leafLife is the longest that browsers accept of any authority.
	leafLife = 397 * 24 * time.Hour
	// renewBefore is how close to its end a leaf is replaced.
	renewBefore = 30 * 24 * time.Hour
	// skew is how far the clocks of clients may be behind.
	skew = time.Hour
)

// The files of an authority's folder.
const (
	authorityFile = "ca.pem"
	keyFile       = "ca-key.pem"
	leafFile      = "leaf.pem" // the certificate and its key
)

// localNames are the names of this machine.
var localNames = []string{"localhost", "*.localhost", "127.0.0.1", "::1"}

var belowLocalhost = regexp.MustCompile(`^([a-z0-9_-]{1,63}\.)+localhost$`)

// Authority is a certificate authority of this machine's own, with the certificate that it has given out.
// It vouches for the names it was made for and for nothing else: who trusts it need not
// fear for any other name should its key be stolen.
type Authority struct {
	folder string
	names  []string
	cert   *x509.Certificate
	key    crypto.Signer
	now    func() time.Time

	mu   sync.Mutex
	leaf *tls.Certificate
}

// OpenAuthority reads the authority of a folder, or makes it when the folder is not there. host is what
// its certificate is for, beside the names of this machine; it may be empty or one of these.
func OpenAuthority(folder, host string) (*Authority, error) {
	return openAuthority(folder, host, time.Now)
}

func openAuthority(folder, host string, now func() time.Time) (*Authority, error) {
	a := &Authority{folder: folder, names: namesWith(host), now: now}
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		if err := makeAuthority(folder, a.names, now()); err != nil {
			return nil, fmt.Errorf("making the local authority: %w", err)
		}
	}
	if err := a.read(); err != nil {
		return nil, fmt.Errorf("%w: remove the folder %s, so that a new authority is made, and trust that one", err, folder)
	}
	return a, nil
}

// namesWith are the names of this machine and host, unless host is one of them or stands for all
// addresses.
func namesWith(host string) []string {
	names := slices.Clone(localNames)
	if ip, err := netip.ParseAddr(host); err == nil {
		if ip = ip.WithZone("").Unmap(); ip.IsUnspecified() {
			return names
		}
		host = ip.String()
	}
	if host = strings.ToLower(host); host == "" || slices.Contains(names, host) {
		return names
	}
	return append(names, host)
}

// File is the path of the authority's certificate, as PEM.
func (a *Authority) File() string { return AuthorityFile(a.folder) }

// AuthorityFile is where the certificate of an authority is in its folder.
func AuthorityFile(folder string) string { return filepath.Join(folder, authorityFile) }

// Certificate is the authority's own certificate.
func (a *Authority) Certificate() *x509.Certificate { return a.cert }

// VouchesFor are the names and addresses that certificates of the authority can be for.
func (a *Authority) VouchesFor() []string {
	names := slices.Clone(a.cert.PermittedDNSDomains)
	for _, r := range a.cert.PermittedIPRanges {
		names = append(names, strings.TrimSuffix(strings.TrimSuffix(r.String(), "/32"), "/128"))
	}
	return names
}

// GetCertificate implements Source. The certificate is renewed when it nears its end.
func (a *Authority) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	leaf, err := a.current()
	if err != nil {
		return nil, err
	}
	// Browsers and OpenSSL take no wildcard directly below a top-level domain, so that other names of
	// this machine need certificates of their own. To make one costs a signature.
	name := strings.ToLower(hello.ServerName)
	if len(name) > 253 || !belowLocalhost.MatchString(name) {
		return leaf, nil
	}
	own, _, err := a.issue([]string{name}, leaf.PrivateKey.(crypto.Signer))
	return own, err
}

// current returns the certificate that is kept, which it makes when there is none that is of use.
func (a *Authority) current() (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.leaf == nil {
		a.leaf = a.kept()
	}
	// Near the end of the authority itself nothing is won by another certificate.
	if a.leaf != nil && (a.leaf.Leaf.NotAfter.Sub(a.now()) > renewBefore || a.leaf.Leaf.NotAfter.Equal(a.cert.NotAfter)) {
		return a.leaf, nil
	}
	leaf, err := a.renew()
	if err != nil {
		return nil, err
	}
	a.leaf = leaf
	return leaf, nil
}

// kept reads the certificate of the folder; nil when there is none, or none that clients believe.
func (a *Authority) kept() *tls.Certificate {
	content, err := os.ReadFile(filepath.Join(a.folder, leafFile))
	if err != nil {
		return nil
	}
	leaf, err := tls.X509KeyPair(content, content)
	if err != nil || a.vouchesFor(leaf.Leaf) != nil {
		return nil
	}
	return &leaf
}

// Check reports whether there is a certificate to be had.
func (a *Authority) Check() error {
	_, err := a.current()
	return err
}

// vouchesFor reports why somebody who trusts the authority does not believe a certificate.
func (a *Authority) vouchesFor(leaf *x509.Certificate) error {
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	for _, name := range a.names {
		if err := leaf.VerifyHostname(strings.Replace(name, "*", "any", 1)); err != nil {
			return err
		}
	}
	_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: a.now()})
	return err
}

// renew makes the certificate and keeps it: a browser that was told to go on regardless remembers for
// which certificate.
func (a *Authority) renew() (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	leaf, content, err := a.issue(a.names, key)
	if err != nil {
		return nil, err
	}
	if err := a.vouchesFor(leaf.Leaf); err != nil {
		return nil, fmt.Errorf("the local authority in %s vouches for %s, and not for %s (%w): remove that folder, so that a new authority is made, and trust that one, or set tls.cert and tls.key",
			a.folder, strings.Join(a.VouchesFor(), ", "), a.names[len(a.names)-1], err)
	}
	path := filepath.Join(a.folder, leafFile)
	if err := write(path+".tmp", content, 0o600); err != nil {
		return nil, err
	}
	return leaf, os.Rename(path+".tmp", path)
}

// issue makes a certificate for names and a key, also as PEM with the key.
func (a *Authority) issue(names []string, key crypto.Signer) (*tls.Certificate, []byte, error) {
	from := a.now().Add(-skew)
	template := &x509.Certificate{
		Subject:     pkix.Name{Organization: []string{"Carillon"}, CommonName: "localhost"},
		NotBefore:   from,
		NotAfter:    earlier(from.Add(leafLife), a.cert.NotAfter),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		return nil, nil, err
	}
	private, err := encodeKey(key)
	if err != nil {
		return nil, nil, err
	}
	content := append(encodeCertificate(der), private...)
	leaf, err := tls.X509KeyPair(content, content)
	return &leaf, content, err
}

// read reads the authority's certificate and key.
func (a *Authority) read() error {
	certificate, err := os.ReadFile(a.File())
	if err != nil {
		return err
	}
	key, err := os.ReadFile(filepath.Join(a.folder, keyFile))
	if err != nil {
		return err
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return fmt.Errorf("%s: %w", a.folder, err)
	}
	signer, ok := pair.PrivateKey.(crypto.Signer)
	if !ok || !pair.Leaf.IsCA {
		return fmt.Errorf("%s is no authority", a.File())
	}
	if !a.now().Before(pair.Leaf.NotAfter) {
		return fmt.Errorf("the authority in %s has ended on %s", a.folder, pair.Leaf.NotAfter.Format(time.DateOnly))
	}
	a.cert, a.key = pair.Leaf, signer
	return nil
}

// makeAuthority makes an authority for names. Its folder appears whole or not at all, so that of several
// processes that begin at the same time one makes it and all use it.
func makeAuthority(folder string, names []string, now time.Time) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return err
	}
	fingerprint := sha256.Sum256(public)
	template := &x509.Certificate{
		Subject:               pkix.Name{Organization: []string{"Carillon"}, CommonName: "Carillon local CA " + hex.EncodeToString(fingerprint[:4])},
		NotBefore:             now.Add(-skew),
		NotAfter:              now.Add(authorityLife),
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true,
		KeyUsage:              x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, // and so no mail, no code, no client

		PermittedDNSDomainsCritical: true,
		PermittedDNSDomains:         []string{"localhost"},
		PermittedIPRanges:           []*net.IPNet{{IP: net.IPv4(127, 0, 0, 0).To4(), Mask: net.CIDRMask(8, 32)}, one(net.IPv6loopback)},
	}
	for _, name := range names[len(localNames):] {
		if ip := net.ParseIP(name); ip == nil {
			template.PermittedDNSDomains = append(template.PermittedDNSDomains, name)
		} else if !ip.IsLoopback() {
			template.PermittedIPRanges = append(template.PermittedIPRanges, one(ip))
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	content, err := encodeKey(key)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(folder), 0o700); err != nil {
		return err
	}
	made, err := os.MkdirTemp(filepath.Dir(folder), filepath.Base(folder)+".*.tmp") // mode 0700
	if err != nil {
		return err
	}
	defer os.RemoveAll(made) // nothing is left of it after the rename
	if err := errors.Join(write(filepath.Join(made, keyFile), content, 0o600), write(filepath.Join(made, authorityFile), encodeCertificate(der), 0o644)); err != nil {
		return err
	}
	if err := os.Rename(made, folder); err != nil {
		if _, missing := os.Stat(filepath.Join(folder, authorityFile)); missing != nil {
			return err
		}
	}
	return nil
}

// one is the range of one address.
func one(ip net.IP) *net.IPNet {
	if v4 := ip.To4(); v4 != nil {
		ip = v4
	}
	return &net.IPNet{IP: ip, Mask: net.CIDRMask(8*len(ip), 8*len(ip))}
}

func encodeCertificate(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func encodeKey(key crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// write writes a file that survives what comes next.
func write(path string, content []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	_, err = bytes.NewReader(content).WriteTo(f)
	return errors.Join(err, f.Sync(), f.Close())
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
