package throttle

import (
	"net/netip"
	"sync"

	"carillon/api"
)

// Gate bounds the work for those of whom nothing is known yet: their bodies take memory, and their
// signatures time. A request is inside from before its body is read until it is known who signed it, which
// takes a fraction of a millisecond, unless its body comes slowly. One address, or network of addresses of
// IPv6 that one client has, may have a part of the places only, so that it takes several to keep everybody
// else out. It is safe for concurrent use.
type Gate struct {
	places, perAddress int

	mu     sync.Mutex
	inside int
	from   map[string]int // those inside by their networks
}

// addressShare is the part of the places that one address may have.
const addressShare = 4

// NewGate makes a Gate with room for so many requests.
func NewGate(places int) *Gate {
	return &Gate{places: places, perAddress: max(1, places/addressShare), from: make(map[string]int)}
}

// Enter takes a place for a request from an address, which must be left.
func (g *Gate) Enter(address string) (leave func(), err error) {
	network := networkOf(address)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.inside >= g.places || g.from[network] >= g.perAddress {
		return nil, api.Errorf(api.ServiceUnavailable, "Too many requests are being verified. Please try again.")
	}
	g.inside++
	g.from[network]++
	return func() { g.leave(network) }, nil
}

func (g *Gate) leave(network string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	if g.from[network]--; g.from[network] == 0 {
		delete(g.from, network)
	}
}

// networkOf is what one client is taken to have: an address of IPv4, or 64 bits of IPv6.
func networkOf(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil || ip.Unmap().Is4() {
		return address
	}
	prefix, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return address
	}
	return prefix.String()
}
