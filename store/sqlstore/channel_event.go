package sqlstore

import (
	"encoding/binary"
	"time"

	"carillon/store"
)

var channelEventColumns = columns("e", "stream sequence happened message leaver type message_type reason leaves audience members payload")

func scanChannelEvent(r *row) store.ChannelEvent {
	return store.ChannelEvent{
		Stream:      r.key(),
		Sequence:    r.integer(),
		At:          r.instant(),
		Message:     r.integer(),
		Leaver:      r.key(),
		Type:        r.text(),
		MessageType: r.text(),
		Reason:      r.text(),
		Leaves:      r.text(),
		Audience:    r.text(),
		Members:     keysIn(r.blob()),
		Payload:     r.text(),
	}
}

// bytesOf writes keys next to each other.
func bytesOf(keys []store.Key) []byte {
	bytes := make([]byte, 0, 8*len(keys))
	for _, k := range keys {
		bytes = binary.BigEndian.AppendUint64(bytes, uint64(k))
	}
	return bytes
}

// keysIn undoes bytesOf.
func keysIn(bytes []byte) (keys []store.Key) {
	for ; len(bytes) >= 8; bytes = bytes[8:] {
		keys = append(keys, store.Key(binary.BigEndian.Uint64(bytes)))
	}
	return keys
}

func scanListedEvent(r *row) store.ListedEvent {
	e := store.ListedEvent{ChannelEvent: scanChannelEvent(r), In: store.ChannelRef{Account: r.text(), Instance: r.text()}}
	parent, name := r.text(), r.text()
	switch sub := subChannelID(name); {
	case e.In.Account == "", name == "", sub != "" && parent == "":
		e.In = store.ChannelRef{}
	case sub != "":
		e.In.ID, e.SubChannel = parent, sub
	default:
		e.In.ID = name
	}
	return e
}

// scanMemberStream reads of a membership the channel and the place in it, which are two in an elastic
// channel.
func scanMemberStream(r *row) store.MemberStream {
	m := store.MemberStream{Membership: r.key(), ReadMarker: r.instant(), Channel: r.key(), ChannelID: r.text(), Sequence: r.integer()}
	targeted, parent, id, sequence, last := r.instant(), r.key(), r.text(), r.integer(), r.instant()
	if parent != 0 {
		m.SubChannel, m.SubSequence = subChannelID(id), sequence
	}
	if m.LastMessage = last; targeted.After(last) {
		m.LastMessage = targeted
	}
	return m
}

func scanMemberView(r *row) store.MemberView {
	v := store.MemberView{MembershipView: scanMembershipView(r), In: scanChannel(r), Retention: scanRetention(r), Stream: r.key()}
	parent, id, lastMessage := r.key(), r.text(), r.instant()
	v.Sequence, v.Members = r.integer(), r.integer()
	if parent != 0 {
		v.SubChannel, v.In.LastMessage = subChannelID(id), lastMessage
	}
	return v
}

func scanIncarnation(r *row) store.Incarnation {
	i := store.Incarnation{Instance: r.key(), Channel: r.key(), Deleted: r.flag(), Sequence: r.integer(), Retention: scanRetention(r)}
	i.Stream = i.Channel
	return i
}

// incarnation selects the channel c of a name.
var incarnation = `SELECT a.key, c.key, c.deleted, c.sequence, ` + retentionColumns("a") + `
	FROM app_instance a
	JOIN channel c ON c.id = $1 AND c.instance = a.key AND c.deleted = `

var (
	insertChannelEvent = sql(`INSERT INTO channel_event (stream, sequence, happened, message, leaver, type, message_type, reason, leaves, audience, members, payload)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`)
	listChannelEvents = sql(`SELECT ` + channelEventColumns + ` FROM channel_event e
		WHERE e.stream = $1 AND e.sequence > $2 AND e.sequence <= $3 AND e.happened >= $4 ORDER BY e.sequence LIMIT $5`)
	listEndedMemberships = sql(`SELECT ` + channelEventColumns + `, a.account, a.id, p.id, c.id FROM channel_event e
		LEFT JOIN channel c ON c.key = e.stream
		LEFT JOIN channel p ON p.key = c.parent
		LEFT JOIN app_instance a ON a.key = c.instance AND a.deleted = 0
		WHERE e.leaver = $1 AND e.leaver <> 0 AND e.happened >= $2 ORDER BY e.happened LIMIT $3`)
	// The last event of a deleted channel is that it was deleted.
	listEndedChannels = sql(`SELECT ` + channelEventColumns + `, a.account, a.id, '', c.id FROM member_channel v
		JOIN channel place ON place.key = v.channel
		JOIN channel c ON c.key = CASE place.parent WHEN 0 THEN place.key ELSE place.parent END AND c.deleted <> 0
		JOIN channel_event e ON e.stream = c.key AND e.sequence = c.sequence AND e.happened >= $1
		JOIN app_instance a ON a.key = c.instance AND a.deleted = 0
		WHERE v.member = $2 ORDER BY v.key LIMIT $3`)
	deleteChannelEvents = sql(`DELETE FROM channel_event WHERE (stream, sequence) IN
		(SELECT stream, sequence FROM channel_event WHERE happened < $1 ORDER BY happened LIMIT $2)`)

	listStreamsOf = sql(`SELECT v.key, v.read_marker, c.key, c.id, c.sequence, v.last_targeted, place.parent, place.id, place.sequence, place.last_message
		FROM member_channel v
		JOIN channel place ON place.key = v.channel AND place.deleted = 0
		JOIN channel c ON c.key = CASE place.parent WHEN 0 THEN place.key ELSE place.parent END AND c.deleted = 0
		WHERE v.member = $1 AND v.key > $2 AND ` + identityLives("$1") + `
		ORDER BY v.key LIMIT $3`)
	selectMemberView = sql(`SELECT v.read_marker, v.preferences, v.last_targeted, ` + channelColumns + `, ` + retentionColumns("a") + `,
			place.key, place.parent, place.id, place.last_message, place.sequence, place.members
		FROM member_channel v
		JOIN channel place ON place.key = v.channel AND place.deleted = 0
		JOIN channel c ON c.key = CASE place.parent WHEN 0 THEN place.key ELSE place.parent END AND c.deleted = 0
		JOIN app_instance a ON a.key = c.instance
		WHERE v.member = $1 AND v.key = $2 AND ` + identityLives("$1"))
	livingChannel = sql(incarnation + `0 WHERE a.id = $2 AND a.account = $3 AND a.deleted = 0`)
	endedBeyond   = sql(incarnation + `1 WHERE c.sequence > $2 AND a.id = $3 AND a.account = $4 AND a.deleted = 0 ORDER BY c.key LIMIT $5`)
	lastEnded     = sql(incarnation + `1 WHERE a.id = $2 AND a.account = $3 AND a.deleted = 0 ORDER BY c.key DESC LIMIT $4`)
	livingPart    = sql(`SELECT b.key, b.deleted, b.sequence FROM channel b WHERE b.id = $1 AND b.instance = $2 AND b.deleted = 0`)
	endedPart     = sql(`SELECT b.key, b.deleted, b.sequence FROM channel b WHERE b.id = $1 AND b.instance = $2 AND b.deleted = 1`)
)

// PutChannelEvents implements store.ChannelEvents.
func (t *tx) PutChannelEvents(events []store.ChannelEvent) error {
	args := make([]value, 0, len(events)*insertChannelEvent.params)
	for _, e := range events {
		args = append(args, key(e.Stream), integer(e.Sequence), instant(e.At), integer(e.Message), key(e.Leaver),
			text(e.Type), text(e.MessageType), text(e.Reason), text(e.Leaves), text(e.Audience), blob(bytesOf(e.Members)), text(e.Payload))
	}
	return t.put(insertChannelEvent, args...)
}

// ListChannelEvents implements store.ChannelEvents.
func (t *tx) ListChannelEvents(r store.EventRange, limit int) ([]store.ChannelEvent, error) {
	return list(t, scanChannelEvent, limit, listChannelEvents, key(r.Stream), integer(r.After), integer(r.Until), instant(r.NotBefore))
}

// ListEndings implements store.ChannelEvents.
func (t *tx) ListEndings(member store.Key, since time.Time, limit int) ([]store.ListedEvent, error) {
	ended, err := list(t, scanListedEvent, limit, listEndedMemberships, key(member), instant(since))
	if err != nil || len(ended) == limit {
		return ended, err
	}
	channels, err := list(t, scanListedEvent, limit-len(ended), listEndedChannels, instant(since), key(member))
	return append(ended, channels...), err
}

// DeleteChannelEvents implements store.ChannelEvents.
func (t *tx) DeleteChannelEvents(before time.Time, limit int) (int, error) {
	return t.exec(deleteChannelEvents, instant(before), upTo(limit))
}

// ListStreamsOf implements store.ChannelEvents.
func (t *tx) ListStreamsOf(member, after store.Key, limit int) ([]store.MemberStream, error) {
	return list(t, scanMemberStream, limit, listStreamsOf, key(member), key(after))
}

// ViewsOf implements store.ChannelEvents.
func (t *tx) ViewsOf(member store.Key, memberships []store.Key) ([]store.MemberView, error) {
	args := make([]value, 0, len(memberships)*selectMemberView.params)
	for _, membership := range memberships {
		args = append(args, key(member), key(membership))
	}
	views := make([]store.MemberView, 0, len(memberships))
	err := t.queryEach(selectMemberView, args, func(_ int, r *row) { views = append(views, scanMemberView(r)) })
	return views, err
}

// StreamAfter implements store.ChannelEvents.
func (t *tx) StreamAfter(channel store.ChannelRef, subChannel string, sequence int64) (store.Incarnation, error) {
	if subChannel != "" {
		return t.partAfter(channel, subChannel)
	}
	found, err := one(t, scanIncarnation, endedBeyond, text(channel.ID), integer(sequence), text(channel.Instance), text(channel.Account), upTo(1))
	if err == store.ErrNotFound {
		found, err = one(t, scanIncarnation, livingChannel, text(channel.ID), text(channel.Instance), text(channel.Account))
	}
	if err == store.ErrNotFound {
		found, err = one(t, scanIncarnation, lastEnded, text(channel.ID), text(channel.Instance), text(channel.Account), upTo(1))
	}
	return found, err
}

// maxIncarnations bounds in how many channels that had one name a sub-channel is looked for.
const maxIncarnations = 8

// partAfter finds a sub-channel. Its id is no other's, but the channel it is in may be any that has or
// had the name.
func (t *tx) partAfter(channel store.ChannelRef, subChannel string) (store.Incarnation, error) {
	all, err := list(t, scanIncarnation, maxIncarnations, lastEnded, text(channel.ID), text(channel.Instance), text(channel.Account))
	if err != nil {
		return store.Incarnation{}, err
	}
	if living, err := one(t, scanIncarnation, livingChannel, text(channel.ID), text(channel.Instance), text(channel.Account)); err == nil {
		all = append([]store.Incarnation{living}, all...)
	} else if err != store.ErrNotFound {
		return store.Incarnation{}, err
	}
	for _, whole := range all {
		for _, find := range []*statement{livingPart, endedPart} {
			part, err := one(t, func(r *row) store.Incarnation {
				part := whole
				part.Stream, part.Deleted, part.Sequence = r.key(), r.flag() || whole.Deleted, r.integer()
				return part
			}, find, subChannelName(whole.Channel, subChannel), key(whole.Instance))
			if err != store.ErrNotFound {
				return part, err
			}
		}
	}
	return store.Incarnation{}, store.ErrNotFound
}
