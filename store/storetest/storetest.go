// Package storetest is the suite that every implementation of package store passes, and stores for
// the tests of those who use one: Failing, whose calls fail on demand, and Repeating, which runs
// every transaction twice.
//
// Run is the suite: one file per noun, each method with its answers and errors, and what holds for
// transactions whatever they do. Nothing here knows SQL, a rule of the API or which implementation
// it tests.
package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"carillon/arn"
	"carillon/store"
)

// Run tests an implementation. open returns a new store with nothing in it. Run closes it; open may
// see to that too, because closing twice does no harm.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	for _, part := range []struct {
		name string
		test func(t *testing.T, w *world)
	}{
		{"accounts", testAccounts},
		{"key owners", testKeyOwners},
		{"access keys", testAccessKeys},
		{"roles", testRoles},
		{"identity providers", testIdentityProviders},
		{"principal policies", testPrincipalPolicies},
		{"app instances", testAppInstances},
		{"app instance admins", testAppInstanceAdmins},
		{"app instance bots", testAppInstanceBots},
		{"app instance user endpoints", testAppInstanceUserEndpoints},
		{"identities", testIdentities},
		{"channels", testChannels},
		{"entries", testEntries},
		{"ahead", testAhead},
		{"channel memberships", testChannelMemberships},
		{"channel moderators", testChannelModerators},
		{"channel bans", testChannelBans},
		{"channel messages", testChannelMessages},
		{"channel events", testChannelEvents},
		{"sub-channels", testSubChannels},
		{"channel flows", testChannelFlows},
		{"flow invocations", testFlowInvocations},
		{"streamings", testStreamings},
		{"outbox", testOutbox},
		{"expirations", testExpirations},
		{"retentions", testRetentions},
		{"cleanups", testCleanups},
		{"leases", testLeases},
		{"tags", testTags},
		{"request tokens", testRequestTokens},
		{"settings", testSettings},
		{"deletion", testDeletion},
		{"text", testText},
		{"transactions", testTransactions},
		{"after commit", testAfterCommit},
		{"concurrency", testConcurrency},
	} {
		t.Run(part.name, func(t *testing.T) {
			s := open(t)
			t.Cleanup(func() {
				if err := s.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			})
			part.test(t, &world{Store: s, keys: store.NewKeys(1, func() time.Time { return noon })})
		})
	}
	t.Run("closing", func(t *testing.T) { testClosing(t, open) })
}

// noon is when everything happens. Times are stored to the millisecond.
var noon = time.Date(2026, time.March, 4, 12, 0, 0, 123_000_000, time.UTC)

// world is a store under test, with makers of records that differ in all they can.
type world struct {
	store.Store
	keys *store.Keys
}

// must runs fn in an Update that succeeds.
func (w *world) must(t *testing.T, fn func(store.Tx) error) {
	t.Helper()
	if err := w.Update(t.Context(), fn); err != nil {
		t.Fatalf("Update: %v", err)
	}
}

// refused runs fn in an Update and expects it to fail with want.
func (w *world) refused(t *testing.T, want error, fn func(store.Tx) error) {
	t.Helper()
	if err := w.Update(t.Context(), fn); !errors.Is(err, want) {
		t.Fatalf("Update answers %v, want %v", err, want)
	}
}

// absent runs fn in a View and expects ErrNotFound.
func (w *world) absent(t *testing.T, fn func(store.Tx) error) {
	t.Helper()
	if err := w.View(t.Context(), fn); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("View answers %v, want %v", err, store.ErrNotFound)
	}
}

// read returns what fn reads in a View.
func read[T any](t *testing.T, w *world, fn func(store.Tx) (T, error)) (got T) {
	t.Helper()
	err := w.View(t.Context(), func(tx store.Tx) (err error) {
		got, err = fn(tx)
		return err
	})
	if err != nil {
		t.Fatalf("View: %v", err)
	}
	return got
}

// expect compares what fn reads in a View.
func expect[T any](t *testing.T, w *world, want T, fn func(store.Tx) (T, error)) {
	t.Helper()
	if diff := cmp.Diff(want, read(t, w, fn)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// ignore makes a reading that is only expected to fail.
func ignore[T any](_ T, err error) error { return err }

// after returns a time that no other record has.
func after(k store.Key) time.Time { return noon.Add(time.Duration(k%100_000) * time.Millisecond) }

func (w *world) newInstance() store.AppInstance {
	k := w.keys.Next()
	return store.AppInstance{
		Key:      k,
		Account:  fmt.Sprintf("%012d", k%1_000_000_000_000),
		ID:       fmt.Sprintf("instance-%d", k),
		Name:     fmt.Sprintf("Instance %d", k),
		Metadata: fmt.Sprintf("metadata of %d", k),
		Created:  after(k),
		Updated:  after(k + 1),
	}
}

func (w *world) instance(t *testing.T) store.AppInstance {
	t.Helper()
	a := w.newInstance()
	w.must(t, func(tx store.Tx) error { return tx.CreateAppInstance(a) })
	return a
}

func (w *world) newIdentity(instance store.Key, kind arn.Kind) store.Identity {
	k := w.keys.Next()
	i := store.Identity{
		Key:      k,
		Instance: instance,
		Kind:     kind,
		ID:       fmt.Sprintf("identity-%d", k),
		Name:     fmt.Sprintf("Name %d", k),
		Metadata: fmt.Sprintf("metadata of %d", k),
		Created:  after(k),
		Updated:  after(k + 1),
	}
	if kind == arn.User {
		i.Expiration = store.Expiration{Days: int(k%5000) + 1, Criterion: "CREATED_TIMESTAMP"}
	}
	return i
}

// identities makes n of one kind, the later ones with greater keys.
func (w *world) identities(t *testing.T, instance store.Key, kind arn.Kind, n int) []store.Identity {
	t.Helper()
	made := make([]store.Identity, n)
	w.must(t, func(tx store.Tx) error {
		for i := range made {
			made[i] = w.newIdentity(instance, kind)
			if err := tx.CreateIdentity(made[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return made
}

func (w *world) user(t *testing.T, instance store.Key) store.Identity {
	t.Helper()
	return w.identities(t, instance, arn.User, 1)[0]
}

func (w *world) newChannel(instance, creator store.Key) store.Channel {
	k := w.keys.Next()
	return store.Channel{
		Key:          k,
		Instance:     instance,
		ID:           fmt.Sprintf("channel-%d", k),
		Name:         fmt.Sprintf("Channel %d", k),
		Metadata:     fmt.Sprintf("metadata of %d", k),
		Unrestricted: k%2 == 0,
		CreatedBy:    creator,
		Created:      after(k),
		Updated:      after(k + 1),
		LastMessage:  after(k + 2),
		Expiration:   store.Expiration{Days: int(k%5000) + 1, Criterion: "LAST_MESSAGE_TIMESTAMP"},
		Elastic:      store.Elastic{MaximumSubChannels: 2, TargetMembershipsPerSubChannel: 3, MinimumMembershipPercentage: 4},
		Sequence:     int64(k % 1000),
		Members:      int64(k % 100),
	}
}

func (w *world) channel(t *testing.T, instance, creator store.Key) store.Channel {
	t.Helper()
	c := w.newChannel(instance, creator)
	w.must(t, func(tx store.Tx) error { return tx.CreateChannel(c) })
	return c
}

func (w *world) newMembership(channel, member, inviter store.Key, hidden bool) store.ChannelMembership {
	k := w.keys.Next()
	return store.ChannelMembership{Key: k, Channel: channel, Member: member, Hidden: hidden, InvitedBy: inviter, Created: after(k)}
}

func (w *world) membership(t *testing.T, channel, member, inviter store.Key, hidden bool) store.ChannelMembership {
	t.Helper()
	m := w.newMembership(channel, member, inviter, hidden)
	w.must(t, func(tx store.Tx) error {
		return tx.CreateChannelMemberships(channel, []store.ChannelMembership{m})
	})
	return m
}

func (w *world) newModerator(channel, moderator, creator store.Key) store.ChannelModerator {
	k := w.keys.Next()
	return store.ChannelModerator{Key: k, Channel: channel, Moderator: moderator, CreatedBy: creator, Created: after(k)}
}

func (w *world) moderator(t *testing.T, channel, moderator, creator store.Key) store.ChannelModerator {
	t.Helper()
	m := w.newModerator(channel, moderator, creator)
	w.must(t, func(tx store.Tx) error {
		return tx.CreateChannelModerators(channel, []store.ChannelModerator{m})
	})
	return m
}

func (w *world) ban(t *testing.T, channel, member, creator store.Key) store.ChannelBan {
	t.Helper()
	k := w.keys.Next()
	b := store.ChannelBan{Key: k, Channel: channel, Member: member, CreatedBy: creator, Created: after(k)}
	w.must(t, func(tx store.Tx) error { return tx.CreateChannelBan(b) })
	return b
}

func (w *world) admin(t *testing.T, instance, identity store.Key) store.AppInstanceAdmin {
	t.Helper()
	k := w.keys.Next()
	a := store.AppInstanceAdmin{Key: k, Instance: instance, Identity: identity, Created: after(k)}
	w.must(t, func(tx store.Tx) error { return tx.CreateAppInstanceAdmin(a) })
	return a
}

func refOf(i store.Identity) store.IdentityRef { return store.IdentityRef{Kind: i.Kind, ID: i.ID} }
