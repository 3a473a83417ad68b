package bench

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/pflag"
)

// load says how operations are started. With a rate the loop is open: each operation is due at a time
// that was fixed beforehand, and its delay is counted from there, so that a server that stalls is not
// spared the operations that were due meanwhile. Without one the loop is closed: everybody starts the
// next operation when the last one was answered.
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
	failed          atomic.Pointer[error] // the first
}

// operation is done once by a caller. due is when it should have started.
type operation func(ctx context.Context, caller int, due time.Time) error

// run puts the load on. begin is called when the measurement begins.
func (l *load) run(ctx context.Context, do operation, begin func()) *outcome {
	o := &outcome{delays: newDelays(), service: newDelays()}
	start := time.Now()
	from := start.Add(l.warmUp)
	end := from.Add(l.duration)
	if timer := time.AfterFunc(l.warmUp, begin); l.warmUp == 0 {
		timer.Stop()
		begin()
	}
	var group sync.WaitGroup
	for caller := range l.callers {
		group.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				due := l.due(start, caller, n)
				if !due.Before(end) || pause(ctx, time.Until(due)) != nil {
					return
				}
				o.once(ctx, do, caller, due, from)
			}
		})
	}
	group.Wait()
	o.measured = time.Since(from)
	return o
}

// due is when the n-th operation of a caller starts.
func (l *load) due(start time.Time, caller, n int) time.Time {
	if l.rate == 0 {
		return time.Now()
	}
	return start.Add(time.Duration((float64(caller) + float64(n*l.callers)) / l.rate * float64(time.Second)))
}

func (o *outcome) once(ctx context.Context, do operation, caller int, due, from time.Time) {
	started := time.Now()
	err := do(ctx, caller, due)
	now := time.Now()
	if started.Before(from) {
		return
	}
	if err != nil {
		if ctx.Err() == nil {
			o.failures.Add(1)
			o.failed.CompareAndSwap(nil, &err)
		}
		return
	}
	o.operations.Add(1)
	o.delays.add(caller, now.Sub(due))
	o.service.add(caller, now.Sub(started))
}

// report puts what came of the load into a report, in which the operations have a name.
func (o *outcome) report(r *Report, name string) {
	r.number(name+" per second", float64(o.operations.Load())/o.measured.Seconds(), "1/s")
	if n := o.failures.Load(); n > 0 {
		r.brokeAs(n, name+" failed", *o.failed.Load())
	}
	o.delays.report(r, name+", from when they were due")
	o.service.report(r, name+", from their start")
}
