package store

import "time"

// Retention says how long the messages of an app instance are kept; zero is for ever.
type Retention struct {
	Days int
	// Deletes is the time from which on messages that are older are deleted.
	Deletes time.Time
}

// Overdue is a stream that may have messages beyond the retention of its app instance.
type Overdue struct {
	Stream Key
	// Before is the time before which a message is beyond it.
	Before time.Time
}

// Retentions are the retention settings of every app instance. They are read with the app instance
// and with the entry of a channel.
type Retentions interface {
	// SetRetention replaces the settings of an app instance.
	SetRetention(instance Key, r Retention) error
	// ListOverdue lists, in no order, streams that may have messages to be deleted at a time. Its
	// cost does not grow with the streams that have none.
	ListOverdue(at time.Time, limit int) ([]Overdue, error)
	// DeleteOverdue deletes at most limit messages of a stream, the oldest first, and returns how
	// many. The stream is overdue no more once it has none left; at is the time now, and no message
	// will be older.
	DeleteOverdue(o Overdue, at time.Time, limit int) (int, error)
}
