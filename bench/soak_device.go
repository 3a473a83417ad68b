package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/gobwas/ws"
)

// device is one client of a user: it has one session at a time, in which it behaves badly.
type device struct {
	*soaking
	user   int // of the people; -1 is the witness, which behaves well and is in every channel
	name   string
	number int
	random *rand.Rand
	lives  []*life

	mu sync.Mutex
	// words are the channels whose last word has come.
	words map[int]bool
}

// life is one session, from its first connection until it was closed for good.
type life struct {
	id          string
	connections []*connection
	// began is when the first connection was asked for.
	began int64
	// stopped is how many connections there were when it was asked to end; those after that do not count.
	stopped int
	// ended is when it was asked to end, in whatever way, and final that it was in the end of the run.
	ended int64
	final bool
	// fresh is set when the server said that the session cannot go on: what is next is a new one, under
	// the same id.
	fresh bool
}

// connection is what one connection of a session got. Times are those of the truth.
type connection struct {
	established, ended int64
	receipts           []receipt
	// dawdles are when the client did not read.
	dawdles []interval
}

// reading is how long the client read within a span of time.
func (c *connection) reading(from, to int64) int64 {
	read := to - from
	for _, d := range c.dawdles {
		read -= max(0, min(to, d.to)-max(from, d.from))
	}
	return read
}

// receipt is an event that came.
type receipt struct {
	event int
	at    int64
}

func (r *soaking) device(user int, name string) *device {
	n := len(r.devices)
	return &device{soaking: r, user: user, name: name, number: n, random: r.random(1, n), words: make(map[int]bool)}
}

// narrowBuffer is the receive buffer of clients with a bad network, in bytes: it lets a few hundred events
// through a second.
const narrowBuffer = 32 << 10

func (d *device) narrow() bool { return d.number%3 == 1 }

// live opens sessions one after the other until the end of the run.
func (d *device) live(ctx context.Context) {
	for ctx.Err() == nil && !done(d.end) {
		l := &life{id: fmt.Sprintf("device %d, session %d", d.number, len(d.lives)), began: d.truth.now()}
		if n := len(d.lives); n > 0 && d.lives[n-1].fresh {
			l.id = d.lives[n-1].id
		}
		d.lives = append(d.lives, l)
		d.session(ctx, l)
		if l.ended == 0 {
			l.ended = d.truth.now()
		}
		if !d.calmed() {
			_ = d.rest(ctx, 0, 2*time.Second)
		}
	}
}

// session lives one session.
func (d *device) session(ctx context.Context, l *life) {
	line := d.connect(ctx, l)
	for line != nil {
		line = d.use(ctx, l, line)
	}
}

// line is a connection with somebody who reads it.
type line struct {
	*socket
	*connection
	// pace is held by whoever keeps the reader from reading.
	pace  sync.Mutex
	ended chan struct{} // closed when the reader has ended
	why   error         // to be read once it has
}

// connect connects until it succeeds. It returns nil when the run is over.
func (d *device) connect(ctx context.Context, l *life) *line {
	for {
		from := d.truth.now()
		s, err := d.b.dialer.open(ctx, d.name, l.id, fanoutBuffer)
		if err == nil {
			if tcp, ok := s.conn.(*net.TCPConn); ok && d.narrow() {
				_ = tcp.SetReadBuffer(narrowBuffer)
			}
			c := &connection{established: d.truth.now()}
			l.connections = append(l.connections, c)
			n := &line{socket: s, connection: c, ended: make(chan struct{})}
			d.connected.Add(1)
			go d.read(n)
			return n
		}
		if ctx.Err() != nil {
			return nil
		}
		// Who connects twice within a second has signed the same, and may be told to sign anew.
		if !closedWith(err, tryAgain) && !d.allowed(from) {
			d.b.Report.brokeAs(1, "sessions could not connect", err)
		}
		_ = pause(ctx, 100*time.Millisecond)
	}
}

func (d *device) read(n *line) {
	defer close(n.ended)
	defer d.connected.Add(-1)
	for {
		n.pace.Lock()
		n.pace.Unlock() //nolint:staticcheck // only waited for
		frame, err := n.next()
		if err != nil {
			n.why = err
			n.connection.ended = d.truth.now()
			_ = n.conn.Close()
			return
		}
		event, err := d.truth.recognize(frame)
		if err != nil {
			d.truth.strange.Add(1)
			d.b.Report.once("a session got something that is no event: %v", err)
			continue
		}
		now := d.truth.now()
		n.receipts = append(n.receipts, receipt{event: event, at: now})
		d.hear(event)
		d.truth.heard.Add(1)
		raise(&d.latest, now)
	}
}

// use does one thing with a connection, after a while. It returns the connection that the session goes
// on with, nil when the session is over.
func (d *device) use(ctx context.Context, l *life, n *line) *line {
	wait := between(d.random, 100*time.Millisecond, 8*time.Second)
	calm := d.calm
	if d.user < 0 {
		wait = math.MaxInt64 // the witness behaves well
	}
	if d.calmed() {
		calm = nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-n.ended:
		return d.recover(ctx, l, n)
	case <-calm:
		return n
	case <-d.end:
		l.final = true
		return d.stop(ctx, l, n)
	case <-ctx.Done():
		n.cut()
		<-n.ended
		return nil
	case <-timer.C:
	}
	if d.calmed() {
		return n
	}
	switch choice := d.random.IntN(100); {
	case choice < 40:
		return d.cutOff(ctx, l, n)
	case choice < 55:
		return d.stop(ctx, l, n)
	case choice < 70:
		return d.takeOver(ctx, l, n)
	default:
		return d.dawdle(ctx, l, n)
	}
}

// cutOff breaks the connection, stays away for a while and comes back.
func (d *device) cutOff(ctx context.Context, l *life, n *line) *line {
	n.cut()
	<-n.ended
	_ = d.rest(ctx, 0, 3*time.Second)
	return d.connect(ctx, l)
}

// stopAttempts is how often a client tries to end a session properly.
const stopAttempts = 4

// stop ends the session properly. When the server dies meanwhile, or the client reads so little that it
// does not get to the answer, nobody knows whether the session has ended: it is opened once more, to be
// closed, and what it gets then does not count.
func (d *device) stop(ctx context.Context, l *life, n *line) *line {
	l.ended = d.truth.now()
	l.stopped = len(l.connections)
	for attempt := 1; n != nil; attempt++ {
		from := d.truth.now()
		if err := n.sayGoodbye(); err != nil {
			n.cut()
		}
		<-n.ended
		switch {
		case goodbye(n.why):
			return nil
		case d.allowed(from), attempt < stopAttempts && d.sluggish(n):
			n = d.connect(ctx, l)
		default:
			d.b.Report.brokeAs(1, "sessions were not closed when they asked for it", n.why)
			return nil
		}
	}
	return nil
}

// takeOver opens the session again while its connection still stands, as a client does whose network
// has changed.
func (d *device) takeOver(ctx context.Context, l *life, n *line) *line {
	from := d.truth.now()
	next := d.connect(ctx, l)
	select {
	case <-n.ended:
	case <-time.After(stopTimeout):
		n.cut()
		<-n.ended
	}
	const forbidden = ws.StatusCode(4003)
	if !closedWith(n.why, forbidden) && !d.allowed(from) && !d.sluggish(n) {
		d.b.Report.brokeAs(1, "connections were not closed when others took their sessions", n.why)
	}
	return next
}

// dawdle stops reading for a while, mostly a short one.
func (d *device) dawdle(ctx context.Context, l *life, n *line) *line {
	least, most := 300*time.Millisecond, 3*time.Second
	if d.random.IntN(6) == 0 {
		least, most = 5*time.Second, slowest
	}
	n.pace.Lock()
	from := d.truth.now()
	_ = d.rest(ctx, least, most)
	n.dawdles = append(n.dawdles, interval{from, d.truth.now()})
	n.pace.Unlock()
	if d.random.IntN(4) == 0 {
		return d.cutOff(ctx, l, n)
	}
	return n
}

// slowest is how long a client does not read, at most.
const slowest = 12 * time.Second

// recover goes on after a connection that ended by itself.
func (d *device) recover(ctx context.Context, l *life, n *line) *line {
	const restarts = ws.StatusCode(1012)
	var told *closed
	switch {
	case closedWith(n.why, tryAgain):
		d.truth.slow.Add(1)
		l.fresh = true
		return nil
	case errors.As(n.why, &told) && told.code != restarts:
		d.b.Report.brokeAs(1, "sessions were closed by the server", n.why)
	case !d.truth.killed(n.established, d.truth.now()) && !d.sluggish(n):
		d.b.Report.brokeAs(1, "connections ended without a word", n.why)
	}
	if !d.calmed() {
		_ = d.rest(ctx, 0, time.Second)
	}
	return d.connect(ctx, l)
}

// hear notes the last word of a channel.
func (d *device) hear(event int) {
	if channel, last := d.truth.lastWord(event); last {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.words[channel] = true
	}
}

// satisfied reports whether the last word of every channel has come that its user is in. Where it is not
// known whether it is, none is waited for.
func (d *device) satisfied() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for channel := range d.names {
		if (d.user < 0 || d.moves.surelyIn(channel, d.user)) && !d.words[channel] {
			return false
		}
	}
	return true
}

// sluggish reports whether a client may have read so little of a connection that the server could not
// tell it why it is closed: nobody waits for that forever.
func (d *device) sluggish(n *line) bool { return d.narrow() || len(n.dawdles) > 0 }

// tryAgain is the close code of a server that cannot go on with a client now.
const tryAgain = ws.StatusCode(1013)

func closedWith(err error, code ws.StatusCode) bool {
	var c *closed
	return errors.As(err, &c) && c.code == code
}

// rest waits, but not once calm has come.
func (d *device) rest(ctx context.Context, least, most time.Duration) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-d.calm:
			cancel()
		case <-ctx.Done():
		}
	}()
	return pause(ctx, between(d.random, least, most))
}

func (d *device) calmed() bool { return done(d.calm) }

func done(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
