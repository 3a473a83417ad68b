package store

import "time"

// AppInstanceAdmin is the promotion of an identity to administrator of its app instance.
type AppInstanceAdmin struct {
	Key      Key // of the promotion: its place in the list
	Instance Key
	Identity Key
	Created  time.Time
}

// AppInstanceAdmins are the promotions.
type AppInstanceAdmins interface {
	// CreateAppInstanceAdmin answers ErrExists when the identity is an admin already.
	CreateAppInstanceAdmin(AppInstanceAdmin) error
	// AppInstanceAdmin answers ErrNotFound when the identity is no admin.
	AppInstanceAdmin(instance, identity Key) (AppInstanceAdmin, error)
	// DeleteAppInstanceAdmin answers ErrNotFound when the identity is no admin.
	DeleteAppInstanceAdmin(instance, identity Key) error
	ListAppInstanceAdmins(instance, after Key, limit int) ([]ListedAdmin, error)
	// CountAppInstanceAdmins counts up to limit.
	CountAppInstanceAdmins(instance Key, limit int) (int, error)
}

// ListedAdmin is an admin with who it is.
type ListedAdmin struct {
	AppInstanceAdmin
	Who Identity
}
