package store

import "time"

// CleanupKind says of what kind something is that was deleted.
type CleanupKind uint8

// The kinds of what is cleaned up, in the order in which it is to be done: of identities others are
// still to be told, and an app instance leaves its clean-up to what was in it first.
const (
	IdentityCleanup CleanupKind = iota + 1
	ChannelCleanup
	ChannelFlowCleanup
	AppInstanceCleanup
)

// Leaving is a membership of a deleted identity. Nobody finds it any more but who is to end it.
type Leaving struct {
	ListedMember
	// In names the channel; it is zero when the channel is deleted.
	In ChannelRef
	// SubChannel is the id of the sub-channel in which the membership is; empty in a channel that is
	// not elastic.
	SubChannel string
	// Moderator is set when the identity moderated an elastic channel.
	Moderator bool
}

// Cleanups are what was deleted and may still have records below it, which nobody finds any more.
// Every deletion of an identity, a channel (or sub-channel), a channel flow or an app instance leaves
// one in its own transaction.
type Cleanups interface {
	// ListCleanups lists those of one kind that are due at a time, the longest due first, and by their
	// keys.
	ListCleanups(kind CleanupKind, at time.Time, limit int) ([]Key, error)
	// PostponeCleanup says from when on one is due; without, it is at once. It answers ErrNotFound when
	// there is none.
	PostponeCleanup(kind CleanupKind, key Key, until time.Time) error
	// CleanUp removes at most about limit records below what was deleted, and returns how many; 0
	// when there is nothing of that name to clean up. With the last of them goes the cleanup itself,
	// which counts as one. What an app instance or an elastic channel had in it gets cleanups of its
	// own, each of which counts too. An identity or a flow leaves its own record, which messages refer
	// to, for as long as its app instance is there.
	//
	// The memberships of an identity are not removed: they are to be ended before, one by one.
	CleanUp(kind CleanupKind, key Key, limit int) (removed int, err error)
	// ListLeavings lists memberships of a deleted identity.
	ListLeavings(member Key, limit int) ([]Leaving, error)
	// EndLeaving removes a membership of a deleted identity. It does not touch the channel's counters.
	EndLeaving(Leaving) error
}
