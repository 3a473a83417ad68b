package sqlstore

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"carillon/store"
)

const (
	// rememberedEntries takes some 10 MB when all are in use.
	rememberedEntries = 8192
	// markedChannels is how many channels are known to have changed, one by one.
	markedChannels = 1 << 16
)

// entryName is a call of EnterChannel.
type entryName struct {
	channel store.ChannelRef
	actor   store.IdentityRef
}

// remembered is an entry as it was after a commit.
type remembered struct {
	store.Entry
	place  place
	commit uint64
}

// sqliteMemory remembers what was read by EnterChannel, which is what every operation on a channel reads
// first: a join of nine tables. All that is written goes through one connection, so it knows when an entry
// is no longer true: which statements change which entries stands with the statements.
//
// Commits are counted twice, when they begin and when they have ended. What was read is remembered when
// no commit was under way from before it was read to after, so that it is the state after the last one. It is
// true until a commit begins that changes it.
type sqliteMemory struct {
	commits atomic.Uint64 // odd while one is under way

	mu       sync.Mutex
	entries  *simplelru.LRU[entryName, *remembered]
	all      uint64               // the last commit that changed any entry
	channels map[store.Key]uint64 // and those of one channel
}

func newSQLiteMemory() *sqliteMemory {
	m := &sqliteMemory{channels: make(map[store.Key]uint64)}
	m.entries, _ = simplelru.NewLRU[entryName, *remembered](rememberedEntries, nil) // fails for sizes below 1
	return m
}

// begin is called before a commit.
func (m *sqliteMemory) begin(c *entryChanges) {
	commit := m.commits.Add(1) + 1
	m.mu.Lock()
	defer m.mu.Unlock()
	if c.all || len(m.channels)+len(c.channels) > markedChannels {
		m.all = commit
		clear(m.channels)
		return
	}
	for channel := range c.channels {
		m.channels[channel] = commit
	}
}

// end is called after a commit, whatever came of it.
func (m *sqliteMemory) end() { m.commits.Add(1) }

// put remembers what was read since the count of commits was began.
func (m *sqliteMemory) put(name entryName, e *store.Entry, p place, began uint64) {
	if began%2 == 1 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.commits.Load() == began {
		m.entries.Add(name, &remembered{Entry: *e, place: p, commit: began})
	}
}

// get returns what is remembered, nil if nothing is that is true.
func (m *sqliteMemory) get(name entryName) *remembered {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.entries.Get(name)
	if !ok || !m.true(r) {
		return nil
	}
	return r
}

// lasts reports whether what was remembered is true still.
func (m *sqliteMemory) lasts(r *remembered) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.true(r)
}

func (m *sqliteMemory) true(r *remembered) bool {
	return r.commit >= m.all && r.commit >= m.channels[r.Channel.Key]
}

// entryChanges are the entries that the transactions of a group change.
type entryChanges struct {
	all      bool
	channels map[store.Key]bool
}

// note adds what a statement changes.
func (c *entryChanges) note(s *statement, args []value) {
	switch {
	case s.entries == entriesOfOne:
		if c.channels == nil {
			c.channels = make(map[store.Key]bool)
		}
		for i := range s.runs(args) {
			c.channels[store.Key(args[i*s.params+s.channel].integer)] = true
		}
	case s.entries == allEntries:
		c.all = true
	}
}

func (c *entryChanges) forget() { *c = entryChanges{} }

// sqliteReader is the session of a View. It takes a connection when there is something to read that is
// not remembered.
type sqliteReader struct {
	*sqliteEngine
	ctx  context.Context
	conn *sqliteConn
	// began is the count of commits before anything was read.
	began uint64
	// forgetful reads everything.
	forgetful bool
	// recalled is what was remembered and may be outdated by what is read after it.
	recalled []*remembered
	outdated bool
}

var _ rememberer = (*sqliteReader)(nil)

var errOutdated = errors.New("sqlstore: what was remembered has changed")

func (r *sqliteReader) run(fn func(session) error) error {
	defer r.close()
	return fn(r)
}

// open takes a snapshot.
func (r *sqliteReader) open() error {
	select {
	case r.conn = <-r.readers:
	case <-r.ctx.Done():
		return r.ctx.Err()
	}
	// The snapshot is taken by the first statement.
	return r.conn.control("BEGIN DEFERRED")
}

// close gives the connection back.
func (r *sqliteReader) close() {
	if r.conn == nil {
		return
	}
	_ = r.conn.rollback() // there is nothing to roll back
	r.readers <- r.conn
}

func (r *sqliteReader) query(s *statement, args []value, scan func(i int, r *row)) error {
	if r.conn == nil {
		if err := r.open(); err != nil {
			return err
		}
	}
	if err := r.conn.query(s, args, scan); err != nil {
		return err
	}
	// The snapshot is there now, and must be of what was remembered.
	for _, known := range r.recalled {
		if !r.memory.lasts(known) {
			r.outdated = true
			return errOutdated
		}
	}
	r.recalled = nil
	return nil
}

func (r *sqliteReader) exec(*statement, []value, func(i, changed int)) (int, error) {
	return 0, store.ErrReadOnly
}

func (r *sqliteReader) script(string) error { return store.ErrReadOnly }

// recall implements rememberer. Beside a snapshot nothing is recalled.
func (r *sqliteReader) recall(name entryName) (*remembered, bool) {
	if r.forgetful || r.conn != nil {
		return nil, false
	}
	known := r.memory.get(name)
	if known != nil {
		r.recalled = append(r.recalled, known)
	}
	return known, known != nil
}

// remember implements rememberer.
func (r *sqliteReader) remember(name entryName, e *store.Entry, p place) {
	r.memory.put(name, e, p, r.began)
}
