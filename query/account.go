package query

import (
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"carillon/api"
	"carillon/sigv4"
)

// metrics are what is counted of requests.
type metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
}

func newMetrics(registerer prometheus.Registerer) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "carillon_query_requests_total",
			Help: "Requests for actions answered, by action, HTTP status and error code.",
		}, []string{"action", "status", "code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "carillon_query_request_duration_seconds",
			Help:    "Time from the first look at a request for an action to the last byte of its answer.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"action"}),
	}
	if registerer != nil {
		registerer.MustRegister(m.requests, m.duration)
	}
	return m
}

// actionName names what was asked for in logs and metrics. What is no action shares one name.
func (x *exchange) actionName() string {
	if x.route.Action == nil {
		return "Unknown"
	}
	return x.route.Name
}

// account writes the line in the log and counts the request.
func (x *exchange) account(took time.Duration) {
	action, code := x.actionName(), ""
	if x.fault != nil {
		code = x.fault.Code
	}
	x.metrics.requests.WithLabelValues(action, strconv.Itoa(x.status), code).Inc()
	x.metrics.duration.WithLabelValues(action).Observe(took.Seconds())

	x.witness()

	level := slog.LevelInfo
	switch {
	case x.abandoned():
	case x.status == http.StatusServiceUnavailable:
		level = slog.LevelWarn
	case x.status >= http.StatusInternalServerError:
		level = slog.LevelError
	}
	attrs := []slog.Attr{
		slog.String("operation", action),
		slog.Int("status", x.status),
		slog.String("request_id", x.id),
		slog.Duration("duration", took),
		slog.Int64("bytes_in", x.received),
		slog.Int64("bytes_out", x.sent),
	}
	if code != "" {
		attrs = append(attrs, slog.String("kind", code))
	}
	if x.fault != nil && x.fault.Reason != "" {
		attrs = append(attrs, slog.String("reason", x.fault.Reason))
	}
	if x.caller != nil {
		attrs = append(attrs, slog.String("principal", x.caller.Principal))
	}
	// The cause of a fault of ours is for the operator; that of a refusal may be the caller's own words.
	if level > slog.LevelInfo && x.cause != nil {
		attrs = append(attrs, slog.String("cause", x.cause.Error()))
		var p *panicked
		if errors.As(x.cause, &p) {
			attrs = append(attrs, slog.String("stack", string(p.stack)))
		}
	}
	x.Log.LogAttrs(x.r.Context(), level, "request", attrs...)
}

// witness tells what was asked for and how it ended.
func (x *exchange) witness() {
	if x.Audit == nil || x.route.Action == nil {
		return
	}
	d := &api.Deed{
		Action: x.route.service.Name + ":" + x.route.Name, ReadOnly: readOnly(x.route.Name), Caller: x.caller, Input: x.in, Output: x.out,
		SourceAddress: api.SourceOf(x.r), UserAgent: x.r.UserAgent(), RequestID: x.id, Status: x.status,
	}
	if x.fault != nil {
		d.Err = &api.Error{Kind: kind(x.fault), Message: x.fault.Message, Reason: x.fault.Reason}
	}
	if x.caller == nil && !x.route.Unsigned {
		d.AccessKeyID = sigv4.ClaimedKey(x.r)
	}
	x.Audit(d)
}

// readOnly reports whether an action changes nothing. To be given credentials is a deed.
func readOnly(action string) bool {
	return action != "GetSessionToken" && (strings.HasPrefix(action, "Get") || strings.HasPrefix(action, "List"))
}

// kind is what the API would call an error.
func kind(f *Fault) api.Kind {
	switch {
	case f.Code == codes[api.Throttled]:
		return api.Throttled
	case f.Status == http.StatusForbidden:
		return api.AccessDenied
	case f.Status == http.StatusNotFound:
		return api.NotFound
	case f.Status == http.StatusConflict:
		return api.Conflict
	case f.Status >= http.StatusInternalServerError:
		return api.ServiceFailure
	default:
		return api.BadRequest
	}
}
