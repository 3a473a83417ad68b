package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/gobwas/ws"
)

// LimitCommand is the hidden scenario by which the binary runs the bare handler.
const LimitCommand = "limit-server"

// shape is what an answer looks like: the bare handler gives one of the same shape.
type shape struct {
	Status int        `json:"status"`
	Header [][]string `json:"header"`
	Size   int        `json:"size"`
	// Frames are the sizes of the frames that a session begins with.
	Frames []int `json:"frames,omitempty"`
}

func shapeOf(a *answer) *shape {
	s := &shape{Status: a.status, Size: len(a.body)}
	for line := range bytes.Lines(a.header) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		if is(name, "Transfer-Encoding") || is(name, "Connection") {
			continue // they are about the connection
		}
		s.Header = append(s.Header, []string{string(name), string(bytes.TrimSpace(value))})
	}
	return s
}

// ServeLimit is the bare handler: it reads every request and gives an answer of the shape that the
// request asks for. The shapes come in a line of JSON; the address goes out in another; the end of in is
// the end.
func ServeLimit(in io.Reader, out io.Writer) error {
	var shapes []shape
	if err := json.NewDecoder(in).Decode(&shapes); err != nil {
		return fmt.Errorf("the shapes of the answers: %w", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer listener.Close()
	served := make(chan error, 1)
	go func() { served <- http.Serve(listener, bare(shapes)) }()
	if _, err := fmt.Fprintln(out, listener.Addr()); err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, in)
	_ = listener.Close()
	if err := <-served; !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// bare is a handler that does what every handler must do, and nothing else.
func bare(shapes []shape) http.Handler {
	bodies := make([][]byte, len(shapes))
	for i, s := range shapes {
		bodies[i] = bytes.Repeat([]byte("x"), s.Size)
	}
	session := bareSession(shapes)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" {
			session(w, r)
			return
		}
		kind, err := strconv.Atoi(r.Header.Get(kindHeader))
		if err != nil || kind < 0 || kind >= len(shapes) {
			http.Error(w, "no such kind", http.StatusBadRequest)
			return
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		for _, header := range shapes[kind].Header {
			w.Header()[header[0]] = header[1:]
		}
		w.WriteHeader(shapes[kind].Status)
		_, _ = w.Write(bodies[kind])
	})
}

// bareSession is a handler of sessions, the first of the shapes: it sends the frames that a session begins
// with, and answers when the client closes it.
func bareSession(shapes []shape) http.HandlerFunc {
	var greeting []byte
	if len(shapes) > 0 {
		for i, size := range shapes[0].Frames {
			mark := `"CHANNEL_DETAILS"`
			if i == 0 {
				mark = `"SESSION_ESTABLISHED"`
			}
			text := mark + strings.Repeat("x", max(0, size-len(mark)))
			greeting = append(greeting, ws.MustCompileFrame(ws.NewTextFrame([]byte(text)))...)
		}
	}
	return func(w http.ResponseWriter, r *http.Request) {
		conn, _, _, err := ws.UpgradeHTTP(r, w)
		if err != nil {
			return // it has told the client
		}
		defer conn.Close()
		if _, err := conn.Write(greeting); err != nil {
			return
		}
		for {
			frame, err := ws.ReadFrame(conn)
			if err != nil {
				return
			}
			if frame.Header.OpCode == ws.OpClose {
				_ = ws.WriteFrame(conn, ws.NewCloseFrame(ws.UnmaskFrameInPlace(frame).Payload))
				return
			}
		}
	}
}

// limitServer is a process of the bare handler.
type limitServer struct {
	cmd      *exec.Cmd
	stdin    io.Closer
	endpoint string
}

func startLimitServer(shapes []shape) (*limitServer, error) {
	binary, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(binary, "bench", LimitCommand)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	l := &limitServer{cmd: cmd, stdin: stdin}
	if err := json.NewEncoder(stdin).Encode(shapes); err != nil {
		return nil, errors.Join(err, l.stop())
	}
	address, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the bare handler does not start: %w", err), l.stop())
	}
	l.endpoint = "http://" + strings.TrimSpace(address)
	return l, nil
}

func (l *limitServer) stop() error { return errors.Join(l.stdin.Close(), l.cmd.Wait()) }

// againstLimit measures by turns the server, the bare handler and, when answers wait for the disk, the
// disk.
func (c *course) againstLimit(ctx context.Context) (err error) {
	shapes := make([]shape, len(c.shapes))
	for i := range c.shapes {
		s := c.shapes[i].Load()
		if s == nil {
			return fmt.Errorf("no %s was answered while the load warmed up: --limit needs an answer to take its shape from", c.w.kinds[i])
		}
		shapes[i] = *s
	}
	server, err := startLimitServer(shapes)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.stop()) }()
	wires, err := c.b.wires(c.callers, server.endpoint)
	if err != nil {
		return err
	}
	defer closeWires(wires)
	bare, disk := newOutcome(), new(disk)
	bareCPU := process(server.cmd.Process.Pid)
	err = c.each(ctx, func() error {
		if err := c.once(ctx); err != nil {
			return err
		}
		until(wires, c.round+callTimeout)
		l := c.load
		l.warmUp, l.duration = 0, c.round
		l.add(ctx, bare, c.resend(wires))
		if !c.w.writes {
			return nil
		}
		return disk.run(c.round)
	})
	c.report()
	r := c.b.Report
	if c.wires[0].secure != nil {
		r.note("the bare handler speaks in the clear, the server TLS")
	}
	r.number("bare handler, requests per second", bare.perSecond(), "1/s")
	if used, err := bareCPU.cpu(); err == nil {
		r.number("bare handler CPU per request", float64(used.Microseconds())/float64(bare.operations.Load()), "µs")
	}
	r.number("server against bare handler", c.all.perSecond()/bare.perSecond(), "×")
	if c.w.writes {
		r.number("fdatasync per second, one after the other", disk.perSecond(), "1/s")
		r.number("server against fdatasync", c.all.perSecond()/disk.perSecond(), "×")
	}
	bare.reportFailures(r, "requests to the bare handler")
	bare.service.report(r, "bare handler, from their start")
	return err
}

// resend sends the requests of the round again, around and around.
func (c *course) resend(wires []*wire) operation {
	next := make([]int, len(wires))
	return func(ctx context.Context, caller int, _ time.Time) error {
		ring := c.rings[caller]
		if len(ring) == 0 {
			return errors.New("no requests were made before the round: --limit needs a warm-up")
		}
		r := ring[next[caller]%len(ring)]
		next[caller]++
		a, err := wires[caller].exchange(ctx, r.raw)
		if err != nil {
			return err
		}
		if a.status/100 != 2 {
			return &refusal{operation: "bare handler", status: a.status, message: string(a.body)}
		}
		return nil
	}
}
