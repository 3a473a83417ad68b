package chat_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"carillon/api"
	"carillon/bus"
	"carillon/chat"
	"carillon/testenv"
)

func TestEventsOfConcurrentCallers(t *testing.T) {
	e := testenv.New(t)
	channel := e.Channel("alice", testenv.PublicRestricted)
	other := e.Channel("bob", testenv.PublicRestricted)
	e.Events()
	const callers, each = 8, 5
	var wg sync.WaitGroup
	for i := range callers {
		for j := range each {
			e.AddUser(e.Instance, fmt.Sprintf("user-%d-%d", i, j))
		}
	}
	for i := range callers {
		wg.Go(func() {
			for j := range each {
				for _, in := range []api.CreateChannelMembershipRequest{{ChannelArn: channel}, {ChannelArn: other}} {
					in.MemberArn, in.Type = e.ARN(fmt.Sprintf("user-%d-%d", i, j)), "DEFAULT"
					if _, err := e.As("admin").CreateChannelMembership(in); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	t.Run("the events of each channel are published in the order of their sequence, without gaps", func(t *testing.T) {
		next := map[string]int64{channel: 2, other: 2}
		for _, event := range e.Events() {
			if event.Sequence != next[event.Channel] {
				t.Fatalf("sequence %d of %s, want %d", event.Sequence, event.Channel, next[event.Channel])
			}
			next[event.Channel]++
		}
		same(t, map[string]int64{channel: 2 + callers*each, other: 2 + callers*each}, next)
	})
}

func TestEventsWhileTheClockRuns(t *testing.T) {
	e := testenv.New(t)
	var now atomic.Int64
	now.Store(e.Now().UnixMilli())
	var local bus.Local
	var events []bus.Event
	local.Subscribe(func(event bus.Event) { events = append(events, event) })
	service, err := chat.Open(t.Context(), chat.Options{
		Store: e.Store, Bus: &local, Partition: "aws", Region: testenv.Region, Node: 1,
		Now: func() time.Time { return time.UnixMilli(now.Add(7)) },
	})
	done(t, err)
	e.Service = service
	channel := e.Channel("alice", testenv.PublicRestricted, "bob")
	done(t, e.As("alice").DeleteChannelMembership(api.DeleteChannelMembershipRequest{ChannelArn: channel, MemberArn: e.ARN("bob")}))
	e.Must(e.As("alice").UpdateChannel(api.UpdateChannelRequest{ChannelArn: channel, Name: "later"}))

	t.Run("an event tells the times that are stored", func(t *testing.T) {
		var joined, left, own api.ChannelMembership
		decode(t, events[0], &own)
		decode(t, events[1], &joined)
		decode(t, events[2], &left)
		same(t, joined, left)
		got, err := e.As("alice").DescribeChannelMembership(api.DescribeChannelMembershipRequest{ChannelArn: channel, MemberArn: e.ARN("alice")})
		done(t, err)
		same(t, got.ChannelMembership, &own)
		var updated api.Channel
		decode(t, events[3], &updated)
		same(t, describeChannel(t, e.As("alice"), channel), &updated)
	})
}

// announcement is an event as a test wants it.
type announcement struct {
	Type     string
	Channel  string
	Sequence int64
	Audience bus.Audience
	Payload  api.Output
}

// announced fails the test unless exactly these events of channels were published since it was asked
// last.
func announced(t *testing.T, e *testenv.Env, want ...announcement) {
	t.Helper()
	var events []bus.Event
	for _, w := range want {
		events = append(events, bus.Event{
			Type: w.Type, MessageType: "SYSTEM", Channel: w.Channel, Sequence: w.Sequence,
			Audience: w.Audience, Payload: w.Payload.AppendJSON(nil, api.ISO8601),
		})
	}
	same(t, events, eventsOf(e))
}

// eventsOf returns the events of channels that were published since it was asked last: all but those
// that tell who is gone.
func eventsOf(e *testenv.Env) (events []bus.Event) {
	for _, event := range e.Events() {
		if event.Gone == nil {
			events = append(events, event)
		}
	}
	return events
}
