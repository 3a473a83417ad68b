package storetest

import (
	"time"

	"carillon/store"
)

func (t *failingTx) BotConfiguration(bot store.Key) (string, error) {
	return answer(t, func() (string, error) { return t.Tx.BotConfiguration(bot) })
}

func (t *failingTx) SetBotConfiguration(bot store.Key, configuration string) error {
	return t.call(func() error { return t.Tx.SetBotConfiguration(bot, configuration) })
}

func (t *failingTx) CreateAppInstanceUserEndpoint(e store.AppInstanceUserEndpoint) error {
	return t.call(func() error { return t.Tx.CreateAppInstanceUserEndpoint(e) })
}

func (t *failingTx) AppInstanceUserEndpoint(user store.Key, id string) (store.AppInstanceUserEndpoint, error) {
	return answer(t, func() (store.AppInstanceUserEndpoint, error) { return t.Tx.AppInstanceUserEndpoint(user, id) })
}

func (t *failingTx) EndpointOfDevice(user store.Key, device [16]byte) (store.AppInstanceUserEndpoint, error) {
	return answer(t, func() (store.AppInstanceUserEndpoint, error) { return t.Tx.EndpointOfDevice(user, device) })
}

func (t *failingTx) UpdateAppInstanceUserEndpoint(e store.AppInstanceUserEndpoint) error {
	return t.call(func() error { return t.Tx.UpdateAppInstanceUserEndpoint(e) })
}

func (t *failingTx) DeleteAppInstanceUserEndpoint(user store.Key, id string) error {
	return t.call(func() error { return t.Tx.DeleteAppInstanceUserEndpoint(user, id) })
}

func (t *failingTx) ListAppInstanceUserEndpoints(user, after store.Key, limit int) ([]store.AppInstanceUserEndpoint, error) {
	return answer(t, func() ([]store.AppInstanceUserEndpoint, error) {
		return t.Tx.ListAppInstanceUserEndpoints(user, after, limit)
	})
}

func (t *failingTx) CountAppInstanceUserEndpoints(user store.Key, limit int) (int, error) {
	return answer(t, func() (int, error) { return t.Tx.CountAppInstanceUserEndpoints(user, limit) })
}

func (t *failingTx) ListExpiringIdentities(at time.Time, limit int) ([]store.NamedIdentity, error) {
	return answer(t, func() ([]store.NamedIdentity, error) { return t.Tx.ListExpiringIdentities(at, limit) })
}

func (t *failingTx) ListExpiringChannels(at time.Time, limit int) ([]store.ChannelRef, error) {
	return answer(t, func() ([]store.ChannelRef, error) { return t.Tx.ListExpiringChannels(at, limit) })
}

func (t *failingTx) PostponeExpiration(channel store.Key, until time.Time) error {
	return t.call(func() error { return t.Tx.PostponeExpiration(channel, until) })
}

func (t *failingTx) SetRetention(instance store.Key, r store.Retention) error {
	return t.call(func() error { return t.Tx.SetRetention(instance, r) })
}

func (t *failingTx) ListOverdue(at time.Time, limit int) ([]store.Overdue, error) {
	return answer(t, func() ([]store.Overdue, error) { return t.Tx.ListOverdue(at, limit) })
}

func (t *failingTx) DeleteOverdue(o store.Overdue, at time.Time, limit int) (int, error) {
	return answer(t, func() (int, error) { return t.Tx.DeleteOverdue(o, at, limit) })
}

func (t *failingTx) ListCleanups(kind store.CleanupKind, at time.Time, limit int) ([]store.Key, error) {
	return answer(t, func() ([]store.Key, error) { return t.Tx.ListCleanups(kind, at, limit) })
}

func (t *failingTx) PostponeCleanup(kind store.CleanupKind, key store.Key, until time.Time) error {
	return t.call(func() error { return t.Tx.PostponeCleanup(kind, key, until) })
}

func (t *failingTx) CleanUp(kind store.CleanupKind, deleted store.Key, limit int) (int, error) {
	return answer(t, func() (int, error) { return t.Tx.CleanUp(kind, deleted, limit) })
}

func (t *failingTx) ListLeavings(member store.Key, limit int) ([]store.Leaving, error) {
	return answer(t, func() ([]store.Leaving, error) { return t.Tx.ListLeavings(member, limit) })
}

func (t *failingTx) EndLeaving(l store.Leaving) error {
	return t.call(func() error { return t.Tx.EndLeaving(l) })
}

func (t *failingTx) Lease(name string) (store.Lease, error) {
	return answer(t, func() (store.Lease, error) { return t.Tx.Lease(name) })
}

func (t *failingTx) PutLease(l store.Lease) error {
	return t.call(func() error { return t.Tx.PutLease(l) })
}
