package cert

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// leafOf is the certificate that an authority gives out now.
func leafOf(t *testing.T, a *Authority) *x509.Certificate {
	t.Helper()
	pair, err := a.GetCertificate(&tls.ClientHelloInfo{})
	if err != nil {
		t.Fatal(err)
	}
	return pair.Leaf
}

func newAuthority(t *testing.T, folder, host string) *Authority {
	t.Helper()
	a, err := OpenAuthority(folder, host)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// forge makes a certificate of the authority for a name that it was not made for.
func forge(t *testing.T, a *Authority, change func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(time.Hour)}
	change(template)
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return leaf
}

func TestAuthority(t *testing.T) {
	t.Run("it is made once, and only its owner can read the keys", func(t *testing.T) {
		folder := filepath.Join(t.TempDir(), "data", "tls")
		first, second := newAuthority(t, folder, "127.0.0.1"), newAuthority(t, folder, "localhost")
		if !first.cert.Equal(second.cert) {
			t.Error("two authorities")
		}
		if one, other := leafOf(t, first), leafOf(t, second); !one.Equal(other) {
			t.Error("two certificates")
		}
		for name, want := range map[string]fs.FileMode{".": 0o700, "ca.pem": 0o644, "ca-key.pem": 0o600, "leaf.pem": 0o600} {
			if info, err := os.Stat(filepath.Join(folder, name)); err != nil || info.Mode().Perm() != want {
				t.Errorf("%s: %v, %v", name, info, err)
			}
		}
		if left, err := os.ReadDir(filepath.Dir(folder)); err != nil || len(left) != 1 {
			t.Errorf("in the data folder: %v, %v", left, err)
		}
	})

	t.Run("of many that begin at once, one makes it and all use it", func(t *testing.T) {
		folder := filepath.Join(t.TempDir(), "tls")
		made := make([]*Authority, 16)
		var all sync.WaitGroup
		for i := range made {
			all.Go(func() { made[i], _ = OpenAuthority(folder, "") })
		}
		all.Wait()
		for i, a := range made {
			if a == nil || !a.cert.Equal(made[0].cert) {
				t.Fatalf("the authority of number %d is another", i)
			}
		}
	})

	t.Run("it lives ten years and its certificate no longer than browsers allow", func(t *testing.T) {
		a := newAuthority(t, filepath.Join(t.TempDir(), "tls"), "")
		if life := a.cert.NotAfter.Sub(a.cert.NotBefore); life < 3650*24*time.Hour {
			t.Errorf("the authority lives %v", life)
		}
		leaf := leafOf(t, a)
		if life := leaf.NotAfter.Sub(leaf.NotBefore); life > 397*24*time.Hour || life < 396*24*time.Hour {
			t.Errorf("the certificate lives %v", life)
		}
	})

	t.Run("the certificate is for every name of this machine", func(t *testing.T) {
		a := newAuthority(t, filepath.Join(t.TempDir(), "tls"), "")
		roots := x509.NewCertPool()
		roots.AddCert(a.Certificate())
		for _, name := range []string{"localhost", "LOCALHOST", "127.0.0.1", "::1", "any.localhost"} {
			if _, err := leafOf(t, a).Verify(x509.VerifyOptions{Roots: roots, DNSName: name}); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := leafOf(t, a).VerifyHostname("example.com"); err == nil {
			t.Error("it is for example.com as well")
		}
	})

	t.Run("a name below localhost gets a certificate with that name, which clients insist on", func(t *testing.T) {
		a := newAuthority(t, filepath.Join(t.TempDir(), "tls"), "")
		roots := x509.NewCertPool()
		roots.AddCert(a.Certificate())
		for _, name := range []string{"messaging-chime.localhost", "Identity-Chime.Localhost", "a.b.localhost"} {
			pair, err := a.GetCertificate(&tls.ClientHelloInfo{ServerName: name})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: name}); err != nil || !slices.Equal(pair.Leaf.DNSNames, []string{strings.ToLower(name)}) {
				t.Errorf("%s: %v, %v", name, pair.Leaf.DNSNames, err)
			}
		}
		kept := leafOf(t, a)
		for _, name := range []string{"", "localhost", "example.com", ".localhost", "a b.localhost", "ä.localhost", "*.localhost", "\x00.localhost", "xlocalhost", strings.Repeat("a", 300) + ".localhost"} {
			if pair, err := a.GetCertificate(&tls.ClientHelloInfo{ServerName: name}); err != nil || !pair.Leaf.Equal(kept) {
				t.Errorf("%q: %v", name, err)
			}
		}
	})

	t.Run("who has its key cannot be anybody else", func(t *testing.T) {
		a := newAuthority(t, filepath.Join(t.TempDir(), "tls"), "192.0.2.7")
		roots := x509.NewCertPool()
		roots.AddCert(a.Certificate())
		for name, leaf := range map[string]*x509.Certificate{
			"example.com":    forge(t, a, func(c *x509.Certificate) { c.DNSNames = []string{"example.com"} }),
			"localhost.com":  forge(t, a, func(c *x509.Certificate) { c.DNSNames = []string{"localhost.com"} }),
			"192.0.2.8":      forge(t, a, func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(192, 0, 2, 8)} }),
			"2001:db8::1":    forge(t, a, func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.ParseIP("2001:db8::1")} }),
			"mail":           forge(t, a, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection} }),
			"code":           forge(t, a, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning} }),
			"client":         forge(t, a, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }),
			"127.0.0.1 good": forge(t, a, func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)} }),
			"192.0.2.7 good": forge(t, a, func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(192, 0, 2, 7)} }),
		} {
			o := x509.VerifyOptions{Roots: roots, KeyUsages: leaf.ExtKeyUsage}
			if len(o.KeyUsages) == 0 {
				o.KeyUsages = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
			}
			_, err := leaf.Verify(o)
			if good := strings.HasSuffix(name, " good"); good != (err == nil) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})

	t.Run("the host of the listener is in the certificate", func(t *testing.T) {
		for _, host := range []string{"192.0.2.7", "2001:db8::7", "127.0.0.5", "chat.example.test", "CHAT.example.test", "fe80::1%eth0"} {
			a := newAuthority(t, filepath.Join(t.TempDir(), "tls"), host)
			name, _, _ := strings.Cut(host, "%")
			if err := leafOf(t, a).VerifyHostname(name); err != nil {
				t.Errorf("%s: %v", host, err)
			}
		}
	})

	t.Run("an address that stands for all is no name", func(t *testing.T) {
		for _, host := range []string{"", "0.0.0.0", "::", "::ffff:127.0.0.1", "::ffff:0.0.0.0", "localhost", "LocalHost", "127.0.0.1", "::1"} {
			if names := namesWith(host); len(names) != len(localNames) {
				t.Errorf("%q: %v", host, names)
			}
		}
	})

	t.Run("an authority that was made for less says so", func(t *testing.T) {
		folder := filepath.Join(t.TempDir(), "tls")
		if err := newAuthority(t, folder, "").Check(); err != nil {
			t.Fatal(err)
		}
		err := newAuthority(t, folder, "192.0.2.7").Check()
		if err == nil || !strings.Contains(err.Error(), "vouches for localhost, 127.0.0.0/8, ::1, and not for 192.0.2.7") {
			t.Errorf("got %v", err)
		}
		if err := newAuthority(t, folder, "127.0.0.9").Check(); err != nil {
			t.Errorf("another address of this machine: %v", err)
		}
	})

	t.Run("the certificate is renewed near its end, by the same authority", func(t *testing.T) {
		now := time.Now()
		a, err := openAuthority(filepath.Join(t.TempDir(), "tls"), "", func() time.Time { return now })
		if err != nil {
			t.Fatal(err)
		}
		first := leafOf(t, a)
		now = first.NotAfter.Add(-renewBefore - time.Minute)
		if !leafOf(t, a).Equal(first) {
			t.Error("renewed too early")
		}
		now = now.Add(2 * time.Minute)
		second := leafOf(t, a)
		if second.Equal(first) || second.NotAfter.Sub(now) < 300*24*time.Hour {
			t.Errorf("not renewed: ends %v", second.NotAfter)
		}
		if err := second.CheckSignatureFrom(a.Certificate()); err != nil {
			t.Error(err)
		}
		// Whoever reads the folder next finds the new one.
		other, err := openAuthority(a.folder, "", func() time.Time { return now })
		if err != nil || !leafOf(t, other).Equal(second) {
			t.Errorf("the new one is not kept: %v", err)
		}
	})

	t.Run("nothing outlives the authority", func(t *testing.T) {
		now := time.Now()
		clock := func() time.Time { return now }
		a, err := openAuthority(filepath.Join(t.TempDir(), "tls"), "", clock)
		if err != nil {
			t.Fatal(err)
		}
		now = a.cert.NotAfter.Add(-100 * 24 * time.Hour)
		if leaf := leafOf(t, a); leaf.NotAfter.After(a.cert.NotAfter) {
			t.Errorf("a certificate until %v of an authority until %v", leaf.NotAfter, a.cert.NotAfter)
		}
		now = a.cert.NotAfter.Add(-time.Hour)
		if !leafOf(t, a).Equal(leafOf(t, a)) {
			t.Error("another certificate for every handshake")
		}
		now = a.cert.NotAfter
		if _, err := openAuthority(a.folder, "", clock); err == nil || !strings.Contains(err.Error(), "has ended") || !strings.Contains(err.Error(), "remove the folder") {
			t.Errorf("got %v", err)
		}
	})

	t.Run("files that make no sense are told, or replaced where nothing is lost", func(t *testing.T) {
		for name, c := range map[string]struct{ file, content, want string }{
			"no authority any more":           {"ca.pem", "", "find any PEM data in certificate input"},
			"no key any more":                 {"ca-key.pem", "", "find any PEM data in key input"},
			"a key of another":                {"ca-key.pem", "key", "private key does not match public key"},
			"the certificate of no authority": {"ca.pem", "leaf", "does not match"},
			"a broken certificate":            {"leaf.pem", "-----BEGIN", ""},
		} {
			folder := filepath.Join(t.TempDir(), "tls")
			if err := newAuthority(t, folder, "").Check(); err != nil {
				t.Fatal(err)
			}
			switch c.content {
			case "key":
				key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
				if err != nil {
					t.Fatal(err)
				}
				content, err := encodeKey(key)
				if err != nil {
					t.Fatal(err)
				}
				c.content = string(content)
			case "leaf":
				content, err := os.ReadFile(filepath.Join(folder, "leaf.pem"))
				if err != nil {
					t.Fatal(err)
				}
				c.content = string(content)
			}
			if err := os.WriteFile(filepath.Join(folder, c.file), []byte(c.content), 0o600); err != nil {
				t.Fatal(err)
			}
			a, err := OpenAuthority(folder, "")
			if err == nil {
				err = a.Check()
			}
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "remove the folder "+folder)) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestConfig(t *testing.T) {
	t.Run("a listener offers HTTP/1.1, which WebSockets need", func(t *testing.T) {
		c := Config(newAuthority(t, filepath.Join(t.TempDir(), "tls"), ""))
		if len(c.NextProtos) != 1 || c.NextProtos[0] != "http/1.1" || c.MinVersion != tls.VersionTLS12 {
			t.Errorf("%+v", c.NextProtos)
		}
		if c := Config(NewACME(ACMEOptions{Domains: []string{"chat.example.test"}})); len(c.NextProtos) != 2 || c.NextProtos[1] != "acme-tls/1" {
			t.Errorf("%+v", c.NextProtos)
		}
	})
}
