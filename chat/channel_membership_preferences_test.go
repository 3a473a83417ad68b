package chat_test

import (
	"strings"
	"testing"

	"carillon/api"
	"carillon/testenv"
)

func TestChannelMembershipPreferences(t *testing.T) {
	e := testenv.New(t)
	channel := e.Channel("alice", testenv.PrivateRestricted, "bob", "carol")
	e.Join("alice", channel, "dave", "HIDDEN")
	other := e.Channel("alice", testenv.PublicRestricted, "bob")
	e.Events()
	get := func(t *testing.T, who, channel string) *api.ChannelMembershipPreferences {
		t.Helper()
		got, err := e.As(who).GetChannelMembershipPreferences(api.GetChannelMembershipPreferencesRequest{ChannelArn: channel, MemberArn: e.ARN(who)})
		done(t, err)
		same(t, &api.GetChannelMembershipPreferencesResponse{ChannelArn: channel, Member: e.Identity(who), Preferences: got.Preferences}, got)
		return got.Preferences
	}
	put := func(as, member string, p *api.ChannelMembershipPreferences) (*api.PutChannelMembershipPreferencesResponse, error) {
		return e.As(as).PutChannelMembershipPreferences(api.PutChannelMembershipPreferencesRequest{ChannelArn: channel, MemberArn: e.ARN(member), Preferences: p})
	}
	push := func(allow, rule string) *api.ChannelMembershipPreferences {
		return &api.ChannelMembershipPreferences{PushNotifications: &api.PushNotificationPreferences{AllowNotifications: allow, FilterRule: rule}}
	}
	t.Run("before the first are set, everything is allowed", func(t *testing.T) {
		same(t, push("ALL", ""), get(t, "bob", channel))
	})
	for name, p := range map[string]*api.ChannelMembershipPreferences{
		"no notifications at all":         push("NONE", ""),
		"those that a rule lets through":  push("FILTERED", `{"type":["<b>&\u0000","é"], "mood":[{"anything-but":["sad"]}]}`),
		"a rule that is kept for later":   push("ALL", `{"type":["a"]}`),
		"no word about notifications":     {},
		"everything, as in the beginning": push("ALL", ""),
	} {
		t.Run(name+" can be set, for oneself and one channel", func(t *testing.T) {
			for _, who := range []string{"bob", "dave"} {
				out, err := put(who, who, p)
				done(t, err)
				same(t, &api.PutChannelMembershipPreferencesResponse{ChannelArn: channel, Member: e.Identity(who), Preferences: p}, out)
				same(t, p, get(t, who, channel))
			}
			same(t, push("ALL", ""), get(t, "carol", channel))
			same(t, push("ALL", ""), get(t, "bob", other))
		})
	}
	for _, c := range []struct {
		name string
		p    *api.ChannelMembershipPreferences
		want string
	}{
		{"a filter without a rule", push("FILTERED", ""), "Member must not be null when AllowNotifications is FILTERED"},
		{"a rule that is no JSON", push("FILTERED", "{"), "Member must be a JSON object"},
		{"a bad rule that is not used yet", push("NONE", "[]"), "Member must be a JSON object"},
		{"a rule of more than 2048 bytes", push("FILTERED", `{"a":["`+strings.Repeat("x", 2048)+`"]}`), "Member must have at most 2048 bytes"},
	} {
		t.Run(c.name+" is refused and changes nothing", func(t *testing.T) {
			done(t, second(put("bob", "bob", push("NONE", ""))))
			same(t, error(api.Violation("Preferences.PushNotifications.FilterRule", c.want)), second(put("bob", "bob", c.p)))
			same(t, push("NONE", ""), get(t, "bob", channel))
		})
	}
	t.Run("those of another are forbidden to everybody, also to who moderates", func(t *testing.T) {
		for _, as := range []string{"admin", "alice", "carol"} {
			refused(t, second(put(as, "bob", push("ALL", ""))), api.Forbidden)
			refused(t, second(e.As(as).GetChannelMembershipPreferences(api.GetChannelMembershipPreferencesRequest{ChannelArn: channel, MemberArn: e.ARN("bob")})), api.Forbidden)
		}
		same(t, push("NONE", ""), get(t, "bob", channel))
	})
	t.Run("who is banned has none", func(t *testing.T) {
		e.Ban("alice", channel, "carol")
		e.Events()
		refused(t, second(put("carol", "carol", push("ALL", ""))), api.Forbidden)
	})
	t.Run("no ARN of an identity is invalid", func(t *testing.T) {
		refused(t, second(e.As("bob").PutChannelMembershipPreferences(api.PutChannelMembershipPreferencesRequest{ChannelArn: channel, MemberArn: channel, Preferences: push("ALL", "")})), api.BadRequest)
		refused(t, second(e.As("bob").GetChannelMembershipPreferences(api.GetChannelMembershipPreferencesRequest{ChannelArn: channel, MemberArn: "bob"})), api.BadRequest)
	})
	t.Run("nothing is announced", func(t *testing.T) { announced(t, e) })
}
