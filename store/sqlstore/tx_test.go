package sqlstore

import (
	"context"
	"errors"
	"testing"

	"carillon/store"
)

// brokenEngine runs transactions in which every statement is a fault.
type brokenEngine struct{ engine }

var errFault = errors.New("the engine's fault")

func (brokenEngine) view(_ context.Context, fn func(session) error) error { return fn(brokenSession{}) }

func (brokenEngine) update(_ context.Context, fn func(session) (func(), error)) error {
	committed, err := fn(brokenSession{})
	if committed != nil {
		committed()
	}
	return err
}

type brokenSession struct{ session }

func (brokenSession) exec(*statement, []value, func(int, int)) (int, error) { return 0, errFault }
func (brokenSession) query(*statement, []value, func(int, *row)) error      { return errFault }

func TestFaults(t *testing.T) {
	s := &Store{engine: brokenEngine{}}
	for name, call := range map[string]func(store.Tx) error{
		"a write":           func(tx store.Tx) error { return tx.PutSetting("a", nil) },
		"a read":            func(tx store.Tx) error { _, err := tx.Setting("a"); return err },
		"a list":            func(tx store.Tx) error { _, err := tx.ListAppInstances("a", 0, 1); return err },
		"a count":           func(tx store.Tx) error { _, err := tx.CountAppInstances("a", 1); return err },
		"a batch of writes": func(tx store.Tx) error { return tx.PutTags(1, []store.Tag{{}}) },
		"a batch of reads":  func(tx store.Tx) error { _, err := tx.Standings(1, 1, make([]store.IdentityRef, 2)); return err },
		"a batch of records": func(tx store.Tx) error {
			return tx.CreateChannelMemberships(1, make([]store.ChannelMembership, 2))
		},
	} {
		t.Run("a fault of "+name+" is told, and fails the transaction even when it is overlooked", func(t *testing.T) {
			overlook := func(tx store.Tx) error {
				tx.AfterCommit(func() { t.Error("the hook is called") })
				if err := call(tx); !errors.Is(err, errFault) {
					t.Errorf("the call answers %v", err)
				}
				if _, err := tx.Tags(1); !errors.Is(err, errFault) {
					t.Errorf("the next call answers %v", err)
				}
				return nil
			}
			if err := s.Update(t.Context(), overlook); !errors.Is(err, errFault) {
				t.Errorf("Update answers %v", err)
			}
		})
	}
	t.Run("a View does not overlook a fault either", func(t *testing.T) {
		err := s.View(t.Context(), func(tx store.Tx) error { _, _ = tx.Setting("a"); return nil })
		if !errors.Is(err, errFault) {
			t.Errorf("View answers %v", err)
		}
	})
}
