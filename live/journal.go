package live

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/edsrzf/mmap-go"
)

// The journal is a file that the process writes as memory: what was written survives the end of the
// process, however sudden, without a call of the system. It says which sessions there are, which events
// were handed out last, and which of them each session has still to be sent.
//
//	header   magic, time of the last beat, number of slots in use, time it was made, place of the
//	         last event that every session has that is to have it
//	ring     the durable events that were handed out last: place, stream, sequence, time
//	slots    the sessions: the first event not confirmed, when it began, user, id
//
// All numbers are 8 bytes, at multiples of 8, and each is written at once.
const (
	journalMagic = "carillon-3\n\x00\x00\x00\x00\x00"
	headerSize   = 4096
	headerBeat   = 64
	headerUsed   = 72
	headerMade   = 80
	headerDone   = 88

	ringEntries = 1 << 16
	entrySize   = 32

	slots    = 1 << 17
	slotSize = 512

	slotState       = 0
	slotUnconfirmed = 8
	slotBegan       = 16
	slotUserLength  = 24
	slotIDLength    = 32
	slotText        = 40

	slotsAt     = headerSize + ringEntries*entrySize // where the slots begin
	journalSize = slotsAt + slots*slotSize
)

// The states of a slot.
const (
	slotFree = iota
	slotKept
	slotOverflowed
)

var order = binary.LittleEndian

// journal is the file of a running hub. Without a file it only counts.
type journal struct {
	file *os.File
	mem  mmap.MMap
	head uint64 // the place of the last durable event; guarded by the hub's mutex

	mu     sync.Mutex
	vacant []int // slots that were used and are free
	used   int   // slots that were ever used
	backed int   // slots that have their place on the disk
}

// append notes that a durable event is handed out, and returns its place. That of an event without a
// sequence is the place of the next one that has one.
func (j *journal) append(name roomName, sequence int64, now time.Time) uint64 {
	if sequence == 0 {
		return j.head + 1
	}
	j.head++
	if j.mem != nil {
		e := j.mem[headerSize+int(j.head%ringEntries)*entrySize:][:entrySize]
		order.PutUint64(e, 0) // what is there is half another's until it is whole
		order.PutUint64(e[8:], name.hash())
		order.PutUint64(e[16:], uint64(sequence))
		order.PutUint64(e[24:], uint64(now.UnixMilli()))
		order.PutUint64(e, j.head)
	}
	return j.head
}

// finish notes that every session which is to have an event has it in its queue. Of one that the process
// died in the middle of handing out, it cannot be told who has it.
func (j *journal) finish() {
	if j.mem != nil {
		order.PutUint64(j.mem[headerDone:], j.head)
	}
}

// hash stands for a stream in the journal.
func (n roomName) hash() uint64 {
	var d xxhash.Digest
	d.Reset()
	_, _ = d.WriteString(n.channel)
	_, _ = d.WriteString("\x00")
	_, _ = d.WriteString(n.subChannel)
	return d.Sum64()
}

// take gives a session a slot; negative when there is none for it.
func (j *journal) take(user, id string, began time.Time) int {
	if j.mem == nil || len(user)+len(id) > slotSize-slotText {
		return -1
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	slot := j.used
	switch n := len(j.vacant); {
	case n > 0:
		slot, j.vacant = j.vacant[n-1], j.vacant[:n-1]
	case j.used == slots, j.used == j.backed && j.back() != nil:
		return -1
	default:
		j.used++
		order.PutUint64(j.mem[headerUsed:], uint64(j.used))
	}
	s := j.slot(slot)
	order.PutUint64(s[slotUnconfirmed:], 0)
	order.PutUint64(s[slotBegan:], uint64(began.UnixMilli()))
	order.PutUint64(s[slotUserLength:], uint64(len(user)))
	order.PutUint64(s[slotIDLength:], uint64(len(id)))
	copy(s[slotText:], user)
	copy(s[slotText+len(user):], id)
	order.PutUint64(s[slotState:], slotKept)
	return slot
}

// slotsAtOnce is how many slots get their place on the disk together.
const slotsAtOnce = 1024

// back gives more slots their place on the disk. Memory that turns out to have none when it is written
// would end the process; a full disk is to keep sessions out of the journal, and no more.
func (j *journal) back() error {
	n := min(slotsAtOnce, slots-j.backed)
	_, err := j.file.WriteAt(make([]byte, n*slotSize), int64(slotsAt+j.backed*slotSize))
	if err == nil {
		j.backed += n
	}
	return err
}

func (j *journal) slot(n int) []byte {
	return j.mem[slotsAt+n*slotSize:][:slotSize]
}

// free ends what is known of a session.
func (j *journal) free(slot int) {
	if slot < 0 || j.mem == nil {
		return
	}
	order.PutUint64(j.slot(slot)[slotState:], slotFree)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.vacant = append(j.vacant, slot)
}

// note says where a session is: the place of the first event that it has not confirmed, 0 when there is
// none.
func (j *journal) note(slot int, unconfirmed uint64, overflowed bool) {
	if j.mem == nil {
		return
	}
	s := j.slot(slot)
	order.PutUint64(s[slotUnconfirmed:], unconfirmed)
	state := uint64(slotKept)
	if overflowed {
		state = slotOverflowed
	}
	order.PutUint64(s[slotState:], state)
}

// beat notes that the process lives.
func (j *journal) beat(now time.Time) {
	if j.mem != nil {
		order.PutUint64(j.mem[headerBeat:], uint64(now.UnixMilli()))
	}
}

// close ends the journal; what it says stays.
func (j *journal) close() error {
	if j.mem == nil {
		return nil
	}
	err := j.mem.Unmap()
	j.mem = nil
	return errors.Join(err, j.file.Close())
}

// createJournal makes a new journal, in a file that gets its name once it replaces the one before.
func createJournal(path string, now time.Time) (*journal, error) {
	if path == "" {
		return new(journal), nil
	}
	file, err := os.OpenFile(path+".new", os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("live: journal: %w", err)
	}
	if err = file.Truncate(journalSize); err == nil {
		_, err = file.WriteAt(make([]byte, slotsAt), 0) // as back does
	}
	if err == nil {
		var mem mmap.MMap
		if mem, err = mmap.Map(file, mmap.RDWR, 0); err == nil {
			copy(mem, journalMagic)
			order.PutUint64(mem[headerMade:], uint64(now.UnixMilli()))
			j := &journal{file: file, mem: mem}
			j.beat(now)
			return j, nil
		}
	}
	return nil, fmt.Errorf("live: journal: %w", errors.Join(err, file.Close()))
}

// last is what the journal of the process before says.
type last struct {
	// beat is when that process was alive for the last time.
	beat     time.Time
	sessions []lastSession
	// events are the places of each stream in the ring, by the hash of its name, in order.
	events map[uint64][]entry
	// first is the lowest place among them; 0 without any.
	first uint64
	// since is a time from which on every event that was handed out is among them.
	since time.Time
}

// entry is a durable event that was handed out.
type entry struct {
	place    uint64
	sequence int64
}

// lastSession is a session of the process before.
type lastSession struct {
	user, id   string
	overflowed bool
	began      time.Time
	// from is the place of the first event that the client has not confirmed; 0 when it has all.
	from uint64
}

// readJournal reads what the process before left; nothing, if there is nothing that can be read.
func readJournal(path string) (*last, error) {
	if path == "" {
		return new(last), nil
	}
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return new(last), nil
	}
	if err != nil {
		return nil, fmt.Errorf("live: journal: %w", err)
	}
	defer func() { _ = file.Close() }()
	return parseJournal(file), nil
}

func parseJournal(r io.Reader) *last {
	l := &last{events: make(map[uint64][]entry)}
	data := make([]byte, slotsAt)
	if _, err := io.ReadFull(r, data); err != nil || string(data[:len(journalMagic)]) != journalMagic {
		return l
	}
	used := order.Uint64(data[headerUsed:])
	if used > slots {
		return l
	}
	l.beat, l.since = milliseconds(data[headerBeat:]), milliseconds(data[headerMade:])
	l.readRing(data[headerSize:], order.Uint64(data[headerDone:]))
	data = make([]byte, used*slotSize)
	if _, err := io.ReadFull(r, data); err == nil {
		l.readSlots(data)
	}
	return l
}

func (l *last) readRing(ring []byte, done uint64) {
	for at := 0; at < len(ring); at += entrySize {
		place := order.Uint64(ring[at:])
		if place == 0 || place > done || int(place%ringEntries)*entrySize != at {
			continue
		}
		hash := order.Uint64(ring[at+8:])
		l.events[hash] = append(l.events[hash], entry{place: place, sequence: int64(order.Uint64(ring[at+16:]))})
		if l.first == 0 || place < l.first {
			l.first = place
		}
	}
	if l.first > 1 {
		l.since = milliseconds(ring[int(l.first%ringEntries)*entrySize+24:])
	}
}

func (l *last) readSlots(data []byte) {
	for ; len(data) >= slotSize; data = data[slotSize:] {
		state := order.Uint64(data[slotState:])
		user, id := order.Uint64(data[slotUserLength:]), order.Uint64(data[slotIDLength:])
		if state == slotFree || state > slotOverflowed || user > slotSize || id > slotSize || user+id > slotSize-slotText {
			continue
		}
		text := string(data[slotText:][:user+id])
		s := lastSession{
			user: text[:user], id: text[user:], overflowed: state == slotOverflowed, began: milliseconds(data[slotBegan:]),
			from: order.Uint64(data[slotUnconfirmed:]),
		}
		if s.from != 0 && s.from < l.first {
			s.overflowed = true // what it has not got is not in the ring any more
		}
		l.sessions = append(l.sessions, s)
	}
}

func milliseconds(b []byte) time.Time { return time.UnixMilli(int64(order.Uint64(b))) }

// position is the place in a stream up to which a session was told, as far as the ring knows; known is
// false when the stream is not in it.
func (l *last) position(name roomName, from uint64) (sequence int64, known bool) {
	entries := l.events[name.hash()]
	told := int64(-1)
	for _, e := range entries {
		if from != 0 && e.place >= from && (told < 0 || e.sequence-1 < told) {
			told = e.sequence - 1
		}
	}
	if told >= 0 {
		return told, true
	}
	for _, e := range entries {
		sequence = max(sequence, e.sequence)
	}
	return sequence, len(entries) > 0
}
