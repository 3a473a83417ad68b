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
	seen      map[[16]byte]int64 // until when, in Unix seconds
	forgotten time.Time
}

func newSignatures() *signatures { return &signatures{seen: make(map[[16]byte]int64)} }

// first reports whether a signature is seen for the first time. It is good until a time.
func (s *signatures) first(signature string, until time.Time) bool {
	sum := sha256.Sum256([]byte(signature))
	key := [16]byte(sum[:])
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.seen[key]; ok || len(s.seen) >= maxSignatures {
		return false
	}
	s.seen[key] = until.Unix()
	return true
}

// forget drops the signatures that are good no more, from time to time.
func (s *signatures) forget(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.forgotten) < forgetEvery {
		return
	}
	s.forgotten = now
	for key, until := range s.seen {
		if until < now.Unix() {
			delete(s.seen, key)
		}
	}
	if len(s.seen) == 0 {
		s.seen = make(map[[16]byte]int64) // a map keeps the room it once needed
	}
}
