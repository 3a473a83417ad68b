package sqlstore

import "carillon/store"

// instanceLives is true when the app instance of that key is not deleted.
func instanceLives(key string) string {
	return `EXISTS (SELECT 1 FROM app_instance live WHERE live.key = ` + key + ` AND live.deleted = 0)`
}

var appInstanceColumns = columns("a", "key account id name metadata created updated") + `, ` + streamingColumns("a") + `, ` + retentionColumns("a")

func scanAppInstance(r *row) store.AppInstance {
	return store.AppInstance{
		Key:      r.key(),
		Account:  r.text(),
		ID:       r.text(),
		Name:     r.text(),
		Metadata: r.text(),
		Created:  r.instant(),
		Updated:  r.instant(),

		Streaming: scanStreaming(r),
		Retention: scanRetention(r),
	}
}

var (
	insertAppInstance = sql(`INSERT INTO app_instance (key, account, id, name, metadata, created, updated, deleted)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 0) ON CONFLICT DO NOTHING`).ofNew()
	selectAppInstance = sql(`SELECT ` + appInstanceColumns + ` FROM app_instance a
		WHERE a.id = $1 AND a.account = $2 AND a.deleted = 0`)
	updateAppInstance = sql(`UPDATE app_instance SET name = $1, metadata = $2, updated = $3
		WHERE key = $4 AND deleted = 0`)
	deleteAppInstance = sql(`UPDATE app_instance SET deleted = 1 WHERE key = $1 AND deleted = 0`)
	listAppInstances  = sql(`SELECT ` + appInstanceColumns + ` FROM app_instance a
		WHERE a.account = $1 AND a.key > $2 AND a.deleted = 0
		ORDER BY a.key LIMIT $3`)
	countAppInstances = sql(`SELECT count(*) FROM (SELECT 1 FROM app_instance
		WHERE account = $1 AND deleted = 0 LIMIT $2) counted`)
)

// CreateAppInstance implements store.AppInstances.
func (t *tx) CreateAppInstance(a store.AppInstance) error {
	return t.create(insertAppInstance, key(a.Key), text(a.Account), text(a.ID), text(a.Name), text(a.Metadata),
		instant(a.Created), instant(a.Updated))
}

// AppInstance implements store.AppInstances.
func (t *tx) AppInstance(account, id string) (store.AppInstance, error) {
	return one(t, scanAppInstance, selectAppInstance, text(id), text(account))
}

// UpdateAppInstance implements store.AppInstances.
func (t *tx) UpdateAppInstance(a store.AppInstance) error {
	return t.change(updateAppInstance, text(a.Name), text(a.Metadata), instant(a.Updated), key(a.Key))
}

// DeleteAppInstance implements store.AppInstances.
func (t *tx) DeleteAppInstance(instance store.Key) error {
	if err := t.change(deleteAppInstance, key(instance)); err != nil {
		return err
	}
	return t.leaveCleanup(store.AppInstanceCleanup, instance)
}

// ListAppInstances implements store.AppInstances.
func (t *tx) ListAppInstances(account string, after store.Key, limit int) ([]store.AppInstance, error) {
	return list(t, scanAppInstance, limit, listAppInstances, text(account), key(after))
}

// CountAppInstances implements store.AppInstances.
func (t *tx) CountAppInstances(account string, limit int) (int, error) {
	return count(t, limit, countAppInstances, text(account))
}
