package store

// Settings are few and small values that all nodes share, such as the key that seals page tokens.
type Settings interface {
	// Setting answers ErrNotFound when the name was never set.
	Setting(name string) ([]byte, error)
	// PutSetting sets a value, over the one that is there.
	PutSetting(name string, value []byte) error
}
