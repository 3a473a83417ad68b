package bench

import (
	"bytes"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// tally knows every message of a fan-out and who has got it. Messages carry their number, so that
// nothing of a frame has to be understood to recognize one.
type tally struct {
	mark       []byte // what precedes the number of a message, in every frame and nowhere else
	begin      time.Time
	channels   []tallied
	listeners  []listener
	sent       atomic.Int64
	deliveries atomic.Int64
	measuring  atomic.Bool // messages sent from now on are measured

	fromStart, fromAnswer *delays
}

// tallied is what is known of one channel.
type tallied struct {
	// messages are found without a lock, by the number that they got when they were sent.
	messages [maxChunks]atomic.Pointer[[chunk]message]

	mu    sync.Mutex
	count int
	// order are the numbers of the messages in the order in which the first session got each.
	order []int
}

const (
	chunk     = 1 << 12
	maxChunks = 1 << 12
)

// message is one message. Times are nanoseconds since the tally began.
type message struct {
	sender   int
	start    int64
	measured bool
	answer   atomic.Int64 // 0 until it was acknowledged
	last     atomic.Int64 // when a session got it last
	place    atomic.Int64 // in the order, counted from 1
}

// listener is one session. Only its reader touches it until everything is over.
type listener struct {
	// place is that of the newest message it got; skipped are those before it that it has not got.
	place   atomic.Int64
	skipped map[int64]bool
	// twice counts messages that came again, late those that came after newer ones, strange those
	// that nobody sent to the channel.
	twice, late, strange int64
	_                    [64]byte // readers write here all the time
}

func newTally(channels, listeners int, prefix string) *tally {
	return &tally{
		mark: []byte(prefix + "#"), begin: time.Now(), channels: make([]tallied, channels), listeners: make([]listener, listeners),
		fromStart: newDelays(), fromAnswer: newDelays(),
	}
}

func (t *tally) now() int64 { return int64(time.Since(t.begin)) }

// send gives a message that is about to be sent its number, and the content that carries it.
func (t *tally) send(channel, sender int) (*message, string) {
	c := &t.channels[channel]
	c.mu.Lock()
	defer c.mu.Unlock()
	number := c.count
	at := &c.messages[number/chunk%maxChunks]
	if at.Load() == nil {
		at.Store(new([chunk]message))
	}
	c.count++
	t.sent.Add(1)
	m := &at.Load()[number%chunk]
	m.sender, m.start, m.measured = sender, t.now(), t.measuring.Load()
	return m, fmt.Sprintf("%s%d/%d;", t.mark, channel, number)
}

func (t *tally) acknowledge(m *message) { m.answer.Store(t.now()) }

func (c *tallied) message(number int) *message {
	if number < 0 || number >= chunk*maxChunks {
		return nil
	}
	if messages := c.messages[number/chunk].Load(); messages != nil {
		return &messages[number%chunk]
	}
	return nil
}

// hear is called with every frame that a session gets.
func (t *tally) hear(i int, frame []byte) {
	_, rest, found := bytes.Cut(frame, t.mark)
	if !found {
		return // an event of another kind
	}
	now := t.now()
	l := &t.listeners[i]
	rest, _, _ = bytes.Cut(rest, []byte(";"))
	channel, number, _ := bytes.Cut(rest, []byte("/"))
	own := i % len(t.channels)
	n, err := strconv.Atoi(string(number))
	m := t.channels[own].message(n)
	if err != nil || m == nil || string(channel) != strconv.Itoa(own) {
		l.strange++
		return
	}
	t.deliveries.Add(1)
	l.take(t.channels[own].placeOf(m, n))
	raise(&m.last, now)
	if m.measured {
		t.fromStart.add(i, time.Duration(now-m.start))
		if answer := m.answer.Load(); answer == 0 {
			t.fromAnswer.add(i, 0) // it came before the answer
		} else {
			t.fromAnswer.add(i, time.Duration(now-answer))
		}
	}
}

// placeOf is the place of a message in the order, which the first who asks settles.
func (c *tallied) placeOf(m *message, number int) int64 {
	if place := m.place.Load(); place != 0 {
		return place
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if m.place.Load() == 0 {
		c.order = append(c.order, number)
		m.place.Store(int64(len(c.order)))
	}
	return m.place.Load()
}

// take notes that the message of a place has come.
func (l *listener) take(place int64) {
	newest := l.place.Load()
	switch {
	case l.skipped[place]:
		delete(l.skipped, place)
		l.late++
	case place <= newest:
		l.twice++
	default:
		for skipped := newest + 1; skipped < place; skipped++ {
			if l.skipped == nil {
				l.skipped = make(map[int64]bool)
			}
			l.skipped[skipped] = true
		}
		l.place.Store(place)
	}
}

func raise(v *atomic.Int64, to int64) {
	for {
		old := v.Load()
		if old >= to || v.CompareAndSwap(old, to) {
			return
		}
	}
}

// acknowledged is how many messages of a channel were.
func (c *tallied) acknowledged() (n int64) {
	for number := range c.count {
		if c.message(number).answer.Load() != 0 {
			n++
		}
	}
	return n
}

// complete reports whether every session has got as much as was acknowledged. It is asked once nobody
// sends any more.
func (t *tally) complete() bool {
	for i := range t.channels {
		want := t.channels[i].acknowledged()
		for l := i; l < len(t.listeners); l += len(t.channels) {
			if t.listeners[l].place.Load() < want {
				return false
			}
		}
	}
	return true
}

// report checks everything, once all has arrived, and reports it.
func (t *tally) report(r *Report) {
	var missing, twice, late, strange, unordered int64
	toLast := newDelays()
	for i := range t.channels {
		c := &t.channels[i]
		total := int64(len(c.order)) + c.unseen()
		for l := i; l < len(t.listeners); l += len(t.channels) {
			listener := &t.listeners[l]
			missing += int64(len(listener.skipped)) + total - listener.place.Load()
			twice, late, strange = twice+listener.twice, late+listener.late, strange+listener.strange
		}
		unordered += c.unordered()
		for number := range c.count {
			if m := c.message(number); m.measured && m.answer.Load() != 0 {
				toLast.add(0, time.Duration(m.last.Load()-m.answer.Load()))
			}
		}
	}
	t.fromStart.report(r, "deliveries, from the start of the send")
	t.fromAnswer.report(r, "deliveries, from the answer to the send")
	toLast.report(r, "last delivery of a message, from the answer to the send")
	r.count("missing", missing)
	r.count("duplicate", twice)
	r.count("out of order", late+unordered)
	r.broke(missing, "messages did not reach a session")
	r.broke(twice, "messages reached a session twice")
	r.broke(late, "messages reached a session out of order")
	r.broke(unordered, "messages come before others that were acknowledged before they were sent")
	r.broke(strange, "messages reached a session that nobody sent to its channel")
}

// unseen counts the messages that were acknowledged and reached nobody.
func (c *tallied) unseen() (n int64) {
	for number := range c.count {
		if m := c.message(number); m.answer.Load() != 0 && m.place.Load() == 0 {
			n++
		}
	}
	return n
}

// unordered counts the messages that were acknowledged before one was sent that comes before them.
// Among them are those that a sender, who sends one after the other, sent in another order.
func (c *tallied) unordered() (n int64) {
	var latest int64 // start of those before
	for _, number := range c.order {
		m := c.message(number)
		if answer := m.answer.Load(); answer != 0 && answer < latest {
			n++
		}
		latest = max(latest, m.start)
	}
	return n
}
