package live

import (
	"context"
	"errors"
	"slices"
	"time"

	"carillon/api"
	"carillon/bus"
)

const (
	// maxHeld bounds the events that wait in a room while the store is asked.
	maxHeld = 1 << 13
	// fillPage is how many events are read at a time to fill a gap.
	fillPage = 500
	// unknown is the place of a room of which no event has been seen.
	unknown = -1
	// fillAttempts bounds how often a read is tried, with fillPause between, twice as long each time.
	fillAttempts = 6
	fillPause    = 50 * time.Millisecond
)

// roomName names a stream.
type roomName struct{ channel, subChannel string }

func nameOf(e *bus.Event) roomName { return roomName{channel: e.Channel, subChannel: e.SubChannel} }

// room is a stream of events with those who hear it: a channel, or a sub-channel. There is one while a
// user of this node is a member. It is guarded by the hub's mutex.
type room struct {
	hub  *Hub
	name roomName
	// members has the place after which each hears what happens.
	members map[*user]int64
	// sequence is the place of the last durable event that was handed out.
	sequence int64

	// held are events that wait, in order, because the store has to be asked first; settling is set
	// while somebody asks. torn: there is more in the store than was held.
	held     []bus.Event
	settling bool
	torn     bool
	// closed: the room has no members any more, and its place may be another's.
	closed bool
}

func (h *Hub) open(name roomName, sequence int64) *room {
	r := &room{hub: h, name: name, members: make(map[*user]int64), sequence: sequence}
	h.rooms[name] = r
	return r
}

// join makes a user hear a room from a place on.
func (h *Hub) join(u *user, r *room, after int64) {
	if _, ok := r.members[u]; !ok {
		r.members[u] = after
		u.rooms = append(u.rooms, r)
	}
}

// leave takes a user out of a room, and closes a room that nobody hears.
func (h *Hub) leave(u *user, r *room) {
	delete(r.members, u)
	if i := slices.Index(u.rooms, r); i >= 0 {
		u.rooms = slices.Delete(u.rooms, i, i+1)
	}
	if len(r.members) == 0 && !r.closed {
		r.closed = true
		delete(h.rooms, r.name)
	}
}

// take hands an event out, or holds it behind those that are held already.
func (r *room) take(e *bus.Event) {
	if r.settling {
		r.hold(e)
		return
	}
	switch r.need(e) {
	case nothing:
		r.fanOut(e, nil)
	case duplicate:
	default:
		r.hold(e)
		r.hub.settle(r)
	}
}

// hold puts an event behind those that wait. Durable ones beyond the bound are read from the store
// later.
func (r *room) hold(e *bus.Event) {
	switch {
	case len(r.held) < maxHeld:
		r.held = append(r.held, *e)
	case e.Sequence > 0:
		r.torn = true
	default:
		r.hub.metrics.dropped.Inc()
	}
}

// need is what must be known before an event is handed out.
type need int

const (
	nothing need = iota
	duplicate
	earlier    // the events before it
	moderators // who moderates
)

func (r *room) need(e *bus.Event) need {
	switch {
	case e.Sequence > 0 && r.sequence != unknown && e.Sequence <= r.sequence:
		return duplicate
	case e.Sequence > 0 && r.sequence != unknown && e.Sequence > r.sequence+1:
		return earlier
	case e.Audience.Moderators:
		return moderators
	}
	return nothing
}

// settle has somebody ask the store what a room needs, until nothing is held.
func (h *Hub) settle(r *room) {
	if !r.settling {
		r.settling = true
		h.wg.Go(func() { h.settleAll(r) })
	}
}

func (h *Hub) settleAll(r *room) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		switch {
		case r.closed || h.life.Err() != nil:
			r.held = nil
			return
		case len(r.held) == 0 && !r.torn:
			r.settling = false
			return
		case len(r.held) == 0:
			r.torn = false
			h.fill(r, 0)
			continue
		}
		e := &r.held[0]
		switch r.need(e) {
		case earlier:
			h.fill(r, e.Sequence-1)
			continue
		case moderators:
			h.tellModerators(r, e)
		case nothing:
			r.fanOut(e, nil)
		}
		if len(r.held) > 0 {
			r.held = slices.Delete(r.held, 0, 1)
		}
	}
}

// fill reads events that the bus did not bring, up to a place or all there are, and hands them out.
// The hub's mutex is free meanwhile.
func (h *Hub) fill(r *room, until int64) {
	for !r.closed {
		at := bus.Stream{Channel: r.name.channel, SubChannel: r.name.subChannel, Sequence: max(r.sequence, 0)}
		var events []Past
		var next int64
		h.mu.Unlock()
		err := h.persist(func(ctx context.Context) (err error) {
			events, next, err = h.Directory.Events(ctx, at, until, fillPage)
			return err
		})
		h.mu.Lock()
		if err != nil {
			h.failRoom(r, err)
			return
		}
		for i := range events {
			e := &events[i].Event
			switch {
			case r.closed:
				return
			case e.Audience.Moderators:
				h.tellModerators(r, e)
			default:
				r.fanOut(e, nil)
			}
		}
		r.sequence = max(r.sequence, next)
		if len(events) < fillPage {
			// Places without an event are passed over.
			r.sequence = max(r.sequence, until)
			h.metrics.filled.WithLabelValues("filled").Inc()
			return
		}
	}
}

// tellModerators hands out an event that is for those who moderate.
func (h *Hub) tellModerators(r *room, e *bus.Event) {
	event := *e // what is held may move meanwhile
	among := make([]string, 0, len(r.members))
	for u := range r.members {
		among = append(among, u.arn)
	}
	var tell []string
	h.mu.Unlock()
	err := h.persist(func(ctx context.Context) (err error) {
		tell, err = h.Directory.Moderators(ctx, r.name.channel, among)
		return err
	})
	h.mu.Lock()
	switch {
	case err != nil:
		h.failRoom(r, err)
	case !r.closed:
		r.fanOut(&event, tell)
	}
}

// persist tries a read several times, unless its answer is final.
func (h *Hub) persist(read func(ctx context.Context) error) error {
	wait := fillPause
	for attempt := 1; ; attempt++ {
		err := read(h.life)
		var stated *api.Error
		if err == nil || attempt == fillAttempts || h.life.Err() != nil || errors.As(err, &stated) || errors.Is(err, errGone) {
			return err
		}
		pause(h.life, wait)
		wait *= 2
	}
}

// failRoom gives up on a room whose events cannot be read: what its members are not told now they are
// never told, so their sessions begin anew.
func (h *Hub) failRoom(r *room, err error) {
	if r.closed || errors.Is(err, context.Canceled) {
		return
	}
	h.metrics.filled.WithLabelValues("failed").Inc()
	h.Log.Error("events are missing and cannot be read", "channel", r.name.channel, "sub_channel", r.name.subChannel, "error", err)
	for u := range r.members {
		h.forget(u, closing{code: closeInternal, reason: "Events were lost"})
	}
}

// fanOut gives an event to the sessions it is for. moderators are those who moderate, of an event that
// is for them.
func (r *room) fanOut(e *bus.Event, moderators []string) {
	h := r.hub
	if e.Sequence > 0 {
		r.sequence = e.Sequence
	}
	h.welcome(r, e)
	f := encode(e)
	f.place = h.journal.append(r.name, e.Sequence, h.Now())
	told := 0
	if e.Audience.Members {
		for u, after := range r.members {
			if e.Sequence == 0 || e.Sequence > after {
				told += u.push(f)
			}
		}
	} else {
		told = r.tell(f, e.Audience.Only, moderators, e.Audience.Joined, e.Audience.Left)
	}
	h.journal.finish()
	if told > 0 {
		h.metrics.events.Inc()
		h.metrics.deliveries.Add(float64(told))
	}
	h.dismiss(r, e)
}

// tell gives a frame to those named who are members, once to each.
func (r *room) tell(f *frame, names ...[]string) (told int) {
	heard := make(map[*user]bool)
	for _, list := range names {
		for _, arn := range list {
			u := r.hub.users[arn]
			if u == nil || heard[u] {
				continue
			}
			if _, ok := r.members[u]; ok {
				heard[u] = true
				told += u.push(f)
			}
		}
	}
	return told
}

// welcome makes those who join with an event members.
func (h *Hub) welcome(r *room, e *bus.Event) {
	for _, arn := range e.Audience.Joined {
		u := h.users[arn]
		if u == nil {
			continue
		}
		h.join(u, r, e.Sequence-1)
		if r.name.subChannel == "" {
			continue
		}
		// Who is in a sub-channel hears what happens to the whole channel too.
		parent := roomName{channel: r.name.channel}
		whole := h.rooms[parent]
		if whole == nil {
			whole = h.open(parent, unknown)
		}
		h.join(u, whole, 0)
		if from := h.rooms[roomName{channel: e.Channel, subChannel: e.Leaves}]; e.Leaves != "" && from != nil {
			h.leave(u, from)
		}
	}
}

// dismiss takes out those for whom an event was the last one.
func (h *Hub) dismiss(r *room, e *bus.Event) {
	if e.Type == "DELETE_CHANNEL" {
		for u := range r.members {
			h.leaveChannel(u, r.name.channel)
		}
		return
	}
	for _, arn := range e.Audience.Left {
		u := h.users[arn]
		if u == nil {
			continue
		}
		h.leave(u, r)
		inChannel := func(other *room) bool { return other.name.channel == r.name.channel && other.name.subChannel != "" }
		if whole := h.rooms[roomName{channel: r.name.channel}]; r.name.subChannel != "" && whole != nil && !slices.ContainsFunc(u.rooms, inChannel) {
			h.leave(u, whole)
		}
	}
}

// leaveChannel takes a user out of a channel with all its sub-channels.
func (h *Hub) leaveChannel(u *user, channel string) {
	for _, r := range slices.Clone(u.rooms) {
		if r.name.channel == channel {
			h.leave(u, r)
		}
	}
}

// push hands a frame to every session of the user.
func (u *user) push(f *frame) int {
	for _, s := range u.sessions {
		s.push(f)
	}
	return len(u.sessions)
}
