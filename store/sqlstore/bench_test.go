package sqlstore

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"carillon/arn"
	"carillon/store"
)

// town is a store with many users, for benchmarks.
type town struct {
	*Store
	keys     *store.Keys
	instance store.AppInstance
	users    []store.Identity
}

// openTown opens the engine that is measured.
var openTown = func(b *testing.B) *Store {
	s, err := OpenSQLite(filepath.Join(b.TempDir(), "carillon.db"), Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	return s
}

const benchAccount = "123456789012"

func newTown(b *testing.B, users int) *town {
	b.Helper()
	t := &town{Store: openTown(b), keys: store.NewKeys(1, time.Now)}
	now := time.Now()
	t.instance = store.AppInstance{Key: t.keys.Next(), Account: benchAccount, ID: "7b5e2f5c-7b7f-4a53-9d8b-7a6d3f0c2b1a", Name: "town", Created: now, Updated: now}
	t.update(b, func(tx store.Tx) error { return tx.CreateAppInstance(t.instance) })
	for len(t.users) < users {
		t.newUsers(b, min(10_000, users-len(t.users)))
	}
	return t
}

func (t *town) newUsers(b *testing.B, n int) {
	b.Helper()
	now := time.Now()
	t.update(b, func(tx store.Tx) error {
		// On PostgreSQL, who has read something need not wait for each write.
		if _, err := tx.AppInstance(benchAccount, t.instance.ID); err != nil {
			return err
		}
		for range n {
			u := store.Identity{
				Key: t.keys.Next(), Instance: t.instance.Key, Kind: arn.User, ID: fmt.Sprintf("%032x", rand.Uint64()),
				Name: "A user of the town", Created: now, Updated: now,
			}
			if err := tx.CreateIdentity(u); err != nil {
				return err
			}
			t.users = append(t.users, u)
		}
		return nil
	})
}

func (t *town) update(b *testing.B, fn func(store.Tx) error) {
	b.Helper()
	if err := t.Update(context.Background(), fn); err != nil {
		b.Fatal(err)
	}
}

// channel makes a channel with these members.
func (t *town) channel(b *testing.B, members []store.Identity) store.Channel {
	b.Helper()
	now := time.Now()
	c := store.Channel{
		Key: t.keys.Next(), Instance: t.instance.Key, Name: "A channel of the town", CreatedBy: t.users[0].Key,
		Created: now, Updated: now,
	}
	c.ID = fmt.Sprintf("%032x", c.Key)
	t.update(b, func(tx store.Tx) error { return tx.CreateChannel(c) })
	for len(members) > 0 {
		n := min(10_000, len(members))
		t.update(b, func(tx store.Tx) error { return t.addMembers(tx, c, members[:n]) })
		members = members[n:]
	}
	return c
}

// addMembers does what adding members to a channel needs of the store.
func (t *town) addMembers(tx store.Tx, c store.Channel, members []store.Identity) error {
	refs := make([]store.IdentityRef, len(members))
	for i, m := range members {
		refs[i] = store.IdentityRef{Kind: m.Kind, ID: m.ID}
	}
	standings, err := tx.Standings(t.instance.Key, c.Key, refs)
	if err != nil {
		return err
	}
	now := time.Now()
	memberships := make([]store.ChannelMembership, 0, len(members))
	keys := t.keys.Take(len(members))
	for i, s := range standings {
		if s.Exists() && !s.Member() && !s.Banned {
			memberships = append(memberships, store.ChannelMembership{Key: keys[i], Channel: c.Key, Member: s.Key, InvitedBy: t.users[0].Key, Created: now})
		}
	}
	if err := tx.CreateChannelMemberships(c.Key, memberships); err != nil {
		return err
	}
	sequence, err := tx.AdvanceChannel(c.Key, 1, len(memberships))
	if err != nil {
		return err
	}
	return tx.PutChannelEvents([]store.ChannelEvent{batchEvent(c.Key, sequence, now, standings)})
}

// batchEvent is the event of a batch of members as the log has it.
func batchEvent(stream store.Key, sequence int64, at time.Time, members []store.Standing) store.ChannelEvent {
	e := store.ChannelEvent{
		Stream: stream, Sequence: sequence, At: at, Type: "BATCH_CREATE_CHANNEL_MEMBERSHIP", MessageType: "SYSTEM", Audience: "members\nj *",
		Payload: fmt.Sprintf(`{"ChannelArn":"channel/%032x","InvitedBy":{"Arn":"user/%s","Name":"%s"},"Type":"DEFAULT"}`, stream, members[0].ID, members[0].Name),
	}
	for _, m := range members {
		e.Members = append(e.Members, m.Key)
	}
	return e
}

// callers runs fn in b.N calls by n goroutines. It also reports the processor time of a call, which
// says more than the clock on a machine that others use.
func callers(b *testing.B, n int, fn func() error) {
	b.Helper()
	b.SetParallelism(max(1, n/runtime.GOMAXPROCS(0)))
	b.ResetTimer()
	before := processorTime(b)
	defer func() {
		b.ReportMetric(float64((processorTime(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
	}()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := fn(); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// compare runs fn(0) and fn(1) by turns and reports the medians of both and their ratio, which the
// other load of a machine hardly touches. The ratio of the means tells of what is seldom but long.
func compare(b *testing.B, name0, name1 string, fn func(i int)) {
	b.Helper()
	var took [2][]float64
	var sum [2]float64
	for b.Loop() {
		for i := range took {
			start := time.Now()
			fn(i)
			µs := float64(time.Since(start).Nanoseconds()) / 1000
			took[i], sum[i] = append(took[i], µs), sum[i]+µs
		}
	}
	var median [2]float64
	for i := range took {
		slices.Sort(took[i])
		median[i] = took[i][len(took[i])/2]
	}
	b.ReportMetric(median[0], name0+"-µs")
	b.ReportMetric(median[1], name1+"-µs")
	b.ReportMetric(median[1]/median[0], "ratio")
	b.ReportMetric(sum[1]/sum[0], "mean-ratio")
}

func processorTime(b *testing.B) time.Duration {
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func BenchmarkUpdate(b *testing.B) {
	for _, n := range []int{1, 64, 512} {
		b.Run(fmt.Sprintf("callers=%d", n), func(b *testing.B) {
			t := newTown(b, 1)
			channels := make([]store.Channel, 100)
			for i := range channels {
				channels[i] = t.channel(b, nil)
			}
			callers(b, n, func() error {
				c := channels[rand.IntN(len(channels))]
				return t.Update(context.Background(), func(tx store.Tx) error {
					_, err := tx.AdvanceChannel(c.Key, 1, 0)
					return err
				})
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "updates/s")
		})
	}
}

// BenchmarkAddMembers adds members in batches of 100, 16 at a time, each to one of 64 channels.
// Neighbours came to the town together and share pages; to pick members at random is the hard case,
// in which every membership is on pages of its own.
func BenchmarkAddMembers(b *testing.B) {
	const batch = 100
	for _, order := range []string{"neighbours", "random"} {
		b.Run(order, func(b *testing.B) {
			const users = 50_000
			t := newTown(b, users)
			channels := make([]store.Channel, 64)
			for i := range channels {
				channels[i] = t.channel(b, nil)
			}
			if order == "random" {
				rand.Shuffle(users, func(i, j int) { t.users[i], t.users[j] = t.users[j], t.users[i] })
			}
			var next atomic.Int64
			callers(b, 16, func() error {
				n := next.Add(1) - 1
				from := int(n / 64 * batch)
				if from+batch > users {
					return fmt.Errorf("everybody is everywhere")
				}
				return t.Update(context.Background(), func(tx store.Tx) error {
					return t.addMembers(tx, channels[n%64], t.users[from:from+batch])
				})
			})
			b.ReportMetric(float64(b.N*batch)/b.Elapsed().Seconds(), "members/s")
		})
	}
}

func BenchmarkEnterChannel(b *testing.B) {
	t := newTown(b, 20_000)
	c := t.channel(b, t.users)
	ref := store.ChannelRef{Account: benchAccount, Instance: t.instance.ID, ID: c.ID}
	callers(b, 2, func() error {
		u := t.users[rand.IntN(len(t.users))]
		return t.View(context.Background(), func(tx store.Tx) error {
			_, err := tx.EnterChannel(ref, store.IdentityRef{Kind: u.Kind, ID: u.ID})
			return err
		})
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "views/s")
}

// BenchmarkStandings reads what a hundred users are to a channel, before they are added.
func BenchmarkStandings(b *testing.B) {
	t := newTown(b, 5_000)
	c := t.channel(b, t.users[:2_500])
	callers(b, 2, func() error {
		at := rand.IntN(len(t.users) - 100)
		refs := make([]store.IdentityRef, 100)
		for i, u := range t.users[at : at+100] {
			refs[i] = store.IdentityRef{Kind: u.Kind, ID: u.ID}
		}
		return t.View(context.Background(), func(tx store.Tx) error {
			_, err := tx.Standings(t.instance.Key, c.Key, refs)
			return err
		})
	})
	b.ReportMetric(float64(b.N*100)/b.Elapsed().Seconds(), "standings/s")
}

// BenchmarkStreamsOf is what the store does for a user of 2,000 channels who connects.
func BenchmarkStreamsOf(b *testing.B) {
	const channels, page = 2_000, 500
	t := newTown(b, 1)
	for range channels {
		t.channel(b, t.users)
	}
	for b.Loop() {
		for after, n := store.Key(0), page; n == page; {
			err := t.View(context.Background(), func(tx store.Tx) error {
				list, err := tx.ListStreamsOf(t.users[0].Key, after, page)
				if n = len(list); n > 0 {
					after = list[n-1].Membership
				}
				return err
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*channels), "ns/channel")
}

// BenchmarkChannelSize shows that what an operation costs does not depend on how many members a
// channel has.
func BenchmarkChannelSize(b *testing.B) {
	const small, batch = 200, 100
	large := benchMembers(b)
	t := newTown(b, 2*large)
	rand.Shuffle(len(t.users), func(i, j int) { t.users[i], t.users[j] = t.users[j], t.users[i] })
	channels := [2][]store.Channel{make([]store.Channel, 200), {t.channel(b, t.users[:large])}}
	for i := range channels[0] {
		channels[0][i] = t.channel(b, t.users[i*small:(i+1)*small])
	}
	in := func(b *testing.B, fn func(store.Channel)) {
		compare(b, "small", "large", func(size int) { fn(channels[size][rand.IntN(len(channels[size]))]) })
	}
	add := func(b *testing.B, c store.Channel, members []store.Identity) {
		t.update(b, func(tx store.Tx) error { return t.addMembers(tx, c, members) })
	}
	b.Run("list", func(b *testing.B) {
		in(b, func(c store.Channel) {
			err := t.View(context.Background(), func(tx store.Tx) error {
				page, err := tx.ListChannelMemberships(c.Key, false, 0, 50)
				if err == nil && len(page) != 50 {
					err = fmt.Errorf("%d members in the first page", len(page))
				}
				return err
			})
			if err != nil {
				b.Fatal(err)
			}
		})
	})
	// Members picked at random from those who are in no channel yet, an old town's worth.
	b.Run("add anybody", func(b *testing.B) {
		others := t.users[large : 2*large]
		in(b, func(c store.Channel) {
			if len(others) < batch {
				b.Fatal("everybody is a member")
			}
			add(b, c, others[:batch])
			others = others[batch:]
		})
	})
	// Members who are new in the town, as those who join mostly are.
	b.Run("add newcomers", func(b *testing.B) {
		t.newUsers(b, large)
		others := t.users[2*large:]
		in(b, func(c store.Channel) {
			if len(others) < batch {
				b.Fatal("everybody is a member")
			}
			add(b, c, others[:batch])
			others = others[batch:]
		})
	})
}
