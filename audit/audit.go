// Package audit is the room of the audit log: who changed what, and who was refused, as lines of JSON.
//
// It is told of deeds by those who answer requests, chooses those that are recorded, and writes them
// without holding anybody up. What a line may say is decided here: names of principals and of resources,
// addresses, outcomes; never what people write to each other, names they give, tokens, secrets. No rule
// of the API, no store and no other room may enter.
package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"carillon/api"
)

const (
	defaultMaxWaiting = 8 << 20
	// retryAfter is how long a file that cannot be written to is left alone.
	retryAfter = time.Second
	// Of refusals of somebody unknown so many are recorded in a second, and so many at once: who has no
	// key shall not be able to fill a disk.
	strangersPerSecond, strangersAtOnce = 20, 200
)

// Options are what a Log can be given. The zero value is ready for use.
type Options struct {
	// Log is told when deeds are lost; nil is slog.Default().
	Log *slog.Logger
	// Metrics is where the metrics are registered; nil keeps them to ourselves.
	Metrics prometheus.Registerer
	// MaxWaiting is how much may wait to be written, in bytes; 0 is 8 MiB, some ten thousand deeds.
	MaxWaiting int
	// Now is the clock; nil is the machine's.
	Now func() time.Time
}

// Log records deeds. It is safe for concurrent use.
//
// A line waits in memory until it is written, usually for less than a millisecond. When it cannot be
// written, because the disk is full, it waits until it can. Once MaxWaiting bytes wait, further deeds are
// lost: requests are answered all the same, the operator's log and a metric say so at once, and the log
// itself says how many are missing as soon as it can be written again.
type Log struct {
	o         Options
	strangers *rate.Limiter
	recorded  prometheus.Counter
	lost      prometheus.Counter

	mu      sync.Mutex
	waiting []byte
	missing missing
	closed  bool

	wake    chan struct{} // has room for one
	closing chan struct{} // closed when no more lines come
	ended   chan struct{} // closed when the writer has ended

	// out is where lines go. Who uses it, or err, has outMu; who wants mu as well takes it second.
	outMu  sync.Mutex
	out    io.WriteCloser
	reopen func() (io.WriteCloser, error) // nil when there is nothing to reopen
	err    error                          // of the last attempt to write
}

// missing counts the deeds that have no line.
type missing struct {
	lost      int // there was no room for them
	strangers int // refusals beyond those that are recorded of somebody unknown
}

// OpenFile opens a log that is a file, which is made, for its owner alone, or added to.
func OpenFile(path string, o Options) (*Log, error) {
	open := func() (io.WriteCloser, error) { return openFile(path) }
	out, err := open()
	if err != nil {
		return nil, err
	}
	l := newLog(out, o)
	l.reopen = open
	return l, nil
}

// OpenWriter makes a log that is written to w. It is not closed with the log.
func OpenWriter(w io.Writer, o Options) *Log { return newLog(unclosed{w}, o) }

type unclosed struct{ io.Writer }

func (unclosed) Close() error { return nil }

func newLog(out io.WriteCloser, o Options) *Log {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.MaxWaiting == 0 {
		o.MaxWaiting = defaultMaxWaiting
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	l := &Log{
		o: o, out: out, strangers: rate.NewLimiter(strangersPerSecond, strangersAtOnce),
		wake: make(chan struct{}, 1), closing: make(chan struct{}), ended: make(chan struct{}),
		recorded: prometheus.NewCounter(prometheus.CounterOpts{Name: "carillon_audit_recorded_total", Help: "Deeds taken into the audit log."}),
		lost:     prometheus.NewCounter(prometheus.CounterOpts{Name: "carillon_audit_lost_total", Help: "Deeds that the audit log had no room for, because it could not be written."}),
	}
	if o.Metrics != nil {
		o.Metrics.MustRegister(l.recorded, l.lost)
	}
	go l.write()
	return l
}

// openFile opens a file to add lines to. The end of a process may have left half a line.
func openFile(path string) (io.WriteCloser, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	var last [1]byte
	info, err := f.Stat()
	if err == nil && info.Mode().IsRegular() && info.Size() > 0 {
		if _, err = f.ReadAt(last[:], info.Size()-1); err == nil && last[0] != '\n' {
			_, err = f.Write([]byte{'\n'})
		}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Witness takes a deed into the log if it is one to be recorded: everything that changes something, and
// everything denied. It waits for no disk. It is an api.Witness.
func (l *Log) Witness(d *api.Deed) {
	denied := d.Denied()
	if d.ReadOnly && !denied {
		return
	}
	if d.Caller == nil && d.Err != nil && !denied {
		return // a request that was too long or came too slowly, of nobody
	}
	now := l.o.Now()
	if d.Caller == nil && !l.strangers.AllowN(now, 1) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.missing.strangers++ // the next line tells
		return
	}
	line := appendDeed(nil, now, d)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || len(l.waiting)+len(line) > l.o.MaxWaiting {
		l.missing.lost++
		l.lost.Inc()
		return
	}
	l.tellMissing(now)
	l.waiting = append(l.waiting, line...)
	l.recorded.Inc()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// tellMissing adds a line that says how many deeds have none. l.mu is held.
func (l *Log) tellMissing(now time.Time) {
	if l.missing != (missing{}) {
		l.waiting = appendMissing(l.waiting, now, l.missing)
		l.missing = missing{}
	}
}

// write writes what waits until the log is closed, and then what is left.
func (l *Log) write() {
	defer close(l.ended)
	for {
		select {
		case <-l.wake:
		case <-l.closing:
			l.flush()
			return
		}
		for !l.flush() {
			select {
			case <-time.After(retryAfter):
			case <-l.closing:
				l.flush()
				return
			}
		}
	}
}

// flush writes everything that waits, and reports whether it could.
func (l *Log) flush() bool {
	l.outMu.Lock()
	defer l.outMu.Unlock()
	for {
		lines := l.take()
		if len(lines) == 0 {
			return true
		}
		written, err := l.out.Write(lines)
		l.noteError(err)
		if err != nil {
			l.putBack(lines, written)
			return false
		}
	}
}

// take takes what waits. That deeds were lost is told as soon as can be; of strangers the next line tells,
// or the last: a flood of them must not become one of lines.
func (l *Log) take() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 && (l.missing.lost > 0 || l.closed) {
		l.tellMissing(l.o.Now())
	}
	lines := l.waiting
	l.waiting = nil
	return lines
}

// putBack has lines wait again, before those that came meanwhile, from the one on that was not written to
// its end.
func (l *Log) putBack(lines []byte, written int) {
	begin := bytes.LastIndexByte(lines[:written], '\n') + 1
	left := bytes.Clone(lines[begin:])
	if written > begin {
		left = append([]byte{'\n'}, left...) // ends the half that is written
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = append(left, l.waiting...)
}

// noteError tells the operator when writing begins to fail, and when it works again. l.outMu is held.
func (l *Log) noteError(err error) {
	switch {
	case err != nil && l.err == nil:
		l.o.Log.Error("the audit log cannot be written: deeds wait in memory, and are lost when there are too many", "error", err)
	case err == nil && l.err != nil:
		l.o.Log.Warn("the audit log can be written again")
	}
	l.err = err
}

// Reopen goes on in a new file of the same name, for whoever has moved the old one away. When that is not
// possible, the old one stays in use.
func (l *Log) Reopen() error {
	if l.reopen == nil {
		return nil
	}
	l.outMu.Lock()
	defer l.outMu.Unlock()
	out, err := l.reopen()
	if err != nil {
		return fmt.Errorf("audit: reopening the log: %w", err)
	}
	old := l.out
	l.out = out
	return closeDurably(old)
}

// Close writes what waits, for as long as ctx allows, and closes the log. Deeds that come later are lost.
func (l *Log) Close(ctx context.Context) error {
	l.mu.Lock()
	already := l.closed
	l.closed = true
	l.mu.Unlock()
	if already {
		return nil
	}
	close(l.closing)
	select {
	case <-l.ended:
	case <-ctx.Done():
		return fmt.Errorf("audit: the log cannot be written to its end: %w", ctx.Err())
	}
	l.outMu.Lock()
	defer l.outMu.Unlock()
	err := l.err
	if err != nil {
		err = fmt.Errorf("audit: the end of the log is lost: %w", err)
	}
	return errors.Join(err, closeDurably(l.out))
}

// closeDurably closes a file whose lines are to outlive a power failure.
func closeDurably(out io.WriteCloser) error {
	f, ok := out.(*os.File)
	if !ok {
		return out.Close()
	}
	info, err := f.Stat()
	if err == nil && info.Mode().IsRegular() {
		err = f.Sync() // there is nothing of a pipe or a terminal that could be
	}
	return errors.Join(err, f.Close())
}
