package sqlstore

import (
	"time"

	"carillon/store"
)

func deliveryColumns(alias string) string {
	return columns(alias, "key lane sequence instance kind destination payload created attempts next")
}

func scanDelivery(r *row) store.Delivery {
	return store.Delivery{
		Key:         r.key(),
		Lane:        store.Lane(r.integer()),
		Sequence:    r.integer(),
		Instance:    r.key(),
		Kind:        store.DeliveryKind(r.integer()),
		Destination: r.text(),
		Payload:     r.text(),
		Created:     r.instant(),
		Attempts:    r.int(),
		Next:        r.instant(),
	}
}

func scanDeadDelivery(r *row) store.DeadDelivery {
	return store.DeadDelivery{Delivery: scanDelivery(r), Died: r.instant(), Reason: r.text()}
}

// heads selects from the first row of every lane after $1: it jumps from lane to lane along the primary
// key, whatever they hold, and comes to them in their order.
func heads(selected string) string {
	return `WITH RECURSIVE search (lane) AS (
		SELECT min(o.lane) FROM outbox o WHERE o.lane > $1
		UNION ALL
		SELECT (SELECT min(o.lane) FROM outbox o WHERE o.lane > search.lane) FROM search WHERE search.lane > 0)
	SELECT ` + selected + ` FROM search
	JOIN outbox o ON o.lane = search.lane
		AND o.sequence = (SELECT p.sequence FROM outbox p WHERE p.lane = search.lane ORDER BY p.sequence LIMIT 1)
		AND o.key = (SELECT p.key FROM outbox p WHERE p.lane = search.lane ORDER BY p.sequence, p.key LIMIT 1)`
}

var (
	insertDelivery = sql(`INSERT INTO outbox (key, lane, sequence, instance, kind, destination, payload, created, attempts, next)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`)
	listLanes      = sql(heads(deliveryColumns("o")) + ` LIMIT $2`)
	listDeliveries = sql(`SELECT ` + deliveryColumns("o") + ` FROM outbox o
		WHERE o.lane = $1 ORDER BY o.sequence, o.key LIMIT $2`)
	postponeDelivery = sql(`UPDATE outbox SET attempts = $1, next = $2 WHERE lane = $3 AND sequence = $4 AND key = $5`)
	deleteDelivery   = sql(`DELETE FROM outbox WHERE lane = $1 AND sequence = $2 AND key = $3`)

	insertDeadDelivery = sql(`INSERT INTO outbox_dead (key, lane, sequence, instance, kind, destination, payload, created, attempts, next, died, reason)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`)
	selectDeadDelivery = sql(`SELECT ` + deliveryColumns("d") + `, d.died, d.reason FROM outbox_dead d WHERE d.key = $1`)
	listDeadDeliveries = sql(`SELECT ` + deliveryColumns("d") + `, d.died, d.reason FROM outbox_dead d WHERE d.key > $1 ORDER BY d.key LIMIT $2`)
	deleteDeadDelivery = sql(`DELETE FROM outbox_dead WHERE key = $1`)

	countDeliveries     = sql(`SELECT count(*) FROM (SELECT 1 FROM outbox WHERE lane > 0 LIMIT $1) counted`)
	countDeadDeliveries = sql(`SELECT count(*) FROM (SELECT 1 FROM outbox_dead WHERE key > 0 LIMIT $1) counted`)
	oldestDelivery      = sql(heads("min(o.created)"))
)

func deliveryValues(d store.Delivery) []value {
	return []value{key(d.Key), integer(int64(d.Lane)), integer(d.Sequence), key(d.Instance), integer(int64(d.Kind)),
		text(d.Destination), text(d.Payload), instant(d.Created), integer(int64(d.Attempts)), instant(d.Next)}
}

// PutDeliveries implements store.Outbox.
func (t *tx) PutDeliveries(deliveries []store.Delivery) error {
	args := make([]value, 0, len(deliveries)*insertDelivery.params)
	for _, d := range deliveries {
		args = append(args, deliveryValues(d)...)
	}
	return t.put(insertDelivery, args...)
}

// ListLanes implements store.Outbox.
func (t *tx) ListLanes(after store.Lane, limit int) ([]store.Delivery, error) {
	return list(t, scanDelivery, limit, listLanes, integer(int64(after)))
}

// ListDeliveries implements store.Outbox.
func (t *tx) ListDeliveries(lane store.Lane, limit int) ([]store.Delivery, error) {
	return list(t, scanDelivery, limit, listDeliveries, integer(int64(lane)))
}

// PostponeDelivery implements store.Outbox.
func (t *tx) PostponeDelivery(d store.Delivery) error {
	return t.change(postponeDelivery, integer(int64(d.Attempts)), instant(d.Next), integer(int64(d.Lane)), integer(d.Sequence), key(d.Key))
}

// DeleteDelivery implements store.Outbox.
func (t *tx) DeleteDelivery(d store.Delivery) error {
	return t.change(deleteDelivery, integer(int64(d.Lane)), integer(d.Sequence), key(d.Key))
}

// BuryDelivery implements store.Outbox.
func (t *tx) BuryDelivery(d store.DeadDelivery) error {
	if err := t.DeleteDelivery(d.Delivery); err != nil {
		return err
	}
	return t.put(insertDeadDelivery, append(deliveryValues(d.Delivery), instant(d.Died), text(d.Reason))...)
}

// ListDeadDeliveries implements store.Outbox.
func (t *tx) ListDeadDeliveries(after store.Key, limit int) ([]store.DeadDelivery, error) {
	return list(t, scanDeadDelivery, limit, listDeadDeliveries, key(after))
}

// ReviveDelivery implements store.Outbox.
func (t *tx) ReviveDelivery(dead store.Key, at time.Time) error {
	d, err := one(t, scanDeadDelivery, selectDeadDelivery, key(dead))
	if err != nil {
		return err
	}
	if err := t.change(deleteDeadDelivery, key(dead)); err != nil {
		return err
	}
	d.Attempts, d.Next = 0, at
	return t.PutDeliveries([]store.Delivery{d.Delivery})
}

// DeleteDeadDelivery implements store.Outbox.
func (t *tx) DeleteDeadDelivery(dead store.Key) error {
	return t.change(deleteDeadDelivery, key(dead))
}

// OutboxState implements store.Outbox.
func (t *tx) OutboxState(limit int) (state store.OutboxState, err error) {
	if state.Waiting, err = count(t, limit, countDeliveries); err != nil {
		return store.OutboxState{}, err
	}
	if state.Dead, err = count(t, limit, countDeadDeliveries); err != nil {
		return store.OutboxState{}, err
	}
	state.Oldest, err = one(t, (*row).instant, oldestDelivery, integer(0))
	return state, err
}
