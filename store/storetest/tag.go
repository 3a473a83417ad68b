package storetest

import (
	"testing"

	"carillon/store"
)

// pairs makes tags of keys and values by turns.
func pairs(words ...string) []store.Tag {
	tags := make([]store.Tag, len(words)/2)
	for i := range tags {
		tags[i] = store.Tag{Key: words[2*i], Value: words[2*i+1]}
	}
	return tags
}

func testTags(t *testing.T, w *world) {
	tags := func(resource store.Key) func(store.Tx) ([]store.Tag, error) {
		return func(tx store.Tx) ([]store.Tag, error) { return tx.Tags(resource) }
	}

	t.Run("tags come in the bytewise order of their keys", func(t *testing.T) {
		resource := w.keys.Next()
		w.must(t, func(tx store.Tx) error {
			return tx.PutTags(resource, pairs("é", "1", "a", "2", "B", "3", "ab", "4", "a\x01", "5", "a\x00", "6", "😀", "7", "\uffee", "8"))
		})
		expect(t, w, pairs("B", "3", "a", "2", "a\x00", "6", "a\x01", "5", "ab", "4", "é", "1", "\uffee", "8", "😀", "7"), tags(resource))
	})
	t.Run("tags belong to one resource", func(t *testing.T) {
		resource, other := w.keys.Next(), w.keys.Next()
		w.must(t, func(tx store.Tx) error { return tx.PutTags(resource, pairs("a", "1")) })
		expect(t, w, nil, tags(other))
		w.must(t, func(tx store.Tx) error { return tx.DeleteTags(other, []string{"a"}) })
		expect(t, w, pairs("a", "1"), tags(resource))
	})
	t.Run("a tag replaces one with the same key", func(t *testing.T) {
		resource := w.keys.Next()
		w.must(t, func(tx store.Tx) error { return tx.PutTags(resource, pairs("a", "1", "b", "2")) })
		w.must(t, func(tx store.Tx) error { return tx.PutTags(resource, pairs("b", "3", "A", "4", "c", "")) })
		expect(t, w, pairs("A", "4", "a", "1", "b", "3", "c", ""), tags(resource))
	})
	t.Run("tags that are not there are passed over", func(t *testing.T) {
		resource := w.keys.Next()
		w.must(t, func(tx store.Tx) error { return tx.PutTags(resource, pairs("a", "1", "b", "2", "c", "3")) })
		w.must(t, func(tx store.Tx) error { return tx.DeleteTags(resource, []string{"c", "x", "a", "a"}) })
		expect(t, w, pairs("b", "2"), tags(resource))
	})
	t.Run("no tags change nothing", func(t *testing.T) {
		resource := w.keys.Next()
		w.must(t, func(tx store.Tx) error { return tx.PutTags(resource, nil) })
		w.must(t, func(tx store.Tx) error { return tx.DeleteTags(resource, nil) })
		expect(t, w, nil, tags(resource))
	})
}
