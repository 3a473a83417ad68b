package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"carillon/arn"
	"carillon/store"
)

// testAhead tests that what is told ahead changes no answer.
func testAhead(t *testing.T, w *world) {
	a := w.instance(t)
	creator := w.user(t, a.Key)
	c := w.channel(t, a.Key, creator.Key)
	users := w.identities(t, a.Key, arn.User, 4)
	w.membership(t, c.Key, users[0].Key, creator.Key, false)
	w.moderator(t, c.Key, users[1].Key, creator.Key)
	w.ban(t, c.Key, users[2].Key, creator.Key)
	w.admin(t, a.Key, users[3].Key)
	refs := []store.IdentityRef{refOf(users[3]), {Kind: arn.Bot, ID: "nobody"}, refOf(users[0]), refOf(users[1]), refOf(users[0]), refOf(users[2])}
	sent := store.MessageToken{
		Sender: users[0].Key, Token: [16]byte{1}, Fingerprint: [8]byte{2}, Ref: store.MessageRef{Stream: c.Key, Sequence: 3}, Sent: noon,
	}
	w.must(t, func(tx store.Tx) error { return tx.PutMessageTokens(sent) })
	ref := store.ChannelRef{Account: a.Account, Instance: a.ID, ID: c.ID}

	// answers are those of one transaction.
	type answers struct {
		Entry     store.Entry
		Standings []store.Standing
		Again     []store.Standing
		Token     store.MessageToken
		Err       string
	}
	ask := func(tx store.Tx, channel string, actor store.IdentityRef, token byte, since time.Time, next ...store.Ahead) (got answers, err error) {
		ref := ref
		ref.ID = channel
		if got.Entry, err = tx.EnterChannel(ref, actor, next...); err != nil {
			return got, err
		}
		if got.Standings, err = tx.Standings(a.Key, got.Entry.Channel.Key, refs); err != nil {
			return got, err
		}
		if got.Token, err = tx.MessageToken(got.Entry.Actor.Key, [16]byte{token}, since); err != nil && !errors.Is(err, store.ErrNotFound) {
			return got, err
		} else if err != nil {
			got.Err = err.Error()
		}
		got.Again, err = tx.Standings(a.Key, got.Entry.Channel.Key, refs)
		return got, err
	}
	since := noon.Add(-time.Hour)
	for _, test := range []struct {
		name    string
		channel string
		actor   store.IdentityRef
		token   byte
		since   time.Time
		next    []store.Ahead
	}{
		{"what is asked", c.ID, refs[2], 1, since, []store.Ahead{{Standings: refs, MessageToken: [16]byte{1}, Since: since}}},
		{"what is asked, in two parts", c.ID, refs[2], 1, since, []store.Ahead{{Standings: refs}, {MessageToken: [16]byte{1}, Since: since}}},
		{"a token that nobody used", c.ID, refs[2], 9, since, []store.Ahead{{MessageToken: [16]byte{9}, Since: since}}},
		{"a token that somebody else used", c.ID, refs[3], 1, since, []store.Ahead{{MessageToken: [16]byte{1}, Since: since}}},
		{"a token that is forgotten", c.ID, refs[2], 1, noon.Add(1), []store.Ahead{{MessageToken: [16]byte{1}, Since: noon.Add(1)}}},
		{"another token than is asked", c.ID, refs[2], 1, since, []store.Ahead{{MessageToken: [16]byte{9}, Since: since}}},
		{"other standings than are asked", c.ID, refs[2], 1, since, []store.Ahead{{Standings: refs[1:]}}},
		{"a channel that is not there", "nothing", refs[2], 1, since, []store.Ahead{{Standings: refs, MessageToken: [16]byte{1}, Since: since}}},
		{"an actor that is not there", c.ID, refs[1], 1, since, []store.Ahead{{Standings: refs, MessageToken: [16]byte{1}, Since: since}}},
	} {
		t.Run(test.name+" can be told ahead", func(t *testing.T) {
			want := read(t, w, func(tx store.Tx) (answers, error) { return ask(tx, test.channel, test.actor, test.token, test.since) })
			expect(t, w, want, func(tx store.Tx) (answers, error) {
				return ask(tx, test.channel, test.actor, test.token, test.since, test.next...)
			})
			var got answers
			w.must(t, func(tx store.Tx) (err error) {
				got, err = ask(tx, test.channel, test.actor, test.token, test.since, test.next...)
				return err
			})
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("in an Update (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("entries that are read together are those that are read one by one", func(t *testing.T) {
		list := []store.Entrance{
			{Channel: ref, Actor: refs[2], Next: store.Ahead{MessageToken: [16]byte{1}, Since: since}},
			{Channel: store.ChannelRef{Account: a.Account, Instance: "nothing", ID: c.ID}, Actor: refs[2], Next: store.Ahead{MessageToken: [16]byte{1}, Since: since}},
			{Channel: ref, Actor: refs[1]},
			{Channel: ref, Actor: refs[2], Next: store.Ahead{MessageToken: [16]byte{9}, Since: since}},
			{Channel: store.ChannelRef{Account: a.Account, Instance: a.ID, ID: "nothing"}, Actor: refs[0], Next: store.Ahead{MessageToken: [16]byte{1}, Since: since}},
			{Channel: ref, Actor: refs[5]},
		}
		type found struct {
			Entry store.Entry
			Token store.MessageToken
		}
		want := make([]found, len(list))
		for i, l := range list {
			want[i].Entry = read(t, w, func(tx store.Tx) (store.Entry, error) {
				e, err := tx.EnterChannel(l.Channel, l.Actor)
				if errors.Is(err, store.ErrNotFound) {
					err = nil
				}
				return e, err
			})
		}
		want[0].Token = sent
		expect(t, w, want, func(tx store.Tx) ([]found, error) {
			entries, err := tx.EnterChannels(list)
			got := make([]found, len(entries))
			for i, e := range entries {
				got[i].Entry = e
				if err != nil || list[i].Next.Since.IsZero() {
					continue
				}
				if got[i].Token, err = tx.MessageToken(e.Actor.Key, list[i].Next.MessageToken, since); errors.Is(err, store.ErrNotFound) {
					err = nil
				}
			}
			return got, err
		})
		expect(t, w, []store.Entry{}, func(tx store.Tx) ([]store.Entry, error) { return tx.EnterChannels(nil) })
	})
	t.Run("an app instance that is not there is not found, whatever is told ahead", func(t *testing.T) {
		w.absent(t, func(tx store.Tx) error {
			return ignore(tx.EnterChannel(store.ChannelRef{Account: a.Account, Instance: "nothing"}, refs[2], store.Ahead{Standings: refs}))
		})
	})
	t.Run("what was told ahead is not answered from before a write", func(t *testing.T) {
		var got []store.Standing
		var known store.MessageToken
		w.must(t, func(tx store.Tx) error {
			next := store.Ahead{Standings: refs, MessageToken: [16]byte{7}, Since: since}
			if _, err := tx.EnterChannel(ref, refs[2], next); err != nil {
				return err
			}
			later := sent
			later.Token = [16]byte{7}
			if err := errors.Join(tx.DeleteChannelBan(c.Key, users[2].Key), tx.PutMessageTokens(later)); err != nil {
				return err
			}
			var err error
			if got, err = tx.Standings(a.Key, c.Key, refs); err != nil {
				return err
			}
			known, err = tx.MessageToken(users[0].Key, [16]byte{7}, since)
			return err
		})
		if got[5].Banned {
			t.Error("banned after the ban was removed")
		}
		if known.Sender != users[0].Key {
			t.Errorf("token is %+v", known)
		}
	})
}
