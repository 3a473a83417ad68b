package storetest

import (
	"time"

	"carillon/store"
)

func (t *failingTx) IdentitiesOf(keys []store.Key) ([]store.Identity, error) {
	return answer(t, func() ([]store.Identity, error) { return t.Tx.IdentitiesOf(keys) })
}

func (t *failingTx) PutChannelEvents(events []store.ChannelEvent) error {
	return t.call(func() error { return t.Tx.PutChannelEvents(events) })
}

func (t *failingTx) ListChannelEvents(r store.EventRange, limit int) ([]store.ChannelEvent, error) {
	return answer(t, func() ([]store.ChannelEvent, error) { return t.Tx.ListChannelEvents(r, limit) })
}

func (t *failingTx) ListEndings(member store.Key, since time.Time, limit int) ([]store.ListedEvent, error) {
	return answer(t, func() ([]store.ListedEvent, error) { return t.Tx.ListEndings(member, since, limit) })
}

func (t *failingTx) DeleteChannelEvents(before time.Time, limit int) (int, error) {
	return answer(t, func() (int, error) { return t.Tx.DeleteChannelEvents(before, limit) })
}

func (t *failingTx) ListStreamsOf(member, after store.Key, limit int) ([]store.MemberStream, error) {
	return answer(t, func() ([]store.MemberStream, error) { return t.Tx.ListStreamsOf(member, after, limit) })
}

func (t *failingTx) ViewsOf(member store.Key, memberships []store.Key) ([]store.MemberView, error) {
	return answer(t, func() ([]store.MemberView, error) { return t.Tx.ViewsOf(member, memberships) })
}

func (t *failingTx) StreamAfter(channel store.ChannelRef, subChannel string, sequence int64) (store.Incarnation, error) {
	return answer(t, func() (store.Incarnation, error) { return t.Tx.StreamAfter(channel, subChannel, sequence) })
}
