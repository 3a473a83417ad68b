package chat

import (
	"carillon/store"
)

// leaveWeight is how many records the end of a membership is taken for: each of them touches another
// channel.
const leaveWeight = 10

// cleanUp removes some of what is left below what was deleted.
func (s *Service) cleanUp(tx store.Tx, events *events) (done progress, err error) {
	for kind := store.IdentityCleanup; kind <= store.AppInstanceCleanup && done.removed == 0; kind++ {
		list, err := tx.ListCleanups(kind, s.Now(), s.sweepBatch)
		if err != nil {
			return progress{}, err
		}
		room := s.sweepBatch
		for _, deleted := range list {
			if kind == store.IdentityCleanup {
				most := max(1, room/leaveWeight)
				n, err := s.endMemberships(tx, events, deleted, most)
				if err != nil {
					return progress{}, err
				}
				done.removed += n
				if room -= n * leaveWeight; n == most || room <= 0 {
					break // there may be more of them, which come first
				}
			}
			n, err := tx.CleanUp(kind, deleted, room)
			if err != nil {
				return progress{}, err
			}
			done.removed += n
			if room -= n; room <= 0 {
				break
			}
		}
	}
	done.more = done.removed > 0
	return done, nil
}

// endMemberships ends at most limit memberships of a deleted identity.
func (s *Service) endMemberships(tx store.Tx, events *events, deleted store.Key, limit int) (int, error) {
	list, err := tx.ListLeavings(deleted, limit)
	for _, l := range list {
		if err == nil {
			err = s.endMembership(tx, events, l)
		}
	}
	return len(list), err
}

// endMembership ends a membership of a deleted identity. It is announced as if the identity had left,
// unless the channel is deleted too.
func (s *Service) endMembership(tx store.Tx, events *events, l store.Leaving) error {
	if err := tx.EndLeaving(l); err != nil || l.In == (store.ChannelRef{}) {
		return err
	}
	e, err := s.reenter(tx, s.channelARN(l.In))
	if err != nil || e == nil {
		return err
	}
	if l.SubChannel != "" {
		e = e.in(l.Channel, l.SubChannel)
	}
	if back, err := e.isBack(tx, l.Who); err != nil {
		return err
	} else if back {
		_, err = tx.AdvanceChannel(e.stream, 0, -e.counts(l.Moderator))
	} else {
		err = s.announceLeave(tx, events, e, l.ListedMember, l.Moderator)
	}
	if err != nil || l.SubChannel == "" {
		return err
	}
	return s.vacate(tx, events, e, l.Member, l.Moderator)
}

// isBack reports whether somebody of the same name as a deleted identity is a member at hand again:
// then whoever listens must not take the end of the one for that of the other.
func (e *entry) isBack(tx store.Tx, who store.Identity) (bool, error) {
	again, err := tx.Standings(e.Instance, e.Channel.Key, []store.IdentityRef{{Kind: who.Kind, ID: who.ID}})
	if err != nil {
		return false, err
	}
	err = e.seat(tx, again)
	return again[0].Member(), err
}
