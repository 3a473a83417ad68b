package chat

import (
	"carillon/api"
	"carillon/bus"
	"carillon/store"
)

// events are the events of one transaction, in the order in which they happened.
type events struct{ list []bus.Event }

// add notes an event about a channel. sequence is its place among the events of the channel.
func (e *events) add(kind, channel string, sequence int64, to bus.Audience, payload api.Output) {
	e.list = append(e.list, bus.Event{
		Type: kind, MessageType: "SYSTEM", Channel: channel, Sequence: sequence,
		Audience: to, Payload: payload.AppendJSON(nil, api.ISO8601),
	})
}

// toEverybody is the audience of what every member may know.
func toEverybody() bus.Audience { return bus.Audience{Members: true} }

// aboutMember is the audience of an event about one membership: of a hidden one, only those who may
// list hidden members, and the member itself, are told.
func aboutMember(hidden bool) bus.Audience {
	return bus.Audience{Members: !hidden, Moderators: hidden}
}

// message notes an event about a message, for the members of its stream or, when it is targeted,
// for its sender and its target.
func (e *events) message(kind string, in *entry, sequence int64, m store.ListedMessage, payload *api.ChannelMessage) {
	if payload.Content == nil {
		payload.Content = new(string)
	}
	to := toEverybody()
	if m.Target != 0 {
		to = bus.Audience{Only: []string{payload.Sender.Arn, payload.Target[0].MemberArn}}
	}
	e.list = append(e.list, bus.Event{
		Type: kind, MessageType: payload.Type, Channel: payload.ChannelArn, SubChannel: payload.SubChannelId, Sequence: sequence,
		Audience: to, Payload: payload.AppendJSON(nil, api.ISO8601),
	})
}
