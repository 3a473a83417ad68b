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
	// rememberedBytes bounds the pages of lists, roughly, and rememberedPages their number.
	rememberedBytes = 24 << 20
	rememberedPages = 4096
	// markedChannels is how many channels are known to have changed, one by one.
	markedChannels = 1 << 16
)

// entryName is a call of EnterChannel.
type entryName struct {
	channel store.ChannelRef
	actor   store.IdentityRef
}

// pageName is a call of a method that lists what is in a channel.
type pageName struct {
	statement int // its id
	of        store.Key
	args      [2]int64
	limit     int
}

// remembered is an entry, or a page of a list, as it was after a commit.
type remembered struct {
	entry  store.Entry
	place  place
	page   any       // a slice of records
	size   int       // of the page, roughly
	of     store.Key // the channel that it is about
	commit uint64
}

// sqliteMemory remembers what was read by EnterChannel, which is what every operation on a channel reads
// first: a join of nine tables. It remembers pages of messages and of members too: a page that one has opened
// is what the next one opens. All that is written goes through one connection, so it knows when something
// is no longer true: which statements change what stands with the statements.
//
// Commits are counted twice, when they begin and when they have ended. What was read is remembered when
// no commit was under way from before it was read to after, so that it is the state after the last one. It is
// true until a commit begins that changes it.
type sqliteMemory struct {
	commits atomic.Uint64 // odd while one is under way

	mu       sync.Mutex
	entries  *shelf[entryName]
	pages    *shelf[pageName]
	all      uint64               // the last commit that changed any entry
	channels map[store.Key]uint64 // and those of one channel
}

func newSQLiteMemory() *sqliteMemory {
	m := &sqliteMemory{channels: make(map[store.Key]uint64)}
	m.entries, m.pages = newShelf[entryName](m, rememberedEntries), newShelf[pageName](m, rememberedPages)
	return m
}

// shelf is what a sqliteMemory remembers under one kind of name. What was not asked for longest falls off.
type shelf[N comparable] struct {
	memory *sqliteMemory
	by     *simplelru.LRU[N, *remembered]
	size   int // of pages: entries are bounded by their number alone
}

func newShelf[N comparable](m *sqliteMemory, room int) *shelf[N] {
	s := &shelf[N]{memory: m}
	s.by, _ = simplelru.NewLRU(room, func(_ N, r *remembered) { s.size -= r.size }) // fails for sizes below 1
	return s
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
func (s *shelf[N]) put(name N, r *remembered, began uint64) {
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	if !s.memory.stood(began) || r.size > rememberedBytes/16 {
		return
	}
	r.commit = began
	s.by.Remove(name)
	s.by.Add(name, r)
	for s.size += r.size; s.size > rememberedBytes; {
		s.by.RemoveOldest()
	}
}

// get returns what is remembered, nil if nothing is that is true.
func (s *shelf[N]) get(name N) *remembered {
	s.memory.mu.Lock()
	defer s.memory.mu.Unlock()
	r, ok := s.by.Get(name)
	if !ok || !s.memory.true(r) {
		return nil
	}
	return r
}

// stood reports whether no commit was under way since the count was began.
func (m *sqliteMemory) stood(began uint64) bool { return began%2 == 0 && m.commits.Load() == began }

// lasts reports whether what was remembered is true still.
func (m *sqliteMemory) lasts(r *remembered) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.true(r)
}

func (m *sqliteMemory) true(r *remembered) bool {
	return r.commit >= m.all && r.commit >= m.channels[r.of]
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
	if !r.holds() {
		return errOutdated
	}
	r.recalled = nil
	return nil
}

// holds reports whether everything that was remembered is true still.
func (r *sqliteReader) holds() bool {
	for _, known := range r.recalled {
		r.outdated = r.outdated || !r.memory.lasts(known)
	}
	return !r.outdated
}

func (r *sqliteReader) exec(*statement, []value, func(i, changed int)) (int, error) {
	return 0, store.ErrReadOnly
}

func (r *sqliteReader) script(string) error { return store.ErrReadOnly }

// recall implements rememberer. Beside a snapshot nothing is recalled, nor beside what is true no longer.
func (r *sqliteReader) recall(name entryName) *remembered {
	return r.recalls(func() *remembered { return r.memory.entries.get(name) })
}

// recallPage implements rememberer.
func (r *sqliteReader) recallPage(name pageName) *remembered {
	return r.recalls(func() *remembered { return r.memory.pages.get(name) })
}

func (r *sqliteReader) recalls(get func() *remembered) *remembered {
	if r.forgetful || r.conn != nil {
		return nil
	}
	known := get()
	if known == nil || !r.holds() {
		return nil // the next query finds out
	}
	r.recalled = append(r.recalled, known)
	return known
}

// remember implements rememberer.
func (r *sqliteReader) remember(name entryName, known *remembered) {
	r.memory.entries.put(name, known, r.began)
}

// rememberPage implements rememberer.
func (r *sqliteReader) rememberPage(name pageName, known *remembered) {
	r.memory.pages.put(name, known, r.began)
}
