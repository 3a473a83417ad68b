package testenv

import "carillon/api"

// Shape is what kind of channel a test wants.
type Shape struct{ Privacy, Mode string }

// The four shapes of a channel that is not elastic.
var (
	PublicRestricted    = Shape{api.ChannelPrivacyPublic, api.ChannelModeRestricted}
	PublicUnrestricted  = Shape{api.ChannelPrivacyPublic, api.ChannelModeUnrestricted}
	PrivateRestricted   = Shape{api.ChannelPrivacyPrivate, api.ChannelModeRestricted}
	PrivateUnrestricted = Shape{api.ChannelPrivacyPrivate, api.ChannelModeUnrestricted}
)

// Channel makes a channel with a creator and further members, and returns its ARN.
func (e *Env) Channel(creator string, shape Shape, members ...string) string {
	e.T.Helper()
	out, err := e.As(creator).CreateChannel(api.CreateChannelRequest{
		AppInstanceArn: e.Instance, Name: "channel of " + creator, Privacy: shape.Privacy, Mode: shape.Mode, ClientRequestToken: e.Token(),
	})
	if err != nil {
		e.T.Fatal(err)
	}
	for _, member := range members {
		e.Join(creator, out.ChannelArn, member, api.ChannelMembershipTypeDefault)
	}
	return out.ChannelArn
}

// Join adds a member of the given type.
func (e *Env) Join(by, channel, member, membershipType string) {
	e.T.Helper()
	e.Must(e.As(by).CreateChannelMembership(api.CreateChannelMembershipRequest{ChannelArn: channel, MemberArn: e.ARN(member), Type: membershipType}))
}

// Ban bans somebody.
func (e *Env) Ban(by, channel, member string) {
	e.T.Helper()
	e.Must(e.As(by).CreateChannelBan(api.CreateChannelBanRequest{ChannelArn: channel, MemberArn: e.ARN(member)}))
}
