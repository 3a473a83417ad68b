package chat

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/google/uuid"

	"carillon/api"
	"carillon/arn"
	"carillon/bus"
	"carillon/store"
)

// callbackLife is how long a processor may take to call back.
const callbackLife = 48 * time.Hour

// maxStatusDetail bounds the reason that a failed message carries, in characters.
const maxStatusDetail = 256

var (
	errCallbackLate = because(api.Errorf(api.Forbidden, "The processor called back after more than 48 hours."), ruleLateCallback)
	errCallbackDone = api.Errorf(api.Conflict, "The processor has called back already.")

	errCallbackMessage = api.Violation("ChannelMessage", "Member must be the message that the processor was asked about")
)

// passage is a message in a flow: the version of it that is on its way to be sent.
type passage struct {
	store.ListedMessage // Sequence 0 when the message is not stored
	id                  string
	push                *api.PushNotificationConfiguration
	// update is set when before was sent already, and this is to replace it.
	update bool
	before store.ChannelMessage
	// void is set when there is nothing to send any more: the message was deleted or redacted.
	void bool
}

// held is what a passage keeps that is in no stored message.
type held struct {
	ID          string                             `json:"id,omitzero"`
	Content     string                             `json:"content,omitzero"`
	ContentType string                             `json:"contentType,omitzero"`
	Metadata    string                             `json:"metadata,omitzero"`
	Attributes  string                             `json:"attributes,omitzero"`
	Created     time.Time                          `json:"created,omitzero"`
	Edited      time.Time                          `json:"edited,omitzero"`
	Push        *api.PushNotificationConfiguration `json:"push,omitzero"`
}

func (p *passage) held() (string, error) {
	h := held{Push: p.push}
	if p.update || p.Sequence == 0 {
		h = held{
			ID: p.id, Content: p.Content, ContentType: p.ContentType, Metadata: p.Metadata, Attributes: p.Attributes,
			Created: p.Created, Edited: p.Edited, Push: p.push,
		}
	}
	text, err := json.Marshal(h)
	return string(text), err
}

// passage reads the message that a processor was asked about.
func (s *Service) passage(tx store.Tx, i store.ListedInvocation) (*passage, error) {
	var h held
	if err := json.Unmarshal([]byte(i.Held), &h); err != nil {
		return nil, err
	}
	p := &passage{id: h.ID, push: h.Push, update: i.Update}
	if i.Message.Sequence == 0 {
		p.By, p.To = i.By, i.To
		p.ChannelMessage = store.ChannelMessage{Stream: i.Message.Stream, Sender: i.Sender, Target: i.Target, Created: h.Created, Updated: h.Created}
		p.take(h)
		return p, nil
	}
	p.id = s.messageID(i.Message)
	stored, err := tx.ChannelMessage(i.Message)
	if err != nil {
		p.void = true
		return p, missing(err, nil)
	}
	awaited := store.MessagePending
	if i.Update {
		awaited = store.MessageUpdating
	}
	p.ListedMessage, p.before, p.void = stored, stored.ChannelMessage, stored.Status != awaited
	if i.Update {
		p.take(h)
	}
	return p, nil
}

// take makes what is held the content of the message.
func (p *passage) take(h held) {
	p.Content, p.ContentType, p.Metadata, p.Attributes, p.Edited = h.Content, h.ContentType, h.Metadata, h.Attributes, h.Edited
}

// event is the name of an event about the message: prefix is that of a message that is not sent.
func (p *passage) event(prefix string) string {
	if p.update {
		return prefix + "UPDATE_CHANNEL_MESSAGE"
	}
	return prefix + "CREATE_CHANNEL_MESSAGE"
}

// advance takes a place for an event about the message; one that is not stored has none.
func (p *passage) advance(tx store.Tx, e *entry) (sequence int64, err error) {
	if p.Sequence == 0 {
		return 0, nil
	}
	return tx.AdvanceChannel(e.stream, 1, 0)
}

// describePassage is the message as events and processors see it.
func (s *Service) describePassage(e *entry, p *passage, status string) *api.ChannelMessage {
	out := s.describeMessage(e, p.ListedMessage)
	out.MessageId, out.Status.Value = p.id, status
	if p.Sequence == 0 {
		out.Persistence = api.ChannelMessagePersistenceTypeNonPersistent
	}
	return out
}

// processes reports whether a message passes through the flow of the channel. Control messages never
// do.
func (e *entry) processes(m store.ChannelMessage) bool { return e.Flow.Key != 0 && !m.Control }

// processUpdate sends a new version of a message into the flow.
func (s *Service) processUpdate(tx store.Tx, events *events, e *entry, before store.ChannelMessage, m store.ListedMessage) error {
	before.Status = store.MessageUpdating
	if err := tx.UpdateChannelMessage(before); err != nil {
		return err
	}
	p := &passage{ListedMessage: m, id: s.messageID(store.MessageRef{Stream: m.Stream, Sequence: m.Sequence}), update: true, before: before}
	sequence, err := p.advance(tx, e)
	if err != nil {
		return err
	}
	return s.process(tx, events, e, p, sequence)
}

// process sends a message into the flow of its channel. Only its sender is told, with an event that
// has that place.
func (s *Service) process(tx store.Tx, events *events, e *entry, p *passage, sequence int64) error {
	first := processorAfter(e.Flow.Processors, 0)
	if first == nil {
		return s.release(tx, events, e, p)
	}
	events.messageTo(bus.Audience{Only: []string{e.bearer.String()}}, p.event("PENDING_"), e, sequence,
		s.describePassage(e, p, api.ChannelMessageStatusPending))
	return s.ask(tx, events, e, p, e.Flow.Key, first, sequence)
}

// ask has a processor asked about a message.
func (s *Service) ask(tx store.Tx, events *events, e *entry, p *passage, flow store.Key, to *api.Processor, sequence int64) error {
	text, err := p.held()
	if err != nil {
		return err
	}
	callback := uuid.NewString()
	err = tx.CreateFlowInvocation(store.FlowInvocation{
		Channel: e.Channel.Key, Callback: callback, Flow: flow, Step: to.ExecutionOrder, Continue: to.FallbackAction == api.FallbackActionContinue,
		Message: store.MessageRef{Stream: p.Stream, Sequence: p.Sequence}, Sender: p.Sender, Target: p.Target, Update: p.update,
		Held: text, Invoked: s.Now(),
	})
	if err != nil {
		return err
	}
	payload := s.describePassage(e, p, api.ChannelMessageStatusPending).AppendJSON(nil, api.ISO8601)
	events.deliver(store.FlowDelivery, to.Configuration.Lambda.ResourceArn, e, sequence,
		[]byte(`{"EventType":"CHANNEL_MESSAGE_EVENT","CallbackId":`+strconv.Quote(callback)+`,"ChannelMessage":`+string(payload)+`}`))
	return nil
}

// ChannelFlowCallback takes what a processor has to say about a message: that it be sent as it is, or
// changed, or not at all. The message goes on to the next processor, and from the last one to its
// readers. Each invocation is answered once. When the message was redacted or deleted meanwhile, the
// answer changes nothing.
func (s *Service) ChannelFlowCallback(ctx context.Context, caller *api.Caller, in *api.ChannelFlowCallbackRequest) (*api.ChannelFlowCallbackResponse, error) {
	attributes, err := checkCallback(in.ChannelMessage)
	if err != nil {
		return nil, err
	}
	err = s.update(ctx, func(tx store.Tx, events *events) error {
		e, err := s.visit(tx, caller, in.ChannelArn, errForbidden)
		if err != nil {
			return err
		}
		i, err := tx.FlowInvocation(e.Channel.Key, in.CallbackId)
		switch {
		case err != nil:
			return notThere(err, errForbidden, ruleNoInvocation)
		case s.Now().Sub(i.Invoked) > callbackLife:
			return errCallbackLate
		case i.Done:
			return errCallbackDone
		case i.In.ID == "":
			return because(errForbidden, ruleNoInvocation)
		}
		p, err := s.passage(tx, i)
		if err != nil {
			return err
		}
		if p.id != in.ChannelMessage.MessageId || i.SubChannel != in.ChannelMessage.SubChannelId && in.ChannelMessage.SubChannelId != "" {
			return errCallbackMessage
		}
		if err := tx.FinishFlowInvocation(e.Channel.Key, in.CallbackId); err != nil || p.void {
			return err
		}
		e = e.in(i.Message.Stream, i.SubChannel)
		if in.DeleteResource {
			return s.stop(tx, events, e, p, api.ChannelMessageStatusDenied, "")
		}
		p.change(in.ChannelMessage, attributes)
		return s.proceed(tx, events, e, p, i)
	})
	if err != nil {
		return nil, err
	}
	return &api.ChannelFlowCallbackResponse{ChannelArn: in.ChannelArn, CallbackId: in.CallbackId}, nil
}

// checkCallback holds what a processor makes of a message to the rules for messages, and returns the
// text of its attributes.
func checkCallback(c *api.ChannelMessageCallback) (attributes string, err error) {
	err = checkMetadata(c.Metadata)
	if c.Content != "" {
		err = checkContent(false, c.Content, c.Metadata)
	}
	if err == nil {
		err = checkPush(c.PushNotification)
	}
	if err != nil {
		return "", err
	}
	return checkAttributes(c.MessageAttributes)
}

// change makes what a processor has sent the content of the message. What it left out stays.
func (p *passage) change(c *api.ChannelMessageCallback, attributes string) {
	if c.Content != "" {
		p.Content = c.Content
	}
	if c.Metadata != nil {
		p.Metadata = *c.Metadata
	}
	if c.ContentType != nil {
		p.ContentType = *c.ContentType
	}
	if c.MessageAttributes != nil {
		p.Attributes = attributes
	}
	if c.PushNotification != nil {
		p.push = c.PushNotification
	}
}

// FlowInvocationFailed ends a delivery of the kind store.FlowDelivery that has failed for good: the
// processor could not be asked. Its fallback action decides what becomes of the message. reason is
// shown to the sender.
func (s *Service) FlowInvocationFailed(ctx context.Context, d store.Delivery, reason string) error {
	var call struct {
		CallbackID     string `json:"CallbackId"`
		ChannelMessage struct{ ChannelArn string }
	}
	if err := json.Unmarshal([]byte(d.Payload), &call); err != nil {
		return err
	}
	a, err := arn.Parse(call.ChannelMessage.ChannelArn)
	if err != nil {
		return err
	}
	return s.update(ctx, func(tx store.Tx, events *events) error {
		if err := tx.DeleteDelivery(d); err != nil {
			return missing(err, nil)
		}
		e, err := s.reenter(tx, a)
		if e == nil {
			return err
		}
		i, err := tx.FlowInvocation(e.Channel.Key, call.CallbackID)
		if err != nil {
			return missing(err, nil)
		}
		return s.fallBack(tx, events, e, i, reason)
	})
}

// expireInvocations does with the invocations that were not answered in time as with those that
// failed, and forgets both these and the answered ones of the same age: who calls back with them is
// told the same as for any that there never was.
func (s *Service) expireInvocations(tx store.Tx, events *events) (int, error) {
	list, err := tx.ListFlowInvocations(s.Now().Add(-callbackLife-time.Millisecond), s.sweepBatch)
	if err != nil {
		return 0, err
	}
	for _, i := range list {
		e, err := s.reenter(tx, s.channelARN(i.In))
		if err == nil && e != nil {
			err = s.fallBack(tx, events, e, i, "The processor did not call back in time.")
		}
		if err == nil {
			err = tx.DeleteFlowInvocation(i.Channel, i.Callback)
		}
		if err != nil {
			return 0, err
		}
	}
	return len(list), nil
}

// reenter reads a channel in which the service itself has something to do. It is nil when the channel
// is not there any more.
func (s *Service) reenter(tx store.Tx, a arn.ARN) (*entry, error) {
	found, err := tx.EnterChannel(store.ChannelRef{Account: a.Account, Instance: a.Instance, ID: a.ID}, store.IdentityRef{})
	if err != nil || found.Channel.Key == 0 {
		return nil, missing(err, nil)
	}
	return &entry{Entry: found, channelARN: a, stream: found.Channel.Key, sequence: found.Channel.Sequence}, nil
}

// fallBack does what the flow says for a processor that does not answer: the message goes on, or has
// failed.
func (s *Service) fallBack(tx store.Tx, events *events, e *entry, i store.ListedInvocation, reason string) error {
	if i.Done || i.In.ID == "" {
		return nil
	}
	p, err := s.passage(tx, i)
	if err != nil {
		return err
	}
	if err := tx.FinishFlowInvocation(i.Channel, i.Callback); err != nil || p.void {
		return err
	}
	e = e.in(i.Message.Stream, i.SubChannel)
	if i.Continue {
		return s.proceed(tx, events, e, p, i)
	}
	return s.stop(tx, events, e, p, api.ChannelMessageStatusFailed, firstRunes(reason, maxStatusDetail))
}

// firstRunes is the beginning of a text, at most n characters.
func firstRunes(text string, n int) string {
	for at := range text {
		if n--; n < 0 {
			return text[:at]
		}
	}
	return text
}

// proceed takes a message to the processor behind the one that was asked, or out of the flow.
func (s *Service) proceed(tx store.Tx, events *events, e *entry, p *passage, i store.ListedInvocation) error {
	next := processorAfter(i.Processors, i.Step)
	if next == nil {
		return s.release(tx, events, e, p)
	}
	if p.Sequence != 0 && !p.update {
		if err := tx.UpdateChannelMessage(p.ChannelMessage); err != nil {
			return err
		}
	}
	return s.ask(tx, events, e, p, i.Flow, next, 0)
}

// release sends a message that has come through the flow.
func (s *Service) release(tx store.Tx, events *events, e *entry, p *passage) error {
	now := s.Now()
	if p.Sequence != 0 {
		p.Status, p.Updated = store.MessageSent, now
		if err := tx.UpdateChannelMessage(p.ChannelMessage); err != nil {
			return err
		}
		if !p.update {
			if err := s.noteLast(tx, e, p.ChannelMessage, now); err != nil {
				return err
			}
		}
	}
	sequence, err := p.advance(tx, e)
	if err != nil {
		return err
	}
	to := toEverybody()
	if p.Target != 0 {
		if to, err = e.present(tx, p.By, p.To); err != nil {
			return err
		}
	}
	events.messageTo(to, p.event(""), e, sequence, s.describePassage(e, p, api.ChannelMessageStatusSent)).message = p.Sequence
	return nil
}

// noteLast notes that a message was sent, where the last one is told.
func (s *Service) noteLast(tx store.Tx, e *entry, m store.ChannelMessage, at time.Time) error {
	if m.Target != 0 {
		return tx.SetLastTargeted(e.stream, []store.Key{m.Sender, m.Target}, at)
	}
	return tx.TouchChannel(e.Channel.Key, at)
}

// stop takes a message out of the flow that is not to be sent, and tells its sender. A message that is
// denied is not kept; one that has failed is, for its sender's eyes. Of an update nothing remains: the
// message stays as it was.
func (s *Service) stop(tx store.Tx, events *events, e *entry, p *passage, outcome, detail string) error {
	p.StatusDetail = detail
	var err error
	switch {
	case p.Sequence == 0:
	case p.update:
		p.before.Status = store.MessageSent
		err = tx.UpdateChannelMessage(p.before)
	case outcome == api.ChannelMessageStatusDenied:
		err = tx.DeleteChannelMessage(store.MessageRef{Stream: p.Stream, Sequence: p.Sequence})
	default:
		p.Status, p.Updated = store.MessageFailed, s.Now()
		err = tx.UpdateChannelMessage(p.ChannelMessage)
	}
	if err != nil {
		return err
	}
	sequence, err := p.advance(tx, e)
	if err != nil {
		return err
	}
	to, err := e.present(tx, p.By)
	if err != nil {
		return err
	}
	events.messageTo(to, p.event(outcome+"_"), e, sequence, s.describePassage(e, p, outcome))
	return nil
}

// present is the audience of those of some identities who are still members: a message may have been
// in the flow for longer than its sender is in the channel.
func (e *entry) present(tx store.Tx, who ...store.Identity) (to bus.Audience, err error) {
	refs := make([]store.IdentityRef, len(who))
	for n, identity := range who {
		refs[n] = store.IdentityRef{Kind: identity.Kind, ID: identity.ID}
	}
	found, err := tx.Standings(e.Instance, e.Channel.Key, refs)
	if err == nil {
		err = e.seat(tx, found)
	}
	for n, standing := range found {
		if standing.Key == who[n].Key && standing.Member() && standing.Membership.Channel == e.stream {
			to.Only = append(to.Only, described(e.channelARN, standing.Identity).Arn)
		}
	}
	return to, err
}
