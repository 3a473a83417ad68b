package sqlstore

import (
	"encoding/json"
	"strings"

	"carillon/store"
)

var keyOwnerColumns = columns("o", "key created account name path tags")

func scanKeyOwner(r *row) store.KeyOwner {
	o := store.KeyOwner{Key: r.key(), Created: r.instant(), Account: r.text(), Name: r.text(), Path: r.text()}
	o.Tags = unfold[store.Tag](r.text())
	return o
}

var (
	insertKeyOwner = sql(`INSERT INTO key_owner (key, created, account, name, folded, path, tags)
		VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`)
	selectKeyOwner   = sql(`SELECT ` + keyOwnerColumns + ` FROM key_owner o WHERE o.folded = $1 AND o.account = $2`)
	selectKeyOwnerOf = sql(`SELECT ` + keyOwnerColumns + ` FROM key_owner o WHERE o.key = $1`)
	deleteKeyOwner   = sql(`DELETE FROM key_owner WHERE key = $1`)
	listKeyOwners    = sql(`SELECT ` + keyOwnerColumns + ` FROM key_owner o WHERE o.account = $1 AND o.key > $2 ORDER BY o.key LIMIT $3`)
	countKeyOwners   = sql(`SELECT count(*) FROM (SELECT 1 FROM key_owner o WHERE o.account = $1 LIMIT $2) counted`)
)

// fold makes one name of those that differ in case only.
func fold(name string) value { return text(strings.ToLower(name)) }

// folded writes a list that is read and written as a whole; unfold undoes it. An empty one is the empty
// text.
func folded[T any](list []T) value {
	if len(list) == 0 {
		return text("")
	}
	encoded, err := json.Marshal(list)
	if err != nil {
		panic("sqlstore: " + err.Error()) // texts and pairs of texts have a JSON text
	}
	return text(string(encoded))
}

func unfold[T any](encoded string) (list []T) {
	if encoded == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(encoded), &list); err != nil {
		return nil // folded wrote it
	}
	return list
}

// CreateKeyOwner implements store.KeyOwners.
func (t *tx) CreateKeyOwner(o store.KeyOwner) error {
	return t.create(insertKeyOwner, key(o.Key), instant(o.Created), text(o.Account), text(o.Name), fold(o.Name), text(o.Path), folded(o.Tags))
}

// KeyOwner implements store.KeyOwners.
func (t *tx) KeyOwner(account, name string) (store.KeyOwner, error) {
	return one(t, scanKeyOwner, selectKeyOwner, fold(name), text(account))
}

// KeyOwnerOf implements store.KeyOwners.
func (t *tx) KeyOwnerOf(owner store.Key) (store.KeyOwner, error) {
	return one(t, scanKeyOwner, selectKeyOwnerOf, key(owner))
}

// DeleteKeyOwner implements store.KeyOwners.
func (t *tx) DeleteKeyOwner(owner store.Key) error { return t.change(deleteKeyOwner, key(owner)) }

// ListKeyOwners implements store.KeyOwners.
func (t *tx) ListKeyOwners(account string, after store.Key, limit int) ([]store.KeyOwner, error) {
	return list(t, scanKeyOwner, limit, listKeyOwners, text(account), key(after))
}

// CountKeyOwners implements store.KeyOwners.
func (t *tx) CountKeyOwners(account string, limit int) (int, error) {
	return count(t, limit, countKeyOwners, text(account))
}
