package chat_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"carillon/api"
	"carillon/store"
	"carillon/testenv"
)

// restored puts the delivery of an invocation back and returns it.
func restored(t *testing.T, e *testenv.Env, i invocation) store.Delivery {
	t.Helper()
	done(t, e.Store.Update(t.Context(), func(tx store.Tx) error { return tx.PutDeliveries([]store.Delivery{i.delivery}) }))
	return i.delivery
}

func TestFlowInvocationFailed(t *testing.T) {
	fail := func(t *testing.T, e *testenv.Env, d store.Delivery, reason string) {
		t.Helper()
		done(t, e.Service.FlowInvocationFailed(t.Context(), d, reason))
	}
	t.Run("ABORT: the message has failed, its sender alone is told, and keeps it", func(t *testing.T) {
		e := testenv.New(t)
		channel, _ := flowed(e, "ABORT", "ABORT")
		id := send(t, e, "bob", channel, "hi")
		e.Events()
		d := restored(t, e, invocations(e)[0])
		fail(t, e, d, strings.Repeat("ü", 300))
		same(t, []told{{"FAILED_CREATE_CHANNEL_MESSAGE", only(e, "bob"), 5, "hi", "FAILED"}}, toldOf(t, e))
		same(t, map[string]string{"bob": "hi"}, readers(e, channel, id))
		out, err := e.As("bob").GetChannelMessageStatus(api.GetChannelMessageStatusRequest{ChannelArn: channel, MessageId: id})
		done(t, err)
		same(t, &api.ChannelMessageStatusStructure{Value: "FAILED", Detail: strings.Repeat("ü", 256)}, out.Status)
		refused(t, second(e.As("bob").UpdateChannelMessage(api.UpdateChannelMessageRequest{ChannelArn: channel, MessageId: id, Content: "x"})), api.Conflict)
		if at := lastMessage(t, e, channel); !at.IsZero() {
			t.Errorf("the last message of the channel is of %s", at)
		}
		same(t, []store.Delivery(nil), e.Outbox())
		t.Run("and is told once", func(t *testing.T) {
			fail(t, e, d, "again")
			announced(t, e)
		})
	})
	t.Run("CONTINUE: the message goes on to the next processor, and behind the last one it is sent as it is", func(t *testing.T) {
		e := testenv.New(t)
		channel, _ := flowed(e, "CONTINUE", "ABORT", "CONTINUE")
		id := send(t, e, "bob", channel, "hi")
		e.Events()
		fail(t, e, restored(t, e, invocations(e)[0]), "r")
		asked := invocations(e)[0]
		same(t, function("processor-2"), asked.delivery.Destination)
		announced(t, e)
		done(t, callBack(e, asked, saying("changed")))
		fail(t, e, restored(t, e, invocations(e)[0]), "r")
		same(t, []told{{"CREATE_CHANNEL_MESSAGE", everybody, 5, "changed", "SENT"}}, toldOf(t, e))
		same(t, all("changed"), readers(e, channel, id))
		same(t, []store.Delivery(nil), e.Outbox())
	})
	t.Run("the action is the one the processor had when it was asked", func(t *testing.T) {
		e := testenv.New(t)
		channel, flow := flowed(e, "CONTINUE")
		id := send(t, e, "bob", channel, "hi")
		e.Must(e.Developer().UpdateChannelFlow(api.UpdateChannelFlowRequest{ChannelFlowArn: flow, Name: "n", Processors: processors("ABORT")}))
		fail(t, e, restored(t, e, invocations(e)[0]), "r")
		same(t, all("hi"), readers(e, channel, id))
	})
	t.Run("a processor that has called back although its invocation failed has the last word", func(t *testing.T) {
		e := testenv.New(t)
		channel, _ := flowed(e, "ABORT")
		id := send(t, e, "bob", channel, "hi")
		asked := invocations(e)[0]
		done(t, callBack(e, asked))
		e.Events()
		fail(t, e, restored(t, e, asked), "r")
		announced(t, e)
		same(t, all("hi"), readers(e, channel, id))
		same(t, []store.Delivery(nil), e.Outbox())
	})
	t.Run("in a channel that is deleted nothing happens", func(t *testing.T) {
		e := testenv.New(t)
		channel, _ := flowed(e, "ABORT")
		send(t, e, "bob", channel, "hi")
		d := restored(t, e, invocations(e)[0])
		done(t, e.As("alice").DeleteChannel(api.DeleteChannelRequest{ChannelArn: channel}))
		e.Events()
		fail(t, e, d, "r")
		announced(t, e)
		same(t, []store.Delivery(nil), e.Outbox())
	})
	t.Run("a delivery that says nothing is an error", func(t *testing.T) {
		e := testenv.New(t)
		for _, payload := range []string{"", "{}", `{"CallbackId":"x","ChannelMessage":{"ChannelArn":"x"}}`} {
			if err := e.Service.FlowInvocationFailed(t.Context(), store.Delivery{Payload: payload}, "r"); err == nil {
				t.Errorf("%q is taken", payload)
			}
		}
	})
}

func TestSweepOfFlows(t *testing.T) {
	e := testenv.New(t)
	channel, _ := flowed(e, "CONTINUE", "ABORT")
	sweep := func(t *testing.T) {
		t.Helper()
		_, err := e.Service.Sweep(t.Context())
		done(t, err)
	}
	id := send(t, e, "bob", channel, "unanswered")
	answered := send(t, e, "carol", channel, "answered")
	asked := invocations(e)
	for range 2 {
		done(t, callBack(e, asked[1]))
		asked = append(asked[:1], invocations(e)...)
	}
	e.Events()
	first := stateOf(t, e.Store)["invocations"].([]store.ListedInvocation)
	same(t, 3, len(first))
	t.Run("within 48 hours nothing is swept", func(t *testing.T) {
		e.Advance(48 * time.Hour)
		sweep(t)
		same(t, first, stateOf(t, e.Store)["invocations"].([]store.ListedInvocation))
		announced(t, e)
	})
	t.Run("then what was answered is forgotten, and a processor that was not heard of is passed over", func(t *testing.T) {
		e.Advance(time.Millisecond)
		sweep(t)
		list := stateOf(t, e.Store)["invocations"].([]store.ListedInvocation)
		if len(list) != 1 || list[0].Step != 2 || list[0].Done {
			t.Errorf("left are %+v", list)
		}
		announced(t, e)
		same(t, function("processor-2"), invocations(e)[0].delivery.Destination)
		same(t, "SENT", statusOf(t, e, "carol", channel, answered))
	})
	t.Run("or the message fails", func(t *testing.T) {
		e.Advance(48*time.Hour + time.Millisecond)
		sweep(t)
		events := toldOf(t, e)
		if len(events) != 1 || events[0].Type != "FAILED_CREATE_CHANNEL_MESSAGE" {
			t.Errorf("events %+v", events)
		}
		same(t, "FAILED", statusOf(t, e, "bob", channel, id))
		same(t, 0, len(stateOf(t, e.Store)["invocations"].([]store.ListedInvocation)))
	})
	t.Run("what was in deleted channels is forgotten", func(t *testing.T) {
		send(t, e, "bob", channel, "x")
		done(t, e.As("alice").DeleteChannel(api.DeleteChannelRequest{ChannelArn: channel}))
		e.Events()
		e.Advance(48*time.Hour + time.Millisecond)
		sweep(t)
		announced(t, e)
		same(t, 0, len(stateOf(t, e.Store)["invocations"].([]store.ListedInvocation)))
	})
}

// TestFaultsInAFlow lets every step fail of what happens to a message in a flow beside the operations:
// all of it takes place, or nothing.
func TestFaultsInAFlow(t *testing.T) {
	for name, act := range map[string]func(e *testenv.Env, d store.Delivery) error{
		"a failed invocation": func(e *testenv.Env, d store.Delivery) error {
			return e.Service.FlowInvocationFailed(e.T.Context(), d, "r")
		},
		"a sweep": func(e *testenv.Env, d store.Delivery) error {
			_, err := e.Service.Sweep(e.T.Context())
			return err
		},
	} {
		for _, fallback := range []string{"ABORT", "CONTINUE"} {
			t.Run(name+" with "+fallback, func(t *testing.T) {
				t.Parallel()
				e, f := newFaulty(t)
				channel, _ := flowed(e, fallback, fallback)
				send(t, e, "bob", channel, "x")
				e.Events()
				d := restored(t, e, invocations(e)[0])
				if name == "a sweep" {
					e.Advance(49 * time.Hour)
					done(t, f.sound.Update(t.Context(), func(tx store.Tx) error { // what is swept before
						_, err := tx.DeleteRequestTokens(e.Now(), 1000)
						if err == nil {
							_, err = tx.DeleteMessageTokens(e.Now(), 1000)
						}
						return err
					}))
				}
				before := stateOf(t, f.sound)
				f.everyStep(t, func() error { return act(e, d) }, func() {
					if now := stateOf(t, f.sound); name == "a sweep" && !cmp.Equal(before["invocations"], now["invocations"]) {
						return // the step was one of what a sweep does afterwards
					}
					same(t, before, stateOf(t, f.sound))
					announced(t, e)
				})
			})
		}
	}
	for name, message := range map[string][]func(*api.SendChannelMessageRequest){"stored": nil, "not stored": {ephemeral}} {
		t.Run("sending a message that is "+name, func(t *testing.T) {
			t.Parallel()
			e, f := newFaulty(t)
			channel, _ := flowed(e, "ABORT")
			before := stateOf(t, f.sound)
			in := api.SendChannelMessageRequest{ChannelArn: channel, Content: "x", Type: "STANDARD", Persistence: "PERSISTENT", ClientRequestToken: "t"}
			for _, change := range message {
				change(&in)
			}
			steps := f.everyStep(t, func() error {
				return second(call{"SendChannelMessage", "bob", &in}.do(e, testenv.Account, e.ARN("bob")))
			}, func() {
				same(t, before, stateOf(t, f.sound))
				announced(t, e)
			})
			if steps < 6 {
				t.Errorf("only %d steps could fail", steps)
			}
			same(t, 1, len(e.Events()))
			same(t, 1, len(invocations(e)))
		})
	}
}

func TestFlowOfAnElasticChannel(t *testing.T) {
	e := testenv.New(t)
	channel := elasticChannel(t, e, 3, 2, 1)
	addAll(t, e, channel, "bob", "carol", "dave")
	flow := newFlow(e, "ABORT", "CONTINUE")
	done(t, e.As("alice").AssociateChannelFlow(api.AssociateChannelFlowRequest{ChannelArn: channel, ChannelFlowArn: flow}))
	where := sitsIn(t, e, "bob")
	for name, message := range map[string][]func(*api.SendChannelMessageRequest){"stored": nil, "not stored": {ephemeral}} {
		t.Run("a message that is "+name+" passes through the flow and comes out in its sub-channel", func(t *testing.T) {
			e.Advance(time.Minute)
			e.Events()
			out, err := trySend(e, "bob", channel, "x", append(message, func(in *api.SendChannelMessageRequest) { in.SubChannelId = where })...)
			done(t, err)
			asked := invocations(e)[0]
			same(t, where, asked.ChannelMessage.SubChannelId)
			refused(t, callBack(e, asked, func(in *api.ChannelFlowCallbackRequest) { in.ChannelMessage.SubChannelId = "another" }), api.BadRequest)
			done(t, callBack(e, asked, func(in *api.ChannelFlowCallbackRequest) { in.ChannelMessage.SubChannelId = where }))
			done(t, e.Service.FlowInvocationFailed(t.Context(), restored(t, e, invocations(e)[0]), "r"))
			events := e.Events()
			if len(events) != 2 || events[0].Type != "PENDING_CREATE_CHANNEL_MESSAGE" || events[1].Type != "CREATE_CHANNEL_MESSAGE" {
				t.Fatalf("events %+v", events)
			}
			for _, event := range events {
				var payload api.ChannelMessage
				decode(t, event, &payload)
				same(t, []string{where, where, out.MessageId}, []string{event.SubChannel, payload.SubChannelId, payload.MessageId})
			}
			if name == "stored" {
				same(t, e.Now(), lastMessage(t, e, channel))
				same(t, events[0].Sequence+1, events[1].Sequence)
			}
		})
	}
	t.Run("a denied one is told its sender", func(t *testing.T) {
		e.Events()
		done(t, second(trySend(e, "bob", channel, "x", func(in *api.SendChannelMessageRequest) { in.SubChannelId = where })))
		done(t, callBack(e, invocations(e)[0], deny))
		same(t, only(e, "bob"), e.Events()[1].Audience)
	})
	t.Run("with its sub-channel a message is gone", func(t *testing.T) {
		ids, counts := subChannels(t, e, channel)
		alone := ids[slices.Index(counts, 1)]
		for _, user := range []string{"bob", "carol", "dave"} {
			if sitsIn(t, e, user) != alone {
				continue
			}
			for range 2 {
				done(t, second(trySend(e, user, channel, "x", func(in *api.SendChannelMessageRequest) { in.SubChannelId = alone })))
			}
			asked := invocations(e)
			done(t, e.As(user).DeleteChannelMembership(api.DeleteChannelMembershipRequest{ChannelArn: channel, MemberArn: e.ARN(user)}))
			left, _ := subChannels(t, e, channel)
			same(t, 1, len(left))
			e.Events()
			refused(t, callBack(e, asked[0]), api.Forbidden)
			done(t, e.Service.FlowInvocationFailed(t.Context(), restored(t, e, asked[1]), "r"))
			e.Advance(49 * time.Hour)
			_, err := e.Service.Sweep(t.Context())
			done(t, err)
			announced(t, e)
			return
		}
		t.Error("nobody sits alone")
	})
}
