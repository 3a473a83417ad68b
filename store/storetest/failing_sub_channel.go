package storetest

import (
	"time"

	"carillon/store"
)

func (t *failingTx) CountElasticChannels(instance store.Key, limit int) (int, error) {
	return answer(t, func() (int, error) { return t.Tx.CountElasticChannels(instance, limit) })
}

func (t *failingTx) CreateSubChannel(b store.SubChannel) error {
	return t.call(func() error { return t.Tx.CreateSubChannel(b) })
}

func (t *failingTx) SubChannel(channel store.Key, id string) (store.SubChannel, error) {
	return answer(t, func() (store.SubChannel, error) { return t.Tx.SubChannel(channel, id) })
}

func (t *failingTx) EmptiestSubChannel(channel, except store.Key) (store.SubChannel, error) {
	return answer(t, func() (store.SubChannel, error) { return t.Tx.EmptiestSubChannel(channel, except) })
}

func (t *failingTx) FullestSubChannel(channel, except store.Key) (store.SubChannel, error) {
	return answer(t, func() (store.SubChannel, error) { return t.Tx.FullestSubChannel(channel, except) })
}

func (t *failingTx) ListSubChannels(channel, after store.Key, limit int) ([]store.SubChannel, error) {
	return answer(t, func() ([]store.SubChannel, error) { return t.Tx.ListSubChannels(channel, after, limit) })
}

func (t *failingTx) Seats(channel store.Key, members []store.Key) ([][]store.Seat, error) {
	return answer(t, func() ([][]store.Seat, error) { return t.Tx.Seats(channel, members) })
}

func (t *failingTx) AddSeats(channel, subChannel store.Key, members []store.Key) error {
	return t.call(func() error { return t.Tx.AddSeats(channel, subChannel, members) })
}

func (t *failingTx) RemoveSeat(channel, subChannel, member store.Key) error {
	return t.call(func() error { return t.Tx.RemoveSeat(channel, subChannel, member) })
}

func (t *failingTx) MoveSeat(channel, from, to, member store.Key) error {
	return t.call(func() error { return t.Tx.MoveSeat(channel, from, to, member) })
}

func (t *failingTx) ListSeats(channel, subChannel store.Key, limit int) ([]store.ListedMember, error) {
	return answer(t, func() ([]store.ListedMember, error) { return t.Tx.ListSeats(channel, subChannel, limit) })
}

func (t *failingTx) DrainSubChannel(b store.SubChannel) error {
	return t.call(func() error { return t.Tx.DrainSubChannel(b) })
}

func (t *failingTx) DrainingSubChannel() (store.SubChannel, error) {
	return answer(t, func() (store.SubChannel, error) { return t.Tx.DrainingSubChannel() })
}

func (t *failingTx) ChannelOf(b store.SubChannel) (store.ChannelRef, error) {
	return answer(t, func() (store.ChannelRef, error) { return t.Tx.ChannelOf(b) })
}

func (t *failingTx) TouchChannel(channel store.Key, at time.Time) error {
	return t.call(func() error { return t.Tx.TouchChannel(channel, at) })
}
