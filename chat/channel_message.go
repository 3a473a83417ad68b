package chat

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"carillon/api"
	"carillon/store"
)

// The bounds of a message, in bytes of UTF-8.
const (
	maxContentBytes        = 4096
	maxControlContentBytes = 30
	maxAttributesBytes     = 1024
)

var (
	errNoMessage   = api.Errorf(api.NotFound, "The message does not exist.")
	errMessageSize = api.Errorf(api.BadRequest, "Channel Messages size limit exceeded")
	errNotSent     = api.Errorf(api.Conflict, "The message has not been sent.")
	errRedacted    = api.Errorf(api.Conflict, "The message is redacted.")
)

// SendChannelMessage sends a message as a member of the channel. A persistent one is stored before
// it is answered; the others only reach the members who are connected.
func (s *Service) SendChannelMessage(ctx context.Context, caller *api.Caller, in *api.SendChannelMessageRequest) (*api.SendChannelMessageResponse, error) {
	attributes, err := checkMessage(in)
	if err != nil {
		return nil, err
	}
	token := store.MessageToken{Token: digest(in.ClientRequestToken)}
	ephemeral := in.Persistence == api.ChannelMessagePersistenceTypeNonPersistent
	if !ephemeral {
		if token.Fingerprint, err = messageFingerprint(in); err != nil {
			return nil, err
		}
		if out, err := s.sendTogether(ctx, caller, in, attributes, token); out != nil || err != nil {
			return out, err
		}
	}
	out := &api.SendChannelMessageResponse{ChannelArn: in.ChannelArn, SubChannelId: in.SubChannelId}
	send := s.sendPersistent
	run := s.update
	if ephemeral {
		send, run = s.sendEphemeral, s.view
	}
	err = run(ctx, func(tx store.Tx, events *events) error {
		now := s.Now()
		next := store.Ahead{MessageToken: token.Token, Since: now.Add(-tokenLife)}
		e, err := s.enterStream(tx, caller, in.ChannelArn, in.SubChannelId, next)
		if err != nil {
			return err
		}
		if !e.maySend() {
			return e.refuse(ruleSenders)
		}
		m := draft(e, in, attributes, now)
		if len(in.Target) > 0 {
			if m.To, err = e.messageTarget(tx, in.Target[0].MemberArn); err != nil {
				return err
			}
			m.Target = m.To.Key
		}
		if e.processes(m.ChannelMessage) {
			m.Status = store.MessagePending
		}
		out.MessageId, err = send(tx, events, e, in, token, &m)
		out.Status = messageStatus(m.ChannelMessage)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// draft is the message of a request, for everybody in the stream.
func draft(e *entry, in *api.SendChannelMessageRequest, attributes string, now time.Time) store.ListedMessage {
	return store.ListedMessage{By: e.Actor.Identity, ChannelMessage: store.ChannelMessage{
		Stream: e.stream, Sender: e.Actor.Key, Control: in.Type == api.ChannelMessageTypeControl,
		Content: in.Content, ContentType: given(in.ContentType), Metadata: given(in.Metadata), Attributes: attributes,
		Created: now, Updated: now,
	}}
}

// sendPersistent stores a message, unless its token tells that it was stored before.
func (s *Service) sendPersistent(tx store.Tx, events *events, e *entry, in *api.SendChannelMessageRequest, token store.MessageToken, m *store.ListedMessage) (string, error) {
	token, known, err := messageToken(tx, token, m)
	if err != nil {
		return "", err
	}
	if known {
		if first, err := tx.ChannelMessage(token.Ref); err == nil {
			m.ChannelMessage = first.ChannelMessage
		} else if !errors.Is(err, store.ErrNotFound) {
			return "", err
		}
		return s.messageID(token.Ref), nil
	}
	if err := tx.AppendChannelMessages(&m.ChannelMessage); err != nil {
		return "", err
	}
	token.Ref = store.MessageRef{Stream: m.Stream, Sequence: m.Sequence}
	id := s.messageID(token.Ref)
	if err := tx.PutMessageTokens(token); err != nil {
		return "", err
	}
	if m.Status == store.MessagePending {
		return id, s.process(tx, events, e, &passage{ListedMessage: *m, id: id, push: in.PushNotification}, m.Sequence)
	}
	if m.Target != 0 || e.elastic() {
		if err := s.noteLast(tx, e, m.ChannelMessage, m.Created); err != nil {
			return "", err
		}
	}
	s.announceSent(events, e, *m)
	return id, nil
}

// announceSent notes that a message was stored. Its row is its own log.
func (s *Service) announceSent(events *events, e *entry, m store.ListedMessage) {
	events.message("CREATE_CHANNEL_MESSAGE", e, m.Sequence, m, s.describeMessage(e, m)).message = m.Sequence
}

// messageToken completes what remembers a request to send: by the message, or by what it was remembered by
// before, when it is known.
func messageToken(tx store.Tx, token store.MessageToken, m *store.ListedMessage) (_ store.MessageToken, known bool, err error) {
	token.Sender, token.Sent = m.Sender, m.Created
	switch found, err := tx.MessageToken(m.Sender, token.Token, m.Created.Add(-tokenLife)); {
	case errors.Is(err, store.ErrNotFound):
		return token, false, nil
	case err == nil && found.Fingerprint != token.Fingerprint:
		return token, false, errTokenReused
	default:
		return found, true, err
	}
}

// sendEphemeral announces a message that is not stored. Its id follows from its token, so that a
// retry, which is announced again, has the same id and receivers can tell. Into a flow it is sent
// once.
func (s *Service) sendEphemeral(tx store.Tx, events *events, e *entry, in *api.SendChannelMessageRequest, token store.MessageToken, m *store.ListedMessage) (string, error) {
	p := &passage{ListedMessage: *m, id: s.ephemeralID(m.Sender, in.ClientRequestToken), push: in.PushNotification}
	if m.Status != store.MessagePending {
		events.message("CREATE_CHANNEL_MESSAGE", e, 0, *m, s.describePassage(e, p, api.ChannelMessageStatusSent))
		return p.id, nil
	}
	// Most are no business of a flow, and typing is told often: what tells requests apart is made here only.
	var err error
	if token.Fingerprint, err = messageFingerprint(in); err != nil {
		return "", err
	}
	token, known, err := messageToken(tx, token, m)
	if known || err != nil {
		return p.id, err
	}
	token.Ref = store.MessageRef{Stream: m.Stream}
	if err := tx.PutMessageTokens(token); err != nil {
		return "", err
	}
	return p.id, s.process(tx, events, e, p, 0)
}

// checkMessage holds a message to the rules that the models do not state, and returns the text of
// its attributes.
func checkMessage(in *api.SendChannelMessageRequest) (attributes string, err error) {
	control := in.Type == api.ChannelMessageTypeControl
	if err := checkContent(control, in.Content, in.Metadata); err != nil {
		return "", err
	}
	if err := checkPush(in.PushNotification); err != nil {
		return "", err
	}
	if len(in.Target) > 1 {
		return "", api.Violation("Target", "Member must have length less than or equal to 1")
	}
	return checkAttributes(in.MessageAttributes)
}

func checkPush(push *api.PushNotificationConfiguration) error {
	if push != nil && push.Type != api.PushNotificationTypeVoip && (push.Title == "" || push.Body == "") {
		return api.Violation("PushNotification", "Member must have a Title and a Body")
	}
	return nil
}

// checkAttributes holds message attributes to their size and returns their text.
func checkAttributes(attributes map[string]api.MessageAttributeValue) (string, error) {
	if len(attributes) == 0 {
		return "", nil
	}
	size := 0
	for name, value := range attributes {
		size += len(name)
		for _, v := range value.StringValues {
			size += len(v)
		}
	}
	if size > maxAttributesBytes {
		return "", api.Violation("MessageAttributes", "Member must have at most 1024 bytes of UTF-8 in all")
	}
	text, err := json.Marshal(attributes)
	return string(text), err
}

func checkContent(control bool, content string, metadata *string) error {
	switch {
	case content == "":
		return api.Violation("Content", "Member must have length greater than or equal to 1")
	case len(content) > maxContentBytes, control && len(content) > maxControlContentBytes:
		return errMessageSize
	case control && given(metadata) != "":
		return api.Violation("Metadata", "Member must be null in a message of type CONTROL")
	}
	return checkMetadata(metadata)
}

// messageTarget reads whom a message is for: a member of the channel.
func (e *entry) messageTarget(tx store.Tx, name string) (store.Identity, error) {
	who, err := e.target(tx, name)
	if err != nil {
		return store.Identity{}, err
	}
	if !who.Member() || who.Membership.Channel != e.stream {
		return store.Identity{}, api.Violation("Target", "Member must be a member of the channel")
	}
	return who.Identity, nil
}

// GetChannelMessage tells everything of a message to whoever may read the channel and see the
// message.
func (s *Service) GetChannelMessage(ctx context.Context, caller *api.Caller, in *api.GetChannelMessageRequest) (*api.GetChannelMessageResponse, error) {
	var out *api.ChannelMessage
	err := s.store.View(ctx, func(tx store.Tx) error {
		e, err := s.enterStream(tx, caller, in.ChannelArn, in.SubChannelId)
		if err != nil {
			return err
		}
		if !e.mayReadStream() {
			return e.refuseStream()
		}
		m, err := s.message(tx, e, in.MessageId, errNoMessage)
		if err != nil {
			return err
		}
		out = s.describeMessage(e, m)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &api.GetChannelMessageResponse{ChannelMessage: out}, nil
}

// GetChannelMessageStatus tells the sender how far its message has come. A message that is not
// there, or is somebody else's, is Forbidden.
func (s *Service) GetChannelMessageStatus(ctx context.Context, caller *api.Caller, in *api.GetChannelMessageStatusRequest) (*api.GetChannelMessageStatusResponse, error) {
	out := new(api.GetChannelMessageStatusResponse)
	err := s.store.View(ctx, func(tx store.Tx) error {
		e, err := s.enterStream(tx, caller, in.ChannelArn, in.SubChannelId)
		if err != nil {
			return err
		}
		if !e.mayReadStream() {
			return e.refuseStream()
		}
		m, err := s.message(tx, e, in.MessageId, errForbidden)
		if err != nil {
			return err
		}
		if m.Sender != e.Actor.Key {
			return e.refuse(ruleOwnMessage)
		}
		out.Status = messageStatus(m.ChannelMessage)
		if m.Status == store.MessageUpdating {
			out.Status.Value = api.ChannelMessageStatusPending
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// UpdateChannelMessage changes a message of the bearer's own that was sent and not redacted. What is
// left out, beside the content, stays. Where the channel has a flow, the message stays as it is until
// the new version has come through.
func (s *Service) UpdateChannelMessage(ctx context.Context, caller *api.Caller, in *api.UpdateChannelMessageRequest) (*api.UpdateChannelMessageResponse, error) {
	if err := checkContent(false, in.Content, in.Metadata); err != nil {
		return nil, err
	}
	out := &api.UpdateChannelMessageResponse{ChannelArn: in.ChannelArn, MessageId: in.MessageId, SubChannelId: in.SubChannelId}
	err := s.update(ctx, func(tx store.Tx, events *events) error {
		e, m, err := s.touch(tx, caller, in.ChannelArn, in.SubChannelId, in.MessageId)
		if err != nil {
			return err
		}
		switch {
		case m.Sender != e.Actor.Key, !e.sits():
			return e.refuse(ruleOwnMessage)
		case m.Status != store.MessageSent:
			return errNotSent
		case m.Redacted:
			return errRedacted
		}
		if m.Control {
			if err := checkContent(true, in.Content, in.Metadata); err != nil {
				return err
			}
		}
		before := m.ChannelMessage
		m.Content = in.Content
		if in.Metadata != nil {
			m.Metadata = *in.Metadata
		}
		if in.ContentType != nil {
			m.ContentType = *in.ContentType
		}
		m.Edited = s.Now()
		m.Updated = m.Edited
		out.Status = messageStatus(m.ChannelMessage)
		if e.processes(m.ChannelMessage) {
			out.Status.Value = api.ChannelMessageStatusPending
			return s.processUpdate(tx, events, e, before, m)
		}
		return s.changeMessage(tx, events, e, "UPDATE_CHANNEL_MESSAGE", m)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// RedactChannelMessage takes the content and metadata out of a message: for its sender, and for
// those who moderate and may see it. Redacting again changes nothing. A new version that is still in
// a flow is not sent any more.
func (s *Service) RedactChannelMessage(ctx context.Context, caller *api.Caller, in *api.RedactChannelMessageRequest) (*api.RedactChannelMessageResponse, error) {
	err := s.update(ctx, func(tx store.Tx, events *events) error {
		e, m, err := s.touch(tx, caller, in.ChannelArn, in.SubChannelId, in.MessageId)
		if err != nil {
			return err
		}
		own := m.Sender == e.Actor.Key && e.sits()
		switch {
		case !own && !e.moderates():
			return e.refuse(ruleOwnOrModerated)
		case !sent(m.ChannelMessage):
			return errNotSent
		case m.Redacted:
			return nil
		}
		m.Content, m.Metadata, m.Redacted, m.Updated, m.Status = "", "", true, s.Now(), store.MessageSent
		return s.changeMessage(tx, events, e, "REDACT_CHANNEL_MESSAGE", m)
	})
	if err != nil {
		return nil, err
	}
	return &api.RedactChannelMessageResponse{ChannelArn: in.ChannelArn, MessageId: in.MessageId, SubChannelId: in.SubChannelId}, nil
}

// changeMessage stores a changed message and announces it.
func (s *Service) changeMessage(tx store.Tx, events *events, e *entry, kind string, m store.ListedMessage) error {
	if err := tx.UpdateChannelMessage(m.ChannelMessage); err != nil {
		return err
	}
	sequence, err := tx.AdvanceChannel(e.stream, 1, 0)
	events.message(kind, e, sequence, m, s.describeMessage(e, m)).message = m.Sequence
	return err
}

// DeleteChannelMessage removes a message for good. Only admins may, also where they cannot see it.
func (s *Service) DeleteChannelMessage(ctx context.Context, caller *api.Caller, in *api.DeleteChannelMessageRequest) error {
	return s.update(ctx, func(tx store.Tx, events *events) error {
		e, err := s.enterStream(tx, caller, in.ChannelArn, in.SubChannelId)
		if err != nil {
			return err
		}
		if !e.Actor.Admin {
			return e.refuse(ruleAdmins)
		}
		at, ok := s.messageRef(e, in.MessageId)
		if !ok {
			return because(errForbidden, ruleNoMessage)
		}
		m, err := tx.ChannelMessage(at)
		switch {
		case err != nil:
			return notThere(err, errForbidden, ruleNoMessage)
		case !sent(m.ChannelMessage):
			return because(errForbidden, ruleMessageUnseen)
		case !e.keeps(m.ChannelMessage, s.Now()):
			return because(errForbidden, ruleNotKept)
		}
		if err := tx.DeleteChannelMessage(at); err != nil {
			return err
		}
		sequence, err := tx.AdvanceChannel(e.stream, 1, 0)
		events.message("DELETE_CHANNEL_MESSAGE", e, sequence, m, s.describeMessage(e, m))
		return err
	})
}

// touch reads a message that somebody wants to change, and can see.
func (s *Service) touch(tx store.Tx, caller *api.Caller, channel, subChannel, id string) (*entry, store.ListedMessage, error) {
	e, err := s.enterStream(tx, caller, channel, subChannel)
	if err != nil {
		return nil, store.ListedMessage{}, err
	}
	if !e.mayReadStream() {
		return nil, store.ListedMessage{}, e.refuseStream()
	}
	m, err := s.message(tx, e, id, errForbidden)
	return e, m, err
}

// maxScan bounds how many messages one page looks at, when most of them are not for the bearer's
// eyes. The page is then short, and the next one goes on from there.
const maxScan = 1000

// ListChannelMessages lists the messages that the bearer may see, the newest first unless asked
// otherwise.
func (s *Service) ListChannelMessages(ctx context.Context, caller *api.Caller, in *api.ListChannelMessagesRequest) (*api.ListChannelMessagesResponse, error) {
	if !in.NotBefore.IsZero() && !in.NotAfter.IsZero() && in.NotBefore.After(in.NotAfter.Time) {
		return nil, api.Violation("NotBefore", "Member must not be after NotAfter")
	}
	p, err := s.page(caller, "ListChannelMessages", in.MaxResults, in.NextToken, in.ChannelArn, in.SubChannelId, in.SortOrder,
		strconv.FormatInt(in.NotBefore.UnixMilli(), 10), strconv.FormatInt(in.NotAfter.UnixMilli(), 10))
	if err != nil {
		return nil, err
	}
	out := &api.ListChannelMessagesResponse{ChannelArn: in.ChannelArn, SubChannelId: in.SubChannelId, ChannelMessages: []api.ChannelMessageSummary{}}
	err = s.store.View(ctx, func(tx store.Tx) error {
		e, err := s.enterStream(tx, caller, in.ChannelArn, in.SubChannelId)
		if err != nil {
			return err
		}
		if !e.mayReadStream() {
			return e.refuseStream()
		}
		r := store.MessageRange{
			Stream: e.stream, After: int64(p.after), Ascending: in.SortOrder == api.SortOrderAscending,
			NotBefore: in.NotBefore.Time, NotAfter: in.NotAfter.Time,
		}
		since := e.visibleSince(s.Now())
		if since.After(r.NotBefore) {
			r.NotBefore = since
		}
		list, err := e.visibleMessages(tx, r, p.fetch())
		if err != nil {
			return err
		}
		list.messages, out.NextToken = cutMessages(p, list)
		out.ChannelMessages = make([]api.ChannelMessageSummary, len(list.messages))
		for i := range list.messages {
			out.ChannelMessages[i] = s.summarizeMessage(e, &list.messages[i])
		}
		if list.last != 0 {
			explainEmpty(caller, len(list.messages), ruleUnseen)
		} else if !since.IsZero() {
			explainEmpty(caller, len(list.messages), ruleRetention)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// scanned is what a list of messages found, and how far it looked.
type scanned struct {
	messages []store.ListedMessage
	last     int64 // the place of the last message looked at
	more     bool  // the stream goes on after it, for all that is known
	personal bool  // others may see less than the bearer, or more
}

// visibleMessages lists up to limit messages that the bearer may see.
func (e *entry) visibleMessages(tx store.Tx, r store.MessageRange, limit int) (found scanned, err error) {
	for looked := 0; looked < maxScan; {
		chunk, err := tx.ListChannelMessages(r, limit)
		if err != nil {
			return scanned{}, err
		}
		looked += len(chunk)
		n := len(chunk)
		if found.messages == nil {
			found.messages = chunk[:0] // what is seen takes the place of what was looked at
		}
		for i := range chunk {
			m := &chunk[i]
			r.After, found.last = m.Sequence, m.Sequence
			found.personal = found.personal || m.Target != 0 || !sent(m.ChannelMessage)
			if e.maySeeMessage(m.ChannelMessage) {
				if found.messages = append(found.messages, *m); len(found.messages) == limit {
					return found, nil
				}
			}
		}
		if n < limit {
			return found, nil
		}
	}
	found.more = true
	return found, nil
}

// cutMessages is cut for a list that may have stopped before its page was full.
func cutMessages(p *page, list scanned) ([]store.ListedMessage, string) {
	if len(list.messages) <= p.limit && list.more {
		return list.messages, p.token(store.Key(list.last))
	}
	return cut(p, list.messages, func(m store.ListedMessage) store.Key { return store.Key(m.Sequence) })
}

// UpdateChannelReadMarker marks everything up to now as read, for the bearer's own membership.
func (s *Service) UpdateChannelReadMarker(ctx context.Context, caller *api.Caller, in *api.UpdateChannelReadMarkerRequest) (*api.UpdateChannelReadMarkerResponse, error) {
	err := s.store.Update(ctx, func(tx store.Tx) error {
		e, err := s.enter(tx, caller, in.ChannelArn, "", errForbidden)
		if err != nil {
			return err
		}
		if !e.Actor.Member() || e.elastic() {
			return e.refuse(ruleOwnMembership)
		}
		return tx.SetReadMarker(e.Channel.Key, e.Actor.Key, s.Now())
	})
	if err != nil {
		return nil, err
	}
	return &api.UpdateChannelReadMarkerResponse{ChannelArn: in.ChannelArn}, nil
}

// message reads a message that the bearer may see; another one is absent.
func (s *Service) message(tx store.Tx, e *entry, id string, absent *api.Error) (store.ListedMessage, error) {
	at, ok := s.messageRef(e, id)
	if !ok {
		return store.ListedMessage{}, because(absent, ruleNoMessage)
	}
	m, err := tx.ChannelMessage(at)
	switch {
	case err != nil:
		return store.ListedMessage{}, notThere(err, absent, ruleNoMessage)
	case !e.maySeeMessage(m.ChannelMessage):
		return store.ListedMessage{}, because(absent, ruleMessageUnseen)
	case !e.keeps(m.ChannelMessage, s.Now()):
		return store.ListedMessage{}, because(absent, ruleNotKept)
	}
	return m, nil
}

// describeMessage is a message as GetChannelMessage and the events show it.
func (s *Service) describeMessage(e *entry, m store.ListedMessage) *api.ChannelMessage {
	brief := s.summarizeMessage(e, &m)
	return &api.ChannelMessage{
		ChannelArn: e.channelARN.String(), SubChannelId: e.subChannelID, MessageId: brief.MessageId,
		Persistence: api.ChannelMessagePersistenceTypePersistent,
		Content:     brief.Content, ContentType: brief.ContentType, Metadata: brief.Metadata, MessageAttributes: brief.MessageAttributes,
		Type: brief.Type, Sender: brief.Sender, Target: brief.Target, Redacted: brief.Redacted, Status: brief.Status,
		CreatedTimestamp: brief.CreatedTimestamp, LastUpdatedTimestamp: brief.LastUpdatedTimestamp, LastEditedTimestamp: brief.LastEditedTimestamp,
	}
}

// summarizeMessage is a message as lists show it.
func (s *Service) summarizeMessage(e *entry, m *store.ListedMessage) api.ChannelMessageSummary {
	out := api.ChannelMessageSummary{
		MessageId: s.messageID(store.MessageRef{Stream: m.Stream, Sequence: m.Sequence}),
		Content:   optional(m.Content), ContentType: optional(m.ContentType), Metadata: optional(m.Metadata),
		Type: api.ChannelMessageTypeStandard, Sender: e.described(m.By), Redacted: m.Redacted,
		Status: messageStatus(m.ChannelMessage), CreatedTimestamp: api.Time(m.Created),
		LastUpdatedTimestamp: api.Time(m.Updated), LastEditedTimestamp: api.Time(m.Edited),
	}
	if m.Control {
		out.Type = api.ChannelMessageTypeControl
	}
	if m.Target != 0 {
		out.Target = []api.Target{{MemberArn: e.channelARN.Of(m.To.Kind, m.To.ID).String()}}
	}
	if m.Attributes != "" {
		// The text was written by json.Marshal from the same type.
		_ = json.Unmarshal([]byte(m.Attributes), &out.MessageAttributes)
	}
	return out
}

func messageStatus(m store.ChannelMessage) *api.ChannelMessageStatusStructure {
	value := [...]string{
		store.MessageSent:     api.ChannelMessageStatusSent,
		store.MessagePending:  api.ChannelMessageStatusPending,
		store.MessageFailed:   api.ChannelMessageStatusFailed,
		store.MessageUpdating: api.ChannelMessageStatusSent,
	}[m.Status]
	return &api.ChannelMessageStatusStructure{Value: value, Detail: m.StatusDetail}
}

// sent reports whether there is a version of the message for everybody who may see it.
func sent(m store.ChannelMessage) bool {
	return m.Status == store.MessageSent || m.Status == store.MessageUpdating
}

// messageID is the id of a stored message: its place, sealed, so that it is found without an index
// and cannot be guessed.
func (s *Service) messageID(at store.MessageRef) string {
	return s.ids.seal(int64(at.Stream), at.Sequence)
}

// messageRef is the place that an id names, if it is one of the stream at hand.
func (s *Service) messageRef(e *entry, id string) (store.MessageRef, bool) {
	stream, sequence, ok := s.ids.open(id)
	return store.MessageRef{Stream: e.stream, Sequence: sequence}, ok && store.Key(stream) == e.stream && sequence > 0
}

// ephemeralID is the id of a message that is not stored. It is no place in any stream.
func (s *Service) ephemeralID(sender store.Key, token string) string {
	d := digest(scopeOf(sender) + "\x00" + token)
	return hex.EncodeToString(d[:])
}

func digest(text string) [16]byte {
	sum := sha256.Sum256([]byte(text))
	return [16]byte(sum[:16])
}

// messageFingerprint tells one request to send from another.
func messageFingerprint(in *api.SendChannelMessageRequest) ([8]byte, error) {
	text, err := json.Marshal(in)
	if err != nil {
		return [8]byte{}, err
	}
	sum := sha256.Sum256(append(text, in.ChannelArn...))
	return [8]byte(sum[:8]), nil
}
