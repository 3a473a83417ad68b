package sqlstore

import "carillon/store"

func scanChannelModerator(r *row) store.ChannelModerator {
	return store.ChannelModerator{Key: r.key(), Channel: r.key(), Moderator: r.key(), CreatedBy: r.key(), Created: r.instant()}
}

func scanListedModerator(r *row) store.ListedModerator {
	return store.ListedModerator{ChannelModerator: scanChannelModerator(r), Who: scanIdentity(r), Creator: scanIdentity(r)}
}

func scanModeratedChannel(r *row) store.ModeratedChannel {
	return store.ModeratedChannel{Role: r.key(), In: scanChannel(r)}
}

// listedModerator selects moderators with who they are and who made them so.
var listedModerator = `SELECT ` + columns("mo", "key channel moderator created_by created") + `, ` +
	identityColumns("who") + `, ` + identityColumns("creator") + `
	FROM channel_moderator mo
	JOIN identity who ON who.key = mo.moderator AND who.deleted = 0
	LEFT JOIN identity creator ON creator.key = mo.created_by `

var (
	insertChannelModerator = sql(`INSERT INTO channel_moderator (channel, moderator, key, created_by, created)
		VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`).ofChannel(1)
	insertModeratorChannel = sql(`INSERT INTO moderator_channel (moderator, key, channel)
		VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`)
	removeChannelModerator = sql(`DELETE FROM channel_moderator WHERE channel = $1 AND moderator = $2`).ofChannel(1)
	removeModeratorChannel = sql(`DELETE FROM moderator_channel WHERE moderator = $1 AND key = $2`)
	selectChannelModerator = sql(listedModerator + `WHERE mo.channel = $1 AND mo.moderator = $2 AND ` + channelLives("$1"))
	selectModeratorKey     = sql(`SELECT key FROM channel_moderator
		WHERE channel = $1 AND moderator = $2 AND ` + channelLives("$1") + ` AND ` + identityLives("$2"))
	listChannelModerators = sql(listedModerator + `WHERE mo.channel = $1 AND mo.key > $2 AND ` + channelLives("$1") + `
		ORDER BY mo.key LIMIT $3`)
	listModeratedBy = sql(`SELECT v.key, ` + channelColumns + ` FROM moderator_channel v
		JOIN channel c ON c.key = v.channel AND c.deleted = 0
		WHERE v.moderator = $1 AND v.key > $2 AND ` + identityLives("$1") + `
		ORDER BY v.key LIMIT $3`)
	countChannelModerators = sql(`SELECT count(*) FROM (SELECT 1 FROM channel_moderator mo
		JOIN identity who ON who.key = mo.moderator AND who.deleted = 0
		WHERE mo.channel = $1 AND ` + channelLives("$1") + ` LIMIT $2) counted`)
)

// CreateChannelModerators implements store.ChannelModerators.
func (t *tx) CreateChannelModerators(channel store.Key, moderators []store.ChannelModerator) error {
	inChannel := newBatch(insertChannelModerator, removeChannelModerator, len(moderators))
	ofModerator := newBatch(insertModeratorChannel, removeModeratorChannel, len(moderators))
	for _, m := range moderators {
		inChannel.add(key(channel), key(m.Moderator), key(m.Key), key(m.CreatedBy), instant(m.Created))
		ofModerator.add(key(m.Moderator), key(m.Key), key(channel))
	}
	return t.createAll(inChannel, ofModerator)
}

// ChannelModerator implements store.ChannelModerators.
func (t *tx) ChannelModerator(channel, moderator store.Key) (store.ListedModerator, error) {
	return one(t, scanListedModerator, selectChannelModerator, key(channel), key(moderator))
}

// DeleteChannelModerator implements store.ChannelModerators.
func (t *tx) DeleteChannelModerator(channel, moderator store.Key) error {
	role, err := one(t, (*row).key, selectModeratorKey, key(channel), key(moderator))
	if err != nil {
		return err
	}
	if err := t.change(removeChannelModerator, key(channel), key(moderator)); err != nil {
		return err
	}
	return t.change(removeModeratorChannel, key(moderator), key(role))
}

// ListChannelModerators implements store.ChannelModerators.
func (t *tx) ListChannelModerators(channel, after store.Key, limit int) ([]store.ListedModerator, error) {
	return list(t, scanListedModerator, limit, listChannelModerators, key(channel), key(after))
}

// ListModeratedBy implements store.ChannelModerators.
func (t *tx) ListModeratedBy(moderator, after store.Key, limit int) ([]store.ModeratedChannel, error) {
	return list(t, scanModeratedChannel, limit, listModeratedBy, key(moderator), key(after))
}

// CountChannelModerators implements store.ChannelModerators.
func (t *tx) CountChannelModerators(channel store.Key, limit int) (int, error) {
	return count(t, limit, countChannelModerators, key(channel))
}
