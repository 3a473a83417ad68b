package sqlstore

import "carillon/store"

var appInstanceAdminColumns = columns("ad", "key instance identity created")

func scanAppInstanceAdmin(r *row) store.AppInstanceAdmin {
	return store.AppInstanceAdmin{Key: r.key(), Instance: r.key(), Identity: r.key(), Created: r.instant()}
}

func scanListedAdmin(r *row) store.ListedAdmin {
	return store.ListedAdmin{AppInstanceAdmin: scanAppInstanceAdmin(r), Who: scanIdentity(r)}
}

var (
	insertAppInstanceAdmin = sql(`INSERT INTO app_instance_admin (key, instance, identity, created)
		VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`)
	selectAppInstanceAdmin = sql(`SELECT ` + appInstanceAdminColumns + ` FROM app_instance_admin ad
		JOIN identity who ON who.key = ad.identity AND who.deleted = 0
		WHERE ad.instance = $1 AND ad.identity = $2 AND ` + instanceLives("$1"))
	deleteAppInstanceAdmin = sql(`DELETE FROM app_instance_admin
		WHERE instance = $1 AND identity = $2 AND ` + identityLives("$2"))
	listAppInstanceAdmins = sql(`SELECT ` + appInstanceAdminColumns + `, ` + identityColumns("who") + `
		FROM app_instance_admin ad
		JOIN identity who ON who.key = ad.identity AND who.deleted = 0
		WHERE ad.instance = $1 AND ad.key > $2 AND ` + instanceLives("$1") + `
		ORDER BY ad.key LIMIT $3`)
	countAppInstanceAdmins = sql(`SELECT count(*) FROM (SELECT 1 FROM app_instance_admin ad
		JOIN identity who ON who.key = ad.identity AND who.deleted = 0
		WHERE ad.instance = $1 AND ` + instanceLives("$1") + ` LIMIT $2) counted`)
)

// CreateAppInstanceAdmin implements store.AppInstanceAdmins.
func (t *tx) CreateAppInstanceAdmin(a store.AppInstanceAdmin) error {
	return t.create(insertAppInstanceAdmin, key(a.Key), key(a.Instance), key(a.Identity), instant(a.Created))
}

// AppInstanceAdmin implements store.AppInstanceAdmins.
func (t *tx) AppInstanceAdmin(instance, identity store.Key) (store.AppInstanceAdmin, error) {
	return one(t, scanAppInstanceAdmin, selectAppInstanceAdmin, key(instance), key(identity))
}

// DeleteAppInstanceAdmin implements store.AppInstanceAdmins.
func (t *tx) DeleteAppInstanceAdmin(instance, identity store.Key) error {
	return t.change(deleteAppInstanceAdmin, key(instance), key(identity))
}

// ListAppInstanceAdmins implements store.AppInstanceAdmins.
func (t *tx) ListAppInstanceAdmins(instance, after store.Key, limit int) ([]store.ListedAdmin, error) {
	return list(t, scanListedAdmin, limit, listAppInstanceAdmins, key(instance), key(after))
}

// CountAppInstanceAdmins implements store.AppInstanceAdmins.
func (t *tx) CountAppInstanceAdmins(instance store.Key, limit int) (int, error) {
	return count(t, limit, countAppInstanceAdmins, key(instance))
}
