package sqlstore

import "carillon/store"

var (
	selectBotConfiguration = sql(`SELECT b.configuration FROM app_instance_bot b WHERE b.identity = $1 AND ` + identityLives("$1"))
	setBotConfiguration    = sql(`INSERT INTO app_instance_bot (identity, configuration) VALUES ($1, $2)
		ON CONFLICT (identity) DO UPDATE SET configuration = excluded.configuration`)
)

// BotConfiguration implements store.AppInstanceBots.
func (t *tx) BotConfiguration(bot store.Key) (string, error) {
	return one(t, (*row).text, selectBotConfiguration, key(bot))
}

// SetBotConfiguration implements store.AppInstanceBots.
func (t *tx) SetBotConfiguration(bot store.Key, configuration string) error {
	return t.change(setBotConfiguration, key(bot), text(configuration))
}
