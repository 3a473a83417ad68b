package sqlstore

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"carillon/arn"
	"carillon/store"
)

// tableSizes are the sizes of the tables and indexes of a SQLite store, in bytes of whole pages.
func tableSizes(t *testing.T, s *Store) map[string]int64 {
	t.Helper()
	conn := s.engine.(*sqliteEngine).writer.conn // idle
	stmt, _, err := conn.conn.PrepareTransient("SELECT name, pgsize FROM dbstat WHERE aggregate = TRUE")
	if err != nil {
		t.Fatal(err)
	}
	defer stmt.Finalize()
	sizes := make(map[string]int64)
	for {
		more, err := stmt.Step()
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			return sizes
		}
		sizes[stmt.ColumnText(0)] = stmt.ColumnInt64(1)
	}
}

// grown is by how much everything has grown whose name begins so.
func grown(before, after map[string]int64, prefix string) (bytes int64) {
	for name, size := range after {
		if strings.HasPrefix(name, prefix) {
			bytes += size - before[name]
		}
	}
	return bytes
}

// within holds what each of n records takes to its budget.
func within(t *testing.T, what string, bytes, n, budget int64) {
	t.Helper()
	if size := bytes / n; size > budget || size == 0 {
		t.Errorf("%s takes %d bytes, the budget is %d", what, size, budget)
	} else {
		t.Logf("%s takes %d bytes", what, size)
	}
}

// village is a store with channels and users, for sizes.
type village struct {
	*Store
	keys         *store.Keys
	now          time.Time
	where, who   []store.Key
	random       *rand.Rand
	instance     store.Key
	tablesBefore map[string]int64
}

func newVillage(t *testing.T, channels, users int) *village {
	t.Helper()
	v := &village{
		Store: openTest(t), keys: store.NewKeys(1, time.Now), now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		random: rand.New(rand.NewPCG(1, 2)),
	}
	v.instance, v.where, v.who = v.keys.Next(), v.keys.Take(channels), v.keys.Take(users)
	v.update(t, 1, func(tx store.Tx) error {
		if err := tx.CreateAppInstance(store.AppInstance{Key: v.instance, Account: "1", ID: "a", Created: v.now}); err != nil {
			return err
		}
		for _, k := range v.where {
			if err := tx.CreateChannel(store.Channel{Key: k, Instance: v.instance, ID: fmt.Sprint(k), Created: v.now}); err != nil {
				return err
			}
		}
		for _, k := range v.who {
			if err := tx.CreateIdentity(store.Identity{Key: k, Instance: v.instance, Kind: arn.User, ID: fmt.Sprint(k), Created: v.now}); err != nil {
				return err
			}
		}
		return nil
	})
	v.tablesBefore = tableSizes(t, v.Store)
	return v
}

// update runs fn n times, many times in a transaction.
func (v *village) update(t *testing.T, n int, fn func(store.Tx) error) {
	t.Helper()
	for n > 0 {
		together := min(n, 1000)
		err := v.Update(t.Context(), func(tx store.Tx) error {
			for range together {
				if err := fn(tx); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		n -= together
	}
}

// TestMembershipSize holds a membership to its budget. Members join in no order, many channels at a
// time, which leaves the pages as full as they will ever be in practice.
func TestMembershipSize(t *testing.T) {
	const users, channels, memberships, budget = 2_000, 100, 40_000, 200
	v := newVillage(t, channels, users)
	joins := v.random.Perm(users * channels)[:memberships]
	var next int
	each := func(fn func(tx store.Tx, channel, member store.Key) error) func(store.Tx) error {
		next = 0
		return func(tx store.Tx) error {
			join := joins[next]
			next++
			return fn(tx, v.where[join%channels], v.who[join/channels])
		}
	}
	v.update(t, memberships, each(func(tx store.Tx, channel, member store.Key) error {
		return tx.CreateChannelMemberships(channel, []store.ChannelMembership{
			{Key: v.keys.Next(), Channel: channel, Member: member, InvitedBy: v.instance, Created: v.now},
		})
	}))
	within(t, "a new membership", grown(v.tablesBefore, tableSizes(t, v.Store), ""), memberships, budget)
	v.update(t, memberships, each(func(tx store.Tx, channel, member store.Key) error {
		if err := tx.SetReadMarker(channel, member, v.now); err != nil {
			return err
		}
		return tx.SetLastTargeted(channel, []store.Key{member}, v.now)
	}))
	within(t, "a membership with a read marker and the time of a targeted message",
		grown(v.tablesBefore, tableSizes(t, v.Store), ""), memberships, budget)
}

// TestMessageSize holds a message of 300 bytes to its budget. Channels speak by turns, in no order.
// The row that remembers the token of a message goes after a day and does not count.
func TestMessageSize(t *testing.T) {
	const users, messages, budget, tokenBudget = 1_000, 20_000, 450, 80
	content := strings.Repeat("x", 300)
	for _, channels := range []int{10, 1_000} {
		t.Run(fmt.Sprintf("%d channels", channels), func(t *testing.T) {
			v := newVillage(t, channels, users)
			v.update(t, messages, func(tx store.Tx) error {
				v.now = v.now.Add(time.Second)
				m := store.ChannelMessage{
					Stream: v.where[v.random.IntN(channels)], Sender: v.who[v.random.IntN(users)], Content: content,
					Created: v.now, Updated: v.now,
				}
				if err := tx.AppendChannelMessages(&m); err != nil {
					return err
				}
				token := messageToken(m.Sender)
				token.Sent, token.Ref = v.now, store.MessageRef{Stream: m.Stream, Sequence: m.Sequence}
				return tx.PutMessageTokens(token)
			})
			after := tableSizes(t, v.Store)
			tokens := grown(v.tablesBefore, after, "message_token")
			within(t, "a message", grown(v.tablesBefore, after, "")-tokens, messages, budget)
			within(t, "a token", tokens, messages, tokenBudget)
		})
	}
}
