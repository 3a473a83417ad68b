package pgtest

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
)

// run runs a statement in a database.
func run(url, statement string) error {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, statement)
	return err
}

// rows counts the rows of a table.
func rows(t *testing.T, url, table string) (n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func newPool() *Pool {
	return &Pool{Prepare: func(url string) error {
		return run(url, `CREATE TABLE known (n bigint); INSERT INTO known VALUES (1); CREATE TABLE "what is new" (n bigint)`)
	}}
}

func TestPool(t *testing.T) {
	t.Setenv(Variable, "") // whoever has a server for the other tests
	t.Run("what a test leaves is not there for the next one, which gets the same database", func(t *testing.T) {
		p := newPool()
		var lent []string
		for range 2 {
			t.Run("", func(t *testing.T) {
				url := p.Lend(t)
				lent = append(lent, url)
				if known, left := rows(t, url, "known"), rows(t, url, `"what is new"`); known != 1 || left != 0 {
					t.Errorf("%d rows were made before, %d are left, want 1 and 0", known, left)
				}
				if err := run(url, `INSERT INTO "what is new" VALUES (1), (2)`); err != nil {
					t.Fatal(err)
				}
			})
		}
		if lent[0] != lent[1] {
			t.Errorf("lent were %v", lent)
		}
	})
	t.Run("two tests at a time have different databases", func(t *testing.T) {
		p := newPool()
		if one, other := p.Lend(t), p.Lend(t); one == other {
			t.Errorf("both have %s", one)
		}
	})
	t.Run("a database that cannot be emptied is not lent again", func(t *testing.T) {
		p := newPool()
		d, err := p.take()
		if err != nil {
			t.Fatal(err)
		}
		if err := run(d.url, `DROP TABLE "what is new"`); err != nil {
			t.Fatal(err)
		}
		if err := p.giveBack(d); err == nil {
			t.Error("nobody is told")
		}
		if url := p.Lend(t); url == d.url {
			t.Error("it is")
		}
	})
	t.Run("on a server that is there already, the database is dropped", func(t *testing.T) {
		Start(t)
		t.Setenv(Variable, "that of Start")
		var url string
		t.Run("", func(t *testing.T) {
			url = newPool().Lend(t)
			if known := rows(t, url, "known"); known != 1 {
				t.Errorf("%d rows were made before, want 1", known)
			}
		})
		if err := run(url, "SELECT"); err == nil {
			t.Error("it is there")
		}
	})
}
