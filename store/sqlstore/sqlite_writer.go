package sqlstore

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

const (
	// A group is committed when it has this many transactions, or has worked for this long, or when
	// nobody waits any more and the disk is done with the group before.
	groupSize = 512
	groupTime = 5 * time.Millisecond
	// carefulGroups is how many groups are run with savepoints after one that should have been.
	carefulGroups = 64
)

// sqliteWriter runs every transaction that writes, one after the other on a goroutine of its own,
// and commits them in groups. While one group is synced to disk, by sqliteDisk, the next one runs, so that
// the cost of a sync is shared by all who wait for it and nobody's transaction waits for the disk.
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
	conn         *sqliteConn
	log          *slog.Logger
	queue        chan *job
	disk         *sqliteDisk
	memory       *sqliteMemory
	checkpointer *sqliteCheckpointer
	stopped      chan struct{}
	patience     time.Duration // groupTime

	// What follows belongs to the goroutine.
	group     []*job    // those that are not answered yet, in their order
	ran       int       // how many of them have run in the transaction that is open
	begun     time.Time // when the first of them did
	careful   int       // groups to run with savepoints, this one included
	savepoint bool      // there is one, of the job that runs
	fault     error     // of the group
	free      bool      // the disk waits for the group
}

var errRolledBackAll = errors.New("sqlstore: SQLite rolled the transaction back")

func startSQLiteWriter(conn *sqliteConn, disk *sqliteDisk, memory *sqliteMemory, checkpointer *sqliteCheckpointer, log *slog.Logger) *sqliteWriter {
	w := &sqliteWriter{
		conn:         conn,
		log:          log,
		disk:         disk,
		memory:       memory,
		checkpointer: checkpointer,
		queue:        make(chan *job, groupSize),
		stopped:      make(chan struct{}),
		patience:     groupTime,
	}
	conn.beforeWrite = w.setSavepoint
	go w.run()
	return w
}

// close ends the goroutine. Nobody may call update any more.
func (w *sqliteWriter) close() error {
	close(w.queue)
	<-w.stopped
	return errors.Join(w.disk.close(), w.checkpointer.close(), w.conn.close())
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
	for w.gather() {
		w.commit()
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
			if over := w.takeNext(); over {
				return true
			}
		}
	}
}

// takeNext adds a job to the group that has run. It reports whether there is none any more and the disk
// waits.
func (w *sqliteWriter) takeNext() (over bool) {
	var j *job
	open := true
	select {
	case j, open = <-w.queue:
	default:
		if w.free {
			return true
		}
		select {
		case j, open = <-w.queue:
		case <-w.disk.free:
			w.free = true
			return false // somebody may have come
		}
	}
	if open {
		w.take(j)
	}
	return !open
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
		w.checkpoint()
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

// commit commits the group and hands it to the disk, with its fault if it has one.
func (w *sqliteWriter) commit() {
	number := w.disk.begin()
	w.memory.begin(&w.conn.changes)
	var owed bool
	if w.fault == nil {
		owed, w.fault = w.conn.commit()
	}
	w.memory.end()
	w.conn.changes.forget()
	if w.fault != nil {
		w.log.Error("a group of transactions failed", "transactions", len(w.group), "err", w.fault)
		if err := w.conn.rollback(); err != nil {
			w.log.Error("rollback failed", "err", err)
		}
	}
	if !w.free {
		<-w.disk.free
	}
	w.disk.groups <- sqliteGroup{number: number, jobs: w.group, fault: w.fault, owed: owed}
	w.group, w.ran, w.fault, w.free = nil, 0, nil, false
	w.careful = max(0, w.careful-1)
}

// checkpoint has the log moved into the database when it has become long.
func (w *sqliteWriter) checkpoint() {
	switch {
	case w.checkpointer.closing.CompareAndSwap(true, false):
		if _, err := w.conn.checkpoint(); err != nil {
			w.log.Error("the log cannot be moved into the database", "err", err)
		}
	case w.conn.log.frames() >= checkpointFrames:
		w.checkpointer.want()
	}
}
