package storetest

import (
	"fmt"
	"math"
	"testing"
	"time"

	"carillon/store"
)

func testChannelEvents(t *testing.T, w *world) {
	t.Run("the log", func(t *testing.T) { testEventLog(t, w) })
	t.Run("forgetting", func(t *testing.T) { testForgettingEvents(t, w) })
	t.Run("endings", func(t *testing.T) { testEndings(t, w) })
	t.Run("streams of a member", func(t *testing.T) { testStreamsOf(t, w) })
	t.Run("views of a member", func(t *testing.T) { testViewsOf(t, w) })
	t.Run("streams by name", func(t *testing.T) { testStreamAfter(t, w) })
}

func (w *world) newEvent(stream store.Key, sequence int64, at time.Time) store.ChannelEvent {
	k := w.keys.Next()
	members := []store.Key{k + 1, k - 1, 1<<62 + 1}
	if k%3 == 0 {
		members = nil
	}
	return store.ChannelEvent{
		Stream: stream, Sequence: sequence, At: at, Type: fmt.Sprint("TYPE ", k), MessageType: fmt.Sprint("MESSAGE ", k),
		Reason: fmt.Sprint("reason ", k), Leaves: fmt.Sprint("leaves ", k), Audience: "a\x02\nb\x00" + fmt.Sprint(k),
		Message: int64(k % 1000), Payload: fmt.Sprintf(`{"n":"%d\x02"}`, k), Members: members[:k%3],
	}
}

func (w *world) putEvents(t *testing.T, events ...store.ChannelEvent) {
	t.Helper()
	w.must(t, func(tx store.Tx) error { return tx.PutChannelEvents(events) })
}

func testEventLog(t *testing.T, w *world) {
	stream, other := w.keys.Next(), w.keys.Next()
	var all []store.ChannelEvent
	for i := range 5 {
		all = append(all, w.newEvent(stream, int64(2*i+1), noon.Add(time.Duration(i)*time.Second)))
	}
	list := func(r store.EventRange, limit int) func(store.Tx) ([]store.ChannelEvent, error) {
		r.Stream = stream
		return func(tx store.Tx) ([]store.ChannelEvent, error) { return tx.ListChannelEvents(r, limit) }
	}
	expect(t, w, nil, list(store.EventRange{Until: math.MaxInt64}, 10))
	w.putEvents(t)
	w.putEvents(t, all[3], all[0])
	w.putEvents(t, all[1], w.newEvent(other, 2, noon), all[4], all[2])
	for _, c := range []struct {
		name  string
		r     store.EventRange
		limit int
		want  []store.ChannelEvent
	}{
		{"all, by their places", store.EventRange{Until: math.MaxInt64}, 10, all},
		{"at most so many", store.EventRange{Until: math.MaxInt64}, 2, all[:2]},
		{"after a place that has an event", store.EventRange{After: 3, Until: math.MaxInt64}, 10, all[2:]},
		{"after a place that has none", store.EventRange{After: 4, Until: math.MaxInt64}, 10, all[2:]},
		{"up to and including a place", store.EventRange{After: 1, Until: 5}, 10, all[1:3]},
		{"up to a place that has none", store.EventRange{Until: 6}, 10, all[:3]},
		{"from a time on", store.EventRange{Until: math.MaxInt64, NotBefore: all[2].At}, 10, all[2:]},
		{"from a time on, at most so many", store.EventRange{Until: 8, NotBefore: all[1].At}, 2, all[1:3]},
		{"none", store.EventRange{Until: math.MaxInt64}, 0, nil},
	} {
		t.Run(c.name, func(t *testing.T) { expect(t, w, c.want, list(c.r, c.limit)) })
	}
	t.Run("a place has one event", func(t *testing.T) {
		if err := w.Update(t.Context(), func(tx store.Tx) error { return tx.PutChannelEvents(all[:1]) }); err == nil {
			t.Error("it has two")
		}
		expect(t, w, all, list(store.EventRange{Until: math.MaxInt64}, 10))
	})
}

func testForgettingEvents(t *testing.T, w *world) {
	// Long before what other tests put in.
	long := noon.Add(-time.Hour)
	stream := w.keys.Next()
	var all []store.ChannelEvent
	for i := range 5 {
		all = append(all, w.newEvent(stream, int64(i+1), long.Add(time.Duration(i)*time.Second)))
	}
	w.putEvents(t, all...)
	forget := func(t *testing.T, before time.Time, limit, want int) {
		t.Helper()
		w.must(t, func(tx store.Tx) error {
			n, err := tx.DeleteChannelEvents(before, limit)
			if n != want {
				t.Errorf("%d are forgotten, want %d", n, want)
			}
			return err
		})
	}
	left := func(t *testing.T, want []store.ChannelEvent) {
		t.Helper()
		expect(t, w, want, func(tx store.Tx) ([]store.ChannelEvent, error) {
			return tx.ListChannelEvents(store.EventRange{Stream: stream, Until: math.MaxInt64}, 10)
		})
	}
	forget(t, all[0].At, 10, 0)
	left(t, all)
	forget(t, all[3].At, 2, 2)
	left(t, all[2:])
	forget(t, all[3].At, 2, 1)
	forget(t, all[3].At, 2, 0)
	left(t, all[3:])
}

func testEndings(t *testing.T, w *world) {
	a := w.instance(t)
	creator, u, other := w.user(t, a.Key), w.user(t, a.Key), w.user(t, a.Key)
	left, ended, open, elastic := w.channel(t, a.Key, creator.Key), w.channel(t, a.Key, creator.Key), w.channel(t, a.Key, creator.Key), w.channel(t, a.Key, creator.Key)
	sub := store.SubChannel{Key: w.keys.Next(), Channel: elastic.Key, Instance: a.Key, ID: "sub", Created: noon}
	w.must(t, func(tx store.Tx) error { return tx.CreateSubChannel(sub) })
	w.membership(t, ended.Key, u.Key, creator.Key, true)
	w.membership(t, open.Key, u.Key, creator.Key, false)
	in := func(c store.Channel) store.ChannelRef {
		return store.ChannelRef{Account: a.Account, Instance: a.ID, ID: c.ID}
	}
	ending := func(stream store.Key, sequence int64, leaver store.Key, at time.Time) store.ChannelEvent {
		e := w.newEvent(stream, sequence, at)
		e.Leaver = leaver
		return e
	}
	first := ending(sub.Key, 1, u.Key, noon)
	second := ending(left.Key, 2, u.Key, noon.Add(time.Second))
	last := w.newEvent(ended.Key, ended.Sequence, noon.Add(2*time.Second))
	w.putEvents(t, second, first, last,
		ending(left.Key, 3, other.Key, noon), w.newEvent(left.Key, 4, noon), w.newEvent(open.Key, open.Sequence, noon),
		w.newEvent(ended.Key, ended.Sequence-1, noon.Add(3*time.Second)))
	w.must(t, func(tx store.Tx) error { return tx.DeleteChannel(ended.Key) })
	want := []store.ListedEvent{{ChannelEvent: first, In: in(elastic), SubChannel: "sub"}, {ChannelEvent: second, In: in(left)}, {ChannelEvent: last, In: in(ended)}}
	list := func(since time.Time, limit int) func(store.Tx) ([]store.ListedEvent, error) {
		return func(tx store.Tx) ([]store.ListedEvent, error) { return tx.ListEndings(u.Key, since, limit) }
	}
	t.Run("memberships that ended come first, then channels", func(t *testing.T) { expect(t, w, want, list(time.Time{}, 10)) })
	t.Run("at most so many", func(t *testing.T) {
		for limit := range want {
			expect(t, w, append([]store.ListedEvent(nil), want[:limit]...), list(noon, limit))
		}
	})
	t.Run("from a time on", func(t *testing.T) {
		expect(t, w, want[1:], list(noon.Add(time.Second), 10))
		expect(t, w, want[2:], list(noon.Add(2*time.Second), 10))
		expect(t, w, nil, list(noon.Add(3*time.Second), 10))
	})
	t.Run("those of others are theirs", func(t *testing.T) {
		expect(t, w, nil, func(tx store.Tx) ([]store.ListedEvent, error) { return tx.ListEndings(creator.Key, noon, 10) })
		expect(t, w, nil, func(tx store.Tx) ([]store.ListedEvent, error) { return tx.ListEndings(0, noon, 10) })
	})
	t.Run("in a channel that was deleted too, and in one that is cleaned up, which has no name", func(t *testing.T) {
		w.must(t, func(tx store.Tx) error { return tx.DeleteChannel(left.Key) })
		expect(t, w, want[1:2], list(noon.Add(time.Second), 1))
		w.inSteps(t, store.ChannelCleanup, left.Key, 2)
		gone := want[1]
		gone.In = store.ChannelRef{}
		expect(t, w, []store.ListedEvent{gone}, list(noon.Add(time.Second), 1))
	})
}

func testStreamsOf(t *testing.T, w *world) {
	a := w.instance(t)
	creator, u := w.user(t, a.Key), w.user(t, a.Key)
	listing[store.MemberStream]{
		list: func(tx store.Tx, after store.Key, limit int) ([]store.MemberStream, error) {
			return tx.ListStreamsOf(u.Key, after, limit)
		},
		key: func(m store.MemberStream) store.Key { return m.Membership },
		add: func(t *testing.T) store.MemberStream {
			c := w.channel(t, a.Key, creator.Key)
			m := w.membership(t, c.Key, u.Key, creator.Key, c.Key%2 == 0)
			return store.MemberStream{Membership: m.Key, Channel: c.Key, ChannelID: c.ID, Sequence: c.Sequence, LastMessage: c.LastMessage}
		},
		remove: func(t *testing.T, m store.MemberStream) {
			if m.Membership%2 == 0 {
				w.must(t, func(tx store.Tx) error { return tx.DeleteChannel(m.Channel) })
			} else {
				w.must(t, func(tx store.Tx) error { return tx.DeleteChannelMembership(m.Channel, u.Key) })
			}
		},
	}.test(t, w)

	of := func(member store.Key) func(store.Tx) ([]store.MemberStream, error) {
		return func(tx store.Tx) ([]store.MemberStream, error) { return tx.ListStreamsOf(member, 0, 10) }
	}
	t.Run("a membership has what its member sees", func(t *testing.T) {
		u := w.user(t, a.Key)
		c := w.channel(t, a.Key, creator.Key)
		m := w.membership(t, c.Key, u.Key, creator.Key, false)
		want := store.MemberStream{Membership: m.Key, Channel: c.Key, ChannelID: c.ID, Sequence: c.Sequence, LastMessage: c.LastMessage, ReadMarker: noon}
		w.must(t, func(tx store.Tx) error { return tx.SetReadMarker(c.Key, u.Key, noon) })
		expect(t, w, []store.MemberStream{want}, of(u.Key))
		later := c.LastMessage.Add(time.Minute)
		for _, at := range []time.Time{c.LastMessage.Add(-time.Minute), later} {
			w.must(t, func(tx store.Tx) error { return tx.SetLastTargeted(c.Key, []store.Key{u.Key}, at) })
			if at.After(want.LastMessage) {
				want.LastMessage = at
			}
			expect(t, w, []store.MemberStream{want}, of(u.Key))
		}
		w.must(t, func(tx store.Tx) error { return tx.DeleteIdentity(u.Key) })
		expect(t, w, nil, of(u.Key))
	})
	t.Run("in an elastic channel there are two streams", func(t *testing.T) {
		u := w.user(t, a.Key)
		c := w.channel(t, a.Key, creator.Key)
		sub := store.SubChannel{Key: w.keys.Next(), Channel: c.Key, Instance: a.Key, ID: "sub", Created: noon}
		w.must(t, func(tx store.Tx) error { return tx.CreateSubChannel(sub) })
		m := w.membership(t, sub.Key, u.Key, creator.Key, false)
		message := store.ChannelMessage{Stream: sub.Key, Sender: u.Key, Created: noon.Add(time.Hour)}
		w.must(t, func(tx store.Tx) error { return tx.AppendChannelMessages(&message) })
		expect(t, w, []store.MemberStream{{
			Membership: m.Key, Channel: c.Key, ChannelID: c.ID, Sequence: c.Sequence, SubChannel: "sub", SubSequence: 1, LastMessage: message.Created,
		}}, of(u.Key))
		w.must(t, func(tx store.Tx) error { return tx.DeleteChannel(c.Key) })
		expect(t, w, nil, of(u.Key))
	})
}

func testViewsOf(t *testing.T, w *world) {
	a := w.instance(t)
	creator, u := w.user(t, a.Key), w.user(t, a.Key)
	retention := store.Retention{Days: 3, Deletes: noon}
	w.must(t, func(tx store.Tx) error { return tx.SetRetention(a.Key, retention) })
	c, other, whole := w.channel(t, a.Key, creator.Key), w.channel(t, a.Key, creator.Key), w.channel(t, a.Key, creator.Key)
	sub := store.SubChannel{Key: w.keys.Next(), Channel: whole.Key, Instance: a.Key, ID: "sub", Created: noon}
	w.must(t, func(tx store.Tx) error { return tx.CreateSubChannel(sub) })
	message := store.ChannelMessage{Stream: sub.Key, Sender: u.Key, Created: noon.Add(time.Hour)}
	var keys []store.Key
	for _, stream := range []store.Key{c.Key, other.Key, sub.Key} {
		keys = append(keys, w.membership(t, stream, u.Key, creator.Key, false).Key)
	}
	w.must(t, func(tx store.Tx) error { return tx.AppendChannelMessages(&message) })
	w.must(t, func(tx store.Tx) error { return tx.SetReadMarker(c.Key, u.Key, noon) })
	w.must(t, func(tx store.Tx) error { return tx.SetPreferences(c.Key, u.Key, "{}") })
	w.must(t, func(tx store.Tx) error { return tx.SetLastTargeted(c.Key, []store.Key{u.Key}, noon) })
	views := func(member store.Key, memberships ...store.Key) func(store.Tx) ([]store.MemberView, error) {
		return func(tx store.Tx) ([]store.MemberView, error) { return tx.ViewsOf(member, memberships) }
	}
	seen := func(in store.Channel) store.MemberView {
		return store.MemberView{In: in, Stream: in.Key, Sequence: in.Sequence, Members: in.Members, Retention: retention}
	}
	inC, inOther, inSub := seen(c), seen(other), seen(whole)
	inC.MembershipView = store.MembershipView{ReadMarker: noon, Preferences: "{}", LastTargeted: noon}
	inSub.In.SubChannels, inSub.In.LastMessage = 1, message.Created
	inSub.Stream, inSub.SubChannel, inSub.Sequence, inSub.Members = sub.Key, "sub", 1, 0
	t.Run("in the order in which they are asked for", func(t *testing.T) {
		expect(t, w, []store.MemberView{inC, inOther, inSub}, views(u.Key, keys...))
		expect(t, w, []store.MemberView{inSub, inC}, views(u.Key, keys[2], keys[0]))
		expect(t, w, []store.MemberView{}, views(u.Key))
	})
	t.Run("those of somebody else are left out, and those that have ended", func(t *testing.T) {
		expect(t, w, []store.MemberView{}, views(creator.Key, keys...))
		w.must(t, func(tx store.Tx) error { return tx.DeleteChannelMembership(c.Key, u.Key) })
		expect(t, w, []store.MemberView{inOther, inSub}, views(u.Key, keys...))
		w.must(t, func(tx store.Tx) error { return tx.DeleteChannel(whole.Key) })
		expect(t, w, []store.MemberView{inOther}, views(u.Key, keys...))
		w.must(t, func(tx store.Tx) error { return tx.DeleteIdentity(u.Key) })
		expect(t, w, []store.MemberView{}, views(u.Key, keys...))
	})
}

func testStreamAfter(t *testing.T, w *world) {
	a := w.instance(t)
	creator := w.user(t, a.Key)
	retention := store.Retention{Days: 3, Deletes: noon}
	w.must(t, func(tx store.Tx) error { return tx.SetRetention(a.Key, retention) })
	var made []store.Incarnation
	name := ""
	for i := range 3 {
		c := w.newChannel(a.Key, creator.Key)
		if c.Sequence = 10; name == "" {
			name = c.ID
		}
		c.ID = name
		w.must(t, func(tx store.Tx) error { return tx.CreateChannel(c) })
		made = append(made, store.Incarnation{
			Instance: a.Key, Channel: c.Key, Stream: c.Key, Sequence: int64(10 * (i + 1)), Retention: retention, Deleted: i < 2,
		})
		if i < 2 {
			w.must(t, func(tx store.Tx) error { return tx.DeleteChannel(c.Key) })
		}
	}
	ref := store.ChannelRef{Account: a.Account, Instance: a.ID, ID: name}
	find := func(sub string, sequence int64) func(store.Tx) (store.Incarnation, error) {
		return func(tx store.Tx) (store.Incarnation, error) { return tx.StreamAfter(ref, sub, sequence) }
	}
	t.Run("the first that goes beyond a place", func(t *testing.T) {
		for place, want := range map[int64]int{0: 0, 9: 0, 10: 1, 19: 1, 20: 2, 29: 2, 30: 2, math.MaxInt64: 2} {
			expect(t, w, made[want], find("", place))
		}
	})
	sub := store.SubChannel{Key: w.keys.Next(), Channel: made[2].Channel, Instance: a.Key, ID: "sub", Created: noon}
	part := made[2]
	part.Stream, part.Sequence = sub.Key, 4
	w.must(t, func(tx store.Tx) error {
		if err := tx.CreateSubChannel(sub); err != nil {
			return err
		}
		_, err := tx.AdvanceChannel(sub.Key, 4, 0)
		return err
	})
	t.Run("a sub-channel", func(t *testing.T) {
		expect(t, w, part, find("sub", 100))
		w.absent(t, func(tx store.Tx) error { return ignore(tx.StreamAfter(ref, "other", 0)) })
	})
	t.Run("when all are deleted, the last one is left", func(t *testing.T) {
		w.must(t, func(tx store.Tx) error { return tx.DeleteChannel(made[2].Channel) })
		made[2].Deleted, part.Deleted = true, true
		expect(t, w, made[2], find("", math.MaxInt64))
		expect(t, w, made[1], find("", 10))
		expect(t, w, part, find("sub", 0))
	})
	t.Run("a sub-channel that is deleted", func(t *testing.T) {
		w.must(t, func(tx store.Tx) error {
			_, err := tx.CleanUp(store.ChannelCleanup, made[2].Channel, 1)
			return err
		})
		expect(t, w, part, find("sub", 0))
	})
	t.Run("a name that nothing ever had, or that was cleaned up", func(t *testing.T) {
		for _, other := range []store.ChannelRef{{}, {Account: a.Account, Instance: a.ID}, {Account: a.Account, Instance: a.ID, ID: "none"}, {Account: "1", Instance: a.ID, ID: name}} {
			w.absent(t, func(tx store.Tx) error { return ignore(tx.StreamAfter(other, "", 0)) })
			w.absent(t, func(tx store.Tx) error { return ignore(tx.StreamAfter(other, "sub", 0)) })
		}
		for _, gone := range made {
			w.must(t, func(tx store.Tx) error {
				_, err := tx.CleanUp(store.ChannelCleanup, gone.Channel, 100)
				return err
			})
		}
		w.absent(t, func(tx store.Tx) error { return ignore(tx.StreamAfter(ref, "", 0)) })
		w.absent(t, func(tx store.Tx) error { return ignore(tx.StreamAfter(ref, "sub", 0)) })
	})
}
