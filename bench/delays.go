package bench

import (
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

const (
	// maxDelay is the longest time that is told apart from longer ones.
	maxDelay = 5 * time.Minute
	// delayShards is how many histograms take a distribution together, so that those who note hold each
	// other up less.
	delayShards = 4
)

// delays is a distribution of times. It is safe for concurrent use.
type delays struct{ shards [delayShards]delayShard }

type delayShard struct {
	mu sync.Mutex
	h  *hdrhistogram.Histogram
}

func newDelays() *delays {
	d := new(delays)
	for i := range d.shards {
		d.shards[i].h = hdrhistogram.New(1, maxDelay.Microseconds(), 3)
	}
	return d
}

// add notes a time. by is a number of the one who notes it.
func (d *delays) add(by int, t time.Duration) {
	shard := &d.shards[by%delayShards]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	_ = shard.h.RecordValue(min(max(t, 0), maxDelay).Microseconds())
}

// report puts the distribution into a report.
func (d *delays) report(r *Report, name string) {
	all := hdrhistogram.New(1, maxDelay.Microseconds(), 3)
	for i := range d.shards {
		d.shards[i].mu.Lock()
		all.Merge(d.shards[i].h)
		d.shards[i].mu.Unlock()
	}
	milliseconds := func(microseconds int64) float64 { return float64(microseconds) / 1000 }
	r.Delays = append(r.Delays, Delay{
		Name: name, Count: all.TotalCount(),
		P50: milliseconds(all.ValueAtQuantile(50)), P99: milliseconds(all.ValueAtQuantile(99)),
		P999: milliseconds(all.ValueAtQuantile(99.9)), Max: milliseconds(all.Max()),
	})
}
