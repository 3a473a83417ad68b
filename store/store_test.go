package store_test

import (
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"carillon/store"
)

var epoch = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// stopped is a clock that stands at a time.
func stopped(at time.Time) func() time.Time { return func() time.Time { return at } }

func TestKeys(t *testing.T) {
	t.Run("a key is made of milliseconds, node and counter", func(t *testing.T) {
		keys := store.NewKeys(5, stopped(epoch.Add(3*time.Millisecond)))
		for counter := range store.Key(3) {
			if got, want := keys.Next(), 3<<22|5<<12|(counter+1); got != want {
				t.Errorf("key %d is %#x, want %#x", counter, got, want)
			}
		}
	})
	t.Run("only the lowest ten bits of a node count", func(t *testing.T) {
		a, b := store.NewKeys(0b1111_1100_0000_0011, stopped(epoch)), store.NewKeys(3, stopped(epoch))
		if got, want := a.Next(), b.Next(); got != want {
			t.Errorf("got %#x, want %#x", got, want)
		}
	})
	t.Run("no key is 0 or negative until 2094", func(t *testing.T) {
		for _, at := range []time.Time{{}, epoch.AddDate(-20, 0, 0), epoch, time.Date(2094, 1, 1, 0, 0, 0, 0, time.UTC)} {
			if k := store.NewKeys(math.MaxUint16, stopped(at)).Next(); k <= 0 {
				t.Errorf("at %v the key is %#x", at, k)
			}
		}
	})
	t.Run("keys ascend while the clock stands still, steps back and goes on", func(t *testing.T) {
		now := epoch.AddDate(1, 0, 0)
		keys := store.NewKeys(1, func() time.Time { return now })
		var last store.Key
		for _, step := range []time.Duration{
			0, time.Millisecond, -time.Millisecond, -time.Hour, 0, time.Hour, -10 * 365 * 24 * time.Hour, time.Nanosecond, 20 * 365 * 24 * time.Hour,
		} {
			now = now.Add(step)
			for range 10_000 { // more than the counter counts
				k := keys.Next()
				if k <= last {
					t.Fatalf("%#x comes after %#x", k, last)
				}
				last = k
			}
		}
	})
	t.Run("keys of another node differ", func(t *testing.T) {
		a, b := store.NewKeys(1, stopped(epoch)), store.NewKeys(2, stopped(epoch))
		seen := map[store.Key]bool{}
		for _, k := range append(a.Take(20_000), b.Take(20_000)...) {
			if seen[k] {
				t.Fatalf("%#x is made twice", k)
			}
			seen[k] = true
		}
	})
	t.Run("a later millisecond gives a greater key whatever the node", func(t *testing.T) {
		early, late := store.NewKeys(1023, stopped(epoch)), store.NewKeys(0, stopped(epoch.Add(time.Millisecond)))
		if a, b := early.Next(), late.Next(); a >= b {
			t.Errorf("%#x is not before %#x", a, b)
		}
	})
	t.Run("keys taken together ascend and follow those before", func(t *testing.T) {
		keys := store.NewKeys(1, stopped(epoch))
		first := keys.Next()
		taken := keys.Take(10_000)
		if len(taken) != 10_000 || !slices.IsSorted(taken) || taken[0] <= first || keys.Next() <= taken[len(taken)-1] {
			t.Error("they do not")
		}
		if taken := keys.Take(0); len(taken) != 0 {
			t.Errorf("%d keys in place of none", len(taken))
		}
	})
	t.Run("concurrent callers never get the same key", func(t *testing.T) {
		keys := store.NewKeys(1, time.Now)
		made := make([][]store.Key, 8)
		var wg sync.WaitGroup
		for i := range made {
			wg.Go(func() {
				for range 1000 {
					made[i] = append(append(made[i], keys.Next()), keys.Take(3)...)
				}
			})
		}
		wg.Wait()
		var all []store.Key
		for _, own := range made {
			if !slices.IsSorted(own) {
				t.Error("one caller's keys do not ascend")
			}
			all = append(all, own...)
		}
		slices.Sort(all)
		if n := len(slices.Compact(all)); n != 8*4000 {
			t.Errorf("%d different keys, want %d", n, 8*4000)
		}
	})
}
