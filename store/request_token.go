package store

import "time"

// RequestToken remembers a request that carried a ClientRequestToken, so that a retry is answered
// with what the first one made.
type RequestToken struct {
	// Scope is the space the token is unique in: an account or the key of a sender.
	Scope     string
	Operation string
	Token     string
	// Fingerprint tells whether a later request is the same one.
	Fingerprint [16]byte
	// Result is what the first request made, such as an ARN.
	Result  string
	Expires time.Time
}

// RequestTokens are the remembered requests.
type RequestTokens interface {
	// RequestToken answers ErrNotFound when none is remembered that expires after now.
	RequestToken(scope, operation, token string, now time.Time) (RequestToken, error)
	// PutRequestToken remembers a request, over an expired one of the same name.
	PutRequestToken(RequestToken) error
	// DeleteRequestTokens forgets at most limit requests that expired by now and returns how many.
	DeleteRequestTokens(now time.Time, limit int) (int, error)
}
