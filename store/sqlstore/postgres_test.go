package sqlstore

import (
	"context"
	"testing"

	"carillon/store"
	"carillon/store/sqlstore/pgtest"
	"carillon/store/storetest"
)

// newPostgres opens a store in a database of its own.
func newPostgres(t testing.TB) *Store {
	t.Helper()
	return openPostgresTest(t, pgtest.Start(t))
}

func openPostgresTest(t testing.TB, url string) *Store {
	t.Helper()
	s, err := OpenPostgres(t.Context(), url, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// TestPostgresConformance has one database emptied time and again: making a new one for every part takes longer
// than what is tested.
func TestPostgresConformance(t *testing.T) {
	pool := pgtest.Pool{Prepare: func(url string) error {
		s, err := OpenPostgres(context.Background(), url, Options{})
		if err != nil {
			return err
		}
		return s.Close()
	}}
	storetest.Run(t, func(t *testing.T) store.Store { return openPostgresTest(t, pool.Lend(t)) })
}
