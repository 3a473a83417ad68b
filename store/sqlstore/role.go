package sqlstore

import (
	"time"

	"carillon/store"
)

var roleColumns = columns("r", "key max_session revoked_before created account name path description trust tags")

func scanRole(r *row) store.Role {
	role := store.Role{
		Key: r.key(), MaxSession: time.Duration(r.integer()) * time.Second, RevokedBefore: r.instant(), Created: r.instant(),
		Account: r.text(), Name: r.text(), Path: r.text(), Description: r.text(), Trust: r.text(),
	}
	role.Tags = unfold[store.Tag](r.text())
	return role
}

func seconds(d time.Duration) value { return integer(int64(d / time.Second)) }

var (
	insertRole = sql(`INSERT INTO role (key, max_session, revoked_before, created, account, name, folded, path, description, trust, tags)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING`)
	selectRole   = sql(`SELECT ` + roleColumns + ` FROM role r WHERE r.folded = $1 AND r.account = $2`)
	selectRoleOf = sql(`SELECT ` + roleColumns + ` FROM role r WHERE r.key = $1`)
	updateRole   = sql(`UPDATE role SET max_session = $1, revoked_before = $2, description = $3, trust = $4, tags = $5 WHERE key = $6`)
	deleteRole   = sql(`DELETE FROM role WHERE key = $1`)
	listRoles    = sql(`SELECT ` + roleColumns + ` FROM role r WHERE r.account = $1 AND r.key > $2 ORDER BY r.key LIMIT $3`)
	countRoles   = sql(`SELECT count(*) FROM (SELECT 1 FROM role r WHERE r.account = $1 LIMIT $2) counted`)
)

// CreateRole implements store.Roles.
func (t *tx) CreateRole(r store.Role) error {
	return t.create(insertRole, key(r.Key), seconds(r.MaxSession), instant(r.RevokedBefore), instant(r.Created), text(r.Account),
		text(r.Name), fold(r.Name), text(r.Path), text(r.Description), text(r.Trust), folded(r.Tags))
}

// Role implements store.Roles.
func (t *tx) Role(account, name string) (store.Role, error) {
	return one(t, scanRole, selectRole, fold(name), text(account))
}

// RoleOf implements store.Roles.
func (t *tx) RoleOf(role store.Key) (store.Role, error) {
	return one(t, scanRole, selectRoleOf, key(role))
}

// UpdateRole implements store.Roles.
func (t *tx) UpdateRole(r store.Role) error {
	return t.change(updateRole, seconds(r.MaxSession), instant(r.RevokedBefore), text(r.Description), text(r.Trust), folded(r.Tags), key(r.Key))
}

// DeleteRole implements store.Roles.
func (t *tx) DeleteRole(role store.Key) error { return t.change(deleteRole, key(role)) }

// ListRoles implements store.Roles.
func (t *tx) ListRoles(account string, after store.Key, limit int) ([]store.Role, error) {
	return list(t, scanRole, limit, listRoles, text(account), key(after))
}

// CountRoles implements store.Roles.
func (t *tx) CountRoles(account string, limit int) (int, error) {
	return count(t, limit, countRoles, text(account))
}
