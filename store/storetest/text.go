package storetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"carillon/arn"
	"carillon/store"
)

// texts are hard to keep as they are, also as names.
var texts = []string{
	"", " ", "\x00", "a\x00", "a\x00b", "\x00\x00a", "\x01", "\x01\x01", "\x01\x02", "a\x01\x00\x01b", "\x02",
	"'", `"`, "%", "_", `\`, "$1", "?1", ";--", "\r\n", "\t", "\u007f", "\u0080", "é", "e\u0301", "İ", "ß", "ﬁ", "你好",
	"\u200b", "\ufeff", "\ufffe", "\uffff", "😀", "\U0010ffff",
}

// long is more than a page of any database; names are never so long.
var long = strings.Repeat("long\x00", 5000)

// testText tests what values may be, whatever they are of.
func testText(t *testing.T, w *world) {
	a := w.instance(t)

	t.Run("every text comes back as it was, and tells names apart", func(t *testing.T) {
		made := map[string]store.Identity{}
		for _, s := range texts {
			i := w.newIdentity(a.Key, arn.User)
			i.ID, i.Name, i.Metadata = s, s, s
			w.must(t, func(tx store.Tx) error { return tx.CreateIdentity(i) })
			made[s] = i
		}
		for _, s := range texts {
			i := made[s]
			expect(t, w, i, func(tx store.Tx) (store.Identity, error) { return tx.Identity(a.Key, refOf(i)) })
			same := w.newIdentity(a.Key, arn.User)
			same.ID = s
			w.refused(t, store.ErrExists, func(tx store.Tx) error { return tx.CreateIdentity(same) })
		}
		listed := read(t, w, func(tx store.Tx) ([]store.Identity, error) { return tx.ListIdentities(a.Key, arn.User, 0, 1000) })
		for n, i := range listed {
			if i.Name != texts[n] {
				t.Errorf("listed as %.100q, want %.100q", i.Name, texts[n])
			}
		}
		if len(listed) != len(texts) {
			t.Errorf("%d are listed, want %d", len(listed), len(texts))
		}
	})
	t.Run("long text comes back as it was", func(t *testing.T) {
		u := w.newIdentity(a.Key, arn.User)
		u.Name, u.Metadata = long, long
		w.must(t, func(tx store.Tx) error { return tx.CreateIdentity(u) })
		expect(t, w, u, func(tx store.Tx) (store.Identity, error) { return tx.Identity(a.Key, refOf(u)) })
		c := w.newChannel(a.Key, u.Key)
		c.Name, c.Metadata = long, long
		w.must(t, func(tx store.Tx) error { return tx.CreateChannel(c) })
		m := w.membership(t, c.Key, u.Key, u.Key, false)
		w.must(t, func(tx store.Tx) error { return tx.SetPreferences(c.Key, u.Key, long) })
		want := []store.ListedMembership{{ChannelMembership: m, MembershipView: store.MembershipView{Preferences: long}, In: c}}
		expect(t, w, want, func(tx store.Tx) ([]store.ListedMembership, error) { return tx.ListMembershipsOf(u.Key, 0, 10) })
		w.must(t, func(tx store.Tx) error { return tx.PutTags(c.Key, pairs("long", long)) })
		expect(t, w, pairs("long", long), func(tx store.Tx) ([]store.Tag, error) { return tx.Tags(c.Key) })
	})
	t.Run("text is not taken for a pattern, nor folded", func(t *testing.T) {
		u := w.newIdentity(a.Key, arn.User)
		u.ID = "Anna"
		w.must(t, func(tx store.Tx) error { return tx.CreateIdentity(u) })
		for _, id := range []string{"anna", "ANNA", "Anna ", " Anna", "Anna\x00", "Ann_", "Ann%", "Ａnna"} {
			w.absent(t, func(tx store.Tx) error { return ignore(tx.Identity(a.Key, store.IdentityRef{Kind: arn.User, ID: id})) })
		}
	})
	t.Run("every text can be a tag, a token, a setting and preferences", func(t *testing.T) {
		u := w.user(t, a.Key)
		c := w.channel(t, a.Key, u.Key)
		w.membership(t, c.Key, u.Key, u.Key, false)
		for _, s := range texts {
			resource := w.keys.Next()
			w.must(t, func(tx store.Tx) error { return tx.PutTags(resource, pairs(s, s)) })
			expect(t, w, pairs(s, s), func(tx store.Tx) ([]store.Tag, error) { return tx.Tags(resource) })

			token := store.RequestToken{Scope: s, Operation: s, Token: s, Result: s, Expires: noon}
			w.must(t, func(tx store.Tx) error { return tx.PutRequestToken(token) })
			expect(t, w, token, func(tx store.Tx) (store.RequestToken, error) {
				return tx.RequestToken(s, s, s, noon.Add(-time.Hour))
			})

			w.must(t, func(tx store.Tx) error { return tx.PutSetting(s, []byte("of "+s)) })
			expect(t, w, "of "+s, func(tx store.Tx) (string, error) {
				value, err := tx.Setting(s)
				return string(value), err
			})

			w.must(t, func(tx store.Tx) error { return tx.SetPreferences(c.Key, u.Key, s) })
			expect(t, w, store.MembershipView{Preferences: s}, func(tx store.Tx) (store.MembershipView, error) {
				return tx.MembershipView(c.Key, u.Key)
			})
		}
	})
	t.Run("times are kept to the millisecond, in UTC", func(t *testing.T) {
		for _, at := range []time.Time{
			time.UnixMilli(1).UTC(), time.UnixMilli(-1).UTC(), noon, time.Date(9999, 12, 31, 23, 59, 59, 999_000_000, time.UTC),
		} {
			i := w.newIdentity(a.Key, arn.Bot)
			i.Created, i.Updated = at.In(time.FixedZone("elsewhere", 3600)).Add(999*time.Microsecond), at
			w.must(t, func(tx store.Tx) error { return tx.CreateIdentity(i) })
			i.Created = at
			got := read(t, w, func(tx store.Tx) (store.Identity, error) { return tx.Identity(a.Key, refOf(i)) })
			if got != i {
				t.Errorf("got %v, want %v", got, i)
			}
		}
	})
	t.Run("counters hold what a long life brings", func(t *testing.T) {
		c := w.newChannel(a.Key, 1)
		c.Sequence, c.Members = 1<<53, 1<<40
		w.must(t, func(tx store.Tx) error { return tx.CreateChannel(c) })
		w.must(t, func(tx store.Tx) error {
			sequence, err := tx.AdvanceChannel(c.Key, 1, 1)
			if sequence != 1<<53+1 {
				err = fmt.Errorf("sequence is %d", sequence)
			}
			return err
		})
	})
}
