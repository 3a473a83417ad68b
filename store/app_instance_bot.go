package store

// AppInstanceBots are what bots have beside that which every identity has. A bot is an Identity of
// kind arn.Bot.
type AppInstanceBots interface {
	// BotConfiguration is the JSON text of the configuration of a bot. It answers ErrNotFound when
	// none was set.
	BotConfiguration(bot Key) (string, error)
	// SetBotConfiguration sets the configuration of a bot, over the one that is there.
	SetBotConfiguration(bot Key, configuration string) error
}
