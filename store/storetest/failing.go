package storetest

import (
	"context"
	"sync"

	"carillon/store"
)

// Failing returns a store that does what inner does, but for one call, which fails with err. It is
// the n-th, counted from 1 over all transactions; calls are those of every method of a Tx but
// AfterCommit, and the commit of every Update. A call is counted once, also when its transaction is
// run again.
//
// As with a real fault, the transaction of the failed call fails too, even when its function
// overlooks the error. To test that an operation holds whatever fails, run it with n = 1, 2, … until
// Failed reports that there was no n-th call.
func Failing(inner store.Store, n int, err error) *FailingStore {
	return &FailingStore{Store: inner, n: n, err: err}
}

// FailingStore is made by Failing.
type FailingStore struct {
	store.Store
	n   int
	err error

	mu    sync.Mutex
	calls int
}

// Failed reports whether the call that was to fail has taken place.
func (s *FailingStore) Failed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls >= s.n
}

// View implements store.Store.
func (s *FailingStore) View(ctx context.Context, fn func(store.Tx) error) error {
	f := failingRun{store: s}
	return s.Store.View(ctx, func(tx store.Tx) error { return f.run(tx, fn) })
}

// Update implements store.Store.
func (s *FailingStore) Update(ctx context.Context, fn func(store.Tx) error) error {
	f := failingRun{store: s}
	return s.Store.Update(ctx, func(tx store.Tx) error {
		if err := f.run(tx, fn); err != nil {
			return err
		}
		return f.next()
	})
}

// failingRun is one transaction, with all the times it is run.
type failingRun struct {
	store *FailingStore

	calls   int // of this time
	counted int // the most of any time
	fails   int // which of the calls fails; 0 for none
	failed  bool
}

func (f *failingRun) run(tx store.Tx, fn func(store.Tx) error) error {
	f.calls, f.failed = 0, false
	if err := fn(&failingTx{Tx: tx, failingRun: f}); err != nil {
		return err
	}
	if f.failed {
		return f.store.err
	}
	return nil
}

// next counts a call and returns its error.
func (f *failingRun) next() error {
	f.calls++
	if f.calls > f.counted {
		f.counted = f.calls
		if f.store.count() {
			f.fails = f.calls
		}
	}
	if f.calls == f.fails {
		f.failed = true
		return f.store.err
	}
	return nil
}

// count reports whether the next call is the one to fail.
func (s *FailingStore) count() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	return s.calls == s.n
}

// failingTx is the Tx of a FailingStore. AfterCommit is the inner one's.
type failingTx struct {
	store.Tx
	*failingRun
}

func (t *failingTx) call(fn func() error) error {
	if err := t.next(); err != nil {
		return err
	}
	return fn()
}

// answer is call for methods that return something.
func answer[T any](t *failingTx, fn func() (T, error)) (T, error) {
	if err := t.next(); err != nil {
		var nothing T
		return nothing, err
	}
	return fn()
}
