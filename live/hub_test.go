package live_test

import (
	"errors"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"go.uber.org/goleak"

	"carillon/bus"
	"carillon/live"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func membership(kind, channel string, to bus.Audience) bus.Event {
	return bus.Event{Type: kind, MessageType: "SYSTEM", Channel: channelOf(channel), Audience: to, Payload: []byte(`{"Type":"DEFAULT"}`)}
}

func TestEvents(t *testing.T) {
	h := newHouse(t)
	h.join("general", "alice", "bob")
	alice, tab, bob, carol := h.connect("alice", "s1"), h.connect("alice", "s2"), h.connect("bob", "s1"), h.connect("carol", "s1")

	t.Run("every session of every member gets a message", func(t *testing.T) {
		h.message("general", "hello")
		for _, c := range []*client{alice, tab, bob} {
			c.says("hello")
		}
	})
	t.Run("a payload is text inside text, whatever is in it", func(t *testing.T) {
		e := said("general", "")
		e.Payload = []byte("{\"Content\":\"\\u0000 \\\"é\u2028😀\\\\ \\n\"}")
		h.bus.Publish(h.happen(e))
		for _, c := range []*client{alice, tab, bob} {
			c.want(`{"Headers":{"x-amz-chime-event-type":"CREATE_CHANNEL_MESSAGE","x-amz-chime-message-type":"STANDARD"},"Payload":"{\"Content\":\"\\u0000 \\\"é` + "\u2028" + `😀\\\\ \\n\"}"}`)
		}
	})
	t.Run("long payloads arrive whole", func(t *testing.T) {
		for _, size := range []int{100, 125, 126, 1000, 65_400, 65_600, 1 << 20} {
			text := fmt.Sprintf("%0*d", size, size)
			h.message("general", text)
			for _, c := range []*client{alice, tab, bob} {
				c.says(text)
			}
		}
	})
	t.Run("a message for some is for all their sessions and nobody else's", func(t *testing.T) {
		e := said("general", "psst")
		e.Audience = bus.Audience{Only: []string{arnOf("alice"), arnOf("carol"), arnOf("alice")}}
		h.bus.Publish(h.happen(e))
		alice.says("psst")
		tab.says("psst")
		bob.silent(h, "general")
		alice.event("CREATE_CHANNEL_MESSAGE")
		tab.event("CREATE_CHANNEL_MESSAGE")
	})
	t.Run("who joins gets the event of it first, and what comes after", func(t *testing.T) {
		h.bus.Publish(h.happen(membership("CREATE_CHANNEL_MEMBERSHIP", "general", bus.Audience{Members: true, Joined: []string{arnOf("carol")}})))
		h.message("general", "welcome")
		for _, c := range []*client{alice, tab, bob, carol} {
			c.event("CREATE_CHANNEL_MEMBERSHIP")
			c.says("welcome")
		}
	})
	t.Run("who leaves gets the event of it as the last one", func(t *testing.T) {
		h.bus.Publish(h.happen(membership("DELETE_CHANNEL_MEMBERSHIP", "general", bus.Audience{Members: true, Left: []string{arnOf("carol")}})))
		h.message("general", "she is gone")
		for _, c := range []*client{alice, tab, bob} {
			c.event("DELETE_CHANNEL_MEMBERSHIP")
			c.says("she is gone")
		}
		carol.event("DELETE_CHANNEL_MEMBERSHIP")
		h.join("other", "carol")
		h.bus.Publish(h.happen(membership("CREATE_CHANNEL_MEMBERSHIP", "other", bus.Audience{Members: true, Joined: []string{arnOf("carol")}})))
		carol.event("CREATE_CHANNEL_MEMBERSHIP")
		carol.silent(h, "other")
	})
	t.Run("an event for moderators is for those of the members who moderate, in its place", func(t *testing.T) {
		h.mu.Lock()
		h.moderators[arnOf("bob")], h.moderators[arnOf("carol")] = true, true
		h.mu.Unlock()
		h.bus.Publish(h.happen(membership("CREATE_CHANNEL_MEMBERSHIP", "general", bus.Audience{Moderators: true})))
		h.message("general", "after it")
		bob.event("CREATE_CHANNEL_MEMBERSHIP")
		for _, c := range []*client{alice, tab, bob} {
			c.says("after it")
		}
	})
	t.Run("an event that is not stored arrives, and counts for nothing", func(t *testing.T) {
		h.bus.Publish(said("general", "typing"))
		h.message("general", "typed")
		for _, c := range []*client{alice, tab, bob} {
			c.says("typing", "typed")
		}
	})
	t.Run("an event that comes twice arrives once", func(t *testing.T) {
		e := h.message("general", "once")
		h.bus.Publish(e)
		h.message("general", "more")
		for _, c := range []*client{alice, tab, bob} {
			c.says("once", "more")
		}
	})
	t.Run("a deleted channel is told of, and then silent", func(t *testing.T) {
		h.bus.Publish(h.happen(membership("DELETE_CHANNEL", "general", bus.Audience{Members: true})))
		for _, c := range []*client{alice, tab, bob} {
			c.event("DELETE_CHANNEL")
		}
		h.message("general", "nobody hears this")
		h.bus.Publish(h.happen(membership("CREATE_CHANNEL_MEMBERSHIP", "next", bus.Audience{Members: true, Joined: []string{arnOf("alice"), arnOf("bob")}})))
		for _, c := range []*client{alice, tab, bob} {
			c.event("CREATE_CHANNEL_MEMBERSHIP")
		}
	})
}

func TestASessionBeginsWithWhatIsStored(t *testing.T) {
	h := newHouse(t)
	h.join("general", "alice", "bob")
	alice := h.connect("alice", "s1")
	stored := h.happen(said("general", "stored, and not handed out yet"))
	bob := h.connect("bob", "s1")
	h.bus.Publish(stored)
	h.message("general", "stored later")
	alice.says("stored, and not handed out yet", "stored later")
	bob.says("stored later")
}

func TestSubChannels(t *testing.T) {
	h := newHouse(t)
	in := func(sub string, e bus.Event) bus.Event {
		e.SubChannel = sub
		return e
	}
	alice, bob := h.connect("alice", "s1"), h.connect("bob", "s1")
	h.bus.Publish(h.happen(in("one", membership("CREATE_CHANNEL_MEMBERSHIP", "big", bus.Audience{Members: true, Joined: []string{arnOf("alice")}}))))
	h.bus.Publish(h.happen(in("two", membership("CREATE_CHANNEL_MEMBERSHIP", "big", bus.Audience{Members: true, Joined: []string{arnOf("bob")}}))))
	alice.event("CREATE_CHANNEL_MEMBERSHIP")
	bob.event("CREATE_CHANNEL_MEMBERSHIP")

	t.Run("a message stays in its sub-channel", func(t *testing.T) {
		h.bus.Publish(h.happen(in("one", said("big", "for one"))))
		h.bus.Publish(h.happen(in("two", said("big", "for two"))))
		alice.says("for one")
		bob.says("for two")
	})
	t.Run("what happens to the channel reaches all", func(t *testing.T) {
		h.bus.Publish(h.happen(membership("UPDATE_CHANNEL", "big", bus.Audience{Members: true})))
		alice.event("UPDATE_CHANNEL")
		bob.event("UPDATE_CHANNEL")
	})
	t.Run("who is moved hears the other sub-channel and not the old one", func(t *testing.T) {
		moved := in("two", membership("UPDATE_CHANNEL_MEMBERSHIP", "big", bus.Audience{Joined: []string{arnOf("alice")}}))
		moved.Leaves = "one"
		h.bus.Publish(h.happen(moved))
		h.bus.Publish(h.happen(in("one", said("big", "for nobody"))))
		h.bus.Publish(h.happen(in("two", said("big", "for both"))))
		alice.event("UPDATE_CHANNEL_MEMBERSHIP")
		alice.says("for both")
		bob.says("for both")
	})
	t.Run("who leaves the last sub-channel leaves the channel", func(t *testing.T) {
		h.bus.Publish(h.happen(in("two", membership("DELETE_CHANNEL_MEMBERSHIP", "big", bus.Audience{Members: true, Left: []string{arnOf("bob")}}))))
		h.bus.Publish(h.happen(membership("UPDATE_CHANNEL", "big", bus.Audience{Members: true})))
		alice.event("DELETE_CHANNEL_MEMBERSHIP")
		alice.event("UPDATE_CHANNEL")
		bob.event("DELETE_CHANNEL_MEMBERSHIP")
		h.join("other", "bob")
		h.bus.Publish(h.happen(membership("CREATE_CHANNEL_MEMBERSHIP", "other", bus.Audience{Members: true, Joined: []string{arnOf("bob")}})))
		bob.event("CREATE_CHANNEL_MEMBERSHIP")
	})
	t.Run("the end of the channel reaches all its sub-channels", func(t *testing.T) {
		h.bus.Publish(h.happen(membership("DELETE_CHANNEL", "big", bus.Audience{Members: true})))
		alice.event("DELETE_CHANNEL")
		h.bus.Publish(h.happen(in("two", said("big", "too late"))))
		h.bus.Publish(h.happen(membership("CREATE_CHANNEL_MEMBERSHIP", "other", bus.Audience{Members: true, Joined: []string{arnOf("alice")}})))
		alice.event("CREATE_CHANNEL_MEMBERSHIP")
	})
}

func TestGaps(t *testing.T) {
	h := newHouse(t)
	h.join("general", "alice", "bob")
	alice := h.connect("alice", "s1")

	t.Run("events that the bus lost are read from the store, in their place", func(t *testing.T) {
		h.happen(said("general", "lost 1"))
		h.happen(said("general", "lost 2"))
		h.message("general", "arrived")
		alice.says("lost 1", "lost 2", "arrived")
	})
	t.Run("a long gap is filled too", func(t *testing.T) {
		var want []string
		for i := range 1700 {
			want = append(want, fmt.Sprint("lost ", i))
			h.happen(said("general", want[i]))
		}
		h.message("general", "arrived")
		alice.says(append(want, "arrived")...)
	})
	t.Run("what happens meanwhile waits its turn", func(t *testing.T) {
		h.happen(said("general", "lost"))
		var want []string
		for i := range 300 {
			want = append(want, fmt.Sprint("next ", i))
			h.message("general", want[i])
		}
		alice.says(append([]string{"lost"}, want...)...)
	})
	t.Run("a gap that cannot be filled sends the clients away to begin anew", func(t *testing.T) {
		h.happen(said("general", "lost for good"))
		h.mu.Lock()
		h.broken = errors.New("the store is away")
		h.mu.Unlock()
		h.message("general", "arrived")
		alice.closed(1011, "Events were lost")
		h.mu.Lock()
		h.broken = nil
		h.mu.Unlock()
		again := h.connect("alice", "s1")
		again.silent(h, "general")
		if h.metric("carillon_session_gaps_total", "failed") != 1 {
			t.Error("it is not counted")
		}
	})
}

func TestSessionsOfAUser(t *testing.T) {
	h := newHouse(t, func(o *live.Options) { o.PerUser = 2 })
	h.join("general", "alice")

	t.Run("one more than allowed closes the oldest", func(t *testing.T) {
		first, second, third := h.connect("alice", "s1"), h.connect("alice", "s2"), h.connect("alice", "s3")
		first.closed(4003, "The user has more than 2 sessions")
		second.silent(h, "general")
		third.event("CREATE_CHANNEL_MESSAGE")
	})
	var again *client
	t.Run("the same session id takes the session over", func(t *testing.T) {
		tab := h.connect("alice", "s4")
		again = h.connect("alice", "s4")
		tab.closed(4003, "The session has another connection")
		again.silent(h, "general")
	})
	t.Run("a user that is deleted is sent away", func(t *testing.T) {
		h.mu.Lock()
		delete(h.users, arnOf("bob"))
		h.mu.Unlock()
		carol := h.connect("carol", "s1")
		h.bus.Publish(bus.Event{Gone: []string{arnOf("carol"), arnOf("nobody")}})
		carol.closed(4003, "The user was deleted")
		h.dial(url.Values{"userArn": {arnOf("bob")}}).closed(4401, "Unauthorized")
	})
	t.Run("with an app instance go all its users", func(t *testing.T) {
		carol := h.connect("carol", "s1")
		h.bus.Publish(bus.Event{Gone: []string{instance}})
		carol.closed(4003, "The app instance was deleted")
		again.closed(4003, "The app instance was deleted")
	})
}

func TestSlowReader(t *testing.T) {
	h := newHouse(t, func(o *live.Options) { o.Buffer = 64 })
	h.join("general", "alice", "bob")
	slow, quick := h.dawdle("alice", "s1"), h.connect("bob", "s1")
	text := fmt.Sprintf("%0*d", 100_000, 0)
	for n := 0; h.hub.Overflowed() == 0; n++ { // until the network keeps no more for who does not read, nor does the hub
		if n == 4000 {
			t.Fatal("everything is kept")
		}
		h.message("general", text)
		quick.says(text)
	}
	t.Run("a client that does not read is closed with a reason, and holds nobody up", func(t *testing.T) {
		slow.closed(1013, "The client does not read fast enough")
	})
	t.Run("it can come back, is told from a new one, and goes on from there", func(t *testing.T) {
		eventually(t, "the session waits", func() bool { return h.metric("carillon_sessions_waiting", "") == 1 })
		again := h.connect("alice", "s1")
		again.silent(h, "general")
		if got := h.metric("carillon_session_resumes_total", "overflowed"); got != 1 {
			t.Errorf("%v overflowed", got)
		}
	})
	t.Run("a client that connects while more happens than is kept is sent away too, not left without a word", func(t *testing.T) {
		bob := h.connect("bob", "s2")
		h.meanwhile = func() {
			deadline := time.Now().Add(patience)
			for i := range 65 {
				h.message("general", "too much")
				for len(bob.frames) <= i && time.Now().Before(deadline) { // who is connected is quick enough
					time.Sleep(time.Millisecond)
				}
			}
		}
		prefetch := url.Values{"userArn": {arnOf("alice")}, "sessionId": {"s2"}, "prefetch-on": {"connect"}}
		late := h.dial(prefetch)
		late.event("SESSION_ESTABLISHED")
		late.closed(1013, "The client does not read fast enough")
		h.meanwhile = nil
		again := h.connect("alice", "s2")
		again.silent(h, "general")
	})
}

func TestKeepAlive(t *testing.T) {
	// Long enough for a busy machine: who is silent for two and a half of them is gone.
	h := newHouse(t, func(o *live.Options) { o.PingInterval = 2 * time.Second })
	h.dawdle("bob", "s1") // and answers no ping
	t.Run("a client that answers pings stays", func(t *testing.T) {
		alice := h.dawdle("alice", "s1")
		for range 4 { // more than a silent one would see
			_ = alice.conn.SetReadDeadline(time.Now().Add(patience))
			f, err := ws.ReadFrame(alice.in)
			if err != nil || f.Header.OpCode != ws.OpPing {
				t.Fatalf("got %+v, %v", f.Header, err)
			}
			alice.send(ws.NewPongFrame(f.Payload))
		}
		h.bus.Publish(h.happen(membership("CREATE_CHANNEL_MEMBERSHIP", "general", bus.Audience{Members: true, Joined: []string{arnOf("alice")}})))
		alice.event("CREATE_CHANNEL_MEMBERSHIP")
	})
	t.Run("a client that answers none is gone after two", func(t *testing.T) {
		// And alice has stopped.
		eventually(t, "the connections are given up", func() bool { return h.metric("carillon_session_closes_total", "1006") == 2 })
	})
}
