package store

import "time"

// Expiration says after how many days a background job deletes a resource, counted from what.
type Expiration struct {
	Days      int
	Criterion string // an ExpirationCriterion of the API
}

// Expirations find what expires. Their cost does not grow with what does not.
type Expirations interface {
	// ListExpiringIdentities lists identities whose days have passed, by a time, since they were
	// created. The longest overdue come first.
	ListExpiringIdentities(at time.Time, limit int) ([]NamedIdentity, error)
	// ListExpiringChannels lists channels likewise, whatever their criterion.
	ListExpiringChannels(at time.Time, limit int) ([]ChannelRef, error)
	// PostponeExpiration has ListExpiringChannels leave a channel out until a time, or until the
	// channel is changed by UpdateChannel.
	PostponeExpiration(channel Key, until time.Time) error
}
