package sqlstore

import (
	"context"
	"errors"
	"time"
)

// postgresSession is one View or Update, with all the attempts an Update takes.
//
// It talks to the server as seldom as it can. BEGIN goes along with the first statement. Once
// something was read, writes are assumed to succeed: they are answered at once and sent with the next
// statement that reads, or with COMMIT, in a form that is an error when it changes nothing. If that
// happens, the function is run again and everything is answered as it is.
type postgresSession struct {
	engine *postgresEngine
	// ctx ends the waiting for turns and connections, not a statement under way.
	ctx    context.Context
	update bool
	exact  bool     // every write waits for its answer
	try    int      // counted from 1
	losses int      // how often the server or a connection went away
	held   []func() // give turns back

	// What follows belongs to one attempt.
	conn     *postgresConn     // nil before the first exchange
	requests []postgresRequest // put off; the first is BEGIN before the first exchange
	args     []value           // of requests
	fault    *postgresFault
	read     bool // something has been asked for, and with it seen what is written about
	scripted bool // the schema is being changed
	written  []postgresWrite
}

var _ session = (*postgresSession)(nil)

func newPostgresSession(e *postgresEngine, ctx context.Context, update bool) *postgresSession {
	s := &postgresSession{engine: e, ctx: ctx, update: update}
	s.begin()
	return s
}

// begin makes ready for an attempt.
func (s *postgresSession) begin() {
	s.try++
	s.fault, s.read, s.scripted, s.written = nil, false, false, s.written[:0]
	clear(s.requests)
	s.requests, s.args = s.requests[:0], s.args[:0]
	begin := s.engine.texts.snapshot
	if s.update {
		begin = s.engine.texts.begin
	}
	s.requests = append(s.requests, postgresRequest{text: begin})
}

// end lets go of the connection. Who waits for the session's outcome does not wait for the end of
// its transaction.
func (s *postgresSession) end() {
	conn := s.conn
	s.conn = nil
	switch {
	case conn == nil:
	case s.fault != nil && s.fault.kind == lost:
		if conn.raw.IsClosed() || s.fault.stray {
			s.engine.pool.Reset() // it is seldom alone
		}
		conn.drop()
	case !conn.inTransaction():
		conn.release()
	default:
		last := s.engine.texts.rollback
		if !s.update {
			last = s.engine.texts.commit
		}
		s.engine.ending.Go(func() {
			defer conn.release() // which drops it when this fails
			conn.exchange([]postgresRequest{{text: last}})
		})
	}
}

func (s *postgresSession) exec(st *statement, args []value, each func(i, changed int)) (changed int, err error) {
	s.written = append(s.written, postgresWrite{st.id, st.runs(args)})
	err = s.send(postgresRequest{
		text: s.engine.texts.plain[st.id], params: st.params, args: args,
		ran: func(i, n int) {
			changed += n
			if each != nil {
				each(i, n)
			}
		},
	})
	return changed, err
}

func (s *postgresSession) query(st *statement, args []value, scan func(i int, r *row)) error {
	if st.writes {
		s.written = append(s.written, postgresWrite{st.id, st.runs(args)})
	}
	err := s.send(s.engine.texts.reading(st, args, scan))
	s.read = s.conn != nil
	return err
}

// foresee implements foreseer.
func (s *postgresSession) foresee(st *statement, args []value, scan func(i int, r *row)) {
	if s.fault == nil {
		s.requests = append(s.requests, s.engine.texts.reading(st, args, scan))
	}
}

// assume implements assumer.
func (s *postgresSession) assume(st *statement, args []value, matters bool) bool {
	if s.exact || !s.read || s.fault != nil {
		return false
	}
	if st.runs(args) == 0 {
		return true
	}
	s.written = append(s.written, postgresWrite{st.id, st.runs(args)})
	from := len(s.args)
	s.args = append(s.args, args...)
	s.requests = append(s.requests, s.engine.texts.assuming(st, s.args[from:], matters))
	return true
}

// script runs on its own: it is for the schema, which may take its time.
func (s *postgresSession) script(sql string) error {
	s.scripted = true
	if err := s.flush(); err != nil {
		return err
	}
	if err := s.conn.raw.Conn().SetDeadline(time.Time{}); err != nil {
		return s.fail(err, false, false)
	}
	if _, err := s.conn.raw.Exec(context.Background(), sql).ReadAll(); err != nil {
		return s.fail(err, false, false)
	}
	return nil
}

// pending reports whether something was answered that has not been done.
func (s *postgresSession) pending() bool {
	for i := range s.requests {
		if s.requests[i].assumed {
			return true
		}
	}
	return false
}

// flush sends what was put off.
func (s *postgresSession) flush() error {
	if s.fault != nil {
		return s.fault.err
	}
	if len(s.requests) == 0 {
		return nil
	}
	return s.roundTrip()
}

// send sends what was put off and one request more.
func (s *postgresSession) send(q postgresRequest) error {
	if s.fault != nil {
		return s.fault.err
	}
	if q.runs() == 0 {
		return nil
	}
	s.requests = append(s.requests, q)
	return s.roundTrip()
}

// commit sends what was put off, and COMMIT.
func (s *postgresSession) commit() error {
	if s.conn == nil {
		return nil // nothing was ever asked
	}
	return s.send(postgresRequest{text: s.engine.texts.commit})
}

// fail keeps the fault that ends the attempt.
func (s *postgresSession) fail(err error, assumed, committing bool) error {
	s.fault = classify(err, assumed, committing)
	if s.fault.kind == lost {
		s.losses++
	}
	var told interface{ SQLState() string }
	if s.fault.kind == broken && s.scripted && errors.As(err, &told) && races[told.SQLState()] {
		s.fault.kind = conflict
	}
	return s.fault.err
}

// roundTrip sends the requests and empties the list.
func (s *postgresSession) roundTrip() error {
	defer func() {
		clear(s.requests)
		s.requests, s.args = s.requests[:0], s.args[:0]
	}()
	if s.conn == nil {
		return s.firstTrip()
	}
	committing := s.requests[len(s.requests)-1].text == s.engine.texts.commit
	if failed, err := s.conn.exchange(s.requests); err != nil {
		return s.fail(err, failed < len(s.requests) && s.requests[failed].assumed, committing)
	}
	return nil
}

// firstTrip begins the transaction. Until then nobody has seen anything of it, so that it can begin
// on another connection when one is lost.
func (s *postgresSession) firstTrip() error {
	if err := s.takeTurns(); err != nil {
		return err
	}
	for {
		pooled, err := s.engine.pool.Acquire(s.ctx)
		if err == nil {
			s.conn = newPostgresConn(pooled, s.engine.texts)
			var failed int
			if failed, err = s.conn.exchange(s.requests); err == nil {
				return nil
			}
			s.fail(err, failed < len(s.requests) && s.requests[failed].assumed, false)
		} else if cancelled := s.ctx.Err(); cancelled != nil {
			s.fault = &postgresFault{kind: broken, err: cancelled}
			return cancelled
		} else {
			s.fail(err, false, false)
		}
		if s.fault.kind != lost || s.conn != nil && s.conn.heard || !s.more() {
			return s.fault.err
		}
		s.end()
		if err := s.pause(); err != nil {
			return err
		}
		s.fault = nil
	}
}
