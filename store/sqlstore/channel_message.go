package sqlstore

import (
	"cmp"
	"slices"
	"time"
	"unsafe"

	"carillon/store"
)

const messageDay = 24 * time.Hour

var channelMessageColumns = columns("g", `stream sequence sender target control content content_type metadata attributes
	created updated edited redacted status status_detail`)

func scanChannelMessage(r *row) store.ChannelMessage {
	return store.ChannelMessage{
		Stream:       r.key(),
		Sequence:     r.integer(),
		Sender:       r.key(),
		Target:       r.key(),
		Control:      r.flag(),
		Content:      r.text(),
		ContentType:  r.text(),
		Metadata:     r.text(),
		Attributes:   r.text(),
		Created:      r.instant(),
		Updated:      r.instant(),
		Edited:       r.instant(),
		Redacted:     r.flag(),
		Status:       store.MessageStatus(r.integer()),
		StatusDetail: r.text(),
	}
}

// scanBareMessage leaves who sent it and to whom for later.
func scanBareMessage(r *row) store.ListedMessage {
	return store.ListedMessage{ChannelMessage: scanChannelMessage(r)}
}

func scanListedMessage(r *row) store.ListedMessage {
	return store.ListedMessage{ChannelMessage: scanChannelMessage(r), By: scanIdentity(r), To: scanIdentity(r)}
}

// bareMessage selects messages alone.
var bareMessage = `SELECT ` + channelMessageColumns + ` FROM channel_message g `

// listedMessage selects messages with who sent them and to whom. Deleted identities are told too:
// what they wrote stays.
var listedMessage = `SELECT ` + channelMessageColumns + `, ` + identityColumns("sender") + `, ` + identityColumns("target") + `
	FROM channel_message g
	LEFT JOIN identity sender ON sender.key = g.sender
	LEFT JOIN identity target ON target.key = g.target `

// messageTokenColumns leaves out the day, which follows from the time.
var messageTokenColumns = columns("k", "sender token fingerprint stream sequence sent")

func scanMessageToken(r *row) store.MessageToken {
	return store.MessageToken{
		Sender:      r.key(),
		Token:       [16]byte(r.blob()),
		Fingerprint: [8]byte(r.blob()),
		Ref:         store.MessageRef{Stream: r.key(), Sequence: r.integer()},
		Sent:        r.instant(),
	}
}

// bisect finds, in a stream whose times of creation never run against its sequence, the first place
// at or after which the condition on the probed message's time holds: a search by halves over the
// primary key, which needs no index of times. $1 is the stream, $2 the time.
func bisect(condition string) string {
	return `WITH RECURSIVE search (low, high) AS (
		SELECT coalesce((SELECT min(g.sequence) FROM channel_message g WHERE g.stream = $1), 0),
			coalesce((SELECT max(g.sequence) FROM channel_message g WHERE g.stream = $1), 0) + 1
		UNION ALL
		SELECT CASE WHEN coalesce((SELECT g.created FROM channel_message g WHERE g.stream = $1 AND g.sequence >= (low + high) / 2 ORDER BY g.sequence LIMIT 1), 0) ` + condition + ` $2
				THEN low ELSE (low + high) / 2 + 1 END,
			CASE WHEN coalesce((SELECT g.created FROM channel_message g WHERE g.stream = $1 AND g.sequence >= (low + high) / 2 ORDER BY g.sequence LIMIT 1), 0) ` + condition + ` $2
				THEN (low + high) / 2 ELSE high END
		FROM search WHERE low < high)
	SELECT min(high) FROM search`
}

const (
	messagesUp   = `WHERE g.stream = $1 AND g.sequence > $2 AND g.sequence < $3 ORDER BY g.sequence LIMIT $4`
	messagesDown = `WHERE g.stream = $1 AND g.sequence > $2 AND g.sequence < $3 ORDER BY g.sequence DESC LIMIT $4`
)

var (
	advanceForMessages = sql(`UPDATE channel SET sequence = sequence + $1, newest = $2, last_message = CASE WHEN $3 = 0 THEN last_message ELSE $3 END
		WHERE key = $4 AND ` + channelLives("$4")).ofChannel(4)
	insertChannelMessage = sql(`INSERT INTO channel_message (stream, sequence, sender, target, control, content, content_type, metadata,
			attributes, created, updated, edited, redacted, status, status_detail)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`).ofChannel(1)
	selectChannelMessage = sql(listedMessage + `WHERE g.stream = $1 AND g.sequence = $2`)
	updateChannelMessage = sql(`UPDATE channel_message SET control = $1, content = $2, content_type = $3, metadata = $4, attributes = $5,
			updated = $6, edited = $7, redacted = $8, status = $9, status_detail = $10
		WHERE stream = $11 AND sequence = $12`).ofChannel(11)
	deleteChannelMessage = sql(`DELETE FROM channel_message WHERE stream = $1 AND sequence = $2`).ofChannel(1)
	listMessagesUp       = sql(listedMessage + messagesUp)
	listMessagesDown     = sql(listedMessage + messagesDown)
	listBareMessagesUp   = sql(bareMessage + messagesUp)
	listBareMessagesDown = sql(bareMessage + messagesDown)
	firstNotBefore       = sql(bisect(">="))
	firstAfter           = sql(bisect(">"))

	selectMessageToken = sql(`SELECT ` + messageTokenColumns + ` FROM message_token k
		WHERE k.day = $1 AND k.sender = $2 AND k.token = $3 AND k.sent >= $4
		UNION ALL SELECT ` + messageTokenColumns + ` FROM message_token k
		WHERE k.day = $5 AND k.sender = $2 AND k.token = $3`)
	putMessageToken = sql(`INSERT INTO message_token (day, sender, token, stream, sequence, sent, fingerprint)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (day, sender, token) DO UPDATE SET stream = excluded.stream, sequence = excluded.sequence, sent = excluded.sent,
			fingerprint = excluded.fingerprint`)
	deleteMessageTokens = sql(`DELETE FROM message_token WHERE (day, sender, token) IN
		(SELECT day, sender, token FROM message_token WHERE day < $1 ORDER BY day, sender, token LIMIT $2)`)

	setReadMarker = sql(`UPDATE member_channel SET read_marker = $1
		WHERE member = $2 AND key = (SELECT m.key FROM channel_membership m WHERE m.channel = $3 AND m.member = $2)
		AND ` + channelLives("$3") + ` AND ` + identityLives("$2"))
	setLastTargeted = sql(`UPDATE member_channel SET last_targeted = $1
		WHERE member = $2 AND key = (SELECT m.key FROM channel_membership m WHERE m.channel = $3 AND m.member = $2)`)
)

// AppendChannelMessages implements store.ChannelMessages. A stream advances once, whatever is appended to
// it, and streams in an order that is the same for all transactions.
func (t *tx) AppendChannelMessages(messages ...*store.ChannelMessage) error {
	byStream := slices.Clone(messages)
	slices.SortStableFunc(byStream, func(a, b *store.ChannelMessage) int { return cmp.Compare(a.Stream, b.Stream) })
	var streams []value
	rows := make([]value, 0, len(messages)*insertChannelMessage.params)
	for len(byStream) > 0 {
		p, err := t.find(byStream[0].Stream)
		if err != nil {
			return err
		}
		before, forAll := p.sequence, int64(0)
		for len(byStream) > 0 && byStream[0].Stream == p.channel {
			m := byStream[0]
			byStream = byStream[1:]
			p.sequence++
			p.newest = max(p.newest, millis(m.Created))
			if m.Target == 0 && m.Status == store.MessageSent {
				forAll = p.newest
			}
			m.Sequence, m.Created = p.sequence, fromMillis(p.newest)
			if m.Updated.Before(m.Created) {
				m.Updated = m.Created
			}
			rows = append(rows, key(m.Stream), integer(m.Sequence), key(m.Sender), key(m.Target), flag(m.Control),
				text(m.Content), text(m.ContentType), text(m.Metadata), text(m.Attributes), instant(m.Created), instant(m.Updated),
				instant(m.Edited), flag(m.Redacted), integer(int64(m.Status)), text(m.StatusDetail))
		}
		streams = append(streams, integer(p.sequence-before), integer(p.newest), integer(forAll), key(p.channel))
	}
	if err := t.change(advanceForMessages, streams...); err != nil {
		t.places = nil // where they were believed to stand
		return err
	}
	return t.put(insertChannelMessage, rows...)
}

// ChannelMessage implements store.ChannelMessages.
func (t *tx) ChannelMessage(ref store.MessageRef) (store.ListedMessage, error) {
	return one(t, scanListedMessage, selectChannelMessage, key(ref.Stream), integer(ref.Sequence))
}

// UpdateChannelMessage implements store.ChannelMessages.
func (t *tx) UpdateChannelMessage(m store.ChannelMessage) error {
	return t.change(updateChannelMessage, flag(m.Control), text(m.Content), text(m.ContentType), text(m.Metadata), text(m.Attributes),
		instant(m.Updated), instant(m.Edited), flag(m.Redacted), integer(int64(m.Status)), text(m.StatusDetail),
		key(m.Stream), integer(m.Sequence))
}

// DeleteChannelMessage implements store.ChannelMessages.
func (t *tx) DeleteChannelMessage(ref store.MessageRef) error {
	return t.change(deleteChannelMessage, key(ref.Stream), integer(ref.Sequence))
}

// ListChannelMessages implements store.ChannelMessages.
func (t *tx) ListChannelMessages(r store.MessageRange, limit int) ([]store.ListedMessage, error) {
	const end = int64(1) << 62
	above, below := int64(0), end
	if r.Ascending {
		above = r.After
	} else if r.After != 0 {
		below = r.After
	}
	if !r.NotBefore.IsZero() {
		first, err := one(t, (*row).integer, firstNotBefore, key(r.Stream), instant(r.NotBefore))
		if err != nil {
			return nil, err
		}
		above = max(above, first-1)
	}
	if !r.NotAfter.IsZero() {
		first, err := one(t, (*row).integer, firstAfter, key(r.Stream), instant(r.NotAfter))
		if err != nil {
			return nil, err
		}
		below = min(below, first)
	}
	name := pageName{statement: choose(r.Ascending, listMessagesUp, listMessagesDown).id, of: r.Stream, args: [2]int64{above, below}, limit: limit}
	return page(t, name, messageSize, func() ([]store.ListedMessage, error) { return t.listMessages(r, above, below, limit) })
}

// messageSize is how much memory a message takes, roughly.
func messageSize(m *store.ListedMessage) int {
	return int(unsafe.Sizeof(*m)) + len(m.Content) + len(m.Metadata) + len(m.Attributes)
}

func (t *tx) listMessages(r store.MessageRange, above, below int64, limit int) ([]store.ListedMessage, error) {
	args := []value{key(r.Stream), integer(above), integer(below)}
	// An engine at a distance joins, which saves a round trip. In a library a join for each message costs more
	// than the message itself.
	if t.distant() {
		return list(t, scanListedMessage, limit, choose(r.Ascending, listMessagesUp, listMessagesDown), args...)
	}
	messages, err := list(t, scanBareMessage, limit, choose(r.Ascending, listBareMessagesUp, listBareMessagesDown), args...)
	if err != nil {
		return nil, err
	}
	return messages, t.introduce(messages)
}

func choose(first bool, a, b *statement) *statement {
	if first {
		return a
	}
	return b
}

// introduce reads who sent messages and to whom, each identity once.
func (t *tx) introduce(messages []store.ListedMessage) error {
	identities := map[store.Key]store.Identity{0: {}}
	var asked []value
	ask := func(who store.Key) {
		if _, ok := identities[who]; !ok {
			identities[who] = store.Identity{}
			asked = append(asked, key(who))
		}
	}
	for i := range messages {
		ask(messages[i].Sender)
		ask(messages[i].Target)
	}
	if len(asked) > 0 {
		err := t.queryEach(selectIdentityOf, asked, func(_ int, r *row) {
			who := scanIdentity(r)
			identities[who.Key] = who
		})
		if err != nil {
			return err
		}
	}
	for i := range messages {
		messages[i].By, messages[i].To = identities[messages[i].Sender], identities[messages[i].Target]
	}
	return nil
}

// MessageToken implements store.ChannelMessages.
func (t *tx) MessageToken(sender store.Key, token [16]byte, since time.Time) (store.MessageToken, error) {
	if known, ok := t.foreseenToken(sender, token, since); ok {
		if known == nil {
			return store.MessageToken{}, store.ErrNotFound
		}
		return *known, nil
	}
	return one(t, scanMessageToken, selectMessageToken,
		messageDayOf(since), key(sender), blob(token[:]), instant(since), messageDayOf(since.Add(messageDay)))
}

// PutMessageTokens implements store.ChannelMessages.
func (t *tx) PutMessageTokens(tokens ...store.MessageToken) error {
	rows := make([]value, 0, len(tokens)*putMessageToken.params)
	for i := range tokens {
		m := &tokens[i]
		rows = append(rows, messageDayOf(m.Sent), key(m.Sender), blob(m.Token[:]), key(m.Ref.Stream), integer(m.Ref.Sequence),
			instant(m.Sent), blob(m.Fingerprint[:]))
	}
	return t.put(putMessageToken, rows...)
}

// DeleteMessageTokens implements store.ChannelMessages. It forgets whole days.
func (t *tx) DeleteMessageTokens(before time.Time, limit int) (int, error) {
	return t.exec(deleteMessageTokens, messageDayOf(before), upTo(limit))
}

func messageDayOf(at time.Time) value { return integer(at.UnixMilli() / messageDay.Milliseconds()) }

// SetReadMarker implements store.ChannelMessages.
func (t *tx) SetReadMarker(channel, member store.Key, at time.Time) error {
	return t.change(setReadMarker, instant(at), key(member), key(channel))
}

// SetLastTargeted implements store.ChannelMessages.
func (t *tx) SetLastTargeted(channel store.Key, members []store.Key, at time.Time) error {
	var args []value
	for _, member := range members {
		args = append(args, instant(at), key(member), key(channel))
	}
	return t.put(setLastTargeted, args...)
}
