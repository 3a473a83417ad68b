package storetest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"carillon/store"
)

// listing is a list of records with a place for each.
type listing[T any] struct {
	list func(tx store.Tx, after store.Key, limit int) ([]T, error)
	key  func(T) store.Key
	// add makes one more record and returns it as it is listed; the last one in the order.
	add    func(t *testing.T) T
	remove func(t *testing.T, record T)
}

// test tests an empty list.
func (l listing[T]) test(t *testing.T, w *world) {
	page := func(t *testing.T, after store.Key, limit int) []T {
		t.Helper()
		return read(t, w, func(tx store.Tx) ([]T, error) { return l.list(tx, after, limit) })
	}
	compare := func(t *testing.T, want, got []T) {
		t.Helper()
		if len(want) == 0 && len(got) == 0 {
			return
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("list (-want +got):\n%s", diff)
		}
	}
	// rest returns all that comes after a position, page by page.
	rest := func(t *testing.T, after store.Key, limit int) (all []T) {
		t.Helper()
		for {
			got := page(t, after, limit)
			if len(got) > limit {
				t.Fatalf("a page of %d has %d records", limit, len(got))
			}
			all = append(all, got...)
			if len(got) < limit {
				return all
			}
			after = l.key(got[len(got)-1])
		}
	}

	compare(t, nil, page(t, 0, 10))
	records := make([]T, 7)
	for i := range records {
		records[i] = l.add(t)
	}

	t.Run("records come in the order of their creation", func(t *testing.T) {
		compare(t, records, page(t, 0, 100))
	})
	t.Run("a page has at most limit records", func(t *testing.T) {
		compare(t, records[:3], page(t, 0, 3))
		compare(t, records[:7], page(t, 0, 7))
		compare(t, nil, page(t, 0, 0))
	})
	t.Run("a page begins after the position", func(t *testing.T) {
		compare(t, records[3:6], page(t, l.key(records[2]), 3))
		compare(t, records[1:], page(t, l.key(records[0]), 100))
		compare(t, nil, page(t, l.key(records[6]), 100))
	})
	t.Run("pages of every size give the whole list", func(t *testing.T) {
		for limit := 1; limit <= 8; limit++ {
			compare(t, records, rest(t, 0, limit))
		}
	})
	t.Run("pages are stable under inserts and deletes", func(t *testing.T) {
		first := page(t, 0, 3)
		compare(t, records[:3], first)
		l.remove(t, records[0]) // listed already
		l.remove(t, records[2]) // the position itself
		l.remove(t, records[4]) // not listed yet
		added := l.add(t)
		want := []T{records[3], records[5], records[6], added}
		compare(t, want, rest(t, l.key(first[2]), 2))
		compare(t, append([]T{records[1]}, want...), rest(t, 0, 2))
	})
}
