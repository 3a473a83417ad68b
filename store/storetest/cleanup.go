package storetest

import (
	"errors"
	"testing"
	"time"

	"carillon/arn"
	"carillon/store"
)

func testCleanups(t *testing.T, w *world) {
	t.Run("every deletion leaves one, of its kind, by the key of what was deleted", func(t *testing.T) { testCleanupsLeft(t, w) })
	t.Run("a deletion that fails leaves none", func(t *testing.T) {
		a := w.instance(t)
		u := w.user(t, a.Key)
		fault := errors.New("fault")
		w.refused(t, fault, func(tx store.Tx) error {
			if err := tx.DeleteIdentity(u.Key); err != nil {
				return err
			}
			return fault
		})
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.DeleteIdentity(w.keys.Next()) })
		if left := w.leftBy(t, store.IdentityCleanup, u.Key-1); len(left) != 0 {
			t.Errorf("left are %v", left)
		}
		w.removed(t, store.IdentityCleanup, u.Key, 10, 0)
	})
	t.Run("memberships of a deleted identity are listed and ended one by one", func(t *testing.T) { testLeavings(t, w) })
	t.Run("an identity", func(t *testing.T) { testIdentityCleanup(t, w) })
	t.Run("a channel", func(t *testing.T) { testChannelCleanup(t, w) })
	t.Run("an elastic channel", func(t *testing.T) { testElasticCleanup(t, w) })
	t.Run("a channel flow", func(t *testing.T) { testChannelFlowCleanup(t, w) })
	t.Run("an app instance", func(t *testing.T) { testAppInstanceCleanup(t, w) })
}

// leftBy lists the cleanups of a kind after a key.
func (w *world) leftBy(t *testing.T, kind store.CleanupKind, after store.Key) []store.Key {
	t.Helper()
	return read(t, w, listCleanups(kind, after))
}

func listCleanups(kind store.CleanupKind, after store.Key) func(tx store.Tx) ([]store.Key, error) {
	return func(tx store.Tx) ([]store.Key, error) {
		list, err := tx.ListCleanups(kind, noon, 100)
		var later []store.Key
		for _, k := range list {
			if k > after {
				later = append(later, k)
			}
		}
		return later, err
	}
}

// removed does one step of a cleanup and expects it to remove so many records.
func (w *world) removed(t *testing.T, kind store.CleanupKind, deleted store.Key, limit, want int) {
	t.Helper()
	w.must(t, func(tx store.Tx) error {
		n, err := tx.CleanUp(kind, deleted, limit)
		if n != want {
			t.Errorf("cleanup %d of %d removed %d records of at most %d, want %d", kind, deleted, n, limit, want)
		}
		return err
	})
}

// inSteps does a whole cleanup, a few records at a time, and expects it to remove so many in all.
func (w *world) inSteps(t *testing.T, kind store.CleanupKind, deleted store.Key, want int) {
	t.Helper()
	total := 0
	for total <= want {
		n := 0
		w.must(t, func(tx store.Tx) (err error) {
			n, err = tx.CleanUp(kind, deleted, 2)
			return err
		})
		if n > 3 {
			t.Fatalf("one step removed %d records", n)
		}
		if n == 0 {
			break
		}
		total += n
	}
	if total != want {
		t.Errorf("cleanup %d of %d removed %d records in all, want %d", kind, deleted, total, want)
	}
	w.removed(t, kind, deleted, 2, 0)
}

func testCleanupsLeft(t *testing.T, w *world) {
	a := w.instance(t)
	users := w.identities(t, a.Key, arn.User, 3)
	bot := w.identities(t, a.Key, arn.Bot, 1)[0]
	c, elastic := w.channel(t, a.Key, users[0].Key), w.channel(t, a.Key, users[0].Key)
	sub := store.SubChannel{Key: w.keys.Next(), Channel: elastic.Key, Instance: a.Key, ID: "sub", Created: noon}
	f := w.flow(t, a.Key)
	w.must(t, func(tx store.Tx) error { return tx.CreateSubChannel(sub) })
	for _, remove := range []func(store.Tx) error{
		func(tx store.Tx) error { return tx.DeleteIdentity(bot.Key) },
		func(tx store.Tx) error { return tx.DeleteIdentity(users[2].Key) },
		func(tx store.Tx) error { return tx.DeleteIdentity(users[0].Key) },
		func(tx store.Tx) error { return tx.DeleteChannel(sub.Key) },
		func(tx store.Tx) error { return tx.DeleteChannel(c.Key) },
		func(tx store.Tx) error { return tx.DeleteChannelFlow(f.Key) },
		func(tx store.Tx) error { return tx.DeleteAppInstance(a.Key) },
	} {
		w.must(t, remove)
	}
	list := func(kind store.CleanupKind, at time.Time, limit int) func(store.Tx) ([]store.Key, error) {
		return func(tx store.Tx) ([]store.Key, error) { return tx.ListCleanups(kind, at, limit) }
	}
	expect(t, w, []store.Key{users[0].Key, users[2].Key, bot.Key}, list(store.IdentityCleanup, noon, 10))
	expect(t, w, []store.Key{users[0].Key, users[2].Key}, list(store.IdentityCleanup, noon, 2))
	expect(t, w, []store.Key{c.Key, sub.Key}, list(store.ChannelCleanup, noon, 10))
	expect(t, w, []store.Key{f.Key}, list(store.ChannelFlowCleanup, noon, 10))
	expect(t, w, []store.Key{a.Key}, list(store.AppInstanceCleanup, noon, 10))

	later := noon.Add(time.Minute)
	w.must(t, func(tx store.Tx) error { return tx.PostponeCleanup(store.ChannelCleanup, c.Key, later) })
	expect(t, w, []store.Key{sub.Key}, list(store.ChannelCleanup, later.Add(-time.Millisecond), 10))
	expect(t, w, []store.Key{sub.Key, c.Key}, list(store.ChannelCleanup, later, 10))
	w.must(t, func(tx store.Tx) error {
		return tx.PostponeCleanup(store.ChannelCleanup, sub.Key, later.Add(time.Minute))
	})
	expect(t, w, []store.Key{c.Key}, list(store.ChannelCleanup, later, 10))
	w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.PostponeCleanup(store.ChannelCleanup, a.Key, later) })
}

func testLeavings(t *testing.T, w *world) {
	a := w.instance(t)
	users := w.identities(t, a.Key, arn.User, 2)
	u, inviter := users[0], users[1]
	open, deleted := w.channel(t, a.Key, inviter.Key), w.channel(t, a.Key, inviter.Key)
	elastic := w.channel(t, a.Key, inviter.Key)
	sub := store.SubChannel{Key: w.keys.Next(), Channel: elastic.Key, Instance: a.Key, ID: "sub", Created: noon}
	w.must(t, func(tx store.Tx) error { return tx.CreateSubChannel(sub) })
	w.moderator(t, open.Key, u.Key, inviter.Key)
	w.moderator(t, elastic.Key, u.Key, inviter.Key)
	var want []store.Leaving
	for _, place := range []struct {
		channel store.Key
		l       store.Leaving
	}{
		{open.Key, store.Leaving{In: store.ChannelRef{Account: a.Account, Instance: a.ID, ID: open.ID}}},
		{deleted.Key, store.Leaving{}},
		{sub.Key, store.Leaving{In: store.ChannelRef{Account: a.Account, Instance: a.ID, ID: elastic.ID}, SubChannel: "sub", Moderator: true}},
	} {
		w.membership(t, place.channel, inviter.Key, inviter.Key, false)
		m := w.membership(t, place.channel, u.Key, inviter.Key, place.channel == open.Key)
		place.l.ListedMember = store.ListedMember{ChannelMembership: m, Who: u, Inviter: inviter}
		want = append(want, place.l)
	}
	list := func(limit int) func(store.Tx) ([]store.Leaving, error) {
		return func(tx store.Tx) ([]store.Leaving, error) { return tx.ListLeavings(u.Key, limit) }
	}
	expect(t, w, nil, list(10)) // of a living identity there are none
	w.must(t, func(tx store.Tx) error {
		if err := tx.DeleteChannel(deleted.Key); err != nil {
			return err
		}
		return tx.DeleteIdentity(u.Key)
	})
	expect(t, w, want, list(10))
	expect(t, w, want[:2], list(2))
	for i, l := range want {
		w.must(t, func(tx store.Tx) error { return tx.EndLeaving(l) })
		expect(t, w, want[i+1:][:len(want)-i-1:len(want)-i-1], func(tx store.Tx) ([]store.Leaving, error) {
			left, err := tx.ListLeavings(u.Key, 10)
			return append([]store.Leaving{}, left...), err
		})
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.EndLeaving(l) })
	}
	for _, channel := range []store.Key{open.Key, sub.Key} {
		if n := len(read(t, w, func(tx store.Tx) ([]store.ListedMember, error) {
			return tx.ListChannelMemberships(channel, false, 0, 10)
		})); n != 1 {
			t.Errorf("%d members are left", n)
		}
	}
}

// free expects that what the identity was to the channel can be made again, whoever it is.
func (w *world) free(t *testing.T, channel, identity store.Key) {
	t.Helper()
	w.membership(t, channel, identity, identity, false)
	w.moderator(t, channel, identity, identity)
	w.ban(t, channel, identity, identity)
}

func (w *world) tag(t *testing.T, resource store.Key) {
	t.Helper()
	w.must(t, func(tx store.Tx) error {
		return tx.PutTags(resource, []store.Tag{{Key: "a", Value: "1"}, {Key: "b", Value: "2"}})
	})
}

func (w *world) message(t *testing.T, stream, channel, sender store.Key) store.MessageRef {
	t.Helper()
	m := store.ChannelMessage{Stream: stream, Sender: sender, Content: "m", Created: noon, Updated: noon}
	w.must(t, func(tx store.Tx) error { return tx.AppendChannelMessages(&m) })
	return store.MessageRef{Stream: m.Stream, Sequence: m.Sequence}
}

func testIdentityCleanup(t *testing.T, w *world) {
	s := newScene(t, w)
	gone, stays := s.users[1], s.users[0]
	w.endpoint(t, gone.Key)
	w.endpoint(t, stays.Key)
	w.tag(t, gone.Key)
	w.tag(t, stays.Key)
	w.must(t, func(tx store.Tx) error { return tx.SetBotConfiguration(gone.Key, "{}") })
	sent := w.message(t, s.channel.Key, s.channel.Key, gone.Key)
	w.must(t, func(tx store.Tx) error { return tx.DeleteIdentity(gone.Key) })
	for _, l := range read(t, w, func(tx store.Tx) ([]store.Leaving, error) { return tx.ListLeavings(gone.Key, 10) }) {
		w.must(t, func(tx store.Tx) error { return tx.EndLeaving(l) })
	}
	// A role, a ban, the promotion, the configuration, the endpoint, two tags, and the cleanup.
	w.inSteps(t, store.IdentityCleanup, gone.Key, 8)

	w.free(t, s.channel.Key, gone.Key)
	w.admin(t, s.instance.Key, gone.Key)
	expect(t, w, nil, func(tx store.Tx) ([]store.Tag, error) { return tx.Tags(gone.Key) })
	expect(t, w, gone, func(tx store.Tx) (store.Identity, error) {
		m, err := tx.ChannelMessage(sent)
		return m.By, err
	})
	for _, p := range s.roles(stays) {
		if p.writes {
			continue
		}
		if err := w.View(t.Context(), p.ask); err != nil {
			t.Errorf("%s of another: %v", p.name, err)
		}
	}
	if n := len(read(t, w, func(tx store.Tx) ([]store.Tag, error) { return tx.Tags(stays.Key) })); n != 2 {
		t.Errorf("another has %d tags left", n)
	}
}

func testChannelCleanup(t *testing.T, w *world) {
	s := newScene(t, w)
	other := w.channel(t, s.instance.Key, s.users[0].Key)
	w.membership(t, other.Key, s.users[0].Key, s.users[0].Key, false)
	w.moderator(t, other.Key, s.users[0].Key, s.users[0].Key)
	w.tag(t, s.channel.Key)
	sent := w.message(t, s.channel.Key, s.channel.Key, s.users[0].Key)
	kept := w.message(t, other.Key, other.Key, s.users[0].Key)
	w.must(t, func(tx store.Tx) error {
		if err := tx.CreateFlowInvocation(store.FlowInvocation{Channel: s.channel.Key, Callback: "c", Invoked: noon}); err != nil {
			return err
		}
		return tx.DeleteChannel(s.channel.Key)
	})
	// Two members, moderators and bans, an invocation, a message, two tags, the channel and the cleanup.
	w.inSteps(t, store.ChannelCleanup, s.channel.Key, 12)

	for _, u := range s.users {
		w.free(t, s.channel.Key, u.Key)
	}
	w.absent(t, func(tx store.Tx) error { return ignore(tx.ChannelMessage(sent)) })
	w.absent(t, func(tx store.Tx) error { return ignore(tx.FlowInvocation(s.channel.Key, "c")) })
	expect(t, w, nil, func(tx store.Tx) ([]store.Tag, error) { return tx.Tags(s.channel.Key) })
	w.must(t, func(tx store.Tx) error { return ignore(tx.ChannelMessage(kept)) })
	w.must(t, func(tx store.Tx) error { return ignore(tx.ChannelMembership(other.Key, s.users[0].Key)) })
	w.must(t, func(tx store.Tx) error { return ignore(tx.ChannelModerator(other.Key, s.users[0].Key)) })
}

func testElasticCleanup(t *testing.T, w *world) {
	a := w.instance(t)
	u := w.user(t, a.Key)
	c := w.channel(t, a.Key, u.Key)
	var subs []store.Key
	for _, id := range []string{"one", "two", "three"} {
		sub := store.SubChannel{Key: w.keys.Next(), Channel: c.Key, Instance: a.Key, ID: id, Created: noon}
		w.must(t, func(tx store.Tx) error {
			if err := tx.CreateSubChannel(sub); err != nil {
				return err
			}
			return tx.AddSeats(c.Key, sub.Key, []store.Key{u.Key})
		})
		w.membership(t, sub.Key, u.Key, u.Key, false)
		w.message(t, sub.Key, sub.Key, u.Key)
		subs = append(subs, sub.Key)
	}
	w.must(t, func(tx store.Tx) error { return tx.DeleteChannel(subs[0]) })
	// A member with its seat, a message, the sub-channel and the cleanup.
	w.inSteps(t, store.ChannelCleanup, subs[0], 5)
	w.must(t, func(tx store.Tx) error { return tx.DeleteChannel(c.Key) })
	// Two seats, two sub-channels that are handed on, the channel and the cleanup.
	w.inSteps(t, store.ChannelCleanup, c.Key, 6)
	expect(t, w, subs[1:], listCleanups(store.ChannelCleanup, c.Key))
	for _, sub := range subs[1:] {
		w.inSteps(t, store.ChannelCleanup, sub, 4)
	}
	for _, sub := range subs {
		w.free(t, sub, u.Key)
		w.must(t, func(tx store.Tx) error { return tx.AddSeats(c.Key, sub, []store.Key{u.Key}) })
	}
}

func testChannelFlowCleanup(t *testing.T, w *world) {
	a := w.instance(t)
	f := w.flow(t, a.Key)
	w.tag(t, f.Key)
	w.must(t, func(tx store.Tx) error { return tx.DeleteChannelFlow(f.Key) })
	w.inSteps(t, store.ChannelFlowCleanup, f.Key, 3)
	expect(t, w, nil, func(tx store.Tx) ([]store.Tag, error) { return tx.Tags(f.Key) })
	w.refused(t, store.ErrExists, func(tx store.Tx) error { return tx.CreateChannelFlow(f) }) // its record is there for those who refer to it
}

func testAppInstanceCleanup(t *testing.T, w *world) {
	s := newScene(t, w)
	w.tag(t, s.instance.Key)
	f, ended := w.flow(t, s.instance.Key), w.flow(t, s.instance.Key)
	gone := w.user(t, s.instance.Key)
	w.must(t, func(tx store.Tx) error {
		if err := tx.DeleteChannelFlow(ended.Key); err != nil {
			return err
		}
		return tx.DeleteIdentity(gone.Key)
	})
	w.inSteps(t, store.ChannelFlowCleanup, ended.Key, 1)
	w.inSteps(t, store.IdentityCleanup, gone.Key, 1)
	neighbour := newScene(t, w)
	w.must(t, func(tx store.Tx) error { return tx.DeleteAppInstance(s.instance.Key) })

	// Handed on are a channel, three users and two flows; removed are two promotions, two tags, the app
	// instance and the cleanup.
	w.inSteps(t, store.AppInstanceCleanup, s.instance.Key, 12)
	expect(t, w, []store.Key{s.channel.Key}, listCleanups(store.ChannelCleanup, s.instance.Key))
	expect(t, w, []store.Key{s.users[0].Key, s.users[1].Key, gone.Key}, listCleanups(store.IdentityCleanup, s.instance.Key))
	expect(t, w, []store.Key{f.Key, ended.Key}, listCleanups(store.ChannelFlowCleanup, s.instance.Key))
	w.inSteps(t, store.ChannelCleanup, s.channel.Key, 8)
	for _, u := range append(s.users, gone) {
		w.inSteps(t, store.IdentityCleanup, u.Key, 2) // with its own record, which nothing refers to any more
		w.must(t, func(tx store.Tx) error { return tx.CreateIdentity(u) })
	}
	for _, flow := range []store.ChannelFlow{f, ended} {
		w.inSteps(t, store.ChannelFlowCleanup, flow.Key, 2)
		w.must(t, func(tx store.Tx) error { return tx.CreateChannelFlow(flow) })
	}
	w.must(t, func(tx store.Tx) error { return tx.CreateAppInstance(s.instance) })

	for _, u := range neighbour.users {
		for _, p := range neighbour.roles(u) {
			if err := w.View(t.Context(), p.ask); !p.writes && err != nil {
				t.Errorf("%s in another app instance: %v", p.name, err)
			}
		}
	}
}
