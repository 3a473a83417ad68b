package access

import (
	"context"
	"sync"
	"time"

	"carillon/api"
	"carillon/store"
)

// useInterval is the time between two writings of when keys were used: the precision of what is told, and
// how often one key is written at most.
const useInterval = time.Minute

// uses are the last uses of keys that are not written yet.
type uses struct {
	mu   sync.Mutex
	last map[string]use
}

type use struct {
	at      time.Time
	service string
}

// used notes that a key has signed a request to a service. Only stored keys are noted: those that do not
// expire.
func (s *Service) used(caller *api.Caller, service string) {
	if caller.AccessKeyID == s.Root.ID || !caller.Expires.IsZero() || caller.AccessKeyID == "" {
		return
	}
	now := s.now()
	s.uses.mu.Lock()
	defer s.uses.mu.Unlock()
	if s.uses.last == nil {
		s.uses.last = make(map[string]use)
	}
	s.uses.last[caller.AccessKeyID] = use{at: now, service: service}
}

// writeUses writes what was noted. What cannot be written is lost: it is not worth more.
func (s *Service) writeUses(ctx context.Context) error {
	s.uses.mu.Lock()
	last := s.uses.last
	s.uses.last = nil
	s.uses.mu.Unlock()
	if len(last) == 0 {
		return nil
	}
	return s.Store.Update(ctx, func(tx store.Tx) error {
		for id, u := range last {
			if err := tx.UseAccessKey(id, u.at, u.service, s.Region); err != nil {
				return err
			}
		}
		return nil
	})
}
