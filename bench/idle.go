package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"
)

// idle measures what sessions cost to which nothing happens.
type idle struct {
	sessions, channelsPerUser, channelSize int
	connecting                             int
	hold, steady                           time.Duration
}

func (*idle) Name() string { return "idle" }

func (*idle) Short() string {
	return "Memory of sessions to which nothing happens, and how fast they connect"
}

func (s *idle) Flags(f *pflag.FlagSet) {
	f.IntVar(&s.sessions, "sessions", 10000, "how many sessions are opened, each of a user of its own")
	f.IntVar(&s.channelsPerUser, "channels-per-user", 1, "how many channels each user is a member of")
	f.IntVar(&s.channelSize, "channel-size", 100, "how many members a channel has")
	f.IntVar(&s.connecting, "connecting", 32, "how many sessions connect at once")
	f.DurationVar(&s.steady, "steady", 6*time.Second, "how long the server's memory must hardly change before it is measured")
	f.DurationVar(&s.hold, "hold", 10*time.Second, "how long the server's CPU time is measured while nothing happens")
}

// idleBuffer is enough for what an idle session reads: pings.
const idleBuffer = 64

func (s *idle) Run(ctx context.Context, b *Bench) error {
	users, err := b.users(ctx, "idle", s.sessions)
	if err != nil {
		return err
	}
	if _, _, err := s.populate(ctx, b, users); err != nil {
		return err
	}
	b.show(func() string { return "waiting until the server's memory is steady" })
	b.settle(ctx)
	before, err := b.process().steadyRSS(ctx, s.steady)
	watched := err == nil
	if err != nil && !errors.Is(err, errUnknownProcess) {
		return err
	}
	crowd := crowd{b: b}
	defer crowd.leave()
	if err := s.connect(ctx, &crowd, users); err != nil {
		return err
	}
	if !watched {
		b.Report.note("%v: its memory is not measured", errUnknownProcess)
		return nil
	}
	return s.weigh(ctx, &crowd, before)
}

// populate makes channels, and users their members, each of different ones.
func (s *idle) populate(ctx context.Context, b *Bench, users []string) (names []string, members [][]string, err error) {
	if names, err = b.channels(ctx, max(1, s.channelsPerUser, len(users)*s.channelsPerUser/s.channelSize)); err != nil {
		return nil, nil, err
	}
	members = make([][]string, len(names))
	for i, user := range users {
		for n := range s.channelsPerUser {
			c := (i + n*max(1, len(names)/s.channelsPerUser)) % len(names)
			members[c] = append(members[c], user)
		}
	}
	return names, members, b.enter(ctx, names, members)
}

func (s *idle) connect(ctx context.Context, c *crowd, users []string) error {
	c.b.show(func() string { return fmt.Sprintf("%d of %d sessions", c.connected.Load(), len(users)) })
	cpu, _ := c.b.process().cpu()
	begin := time.Now()
	if err := c.join(ctx, users, s.connecting, idleBuffer, func(int, []byte) {}); err != nil {
		return err
	}
	took := time.Since(begin)
	c.b.Report.count("sessions", int64(len(users)))
	c.b.Report.number("connects per second", float64(len(users))/took.Seconds(), "1/s")
	if after, err := c.b.process().cpu(); err == nil {
		c.b.Report.number("server CPU per connect", float64((after-cpu).Microseconds())/float64(len(users)), "µs")
	}
	return nil
}

// weigh measures what the sessions cost while they are open.
func (s *idle) weigh(ctx context.Context, c *crowd, before int64) error {
	b := c.b
	b.show(func() string { return "waiting until the server's memory is steady" })
	b.settle(ctx)
	after, err := b.process().steadyRSS(ctx, s.steady)
	if err != nil {
		return err
	}
	const mega = 1 << 20
	b.Report.number("server memory before", float64(before)/mega, "MiB")
	b.Report.number("server memory after", float64(after)/mega, "MiB")
	b.Report.number("server memory per session", float64(after-before)/float64(s.sessions), "bytes")
	b.show(func() string { return "measuring the server's CPU time" })
	cpu, err := b.process().cpu()
	if err != nil {
		return err
	}
	if err := pause(ctx, s.hold); err != nil {
		return err
	}
	used, err := b.process().cpu()
	if err != nil {
		return err
	}
	b.Report.number("server CPU while idle", 100*(used-cpu).Seconds()/s.hold.Seconds(), "% of a core")
	b.Report.broke(c.lost.Load(), "sessions ended by themselves")
	return nil
}

// crowd is many sessions that only listen.
type crowd struct {
	b         *Bench
	connected atomic.Int64
	lost      atomic.Int64
	leaving   atomic.Bool
	readers   sync.WaitGroup

	mu      sync.Mutex
	sockets []*socket
}

// join opens a session for each user, some at a time. hear is called with every frame, and the
// number of the user.
func (c *crowd) join(ctx context.Context, users []string, connecting, buffer int, hear func(i int, frame []byte)) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(connecting)
	for i, user := range users {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error {
			s, err := c.b.dialer.open(ctx, user, c.b.prefix, buffer)
			if err != nil {
				return err
			}
			c.mu.Lock()
			c.sockets = append(c.sockets, s)
			c.mu.Unlock()
			c.connected.Add(1)
			c.readers.Go(func() { c.listen(s, i, hear) })
			return nil
		})
	}
	return group.Wait()
}

func (c *crowd) listen(s *socket, i int, hear func(i int, frame []byte)) {
	defer s.conn.Close()
	for {
		frame, err := s.next()
		if err != nil {
			if !c.leaving.Load() {
				c.lost.Add(1)
				c.b.Report.once("a session ended: %v", err)
			}
			return
		}
		hear(i, frame)
	}
}

// leave closes all sessions properly.
func (c *crowd) leave() {
	c.leaving.Store(true)
	for _, s := range c.sockets {
		if s.sayGoodbye() != nil {
			s.cut()
		}
	}
	c.readers.Wait()
}
