package store

import "time"

// ChannelMembership is one identity's membership of one channel. It is kept in both directions, and
// both are written in one transaction.
type ChannelMembership struct {
	Key       Key // of the membership: its place in the lists
	Channel   Key
	Member    Key
	Hidden    bool // Type is HIDDEN
	InvitedBy Key
	Created   time.Time
}

// MembershipView is the member's own side of a membership.
type MembershipView struct {
	// ReadMarker is zero before the first.
	ReadMarker time.Time
	// Preferences is the JSON text of the preferences; empty before the first.
	Preferences string
	// LastTargeted is the time of the last message in the channel that the member sees and others do
	// not; zero before the first.
	LastTargeted time.Time
}

// ListedMember is a membership with who the member is and who invited it.
type ListedMember struct {
	ChannelMembership
	Who     Identity
	Inviter Identity
}

// ListedMembership is a membership from the member's side, with its channel.
type ListedMembership struct {
	ChannelMembership
	MembershipView
	In Channel
	// SubChannel is the id of the sub-channel of an elastic channel that the membership is in.
	SubChannel string
}

// ChannelMemberships are the memberships of every channel.
type ChannelMemberships interface {
	// CreateChannelMemberships adds members to one channel. All are new: ErrExists when one is not,
	// and then none is added. It does not touch the channel's counters.
	CreateChannelMemberships(channel Key, memberships []ChannelMembership) error
	// ChannelMembership answers ErrNotFound when the identity is no member.
	ChannelMembership(channel, member Key) (ListedMember, error)
	// DeleteChannelMembership answers ErrNotFound when the identity is no member.
	DeleteChannelMembership(channel, member Key) error
	ListChannelMemberships(channel Key, hidden bool, after Key, limit int) ([]ListedMember, error)
	// MembershipView answers ErrNotFound when the identity is no member.
	MembershipView(channel, member Key) (MembershipView, error)
	// SetPreferences answers ErrNotFound when the identity is no member.
	SetPreferences(channel, member Key, preferences string) error
	// ListMembershipsOf lists the memberships of one identity, hidden ones included.
	ListMembershipsOf(member, after Key, limit int) ([]ListedMembership, error)
	// CountVisibleMembers counts for each channel its members that are not hidden: those that are
	// among the given ones, and all, of which it counts at most one more than were given.
	CountVisibleMembers(channels, members []Key) (among, all []int, err error)
	// CountMembershipsOf counts up to limit.
	CountMembershipsOf(member Key, limit int) (int, error)
}
