package storetest

import (
	"slices"
	"testing"
	"time"

	"carillon/arn"
	"carillon/store"
)

func testExpirations(t *testing.T, w *world) {
	const day = 24 * time.Hour
	// Everything here was created long before what other tests make, and expires before that too.
	long := time.Date(2001, time.February, 3, 4, 5, 6, 7_000_000, time.UTC)
	a := w.instance(t)
	user := func(t *testing.T, days int) store.Identity {
		t.Helper()
		u := w.newIdentity(a.Key, arn.User)
		u.Created, u.Expiration = long, store.Expiration{Days: days, Criterion: "CREATED_TIMESTAMP"}
		w.must(t, func(tx store.Tx) error { return tx.CreateIdentity(u) })
		return u
	}
	channel := func(t *testing.T, days int) store.Channel {
		t.Helper()
		c := w.newChannel(a.Key, w.keys.Next())
		c.Created, c.Expiration = long, store.Expiration{Days: days, Criterion: "LAST_MESSAGE_TIMESTAMP"}
		w.must(t, func(tx store.Tx) error { return tx.CreateChannel(c) })
		return c
	}
	named := func(i store.Identity) store.NamedIdentity {
		return store.NamedIdentity{Key: i.Key, Account: a.Account, Instance: a.ID, IdentityRef: refOf(i)}
	}
	identities := func(t *testing.T, at time.Time, want ...store.Identity) {
		t.Helper()
		var names []store.NamedIdentity
		for _, i := range want {
			names = append(names, named(i))
		}
		expect(t, w, names, func(tx store.Tx) ([]store.NamedIdentity, error) { return tx.ListExpiringIdentities(at, 100) })
	}
	channels := func(t *testing.T, at time.Time, want ...store.Channel) {
		t.Helper()
		var refs []store.ChannelRef
		for _, c := range want {
			refs = append(refs, store.ChannelRef{Account: a.Account, Instance: a.ID, ID: c.ID})
		}
		expect(t, w, refs, func(tx store.Tx) ([]store.ChannelRef, error) { return tx.ListExpiringChannels(at, 100) })
	}

	t.Run("identities are listed from the end of their days on, the longest overdue first", func(t *testing.T) {
		three, one, never := user(t, 3), user(t, 1), user(t, 0)
		identities(t, long.Add(day-time.Millisecond))
		identities(t, long.Add(day), one)
		identities(t, long.Add(3*day), one, three)
		expect(t, w, []store.NamedIdentity{named(one)}, func(tx store.Tx) ([]store.NamedIdentity, error) { return tx.ListExpiringIdentities(long.Add(3*day), 1) })
		never.Expiration.Days = 2
		one.Expiration.Days = 4
		three.Expiration = store.Expiration{}
		w.must(t, func(tx store.Tx) error {
			for _, i := range []store.Identity{one, three, never} {
				if err := tx.UpdateIdentity(i); err != nil {
					return err
				}
			}
			return nil
		})
		identities(t, long.Add(3*day), never)
		identities(t, long.Add(4*day), never, one)
		w.must(t, func(tx store.Tx) error { return tx.DeleteIdentity(never.Key) })
		identities(t, long.Add(4*day), one)
	})
	t.Run("so are channels", func(t *testing.T) {
		three, one, never := channel(t, 3), channel(t, 1), channel(t, 0)
		channels(t, long.Add(day-time.Millisecond))
		channels(t, long.Add(day), one)
		channels(t, long.Add(3*day), one, three)
		never.Expiration.Days = 2
		w.must(t, func(tx store.Tx) error { return tx.UpdateChannel(never) })
		channels(t, long.Add(3*day), one, never, three)
		w.must(t, func(tx store.Tx) error { return tx.DeleteChannel(one.Key) })
		channels(t, long.Add(3*day), never, three)
	})
	t.Run("a channel that is postponed is left out until then, or until it is changed", func(t *testing.T) {
		c := channel(t, 1)
		listed := func(at time.Time) bool {
			refs := read(t, w, func(tx store.Tx) ([]store.ChannelRef, error) { return tx.ListExpiringChannels(at, 100) })
			return slices.Contains(refs, store.ChannelRef{Account: a.Account, Instance: a.ID, ID: c.ID})
		}
		w.must(t, func(tx store.Tx) error { return tx.PostponeExpiration(c.Key, long.Add(5*day)) })
		if listed(long.Add(5*day-time.Millisecond)) || !listed(long.Add(5*day)) {
			t.Error("it is not left out until then")
		}
		w.must(t, func(tx store.Tx) error { return tx.UpdateChannel(c) })
		if !listed(long.Add(day)) {
			t.Error("it is left out after a change")
		}
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.PostponeExpiration(w.keys.Next(), long) })
	})
	t.Run("what is in a deleted app instance is not listed", func(t *testing.T) {
		user(t, 1)
		channel(t, 1)
		w.must(t, func(tx store.Tx) error { return tx.DeleteAppInstance(a.Key) })
		identities(t, long.Add(9*day))
		channels(t, long.Add(9*day))
	})
}
