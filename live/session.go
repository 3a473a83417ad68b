package live

import (
	"slices"
	"sync"
	"time"
)

// session is what one client listens through: it outlives the connection, so that a client that comes
// back in time misses nothing.
type session struct {
	hub  *Hub
	user *user
	id   string
	// slot is the session's place in the journal; negative when it has none.
	slot int

	mu sync.Mutex
	// conn is nil while the client is away.
	conn *conn
	// queue holds the frames that the client has not confirmed, the oldest first. The first written of
	// them were written to conn, and confirmed frames came before them.
	queue     []*frame
	written   int
	confirmed uint64
	// overflowed: more happened than is kept. The queue is empty, and stays so until the client is back.
	overflowed bool
	// ended: the session is over, and nothing reaches it any more. why is what its client is told.
	ended bool
	why   closing
	// turn counts the connects: the last one has the session, whichever is ready first.
	turn int
	// waits is set while the client may come back; away counts the times that it was given for that.
	waits bool
	away  int
}

// push hands a frame to the session. It never waits.
func (s *session) push(f *frame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.ended, s.overflowed:
		return
	case len(s.queue) >= s.hub.Buffer:
		s.overflow()
		return
	}
	s.queue = append(s.queue, f)
	if len(s.queue) == 1 {
		s.note()
	}
	if s.conn != nil {
		s.conn.kick()
	}
}

// overflow gives up on telling the client everything. A client that does not read is sent away: what
// it gets when it comes back is the newest state.
func (s *session) overflow() {
	s.overflowed = true
	s.forget()
	if s.conn != nil {
		s.conn.shut(tooSlow.code, tooSlow.reason, now)
	}
}

// forget empties the queue.
func (s *session) forget() {
	s.confirmed += uint64(len(s.queue))
	s.queue, s.written = nil, 0
	s.note()
}

// confirm drops the frames up to a number that the client has confirmed on its connection.
func (s *session) confirm(c *conn, number uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn != c || number <= s.confirmed || number > s.confirmed+uint64(s.written) {
		return
	}
	n := int(number - s.confirmed)
	clear(s.queue[:n])
	s.queue, s.written, s.confirmed = s.queue[n:], s.written-n, number
	if len(s.queue) == 0 && cap(s.queue) > 16 {
		s.queue = nil
	}
	s.note()
}

// attach gives the session the connection it waits for, and writes to it what the client has not
// confirmed.
//
// A session that has ended meanwhile tells why. So does one for which more has happened meanwhile than is
// kept: its client has been told the state from before that.
func (s *session) attach(c *conn) (why closing) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.ended:
		return s.why
	case c.turn != s.turn:
		return takenOver
	case s.overflowed:
		return tooSlow
	}
	s.take()
	s.stopWaiting()
	s.conn = c
	s.note()
	c.kick()
	return closing{}
}

var (
	takenOver = closing{code: closeForbidden, reason: "The session has another connection"}
	tooSlow   = closing{code: closeAgain, reason: "The client does not read fast enough"}
)

// take takes the connection that the session may have from it.
func (s *session) take() {
	if s.conn != nil {
		s.conn.shut(takenOver.code, takenOver.reason, now)
		s.conn, s.written = nil, 0
	}
}

// welcome is for a client that is about to connect, perhaps again: the session waits for it, and keeps
// from now on what happens. A session that has ended welcomes nobody.
func (s *session) welcome() (turn int, welcome bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.ended:
		return 0, false
	case s.overflowed:
		s.hub.metrics.resumes.WithLabelValues("overflowed").Inc()
		s.overflowed = false
	case s.away > 0:
		s.hub.metrics.resumes.WithLabelValues("resumed").Inc()
	}
	s.take()
	s.wait(s.hub.Now().Add(s.hub.ResumeWindow))
	s.note()
	s.turn++
	return s.turn, true
}

// detach takes a connection that has ended from the session, if it is still its own.
func (s *session) detach(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn != c {
		return
	}
	s.conn, s.written = nil, 0
	if !s.ended {
		s.wait(s.hub.Now().Add(s.hub.ResumeWindow))
		s.note()
	}
}

// wait gives the client time to come back.
func (s *session) wait(until time.Time) {
	if !s.waits {
		s.waits = true
		s.hub.metrics.waiting.Inc()
	}
	s.away++
	s.hub.awaiting.add(s, s.away, until)
}

func (s *session) stopWaiting() {
	if s.waits {
		s.waits = false
		s.hub.metrics.waiting.Dec()
	}
}

// end is called once the hub knows the session no more. With a reason its connection is closed, which
// is then the last that the client hears; without one there is none, or it is closing already.
func (s *session) end(why closing) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	s.finish(why)
	if s.conn != nil && why.code != 0 {
		s.conn.shut(why.code, why.reason, now)
	}
}

// finish is the end as far as the session knows it: nothing reaches it any more, and no process after this
// one brings it back. Whoever tells the client that it has ended has done this before.
func (s *session) finish(why closing) {
	s.ended, s.why, s.queue, s.written = true, why, nil, 0
	s.hub.journal.free(s.slot)
	s.stopWaiting()
}

// note keeps the journal up to date: what was not confirmed.
func (s *session) note() {
	if s.slot < 0 || s.ended {
		return
	}
	var unconfirmed uint64
	if len(s.queue) > 0 {
		unconfirmed = s.queue[0].place
	}
	s.hub.journal.note(s.slot, unconfirmed, s.overflowed)
}

// awaiting are the sessions whose clients are away, in the order in which their time ends.
type awaiting struct {
	mu   sync.Mutex
	list []absence
}

// absence is one time that a session waits for its client.
type absence struct {
	session *session
	away    int
	until   time.Time
}

func (a *awaiting) add(s *session, away int, until time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.list = append(a.list, absence{session: s, away: away, until: until})
}

// over takes those whose time has ended and whose client has not been back since.
func (a *awaiting) over(now time.Time) []*session {
	a.mu.Lock()
	n := 0
	for n < len(a.list) && !a.list[n].until.After(now) {
		n++
	}
	ended := slices.Clone(a.list[:n])
	clear(a.list[:n])
	if a.list = a.list[n:]; len(a.list) == 0 {
		a.list = nil
	}
	a.mu.Unlock()
	var over []*session
	for i := range ended {
		if ended[i].lasts() {
			over = append(over, ended[i].session)
		}
	}
	return over
}

// lasts reports whether the client has not been back since.
func (a *absence) lasts() bool {
	a.session.mu.Lock()
	defer a.session.mu.Unlock()
	return !a.session.ended && a.session.conn == nil && a.session.away == a.away
}
