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

// BenchmarkListDueLanes looks for due lanes when a destination has been away: all its lanes wait for
// their first delivery, and what is behind that does not count.
func BenchmarkListDueLanes(b *testing.B) {
	for _, size := range []struct{ lanes, behind int }{{10, 10}, {10, 1000}, {1000, 10}} {
		b.Run(fmt.Sprintf("lanes=%d/each=%d", size.lanes, size.behind), func(b *testing.B) {
			t := newTown(b, 1)
			now := time.Now()
			for range size.lanes {
				channel := t.keys.Next()
				list := []store.Delivery{t.delivery(channel, 0, now.Add(time.Hour))}
				for n := range size.behind {
					list = append(list, t.delivery(channel, int64(n+1), now))
				}
				t.update(b, func(tx store.Tx) error { return tx.PutDeliveries(list) })
			}
			for b.Loop() {
				err := t.View(context.Background(), func(tx store.Tx) error {
					due, err := tx.ListDueLanes(now, 0, 100)
					if err == nil && len(due) != 0 {
						err = fmt.Errorf("%d lanes are due", len(due))
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
