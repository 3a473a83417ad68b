package sqlstore

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"
)

// sqliteConn is one connection to SQLite with its prepared statements. One goroutine uses it at a
// time. It is the session of the transaction under way. Its errors are those of package sqlite,
// which tell where they come from.
type sqliteConn struct {
	conn     *sqlite.Conn
	prepared []*sqlite.Stmt // by the id of the statement; nil until first used
	row      row            // the one that scan functions get
	// beforeWrite is called before every statement that writes, and every script.
	beforeWrite func() error
	// wrote is set when a statement has changed something, or may have.
	wrote bool
	// log is the write-ahead log of the connection that writes; nil in others.
	log *sqliteLog
	// changes are the entries that were changed since the transaction began.
	changes entryChanges
}

var _ session = (*sqliteConn)(nil)

// busyTimeout is how long a statement waits for another process, such as an operator's shell.
const busyTimeout = 5 * time.Second

// openSQLiteConn opens a connection, with a log of its own if there is one, which it closes in the end.
func openSQLiteConn(path string, log *sqliteLog, pragmas ...string) (*sqliteConn, error) {
	flags := sqlite.OpenReadWrite
	if log != nil {
		path, flags = "file:"+url.PathEscape(path)+"?vfs="+log.name, flags|sqlite.OpenURI
	}
	conn, err := sqlite.OpenConn(path, flags)
	if err != nil {
		if log != nil {
			log.close()
		}
		return nil, err
	}
	conn.SetBusyTimeout(busyTimeout)
	c := &sqliteConn{
		conn:        conn,
		prepared:    make([]*sqlite.Stmt, len(statements)),
		beforeWrite: func() error { return nil },
		log:         log,
	}
	for _, pragma := range pragmas {
		if err := c.script(pragma); err != nil {
			c.close()
			return nil, err
		}
	}
	return c, nil
}

func (c *sqliteConn) close() error {
	err := c.conn.Close()
	if c.log != nil {
		c.log.close()
	}
	return err
}

// commit commits the transaction, and tells whether the log is still to be synced.
func (c *sqliteConn) commit() (owed bool, err error) {
	c.log.deferred, c.log.owed = true, false
	err = c.control("COMMIT")
	c.log.deferred = false
	return c.log.owed, err
}

// control runs one of the few statements that transactions are made of.
func (c *sqliteConn) control(text string) error {
	stmt, err := c.conn.Prepare(text)
	if err == nil {
		_, err = stmt.Step()
	}
	if err != nil {
		return fmt.Errorf("%s: %w", text, err)
	}
	return stmt.Reset()
}

// intact reports whether a transaction is under way. A fault such as a full disk may have made
// SQLite roll it back.
func (c *sqliteConn) intact() bool { return !c.conn.AutocommitEnabled() }

// rollback ends the transaction, if one is under way, without a trace.
func (c *sqliteConn) rollback() error {
	if !c.intact() {
		return nil
	}
	return c.control("ROLLBACK")
}

var bareLimit = regexp.MustCompile(`LIMIT (\$[0-9]+)`)

// sqliteText is a statement as SQLite gets it. A LIMIT that is nothing but a parameter would have it
// plan the statement anew at every run, because it wants to know the value, and planning takes longer
// than reading a page.
func sqliteText(s *statement) string { return bareLimit.ReplaceAllString(s.text, "LIMIT $1 + 0") }

// statement returns a prepared statement that is ready for its arguments.
func (c *sqliteConn) statement(s *statement) (*sqlite.Stmt, error) {
	if s.writes {
		if err := c.beforeWrite(); err != nil {
			return nil, err
		}
	}
	if stmt := c.prepared[s.id]; stmt != nil {
		return stmt, nil
	}
	stmt, err := c.conn.Prepare(sqliteText(s))
	if err != nil {
		return nil, err
	}
	c.prepared[s.id] = stmt
	return stmt, nil
}

// bind gives a statement its arguments. Lengths are bound with them: text may hold U+0000.
func bind(stmt *sqlite.Stmt, args []value) {
	for i := range args {
		switch arg := &args[i]; arg.kind {
		case integerValue:
			stmt.BindInt64(i+1, arg.integer)
		case textValue:
			stmt.BindText(i+1, arg.text)
		case blobValue:
			stmt.BindBytes(i+1, []byte(arg.text))
		}
	}
}

func (c *sqliteConn) exec(s *statement, args []value, each func(i, changed int)) (changed int, err error) {
	stmt, err := c.statement(s)
	if err != nil {
		return 0, err
	}
	c.changes.note(s, args)
	defer stmt.Reset() // after a fault; it has nothing to tell that Step has not
	for i := range s.runs(args) {
		bind(stmt, args[i*s.params:(i+1)*s.params])
		if _, err := stmt.Step(); err != nil {
			c.wrote = true
			return changed, err
		}
		n := c.conn.Changes()
		changed += n
		c.wrote = c.wrote || n > 0
		if each != nil {
			each(i, n)
		}
		if err := stmt.Reset(); err != nil {
			return changed, err
		}
	}
	return changed, nil
}

func (c *sqliteConn) query(s *statement, args []value, scan func(i int, r *row)) error {
	stmt, err := c.statement(s)
	if err != nil {
		return err
	}
	c.changes.note(s, args)
	defer stmt.Reset() // after a fault or a panic of scan
	c.wrote = c.wrote || s.writes
	c.row.columns = sqliteRow{stmt}
	for i := range s.runs(args) {
		bind(stmt, args[i*s.params:(i+1)*s.params])
		for {
			more, err := stmt.Step()
			if err != nil {
				return err
			}
			if !more {
				break
			}
			c.row.next = 0
			scan(i, &c.row)
		}
		if err := stmt.Reset(); err != nil {
			return err
		}
	}
	return nil
}

// script runs statements that are not kept.
func (c *sqliteConn) script(sql string) error {
	if err := c.beforeWrite(); err != nil {
		return err
	}
	c.wrote, c.changes.all = true, true
	for strings.TrimSpace(sql) != "" {
		stmt, rest, err := c.conn.PrepareTransient(sql)
		if err != nil {
			return err
		}
		sql = sql[len(sql)-rest:]
		for more := true; more && err == nil; {
			more, err = stmt.Step()
		}
		if finalizeErr := stmt.Finalize(); err == nil {
			err = finalizeErr
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sqliteRow is the current row of a statement. The length of text is asked for, not looked for.
type sqliteRow struct{ stmt *sqlite.Stmt }

func (r sqliteRow) integer(column int) int64 { return r.stmt.ColumnInt64(column) }

// text asks for the length alone where there is nothing more, which is so in most columns of text.
func (r sqliteRow) text(column int) string {
	if r.stmt.ColumnLen(column) == 0 {
		return ""
	}
	return r.stmt.ColumnText(column)
}

func (r sqliteRow) blob(column int) []byte {
	b := make([]byte, r.stmt.ColumnLen(column))
	r.stmt.ColumnBytes(column, b)
	return b
}
