package sqlstore

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"carillon/store"
)

// engine is a database that runs transactions. It is safe for concurrent use; whoever calls it
// makes sure that nothing is under way when close is called, and nothing comes after.
type engine interface {
	// view runs fn on a snapshot. It may run it again when it has not read but entries.
	view(ctx context.Context, fn func(session) error) error
	// update runs fn in a serializable transaction, maybe more than once. When fn returns an error,
	// nothing of it remains and update returns that error. Otherwise update returns once the commit
	// is durable and the function that fn returned, unless nil, has run; these run one at a time
	// and in the order of the commits.
	update(ctx context.Context, fn func(session) (committed func(), err error)) error
	// dialect says how the engine spells the schema.
	dialect() dialect
	close() error
}

// session is one transaction under way. An error is a fault of the engine.
type session interface {
	// exec runs a statement that writes, once for every row of arguments, in their order and where
	// the engine can in one round trip. It returns how many records were changed in all. When each
	// is not nil it is told how many records the i-th run changed.
	exec(s *statement, args []value, each func(i, changed int)) (changed int, err error)
	// query does likewise with a statement that returns rows: scan is called for every row of the
	// i-th run.
	query(s *statement, args []value, scan func(i int, r *row)) error
	// script runs statements that the engine need not remember, separated by semicolons.
	script(sql string) error
}

// statement is one of the statements of this package, in the text that all engines share.
type statement struct {
	id     int // its place in statements
	text   string
	params int
	writes bool
	// entries says which entries it changes; channel is the place of the parameter that names the channel
	// of entriesOfOne.
	entries entryEffect
	channel int
}

// entryEffect says which entries, as EnterChannel reads them, and lists of channels a statement changes.
type entryEffect uint8

const (
	noEntries entryEffect = iota
	entriesOfOne
	allEntries
)

// entryTables are what enterChannel reads, and the lists of what is in a channel. A statement that writes one of
// them changes all that is remembered unless it says otherwise.
var entryTables = []string{
	"app_instance", "app_instance_admin", "channel", "channel_ban", "channel_flow", "channel_membership", "channel_message",
	"channel_moderator", "identity",
}

// ofChannel says that a statement changes no entries but those of the channel in a parameter.
func (s *statement) ofChannel(parameter int) *statement {
	s.entries, s.channel = entriesOfOne, parameter-1
	return s
}

// ofNew says that a statement makes a record that is in no entry yet.
func (s *statement) ofNew() *statement {
	s.entries = noEntries
	return s
}

// statements are all statements there are.
var statements []*statement

var written = regexp.MustCompile(`^(?:INSERT INTO|UPDATE|DELETE FROM) (\w+)`)

var parameter = regexp.MustCompile(`\$[0-9]+`)

// sql adds to the statements. Parameters are $1, $2 and so on, and must first appear in that order:
// to PostgreSQL the number counts, to SQLite the order. What RETURNING would tell is better read by
// a second statement: SQLite makes and drops a temporary table for it, which takes longer than all
// the rest of a small transaction.
func sql(text string) *statement {
	distinct := make(map[string]bool)
	for _, p := range parameter.FindAllString(text, -1) {
		distinct[p] = true
	}
	s := &statement{id: len(statements), text: text, params: len(distinct)}
	switch verb, _, _ := strings.Cut(text, " "); verb {
	case "INSERT", "UPDATE", "DELETE":
		s.writes = true
		if slices.Contains(entryTables, written.FindStringSubmatch(text)[1]) {
			s.entries = allEntries
		}
	}
	statements = append(statements, s)
	return s
}

// runs says how many rows of arguments there are.
func (s *statement) runs(args []value) int {
	if s.params == 0 {
		return 1
	}
	return len(args) / s.params
}

// columns writes the names of columns, separated by spaces, as columns of the table called alias.
func columns(alias, names string) string {
	return alias + "." + strings.Join(strings.Fields(names), ", "+alias+".")
}

// value is an argument of a statement, without the cost of an interface.
type value struct {
	kind    valueKind
	integer int64
	text    string // also the bytes of a blob
}

type valueKind uint8

const (
	integerValue valueKind = iota
	textValue
	blobValue
)

func key(k store.Key) value     { return value{integer: int64(k)} }
func integer(n int64) value     { return value{integer: n} }
func text(s string) value       { return value{kind: textValue, text: s} }
func blob(b []byte) value       { return value{kind: blobValue, text: string(b)} }
func instant(t time.Time) value { return value{integer: millis(t)} }

func flag(b bool) value {
	if b {
		return value{integer: 1}
	}
	return value{}
}

// upTo is the argument of LIMIT.
func upTo(limit int) value { return value{integer: int64(max(limit, 0))} }

// millis is a time as it is stored; the zero time is 0.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// row reads the columns of the current row from left to right. What is NULL reads as zero.
type row struct {
	columns rowColumns
	next    int
}

// rowColumns is an engine's access to the columns of the current row.
type rowColumns interface {
	integer(column int) int64
	text(column int) string
	blob(column int) []byte
}

func (r *row) integer() int64 {
	r.next++
	return r.columns.integer(r.next - 1)
}

func (r *row) text() string {
	r.next++
	return r.columns.text(r.next - 1)
}

func (r *row) blob() []byte {
	r.next++
	return r.columns.blob(r.next - 1)
}

func (r *row) key() store.Key { return store.Key(r.integer()) }
func (r *row) int() int       { return int(r.integer()) }
func (r *row) flag() bool     { return r.integer() != 0 }

func (r *row) instant() time.Time { return fromMillis(r.integer()) }

// fromMillis undoes millis.
func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
