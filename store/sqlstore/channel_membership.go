package sqlstore

import (
	"unsafe"

	"carillon/store"
)

func channelMembershipColumns(alias string) string {
	return columns(alias, "key channel member hidden invited_by created")
}

func scanChannelMembership(r *row) store.ChannelMembership {
	return store.ChannelMembership{
		Key:       r.key(),
		Channel:   r.key(),
		Member:    r.key(),
		Hidden:    r.flag(),
		InvitedBy: r.key(),
		Created:   r.instant(),
	}
}

func scanListedMember(r *row) store.ListedMember {
	return store.ListedMember{ChannelMembership: scanChannelMembership(r), Who: scanIdentity(r), Inviter: scanIdentity(r)}
}

func scanMembershipView(r *row) store.MembershipView {
	return store.MembershipView{ReadMarker: r.instant(), Preferences: r.text(), LastTargeted: r.instant()}
}

func scanListedMembership(r *row) store.ListedMembership {
	m := store.ListedMembership{ChannelMembership: scanChannelMembership(r), MembershipView: scanMembershipView(r), In: scanChannel(r)}
	parent, id, lastMessage := r.key(), r.text(), r.instant()
	if parent != 0 {
		m.SubChannel, m.In.LastMessage = subChannelID(id), lastMessage
	}
	return m
}

// listedMember selects members with who they are and who invited them.
var listedMember = `SELECT ` + channelMembershipColumns("m") + `, ` + identityColumns("who") + `, ` + identityColumns("inviter") + `
	FROM channel_membership m
	JOIN identity who ON who.key = m.member AND who.deleted = 0
	LEFT JOIN identity inviter ON inviter.key = m.invited_by `

var (
	insertChannelMembership = sql(`INSERT INTO channel_membership (channel, member, key, hidden, invited_by, created)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`).ofChannel(1)
	insertMemberChannel = sql(`INSERT INTO member_channel (member, key, channel, hidden, read_marker, preferences)
		VALUES ($1, $2, $3, $4, 0, '') ON CONFLICT DO NOTHING`)
	removeChannelMembership = sql(`DELETE FROM channel_membership WHERE channel = $1 AND member = $2`).ofChannel(1)
	removeMemberChannel     = sql(`DELETE FROM member_channel WHERE member = $1 AND key = $2`)
	selectChannelMembership = sql(listedMember + `WHERE m.channel = $1 AND m.member = $2 AND ` + channelLives("$1"))
	selectMembershipKey     = sql(`SELECT key FROM channel_membership
		WHERE channel = $1 AND member = $2 AND ` + channelLives("$1") + ` AND ` + identityLives("$2"))
	listChannelMemberships = sql(listedMember + `WHERE m.channel = $1 AND m.hidden = $2 AND m.key > $3 AND ` + channelLives("$1") + `
		ORDER BY m.key LIMIT $4`)
	selectMembershipView = sql(`SELECT v.read_marker, v.preferences, v.last_targeted FROM channel_membership m
		JOIN member_channel v ON v.member = m.member AND v.key = m.key
		WHERE m.channel = $1 AND m.member = $2 AND ` + channelLives("$1") + ` AND ` + identityLives("$2"))
	setPreferences = sql(`UPDATE member_channel SET preferences = $1
		WHERE member = $2 AND key = (SELECT m.key FROM channel_membership m WHERE m.channel = $3 AND m.member = $2)
		AND ` + channelLives("$3") + ` AND ` + identityLives("$2"))
	// What a sub-channel's member sees is the elastic channel.
	listMembershipsOf = sql(`SELECT ` + channelMembershipColumns("m") + `, v.read_marker, v.preferences, v.last_targeted, ` + channelColumns + `,
			place.parent, place.id, place.last_message
		FROM member_channel v
		JOIN channel place ON place.key = v.channel AND place.deleted = 0
		JOIN channel c ON c.key = CASE place.parent WHEN 0 THEN place.key ELSE place.parent END AND c.deleted = 0
		JOIN channel_membership m ON m.channel = v.channel AND m.member = v.member
		WHERE v.member = $1 AND v.key > $2 AND ` + identityLives("$1") + `
		ORDER BY v.key LIMIT $3`)
	selectVisibleMember = sql(`SELECT 1 FROM channel_membership m JOIN identity who ON who.key = m.member AND who.deleted = 0
		WHERE m.channel = $1 AND m.member = $2 AND m.hidden = 0 AND ` + channelLives("$1"))
	countVisibleMembers = sql(`SELECT count(*) FROM (SELECT 1 FROM channel_membership m JOIN identity who ON who.key = m.member AND who.deleted = 0
		WHERE m.channel = $1 AND m.hidden = 0 AND ` + channelLives("$1") + ` LIMIT $2) counted`)
	countMembershipsOf = sql(`SELECT count(*) FROM (SELECT 1 FROM member_channel v
		JOIN channel place ON place.key = v.channel AND place.deleted = 0
		JOIN channel c ON c.key = CASE place.parent WHEN 0 THEN place.key ELSE place.parent END AND c.deleted = 0
		WHERE v.member = $1 AND ` + identityLives("$1") + ` LIMIT $2) counted`)
)

// CreateChannelMemberships implements store.ChannelMemberships.
func (t *tx) CreateChannelMemberships(channel store.Key, memberships []store.ChannelMembership) error {
	inChannel := newBatch(insertChannelMembership, removeChannelMembership, len(memberships))
	ofMember := newBatch(insertMemberChannel, removeMemberChannel, len(memberships))
	for _, m := range memberships {
		inChannel.add(key(channel), key(m.Member), key(m.Key), flag(m.Hidden), key(m.InvitedBy), instant(m.Created))
		ofMember.add(key(m.Member), key(m.Key), key(channel), flag(m.Hidden))
	}
	return t.createAll(inChannel, ofMember)
}

// ChannelMembership implements store.ChannelMemberships.
func (t *tx) ChannelMembership(channel, member store.Key) (store.ListedMember, error) {
	return one(t, scanListedMember, selectChannelMembership, key(channel), key(member))
}

// DeleteChannelMembership implements store.ChannelMemberships.
func (t *tx) DeleteChannelMembership(channel, member store.Key) error {
	membership, err := one(t, (*row).key, selectMembershipKey, key(channel), key(member))
	if err != nil {
		return err
	}
	if err := t.change(removeChannelMembership, key(channel), key(member)); err != nil {
		return err
	}
	return t.change(removeMemberChannel, key(member), key(membership))
}

// ListChannelMemberships implements store.ChannelMemberships.
func (t *tx) ListChannelMemberships(channel store.Key, hidden bool, after store.Key, limit int) ([]store.ListedMember, error) {
	name := pageName{statement: listChannelMemberships.id, of: channel, args: [2]int64{flag(hidden).integer, int64(after)}, limit: limit}
	size := func(m *store.ListedMember) int { return int(unsafe.Sizeof(*m)) + len(m.Who.Metadata) }
	return page(t, name, size, func() ([]store.ListedMember, error) {
		return list(t, scanListedMember, limit, listChannelMemberships, key(channel), flag(hidden), key(after))
	})
}

// MembershipView implements store.ChannelMemberships.
func (t *tx) MembershipView(channel, member store.Key) (store.MembershipView, error) {
	return one(t, scanMembershipView, selectMembershipView, key(channel), key(member))
}

// SetPreferences implements store.ChannelMemberships.
func (t *tx) SetPreferences(channel, member store.Key, preferences string) error {
	return t.change(setPreferences, text(preferences), key(member), key(channel))
}

// ListMembershipsOf implements store.ChannelMemberships.
func (t *tx) ListMembershipsOf(member, after store.Key, limit int) ([]store.ListedMembership, error) {
	return list(t, scanListedMembership, limit, listMembershipsOf, key(member), key(after))
}

// CountMembershipsOf implements store.ChannelMemberships.
func (t *tx) CountMembershipsOf(member store.Key, limit int) (int, error) {
	return count(t, limit, countMembershipsOf, key(member))
}

// CountVisibleMembers implements store.ChannelMemberships.
func (t *tx) CountVisibleMembers(channels, members []store.Key) (among, all []int, err error) {
	among, all = make([]int, len(channels)), make([]int, len(channels))
	pairs := make([]value, 0, 2*len(channels)*len(members))
	bounds := make([]value, 0, 2*len(channels))
	for _, channel := range channels {
		bounds = append(bounds, key(channel), upTo(len(members)+1))
		for _, member := range members {
			pairs = append(pairs, key(channel), key(member))
		}
	}
	if err := t.queryEach(selectVisibleMember, pairs, func(i int, _ *row) { among[i/len(members)]++ }); err != nil {
		return nil, nil, err
	}
	err = t.queryEach(countVisibleMembers, bounds, func(i int, r *row) { all[i] = r.int() })
	return among, all, err
}
