package storetest

import (
	"testing"

	"carillon/arn"
	"carillon/store"
)

func testChannelBans(t *testing.T, w *world) {
	a := w.instance(t)
	creator := w.user(t, a.Key)
	find := func(channel, member store.Key) func(store.Tx) (store.ListedBan, error) {
		return func(tx store.Tx) (store.ListedBan, error) { return tx.ChannelBan(channel, member) }
	}

	t.Run("a ban is found as it was created", func(t *testing.T) {
		c, other := w.channel(t, a.Key, creator.Key), w.channel(t, a.Key, creator.Key)
		u := w.user(t, a.Key)
		b := w.ban(t, c.Key, u.Key, creator.Key)
		expect(t, w, store.ListedBan{ChannelBan: b, Who: u, Creator: creator}, find(c.Key, u.Key))
		w.absent(t, func(tx store.Tx) error { return ignore(find(other.Key, u.Key)(tx)) })
		w.absent(t, func(tx store.Tx) error { return ignore(find(c.Key, creator.Key)(tx)) })
	})
	t.Run("who is banned cannot be banned again", func(t *testing.T) {
		c := w.channel(t, a.Key, creator.Key)
		u := w.user(t, a.Key)
		first := w.ban(t, c.Key, u.Key, creator.Key)
		second := first
		second.Key, second.CreatedBy = w.keys.Next(), u.Key
		w.refused(t, store.ErrExists, func(tx store.Tx) error { return tx.CreateChannelBan(second) })
		expect(t, w, store.ListedBan{ChannelBan: first, Who: u, Creator: creator}, find(c.Key, u.Key))
	})
	t.Run("a ban that is deleted is gone and can be created again", func(t *testing.T) {
		c := w.channel(t, a.Key, creator.Key)
		u := w.user(t, a.Key)
		w.ban(t, c.Key, u.Key, creator.Key)
		w.must(t, func(tx store.Tx) error { return tx.DeleteChannelBan(c.Key, u.Key) })
		w.absent(t, func(tx store.Tx) error { return ignore(find(c.Key, u.Key)(tx)) })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.DeleteChannelBan(c.Key, u.Key) })
		again := w.ban(t, c.Key, u.Key, creator.Key)
		expect(t, w, store.ListedBan{ChannelBan: again, Who: u, Creator: creator}, find(c.Key, u.Key))
	})
	t.Run("list", func(t *testing.T) {
		c, other := w.channel(t, a.Key, creator.Key), w.channel(t, a.Key, creator.Key)
		users := w.identities(t, a.Key, arn.User, 8)
		listing[store.ListedBan]{
			list: func(tx store.Tx, after store.Key, limit int) ([]store.ListedBan, error) {
				return tx.ListChannelBans(c.Key, after, limit)
			},
			key: func(l store.ListedBan) store.Key { return l.Key },
			add: func(t *testing.T) store.ListedBan {
				who := users[len(users)-1] // the order is not that of the identities
				users = users[:len(users)-1]
				w.ban(t, other.Key, who.Key, creator.Key)
				return store.ListedBan{ChannelBan: w.ban(t, c.Key, who.Key, creator.Key), Who: who, Creator: creator}
			},
			remove: func(t *testing.T, l store.ListedBan) {
				w.must(t, func(tx store.Tx) error { return tx.DeleteChannelBan(c.Key, l.Member) })
			},
		}.test(t, w)
	})
}
