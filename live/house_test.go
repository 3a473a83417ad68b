package live_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"carillon/api"
	"carillon/bus"
	"carillon/live"
)

const (
	account  = "123456789012"
	instance = "arn:aws:chime:us-east-1:" + account + ":app-instance/demo"
	patience = time.Minute // bounds every wait; only a test that fails waits so long
)

func arnOf(user string) string { return instance + "/user/" + user }

func channelOf(name string) string { return instance + "/channel/" + name }

// house is what a hub is surrounded by: a directory that remembers, and a bus.
type house struct {
	t       *testing.T
	options live.Options
	hub     *live.Hub
	server  *httptest.Server
	metrics *prometheus.Registry

	mu         sync.Mutex
	users      map[string]bool
	members    map[bus.Stream]map[string]bool // by streams without a place
	streams    map[bus.Stream][]live.Past
	moderators map[string]bool
	details    []string
	meanwhile  func() // what happens while the details are read; nil for nothing
	broken     error  // what every question is answered with

	bus       bus.Local
	connected atomic.Int64
}

// newHouse makes a house with the users alice, bob and carol and starts its hub.
func newHouse(t *testing.T, options ...func(*live.Options)) *house {
	t.Helper()
	h := &house{
		t: t, users: make(map[string]bool), members: make(map[bus.Stream]map[string]bool),
		streams: make(map[bus.Stream][]live.Past), moderators: make(map[string]bool),
	}
	for _, user := range []string{"alice", "bob", "carol"} {
		h.users[arnOf(user)] = true
	}
	h.options = live.Options{
		Bus: &h.bus, Directory: h, Partition: "aws", Region: "us-east-1",
		Journal:      filepath.Join(t.TempDir(), "sessions"),
		Farewell:     patience, // on a busy machine, too, what was confirmed does not come twice
		Log:          slog.New(slog.NewTextHandler(io.Discard, nil)),
		Authenticate: h.authenticate,
	}
	for _, option := range options {
		option(&h.options)
	}
	h.start()
	t.Cleanup(func() { h.stop() })
	return h
}

func (h *house) start() {
	h.t.Helper()
	h.metrics = prometheus.NewRegistry()
	h.options.Metrics = h.metrics
	hub, err := live.New(h.t.Context(), h.options)
	if err != nil {
		h.t.Fatal(err)
	}
	h.hub, h.server = hub, httptest.NewServer(hub)
}

// stop ends the hub as a server does that is told to.
func (h *house) stop() {
	h.t.Helper()
	if h.hub == nil {
		return
	}
	h.server.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := h.hub.Close(ctx); err != nil {
		h.t.Error(err)
	}
	h.hub = nil
}

func (h *house) authenticate(r *http.Request) (*api.Caller, error) {
	switch r.URL.Query().Get("X-Amz-Credential") {
	case "broken":
		return nil, errors.New("the keys are away")
	case "wrong":
		return nil, api.Errorf(api.InvalidSignature, "no")
	}
	return &api.Caller{Account: account}, nil
}

// join makes users members of a channel, without a word.
func (h *house) join(channel string, users ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	in := bus.Stream{Channel: channelOf(channel)}
	if h.members[in] == nil {
		h.members[in] = make(map[string]bool)
	}
	for _, user := range users {
		h.members[in][arnOf(user)] = true
	}
}

// happen makes a durable event and takes the next place of its stream for it.
func (h *house) happen(e bus.Event) bus.Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	in := bus.Stream{Channel: e.Channel, SubChannel: e.SubChannel}
	e.Sequence = int64(len(h.streams[in]) + 1)
	h.streams[in] = append(h.streams[in], live.Past{Event: e, At: time.Now()})
	if h.members[in] == nil {
		h.members[in] = make(map[string]bool)
	}
	for _, user := range e.Audience.Joined {
		h.members[in][user] = true
	}
	for _, user := range e.Audience.Left {
		delete(h.members[in], user)
	}
	return e
}

// message is a message to all members, made and published.
func (h *house) message(channel, text string) bus.Event {
	e := h.happen(said(channel, text))
	h.bus.Publish(e)
	return e
}

func said(channel, text string) bus.Event {
	payload, _ := json.Marshal(map[string]string{"Content": text})
	return bus.Event{
		Type: "CREATE_CHANNEL_MESSAGE", MessageType: "STANDARD", Channel: channelOf(channel),
		Audience: bus.Audience{Members: true}, Payload: payload,
	}
}

func (h *house) Streams(_ context.Context, user string, each func([]bus.Stream) error) error {
	h.mu.Lock()
	if err := h.broken; err != nil {
		h.mu.Unlock()
		return err
	}
	if !h.users[user] {
		h.mu.Unlock()
		return api.Errorf(api.Forbidden, "no such user")
	}
	var list []bus.Stream
	for in, members := range h.members {
		if members[user] {
			in.Sequence = int64(len(h.streams[in]))
			list = append(list, in)
			if parent := (bus.Stream{Channel: in.Channel}); in.SubChannel != "" {
				parent.Sequence = int64(len(h.streams[bus.Stream{Channel: in.Channel}]))
				list = append(list, parent)
			}
		}
	}
	h.mu.Unlock()
	return each(list)
}

func (h *house) Events(_ context.Context, at bus.Stream, until int64, limit int) ([]live.Past, int64, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.broken != nil {
		return nil, 0, h.broken
	}
	all := h.streams[bus.Stream{Channel: at.Channel, SubChannel: at.SubChannel}]
	if until == 0 {
		until = int64(len(all))
	}
	end := min(until, at.Sequence+int64(limit), int64(len(all)))
	if at.Sequence >= end {
		return nil, until, nil
	}
	return slices.Clone(all[at.Sequence:end]), end, nil
}

func (h *house) EventsSince(_ context.Context, at bus.Stream, since time.Time, limit int) (found []live.Past, more bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.streams[bus.Stream{Channel: at.Channel, SubChannel: at.SubChannel}] {
		if !e.At.Before(since) {
			found = append(found, e)
		}
	}
	return found[:min(limit, len(found))], len(found) > limit, h.broken
}

func (h *house) Leavings(_ context.Context, user string, since time.Time, _ int) (found []live.Past, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, list := range h.streams {
		for _, e := range list {
			if slices.Contains(e.Audience.Left, user) && !e.At.Before(since) {
				found = append(found, e)
			}
		}
	}
	return found, h.broken
}

func (h *house) Moderators(_ context.Context, _ string, among []string) (list []string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, user := range among {
		if h.moderators[user] {
			list = append(list, user)
		}
	}
	return list, h.broken
}

func (h *house) Details(_ context.Context, _ string, byLastMessage bool, each func(...[]byte) error) error {
	if h.meanwhile != nil {
		h.meanwhile()
	}
	for _, text := range h.details {
		if err := each([]byte(`{\"Channel\":\"`), []byte(text), fmt.Appendf(nil, `\",\"ByLastMessage\":%v}`, byLastMessage)); err != nil {
			return err
		}
	}
	return nil
}

// metric is the value of a metric with one label or none.
func (h *house) metric(name, label string) float64 {
	h.t.Helper()
	families, err := h.metrics.Gather()
	if err != nil {
		h.t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, m := range family.GetMetric() {
			if label == "" || slices.ContainsFunc(m.GetLabel(), func(l *dto.LabelPair) bool { return l.GetValue() == label }) {
				return m.GetGauge().GetValue() + m.GetCounter().GetValue()
			}
		}
	}
	return 0
}

// eventually waits until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it did not come to pass: %s", what)
		}
	}
}

// client is a WebSocket client, as thin as can be.
type client struct {
	t    *testing.T
	conn net.Conn
	in   io.Reader
	// frames come from a client that reads all the time, as browsers do; a slow one reads when asked.
	frames chan ws.Frame
	// unasked is how many texts it has read that no ping came behind.
	unasked atomic.Int64
}

// dial opens a connection with the parameters given, over those of a good one.
func (h *house) dial(changes url.Values) *client {
	h.t.Helper()
	return h.dialWith(ws.Dialer{}, changes)
}

func (h *house) dialWith(dialer ws.Dialer, changes url.Values) *client {
	h.t.Helper()
	query := url.Values{
		"userArn": {arnOf("alice")}, "sessionId": {"s1"}, "X-Amz-Signature": {fmt.Sprint(h.connected.Add(1))},
		"X-Amz-Date": {time.Now().UTC().Format("20060102T150405Z")}, "X-Amz-Expires": {"10"},
	}
	for name, values := range changes {
		if query[name] = values; len(values) == 0 {
			delete(query, name)
		}
	}
	conn, buffered, _, err := dialer.Dial(h.t.Context(), "ws"+strings.TrimPrefix(h.server.URL, "http")+"/connect?"+query.Encode())
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = conn.Close() })
	c := &client{t: h.t, conn: conn, in: conn}
	if buffered != nil {
		c.in = io.MultiReader(io.LimitReader(buffered, int64(buffered.Buffered())), conn)
	}
	return c
}

// dawdle opens a session of a user and reads SESSION_ESTABLISHED, and more only when it is asked to.
func (h *house) dawdle(user, id string) *client {
	h.t.Helper()
	c := h.dial(url.Values{"userArn": {arnOf(user)}, "sessionId": {id}})
	c.want(`{"Headers":{"x-amz-chime-event-type":"SESSION_ESTABLISHED","x-amz-chime-message-type":"SYSTEM"}}`)
	return c
}

// connect opens a session of a user and reads SESSION_ESTABLISHED.
func (h *house) connect(user, id string) *client {
	h.t.Helper()
	c := h.dawdle(user, id)
	_ = c.conn.SetReadDeadline(time.Time{}) // that of its first frame
	c.unasked.Store(0)                      // of which nobody asks
	c.frames = make(chan ws.Frame, 10_000)
	go func() {
		defer close(c.frames)
		for {
			f, err := c.read()
			if err != nil {
				return
			}
			c.frames <- f
			if f.Header.OpCode == ws.OpClose {
				c.send(ws.NewCloseFrame(f.Payload)) // of two close frames each answers the other
				return
			}
		}
	}()
	return c
}

// read reads the next frame that is no ping, and answers pings.
func (c *client) read() (ws.Frame, error) {
	for {
		f, err := ws.ReadFrame(c.in)
		if err != nil {
			return f, err
		}
		switch f.Header.OpCode {
		case ws.OpPing:
			c.send(ws.NewPongFrame(f.Payload))
			c.unasked.Store(0)
			continue
		case ws.OpText:
			c.unasked.Add(1)
		}
		return f, nil
	}
}

// frame is the next frame that is no ping.
func (c *client) frame() (ws.Frame, error) {
	if c.frames == nil {
		_ = c.conn.SetReadDeadline(time.Now().Add(patience))
		return c.read()
	}
	select {
	case f, ok := <-c.frames:
		if !ok {
			return f, io.EOF
		}
		return f, nil
	case <-time.After(patience):
		return ws.Frame{}, os.ErrDeadlineExceeded
	}
}

// send writes a frame at once, beside others who do.
func (c *client) send(f ws.Frame) {
	_, _ = c.conn.Write(ws.MustCompileFrame(ws.MaskFrame(f))) // who reads notices that the connection is gone
}

// confirms waits until the server has asked what the client got, and knows the answer.
func (c *client) confirms() {
	c.t.Helper()
	eventually(c.t, "the client is asked what it got", func() bool { return c.unasked.Load() == 0 })
	c.send(ws.NewPingFrame([]byte("behind the pong")))
	if f, err := c.frame(); err != nil || f.Header.OpCode != ws.OpPong || string(f.Payload) != "behind the pong" {
		c.t.Fatalf("got %v %.300s, %v", f.Header.OpCode, f.Payload, err)
	}
}

// want reads frames and fails unless they are just these texts.
func (c *client) want(texts ...string) {
	c.t.Helper()
	for _, text := range texts {
		f, err := c.frame()
		if err != nil {
			c.t.Fatalf("%v, waiting for %.300s", err, text)
		}
		if f.Header.OpCode != ws.OpText || string(f.Payload) != text {
			c.t.Fatalf("got  %v %.300s\nwant %.300s", f.Header.OpCode, f.Payload, text)
		}
	}
}

// says reads messages and fails unless they have just these contents.
func (c *client) says(contents ...string) {
	c.t.Helper()
	for _, content := range contents {
		c.want(fmt.Sprintf(`{"Headers":{"x-amz-chime-event-type":"CREATE_CHANNEL_MESSAGE","x-amz-chime-message-type":"STANDARD"},"Payload":"{\"Content\":\"%s\"}"}`, content))
	}
}

// event reads a frame and fails unless it is an event of a type.
func (c *client) event(kind string) {
	c.t.Helper()
	f, err := c.frame()
	if err != nil || !strings.Contains(string(f.Payload), `"x-amz-chime-event-type":"`+kind+`"`) {
		c.t.Fatalf("got %s, %v, want %s", f.Payload, err, kind)
	}
}

// closed reads a close frame, and answers it.
func (c *client) closed(code int, reason string) {
	c.t.Helper()
	for {
		f, err := c.frame()
		if err != nil {
			c.t.Fatalf("%v, waiting to be closed with %d", err, code)
		}
		if f.Header.OpCode != ws.OpClose {
			continue
		}
		if got, text := ws.ParseCloseFrameData(f.Payload); int(got) != code || text != reason {
			c.t.Fatalf("closed with %d %q, want %d %q", got, text, code, reason)
		}
		if c.frames == nil {
			c.send(ws.NewCloseFrame(f.Payload))
		}
		_ = c.conn.Close()
		return
	}
}

// silent fails unless nothing comes but what a message to the channel brings: what was to come before
// it would have.
func (c *client) silent(h *house, channel string) {
	c.t.Helper()
	marker := fmt.Sprintf("marker %d", h.connected.Add(1))
	h.message(channel, marker)
	c.says(marker)
}

// cut breaks the connection without a word.
func (c *client) cut() {
	if tcp, ok := c.conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.conn.Close()
}

// goodbye ends the session from the client's side.
func (c *client) goodbye() {
	c.t.Helper()
	c.send(ws.NewCloseFrame(nil))
	for {
		f, err := c.frame()
		if err != nil {
			c.t.Fatalf("%v, waiting for the answer to goodbye", err)
		}
		if f.Header.OpCode == ws.OpClose {
			_ = c.conn.Close()
			return
		}
	}
}
