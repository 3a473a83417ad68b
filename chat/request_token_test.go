package chat_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"carillon/api"
	"carillon/store"
	"carillon/testenv"
)

// tokened are the operations that take a ClientRequestToken and whose answer is the ARN of what they
// made, each as a request with a token and one thing that may differ.
var tokened = map[string]func(e *testenv.Env, token, name string) (made string, err error){
	"CreateAppInstance": func(e *testenv.Env, token, name string) (string, error) {
		out, err := e.Developer().CreateAppInstance(api.CreateAppInstanceRequest{Name: name, ClientRequestToken: token})
		return answered(out, err, func() string { return out.AppInstanceArn })
	},
	"CreateAppInstanceUser": func(e *testenv.Env, token, name string) (string, error) {
		out, err := e.Developer().CreateAppInstanceUser(api.CreateAppInstanceUserRequest{AppInstanceArn: e.Instance, AppInstanceUserId: name, Name: name, ClientRequestToken: token})
		return answered(out, err, func() string { return out.AppInstanceUserArn })
	},
	"CreateAppInstanceBot": func(e *testenv.Env, token, name string) (string, error) {
		out, err := e.Developer().CreateAppInstanceBot(api.CreateAppInstanceBotRequest{AppInstanceArn: e.Instance, Name: name, Configuration: lex("en_US"), ClientRequestToken: token})
		return answered(out, err, func() string { return out.AppInstanceBotArn })
	},
	"CreateChannelFlow": func(e *testenv.Env, token, name string) (string, error) {
		out, err := e.Developer().CreateChannelFlow(api.CreateChannelFlowRequest{AppInstanceArn: e.Instance, Name: name, Processors: processors(api.FallbackActionAbort), ClientRequestToken: token})
		return answered(out, err, func() string { return out.ChannelFlowArn })
	},
	"CreateChannel": func(e *testenv.Env, token, name string) (string, error) {
		out, err := e.As("alice").CreateChannel(api.CreateChannelRequest{AppInstanceArn: e.Instance, Name: name, ClientRequestToken: token, MemberArns: e.ARNs("bob")})
		return answered(out, err, func() string { return out.ChannelArn })
	},
}

func answered(_ any, err error, made func() string) (string, error) {
	if err != nil {
		return "", err
	}
	return made(), nil
}

func TestClientRequestTokens(t *testing.T) {
	for operation, create := range tokened {
		e := testenv.New(t)
		first, err := create(e, "token", "one")
		done(t, err)
		made := stateOf(t, e.Store)
		e.Events()
		again := func(t *testing.T) {
			t.Helper()
			got, err := create(e, "token", "one")
			done(t, err)
			same(t, first, got)
			same(t, made, stateOf(t, e.Store))
			announced(t, e)
		}
		t.Run(operation+"/the same token with the same request is answered alike, and makes and announces nothing", again)
		t.Run(operation+"/the same token with another request is a conflict, and makes nothing", func(t *testing.T) {
			_, err := create(e, "token", "two")
			same(t, error(api.Errorf(api.Conflict, "The ClientRequestToken was used before with other parameters.")), err)
			same(t, made, stateOf(t, e.Store))
			again(t)
		})
		t.Run(operation+"/a token is remembered for 24 hours, also by another node", func(t *testing.T) {
			e.Advance(24*time.Hour - time.Millisecond)
			e.Restart()
			again(t)
			_, err := create(e, "token", "two")
			refused(t, err, api.Conflict)
		})
		t.Run(operation+"/then it is forgotten and may be used for anything", func(t *testing.T) {
			e.Advance(time.Millisecond)
			other, err := create(e, "token", "two")
			done(t, err)
			if other == first {
				t.Errorf("made %s again", first)
			}
			_, err = create(e, "token", "one")
			refused(t, err, api.Conflict)
		})
		t.Run(operation+"/another token makes another, or a conflict where the id is taken", func(t *testing.T) {
			e := testenv.New(t)
			first, err := create(e, "one", "one")
			done(t, err)
			other, err := create(e, "two", "one")
			done(t, err)
			if same := operation == "CreateAppInstanceUser"; (other == first) != same { // whose id is in the request
				t.Errorf("made %s and %s", first, other)
			}
		})
		t.Run(operation+"/of callers who send one request at once, one makes it and all get its answer", func(t *testing.T) {
			e := testenv.New(t)
			e.Events()
			const callers = 16
			var made [callers]string
			var wg sync.WaitGroup
			for i := range callers {
				wg.Go(func() {
					var err error
					if made[i], err = create(e, "token", "one"); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			for _, name := range made {
				same(t, made[0], name)
			}
			if events := e.Events(); operation == "CreateChannel" && len(events) != 2 {
				t.Errorf("%d events", len(events))
			}
		})
	}
}

func TestClientRequestTokensAreOfOneSender(t *testing.T) {
	channel := func(e *testenv.Env, as, id string) error {
		return second(e.As(as).CreateChannel(api.CreateChannelRequest{AppInstanceArn: e.Instance, ChannelId: id, Name: "n", ClientRequestToken: "token"}))
	}
	t.Run("two users may use one token", func(t *testing.T) {
		e := testenv.New(t)
		done(t, channel(e, "alice", "hers"))
		done(t, channel(e, "bob", "his"))
		refused(t, channel(e, "bob", "hers"), api.Conflict)
	})
	t.Run("a user who was deleted and registered again is another sender", func(t *testing.T) {
		e := testenv.New(t)
		done(t, channel(e, "alice", "old"))
		done(t, e.Developer().DeleteAppInstanceUser(api.DeleteAppInstanceUserRequest{AppInstanceUserArn: e.ARN("alice")}))
		e.AddUser(e.Instance, "alice")
		done(t, channel(e, "alice", "new"))
	})
	t.Run("two accounts may use one token", func(t *testing.T) {
		e := testenv.New(t)
		var made []string
		for _, account := range []string{testenv.Account, otherAccount} {
			out, err := e.Developer().InAccount(account).CreateAppInstance(api.CreateAppInstanceRequest{Name: "n", ClientRequestToken: "token"})
			done(t, err)
			made = append(made, out.AppInstanceArn)
		}
		if made[0][len("arn:aws:chime:us-east-1:123456789012"):] == made[1][len("arn:aws:chime:us-east-1:999999999999"):] {
			t.Errorf("both made %v", made)
		}
	})
	t.Run("two operations may use one token", func(t *testing.T) {
		e := testenv.New(t)
		for _, create := range tokened {
			done(t, second(create(e, "token", "one")))
		}
	})
}

func TestClientRequestTokenOfARequestThatWasRefused(t *testing.T) {
	e := testenv.New(t)
	in := api.CreateChannelRequest{AppInstanceArn: e.Instance, ChannelId: "room", Name: "n", ClientRequestToken: "token"}
	first := in
	first.ClientRequestToken = "another"
	done(t, second(e.As("bob").CreateChannel(first)))
	refused(t, second(e.As("alice").CreateChannel(in)), api.Conflict)
	done(t, e.As("bob").DeleteChannel(api.DeleteChannelRequest{ChannelArn: e.Instance + "/channel/room"}))
	out, err := e.As("alice").CreateChannel(in)
	done(t, err)
	same(t, e.Identity("alice"), describeChannel(t, e.As("alice"), out.ChannelArn).CreatedBy)
}

// watched tells of every removal of request tokens.
type watched struct {
	store.Store
	removed func(limit, n int)
}

type watchedTx struct {
	store.Tx
	removed func(limit, n int)
}

func (w watched) Update(ctx context.Context, fn func(store.Tx) error) error {
	return w.Store.Update(ctx, func(tx store.Tx) error { return fn(watchedTx{tx, w.removed}) })
}

func (w watchedTx) DeleteRequestTokens(now time.Time, limit int) (int, error) {
	n, err := w.Tx.DeleteRequestTokens(now, limit)
	w.removed(limit, n)
	return n, err
}

func TestSweepOfRequestTokens(t *testing.T) {
	var steps []int
	stop := func() {}
	e := testenv.New(t, testenv.WithStore(func(s store.Store) store.Store {
		return watched{s, func(limit, n int) {
			if limit > 500 {
				t.Errorf("one transaction may remove %d", limit)
			}
			steps = append(steps, n)
			stop()
		}}
	}))
	// What the environment was made with has had its time too.
	e.Advance(24 * time.Hour)
	done(t, second(e.Service.Sweep(t.Context())))
	const expired, fresh = 1201, 4
	put := func() {
		done(t, e.Store.Update(t.Context(), func(tx store.Tx) error {
			for i := range expired + fresh {
				token := store.RequestToken{Scope: "s", Operation: "CreateChannel", Token: fmt.Sprint(i), Expires: e.Now()}
				if i >= expired {
					token.Expires = e.Now().Add(time.Millisecond)
				}
				if err := tx.PutRequestToken(token); err != nil {
					return err
				}
			}
			return nil
		}))
		steps = nil
	}
	left := func() (n int) {
		done(t, e.Store.View(t.Context(), func(tx store.Tx) error {
			for i := range expired + fresh {
				switch _, err := tx.RequestToken("s", "CreateChannel", fmt.Sprint(i), time.Time{}); {
				case err == nil:
					n++
				case !errors.Is(err, store.ErrNotFound):
					return err
				case i >= expired:
					t.Errorf("%d had not expired", i)
				}
			}
			return nil
		}))
		return n
	}
	t.Run("it removes all that have expired, in bounded steps, and only those", func(t *testing.T) {
		put()
		removed, err := e.Service.Sweep(t.Context())
		done(t, err)
		same(t, expired, removed)
		same(t, []int{500, 500, 201}, steps)
		same(t, fresh, left())
	})
	t.Run("it can be stopped, tells what it did, and goes on where it was", func(t *testing.T) {
		put()
		ctx, cancel := context.WithCancel(t.Context())
		stop = cancel
		removed, err := e.Service.Sweep(ctx)
		stop = func() {}
		if !errors.Is(err, context.Canceled) || len(steps) != 1 {
			t.Errorf("steps %v, %v", steps, err)
		}
		same(t, expired+fresh-removed, left())
		rest, err := e.Service.Sweep(t.Context())
		done(t, err)
		same(t, expired, removed+rest)
	})
	t.Run("when nothing has expired it removes nothing", func(t *testing.T) {
		removed, err := e.Service.Sweep(t.Context())
		done(t, err)
		same(t, 0, removed)
	})
}
