package sqlstore

import "carillon/store"

func streamingColumns(alias string) string { return columns(alias, "channel_stream message_stream") }

func scanStreaming(r *row) store.Streaming {
	return store.Streaming{Channel: r.text(), Message: r.text()}
}

var setStreaming = sql(`UPDATE app_instance SET channel_stream = $1, message_stream = $2 WHERE key = $3 AND deleted = 0`)

// SetStreaming implements store.Streamings.
func (t *tx) SetStreaming(instance store.Key, s store.Streaming) error {
	return t.change(setStreaming, text(s.Channel), text(s.Message), key(instance))
}
