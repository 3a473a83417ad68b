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
	for _, remove := range []func(store.Tx) (int, error){
		func(tx store.Tx) (int, error) { return tx.DeleteRequestTokens(s.Now(), sweepBatch) },
		func(tx store.Tx) (int, error) { return tx.DeleteMessageTokens(s.Now().Add(-tokenLife), sweepBatch) },
	} {
		for {
			var n int
			err := s.store.Update(ctx, func(tx store.Tx) (err error) {
				n, err = remove(tx)
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
