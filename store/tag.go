package store

// Tag is one key and value on a resource.
type Tag struct {
	Key   string
	Value string
}

// Tags are the tags of every taggable resource: app instances, identities, channels and flows, each
// by its key.
type Tags interface {
	// PutTags sets tags, over those that are there.
	PutTags(resource Key, tags []Tag) error
	// DeleteTags removes tags by their keys; those that are not there are passed over.
	DeleteTags(resource Key, keys []string) error
	// Tags returns all tags of a resource in the order of their keys, bytewise.
	Tags(resource Key) ([]Tag, error)
}
