package sqlstore

import (
	"context"
	"math"
	"regexp"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// postgresStatistics has tables analyzed while they are young.
//
// Of a table it knows nothing about, the server assumes that next to no row is alive (deleted = 0),
// and so reads an index of those that are from end to end where it should look one up: slowly, and
// in conflict with whoever writes there. It finds out by itself within a minute or so, but somebody
// who imports a town does not wait.
type postgresStatistics struct {
	tables  []*youngTable
	byWrite []*youngTable // by the id of a statement; nil for those that read
}

// youngTable counts the rows of a table until there are so many that the server is left alone.
type youngTable struct {
	name    string
	written atomic.Int64 // also those that were there at the beginning
	next    atomic.Int64 // how many call for an analysis
}

const (
	// firstAnalysis is how many rows are worth one.
	firstAnalysis = 16
	// analysisGrowth is how much larger a table is at every further analysis.
	analysisGrowth = 4
	// lastAnalysis is from how many rows on a table is no longer young.
	lastAnalysis = 1 << 20
)

var writesTable = regexp.MustCompile(`^(?:INSERT INTO|UPDATE|DELETE FROM) (\w+)`)

func newPostgresStatistics() *postgresStatistics {
	s := &postgresStatistics{byWrite: make([]*youngTable, len(statements))}
	known := make(map[string]*youngTable)
	for i, statement := range statements {
		found := writesTable.FindStringSubmatch(statement.text)
		if found == nil {
			continue
		}
		name := found[1]
		if known[name] == nil {
			known[name] = &youngTable{name: name}
			known[name].next.Store(firstAnalysis)
			s.tables = append(s.tables, known[name])
		}
		s.byWrite[i] = known[name]
	}
	return s
}

// begin asks the server what it knows. One that does not answer is not asked for analyses either.
func (s *postgresStatistics) begin(ctx context.Context, conn *pgxpool.Conn) {
	known := make(map[string]int64)
	var name string
	var rows int64
	// A table that was never looked at has -1 rows.
	found, err := conn.Query(ctx, `SELECT relname, greatest(reltuples, 0)::bigint FROM pg_class
		WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'`, pgx.QueryExecModeSimpleProtocol)
	if err == nil {
		_, err = pgx.ForEachRow(found, []any{&name, &rows}, func() error { known[name] = rows; return nil })
	}
	for _, table := range s.tables {
		if err != nil {
			known[table.name] = math.MaxInt64
		}
		table.begin(known[table.name])
	}
}

func (t *youngTable) begin(rows int64) {
	t.written.Store(rows)
	t.next.Store(following(rows))
}

// following is how many rows call for an analysis when there were so many at the last one.
func following(rows int64) int64 {
	if rows >= lastAnalysis {
		return math.MaxInt64
	}
	return max(firstAnalysis, analysisGrowth*rows)
}

// wrote counts rows that were written, and reports, to one caller only, that it is time for an
// analysis.
func (t *youngTable) wrote(rows int) bool {
	next := t.next.Load()
	if next == math.MaxInt64 {
		return false
	}
	written := t.written.Add(int64(rows))
	return written >= next && t.next.CompareAndSwap(next, following(written))
}

// analyze lets the server look at tables, unless the engine is closed meanwhile.
func (e *postgresEngine) analyze(tables []*youngTable) {
	statement := "ANALYZE "
	for i, table := range tables {
		if i > 0 {
			statement += ", "
		}
		statement += table.name
	}
	if _, err := e.pool.Exec(e.closing, statement); err != nil && e.closing.Err() == nil {
		e.log.Warn("tables could not be analyzed", "statement", statement, "err", err)
	}
}

// count counts what a transaction wrote.
func (e *postgresEngine) count(writes []postgresWrite) {
	var due []*youngTable
	for _, w := range writes {
		if table := e.statistics.byWrite[w.statement]; table.wrote(w.rows) {
			due = append(due, table)
		}
	}
	if due != nil {
		e.ending.Go(func() { e.analyze(due) })
	}
}

// postgresWrite is how many rows a statement has written, by its id.
type postgresWrite struct{ statement, rows int }
