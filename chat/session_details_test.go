package chat_test

import (
	"strings"
	"testing"
	"time"

	"carillon/api"
	"carillon/testenv"
)

// What members see in common is made once and told again for a second: the clock of the tests stands
// still, so that everything here would be told again if the server overlooked a change.
func TestSessionDetailsAreThoseOfNow(t *testing.T) {
	type place struct {
		*testenv.Env
		channel, message string
	}
	for _, c := range []struct {
		name   string
		change func(t *testing.T, p place)
	}{
		{"a message is sent", func(t *testing.T, p place) { send(t, p.Env, "alice", p.channel, "another") }},
		{"a message is updated", func(t *testing.T, p place) {
			p.Must(p.As("alice").UpdateChannelMessage(api.UpdateChannelMessageRequest{ChannelArn: p.channel, MessageId: p.message, Content: "changed"}))
		}},
		{"a message is redacted", func(t *testing.T, p place) {
			p.Must(p.As("alice").RedactChannelMessage(api.RedactChannelMessageRequest{ChannelArn: p.channel, MessageId: p.message}))
		}},
		{"a message is deleted", func(t *testing.T, p place) {
			p.Must(nil, p.As("admin").DeleteChannelMessage(api.DeleteChannelMessageRequest{ChannelArn: p.channel, MessageId: p.message}))
		}},
		{"a message for one member is sent", func(t *testing.T, p place) {
			send(t, p.Env, "alice", p.channel, "for bob", to(p.ARN("bob")))
		}},
		{"somebody enters", func(t *testing.T, p place) { p.Join("alice", p.channel, "dave", "DEFAULT") }},
		{"somebody is removed", func(t *testing.T, p place) {
			p.Must(nil, p.As("alice").DeleteChannelMembership(api.DeleteChannelMembershipRequest{ChannelArn: p.channel, MemberArn: p.ARN("carol")}))
		}},
		{"somebody is renamed", func(t *testing.T, p place) {
			p.Must(p.Developer().UpdateAppInstanceUser(api.UpdateAppInstanceUserRequest{AppInstanceUserArn: p.ARN("alice"), Name: "Alicia"}))
		}},
		{"somebody is deleted", func(t *testing.T, p place) {
			p.Must(nil, p.Developer().DeleteAppInstanceUser(api.DeleteAppInstanceUserRequest{AppInstanceUserArn: p.ARN("carol")}))
		}},
		{"the channel is renamed", func(t *testing.T, p place) {
			p.Must(p.As("alice").UpdateChannel(api.UpdateChannelRequest{ChannelArn: p.channel, Name: "renamed", Mode: "RESTRICTED"}))
		}},
		{"the user has read", func(t *testing.T, p place) {
			p.Must(p.As("bob").UpdateChannelReadMarker(api.UpdateChannelReadMarkerRequest{ChannelArn: p.channel}))
		}},
		{"messages are kept for a day", func(t *testing.T, p place) { putRetention(t, p.Env, 1) }},
		{"messages are kept for longer again", func(t *testing.T, p place) {
			putRetention(t, p.Env, 1)
			detailed(t, p.Env, "bob", false)
			putRetention(t, p.Env, 1000)
			send(t, p.Env, "alice", p.channel, "another")
		}},
		{"a day passes in which they are kept", func(t *testing.T, p place) {
			putRetention(t, p.Env, 3)
			detailed(t, p.Env, "bob", false)
			p.Advance(2 * 24 * time.Hour)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := place{Env: testenv.New(t)}
			p.channel = p.Channel("alice", testenv.PublicRestricted, "bob", "carol")
			p.message = send(t, p.Env, "alice", p.channel, "to be changed")
			p.Advance(2 * 24 * time.Hour)
			read := func() string {
				_, texts := detailed(t, p.Env, "bob", false)
				return texts[0]
			}
			before := read()
			same(t, before, read())
			c.change(t, p)
			at := read()
			if at == before {
				t.Errorf("still %s", at)
			}
			p.Advance(time.Second)
			same(t, at, read())
		})
	}
}

func TestSessionDetailsOfOneAreNotTheOthers(t *testing.T) {
	e := testenv.New(t)
	channel := e.Channel("alice", testenv.PublicRestricted, "bob", "carol")
	send(t, e, "alice", channel, "for bob", to(e.ARN("bob")))
	send(t, e, "alice", channel, "for all")
	e.Must(e.As("carol").UpdateChannelReadMarker(api.UpdateChannelReadMarkerRequest{ChannelArn: channel}))
	for range 2 {
		for user, want := range map[string]struct{ messages, markers int }{"alice": {2, 0}, "bob": {2, 0}, "carol": {1, 1}} {
			_, texts := detailed(t, e, user, false)
			same(t, want.messages, strings.Count(texts[0], `"MessageId"`))
			same(t, want.markers, strings.Count(texts[0], `"ReadMarkerTimestamp"`))
		}
	}
}
