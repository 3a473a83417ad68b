package sqlstore

import (
	"time"

	"carillon/store"
)

var accessKeyColumns = columns("k", "key owner created used disabled id account used_service used_region secret")

func scanAccessKey(r *row) store.AccessKey {
	return store.AccessKey{
		Key: r.key(), Owner: r.key(), Created: r.instant(), Used: r.instant(), Disabled: r.flag(),
		ID: r.text(), Account: r.text(), UsedService: r.text(), UsedRegion: r.text(), Secret: r.blob(),
	}
}

var (
	insertAccessKey = sql(`INSERT INTO access_key (key, owner, created, used, disabled, id, account, used_service, used_region, secret)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING`)
	selectAccessKey  = sql(`SELECT ` + accessKeyColumns + ` FROM access_key k WHERE k.id = $1`)
	disableAccessKey = sql(`UPDATE access_key SET disabled = $1 WHERE id = $2`)
	useAccessKey     = sql(`UPDATE access_key SET used = $1, used_service = $2, used_region = $3 WHERE id = $4 AND used < $1`)
	deleteAccessKey  = sql(`DELETE FROM access_key WHERE id = $1`)
	listAccessKeys   = sql(`SELECT ` + accessKeyColumns + ` FROM access_key k
		WHERE k.account = $1 AND k.owner = $2 AND k.key > $3 ORDER BY k.key LIMIT $4`)
)

// CreateAccessKey implements store.AccessKeys.
func (t *tx) CreateAccessKey(k store.AccessKey) error {
	return t.create(insertAccessKey, key(k.Key), key(k.Owner), instant(k.Created), instant(k.Used), flag(k.Disabled),
		text(k.ID), text(k.Account), text(k.UsedService), text(k.UsedRegion), blob(k.Secret))
}

// AccessKey implements store.AccessKeys.
func (t *tx) AccessKey(id string) (store.AccessKey, error) {
	return one(t, scanAccessKey, selectAccessKey, text(id))
}

// DisableAccessKey implements store.AccessKeys.
func (t *tx) DisableAccessKey(id string, disabled bool) error {
	return t.change(disableAccessKey, flag(disabled), text(id))
}

// UseAccessKey implements store.AccessKeys.
func (t *tx) UseAccessKey(id string, at time.Time, service, region string) error {
	return t.put(useAccessKey, instant(at), text(service), text(region), text(id))
}

// DeleteAccessKey implements store.AccessKeys.
func (t *tx) DeleteAccessKey(id string) error { return t.change(deleteAccessKey, text(id)) }

// ListAccessKeys implements store.AccessKeys.
func (t *tx) ListAccessKeys(account string, owner, after store.Key, limit int) ([]store.AccessKey, error) {
	return list(t, scanAccessKey, limit, listAccessKeys, text(account), key(owner), key(after))
}
