package storetest

import (
	"fmt"
	"testing"

	"carillon/store"
)

func (w *world) newAccount() store.Account {
	k := w.keys.Next()
	return store.Account{Key: k, ID: fmt.Sprintf("%012d", k%1_000_000_000_000), Name: fmt.Sprintf("Account %d", k), Created: after(k)}
}

// account makes one and returns it as it is stored.
func (w *world) account(t *testing.T) store.Account {
	t.Helper()
	a := w.newAccount()
	w.must(t, func(tx store.Tx) error { return tx.CreateAccount(a) })
	return read(t, w, func(tx store.Tx) (store.Account, error) { return tx.Account(a.ID) })
}

func testAccounts(t *testing.T, w *world) {
	t.Run("list", func(t *testing.T) {
		listing[store.Account]{
			list: func(tx store.Tx, after store.Key, limit int) ([]store.Account, error) {
				return tx.ListAccounts(after, limit)
			},
			key: func(a store.Account) store.Key { return a.Key },
			add: func(t *testing.T) store.Account { return w.account(t) },
			remove: func(t *testing.T, a store.Account) {
				w.must(t, func(tx store.Tx) error { return tx.DeleteAccount(a.ID) })
			},
		}.test(t, w)
	})
	t.Run("an account is found as it was created", func(t *testing.T) {
		a := w.newAccount()
		w.must(t, func(tx store.Tx) error { return tx.CreateAccount(a) })
		got := read(t, w, func(tx store.Tx) (store.Account, error) { return tx.Account(a.ID) })
		a.Generation = got.Generation
		if got != a || got.Generation == 0 {
			t.Errorf("got %+v, want %+v", got, a)
		}
		w.absent(t, func(tx store.Tx) error { return ignore(tx.Account(a.ID + "0")) })
	})
	t.Run("an id is taken once, and for good", func(t *testing.T) {
		a := w.account(t)
		again := w.newAccount()
		again.ID = a.ID
		w.refused(t, store.ErrExists, func(tx store.Tx) error { return tx.CreateAccount(again) })
		w.must(t, func(tx store.Tx) error { return tx.DeleteAccount(a.ID) })
		w.absent(t, func(tx store.Tx) error { return ignore(tx.Account(a.ID)) })
		w.refused(t, store.ErrExists, func(tx store.Tx) error { return tx.CreateAccount(again) })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.DeleteAccount(a.ID) })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return ignore(tx.TouchAccount(a.ID)) })
	})
	t.Run("whoever was changed last has the greatest generation, and a deletion is a change", func(t *testing.T) {
		a, b, c := w.account(t), w.account(t), w.account(t)
		var generation int64
		w.must(t, func(tx store.Tx) (err error) {
			generation, err = tx.TouchAccount(a.ID)
			return err
		})
		if generation <= c.Generation {
			t.Errorf("got %d after %d", generation, c.Generation)
		}
		w.must(t, func(tx store.Tx) error { return tx.DeleteAccount(b.ID) })
		changed := read(t, w, func(tx store.Tx) ([]store.Account, error) { return tx.ChangedAccounts(c.Generation, 10) })
		if len(changed) != 2 || changed[0].ID != a.ID || changed[0].Generation != generation || changed[0].Deleted ||
			changed[1].ID != b.ID || changed[1].Generation <= generation || !changed[1].Deleted {
			t.Errorf("got %+v", changed)
		}
		first := read(t, w, func(tx store.Tx) ([]store.Account, error) { return tx.ChangedAccounts(c.Generation, 1) })
		if len(first) != 1 || first[0].ID != a.ID {
			t.Errorf("got %+v", first)
		}
	})
	t.Run("with an account goes who may call in it, and nobody of another", func(t *testing.T) {
		a, other := w.account(t), w.account(t)
		owners := map[string]store.KeyOwner{}
		for _, in := range []store.Account{a, other} {
			o := w.keyOwner(t, in.ID)
			owners[in.ID] = o
			w.accessKey(t, in.ID, o.Key)
			w.role(t, in.ID)
			w.identityProvider(t, in.ID)
			w.must(t, func(tx store.Tx) error {
				return tx.PutPrincipalPolicy(store.PrincipalPolicy{Principal: o.Key, Account: in.ID, Name: "p", Document: "{}"})
			})
		}
		w.must(t, func(tx store.Tx) error { return tx.DeleteAccount(a.ID) })
		for account, want := range map[string]int{a.ID: 0, other.ID: 1} {
			o := owners[account]
			expect(t, w, want, func(tx store.Tx) (int, error) {
				list, err := tx.ListKeyOwners(account, 0, 10)
				return len(list), err
			})
			expect(t, w, want, func(tx store.Tx) (int, error) {
				list, err := tx.ListAccessKeys(account, o.Key, 0, 10)
				return len(list), err
			})
			expect(t, w, want, func(tx store.Tx) (int, error) {
				list, err := tx.ListRoles(account, 0, 10)
				return len(list), err
			})
			expect(t, w, want, func(tx store.Tx) (int, error) {
				list, err := tx.ListIdentityProviders(account, 0, 10)
				return len(list), err
			})
			expect(t, w, want, func(tx store.Tx) (int, error) {
				list, err := tx.PrincipalPolicies(o.Key)
				return len(list), err
			})
		}
	})
}
