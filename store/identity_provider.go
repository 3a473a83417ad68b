package store

import "time"

// IdentityProvider is somebody outside whose word on who a person is counts in an account: an issuer of
// OpenID Connect tokens.
type IdentityProvider struct {
	Key     Key // its place in the list
	Account string
	// URL is that of the issuer, without https://.
	URL string
	// ClientIDs are whom its tokens may be made for.
	ClientIDs   []string
	Thumbprints []string
	Created     time.Time
}

// IdentityProviders are those of every account.
type IdentityProviders interface {
	// CreateIdentityProvider answers ErrExists when the account has one of that URL.
	CreateIdentityProvider(IdentityProvider) error
	// IdentityProvider answers ErrNotFound when the account has none of that URL.
	IdentityProvider(account, url string) (IdentityProvider, error)
	// UpdateIdentityProvider changes ClientIDs and Thumbprints.
	UpdateIdentityProvider(IdentityProvider) error
	// DeleteIdentityProvider answers ErrNotFound when there is none with that key.
	DeleteIdentityProvider(Key) error
	ListIdentityProviders(account string, after Key, limit int) ([]IdentityProvider, error)
}
