package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// process is a process of this machine; 0 is one that is not known.
type process int

// errUnknownProcess is why nothing is said about the server's process.
var errUnknownProcess = errors.New("the server's process is not known")

// clockTick is the unit of CPU times in /proc: 1/100 s on every platform that Go runs on.
const clockTick = 10 * time.Millisecond

func (p process) read(file string) ([]byte, error) {
	if p == 0 {
		return nil, errUnknownProcess
	}
	text, err := os.ReadFile("/proc/" + strconv.Itoa(int(p)) + "/" + file)
	if errors.Is(err, os.ErrNotExist) {
		err = fmt.Errorf("the CPU time and memory of process %d cannot be read: only a running process, on Linux, has them: %w", int(p), err)
	}
	return text, err
}

// cpu is the CPU time that the process has used.
func (p process) cpu() (time.Duration, error) {
	text, err := p.read("stat")
	if err != nil {
		return 0, err
	}
	// The name, in parentheses, may hold anything.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	const user, system = 11, 12
	if len(fields) <= system {
		return 0, fmt.Errorf("/proc/%d/stat has %d fields", int(p), len(fields))
	}
	var ticks int64
	for _, field := range []int{user, system} {
		n, err := strconv.ParseInt(fields[field], 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * clockTick, nil
}

// rss is the memory of the process that is in RAM, in bytes.
func (p process) rss() (int64, error) {
	text, err := p.read("status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kilobytes, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			return kilobytes << 10, err
		}
	}
	return 0, fmt.Errorf("/proc/%d/status does not tell VmRSS", int(p))
}

// steadyWithin bounds how long is waited for memory to be steady.
const steadyWithin = time.Minute

// steadyRSS waits until the memory of the process has hardly changed for a while, and returns it.
func (p process) steadyRSS(ctx context.Context, steady time.Duration) (int64, error) {
	var before int64
	since := time.Now()
	for begin := time.Now(); ; {
		rss, err := p.rss()
		if err != nil {
			return 0, err
		}
		if change := rss - before; change > rss/200 || -change > rss/200 {
			before, since = rss, time.Now()
		}
		if time.Since(since) >= steady || time.Since(begin) >= steadyWithin {
			return rss, nil
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return 0, err
		}
	}
}

// pause waits.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// meter adds up what CPU time the server and this process use while it runs.
type meter struct {
	process
	used, own         time.Duration
	before, ownBefore time.Duration
}

func (m *meter) start() {
	m.before, _ = m.cpu()
	m.ownBefore, _ = process(os.Getpid()).cpu()
}

func (m *meter) stop() {
	if now, err := m.cpu(); err == nil {
		m.used += now - m.before
	}
	if now, err := process(os.Getpid()).cpu(); err == nil {
		m.own += now - m.ownBefore
	}
}

// report puts what operations cost into a report, as far as it is known.
func (m *meter) report(r *Report, o *outcome) {
	each := func(used time.Duration) float64 {
		return float64(used.Microseconds()) / float64(o.operations.Load())
	}
	if rss, err := m.rss(); err == nil {
		r.number("server CPU per operation", each(m.used), "µs")
		r.number("server CPU", 100*m.used.Seconds()/o.measured.Seconds(), "% of a core")
		r.number("server memory", float64(rss)/(1<<20), "MiB")
	}
	r.number("load tool CPU per operation", each(m.own), "µs")
}
