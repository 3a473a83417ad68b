package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"carillon/arn"
	"carillon/store"
	"carillon/store/sqlstore/pgtest"
)

var errCut = errors.New("the wire was cut")

// wire is what all connections of a store go through. It counts round trips, and can be cut.
type wire struct {
	mu    sync.Mutex
	sent  int // round trips that were begun
	heard int // round trips whose answer has come
	last  int // the round trip whose answer is the last to get through; 0 lets all through
	// cut is asked about the bytes of every round trip; when it says yes, they arrive and the answer
	// does not.
	cut func(sent []byte) bool
	// hold is asked likewise; what it returns, unless nil, is called when the answer is here, and the
	// answer gets through afterwards.
	hold func(sent []byte) func()
	// clip is asked likewise; when it says yes, all of the answer gets through but its last message.
	clip func(sent []byte) bool
	// refuse lets nobody connect.
	refuse bool
}

// readyForQuery is how long the last message of every answer is.
const readyForQuery = 6

type wireConn struct {
	net.Conn
	wire      *wire
	answering bool // what is written next is another round trip
	heard     bool
	trip      int
	broken    bool
	held      func()
	clipped   bool
}

func (c *wireConn) Write(b []byte) (int, error) {
	c.wire.mu.Lock()
	if c.trip == 0 || c.answering {
		c.wire.sent++
		c.trip, c.answering, c.heard = c.wire.sent, false, false
	}
	if c.wire.cut != nil && c.wire.cut(b) {
		c.broken = true
	}
	if c.wire.hold != nil {
		c.held = c.wire.hold(b)
	}
	c.clipped = c.wire.clip != nil && c.wire.clip(b)
	c.wire.mu.Unlock()
	return c.Conn.Write(b)
}

func (c *wireConn) Read(b []byte) (int, error) {
	c.wire.mu.Lock()
	broken := c.broken || c.wire.last != 0 && c.trip > c.wire.last
	held, clipped := c.held, c.clipped
	c.held = nil
	c.wire.mu.Unlock()
	n, err := c.Conn.Read(b) // also when broken: the server has then done what it was told
	if clipped {
		c.Conn.Close()
		return max(n-readyForQuery, 0), err
	}
	if held != nil {
		held()
	}
	if broken {
		c.Conn.Close()
		return 0, errCut
	}
	c.wire.mu.Lock()
	defer c.wire.mu.Unlock()
	c.answering = true
	if !c.heard {
		c.heard = true
		c.wire.heard++
	}
	return n, err
}

// openThrough opens a database through a wire, with a pool of so many connections.
func openThrough(t *testing.T, w *wire, url string, connections int32) *Store {
	t.Helper()
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	config.MaxConns = connections
	config.ConnConfig.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		w.mu.Lock()
		refused := w.refuse
		w.mu.Unlock()
		if refused {
			return nil, errCut
		}
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &wireConn{Conn: conn, wire: w}, nil
	}
	s, err := openPostgres(t.Context(), config, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// during runs fn with answers to at most n round trips, and expects it to wait for exactly so many.
func (w *wire) during(t *testing.T, e *postgresEngine, n int, fn func() error) {
	t.Helper()
	e.ending.Wait() // for what nobody waits for, of calls before
	w.mu.Lock()
	w.last, w.heard = w.sent+n, 0
	w.mu.Unlock()
	err := fn()
	w.mu.Lock()
	heard := w.heard
	w.mu.Unlock()
	e.ending.Wait()
	w.mu.Lock()
	w.last = 0
	w.mu.Unlock()
	if err != nil {
		t.Errorf("more than %d round trips: %v", n, err)
	} else if heard != n {
		t.Errorf("%d round trips, want %d", heard, n)
	}
}

// scene is an app instance with users and a channel, of which users[0] is a member.
type scene struct {
	*Store
	keys     *store.Keys
	instance store.AppInstance
	users    []store.Identity
	channel  store.Channel
}

const sceneAccount = "123456789012"

func newScene(t *testing.T, s *Store, users int) *scene {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Millisecond)
	keys := store.NewKeys(1, time.Now)
	c := &scene{Store: s, keys: keys, instance: store.AppInstance{Key: keys.Next(), Account: sceneAccount, ID: "instance", Created: now, Updated: now}}
	for i := range users {
		c.users = append(c.users, store.Identity{
			Key: keys.Next(), Instance: c.instance.Key, Kind: arn.User, ID: fmt.Sprintf("user-%d", i), Created: now, Updated: now,
		})
	}
	c.channel = store.Channel{
		Key: keys.Next(), Instance: c.instance.Key, ID: "channel", CreatedBy: c.users[0].Key, Created: now, Updated: now, Members: 1,
	}
	err := s.Update(t.Context(), func(tx store.Tx) error {
		if err := tx.CreateAppInstance(c.instance); err != nil {
			return err
		}
		for _, u := range c.users {
			if err := tx.CreateIdentity(u); err != nil {
				return err
			}
		}
		return errors.Join(tx.CreateChannel(c.channel), tx.CreateChannelMemberships(c.channel.Key, c.memberships(c.users[:1])))
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *scene) memberships(users []store.Identity) []store.ChannelMembership {
	list := make([]store.ChannelMembership, len(users))
	for i, u := range users {
		list[i] = store.ChannelMembership{Key: c.keys.Next(), Channel: c.channel.Key, Member: u.Key, InvitedBy: c.users[0].Key, Created: c.instance.Created}
	}
	return list
}

func (c *scene) ref() store.ChannelRef {
	return store.ChannelRef{Account: sceneAccount, Instance: c.instance.ID, ID: c.channel.ID}
}

func refsOf(users ...store.Identity) []store.IdentityRef {
	refs := make([]store.IdentityRef, len(users))
	for i, u := range users {
		refs[i] = store.IdentityRef{Kind: u.Kind, ID: u.ID}
	}
	return refs
}

// enter reads the entry of users[0].
func (c *scene) enter(tx store.Tx, next ...store.Ahead) (store.Entry, error) {
	return tx.EnterChannel(c.ref(), refsOf(c.users[0])[0], next...)
}

// add adds users to the channel as the operation of that name does after entering.
func (c *scene) add(tx store.Tx, users []store.Identity) error {
	found, err := tx.Standings(c.instance.Key, c.channel.Key, refsOf(users...))
	if err != nil {
		return err
	}
	for _, who := range found {
		if !who.Exists() || who.Member() || who.Banned {
			return fmt.Errorf("%s cannot be added", who.ID)
		}
	}
	if err := tx.CreateChannelMemberships(c.channel.Key, c.memberships(users)); err != nil {
		return err
	}
	sequence, err := tx.AdvanceChannel(c.channel.Key, 1, len(users))
	if err != nil {
		return err
	}
	return tx.PutChannelEvents([]store.ChannelEvent{batchEvent(c.channel.Key, sequence, time.Now(), found)})
}

// send stores a message of users[0].
func (c *scene) send(tx store.Tx) error {
	m := store.ChannelMessage{Stream: c.channel.Key, Sender: c.users[0].Key, Content: "Hello", Created: time.Now(), Updated: time.Now()}
	if err := tx.AppendChannelMessages(&m); err != nil {
		return err
	}
	return tx.PutMessageTokens(store.MessageToken{
		Sender: m.Sender, Token: [16]byte{byte(m.Sequence)}, Ref: store.MessageRef{Stream: m.Stream, Sequence: m.Sequence}, Sent: m.Created,
	})
}

// sendTogether stores messages of users[0] as the operation does with those that arrive together.
func (c *scene) sendTogether(tx store.Tx, n int) error {
	now := time.Now()
	list := make([]store.Entrance, n)
	for i := range list {
		list[i] = store.Entrance{Channel: c.ref(), Actor: refsOf(c.users[0])[0], Next: store.Ahead{MessageToken: [16]byte{0xfe, byte(i)}, Since: now}}
	}
	entries, err := tx.EnterChannels(list)
	if err != nil {
		return err
	}
	messages, tokens := make([]*store.ChannelMessage, n), make([]store.MessageToken, n)
	for i, e := range entries {
		if _, err := tx.MessageToken(e.Actor.Key, list[i].Next.MessageToken, now); !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("MessageToken answers %w", err)
		}
		messages[i] = &store.ChannelMessage{Stream: e.Channel.Key, Sender: e.Actor.Key, Content: "Hello", Created: now, Updated: now}
	}
	if err := tx.AppendChannelMessages(messages...); err != nil {
		return err
	}
	for i, m := range messages {
		tokens[i] = store.MessageToken{
			Sender: m.Sender, Token: [16]byte{1, byte(m.Sequence), byte(m.Sequence >> 8)}, Ref: store.MessageRef{Stream: m.Stream, Sequence: m.Sequence}, Sent: now,
		}
	}
	return tx.PutMessageTokens(tokens...)
}

func TestPostgresRoundTrips(t *testing.T) {
	// With one connection, nothing happens beside what is counted.
	w := &wire{}
	s := openThrough(t, w, pgtest.Start(t), 1)
	e := s.engine.(*postgresEngine)
	const batch = 100
	c := newScene(t, s, 1+10*batch)
	others := c.users[1:]
	next := func() []store.Identity {
		users := others[:batch]
		others = others[batch:]
		return users
	}
	errRefused := errors.New("refused")
	view := func(fn func(store.Tx) error) func() error {
		return func() error { return s.View(t.Context(), fn) }
	}
	update := func(fn func(store.Tx) error) func() error {
		return func() error { return s.Update(t.Context(), fn) }
	}
	for _, test := range []struct {
		name  string
		trips int
		run   func() error
	}{
		{"a ping", 1, func() error { return s.Ping(t.Context()) }},
		{"entering a channel", 1, view(func(tx store.Tx) error {
			_, err := c.enter(tx)
			return err
		})},
		{"a page of a list", 2, view(func(tx store.Tx) error {
			if _, err := c.enter(tx); err != nil {
				return err
			}
			_, err := tx.ListChannelMemberships(c.channel.Key, false, 0, 50)
			return err
		})},
		{"a hundred standings", 1, view(func(tx store.Tx) error {
			_, err := tx.Standings(c.instance.Key, c.channel.Key, refsOf(c.users[:batch]...))
			return err
		})},
		{"taking a place in a channel", 2, update(func(tx store.Tx) error {
			_, err := tx.AdvanceChannel(c.channel.Key, 1, 0)
			return err
		})},
		{"entering a channel and taking a place in it", 2, update(func(tx store.Tx) error {
			if _, err := c.enter(tx); err != nil {
				return err
			}
			_, err := tx.AdvanceChannel(c.channel.Key, 1, 0)
			return err
		})},
		{"adding a hundred members", 2, update(func(tx store.Tx) error { return c.add(tx, next()) })},
		{"entering a channel and adding a hundred members", 2, update(func(tx store.Tx) error {
			users := next()
			if _, err := c.enter(tx, store.Ahead{Standings: refsOf(users...)}); err != nil {
				return err
			}
			return c.add(tx, users)
		})},
		{"entering a channel and adding a hundred members that were not told ahead", 3, update(func(tx store.Tx) error {
			if _, err := c.enter(tx); err != nil {
				return err
			}
			return c.add(tx, next())
		})},
		{"sending a message whose token is not known", 2, update(func(tx store.Tx) error {
			now := time.Now()
			if _, err := c.enter(tx, store.Ahead{MessageToken: [16]byte{0xff}, Since: now}); err != nil {
				return err
			}
			if _, err := tx.MessageToken(c.users[0].Key, [16]byte{0xff}, now); !errors.Is(err, store.ErrNotFound) {
				return fmt.Errorf("MessageToken answers %w", err)
			}
			return c.send(tx)
		})},
		{"entering a channel and sending a message", 2, update(func(tx store.Tx) error {
			if _, err := c.enter(tx); err != nil {
				return err
			}
			return c.send(tx)
		})},
		{"many messages together, whose tokens are not known", 2, update(func(tx store.Tx) error { return c.sendTogether(tx, 40) })},
		{"a write that nothing was read for", 2, update(func(tx store.Tx) error { return tx.PutSetting("name", []byte("value")) })},
		{"a transaction that only reads", 2, update(func(tx store.Tx) error {
			_, err := c.enter(tx)
			return err
		})},
		{"a transaction that refuses", 1, func() error {
			err := s.Update(t.Context(), func(tx store.Tx) error {
				if _, err := c.enter(tx); err != nil {
					return err
				}
				return errRefused
			})
			if err == errRefused {
				return nil
			}
			return fmt.Errorf("Update answers %w", err)
		}},
		{"a transaction that does nothing", 0, update(func(store.Tx) error { return nil })},
	} {
		t.Run(test.name, func(t *testing.T) {
			// Connections come with round trips of their own; what a transaction prepares does not.
			for _, conn := range e.pool.AcquireAllIdle(t.Context()) {
				newPostgresConn(conn, e.texts).drop()
			}
			if err := s.Ping(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.during(t, e, test.trips, test.run) // on a connection that has seen nothing yet
			if err := s.Ping(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.during(t, e, test.trips, test.run)
		})
	}
}
