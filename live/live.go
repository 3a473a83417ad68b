// Package live is the room of the sessions: WebSocket connections through which app instance users
// hear what happens in their channels.
//
// It takes committed events from the bus, encodes each once, and hands them to the sessions of this
// node that they are for. It decides no permission: who gets an event stands in the event, and who is a
// member is asked once, when a user connects, and then follows from the events themselves. Signatures,
// rules of the API and storage are known elsewhere: live is given a Directory to ask. DESIGN.md beside
// this file says which goroutine owns what, and in which order locks are taken.
package live

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"carillon/api"
	"carillon/bus"
)

// Directory is what sessions ask of those who keep channels and members. Its methods are safe for
// concurrent use.
type Directory interface {
	// Streams tells which streams a user gets events from, page by page, each with a place that
	// everything up to happened before. A user that does not exist is an *api.Error.
	Streams(ctx context.Context, user string, each func([]bus.Stream) error) error
	// Events reads up to limit durable events of a stream that come after at.Sequence, in order, up to
	// and including the place until, or with 0 all there are. next is the place reached.
	Events(ctx context.Context, at bus.Stream, until int64, limit int) (events []Past, next int64, err error)
	// EventsSince reads up to limit durable events of a stream from a time on; more says that there
	// are more of them.
	EventsSince(ctx context.Context, at bus.Stream, since time.Time, limit int) (events []Past, more bool, err error)
	// Leavings reads up to limit events, from a time on, by which a user left streams.
	Leavings(ctx context.Context, user string, since time.Time, limit int) ([]Past, error)
	// Moderators tells which of some users moderate a channel.
	Moderators(ctx context.Context, channel string, among []string) ([]string, error)
	// Details makes the payloads of the events CHANNEL_DETAILS for a user: of its unread channels
	// first, or of those with the latest messages. They come as the inside of a JSON string, in parts
	// that are the caller's only until each returns.
	Details(ctx context.Context, user string, byLastMessage bool, each func(quoted ...[]byte) error) error
}

// Past is an event and when it happened.
type Past struct {
	bus.Event
	At time.Time
}

// What holds unless Options say otherwise.
const (
	DefaultPerUser      = 10
	DefaultResumeWindow = 2 * time.Minute
	DefaultBuffer       = 4096
	DefaultPingInterval = 30 * time.Second
	DefaultFarewell     = 4 * time.Second
)

// Options are what a Hub needs.
type Options struct {
	// Bus is where events come from. Required.
	Bus bus.Bus
	// Directory is asked about channels and members. Required.
	Directory Directory
	// Authenticate tells who signed a request to connect. Required.
	Authenticate func(r *http.Request) (*api.Caller, error)
	// Enter counts a request to connect of a caller until leave is called; an *api.Error says that the
	// caller makes too many. nil counts none.
	Enter func(caller *api.Caller) (leave func(), err error)
	// Admit tells whether a caller may hear, as of now, what a user hears; an *api.Error says that it may
	// not. nil lets everybody in the user's account.
	Admit func(ctx context.Context, caller *api.Caller, user string) error
	// Region and Partition are those of the users' ARNs.
	Region, Partition string
	// AllowedOrigins are the origins of web pages that may connect; empty allows any.
	AllowedOrigins []string
	// PerUser is how many sessions a user may have; 0 is DefaultPerUser. One more closes the oldest.
	PerUser int
	// ResumeWindow is how long a session is kept for a client whose connection broke; 0 is
	// DefaultResumeWindow.
	ResumeWindow time.Duration
	// Buffer is how many events wait for a session at most; 0 is DefaultBuffer. One more closes the
	// connection of a client that does not read, and forgets what waits for one that is away.
	Buffer int
	// PingInterval is the time between pings on an idle connection; 0 is DefaultPingInterval. A client
	// that leaves two unanswered is gone.
	PingInterval time.Duration
	// DrainSpread is how long closing all sessions at the end is spread over, when there are many.
	DrainSpread time.Duration
	// Farewell is how long clients may take, at the end, to read what was sent to them and say so; 0 is
	// DefaultFarewell. Who takes longer gets twice what it has not confirmed.
	Farewell time.Duration
	// Journal is the file in which sessions survive the end of the process; empty keeps them in memory
	// only.
	Journal string
	// Audit is told of connections that are refused, and of sessions that end because their clients may not
	// listen any more. nil tells nobody.
	Audit api.Witness
	// Explain has the answer that opens a WebSocket say why it will be closed at once.
	Explain bool
	// Log gets a line for every session that begins or ends. nil is slog.Default().
	Log *slog.Logger
	// Metrics is where the metrics are registered. nil keeps them to ourselves.
	Metrics prometheus.Registerer
	// Now is the clock; nil is the machine's.
	Now func() time.Time
}

func (o *Options) fill() {
	if o.Enter == nil {
		o.Enter = func(*api.Caller) (func(), error) { return func() {}, nil }
	}
	if o.PerUser == 0 {
		o.PerUser = DefaultPerUser
	}
	if o.ResumeWindow == 0 {
		o.ResumeWindow = DefaultResumeWindow
	}
	if o.Buffer == 0 {
		o.Buffer = DefaultBuffer
	}
	if o.PingInterval == 0 {
		o.PingInterval = DefaultPingInterval
	}
	if o.Farewell == 0 {
		o.Farewell = DefaultFarewell
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}
