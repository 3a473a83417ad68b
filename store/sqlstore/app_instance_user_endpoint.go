package sqlstore

import "carillon/store"

var endpointColumns = columns("e", `key identity id name type resource_arn device_token voip_device_token device muted inactive state_reason
	created updated`)

func scanEndpoint(r *row) store.AppInstanceUserEndpoint {
	return store.AppInstanceUserEndpoint{
		Key:             r.key(),
		User:            r.key(),
		ID:              r.text(),
		Name:            r.text(),
		Type:            r.text(),
		ResourceARN:     r.text(),
		DeviceToken:     r.text(),
		VoipDeviceToken: r.text(),
		Device:          [16]byte(r.blob()),
		Muted:           r.flag(),
		Inactive:        r.flag(),
		StateReason:     r.text(),
		Created:         r.instant(),
		Updated:         r.instant(),
	}
}

var (
	insertEndpoint = sql(`INSERT INTO app_instance_user_endpoint (identity, key, id, name, type, resource_arn, device_token, voip_device_token,
			device, muted, inactive, state_reason, created, updated)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT DO NOTHING`)
	selectEndpoint = sql(`SELECT ` + endpointColumns + ` FROM app_instance_user_endpoint e
		WHERE e.identity = $1 AND e.id = $2 AND ` + identityLives("$1"))
	selectEndpointOfDevice = sql(`SELECT ` + endpointColumns + ` FROM app_instance_user_endpoint e
		WHERE e.identity = $1 AND e.device = $2 AND ` + identityLives("$1"))
	updateEndpoint = sql(`UPDATE app_instance_user_endpoint SET name = $1, type = $2, voip_device_token = $3, muted = $4, inactive = $5,
			state_reason = $6, updated = $7
		WHERE identity = $8 AND id = $9 AND ` + identityLives("$8"))
	deleteEndpoint = sql(`DELETE FROM app_instance_user_endpoint WHERE identity = $1 AND id = $2 AND ` + identityLives("$1"))
	listEndpoints  = sql(`SELECT ` + endpointColumns + ` FROM app_instance_user_endpoint e
		WHERE e.identity = $1 AND e.key > $2 AND ` + identityLives("$1") + `
		ORDER BY e.key LIMIT $3`)
	countEndpoints = sql(`SELECT count(*) FROM (SELECT 1 FROM app_instance_user_endpoint e
		WHERE e.identity = $1 AND ` + identityLives("$1") + ` LIMIT $2) counted`)
)

// CreateAppInstanceUserEndpoint implements store.AppInstanceUserEndpoints.
func (t *tx) CreateAppInstanceUserEndpoint(e store.AppInstanceUserEndpoint) error {
	return t.create(insertEndpoint, key(e.User), key(e.Key), text(e.ID), text(e.Name), text(e.Type), text(e.ResourceARN),
		text(e.DeviceToken), text(e.VoipDeviceToken), blob(e.Device[:]), flag(e.Muted), flag(e.Inactive), text(e.StateReason),
		instant(e.Created), instant(e.Updated))
}

// AppInstanceUserEndpoint implements store.AppInstanceUserEndpoints.
func (t *tx) AppInstanceUserEndpoint(user store.Key, id string) (store.AppInstanceUserEndpoint, error) {
	return one(t, scanEndpoint, selectEndpoint, key(user), text(id))
}

// EndpointOfDevice implements store.AppInstanceUserEndpoints.
func (t *tx) EndpointOfDevice(user store.Key, device [16]byte) (store.AppInstanceUserEndpoint, error) {
	return one(t, scanEndpoint, selectEndpointOfDevice, key(user), blob(device[:]))
}

// UpdateAppInstanceUserEndpoint implements store.AppInstanceUserEndpoints.
func (t *tx) UpdateAppInstanceUserEndpoint(e store.AppInstanceUserEndpoint) error {
	return t.change(updateEndpoint, text(e.Name), text(e.Type), text(e.VoipDeviceToken), flag(e.Muted), flag(e.Inactive),
		text(e.StateReason), instant(e.Updated), key(e.User), text(e.ID))
}

// DeleteAppInstanceUserEndpoint implements store.AppInstanceUserEndpoints.
func (t *tx) DeleteAppInstanceUserEndpoint(user store.Key, id string) error {
	return t.change(deleteEndpoint, key(user), text(id))
}

// ListAppInstanceUserEndpoints implements store.AppInstanceUserEndpoints.
func (t *tx) ListAppInstanceUserEndpoints(user, after store.Key, limit int) ([]store.AppInstanceUserEndpoint, error) {
	return list(t, scanEndpoint, limit, listEndpoints, key(user), key(after))
}

// CountAppInstanceUserEndpoints implements store.AppInstanceUserEndpoints.
func (t *tx) CountAppInstanceUserEndpoints(user store.Key, limit int) (int, error) {
	return count(t, limit, countEndpoints, key(user))
}
