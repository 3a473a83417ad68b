package sqlstore

import (
	"time"

	"carillon/store"
)

func scanRequestToken(r *row) store.RequestToken {
	t := store.RequestToken{Scope: r.text(), Operation: r.text(), Token: r.text()}
	copy(t.Fingerprint[:], r.blob())
	t.Result = r.text()
	t.Expires = r.instant()
	return t
}

var (
	selectRequestToken = sql(`SELECT scope, operation, token, fingerprint, result, expires FROM request_token
		WHERE scope = $1 AND operation = $2 AND token = $3 AND expires > $4`)
	putRequestToken = sql(`INSERT INTO request_token (scope, operation, token, fingerprint, result, expires)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (scope, operation, token) DO UPDATE
		SET fingerprint = excluded.fingerprint, result = excluded.result, expires = excluded.expires`)
	deleteRequestTokens = sql(`DELETE FROM request_token WHERE (scope, operation, token) IN
		(SELECT scope, operation, token FROM request_token WHERE expires <= $1 ORDER BY expires LIMIT $2)`)
)

// RequestToken implements store.RequestTokens.
func (t *tx) RequestToken(scope, operation, token string, now time.Time) (store.RequestToken, error) {
	return one(t, scanRequestToken, selectRequestToken, text(scope), text(operation), text(token), instant(now))
}

// PutRequestToken implements store.RequestTokens. It does not ask whether the one of the same name
// has expired: the caller has, in the same transaction.
func (t *tx) PutRequestToken(r store.RequestToken) error {
	return t.change(putRequestToken, text(r.Scope), text(r.Operation), text(r.Token),
		blob(r.Fingerprint[:]), text(r.Result), instant(r.Expires))
}

// DeleteRequestTokens implements store.RequestTokens.
func (t *tx) DeleteRequestTokens(now time.Time, limit int) (int, error) {
	return t.exec(deleteRequestTokens, instant(now), upTo(limit))
}
