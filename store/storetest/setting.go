package storetest

import (
	"bytes"
	"testing"

	"carillon/store"
)

func testSettings(t *testing.T, w *world) {
	setting := func(name string) func(store.Tx) ([]byte, error) {
		return func(tx store.Tx) ([]byte, error) { return tx.Setting(name) }
	}
	put := func(t *testing.T, name string, value []byte) {
		t.Helper()
		w.must(t, func(tx store.Tx) error { return tx.PutSetting(name, value) })
	}

	t.Run("a setting that was never set is not found", func(t *testing.T) {
		put(t, "some", []byte("value"))
		w.absent(t, func(tx store.Tx) error { return ignore(tx.Setting("none")) })
		w.absent(t, func(tx store.Tx) error { return ignore(tx.Setting("")) })
	})
	t.Run("a setting keeps every byte", func(t *testing.T) {
		all := make([]byte, 256)
		for i := range all {
			all[i] = byte(i)
		}
		put(t, "bytes", bytes.Repeat(all, 100))
		expect(t, w, bytes.Repeat(all, 100), setting("bytes"))
	})
	t.Run("a setting replaces the one that is there", func(t *testing.T) {
		put(t, "name", []byte("first"))
		put(t, "other", []byte("other"))
		put(t, "name", []byte("second"))
		expect(t, w, []byte("second"), setting("name"))
		expect(t, w, []byte("other"), setting("other"))
	})
	t.Run("an empty setting is set", func(t *testing.T) {
		put(t, "empty", nil)
		expect(t, w, 0, func(tx store.Tx) (int, error) {
			value, err := tx.Setting("empty")
			return len(value), err
		})
	})
	t.Run("what is read is the reader's own", func(t *testing.T) {
		put(t, "own", []byte("value"))
		read(t, w, setting("own"))[0] = 'x'
		expect(t, w, []byte("value"), setting("own"))
	})
}
