package store

import "time"

// AccessKey is a key that requests are signed with.
type AccessKey struct {
	Key     Key // its place in the list
	ID      string
	Account string
	// Owner is a KeyOwner; 0 is the root of the account.
	Owner Key
	// Secret is sealed: what is stored opens nothing by itself.
	Secret   []byte
	Disabled bool
	Created  time.Time
	// Used is when the key was used last, to the precision that it is written with, for a service and in a
	// region; zero when it never was.
	Used        time.Time
	UsedService string
	UsedRegion  string
}

// AccessKeys are the keys of all accounts.
type AccessKeys interface {
	// CreateAccessKey answers ErrExists when there is a key of that id, in whatever account.
	CreateAccessKey(AccessKey) error
	// AccessKey answers ErrNotFound when there is none of that id.
	AccessKey(id string) (AccessKey, error)
	// DisableAccessKey disables or enables a key. It answers ErrNotFound when there is none of that id.
	DisableAccessKey(id string, disabled bool) error
	// UseAccessKey notes a use that is later than the one that was noted before, if the key is there.
	UseAccessKey(id string, at time.Time, service, region string) error
	// DeleteAccessKey answers ErrNotFound when there is none of that id.
	DeleteAccessKey(id string) error
	ListAccessKeys(account string, owner, after Key, limit int) ([]AccessKey, error)
}
