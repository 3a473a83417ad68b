package chat_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"carillon/api"
	"carillon/bus"
	"carillon/testenv"
)

// told is an event about a message as a test wants it.
type told struct {
	Type     string
	To       bus.Audience
	Sequence int64
	Content  string
	Status   string
}

// toldOf are the events since it was asked last.
func toldOf(t *testing.T, e *testenv.Env) (list []told) {
	t.Helper()
	for _, event := range e.Events() {
		var m api.ChannelMessage
		decode(t, event, &m)
		list = append(list, told{event.Type, event.Audience, event.Sequence, *m.Content, m.Status.Value})
	}
	return list
}

func only(e *testenv.Env, users ...string) bus.Audience { return bus.Audience{Only: e.ARNs(users...)} }

var everybody = bus.Audience{Members: true}

// flowed makes a channel of alice with bob and carol and a flow with these fallback actions.
func flowed(e *testenv.Env, fallbacks ...string) (channel, flow string) {
	channel, flow = e.Channel("alice", testenv.PublicRestricted, "bob", "carol"), newFlow(e, fallbacks...)
	e.Must(nil, e.As("alice").AssociateChannelFlow(api.AssociateChannelFlowRequest{ChannelArn: channel, ChannelFlowArn: flow}))
	e.Events()
	return channel, flow
}

// callBack answers an invocation with changes to its message.
func callBack(e *testenv.Env, i invocation, changes ...func(*api.ChannelFlowCallbackRequest)) error {
	in := api.ChannelFlowCallbackRequest{
		ChannelArn: i.ChannelMessage.ChannelArn, CallbackId: i.CallbackId,
		ChannelMessage: &api.ChannelMessageCallback{MessageId: i.ChannelMessage.MessageId},
	}
	for _, change := range changes {
		change(&in)
	}
	return second(e.Developer().ChannelFlowCallback(in))
}

func deny(in *api.ChannelFlowCallbackRequest) { in.DeleteResource = true }

func saying(content string) func(*api.ChannelFlowCallbackRequest) {
	return func(in *api.ChannelFlowCallbackRequest) { in.ChannelMessage.Content = content }
}

// statusOf is what the sender is told of its message: the kind of the error where it is told nothing.
func statusOf(t *testing.T, e *testenv.Env, sender, channel, id string) string {
	t.Helper()
	out, err := e.As(sender).GetChannelMessageStatus(api.GetChannelMessageStatusRequest{ChannelArn: channel, MessageId: id})
	if err != nil {
		return testenv.Kind(err).Code()
	}
	return out.Status.Value
}

// readers says who finds a message, and with which content.
func readers(e *testenv.Env, channel, id string) map[string]string {
	found := map[string]string{}
	for _, as := range []string{"alice", "bob", "carol", "erin", "admin"} {
		if out, err := e.As(as).GetChannelMessage(api.GetChannelMessageRequest{ChannelArn: channel, MessageId: id}); err == nil {
			found[as] = *out.ChannelMessage.Content
		}
	}
	return found
}

func all(content string) map[string]string {
	return map[string]string{"alice": content, "bob": content, "carol": content, "erin": content, "admin": content}
}

func lastMessage(t *testing.T, e *testenv.Env, channel string) time.Time {
	t.Helper()
	out, err := e.As("alice").DescribeChannel(api.DescribeChannelRequest{ChannelArn: channel})
	done(t, err)
	return out.Channel.LastMessageTimestamp.Time
}

func TestMessageIntoAFlow(t *testing.T) {
	e := testenv.New(t)
	channel, flow := flowed(e, "ABORT")
	var id string
	var asked invocation
	sent := e.Now()
	t.Run("a message is answered as pending, its sender alone is told, and the processor is asked", func(t *testing.T) {
		metadata, contentType := `{"a":1}`, "text/markdown"
		out, err := trySend(e, "bob", channel, "hi", func(in *api.SendChannelMessageRequest) {
			in.Metadata, in.ContentType = &metadata, &contentType
			in.MessageAttributes = map[string]api.MessageAttributeValue{"a": {StringValues: []string{"b"}}}
		})
		done(t, err)
		id = out.MessageId
		same(t, &api.ChannelMessageStatusStructure{Value: "PENDING"}, out.Status)
		same(t, []told{{"PENDING_CREATE_CHANNEL_MESSAGE", only(e, "bob"), 4, "hi", "PENDING"}}, toldOf(t, e))
		list := invocations(e)
		if len(list) != 1 {
			t.Fatalf("%d invocations", len(list))
		}
		asked = list[0]
		same(t, "CHANNEL_MESSAGE_EVENT", asked.EventType)
		same(t, function("processor-1"), asked.delivery.Destination)
		same(t, api.ChannelMessage{
			ChannelArn: channel, MessageId: id, Content: textOf("hi"), ContentType: &contentType, Metadata: &metadata,
			MessageAttributes: map[string]api.MessageAttributeValue{"a": {StringValues: []string{"b"}}},
			Type:              "STANDARD", Persistence: "PERSISTENT", Sender: e.Identity("bob"), Status: &api.ChannelMessageStatusStructure{Value: "PENDING"},
			CreatedTimestamp: api.Time(e.Now()), LastUpdatedTimestamp: api.Time(e.Now()),
		}, asked.ChannelMessage)
		if n := len(asked.CallbackId); n < 32 || n > 64 {
			t.Errorf("the callback id has %d characters", n)
		}
		if want := `"CreatedTimestamp":"2026-03-04T05:06:07.089Z"`; !strings.Contains(asked.delivery.Payload, want) {
			t.Errorf("%s has no %s", asked.delivery.Payload, want)
		}
	})
	t.Run("until then only its sender sees it, and nobody changes it", func(t *testing.T) {
		same(t, map[string]string{"bob": "hi"}, readers(e, channel, id))
		same(t, []string{"hi"}, contents(t, e.As("bob"), api.ListChannelMessagesRequest{ChannelArn: channel}))
		same(t, []string(nil), contents(t, e.As("alice"), api.ListChannelMessagesRequest{ChannelArn: channel}))
		same(t, "PENDING", statusOf(t, e, "bob", channel, id))
		same(t, "Forbidden", statusOf(t, e, "alice", channel, id))
		for as, want := range map[string]api.Kind{"bob": api.Conflict, "alice": api.Forbidden, "admin": api.Forbidden} {
			refused(t, second(e.As(as).RedactChannelMessage(api.RedactChannelMessageRequest{ChannelArn: channel, MessageId: id})), want)
			refused(t, second(e.As(as).UpdateChannelMessage(api.UpdateChannelMessageRequest{ChannelArn: channel, MessageId: id, Content: "x"})), want)
			refused(t, e.As(as).DeleteChannelMessage(api.DeleteChannelMessageRequest{ChannelArn: channel, MessageId: id}), api.Forbidden)
		}
		if at := lastMessage(t, e, channel); !at.IsZero() {
			t.Errorf("the last message of the channel is of %s", at)
		}
		announced(t, e)
	})
	t.Run("a message that comes later and needs no processor is sent at once", func(t *testing.T) {
		done(t, second(trySend(e, "carol", channel, "typing", control)))
		same(t, []told{{"CREATE_CHANNEL_MESSAGE", everybody, 5, "typing", "SENT"}}, toldOf(t, e))
		done(t, second(trySend(e, "carol", channel, "typing", control, ephemeral)))
		same(t, []told{{"CREATE_CHANNEL_MESSAGE", everybody, 0, "typing", "SENT"}}, toldOf(t, e))
		same(t, []invocation(nil), invocations(e))
	})
	t.Run("the same request again is answered alike and asks nobody", func(t *testing.T) {
		same := func(in *api.SendChannelMessageRequest) { in.ClientRequestToken = "the-same" }
		first, err := trySend(e, "carol", channel, "once", same)
		done(t, err)
		again, err := trySend(e, "carol", channel, "once", same)
		done(t, err)
		if again.MessageId != first.MessageId || again.Status.Value != "PENDING" || len(invocations(e)) != 1 || len(e.Events()) != 1 {
			t.Errorf("%+v, then %+v", first, again)
		}
	})
	t.Run("once the processor has called back it is sent at its place", func(t *testing.T) {
		e.Advance(time.Hour)
		done(t, e.As("alice").DisassociateChannelFlow(api.DisassociateChannelFlowRequest{ChannelArn: channel, ChannelFlowArn: flow}))
		done(t, callBack(e, asked))
		same(t, []told{{"CREATE_CHANNEL_MESSAGE", everybody, 7, "hi", "SENT"}}, toldOf(t, e))
		same(t, all("hi"), readers(e, channel, id))
		same(t, []string{"hi", "typing"}, contents(t, e.As("alice"), api.ListChannelMessagesRequest{ChannelArn: channel, SortOrder: "ASCENDING"}))
		same(t, "SENT", statusOf(t, e, "bob", channel, id))
		same(t, e.Now(), lastMessage(t, e, channel))
		out, err := e.As("alice").GetChannelMessage(api.GetChannelMessageRequest{ChannelArn: channel, MessageId: id})
		done(t, err)
		same(t, api.Time(sent), out.ChannelMessage.CreatedTimestamp)
		same(t, api.Time(e.Now()), out.ChannelMessage.LastUpdatedTimestamp)
		if !out.ChannelMessage.LastEditedTimestamp.IsZero() {
			t.Error("it counts as edited")
		}
		same(t, []invocation(nil), invocations(e))
	})
}

func TestChannelFlowCallback(t *testing.T) {
	e := testenv.New(t)
	channel, _ := flowed(e, "ABORT")
	ask := func(t *testing.T) (id string, asked invocation) {
		t.Helper()
		id = send(t, e, "bob", channel, "hi", func(in *api.SendChannelMessageRequest) {
			in.Metadata, in.ContentType = textOf("meta"), textOf("type")
			in.MessageAttributes = map[string]api.MessageAttributeValue{"a": {StringValues: []string{"b"}}}
		})
		asked = invocations(e)[0]
		e.Events()
		return id, asked
	}
	t.Run("the answer names the channel and the callback", func(t *testing.T) {
		id, asked := ask(t)
		out, err := e.Developer().ChannelFlowCallback(api.ChannelFlowCallbackRequest{
			ChannelArn: channel, CallbackId: asked.CallbackId, ChannelMessage: &api.ChannelMessageCallback{MessageId: id},
		})
		done(t, err)
		same(t, &api.ChannelFlowCallbackResponse{ChannelArn: channel, CallbackId: asked.CallbackId}, out)
	})
	for name, c := range map[string]struct {
		change func(*api.ChannelMessageCallback)
		want   func(*api.ChannelMessage)
	}{
		"what is left out stays": {func(*api.ChannelMessageCallback) {}, func(*api.ChannelMessage) {}},
		"content is changed": {
			func(c *api.ChannelMessageCallback) { c.Content = "bye" }, func(m *api.ChannelMessage) { m.Content = textOf("bye") }},
		"metadata is changed": {
			func(c *api.ChannelMessageCallback) { c.Metadata = textOf("other") }, func(m *api.ChannelMessage) { m.Metadata = textOf("other") }},
		"metadata is cleared": {
			func(c *api.ChannelMessageCallback) { c.Metadata = textOf("") }, func(m *api.ChannelMessage) { m.Metadata = nil }},
		"the content type is changed": {
			func(c *api.ChannelMessageCallback) { c.ContentType = textOf("other") }, func(m *api.ChannelMessage) { m.ContentType = textOf("other") }},
		"attributes are replaced": {
			func(c *api.ChannelMessageCallback) {
				c.MessageAttributes = map[string]api.MessageAttributeValue{"c": {StringValues: []string{"d"}}}
			}, func(m *api.ChannelMessage) {
				m.MessageAttributes = map[string]api.MessageAttributeValue{"c": {StringValues: []string{"d"}}}
			}},
		"attributes are cleared": {
			func(c *api.ChannelMessageCallback) { c.MessageAttributes = map[string]api.MessageAttributeValue{} }, func(m *api.ChannelMessage) { m.MessageAttributes = nil }},
		"a push notification is taken": {
			func(c *api.ChannelMessageCallback) {
				c.PushNotification = &api.PushNotificationConfiguration{Title: "t", Body: "b", Type: "DEFAULT"}
			}, func(*api.ChannelMessage) {}},
	} {
		t.Run(name, func(t *testing.T) {
			id, asked := ask(t)
			done(t, callBack(e, asked, func(in *api.ChannelFlowCallbackRequest) { c.change(in.ChannelMessage) }))
			want := asked.ChannelMessage
			want.Status = &api.ChannelMessageStatusStructure{Value: "SENT"}
			c.want(&want)
			out, err := e.As("carol").GetChannelMessage(api.GetChannelMessageRequest{ChannelArn: channel, MessageId: id})
			done(t, err)
			same(t, &want, out.ChannelMessage)
			var payload api.ChannelMessage
			decode(t, e.Events()[0], &payload)
			same(t, want, payload)
		})
	}
	t.Run("a denied message is not kept, and its sender alone is told", func(t *testing.T) {
		id, asked := ask(t)
		before := asked.delivery.Sequence
		done(t, callBack(e, asked, deny, saying("ignored")))
		same(t, []told{{"DENIED_CREATE_CHANNEL_MESSAGE", only(e, "bob"), before + 1, "hi", "DENIED"}}, toldOf(t, e))
		same(t, map[string]string{}, readers(e, channel, id))
		same(t, "Forbidden", statusOf(t, e, "bob", channel, id))
	})
	t.Run("a second callback is a conflict and changes nothing, whatever it says", func(t *testing.T) {
		id, asked := ask(t)
		done(t, callBack(e, asked, saying("first")))
		e.Events()
		refused(t, callBack(e, asked, saying("second")), api.Conflict)
		refused(t, callBack(e, asked, deny), api.Conflict)
		same(t, all("first"), readers(e, channel, id))
		announced(t, e)
	})
	id, asked := ask(t)
	for name, c := range map[string]struct {
		change func(*api.ChannelFlowCallbackRequest)
		want   api.Kind
	}{
		"an unknown callback is forbidden": {func(in *api.ChannelFlowCallbackRequest) { in.CallbackId = strings.Repeat("0", 36) }, api.Forbidden},
		"another channel is forbidden":     {func(in *api.ChannelFlowCallbackRequest) { in.ChannelArn = e.Channel("alice", testenv.PublicRestricted) }, api.Forbidden},
		"a channel that is not there":      {func(in *api.ChannelFlowCallbackRequest) { in.ChannelArn = e.Instance + "/channel/none" }, api.Forbidden},
		"no channel at all":                {func(in *api.ChannelFlowCallbackRequest) { in.ChannelArn = e.ARN("bob") }, api.BadRequest},
		"another message is a bad request": {func(in *api.ChannelFlowCallbackRequest) { in.ChannelMessage.MessageId = "x" }, api.BadRequest},
		"a sub-channel is a bad request":   {func(in *api.ChannelFlowCallbackRequest) { in.ChannelMessage.SubChannelId = "x" }, api.BadRequest},
		"content has its size":             {saying(strings.Repeat("ü", 2049)), api.BadRequest},
		"metadata has its size": {func(in *api.ChannelFlowCallbackRequest) {
			in.ChannelMessage.Metadata = textOf(strings.Repeat("ü", 513))
		}, api.BadRequest},
		"a push notification has a title and all": {func(in *api.ChannelFlowCallbackRequest) {
			in.ChannelMessage.PushNotification = &api.PushNotificationConfiguration{Title: "t", Type: "DEFAULT"}
		}, api.BadRequest},
		"attributes have their size": {func(in *api.ChannelFlowCallbackRequest) {
			v := api.MessageAttributeValue{StringValues: []string{strings.Repeat("x", 512), strings.Repeat("x", 512)}}
			in.ChannelMessage.MessageAttributes = map[string]api.MessageAttributeValue{"a": v}
		}, api.BadRequest},
	} {
		t.Run(name+", and the callback can still be made", func(t *testing.T) {
			refused(t, callBack(e, asked, c.change), c.want)
			same(t, "PENDING", statusOf(t, e, "bob", channel, id))
		})
	}
	t.Run("after 48 hours a callback is forbidden, until then it is not", func(t *testing.T) {
		_, inTime := ask(t)
		e.Advance(48 * time.Hour)
		done(t, callBack(e, inTime))
		e.Advance(time.Millisecond)
		refused(t, callBack(e, asked), api.Forbidden)
		refused(t, callBack(e, inTime), api.Forbidden)
		same(t, "PENDING", statusOf(t, e, "bob", channel, id))
	})
	t.Run("of two callbacks at the same time exactly one wins", func(t *testing.T) {
		for range 20 {
			_, asked := ask(t)
			kinds := make([]api.Kind, 4)
			var group sync.WaitGroup
			for n := range kinds {
				group.Go(func() {
					change := saying("x")
					if n%2 == 0 {
						change = deny
					}
					kinds[n] = testenv.Kind(callBack(e, asked, change))
				})
			}
			group.Wait()
			counted := map[api.Kind]int{}
			for _, kind := range kinds {
				counted[kind]++
			}
			same(t, map[api.Kind]int{0: 1, api.Conflict: 3}, counted)
			if n := len(e.Events()); n != 1 {
				t.Errorf("%d events", n)
			}
		}
	})
}

func TestFlowOfSeveralProcessors(t *testing.T) {
	for name, message := range map[string][]func(*api.SendChannelMessageRequest){"stored": nil, "not stored": {ephemeral}} {
		t.Run("a message that is "+name+" goes from one to the next, as each has left it", func(t *testing.T) {
			e := testenv.New(t)
			channel, _ := flowed(e, "ABORT", "ABORT", "ABORT")
			send(t, e, "bob", channel, "0", message...)
			e.Events()
			callbacks := map[string]bool{}
			for i, want := range []string{"0", "01", "01"} {
				asked := invocations(e)[0]
				same(t, function("processor-"+string(rune('1'+i))), asked.delivery.Destination)
				same(t, want, *asked.ChannelMessage.Content)
				callbacks[asked.CallbackId] = true
				if asked.delivery.Sequence < 3 {
					t.Errorf("it is asked at place %d, before what was in the channel", asked.delivery.Sequence)
				}
				if i == 0 {
					done(t, callBack(e, asked, saying("01")))
				} else {
					done(t, callBack(e, asked))
				}
				refused(t, callBack(e, asked), api.Conflict)
				if i < 2 {
					announced(t, e)
				}
			}
			events := toldOf(t, e)
			if len(events) != 1 || events[0].Content != "01" || events[0].Type != "CREATE_CHANNEL_MESSAGE" || len(callbacks) != 3 {
				t.Errorf("events %+v, callbacks %v", events, callbacks)
			}
		})
	}
	t.Run("they are asked in the order of their places, whatever the order they are given in", func(t *testing.T) {
		e := testenv.New(t)
		channel, flow := flowed(e, "ABORT")
		list := processors("ABORT", "ABORT", "ABORT")
		list[0], list[2] = list[2], list[0]
		e.Must(e.Developer().UpdateChannelFlow(api.UpdateChannelFlowRequest{ChannelFlowArn: flow, Name: "n", Processors: list}))
		send(t, e, "bob", channel, "x")
		for _, want := range []string{"processor-1", "processor-2", "processor-3"} {
			asked := invocations(e)[0]
			same(t, function(want), asked.delivery.Destination)
			done(t, callBack(e, asked))
		}
	})
	t.Run("when the flow has changed meanwhile, the message goes on behind the place it is at", func(t *testing.T) {
		e := testenv.New(t)
		channel, flow := flowed(e, "ABORT", "ABORT", "ABORT")
		id := send(t, e, "bob", channel, "x")
		list := processors("ABORT", "ABORT", "ABORT")
		e.Must(e.Developer().UpdateChannelFlow(api.UpdateChannelFlowRequest{ChannelFlowArn: flow, Name: "n", Processors: []api.Processor{list[2]}}))
		done(t, callBack(e, invocations(e)[0]))
		asked := invocations(e)[0]
		same(t, function("processor-3"), asked.delivery.Destination)
		done(t, e.As("alice").DisassociateChannelFlow(api.DisassociateChannelFlowRequest{ChannelArn: channel, ChannelFlowArn: flow}))
		done(t, e.Developer().DeleteChannelFlow(api.DeleteChannelFlowRequest{ChannelFlowArn: flow}))
		done(t, callBack(e, asked))
		same(t, all("x"), readers(e, channel, id))
	})
	t.Run("one may deny what another has let pass", func(t *testing.T) {
		e := testenv.New(t)
		channel, _ := flowed(e, "ABORT", "ABORT")
		id := send(t, e, "bob", channel, "x")
		e.Events()
		done(t, callBack(e, invocations(e)[0], saying("y")))
		done(t, callBack(e, invocations(e)[0], deny))
		same(t, []told{{"DENIED_CREATE_CHANNEL_MESSAGE", only(e, "bob"), 5, "y", "DENIED"}}, toldOf(t, e))
		same(t, "Forbidden", statusOf(t, e, "bob", channel, id))
	})
}

func TestEphemeralMessageInAFlow(t *testing.T) {
	e := testenv.New(t)
	channel, _ := flowed(e, "ABORT")
	ask := func(t *testing.T, change ...func(*api.SendChannelMessageRequest)) (id string, asked invocation) {
		t.Helper()
		out, err := trySend(e, "bob", channel, "hi", append(change, ephemeral)...)
		done(t, err)
		same(t, "PENDING", out.Status.Value)
		same(t, []told{{"PENDING_CREATE_CHANNEL_MESSAGE", only(e, "bob"), 0, "hi", "PENDING"}}, toldOf(t, e))
		asked = invocations(e)[0]
		same(t, out.MessageId, asked.ChannelMessage.MessageId)
		same(t, "NON_PERSISTENT", asked.ChannelMessage.Persistence)
		return out.MessageId, asked
	}
	t.Run("it is sent once the processor has called back, with all its parts, and is stored nowhere", func(t *testing.T) {
		created := e.Now()
		id, asked := ask(t, func(in *api.SendChannelMessageRequest) {
			in.Metadata, in.ContentType = textOf("m"), textOf("t")
			in.MessageAttributes = map[string]api.MessageAttributeValue{"a": {StringValues: []string{"b"}}}
		})
		e.Advance(time.Minute)
		done(t, callBack(e, asked))
		events := e.Events()
		if len(events) != 1 || events[0].Type != "CREATE_CHANNEL_MESSAGE" || events[0].Sequence != 0 {
			t.Fatalf("events %+v", events)
		}
		same(t, everybody, events[0].Audience)
		var payload api.ChannelMessage
		decode(t, events[0], &payload)
		same(t, api.ChannelMessage{
			ChannelArn: channel, MessageId: id, Content: textOf("hi"), ContentType: textOf("t"), Metadata: textOf("m"),
			MessageAttributes: map[string]api.MessageAttributeValue{"a": {StringValues: []string{"b"}}},
			Type:              "STANDARD", Persistence: "NON_PERSISTENT", Sender: e.Identity("bob"), Status: &api.ChannelMessageStatusStructure{Value: "SENT"},
			CreatedTimestamp: api.Time(created), LastUpdatedTimestamp: api.Time(created),
		}, payload)
		same(t, map[string]string{}, readers(e, channel, id))
		if at := lastMessage(t, e, channel); !at.IsZero() {
			t.Errorf("the last message of the channel is of %s", at)
		}
	})
	t.Run("it is denied without a trace", func(t *testing.T) {
		id, asked := ask(t)
		done(t, callBack(e, asked, deny))
		same(t, []told{{"DENIED_CREATE_CHANNEL_MESSAGE", only(e, "bob"), 0, "hi", "DENIED"}}, toldOf(t, e))
		same(t, "Forbidden", statusOf(t, e, "bob", channel, id))
	})
	t.Run("it fails without a trace", func(t *testing.T) {
		_, asked := ask(t)
		done(t, e.Service.FlowInvocationFailed(t.Context(), restored(t, e, asked), "no answer"))
		same(t, []told{{"FAILED_CREATE_CHANNEL_MESSAGE", only(e, "bob"), 0, "hi", "FAILED"}}, toldOf(t, e))
	})
	t.Run("a retry has the same id and asks nobody, another request with the token is a conflict", func(t *testing.T) {
		once := func(in *api.SendChannelMessageRequest) { in.ClientRequestToken = "once" }
		id, asked := ask(t, once)
		out, err := trySend(e, "bob", channel, "hi", once, ephemeral)
		done(t, err)
		same(t, id, out.MessageId)
		same(t, "PENDING", out.Status.Value)
		same(t, []invocation(nil), invocations(e))
		announced(t, e)
		refused(t, second(trySend(e, "bob", channel, "other", once, ephemeral)), api.Conflict)
		done(t, callBack(e, asked))
		e.Events()
	})
	t.Run("the wrong message is a bad request", func(t *testing.T) {
		_, asked := ask(t)
		refused(t, callBack(e, asked, func(in *api.ChannelFlowCallbackRequest) { in.ChannelMessage.MessageId = "x" }), api.BadRequest)
	})
}

func TestUpdateThroughAFlow(t *testing.T) {
	e := testenv.New(t)
	channel, _ := flowed(e, "ABORT", "ABORT")
	pass := func(t *testing.T) {
		t.Helper()
		for list := invocations(e); len(list) > 0; list = invocations(e) {
			done(t, callBack(e, list[0]))
		}
		e.Events()
	}
	sentOne := func(t *testing.T) string {
		t.Helper()
		id := send(t, e, "bob", channel, "old", func(in *api.SendChannelMessageRequest) { in.Metadata = textOf("meta") })
		pass(t)
		return id
	}
	update := func(t *testing.T, id string) (first invocation) {
		t.Helper()
		out, err := e.As("bob").UpdateChannelMessage(api.UpdateChannelMessageRequest{ChannelArn: channel, MessageId: id, Content: "new"})
		done(t, err)
		same(t, "PENDING", out.Status.Value)
		events := toldOf(t, e)
		if len(events) != 1 || events[0].Type != "PENDING_UPDATE_CHANNEL_MESSAGE" || events[0].Content != "new" || events[0].Status != "PENDING" || events[0].Sequence == 0 {
			t.Fatalf("events %+v", events)
		}
		same(t, only(e, "bob"), events[0].To)
		first = invocations(e)[0]
		same(t, events[0].Sequence, first.delivery.Sequence)
		return first
	}
	t.Run("the old version stays until the new one has come through", func(t *testing.T) {
		id := sentOne(t)
		last := lastMessage(t, e, channel)
		e.Advance(time.Minute)
		edited := e.Now()
		asked := update(t, id)
		same(t, "new", *asked.ChannelMessage.Content)
		same(t, "meta", *asked.ChannelMessage.Metadata)
		same(t, api.Time(edited), asked.ChannelMessage.LastEditedTimestamp)
		same(t, all("old"), readers(e, channel, id))
		same(t, "PENDING", statusOf(t, e, "bob", channel, id))
		out, err := e.As("bob").GetChannelMessage(api.GetChannelMessageRequest{ChannelArn: channel, MessageId: id})
		done(t, err)
		same(t, "SENT", out.ChannelMessage.Status.Value)
		refused(t, second(e.As("bob").UpdateChannelMessage(api.UpdateChannelMessageRequest{ChannelArn: channel, MessageId: id, Content: "newer"})), api.Conflict)
		e.Advance(time.Minute)
		done(t, callBack(e, asked, saying("newer")))
		announced(t, e)
		same(t, all("old"), readers(e, channel, id))
		done(t, callBack(e, invocations(e)[0]))
		events := toldOf(t, e)
		if len(events) != 1 || events[0].Type != "UPDATE_CHANNEL_MESSAGE" || events[0].Content != "newer" || events[0].Status != "SENT" {
			t.Errorf("events %+v", events)
		}
		same(t, everybody, events[0].To)
		same(t, all("newer"), readers(e, channel, id))
		same(t, "SENT", statusOf(t, e, "bob", channel, id))
		same(t, last, lastMessage(t, e, channel))
		out, err = e.As("bob").GetChannelMessage(api.GetChannelMessageRequest{ChannelArn: channel, MessageId: id})
		done(t, err)
		same(t, api.Time(edited), out.ChannelMessage.LastEditedTimestamp)
		same(t, api.Time(e.Now()), out.ChannelMessage.LastUpdatedTimestamp)
	})
	t.Run("of a denied update nothing remains", func(t *testing.T) {
		id := sentOne(t)
		done(t, callBack(e, update(t, id), deny))
		events := toldOf(t, e)
		if len(events) != 1 || events[0].Type != "DENIED_UPDATE_CHANNEL_MESSAGE" || events[0].Content != "new" || events[0].Status != "DENIED" {
			t.Errorf("events %+v", events)
		}
		same(t, only(e, "bob"), events[0].To)
		same(t, all("old"), readers(e, channel, id))
		same(t, "SENT", statusOf(t, e, "bob", channel, id))
		update(t, id)
	})
	t.Run("of a failed update nothing remains", func(t *testing.T) {
		id := sentOne(t)
		done(t, e.Service.FlowInvocationFailed(t.Context(), restored(t, e, update(t, id)), "no answer"))
		events := toldOf(t, e)
		if len(events) != 1 || events[0].Type != "FAILED_UPDATE_CHANNEL_MESSAGE" || events[0].Content != "new" || events[0].Status != "FAILED" {
			t.Errorf("events %+v", events)
		}
		same(t, only(e, "bob"), events[0].To)
		same(t, all("old"), readers(e, channel, id))
		same(t, "SENT", statusOf(t, e, "bob", channel, id))
		update(t, id)
	})
	t.Run("what everybody sees can be redacted meanwhile, and the new version is then not sent", func(t *testing.T) {
		id := sentOne(t)
		asked := update(t, id)
		e.Must(e.As("alice").RedactChannelMessage(api.RedactChannelMessageRequest{ChannelArn: channel, MessageId: id}))
		e.Events()
		done(t, callBack(e, asked))
		announced(t, e)
		same(t, []invocation(nil), invocations(e))
		out, err := e.As("bob").GetChannelMessage(api.GetChannelMessageRequest{ChannelArn: channel, MessageId: id})
		done(t, err)
		if m := out.ChannelMessage; !m.Redacted || m.Content != nil || m.Status.Value != "SENT" {
			t.Errorf("got %+v", m)
		}
		refused(t, callBack(e, asked), api.Conflict)
	})
	t.Run("so it can be deleted", func(t *testing.T) {
		id := sentOne(t)
		asked := update(t, id)
		done(t, e.As("admin").DeleteChannelMessage(api.DeleteChannelMessageRequest{ChannelArn: channel, MessageId: id}))
		e.Events()
		done(t, callBack(e, asked))
		announced(t, e)
		same(t, map[string]string{}, readers(e, channel, id))
	})
	t.Run("a control message is updated at once", func(t *testing.T) {
		id := send(t, e, "bob", channel, "old", control)
		out, err := e.As("bob").UpdateChannelMessage(api.UpdateChannelMessageRequest{ChannelArn: channel, MessageId: id, Content: "new"})
		done(t, err)
		same(t, "SENT", out.Status.Value)
		same(t, all("new"), readers(e, channel, id))
		same(t, []invocation(nil), invocations(e))
	})
}

func TestThoseWhoLeaveAFlowBehind(t *testing.T) {
	leave := map[string]func(e *testenv.Env, channel, user string) error{
		"left": func(e *testenv.Env, channel, user string) error {
			return e.As(user).DeleteChannelMembership(api.DeleteChannelMembershipRequest{ChannelArn: channel, MemberArn: e.ARN(user)})
		},
		"was banned": func(e *testenv.Env, channel, user string) error {
			return second(e.As("alice").CreateChannelBan(api.CreateChannelBanRequest{ChannelArn: channel, MemberArn: e.ARN(user)}))
		},
		"was deleted": func(e *testenv.Env, channel, user string) error {
			return e.Developer().DeleteAppInstanceUser(api.DeleteAppInstanceUserRequest{AppInstanceUserArn: e.ARN(user)})
		},
		"was deleted and is somebody new": func(e *testenv.Env, channel, user string) error {
			if err := e.Developer().DeleteAppInstanceUser(api.DeleteAppInstanceUserRequest{AppInstanceUserArn: e.ARN(user)}); err != nil {
				return err
			}
			e.AddUser(e.Instance, user)
			return second(e.As("alice").CreateChannelMembership(api.CreateChannelMembershipRequest{ChannelArn: channel, MemberArn: e.ARN(user), Type: "DEFAULT"}))
		},
	}
	for how, act := range leave {
		t.Run("a sender who "+how+" is told nothing more, and the message is sent", func(t *testing.T) {
			e := testenv.New(t)
			channel, _ := flowed(e, "ABORT")
			sent, denied := send(t, e, "bob", channel, "sent"), send(t, e, "bob", channel, "denied")
			asked := invocations(e)
			done(t, act(e, channel, "bob"))
			e.Events()
			done(t, callBack(e, asked[1], deny))
			events := toldOf(t, e)
			if len(events) != 1 || events[0].Type != "DENIED_CREATE_CHANNEL_MESSAGE" {
				t.Fatalf("events %+v", events)
			}
			same(t, bus.Audience{}, events[0].To)
			done(t, callBack(e, asked[0]))
			same(t, everybody, e.Events()[0].Audience)
			got, err := e.As("carol").GetChannelMessage(api.GetChannelMessageRequest{ChannelArn: channel, MessageId: sent})
			done(t, err)
			same(t, e.Identity("bob"), got.ChannelMessage.Sender)
			same(t, "", readers(e, channel, denied)["carol"])
		})
		t.Run("a target who "+how+" is told nothing more", func(t *testing.T) {
			e := testenv.New(t)
			channel, _ := flowed(e, "ABORT")
			send(t, e, "bob", channel, "for carol", to(e.ARN("carol")))
			asked := invocations(e)[0]
			same(t, []api.Target{{MemberArn: e.ARN("carol")}}, asked.ChannelMessage.Target)
			done(t, act(e, channel, "carol"))
			e.Events()
			done(t, callBack(e, asked))
			same(t, only(e, "bob"), e.Events()[0].Audience)
		})
	}
	t.Run("a targeted message comes through to its sender and its target", func(t *testing.T) {
		for _, message := range [][]func(*api.SendChannelMessageRequest){nil, {ephemeral}} {
			e := testenv.New(t)
			channel, _ := flowed(e, "ABORT")
			send(t, e, "bob", channel, "for carol", append(message, to(e.ARN("carol")))...)
			same(t, only(e, "bob"), e.Events()[0].Audience)
			e.Advance(time.Minute)
			done(t, callBack(e, invocations(e)[0]))
			same(t, only(e, "bob", "carol"), e.Events()[0].Audience)
			for user, want := range map[string]bool{"alice": false, "bob": message == nil, "carol": message == nil} {
				got, err := e.As(user).ListChannelMembershipsForAppInstanceUser(api.ListChannelMembershipsForAppInstanceUserRequest{})
				done(t, err)
				if told := got.ChannelMemberships[0].ChannelSummary.LastMessageTimestamp.Equal(e.Now()); told != want {
					t.Errorf("%s is told of a new message: %v", user, told)
				}
			}
		}
	})
}

// TestDeliveredPayload pins the exact text a processor gets.
func TestDeliveredPayload(t *testing.T) {
	e := testenv.New(t)
	channel, _ := flowed(e, "ABORT")
	id := send(t, e, "bob", channel, "\"quoted\" \x00")
	asked := invocations(e)[0]
	same(t, `{"EventType":"CHANNEL_MESSAGE_EVENT","CallbackId":"`+asked.CallbackId+`","ChannelMessage":{"ChannelArn":"`+channel+
		`","Content":"\"quoted\" \u0000","CreatedTimestamp":"2026-03-04T05:06:07.089Z","LastUpdatedTimestamp":"2026-03-04T05:06:07.089Z","MessageId":"`+id+
		`","Persistence":"PERSISTENT","Redacted":false,"Sender":{"Arn":"`+e.ARN("bob")+`","Name":"Name of bob"},"Status":{"Value":"PENDING"},"Type":"STANDARD"}}`,
		asked.delivery.Payload)
}
