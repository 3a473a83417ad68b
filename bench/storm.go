package bench

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/pflag"
)

// storm measures how fast sessions are opened when all clients come at once, as after a network failure.
type storm struct {
	load
	users, channelsPerUser, channelSize, messages int
	prefetch                                      bool
}

func (*storm) Name() string { return "connect-storm" }

func (*storm) Short() string { return "Sessions opened: how many, how fast" }

func (s *storm) Flags(f *pflag.FlagSet) {
	s.duration, s.warmUp = 10*time.Second, 2*time.Second
	s.load.flags(f)
	f.IntVar(&s.callers, "callers", 32, "how many sessions are opened at once")
	f.IntVar(&s.users, "users", 2000, "how many users have a session; when all have, the oldest are closed for new ones")
	f.IntVar(&s.channelsPerUser, "channels-per-user", 5, "how many channels each user is a member of")
	f.IntVar(&s.channelSize, "channel-size", 100, "how many members a channel has")
	f.IntVar(&s.messages, "messages", 20, "how many messages each channel has")
	f.BoolVar(&s.prefetch, "prefetch", false, "ask for the details of the channels, and wait for them")
}

// maxPrefetch is how many channels a server tells the details of.
const maxPrefetch = 50

func (s *storm) Run(ctx context.Context, b *Bench) error {
	if s.callers < 1 || s.users < s.callers || s.channelsPerUser < 0 || s.channelSize < 1 || s.messages < 0 {
		return fmt.Errorf("%d users, %d of them at once, in %d channels of %d members: that is no storm", s.users, s.callers, s.channelsPerUser, s.channelSize)
	}
	users, err := b.users(ctx, "storm", s.users)
	if err != nil {
		return err
	}
	if err := s.populate(ctx, b, users); err != nil {
		return err
	}
	c := &clouds{b: b, users: users, turns: make([]int, s.callers), held: make([]*socket, len(users)), prefetch: s.prefetch, details: min(s.channelsPerUser, maxPrefetch)}
	b.show(func() string { return fmt.Sprintf("%d sessions opened", c.opened.Load()) })
	var cpu time.Duration
	o := s.run(ctx, c.open, func() { cpu, _ = b.process().cpu() })
	used, unknown := b.process().cpu()
	operations := float64(o.operations.Load())
	b.Report.number("sessions per second", o.perSecond(), "1/s")
	if unknown == nil {
		b.Report.number("server CPU per operation", float64((used-cpu).Microseconds())/operations, "µs")
		b.Report.number("server CPU", 100*(used-cpu).Seconds()/o.measured.Seconds(), "% of a core")
	}
	if rss, err := b.process().rss(); err == nil {
		b.Report.number("server memory", float64(rss)/(1<<20), "MiB")
	}
	o.reportFailures(b.Report, "sessions")
	if s.rate > 0 {
		o.delays.report(b.Report, "sessions, from when they were due")
	}
	o.service.report(b.Report, "sessions, from their start")
	c.leave()
	b.Report.broke(c.lost.Load(), "sessions ended by themselves")
	return ctx.Err()
}

// populate makes users members of channels in which something was said.
func (s *storm) populate(ctx context.Context, b *Bench, users []string) error {
	crowds := &idle{channelsPerUser: s.channelsPerUser, channelSize: s.channelSize}
	names, members, err := crowds.populate(ctx, b, users)
	if err != nil {
		return err
	}
	r := new(rooms)
	for c, name := range names {
		if len(members[c]) > 0 {
			r.channels, r.callers = append(r.channels, name), append(r.callers, members[c][0])
		}
	}
	return b.speak(ctx, r, s.messages, 300)
}

// clouds are the sessions of a storm.
type clouds struct {
	b        *Bench
	users    []string
	turns    []int     // by caller; a caller opens the sessions of users of its own
	held     []*socket // by user
	prefetch bool
	details  int // how many channels a prefetch tells of

	opened, lost atomic.Int64
	readers      sync.WaitGroup
}

// open opens a session for the user whose turn it is, and closes the one it had.
func (c *clouds) open(ctx context.Context, caller int, _ time.Time) error {
	own := 1 + (len(c.users)-1-caller)/len(c.turns)
	user := caller + c.turns[caller]%own*len(c.turns)
	c.turns[caller]++
	if before := c.held[user]; before != nil {
		c.held[user] = nil
		if before.sayGoodbye() != nil {
			before.cut()
		}
	}
	query := url.Values{"userArn": {c.users[user]}, "sessionId": {uuid.NewString()}}
	if c.prefetch {
		query.Set("prefetch-on", "connect")
	}
	s, err := c.b.dialer.connect(ctx, query, fanoutBuffer)
	if err != nil {
		return err
	}
	if c.prefetch {
		if err := readDetails(s, c.details); err != nil {
			s.cut()
			return err
		}
	}
	c.opened.Add(1)
	c.held[user] = s
	c.readers.Go(func() { c.listen(s) })
	return nil
}

// readDetails reads the details of so many channels.
func readDetails(s *socket, n int) error {
	_ = s.conn.SetReadDeadline(time.Now().Add(connectTimeout))
	for n > 0 {
		frame, err := s.next()
		if err != nil {
			return fmt.Errorf("reading the prefetch: %w", err)
		}
		if bytes.Contains(frame, []byte(`"CHANNEL_DETAILS"`)) {
			n--
		}
	}
	return s.conn.SetReadDeadline(time.Time{})
}

func (c *clouds) listen(s *socket) {
	defer s.conn.Close()
	for {
		if _, err := s.next(); err != nil {
			if !goodbye(err) {
				c.lost.Add(1)
				c.b.Report.once("a session ended: %v", err)
			}
			return
		}
	}
}

// leave closes all sessions properly.
func (c *clouds) leave() {
	for _, s := range c.held {
		if s != nil && s.sayGoodbye() != nil {
			s.cut()
		}
	}
	c.readers.Wait()
}
