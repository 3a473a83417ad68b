package chat_test

import (
	"strings"
	"testing"
	"time"

	"carillon/api"
	"carillon/testenv"
)

func TestCreateAppInstanceUser(t *testing.T) {
	e := testenv.New(t)
	e.Events()
	dev := e.Developer()
	ivan := api.CreateAppInstanceUserRequest{
		AppInstanceArn: e.Instance, AppInstanceUserId: "ivan:1@example.com", Name: "Ivan", Metadata: textOf("m"),
		Tags:               []api.Tag{{Key: "team", Value: "red"}},
		ExpirationSettings: &api.ExpirationSettings{ExpirationDays: 30, ExpirationCriterion: "CREATED_TIMESTAMP"},
	}
	create := func(change func(in *api.CreateAppInstanceUserRequest)) (*api.CreateAppInstanceUserResponse, error) {
		in := ivan
		in.ClientRequestToken = e.Token()
		change(&in)
		return dev.CreateAppInstanceUser(in)
	}
	want := &api.AppInstanceUser{
		AppInstanceUserArn: e.ARN(ivan.AppInstanceUserId), Name: "Ivan", Metadata: textOf("m"),
		CreatedTimestamp: api.Time(e.Now()), LastUpdatedTimestamp: api.Time(e.Now()), ExpirationSettings: ivan.ExpirationSettings,
	}
	t.Run("it is there as it was asked for", func(t *testing.T) {
		out, err := create(func(*api.CreateAppInstanceUserRequest) {})
		done(t, err)
		same(t, &api.CreateAppInstanceUserResponse{AppInstanceUserArn: want.AppInstanceUserArn}, out)
		same(t, want, describeUser(t, e, want.AppInstanceUserArn))
		same(t, ivan.Tags, tagsOf(t, e, want.AppInstanceUserArn))
	})
	t.Run("the same again, as at every sign-in, is answered alike and changes nothing", func(t *testing.T) {
		e.Advance(time.Hour)
		out, err := create(func(in *api.CreateAppInstanceUserRequest) {
			in.Tags, in.ExpirationSettings = []api.Tag{{Key: "team", Value: "blue"}}, nil
		})
		done(t, err)
		same(t, &api.CreateAppInstanceUserResponse{AppInstanceUserArn: want.AppInstanceUserArn}, out)
		same(t, want, describeUser(t, e, want.AppInstanceUserArn))
		same(t, ivan.Tags, tagsOf(t, e, want.AppInstanceUserArn))
	})
	for name, c := range map[string]struct {
		change func(in *api.CreateAppInstanceUserRequest)
		want   api.Kind
	}{
		"another name for an id that is there is a conflict":     {func(in *api.CreateAppInstanceUserRequest) { in.Name = "Ivana" }, api.Conflict},
		"other metadata for an id that is there is a conflict":   {func(in *api.CreateAppInstanceUserRequest) { in.Metadata = textOf("n") }, api.Conflict},
		"no metadata for an id that is there with is a conflict": {func(in *api.CreateAppInstanceUserRequest) { in.Metadata = nil }, api.Conflict},
		"metadata of more than 1024 bytes is refused": {func(in *api.CreateAppInstanceUserRequest) {
			in.AppInstanceUserId, in.Metadata = "x", textOf(strings.Repeat("m", 1025))
		}, api.BadRequest},
		"a user does not expire by its last message": {func(in *api.CreateAppInstanceUserRequest) {
			in.AppInstanceUserId = "x"
			in.ExpirationSettings = &api.ExpirationSettings{ExpirationDays: 1, ExpirationCriterion: "LAST_MESSAGE_TIMESTAMP"}
		}, api.BadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, second(create(c.change)), c.want)
			same(t, want, describeUser(t, e, want.AppInstanceUserArn))
			refused(t, second(dev.DescribeAppInstanceUser(api.DescribeAppInstanceUserRequest{AppInstanceUserArn: e.ARN("x")})), api.Forbidden)
		})
	}
	t.Run("ids differ in the case of their letters, and are of one app instance", func(t *testing.T) {
		upper := e.AddUser(e.Instance, "Alice")
		foreign := e.AddUser(e.NewInstance("other"), "alice")
		for _, user := range []string{upper, foreign, e.ARN("alice")} {
			done(t, dev.TagResource(api.TagResourceRequest{ResourceARN: user, Tags: []api.Tag{{Key: "arn", Value: user}}}))
		}
		for _, user := range []string{upper, foreign, e.ARN("alice")} {
			same(t, []api.Tag{{Key: "arn", Value: user}}, tagsOf(t, e, user))
		}
	})
	t.Run("nothing is announced", func(t *testing.T) { announced(t, e) })
}

func TestUpdateAppInstanceUser(t *testing.T) {
	e := testenv.New(t)
	want := &api.AppInstanceUser{AppInstanceUserArn: e.ARN("bob"), CreatedTimestamp: api.Time(e.Now())}
	for _, c := range []struct {
		name            string
		metadata, shown *string
	}{
		{"name and metadata are replaced", textOf("first"), textOf("first")},
		{"metadata that is left out stays", nil, textOf("first")},
		{"empty metadata clears it", textOf(""), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			e.Advance(time.Second)
			out, err := e.Developer().UpdateAppInstanceUser(api.UpdateAppInstanceUserRequest{AppInstanceUserArn: e.ARN("bob"), Name: c.name, Metadata: c.metadata})
			done(t, err)
			same(t, &api.UpdateAppInstanceUserResponse{AppInstanceUserArn: e.ARN("bob")}, out)
			want.Name, want.Metadata, want.LastUpdatedTimestamp = c.name, c.shown, api.Time(e.Now())
			same(t, want, describeUser(t, e, e.ARN("bob")))
		})
	}
	t.Run("metadata of more than 1024 bytes is refused and changes nothing", func(t *testing.T) {
		refused(t, second(e.Developer().UpdateAppInstanceUser(api.UpdateAppInstanceUserRequest{
			AppInstanceUserArn: e.ARN("bob"), Name: "other", Metadata: textOf(strings.Repeat("m", 1025)),
		})), api.BadRequest)
		same(t, want, describeUser(t, e, e.ARN("bob")))
	})
}

// TestAppInstanceUserNames has the names that are those of no user of the caller, for every operation
// that takes one.
func TestAppInstanceUserNames(t *testing.T) {
	e := testenv.New(t)
	dev := e.Developer()
	for operation, call := range map[string]func(name string) error{
		"DescribeAppInstanceUser": func(name string) error {
			return second(dev.DescribeAppInstanceUser(api.DescribeAppInstanceUserRequest{AppInstanceUserArn: name}))
		},
		"UpdateAppInstanceUser": func(name string) error {
			return second(dev.UpdateAppInstanceUser(api.UpdateAppInstanceUserRequest{AppInstanceUserArn: name, Name: "x"}))
		},
		"PutAppInstanceUserExpirationSettings": func(name string) error {
			return second(dev.PutAppInstanceUserExpirationSettings(api.PutAppInstanceUserExpirationSettingsRequest{AppInstanceUserArn: name}))
		},
		"DeleteAppInstanceUser": func(name string) error {
			return dev.DeleteAppInstanceUser(api.DeleteAppInstanceUserRequest{AppInstanceUserArn: name})
		},
	} {
		for _, c := range []struct {
			what, name string
			want       api.Kind
		}{
			{"one that does not exist", e.ARN("nobody"), api.Forbidden},
			{"one of an app instance that does not exist", e.Instance + "x/user/alice", api.Forbidden},
			{"one of another account", strings.Replace(e.ARN("alice"), testenv.Account, otherAccount, 1), api.Forbidden},
			{"one of another region", strings.Replace(e.ARN("alice"), testenv.Region, "eu-central-1", 1), api.Forbidden},
			{"an app instance", e.Instance, api.BadRequest},
			{"a bot", e.Instance + "/bot/alice", api.BadRequest},
			{"a channel", e.Instance + "/channel/alice", api.BadRequest},
			{"no ARN at all", "alice", api.BadRequest},
		} {
			t.Run(operation+"/"+c.what, func(t *testing.T) { refused(t, call(c.name), c.want) })
		}
	}
}

func TestListAppInstanceUsers(t *testing.T) {
	e := testenv.New(t)
	e.AddUser(e.NewInstance("other"), "stranger")
	e.Must(e.Developer().CreateAppInstanceUser(api.CreateAppInstanceUserRequest{
		AppInstanceArn: e.Instance, AppInstanceUserId: "aaron", Name: "Aaron", Metadata: textOf("m"), ClientRequestToken: e.Token(),
	}))
	done(t, e.Developer().DeleteAppInstanceUser(api.DeleteAppInstanceUserRequest{AppInstanceUserArn: e.ARN("carol")}))
	t.Run("those of the app instance that are not deleted are listed in the order of their creation", func(t *testing.T) {
		out, err := e.Developer().ListAppInstanceUsers(api.ListAppInstanceUsersRequest{AppInstanceArn: e.Instance})
		done(t, err)
		want := &api.ListAppInstanceUsersResponse{AppInstanceArn: e.Instance}
		for _, user := range []string{"admin", "alice", "bob", "dave", "erin", "frank", "grace", "heidi"} {
			want.AppInstanceUsers = append(want.AppInstanceUsers, api.AppInstanceUserSummary{AppInstanceUserArn: e.ARN(user), Name: "Name of " + user})
		}
		want.AppInstanceUsers = append(want.AppInstanceUsers, api.AppInstanceUserSummary{AppInstanceUserArn: e.ARN("aaron"), Name: "Aaron", Metadata: textOf("m")})
		same(t, want, out)
	})
	t.Run("an app instance without any has an empty list", func(t *testing.T) {
		empty := e.NewInstance("empty")
		out, err := e.Developer().ListAppInstanceUsers(api.ListAppInstanceUsersRequest{AppInstanceArn: empty})
		done(t, err)
		same(t, &api.ListAppInstanceUsersResponse{AppInstanceArn: empty, AppInstanceUsers: []api.AppInstanceUserSummary{}}, out)
	})
}

// traces are the channels in which bob is something, one for each thing one can be.
type traces struct{ member, hidden, moderated, banned, own string }

// bobIsEverywhere gives bob every role there is: after it is deleted none of them may be left.
func bobIsEverywhere(e *testenv.Env) (t traces) {
	t.member = e.Channel("alice", testenv.PublicRestricted, "bob")
	t.hidden = e.Channel("alice", testenv.PrivateRestricted)
	e.Join("alice", t.hidden, "bob", "HIDDEN")
	t.moderated = e.Channel("alice", testenv.PrivateRestricted)
	e.Must(e.As("alice").CreateChannelModerator(api.CreateChannelModeratorRequest{ChannelArn: t.moderated, ChannelModeratorArn: e.ARN("bob")}))
	t.banned = e.Channel("alice", testenv.PublicUnrestricted)
	e.Ban("alice", t.banned, "bob")
	t.own = e.Channel("bob", testenv.PublicRestricted, "carol")
	e.Must(e.As("bob").PutChannelMembershipPreferences(api.PutChannelMembershipPreferencesRequest{
		ChannelArn: t.member, MemberArn: e.ARN("bob"),
		Preferences: &api.ChannelMembershipPreferences{PushNotifications: &api.PushNotificationPreferences{AllowNotifications: "NONE"}},
	}))
	e.Must(e.Developer().CreateAppInstanceAdmin(api.CreateAppInstanceAdminRequest{AppInstanceArn: e.Instance, AppInstanceAdminArn: e.ARN("bob")}))
	e.Must(nil, e.Developer().TagResource(api.TagResourceRequest{ResourceARN: e.ARN("bob"), Tags: []api.Tag{{Key: "k", Value: "v"}}}))
	e.Events()
	return t
}

func TestDeleteAppInstanceUser(t *testing.T) {
	e := testenv.New(t)
	in := bobIsEverywhere(e)
	done(t, e.Developer().DeleteAppInstanceUser(api.DeleteAppInstanceUserRequest{AppInstanceUserArn: e.ARN("bob")}))
	admin, alice, bob, dev := e.As("admin"), e.As("alice"), e.As("bob"), e.Developer()

	for name, c := range map[string]struct {
		err  error
		want api.Kind
	}{
		"it is no bearer":           {second(bob.DescribeChannel(api.DescribeChannelRequest{ChannelArn: in.member})), api.Unauthorized},
		"it is no user":             {second(dev.DescribeAppInstanceUser(api.DescribeAppInstanceUserRequest{AppInstanceUserArn: e.ARN("bob")})), api.Forbidden},
		"it cannot be changed":      {second(dev.UpdateAppInstanceUser(api.UpdateAppInstanceUserRequest{AppInstanceUserArn: e.ARN("bob"), Name: "B"})), api.Forbidden},
		"it cannot be deleted":      {dev.DeleteAppInstanceUser(api.DeleteAppInstanceUserRequest{AppInstanceUserArn: e.ARN("bob")}), api.Forbidden},
		"it has no tags":            {second(dev.ListTagsForResource(api.ListTagsForResourceRequest{ResourceARN: e.ARN("bob")})), api.NotFound},
		"it is no admin":            {second(dev.DescribeAppInstanceAdmin(api.DescribeAppInstanceAdminRequest{AppInstanceArn: e.Instance, AppInstanceAdminArn: e.ARN("bob")})), api.Forbidden},
		"it is no member":           {second(alice.DescribeChannelMembership(api.DescribeChannelMembershipRequest{ChannelArn: in.member, MemberArn: e.ARN("bob")})), api.NotFound},
		"it is no hidden member":    {second(alice.DescribeChannelMembership(api.DescribeChannelMembershipRequest{ChannelArn: in.hidden, MemberArn: e.ARN("bob")})), api.NotFound},
		"it is no moderator":        {second(alice.DescribeChannelModerator(api.DescribeChannelModeratorRequest{ChannelArn: in.moderated, ChannelModeratorArn: e.ARN("bob")})), api.NotFound},
		"it is not banned":          {second(alice.DescribeChannelBan(api.DescribeChannelBanRequest{ChannelArn: in.banned, MemberArn: e.ARN("bob")})), api.NotFound},
		"it has no memberships":     {second(admin.ListChannelMembershipsForAppInstanceUser(api.ListChannelMembershipsForAppInstanceUserRequest{AppInstanceUserArn: e.ARN("bob")})), api.Forbidden},
		"it has no membership":      {second(admin.DescribeChannelMembershipForAppInstanceUser(api.DescribeChannelMembershipForAppInstanceUserRequest{ChannelArn: in.member, AppInstanceUserArn: e.ARN("bob")})), api.Forbidden},
		"it moderates nothing":      {second(admin.ListChannelsModeratedByAppInstanceUser(api.ListChannelsModeratedByAppInstanceUserRequest{AppInstanceUserArn: e.ARN("bob")})), api.Forbidden},
		"it moderates not this one": {second(admin.DescribeChannelModeratedByAppInstanceUser(api.DescribeChannelModeratedByAppInstanceUserRequest{ChannelArn: in.moderated, AppInstanceUserArn: e.ARN("bob")})), api.Forbidden},
	} {
		t.Run(name, func(t *testing.T) { refused(t, c.err, c.want) })
	}
	t.Run("it is in no list", func(t *testing.T) { bobIsNowhere(t, e, in) })
	t.Run("what it created stays, and tells who that was", func(t *testing.T) {
		same(t, e.Identity("bob"), describeChannel(t, e.As("carol"), in.own).CreatedBy)
		carol, err := e.As("carol").DescribeChannelMembership(api.DescribeChannelMembershipRequest{ChannelArn: in.own, MemberArn: e.ARN("carol")})
		done(t, err)
		same(t, e.Identity("bob"), carol.ChannelMembership.InvitedBy)
	})
}

func TestCreateAppInstanceUserAgain(t *testing.T) {
	e := testenv.New(t)
	in := bobIsEverywhere(e)
	e.Advance(time.Hour)
	done(t, e.Developer().DeleteAppInstanceUser(api.DeleteAppInstanceUserRequest{AppInstanceUserArn: e.ARN("bob")}))
	out, err := e.Developer().CreateAppInstanceUser(api.CreateAppInstanceUserRequest{
		AppInstanceArn: e.Instance, AppInstanceUserId: "bob", Name: "Another Bob", ClientRequestToken: e.Token(),
	})
	done(t, err)
	bob := e.As("bob")

	t.Run("it has the old name of the resource and nothing else of it", func(t *testing.T) {
		same(t, e.ARN("bob"), out.AppInstanceUserArn)
		same(t, &api.AppInstanceUser{
			AppInstanceUserArn: e.ARN("bob"), Name: "Another Bob", CreatedTimestamp: api.Time(e.Now()), LastUpdatedTimestamp: api.Time(e.Now()),
		}, describeUser(t, e, e.ARN("bob")))
		same(t, []api.Tag{}, tagsOf(t, e, e.ARN("bob")))
	})
	t.Run("it is in no list", func(t *testing.T) { bobIsNowhere(t, e, in) })
	t.Run("its own lists are empty", func(t *testing.T) {
		memberships, err := bob.ListChannelMembershipsForAppInstanceUser(api.ListChannelMembershipsForAppInstanceUserRequest{})
		done(t, err)
		moderated, err := bob.ListChannelsModeratedByAppInstanceUser(api.ListChannelsModeratedByAppInstanceUserRequest{})
		done(t, err)
		if len(memberships.ChannelMemberships)+len(moderated.Channels) != 0 {
			t.Errorf("got %+v and %+v", memberships, moderated)
		}
	})
	t.Run("it has none of the powers", func(t *testing.T) {
		for _, channel := range []string{in.member, in.hidden, in.moderated, in.banned, in.own} {
			refused(t, second(bob.UpdateChannel(api.UpdateChannelRequest{ChannelArn: channel, Name: "mine"})), api.Forbidden)
		}
		refused(t, second(bob.DescribeChannel(api.DescribeChannelRequest{ChannelArn: in.hidden})), api.Forbidden)
		refused(t, second(bob.ListChannels(api.ListChannelsRequest{AppInstanceArn: e.Instance, Privacy: "PRIVATE"})), api.Forbidden)
	})
	t.Run("what the old one created is not taken for its own", func(t *testing.T) {
		same(t, e.Identity("bob"), describeChannel(t, e.As("carol"), in.own).CreatedBy)
	})
	t.Run("it can be given every role anew", func(t *testing.T) {
		for _, channel := range []string{in.member, in.hidden, in.moderated, in.banned} {
			e.Join("alice", channel, "bob", "DEFAULT")
		}
		e.Must(e.As("alice").CreateChannelModerator(api.CreateChannelModeratorRequest{ChannelArn: in.moderated, ChannelModeratorArn: e.ARN("bob")}))
		e.Ban("alice", in.banned, "bob")
		e.Must(e.Developer().CreateAppInstanceAdmin(api.CreateAppInstanceAdminRequest{AppInstanceArn: e.Instance, AppInstanceAdminArn: e.ARN("bob")}))
		got, err := bob.GetChannelMembershipPreferences(api.GetChannelMembershipPreferencesRequest{ChannelArn: in.member, MemberArn: e.ARN("bob")})
		done(t, err)
		same(t, "ALL", got.Preferences.PushNotifications.AllowNotifications)
	})
}

// bobIsNowhere fails the test when any list has bob in one of its roles.
func bobIsNowhere(t *testing.T, e *testenv.Env, in traces) {
	t.Helper()
	alice := e.As("alice")
	for _, list := range [][]api.Identity{
		listMembers(t, alice, in.member, "DEFAULT", 50),
		listMembers(t, alice, in.hidden, "HIDDEN", 50),
		listMembers(t, e.As("admin"), in.own, "DEFAULT", 50),
		moderatorsOf(t, alice, in.moderated),
		moderatorsOf(t, e.As("admin"), in.own),
		bansOf(t, alice, in.banned),
		adminsOf(t, e),
	} {
		for _, who := range list {
			if who.Arn == e.ARN("bob") {
				t.Errorf("bob is in %v", list)
			}
		}
	}
}

func describeUser(t *testing.T, e *testenv.Env, name string) *api.AppInstanceUser {
	t.Helper()
	out, err := e.Developer().DescribeAppInstanceUser(api.DescribeAppInstanceUserRequest{AppInstanceUserArn: name})
	done(t, err)
	return out.AppInstanceUser
}
