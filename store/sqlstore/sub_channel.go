package sqlstore

import (
	"strconv"
	"strings"
	"time"

	"carillon/store"
)

var subChannelColumns = columns("b", "key parent instance id members sequence draining created")

func scanSubChannel(r *row) store.SubChannel {
	return store.SubChannel{
		Key:      r.key(),
		Channel:  r.key(),
		Instance: r.key(),
		ID:       subChannelID(r.text()),
		Members:  r.integer(),
		Sequence: r.integer(),
		Draining: r.flag(),
		Created:  r.instant(),
	}
}

// subChannelName is the id of a sub-channel's row.
func subChannelName(channel store.Key, id string) value {
	return text(strconv.FormatInt(int64(channel), 10) + "/" + id)
}

// subChannelID is the sub-channel's own id in that of its row; empty of a channel's.
func subChannelID(name string) string {
	_, id, _ := strings.Cut(name, "/")
	return id
}

// moderates is true when the member is a moderator of the elastic channel.
func moderates(channel, member string) string {
	return `EXISTS (SELECT 1 FROM channel_moderator o WHERE o.channel = ` + channel + ` AND o.moderator = ` + member + `)`
}

var (
	insertSubChannel = sql(`INSERT INTO channel (key, parent, instance, id, members, sequence, created, updated, created_by,
			name, metadata, private, unrestricted, last_message, expiration_days, expiration_criterion,
			maximum_sub_channels, target_memberships_per_sub_channel, minimum_membership_percentage, oldest, deleted)
		VALUES ($1, $2, $3, $4, 0, 0, $5, $5, 0, '', '', 2, 0, 0, 0, '', 0, 0, 0, $5, 0) ON CONFLICT DO NOTHING`).ofNew()
	countSubChannel = sql(`UPDATE channel SET sub_channels = sub_channels + $1 WHERE key = $2`).ofChannel(2)
	findSubChannel  = sql(`SELECT ` + subChannelColumns + ` FROM channel b WHERE b.instance = (SELECT a.instance FROM channel a WHERE a.key = $1)
		AND b.id = $2 AND b.deleted = 0`)
	emptiestSubChannel = sql(`SELECT ` + subChannelColumns + ` FROM channel b
		WHERE b.parent = $1 AND b.parent <> 0 AND b.draining = 0 AND b.deleted = 0 AND b.key <> $2 ORDER BY b.taken, b.key LIMIT 1`)
	fullestSubChannel = sql(`SELECT ` + subChannelColumns + ` FROM channel b
		WHERE b.parent = $1 AND b.parent <> 0 AND b.draining = 0 AND b.deleted = 0 AND b.key <> $2 ORDER BY b.taken DESC, b.key DESC LIMIT 1`)
	listSubChannels = sql(`SELECT ` + subChannelColumns + ` FROM channel b
		WHERE b.parent = $1 AND b.parent <> 0 AND b.key > $2 AND b.deleted = 0 ORDER BY b.key LIMIT $3`)
	selectSeats = sql(`SELECT ` + channelMembershipColumns("m") + `, b.id FROM sub_channel_member t
		JOIN channel b ON b.key = t.sub_channel AND b.deleted = 0
		JOIN channel_membership m ON m.channel = t.sub_channel AND m.member = t.member
		WHERE t.channel = $1 AND t.member = $2 ORDER BY t.sub_channel`)
	insertSeat         = sql(`INSERT INTO sub_channel_member (channel, member, sub_channel) VALUES ($1, $2, $3)`)
	deleteSeat         = sql(`DELETE FROM sub_channel_member WHERE channel = $1 AND member = $2 AND sub_channel = $3`)
	moveMembership     = sql(`UPDATE channel_membership SET channel = $1 WHERE channel = $2 AND member = $3 RETURNING key`)
	moveView           = sql(`UPDATE member_channel SET channel = $1 WHERE member = $2 AND key = $3`)
	listSeats          = sql(listedMember + `WHERE m.channel = $1 AND m.hidden = 0 AND NOT ` + moderates("$2", "m.member") + ` ORDER BY m.key LIMIT $3`)
	drainSubChannel    = sql(`UPDATE channel SET draining = 1 WHERE key = $1 AND draining = 0`)
	drainingSubChannel = sql(`SELECT ` + subChannelColumns + ` FROM channel b
		JOIN channel parent ON parent.key = b.parent AND parent.deleted = 0
		WHERE b.draining = 1 AND b.deleted = 0 ORDER BY b.key LIMIT 1`)
	selectChannelOf = sql(`SELECT a.account, a.id, c.id FROM channel c
		JOIN app_instance a ON a.key = c.instance AND a.deleted = 0
		WHERE c.key = $1 AND c.deleted = 0`)
	touchChannel = sql(`UPDATE channel SET last_message = CASE WHEN last_message > $1 THEN last_message ELSE $1 END WHERE key = $2`).ofChannel(2)
)

// CreateSubChannel implements store.SubChannels.
func (t *tx) CreateSubChannel(b store.SubChannel) error {
	err := t.create(insertSubChannel, key(b.Key), key(b.Channel), key(b.Instance), subChannelName(b.Channel, b.ID), instant(b.Created))
	if err != nil {
		return err
	}
	return t.change(countSubChannel, integer(1), key(b.Channel))
}

// SubChannel implements store.SubChannels.
func (t *tx) SubChannel(channel store.Key, id string) (store.SubChannel, error) {
	return one(t, scanSubChannel, findSubChannel, key(channel), subChannelName(channel, id))
}

// EmptiestSubChannel implements store.SubChannels.
func (t *tx) EmptiestSubChannel(channel, except store.Key) (store.SubChannel, error) {
	return one(t, scanSubChannel, emptiestSubChannel, key(channel), key(except))
}

// FullestSubChannel implements store.SubChannels.
func (t *tx) FullestSubChannel(channel, except store.Key) (store.SubChannel, error) {
	return one(t, scanSubChannel, fullestSubChannel, key(channel), key(except))
}

// ListSubChannels implements store.SubChannels.
func (t *tx) ListSubChannels(channel, after store.Key, limit int) ([]store.SubChannel, error) {
	return list(t, scanSubChannel, limit, listSubChannels, key(channel), key(after))
}

// Seats implements store.SubChannels.
func (t *tx) Seats(channel store.Key, members []store.Key) ([][]store.Seat, error) {
	seats := make([][]store.Seat, len(members))
	args := make([]value, 0, 2*len(members))
	for _, member := range members {
		args = append(args, key(channel), key(member))
	}
	err := t.queryEach(selectSeats, args, func(i int, r *row) {
		seats[i] = append(seats[i], store.Seat{ChannelMembership: scanChannelMembership(r), SubChannel: subChannelID(r.text())})
	})
	return seats, err
}

// AddSeats implements store.SubChannels.
func (t *tx) AddSeats(channel, subChannel store.Key, members []store.Key) error {
	args := make([]value, 0, 3*len(members))
	for _, member := range members {
		args = append(args, key(channel), key(member), key(subChannel))
	}
	return t.put(insertSeat, args...)
}

// RemoveSeat implements store.SubChannels.
func (t *tx) RemoveSeat(channel, subChannel, member store.Key) error {
	return t.change(deleteSeat, key(channel), key(member), key(subChannel))
}

// MoveSeat implements store.SubChannels.
func (t *tx) MoveSeat(channel, from, to, member store.Key) error {
	membership, err := one(t, (*row).key, moveMembership, key(to), key(from), key(member))
	if err != nil {
		return err
	}
	if err := t.change(moveView, key(to), key(member), key(membership)); err != nil {
		return err
	}
	if err := t.RemoveSeat(channel, from, member); err != nil {
		return err
	}
	return t.AddSeats(channel, to, []store.Key{member})
}

// ListSeats implements store.SubChannels.
func (t *tx) ListSeats(channel, subChannel store.Key, limit int) ([]store.ListedMember, error) {
	return list(t, scanListedMember, limit, listSeats, key(subChannel), key(channel))
}

// DrainSubChannel implements store.SubChannels.
func (t *tx) DrainSubChannel(b store.SubChannel) error {
	if err := t.change(drainSubChannel, key(b.Key)); err != nil {
		return err
	}
	return t.change(countSubChannel, integer(-1), key(b.Channel))
}

// DrainingSubChannel implements store.SubChannels.
func (t *tx) DrainingSubChannel() (store.SubChannel, error) {
	return one(t, scanSubChannel, drainingSubChannel)
}

// ChannelOf implements store.SubChannels.
func (t *tx) ChannelOf(b store.SubChannel) (store.ChannelRef, error) {
	return one(t, func(r *row) store.ChannelRef {
		return store.ChannelRef{Account: r.text(), Instance: r.text(), ID: r.text()}
	}, selectChannelOf, key(b.Channel))
}

// TouchChannel implements store.SubChannels.
func (t *tx) TouchChannel(channel store.Key, at time.Time) error {
	return t.change(touchChannel, instant(at), key(channel))
}
