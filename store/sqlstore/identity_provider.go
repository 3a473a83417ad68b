package sqlstore

import "carillon/store"

var identityProviderColumns = columns("p", "key created account url client_ids thumbprints")

func scanIdentityProvider(r *row) store.IdentityProvider {
	p := store.IdentityProvider{Key: r.key(), Created: r.instant(), Account: r.text(), URL: r.text()}
	p.ClientIDs, p.Thumbprints = unfold[string](r.text()), unfold[string](r.text())
	return p
}

var (
	insertIdentityProvider = sql(`INSERT INTO identity_provider (key, created, account, url, client_ids, thumbprints)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`)
	selectIdentityProvider = sql(`SELECT ` + identityProviderColumns + ` FROM identity_provider p WHERE p.url = $1 AND p.account = $2`)
	updateIdentityProvider = sql(`UPDATE identity_provider SET client_ids = $1, thumbprints = $2 WHERE key = $3`)
	deleteIdentityProvider = sql(`DELETE FROM identity_provider WHERE key = $1`)
	listIdentityProviders  = sql(`SELECT ` + identityProviderColumns + ` FROM identity_provider p
		WHERE p.account = $1 AND p.key > $2 ORDER BY p.key LIMIT $3`)
)

// CreateIdentityProvider implements store.IdentityProviders.
func (t *tx) CreateIdentityProvider(p store.IdentityProvider) error {
	return t.create(insertIdentityProvider, key(p.Key), instant(p.Created), text(p.Account), text(p.URL), folded(p.ClientIDs), folded(p.Thumbprints))
}

// IdentityProvider implements store.IdentityProviders.
func (t *tx) IdentityProvider(account, url string) (store.IdentityProvider, error) {
	return one(t, scanIdentityProvider, selectIdentityProvider, text(url), text(account))
}

// UpdateIdentityProvider implements store.IdentityProviders.
func (t *tx) UpdateIdentityProvider(p store.IdentityProvider) error {
	return t.change(updateIdentityProvider, folded(p.ClientIDs), folded(p.Thumbprints), key(p.Key))
}

// DeleteIdentityProvider implements store.IdentityProviders.
func (t *tx) DeleteIdentityProvider(provider store.Key) error {
	return t.change(deleteIdentityProvider, key(provider))
}

// ListIdentityProviders implements store.IdentityProviders.
func (t *tx) ListIdentityProviders(account string, after store.Key, limit int) ([]store.IdentityProvider, error) {
	return list(t, scanIdentityProvider, limit, listIdentityProviders, text(account), key(after))
}
