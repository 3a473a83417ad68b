package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// truth is what happened, as far as it can be known from outside: the calls that were made, with the
// time of each and of its answer, and the events that came of them.
type truth struct {
	started  time.Time
	channels map[string]int
	people   map[string]int
	// begins says, by channel and user, who is a member when the soak begins.
	begins [][]bool

	calls, heard, slow, strange atomic.Int64

	mu     sync.Mutex
	made   []*call
	events []*event
	byKey  map[eventKey]int
	// outages are the times at which the server was killed, and was back.
	outages []interval
}

// call is a call that causes an event.
type call struct {
	number  int
	channel int
	durable bool // its event is stored
	last    bool // of its channel
	start   int64
	answer  int64 // 0 without one
	key     eventKey
}

// content is what a message carries of the call that made it so.
func (c *call) content() string { return "call " + strconv.Itoa(c.number) }

// The kinds of events that are told apart.
const (
	kindCreate = "CREATE_CHANNEL_MESSAGE"
	kindUpdate = "UPDATE_CHANNEL_MESSAGE"
	kindRedact = "REDACT_CHANNEL_MESSAGE"
	kindEnter  = "CREATE_CHANNEL_MEMBERSHIP"
	kindLeave  = "DELETE_CHANNEL_MEMBERSHIP"
)

// eventKey tells an event from all others. What a message says is no part of it: that may have been changed
// since, when the event is told of later.
type eventKey struct{ kind, id, more string }

// event is something that sessions were told of.
type event struct {
	eventKey
	channel int
	durable bool
	// member is who entered or left, -1 for an event of another kind or somebody else.
	member int
	call   *call // nil when it is not known
	// place is that in the order of the channel, -1 when the witness did not get it.
	place int
}

func newTruth(names, people []string) *truth {
	t := &truth{started: time.Now(), channels: make(map[string]int), people: make(map[string]int), byKey: make(map[eventKey]int)}
	for c, name := range names {
		t.channels[name] = c
		t.begins = append(t.begins, make([]bool, len(people)))
	}
	for u, name := range people {
		t.people[name] = u
	}
	return t
}

func (t *truth) now() int64 { return int64(time.Since(t.started)) }

// begin notes that a call is about to be made.
func (t *truth) begin(channel int, durable bool) *call {
	t.calls.Add(1)
	t.mu.Lock()
	defer t.mu.Unlock()
	c := &call{number: len(t.made), channel: channel, durable: durable, start: t.now()}
	t.made = append(t.made, c)
	return c
}

// close notes that a call is the last of its channel.
func (t *truth) close(c *call) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c.last = true
}

// lastWord reports whether an event is the last one of its channel.
func (t *truth) lastWord(event int) (channel int, last bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.events[event]
	return e.channel, e.call != nil && e.call.last
}

// answered notes that it succeeded, and what its event is.
func (t *truth) answered(c *call, key eventKey) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c.answer, c.key = t.now(), key
}

// payload is what is looked at of an event.
type payload struct {
	ChannelArn, MessageId, Content, Persistence, CreatedTimestamp string
	Member                                                        struct{ Arn string }
}

// recognize returns the number of the event that a frame tells of.
func (t *truth) recognize(text []byte) (int, error) {
	var f struct {
		Headers map[string]string
		Payload string
	}
	var p payload
	if err := json.Unmarshal(text, &f); err != nil {
		return 0, fmt.Errorf("%w in %.300q", err, text)
	}
	if err := json.Unmarshal([]byte(f.Payload), &p); err != nil {
		return 0, fmt.Errorf("%w in %.300q", err, text)
	}
	channel, known := t.channels[p.ChannelArn]
	e := &event{eventKey: eventKey{kind: f.Headers["x-amz-chime-event-type"], id: p.MessageId}, channel: channel, durable: true, member: -1, place: -1}
	switch e.kind {
	case kindCreate:
		e.durable = p.Persistence != "NON_PERSISTENT"
	case kindUpdate, kindRedact:
	case kindEnter, kindLeave:
		// A membership that ends and begins anew was made at another time.
		e.id, e.more = p.ChannelArn+" "+p.Member.Arn, p.CreatedTimestamp
		if u, ok := t.people[p.Member.Arn]; ok {
			e.member = u
		}
	default:
		known = false
	}
	if !known || e.id == "" {
		return 0, fmt.Errorf("%.300q", bytes.Clone(text))
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	number, seen := t.byKey[e.eventKey]
	if !seen {
		number = len(t.events)
		t.events = append(t.events, e)
		t.byKey[e.eventKey] = number
	}
	if n, err := strconv.Atoi(strings.TrimPrefix(p.Content, "call ")); err == nil && n < len(t.made) && t.events[number].call == nil && e.kind != kindRedact {
		// Right unless the message was changed before it was told of; link mends that.
		t.events[number].call = t.made[n]
	}
	return number, nil
}

// link gives every event its call, once everything is over, and returns the calls that were answered
// and of which nobody was told.
func (t *truth) link() (untold []*call) {
	of := make(map[*event]*call)
	for _, c := range t.made {
		if c.answer == 0 {
			continue
		}
		if number, ok := t.byKey[c.key]; ok {
			of[t.events[number]] = c
		} else {
			untold = append(untold, c)
		}
	}
	for _, e := range t.events {
		if c := of[e]; c != nil {
			e.call = c
		} else if e.call != nil && e.call.answer != 0 {
			e.call = nil // the call of a later change
		}
	}
	return untold
}

// start is when the call of an event was made; false when it is not known.
func (e *event) start() (int64, bool) {
	if e.call == nil {
		return 0, false
	}
	return e.call.start, true
}

func (t *truth) kill(at int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.outages = append(t.outages, interval{from: at})
}

func (t *truth) back() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.outages[len(t.outages)-1].to = t.now()
}

func (t *truth) kills() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.outages)
}

// afterwards is how long after an outage its traces may still be met: connections that wait in the
// queue of a listener which is gone.
const afterwards = int64(time.Second)

// killed reports whether the server was killed, or away, within a span of time.
func (t *truth) killed(from, to int64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, o := range t.outages {
		if o.from <= to && (o.to == 0 || o.to+afterwards >= from) {
			return true
		}
	}
	return false
}

// firstKill is when the server was killed first within a span of time; its end if it was not.
func (t *truth) firstKill(from, to int64) int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, o := range t.outages {
		if o.from >= from && o.from < to {
			return o.from
		}
	}
	return to
}
