package live

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"carillon/bus"
)

// lastOf closes a journal and reads what it leaves to the next process.
func lastOf(t *testing.T, j *journal, path string) *last {
	t.Helper()
	if err := j.close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	l, err := readJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestJournal(t *testing.T) {
	start := time.UnixMilli(1_700_000_000_000)
	general, quiet := roomName{channel: "general"}, roomName{channel: "general", subChannel: "quiet"}
	create := func(t *testing.T) (*journal, string) {
		t.Helper()
		path := filepath.Join(t.TempDir(), "sessions")
		j, err := createJournal(path, start)
		if err != nil {
			t.Fatal(err)
		}
		return j, path
	}

	t.Run("sessions and where they are come back", func(t *testing.T) {
		j, path := create(t)
		for sequence := int64(5); sequence < 10; sequence++ {
			j.append(general, sequence, start)
		}
		j.finish()
		done, behind, gone, over := j.take("alice", "s1", start), j.take("bob", "s2", start), j.take("carol", "s3", start), j.take("dave", "s4", start)
		j.note(done, 0, false)
		j.note(behind, 3, false)
		j.note(over, 0, true)
		j.free(gone)
		j.beat(start.Add(time.Minute / 100))
		l := lastOf(t, j, path)
		if len(l.sessions) != 3 || l.sessions[0] != (lastSession{user: "alice", id: "s1", began: start}) ||
			l.sessions[1] != (lastSession{user: "bob", id: "s2", from: 3, began: start}) || l.sessions[2] != (lastSession{user: "dave", id: "s4", overflowed: true, began: start}) {
			t.Errorf("got %+v", l.sessions)
		}
		for _, c := range []struct {
			name     roomName
			from     uint64
			sequence int64
			known    bool
		}{
			{general, 0, 9, true}, {general, 3, 6, true}, {general, 1, 4, true}, {general, 6, 9, true}, {quiet, 0, 0, false}, {quiet, 3, 0, false},
		} {
			if sequence, known := l.position(c.name, c.from); sequence != c.sequence || known != c.known {
				t.Errorf("position(%v, %d) = %d, %v", c.name, c.from, sequence, known)
			}
		}
		if !l.since.Equal(start) {
			t.Errorf("since %v", l.since)
		}
	})
	t.Run("what was being handed out when the process died was told to nobody", func(t *testing.T) {
		j, path := create(t)
		j.append(general, 5, start)
		j.finish()
		j.append(general, 6, start)
		j.note(j.take("alice", "has it", start), 2, false)
		j.note(j.take("bob", "has it not", start), 0, false)
		l := lastOf(t, j, path)
		for _, s := range l.sessions {
			if sequence, known := l.position(general, s.from); sequence != 5 || !known {
				t.Errorf("%s, who %s, was told up to %d, %v", s.user, s.id, sequence, known)
			}
		}
	})
	t.Run("the ring keeps the newest events, and who is further behind has lost some", func(t *testing.T) {
		j, path := create(t)
		for sequence := int64(1); sequence <= ringEntries+10; sequence++ {
			j.append(general, sequence, start.Add(time.Duration(sequence)*time.Millisecond))
		}
		j.finish()
		j.note(j.take("alice", "s1", start), 5, false)
		j.note(j.take("bob", "s2", start), 11, false)
		l := lastOf(t, j, path)
		if !l.sessions[0].overflowed || l.sessions[1].overflowed || l.first != 11 || !l.since.Equal(start.Add(11*time.Millisecond)) {
			t.Errorf("got %+v, first %d, since %v", l.sessions, l.first, l.since)
		}
	})
	t.Run("slots are used again, and names that are too long have none", func(t *testing.T) {
		j, path := create(t)
		j.free(j.take("alice", "s1", start))
		if slot := j.take("bob", strings.Repeat("x", slotSize-slotText-3), start); slot != 0 {
			t.Errorf("slot %d", slot)
		}
		if slot := j.take("bob", strings.Repeat("x", slotSize-slotText-2), start); slot >= 0 {
			t.Errorf("slot %d", slot)
		}
		for range 3 * slotsAtOnce {
			j.take("carol", "s", start)
		}
		if l := lastOf(t, j, path); len(l.sessions) != 3*slotsAtOnce+1 || l.sessions[0].user != "bob" {
			t.Errorf("%d sessions", len(l.sessions))
		}
	})
	t.Run("a file that was cut, or is another's, is none", func(t *testing.T) {
		for _, content := range []string{"", "x", journalMagic, journalMagic + strings.Repeat("\xff", headerSize+ringEntries*entrySize)} {
			path := filepath.Join(t.TempDir(), "sessions")
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			if l, err := readJournal(path); err != nil || len(l.sessions) != 0 {
				t.Errorf("%d bytes: %+v, %v", len(content), l.sessions, err)
			}
		}
	})
	t.Run("a folder that cannot be written to is an error", func(t *testing.T) {
		if _, err := createJournal(filepath.Join(t.TempDir(), "no", "sessions"), start); err == nil {
			t.Error("no error")
		}
	})
}

func FuzzParseJournal(f *testing.F) {
	// The head, the first places of the ring and the first slots are what can be wrong.
	const head, ring = 64, 4 * entrySize
	whole := make([]byte, headerSize+ringEntries*entrySize+8*slotSize)
	f.Add(make([]byte, head+ring), make([]byte, 2*slotSize))
	f.Fuzz(func(t *testing.T, front, behind []byte) {
		clear(whole[:headerSize+ring])
		clear(whole[headerSize+ringEntries*entrySize:])
		copy(whole, journalMagic)
		n := copy(whole[headerBeat:headerBeat+head], front)
		copy(whole[headerSize:headerSize+ring], front[n:])
		copy(whole[headerSize+ringEntries*entrySize:], behind)
		l := parseJournal(bytes.NewReader(whole))
		for _, s := range l.sessions {
			if len(s.user)+len(s.id) > slotSize-slotText {
				t.Errorf("names of %d and %d bytes", len(s.user), len(s.id))
			}
			l.position(roomName{channel: s.user}, s.from)
		}
	})
}

// remembered is a directory with one channel, of whose events it has all.
type remembered struct {
	everybody
	event bus.Event
	count int64
}

func (r *remembered) Events(_ context.Context, at bus.Stream, until int64, limit int) (list []Past, next int64, err error) {
	if until == 0 {
		until = r.count
	}
	next = min(until, at.Sequence+int64(limit))
	for sequence := at.Sequence + 1; sequence <= next; sequence++ {
		e := r.event
		e.Sequence = sequence
		list = append(list, Past{Event: e})
	}
	return list, next, nil
}

func TestInboxOverflow(t *testing.T) {
	h, events, event := hubOf(t, 1)
	const extra = 2000
	directory := &remembered{event: event, count: 1 + maxInbox + extra}
	h.Directory = directory
	var s *session
	for _, u := range h.users {
		s = u.sessions[0]
	}
	// Nobody hands out while this is held.
	h.mu.Lock()
	for i := range directory.count {
		event.Sequence++
		events.Publish(event)
		for waiting := i == 0; waiting; time.Sleep(time.Millisecond) { // the first one is taken
			h.inbox.mu.Lock()
			waiting = len(h.inbox.events) > 0
			h.inbox.mu.Unlock()
		}
	}
	ephemeral := event
	ephemeral.Sequence = 0
	events.Publish(ephemeral)
	h.mu.Unlock()

	t.Run("durable events that had no room are read from the store, others are dropped", func(t *testing.T) {
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
			s.mu.Lock()
			got := int64(len(s.queue)) + int64(s.confirmed)
			s.mu.Unlock()
			if got == directory.count && h.idle() {
				return
			}
			if time.Now().After(deadline) || got > directory.count {
				t.Fatalf("%d events, want %d", got, directory.count)
			}
		}
	})
}
