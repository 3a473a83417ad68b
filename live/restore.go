package live

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"carillon/api"
	"carillon/bus"
)

// restoration brings back the sessions of the process before, each with the events that its client
// has not got: whether they were not written, were committed but not handed out when the process ended,
// or happened since on other nodes.
type restoration struct {
	hub *Hub
	ctx context.Context
	*last
	// Sessions of one channel mostly want the same events.
	events map[want][]Past
	frames map[bus.Stream]*frame
}

// want is a part of a stream: after a place or, when it is unknown, from the time of the journal on.
type want struct {
	bus.Stream
	until int64
	known bool
}

// restore brings back sessions whose time has not ended, and begins the new journal.
func (h *Hub) restore(ctx context.Context, before *last) error {
	until := before.beat.Add(h.ResumeWindow)
	r := &restoration{hub: h, ctx: ctx, last: before, events: make(map[want][]Past), frames: make(map[bus.Stream]*frame)}
	restored := 0
	if until.After(h.Now()) {
		byUser := make(map[string][]lastSession)
		for _, s := range before.sessions {
			byUser[s.user] = append(byUser[s.user], s)
		}
		for name, sessions := range byUser {
			n, err := r.user(name, sessions, until)
			if err != nil {
				return err
			}
			restored += n
		}
	}
	if restored > 0 {
		h.Log.Info("sessions wait for their clients", "sessions", restored, "until", until)
	}
	if h.Journal == "" {
		return nil
	}
	if err := os.Rename(h.Journal+".new", h.Journal); err != nil {
		return fmt.Errorf("live: journal: %w", err)
	}
	return nil
}

// user brings back the sessions of one user, if it is still there, and returns how many.
func (r *restoration) user(name string, sessions []lastSession, until time.Time) (int, error) {
	h := r.hub
	u, err := h.load(name)
	var stated *api.Error
	if errors.As(err, &stated) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("live: restoring sessions: %w", err)
	}
	// The sessions come first: what happens from now on is kept behind what is read.
	kept := make([]*session, len(sessions))
	places := make(map[roomName]int64)
	h.mu.Lock()
	u.pins--
	for i, s := range sessions {
		kept[i] = h.newSession(u, s.id)
		kept[i].resume(s.overflowed, until)
	}
	for _, room := range u.rooms {
		places[room.name] = room.members[u]
	}
	h.mu.Unlock()
	if err := r.leavings(name, places); err != nil {
		return 0, err
	}
	for i, s := range sessions {
		if s.overflowed {
			continue
		}
		missed, err := r.missed(name, s.from, places)
		if err != nil {
			return 0, err
		}
		kept[i].precede(missed)
	}
	return len(sessions), nil
}

// leavings adds streams that the user has left, up to where it did.
func (r *restoration) leavings(name string, places map[roomName]int64) error {
	left, err := r.hub.Directory.Leavings(r.ctx, name, r.since, r.hub.Buffer)
	if err != nil {
		return fmt.Errorf("live: restoring sessions: %w", err)
	}
	for _, e := range left {
		if in := nameOf(&e.Event); places[in] < e.Sequence {
			places[in] = e.Sequence
		}
	}
	return nil
}

// missed reads what a session of a user missed, in the order in which it happened.
func (r *restoration) missed(name string, from uint64, places map[roomName]int64) ([]*frame, error) {
	type mark struct {
		at    time.Time
		event *Past
	}
	var all []mark
	for in, until := range places {
		list, err := r.stream(in, from, until)
		if err != nil {
			return nil, err
		}
		var at time.Time
		for i := range list {
			e := &list[i]
			hears, err := r.hears(name, &e.Event)
			if err != nil {
				return nil, err
			}
			if at = later(at, e.At); hears {
				all = append(all, mark{at: at, event: e})
			}
		}
	}
	// The events of each stream are in order, and their times do not run against it.
	slices.SortStableFunc(all, func(a, b mark) int { return a.at.Compare(b.at) })
	frames := make([]*frame, len(all))
	for i, m := range all {
		frames[i] = r.frame(&m.event.Event)
	}
	return frames, nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// stream reads the events of a stream that a session was not told, up to a place.
func (r *restoration) stream(in roomName, from uint64, until int64) ([]Past, error) {
	position, known := r.position(in, from)
	if known && position >= until || until == 0 {
		return nil, nil
	}
	w := want{Stream: bus.Stream{Channel: in.channel, SubChannel: in.subChannel, Sequence: position}, until: until, known: known}
	if list, ok := r.events[w]; ok {
		return list, nil
	}
	list, err := r.read(w)
	if err != nil {
		return nil, fmt.Errorf("live: restoring sessions: %w", err)
	}
	r.events[w] = list
	return list, nil
}

// read reads at most one event more than a session keeps.
func (r *restoration) read(w want) ([]Past, error) {
	if !w.known {
		list, _, err := r.hub.Directory.EventsSince(r.ctx, w.Stream, r.since, r.hub.Buffer+1)
		return slices.DeleteFunc(list, func(e Past) bool { return e.Sequence > w.until }), err
	}
	list, _, err := r.hub.Directory.Events(r.ctx, w.Stream, w.until, r.hub.Buffer+1)
	return list, err
}

// hears reports whether an event is for a user who is, or was then, a member.
func (r *restoration) hears(name string, e *bus.Event) (bool, error) {
	to := &e.Audience
	if to.Members || slices.Contains(to.Only, name) || slices.Contains(to.Joined, name) || slices.Contains(to.Left, name) {
		return true, nil
	}
	if !to.Moderators {
		return false, nil
	}
	moderators, err := r.hub.Directory.Moderators(r.ctx, e.Channel, []string{name})
	return len(moderators) > 0, err
}

// frame is the frame of an event, the same for all sessions.
func (r *restoration) frame(e *bus.Event) *frame {
	at := bus.Stream{Channel: e.Channel, SubChannel: e.SubChannel, Sequence: e.Sequence}
	f := r.frames[at]
	if f == nil {
		f = encode(e)
		r.hub.mu.Lock()
		f.place = r.hub.journal.append(nameOf(e), e.Sequence, r.hub.Now())
		r.hub.mu.Unlock()
		r.frames[at] = f
	}
	return f
}

// resume makes a session that was brought back wait for its client.
func (s *session) resume(overflowed bool, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.overflowed = overflowed
	s.wait(until)
	s.note()
}

// precede puts frames before what happened since the session was brought back.
func (s *session) precede(frames []*frame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.ended, s.overflowed, len(frames) == 0:
	case len(frames)+len(s.queue) > s.hub.Buffer:
		s.overflow()
	default:
		s.queue = append(slices.Clip(frames), s.queue...)
		s.note()
	}
}
