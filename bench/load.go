package bench

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/pflag"
)

// load says how operations are started. With a rate the loop is open: each operation is due at a time
// that was fixed beforehand, and its delay is counted from there, so that a server that stalls is not
// spared the operations that were due meanwhile. Without one the loop is closed: everybody starts the
// next operation when the last one was answered, and at least one that is measured.
type load struct {
	callers  int
	rate     float64 // operations per second of all callers together; 0 is a closed loop
	warmUp   time.Duration
	duration time.Duration
}

func (l *load) flags(f *pflag.FlagSet) {
	f.Float64Var(&l.rate, "rate", l.rate, "operations per second of all callers together; 0: each starts the next when the last was answered")
	f.DurationVar(&l.duration, "duration", l.duration, "how long is measured")
	f.DurationVar(&l.warmUp, "warm-up", l.warmUp, "how long the load is on before it is measured")
}

// outcome is what came of a load.
type outcome struct {
	// measured is the time that was measured, operations and failures what was done in it.
	measured             time.Duration
	operations, failures atomic.Int64
	// delays are from the time an operation was due to its answer, service from its start.
	delays, service *delays

	mu     sync.Mutex
	failed map[string]*failed // by kind
}

// failed is how often operations failed in one way.
type failed struct {
	times int64
	first error
}

// operation is done once by a caller. due is when it should have started.
type operation func(ctx context.Context, caller int, due time.Time) error

func newOutcome() *outcome { return &outcome{delays: newDelays(), service: newDelays()} }

// run puts the load on. begin is called when the measurement begins.
func (l *load) run(ctx context.Context, do operation, begin func()) *outcome {
	o := newOutcome()
	if l.warmUp == 0 {
		begin()
		l.add(ctx, o, do)
		return o
	}
	begun := make(chan struct{})
	timer := time.AfterFunc(l.warmUp, func() {
		begin()
		close(begun)
	})
	l.add(ctx, o, do)
	if !timer.Stop() {
		<-begun
	}
	return o
}

// add puts the load on and adds what comes of it.
func (l *load) add(ctx context.Context, o *outcome, do operation) {
	start := time.Now()
	from := start.Add(l.warmUp)
	end := from.Add(l.duration)
	var group sync.WaitGroup
	for caller := range l.callers {
		group.Go(func() {
			measured := l.rate > 0
			for n := 0; ctx.Err() == nil; n++ {
				due := l.due(start, caller, n)
				if !due.Before(end) && measured {
					return
				}
				if wait := time.Until(due); wait > 0 && pause(ctx, wait) != nil {
					return
				}
				measured = o.once(ctx, do, caller, due, from) || measured
			}
		})
	}
	group.Wait()
	o.measured += time.Since(from)
}

// rounds is how many rounds of a length there are in the time that is measured, at least one.
func (l *load) rounds(length time.Duration) int {
	return max(1, int(math.Round(l.duration.Seconds()/length.Seconds())))
}

// due is when the n-th operation of a caller starts.
func (l *load) due(start time.Time, caller, n int) time.Time {
	if l.rate == 0 {
		return time.Now()
	}
	return start.Add(time.Duration((float64(caller) + float64(n*l.callers)) / l.rate * float64(time.Second)))
}

// once does an operation, and reports whether it was started in the time that is measured.
func (o *outcome) once(ctx context.Context, do operation, caller int, due, from time.Time) bool {
	started := time.Now()
	err := do(ctx, caller, due)
	now := time.Now()
	switch {
	case started.Before(from):
		return false
	case err == nil:
		o.operations.Add(1)
		o.delays.add(caller, now.Sub(due))
		o.service.add(caller, now.Sub(started))
	case ctx.Err() == nil:
		o.fail(err)
	}
	return true
}

// fail notes an operation that failed.
func (o *outcome) fail(err error) {
	o.failures.Add(1)
	kind := ""
	if refused := (*refusal)(nil); errors.As(err, &refused) {
		kind = fmt.Sprintf(" with %s (%d)", refused.kind, refused.status)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.failed == nil {
		o.failed = make(map[string]*failed)
	}
	if o.failed[kind] == nil {
		o.failed[kind] = &failed{first: err}
	}
	o.failed[kind].times++
}

// report puts what came of the load into a report, in which the operations have a name.
func (o *outcome) report(r *Report, name string) {
	r.number(name+" per second", o.perSecond(), "1/s")
	o.reportFailures(r, name)
	o.delays.report(r, name+", from when they were due")
	o.service.report(r, name+", from their start")
}

// perSecond is how many operations there were in a second that was measured.
func (o *outcome) perSecond() float64 { return float64(o.operations.Load()) / o.measured.Seconds() }

func (o *outcome) reportFailures(r *Report, name string) {
	for _, kind := range slices.Sorted(maps.Keys(o.failed)) {
		r.brokeAs(o.failed[kind].times, name+" failed"+kind, o.failed[kind].first)
	}
}
