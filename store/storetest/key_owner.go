package storetest

import (
	"fmt"
	"strings"
	"testing"

	"carillon/store"
)

func (w *world) newKeyOwner(account string) store.KeyOwner {
	k := w.keys.Next()
	return store.KeyOwner{
		Key: k, Account: account, Name: fmt.Sprintf("Owner-%d", k), Path: fmt.Sprintf("/path/%d/", k),
		Tags: pairs("key", fmt.Sprintf("value \x00 %d", k), "é", ""), Created: after(k),
	}
}

func (w *world) keyOwner(t *testing.T, account string) store.KeyOwner {
	t.Helper()
	o := w.newKeyOwner(account)
	w.must(t, func(tx store.Tx) error { return tx.CreateKeyOwner(o) })
	return o
}

func testKeyOwners(t *testing.T, w *world) {
	a, other := w.account(t).ID, w.account(t).ID

	t.Run("an owner is found as it was created, by its name in whatever case and by its key", func(t *testing.T) {
		o := w.keyOwner(t, a)
		for _, name := range []string{o.Name, strings.ToUpper(o.Name), strings.ToLower(o.Name)} {
			expect(t, w, o, func(tx store.Tx) (store.KeyOwner, error) { return tx.KeyOwner(a, name) })
		}
		expect(t, w, o, func(tx store.Tx) (store.KeyOwner, error) { return tx.KeyOwnerOf(o.Key) })
		w.absent(t, func(tx store.Tx) error { return ignore(tx.KeyOwner(other, o.Name)) })
		w.absent(t, func(tx store.Tx) error { return ignore(tx.KeyOwnerOf(o.Key + 1)) })
	})
	t.Run("an owner without tags has none", func(t *testing.T) {
		o := w.newKeyOwner(a)
		o.Tags = nil
		w.must(t, func(tx store.Tx) error { return tx.CreateKeyOwner(o) })
		expect(t, w, o, func(tx store.Tx) (store.KeyOwner, error) { return tx.KeyOwner(a, o.Name) })
	})
	t.Run("a name is taken once in an account", func(t *testing.T) {
		o := w.keyOwner(t, a)
		again := w.newKeyOwner(a)
		again.Name = strings.ToUpper(o.Name)
		w.refused(t, store.ErrExists, func(tx store.Tx) error { return tx.CreateKeyOwner(again) })
		again.Account = other
		w.must(t, func(tx store.Tx) error { return tx.CreateKeyOwner(again) })
		expect(t, w, o, func(tx store.Tx) (store.KeyOwner, error) { return tx.KeyOwner(a, o.Name) })
	})
	t.Run("a deleted owner is gone", func(t *testing.T) {
		o := w.keyOwner(t, a)
		w.must(t, func(tx store.Tx) error { return tx.DeleteKeyOwner(o.Key) })
		w.absent(t, func(tx store.Tx) error { return ignore(tx.KeyOwner(a, o.Name)) })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.DeleteKeyOwner(o.Key) })
	})
	t.Run("owners are counted up to a limit", func(t *testing.T) {
		account := w.account(t).ID
		for range 3 {
			w.keyOwner(t, account)
		}
		expectCounts(t, w, 3, func(tx store.Tx, limit int) (int, error) { return tx.CountKeyOwners(account, limit) })
	})
	t.Run("list", func(t *testing.T) {
		account := w.account(t).ID
		listing[store.KeyOwner]{
			list: func(tx store.Tx, after store.Key, limit int) ([]store.KeyOwner, error) {
				return tx.ListKeyOwners(account, after, limit)
			},
			key: func(o store.KeyOwner) store.Key { return o.Key },
			add: func(t *testing.T) store.KeyOwner {
				w.keyOwner(t, other)
				return w.keyOwner(t, account)
			},
			remove: func(t *testing.T, o store.KeyOwner) {
				w.must(t, func(tx store.Tx) error { return tx.DeleteKeyOwner(o.Key) })
			},
		}.test(t, w)
	})
}
