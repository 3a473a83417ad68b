package bench

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/pflag"

	"carillon/api"
)

// send measures messages that are sent and stored.
type send struct {
	requests
	channels, size int
}

func (*send) Name() string { return "send" }

func (*send) Short() string { return "Messages sent and stored: how many, how fast" }

func (s *send) Flags(f *pflag.FlagSet) {
	s.flags(f, "how many users send, each one message at a time")
	f.IntVar(&s.channels, "channels", 100, "how many channels they send to, each user to those that it takes its turns in")
	f.IntVar(&s.size, "size", 300, "bytes of a message")
}

func (s *send) Run(ctx context.Context, b *Bench) error {
	if s.channels < 1 || s.size < 1 {
		return fmt.Errorf("%d channels and messages of %d bytes: there must be something to send", s.channels, s.size)
	}
	rooms, err := b.rooms(ctx, s.callers, s.channels)
	if err != nil {
		return err
	}
	return s.measure(ctx, b, &workload{
		name: "sends", kinds: []string{"SendChannelMessage"}, writes: true,
		next: func(_ context.Context, caller int) (request, error) {
			return b.message(0, rooms.callers[caller], rooms.next(caller), s.size)
		},
	})
}

// rooms are channels, and callers that are members of some of them: a caller takes its channels by turns.
type rooms struct {
	callers, channels []string
	turns             []int
}

// rooms makes them. Together the callers reach every channel.
func (b *Bench) rooms(ctx context.Context, callers, channels int) (*rooms, error) {
	r := &rooms{turns: make([]int, callers)}
	var err error
	if r.callers, err = b.users(ctx, "caller", callers); err != nil {
		return nil, err
	}
	if r.channels, err = b.channels(ctx, channels); err != nil {
		return nil, err
	}
	members := make([][]string, channels)
	for caller, user := range r.callers {
		for c := caller % channels; c < channels; c += callers {
			members[c] = append(members[c], user)
		}
	}
	return r, b.enter(ctx, r.channels, members)
}

// next is the channel whose turn it is with a caller, and its number.
func (r *rooms) next(caller int) string { return r.channels[r.turn(caller)] }

func (r *rooms) turn(caller int) int {
	channels, callers := len(r.channels), len(r.callers)
	first := caller % channels
	own := 1 + (channels-1-first)/callers
	turn := r.turns[caller]
	r.turns[caller]++
	return first + turn%own*callers
}

// message is a request that sends a message.
func (b *Bench) message(kind int, sender, channel string, size int) (request, error) {
	return b.sign(kind, "SendChannelMessage", sender, []string{channel}, "", newMessage(size))
}

// newMessage is a message of so many bytes.
func newMessage(size int) *api.SendChannelMessageRequest {
	return &api.SendChannelMessageRequest{
		Content: strings.Repeat("x", size), Type: api.ChannelMessageTypeStandard,
		Persistence: api.ChannelMessagePersistenceTypePersistent, ClientRequestToken: uuid.NewString(),
	}
}
