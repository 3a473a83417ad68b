package throttle_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"carillon/api"
	"carillon/throttle"
)

func TestPrincipals(t *testing.T) {
	role := func(session string) *api.Caller {
		return &api.Caller{Principal: "arn:aws:sts::123456789012:assumed-role/Chat/" + session}
	}
	// entered is how many of 100 requests at one moment get in, and what leaves them again.
	entered := func(t *testing.T, p *throttle.Principals, caller *api.Caller) (n int, leave []func()) {
		t.Helper()
		for range 100 {
			l, err := p.Enter(caller)
			if err == nil {
				n++
				leave = append(leave, l)
				continue
			}
			var e *api.Error
			if !errors.As(err, &e) || e.Kind != api.Throttled || !strings.HasPrefix(e.Reason, "rate: ") {
				t.Fatalf("%v", err)
			}
		}
		return n, leave
	}
	t.Run("each principal has its rate and its burst", func(t *testing.T) {
		now := time.Unix(1_700_000_000, 0)
		p := throttle.NewPrincipals(throttle.PrincipalLimits{PerSecond: 10, Burst: 30, Now: func() time.Time { return now }})
		for _, c := range []struct {
			who   string
			after time.Duration
			want  int
		}{{"alice", 0, 30}, {"bob", 0, 30}, {"alice", time.Second, 10}, {"alice", time.Minute, 30}} {
			now = now.Add(c.after)
			if n, _ := entered(t, p, role(c.who)); n != c.want {
				t.Errorf("%s after %v: %d, want %d", c.who, c.after, n, c.want)
			}
		}
	})
	t.Run("without a burst it is the rate", func(t *testing.T) {
		p := throttle.NewPrincipals(throttle.PrincipalLimits{PerSecond: 10, Now: func() time.Time { return time.Unix(0, 0) }})
		if n, _ := entered(t, p, role("alice")); n != 10 {
			t.Errorf("%d", n)
		}
	})
	t.Run("each principal has so many requests at once, and again once they have left", func(t *testing.T) {
		p := throttle.NewPrincipals(throttle.PrincipalLimits{AtOnce: 7})
		for range 2 {
			n, leave := entered(t, p, role("alice"))
			if other, left := entered(t, p, role("bob")); n != 7 || other != 7 {
				t.Errorf("%d and %d", n, other)
			} else {
				leave = append(leave, left...)
			}
			var all sync.WaitGroup
			for _, l := range leave {
				all.Go(l)
			}
			all.Wait()
		}
	})
	t.Run("a request that is refused for its rate is none of those at once", func(t *testing.T) {
		now := time.Unix(0, 0)
		p := throttle.NewPrincipals(throttle.PrincipalLimits{PerSecond: 1, AtOnce: 3, Now: func() time.Time { return now }})
		entered(t, p, role("alice"))
		for range 2 {
			now = now.Add(time.Second)
			if n, _ := entered(t, p, role("alice")); n != 1 {
				t.Errorf("%d", n)
			}
		}
	})
	t.Run("no limits are none", func(t *testing.T) {
		if n, _ := entered(t, throttle.NewPrincipals(throttle.PrincipalLimits{}), role("alice")); n != 100 {
			t.Errorf("%d", n)
		}
	})
}

func BenchmarkEnter(b *testing.B) {
	p := throttle.NewPrincipals(throttle.PrincipalLimits{PerSecond: 1 << 30, AtOnce: 1000})
	caller := &api.Caller{Principal: "arn:aws:iam::123456789012:root"}
	b.ReportAllocs()
	for b.Loop() {
		leave, err := p.Enter(caller)
		if err != nil {
			b.Fatal(err)
		}
		leave()
	}
}
