package chat_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"carillon/api"
	"carillon/bus"
	"carillon/store"
	"carillon/testenv"
)

// configure streams the events of the app instance: what has a name goes to the stream of that name.
func configure(e *testenv.Env, channels, messages string) {
	e.T.Helper()
	in := api.PutMessagingStreamingConfigurationsRequest{AppInstanceArn: e.Instance}
	for dataType, name := range map[string]string{"Channel": channels, "ChannelMessage": messages} {
		if name != "" {
			in.StreamingConfigurations = append(in.StreamingConfigurations, api.StreamingConfiguration{DataType: dataType, ResourceArn: stream(name)})
		}
	}
	e.Must(e.Developer().PutMessagingStreamingConfigurations(in))
}

func TestStreamingConfigurations(t *testing.T) {
	e := testenv.New(t)
	dev := e.Developer()
	one := func(dataType, arn string) []api.StreamingConfiguration {
		return []api.StreamingConfiguration{{DataType: dataType, ResourceArn: arn}}
	}
	put := func(list []api.StreamingConfiguration) (*api.PutMessagingStreamingConfigurationsResponse, error) {
		return dev.PutMessagingStreamingConfigurations(api.PutMessagingStreamingConfigurationsRequest{AppInstanceArn: e.Instance, StreamingConfigurations: list})
	}
	get := func() (*api.GetMessagingStreamingConfigurationsResponse, error) {
		return dev.GetMessagingStreamingConfigurations(api.GetMessagingStreamingConfigurationsRequest{AppInstanceArn: e.Instance})
	}
	both := append(one("Channel", stream("c")), one("ChannelMessage", stream("m"))...)
	legacy := []api.AppInstanceStreamingConfiguration{
		{AppInstanceDataType: "Channel", ResourceArn: stream("c")}, {AppInstanceDataType: "ChannelMessage", ResourceArn: stream("m")},
	}
	t.Run("an app instance begins without a configuration, which is not found", func(t *testing.T) {
		refused(t, second(get()), api.NotFound)
	})
	t.Run("each kind of data is configured for itself, and the answer has all that is stored, under both names", func(t *testing.T) {
		out, err := put(one("ChannelMessage", stream("m")))
		done(t, err)
		same(t, &api.PutMessagingStreamingConfigurationsResponse{StreamingConfigurations: both[1:], AppInstanceStreamingConfigurations: legacy[1:]}, out)
		out, err = put(one("Channel", stream("c")))
		done(t, err)
		same(t, &api.PutMessagingStreamingConfigurationsResponse{StreamingConfigurations: both, AppInstanceStreamingConfigurations: legacy}, out)
		got, err := get()
		done(t, err)
		same(t, &api.GetMessagingStreamingConfigurationsResponse{StreamingConfigurations: both, AppInstanceStreamingConfigurations: legacy}, got)
	})
	t.Run("a later request replaces the stream of its kind", func(t *testing.T) {
		_, err := put(one("Channel", stream("other")))
		done(t, err)
		got, err := get()
		done(t, err)
		same(t, append(one("Channel", stream("other")), both[1]), got.StreamingConfigurations)
	})
	t.Run("clients of the first generation configure the same under their own name", func(t *testing.T) {
		out, err := dev.PutMessagingStreamingConfigurations(api.PutMessagingStreamingConfigurationsRequest{AppInstanceArn: e.Instance, AppInstanceStreamingConfigurations: legacy})
		done(t, err)
		same(t, &api.PutMessagingStreamingConfigurationsResponse{StreamingConfigurations: both, AppInstanceStreamingConfigurations: legacy}, out)
	})
	for name, c := range map[string]api.PutMessagingStreamingConfigurationsRequest{
		"a configuration under both names":     {StreamingConfigurations: both, AppInstanceStreamingConfigurations: legacy},
		"no configuration at all":              {},
		"two streams for one kind of data":     {StreamingConfigurations: append(one("Channel", stream("c")), one("Channel", stream("m"))...)},
		"a stream of another account":          {StreamingConfigurations: one("Channel", strings.Replace(stream("c"), testenv.Account, otherAccount, 1))},
		"a stream in another region":           {StreamingConfigurations: one("Channel", strings.Replace(stream("c"), testenv.Region, "eu-central-1", 1))},
		"a stream of another prefix":           {StreamingConfigurations: one("Channel", strings.Replace(stream("c"), "chime-messaging-", "mine-", 1))},
		"a stream of nothing but the prefix":   {StreamingConfigurations: one("Channel", stream(""))},
		"a resource of another service":        {StreamingConfigurations: one("Channel", function("chime-messaging-c"))},
		"a first-generation stream of another": {AppInstanceStreamingConfigurations: []api.AppInstanceStreamingConfiguration{{AppInstanceDataType: "Channel", ResourceArn: "arn:aws:s3:::c"}}},
	} {
		t.Run(name+" is a bad request, and changes nothing", func(t *testing.T) {
			c.AppInstanceArn = e.Instance
			refused(t, second(dev.PutMessagingStreamingConfigurations(c)), api.BadRequest)
			got, err := get()
			done(t, err)
			same(t, both, got.StreamingConfigurations)
		})
	}
	t.Run("a deleted configuration is gone, and can be deleted again", func(t *testing.T) {
		for range 2 {
			done(t, dev.DeleteMessagingStreamingConfigurations(api.DeleteMessagingStreamingConfigurationsRequest{AppInstanceArn: e.Instance}))
			refused(t, second(get()), api.NotFound)
		}
	})
	t.Run("an app instance that is not there is not found", func(t *testing.T) {
		name := e.Instance + "x"
		refused(t, second(dev.PutMessagingStreamingConfigurations(api.PutMessagingStreamingConfigurationsRequest{AppInstanceArn: name, StreamingConfigurations: both})), api.NotFound)
		refused(t, second(dev.GetMessagingStreamingConfigurations(api.GetMessagingStreamingConfigurationsRequest{AppInstanceArn: name})), api.NotFound)
		refused(t, dev.DeleteMessagingStreamingConfigurations(api.DeleteMessagingStreamingConfigurationsRequest{AppInstanceArn: name}), api.NotFound)
		refused(t, second(dev.GetMessagingStreamingConfigurations(api.GetMessagingStreamingConfigurationsRequest{AppInstanceArn: e.ARN("bob")})), api.BadRequest)
	})
}

// record is what a stream gets, in the words of a test: the kind of the event, its payload and, where
// the same was announced to those who are connected, its place.
type record struct {
	Stream    string
	EventType string
	Payload   string
	Sequence  int64
}

// streamed takes everything out of the outbox.
func streamed(t *testing.T, e *testenv.Env) (list []record) {
	t.Helper()
	for _, d := range e.Outbox() {
		if d.Kind != store.StreamDelivery {
			t.Errorf("there is a delivery of kind %d", d.Kind)
		}
		var text struct {
			EventType string
			Payload   json.RawMessage
		}
		done(t, json.Unmarshal([]byte(d.Payload), &text))
		if want := fmt.Sprintf(`{"EventType":%q,"Payload":%s}`, text.EventType, text.Payload); d.Payload != want {
			t.Errorf("the payload is %s, want %s", d.Payload, want)
		}
		list = append(list, record{strings.TrimPrefix(d.Destination, stream("")), text.EventType, string(text.Payload), d.Sequence})
	}
	return list
}

// asAnnounced are the records that are expected beside events: of their kinds and payloads.
func asAnnounced(name string, events []bus.Event) (list []record) {
	for _, event := range events {
		list = append(list, record{name, event.Type, string(event.Payload), event.Sequence})
	}
	return list
}

func kinds(list []record) (names []string) {
	for _, r := range list {
		names = append(names, r.EventType)
	}
	return names
}

func TestStreams(t *testing.T) {
	e := testenv.New(t)
	configure(e, "channels", "messages")
	iso := func(o api.Output) string { return string(o.AppendJSON(nil, api.ISO8601)) }
	now := api.Time(e.Now())
	created, err := e.As("alice").CreateChannel(api.CreateChannelRequest{
		AppInstanceArn: e.Instance, Name: "n", MemberArns: e.ARNs("bob"), ModeratorArns: e.ARNs("carol"), ClientRequestToken: e.Token(),
	})
	done(t, err)
	channel := created.ChannelArn
	t.Run("a new channel: the channel, its moderators, and its members, who alone are announced too", func(t *testing.T) {
		moderator := func(user string) record {
			return record{"channels", "CREATE_CHANNEL_MODERATOR", iso(&api.ChannelModerator{ChannelArn: channel, Moderator: e.Identity(user), CreatedBy: e.Identity("alice"), CreatedTimestamp: now}), 0}
		}
		want := []record{
			{"channels", "CREATE_CHANNEL", iso(&api.Channel{ChannelArn: channel, Name: "n", Privacy: "PUBLIC", Mode: "RESTRICTED", CreatedBy: e.Identity("alice"), CreatedTimestamp: now, LastUpdatedTimestamp: now}), 0},
			moderator("alice"), moderator("carol"),
		}
		events := e.Events()
		same(t, 2, len(events))
		same(t, append(want, asAnnounced("channels", events)...), streamed(t, e))
	})
	id := ""
	for _, c := range []struct {
		name   string
		stream string
		events []string
		act    func() error
	}{
		{"a change of a channel", "channels", []string{"UPDATE_CHANNEL"}, func() error {
			return second(e.As("alice").UpdateChannel(api.UpdateChannelRequest{ChannelArn: channel, Name: "renamed"}))
		}},
		{"a member", "channels", []string{"CREATE_CHANNEL_MEMBERSHIP"}, func() error {
			return second(e.As("alice").CreateChannelMembership(api.CreateChannelMembershipRequest{ChannelArn: channel, MemberArn: e.ARN("dave"), Type: "DEFAULT"}))
		}},
		{"a hidden member", "channels", []string{"CREATE_CHANNEL_MEMBERSHIP"}, func() error {
			return second(e.As("alice").CreateChannelMembership(api.CreateChannelMembershipRequest{ChannelArn: channel, MemberArn: e.ARN("erin"), Type: "HIDDEN"}))
		}},
		{"a member that leaves", "channels", []string{"DELETE_CHANNEL_MEMBERSHIP"}, func() error {
			return e.As("dave").DeleteChannelMembership(api.DeleteChannelMembershipRequest{ChannelArn: channel, MemberArn: e.ARN("dave")})
		}},
		{"a message", "messages", []string{"CREATE_CHANNEL_MESSAGE"}, func() error { id = send(t, e, "bob", channel, "hi"); return nil }},
		{"a message that is not persistent", "messages", []string{"CREATE_CHANNEL_MESSAGE"}, func() error { return second(trySend(e, "bob", channel, "gone", ephemeral)) }},
		{"a control message that is not persistent", "messages", []string{"CREATE_CHANNEL_MESSAGE"}, func() error { return second(trySend(e, "bob", channel, "typing", control, ephemeral)) }},
		{"a targeted message", "messages", []string{"CREATE_CHANNEL_MESSAGE"}, func() error { return second(trySend(e, "bob", channel, "for alice", to(e.ARN("alice")))) }},
		{"a changed message", "messages", []string{"UPDATE_CHANNEL_MESSAGE"}, func() error {
			return second(e.As("bob").UpdateChannelMessage(api.UpdateChannelMessageRequest{ChannelArn: channel, MessageId: id, Content: "ho"}))
		}},
		{"a redacted message", "messages", []string{"REDACT_CHANNEL_MESSAGE"}, func() error {
			return second(e.As("bob").RedactChannelMessage(api.RedactChannelMessageRequest{ChannelArn: channel, MessageId: id}))
		}},
		{"a deleted message", "messages", []string{"DELETE_CHANNEL_MESSAGE"}, func() error {
			return e.As("admin").DeleteChannelMessage(api.DeleteChannelMessageRequest{ChannelArn: channel, MessageId: id})
		}},
	} {
		t.Run(c.name+" is streamed as it is announced", func(t *testing.T) {
			done(t, c.act())
			events := e.Events()
			got := streamed(t, e)
			want := asAnnounced(c.stream, events)
			for i := range want {
				if want[i].Sequence == 0 && i < len(got) {
					want[i].Sequence = got[i].Sequence // it has no place, see below
				}
			}
			same(t, want, got)
			same(t, c.events, kinds(got))
		})
	}
	t.Run("a moderator is streamed and not announced", func(t *testing.T) {
		e.Must(e.As("carol").CreateChannelModerator(api.CreateChannelModeratorRequest{ChannelArn: channel, ChannelModeratorArn: e.ARN("grace")}))
		payload := iso(&api.ChannelModerator{ChannelArn: channel, Moderator: e.Identity("grace"), CreatedBy: e.Identity("carol"), CreatedTimestamp: now})
		for _, kind := range []string{"CREATE_CHANNEL_MODERATOR", "DELETE_CHANNEL_MODERATOR"} {
			got := streamed(t, e)
			same(t, []string{kind}, kinds(got))
			same(t, payload, got[0].Payload)
			e.Advance(time.Minute)
			done(t, e.As("alice").DeleteChannelModerator(api.DeleteChannelModeratorRequest{ChannelArn: channel, ChannelModeratorArn: e.ARN("grace")}))
		}
		same(t, []record(nil), streamed(t, e))
		announced(t, e)
	})
	t.Run("a ban is streamed and not announced, but the end of a membership is, behind it", func(t *testing.T) {
		now := api.Time(e.Now())
		e.Must(e.As("alice").CreateChannelBan(api.CreateChannelBanRequest{ChannelArn: channel, MemberArn: e.ARN("bob")}))
		events, got := e.Events(), streamed(t, e)
		payload := iso(&api.ChannelBan{ChannelArn: channel, Member: e.Identity("bob"), CreatedBy: e.Identity("alice"), CreatedTimestamp: now})
		same(t, []string{"CREATE_CHANNEL_BAN", "DELETE_CHANNEL_MEMBERSHIP"}, kinds(got))
		same(t, payload, got[0].Payload)
		same(t, asAnnounced("channels", events), got[1:])
		if got[0].Sequence > got[1].Sequence {
			t.Errorf("it has place %d, the membership %d", got[0].Sequence, got[1].Sequence)
		}
		for range 2 {
			done(t, e.As("alice").DeleteChannelBan(api.DeleteChannelBanRequest{ChannelArn: channel, MemberArn: e.ARN("bob")}))
		}
		got = streamed(t, e)
		same(t, []string{"DELETE_CHANNEL_BAN"}, kinds(got))
		same(t, payload, got[0].Payload)
		announced(t, e)
	})
	for _, kind := range []string{"DEFAULT", "HIDDEN"} {
		t.Run("a batch is streamed as one record for each member: "+kind, func(t *testing.T) {
			users := map[string][]string{"DEFAULT": {"dave", "frank"}, "HIDDEN": {"grace", "heidi"}}[kind]
			now := api.Time(e.Now())
			e.Must(e.As("alice").BatchCreateChannelMembership(api.BatchCreateChannelMembershipRequest{ChannelArn: channel, MemberArns: e.ARNs(append(users, "alice", "nobody")...), Type: kind}))
			place := e.Events()[0].Sequence
			var want []record
			for _, user := range users {
				want = append(want, record{"channels", "CREATE_CHANNEL_MEMBERSHIP", iso(&api.ChannelMembership{
					ChannelArn: channel, Member: e.Identity(user), InvitedBy: e.Identity("alice"), Type: kind, CreatedTimestamp: now, LastUpdatedTimestamp: now,
				}), place})
			}
			same(t, want, streamed(t, e))
		})
	}
	t.Run("a batch that adds nobody is not streamed", func(t *testing.T) {
		e.Must(e.As("alice").BatchCreateChannelMembership(api.BatchCreateChannelMembershipRequest{ChannelArn: channel, MemberArns: e.ARNs("alice")}))
		same(t, []record(nil), streamed(t, e))
	})
	t.Run("what is refused is not streamed", func(t *testing.T) {
		refused(t, second(trySend(e, "erin", channel, "x", ephemeral)), api.Forbidden)
		refused(t, second(e.As("bob").CreateChannelBan(api.CreateChannelBanRequest{ChannelArn: channel, MemberArn: e.ARN("dave")})), api.Forbidden)
		same(t, []record(nil), streamed(t, e))
	})
	t.Run("the end of a channel", func(t *testing.T) {
		e.Events()
		done(t, e.As("alice").DeleteChannel(api.DeleteChannelRequest{ChannelArn: channel}))
		same(t, asAnnounced("channels", e.Events()), streamed(t, e))
	})
}

func TestStreamsOfAFlow(t *testing.T) {
	e := testenv.New(t)
	channel, _ := flowed(e, "ABORT")
	configure(e, "", "messages")
	ask := func(t *testing.T, act func()) invocation {
		t.Helper()
		act()
		var list []invocation
		for _, d := range e.Outbox() {
			if d.Kind != store.FlowDelivery {
				t.Errorf("%s is streamed", d.Payload)
				continue
			}
			i := invocation{delivery: d}
			done(t, json.Unmarshal([]byte(d.Payload), &i))
			list = append(list, i)
		}
		e.Events()
		return list[0]
	}
	for name, message := range map[string][]func(*api.SendChannelMessageRequest){"stored": nil, "not stored": {ephemeral}} {
		t.Run("a message that is "+name+" is streamed when it has come through, and not before", func(t *testing.T) {
			asked := ask(t, func() { send(t, e, "bob", channel, "x", message...) })
			done(t, callBack(e, asked))
			got := streamed(t, e)
			same(t, []string{"CREATE_CHANNEL_MESSAGE"}, kinds(got))
			same(t, string(e.Events()[0].Payload), got[0].Payload)
		})
		t.Run("a message that is "+name+" and denied, or failed, is not", func(t *testing.T) {
			done(t, callBack(e, ask(t, func() { send(t, e, "bob", channel, "x", message...) }), deny))
			asked := ask(t, func() { send(t, e, "bob", channel, "x", message...) })
			done(t, e.Service.FlowInvocationFailed(t.Context(), restored(t, e, asked), "r"))
			same(t, []record(nil), streamed(t, e))
		})
	}
	t.Run("so is an update", func(t *testing.T) {
		var id string
		done(t, callBack(e, ask(t, func() { id = send(t, e, "bob", channel, "x") })))
		e.Outbox()
		done(t, callBack(e, ask(t, func() {
			e.Must(e.As("bob").UpdateChannelMessage(api.UpdateChannelMessageRequest{ChannelArn: channel, MessageId: id, Content: "y"}))
		})))
		same(t, []string{"UPDATE_CHANNEL_MESSAGE"}, kinds(streamed(t, e)))
	})
}

func TestStreamsAsConfigured(t *testing.T) {
	e := testenv.New(t)
	channel := e.Channel("alice", testenv.PublicRestricted, "bob")
	act := func(t *testing.T) []string {
		t.Helper()
		send(t, e, "bob", channel, "x")
		done(t, second(trySend(e, "bob", channel, "x", ephemeral)))
		e.Must(e.As("alice").UpdateChannel(api.UpdateChannelRequest{ChannelArn: channel, Name: "n"}))
		e.Must(e.As("alice").CreateChannelModerator(api.CreateChannelModeratorRequest{ChannelArn: channel, ChannelModeratorArn: e.ARN("dave")}))
		done(t, e.As("alice").DeleteChannelModerator(api.DeleteChannelModeratorRequest{ChannelArn: channel, ChannelModeratorArn: e.ARN("dave")}))
		var list []string
		for _, r := range streamed(t, e) {
			list = append(list, r.Stream+" "+r.EventType)
		}
		return list
	}
	messages := []string{"m CREATE_CHANNEL_MESSAGE", "m CREATE_CHANNEL_MESSAGE"}
	channels := []string{"c UPDATE_CHANNEL", "c CREATE_CHANNEL_MODERATOR", "c DELETE_CHANNEL_MODERATOR"}
	t.Run("without a configuration nothing is streamed", func(t *testing.T) { same(t, []string(nil), act(t)) })
	t.Run("what happened before the configuration is not streamed later", func(t *testing.T) {
		configure(e, "", "m")
		same(t, []store.Delivery(nil), e.Outbox())
	})
	t.Run("only messages", func(t *testing.T) { same(t, messages, act(t)) })
	t.Run("both", func(t *testing.T) {
		configure(e, "c", "")
		same(t, append(slices.Clone(messages), channels...), act(t))
	})
	t.Run("of another app instance nothing", func(t *testing.T) {
		other := e.NewInstance("other")
		made, err := e.As(e.AddUser(other, "zoe")).CreateChannel(api.CreateChannelRequest{AppInstanceArn: other, Name: "n", ClientRequestToken: e.Token()})
		e.Must(made, err)
		same(t, []store.Delivery(nil), e.Outbox())
	})
	t.Run("when it is deleted nothing more, but what has happened is still delivered", func(t *testing.T) {
		send(t, e, "bob", channel, "x")
		done(t, e.Developer().DeleteMessagingStreamingConfigurations(api.DeleteMessagingStreamingConfigurationsRequest{AppInstanceArn: e.Instance}))
		same(t, messages[:1], act(t))
	})
}

// TestOrderOfDeliveries: what a lane has is in the order of what happened in its channel, also what has
// no place among the events.
func TestOrderOfDeliveries(t *testing.T) {
	e := testenv.New(t)
	channel, other := e.Channel("alice", testenv.PublicRestricted, "bob"), e.Channel("alice", testenv.PublicRestricted, "bob")
	configure(e, "one", "one")
	var want []string
	for i := range 10 {
		text := fmt.Sprint(i)
		switch i % 3 {
		case 0:
			send(t, e, "bob", channel, text)
		case 1:
			done(t, second(trySend(e, "bob", channel, text, ephemeral)))
		case 2:
			e.Must(e.As("alice").CreateChannelModerator(api.CreateChannelModeratorRequest{ChannelArn: channel, ChannelModeratorArn: e.ARN(testenv.Users[i%7+1])}))
			text = e.ARN(testenv.Users[i%7+1])
		}
		want = append(want, text)
		send(t, e, "bob", other, "there")
	}
	var lanes []store.Delivery
	var first []store.Delivery
	done(t, e.Store.View(t.Context(), func(tx store.Tx) (err error) {
		if lanes, err = tx.ListLanes(0, 10); err != nil {
			return err
		}
		lane := slices.IndexFunc(lanes, func(d store.Delivery) bool { return strings.Contains(d.Payload, channel) })
		first, err = tx.ListDeliveries(lanes[lane].Lane, 100)
		return err
	}))
	same(t, 2, len(lanes))
	var got []string
	for _, d := range first {
		var text struct {
			Payload struct {
				Content   string
				Moderator *api.Identity
			}
		}
		done(t, json.Unmarshal([]byte(d.Payload), &text))
		if text.Payload.Moderator != nil {
			text.Payload.Content = text.Payload.Moderator.Arn
		}
		got = append(got, text.Payload.Content)
		same(t, e.Now(), d.Next)
		same(t, 0, d.Attempts)
	}
	same(t, want, got)
}
