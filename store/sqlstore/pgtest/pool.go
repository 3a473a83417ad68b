package pgtest

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Pool lends databases that are all alike, and hands what one test returns, emptied, to the next one of
// its process: to make a database and its tables takes longer than most tests. Its server does not wait
// for its disk, so that it is of no use where it matters what survives a power failure.
//
// On a server that was there already, where nobody would remove the pool in the end, every test
// gets a database that is dropped when it is over.
type Pool struct {
	// Prepare makes the tables of an empty database. Those that it leaves empty are emptied again.
	Prepare func(url string) error

	mu   sync.Mutex
	idle []*pooled
}

// pooled is a database that is lent to one test at a time.
type pooled struct {
	url   string
	conn  *pgx.Conn // for the pool itself
	empty string    // a statement that removes what tests left
}

// hurried is the server of this process for pools.
var hurried = sync.OnceValues(func() (string, error) {
	s, err := StartServer("fsync=off", "synchronous_commit=off", "full_page_writes=off")
	if err != nil {
		return "", err
	}
	return s.URL, nil
})

// Lend returns the URL of a database that is the test's own until it is over. Whoever has it open must
// have closed it by then. The test fails when there is no PostgreSQL.
func (p *Pool) Lend(t testing.TB) string {
	t.Helper()
	if os.Getenv(Variable) != "" {
		url := Start(t)
		if err := p.Prepare(url); err != nil {
			t.Fatal(err)
		}
		return url
	}
	d, err := p.take()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.giveBack(d); err != nil {
			t.Errorf("a database cannot be emptied for the next test: %v", err)
		}
	})
	return d.url
}

func (p *Pool) take() (*pooled, error) {
	p.mu.Lock()
	if last := len(p.idle) - 1; last >= 0 {
		d := p.idle[last]
		p.idle = p.idle[:last]
		p.mu.Unlock()
		return d, nil
	}
	p.mu.Unlock()
	server, err := hurried()
	if err != nil {
		return nil, err
	}
	d := &pooled{}
	if d.url, _, err = create(server); err != nil {
		return nil, err
	}
	if err := p.Prepare(d.url); err != nil {
		return nil, err
	}
	ctx := context.Background()
	if d.conn, err = pgx.Connect(ctx, d.url); err != nil {
		return nil, err
	}
	d.empty, err = emptying(ctx, d.conn)
	return d, err
}

// emptying writes the statement that empties all tables that are empty now. Most tests leave most tables
// alone, and to look is cheaper than to truncate. A lock that somebody still holds is an error.
func emptying(ctx context.Context, conn *pgx.Conn) (string, error) {
	rows, err := conn.Query(ctx, `SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'`)
	if err != nil {
		return "", err
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return "", err
	}
	statement := "SET lock_timeout = '60s'; DO $$ BEGIN\n"
	for _, table := range tables {
		var filled bool
		name := pgx.Identifier{table}.Sanitize()
		if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM "+name+")").Scan(&filled); err != nil {
			return "", err
		}
		if !filled {
			statement += fmt.Sprintf("IF pg_relation_size('%s') > 0 THEN TRUNCATE %s; END IF;\n", strings.ReplaceAll(name, "'", "''"), name)
		}
	}
	return statement + "END $$", nil
}

// giveBack empties a database and has it lent again. One that cannot be emptied is not.
func (p *Pool) giveBack(d *pooled) error {
	if _, err := d.conn.Exec(context.Background(), d.empty); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, d)
	return nil
}
