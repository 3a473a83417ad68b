package sqlstore

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

const (
	// A group is committed when it has this many transactions, or has worked for this long, or
	// nobody waits any more.
	groupSize = 512
	groupTime = 5 * time.Millisecond
	// carefulGroups is how many groups are run with savepoints after one that should have been.
	carefulGroups = 64
)

// sqliteWriter runs every transaction that writes, one after the other on a goroutine of its own,
// and commits them in groups: while one group is synced to disk the next one queues up, so that the
// cost of a sync is shared by all who wait for it.
//
// A transaction that fails leaves nothing. One that has written nothing when it fails, which is the
// rule, can just be left out. For one that has, the group is rolled back and run again from its
// beginning, each transaction in a savepoint of its own, and so are the next groups. Savepoints all
// the time would be simpler, but SQLite copies every page that changes within one: that was a
// quarter of the time of adding members.
//
// A failure of the group itself, such as a full disk or a commit that cannot be synced, fails all of
// its transactions, also those that have an error of their own to tell: what they saw has never
// been. They are not run again, because what ails is not in them.
//
// Functions run on the writer's goroutine, whose stack has grown to what SQLite needs; it would
// have to grow for every caller's.
type sqliteWriter struct {
	conn     *sqliteConn
	log      *slog.Logger
	queue    chan *job
	stopped  chan struct{}
	patience time.Duration // groupTime

	// What follows belongs to the goroutine.
	group     []*job    // those that are not answered yet, in their order
	ran       int       // how many of them have run in the transaction that is open
	begun     time.Time // when the first of them did
	careful   int       // groups to run with savepoints, this one included
	savepoint bool      // there is one, of the job that runs
	fault     error     // of the group
	committed bool      // the group is durable, or has a fault
	answered  int       // jobs of the group
}

var errRolledBackAll = errors.New("sqlstore: SQLite rolled the transaction back")

func startSQLiteWriter(conn *sqliteConn, log *slog.Logger) *sqliteWriter {
	w := &sqliteWriter{
		conn:     conn,
		log:      log,
		queue:    make(chan *job, groupSize),
		stopped:  make(chan struct{}),
		patience: groupTime,
	}
	conn.beforeWrite = w.setSavepoint
	go w.run()
	return w
}

// close ends the goroutine. Nobody may call update any more.
func (w *sqliteWriter) close() error {
	close(w.queue)
	<-w.stopped
	return w.conn.close()
}

func (w *sqliteWriter) update(ctx context.Context, fn func(session) (func(), error)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j := newJob(ctx, fn)
	select {
	case w.queue <- j:
	case <-ctx.Done():
		return ctx.Err()
	}
	return j.wait()
}

// run serves the queue until it is closed. Everything it knows is in w: a function that ends the
// goroutine (runtime.Goexit, which is what a failing test calls) leaves the rest to the next one.
func (w *sqliteWriter) run() {
	over := false
	defer func() {
		if over {
			close(w.stopped)
		} else {
			go w.run()
		}
	}()
	for {
		if !w.committed {
			if !w.gather() {
				break
			}
			w.commit()
		}
		w.answer()
	}
	over = true
}

// gather runs jobs until the group is to be committed. It reports whether there is one: if not,
// the queue is closed.
func (w *sqliteWriter) gather() bool {
	for {
		switch {
		case w.fault != nil:
			return true
		case w.ran < len(w.group):
			w.runNext()
		case len(w.group) == 0:
			j, open := <-w.queue
			if !open {
				return false
			}
			w.take(j)
		case len(w.group) == groupSize || time.Since(w.begun) > w.patience:
			return true
		default:
			select {
			case j, open := <-w.queue:
				if !open {
					return true
				}
				w.take(j)
			default:
				return true
			}
		}
	}
}

// take adds a job to the group, unless its caller has gone.
func (w *sqliteWriter) take(j *job) {
	if j.claim() {
		w.group = append(w.group, j)
	}
}

// runNext runs the next job of the group, the first one after beginning the transaction.
func (w *sqliteWriter) runNext() {
	if w.ran == 0 {
		w.begun = time.Now()
		if w.fault = w.conn.control("BEGIN IMMEDIATE"); w.fault != nil {
			return
		}
	}
	j := w.group[w.ran]
	w.ran++
	w.conn.wrote = false
	defer w.settle(j)
	j.run(w.conn)
}

// setSavepoint is called before every write.
func (w *sqliteWriter) setSavepoint() error {
	if w.careful == 0 || w.savepoint {
		return nil
	}
	if err := w.conn.control("SAVEPOINT job"); err != nil {
		return err
	}
	w.savepoint = true
	return nil
}

// settle keeps what a job wrote, or drops it when the job failed.
func (w *sqliteWriter) settle(j *job) {
	set := w.savepoint
	w.savepoint = false
	switch {
	case !w.conn.intact():
		w.fault = errors.Join(errRolledBackAll, j.err)
	case set:
		if j.err != nil {
			w.fault = w.conn.control("ROLLBACK TO job")
		}
		if w.fault == nil {
			w.fault = w.conn.control("RELEASE job")
		}
	case j.err != nil && w.conn.wrote:
		w.careful = carefulGroups
		w.ran = 0
		w.fault = w.conn.rollback()
	}
}

// commit makes the group durable, or sets its fault.
func (w *sqliteWriter) commit() {
	if w.fault == nil {
		w.fault = w.conn.control("COMMIT")
	}
	if w.fault != nil {
		w.log.Error("a group of transactions failed", "transactions", len(w.group), "err", w.fault)
		if err := w.conn.rollback(); err != nil {
			w.log.Error("rollback failed", "err", err)
		}
	}
	w.committed = true
}

// answer lets the callers of the group go on, in the order of their transactions and each after its
// hooks.
func (w *sqliteWriter) answer() {
	for w.answered < len(w.group) {
		j := w.group[w.answered]
		w.answered++
		j.finish(w.fault)
	}
	clear(w.group)
	w.group, w.ran, w.answered = w.group[:0], 0, 0
	w.fault, w.committed = nil, false
	w.careful = max(0, w.careful-1)
}
