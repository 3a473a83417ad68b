package sqlstore

import (
	"math/rand/v2"
	"time"
)

// What a transaction is worth before its caller is told that the store is busy. With the pauses
// between, that is a second or two.
const (
	maxTries  = 40
	maxLosses = 8
)

// laneTry is the attempt from which on a transaction goes one at a time with others that keep
// failing.
const laneTry = 3

// more reports whether there may be another attempt.
func (s *postgresSession) more() bool { return s.try < maxTries && s.losses < maxLosses }

// pause waits before another attempt, for a random time that grows with the attempts before. When
// the caller gives up meanwhile, that becomes the fault.
func (s *postgresSession) pause() error {
	longest := min(time.Millisecond<<min(s.try, 10), 50*time.Millisecond)
	if s.fault.kind == lost {
		longest = min(20*time.Millisecond<<s.losses, time.Second)
	}
	timer := time.NewTimer(rand.N(longest))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-s.ctx.Done():
		s.fault = &postgresFault{kind: broken, err: s.ctx.Err()}
		return s.fault.err
	}
}

// takeTurns lets transactions that would only get into each other's way wait for each other. The
// turns at what a transaction is about are taken by the first attempt; further attempts keep them.
func (s *postgresSession) takeTurns() error {
	switch {
	case !s.update:
		return nil
	case s.try == 1:
		for i := range s.requests {
			if about := turnsOf(&s.requests[i]); about != nil {
				return s.take(about...)
			}
		}
	case s.try == laneTry:
		return s.take(lane)
	}
	return nil
}

func (s *postgresSession) take(all ...turn) error {
	for _, about := range all {
		release, err := s.engine.turns.take(s.ctx, about)
		if err != nil {
			s.fault = &postgresFault{kind: broken, err: err}
			return err
		}
		s.held = append(s.held, release)
	}
	return nil
}

// leave gives back the turns that were taken.
func (s *postgresSession) leave() {
	for _, release := range s.held {
		release()
	}
	s.held = nil
}
