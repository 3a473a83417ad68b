package sqlstore

import (
	"errors"
	"sync"

	"carillon/store"
)

var errFinished = errors.New("sqlstore: transaction used after its function returned")

// tx implements store.Tx in a session of an engine; the files named after the nouns have its
// methods.
type tx struct {
	readOnly bool

	// mu makes an end that somebody who kept the tx beyond its function cannot overtake.
	mu      sync.Mutex
	session session // nil at the end
	// fault is the first fault of the engine. The transaction cannot succeed any more, even when
	// its function overlooks the error: an engine may have dropped what was written before.
	fault  error
	hooks  []func()
	places []*place
	ahead  ahead
	args   []value // reused from statement to statement
}

var _ store.Tx = (*tx)(nil)

// AfterCommit implements store.Tx. In a View there is no commit and fn is never called.
func (t *tx) AfterCommit(fn func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.hooks = append(t.hooks, fn)
}

// committed calls the hooks.
func (t *tx) committed() {
	for _, fn := range t.hooks {
		fn()
	}
}

// finish ends the use of the transaction and tells of a fault.
func (t *tx) finish() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.session, t.ahead = nil, ahead{}
	return t.fault
}

// usable reports why a statement may not be run, if so. mu is held.
func (t *tx) usable(s *statement) error {
	switch {
	case t.session == nil:
		return errFinished
	case t.readOnly && s.writes:
		return store.ErrReadOnly
	}
	if s.writes {
		t.ahead = ahead{} // it may be true no longer
	}
	return t.fault
}

// exec runs a statement and returns how many records it changed.
func (t *tx) exec(s *statement, args ...value) (changed int, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.usable(s); err != nil {
		return 0, err
	}
	t.args = append(t.args[:0], args...)
	changed, t.fault = t.session.exec(s, t.args, nil)
	return changed, t.fault
}

// execEach runs a statement for every row of args and tells each how many records the i-th run
// changed; each may be nil.
func (t *tx) execEach(s *statement, args []value, each func(i, changed int)) (changed int, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.usable(s); err != nil {
		return 0, err
	}
	changed, t.fault = t.session.exec(s, args, each)
	return changed, t.fault
}

// query runs a statement and calls scan for every row it returns.
func (t *tx) query(s *statement, scan func(i int, r *row), args ...value) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.usable(s); err != nil {
		return err
	}
	t.args = append(t.args[:0], args...)
	t.fault = t.session.query(s, t.args, scan)
	return t.fault
}

// queryEach runs a statement for every row of args and calls scan for every row of the i-th run.
func (t *tx) queryEach(s *statement, args []value, scan func(i int, r *row)) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.usable(s); err != nil {
		return err
	}
	t.fault = t.session.query(s, args, scan)
	return t.fault
}

// create runs an INSERT … ON CONFLICT DO NOTHING of one record.
func (t *tx) create(s *statement, args ...value) error {
	if assumed, err := t.assume(s, args, true); assumed || err != nil {
		return err
	}
	changed, err := t.exec(s, args...)
	if err == nil && changed == 0 {
		return store.ErrExists
	}
	return err
}

// change runs an UPDATE or DELETE of one record for every row of args.
func (t *tx) change(s *statement, args ...value) error {
	if assumed, err := t.assume(s, args, true); assumed || err != nil {
		return err
	}
	changed, err := t.exec(s, args...)
	if err == nil && changed < s.runs(args) {
		return store.ErrNotFound
	}
	return err
}

// one returns the only row of a statement; ErrNotFound when there is none.
func one[T any](t *tx, scan func(*row) T, s *statement, args ...value) (record T, err error) {
	found := false
	err = t.query(s, func(_ int, r *row) { record, found = scan(r), true }, args...)
	if err == nil && !found {
		err = store.ErrNotFound
	}
	return record, err
}

// roomForRecords is what a list is given room for from its beginning: a page and one more. Records are
// large, and a list that grows copies them again and again.
const roomForRecords = 51

// list returns the rows of a statement whose last argument is a limit.
func list[T any](t *tx, scan func(*row) T, limit int, s *statement, args ...value) ([]T, error) {
	var records []T
	err := t.query(s, func(_ int, r *row) {
		if records == nil {
			records = make([]T, 0, max(1, min(limit, roomForRecords)))
		}
		records = append(records, scan(r))
	}, append(args, upTo(limit))...)
	return records, err
}

// count returns the number in the only row of a statement whose last argument is a limit.
func count(t *tx, limit int, s *statement, args ...value) (int, error) {
	return one(t, (*row).int, s, append(args, upTo(limit))...)
}

// batch is an insertion of many records. The first arguments of insert are the primary key, which
// are the arguments of remove.
type batch struct {
	insert, remove *statement
	args           []value
	inserted       []bool
}

func newBatch(insert, remove *statement, records int) *batch {
	return &batch{
		insert:   insert,
		remove:   remove,
		args:     make([]value, 0, records*insert.params),
		inserted: make([]bool, records),
	}
}

func (b *batch) add(args ...value) { b.args = append(b.args, args...) }

// createAll inserts all records of all batches; ErrExists, and none, when one is there already.
// Success costs nothing but the insertions: what a failure leaves is taken back by its keys.
func (t *tx) createAll(batches ...*batch) error {
	for n, b := range batches {
		if assumed, err := t.assume(b.insert, b.args, true); err != nil {
			return err
		} else if assumed {
			continue
		}
		var conflict bool
		_, err := t.execEach(b.insert, b.args, func(i, changed int) {
			b.inserted[i] = changed != 0
			conflict = conflict || changed == 0
		})
		if err != nil {
			return err
		}
		if conflict {
			for _, b := range batches[:n+1] {
				if err := t.takeBack(b); err != nil {
					return err
				}
			}
			return store.ErrExists
		}
	}
	return nil
}

// takeBack removes what createAll has inserted of a batch.
func (t *tx) takeBack(b *batch) error {
	var keys []value
	for i, inserted := range b.inserted {
		if inserted {
			record := b.args[i*b.insert.params:]
			keys = append(keys, record[:b.remove.params]...)
		}
	}
	_, err := t.execEach(b.remove, keys, nil)
	return err
}
