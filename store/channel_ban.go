package store

import "time"

// ChannelBan keeps one identity out of one channel.
type ChannelBan struct {
	Key       Key // of the ban: its place in the list
	Channel   Key
	Member    Key
	CreatedBy Key
	Created   time.Time
}

// ListedBan is a ban with who is banned and who banned it.
type ListedBan struct {
	ChannelBan
	Who     Identity
	Creator Identity
}

// ChannelBans are the bans of every channel.
type ChannelBans interface {
	// CreateChannelBan answers ErrExists when the identity is banned already.
	CreateChannelBan(ChannelBan) error
	// ChannelBan answers ErrNotFound when the identity is not banned.
	ChannelBan(channel, member Key) (ListedBan, error)
	// DeleteChannelBan answers ErrNotFound when the identity is not banned.
	DeleteChannelBan(channel, member Key) error
	ListChannelBans(channel, after Key, limit int) ([]ListedBan, error)
}
