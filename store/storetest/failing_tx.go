package storetest

import (
	"time"

	"carillon/arn"
	"carillon/store"
)

// The methods of failingTx, in the order of the contract. That none is missing is tested.

func (t *failingTx) CreateAppInstance(a store.AppInstance) error {
	return t.call(func() error { return t.Tx.CreateAppInstance(a) })
}

func (t *failingTx) AppInstance(account, id string) (store.AppInstance, error) {
	return answer(t, func() (store.AppInstance, error) { return t.Tx.AppInstance(account, id) })
}

func (t *failingTx) UpdateAppInstance(a store.AppInstance) error {
	return t.call(func() error { return t.Tx.UpdateAppInstance(a) })
}

func (t *failingTx) DeleteAppInstance(key store.Key) error {
	return t.call(func() error { return t.Tx.DeleteAppInstance(key) })
}

func (t *failingTx) ListAppInstances(account string, after store.Key, limit int) ([]store.AppInstance, error) {
	return answer(t, func() ([]store.AppInstance, error) { return t.Tx.ListAppInstances(account, after, limit) })
}

func (t *failingTx) CountAppInstances(account string, limit int) (int, error) {
	return answer(t, func() (int, error) { return t.Tx.CountAppInstances(account, limit) })
}

func (t *failingTx) CreateAppInstanceAdmin(a store.AppInstanceAdmin) error {
	return t.call(func() error { return t.Tx.CreateAppInstanceAdmin(a) })
}

func (t *failingTx) AppInstanceAdmin(instance, identity store.Key) (store.AppInstanceAdmin, error) {
	return answer(t, func() (store.AppInstanceAdmin, error) { return t.Tx.AppInstanceAdmin(instance, identity) })
}

func (t *failingTx) DeleteAppInstanceAdmin(instance, identity store.Key) error {
	return t.call(func() error { return t.Tx.DeleteAppInstanceAdmin(instance, identity) })
}

func (t *failingTx) ListAppInstanceAdmins(instance, after store.Key, limit int) ([]store.ListedAdmin, error) {
	return answer(t, func() ([]store.ListedAdmin, error) { return t.Tx.ListAppInstanceAdmins(instance, after, limit) })
}

func (t *failingTx) CountAppInstanceAdmins(instance store.Key, limit int) (int, error) {
	return answer(t, func() (int, error) { return t.Tx.CountAppInstanceAdmins(instance, limit) })
}

func (t *failingTx) CreateIdentity(i store.Identity) error {
	return t.call(func() error { return t.Tx.CreateIdentity(i) })
}

func (t *failingTx) Identity(instance store.Key, ref store.IdentityRef) (store.Identity, error) {
	return answer(t, func() (store.Identity, error) { return t.Tx.Identity(instance, ref) })
}

func (t *failingTx) UpdateIdentity(i store.Identity) error {
	return t.call(func() error { return t.Tx.UpdateIdentity(i) })
}

func (t *failingTx) DeleteIdentity(key store.Key) error {
	return t.call(func() error { return t.Tx.DeleteIdentity(key) })
}

func (t *failingTx) ListIdentities(instance store.Key, kind arn.Kind, after store.Key, limit int) ([]store.Identity, error) {
	return answer(t, func() ([]store.Identity, error) { return t.Tx.ListIdentities(instance, kind, after, limit) })
}

func (t *failingTx) CountIdentities(instance store.Key, kind arn.Kind, limit int) (int, error) {
	return answer(t, func() (int, error) { return t.Tx.CountIdentities(instance, kind, limit) })
}

func (t *failingTx) EnterChannel(ref store.ChannelRef, actor store.IdentityRef, next ...store.Ahead) (store.Entry, error) {
	return answer(t, func() (store.Entry, error) { return t.Tx.EnterChannel(ref, actor, next...) })
}

func (t *failingTx) EnterChannels(list []store.Entrance) ([]store.Entry, error) {
	return answer(t, func() ([]store.Entry, error) { return t.Tx.EnterChannels(list) })
}

func (t *failingTx) Standings(instance, channel store.Key, refs []store.IdentityRef) ([]store.Standing, error) {
	return answer(t, func() ([]store.Standing, error) { return t.Tx.Standings(instance, channel, refs) })
}

func (t *failingTx) CreateChannel(c store.Channel) error {
	return t.call(func() error { return t.Tx.CreateChannel(c) })
}

func (t *failingTx) UpdateChannel(c store.Channel) error {
	return t.call(func() error { return t.Tx.UpdateChannel(c) })
}

func (t *failingTx) AdvanceChannel(channel store.Key, events, members int) (int64, error) {
	return answer(t, func() (int64, error) { return t.Tx.AdvanceChannel(channel, events, members) })
}

func (t *failingTx) DeleteChannel(key store.Key) error {
	return t.call(func() error { return t.Tx.DeleteChannel(key) })
}

func (t *failingTx) ListChannels(instance store.Key, private bool, after store.Key, limit int) ([]store.Channel, error) {
	return answer(t, func() ([]store.Channel, error) { return t.Tx.ListChannels(instance, private, after, limit) })
}

func (t *failingTx) CountChannels(instance store.Key, limit int) (int, error) {
	return answer(t, func() (int, error) { return t.Tx.CountChannels(instance, limit) })
}

func (t *failingTx) CreateChannelMemberships(channel store.Key, memberships []store.ChannelMembership) error {
	return t.call(func() error { return t.Tx.CreateChannelMemberships(channel, memberships) })
}

func (t *failingTx) ChannelMembership(channel, member store.Key) (store.ListedMember, error) {
	return answer(t, func() (store.ListedMember, error) { return t.Tx.ChannelMembership(channel, member) })
}

func (t *failingTx) DeleteChannelMembership(channel, member store.Key) error {
	return t.call(func() error { return t.Tx.DeleteChannelMembership(channel, member) })
}

func (t *failingTx) ListChannelMemberships(channel store.Key, hidden bool, after store.Key, limit int) ([]store.ListedMember, error) {
	return answer(t, func() ([]store.ListedMember, error) {
		return t.Tx.ListChannelMemberships(channel, hidden, after, limit)
	})
}

func (t *failingTx) MembershipView(channel, member store.Key) (store.MembershipView, error) {
	return answer(t, func() (store.MembershipView, error) { return t.Tx.MembershipView(channel, member) })
}

func (t *failingTx) SetPreferences(channel, member store.Key, preferences string) error {
	return t.call(func() error { return t.Tx.SetPreferences(channel, member, preferences) })
}

func (t *failingTx) ListMembershipsOf(member, after store.Key, limit int) ([]store.ListedMembership, error) {
	return answer(t, func() ([]store.ListedMembership, error) { return t.Tx.ListMembershipsOf(member, after, limit) })
}

func (t *failingTx) CountVisibleMembers(channels, members []store.Key) (among, all []int, err error) {
	err = t.call(func() error {
		among, all, err = t.Tx.CountVisibleMembers(channels, members)
		return err
	})
	return among, all, err
}

func (t *failingTx) CountMembershipsOf(member store.Key, limit int) (int, error) {
	return answer(t, func() (int, error) { return t.Tx.CountMembershipsOf(member, limit) })
}

func (t *failingTx) CreateChannelModerators(channel store.Key, moderators []store.ChannelModerator) error {
	return t.call(func() error { return t.Tx.CreateChannelModerators(channel, moderators) })
}

func (t *failingTx) ChannelModerator(channel, moderator store.Key) (store.ListedModerator, error) {
	return answer(t, func() (store.ListedModerator, error) { return t.Tx.ChannelModerator(channel, moderator) })
}

func (t *failingTx) DeleteChannelModerator(channel, moderator store.Key) error {
	return t.call(func() error { return t.Tx.DeleteChannelModerator(channel, moderator) })
}

func (t *failingTx) ListChannelModerators(channel, after store.Key, limit int) ([]store.ListedModerator, error) {
	return answer(t, func() ([]store.ListedModerator, error) { return t.Tx.ListChannelModerators(channel, after, limit) })
}

func (t *failingTx) ListModeratedBy(moderator, after store.Key, limit int) ([]store.ModeratedChannel, error) {
	return answer(t, func() ([]store.ModeratedChannel, error) { return t.Tx.ListModeratedBy(moderator, after, limit) })
}

func (t *failingTx) CountChannelModerators(channel store.Key, limit int) (int, error) {
	return answer(t, func() (int, error) { return t.Tx.CountChannelModerators(channel, limit) })
}

func (t *failingTx) CreateChannelBan(b store.ChannelBan) error {
	return t.call(func() error { return t.Tx.CreateChannelBan(b) })
}

func (t *failingTx) ChannelBan(channel, member store.Key) (store.ListedBan, error) {
	return answer(t, func() (store.ListedBan, error) { return t.Tx.ChannelBan(channel, member) })
}

func (t *failingTx) DeleteChannelBan(channel, member store.Key) error {
	return t.call(func() error { return t.Tx.DeleteChannelBan(channel, member) })
}

func (t *failingTx) ListChannelBans(channel, after store.Key, limit int) ([]store.ListedBan, error) {
	return answer(t, func() ([]store.ListedBan, error) { return t.Tx.ListChannelBans(channel, after, limit) })
}

func (t *failingTx) AppendChannelMessages(messages ...*store.ChannelMessage) error {
	return t.call(func() error { return t.Tx.AppendChannelMessages(messages...) })
}

func (t *failingTx) ChannelMessage(ref store.MessageRef) (store.ListedMessage, error) {
	return answer(t, func() (store.ListedMessage, error) { return t.Tx.ChannelMessage(ref) })
}

func (t *failingTx) UpdateChannelMessage(m store.ChannelMessage) error {
	return t.call(func() error { return t.Tx.UpdateChannelMessage(m) })
}

func (t *failingTx) DeleteChannelMessage(ref store.MessageRef) error {
	return t.call(func() error { return t.Tx.DeleteChannelMessage(ref) })
}

func (t *failingTx) ListChannelMessages(r store.MessageRange, limit int) ([]store.ListedMessage, error) {
	return answer(t, func() ([]store.ListedMessage, error) { return t.Tx.ListChannelMessages(r, limit) })
}

func (t *failingTx) MessageToken(sender store.Key, token [16]byte, since time.Time) (store.MessageToken, error) {
	return answer(t, func() (store.MessageToken, error) { return t.Tx.MessageToken(sender, token, since) })
}

func (t *failingTx) PutMessageTokens(tokens ...store.MessageToken) error {
	return t.call(func() error { return t.Tx.PutMessageTokens(tokens...) })
}

func (t *failingTx) DeleteMessageTokens(before time.Time, limit int) (int, error) {
	return answer(t, func() (int, error) { return t.Tx.DeleteMessageTokens(before, limit) })
}

func (t *failingTx) SetReadMarker(channel, member store.Key, at time.Time) error {
	return t.call(func() error { return t.Tx.SetReadMarker(channel, member, at) })
}

func (t *failingTx) SetLastTargeted(channel store.Key, members []store.Key, at time.Time) error {
	return t.call(func() error { return t.Tx.SetLastTargeted(channel, members, at) })
}

func (t *failingTx) CreateChannelFlow(f store.ChannelFlow) error {
	return t.call(func() error { return t.Tx.CreateChannelFlow(f) })
}

func (t *failingTx) ChannelFlow(instance store.Key, id string) (store.ChannelFlow, error) {
	return answer(t, func() (store.ChannelFlow, error) { return t.Tx.ChannelFlow(instance, id) })
}

func (t *failingTx) UpdateChannelFlow(f store.ChannelFlow) error {
	return t.call(func() error { return t.Tx.UpdateChannelFlow(f) })
}

func (t *failingTx) DeleteChannelFlow(key store.Key) error {
	return t.call(func() error { return t.Tx.DeleteChannelFlow(key) })
}

func (t *failingTx) ListChannelFlows(instance, after store.Key, limit int) ([]store.ChannelFlow, error) {
	return answer(t, func() ([]store.ChannelFlow, error) { return t.Tx.ListChannelFlows(instance, after, limit) })
}

func (t *failingTx) CountChannelFlows(instance store.Key, limit int) (int, error) {
	return answer(t, func() (int, error) { return t.Tx.CountChannelFlows(instance, limit) })
}

func (t *failingTx) SetChannelFlow(channel, flow store.Key) error {
	return t.call(func() error { return t.Tx.SetChannelFlow(channel, flow) })
}

func (t *failingTx) ListChannelsOfFlow(flow, after store.Key, limit int) ([]store.Channel, error) {
	return answer(t, func() ([]store.Channel, error) { return t.Tx.ListChannelsOfFlow(flow, after, limit) })
}

func (t *failingTx) CreateFlowInvocation(i store.FlowInvocation) error {
	return t.call(func() error { return t.Tx.CreateFlowInvocation(i) })
}

func (t *failingTx) FlowInvocation(channel store.Key, callback string) (store.ListedInvocation, error) {
	return answer(t, func() (store.ListedInvocation, error) { return t.Tx.FlowInvocation(channel, callback) })
}

func (t *failingTx) FinishFlowInvocation(channel store.Key, callback string) error {
	return t.call(func() error { return t.Tx.FinishFlowInvocation(channel, callback) })
}

func (t *failingTx) DeleteFlowInvocation(channel store.Key, callback string) error {
	return t.call(func() error { return t.Tx.DeleteFlowInvocation(channel, callback) })
}

func (t *failingTx) ListFlowInvocations(until time.Time, limit int) ([]store.ListedInvocation, error) {
	return answer(t, func() ([]store.ListedInvocation, error) { return t.Tx.ListFlowInvocations(until, limit) })
}

func (t *failingTx) SetStreaming(instance store.Key, s store.Streaming) error {
	return t.call(func() error { return t.Tx.SetStreaming(instance, s) })
}

func (t *failingTx) PutDeliveries(deliveries []store.Delivery) error {
	return t.call(func() error { return t.Tx.PutDeliveries(deliveries) })
}

func (t *failingTx) ListLanes(after store.Lane, limit int) ([]store.Delivery, error) {
	return answer(t, func() ([]store.Delivery, error) { return t.Tx.ListLanes(after, limit) })
}

func (t *failingTx) ListDeliveries(lane store.Lane, limit int) ([]store.Delivery, error) {
	return answer(t, func() ([]store.Delivery, error) { return t.Tx.ListDeliveries(lane, limit) })
}

func (t *failingTx) PostponeDelivery(d store.Delivery) error {
	return t.call(func() error { return t.Tx.PostponeDelivery(d) })
}

func (t *failingTx) DeleteDelivery(d store.Delivery) error {
	return t.call(func() error { return t.Tx.DeleteDelivery(d) })
}

func (t *failingTx) BuryDelivery(d store.DeadDelivery) error {
	return t.call(func() error { return t.Tx.BuryDelivery(d) })
}

func (t *failingTx) ListDeadDeliveries(after store.Key, limit int) ([]store.DeadDelivery, error) {
	return answer(t, func() ([]store.DeadDelivery, error) { return t.Tx.ListDeadDeliveries(after, limit) })
}

func (t *failingTx) ReviveDelivery(dead store.Key, at time.Time) error {
	return t.call(func() error { return t.Tx.ReviveDelivery(dead, at) })
}

func (t *failingTx) DeleteDeadDelivery(dead store.Key) error {
	return t.call(func() error { return t.Tx.DeleteDeadDelivery(dead) })
}

func (t *failingTx) OutboxState(limit int) (store.OutboxState, error) {
	return answer(t, func() (store.OutboxState, error) { return t.Tx.OutboxState(limit) })
}

func (t *failingTx) PutTags(resource store.Key, tags []store.Tag) error {
	return t.call(func() error { return t.Tx.PutTags(resource, tags) })
}

func (t *failingTx) DeleteTags(resource store.Key, keys []string) error {
	return t.call(func() error { return t.Tx.DeleteTags(resource, keys) })
}

func (t *failingTx) Tags(resource store.Key) ([]store.Tag, error) {
	return answer(t, func() ([]store.Tag, error) { return t.Tx.Tags(resource) })
}

func (t *failingTx) RequestToken(scope, operation, token string, now time.Time) (store.RequestToken, error) {
	return answer(t, func() (store.RequestToken, error) { return t.Tx.RequestToken(scope, operation, token, now) })
}

func (t *failingTx) PutRequestToken(r store.RequestToken) error {
	return t.call(func() error { return t.Tx.PutRequestToken(r) })
}

func (t *failingTx) DeleteRequestTokens(now time.Time, limit int) (int, error) {
	return answer(t, func() (int, error) { return t.Tx.DeleteRequestTokens(now, limit) })
}

func (t *failingTx) Setting(name string) ([]byte, error) {
	return answer(t, func() ([]byte, error) { return t.Tx.Setting(name) })
}

func (t *failingTx) PutSetting(name string, value []byte) error {
	return t.call(func() error { return t.Tx.PutSetting(name, value) })
}
