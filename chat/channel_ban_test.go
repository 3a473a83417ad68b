package chat_test

import (
	"testing"
	"time"

	"carillon/api"
	"carillon/bus"
	"carillon/testenv"
)

func TestCreateChannelBan(t *testing.T) {
	e := testenv.New(t)
	channel := e.Channel("alice", testenv.PublicUnrestricted, "bob")
	e.Join("alice", channel, "dave", "HIDDEN")
	e.Must(e.As("alice").CreateChannelModerator(api.CreateChannelModeratorRequest{ChannelArn: channel, ChannelModeratorArn: e.ARN("carol")}))
	foreign := e.AddUser(e.NewInstance("other"), "stranger")
	joined := api.Time(e.Now())
	e.Events()
	ban := func(who string) (*api.CreateChannelBanResponse, error) {
		return e.As("carol").CreateChannelBan(api.CreateChannelBanRequest{ChannelArn: channel, MemberArn: who})
	}
	left := func(who, kind string, sequence int64, to bus.Audience) announcement {
		return announcement{"DELETE_CHANNEL_MEMBERSHIP", channel, sequence, to, &api.ChannelMembership{
			ChannelArn: channel, Member: e.Identity(who), InvitedBy: e.Identity("alice"), Type: kind, CreatedTimestamp: joined, LastUpdatedTimestamp: joined,
		}}
	}
	t.Run("a member is one no more, and hears it as the last of the channel", func(t *testing.T) {
		e.Advance(time.Second)
		out, err := ban(e.ARN("bob"))
		done(t, err)
		same(t, &api.CreateChannelBanResponse{ChannelArn: channel, Member: e.Identity("bob")}, out)
		announced(t, e, left("bob", "DEFAULT", 4, bus.Audience{Members: true, Left: e.ARNs("bob")}))
		same(t, []api.Identity{*e.Identity("alice")}, listMembers(t, e.As("alice"), channel, "", 50))
	})
	t.Run("of a hidden member only those who moderate hear, and itself", func(t *testing.T) {
		done(t, second(ban(e.ARN("dave"))))
		announced(t, e, left("dave", "HIDDEN", 5, bus.Audience{Moderators: true, Left: e.ARNs("dave")}))
		same(t, []api.Identity(nil), listMembers(t, e.As("alice"), channel, "HIDDEN", 50))
	})
	t.Run("who is no member can be banned too, and nothing is announced", func(t *testing.T) {
		done(t, second(ban(e.ARN("erin"))))
		announced(t, e)
	})
	t.Run("who is banned can read what is public, but neither join nor be added nor added in a batch", func(t *testing.T) {
		done(t, second(e.As("bob").DescribeChannel(api.DescribeChannelRequest{ChannelArn: channel})))
		for _, as := range []string{"bob", "alice", "admin"} {
			refused(t, second(e.As(as).CreateChannelMembership(api.CreateChannelMembershipRequest{ChannelArn: channel, MemberArn: e.ARN("bob"), Type: "DEFAULT"})), api.Forbidden)
		}
		got := batch(t, e.As("admin"), api.BatchCreateChannelMembershipRequest{ChannelArn: channel, MemberArns: e.ARNs("bob")})
		if len(got.Errors) != 1 || got.Errors[0].ErrorCode != "Forbidden" {
			t.Errorf("got %+v", got)
		}
		announced(t, e)
	})
	for _, c := range []struct {
		name, who string
		want      error
	}{
		{"who is banned already is a conflict", e.ARN("bob"), api.Errorf(api.Conflict, "The identity is banned from the channel already.")},
		{"an admin cannot be banned", e.ARN("admin"), api.Errorf(api.Forbidden, "An admin or a moderator of the channel cannot be banned.")},
		{"a moderator cannot be banned", e.ARN("alice"), api.Errorf(api.Forbidden, "An admin or a moderator of the channel cannot be banned.")},
		{"nobody can ban itself: who may ban is a moderator", e.ARN("carol"), api.Errorf(api.Forbidden, "An admin or a moderator of the channel cannot be banned.")},
		{"an unregistered user is forbidden", e.ARN("nobody"), api.Errorf(api.Forbidden, "An invalid app instance user ARN was supplied for the input parameter.")},
		{"a user of another app instance is an invalid ARN", foreign, api.Errorf(api.BadRequest, "An invalid ARN was supplied for the input parameter.")},
		{"the channel itself is an invalid ARN", channel, api.Errorf(api.BadRequest, "An invalid ARN was supplied for the input parameter.")},
	} {
		t.Run(c.name, func(t *testing.T) {
			same(t, c.want, second(ban(c.who)))
			announced(t, e)
		})
	}
	t.Run("a channel that does not exist is forbidden", func(t *testing.T) {
		refused(t, second(e.As("alice").CreateChannelBan(api.CreateChannelBanRequest{ChannelArn: e.Instance + "/channel/none", MemberArn: e.ARN("bob")})), api.Forbidden)
	})
	t.Run("a moderator of one channel can be banned from another", func(t *testing.T) {
		other := e.Channel("bob", testenv.PublicRestricted)
		e.Ban("bob", other, "carol")
		same(t, []api.Identity{*e.Identity("carol")}, bansOf(t, e.As("bob"), other))
	})
}

func TestDescribeChannelBan(t *testing.T) {
	e := testenv.New(t)
	channel := e.Channel("alice", testenv.PublicRestricted)
	e.Advance(time.Minute)
	e.Ban("admin", channel, "frank")
	banned := api.Time(e.Now())
	e.Advance(time.Minute)
	describe := func(who string) (*api.DescribeChannelBanResponse, error) {
		return e.As("alice").DescribeChannelBan(api.DescribeChannelBanRequest{ChannelArn: channel, MemberArn: e.ARN(who)})
	}
	t.Run("it tells since when and by whom", func(t *testing.T) {
		got, err := describe("frank")
		done(t, err)
		same(t, &api.ChannelBan{ChannelArn: channel, Member: e.Identity("frank"), CreatedBy: e.Identity("admin"), CreatedTimestamp: banned}, got.ChannelBan)
	})
	t.Run("who is not banned, or nobody, is not found", func(t *testing.T) {
		refused(t, second(describe("bob")), api.NotFound)
		refused(t, second(describe("nobody")), api.NotFound)
	})
	t.Run("a channel that does not exist is not found", func(t *testing.T) {
		refused(t, second(e.As("alice").DescribeChannelBan(api.DescribeChannelBanRequest{ChannelArn: e.Instance + "/channel/none", MemberArn: e.ARN("frank")})), api.NotFound)
	})
}

func TestDeleteChannelBan(t *testing.T) {
	e := testenv.New(t)
	channel := e.Channel("alice", testenv.PublicRestricted, "bob")
	e.Ban("alice", channel, "bob")
	e.Events()
	lift := func(who string) error {
		return e.As("alice").DeleteChannelBan(api.DeleteChannelBanRequest{ChannelArn: channel, MemberArn: e.ARN(who)})
	}
	t.Run("who was banned is not a member again, but can join again", func(t *testing.T) {
		done(t, lift("bob"))
		announced(t, e)
		same(t, []api.Identity{*e.Identity("alice")}, listMembers(t, e.As("alice"), channel, "", 50))
		e.Join("bob", channel, "bob", "DEFAULT")
	})
	t.Run("who is not banned, or nobody, is not banned afterwards either", func(t *testing.T) {
		done(t, lift("bob"))
		done(t, lift("nobody"))
	})
	t.Run("who is banned again is banned since then", func(t *testing.T) {
		e.Advance(time.Hour)
		e.Ban("alice", channel, "bob")
		got, err := e.As("alice").DescribeChannelBan(api.DescribeChannelBanRequest{ChannelArn: channel, MemberArn: e.ARN("bob")})
		done(t, err)
		same(t, api.Time(e.Now()), got.ChannelBan.CreatedTimestamp)
	})
}

func TestListChannelBans(t *testing.T) {
	e := testenv.New(t)
	channel := e.Channel("alice", testenv.PrivateRestricted, "bob")
	t.Run("a channel without any has an empty list", func(t *testing.T) {
		got, err := e.As("alice").ListChannelBans(api.ListChannelBansRequest{ChannelArn: channel})
		done(t, err)
		same(t, &api.ListChannelBansResponse{ChannelArn: channel, ChannelBans: []api.ChannelBanSummary{}}, got)
	})
	t.Run("they are listed in the order of banning", func(t *testing.T) {
		for _, who := range []string{"heidi", "bob", "grace"} {
			e.Ban("alice", channel, who)
		}
		same(t, []api.Identity{*e.Identity("heidi"), *e.Identity("bob"), *e.Identity("grace")}, bansOf(t, e.As("alice"), channel))
	})
	t.Run("a deleted user is not among them", func(t *testing.T) {
		done(t, e.Developer().DeleteAppInstanceUser(api.DeleteAppInstanceUserRequest{AppInstanceUserArn: e.ARN("bob")}))
		same(t, []api.Identity{*e.Identity("heidi"), *e.Identity("grace")}, bansOf(t, e.As("alice"), channel))
	})
}

func bansOf(t *testing.T, c *testenv.Client, channel string) (list []api.Identity) {
	t.Helper()
	out, err := c.ListChannelBans(api.ListChannelBansRequest{ChannelArn: channel})
	done(t, err)
	for _, b := range out.ChannelBans {
		list = append(list, *b.Member)
	}
	return list
}
