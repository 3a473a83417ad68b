package sqlstore

var (
	selectSetting = sql(`SELECT value FROM setting WHERE name = $1`)
	putSetting    = sql(`INSERT INTO setting (name, value) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`)
)

// Setting implements store.Settings.
func (t *tx) Setting(name string) ([]byte, error) {
	return one(t, (*row).blob, selectSetting, text(name))
}

// PutSetting implements store.Settings.
func (t *tx) PutSetting(name string, value []byte) error {
	return t.change(putSetting, text(name), blob(value))
}
