package chat

import (
	"context"
	"math"
	"slices"
	"time"

	"carillon/arn"
	"carillon/bus"
	"carillon/store"
)

// sessionPage is how many memberships of a user are read at a time.
const sessionPage = 500

// TimedEvent is an event and when it happened.
type TimedEvent struct {
	bus.Event
	At time.Time
}

// SessionStreams tells which streams an app instance user gets events from, page by page, with the place
// of each: everything up to that place happened before. The stream of an elastic channel comes once,
// whatever sub-channels the user is in. A user that does not exist is Forbidden.
func (s *Service) SessionStreams(ctx context.Context, user string, each func([]bus.Stream) error) error {
	whole := make(map[store.Key]bool)
	return s.memberships(ctx, user, func(a arn.ARN, _ store.Key, page []store.MemberStream) error {
		streams := make([]bus.Stream, 0, len(page))
		for _, m := range page {
			name := a.Of(arn.Channel, m.ChannelID).String()
			if m.SubChannel == "" || !whole[m.Channel] {
				streams = append(streams, bus.Stream{Channel: name, Sequence: m.Sequence})
			}
			if m.SubChannel != "" {
				whole[m.Channel] = true
				streams = append(streams, bus.Stream{Channel: name, SubChannel: m.SubChannel, Sequence: m.SubSequence})
			}
		}
		return each(streams)
	})
}

// memberships reads the memberships of a user page by page, each page on a snapshot of its own.
func (s *Service) memberships(ctx context.Context, user string, each func(a arn.ARN, who store.Key, page []store.MemberStream) error) error {
	var who, after store.Key
	for {
		var a arn.ARN
		var page []store.MemberStream
		err := s.store.View(ctx, func(tx store.Tx) (err error) {
			if who == 0 {
				if who, err = s.sessionUser(tx, user); err != nil {
					return err
				}
			}
			page, err = tx.ListStreamsOf(who, after, sessionPage)
			return err
		})
		if err == nil && len(page) > 0 {
			a, err = arn.Parse(user)
		}
		if err == nil && len(page) > 0 {
			err = each(a, who, page)
		}
		if err != nil || len(page) < sessionPage {
			return err
		}
		after = page[len(page)-1].Membership
	}
}

// sessionUser finds a user who has, or wants, sessions.
func (s *Service) sessionUser(tx store.Tx, name string) (store.Key, error) {
	a, err := arn.Parse(name)
	if err != nil || a.Kind != arn.User || a.Region != s.region || a.Partition != s.partition {
		return 0, errUnregistered
	}
	found, err := tx.EnterChannel(store.ChannelRef{Account: a.Account, Instance: a.Instance}, ref(a))
	if err == nil && !found.Actor.Exists() {
		err = errUnregistered
	}
	return found.Actor.Key, missing(err, errUnregistered)
}

// SessionEvents reads up to limit durable events of a stream that come after at.Sequence, in order, up
// to and including until (0: all there are). next is the place reached: the sequence to go on from. With
// fewer than limit events, all of that stream are read.
//
// Where a channel was deleted and made again under its name, places go on, and one answer has events of
// one of the two alone: first those of the old one, which end with its deletion. What is older than the
// log's life is not told, nor what nothing is known of any more: then there are places without an event.
func (s *Service) SessionEvents(ctx context.Context, at bus.Stream, until int64, limit int) (events []TimedEvent, next int64, err error) {
	err = s.store.View(ctx, func(tx store.Tx) error {
		events, next = nil, max(at.Sequence, until)
		p, err := s.past(tx, at, at.Sequence)
		if p == nil {
			return err
		}
		end := p.newest
		if until != 0 {
			end = min(end, until)
		}
		if at.Sequence < end {
			events, next, err = p.read(tx, at.Sequence, end, limit)
		}
		return err
	})
	return events, next, err
}

// SessionEventsSince reads the durable events of a stream that were caused at or after a time, at most
// limit, the oldest first; more says that there are more. at.Sequence does not matter. Of a channel that
// was deleted and made again under its name these are the events of the new one.
func (s *Service) SessionEventsSince(ctx context.Context, at bus.Stream, since time.Time, limit int) (events []TimedEvent, more bool, err error) {
	err = s.store.View(ctx, func(tx store.Tx) error {
		events, more = nil, false
		p, err := s.past(tx, at, math.MaxInt64)
		if p == nil {
			return err
		}
		if since.After(p.since) {
			p.since = since
		}
		events, _, err = p.read(tx, 0, p.newest, limit+1)
		if more = len(events) > limit; more {
			events = events[:limit]
		}
		return err
	})
	return events, more, err
}

// SessionLeavings reads the events since a time by which the user left streams, at most limit, the oldest
// first: the ends of its memberships, and the deletions of channels that it was a member of.
func (s *Service) SessionLeavings(ctx context.Context, user string, since time.Time, limit int) (events []TimedEvent, err error) {
	err = s.store.View(ctx, func(tx store.Tx) error {
		events = nil
		who, err := s.sessionUser(tx, user)
		if err != nil {
			return err
		}
		if oldest := s.Now().Add(-s.eventLife); since.Before(oldest) {
			since = oldest
		}
		list, err := tx.ListEndings(who, since, limit)
		told := make(map[bus.Stream]bool)
		for _, l := range list {
			channel := s.channelARN(l.In)
			at := bus.Stream{Channel: channel.String(), SubChannel: l.SubChannel, Sequence: l.Sequence}
			// Who was in several sub-channels is told once that the channel was deleted.
			if l.In.ID == "" || told[at] {
				continue
			}
			told[at] = true
			event, err := logged(tx, channel, l.SubChannel, l.ChannelEvent)
			if err != nil {
				return err
			}
			events = append(events, TimedEvent{Event: event, At: l.At})
		}
		return err
	})
	slices.SortStableFunc(events, func(a, b TimedEvent) int { return a.At.Compare(b.At) })
	return events, err
}

// SessionModerators tells which of some users moderate the channel: its moderators and the admins of its
// app instance. Nobody does when it is not there.
func (s *Service) SessionModerators(ctx context.Context, channel string, among []string) (moderators []string, err error) {
	a, err := arn.Parse(channel)
	if err != nil || a.Kind != arn.Channel {
		return nil, errInvalidARN
	}
	var names []string
	var refs []store.IdentityRef
	for _, name := range among {
		if _, r, err := identity(name, a); err == nil {
			names, refs = append(names, name), append(refs, r)
		}
	}
	err = s.store.View(ctx, func(tx store.Tx) error {
		moderators = nil
		found, err := tx.EnterChannel(store.ChannelRef{Account: a.Account, Instance: a.Instance, ID: a.ID}, store.IdentityRef{}, store.Ahead{Standings: refs})
		if err != nil || found.Channel.Key == 0 {
			return missing(err, nil)
		}
		standings, err := tx.Standings(found.Instance, found.Channel.Key, refs)
		for i, who := range standings {
			if who.Admin || who.Moderator {
				moderators = append(moderators, names[i])
			}
		}
		return err
	})
	return moderators, err
}

// past reads back the events of one stream.
type past struct {
	*entry
	service *Service
	newest  int64
	since   time.Time // older events are not told
}

// past finds a stream that goes beyond a place. It is nil when there is none of that name.
func (s *Service) past(tx store.Tx, at bus.Stream, beyond int64) (*past, error) {
	a, err := arn.Parse(at.Channel)
	if err != nil || a.Kind != arn.Channel || a.Region != s.region || a.Partition != s.partition {
		return nil, errInvalidARN
	}
	found, err := tx.StreamAfter(store.ChannelRef{Account: a.Account, Instance: a.Instance, ID: a.ID}, at.SubChannel, beyond)
	if err != nil {
		return nil, missing(err, nil)
	}
	e := &entry{channelARN: a, stream: found.Stream, subChannelID: at.SubChannel}
	e.Instance, e.Retention = found.Instance, found.Retention
	return &past{entry: e, service: s, newest: found.Sequence, since: s.Now().Add(-s.eventLife)}, nil
}

// read returns up to limit events after a place, up to and including end, and the place reached, which is
// end unless there are limit of them.
func (p *past) read(tx store.Tx, after, end int64, limit int) (events []TimedEvent, reached int64, err error) {
	for len(events) < limit && after < end {
		want := limit - len(events)
		log, err := tx.ListChannelEvents(store.EventRange{Stream: p.stream, After: after, Until: end, NotBefore: p.since}, want)
		if err != nil {
			return nil, 0, err
		}
		messages, err := tx.ListChannelMessages(store.MessageRange{Stream: p.stream, After: after, Ascending: true, NotBefore: p.since}, want)
		if err != nil {
			return nil, 0, err
		}
		// Of a list that was cut, nothing is known behind its end.
		known := end
		if len(log) == want {
			known = min(known, log[want-1].Sequence)
		}
		if len(messages) == want {
			known = min(known, messages[want-1].Sequence)
		}
		for after < known && len(events) < limit {
			var event *TimedEvent
			switch {
			case len(log) > 0 && log[0].Sequence <= known && (len(messages) == 0 || log[0].Sequence <= messages[0].Sequence):
				after = log[0].Sequence
				if len(messages) > 0 && messages[0].Sequence == after {
					messages = messages[1:] // what happened here is in the log
				}
				event, err = p.fromLog(tx, log[0])
				log = log[1:]
			case len(messages) > 0 && messages[0].Sequence <= known:
				after = messages[0].Sequence
				event = p.fromMessage("CREATE_CHANNEL_MESSAGE", after, messages[0])
				messages = messages[1:]
			default:
				after = known
			}
			if err != nil {
				return nil, 0, err
			}
			if event != nil {
				events = append(events, *event)
			}
		}
	}
	return events, after, nil
}

// fromLog is an event that is in the log. There is none when it tells of a message that is gone.
func (p *past) fromLog(tx store.Tx, row store.ChannelEvent) (*TimedEvent, error) {
	if row.Message == 0 {
		event, err := logged(tx, p.channelARN, p.subChannelID, row)
		return &TimedEvent{Event: event, At: row.At}, err
	}
	m, err := tx.ChannelMessage(store.MessageRef{Stream: p.stream, Sequence: row.Message})
	if err != nil {
		return nil, missing(err, nil)
	}
	event := p.fromMessage(row.Type, row.Sequence, m)
	if event != nil {
		event.Audience, event.At = shortenerOf(p.channelARN).readAudience(row.Audience), row.At
	}
	return event, nil
}

// fromMessage is an event about a message as it is now; none when the message is not to be seen.
func (p *past) fromMessage(kind string, sequence int64, m store.ListedMessage) *TimedEvent {
	if !sent(m.ChannelMessage) || !p.keeps(m.ChannelMessage, p.service.Now()) {
		return nil
	}
	payload := p.service.describeMessage(p.entry, m)
	return &TimedEvent{At: m.Created, Event: bus.Event{
		Type: kind, MessageType: payload.Type, Channel: payload.ChannelArn, SubChannel: payload.SubChannelId, Sequence: sequence,
		Audience: messageAudience(m, payload), Payload: messagePayload(payload),
	}}
}
