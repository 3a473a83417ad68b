// Package query is the room where actions are forms: the AWS query protocol over HTTP, on one path of the
// port that the API is on. A request names an action and a version and has its parameters in a form; the
// answer is XML.
//
// Everything around an action that is the same for all of them is here, once: request id, limits of the
// body, the form as a typed input, the answer and the errors as XML, CORS, the line in the log and the
// metrics. Which actions there are, who signed a request, and what an action does, is known elsewhere:
// query is given a table and a function. No rule of an action, no store and no other room may enter.
package query

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"carillon/api"
)

// Limits that hold unless Options say otherwise.
const (
	// DefaultMaxBody is the longest body of a request, in bytes: a policy of the greatest length, each
	// character of it escaped, and as long a token.
	DefaultMaxBody = 128 << 10
	// DefaultBodyTimeout is the time in which a body has to arrive.
	DefaultBodyTimeout = 20 * time.Second
)

// Service is some actions that are asked for with one version.
type Service struct {
	// Name is the service in the scope of signatures: sts, iam.
	Name    string
	Version string
	// Namespace is that of the answers.
	Namespace string
	Actions   []Action
}

// Action is something that can be asked for.
type Action struct {
	Name string
	// Unsigned actions are for those who have no key yet.
	Unsigned bool

	// call does the action. in is the typed input, for the record.
	call func(ctx context.Context, caller *api.Caller, form *form) (in, out any, err error)
}

// Do is an action that is done by a function, whose input and output have the names of the wire.
func Do[In, Out any](name string, do func(context.Context, *api.Caller, *In) (*Out, error)) Action {
	return Action{Name: name, call: func(ctx context.Context, caller *api.Caller, form *form) (any, any, error) {
		in := new(In)
		if err := form.decode(in); err != nil {
			return nil, nil, err
		}
		out, err := do(ctx, caller, in)
		if err != nil || out == nil {
			return in, nil, err
		}
		return in, out, nil
	}}
}

// DoUnsigned is like Do, for those who have no key yet.
func DoUnsigned[In, Out any](name string, do func(context.Context, *api.Caller, *In) (*Out, error)) Action {
	a := Do(name, do)
	a.Unsigned = true
	return a
}

// Fault is an error with the words of this wire, which differ from those of the API.
type Fault struct {
	Code, Message string
	Status        int
	// Reason says why, for the log and never for the answer.
	Reason string
}

// Options are what the actions over HTTP need.
type Options struct {
	Services []Service
	// Authenticate tells who signed a request to a service with this body. Required.
	Authenticate func(service string, r *http.Request, body []byte) (*api.Caller, error)
	// Verify counts a request from an address from before it is read until it is known who signed it, or, when
	// it needs no signature, until it is answered; or refuses it. nil counts none.
	Verify func(address string) (leave func(), err error)
	// Enter counts a request of a caller from when it is known until it is answered, or refuses it. nil
	// counts none.
	Enter func(caller *api.Caller) (leave func(), err error)
	// Audit is told of every request for an action once it is answered. nil tells nobody.
	Audit api.Witness
	// Explain has answers say by which rule something was refused.
	Explain bool
	// Words gives an error of an action its words, or nil when it has none of its own. Required.
	Words func(err error) *Fault
	// Log gets one line per request. nil is slog.Default().
	Log *slog.Logger
	// Metrics is where the metrics are registered. nil keeps them to ourselves.
	Metrics prometheus.Registerer
	// MaxBody is the longest body, in bytes; 0 is DefaultMaxBody.
	MaxBody int64
	// BodyTimeout is the time in which a body has to arrive; 0 is DefaultBodyTimeout.
	BodyTimeout time.Duration
	// AllowedOrigins are the origins of web pages that may call; empty allows any.
	AllowedOrigins []string
}

// name is by what an action is found.
type name struct{ version, action string }

// route is an action and the service it belongs to.
type route struct {
	*Action
	service *Service
}

type handler struct {
	Options
	routes  map[name]route
	metrics *metrics
	newID   func() string
}

// New makes the handler of what Serves reports.
func New(o Options) http.Handler {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.MaxBody == 0 {
		o.MaxBody = DefaultMaxBody
	}
	if o.Verify == nil {
		o.Verify = func(string) (func(), error) { return func() {}, nil }
	}
	if o.BodyTimeout == 0 {
		o.BodyTimeout = DefaultBodyTimeout
	}
	h := &handler{Options: o, routes: make(map[name]route), metrics: newMetrics(o.Metrics), newID: uuid.NewString}
	for i := range o.Services {
		s := &o.Services[i]
		for j := range s.Actions {
			h.routes[name{s.Version, s.Actions[j].Name}] = route{Action: &s.Actions[j], service: s}
		}
	}
	return h
}

// Serves reports whether a request asks for an action: no operation of the API is on the path "/". A
// preflight does not count, the API answers it for every path.
func Serves(r *http.Request) bool {
	if path := r.URL.EscapedPath(); path != "/" && path != "" {
		return false
	}
	switch r.Method {
	case http.MethodPost:
		return isForm(r) || asksForAction(r)
	case http.MethodGet:
		return asksForAction(r)
	default:
		return false
	}
}

func isForm(r *http.Request) bool {
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	return strings.EqualFold(strings.TrimSpace(kind), "application/x-www-form-urlencoded")
}

func asksForAction(r *http.Request) bool {
	if !strings.Contains(r.URL.RawQuery, "Action=") {
		return false
	}
	parameters, err := url.ParseQuery(r.URL.RawQuery)
	return err == nil && parameters.Has("Action")
}

// ServeHTTP answers one request.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	x := &exchange{handler: h, w: w, r: r, id: h.newID()}
	x.openHeader()
	x.serve()
	x.account(time.Since(began))
}
