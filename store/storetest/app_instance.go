package storetest

import (
	"testing"

	"carillon/store"
)

func testAppInstances(t *testing.T, w *world) {
	t.Run("an app instance is found as it was created", func(t *testing.T) {
		a := w.instance(t)
		expect(t, w, a, func(tx store.Tx) (store.AppInstance, error) { return tx.AppInstance(a.Account, a.ID) })
	})
	t.Run("an app instance is not found in another account or under another id", func(t *testing.T) {
		a, b := w.instance(t), w.instance(t)
		w.absent(t, func(tx store.Tx) error { return ignore(tx.AppInstance(b.Account, a.ID)) })
		w.absent(t, func(tx store.Tx) error { return ignore(tx.AppInstance(a.Account, "nothing")) })
		w.absent(t, func(tx store.Tx) error { return ignore(tx.AppInstance(a.Account, "")) })
	})
	t.Run("an id is taken for every account", func(t *testing.T) {
		a, b := w.instance(t), w.newInstance()
		b.ID = a.ID
		w.refused(t, store.ErrExists, func(tx store.Tx) error { return tx.CreateAppInstance(b) })
		w.absent(t, func(tx store.Tx) error { return ignore(tx.AppInstance(b.Account, b.ID)) })
	})
	t.Run("a key is taken once", func(t *testing.T) {
		a, b := w.instance(t), w.newInstance()
		b.Key = a.Key
		w.refused(t, store.ErrExists, func(tx store.Tx) error { return tx.CreateAppInstance(b) })
	})
	t.Run("an update changes name, metadata and time", func(t *testing.T) {
		a, other := w.instance(t), w.instance(t)
		change := w.newInstance()
		change.Key = a.Key
		w.must(t, func(tx store.Tx) error { return tx.UpdateAppInstance(change) })
		a.Name, a.Metadata, a.Updated = change.Name, change.Metadata, change.Updated
		expect(t, w, a, func(tx store.Tx) (store.AppInstance, error) { return tx.AppInstance(a.Account, a.ID) })
		expect(t, w, other, func(tx store.Tx) (store.AppInstance, error) { return tx.AppInstance(other.Account, other.ID) })
	})
	t.Run("what is not there cannot be changed or deleted", func(t *testing.T) {
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.UpdateAppInstance(w.newInstance()) })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.DeleteAppInstance(w.keys.Next()) })
	})
	t.Run("a deleted app instance is gone and its id is free", func(t *testing.T) {
		a := w.instance(t)
		w.must(t, func(tx store.Tx) error { return tx.DeleteAppInstance(a.Key) })
		w.absent(t, func(tx store.Tx) error { return ignore(tx.AppInstance(a.Account, a.ID)) })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.UpdateAppInstance(a) })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.DeleteAppInstance(a.Key) })
		again := w.newInstance()
		again.Account, again.ID = a.Account, a.ID
		w.must(t, func(tx store.Tx) error { return tx.CreateAppInstance(again) })
		expect(t, w, again, func(tx store.Tx) (store.AppInstance, error) { return tx.AppInstance(a.Account, a.ID) })
	})
	t.Run("the app instances of an account are counted up to a limit", func(t *testing.T) {
		account := w.instance(t).Account
		for range 2 {
			a := w.newInstance()
			a.Account = account
			w.must(t, func(tx store.Tx) error { return tx.CreateAppInstance(a) })
		}
		deleted := w.newInstance()
		deleted.Account = account
		w.must(t, func(tx store.Tx) error { return tx.CreateAppInstance(deleted) })
		w.must(t, func(tx store.Tx) error { return tx.DeleteAppInstance(deleted.Key) })
		expectCounts(t, w, 3, func(tx store.Tx, limit int) (int, error) { return tx.CountAppInstances(account, limit) })
		expectCounts(t, w, 0, func(tx store.Tx, limit int) (int, error) { return tx.CountAppInstances("nobody", limit) })
	})
	t.Run("list", func(t *testing.T) {
		account := w.instance(t).Account + "-list"
		listing[store.AppInstance]{
			list: func(tx store.Tx, after store.Key, limit int) ([]store.AppInstance, error) {
				return tx.ListAppInstances(account, after, limit)
			},
			key: func(a store.AppInstance) store.Key { return a.Key },
			add: func(t *testing.T) store.AppInstance {
				w.instance(t) // of another account
				a := w.newInstance()
				a.Account = account
				w.must(t, func(tx store.Tx) error { return tx.CreateAppInstance(a) })
				return a
			},
			remove: func(t *testing.T, a store.AppInstance) {
				w.must(t, func(tx store.Tx) error { return tx.DeleteAppInstance(a.Key) })
			},
		}.test(t, w)
	})
}

// expectCounts checks a count of n things under limits below, at and above n.
func expectCounts(t *testing.T, w *world, n int, count func(tx store.Tx, limit int) (int, error)) {
	t.Helper()
	for _, limit := range []int{0, 1, n, n + 1, 1000} {
		expect(t, w, min(n, limit), func(tx store.Tx) (int, error) { return count(tx, limit) })
	}
}
