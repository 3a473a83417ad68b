package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/spf13/pflag"

	"carillon/api"
)

// join measures members that are added to channels: newcomers, picked at random among many users.
type join struct {
	requests
	users int
	batch int // how many in one call; 1 is the operation for one
}

func (s *join) Name() string {
	if s.batch > 1 {
		return "batch-join"
	}
	return "join"
}

func (s *join) Short() string {
	if s.batch > 1 {
		return "Members added to channels, a hundred in a call"
	}
	return "Members added to channels, one in a call"
}

func (s *join) Flags(f *pflag.FlagSet) {
	s.flags(f, "how many calls are made at once")
	f.IntVar(&s.users, "users", 10000, "how many users there are; a channel is left for a fresh one when all are members")
}

func (s *join) Run(ctx context.Context, b *Bench) error {
	if s.users < s.batch {
		return fmt.Errorf("%d users: there must be at least %d to add", s.users, s.batch)
	}
	users, err := b.users(ctx, "member", s.users)
	if err != nil {
		return err
	}
	doors := make([]*door, s.callers)
	for i := range doors {
		doors[i] = &door{b: b, dice: rand.New(rand.NewPCG(1, uint64(i))), users: users}
	}
	w := &workload{
		name: "joins", kinds: []string{"CreateChannelMembership"}, writes: true,
		next: func(ctx context.Context, caller int) (request, error) {
			channel, members, err := doors[caller].next(ctx, 1)
			if err != nil {
				return request{}, err
			}
			return b.sign(0, "CreateChannelMembership", b.admin, []string{channel}, "",
				&api.CreateChannelMembershipRequest{Type: api.ChannelMembershipTypeDefault, MemberArn: members[0]})
		},
	}
	if s.batch > 1 {
		w.name, w.kinds, w.unit, w.per = "batches", []string{"BatchCreateChannelMembership"}, "members", s.batch
		w.check = wholeBatch
		w.next = func(ctx context.Context, caller int) (request, error) {
			channel, members, err := doors[caller].next(ctx, s.batch)
			if err != nil {
				return request{}, err
			}
			return b.sign(0, "BatchCreateChannelMembership", b.admin, []string{channel}, "",
				&api.BatchCreateChannelMembershipRequest{Type: api.ChannelMembershipTypeDefault, MemberArns: members})
		}
	}
	return s.measure(ctx, b, w)
}

var errPartOfBatch = errors.New("not every member of a batch was added")

// wholeBatch looks into the answer to a batch.
func wholeBatch(body []byte) error {
	if bytes.Contains(body, []byte(`"ErrorCode"`)) {
		return errPartOfBatch
	}
	return nil
}

// door is where a caller lets users into a channel, in an order of its own, until all are in it.
type door struct {
	b       *Bench
	dice    *rand.Rand
	users   []string
	channel string
	order   []int // of those who are not in it yet
}

// next is some who are not members of a channel yet.
func (d *door) next(ctx context.Context, n int) (channel string, members []string, err error) {
	if len(d.order) < n {
		made, err := d.b.channel(ctx)
		if err != nil {
			return "", nil, err
		}
		d.channel, d.order = made, d.dice.Perm(len(d.users))
	}
	members = make([]string, n)
	for i := range members {
		members[i] = d.users[d.order[i]]
	}
	d.order = d.order[n:]
	return d.channel, members, nil
}
