package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/pflag"
)

// soak lets many clients behave as badly as clients do, for a bounded time and at random, and checks
// that each of their sessions got what it had to get, and nothing else.
type soak struct {
	load
	channels, users, devices, senders, movers, buffer int
	killEvery                                         time.Duration
	seed                                              uint64
}

func (*soak) Name() string { return "soak" }

func (*soak) Short() string {
	return "Clients that come and go at random, and whether each gets what it must"
}

func (s *soak) Flags(f *pflag.FlagSet) {
	s.rate, s.duration = 100, 10*time.Minute
	s.load.flags(f)
	f.IntVar(&s.channels, "channels", 5, "how many channels there are")
	f.IntVar(&s.users, "users", 20, "how many users listen, and enter and leave channels")
	f.IntVar(&s.devices, "devices", 2, "how many sessions each has")
	f.IntVar(&s.senders, "senders", 8, "how many users send, in all channels, each one call at a time")
	f.IntVar(&s.movers, "movers", 4, "how many memberships are changed at once")
	f.IntVar(&s.buffer, "session-buffer", 4096, "how many events the server keeps for one session")
	f.DurationVar(&s.killEvery, "kill-every", 0, "how often the server is killed and started again; only with --server")
	f.Uint64Var(&s.seed, "seed", 0, "seed of all choices; 0 is a new one")
}

const (
	// settleWithin bounds how long is waited, in the end, for what is still to arrive, and settleFor is how
	// long nothing must have come then.
	settleWithin = time.Minute
	settleFor    = 2 * time.Second
)

// soaking is one run of a soak: everybody who takes part.
type soaking struct {
	*soak
	b        *Bench
	truth    *truth
	names    []string // of the channels
	people   []string // of the users who listen
	speakers []string
	devices  []*device
	moves    *moves

	connected atomic.Int64
	latest    atomic.Int64 // when a session got something last
	// calm is closed when everybody shall connect and stay, end when sessions shall end.
	calm, end chan struct{}
}

func (s *soak) Run(ctx context.Context, b *Bench) error {
	if s.killEvery > 0 && b.child == nil {
		return errors.New("only a server that was started with --server can be killed")
	}
	if s.seed == 0 {
		s.seed = rand.Uint64()
	}
	b.Report.Settings["seed"] = fmt.Sprint(s.seed)
	r := &soaking{soak: s, b: b, calm: make(chan struct{}), end: make(chan struct{})}
	if err := r.prepare(ctx); err != nil {
		return err
	}
	before := b.goroutines(ctx)
	err := r.live(ctx)
	if err != nil {
		return err
	}
	r.report()
	r.checkServer(ctx, before)
	return nil
}

// prepare makes users and channels. Of the users who listen, each is in every other channel.
func (r *soaking) prepare(ctx context.Context) (err error) {
	if r.people, err = r.b.users(ctx, "listener", r.users); err != nil {
		return err
	}
	if r.speakers, err = r.b.users(ctx, "sender", r.senders); err != nil {
		return err
	}
	witness, err := r.b.user(ctx, "witness")
	if err != nil {
		return err
	}
	if r.names, err = r.b.channels(ctx, r.soak.channels); err != nil {
		return err
	}
	r.truth = newTruth(r.names, r.people)
	members := make([][]string, len(r.names))
	for c := range r.names {
		members[c] = append(append(members[c], r.speakers...), witness)
		for u, user := range r.people {
			if (u+c)%2 == 0 {
				members[c] = append(members[c], user)
				r.truth.begins[c][u] = true
			}
		}
	}
	r.moves = newMoves(r.truth)
	r.devices = []*device{r.device(-1, witness)}
	for u, user := range r.people {
		for range r.soak.devices {
			r.devices = append(r.devices, r.device(u, user))
		}
	}
	return r.b.enter(ctx, r.names, members)
}

// live runs the soak until all sessions have ended.
func (r *soaking) live(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r.b.show(func() string {
		return fmt.Sprintf("%d of %d sessions, %d calls, %d events, %d kills", r.connected.Load(), len(r.devices), r.truth.calls.Load(), r.truth.heard.Load(), r.truth.kills())
	})
	var devices, disturbers sync.WaitGroup
	for _, d := range r.devices {
		devices.Go(func() { d.live(ctx) })
	}
	defer devices.Wait()
	if !r.await(ctx, settleWithin, r.allConnected) {
		cancel()
		return errors.New("not all sessions were established")
	}
	acting, stop := context.WithCancel(ctx)
	defer stop()
	for m := range r.movers {
		disturbers.Go(func() { r.move(acting, m) })
	}
	if r.killEvery > 0 {
		disturbers.Go(func() { r.killAgain(acting) })
	}
	r.callers = r.senders
	speakers := make([]*speaker, r.senders)
	for i := range speakers {
		speakers[i] = r.speaker(i)
	}
	r.run(acting, func(ctx context.Context, i int, _ time.Time) error { return speakers[i].act(ctx) }, func() {})
	stop()
	disturbers.Wait()
	close(r.calm)
	r.await(ctx, settleWithin, r.allConnected)
	for channel := range r.names {
		speakers[0].conclude(ctx, channel)
	}
	if !r.await(ctx, settleWithin, r.settled) && ctx.Err() == nil {
		r.b.Report.broke(1, "run was not over a minute after its end")
	}
	close(r.end)
	devices.Wait()
	return ctx.Err()
}

// settled reports whether everything that is to come has, and nothing else comes. That it is quiet says
// little alone: the network may keep something from a client that has not read for a while.
func (r *soaking) settled() bool {
	for _, d := range r.devices {
		if !d.satisfied() {
			return false
		}
	}
	return r.allConnected() && r.truth.now()-r.latest.Load() > int64(settleFor)
}

func (r *soaking) allConnected() bool { return int(r.connected.Load()) == len(r.devices) }

// await waits for a condition and reports whether it came.
func (r *soaking) await(ctx context.Context, within time.Duration, condition func() bool) bool {
	for begin := time.Now(); !condition(); {
		if time.Since(begin) > within || pause(ctx, 20*time.Millisecond) != nil {
			return false
		}
	}
	return true
}

// killAgain kills the server and starts it again, until ctx ends.
func (r *soaking) killAgain(ctx context.Context) {
	for pause(ctx, r.killEvery) == nil {
		r.checkMetrics(ctx)
		from := r.truth.now()
		r.truth.kill(from)
		if err := r.b.child.kill(); err != nil {
			r.b.Report.note("killing the server: %v", err)
		}
		// Not even the end of the run leaves the server dead: everything is checked once it is back.
		if err := r.b.child.start(context.WithoutCancel(ctx)); err != nil {
			r.b.Report.brokeAs(1, "starts after a kill failed", err)
			return
		}
		r.truth.back()
	}
}

// allowed reports whether a call or a connection may fail without an answer: around the time that the
// server was killed.
func (r *soaking) allowed(from int64) bool { return r.truth.killed(from, r.truth.now()) }

// random makes the choices of one who takes part; they depend on the seed and on a number alone.
func (r *soaking) random(kind, number int) *rand.Rand {
	return rand.New(rand.NewPCG(r.seed, uint64(kind)<<32|uint64(uint32(number))))
}

// between chooses a time.
func between(random *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(random.Int64N(int64(most-least)))
}
