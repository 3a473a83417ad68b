package sqlstore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
)

// exchangeTime is how long one round trip may take before its connection is given up.
const exchangeTime = 30 * time.Second

// postgresText is a text that is prepared on every connection that runs it.
type postgresText struct {
	id   int // its place among all texts
	name string
	sql  string
	of   *statement // nil of those that begin and end a transaction
	rows bool       // it runs its statement for all rows of arguments at once
	// described is what the server says of it; the same on every connection.
	described atomic.Pointer[pgconn.StatementDescription]
}

// postgresTexts are all texts there are.
type postgresTexts struct {
	begin    *postgresText // of an Update
	snapshot *postgresText // begins a View
	commit   *postgresText
	rollback *postgresText
	plain    []*postgresText // by the id of a statement
	assumed  []*postgresText // that fail where nothing changes; by the id of a statement
	// rows and assumedRows are the same for many rows of arguments at once; nil where there is none.
	rows, assumedRows []*postgresText
	count             int
}

func newPostgresTexts() *postgresTexts {
	t := &postgresTexts{}
	add := func(name, sql string) *postgresText {
		t.count++
		return &postgresText{id: t.count - 1, name: name, sql: sql}
	}
	t.begin = add("begin", "BEGIN ISOLATION LEVEL SERIALIZABLE")
	t.snapshot = add("snapshot", "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
	t.commit = add("commit", "COMMIT")
	t.rollback = add("rollback", "ROLLBACK")
	for _, s := range statements {
		of := func(prefix, sql string, rows bool) *postgresText {
			if sql == "" {
				return nil
			}
			text := add(prefix+strconv.Itoa(s.id), sql)
			text.of, text.rows = s, rows
			return text
		}
		rows := rowsText(s)
		t.plain = append(t.plain, of("s", s.text, false))
		t.assumed = append(t.assumed, of("a", assumedText(s.text), false))
		t.rows = append(t.rows, of("r", rows, true))
		t.assumedRows = append(t.assumedRows, of("b", assumedRowsText(rows), true))
	}
	return t
}

// reading is the request for what a statement returns for every row of arguments.
func (t *postgresTexts) reading(s *statement, args []value, scan func(i int, r *row)) postgresRequest {
	q := postgresRequest{text: t.plain[s.id], params: s.params, args: args, scan: scan}
	if rows := t.rows[s.id]; rows != nil && !s.writes && s.runs(args) > 1 {
		q.text = rows
	}
	return q
}

// assuming is the request for a statement that writes, with an error where a run would change nothing,
// if that matters.
func (t *postgresTexts) assuming(s *statement, args []value, matters bool) postgresRequest {
	q := postgresRequest{text: t.plain[s.id], params: s.params, args: args, assumed: matters}
	switch rows := t.rows[s.id]; {
	case rows == nil || s.runs(args) < 2:
		if matters {
			q.text = t.assumed[s.id]
		}
	case matters:
		q.text = t.assumedRows[s.id]
	case strings.HasPrefix(s.text, "INSERT"):
		// Runs that are about the same record are an error, which an UPDATE that does not matter would not tell.
		q.text, q.assumed = rows, true
	}
	return q
}

// assumedText is the text of a statement that writes, with an error where it would change nothing,
// so that a COMMIT sent along with it does not happen.
func assumedText(text string) string {
	if insert, ok := strings.CutSuffix(text, "ON CONFLICT DO NOTHING"); ok {
		return insert // a record that is there violates its key
	}
	if strings.HasPrefix(text, "INSERT") {
		return text // on conflict it updates
	}
	if !strings.Contains(text, " RETURNING ") {
		text += " RETURNING 1"
	}
	return "WITH changed AS (" + text + ") SELECT 1 / count(*) FROM changed"
}

// postgresRequest is one statement in an exchange, and what becomes of the answers.
type postgresRequest struct {
	text    *postgresText
	params  int
	args    []value
	assumed bool // it comes from assume
	scan    func(i int, r *row)
	ran     func(i, changed int)

	preparing bool // its text was sent, and the answer is not here
}

// runs says how often the text is run.
func (q *postgresRequest) runs() int {
	if q.params == 0 || q.text.rows {
		return 1
	}
	return len(q.args) / q.params
}

// postgresConn is a connection taken from the pool.
type postgresConn struct {
	pooled *pgxpool.Conn
	raw    *pgconn.PgConn
	*postgresConnState
}

// postgresConnState is what a connection keeps from one transaction to the next.
type postgresConnState struct {
	texts    *postgresTexts
	prepared []bool // by the id of the text

	values  [][]byte // of one run
	buffer  []byte   // that values point into
	row     row      // the one that scan functions get
	current postgresRow
	heard   bool // of the last exchange somebody has been told something
}

const stateKey = "carillon"

func newPostgresConn(pooled *pgxpool.Conn, texts *postgresTexts) *postgresConn {
	raw := pooled.Conn().PgConn()
	state, ok := raw.CustomData()[stateKey].(*postgresConnState)
	if !ok {
		state = &postgresConnState{texts: texts, prepared: make([]bool, texts.count), buffer: make([]byte, 0, 512)}
		state.row.columns = &state.current
		raw.CustomData()[stateKey] = state
	}
	return &postgresConn{pooled: pooled, raw: raw, postgresConnState: state}
}

// release gives the connection back. The pool drops it when it is broken or inside a transaction.
func (c *postgresConn) release() {
	if !c.raw.IsClosed() {
		c.raw.Conn().SetDeadline(time.Time{})
	}
	c.pooled.Release()
}

// drop gives the connection up.
func (c *postgresConn) drop() {
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // do not wait to say goodbye
	c.raw.Close(ctx)
	c.pooled.Release()
}

// inTransaction reports whether there is a transaction to end.
func (c *postgresConn) inTransaction() bool { return !c.raw.IsClosed() && c.raw.TxStatus() != 'I' }

// exchange runs all requests in one round trip. After the first one that fails, none has an effect;
// failed is its place, or len(requests) when it cannot be told.
func (c *postgresConn) exchange(requests []postgresRequest) (failed int, err error) {
	c.heard = false
	if c.raw.IsClosed() {
		return len(requests), errUnsent
	}
	if err := c.raw.Conn().SetDeadline(time.Now().Add(exchangeTime)); err != nil {
		return len(requests), errors.Join(errUnsent, err)
	}
	// A context would be watched by a goroutine; the deadline does without.
	pipeline := c.raw.StartPipeline(context.Background())
	for i := range requests {
		c.send(pipeline, &requests[i])
	}
	failed = len(requests)
	if err = pipeline.Sync(); err == nil {
		failed, err = c.receiveAll(pipeline, requests)
	}
	// What ails the connection after a statement that failed shows when it is used next.
	if closeErr := pipeline.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		for i := range requests {
			if requests[i].preparing {
				c.prepared[requests[i].text.id] = false
			}
		}
	}
	return failed, err
}

func (c *postgresConn) receiveAll(p *pgconn.Pipeline, requests []postgresRequest) (failed int, err error) {
	for i := range requests {
		if err := c.receive(p, &requests[i]); err != nil {
			return i, err
		}
	}
	return len(requests), nil
}

// send queues a request, and the preparation of its text when this connection has not seen it.
func (c *postgresConn) send(p *pgconn.Pipeline, q *postgresRequest) {
	described := q.text.described.Load()
	q.preparing = false // maybe it was, on a connection that was lost
	if !c.prepared[q.text.id] {
		c.prepared[q.text.id], q.preparing = true, true
		p.SendPrepare(q.text.name, q.text.sql, q.parameterTypes())
	}
	for i := range q.runs() {
		values := c.encode(q, i)
		if described == nil {
			p.SendQueryPrepared(q.text.name, values, binaryFormat, binaryFormat)
		} else {
			p.SendQueryStatement(described, values, binaryFormat, binaryFormat)
		}
	}
}

// receive reads the answers to a request.
func (c *postgresConn) receive(p *pgconn.Pipeline, q *postgresRequest) error {
	if q.preparing {
		answer, err := p.GetResults()
		if err != nil {
			return err
		}
		described, ok := answer.(*pgconn.StatementDescription)
		if !ok {
			return fmt.Errorf("%w: %T in place of a description", errProtocol, answer)
		}
		described.Name = q.text.name // which the answer does not tell
		q.text.described.CompareAndSwap(nil, described)
		q.preparing = false
	}
	for i := range q.runs() {
		answer, err := p.GetResults()
		if err != nil {
			return err
		}
		result, ok := answer.(*pgconn.ResultReader)
		if !ok {
			return fmt.Errorf("%w: %T in place of a result", errProtocol, answer)
		}
		for result.NextRow() {
			if q.scan != nil {
				c.heard = true
				c.current.values = result.Values()
				c.row.next = 0
				if q.text.rows {
					i = int(c.current.integer(len(c.current.values)-1)) - 1
				}
				q.scan(i, &c.row)
			}
		}
		tag, err := result.Close()
		switch {
		case err != nil:
			return err
		case q.text == c.texts.commit && tag.String() != "COMMIT":
			return errRolledBack
		case q.ran != nil:
			c.heard = true
			q.ran(i, int(tag.RowsAffected()))
		}
	}
	return nil
}

// Everything is sent and asked for in the binary format.
var binaryFormat = []int16{pgtype.BinaryFormatCode}

// parameterTypes tells the server what arguments are, so that it need not be asked.
func (q *postgresRequest) parameterTypes() []uint32 {
	of := elementTypes
	if q.text.rows {
		of = arrayTypes
	}
	types := make([]uint32, q.params)
	for i := range types {
		types[i] = of[q.args[i].kind]
	}
	return types
}

// encode writes the arguments of one run. They are valid until the next call.
func (c *postgresConn) encode(q *postgresRequest, run int) [][]byte {
	c.values, c.buffer = c.values[:0], c.buffer[:0]
	for i := range q.params {
		from := len(c.buffer)
		if q.text.rows {
			c.buffer = appendColumn(c.buffer, q.args, q.params, i)
		} else {
			c.buffer = appendValue(c.buffer, &q.args[run*q.params+i])
		}
		c.values = append(c.values, c.buffer[from:])
	}
	return c.values
}

// appendValue writes an argument in the binary format.
func appendValue(b []byte, v *value) []byte {
	switch v.kind {
	case textValue:
		return append(b, escapeNUL(v.text)...)
	case blobValue:
		return append(b, v.text...)
	}
	return binary.BigEndian.AppendUint64(b, uint64(v.integer))
}

// postgresRow is the current row of an answer.
type postgresRow struct{ values [][]byte }

func (r *postgresRow) integer(column int) int64 {
	switch v := r.values[column]; len(v) {
	case 8:
		return int64(binary.BigEndian.Uint64(v))
	case 4:
		return int64(int32(binary.BigEndian.Uint32(v)))
	case 2:
		return int64(int16(binary.BigEndian.Uint16(v)))
	}
	return 0 // NULL
}

func (r *postgresRow) text(column int) string { return unescapeNUL(string(r.values[column])) }
func (r *postgresRow) blob(column int) []byte { return append([]byte{}, r.values[column]...) }
