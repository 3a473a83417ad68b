package store

import "time"

// Channel is a channel's own record.
type Channel struct {
	Key      Key
	Instance Key
	ID       string
	Name     string
	Metadata string
	Private  bool // Privacy is PRIVATE
	// Unrestricted is set when Mode is UNRESTRICTED.
	Unrestricted bool
	CreatedBy    Key
	Created      time.Time
	Updated      time.Time
	// LastMessage is the time of the last persistent message; zero before the first.
	LastMessage time.Time
	Expiration  Expiration
	Elastic     Elastic
	// SubChannels counts the sub-channels of an elastic channel that take members.
	SubChannels int
	// Flow is the key of the channel's flow; 0 for none. SetChannelFlow alone changes it.
	Flow Key
	// Sequence is the place of the channel's newest durable event; 0 before the first.
	Sequence int64
	// Members counts the memberships, hidden ones included; in an elastic channel, those that are not
	// of moderators.
	Members int64
}

// Elastic is the configuration of an elastic channel; zero for a normal one.
type Elastic struct {
	MaximumSubChannels             int
	TargetMembershipsPerSubChannel int
	MinimumMembershipPercentage    int
}

// Entry is what an operation on a channel reads first, in one go: the channel, the identity that
// acts, and what that identity is to the channel.
type Entry struct {
	// Instance is the key of the app instance.
	Instance Key
	// Streaming and Retention are those of the app instance.
	Streaming Streaming
	Retention Retention
	// Channel is zero (Key 0) when there is none of that name.
	Channel Channel
	// Flow is the flow of the channel; zero (Key 0) when it has none.
	Flow ChannelFlow
	// CreatedBy is who created the channel.
	CreatedBy Identity
	// Actor is what the acting identity is to the channel.
	Actor Standing
}

// Standing is what an identity is to a channel. An identity that does not exist has Key 0.
type Standing struct {
	Identity
	Admin     bool
	Moderator bool
	Banned    bool
	// Membership is zero (Key 0) when the identity is no member.
	Membership ChannelMembership
}

// Exists reports whether there is such an identity.
func (s Standing) Exists() bool { return s.Key != 0 }

// Member reports whether the identity has a membership, hidden or not.
func (s Standing) Member() bool { return s.Membership.Key != 0 }

// ChannelRef names a channel, or with an empty ID only its app instance, from the outside.
type ChannelRef struct {
	Account  string
	Instance string
	ID       string
}

// Ahead is what a transaction will ask right after it has entered a channel. It changes no answer: an
// engine at a distance may fetch it along with the entry and save a round trip.
type Ahead struct {
	// Standings are the refs of a call of Standings.
	Standings []IdentityRef
	// MessageToken and Since are those of a call of MessageToken for the actor; a zero Since is none.
	MessageToken [16]byte
	Since        time.Time
}

// Entrance is one of several calls of EnterChannel.
type Entrance struct {
	Channel ChannelRef
	Actor   IdentityRef
	Next    Ahead
}

// Channels are the channels of every app instance. A deleted channel is found nowhere.
type Channels interface {
	// EnterChannel reads an Entry. It answers ErrNotFound when the account has no such app instance;
	// a missing channel or identity is told by its zero key. What the transaction will ask next can
	// be told ahead.
	EnterChannel(ChannelRef, IdentityRef, ...Ahead) (Entry, error)
	// EnterChannels reads the entries of many, in the order of the list. One whose account has no such
	// app instance has Instance 0.
	EnterChannels([]Entrance) ([]Entry, error)
	// Standings tells for each of refs what it is to the channel, in the order of refs.
	Standings(instance, channel Key, refs []IdentityRef) ([]Standing, error)
	// CreateChannel answers ErrExists when the app instance has that id. Where a deleted channel of
	// that id is not cleaned up yet, the new one goes on counting: its Sequence is the greater by that
	// of the old one, so that a place under a name is never that of two events.
	CreateChannel(Channel) error
	// UpdateChannel changes Name, Metadata, Unrestricted, Expiration and Updated.
	UpdateChannel(Channel) error
	// AdvanceChannel adds to the channel's sequence and member count and returns the new sequence:
	// the last of the events places that are now the caller's.
	AdvanceChannel(channel Key, events int, members int) (sequence int64, err error)
	// DeleteChannel makes the channel and everything in it inaccessible at once.
	DeleteChannel(Key) error
	// ListChannels lists channels of one privacy.
	ListChannels(instance Key, private bool, after Key, limit int) ([]Channel, error)
	// CountElasticChannels counts up to limit.
	CountElasticChannels(instance Key, limit int) (int, error)
	// CountChannels counts up to limit, elastic ones included.
	CountChannels(instance Key, limit int) (int, error)
}
