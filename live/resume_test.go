package live_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"carillon/bus"
	"carillon/live"
)

func TestResume(t *testing.T) {
	var ahead atomic.Int64
	h := newHouse(t, func(o *live.Options) {
		o.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	})
	h.join("general", "alice", "bob")
	waiting := func(n float64) {
		t.Helper()
		eventually(t, "the session waits", func() bool { return h.metric("carillon_sessions_waiting", "") == n })
	}

	t.Run("a client that was cut off gets what it missed, once and in order, stored or not", func(t *testing.T) {
		alice := h.connect("alice", "s1")
		alice.silent(h, "general")
		alice.confirms()
		alice.cut()
		waiting(1)
		h.message("general", "one")
		h.bus.Publish(said("general", "not stored"))
		h.message("general", "two")
		alice = h.connect("alice", "s1")
		alice.says("one", "not stored", "two")
		alice.silent(h, "general")
		alice.goodbye()
	})
	t.Run("what it was sent and did not confirm it gets again", func(t *testing.T) {
		alice := h.dawdle("alice", "s2")
		for i := range 10 {
			h.message("general", fmt.Sprint("unread ", i))
		}
		time.Sleep(20 * time.Millisecond)
		alice.cut()
		waiting(1)
		alice = h.connect("alice", "s2")
		for i := range 10 {
			alice.says(fmt.Sprint("unread ", i))
		}
		alice.goodbye()
	})
	t.Run("memberships that end meanwhile end there", func(t *testing.T) {
		bob := h.connect("bob", "s1")
		bob.cut()
		waiting(1)
		h.message("general", "before")
		h.bus.Publish(h.happen(membership("DELETE_CHANNEL_MEMBERSHIP", "general", bus.Audience{Members: true, Left: []string{arnOf("bob")}})))
		h.message("general", "after")
		h.bus.Publish(h.happen(membership("CREATE_CHANNEL_MEMBERSHIP", "other", bus.Audience{Members: true, Joined: []string{arnOf("bob")}})))
		bob = h.connect("bob", "s1")
		bob.says("before")
		bob.event("DELETE_CHANNEL_MEMBERSHIP")
		bob.event("CREATE_CHANNEL_MEMBERSHIP")
		bob.silent(h, "other")
		bob.goodbye()
	})
	t.Run("a client that says goodbye is not waited for", func(t *testing.T) {
		alice := h.connect("alice", "s3")
		alice.goodbye()
		waiting(0)
		h.message("general", "nobody is there")
		alice = h.connect("alice", "s3")
		alice.silent(h, "general")
		alice.goodbye()
	})
	t.Run("a client that comes too late begins anew, and is counted", func(t *testing.T) {
		alice := h.connect("alice", "s4")
		alice.cut()
		waiting(1)
		h.message("general", "missed")
		ahead.Store(int64(live.DefaultResumeWindow))
		waiting(0)
		alice = h.connect("alice", "s4")
		alice.silent(h, "general")
		if got := h.metric("carillon_session_resumes_total", "expired"); got != 1 {
			t.Errorf("%v expired", got)
		}
		alice.goodbye()
	})
	t.Run("nothing of anybody is left", func(t *testing.T) {
		waiting(0)
		eventually(t, "nobody is connected", func() bool { return h.metric("carillon_sessions_connected", "") == 0 })
	})
}

// kill ends the hub as a process ends that is killed: what it does afterwards reaches neither clients
// nor the journal.
func (h *house) kill() {
	h.t.Helper()
	copied, err := os.ReadFile(h.options.Journal)
	if err != nil {
		h.t.Fatal(err)
	}
	h.stop()
	if err := os.WriteFile(h.options.Journal, copied, 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// lateListener accepts connections whose writes return late, as they do on a busy machine.
type lateListener struct{ net.Listener }

func (l lateListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return lateConn{c}, err
}

type lateConn struct{ net.Conn }

func (c lateConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	time.Sleep(20 * time.Millisecond)
	return n, err
}

func TestAClientThatIsToldItsSessionHasEndedIsNotWaitedForHoweverSoonTheProcessEnds(t *testing.T) {
	free := make(chan struct{})
	var hold atomic.Bool
	var held atomic.Int64
	h := newHouse(t, func(o *live.Options) {
		o.Now = func() time.Time {
			if hold.Load() {
				held.Add(1)
				<-free
			}
			return time.Now()
		}
	})
	h.join("general", "alice")
	release := sync.OnceFunc(func() { hold.Store(false); close(free) })
	t.Cleanup(release)
	alice := h.connect("alice", "s1")
	h.message("general", "somebody reads what this is answered with")
	alice.event("CREATE_CHANNEL_MESSAGE")
	alice.confirms()
	hold.Store(true)
	h.message("general", "while this is handed out the hub can do nothing else")
	eventually(t, "what asks for the time is held, which is the beat and who hands out", func() bool { return held.Load() == 2 })
	alice.goodbye()
	copied, err := os.ReadFile(h.options.Journal)
	if err != nil {
		t.Fatal(err)
	}
	release()
	h.stop()
	if err := os.WriteFile(h.options.Journal, copied, 0o600); err != nil {
		t.Fatal(err)
	}
	h.start()
	if n := h.metric("carillon_sessions_waiting", ""); n != 0 {
		t.Errorf("%v sessions wait", n)
	}
}

func TestRestart(t *testing.T) {
	h := newHouse(t)
	h.join("general", "alice", "bob")
	h.join("quiet", "alice")

	t.Run("a restart loses and repeats nothing", func(t *testing.T) {
		alice, bob := h.connect("alice", "s1"), h.connect("bob", "s1")
		h.message("general", "before")
		alice.says("before")
		bob.says("before")
		h.stop()
		alice.closed(1012, "The server restarts")
		bob.closed(1012, "The server restarts")
		h.happen(said("quiet", "on another node"))
		h.start()
		h.message("general", "after")
		alice, bob = h.connect("alice", "s1"), h.connect("bob", "s1")
		alice.says("on another node", "after")
		bob.says("after")
		alice.silent(h, "general")
		alice.goodbye()
		bob.goodbye()
	})
	t.Run("so does one whose close frame is answered before its write returns", func(t *testing.T) {
		h.server.Close()
		h.server = httptest.NewUnstartedServer(h.hub)
		h.server.Listener = lateListener{h.server.Listener}
		h.server.Start()
		alice := h.dawdle("alice", "s1b")
		h.message("general", "before")
		stopped := make(chan struct{})
		go func() { defer close(stopped); h.stop() }()
		var texts int
		for closed := false; !closed; {
			f, err := ws.ReadFrame(alice.in) // pings stay without answers
			if err != nil {
				t.Fatal(err)
			}
			switch f.Header.OpCode {
			case ws.OpText:
				texts++
			case ws.OpClose:
				alice.send(ws.NewCloseFrame(f.Payload))
				closed = true
			}
		}
		<-stopped
		if texts != 1 {
			t.Fatalf("got %d messages, want one", texts)
		}
		h.start()
		h.message("general", "after")
		alice = h.connect("alice", "s1b")
		alice.says("after")
		alice.goodbye()
	})
	t.Run("the end of the process loses nothing, and repeats nothing that was confirmed", func(t *testing.T) {
		alice, bob := h.connect("alice", "s2"), h.connect("bob", "s2")
		h.message("general", "received")
		h.message("quiet", "received too")
		alice.says("received", "received too")
		bob.says("received")
		bob.confirms()
		bob.cut()
		eventually(t, "bob is away", func() bool { return h.metric("carillon_sessions_waiting", "") == 1 })
		h.message("general", "for bob later")
		alice.says("for bob later")
		alice.confirms()
		h.kill()
		h.happen(said("general", "committed, not handed out"))
		h.start()
		h.message("general", "after")
		alice, bob = h.connect("alice", "s2"), h.connect("bob", "s2")
		alice.says("committed, not handed out", "after")
		bob.says("for bob later", "committed, not handed out", "after")
		alice.goodbye()
		bob.goodbye()
	})
	t.Run("so do two ends in a row", func(t *testing.T) {
		alice := h.connect("alice", "s3")
		h.message("general", "received")
		alice.says("received")
		alice.confirms()
		h.kill()
		h.happen(said("general", "one"))
		h.start()
		h.kill()
		h.happen(said("general", "two"))
		h.happen(said("quiet", "three"))
		h.start()
		alice = h.connect("alice", "s3")
		alice.says("one", "two", "three")
		alice.goodbye()
	})
	t.Run("what was sent and not confirmed is sent again", func(t *testing.T) {
		alice := h.dawdle("alice", "s4")
		h.message("general", "unread")
		eventually(t, "it is sent", func() bool { return h.metric("carillon_session_deliveries_total", "") > 0 })
		time.AfterFunc(100*time.Millisecond, alice.cut) // the client gives up when nothing moves
		h.kill()
		h.start()
		alice = h.connect("alice", "s4")
		alice.says("unread")
		alice.goodbye()
	})
	t.Run("who left meanwhile is told", func(t *testing.T) {
		bob := h.connect("bob", "s5")
		h.kill()
		h.happen(said("general", "last words"))
		h.happen(membership("DELETE_CHANNEL_MEMBERSHIP", "general", bus.Audience{Members: true, Left: []string{arnOf("bob")}}))
		h.happen(said("general", "behind his back"))
		h.start()
		bob = h.connect("bob", "s5")
		bob.says("last words")
		bob.event("DELETE_CHANNEL_MEMBERSHIP")
		h.join("other", "bob")
		h.bus.Publish(h.happen(membership("CREATE_CHANNEL_MEMBERSHIP", "other", bus.Audience{Members: true, Joined: []string{arnOf("bob")}})))
		bob.event("CREATE_CHANNEL_MEMBERSHIP")
		bob.goodbye()
	})
	t.Run("who entered meanwhile is told nothing of what was before", func(t *testing.T) {
		h.join("general", "bob")
		bob := h.connect("bob", "s6")
		h.message("general", "received")
		bob.says("received")
		h.bus.Publish(h.happen(membership("DELETE_CHANNEL_MEMBERSHIP", "general", bus.Audience{Members: true, Left: []string{arnOf("bob")}})))
		bob.event("DELETE_CHANNEL_MEMBERSHIP")
		bob.confirms()
		h.kill()
		h.happen(said("general", "not for bob"))
		h.happen(membership("CREATE_CHANNEL_MEMBERSHIP", "general", bus.Audience{Members: true, Joined: []string{arnOf("bob")}}))
		h.happen(said("general", "for bob"))
		h.happen(membership("DELETE_CHANNEL_MEMBERSHIP", "general", bus.Audience{Members: true, Left: []string{arnOf("bob")}}))
		h.happen(said("general", "not for bob either"))
		h.happen(membership("CREATE_CHANNEL_MEMBERSHIP", "general", bus.Audience{Members: true, Joined: []string{arnOf("bob")}}))
		h.start()
		bob = h.connect("bob", "s6")
		bob.event("CREATE_CHANNEL_MEMBERSHIP")
		bob.says("for bob")
		bob.event("DELETE_CHANNEL_MEMBERSHIP")
		bob.event("CREATE_CHANNEL_MEMBERSHIP")
		bob.silent(h, "general")
		bob.goodbye()
	})
	t.Run("however often it ends, nobody is told what only others have missed", func(t *testing.T) {
		bob := h.connect("bob", "s7")
		bob.cut()
		eventually(t, "bob is away", func() bool { return h.metric("carillon_sessions_waiting", "") == 1 })
		alice := h.connect("alice", "s7")
		h.message("general", "one")
		h.message("general", "two")
		alice.says("one", "two")
		alice.confirms()
		alice.cut()
		eventually(t, "alice is away", func() bool { return h.metric("carillon_sessions_waiting", "") == 2 })
		h.message("general", "three")
		for range 6 { // in whatever order sessions are brought back
			h.kill()
			h.start()
		}
		alice, bob = h.connect("alice", "s7"), h.connect("bob", "s7")
		alice.says("three")
		alice.silent(h, "general")
		bob.says("one", "two", "three")
		alice.goodbye()
		bob.goodbye()
	})
	t.Run("who left before the last end but one is told", func(t *testing.T) {
		h.join("brief", "bob")
		bob := h.connect("bob", "s8")
		bob.cut()
		eventually(t, "bob is away", func() bool { return h.metric("carillon_sessions_waiting", "") == 1 })
		h.message("brief", "last words")
		h.bus.Publish(h.happen(membership("DELETE_CHANNEL_MEMBERSHIP", "brief", bus.Audience{Members: true, Left: []string{arnOf("bob")}})))
		for range 2 {
			time.Sleep(2 * time.Millisecond) // the clock of the journal has milliseconds
			h.kill()
			h.start()
		}
		bob = h.connect("bob", "s8")
		bob.says("last words")
		bob.event("DELETE_CHANNEL_MEMBERSHIP")
		bob.goodbye()
	})
	t.Run("what was before a session is not told to it", func(t *testing.T) {
		h.join("lonely", "bob")
		h.message("lonely", "nobody is there")
		h.join("left", "bob")
		h.message("left", "nobody is here")
		h.bus.Publish(h.happen(membership("DELETE_CHANNEL_MEMBERSHIP", "left", bus.Audience{Members: true, Left: []string{arnOf("bob")}})))
		time.Sleep(1100 * time.Millisecond) // clocks may differ by a second
		bob := h.connect("bob", "s9")
		h.kill()
		h.start()
		bob = h.connect("bob", "s9")
		bob.silent(h, "general")
		bob.goodbye()
	})
	t.Run("a user that was deleted meanwhile is forgotten", func(t *testing.T) {
		h.connect("carol", "s1")
		h.kill()
		h.mu.Lock()
		delete(h.users, arnOf("carol"))
		h.mu.Unlock()
		h.start()
		if got := h.metric("carillon_sessions_waiting", ""); got != 0 {
			t.Errorf("%v sessions wait", got)
		}
	})
	t.Run("sessions whose time is over are not brought back", func(t *testing.T) {
		h.connect("alice", "s6")
		h.kill()
		later := h.options
		later.Now = func() time.Time { return time.Now().Add(live.DefaultResumeWindow + time.Second) }
		h.options, later = later, h.options
		h.start()
		if got := h.metric("carillon_sessions_waiting", ""); got != 0 {
			t.Errorf("%v sessions wait", got)
		}
		h.stop()
		h.options = later
		h.start()
	})
	t.Run("a store that does not answer at the start is an error, and loses nothing", func(t *testing.T) {
		alice := h.connect("alice", "s7")
		h.message("general", "received")
		alice.says("received")
		alice.confirms()
		h.kill()
		h.happen(said("general", "missed"))
		h.broken = errors.New("the store is away")
		h.options.Metrics = nil
		if hub, err := live.New(context.Background(), h.options); err == nil {
			_ = hub.Close(context.Background())
			t.Error("it started")
		}
		h.broken = nil
		h.start()
		alice = h.connect("alice", "s7")
		alice.says("missed")
		alice.goodbye()
	})
	t.Run("a journal that is none is passed over", func(t *testing.T) {
		h.stop()
		if err := os.WriteFile(h.options.Journal, []byte("something else"), 0o600); err != nil {
			t.Fatal(err)
		}
		h.start()
	})
}
