package storetest

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"carillon/arn"
	"carillon/store"
)

// testEntries sees that an entry is true however often it was read before: a store may remember it.
func testEntries(t *testing.T, w *world) {
	a := w.instance(t)
	creator, actor, other := w.user(t, a.Key), w.user(t, a.Key), w.user(t, a.Key)
	c := w.channel(t, a.Key, creator.Key)
	flow := w.flow(t, a.Key)
	ref := store.ChannelRef{Account: a.Account, Instance: a.ID, ID: c.ID}
	of := func(run func(func(store.Tx) error) error, id store.IdentityRef) (e store.Entry, err error) {
		err = run(func(tx store.Tx) (err error) {
			e, err = tx.EnterChannel(ref, id)
			return err
		})
		return e, err
	}
	view := func(fn func(store.Tx) error) error { return w.View(t.Context(), fn) }
	update := func(fn func(store.Tx) error) error { return w.Update(t.Context(), fn) }
	check := func(t *testing.T) {
		t.Helper()
		for range 2 { // read, and remembered
			for _, who := range []store.Identity{creator, actor, other} {
				got, err := of(view, refOf(who))
				want, wantErr := of(update, refOf(who))
				if got != want || !errors.Is(err, wantErr) {
					t.Errorf("the entry of %s is\n%+v, %v, want\n%+v, %v", who.ID, got, err, want, wantErr)
				}
			}
			for _, lists := range []func(store.Tx) (any, error){
				func(tx store.Tx) (any, error) {
					return tx.ListChannelMessages(store.MessageRange{Stream: c.Key, Ascending: true}, 10)
				},
				func(tx store.Tx) (any, error) { return tx.ListChannelMessages(store.MessageRange{Stream: c.Key}, 1) },
				func(tx store.Tx) (any, error) { return tx.ListChannelMemberships(c.Key, false, 0, 10) },
				func(tx store.Tx) (any, error) { return tx.ListChannelMemberships(c.Key, true, 0, 10) },
			} {
				var got, want any
				err := errors.Join(
					view(func(tx store.Tx) (err error) { got, err = lists(tx); return err }),
					update(func(tx store.Tx) (err error) { want, err = lists(tx); return err }),
				)
				if diff := cmp.Diff(want, got); diff != "" || err != nil {
					t.Error(diff, err)
				}
			}
		}
	}
	changed := func(i store.Identity) store.Identity { i.Name += "!"; return i }
	renamed := c
	renamed.Name, renamed.Unrestricted = "another", true
	again := flow
	again.Name = "another"
	message := store.ChannelMessage{Stream: c.Key, Sender: actor.Key, Created: noon}
	another := message
	sub := store.SubChannel{Key: w.keys.Next(), Channel: c.Key, Instance: a.Key, ID: "sub", Created: noon}
	check(t)
	for _, change := range []struct {
		name string
		fn   func(store.Tx) error
	}{
		{"a membership", func(tx store.Tx) error {
			return tx.CreateChannelMemberships(c.Key, []store.ChannelMembership{w.newMembership(c.Key, actor.Key, creator.Key, false)})
		}},
		{"a moderator", func(tx store.Tx) error {
			return tx.CreateChannelModerators(c.Key, []store.ChannelModerator{w.newModerator(c.Key, actor.Key, creator.Key)})
		}},
		{"a ban", func(tx store.Tx) error {
			return tx.CreateChannelBan(store.ChannelBan{Key: w.keys.Next(), Channel: c.Key, Member: other.Key, CreatedBy: creator.Key, Created: noon})
		}},
		{"an admin", func(tx store.Tx) error {
			return tx.CreateAppInstanceAdmin(store.AppInstanceAdmin{Key: w.keys.Next(), Instance: a.Key, Identity: actor.Key, Created: noon})
		}},
		{"an event", func(tx store.Tx) error { return ignore(tx.AdvanceChannel(c.Key, 1, 1)) }},
		{"a message", func(tx store.Tx) error { return tx.AppendChannelMessages(&message) }},
		{"another message", func(tx store.Tx) error { return tx.AppendChannelMessages(&another) }},
		{"an edited message", func(tx store.Tx) error {
			edited := message
			edited.Content, edited.Edited = "edited", noon
			return tx.UpdateChannelMessage(edited)
		}},
		{"a message less", func(tx store.Tx) error {
			return tx.DeleteChannelMessage(store.MessageRef{Stream: c.Key, Sequence: message.Sequence})
		}},
		{"a hidden member", func(tx store.Tx) error {
			return tx.CreateChannelMemberships(c.Key, []store.ChannelMembership{w.newMembership(c.Key, other.Key, actor.Key, true)})
		}},
		{"a later time of the last message", func(tx store.Tx) error { return tx.TouchChannel(c.Key, noon.Add(time.Hour)) }},
		{"the channel's name", func(tx store.Tx) error { return tx.UpdateChannel(renamed) }},
		{"a flow", func(tx store.Tx) error { return tx.SetChannelFlow(c.Key, flow.Key) }},
		{"the flow's name", func(tx store.Tx) error { return tx.UpdateChannelFlow(again) }},
		{"a stream", func(tx store.Tx) error { return tx.SetStreaming(a.Key, store.Streaming{Message: "somewhere"}) }},
		{"a retention", func(tx store.Tx) error { return tx.SetRetention(a.Key, store.Retention{Days: 3, Deletes: noon}) }},
		{"the actor's name", func(tx store.Tx) error { return tx.UpdateIdentity(changed(actor)) }},
		{"the creator's name", func(tx store.Tx) error { return tx.UpdateIdentity(changed(creator)) }},
		{"a sub-channel", func(tx store.Tx) error { return tx.CreateSubChannel(sub) }},
		{"no membership", func(tx store.Tx) error { return tx.DeleteChannelMembership(c.Key, actor.Key) }},
		{"no moderator", func(tx store.Tx) error { return tx.DeleteChannelModerator(c.Key, actor.Key) }},
		{"no ban", func(tx store.Tx) error { return tx.DeleteChannelBan(c.Key, other.Key) }},
		{"no admin", func(tx store.Tx) error { return tx.DeleteAppInstanceAdmin(a.Key, actor.Key) }},
		{"no flow", func(tx store.Tx) error { return tx.SetChannelFlow(c.Key, 0) }},
		{"the actor gone", func(tx store.Tx) error { return tx.DeleteIdentity(actor.Key) }},
		{"the actor made again", func(tx store.Tx) error {
			actor.Key = w.keys.Next()
			return tx.CreateIdentity(actor)
		}},
		{"the channel gone", func(tx store.Tx) error { return tx.DeleteChannel(c.Key) }},
		{"the channel made again", func(tx store.Tx) error {
			c.Key = w.keys.Next()
			return tx.CreateChannel(c)
		}},
		{"the app instance gone", func(tx store.Tx) error { return tx.DeleteAppInstance(a.Key) }},
	} {
		t.Run(change.name+" is seen at once", func(t *testing.T) {
			w.must(t, change.fn)
			check(t)
		})
	}

	t.Run("what was sent after somebody was removed is not seen by who was a member", func(t *testing.T) {
		a := w.instance(t)
		u := w.newIdentity(a.Key, arn.User)
		w.must(t, func(tx store.Tx) error { return tx.CreateIdentity(u) })
		c := w.channel(t, a.Key, u.Key)
		ref := store.ChannelRef{Account: a.Account, Instance: a.ID, ID: c.ID}
		var readers sync.WaitGroup
		stop := make(chan struct{})
		for range 3 {
			readers.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					err := w.View(t.Context(), func(tx store.Tx) error {
						e, err := tx.EnterChannel(ref, refOf(u))
						if err != nil || !e.Actor.Member() {
							return err
						}
						list, err := tx.ListChannelMessages(store.MessageRange{Stream: c.Key}, 1)
						if err == nil && len(list) == 1 && list[0].Content != "" {
							t.Error("it is seen")
						}
						return err
					})
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		say := func(text string) {
			m := store.ChannelMessage{Stream: c.Key, Sender: u.Key, Content: text, Created: noon}
			w.must(t, func(tx store.Tx) error { return tx.AppendChannelMessages(&m) })
		}
		for range 100 {
			say("")
			w.membership(t, c.Key, u.Key, u.Key, false)
			w.must(t, func(tx store.Tx) error { return tx.DeleteChannelMembership(c.Key, u.Key) })
			say("behind your back")
		}
		close(stop)
		readers.Wait()
	})
}
