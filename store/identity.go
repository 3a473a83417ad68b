package store

import (
	"time"

	"carillon/arn"
)

// Identity is somebody who can act, be a member, a moderator, an admin or banned: an app instance
// user or an app instance bot. Both live in one table, because everything that refers to one may
// refer to the other.
type Identity struct {
	Key      Key
	Instance Key
	Kind     arn.Kind // arn.User or arn.Bot
	ID       string
	Name     string
	Metadata string
	Created  time.Time
	Updated  time.Time
	// Expiration is zero when the identity does not expire. Bots never do.
	Expiration Expiration
}

// IdentityRef names an identity inside its app instance.
type IdentityRef struct {
	Kind arn.Kind
	ID   string
}

// NamedIdentity is an identity with all it takes to name it from the outside.
type NamedIdentity struct {
	Key      Key
	Account  string
	Instance string // the id of the app instance
	IdentityRef
}

// Identities are the users and bots of every app instance. A deleted identity is not found by its
// name and is in no list, but who it was is still told by records that refer to it, such as
// messages it sent.
type Identities interface {
	// CreateIdentity answers ErrExists when the app instance has that id of that kind.
	CreateIdentity(Identity) error
	// Identity answers ErrNotFound when there is none of that name.
	Identity(instance Key, ref IdentityRef) (Identity, error)
	// IdentitiesOf tells who has, or had, each of some keys, in their order; a zero one where nothing is
	// known any more.
	IdentitiesOf(keys []Key) ([]Identity, error)
	// UpdateIdentity changes Name, Metadata, Expiration and Updated.
	UpdateIdentity(Identity) error
	// DeleteIdentity ends an identity: with it go, for every reader and at once, its memberships,
	// moderator roles, bans and its admin role.
	DeleteIdentity(Key) error
	ListIdentities(instance Key, kind arn.Kind, after Key, limit int) ([]Identity, error)
	// CountIdentities counts up to limit.
	CountIdentities(instance Key, kind arn.Kind, limit int) (int, error)
}
