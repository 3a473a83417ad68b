// Package cert is where the certificates of the TLS listener come from: an authority of this machine's
// own for a laptop, files that somebody else renews, or a public authority by ACME.
//
// Each source answers handshakes and keeps its certificate fresh while the server runs. Settings,
// HTTP and the API do not enter here.
package cert

import (
	"crypto/tls"

	"golang.org/x/crypto/acme"
)

// Source has a certificate for those who connect. Its method is for tls.Config.GetCertificate.
type Source interface {
	GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error)
}

// Config is the configuration of a listener with certificates of a source.
//
// It offers HTTP/1.1 alone: browsers open WebSockets by its Upgrade, and one that has been given
// HTTP/2 for its API calls gains nothing and loses connections of its own.
func Config(s Source) *tls.Config {
	protocols := []string{"http/1.1"}
	if _, ok := s.(*ACME); ok {
		protocols = append(protocols, acme.ALPNProto) // how the authority looks who answers for a domain
	}
	return &tls.Config{GetCertificate: s.GetCertificate, NextProtos: protocols, MinVersion: tls.VersionTLS12}
}
