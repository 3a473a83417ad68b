package storetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"carillon/store"
)

func (w *world) newRole(account string) store.Role {
	k := w.keys.Next()
	return store.Role{
		Key: k, Account: account, Name: fmt.Sprintf("Role-%d", k), Path: fmt.Sprintf("/path/%d/", k), Description: fmt.Sprintf("Described %d", k),
		Trust: fmt.Sprintf(`{"Statement": [%d]}`, k), MaxSession: time.Duration(k%1000) * time.Second, RevokedBefore: after(k + 1),
		Tags: pairs("key", fmt.Sprintf("value %d", k)), Created: after(k),
	}
}

func (w *world) role(t *testing.T, account string) store.Role {
	t.Helper()
	r := w.newRole(account)
	w.must(t, func(tx store.Tx) error { return tx.CreateRole(r) })
	return r
}

func testRoles(t *testing.T, w *world) {
	a, other := w.account(t).ID, w.account(t).ID

	t.Run("a role is found as it was created, by its name in whatever case and by its key", func(t *testing.T) {
		r := w.role(t, a)
		for _, name := range []string{r.Name, strings.ToUpper(r.Name)} {
			expect(t, w, r, func(tx store.Tx) (store.Role, error) { return tx.Role(a, name) })
		}
		expect(t, w, r, func(tx store.Tx) (store.Role, error) { return tx.RoleOf(r.Key) })
		w.absent(t, func(tx store.Tx) error { return ignore(tx.Role(other, r.Name)) })
		w.absent(t, func(tx store.Tx) error { return ignore(tx.RoleOf(r.Key + 1)) })
	})
	t.Run("a name is taken once in an account", func(t *testing.T) {
		r := w.role(t, a)
		again := w.newRole(a)
		again.Name = strings.ToLower(r.Name)
		w.refused(t, store.ErrExists, func(tx store.Tx) error { return tx.CreateRole(again) })
		again.Account = other
		w.must(t, func(tx store.Tx) error { return tx.CreateRole(again) })
	})
	t.Run("an update changes all but the name", func(t *testing.T) {
		r, untouched := w.role(t, a), w.role(t, a)
		change := w.newRole(a)
		change.Key, change.Tags = r.Key, nil
		w.must(t, func(tx store.Tx) error { return tx.UpdateRole(change) })
		change.Name, change.Path, change.Created = r.Name, r.Path, r.Created
		expect(t, w, change, func(tx store.Tx) (store.Role, error) { return tx.Role(a, r.Name) })
		expect(t, w, untouched, func(tx store.Tx) (store.Role, error) { return tx.Role(a, untouched.Name) })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.UpdateRole(w.newRole(a)) })
	})
	t.Run("a deleted role is gone, and its name is free", func(t *testing.T) {
		r := w.role(t, a)
		w.must(t, func(tx store.Tx) error { return tx.DeleteRole(r.Key) })
		w.absent(t, func(tx store.Tx) error { return ignore(tx.RoleOf(r.Key)) })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.DeleteRole(r.Key) })
		again := w.newRole(a)
		again.Name = r.Name
		w.must(t, func(tx store.Tx) error { return tx.CreateRole(again) })
		expect(t, w, again, func(tx store.Tx) (store.Role, error) { return tx.Role(a, r.Name) })
	})
	t.Run("roles are counted up to a limit", func(t *testing.T) {
		account := w.account(t).ID
		for range 3 {
			w.role(t, account)
		}
		expectCounts(t, w, 3, func(tx store.Tx, limit int) (int, error) { return tx.CountRoles(account, limit) })
	})
	t.Run("list", func(t *testing.T) {
		account := w.account(t).ID
		listing[store.Role]{
			list: func(tx store.Tx, after store.Key, limit int) ([]store.Role, error) {
				return tx.ListRoles(account, after, limit)
			},
			key: func(r store.Role) store.Key { return r.Key },
			add: func(t *testing.T) store.Role {
				w.role(t, other)
				return w.role(t, account)
			},
			remove: func(t *testing.T, r store.Role) {
				w.must(t, func(tx store.Tx) error { return tx.DeleteRole(r.Key) })
			},
		}.test(t, w)
	})
}
