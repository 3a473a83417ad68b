package bench

import (
	"context"
	"fmt"
	"math"
	"net/url"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/pflag"

	"carillon/api"
)

// grow measures what operations cost while a store grows: messages, the members of one channel and the
// channels of one user, each tenfold from step to step.
type grow struct {
	full           size
	steps, samples int
	callers, rooms int
	bytes          int
}

// size is how large a store is.
type size struct {
	messages int // in all channels
	members  int // of the crowded channel
	channels int // of the busy user
}

func (*grow) Name() string { return "grow" }

func (*grow) Short() string { return "The cost of each operation while a store is filled in steps" }

func (s *grow) Flags(f *pflag.FlagSet) {
	f.IntVar(&s.full.messages, "messages", 100000, "how many messages there are in the end")
	f.IntVar(&s.full.members, "members", 10000, "how many members one channel has in the end")
	f.IntVar(&s.full.channels, "channels", 5000, "how many channels one user is a member of in the end")
	f.IntVar(&s.steps, "steps", 3, "how many steps it takes, each ten times as large as the one before")
	f.IntVar(&s.samples, "samples", 1000, "how often each operation is done in each step")
	f.IntVar(&s.callers, "callers", 8, "how many calls are made at once")
	f.IntVar(&s.rooms, "rooms", 10, "how many channels the messages are in")
	f.IntVar(&s.bytes, "size", 300, "bytes of a message")
}

// at is how large the store is in a step, counted from 0.
func (s *grow) at(step int) size {
	share := math.Pow10(s.steps - 1 - step)
	part := func(n int) int { return max(1, int(float64(n)/share)) }
	return size{part(s.full.messages), part(s.full.members), part(s.full.channels)}
}

func (s *grow) Run(ctx context.Context, b *Bench) error {
	if s.steps < 1 || s.samples < 1 || s.callers < 1 || s.rooms < 1 || s.bytes < 1 || s.full.messages < 1 || s.full.members < 1 || s.full.channels < 1 {
		return fmt.Errorf("%+v in %d steps, %d samples, %d callers: everything must be at least 1", s.full, s.steps, s.samples, s.callers)
	}
	g := &growing{grow: s, b: b, first: make(map[string]Delay)}
	if err := g.begin(ctx); err != nil {
		return err
	}
	for step := range s.steps {
		to := s.at(step)
		if err := g.fill(ctx, to); err != nil {
			return err
		}
		if err := g.measure(ctx, step, to); err != nil {
			return err
		}
	}
	return nil
}

// growing is a store that grows.
type growing struct {
	*grow
	b     *Bench
	rooms *rooms
	// crowded is a channel with many members, of whom regular is one; busy is a user with many channels.
	crowded, regular, busy string
	has                    size
	first                  map[string]Delay // of the first step, by operation
}

// begin makes what every step needs.
func (g *growing) begin(ctx context.Context) (err error) {
	if g.rooms, err = g.b.rooms(ctx, g.callers, g.grow.rooms); err != nil {
		return err
	}
	if g.crowded, err = g.b.channel(ctx); err != nil {
		return err
	}
	if g.busy, err = g.b.user(ctx, "busy"); err != nil {
		return err
	}
	if g.regular, err = g.b.user(ctx, "regular"); err != nil {
		return err
	}
	return g.b.enter(ctx, []string{g.crowded}, [][]string{{g.regular}})
}

// fill fills the store up to a size. What measuring added counts.
func (g *growing) fill(ctx context.Context, to size) error {
	n := len(g.rooms.channels)
	each := max(0, to.messages-g.has.messages+n-1) / n
	if err := g.b.speak(ctx, g.rooms, each, g.bytes); err != nil {
		return err
	}
	g.has.messages += each * n
	if missing := to.members - g.has.members; missing > 0 {
		users, err := g.users(ctx, missing)
		if err != nil {
			return err
		}
		if err := g.b.enter(ctx, []string{g.crowded}, [][]string{users}); err != nil {
			return err
		}
	}
	if missing := to.channels - g.has.channels; missing > 0 {
		names, err := g.channels(ctx, missing)
		if err != nil {
			return err
		}
		members := make([][]string, len(names))
		for i := range members {
			members[i] = []string{g.busy}
		}
		return g.b.enter(ctx, names, members)
	}
	return nil
}

// users makes users who are about to enter the crowded channel.
func (g *growing) users(ctx context.Context, n int) ([]string, error) {
	g.has.members += n
	return g.b.users(ctx, fmt.Sprintf("crowd-%d", g.has.members), n)
}

// channels makes channels that the busy user is about to enter.
func (g *growing) channels(ctx context.Context, n int) ([]string, error) {
	g.has.channels += n
	return g.b.channels(ctx, n)
}

// growth is an operation that is measured in each step.
type growth struct {
	name string
	next func(i int) (request, error)
}

// measure measures every operation, and notes how large the store is.
func (g *growing) measure(ctx context.Context, step int, to size) error {
	// Few newcomers, so that they do not make up the step.
	newcomers, err := g.users(ctx, g.newcomers(to.members))
	if err != nil {
		return err
	}
	names, err := g.channels(ctx, g.newcomers(to.channels))
	if err != nil {
		return err
	}
	r := g.b.Report
	title := fmt.Sprintf("step %d", step+1)
	r.count(title+", messages", int64(g.has.messages))
	r.count(title+", members of the crowded channel", int64(g.has.members))
	r.count(title+", channels of the busy user", int64(g.has.channels))
	if err := g.note(ctx, step, "CreateChannelMembership, crowded channel", len(newcomers), func(i int) (request, error) {
		return g.joining(g.crowded, newcomers[i])
	}); err != nil {
		return err
	}
	if err := g.note(ctx, step, "CreateChannelMembership, busy user", len(names), func(i int) (request, error) {
		return g.joining(names[i], g.busy)
	}); err != nil {
		return err
	}
	for _, op := range g.operations() {
		if err := g.note(ctx, step, op.name, g.samples, op.next); err != nil {
			return err
		}
	}
	g.has.messages += g.samples // of SendChannelMessage
	return g.sessions(ctx, step)
}

// newcomers is how many are added to so many to see what adding costs.
func (g *growing) newcomers(to int) int { return min(g.samples, max(1, to/10)) }

func (g *growing) joining(channel, user string) (request, error) {
	return g.b.sign(0, "CreateChannelMembership", g.b.admin, []string{channel}, "",
		&api.CreateChannelMembershipRequest{Type: api.ChannelMembershipTypeDefault, MemberArn: user})
}

// operations are those that are done again and again.
func (g *growing) operations() []growth {
	b, crowded := g.b, []string{g.crowded}
	room := func(i int) (user, channel string) {
		c := i % len(g.rooms.channels)
		return g.rooms.callers[c%len(g.rooms.callers)], g.rooms.channels[c]
	}
	read := func(operation, bearer string, path []string, query string) func(int) (request, error) {
		return func(int) (request, error) { return b.sign(0, operation, bearer, path, query, nil) }
	}
	busy := fmt.Sprintf("max-results=%d&app-instance-user-arn=%s", page, url.QueryEscape(g.busy))
	return []growth{
		{"SendChannelMessage", func(i int) (request, error) {
			user, channel := room(i)
			return b.message(0, user, channel, g.bytes)
		}},
		{listMessages, func(i int) (request, error) {
			user, channel := room(i)
			return b.sign(0, listMessages, user, []string{channel}, readQueries[listMessages], nil)
		}},
		{"DescribeChannel, crowded channel", read(describeChannel, g.regular, crowded, "")},
		{"DescribeChannelMembership, crowded channel", read("DescribeChannelMembership", g.regular, []string{g.crowded, g.regular}, "")},
		{"ListChannelMemberships, crowded channel", read(listMemberships, g.regular, crowded, readQueries[listMemberships])},
		{"ListChannelMembershipsForAppInstanceUser, busy user", read("ListChannelMembershipsForAppInstanceUser", g.busy, nil, busy)},
	}
}

// note does an operation many times and notes what it cost.
func (g *growing) note(ctx context.Context, step int, name string, n int, next func(i int) (request, error)) error {
	before, _ := g.b.process().cpu()
	took, err := g.b.repeat(ctx, name, n, g.callers, func(_ context.Context, i int) (request, error) { return next(i) })
	if err != nil {
		return err
	}
	g.noted(step, name, n, took, before)
	return nil
}

// enoughForCPU is how many operations take so many ticks of the clock of CPU times that they can be told
// apart.
const enoughForCPU = 500

// noted reports an operation in a step, and against the first step.
func (g *growing) noted(step int, name string, n int, took *delays, before time.Duration) {
	r := g.b.Report
	took.report(r, fmt.Sprintf("step %d, %s", step+1, name))
	if after, err := g.b.process().cpu(); err == nil && n >= enoughForCPU {
		r.number(fmt.Sprintf("step %d, server CPU of %s", step+1, name), float64((after-before).Microseconds())/float64(n), "µs")
	}
	last := r.Delays[len(r.Delays)-1]
	if step == 0 {
		g.first[name] = last
	} else if step == g.steps-1 {
		r.number("last step against first, "+name, last.P50/g.first[name].P50, "×")
	}
}

// sessions measures how long the busy user waits for a session, one after the other.
func (g *growing) sessions(ctx context.Context, step int) error {
	took, n := newDelays(), max(1, g.samples/20)
	before, _ := g.b.process().cpu()
	for range n {
		begin := time.Now()
		s, err := g.b.dialer.open(ctx, g.busy, uuid.NewString(), fanoutBuffer)
		if err != nil {
			return err
		}
		took.add(0, time.Since(begin))
		if err := s.part(); err != nil {
			return err
		}
	}
	g.noted(step, "a session of the busy user", n, took, before)
	return nil
}
