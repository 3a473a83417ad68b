package bench

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"testing"
	"time"
)

func TestMemoriesAreLookedAtOnceAMinute(t *testing.T) {
	admin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "# HELP go_goroutines Number.\ngo_goroutines 7\ngo_memstats_heap_alloc_bytes 3.145728e+06\n")
	}))
	defer admin.Close()
	m := memories{process: process(os.Getpid()), admin: admin.URL}
	for range 3 {
		m.look(t.Context())
	}
	if len(m.looked) != 1 {
		t.Fatalf("%d looks, want 1", len(m.looked))
	}
	r := newReport("test")
	m.report(r)
	if len(r.Numbers) != 0 {
		t.Errorf("one look is no series: %+v", r.Numbers)
	}
	m.last = m.last.Add(-2 * time.Minute)
	m.began = m.last
	m.look(t.Context())
	m.report(r)
	var names []string
	for _, n := range r.Numbers {
		names = append(names, n.Name)
	}
	for _, want := range []Number{{Name: "minute 2, server heap", Value: 3, Unit: "MiB"}, {Name: "minute 2, server goroutines", Value: 7}} {
		if !slices.Contains(r.Numbers, want) {
			t.Errorf("%+v is missing among %+v", want, r.Numbers)
		}
	}
	if len(names) != 6 {
		t.Errorf("%q", names)
	}
}

func TestGaugesThatAreNotToldAreZero(t *testing.T) {
	for _, admin := range []string{"", "http://127.0.0.1:1", "::"} {
		if got := gauges(t.Context(), admin, "a", "b"); !slices.Equal(got, []float64{0, 0}) {
			t.Errorf("%q: %v", admin, got)
		}
	}
}
