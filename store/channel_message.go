package store

import "time"

// ChannelMessage is one persistent message. Messages live in a stream: the channel, or in an elastic
// channel the sub-channel, each named by its key.
type ChannelMessage struct {
	Stream Key
	// Sequence is the message's place in its stream. It orders the messages; with the stream it is
	// the message's whole name.
	Sequence int64
	Sender   Key
	// Target is the only other identity that may see the message; 0 when every member may.
	Target      Key
	Control     bool // Type is CONTROL
	Content     string
	ContentType string
	Metadata    string
	// Attributes is the JSON text of the message attributes; empty without any.
	Attributes string
	Created    time.Time
	Updated    time.Time
	Edited     time.Time // zero before the first edit
	Redacted   bool
	Status     MessageStatus
	// StatusDetail says why a message failed.
	StatusDetail string
}

// MessageStatus is how far a message has come through the flow of its channel.
type MessageStatus uint8

// The states of a stored message. Denied messages are not stored.
const (
	MessageSent MessageStatus = iota
	MessagePending
	MessageFailed
	// MessageUpdating: the message was sent, and another version of it is in the flow.
	MessageUpdating
)

// ListedMessage is a message with who sent it and to whom.
type ListedMessage struct {
	ChannelMessage
	By Identity
	To Identity // Key 0 when every member may see the message
}

// MessageRef names a message.
type MessageRef struct {
	Stream   Key
	Sequence int64
}

// MessageRange is a part of a stream.
type MessageRange struct {
	Stream Key
	// After is the place the list goes on after, in its own direction; 0 is the beginning.
	After     int64
	Ascending bool
	// NotBefore and NotAfter bound the time of creation, both inclusive; zero is no bound.
	NotBefore, NotAfter time.Time
}

// MessageToken remembers the ClientRequestToken of a sent message. It is kept apart from other
// request tokens, and smaller, because there is one for every message.
type MessageToken struct {
	Sender Key
	// Token and Fingerprint are digests of the token, and of the request it came with.
	Token       [16]byte
	Fingerprint [8]byte
	Ref         MessageRef
	Sent        time.Time
}

// ChannelMessages are the messages of every stream.
type ChannelMessages interface {
	// AppendChannelMessages stores messages, one after the other, each in the next place of its stream.
	// It sets Sequence, and moves Created and Updated forward when the stream has a later message, so
	// that times never run against the order. It moves the time of the channel's last message unless
	// the message is for a target alone or not sent yet. It answers ErrNotFound when one of the streams
	// is not there; the transaction is then to fail.
	AppendChannelMessages(...*ChannelMessage) error
	// ChannelMessage answers ErrNotFound when there is none.
	ChannelMessage(MessageRef) (ListedMessage, error)
	// UpdateChannelMessage changes everything but the name, the sender, the target and Created.
	UpdateChannelMessage(ChannelMessage) error
	// DeleteChannelMessage answers ErrNotFound when there is none.
	DeleteChannelMessage(MessageRef) error
	ListChannelMessages(r MessageRange, limit int) ([]ListedMessage, error)

	// MessageToken answers ErrNotFound when the sender used no such token in the day (24 hours) from
	// since on.
	MessageToken(sender Key, token [16]byte, since time.Time) (MessageToken, error)
	// PutMessageTokens remembers tokens, of which no two are the same one of a sender.
	PutMessageTokens(...MessageToken) error
	// DeleteMessageTokens forgets at most limit tokens of messages sent before the given time and
	// returns how many.
	DeleteMessageTokens(before time.Time, limit int) (int, error)

	// SetReadMarker answers ErrNotFound when the identity is no member.
	SetReadMarker(channel, member Key, at time.Time) error
	// SetLastTargeted notes, for each member, the time of the last message that it sees and others
	// do not.
	SetLastTargeted(channel Key, members []Key, at time.Time) error
}
