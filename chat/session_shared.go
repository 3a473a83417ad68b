package chat

import (
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"carillon/store"
)

const (
	// sharedFor is how long what members of a channel see in common is told again as it was made. Many
	// clients that come at once, after a network failure or a restart, ask for the same channels.
	sharedFor = time.Second
	// sharedTexts and sharedTextSize bound the memory that it takes: 64 MiB, and mostly a fifth of that.
	sharedTexts    = 1024
	sharedTextSize = 64 << 10
)

// shared keeps what all members of a channel see in common in CHANNEL_DETAILS, for a moment.
type shared struct {
	texts *lru.Cache[store.Key, *sharedText] // by stream
	// identities counts the changes of who somebody is: of names, and of who is still there.
	identities atomic.Int64
}

// sharedState is all that a text depends on, but for its age.
type sharedState struct {
	sequence, members int64 // of the stream
	retention         int   // in days
	identities        int64
}

// sharedText is what members see in common, as it stands inside a JSON string.
type sharedText struct {
	quoted []byte
	state  sharedState
	made   time.Time
	oldest time.Time // when the oldest message in it was created; zero without one
	forAll bool      // no member sees anything else
}

func newShared() (*shared, error) {
	texts, err := lru.New[store.Key, *sharedText](sharedTexts)
	return &shared{texts: texts}, err
}

// sharedText is the text of a channel in a state: the one of a moment ago if nothing has changed, or a new
// one. Another node of the same database may rename somebody: that is what the age is bounded for.
func (s *Service) sharedText(tx store.Tx, e *entry, state sharedState, now time.Time) (*sharedText, error) {
	if t, ok := s.shared.texts.Get(e.stream); ok && t.state == state && !now.Before(t.made) && now.Sub(t.made) < sharedFor && !t.oldest.Before(e.visibleSince(now)) {
		return t, nil
	}
	t, err := s.makeSharedText(tx, e, now)
	if err == nil && t.forAll && len(t.quoted) <= sharedTextSize {
		t.state = state
		s.shared.texts.Add(e.stream, t)
	}
	return t, err
}

// identityChanged tells, once the transaction is durable, that names in shared texts may be wrong.
func (s *Service) identityChanged(tx store.Tx) { tx.AfterCommit(func() { s.shared.identities.Add(1) }) }
