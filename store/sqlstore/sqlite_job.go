package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync/atomic"
)

// job is one transaction, handed from its caller to the writer and back.
type job struct {
	ctx context.Context
	fn  func(session) (committed func(), err error)
	// claimed is set by the writer to run the job, or by the caller who waits no longer.
	claimed atomic.Bool
	done    chan struct{} // closed when what follows can be read

	committed func()
	err       error
	panicked  *panicked
	exited    bool // by runtime.Goexit
}

// panicked is a panic on its way to the caller's goroutine.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("%v\n\n%s", p.value, p.stack) }

func (p *panicked) Unwrap() error {
	err, _ := p.value.(error)
	return err
}

var errExited = errors.New("sqlstore: the function of the transaction did not return")

func newJob(ctx context.Context, fn func(session) (func(), error)) *job {
	return &job{ctx: ctx, fn: fn, done: make(chan struct{})}
}

// wait is called by the caller. It ends as the function ended.
func (j *job) wait() error {
	select {
	case <-j.done:
	case <-j.ctx.Done():
		if j.claimed.CompareAndSwap(false, true) {
			return j.ctx.Err()
		}
		<-j.done
	}
	switch {
	case j.panicked != nil:
		panic(j.panicked)
	case j.exited:
		runtime.Goexit()
	}
	return j.err
}

// claim is called by the writer. It reports whether the caller is still there.
func (j *job) claim() bool {
	if !j.claimed.CompareAndSwap(false, true) {
		return false
	}
	if err := j.ctx.Err(); err != nil {
		j.finish(err)
		return false
	}
	return true
}

// run runs the function, again if need be, but not one that did not return.
func (j *job) run(s session) {
	if !j.abandoned() {
		j.guard(func() { j.committed, j.err = j.fn(s) })
	}
}

// abandoned reports whether the function did not return.
func (j *job) abandoned() bool { return j.panicked != nil || j.exited }

// guard calls fn and keeps how it ended, when it did not return.
func (j *job) guard(fn func()) {
	returned := false
	defer func() {
		if returned {
			return
		}
		if v := recover(); v != nil {
			j.panicked = &panicked{value: v, stack: debug.Stack()}
			j.err = j.panicked
		} else {
			j.exited = true
			j.err = errExited
		}
	}()
	fn()
	returned = true
}

// finish answers the caller, after the hooks when the transaction is durable. fault, when not nil,
// is why it is not.
func (j *job) finish(fault error) {
	defer close(j.done)
	if fault != nil {
		j.err = fault
	}
	if j.err == nil && j.committed != nil {
		j.guard(j.committed)
	}
}
