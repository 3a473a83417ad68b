package access

import (
	"context"
	"errors"
	"strings"

	"carillon/api"
	"carillon/arn"
	"carillon/policy"
)

// question is what a principal must be allowed for an operation.
type question struct {
	action string
	// on tells, for a request, the resources that the action must be allowed on.
	on func(r *request) []api.ResourceChoice
}

// request is what a question is asked about.
type request struct {
	service *Service
	caller  *api.Caller
	names   []string // the ARNs that the request names
}

// questions are the operations by what policies must allow of them: the resource types of AWS's Service
// Authorization Reference. Where its type is one that a request cannot name, as a user in a list of users,
// the app instance that it does name is as good.
var questions = func() map[string]question {
	table := make(map[string]question)
	add := func(on func(*request) []api.ResourceChoice, operations ...string) {
		for _, name := range operations {
			table[name] = question{action: "chime:" + name, on: on}
		}
	}
	add(onAnything,
		"CreateAppInstance", "GetMessagingSessionEndpoint")
	add(onAnythingIn,
		"CreateAppInstanceBot", "CreateAppInstanceUser")
	add(onAppInstances,
		"ListAppInstances")
	add(onAll(arn.User),
		"ListAppInstanceUsers")
	add(onAll(arn.Bot),
		"ListAppInstanceBots")
	add(onAll(arn.ChannelFlow),
		"ListChannelFlows")
	add(onNamedOrParent,
		"DeleteChannelFlow")
	// What the request names: an app instance, a user, a bot, an app instance and its admin, a channel, a
	// channel flow, or whatever has tags.
	add(onNamed,
		"DeleteAppInstance", "DeleteMessagingStreamingConfigurations", "DescribeAppInstance", "GetAppInstanceRetentionSettings",
		"GetMessagingStreamingConfigurations", "ListAppInstanceAdmins", "PutAppInstanceRetentionSettings",
		"PutMessagingStreamingConfigurations", "UpdateAppInstance", "CreateChannelFlow",
		"DeleteAppInstanceUser", "DeregisterAppInstanceUserEndpoint", "DescribeAppInstanceUser", "DescribeAppInstanceUserEndpoint",
		"ListAppInstanceUserEndpoints", "PutAppInstanceUserExpirationSettings", "RegisterAppInstanceUserEndpoint",
		"UpdateAppInstanceUser", "UpdateAppInstanceUserEndpoint",
		"DeleteAppInstanceBot", "DescribeAppInstanceBot", "UpdateAppInstanceBot",
		"CreateAppInstanceAdmin", "DeleteAppInstanceAdmin", "DescribeAppInstanceAdmin",
		"ChannelFlowCallback",
		"DescribeChannelFlow", "ListChannelsAssociatedWithChannelFlow", "UpdateChannelFlow",
		"ListTagsForResource", "TagResource", "UntagResource")
	add(onBearer,
		"CreateChannel", "ListChannelMembershipsForAppInstanceUser", "ListChannels", "ListChannelsModeratedByAppInstanceUser",
		"SearchChannels")
	add(onBearerAndChannel,
		"BatchCreateChannelMembership", "CreateChannelBan", "CreateChannelMembership", "CreateChannelModerator", "DeleteChannel",
		"DeleteChannelBan", "DeleteChannelMembership", "DeleteChannelMessage", "DeleteChannelModerator", "DescribeChannel",
		"DescribeChannelBan", "DescribeChannelMembership", "DescribeChannelMembershipForAppInstanceUser",
		"DescribeChannelModeratedByAppInstanceUser", "DescribeChannelModerator", "GetChannelMembershipPreferences",
		"GetChannelMessage", "GetChannelMessageStatus", "ListChannelBans", "ListChannelMemberships", "ListChannelMessages",
		"ListChannelModerators", "ListSubChannels", "PutChannelExpirationSettings", "PutChannelMembershipPreferences",
		"RedactChannelMessage", "SendChannelMessage", "UpdateChannel", "UpdateChannelMessage", "UpdateChannelReadMarker")
	add(onBearerAndNamed,
		"AssociateChannelFlow", "DisassociateChannelFlow")
	return table
}()

func onAnything(*request) []api.ResourceChoice { return []api.ResourceChoice{anything} }

func onAnythingIn(r *request) []api.ResourceChoice {
	return []api.ResourceChoice{append(api.ResourceChoice{"*"}, r.names...)}
}

func onAppInstances(r *request) []api.ResourceChoice {
	return []api.ResourceChoice{{r.service.appInstances(r.caller.Account)}}
}

// appInstances stands for all app instances of an account.
func (s *Service) appInstances(account string) string {
	return arn.ARN{Partition: s.Partition, Region: s.Region, Account: account, Kind: arn.AppInstance, Instance: "*"}.String()
}

// onAll is about all resources of a kind in the app instance that the request names.
func onAll(kind arn.Kind) func(*request) []api.ResourceChoice {
	return func(r *request) []api.ResourceChoice {
		return []api.ResourceChoice{append(api.ResourceChoice{below(r.names[0], kind, "*")}, r.names...)}
	}
}

// below is a name inside an app instance, whatever that is.
func below(instance string, kind arn.Kind, id string) string {
	return instance + "/" + kind.String() + "/" + id
}

func onNamed(r *request) []api.ResourceChoice {
	choices := make([]api.ResourceChoice, len(r.names))
	for i, name := range r.names {
		choices[i] = api.ResourceChoice{name}
	}
	return choices
}

func onNamedOrParent(r *request) []api.ResourceChoice {
	choices := onNamed(r)
	for i, name := range r.names {
		if a, err := arn.Parse(name); err == nil {
			choices[i] = append(choices[i], a.Of(arn.AppInstance, "").String())
		}
	}
	return choices
}

// onBearer is about the identity that the caller acts for. Who acts for none, where that may be, acts as
// whoever may do it to everything.
func onBearer(r *request) []api.ResourceChoice {
	if r.caller.Bearer == "" {
		return []api.ResourceChoice{anything}
	}
	return []api.ResourceChoice{{r.caller.Bearer}}
}

// onBearerAndChannel: the channel is what the request names last. Users that it names before are not acted
// on: they are the bearer itself, or the rules of the API say whether it may ask about them.
func onBearerAndChannel(r *request) []api.ResourceChoice {
	return append(onBearer(r), api.ResourceChoice{r.names[len(r.names)-1]})
}

func onBearerAndNamed(r *request) []api.ResourceChoice { return append(onBearer(r), onNamed(r)...) }

// Authorize reports whether the policies of the caller allow an operation on what its typed request names.
// It decides nothing else: what a resource of another account is, and what the bearer may do in a channel,
// is for the operation to say.
func (s *Service) Authorize(ctx context.Context, op *api.Operation, caller *api.Caller, in any) error {
	s.used(caller, "chime")
	if caller.Grant == nil {
		return nil
	}
	asked, ok := questions[op.Name]
	if !ok {
		return api.Errorf(api.AccessDenied, "User: %s is not authorized to perform: chime:%s", caller.Principal, op.Name)
	}
	var names [4]string
	r := request{service: s, caller: caller, names: op.Resources(in, names[:0])}
	tags := tagsOf(in)
	if err := s.ask(ctx, caller, asked.action, asked.on(&r), tags); err != nil {
		return err
	}
	for _, more := range s.implied(&r, in) {
		if err := s.ask(ctx, caller, more.action, more.resources, tags); err != nil {
			return err
		}
	}
	return nil
}

// AuthorizeConnect reports whether the policies of the caller allow, as of now, a session of a user. The
// caller may have been told of some time ago: its key is looked up again.
func (s *Service) AuthorizeConnect(ctx context.Context, caller *api.Caller, user string) error {
	s.used(caller, "chime")
	now, ok, err := s.Renew(ctx, caller)
	if err != nil {
		return err
	}
	if !ok {
		return &api.Error{
			Kind: api.AccessDenied, Message: "The security token included in the request is invalid.",
			Reason: "the access key, or the role, is not there any more, is disabled or has expired",
		}
	}
	if now.Grant == nil {
		return nil
	}
	return s.ask(ctx, now, "chime:Connect", []api.ResourceChoice{{user}}, requestTags{})
}

func (s *Service) ask(ctx context.Context, caller *api.Caller, action string, resources []api.ResourceChoice, tags requestTags) error {
	for i := range resources {
		c := requestContext{ctx: ctx, service: s, caller: caller, resource: resources[i], tags: tags}
		err := caller.Grant.Allows(&api.AccessRequest{Action: action, Resources: resources[i : i+1], Caller: caller, Context: c.values})
		if c.fault != nil {
			return c.fault // what was decided, was decided on half of it
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// implication is an action that an operation does beside its own.
type implication struct {
	action    string
	resources []api.ResourceChoice
}

// implied are the actions that a request asks for by its members: tags, and an expiration, of what is
// created. What has no name yet is named by all that it could be.
func (s *Service) implied(r *request, in any) (also []implication) {
	tagged := func(tags []api.Tag, resource string) {
		if len(tags) > 0 {
			also = append(also, implication{"chime:TagResource", []api.ResourceChoice{{resource}}})
		}
	}
	switch in := in.(type) {
	case *api.CreateAppInstanceRequest:
		tagged(in.Tags, s.appInstances(r.caller.Account))
	case *api.CreateAppInstanceUserRequest:
		user := below(in.AppInstanceArn, arn.User, in.AppInstanceUserId)
		tagged(in.Tags, user)
		if in.ExpirationSettings != nil {
			also = append(also, implication{"chime:PutAppInstanceUserExpirationSettings", []api.ResourceChoice{{user}}})
		}
	case *api.CreateAppInstanceBotRequest:
		tagged(in.Tags, below(in.AppInstanceArn, arn.Bot, "*"))
	case *api.CreateChannelFlowRequest:
		tagged(in.Tags, below(in.AppInstanceArn, arn.ChannelFlow, "*"))
	case *api.CreateChannelRequest:
		id := in.ChannelId
		if id == "" {
			id = "*"
		}
		channel := below(in.AppInstanceArn, arn.Channel, id)
		tagged(in.Tags, channel)
		if in.ExpirationSettings != nil {
			also = append(also, implication{"chime:PutChannelExpirationSettings", append(onBearer(r), api.ResourceChoice{channel})})
		}
	}
	return also
}

// requestTags are the tags that a request sets, and the keys of those that it sets or removes.
type requestTags struct {
	set  []api.Tag
	keys []string
}

func tagsOf(in any) (tags requestTags) {
	switch in := in.(type) {
	case *api.CreateAppInstanceRequest:
		tags.set = in.Tags
	case *api.CreateAppInstanceUserRequest:
		tags.set = in.Tags
	case *api.CreateAppInstanceBotRequest:
		tags.set = in.Tags
	case *api.CreateChannelFlowRequest:
		tags.set = in.Tags
	case *api.CreateChannelRequest:
		tags.set = in.Tags
	case *api.TagResourceRequest:
		tags.set = in.Tags
	case *api.UntagResourceRequest:
		tags.keys = in.TagKeys
	}
	for _, t := range tags.set {
		tags.keys = append(tags.keys, t.Key)
	}
	return tags
}

// Condition keys that follow from a request, as they are asked for: in small letters.
const (
	tagKeysKey     = "aws:tagkeys"
	requestTagKey  = "aws:requesttag/"
	resourceTagKey = "aws:resourcetag/"
)

// requestContext tells the condition keys that follow from a request and from one of its resources.
type requestContext struct {
	ctx      context.Context
	service  *Service
	caller   *api.Caller
	resource api.ResourceChoice
	tags     requestTags

	read   bool
	stored []api.Tag
	fault  error // in reading what is stored
}

func (c *requestContext) values(key string) ([]string, bool) {
	if key == tagKeysKey {
		return c.tags.keys, len(c.tags.keys) > 0
	}
	if name, ok := strings.CutPrefix(key, requestTagKey); ok {
		return valueOf(c.tags.set, name)
	}
	if name, ok := strings.CutPrefix(key, resourceTagKey); ok {
		return valueOf(c.resourceTags(), name)
	}
	return nil, false
}

func valueOf(tags []api.Tag, folded string) ([]string, bool) {
	for _, t := range tags {
		if policy.Fold(t.Key) == folded {
			return []string{t.Value}, true
		}
	}
	return nil, false
}

// resourceTags reads the tags of the resource, when a policy asks for them first.
func (c *requestContext) resourceTags() []api.Tag {
	if c.read || c.service.ResourceTags == nil {
		return c.stored
	}
	c.read = true
	tags, err := c.service.ResourceTags(c.ctx, c.caller.Account, c.resource[0])
	var stated *api.Error
	if err != nil && !errors.As(err, &stated) {
		c.fault = err
	}
	c.stored = tags
	return c.stored
}
