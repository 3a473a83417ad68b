package server

import (
	"fmt"
	"net"
	"net/http"
	"slices"

	"github.com/realclientip/realclientip-go"
)

// withProxies gives requests that come through a proxy which is trusted the address of their client, where
// everything behind it looks for that: as if the client had connected itself. Of the addresses in
// X-Forwarded-For only the one counts that the first trusted proxy saw: those before it are what the client
// says of itself.
func withProxies(trusted []net.IPNet, next http.Handler) http.Handler {
	if len(trusted) == 0 {
		return next
	}
	forwarded := realclientip.Must(realclientip.NewRightmostTrustedRangeStrategy("X-Forwarded-For", trusted))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if peer, err := realclientip.ParseIPAddr(r.RemoteAddr); err == nil && contain(trusted, peer.IP) {
			if client, err := realclientip.ParseIPAddr(forwarded.ClientIP(r.Header, r.RemoteAddr)); err == nil {
				r.RemoteAddr = net.JoinHostPort(client.IP.String(), "0") // its port is not known
			}
		}
		next.ServeHTTP(w, r)
	})
}

func contain(ranges []net.IPNet, ip net.IP) bool {
	return slices.ContainsFunc(ranges, func(r net.IPNet) bool { return r.Contains(ip) })
}

// trustedProxies are the ranges of addresses of the proxies that are trusted.
func (c *Config) trustedProxies() (all []net.IPNet, err error) {
	for _, text := range c.TrustedProxies {
		ranges, err := realclientip.AddressesAndRangesToIPNets(text)
		if err != nil {
			return nil, fmt.Errorf("%q is no address and no range: use 192.0.2.7, 10.0.0.0/8 or fd00::/8", text)
		}
		all = append(all, ranges...)
	}
	return all, nil
}
