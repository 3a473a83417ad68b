package storetest

import (
	"testing"

	"carillon/arn"
	"carillon/store"
)

func testIdentities(t *testing.T, w *world) {
	a := w.instance(t)

	t.Run("an identity is found as it was created", func(t *testing.T) {
		for _, kind := range []arn.Kind{arn.User, arn.Bot} {
			i := w.identities(t, a.Key, kind, 1)[0]
			expect(t, w, i, func(tx store.Tx) (store.Identity, error) { return tx.Identity(a.Key, refOf(i)) })
		}
	})
	t.Run("what is empty stays empty", func(t *testing.T) {
		i := store.Identity{Key: w.keys.Next(), Instance: a.Key, Kind: arn.User, ID: "empty"}
		w.must(t, func(tx store.Tx) error { return tx.CreateIdentity(i) })
		expect(t, w, i, func(tx store.Tx) (store.Identity, error) { return tx.Identity(a.Key, refOf(i)) })
	})
	t.Run("an identity is not found in another app instance, under another kind or another id", func(t *testing.T) {
		u, elsewhere := w.user(t, a.Key), w.instance(t)
		w.absent(t, func(tx store.Tx) error { return ignore(tx.Identity(elsewhere.Key, refOf(u))) })
		w.absent(t, func(tx store.Tx) error {
			return ignore(tx.Identity(a.Key, store.IdentityRef{Kind: arn.Bot, ID: u.ID}))
		})
		w.absent(t, func(tx store.Tx) error {
			return ignore(tx.Identity(a.Key, store.IdentityRef{Kind: arn.User, ID: u.ID + "x"}))
		})
	})
	t.Run("an id is taken once in an app instance and kind", func(t *testing.T) {
		u := w.user(t, a.Key)
		same := w.newIdentity(a.Key, arn.User)
		same.ID = u.ID
		w.refused(t, store.ErrExists, func(tx store.Tx) error { return tx.CreateIdentity(same) })
		expect(t, w, u, func(tx store.Tx) (store.Identity, error) { return tx.Identity(a.Key, refOf(u)) })

		bot := w.newIdentity(a.Key, arn.Bot)
		bot.ID = u.ID
		elsewhere := w.newIdentity(w.instance(t).Key, arn.User)
		elsewhere.ID = u.ID
		for _, i := range []store.Identity{bot, elsewhere} {
			w.must(t, func(tx store.Tx) error { return tx.CreateIdentity(i) })
			expect(t, w, i, func(tx store.Tx) (store.Identity, error) { return tx.Identity(i.Instance, refOf(i)) })
		}
	})
	t.Run("a key is taken once", func(t *testing.T) {
		u, other := w.user(t, a.Key), w.newIdentity(a.Key, arn.User)
		other.Key = u.Key
		w.refused(t, store.ErrExists, func(tx store.Tx) error { return tx.CreateIdentity(other) })
	})
	t.Run("an update changes name, metadata, expiration and time", func(t *testing.T) {
		users := w.identities(t, a.Key, arn.User, 2)
		u, other := users[0], users[1]
		change := w.newIdentity(w.keys.Next(), arn.Bot)
		change.Key = u.Key
		change.Expiration = store.Expiration{Days: 7, Criterion: "SOMETHING"}
		w.must(t, func(tx store.Tx) error { return tx.UpdateIdentity(change) })
		u.Name, u.Metadata, u.Expiration, u.Updated = change.Name, change.Metadata, change.Expiration, change.Updated
		expect(t, w, u, func(tx store.Tx) (store.Identity, error) { return tx.Identity(a.Key, refOf(u)) })
		expect(t, w, other, func(tx store.Tx) (store.Identity, error) { return tx.Identity(a.Key, refOf(other)) })
	})
	t.Run("an expiration can be removed", func(t *testing.T) {
		u := w.user(t, a.Key)
		u.Expiration = store.Expiration{}
		w.must(t, func(tx store.Tx) error { return tx.UpdateIdentity(u) })
		expect(t, w, u, func(tx store.Tx) (store.Identity, error) { return tx.Identity(a.Key, refOf(u)) })
	})
	t.Run("what is not there cannot be changed or deleted", func(t *testing.T) {
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.UpdateIdentity(w.newIdentity(a.Key, arn.User)) })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.DeleteIdentity(w.keys.Next()) })
	})
	t.Run("a deleted identity is gone and its name can be created again with another key", func(t *testing.T) {
		u := w.user(t, a.Key)
		w.must(t, func(tx store.Tx) error { return tx.DeleteIdentity(u.Key) })
		w.absent(t, func(tx store.Tx) error { return ignore(tx.Identity(a.Key, refOf(u))) })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.UpdateIdentity(u) })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.DeleteIdentity(u.Key) })
		w.refused(t, store.ErrExists, func(tx store.Tx) error { return tx.CreateIdentity(u) })
		again := w.newIdentity(a.Key, arn.User)
		again.ID = u.ID
		w.must(t, func(tx store.Tx) error { return tx.CreateIdentity(again) })
		expect(t, w, again, func(tx store.Tx) (store.Identity, error) { return tx.Identity(a.Key, refOf(u)) })
		w.must(t, func(tx store.Tx) error { return tx.DeleteIdentity(again.Key) })
		w.absent(t, func(tx store.Tx) error { return ignore(tx.Identity(a.Key, refOf(u))) })
		of := func(keys ...store.Key) func(store.Tx) ([]store.Identity, error) {
			return func(tx store.Tx) ([]store.Identity, error) { return tx.IdentitiesOf(keys) }
		}
		expect(t, w, []store.Identity{again, u, {}, again}, of(again.Key, u.Key, w.keys.Next(), again.Key))
		expect(t, w, []store.Identity{}, of())
	})
	t.Run("identities of one kind are counted up to a limit", func(t *testing.T) {
		a := w.instance(t)
		users := w.identities(t, a.Key, arn.User, 4)
		w.identities(t, a.Key, arn.Bot, 2)
		w.must(t, func(tx store.Tx) error { return tx.DeleteIdentity(users[1].Key) })
		expectCounts(t, w, 3, func(tx store.Tx, limit int) (int, error) { return tx.CountIdentities(a.Key, arn.User, limit) })
		expectCounts(t, w, 2, func(tx store.Tx, limit int) (int, error) { return tx.CountIdentities(a.Key, arn.Bot, limit) })
	})
	for _, kind := range []arn.Kind{arn.User, arn.Bot} {
		t.Run("list of kind "+kind.String(), func(t *testing.T) {
			a, elsewhere := w.instance(t), w.instance(t)
			listing[store.Identity]{
				list: func(tx store.Tx, after store.Key, limit int) ([]store.Identity, error) {
					return tx.ListIdentities(a.Key, kind, after, limit)
				},
				key: func(i store.Identity) store.Key { return i.Key },
				add: func(t *testing.T) store.Identity {
					w.identities(t, elsewhere.Key, kind, 1)
					w.identities(t, a.Key, arn.User+arn.Bot-kind, 1)
					return w.identities(t, a.Key, kind, 1)[0]
				},
				remove: func(t *testing.T, i store.Identity) {
					w.must(t, func(tx store.Tx) error { return tx.DeleteIdentity(i.Key) })
				},
			}.test(t, w)
		})
	}
}
