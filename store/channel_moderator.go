package store

import "time"

// ChannelModerator is one identity's role of moderator in one channel, kept in both directions.
type ChannelModerator struct {
	Key       Key // of the role: its place in the lists
	Channel   Key
	Moderator Key
	CreatedBy Key
	Created   time.Time
}

// ListedModerator is a moderator with who it is and who made it one.
type ListedModerator struct {
	ChannelModerator
	Who     Identity
	Creator Identity
}

// ModeratedChannel is a channel from its moderator's side.
type ModeratedChannel struct {
	Role Key // the place in the list
	In   Channel
}

// ChannelModerators are the moderators of every channel.
type ChannelModerators interface {
	// CreateChannelModerators answers ErrExists when one of them is a moderator already.
	CreateChannelModerators(channel Key, moderators []ChannelModerator) error
	// ChannelModerator answers ErrNotFound when the identity is no moderator.
	ChannelModerator(channel, moderator Key) (ListedModerator, error)
	// DeleteChannelModerator answers ErrNotFound when the identity is no moderator.
	DeleteChannelModerator(channel, moderator Key) error
	ListChannelModerators(channel, after Key, limit int) ([]ListedModerator, error)
	// ListModeratedBy lists the channels that one identity moderates.
	ListModeratedBy(moderator, after Key, limit int) ([]ModeratedChannel, error)
	// CountChannelModerators counts up to limit.
	CountChannelModerators(channel Key, limit int) (int, error)
}
