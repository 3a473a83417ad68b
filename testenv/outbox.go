package testenv

import (
	"slices"

	"carillon/store"
)

// Outbox takes everything out of the outbox, as if it had been delivered, and returns it in the order
// in which it was put there.
func (e *Env) Outbox() []store.Delivery {
	e.T.Helper()
	var taken []store.Delivery
	err := e.Store.Update(e.T.Context(), func(tx store.Tx) error {
		taken = nil
		for {
			heads, err := tx.ListLanes(0, 1000)
			if err != nil || len(heads) == 0 {
				return err
			}
			for _, d := range heads {
				if err := tx.DeleteDelivery(d); err != nil {
					return err
				}
				taken = append(taken, d)
			}
		}
	})
	if err != nil {
		e.T.Fatal(err)
	}
	slices.SortFunc(taken, func(a, b store.Delivery) int { return int(a.Key - b.Key) })
	return taken
}
