package throttle_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"carillon/api"
	"carillon/throttle"
)

const (
	instance = "arn:aws:chime:us-east-1:123456789012:app-instance/i"
	alice    = instance + "/user/alice"
	bob      = instance + "/user/bob"
	general  = instance + "/channel/general"
	random   = instance + "/channel/random"
)

// bench is a throttle whose clock stands still until it is moved.
type bench struct {
	*throttle.Throttle
	t   *testing.T
	now time.Time
}

func newBench(t *testing.T, rates []throttle.Rate, buckets int) *bench {
	b := &bench{t: t, now: time.Unix(1_700_000_000, 0)}
	b.Throttle = throttle.New(rates, throttle.Options{Now: func() time.Time { return b.now }, Buckets: buckets})
	return b
}

func (b *bench) admits(bearer, operation string, in any) bool {
	b.t.Helper()
	op := api.Lookup(operation)
	if op == nil {
		b.t.Fatalf("no operation %s", operation)
	}
	err := b.Admit(context.Background(), op, &api.Caller{Account: "123456789012", Bearer: bearer}, in)
	if err != nil && !errors.Is(err, &api.Error{Kind: api.Throttled}) {
		b.t.Fatalf("%s: %v, want Throttled or nothing", operation, err)
	}
	return err == nil
}

// count returns how many of 200 requests at one moment are admitted.
func (b *bench) count(bearer, operation string, in any) int {
	b.t.Helper()
	n := 0
	for range 200 {
		if b.admits(bearer, operation, in) {
			n++
		}
	}
	return n
}

func TestAWSRates(t *testing.T) {
	describe := &api.DescribeChannelRequest{ChannelArn: general}
	for _, c := range []struct {
		name      string
		bearer    string
		operation string
		in        any
		want      int
	}{
		{"app instances are created 5 times a second", "", "CreateAppInstance", &api.CreateAppInstanceRequest{}, 5},
		{"app instances are listed 10 times a second", "", "ListAppInstances", &api.ListAppInstancesRequest{}, 10},
		{"users are created 10 times a second", "", "CreateAppInstanceUser", &api.CreateAppInstanceUserRequest{AppInstanceArn: instance}, 10},
		{"users are updated 10 times a second in their app instance", "", "UpdateAppInstanceUser", &api.UpdateAppInstanceUserRequest{AppInstanceUserArn: alice}, 10},
		{"users are described 20 times a second", "", "DescribeAppInstanceUser", &api.DescribeAppInstanceUserRequest{AppInstanceUserArn: alice}, 20},
		{"identity operations are held to 50 a second", "", "ListAppInstanceBots", &api.ListAppInstanceBotsRequest{AppInstanceArn: instance}, 50},
		{"a batch of members is added once a second", alice, "BatchCreateChannelMembership", &api.BatchCreateChannelMembershipRequest{ChannelArn: general}, 1},
		{"a bearer does 10 things a second", alice, "DescribeChannel", describe, 10},
		{"a channel is described 20 times a second", "", "DescribeChannel", describe, 20},
		{"members are added 15 times a second", "", "CreateChannelMembership", &api.CreateChannelMembershipRequest{ChannelArn: general}, 15},
		{"members of elastic channels are added 30 times a second", "", "CreateChannelMembership", &api.CreateChannelMembershipRequest{ChannelArn: general, SubChannelId: "s"}, 30},
		{"messages are sent 30 times a second", "", "SendChannelMessage", &api.SendChannelMessageRequest{ChannelArn: general}, 30},
		{"the channels of a bearer are listed at its own rate", bob, "ListChannelMembershipsForAppInstanceUser", &api.ListChannelMembershipsForAppInstanceUserRequest{}, 10},
		{"the channels of a user are listed 15 times a second", "", "ListChannelMembershipsForAppInstanceUser", &api.ListChannelMembershipsForAppInstanceUserRequest{AppInstanceUserArn: alice}, 15},
		{"tags have no rate", "", "ListTagsForResource", &api.ListTagsForResourceRequest{ResourceARN: general}, 200},
		{"preferences have no rate of their own", "", "GetChannelMembershipPreferences", &api.GetChannelMembershipPreferencesRequest{ChannelArn: general, MemberArn: alice}, 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := newBench(t, throttle.AWSRates(), 0).count(c.bearer, c.operation, c.in); got != c.want {
				t.Errorf("%d of 200 admitted, want %d", got, c.want)
			}
		})
	}

	t.Run("every rate is above 0 and names operations that exist", func(t *testing.T) {
		for _, r := range throttle.AWSRates() {
			if r.PerSecond < 1 || r.Scope == 0 || r.Name == "" {
				t.Errorf("%+v is no rate", r)
			}
			for _, name := range r.Operations {
				if op := api.Lookup(name); op == nil || op.Name != name {
					t.Errorf("%s: no operation %s", r.Name, name)
				}
			}
		}
	})
}

func TestAdmit(t *testing.T) {
	send := func(channel, sub string) *api.SendChannelMessageRequest {
		return &api.SendChannelMessageRequest{ChannelArn: channel, SubChannelId: sub}
	}

	t.Run("the text is that of AWS", func(t *testing.T) {
		b := newBench(t, []throttle.Rate{{Name: "x", Scope: throttle.PerAccount, PerSecond: 1}}, 0)
		b.admits("", "ListAppInstances", &api.ListAppInstancesRequest{})
		err := b.Admit(context.Background(), api.Lookup("ListAppInstances"), &api.Caller{Account: "123456789012"}, &api.ListAppInstancesRequest{})
		if got := api.AsError(err); got.Kind != api.Throttled || got.Message != "Rate exceeded" {
			t.Errorf("got %v", got)
		}
	})

	t.Run("tokens come back with time", func(t *testing.T) {
		b := newBench(t, throttle.AWSRates(), 0)
		in := &api.BatchCreateChannelMembershipRequest{ChannelArn: general}
		for step, c := range []struct {
			after time.Duration
			want  bool
		}{{0, true}, {0, false}, {999 * time.Millisecond, false}, {time.Millisecond, true}, {time.Hour, true}, {0, false}} {
			b.now = b.now.Add(c.after)
			if got := b.admits(alice, "BatchCreateChannelMembership", in); got != c.want {
				t.Errorf("step %d, %v later: admitted %v, want %v", step, c.after, got, c.want)
			}
		}
	})

	t.Run("channels are counted apart", func(t *testing.T) {
		b := newBench(t, throttle.AWSRates(), 0)
		b.count("", "SendChannelMessage", send(general, ""))
		if got := b.count("", "SendChannelMessage", send(random, "")); got != 30 {
			t.Errorf("%d admitted in the other channel, want 30", got)
		}
	})

	t.Run("sub-channels are counted apart", func(t *testing.T) {
		b := newBench(t, throttle.AWSRates(), 0)
		b.count("", "SendChannelMessage", send(general, "one"))
		if got := b.count("", "SendChannelMessage", send(general, "two")); got != 30 {
			t.Errorf("%d admitted in the other sub-channel, want 30", got)
		}
	})

	t.Run("operations of one rate are counted together", func(t *testing.T) {
		b := newBench(t, throttle.AWSRates(), 0)
		b.count("", "SendChannelMessage", send(general, ""))
		if b.admits("", "DeleteChannelMessage", &api.DeleteChannelMessageRequest{ChannelArn: general}) {
			t.Error("deleting is admitted after sending has used up the rate")
		}
	})

	t.Run("accounts are counted apart, whatever they name", func(t *testing.T) {
		b := newBench(t, throttle.AWSRates(), 0)
		op, in := api.Lookup("DescribeChannel"), &api.DescribeChannelRequest{ChannelArn: general}
		for range 100 {
			_ = b.Admit(context.Background(), op, &api.Caller{Account: "999999999999"}, in)
		}
		if got := b.count("", "DescribeChannel", in); got != 20 {
			t.Errorf("%d admitted after another account used up its own rate, want 20", got)
		}
	})

	t.Run("a refused request counts for no rate", func(t *testing.T) {
		b := newBench(t, throttle.AWSRates(), 0)
		batch := &api.BatchCreateChannelMembershipRequest{ChannelArn: general}
		b.admits(alice, "BatchCreateChannelMembership", batch)
		for range 50 {
			b.admits(alice, "BatchCreateChannelMembership", batch)
		}
		if got := b.count(alice, "DescribeChannel", &api.DescribeChannelRequest{ChannelArn: random}); got != 9 {
			t.Errorf("%d admitted for a bearer who was admitted once, want 9", got)
		}
	})

	t.Run("what names no resource of the scope is not counted", func(t *testing.T) {
		b := newBench(t, []throttle.Rate{{Name: "x", Scope: throttle.PerChannel, PerSecond: 1}}, 0)
		if got := b.count("", "DescribeAppInstance", &api.DescribeAppInstanceRequest{AppInstanceArn: instance}); got != 200 {
			t.Errorf("%d admitted, want all 200", got)
		}
	})

	t.Run("no more buckets are kept than allowed, and the newest are", func(t *testing.T) {
		b := newBench(t, []throttle.Rate{{Name: "x", Scope: throttle.PerChannel, PerSecond: 1}}, 2)
		describe := func(i int) bool {
			return b.admits("", "DescribeChannel", &api.DescribeChannelRequest{ChannelArn: fmt.Sprintf("%s%d", general, i)})
		}
		for i := range 3 {
			if !describe(i) {
				t.Errorf("channel %d: the first request is refused", i)
			}
		}
		if describe(2) || describe(1) {
			t.Error("a bucket that fits was forgotten")
		}
		if !describe(0) {
			t.Error("a bucket that does not fit was kept")
		}
	})
}

func BenchmarkAdmit(b *testing.B) {
	t := throttle.New(throttle.AWSRates(), throttle.Options{})
	op, caller := api.Lookup("SendChannelMessage"), &api.Caller{Account: "123456789012", Bearer: alice}
	in := &api.SendChannelMessageRequest{ChannelArn: general}
	b.ReportAllocs()
	for b.Loop() {
		_ = t.Admit(context.Background(), op, caller, in)
	}
}
