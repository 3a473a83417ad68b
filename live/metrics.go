package live

import "github.com/prometheus/client_golang/prometheus"

// metrics are what is counted of sessions.
type metrics struct {
	connected  prometheus.Gauge
	waiting    prometheus.Gauge
	connects   *prometheus.CounterVec
	closes     *prometheus.CounterVec
	resumes    *prometheus.CounterVec
	events     prometheus.Counter
	deliveries prometheus.Counter
	filled     *prometheus.CounterVec
	dropped    prometheus.Counter
}

func newMetrics(registerer prometheus.Registerer) *metrics {
	m := &metrics{
		connected: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "carillon_sessions_connected",
			Help: "Sessions with a connection.",
		}),
		waiting: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "carillon_sessions_waiting",
			Help: "Sessions without a connection that wait for their client to come back.",
		}),
		connects: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "carillon_session_connects_total",
			Help: "Requests to connect, by outcome: established, unauthorized, forbidden, throttled, failed.",
		}, []string{"outcome"}),
		closes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "carillon_session_closes_total",
			Help: "Connections that ended, by close code; 1006 is a connection that broke.",
		}, []string{"code"}),
		resumes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "carillon_session_resumes_total",
			Help: "Clients that came back with the session id they had, by outcome: resumed missed nothing; overflowed missed more than was kept; expired came too late.",
		}, []string{"outcome"}),
		events: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "carillon_session_events_total",
			Help: "Events that were for at least one session of this node.",
		}),
		deliveries: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "carillon_session_deliveries_total",
			Help: "Events handed to sessions, counted once for each.",
		}),
		filled: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "carillon_session_gaps_total",
			Help: "Gaps in streams of events, by outcome: filled from the store, or failed, which closes the sessions concerned.",
		}, []string{"outcome"}),
		dropped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "carillon_session_dropped_events_total",
			Help: "Events that the node could not take in time. Durable ones are read from the store again.",
		}),
	}
	if registerer != nil {
		registerer.MustRegister(m.connected, m.waiting, m.connects, m.closes, m.resumes, m.events, m.deliveries, m.filled, m.dropped)
	}
	return m
}
