package storetest

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"carillon/store"
)

func testRetentions(t *testing.T, w *world) {
	const day = 24 * time.Hour
	begin := noon.Add(-100 * day)
	// town makes an app instance that keeps messages for some days, and channels that are as old as
	// begin, each with messages of the given ages after that.
	town := func(t *testing.T, r store.Retention, ages ...[]time.Duration) (store.AppInstance, []store.Channel) {
		t.Helper()
		a := w.instance(t)
		sender := w.user(t, a.Key)
		var channels []store.Channel
		w.must(t, func(tx store.Tx) error {
			for _, messages := range ages {
				c := w.newChannel(a.Key, sender.Key)
				c.Created = begin
				if err := tx.CreateChannel(c); err != nil {
					return err
				}
				for _, age := range messages {
					m := store.ChannelMessage{Stream: c.Key, Sender: sender.Key, Content: "m", Created: begin.Add(age), Updated: begin.Add(age)}
					if err := tx.AppendChannelMessages(&m); err != nil {
						return err
					}
				}
				channels = append(channels, c)
			}
			return tx.SetRetention(a.Key, r)
		})
		return a, channels
	}
	overdue := func(t *testing.T, at time.Time, before time.Time, want ...store.Channel) {
		t.Helper()
		var list []store.Overdue
		for _, c := range want {
			list = append(list, store.Overdue{Stream: c.Key, Before: before})
		}
		expect(t, w, list, func(tx store.Tx) ([]store.Overdue, error) {
			got, err := tx.ListOverdue(at, 100)
			slices.SortFunc(got, func(a, b store.Overdue) int { return cmp.Compare(a.Stream, b.Stream) })
			return got, err
		})
	}
	remove := func(t *testing.T, o store.Overdue, at time.Time, limit, want int) {
		t.Helper()
		w.must(t, func(tx store.Tx) error {
			n, err := tx.DeleteOverdue(o, at, limit)
			if n != want {
				t.Errorf("deleted %d messages, want %d", n, want)
			}
			return err
		})
	}
	left := func(t *testing.T, c store.Channel, want ...time.Duration) {
		t.Helper()
		var ages []time.Duration
		for _, m := range read(t, w, func(tx store.Tx) ([]store.ListedMessage, error) {
			return tx.ListChannelMessages(store.MessageRange{Stream: c.Key, Ascending: true}, 100)
		}) {
			ages = append(ages, m.Created.Sub(begin))
		}
		if !slices.Equal(ages, want) {
			t.Errorf("left are %v, want %v", ages, want)
		}
	}

	t.Run("settings are read with the app instance and with the entry of a channel", func(t *testing.T) {
		r := store.Retention{Days: 7, Deletes: noon}
		a, channels := town(t, r, nil)
		other, _ := town(t, store.Retention{})
		find := func(a store.AppInstance) func(store.Tx) (store.Retention, error) {
			return func(tx store.Tx) (store.Retention, error) {
				found, err := tx.AppInstance(a.Account, a.ID)
				return found.Retention, err
			}
		}
		expect(t, w, r, find(a))
		expect(t, w, store.Retention{}, find(other))
		expect(t, w, r, func(tx store.Tx) (store.Retention, error) {
			e, err := tx.EnterChannel(store.ChannelRef{Account: a.Account, Instance: a.ID, ID: channels[0].ID}, store.IdentityRef{})
			return e.Retention, err
		})
		w.must(t, func(tx store.Tx) error { return tx.SetRetention(a.Key, store.Retention{}) })
		expect(t, w, store.Retention{}, find(a))
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.SetRetention(w.keys.Next(), r) })
	})
	t.Run("a channel is overdue from the first time on at which a message of it may be", func(t *testing.T) {
		at := begin.Add(10 * day)
		a, channels := town(t, store.Retention{Days: 10, Deletes: at}, nil, []time.Duration{day})
		overdue(t, at, at)
		at = at.Add(time.Millisecond)
		overdue(t, at, begin.Add(time.Millisecond), channels...)
		if one := read(t, w, func(tx store.Tx) ([]store.Overdue, error) { return tx.ListOverdue(at, 1) }); len(one) != 1 {
			t.Errorf("%d of at most 1", len(one))
		}
		w.must(t, func(tx store.Tx) error { return tx.DeleteChannel(channels[0].Key) })
		overdue(t, at, begin.Add(time.Millisecond), channels[1])
		w.must(t, func(tx store.Tx) error { return tx.DeleteAppInstance(a.Key) })
		overdue(t, at, at)
	})
	t.Run("nothing is overdue before the time of deletion, nor without retention", func(t *testing.T) {
		a, channels := town(t, store.Retention{Days: 10, Deletes: begin.Add(40 * day)}, []time.Duration{day})
		overdue(t, begin.Add(40*day-time.Millisecond), noon)
		overdue(t, begin.Add(40*day), begin.Add(30*day), channels...)
		w.must(t, func(tx store.Tx) error { return tx.SetRetention(a.Key, store.Retention{}) })
		overdue(t, begin.Add(90*day), noon)
		w.must(t, func(tx store.Tx) error { return tx.DeleteAppInstance(a.Key) })
	})
	t.Run("messages before the time are deleted, the oldest first and a few at a time", func(t *testing.T) {
		_, channels := town(t, store.Retention{Days: 1, Deletes: begin}, []time.Duration{0, 1, 2 * day, 3 * day, 5 * day}, []time.Duration{0})
		c, at := channels[0], begin.Add(5*day)
		o := store.Overdue{Stream: c.Key, Before: begin.Add(4 * day)}
		remove(t, o, at, 3, 3)
		left(t, c, 3*day, 5*day)
		overdue(t, at, o.Before, channels...)
		remove(t, o, at, 3, 1)
		left(t, c, 5*day)
		left(t, channels[1], 0)
	})
	t.Run("what has nothing left is overdue no more until its oldest message is", func(t *testing.T) {
		_, channels := town(t, store.Retention{Days: 2, Deletes: begin}, []time.Duration{0, 5 * day}, nil)
		at := begin.Add(6 * day)
		for i, n := range []int{1, 0} {
			remove(t, store.Overdue{Stream: channels[i].Key, Before: begin.Add(4 * day)}, at, 10, n)
		}
		overdueOf := func(at time.Time) (list []store.Key) {
			for _, o := range read(t, w, func(tx store.Tx) ([]store.Overdue, error) { return tx.ListOverdue(at, 100) }) {
				if o.Stream == channels[0].Key || o.Stream == channels[1].Key {
					list = append(list, o.Stream)
				}
			}
			return list
		}
		for _, c := range []struct {
			at   time.Time
			want []store.Key
		}{
			{begin.Add(7 * day), nil},
			{begin.Add(7*day + time.Millisecond), []store.Key{channels[0].Key}},
			{begin.Add(8*day + time.Millisecond), []store.Key{channels[0].Key, channels[1].Key}},
		} {
			got := overdueOf(c.at)
			slices.Sort(got)
			if !slices.Equal(got, c.want) {
				t.Errorf("%v after the beginning overdue are %v, want %v", c.at.Sub(begin), got, c.want)
			}
		}
	})
}
