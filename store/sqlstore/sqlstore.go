// Package sqlstore implements store.Store in SQL: one text of schema and statements for every
// engine, one file per noun with the names of package store.
//
// What an engine spells differently sits in dialect.go; how it runs transactions and statements is
// behind the interface engine. Nothing outside this package sees a database driver, and no rule of
// the API may enter: it stores what it is told.
//
// # Deletion
//
// An app instance, identity or channel is deleted by a mark in its row, which costs the same
// whatever it holds. Every statement looks for the mark on what it was given and on what is above
// it, so that everything below is gone for every reader at once; the rows below are left to be
// cleaned up later, and a row in the table cleanup says so. Tags are the exception: they belong to any kind of resource and are found by
// its key alone, which nobody can learn any more.
package sqlstore

import (
	"context"
	"sync"

	"carillon/store"
)

// Store is a store.Store in a SQL database.
type Store struct {
	engine engine

	mu     sync.RWMutex // held for reading to begin a transaction, for writing to close
	closed bool
	active sync.WaitGroup

	close    sync.Once
	closeErr error
}

var _ store.Store = (*Store)(nil)

// open brings the schema of a database up to date and makes it a Store. It closes the engine when
// it fails.
func open(e engine) (*Store, error) {
	if err := migrate(e); err != nil {
		e.close()
		return nil, err
	}
	return &Store{engine: e}, nil
}

// begin keeps the store open until the transaction under way calls active.Done.
func (s *Store) begin() error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return store.ErrClosed
	}
	s.active.Add(1)
	return nil
}

// View implements store.Store. It must not be called from inside another View or Update: it may
// then wait for what its own caller holds.
func (s *Store) View(ctx context.Context, fn func(store.Tx) error) error {
	if err := s.begin(); err != nil {
		return err
	}
	defer s.active.Done()
	return s.engine.view(ctx, func(session session) error {
		t := &tx{session: session, readOnly: true}
		defer t.finish()
		if err := fn(t); err != nil {
			return err
		}
		return t.finish()
	})
}

// Update implements store.Store. It must not be called from inside another Update, nor from a
// function given to AfterCommit. A panic of fn, and runtime.Goexit, reaches the caller after the
// transaction was rolled back. A cancelled ctx ends the wait for fn's turn, not a transaction that
// has begun.
func (s *Store) Update(ctx context.Context, fn func(store.Tx) error) error {
	if err := s.begin(); err != nil {
		return err
	}
	defer s.active.Done()
	return s.engine.update(ctx, func(session session) (func(), error) {
		t := &tx{session: session}
		defer t.finish()
		if err := fn(t); err != nil {
			return nil, err
		}
		if err := t.finish(); err != nil {
			return nil, err
		}
		if t.hooks == nil {
			return nil, nil
		}
		return t.committed, nil
	})
}

var ping = sql(`SELECT max(version) FROM schema_migration`)

// Ping implements store.Store.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.begin(); err != nil {
		return err
	}
	defer s.active.Done()
	return s.engine.view(ctx, func(session session) error {
		return session.query(ping, nil, func(int, *row) {})
	})
}

// Close implements store.Store. Later calls return what the first one did.
func (s *Store) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.close.Do(func() {
		s.active.Wait()
		s.closeErr = s.engine.close()
	})
	return s.closeErr
}
