package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/pflag"
)

// storm measures how fast sessions are opened when all clients come at once, as after a network failure.
type storm struct {
	load
	round                                         time.Duration
	limit                                         bool
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
	f.DurationVar(&s.round, "round", 2*time.Second, "how long a round of --limit is")
	f.BoolVar(&s.limit, "limit", false, "measure by turns how many sessions a handler that does nothing opens")
}

// maxPrefetch is how many channels a server tells the details of.
const maxPrefetch = 50

func (s *storm) Run(ctx context.Context, b *Bench) error {
	if s.callers < 1 || s.users < s.callers || s.channelsPerUser < 0 || s.channelSize < 1 || s.messages < 0 || s.round <= 0 {
		return fmt.Errorf("%d users, %d of them at once, in %d channels of %d members: that is no storm", s.users, s.callers, s.channelsPerUser, s.channelSize)
	}
	users, err := b.users(ctx, "storm", s.users)
	if err != nil {
		return err
	}
	if err := s.populate(ctx, b, users); err != nil {
		return err
	}
	if s.limit && s.rate > 0 {
		return fmt.Errorf("--limit compares what can be done, and --rate %v asks for less", s.rate)
	}
	c := s.clouds(b, b.dialer, users)
	defer c.leave()
	b.show(func() string { return fmt.Sprintf("%d sessions opened", c.opened.Load()) })
	if s.limit {
		return s.againstLimit(ctx, c)
	}
	m := &meter{process: b.process()}
	o := s.run(ctx, c.open, m.start)
	m.stop()
	s.report(c, o, m)
	return ctx.Err()
}

func (s *storm) clouds(b *Bench, d *dialer, users []string) *clouds {
	return &clouds{
		b: b, dialer: d, users: users, turns: make([]int, s.callers), held: make([]*socket, len(users)),
		prefetch: s.prefetch, details: min(s.channelsPerUser, maxPrefetch),
	}
}

// report reports what was measured, and closes all sessions.
func (s *storm) report(c *clouds, o *outcome, m *meter) {
	r := c.b.Report
	r.number("sessions per second", o.perSecond(), "1/s")
	m.report(r, o)
	o.reportFailures(r, "sessions")
	if s.rate > 0 {
		o.delays.report(r, "sessions, from when they were due")
	}
	o.service.report(r, "sessions, from their start")
	c.leave()
	r.broke(c.lost.Load(), "sessions ended by themselves")
}

// againstLimit measures by turns the server and a handler that opens sessions and does nothing else.
func (s *storm) againstLimit(ctx context.Context, c *clouds) (err error) {
	l := s.load
	l.warmUp, l.duration = 0, max(s.warmUp, time.Millisecond)
	l.add(ctx, newOutcome(), c.open)
	frames := c.frames.Load()
	if frames == nil {
		return errors.New("no session was opened while the load warmed up: --limit needs one to take its shape from")
	}
	server, err := startLimitServer([]shape{{Frames: *frames}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.stop()) }()
	url := "ws" + strings.TrimPrefix(server.endpoint, "http") + "/connect"
	bare := s.clouds(c.b, &dialer{url: url, signer: c.dialer.signer}, c.users)
	defer bare.leave()
	all, limit := newOutcome(), newOutcome()
	l.duration = s.round
	m := &meter{process: c.b.process()}
	for range s.rounds(s.round) {
		m.start()
		l.add(ctx, all, c.open)
		m.stop()
		l.add(ctx, limit, bare.open)
	}
	s.report(c, all, m)
	r := c.b.Report
	r.number("bare handler, sessions per second", limit.perSecond(), "1/s")
	r.number("server against bare handler", all.perSecond()/limit.perSecond(), "×")
	limit.reportFailures(r, "sessions of the bare handler")
	limit.service.report(r, "bare handler, from their start")
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
	dialer   *dialer
	users    []string
	turns    []int     // by caller; a caller opens the sessions of users of its own
	held     []*socket // by user
	prefetch bool
	details  int // how many channels a prefetch tells of

	frames       atomic.Pointer[[]int] // sizes of what the first session began with
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
	s, err := c.dialer.connect(ctx, query, fanoutBuffer)
	if err != nil {
		return err
	}
	frames := []int{len(s.frame)}
	if c.prefetch {
		if frames, err = readDetails(s, c.details, frames); err != nil {
			s.cut()
			return err
		}
	}
	c.frames.CompareAndSwap(nil, &frames)
	c.opened.Add(1)
	c.held[user] = s
	c.readers.Go(func() { c.listen(s) })
	return nil
}

// readDetails reads the details of so many channels, and adds the sizes of all frames to others.
func readDetails(s *socket, n int, frames []int) ([]int, error) {
	_ = s.conn.SetReadDeadline(time.Now().Add(connectTimeout))
	for n > 0 {
		frame, err := s.next()
		if err != nil {
			return nil, fmt.Errorf("reading the prefetch: %w", err)
		}
		frames = append(frames, len(frame))
		if bytes.Contains(frame, []byte(`"CHANNEL_DETAILS"`)) {
			n--
		}
	}
	return frames, s.conn.SetReadDeadline(time.Time{})
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

// leave closes all sessions properly, those that are still open.
func (c *clouds) leave() {
	for user, s := range c.held {
		if s != nil && s.sayGoodbye() != nil {
			s.cut()
		}
		c.held[user] = nil
	}
	c.readers.Wait()
}
