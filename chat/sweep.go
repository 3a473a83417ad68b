package chat

import (
	"context"
	"errors"
	"time"

	"carillon/store"
)

const (
	// sweepBatch bounds one transaction of a sweep, so that it never holds up a request for long.
	sweepBatch = 500
	// sweepLease is the name of the lease that a node has while it sweeps, and sweepLife how long it
	// lasts after the last step: a node that died is replaced after that time.
	sweepLease = "sweep"
	sweepLife  = 30 * time.Second
)

// progress is what one step of a sweep has done.
type progress struct {
	removed int
	// more is set when there may be more to do.
	more bool
}

// job is one kind of work of a sweep. It is called for one bounded step, in a transaction of its own.
type job func(tx store.Tx, events *events) (progress, error)

// Sweep removes what has had its time, in bounded transactions, and returns how many records it
// removed. It may be stopped at any moment, between any two of its transactions, and is called again
// and again. Of several nodes one sweeps at a time: for the others there is nothing to do.
func (s *Service) Sweep(ctx context.Context) (removed int, err error) {
	jobs := []job{
		s.forgetRequests, s.forgetMessageTokens, s.forgetEvents, s.forgetInvocations,
		s.expireUsers, s.expireChannels, s.deleteOverdue, s.drainSubChannels, s.cleanUp,
	}
	leased := false
	// The jobs take turns, so that a long one does not hold up the others.
	for len(jobs) > 0 && err == nil {
		var unfinished []job
		for _, next := range jobs {
			var done progress
			if done, err = s.step(ctx, next); err != nil {
				break
			}
			removed += done.removed
			leased = leased || done != (progress{})
			if done.more {
				unfinished = append(unfinished, next)
			}
		}
		jobs = unfinished
	}
	if errors.Is(err, errLeased) {
		err = nil
	}
	if leased {
		err = errors.Join(err, s.endSweep(context.WithoutCancel(ctx)))
	}
	return removed, err
}

var errLeased = errors.New("another node sweeps")

// step does one step of a job. It has, or takes, the lease in the same transaction when there is
// something to do.
func (s *Service) step(ctx context.Context, next job) (done progress, err error) {
	err = s.update(ctx, func(tx store.Tx, events *events) error {
		now := s.Now()
		switch lease, err := tx.Lease(sweepLease); {
		case err == nil && lease.Holder != s.holder && lease.Until.After(now):
			return errLeased
		case err != nil && !errors.Is(err, store.ErrNotFound):
			return err
		}
		if done, err = next(tx, events); err != nil || done == (progress{}) {
			return err
		}
		return tx.PutLease(store.Lease{Name: sweepLease, Holder: s.holder, Until: now.Add(sweepLife)})
	})
	if err != nil {
		return progress{}, err
	}
	return done, nil
}

// endSweep gives the lease back.
func (s *Service) endSweep(ctx context.Context) error {
	return s.store.Update(ctx, func(tx store.Tx) error {
		lease, err := tx.Lease(sweepLease)
		if err != nil || lease.Holder != s.holder {
			return missing(err, nil)
		}
		lease.Until = s.Now()
		return tx.PutLease(lease)
	})
}

// Woken tells whoever calls Sweep that there is something to do right now.
func (s *Service) Woken() <-chan struct{} { return s.woken }

// wake is for after the commit of a deletion.
func (s *Service) wake() {
	select {
	case s.woken <- struct{}{}:
	default: // it was woken already
	}
}

func (s *Service) forgetRequests(tx store.Tx, _ *events) (progress, error) {
	n, err := tx.DeleteRequestTokens(s.Now(), s.sweepBatch)
	return progress{n, n == s.sweepBatch}, err
}

func (s *Service) forgetMessageTokens(tx store.Tx, _ *events) (progress, error) {
	n, err := tx.DeleteMessageTokens(s.Now().Add(-tokenLife), s.sweepBatch)
	return progress{n, n == s.sweepBatch}, err
}

func (s *Service) forgetInvocations(tx store.Tx, events *events) (progress, error) {
	n, err := s.expireInvocations(tx, events)
	return progress{n, n == s.sweepBatch}, err
}
