package sqlstore

import (
	"context"
	crand "crypto/rand"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"carillon/store"
)

// benchMessages is how many messages there are where a benchmark speaks of many, and benchMembers how many
// members. The default shows that the benchmarks run; the budgets are for the numbers in
// docs/performance.md.
func benchMessages(b *testing.B) int { return benchCount(b, "CARILLON_BENCH_MESSAGES") }

func benchMembers(b *testing.B) int { return benchCount(b, "CARILLON_BENCH_MEMBERS") }

func benchCount(b *testing.B, variable string) int {
	const least = 20_000
	given := os.Getenv(variable)
	if given == "" {
		return least
	}
	n, err := strconv.Atoi(given)
	if err != nil || n < least {
		b.Fatalf("%s is %q, it must be a number from %d on", variable, given, least)
	}
	return n
}

// speakers is how many members a channel has of those that fill fills.
const speakers = 10

// channels makes n channels whose keys have no other channel's between them, with speakers members
// each.
func (t *town) channels(b *testing.B, n int) []store.Channel {
	b.Helper()
	now := time.Now()
	var made []store.Channel
	for len(made) < n {
		from := len(made)
		t.update(b, func(tx store.Tx) error {
			made = made[:from]
			for range min(500, n-from) {
				c := store.Channel{
					Key: t.keys.Next(), Instance: t.instance.Key, Name: "A channel of the town", CreatedBy: t.users[0].Key,
					Created: now, Updated: now,
				}
				c.ID = fmt.Sprintf("%032x", c.Key)
				if err := tx.CreateChannel(c); err != nil {
					return err
				}
				if err := t.addMembers(tx, c, t.members(len(made))); err != nil {
					return err
				}
				made = append(made, c)
			}
			return nil
		})
	}
	return made
}

// members are the members of the n-th of a town's channels.
func (t *town) members(n int) []store.Identity {
	from := n * speakers % (len(t.users) - speakers + 1)
	return t.users[from : from+speakers]
}

// messageBody is the content of the messages that are measured.
var messageBody = strings.Repeat("A message. ", 28)[:300]

// fill has the members of channels speak by turns, all channels at a time, until each has so many
// messages. It puts the rows where sending would put them, a hundred thousand at a time.
func (t *town) fill(b *testing.B, channels []store.Channel, each int) {
	b.Helper()
	const rows = 100_000
	first, last := channels[0].Key, channels[len(channels)-1].Key
	end := time.Now()
	begin := end.AddDate(0, 0, -10)
	step := end.Sub(begin).Milliseconds() / int64(each)
	rounds, together := each/speakers, max(1, rows/(len(channels)*speakers))
	for from := 0; from < rounds; from += together {
		t.script(b, fmt.Sprintf(`INSERT INTO channel_message (stream, sequence, sender, target, control, content, content_type, metadata,
				attributes, created, updated, edited, redacted, status, status_detail)
			WITH RECURSIVE turn (n) AS (SELECT %d UNION ALL SELECT n + 1 FROM turn WHERE n < %d),
			speaker AS MATERIALIZED (SELECT m.channel, m.member, row_number() OVER (PARTITION BY m.channel ORDER BY m.key) AS place
				FROM channel_membership m WHERE m.channel BETWEEN %d AND %d)
			SELECT channel, n * %[5]d + place, member, 0, 0, '%[6]s', '', '', '', %[7]d + (n * %[5]d + place) * %[8]d,
				%[7]d + (n * %[5]d + place) * %[8]d, 0, 0, 0, ''
			FROM turn CROSS JOIN speaker ORDER BY n, place, channel`,
			from, min(from+together, rounds)-1, first, last, speakers, messageBody, millis(begin), step))
	}
	t.script(b, fmt.Sprintf(`UPDATE channel SET sequence = %d, newest = %d, last_message = %[2]d, oldest = %d WHERE key BETWEEN %d AND %d`,
		each, millis(begin)+int64(each)*step, millis(begin), first, last))
	if e, ok := t.engine.(*postgresEngine); ok {
		// What the server does by itself after a while, and not while it is measured.
		if _, err := e.pool.Exec(context.Background(), "VACUUM ANALYZE"); err != nil {
			b.Fatal(err)
		}
	}
}

func (t *town) script(b *testing.B, text string) {
	b.Helper()
	err := t.engine.update(context.Background(), func(s session) (func(), error) { return nil, s.script(text) })
	if err != nil {
		b.Fatal(err)
	}
}

// remember stores the tokens of a day's messages.
func (t *town) remember(b *testing.B, channels []store.Channel, messages int) {
	b.Helper()
	for from := 0; from < messages; from += 10_000 {
		t.update(b, func(tx store.Tx) error {
			if _, err := tx.AppInstance(benchAccount, t.instance.ID); err != nil {
				return err
			}
			for range min(10_000, messages-from) {
				m := messageToken(t.users[rand.IntN(len(t.users))].Key)
				m.Ref = store.MessageRef{Stream: channels[rand.IntN(len(channels))].Key, Sequence: 1}
				if err := tx.PutMessageTokens(m); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// messageToken is a token that nobody has used before.
func messageToken(sender store.Key) store.MessageToken {
	m := store.MessageToken{Sender: sender, Sent: time.Now()}
	crand.Read(m.Token[:])
	crand.Read(m.Fingerprint[:])
	return m
}

// send does what sending a message needs of the store.
func (t *town) send(c store.Channel, sender store.Identity) error {
	token := messageToken(sender.Key)
	since := token.Sent.Add(-messageDay)
	return t.Update(context.Background(), func(tx store.Tx) error {
		e, err := tx.EnterChannel(store.ChannelRef{Account: benchAccount, Instance: t.instance.ID, ID: c.ID},
			store.IdentityRef{Kind: sender.Kind, ID: sender.ID}, store.Ahead{MessageToken: token.Token, Since: since})
		if err != nil {
			return err
		}
		if !e.Actor.Member() {
			return errors.New("the sender is no member")
		}
		if _, err := tx.MessageToken(sender.Key, token.Token, since); !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("a new token is known: %w", err)
		}
		m := store.ChannelMessage{Stream: e.Channel.Key, Sender: sender.Key, Content: messageBody, Created: token.Sent, Updated: token.Sent}
		if err := tx.AppendChannelMessages(&m); err != nil {
			return err
		}
		token.Ref = store.MessageRef{Stream: m.Stream, Sequence: m.Sequence}
		return tx.PutMessageTokens(token)
	})
}

// BenchmarkSendMessage sends messages into a store of many and into one of none, by turns. Both have
// the same channels, one for every thousand messages, and the same members; the full one remembers
// the tokens of a tenth of its messages, as if they had been sent within ten days.
func BenchmarkSendMessage(b *testing.B) {
	messages := benchMessages(b)
	n := messages / 1000
	var towns [2]*town
	var channels [2][]store.Channel
	for i := range towns {
		towns[i] = newTown(b, max(speakers, n))
		channels[i] = towns[i].channels(b, n)
	}
	towns[1].fill(b, channels[1], 1000)
	towns[1].remember(b, channels[1], messages/10)
	var where, who int
	compare(b, "empty", "full", func(full int) {
		if full == 0 {
			where, who = rand.IntN(n), rand.IntN(speakers)
		}
		t := towns[full]
		if err := t.send(channels[full][where], t.members(where)[who]); err != nil {
			b.Fatal(err)
		}
	})
}

// BenchmarkListMessages reads the newest page of a channel of many messages and of one of a thousand,
// by turns.
func BenchmarkListMessages(b *testing.B) {
	t := newTown(b, speakers)
	small, large := t.channels(b, 1), t.channels(b, 1)
	t.fill(b, small, 1000)
	t.fill(b, large, benchMessages(b))
	compare(b, "small", "large", func(size int) {
		c := [2]store.Channel{small[0], large[0]}[size]
		err := t.View(context.Background(), func(tx store.Tx) error {
			page, err := tx.ListChannelMessages(store.MessageRange{Stream: c.Key}, 50)
			if err == nil && (len(page) != 50 || page[0].By.Key == 0) {
				err = fmt.Errorf("%d messages in the newest page", len(page))
			}
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	})
}
