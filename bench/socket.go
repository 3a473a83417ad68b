package bench

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"

	"carillon/sigv4"
)

const (
	// connectTimeout bounds how long a session may take to be established.
	connectTimeout = 30 * time.Second
	// stopTimeout bounds how long a server may take to answer a close frame.
	stopTimeout = 15 * time.Second
	// presignedFor is what official clients give the URL of a session.
	presignedFor = 10 * time.Second
	// perAddress is how many connections come from one address of the loopback network, which has
	// about 28,000 ports for them.
	perAddress = 20000
	maxFrame   = 1 << 20
)

// dialer opens sessions.
type dialer struct {
	url    string // without its query
	signer *sigv4.Signer
	tls    *tls.Config
	dialed atomic.Int64
}

// socket is one connection of a session.
type socket struct {
	conn net.Conn
	in   *bufio.Reader
	// frame is the room for what is read.
	frame []byte

	writing sync.Mutex
}

// closed is the close frame with which a connection ended.
type closed struct {
	code   ws.StatusCode
	reason string
}

func (c *closed) Error() string { return fmt.Sprintf("closed with %d: %s", c.code, c.reason) }

// open connects and returns once the session is established. reading is the size of the buffer
// that is read with.
func (d *dialer) open(ctx context.Context, user, session string, reading int) (*socket, error) {
	return d.connect(ctx, url.Values{"userArn": {user}, "sessionId": {session}}, reading)
}

// connect does it with any query.
func (d *dialer) connect(ctx context.Context, query url.Values, reading int) (*socket, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	r, err := http.NewRequest(http.MethodGet, d.url+"?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	d.signer.Presign(r, nil, time.Now(), presignedFor)
	dialer := ws.Dialer{NetDial: d.dial, TLSConfig: d.tls, ReadBufferSize: 1024, WriteBufferSize: 1024}
	conn, early, _, err := dialer.Dial(ctx, r.URL.String())
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	s := &socket{conn: conn}
	var source io.Reader = conn
	if early != nil {
		text, _ := early.Peek(early.Buffered())
		source = io.MultiReader(bytes.NewReader(bytes.Clone(text)), conn)
		ws.PutReader(early)
	}
	s.in = bufio.NewReaderSize(source, reading)
	_ = conn.SetReadDeadline(time.Now().Add(connectTimeout))
	first, err := s.next()
	if err == nil && !bytes.Contains(first, []byte(`"SESSION_ESTABLISHED"`)) {
		err = fmt.Errorf("the first frame is %.200q", first)
	}
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("connecting: %w", err)
	}
	_ = conn.SetReadDeadline(time.Time{})
	return s, nil
}

func (d *dialer) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	var dialer net.Dialer
	if strings.HasPrefix(addr, "127.0.0.1:") {
		from := 1 + d.dialed.Add(1)/perAddress%200
		dialer.LocalAddr = &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(from))}
	}
	return dialer.DialContext(ctx, network, addr)
}

// next returns the next text frame, which is good until the next call, and answers pings meanwhile.
// The error is a *closed when the server closed the connection.
func (s *socket) next() ([]byte, error) {
	s.frame = s.frame[:0]
	for {
		h, err := ws.ReadHeader(s.in)
		if err != nil {
			return nil, err
		}
		if h.Masked || int64(len(s.frame))+h.Length > maxFrame {
			return nil, fmt.Errorf("a frame of %d bytes, masked: %v", h.Length, h.Masked)
		}
		begin := len(s.frame)
		s.frame = append(s.frame, make([]byte, h.Length)...)
		if _, err := io.ReadFull(s.in, s.frame[begin:]); err != nil {
			return nil, err
		}
		switch {
		case h.OpCode.IsControl():
			if err := s.control(h.OpCode, s.frame[begin:]); err != nil {
				return nil, err
			}
			s.frame = s.frame[:begin]
		case h.Fin:
			return s.frame, nil
		}
	}
}

// control answers a control frame.
func (s *socket) control(code ws.OpCode, payload []byte) error {
	switch code {
	case ws.OpPing:
		_ = s.write(ws.OpPong, payload) // there may be more to read on a connection that takes nothing
	case ws.OpClose:
		_ = s.write(ws.OpClose, payload) // unless we closed first, or it is gone already
		c := &closed{code: ws.StatusNoStatusRcvd}
		if len(payload) >= 2 {
			c.code, c.reason = ws.StatusCode(binary.BigEndian.Uint16(payload)), string(payload[2:])
		}
		return c
	}
	return nil
}

// write writes a control frame.
func (s *socket) write(code ws.OpCode, payload []byte) error {
	f := ws.MaskFrame(ws.NewFrame(code, true, bytes.Clone(payload)))
	text, err := ws.CompileFrame(f)
	if err != nil {
		return err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	_ = s.conn.SetWriteDeadline(time.Now().Add(stopTimeout))
	_, err = s.conn.Write(text)
	return err
}

// sayGoodbye asks the server to close the session. Somebody must read until it has.
func (s *socket) sayGoodbye() error {
	_ = s.conn.SetReadDeadline(time.Now().Add(stopTimeout))
	return s.write(ws.OpClose, ws.NewCloseFrameBody(ws.StatusNormalClosure, ""))
}

// part closes the session and waits until the server has, where nobody else reads.
func (s *socket) part() error {
	defer s.conn.Close()
	err := s.sayGoodbye()
	for err == nil {
		_, err = s.next()
	}
	if goodbye(err) {
		return nil
	}
	return err
}

// cut ends the connection as a broken network does: without a word.
func (s *socket) cut() {
	if tcp, ok := s.conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = s.conn.Close()
}

// goodbye reports whether a connection ended with an answered close frame.
func goodbye(err error) bool {
	var c *closed
	return errors.As(err, &c) && c.code == ws.StatusNormalClosure
}
