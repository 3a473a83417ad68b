package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// Options are the choices of an embedded store; the zero value is sensible.
type Options struct {
	// Readers is how many Views run at the same time; 0 means as many as there are processors, and
	// at least two. More do not help: what a reader waits for is a processor.
	Readers int
	// Log gets the faults that cost a whole group of transactions; nil drops them.
	Log *slog.Logger
}

// OpenSQLite opens the database in the file at path, which it creates, readable to its owner only,
// when it is not there. SQLite keeps two more files beside it, and path+".lock" is held by the one
// process that has the database open: a second one is refused.
func OpenSQLite(path string, o Options) (*Store, error) {
	if o.Readers <= 0 {
		o.Readers = max(2, runtime.GOMAXPROCS(0))
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	e := &sqliteEngine{}
	if err := e.open(path, o); err != nil {
		e.close()
		return nil, fmt.Errorf("sqlstore: cannot open %s: %w", path, err)
	}
	return open(e)
}

// sqliteEngine is SQLite in this process: one connection that writes, and some that read beside it.
type sqliteEngine struct {
	lock    *os.File
	log     logFile
	memory  *sqliteMemory
	writer  *sqliteWriter
	readers chan *sqliteConn // those that are free
	opened  int              // readers, free or not
}

var _ engine = (*sqliteEngine)(nil)

func (e *sqliteEngine) open(path string, o Options) (err error) {
	if e.lock, err = lockFile(path + ".lock"); err != nil {
		return err
	}
	// SQLite would create the file with the permissions of the umask. Nobody can have it open here:
	// closing a file drops every lock that the process has on it.
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	log, err := openSQLiteLog()
	if err != nil {
		return err
	}
	conn, err := openSQLiteConn(path, log,
		"PRAGMA page_size = 4096",
		"PRAGMA journal_mode = WAL",
		"PRAGMA synchronous = FULL", // in WAL mode: sync the log at every commit
		"PRAGMA foreign_keys = OFF",
		"PRAGMA mmap_size = 0",
		"PRAGMA cache_size = -65536",    // KiB
		"PRAGMA temp_store = MEMORY",    // what savepoints need never goes to a file
		"PRAGMA wal_autocheckpoint = 0", // the writer says when
		"PRAGMA journal_size_limit = 67108864",
		// What a crash has left in the log may be in memory alone, where even a sync that failed has left
		// it. Nobody is told of it before it is on disk, and nothing is written behind it.
		"PRAGMA wal_checkpoint(RESTART)",
	)
	if err != nil {
		return err
	}
	e.memory = newSQLiteMemory()
	e.log.path = path + "-wal"
	checkpointing, err := openSQLiteConn(path, nil, "PRAGMA wal_autocheckpoint = 0", "PRAGMA mmap_size = 0", "PRAGMA cache_size = 16")
	if err != nil {
		return errors.Join(err, conn.close())
	}
	e.writer = startSQLiteWriter(conn, startSQLiteDisk(e.log.sync), e.memory, startSQLiteCheckpointer(checkpointing, o.Log), o.Log)
	e.readers = make(chan *sqliteConn, o.Readers)
	for range o.Readers {
		conn, err := openSQLiteConn(path, nil,
			"PRAGMA query_only = ON",
			"PRAGMA mmap_size = 0",
			"PRAGMA cache_size = -16384",
			"PRAGMA temp_store = MEMORY",
		)
		if err != nil {
			return err
		}
		e.readers <- conn
		e.opened++
	}
	return nil
}

// lockFile takes the lock that keeps other processes, and other Stores of this one, out.
func lockFile(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	switch err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err {
	case nil:
		return file, nil
	case unix.EWOULDBLOCK:
		file.Close()
		return nil, fmt.Errorf("it is in use: %s is locked", path)
	default:
		file.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
}

func (e *sqliteEngine) dialect() dialect { return sqliteDialect }

// view runs fn on the goroutine of the caller, who waits for a free reader if it needs one.
func (e *sqliteEngine) view(ctx context.Context, fn func(session) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r := &sqliteReader{sqliteEngine: e, ctx: ctx, began: e.memory.commits.Load()}
	err := r.run(fn)
	if r.outdated {
		r = &sqliteReader{sqliteEngine: e, ctx: ctx, began: e.memory.commits.Load(), forgetful: true}
		err = r.run(fn)
	}
	if fault := e.writer.disk.settle(); err == nil {
		err = fault
	}
	return err
}

func (e *sqliteEngine) update(ctx context.Context, fn func(session) (func(), error)) error {
	return e.writer.update(ctx, fn)
}

// close closes what open opened. The writer is last: whoever closes last moves the log into the
// database.
func (e *sqliteEngine) close() error {
	var errs []error
	for range e.opened {
		errs = append(errs, (<-e.readers).close())
	}
	if e.writer != nil {
		errs = append(errs, e.writer.close(), e.log.close())
	}
	if e.lock != nil {
		errs = append(errs, e.lock.Close())
	}
	return errors.Join(errs...)
}
