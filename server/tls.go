package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"carillon/cert"
)

// A host name: labels of letters, digits, hyphens and, for the names that Docker gives, underscores.
var hostPattern = regexp.MustCompile(`(?i)^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$`)

// addrs are the addresses that the API is reached at.
func (c *Config) addrs() []string {
	if c.TLSAddr == TLSOff {
		return []string{c.Addr}
	}
	return []string{c.Addr, c.TLSAddr}
}

// validateTLS checks the settings of TLS and of sessions.
func (c *Config) validateTLS(check func(name string, err error)) {
	var needs string // a setting that means nothing without a listener
	switch {
	case c.TLSCert != "" || c.TLSKey != "":
		needs = "tls.cert and tls.key"
	case len(c.ACMEDomains) > 0:
		needs = "tls.acme.domains"
	}
	if c.TLSAddr != TLSOff {
		check("tls.addr", checkAddr(c.TLSAddr))
	} else if needs != "" {
		check("tls.addr", fmt.Errorf("is off, but %s need a listener: set it to host:port, such as 0.0.0.0:443", needs))
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		check("tls.cert", errors.New("set both tls.cert and tls.key, or neither"))
	}
	if len(c.ACMEDomains) > 0 && needs != "tls.acme.domains" {
		check("tls.acme.domains", errors.New("certificates are either obtained or read from tls.cert and tls.key: set one of the two"))
	}
	for _, domain := range c.ACMEDomains {
		check("tls.acme.domains", checkDomain(domain))
	}
	if c.ACMEEmail != "" {
		check("tls.acme.email", c.checkEmail())
	}
	if c.ACMEDirectory != "" {
		check("tls.acme.directory", c.checkDirectory())
	}
	if c.SessionEndpoint != "" {
		check("session.endpoint", checkAuthority(c.SessionEndpoint))
	}
}

func checkDomain(domain string) error {
	switch _, err := netip.ParseAddr(domain); {
	case strings.HasPrefix(domain, "*."):
		return fmt.Errorf("%q: certificates for wildcards cannot be obtained here: list every name", domain)
	case err == nil:
		return fmt.Errorf("%q is an address; certificates are for names", domain)
	case !hostPattern.MatchString(domain) || !strings.Contains(domain, ".") || len(domain) > 253:
		return fmt.Errorf("%q is no public domain, such as chat.example.com", domain)
	}
	return nil
}

func (c *Config) checkEmail() error {
	if a, err := mail.ParseAddress(c.ACMEEmail); err != nil || a.Address != c.ACMEEmail {
		return fmt.Errorf("%q is no address, such as me@example.com", c.ACMEEmail)
	}
	return c.needDomains()
}

func (c *Config) checkDirectory() error {
	if u, err := url.Parse(c.ACMEDirectory); err != nil || u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("%q is no URL that begins with https://", c.ACMEDirectory)
	}
	return c.needDomains()
}

func (c *Config) needDomains() error {
	if len(c.ACMEDomains) == 0 {
		return errors.New("means nothing without tls.acme.domains")
	}
	return nil
}

// checkAuthority accepts what can stand between wss:// and a path.
func checkAuthority(authority string) error {
	u, err := url.Parse("//" + authority)
	if err != nil || u.Host != authority || strings.HasSuffix(authority, ":") {
		return fmt.Errorf("%q must be a host, or host:port, without a scheme and a path, such as chat.example.com", authority)
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return fmt.Errorf("%q has no port between 1 and 65535", authority)
		}
	}
	if _, err := netip.ParseAddr(u.Hostname()); err != nil && !hostPattern.MatchString(u.Hostname()) {
		return fmt.Errorf("%q has no valid host", authority)
	}
	return nil
}

func authorityFolder(data string) string { return filepath.Join(data, "tls") }

// AuthorityFile is where a data folder has the certificate of its authority, if it has one.
func AuthorityFile(data string) string { return cert.AuthorityFile(authorityFolder(data)) }

// LocalAuthority opens the certificate authority of a server's own, which it makes when there is none.
func (c *Config) LocalAuthority() (*cert.Authority, error) {
	host := ""
	if c.TLSAddr != TLSOff {
		var err error
		if host, _, err = net.SplitHostPort(c.TLSAddr); err != nil {
			return nil, err
		}
	}
	folder, err := filepath.Abs(authorityFolder(c.Data))
	if err != nil {
		return nil, err
	}
	a, err := cert.OpenAuthority(folder, host)
	if err != nil {
		return nil, err
	}
	return a, a.Check()
}

// certificates opens where the certificates of the listener come from.
func (s *Server) certificates() (cert.Source, error) {
	c := &s.config
	switch {
	case c.TLSCert != "":
		files, err := cert.OpenFiles(c.TLSCert, c.TLSKey, s.log)
		if err != nil {
			return nil, fmt.Errorf("tls.cert: %w", err)
		}
		return files, nil
	case len(c.ACMEDomains) > 0:
		s.acme = cert.NewACME(cert.ACMEOptions{
			Domains: c.ACMEDomains, Email: c.ACMEEmail, Directory: c.ACMEDirectory, Folder: filepath.Join(c.Data, "acme"), Log: s.log,
		})
		return s.acme, nil
	default:
		a, err := c.LocalAuthority()
		if err != nil {
			return nil, fmt.Errorf("tls.addr: %w", err)
		}
		s.caFile = a.File()
		return a, nil
	}
}

// listenTLS opens the listener with TLS, unless it is off.
func (s *Server) listenTLS(ctx context.Context, lc *net.ListenConfig) error {
	if s.config.TLSAddr == TLSOff {
		return nil
	}
	source, err := s.certificates()
	if err != nil {
		return err
	}
	l, err := lc.Listen(ctx, "tcp", s.config.TLSAddr)
	if err != nil {
		return listenError("tls.addr", err)
	}
	s.tlsListener = tls.NewListener(s.limited(l), cert.Config(source))
	return nil
}

// listenError says what can be done about an address that is taken.
func listenError(setting string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s: %w: choose another port with --%s host:port (0 takes a free one)", setting, err, strings.ReplaceAll(setting, ".", "-"))
	}
	return fmt.Errorf("%s: %w", setting, err)
}

// TLSAddr is the address the API listens on with TLS; empty when it does not.
func (s *Server) TLSAddr() string {
	if s.tlsListener == nil {
		return ""
	}
	return s.tlsListener.Addr().String()
}

// TLSEndpoint is the URL of the API by TLS as seen from this machine; empty when there is none.
func (s *Server) TLSEndpoint() string {
	if s.tlsListener == nil {
		return ""
	}
	return "https://" + Reachable(s.TLSAddr())
}

// CAFile is the path of the authority that clients must trust to use TLS; empty when there is none of the
// server's own.
func (s *Server) CAFile() string { return s.caFile }

// securePort is the port of the listener with TLS; empty when there is none.
func (s *Server) securePort() string {
	_, port, err := net.SplitHostPort(s.TLSAddr())
	if err != nil {
		return ""
	}
	return port
}
