package rest

import (
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"carillon/api"
	"carillon/sigv4"
)

// metrics are what is counted of requests.
type metrics struct {
	requests   *prometheus.CounterVec
	duration   *prometheus.HistogramVec
	inFlight   prometheus.Gauge
	undeclared *prometheus.CounterVec
}

func newMetrics(registerer prometheus.Registerer) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "carillon_requests_total",
			Help: "Requests answered, by operation, HTTP status and kind of error.",
		}, []string{"operation", "status", "kind"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "carillon_request_duration_seconds",
			Help:    "Time from the first look at a request to the last byte of its answer.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"operation"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "carillon_requests_in_flight",
			Help: "Requests being answered.",
		}),
		undeclared: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "carillon_undeclared_errors_total",
			Help: "Errors of a kind that their operation does not declare: each is a defect.",
		}, []string{"operation", "kind"}),
	}
	if registerer != nil {
		registerer.MustRegister(m.requests, m.duration, m.inFlight, m.undeclared)
	}
	return m
}

// operationName names what was asked for in logs and metrics. Requests that are for no operation
// share one name: their paths are anybody's invention.
func (x *exchange) operationName() string {
	switch {
	case x.op != nil:
		return x.op.Name
	case x.r.Method == http.MethodOptions:
		return "Preflight"
	default:
		return "Unknown"
	}
}

// kindName names the kind of error; a request without error has none.
func (x *exchange) kindName() string {
	switch {
	case x.err == nil:
		return ""
	case x.status == statusAbandoned:
		return "Abandoned"
	default:
		return x.err.Kind.String()
	}
}

// What callers choose is bounded in the log, in bytes.
const (
	maxLoggedPath   = 128  // of a request that is for no operation
	maxLoggedBearer = 1600 // the longest ARN there is
	maxLoggedReason = 512
)

func clip(s string, max int) string { return s[:min(len(s), max)] }

// account writes the line in the log and counts the request.
func (x *exchange) account(took time.Duration) {
	operation, kind := x.operationName(), x.kindName()
	x.metrics.requests.WithLabelValues(operation, strconv.Itoa(x.status), kind).Inc()
	x.metrics.duration.WithLabelValues(operation).Observe(took.Seconds())

	x.witness()

	level := slog.LevelInfo
	fault := x.err != nil && x.status >= 500 && x.err.Kind != api.NotImplemented
	switch {
	case fault && x.err.Kind == api.ServiceUnavailable:
		level = slog.LevelWarn
	case fault:
		level = slog.LevelError
	}
	ctx := x.r.Context()
	if !x.Log.Enabled(ctx, level) {
		return
	}
	attrs := make([]slog.Attr, 0, 14)
	attrs = append(attrs,
		slog.String("operation", operation),
		slog.Int("status", x.status),
		slog.String("request_id", x.id),
		slog.Duration("duration", took),
		slog.Int64("bytes_in", x.received),
		slog.Int64("bytes_out", x.sent),
	)
	if kind != "" {
		attrs = append(attrs, slog.String("kind", kind))
	}
	if reason := x.reason(); reason != "" {
		attrs = append(attrs, slog.String("reason", clip(reason, maxLoggedReason)))
	}
	if x.caller != nil {
		attrs = append(attrs, slog.String("principal", x.caller.Principal))
		if x.caller.Bearer != "" {
			attrs = append(attrs, slog.String("bearer", clip(x.caller.Bearer, maxLoggedBearer)))
		}
	}
	if x.op == nil {
		path, _ := sigv4.SplitTarget(x.r.RequestURI)
		attrs = append(attrs, slog.String("method", x.r.Method), slog.String("path", clip(path, maxLoggedPath)))
	}
	// The cause of a fault is for the operator; that of a refusal may be the caller's own words.
	if fault && x.err.Cause != nil {
		attrs = append(attrs, slog.String("cause", x.err.Cause.Error()))
		var p *panicked
		if errors.As(x.err.Cause, &p) {
			attrs = append(attrs, slog.String("stack", string(p.stack)))
		}
	}
	x.Log.LogAttrs(ctx, level, "request", attrs...)
}

// witness tells what was asked for and how it ended.
func (x *exchange) witness() {
	if x.Audit == nil || x.op == nil {
		return
	}
	d := &api.Deed{
		Action: "chime:" + x.op.Name, ReadOnly: x.op.ReadOnly, Caller: x.caller, Input: x.in,
		SourceAddress: api.SourceOf(x.r), UserAgent: x.r.UserAgent(), RequestID: x.id, Status: x.status, Err: x.err,
	}
	if x.out != nil {
		d.Output = x.out
	}
	if x.caller == nil {
		d.AccessKeyID = sigv4.ClaimedKey(x.r)
	}
	x.Audit(d)
}

// reason says by which rule something was refused or, where that is told, is not there.
func (x *exchange) reason() string {
	switch {
	case x.err != nil:
		return x.err.Reason
	case x.caller != nil:
		return x.caller.Why.String()
	default:
		return ""
	}
}

// undeclared notes an error of a kind that its operation does not declare.
func (x *exchange) undeclared() {
	kind := x.err.Kind.String()
	x.metrics.undeclared.WithLabelValues(x.op.Name, kind).Inc()
	x.Log.LogAttrs(x.r.Context(), slog.LevelError, "an operation failed in a way it does not declare",
		slog.String("operation", x.op.Name), slog.String("kind", kind), slog.String("request_id", x.id))
}
