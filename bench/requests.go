package bench

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"
)

// requests is a load of single requests. It comes in rounds: before the clock of a round runs, its
// requests are made and signed; then they are sent over connections that are kept. What the tool does
// while the clock runs is little: the server has the machine.
type requests struct {
	load
	round time.Duration
	limit bool
}

func (s *requests) flags(f *pflag.FlagSet, callers string) {
	s.duration, s.warmUp = 10*time.Second, 2*time.Second
	s.load.flags(f)
	f.IntVar(&s.callers, "callers", 64, callers)
	f.DurationVar(&s.round, "round", 2*time.Second, "how long a round is; the requests of a round are signed before it begins")
	f.BoolVar(&s.limit, "limit", false, "measure by turns what a handler that does nothing and a disk that does nothing else can do")
}

// workload is what is asked for in a scenario.
type workload struct {
	// name is what the operations are called, in the plural; kinds are the operations by themselves.
	name  string
	kinds []string
	// unit is what one operation does several of, per times: members of a batch.
	unit string
	per  int
	// writes is set when an answer has to wait for the disk.
	writes bool
	// next makes the next request of a caller. Each caller has one goroutine at a time.
	next func(ctx context.Context, caller int) (request, error)
	// check, when not nil, looks into an answer that reports success.
	check func(body []byte) error
}

// request is one that is ready to be sent.
type request struct {
	kind int // which of the workload's
	raw  []byte
}

// sign makes a signed request.
func (b *Bench) sign(kind int, name, bearer string, path []string, query string, in any) (request, error) {
	r, body, err := b.client.request(name, bearer, path, query, in)
	if err != nil {
		return request{}, err
	}
	return request{kind: kind, raw: serialize(r, body, kind)}, nil
}

// again is a request that may be sent many times, and is signed again before its signature is old.
type again struct {
	request
	signed time.Time
}

// freshFor is how long a signature is used: servers take it for five minutes.
const freshFor = time.Minute

func (a *again) use(make func() (request, error)) (request, error) {
	if time.Since(a.signed) > freshFor {
		r, err := make()
		if err != nil {
			return r, err
		}
		a.request, a.signed = r, time.Now()
	}
	return a.request, nil
}

// course is a load of requests under way.
type course struct {
	*requests
	b     *Bench
	w     *workload
	wires []*wire

	rings [][]request // by caller, made before the round
	used  []int       // of each ring
	hasty atomic.Int64
	pace  float64 // operations per second of the round before

	all    *outcome
	byKind []*delays
	shapes []atomic.Pointer[shape] // of the answers, by kind
	meter  meter
	memory memories
}

// measure puts the load on, and reports.
func (s *requests) measure(ctx context.Context, b *Bench, w *workload) error {
	if s.callers < 1 || s.round <= 0 {
		return fmt.Errorf("%d callers and rounds of %v make no load", s.callers, s.round)
	}
	if s.round > freshFor {
		return fmt.Errorf("rounds of %v: signatures that are made before would be old", s.round)
	}
	if s.limit && s.rate > 0 {
		return fmt.Errorf("--limit compares what can be done, and --rate %v asks for less", s.rate)
	}
	c := &course{
		requests: s, b: b, w: w, all: newOutcome(), meter: meter{process: b.process()}, memory: memories{process: b.process(), admin: b.Admin},
		rings: make([][]request, s.callers), used: make([]int, s.callers), shapes: make([]atomic.Pointer[shape], len(w.kinds)),
	}
	for range w.kinds {
		c.byKind = append(c.byKind, newDelays())
	}
	var err error
	if c.wires, err = b.wires(s.callers, b.Endpoint); err != nil {
		return err
	}
	defer closeWires(c.wires)
	if err := c.warm(ctx); err != nil {
		return err
	}
	if s.limit {
		return c.againstLimit(ctx)
	}
	err = c.each(ctx, func() error { return c.once(ctx) })
	c.report()
	return err
}

// wires makes connections to a server.
func (b *Bench) wires(n int, endpoint string) ([]*wire, error) {
	list := make([]*wire, n)
	for i := range list {
		var err error
		if list[i], err = newWire(endpoint, b.client.secure); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func closeWires(wires []*wire) {
	for _, w := range wires {
		w.close()
	}
}

// each does something once for each round of the duration.
func (c *course) each(ctx context.Context, do func() error) error {
	n := c.rounds(c.round)
	for i := range n {
		c.b.show(func() string { return fmt.Sprintf("round %d of %d, %d %s", i+1, n, c.all.operations.Load(), c.w.name) })
		c.memory.look(ctx)
		if err := do(); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	c.memory.look(ctx)
	c.b.show(nil)
	return nil
}

// warm opens the connections and learns how many requests a round takes and, for a comparison with the
// limit, what the answers look like: that may take more than one warm-up when the machine is slow.
func (c *course) warm(ctx context.Context) error {
	if c.warmUp == 0 {
		return nil
	}
	c.b.show(func() string { return "warming up" })
	l := c.load
	l.warmUp, l.duration = 0, c.warmUp
	o := newOutcome()
	until(c.wires, c.warmUp+callTimeout)
	for begin := time.Now(); ; {
		l.add(ctx, o, c.send(c.wires, nil))
		if !c.limit || c.shaped() || o.failures.Load() > 0 || time.Since(begin) > callTimeout || ctx.Err() != nil {
			break
		}
	}
	c.pace = o.perSecond()
	c.hasty.Store(0)
	for i := range c.byKind {
		c.byKind[i] = newDelays()
	}
	return ctx.Err()
}

// shaped reports whether an answer of each kind has been seen.
func (c *course) shaped() bool {
	for i := range c.shapes {
		if c.shapes[i].Load() == nil {
			return false
		}
	}
	return true
}

// spare is how many requests more than the round before needed are made for a round.
const spare = 1.3

// prepare makes the requests of a round.
func (c *course) prepare(ctx context.Context) error {
	perSecond := c.rate
	if c.rate == 0 {
		perSecond = spare * c.pace
	}
	n := int(math.Ceil(perSecond*c.round.Seconds()/float64(c.callers))) + 1
	if c.pace == 0 && c.rate == 0 {
		n = 0 // nothing is known yet
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(4, runtime.NumCPU()))
	for caller := range c.rings {
		group.Go(func() error {
			c.rings[caller], c.used[caller] = c.rings[caller][:0], 0
			for range n {
				r, err := c.w.next(ctx, caller)
				if err != nil {
					return err
				}
				c.rings[caller] = append(c.rings[caller], r)
			}
			return nil
		})
	}
	return group.Wait()
}

// once is one round.
func (c *course) once(ctx context.Context) error {
	if err := c.prepare(ctx); err != nil {
		return err
	}
	until(c.wires, c.round+callTimeout)
	operations, measured := c.all.operations.Load(), c.all.measured
	l := c.load
	l.warmUp, l.duration = 0, c.round
	c.meter.start()
	l.add(ctx, c.all, c.send(c.wires, c.all))
	c.meter.stop()
	c.pace = float64(c.all.operations.Load()-operations) / (c.all.measured - measured).Seconds()
	return nil
}

// until has connections fail that a server holds for too long.
func until(wires []*wire, length time.Duration) {
	for _, w := range wires {
		w.until(time.Now().Add(length))
	}
}

// send is the operation: the next request of the caller, over its connection.
func (c *course) send(wires []*wire, into *outcome) operation {
	return func(ctx context.Context, caller int, _ time.Time) error {
		r, err := c.take(ctx, caller)
		if err != nil {
			return err
		}
		begin := time.Now()
		a, err := wires[caller].exchange(ctx, r.raw)
		if err != nil {
			return err
		}
		if a.status/100 != 2 {
			return &refusal{operation: c.w.kinds[r.kind], status: a.status, kind: a.kind, message: string(a.body)}
		}
		if c.shapes[r.kind].Load() == nil {
			c.shapes[r.kind].Store(shapeOf(a))
		}
		if into != nil && len(c.byKind) > 1 {
			c.byKind[r.kind].add(caller, time.Since(begin))
		}
		if c.w.check != nil {
			return c.w.check(a.body)
		}
		return nil
	}
}

// take is the next request of a caller's ring, or one that is made in haste.
func (c *course) take(ctx context.Context, caller int) (request, error) {
	if ring := c.rings[caller]; c.used[caller] < len(ring) {
		c.used[caller]++
		return ring[c.used[caller]-1], nil
	}
	c.hasty.Add(1)
	return c.w.next(ctx, caller)
}

// report reports what was measured.
func (c *course) report() {
	r, operations := c.b.Report, float64(c.all.operations.Load())
	r.number(c.w.name+" per second", c.all.perSecond(), "1/s")
	if c.w.per > 1 {
		r.number(c.w.unit+" per second", c.all.perSecond()*float64(c.w.per), "1/s")
	}
	c.meter.report(r, c.all)
	c.memory.report(r)
	if n := c.hasty.Load(); n > 0 {
		r.number("signed while the clock ran", 100*float64(n)/operations, "% of the requests")
	}
	c.all.reportFailures(r, c.w.name)
	if c.rate > 0 {
		c.all.delays.report(r, c.w.name+", from when they were due")
	}
	c.all.service.report(r, c.w.name+", from their start")
	if len(c.byKind) > 1 {
		for i, d := range c.byKind {
			d.report(r, c.w.kinds[i]+", from their start")
		}
	}
}
