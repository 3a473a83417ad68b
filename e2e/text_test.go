package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/service/chimesdkidentity"
	"github.com/aws/aws-sdk-go/service/chimesdkmessaging"
)

// texts are names that people and programs give.
var texts = []string{
	"Ünïcødé ß ŉ ﬁ",
	"日本語 한국어 中文",
	"שלום مرحبا",
	"👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪 𝒳",
	"e\u0301 differs from é",
	`"quotes" 'and' \backslashes\ /slashes/ %2F %`,
	"<script>alert(1)</script> & ; -- DROP TABLE",
	"tab\tand line\nbreaks\r\n",
	"\u2028\u2029\ufffd\ue000",
	" leading and trailing ",
	strings.Repeat("😀", 256),
}

// Whatever text goes in comes out.
func TestTexts(t *testing.T) {
	t.Parallel()
	s := startDev(t)
	a := newApp(t, &s.ready, 1)
	owner := a.users[0]
	client := s.messaging(t)
	for _, text := range texts {
		channel := a.newChannel(t, &s.ready, owner, text)
		metadata := text[:min(len(text), 1024)]
		must(client.UpdateChannel(&chimesdkmessaging.UpdateChannelInput{
			ChannelArn: &channel, Metadata: &metadata, ChimeBearer: &owner,
		}))(t)
		got := must(client.DescribeChannel(&chimesdkmessaging.DescribeChannelInput{ChannelArn: &channel, ChimeBearer: &owner}))(t).Channel
		if aws.StringValue(got.Name) != text {
			t.Errorf("the name %q came back as %q", text, aws.StringValue(got.Name))
		}
		if aws.StringValue(got.Metadata) != metadata {
			t.Errorf("the metadata %q came back as %q", metadata, aws.StringValue(got.Metadata))
		}
	}
}

// Ids with every character they may have work in paths, queries and bodies.
func TestIDs(t *testing.T) {
	t.Parallel()
	s := startDev(t)
	a := newApp(t, &s.ready, 1)
	owner := a.users[0]
	client := s.messaging(t)
	for _, id := range []string{"x", "bob@example.com", "us-east-1:0d5e0c4e-6a1c-4f0e-8f57-0f0b6b6f8c55", "a:-_.@Z", strings.Repeat("i", 64)} {
		user := a.newUser(t, s.identity(t), id, id)
		if !strings.HasSuffix(user, "/user/"+id) {
			t.Errorf("the user %q has the ARN %s", id, user)
		}
		must(s.identity(t).DescribeAppInstanceUser(&chimesdkidentity.DescribeAppInstanceUserInput{AppInstanceUserArn: &user}))(t)
		channel := *must(client.CreateChannel(&chimesdkmessaging.CreateChannelInput{
			AppInstanceArn: &a.arn, ChannelId: &id, Name: &id, ChimeBearer: &owner,
		}))(t).ChannelArn
		if !strings.HasSuffix(channel, "/channel/"+id) {
			t.Errorf("the channel %q has the ARN %s", id, channel)
		}
		addMember(t, client, channel, owner, user)
		must(client.DescribeChannelMembership(&chimesdkmessaging.DescribeChannelMembershipInput{
			ChannelArn: &channel, MemberArn: &user, ChimeBearer: &user,
		}))(t)
		listed := must(client.ListChannelMembershipsForAppInstanceUser(&chimesdkmessaging.ListChannelMembershipsForAppInstanceUserInput{
			AppInstanceUserArn: &user, ChimeBearer: &user,
		}))(t)
		if len(listed.ChannelMemberships) != 1 {
			t.Errorf("%s has %d memberships", id, len(listed.ChannelMemberships))
		}
		must(client.DeleteChannelMembership(&chimesdkmessaging.DeleteChannelMembershipInput{
			ChannelArn: &channel, MemberArn: &user, ChimeBearer: &user,
		}))(t)
		if got := members(t, client, channel, owner, ""); !slices.Equal(got, []string{owner}) {
			t.Errorf("after %s left there are %v", id, got)
		}
	}
}

// A moment comes back as that moment: not as a thousand times as many seconds, and not cut to whole
// ones.
func TestTimestamps(t *testing.T) {
	t.Parallel()
	s := startDev(t)
	before := time.Now().Add(-time.Second)
	a := newApp(t, &s.ready, 1)
	owner := a.users[0]
	client := s.messaging(t)
	var moments []time.Time
	for _, name := range []string{"one", "two", "three", "four"} {
		channel := a.newChannel(t, &s.ready, owner, name)
		got := must(client.DescribeChannel(&chimesdkmessaging.DescribeChannelInput{ChannelArn: &channel, ChimeBearer: &owner}))(t).Channel
		moments = append(moments, aws.TimeValue(got.CreatedTimestamp), aws.TimeValue(got.LastUpdatedTimestamp))
		if got.LastMessageTimestamp != nil {
			t.Errorf("a channel without messages has the last at %v", got.LastMessageTimestamp)
		}
	}
	instance := must(s.identity(t).DescribeAppInstance(&chimesdkidentity.DescribeAppInstanceInput{AppInstanceArn: &a.arn}))(t).AppInstance
	moments = append(moments, aws.TimeValue(instance.CreatedTimestamp), aws.TimeValue(instance.LastUpdatedTimestamp))
	after := time.Now().Add(time.Second)
	whole := 0
	for _, m := range moments {
		if m.Before(before) || m.After(after) {
			t.Errorf("%v is not between %v and %v", m, before, after)
		}
		if m.Nanosecond() == 0 {
			whole++
		}
	}
	if whole == len(moments) {
		t.Errorf("every moment is a whole second: %v", moments)
	}
}
