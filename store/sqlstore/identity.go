package sqlstore

import (
	"carillon/arn"
	"carillon/store"
)

// The numbers of kinds in the database.
const (
	userKind = 1
	botKind  = 2
)

func kindValue(k arn.Kind) value {
	if k == arn.Bot {
		return integer(botKind)
	}
	return integer(userKind)
}

func (r *row) kind() arn.Kind {
	switch r.integer() {
	case userKind:
		return arn.User
	case botKind:
		return arn.Bot
	}
	return 0 // there is no identity in this row
}

func (r *row) expiration() store.Expiration {
	return store.Expiration{Days: r.int(), Criterion: r.text()}
}

// identityLives is true when neither the identity of that key nor its app instance is deleted.
func identityLives(key string) string {
	return `EXISTS (SELECT 1 FROM identity live JOIN app_instance above ON above.key = live.instance AND above.deleted = 0
		WHERE live.key = ` + key + ` AND live.deleted = 0)`
}

func identityColumns(alias string) string {
	return columns(alias, "key instance kind id name metadata created updated expiration_days expiration_criterion")
}

func scanIdentity(r *row) store.Identity {
	return store.Identity{
		Key:        r.key(),
		Instance:   r.key(),
		Kind:       r.kind(),
		ID:         r.text(),
		Name:       r.text(),
		Metadata:   r.text(),
		Created:    r.instant(),
		Updated:    r.instant(),
		Expiration: r.expiration(),
	}
}

var (
	insertIdentity = sql(`INSERT INTO identity (key, instance, kind, id, name, metadata, created, updated,
			expiration_days, expiration_criterion, expires, deleted)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0) ON CONFLICT DO NOTHING`).ofNew()
	selectIdentity = sql(`SELECT ` + identityColumns("i") + ` FROM identity i
		WHERE i.instance = $1 AND i.kind = $2 AND i.id = $3 AND i.deleted = 0 AND ` + instanceLives("$1"))
	selectIdentityOf = sql(`SELECT ` + identityColumns("i") + ` FROM identity i WHERE i.key = $1`)
	updateIdentity   = sql(`UPDATE identity SET name = $1, metadata = $2, expiration_days = $3, expiration_criterion = $4, updated = $5, ` + expiresAgain("$3") + `
		WHERE key = $6 AND ` + identityLives("$6"))
	deleteIdentity = sql(`UPDATE identity SET deleted = 1 WHERE key = $1 AND ` + identityLives("$1"))
	listIdentities = sql(`SELECT ` + identityColumns("i") + ` FROM identity i
		WHERE i.instance = $1 AND i.kind = $2 AND i.key > $3 AND i.deleted = 0 AND ` + instanceLives("$1") + `
		ORDER BY i.key LIMIT $4`)
	countIdentities = sql(`SELECT count(*) FROM (SELECT 1 FROM identity i
		WHERE i.instance = $1 AND i.kind = $2 AND i.deleted = 0 AND ` + instanceLives("$1") + ` LIMIT $3) counted`)
)

// CreateIdentity implements store.Identities.
func (t *tx) CreateIdentity(i store.Identity) error {
	return t.create(insertIdentity, key(i.Key), key(i.Instance), kindValue(i.Kind), text(i.ID), text(i.Name), text(i.Metadata),
		instant(i.Created), instant(i.Updated), integer(int64(i.Expiration.Days)), text(i.Expiration.Criterion),
		expires(i.Created, i.Expiration))
}

// Identity implements store.Identities.
func (t *tx) Identity(instance store.Key, ref store.IdentityRef) (store.Identity, error) {
	return one(t, scanIdentity, selectIdentity, key(instance), kindValue(ref.Kind), text(ref.ID))
}

// IdentitiesOf implements store.Identities.
func (t *tx) IdentitiesOf(keys []store.Key) ([]store.Identity, error) {
	found := make([]store.Identity, len(keys))
	args := make([]value, len(keys))
	for i, k := range keys {
		args[i] = key(k)
	}
	err := t.queryEach(selectIdentityOf, args, func(i int, r *row) { found[i] = scanIdentity(r) })
	return found, err
}

// UpdateIdentity implements store.Identities.
func (t *tx) UpdateIdentity(i store.Identity) error {
	return t.change(updateIdentity, text(i.Name), text(i.Metadata),
		integer(int64(i.Expiration.Days)), text(i.Expiration.Criterion), instant(i.Updated), key(i.Key))
}

// DeleteIdentity implements store.Identities.
func (t *tx) DeleteIdentity(identity store.Key) error {
	if err := t.change(deleteIdentity, key(identity)); err != nil {
		return err
	}
	return t.leaveCleanup(store.IdentityCleanup, identity)
}

// ListIdentities implements store.Identities.
func (t *tx) ListIdentities(instance store.Key, kind arn.Kind, after store.Key, limit int) ([]store.Identity, error) {
	return list(t, scanIdentity, limit, listIdentities, key(instance), kindValue(kind), key(after))
}

// CountIdentities implements store.Identities.
func (t *tx) CountIdentities(instance store.Key, kind arn.Kind, limit int) (int, error) {
	return count(t, limit, countIdentities, key(instance), kindValue(kind))
}
