package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"carillon/arn"
	"carillon/store"
)

func testSubChannels(t *testing.T, w *world) {
	a := w.instance(t)
	creator := w.user(t, a.Key)
	elastic := func(t *testing.T) store.Channel {
		c := w.newChannel(a.Key, creator.Key)
		c.Members = 0
		w.must(t, func(tx store.Tx) error { return tx.CreateChannel(c) })
		return c
	}
	open := func(t *testing.T, c store.Channel, members int) store.SubChannel {
		t.Helper()
		k := w.keys.Next()
		b := store.SubChannel{Key: k, Channel: c.Key, Instance: a.Key, ID: fmt.Sprintf("sub-%d", k), Created: after(k)}
		w.must(t, func(tx store.Tx) error {
			if err := tx.CreateSubChannel(b); err != nil {
				return err
			}
			_, err := tx.AdvanceChannel(b.Key, 0, members)
			return err
		})
		b.Members = int64(members)
		return b
	}
	counted := func(c store.Channel) int {
		return read(t, w, func(tx store.Tx) (store.Entry, error) {
			return tx.EnterChannel(store.ChannelRef{Account: a.Account, Instance: a.ID, ID: c.ID}, refOf(creator))
		}).Channel.SubChannels
	}
	// sit makes somebody a member of a sub-channel.
	sit := func(t *testing.T, b store.SubChannel, who store.Identity) store.ChannelMembership {
		t.Helper()
		m := w.membership(t, b.Key, who.Key, creator.Key, false)
		w.must(t, func(tx store.Tx) error { return tx.AddSeats(b.Channel, b.Key, []store.Key{who.Key}) })
		return m
	}

	t.Run("a sub-channel is found by its id in its channel alone, and counted there", func(t *testing.T) {
		c, other := elastic(t), elastic(t)
		b := open(t, c, 0)
		expect(t, w, b, func(tx store.Tx) (store.SubChannel, error) { return tx.SubChannel(c.Key, b.ID) })
		w.absent(t, func(tx store.Tx) error { return ignore(tx.SubChannel(other.Key, b.ID)) })
		w.absent(t, func(tx store.Tx) error { return ignore(tx.SubChannel(c.Key, "none")) })
		if n := counted(c); n != 1 {
			t.Errorf("%d counted", n)
		}
		w.refused(t, store.ErrExists, func(tx store.Tx) error {
			again := b
			again.Key = w.keys.Next()
			return tx.CreateSubChannel(again)
		})
	})
	t.Run("a sub-channel is no channel of the app instance", func(t *testing.T) {
		c := elastic(t)
		b := open(t, c, 0)
		for _, private := range []bool{false, true} {
			for _, listed := range read(t, w, func(tx store.Tx) ([]store.Channel, error) { return tx.ListChannels(a.Key, private, 0, 1000) }) {
				if listed.Key == b.Key {
					t.Error("it is listed as one")
				}
			}
		}
		e := read(t, w, func(tx store.Tx) (store.Entry, error) {
			return tx.EnterChannel(store.ChannelRef{Account: a.Account, Instance: a.ID, ID: b.ID}, refOf(creator))
		})
		if e.Channel.Key != 0 {
			t.Error("it is entered as one")
		}
	})
	t.Run("the emptiest and the fullest are told among those that take members", func(t *testing.T) {
		c := elastic(t)
		w.absent(t, func(tx store.Tx) error { return ignore(tx.EmptiestSubChannel(c.Key, 0)) })
		three, one, two := open(t, c, 3), open(t, c, 1), open(t, c, 2)
		open(t, elastic(t), 0)
		emptiest := func(except store.Key) func(store.Tx) (store.SubChannel, error) {
			return func(tx store.Tx) (store.SubChannel, error) { return tx.EmptiestSubChannel(c.Key, except) }
		}
		fullest := func(except store.Key) func(store.Tx) (store.SubChannel, error) {
			return func(tx store.Tx) (store.SubChannel, error) { return tx.FullestSubChannel(c.Key, except) }
		}
		expect(t, w, one, emptiest(0))
		expect(t, w, two, emptiest(one.Key))
		expect(t, w, three, fullest(0))
		expect(t, w, two, fullest(three.Key))
		w.absent(t, func(tx store.Tx) error { return ignore(tx.DrainingSubChannel()) })
		w.must(t, func(tx store.Tx) error { return tx.DrainSubChannel(one) })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.DrainSubChannel(one) })
		expect(t, w, two, emptiest(0))
		if n := counted(c); n != 2 {
			t.Errorf("%d counted", n)
		}
		one.Draining = true
		expect(t, w, one, func(tx store.Tx) (store.SubChannel, error) { return tx.DrainingSubChannel() })
		expect(t, w, store.ChannelRef{Account: a.Account, Instance: a.ID, ID: c.ID}, func(tx store.Tx) (store.ChannelRef, error) { return tx.ChannelOf(one) })
		expect(t, w, []store.SubChannel{three, one, two}, func(tx store.Tx) ([]store.SubChannel, error) { return tx.ListSubChannels(c.Key, 0, 10) })
		expect(t, w, []store.SubChannel{one}, func(tx store.Tx) ([]store.SubChannel, error) { return tx.ListSubChannels(c.Key, three.Key, 1) })
		w.must(t, func(tx store.Tx) error { return tx.DeleteChannel(one.Key) })
		w.absent(t, func(tx store.Tx) error { return ignore(tx.DrainingSubChannel()) })
		expect(t, w, []store.SubChannel{three, two}, func(tx store.Tx) ([]store.SubChannel, error) { return tx.ListSubChannels(c.Key, 0, 10) })
	})
	t.Run("it is told where everybody sits, and memberships move as they are", func(t *testing.T) {
		c := elastic(t)
		from, to := open(t, c, 0), open(t, c, 0)
		users := w.identities(t, a.Key, arn.User, 3)
		first, second := sit(t, from, users[0]), sit(t, from, users[1])
		w.must(t, func(tx store.Tx) error { return tx.SetReadMarker(from.Key, users[0].Key, noon) })
		seats := func() [][]store.Seat {
			return read(t, w, func(tx store.Tx) ([][]store.Seat, error) {
				return tx.Seats(c.Key, []store.Key{users[0].Key, users[1].Key, users[2].Key})
			})
		}
		if diff := cmp.Diff([][]store.Seat{{{ChannelMembership: first, SubChannel: from.ID}}, {{ChannelMembership: second, SubChannel: from.ID}}, nil}, seats()); diff != "" {
			t.Error(diff)
		}
		w.must(t, func(tx store.Tx) error { return tx.MoveSeat(c.Key, from.Key, to.Key, users[0].Key) })
		first.Channel = to.Key
		if diff := cmp.Diff([]store.Seat{{ChannelMembership: first, SubChannel: to.ID}}, seats()[0]); diff != "" {
			t.Error(diff)
		}
		expect(t, w, store.MembershipView{ReadMarker: noon}, func(tx store.Tx) (store.MembershipView, error) {
			return tx.MembershipView(to.Key, users[0].Key)
		})
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.MoveSeat(c.Key, from.Key, to.Key, users[0].Key) })
		own := read(t, w, func(tx store.Tx) ([]store.ListedMembership, error) { return tx.ListMembershipsOf(users[0].Key, 0, 10) })
		if len(own) != 1 || own[0].SubChannel != to.ID || own[0].In.Key != c.Key {
			t.Errorf("its own side: %+v", own)
		}
		w.must(t, func(tx store.Tx) error { return tx.RemoveSeat(c.Key, to.Key, users[0].Key) })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.RemoveSeat(c.Key, to.Key, users[0].Key) })
	})
	t.Run("moderators are not among the seats to move", func(t *testing.T) {
		c := elastic(t)
		b := open(t, c, 0)
		users := w.identities(t, a.Key, arn.User, 3)
		w.moderator(t, c.Key, users[1].Key, creator.Key)
		var want []store.ListedMember
		for i, who := range users {
			if m := sit(t, b, who); i != 1 {
				want = append(want, store.ListedMember{ChannelMembership: m, Who: who, Inviter: creator})
			}
		}
		expect(t, w, want, func(tx store.Tx) ([]store.ListedMember, error) { return tx.ListSeats(c.Key, b.Key, 10) })
		expect(t, w, want[:1], func(tx store.Tx) ([]store.ListedMember, error) { return tx.ListSeats(c.Key, b.Key, 1) })
	})
	t.Run("with the channel its sub-channels are out of reach", func(t *testing.T) {
		c := elastic(t)
		b := open(t, c, 0)
		who := w.user(t, a.Key)
		sit(t, b, who)
		w.must(t, func(tx store.Tx) error { return tx.DrainSubChannel(b) })
		w.must(t, func(tx store.Tx) error { return tx.DeleteChannel(c.Key) })
		w.absent(t, func(tx store.Tx) error { return ignore(tx.DrainingSubChannel()) })
		w.absent(t, func(tx store.Tx) error { return ignore(tx.ChannelOf(b)) })
		expect(t, w, nil, func(tx store.Tx) ([]store.ListedMembership, error) { return tx.ListMembershipsOf(who.Key, 0, 10) })
	})
	t.Run("the time of an elastic channel's last message only goes forward", func(t *testing.T) {
		c := elastic(t)
		last := c.LastMessage
		for _, at := range []time.Time{last.Add(time.Second), last} {
			w.must(t, func(tx store.Tx) error { return tx.TouchChannel(c.Key, at) })
			got := read(t, w, func(tx store.Tx) (store.Entry, error) {
				return tx.EnterChannel(store.ChannelRef{Account: a.Account, Instance: a.ID, ID: c.ID}, refOf(creator))
			}).Channel.LastMessage
			if !got.Equal(last.Add(time.Second)) {
				t.Errorf("after %v: %v", at, got)
			}
		}
	})
}
