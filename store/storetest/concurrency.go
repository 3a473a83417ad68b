package storetest

import (
	"errors"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"carillon/arn"
	"carillon/store"
)

const (
	workers = 16
	rounds  = 25
)

// together runs fn in many goroutines, many times each.
func together(fn func(worker, round int)) {
	var wg sync.WaitGroup
	for worker := range workers {
		wg.Go(func() {
			for round := range rounds {
				fn(worker, round)
			}
		})
	}
	wg.Wait()
}

func testConcurrency(t *testing.T, w *world) {
	a := w.instance(t)
	creator := w.user(t, a.Key)

	t.Run("every place in a channel is given once", func(t *testing.T) {
		c := w.channel(t, a.Key, creator.Key)
		var mu sync.Mutex
		var got []int64
		together(func(int, int) {
			var sequence int64
			err := w.Update(t.Context(), func(tx store.Tx) (err error) {
				sequence, err = tx.AdvanceChannel(c.Key, 1, 2)
				return err
			})
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			got = append(got, sequence)
		})
		slices.Sort(got)
		for i, sequence := range got {
			if sequence != c.Sequence+int64(i)+1 {
				t.Fatalf("place %d is given instead of %d", sequence, c.Sequence+int64(i)+1)
			}
		}
		c.Sequence += workers * rounds
		c.Members += 2 * workers * rounds
		e := read(t, w, func(tx store.Tx) (store.Entry, error) {
			return tx.EnterChannel(store.ChannelRef{Account: a.Account, Instance: a.ID, ID: c.ID}, refOf(creator))
		})
		if e.Channel != c {
			t.Errorf("channel is %+v, want %+v", e.Channel, c)
		}
	})
	t.Run("what is read and written back is not lost", func(t *testing.T) {
		w.must(t, func(tx store.Tx) error { return tx.PutSetting("count", []byte("0")) })
		together(func(int, int) {
			err := w.Update(t.Context(), func(tx store.Tx) error {
				value, err := tx.Setting("count")
				if err != nil {
					return err
				}
				n, err := strconv.Atoi(string(value))
				if err != nil {
					return err
				}
				return tx.PutSetting("count", []byte(strconv.Itoa(n+1)))
			})
			if err != nil {
				t.Error(err)
			}
		})
		expect(t, w, []byte(strconv.Itoa(workers*rounds)), func(tx store.Tx) ([]byte, error) { return tx.Setting("count") })
	})
	t.Run("one of those who create the same succeeds", func(t *testing.T) {
		var created [rounds]atomic.Int64
		ids := w.identities(t, a.Key, arn.Bot, rounds) // for their ids
		together(func(_, round int) {
			u := w.newIdentity(a.Key, arn.User)
			u.ID = ids[round].ID
			switch err := w.Update(t.Context(), func(tx store.Tx) error { return tx.CreateIdentity(u) }); err {
			case nil:
				created[round].Add(1)
			case store.ErrExists:
			default:
				t.Error(err)
			}
		})
		for round := range created {
			if n := created[round].Load(); n != 1 {
				t.Errorf("%d succeed", n)
			}
		}
	})
	t.Run("those that fail take nothing of the others with them, and leave nothing", func(t *testing.T) {
		good, bad := w.channel(t, a.Key, creator.Key), w.channel(t, a.Key, creator.Key)
		together(func(worker, round int) {
			u := w.newIdentity(a.Key, arn.User)
			fails := (worker+round)%3 == 0
			c := good
			if fails {
				c = bad
			}
			err := w.Update(t.Context(), func(tx store.Tx) error {
				if err := tx.CreateIdentity(u); err != nil {
					return err
				}
				m := store.ChannelMembership{Key: u.Key, Channel: c.Key, Member: u.Key}
				if err := tx.CreateChannelMemberships(c.Key, []store.ChannelMembership{m}); err != nil {
					return err
				}
				if _, err := tx.AdvanceChannel(c.Key, 1, 1); err != nil {
					return err
				}
				if fails {
					return errFn
				}
				return nil
			})
			if fails != (err == errFn) {
				t.Errorf("Update answers %v", err)
			}
		})
		succeeded := 0
		for worker := range workers {
			for round := range rounds {
				if (worker+round)%3 != 0 {
					succeeded++
				}
			}
		}
		for _, part := range []struct {
			channel store.Channel
			want    int
		}{{good, succeeded}, {bad, 0}} {
			expect(t, w, part.want, func(tx store.Tx) (int, error) {
				list, err := tx.ListChannelMemberships(part.channel.Key, false, 0, 10*workers*rounds)
				return len(list), err
			})
			expect(t, w, part.channel.Sequence+int64(part.want), func(tx store.Tx) (int64, error) {
				e, err := tx.EnterChannel(store.ChannelRef{Account: a.Account, Instance: a.ID, ID: part.channel.ID}, refOf(creator))
				return e.Channel.Sequence, err
			})
		}
	})
	t.Run("Views run beside Updates and see both sides of each", func(t *testing.T) {
		c := w.channel(t, a.Key, creator.Key)
		together(func(worker, round int) {
			if worker%2 == 0 {
				u := w.newIdentity(a.Key, arn.User)
				err := w.Update(t.Context(), func(tx store.Tx) error {
					m := store.ChannelMembership{Key: u.Key, Channel: c.Key, Member: u.Key}
					_, err := tx.AdvanceChannel(c.Key, 0, 1)
					return errors.Join(err, tx.CreateIdentity(u), tx.CreateChannelMemberships(c.Key, []store.ChannelMembership{m}))
				})
				if err != nil {
					t.Error(err)
				}
				return
			}
			err := w.View(t.Context(), func(tx store.Tx) error {
				list, err := tx.ListChannelMemberships(c.Key, false, 0, 10*workers*rounds)
				if err != nil {
					return err
				}
				e, err := tx.EnterChannel(store.ChannelRef{Account: a.Account, Instance: a.ID, ID: c.ID}, refOf(creator))
				if n := int(e.Channel.Members - c.Members); err == nil && n != len(list) {
					t.Errorf("%d are counted and %d are listed", n, len(list))
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	})
}

func testAfterCommit(t *testing.T, w *world) {
	a := w.instance(t)
	creator := w.user(t, a.Key)

	t.Run("it is called once, when the commit is seen and before Update returns", func(t *testing.T) {
		calls := 0
		w.must(t, func(tx store.Tx) error {
			tx.AfterCommit(func() { calls++ })
			return tx.PutSetting("hooked", []byte("x"))
		})
		if calls != 1 {
			t.Errorf("called %d times", calls)
		}
	})
	t.Run("it is called for a transaction that writes nothing", func(t *testing.T) {
		called := false
		w.must(t, func(tx store.Tx) error { tx.AfterCommit(func() { called = true }); return nil })
		if !called {
			t.Error("not called")
		}
	})
	t.Run("the functions of one transaction are called in their order", func(t *testing.T) {
		var calls []int
		w.must(t, func(tx store.Tx) error {
			calls = nil
			for i := range 5 {
				tx.AfterCommit(func() { calls = append(calls, i) })
			}
			return nil
		})
		if !slices.Equal(calls, []int{0, 1, 2, 3, 4}) {
			t.Errorf("called in the order %v", calls)
		}
	})
	t.Run("it is not called when the transaction fails", func(t *testing.T) {
		w.refused(t, errFn, func(tx store.Tx) error {
			tx.AfterCommit(func() { t.Error("called") })
			return errFn
		})
		func() {
			defer func() { _ = recover() }()
			_ = w.Update(t.Context(), func(tx store.Tx) error {
				tx.AfterCommit(func() { t.Error("called") })
				panic("of the function")
			})
		}()
		w.must(t, func(tx store.Tx) error { return tx.PutSetting("after", nil) })
	})
	t.Run("it is called in the order of commits, one at a time", func(t *testing.T) {
		c := w.channel(t, a.Key, creator.Key)
		var got []int64 // the race detector sees to it that calls do not overlap
		together(func(worker, round int) {
			fails := (worker+round)%4 == 0
			err := w.Update(t.Context(), func(tx store.Tx) error {
				sequence, err := tx.AdvanceChannel(c.Key, 1, 0)
				if err != nil {
					return err
				}
				tx.AfterCommit(func() { got = append(got, sequence) })
				if fails {
					return errFn
				}
				return nil
			})
			if fails != (err == errFn) {
				t.Errorf("Update answers %v", err)
			}
		})
		for i, sequence := range got {
			if sequence != c.Sequence+int64(i)+1 {
				t.Fatalf("call %d is of place %d, want %d", i, sequence, c.Sequence+int64(i)+1)
			}
		}
		if len(got) == 0 {
			t.Error("never called")
		}
	})
}
