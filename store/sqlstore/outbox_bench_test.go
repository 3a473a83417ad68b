package sqlstore

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"carillon/store"
)

const benchStream = "arn:aws:kinesis:us-east-1:123456789012:stream/chime-messaging-town"

func (t *town) delivery(channel store.Key, sequence int64, next time.Time) store.Delivery {
	return store.Delivery{
		Key: t.keys.Next(), Lane: store.LaneOf(channel, benchStream), Sequence: sequence, Instance: t.instance.Key,
		Kind: store.StreamDelivery, Destination: benchStream, Payload: strings.Repeat("x", 800), Created: next, Next: next,
	}
}

// BenchmarkPutDeliveries is what a streamed event costs its transaction.
func BenchmarkPutDeliveries(b *testing.B) {
	t := newTown(b, 1)
	c := t.channel(b, nil)
	for _, streamed := range []bool{false, true} {
		b.Run(fmt.Sprintf("streamed=%v", streamed), func(b *testing.B) {
			callers(b, 64, func() error {
				return t.Update(context.Background(), func(tx store.Tx) error {
					sequence, err := tx.AdvanceChannel(c.Key, 1, 0)
					if err != nil || !streamed {
						return err
					}
					return tx.PutDeliveries([]store.Delivery{t.delivery(c.Key, sequence, time.Now())})
				})
			})
		})
	}
}

// BenchmarkListLanes looks into an outbox that has not been emptied for a while.
func BenchmarkListLanes(b *testing.B) {
	for _, size := range []struct{ lanes, each int }{{0, 0}, {100, 1}, {100, 1000}} {
		b.Run(fmt.Sprintf("lanes=%d/each=%d", size.lanes, size.each), func(b *testing.B) {
			t := newTown(b, 1)
			for range size.lanes {
				channel := t.keys.Next()
				var list []store.Delivery
				for n := range size.each {
					list = append(list, t.delivery(channel, int64(n), time.Now()))
				}
				t.update(b, func(tx store.Tx) error { return tx.PutDeliveries(list) })
			}
			for b.Loop() {
				err := t.View(context.Background(), func(tx store.Tx) error {
					heads, err := tx.ListLanes(0, 100)
					if err == nil && len(heads) != size.lanes {
						err = fmt.Errorf("%d lanes are listed", len(heads))
					}
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
