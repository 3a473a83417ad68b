package sqlstore

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"carillon/store"
	"carillon/store/sqlstore/pgtest"
)

// nodes opens the same empty database several times.
func nodes(t *testing.T, n int) []*Store {
	t.Helper()
	url := pgtest.Start(t)
	stores := make([]*Store, n)
	for i := range stores {
		stores[i] = openThrough(t, &wire{}, url, 4)
	}
	return stores
}

func TestPostgresWriters(t *testing.T) {
	const writers, rounds = 100, 3
	for _, test := range []struct {
		name  string
		nodes int
	}{{"of one node", 1}, {"of three nodes", 3}} {
		t.Run("a hundred writers "+test.name+" make progress in one channel and leave no gap", func(t *testing.T) {
			stores := nodes(t, test.nodes)
			c := newScene(t, stores[0], 1)
			var mu sync.Mutex
			var places []int64
			announced := make([][]int64, test.nodes) // by node, each from one hook at a time
			var wg sync.WaitGroup
			for writer := range writers {
				node := writer % test.nodes
				wg.Go(func() {
					for range rounds {
						var place int64
						err := stores[node].Update(t.Context(), func(tx store.Tx) error {
							e, err := c.enter(tx)
							if err != nil {
								return err
							}
							if !e.Actor.Member() {
								return errors.New("not a member")
							}
							if place, err = tx.AdvanceChannel(e.Channel.Key, 1, 0); err != nil {
								return err
							}
							tx.AfterCommit(func() { announced[node] = append(announced[node], place) })
							return nil
						})
						if err != nil {
							t.Error(err)
						}
						mu.Lock()
						places = append(places, place)
						mu.Unlock()
					}
				})
			}
			wg.Wait()
			slices.Sort(places)
			for i, place := range places {
				if place != int64(i+1) {
					t.Fatalf("place %d was given in place of %d", place, i+1)
				}
			}
			if got := sequenceOf(t, c); got != writers*rounds {
				t.Errorf("the channel stands at %d, want %d", got, writers*rounds)
			}
			for node, places := range announced {
				if !slices.IsSorted(places) {
					t.Errorf("node %d announced in the order %v", node, places)
				}
			}
		})
	}
}

func TestPostgresGroups(t *testing.T) {
	t.Run("groups of two nodes that send to one channel leave no gap", func(t *testing.T) {
		const groups, messages = 8, 40
		stores := nodes(t, 2)
		c := newScene(t, stores[0], 1)
		var all sync.WaitGroup
		for _, node := range stores {
			all.Go(func() {
				for range groups {
					if err := node.Update(t.Context(), func(tx store.Tx) error { return c.sendTogether(tx, messages) }); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		err := c.View(t.Context(), func(tx store.Tx) error {
			list, err := tx.ListChannelMessages(store.MessageRange{Stream: c.channel.Key, Ascending: true}, 2*groups*messages+1)
			for i, m := range list {
				if m.Sequence != int64(i+1) {
					t.Errorf("place %d is taken by the message at %d", i+1, m.Sequence)
				}
			}
			if len(list) != 2*groups*messages {
				t.Errorf("there are %d messages", len(list))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := sequenceOf(t, c); got != 2*groups*messages {
			t.Errorf("the channel stands at %d", got)
		}
	})
	t.Run("a group takes its turn at each channel once, and in the same order as all others", func(t *testing.T) {
		q := postgresRequest{text: newPostgresTexts().rows[enterChannel.id], params: enterChannel.params}
		for _, name := range []string{"b", "a", "", "b"} {
			q.args = append(q.args, text(name), integer(1), text("user"), text("instance"), text("account"))
		}
		if got, want := turnsOf(&q), []turn{{channel: "a", instance: "instance"}, {channel: "b", instance: "instance"}}; !slices.Equal(got, want) {
			t.Errorf("turns %v, want %v", got, want)
		}
	})
}

// TestPostgresPermission has two transactions that each read what the other writes, on two nodes,
// so that nothing but the database stands between them.
func TestPostgresPermission(t *testing.T) {
	for name, order := range map[string][2]int{"the ban commits first": {0, 1}, "the membership commits first": {1, 0}} {
		t.Run("nobody is banned and a member: "+name, func(t *testing.T) {
			stores := nodes(t, 2)
			c := newScene(t, stores[0], 2)
			who := c.users[1]
			standing := func(tx store.Tx) (store.Standing, error) {
				found, err := tx.Standings(c.instance.Key, c.channel.Key, refsOf(who))
				if err != nil {
					return store.Standing{}, err
				}
				return found[0], nil
			}
			decide := [2]func(tx store.Tx, s store.Standing) error{
				func(tx store.Tx, s store.Standing) error { // ban, and end a membership
					if err := tx.CreateChannelBan(store.ChannelBan{Key: c.keys.Next(), Channel: c.channel.Key, Member: who.Key, Created: c.instance.Created}); err != nil {
						return err
					}
					if !s.Member() {
						return nil
					}
					return tx.DeleteChannelMembership(c.channel.Key, who.Key)
				},
				func(tx store.Tx, s store.Standing) error { // add, who is not banned
					if s.Banned {
						return nil
					}
					return tx.CreateChannelMemberships(c.channel.Key, c.memberships([]store.Identity{who}))
				},
			}
			var runs [2]int
			update := func(i int, read func()) error {
				return stores[i].Update(t.Context(), func(tx store.Tx) error {
					runs[i]++
					s, err := standing(tx)
					if err != nil {
						return err
					}
					if runs[i] == 1 {
						read()
					}
					return decide[i](tx, s)
				})
			}
			// The second one reads before the first one commits, and decides afterwards.
			firstRead, secondRead := make(chan struct{}), make(chan struct{})
			done := make(chan error)
			go func() {
				done <- update(order[0], func() { close(firstRead); <-secondRead })
			}()
			<-firstRead
			if err := update(order[1], func() {
				close(secondRead)
				if err := <-done; err != nil {
					t.Error(err)
				}
			}); err != nil {
				t.Fatal(err)
			}
			if runs[order[0]] != 1 || runs[order[1]] != 2 {
				t.Errorf("the first is run %d times, the second %d times", runs[order[0]], runs[order[1]])
			}
			err := stores[0].View(t.Context(), func(tx store.Tx) error {
				s, err := standing(tx)
				if err == nil && (!s.Banned || s.Member()) {
					t.Errorf("banned: %v, member: %v", s.Banned, s.Member())
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestPostgresHooks(t *testing.T) {
	t.Run("who depends on a commit is announced after it, even if its answer comes first", func(t *testing.T) {
		w := &wire{}
		s := openThrough(t, w, pgtest.Start(t), 4)
		if err := s.Update(t.Context(), func(tx store.Tx) error { return tx.PutSetting("seen", []byte("no")) }); err != nil {
			t.Fatal(err)
		}
		// The answer to the first commit is kept until the second one's is here.
		committing, release := make(chan struct{}), make(chan struct{})
		commits := 0
		w.mu.Lock()
		w.hold = func(sent []byte) func() {
			if !bytes.Contains(sent, []byte("commit\x00")) {
				return nil
			}
			if commits++; commits == 1 {
				return func() { close(committing); <-release }
			}
			return sync.OnceFunc(func() { close(release) })
		}
		w.mu.Unlock()
		var order []int
		first := make(chan error)
		go func() {
			first <- s.Update(t.Context(), func(tx store.Tx) error {
				tx.AfterCommit(func() { order = append(order, 1) })
				return tx.PutSetting("seen", []byte("yes"))
			})
		}()
		<-committing
		err := s.Update(t.Context(), func(tx store.Tx) error {
			tx.AfterCommit(func() { order = append(order, 2) })
			value, err := tx.Setting("seen")
			if err == nil && string(value) != "yes" {
				err = errors.New("the first is not committed")
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := <-first; err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(order, []int{1, 2}) {
			t.Errorf("announced in the order %v", order)
		}
	})
	t.Run("a hook may read, also when there is no connection but the one of its commit", func(t *testing.T) {
		s := openThrough(t, &wire{}, pgtest.Start(t), 1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := s.Update(ctx, func(tx store.Tx) error {
			tx.AfterCommit(func() {
				if err := s.Ping(ctx); err != nil {
					t.Error(err)
				}
			})
			return tx.PutSetting("name", nil)
		})
		if err != nil {
			t.Error(err)
		}
	})
	t.Run("who waits for the hooks of others keeps nobody from the channel", func(t *testing.T) {
		s := newPostgres(t)
		c := newScene(t, s, 1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		advance := func(tx store.Tx) error {
			_, err := tx.AdvanceChannel(c.channel.Key, 1, 0)
			return err
		}
		err := s.Update(ctx, func(tx store.Tx) error {
			tx.AfterCommit(func() {
				// Somebody else advances the channel, without hooks to wait for.
				done := make(chan error)
				go func() { done <- s.Update(ctx, advance) }()
				if err := <-done; err != nil {
					t.Error(err)
				}
			})
			return advance(tx)
		})
		if err != nil {
			t.Error(err)
		}
	})
	t.Run("a hook that panics does not stop those after it", func(t *testing.T) {
		s := newPostgres(t)
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic did not reach the caller")
				}
			}()
			s.Update(t.Context(), func(tx store.Tx) error {
				tx.AfterCommit(func() { panic("of the hook") })
				return tx.PutSetting("name", nil)
			})
		}()
		called := false
		err := s.Update(t.Context(), func(tx store.Tx) error {
			tx.AfterCommit(func() { called = true })
			return tx.PutSetting("name", nil)
		})
		if err != nil || !called {
			t.Errorf("Update answers %v, hook called: %v", err, called)
		}
	})
}

func TestCommitOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o commitOrder
		var called []int
		hook := func(n int) func() { return func() { called = append(called, n) } }
		first, failed, third := o.next(), o.next(), o.next()
		go third.run(hook(3))
		failed.skip()
		synctest.Wait()
		if called != nil {
			t.Errorf("%v called before the first", called)
		}
		first.run(hook(1))
		synctest.Wait()
		o.next().run(hook(4))
		if want := []int{1, 3, 4}; !slices.Equal(called, want) {
			t.Errorf("called in the order %v, want %v", called, want)
		}
	})
}

func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all turns
		release, err := all.take(t.Context(), turn{key: 1})
		if err != nil {
			t.Fatal(err)
		}
		var got []int
		for i := range 3 {
			go func() {
				release, err := all.take(t.Context(), turn{key: 1})
				if err != nil {
					t.Error(err)
				}
				got = append(got, i)
				release()
			}()
			synctest.Wait()
		}
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			if _, err := all.take(ctx, turn{key: 1}); !errors.Is(err, context.Canceled) {
				t.Errorf("take answers %v", err)
			}
		}()
		other, err := all.take(t.Context(), turn{key: 2})
		if err != nil {
			t.Fatal(err)
		}
		other()
		synctest.Wait()
		cancel()
		synctest.Wait()
		if got != nil {
			t.Errorf("%v had a turn that was taken", got)
		}
		release()
		synctest.Wait()
		if want := []int{0, 1, 2}; !slices.Equal(got, want) {
			t.Errorf("turns in the order %v, want %v", got, want)
		}
		if len(all.queues) != 0 {
			t.Errorf("%d queues are left", len(all.queues))
		}
	})
}

func TestPostgresTurns(t *testing.T) {
	s := newPostgres(t)
	c := newScene(t, s, 1)
	advance := func(tx store.Tx) error {
		_, err := tx.AdvanceChannel(c.channel.Key, 1, 0)
		return err
	}
	t.Run("who waits for a turn can give up", func(t *testing.T) {
		err := s.Update(t.Context(), func(tx store.Tx) error {
			if err := advance(tx); err != nil {
				return err
			}
			ctx, cancel := context.WithCancel(t.Context())
			waiting := make(chan error)
			go func() { waiting <- s.Update(ctx, func(tx store.Tx) error { cancel(); return advance(tx) }) }()
			if err := <-waiting; !errors.Is(err, context.Canceled) {
				t.Errorf("Update answers %v, want %v", err, context.Canceled)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	t.Run("a context that ends does not end a transaction that has begun", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		before := sequenceOf(t, c)
		err := s.Update(ctx, func(tx store.Tx) error {
			if _, err := c.enter(tx); err != nil {
				return err
			}
			cancel()
			return advance(tx)
		})
		if got := sequenceOf(t, c); err != nil || got != before+1 {
			t.Errorf("Update answers %v, sequence went from %d to %d", err, before, got)
		}
	})
	t.Run("whatever becomes of a transaction, its turn and its connection come back", func(t *testing.T) {
		for range 3 * s.engine.(*postgresEngine).pool.Config().MaxConns {
			var wg sync.WaitGroup
			wg.Go(func() {
				s.Update(t.Context(), func(tx store.Tx) error {
					if err := advance(tx); err != nil {
						t.Error(err)
					}
					runtime.Goexit()
					return nil
				})
			})
			wg.Wait()
			s.View(t.Context(), func(tx store.Tx) error {
				if _, err := c.enter(tx); err != nil {
					t.Error(err)
				}
				return errors.New("of the function")
			})
		}
		if err := s.Update(t.Context(), advance); err != nil {
			t.Error(err)
		}
		if n := len(s.engine.(*postgresEngine).turns.queues); n != 0 {
			t.Errorf("%d queues are left", n)
		}
	})
}
