package store

// Streaming says where the events of an app instance are streamed to: for each kind of data the ARN
// of a stream, empty for none.
type Streaming struct {
	Channel string // events about channels and who is in them
	Message string // events about messages
}

// Streamings are the streaming configurations of every app instance. They are read with the app
// instance and with the entry of a channel.
type Streamings interface {
	// SetStreaming replaces the configuration of an app instance.
	SetStreaming(instance Key, s Streaming) error
}
