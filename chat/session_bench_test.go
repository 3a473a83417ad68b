package chat_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"carillon/api"
	"carillon/bus"
	"carillon/testenv"
)

// BenchmarkSessionStreams is what a user who connects costs, with few channels and with many.
func BenchmarkSessionStreams(b *testing.B) {
	for _, channels := range []int{5, 50, 2000} {
		b.Run(fmt.Sprintf("channels=%d", channels), func(b *testing.B) {
			e := testenv.New(b)
			for range channels {
				e.Channel("bob", testenv.PublicRestricted)
			}
			bob := e.ARN("bob")
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := e.Service.SessionStreams(b.Context(), bob, func([]bus.Stream) error { return nil }); err != nil {
						b.Error(err)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "connects/s")
		})
	}
}

// BenchmarkSessionDetails is a prefetch of channels with 20 messages of 300 bytes and 50 members each: of
// channels that somebody else has just asked for, and of channels that nobody has.
func BenchmarkSessionDetails(b *testing.B) {
	for _, channels := range []int{5, 50} {
		e := testenv.New(b)
		members := make([]string, 50)
		for i := range members {
			members[i] = fmt.Sprint("member-", i)
			e.AddUser(e.Instance, members[i])
		}
		text := strings.Repeat("x", 300)
		for range channels {
			channel := e.Channel("bob", testenv.PublicRestricted, members...)
			for range 20 {
				if _, err := trySend(e, "bob", channel, text); err != nil {
					b.Fatal(err)
				}
			}
		}
		for _, shared := range []bool{true, false} {
			b.Run(fmt.Sprintf("channels=%d/shared=%v", channels, shared), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if !shared {
						e.Advance(time.Second)
					}
					if err := e.Service.SessionDetails(b.Context(), e.ARN("bob"), false, func(string, ...[]byte) error { return nil }); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkBatchCreateChannelMembership adds and announces 100 members, log and all.
func BenchmarkBatchCreateChannelMembership(b *testing.B) {
	e := testenv.New(b)
	users := make([]string, 100)
	for i := range users {
		users[i] = e.AddUser(e.Instance, fmt.Sprintf("0123456789abcdef-%032d", i))
	}
	for b.Loop() {
		b.StopTimer()
		channel := e.Channel("alice", testenv.PublicRestricted)
		b.StartTimer()
		if _, err := e.As("alice").BatchCreateChannelMembership(api.BatchCreateChannelMembershipRequest{ChannelArn: channel, MemberArns: users}); err != nil {
			b.Fatal(err)
		}
	}
}
