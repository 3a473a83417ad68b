package store

import "time"

// ChannelFlow is a sequence of processors that the messages of the associated channels pass through
// before they are sent.
type ChannelFlow struct {
	Key      Key
	Instance Key
	ID       string
	Name     string
	// Processors is the JSON text of the processors.
	Processors string
	Created    time.Time
	Updated    time.Time
}

// FlowInvocation is one processor asked about one message. It is remembered until it can be answered
// no longer.
type FlowInvocation struct {
	Channel Key
	// Callback is what the processor calls back with; with the channel it is the whole name.
	Callback string
	Flow     Key
	// Step is the place of the processor in its flow.
	Step int
	// Continue says that the message goes on when the processor cannot be asked.
	Continue bool
	// Message is the stored message; its Sequence is 0 when the message is not stored.
	Message MessageRef
	Sender  Key
	Target  Key // 0 when every member may see the message
	// Update is set when the message was sent before and this is another version of it.
	Update bool
	// Held is the JSON text of what is in the flow and not in the stored message.
	Held    string
	Invoked time.Time
	// Done is set when the processor has answered, or is not waited for any more.
	Done bool
}

// ListedInvocation is an invocation with what it refers to.
type ListedInvocation struct {
	FlowInvocation
	By Identity
	To Identity // Key 0 when every member may see the message
	// Processors are those of the flow as it is now, also when it is deleted.
	Processors string
	// In names the channel; it is zero when the channel, or the sub-channel of the message, is deleted.
	In ChannelRef
	// SubChannel is the id of the message's sub-channel; empty in a channel that is not elastic.
	SubChannel string
}

// ChannelFlows are the flows of every app instance, and the messages that are in them.
type ChannelFlows interface {
	// CreateChannelFlow answers ErrExists when the app instance has that id.
	CreateChannelFlow(ChannelFlow) error
	// ChannelFlow answers ErrNotFound when there is none of that name.
	ChannelFlow(instance Key, id string) (ChannelFlow, error)
	// UpdateChannelFlow changes Name, Processors and Updated.
	UpdateChannelFlow(ChannelFlow) error
	// DeleteChannelFlow ends a flow, which must have no channels.
	DeleteChannelFlow(Key) error
	ListChannelFlows(instance, after Key, limit int) ([]ChannelFlow, error)
	// CountChannelFlows counts up to limit.
	CountChannelFlows(instance Key, limit int) (int, error)

	// SetChannelFlow associates a channel with a flow; 0 is none.
	SetChannelFlow(channel, flow Key) error
	// ListChannelsOfFlow lists the channels that are associated with a flow.
	ListChannelsOfFlow(flow, after Key, limit int) ([]Channel, error)

	CreateFlowInvocation(FlowInvocation) error
	// FlowInvocation answers ErrNotFound when there is none.
	FlowInvocation(channel Key, callback string) (ListedInvocation, error)
	// FinishFlowInvocation sets Done and drops what is held. It answers ErrNotFound when the
	// invocation is not there, or done.
	FinishFlowInvocation(channel Key, callback string) error
	// DeleteFlowInvocation answers ErrNotFound when there is none.
	DeleteFlowInvocation(channel Key, callback string) error
	// ListFlowInvocations lists the oldest invocations of all, up to and including a time.
	ListFlowInvocations(until time.Time, limit int) ([]ListedInvocation, error)
}
