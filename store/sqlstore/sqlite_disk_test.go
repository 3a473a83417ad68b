package sqlstore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
	"zombiezen.com/go/sqlite"

	"carillon/store"
)

func TestSQLiteDisk(t *testing.T) {
	t.Run("the next group runs while one is synced, and nobody is answered before", func(t *testing.T) {
		c := newCrowd(t)
		syncs, release := make(chan struct{}), make(chan struct{})
		real := c.writer.disk.sync
		c.writer.disk.sync = func() error { // the disk is idle
			syncs <- struct{}{}
			<-release
			return real()
		}
		answers := make(chan string, 2)
		update := func(name string) {
			err := c.Update(t.Context(), func(tx store.Tx) error { return tx.PutSetting(name, nil) })
			answers <- fmt.Sprint(name, err)
		}
		go update("first")
		<-syncs
		ran := make(chan struct{})
		go func() {
			err := c.Update(t.Context(), func(tx store.Tx) error {
				close(ran)
				return tx.PutSetting("second", nil)
			})
			answers <- fmt.Sprint("second", err)
		}()
		<-ran
		go func() {
			answers <- fmt.Sprint("a reader sees the first: ", has(t, c.Store, "first"))
		}()
		select {
		case early := <-answers:
			t.Errorf("%q before the disk has it", early)
		case <-time.After(50 * time.Millisecond):
		}
		release <- struct{}{}
		<-syncs
		if got := <-answers; got != "first<nil>" && got != "a reader sees the first: true" {
			t.Error(got)
		}
		release <- struct{}{}
		<-answers
		<-answers
		c.writer.disk.sync = real
	})
	t.Run("a disk that fails fails everything until the store is opened again", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "carillon.db")
		s, err := OpenSQLite(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		put(t, s, "before")
		broken := errors.New("bad sector")
		s.engine.(*sqliteEngine).writer.disk.sync = func() error { return broken }
		hook := func() { t.Error("a hook is called") }
		err = s.Update(t.Context(), func(tx store.Tx) error {
			tx.AfterCommit(hook)
			return tx.PutSetting("lost", nil)
		})
		if !errors.Is(err, broken) {
			t.Errorf("Update ends with %v", err)
		}
		s.engine.(*sqliteEngine).writer.disk.sync = func() error { return nil }
		if err := s.Update(t.Context(), func(tx store.Tx) error { return tx.PutSetting("later", nil) }); !errors.Is(err, broken) {
			t.Errorf("a later Update ends with %v", err)
		}
		if err := s.Ping(t.Context()); !errors.Is(err, broken) {
			t.Errorf("Ping answers %v", err)
		}
		if err := s.Close(); !errors.Is(err, broken) {
			t.Errorf("Close answers %v", err)
		}
		if s, err = OpenSQLite(path, Options{}); err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if !has(t, s, "before") {
			t.Error("what was answered is lost")
		}
		put(t, s, "after")
	})
}

// crash copies a store as it would be found after a crash.
func crash(t *testing.T, s *Store, to string) {
	t.Helper()
	log := s.engine.(*sqliteEngine).log.path
	copyFile(t, strings.TrimSuffix(log, "-wal"), filepath.Join(to, "carillon.db"))
	copyFile(t, log, filepath.Join(to, "carillon.db-wal"))
}

func TestSQLiteLog(t *testing.T) {
	t.Run("it is moved into the database beside the writer, and begins anew", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "carillon.db")
		s, err := OpenSQLite(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		log := s.engine.(*sqliteEngine).writer.conn.log
		large := make([]byte, 40<<12)
		anew := 0
		for i, last := 0, int64(0); anew < 2; i++ {
			if i == 2000 {
				t.Fatalf("it has %d pages", last)
			}
			err := s.Update(t.Context(), func(tx store.Tx) error {
				if log.frames() < last {
					anew++
				}
				last = log.frames()
				return tx.PutSetting(fmt.Sprint("large", i%500), large)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		info, err := os.Stat(path + "-wal")
		if err != nil || info.Size() > 10*checkpointFrames*logFrame {
			t.Errorf("%v, %v", info.Size(), err)
		}
	})
	t.Run("what a crash leaves in it is in the database once the store is open", func(t *testing.T) {
		crashed, after := t.TempDir(), t.TempDir()
		lost := openTest(t)
		put(t, lost, "answered")
		crash(t, lost, crashed)
		recovered, err := OpenSQLite(filepath.Join(crashed, "carillon.db"), Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer recovered.Close()
		copyFile(t, filepath.Join(crashed, "carillon.db"), filepath.Join(after, "carillon.db"))
		s, err := OpenSQLite(filepath.Join(after, "carillon.db"), Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if !has(t, s, "answered") {
			t.Error("it is not there")
		}
	})
	t.Run("transactions that it has no room for fail whole, and the store goes on", func(t *testing.T) {
		crashed := t.TempDir()
		s := openTest(t)
		put(t, s, "before")
		log := s.engine.(*sqliteEngine).writer.conn.log // the writer is idle
		write := log.file.FxWrite
		large := make([]byte, 1<<20) // more than is gathered
		failing := []int{1, 2, 8, 9, 10}
		for _, piece := range failing {
			log.file.FxWrite = pointerTo(log, func(tls *libc.TLS, file, from uintptr, n int32, at int64) int32 {
				if piece--; piece == 0 {
					return lib.SQLITE_FULL
				}
				return function[func(*libc.TLS, uintptr, uintptr, int32, int64) int32](write)(tls, file, from, n, at)
			})
			name := fmt.Sprint("large", piece)
			err := s.Update(t.Context(), func(tx store.Tx) error { return tx.PutSetting(name, large) })
			log.file.FxWrite = write
			if sqlite.ErrCode(err).ToPrimary() != sqlite.ResultFull || piece > 0 {
				t.Errorf("%s: Update ends with %v", name, err)
			}
			put(t, s, "after "+name)
		}
		crash(t, s, crashed)
		recovered, err := OpenSQLite(filepath.Join(crashed, "carillon.db"), Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer recovered.Close()
		for _, s := range []*Store{s, recovered} {
			if !has(t, s, "before") {
				t.Error("what was there is lost")
			}
			for _, piece := range failing {
				name := fmt.Sprint("large", piece)
				if has(t, s, name) || !has(t, s, "after "+name) {
					t.Errorf("%s is there, or what came after it is not", name)
				}
			}
		}
	})
	t.Run("many are made at a time", func(t *testing.T) {
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for range 25 {
					l, err := openSQLiteLog()
					if err != nil {
						t.Error(err)
						return
					}
					l.close()
				}
			})
		}
		all.Wait()
	})
	t.Run("what was written and not committed does not get there", func(t *testing.T) {
		s := openTest(t)
		put(t, s, "before")
		c := s.engine.(*sqliteEngine).writer.conn
		if err := c.control("PRAGMA cache_size = 10"); err != nil { // the writer is idle; pages go to the log early
			t.Fatal(err)
		}
		large := make([]byte, 1<<20)
		failed := errors.New("no")
		err := s.Update(t.Context(), func(tx store.Tx) error {
			for i := range 4 {
				if err := tx.PutSetting(fmt.Sprint("large", i), large); err != nil {
					return err
				}
			}
			return failed
		})
		if !errors.Is(err, failed) || has(t, s, "large0") || !has(t, s, "before") {
			t.Errorf("Update ends with %v", err)
		}
		put(t, s, "after")
		if err := s.Update(t.Context(), func(tx store.Tx) error { return tx.PutSetting("large", large) }); err != nil || !has(t, s, "large") || !has(t, s, "after") {
			t.Error(err)
		}
	})
}
