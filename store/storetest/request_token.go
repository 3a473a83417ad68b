package storetest

import (
	"fmt"
	"testing"
	"time"

	"carillon/store"
)

func testRequestTokens(t *testing.T, w *world) {
	newToken := func(expires time.Time) store.RequestToken {
		k := w.keys.Next()
		r := store.RequestToken{
			Scope: fmt.Sprintf("scope-%d", k), Operation: "CreateChannel", Token: fmt.Sprintf("token-%d", k),
			Result: fmt.Sprintf("result %d", k), Expires: expires,
		}
		copy(r.Fingerprint[:], fmt.Sprintf("\x00%15d", k))
		return r
	}
	remember := func(t *testing.T, r store.RequestToken) {
		t.Helper()
		w.must(t, func(tx store.Tx) error { return tx.PutRequestToken(r) })
	}
	find := func(r store.RequestToken, now time.Time) func(store.Tx) (store.RequestToken, error) {
		return func(tx store.Tx) (store.RequestToken, error) {
			return tx.RequestToken(r.Scope, r.Operation, r.Token, now)
		}
	}

	t.Run("a request is remembered as it was until it expires", func(t *testing.T) {
		r := newToken(noon.Add(time.Minute))
		remember(t, r)
		expect(t, w, r, find(r, noon))
		expect(t, w, r, find(r, noon.Add(time.Minute-time.Millisecond)))
		w.absent(t, func(tx store.Tx) error { return ignore(find(r, noon.Add(time.Minute))(tx)) })
	})
	t.Run("scope, operation and token name a request together", func(t *testing.T) {
		r := newToken(noon.Add(time.Minute))
		remember(t, r)
		for _, change := range []func(*store.RequestToken){
			func(r *store.RequestToken) { r.Scope += "x" },
			func(r *store.RequestToken) { r.Operation = "CreateAppInstance" },
			func(r *store.RequestToken) { r.Token = "" },
		} {
			other := r
			change(&other)
			w.absent(t, func(tx store.Tx) error { return ignore(find(other, noon)(tx)) })
			other.Result = "another"
			remember(t, other)
			expect(t, w, other, find(other, noon))
			expect(t, w, r, find(r, noon))
		}
	})
	t.Run("a request replaces an expired one of the same name", func(t *testing.T) {
		r := newToken(noon.Add(-time.Minute))
		remember(t, r)
		w.absent(t, func(tx store.Tx) error { return ignore(find(r, noon)(tx)) })
		again := newToken(noon.Add(time.Minute))
		again.Scope, again.Token = r.Scope, r.Token
		remember(t, again)
		expect(t, w, again, find(r, noon))
	})
	t.Run("expired requests are forgotten a few at a time", func(t *testing.T) {
		long := noon.AddDate(-1, 0, 0) // before all others of this test
		var expired, valid []store.RequestToken
		for i := range 5 {
			expired = append(expired, newToken(long.Add(-time.Duration(i)*time.Second)))
			valid = append(valid, newToken(long.Add(time.Duration(i)*time.Second+time.Millisecond)))
			remember(t, expired[i])
			remember(t, valid[i])
		}
		forget := func(limit, want int) {
			t.Helper()
			w.must(t, func(tx store.Tx) error {
				n, err := tx.DeleteRequestTokens(long, limit)
				if n != want {
					t.Errorf("forgot %d requests, want %d", n, want)
				}
				return err
			})
		}
		forget(0, 0)
		forget(2, 2)
		forget(2, 2)
		forget(2, 1)
		forget(2, 0)
		for i := range 5 {
			w.absent(t, func(tx store.Tx) error { return ignore(find(expired[i], long.Add(-time.Hour))(tx)) })
			expect(t, w, valid[i], find(valid[i], long))
		}
	})
}
