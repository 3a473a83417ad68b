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

func TestCreateChannel(t *testing.T) {
	e := testenv.New(t)
	e.Events()
	t.Run("it is there as it was asked for, and every member hears of every member", func(t *testing.T) {
		out, err := e.As("alice").CreateChannel(api.CreateChannelRequest{
			AppInstanceArn: e.Instance, ChannelId: "a:custom-id_1@example.com", Name: "a room", Metadata: textOf("m"),
			Privacy: "PRIVATE", Mode: "UNRESTRICTED", ClientRequestToken: e.Token(),
			MemberArns: e.ARNs("carol", "bob"), ModeratorArns: e.ARNs("dave", "bob"),
			Tags:               []api.Tag{{Key: "team", Value: "red"}},
			ExpirationSettings: &api.ExpirationSettings{ExpirationDays: 30, ExpirationCriterion: "LAST_MESSAGE_TIMESTAMP"},
		})
		done(t, err)
		channel := e.Instance + "/channel/a:custom-id_1@example.com"
		same(t, &api.CreateChannelResponse{ChannelArn: channel}, out)
		same(t, &api.Channel{
			ChannelArn: channel, Name: "a room", Metadata: textOf("m"), Privacy: "PRIVATE", Mode: "UNRESTRICTED",
			CreatedBy: e.Identity("alice"), CreatedTimestamp: api.Time(e.Now()), LastUpdatedTimestamp: api.Time(e.Now()),
			ExpirationSettings: &api.ExpirationSettings{ExpirationDays: 30, ExpirationCriterion: "LAST_MESSAGE_TIMESTAMP"},
		}, describeChannel(t, e.As("alice"), channel))
		same(t, []api.Tag{{Key: "team", Value: "red"}}, tagsOf(t, e, channel))
		same(t, []api.Identity{*e.Identity("alice"), *e.Identity("carol"), *e.Identity("bob")}, listMembers(t, e.As("alice"), channel, "", 50))
		same(t, []api.Identity(nil), listMembers(t, e.As("alice"), channel, "HIDDEN", 50))
		same(t, []api.Identity{*e.Identity("alice"), *e.Identity("dave"), *e.Identity("bob")}, moderatorsOf(t, e.As("alice"), channel))
		announced(t, e, joins(e, channel, "alice", "alice", "carol", "bob")...)
	})
	t.Run("when nothing is said it is public and restricted, with its creator as member and moderator", func(t *testing.T) {
		out, err := e.As("bob").CreateChannel(api.CreateChannelRequest{AppInstanceArn: e.Instance, Name: "plain", ClientRequestToken: e.Token()})
		done(t, err)
		if id, ok := strings.CutPrefix(out.ChannelArn, e.Instance+"/channel/"); !ok || len(id) != 36 {
			t.Errorf("made %s", out.ChannelArn)
		}
		same(t, &api.Channel{
			ChannelArn: out.ChannelArn, Name: "plain", Privacy: "PUBLIC", Mode: "RESTRICTED",
			CreatedBy: e.Identity("bob"), CreatedTimestamp: api.Time(e.Now()), LastUpdatedTimestamp: api.Time(e.Now()),
		}, describeChannel(t, e.As("bob"), out.ChannelArn))
		same(t, []api.Tag{}, tagsOf(t, e, out.ChannelArn))
		same(t, []api.Identity{*e.Identity("bob")}, listMembers(t, e.As("bob"), out.ChannelArn, "", 50))
		same(t, []api.Identity{*e.Identity("bob")}, moderatorsOf(t, e.As("bob"), out.ChannelArn))
		announced(t, e, joins(e, out.ChannelArn, "bob", "bob")...)
	})
	t.Run("who is listed twice, or is the creator, counts once", func(t *testing.T) {
		out, err := e.As("carol").CreateChannel(api.CreateChannelRequest{
			AppInstanceArn: e.Instance, Name: "echo", ClientRequestToken: e.Token(),
			MemberArns: e.ARNs("bob", "carol", "bob"), ModeratorArns: e.ARNs("bob", "bob", "carol"),
		})
		done(t, err)
		same(t, []api.Identity{*e.Identity("carol"), *e.Identity("bob")}, listMembers(t, e.As("carol"), out.ChannelArn, "", 50))
		same(t, []api.Identity{*e.Identity("carol"), *e.Identity("bob")}, moderatorsOf(t, e.As("carol"), out.ChannelArn))
		announced(t, e, joins(e, out.ChannelArn, "carol", "carol", "bob")...)
	})
	t.Run("two app instances may have a channel of one id", func(t *testing.T) {
		other := e.NewInstance("other")
		stranger := e.AddUser(other, "stranger")
		in := api.CreateChannelRequest{AppInstanceArn: other, ChannelId: "shared", Name: "theirs", ClientRequestToken: e.Token()}
		done(t, second(e.As(stranger).CreateChannel(in)))
		in.AppInstanceArn, in.Name = e.Instance, "ours"
		done(t, second(e.As("alice").CreateChannel(in)))
		same(t, "theirs", describeChannel(t, e.As(stranger), other+"/channel/shared").Name)
		same(t, "ours", describeChannel(t, e.As("alice"), e.Instance+"/channel/shared").Name)
	})
}

// joins are the announcements of the first members of a channel, in their order.
func joins(e *testenv.Env, channel, creator string, members ...string) (list []announcement) {
	for i, member := range members {
		list = append(list, announcement{
			"CREATE_CHANNEL_MEMBERSHIP", channel, int64(i + 1), bus.Audience{Members: true, Joined: e.ARNs(member)},
			&api.ChannelMembership{
				ChannelArn: channel, Member: e.Identity(member), InvitedBy: e.Identity(creator), Type: "DEFAULT",
				CreatedTimestamp: api.Time(e.Now()), LastUpdatedTimestamp: api.Time(e.Now()),
			},
		})
	}
	return list
}

func TestCreateChannelIsAllOrNothing(t *testing.T) {
	e := testenv.New(t)
	other := e.NewInstance("other")
	foreign := e.AddUser(other, "stranger")
	done(t, second(e.As("heidi").CreateChannel(api.CreateChannelRequest{AppInstanceArn: e.Instance, ChannelId: "taken", Name: "taken", ClientRequestToken: e.Token()})))
	done(t, e.Developer().DeleteAppInstanceUser(api.DeleteAppInstanceUserRequest{AppInstanceUserArn: e.ARN("grace")}))
	e.Events()
	unregistered := api.Errorf(api.Forbidden, "An invalid app instance user ARN was supplied for the input parameter.")
	invalid := api.Errorf(api.BadRequest, "An invalid ARN was supplied for the input parameter.")
	for _, c := range []struct {
		name   string
		change func(in *api.CreateChannelRequest)
		want   *api.Error
	}{
		{"an unregistered member", func(in *api.CreateChannelRequest) { in.MemberArns = append(in.MemberArns, e.ARN("nobody")) }, unregistered},
		{"a deleted member", func(in *api.CreateChannelRequest) { in.MemberArns = append(in.MemberArns, e.ARN("grace")) }, unregistered},
		{"a member of another app instance", func(in *api.CreateChannelRequest) { in.MemberArns = append(in.MemberArns, foreign) }, invalid},
		{"a member that is a channel", func(in *api.CreateChannelRequest) { in.MemberArns[0] = e.Instance + "/channel/taken" }, invalid},
		{"an unregistered moderator", func(in *api.CreateChannelRequest) { in.ModeratorArns = append(in.ModeratorArns, e.ARN("nobody")) }, unregistered},
		{"a moderator of another app instance", func(in *api.CreateChannelRequest) { in.ModeratorArns[0] = foreign }, invalid},
		{"an id that is taken", func(in *api.CreateChannelRequest) { in.ChannelId = "taken" }, api.Errorf(api.Conflict, "A channel with that ChannelId exists already.")},
		{"another app instance", func(in *api.CreateChannelRequest) { in.AppInstanceArn = other }, api.Errorf(api.Forbidden, "You do not have sufficient access to perform this action")},
		{"an app instance that does not exist", func(in *api.CreateChannelRequest) { in.AppInstanceArn += "x" }, api.Errorf(api.Forbidden, "You do not have sufficient access to perform this action")},
		{"a user as the app instance", func(in *api.CreateChannelRequest) { in.AppInstanceArn = e.ARN("alice") }, invalid},
		{"no ARN as the app instance", func(in *api.CreateChannelRequest) { in.AppInstanceArn = "demo" }, invalid},
		{"too much metadata", func(in *api.CreateChannelRequest) { in.Metadata = textOf(strings.Repeat("é", 513)) },
			api.Violation("Metadata", "Member must have at most 1024 bytes of UTF-8")},
	} {
		t.Run(c.name+" is refused and leaves nothing", func(t *testing.T) {
			in := api.CreateChannelRequest{
				AppInstanceArn: e.Instance, ChannelId: "wanted", Name: "wanted", ClientRequestToken: e.Token(),
				MemberArns: e.ARNs("bob", "carol"), ModeratorArns: e.ARNs("dave"), Tags: []api.Tag{{Key: "k", Value: "v"}},
			}
			c.change(&in)
			same(t, error(c.want), second(e.As("alice").CreateChannel(in)))
			announced(t, e)
			same(t, []string{e.Instance + "/channel/taken"}, channelsOf(t, e.As("alice"), e.Instance, ""))
			for _, who := range []string{"alice", "bob"} {
				own, err := e.As(who).ListChannelMembershipsForAppInstanceUser(api.ListChannelMembershipsForAppInstanceUserRequest{})
				done(t, err)
				same(t, 0, len(own.ChannelMemberships))
			}
		})
	}
	t.Run("and the id is free", func(t *testing.T) {
		out, err := e.As("erin").CreateChannel(api.CreateChannelRequest{AppInstanceArn: e.Instance, ChannelId: "wanted", Name: "wanted", ClientRequestToken: e.Token()})
		done(t, err)
		same(t, []api.Identity{*e.Identity("erin")}, listMembers(t, e.As("erin"), out.ChannelArn, "", 50))
		same(t, []api.Tag{}, tagsOf(t, e, out.ChannelArn))
	})
}

func TestCreateChannelOfAnIDThatWasUsedBefore(t *testing.T) {
	e := testenv.New(t)
	create := func(as string, in api.CreateChannelRequest) string {
		t.Helper()
		in.AppInstanceArn, in.ChannelId, in.ClientRequestToken = e.Instance, "room", e.Token()
		out, err := e.As(as).CreateChannel(in)
		done(t, err)
		return out.ChannelArn
	}
	old := create("alice", api.CreateChannelRequest{
		Name: "old", Privacy: "PRIVATE", Mode: "UNRESTRICTED", Metadata: textOf("old"), MemberArns: e.ARNs("bob"), ModeratorArns: e.ARNs("carol"),
		Tags: []api.Tag{{Key: "old", Value: "v"}}, ExpirationSettings: &api.ExpirationSettings{ExpirationDays: 1, ExpirationCriterion: "CREATED_TIMESTAMP"},
	})
	e.Join("alice", old, "dave", "HIDDEN")
	e.Ban("alice", old, "frank")
	e.Must(e.As("bob").PutChannelMembershipPreferences(api.PutChannelMembershipPreferencesRequest{
		ChannelArn: old, MemberArn: e.ARN("bob"),
		Preferences: &api.ChannelMembershipPreferences{PushNotifications: &api.PushNotificationPreferences{AllowNotifications: "NONE"}},
	}))
	done(t, e.As("alice").DeleteChannel(api.DeleteChannelRequest{ChannelArn: old}))
	events := e.Events()
	ended := events[len(events)-1].Sequence
	e.Advance(time.Hour)
	channel := create("erin", api.CreateChannelRequest{Name: "new"})

	t.Run("the channel has the old name of the resource and nothing else of it", func(t *testing.T) {
		same(t, old, channel)
		same(t, &api.Channel{
			ChannelArn: channel, Name: "new", Privacy: "PUBLIC", Mode: "RESTRICTED", CreatedBy: e.Identity("erin"),
			CreatedTimestamp: api.Time(e.Now()), LastUpdatedTimestamp: api.Time(e.Now()),
		}, describeChannel(t, e.As("erin"), channel))
		same(t, []api.Tag{}, tagsOf(t, e, channel))
	})
	t.Run("its events count on, so that no place is that of two", func(t *testing.T) {
		want := joins(e, channel, "erin", "erin")
		want[0].Sequence = ended + 1
		announced(t, e, want...)
	})
	t.Run("nobody of the old one is anything in it", func(t *testing.T) {
		same(t, []api.Identity{*e.Identity("erin")}, listMembers(t, e.As("erin"), channel, "", 50))
		same(t, []api.Identity(nil), listMembers(t, e.As("erin"), channel, "HIDDEN", 50))
		same(t, []api.Identity{*e.Identity("erin")}, moderatorsOf(t, e.As("erin"), channel))
		same(t, []api.Identity(nil), bansOf(t, e.As("erin"), channel))
		for _, who := range []string{"alice", "bob", "carol", "dave"} {
			refused(t, second(e.As(who).UpdateChannel(api.UpdateChannelRequest{ChannelArn: channel, Name: "mine"})), api.Forbidden)
			refused(t, second(e.As(who).GetChannelMembershipPreferences(api.GetChannelMembershipPreferencesRequest{ChannelArn: channel, MemberArn: e.ARN(who)})), api.Forbidden)
			own, err := e.As("admin").ListChannelMembershipsForAppInstanceUser(api.ListChannelMembershipsForAppInstanceUserRequest{AppInstanceUserArn: e.ARN(who)})
			done(t, err)
			same(t, 0, len(own.ChannelMemberships))
			moderated, err := e.As("admin").ListChannelsModeratedByAppInstanceUser(api.ListChannelsModeratedByAppInstanceUserRequest{AppInstanceUserArn: e.ARN(who)})
			done(t, err)
			same(t, 0, len(moderated.Channels))
		}
	})
	t.Run("everybody can be anything in it", func(t *testing.T) {
		for _, who := range []string{"alice", "bob", "carol", "dave", "frank"} {
			e.Join("erin", channel, who, "DEFAULT")
		}
		e.Must(e.As("erin").CreateChannelModerator(api.CreateChannelModeratorRequest{ChannelArn: channel, ChannelModeratorArn: e.ARN("carol")}))
		e.Ban("erin", channel, "frank")
		got, err := e.As("bob").GetChannelMembershipPreferences(api.GetChannelMembershipPreferencesRequest{ChannelArn: channel, MemberArn: e.ARN("bob")})
		done(t, err)
		same(t, "ALL", got.Preferences.PushNotifications.AllowNotifications)
	})
}

func TestUpdateChannel(t *testing.T) {
	e := testenv.New(t)
	channel := e.Channel("alice", testenv.PrivateRestricted, "bob")
	want := describeChannel(t, e.As("alice"), channel)
	e.Events()
	sequence := int64(2)
	for _, c := range []struct {
		name   string
		in     api.UpdateChannelRequest
		change func()
	}{
		{"the name alone", api.UpdateChannelRequest{Name: "renamed"}, func() { want.Name = "renamed" }},
		{"the mode alone", api.UpdateChannelRequest{Mode: "UNRESTRICTED"}, func() { want.Mode = "UNRESTRICTED" }},
		{"the metadata alone", api.UpdateChannelRequest{Metadata: textOf(`{"a":"<b>"}`)}, func() { want.Metadata = textOf(`{"a":"<b>"}`) }},
		{"nothing but the time", api.UpdateChannelRequest{}, func() {}},
		{"all at once", api.UpdateChannelRequest{Name: "again", Mode: "RESTRICTED", Metadata: textOf("m")}, func() {
			want.Name, want.Mode, want.Metadata = "again", "RESTRICTED", textOf("m")
		}},
		{"the metadata to nothing", api.UpdateChannelRequest{Metadata: textOf("")}, func() { want.Metadata = nil }},
	} {
		t.Run(c.name+" is changed, and every member is told the whole channel", func(t *testing.T) {
			e.Advance(time.Second)
			c.in.ChannelArn = channel
			out, err := e.As("alice").UpdateChannel(c.in)
			done(t, err)
			same(t, &api.UpdateChannelResponse{ChannelArn: channel}, out)
			c.change()
			want.LastUpdatedTimestamp = api.Time(e.Now())
			same(t, want, describeChannel(t, e.As("bob"), channel))
			sequence++
			announced(t, e, announcement{"UPDATE_CHANNEL", channel, sequence, bus.Audience{Members: true}, want})
		})
	}
	t.Run("an update that is refused changes nothing and is not announced", func(t *testing.T) {
		for in, kind := range map[*api.UpdateChannelRequest]api.Kind{
			{ChannelArn: channel, Name: "n", Metadata: textOf(strings.Repeat("m", 1025))}: api.BadRequest,
			{ChannelArn: e.Instance + "/channel/none", Name: "n"}:                         api.Forbidden,
			{ChannelArn: e.Instance, Name: "n"}:                                           api.BadRequest,
			{ChannelArn: "room", Name: "n"}:                                               api.BadRequest,
		} {
			refused(t, second(e.As("alice").UpdateChannel(*in)), kind)
		}
		same(t, want, describeChannel(t, e.As("bob"), channel))
		announced(t, e)
	})
	t.Run("the mode counts at once", func(t *testing.T) {
		add := api.CreateChannelMembershipRequest{ChannelArn: channel, MemberArn: e.ARN("carol"), Type: "DEFAULT"}
		refused(t, second(e.As("bob").CreateChannelMembership(add)), api.Forbidden)
		e.Must(e.As("alice").UpdateChannel(api.UpdateChannelRequest{ChannelArn: channel, Mode: "UNRESTRICTED"}))
		done(t, second(e.As("bob").CreateChannelMembership(add)))
	})
}

func TestDeleteChannel(t *testing.T) {
	e := testenv.New(t)
	channel := e.Channel("alice", testenv.PublicUnrestricted, "bob")
	kept := e.Channel("alice", testenv.PublicRestricted, "bob")
	e.Ban("alice", channel, "frank")
	last := describeChannel(t, e.As("alice"), channel)
	e.Events()
	done(t, e.As("alice").DeleteChannel(api.DeleteChannelRequest{ChannelArn: channel}))
	t.Run("every member is told what the channel was", func(t *testing.T) {
		announced(t, e, announcement{"DELETE_CHANNEL", channel, 3, bus.Audience{Members: true}, last})
	})
	alice, admin := e.As("alice"), e.As("admin")
	for operation, c := range map[string]struct {
		err  error
		want api.Kind
	}{
		"DeleteChannel":                               {alice.DeleteChannel(api.DeleteChannelRequest{ChannelArn: channel}), api.Forbidden},
		"DescribeChannel":                             {second(alice.DescribeChannel(api.DescribeChannelRequest{ChannelArn: channel})), api.Forbidden},
		"DescribeChannel by an admin":                 {second(admin.DescribeChannel(api.DescribeChannelRequest{ChannelArn: channel})), api.Forbidden},
		"UpdateChannel":                               {second(alice.UpdateChannel(api.UpdateChannelRequest{ChannelArn: channel, Name: "back"})), api.Forbidden},
		"CreateChannelMembership":                     {second(alice.CreateChannelMembership(api.CreateChannelMembershipRequest{ChannelArn: channel, MemberArn: e.ARN("carol"), Type: "DEFAULT"})), api.NotFound},
		"BatchCreateChannelMembership":                {second(alice.BatchCreateChannelMembership(api.BatchCreateChannelMembershipRequest{ChannelArn: channel, MemberArns: e.ARNs("carol")})), api.NotFound},
		"DescribeChannelMembership":                   {second(alice.DescribeChannelMembership(api.DescribeChannelMembershipRequest{ChannelArn: channel, MemberArn: e.ARN("bob")})), api.NotFound},
		"ListChannelMemberships":                      {second(alice.ListChannelMemberships(api.ListChannelMembershipsRequest{ChannelArn: channel})), api.Forbidden},
		"DeleteChannelMembership":                     {e.As("bob").DeleteChannelMembership(api.DeleteChannelMembershipRequest{ChannelArn: channel, MemberArn: e.ARN("bob")}), api.Forbidden},
		"CreateChannelModerator":                      {second(alice.CreateChannelModerator(api.CreateChannelModeratorRequest{ChannelArn: channel, ChannelModeratorArn: e.ARN("bob")})), api.Forbidden},
		"DescribeChannelModerator":                    {second(alice.DescribeChannelModerator(api.DescribeChannelModeratorRequest{ChannelArn: channel, ChannelModeratorArn: e.ARN("alice")})), api.NotFound},
		"ListChannelModerators":                       {second(alice.ListChannelModerators(api.ListChannelModeratorsRequest{ChannelArn: channel})), api.Forbidden},
		"DeleteChannelModerator":                      {alice.DeleteChannelModerator(api.DeleteChannelModeratorRequest{ChannelArn: channel, ChannelModeratorArn: e.ARN("alice")}), api.Forbidden},
		"CreateChannelBan":                            {second(alice.CreateChannelBan(api.CreateChannelBanRequest{ChannelArn: channel, MemberArn: e.ARN("bob")})), api.Forbidden},
		"DescribeChannelBan":                          {second(alice.DescribeChannelBan(api.DescribeChannelBanRequest{ChannelArn: channel, MemberArn: e.ARN("frank")})), api.NotFound},
		"ListChannelBans":                             {second(alice.ListChannelBans(api.ListChannelBansRequest{ChannelArn: channel})), api.Forbidden},
		"DeleteChannelBan":                            {alice.DeleteChannelBan(api.DeleteChannelBanRequest{ChannelArn: channel, MemberArn: e.ARN("frank")}), api.Forbidden},
		"DescribeChannelMembershipForAppInstanceUser": {second(admin.DescribeChannelMembershipForAppInstanceUser(api.DescribeChannelMembershipForAppInstanceUserRequest{ChannelArn: channel, AppInstanceUserArn: e.ARN("bob")})), api.Forbidden},
		"DescribeChannelModeratedByAppInstanceUser":   {second(alice.DescribeChannelModeratedByAppInstanceUser(api.DescribeChannelModeratedByAppInstanceUserRequest{ChannelArn: channel, AppInstanceUserArn: e.ARN("alice")})), api.Forbidden},
		"GetChannelMembershipPreferences":             {second(alice.GetChannelMembershipPreferences(api.GetChannelMembershipPreferencesRequest{ChannelArn: channel, MemberArn: e.ARN("alice")})), api.Forbidden},
		"PutChannelMembershipPreferences":             {second(alice.PutChannelMembershipPreferences(api.PutChannelMembershipPreferencesRequest{ChannelArn: channel, MemberArn: e.ARN("alice"), Preferences: &api.ChannelMembershipPreferences{}})), api.Forbidden},
		"ListTagsForResource":                         {second(e.Developer().ListTagsForResource(api.ListTagsForResourceRequest{ResourceARN: channel})), api.NotFound},
	} {
		t.Run("it is as if it had never been for "+operation, func(t *testing.T) { refused(t, c.err, c.want) })
	}
	t.Run("it is in no list", func(t *testing.T) {
		same(t, []string{kept}, channelsOf(t, alice, e.Instance, ""))
		own, err := e.As("bob").ListChannelMembershipsForAppInstanceUser(api.ListChannelMembershipsForAppInstanceUserRequest{})
		done(t, err)
		moderated, err := alice.ListChannelsModeratedByAppInstanceUser(api.ListChannelsModeratedByAppInstanceUserRequest{})
		done(t, err)
		if len(own.ChannelMemberships) != 1 || len(moderated.Channels) != 1 {
			t.Errorf("got %+v and %+v", own, moderated)
		}
	})
	t.Run("nothing of that is announced", func(t *testing.T) { announced(t, e) })
}

func TestListChannels(t *testing.T) {
	e := testenv.New(t)
	stranger := e.AddUser(e.NewInstance("other"), "stranger")
	t.Run("an app instance without any has an empty list", func(t *testing.T) {
		got, err := e.As("alice").ListChannels(api.ListChannelsRequest{AppInstanceArn: e.Instance})
		done(t, err)
		same(t, &api.ListChannelsResponse{Channels: []api.ChannelSummary{}}, got)
	})
	of := map[string][]string{}
	for i := range 8 {
		s := shapes[(i*3)%4].shape
		of[s.Privacy] = append(of[s.Privacy], e.Channel([]string{"alice", "bob"}[i%2], s))
	}
	for _, c := range []struct{ as, privacy, want string }{
		{"erin", "", "PUBLIC"}, {"erin", "PUBLIC", "PUBLIC"}, {"alice", "", "PUBLIC"},
		{"admin", "", "PUBLIC"}, {"admin", "PUBLIC", "PUBLIC"}, {"admin", "PRIVATE", "PRIVATE"},
	} {
		t.Run(fmt.Sprintf("%s, who asks for %q, gets the %s ones in the order of their creation", c.as, c.privacy, c.want), func(t *testing.T) {
			same(t, of[c.want], channelsOf(t, e.As(c.as), e.Instance, c.privacy))
		})
	}
	t.Run("an entry tells name, privacy, mode and metadata", func(t *testing.T) {
		e.Must(e.As("alice").UpdateChannel(api.UpdateChannelRequest{ChannelArn: of["PUBLIC"][0], Name: "first", Metadata: textOf("m")}))
		got, err := e.As("erin").ListChannels(api.ListChannelsRequest{AppInstanceArn: e.Instance, MaxResults: 1})
		done(t, err)
		same(t, []api.ChannelSummary{{ChannelArn: of["PUBLIC"][0], Name: "first", Privacy: "PUBLIC", Mode: "RESTRICTED", Metadata: textOf("m")}}, got.Channels)
	})
	t.Run("a private channel is listed to nobody but an admin, whatever somebody is to it", func(t *testing.T) {
		for _, as := range []string{"alice", "bob", "erin"} {
			refused(t, second(e.As(as).ListChannels(api.ListChannelsRequest{AppInstanceArn: e.Instance, Privacy: "PRIVATE"})), api.Forbidden)
		}
	})
	t.Run("those of another app instance are forbidden, and no ARN of one is invalid", func(t *testing.T) {
		refused(t, second(e.As(stranger).ListChannels(api.ListChannelsRequest{AppInstanceArn: e.Instance})), api.Forbidden)
		refused(t, second(e.As("admin").ListChannels(api.ListChannelsRequest{AppInstanceArn: e.Instance + "x"})), api.Forbidden)
		refused(t, second(e.As("admin").ListChannels(api.ListChannelsRequest{AppInstanceArn: e.ARN("admin")})), api.BadRequest)
	})
}

func describeChannel(t *testing.T, c *testenv.Client, channel string) *api.Channel {
	t.Helper()
	out, err := c.DescribeChannel(api.DescribeChannelRequest{ChannelArn: channel})
	done(t, err)
	return out.Channel
}

func channelsOf(t *testing.T, c *testenv.Client, instance, privacy string) (arns []string) {
	t.Helper()
	out, err := c.ListChannels(api.ListChannelsRequest{AppInstanceArn: instance, Privacy: privacy})
	done(t, err)
	for _, channel := range out.Channels {
		arns = append(arns, channel.ChannelArn)
	}
	return arns
}
