package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// report judges what came, and reports it.
func (r *soaking) report() {
	v := r.judge()
	report := r.b.Report
	var connections, sessions int64
	for _, d := range r.devices {
		sessions += int64(len(d.lives))
		for _, l := range d.lives {
			connections += int64(len(l.connections))
		}
	}
	report.count("calls", r.truth.calls.Load())
	report.count("events", int64(len(r.truth.events)))
	report.count("deliveries", r.truth.heard.Load())
	report.count("sessions", sessions)
	report.count("connections", connections)
	report.count("slow sessions closed by the server", r.truth.slow.Load())
	report.count("sessions with more missed than is kept", v.overflowed)
	report.count("kills", int64(r.truth.kills()))
	report.count("events not stored and lost in a kill", v.lost)
	report.count("repeated after a connection broke", v.repeated)
	report.count("missing", v.missing)
	report.broke(v.missing, "events did not reach a session that had to get them")
	report.broke(v.foreign, "events reached a session whose user was not in the channel")
	report.broke(v.twice, "events reached a session twice, or out of order")
	report.broke(v.late, "events were repeated long after they were received")
	report.broke(v.unordered, "events are out of order")
	report.broke(v.unknown, "events reached a session and not the witness")
	report.broke(r.truth.strange.Load(), "frames were no events")
}

const (
	// leakWithin is how long a server may take to be as it was.
	leakWithin = 15 * time.Second
	// slack is how many goroutines more than before are no leak: of the machinery of HTTP.
	slack = 10
)

// checkServer checks that nothing of the run is left in the server.
func (r *soaking) checkServer(ctx context.Context, before int) {
	if r.b.Admin == "" {
		r.b.Report.note("the admin listener is not known: what is left in the server is not checked")
		return
	}
	r.checkMetrics(ctx)
	var connected, waiting float64
	var after int
	clean := r.await(ctx, leakWithin, func() bool {
		connected, _ = r.b.metric(ctx, "carillon_sessions_connected", "")
		waiting, _ = r.b.metric(ctx, "carillon_sessions_waiting", "")
		after = r.b.goroutines(ctx)
		return connected == 0 && waiting == 0 && after <= before+slack
	})
	r.b.Report.count("goroutines of the server before", int64(before))
	r.b.Report.count("goroutines of the server after", int64(after))
	if !clean {
		r.b.Report.broke(int64(connected), "sessions are connected after all were closed")
		r.b.Report.broke(int64(waiting), "sessions wait for clients after all were closed")
		r.b.Report.broke(int64(max(0, after-before-slack)), "goroutines are left after all sessions were closed")
	}
}

// checkMetrics checks what a server of ours says of its own faults.
func (r *soaking) checkMetrics(ctx context.Context) {
	for _, m := range []struct{ name, label, what string }{
		{"carillon_session_gaps_total", `outcome="failed"`, "gaps in streams of events could not be filled"},
		{"carillon_undeclared_errors_total", "", "answers had an error that the operation does not declare"},
	} {
		n, err := r.b.metric(ctx, m.name, m.label)
		if err != nil {
			r.b.Report.once("the server's metrics cannot be read: %v", err)
		}
		r.b.Report.broke(int64(n), m.what)
	}
}

// metric reads a metric of the server: the sum over its labels that contain a text.
func (b *Bench) metric(ctx context.Context, name, label string) (sum float64, err error) {
	err = b.ask(ctx, "/metrics", func(line string) {
		rest, ok := strings.CutPrefix(line, name)
		if !ok || rest == "" || rest[0] != ' ' && rest[0] != '{' || !strings.Contains(rest, label) {
			return
		}
		value, _ := strconv.ParseFloat(rest[strings.LastIndexByte(rest, ' ')+1:], 64)
		sum += value
	})
	return sum, err
}

// goroutines counts those of the server; 0 when it cannot be asked.
func (b *Bench) goroutines(ctx context.Context) (n int) {
	b.client.CloseIdleConnections()
	_ = b.ask(ctx, "/debug/pprof/goroutine?debug=1", func(line string) {
		if total, ok := strings.CutPrefix(line, "goroutine profile: total "); ok {
			n, _ = strconv.Atoi(total)
		}
	})
	return n
}

// ask reads what the admin listener says, line by line.
func (b *Bench) ask(ctx context.Context, path string, each func(line string)) error {
	if b.Admin == "" {
		return errors.New("the admin listener is not known")
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, b.Admin+path, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: status %d", path, answer.StatusCode)
	}
	lines := bufio.NewScanner(io.LimitReader(answer.Body, maxAnswer))
	for lines.Scan() {
		each(lines.Text())
	}
	return lines.Err()
}
