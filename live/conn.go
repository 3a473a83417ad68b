package live

import (
	"bufio"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"carillon/api"
)

const (
	// closeGrace is how long a client may take to read up to the close frame, and again to answer it.
	closeGrace = 5 * time.Second
	// confirmEvery is how often a client is asked, at the least, to confirm what it got, and confirmSoon
	// how often at the most, as long as the node asks few: what is not confirmed when a connection breaks
	// comes twice.
	confirmEvery = 200 * time.Millisecond
	confirmSoon  = 10 * time.Millisecond
	// confirmPart is the part of what is kept for it that it may get without being asked.
	confirmPart = 8

	// Clients have nothing to say. What they say all the same is read over, up to these bounds.
	maxDataFrame  = 64 << 10
	maxDataFrames = 1000
	maxDataBytes  = 1 << 20

	// maxFlush bounds how many bytes are gathered for one write.
	maxFlush = 32 << 10
	// readBuffer holds the longest control frame.
	readBuffer = 192
)

// closing is a close code with its reason.
type closing struct {
	code   ws.StatusCode
	reason string
	// err says by which rule a connection was denied; nil when it was not, or was had already.
	err *api.Error
}

// because is the same with the rule that decided, which clients are not told.
func (c closing) because(rule string) closing {
	kind := api.Unauthorized
	if c.code == closeForbidden {
		kind = api.Forbidden
	}
	c.err = &api.Error{Kind: kind, Message: c.reason, Reason: rule}
	return c
}

// urgency says whether what waits for a client is still written before the close frame.
type urgency bool

const (
	now        urgency = true
	afterwards urgency = false
)

// conn is one connection of a session. Its fields are guarded by the session's mutex, but for what
// never changes.
type conn struct {
	session *session
	turn    int // the session's, when this connection began
	nc      net.Conn
	source  string
	caller  *api.Caller // who opened it
	opened  time.Time
	bucket  int // of the times at which it is pinged

	// writing is set while a goroutine writes to the connection: there is at most one. It stays set, with
	// over, once nothing may be written any more but a close frame that is under way.
	writing, over bool
	// Asked for, and done by whoever writes next.
	pong     []byte
	wantPing bool
	closing  closing // its code is 0 while the connection is open
	urgent   urgency
	// flushed is made with closing, and closed when nothing will be written any more.
	flushed chan struct{}

	// pinged is the number of the last frame before the last ping, at pingedAt.
	pinged   uint64
	pingedAt time.Time
	// asked is set while the connection stands in the list of those to be asked for confirmation.
	asked bool
	// ended is why the connection ended, once it is known; the first reason counts.
	ended closing
	// delivered counts the frames written.
	delivered int
	// expiry closes the connection when the credentials of the caller end; nil when they do not.
	expiry *time.Timer
}

// kick has somebody write what is to be written.
func (c *conn) kick() {
	if !c.writing {
		c.writing = true
		go c.flush()
	}
}

// shut closes the connection: with the frames that wait for the client written first, or at once.
func (c *conn) shut(code ws.StatusCode, reason string, urgent urgency) {
	if c.closing.code != 0 {
		c.urgent = c.urgent || urgent
		return
	}
	c.closing, c.urgent, c.flushed = closing{code: code, reason: reason}, urgent, make(chan struct{})
	if c.ended.code == 0 {
		c.ended = c.closing
	}
	if c.over {
		close(c.flushed)
		return
	}
	// Whoever is writing to a client that does not read is held up no longer than this.
	deadline := time.Now().Add(closeGrace)
	_ = c.nc.SetWriteDeadline(deadline)
	_ = c.nc.SetReadDeadline(deadline.Add(closeGrace))
	c.kick()
}

// buffers are for gathering frames.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, maxFlush); return &b }}

// step is what somebody who writes does after a write.
type step int

const (
	goOn   step = iota // there may be more
	rest               // there is nothing more for now
	finish             // it was the close frame
)

// flush writes until there is nothing to write.
func (c *conn) flush() {
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	for next := goOn; next == goOn; {
		var data []byte
		if data, next = c.gather((*buffer)[:0]); len(data) > 0 {
			if _, err := c.nc.Write(data); err != nil {
				_ = c.nc.Close() // the reader notices, and ends everything
				next = finish
			}
		}
		if next == finish {
			c.giveUp()
		}
	}
}

// giveUp is for a connection that is closed, or cannot be written to: nobody writes to it again.
func (c *conn) giveUp() {
	c.session.mu.Lock()
	defer c.session.mu.Unlock()
	c.over = true
	if c.flushed != nil {
		close(c.flushed)
	}
}

// gather takes what is to be written next.
func (c *conn) gather(b []byte) (data []byte, next step) {
	s := c.session
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.pong != nil {
		b = append(b, c.pong...)
		c.pong = nil
	}
	var taken int
	if c.closing.code == 0 || !bool(c.urgent) {
		b, taken = c.take(b)
	}
	switch {
	case taken > 0:
		c.delivered += taken
		b = c.ask(b)
	case c.closing.code == closeBroken:
		c.over = true
		return append(b, ws.CompiledClose...), finish
	case c.closing.code != 0:
		c.over = true // before it is written: the client may answer before Write returns
		return append(b, closeFrame(c.closing.code, c.closing.reason)...), finish
	case c.wantPing:
		b = c.ping(b)
	}
	if len(b) == 0 {
		c.writing = false
		return nil, rest
	}
	return b, goOn
}

// take appends frames of the queue and returns how many.
func (c *conn) take(b []byte) ([]byte, int) {
	s := c.session
	if s.conn != c {
		return b, 0
	}
	first := s.written
	for s.written < len(s.queue) && (s.written == first || len(b)+len(s.queue[s.written].wire) <= maxFlush) {
		b = append(b, s.queue[s.written].wire...)
		s.written++
	}
	return b, s.written - first
}

// ask asks the client to confirm what it got, now or a little later.
func (c *conn) ask(b []byte) []byte {
	h, since := c.session.hub, time.Since(c.pingedAt)
	sent := c.session.confirmed + uint64(c.session.written)
	if since >= confirmEvery || int(sent-c.pinged) >= h.Buffer/confirmPart || since >= confirmSoon && h.beat.mayAsk() {
		return c.ping(b)
	}
	if !c.asked {
		c.asked = true
		c.session.hub.beat.ask(c)
	}
	return b
}

func (c *conn) ping(b []byte) []byte {
	c.pinged, c.pingedAt, c.wantPing = c.session.confirmed+uint64(c.session.written), time.Now(), false
	return appendPing(b, c.pinged)
}

// askAgain is what the beat does to a connection in its list.
func (c *conn) askAgain() {
	c.session.mu.Lock()
	defer c.session.mu.Unlock()
	c.asked = false
	if c.session.conn == c && c.session.confirmed+uint64(c.session.written) > c.pinged {
		c.wantPing = true
		c.kick()
	}
}

// keepAlive pings a connection that has not been pinged for a while.
func (c *conn) keepAlive(interval time.Duration) {
	c.session.mu.Lock()
	defer c.session.mu.Unlock()
	if c.closing.code == 0 && time.Since(c.pingedAt) >= interval/2 {
		c.wantPing = true
		c.kick()
	}
}

// read reads what the client sends until the connection ends, for whatever reason.
func (c *conn) read(r *bufio.Reader) {
	in := input{Reader: r}
	for {
		c.extend()
		h, err := ws.ReadHeader(r)
		if errors.Is(err, ws.ErrHeaderLengthMSB) || errors.Is(err, ws.ErrHeaderLengthUnexpected) {
			err = protocolError
		} else if err == nil {
			err = in.check(h)
		}
		if err == nil && h.OpCode.IsControl() {
			err = c.control(h, &in)
		} else if err == nil {
			err = in.skip(h)
		}
		if err == nil {
			continue
		}
		var fault *fault
		if errors.As(err, &fault) {
			c.expel(closing(*fault))
			// What was not read when the connection is closed would keep the client from reading why.
			_, _ = io.CopyN(io.Discard, r, maxDataBytes)
		}
		return
	}
}

// badFarewell reports whether a client may not close with a code or a reason. The codes that were
// registered after the protocol are fine.
func badFarewell(code ws.StatusCode, reason string) bool {
	if code >= closeRestart && code <= 1014 {
		code = ws.StatusNormalClosure
	}
	return ws.CheckCloseFrameData(code, reason) != nil
}

// expel closes the connection of a client that does not keep to the protocol, or may not listen any more,
// and ends its session. It reports false when the session had ended, or has another connection.
func (c *conn) expel(why closing) bool {
	s := c.session
	s.mu.Lock()
	mine := s.conn == c && !s.ended
	if mine {
		s.finish(why)
	}
	c.shut(why.code, why.reason, now)
	s.mu.Unlock()
	if mine {
		s.hub.end(s, closing{})
	}
	return mine
}

// extend gives the client time to be silent for two pings and a half.
func (c *conn) extend() {
	c.session.mu.Lock()
	defer c.session.mu.Unlock()
	if c.closing.code == 0 {
		interval := c.session.hub.PingInterval
		_ = c.nc.SetReadDeadline(time.Now().Add(2*interval + interval/2))
	}
}

// control does what a control frame says.
func (c *conn) control(h ws.Header, in *input) error {
	payload := in.control[:h.Length]
	if _, err := io.ReadFull(in.Reader, payload); err != nil {
		return err
	}
	ws.Cipher(payload, h.Mask, 0)
	switch h.OpCode {
	case ws.OpPong:
		if number, ok := confirmed(payload); ok {
			c.session.confirm(c, number)
		}
	case ws.OpPing:
		c.session.mu.Lock()
		c.pong = ws.MustCompileFrame(ws.NewPongFrame(payload))
		c.kick()
		c.session.mu.Unlock()
	case ws.OpClose:
		return c.farewell(payload)
	}
	return nil
}

// farewell ends the session of a client that closes its connection: it has said that it wants to hear
// nothing more. The answer is the code it gave.
func (c *conn) farewell(payload []byte) error {
	code, reason := ws.ParseCloseFrameData(payload)
	answer := closing{code: code, reason: ""}
	if len(payload) == 0 {
		answer.code = closeBroken // without a code
	} else if len(payload) == 1 || badFarewell(code, reason) {
		answer = closing{code: closeProtocol, reason: "Bad close frame"}
	}
	s := c.session
	s.mu.Lock()
	mine := s.conn == c && c.closing.code == 0
	answered := s.conn == c && c.over
	if mine {
		s.finish(answer)
	}
	if c.ended.code == 0 {
		c.ended = closing{code: ws.StatusNoStatusRcvd, reason: "closed by the client"}
		if len(payload) > 0 {
			c.ended.code = code
		}
	}
	c.shut(answer.code, answer.reason, now)
	everything := s.confirmed + uint64(s.written)
	s.mu.Unlock()
	switch {
	case mine:
		s.hub.end(s, closing{})
	case answered:
		s.confirm(c, everything) // the client has read up to our close frame
	}
	return io.EOF
}

// fault is what a client did wrong, for which its connection is closed.
type fault closing

func (f *fault) Error() string { return f.reason }

var protocolError = &fault{code: closeProtocol, reason: "Protocol error"}

// input is what there is to know between the frames of a client.
type input struct {
	*bufio.Reader
	control    [ws.MaxControlFramePayloadSize]byte
	fragmented bool
	text       *wsutil.UTF8Reader // of the text message that is coming in pieces
	frames     int
	bytes      int64
}

// check holds a header to the protocol and to our bounds.
func (in *input) check(h ws.Header) error {
	state := ws.StateServerSide
	if in.fragmented {
		state = state.Set(ws.StateFragmented)
	}
	if err := ws.CheckHeader(h, state); err != nil {
		return protocolError
	}
	if h.OpCode.IsControl() {
		return nil
	}
	in.frames++
	in.bytes += h.Length
	switch {
	case h.Length > maxDataFrame:
		return &fault{code: closeTooBig, reason: "The frame is too big"}
	case in.frames > maxDataFrames, in.bytes > maxDataBytes:
		return &fault{code: closePolicy, reason: "Clients send nothing here"}
	}
	return nil
}

// skip reads over a data frame, which means nothing here, but must be text if it says so.
func (in *input) skip(h ws.Header) error {
	in.fragmented = !h.Fin
	source := wsutil.NewCipherReader(io.LimitReader(in.Reader, h.Length), h.Mask)
	switch {
	case h.OpCode == ws.OpText:
		in.text = wsutil.NewUTF8Reader(source)
	case in.text != nil:
		in.text.Source = source
	}
	var err error
	if in.text == nil {
		_, err = io.Copy(io.Discard, source)
	} else {
		_, err = io.Copy(io.Discard, in.text)
	}
	if errors.Is(err, wsutil.ErrInvalidUTF8) || err == nil && h.Fin && in.text != nil && !in.text.Valid() {
		return &fault{code: closeBadText, reason: "The text is not UTF-8"}
	}
	if h.Fin {
		in.text = nil
	}
	return err
}
