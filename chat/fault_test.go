package chat_test

import (
	"errors"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"carillon/api"
	"carillon/bus"
	"carillon/chat"
	"carillon/store"
	"carillon/store/storetest"
	"carillon/testenv"
)

var errFault = errors.New("a fault of the store")

// faulty is a store of which one step can be made to fail.
type faulty struct {
	store.Store // what is used
	sound       store.Store
}

// newFaulty makes an environment on such a store.
func newFaulty(t *testing.T, options ...testenv.Option) (*testenv.Env, *faulty) {
	f := new(faulty)
	return testenv.New(t, append(options, testenv.WithStore(func(s store.Store) store.Store {
		f.Store, f.sound = s, s
		return f
	}))...), f
}

// everyStep calls fn with the first step failing, then with the second, until none is left to fail:
// then fn must succeed. It must say each fault, and after it check is called. everyStep returns the
// number of steps.
func (f *faulty) everyStep(t *testing.T, fn func() error, check func()) (steps int) {
	t.Helper()
	for {
		failing := storetest.Failing(f.sound, steps+1, errFault)
		f.Store = failing
		err := fn()
		f.Store = f.sound
		if !failing.Failed() {
			done(t, err)
			return steps
		}
		steps++
		if !errors.Is(err, errFault) {
			t.Fatalf("step %d failed, and the answer is %v", steps, err)
		}
		check()
		if t.Failed() {
			t.Fatalf("step %d failed", steps)
		}
	}
}

// TestFaults lets every single step of every operation fail: the caller is told, nothing of the
// operation is left, nothing is announced, and the same request succeeds once nothing fails.
func TestFaults(t *testing.T) {
	for i, c := range everyCall(place{}) {
		op := api.Lookup(c.operation)
		if c.operation == "GetMessagingSessionEndpoint" {
			continue // it does not use the store
		}
		t.Run(c.operation, func(t *testing.T) {
			t.Parallel()
			e, f := newFaulty(t, testenv.WithLimits(chat.AWSLimits()))
			p := newPlace(e)
			c := everyCall(p)[i]
			before := stateOf(t, f.sound)
			steps := f.everyStep(t, func() error {
				out, err := c.do(e, testenv.Account, c.bearer(p))
				if err != nil && out != nil {
					t.Errorf("beside the error the answer is %v", out)
				}
				return err
			}, func() {
				same(t, before, stateOf(t, f.sound))
				same(t, 0, len(e.Events()))
			})
			least := 1
			switch {
			case c.operation == "GetMessagingSessionEndpoint":
				least = 0 // it tells what the server was started with
			case !op.ReadOnly:
				least = 3 // it reads, writes and commits
			}
			if steps < least {
				t.Errorf("only %d steps could fail", steps)
			}
			if changed := !cmp.Equal(before, stateOf(t, f.sound)); changed == op.ReadOnly {
				t.Errorf("without a fault it changes something: %v", changed)
			}
		})
	}
}

func TestFaultsOfOpening(t *testing.T) {
	_, f := newFaulty(t)
	f.everyStep(t, func() error {
		_, err := chat.Open(t.Context(), chat.Options{Store: f, Bus: new(bus.Local), Partition: "aws", Region: testenv.Region})
		return err
	}, func() {})
}

func TestFaultsOfASweep(t *testing.T) {
	e, f := newFaulty(t)
	e.Advance(24 * time.Hour)
	swept := 0
	f.everyStep(t, func() error {
		removed, err := e.Service.Sweep(t.Context())
		swept += removed
		return err
	}, func() {})
	if tokens := 2 + len(testenv.Users); swept != tokens { // of the app instance, its admin and the users
		t.Errorf("all sweeps together say they removed %d", swept)
	}
}

// made matches the ids that are made anew in every environment.
var made = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32,64}`)

// TestTransactionsThatAreRunAgain compares every operation with itself on a store that runs its
// transactions twice: answer and events are those of one run.
func TestTransactionsThatAreRunAgain(t *testing.T) {
	for i, c := range everyCall(place{}) {
		if api.Lookup(c.operation).ReadOnly {
			continue
		}
		run := func(t *testing.T, wrap func(store.Store) store.Store) (told []string) {
			e := testenv.New(t)
			p := newPlace(e)
			e.Outbox()
			e.Restart(testenv.WithStore(wrap))
			c := everyCall(p)[i]
			out, err := c.do(e, testenv.Account, c.bearer(p))
			done(t, err)
			if out != nil {
				told = append(told, string(out.AppendJSON(nil, api.ISO8601)))
			}
			for _, event := range e.Events() {
				told = append(told, event.Type, string(event.Payload))
			}
			for _, d := range e.Outbox() {
				told = append(told, d.Destination, d.Payload)
			}
			for i, text := range told {
				told[i] = made.ReplaceAllString(text, "an id")
			}
			return told
		}
		t.Run(c.operation, func(t *testing.T) {
			t.Parallel()
			once := run(t, func(s store.Store) store.Store { return s })
			same(t, once, run(t, storetest.Repeating))
		})
	}
}

// TestFaultsOfSessions lets every single step of what sessions ask fail.
func TestFaultsOfSessions(t *testing.T) {
	e, f := newFaulty(t)
	channel, deleted := e.Channel("alice", testenv.PublicRestricted, "bob"), e.Channel("alice", testenv.PublicRestricted, "bob")
	id := send(t, e, "alice", channel, "hello")
	e.Must(e.As("alice").UpdateChannelMessage(api.UpdateChannelMessageRequest{ChannelArn: channel, MessageId: id, Content: "changed"}))
	done(t, e.As("alice").DeleteChannel(api.DeleteChannelRequest{ChannelArn: deleted}))
	at, ended := bus.Stream{Channel: channel}, bus.Stream{Channel: deleted}
	for name, ask := range map[string]func() error{
		"SessionStreams": func() error {
			return e.Service.SessionStreams(t.Context(), e.ARN("bob"), func([]bus.Stream) error { return nil })
		},
		"SessionEvents": func() error { _, _, err := e.Service.SessionEvents(t.Context(), at, 0, 10); return err },
		"SessionEvents of a deleted channel": func() error {
			_, _, err := e.Service.SessionEvents(t.Context(), ended, 0, 10)
			return err
		},
		"SessionEvents of a sub-channel": func() error {
			_, _, err := e.Service.SessionEvents(t.Context(), bus.Stream{Channel: channel, SubChannel: "none"}, 0, 10)
			return err
		},
		"SessionEventsSince": func() error {
			_, _, err := e.Service.SessionEventsSince(t.Context(), at, e.Now(), 10)
			return err
		},
		"SessionLeavings":   func() error { return second(e.Service.SessionLeavings(t.Context(), e.ARN("bob"), e.Now(), 10)) },
		"SessionModerators": func() error { return second(e.Service.SessionModerators(t.Context(), channel, e.ARNs("bob"))) },
		"SessionDetails": func() error {
			return e.Service.SessionDetails(t.Context(), e.ARN("bob"), false, func(string, ...[]byte) error { return nil })
		},
	} {
		t.Run(name, func(t *testing.T) {
			if steps := f.everyStep(t, ask, func() {}); steps == 0 {
				t.Error("nothing could fail")
			}
		})
	}
}
