package throttle

import (
	"fmt"
	"hash/maphash"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"

	"carillon/api"
)

// PrincipalLimits are what one principal may ask of this server. A limit of 0 is none.
type PrincipalLimits struct {
	// PerSecond is how many requests a second; Burst is how many may come at once, as many as PerSecond
	// unless it is set.
	PerSecond, Burst int
	// AtOnce is how many requests may be on their way at the same time.
	AtOnce int
	// Now is the clock; nil is the machine's.
	Now func() time.Time
}

// Principals holds every principal to the same limits. A session of a role is a principal of its own. It is
// safe for concurrent use.
type Principals struct {
	limits PrincipalLimits
	seed   maphash.Seed

	mu      sync.Mutex
	buckets *simplelru.LRU[uint64, *rate.Limiter] // by the hashes of principals
	atOnce  map[string]int                        // of those that have any
}

// NewPrincipals makes Principals.
func NewPrincipals(limits PrincipalLimits) *Principals {
	if limits.Burst == 0 {
		limits.Burst = limits.PerSecond
	}
	if limits.Now == nil {
		limits.Now = time.Now
	}
	p := &Principals{limits: limits, seed: maphash.MakeSeed(), atOnce: make(map[string]int)}
	p.buckets, _ = simplelru.NewLRU[uint64, *rate.Limiter](defaultBuckets, nil) // fails for sizes below 1
	return p
}

// Enter counts a request of a caller until it is left; leave must be called once. A request beyond the
// limits is Throttled, and counts for nothing.
func (p *Principals) Enter(caller *api.Caller) (leave func(), err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	name := caller.Principal
	if p.limits.AtOnce > 0 && p.atOnce[name] >= p.limits.AtOnce {
		return nil, throttled(fmt.Sprintf("rate: the principal has %d requests on their way", p.limits.AtOnce))
	}
	if p.limits.PerSecond > 0 && !p.bucket(name).AllowN(p.limits.Now(), 1) {
		return nil, throttled(fmt.Sprintf("rate: the principal may make %d requests a second", p.limits.PerSecond))
	}
	if p.limits.AtOnce == 0 {
		return func() {}, nil
	}
	p.atOnce[name]++
	return func() { p.leave(name) }, nil
}

func (p *Principals) leave(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.atOnce[name]--; p.atOnce[name] == 0 {
		delete(p.atOnce, name)
	}
}

// bucket is the bucket of a principal. p.mu is held.
func (p *Principals) bucket(name string) *rate.Limiter {
	hash := maphash.String(p.seed, name)
	if b, ok := p.buckets.Get(hash); ok {
		return b
	}
	b := rate.NewLimiter(rate.Limit(p.limits.PerSecond), p.limits.Burst)
	p.buckets.Add(hash, b)
	return b
}

// throttled refuses a request as AWS does.
func throttled(reason string) error {
	return &api.Error{Kind: api.Throttled, Message: "Rate exceeded", Reason: reason}
}
