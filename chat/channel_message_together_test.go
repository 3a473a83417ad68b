package chat_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"carillon/api"
	"carillon/store"
	"carillon/testenv"
)

// crossing is a store at whose door one Update can be held, so that what comes meanwhile gathers.
type crossing struct {
	store.Store
	mu       sync.Mutex
	hold     chan struct{} // the next Update waits for it; nil for none
	arrived  chan struct{}
	together []int                   // how many entered together, by transaction
	enter    func(...store.Entrance) // is told who enters; nil for nobody
	fault    error                   // of the commits of those who entered together
}

func (c *crossing) Update(ctx context.Context, fn func(store.Tx) error) error {
	c.mu.Lock()
	hold := c.hold
	c.hold = nil
	c.mu.Unlock()
	if hold != nil {
		close(c.arrived)
		<-hold
	}
	return c.Store.Update(ctx, func(tx store.Tx) error {
		t := &crossingTx{Tx: tx, crossing: c}
		if err := fn(t); err != nil || !t.many {
			return err
		}
		return c.fault
	})
}

type crossingTx struct {
	store.Tx
	*crossing
	many bool // several have entered together
}

func (t *crossingTx) EnterChannels(list []store.Entrance) ([]store.Entry, error) {
	t.mu.Lock()
	t.together = append(t.together, len(list))
	t.mu.Unlock()
	t.many = len(list) > 1
	if t.enter != nil {
		t.enter(list...)
	}
	return t.Tx.EnterChannels(list)
}

func (t *crossingTx) EnterChannel(channel store.ChannelRef, actor store.IdentityRef, next ...store.Ahead) (store.Entry, error) {
	if t.enter != nil {
		t.enter(store.Entrance{Channel: channel, Actor: actor})
	}
	return t.Tx.EnterChannel(channel, actor, next...)
}

func newCrossing(t *testing.T) (*testenv.Env, *crossing) {
	c := new(crossing)
	return testenv.New(t, testenv.WithStore(func(s store.Store) store.Store { c.Store = s; return c })), c
}

// gather has alice send a message whose transaction waits until all calls wait too, and returns when
// everybody has an answer. before is called while they wait.
func (c *crossing) gather(t *testing.T, e *testenv.Env, channel string, calls []func(), before func()) {
	t.Helper()
	hold := make(chan struct{})
	c.hold, c.arrived, c.together = hold, make(chan struct{}), nil
	var all sync.WaitGroup
	all.Go(func() { send(t, e, "alice", channel, "ahead of the others") })
	<-c.arrived
	for i, call := range calls {
		all.Go(call)
		for deadline := time.Now().Add(time.Minute); e.Service.SendsWaiting() <= i; time.Sleep(100 * time.Microsecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%d messages wait, want %d", e.Service.SendsWaiting(), i+1)
			}
		}
	}
	if before != nil {
		before()
	}
	close(hold)
	all.Wait()
}

func TestSendTogether(t *testing.T) {
	t.Run("each is answered as if it was alone, and those that may are sent, in their order", func(t *testing.T) {
		e, c := newCrossing(t)
		one, two := e.Channel("alice", testenv.PrivateUnrestricted, "bob", "carol"), e.Channel("alice", testenv.PublicRestricted, "bob")
		e.Join("alice", one, "dave", "HIDDEN")
		processed, _ := flowed(e, api.FallbackActionContinue)
		e.Must(nil, createElastic(e, "crowd"))
		send(t, e, "bob", one, "known", func(in *api.SendChannelMessageRequest) { in.ClientRequestToken = "known" })
		streams := api.PutMessagingStreamingConfigurationsRequest{AppInstanceArn: e.Instance, StreamingConfigurations: []api.StreamingConfiguration{
			{DataType: api.MessagingDataTypeChannelMessage, ResourceArn: stream("all")},
		}}
		e.Must(e.Developer().PutMessagingStreamingConfigurations(streams))
		e.Events()
		delivered := len(e.Outbox())
		token := func(token string) func(*api.SendChannelMessageRequest) {
			return func(in *api.SendChannelMessageRequest) { in.ClientRequestToken = token }
		}
		tests := []struct {
			as, channel, content string
			change               func(*api.SendChannelMessageRequest)
			kind                 api.Kind
		}{
			{"bob", one, "first", token("repeated"), 0},
			{"carol", two, "not a member", nil, api.Forbidden},
			{"bob", two, "another channel", nil, 0},
			{"dave", one, "hidden", nil, api.Forbidden},
			{"carol", one, "second", nil, 0},
			{"bob", e.Instance + "/channel/nothing", "nowhere", nil, api.Forbidden},
			{"nobody", one, "nobody", nil, api.Unauthorized},
			{"bob", one, "known", token("known"), 0},
			{"bob", one, "not what it was", token("known"), api.Conflict},
			{"bob", one, "first", token("repeated"), 0},
			{"alice", e.Instance + "/channel/crowd", "elastic", nil, api.BadRequest},
			{"bob", processed, "processed", nil, 0},
			{"carol", one, "control", control, 0},
		}
		answers := make([]*api.SendChannelMessageResponse, len(tests))
		errs := make([]error, len(tests))
		var calls []func()
		for i, test := range tests {
			change := test.change
			if change == nil {
				change = func(*api.SendChannelMessageRequest) {}
			}
			calls = append(calls, func() { answers[i], errs[i] = trySend(e, test.as, test.channel, test.content, change) })
		}
		c.gather(t, e, one, calls, nil)
		for i, test := range tests {
			if testenv.Kind(errs[i]) != test.kind {
				t.Errorf("%q is answered by %v", test.content, errs[i])
			}
		}
		if t.Failed() {
			return
		}
		same(t, []int{1, len(tests)}, c.together)
		same(t, []string{"control", "second", "first", "ahead of the others", "known"}, contents(t, e.As("alice"), api.ListChannelMessagesRequest{ChannelArn: one}))
		same(t, []string{"another channel"}, contents(t, e.As("alice"), api.ListChannelMessagesRequest{ChannelArn: two}))
		same(t, answers[0].MessageId, answers[9].MessageId)
		same(t, api.ChannelMessageStatusPending, answers[11].Status.Value)
		got, err := e.As("carol").GetChannelMessage(api.GetChannelMessageRequest{ChannelArn: one, MessageId: answers[4].MessageId})
		done(t, err)
		same(t, "second", *got.ChannelMessage.Content)
		var events []string
		for _, event := range e.Events() {
			var m api.ChannelMessage
			decode(t, event, &m)
			events = append(events, event.Type+" "+*m.Content)
		}
		same(t, []string{
			"CREATE_CHANNEL_MESSAGE ahead of the others", "CREATE_CHANNEL_MESSAGE first", "CREATE_CHANNEL_MESSAGE another channel",
			"CREATE_CHANNEL_MESSAGE second", "CREATE_CHANNEL_MESSAGE control", "PENDING_CREATE_CHANNEL_MESSAGE processed",
		}, events)
		same(t, 5+1, len(e.Outbox())-delivered) // five to the stream, one to the processor
	})
	t.Run("whoever is banned while its message waits does not send it", func(t *testing.T) {
		e, c := newCrossing(t)
		channel := e.Channel("alice", testenv.PrivateUnrestricted, "bob", "carol")
		var banned, other error
		c.gather(t, e, channel, []func(){
			func() { _, banned = trySend(e, "bob", channel, "banned") },
			func() { _, other = trySend(e, "carol", channel, "other") },
		}, func() { e.Ban("alice", channel, "bob") })
		same(t, api.Forbidden, testenv.Kind(banned))
		done(t, other)
		same(t, []string{"other", "ahead of the others"}, contents(t, e.As("alice"), api.ListChannelMessagesRequest{ChannelArn: channel}))
	})
	t.Run("more than are sent in one transaction are sent in several", func(t *testing.T) {
		e, c := newCrossing(t)
		channel := e.Channel("alice", testenv.PrivateUnrestricted)
		var calls []func()
		for i := range 150 {
			calls = append(calls, func() { send(t, e, "alice", channel, fmt.Sprint(i)) })
		}
		c.gather(t, e, channel, calls, nil)
		same(t, []int{1, 64, 64, 22}, c.together)
		same(t, 151, len(contents(t, e.As("alice"), api.ListChannelMessagesRequest{ChannelArn: channel})))
	})
	t.Run("who waits no longer sends nothing", func(t *testing.T) {
		e, c := newCrossing(t)
		channel := e.Channel("alice", testenv.PrivateUnrestricted, "bob", "carol")
		ctx, cancel := context.WithCancel(t.Context())
		gone := make(chan error)
		c.gather(t, e, channel, []func(){
			func() {
				gone <- sendAs(ctx, e, "bob", channel)
			},
			func() { send(t, e, "carol", channel, "still here") },
		}, func() {
			cancel()
			if err := <-gone; !errors.Is(err, context.Canceled) {
				t.Errorf("the answer is %v", err)
			}
		})
		same(t, []string{"still here", "ahead of the others"}, contents(t, e.As("alice"), api.ListChannelMessagesRequest{ChannelArn: channel}))
	})
	t.Run("a panic is for the sender whose message made it, and the others are sent", func(t *testing.T) {
		e, c := newCrossing(t)
		channel := e.Channel("alice", testenv.PrivateUnrestricted, "bob", "carol")
		c.enter = func(list ...store.Entrance) {
			if slices.ContainsFunc(list, func(l store.Entrance) bool { return l.Actor.ID == "bob" }) {
				panic("of bob's message")
			}
		}
		var panicked any
		c.gather(t, e, channel, []func(){
			func() {
				defer func() { panicked = recover() }()
				send(t, e, "bob", channel, "bad")
			},
			func() { send(t, e, "carol", channel, "good") },
		}, nil)
		if !strings.Contains(fmt.Sprint(panicked), "of bob's message") {
			t.Errorf("bob's caller is told %v", panicked)
		}
		same(t, []string{"good", "ahead of the others"}, contents(t, e.As("alice"), api.ListChannelMessagesRequest{ChannelArn: channel}))
		send(t, e, "carol", channel, "after it")
	})
	t.Run("a fault of the transaction is told to everybody but those who may not send, and nothing is sent", func(t *testing.T) {
		e, c := newCrossing(t)
		channel := e.Channel("alice", testenv.PrivateUnrestricted, "bob", "carol")
		e.Events()
		var errs [3]error
		var calls []func()
		for i, user := range []string{"bob", "carol", "dave"} {
			calls = append(calls, func() { errs[i] = sendAs(t.Context(), e, user, channel) })
		}
		c.gather(t, e, channel, calls, func() { c.fault = errFault })
		for _, err := range errs[:2] {
			if !errors.Is(err, errFault) {
				t.Errorf("the answer is %v", err)
			}
		}
		same(t, api.Forbidden, testenv.Kind(errs[2]))
		same(t, []string{"ahead of the others"}, contents(t, e.As("alice"), api.ListChannelMessagesRequest{ChannelArn: channel}))
		same(t, 1, len(e.Events()))
		c.fault = nil
		done(t, sendAs(t.Context(), e, "bob", channel))
	})
}

// sendAs sends a message in a context, and returns the error as it is.
func sendAs(ctx context.Context, e *testenv.Env, user, channel string) error {
	return second(e.Service.SendChannelMessage(ctx, &api.Caller{Account: testenv.Account, Bearer: e.ARN(user)}, &api.SendChannelMessageRequest{
		ChannelArn: channel, Content: "as " + user, Type: "STANDARD", Persistence: "PERSISTENT", ClientRequestToken: e.Token(),
	}))
}
