package bench

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestLoad(t *testing.T) {
	// The clock is that of the test: a busy machine does not stall anything.
	run := func(name string, f func(t *testing.T)) {
		t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
	}
	run("an open loop counts the operations that a stall held up", func(t *testing.T) {
		var n atomic.Int64
		l := load{callers: 1, rate: 100, duration: 500 * time.Millisecond}
		o := l.run(t.Context(), func(context.Context, int, time.Time) error {
			if n.Add(1) == 10 {
				time.Sleep(300 * time.Millisecond)
			}
			return nil
		}, func() {})
		r := newReport("test")
		o.report(r, "sends")
		due, start := r.Delays[0], r.Delays[1]
		if due.Count != 50 || due.P50 < 20 || start.P50 > 20 {
			t.Errorf("from when they were due %+v, from their start %+v", due, start)
		}
	})
	run("a closed loop starts the next when the last was answered", func(t *testing.T) {
		l := load{callers: 2, duration: 200 * time.Millisecond, warmUp: 100 * time.Millisecond}
		var begun atomic.Bool
		o := l.run(t.Context(), func(context.Context, int, time.Time) error {
			time.Sleep(10 * time.Millisecond)
			return nil
		}, func() { begun.Store(true) })
		if n := o.operations.Load(); n != 40 || !begun.Load() {
			t.Errorf("%d operations", n)
		}
	})
	run("a closed loop measures one operation of each caller, however slow they are", func(t *testing.T) {
		l := load{callers: 3, duration: 200 * time.Millisecond, warmUp: 100 * time.Millisecond}
		o := l.run(t.Context(), func(context.Context, int, time.Time) error {
			time.Sleep(time.Second)
			return nil
		}, func() {})
		if n := o.operations.Load(); n != 3 {
			t.Errorf("%d operations", n)
		}
	})
	run("failures are told with the first of them", func(t *testing.T) {
		l := load{callers: 1, rate: 50, duration: 100 * time.Millisecond}
		o := l.run(t.Context(), func(context.Context, int, time.Time) error { return errors.New("no") }, func() {})
		r := newReport("test")
		o.report(r, "sends")
		if len(r.Broken) != 1 || r.Broken[0].What != "sends failed" || r.Broken[0].Times != o.failures.Load() || r.Broken[0].Example != "no" {
			t.Errorf("%+v", r.Broken)
		}
	})
}

func TestProcess(t *testing.T) {
	t.Run("a process that runs has CPU time and memory", func(t *testing.T) {
		me := process(os.Getpid())
		rss, err := me.rss()
		if err != nil || rss < 1<<20 {
			t.Errorf("%d bytes, %v", rss, err)
		}
		if _, err := me.cpu(); err != nil {
			t.Error(err)
		}
	})
	t.Run("one that is not known has not", func(t *testing.T) {
		if _, err := process(0).cpu(); !errors.Is(err, errUnknownProcess) {
			t.Error(err)
		}
		if _, err := process(1 << 30).rss(); !errors.Is(err, os.ErrNotExist) {
			t.Error(err)
		}
	})
}

func TestReport(t *testing.T) {
	r := newReport("test")
	r.number("sends per second", 1234.5, "1/s")
	r.number("nothing", 0/zero, "1/s")
	r.brokeAs(2, "calls failed", errors.New("the first"))
	r.brokeAs(3, "calls failed", errors.New("the second"))
	r.broke(0, "promises were kept")
	r.once("an example %d", 1)
	r.once("an example %d", 2)
	var text strings.Builder
	if err := r.WriteTable(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"sends per second  1235 1/s", "BROKEN: 5 calls failed", "such as: the first", "note: an example 1"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in:\n%s", want, text.String())
		}
	}
	for _, not := range []string{"nothing", "the second", "promises", "example 2"} {
		if strings.Contains(text.String(), not) {
			t.Errorf("%q in:\n%s", not, text.String())
		}
	}
}

var zero float64
