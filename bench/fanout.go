package bench

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/pflag"

	"carillon/api"
)

// fanout measures how messages reach many sessions, and checks that every session gets every message of
// its channel once and in one order.
type fanout struct {
	load
	sessions, channels, senders, size, connecting int
}

func (*fanout) Name() string { return "fanout" }

func (*fanout) Short() string {
	return "Messages to many sessions: how many, how fast, each once and in one order"
}

func (s *fanout) Flags(f *pflag.FlagSet) {
	s.rate, s.duration, s.warmUp = 50, 30*time.Second, 3*time.Second
	s.load.flags(f)
	f.IntVar(&s.sessions, "sessions", 2000, "how many sessions listen, each of a user of its own")
	f.IntVar(&s.channels, "channels", 1, "how many channels they are members of, each of one")
	f.IntVar(&s.senders, "senders", 4, "how many users send, each one message at a time")
	f.IntVar(&s.size, "size", 300, "bytes of a message")
	f.IntVar(&s.connecting, "connecting", 32, "how many sessions connect at once")
}

const (
	// fanoutBuffer holds a few frames, so that they are read together.
	fanoutBuffer = 4096
	// lastDelivery bounds how long the last messages may take to arrive.
	lastDelivery = 30 * time.Second
)

func (s *fanout) Run(ctx context.Context, b *Bench) error {
	if s.channels < 1 || s.sessions < s.channels || s.senders < 1 {
		return fmt.Errorf("%d sessions in %d channels with %d senders: each channel needs a session, and somebody must send", s.sessions, s.channels, s.senders)
	}
	listeners, err := b.users(ctx, "listener", s.sessions)
	if err != nil {
		return err
	}
	senders, err := b.users(ctx, "sender", s.senders)
	if err != nil {
		return err
	}
	names, err := b.channels(ctx, s.channels)
	if err != nil {
		return err
	}
	if err := s.enter(ctx, b, names, listeners, senders); err != nil {
		return err
	}
	t := newTally(s.channels, s.sessions, b.prefix)
	crowd := crowd{b: b}
	defer crowd.leave()
	b.show(func() string { return fmt.Sprintf("%d of %d sessions", crowd.connected.Load(), s.sessions) })
	if err := crowd.join(ctx, listeners, s.connecting, fanoutBuffer, func(i int, frame []byte) { t.hear(i, frame) }); err != nil {
		return err
	}
	return s.measure(ctx, &crowd, t, names, senders)
}

// enter makes everybody a member: a listener of one channel, a sender of those it sends to.
func (s *fanout) enter(ctx context.Context, b *Bench, names, listeners, senders []string) error {
	members := make([][]string, len(names))
	for i, user := range listeners {
		members[i%len(names)] = append(members[i%len(names)], user)
	}
	for i, user := range senders {
		for _, c := range s.sendsTo(i) {
			members[c] = append(members[c], user)
		}
	}
	return b.enter(ctx, names, members)
}

// sendsTo lists the channels that a sender sends to, by turns.
func (s *fanout) sendsTo(sender int) []int {
	list := []int{sender % s.channels}
	for c := sender + s.senders; c < s.channels; c += s.senders {
		list = append(list, c)
	}
	return list
}

// measure sends, waits until everything has arrived, and reports.
func (s *fanout) measure(ctx context.Context, crowd *crowd, t *tally, names, senders []string) error {
	b := crowd.b
	s.callers = len(senders)
	turns := make([]int, len(senders))
	filler := strings.Repeat("x", s.size)
	var cpu time.Duration
	var deliveries int64
	b.show(func() string {
		return fmt.Sprintf("%d messages sent, %d deliveries", t.sent.Load(), t.deliveries.Load())
	})
	o := s.run(ctx, func(ctx context.Context, sender int, _ time.Time) error {
		to := s.sendsTo(sender)
		channel := to[turns[sender]%len(to)]
		turns[sender]++
		m, content := t.send(channel, sender)
		if missing := s.size - len(content); missing > 0 {
			content += filler[:missing]
		}
		err := b.client.call(ctx, "SendChannelMessage", senders[sender], []string{names[channel]}, &api.SendChannelMessageRequest{
			Content: content, Type: api.ChannelMessageTypeStandard, Persistence: api.ChannelMessagePersistenceTypePersistent,
			ClientRequestToken: uuid.NewString(),
		}, nil)
		if err == nil {
			t.acknowledge(m)
		}
		return err
	}, func() {
		cpu, _ = b.process().cpu()
		deliveries = t.deliveries.Load()
		t.measuring.Store(true)
	})
	begin := time.Now()
	for !t.complete() && time.Since(begin) < lastDelivery && ctx.Err() == nil {
		_ = pause(ctx, 5*time.Millisecond)
	}
	took := o.measured + time.Since(begin)
	deliveries = t.deliveries.Load() - deliveries
	used, unknown := b.process().cpu()
	o.report(b.Report, "sends")
	b.Report.number("deliveries per second", float64(deliveries)/took.Seconds(), "1/s")
	if used -= cpu; unknown == nil {
		b.Report.number("server CPU", 100*used.Seconds()/took.Seconds(), "% of a core")
		b.Report.number("deliveries per second of server CPU", float64(deliveries)/used.Seconds(), "1/s")
	}
	if rss, err := b.process().rss(); err == nil {
		b.Report.number("server memory", float64(rss)/(1<<20), "MiB")
	}
	t.report(b.Report)
	b.Report.broke(crowd.lost.Load(), "sessions ended by themselves")
	return ctx.Err()
}
