// Package bus is the word for committed events on their way to those who listen.
//
// It carries events; it does not decide who may see them, does not encode them and does not store
// them. An event is published only after the transaction that caused it is durable, and the events
// of one channel are published in the order of their Sequence.
package bus

import "sync"

// Event is one thing that happened in a channel, encoded once for everybody who gets it.
type Event struct {
	// Type is the value of the header x-amz-chime-event-type, such as CREATE_CHANNEL_MEMBERSHIP.
	Type string
	// MessageType is the value of the header x-amz-chime-message-type: STANDARD, CONTROL or SYSTEM.
	MessageType string
	// Reason is the value of the header x-amz-chime-event-reason; mostly empty.
	Reason string
	// Channel is the ARN of the channel.
	Channel string
	// SubChannel limits the event to the members of one sub-channel; empty in channels without any.
	SubChannel string
	// Sequence is the event's place among the durable events of its channel, counted from 1.
	// It is 0 for events that are not stored, which have no place.
	Sequence int64
	// Audience says who gets the event.
	Audience Audience
	// Leaves is the sub-channel, of the same channel, that those who join with this event leave
	// without a word.
	Leaves string
	// Gone, when not empty, makes the event one that nobody is sent: it lists identities that were
	// deleted, or app instances that were, with all their identities. Their sessions end.
	Gone []string
	// Payload is the JSON text of the resource, with times as ISO 8601 strings.
	Payload []byte
}

// Audience names the recipients of an event: identity ARNs, never sessions.
type Audience struct {
	// Members is set when every member of the channel gets the event.
	Members bool
	// Moderators is set when the members who moderate the channel get the event: its moderators and
	// the admins of its app instance.
	Moderators bool
	// Only, when not empty, lists the only identities that get the event.
	Only []string
	// Joined lists identities that are members from this event on, and get it.
	Joined []string
	// Left lists identities that get this event as their last one of the channel.
	Left []string
}

// Stream is one sequence of events: a channel, or a sub-channel of an elastic channel. What happens to
// an elastic channel as a whole is in the stream of the channel, what happens in a sub-channel in its
// own; each counts for itself.
type Stream struct {
	Channel, SubChannel string
	// Sequence is a place in the stream, counted from 1; 0 is before its beginning.
	Sequence int64
}

// Bus takes events to every subscriber.
type Bus interface {
	// Publish hands an event over. It does not wait for subscribers and does not fail: what a
	// subscriber could not be given in time is for that subscriber to make good.
	Publish(Event)
	// Subscribe calls deliver for every event published from now on, one at a time and in the order
	// of publication, until the returned function is called. deliver must not block.
	Subscribe(deliver func(Event)) (cancel func())
}

// Local is the bus of a single node. The zero value is ready for use.
type Local struct {
	mu          sync.Mutex
	subscribers map[int]func(Event)
	next        int
}

var _ Bus = (*Local)(nil)

// Publish implements Bus.
func (l *Local) Publish(e Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, deliver := range l.subscribers {
		deliver(e)
	}
}

// Subscribe implements Bus.
func (l *Local) Subscribe(deliver func(Event)) (cancel func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.subscribers == nil {
		l.subscribers = make(map[int]func(Event))
	}
	id := l.next
	l.next++
	l.subscribers[id] = deliver
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.subscribers, id)
	}
}
