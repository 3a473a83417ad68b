package live

import (
	"crypto/sha256"
	"sync"
	"time"
)

const (
	// maxSignatures bounds the signatures that are remembered: thousands of connects a second for as
	// long as a signature of the official client is good for.
	maxSignatures = 1 << 21
	// forgetEvery is how often those that are good no more are looked for.
	forgetEvery = time.Minute
)

// signatures remembers the signatures that connected somebody, so that none does so twice: a URL that
// was seen on its way is of no use. Only good signatures come here.
type signatures struct {
	mu        sync.Mutex
	seen      map[[16]byte]use
	forgotten time.Time
}

// use is when a signature was used, and until when it is good, both in Unix milliseconds.
type use struct{ at, until int64 }

func newSignatures() *signatures { return &signatures{seen: make(map[[16]byte]use)} }

// freshness tells whether a signature was used before.
type freshness int

const (
	fresh freshness = iota
	justUsed
	used
)

// sameSecond is how long after its use a signature may be that of an honest client: times are signed in
// whole seconds, so one whose connection breaks at once signs the same text when it comes back.
const sameSecond = 2 * time.Second

// use tells whether a signature, which is good until a time, was used before, and remembers it.
func (s *signatures) use(signature string, now, until time.Time) freshness {
	sum := sha256.Sum256([]byte(signature))
	key := [16]byte(sum[:])
	s.mu.Lock()
	defer s.mu.Unlock()
	before, ok := s.seen[key]
	switch {
	case ok && now.UnixMilli()-before.at <= sameSecond.Milliseconds():
		return justUsed
	case ok, len(s.seen) >= maxSignatures:
		return used
	}
	s.seen[key] = use{at: now.UnixMilli(), until: until.UnixMilli()}
	return fresh
}

// forget drops the signatures that are good no more, from time to time.
func (s *signatures) forget(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.forgotten) < forgetEvery {
		return
	}
	s.forgotten = now
	for key, use := range s.seen {
		if use.until < now.UnixMilli() {
			delete(s.seen, key)
		}
	}
	if len(s.seen) == 0 {
		s.seen = make(map[[16]byte]use) // a map keeps the room it once needed
	}
}
