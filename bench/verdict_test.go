package bench

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// play is a soak that was not run but written down.
type play struct {
	*soaking
	t *testing.T
	n int64 // the time
}

// newPlay has one channel, the witness, and the users alice, who is a member, and bob, who is not.
func newPlay(t *testing.T) *play {
	r := &soaking{soak: &soak{buffer: 100}, b: &Bench{Report: newReport("test")}, names: []string{"channel"}, people: []string{"alice", "bob"}}
	r.truth = newTruth(r.names, r.people)
	r.truth.begins[0][0] = true
	r.moves = newMoves(r.truth)
	for _, user := range []int{-1, 0, 1} {
		d := r.device(user, "")
		d.lives = []*life{{final: true, connections: []*connection{{established: 1}}}}
		r.devices = append(r.devices, d)
	}
	return &play{soaking: r, t: t}
}

// tick is the next second.
func (p *play) tick() int64 {
	p.n += int64(time.Second)
	return p.n
}

// event is one that the witness gets unless it is lost: "message", "passing" for one that is not stored,
// "bob enters", "bob leaves". It returns its number.
func (p *play) event(what string) int {
	p.t.Helper()
	user, move, moves := strings.Cut(what, " ")
	kind, payload := kindCreate, fmt.Sprintf(`{"ChannelArn":"channel","MessageId":"%d"`, p.n)
	switch {
	case moves:
		kind = kindEnter
		if move == "leaves" {
			kind = kindLeave
		}
		payload = fmt.Sprintf(`{"ChannelArn":"channel","Member":{"Arn":%q},"CreatedTimestamp":"%d"`, user, p.n)
	default:
		c := p.truth.begin(0, what == "message")
		c.start, c.answer, c.key = p.tick(), p.n+1, eventKey{kind: kindCreate, id: fmt.Sprint(p.n)}
		payload = fmt.Sprintf(`{"ChannelArn":"channel","MessageId":"%d","Content":%q`, p.n, c.content())
		if what == "passing" {
			payload += `,"Persistence":"NON_PERSISTENT"`
		}
	}
	n, err := p.truth.recognize(fmt.Appendf(nil, `{"Headers":{"x-amz-chime-event-type":%q},"Payload":%q}`, kind, payload+"}"))
	if err != nil {
		p.t.Fatal(err)
	}
	return n
}

// got has the latest connection of a device get events.
func (p *play) got(device int, events ...int) {
	l := p.devices[device].lives[0]
	c := l.connections[len(l.connections)-1]
	for _, e := range events {
		c.receipts = append(c.receipts, receipt{event: e, at: p.n})
	}
}

// resumes ends the connection of a device and begins the next.
func (p *play) resumes(device int) {
	l := p.devices[device].lives[0]
	l.connections[len(l.connections)-1].ended = p.n
	l.connections = append(l.connections, &connection{established: p.tick()})
}

// counts of the verdict.
type counts struct{ Missing, Foreign, Twice, Unordered, Unknown, Late, Repeated, Lost int64 }

const witness, alice, bob = 0, 1, 2

func TestARunIsOverWhenEverybodyWhoIsInAChannelHasHeardItsLastWord(t *testing.T) {
	p := newPlay(t)
	p.connected.Store(3)
	p.truth.started = time.Now().Add(-time.Hour) // it has been quiet for long
	p.moves.in[0][alice-1], p.moves.in[0][bob-1], p.moves.unsure[0][bob-1] = true, true, true
	some := p.event("message")
	p.truth.close(p.truth.made[p.event("message")])
	last := len(p.truth.events) - 1
	for _, step := range []struct {
		device, event int
		want          bool
	}{
		{witness, some, false},
		{witness, last, false},
		{alice, some, false},
		{alice, last, true}, // of bob it is not known whether it is in
	} {
		p.devices[step.device].hear(step.event)
		if got := p.settled(); got != step.want {
			t.Errorf("over is %v after device %d has heard event %d", got, step.device, step.event)
		}
	}
	p.connected.Store(2)
	if p.settled() {
		t.Error("over while somebody is away")
	}
}

func TestVerdict(t *testing.T) {
	for _, c := range []struct {
		name string
		play func(p *play)
		want counts
	}{
		{"everything, once and in order", func(p *play) {
			for range 5 {
				e := p.event("message")
				p.got(witness, e)
				p.got(alice, e)
			}
		}, counts{}},
		{"one is missing in the middle", func(p *play) {
			a, b, c := p.event("message"), p.event("message"), p.event("message")
			p.got(witness, a, b, c)
			p.got(alice, a, c)
		}, counts{Missing: 1}},
		{"one is missing in the end", func(p *play) {
			a, b := p.event("message"), p.event("message")
			p.got(witness, a, b)
			p.got(alice, a)
		}, counts{Missing: 1}},
		{"one was answered and nobody was told", func(p *play) {
			p.truth.answered(p.truth.begin(0, true), eventKey{kind: kindCreate, id: "lost"})
		}, counts{Missing: 1}},
		{"one comes twice on a connection", func(p *play) {
			a, b := p.event("message"), p.event("message")
			p.got(witness, a, b)
			p.got(alice, a, b, a, b)
		}, counts{Twice: 1, Repeated: 2}},
		{"two come in another order", func(p *play) {
			a, b, c := p.event("message"), p.event("message"), p.event("message")
			p.got(witness, a, b, c)
			p.got(alice, a, c, b)
		}, counts{Missing: 1, Twice: 1, Repeated: 1}},
		{"the witness gets two in an order that the answers forbid", func(p *play) {
			a, b := p.event("message"), p.event("message")
			p.got(witness, b, a)
			p.got(alice, b, a)
		}, counts{Unordered: 1}},
		{"what was under way comes again", func(p *play) {
			a, b, c := p.event("message"), p.event("message"), p.event("message")
			p.got(witness, a, b, c)
			p.got(alice, a, b)
			p.resumes(alice)
			p.got(alice, b, c)
		}, counts{Repeated: 1}},
		{"what was received long ago comes again", func(p *play) {
			a := p.event("message")
			p.got(witness, a)
			p.got(alice, a)
			p.n += 10 * int64(time.Second)
			p.resumes(alice)
			p.got(alice, a)
		}, counts{Repeated: 1, Late: 1}},
		{"one is missing when a session goes on", func(p *play) {
			a, b, c := p.event("message"), p.event("message"), p.event("message")
			p.got(witness, a, b, c)
			p.got(alice, a)
			p.resumes(alice)
			p.got(alice, c)
		}, counts{Missing: 1}},
		{"a member hears from its entering to its leaving", func(p *play) {
			a, in, b, out, c := p.event("message"), p.event("bob enters"), p.event("message"), p.event("bob leaves"), p.event("message")
			p.got(witness, a, in, b, out, c)
			p.got(alice, a, in, b, out, c)
			p.got(bob, in, b, out)
		}, counts{}},
		{"one who left hears more", func(p *play) {
			in, out, a := p.event("bob enters"), p.event("bob leaves"), p.event("message")
			p.got(witness, in, out, a)
			p.got(alice, in, out, a)
			p.got(bob, in, out, a)
		}, counts{Foreign: 1}},
		{"one who enters hears what was before", func(p *play) {
			a, in := p.event("message"), p.event("bob enters")
			p.got(witness, a, in)
			p.got(alice, a, in)
			p.got(bob, a, in)
		}, counts{Foreign: 1}},
		{"a session gets what the witness does not", func(p *play) {
			p.got(alice, p.event("bob enters"))
		}, counts{Unknown: 1}},
		{"what is not stored is lost in a kill", func(p *play) {
			a, b := p.event("message"), p.event("passing")
			p.truth.outages = append(p.truth.outages, interval{p.tick(), p.tick()})
			c := p.event("message")
			p.got(witness, a, b, c)
			p.got(alice, a)
			p.resumes(alice)
			p.got(alice, c)
		}, counts{Lost: 1}},
		{"what is stored is not", func(p *play) {
			a, b := p.event("message"), p.event("message")
			p.truth.outages = append(p.truth.outages, interval{p.tick(), p.tick()})
			c := p.event("message")
			p.got(witness, a, b, c)
			p.got(alice, a)
			p.resumes(alice)
			p.got(alice, c)
		}, counts{Missing: 1}},
		{"more was missed than is kept", func(p *play) {
			a := p.event("message")
			p.got(witness, a)
			p.got(alice, a)
			for range 120 {
				p.got(witness, p.event("message"))
			}
			p.resumes(alice)
			b := p.event("message")
			p.got(witness, b)
			p.got(alice, b)
		}, counts{}},
		{"what was sent before a session began it need not get", func(p *play) {
			a, b := p.event("message"), p.event("message")
			p.got(witness, a, b)
			p.devices[alice].lives[0].connections[0].established = p.tick()
		}, counts{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlay(t)
			c.play(p)
			p.tick()
			for _, d := range p.devices {
				l := d.lives[0]
				l.ended, l.connections[len(l.connections)-1].ended = p.n, p.n
			}
			v := p.judge()
			got := counts{v.missing, v.foreign, v.twice, v.unordered, v.unknown, v.late, v.repeated, v.lost}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s\n%s", diff, strings.Join(p.b.Report.Notes, "\n"))
			}
		})
	}
}
