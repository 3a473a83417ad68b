package storetest

import (
	"context"
	"errors"

	"carillon/store"
)

// Repeating returns a store that runs every Update twice, as a store may: the first time for
// nothing. Whoever lets something but a Tx remember the first time fails with it.
func Repeating(inner store.Store) store.Store { return repeatingStore{inner} }

type repeatingStore struct{ store.Store }

var errAgain = errors.New("storetest: run it again")

func (s repeatingStore) Update(ctx context.Context, fn func(store.Tx) error) error {
	err := s.Store.Update(ctx, func(tx store.Tx) error {
		_ = fn(tx)
		return errAgain
	})
	if !errors.Is(err, errAgain) {
		return err
	}
	return s.Store.Update(ctx, fn)
}
