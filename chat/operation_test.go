package chat_test

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"carillon/api"
	"carillon/arn"
	"carillon/store"
	"carillon/testenv"
)

// call is one request for an operation.
type call struct {
	operation string
	as        string // a user of the app instance; empty where the operation takes no bearer
	in        any
}

// place has the names of what calls act on.
type place struct {
	instance, channel, elastic, message string
	bot                                 string
	endpoint                            string // of bob
	// flow is the flow of the channel processed, in which the message pending waits for a callback;
	// spare is a flow without a channel.
	flow, spare, processed, pending, callback string
}

func (p place) user(id string) string { return p.instance + "/user/" + id }

// in has the same names in another app instance.
func (p place) in(instance string) place {
	for _, name := range []*string{&p.channel, &p.elastic, &p.bot, &p.flow, &p.spare, &p.processed} {
		*name = strings.Replace(*name, p.instance, instance, 1)
	}
	p.instance = instance
	return p
}

// stream is the ARN of a stream that the account of the tests may stream to.
func stream(name string) string {
	return "arn:aws:kinesis:" + testenv.Region + ":" + testenv.Account + ":stream/chime-messaging-" + name
}

// newPlace makes a channel in which everyCall succeeds.
func newPlace(e *testenv.Env) place {
	p := place{instance: e.Instance, channel: e.Channel("alice", testenv.PrivateUnrestricted, "bob")}
	e.Join("alice", p.channel, "dave", "HIDDEN")
	e.Must(nil, createElastic(e, "crowd"))
	p.elastic = e.Instance + "/channel/crowd"
	e.Must(e.As("alice").CreateChannelModerator(api.CreateChannelModeratorRequest{ChannelArn: p.channel, ChannelModeratorArn: e.ARN("carol")}))
	e.Ban("alice", p.channel, "frank")
	e.Must(nil, e.Developer().TagResource(api.TagResourceRequest{ResourceARN: p.channel, Tags: []api.Tag{{Key: "team", Value: "red"}}}))
	sent, err := e.As("bob").SendChannelMessage(api.SendChannelMessageRequest{
		ChannelArn: p.channel, Content: "hello", Type: "STANDARD", Persistence: "PERSISTENT", ClientRequestToken: e.Token(),
	})
	e.Must(sent, err)
	p.message = sent.MessageId
	p.bot = newBot(e, "Lex")
	p.endpoint = newEndpoint(e, "bob", "the phone")
	p.flow, p.spare = newFlow(e, api.FallbackActionAbort), newFlow(e, api.FallbackActionAbort)
	p.processed = e.Channel("alice", testenv.PublicRestricted, "bob")
	e.Must(nil, e.As("alice").AssociateChannelFlow(api.AssociateChannelFlowRequest{ChannelArn: p.processed, ChannelFlowArn: p.flow}))
	sent, err = trySend(e, "bob", p.processed, "waiting")
	e.Must(sent, err)
	p.pending, p.callback = sent.MessageId, invocations(e)[0].CallbackId
	e.Must(e.Developer().PutMessagingStreamingConfigurations(api.PutMessagingStreamingConfigurationsRequest{
		AppInstanceArn: p.instance, StreamingConfigurations: []api.StreamingConfiguration{
			{DataType: "Channel", ResourceArn: stream("channels")}, {DataType: "ChannelMessage", ResourceArn: stream("messages")},
		},
	}))
	e.Events()
	return p
}

// everyCall has a request for every operation there is. In a new place each of them, alone, succeeds,
// and each of those that write changes something.
func everyCall(p place) []call {
	bob, tags := p.user("bob"), []api.Tag{{Key: "cost", Value: "7"}}
	tomorrow := &api.ExpirationSettings{ExpirationDays: 1, ExpirationCriterion: "CREATED_TIMESTAMP"}
	filtered := &api.ChannelMembershipPreferences{PushNotifications: &api.PushNotificationPreferences{AllowNotifications: "FILTERED", FilterRule: `{"a":["b"]}`}}
	return []call{
		{"CreateAppInstance", "", &api.CreateAppInstanceRequest{Name: "new", Metadata: textOf("m"), Tags: tags, ClientRequestToken: "new-instance"}},
		{"DescribeAppInstance", "", &api.DescribeAppInstanceRequest{AppInstanceArn: p.instance}},
		{"UpdateAppInstance", "", &api.UpdateAppInstanceRequest{AppInstanceArn: p.instance, Name: "renamed", Metadata: textOf("m")}},
		{"DeleteAppInstance", "", &api.DeleteAppInstanceRequest{AppInstanceArn: p.instance}},
		{"ListAppInstances", "", &api.ListAppInstancesRequest{}},

		{"CreateAppInstanceAdmin", "", &api.CreateAppInstanceAdminRequest{AppInstanceArn: p.instance, AppInstanceAdminArn: bob}},
		{"DescribeAppInstanceAdmin", "", &api.DescribeAppInstanceAdminRequest{AppInstanceArn: p.instance, AppInstanceAdminArn: p.user("admin")}},
		{"DeleteAppInstanceAdmin", "", &api.DeleteAppInstanceAdminRequest{AppInstanceArn: p.instance, AppInstanceAdminArn: p.user("admin")}},
		{"ListAppInstanceAdmins", "", &api.ListAppInstanceAdminsRequest{AppInstanceArn: p.instance}},

		{"CreateAppInstanceUser", "", &api.CreateAppInstanceUserRequest{AppInstanceArn: p.instance, AppInstanceUserId: "ivan", Name: "Ivan", Metadata: textOf("m"), Tags: tags, ClientRequestToken: "new-user"}},
		{"DescribeAppInstanceUser", "", &api.DescribeAppInstanceUserRequest{AppInstanceUserArn: bob}},
		{"UpdateAppInstanceUser", "", &api.UpdateAppInstanceUserRequest{AppInstanceUserArn: bob, Name: "renamed", Metadata: textOf("m")}},
		{"DeleteAppInstanceUser", "", &api.DeleteAppInstanceUserRequest{AppInstanceUserArn: bob}},
		{"ListAppInstanceUsers", "", &api.ListAppInstanceUsersRequest{AppInstanceArn: p.instance}},
		{"PutAppInstanceUserExpirationSettings", "", &api.PutAppInstanceUserExpirationSettingsRequest{AppInstanceUserArn: bob, ExpirationSettings: tomorrow}},

		{"CreateAppInstanceBot", "", &api.CreateAppInstanceBotRequest{AppInstanceArn: p.instance, Name: "Lex", Metadata: textOf("m"), Tags: tags, Configuration: lex("en_US"), ClientRequestToken: "new-bot"}},
		{"DescribeAppInstanceBot", "", &api.DescribeAppInstanceBotRequest{AppInstanceBotArn: p.bot}},
		{"UpdateAppInstanceBot", "", &api.UpdateAppInstanceBotRequest{AppInstanceBotArn: p.bot, Name: "renamed", Metadata: "m", Configuration: lex("de_DE")}},
		{"DeleteAppInstanceBot", "", &api.DeleteAppInstanceBotRequest{AppInstanceBotArn: p.bot}},
		{"ListAppInstanceBots", "", &api.ListAppInstanceBotsRequest{AppInstanceArn: p.instance}},

		{"RegisterAppInstanceUserEndpoint", "", register(bob, "another phone", "new-endpoint")},
		{"DescribeAppInstanceUserEndpoint", "", &api.DescribeAppInstanceUserEndpointRequest{AppInstanceUserArn: bob, EndpointId: p.endpoint}},
		{"UpdateAppInstanceUserEndpoint", "", &api.UpdateAppInstanceUserEndpointRequest{AppInstanceUserArn: bob, EndpointId: p.endpoint, Name: "renamed", AllowMessages: "NONE"}},
		{"DeregisterAppInstanceUserEndpoint", "", &api.DeregisterAppInstanceUserEndpointRequest{AppInstanceUserArn: bob, EndpointId: p.endpoint}},
		{"ListAppInstanceUserEndpoints", "", &api.ListAppInstanceUserEndpointsRequest{AppInstanceUserArn: bob}},

		{"PutAppInstanceRetentionSettings", "", &api.PutAppInstanceRetentionSettingsRequest{AppInstanceArn: p.instance, AppInstanceRetentionSettings: retention(7)}},
		{"GetAppInstanceRetentionSettings", "", &api.GetAppInstanceRetentionSettingsRequest{AppInstanceArn: p.instance}},

		{"CreateChannel", "alice", &api.CreateChannelRequest{
			AppInstanceArn: p.instance, ChannelId: "new", Name: "new", Metadata: textOf("m"), Tags: tags, ClientRequestToken: "new-channel",
			MemberArns: []string{bob, p.user("carol")}, ModeratorArns: []string{p.user("dave")},
			ExpirationSettings: tomorrow,
		}},
		{"DescribeChannel", "bob", &api.DescribeChannelRequest{ChannelArn: p.channel}},
		{"UpdateChannel", "alice", &api.UpdateChannelRequest{ChannelArn: p.channel, Name: "renamed", Mode: "RESTRICTED", Metadata: textOf("m")}},
		{"DeleteChannel", "alice", &api.DeleteChannelRequest{ChannelArn: p.channel}},
		{"PutChannelExpirationSettings", "alice", &api.PutChannelExpirationSettingsRequest{ChannelArn: p.channel, ExpirationSettings: tomorrow}},
		{"ListChannels", "admin", &api.ListChannelsRequest{AppInstanceArn: p.instance, Privacy: "PRIVATE"}},

		{"CreateChannelBan", "alice", &api.CreateChannelBanRequest{ChannelArn: p.channel, MemberArn: bob}},
		{"DescribeChannelBan", "alice", &api.DescribeChannelBanRequest{ChannelArn: p.channel, MemberArn: p.user("frank")}},
		{"DeleteChannelBan", "alice", &api.DeleteChannelBanRequest{ChannelArn: p.channel, MemberArn: p.user("frank")}},
		{"ListChannelBans", "alice", &api.ListChannelBansRequest{ChannelArn: p.channel}},

		{"CreateChannelMembership", "bob", &api.CreateChannelMembershipRequest{ChannelArn: p.channel, MemberArn: p.user("erin"), Type: "DEFAULT"}},
		{"BatchCreateChannelMembership", "alice", &api.BatchCreateChannelMembershipRequest{ChannelArn: p.channel, MemberArns: []string{p.user("erin"), bob, p.user("grace")}, Type: "HIDDEN"}},
		{"DescribeChannelMembership", "bob", &api.DescribeChannelMembershipRequest{ChannelArn: p.channel, MemberArn: bob}},
		{"DeleteChannelMembership", "bob", &api.DeleteChannelMembershipRequest{ChannelArn: p.channel, MemberArn: bob}},
		{"ListChannelMemberships", "bob", &api.ListChannelMembershipsRequest{ChannelArn: p.channel}},
		{"DescribeChannelMembershipForAppInstanceUser", "admin", &api.DescribeChannelMembershipForAppInstanceUserRequest{ChannelArn: p.channel, AppInstanceUserArn: bob}},
		{"ListChannelMembershipsForAppInstanceUser", "admin", &api.ListChannelMembershipsForAppInstanceUserRequest{AppInstanceUserArn: bob}},
		{"GetChannelMembershipPreferences", "bob", &api.GetChannelMembershipPreferencesRequest{ChannelArn: p.channel, MemberArn: bob}},
		{"PutChannelMembershipPreferences", "bob", &api.PutChannelMembershipPreferencesRequest{ChannelArn: p.channel, MemberArn: bob, Preferences: filtered}},

		{"CreateChannelModerator", "alice", &api.CreateChannelModeratorRequest{ChannelArn: p.channel, ChannelModeratorArn: bob}},
		{"DescribeChannelModerator", "alice", &api.DescribeChannelModeratorRequest{ChannelArn: p.channel, ChannelModeratorArn: p.user("carol")}},
		{"DeleteChannelModerator", "alice", &api.DeleteChannelModeratorRequest{ChannelArn: p.channel, ChannelModeratorArn: p.user("carol")}},
		{"ListChannelModerators", "alice", &api.ListChannelModeratorsRequest{ChannelArn: p.channel}},
		{"DescribeChannelModeratedByAppInstanceUser", "admin", &api.DescribeChannelModeratedByAppInstanceUserRequest{ChannelArn: p.channel, AppInstanceUserArn: p.user("carol")}},
		{"ListChannelsModeratedByAppInstanceUser", "admin", &api.ListChannelsModeratedByAppInstanceUserRequest{AppInstanceUserArn: p.user("carol")}},

		{"SendChannelMessage", "bob", &api.SendChannelMessageRequest{ChannelArn: p.channel, Content: "new", Metadata: textOf("m"), Type: "STANDARD", Persistence: "PERSISTENT", ClientRequestToken: "new-message"}},
		{"GetChannelMessage", "bob", &api.GetChannelMessageRequest{ChannelArn: p.channel, MessageId: p.message}},
		{"GetChannelMessageStatus", "bob", &api.GetChannelMessageStatusRequest{ChannelArn: p.channel, MessageId: p.message}},
		{"UpdateChannelMessage", "bob", &api.UpdateChannelMessageRequest{ChannelArn: p.channel, MessageId: p.message, Content: "edited", Metadata: textOf("m")}},
		{"RedactChannelMessage", "alice", &api.RedactChannelMessageRequest{ChannelArn: p.channel, MessageId: p.message}},
		{"DeleteChannelMessage", "admin", &api.DeleteChannelMessageRequest{ChannelArn: p.channel, MessageId: p.message}},
		{"ListChannelMessages", "bob", &api.ListChannelMessagesRequest{ChannelArn: p.channel}},
		{"UpdateChannelReadMarker", "bob", &api.UpdateChannelReadMarkerRequest{ChannelArn: p.channel}},
		{"SearchChannels", "bob", &api.SearchChannelsRequest{Fields: []api.SearchField{{Key: "MEMBERS", Operator: "INCLUDES", Values: []string{bob}}}}},

		{"CreateChannelFlow", "", &api.CreateChannelFlowRequest{AppInstanceArn: p.instance, Name: "new", Processors: processors(api.FallbackActionAbort), Tags: tags, ClientRequestToken: "new-flow"}},
		{"DescribeChannelFlow", "", &api.DescribeChannelFlowRequest{ChannelFlowArn: p.flow}},
		{"UpdateChannelFlow", "", &api.UpdateChannelFlowRequest{ChannelFlowArn: p.flow, Name: "renamed", Processors: processors(api.FallbackActionContinue)}},
		{"DeleteChannelFlow", "", &api.DeleteChannelFlowRequest{ChannelFlowArn: p.spare}},
		{"ListSubChannels", "alice", &api.ListSubChannelsRequest{ChannelArn: p.elastic}},
		{"GetMessagingSessionEndpoint", "", &api.GetMessagingSessionEndpointRequest{}},
		{"ListChannelFlows", "", &api.ListChannelFlowsRequest{AppInstanceArn: p.instance}},
		{"AssociateChannelFlow", "alice", &api.AssociateChannelFlowRequest{ChannelArn: p.channel, ChannelFlowArn: p.flow}},
		{"DisassociateChannelFlow", "alice", &api.DisassociateChannelFlowRequest{ChannelArn: p.processed, ChannelFlowArn: p.flow}},
		{"ListChannelsAssociatedWithChannelFlow", "", &api.ListChannelsAssociatedWithChannelFlowRequest{ChannelFlowArn: p.flow}},
		{"ChannelFlowCallback", "", &api.ChannelFlowCallbackRequest{ChannelArn: p.processed, CallbackId: p.callback, ChannelMessage: &api.ChannelMessageCallback{MessageId: p.pending, Content: "changed"}}},

		{"PutMessagingStreamingConfigurations", "", &api.PutMessagingStreamingConfigurationsRequest{AppInstanceArn: p.instance, StreamingConfigurations: []api.StreamingConfiguration{{DataType: "Channel", ResourceArn: stream("others")}}}},
		{"GetMessagingStreamingConfigurations", "", &api.GetMessagingStreamingConfigurationsRequest{AppInstanceArn: p.instance}},
		{"DeleteMessagingStreamingConfigurations", "", &api.DeleteMessagingStreamingConfigurationsRequest{AppInstanceArn: p.instance}},

		{"TagResource", "", &api.TagResourceRequest{ResourceARN: p.channel, Tags: tags}},
		{"UntagResource", "", &api.UntagResourceRequest{ResourceARN: p.channel, TagKeys: []string{"team"}}},
		{"ListTagsForResource", "", &api.ListTagsForResourceRequest{ResourceARN: p.channel}},
	}
}

// do makes the call, signed by an account, for a bearer.
func (c call) do(e *testenv.Env, account, bearer string) (api.Output, error) {
	caller := &api.Caller{Account: account, Principal: "arn:aws:iam::" + account + ":root", Bearer: bearer}
	return api.Lookup(c.operation).Call(context.Background(), e.Service, caller, c.in)
}

// bearer is the header the call is made with.
func (c call) bearer(p place) string {
	if c.as == "" {
		return ""
	}
	return p.user(c.as)
}

func TestEveryOperationIsCalled(t *testing.T) {
	e := testenv.New(t)
	called := map[string]bool{}
	for _, c := range everyCall(place{}) {
		if op := api.Lookup(c.operation); (op.Bearer == api.None) != (c.as == "") {
			t.Errorf("%s is called as %q, but its bearer is %v", c.operation, c.as, op.Bearer)
		}
		called[c.operation] = true
	}
	service := reflect.TypeFor[api.Service]()
	for _, op := range api.Operations {
		if called[op.Name] {
			continue
		}
		t.Run(op.Name+" is called by no test because it does nothing yet", func(t *testing.T) {
			defer func() {
				if recover() != nil { // an empty request is none that a method must bear
					t.Error("it does something: everyCall needs a request for it")
				}
			}()
			method, _ := service.MethodByName(op.Name)
			in := reflect.New(method.Type.In(2).Elem()).Interface()
			_, err := op.Call(t.Context(), e.Service, &api.Caller{Account: testenv.Account, Bearer: e.ARN("alice")}, in)
			if testenv.Kind(err) != api.NotImplemented {
				t.Errorf("it does something, such as %v: everyCall needs a request for it", err)
			}
		})
	}
}

// census is everything a store holds, by what it is about.
type census struct {
	records map[string]any
	err     error
}

// take adds what read returns. It is a function because methods have no type parameters.
func take[T any](c *census, name string, read func() (T, error)) T {
	value, err := read()
	if c.err == nil {
		c.err = err
	}
	c.records[name] = value
	return value
}

// stateOf is the state of a store, from both sides of everything that is kept in two.
func stateOf(t *testing.T, st store.Store) map[string]any {
	t.Helper()
	const all = 1000
	c := &census{records: map[string]any{}}
	done(t, st.View(context.Background(), func(tx store.Tx) error {
		for _, account := range []string{testenv.Account, otherAccount} {
			for _, i := range take(c, "app instances of "+account, func() ([]store.AppInstance, error) { return tx.ListAppInstances(account, 0, all) }) {
				take(c, "tags of "+i.ID, func() ([]store.Tag, error) { return tx.Tags(i.Key) })
				take(c, "admins of "+i.ID, func() ([]store.ListedAdmin, error) { return tx.ListAppInstanceAdmins(i.Key, 0, all) })
				c.takeIdentities(tx, i, all)
				c.takeChannels(tx, i, all)
				c.takeFlows(tx, i, all)
			}
		}
		take(c, "invocations", func() ([]store.ListedInvocation, error) {
			return tx.ListFlowInvocations(time.Now().AddDate(100, 0, 0), all)
		})
		for _, head := range take(c, "lanes", func() ([]store.Delivery, error) { return tx.ListLanes(0, all) }) {
			take(c, fmt.Sprint("lane ", head.Lane), func() ([]store.Delivery, error) { return tx.ListDeliveries(head.Lane, all) })
		}
		return c.err
	}))
	return c.records
}

func (c *census) takeFlows(tx store.Tx, i store.AppInstance, all int) {
	for _, flow := range take(c, "flows of "+i.ID, func() ([]store.ChannelFlow, error) { return tx.ListChannelFlows(i.Key, 0, all) }) {
		take(c, "tags of "+flow.ID, func() ([]store.Tag, error) { return tx.Tags(flow.Key) })
		take(c, "channels of "+flow.ID, func() ([]store.Channel, error) { return tx.ListChannelsOfFlow(flow.Key, 0, all) })
	}
}

func (c *census) takeIdentities(tx store.Tx, i store.AppInstance, all int) {
	for _, kind := range []arn.Kind{arn.User, arn.Bot} {
		for _, who := range take(c, kind.String()+"s of "+i.ID, func() ([]store.Identity, error) { return tx.ListIdentities(i.Key, kind, 0, all) }) {
			name := who.ID + " of " + i.ID
			take(c, "tags of "+name, func() ([]store.Tag, error) { return tx.Tags(who.Key) })
			take(c, "memberships of "+name, func() ([]store.ListedMembership, error) { return tx.ListMembershipsOf(who.Key, 0, all) })
			take(c, "roles of "+name, func() ([]store.ModeratedChannel, error) { return tx.ListModeratedBy(who.Key, 0, all) })
			take(c, "endpoints of "+name, func() ([]store.AppInstanceUserEndpoint, error) {
				return tx.ListAppInstanceUserEndpoints(who.Key, 0, all)
			})
			if kind == arn.Bot {
				take(c, "configuration of "+name, func() (string, error) { return tx.BotConfiguration(who.Key) })
			}
		}
	}
}

func (c *census) takeChannels(tx store.Tx, i store.AppInstance, all int) {
	for _, yes := range []bool{false, true} {
		for _, channel := range take(c, fmt.Sprintf("channels of %s, private %v", i.ID, yes), func() ([]store.Channel, error) { return tx.ListChannels(i.Key, yes, 0, all) }) {
			name := channel.ID + " of " + i.ID
			take(c, "tags of "+name, func() ([]store.Tag, error) { return tx.Tags(channel.Key) })
			take(c, "members of "+name, func() ([]store.ListedMember, error) { return tx.ListChannelMemberships(channel.Key, false, 0, all) })
			take(c, "hidden members of "+name, func() ([]store.ListedMember, error) { return tx.ListChannelMemberships(channel.Key, true, 0, all) })
			take(c, "moderators of "+name, func() ([]store.ListedModerator, error) { return tx.ListChannelModerators(channel.Key, 0, all) })
			take(c, "messages of "+name, func() ([]store.ListedMessage, error) {
				return tx.ListChannelMessages(store.MessageRange{Stream: channel.Key, Ascending: true}, all)
			})
			take(c, "bans of "+name, func() ([]store.ListedBan, error) { return tx.ListChannelBans(channel.Key, 0, all) })
		}
	}
}
