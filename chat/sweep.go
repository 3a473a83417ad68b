package chat

import (
	"context"

	"carillon/store"
)

// sweepBatch bounds one transaction of a sweep, so that it never holds up a request for long.
const sweepBatch = 500

// Sweep removes what has had its time, in bounded transactions, and returns how many records it
// removed. It may be stopped at any moment and is called again and again.
func (s *Service) Sweep(ctx context.Context) (removed int, err error) {
	for _, remove := range []func(store.Tx, *events) (int, error){
		func(tx store.Tx, _ *events) (int, error) { return tx.DeleteRequestTokens(s.Now(), sweepBatch) },
		func(tx store.Tx, _ *events) (int, error) {
			return tx.DeleteMessageTokens(s.Now().Add(-tokenLife), sweepBatch)
		},
		s.expireInvocations,
	} {
		for {
			var n int
			err := s.update(ctx, func(tx store.Tx, events *events) (err error) {
				n, err = remove(tx, events)
				return err
			})
			if err != nil {
				return removed, err
			}
			removed += n
			if n < sweepBatch {
				break
			}
		}
	}
	return removed, nil
}
