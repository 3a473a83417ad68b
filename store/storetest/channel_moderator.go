package storetest

import (
	"testing"

	"carillon/arn"
	"carillon/store"
)

func testChannelModerators(t *testing.T, w *world) {
	a := w.instance(t)
	creator := w.user(t, a.Key)
	find := func(channel, moderator store.Key) func(store.Tx) (store.ListedModerator, error) {
		return func(tx store.Tx) (store.ListedModerator, error) { return tx.ChannelModerator(channel, moderator) }
	}
	moderated := func(moderator store.Key) func(store.Tx) ([]store.ModeratedChannel, error) {
		return func(tx store.Tx) ([]store.ModeratedChannel, error) { return tx.ListModeratedBy(moderator, 0, 10) }
	}

	t.Run("a moderator is found from both sides as it was created", func(t *testing.T) {
		c, other := w.channel(t, a.Key, creator.Key), w.channel(t, a.Key, creator.Key)
		u := w.user(t, a.Key)
		m := w.moderator(t, c.Key, u.Key, creator.Key)
		expect(t, w, store.ListedModerator{ChannelModerator: m, Who: u, Creator: creator}, find(c.Key, u.Key))
		expect(t, w, []store.ModeratedChannel{{Role: m.Key, In: c}}, moderated(u.Key))
		w.absent(t, func(tx store.Tx) error { return ignore(find(other.Key, u.Key)(tx)) })
		w.absent(t, func(tx store.Tx) error { return ignore(find(c.Key, creator.Key)(tx)) })
	})
	t.Run("when one is a moderator already none is added, even if the transaction goes on", func(t *testing.T) {
		c := w.channel(t, a.Key, creator.Key)
		users := w.identities(t, a.Key, arn.User, 3)
		first := w.moderator(t, c.Key, users[1].Key, creator.Key)
		w.must(t, func(tx store.Tx) error {
			batch := []store.ChannelModerator{
				w.newModerator(c.Key, users[0].Key, creator.Key),
				w.newModerator(c.Key, users[1].Key, creator.Key),
				w.newModerator(c.Key, users[2].Key, creator.Key),
			}
			if err := tx.CreateChannelModerators(c.Key, batch); err != store.ErrExists {
				t.Errorf("answers %v, want %v", err, store.ErrExists)
			}
			return nil
		})
		expect(t, w, store.ListedModerator{ChannelModerator: first, Who: users[1], Creator: creator}, find(c.Key, users[1].Key))
		expect(t, w, []store.ModeratedChannel{{Role: first.Key, In: c}}, moderated(users[1].Key))
		for _, u := range []store.Identity{users[0], users[2]} {
			w.absent(t, func(tx store.Tx) error { return ignore(find(c.Key, u.Key)(tx)) })
			expect(t, w, nil, moderated(u.Key))
		}
	})
	t.Run("a moderator that is deleted is none any more and can be created again", func(t *testing.T) {
		c := w.channel(t, a.Key, creator.Key)
		u := w.user(t, a.Key)
		w.moderator(t, c.Key, u.Key, creator.Key)
		w.must(t, func(tx store.Tx) error { return tx.DeleteChannelModerator(c.Key, u.Key) })
		w.absent(t, func(tx store.Tx) error { return ignore(find(c.Key, u.Key)(tx)) })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.DeleteChannelModerator(c.Key, u.Key) })
		expect(t, w, nil, moderated(u.Key))
		again := w.moderator(t, c.Key, u.Key, creator.Key)
		expect(t, w, store.ListedModerator{ChannelModerator: again, Who: u, Creator: creator}, find(c.Key, u.Key))
	})
	t.Run("moderators are counted up to a limit", func(t *testing.T) {
		c := w.channel(t, a.Key, creator.Key)
		for _, u := range w.identities(t, a.Key, arn.User, 3) {
			w.moderator(t, c.Key, u.Key, creator.Key)
		}
		expectCounts(t, w, 3, func(tx store.Tx, limit int) (int, error) { return tx.CountChannelModerators(c.Key, limit) })
		expectCounts(t, w, 0, func(tx store.Tx, limit int) (int, error) { return tx.CountChannelModerators(w.keys.Next(), limit) })
	})
	t.Run("list of moderators", func(t *testing.T) {
		c, other := w.channel(t, a.Key, creator.Key), w.channel(t, a.Key, creator.Key)
		users := w.identities(t, a.Key, arn.User, 8)
		listing[store.ListedModerator]{
			list: func(tx store.Tx, after store.Key, limit int) ([]store.ListedModerator, error) {
				return tx.ListChannelModerators(c.Key, after, limit)
			},
			key: func(l store.ListedModerator) store.Key { return l.Key },
			add: func(t *testing.T) store.ListedModerator {
				who := users[len(users)-1] // the order is not that of the identities
				users = users[:len(users)-1]
				w.moderator(t, other.Key, who.Key, creator.Key)
				return store.ListedModerator{ChannelModerator: w.moderator(t, c.Key, who.Key, creator.Key), Who: who, Creator: creator}
			},
			remove: func(t *testing.T, l store.ListedModerator) {
				w.must(t, func(tx store.Tx) error { return tx.DeleteChannelModerator(c.Key, l.Moderator) })
			},
		}.test(t, w)
	})
	t.Run("list of channels that one moderates", func(t *testing.T) {
		users := w.identities(t, a.Key, arn.User, 2)
		var channels []store.Channel
		for range 8 {
			channels = append(channels, w.channel(t, a.Key, creator.Key))
		}
		listing[store.ModeratedChannel]{
			list: func(tx store.Tx, after store.Key, limit int) ([]store.ModeratedChannel, error) {
				return tx.ListModeratedBy(users[0].Key, after, limit)
			},
			key: func(m store.ModeratedChannel) store.Key { return m.Role },
			add: func(t *testing.T) store.ModeratedChannel {
				in := channels[len(channels)-1] // the order is not that of the channels
				channels = channels[:len(channels)-1]
				w.moderator(t, in.Key, users[1].Key, creator.Key)
				return store.ModeratedChannel{Role: w.moderator(t, in.Key, users[0].Key, creator.Key).Key, In: in}
			},
			remove: func(t *testing.T, m store.ModeratedChannel) {
				w.must(t, func(tx store.Tx) error { return tx.DeleteChannelModerator(m.In.Key, users[0].Key) })
			},
		}.test(t, w)
	})
}
