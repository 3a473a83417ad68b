package sqlstore

import (
	"time"

	"carillon/store"
)

// expires is the time at which something that was created then is first looked at; 0 is never.
func expires(created time.Time, e store.Expiration) value {
	if e.Days == 0 {
		return integer(0)
	}
	return instant(created.Add(time.Duration(e.Days) * 24 * time.Hour))
}

// expiresAgain is the same for a row whose days, a parameter, change.
func expiresAgain(days string) string {
	return `expires = CASE WHEN ` + days + ` = 0 THEN 0 ELSE created + ` + days + ` * ` + day + ` END`
}

var (
	listExpiringIdentities = sql(`SELECT i.key, a.account, a.id, i.kind, i.id FROM identity i
		JOIN app_instance a ON a.key = i.instance AND a.deleted = 0
		WHERE i.expires > 0 AND i.expires <= $1 AND i.deleted = 0 ORDER BY i.expires LIMIT $2`)
	listExpiringChannels = sql(`SELECT a.account, a.id, c.id FROM channel c
		JOIN app_instance a ON a.key = c.instance AND a.deleted = 0
		WHERE c.expires > 0 AND c.expires <= $1 AND c.deleted = 0 ORDER BY c.expires LIMIT $2`)
	postponeExpiration = sql(`UPDATE channel SET expires = $1 WHERE key = $2 AND ` + channelLives("$2"))
)

func scanChannelRef(r *row) store.ChannelRef {
	return store.ChannelRef{Account: r.text(), Instance: r.text(), ID: r.text()}
}

func scanNamedIdentity(r *row) store.NamedIdentity {
	return store.NamedIdentity{Key: r.key(), Account: r.text(), Instance: r.text(), IdentityRef: store.IdentityRef{Kind: r.kind(), ID: r.text()}}
}

// ListExpiringIdentities implements store.Expirations.
func (t *tx) ListExpiringIdentities(at time.Time, limit int) ([]store.NamedIdentity, error) {
	return list(t, scanNamedIdentity, limit, listExpiringIdentities, instant(at))
}

// ListExpiringChannels implements store.Expirations.
func (t *tx) ListExpiringChannels(at time.Time, limit int) ([]store.ChannelRef, error) {
	return list(t, scanChannelRef, limit, listExpiringChannels, instant(at))
}

// PostponeExpiration implements store.Expirations.
func (t *tx) PostponeExpiration(channel store.Key, until time.Time) error {
	return t.change(postponeExpiration, instant(until), key(channel))
}
