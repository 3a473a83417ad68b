package sqlstore

import "carillon/store"

func scanListedBan(r *row) store.ListedBan {
	return store.ListedBan{
		ChannelBan: store.ChannelBan{Key: r.key(), Channel: r.key(), Member: r.key(), CreatedBy: r.key(), Created: r.instant()},
		Who:        scanIdentity(r),
		Creator:    scanIdentity(r),
	}
}

// listedBan selects bans with who is banned and who did it.
var listedBan = `SELECT ` + columns("ba", "key channel member created_by created") + `, ` +
	identityColumns("who") + `, ` + identityColumns("creator") + `
	FROM channel_ban ba
	JOIN identity who ON who.key = ba.member AND who.deleted = 0
	LEFT JOIN identity creator ON creator.key = ba.created_by `

var (
	insertChannelBan = sql(`INSERT INTO channel_ban (channel, member, key, created_by, created)
		VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`).ofChannel(1)
	selectChannelBan = sql(listedBan + `WHERE ba.channel = $1 AND ba.member = $2 AND ` + channelLives("$1"))
	deleteChannelBan = sql(`DELETE FROM channel_ban
		WHERE channel = $1 AND member = $2 AND ` + channelLives("$1") + ` AND ` + identityLives("$2"))
	listChannelBans = sql(listedBan + `WHERE ba.channel = $1 AND ba.key > $2 AND ` + channelLives("$1") + `
		ORDER BY ba.key LIMIT $3`)
)

// CreateChannelBan implements store.ChannelBans.
func (t *tx) CreateChannelBan(b store.ChannelBan) error {
	return t.create(insertChannelBan, key(b.Channel), key(b.Member), key(b.Key), key(b.CreatedBy), instant(b.Created))
}

// ChannelBan implements store.ChannelBans.
func (t *tx) ChannelBan(channel, member store.Key) (store.ListedBan, error) {
	return one(t, scanListedBan, selectChannelBan, key(channel), key(member))
}

// DeleteChannelBan implements store.ChannelBans.
func (t *tx) DeleteChannelBan(channel, member store.Key) error {
	return t.change(deleteChannelBan, key(channel), key(member))
}

// ListChannelBans implements store.ChannelBans.
func (t *tx) ListChannelBans(channel, after store.Key, limit int) ([]store.ListedBan, error) {
	return list(t, scanListedBan, limit, listChannelBans, key(channel), key(after))
}
