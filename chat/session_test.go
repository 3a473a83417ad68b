package chat_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"carillon/api"
	"carillon/bus"
	"carillon/chat"
	"carillon/testenv"
)

// streamsOf is what SessionStreams answers.
func streamsOf(t *testing.T, e *testenv.Env, user string) (all []bus.Stream) {
	t.Helper()
	done(t, e.Service.SessionStreams(t.Context(), e.ARN(user), func(page []bus.Stream) error {
		all = append(all, page...)
		return nil
	}))
	return all
}

// replayed reads back a stream after a place, a few events at a time.
func replayed(t *testing.T, e *testenv.Env, at bus.Stream, until int64, limit int) (all []bus.Event) {
	t.Helper()
	for range 1000 {
		events, next, err := e.Service.SessionEvents(t.Context(), at, until, limit)
		done(t, err)
		if len(events) > limit {
			t.Fatalf("%d events, of at most %d", len(events), limit)
		}
		for _, event := range events {
			all = append(all, event.Event)
		}
		if len(events) < limit {
			return all
		}
		if next <= at.Sequence {
			t.Fatalf("it goes on from %d after %d", next, at.Sequence)
		}
		at.Sequence = next
	}
	t.Fatal("it does not end")
	return nil
}

// byStream sorts durable events into their streams.
func byStream(events []bus.Event) map[bus.Stream][]bus.Event {
	streams := make(map[bus.Stream][]bus.Event)
	for _, event := range events {
		if event.Sequence != 0 {
			at := bus.Stream{Channel: event.Channel, SubChannel: event.SubChannel}
			streams[at] = append(streams[at], event)
		}
	}
	return streams
}

func TestSessionStreams(t *testing.T) {
	e := testenv.New(t)
	private, hidden := e.Channel("alice", testenv.PrivateRestricted, "bob"), e.Channel("alice", testenv.PublicRestricted)
	e.Join("alice", hidden, "bob", "HIDDEN")
	e.Channel("alice", testenv.PublicRestricted)
	t.Run("a member, hidden or not, has the stream of the channel", func(t *testing.T) {
		same(t, []bus.Stream{{Channel: private, Sequence: 2}, {Channel: hidden, Sequence: 2}}, streamsOf(t, e, "bob"))
		send(t, e, "alice", private, "hello")
		same(t, []bus.Stream{{Channel: private, Sequence: 3}, {Channel: hidden, Sequence: 2}}, streamsOf(t, e, "bob"))
	})
	t.Run("a user who is nowhere has none", func(t *testing.T) { same(t, []bus.Stream(nil), streamsOf(t, e, "carol")) })
	t.Run("somebody who does not exist, or is no user, is Forbidden", func(t *testing.T) {
		for _, name := range []string{
			"", "bob", e.ARN("nobody"), newBot(e, "Lex"), private, e.Instance, strings.Replace(e.ARN("bob"), "us-east-1", "eu-central-1", 1),
			strings.Replace(e.ARN("bob"), testenv.Account, "999999999999", 1), e.ARN("bob") + "/x", e.ARN("bob\x00"),
		} {
			refused(t, e.Service.SessionStreams(t.Context(), name, func([]bus.Stream) error {
				t.Error("it has streams")
				return nil
			}), api.Forbidden)
		}
	})
	t.Run("in an elastic channel there are two, and that of the whole comes once", func(t *testing.T) {
		e := testenv.New(t)
		channel := elasticChannel(t, e, 2, 1, 40)
		addAll(t, e, channel, "bob", "carol")
		subs, _ := subChannels(t, e, channel)
		for _, sub := range subs {
			e.Must(e.As("alice").CreateChannelMembership(api.CreateChannelMembershipRequest{ChannelArn: channel, MemberArn: e.ARN("alice"), Type: "DEFAULT", SubChannelId: sub}))
		}
		e.Must(e.As("alice").UpdateChannel(api.UpdateChannelRequest{ChannelArn: channel, Name: "new"}))
		same(t, []bus.Stream{{Channel: channel, Sequence: 1}, {Channel: channel, SubChannel: sitsIn(t, e, "bob"), Sequence: 2}}, streamsOf(t, e, "bob"))
		same(t, []bus.Stream{
			{Channel: channel, Sequence: 1}, {Channel: channel, SubChannel: subs[0], Sequence: 2}, {Channel: channel, SubChannel: subs[1], Sequence: 2},
		}, streamsOf(t, e, "alice"))
	})
	t.Run("of many channels each comes once, page by page", func(t *testing.T) {
		e := testenv.New(t)
		var want []bus.Stream
		for range 1001 {
			want = append(want, bus.Stream{Channel: e.Channel("bob", testenv.PublicRestricted), Sequence: 1})
		}
		pages := 0
		var got []bus.Stream
		done(t, e.Service.SessionStreams(t.Context(), e.ARN("bob"), func(page []bus.Stream) error {
			pages++
			got = append(got, page...)
			return nil
		}))
		same(t, 3, pages)
		same(t, want, got)
		refused(t, e.Service.SessionStreams(t.Context(), e.ARN("bob"), func([]bus.Stream) error { return api.Errorf(api.Conflict, "enough") }), api.Conflict)
	})
}

// TestSessionEventsOfEveryOperation reads back what every operation has published: it is the same, byte
// for byte.
func TestSessionEventsOfEveryOperation(t *testing.T) {
	heard := make(map[string]bool)
	for i, c := range everyCall(place{}) {
		if api.Lookup(c.operation).ReadOnly {
			continue
		}
		t.Run(c.operation, func(t *testing.T) {
			e := testenv.New(t)
			p := newPlace(e)
			c := everyCall(p)[i]
			e.Must(c.do(e, testenv.Account, c.bearer(p)))
			for at, events := range byStream(e.Events()) {
				at.Sequence = events[0].Sequence - 1
				same(t, events, replayed(t, e, at, 0, 100))
				since, more, err := e.Service.SessionEventsSince(t.Context(), at, e.Now(), 1000)
				done(t, err)
				same(t, false, more)
				// The clock stands still: everything was just now.
				since = slices.DeleteFunc(since, func(event chat.TimedEvent) bool { return event.Sequence <= at.Sequence })
				same(t, len(events), len(since))
				for n, event := range since {
					same(t, chat.TimedEvent{Event: events[n], At: e.Now()}, event)
				}
				for _, event := range events {
					heard[event.Type] = true
				}
			}
		})
	}
	if len(heard) < 9 {
		t.Errorf("heard were only %v", heard)
	}
}

func TestSessionEvents(t *testing.T) {
	e := testenv.New(t)
	channel := e.Channel("alice", testenv.PublicRestricted, "bob")
	send(t, e, "alice", channel, "one")
	send(t, e, "bob", channel, "two", to(e.ARN("alice")))
	send(t, e, "bob", channel, "c", control)
	send(t, e, "bob", channel, "not stored", ephemeral)
	batch(t, e.As("alice"), api.BatchCreateChannelMembershipRequest{ChannelArn: channel, MemberArns: e.ARNs("carol", "dave")})
	batch(t, e.As("alice"), api.BatchCreateChannelMembershipRequest{ChannelArn: channel, MemberArns: e.ARNs("erin", "frank"), Type: "HIDDEN"})
	send(t, e, "alice", channel, "quotes \" and \x00 and \x02 and <&> "+e.Instance+"/ …", func(in *api.SendChannelMessageRequest) {
		in.Metadata, in.ContentType = textOf(`{"a":1}`), textOf("text/plain")
		in.MessageAttributes = map[string]api.MessageAttributeValue{"mention": {StringValues: []string{e.ARN("bob")}}}
	})
	done(t, e.As("carol").DeleteChannelMembership(api.DeleteChannelMembershipRequest{ChannelArn: channel, MemberArn: e.ARN("carol")}))
	at := bus.Stream{Channel: channel}
	published := byStream(e.Events())[at]

	t.Run("they are those that were published, a few at a time or all at once", func(t *testing.T) {
		same(t, 11, len(published))
		for limit := 1; limit <= 12; limit++ {
			same(t, published, replayed(t, e, at, 0, limit))
		}
	})
	t.Run("they begin after a place and end with another", func(t *testing.T) {
		for from := range published {
			for until := from; until <= len(published); until++ {
				at := bus.Stream{Channel: channel, Sequence: int64(from)}
				events, next, err := e.Service.SessionEvents(t.Context(), at, int64(until), 100)
				done(t, err)
				if until == 0 {
					until = len(published) // 0 is all
				}
				same(t, int64(until), next)
				same(t, until-from, len(events))
			}
		}
	})
	t.Run("the place to go on from is reached also where nothing is", func(t *testing.T) {
		for _, c := range []struct {
			at          bus.Stream
			until, next int64
		}{
			{bus.Stream{Channel: channel, Sequence: 11}, 0, 11},
			{bus.Stream{Channel: channel, Sequence: 50}, 0, 50},
			{bus.Stream{Channel: channel, Sequence: 50}, 60, 60},
			{bus.Stream{Channel: channel, Sequence: 5}, 3, 5},
			{bus.Stream{Channel: e.Instance + "/channel/none", Sequence: 5}, 9, 9},
			{bus.Stream{Channel: channel, SubChannel: "none", Sequence: 5}, 9, 9},
		} {
			events, next, err := e.Service.SessionEvents(t.Context(), c.at, c.until, 100)
			done(t, err)
			same(t, 0, len(events))
			same(t, c.next, next)
		}
	})
	t.Run("what is no channel is refused", func(t *testing.T) {
		for _, name := range []string{"", "x", e.ARN("bob"), strings.Replace(channel, "us-east-1", "eu-central-1", 1)} {
			_, _, err := e.Service.SessionEvents(t.Context(), bus.Stream{Channel: name}, 0, 10)
			refused(t, err, api.BadRequest)
			_, _, err = e.Service.SessionEventsSince(t.Context(), bus.Stream{Channel: name}, e.Now(), 10)
			refused(t, err, api.BadRequest)
		}
	})
	t.Run("another node reads the same", func(t *testing.T) {
		e.Restart()
		same(t, published, replayed(t, e, at, 0, 100))
	})
}

// shown is what a test wants to see of a message event.
type shown struct {
	Type, Content string
	Redacted      bool
}

func shownOf(t *testing.T, events []bus.Event) (list []shown) {
	t.Helper()
	for _, event := range events {
		var m api.ChannelMessage
		decode(t, event, &m)
		list = append(list, shown{event.Type, *m.Content, m.Redacted})
	}
	return list
}

func TestSessionEventsShowMessagesAsTheyAreNow(t *testing.T) {
	e := testenv.New(t)
	channel := e.Channel("alice", testenv.PublicRestricted, "bob")
	at := bus.Stream{Channel: channel, Sequence: 2}
	edited, redacted, deleted := send(t, e, "bob", channel, "a"), send(t, e, "bob", channel, "b"), send(t, e, "bob", channel, "c")
	update := func(id, content string) {
		e.Must(e.As("bob").UpdateChannelMessage(api.UpdateChannelMessageRequest{ChannelArn: channel, MessageId: id, Content: content}))
	}
	update(edited, "A")
	update(redacted, "B")
	update(deleted, "C")
	e.Must(e.As("bob").RedactChannelMessage(api.RedactChannelMessageRequest{ChannelArn: channel, MessageId: redacted}))
	done(t, e.As("admin").DeleteChannelMessage(api.DeleteChannelMessageRequest{ChannelArn: channel, MessageId: deleted}))
	same(t, []shown{
		{"CREATE_CHANNEL_MESSAGE", "A", false},
		{"CREATE_CHANNEL_MESSAGE", "", true},
		{"UPDATE_CHANNEL_MESSAGE", "A", false},
		{"UPDATE_CHANNEL_MESSAGE", "", true},
		{"REDACT_CHANNEL_MESSAGE", "", true},
		{"DELETE_CHANNEL_MESSAGE", "C", false},
	}, shownOf(t, replayed(t, e, at, 0, 1)))

	t.Run("what is beyond the retention is not told", func(t *testing.T) {
		e := testenv.New(t, testenv.WithEventLife(100*24*time.Hour))
		d := newDiary(t, e, 3)
		putRetention(t, e, 1)
		told := len(replayed(t, e, bus.Stream{Channel: d.channel, Sequence: 1}, 0, 100))
		same(t, 1, told)
		same(t, len(contents(t, e.As("alice"), api.ListChannelMessagesRequest{ChannelArn: d.channel})), told)
	})
}

func TestSessionEventsOfFlows(t *testing.T) {
	e := testenv.New(t)
	channel, _ := flowed(e, api.FallbackActionAbort)
	at := streamsOf(t, e, "bob")[0]
	sent := send(t, e, "bob", channel, "goes through", to(e.ARN("carol")))
	send(t, e, "bob", channel, "is denied")
	waiting := invocations(e)
	done(t, callBack(e, waiting[0], saying("went through")))
	done(t, callBack(e, waiting[1], deny))
	e.Must(e.As("bob").UpdateChannelMessage(api.UpdateChannelMessageRequest{ChannelArn: channel, MessageId: sent, Content: "again"}))
	send(t, e, "bob", channel, "waits")
	published := byStream(e.Events())[bus.Stream{Channel: channel}]
	t.Run("everything that the sender and the others were told is told again", func(t *testing.T) {
		same(t, 6, len(published))
		for limit := 1; limit < 8; limit++ {
			same(t, published, replayed(t, e, at, 0, limit))
		}
	})
	t.Run("a message that has come through is not taken for one that was sent at its first place", func(t *testing.T) {
		e.Advance(chatEventLife - time.Minute)
		send(t, e, "alice", channel, "c", control)
		e.Advance(2 * time.Minute)
		e.Must(e.Service.Sweep(t.Context()))
		same(t, []shown{{"CREATE_CHANNEL_MESSAGE", "c", false}}, shownOf(t, replayed(t, e, at, 0, 100)))
	})
	t.Run("a message that waits is told to nobody, also where the log is forgotten and its life is longer from now on", func(t *testing.T) {
		e := testenv.New(t)
		channel, _ := flowed(e, api.FallbackActionAbort)
		at := streamsOf(t, e, "bob")[0]
		send(t, e, "bob", channel, "waits")
		e.Advance(chatEventLife + time.Millisecond)
		e.Must(e.Service.Sweep(t.Context()))
		e.Restart(testenv.WithEventLife(time.Hour))
		same(t, 0, len(replayed(t, e, at, 0, 100)))
	})
}

const chatEventLife = 15 * time.Minute

func TestEventLife(t *testing.T) {
	for life, options := range map[time.Duration][]testenv.Option{
		chatEventLife: nil, time.Hour: {testenv.WithEventLife(time.Hour)},
	} {
		t.Run(life.String(), func(t *testing.T) {
			e := testenv.New(t, append(options, testenv.WithSweepBatch(2))...)
			channel := e.Channel("alice", testenv.PublicRestricted, "bob", "carol", "dave", "erin")
			send(t, e, "alice", channel, "hello")
			at := bus.Stream{Channel: channel}
			e.Advance(life)
			swept(t, e)
			same(t, 6, len(replayed(t, e, at, 0, 100)))
			e.Advance(time.Millisecond)
			same(t, 0, len(replayed(t, e, at, 0, 100)))
			same(t, 5, swept(t, e))
			_, next, err := e.Service.SessionEvents(t.Context(), at, 4, 10)
			done(t, err)
			same(t, int64(4), next)
		})
	}
}

func TestSessionEventsSince(t *testing.T) {
	e := testenv.New(t)
	channel := e.Channel("alice", testenv.PublicRestricted, "bob")
	start := e.Now()
	var published []chat.TimedEvent
	e.Events()
	for n := range 10 {
		e.Advance(time.Second)
		if n%3 == 0 {
			e.Must(e.As("alice").UpdateChannel(api.UpdateChannelRequest{ChannelArn: channel, Name: fmt.Sprint(n)}))
		} else {
			send(t, e, "alice", channel, fmt.Sprint(n))
		}
		published = append(published, chat.TimedEvent{Event: e.Events()[0], At: e.Now()})
	}
	since := func(at time.Time, limit int) ([]chat.TimedEvent, bool) {
		events, more, err := e.Service.SessionEventsSince(t.Context(), bus.Stream{Channel: channel, Sequence: 7}, at, limit)
		done(t, err)
		return events, more
	}
	for n := range published {
		for limit := 1; limit <= len(published); limit++ {
			at := start.Add(time.Duration(n+1) * time.Second)
			want := published[n:min(n+limit, len(published))]
			got, more := since(at, limit)
			same(t, want, got)
			same(t, n+limit < len(published), more)
			got, _ = since(at.Add(-time.Millisecond), limit)
			same(t, want, got)
		}
	}
	none, more := since(e.Now().Add(time.Millisecond), 10)
	same(t, 0, len(none))
	same(t, false, more)
}

func TestSessionEventsOfADeletedChannel(t *testing.T) {
	e := testenv.New(t)
	create := func(creator string) string {
		out, err := e.As(creator).CreateChannel(api.CreateChannelRequest{AppInstanceArn: e.Instance, ChannelId: "x", Name: creator, ClientRequestToken: e.Token()})
		done(t, err)
		return out.ChannelArn
	}
	channel := create("alice")
	send(t, e, "alice", channel, "first")
	e.Join("alice", channel, "bob", "DEFAULT")
	done(t, e.As("alice").DeleteChannel(api.DeleteChannelRequest{ChannelArn: channel}))
	at := bus.Stream{Channel: channel}
	first := byStream(e.Events())[at]
	e.Must(e.Service.Sweep(t.Context()))
	kinds := func(events []bus.Event) (list []string) {
		for _, event := range events {
			list = append(list, fmt.Sprint(event.Sequence, " ", event.Type))
		}
		return list
	}
	t.Run("its deletion is the last one", func(t *testing.T) {
		same(t, []string{"1 CREATE_CHANNEL_MEMBERSHIP", "2 CREATE_CHANNEL_MESSAGE", "3 CREATE_CHANNEL_MEMBERSHIP", "4 DELETE_CHANNEL"}, kinds(first))
		same(t, first, replayed(t, e, at, 0, 100))
		since, _, err := e.Service.SessionEventsSince(t.Context(), at, e.Now(), 10)
		done(t, err)
		same(t, 4, len(since))
	})
	t.Run("a channel of the same name goes on counting, and an answer has events of one of them", func(t *testing.T) {
		same(t, channel, create("erin"))
		send(t, e, "erin", channel, "second")
		second := byStream(e.Events())[at]
		same(t, []string{"5 CREATE_CHANNEL_MEMBERSHIP", "6 CREATE_CHANNEL_MESSAGE"}, kinds(second))
		for place := range int64(4) {
			events, next, err := e.Service.SessionEvents(t.Context(), bus.Stream{Channel: channel, Sequence: place}, 6, 100)
			done(t, err)
			same(t, int64(4), next)
			same(t, 4-int(place), len(events))
		}
		same(t, second, replayed(t, e, bus.Stream{Channel: channel, Sequence: 4}, 0, 100))
		since, _, err := e.Service.SessionEventsSince(t.Context(), at, e.Now(), 10)
		done(t, err)
		same(t, 2, len(since))
	})
	t.Run("later nothing is known of the old one", func(t *testing.T) {
		e.Advance(time.Hour)
		swept(t, e)
		events, next, err := e.Service.SessionEvents(t.Context(), at, 4, 100)
		done(t, err)
		same(t, 0, len(events))
		same(t, int64(4), next)
	})
	t.Run("of an app instance that is deleted nothing is told", func(t *testing.T) {
		send(t, e, "erin", channel, "third")
		done(t, e.Developer().DeleteAppInstance(api.DeleteAppInstanceRequest{AppInstanceArn: e.Instance}))
		same(t, 0, len(replayed(t, e, at, 0, 100)))
	})
}

func TestSessionEventsOfAnElasticChannel(t *testing.T) {
	e := testenv.New(t)
	channel := elasticChannel(t, e, 3, 4, 50)
	users := crowd(e, 9)
	addAll(t, e, channel, users...)
	for _, user := range users {
		e.Must(trySend(e, user, channel, "from "+user, func(in *api.SendChannelMessageRequest) { in.SubChannelId = sitsIn(t, e, user) }))
	}
	for _, user := range users[:7] {
		done(t, e.As(user).DeleteChannelMembership(api.DeleteChannelMembershipRequest{ChannelArn: channel, MemberArn: e.ARN(user)}))
	}
	e.Must(e.As("alice").UpdateChannel(api.UpdateChannelRequest{ChannelArn: channel, Name: "renamed"}))
	swept(t, e)
	streams := byStream(e.Events())
	compare := func(t *testing.T) {
		t.Helper()
		for at, events := range streams {
			same(t, events, replayed(t, e, at, 0, 3))
		}
	}
	t.Run("each sub-channel has its events, also when it was emptied and deleted", func(t *testing.T) {
		if subs, _ := subChannels(t, e, channel); len(streams) <= len(subs)+1 {
			t.Fatalf("%d streams, %d sub-channels are left", len(streams), len(subs))
		}
		compare(t)
	})
	t.Run("that it is deleted is in the stream of the whole", func(t *testing.T) {
		done(t, e.As("alice").DeleteChannel(api.DeleteChannelRequest{ChannelArn: channel}))
		deleted := eventsOf(e)
		same(t, 1, len(deleted))
		same(t, bus.Audience{Members: true}, deleted[0].Audience)
		same(t, "", deleted[0].SubChannel)
		whole := bus.Stream{Channel: channel}
		streams[whole] = append(streams[whole], deleted...)
		e.Must(e.Service.Sweep(t.Context()))
		compare(t)
	})
}

func TestSessionLeavings(t *testing.T) {
	e := testenv.New(t)
	left, deleted, banned, stays := e.Channel("alice", testenv.PublicRestricted, "bob"), e.Channel("alice", testenv.PublicRestricted, "bob"),
		e.Channel("alice", testenv.PublicRestricted), e.Channel("alice", testenv.PublicRestricted, "bob")
	e.Join("alice", banned, "bob", "HIDDEN")
	elastic := elasticChannel(t, e, 3, 1, 50)
	addAll(t, e, elastic, "bob", "carol")
	e.Events()
	start := e.Now()
	var want []chat.TimedEvent
	then := func(err error) {
		t.Helper()
		done(t, err)
		for _, event := range e.Events() {
			if event.Type != "UPDATE_CHANNEL_MEMBERSHIP" {
				want = append(want, chat.TimedEvent{Event: event, At: e.Now()})
			}
		}
		e.Advance(time.Second)
	}
	then(e.As("bob").DeleteChannelMembership(api.DeleteChannelMembershipRequest{ChannelArn: left, MemberArn: e.ARN("bob")}))
	then(e.As("alice").DeleteChannel(api.DeleteChannelRequest{ChannelArn: deleted}))
	then(second(e.As("alice").CreateChannelBan(api.CreateChannelBanRequest{ChannelArn: banned, MemberArn: e.ARN("bob")})))
	then(e.As("alice").DeleteChannelMembership(api.DeleteChannelMembershipRequest{ChannelArn: elastic, MemberArn: e.ARN("bob")}))
	send(t, e, "alice", stays, "hello")
	leavings := func(user string, since time.Time, limit int) []chat.TimedEvent {
		t.Helper()
		list, err := e.Service.SessionLeavings(t.Context(), e.ARN(user), since, limit)
		done(t, err)
		return list
	}
	t.Run("memberships that ended and channels that were deleted, the oldest first", func(t *testing.T) {
		same(t, 4, len(want))
		e.Must(e.Service.Sweep(t.Context()))
		same(t, want, leavings("bob", start, 100))
		for n := range want {
			same(t, append([]chat.TimedEvent(nil), want[n:]...), leavings("bob", want[n].At, 100))
		}
		same(t, 1, len(leavings("alice", start, 100)))
		same(t, 0, len(leavings("carol", start, 100)))
		same(t, 2, len(leavings("bob", start, 2)))
	})
	t.Run("who is in several sub-channels is told once", func(t *testing.T) {
		subs, _ := subChannels(t, e, elastic)
		for _, sub := range subs {
			e.Must(e.As("alice").CreateChannelMembership(api.CreateChannelMembershipRequest{ChannelArn: elastic, MemberArn: e.ARN("alice"), Type: "DEFAULT", SubChannelId: sub}))
		}
		from := e.Now()
		done(t, e.As("alice").DeleteChannel(api.DeleteChannelRequest{ChannelArn: elastic}))
		same(t, 1, len(leavings("alice", from, 100)))
		same(t, 1, len(leavings("carol", from, 100)))
	})
	t.Run("until they are forgotten", func(t *testing.T) {
		e.Advance(time.Hour)
		same(t, 0, len(leavings("bob", time.Time{}, 100)))
		swept(t, e)
		same(t, 0, len(leavings("bob", time.Time{}, 100)))
		same(t, 1, len(streamsOf(t, e, "bob")))
	})
	t.Run("somebody who does not exist is Forbidden", func(t *testing.T) {
		_, err := e.Service.SessionLeavings(t.Context(), e.ARN("nobody"), start, 10)
		refused(t, err, api.Forbidden)
	})
}

func TestSessionModerators(t *testing.T) {
	e := testenv.New(t)
	channel := e.Channel("alice", testenv.PublicRestricted, "bob", "carol", "admin")
	e.Must(e.As("alice").CreateChannelModerator(api.CreateChannelModeratorRequest{ChannelArn: channel, ChannelModeratorArn: e.ARN("carol")}))
	ask := func(channel string, among ...string) []string {
		t.Helper()
		list, err := e.Service.SessionModerators(t.Context(), channel, among)
		done(t, err)
		return list
	}
	same(t, e.ARNs("admin", "carol", "alice"), ask(channel, append(e.ARNs("admin", "bob", "nobody", "carol", "dave", "alice"), "x", channel, "arn:aws:chime:us-east-1:1:app-instance/y/user/alice")...))
	same(t, []string(nil), ask(channel))
	same(t, []string(nil), ask(e.Instance+"/channel/none", e.ARNs("admin")...))
	same(t, []string(nil), ask("arn:aws:chime:us-east-1:"+testenv.Account+":app-instance/none/channel/x", "arn:aws:chime:us-east-1:"+testenv.Account+":app-instance/none/user/x"))
	_, err := e.Service.SessionModerators(t.Context(), "x", nil)
	refused(t, err, api.BadRequest)
}

// details is what a test looks at of CHANNEL_DETAILS.
type details struct {
	ChannelMessages        []struct{ Content string }
	ChannelMessagesHasMore bool
	ChannelMemberships     []struct{ Member api.Identity }
}

// detailed is what SessionDetails answers, by the names of the channels.
func detailed(t *testing.T, e *testenv.Env, user string, byLastMessage bool) (names []string, texts []string) {
	t.Helper()
	done(t, e.Service.SessionDetails(t.Context(), e.ARN(user), byLastMessage, func(channel string, quoted ...[]byte) error {
		var text string
		done(t, json.Unmarshal([]byte(`"`+string(bytes.Join(quoted, nil))+`"`), &text))
		payload := []byte(text)
		var d struct {
			Channel struct{ ChannelArn, Name string }
		}
		done(t, json.Unmarshal(payload, &d))
		same(t, channel, d.Channel.ChannelArn)
		strict(t, payload)
		names, texts = append(names, d.Channel.Name), append(texts, text)
		return nil
	}))
	return names, texts
}

func TestSessionDetails(t *testing.T) {
	e := testenv.New(t)
	create := func(name string, members ...string) string {
		t.Helper()
		out, err := e.As("alice").CreateChannel(api.CreateChannelRequest{AppInstanceArn: e.Instance, ChannelId: name, Name: name, MemberArns: e.ARNs(members...), ClientRequestToken: e.Token()})
		done(t, err)
		return out.ChannelArn
	}
	say := func(channel, content string, change ...func(*api.SendChannelMessageRequest)) string {
		t.Helper()
		e.Advance(time.Second)
		return send(t, e, "alice", channel, content, change...)
	}
	t.Run("a user who is nowhere has none, and one who does not exist is Forbidden", func(t *testing.T) {
		names, _ := detailed(t, e, "bob", false)
		same(t, 0, len(names))
		refused(t, e.Service.SessionDetails(t.Context(), e.ARN("nobody"), false, nil), api.Forbidden)
	})
	a, b, c := create("a", "bob"), create("b", "bob"), create("c", "bob")
	create("other", "carol")
	say(a, "to a")
	say(b, "to b")
	say(c, "to c")
	t.Run("unread channels come first, or those of the last messages", func(t *testing.T) {
		create("d", "bob")
		e.Must(e.As("bob").UpdateChannelReadMarker(api.UpdateChannelReadMarkerRequest{ChannelArn: c}))
		for byLast, want := range map[bool][]string{false: {"b", "a", "c", "d"}, true: {"c", "b", "a", "d"}} {
			names, _ := detailed(t, e, "bob", byLast)
			same(t, want, names)
		}
	})
	t.Run("a message for one alone counts for that one", func(t *testing.T) {
		say(a, "for bob", to(e.ARN("bob")))
		names, _ := detailed(t, e, "bob", true)
		same(t, []string{"a", "c", "b", "d"}, names)
	})
	t.Run("the payload", func(t *testing.T) {
		channel := create("full", "bob")
		redacted := say(channel, "bad")
		e.Must(e.As("alice").RedactChannelMessage(api.RedactChannelMessageRequest{ChannelArn: channel, MessageId: redacted}))
		marked := e.Now()
		e.Must(e.As("bob").UpdateChannelReadMarker(api.UpdateChannelReadMarkerRequest{ChannelArn: channel}))
		id := say(channel, "good")
		sender := `"Sender":{"Arn":"` + e.ARN("alice") + `","Name":"Name of alice"},"Status":{"Value":"SENT"},"Type":"STANDARD"}`
		at := func(when time.Time) string { return `"` + when.Format("2006-01-02T15:04:05.000Z") + `"` }
		_, texts := detailed(t, e, "bob", false)
		same(t, `{"Channel":{"ChannelArn":"`+channel+`","LastMessageTimestamp":`+at(e.Now())+`,"Mode":"RESTRICTED","Name":"full","Privacy":"PUBLIC"},`+
			`"ChannelMessages":[{"Content":"good","CreatedTimestamp":`+at(e.Now())+`,"LastUpdatedTimestamp":`+at(e.Now())+`,"MessageId":"`+id+`","Redacted":false,`+sender+
			`,{"Content":"","CreatedTimestamp":`+at(marked)+`,"LastUpdatedTimestamp":`+at(marked)+`,"MessageId":"`+redacted+`","Redacted":true,`+sender+
			`],"ChannelMessagesHasMore":false,"ChannelMemberships":[{"Member":{"Arn":"`+e.ARN("alice")+`","Name":"Name of alice"}},{"Member":{"Arn":"`+e.ARN("bob")+`","Name":"Name of bob"}}],`+
			`"ReadMarkerTimestamp":`+at(marked)+`}`, texts[0])
	})
	t.Run("twenty messages that the user sees, thirty members that are not hidden", func(t *testing.T) {
		e := testenv.New(t)
		channel := e.Channel("alice", testenv.PublicRestricted, "bob", "carol")
		e.Join("alice", channel, "dave", "HIDDEN")
		names := crowd(e, 40)
		batch(t, e.As("alice"), api.BatchCreateChannelMembershipRequest{ChannelArn: channel, MemberArns: e.ARNs(names...)})
		read := func(user string) (d details) {
			_, texts := detailed(t, e, user, false)
			done(t, json.Unmarshal([]byte(texts[0]), &d))
			return d
		}
		var all []string
		for n := range 20 {
			all = append(all, fmt.Sprint(n))
			send(t, e, "alice", channel, all[n])
			send(t, e, "alice", channel, "secret", to(e.ARN("carol")))
			if n == 18 {
				same(t, 19, len(read("bob").ChannelMessages))
			}
		}
		slices.Reverse(all)
		for _, user := range []string{"bob", "dave"} {
			d := read(user)
			same(t, false, d.ChannelMessagesHasMore)
			same(t, 30, len(d.ChannelMemberships))
			var got []string
			for _, m := range d.ChannelMessages {
				got = append(got, m.Content)
			}
			same(t, all, got)
		}
		same(t, true, read("carol").ChannelMessagesHasMore)
		same(t, 20, len(read("carol").ChannelMessages))
		send(t, e, "alice", channel, "one more")
		same(t, true, read("bob").ChannelMessagesHasMore)
		same(t, 20, len(read("bob").ChannelMessages))
	})
	t.Run("the first fifty of many", func(t *testing.T) {
		e := testenv.New(t)
		var want []string
		for n := range 120 {
			out, err := e.As("bob").CreateChannel(api.CreateChannelRequest{AppInstanceArn: e.Instance, Name: fmt.Sprint(n), ClientRequestToken: e.Token()})
			done(t, err)
			want = append(want, out.ChannelArn)
		}
		rand.Shuffle(len(want), func(i, j int) { want[i], want[j] = want[j], want[i] })
		for _, channel := range want {
			e.Advance(time.Second)
			send(t, e, "bob", channel, "hello")
		}
		slices.Reverse(want)
		var got []string
		done(t, e.Service.SessionDetails(t.Context(), e.ARN("bob"), true, func(channel string, _ ...[]byte) error {
			got = append(got, channel)
			return nil
		}))
		same(t, want[:50], got)
	})
	t.Run("an elastic channel comes once, as it is where the user sits", func(t *testing.T) {
		e := testenv.New(t)
		channel := elasticChannel(t, e, 3, 1, 50)
		addAll(t, e, channel, "bob", "carol")
		subs, _ := subChannels(t, e, channel)
		for _, sub := range subs {
			e.Must(e.As("alice").CreateChannelMembership(api.CreateChannelMembershipRequest{ChannelArn: channel, MemberArn: e.ARN("alice"), Type: "DEFAULT", SubChannelId: sub}))
		}
		for _, user := range []string{"bob", "carol"} {
			e.Advance(time.Second)
			e.Must(trySend(e, user, channel, "from "+user, func(in *api.SendChannelMessageRequest) { in.SubChannelId = sitsIn(t, e, user) }))
		}
		for user, want := range map[string]string{"bob": "from bob", "carol": "from carol", "alice": "from carol"} {
			names, texts := detailed(t, e, user, false)
			same(t, []string{"elastic"}, names)
			if !strings.Contains(texts[0], want) || strings.Count(texts[0], "from ") != 1 {
				t.Errorf("%s is told %s", user, texts[0])
			}
		}
	})
	t.Run("what is beyond the retention is not told", func(t *testing.T) {
		e := testenv.New(t)
		d := newDiary(t, e, 3)
		putRetention(t, e, 1)
		_, texts := detailed(t, e, "alice", false)
		same(t, len(contents(t, e.As("alice"), api.ListChannelMessagesRequest{ChannelArn: d.channel})), strings.Count(texts[0], `"MessageId"`))
	})
}
