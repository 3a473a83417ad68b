package storetest

import (
	"testing"

	"carillon/arn"
	"carillon/store"
)

func testChannels(t *testing.T, w *world) {
	a := w.instance(t)
	creator := w.user(t, a.Key)
	enter := func(c store.Channel, actor store.IdentityRef) func(store.Tx) (store.Entry, error) {
		return func(tx store.Tx) (store.Entry, error) {
			return tx.EnterChannel(store.ChannelRef{Account: a.Account, Instance: a.ID, ID: c.ID}, actor)
		}
	}
	find := func(c store.Channel) func(store.Tx) (store.Channel, error) {
		return func(tx store.Tx) (store.Channel, error) {
			e, err := enter(c, store.IdentityRef{})(tx)
			return e.Channel, err
		}
	}

	t.Run("an entry tells the channel, its creator and what the actor is", func(t *testing.T) {
		c := w.channel(t, a.Key, creator.Key)
		users := w.identities(t, a.Key, arn.User, 5)
		member := w.membership(t, c.Key, users[1].Key, creator.Key, false)
		hidden := w.membership(t, c.Key, users[2].Key, users[1].Key, true)
		w.moderator(t, c.Key, users[2].Key, creator.Key)
		w.ban(t, c.Key, users[3].Key, creator.Key)
		w.admin(t, a.Key, users[4].Key)
		for i, want := range []store.Standing{
			{Identity: users[0]},
			{Identity: users[1], Membership: member},
			{Identity: users[2], Membership: hidden, Moderator: true},
			{Identity: users[3], Banned: true},
			{Identity: users[4], Admin: true},
		} {
			expect(t, w, store.Entry{Instance: a.Key, Channel: c, CreatedBy: creator, Actor: want}, enter(c, refOf(users[i])))
		}
	})
	t.Run("an entry tells roles in this channel and app instance only", func(t *testing.T) {
		c, other := w.channel(t, a.Key, creator.Key), w.channel(t, a.Key, creator.Key)
		u := w.user(t, a.Key)
		w.membership(t, other.Key, u.Key, creator.Key, false)
		w.moderator(t, other.Key, u.Key, creator.Key)
		w.ban(t, other.Key, u.Key, creator.Key)
		expect(t, w, store.Entry{Instance: a.Key, Channel: c, CreatedBy: creator, Actor: store.Standing{Identity: u}}, enter(c, refOf(u)))
	})
	t.Run("an entry without an app instance is not found", func(t *testing.T) {
		c, other := w.channel(t, a.Key, creator.Key), w.instance(t)
		for _, ref := range []store.ChannelRef{
			{Account: other.Account, Instance: a.ID, ID: c.ID},
			{Account: a.Account, Instance: other.ID, ID: c.ID},
			{},
		} {
			w.absent(t, func(tx store.Tx) error { return ignore(tx.EnterChannel(ref, refOf(creator))) })
		}
	})
	t.Run("an entry without a channel has the actor", func(t *testing.T) {
		u, elsewhere := w.user(t, a.Key), w.instance(t)
		w.admin(t, a.Key, u.Key)
		there := w.channel(t, elsewhere.Key, w.user(t, elsewhere.Key).Key)
		for _, id := range []string{"", "nothing", there.ID} {
			expect(t, w, store.Entry{Instance: a.Key, Actor: store.Standing{Identity: u, Admin: true}}, enter(store.Channel{ID: id}, refOf(u)))
		}
	})
	t.Run("an entry without an actor has the channel", func(t *testing.T) {
		c := w.channel(t, a.Key, creator.Key)
		stranger := w.user(t, w.instance(t).Key)
		for _, ref := range []store.IdentityRef{{}, {Kind: arn.User, ID: "nobody"}, {Kind: arn.Bot, ID: creator.ID}, refOf(stranger)} {
			expect(t, w, store.Entry{Instance: a.Key, Channel: c, CreatedBy: creator}, enter(c, ref))
		}
	})
	t.Run("standings come in the order asked for", func(t *testing.T) {
		c := w.channel(t, a.Key, creator.Key)
		users := w.identities(t, a.Key, arn.User, 4)
		bot := w.identities(t, a.Key, arn.Bot, 1)[0]
		member := w.membership(t, c.Key, users[1].Key, creator.Key, false)
		w.ban(t, c.Key, users[2].Key, creator.Key)
		w.moderator(t, c.Key, bot.Key, creator.Key)
		w.admin(t, a.Key, users[3].Key)
		refs := []store.IdentityRef{
			refOf(users[3]), {Kind: arn.User, ID: "nobody"}, refOf(users[1]), refOf(bot), refOf(users[0]),
			refOf(users[1]), refOf(users[2]), {Kind: arn.User, ID: bot.ID},
		}
		want := []store.Standing{
			{Identity: users[3], Admin: true}, {}, {Identity: users[1], Membership: member}, {Identity: bot, Moderator: true}, {Identity: users[0]},
			{Identity: users[1], Membership: member}, {Identity: users[2], Banned: true}, {},
		}
		expect(t, w, want, func(tx store.Tx) ([]store.Standing, error) { return tx.Standings(a.Key, c.Key, refs) })
	})
	t.Run("standings to no channel tell who exists and is an admin", func(t *testing.T) {
		u, elsewhere := w.user(t, a.Key), w.instance(t)
		w.admin(t, a.Key, u.Key)
		there := w.channel(t, elsewhere.Key, w.user(t, elsewhere.Key).Key)
		w.membership(t, there.Key, u.Key, u.Key, false)
		for _, channel := range []store.Key{0, w.keys.Next(), there.Key} {
			expect(t, w, []store.Standing{{Identity: u, Admin: true}}, func(tx store.Tx) ([]store.Standing, error) {
				return tx.Standings(a.Key, channel, []store.IdentityRef{refOf(u)})
			})
		}
	})
	t.Run("standings of nobody are none", func(t *testing.T) {
		c := w.channel(t, a.Key, creator.Key)
		expect(t, w, 0, func(tx store.Tx) (int, error) {
			s, err := tx.Standings(a.Key, c.Key, nil)
			return len(s), err
		})
	})
	t.Run("what is empty stays empty", func(t *testing.T) {
		c := store.Channel{Key: w.keys.Next(), Instance: a.Key, ID: "empty"}
		w.must(t, func(tx store.Tx) error { return tx.CreateChannel(c) })
		expect(t, w, store.Entry{Instance: a.Key, Channel: c}, enter(c, store.IdentityRef{}))
	})
	t.Run("an id is taken once in an app instance", func(t *testing.T) {
		c, same := w.channel(t, a.Key, creator.Key), w.newChannel(a.Key, creator.Key)
		same.ID = c.ID
		w.refused(t, store.ErrExists, func(tx store.Tx) error { return tx.CreateChannel(same) })
		expect(t, w, c, find(c))
		elsewhere := w.newChannel(w.instance(t).Key, creator.Key)
		elsewhere.ID = c.ID
		w.must(t, func(tx store.Tx) error { return tx.CreateChannel(elsewhere) })
	})
	t.Run("a key is taken once", func(t *testing.T) {
		c, other := w.channel(t, a.Key, creator.Key), w.newChannel(a.Key, creator.Key)
		other.Key = c.Key
		w.refused(t, store.ErrExists, func(tx store.Tx) error { return tx.CreateChannel(other) })
	})
	t.Run("an update changes name, metadata, mode, expiration and time", func(t *testing.T) {
		c, other := w.channel(t, a.Key, creator.Key), w.channel(t, a.Key, creator.Key)
		change := w.newChannel(w.keys.Next(), w.keys.Next())
		change.Key, change.Unrestricted, change.Elastic, change.Private = c.Key, !c.Unrestricted, store.Elastic{}, true
		w.must(t, func(tx store.Tx) error { return tx.UpdateChannel(change) })
		want := c
		want.Name, want.Metadata, want.Unrestricted = change.Name, change.Metadata, change.Unrestricted
		want.Expiration, want.Updated = change.Expiration, change.Updated
		expect(t, w, want, find(c))
		expect(t, w, other, find(other))
	})
	t.Run("advancing adds to the sequence and to the members", func(t *testing.T) {
		c, other := w.channel(t, a.Key, creator.Key), w.channel(t, a.Key, creator.Key)
		for _, step := range []struct{ events, members int }{{1, 0}, {3, 100}, {0, 1}, {1, -2}} {
			c.Sequence += int64(step.events)
			c.Members += int64(step.members)
			w.must(t, func(tx store.Tx) error {
				sequence, err := tx.AdvanceChannel(c.Key, step.events, step.members)
				if sequence != c.Sequence {
					t.Errorf("sequence is %d, want %d", sequence, c.Sequence)
				}
				return err
			})
			expect(t, w, c, find(c))
		}
		expect(t, w, other, find(other))
	})
	t.Run("what is not there cannot be changed, advanced or deleted", func(t *testing.T) {
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.UpdateChannel(w.newChannel(a.Key, creator.Key)) })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return ignore(tx.AdvanceChannel(w.keys.Next(), 1, 1)) })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.DeleteChannel(w.keys.Next()) })
	})
	t.Run("a deleted channel is gone and its id can be created again with another key", func(t *testing.T) {
		c := w.channel(t, a.Key, creator.Key)
		u := w.user(t, a.Key)
		w.membership(t, c.Key, u.Key, creator.Key, false)
		w.must(t, func(tx store.Tx) error { return tx.DeleteChannel(c.Key) })
		expect(t, w, store.Entry{Instance: a.Key, Actor: store.Standing{Identity: u}}, enter(c, refOf(u)))
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.UpdateChannel(c) })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return ignore(tx.AdvanceChannel(c.Key, 1, 1)) })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.DeleteChannel(c.Key) })
		w.refused(t, store.ErrExists, func(tx store.Tx) error { return tx.CreateChannel(c) })
		again := w.newChannel(a.Key, creator.Key)
		again.ID = c.ID
		w.must(t, func(tx store.Tx) error { return tx.CreateChannel(again) })
		again.Sequence += c.Sequence // it goes on counting
		expect(t, w, store.Entry{Instance: a.Key, Channel: again, CreatedBy: creator, Actor: store.Standing{Identity: u}}, enter(c, refOf(u)))
	})
	t.Run("channels of both privacies are counted up to a limit", func(t *testing.T) {
		a := w.instance(t)
		for i := range 4 {
			c := w.newChannel(a.Key, creator.Key)
			c.Private = i%2 == 0
			w.must(t, func(tx store.Tx) error { return tx.CreateChannel(c) })
			if i == 3 {
				w.must(t, func(tx store.Tx) error { return tx.DeleteChannel(c.Key) })
			}
		}
		expectCounts(t, w, 3, func(tx store.Tx, limit int) (int, error) { return tx.CountChannels(a.Key, limit) })
	})
	for name, private := range map[string]bool{"list of public channels": false, "list of private channels": true} {
		t.Run(name, func(t *testing.T) {
			a, elsewhere := w.instance(t), w.instance(t)
			add := func(t *testing.T, instance store.Key, private bool) store.Channel {
				c := w.newChannel(instance, creator.Key)
				c.Private = private
				w.must(t, func(tx store.Tx) error { return tx.CreateChannel(c) })
				return c
			}
			listing[store.Channel]{
				list: func(tx store.Tx, after store.Key, limit int) ([]store.Channel, error) {
					return tx.ListChannels(a.Key, private, after, limit)
				},
				key: func(c store.Channel) store.Key { return c.Key },
				add: func(t *testing.T) store.Channel {
					add(t, elsewhere.Key, private)
					add(t, a.Key, !private)
					return add(t, a.Key, private)
				},
				remove: func(t *testing.T, c store.Channel) {
					w.must(t, func(tx store.Tx) error { return tx.DeleteChannel(c.Key) })
				},
			}.test(t, w)
		})
	}
}
