package store

import "time"

// SubChannel is a part of an elastic channel. Memberships, messages and the sequence of events live
// in sub-channels: wherever a channel's key names those, a sub-channel's key does too.
type SubChannel struct {
	Key      Key
	Channel  Key // the elastic channel
	Instance Key
	ID       string
	// Members counts the memberships that are not those of moderators.
	Members  int64
	Sequence int64
	// Draining is set when the sub-channel takes no members any more.
	Draining bool
	Created  time.Time
}

// Seat is one membership of an elastic channel, with the sub-channel it is in.
type Seat struct {
	ChannelMembership // Channel is the key of the sub-channel
	SubChannel        string
}

// SubChannels are the sub-channels of every elastic channel. A deleted one is found nowhere.
type SubChannels interface {
	// CreateSubChannel adds a sub-channel and counts it in its channel.
	CreateSubChannel(SubChannel) error
	// SubChannel answers ErrNotFound when the channel has none of that id.
	SubChannel(channel Key, id string) (SubChannel, error)
	// EmptiestSubChannel and FullestSubChannel look at those that take members; ErrNotFound when
	// there is none but the one that is left out, if any.
	EmptiestSubChannel(channel, except Key) (SubChannel, error)
	FullestSubChannel(channel, except Key) (SubChannel, error)
	ListSubChannels(channel, after Key, limit int) ([]SubChannel, error)
	// Seats tells for each member its memberships in the elastic channel, in the order of members.
	Seats(channel Key, members []Key) ([][]Seat, error)
	// AddSeats and RemoveSeat keep, beside the memberships themselves, where everybody is.
	AddSeats(channel, subChannel Key, members []Key) error
	RemoveSeat(channel, subChannel, member Key) error
	// MoveSeat takes a membership from one sub-channel to another, as it is. It answers ErrNotFound
	// when there is none.
	MoveSeat(channel, from, to, member Key) error
	// ListSeats lists memberships of a sub-channel that are not those of moderators.
	ListSeats(channel, subChannel Key, limit int) ([]ListedMember, error)
	// DrainSubChannel takes a sub-channel out of those that take members.
	DrainSubChannel(SubChannel) error
	// DrainingSubChannel returns some sub-channel that is being emptied, with its channel, and
	// ErrNotFound when there is none.
	DrainingSubChannel() (SubChannel, error)
	// ChannelOf names the elastic channel of a sub-channel.
	ChannelOf(SubChannel) (ChannelRef, error)
	// TouchChannel moves the time of a channel's last message forward, never back: of a message that is
	// in a sub-channel, or that was stored before it was sent.
	TouchChannel(channel Key, at time.Time) error
}
