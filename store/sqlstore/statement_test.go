package sqlstore

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// withReader lends a connection of an idle store.
func withReader(t *testing.T, fn func(*sqliteConn)) {
	t.Helper()
	e := openTest(t).engine.(*sqliteEngine)
	conn := <-e.readers
	defer func() { e.readers <- conn }()
	fn(conn)
}

func TestStatements(t *testing.T) {
	t.Run("parameters first appear in the order of their numbers", func(t *testing.T) {
		withReader(t, func(c *sqliteConn) {
			for _, s := range statements {
				stmt, err := c.conn.Prepare(s.text)
				if err != nil {
					t.Errorf("%s: %v", s.text, err)
					continue
				}
				if n := stmt.BindParamCount(); n != s.params {
					t.Errorf("%s: SQLite counts %d parameters, we %d", s.text, n, s.params)
				}
				for i := 1; i <= stmt.BindParamCount(); i++ {
					if got, want := stmt.BindParamName(i), fmt.Sprintf("$%d", i); got != want {
						t.Errorf("%s: parameter %d is %s", s.text, i, got)
					}
				}
			}
		})
	})
	t.Run("what writes a table that entries are read from changes entries, or says why not", func(t *testing.T) {
		var tables []string
		for _, s := range []*statement{enterChannel, listMessagesUp, listMessagesDown, listBareMessagesUp, listBareMessagesDown, listChannelMemberships} {
			for _, found := range regexp.MustCompile(`(?:FROM|JOIN) (\w+) \w+`).FindAllStringSubmatch(s.text, -1) {
				if !slices.Contains(tables, found[1]) {
					tables = append(tables, found[1])
				}
			}
		}
		slices.Sort(tables)
		if !slices.Equal(tables, entryTables) {
			t.Errorf("entries are read from %v, and said to be from %v", tables, entryTables)
		}
		// Statements that make a new record, and those about one channel, are these and no others.
		want := []*statement{insertAppInstance, insertChannel, insertSubChannel, insertIdentity}
		for _, s := range statements {
			if !s.writes || !slices.Contains(tables, written.FindStringSubmatch(s.text)[1]) {
				continue
			}
			switch s.entries {
			case noEntries:
				if !slices.Contains(want, s) {
					t.Errorf("changes no entries: %s", s.text)
				}
			case entriesOfOne:
				// The channel is the first column, or what the row is found by.
				key := fmt.Sprintf("$%d", s.channel+1)
				byKey := regexp.MustCompile(`^UPDATE (channel SET .* WHERE key|channel_message SET .* WHERE stream) = ` + regexp.QuoteMeta(key) + `($|\s)`)
				row := regexp.MustCompile(`^INSERT INTO \w+ \((channel|stream), |^DELETE FROM \w+ WHERE (channel|stream) = \$1 AND`)
				if flat := strings.Join(strings.Fields(s.text), " "); !byKey.MatchString(flat) && (key != "$1" || !row.MatchString(flat)) {
					t.Errorf("%s is not the channel: %s", key, flat)
				}
			}
		}
	})
	t.Run("every statement reads or writes", func(t *testing.T) {
		withReader(t, func(c *sqliteConn) {
			reads, writes := regexp.MustCompile(`^(SELECT|WITH)\s`), regexp.MustCompile(`^(INSERT INTO|UPDATE|DELETE FROM)\s`)
			for _, s := range statements {
				if reads.MatchString(s.text) == writes.MatchString(s.text) || s.writes != writes.MatchString(s.text) {
					t.Errorf("writes = %v: %s", s.writes, s.text)
				}
			}
		})
	})
	t.Run("nothing that only one engine knows is used", func(t *testing.T) {
		foreign := regexp.MustCompile(`(?i)\b(rowid|autoincrement|ifnull|iif|glob|like|ilike|regexp|collate|insert or|replace into|` +
			`strftime|datetime|julianday|unixepoch|json_\w+|total_changes|last_insert_rowid|changes|instr|substr|length|group_concat|` +
			`indexed by|not indexed|limit \$?\d+ *,|now|interval|array|unnest|any|string_agg|for update|using)\b|::|\?|"|\bis not distinct\b`)
		for _, s := range statements {
			if found := foreign.FindString(s.text); found != "" {
				t.Errorf("%q in %s", found, s.text)
			}
		}
	})
	t.Run("no LIMIT that SQLite sees is nothing but a parameter", func(t *testing.T) {
		bare := regexp.MustCompile(`(?i)\blimit\s+[$?]\d+\s*(\)|$)`)
		for _, s := range statements {
			if text := sqliteText(s); bare.MatchString(text) {
				t.Errorf("it is planned at every run: %s", text)
			}
		}
	})
	t.Run("every row is found by an index, and comes in its order", func(t *testing.T) {
		// What is allowed to be read from end to end: the schema's history, and what the statement
		// itself has made and bounded.
		bounded := map[string]bool{"SCAN schema_migration": true, "SCAN counted": true, "SCAN search": true, "SCAN CONSTANT ROW": true}
		withReader(t, func(c *sqliteConn) {
			for _, s := range statements {
				stmt, _, err := c.conn.PrepareTransient("EXPLAIN QUERY PLAN " + s.text)
				if err != nil {
					t.Fatal(err)
				}
				for {
					more, err := stmt.Step()
					if err != nil {
						t.Fatal(err)
					}
					if !more {
						break
					}
					step := stmt.ColumnText(3)
					if strings.HasPrefix(step, "SCAN") && !bounded[step] || strings.Contains(step, "TEMP B-TREE") || strings.Contains(step, "AUTOMATIC") {
						t.Errorf("%s: %s", step, s.text)
					}
				}
				if err := stmt.Finalize(); err != nil {
					t.Fatal(err)
				}
			}
		})
	})
}

func TestColumns(t *testing.T) {
	if got, want := columns("a", "one two\n\tthree"), "a.one, a.two, a.three"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
