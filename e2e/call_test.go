package e2e

import (
	"encoding/json"
	"testing"

	identity "github.com/aws/aws-sdk-go/service/chimesdkidentity"
	messaging "github.com/aws/aws-sdk-go/service/chimesdkmessaging"

	"carillon/api"
	"carillon/store"
	"carillon/testenv"
)

// place is a server with something of everything in it. Alice moderates the channels, bob is a member
// and writes, carol moderates too, dave is hidden, frank is banned, and erin is nobody to them.
type place struct {
	*inProcess
	admin, alice, bob, carol, dave, erin, frank string
	channel, message                            string
	// flow is the flow of the channel processed, in which the message pending waits for a callback;
	// spare is a flow without a channel.
	flow, spare, processed, pending, callback string
	elastic                                   string // a channel
	bot, endpoint                             string // the endpoint is bob's
}

func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{inProcess: newInProcess(t)}
	for name, user := range map[string]*string{
		"admin": &p.admin, "alice": &p.alice, "bob": &p.bob, "carol": &p.carol, "dave": &p.dave, "erin": &p.erin, "frank": &p.frank,
	} {
		*user = p.ARN(name)
	}
	p.channel = p.Channel("alice", testenv.PrivateRestricted, "bob")
	p.Join("alice", p.channel, "dave", "HIDDEN")
	p.Must(p.As("alice").CreateChannelModerator(api.CreateChannelModeratorRequest{ChannelArn: p.channel, ChannelModeratorArn: p.carol}))
	p.Ban("alice", p.channel, "frank")
	p.message = p.say("bob", p.channel)

	p.flow, p.spare = p.newFlow(), p.newFlow()
	p.processed = p.Channel("alice", testenv.PrivateRestricted, "bob")
	p.Must(nil, p.As("alice").AssociateChannelFlow(api.AssociateChannelFlowRequest{ChannelArn: p.processed, ChannelFlowArn: p.flow}))
	p.pending = p.say("bob", p.processed)
	p.callback = p.asked()
	p.Must(p.Developer().PutMessagingStreamingConfigurations(api.PutMessagingStreamingConfigurationsRequest{
		AppInstanceArn: p.Instance, StreamingConfigurations: []api.StreamingConfiguration{{DataType: "Channel", ResourceArn: streamARN}},
	}))
	elastic, err := p.As("alice").CreateChannel(api.CreateChannelRequest{
		AppInstanceArn: p.Instance, Name: "elastic", Privacy: "PRIVATE", ClientRequestToken: p.Token(),
		ElasticChannelConfiguration: &api.ElasticChannelConfiguration{MaximumSubChannels: 2, TargetMembershipsPerSubChannel: 2, MinimumMembershipPercentage: 1},
	})
	p.Must(elastic, err)
	bot, err := p.Developer().CreateAppInstanceBot(api.CreateAppInstanceBotRequest{
		AppInstanceArn: p.Instance, ClientRequestToken: p.Token(), Configuration: &api.Configuration{Lex: &api.LexConfiguration{LexBotAliasArn: lexARN, LocaleId: "en_US"}},
	})
	p.Must(bot, err)
	endpoint, err := p.Developer().RegisterAppInstanceUserEndpoint(api.RegisterAppInstanceUserEndpointRequest{
		AppInstanceUserArn: p.bob, Type: "APNS", ResourceArn: pinpointARN, EndpointAttributes: &api.EndpointAttributes{DeviceToken: "bob's"}, ClientRequestToken: p.Token(),
	})
	p.Must(endpoint, err)
	p.elastic, p.bot, p.endpoint = elastic.ChannelArn, bot.AppInstanceBotArn, endpoint.EndpointId
	return p
}

const (
	streamARN   = "arn:aws:kinesis:" + testenv.Region + ":" + testenv.Account + ":stream/chime-messaging-events"
	functionARN = "arn:aws:lambda:" + testenv.Region + ":" + testenv.Account + ":function:processor"
	lexARN      = "arn:aws:lex:" + testenv.Region + ":" + testenv.Account + ":bot-alias/ABCDEFGHIJ/ABCDEFGHIJ"
	pinpointARN = "arn:aws:mobiletargeting:" + testenv.Region + ":" + testenv.Account + ":apps/0123456789abcdef"
)

// say sends a message and returns its id.
func (p *place) say(who, channel string) string {
	p.T.Helper()
	out, err := p.As(who).SendChannelMessage(api.SendChannelMessageRequest{
		ChannelArn: channel, Content: "hello", Type: "STANDARD", Persistence: "PERSISTENT", ClientRequestToken: p.Token(),
	})
	p.Must(out, err)
	return out.MessageId
}

func (p *place) newFlow() string {
	p.T.Helper()
	out, err := p.Developer().CreateChannelFlow(api.CreateChannelFlowRequest{
		AppInstanceArn: p.Instance, Name: "flow", ClientRequestToken: p.Token(),
		Processors: []api.Processor{{
			Name: "processor", ExecutionOrder: 1, FallbackAction: "ABORT",
			Configuration: &api.ProcessorConfiguration{Lambda: &api.LambdaConfiguration{ResourceArn: functionARN, InvocationType: "ASYNC"}},
		}},
	})
	p.Must(out, err)
	return out.ChannelFlowArn
}

// asked is the id under which a processor was asked last.
func (p *place) asked() (callback string) {
	p.T.Helper()
	for _, delivery := range p.Outbox() {
		if delivery.Kind != store.FlowDelivery {
			continue
		}
		var event struct{ CallbackId string }
		if err := json.Unmarshal([]byte(delivery.Payload), &event); err != nil {
			p.T.Fatal(err)
		}
		callback = event.CallbackId
	}
	if callback == "" {
		p.T.Fatal("no processor was asked")
	}
	return callback
}

// calls has one request for every operation of the new namespaces, as the SDK makes it. In a new
// place each of them, alone, succeeds.
func (p *place) calls() []any {
	lambda := &messaging.LambdaConfiguration{ResourceArn: new(functionARN), InvocationType: new("ASYNC")}
	processors := []*messaging.Processor{{
		Name: new("processor"), ExecutionOrder: new(int64(1)), FallbackAction: new("CONTINUE"), Configuration: &messaging.ProcessorConfiguration{Lambda: lambda},
	}}
	configuration := &identity.Configuration{Lex: &identity.LexConfiguration{LexBotAliasArn: new(lexARN), LocaleId: new("en_US")}}
	return []any{
		&identity.CreateAppInstanceInput{Name: new("new"), ClientRequestToken: new("instance")},
		&identity.DescribeAppInstanceInput{AppInstanceArn: &p.Instance},
		&identity.UpdateAppInstanceInput{AppInstanceArn: &p.Instance, Name: new("renamed"), Metadata: new("m")},
		&identity.DeleteAppInstanceInput{AppInstanceArn: &p.Instance},
		&identity.ListAppInstancesInput{MaxResults: new(int64(1))},

		&identity.CreateAppInstanceAdminInput{AppInstanceArn: &p.Instance, AppInstanceAdminArn: &p.bob},
		&identity.DescribeAppInstanceAdminInput{AppInstanceArn: &p.Instance, AppInstanceAdminArn: &p.admin},
		&identity.DeleteAppInstanceAdminInput{AppInstanceArn: &p.Instance, AppInstanceAdminArn: &p.admin},
		&identity.ListAppInstanceAdminsInput{AppInstanceArn: &p.Instance},

		&identity.CreateAppInstanceUserInput{AppInstanceArn: &p.Instance, AppInstanceUserId: new("ivan"), Name: new("Ivan"), ClientRequestToken: new("user")},
		&identity.DescribeAppInstanceUserInput{AppInstanceUserArn: &p.bob},
		&identity.UpdateAppInstanceUserInput{AppInstanceUserArn: &p.bob, Name: new("renamed"), Metadata: new("m")},
		&identity.DeleteAppInstanceUserInput{AppInstanceUserArn: &p.bob},
		&identity.ListAppInstanceUsersInput{AppInstanceArn: &p.Instance},

		&identity.PutAppInstanceUserExpirationSettingsInput{AppInstanceUserArn: &p.bob},

		&identity.CreateAppInstanceBotInput{AppInstanceArn: &p.Instance, Configuration: configuration, ClientRequestToken: new("bot")},
		&identity.DescribeAppInstanceBotInput{AppInstanceBotArn: &p.bot},
		&identity.UpdateAppInstanceBotInput{AppInstanceBotArn: &p.bot, Name: new("renamed"), Metadata: new("m")},
		&identity.DeleteAppInstanceBotInput{AppInstanceBotArn: &p.bot},
		&identity.ListAppInstanceBotsInput{AppInstanceArn: &p.Instance},

		&identity.RegisterAppInstanceUserEndpointInput{
			AppInstanceUserArn: &p.bob, Type: new("GCM"), ResourceArn: new(pinpointARN), ClientRequestToken: new("endpoint"),
			EndpointAttributes: &identity.EndpointAttributes{DeviceToken: new("another")},
		},
		&identity.DescribeAppInstanceUserEndpointInput{AppInstanceUserArn: &p.bob, EndpointId: &p.endpoint},
		&identity.UpdateAppInstanceUserEndpointInput{AppInstanceUserArn: &p.bob, EndpointId: &p.endpoint, Name: new("renamed")},
		&identity.DeregisterAppInstanceUserEndpointInput{AppInstanceUserArn: &p.bob, EndpointId: &p.endpoint},
		&identity.ListAppInstanceUserEndpointsInput{AppInstanceUserArn: &p.bob},

		&identity.PutAppInstanceRetentionSettingsInput{AppInstanceArn: &p.Instance, AppInstanceRetentionSettings: &identity.AppInstanceRetentionSettings{}},
		&identity.GetAppInstanceRetentionSettingsInput{AppInstanceArn: &p.Instance},

		&messaging.CreateChannelInput{AppInstanceArn: &p.Instance, Name: new("new"), ClientRequestToken: new("channel"), ChimeBearer: &p.bob},
		&messaging.DescribeChannelInput{ChannelArn: &p.channel, ChimeBearer: &p.bob},
		&messaging.UpdateChannelInput{ChannelArn: &p.channel, Name: new("renamed"), Mode: new("RESTRICTED"), ChimeBearer: &p.alice},
		&messaging.DeleteChannelInput{ChannelArn: &p.channel, ChimeBearer: &p.alice},
		&messaging.ListChannelsInput{AppInstanceArn: &p.Instance, ChimeBearer: &p.bob},

		&messaging.CreateChannelBanInput{ChannelArn: &p.channel, MemberArn: &p.bob, ChimeBearer: &p.alice},
		&messaging.DescribeChannelBanInput{ChannelArn: &p.channel, MemberArn: &p.frank, ChimeBearer: &p.alice},
		&messaging.DeleteChannelBanInput{ChannelArn: &p.channel, MemberArn: &p.frank, ChimeBearer: &p.alice},
		&messaging.ListChannelBansInput{ChannelArn: &p.channel, ChimeBearer: &p.alice},

		&messaging.CreateChannelMembershipInput{ChannelArn: &p.channel, MemberArn: &p.erin, Type: new("DEFAULT"), ChimeBearer: &p.alice},
		&messaging.BatchCreateChannelMembershipInput{ChannelArn: &p.channel, MemberArns: []*string{&p.erin}, ChimeBearer: &p.alice},
		&messaging.DescribeChannelMembershipInput{ChannelArn: &p.channel, MemberArn: &p.bob, ChimeBearer: &p.bob},
		&messaging.DeleteChannelMembershipInput{ChannelArn: &p.channel, MemberArn: &p.bob, ChimeBearer: &p.alice},
		&messaging.ListChannelMembershipsInput{ChannelArn: &p.channel, ChimeBearer: &p.bob},
		&messaging.DescribeChannelMembershipForAppInstanceUserInput{ChannelArn: &p.channel, AppInstanceUserArn: &p.bob, ChimeBearer: &p.bob},
		&messaging.ListChannelMembershipsForAppInstanceUserInput{AppInstanceUserArn: &p.bob, ChimeBearer: &p.admin},
		&messaging.GetChannelMembershipPreferencesInput{ChannelArn: &p.channel, MemberArn: &p.bob, ChimeBearer: &p.bob},
		&messaging.PutChannelMembershipPreferencesInput{
			ChannelArn: &p.channel, MemberArn: &p.bob, ChimeBearer: &p.bob,
			Preferences: &messaging.ChannelMembershipPreferences{PushNotifications: &messaging.PushNotificationPreferences{AllowNotifications: new("NONE")}},
		},

		&messaging.CreateChannelModeratorInput{ChannelArn: &p.channel, ChannelModeratorArn: &p.bob, ChimeBearer: &p.alice},
		&messaging.DescribeChannelModeratorInput{ChannelArn: &p.channel, ChannelModeratorArn: &p.carol, ChimeBearer: &p.alice},
		&messaging.DeleteChannelModeratorInput{ChannelArn: &p.channel, ChannelModeratorArn: &p.carol, ChimeBearer: &p.alice},
		&messaging.ListChannelModeratorsInput{ChannelArn: &p.channel, ChimeBearer: &p.alice},
		&messaging.DescribeChannelModeratedByAppInstanceUserInput{ChannelArn: &p.channel, AppInstanceUserArn: &p.carol, ChimeBearer: &p.carol},
		&messaging.ListChannelsModeratedByAppInstanceUserInput{AppInstanceUserArn: &p.carol, ChimeBearer: &p.admin},

		&messaging.SendChannelMessageInput{
			ChannelArn: &p.channel, Content: new("new"), Type: new("STANDARD"), Persistence: new("PERSISTENT"), ClientRequestToken: new("message"), ChimeBearer: &p.bob,
		},
		&messaging.GetChannelMessageInput{ChannelArn: &p.channel, MessageId: &p.message, ChimeBearer: &p.bob},
		&messaging.GetChannelMessageStatusInput{ChannelArn: &p.channel, MessageId: &p.message, ChimeBearer: &p.bob},
		&messaging.UpdateChannelMessageInput{ChannelArn: &p.channel, MessageId: &p.message, Content: new("edited"), ChimeBearer: &p.bob},
		&messaging.RedactChannelMessageInput{ChannelArn: &p.channel, MessageId: &p.message, ChimeBearer: &p.alice},
		&messaging.DeleteChannelMessageInput{ChannelArn: &p.channel, MessageId: &p.message, ChimeBearer: &p.admin},
		&messaging.ListChannelMessagesInput{ChannelArn: &p.channel, ChimeBearer: &p.bob},
		&messaging.UpdateChannelReadMarkerInput{ChannelArn: &p.channel, ChimeBearer: &p.bob},
		&messaging.SearchChannelsInput{ChimeBearer: &p.bob, Fields: []*messaging.SearchField{{
			Key: new("MEMBERS"), Operator: new("INCLUDES"), Values: []*string{&p.bob},
		}}},
		&messaging.PutChannelExpirationSettingsInput{ChannelArn: &p.channel, ChimeBearer: &p.alice},
		&messaging.ListSubChannelsInput{ChannelArn: &p.elastic, ChimeBearer: &p.alice},

		&messaging.CreateChannelFlowInput{AppInstanceArn: &p.Instance, Name: new("new"), Processors: processors, ClientRequestToken: new("flow")},
		&messaging.DescribeChannelFlowInput{ChannelFlowArn: &p.flow},
		&messaging.UpdateChannelFlowInput{ChannelFlowArn: &p.flow, Name: new("renamed"), Processors: processors},
		&messaging.DeleteChannelFlowInput{ChannelFlowArn: &p.spare},
		&messaging.ListChannelFlowsInput{AppInstanceArn: &p.Instance},
		&messaging.AssociateChannelFlowInput{ChannelArn: &p.channel, ChannelFlowArn: &p.flow, ChimeBearer: &p.alice},
		&messaging.DisassociateChannelFlowInput{ChannelArn: &p.processed, ChannelFlowArn: &p.flow, ChimeBearer: &p.alice},
		&messaging.ListChannelsAssociatedWithChannelFlowInput{ChannelFlowArn: &p.flow},
		&messaging.ChannelFlowCallbackInput{
			ChannelArn: &p.processed, CallbackId: &p.callback, ChannelMessage: &messaging.ChannelMessageCallback{MessageId: &p.pending},
		},

		&messaging.PutMessagingStreamingConfigurationsInput{AppInstanceArn: &p.Instance, StreamingConfigurations: []*messaging.StreamingConfiguration{{
			DataType: new("Channel"), ResourceArn: new(streamARN),
		}}},
		&messaging.GetMessagingStreamingConfigurationsInput{AppInstanceArn: &p.Instance},
		&messaging.DeleteMessagingStreamingConfigurationsInput{AppInstanceArn: &p.Instance},
		&messaging.GetMessagingSessionEndpointInput{},

		&messaging.TagResourceInput{ResourceARN: &p.channel, Tags: []*messaging.Tag{{Key: new("team"), Value: new("red")}}},
		&messaging.UntagResourceInput{ResourceARN: &p.channel, TagKeys: []*string{new("team")}},
		&messaging.ListTagsForResourceInput{ResourceARN: &p.channel},
	}
}
