package api

import (
	"net"
	"net/http"
	"strings"
)

// SourceOf is the network address that a request came from, without its port.
func SourceOf(r *http.Request) string {
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		return host
	}
	return r.RemoteAddr
}

// IsSecure reports whether the client speaks TLS, with this server or, as anybody can say, with a proxy
// before it.
func IsSecure(r *http.Request) bool {
	proxy, _, _ := strings.Cut(r.Header.Get("X-Forwarded-Proto"), ",")
	return r.TLS != nil || strings.EqualFold(strings.TrimSpace(proxy), "https")
}
