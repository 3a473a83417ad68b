package chat_test

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"carillon/api"
	"carillon/bus"
	"carillon/testenv"
)

var isoMillis = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`)

// strict fails the test unless a payload is as strict clients take it: nothing is null, times are texts
// with three digits, metadata is not empty, and whoever is named has an ARN and a name.
func strict(t *testing.T, payload []byte) map[string]any {
	t.Helper()
	var top map[string]any
	if err := json.Unmarshal(payload, &top); err != nil {
		t.Fatalf("%v: %s", err, payload)
	}
	var walk func(path string, value any)
	walk = func(path string, value any) {
		wrong := func(what string) { t.Errorf("%s of %s: %s", path, what, payload) }
		switch v := value.(type) {
		case nil:
			wrong("null")
		case map[string]any:
			if arn, ok := v["Arn"].(string); ok && (arn == "" || v["Name"] == nil || v["Name"] == "") {
				wrong("somebody without a name")
			}
			for name, inner := range v {
				walk(path+"/"+name, inner)
			}
		case []any:
			for _, inner := range v {
				walk(path, inner)
			}
		case float64:
			if !strings.Contains(path, "/ExpirationDays") && !strings.Contains(path, "/ElasticChannelConfiguration/") {
				wrong("a number")
			}
		case string:
			switch {
			case strings.HasSuffix(path, "Timestamp") && !isoMillis.MatchString(v):
				wrong("a time in another form")
			case v == "" && !strings.HasSuffix(path, "/Content"):
				wrong("an empty text")
			}
		}
	}
	walk("", top)
	return top
}

// fields are those that a payload must have, and may have.
type fields struct{ must, may []string }

var (
	messageFields = fields{
		[]string{"ChannelArn", "Content", "CreatedTimestamp", "LastUpdatedTimestamp", "MessageId", "Persistence", "Redacted", "Sender", "Status", "Type"},
		[]string{"ContentType", "LastEditedTimestamp", "MessageAttributes", "Metadata", "SubChannelId", "Target"},
	}
	membershipFields = fields{
		[]string{"ChannelArn", "CreatedTimestamp", "InvitedBy", "LastUpdatedTimestamp", "Member", "Type"},
		[]string{"SubChannelId"},
	}
	batchFields   = fields{[]string{"ChannelArn", "InvitedBy", "Members", "Type"}, nil}
	channelFields = fields{
		[]string{"ChannelArn", "CreatedBy", "CreatedTimestamp", "LastUpdatedTimestamp", "Mode", "Name", "Privacy"},
		[]string{"ChannelFlowArn", "ElasticChannelConfiguration", "ExpirationSettings", "LastMessageTimestamp", "Metadata"},
	}
	// catalogue has every event that sessions are sent of channels.
	catalogue = map[string]fields{
		"CREATE_CHANNEL_MESSAGE": messageFields, "UPDATE_CHANNEL_MESSAGE": messageFields, "REDACT_CHANNEL_MESSAGE": messageFields, "DELETE_CHANNEL_MESSAGE": messageFields,
		"PENDING_CREATE_CHANNEL_MESSAGE": messageFields, "FAILED_CREATE_CHANNEL_MESSAGE": messageFields, "DENIED_CREATE_CHANNEL_MESSAGE": messageFields,
		"PENDING_UPDATE_CHANNEL_MESSAGE": messageFields, "FAILED_UPDATE_CHANNEL_MESSAGE": messageFields, "DENIED_UPDATE_CHANNEL_MESSAGE": messageFields,
		"UPDATE_CHANNEL": channelFields, "DELETE_CHANNEL": channelFields,
		"CREATE_CHANNEL_MEMBERSHIP": membershipFields, "DELETE_CHANNEL_MEMBERSHIP": membershipFields, "UPDATE_CHANNEL_MEMBERSHIP": membershipFields,
		"BATCH_CREATE_CHANNEL_MEMBERSHIP": batchFields,
	}
)

// lawful fails the test unless an event is as the catalogue has it.
func lawful(t *testing.T, event bus.Event) {
	t.Helper()
	known, ok := catalogue[event.Type]
	if !ok {
		t.Fatalf("no session knows what %s is", event.Type)
	}
	payload := strict(t, event.Payload)
	for name := range payload {
		if !slices.Contains(known.must, name) && !slices.Contains(known.may, name) {
			t.Errorf("%s has %s: %s", event.Type, name, event.Payload)
		}
	}
	for _, name := range known.must {
		if _, ok := payload[name]; !ok {
			t.Errorf("%s has no %s: %s", event.Type, name, event.Payload)
		}
	}
	if sub, _ := payload["SubChannelId"].(string); sub != event.SubChannel {
		t.Errorf("%s in sub-channel %q says %q", event.Type, event.SubChannel, sub)
	}
	messageType := "SYSTEM"
	if strings.HasSuffix(event.Type, "_CHANNEL_MESSAGE") {
		messageType, _ = payload["Type"].(string)
		status, _ := payload["Status"].(map[string]any)
		want := "SENT"
		for _, prefix := range []string{"PENDING", "FAILED", "DENIED"} {
			if strings.HasPrefix(event.Type, prefix+"_") {
				want = prefix
			}
		}
		same(t, any(want), status["Value"])
		if redacted := event.Type == "REDACT_CHANNEL_MESSAGE"; redacted && (payload["Redacted"] != true || payload["Content"] != "" || payload["Metadata"] != nil) {
			t.Errorf("a redacted message: %s", event.Payload)
		}
	}
	same(t, messageType, event.MessageType)
	if (event.Reason != "") != (event.Reason == "subchannel_DELETED" && event.Type == "DELETE_CHANNEL_MEMBERSHIP") {
		t.Errorf("%s has the reason %q", event.Type, event.Reason)
	}
}

// TestEventsAreAsTheCatalogueHasThem looks at every event of every operation, in normal channels, in
// elastic ones and with flows.
func TestEventsAreAsTheCatalogueHasThem(t *testing.T) {
	heard := make(map[string]bool)
	check := func(t *testing.T, e *testenv.Env) {
		t.Helper()
		for _, event := range eventsOf(e) {
			heard[event.Type] = true
			lawful(t, event)
		}
	}
	for i, c := range everyCall(place{}) {
		if api.Lookup(c.operation).ReadOnly {
			continue
		}
		t.Run(c.operation, func(t *testing.T) {
			e := testenv.New(t)
			p := newPlace(e)
			c := everyCall(p)[i]
			_, err := c.do(e, testenv.Account, c.bearer(p))
			done(t, err)
			check(t, e)
		})
	}
	t.Run("what happens in a flow", func(t *testing.T) {
		e := testenv.New(t)
		channel, _ := flowed(e, api.FallbackActionAbort)
		full := func(in *api.SendChannelMessageRequest) {
			in.Metadata, in.ContentType = textOf(`{"a":1}`), textOf("text/plain")
			in.MessageAttributes = map[string]api.MessageAttributeValue{"mention": {StringValues: []string{"bob"}}}
		}
		sent := send(t, e, "bob", channel, "a", full)
		done(t, callBack(e, invocations(e)[0]))
		for _, answer := range []func(i invocation) error{
			func(i invocation) error { return callBack(e, i, deny) },
			func(i invocation) error {
				return e.Service.FlowInvocationFailed(t.Context(), restored(t, e, i), "it cannot be reached")
			},
		} {
			for _, send := range []func() error{
				func() error { return second(trySend(e, "bob", channel, "b", full)) },
				func() error { return second(trySend(e, "bob", channel, "b", ephemeral, full)) },
				func() error {
					return second(e.As("bob").UpdateChannelMessage(api.UpdateChannelMessageRequest{ChannelArn: channel, MessageId: sent, Content: "c", Metadata: textOf("")}))
				},
			} {
				done(t, send())
				done(t, answer(invocations(e)[0]))
			}
		}
		check(t, e)
	})
	t.Run("what happens in an elastic channel", func(t *testing.T) {
		e := testenv.New(t)
		channel := elasticChannel(t, e, 3, 2, 50)
		addAll(t, e, channel, "bob", "carol", "dave")
		subs, _ := subChannels(t, e, channel)
		for _, sub := range subs {
			e.Must(e.As("alice").CreateChannelMembership(api.CreateChannelMembershipRequest{ChannelArn: channel, MemberArn: e.ARN("alice"), Type: "DEFAULT", SubChannelId: sub}))
		}
		e.Must(trySend(e, "bob", channel, "hello", func(in *api.SendChannelMessageRequest) { in.SubChannelId = sitsIn(t, e, "bob") }))
		for _, user := range []string{"carol", "dave"} {
			done(t, e.As(user).DeleteChannelMembership(api.DeleteChannelMembershipRequest{ChannelArn: channel, MemberArn: e.ARN(user)}))
		}
		done(t, e.As("alice").DeleteChannel(api.DeleteChannelRequest{ChannelArn: channel}))
		check(t, e)
	})
	for _, kind := range slices.Sorted(maps.Keys(catalogue)) {
		if !heard[kind] {
			t.Errorf("nothing has caused %s", kind)
		}
	}
}

func TestEventsOfABotWithoutAName(t *testing.T) {
	e := testenv.New(t)
	bot := newBot(e, "")
	channel := e.Channel("alice", testenv.PublicRestricted, "bob")
	e.Events()
	e.Must(e.As("alice").CreateChannelMembership(api.CreateChannelMembershipRequest{ChannelArn: channel, MemberArn: bot, Type: "DEFAULT"}))
	send(t, e, bot, channel, "hello")
	events := e.Events()
	same(t, 2, len(events))
	for _, event := range events {
		lawful(t, event)
		if id := strings.TrimPrefix(bot, e.Instance+"/bot/"); !strings.Contains(string(event.Payload), `"Name":"`+id+`"`) {
			t.Errorf("the bot is not called by its id: %s", event.Payload)
		}
	}
}

func TestEventsTellWhoIsGone(t *testing.T) {
	e := testenv.New(t)
	bot := newBot(e, "Lex")
	e.Must(putUserExpiration(e, "carol", expiring(1, sinceCreation)))
	e.Events()
	gone := func(t *testing.T, names ...string) {
		t.Helper()
		same(t, []bus.Event{{Gone: names}}, e.Events())
	}
	dev := e.Developer()
	t.Run("a user", func(t *testing.T) {
		done(t, dev.DeleteAppInstanceUser(api.DeleteAppInstanceUserRequest{AppInstanceUserArn: e.ARN("bob")}))
		gone(t, e.ARN("bob"))
	})
	t.Run("a bot", func(t *testing.T) {
		done(t, dev.DeleteAppInstanceBot(api.DeleteAppInstanceBotRequest{AppInstanceBotArn: bot}))
		gone(t, bot)
	})
	t.Run("a user who has expired", func(t *testing.T) {
		swept(t, e)
		same(t, 0, len(e.Events()))
		e.Advance(25 * time.Hour)
		swept(t, e)
		gone(t, e.ARN("carol"))
	})
	t.Run("an app instance, with everybody in it", func(t *testing.T) {
		done(t, dev.DeleteAppInstance(api.DeleteAppInstanceRequest{AppInstanceArn: e.Instance}))
		gone(t, e.Instance)
		swept(t, e)
		same(t, 0, len(e.Events()))
	})
	t.Run("nobody, where there was nothing to delete", func(t *testing.T) {
		refused(t, dev.DeleteAppInstanceUser(api.DeleteAppInstanceUserRequest{AppInstanceUserArn: e.ARN("bob")}), api.Forbidden)
		same(t, 0, len(e.Events()))
	})
}
