package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"

	"carillon/store"
)

// crowd is a store whose writer does what comes together in one group.
type crowd struct {
	*Store
	writer *sqliteWriter
}

func newCrowd(t *testing.T) crowd {
	s := openTest(t)
	c := crowd{s, s.engine.(*sqliteEngine).writer}
	c.writer.patience = time.Hour // however slow the machine
	return c
}

// hold keeps the writer in a transaction until release is called.
func (c crowd) hold(t *testing.T) (release func()) {
	t.Helper()
	held, free, done := make(chan struct{}), make(chan struct{}), make(chan error)
	var once sync.Once
	go func() {
		done <- c.Update(context.Background(), func(store.Tx) error {
			once.Do(func() { close(held) })
			<-free
			return nil
		})
	}()
	<-held
	return func() {
		close(free)
		<-done // its own outcome is that of the group
	}
}

// group runs functions in one group, in their order, and returns how they ended: errGone when
// Update did not return.
func (c crowd) group(t *testing.T, fns ...func(store.Tx) error) []error {
	t.Helper()
	release := c.hold(t)
	ends := make([]error, len(fns))
	var wg sync.WaitGroup
	for i, fn := range fns {
		ends[i] = errGone
		wg.Go(func() {
			defer func() {
				if v := recover(); v != nil {
					ends[i] = v.(error)
				}
			}()
			ends[i] = c.Update(t.Context(), fn)
		})
		for len(c.writer.queue) != i+1 {
			runtime.Gosched()
		}
	}
	release()
	wg.Wait()
	return ends
}

var (
	errGone = errors.New("the caller ended")
	errOwn  = errors.New("the function's own error")
)

// putting returns a function that stores a setting and counts how often it ran.
func putting(name string, runs *int, err error) func(store.Tx) error {
	return func(tx store.Tx) error {
		*runs++
		return errors.Join(tx.PutSetting(name, []byte("x")), err)
	}
}

func TestSQLiteWriter(t *testing.T) {
	t.Run("those who come together are committed together", func(t *testing.T) {
		c := newCrowd(t)
		const n = 20
		var fns []func(store.Tx) error
		for i := range n {
			fns = append(fns, func(tx store.Tx) error {
				if i == 0 {
					tx.AfterCommit(func() {
						for other := range n {
							if !has(t, c.Store, fmt.Sprint(other)) {
								t.Errorf("%d is not committed with the first", other)
							}
						}
					})
				}
				return tx.PutSetting(fmt.Sprint(i), nil)
			})
		}
		for i, err := range c.group(t, fns...) {
			if err != nil {
				t.Errorf("%d: %v", i, err)
			}
		}
	})
	t.Run("one that fails with nothing written costs the others nothing", func(t *testing.T) {
		c := newCrowd(t)
		var first, second, third int
		ends := c.group(t,
			putting("first", &first, nil),
			func(tx store.Tx) error {
				second++
				_, err := tx.Setting("none")
				return errors.Join(err, tx.DeleteIdentity(1))
			},
			putting("third", &third, nil),
		)
		if ends[0] != nil || !errors.Is(ends[1], store.ErrNotFound) || ends[2] != nil {
			t.Errorf("they end with %v", ends)
		}
		if first != 1 || second != 1 || third != 1 {
			t.Errorf("they run %d, %d and %d times", first, second, third)
		}
		if !has(t, c.Store, "first") || !has(t, c.Store, "third") {
			t.Error("something is lost")
		}
	})
	t.Run("for one that fails after it has written the others are run again, with savepoints for a while", func(t *testing.T) {
		c := newCrowd(t)
		var before, failing, after int
		round := func(want int) {
			t.Helper()
			before, failing, after = 0, 0, 0
			ends := c.group(t, putting("before", &before, nil), putting("failing", &failing, errOwn), putting("after", &after, nil))
			if ends[0] != nil || !errors.Is(ends[1], errOwn) || ends[2] != nil {
				t.Errorf("they end with %v", ends)
			}
			if before != want || failing != want || after != 1 {
				t.Errorf("they run %d, %d and %d times, want %d, %d and 1", before, failing, after, want, want)
			}
			if !has(t, c.Store, "before") || has(t, c.Store, "failing") || !has(t, c.Store, "after") {
				t.Error("the wrong ones remain")
			}
		}
		round(2)
		round(1)
		for range carefulGroups - 2 {
			put(t, c.Store, "some")
		}
		round(2)
	})
	t.Run("what a failed one wrote is not seen by those after it", func(t *testing.T) {
		c := newCrowd(t)
		see := func(tx store.Tx) error {
			if _, err := tx.Setting("failing"); err != store.ErrNotFound {
				return fmt.Errorf("answers %v", err)
			}
			return nil
		}
		var runs int
		ends := c.group(t, putting("failing", &runs, errOwn), see, putting("failing", &runs, errOwn), see)
		if ends[1] != nil || ends[3] != nil {
			t.Errorf("they end with %v", ends)
		}
	})
	t.Run("a commit that fails fails the whole group, and nothing of it remains", func(t *testing.T) {
		c := newCrowd(t)
		for _, script := range []string{
			"PRAGMA foreign_keys = ON",
			"CREATE TABLE parent (key INTEGER PRIMARY KEY)",
			"CREATE TABLE child (parent INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED)",
		} {
			if err := c.writer.conn.control(script); err != nil { // the writer is idle
				t.Fatal(err)
			}
		}
		var runs int
		hooked := func(tx store.Tx) error {
			tx.AfterCommit(func() { t.Error("a hook is called") })
			return tx.PutSetting("hooked", nil)
		}
		orphan := func(store.Tx) error { return c.writer.conn.script("INSERT INTO child VALUES (1)") }
		for i, err := range c.group(t, putting("a", &runs, nil), hooked, orphan, func(store.Tx) error { return errOwn }) {
			if sqlite.ErrCode(err) != sqlite.ResultConstraintForeignKey {
				t.Errorf("%d ends with %v", i, err)
			}
		}
		if runs != 1 {
			t.Errorf("runs %d times", runs)
		}
		if has(t, c.Store, "a") || has(t, c.Store, "hooked") {
			t.Error("something remains")
		}
		put(t, c.Store, "b")
		if !has(t, c.Store, "b") {
			t.Error("the store does not go on")
		}
	})
	t.Run("a full disk fails those that SQLite rolls back, and the store goes on", func(t *testing.T) {
		c := newCrowd(t)
		put(t, c.Store, "before")
		if err := c.writer.conn.control("PRAGMA max_page_count = 1"); err != nil { // as many as there are
			t.Fatal(err)
		}
		var runs int
		large := func(tx store.Tx) error { return tx.PutSetting("large", make([]byte, 1<<20)) }
		ends := c.group(t, putting("a", &runs, nil), large, putting("b", &runs, nil))
		for i, err := range ends[:2] {
			if err == nil || !strings.Contains(err.Error(), "full") {
				t.Errorf("%d ends with %v", i, err)
			}
		}
		if ends[2] != nil || runs != 2 {
			t.Errorf("the last ends with %v, after %d runs", ends[2], runs)
		}
		if !has(t, c.Store, "before") || has(t, c.Store, "a") || has(t, c.Store, "large") || !has(t, c.Store, "b") {
			t.Error("the wrong ones remain")
		}
	})
	t.Run("a database that another process has locked fails those who wait for it", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "carillon.db")
		s, err := OpenSQLite(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		s.engine.(*sqliteEngine).writer.conn.conn.SetBusyTimeout(0) // the writer is idle
		shell, err := openSQLiteConn(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer shell.close()
		if err := shell.control("BEGIN IMMEDIATE"); err != nil {
			t.Fatal(err)
		}
		err = s.Update(t.Context(), func(store.Tx) error { return nil })
		if sqlite.ErrCode(err) != sqlite.ResultBusy {
			t.Errorf("Update answers %v", err)
		}
		if err := shell.rollback(); err != nil {
			t.Fatal(err)
		}
		put(t, s, "after")
	})
	t.Run("a panic reaches its caller with its value and its stack, and nobody else", func(t *testing.T) {
		c := newCrowd(t)
		var runs int
		ends := c.group(t,
			putting("before", &runs, nil),
			func(tx store.Tx) error { panicInTest(tx); return nil },
			putting("after", &runs, nil),
		)
		if ends[0] != nil || ends[2] != nil {
			t.Errorf("they end with %v", ends)
		}
		if !errors.Is(ends[1], errOwn) || !strings.Contains(ends[1].Error(), "panicInTest") {
			t.Errorf("the panic is %v", ends[1])
		}
		if !has(t, c.Store, "before") || !has(t, c.Store, "after") || has(t, c.Store, "panic") {
			t.Error("the wrong ones remain")
		}
	})
	t.Run("a function that ends its goroutine ends its caller, and nobody else", func(t *testing.T) {
		c := newCrowd(t)
		var runs int
		ends := c.group(t,
			putting("before", &runs, nil),
			func(tx store.Tx) error {
				defer runtime.Goexit()
				return tx.PutSetting("exit", nil)
			},
			putting("after", &runs, nil),
		)
		if ends[0] != nil || ends[1] != errGone || ends[2] != nil {
			t.Errorf("they end with %v", ends)
		}
		if !has(t, c.Store, "before") || !has(t, c.Store, "after") || has(t, c.Store, "exit") {
			t.Error("the wrong ones remain")
		}
	})
	t.Run("a hook that does not return ends its caller and stops no other", func(t *testing.T) {
		c := newCrowd(t)
		var calls []int
		hooked := func(i int, end func()) func(store.Tx) error {
			return func(tx store.Tx) error {
				tx.AfterCommit(func() { calls = append(calls, i); end() })
				return tx.PutSetting(fmt.Sprint(i), nil)
			}
		}
		ends := c.group(t, hooked(0, func() { panic(errOwn) }), hooked(1, runtime.Goexit), hooked(2, func() {}))
		if !errors.Is(ends[0], errOwn) || ends[1] != errGone || ends[2] != nil {
			t.Errorf("they end with %v", ends)
		}
		if fmt.Sprint(calls) != "[0 1 2]" {
			t.Errorf("the hooks of %v are called", calls)
		}
		for i := range 3 {
			if !has(t, c.Store, fmt.Sprint(i)) {
				t.Errorf("%d is lost", i)
			}
		}
	})
	t.Run("who stops waiting is not run", func(t *testing.T) {
		c := newCrowd(t)
		release := c.hold(t)
		ctx, cancel := context.WithCancel(t.Context())
		answer := make(chan error)
		go func() {
			answer <- c.Update(ctx, func(store.Tx) error { t.Error("it runs"); return nil })
		}()
		for len(c.writer.queue) != 1 {
			runtime.Gosched()
		}
		cancel()
		if err := <-answer; !errors.Is(err, context.Canceled) { // while the writer is held
			t.Errorf("Update answers %v, want %v", err, context.Canceled)
		}
		release()
		put(t, c.Store, "after")
	})
	t.Run("who finds the queue full waits no longer than its context", func(t *testing.T) {
		c := newCrowd(t)
		release := c.hold(t)
		var wg sync.WaitGroup
		for range groupSize {
			wg.Go(func() {
				if err := c.Update(t.Context(), func(store.Tx) error { return nil }); err != nil {
					t.Error(err)
				}
			})
		}
		for len(c.writer.queue) != cap(c.writer.queue) {
			runtime.Gosched()
		}
		ctx, cancel := context.WithCancel(t.Context())
		answer := make(chan error)
		go func() {
			answer <- c.Update(ctx, func(store.Tx) error { t.Error("it runs"); return nil })
		}()
		cancel()
		if err := <-answer; !errors.Is(err, context.Canceled) {
			t.Errorf("Update answers %v, want %v", err, context.Canceled)
		}
		release()
		wg.Wait()
	})
}

func panicInTest(tx store.Tx) {
	if err := tx.PutSetting("panic", nil); err == nil {
		panic(errOwn)
	}
}
