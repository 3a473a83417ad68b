package bench

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
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
	g := &growing{grow: s, b: b, first: make(map[string]cost)}
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
	crowd                  []string // who was made for the crowded channel
	oldest                 []string // the ids of the first messages, by room
	has                    size
	first                  map[string]cost // of the first step, by operation
}

// cost is what an operation costs: its median, in milliseconds, and the server's CPU time, in microseconds,
// which is 0 when it is not known.
type cost struct{ delay, cpu float64 }

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
	if err := g.b.enter(ctx, []string{g.crowded}, [][]string{{g.regular}}); err != nil {
		return err
	}
	for c, channel := range g.rooms.channels {
		var sent api.SendChannelMessageResponse
		if err := g.b.client.call(ctx, "SendChannelMessage", g.rooms.callers[c%len(g.rooms.callers)], []string{channel}, newMessage(g.bytes), &sent); err != nil {
			return err
		}
		g.oldest = append(g.oldest, sent.MessageId)
	}
	g.has.messages = len(g.oldest)
	return nil
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
		g.has.members = to.members
	}
	if missing := to.channels - g.has.channels; missing > 0 {
		names, err := g.b.channels(ctx, missing)
		if err != nil {
			return err
		}
		g.has.channels = to.channels
		members := make([][]string, len(names))
		for i := range members {
			members[i] = []string{g.busy}
		}
		return g.b.enter(ctx, names, members)
	}
	return nil
}

// users makes users for the crowded channel.
func (g *growing) users(ctx context.Context, n int) ([]string, error) {
	users, err := g.b.users(ctx, fmt.Sprintf("crowd-%d", len(g.crowd)), n)
	g.crowd = append(g.crowd, users...)
	return users, err
}

// growth is an operation that is measured in each step, so many times.
type growth struct {
	name  string
	times int
	next  func(i int) (request, error)
}

// measure notes how large the store is, and measures every operation.
func (g *growing) measure(ctx context.Context, step int, to size) error {
	title := fmt.Sprintf("step %d", step+1)
	g.b.Report.count(title+", messages", int64(g.has.messages))
	g.b.Report.count(title+", members of the crowded channel", int64(g.has.members))
	g.b.Report.count(title+", channels of the busy user", int64(g.has.channels))
	g.b.Report.count(title+", users", int64(len(g.crowd)))
	arrivals, err := g.arrivals(ctx, to)
	if err != nil {
		return err
	}
	for _, op := range append(arrivals, g.operations()...) {
		if err := g.note(ctx, step, op); err != nil {
			return err
		}
	}
	g.has.messages += g.samples // of SendChannelMessage
	if err := g.sessions(ctx, step, "a session of the busy user", url.Values{}, 0); err != nil {
		return err
	}
	details := url.Values{"prefetch-on": {"connect"}}
	return g.sessions(ctx, step, "a session of the busy user, with details of channels", details, min(g.has.channels, maxPrefetch))
}

// arrivals are operations that add somebody or something that has to be made before. They are few, so that
// they do not make up the step.
func (g *growing) arrivals(ctx context.Context, to size) ([]growth, error) {
	b := g.b
	newcomers, err := g.users(ctx, g.few(to.members))
	if err != nil {
		return nil, err
	}
	entered, err := b.channels(ctx, g.few(to.channels))
	if err != nil {
		return nil, err
	}
	fresh, err := b.channels(ctx, g.some())
	if err != nil {
		return nil, err
	}
	g.has.members += len(newcomers) - len(newcomers)/2
	g.has.channels += len(entered)
	join := func(channel, user string) (request, error) {
		return b.sign(0, "CreateChannelMembership", b.admin, []string{channel}, "",
			&api.CreateChannelMembershipRequest{Type: api.ChannelMembershipTypeDefault, MemberArn: user})
	}
	return []growth{
		{"CreateChannelMembership, crowded channel", len(newcomers), func(i int) (request, error) { return join(g.crowded, newcomers[i]) }},
		{"DeleteChannelMembership, crowded channel", len(newcomers) / 2, func(i int) (request, error) {
			return b.sign(0, "DeleteChannelMembership", b.admin, []string{g.crowded, newcomers[i]}, "", nil)
		}},
		{"CreateChannelMembership, busy user", len(entered), func(i int) (request, error) { return join(entered[i], g.busy) }},
		{"BatchCreateChannelMembership, 100 of the crowd into a new channel", len(fresh), func(i int) (request, error) {
			at := rand.IntN(max(1, len(g.crowd)-batchSize))
			members := g.crowd[at:min(at+batchSize, len(g.crowd))]
			return b.sign(0, "BatchCreateChannelMembership", b.admin, []string{fresh[i]}, "",
				&api.BatchCreateChannelMembershipRequest{Type: api.ChannelMembershipTypeDefault, MemberArns: members})
		}},
	}, nil
}

// few is how many are added to so many to see what adding costs.
func (g *growing) few(to int) int { return min(g.samples, max(2, to/10)) }

// some is how often is done what takes long.
func (g *growing) some() int { return max(1, g.samples/20) }

// operations are those that are done again and again.
func (g *growing) operations() []growth {
	b, crowded := g.b, []string{g.crowded}
	room := func(operation string, query string, more ...string) func(int) (request, error) {
		return func(i int) (request, error) {
			c := i % len(g.rooms.channels)
			path := []string{g.rooms.channels[c]}
			if len(more) > 0 {
				path = append(path, more[c])
			}
			return b.sign(0, operation, g.rooms.callers[c%len(g.rooms.callers)], path, query, nil)
		}
	}
	read := func(operation, bearer string, path []string, query string) func(int) (request, error) {
		return func(int) (request, error) { return b.sign(0, operation, bearer, path, query, nil) }
	}
	first := fmt.Sprintf("max-results=%d", page)
	instance := first + "&app-instance-arn=" + url.QueryEscape(g.b.instance)
	search := &api.SearchChannelsRequest{Fields: []api.SearchField{{
		Key: api.SearchFieldKeyMembers, Operator: api.SearchFieldOperatorIncludes, Values: []string{g.busy},
	}}}
	return []growth{
		{"SendChannelMessage", g.samples, func(i int) (request, error) {
			c := i % len(g.rooms.channels)
			return b.message(0, g.rooms.callers[c%len(g.rooms.callers)], g.rooms.channels[c], g.bytes)
		}},
		{listMessages + ", the newest 50", g.samples, room(listMessages, readQueries[listMessages])},
		{listMessages + ", the oldest 50", g.samples, room(listMessages, first+"&sort-order=ASCENDING")},
		{"GetChannelMessage, the oldest", g.samples, room("GetChannelMessage", "", g.oldest...)},
		{"DescribeChannel, crowded channel", g.samples, read(describeChannel, g.regular, crowded, "")},
		{"DescribeChannelMembership, crowded channel", g.samples, read("DescribeChannelMembership", g.regular, []string{g.crowded, g.regular}, "")},
		{"UpdateChannelReadMarker, crowded channel", g.samples, read("UpdateChannelReadMarker", g.regular, crowded, "")},
		{"ListChannelMemberships, crowded channel", g.samples, read(listMemberships, g.regular, crowded, readQueries[listMemberships])},
		{"ListChannelMembershipsForAppInstanceUser, busy user", g.samples,
			read("ListChannelMembershipsForAppInstanceUser", g.busy, nil, first+"&app-instance-user-arn="+url.QueryEscape(g.busy))},
		{"DescribeChannelMembershipForAppInstanceUser, crowded channel", g.samples,
			read("DescribeChannelMembershipForAppInstanceUser", g.regular, crowded, "app-instance-user-arn="+url.QueryEscape(g.regular))},
		{"SearchChannels, busy user", g.samples, func(int) (request, error) {
			return b.sign(0, "SearchChannels", g.busy, nil, first, search)
		}},
		{"ListChannels", g.samples, read("ListChannels", g.b.admin, nil, instance)},
		{"ListAppInstanceUsers", g.samples, read("ListAppInstanceUsers", "", nil, instance)},
	}
}

// note does an operation many times and notes what it cost.
func (g *growing) note(ctx context.Context, step int, op growth) error {
	before, _ := g.b.process().cpu()
	took, err := g.b.repeat(ctx, op.name, op.times, g.callers, op.next, nil)
	if err != nil {
		return err
	}
	g.noted(step, op.name, op.times, took, before)
	return nil
}

const (
	// enoughForCPU is how many operations take so many ticks of the clock of CPU times that they can be
	// told apart.
	enoughForCPU = 500
	// enoughForDelay is how many operations of the first step are compared with those of the last: fewer
	// are not in each other's way.
	enoughForDelay = 50
	// flat is how much dearer an operation may be in the last step than in the first.
	flat = 1.5
)

// noted reports an operation in a step, and against the first step. CPU time says more than the clock where
// other work goes on, but only of the server's own.
func (g *growing) noted(step int, name string, n int, took *delays, before time.Duration) {
	r := g.b.Report
	took.report(r, fmt.Sprintf("step %d, %s", step+1, name))
	now := cost{delay: r.Delays[len(r.Delays)-1].P50}
	if after, err := g.b.process().cpu(); err == nil && n >= enoughForCPU {
		now.cpu = float64((after - before).Microseconds()) / float64(n)
		r.number(fmt.Sprintf("step %d, server CPU of %s", step+1, name), now.cpu, "µs")
	}
	first, known := g.first[name]
	switch {
	case step == 0 && n >= min(enoughForDelay, g.samples):
		g.first[name] = now
	case !known:
	case step == g.steps-1:
		r.number("last step against first, "+name, now.delay/first.delay, "×")
		grown := now.delay / first.delay
		if now.cpu > 0 && first.cpu > 0 {
			grown = now.cpu / first.cpu
			r.number("last step against first, server CPU of "+name, grown, "×")
		}
		if grown > flat {
			r.note("%s: more than %v × what it cost in the first step", name, flat)
		}
	}
}

// sessions measures how long the busy user waits for a session, and for the details of channels where the
// query asks for them, one after the other.
func (g *growing) sessions(ctx context.Context, step int, name string, query url.Values, details int) error {
	took, n := newDelays(), g.some()
	before, _ := g.b.process().cpu()
	query.Set("userArn", g.busy)
	for range n {
		query.Set("sessionId", uuid.NewString())
		begin := time.Now()
		s, err := g.b.dialer.connect(ctx, query, fanoutBuffer)
		if err != nil {
			return err
		}
		if _, err := readDetails(s, details, nil); err != nil {
			return err
		}
		took.add(0, time.Since(begin))
		if err := s.part(); err != nil {
			return err
		}
	}
	g.noted(step, name, n, took, before)
	return nil
}
