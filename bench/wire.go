package bench

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// wire is a connection that is kept for one request after the other, by one goroutine. It knows as much
// of HTTP as it takes to find the end of an answer: the client of net/http costs more than many
// servers, and on the cores of the server.
type wire struct {
	address string
	secure  *tls.Config // nil speaks in the clear

	limit  time.Time // when all ends
	conn   net.Conn
	in     *bufio.Reader
	answer answer
}

// answer is what a server answered. It is good until the next request.
type answer struct {
	status int
	kind   string // of an error
	header []byte // as it came
	body   []byte
}

// wireBuffer holds most answers.
const wireBuffer = 8 << 10

// newWire makes a connection to the server of a URL, which is opened when it is needed.
func newWire(endpoint string, secure *tls.Config) (*wire, error) {
	u, err := url.Parse(endpoint)
	if err != nil {
		return nil, err
	}
	w := &wire{address: u.Host}
	port := u.Port()
	if u.Scheme == "https" {
		w.secure = secure.Clone()
		w.secure.ServerName = u.Hostname()
	}
	if port == "" {
		w.address = net.JoinHostPort(u.Hostname(), map[bool]string{true: "443", false: "80"}[w.secure != nil])
	}
	return w, nil
}

// serialize writes a request down as it goes over a wire. kind is what Kind says of it.
func serialize(r *http.Request, body []byte, kind int) []byte {
	out := fmt.Appendf(make([]byte, 0, 512+len(body)), "%s %s HTTP/1.1\r\nHost: %s\r\n", r.Method, r.URL.RequestURI(), r.URL.Host)
	for name, values := range r.Header {
		for _, value := range values {
			out = fmt.Appendf(out, "%s: %s\r\n", name, value)
		}
	}
	if len(body) > 0 {
		out = fmt.Appendf(out, "Content-Length: %d\r\n", len(body))
	}
	return append(fmt.Appendf(out, "%s: %d\r\n\r\n", kindHeader, kind), body...)
}

// kindHeader is a header that tells the bare handler which answer a request gets. Nothing signs it.
const kindHeader = "Bench-Kind"

// exchange sends a request and reads the answer. The connection is opened anew after an error.
func (w *wire) exchange(ctx context.Context, request []byte) (*answer, error) {
	if w.conn == nil {
		if err := w.open(ctx); err != nil {
			return nil, err
		}
	}
	_, err := w.conn.Write(request)
	if err == nil {
		err = w.read()
	}
	if err != nil {
		w.close()
		return nil, err
	}
	return &w.answer, nil
}

func (w *wire) open(ctx context.Context) (err error) {
	d := net.Dialer{Timeout: callTimeout}
	if w.secure != nil {
		w.conn, err = (&tls.Dialer{NetDialer: &d, Config: w.secure}).DialContext(ctx, "tcp", w.address)
	} else {
		w.conn, err = d.DialContext(ctx, "tcp", w.address)
	}
	if err != nil {
		w.conn = nil
		return err
	}
	if w.in == nil {
		w.in = bufio.NewReaderSize(nil, wireBuffer)
	}
	w.in.Reset(w.conn)
	return w.conn.SetDeadline(w.limit)
}

// until bounds everything that follows, which costs less than to bound each exchange.
func (w *wire) until(t time.Time) {
	w.limit = t
	if w.conn != nil {
		_ = w.conn.SetDeadline(t)
	}
}

func (w *wire) close() {
	if w.conn != nil {
		_ = w.conn.Close()
		w.conn = nil
	}
}

// read reads an answer.
func (w *wire) read() error {
	a := &w.answer
	a.header, a.body, a.kind = a.header[:0], a.body[:0], ""
	line, err := w.line()
	if err != nil {
		return err
	}
	version, rest, _ := bytes.Cut(line, []byte(" "))
	if !bytes.Equal(version, []byte("HTTP/1.1")) || len(rest) < 3 {
		return fmt.Errorf("an answer begins with %.40q", line)
	}
	if a.status, err = strconv.Atoi(string(rest[:3])); err != nil {
		return fmt.Errorf("an answer begins with %.40q", line)
	}
	length, chunked, last := 0, false, false
	for {
		if line, err = w.line(); err != nil {
			return err
		}
		if len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch {
		case is(name, "Content-Length"):
			if length, err = strconv.Atoi(string(value)); err != nil || length < 0 || length > maxAnswer {
				return fmt.Errorf("an answer of %.40q bytes", value)
			}
		case is(name, "Transfer-Encoding"):
			chunked = true
		case is(name, "Connection"):
			last = is(value, "close")
		case is(name, "X-Amzn-Errortype"):
			a.kind, _, _ = strings.Cut(string(value), ":")
		}
		a.header = append(append(a.header, line...), "\r\n"...)
	}
	if err := w.readBody(length, chunked); err != nil {
		return err
	}
	if last {
		w.close()
	}
	return nil
}

func (w *wire) readBody(length int, chunked bool) (err error) {
	a := &w.answer
	if !chunked {
		if cap(a.body) < length {
			a.body = make([]byte, length)
		}
		a.body = a.body[:length]
		_, err = io.ReadFull(w.in, a.body)
		return err
	}
	if a.body, err = io.ReadAll(io.LimitReader(httputil.NewChunkedReader(w.in), maxAnswer)); err != nil {
		return err
	}
	for { // trailers
		line, err := w.line()
		if err != nil || len(line) == 0 {
			return err
		}
	}
}

var errLongLine = errors.New("a line of an answer is too long")

// line is the next line of the head of an answer, without its end.
func (w *wire) line() ([]byte, error) {
	line, err := w.in.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, errLongLine
	case err != nil:
		return nil, err
	}
	return bytes.TrimRight(line, "\r\n"), nil
}

// is compares the text of a header without regard to case.
func is(text []byte, want string) bool {
	return len(text) == len(want) && bytes.EqualFold(text, []byte(want))
}
