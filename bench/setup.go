package bench

import (
	"context"
	"encoding/json"
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
	err := b.setUp(ctx, "users made", n, func(i int) (request, error) {
		id := fmt.Sprintf("%s-%d", kind, i)
		return b.sign(0, "CreateAppInstanceUser", "", nil, "", &api.CreateAppInstanceUserRequest{
			AppInstanceArn: b.instance, AppInstanceUserId: b.prefix + "-" + id, Name: id, ClientRequestToken: uuid.NewString(),
		})
	}, func(i int, body []byte) error {
		var made api.CreateAppInstanceUserResponse
		err := json.Unmarshal(body, &made)
		list[i] = made.AppInstanceUserArn
		return err
	})
	return list, err
}

// newChannel is a channel that anybody may enter.
func (b *Bench) newChannel() *api.CreateChannelRequest {
	return &api.CreateChannelRequest{
		AppInstanceArn: b.instance, Name: b.prefix, ClientRequestToken: uuid.NewString(),
		Mode: api.ChannelModeUnrestricted, Privacy: api.ChannelPrivacyPublic,
	}
}

// channel makes a channel.
func (b *Bench) channel(ctx context.Context) (string, error) {
	var made api.CreateChannelResponse
	err := b.client.call(ctx, "CreateChannel", b.admin, nil, b.newChannel(), &made)
	return made.ChannelArn, err
}

// channels makes many.
func (b *Bench) channels(ctx context.Context, n int) ([]string, error) {
	list := make([]string, n)
	err := b.setUp(ctx, "channels made", n, func(int) (request, error) {
		return b.sign(0, "CreateChannel", b.admin, nil, "", b.newChannel())
	}, func(i int, body []byte) error {
		var made api.CreateChannelResponse
		err := json.Unmarshal(body, &made)
		list[i] = made.ChannelArn
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
	return b.setUp(ctx, "batches of members added", len(batches), func(i int) (request, error) {
		return b.sign(0, "BatchCreateChannelMembership", b.admin, []string{batches[i].channel}, "",
			&api.BatchCreateChannelMembershipRequest{Type: api.ChannelMembershipTypeDefault, MemberArns: batches[i].members})
	}, func(_ int, body []byte) error {
		var answer api.BatchCreateChannelMembershipResponse
		err := json.Unmarshal(body, &answer)
		if err == nil && len(answer.Errors) > 0 {
			err = fmt.Errorf("adding %s: %s", answer.Errors[0].MemberArn, answer.Errors[0].ErrorMessage)
		}
		return err
	})
}

// setUp sends n requests, several at once, until one fails. heard is told the answers.
func (b *Bench) setUp(ctx context.Context, what string, n int, next func(i int) (request, error), heard func(i int, body []byte) error) error {
	_, err := b.repeat(ctx, what, n, setupCalls, next, heard)
	return err
}

// repeat sends n requests, by some callers over connections of their own, until one fails. heard, when not
// nil, is told the answers. It tells how long they took.
func (b *Bench) repeat(ctx context.Context, what string, n, callers int, next func(i int) (request, error), heard func(i int, body []byte) error) (*delays, error) {
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
				r, err := next(i)
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
				if heard == nil {
					continue
				}
				if err := heard(i, a.body); err != nil {
					return err
				}
			}
		})
	}
	return took, group.Wait()
}
