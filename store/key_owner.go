package store

import "time"

// KeyOwner is somebody, or some program, with access keys: what IAM calls a user.
type KeyOwner struct {
	Key     Key
	Account string
	Name    string
	Path    string
	Tags    []Tag
	Created time.Time
}

// KeyOwners are those of every account. Their names are not told apart by case.
type KeyOwners interface {
	// CreateKeyOwner answers ErrExists when the account has one of that name.
	CreateKeyOwner(KeyOwner) error
	// KeyOwner answers ErrNotFound when the account has none of that name.
	KeyOwner(account, name string) (KeyOwner, error)
	// KeyOwnerOf answers ErrNotFound when there is none with that key.
	KeyOwnerOf(Key) (KeyOwner, error)
	// DeleteKeyOwner answers ErrNotFound when there is none with that key. What it owns stays: it must be
	// deleted before.
	DeleteKeyOwner(Key) error
	ListKeyOwners(account string, after Key, limit int) ([]KeyOwner, error)
	// CountKeyOwners counts up to limit.
	CountKeyOwners(account string, limit int) (int, error)
}
