package store

import (
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// Delivery is a call to the outside that is still to be made. It is written in the transaction that
// causes it, and removed once the call has succeeded: it is made at least once.
type Delivery struct {
	Key Key
	// Lane is what the delivery waits in. The deliveries of one lane are made one after the other, by
	// Sequence and then by Key; the first one holds up those behind it.
	Lane     Lane
	Sequence int64
	Instance Key
	Kind     DeliveryKind
	// Destination is the ARN of what is called.
	Destination string
	// Payload is JSON.
	Payload string
	Created time.Time
	// Attempts is how often the call was begun, and Next when it may be the next time.
	Attempts int
	Next     time.Time
}

// DeliveryKind says what is to be done with a delivery.
type DeliveryKind uint8

// The kinds of delivery.
const (
	// FlowDelivery asks a processor of a channel flow about a message.
	FlowDelivery DeliveryKind = iota + 1
	// StreamDelivery appends an event to a stream.
	StreamDelivery
)

// Lane is the way of deliveries from one channel to one destination. It is a digest, so that a row
// finds its lane without looking; two ways that happen to share one wait for each other, and that
// cannot be brought about on purpose. It is positive.
type Lane int64

// LaneOf is the lane of a channel and a destination.
func LaneOf(channel Key, destination string) Lane {
	sum := sha256.Sum256(append(binary.BigEndian.AppendUint64(nil, uint64(channel)), destination...))
	return Lane(binary.BigEndian.Uint64(sum[:])>>1 | 1)
}

// DeadDelivery is a delivery that was given up.
type DeadDelivery struct {
	Delivery
	Died   time.Time
	Reason string
}

// OutboxState is how the outbox is doing.
type OutboxState struct {
	Waiting, Dead int
	// Oldest is when the delivery that has waited longest was made; zero when none waits.
	Oldest time.Time
}

// Outbox has the deliveries of every app instance. Whoever makes them takes a lane in an Update, by
// postponing its first delivery for as long as that may take, makes the deliveries of the lane in
// their order, deletes what succeeded, and postpones what did not.
type Outbox interface {
	PutDeliveries([]Delivery) error
	// ListLanes lists the first delivery of every lane, due or not, by Lane, from after a lane on.
	// What is behind it costs nothing.
	ListLanes(after Lane, limit int) ([]Delivery, error)
	// ListDeliveries lists a lane from its beginning.
	ListDeliveries(lane Lane, limit int) ([]Delivery, error)
	// PostponeDelivery changes Attempts and Next. It answers ErrNotFound when the delivery is gone.
	PostponeDelivery(Delivery) error
	// DeleteDelivery answers ErrNotFound when the delivery is gone.
	DeleteDelivery(Delivery) error

	// BuryDelivery moves a delivery to the dead. It answers ErrNotFound when it is gone.
	BuryDelivery(DeadDelivery) error
	ListDeadDeliveries(after Key, limit int) ([]DeadDelivery, error)
	// ReviveDelivery puts a dead delivery back into its lane, at its old place, due at a time and
	// without attempts. It answers ErrNotFound when there is none.
	ReviveDelivery(dead Key, at time.Time) error
	// DeleteDeadDelivery answers ErrNotFound when there is none.
	DeleteDeadDelivery(Key) error

	// OutboxState counts up to limit of each.
	OutboxState(limit int) (OutboxState, error)
}
