package sqlstore

import (
	"errors"
	"reflect"
	"sync"
	"testing"

	"carillon/store"
	"carillon/store/storetest"
)

// The stores of storetest for the tests of others are tested here, on a real store.

var errWanted = errors.New("the error that was wanted")

func TestFailing(t *testing.T) {
	t.Run("every method of a Tx can fail", func(t *testing.T) {
		inner := openTest(t)
		for i := range reflect.TypeFor[store.Tx]().NumMethod() {
			method := reflect.TypeFor[store.Tx]().Method(i)
			if method.Name == "AfterCommit" {
				continue
			}
			f := storetest.Failing(inner, 1, errWanted)
			err := f.View(t.Context(), func(tx store.Tx) error {
				call := reflect.ValueOf(tx).MethodByName(method.Name)
				var args []reflect.Value
				for in := range call.Type().Ins() {
					args = append(args, reflect.Zero(in))
				}
				run := call.Call
				if call.Type().IsVariadic() {
					run = call.CallSlice
				}
				results := run(args)
				err, _ := results[len(results)-1].Interface().(error)
				return err
			})
			if err != errWanted || !f.Failed() {
				t.Errorf("%s answers %v: is it missing in failing_tx.go?", method.Name, err)
			}
		}
	})
	t.Run("the n-th call fails, whichever transaction it is in, and the commit is one", func(t *testing.T) {
		calls := []string{"PutSetting", "Setting", "commit", "Setting", "PutSetting", "commit"}
		for n := 1; n <= len(calls)+1; n++ {
			inner := openTest(t)
			f := storetest.Failing(inner, n, errWanted)
			failed := ""
			note := func(call string, err error) error {
				if err == errWanted {
					failed = call
				}
				return err
			}
			_ = note("commit", f.Update(t.Context(), func(tx store.Tx) error {
				if err := note("PutSetting", tx.PutSetting("a", nil)); err != nil {
					return nil // overlooked
				}
				_ = note("Setting", ignoreValue(tx.Setting("a")))
				return nil
			}))
			_ = f.View(t.Context(), func(tx store.Tx) error { _ = note("Setting", ignoreValue(tx.Setting("a"))); return nil })
			_ = note("commit", f.Update(t.Context(), func(tx store.Tx) error { _ = note("PutSetting", tx.PutSetting("b", nil)); return nil }))
			if want := n <= len(calls); f.Failed() != want {
				t.Errorf("call %d: failed = %v", n, f.Failed())
			}
			if n <= len(calls) && failed == "" {
				t.Errorf("call %d: nothing fails", n)
			}
			if a, b := has(t, inner, "a"), has(t, inner, "b"); a == (n <= 3) || b == (n == 5 || n == 6) {
				t.Errorf("call %d: a is there = %v, b is there = %v", n, a, b)
			}
		}
	})
	t.Run("a transaction that is run again fails again", func(t *testing.T) {
		inner := openTest(t)
		runs := 0
		f := storetest.Failing(inner, 2, errWanted)
		err := f.Update(t.Context(), func(tx store.Tx) error {
			runs++
			return errors.Join(tx.PutSetting("a", nil), tx.PutSetting("b", nil))
		})
		if !errors.Is(err, errWanted) || runs != 2 {
			t.Errorf("Update answers %v after %d runs", err, runs)
		}
		put(t, inner, "c")
		if has(t, inner, "a") || has(t, inner, "b") {
			t.Error("something remains")
		}
	})
	t.Run("one call fails among many callers", func(t *testing.T) {
		f := storetest.Failing(openTest(t), 50, errWanted)
		var wg sync.WaitGroup
		var mu sync.Mutex
		failures := 0
		for range 20 {
			wg.Go(func() {
				for range 5 {
					err := f.Update(t.Context(), func(tx store.Tx) error { return tx.PutSetting("a", nil) })
					mu.Lock()
					if err != nil {
						failures++
					}
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if failures != 1 || !f.Failed() {
			t.Errorf("%d fail", failures)
		}
	})
}

func ignoreValue(_ []byte, err error) error { return err }

func TestRepeating(t *testing.T) {
	t.Run("every Update runs twice and counts once", func(t *testing.T) {
		s := storetest.Repeating(openTest(t))
		c := store.Channel{Key: 1, Instance: 2, ID: "c"}
		runs, hooks := 0, 0
		err := s.Update(t.Context(), func(tx store.Tx) error {
			runs++
			tx.AfterCommit(func() { hooks++ })
			return errors.Join(tx.CreateAppInstance(store.AppInstance{Key: 2, Account: "1", ID: "a"}), tx.CreateChannel(c))
		})
		if err != nil || runs < 2 || hooks != 1 {
			t.Errorf("Update answers %v after %d runs and %d hooks", err, runs, hooks)
		}
	})
	t.Run("an error is that of the second time", func(t *testing.T) {
		s := storetest.Repeating(openTest(t))
		if err := s.Update(t.Context(), func(store.Tx) error { return errWanted }); err != errWanted {
			t.Errorf("Update answers %v", err)
		}
	})
}
