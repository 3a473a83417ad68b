package e2e

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/service/chimesdkmessaging"
)

func TestBatchCreateChannelMembership(t *testing.T) {
	t.Parallel()
	s := startDev(t)
	a := newApp(t, &s.ready, 103)
	owner, others := a.users[0], a.users[1:]
	client := s.messaging(t)

	t.Run("a hundred users become members in one call, in the order of the request", func(t *testing.T) {
		channel := a.newChannel(t, &s.ready, owner, "hundred")
		out := must(client.BatchCreateChannelMembership(&chimesdkmessaging.BatchCreateChannelMembershipInput{
			ChannelArn: &channel, Type: aws.String("DEFAULT"), MemberArns: aws.StringSlice(others[:100]), ChimeBearer: &owner,
		}))(t)
		if len(out.Errors) != 0 {
			t.Errorf("errors: %v", out.Errors)
		}
		batch := out.BatchChannelMemberships
		if aws.StringValue(batch.ChannelArn) != channel || aws.StringValue(batch.Type) != "DEFAULT" {
			t.Errorf("channel %v, type %v", batch.ChannelArn, batch.Type)
		}
		if inviter := batch.InvitedBy; aws.StringValue(inviter.Arn) != owner || aws.StringValue(inviter.Name) != "User 0" {
			t.Errorf("invited by %v", inviter)
		}
		if got := arns(batch.Members); !slices.Equal(got, others[:100]) {
			t.Errorf("added %d members: %v", len(got), got)
		}
		if name := aws.StringValue(batch.Members[99].Name); name != "User 100" {
			t.Errorf("the last member is called %q", name)
		}
		if got := members(t, client, channel, owner, ""); !slices.Equal(got, a.users[:101]) {
			t.Errorf("the channel has %d members: %v", len(got), got)
		}
	})

	t.Run("who cannot be added is told apart, and the others are added", func(t *testing.T) {
		channel := a.newChannel(t, &s.ready, owner, "partial")
		present, banned, fine := others[0], others[1], others[2]
		addMember(t, client, channel, owner, present)
		must(client.CreateChannelBan(&chimesdkmessaging.CreateChannelBanInput{
			ChannelArn: &channel, MemberArn: &banned, ChimeBearer: &owner,
		}))(t)
		foreign := "arn:aws:chime:us-east-1:123456789012:app-instance/other/user/eve"
		out := must(client.BatchCreateChannelMembership(&chimesdkmessaging.BatchCreateChannelMembershipInput{
			ChannelArn: &channel, ChimeBearer: &owner,
			MemberArns: aws.StringSlice([]string{present, a.nobody(), fine, banned, channel, fine, foreign}),
		}))(t)
		if got := arns(out.BatchChannelMemberships.Members); !slices.Equal(got, []string{fine}) {
			t.Errorf("added %v", got)
		}
		want := [][2]string{
			{present, "Conflict"}, {a.nobody(), "NotFound"}, {banned, "Forbidden"}, {channel, "BadRequest"}, {foreign, "BadRequest"},
		}
		var got [][2]string
		for _, e := range out.Errors {
			got = append(got, [2]string{aws.StringValue(e.MemberArn), aws.StringValue(e.ErrorCode)})
			if aws.StringValue(e.ErrorMessage) == "" {
				t.Errorf("no message for %v", e)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("errors %v\nwant   %v", got, want)
		}
	})

	t.Run("when nobody can be added both lists are there", func(t *testing.T) {
		channel := a.newChannel(t, &s.ready, owner, "nobody")
		out := must(client.BatchCreateChannelMembership(&chimesdkmessaging.BatchCreateChannelMembershipInput{
			ChannelArn: &channel, MemberArns: aws.StringSlice([]string{a.nobody()}), ChimeBearer: &owner,
		}))(t)
		if out.BatchChannelMemberships == nil || out.BatchChannelMemberships.Members == nil || len(out.Errors) != 1 {
			t.Errorf("got %v", out)
		}
	})

	t.Run("hidden members are listed apart", func(t *testing.T) {
		channel := a.newChannel(t, &s.ready, owner, "hidden")
		out := must(client.BatchCreateChannelMembership(&chimesdkmessaging.BatchCreateChannelMembershipInput{
			ChannelArn: &channel, Type: aws.String("HIDDEN"), MemberArns: aws.StringSlice(others[:3]), ChimeBearer: &owner,
		}))(t)
		if got := aws.StringValue(out.BatchChannelMemberships.Type); got != "HIDDEN" {
			t.Errorf("type %q", got)
		}
		if got := members(t, client, channel, owner, ""); !slices.Equal(got, []string{owner}) {
			t.Errorf("not hidden: %v", got)
		}
		if got := members(t, client, channel, owner, "HIDDEN"); !slices.Equal(got, others[:3]) {
			t.Errorf("hidden: %v", got)
		}
	})

	t.Run("a hundred and one members are refused", func(t *testing.T) {
		channel := a.newChannel(t, &s.ready, owner, "too many")
		_, err := client.BatchCreateChannelMembership(&chimesdkmessaging.BatchCreateChannelMembershipInput{
			ChannelArn: &channel, MemberArns: aws.StringSlice(others[:101]), ChimeBearer: &owner,
		})
		checkException[*chimesdkmessaging.BadRequestException](t, err, 400, "BadRequestException")
	})
}

func arns(identities []*chimesdkmessaging.Identity) []string {
	list := make([]string, len(identities))
	for i, identity := range identities {
		list[i] = aws.StringValue(identity.Arn)
	}
	return list
}

// members lists all members of a channel of one type, through all pages.
func members(t *testing.T, client *chimesdkmessaging.ChimeSDKMessaging, channel, bearer, kind string) []string {
	t.Helper()
	in := &chimesdkmessaging.ListChannelMembershipsInput{ChannelArn: &channel, ChimeBearer: &bearer}
	if kind != "" {
		in.Type = &kind
	}
	var list []string
	err := client.ListChannelMembershipsPages(in, func(page *chimesdkmessaging.ListChannelMembershipsOutput, _ bool) bool {
		for _, m := range page.ChannelMemberships {
			list = append(list, aws.StringValue(m.Member.Arn))
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func addMember(t *testing.T, client *chimesdkmessaging.ChimeSDKMessaging, channel, bearer, member string) {
	t.Helper()
	must(client.CreateChannelMembership(&chimesdkmessaging.CreateChannelMembershipInput{
		ChannelArn: &channel, Type: aws.String("DEFAULT"), MemberArn: &member, ChimeBearer: &bearer,
	}))(t)
}
