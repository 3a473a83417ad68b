package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/service/chimesdkmessaging"
)

func TestMessages(t *testing.T) {
	t.Parallel()
	s := startDev(t)
	a := newApp(t, &s.ready, 2)
	owner, other := a.users[0], a.users[1]
	client := s.messaging(t)
	send := func(t *testing.T, channel, sender, content string) string {
		t.Helper()
		out := must(client.SendChannelMessage(&chimesdkmessaging.SendChannelMessageInput{
			ChannelArn: &channel, Content: &content, Type: aws.String("STANDARD"), Persistence: aws.String("PERSISTENT"), ChimeBearer: &sender,
		}))(t)
		if aws.StringValue(out.Status.Value) != "SENT" {
			t.Errorf("status %v", out.Status)
		}
		return *out.MessageId
	}
	get := func(t *testing.T, channel, id string) *chimesdkmessaging.ChannelMessage {
		t.Helper()
		return must(client.GetChannelMessage(&chimesdkmessaging.GetChannelMessageInput{
			ChannelArn: &channel, MessageId: &id, ChimeBearer: &owner,
		}))(t).ChannelMessage
	}

	t.Run("pages come to the end in both orders", func(t *testing.T) {
		channel := a.newChannel(t, &s.ready, owner, "pages")
		var want []string
		for i := range 25 {
			want = append(want, send(t, channel, owner, fmt.Sprint("message ", i)))
		}
		for _, order := range []string{"ASCENDING", "DESCENDING"} {
			var got []string
			err := client.ListChannelMessagesPages(&chimesdkmessaging.ListChannelMessagesInput{
				ChannelArn: &channel, SortOrder: &order, MaxResults: aws.Int64(10), ChimeBearer: &owner,
			}, func(page *chimesdkmessaging.ListChannelMessagesOutput, _ bool) bool {
				for _, m := range page.ChannelMessages {
					got = append(got, aws.StringValue(m.MessageId))
				}
				return true
			})
			if order == "DESCENDING" {
				slices.Reverse(got)
			}
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%s: %v, got %d messages, want %d", order, err, len(got), len(want))
			}
		}
	})
	t.Run("a time in the query bounds a list", func(t *testing.T) {
		channel := a.newChannel(t, &s.ready, owner, "bounds")
		first := get(t, channel, send(t, channel, owner, "one")).CreatedTimestamp
		time.Sleep(time.Until(first.Add(2 * time.Millisecond))) // clients are told milliseconds
		second := get(t, channel, send(t, channel, owner, "two")).CreatedTimestamp
		for _, c := range []struct {
			bound string
			in    chimesdkmessaging.ListChannelMessagesInput
			want  int
		}{
			{"not before the second", chimesdkmessaging.ListChannelMessagesInput{NotBefore: second}, 1},
			{"not after an hour ago", chimesdkmessaging.ListChannelMessagesInput{NotAfter: aws.Time(second.Add(-time.Hour))}, 0},
			{"not before an hour ago", chimesdkmessaging.ListChannelMessagesInput{NotBefore: aws.Time(second.Add(-time.Hour))}, 2},
		} {
			c.in.ChannelArn, c.in.ChimeBearer = &channel, &owner
			if got := len(must(client.ListChannelMessages(&c.in))(t).ChannelMessages); got != c.want {
				t.Errorf("%s: %d messages, want %d", c.bound, got, c.want)
			}
		}
	})
	t.Run("what a message says comes back", func(t *testing.T) {
		channel := a.newChannel(t, &s.ready, owner, "contents")
		for _, text := range append(slices.Clone(texts), "zero \x00 byte", "\x01\x1f\x7f") {
			if got := aws.StringValue(get(t, channel, send(t, channel, owner, text)).Content); got != text {
				t.Errorf("%q came back as %q", text, got)
			}
		}
	})
	t.Run("a message is edited, redacted and deleted", func(t *testing.T) {
		channel := a.newChannel(t, &s.ready, owner, "life")
		id := send(t, channel, owner, "first")
		must(client.UpdateChannelMessage(&chimesdkmessaging.UpdateChannelMessageInput{
			ChannelArn: &channel, MessageId: &id, Content: aws.String("second"), Metadata: aws.String(`{"edited":true}`), ChimeBearer: &owner,
		}))(t)
		m := get(t, channel, id)
		if aws.StringValue(m.Content) != "second" || aws.StringValue(m.Metadata) != `{"edited":true}` || m.LastEditedTimestamp == nil {
			t.Errorf("edited: %v", m)
		}
		must(client.RedactChannelMessage(&chimesdkmessaging.RedactChannelMessageInput{ChannelArn: &channel, MessageId: &id, ChimeBearer: &owner}))(t)
		if m := get(t, channel, id); !aws.BoolValue(m.Redacted) || aws.StringValue(m.Content) != "" || m.Metadata != nil {
			t.Errorf("redacted: %v", m)
		}
		must(client.DeleteChannelMessage(&chimesdkmessaging.DeleteChannelMessageInput{ChannelArn: &channel, MessageId: &id, ChimeBearer: &a.admin}))(t)
		_, err := client.GetChannelMessage(&chimesdkmessaging.GetChannelMessageInput{ChannelArn: &channel, MessageId: &id, ChimeBearer: &owner})
		checkException[*chimesdkmessaging.NotFoundException](t, err, 404, "NotFoundException")
	})
	t.Run("attributes come back, and a target alone sees its message", func(t *testing.T) {
		channel := a.newChannel(t, &s.ready, owner, "target")
		addMember(t, client, channel, owner, other)
		attributes := map[string]*chimesdkmessaging.MessageAttributeValue{"mention": {StringValues: []*string{&other, aws.String("日本")}}}
		out := must(client.SendChannelMessage(&chimesdkmessaging.SendChannelMessageInput{
			ChannelArn: &channel, Content: aws.String("for you"), Type: aws.String("STANDARD"), Persistence: aws.String("PERSISTENT"), ChimeBearer: &owner,
			MessageAttributes: attributes, Target: []*chimesdkmessaging.Target{{MemberArn: &other}},
		}))(t)
		m := get(t, channel, *out.MessageId)
		if got := m.MessageAttributes["mention"]; got == nil || !slices.Equal(aws.StringValueSlice(got.StringValues), []string{other, "日本"}) {
			t.Errorf("attributes: %v", m.MessageAttributes)
		}
		if len(m.Target) != 1 || aws.StringValue(m.Target[0].MemberArn) != other {
			t.Errorf("target: %v", m.Target)
		}
		for bearer, want := range map[string]int{other: 1, a.admin: 0} {
			list := must(client.ListChannelMessages(&chimesdkmessaging.ListChannelMessagesInput{ChannelArn: &channel, ChimeBearer: &bearer}))(t)
			if got := len(list.ChannelMessages); got != want {
				t.Errorf("%s sees %d messages, want %d", bearer, got, want)
			}
		}
	})
	t.Run("a search finds the channels of two", func(t *testing.T) {
		channel := a.newChannel(t, &s.ready, owner, "search")
		addMember(t, client, channel, owner, other)
		in := &chimesdkmessaging.SearchChannelsInput{ChimeBearer: &owner, MaxResults: aws.Int64(1), Fields: []*chimesdkmessaging.SearchField{
			{Key: aws.String("MEMBERS"), Operator: aws.String("EQUALS"), Values: []*string{&owner, &other}},
		}}
		var got []string
		err := client.SearchChannelsPages(in, func(page *chimesdkmessaging.SearchChannelsOutput, _ bool) bool {
			for _, c := range page.Channels {
				got = append(got, aws.StringValue(c.Name))
			}
			return true
		})
		if err != nil || !slices.Equal(got, []string{"target", "search"}) {
			t.Errorf("%v, %v", got, err)
		}
	})
}
