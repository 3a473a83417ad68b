package sqlstore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

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
		if err != nil || info.Size() > 5*checkpointFrames*logFrame {
			t.Errorf("%v, %v", info.Size(), err)
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
