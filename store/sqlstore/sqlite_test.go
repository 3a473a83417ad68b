package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carillon/arn"
	"carillon/store"
	"carillon/store/storetest"
)

func TestSQLite(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return openTest(t) })
}

// openTest opens a store in a new file.
func openTest(t testing.TB) *Store {
	t.Helper()
	s, err := OpenSQLite(filepath.Join(t.TempDir(), "carillon.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

func put(t *testing.T, s *Store, name string) {
	t.Helper()
	if err := s.Update(t.Context(), func(tx store.Tx) error { return tx.PutSetting(name, []byte("x")) }); err != nil {
		t.Fatal(err)
	}
}

// has reports whether a setting is there.
func has(t *testing.T, s *Store, name string) bool {
	t.Helper()
	err := s.View(t.Context(), func(tx store.Tx) error { _, err := tx.Setting(name); return err })
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
	return err == nil
}

func TestSQLiteFile(t *testing.T) {
	t.Run("what was stored is there after closing and opening", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "carillon.db")
		for i := range 3 {
			s, err := OpenSQLite(path, Options{})
			if err != nil {
				t.Fatal(err)
			}
			put(t, s, fmt.Sprint(i))
			for j := range i + 1 {
				if !has(t, s, fmt.Sprint(j)) {
					t.Errorf("%d is lost", j)
				}
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
	t.Run("what was answered is in the files before closing", func(t *testing.T) {
		dir, crashed := t.TempDir(), t.TempDir()
		s, err := OpenSQLite(filepath.Join(dir, "carillon.db"), Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		put(t, s, "answered")
		for _, name := range []string{"carillon.db", "carillon.db-wal"} {
			copyFile(t, filepath.Join(dir, name), filepath.Join(crashed, name))
		}
		after, err := OpenSQLite(filepath.Join(crashed, "carillon.db"), Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer after.Close()
		if !has(t, after, "answered") {
			t.Error("it is lost")
		}
	})
	t.Run("every commit is synced to disk, and readers do not stop the writer", func(t *testing.T) {
		e := openTest(t).engine.(*sqliteEngine)
		reader := <-e.readers
		defer func() { e.readers <- reader }()
		for _, want := range []struct {
			conn   *sqliteConn
			pragma string
			value  string
		}{
			{e.writer.conn, "synchronous", "2"}, {e.writer.conn, "journal_mode", "wal"}, {e.writer.conn, "page_size", "4096"},
			{e.writer.conn, "temp_store", "2"}, {e.writer.conn, "mmap_size", "0"}, {e.writer.conn, "wal_autocheckpoint", "0"},
			{reader, "query_only", "1"}, {reader, "mmap_size", "0"}, {reader, "temp_store", "2"},
		} {
			stmt, _, err := want.conn.conn.PrepareTransient("PRAGMA " + want.pragma)
			if err != nil {
				t.Fatal(err)
			}
			if more, err := stmt.Step(); err != nil || !more {
				t.Fatal(more, err)
			}
			if got := stmt.ColumnText(0); got != want.value {
				t.Errorf("%s is %s, want %s", want.pragma, got, want.value)
			}
			if err := stmt.Finalize(); err != nil {
				t.Fatal(err)
			}
		}
	})
	t.Run("only its owner may read it", func(t *testing.T) {
		dir := t.TempDir()
		s, err := OpenSQLite(filepath.Join(dir, "carillon.db"), Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		put(t, s, "a")
		files, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			info, err := file.Info()
			if err != nil {
				t.Fatal(err)
			}
			if info.Mode().Perm() != 0o600 {
				t.Errorf("%s has mode %v", file.Name(), info.Mode())
			}
		}
		if len(files) != 4 { // the database, its log, the log's index, the lock
			t.Errorf("there are %d files", len(files))
		}
	})
	t.Run("it is opened once at a time", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "carillon.db")
		s, err := OpenSQLite(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		put(t, s, "a")
		if _, err := OpenSQLite(path, Options{}); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "in use") {
			t.Errorf("a second OpenSQLite answers %v", err)
		}
		put(t, s, "b")
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if s, err = OpenSQLite(path, Options{}); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("a path that is no file's is refused and named", func(t *testing.T) {
		dir := t.TempDir()
		garbage := filepath.Join(dir, "garbage")
		if err := os.WriteFile(garbage, []byte(strings.Repeat("not a database ", 1000)), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{filepath.Join(dir, "nothing", "carillon.db"), dir, garbage} {
			for range 2 { // it lets go of the lock
				if _, err := OpenSQLite(path, Options{}); err == nil || !strings.Contains(err.Error(), path) {
					t.Errorf("OpenSQLite(%q) answers %v", path, err)
				}
			}
		}
	})
	t.Run("a path is not taken for a URI", func(t *testing.T) {
		t.Chdir(t.TempDir())
		s, err := OpenSQLite("file:a.db?mode=memory", Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if _, err := os.Stat("file:a.db?mode=memory"); err != nil {
			t.Error(err)
		}
	})
	t.Run("closing twice does no harm", func(t *testing.T) {
		s := openTest(t)
		for range 2 {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestSQLiteReaders(t *testing.T) {
	t.Run("a View waits for a reader no longer than its context", func(t *testing.T) {
		s, err := OpenSQLite(filepath.Join(t.TempDir(), "carillon.db"), Options{Readers: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		reads := func(tx store.Tx) error { _, err := tx.ListAppInstances("none", 0, 1); return err }
		err = s.View(t.Context(), func(tx store.Tx) error {
			if err := reads(tx); err != nil {
				return err
			}
			ctx, cancel := context.WithCancel(t.Context())
			answer := make(chan error)
			go func() {
				answer <- s.View(ctx, reads)
			}()
			cancel()
			return <-answer
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("View answers %v, want %v", err, context.Canceled)
		}
		if has(t, s, "a") {
			t.Error("there is something")
		}
	})
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"", "a", "\x00", "a\x00b", "'\"", "é\x01\x02", "\xff\xfe"} {
		f.Add(s)
	}
	s := openTest(f)
	keys := store.NewKeys(1, time.Now)
	a := store.AppInstance{Key: keys.Next(), Account: "1", ID: "a"}
	if err := s.Update(context.Background(), func(tx store.Tx) error { return tx.CreateAppInstance(a) }); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want := store.Identity{Key: keys.Next(), Instance: a.Key, Kind: arn.User, ID: text, Name: text, Metadata: text}
		err := s.Update(t.Context(), func(tx store.Tx) error {
			if err := tx.CreateIdentity(want); err != nil {
				return err
			}
			got, err := tx.Identity(a.Key, store.IdentityRef{Kind: arn.User, ID: text})
			if got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
			if err != nil {
				return err
			}
			return tx.DeleteIdentity(want.Key)
		})
		if err != nil {
			t.Error(err)
		}
	})
}
