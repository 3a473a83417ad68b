package sqlstore

import (
	"time"

	"carillon/store"
)

var (
	insertCleanup   = sql(`INSERT INTO cleanup (kind, key) VALUES ($1, $2) ON CONFLICT DO NOTHING`)
	selectCleanup   = sql(`SELECT u.key FROM cleanup u WHERE u.kind = $1 AND u.key = $2`)
	listCleanups    = sql(`SELECT u.key FROM cleanup u WHERE u.kind = $1 AND u.due <= $2 ORDER BY u.due, u.key LIMIT $3`)
	postponeCleanup = sql(`UPDATE cleanup SET due = $1 WHERE kind = $2 AND key = $3`)
	deleteCleanup   = sql(`DELETE FROM cleanup WHERE kind = $1 AND key = $2`)

	listLeavings = sql(`SELECT ` + channelMembershipColumns("m") + `, ` + identityColumns("who") + `, ` + identityColumns("inviter") + `,
			a.account, a.id, p.id, c.id, CASE WHEN ` + moderates("c.parent", "m.member") + ` THEN 1 ELSE 0 END
		FROM member_channel v
		JOIN channel_membership m ON m.channel = v.channel AND m.member = v.member
		JOIN identity who ON who.key = v.member AND who.deleted = 1
		LEFT JOIN identity inviter ON inviter.key = m.invited_by
		LEFT JOIN channel c ON c.key = v.channel AND c.deleted = 0
		LEFT JOIN channel p ON p.key = c.parent AND p.deleted = 0
		LEFT JOIN app_instance a ON a.key = c.instance AND a.deleted = 0
		WHERE v.member = $1 ORDER BY v.key LIMIT $2`)
)

func cleanupKind(k store.CleanupKind) value { return integer(int64(k)) }

// leaveCleanup notes that something was deleted.
func (t *tx) leaveCleanup(kind store.CleanupKind, deleted store.Key) error {
	return t.put(insertCleanup, cleanupKind(kind), key(deleted))
}

// ListCleanups implements store.Cleanups.
func (t *tx) ListCleanups(kind store.CleanupKind, at time.Time, limit int) ([]store.Key, error) {
	return list(t, (*row).key, limit, listCleanups, cleanupKind(kind), instant(at))
}

// PostponeCleanup implements store.Cleanups.
func (t *tx) PostponeCleanup(kind store.CleanupKind, deleted store.Key, until time.Time) error {
	return t.change(postponeCleanup, instant(until), cleanupKind(kind), key(deleted))
}

// ListLeavings implements store.Cleanups.
func (t *tx) ListLeavings(member store.Key, limit int) ([]store.Leaving, error) {
	return list(t, scanLeaving, limit, listLeavings, key(member))
}

func scanLeaving(r *row) store.Leaving {
	l := store.Leaving{ListedMember: scanListedMember(r), In: store.ChannelRef{Account: r.text(), Instance: r.text()}}
	parent, name := r.text(), r.text()
	l.Moderator = r.flag()
	switch sub := subChannelID(name); {
	case l.In.Account == "", name == "", sub != "" && parent == "":
		l.In = store.ChannelRef{}
	case sub != "":
		l.In.ID, l.SubChannel = parent, sub
	default:
		l.In.ID = name
	}
	return l
}

// EndLeaving implements store.Cleanups.
func (t *tx) EndLeaving(l store.Leaving) error {
	if err := t.change(removeChannelMembership, key(l.Channel), key(l.Member)); err != nil {
		return err
	}
	return t.change(removeMemberChannel, key(l.Member), key(l.Key))
}

// CleanUp implements store.Cleanups.
func (t *tx) CleanUp(kind store.CleanupKind, deleted store.Key, limit int) (int, error) {
	switch _, err := one(t, (*row).key, selectCleanup, cleanupKind(kind), key(deleted)); err {
	case nil:
	case store.ErrNotFound:
		return 0, nil
	default:
		return 0, err
	}
	removed := 0
	for _, below := range remains[kind] {
		n, err := below(t, deleted, limit-removed)
		removed += n
		if err != nil || removed >= limit {
			return removed, err
		}
	}
	return removed + 1, t.change(deleteCleanup, cleanupKind(kind), key(deleted))
}
