package store

import "time"

// Role is what others may become for a while, if its trust policy says so.
type Role struct {
	Key         Key
	Account     string
	Name        string
	Path        string
	Description string
	// Trust is the policy that says who may take the role.
	Trust string
	// MaxSession is how long a session of the role may last at most.
	MaxSession time.Duration
	// RevokedBefore ends all sessions that were begun before that time; zero ends none.
	RevokedBefore time.Time
	Tags          []Tag
	Created       time.Time
}

// Roles are those of every account. Their names are not told apart by case.
type Roles interface {
	// CreateRole answers ErrExists when the account has one of that name.
	CreateRole(Role) error
	// Role answers ErrNotFound when the account has none of that name.
	Role(account, name string) (Role, error)
	// RoleOf answers ErrNotFound when there is none with that key.
	RoleOf(Key) (Role, error)
	// UpdateRole changes everything but Account, Name, Path and Created.
	UpdateRole(Role) error
	// DeleteRole answers ErrNotFound when there is none with that key. Its policies stay: they must be
	// deleted before.
	DeleteRole(Key) error
	ListRoles(account string, after Key, limit int) ([]Role, error)
	// CountRoles counts up to limit.
	CountRoles(account string, limit int) (int, error)
}
