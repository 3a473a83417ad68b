// Package throttle holds requests to rates, as AWS does: so many per second on one channel, by one
// bearer, in one account; and every principal to limits of the operator's own.
//
// It counts admitted requests in this process and refuses the rest with Throttled. It does not wait,
// does not know what a request does, and keeps nothing that outlives the process.
package throttle

import (
	"context"
	"hash/maphash"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"

	"carillon/api"
	"carillon/arn"
)

// defaultBuckets takes some 15 MB when every bucket is in use.
const defaultBuckets = 1 << 16

// Options are what a Throttle can be given besides its rates. The zero value is ready for use.
type Options struct {
	// Now is the clock; nil is the machine's.
	Now func() time.Time
	// Buckets bounds how many buckets are kept; 0 is 65,536. The one that was not used for longest
	// is forgotten first. A forgotten bucket is full when it comes back, as is one that was not used
	// for a second.
	Buckets int
}

// Throttle counts requests in token buckets, one for each rate and resource. It is safe for
// concurrent use.
type Throttle struct {
	rates []Rate
	now   func() time.Time
	// of has the places in rates that count an operation; those that count every one are in all.
	of  map[string][]int
	all []int

	// Buckets go by the hashes of their keys, because a bearer that nobody has looked at yet may be
	// as long as a header can be. The seed keeps anybody from making two keys meet.
	seed    maphash.Seed
	mu      sync.Mutex
	buckets *simplelru.LRU[uint64, *rate.Limiter]
}

// bucketKey names a bucket. The caller's account is part of it, so that nobody can use up the rates of
// resources that belong to somebody else.
type bucketKey struct {
	rate     int
	elastic  bool
	account  string
	resource string
	sub      string
}

// New makes a Throttle.
func New(rates []Rate, o Options) *Throttle {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Buckets <= 0 {
		o.Buckets = defaultBuckets
	}
	t := &Throttle{rates: rates, now: o.Now, of: make(map[string][]int), seed: maphash.MakeSeed()}
	t.buckets, _ = simplelru.NewLRU[uint64, *rate.Limiter](o.Buckets, nil) // fails for sizes below 1
	for i, r := range rates {
		for _, name := range r.Operations {
			t.of[name] = append(t.of[name], i)
		}
		if len(r.Operations) == 0 {
			t.all = append(t.all, i)
		}
	}
	return t
}

// Admit counts a request against every rate that is about it. When one of them is used up, it answers
// Throttled and the request counts for none. Operations without a rate pass.
func (t *Throttle) Admit(_ context.Context, op *api.Operation, caller *api.Caller, in any) error {
	of := t.of[op.Name]
	keys := make([]bucketKey, 0, len(of)+len(t.all))
	r := request{caller: caller, resources: op.Resources(in, nil), sub: subChannel(in)}
	for _, list := range [...][]int{of, t.all} {
		for _, i := range list {
			if key, ok := r.key(i, t.rates[i]); ok {
				keys = append(keys, key)
			}
		}
	}

	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	buckets := make([]*rate.Limiter, len(keys))
	for i, key := range keys {
		buckets[i] = t.bucket(key)
		if buckets[i].TokensAt(now) < 1 {
			return throttled("rate: that of " + t.rates[key.rate].Name + " is used up")
		}
	}
	for _, b := range buckets {
		b.AllowN(now, 1)
	}
	return nil
}

func (t *Throttle) bucket(key bucketKey) *rate.Limiter {
	hash := maphash.Comparable(t.seed, key)
	if b, ok := t.buckets.Get(hash); ok {
		return b
	}
	perSecond := t.rates[key.rate].PerSecond
	if key.elastic {
		perSecond = t.rates[key.rate].Elastic
	}
	b := rate.NewLimiter(rate.Limit(perSecond), perSecond)
	t.buckets.Add(hash, b)
	return b
}

// request is what the rates look at.
type request struct {
	caller    *api.Caller
	resources []string
	sub       string
}

// key returns the bucket that counts the request for one rate; false when it names no resource of the
// rate's scope.
func (r *request) key(i int, of Rate) (bucketKey, bool) {
	key := bucketKey{rate: i, account: r.caller.Account}
	switch of.Scope {
	case PerAccount:
		return key, true
	case PerAppInstance:
		key.resource = r.first(func(a arn.ARN) string { return a.Of(arn.AppInstance, "").String() })
	case PerUser:
		key.resource = r.first(func(a arn.ARN) string {
			if a.IsIdentity() {
				return a.String()
			}
			return ""
		})
		if key.resource == "" {
			key.resource = r.caller.Bearer
		}
	case PerChannel, PerSubChannel:
		key.resource = r.first(func(a arn.ARN) string {
			if a.Kind == arn.Channel {
				return a.String()
			}
			return ""
		})
		if of.Scope == PerSubChannel {
			key.sub = r.sub
		}
		key.elastic = of.Elastic > 0 && r.sub != ""
	case PerBearer:
		key.resource = r.caller.Bearer
	}
	return key, key.resource != ""
}

// first returns what pick makes of the first resource that it makes anything of.
func (r *request) first(pick func(arn.ARN) string) string {
	for _, name := range r.resources {
		a, err := arn.Parse(name)
		if err != nil {
			continue
		}
		if picked := pick(a); picked != "" {
			return picked
		}
	}
	return ""
}

// subChannel returns the sub-channel that a request to change messages or memberships names.
func subChannel(in any) string {
	switch in := in.(type) {
	case *api.CreateChannelMembershipRequest:
		return in.SubChannelId
	case *api.DeleteChannelMembershipRequest:
		return in.SubChannelId
	case *api.SendChannelMessageRequest:
		return in.SubChannelId
	case *api.UpdateChannelMessageRequest:
		return in.SubChannelId
	case *api.RedactChannelMessageRequest:
		return in.SubChannelId
	case *api.DeleteChannelMessageRequest:
		return in.SubChannelId
	default:
		return ""
	}
}
