package store

import "time"

// AppInstanceUserEndpoint is a device of a user that push notifications can be sent to.
type AppInstanceUserEndpoint struct {
	Key  Key // its place in the list
	User Key
	ID   string
	Name string
	Type string // an AppInstanceUserEndpointType of the API
	// ResourceARN names the service that reaches the device.
	ResourceARN     string
	DeviceToken     string
	VoipDeviceToken string
	// Device is a digest of ResourceARN and DeviceToken: a user has a device once.
	Device [16]byte
	// Muted is set when AllowMessages is NONE.
	Muted bool
	// Inactive is set when notifications do not arrive; StateReason says why.
	Inactive    bool
	StateReason string // an EndpointStatusReason of the API; empty when not Inactive
	Created     time.Time
	Updated     time.Time
}

// AppInstanceUserEndpoints are the devices of every user. Those of a deleted user are found nowhere.
type AppInstanceUserEndpoints interface {
	// CreateAppInstanceUserEndpoint answers ErrExists when the user has that ID or that Device.
	CreateAppInstanceUserEndpoint(AppInstanceUserEndpoint) error
	// AppInstanceUserEndpoint answers ErrNotFound when the user has none of that id.
	AppInstanceUserEndpoint(user Key, id string) (AppInstanceUserEndpoint, error)
	// EndpointOfDevice answers ErrNotFound when the user has not that Device.
	EndpointOfDevice(user Key, device [16]byte) (AppInstanceUserEndpoint, error)
	// UpdateAppInstanceUserEndpoint changes everything but the name (User, Key and ID), ResourceARN,
	// DeviceToken, Device and Created.
	UpdateAppInstanceUserEndpoint(AppInstanceUserEndpoint) error
	// DeleteAppInstanceUserEndpoint answers ErrNotFound when the user has none of that id.
	DeleteAppInstanceUserEndpoint(user Key, id string) error
	ListAppInstanceUserEndpoints(user, after Key, limit int) ([]AppInstanceUserEndpoint, error)
	// CountAppInstanceUserEndpoints counts up to limit.
	CountAppInstanceUserEndpoints(user Key, limit int) (int, error)
}
