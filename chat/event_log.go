package chat

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"carillon/api"
	"carillon/arn"
	"carillon/bus"
	"carillon/store"
)

// eventLife is for how long the log keeps events when nothing else is set.
const eventLife = 15 * time.Minute

// writeLog writes the durable events into the log, but those of messages that tell of themselves.
func (s *Service) writeLog(tx store.Tx, e *events) error {
	var rows []store.ChannelEvent
	now := s.Now()
	for i := range e.list {
		if event := &e.list[i]; event.Sequence != 0 && event.message != event.Sequence {
			rows = append(rows, event.row(now))
		}
	}
	if rows == nil {
		return nil
	}
	return tx.PutChannelEvents(rows)
}

// row is the event as the log keeps it.
func (e *event) row(now time.Time) store.ChannelEvent {
	names := shortenerOf(e.of)
	to := e.Audience
	if len(to.Joined) == len(e.members) && e.batch != nil {
		to.Joined = everyMember
	}
	row := store.ChannelEvent{
		Stream: e.stream, Sequence: e.Sequence, At: now, Type: e.Type, MessageType: e.MessageType, Reason: e.Reason,
		Audience: names.audience(to), Leaver: e.leaver, Leaves: e.Leaves, Message: e.message,
	}
	switch {
	case e.batch != nil:
		row.Members, row.Payload = e.members, names.shorten(string(e.batch.AppendJSON(nil, api.ISO8601)))
	case e.message == 0:
		row.Payload = names.shorten(string(e.Payload))
	}
	return row
}

// ofBatch has the log keep the members of a batch by their keys.
func (e *event) ofBatch(members []store.Standing, batch api.BatchChannelMemberships) {
	batch.Members, e.batch = nil, &batch
	for _, who := range members {
		e.members = append(e.members, who.Key)
	}
}

// logged is an event as the log has kept it.
func logged(tx store.Tx, channel arn.ARN, subChannel string, row store.ChannelEvent) (bus.Event, error) {
	short := shortenerOf(channel)
	event := bus.Event{
		Type: row.Type, MessageType: row.MessageType, Reason: row.Reason, Channel: channel.String(), SubChannel: subChannel,
		Sequence: row.Sequence, Audience: short.readAudience(row.Audience), Leaves: row.Leaves, Payload: []byte(short.restore(row.Payload)),
	}
	if row.Members == nil {
		return event, nil
	}
	var batch api.BatchChannelMemberships
	if err := json.Unmarshal(event.Payload, &batch); err != nil {
		return bus.Event{}, err
	}
	members, err := tx.IdentitiesOf(row.Members)
	if err != nil {
		return bus.Event{}, err
	}
	var names []string
	for _, who := range members {
		if shown := described(channel, who); shown != nil {
			batch.Members, names = append(batch.Members, *shown), append(names, shown.Arn)
		}
	}
	if slices.Equal(event.Audience.Joined, everyMember) {
		event.Audience.Joined = names
	}
	event.Payload = batch.AppendJSON(nil, api.ISO8601)
	return event, nil
}

// shortener leaves out of a text, and puts back, what the ARNs of one app instance begin with: most of
// what a list of members says.
type shortener struct{ prefix string }

func shortenerOf(a arn.ARN) shortener {
	return shortener{a.Of(arn.AppInstance, "").String() + "/"}
}

// abbreviation stands for the beginning of the ARNs. There is none in an ARN, nor in JSON.
const abbreviation = "\x02"

func (n shortener) shorten(text string) string {
	return strings.ReplaceAll(text, n.prefix, abbreviation)
}

func (n shortener) restore(text string) string {
	return strings.ReplaceAll(text, abbreviation, n.prefix)
}

// The beginnings of the lines of which an audience is made.
const (
	membersLine    = "members"
	moderatorsLine = "moderators"
	onlyLine       = "o "
	joinedLine     = "j "
	leftLine       = "l "
)

// everyMember stands for all members of a batch. Nobody has that name.
var everyMember = []string{"*"}

// audience writes an audience line by line.
func (n shortener) audience(a bus.Audience) string {
	var lines []string
	if a.Members {
		lines = append(lines, membersLine)
	}
	if a.Moderators {
		lines = append(lines, moderatorsLine)
	}
	for _, list := range []struct {
		line  string
		names []string
	}{{onlyLine, a.Only}, {joinedLine, a.Joined}, {leftLine, a.Left}} {
		for _, name := range list.names {
			lines = append(lines, list.line+name)
		}
	}
	return n.shorten(strings.Join(lines, "\n"))
}

// readAudience undoes audience.
func (n shortener) readAudience(text string) (a bus.Audience) {
	for line := range strings.SplitSeq(n.restore(text), "\n") {
		switch kind, name := line[:min(2, len(line))], line[min(2, len(line)):]; {
		case line == membersLine:
			a.Members = true
		case line == moderatorsLine:
			a.Moderators = true
		case kind == onlyLine:
			a.Only = append(a.Only, name)
		case kind == joinedLine:
			a.Joined = append(a.Joined, name)
		case kind == leftLine:
			a.Left = append(a.Left, name)
		}
	}
	return a
}

// forgetEvents forgets what nobody is told any more.
func (s *Service) forgetEvents(tx store.Tx, _ *events) (progress, error) {
	n, err := tx.DeleteChannelEvents(s.Now().Add(-s.eventLife), s.sweepBatch)
	return progress{n, n == s.sweepBatch}, err
}
