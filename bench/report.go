package bench

import (
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"text/tabwriter"
	"time"
)

// Report is what was measured.
type Report struct {
	Scenario string            `json:"scenario"`
	Settings map[string]string `json:"settings"`
	Started  time.Time         `json:"started"`
	Seconds  float64           `json:"seconds"`
	CPUs     int               `json:"cpus"`
	Numbers  []Number          `json:"numbers"`
	Delays   []Delay           `json:"delays,omitempty"`
	// Broken are the promises that the server did not keep, and Notes what else should be known.
	Broken []Broken `json:"broken,omitempty"`
	Notes  []string `json:"notes,omitempty"`

	mu   sync.Mutex // guards what may be noted by several: Broken, Notes and said
	said map[string]bool
}

// Number is one thing measured.
type Number struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit,omitempty"`
}

// Broken is a promise that was not kept.
type Broken struct {
	What    string `json:"what"`
	Times   int64  `json:"times"`
	Example string `json:"example,omitempty"`
}

// Delay is a distribution of times, in milliseconds.
type Delay struct {
	Name  string  `json:"name"`
	Count int64   `json:"count"`
	P50   float64 `json:"p50_ms"`
	P99   float64 `json:"p99_ms"`
	P999  float64 `json:"p999_ms"`
	Max   float64 `json:"max_ms"`
}

func newReport(scenario string) *Report {
	return &Report{Scenario: scenario, Settings: make(map[string]string), Started: time.Now(), CPUs: runtime.NumCPU()}
}

func (r *Report) finish() { r.Seconds = time.Since(r.Started).Seconds() }

// number notes a number.
func (r *Report) number(name string, value float64, unit string) {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return
	}
	r.Numbers = append(r.Numbers, Number{Name: name, Value: value, Unit: unit})
}

// count notes how often something happened.
func (r *Report) count(name string, n int64) { r.number(name, float64(n), "") }

// broke notes how often a promise was broken, if it was.
func (r *Report) broke(n int64, what string) { r.brokeAs(n, what, nil) }

// brokeAs does too, with an example.
func (r *Report) brokeAs(n int64, what string, example error) {
	if n <= 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.Broken, func(b Broken) bool { return b.What == what })
	if i < 0 {
		i = len(r.Broken)
		r.Broken = append(r.Broken, Broken{What: what})
		if example != nil {
			r.Broken[i].Example = example.Error()
		}
	}
	r.Broken[i].Times += n
}

// note notes what should be known. It is safe for concurrent use.
func (r *Report) note(format string, arguments ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Notes = append(r.Notes, fmt.Sprintf(format, arguments...))
}

// once notes something of which one example will do.
func (r *Report) once(format string, arguments ...any) {
	r.mu.Lock()
	if r.said == nil {
		r.said = make(map[string]bool)
	}
	first := !r.said[format]
	r.said[format] = true
	r.mu.Unlock()
	if first {
		r.note(format, arguments...)
	}
}

// WriteTable writes the report for people.
func (r *Report) WriteTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "%s, %.1f s\n", r.Scenario, r.Seconds)
	for _, n := range r.Numbers {
		fmt.Fprintf(t, "  %s\t%s %s\n", n.Name, readable(n.Value), n.Unit)
	}
	if len(r.Delays) > 0 {
		fmt.Fprintln(t, "\nms\tp50\tp99\tp99.9\tmax\tcount")
		for _, d := range r.Delays {
			fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%s\t%d\n", d.Name, readable(d.P50), readable(d.P99), readable(d.P999), readable(d.Max), d.Count)
		}
	}
	for _, note := range r.Notes {
		fmt.Fprintf(t, "note: %s\n", note)
	}
	for _, broken := range r.Broken {
		fmt.Fprintf(t, "BROKEN: %d %s\n", broken.Times, broken.What)
		if broken.Example != "" {
			fmt.Fprintf(t, "        such as: %s\n", broken.Example)
		}
	}
	return t.Flush()
}

// readable keeps three or more digits that mean something.
func readable(v float64) string {
	switch {
	case v == math.Trunc(v) || math.Abs(v) >= 1000:
		return strconv.FormatFloat(math.Round(v), 'f', 0, 64)
	case math.Abs(v) >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	default:
		return strconv.FormatFloat(v, 'f', 3, 64)
	}
}
