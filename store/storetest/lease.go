package storetest

import (
	"errors"
	"testing"
	"time"

	"carillon/store"
)

func testLeases(t *testing.T, w *world) {
	lease := func(name string) func(store.Tx) (store.Lease, error) {
		return func(tx store.Tx) (store.Lease, error) { return tx.Lease(name) }
	}
	put := func(t *testing.T, l store.Lease) {
		t.Helper()
		w.must(t, func(tx store.Tx) error { return tx.PutLease(l) })
	}
	t.Run("a lease that nobody ever had is not found", func(t *testing.T) {
		put(t, store.Lease{Name: "some", Holder: "a", Until: noon})
		w.absent(t, func(tx store.Tx) error { return ignore(tx.Lease("none")) })
	})
	t.Run("the last holder is the one that is found, also when its time is over", func(t *testing.T) {
		first := store.Lease{Name: "work", Holder: "a", Until: noon}
		put(t, first)
		put(t, store.Lease{Name: "other work", Holder: "c", Until: noon})
		expect(t, w, first, lease("work"))
		second := store.Lease{Name: "work", Holder: "b", Until: noon.Add(-time.Hour)}
		put(t, second)
		expect(t, w, second, lease("work"))
		expect(t, w, store.Lease{Name: "other work", Holder: "c", Until: noon}, lease("other work"))
	})
	t.Run("of many who take a lease that is free, one has it", func(t *testing.T) {
		taken := errors.New("taken")
		var has [workers]bool
		together(func(worker, round int) {
			holder := string(rune('a' + worker))
			err := w.Update(t.Context(), func(tx store.Tx) error {
				l, err := tx.Lease("contended")
				switch {
				case err == nil && l.Holder != holder:
					return taken
				case err != nil && !errors.Is(err, store.ErrNotFound):
					return err
				}
				return tx.PutLease(store.Lease{Name: "contended", Holder: holder, Until: noon})
			})
			switch {
			case err == nil:
				has[worker] = true
			case !errors.Is(err, taken):
				t.Error(err)
			}
		})
		holders := 0
		for _, yes := range has {
			if yes {
				holders++
			}
		}
		if holders != 1 {
			t.Errorf("%d have it", holders)
		}
	})
}
