package chat_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"carillon/api"
	"carillon/testenv"
)

// BenchmarkOperation is what operations cost without HTTP and signature, one after the other: in a channel
// of 60 members and 60 messages of 300 bytes, for a user of 60 channels, so that every page of 50 is full.
func BenchmarkOperation(b *testing.B) {
	e := testenv.New(b)
	members := make([]string, 59)
	for i := range members {
		members[i] = fmt.Sprint("member-", i)
		e.AddUser(e.Instance, members[i])
	}
	channel := e.Channel("bob", testenv.PrivateUnrestricted, members...)
	text := strings.Repeat("x", 300)
	say := func() (*api.SendChannelMessageResponse, error) { return trySend(e, "bob", channel, text) }
	var message string
	for range 60 {
		e.Channel("bob", testenv.PublicRestricted)
		sent, err := say()
		if err != nil {
			b.Fatal(err)
		}
		message = sent.MessageId
	}
	bob := e.As("bob")
	for _, op := range []struct {
		name string
		call func() error
	}{
		{"DescribeChannel", func() error {
			_, err := bob.DescribeChannel(api.DescribeChannelRequest{ChannelArn: channel})
			return err
		}},
		{"GetChannelMessage", func() error {
			_, err := bob.GetChannelMessage(api.GetChannelMessageRequest{ChannelArn: channel, MessageId: message})
			return err
		}},
		{"ListChannelMessages", func() error {
			_, err := bob.ListChannelMessages(api.ListChannelMessagesRequest{ChannelArn: channel, MaxResults: 50})
			return err
		}},
		{"ListChannelMemberships", func() error {
			_, err := bob.ListChannelMemberships(api.ListChannelMembershipsRequest{ChannelArn: channel, MaxResults: 50})
			return err
		}},
		{"ListChannelMembershipsForAppInstanceUser", func() error {
			_, err := bob.ListChannelMembershipsForAppInstanceUser(api.ListChannelMembershipsForAppInstanceUserRequest{AppInstanceUserArn: e.ARN("bob"), MaxResults: 50})
			return err
		}},
		{"SendChannelMessage", func() error {
			_, err := say()
			return err
		}},
		{"UpdateChannelReadMarker", func() error {
			e.Advance(time.Millisecond)
			_, err := bob.UpdateChannelReadMarker(api.UpdateChannelReadMarkerRequest{ChannelArn: channel})
			return err
		}},
		{"CreateChannelMembership and DeleteChannelMembership", func() error {
			if _, err := bob.CreateChannelMembership(api.CreateChannelMembershipRequest{ChannelArn: channel, MemberArn: e.ARN("alice"), Type: "DEFAULT"}); err != nil {
				return err
			}
			return bob.DeleteChannelMembership(api.DeleteChannelMembershipRequest{ChannelArn: channel, MemberArn: e.ARN("alice")})
		}},
	} {
		b.Run(op.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := op.call(); err != nil {
					b.Fatal(err)
				}
			}
			e.Events()
		})
	}
}
