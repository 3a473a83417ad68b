package sqlstore

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"carillon/arn"
	"carillon/store"
	"carillon/store/sqlstore/pgtest"
)

// populate fills a store with a little of everything, and waits for what the server learns from it.
func populate(t *testing.T, s *Store) {
	t.Helper()
	keys := store.NewKeys(1, time.Now)
	now := time.Now()
	const many = 2 * firstAnalysis
	err := s.Update(t.Context(), func(tx store.Tx) error {
		if _, err := tx.ListAppInstances("1", 0, 1); err != nil { // who has read waits for no write
			return err
		}
		for n := range many {
			a := store.AppInstance{Key: keys.Next(), Account: "1", ID: fmt.Sprint("instance ", n)}
			if err := tx.CreateAppInstance(a); err != nil {
				return err
			}
			account := fmt.Sprintf("%012d", n)
			owner := store.KeyOwner{Key: keys.Next(), Account: account, Name: "owner"}
			made := errors.Join(
				tx.CreateAccount(store.Account{Key: keys.Next(), ID: account}), tx.CreateKeyOwner(owner),
				tx.CreateAccessKey(store.AccessKey{Key: keys.Next(), ID: fmt.Sprint("key ", n), Account: account, Owner: owner.Key}),
				tx.CreateRole(store.Role{Key: keys.Next(), Account: account, Name: "role"}),
				tx.CreateIdentityProvider(store.IdentityProvider{Key: keys.Next(), Account: account, URL: "issuer"}),
				tx.PutPrincipalPolicy(store.PrincipalPolicy{Principal: owner.Key, Account: account, Name: "policy"}),
			)
			if made != nil {
				return made
			}
			var users []store.Identity
			for i := range 4 {
				users = append(users, store.Identity{Key: keys.Next(), Instance: a.Key, Kind: arn.User, ID: fmt.Sprint("user ", i)})
				if err := tx.CreateIdentity(users[i]); err != nil {
					return err
				}
			}
			err := errors.Join(
				tx.CreateAppInstanceAdmin(store.AppInstanceAdmin{Key: keys.Next(), Instance: a.Key, Identity: users[0].Key}),
				tx.CreateAppInstanceAdmin(store.AppInstanceAdmin{Key: keys.Next(), Instance: a.Key, Identity: users[1].Key}),
				tx.PutMessageTokens(store.MessageToken{Sender: users[0].Key, Sent: now}),
				tx.PutRequestToken(store.RequestToken{Scope: fmt.Sprint(n), Expires: now}),
			)
			if err != nil {
				return err
			}
			for i := range 3 {
				c := store.Channel{Key: keys.Next(), Instance: a.Key, ID: fmt.Sprint("channel ", i), CreatedBy: users[0].Key}
				m := store.ChannelMessage{Stream: c.Key, Sender: users[0].Key, Created: now}
				var memberships []store.ChannelMembership
				var moderators []store.ChannelModerator
				for _, u := range users {
					memberships = append(memberships, store.ChannelMembership{Key: keys.Next(), Channel: c.Key, Member: u.Key})
					moderators = append(moderators, store.ChannelModerator{Key: keys.Next(), Channel: c.Key, Moderator: u.Key})
				}
				err := errors.Join(
					tx.CreateChannel(c), tx.CreateChannelMemberships(c.Key, memberships), tx.CreateChannelModerators(c.Key, moderators),
					tx.CreateChannelBan(store.ChannelBan{Key: keys.Next(), Channel: c.Key, Member: users[1].Key}),
					tx.CreateChannelBan(store.ChannelBan{Key: keys.Next(), Channel: c.Key, Member: users[2].Key}),
					tx.AppendChannelMessages(&m),
					tx.PutChannelEvents([]store.ChannelEvent{{Stream: c.Key, Sequence: 2, At: now}, {Stream: c.Key, Sequence: 3, At: now, Leaver: users[3].Key}}),
					tx.PutTags(c.Key, []store.Tag{{Key: "key", Value: "value"}, {Key: "other", Value: "value"}}),
				)
				if err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s.engine.(*postgresEngine).ending.Wait()
}

func TestPostgresPlans(t *testing.T) {
	s := newPostgres(t)
	populate(t, s)
	conn, err := s.engine.(*postgresEngine).pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	// strings reads a list of pairs.
	pairs := func(query string) map[string]string {
		t.Helper()
		rows, err := conn.Query(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		found := make(map[string]string)
		var key, value string
		if _, err := pgx.ForEachRow(rows, []any{&key, &value}, func() error { found[key] = value; return nil }); err != nil {
			t.Fatal(err)
		}
		return found
	}
	first := pairs(`SELECT indexname, substring(indexdef FROM '\((\w+)') FROM pg_indexes WHERE schemaname = current_schema()`)
	settled := pairs(`SELECT relname, 'yes' FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND reltuples > 0`)
	delete(settled, "schema_migration")
	if len(settled) < 12 {
		t.Fatalf("the server has looked at %v only", settled)
	}
	ambiguous := regexp.MustCompile(`inconsistent types deduced for parameter \$(\d+)`)
	// prepare tells of which types the server takes the parameters of a text to be.
	prepare := func(text string, types []string) []string {
		t.Helper()
		for {
			list := ""
			if len(types) > 0 {
				list = "(" + strings.Join(types, ", ") + ")"
			}
			_, err := conn.Exec(t.Context(), "PREPARE plan "+list+" AS "+text)
			if err == nil {
				break
			}
			found := ambiguous.FindStringSubmatch(err.Error())
			if found == nil {
				t.Fatalf("%s: %v", text, err)
			}
			n, _ := strconv.Atoi(found[1])
			types[n-1] = "bigint" // as every number is sent
		}
		var known []string
		if err := conn.QueryRow(t.Context(), "SELECT parameter_types::text[] FROM pg_prepared_statements WHERE name = 'plan'").Scan(&known); err != nil {
			t.Fatal(err)
		}
		return known
	}
	explain := func(text string, types []string) (lines, known []string) {
		t.Helper()
		known = prepare(text, types)
		defer conn.Exec(t.Context(), "DEALLOCATE plan")
		nothing := ""
		if len(types) > 0 {
			nothing = "(" + strings.Join(slices.Repeat([]string{"NULL"}, len(types)), ", ") + ")"
		}
		rows, err := conn.Query(t.Context(), "EXPLAIN (COSTS OFF) EXECUTE plan "+nothing, pgx.QueryExecModeSimpleProtocol)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		lines, err = pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		return lines, known
	}
	// Indexes of what is seldom, which may be read from end to end: here there is nothing in them.
	few := map[string]bool{"identity_ended": true, "channel_draining": true}
	named := regexp.MustCompile(`^\s+Filter: .*\b(id|member|moderator|identity) = `)
	scan := regexp.MustCompile(`Index (?:Only )?Scan(?: Backward)? using (\w+) on (\w+)`)
	whole := regexp.MustCompile(`(?:Seq|Bitmap Heap) Scan on (\w+)`)
	look := func(text string, types []string) []string {
		lines, known := explain(text, types)
		for i, line := range lines {
			if found := whole.FindStringSubmatch(line); found != nil && settled[found[1]] != "" {
				t.Errorf("%s is read whole:\n%s\n\n%s", found[1], text, strings.Join(lines, "\n"))
			}
			found := scan.FindStringSubmatch(line)
			if found == nil || settled[found[2]] == "" || few[found[1]] {
				continue
			}
			// A look-up says where in the index to begin.
			if i+1 == len(lines) || !strings.Contains(lines[i+1], "Index Cond: ") || !strings.Contains(lines[i+1], first[found[1]]+" ") {
				t.Errorf("%s is read from end to end:\n%s\n\n%s", found[1], text, strings.Join(lines, "\n"))
			} else if i+2 < len(lines) && named.MatchString(lines[i+2]) {
				t.Errorf("a row is looked for among others by %s:\n%s\n\n%s", found[1], text, strings.Join(lines, "\n"))
			}
		}
		return known
	}
	texts := newPostgresTexts()
	for _, s := range statements {
		known := look(s.text, slices.Repeat([]string{"unknown"}, s.params))
		if rows := texts.rows[s.id]; rows != nil {
			arrays := make([]string, s.params)
			for i, of := range known {
				if of == "smallint" || of == "integer" {
					of = "bigint" // as every number is sent
				}
				arrays[i] = of + "[]"
			}
			look(rows.sql, arrays)
			if s.writes {
				look(texts.assumedRows[s.id].sql, arrays)
			}
		}
	}
}

func TestYoungTable(t *testing.T) {
	var table youngTable
	table.begin(0)
	var at []int
	rows := 0
	for rows < 4*lastAnalysis {
		n := 1 + rows/100
		rows += n
		if table.wrote(n) {
			at = append(at, rows)
		}
	}
	if len(at) == 0 || at[0] != firstAnalysis {
		t.Fatalf("analyses at %v", at)
	}
	for i := range at[1:] {
		if at[i+1] < analysisGrowth*at[i] {
			t.Errorf("an analysis at %d follows one at %d", at[i+1], at[i])
		}
	}
	if last := at[len(at)-1]; last < lastAnalysis || at[len(at)-2] >= lastAnalysis {
		t.Errorf("analyses at %v, the last at %d", at, last)
	}
	table.begin(lastAnalysis)
	if table.wrote(math.MaxInt32) {
		t.Error("a table that is not young is analyzed")
	}
}

func TestPostgresAnalysis(t *testing.T) {
	t.Run("closing does not wait for an analysis", func(t *testing.T) {
		url := pgtest.Start(t)
		s := openThrough(t, &wire{}, url, 4)
		other, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close(t.Context())
		// This lets others write, but not analyze.
		if _, err := other.Exec(t.Context(), "BEGIN; LOCK TABLE setting IN SHARE UPDATE EXCLUSIVE MODE"); err != nil {
			t.Fatal(err)
		}
		for range firstAnalysis {
			if err := s.Update(t.Context(), func(tx store.Tx) error { return tx.PutSetting("name", nil) }); err != nil {
				t.Fatal(err)
			}
		}
		closed := make(chan error)
		go func() { closed <- s.Close() }()
		select {
		case err = <-closed:
		case <-time.After(time.Minute):
			t.Error("it waits")
			other.Close(t.Context())
			err = <-closed
		}
		if err != nil {
			t.Error(err)
		}
	})
}

func TestAssumedText(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"INSERT INTO a (b) VALUES ($1) ON CONFLICT DO NOTHING", "INSERT INTO a (b) VALUES ($1) "},
		{"INSERT INTO a (b) VALUES ($1) ON CONFLICT (b) DO UPDATE SET c = 1", "INSERT INTO a (b) VALUES ($1) ON CONFLICT (b) DO UPDATE SET c = 1"},
		{"UPDATE a SET b = $1", "WITH changed AS (UPDATE a SET b = $1 RETURNING 1) SELECT 1 / count(*) FROM changed"},
		{"DELETE FROM a RETURNING b", "WITH changed AS (DELETE FROM a RETURNING b) SELECT 1 / count(*) FROM changed"},
	} {
		if got := assumedText(test.text); got != test.want {
			t.Errorf("assumedText(%q) is %q, want %q", test.text, got, test.want)
		}
	}
}
