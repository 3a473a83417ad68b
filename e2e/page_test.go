package e2e

import (
	"fmt"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/service/chimesdkidentity"
	"github.com/aws/aws-sdk-go/service/chimesdkmessaging"
)

// The SDK's own paginators come to the end, with everything once and in order.
func TestPaginators(t *testing.T) {
	t.Parallel()
	s := startDev(t)
	a := newApp(t, &s.ready, 101)
	owner := a.users[0]
	client := s.messaging(t)
	var channels []string
	for i := range 5 {
		channels = append(channels, a.newChannel(t, &s.ready, owner, fmt.Sprint("channel ", i)))
	}
	must(client.BatchCreateChannelMembership(&chimesdkmessaging.BatchCreateChannelMembershipInput{
		ChannelArn: &channels[0], MemberArns: aws.StringSlice(a.users[1:]), ChimeBearer: &owner,
	}))(t)

	// check holds what pages had against what they should, and the sizes of the pages.
	check := func(t *testing.T, err error, got, want []string, sizes []int, size int) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %d:  %v\nwant %d: %v", len(got), got, len(want), want)
		}
		pages := (len(want) + size - 1) / size
		if len(sizes) != pages || slices.Max(sizes) != size || sizes[pages-1] != len(want)-(pages-1)*size {
			t.Errorf("the pages have the sizes %v", sizes)
		}
	}

	t.Run("members of a channel", func(t *testing.T) {
		for _, size := range []int{1, 7, 50} {
			var got []string
			var sizes []int
			err := client.ListChannelMembershipsPages(&chimesdkmessaging.ListChannelMembershipsInput{
				ChannelArn: &channels[0], MaxResults: aws.Int64(int64(size)), ChimeBearer: &owner,
			}, func(page *chimesdkmessaging.ListChannelMembershipsOutput, _ bool) bool {
				sizes = append(sizes, len(page.ChannelMemberships))
				for _, m := range page.ChannelMemberships {
					got = append(got, aws.StringValue(m.Member.Arn))
				}
				return true
			})
			check(t, err, got, a.users, sizes, size)
		}
	})
	t.Run("channels of an app instance", func(t *testing.T) {
		var got []string
		var sizes []int
		err := client.ListChannelsPages(&chimesdkmessaging.ListChannelsInput{
			AppInstanceArn: &a.arn, MaxResults: aws.Int64(2), ChimeBearer: &owner,
		}, func(page *chimesdkmessaging.ListChannelsOutput, _ bool) bool {
			sizes = append(sizes, len(page.Channels))
			for _, c := range page.Channels {
				got = append(got, aws.StringValue(c.ChannelArn))
			}
			return true
		})
		check(t, err, got, channels, sizes, 2)
	})
	t.Run("memberships of a user", func(t *testing.T) {
		var got []string
		var sizes []int
		err := client.ListChannelMembershipsForAppInstanceUserPages(&chimesdkmessaging.ListChannelMembershipsForAppInstanceUserInput{
			AppInstanceUserArn: &owner, MaxResults: aws.Int64(2), ChimeBearer: &a.admin,
		}, func(page *chimesdkmessaging.ListChannelMembershipsForAppInstanceUserOutput, _ bool) bool {
			sizes = append(sizes, len(page.ChannelMemberships))
			for _, m := range page.ChannelMemberships {
				got = append(got, aws.StringValue(m.ChannelSummary.ChannelArn))
			}
			return true
		})
		check(t, err, got, channels, sizes, 2)
	})
	t.Run("channels that a user moderates", func(t *testing.T) {
		var got []string
		var sizes []int
		err := client.ListChannelsModeratedByAppInstanceUserPages(&chimesdkmessaging.ListChannelsModeratedByAppInstanceUserInput{
			MaxResults: aws.Int64(3), ChimeBearer: &owner,
		}, func(page *chimesdkmessaging.ListChannelsModeratedByAppInstanceUserOutput, _ bool) bool {
			sizes = append(sizes, len(page.Channels))
			for _, c := range page.Channels {
				got = append(got, aws.StringValue(c.ChannelSummary.ChannelArn))
			}
			return true
		})
		check(t, err, got, channels, sizes, 3)
	})
	t.Run("bans of a channel", func(t *testing.T) {
		banned := a.users[10:15]
		for _, user := range banned {
			must(client.CreateChannelBan(&chimesdkmessaging.CreateChannelBanInput{
				ChannelArn: &channels[1], MemberArn: &user, ChimeBearer: &owner,
			}))(t)
		}
		var got []string
		var sizes []int
		err := client.ListChannelBansPages(&chimesdkmessaging.ListChannelBansInput{
			ChannelArn: &channels[1], MaxResults: aws.Int64(2), ChimeBearer: &owner,
		}, func(page *chimesdkmessaging.ListChannelBansOutput, _ bool) bool {
			sizes = append(sizes, len(page.ChannelBans))
			for _, b := range page.ChannelBans {
				got = append(got, aws.StringValue(b.Member.Arn))
			}
			return true
		})
		check(t, err, got, banned, sizes, 2)
	})
	t.Run("users of an app instance, created at the same time by many", func(t *testing.T) {
		var got []string
		var sizes []int
		err := s.identity(t).ListAppInstanceUsersPages(&chimesdkidentity.ListAppInstanceUsersInput{
			AppInstanceArn: &a.arn, MaxResults: aws.Int64(50),
		}, func(page *chimesdkidentity.ListAppInstanceUsersOutput, _ bool) bool {
			sizes = append(sizes, len(page.AppInstanceUsers))
			for _, u := range page.AppInstanceUsers {
				got = append(got, aws.StringValue(u.AppInstanceUserArn))
			}
			return true
		})
		want := append(slices.Clone(a.users), a.admin)
		slices.Sort(got)
		slices.Sort(want)
		check(t, err, got, want, sizes, 50)
	})
	t.Run("a token is refused with other parameters", func(t *testing.T) {
		page := must(client.ListChannels(&chimesdkmessaging.ListChannelsInput{
			AppInstanceArn: &a.arn, MaxResults: aws.Int64(2), ChimeBearer: &owner,
		}))(t)
		_, err := client.ListChannelMemberships(&chimesdkmessaging.ListChannelMembershipsInput{
			ChannelArn: &channels[0], NextToken: page.NextToken, ChimeBearer: &owner,
		})
		checkException[*chimesdkmessaging.BadRequestException](t, err, 400, "BadRequestException")
	})
}
