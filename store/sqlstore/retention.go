package sqlstore

import (
	"time"

	"carillon/store"
)

// day is the unit of retention and of expiration, in milliseconds.
const day = `86400000`

func retentionColumns(alias string) string { return columns(alias, "retention_days retention_deletes") }

func scanRetention(r *row) store.Retention {
	return store.Retention{Days: r.int(), Deletes: r.instant()}
}

var (
	setRetention = sql(`UPDATE app_instance SET retention_days = $1, retention_deletes = $2 WHERE key = $3 AND deleted = 0`)
	listOverdue  = sql(`SELECT c.key, $1 - a.retention_days * ` + day + ` FROM app_instance a
		JOIN channel c ON c.instance = a.key AND c.deleted = 0 AND c.oldest < $1 - a.retention_days * ` + day + `
		WHERE a.retention_deletes <= $1 AND a.retention_days > 0 AND a.deleted = 0 LIMIT $2`)
	listOldest   = sql(`SELECT g.sequence, g.created FROM channel_message g WHERE g.stream = $1 ORDER BY g.sequence LIMIT $2`)
	deleteOldest = sql(`DELETE FROM channel_message WHERE stream = $1 AND sequence <= $2`).ofChannel(1)
	setOldest    = sql(`UPDATE channel SET oldest = $1 WHERE key = $2`)
)

// SetRetention implements store.Retentions.
func (t *tx) SetRetention(instance store.Key, r store.Retention) error {
	return t.change(setRetention, integer(int64(r.Days)), instant(r.Deletes), key(instance))
}

// ListOverdue implements store.Retentions.
func (t *tx) ListOverdue(at time.Time, limit int) ([]store.Overdue, error) {
	return list(t, func(r *row) store.Overdue { return store.Overdue{Stream: r.key(), Before: r.instant()} }, limit, listOverdue, instant(at))
}

// DeleteOverdue implements store.Retentions. Times never run against the order of a stream, so that
// what is to go is one end of it.
func (t *tx) DeleteOverdue(o store.Overdue, at time.Time, limit int) (int, error) {
	var last int64
	var found, removed int
	remaining := at
	err := t.query(listOldest, func(_ int, r *row) {
		sequence, created := r.integer(), r.instant()
		if found++; found <= limit && created.Before(o.Before) {
			last = sequence
			removed++
		} else if found == removed+1 {
			remaining = created
		}
	}, key(o.Stream), upTo(limit+1))
	if err != nil {
		return 0, err
	}
	if removed > 0 {
		if removed, err = t.exec(deleteOldest, key(o.Stream), integer(last)); err != nil {
			return 0, err
		}
	}
	return removed, t.change(setOldest, instant(remaining), key(o.Stream))
}
