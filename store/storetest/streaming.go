package storetest

import (
	"testing"

	"carillon/store"
)

func testStreamings(t *testing.T, w *world) {
	to := store.Streaming{Channel: "arn:one", Message: "arn:two"}
	t.Run("a configuration is told with the app instance, in lists, and with the entries of its channels", func(t *testing.T) {
		a, other := w.instance(t), w.instance(t)
		u := w.user(t, a.Key)
		c := w.channel(t, a.Key, u.Key)
		for _, s := range []store.Streaming{to, {Message: "arn:three"}, {}} {
			w.must(t, func(tx store.Tx) error { return tx.SetStreaming(a.Key, s) })
			a.Streaming = s
			expect(t, w, a, func(tx store.Tx) (store.AppInstance, error) { return tx.AppInstance(a.Account, a.ID) })
			expect(t, w, []store.AppInstance{a}, func(tx store.Tx) ([]store.AppInstance, error) { return tx.ListAppInstances(a.Account, 0, 10) })
			for _, id := range []string{c.ID, "nothing"} {
				entry := read(t, w, func(tx store.Tx) (store.Entry, error) {
					return tx.EnterChannel(store.ChannelRef{Account: a.Account, Instance: a.ID, ID: id}, refOf(u))
				})
				if entry.Streaming != s {
					t.Errorf("the entry of %q has %+v, want %+v", id, entry.Streaming, s)
				}
			}
			expect(t, w, other, func(tx store.Tx) (store.AppInstance, error) { return tx.AppInstance(other.Account, other.ID) })
		}
	})
	t.Run("an update of the app instance leaves it as it is", func(t *testing.T) {
		a := w.instance(t)
		w.must(t, func(tx store.Tx) error { return tx.SetStreaming(a.Key, to) })
		w.must(t, func(tx store.Tx) error { return tx.UpdateAppInstance(a) })
		a.Streaming = to
		expect(t, w, a, func(tx store.Tx) (store.AppInstance, error) { return tx.AppInstance(a.Account, a.ID) })
	})
	t.Run("an app instance that is not there has none", func(t *testing.T) {
		a := w.instance(t)
		w.must(t, func(tx store.Tx) error { return tx.DeleteAppInstance(a.Key) })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.SetStreaming(a.Key, to) })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.SetStreaming(w.keys.Next(), to) })
	})
}
