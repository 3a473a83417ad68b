package storetest

import (
	"testing"

	"carillon/arn"
	"carillon/store"
)

func testChannelMemberships(t *testing.T, w *world) {
	a := w.instance(t)
	creator := w.user(t, a.Key)
	find := func(channel, member store.Key) func(store.Tx) (store.ListedMember, error) {
		return func(tx store.Tx) (store.ListedMember, error) { return tx.ChannelMembership(channel, member) }
	}
	view := func(channel, member store.Key) func(store.Tx) (store.MembershipView, error) {
		return func(tx store.Tx) (store.MembershipView, error) { return tx.MembershipView(channel, member) }
	}

	t.Run("a membership is found from both sides as it was created", func(t *testing.T) {
		c, other := w.channel(t, a.Key, creator.Key), w.channel(t, a.Key, creator.Key)
		u := w.user(t, a.Key)
		m := w.membership(t, c.Key, u.Key, creator.Key, true)
		expect(t, w, store.ListedMember{ChannelMembership: m, Who: u, Inviter: creator}, find(c.Key, u.Key))
		expect(t, w, []store.ListedMembership{{ChannelMembership: m, In: c}}, func(tx store.Tx) ([]store.ListedMembership, error) {
			return tx.ListMembershipsOf(u.Key, 0, 10)
		})
		expect(t, w, store.MembershipView{}, view(c.Key, u.Key))
		w.absent(t, func(tx store.Tx) error { return ignore(find(other.Key, u.Key)(tx)) })
		w.absent(t, func(tx store.Tx) error { return ignore(find(c.Key, creator.Key)(tx)) })
	})
	t.Run("many members are added at once", func(t *testing.T) {
		c := w.channel(t, a.Key, creator.Key)
		users := w.identities(t, a.Key, arn.User, 100)
		var batch []store.ChannelMembership
		var want []store.ListedMember
		for i, u := range users {
			m := w.newMembership(c.Key, u.Key, creator.Key, false)
			batch = append(batch, m)
			want = append(want, store.ListedMember{ChannelMembership: m, Who: users[i], Inviter: creator})
		}
		w.must(t, func(tx store.Tx) error { return tx.CreateChannelMemberships(c.Key, batch) })
		expect(t, w, want, func(tx store.Tx) ([]store.ListedMember, error) {
			return tx.ListChannelMemberships(c.Key, false, 0, 1000)
		})
	})
	t.Run("adding nobody changes nothing", func(t *testing.T) {
		c := w.channel(t, a.Key, creator.Key)
		w.must(t, func(tx store.Tx) error { return tx.CreateChannelMemberships(c.Key, nil) })
	})
	t.Run("adding members leaves the channel as it is", func(t *testing.T) {
		c := w.channel(t, a.Key, creator.Key)
		w.membership(t, c.Key, creator.Key, creator.Key, false)
		expect(t, w, c, func(tx store.Tx) (store.Channel, error) {
			e, err := tx.EnterChannel(store.ChannelRef{Account: a.Account, Instance: a.ID, ID: c.ID}, refOf(creator))
			return e.Channel, err
		})
	})
	t.Run("when one is a member already none is added, even if the transaction goes on", func(t *testing.T) {
		c := w.channel(t, a.Key, creator.Key)
		users := w.identities(t, a.Key, arn.User, 4)
		first := w.membership(t, c.Key, users[2].Key, creator.Key, false)
		w.must(t, func(tx store.Tx) error {
			batch := []store.ChannelMembership{
				w.newMembership(c.Key, users[0].Key, creator.Key, true),
				w.newMembership(c.Key, users[2].Key, creator.Key, true),
				w.newMembership(c.Key, users[3].Key, creator.Key, true),
			}
			if err := tx.CreateChannelMemberships(c.Key, batch); err != store.ErrExists {
				t.Errorf("answers %v, want %v", err, store.ErrExists)
			}
			return nil
		})
		expect(t, w, store.ListedMember{ChannelMembership: first, Who: users[2], Inviter: creator}, find(c.Key, users[2].Key))
		for _, u := range []store.Identity{users[0], users[3]} {
			w.absent(t, func(tx store.Tx) error { return ignore(find(c.Key, u.Key)(tx)) })
			expectCounts(t, w, 0, func(tx store.Tx, limit int) (int, error) { return tx.CountMembershipsOf(u.Key, limit) })
		}
		expectCounts(t, w, 1, func(tx store.Tx, limit int) (int, error) { return tx.CountMembershipsOf(users[2].Key, limit) })
	})
	t.Run("the same member twice in a batch is refused like one that is there", func(t *testing.T) {
		c := w.channel(t, a.Key, creator.Key)
		u := w.user(t, a.Key)
		w.must(t, func(tx store.Tx) error {
			batch := []store.ChannelMembership{
				w.newMembership(c.Key, u.Key, creator.Key, false), w.newMembership(c.Key, u.Key, creator.Key, false),
			}
			if err := tx.CreateChannelMemberships(c.Key, batch); err != store.ErrExists {
				t.Errorf("answers %v, want %v", err, store.ErrExists)
			}
			return nil
		})
		w.absent(t, func(tx store.Tx) error { return ignore(find(c.Key, u.Key)(tx)) })
	})
	t.Run("the key of another membership is refused and no part of the membership stays", func(t *testing.T) {
		c := w.channel(t, a.Key, creator.Key)
		users := w.identities(t, a.Key, arn.User, 2)
		m := w.membership(t, c.Key, users[0].Key, creator.Key, false)
		w.must(t, func(tx store.Tx) error {
			same := w.newMembership(c.Key, users[1].Key, creator.Key, false)
			same.Key = m.Key
			if err := tx.CreateChannelMemberships(c.Key, []store.ChannelMembership{same}); err != store.ErrExists {
				t.Errorf("answers %v, want %v", err, store.ErrExists)
			}
			return nil
		})
		w.absent(t, func(tx store.Tx) error { return ignore(find(c.Key, users[1].Key)(tx)) })

		elsewhere := w.channel(t, a.Key, creator.Key)
		w.must(t, func(tx store.Tx) error {
			same := w.newMembership(elsewhere.Key, users[0].Key, creator.Key, false)
			same.Key = m.Key
			if err := tx.CreateChannelMemberships(elsewhere.Key, []store.ChannelMembership{same}); err != store.ErrExists {
				t.Errorf("answers %v, want %v", err, store.ErrExists)
			}
			return nil
		})
		w.absent(t, func(tx store.Tx) error { return ignore(find(elsewhere.Key, users[0].Key)(tx)) })
		expect(t, w, store.ListedMember{ChannelMembership: m, Who: users[0], Inviter: creator}, find(c.Key, users[0].Key))
	})
	t.Run("a membership that is deleted is gone from both sides and can be created again", func(t *testing.T) {
		c := w.channel(t, a.Key, creator.Key)
		users := w.identities(t, a.Key, arn.User, 2)
		u := users[0]
		w.membership(t, c.Key, u.Key, creator.Key, false)
		other := w.membership(t, c.Key, users[1].Key, creator.Key, false)
		w.must(t, func(tx store.Tx) error { return tx.SetPreferences(c.Key, u.Key, "{}") })
		w.must(t, func(tx store.Tx) error { return tx.DeleteChannelMembership(c.Key, u.Key) })
		w.absent(t, func(tx store.Tx) error { return ignore(find(c.Key, u.Key)(tx)) })
		w.absent(t, func(tx store.Tx) error { return ignore(view(c.Key, u.Key)(tx)) })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.SetPreferences(c.Key, u.Key, "{}") })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.DeleteChannelMembership(c.Key, u.Key) })
		expectCounts(t, w, 0, func(tx store.Tx, limit int) (int, error) { return tx.CountMembershipsOf(u.Key, limit) })
		expect(t, w, []store.ListedMember{{ChannelMembership: other, Who: users[1], Inviter: creator}}, func(tx store.Tx) ([]store.ListedMember, error) {
			return tx.ListChannelMemberships(c.Key, false, 0, 10)
		})
		again := w.membership(t, c.Key, u.Key, creator.Key, true)
		expect(t, w, store.ListedMember{ChannelMembership: again, Who: u, Inviter: creator}, find(c.Key, u.Key))
		expect(t, w, store.MembershipView{}, view(c.Key, u.Key))
	})
	t.Run("preferences are the member's in this channel", func(t *testing.T) {
		c, other := w.channel(t, a.Key, creator.Key), w.channel(t, a.Key, creator.Key)
		users := w.identities(t, a.Key, arn.User, 2)
		w.membership(t, c.Key, users[0].Key, creator.Key, false)
		w.membership(t, c.Key, users[1].Key, creator.Key, false)
		w.membership(t, other.Key, users[0].Key, creator.Key, false)
		for _, preferences := range []string{`{"a":1}`, `{"b":2}`, ``} {
			w.must(t, func(tx store.Tx) error { return tx.SetPreferences(c.Key, users[0].Key, preferences) })
			expect(t, w, store.MembershipView{Preferences: preferences}, view(c.Key, users[0].Key))
			expect(t, w, store.MembershipView{}, view(c.Key, users[1].Key))
			expect(t, w, store.MembershipView{}, view(other.Key, users[0].Key))
		}
	})
	t.Run("who is no member has no preferences", func(t *testing.T) {
		c := w.channel(t, a.Key, creator.Key)
		w.absent(t, func(tx store.Tx) error { return ignore(view(c.Key, creator.Key)(tx)) })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.SetPreferences(c.Key, creator.Key, "{}") })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.DeleteChannelMembership(c.Key, creator.Key) })
	})
	t.Run("memberships of one identity are counted up to a limit", func(t *testing.T) {
		u := w.user(t, a.Key)
		for i := range 3 {
			w.membership(t, w.channel(t, a.Key, creator.Key).Key, u.Key, creator.Key, i == 0)
		}
		expectCounts(t, w, 3, func(tx store.Tx, limit int) (int, error) { return tx.CountMembershipsOf(u.Key, limit) })
	})
	for name, hidden := range map[string]bool{"list of members": false, "list of hidden members": true} {
		t.Run(name, func(t *testing.T) {
			c, other := w.channel(t, a.Key, creator.Key), w.channel(t, a.Key, creator.Key)
			users := w.identities(t, a.Key, arn.User, 16)
			pop := func() store.Identity { // the order is not that of the identities
				u := users[len(users)-1]
				users = users[:len(users)-1]
				return u
			}
			listing[store.ListedMember]{
				list: func(tx store.Tx, after store.Key, limit int) ([]store.ListedMember, error) {
					return tx.ListChannelMemberships(c.Key, hidden, after, limit)
				},
				key: func(l store.ListedMember) store.Key { return l.Key },
				add: func(t *testing.T) store.ListedMember {
					who := pop()
					w.membership(t, other.Key, who.Key, creator.Key, hidden)
					w.membership(t, c.Key, pop().Key, creator.Key, !hidden)
					return store.ListedMember{ChannelMembership: w.membership(t, c.Key, who.Key, creator.Key, hidden), Who: who, Inviter: creator}
				},
				remove: func(t *testing.T, l store.ListedMember) {
					w.must(t, func(tx store.Tx) error { return tx.DeleteChannelMembership(c.Key, l.Member) })
				},
			}.test(t, w)
		})
	}
	t.Run("list of one identity's memberships", func(t *testing.T) {
		users := w.identities(t, a.Key, arn.User, 2)
		u := users[0]
		var channels []store.Channel
		for range 8 {
			channels = append(channels, w.channel(t, a.Key, creator.Key))
		}
		hidden := false
		listing[store.ListedMembership]{
			list: func(tx store.Tx, after store.Key, limit int) ([]store.ListedMembership, error) {
				return tx.ListMembershipsOf(u.Key, after, limit)
			},
			key: func(l store.ListedMembership) store.Key { return l.Key },
			add: func(t *testing.T) store.ListedMembership {
				in := channels[len(channels)-1] // the order is not that of the channels
				channels = channels[:len(channels)-1]
				hidden = !hidden
				w.membership(t, in.Key, users[1].Key, creator.Key, hidden)
				l := store.ListedMembership{ChannelMembership: w.membership(t, in.Key, u.Key, creator.Key, hidden), In: in}
				l.Preferences = `{"of":"` + in.ID + `"}`
				w.must(t, func(tx store.Tx) error { return tx.SetPreferences(in.Key, u.Key, l.Preferences) })
				return l
			},
			remove: func(t *testing.T, l store.ListedMembership) {
				w.must(t, func(tx store.Tx) error { return tx.DeleteChannelMembership(l.Channel, u.Key) })
			},
		}.test(t, w)
	})
}
