package live_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/httphead"
	"github.com/gobwas/ws"

	"carillon/api"
	"carillon/live"
)

func TestConnect(t *testing.T) {
	h := newHouse(t)
	for _, c := range []struct {
		name   string
		change url.Values
		code   int
		reason string
	}{
		{"a bad signature", url.Values{"X-Amz-Credential": {"wrong"}}, 4401, "Unauthorized"},
		{"a signature that cannot be judged now", url.Values{"X-Amz-Credential": {"broken"}}, 1011, "Internal error"},
		{"no user", url.Values{"userArn": nil}, 4401, "Unauthorized"},
		{"two users", url.Values{"userArn": {arnOf("alice"), arnOf("bob")}}, 4401, "Unauthorized"},
		{"no ARN", url.Values{"userArn": {"alice"}}, 4401, "Unauthorized"},
		{"the ARN of a bot", url.Values{"userArn": {instance + "/bot/alice"}}, 4401, "Unauthorized"},
		{"the ARN of a channel", url.Values{"userArn": {channelOf("general")}}, 4401, "Unauthorized"},
		{"a user of another account", url.Values{"userArn": {strings.Replace(arnOf("alice"), account, "999999999999", 1)}}, 4401, "Unauthorized"},
		{"a user of another region", url.Values{"userArn": {strings.Replace(arnOf("alice"), "us-east-1", "eu-west-1", 1)}}, 4401, "Unauthorized"},
		{"a user that does not exist", url.Values{"userArn": {arnOf("mallory")}}, 4401, "Unauthorized"},
		{"no session id", url.Values{"sessionId": nil}, 4401, "Unauthorized"},
		{"an empty session id", url.Values{"sessionId": {""}}, 4401, "Unauthorized"},
		{"two session ids", url.Values{"sessionId": {"a", "b"}}, 4401, "Unauthorized"},
		{"a session id that is too long", url.Values{"sessionId": {strings.Repeat("x", 1025)}}, 4401, "Unauthorized"},
		{"a session id that is no UTF-8", url.Values{"sessionId": {"\xff"}}, 4401, "Unauthorized"},
	} {
		t.Run(c.name+" is told so after the upgrade", func(t *testing.T) {
			h.dial(c.change).closed(c.code, c.reason)
		})
	}
	t.Run("a browser that is refused need not wait for the end of the connection", func(t *testing.T) {
		var took time.Duration
		for range 5 { // a busy machine may hold up one, but not each
			began := time.Now()
			c := h.dial(url.Values{"userArn": {"alice"}})
			f, err := c.frame()
			if err != nil || f.Header.OpCode != ws.OpClose {
				t.Fatalf("%v, %v", f.Header, err)
			}
			c.send(ws.NewTextFrame([]byte("on its way")))
			c.send(ws.NewCloseFrame(f.Payload))
			if f, err := c.frame(); !errors.Is(err, io.EOF) {
				t.Errorf("%v, %v", f.Header, err)
			}
			if took = time.Since(began); took < 4*time.Second { // it waits for five
				return
			}
		}
		t.Errorf("it took %v", took)
	})
	t.Run("odd session ids are fine", func(t *testing.T) {
		for _, id := range []string{"it's", "a b+c", "100%", "ü", "💬", strings.Repeat("x", 1024)} {
			h.connect("alice", id).goodbye()
		}
	})
	t.Run("a user that does not exist leaves nothing behind", func(t *testing.T) {
		h.mu.Lock()
		h.users[arnOf("mallory")] = true
		h.mu.Unlock()
		h.connect("mallory", "s1").goodbye()
	})
	t.Run("a store that does not answer closes with a code that connects again", func(t *testing.T) {
		h.mu.Lock()
		h.broken = errors.New("the store is away")
		h.mu.Unlock()
		h.dial(url.Values{"userArn": {arnOf("bob")}}).closed(1011, "Internal error")
		h.mu.Lock()
		h.broken = nil
		h.mu.Unlock()
		h.connect("bob", "s1").goodbye()
	})
	t.Run("prefetch comes after SESSION_ESTABLISHED and before what happens", func(t *testing.T) {
		h.details = []string{"one", "two"}
		for sort, want := range map[string]string{"": "false", "unread": "false", "last-message-timestamp": "true"} {
			c := h.dial(url.Values{"prefetch-on": {"connect"}, "prefetch-sort-by": {sort}, "sessionId": {"p" + sort}})
			c.event("SESSION_ESTABLISHED")
			for _, channel := range h.details {
				c.want(`{"Headers":{"x-amz-chime-event-type":"CHANNEL_DETAILS","x-amz-chime-message-type":"SYSTEM"},"Payload":"{\"Channel\":\"` + channel + `\",\"ByLastMessage\":` + want + `}"}`)
			}
			c.goodbye()
		}
	})
	t.Run("prefetch is whole and in order, however much there is of it", func(t *testing.T) {
		h.details = nil
		for i, size := range []int{10, 40 << 10, 300, 70 << 10, 64 << 10, 1, 20 << 10, 20 << 10, 20 << 10} {
			h.details = append(h.details, strings.Repeat(string(rune('a'+i)), size))
		}
		c := h.dial(url.Values{"prefetch-on": {"connect"}, "sessionId": {"much"}})
		c.event("SESSION_ESTABLISHED")
		for _, channel := range h.details {
			c.want(`{"Headers":{"x-amz-chime-event-type":"CHANNEL_DETAILS","x-amz-chime-message-type":"SYSTEM"},"Payload":"{\"Channel\":\"` + channel + `\",\"ByLastMessage\":false}"}`)
		}
		h.details = nil
		c.goodbye()
	})
	t.Run("there is no prefetch unless it is asked for", func(t *testing.T) {
		h.join("general", "carol")
		c := h.dial(url.Values{"prefetch-on": {"disconnect"}, "userArn": {arnOf("carol")}})
		c.event("SESSION_ESTABLISHED")
		c.silent(h, "general")
	})
	t.Run("compression and subprotocols are declined", func(t *testing.T) {
		deflate := httphead.NewOption("permessage-deflate", map[string]string{"client_max_window_bits": ""})
		dialer := ws.Dialer{Protocols: []string{"chat"}, Extensions: []httphead.Option{deflate}}
		conn, _, agreed, err := dialer.Dial(t.Context(), "ws"+strings.TrimPrefix(h.server.URL, "http")+"/connect")
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.Close()
		if agreed.Protocol != "" || len(agreed.Extensions) > 0 {
			t.Errorf("agreed on %+v", agreed)
		}
	})
	t.Run("what is no upgrade gets an answer", func(t *testing.T) {
		answer, err := http.Get(h.server.URL + "/connect")
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode < 400 || answer.StatusCode >= 500 {
			t.Errorf("status %d", answer.StatusCode)
		}
	})
}

func TestWhoConnectsTooOftenIsSentAwayForAWhile(t *testing.T) {
	var mu sync.Mutex
	var refusal error = &api.Error{Kind: api.Throttled, Message: "Rate exceeded", Reason: "rate: that will do"}
	var got []api.Deed
	inside := 0
	h := newHouse(t, func(o *live.Options) {
		o.Enter = func(*api.Caller) (func(), error) {
			mu.Lock()
			defer mu.Unlock()
			if refusal != nil {
				return nil, refusal
			}
			inside++
			return func() {
				mu.Lock()
				defer mu.Unlock()
				inside--
			}, nil
		}
		o.Audit = func(d *api.Deed) {
			mu.Lock()
			defer mu.Unlock()
			got = append(got, *d)
		}
	})
	again := url.Values{"X-Amz-Signature": {"once more"}}
	h.dial(again).closed(1013, "Rate exceeded")
	if refused := h.metric("carillon_session_connects_total", "throttled"); refused != 1 {
		t.Errorf("%v are counted", refused)
	}
	mu.Lock()
	refusal = errors.New("nobody can count")
	if len(got) != 1 || !got[0].Denied() || got[0].Status != 1013 || got[0].Err.Reason != "rate: that will do" || got[0].Caller == nil {
		t.Errorf("%+v", got)
	}
	mu.Unlock()
	h.dial(again).closed(1011, "Internal error")
	mu.Lock()
	refusal = nil
	mu.Unlock()
	h.dial(again).event("SESSION_ESTABLISHED") // who was refused has not used up the signature
	mu.Lock()
	defer mu.Unlock()
	if inside != 0 {
		t.Errorf("%d have not left", inside)
	}
}

func TestRefusedConnectionsAreWitnessedWithTheReason(t *testing.T) {
	var mu sync.Mutex
	var got []api.Deed
	h := newHouse(t, func(o *live.Options) {
		o.Explain = true
		o.Audit = func(d *api.Deed) {
			mu.Lock()
			defer mu.Unlock()
			got = append(got, *d)
		}
	})
	for _, c := range []struct {
		name   string
		change url.Values
		reason string
		told   bool // in the header of the answer, too: who is refused later is not
	}{
		{"a bad signature", url.Values{"X-Amz-Credential": {"wrong"}}, "", true},
		{"two users", url.Values{"userArn": {arnOf("alice"), arnOf("bob")}}, "request: the parameter userArn must be given once", true},
		{"the ARN of a channel", url.Values{"userArn": {channelOf("general")}}, "request: userArn is not the ARN of a user", true},
		{"a user of another account", url.Values{"userArn": {strings.Replace(arnOf("alice"), account, "999999999999", 1)}}, "account: userArn is of another account, region or partition than the key", true},
		{"a user that does not exist", url.Values{"userArn": {arnOf("mallory")}}, "user: it does not exist", false},
		{"an empty session id", url.Values{"sessionId": {""}}, "request: sessionId is empty, too long or no UTF-8", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			mu.Lock()
			got = nil
			mu.Unlock()
			var told string
			h.dialWith(ws.Dialer{OnHeader: func(key, value []byte) error {
				if string(key) == api.ReasonHeader {
					told = string(value)
				}
				return nil
			}}, c.change).closed(4401, "Unauthorized")
			mu.Lock()
			defer mu.Unlock()
			if len(got) != 1 {
				t.Fatalf("%d deeds", len(got))
			}
			d := got[0]
			if d.Action != "chime:Connect" || !d.Denied() || d.Status != 4401 || d.Err.Reason != c.reason || d.SourceAddress != "127.0.0.1" {
				t.Errorf("%+v, %+v", d, d.Err)
			}
			if c.told && told != c.reason || !c.told && told != "" {
				t.Errorf("told %q", told)
			}
		})
	}
	t.Run("who is let in is not among them", func(t *testing.T) {
		mu.Lock()
		got = nil
		mu.Unlock()
		h.connect("alice", "s1").goodbye()
		mu.Lock()
		defer mu.Unlock()
		if len(got) > 0 {
			t.Errorf("%+v", got)
		}
	})
}

func TestReplay(t *testing.T) {
	var ahead atomic.Int64
	began := time.Now()
	h := newHouse(t, func(o *live.Options) {
		o.Now = func() time.Time { return began.Add(time.Duration(ahead.Load())) } // it stands still
	})
	once := url.Values{"X-Amz-Signature": {"the same"}}
	h.dial(once).event("SESSION_ESTABLISHED")
	t.Run("who has signed the same within a second is to sign anew", func(t *testing.T) {
		h.dial(once).closed(1013, "The signature has connected before")
	})
	t.Run("later a signature connects nobody", func(t *testing.T) {
		ahead.Store(int64(3 * time.Second))
		h.dial(once).closed(4401, "Unauthorized")
	})
	t.Run("it is remembered for as long as it is good", func(t *testing.T) {
		for _, after := range []time.Duration{2 * time.Minute, 5 * time.Minute} {
			ahead.Store(int64(after))
			time.Sleep(300 * time.Millisecond) // it may be forgotten now
			h.dial(once).closed(4401, "Unauthorized")
		}
	})
	t.Run("another one connects", func(t *testing.T) {
		h.dial(nil).event("SESSION_ESTABLISHED")
	})
}

func TestOrigins(t *testing.T) {
	h := newHouse(t, func(o *live.Options) { o.AllowedOrigins = []string{"https://chat.example.test"} })
	dial := func(origin string) *client {
		t.Helper()
		header := ws.HandshakeHeaderHTTP{}
		if origin != "" {
			header["Origin"] = []string{origin}
		}
		return h.dialWith(ws.Dialer{Header: header}, nil)
	}
	t.Run("a page of an allowed origin connects, and what is no page", func(t *testing.T) {
		for _, origin := range []string{"https://chat.example.test", ""} {
			dial(origin).event("SESSION_ESTABLISHED")
		}
	})
	t.Run("a page of another origin is told for good", func(t *testing.T) {
		dial("https://evil.example.test").closed(4003, "The origin is not allowed")
	})
}

func TestHostileClients(t *testing.T) {
	h := newHouse(t)
	h.join("general", "alice")
	masked := func(f ws.Frame) []byte { return ws.MustCompileFrame(ws.MaskFrame(f)) }
	for _, c := range []struct {
		name   string
		sends  []byte
		code   int
		reason string
	}{
		{"a frame that is not masked", ws.MustCompileFrame(ws.NewTextFrame([]byte("x"))), 1002, "Protocol error"},
		{"a reserved bit", masked(ws.Frame{Header: ws.Header{Fin: true, Rsv: 4, OpCode: ws.OpText, Length: 1}, Payload: []byte("x")}), 1002, "Protocol error"},
		{"a reserved opcode", masked(ws.Frame{Header: ws.Header{Fin: true, OpCode: 3, Length: 1}, Payload: []byte("x")}), 1002, "Protocol error"},
		{"a control frame in pieces", masked(ws.Frame{Header: ws.Header{OpCode: ws.OpPing, Length: 1}, Payload: []byte("x")}), 1002, "Protocol error"},
		{"a control frame that is too long", masked(ws.NewPingFrame(make([]byte, 126))), 1002, "Protocol error"},
		{"a piece of nothing", masked(ws.NewFrame(ws.OpContinuation, true, []byte("x"))), 1002, "Protocol error"},
		{"text that is not UTF-8", masked(ws.NewTextFrame([]byte("a\xffb"))), 1007, "The text is not UTF-8"},
		{"text that ends within a character", masked(ws.NewTextFrame([]byte("a\xe2\x82"))), 1007, "The text is not UTF-8"},
		{"text whose pieces are not UTF-8", append(masked(ws.NewFrame(ws.OpText, false, []byte("\xe2"))), masked(ws.NewFrame(ws.OpContinuation, true, []byte("x")))...), 1007, "The text is not UTF-8"},
		{"a frame that is too big", masked(ws.NewBinaryFrame(make([]byte, 65_537)))[:100], 1009, "The frame is too big"},
		{"a length that no frame has", []byte{0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0}, 1002, "Protocol error"},
		{"very many frames", bytes.Repeat(masked(ws.NewTextFrame(nil)), 1001), 1008, "Clients send nothing here"},
		{"very many bytes", bytes.Repeat(masked(ws.NewBinaryFrame(make([]byte, 60_000))), 18), 1008, "Clients send nothing here"},
		{"a close code that may not be sent", masked(ws.NewCloseFrame(ws.NewCloseFrameBody(1006, ""))), 1002, "Bad close frame"},
		{"a close frame of one byte", masked(ws.NewCloseFrame([]byte{3})), 1002, "Bad close frame"},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := h.connect("alice", c.name)
			if _, err := client.conn.Write(c.sends); err != nil {
				t.Fatal(err)
			}
			client.closed(c.code, c.reason)
		})
	}
	t.Run("data is read over, also in pieces with pings between", func(t *testing.T) {
		client := h.connect("alice", "data")
		for _, f := range []ws.Frame{
			ws.NewTextFrame([]byte("hello")), ws.NewBinaryFrame([]byte{0xff}),
			ws.NewFrame(ws.OpText, false, []byte("\xe2\x82")), ws.NewPingFrame([]byte("hi")), ws.NewFrame(ws.OpContinuation, true, []byte("\xac")),
		} {
			client.send(f)
		}
		if f, err := client.frame(); err != nil || f.Header.OpCode != ws.OpPong || string(f.Payload) != "hi" {
			t.Errorf("got %v %q, %v", f.Header.OpCode, f.Payload, err)
		}
		client.silent(h, "general")
		client.goodbye()
	})
	t.Run("pongs that nobody asked for confirm nothing", func(t *testing.T) {
		client := h.dawdle("alice", "pongs")
		h.message("general", "unconfirmed")
		for _, payload := range [][]byte{nil, []byte("hi"), {0, 0, 0, 0, 0, 0, 0, 9}, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}} {
			client.send(ws.NewPongFrame(payload))
		}
		time.Sleep(20 * time.Millisecond)
		client.cut()
		client = h.connect("alice", "pongs")
		client.says("unconfirmed")
		client.goodbye()
	})
	t.Run("a close code is given back", func(t *testing.T) {
		for _, code := range []ws.StatusCode{1000, 1001, 1013, 3000, 4999} {
			client := h.connect("alice", "code")
			client.send(ws.NewCloseFrame(ws.NewCloseFrameBody(code, "bye")))
			client.closed(int(code), "")
		}
	})
	t.Run("a client that goes in the middle of a frame is waited for", func(t *testing.T) {
		client := h.connect("alice", "half")
		_, _ = client.conn.Write([]byte{0x81, 0xfe})
		client.cut()
		eventually(t, "the session waits", func() bool { return h.metric("carillon_sessions_waiting", "") == 1 })
	})
}
