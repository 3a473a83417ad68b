package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"carillon/store"
)

func testOutbox(t *testing.T, w *world) {
	newDelivery := func(lane store.Lane, sequence int64) store.Delivery {
		k := w.keys.Next()
		return store.Delivery{
			Key: k, Lane: lane, Sequence: sequence, Instance: k + 1, Kind: store.DeliveryKind(k%2) + 1,
			Destination: fmt.Sprintf("arn:%d", k), Payload: fmt.Sprintf(`{"n":%d}`, k), Created: after(k), Attempts: int(k % 7), Next: noon,
		}
	}
	put := func(t *testing.T, deliveries ...store.Delivery) {
		t.Helper()
		w.must(t, func(tx store.Tx) error { return tx.PutDeliveries(deliveries) })
	}
	lane := func(lane store.Lane, limit int) func(store.Tx) ([]store.Delivery, error) {
		return func(tx store.Tx) ([]store.Delivery, error) { return tx.ListDeliveries(lane, limit) }
	}
	lanes := func(after store.Lane, limit int) func(store.Tx) ([]store.Delivery, error) {
		return func(tx store.Tx) ([]store.Delivery, error) { return tx.ListLanes(after, limit) }
	}
	empty := func(t *testing.T) {
		t.Helper()
		w.must(t, func(tx store.Tx) error {
			for {
				heads, err := tx.ListLanes(0, 100)
				if err != nil || len(heads) == 0 {
					return err
				}
				for _, d := range heads {
					if err := tx.DeleteDelivery(d); err != nil {
						return err
					}
				}
			}
		})
	}

	t.Run("an outbox begins empty", func(t *testing.T) {
		expect(t, w, nil, lanes(0, 10))
		expect(t, w, nil, lane(1, 10))
		expect(t, w, store.OutboxState{}, func(tx store.Tx) (store.OutboxState, error) { return tx.OutboxState(10) })
		put(t)
	})
	t.Run("a lane has its deliveries in the order of their sequences, and then of their making", func(t *testing.T) {
		third, first, second, other := newDelivery(7, 5), newDelivery(7, 4), newDelivery(7, 4), newDelivery(8, 1)
		fourth := newDelivery(7, 5)
		put(t, third, first)
		put(t, second, fourth, other)
		expect(t, w, []store.Delivery{first, second, third, fourth}, lane(7, 10))
		expect(t, w, []store.Delivery{first, second}, lane(7, 2))
		expect(t, w, []store.Delivery{other}, lane(8, 10))
		expect(t, w, nil, lane(9, 10))
		empty(t)
	})
	t.Run("a key is taken once in its place", func(t *testing.T) {
		d := newDelivery(7, 1)
		put(t, d)
		if err := w.Update(t.Context(), func(tx store.Tx) error { return tx.PutDeliveries([]store.Delivery{d}) }); err == nil {
			t.Error("it was put twice")
		}
		empty(t)
	})
	t.Run("the first of every lane is listed, by lane, whatever is behind it", func(t *testing.T) {
		var heads []store.Delivery
		for n := range 5 {
			for sequence := range 20 {
				d := newDelivery(store.Lane(n+1)<<40, int64(sequence))
				if sequence == 0 {
					heads = append(heads, d)
				}
				put(t, d)
			}
		}
		expect(t, w, heads, lanes(0, 10))
		expect(t, w, heads[:2], lanes(0, 2))
		expect(t, w, heads[2:4], lanes(heads[1].Lane, 2))
		expect(t, w, heads[1:], lanes(heads[0].Lane+1, 10))
		expect(t, w, nil, lanes(heads[4].Lane, 10))
		expect(t, w, nil, lanes(0, 0))
		empty(t)
	})
	t.Run("a delivery can be postponed and deleted, and then the next one is the first of its lane", func(t *testing.T) {
		first, second, other := newDelivery(7, 1), newDelivery(7, 2), newDelivery(8, 1)
		put(t, first, second, other)
		first.Attempts, first.Next = 9, noon.Add(time.Minute)
		change := first
		change.Payload, change.Destination, change.Kind = "x", "x", 0
		w.must(t, func(tx store.Tx) error { return tx.PostponeDelivery(change) })
		expect(t, w, []store.Delivery{first, other}, lanes(0, 10))
		expect(t, w, []store.Delivery{first, second}, lane(7, 10))
		w.must(t, func(tx store.Tx) error { return tx.DeleteDelivery(first) })
		expect(t, w, []store.Delivery{second, other}, lanes(0, 10))
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.PostponeDelivery(first) })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.DeleteDelivery(first) })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.BuryDelivery(store.DeadDelivery{Delivery: first}) })
		empty(t)
	})
	t.Run("a dead delivery waits no longer, and can be revived at its old place", func(t *testing.T) {
		first, second := newDelivery(7, 1), newDelivery(7, 2)
		put(t, first, second)
		dead := store.DeadDelivery{Delivery: first, Died: noon.Add(time.Second), Reason: "gone \x00 for good"}
		w.must(t, func(tx store.Tx) error { return tx.BuryDelivery(dead) })
		expect(t, w, []store.Delivery{second}, lane(7, 10))
		expect(t, w, []store.DeadDelivery{dead}, func(tx store.Tx) ([]store.DeadDelivery, error) { return tx.ListDeadDeliveries(0, 10) })
		w.must(t, func(tx store.Tx) error { return tx.ReviveDelivery(first.Key, noon.Add(time.Hour)) })
		first.Attempts, first.Next = 0, noon.Add(time.Hour)
		expect(t, w, []store.Delivery{first, second}, lane(7, 10))
		expect(t, w, nil, func(tx store.Tx) ([]store.DeadDelivery, error) { return tx.ListDeadDeliveries(0, 10) })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.ReviveDelivery(first.Key, noon) })
		empty(t)
	})
	t.Run("list of the dead", func(t *testing.T) {
		listing[store.DeadDelivery]{
			list: func(tx store.Tx, after store.Key, limit int) ([]store.DeadDelivery, error) {
				return tx.ListDeadDeliveries(after, limit)
			},
			key: func(d store.DeadDelivery) store.Key { return d.Key },
			add: func(t *testing.T) store.DeadDelivery {
				d := store.DeadDelivery{Delivery: newDelivery(7, 1), Died: noon, Reason: "r"}
				put(t, d.Delivery)
				w.must(t, func(tx store.Tx) error { return tx.BuryDelivery(d) })
				return d
			},
			remove: func(t *testing.T, d store.DeadDelivery) {
				w.must(t, func(tx store.Tx) error { return tx.DeleteDeadDelivery(d.Key) })
				w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.DeleteDeadDelivery(d.Key) })
			},
		}.test(t, w)
		for _, d := range read(t, w, func(tx store.Tx) ([]store.DeadDelivery, error) { return tx.ListDeadDeliveries(0, 100) }) {
			w.must(t, func(tx store.Tx) error { return tx.DeleteDeadDelivery(d.Key) })
		}
	})
	t.Run("the state counts up to a limit and tells the oldest", func(t *testing.T) {
		var all []store.Delivery
		for n := range 4 {
			d := newDelivery(store.Lane(n/2+1), int64(n))
			d.Created = noon.Add(time.Duration(n) * time.Minute)
			all = append(all, d)
		}
		slices.Reverse(all)
		put(t, all...)
		w.must(t, func(tx store.Tx) error { return tx.BuryDelivery(store.DeadDelivery{Delivery: all[3], Died: noon}) })
		expect(t, w, store.OutboxState{Waiting: 3, Dead: 1, Oldest: noon.Add(time.Minute)}, func(tx store.Tx) (store.OutboxState, error) { return tx.OutboxState(10) })
		expect(t, w, store.OutboxState{Waiting: 2, Dead: 1, Oldest: noon.Add(time.Minute)}, func(tx store.Tx) (store.OutboxState, error) { return tx.OutboxState(2) })
		w.must(t, func(tx store.Tx) error { return tx.DeleteDeadDelivery(all[3].Key) })
		empty(t)
	})
	t.Run("lanes differ by channel and destination, and are positive", func(t *testing.T) {
		seen := map[store.Lane]string{}
		for channel := range store.Key(100) {
			for _, destination := range []string{"", "a", "b", "arn:aws:kinesis:us-east-1:123456789012:stream/chime-messaging-x"} {
				l, what := store.LaneOf(channel, destination), fmt.Sprint(channel, destination)
				if before, taken := seen[l]; taken || l <= 0 {
					t.Fatalf("%s has lane %d, which is that of %q", what, l, before)
				}
				seen[l] = what
			}
		}
		if diff := cmp.Diff(store.LaneOf(5, "a"), store.LaneOf(5, "a")); diff != "" {
			t.Error(diff)
		}
	})
}
