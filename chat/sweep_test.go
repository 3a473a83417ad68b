package chat_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"carillon/api"
	"carillon/store"
	"carillon/testenv"
)

var errCrash = errors.New("the node is gone")

// mortal is a store that a node uses until it dies: after so many Updates.
type mortal struct {
	store.Store
	mu    sync.Mutex
	lives int // -1 is for ever
	// most is how many records one Update has removed at most.
	most int
}

// wrap is for testenv.WithStore.
func (m *mortal) wrap(s store.Store) store.Store {
	m.Store = s
	return m
}

func (m *mortal) Update(ctx context.Context, fn func(store.Tx) error) error {
	m.mu.Lock()
	dead := m.lives == 0
	if m.lives > 0 {
		m.lives--
	}
	m.mu.Unlock()
	if dead {
		return errCrash
	}
	removed := 0
	err := m.Store.Update(ctx, func(tx store.Tx) error {
		removed = 0
		return fn(countingTx{tx, &removed})
	})
	m.mu.Lock()
	defer m.mu.Unlock()
	m.most = max(m.most, removed)
	return err
}

// countingTx counts what a sweep removes.
type countingTx struct {
	store.Tx
	removed *int
}

func (c countingTx) DeleteOverdue(o store.Overdue, at time.Time, limit int) (int, error) {
	n, err := c.Tx.DeleteOverdue(o, at, limit)
	*c.removed += n
	return n, err
}

func (c countingTx) CleanUp(kind store.CleanupKind, deleted store.Key, limit int) (int, error) {
	n, err := c.Tx.CleanUp(kind, deleted, limit)
	*c.removed += n
	return n, err
}

func (c countingTx) EndLeaving(l store.Leaving) error {
	*c.removed++
	return c.Tx.EndLeaving(l)
}

// swept sweeps until there is nothing to do and returns how many records were removed.
func swept(t *testing.T, e *testenv.Env) int {
	t.Helper()
	removed, err := e.Service.Sweep(t.Context())
	done(t, err)
	again, err := e.Service.Sweep(t.Context())
	done(t, err)
	same(t, 0, again)
	clean(t, e)
	return removed
}

// clean fails the test when something is left to be cleaned up.
func clean(t *testing.T, e *testenv.Env) {
	t.Helper()
	done(t, e.Store.View(t.Context(), func(tx store.Tx) error {
		for kind := store.IdentityCleanup; kind <= store.AppInstanceCleanup; kind++ {
			list, err := tx.ListCleanups(kind, e.Now(), 100)
			if err != nil {
				return err
			}
			if len(list) > 0 {
				t.Errorf("cleanups of kind %d are left: %v", kind, list)
			}
		}
		return nil
	}))
}

func TestSweepLease(t *testing.T) {
	// lease reads who sweeps.
	lease := func(t *testing.T, e *testenv.Env) (l store.Lease) {
		t.Helper()
		done(t, e.Store.View(t.Context(), func(tx store.Tx) (err error) {
			if l, err = tx.Lease("sweep"); errors.Is(err, store.ErrNotFound) {
				err = nil
			}
			return err
		}))
		return l
	}
	hold := func(t *testing.T, st store.Store, until time.Time) {
		t.Helper()
		done(t, st.Update(t.Context(), func(tx store.Tx) error {
			return tx.PutLease(store.Lease{Name: "sweep", Holder: "another node", Until: until})
		}))
	}
	// littered makes an environment with a day's tokens to remove.
	littered := func(t *testing.T, options ...testenv.Option) *testenv.Env {
		t.Helper()
		e := testenv.New(t, options...)
		e.Advance(day)
		return e
	}
	tokens := 2 + len(testenv.Users) // of an environment

	t.Run("while another node has the lease there is nothing to do", func(t *testing.T) {
		e := littered(t)
		hold(t, e.Store, e.Now().Add(10*time.Second))
		for range 10 {
			removed, err := e.Service.Sweep(t.Context())
			done(t, err)
			same(t, 0, removed)
			same(t, "another node", lease(t, e).Holder)
			e.Advance(time.Second - time.Millisecond)
		}
	})
	t.Run("when its time is over, the lease of a node that died is taken over", func(t *testing.T) {
		e := littered(t)
		hold(t, e.Store, e.Now())
		same(t, tokens, swept(t, e))
	})
	t.Run("a node that dies holds up the others for half a minute", func(t *testing.T) {
		m := &mortal{lives: -1}
		e := littered(t, testenv.WithStore(m.wrap), testenv.WithSweepBatch(2))
		m.lives = 1
		removed, err := e.Service.Sweep(t.Context())
		if !errors.Is(err, errCrash) || removed != 2 {
			t.Fatalf("removed %d, %v", removed, err)
		}
		m.lives = -1
		e.Restart()
		e.Advance(30*time.Second - time.Millisecond)
		same(t, 0, swept(t, e))
		e.Advance(time.Millisecond)
		same(t, tokens-2, swept(t, e))
	})
	t.Run("a node that has finished gives the lease back", func(t *testing.T) {
		e := littered(t)
		same(t, tokens, swept(t, e))
		if l := lease(t, e); l.Until.After(e.Now()) {
			t.Errorf("it lasts until %v, %v from now", l.Until, l.Until.Sub(e.Now()))
		}
		e.Restart()
		e.NewInstance("another")
		e.Advance(day)
		same(t, 1, swept(t, e))
	})
	t.Run("a node that has nothing to do takes no lease", func(t *testing.T) {
		e := testenv.New(t)
		same(t, 0, swept(t, e))
		same(t, store.Lease{}, lease(t, e))
	})
	t.Run("a node whose lease was taken over stops", func(t *testing.T) {
		var overtaken *overtakenStore
		e := littered(t, testenv.WithSweepBatch(2), testenv.WithStore(func(s store.Store) store.Store {
			overtaken = &overtakenStore{Store: s}
			return overtaken
		}))
		overtaken.after = func() { hold(t, overtaken.Store, e.Now().Add(time.Minute)) }
		removed, err := e.Service.Sweep(t.Context())
		done(t, err)
		same(t, 2, removed)
		same(t, "another node", lease(t, e).Holder)
	})
}

// overtakenStore calls a function once, after an Update.
type overtakenStore struct {
	store.Store
	after func()
}

func (o *overtakenStore) Update(ctx context.Context, fn func(store.Tx) error) error {
	err := o.Store.Update(ctx, fn)
	if after := o.after; after != nil {
		o.after = nil
		after()
	}
	return err
}

func TestSweepsAtOnce(t *testing.T) {
	e := testenv.New(t, testenv.WithSweepBatch(3))
	var channels []string
	for range 20 {
		channels = append(channels, e.Channel("alice", testenv.PublicRestricted, "bob"))
	}
	done(t, e.Developer().DeleteAppInstanceUser(api.DeleteAppInstanceUserRequest{AppInstanceUserArn: e.ARN("bob")}))
	e.Events()
	one := e.Service
	e.Restart()
	var wg sync.WaitGroup
	for _, node := range []interface {
		Sweep(context.Context) (int, error)
	}{one, e.Service, one, e.Service} {
		wg.Go(func() {
			for range 5 {
				if _, err := node.Sweep(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	swept(t, e)
	told := map[string]int{}
	for _, event := range e.Events() {
		told[event.Type+" "+event.Channel]++
	}
	want := map[string]int{}
	for _, channel := range channels {
		want["DELETE_CHANNEL_MEMBERSHIP "+channel] = 1
	}
	same(t, want, told)
}

func TestWoken(t *testing.T) {
	e := testenv.New(t)
	bot := newBot(e, "Lex")
	woken := func() bool {
		select {
		case <-e.Service.Woken():
			return true
		default:
			return false
		}
	}
	dev := e.Developer()
	for _, c := range []struct {
		operation string
		err       func() error
	}{
		{"DeleteAppInstanceBot", func() error {
			return dev.DeleteAppInstanceBot(api.DeleteAppInstanceBotRequest{AppInstanceBotArn: bot})
		}},
		{"DeleteAppInstanceUser", func() error {
			return dev.DeleteAppInstanceUser(api.DeleteAppInstanceUserRequest{AppInstanceUserArn: e.ARN("bob")})
		}},
		{"DeleteAppInstance", func() error {
			return dev.DeleteAppInstance(api.DeleteAppInstanceRequest{AppInstanceArn: e.Instance})
		}},
	} {
		t.Run(c.operation+" wakes whoever sweeps, once it is done", func(t *testing.T) {
			same(t, false, woken())
			done(t, c.err())
			same(t, true, woken())
			same(t, false, woken())
			if c.err() == nil {
				t.Error("it can be done again")
			}
			same(t, false, woken())
		})
	}
}
