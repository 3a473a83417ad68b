package sqlstore

import (
	"slices"
	"time"

	"carillon/store"
)

// foreseer is a session on an engine so far away that it is worth asking for several things at once.
type foreseer interface {
	// foresee takes over a statement that returns rows, to be run along with the next query.
	foresee(s *statement, args []value, scan func(i int, r *row))
}

// distant reports whether the session is of such an engine.
func (t *tx) distant() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, ok := t.session.(foreseer)
	return ok
}

// ahead is what was asked along with an entry. It is given away once, and only as long as nothing was
// written since.
type ahead struct {
	instance, channel store.Key

	refs      []store.IdentityRef
	standings []store.Standing

	asked  []askedToken
	tokens map[tokenOf]*store.MessageToken // what became of asked; nil of those that were not used
}

// askedToken is a token that was asked along with the entry at a place of a list.
type askedToken struct {
	at    int
	token [16]byte
	since time.Time
	known *store.MessageToken
}

// tokenOf is a call of MessageToken.
type tokenOf struct {
	sender store.Key
	token  [16]byte
	since  int64
}

var (
	standingAhead = sql(`SELECT ` + standingColumns + `, ` + placeColumns + `
		FROM app_instance a
		JOIN identity i ON i.instance = a.key AND i.kind = $1 AND i.id = $2 AND i.deleted = 0
		LEFT JOIN channel c ON c.instance = a.key AND c.id = $3 AND c.deleted = 0` + standingJoins + `
		WHERE a.id = $4 AND a.account = $5 AND a.deleted = 0`)
	messageTokenAhead = sql(`SELECT ` + messageTokenColumns + `
		FROM app_instance a
		JOIN identity i ON i.instance = a.key AND i.kind = $1 AND i.id = $2 AND i.deleted = 0
		JOIN message_token k ON k.day IN ($3, $4) AND k.sender = i.key AND k.token = $5 AND k.sent >= $6
		WHERE a.id = $7 AND a.account = $8 AND a.deleted = 0`)
)

// foresee has what is ahead asked for along with entries. Of standings only those told last are kept.
func (t *tx) foresee(list []store.Entrance) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ahead = ahead{}
	session, ok := t.session.(foreseer)
	if !ok || t.usable(enterChannel) != nil {
		return
	}
	var args []value
	var asked []askedToken
	for i := range list {
		ref, actor, next := list[i].Channel, list[i].Actor, &list[i].Next
		if len(next.Standings) > 0 {
			standings := make([]store.Standing, len(next.Standings))
			t.ahead.refs, t.ahead.standings = slices.Clone(next.Standings), standings
			args := make([]value, 0, len(next.Standings)*standingAhead.params)
			for _, who := range next.Standings {
				args = append(args, kindValue(who.Kind), text(who.ID), text(ref.ID), text(ref.Instance), text(ref.Account))
			}
			session.foresee(standingAhead, args, func(i int, r *row) { standings[i] = scanStanding(r) })
		}
		if !next.Since.IsZero() {
			asked = append(asked, askedToken{at: i, token: next.MessageToken, since: next.Since})
			args = append(args, kindValue(actor.Kind), text(actor.ID),
				messageDayOf(next.Since), messageDayOf(next.Since.Add(messageDay)), blob(next.MessageToken[:]), instant(next.Since),
				text(ref.Instance), text(ref.Account))
		}
	}
	if asked != nil {
		t.ahead.asked = asked
		session.foresee(messageTokenAhead, args, func(i int, r *row) {
			known := scanMessageToken(r)
			asked[i].known = &known
		})
	}
}

// entered ties what is ahead to the entry it was asked along with, in the terms of the later calls.
func (t *tx) entered(e *store.Entry) {
	t.ahead.instance, t.ahead.channel = e.Instance, e.Channel.Key
	t.enteredEach(func(int) *store.Entry { return e })
}

// enteredEach does so with the tokens of many entries.
func (t *tx) enteredEach(entry func(at int) *store.Entry) {
	if t.ahead.asked == nil {
		return
	}
	t.ahead.tokens = make(map[tokenOf]*store.MessageToken, len(t.ahead.asked))
	for _, a := range t.ahead.asked {
		t.ahead.tokens[tokenOf{entry(a.at).Actor.Key, a.token, millis(a.since)}] = a.known
	}
}

// foreseenStandings returns the standings when exactly these were foreseen.
func (t *tx) foreseenStandings(instance, channel store.Key, refs []store.IdentityRef) ([]store.Standing, bool) {
	a := &t.ahead
	if a.standings == nil || a.instance != instance || a.channel != channel || !slices.Equal(a.refs, refs) {
		return nil, false
	}
	standings := a.standings
	a.standings = nil
	return standings, true
}

// foreseenToken returns a token, nil when it was not used, when it was foreseen.
func (t *tx) foreseenToken(sender store.Key, token [16]byte, since time.Time) (known *store.MessageToken, foreseen bool) {
	known, foreseen = t.ahead.tokens[tokenOf{sender, token, millis(since)}]
	return known, foreseen
}
