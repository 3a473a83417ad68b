package e2e

import (
	"fmt"

	identity "github.com/aws/aws-sdk-go/service/chimesdkidentity"
	messaging "github.com/aws/aws-sdk-go/service/chimesdkmessaging"

	"carillon/api"
)

// provocation arranges a new place so that the request which it returns is refused.
type provocation func(p *place) any

// provocations has what operations need to answer an error that place.provoke cannot bring about.
var provocations = map[string]map[api.Kind]provocation{
	"AssociateChannelFlow": {
		api.Conflict: func(p *place) any { // the channel has another flow
			return &messaging.AssociateChannelFlowInput{ChannelArn: &p.processed, ChannelFlowArn: &p.spare, ChimeBearer: &p.alice}
		},
	},
	"ChannelFlowCallback": {
		api.Conflict: func(p *place) any { // the second time
			callback := p.call("ChannelFlowCallback")
			p.Must(nil, p.send(callback))
			return callback
		},
	},
	"CreateAppInstance": {
		api.Conflict: func(p *place) any { // the token with another name
			p.Must(nil, p.send(&identity.CreateAppInstanceInput{Name: new("one"), ClientRequestToken: new("token")}))
			return &identity.CreateAppInstanceInput{Name: new("another"), ClientRequestToken: new("token")}
		},
	},
	"CreateAppInstanceAdmin": {
		api.Conflict: func(p *place) any {
			return &identity.CreateAppInstanceAdminInput{AppInstanceArn: &p.Instance, AppInstanceAdminArn: &p.admin}
		},
	},
	"CreateAppInstanceBot": {
		api.Conflict: func(p *place) any { // the token with another name
			in := p.call("CreateAppInstanceBot").(*identity.CreateAppInstanceBotInput)
			p.Must(nil, p.send(in))
			in.Name = new("another")
			return in
		},
	},
	"CreateAppInstanceUser": {
		api.Conflict: func(p *place) any { // bob is somebody else
			return &identity.CreateAppInstanceUserInput{AppInstanceArn: &p.Instance, AppInstanceUserId: new("bob"), Name: new("Robert")}
		},
	},
	"CreateChannel": {
		api.Forbidden: func(p *place) any { // a member who is not registered
			return &messaging.CreateChannelInput{
				AppInstanceArn: &p.Instance, Name: new("new"), MemberArns: []*string{new(p.Instance + "/user/nobody")}, ChimeBearer: &p.bob,
			}
		},
		api.Conflict: func(p *place) any { // the id is taken
			in := &messaging.CreateChannelInput{AppInstanceArn: &p.Instance, Name: new("new"), ChannelId: new("taken"), ChimeBearer: &p.bob}
			p.Must(nil, p.send(in))
			in.ClientRequestToken = nil // the SDK makes another one
			return in
		},
	},
	"CreateChannelBan": {
		api.Conflict: func(p *place) any {
			return &messaging.CreateChannelBanInput{ChannelArn: &p.channel, MemberArn: &p.frank, ChimeBearer: &p.alice}
		},
	},
	"CreateChannelFlow": {
		api.Conflict: func(p *place) any { // the token with another name
			in := p.call("CreateChannelFlow").(*messaging.CreateChannelFlowInput)
			in.ClientRequestToken = new("token")
			p.Must(nil, p.send(in))
			in.Name = new("another")
			return in
		},
	},
	"CreateChannelMembership": {
		api.Conflict: func(p *place) any {
			return &messaging.CreateChannelMembershipInput{ChannelArn: &p.channel, MemberArn: &p.bob, Type: new("DEFAULT"), ChimeBearer: &p.alice}
		},
	},
	"CreateChannelModerator": {
		api.Conflict: func(p *place) any {
			return &messaging.CreateChannelModeratorInput{ChannelArn: &p.channel, ChannelModeratorArn: &p.carol, ChimeBearer: &p.alice}
		},
	},
	"DeleteChannelFlow": {
		api.Conflict: func(p *place) any { // a channel has it
			return &messaging.DeleteChannelFlowInput{ChannelFlowArn: &p.flow}
		},
	},
	"DisassociateChannelFlow": {
		api.NotFound: func(p *place) any { // the channel has another one
			return &messaging.DisassociateChannelFlowInput{ChannelArn: &p.processed, ChannelFlowArn: &p.spare, ChimeBearer: &p.alice}
		},
	},
	"GetChannelMessage": {
		api.NotFound: func(p *place) any {
			return &messaging.GetChannelMessageInput{ChannelArn: &p.channel, MessageId: new("none"), ChimeBearer: &p.bob}
		},
	},
	"ListChannels": {
		api.Forbidden: func(p *place) any { // private ones are for admins
			return &messaging.ListChannelsInput{AppInstanceArn: &p.Instance, Privacy: new("PRIVATE"), ChimeBearer: &p.bob}
		},
	},
	"RedactChannelMessage": {
		api.Conflict: func(p *place) any { // it has not been sent
			return &messaging.RedactChannelMessageInput{ChannelArn: &p.processed, MessageId: &p.pending, ChimeBearer: &p.bob}
		},
	},
	"RegisterAppInstanceUserEndpoint": {
		api.Conflict: func(p *place) any { // the token with another name
			in := p.call("RegisterAppInstanceUserEndpoint").(*identity.RegisterAppInstanceUserEndpointInput)
			p.Must(nil, p.send(in))
			in.Name = new("another")
			return in
		},
	},
	"SearchChannels": {
		api.Forbidden: func(p *place) any { // without a bearer, in an app instance that is not there
			return &messaging.SearchChannelsInput{Fields: []*messaging.SearchField{{
				Key: new("MEMBERS"), Operator: new("INCLUDES"), Values: []*string{new(p.Instance + "x/user/bob")},
			}}}
		},
	},
	"SendChannelMessage": {
		api.Conflict: func(p *place) any { // the token with another content
			in := p.call("SendChannelMessage").(*messaging.SendChannelMessageInput)
			in.ClientRequestToken = new("token")
			p.Must(nil, p.send(in))
			in.Content = new("another")
			return in
		},
	},
	"UpdateChannelMessage": {
		api.Conflict: func(p *place) any { // it is redacted
			p.Must(p.As("bob").RedactChannelMessage(api.RedactChannelMessageRequest{ChannelArn: p.channel, MessageId: p.message}))
			return &messaging.UpdateChannelMessageInput{ChannelArn: &p.channel, MessageId: &p.message, Content: new("edited"), ChimeBearer: &p.bob}
		},
	},
	"TagResource": {
		api.ResourceLimitExceeded: func(p *place) any {
			in := &messaging.TagResourceInput{ResourceARN: &p.channel}
			for i := range 50 {
				in.Tags = append(in.Tags, &messaging.Tag{Key: new(fmt.Sprint("tag-", i)), Value: new("value")})
			}
			p.Must(nil, p.send(in))
			in.Tags = in.Tags[:1]
			in.Tags[0].Key = new("one more")
			return in
		},
	},
}
