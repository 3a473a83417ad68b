package live

import (
	"sync"
	"sync/atomic"
	"time"
)

// beatEvery is the time between two beats.
const beatEvery = confirmEvery

// beat is what happens to connections by the clock. Every connection is in one of as many buckets as
// there are beats between two pings, so that pings are spread evenly.
type beat struct {
	mu      sync.Mutex
	buckets []map[*conn]struct{}
	next    int
	// asked are the connections that are to be asked what they got.
	asked []*conn
	// soon counts the connections that were asked before that since the last beat.
	soon atomic.Int64
}

// maxSoon is how many connections are asked without waiting for a beat, between two: few enough to cost
// a small part of a core.
const maxSoon = 1000

// mayAsk reports whether a connection may be asked now.
func (b *beat) mayAsk() bool { return b.soon.Add(1) <= maxSoon }

// add puts a connection into a bucket.
func (b *beat) add(c *conn, interval time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.buckets == nil {
		b.buckets = make([]map[*conn]struct{}, max(1, int(interval/beatEvery)))
	}
	c.bucket = b.next
	b.next = (b.next + 1) % len(b.buckets)
	if b.buckets[c.bucket] == nil {
		b.buckets[c.bucket] = make(map[*conn]struct{})
	}
	b.buckets[c.bucket][c] = struct{}{}
}

func (b *beat) remove(c *conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.buckets[c.bucket], c)
}

// ask has a connection asked with the next beat.
func (b *beat) ask(c *conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked = append(b.asked, c)
}

// due takes the connections to be asked and those to be pinged with the n-th beat.
func (b *beat) due(n int) (asked, idle []*conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	asked, b.asked = b.asked, nil
	b.soon.Store(0)
	if len(b.buckets) > 0 {
		for c := range b.buckets[n%len(b.buckets)] {
			idle = append(idle, c)
		}
	}
	return asked, idle
}

// all returns every connection.
func (b *beat) all() []*conn {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []*conn
	for _, bucket := range b.buckets {
		for c := range bucket {
			all = append(all, c)
		}
	}
	return all
}

// tick beats until the hub ends.
func (h *Hub) tick() {
	ticker := time.NewTicker(beatEvery)
	defer ticker.Stop()
	for n := 0; ; n++ {
		select {
		case <-ticker.C:
		case <-h.life.Done():
			return
		}
		asked, idle := h.beat.due(n)
		for _, c := range asked {
			c.askAgain()
		}
		for _, c := range idle {
			c.keepAlive(h.PingInterval)
		}
		now := h.Now()
		h.journal.beat(now)
		for _, s := range h.awaiting.over(now) {
			h.expired.Add(sessionName{user: s.user.arn, id: s.id}, struct{}{})
			h.end(s, tooLate)
		}
		h.signatures.forget(now)
	}
}
