package store

import "time"

// ChannelEvent is one durable event of a stream, as the log keeps it for those who did not hear it. The
// log has every durable event but those of messages that were sent at their own place: these are what
// the messages tell.
type ChannelEvent struct {
	Stream   Key
	Sequence int64
	At       time.Time
	// Type, MessageType and Reason are those of the event.
	Type, MessageType, Reason string
	// Audience says who is told, in the words of who wrote it.
	Audience string
	// Leaver is the identity that leaves the stream by the event; 0 for none.
	Leaver Key
	// Leaves is the id of the sub-channel from which the event moves somebody here.
	Leaves string
	// Message is the place, in the same stream, of the message that the event shows as it is when it is
	// told; 0 when the event has a Payload instead.
	Message int64
	Payload string
	// Members are those whom the event is about where they may be many: the payload leaves them out.
	Members []Key
}

// EventRange is a part of a stream.
type EventRange struct {
	Stream Key
	// After and Until bound the places: after the one, up to and including the other.
	After, Until int64
	// NotBefore bounds the time; zero is no bound.
	NotBefore time.Time
}

// ListedEvent is an event with the name of the stream it is in. In is zero when the channel's record is
// gone.
type ListedEvent struct {
	ChannelEvent
	In ChannelRef
	// SubChannel is the id of the sub-channel; empty in the stream of a channel.
	SubChannel string
}

// MemberStream is a membership from the member's side, with no more than whoever follows the channel
// needs.
type MemberStream struct {
	Membership Key // its place in the list
	Channel    Key
	ChannelID  string
	// Sequence is the place of the newest event of the channel's own stream.
	Sequence int64
	// SubChannel is the id of the sub-channel of an elastic channel that the membership is in, and
	// SubSequence the place of the newest event there.
	SubChannel  string
	SubSequence int64

	// LastMessage is the time of the last message that the member sees, and ReadMarker that of its read
	// marker; zero before the first.
	LastMessage, ReadMarker time.Time
}

// MemberView is a membership from the member's side, with all that a look into the channel begins with.
type MemberView struct {
	MembershipView
	In Channel
	// Stream is where the messages and members are, and Sequence and Members are its counters: those of
	// the channel or, in an elastic one, of the sub-channel whose id is SubChannel.
	Stream            Key
	SubChannel        string
	Sequence, Members int64
	// Retention is that of the app instance.
	Retention Retention
}

// Incarnation is a channel or sub-channel under a name: a name that is deleted and made again has
// several, one after the other.
type Incarnation struct {
	// Instance is the key of the app instance.
	Instance Key
	// Channel and Stream are the keys of the channel and of the stream, which are the same where it is
	// not elastic.
	Channel, Stream Key
	Deleted         bool
	// Sequence is the place of the newest event.
	Sequence int64
	// Retention is that of the app instance.
	Retention Retention
}

// ChannelEvents are the log of events of every stream, and who is to be told of them. What is deleted
// is found here, by those who must still be told of it, until it is cleaned up.
type ChannelEvents interface {
	PutChannelEvents([]ChannelEvent) error
	// ListChannelEvents lists events by their places.
	ListChannelEvents(r EventRange, limit int) ([]ChannelEvent, error)
	// ListEndings lists events, from a time on, by which an identity left streams, the oldest first: the
	// ends of its memberships, and then the deletions of channels that it was in.
	ListEndings(member Key, since time.Time, limit int) ([]ListedEvent, error)
	// DeleteChannelEvents forgets at most limit events from before a time and returns how many.
	DeleteChannelEvents(before time.Time, limit int) (int, error)

	// ListStreamsOf lists the memberships of one identity, hidden ones included.
	ListStreamsOf(member, after Key, limit int) ([]MemberStream, error)
	// ViewsOf reads some of the memberships of one identity, in their order. Those that have ended are
	// left out.
	ViewsOf(member Key, memberships []Key) ([]MemberView, error)
	// StreamAfter finds, of all that have or had a name, the first stream that goes beyond a place, or
	// else the last one. It answers ErrNotFound when there is none.
	StreamAfter(channel ChannelRef, subChannel string, sequence int64) (Incarnation, error)
}
