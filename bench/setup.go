package bench

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/google/uuid"

	"carillon/api"
)

const (
	// setupCalls is how many calls are under way at once while users and channels are made.
	setupCalls = 64
	// batchSize is how many members AWS takes in one call.
	batchSize = 100
)

// user makes one user.
func (b *Bench) user(ctx context.Context, id string) (string, error) {
	var made api.CreateAppInstanceUserResponse
	err := b.client.call(ctx, "CreateAppInstanceUser", "", nil, &api.CreateAppInstanceUserRequest{
		AppInstanceArn: b.instance, AppInstanceUserId: b.prefix + "-" + id, Name: id, ClientRequestToken: uuid.NewString(),
	}, &made)
	return made.AppInstanceUserArn, err
}

// users makes many.
func (b *Bench) users(ctx context.Context, kind string, n int) ([]string, error) {
	list := make([]string, n)
	err := b.each(ctx, "users made", n, func(ctx context.Context, i int) (err error) {
		list[i], err = b.user(ctx, fmt.Sprintf("%s-%d", kind, i))
		return err
	})
	return list, err
}

// channel makes a channel that anybody may enter.
func (b *Bench) channel(ctx context.Context) (string, error) {
	var made api.CreateChannelResponse
	err := b.client.call(ctx, "CreateChannel", b.admin, nil, &api.CreateChannelRequest{
		AppInstanceArn: b.instance, Name: b.prefix, ClientRequestToken: uuid.NewString(),
		Mode: api.ChannelModeUnrestricted, Privacy: api.ChannelPrivacyPublic,
	}, &made)
	return made.ChannelArn, err
}

// channels makes many.
func (b *Bench) channels(ctx context.Context, n int) ([]string, error) {
	list := make([]string, n)
	err := b.each(ctx, "channels made", n, func(ctx context.Context, i int) (err error) {
		list[i], err = b.channel(ctx)
		return err
	})
	return list, err
}

// enter adds users to channels: members[i] to channels[i].
func (b *Bench) enter(ctx context.Context, channels []string, members [][]string) error {
	type batch struct {
		channel string
		members []string
	}
	var batches []batch
	for i, channel := range channels {
		for chunk := range slices.Chunk(members[i], batchSize) {
			batches = append(batches, batch{channel, chunk})
		}
	}
	return b.each(ctx, "batches of members added", len(batches), func(ctx context.Context, i int) error {
		var answer api.BatchCreateChannelMembershipResponse
		err := b.client.call(ctx, "BatchCreateChannelMembership", b.admin, []string{batches[i].channel},
			&api.BatchCreateChannelMembershipRequest{Type: api.ChannelMembershipTypeDefault, MemberArns: batches[i].members}, &answer)
		if err == nil && len(answer.Errors) > 0 {
			err = fmt.Errorf("adding %s: %s", answer.Errors[0].MemberArn, answer.Errors[0].ErrorMessage)
		}
		return err
	})
}

// each does something n times, several at once, until one fails.
func (b *Bench) each(ctx context.Context, what string, n int, do func(ctx context.Context, i int) error) error {
	var done atomic.Int64
	b.show(func() string { return fmt.Sprintf("%d of %d %s", done.Load(), n, what) })
	defer b.show(nil)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(setupCalls)
	for i := range n {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error {
			defer done.Add(1)
			return do(ctx, i)
		})
	}
	return group.Wait()
}

// repeat sends n requests, by some callers over connections of their own, until one fails. It tells how
// long they took.
func (b *Bench) repeat(ctx context.Context, what string, n, callers int, next func(ctx context.Context, i int) (request, error)) (*delays, error) {
	var begun atomic.Int64
	b.show(func() string { return fmt.Sprintf("%d of %d %s", min(begun.Load(), int64(n)), n, what) })
	defer b.show(nil)
	wires, err := b.wires(callers, b.Endpoint)
	if err != nil {
		return nil, err
	}
	defer closeWires(wires)
	took := newDelays()
	group, ctx := errgroup.WithContext(ctx)
	for caller, w := range wires {
		group.Go(func() error {
			for {
				i := int(begun.Add(1)) - 1
				if i >= n || ctx.Err() != nil {
					return ctx.Err()
				}
				r, err := next(ctx, i)
				if err != nil {
					return err
				}
				w.until(time.Now().Add(callTimeout))
				begin := time.Now()
				a, err := w.exchange(ctx, r.raw)
				if err != nil {
					return err
				}
				if a.status/100 != 2 {
					return &refusal{operation: what, status: a.status, kind: a.kind, message: string(a.body)}
				}
				took.add(caller, time.Since(begin))
			}
		})
	}
	return took, group.Wait()
}
