// Package rest is the room where the API is HTTP: it takes a request apart, finds the operation it
// is for, calls it, and writes its answer or its error the way AWS does.
//
// Everything around an operation that is the same for all of them is here, once: request id, route,
// limits of the body, decoding, CORS, the line in the log and the metrics. Who signed a request, whether
// the caller may do what it asks for, and what an operation does, is known elsewhere: rest is given a
// function for each, and the operations as an api.Service. No rule of the API beyond its wire, no
// store and no other room may enter.
package rest

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"carillon/api"
)

// Limits that hold unless Options say otherwise.
const (
	// DefaultMaxBody is the longest body of a request, in bytes. A channel made with a hundred
	// members takes about a fiftieth of it.
	DefaultMaxBody = 1 << 20
	// DefaultBodyTimeout is the time in which a body has to arrive.
	DefaultBodyTimeout = 20 * time.Second
)

// Options are what the API over HTTP needs.
type Options struct {
	// Service does what the operations say. Required.
	Service api.Service
	// Authenticate tells who signed a request with this body. Required.
	Authenticate func(r *http.Request, body []byte) (*api.Caller, error)
	// Enter counts a request of a caller from when it is known until it is answered, or refuses it. nil
	// counts none.
	Enter func(caller *api.Caller) (leave func(), err error)
	// Admit refuses a request that its caller may not make, or not so often. It sees the typed
	// request. nil admits all.
	Admit func(ctx context.Context, op *api.Operation, caller *api.Caller, in any) error
	// Audit is told of every request for an operation once it is answered. nil tells nobody.
	Audit api.Witness
	// Explain has answers say by which rule something was refused or is not there.
	Explain bool
	// Log gets one line per request. nil is slog.Default().
	Log *slog.Logger
	// Metrics is where the metrics are registered. nil keeps them to ourselves.
	Metrics prometheus.Registerer
	// MaxBody is the longest body, in bytes; 0 is DefaultMaxBody.
	MaxBody int64
	// Verify counts a request from an address from before it is read until it is known who signed it, or
	// refuses it. nil counts none.
	Verify func(address string) (leave func(), err error)
	// DefaultBearer is the identity of requests that lack the header x-amz-chime-bearer and need
	// it, for clients from before there was one. Empty refuses them.
	DefaultBearer string
	// AllowedOrigins are the origins of web pages that may call; empty allows any.
	AllowedOrigins []string
	// BodyTimeout is the time in which a body has to arrive; 0 is DefaultBodyTimeout.
	BodyTimeout time.Duration
}

// handler is the API over HTTP.
type handler struct {
	Options
	routes  *node
	metrics *metrics
	newID   func() string
}

// New makes the handler of the whole API. It answers every path, and must be mounted so that no
// other handler cleans or redirects paths before it.
func New(o Options) http.Handler { return newHandler(o, api.Operations) }

func newHandler(o Options, table []api.Operation) *handler {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.MaxBody == 0 {
		o.MaxBody = DefaultMaxBody
	}
	if o.BodyTimeout == 0 {
		o.BodyTimeout = DefaultBodyTimeout
	}
	if o.Verify == nil {
		o.Verify = func(string) (func(), error) { return func() {}, nil }
	}
	return &handler{
		Options: o, routes: newRoutes(table), metrics: newMetrics(o.Metrics), newID: uuid.NewString,
	}
}

// ServeHTTP answers one request.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	h.metrics.inFlight.Inc()
	defer h.metrics.inFlight.Dec()
	x := &exchange{handler: h, w: w, r: r, id: h.newID()}
	x.openHeader()
	if r.Method == http.MethodOptions {
		x.preflight()
	} else {
		x.serve()
	}
	x.account(time.Since(began))
}
