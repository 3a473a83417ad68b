package storetest

import (
	"testing"

	"carillon/arn"
	"carillon/store"
)

func testAppInstanceBots(t *testing.T, w *world) {
	a := w.instance(t)
	configuration := func(bot store.Key) func(store.Tx) (string, error) {
		return func(tx store.Tx) (string, error) { return tx.BotConfiguration(bot) }
	}
	set := func(t *testing.T, bot store.Key, text string) {
		t.Helper()
		w.must(t, func(tx store.Tx) error { return tx.SetBotConfiguration(bot, text) })
	}

	t.Run("a bot begins without a configuration", func(t *testing.T) {
		bots := w.identities(t, a.Key, arn.Bot, 2)
		set(t, bots[0].Key, `{}`)
		w.absent(t, func(tx store.Tx) error { return ignore(configuration(bots[1].Key)(tx)) })
	})
	t.Run("the last configuration is the one that is found", func(t *testing.T) {
		bots := w.identities(t, a.Key, arn.Bot, 2)
		set(t, bots[0].Key, `{"a":1}`)
		set(t, bots[1].Key, `{"b":2}`)
		set(t, bots[0].Key, "{\"c\":\"\x00\U0001F514\"}")
		expect(t, w, "{\"c\":\"\x00\U0001F514\"}", configuration(bots[0].Key))
		expect(t, w, `{"b":2}`, configuration(bots[1].Key))
	})
	t.Run("a deleted bot has none, nor has that of a deleted app instance", func(t *testing.T) {
		a := w.instance(t)
		bots := w.identities(t, a.Key, arn.Bot, 2)
		for _, bot := range bots {
			set(t, bot.Key, `{}`)
		}
		w.must(t, func(tx store.Tx) error { return tx.DeleteIdentity(bots[0].Key) })
		w.absent(t, func(tx store.Tx) error { return ignore(configuration(bots[0].Key)(tx)) })
		expect(t, w, `{}`, configuration(bots[1].Key))
		w.must(t, func(tx store.Tx) error { return tx.DeleteAppInstance(a.Key) })
		w.absent(t, func(tx store.Tx) error { return ignore(configuration(bots[1].Key)(tx)) })
	})
}
