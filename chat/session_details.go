package chat

import (
	"context"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"carillon/api"
	"carillon/arn"
	"carillon/store"
)

// What CHANNEL_DETAILS tell, and of how many channels.
const (
	detailedChannels = 50
	detailedMessages = 20
	detailedMembers  = 30
)

// sharedTextRoom is what 20 messages and 30 members mostly take.
const sharedTextRoom = 24 << 10

// detailsAtOnce is of how many channels the details are read on one snapshot.
const detailsAtOnce = 10

// SessionDetails makes the payloads of CHANNEL_DETAILS: of the first 50 channels of a user, those with
// unread messages first and then by the last message, or by the last message alone. A payload comes as
// the inside of a JSON string, in parts that each must not keep nor change: frames have it so, and most
// of it is the same for all members of a channel.
func (s *Service) SessionDetails(ctx context.Context, user string, byLastMessage bool, each func(channel string, quoted ...[]byte) error) error {
	var first []store.MemberStream
	var at arn.ARN
	var who store.Key
	err := s.memberships(ctx, user, func(a arn.ARN, key store.Key, page []store.MemberStream) error {
		at, who = a, key
		for _, m := range page {
			first = rank(first, m, byLastMessage)
		}
		return nil
	})
	if err != nil {
		return err
	}
	keys := make([]store.Key, len(first))
	for i, m := range first {
		keys[i] = m.Membership
	}
	for some := range slices.Chunk(keys, detailsAtOnce) {
		if err := s.detail(ctx, at, who, some, each); err != nil {
			return err
		}
	}
	return nil
}

// detail makes the payloads for some memberships, all on one snapshot, before it hands out the first. A
// membership that has ended meanwhile has none.
func (s *Service) detail(ctx context.Context, at arn.ARN, who store.Key, memberships []store.Key, each func(string, ...[]byte) error) error {
	now := s.Now()
	identities := s.shared.identities.Load() // before the snapshot, which knows of as many changes or more
	var views []store.MemberView
	var texts []*sharedText
	err := s.store.View(ctx, func(tx store.Tx) (err error) {
		views, err = tx.ViewsOf(who, memberships)
		texts = make([]*sharedText, len(views))
		for i := range views {
			if err == nil {
				v := &views[i]
				state := sharedState{sequence: v.Sequence, members: v.Members, retention: v.Retention.Days, identities: identities}
				texts[i], err = s.sharedText(tx, onlooker(at, who, v), state, now)
			}
		}
		return err
	})
	for i := range views {
		if err == nil {
			head, tail := ownText(at, &views[i])
			err = each(at.Of(arn.Channel, views[i].In.ID).String(), head, texts[i].quoted, tail)
		}
	}
	return err
}

// onlooker is the entry of a member who looks at a channel and does nothing there.
func onlooker(at arn.ARN, who store.Key, v *store.MemberView) *entry {
	e := &entry{channelARN: at.Of(arn.Channel, v.In.ID), bearer: at, stream: v.Stream, subChannelID: v.SubChannel, sequence: v.Sequence}
	e.Instance, e.Channel, e.Retention, e.Actor.Key = v.In.Instance, v.In, v.Retention, who
	return e
}

// rank puts a membership in its place among the first ones. A channel is there once.
func rank(first []store.MemberStream, m store.MemberStream, byLastMessage bool) []store.MemberStream {
	unread := func(m store.MemberStream) bool { return !byLastMessage && m.LastMessage.After(m.ReadMarker) }
	before := func(a, b store.MemberStream) bool {
		if unread(a) != unread(b) {
			return unread(a)
		}
		return a.LastMessage.After(b.LastMessage)
	}
	if i := slices.IndexFunc(first, func(o store.MemberStream) bool { return o.Channel == m.Channel }); i >= 0 {
		if !before(m, first[i]) {
			return first
		}
		first = slices.Delete(first, i, i+1)
	}
	place := len(first)
	for place > 0 && before(m, first[place-1]) {
		place--
	}
	first = slices.Insert(first, place, m)
	return first[:min(len(first), detailedChannels)]
}

// ownText is what a payload begins and ends with: what members see differently.
func ownText(at arn.ARN, v *store.MemberView) (head, tail []byte) {
	brief := *forMember(at, store.ListedMembership{MembershipView: v.MembershipView, In: v.In}).ChannelSummary
	head = quoted(append(brief.AppendJSON([]byte(`{"Channel":`), api.ISO8601), ','))
	if !v.ReadMarker.IsZero() {
		tail = append(tail, `,"ReadMarkerTimestamp":"`+v.ReadMarker.UTC().Format("2006-01-02T15:04:05.000Z")+`"`...)
	}
	return head, quoted(append(tail, '}'))
}

// quoted is a text as it stands inside a JSON string.
func quoted(text []byte) []byte {
	// The error tells of text that is not UTF-8, which the API has let nobody store.
	q, _ := jsontext.AppendQuote(make([]byte, 0, len(text)+len(text)/4), text)
	return q[1 : len(q)-1]
}

// makeSharedText reads and writes what members of a channel see in common, and whether all of them do.
func (s *Service) makeSharedText(tx store.Tx, e *entry, now time.Time) (*sharedText, error) {
	found, err := e.visibleMessages(tx, store.MessageRange{Stream: e.stream, NotBefore: e.visibleSince(now)}, detailedMessages+1)
	if err != nil {
		return nil, err
	}
	members, err := tx.ListChannelMemberships(e.stream, false, 0, detailedMembers)
	if err != nil {
		return nil, err
	}
	made := &sharedText{made: now}
	more := found.more || len(found.messages) > detailedMessages
	found.messages = found.messages[:min(len(found.messages), detailedMessages)]
	text := append(make([]byte, 0, sharedTextRoom), `"ChannelMessages":[`...)
	for i := range found.messages {
		message := s.summarizeMessage(e, &found.messages[i])
		if message.Content == nil {
			message.Content = new(string)
		}
		text = message.AppendJSON(comma(text, i), api.ISO8601)
		made.oldest = found.messages[i].Created
	}
	text = append(text, `],"ChannelMessagesHasMore":`...)
	text = append(text, map[bool]string{true: "true", false: "false"}[more]...)
	text = append(text, `,"ChannelMemberships":[`...)
	for i, member := range members {
		membership := api.ChannelMembershipSummary{Member: described(e.channelARN, member.Who)}
		text = membership.AppendJSON(comma(text, i), api.ISO8601)
	}
	made.quoted = quoted(append(text, ']'))
	made.forAll = !found.personal && !e.elastic()
	return made, nil
}

// comma separates the elements of a list.
func comma(text []byte, i int) []byte {
	if i > 0 {
		return append(text, ',')
	}
	return text
}
