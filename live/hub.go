package live

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"carillon/bus"
)

const (
	// maxInbox bounds the events that wait to be handed out.
	maxInbox = 1 << 16
	// maxExpired is how many sessions are remembered beyond their time, to tell clients that come back
	// too late from new ones.
	maxExpired = 1 << 14
)

// Hub is the sessions of one node. Its methods are safe for concurrent use.
type Hub struct {
	Options
	metrics    *metrics
	journal    *journal
	signatures *signatures
	beat       beat
	awaiting   awaiting
	expired    *lru.Cache[sessionName, struct{}]
	reviews    atomic.Int64 // how often Review was called

	// life ends with the hub.
	life context.Context
	stop context.CancelFunc
	wg   sync.WaitGroup
	// connections are the goroutines of connections.
	connections sync.WaitGroup

	inbox inbox

	mu       sync.Mutex
	users    map[string]*user
	rooms    map[roomName]*room
	draining bool
}

// sessionName names a session to the outside.
type sessionName struct{ user, id string }

// user is an app instance user with sessions on this node.
type user struct {
	arn      string
	sessions []*session // the oldest first
	rooms    []*room
	// pins counts those who are about to give the user a session.
	pins int
	// loading is set until it is known where the user is a member.
	loading *loading
}

// loading is a user whose memberships are being read. What happens meanwhile is newer than what is
// read.
type loading struct {
	done chan struct{} // closed in the end
	err  error
	// left has the places at which the user left streams.
	left map[roomName]int64
}

// New makes a hub, which takes events from the bus from now on, and brings back the sessions of the
// journal. It must be closed.
func New(ctx context.Context, o Options) (*Hub, error) {
	o.fill()
	expired, err := lru.New[sessionName, struct{}](maxExpired)
	if err != nil {
		return nil, err
	}
	h := &Hub{
		Options: o, metrics: newMetrics(o.Metrics), signatures: newSignatures(), expired: expired,
		users: make(map[string]*user), rooms: make(map[roomName]*room),
	}
	h.life, h.stop = context.WithCancel(context.Background())
	h.inbox.filled = make(chan struct{}, 1)
	before, err := readJournal(o.Journal)
	if err != nil {
		return nil, err
	}
	if h.journal, err = createJournal(o.Journal, o.Now()); err != nil {
		return nil, err
	}
	cancel := o.Bus.Subscribe(h.receive)
	// What happens meanwhile is handed out once the sessions have been given what happened before.
	if err := h.restore(ctx, before); err != nil {
		cancel()
		h.stop()
		return nil, errors.Join(err, h.journal.close())
	}
	h.wg.Go(func() { h.handOut(cancel) })
	h.wg.Go(h.tick)
	return h, nil
}

// inbox is what came from the bus and was not handed out yet.
type inbox struct {
	mu     sync.Mutex
	events []bus.Event
	// torn are streams of which an event had no room.
	torn   map[roomName]struct{}
	busy   bool          // somebody is handing out
	filled chan struct{} // has room for one
}

// receive takes an event from the bus. It does not wait: what has no room is read from the store.
func (h *Hub) receive(e bus.Event) {
	h.inbox.mu.Lock()
	if len(h.inbox.events) < maxInbox {
		h.inbox.events = append(h.inbox.events, e)
	} else {
		h.metrics.dropped.Inc()
		if e.Sequence > 0 {
			if h.inbox.torn == nil {
				h.inbox.torn = make(map[roomName]struct{})
			}
			h.inbox.torn[nameOf(&e)] = struct{}{}
		}
	}
	h.inbox.mu.Unlock()
	select {
	case h.inbox.filled <- struct{}{}:
	default:
	}
}

// take takes everything from the inbox.
func (i *inbox) take() (events []bus.Event, torn map[roomName]struct{}) {
	i.mu.Lock()
	defer i.mu.Unlock()
	events, torn = i.events, i.torn
	i.events, i.torn = nil, nil
	i.busy = len(events) > 0 || len(torn) > 0
	return events, torn
}

// idle reports whether everything that came was handed out.
func (i *inbox) idle() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return !i.busy && len(i.events) == 0 && len(i.torn) == 0
}

// handOut gives the events to sessions, in the order in which they came, until the hub ends.
func (h *Hub) handOut(unsubscribe func()) {
	defer unsubscribe()
	for {
		events, torn := h.inbox.take()
		for i := range events {
			h.mu.Lock()
			h.dispatch(&events[i])
			h.mu.Unlock()
		}
		for name := range torn {
			h.mu.Lock()
			if r := h.rooms[name]; r != nil {
				r.torn = true
				h.settle(r)
			}
			h.mu.Unlock()
		}
		if len(events) > 0 || len(torn) > 0 {
			continue
		}
		select {
		case <-h.inbox.filled:
		case <-h.life.Done():
			return
		}
	}
}

// dispatch gives one event to those it is for, or to its room to be held.
func (h *Hub) dispatch(e *bus.Event) {
	if len(e.Gone) > 0 {
		h.banish(e.Gone)
		return
	}
	for _, arn := range e.Audience.Left {
		if u := h.users[arn]; u != nil && u.loading != nil && e.Sequence > 0 {
			u.loading.left[nameOf(e)] = e.Sequence
		}
	}
	r := h.rooms[nameOf(e)]
	if r == nil {
		if r = h.openFor(e); r == nil {
			return
		}
	}
	r.take(e)
}

// openFor opens a room for an event with which users of this node become members of it.
func (h *Hub) openFor(e *bus.Event) *room {
	if slices.ContainsFunc(e.Audience.Joined, func(arn string) bool { return h.users[arn] != nil }) {
		return h.open(nameOf(e), e.Sequence-1)
	}
	return nil
}

// banish ends the sessions of users that were deleted, or whose app instances were.
func (h *Hub) banish(gone []string) {
	for _, arn := range gone {
		if u := h.users[arn]; u != nil {
			h.forget(u, closing{code: closeForbidden, reason: "The user was deleted"})
		}
		if strings.Contains(arn, "/user/") || strings.Contains(arn, "/bot/") {
			continue
		}
		for name, u := range h.users {
			if strings.HasPrefix(name, arn+"/") {
				h.forget(u, closing{code: closeForbidden, reason: "The app instance was deleted"})
			}
		}
	}
}

// forget ends all sessions of a user.
func (h *Hub) forget(u *user, why closing) {
	for _, s := range u.sessions {
		s.end(why)
	}
	u.sessions = nil
	h.release(u)
}

// release lets a user go that has no session.
func (h *Hub) release(u *user) {
	if h.users[u.arn] != u {
		return
	}
	delete(h.users, u.arn)
	rooms := u.rooms
	u.rooms = nil // to take them out one by one would move the others each time
	for _, r := range rooms {
		h.leave(u, r)
	}
}

// end ends a session: for a client that said goodbye, or one that did not come back.
func (h *Hub) end(s *session, why closing) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.drop(s, why)
}

func (h *Hub) drop(s *session, why closing) {
	s.end(why)
	u := s.user
	u.sessions = slices.DeleteFunc(u.sessions, func(other *session) bool { return other == s })
	h.tidy(u)
}

// tidy lets a user go that nobody needs.
func (h *Hub) tidy(u *user) {
	if len(u.sessions) == 0 && u.pins == 0 {
		h.release(u)
	}
}

// Close tells all clients to connect again, spread over some time, and ends the hub. What was handed
// over before is written first, to those who read. The sessions stay in the journal. It must be called
// once nothing is published any more; ctx bounds how long clients are waited for.
func (h *Hub) Close(ctx context.Context) error {
	h.mu.Lock()
	h.draining = true
	h.mu.Unlock()
	for !h.idle() && ctx.Err() == nil {
		pause(ctx, time.Millisecond)
	}
	h.drain(ctx)
	// Clients try to connect again for ten seconds: they must not wait for one that does not answer.
	ctx, cancel := context.WithTimeout(ctx, h.Farewell)
	defer cancel()
	done := make(chan struct{})
	go func() { h.connections.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
		for _, c := range h.beat.all() {
			_ = c.nc.Close()
		}
		<-done
	}
	h.stop()
	h.wg.Wait()
	return h.journal.close()
}

// drain closes all connections, a few at a time when they are many.
func (h *Hub) drain(ctx context.Context) {
	all := h.beat.all()
	const few = 100
	for i, c := range all {
		if len(all) > few && i%few == 0 {
			pause(ctx, h.DrainSpread*few/time.Duration(len(all)))
		}
		c.session.mu.Lock()
		c.shut(restarting.code, restarting.reason, afterwards)
		c.session.mu.Unlock()
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// idle reports whether every event that came was handed out.
func (h *Hub) idle() bool {
	if !h.inbox.idle() {
		return false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range h.rooms {
		if r.settling {
			return false
		}
	}
	return true
}
