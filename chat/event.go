package chat

import (
	"carillon/api"
	"carillon/arn"
	"carillon/bus"
	"carillon/store"
)

// events are what one transaction tells others: events for those who are connected, in the order in
// which they happened, and deliveries to the outside, which are written in the transaction itself.
type events struct {
	list       []event
	deliveries []store.Delivery
}

// event is an event, with what the log of events is told of it beside.
type event struct {
	bus.Event
	stream  store.Key // where it has its place
	of      arn.ARN   // the app instance, or something in it
	message int64     // the message that the event shows as it is when it is told; 0 for none
	leaver  store.Key // who leaves by it; 0 for nobody
	// members are those of a batch, and batch is the payload without them; nil for other events.
	members []store.Key
	batch   *api.BatchChannelMemberships
}

// add notes an event about a channel. sequence is its place among the events of the channel.
func (e *events) add(kind string, in *entry, sequence int64, to bus.Audience, payload api.Output) *event {
	text := payload.AppendJSON(nil, api.ISO8601)
	e.record(kind, in, sequence, text)
	return e.note(in, bus.Event{
		Type: kind, MessageType: "SYSTEM", Channel: in.channelARN.String(), SubChannel: in.subChannelID, Sequence: sequence,
		Audience: to, Payload: text,
	})
}

func (e *events) note(in *entry, published bus.Event) *event {
	e.list = append(e.list, event{Event: published, stream: in.home(), of: in.channelARN})
	return &e.list[len(e.list)-1]
}

// gone notes that somebody, or an app instance with everybody in it, is not there any more. That is no
// event of a channel: nobody is told but those who keep sessions.
func (e *events) gone(name arn.ARN) {
	e.list = append(e.list, event{Event: bus.Event{Gone: []string{name.String()}}})
}

// toEverybody is the audience of what every member may know.
func toEverybody() bus.Audience { return bus.Audience{Members: true} }

// aboutMember is the audience of an event about one membership: of a hidden one, only those who may
// list hidden members, and the member itself, are told.
func aboutMember(hidden bool) bus.Audience {
	return bus.Audience{Members: !hidden, Moderators: hidden}
}

// message notes an event about a message.
func (e *events) message(kind string, in *entry, sequence int64, m store.ListedMessage, payload *api.ChannelMessage) *event {
	return e.messageTo(messageAudience(m, payload), kind, in, sequence, payload)
}

// messageTo notes an event about a message for an audience.
func (e *events) messageTo(to bus.Audience, kind string, in *entry, sequence int64, payload *api.ChannelMessage) *event {
	text := messagePayload(payload)
	e.record(kind, in, sequence, text)
	return e.note(in, bus.Event{
		Type: kind, MessageType: payload.Type, Channel: payload.ChannelArn, SubChannel: payload.SubChannelId, Sequence: sequence,
		Audience: to, Payload: text,
	})
}

// messagePayload is a message as events tell it: with its content, also when it is empty.
func messagePayload(m *api.ChannelMessage) []byte {
	if m.Content == nil {
		m.Content = new(string)
	}
	return m.AppendJSON(nil, api.ISO8601)
}

// messageAudience is who is told of a message: the members of its stream or, when it is targeted, its
// sender and its target.
func messageAudience(m store.ListedMessage, payload *api.ChannelMessage) bus.Audience {
	if m.Target != 0 {
		return bus.Audience{Only: []string{payload.Sender.Arn, payload.Target[0].MemberArn}}
	}
	return toEverybody()
}

// streamed tells which kind of data an event belongs to. What is not here is not streamed.
var streamed = map[string]string{
	"CREATE_CHANNEL_MESSAGE":             api.MessagingDataTypeChannelMessage,
	"UPDATE_CHANNEL_MESSAGE":             api.MessagingDataTypeChannelMessage,
	"REDACT_CHANNEL_MESSAGE":             api.MessagingDataTypeChannelMessage,
	"DELETE_CHANNEL_MESSAGE":             api.MessagingDataTypeChannelMessage,
	"CREATE_CHANNEL":                     api.MessagingDataTypeChannel,
	"UPDATE_CHANNEL":                     api.MessagingDataTypeChannel,
	"DELETE_CHANNEL":                     api.MessagingDataTypeChannel,
	"UPDATE_CHANNEL_EXPIRATION_SETTINGS": api.MessagingDataTypeChannel,
	"CREATE_CHANNEL_MEMBERSHIP":          api.MessagingDataTypeChannel,
	"DELETE_CHANNEL_MEMBERSHIP":          api.MessagingDataTypeChannel,
	"CREATE_CHANNEL_BAN":                 api.MessagingDataTypeChannel,
	"DELETE_CHANNEL_BAN":                 api.MessagingDataTypeChannel,
	"CREATE_CHANNEL_MODERATOR":           api.MessagingDataTypeChannel,
	"DELETE_CHANNEL_MODERATOR":           api.MessagingDataTypeChannel,
	"CREATE_SUB_CHANNEL":                 api.MessagingDataTypeChannel,
	"DELETE_SUB_CHANNEL":                 api.MessagingDataTypeChannel,
}

// destination is the stream that events of a kind go to; empty where they go nowhere.
func destination(kind string, to store.Streaming) string {
	if to == (store.Streaming{}) {
		return ""
	}
	switch streamed[kind] {
	case api.MessagingDataTypeChannelMessage:
		return to.Message
	case api.MessagingDataTypeChannel:
		return to.Channel
	}
	return ""
}

// stream notes an event that nobody is told but the stream of the app instance. sequence is that of
// the event it comes with, or 0. payload is made only when there is a stream.
func (e *events) stream(kind string, in *entry, sequence int64, payload func() api.Output) {
	if destination(kind, in.Streaming) != "" {
		e.record(kind, in, sequence, payload().AppendJSON(nil, api.ISO8601))
	}
}

// record notes the delivery of an event to its stream, if there is one.
func (e *events) record(kind string, in *entry, sequence int64, payload []byte) {
	to := destination(kind, in.Streaming)
	if to == "" {
		return
	}
	text := make([]byte, 0, len(payload)+len(kind)+32)
	text = append(text, `{"EventType":"`...)
	text = append(text, kind...)
	text = append(text, `","Payload":`...)
	text = append(text, payload...)
	e.deliver(store.StreamDelivery, to, in, sequence, append(text, '}'))
}

// deliver notes a call to the outside. Without a sequence of its own it comes behind what was in the
// channel when the channel was entered.
func (e *events) deliver(kind store.DeliveryKind, to string, in *entry, sequence int64, payload []byte) {
	if sequence == 0 {
		sequence = in.sequence
	}
	e.deliveries = append(e.deliveries, store.Delivery{
		Lane: store.LaneOf(in.home(), to), Sequence: sequence, Instance: in.Instance, Kind: kind, Destination: to, Payload: string(payload),
	})
}

// writeDeliveries writes what was noted for the outside.
func (s *Service) writeDeliveries(tx store.Tx, e *events) error {
	if len(e.deliveries) == 0 {
		return nil
	}
	now := s.Now()
	for i, key := range s.keys.Take(len(e.deliveries)) {
		e.deliveries[i].Key, e.deliveries[i].Created, e.deliveries[i].Next = key, now, now
	}
	return tx.PutDeliveries(e.deliveries)
}
