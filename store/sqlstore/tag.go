package sqlstore

import "carillon/store"

func scanTag(r *row) store.Tag { return store.Tag{Key: r.text(), Value: r.text()} }

var (
	putTag = sql(`INSERT INTO tag (resource, name, value) VALUES ($1, $2, $3)
		ON CONFLICT (resource, name) DO UPDATE SET value = excluded.value`)
	deleteTag  = sql(`DELETE FROM tag WHERE resource = $1 AND name = $2`)
	selectTags = sql(`SELECT name, value FROM tag WHERE resource = $1 ORDER BY name`)
)

// PutTags implements store.Tags.
func (t *tx) PutTags(resource store.Key, tags []store.Tag) error {
	args := make([]value, 0, len(tags)*putTag.params)
	for _, tag := range tags {
		args = append(args, key(resource), text(tag.Key), text(tag.Value))
	}
	return t.put(putTag, args...)
}

// DeleteTags implements store.Tags.
func (t *tx) DeleteTags(resource store.Key, keys []string) error {
	args := make([]value, 0, len(keys)*deleteTag.params)
	for _, name := range keys {
		args = append(args, key(resource), text(name))
	}
	return t.put(deleteTag, args...)
}

// Tags implements store.Tags.
func (t *tx) Tags(resource store.Key) ([]store.Tag, error) {
	var tags []store.Tag
	err := t.query(selectTags, func(_ int, r *row) { tags = append(tags, scanTag(r)) }, key(resource))
	return tags, err
}
