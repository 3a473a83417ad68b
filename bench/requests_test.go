package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRoomsTakeTurns(t *testing.T) {
	for _, c := range []struct {
		callers, channels int
		want              [][]int // the first turns of each caller
	}{
		{1, 1, [][]int{{0, 0, 0}}},
		{2, 5, [][]int{{0, 2, 4, 0}, {1, 3, 1, 3}}},
		{4, 2, [][]int{{0, 0}, {1, 1}, {0, 0}, {1, 1}}},
	} {
		r := &rooms{callers: make([]string, c.callers), channels: make([]string, c.channels), turns: make([]int, c.callers)}
		for caller, want := range c.want {
			var got []int
			for range want {
				got = append(got, r.turn(caller))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%d callers, %d channels, caller %d (-want +got):\n%s", c.callers, c.channels, caller, diff)
			}
		}
	}
}

func TestDoorLetsEverybodyInOnce(t *testing.T) {
	d := &door{dice: rand.New(rand.NewPCG(1, 1)), users: []string{"a", "b", "c", "d"}, channel: "channel", order: []int{3, 1, 0, 2}}
	var all []string
	for range 2 {
		channel, members, err := d.next(t.Context(), 2)
		if err != nil || channel != "channel" {
			t.Fatal(channel, err)
		}
		all = append(all, members...)
	}
	slices.Sort(all)
	if diff := cmp.Diff(d.users, all); diff != "" {
		t.Error(diff)
	}
}

func TestGrowSteps(t *testing.T) {
	g := &grow{full: size{messages: 100000, members: 1000, channels: 20}, steps: 3}
	want := []size{{1000, 10, 1}, {10000, 100, 2}, {100000, 1000, 20}}
	for step, want := range want {
		if got := g.at(step); got != want {
			t.Errorf("step %d: %+v, want %+v", step, got, want)
		}
	}
}

// numbered makes requests that carry their number.
func numbered(callers int) *workload {
	made := make([]int, callers)
	return &workload{name: "calls", kinds: []string{"Call"}, next: func(_ context.Context, caller int) (request, error) {
		made[caller]++
		return request{raw: fmt.Appendf(nil, "%d/%d", caller, made[caller])}, nil
	}}
}

func TestPrepare(t *testing.T) {
	newCourse := func(s *requests) *course {
		return &course{requests: s, w: numbered(s.callers), rings: make([][]request, s.callers), used: make([]int, s.callers)}
	}
	t.Run("an open loop needs as many as its rate says", func(t *testing.T) {
		c := newCourse(&requests{load: load{callers: 2, rate: 10}, round: time.Second})
		if err := c.prepare(t.Context()); err != nil || len(c.rings[0]) != 6 || len(c.rings[1]) != 6 {
			t.Errorf("%v, %d and %d", err, len(c.rings[0]), len(c.rings[1]))
		}
	})
	t.Run("a closed loop needs some more than the round before", func(t *testing.T) {
		c := newCourse(&requests{load: load{callers: 2}, round: time.Second})
		c.pace = 100
		if err := c.prepare(t.Context()); err != nil || len(c.rings[0]) != 66 {
			t.Errorf("%v, %d", err, len(c.rings[0]))
		}
	})
	t.Run("what is not enough is made in haste, and each is used once", func(t *testing.T) {
		c := newCourse(&requests{load: load{callers: 1, rate: 2}, round: time.Second})
		if err := c.prepare(t.Context()); err != nil {
			t.Fatal(err)
		}
		var got []string
		for range 5 {
			r, err := c.take(t.Context(), 0)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, string(r.raw))
		}
		if diff := cmp.Diff([]string{"0/1", "0/2", "0/3", "0/4", "0/5"}, got); diff != "" || c.hasty.Load() != 2 {
			t.Errorf("%d in haste, %s", c.hasty.Load(), diff)
		}
	})
	t.Run("a request that cannot be made ends the round", func(t *testing.T) {
		c := newCourse(&requests{load: load{callers: 1, rate: 2}, round: time.Second})
		c.w.next = func(context.Context, int) (request, error) { return request{}, io.ErrClosedPipe }
		if err := c.prepare(t.Context()); !errors.Is(err, io.ErrClosedPipe) {
			t.Error(err)
		}
	})
}

func TestRequestsThatAreUsedAgain(t *testing.T) {
	made := 0
	sign := func() (request, error) {
		made++
		return request{kind: made}, nil
	}
	var a again
	for range 3 {
		if r, err := a.use(sign); err != nil || r.kind != 1 {
			t.Fatalf("%+v %v", r, err)
		}
	}
	a.signed = a.signed.Add(-2 * freshFor)
	if r, err := a.use(sign); err != nil || r.kind != 2 {
		t.Errorf("an old signature is used: %+v %v", r, err)
	}
}

func TestFailuresAreToldByKind(t *testing.T) {
	o := newOutcome()
	for range 2 {
		o.fail(&refusal{operation: "Call", status: 429, kind: "ThrottledClientException"})
	}
	o.fail(fmt.Errorf("wrapped: %w", &refusal{operation: "Call", status: 403, kind: "ForbiddenException", message: "no"}))
	o.fail(io.EOF)
	r := newReport("test")
	o.reportFailures(r, "calls")
	want := []Broken{
		{What: "calls failed", Times: 1, Example: "EOF"},
		{What: "calls failed with ForbiddenException (403)", Times: 1, Example: "wrapped: Call: ForbiddenException: no (status 403)"},
		{What: "calls failed with ThrottledClientException (429)", Times: 2, Example: "Call: ThrottledClientException:  (status 429)"},
	}
	if diff := cmp.Diff(want, r.Broken); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestBareHandler(t *testing.T) {
	in, stop := io.Pipe()
	address, out := io.Pipe()
	served := make(chan error, 1)
	go func() { served <- ServeLimit(in, out) }()
	original := &answer{status: 201, header: []byte("Content-Type: application/json\r\nConnection: keep-alive\r\nX-Id: 1\r\n"), body: []byte("{ }")}
	if _, err := fmt.Fprintf(stop, `[{"status":204},{"status":%d,"size":%d,"header":[["Content-Type","application/json"],["X-Id","1"]]}]`+"\n", original.status, len(original.body)); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 64)
	n, err := address.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	endpoint := "http://" + strings.TrimSpace(string(line[:n]))
	w, err := newWire(endpoint, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.until(time.Now().Add(time.Minute))
	for kind, status := range []int{204, 201, 400} {
		r, err := http.NewRequest(http.MethodPost, endpoint+"/channels", nil)
		if err != nil {
			t.Fatal(err)
		}
		a, err := w.exchange(t.Context(), serialize(r, []byte("body"), kind))
		if err != nil || a.status != status {
			t.Fatalf("kind %d: %v %+v", kind, err, a)
		}
		if kind != 1 {
			continue
		}
		got := shapeOf(a)
		for _, header := range shapeOf(original).Header {
			if !slices.ContainsFunc(got.Header, func(h []string) bool { return slices.Equal(h, header) }) {
				t.Errorf("no %v in %v", header, got.Header)
			}
		}
		if got.Size != len(original.body) || len(shapeOf(original).Header) != 2 {
			t.Errorf("%+v", got)
		}
	}
	w.close()
	_ = stop.Close()
	if err := <-served; err != nil {
		t.Error(err)
	}
	if err := ServeLimit(strings.NewReader("[{"), io.Discard); err == nil {
		t.Error("shapes that are none are served")
	}
}

func TestDisk(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	d := new(disk)
	for range 2 {
		if err := d.run(20 * time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	if d.flushes < 2 || d.took < 40*time.Millisecond || d.perSecond() <= 0 {
		t.Errorf("%+v", d)
	}
}
