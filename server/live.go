package server

import (
	"context"
	"net/http"
	"path/filepath"
	"time"

	"carillon/api"
	"carillon/auth"
	"carillon/bus"
	"carillon/chat"
	"carillon/live"
	"carillon/throttle"
)

// drainSpread is how long closing sessions is spread over at the end, so that clients do not all come
// back at once.
const drainSpread = 3 * time.Second

// openLive makes the room of the sessions.
func (s *Server) openLive(ctx context.Context, service *chat.Service, events bus.Bus, authenticator *auth.Authenticator, principals *throttle.Principals) (*live.Hub, error) {
	options := live.Options{
		Bus: events, Directory: directory{service}, Partition: partition, Region: s.config.Region,
		Authenticate: func(r *http.Request) (*api.Caller, error) { return authenticator.Authenticate(r, nil) },
		Enter:        principals.Enter, Admit: s.access.AuthorizeConnect,
		PerUser: s.config.SessionsPerUser, ResumeWindow: s.config.SessionResumeWindow, Buffer: s.config.SessionBuffer,
		PingInterval: s.config.SessionPingInterval, DrainSpread: drainSpread,
		Journal: filepath.Join(s.config.Data, "sessions"),
		Audit:   s.witness(), Explain: s.config.Explain, Log: s.log, Metrics: s.metrics,
	}
	if !s.config.anyOrigin() {
		options.AllowedOrigins = s.config.AllowedOrigins
	}
	return live.New(ctx, options)
}

// eventLife is how long events are kept: for every session that may still be resumed, and as long again
// for the server to be restarted in.
func (c *Config) eventLife() time.Duration { return max(2*c.SessionResumeWindow, 15*time.Minute) }

// directory lets the sessions ask the operations.
type directory struct{ *chat.Service }

var _ live.Directory = directory{}

func (d directory) Streams(ctx context.Context, user string, each func([]bus.Stream) error) error {
	return d.SessionStreams(ctx, user, each)
}

func (d directory) Events(ctx context.Context, at bus.Stream, until int64, limit int) ([]live.Past, int64, error) {
	events, next, err := d.SessionEvents(ctx, at, until, limit)
	return past(events), next, err
}

func (d directory) EventsSince(ctx context.Context, at bus.Stream, since time.Time, limit int) ([]live.Past, bool, error) {
	events, more, err := d.SessionEventsSince(ctx, at, since, limit)
	return past(events), more, err
}

func (d directory) Leavings(ctx context.Context, user string, since time.Time, limit int) ([]live.Past, error) {
	events, err := d.SessionLeavings(ctx, user, since, limit)
	return past(events), err
}

func (d directory) Moderators(ctx context.Context, channel string, among []string) ([]string, error) {
	return d.SessionModerators(ctx, channel, among)
}

func (d directory) Details(ctx context.Context, user string, byLastMessage bool, each func(quoted ...[]byte) error) error {
	return d.SessionDetails(ctx, user, byLastMessage, func(_ string, quoted ...[]byte) error { return each(quoted...) })
}

func past(events []chat.TimedEvent) []live.Past {
	list := make([]live.Past, len(events))
	for i, e := range events {
		list[i] = live.Past(e)
	}
	return list
}

// withSessions has requests to connect answered by the hub, and all others by the API.
func withSessions(hub, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && r.URL.EscapedPath() == "/connect" {
			hub.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}
