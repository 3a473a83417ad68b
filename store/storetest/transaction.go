package storetest

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"

	"carillon/arn"
	"carillon/store"
)

// writes is every method that writes, on keys that nobody has.
func (w *world) writes() map[string]func(store.Tx) error {
	k := w.keys.Next()
	return map[string]func(store.Tx) error{
		"CreateAppInstance":      func(tx store.Tx) error { return tx.CreateAppInstance(w.newInstance()) },
		"UpdateAppInstance":      func(tx store.Tx) error { return tx.UpdateAppInstance(w.newInstance()) },
		"DeleteAppInstance":      func(tx store.Tx) error { return tx.DeleteAppInstance(k) },
		"CreateAppInstanceAdmin": func(tx store.Tx) error { return tx.CreateAppInstanceAdmin(store.AppInstanceAdmin{Key: k}) },
		"DeleteAppInstanceAdmin": func(tx store.Tx) error { return tx.DeleteAppInstanceAdmin(k, k) },
		"CreateIdentity":         func(tx store.Tx) error { return tx.CreateIdentity(w.newIdentity(k, arn.User)) },
		"UpdateIdentity":         func(tx store.Tx) error { return tx.UpdateIdentity(w.newIdentity(k, arn.User)) },
		"DeleteIdentity":         func(tx store.Tx) error { return tx.DeleteIdentity(k) },
		"CreateChannel":          func(tx store.Tx) error { return tx.CreateChannel(w.newChannel(k, k)) },
		"UpdateChannel":          func(tx store.Tx) error { return tx.UpdateChannel(w.newChannel(k, k)) },
		"AdvanceChannel":         func(tx store.Tx) error { return ignore(tx.AdvanceChannel(k, 1, 1)) },
		"DeleteChannel":          func(tx store.Tx) error { return tx.DeleteChannel(k) },
		"CreateChannelMemberships": func(tx store.Tx) error {
			return tx.CreateChannelMemberships(k, []store.ChannelMembership{w.newMembership(k, k, k, false)})
		},
		"SetPreferences": func(tx store.Tx) error { return tx.SetPreferences(k, k, "{}") },
		"CreateChannelModerators": func(tx store.Tx) error {
			return tx.CreateChannelModerators(k, []store.ChannelModerator{w.newModerator(k, k, k)})
		},
		"CreateChannelBan": func(tx store.Tx) error { return tx.CreateChannelBan(store.ChannelBan{Key: k, Channel: k, Member: k}) },
		"DeleteChannelBan": func(tx store.Tx) error { return tx.DeleteChannelBan(k, k) },
		"PutTags":          func(tx store.Tx) error { return tx.PutTags(k, pairs("a", "b")) },
		"DeleteTags":       func(tx store.Tx) error { return tx.DeleteTags(k, []string{"a"}) },
		"PutRequestToken": func(tx store.Tx) error {
			return tx.PutRequestToken(store.RequestToken{Scope: "of writes", Expires: noon})
		},
		"PutChannelEvents": func(tx store.Tx) error {
			return tx.PutChannelEvents([]store.ChannelEvent{{Stream: k, Sequence: 1, At: noon}})
		},
		"DeleteChannelEvents": func(tx store.Tx) error { return ignore(tx.DeleteChannelEvents(noon, 1)) },
		"PostponeCleanup":     func(tx store.Tx) error { return tx.PostponeCleanup(store.ChannelCleanup, k, noon) },
		"DeleteRequestTokens": func(tx store.Tx) error { return ignore(tx.DeleteRequestTokens(noon, 1)) },
		"PutSetting":          func(tx store.Tx) error { return tx.PutSetting("of writes", []byte("x")) },
	}
}

var errFn = errors.New("the function's own error")

func testTransactions(t *testing.T, w *world) {
	t.Run("a transaction sees its own writes", func(t *testing.T) {
		w.must(t, func(tx store.Tx) error {
			a := w.newInstance()
			u := w.newIdentity(a.Key, arn.User)
			c := w.newChannel(a.Key, u.Key)
			m := w.newMembership(c.Key, u.Key, u.Key, false)
			if err := errors.Join(tx.CreateAppInstance(a), tx.CreateIdentity(u), tx.CreateChannel(c),
				tx.CreateChannelMemberships(c.Key, []store.ChannelMembership{m})); err != nil {
				return err
			}
			e, err := tx.EnterChannel(store.ChannelRef{Account: a.Account, Instance: a.ID, ID: c.ID}, refOf(u))
			if want := (store.Entry{Instance: a.Key, Channel: c, CreatedBy: u, Actor: store.Standing{Identity: u, Membership: m}}); e != want {
				t.Errorf("entry is %+v, want %+v", e, want)
			}
			return err
		})
	})
	t.Run("an error of the function is returned as it is", func(t *testing.T) {
		if err := w.Update(t.Context(), func(store.Tx) error { return errFn }); err != errFn {
			t.Errorf("Update answers %v", err)
		}
		if err := w.View(t.Context(), func(store.Tx) error { return errFn }); err != errFn {
			t.Errorf("View answers %v", err)
		}
	})
	t.Run("a transaction that fails leaves nothing", func(t *testing.T) {
		s := newScene(t, w)
		before := read(t, w, s.enter(refOf(s.users[1])))
		again := s.users[1]
		again.Name = "changed"
		w.refused(t, errFn, func(tx store.Tx) error {
			err := errors.Join(
				tx.UpdateIdentity(again),
				tx.DeleteChannelMembership(s.channel.Key, s.users[1].Key),
				tx.DeleteChannelModerator(s.channel.Key, s.users[1].Key),
				tx.DeleteChannelBan(s.channel.Key, s.users[1].Key),
				tx.DeleteAppInstanceAdmin(s.instance.Key, s.users[1].Key),
				tx.DeleteIdentity(s.users[0].Key),
				tx.PutTags(s.channel.Key, pairs("a", "b")),
				tx.PutSetting("failed", []byte("x")),
				tx.DeleteChannel(s.channel.Key),
			)
			if err != nil {
				t.Error(err)
			}
			return errFn
		})
		expect(t, w, before, s.enter(refOf(s.users[1])))
		s.there(t, s.inInstance(), s.inChannel(), s.identity(s.users[0]), s.identity(s.users[1]), s.roles(s.users[0]), s.roles(s.users[1]))
		w.absent(t, func(tx store.Tx) error { return ignore(tx.Setting("failed")) })
		expect(t, w, nil, func(tx store.Tx) ([]store.Tag, error) { return tx.Tags(s.channel.Key) })
	})
	t.Run("a transaction can go on after a record was refused", func(t *testing.T) {
		a := w.instance(t)
		w.must(t, func(tx store.Tx) error {
			if err := tx.CreateAppInstance(a); err != store.ErrExists {
				t.Errorf("answers %v, want %v", err, store.ErrExists)
			}
			if err := tx.DeleteIdentity(w.keys.Next()); err != store.ErrNotFound {
				t.Errorf("answers %v, want %v", err, store.ErrNotFound)
			}
			return tx.PutSetting("after refusal", []byte("x"))
		})
		expect(t, w, []byte("x"), func(tx store.Tx) ([]byte, error) { return tx.Setting("after refusal") })
	})
	t.Run("a panic leaves nothing and reaches the caller", func(t *testing.T) {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			_ = w.Update(t.Context(), func(tx store.Tx) error {
				if err := tx.PutSetting("panic", []byte("x")); err != nil {
					return err
				}
				panic("of the function")
			})
		}()
		w.absent(t, func(tx store.Tx) error { return ignore(tx.Setting("panic")) })
		func() {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			_ = w.View(t.Context(), func(store.Tx) error { panic("of the function") })
		}()
	})
	t.Run("a function that ends its goroutine leaves nothing, and the store goes on", func(t *testing.T) {
		var wg sync.WaitGroup
		for _, run := range []func(context.Context, func(store.Tx) error) error{w.Update, w.View} {
			wg.Go(func() {
				_ = run(t.Context(), func(tx store.Tx) error {
					_ = tx.PutSetting("exit", []byte("x"))
					runtime.Goexit()
					return nil
				})
				t.Error("the caller goes on")
			})
		}
		wg.Wait()
		w.absent(t, func(tx store.Tx) error { return ignore(tx.Setting("exit")) })
		w.must(t, func(tx store.Tx) error { return tx.PutSetting("after exit", []byte("x")) })
	})
	t.Run("a View refuses to write", func(t *testing.T) {
		for name, write := range w.writes() {
			if err := w.View(t.Context(), write); !errors.Is(err, store.ErrReadOnly) {
				t.Errorf("%s answers %v, want %v", name, err, store.ErrReadOnly)
			}
		}
		w.absent(t, func(tx store.Tx) error { return ignore(tx.Setting("of writes")) })
	})
	t.Run("a View sees one moment", func(t *testing.T) {
		s := newScene(t, w)
		err := w.View(t.Context(), func(tx store.Tx) error {
			before, err := s.enter(refOf(s.users[1]))(tx)
			if err != nil {
				return err
			}
			done := make(chan error)
			go func() {
				done <- w.Update(t.Context(), func(tx store.Tx) error {
					return errors.Join(ignore(tx.AdvanceChannel(s.channel.Key, 1, 1)), tx.DeleteIdentity(s.users[1].Key), tx.PutSetting("later", nil))
				})
			}()
			if err := <-done; err != nil {
				return err
			}
			after, err := s.enter(refOf(s.users[1]))(tx)
			if after != before {
				t.Errorf("before %+v, after %+v", before, after)
			}
			if _, err := tx.Setting("later"); err != store.ErrNotFound {
				t.Errorf("the later setting answers %v", err)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		s.gone(t, s.identity(s.users[1]))
	})
	t.Run("nobody sees what is not committed", func(t *testing.T) {
		w.must(t, func(tx store.Tx) error {
			if err := tx.PutSetting("uncommitted", []byte("x")); err != nil {
				return err
			}
			seen := make(chan error)
			go func() {
				seen <- w.View(t.Context(), func(tx store.Tx) error { return ignore(tx.Setting("uncommitted")) })
			}()
			if err := <-seen; err != store.ErrNotFound {
				t.Errorf("a View answers %v, want %v", err, store.ErrNotFound)
			}
			return nil
		})
	})
	t.Run("a cancelled context runs nothing", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for name, run := range map[string]func(context.Context, func(store.Tx) error) error{"Update": w.Update, "View": w.View} {
			err := run(ctx, func(store.Tx) error { t.Error(name, "runs"); return nil })
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%s answers %v, want %v", name, err, context.Canceled)
			}
		}
	})
	t.Run("a Tx kept beyond its function does nothing but fail", func(t *testing.T) {
		var kept []store.Tx
		keep := func(tx store.Tx) error { kept = append(kept, tx); return nil }
		w.must(t, keep)
		w.refused(t, errFn, func(tx store.Tx) error { return errors.Join(keep(tx), errFn) })
		if err := w.View(t.Context(), keep); err != nil {
			t.Fatal(err)
		}
		for _, tx := range kept {
			for name, write := range w.writes() {
				if err := write(tx); err == nil {
					t.Errorf("%s succeeds", name)
				}
			}
			if _, err := tx.Setting("of writes"); err == nil || errors.Is(err, store.ErrNotFound) {
				t.Errorf("Setting answers %v", err)
			}
			if _, err := tx.ListAppInstances("", 0, 10); err == nil {
				t.Error("ListAppInstances succeeds")
			}
		}
		w.absent(t, func(tx store.Tx) error { return ignore(tx.Setting("of writes")) })
	})
	t.Run("an open store answers a ping", func(t *testing.T) {
		if err := w.Ping(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func testClosing(t *testing.T, open func(t *testing.T) store.Store) {
	t.Run("a closed store says so", func(t *testing.T) {
		s := open(t)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		nothing := func(store.Tx) error { t.Error("runs"); return nil }
		for name, err := range map[string]error{
			"Update": s.Update(t.Context(), nothing),
			"View":   s.View(t.Context(), nothing),
			"Ping":   s.Ping(t.Context()),
		} {
			if !errors.Is(err, store.ErrClosed) {
				t.Errorf("%s answers %v, want %v", name, err, store.ErrClosed)
			}
		}
	})
	t.Run("closing waits for transactions under way", func(t *testing.T) {
		s := open(t)
		var wg sync.WaitGroup
		started, proceed := make(chan struct{}, 2), make(chan struct{})
		viewed := false // read once Close has returned
		wg.Go(func() {
			err := s.Update(t.Context(), func(tx store.Tx) error {
				started <- struct{}{}
				<-proceed
				return tx.PutSetting("a", []byte("x"))
			})
			if err != nil {
				t.Errorf("Update: %v", err)
			}
		})
		wg.Go(func() {
			err := s.View(t.Context(), func(tx store.Tx) error {
				started <- struct{}{}
				<-proceed
				_, err := tx.ListAppInstances("a", 0, 1)
				viewed = true
				return err
			})
			if err != nil {
				t.Errorf("View: %v", err)
			}
		})
		<-started
		<-started
		go close(proceed)
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if !viewed {
			t.Error("Close has not waited")
		}
		wg.Wait()
	})
}
