package bench

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/spf13/pflag"
)

// page is how many entries a list gives at once.
const page = 50

// The operations that read, as queries of a channel.
const (
	describeChannel = "DescribeChannel"
	listMessages    = "ListChannelMessages"
	listMemberships = "ListChannelMemberships"
)

var readQueries = map[string]string{
	describeChannel: "",
	listMessages:    fmt.Sprintf("max-results=%d&sort-order=DESCENDING", page),
	listMemberships: fmt.Sprintf("max-results=%d", page),
}

// filled are channels with something in them, and callers who read it.
type filled struct {
	channels, messages, members, size int
}

func (f *filled) flags(flags *pflag.FlagSet, messages, members bool) {
	flags.IntVar(&f.channels, "channels", 50, "how many channels are read, by turns")
	f.messages, f.members, f.size = 0, 0, 300
	if messages {
		flags.IntVar(&f.messages, "messages", 200, "how many messages each channel has beforehand")
		flags.IntVar(&f.size, "size", f.size, "bytes of a message")
	}
	if members {
		flags.IntVar(&f.members, "members", 200, "how many members each channel has, beside those who read")
	}
}

// fill makes the channels, and what is in them.
func (f *filled) fill(ctx context.Context, b *Bench, callers int) (*rooms, error) {
	if f.channels < 1 || f.messages < 0 || f.members < 0 || f.size < 1 {
		return nil, fmt.Errorf("%d channels with %d messages of %d bytes and %d members cannot be read", f.channels, f.messages, f.size, f.members)
	}
	r, err := b.rooms(ctx, callers, f.channels)
	if err != nil {
		return nil, err
	}
	if err := b.speak(ctx, r, f.messages, f.size); err != nil {
		return nil, err
	}
	users, err := b.users(ctx, "member", f.members)
	if err != nil {
		return nil, err
	}
	members := make([][]string, f.channels)
	for i := range members {
		members[i] = users
	}
	return r, b.enter(ctx, r.channels, members)
}

// speak sends messages to every channel, by the callers who are its members.
func (b *Bench) speak(ctx context.Context, r *rooms, each, size int) error {
	return b.setUp(ctx, "messages sent", each*len(r.channels), func(i int) (request, error) {
		channel := i % len(r.channels)
		return b.message(0, r.callers[channel%len(r.callers)], r.channels[channel], size)
	}, nil)
}

// readings make requests that read channels, each of which is signed once in a while.
type readings struct {
	b     *Bench
	rooms *rooms
	kept  []map[readKey]*again // by caller
}

type readKey struct {
	kind    int
	channel string
}

func newReadings(b *Bench, r *rooms) *readings {
	kept := make([]map[readKey]*again, len(r.callers))
	for i := range kept {
		kept[i] = make(map[readKey]*again)
	}
	return &readings{b: b, rooms: r, kept: kept}
}

// next is the next request of a caller, by an operation that reads.
func (r *readings) next(caller, kind int, operation string) (request, error) {
	key := readKey{kind, r.rooms.next(caller)}
	kept := r.kept[caller][key]
	if kept == nil {
		kept = new(again)
		r.kept[caller][key] = kept
	}
	return kept.use(func() (request, error) {
		return r.b.sign(kind, operation, r.rooms.callers[caller], []string{key.channel}, readQueries[operation], nil)
	})
}

// read measures one operation that reads.
type read struct {
	requests
	filled
	name, short, operation string
}

// newRead is a scenario of an operation.
func newRead(name, operation, short string) *read {
	return &read{name: name, operation: operation, short: short}
}

func (s *read) Name() string { return s.name }

func (s *read) Short() string { return s.short }

func (s *read) Flags(f *pflag.FlagSet) {
	s.requests.flags(f, "how many users read, each one page at a time")
	s.filled.flags(f, s.operation == listMessages, s.operation == listMemberships)
}

func (s *read) Run(ctx context.Context, b *Bench) error {
	rooms, err := s.fill(ctx, b, s.callers)
	if err != nil {
		return err
	}
	reader := newReadings(b, rooms)
	return s.measure(ctx, b, &workload{
		name: "reads", kinds: []string{s.operation},
		next: func(_ context.Context, caller int) (request, error) { return reader.next(caller, 0, s.operation) },
	})
}

// mixed measures what a server does all day: many read, some write.
type mixed struct {
	requests
	filled
	reads int
}

func (*mixed) Name() string { return "mixed" }

func (*mixed) Short() string {
	return "Channels described, messages and memberships listed, and messages sent, all at once"
}

func (s *mixed) Flags(f *pflag.FlagSet) {
	s.requests.flags(f, "how many users read and send, each one request at a time")
	s.filled.flags(f, true, true)
	f.IntVar(&s.reads, "reads", 80, "how many percent of the requests read, of each kind as many")
}

func (s *mixed) Run(ctx context.Context, b *Bench) error {
	if s.reads < 0 || s.reads > 100 {
		return fmt.Errorf("%d %% of the requests cannot be reads", s.reads)
	}
	rooms, err := s.fill(ctx, b, s.callers)
	if err != nil {
		return err
	}
	reader := newReadings(b, rooms)
	// Every caller throws dice of its own, and the same in every run.
	dice := make([]*rand.Rand, s.callers)
	for i := range dice {
		dice[i] = rand.New(rand.NewPCG(1, uint64(i)))
	}
	kinds := []string{"SendChannelMessage", describeChannel, listMessages, listMemberships}
	return s.measure(ctx, b, &workload{
		name: "requests", kinds: kinds, writes: true,
		next: func(_ context.Context, caller int) (request, error) {
			if dice[caller].IntN(100) >= s.reads {
				return b.message(0, rooms.callers[caller], rooms.next(caller), s.size)
			}
			kind := 1 + dice[caller].IntN(len(kinds)-1)
			return reader.next(caller, kind, kinds[kind])
		},
	})
}
