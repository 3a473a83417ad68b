package sqlstore

import (
	"time"

	"carillon/store"
)

var channelFlowColumns = columns("f", "key instance id name processors created updated")

func scanChannelFlow(r *row) store.ChannelFlow {
	return store.ChannelFlow{
		Key:        r.key(),
		Instance:   r.key(),
		ID:         r.text(),
		Name:       r.text(),
		Processors: r.text(),
		Created:    r.instant(),
		Updated:    r.instant(),
	}
}

func scanListedInvocation(r *row) store.ListedInvocation {
	i := store.ListedInvocation{
		FlowInvocation: store.FlowInvocation{
			Channel:  r.key(),
			Callback: r.text(),
			Flow:     r.key(),
			Step:     r.int(),
			Continue: r.flag(),
			Message:  store.MessageRef{Stream: r.key(), Sequence: r.integer()},
			Sender:   r.key(),
			Target:   r.key(),
			Update:   r.flag(),
			Held:     r.text(),
			Invoked:  r.instant(),
			Done:     r.flag(),
		},
		By:         scanIdentity(r),
		To:         scanIdentity(r),
		Processors: r.text(),
		In:         store.ChannelRef{Account: r.text(), Instance: r.text(), ID: r.text()},
		SubChannel: subChannelID(r.text()),
	}
	if i.In.ID == "" {
		i.In, i.SubChannel = store.ChannelRef{}, ""
	}
	return i
}

// listedInvocation selects invocations with who sent the message and to whom, also when they or the
// flow are deleted, and with the channel unless it, or the sub-channel of the message, is.
var listedInvocation = `SELECT ` + columns("v", "channel callback flow step continues stream sequence sender target updates held invoked done") + `, ` +
	identityColumns("sender") + `, ` + identityColumns("target") + `, f.processors,
		a.account, a.id, c.id, b.id
	FROM flow_invocation v
	LEFT JOIN identity sender ON sender.key = v.sender
	LEFT JOIN identity target ON target.key = v.target
	LEFT JOIN channel_flow f ON f.key = v.flow
	LEFT JOIN channel b ON b.key = v.stream AND b.deleted = 0
	LEFT JOIN app_instance a ON a.key = b.instance AND a.deleted = 0
	LEFT JOIN channel c ON a.key IS NOT NULL AND c.key = v.channel AND c.deleted = 0 `

// flowLives is true when neither the flow of that key nor its app instance is deleted.
func flowLives(key string) string {
	return `EXISTS (SELECT 1 FROM channel_flow live JOIN app_instance above ON above.key = live.instance AND above.deleted = 0
		WHERE live.key = ` + key + ` AND live.deleted = 0)`
}

var (
	insertChannelFlow = sql(`INSERT INTO channel_flow (key, instance, id, name, processors, created, updated, deleted)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 0) ON CONFLICT DO NOTHING`)
	selectChannelFlow = sql(`SELECT ` + channelFlowColumns + ` FROM channel_flow f
		WHERE f.instance = $1 AND f.id = $2 AND f.deleted = 0 AND ` + instanceLives("$1"))
	updateChannelFlow = sql(`UPDATE channel_flow SET name = $1, processors = $2, updated = $3
		WHERE key = $4 AND ` + flowLives("$4"))
	deleteChannelFlow = sql(`UPDATE channel_flow SET deleted = 1 WHERE key = $1 AND ` + flowLives("$1"))
	listChannelFlows  = sql(`SELECT ` + channelFlowColumns + ` FROM channel_flow f
		WHERE f.instance = $1 AND f.key > $2 AND f.deleted = 0 AND ` + instanceLives("$1") + `
		ORDER BY f.key LIMIT $3`)
	countChannelFlows = sql(`SELECT count(*) FROM (SELECT 1 FROM channel_flow f
		WHERE f.instance = $1 AND f.deleted = 0 AND ` + instanceLives("$1") + ` LIMIT $2) counted`)

	setChannelFlow     = sql(`UPDATE channel SET flow = $1 WHERE key = $2 AND ` + channelLives("$2"))
	listChannelsOfFlow = sql(`SELECT ` + channelColumns + ` FROM channel c
		JOIN app_instance a ON a.key = c.instance AND a.deleted = 0
		WHERE c.flow = $1 AND c.flow <> 0 AND c.key > $2 AND c.deleted = 0
		ORDER BY c.key LIMIT $3`)

	insertFlowInvocation = sql(`INSERT INTO flow_invocation (channel, callback, flow, step, continues, stream, sequence, sender, target,
			updates, held, invoked, done)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING`)
	selectFlowInvocation = sql(listedInvocation + `WHERE v.channel = $1 AND v.callback = $2`)
	finishFlowInvocation = sql(`UPDATE flow_invocation SET done = 1, held = '' WHERE channel = $1 AND callback = $2 AND done = 0`)
	deleteFlowInvocation = sql(`DELETE FROM flow_invocation WHERE channel = $1 AND callback = $2`)
	listFlowInvocations  = sql(listedInvocation + `WHERE v.invoked <= $1 ORDER BY v.invoked LIMIT $2`)
)

// CreateChannelFlow implements store.ChannelFlows.
func (t *tx) CreateChannelFlow(f store.ChannelFlow) error {
	return t.create(insertChannelFlow, key(f.Key), key(f.Instance), text(f.ID), text(f.Name), text(f.Processors),
		instant(f.Created), instant(f.Updated))
}

// ChannelFlow implements store.ChannelFlows.
func (t *tx) ChannelFlow(instance store.Key, id string) (store.ChannelFlow, error) {
	return one(t, scanChannelFlow, selectChannelFlow, key(instance), text(id))
}

// UpdateChannelFlow implements store.ChannelFlows.
func (t *tx) UpdateChannelFlow(f store.ChannelFlow) error {
	return t.change(updateChannelFlow, text(f.Name), text(f.Processors), instant(f.Updated), key(f.Key))
}

// DeleteChannelFlow implements store.ChannelFlows.
func (t *tx) DeleteChannelFlow(flow store.Key) error {
	if err := t.change(deleteChannelFlow, key(flow)); err != nil {
		return err
	}
	return t.leaveCleanup(store.ChannelFlowCleanup, flow)
}

// ListChannelFlows implements store.ChannelFlows.
func (t *tx) ListChannelFlows(instance, after store.Key, limit int) ([]store.ChannelFlow, error) {
	return list(t, scanChannelFlow, limit, listChannelFlows, key(instance), key(after))
}

// CountChannelFlows implements store.ChannelFlows.
func (t *tx) CountChannelFlows(instance store.Key, limit int) (int, error) {
	return count(t, limit, countChannelFlows, key(instance))
}

// SetChannelFlow implements store.ChannelFlows.
func (t *tx) SetChannelFlow(channel, flow store.Key) error {
	return t.change(setChannelFlow, key(flow), key(channel))
}

// ListChannelsOfFlow implements store.ChannelFlows.
func (t *tx) ListChannelsOfFlow(flow, after store.Key, limit int) ([]store.Channel, error) {
	return list(t, scanChannel, limit, listChannelsOfFlow, key(flow), key(after))
}

// CreateFlowInvocation implements store.ChannelFlows.
func (t *tx) CreateFlowInvocation(v store.FlowInvocation) error {
	return t.create(insertFlowInvocation, key(v.Channel), text(v.Callback), key(v.Flow), integer(int64(v.Step)), flag(v.Continue),
		key(v.Message.Stream), integer(v.Message.Sequence), key(v.Sender), key(v.Target), flag(v.Update), text(v.Held),
		instant(v.Invoked), flag(v.Done))
}

// FlowInvocation implements store.ChannelFlows.
func (t *tx) FlowInvocation(channel store.Key, callback string) (store.ListedInvocation, error) {
	return one(t, scanListedInvocation, selectFlowInvocation, key(channel), text(callback))
}

// FinishFlowInvocation implements store.ChannelFlows.
func (t *tx) FinishFlowInvocation(channel store.Key, callback string) error {
	return t.change(finishFlowInvocation, key(channel), text(callback))
}

// DeleteFlowInvocation implements store.ChannelFlows.
func (t *tx) DeleteFlowInvocation(channel store.Key, callback string) error {
	return t.change(deleteFlowInvocation, key(channel), text(callback))
}

// ListFlowInvocations implements store.ChannelFlows.
func (t *tx) ListFlowInvocations(until time.Time, limit int) ([]store.ListedInvocation, error) {
	return list(t, scanListedInvocation, limit, listFlowInvocations, instant(until))
}
