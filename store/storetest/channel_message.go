package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"carillon/store"
)

func testChannelMessages(t *testing.T, w *world) {
	a := w.instance(t)
	sender, other := w.user(t, a.Key), w.user(t, a.Key)
	channel := func(t *testing.T) store.Channel {
		c := w.newChannel(a.Key, sender.Key)
		c.LastMessage = time.Time{}
		w.must(t, func(tx store.Tx) error { return tx.CreateChannel(c) })
		return c
	}
	message := func(c store.Channel, content string, at time.Time) store.ChannelMessage {
		return store.ChannelMessage{Stream: c.Key, Sender: sender.Key, Content: content, Created: at, Updated: at}
	}
	send := func(t *testing.T, c store.Channel, m store.ChannelMessage) store.ChannelMessage {
		t.Helper()
		w.must(t, func(tx store.Tx) error { return tx.AppendChannelMessages(&m) })
		return m
	}
	ref := func(m store.ChannelMessage) store.MessageRef {
		return store.MessageRef{Stream: m.Stream, Sequence: m.Sequence}
	}
	find := func(r store.MessageRef) func(store.Tx) (store.ListedMessage, error) {
		return func(tx store.Tx) (store.ListedMessage, error) { return tx.ChannelMessage(r) }
	}
	lastMessage := func(c store.Channel) time.Time {
		e := read(t, w, func(tx store.Tx) (store.Entry, error) {
			return tx.EnterChannel(store.ChannelRef{Account: a.Account, Instance: a.ID, ID: c.ID}, refOf(sender))
		})
		return e.Channel.LastMessage
	}

	t.Run("a message is found as it was sent, in the next place of its stream", func(t *testing.T) {
		c := channel(t)
		m := message(c, "content \x00 of all kinds \U0001F514", noon)
		m.Target, m.Control, m.ContentType, m.Metadata, m.Attributes = other.Key, true, "text/plain", "metadata\x00", `{"a":{}}`
		m = send(t, c, m)
		if m.Sequence != c.Sequence+1 {
			t.Errorf("sequence %d after %d", m.Sequence, c.Sequence)
		}
		expect(t, w, store.ListedMessage{ChannelMessage: m, By: sender, To: other}, find(ref(m)))
		w.absent(t, func(tx store.Tx) error {
			return ignore(find(store.MessageRef{Stream: c.Key, Sequence: m.Sequence + 1})(tx))
		})
		w.absent(t, func(tx store.Tx) error {
			return ignore(find(store.MessageRef{Stream: channel(t).Key, Sequence: m.Sequence})(tx))
		})
	})
	t.Run("times never run against the order", func(t *testing.T) {
		c := channel(t)
		send(t, c, message(c, "first", noon.Add(time.Second)))
		late := send(t, c, message(c, "second, by a clock that is behind", noon))
		if !late.Created.Equal(noon.Add(time.Second)) || !late.Updated.Equal(late.Created) {
			t.Errorf("created %v, updated %v", late.Created, late.Updated)
		}
		expect(t, w, store.ListedMessage{ChannelMessage: late, By: sender}, find(ref(late)))
	})
	t.Run("messages of several streams each take the next place of theirs, in their order", func(t *testing.T) {
		one, two := channel(t), channel(t)
		sent := []store.ChannelMessage{
			message(two, "first of two", noon.Add(time.Second)), message(one, "first of one", noon), message(two, "second of two", noon), message(two, "third of two", noon.Add(2*time.Second)),
		}
		sent[3].Target = other.Key
		w.must(t, func(tx store.Tx) error {
			// Reading them before, as whoever sends does, makes no difference.
			if _, err := tx.EnterChannels([]store.Entrance{{Channel: store.ChannelRef{Account: a.Account, Instance: a.ID, ID: two.ID}, Actor: refOf(sender)}}); err != nil {
				return err
			}
			for i, place := range []int64{two.Sequence + 1, one.Sequence + 1, two.Sequence + 2, two.Sequence + 3} {
				sent[i].Sequence = place - 1 // another run may have left something
			}
			return tx.AppendChannelMessages(&sent[0], &sent[1], &sent[2], &sent[3])
		})
		for i, place := range []int64{two.Sequence + 1, one.Sequence + 1, two.Sequence + 2, two.Sequence + 3} {
			if sent[i].Sequence != place {
				t.Errorf("message %d has place %d, want %d", i, sent[i].Sequence, place)
			}
		}
		if !sent[2].Created.Equal(noon.Add(time.Second)) {
			t.Errorf("the second of two is created %v", sent[2].Created)
		}
		for i, m := range sent {
			found := store.ListedMessage{ChannelMessage: m, By: sender}
			if i == 3 {
				found.To = other
			}
			expect(t, w, found, find(ref(m)))
		}
		if at := lastMessage(one); !at.Equal(noon) {
			t.Errorf("the last message of one is of %v", at)
		}
		if at := lastMessage(two); !at.Equal(noon.Add(time.Second)) {
			t.Errorf("the last message of two that everybody may see is of %v", at)
		}
		after := message(two, "fourth of two", noon)
		if after = send(t, two, after); after.Sequence != two.Sequence+4 {
			t.Errorf("what comes next has place %d", after.Sequence)
		}
	})
	t.Run("where one of the streams is not there, nothing is sent to the others", func(t *testing.T) {
		c, gone := channel(t), w.newChannel(a.Key, sender.Key)
		sent, lost := message(c, "sent", noon), message(gone, "lost", noon)
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.AppendChannelMessages(&sent, &lost) })
		w.absent(t, func(tx store.Tx) error {
			return ignore(find(store.MessageRef{Stream: c.Key, Sequence: c.Sequence + 1})(tx))
		})
	})
	t.Run("the last message of the channel is the last that everybody may see", func(t *testing.T) {
		c := channel(t)
		if at := lastMessage(c); !at.IsZero() {
			t.Errorf("before the first: %v", at)
		}
		send(t, c, message(c, "for all", noon))
		targeted := message(c, "for one", noon.Add(time.Second))
		targeted.Target = other.Key
		send(t, c, targeted)
		pending := message(c, "not yet", noon.Add(2*time.Second))
		pending.Status = store.MessagePending
		send(t, c, pending)
		if at := lastMessage(c); !at.Equal(noon) {
			t.Errorf("got %v", at)
		}
		send(t, c, message(c, "for all again", noon.Add(3*time.Second)))
		if at := lastMessage(c); !at.Equal(noon.Add(3 * time.Second)) {
			t.Errorf("got %v", at)
		}
	})
	t.Run("a message cannot be sent into a channel that is not there", func(t *testing.T) {
		c := channel(t)
		w.must(t, func(tx store.Tx) error { return tx.DeleteChannel(c.Key) })
		m := message(c, "x", noon)
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.AppendChannelMessages(&m) })
	})
	t.Run("a message is changed, and deleted", func(t *testing.T) {
		c := channel(t)
		m := send(t, c, message(c, "before", noon))
		m.Content, m.ContentType, m.Metadata, m.Attributes, m.Redacted = "after", "t", "m", "{}", true
		m.Edited, m.Updated, m.Status, m.StatusDetail = noon.Add(time.Second), noon.Add(2*time.Second), store.MessageFailed, "why"
		w.must(t, func(tx store.Tx) error { return tx.UpdateChannelMessage(m) })
		expect(t, w, store.ListedMessage{ChannelMessage: m, By: sender}, find(ref(m)))
		w.must(t, func(tx store.Tx) error { return tx.DeleteChannelMessage(ref(m)) })
		w.absent(t, func(tx store.Tx) error { return ignore(find(ref(m))(tx)) })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.DeleteChannelMessage(ref(m)) })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.UpdateChannelMessage(m) })
	})
	t.Run("who sent a message is told also after its deletion", func(t *testing.T) {
		c := channel(t)
		gone := w.user(t, a.Key)
		m := message(c, "last words", noon)
		m.Sender = gone.Key
		m = send(t, c, m)
		w.must(t, func(tx store.Tx) error { return tx.DeleteIdentity(gone.Key) })
		expect(t, w, store.ListedMessage{ChannelMessage: m, By: gone}, find(ref(m)))
	})
	t.Run("a range of a stream is listed in both directions, bounded by place and time", func(t *testing.T) {
		c := channel(t)
		var sent []store.ChannelMessage
		for i := range 40 { // four in every millisecond
			sent = append(sent, send(t, c, message(c, fmt.Sprint(i), noon.Add(time.Duration(i/4)*time.Millisecond))))
			if i%7 == 0 { // events that are no messages take places too
				w.must(t, func(tx store.Tx) error { return ignore(tx.AdvanceChannel(c.Key, 2, 0)) })
			}
		}
		other := channel(t)
		send(t, other, message(other, "elsewhere", noon))
		w.must(t, func(tx store.Tx) error { return tx.DeleteChannelMessage(ref(sent[20])) })
		for _, r := range []store.MessageRange{
			{},
			{Ascending: true},
			{After: sent[30].Sequence},
			{After: sent[10].Sequence, Ascending: true},
			{NotBefore: noon.Add(5 * time.Millisecond)},
			{NotAfter: noon.Add(5 * time.Millisecond), Ascending: true},
			{NotBefore: noon.Add(3 * time.Millisecond), NotAfter: noon.Add(5 * time.Millisecond)},
			{NotBefore: noon.Add(3 * time.Millisecond), NotAfter: noon.Add(5 * time.Millisecond), After: sent[15].Sequence, Ascending: true},
			{NotBefore: noon.Add(-time.Hour), NotAfter: noon.Add(time.Hour)},
			{NotBefore: noon.Add(time.Hour)},
			{NotAfter: noon.Add(-time.Hour)},
		} {
			for _, limit := range []int{1, 7, 100} {
				var want []string
				for i := range sent {
					m := sent[i]
					if !r.Ascending {
						m = sent[len(sent)-1-i]
					}
					switch {
					case m.Sequence == sent[20].Sequence, len(want) == limit:
					case r.After != 0 && (r.Ascending == (m.Sequence <= r.After) || m.Sequence == r.After):
					case !r.NotBefore.IsZero() && m.Created.Before(r.NotBefore), !r.NotAfter.IsZero() && m.Created.After(r.NotAfter):
					default:
						want = append(want, m.Content)
					}
				}
				r.Stream = c.Key
				var got []string
				for _, m := range read(t, w, func(tx store.Tx) ([]store.ListedMessage, error) { return tx.ListChannelMessages(r, limit) }) {
					got = append(got, m.Content)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%+v, at most %d (-want +got):\n%s", r, limit, diff)
				}
			}
		}
	})
	t.Run("nothing is in an empty stream, whatever bounds it", func(t *testing.T) {
		r := store.MessageRange{Stream: channel(t).Key, NotBefore: noon, NotAfter: noon}
		expect(t, w, nil, func(tx store.Tx) ([]store.ListedMessage, error) { return tx.ListChannelMessages(r, 10) })
	})
	t.Run("the token of a message is remembered from the given time on, for its sender", func(t *testing.T) {
		token := store.MessageToken{
			Sender: sender.Key, Token: [16]byte{1, 0, 2}, Fingerprint: [8]byte{3, 0, 4},
			Ref: store.MessageRef{Stream: a.Key, Sequence: 5}, Sent: noon,
		}
		find := func(sender store.Key, since time.Time) func(store.Tx) (store.MessageToken, error) {
			return func(tx store.Tx) (store.MessageToken, error) { return tx.MessageToken(sender, token.Token, since) }
		}
		w.must(t, func(tx store.Tx) error { return tx.PutMessageTokens(token) })
		for _, since := range []time.Time{noon, noon.Add(-time.Hour), noon.Add(-23 * time.Hour)} {
			expect(t, w, token, find(sender.Key, since))
		}
		w.absent(t, func(tx store.Tx) error { return ignore(find(sender.Key, noon.Add(time.Millisecond))(tx)) })
		w.absent(t, func(tx store.Tx) error { return ignore(find(other.Key, noon)(tx)) })
		forget := func(before time.Time) (n int) {
			w.must(t, func(tx store.Tx) (err error) {
				n, err = tx.DeleteMessageTokens(before, 10)
				return err
			})
			return n
		}
		if n := forget(noon); n != 0 {
			t.Errorf("forgot %d of the same day", n)
		}
		if n := forget(noon.Add(24 * time.Hour)); n != 1 {
			t.Errorf("forgot %d a day later", n)
		}
		w.absent(t, func(tx store.Tx) error { return ignore(find(sender.Key, noon)(tx)) })
	})
	t.Run("many tokens are remembered at once", func(t *testing.T) {
		var tokens []store.MessageToken
		for i := range 3 {
			tokens = append(tokens, store.MessageToken{
				Sender: sender.Key, Token: [16]byte{0xaa, byte(i)}, Fingerprint: [8]byte{byte(i)}, Ref: store.MessageRef{Stream: a.Key, Sequence: int64(i)}, Sent: noon,
			})
		}
		w.must(t, func(tx store.Tx) error {
			if _, err := tx.AppInstance(a.Account, a.ID); err != nil { // who has read waits for no write
				return err
			}
			return tx.PutMessageTokens(tokens...)
		})
		for _, token := range tokens {
			expect(t, w, token, func(tx store.Tx) (store.MessageToken, error) { return tx.MessageToken(token.Sender, token.Token, noon) })
		}
	})
	t.Run("a member's own side keeps its read marker and the last message for its eyes", func(t *testing.T) {
		c := channel(t)
		w.membership(t, c.Key, other.Key, sender.Key, false)
		w.must(t, func(tx store.Tx) error { return tx.SetReadMarker(c.Key, other.Key, noon) })
		w.must(t, func(tx store.Tx) error {
			return tx.SetLastTargeted(c.Key, []store.Key{other.Key, sender.Key}, noon.Add(time.Second))
		})
		expect(t, w, store.MembershipView{ReadMarker: noon, LastTargeted: noon.Add(time.Second)}, func(tx store.Tx) (store.MembershipView, error) {
			return tx.MembershipView(c.Key, other.Key)
		})
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.SetReadMarker(c.Key, sender.Key, noon) })
	})
}
