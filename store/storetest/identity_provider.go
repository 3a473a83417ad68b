package storetest

import (
	"fmt"
	"testing"

	"carillon/store"
)

func (w *world) newIdentityProvider(account string) store.IdentityProvider {
	k := w.keys.Next()
	return store.IdentityProvider{
		Key: k, Account: account, URL: fmt.Sprintf("issuer.example/%d", k), ClientIDs: []string{fmt.Sprint("client ", k), "é"},
		Thumbprints: []string{fmt.Sprintf("%040d", k)}, Created: after(k),
	}
}

func (w *world) identityProvider(t *testing.T, account string) store.IdentityProvider {
	t.Helper()
	p := w.newIdentityProvider(account)
	w.must(t, func(tx store.Tx) error { return tx.CreateIdentityProvider(p) })
	return p
}

func testIdentityProviders(t *testing.T, w *world) {
	a, other := w.account(t).ID, w.account(t).ID
	byURL := func(account, url string) func(store.Tx) (store.IdentityProvider, error) {
		return func(tx store.Tx) (store.IdentityProvider, error) { return tx.IdentityProvider(account, url) }
	}

	t.Run("a provider is found as it was created", func(t *testing.T) {
		p := w.identityProvider(t, a)
		expect(t, w, p, byURL(a, p.URL))
		w.absent(t, func(tx store.Tx) error { return ignore(byURL(other, p.URL)(tx)) })
	})
	t.Run("a URL is taken once in an account", func(t *testing.T) {
		p := w.identityProvider(t, a)
		again := w.newIdentityProvider(a)
		again.URL = p.URL
		w.refused(t, store.ErrExists, func(tx store.Tx) error { return tx.CreateIdentityProvider(again) })
		again.Account = other
		w.must(t, func(tx store.Tx) error { return tx.CreateIdentityProvider(again) })
		expect(t, w, p, byURL(a, p.URL))
	})
	t.Run("an update changes the clients and the thumbprints", func(t *testing.T) {
		p := w.identityProvider(t, a)
		p.ClientIDs, p.Thumbprints = []string{"one"}, nil
		change := p
		change.URL, change.Account = "other", other
		w.must(t, func(tx store.Tx) error { return tx.UpdateIdentityProvider(change) })
		expect(t, w, p, byURL(a, p.URL))
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.UpdateIdentityProvider(w.newIdentityProvider(a)) })
	})
	t.Run("a deleted provider is gone", func(t *testing.T) {
		p := w.identityProvider(t, a)
		w.must(t, func(tx store.Tx) error { return tx.DeleteIdentityProvider(p.Key) })
		w.absent(t, func(tx store.Tx) error { return ignore(byURL(a, p.URL)(tx)) })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.DeleteIdentityProvider(p.Key) })
	})
	t.Run("list", func(t *testing.T) {
		account := w.account(t).ID
		listing[store.IdentityProvider]{
			list: func(tx store.Tx, after store.Key, limit int) ([]store.IdentityProvider, error) {
				return tx.ListIdentityProviders(account, after, limit)
			},
			key: func(p store.IdentityProvider) store.Key { return p.Key },
			add: func(t *testing.T) store.IdentityProvider {
				w.identityProvider(t, other)
				return w.identityProvider(t, account)
			},
			remove: func(t *testing.T, p store.IdentityProvider) {
				w.must(t, func(tx store.Tx) error { return tx.DeleteIdentityProvider(p.Key) })
			},
		}.test(t, w)
	})
}
