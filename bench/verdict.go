package bench

import (
	"slices"
	"time"
)

// verdict holds what every session got against what happened.
//
// The witness, who is in every channel and behaves well, tells the order of each channel. What one
// session must have got of a channel is that order, cut down to the times at which its user was a member,
// from somewhere at the beginning of the session, without a gap, up to its end. When a connection follows
// another it may begin with events that were under way when the other one ended.
type verdict struct {
	*soaking
	orders [][]*event // by channel

	missing, foreign, twice, unordered, unknown, late int64
	repeated, overflowed, lost                        int64
}

const (
	// underWay is how long a client may have read after an event that comes again: not confirmed yet.
	underWay = int64(5 * time.Second)
	// inTime is how soon after the answer to a call its event must be there, with a client that reads
	// slowly or is away.
	inTime = int64(slowest + 10*time.Second)
)

// judge judges everything, once it is over.
func (r *soaking) judge() *verdict {
	v := &verdict{soaking: r, orders: make([][]*event, len(r.names))}
	untold := r.truth.link()
	v.order(r.devices[0])
	for _, c := range untold {
		if c.durable || !r.truth.killed(c.start, c.start+inTime) {
			v.missing++
			r.b.Report.once("missing: nobody was told of call %d, which was answered", c.number)
		}
	}
	v.linkMoves()
	v.checkOrders()
	for _, d := range r.devices {
		member := v.spans(d.user)
		for _, l := range d.lives {
			v.life(d, l, member)
		}
	}
	return v
}

// order takes the order of each channel from the witness.
func (v *verdict) order(witness *device) {
	for _, l := range witness.lives {
		for _, c := range l.connections {
			for _, got := range c.receipts {
				e := v.truth.events[got.event]
				if e.place < 0 {
					e.place = len(v.orders[e.channel])
					v.orders[e.channel] = append(v.orders[e.channel], e)
				}
			}
		}
	}
}

// linkMoves gives the events of memberships their calls, where every call was answered, and checks that
// users enter and leave by turns.
func (v *verdict) linkMoves() {
	for c, order := range v.orders {
		entered, left := make([]int, len(v.people)), make([]int, len(v.people))
		in := slices.Clone(v.truth.begins[c])
		for _, e := range order {
			u := e.member
			if u < 0 || e.kind != kindEnter && e.kind != kindLeave {
				continue
			}
			calls, n := v.moves.enterings[c][u], &entered[u]
			if e.kind == kindLeave {
				calls, n = v.moves.leavings[c][u], &left[u]
			}
			if in[u] == (e.kind == kindEnter) {
				v.unordered++
				v.b.Report.once("out of order: somebody entered or left a channel twice: %v", e.eventKey)
			}
			in[u] = e.kind == kindEnter
			if *n < len(calls) && !v.moves.vague[c][u] {
				e.call = &call{start: calls[*n].from, answer: calls[*n].to, durable: true}
			}
			*n++
		}
		for u := range v.people {
			if entered[u] < len(v.moves.enterings[c][u]) || left[u] < len(v.moves.leavings[c][u]) {
				v.missing++
				v.b.Report.once("missing: not every change of the membership of user %d in channel %d was told", u, c)
			}
		}
	}
}

// checkOrders finds events whose call was answered before that of one was made that comes before them.
func (v *verdict) checkOrders() {
	for _, order := range v.orders {
		var latest int64
		for _, e := range order {
			if e.call == nil {
				continue
			}
			if e.call.answer != 0 && e.call.answer < latest {
				v.unordered++
				v.b.Report.once("out of order: %v comes behind an event whose call was made after its own was answered", e.eventKey)
			}
			latest = max(latest, e.call.start)
		}
	}
}

// span is a time of a membership: from the place at which a user entered to the one at which it left,
// both included.
type span struct{ from, to int }

// spans tells when a user was a member, by channel.
func (v *verdict) spans(user int) [][]span {
	all := make([][]span, len(v.orders))
	for c, order := range v.orders {
		in, from := user < 0 || v.truth.begins[c][user], 0
		for place, e := range order {
			switch {
			case e.member != user || user < 0:
			case e.kind == kindEnter && !in:
				in, from = true, place
			case e.kind == kindLeave && in:
				in = false
				all[c] = append(all[c], span{from, place})
			}
		}
		if in {
			all[c] = append(all[c], span{from, len(order) - 1})
		}
	}
	return all
}

// reader is what one session got of one channel so far.
type reader struct {
	visible []*event // in order
	rank    map[*event]int
	// at is the rank of the last one, top the highest there was; -1 before the first.
	at, top    int
	connection int
	first      map[int]int64 // when each rank came first
}

func newReader(order []*event, spans []span) *reader {
	r := &reader{rank: make(map[*event]int), at: -1, top: -1, connection: -1, first: make(map[int]int64)}
	for _, s := range spans {
		for _, e := range order[s.from : s.to+1] {
			r.rank[e] = len(r.visible)
			r.visible = append(r.visible, e)
		}
	}
	return r
}

// life judges one session.
func (v *verdict) life(d *device, l *life, spans [][]span) {
	if len(l.connections) == 0 {
		return
	}
	readers := make([]*reader, len(v.orders))
	for c, order := range v.orders {
		readers[c] = newReader(order, spans[c])
	}
	established := l.connections[0].established
	heard := established // when the client got something last that was new
	excused := int64(0)  // what happened until then it may have missed
	counting := l.connections
	if l.stopped > 0 {
		counting = counting[:l.stopped]
	}
	for n, connection := range counting {
		if n > 0 && happened(readers, heard, connection.established) >= v.buffer-v.buffer/8 {
			excused = connection.established
			v.overflowed++
		}
		var gap []*event
		for _, got := range connection.receipts {
			e := v.truth.events[got.event]
			r := readers[e.channel]
			rank, visible := r.rank[e]
			switch {
			case e.place < 0:
				v.unseen(d, e, got.at)
				continue
			case !visible:
				v.foreign++
				v.b.Report.once("foreign: device %d got %v of a channel that its user was not in", d.number, e.eventKey)
				continue
			}
			if start, known := e.start(); known && got.at-start < fresh {
				heard = got.at
			}
			gap = append(gap, v.step(d, l, r, n, rank, established, got.at)...)
		}
		v.gap(d, n, gap, excused)
	}
	for _, r := range readers {
		v.tail(d, l, r, established, excused)
	}
}

// step takes one event of a channel, and returns those that should have come before it.
func (v *verdict) step(d *device, l *life, r *reader, connection, rank int, established, at int64) (gap []*event) {
	resumed := r.connection >= 0 && r.connection != connection
	r.connection = connection
	switch {
	case rank == r.at+1:
	case r.top < 0 || rank > r.at+1 && rank > r.top:
		for _, e := range r.visible[max(r.at, r.top)+1 : rank] {
			if v.due(e, r.top < 0, established) && !v.excused(e, at) {
				gap = append(gap, e)
			}
		}
	case resumed:
		if read := v.couldConfirm(l.connections[:connection+1], r.first[rank]); read > underWay {
			v.late++
			v.b.Report.once("repeated: device %d got %v again, which it could have confirmed for %v", d.number, r.visible[rank].eventKey, time.Duration(read))
		}
	case rank <= r.at:
		v.twice++
		v.b.Report.once("twice: device %d got %v again on one connection, at place %d after %d", d.number, r.visible[rank].eventKey, rank, r.at)
	}
	if rank <= r.top {
		v.repeated++
	} else {
		r.top = rank
		r.first[rank] = at
	}
	r.at = rank
	return gap
}

// couldConfirm is the longest time that a client read on one connection after it got an event, before it
// got it again on the last of its connections.
func (v *verdict) couldConfirm(connections []*connection, got int64) (longest int64) {
	for i, c := range connections[:len(connections)-1] {
		// A connection that another one took over, or whose server was killed, ends later than it is of use.
		end := v.truth.firstKill(c.established, min(c.ended, connections[i+1].established))
		longest = max(longest, c.reading(max(got, c.established), end))
	}
	return longest
}

// due reports whether a session must have got an event: what was sent before it was established, it
// need not.
func (v *verdict) due(e *event, first bool, established int64) bool {
	if !first {
		return true
	}
	start, known := e.start()
	return known && start >= established
}

// excused reports whether an event may be missing: what is not stored is lost with the server.
func (v *verdict) excused(e *event, until int64) bool {
	if e.durable {
		return false
	}
	start, known := e.start()
	if (!known || v.truth.killed(start, until)) && v.truth.kills() > 0 {
		v.lost++
		return true
	}
	return false
}

// fresh is how soon after the call an event is new.
const fresh = int64(500 * time.Millisecond)

// happened counts the events for a session whose calls were made in a span of time: what the server may
// have had to keep for it.
func happened(readers []*reader, from, to int64) (n int) {
	from -= fresh
	for _, r := range readers {
		for i := len(r.visible) - 1; i >= 0; i-- {
			start, known := r.visible[i].start()
			if known && start < from-inTime {
				break // those before it were made earlier
			}
			if known && start >= from && start <= to {
				n++
			}
		}
	}
	return n
}

// gap judges what was missing on one connection. A client of which more was to be kept than is kept has
// no right to anything that happened until it was back.
func (v *verdict) gap(d *device, connection int, gap []*event, excused int64) {
	gap = slices.DeleteFunc(gap, func(e *event) bool { return e.before(excused) })
	if len(gap) > 0 {
		v.missing += int64(len(gap))
		v.b.Report.once("missing: device %d did not get %d events on its connection %d, the first of them %v", d.number, len(gap), connection, gap[0].eventKey)
	}
}

// before reports whether an event may have happened before a time.
func (e *event) before(at int64) bool {
	start, known := e.start()
	return at > 0 && (!known || start <= at)
}

// unseen judges an event that the witness did not get.
func (v *verdict) unseen(d *device, e *event, at int64) {
	if v.excused(e, at+inTime) {
		return
	}
	v.unknown++
	v.b.Report.once("unknown: device %d got %v, which the witness did not", d.number, e.eventKey)
}

// tail judges what a session did not get in its end.
func (v *verdict) tail(d *device, l *life, r *reader, established, excused int64) {
	if l.fresh {
		return
	}
	for _, e := range r.visible[r.top+1:] {
		start, known := e.start()
		switch {
		case r.top < 0 && (!known || start < established), e.before(excused):
			continue
		case !l.final && (!known || e.call.answer == 0 || e.call.answer > l.ended-inTime || v.truth.killed(start, l.ended)):
			continue
		case v.excused(e, l.ended):
			continue
		}
		v.missing++
		v.b.Report.once("missing: device %d did not get %v before its session ended", d.number, e.eventKey)
	}
}
