package storetest

import (
	"fmt"
	"testing"
	"time"

	"carillon/store"
)

func (w *world) newAccessKey(account string, owner store.Key) store.AccessKey {
	k := w.keys.Next()
	return store.AccessKey{
		Key: k, ID: fmt.Sprintf("AKIA%016d", k%1e16), Account: account, Owner: owner, Secret: []byte(fmt.Sprintf("\x00\xff%d", k)),
		Disabled: k%2 == 0, Created: after(k), Used: after(k + 1), UsedService: "chime", UsedRegion: fmt.Sprintf("region-%d", k),
	}
}

func (w *world) accessKey(t *testing.T, account string, owner store.Key) store.AccessKey {
	t.Helper()
	k := w.newAccessKey(account, owner)
	w.must(t, func(tx store.Tx) error { return tx.CreateAccessKey(k) })
	return k
}

func testAccessKeys(t *testing.T, w *world) {
	a, other := w.account(t).ID, w.account(t).ID
	owner := w.keyOwner(t, a).Key
	byID := func(id string) func(store.Tx) (store.AccessKey, error) {
		return func(tx store.Tx) (store.AccessKey, error) { return tx.AccessKey(id) }
	}

	t.Run("a key is found as it was created", func(t *testing.T) {
		k := w.accessKey(t, a, owner)
		expect(t, w, k, byID(k.ID))
		w.absent(t, func(tx store.Tx) error { return ignore(byID(k.ID + "x")(tx)) })
		w.absent(t, func(tx store.Tx) error { return ignore(byID("")(tx)) })
	})
	t.Run("an id is taken once in all accounts", func(t *testing.T) {
		k := w.accessKey(t, a, owner)
		again := w.newAccessKey(other, 0)
		again.ID = k.ID
		w.refused(t, store.ErrExists, func(tx store.Tx) error { return tx.CreateAccessKey(again) })
		expect(t, w, k, byID(k.ID))
	})
	t.Run("a key is disabled and enabled, and nothing else of it changes", func(t *testing.T) {
		k, untouched := w.accessKey(t, a, owner), w.accessKey(t, a, owner)
		for _, disabled := range []bool{true, false, true} {
			w.must(t, func(tx store.Tx) error { return tx.DisableAccessKey(k.ID, disabled) })
			k.Disabled = disabled
			expect(t, w, k, byID(k.ID))
		}
		expect(t, w, untouched, byID(untouched.ID))
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.DisableAccessKey("none", true) })
	})
	t.Run("the latest use counts", func(t *testing.T) {
		k := w.accessKey(t, a, owner)
		later := k.Used.Add(time.Minute)
		w.must(t, func(tx store.Tx) error {
			if err := tx.UseAccessKey(k.ID, later, "sts", "eu-west-1"); err != nil {
				return err
			}
			return tx.UseAccessKey(k.ID, later.Add(-time.Second), "iam", "us-east-1")
		})
		k.Used, k.UsedService, k.UsedRegion = later, "sts", "eu-west-1"
		expect(t, w, k, byID(k.ID))
	})
	t.Run("the use of a key that is not there is nobody's", func(t *testing.T) {
		w.must(t, func(tx store.Tx) error { return tx.UseAccessKey("none", noon, "sts", "") })
		w.absent(t, func(tx store.Tx) error { return ignore(byID("none")(tx)) })
	})
	t.Run("a deleted key is gone", func(t *testing.T) {
		k := w.accessKey(t, a, owner)
		w.must(t, func(tx store.Tx) error { return tx.DeleteAccessKey(k.ID) })
		w.absent(t, func(tx store.Tx) error { return ignore(byID(k.ID)(tx)) })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.DeleteAccessKey(k.ID) })
	})
	for name, owner := range map[string]store.Key{"an owner": w.keyOwner(t, a).Key, "the root": 0} {
		t.Run("list of "+name, func(t *testing.T) {
			account := w.account(t).ID
			listing[store.AccessKey]{
				list: func(tx store.Tx, after store.Key, limit int) ([]store.AccessKey, error) {
					return tx.ListAccessKeys(account, owner, after, limit)
				},
				key: func(k store.AccessKey) store.Key { return k.Key },
				add: func(t *testing.T) store.AccessKey {
					w.accessKey(t, other, owner)
					w.accessKey(t, account, owner+1)
					return w.accessKey(t, account, owner)
				},
				remove: func(t *testing.T, k store.AccessKey) {
					w.must(t, func(tx store.Tx) error { return tx.DeleteAccessKey(k.ID) })
				},
			}.test(t, w)
		})
	}
}
