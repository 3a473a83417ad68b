package chat_test

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"carillon/api"
	"carillon/bus"
	"carillon/testenv"
)

// send sends a persistent standard message and returns its id.
func send(t *testing.T, e *testenv.Env, as, channel, content string, change ...func(*api.SendChannelMessageRequest)) string {
	t.Helper()
	out, err := trySend(e, as, channel, content, change...)
	if err != nil {
		t.Fatal(err)
	}
	return out.MessageId
}

func trySend(e *testenv.Env, as, channel, content string, change ...func(*api.SendChannelMessageRequest)) (*api.SendChannelMessageResponse, error) {
	in := api.SendChannelMessageRequest{
		ChannelArn: channel, Content: content, Type: "STANDARD", Persistence: "PERSISTENT", ClientRequestToken: e.Token(),
	}
	for _, c := range change {
		c(&in)
	}
	return e.As(as).SendChannelMessage(in)
}

func ephemeral(in *api.SendChannelMessageRequest) { in.Persistence = "NON_PERSISTENT" }
func control(in *api.SendChannelMessageRequest)   { in.Type = "CONTROL" }

func to(arn string) func(*api.SendChannelMessageRequest) {
	return func(in *api.SendChannelMessageRequest) { in.Target = []api.Target{{MemberArn: arn}} }
}

// contents lists every page of a channel and returns what the messages say.
func contents(t *testing.T, c *testenv.Client, in api.ListChannelMessagesRequest) (list []string) {
	t.Helper()
	for {
		out, err := c.ListChannelMessages(in)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range out.ChannelMessages {
			if m.Content == nil {
				list = append(list, "(none)")
				continue
			}
			list = append(list, *m.Content)
		}
		if in.NextToken = out.NextToken; in.NextToken == "" {
			return list
		}
	}
}

func TestSendChannelMessage(t *testing.T) {
	e := testenv.New(t)
	channel := e.Channel("alice", testenv.PrivateUnrestricted, "bob", "carol")
	e.Join("alice", channel, "dave", "HIDDEN")
	e.Events()
	t.Run("a message is stored, answered with its id, and announced to every member with all its parts", func(t *testing.T) {
		e.Advance(time.Second)
		metadata, contentType := `{"a":1}`, "text/markdown"
		in := api.SendChannelMessageRequest{
			ChannelArn: channel, Content: "hi \x00 \U0001F514 \u2028", Type: "STANDARD", Persistence: "PERSISTENT", ClientRequestToken: e.Token(),
			Metadata: &metadata, ContentType: &contentType,
			MessageAttributes: map[string]api.MessageAttributeValue{"CHIME.mentions": {StringValues: []string{e.ARN("bob")}}},
			PushNotification:  &api.PushNotificationConfiguration{Title: "t", Body: "b", Type: "DEFAULT"},
		}
		out, err := e.As("bob").SendChannelMessage(in)
		if err != nil {
			t.Fatal(err)
		}
		sent := &api.ChannelMessageStatusStructure{Value: "SENT"}
		if diff := cmp.Diff(&api.SendChannelMessageResponse{ChannelArn: channel, MessageId: out.MessageId, Status: sent}, out); diff != "" {
			t.Error(diff)
		}
		if !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(out.MessageId) {
			t.Errorf("id %q", out.MessageId)
		}
		want := &api.ChannelMessage{
			ChannelArn: channel, MessageId: out.MessageId, Content: &in.Content, ContentType: &contentType, Metadata: &metadata,
			MessageAttributes: in.MessageAttributes, Type: "STANDARD", Persistence: "PERSISTENT", Sender: e.Identity("bob"), Status: sent,
			CreatedTimestamp: api.Time(e.Now()), LastUpdatedTimestamp: api.Time(e.Now()),
		}
		got, err := e.As("carol").GetChannelMessage(api.GetChannelMessageRequest{ChannelArn: channel, MessageId: out.MessageId})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got.ChannelMessage); diff != "" {
			t.Error(diff)
		}
		events := e.Events()
		if len(events) != 1 || events[0].Type != "CREATE_CHANNEL_MESSAGE" || events[0].MessageType != "STANDARD" {
			t.Fatalf("events %+v", events)
		}
		if diff := cmp.Diff(bus.Audience{Members: true}, events[0].Audience); diff != "" {
			t.Error(diff)
		}
		var payload api.ChannelMessage
		decode(t, events[0], &payload)
		if diff := cmp.Diff(want, &payload); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("the channel and its members' lists tell the time of the last message", func(t *testing.T) {
		got, err := e.As("alice").DescribeChannel(api.DescribeChannelRequest{ChannelArn: channel})
		if err != nil || !got.Channel.LastMessageTimestamp.Equal(e.Now()) {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	for _, c := range []struct {
		name, as string
		want     api.Kind
		change   func(*api.SendChannelMessageRequest)
	}{
		{"an admin who is no member does not send", "admin", api.Forbidden, nil},
		{"a hidden member does not send", "dave", api.Forbidden, nil},
		{"content of 4096 bytes is sent", "bob", 0, func(in *api.SendChannelMessageRequest) { in.Content = strings.Repeat("ü", 2048) }},
		{"content of more bytes is too large", "bob", api.BadRequest, func(in *api.SendChannelMessageRequest) { in.Content = strings.Repeat("ü", 2048) + "x" }},
		{"a control message of 30 bytes is sent", "bob", 0, func(in *api.SendChannelMessageRequest) { control(in); in.Content = strings.Repeat("x", 30) }},
		{"a control message of 31 bytes is too large", "bob", api.BadRequest, func(in *api.SendChannelMessageRequest) { control(in); in.Content = strings.Repeat("x", 31) }},
		{"a control message has no metadata", "bob", api.BadRequest, func(in *api.SendChannelMessageRequest) { control(in); m := "x"; in.Metadata = &m }},
		{"metadata of more than 1024 bytes is too large", "bob", api.BadRequest, func(in *api.SendChannelMessageRequest) { m := strings.Repeat("ü", 513); in.Metadata = &m }},
		{"attributes of more than 1024 bytes are too large", "bob", api.BadRequest, func(in *api.SendChannelMessageRequest) {
			v := api.MessageAttributeValue{StringValues: []string{strings.Repeat("x", 512)}}
			in.MessageAttributes = map[string]api.MessageAttributeValue{"a": v, "b": v}
		}},
		{"a push notification has a title and a body", "bob", api.BadRequest, func(in *api.SendChannelMessageRequest) {
			in.PushNotification = &api.PushNotificationConfiguration{Title: "t", Type: "DEFAULT"}
		}},
		{"a target is a member", "bob", api.BadRequest, to(e.ARN("erin"))},
		{"a sub-channel is for elastic channels", "bob", api.BadRequest, func(in *api.SendChannelMessageRequest) { in.SubChannelId = "s" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.change == nil {
				c.change = func(*api.SendChannelMessageRequest) {}
			}
			if _, err := trySend(e, c.as, channel, "x", c.change); testenv.Kind(err) != c.want {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	t.Run("the same request again is answered with the same id and sends nothing", func(t *testing.T) {
		e.Events()
		same := func(in *api.SendChannelMessageRequest) { in.ClientRequestToken = "the-same" }
		first := send(t, e, "bob", channel, "once", same)
		e.Advance(23 * time.Hour)
		if again := send(t, e, "bob", channel, "once", same); again != first {
			t.Errorf("%s, then %s", first, again)
		}
		if events := e.Events(); len(events) != 1 {
			t.Errorf("%d events", len(events))
		}
		if _, err := trySend(e, "bob", channel, "other", same); testenv.Kind(err) != api.Conflict {
			t.Errorf("another request with the token: %v", err)
		}
		if other := send(t, e, "carol", channel, "once", same); other == first {
			t.Error("another sender's token was taken for it")
		}
		e.Advance(2 * time.Hour)
		if later := send(t, e, "bob", channel, "once", same); later == first {
			t.Error("the token is remembered for more than a day")
		}
	})
	t.Run("a message that is not persistent is announced but neither stored nor counted", func(t *testing.T) {
		before, _ := e.As("alice").DescribeChannel(api.DescribeChannelRequest{ChannelArn: channel})
		e.Advance(time.Minute)
		e.Events()
		same := func(in *api.SendChannelMessageRequest) { in.ClientRequestToken = "typing" }
		id := send(t, e, "bob", channel, "gone", ephemeral, control, same)
		events := e.Events()
		if len(events) != 1 || events[0].Sequence != 0 || events[0].MessageType != "CONTROL" {
			t.Fatalf("events %+v", events)
		}
		var payload api.ChannelMessage
		decode(t, events[0], &payload)
		if payload.Persistence != "NON_PERSISTENT" || payload.MessageId != id || *payload.Content != "gone" {
			t.Errorf("payload %+v", payload)
		}
		if again := send(t, e, "bob", channel, "gone", ephemeral, control, same); again != id {
			t.Error("a retry has another id")
		}
		_, err := e.As("bob").GetChannelMessage(api.GetChannelMessageRequest{ChannelArn: channel, MessageId: id})
		if testenv.Kind(err) != api.NotFound {
			t.Errorf("get: %v", err)
		}
		after, _ := e.As("alice").DescribeChannel(api.DescribeChannelRequest{ChannelArn: channel})
		if diff := cmp.Diff(before, after); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("writers at the same time leave a sequence without gaps, in the order of the announcements", func(t *testing.T) {
		quiet := e.Channel("alice", testenv.PublicUnrestricted, "bob")
		e.Events()
		var group sync.WaitGroup
		for i := range 100 {
			group.Go(func() {
				if _, err := trySend(e, "bob", quiet, fmt.Sprint(i)); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		events := e.Events()
		if len(events) != 100 {
			t.Fatalf("%d events", len(events))
		}
		var announced []string
		for i, event := range events {
			if want := int64(i) + 3; event.Sequence != want {
				t.Fatalf("event %d has sequence %d, want %d", i, event.Sequence, want)
			}
			var payload api.ChannelMessage
			decode(t, event, &payload)
			announced = append(announced, *payload.Content)
		}
		if diff := cmp.Diff(announced, contents(t, e.As("bob"), api.ListChannelMessagesRequest{ChannelArn: quiet, SortOrder: "ASCENDING", MaxResults: 7})); diff != "" {
			t.Error(diff)
		}
	})
}

func TestTargetedMessages(t *testing.T) {
	e := testenv.New(t)
	channel := e.Channel("alice", testenv.PublicRestricted, "bob", "carol")
	send(t, e, "alice", channel, "for all")
	e.Advance(time.Minute)
	e.Events()
	id := send(t, e, "alice", channel, "for bob", to(e.ARN("bob")))
	t.Run("only the sender and the target are told", func(t *testing.T) {
		events := e.Events()
		if diff := cmp.Diff(bus.Audience{Only: e.ARNs("alice", "bob")}, events[0].Audience); diff != "" {
			t.Error(diff)
		}
	})
	for as, want := range map[string]int{"alice": 2, "bob": 2, "carol": 1, "erin": 1, "admin": 1} {
		t.Run(as+" sees what is for its eyes", func(t *testing.T) {
			if got := contents(t, e.As(as), api.ListChannelMessagesRequest{ChannelArn: channel, MaxResults: 1}); len(got) != want {
				t.Errorf("lists %q", got)
			}
			_, err := e.As(as).GetChannelMessage(api.GetChannelMessageRequest{ChannelArn: channel, MessageId: id})
			if wanted := map[int]api.Kind{1: api.NotFound, 2: 0}[want]; testenv.Kind(err) != wanted {
				t.Errorf("get: %v", err)
			}
		})
	}
	t.Run("it is the last message of those alone who see it", func(t *testing.T) {
		for user, want := range map[string]time.Time{"alice": e.Now(), "bob": e.Now(), "carol": e.Now().Add(-time.Minute)} {
			got, err := e.As(user).ListChannelMembershipsForAppInstanceUser(api.ListChannelMembershipsForAppInstanceUserRequest{})
			if err != nil || !got.ChannelMemberships[0].ChannelSummary.LastMessageTimestamp.Equal(want) {
				t.Errorf("%s: %+v, %v", user, got.ChannelMemberships[0].ChannelSummary, err)
			}
		}
	})
	t.Run("a moderator who does not see it cannot redact it, an admin can delete it", func(t *testing.T) {
		e.Must(e.As("alice").CreateChannelModerator(api.CreateChannelModeratorRequest{ChannelArn: channel, ChannelModeratorArn: e.ARN("carol")}))
		_, err := e.As("carol").RedactChannelMessage(api.RedactChannelMessageRequest{ChannelArn: channel, MessageId: id})
		if testenv.Kind(err) != api.Forbidden {
			t.Errorf("redact: %v", err)
		}
		if err := e.As("admin").DeleteChannelMessage(api.DeleteChannelMessageRequest{ChannelArn: channel, MessageId: id}); err != nil {
			t.Error(err)
		}
	})
}

func TestUpdateChannelMessage(t *testing.T) {
	e := testenv.New(t)
	channel := e.Channel("alice", testenv.PublicRestricted, "bob")
	metadata := "kept"
	id := send(t, e, "bob", channel, "before", func(in *api.SendChannelMessageRequest) { in.Metadata = &metadata })
	created := e.Now()
	update := func(as, id, content string) (*api.UpdateChannelMessageResponse, error) {
		return e.As(as).UpdateChannelMessage(api.UpdateChannelMessageRequest{ChannelArn: channel, MessageId: id, Content: content})
	}
	t.Run("the sender changes the content, what is left out stays, and the place stays", func(t *testing.T) {
		send(t, e, "alice", channel, "later")
		e.Advance(time.Minute)
		e.Events()
		out, err := update("bob", id, "after")
		if err != nil || out.MessageId != id || out.Status.Value != "SENT" {
			t.Fatalf("got %+v, %v", out, err)
		}
		events := e.Events()
		if len(events) != 1 || events[0].Type != "UPDATE_CHANNEL_MESSAGE" {
			t.Fatalf("events %+v", events)
		}
		var payload api.ChannelMessage
		decode(t, events[0], &payload)
		if *payload.Content != "after" || *payload.Metadata != "kept" || !payload.CreatedTimestamp.Equal(created) ||
			!payload.LastEditedTimestamp.Equal(e.Now()) || !payload.LastUpdatedTimestamp.Equal(e.Now()) {
			t.Errorf("payload %+v", payload)
		}
		if diff := cmp.Diff([]string{"after", "later"}, contents(t, e.As("bob"), api.ListChannelMessagesRequest{ChannelArn: channel, SortOrder: "ASCENDING"})); diff != "" {
			t.Error(diff)
		}
	})
	for _, c := range []struct {
		name, as, id, content string
		want                  api.Kind
	}{
		{"nobody else changes it", "alice", id, "x", api.Forbidden},
		{"content is needed", "bob", id, "", api.BadRequest},
		{"content has its size", "bob", id, strings.Repeat("x", 4097), api.BadRequest},
		{"a made-up id is forbidden", "bob", strings.Repeat("ab", 16), "x", api.Forbidden},
		{"an id of another form is forbidden", "bob", "x", "x", api.Forbidden},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := update(c.as, c.id, c.content); testenv.Kind(err) != c.want {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	t.Run("the id of a message of another channel is forbidden", func(t *testing.T) {
		other := e.Channel("bob", testenv.PublicRestricted)
		if _, err := update("bob", send(t, e, "bob", other, "there"), "x"); testenv.Kind(err) != api.Forbidden {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a redacted message is a conflict", func(t *testing.T) {
		e.Must(e.As("bob").RedactChannelMessage(api.RedactChannelMessageRequest{ChannelArn: channel, MessageId: id}))
		if _, err := update("bob", id, "x"); testenv.Kind(err) != api.Conflict {
			t.Errorf("got %v", err)
		}
	})
	t.Run("who left the channel changes nothing in it", func(t *testing.T) {
		id := send(t, e, "bob", channel, "mine")
		if err := e.As("bob").DeleteChannelMembership(api.DeleteChannelMembershipRequest{ChannelArn: channel, MemberArn: e.ARN("bob")}); err != nil {
			t.Fatal(err)
		}
		if _, err := update("bob", id, "x"); testenv.Kind(err) != api.Forbidden {
			t.Errorf("got %v", err)
		}
	})
}

func TestRedactChannelMessage(t *testing.T) {
	e := testenv.New(t)
	channel := e.Channel("alice", testenv.PublicRestricted, "bob", "carol")
	redact := func(as, id string) error {
		_, err := e.As(as).RedactChannelMessage(api.RedactChannelMessageRequest{ChannelArn: channel, MessageId: id})
		return err
	}
	for _, as := range []string{"bob", "alice", "admin"} {
		t.Run("content and metadata are gone when it is redacted by "+as, func(t *testing.T) {
			metadata := "m"
			id := send(t, e, "bob", channel, "secret", func(in *api.SendChannelMessageRequest) { in.Metadata = &metadata })
			e.Events()
			if err := redact(as, id); err != nil {
				t.Fatal(err)
			}
			events := e.Events()
			if len(events) != 1 || events[0].Type != "REDACT_CHANNEL_MESSAGE" || !strings.Contains(string(events[0].Payload), `"Content":""`) ||
				strings.Contains(string(events[0].Payload), "Metadata") {
				t.Fatalf("events %+v, %s", events, events[0].Payload)
			}
			got, err := e.As("carol").GetChannelMessage(api.GetChannelMessageRequest{ChannelArn: channel, MessageId: id})
			if err != nil || got.ChannelMessage.Content != nil || got.ChannelMessage.Metadata != nil || !got.ChannelMessage.Redacted || got.ChannelMessage.Sender.Arn != e.ARN("bob") {
				t.Errorf("got %+v, %v", got, err)
			}
			if err := redact(as, id); err != nil || len(e.Events()) != 0 {
				t.Errorf("again: %v", err)
			}
		})
	}
	t.Run("another member cannot", func(t *testing.T) {
		if err := redact("carol", send(t, e, "bob", channel, "x")); testenv.Kind(err) != api.Forbidden {
			t.Errorf("got %v", err)
		}
	})
}

func TestDeleteChannelMessage(t *testing.T) {
	e := testenv.New(t)
	channel := e.Channel("alice", testenv.PublicRestricted, "bob")
	remove := func(as, id string) error {
		return e.As(as).DeleteChannelMessage(api.DeleteChannelMessageRequest{ChannelArn: channel, MessageId: id})
	}
	id := send(t, e, "bob", channel, "gone")
	for _, as := range []string{"alice", "bob", "erin"} {
		t.Run(as+" cannot, only admins can", func(t *testing.T) {
			if err := remove(as, id); testenv.Kind(err) != api.Forbidden {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("the event has the whole message, and afterwards it is nowhere", func(t *testing.T) {
		e.Events()
		if err := remove("admin", id); err != nil {
			t.Fatal(err)
		}
		events := e.Events()
		if len(events) != 1 || events[0].Type != "DELETE_CHANNEL_MESSAGE" || !strings.Contains(string(events[0].Payload), `"Content":"gone"`) {
			t.Errorf("events %+v", events)
		}
		if got := contents(t, e.As("bob"), api.ListChannelMessagesRequest{ChannelArn: channel}); len(got) != 0 {
			t.Errorf("lists %q", got)
		}
		if err := remove("admin", id); testenv.Kind(err) != api.Forbidden {
			t.Errorf("again: %v", err)
		}
	})
}

func TestListChannelMessages(t *testing.T) {
	e := testenv.New(t)
	channel := e.Channel("alice", testenv.PublicRestricted, "bob", "carol")
	begin := e.Now()
	for i := range 60 {
		if i%3 == 0 { // three messages in every millisecond
			e.Advance(time.Millisecond)
		}
		send(t, e, "alice", channel, fmt.Sprint(i))
	}
	numbers := func(from, to int) (list []string) {
		for i := from; i != to; {
			list = append(list, fmt.Sprint(i))
			if from < to {
				i++
			} else {
				i--
			}
		}
		return list
	}
	at := func(ms int) api.Timestamp { return api.Time(begin.Add(time.Duration(ms) * time.Millisecond)) }
	for _, c := range []struct {
		name string
		in   api.ListChannelMessagesRequest
		want []string
	}{
		{"the newest are first", api.ListChannelMessagesRequest{}, numbers(59, -1)},
		{"in the order of creation when asked", api.ListChannelMessagesRequest{SortOrder: "ASCENDING", MaxResults: 7}, numbers(0, 60)},
		{"NotBefore is inclusive", api.ListChannelMessagesRequest{NotBefore: at(19)}, numbers(59, 53)},
		{"NotAfter is inclusive", api.ListChannelMessagesRequest{NotAfter: at(2), SortOrder: "ASCENDING"}, numbers(0, 6)},
		{"both bound", api.ListChannelMessagesRequest{NotBefore: at(5), NotAfter: at(6), MaxResults: 1}, numbers(17, 11)},
		{"a time before all messages bounds nothing", api.ListChannelMessagesRequest{NotBefore: at(-1000)}, numbers(59, -1)},
		{"a time after all messages leaves nothing", api.ListChannelMessagesRequest{NotBefore: at(1000)}, nil},
		{"nothing is older than the first", api.ListChannelMessagesRequest{NotAfter: at(0)}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.in.ChannelArn = channel
			if diff := cmp.Diff(c.want, contents(t, e.As("erin"), c.in)); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("bounds that cross are refused", func(t *testing.T) {
		_, err := e.As("bob").ListChannelMessages(api.ListChannelMessagesRequest{ChannelArn: channel, NotBefore: at(2), NotAfter: at(1)})
		if testenv.Kind(err) != api.BadRequest {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a page among messages for others is short, and the list still ends", func(t *testing.T) {
		for i := range 30 {
			send(t, e, "alice", channel, fmt.Sprint("for bob ", i), to(e.ARN("bob")))
		}
		if diff := cmp.Diff(numbers(59, -1), contents(t, e.As("carol"), api.ListChannelMessagesRequest{ChannelArn: channel, MaxResults: 4})); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("what a deleted user wrote stays, under its ARN and last name", func(t *testing.T) {
		send(t, e, "bob", channel, "last words")
		if err := e.Developer().DeleteAppInstanceUser(api.DeleteAppInstanceUserRequest{AppInstanceUserArn: e.ARN("bob")}); err != nil {
			t.Fatal(err)
		}
		out, err := e.As("carol").ListChannelMessages(api.ListChannelMessagesRequest{ChannelArn: channel, MaxResults: 1})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(e.Identity("bob"), out.ChannelMessages[0].Sender); diff != "" {
			t.Error(diff)
		}
	})
}

func TestGetChannelMessageStatus(t *testing.T) {
	e := testenv.New(t)
	channel := e.Channel("alice", testenv.PublicRestricted, "bob")
	id := send(t, e, "bob", channel, "x")
	status := func(as, id string) (*api.GetChannelMessageStatusResponse, error) {
		return e.As(as).GetChannelMessageStatus(api.GetChannelMessageStatusRequest{ChannelArn: channel, MessageId: id})
	}
	if got, err := status("bob", id); err != nil || got.Status.Value != "SENT" {
		t.Errorf("the sender got %+v, %v", got, err)
	}
	for as, id := range map[string]string{"alice": id, "admin": id, "bob": "unknown"} {
		if _, err := status(as, id); testenv.Kind(err) != api.Forbidden {
			t.Errorf("%s got %v", as, err)
		}
	}
}

func TestUpdateChannelReadMarker(t *testing.T) {
	e := testenv.New(t)
	channel := e.Channel("alice", testenv.PrivateRestricted, "bob")
	e.Advance(time.Hour)
	e.Must(e.As("bob").UpdateChannelReadMarker(api.UpdateChannelReadMarkerRequest{ChannelArn: channel}))
	got, err := e.As("bob").DescribeChannelMembershipForAppInstanceUser(api.DescribeChannelMembershipForAppInstanceUserRequest{ChannelArn: channel, AppInstanceUserArn: e.ARN("bob")})
	if err != nil || !got.ChannelMembership.AppInstanceUserMembershipSummary.ReadMarkerTimestamp.Equal(e.Now()) {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, as := range []string{"admin", "erin"} {
		if _, err := e.As(as).UpdateChannelReadMarker(api.UpdateChannelReadMarkerRequest{ChannelArn: channel}); testenv.Kind(err) != api.Forbidden {
			t.Errorf("%s, who is no member, got %v", as, err)
		}
	}
}
