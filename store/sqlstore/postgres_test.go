package sqlstore

import (
	"testing"

	"carillon/store"
	"carillon/store/sqlstore/pgtest"
	"carillon/store/storetest"
)

func newPostgres(t testing.TB) *Store {
	t.Helper()
	s, err := OpenPostgres(t.Context(), pgtest.Start(t), Options{})
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

func TestPostgresConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return newPostgres(t) })
}
