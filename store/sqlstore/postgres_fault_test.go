package sqlstore

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"carillon/store"
	"carillon/store/sqlstore/pgtest"
)

// killer ends every other connection to a database.
func killer(t *testing.T, url string) func() {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(t.Context()) })
	return func() {
		t.Helper()
		_, err := conn.Exec(t.Context(), `SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid()`)
		if err != nil {
			t.Error(err)
		}
	}
}

func sequenceOf(t *testing.T, c *scene) (sequence int64) {
	t.Helper()
	err := c.View(t.Context(), func(tx store.Tx) error {
		e, err := c.enter(tx)
		sequence = e.Channel.Sequence
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return sequence
}

func TestPostgresFaults(t *testing.T) {
	url := pgtest.Start(t)
	w := &wire{}
	s := openThrough(t, w, url, 4)
	c := newScene(t, s, 4)
	kill := killer(t, url)

	t.Run("a View whose connection was lost before it began begins on another", func(t *testing.T) {
		kill()
		runs := 0
		err := s.View(t.Context(), func(tx store.Tx) error {
			runs++
			_, err := c.enter(tx)
			return err
		})
		if err != nil || runs != 1 {
			t.Errorf("View answers %v after %d runs", err, runs)
		}
	})
	t.Run("an Update whose connection was lost before it began begins on another", func(t *testing.T) {
		before := sequenceOf(t, c)
		kill()
		runs := 0
		err := s.Update(t.Context(), func(tx store.Tx) error {
			runs++
			_, err := tx.AdvanceChannel(c.channel.Key, 1, 0)
			return err
		})
		if err != nil || runs != 1 {
			t.Errorf("Update answers %v after %d runs", err, runs)
		}
		if got := sequenceOf(t, c); got != before+1 {
			t.Errorf("sequence went from %d to %d", before, got)
		}
	})
	t.Run("a View whose connection is lost on the way says that the store is busy", func(t *testing.T) {
		runs := 0
		err := s.View(t.Context(), func(tx store.Tx) error {
			runs++
			if _, err := c.enter(tx); err != nil {
				return err
			}
			kill()
			_, err := c.enter(tx)
			return err
		})
		if !errors.Is(err, store.ErrBusy) || runs != 1 {
			t.Errorf("View answers %v after %d runs", err, runs)
		}
	})
	t.Run("an Update whose connection is lost on the way is run again, and done once", func(t *testing.T) {
		before := sequenceOf(t, c)
		runs, hooks := 0, 0
		err := s.Update(t.Context(), func(tx store.Tx) error {
			runs++
			if _, err := tx.AdvanceChannel(c.channel.Key, 1, 0); err != nil {
				return err
			}
			if runs == 1 {
				kill()
			}
			tx.AfterCommit(func() { hooks++ })
			_, err := c.enter(tx)
			return err
		})
		if err != nil || runs != 2 || hooks != 1 {
			t.Errorf("Update answers %v after %d runs, and calls %d hooks", err, runs, hooks)
		}
		if got := sequenceOf(t, c); got != before+1 {
			t.Errorf("sequence went from %d to %d", before, got)
		}
	})
	t.Run("an Update whose commit is not answered is not run again", func(t *testing.T) {
		before := sequenceOf(t, c)
		w.mu.Lock()
		w.cut = func(sent []byte) bool { return bytes.Contains(sent, []byte("commit\x00")) }
		w.mu.Unlock()
		runs := 0
		err := s.Update(t.Context(), func(tx store.Tx) error {
			runs++
			tx.AfterCommit(func() { t.Error("a hook is called") })
			_, err := tx.AdvanceChannel(c.channel.Key, 1, 0)
			return err
		})
		w.mu.Lock()
		w.cut = nil
		w.mu.Unlock()
		if !errors.Is(err, store.ErrUncertain) || runs != 1 {
			t.Errorf("Update answers %v after %d runs", err, runs)
		}
		if got := sequenceOf(t, c); got != before+1 {
			t.Errorf("sequence went from %d to %d", before, got)
		}
		// The order of hooks goes on without this one.
		called := false
		err = s.Update(t.Context(), func(tx store.Tx) error { tx.AfterCommit(func() { called = true }); return nil })
		if err != nil || !called {
			t.Errorf("the next Update answers %v, hook called: %v", err, called)
		}
	})
	t.Run("an Update whose first answer is lost at its end does not tell its function twice", func(t *testing.T) {
		w.mu.Lock()
		w.clip = func(sent []byte) bool {
			clips := bytes.Contains(sent, []byte("once"))
			if clips {
				w.clip = nil
			}
			return clips
		}
		w.mu.Unlock()
		var told []int
		err := s.engine.update(t.Context(), func(session session) (func(), error) {
			told = append(told, 0)
			_, err := session.exec(putSetting, []value{text("once"), blob(nil)}, func(int, int) { told[len(told)-1]++ })
			return nil, err
		})
		if err != nil || !slices.Equal(told, []int{1, 1}) {
			t.Errorf("Update answers %v, and its runs were told %v times", err, told)
		}
	})
	t.Run("an Update that conflicts whatever it does is given up", func(t *testing.T) {
		other := openThrough(t, &wire{}, url, 4)
		runs := 0
		err := s.Update(t.Context(), func(tx store.Tx) error {
			runs++
			if _, err := c.enter(tx); err != nil {
				return err
			}
			// Somebody on another node is always faster.
			err := other.Update(t.Context(), func(tx store.Tx) error {
				_, err := tx.AdvanceChannel(c.channel.Key, 1, 0)
				return err
			})
			if err != nil {
				t.Error(err)
			}
			_, err = tx.AdvanceChannel(c.channel.Key, 1, 0)
			return err
		})
		if !errors.Is(err, store.ErrBusy) || runs != maxTries {
			t.Errorf("Update answers %v after %d runs", err, runs)
		}
	})
	t.Run("a statement that cannot be is no reason to try again", func(t *testing.T) {
		runs := 0
		err := s.Update(t.Context(), func(tx store.Tx) error {
			runs++
			return tx.PutSetting("not UTF-8: \xff", nil)
		})
		if err == nil || errors.Is(err, store.ErrBusy) || runs != 1 {
			t.Errorf("Update answers %v after %d runs", err, runs)
		}
	})
}

func TestPostgresReconnecting(t *testing.T) {
	t.Run("what one connection was to prepare is not expected of the next one, which knows it", func(t *testing.T) {
		w := &wire{}
		e := openThrough(t, w, pgtest.Start(t), 4).engine.(*postgresEngine)
		acquire := func() *postgresConn {
			pooled, err := e.pool.Acquire(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return newPostgresConn(pooled, e.texts)
		}
		lost, knowing := acquire(), acquire()
		defer knowing.release()
		requests := []postgresRequest{{text: e.texts.plain[ping.id]}}
		if _, err := knowing.exchange(requests); err != nil {
			t.Fatal(err)
		}
		w.mu.Lock()
		w.cut = func(sent []byte) bool { return bytes.Contains(sent, []byte(ping.text)) }
		w.mu.Unlock()
		if _, err := lost.exchange(requests); err == nil {
			t.Error("a connection that was cut answers")
		}
		lost.drop()
		if _, err := knowing.exchange(requests); err != nil {
			t.Error(err)
		}
	})
	t.Run("when no further connection can be had, those that are there are kept", func(t *testing.T) {
		w := &wire{}
		s := openThrough(t, w, pgtest.Start(t), 4)
		refuse := func(refuse bool) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.refuse = refuse
		}
		err := s.View(t.Context(), func(tx store.Tx) error { // on the only connection there is
			if _, err := tx.Setting("nothing"); !errors.Is(err, store.ErrNotFound) {
				return err
			}
			refuse(true)
			if err := s.Ping(t.Context()); !errors.Is(err, store.ErrBusy) {
				t.Errorf("Ping answers %v, want %v", err, store.ErrBusy)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		s.engine.(*postgresEngine).ending.Wait()
		if err := s.Ping(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestPostgresServerGone(t *testing.T) {
	server, err := pgtest.StartServer()
	if err != nil {
		t.Fatal(err)
	}
	s := openThrough(t, &wire{}, server.URL, 4)
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	nothing := func(tx store.Tx) error {
		_, err := tx.Setting("nothing")
		return err
	}
	if err := s.View(t.Context(), nothing); !errors.Is(err, store.ErrBusy) {
		t.Errorf("View answers %v, want %v", err, store.ErrBusy)
	}
	if err := s.Update(t.Context(), nothing); !errors.Is(err, store.ErrBusy) {
		t.Errorf("Update answers %v, want %v", err, store.ErrBusy)
	}
	if err := s.Ping(t.Context()); !errors.Is(err, store.ErrBusy) {
		t.Errorf("Ping answers %v, want %v", err, store.ErrBusy)
	}
}

func TestPostgresAssumptions(t *testing.T) {
	s := newPostgres(t)
	c := newScene(t, s, 4)
	// told runs an Update that enters the channel and then writes, and returns what the write
	// answered in every run.
	told := func(t *testing.T, write func(store.Tx) error) (answers []error) {
		t.Helper()
		err := s.Update(t.Context(), func(tx store.Tx) error {
			if _, err := c.enter(tx); err != nil {
				return err
			}
			answers = append(answers, write(tx))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return answers
	}
	for _, test := range []struct {
		name  string
		want  []error
		write func(store.Tx) error
	}{
		{"a write that does what it should is told so once", []error{nil}, func(tx store.Tx) error {
			return tx.CreateChannelMemberships(c.channel.Key, c.memberships(c.users[1:2]))
		}},
		{"a record that is there already", []error{nil, store.ErrExists}, func(tx store.Tx) error {
			return tx.CreateChannelMemberships(c.channel.Key, c.memberships(c.users[:3]))
		}},
		{"a record that is not there to be changed", []error{nil, store.ErrNotFound}, func(tx store.Tx) error {
			return tx.UpdateChannel(store.Channel{Key: c.keys.Next()})
		}},
		{"a record that is not there to be deleted", []error{nil, store.ErrNotFound}, func(tx store.Tx) error {
			return tx.DeleteChannelBan(c.channel.Key, c.users[1].Key)
		}},
		{"nothing is nothing", []error{nil}, func(tx store.Tx) error {
			return errors.Join(tx.PutTags(c.channel.Key, nil), tx.CreateChannelMemberships(c.channel.Key, nil))
		}},
		{"what does not matter is not told", []error{nil}, func(tx store.Tx) error {
			return tx.DeleteTags(c.channel.Key, []string{"nothing"})
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := told(t, test.write)
			if diff := cmp.Diff(test.want, got, cmp.Comparer(func(a, b error) bool { return a == b })); diff != "" {
				t.Errorf("answers (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("none of a batch is added when one is there", func(t *testing.T) {
		err := s.View(t.Context(), func(tx store.Tx) error {
			found, err := tx.Standings(c.instance.Key, c.channel.Key, refsOf(c.users...))
			for i, want := range []bool{true, true, false, false} {
				if err == nil && found[i].Member() != want {
					t.Errorf("user %d is a member: %v", i, !want)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
	t.Run("an error that follows from a wrong answer is not the last word", func(t *testing.T) {
		errTaken := errors.New("taken")
		err := s.Update(t.Context(), func(tx store.Tx) error {
			if _, err := c.enter(tx); err != nil {
				return err
			}
			if err := tx.CreateAppInstance(c.instance); errors.Is(err, store.ErrExists) {
				return errTaken
			}
			return errors.New("nobody has that name")
		})
		if err != errTaken {
			t.Errorf("Update answers %v, want %v", err, errTaken)
		}
	})
	t.Run("what is read next knows what was assumed", func(t *testing.T) {
		err := s.Update(t.Context(), func(tx store.Tx) error {
			if _, err := c.enter(tx); err != nil {
				return err
			}
			if err := tx.CreateChannelMemberships(c.channel.Key, c.memberships(c.users[3:])); err != nil {
				return err
			}
			_, err := tx.ChannelMembership(c.channel.Key, c.users[3].Key)
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestPostgresClassify(t *testing.T) {
	told := func(code string) error {
		return &pgconn.PgError{Severity: "ERREUR", SeverityUnlocalized: "ERROR", Code: code}
	}
	last := func(code string) error { return &pgconn.PgError{Severity: "FATAL", Code: code} }
	for _, test := range []struct {
		name                string
		err                 error
		assumed, committing bool
		want                faultKind
		busy, uncertain     bool
		stray               bool
	}{
		{name: "a serialization failure", err: told("40001"), want: conflict, busy: true},
		{name: "a serialization failure of a commit", err: told("40001"), committing: true, want: conflict, busy: true},
		{name: "a deadlock", err: told("40P01"), want: conflict, busy: true},
		{name: "a key that exists", err: told("23505"), want: broken},
		{name: "a key that exists, where it should not", err: told("23505"), assumed: true, want: mistaken},
		{name: "a key that exists, found out by a commit", err: told("23505"), assumed: true, committing: true, want: mistaken},
		{name: "nothing changed, where something should", err: told("22012"), assumed: true, want: mistaken},
		{name: "a wrong statement", err: told("42601"), want: broken},
		{name: "a wrong statement before a commit", err: told("42601"), committing: true, want: broken},
		{name: "a statement of a schema that is no more", err: told("0A000"), want: lost, busy: true, stray: true},
		{name: "a server that is shut down", err: last("57P01"), want: lost, busy: true},
		{name: "a server that is shut down during a commit", err: last("57P01"), committing: true, want: unsure, uncertain: true},
		{name: "an outcome that the server does not know", err: told("40003"), committing: true, want: unsure, uncertain: true},
		{name: "a wire that is cut", err: errCut, want: lost, busy: true},
		{name: "a wire that is cut during a commit", err: errCut, committing: true, want: unsure, uncertain: true},
		{name: "a connection that was closed before a commit", err: errUnsent, committing: true, want: lost, busy: true},
		{name: "a transaction that the server rolled back", err: errRolledBack, committing: true, want: broken},
		{name: "a server that talks nonsense", err: errProtocol, want: broken},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := classify(test.err, test.assumed, test.committing)
			if got.kind != test.want || got.stray != test.stray {
				t.Errorf("kind %d, stray: %v, want %d, %v", got.kind, got.stray, test.want, test.stray)
			}
			if errors.Is(got.err, store.ErrBusy) != test.busy || errors.Is(got.err, store.ErrUncertain) != test.uncertain || !errors.Is(got.err, test.err) {
				t.Errorf("error %v", got.err)
			}
		})
	}
}

func TestOpenPostgres(t *testing.T) {
	server := pgtest.Start(t)
	admin, err := pgx.Connect(t.Context(), server)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(t.Context())
	refused := func(t *testing.T, url, want string) {
		t.Helper()
		s, err := OpenPostgres(t.Context(), url, Options{})
		if err == nil {
			s.Close()
		}
		if err == nil || errors.Is(err, store.ErrBusy) || !strings.Contains(err.Error(), want) {
			t.Errorf("OpenPostgres answers %v, want %q in it", err, want)
		}
	}
	t.Run("a text that is no URL is refused", func(t *testing.T) { refused(t, "postgres://a:b:c", "sqlstore: ") })
	t.Run("a database that does not exist is refused", func(t *testing.T) {
		refused(t, strings.Replace(server, "/carillon_", "/nothing_", 1), "3D000")
	})
	t.Run("a server that is not there is refused", func(t *testing.T) {
		refused(t, "postgres://nobody@/nothing?host="+t.TempDir(), "no such file")
	})
	t.Run("a database in another encoding is refused", func(t *testing.T) {
		if _, err := admin.Exec(t.Context(), "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0"); err != nil {
			t.Fatal(err)
		}
		defer admin.Exec(t.Context(), "DROP DATABASE latin WITH (FORCE)")
		u := server[:strings.Index(server, "/carillon_")] + "/latin" + server[strings.Index(server, "?"):]
		refused(t, u, "LATIN1")
	})
	t.Run("nodes that start at the same time change the tables once", func(t *testing.T) {
		known, err := migrations(migrationFiles)
		if err != nil {
			t.Fatal(err)
		}
		steps := append(known, migration{
			version: int64(len(known) + 1), name: "9999_more.sql", text: "ALTER TABLE setting ADD COLUMN more bigint", checksum: "of the test",
		})
		stores := nodes(t, 4)
		errs := make(chan error, len(stores))
		for _, s := range stores {
			go func() { errs <- applyMigrations(s.engine, steps) }()
		}
		for range stores {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
	})
	t.Run("nodes that start at the same time make the tables once", func(t *testing.T) {
		url := pgtest.Start(t)
		const nodes = 4
		errs := make(chan error, nodes)
		for range nodes {
			go func() {
				s, err := OpenPostgres(t.Context(), url, Options{})
				if err == nil {
					err = errors.Join(s.Ping(t.Context()), s.Close())
				}
				errs <- err
			}()
		}
		for range nodes {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
	})
}
