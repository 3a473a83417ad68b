package chat_test

import (
	"testing"
	"time"

	"carillon/api"
	"carillon/testenv"
)

func TestCreateChannelModerator(t *testing.T) {
	e := testenv.New(t)
	channel := e.Channel("alice", testenv.PrivateRestricted)
	e.Ban("alice", channel, "frank")
	foreign := e.AddUser(e.NewInstance("other"), "stranger")
	e.Events()
	create := func(who string) (*api.CreateChannelModeratorResponse, error) {
		return e.As("alice").CreateChannelModerator(api.CreateChannelModeratorRequest{ChannelArn: channel, ChannelModeratorArn: who})
	}
	t.Run("who is made one moderates at once, and is no member", func(t *testing.T) {
		out, err := create(e.ARN("bob"))
		done(t, err)
		same(t, &api.CreateChannelModeratorResponse{ChannelArn: channel, ChannelModerator: e.Identity("bob")}, out)
		announced(t, e)
		done(t, second(e.As("bob").UpdateChannel(api.UpdateChannelRequest{ChannelArn: channel, Name: "by bob"})))
		same(t, []api.Identity{*e.Identity("alice")}, listMembers(t, e.As("bob"), channel, "", 50))
	})
	for _, c := range []struct {
		name, who string
		want      error
	}{
		{"a moderator again is a conflict", e.ARN("bob"), api.Errorf(api.Conflict, "The identity is a moderator of the channel already.")},
		{"the creator is a moderator already", e.ARN("alice"), api.Errorf(api.Conflict, "The identity is a moderator of the channel already.")},
		{"a banned user is forbidden", e.ARN("frank"), api.Errorf(api.Forbidden, "The identity is banned from the channel.")},
		{"an unregistered user is forbidden", e.ARN("nobody"), api.Errorf(api.Forbidden, "An invalid app instance user ARN was supplied for the input parameter.")},
		{"a user of another app instance is an invalid ARN", foreign, api.Errorf(api.BadRequest, "An invalid ARN was supplied for the input parameter.")},
		{"an app instance is an invalid ARN", e.Instance, api.Errorf(api.BadRequest, "An invalid ARN was supplied for the input parameter.")},
	} {
		t.Run(c.name, func(t *testing.T) { same(t, c.want, second(create(c.who))) })
	}
	t.Run("a channel that does not exist is forbidden", func(t *testing.T) {
		refused(t, second(e.As("alice").CreateChannelModerator(api.CreateChannelModeratorRequest{
			ChannelArn: e.Instance + "/channel/none", ChannelModeratorArn: e.ARN("bob"),
		})), api.Forbidden)
	})
}

func TestDescribeChannelModerator(t *testing.T) {
	e := testenv.New(t)
	channel := e.Channel("alice", testenv.PublicRestricted)
	e.Advance(time.Minute)
	e.Must(e.As("admin").CreateChannelModerator(api.CreateChannelModeratorRequest{ChannelArn: channel, ChannelModeratorArn: e.ARN("bob")}))
	made := api.Time(e.Now())
	e.Advance(time.Minute)
	describe := func(who string) (*api.DescribeChannelModeratorResponse, error) {
		return e.As("alice").DescribeChannelModerator(api.DescribeChannelModeratorRequest{ChannelArn: channel, ChannelModeratorArn: who})
	}
	t.Run("it tells since when and by whom", func(t *testing.T) {
		got, err := describe(e.ARN("bob"))
		done(t, err)
		same(t, &api.ChannelModerator{
			ChannelArn: channel, Moderator: e.Identity("bob"), CreatedBy: e.Identity("admin"), CreatedTimestamp: made,
		}, got.ChannelModerator)
	})
	t.Run("the creator of the channel made itself one", func(t *testing.T) {
		got, err := describe(e.ARN("alice"))
		done(t, err)
		same(t, e.Identity("alice"), got.ChannelModerator.CreatedBy)
	})
	t.Run("an admin, who has the powers, is not found: it has not the role", func(t *testing.T) {
		refused(t, second(describe(e.ARN("admin"))), api.NotFound)
	})
	t.Run("who is no moderator, or nobody, is not found", func(t *testing.T) {
		refused(t, second(describe(e.ARN("carol"))), api.NotFound)
		refused(t, second(describe(e.ARN("nobody"))), api.NotFound)
	})
	t.Run("a channel that does not exist is not found", func(t *testing.T) {
		refused(t, second(e.As("alice").DescribeChannelModerator(api.DescribeChannelModeratorRequest{
			ChannelArn: e.Instance + "/channel/none", ChannelModeratorArn: e.ARN("bob"),
		})), api.NotFound)
	})
}

func TestDeleteChannelModerator(t *testing.T) {
	e := testenv.New(t)
	channel := e.Channel("alice", testenv.PrivateRestricted, "bob")
	e.Must(e.As("alice").CreateChannelModerator(api.CreateChannelModeratorRequest{ChannelArn: channel, ChannelModeratorArn: e.ARN("bob")}))
	e.Events()
	remove := func(as, who string) error {
		return e.As(as).DeleteChannelModerator(api.DeleteChannelModeratorRequest{ChannelArn: channel, ChannelModeratorArn: e.ARN(who)})
	}
	t.Run("the role is gone at once, the membership stays", func(t *testing.T) {
		done(t, remove("alice", "bob"))
		refused(t, second(e.As("bob").UpdateChannel(api.UpdateChannelRequest{ChannelArn: channel, Name: "by bob"})), api.Forbidden)
		same(t, []api.Identity{*e.Identity("alice"), *e.Identity("bob")}, listMembers(t, e.As("bob"), channel, "", 50))
		same(t, []api.Identity{*e.Identity("alice")}, moderatorsOf(t, e.As("alice"), channel))
		announced(t, e)
	})
	t.Run("who is no moderator, or nobody, is none afterwards either", func(t *testing.T) {
		done(t, remove("alice", "bob"))
		done(t, remove("alice", "nobody"))
	})
	t.Run("the last one may take the role from itself", func(t *testing.T) {
		done(t, remove("alice", "alice"))
		refused(t, remove("alice", "alice"), api.Forbidden)
		same(t, []api.Identity(nil), moderatorsOf(t, e.As("admin"), channel))
	})
	t.Run("who is banned from being a member may not come back as a moderator", func(t *testing.T) {
		e.Ban("admin", channel, "bob")
		refused(t, second(e.As("admin").CreateChannelModerator(api.CreateChannelModeratorRequest{ChannelArn: channel, ChannelModeratorArn: e.ARN("bob")})), api.Forbidden)
	})
}

func TestListChannelModerators(t *testing.T) {
	e := testenv.New(t)
	channel := e.Channel("alice", testenv.PublicRestricted)
	for _, who := range []string{"heidi", "bob", "grace"} {
		e.Must(e.As("alice").CreateChannelModerator(api.CreateChannelModeratorRequest{ChannelArn: channel, ChannelModeratorArn: e.ARN(who)}))
	}
	t.Run("they are listed in the order in which they became one", func(t *testing.T) {
		same(t, []api.Identity{*e.Identity("alice"), *e.Identity("heidi"), *e.Identity("bob"), *e.Identity("grace")}, moderatorsOf(t, e.As("bob"), channel))
	})
	t.Run("a channel without any has an empty list", func(t *testing.T) {
		bare := e.Channel("bob", testenv.PublicRestricted)
		done(t, e.As("bob").DeleteChannelModerator(api.DeleteChannelModeratorRequest{ChannelArn: bare, ChannelModeratorArn: e.ARN("bob")}))
		got, err := e.As("admin").ListChannelModerators(api.ListChannelModeratorsRequest{ChannelArn: bare})
		done(t, err)
		same(t, &api.ListChannelModeratorsResponse{ChannelArn: bare, ChannelModerators: []api.ChannelModeratorSummary{}}, got)
	})
}

func TestChannelsModeratedByAppInstanceUser(t *testing.T) {
	e := testenv.New(t)
	first := e.Channel("alice", testenv.PrivateRestricted)
	own := e.Channel("bob", testenv.PublicUnrestricted)
	e.Channel("carol", testenv.PublicRestricted, "bob")
	e.Advance(time.Minute)
	e.Must(e.As("alice").CreateChannelModerator(api.CreateChannelModeratorRequest{ChannelArn: first, ChannelModeratorArn: e.ARN("bob")}))
	ofFirst := api.ChannelSummary{ChannelArn: first, Name: "channel of alice", Privacy: "PRIVATE", Mode: "RESTRICTED"}
	ofOwn := api.ChannelSummary{ChannelArn: own, Name: "channel of bob", Privacy: "PUBLIC", Mode: "UNRESTRICTED"}
	list := func(t *testing.T, as, user string) (channels []api.ChannelSummary) {
		t.Helper()
		out, err := e.As(as).ListChannelsModeratedByAppInstanceUser(api.ListChannelsModeratedByAppInstanceUserRequest{AppInstanceUserArn: user})
		done(t, err)
		for _, c := range out.Channels {
			channels = append(channels, *c.ChannelSummary)
		}
		return channels
	}
	t.Run("the bearer's own are listed in the order in which it became a moderator", func(t *testing.T) {
		want := []api.ChannelSummary{ofOwn, ofFirst}
		same(t, want, list(t, "bob", ""))
		same(t, want, list(t, "bob", e.ARN("bob")))
		same(t, want, list(t, "admin", e.ARN("bob")))
	})
	t.Run("one of them is described", func(t *testing.T) {
		for _, as := range []string{"bob", "admin"} {
			got, err := e.As(as).DescribeChannelModeratedByAppInstanceUser(api.DescribeChannelModeratedByAppInstanceUserRequest{ChannelArn: first, AppInstanceUserArn: e.ARN("bob")})
			done(t, err)
			same(t, &api.DescribeChannelModeratedByAppInstanceUserResponse{Channel: &api.ChannelModeratedByAppInstanceUserSummary{ChannelSummary: &ofFirst}}, got)
		}
	})
	t.Run("an admin, who has the powers everywhere, has the role nowhere", func(t *testing.T) {
		same(t, []api.ChannelSummary(nil), list(t, "admin", ""))
		refused(t, second(e.As("admin").DescribeChannelModeratedByAppInstanceUser(api.DescribeChannelModeratedByAppInstanceUserRequest{ChannelArn: first, AppInstanceUserArn: e.ARN("admin")})), api.Forbidden)
	})
	t.Run("an unregistered user is forbidden", func(t *testing.T) {
		refused(t, second(e.As("admin").ListChannelsModeratedByAppInstanceUser(api.ListChannelsModeratedByAppInstanceUserRequest{AppInstanceUserArn: e.ARN("nobody")})), api.Forbidden)
	})
	t.Run("a deleted channel and a lost role are in no list", func(t *testing.T) {
		done(t, e.As("bob").DeleteChannel(api.DeleteChannelRequest{ChannelArn: own}))
		same(t, []api.ChannelSummary{ofFirst}, list(t, "bob", ""))
		done(t, e.As("alice").DeleteChannelModerator(api.DeleteChannelModeratorRequest{ChannelArn: first, ChannelModeratorArn: e.ARN("bob")}))
		same(t, []api.ChannelSummary(nil), list(t, "bob", ""))
		refused(t, second(e.As("bob").DescribeChannelModeratedByAppInstanceUser(api.DescribeChannelModeratedByAppInstanceUserRequest{ChannelArn: first, AppInstanceUserArn: e.ARN("bob")})), api.Forbidden)
	})
}

func moderatorsOf(t *testing.T, c *testenv.Client, channel string) (list []api.Identity) {
	t.Helper()
	out, err := c.ListChannelModerators(api.ListChannelModeratorsRequest{ChannelArn: channel})
	done(t, err)
	for _, m := range out.ChannelModerators {
		list = append(list, *m.Moderator)
	}
	return list
}
