package sqlstore

import (
	"errors"
	"log/slog"
	"sync/atomic"
)

const (
	// checkpointFrames is how many pages the log has when moving them into the database begins.
	checkpointFrames = 4000
	// closeFrames are few enough for the writer to move them itself.
	closeFrames = 400
	// checkpointRounds bounds how often the rest is moved beside a writer that goes on.
	checkpointRounds = 4
)

// sqliteCheckpointer moves the log into the database, on a goroutine and a connection of its own, beside
// the writer: that is thousands of writes and two syncs, for which nobody should wait. While the writer
// goes on there is always a rest. When it is small the writer moves it, between two groups, and then the
// log begins anew.
type sqliteCheckpointer struct {
	conn    *sqliteConn
	log     *slog.Logger
	wanted  chan struct{}
	stopped chan struct{}
	// closing tells the writer to move the rest.
	closing atomic.Bool
}

func startSQLiteCheckpointer(conn *sqliteConn, log *slog.Logger) *sqliteCheckpointer {
	c := &sqliteCheckpointer{conn: conn, log: log, wanted: make(chan struct{}, 1), stopped: make(chan struct{})}
	go c.run()
	return c
}

// want has the log moved, soon.
func (c *sqliteCheckpointer) want() {
	select {
	case c.wanted <- struct{}{}:
	default: // it is under way
	}
}

func (c *sqliteCheckpointer) close() error {
	close(c.wanted)
	<-c.stopped
	return c.conn.close()
}

func (c *sqliteCheckpointer) run() {
	defer close(c.stopped)
	for range c.wanted {
		for range checkpointRounds {
			rest, err := c.conn.checkpoint()
			if err != nil {
				c.log.Error("the log cannot be moved into the database", "err", err)
				break
			}
			if rest <= closeFrames {
				break
			}
		}
		c.closing.Store(true)
	}
}

// checkpoint moves what it can of the log into the database, and tells how many pages are left.
func (c *sqliteConn) checkpoint() (rest int64, err error) {
	stmt, err := c.conn.Prepare("PRAGMA wal_checkpoint(PASSIVE)")
	if err != nil {
		return 0, err
	}
	_, err = stmt.Step()
	rest = stmt.ColumnInt64(1) - stmt.ColumnInt64(2)
	return rest, errors.Join(err, stmt.Reset())
}
