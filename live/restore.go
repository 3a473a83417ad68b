package live

import (
	"cmp"
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
	kept   []kept
}

// kept is a session that was brought back, and what it missed.
type kept struct {
	session *session
	missed  []*Past
}

// want is a part of a stream: after a place or, when that is unknown, from a time on.
type want struct {
	bus.Stream
	until int64
	since time.Time // zero when the place is known
}

// skew is how far the clocks of nodes may differ: what happened shortly before a session began is told
// rather than lost.
const skew = time.Second

// restore brings back sessions whose time has not ended, and begins the new journal.
func (h *Hub) restore(ctx context.Context, before *last) error {
	until := before.beat.Add(h.ResumeWindow)
	r := &restoration{hub: h, ctx: ctx, last: before, events: make(map[want][]Past)}
	if until.After(h.Now()) {
		byUser := make(map[string][]lastSession)
		for _, s := range before.sessions {
			byUser[s.user] = append(byUser[s.user], s)
		}
		for name, sessions := range byUser {
			if err := r.user(name, sessions, until); err != nil {
				return err
			}
		}
		r.deliver()
	}
	if len(r.kept) > 0 {
		h.Log.Info("sessions wait for their clients", "sessions", len(r.kept), "until", until)
	}
	if h.Journal == "" {
		return nil
	}
	if err := os.Rename(h.Journal+".new", h.Journal); err != nil {
		return fmt.Errorf("live: journal: %w", err)
	}
	return nil
}

// user brings back the sessions of one user, if it is still there.
func (r *restoration) user(name string, sessions []lastSession, until time.Time) error {
	h := r.hub
	u, err := h.load(name)
	var stated *api.Error
	if errors.As(err, &stated) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("live: restoring sessions: %w", err)
	}
	// Events are not handed out yet: what happens from now on comes behind what is read.
	mine := len(r.kept)
	places := make(map[roomName]int64)
	h.mu.Lock()
	u.pins--
	for _, s := range sessions {
		session := h.newSession(u, s.id, s.began)
		session.resume(s.overflowed, until)
		r.kept = append(r.kept, kept{session: session})
	}
	for _, room := range u.rooms {
		places[room.name] = room.members[u]
	}
	h.mu.Unlock()
	for i, s := range sessions {
		if s.overflowed {
			continue
		}
		if err := r.leavings(name, s.began, places); err != nil {
			return err
		}
		k := &r.kept[mine+i]
		var whole bool
		if k.missed, whole, err = r.missed(name, s, places); err != nil {
			return err
		}
		if !whole {
			k.session.giveUp()
		}
	}
	return nil
}

// leavings adds streams that the user has left since a session of it began, up to where it did. That a
// stream is there which another session has heard to its end does no harm.
func (r *restoration) leavings(name string, began time.Time, places map[roomName]int64) error {
	left, err := r.hub.Directory.Leavings(r.ctx, name, began.Add(-skew), r.hub.Buffer)
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

// missed reads what a session of a user missed; whole is false when it is more than is kept.
func (r *restoration) missed(name string, s lastSession, places map[roomName]int64) (missed []*Past, whole bool, err error) {
	for in, until := range places {
		list, err := r.stream(in, s, until)
		if err != nil {
			return nil, false, err
		}
		if len(list) > r.hub.Buffer {
			return nil, false, nil // there is more than was read
		}
		member := startsAsMember(name, list)
		for i := range list {
			e := &list[i]
			there := member || slices.Contains(e.Audience.Joined, name)
			member = there && !slices.Contains(e.Audience.Left, name)
			if !there || e.At.Before(s.began.Add(-skew)) {
				continue
			}
			hears, err := r.hears(name, &e.Event)
			if err != nil {
				return nil, false, err
			}
			if hears {
				missed = append(missed, e)
			}
		}
	}
	return missed, true, nil
}

// startsAsMember reports whether a user was a member before the events of a stream in which it is one
// in the end, or leaves last.
func startsAsMember(name string, list []Past) bool {
	for i := range list {
		switch to := &list[i].Audience; {
		case slices.Contains(to.Left, name):
			return true
		case slices.Contains(to.Joined, name):
			return false
		}
	}
	return true
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// stream reads the events of a stream that a session was not told, up to a place.
func (r *restoration) stream(in roomName, s lastSession, until int64) ([]Past, error) {
	position, known := r.position(in, s.from)
	if known && position >= until || until == 0 {
		return nil, nil
	}
	w := want{Stream: bus.Stream{Channel: in.channel, SubChannel: in.subChannel, Sequence: position}, until: until}
	if !known {
		w.since = later(r.since, s.began.Add(-skew))
	}
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
	if !w.since.IsZero() {
		list, _, err := r.hub.Directory.EventsSince(r.ctx, w.Stream, w.since, r.hub.Buffer+1)
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

// deliver gives every session what it missed. All frames get their places in the journal first, in the
// order in which the events happened: were a newer event of a stream before an older one there, because
// one session had missed less than another, the next process could not tell who had got what.
func (r *restoration) deliver() {
	frames := make(map[bus.Stream]*frame)
	var all []*Past
	for _, k := range r.kept {
		for _, e := range k.missed {
			if at := placeOf(e); frames[at] == nil {
				frames[at] = encode(&e.Event)
				all = append(all, e)
			}
		}
	}
	r.sort(all)
	r.hub.mu.Lock()
	for _, e := range all {
		frames[placeOf(e)].place = r.hub.journal.append(nameOf(&e.Event), e.Sequence, r.hub.Now())
	}
	r.hub.mu.Unlock()
	for _, k := range r.kept {
		missed := make([]*frame, len(k.missed))
		for i, e := range k.missed {
			missed[i] = frames[placeOf(e)]
		}
		slices.SortFunc(missed, func(a, b *frame) int { return cmp.Compare(a.place, b.place) })
		k.session.precede(missed)
	}
	r.hub.journal.finish()
}

// sort puts events in the order of their streams and, as far as that allows, of their times.
func (r *restoration) sort(all []*Past) {
	slices.SortFunc(all, func(a, b *Past) int { return cmp.Compare(a.Sequence, b.Sequence) })
	at := make(map[*Past]time.Time, len(all))
	latest := make(map[roomName]time.Time)
	for _, e := range all {
		in := nameOf(&e.Event)
		if e.At.After(latest[in]) {
			latest[in] = e.At
		}
		at[e] = latest[in]
	}
	slices.SortStableFunc(all, func(a, b *Past) int { return at[a].Compare(at[b]) })
}

// placeOf names an event.
func placeOf(e *Past) bus.Stream {
	return bus.Stream{Channel: e.Channel, SubChannel: e.SubChannel, Sequence: e.Sequence}
}

// resume makes a session that was brought back wait for its client.
func (s *session) resume(overflowed bool, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.overflowed = overflowed
	s.wait(until)
	s.note()
}

// giveUp is for a session that has missed more than is kept.
func (s *session) giveUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.overflow()
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
