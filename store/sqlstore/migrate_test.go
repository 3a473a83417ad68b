package sqlstore

import (
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"go.uber.org/goleak"

	"carillon/store"
)

// aside is a migration that the real schema does not have.
func aside(version int64, text string) migration {
	return migration{version: version, name: "9999_aside.sql", text: text, checksum: text}
}

func TestMigrations(t *testing.T) {
	known, err := migrations(migrationFiles)
	if err != nil {
		t.Fatal(err)
	}
	next := int64(len(known) + 1)
	later := func(text string) []migration { return append(known[:len(known):len(known)], aside(next, text)) }

	t.Run("each is recorded once", func(t *testing.T) {
		e := openTest(t).engine
		for range 2 {
			if err := migrate(e); err != nil {
				t.Fatal(err)
			}
		}
		got := applied(t, e)
		if len(got) != len(known) {
			t.Fatalf("%d are recorded, want %d", len(got), len(known))
		}
		for i, m := range got {
			if m.version != known[i].version || m.name != known[i].name || m.checksum != known[i].checksum || len(m.checksum) != 64 {
				t.Errorf("recorded %+v", m)
			}
		}
	})
	t.Run("a database of an older release is brought up to date with what it holds", func(t *testing.T) {
		s := openTest(t)
		if err := s.Update(t.Context(), func(tx store.Tx) error { return tx.PutSetting("old", []byte("x")) }); err != nil {
			t.Fatal(err)
		}
		if err := applyMigrations(s.engine, later(`CREATE TABLE aside (a bigint); INSERT INTO aside VALUES (1)`)); err != nil {
			t.Fatal(err)
		}
		if got := applied(t, s.engine); int64(len(got)) != next {
			t.Errorf("%d are recorded, want %d", len(got), next)
		}
		err := s.View(t.Context(), func(tx store.Tx) error { _, err := tx.Setting("old"); return err })
		if err != nil {
			t.Error(err)
		}
	})
	t.Run("a database of a newer release is refused", func(t *testing.T) {
		defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
		path := filepath.Join(t.TempDir(), "carillon.db")
		s, err := OpenSQLite(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := applyMigrations(s.engine, later(`CREATE TABLE aside (a bigint)`)); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		for range 2 { // it lets go of the file
			_, err := OpenSQLite(path, Options{})
			if err == nil || !strings.Contains(err.Error(), "newer release") || !strings.Contains(err.Error(), "9999_aside.sql") {
				t.Errorf("OpenSQLite answers %v", err)
			}
		}
	})
	t.Run("a database with another history is refused", func(t *testing.T) {
		e := openTest(t).engine
		changed := append([]migration{}, known...)
		changed[0].checksum = "another"
		if err := applyMigrations(e, changed); err == nil || !strings.Contains(err.Error(), known[0].name) {
			t.Errorf("answers %v", err)
		}
	})
	t.Run("what fails leaves nothing", func(t *testing.T) {
		e := openTest(t).engine
		if err := applyMigrations(e, later(`CREATE TABLE aside (a bigint); nonsense`)); err == nil || !strings.Contains(err.Error(), "9999_aside.sql") {
			t.Errorf("answers %v", err)
		}
		if got := applied(t, e); len(got) != len(known) {
			t.Errorf("%d are recorded, want %d", len(got), len(known))
		}
		if err := applyMigrations(e, later(`CREATE TABLE aside (a bigint)`)); err != nil {
			t.Error(err)
		}
	})
	t.Run("files are numbered without gaps", func(t *testing.T) {
		for _, names := range [][]string{{"0002_b.sql"}, {"0001_a.sql", "0003_c.sql"}, {"0001_a.sql", "0001_b.sql"}, {"one.sql"}} {
			files := fstest.MapFS{}
			for _, name := range names {
				files["migrate/"+name] = &fstest.MapFile{Data: []byte("SELECT 1")}
			}
			if _, err := migrations(files); err == nil {
				t.Errorf("%v is accepted", names)
			}
		}
	})
}

func applied(t *testing.T, e engine) (done []migration) {
	t.Helper()
	err := e.view(t.Context(), func(s session) (err error) {
		done, err = appliedMigrations(s)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return done
}
