package bench

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"carillon/api"
)

// speaker is a user who sends, edits and redacts messages, in every channel.
type speaker struct {
	*soaking
	name   string
	random *rand.Rand
	// own are the latest messages of the speaker that are neither redacted nor forgotten, by channel.
	own [][]ownMessage
}

// ownMessage is a message that may be changed. It is edited once: an event that is told of later shows
// its message as it is then, so that nobody could tell two edits apart.
type ownMessage struct {
	id     string
	edited bool
}

// remembered is how many of its messages a speaker may still edit.
const remembered = 20

func (r *soaking) speaker(i int) *speaker {
	return &speaker{soaking: r, name: r.speakers[i], random: r.random(2, i), own: make([][]ownMessage, len(r.names))}
}

// act does one thing in one channel.
func (s *speaker) act(ctx context.Context) error {
	channel := s.random.IntN(len(s.names))
	choice := s.random.IntN(100)
	if len(s.own[channel]) == 0 {
		choice = 0
	}
	switch {
	case choice < 70:
		return s.send(ctx, channel, true)
	case choice < 85:
		return s.send(ctx, channel, false)
	case choice < 95:
		return s.update(ctx, channel)
	default:
		return s.redact(ctx, channel)
	}
}

func (s *speaker) send(ctx context.Context, channel int, durable bool) error {
	return s.say(ctx, s.truth.begin(channel, durable))
}

// conclude sends the last word of a channel, for which a server that has just been killed may need several
// attempts.
func (s *speaker) conclude(ctx context.Context, channel int) {
	for range 10 {
		call := s.truth.begin(channel, true)
		s.truth.close(call)
		if s.say(ctx, call) == nil || ctx.Err() != nil {
			return
		}
	}
}

// say makes a call that sends a message.
func (s *speaker) say(ctx context.Context, call *call) error {
	channel, persistence := call.channel, api.ChannelMessagePersistenceTypePersistent
	if !call.durable {
		persistence = api.ChannelMessagePersistenceTypeNonPersistent
	}
	var made api.SendChannelMessageResponse
	err := s.b.client.call(ctx, "SendChannelMessage", s.name, []string{s.names[channel]}, &api.SendChannelMessageRequest{
		Content: call.content(), Type: api.ChannelMessageTypeStandard, Persistence: persistence, ClientRequestToken: uuid.NewString(),
	}, &made)
	if err != nil {
		return s.failed(ctx, call.start, err)
	}
	s.truth.answered(call, eventKey{kind: kindCreate, id: made.MessageId})
	if call.durable {
		s.own[channel] = append(s.own[channel], ownMessage{id: made.MessageId})
		if len(s.own[channel]) > remembered {
			s.own[channel] = s.own[channel][1:]
		}
	}
	return nil
}

func (s *speaker) update(ctx context.Context, channel int) error {
	m := &s.own[channel][s.random.IntN(len(s.own[channel]))]
	if m.edited {
		return s.redact(ctx, channel)
	}
	m.edited = true
	call := s.truth.begin(channel, true)
	err := s.b.client.call(ctx, "UpdateChannelMessage", s.name, []string{s.names[channel], m.id},
		&api.UpdateChannelMessageRequest{Content: call.content()}, nil)
	if err != nil {
		return s.failed(ctx, call.start, err)
	}
	s.truth.answered(call, eventKey{kind: kindUpdate, id: m.id})
	return nil
}

func (s *speaker) redact(ctx context.Context, channel int) error {
	i := s.random.IntN(len(s.own[channel]))
	id := s.own[channel][i].id
	s.own[channel] = append(s.own[channel][:i], s.own[channel][i+1:]...)
	call := s.truth.begin(channel, true)
	err := s.b.client.call(ctx, "RedactChannelMessage", s.name, []string{s.names[channel], id}, struct{}{}, nil)
	if err != nil {
		return s.failed(ctx, call.start, err)
	}
	s.truth.answered(call, eventKey{kind: kindRedact, id: id})
	return nil
}

// failed judges a call that failed: without an answer, it may while the server is killed.
func (r *soaking) failed(ctx context.Context, from int64, err error) error {
	var refused *refusal
	if !errors.As(err, &refused) && (ctx.Err() != nil || r.allowed(from)) {
		_ = pause(ctx, 50*time.Millisecond)
		return err
	}
	r.b.Report.brokeAs(1, "calls failed", err)
	return err
}

// moves is what is known of the memberships of users who enter and leave.
type moves struct {
	// in says, by channel and user, who is a member, banned who may not be. unsure are those of whom
	// neither is known, because a call was not answered.
	in, banned, unsure [][]bool
	// vague are those of whom a call was ever not answered.
	vague [][]bool
	// enterings and leavings are the times of the answered calls, by channel and user.
	enterings, leavings [][][]interval
}

// surelyIn is to be asked once nobody moves any more.
func (m *moves) surelyIn(channel, user int) bool {
	return m.in[channel][user] && !m.unsure[channel][user]
}

// interval is a span of time.
type interval struct{ from, to int64 }

func newMoves(t *truth) *moves {
	m := &moves{in: table[bool](t), banned: table[bool](t), unsure: table[bool](t), vague: table[bool](t), enterings: table[[]interval](t), leavings: table[[]interval](t)}
	for c := range t.begins {
		copy(m.in[c], t.begins[c])
	}
	return m
}

// table has a cell for each user in each channel.
func table[T any](t *truth) [][]T {
	rows := make([][]T, len(t.begins))
	for c := range rows {
		rows[c] = make([]T, len(t.begins[c]))
	}
	return rows
}

// move changes memberships at random until ctx ends. No two movers touch the same user.
func (r *soaking) move(ctx context.Context, mover int) {
	random := r.random(3, mover)
	for pause(ctx, between(random, 20*time.Millisecond, 400*time.Millisecond)) == nil {
		user := random.IntN(len(r.people))/r.movers*r.movers + mover
		if user < len(r.people) {
			r.moveOne(ctx, random, random.IntN(len(r.names)), user)
		}
	}
}

// moveOne changes one membership.
func (r *soaking) moveOne(ctx context.Context, random *rand.Rand, channel, user int) {
	m := r.moves
	path := []string{r.names[channel], r.people[user]}
	by := r.people[user]
	switch {
	case m.unsure[channel][user]:
		r.makeSure(ctx, channel, user)
	case m.banned[channel][user]:
		if r.change(ctx, channel, user, nil, "DeleteChannelBan", r.b.admin, path, nil) {
			m.banned[channel][user] = false
		}
	case !m.in[channel][user]:
		if random.IntN(3) == 0 {
			by = r.b.admin
		}
		if r.change(ctx, channel, user, m.enterings, "CreateChannelMembership", by, path[:1],
			&api.CreateChannelMembershipRequest{MemberArn: r.people[user], Type: api.ChannelMembershipTypeDefault}) {
			m.in[channel][user] = true
		}
	default:
		switch random.IntN(4) {
		case 0:
			if r.change(ctx, channel, user, m.leavings, "CreateChannelBan", r.b.admin, path[:1], &api.CreateChannelBanRequest{MemberArn: r.people[user]}) {
				m.in[channel][user], m.banned[channel][user] = false, true
			}
			return
		case 1:
			by = r.b.admin
		}
		if r.change(ctx, channel, user, m.leavings, "DeleteChannelMembership", by, path, nil) {
			m.in[channel][user] = false
		}
	}
}

// change does one call and reports whether it succeeded. calls gets its times.
func (r *soaking) change(ctx context.Context, channel, user int, calls [][][]interval, name, by string, path []string, in any) bool {
	from := r.truth.now()
	r.truth.calls.Add(1)
	err := r.b.client.call(ctx, name, by, path, in, nil)
	if err != nil {
		r.moves.unsure[channel][user], r.moves.vague[channel][user] = true, true
		_ = r.failed(ctx, from, err)
		return false
	}
	if calls != nil {
		calls[channel][user] = append(calls[channel][user], interval{from, r.truth.now()})
	}
	return true
}

// makeSure makes somebody a member, whatever it is.
func (r *soaking) makeSure(ctx context.Context, channel, user int) {
	from := r.truth.now()
	err := r.b.client.call(ctx, "DeleteChannelBan", r.b.admin, []string{r.names[channel], r.people[user]}, nil, nil)
	if err == nil {
		err = r.b.client.call(ctx, "CreateChannelMembership", r.b.admin, []string{r.names[channel]},
			&api.CreateChannelMembershipRequest{MemberArn: r.people[user], Type: api.ChannelMembershipTypeDefault}, nil)
	}
	var refused *refusal
	if errors.As(err, &refused) && refused.kind == "ConflictException" {
		err = nil
	}
	if err != nil {
		_ = r.failed(ctx, from, err)
		return
	}
	r.moves.in[channel][user], r.moves.banned[channel][user], r.moves.unsure[channel][user] = true, false, false
}
