package sqlstore

import "carillon/store"

// channelLives is true when neither the channel of that key nor its app instance is deleted.
func channelLives(key string) string {
	return `EXISTS (SELECT 1 FROM channel live JOIN app_instance above ON above.key = live.instance AND above.deleted = 0
		WHERE live.key = ` + key + ` AND live.deleted = 0)`
}

var channelColumns = columns("c", `key instance id name metadata private unrestricted created_by created updated last_message
	expiration_days expiration_criterion
	maximum_sub_channels target_memberships_per_sub_channel minimum_membership_percentage flow sub_channels sequence members`)

func scanChannel(r *row) store.Channel {
	return store.Channel{
		Key:          r.key(),
		Instance:     r.key(),
		ID:           r.text(),
		Name:         r.text(),
		Metadata:     r.text(),
		Private:      r.flag(),
		Unrestricted: r.flag(),
		CreatedBy:    r.key(),
		Created:      r.instant(),
		Updated:      r.instant(),
		LastMessage:  r.instant(),
		Expiration:   r.expiration(),
		Elastic: store.Elastic{
			MaximumSubChannels:             r.int(),
			TargetMembershipsPerSubChannel: r.int(),
			MinimumMembershipPercentage:    r.int(),
		},
		Flow:        r.key(),
		SubChannels: r.int(),
		Sequence:    r.integer(),
		Members:     r.integer(),
	}
}

// standingColumns are those of the identity i and of what it is to the channel c, by the tables of
// standingJoins.
var standingColumns = identityColumns("i") + `, ad.key, mo.key, ba.key, ` + channelMembershipColumns("m")

const standingJoins = `
	LEFT JOIN app_instance_admin ad ON ad.instance = i.instance AND ad.identity = i.key
	LEFT JOIN channel_moderator mo ON mo.channel = c.key AND mo.moderator = i.key
	LEFT JOIN channel_ban ba ON ba.channel = c.key AND ba.member = i.key
	LEFT JOIN channel_membership m ON m.channel = c.key AND m.member = i.key`

func scanStanding(r *row) store.Standing {
	return store.Standing{
		Identity:   scanIdentity(r),
		Admin:      r.key() != 0,
		Moderator:  r.key() != 0,
		Banned:     r.key() != 0,
		Membership: scanChannelMembership(r),
	}
}

func scanEntry(r *row) store.Entry {
	return store.Entry{
		Instance:  r.key(),
		Streaming: scanStreaming(r),
		Retention: scanRetention(r),
		Channel:   scanChannel(r),
		Flow:      scanChannelFlow(r),
		CreatedBy: scanIdentity(r),
		Actor:     scanStanding(r),
	}
}

var (
	enterChannel = sql(`SELECT a.key, ` + streamingColumns("a") + `, ` + retentionColumns("a") + `, ` + channelColumns + `, ` + channelFlowColumns + `, ` + identityColumns("creator") + `, ` + standingColumns + `, ` + placeColumns + `
		FROM app_instance a
		LEFT JOIN channel c ON c.instance = a.key AND c.id = $1 AND c.deleted = 0
		LEFT JOIN channel_flow f ON f.key = c.flow
		LEFT JOIN identity creator ON creator.key = c.created_by
		LEFT JOIN identity i ON i.instance = a.key AND i.kind = $2 AND i.id = $3 AND i.deleted = 0` + standingJoins + `
		WHERE a.id = $4 AND a.account = $5 AND a.deleted = 0`)
	selectStanding = sql(`SELECT ` + standingColumns + `, ` + placeColumns + `
		FROM identity i
		LEFT JOIN channel c ON c.key = $1 AND c.instance = i.instance AND c.deleted = 0` + standingJoins + `
		WHERE i.instance = $2 AND i.kind = $3 AND i.id = $4 AND i.deleted = 0 AND ` + instanceLives("$2"))
	insertChannel = sql(`INSERT INTO channel (key, instance, id, name, metadata, private, unrestricted, created_by, created, updated,
			last_message, expiration_days, expiration_criterion, maximum_sub_channels,
			target_memberships_per_sub_channel, minimum_membership_percentage, flow, sequence, members, expires, oldest, deleted)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
			$18 + coalesce((SELECT old.sequence FROM channel old WHERE old.id = $3 AND old.instance = $2 AND old.deleted = 1 ORDER BY old.key DESC LIMIT 1), 0),
			$19, $20, $9, 0) ON CONFLICT DO NOTHING`).ofNew()
	updateChannel = sql(`UPDATE channel SET name = $1, metadata = $2, unrestricted = $3, expiration_days = $4, expiration_criterion = $5, updated = $6,
			` + expiresAgain("$4") + `
		WHERE key = $7 AND ` + channelLives("$7")).ofChannel(7)
	advanceChannel = sql(`UPDATE channel SET sequence = sequence + $1, members = members + $2,
			taken = CASE WHEN parent = 0 THEN 0 ELSE members + $2 END
		WHERE key = $3 AND ` + channelLives("$3")).ofChannel(3)
	deleteChannel = sql(`UPDATE channel SET deleted = 1 WHERE key = $1 AND ` + channelLives("$1"))
	listChannels  = sql(`SELECT ` + channelColumns + ` FROM channel c
		WHERE c.instance = $1 AND c.private = $2 AND c.key > $3 AND c.parent = 0 AND c.deleted = 0 AND ` + instanceLives("$1") + `
		ORDER BY c.key LIMIT $4`)
	countElasticChannels = sql(`SELECT count(*) FROM (SELECT 1 FROM channel c
		WHERE c.instance = $1 AND c.maximum_sub_channels > 0 AND c.deleted = 0 AND ` + instanceLives("$1") + ` LIMIT $2) counted`)
	countChannels = sql(`SELECT count(*) FROM (SELECT 1 FROM channel c
		WHERE c.instance = $1 AND c.parent = 0 AND c.deleted = 0 AND ` + instanceLives("$1") + ` LIMIT $2) counted`)
)

// EnterChannel implements store.Channels.
func (t *tx) EnterChannel(ref store.ChannelRef, actor store.IdentityRef, next ...store.Ahead) (store.Entry, error) {
	list := make([]store.Entrance, len(next))
	for i := range next {
		list[i] = store.Entrance{Channel: ref, Actor: actor, Next: next[i]}
	}
	t.foresee(list)
	name := entryName{channel: ref, actor: actor}
	if e, ok := t.recall(name); ok {
		return e, nil
	}
	var p place
	scan := func(r *row) store.Entry {
		e := scanEntry(r)
		p = scanPlace(r)
		return e
	}
	e, err := one(t, scan, enterChannel, entranceValues(ref, actor)...)
	if err != nil {
		t.ahead = ahead{}
		return e, err
	}
	t.note(p)
	t.entered(&e)
	t.remember(name, &e, p)
	return e, nil
}

// EnterChannels implements store.Channels.
func (t *tx) EnterChannels(list []store.Entrance) ([]store.Entry, error) {
	t.foresee(list)
	entries := make([]store.Entry, len(list))
	args := make([]value, 0, len(list)*enterChannel.params)
	for i := range list {
		args = append(args, entranceValues(list[i].Channel, list[i].Actor)...)
	}
	err := t.queryEach(enterChannel, args, func(i int, r *row) {
		entries[i] = scanEntry(r)
		t.note(scanPlace(r))
	})
	if err != nil {
		t.ahead = ahead{}
		return nil, err
	}
	t.enteredEach(func(at int) *store.Entry { return &entries[at] })
	return entries, nil
}

// entranceValues are the arguments of enterChannel.
func entranceValues(ref store.ChannelRef, actor store.IdentityRef) []value {
	return []value{text(ref.ID), kindValue(actor.Kind), text(actor.ID), text(ref.Instance), text(ref.Account)}
}

// Standings implements store.Channels.
func (t *tx) Standings(instance, channel store.Key, refs []store.IdentityRef) ([]store.Standing, error) {
	if standings, ok := t.foreseenStandings(instance, channel, refs); ok {
		return standings, nil
	}
	standings := make([]store.Standing, len(refs))
	args := make([]value, 0, len(refs)*selectStanding.params)
	for _, ref := range refs {
		args = append(args, key(channel), key(instance), kindValue(ref.Kind), text(ref.ID))
	}
	err := t.queryEach(selectStanding, args, func(i int, r *row) {
		standings[i] = scanStanding(r)
		t.note(scanPlace(r))
	})
	return standings, err
}

// CreateChannel implements store.Channels.
func (t *tx) CreateChannel(c store.Channel) error {
	return t.create(insertChannel, key(c.Key), key(c.Instance), text(c.ID), text(c.Name), text(c.Metadata),
		flag(c.Private), flag(c.Unrestricted), key(c.CreatedBy), instant(c.Created), instant(c.Updated), instant(c.LastMessage),
		integer(int64(c.Expiration.Days)), text(c.Expiration.Criterion),
		integer(int64(c.Elastic.MaximumSubChannels)), integer(int64(c.Elastic.TargetMembershipsPerSubChannel)),
		integer(int64(c.Elastic.MinimumMembershipPercentage)), key(c.Flow), integer(c.Sequence), integer(c.Members),
		expires(c.Created, c.Expiration))
}

// UpdateChannel implements store.Channels.
func (t *tx) UpdateChannel(c store.Channel) error {
	return t.change(updateChannel, text(c.Name), text(c.Metadata), flag(c.Unrestricted),
		integer(int64(c.Expiration.Days)), text(c.Expiration.Criterion), instant(c.Updated), key(c.Key))
}

// AdvanceChannel implements store.Channels.
func (t *tx) AdvanceChannel(channel store.Key, events int, members int) (sequence int64, err error) {
	p, err := t.find(channel)
	if err != nil {
		return 0, err
	}
	if err := t.change(advanceChannel, integer(int64(events)), integer(int64(members)), key(channel)); err != nil {
		return 0, err
	}
	p.sequence += int64(events)
	return p.sequence, nil
}

// DeleteChannel implements store.Channels.
func (t *tx) DeleteChannel(channel store.Key) error {
	if err := t.change(deleteChannel, key(channel)); err != nil {
		return err
	}
	return t.leaveCleanup(store.ChannelCleanup, channel)
}

// ListChannels implements store.Channels.
func (t *tx) ListChannels(instance store.Key, private bool, after store.Key, limit int) ([]store.Channel, error) {
	return list(t, scanChannel, limit, listChannels, key(instance), flag(private), key(after))
}

// CountElasticChannels implements store.Channels.
func (t *tx) CountElasticChannels(instance store.Key, limit int) (int, error) {
	return count(t, limit, countElasticChannels, key(instance))
}

// CountChannels implements store.Channels.
func (t *tx) CountChannels(instance store.Key, limit int) (int, error) {
	return count(t, limit, countChannels, key(instance))
}
