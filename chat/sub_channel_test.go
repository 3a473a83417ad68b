package chat_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"carillon/api"
	"carillon/chat"
	"carillon/testenv"
)

// elasticChannel makes an elastic channel of alice with sub-channels of at most target members.
func elasticChannel(t *testing.T, e *testenv.Env, maximum, target, percentage int, moderators ...string) string {
	t.Helper()
	in := api.CreateChannelRequest{
		AppInstanceArn: e.Instance, Name: "elastic", ClientRequestToken: e.Token(),
		ElasticChannelConfiguration: &api.ElasticChannelConfiguration{
			MaximumSubChannels: maximum, TargetMembershipsPerSubChannel: target, MinimumMembershipPercentage: percentage,
		},
	}
	if len(moderators) > 0 {
		in.ModeratorArns = e.ARNs(moderators...)
	}
	out, err := e.As("alice").CreateChannel(in)
	if err != nil {
		t.Fatal(err)
	}
	return out.ChannelArn
}

func crowd(e *testenv.Env, n int) (ids []string) {
	for i := range n {
		ids = append(ids, fmt.Sprintf("user-%03d", i))
		e.AddUser(e.Instance, ids[i])
	}
	return ids
}

// subChannels lists the sub-channels with how many members each has.
func subChannels(t *testing.T, e *testenv.Env, channel string) (ids []string, counts []int) {
	t.Helper()
	for token := ""; ; {
		out, err := e.As("alice").ListSubChannels(api.ListSubChannelsRequest{ChannelArn: channel, MaxResults: 2, NextToken: token})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range out.SubChannels {
			ids, counts = append(ids, s.SubChannelId), append(counts, s.MembershipCount)
		}
		if token = out.NextToken; token == "" {
			return ids, counts
		}
	}
}

// sitsIn is the sub-channel that a user is in.
func sitsIn(t *testing.T, e *testenv.Env, user string) string {
	t.Helper()
	out, err := e.As(user).ListChannelMembershipsForAppInstanceUser(api.ListChannelMembershipsForAppInstanceUserRequest{})
	if err != nil || len(out.ChannelMemberships) != 1 {
		t.Fatalf("%s: %+v, %v", user, out, err)
	}
	return out.ChannelMemberships[0].AppInstanceUserMembershipSummary.SubChannelId
}

func addAll(t *testing.T, e *testenv.Env, channel string, users ...string) *api.BatchCreateChannelMembershipResponse {
	t.Helper()
	return batch(t, e.As("alice"), api.BatchCreateChannelMembershipRequest{ChannelArn: channel, MemberArns: e.ARNs(users...)})
}

func TestCreateElasticChannel(t *testing.T) {
	e := testenv.New(t)
	t.Run("it has one sub-channel, and its creator is a moderator but no member", func(t *testing.T) {
		e.Events()
		channel := elasticChannel(t, e, 4, 3, 40, "bob")
		if _, counts := subChannels(t, e, channel); !slices.Equal(counts, []int{0}) {
			t.Errorf("sub-channels of %v members", counts)
		}
		if events := e.Events(); len(events) != 0 {
			t.Errorf("events %+v", events)
		}
		got, err := e.As("bob").DescribeChannel(api.DescribeChannelRequest{ChannelArn: channel})
		if err != nil {
			t.Fatal(err)
		}
		want := &api.ElasticChannelConfiguration{MaximumSubChannels: 4, TargetMembershipsPerSubChannel: 3, MinimumMembershipPercentage: 40}
		if diff := cmp.Diff(want, got.Channel.ElasticChannelConfiguration); diff != "" {
			t.Error(diff)
		}
		own, err := e.As("alice").ListChannelMembershipsForAppInstanceUser(api.ListChannelMembershipsForAppInstanceUserRequest{})
		if err != nil || len(own.ChannelMemberships) != 0 {
			t.Errorf("the creator's memberships: %+v, %v", own, err)
		}
		list, err := e.As("alice").ListChannels(api.ListChannelsRequest{AppInstanceArn: e.Instance})
		if err != nil || len(list.Channels) != 1 {
			t.Errorf("listed: %+v, %v", list, err)
		}
	})
	for name, change := range map[string]func(*api.CreateChannelRequest){
		"unrestricted":              func(in *api.CreateChannelRequest) { in.Mode = "UNRESTRICTED" },
		"with members":              func(in *api.CreateChannelRequest) { in.MemberArns = e.ARNs("bob") },
		"for more than 1,000,000":   func(in *api.CreateChannelRequest) { in.ElasticChannelConfiguration.MaximumSubChannels = 500_001 },
		"of an overflowing product": func(in *api.CreateChannelRequest) { in.ElasticChannelConfiguration.MaximumSubChannels = 1 << 31 },
	} {
		t.Run("none can be made "+name, func(t *testing.T) {
			in := api.CreateChannelRequest{AppInstanceArn: e.Instance, Name: "x", ClientRequestToken: e.Token(), ElasticChannelConfiguration: &api.ElasticChannelConfiguration{
				MaximumSubChannels: 2, TargetMembershipsPerSubChannel: 2, MinimumMembershipPercentage: 1,
			}}
			change(&in)
			if _, err := e.As("alice").CreateChannel(in); testenv.Kind(err) != api.BadRequest {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("the quotas of AWS bound its shape", func(t *testing.T) {
		e := testenv.New(t, testenv.WithLimits(chat.AWSLimits()))
		_, err := e.As("alice").CreateChannel(api.CreateChannelRequest{AppInstanceArn: e.Instance, Name: "x", ClientRequestToken: e.Token(), ElasticChannelConfiguration: &api.ElasticChannelConfiguration{
			MaximumSubChannels: 101, TargetMembershipsPerSubChannel: 2, MinimumMembershipPercentage: 1,
		}})
		if testenv.Kind(err) != api.ResourceLimitExceeded {
			t.Errorf("got %v", err)
		}
	})
	t.Run("it never becomes unrestricted", func(t *testing.T) {
		channel := elasticChannel(t, e, 2, 2, 1)
		_, err := e.As("alice").UpdateChannel(api.UpdateChannelRequest{ChannelArn: channel, Mode: "UNRESTRICTED"})
		if testenv.Kind(err) != api.BadRequest {
			t.Errorf("got %v", err)
		}
	})
}

func TestElasticMemberships(t *testing.T) {
	t.Run("members are placed, sub-channels open as they fill up, and nobody is lost when members move", func(t *testing.T) {
		e := testenv.New(t)
		channel := elasticChannel(t, e, 4, 4, 25)
		users := crowd(e, 16)
		e.Events()
		for _, user := range users {
			out, err := e.As("alice").CreateChannelMembership(api.CreateChannelMembershipRequest{ChannelArn: channel, MemberArn: e.ARN(user), Type: "DEFAULT"})
			if err != nil || out.SubChannelId != sitsIn(t, e, user) {
				t.Fatalf("%s: %+v, %v", user, out, err)
			}
		}
		ids, counts := subChannels(t, e, channel)
		if !slices.Equal(counts, []int{4, 4, 4, 4}) {
			t.Errorf("sub-channels of %v members", counts)
		}
		var seated []string
		for i, id := range ids {
			out, err := e.As("alice").ListChannelMemberships(api.ListChannelMembershipsRequest{ChannelArn: channel, SubChannelId: id})
			if err != nil || len(out.ChannelMemberships) != counts[i] {
				t.Fatalf("%s: %+v, %v", id, out, err)
			}
			for _, m := range out.ChannelMemberships {
				seated = append(seated, m.Member.Arn)
			}
		}
		slices.Sort(seated)
		if diff := cmp.Diff(e.ARNs(users...), seated); diff != "" {
			t.Error(diff)
		}
		created, moved := 0, 0
		for _, event := range e.Events() {
			switch event.Type {
			case "CREATE_CHANNEL_MEMBERSHIP":
				created++
				if !event.Audience.Members || event.SubChannel == "" || len(event.Audience.Joined) != 1 {
					t.Errorf("event %+v", event)
				}
			case "UPDATE_CHANNEL_MEMBERSHIP":
				moved++
				var payload api.ChannelMembership
				decode(t, event, &payload)
				if len(event.Audience.Joined) != 1 || event.Audience.Joined[0] != payload.Member.Arn || event.Audience.Members ||
					payload.SubChannelId != event.SubChannel || event.Leaves == "" || event.Leaves == event.SubChannel {
					t.Errorf("event %+v", event)
				}
			}
		}
		if created != 16 || moved == 0 {
			t.Errorf("%d joined, %d moved", created, moved)
		}
		_, err := e.As("alice").CreateChannelMembership(api.CreateChannelMembershipRequest{ChannelArn: channel, MemberArn: e.ARN("bob"), Type: "DEFAULT"})
		if testenv.Kind(err) != api.ResourceLimitExceeded {
			t.Errorf("a full channel: %v", err)
		}
	})
	t.Run("a batch is announced one by one, each to its own sub-channel", func(t *testing.T) {
		e := testenv.New(t)
		channel := elasticChannel(t, e, 10, 30, 25)
		users := crowd(e, 100)
		e.Events()
		out := addAll(t, e, channel, users...)
		if len(out.BatchChannelMemberships.Members) != 100 || len(out.Errors) != 0 || out.BatchChannelMemberships.SubChannelId != "" {
			t.Fatalf("got %+v", out)
		}
		joined := 0
		for _, event := range e.Events() {
			if event.Type == "CREATE_CHANNEL_MEMBERSHIP" {
				joined++
			}
		}
		if joined != 100 {
			t.Errorf("%d announced", joined)
		}
		total := 0
		_, counts := subChannels(t, e, channel)
		for _, n := range counts {
			if n > 30 {
				t.Errorf("a sub-channel of %d members", n)
			}
			total += n
		}
		if total != 100 {
			t.Errorf("%d seated", total)
		}
		again := addAll(t, e, channel, users[0], "alice")
		if len(again.Errors) != 2 || again.Errors[0].ErrorCode != "Conflict" || again.Errors[1].ErrorCode != "BadRequest" {
			t.Errorf("got %+v", again)
		}
	})
	t.Run("a sub-channel that becomes too small is emptied and deleted, and its moderators are told", func(t *testing.T) {
		e := testenv.New(t)
		channel := elasticChannel(t, e, 2, 4, 40)
		users := crowd(e, 5)
		addAll(t, e, channel, users...)
		ids, _ := subChannels(t, e, channel)
		if len(ids) != 2 {
			t.Fatalf("%d sub-channels", len(ids))
		}
		bySub := map[string][]string{}
		for _, user := range users {
			id := sitsIn(t, e, user)
			bySub[id] = append(bySub[id], user)
		}
		small := ids[0]
		if len(bySub[ids[1]]) < len(bySub[small]) {
			small = ids[1]
		}
		e.Must(e.As("alice").CreateChannelMembership(api.CreateChannelMembershipRequest{ChannelArn: channel, MemberArn: e.ARN("alice"), Type: "DEFAULT", SubChannelId: small}))
		e.Events()
		who := bySub[small][0]
		if err := e.As(who).DeleteChannelMembership(api.DeleteChannelMembershipRequest{ChannelArn: channel, MemberArn: e.ARN(who)}); err != nil {
			t.Fatal(err)
		}
		if left, counts := subChannels(t, e, channel); len(left) != 1 || left[0] == small || counts[0] != 4 {
			t.Errorf("left %v of %v members", left, counts)
		}
		for _, user := range users {
			if user != who && sitsIn(t, e, user) == small {
				t.Errorf("%s still sits there", user)
			}
		}
		told := false
		for _, event := range e.Events() {
			told = told || event.Type == "DELETE_CHANNEL_MEMBERSHIP" && event.Reason == "subchannel_DELETED" && slices.Equal(event.Audience.Left, e.ARNs("alice"))
		}
		if !told {
			t.Error("the moderator was not told")
		}
	})
	t.Run("a moderator sits in as many sub-channels as it is told, and a member where it is placed", func(t *testing.T) {
		e := testenv.New(t)
		channel := elasticChannel(t, e, 3, 2, 1, "bob")
		addAll(t, e, channel, "carol", "dave", "erin")
		ids, _ := subChannels(t, e, channel)
		join := func(who, sub string) error {
			_, err := e.As("alice").CreateChannelMembership(api.CreateChannelMembershipRequest{ChannelArn: channel, MemberArn: e.ARN(who), Type: "DEFAULT", SubChannelId: sub})
			return err
		}
		for _, c := range []struct {
			name, who, sub string
			want           api.Kind
		}{
			{"a moderator without a sub-channel", "bob", "", api.BadRequest},
			{"a moderator in one", "bob", ids[0], 0},
			{"and in another", "bob", ids[1], 0},
			{"but not twice in one", "bob", ids[1], api.Conflict},
			{"a member with a sub-channel", "frank", ids[0], api.BadRequest},
			{"a sub-channel that is not there", "bob", "none", api.NotFound},
		} {
			if err := join(c.who, c.sub); testenv.Kind(err) != c.want {
				t.Errorf("%s: got %v, want %v", c.name, err, c.want)
			}
		}
		if _, counts := subChannels(t, e, channel); counts[0]+counts[1] != 3 {
			t.Errorf("moderators are counted: %v", counts)
		}
		leave := func(sub string) {
			if err := e.As("bob").DeleteChannelMembership(api.DeleteChannelMembershipRequest{ChannelArn: channel, MemberArn: e.ARN("bob"), SubChannelId: sub}); err != nil {
				t.Error(err)
			}
		}
		seats := func() int {
			out, err := e.As("bob").ListChannelMembershipsForAppInstanceUser(api.ListChannelMembershipsForAppInstanceUserRequest{})
			if err != nil {
				t.Fatal(err)
			}
			return len(out.ChannelMemberships)
		}
		leave(ids[0])
		if seats() != 1 {
			t.Errorf("after leaving one: %d", seats())
		}
		e.Must(nil, join("bob", ids[0]))
		leave("")
		if seats() != 0 {
			t.Errorf("after leaving all: %d", seats())
		}
	})
	t.Run("becoming a moderator, ceasing to be one, and a ban end all memberships", func(t *testing.T) {
		e := testenv.New(t)
		channel := elasticChannel(t, e, 3, 5, 1)
		addAll(t, e, channel, "bob", "carol")
		e.Must(e.As("alice").CreateChannelModerator(api.CreateChannelModeratorRequest{ChannelArn: channel, ChannelModeratorArn: e.ARN("bob")}))
		ids, counts := subChannels(t, e, channel)
		if !slices.Equal(counts, []int{1}) {
			t.Errorf("after the promotion: %v", counts)
		}
		e.Must(e.As("bob").CreateChannelMembership(api.CreateChannelMembershipRequest{ChannelArn: channel, MemberArn: e.ARN("bob"), Type: "DEFAULT", SubChannelId: ids[0]}))
		if err := e.As("alice").DeleteChannelModerator(api.DeleteChannelModeratorRequest{ChannelArn: channel, ChannelModeratorArn: e.ARN("bob")}); err != nil {
			t.Fatal(err)
		}
		e.Ban("alice", channel, "carol")
		for _, user := range []string{"bob", "carol"} {
			out, err := e.As(user).ListChannelMembershipsForAppInstanceUser(api.ListChannelMembershipsForAppInstanceUserRequest{})
			if err != nil || len(out.ChannelMemberships) != 0 {
				t.Errorf("%s: %+v, %v", user, out, err)
			}
		}
	})
	t.Run("a page of one sub-channel's members goes on in no other", func(t *testing.T) {
		e := testenv.New(t)
		channel := elasticChannel(t, e, 2, 2, 1)
		addAll(t, e, channel, "bob", "carol", "dave", "erin")
		list := func(sub, token string) (string, error) {
			out, err := e.As("alice").ListChannelMemberships(api.ListChannelMembershipsRequest{ChannelArn: channel, SubChannelId: sub, MaxResults: 1, NextToken: token})
			if err != nil {
				return "", err
			}
			return out.NextToken, nil
		}
		subs, _ := subChannels(t, e, channel)
		token, err := list(subs[0], "")
		if err != nil || token == "" {
			t.Fatalf("token %q, %v", token, err)
		}
		if _, err := list(subs[1], token); testenv.Kind(err) != api.BadRequest {
			t.Errorf("in the other sub-channel: %v", err)
		}
		if _, err := list(subs[0], token); err != nil {
			t.Errorf("in its own: %v", err)
		}
	})
	t.Run("hidden members, read markers and preferences are not for elastic channels", func(t *testing.T) {
		e := testenv.New(t)
		channel := elasticChannel(t, e, 3, 5, 1)
		addAll(t, e, channel, "bob")
		_, err := e.As("alice").CreateChannelMembership(api.CreateChannelMembershipRequest{ChannelArn: channel, MemberArn: e.ARN("carol"), Type: "HIDDEN"})
		if testenv.Kind(err) != api.BadRequest {
			t.Errorf("hidden: %v", err)
		}
		_, err = e.As("alice").BatchCreateChannelMembership(api.BatchCreateChannelMembershipRequest{ChannelArn: channel, MemberArns: e.ARNs("carol"), Type: "HIDDEN"})
		if testenv.Kind(err) != api.BadRequest {
			t.Errorf("hidden in a batch: %v", err)
		}
		_, err = e.As("bob").UpdateChannelReadMarker(api.UpdateChannelReadMarkerRequest{ChannelArn: channel})
		if testenv.Kind(err) != api.Forbidden {
			t.Errorf("read marker: %v", err)
		}
		_, err = e.As("bob").GetChannelMembershipPreferences(api.GetChannelMembershipPreferencesRequest{ChannelArn: channel, MemberArn: e.ARN("bob")})
		if testenv.Kind(err) != api.Forbidden {
			t.Errorf("preferences: %v", err)
		}
	})
}

func TestElasticMessages(t *testing.T) {
	e := testenv.New(t)
	channel := elasticChannel(t, e, 3, 2, 1)
	addAll(t, e, channel, "bob", "carol", "dave")
	ids, _ := subChannels(t, e, channel)
	where := map[string]string{"bob": sitsIn(t, e, "bob"), "carol": sitsIn(t, e, "carol"), "dave": sitsIn(t, e, "dave")}
	other := func(user string) string { return ids[1-slices.Index(ids, where[user])] }
	at := func(sub string) func(*api.SendChannelMessageRequest) {
		return func(in *api.SendChannelMessageRequest) { in.SubChannelId = sub }
	}
	e.Events()
	out, err := trySend(e, "bob", channel, "here", at(where["bob"]))
	if err != nil {
		t.Fatal(err)
	}
	t.Run("a message is announced in its sub-channel, and answered with it", func(t *testing.T) {
		events := e.Events()
		if len(events) != 1 || events[0].SubChannel != where["bob"] || out.SubChannelId != where["bob"] {
			t.Errorf("got %+v, %+v", out, events)
		}
		var payload api.ChannelMessage
		decode(t, events[0], &payload)
		if payload.SubChannelId != where["bob"] {
			t.Errorf("payload %+v", payload)
		}
	})
	t.Run("the sub-channel must be named, and be one's own to send there", func(t *testing.T) {
		if _, err := trySend(e, "bob", channel, "x"); testenv.Kind(err) != api.BadRequest {
			t.Errorf("unnamed: %v", err)
		}
		if _, err := trySend(e, "bob", channel, "x", at(other("bob"))); testenv.Kind(err) != api.Forbidden {
			t.Errorf("another: %v", err)
		}
		if _, err := trySend(e, "alice", channel, "x", at(ids[0])); testenv.Kind(err) != api.Forbidden {
			t.Errorf("a moderator who is no member: %v", err)
		}
	})
	t.Run("members read their own sub-channel, those who moderate all, and nobody else any", func(t *testing.T) {
		list := func(as, sub string) ([]string, api.Kind) {
			_, err := e.As(as).ListChannelMessages(api.ListChannelMessagesRequest{ChannelArn: channel, SubChannelId: sub})
			if err != nil {
				return nil, testenv.Kind(err)
			}
			return contents(t, e.As(as), api.ListChannelMessagesRequest{ChannelArn: channel, SubChannelId: sub}), 0
		}
		for _, as := range []string{"bob", "alice", "admin"} {
			if got, kind := list(as, where["bob"]); kind != 0 || !slices.Equal(got, []string{"here"}) {
				t.Errorf("%s: %q, %v", as, got, kind)
			}
		}
		if got, kind := list("alice", other("bob")); kind != 0 || len(got) != 0 {
			t.Errorf("the other sub-channel has %q, %v", got, kind)
		}
		if _, kind := list("bob", other("bob")); kind != api.Forbidden {
			t.Errorf("bob elsewhere: %v", kind)
		}
		if _, kind := list("erin", where["bob"]); kind != api.Forbidden {
			t.Errorf("a non-member: %v", kind)
		}
	})
	t.Run("a message is not found from another sub-channel", func(t *testing.T) {
		_, err := e.As("alice").GetChannelMessage(api.GetChannelMessageRequest{ChannelArn: channel, MessageId: out.MessageId, SubChannelId: other("bob")})
		if testenv.Kind(err) != api.NotFound {
			t.Errorf("got %v", err)
		}
	})
	t.Run("its sender edits it, a moderator redacts it, an admin deletes it", func(t *testing.T) {
		e.Must(e.As("bob").UpdateChannelMessage(api.UpdateChannelMessageRequest{ChannelArn: channel, MessageId: out.MessageId, SubChannelId: where["bob"], Content: "there"}))
		e.Must(e.As("alice").RedactChannelMessage(api.RedactChannelMessageRequest{ChannelArn: channel, MessageId: out.MessageId, SubChannelId: where["bob"]}))
		e.Must(nil, e.As("admin").DeleteChannelMessage(api.DeleteChannelMessageRequest{ChannelArn: channel, MessageId: out.MessageId, SubChannelId: where["bob"]}))
	})
}

func TestListSubChannels(t *testing.T) {
	e := testenv.New(t)
	channel := elasticChannel(t, e, 3, 2, 1)
	addAll(t, e, channel, "bob")
	for as, want := range map[string]api.Kind{"admin": 0, "alice": 0, "bob": api.Forbidden, "erin": api.Forbidden} {
		if _, err := e.As(as).ListSubChannels(api.ListSubChannelsRequest{ChannelArn: channel}); testenv.Kind(err) != want {
			t.Errorf("%s: got %v, want %v", as, err, want)
		}
	}
	normal := e.Channel("alice", testenv.PublicRestricted)
	if _, err := e.As("alice").ListSubChannels(api.ListSubChannelsRequest{ChannelArn: normal}); testenv.Kind(err) != api.BadRequest {
		t.Errorf("a channel that is not elastic: %v", err)
	}
}
