package store

import "time"

// AppInstance is one tenant of an account: users, bots and channels live inside one.
type AppInstance struct {
	Key      Key
	Account  string
	ID       string
	Name     string
	Metadata string
	Created  time.Time
	Updated  time.Time
	// Streaming is changed by SetStreaming alone.
	Streaming Streaming
	// Retention is changed by SetRetention alone.
	Retention Retention
}

// AppInstances are the app instances of every account.
type AppInstances interface {
	// CreateAppInstance answers ErrExists when the ID is taken in any account.
	CreateAppInstance(AppInstance) error
	// AppInstance answers ErrNotFound when that account has no app instance of that id.
	AppInstance(account, id string) (AppInstance, error)
	// UpdateAppInstance changes Name, Metadata and Updated.
	UpdateAppInstance(AppInstance) error
	// DeleteAppInstance makes the app instance and everything inside it inaccessible at once.
	DeleteAppInstance(Key) error
	ListAppInstances(account string, after Key, limit int) ([]AppInstance, error)
	// CountAppInstances counts up to limit.
	CountAppInstances(account string, limit int) (int, error)
}
