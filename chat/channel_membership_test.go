package chat_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"carillon/api"
	"carillon/bus"
	"carillon/chat"
	"carillon/testenv"
)

func TestBatchCreateChannelMembership(t *testing.T) {
	t.Run("a hundred members are added in one call, in the order of the request", func(t *testing.T) {
		e := testenv.New(t)
		channel := e.Channel("alice", testenv.PrivateRestricted)
		var arns []string
		var want []api.Identity
		for i := range 100 {
			id := fmt.Sprintf("user-%03d", (i*37)%100)
			arns = append(arns, e.AddUser(e.Instance, id))
			want = append(want, *e.Identity(id))
		}
		e.Events()
		got := batch(t, e.As("alice"), api.BatchCreateChannelMembershipRequest{ChannelArn: channel, MemberArns: arns})
		if diff := cmp.Diff(&api.BatchCreateChannelMembershipResponse{
			BatchChannelMemberships: &api.BatchChannelMemberships{
				ChannelArn: channel, InvitedBy: e.Identity("alice"), Type: "DEFAULT", Members: want,
			},
			Errors: []api.BatchCreateChannelMembershipError{},
		}, got); diff != "" {
			t.Error(diff)
		}
		members := listMembers(t, e.As("alice"), channel, "", 7)
		if diff := cmp.Diff(append([]api.Identity{*e.Identity("alice")}, want...), members); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("who cannot be added is reported with the reason and does not keep the others out", func(t *testing.T) {
		e := testenv.New(t)
		channel := e.Channel("alice", testenv.PublicRestricted, "bob")
		e.Ban("alice", channel, "frank")
		foreign := e.AddUser(e.NewInstance("other"), "stranger")
		e.Events()
		got := batch(t, e.As("alice"), api.BatchCreateChannelMembershipRequest{ChannelArn: channel, Type: "DEFAULT", MemberArns: []string{
			e.ARN("carol"), e.ARN("nobody"), e.ARN("carol"), channel, foreign, e.ARN("frank"),
			e.ARN("bob"), e.ARN("alice"), e.ARN("dave"), e.ARN("nobody"), e.Instance + "/bot/none",
		}})
		invalid := "An invalid ARN was supplied for the input parameter."
		want := &api.BatchCreateChannelMembershipResponse{
			BatchChannelMemberships: &api.BatchChannelMemberships{
				ChannelArn: channel, InvitedBy: e.Identity("alice"), Type: "DEFAULT",
				Members: []api.Identity{*e.Identity("carol"), *e.Identity("dave")},
			},
			Errors: []api.BatchCreateChannelMembershipError{
				{MemberArn: e.ARN("nobody"), ErrorCode: "NotFound", ErrorMessage: "The identity does not exist."},
				{MemberArn: channel, ErrorCode: "BadRequest", ErrorMessage: invalid},
				{MemberArn: foreign, ErrorCode: "BadRequest", ErrorMessage: invalid},
				{MemberArn: e.ARN("frank"), ErrorCode: "Forbidden", ErrorMessage: "The identity is banned from the channel."},
				{MemberArn: e.ARN("bob"), ErrorCode: "Conflict", ErrorMessage: "The identity is a member of the channel already."},
				{MemberArn: e.ARN("alice"), ErrorCode: "Conflict", ErrorMessage: "The identity is a member of the channel already."},
				{MemberArn: e.Instance + "/bot/none", ErrorCode: "NotFound", ErrorMessage: "The identity does not exist."},
			},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		events := e.Events()
		if len(events) != 1 {
			t.Fatalf("%d events, want 1", len(events))
		}
		if diff := cmp.Diff(bus.Audience{Members: true, Joined: e.ARNs("carol", "dave")}, events[0].Audience); diff != "" {
			t.Error(diff)
		}
		if events[0].Type != "BATCH_CREATE_CHANNEL_MEMBERSHIP" || events[0].MessageType != "SYSTEM" || events[0].Channel != channel {
			t.Errorf("event %+v", events[0])
		}
		var payload api.BatchChannelMemberships
		decode(t, events[0], &payload)
		if diff := cmp.Diff(want.BatchChannelMemberships, &payload); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("when nobody can be added the answer is a success without members, and nothing is announced", func(t *testing.T) {
		e := testenv.New(t)
		channel := e.Channel("alice", testenv.PublicRestricted)
		e.Events()
		got := batch(t, e.As("alice"), api.BatchCreateChannelMembershipRequest{ChannelArn: channel, MemberArns: e.ARNs("alice", "nobody")})
		if got.BatchChannelMemberships.Members == nil || len(got.BatchChannelMemberships.Members) != 0 || len(got.Errors) != 2 {
			t.Errorf("got %+v", got)
		}
		if events := e.Events(); len(events) != 0 {
			t.Errorf("events %+v", events)
		}
	})
	t.Run("more members than the limit are refused in the words of the model", func(t *testing.T) {
		e := testenv.New(t)
		channel := e.Channel("alice", testenv.PublicRestricted)
		_, err := e.As("alice").BatchCreateChannelMembership(api.BatchCreateChannelMembershipRequest{ChannelArn: channel, MemberArns: make([]string, 101)})
		want := "1 validation error detected: Value at 'MemberArns' failed to satisfy constraint: Member must have length less than or equal to 100"
		if e := api.AsError(err); e.Kind != api.BadRequest || e.Message != want {
			t.Errorf("got %v", err)
		}
	})
	t.Run("the limit of one batch can be raised", func(t *testing.T) {
		e := testenv.New(t, testenv.WithLimits(chat.Limits{MembersPerBatch: 101}))
		channel := e.Channel("alice", testenv.PublicRestricted)
		arns := slices.Repeat(e.ARNs("bob"), 101)
		if got := batch(t, e.As("alice"), api.BatchCreateChannelMembershipRequest{ChannelArn: channel, MemberArns: arns}); len(got.BatchChannelMemberships.Members) != 1 {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("a channel that does not exist is not found", func(t *testing.T) {
		e := testenv.New(t)
		_, err := e.As("alice").BatchCreateChannelMembership(api.BatchCreateChannelMembershipRequest{ChannelArn: e.Instance + "/channel/none", MemberArns: e.ARNs("bob")})
		if testenv.Kind(err) != api.NotFound {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a sub-channel of a channel that is not elastic is refused", func(t *testing.T) {
		e := testenv.New(t)
		channel := e.Channel("alice", testenv.PublicRestricted)
		_, err := e.As("alice").BatchCreateChannelMembership(api.BatchCreateChannelMembershipRequest{ChannelArn: channel, MemberArns: e.ARNs("bob"), SubChannelId: "s"})
		if testenv.Kind(err) != api.BadRequest {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a non-member may join a public channel by a batch of itself alone, but not bring others", func(t *testing.T) {
		e := testenv.New(t)
		channel := e.Channel("alice", testenv.PublicUnrestricted)
		_, err := e.As("erin").BatchCreateChannelMembership(api.BatchCreateChannelMembershipRequest{ChannelArn: channel, MemberArns: e.ARNs("erin", "bob")})
		if testenv.Kind(err) != api.Forbidden {
			t.Errorf("got %v", err)
		}
		if got := batch(t, e.As("erin"), api.BatchCreateChannelMembershipRequest{ChannelArn: channel, MemberArns: e.ARNs("erin")}); len(got.Errors) != 0 {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("a full channel refuses the batch, and one that fills up refuses the rest of it", func(t *testing.T) {
		e := testenv.New(t, testenv.WithLimits(chat.Limits{MembershipsPerChannel: 3}))
		channel := e.Channel("alice", testenv.PublicRestricted)
		got := batch(t, e.As("alice"), api.BatchCreateChannelMembershipRequest{ChannelArn: channel, MemberArns: e.ARNs("alice", "bob", "carol", "dave")})
		if len(got.BatchChannelMemberships.Members) != 2 || len(got.Errors) != 2 || got.Errors[1].ErrorCode != "ResourceLimitExceeded" {
			t.Errorf("got %+v", got)
		}
		_, err := e.As("alice").BatchCreateChannelMembership(api.BatchCreateChannelMembershipRequest{ChannelArn: channel, MemberArns: e.ARNs("erin")})
		if testenv.Kind(err) != api.ResourceLimitExceeded {
			t.Errorf("got %v", err)
		}
		_, err = e.As("alice").CreateChannelMembership(api.CreateChannelMembershipRequest{ChannelArn: channel, MemberArn: e.ARN("erin"), Type: "DEFAULT"})
		if testenv.Kind(err) != api.ResourceLimitExceeded {
			t.Errorf("single: got %v", err)
		}
	})
	t.Run("a user with too many channels is reported, the others are added", func(t *testing.T) {
		e := testenv.New(t, testenv.WithLimits(chat.Limits{ChannelsPerUser: 1}))
		e.Channel("bob", testenv.PublicRestricted)
		channel := e.Channel("alice", testenv.PublicRestricted)
		got := batch(t, e.As("alice"), api.BatchCreateChannelMembershipRequest{ChannelArn: channel, MemberArns: e.ARNs("bob", "carol")})
		want := []api.BatchCreateChannelMembershipError{{MemberArn: e.ARN("bob"), ErrorCode: "ResourceLimitExceeded", ErrorMessage: "The limit of 1 channels per user is reached."}}
		if diff := cmp.Diff(want, got.Errors); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("of hidden members only those who moderate and the member itself hear", func(t *testing.T) {
		e := testenv.New(t)
		channel := e.Channel("alice", testenv.PublicRestricted, "bob")
		e.Events()
		got := batch(t, e.As("alice"), api.BatchCreateChannelMembershipRequest{ChannelArn: channel, Type: "HIDDEN", MemberArns: e.ARNs("carol", "dave")})
		if got.BatchChannelMemberships.Type != "HIDDEN" {
			t.Errorf("got %+v", got)
		}
		type heard struct {
			Audience bus.Audience
			Members  []api.Identity
			Sequence int64
		}
		var all []heard
		for _, event := range e.Events() {
			var payload api.BatchChannelMemberships
			decode(t, event, &payload)
			all = append(all, heard{event.Audience, payload.Members, event.Sequence})
		}
		if diff := cmp.Diff([]heard{
			{bus.Audience{Moderators: true}, []api.Identity{*e.Identity("carol"), *e.Identity("dave")}, 3},
			{bus.Audience{Joined: e.ARNs("carol")}, []api.Identity{*e.Identity("carol")}, 4},
			{bus.Audience{Joined: e.ARNs("dave")}, []api.Identity{*e.Identity("dave")}, 5},
		}, all); diff != "" {
			t.Error(diff)
		}
		if members := listMembers(t, e.As("bob"), channel, "", 50); len(members) != 2 {
			t.Errorf("an ordinary member lists %v", members)
		}
		if members := listMembers(t, e.As("admin"), channel, "HIDDEN", 1); len(members) != 2 {
			t.Errorf("an admin lists %v", members)
		}
	})
}

func TestCreateChannelMembership(t *testing.T) {
	e := testenv.New(t)
	channel := e.Channel("alice", testenv.PublicRestricted)
	e.Events()
	create := func(member, kind string) error {
		_, err := e.As("alice").CreateChannelMembership(api.CreateChannelMembershipRequest{ChannelArn: channel, MemberArn: member, Type: kind})
		return err
	}
	t.Run("the new member hears of itself with everybody else", func(t *testing.T) {
		e.Advance(time.Second)
		out, err := e.As("alice").CreateChannelMembership(api.CreateChannelMembershipRequest{ChannelArn: channel, MemberArn: e.ARN("bob"), Type: "DEFAULT"})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(&api.CreateChannelMembershipResponse{ChannelArn: channel, Member: e.Identity("bob")}, out); diff != "" {
			t.Error(diff)
		}
		events := e.Events()
		if len(events) != 1 || events[0].Type != "CREATE_CHANNEL_MEMBERSHIP" || events[0].Sequence != 2 {
			t.Fatalf("events %+v", events)
		}
		if diff := cmp.Diff(bus.Audience{Members: true, Joined: e.ARNs("bob")}, events[0].Audience); diff != "" {
			t.Error(diff)
		}
		want := fmt.Sprintf(`{"ChannelArn":%q,"CreatedTimestamp":"2026-03-04T05:06:08.089Z","InvitedBy":{"Arn":%q,"Name":"Name of alice"},"LastUpdatedTimestamp":"2026-03-04T05:06:08.089Z","Member":{"Arn":%q,"Name":"Name of bob"},"Type":"DEFAULT"}`,
			channel, e.ARN("alice"), e.ARN("bob"))
		if got := string(events[0].Payload); got != want {
			t.Errorf("payload\n%s\nwant\n%s", got, want)
		}
	})
	for _, c := range []struct {
		name, member, kind string
		want               api.Kind
	}{
		{"a member again is a conflict", e.ARN("bob"), "DEFAULT", api.Conflict},
		{"a member again as a hidden one is a conflict", e.ARN("bob"), "HIDDEN", api.Conflict},
		{"the creator is a member already", e.ARN("alice"), "DEFAULT", api.Conflict},
		{"an unregistered user is forbidden", e.ARN("nobody"), "DEFAULT", api.Forbidden},
		{"a channel is no member", channel, "DEFAULT", api.BadRequest},
		{"a user of another app instance is an invalid ARN", e.AddUser(e.NewInstance("other"), "x"), "DEFAULT", api.BadRequest},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := create(c.member, c.kind); testenv.Kind(err) != c.want {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	t.Run("a banned user cannot be added, and can be after the ban is removed", func(t *testing.T) {
		e.Ban("alice", channel, "frank")
		if err := create(e.ARN("frank"), "DEFAULT"); testenv.Kind(err) != api.Forbidden {
			t.Errorf("got %v", err)
		}
		if err := e.As("alice").DeleteChannelBan(api.DeleteChannelBanRequest{ChannelArn: channel, MemberArn: e.ARN("frank")}); err != nil {
			t.Fatal(err)
		}
		if err := create(e.ARN("frank"), "DEFAULT"); err != nil {
			t.Error(err)
		}
	})
	t.Run("a channel that does not exist is not found", func(t *testing.T) {
		_, err := e.As("alice").CreateChannelMembership(api.CreateChannelMembershipRequest{ChannelArn: e.Instance + "/channel/none", MemberArn: e.ARN("bob"), Type: "DEFAULT"})
		if testenv.Kind(err) != api.NotFound {
			t.Errorf("got %v", err)
		}
	})
}

func TestDeleteChannelMembership(t *testing.T) {
	e := testenv.New(t)
	channel := e.Channel("alice", testenv.PrivateUnrestricted, "bob", "carol")
	e.Events()
	leave := func(as, who string) error {
		return e.As(as).DeleteChannelMembership(api.DeleteChannelMembershipRequest{ChannelArn: channel, MemberArn: e.ARN(who)})
	}
	t.Run("the one who leaves hears of it as the last event", func(t *testing.T) {
		if err := leave("bob", "bob"); err != nil {
			t.Fatal(err)
		}
		events := e.Events()
		if len(events) != 1 || events[0].Type != "DELETE_CHANNEL_MEMBERSHIP" {
			t.Fatalf("events %+v", events)
		}
		if diff := cmp.Diff(bus.Audience{Members: true, Left: e.ARNs("bob")}, events[0].Audience); diff != "" {
			t.Error(diff)
		}
		var payload api.ChannelMembership
		decode(t, events[0], &payload)
		if diff := cmp.Diff(e.Identity("bob"), payload.Member); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("who left is a member no more and cannot read", func(t *testing.T) {
		if _, err := e.As("bob").DescribeChannel(api.DescribeChannelRequest{ChannelArn: channel}); testenv.Kind(err) != api.Forbidden {
			t.Errorf("got %v", err)
		}
	})
	t.Run("removing who is no member, or was never anybody, succeeds and says nothing", func(t *testing.T) {
		for _, who := range []string{"bob", "nobody"} {
			if err := leave("alice", who); err != nil {
				t.Error(err)
			}
		}
		if events := e.Events(); len(events) != 0 {
			t.Errorf("events %+v", events)
		}
	})
	t.Run("who comes back has no read marker or preferences of before", func(t *testing.T) {
		e.Must(e.As("carol").PutChannelMembershipPreferences(api.PutChannelMembershipPreferencesRequest{ChannelArn: channel, MemberArn: e.ARN("carol"), Preferences: &api.ChannelMembershipPreferences{
			PushNotifications: &api.PushNotificationPreferences{AllowNotifications: "NONE"},
		}}))
		if err := leave("alice", "carol"); err != nil {
			t.Fatal(err)
		}
		e.Join("alice", channel, "carol", "DEFAULT")
		got, err := e.As("carol").GetChannelMembershipPreferences(api.GetChannelMembershipPreferencesRequest{ChannelArn: channel, MemberArn: e.ARN("carol")})
		if err != nil || got.Preferences.PushNotifications.AllowNotifications != "ALL" {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

func TestDescribeChannelMembership(t *testing.T) {
	e := testenv.New(t)
	channel := e.Channel("alice", testenv.PublicRestricted, "bob")
	e.Join("alice", channel, "dave", "HIDDEN")
	describe := func(as, who string) (*api.DescribeChannelMembershipResponse, error) {
		return e.As(as).DescribeChannelMembership(api.DescribeChannelMembershipRequest{ChannelArn: channel, MemberArn: e.ARN(who)})
	}
	t.Run("it tells who invited the member and when", func(t *testing.T) {
		got, err := describe("erin", "bob")
		if err != nil {
			t.Fatal(err)
		}
		want := &api.ChannelMembership{
			ChannelArn: channel, Member: e.Identity("bob"), InvitedBy: e.Identity("alice"), Type: "DEFAULT",
			CreatedTimestamp: api.Time(e.Now()), LastUpdatedTimestamp: api.Time(e.Now()),
		}
		if diff := cmp.Diff(want, got.ChannelMembership); diff != "" {
			t.Error(diff)
		}
	})
	for as, want := range map[string]api.Kind{"admin": 0, "alice": 0, "dave": 0, "bob": api.NotFound, "erin": api.NotFound} {
		t.Run(fmt.Sprintf("a hidden member, asked for by %s, is %v", as, want), func(t *testing.T) {
			if _, err := describe(as, "dave"); testenv.Kind(err) != want {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("who is no member is not found", func(t *testing.T) {
		for _, who := range []string{"erin", "nobody"} {
			if _, err := describe("alice", who); testenv.Kind(err) != api.NotFound {
				t.Errorf("%s: got %v", who, err)
			}
		}
	})
	t.Run("a changed name is seen at once, also of the one who invited", func(t *testing.T) {
		e.Must(e.Developer().UpdateAppInstanceUser(api.UpdateAppInstanceUserRequest{AppInstanceUserArn: e.ARN("alice"), Name: "Alice B."}))
		got, err := describe("erin", "bob")
		if err != nil || got.ChannelMembership.InvitedBy.Name != "Alice B." {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

func TestListChannelMemberships(t *testing.T) {
	e := testenv.New(t)
	channel := e.Channel("alice", testenv.PublicRestricted, "heidi", "bob")
	e.Join("alice", channel, "dave", "HIDDEN")
	e.Join("alice", channel, "carol", "DEFAULT")
	e.Join("alice", channel, "erin", "HIDDEN")
	for kind, want := range map[string][]string{
		"": {"alice", "heidi", "bob", "carol"}, "DEFAULT": {"alice", "heidi", "bob", "carol"}, "HIDDEN": {"dave", "erin"},
	} {
		t.Run(fmt.Sprintf("those of type %q are listed in the order of joining", kind), func(t *testing.T) {
			out, err := e.As("alice").ListChannelMemberships(api.ListChannelMembershipsRequest{ChannelArn: channel, Type: kind})
			done(t, err)
			list := &api.ListChannelMembershipsResponse{ChannelArn: channel}
			for _, who := range want {
				list.ChannelMemberships = append(list.ChannelMemberships, api.ChannelMembershipSummary{Member: e.Identity(who)})
			}
			same(t, list, out)
		})
	}
	t.Run("who leaves is in no list, and who comes back is the last of one", func(t *testing.T) {
		done(t, e.As("heidi").DeleteChannelMembership(api.DeleteChannelMembershipRequest{ChannelArn: channel, MemberArn: e.ARN("heidi")}))
		same(t, []api.Identity{*e.Identity("alice"), *e.Identity("bob"), *e.Identity("carol")}, listMembers(t, e.As("alice"), channel, "", 2))
		e.Join("alice", channel, "heidi", "HIDDEN")
		same(t, []api.Identity{*e.Identity("dave"), *e.Identity("erin"), *e.Identity("heidi")}, listMembers(t, e.As("alice"), channel, "HIDDEN", 2))
	})
	t.Run("a channel without members has an empty list", func(t *testing.T) {
		empty := bare(e)
		out, err := e.As("alice").ListChannelMemberships(api.ListChannelMembershipsRequest{ChannelArn: empty})
		done(t, err)
		same(t, &api.ListChannelMembershipsResponse{ChannelArn: empty, ChannelMemberships: []api.ChannelMembershipSummary{}}, out)
	})
}

func TestDescribeChannelMembershipForAppInstanceUser(t *testing.T) {
	e := testenv.New(t)
	channel := e.Channel("alice", testenv.PrivateUnrestricted, "bob")
	e.Join("alice", channel, "dave", "HIDDEN")
	e.Must(e.As("alice").UpdateChannel(api.UpdateChannelRequest{ChannelArn: channel, Metadata: textOf("m")}))
	describe := func(as, who string) (*api.DescribeChannelMembershipForAppInstanceUserResponse, error) {
		return e.As(as).DescribeChannelMembershipForAppInstanceUser(api.DescribeChannelMembershipForAppInstanceUserRequest{ChannelArn: channel, AppInstanceUserArn: e.ARN(who)})
	}
	for who, kind := range map[string]string{"bob": "DEFAULT", "dave": "HIDDEN"} {
		t.Run("a member of type "+kind+" is told of itself, and an admin of it", func(t *testing.T) {
			for _, as := range []string{who, "admin"} {
				got, err := describe(as, who)
				done(t, err)
				same(t, &api.ChannelMembershipForAppInstanceUserSummary{
					ChannelSummary:                   &api.ChannelSummary{ChannelArn: channel, Name: "channel of alice", Privacy: "PRIVATE", Mode: "UNRESTRICTED", Metadata: textOf("m")},
					AppInstanceUserMembershipSummary: &api.AppInstanceUserMembershipSummary{Type: kind},
				}, got.ChannelMembership)
			}
		})
	}
	t.Run("who is no member, or nobody, is forbidden", func(t *testing.T) {
		refused(t, second(describe("admin", "admin")), api.Forbidden)
		refused(t, second(describe("admin", "nobody")), api.Forbidden)
		refused(t, second(describe("erin", "erin")), api.Forbidden)
	})
	t.Run("who left is forbidden", func(t *testing.T) {
		done(t, e.As("bob").DeleteChannelMembership(api.DeleteChannelMembershipRequest{ChannelArn: channel, MemberArn: e.ARN("bob")}))
		refused(t, second(describe("bob", "bob")), api.Forbidden)
		refused(t, second(describe("admin", "bob")), api.Forbidden)
	})
}

func TestListChannelMembershipsForAppInstanceUser(t *testing.T) {
	e := testenv.New(t)
	var want []string
	for i := range 7 {
		e.Advance(time.Second)
		channel := e.Channel("alice", shapes[i%4].shape)
		kind := []string{"DEFAULT", "HIDDEN"}[i%2]
		e.Join("alice", channel, "bob", kind)
		want = append(want, channel+" "+kind)
	}
	list := func(c *testenv.Client, user string, max int) (got []string) {
		for token := ""; ; {
			out, err := c.ListChannelMembershipsForAppInstanceUser(api.ListChannelMembershipsForAppInstanceUserRequest{AppInstanceUserArn: user, MaxResults: max, NextToken: token})
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range out.ChannelMemberships {
				got = append(got, m.ChannelSummary.ChannelArn+" "+m.AppInstanceUserMembershipSummary.Type)
			}
			if token = out.NextToken; token == "" {
				return got
			}
		}
	}
	t.Run("it lists the bearer's own, hidden ones included, in the order of joining", func(t *testing.T) {
		if diff := cmp.Diff(want, list(e.As("bob"), "", 3)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("an admin lists anybody's", func(t *testing.T) {
		if diff := cmp.Diff(want, list(e.As("admin"), e.ARN("bob"), 50)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("a deleted channel is in no list", func(t *testing.T) {
		channel := want[0][:len(want[0])-len(" DEFAULT")]
		if err := e.As("alice").DeleteChannel(api.DeleteChannelRequest{ChannelArn: channel}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want[1:], list(e.As("bob"), "", 50)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("an unregistered user is forbidden", func(t *testing.T) {
		_, err := e.As("admin").ListChannelMembershipsForAppInstanceUser(api.ListChannelMembershipsForAppInstanceUserRequest{AppInstanceUserArn: e.ARN("nobody")})
		if testenv.Kind(err) != api.Forbidden {
			t.Errorf("got %v", err)
		}
	})
}

func batch(t *testing.T, c *testenv.Client, in api.BatchCreateChannelMembershipRequest) *api.BatchCreateChannelMembershipResponse {
	t.Helper()
	out, err := c.BatchCreateChannelMembership(in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// listMembers lists every page.
func listMembers(t *testing.T, c *testenv.Client, channel, kind string, max int) (members []api.Identity) {
	t.Helper()
	for token := ""; ; {
		out, err := c.ListChannelMemberships(api.ListChannelMembershipsRequest{ChannelArn: channel, Type: kind, MaxResults: max, NextToken: token})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range out.ChannelMemberships {
			members = append(members, *m.Member)
		}
		if token = out.NextToken; token == "" {
			return members
		}
	}
}

func decode(t *testing.T, e bus.Event, to any) {
	t.Helper()
	if err := json.Unmarshal(e.Payload, to); err != nil {
		t.Fatal(err)
	}
}
