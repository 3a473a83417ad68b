package bench

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// memoryEvery is the time between two looks at the memory of a server that is measured for longer.
const memoryEvery = time.Minute

// memories is what memory a server had, from time to time, while it was measured: what goes on growing
// under an even load, when all its caches are full, is a leak.
type memories struct {
	process
	admin       string
	began, last time.Time
	looked      []memory
}

type memory struct {
	at, rss, heap, goroutines float64
}

// look notes the memory of now, if the last look was long enough ago.
func (m *memories) look(ctx context.Context) {
	now := time.Now()
	if m.began.IsZero() {
		m.began = now
	} else if now.Sub(m.last) < memoryEvery {
		return
	}
	m.last = now
	rss, err := m.rss()
	if err != nil {
		return
	}
	told := gauges(ctx, m.admin, "go_memstats_heap_alloc_bytes", "go_goroutines")
	m.looked = append(m.looked, memory{at: now.Sub(m.began).Minutes(), rss: float64(rss), heap: told[0], goroutines: told[1]})
}

// report tells all there was, when there was time for more than one look.
func (m *memories) report(r *Report) {
	if len(m.looked) < 2 {
		return
	}
	for _, l := range m.looked {
		title := fmt.Sprintf("minute %.0f, server ", l.at)
		r.number(title+"memory", l.rss/(1<<20), "MiB")
		if l.heap > 0 {
			r.number(title+"heap", l.heap/(1<<20), "MiB")
			r.number(title+"goroutines", l.goroutines, "")
		}
	}
}

// gauges reads metrics without labels from an admin listener; what it does not tell is 0.
func gauges(ctx context.Context, admin string, names ...string) []float64 {
	values := make([]float64, len(names))
	if admin == "" {
		return values
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, admin+"/metrics", nil)
	if err != nil {
		return values
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return values
	}
	defer answer.Body.Close()
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		for i, name := range names {
			if text, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
				values[i], _ = strconv.ParseFloat(text, 64)
			}
		}
	}
	return values
}
