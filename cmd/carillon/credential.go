package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"

	"carillon/api"
	"carillon/server"
)

const defaultEndpoint = "http://127.0.0.1:8080"

// credentials sign a request.
type credentials struct{ accessKeyID, secret, sessionToken string }

// credentials finds credentials: all of them in flags, else all of them in the environment, else the
// root key of a data folder. They are never mixed, because parts of two keys are no key.
func (p process) credentials(f callFlags) (credentials, error) {
	for _, c := range []credentials{
		{f.accessKeyID, f.secret, f.sessionToken},
		{p.env("AWS_ACCESS_KEY_ID"), p.env("AWS_SECRET_ACCESS_KEY"), p.env("AWS_SESSION_TOKEN")},
	} {
		if c.accessKeyID != "" && c.secret != "" {
			return c, nil
		}
		if c.accessKeyID != "" || c.secret != "" {
			return credentials{}, errors.New("an access key id and a secret access key only work together: give both")
		}
	}
	key, err := server.ReadRootKey(f.data)
	if err != nil {
		return credentials{}, fmt.Errorf("no credentials: give --access-key-id and --secret-access-key, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name the data folder of a server with --data (%w)", err)
	}
	return credentials{accessKeyID: key.ID, secret: key.Secret}, nil
}

// endpoint finds the URL to call, as AWS's own tools do.
func (p process) endpoint(op *api.Operation, f callFlags) string {
	variable := "AWS_ENDPOINT_URL_CHIME_SDK_MESSAGING"
	if op.Namespaces&api.NamespaceMessaging == 0 {
		variable = "AWS_ENDPOINT_URL_CHIME_SDK_IDENTITY"
	}
	return first(f.endpoint, p.env(variable), p.env("AWS_ENDPOINT_URL"), defaultEndpoint)
}

// transport carries requests to servers whose certificates are of the roots.
func (p process) transport(f callFlags) (http.RoundTripper, error) {
	roots, err := p.roots(f)
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	return transport, nil
}

// roots are the authorities of the system, those of AWS_CA_BUNDLE as AWS's own tools do, and the
// local one of a data folder.
func (p process) roots(f callFlags) (*x509.CertPool, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		return nil, err
	}
	if bundle := p.env("AWS_CA_BUNDLE"); bundle != "" {
		content, err := os.ReadFile(bundle)
		if err != nil {
			return nil, fmt.Errorf("AWS_CA_BUNDLE: %w", err)
		}
		if !roots.AppendCertsFromPEM(content) {
			return nil, fmt.Errorf("AWS_CA_BUNDLE: %s holds no certificate", bundle)
		}
	}
	// A folder without an authority has none to trust.
	if content, err := os.ReadFile(server.AuthorityFile(f.data)); err == nil {
		roots.AppendCertsFromPEM(content)
	}
	return roots, nil
}

// region finds the region to sign for.
func (p process) region(f callFlags) string {
	return first(f.region, p.env("AWS_REGION"), p.env("AWS_DEFAULT_REGION"), "us-east-1")
}

// env returns the last value that the environment gives a variable.
func (p process) env(name string) string {
	value := ""
	for _, entry := range p.environ {
		if v, ok := strings.CutPrefix(entry, name+"="); ok {
			value = v
		}
	}
	return value
}
