package sqlstore

import (
	"fmt"

	"carillon/store"
)

// remover removes at most limit records of one kind below what was deleted, or hands them on to
// cleanups of their own, and returns how many. With fewer than limit nothing is left.
type remover func(t *tx, deleted store.Key, limit int) (int, error)

var tagsOfResource = part("tag", "resource", "name", name)

// remains has for each kind what is below it, in the order in which it goes.
var remains = map[store.CleanupKind][]remover{
	store.IdentityCleanup: {
		rolesOfModerator,
		bansOfMember,
		whole(`DELETE FROM app_instance_admin WHERE instance = (SELECT i.instance FROM identity i WHERE i.key = $1) AND identity = $1`),
		whole(`DELETE FROM app_instance_bot WHERE identity = $1`),
		part("app_instance_user_endpoint", "identity", "key", number),
		tagsOfResource,
		whole(`DELETE FROM identity WHERE key = $1 AND deleted = 1
			AND NOT EXISTS (SELECT 1 FROM app_instance a WHERE a.key = identity.instance AND a.deleted = 0)`),
	},
	store.ChannelCleanup: {
		membersOfChannel,
		moderatorsOfChannel,
		part("channel_ban", "channel", "member", number),
		part("sub_channel_member", "channel", "member", number),
		handOn(store.ChannelCleanup, `SELECT c.key FROM channel c WHERE c.parent = $1 AND c.parent <> 0 AND c.deleted = 0 LIMIT $2`),
		part("flow_invocation", "channel", "callback", name),
		part("channel_message", "stream", "sequence", number),
		tagsOfResource,
		whole(`DELETE FROM channel WHERE key = $1 AND deleted <> 0`), // by its key, not by the index of what is deleted
	},
	store.ChannelFlowCleanup: {
		tagsOfResource,
		whole(`DELETE FROM channel_flow WHERE key = $1 AND deleted = 1
			AND NOT EXISTS (SELECT 1 FROM app_instance a WHERE a.key = channel_flow.instance AND a.deleted = 0)`),
	},
	store.AppInstanceCleanup: {
		handOn(store.ChannelCleanup, `SELECT c.key FROM channel c WHERE c.instance = $1 AND c.deleted = 0 LIMIT $2`),
		handOn(store.IdentityCleanup, `SELECT i.key FROM identity i WHERE i.instance = $1 AND i.deleted = 0 LIMIT $2`),
		handOn(store.IdentityCleanup, `SELECT i.key FROM identity i WHERE i.instance = $1 AND i.deleted = 1
			AND NOT `+handedOn(store.IdentityCleanup, "i.key")+` LIMIT $2`),
		handOn(store.ChannelFlowCleanup, `SELECT f.key FROM channel_flow f WHERE f.instance = $1 AND f.deleted = 0 LIMIT $2`),
		handOn(store.ChannelFlowCleanup, `SELECT f.key FROM channel_flow f WHERE f.instance = $1 AND f.deleted = 1
			AND NOT `+handedOn(store.ChannelFlowCleanup, "f.key")+` LIMIT $2`),
		part("app_instance_admin", "instance", "identity", number),
		tagsOfResource,
		whole(`DELETE FROM app_instance WHERE key = $1 AND deleted = 1`),
	},
}

// whole removes everything at once, for what is few by its nature.
func whole(text string) remover {
	remove := sql(text)
	return func(t *tx, deleted store.Key, _ int) (int, error) { return t.exec(remove, key(deleted)) }
}

// number and name read the second column of a primary key.
func number(r *row) value { return integer(r.integer()) }
func name(r *row) value   { return text(r.text()) }

// part removes one end of what a table has below what was deleted, whose key is the first column of
// the table's primary key.
func part(table, first, second string, read func(*row) value) remover {
	find := sql(`SELECT count(*), max(counted.` + second + `) FROM
		(SELECT e.` + second + ` FROM ` + table + ` e WHERE e.` + first + ` = $1 ORDER BY e.` + second + ` LIMIT $2) counted`)
	remove := sql(`DELETE FROM ` + table + ` WHERE ` + first + ` = $1 AND ` + second + ` <= $2`)
	return func(t *tx, deleted store.Key, limit int) (int, error) {
		last, err := one(t, func(r *row) value {
			if r.integer() == 0 {
				return value{}
			}
			return read(r)
		}, find, key(deleted), upTo(limit))
		if err != nil || last == (value{}) {
			return 0, err
		}
		return t.exec(remove, key(deleted), last)
	}
}

// handOn deletes what has cleanups of its own.
func handOn(kind store.CleanupKind, text string) remover {
	table := map[store.CleanupKind]string{
		store.IdentityCleanup: "identity", store.ChannelCleanup: "channel", store.ChannelFlowCleanup: "channel_flow",
	}[kind]
	find, mark := sql(text), sql(`UPDATE `+table+` SET deleted = 1 WHERE key = $1`)
	return func(t *tx, deleted store.Key, limit int) (int, error) {
		below, err := list(t, (*row).key, limit, find, key(deleted))
		if err != nil {
			return 0, err
		}
		for _, k := range below {
			if _, err := t.exec(mark, key(k)); err != nil {
				return 0, err
			}
			if err := t.leaveCleanup(kind, k); err != nil {
				return 0, err
			}
		}
		return len(below), nil
	}
}

// handedOn is true when what has that key has a cleanup of its own.
func handedOn(kind store.CleanupKind, key string) string {
	return fmt.Sprintf(`EXISTS (SELECT 1 FROM cleanup u WHERE u.kind = %d AND u.key = %s)`, kind, key)
}

// pair is a record that is kept in both directions: who is on the other side, and its key.
type pair struct{ other, key store.Key }

func scanPair(r *row) pair { return pair{r.key(), r.key()} }

var (
	findMembers    = sql(`SELECT m.member, m.key FROM channel_membership m WHERE m.channel = $1 ORDER BY m.member LIMIT $2`)
	findModerators = sql(`SELECT m.moderator, m.key FROM channel_moderator m WHERE m.channel = $1 ORDER BY m.moderator LIMIT $2`)
	findRoles      = sql(`SELECT v.channel, v.key FROM moderator_channel v WHERE v.moderator = $1 ORDER BY v.key LIMIT $2`)
	findBans       = sql(`SELECT b.channel FROM channel_ban b WHERE b.member = $1 LIMIT $2`)
	removeBan      = sql(`DELETE FROM channel_ban WHERE channel = $1 AND member = $2`)
	removeSeat     = sql(`DELETE FROM sub_channel_member WHERE sub_channel = $1
		AND channel = (SELECT c.parent FROM channel c WHERE c.key = $1) AND member = $2`)
)

func membersOfChannel(t *tx, channel store.Key, limit int) (int, error) {
	found, err := list(t, scanPair, limit, findMembers, key(channel))
	if err != nil {
		return 0, err
	}
	var inChannel, ofMember []value
	for _, p := range found {
		inChannel = append(inChannel, key(channel), key(p.other))
		ofMember = append(ofMember, key(p.other), key(p.key))
	}
	seats, err := t.execEach(removeSeat, inChannel, nil)
	if err != nil {
		return 0, err
	}
	return len(found) + seats, t.removeBoth(removeChannelMembership, inChannel, removeMemberChannel, ofMember)
}

func moderatorsOfChannel(t *tx, channel store.Key, limit int) (int, error) {
	found, err := list(t, scanPair, limit, findModerators, key(channel))
	if err != nil {
		return 0, err
	}
	var inChannel, ofModerator []value
	for _, p := range found {
		inChannel = append(inChannel, key(channel), key(p.other))
		ofModerator = append(ofModerator, key(p.other), key(p.key))
	}
	return len(found), t.removeBoth(removeChannelModerator, inChannel, removeModeratorChannel, ofModerator)
}

func rolesOfModerator(t *tx, moderator store.Key, limit int) (int, error) {
	found, err := list(t, scanPair, limit, findRoles, key(moderator))
	if err != nil {
		return 0, err
	}
	var inChannel, ofModerator []value
	for _, p := range found {
		inChannel = append(inChannel, key(p.other), key(moderator))
		ofModerator = append(ofModerator, key(moderator), key(p.key))
	}
	return len(found), t.removeBoth(removeChannelModerator, inChannel, removeModeratorChannel, ofModerator)
}

// removeBoth removes both directions of records.
func (t *tx) removeBoth(one *statement, ones []value, other *statement, others []value) error {
	if _, err := t.execEach(one, ones, nil); err != nil {
		return err
	}
	_, err := t.execEach(other, others, nil)
	return err
}

func bansOfMember(t *tx, member store.Key, limit int) (int, error) {
	channels, err := list(t, (*row).key, limit, findBans, key(member))
	if err != nil {
		return 0, err
	}
	var bans []value
	for _, channel := range channels {
		bans = append(bans, key(channel), key(member))
	}
	return t.execEach(removeBan, bans, nil)
}
