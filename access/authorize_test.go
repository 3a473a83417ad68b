package access

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"carillon/api"
)

const (
	instance = "arn:aws:chime:us-east-1:123456789012:app-instance/i"
	alice    = instance + "/user/alice"
	bob      = instance + "/user/bob"
	general  = instance + "/channel/general"
	flow     = instance + "/channel-flow/f"
)

// inputOf makes a request of an operation with every member that is an ARN.
func inputOf(t testing.TB, op *api.Operation) any {
	t.Helper()
	method, ok := reflect.TypeFor[api.Service]().MethodByName(op.Name)
	if !ok {
		t.Fatalf("no method %s", op.Name)
	}
	in := reflect.New(method.Type.In(2).Elem())
	for name, value := range map[string]string{
		"AppInstanceArn": instance, "AppInstanceUserArn": bob, "AppInstanceAdminArn": bob, "AppInstanceBotArn": instance + "/bot/b",
		"ChannelArn": general, "ChannelFlowArn": flow, "ResourceARN": general,
		"MemberArn": bob, "ChannelModeratorArn": bob,
	} {
		if field := in.Elem().FieldByName(name); field.IsValid() && field.Kind() == reflect.String {
			field.SetString(value)
		}
	}
	return in.Interface()
}

// recorder is a Grant that allows everything and remembers what it was asked.
type recorder struct{ asked []string }

func (r *recorder) Allows(q *api.AccessRequest) error {
	for _, choice := range q.Resources {
		r.asked = append(r.asked, q.Action+" "+strings.Join(choice, "|"))
	}
	return nil
}

// TestResources holds the resources that each operation must be allowed on to AWS's reference, which is
// written here once more in its own words.
func TestResources(t *testing.T) {
	const bearer = alice
	names := map[string][]string{
		"none": {"*"}, "none in an instance": {"*|" + instance},
		"app-instance": {instance}, "every app-instance": {"arn:aws:chime:us-east-1:123456789012:app-instance/*"},
		"every user": {instance + "/user/*|" + instance}, "every bot": {instance + "/bot/*|" + instance}, "every flow": {instance + "/channel-flow/*|" + instance},
		"app-instance + identity": {bob, instance}, "bot": {instance + "/bot/b"}, "user": {bob}, "channel": {general}, "tagged": {general},
		"flow": {flow}, "flow or app-instance": {flow + "|" + instance},
		"bearer": {bearer}, "bearer + channel": {bearer, general}, "bearer + channel + flow": {bearer, general, flow},
	}
	want := make(map[string][]string)
	for types, operations := range map[string]string{
		"tagged":                  "ListTagsForResource TagResource UntagResource",
		"every app-instance":      "ListAppInstances",
		"app-instance":            "DescribeAppInstance GetAppInstanceRetentionSettings GetMessagingStreamingConfigurations CreateChannelFlow DeleteAppInstance DeleteMessagingStreamingConfigurations PutAppInstanceRetentionSettings PutMessagingStreamingConfigurations UpdateAppInstance ListAppInstanceAdmins",
		"app-instance + identity": "DescribeAppInstanceAdmin CreateAppInstanceAdmin DeleteAppInstanceAdmin",
		"every bot":               "ListAppInstanceBots",
		"bot":                     "DescribeAppInstanceBot DeleteAppInstanceBot UpdateAppInstanceBot",
		"channel":                 "ChannelFlowCallback",
		"flow or app-instance":    "DeleteChannelFlow",
		"every flow":              "ListChannelFlows",
		"flow":                    "ListChannelsAssociatedWithChannelFlow DescribeChannelFlow UpdateChannelFlow",
		"none":                    "GetMessagingSessionEndpoint CreateAppInstance",
		"none in an instance":     "CreateAppInstanceBot CreateAppInstanceUser",
		"every user":              "ListAppInstanceUsers",
		"user":                    "ListAppInstanceUserEndpoints DescribeAppInstanceUser DescribeAppInstanceUserEndpoint DeleteAppInstanceUser DeregisterAppInstanceUserEndpoint PutAppInstanceUserExpirationSettings RegisterAppInstanceUserEndpoint UpdateAppInstanceUser UpdateAppInstanceUserEndpoint",
		"bearer":                  "ListChannelMembershipsForAppInstanceUser ListChannels ListChannelsModeratedByAppInstanceUser SearchChannels CreateChannel",
		"bearer + channel": "PutChannelExpirationSettings ListChannelBans ListChannelMemberships ListChannelModerators ListSubChannels DescribeChannel DescribeChannelBan DescribeChannelMembership DescribeChannelMembershipForAppInstanceUser DescribeChannelModeratedByAppInstanceUser DescribeChannelModerator GetChannelMembershipPreferences GetChannelMessage GetChannelMessageStatus ListChannelMessages " +
			"BatchCreateChannelMembership CreateChannelBan CreateChannelMembership CreateChannelModerator DeleteChannel DeleteChannelBan DeleteChannelMembership DeleteChannelMessage DeleteChannelModerator PutChannelMembershipPreferences RedactChannelMessage SendChannelMessage UpdateChannel UpdateChannelMessage UpdateChannelReadMarker",
		"bearer + channel + flow": "AssociateChannelFlow DisassociateChannelFlow",
	} {
		for name := range strings.FieldsSeq(operations) {
			for _, resource := range names[types] {
				want[name] = append(want[name], "chime:"+name+" "+resource)
			}
		}
	}
	h := newHouse(t)
	got := make(map[string][]string)
	for i := range api.Operations {
		op := &api.Operations[i]
		r := &recorder{}
		if err := h.Authorize(t.Context(), op, &api.Caller{Account: home, Grant: r, Bearer: bearer}, inputOf(t, op)); err != nil {
			t.Error(err)
		}
		got[op.Name] = r.asked
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(questions) != len(api.Operations) {
		t.Errorf("%d questions for %d operations", len(questions), len(api.Operations))
	}
}

func TestImpliedActions(t *testing.T) {
	tags := []api.Tag{{Key: "k", Value: "v"}}
	expiration := &api.ExpirationSettings{ExpirationDays: 1}
	for _, c := range []struct {
		in   any
		want string
	}{
		{&api.CreateAppInstanceRequest{Tags: tags}, "chime:CreateAppInstance *, chime:TagResource arn:aws:chime:us-east-1:123456789012:app-instance/*"},
		{&api.CreateAppInstanceUserRequest{AppInstanceArn: instance, AppInstanceUserId: "u", Tags: tags, ExpirationSettings: expiration},
			"chime:CreateAppInstanceUser *|" + instance + ", chime:TagResource " + instance + "/user/u, chime:PutAppInstanceUserExpirationSettings " + instance + "/user/u"},
		{&api.CreateAppInstanceBotRequest{AppInstanceArn: instance, Tags: tags}, "chime:CreateAppInstanceBot *|" + instance + ", chime:TagResource " + instance + "/bot/*"},
		{&api.CreateChannelFlowRequest{AppInstanceArn: instance, Tags: tags}, "chime:CreateChannelFlow " + instance + ", chime:TagResource " + instance + "/channel-flow/*"},
		{&api.CreateChannelRequest{AppInstanceArn: instance, Tags: tags}, "chime:CreateChannel " + alice + ", chime:TagResource " + instance + "/channel/*"},
		{&api.CreateChannelRequest{AppInstanceArn: instance, ChannelId: "c", ExpirationSettings: expiration},
			"chime:CreateChannel " + alice + ", chime:PutChannelExpirationSettings " + alice + ", chime:PutChannelExpirationSettings " + instance + "/channel/c"},
		{&api.CreateChannelRequest{AppInstanceArn: instance}, "chime:CreateChannel " + alice},
	} {
		name := strings.TrimSuffix(reflect.TypeOf(c.in).Elem().Name(), "Request")
		t.Run(c.want, func(t *testing.T) {
			r := &recorder{}
			if err := newHouse(t).Authorize(t.Context(), api.Lookup(name), &api.Caller{Account: home, Grant: r, Bearer: alice}, c.in); err != nil {
				t.Error(err)
			}
			if got := strings.Join(r.asked, ", "); got != c.want {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestAuthorize(t *testing.T) {
	const (
		onlyAlice = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"chime:*","Resource":["` + instance + `/user/${aws:username}","` + instance + `/channel/*"]},{"Effect":"Allow","Action":"chime:GetMessagingSessionEndpoint","Resource":"*"}]}`
		onTag     = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"chime:*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/Team":"${aws:PrincipalTag/team}"}}}]}`
		byTag     = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"chime:*","Resource":"*","Condition":{"StringEquals":{"aws:RequestTag/Team":"blue"},"ForAllValues:StringEquals":{"aws:TagKeys":["team"]}}}]}`
		notLater  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Sid":"Off","Effect":"Deny","Action":"chime:CreateAppInstanceUser","Resource":"` + instance + `"},{"Effect":"Deny","Action":"chime:Send*","Resource":"*","Condition":{"NotIpAddress":{"aws:SourceIp":"192.0.2.0/24"}}}]}`
		instances = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"chime:*","Resource":"` + instance + `"}}`
	)
	s := openStore(t)
	h := openOn(t, s, func(o *Options) {
		o.ResourceTags = func(_ context.Context, account, resource string) ([]api.Tag, error) {
			switch {
			case account != home || resource == bob:
				return nil, api.Errorf(api.NotFound, "none")
			case resource == instance+"/channel/broken":
				return nil, errors.New("disk on fire")
			case resource == instance+"/channel/red":
				return []api.Tag{{Key: "team", Value: "red"}}, nil
			}
			return []api.Tag{{Key: "team", Value: "blue"}}, nil
		}
	})
	callers := map[string]*api.Caller{}
	for name, document := range map[string]string{"alice": onlyAlice, "tagged": onTag, "tagging": byTag, "late": notLater, "nothing": "", "instances": instances} {
		callers[name] = h.as(h.user(name, document, Tag{"Team", "blue"}).AccessKeyId)
	}
	for _, c := range []struct {
		name, who, bearer string
		in                any
		allowed           bool
	}{
		{"who may act only as alice acts as alice", "alice", alice, &api.SendChannelMessageRequest{ChannelArn: general}, true},
		{"and not as bob", "alice", bob, &api.SendChannelMessageRequest{ChannelArn: general}, false},
		{"nor as nobody, where a bearer may be left out", "alice", "", &api.PutChannelExpirationSettingsRequest{ChannelArn: general}, false},
		{"nor as the bearer of something that is no identity", "alice", instance, &api.SendChannelMessageRequest{ChannelArn: general}, false},
		{"nor where an app instance is what is acted on", "alice", alice, &api.UpdateAppInstanceRequest{AppInstanceArn: instance}, false},
		{"nor on other users", "alice", alice, &api.DeleteAppInstanceUserRequest{AppInstanceUserArn: bob}, false},
		{"nor as the admin of everything", "alice", alice, &api.CreateAppInstanceAdminRequest{AppInstanceArn: instance, AppInstanceAdminArn: alice}, false},
		{"nor may list all users", "alice", "", &api.ListAppInstanceUsersRequest{AppInstanceArn: instance}, false},
		{"alice may create channels", "alice", alice, &api.CreateChannelRequest{AppInstanceArn: instance}, true},
		{"alice may change herself", "alice", "", &api.UpdateAppInstanceUserRequest{AppInstanceUserArn: alice}, true},
		{"alice may ask where sessions are", "alice", "", &api.GetMessagingSessionEndpointRequest{}, true},
		{"who has no policy may do nothing", "nothing", alice, &api.ListChannelsRequest{AppInstanceArn: instance}, false},
		{"an app instance is as good as the users in it, for a list of them", "instances", "", &api.ListAppInstanceUsersRequest{AppInstanceArn: instance}, true},
		{"and for making one", "instances", "", &api.CreateAppInstanceUserRequest{AppInstanceArn: instance, AppInstanceUserId: "u"}, true},
		{"but not for deleting one", "instances", "", &api.DeleteAppInstanceUserRequest{AppInstanceUserArn: alice}, false},
		{"nor for all app instances", "instances", "", &api.ListAppInstancesRequest{}, false},
		{"a tag of the resource that is the principal's", "tagged", alice, &api.DescribeChannelRequest{ChannelArn: general}, true},
		{"a tag of another value", "tagged", alice, &api.DescribeChannelRequest{ChannelArn: instance + "/channel/red"}, false},
		{"a resource that is not there has no tags", "tagged", bob, &api.DescribeChannelRequest{ChannelArn: general}, false},
		{"tags of the request", "tagging", "", &api.TagResourceRequest{ResourceARN: general, Tags: []api.Tag{{Key: "team", Value: "blue"}}}, true},
		{"tags of the request with one more", "tagging", "", &api.TagResourceRequest{ResourceARN: general, Tags: []api.Tag{{Key: "team", Value: "blue"}, {Key: "a", Value: "b"}}}, false},
		{"tags that are removed have no value", "tagging", "", &api.UntagResourceRequest{ResourceARN: general, TagKeys: []string{"team"}}, false},
		{"a denial of any name of a resource is one of the resource", "late", "", &api.CreateAppInstanceUserRequest{AppInstanceArn: instance, AppInstanceUserId: "u"}, false},
		{"the address it comes from", "late", alice, &api.SendChannelMessageRequest{ChannelArn: general}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			caller := *callers[c.who]
			caller.Bearer = c.bearer
			op := api.Lookup(strings.TrimSuffix(reflect.TypeOf(c.in).Elem().Name(), "Request"))
			err := h.Authorize(t.Context(), op, &caller, c.in)
			if (err == nil) != c.allowed || err != nil && api.AsError(err).Kind != api.AccessDenied {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("another address is denied, in AWS's words and with a reason for the log", func(t *testing.T) {
		caller := *callers["late"]
		caller.Bearer, caller.SourceAddress = alice, "198.51.100.1"
		var e *api.Error
		err := h.Authorize(t.Context(), api.Lookup("SendChannelMessage"), &caller, &api.SendChannelMessageRequest{ChannelArn: general})
		const want = "User: arn:aws:iam::123456789012:user/late is not authorized to perform: chime:SendChannelMessage on resource: " + alice + " with an explicit deny in an identity-based policy"
		if !errors.As(err, &e) || e.Message != want || !strings.Contains(e.Reason, "Statement[2]") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("without an allowance it is said that there is none", func(t *testing.T) {
		caller := *callers["alice"]
		caller.Bearer = bob
		err := h.Authorize(t.Context(), api.Lookup("SendChannelMessage"), &caller, &api.SendChannelMessageRequest{ChannelArn: general})
		const want = "User: arn:aws:iam::123456789012:user/alice is not authorized to perform: chime:SendChannelMessage on resource: " + bob + " because no identity-based policy allows the chime:SendChannelMessage action"
		if got := api.AsError(err).Message; got != want {
			t.Errorf("got %s", got)
		}
	})
	t.Run("tags that cannot be read are no denial", func(t *testing.T) {
		caller := *callers["tagged"]
		caller.Bearer = alice
		err := h.Authorize(t.Context(), api.Lookup("DescribeChannel"), &caller, &api.DescribeChannelRequest{ChannelArn: instance + "/channel/broken"})
		if err == nil || api.AsError(err).Kind != api.ServiceFailure {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a session is that of the user that the policy names", func(t *testing.T) {
		if err := h.AuthorizeConnect(t.Context(), callers["alice"], alice); err != nil {
			t.Error(err)
		}
		if err := h.AuthorizeConnect(t.Context(), callers["alice"], bob); api.AsError(err).Kind != api.AccessDenied {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a session of one whose key was disabled, or whose policy is another, is asked about anew", func(t *testing.T) {
		key := h.user("carol", onlyAlice)
		carol := h.as(key.AccessKeyId)
		may := func() bool {
			err := h.AuthorizeConnect(t.Context(), carol, instance+"/user/carol")
			if err != nil && api.AsError(err).Kind != api.AccessDenied {
				t.Error(err)
			}
			return err == nil
		}
		set := func(status string) {
			if _, err := h.UpdateAccessKey(t.Context(), h.root(home), &UpdateAccessKeyRequest{UserName: "carol", AccessKeyId: key.AccessKeyId, Status: status}); err != nil {
				t.Fatal(err)
			}
		}
		got := []bool{may()}
		set("Inactive")
		got = append(got, may())
		set("Active")
		got = append(got, may())
		if _, err := h.DeleteUserPolicy(t.Context(), h.root(home), &DeleteUserPolicyRequest{UserName: "carol", PolicyName: "policy"}); err != nil {
			t.Fatal(err)
		}
		got = append(got, may())
		if diff := cmp.Diff([]bool{true, false, true, false}, got); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("the root may do everything", func(t *testing.T) {
		for i := range api.Operations {
			if err := h.Authorize(t.Context(), &api.Operations[i], h.root(home), inputOf(t, &api.Operations[i])); err != nil {
				t.Error(err)
			}
		}
	})
}

func BenchmarkAuthorize(b *testing.B) {
	h := newHouse(b)
	document := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["chime:SendChannelMessage","chime:ListChannelMessages"],"Resource":["` + instance + `/user/${aws:username}","` + instance + `/channel/*"]}]}`
	limited := h.as(h.user("alice", document).AccessKeyId)
	limited.Bearer = alice
	op, in := api.Lookup("SendChannelMessage"), &api.SendChannelMessageRequest{ChannelArn: general, Content: "hello"}
	for name, caller := range map[string]*api.Caller{"root": h.root(home), "policy": limited} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := h.Authorize(context.Background(), op, caller, in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("lookup", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, ok, err := h.Lookup(context.Background(), limited.AccessKeyID, ""); err != nil || !ok {
				b.Fatal(err)
			}
		}
	})
}
