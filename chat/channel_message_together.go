package chat

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"carillon/api"
	"carillon/arn"
	"carillon/store"
)

// maxTogether bounds how many messages are sent in one transaction, and with it how long others wait.
const maxTogether = 64

// errNobody ends a transaction in which nobody may send: there is nothing to commit.
var errNobody = errors.New("chat: none of the messages is to be sent")

// sends are the messages that wait for those before them to be committed, to be sent together: what a
// transaction costs is then shared.
type sends struct {
	mu      sync.Mutex
	waiting []*sending
	busy    bool // a group is on its way
}

// add has a message wait. When nothing is on its way it returns the group that is up to the caller to send.
func (q *sends) add(m *sending) []*sending {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, m)
	if q.busy {
		return nil
	}
	return q.take()
}

// next returns the group that is to be sent after one.
func (q *sends) next() []*sending {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.take()
}

func (q *sends) take() []*sending {
	n := min(len(q.waiting), maxTogether)
	group := slices.Clone(q.waiting[:n])
	q.waiting = slices.Delete(q.waiting, 0, n)
	q.busy = n > 0
	return group
}

// withdraw takes back a message that waits. It reports whether it did: if not, the message is on its way.
func (q *sends) withdraw(m *sending) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	at := slices.Index(q.waiting, m)
	if at < 0 {
		return false
	}
	q.waiting = slices.Delete(q.waiting, at, at+1)
	return true
}

// sending is a message on its way into its channel.
type sending struct {
	in              *api.SendChannelMessageRequest
	attributes      string
	channel, bearer arn.ARN
	request         store.MessageToken // what the request is remembered by

	done chan struct{} // closed when what became of the message can be read
	passing
}

// passing is what becomes of a message in one run of a transaction.
type passing struct {
	entry   *entry
	message store.ListedMessage
	token   store.MessageToken

	id    string
	err   error
	alone bool // more has to be read, or written, than what is usual
}

// sendTogether sends a message with others that arrive while those before are being committed. It returns
// nothing when the message is to be sent alone, because its way is not the usual one.
func (s *Service) sendTogether(ctx context.Context, caller *api.Caller, in *api.SendChannelMessageRequest, attributes string, request store.MessageToken) (*api.SendChannelMessageResponse, error) {
	if in.SubChannelId != "" || len(in.Target) > 0 {
		return nil, nil
	}
	m := &sending{in: in, attributes: attributes, request: request, done: make(chan struct{})}
	var err error
	if m.channel, m.bearer, err = s.names(caller, in.ChannelArn); err != nil {
		return nil, err
	}
	if !m.channel.SameInstance(m.bearer) {
		return nil, nil
	}
	if group := s.sends.add(m); len(group) > 0 {
		s.sendGroup(group)
	}
	select {
	case <-m.done:
	case <-ctx.Done():
		if s.sends.withdraw(m) {
			return nil, ctx.Err()
		}
		<-m.done
	}
	if m.err != nil || m.alone {
		return nil, m.err
	}
	return &api.SendChannelMessageResponse{ChannelArn: in.ChannelArn, MessageId: m.id, Status: messageStatus(m.message.ChannelMessage)}, nil
}

// sendGroup sends messages in one transaction, and has those sent that have come meanwhile. A fault of the
// transaction is everybody's. A panic is not: then each message is sent alone, and panics where its sender
// sees it.
func (s *Service) sendGroup(group []*sending) {
	returned := false
	defer func() {
		if !returned {
			_ = recover()
		}
		for _, m := range group {
			if !returned {
				m.passing = passing{alone: true}
			}
			close(m.done)
		}
		if next := s.sends.next(); len(next) > 0 {
			go s.sendGroup(next)
		}
	}()
	// What is done for many does not end with the request of one.
	err := s.update(context.Background(), func(tx store.Tx, events *events) error { return s.sendAll(tx, events, group) })
	for _, m := range group {
		if err != nil && !errors.Is(err, errNobody) && m.err == nil {
			m.err = err
		}
	}
	returned = true
}

// sendAll reads who sends, decides about every message, and stores those that may be sent. It writes
// nothing before it has read everything.
func (s *Service) sendAll(tx store.Tx, events *events, group []*sending) error {
	now := s.Now()
	entrances := make([]store.Entrance, len(group))
	for i, m := range group {
		m.passing = passing{}
		entrances[i] = store.Entrance{
			Channel: channelRef(m.channel), Actor: ref(m.bearer), Next: store.Ahead{MessageToken: m.request.Token, Since: now.Add(-tokenLife)},
		}
	}
	entries, err := tx.EnterChannels(entrances)
	if err != nil {
		return err
	}
	var passed []*sending
	var messages []*store.ChannelMessage
	for i, m := range group {
		if err := s.pass(tx, m, entries[i], now); err != nil {
			return err
		}
		if slices.ContainsFunc(passed, m.repeats) {
			m.alone = true // once the first is committed
		}
		if m.err == nil && !m.alone {
			passed, messages = append(passed, m), append(messages, &m.message.ChannelMessage)
		}
	}
	if len(passed) == 0 {
		return errNobody
	}
	if err := tx.AppendChannelMessages(messages...); err != nil {
		return err
	}
	tokens := make([]store.MessageToken, len(passed))
	for i, m := range passed {
		m.token.Ref = store.MessageRef{Stream: m.message.Stream, Sequence: m.message.Sequence}
		m.id = s.messageID(m.token.Ref)
		tokens[i] = m.token
		s.announceSent(events, m.entry, m.message)
	}
	return tx.PutMessageTokens(tokens...)
}

// pass decides about a message by what was found of its sender and its channel. The error is a fault of
// the store.
func (s *Service) pass(tx store.Tx, m *sending, found store.Entry, now time.Time) error {
	e, err := admit(found, m.channel, m.bearer, errForbidden)
	switch {
	case err != nil:
		m.err = err
		return nil
	case e.elastic():
		m.alone = true
		return nil
	case !e.maySend():
		m.err = e.refuse(ruleSenders)
		return nil
	}
	m.entry, m.message = e, draft(e, m.in, m.attributes, now)
	token, known, err := messageToken(tx, m.request, &m.message)
	switch {
	case errors.Is(err, errTokenReused):
		m.err = err
		return nil
	case err != nil:
		return err
	}
	m.token, m.alone = token, known || e.processes(m.message.ChannelMessage)
	return nil
}

// repeats reports whether a message comes with the token of another one.
func (m *sending) repeats(other *sending) bool {
	return m.token.Sender == other.token.Sender && m.token.Token == other.token.Token
}
