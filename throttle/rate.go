package throttle

import "carillon/api"

// Scope says what a rate counts requests of.
type Scope uint8

// The scopes. A request that names no resource of a rate's scope is not counted by that rate.
const (
	// PerAccount counts the requests signed for one account.
	PerAccount Scope = iota + 1
	// PerAppInstance counts the requests on one app instance or on anything inside it.
	PerAppInstance
	// PerUser counts the requests on one user or bot; requests that name none are those of their
	// bearer on itself.
	PerUser
	// PerChannel counts the requests on one channel.
	PerChannel
	// PerSubChannel counts the requests on one sub-channel, and on the channel itself those that
	// name none.
	PerSubChannel
	// PerBearer counts the requests made on behalf of one user or bot.
	PerBearer
)

// Rate lets so many requests per second through for each resource. As many may come at once.
type Rate struct {
	// Name tells the rate apart from others.
	Name string
	// Operations are counted together. Empty means every operation.
	Operations []string
	Scope      Scope
	PerSecond  int
	// Elastic, when not 0, is the rate for the requests that name a sub-channel, which only elastic
	// channels have. They are counted by themselves.
	Elastic int
}

// AWSRates are the default request rates of AWS in us-east-1. Operations that AWS publishes no rate
// of have none but that of their bearer.
func AWSRates() []Rate {
	rates := []Rate{
		{Name: "DescribeAppInstance", Operations: []string{"DescribeAppInstance"}, Scope: PerAppInstance, PerSecond: 20},
		{Name: "ListAppInstances", Operations: []string{"ListAppInstances"}, Scope: PerAccount, PerSecond: 10},
		{Name: "DescribeAppInstanceUser", Operations: []string{"DescribeAppInstanceUser"}, Scope: PerUser, PerSecond: 20},
		{Name: "ListAppInstanceUsers", Operations: []string{"ListAppInstanceUsers"}, Scope: PerAppInstance, PerSecond: 10},
		{Name: "identity", Operations: identityOperations(), Scope: PerAccount, PerSecond: 50},
		{Name: "ListChannels", Operations: []string{"ListChannels"}, Scope: PerAppInstance, PerSecond: 10},
		{Name: "DescribeChannel", Operations: []string{"DescribeChannel"}, Scope: PerChannel, PerSecond: 20},
		{Name: "participants", Scope: PerChannel, PerSecond: 15, Elastic: 30, Operations: []string{
			"CreateChannelMembership", "DeleteChannelMembership", "CreateChannelModerator", "DeleteChannelModerator",
			"CreateChannelBan", "DeleteChannelBan",
		}},
		{Name: "BatchCreateChannelMembership", Operations: []string{"BatchCreateChannelMembership"}, Scope: PerChannel, PerSecond: 1},
		{Name: "participant lists", Scope: PerChannel, PerSecond: 15, Operations: []string{
			"ListChannelMemberships", "ListChannelModerators", "ListChannelBans",
		}},
		{Name: "messages", Scope: PerSubChannel, PerSecond: 30, Operations: []string{
			"SendChannelMessage", "UpdateChannelMessage", "RedactChannelMessage", "DeleteChannelMessage", "ChannelFlowCallback",
		}},
		{Name: "ListChannelMessages", Operations: []string{"ListChannelMessages"}, Scope: PerChannel, PerSecond: 30},
		{Name: "GetChannelMessage", Operations: []string{"GetChannelMessage"}, Scope: PerChannel, PerSecond: 30},
		{Name: "channels of a user", Scope: PerUser, PerSecond: 15, Operations: []string{
			"ListChannelMembershipsForAppInstanceUser", "ListChannelsModeratedByAppInstanceUser",
		}},
		{Name: "ListSubChannels", Operations: []string{"ListSubChannels"}, Scope: PerChannel, PerSecond: 15},
		{Name: "bearer", Scope: PerBearer, PerSecond: 10},
	}
	each := func(scope Scope, perSecond int, operations ...string) {
		for _, o := range operations {
			rates = append(rates, Rate{Name: o, Operations: []string{o}, Scope: scope, PerSecond: perSecond})
		}
	}
	each(PerAccount, 5, "CreateAppInstance", "UpdateAppInstance", "DeleteAppInstance")
	each(PerAppInstance, 10, "CreateAppInstanceUser", "UpdateAppInstanceUser", "DeleteAppInstanceUser")
	each(PerAppInstance, 15, "CreateChannel", "UpdateChannel", "DeleteChannel")
	return rates
}

// identityOperations are those that only the identity namespaces have.
func identityOperations() []string {
	var names []string
	for i := range api.Operations {
		if o := &api.Operations[i]; o.Namespaces&api.NamespaceIdentity != 0 && o.Namespaces&api.NamespaceMessaging == 0 {
			names = append(names, o.Name)
		}
	}
	return names
}
