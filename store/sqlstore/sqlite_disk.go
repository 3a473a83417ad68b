package sqlstore

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
)

// sqliteGroup is a group of transactions that is committed, or has failed.
type sqliteGroup struct {
	number uint64
	jobs   []*job
	fault  error
	owed   bool // its sync is still to be done
}

// sqliteDisk syncs groups that are committed to disk, and only then answers those who wait for them:
// in the order of their transactions and each after its hooks.
//
// A commit is seen by other transactions before it is on disk. Those that write are behind it in
// turn, and those that read wait for it in the end: nobody is told what a power cut could take back.
//
// When a sync fails, nobody knows what is on disk, and trying again finds out nothing: what was not
// written may be marked as written. From then on every transaction fails, until the store is opened
// again.
type sqliteDisk struct {
	// groups are given to it one at a time, when free says that it waits for one.
	groups  chan sqliteGroup
	free    chan struct{}
	stopped chan struct{}
	// sync syncs the log.
	sync func() error

	begun  atomic.Uint64 // the number of the last group whose commit was begun
	synced atomic.Uint64 // and of the last that is on disk, or will never be
	broken atomic.Pointer[error]

	mu   sync.Mutex
	cond sync.Cond // synced has changed

	// What follows belongs to the goroutine.
	group    sqliteGroup
	answered int // jobs of the group
}

func startSQLiteDisk(sync func() error) *sqliteDisk {
	d := &sqliteDisk{
		groups: make(chan sqliteGroup), free: make(chan struct{}, 1), stopped: make(chan struct{}), sync: sync,
	}
	d.cond.L = &d.mu
	d.free <- struct{}{}
	go d.run()
	return d
}

// close ends the goroutine, after everything was answered.
func (d *sqliteDisk) close() error {
	close(d.groups)
	<-d.stopped
	return d.fault()
}

// begin numbers the group that is about to be committed.
func (d *sqliteDisk) begin() uint64 { return d.begun.Add(1) }

// fault is why nothing can be stored any more.
func (d *sqliteDisk) fault() error {
	if err := d.broken.Load(); err != nil {
		return *err
	}
	return nil
}

// settle waits until all is on disk that a transaction may have seen that has read.
func (d *sqliteDisk) settle() error {
	number := d.begun.Load()
	if d.synced.Load() < number {
		d.mu.Lock()
		for d.synced.Load() < number {
			d.cond.Wait()
		}
		d.mu.Unlock()
	}
	return d.fault()
}

// run serves groups until there are no more. Everything it knows is in d: a hook that ends the
// goroutine leaves the rest to the next one.
func (d *sqliteDisk) run() {
	over := false
	defer func() {
		if over {
			close(d.stopped)
		} else {
			go d.run()
		}
	}()
	for {
		for d.answered < len(d.group.jobs) {
			j := d.group.jobs[d.answered]
			d.answered++
			j.finish(d.group.fault)
		}
		if d.answered > 0 {
			d.group, d.answered = sqliteGroup{}, 0
			d.free <- struct{}{}
		}
		group, open := <-d.groups
		if !open {
			break
		}
		d.group = group
		d.write()
	}
	over = true
}

// write makes the group durable, or sets its fault.
func (d *sqliteDisk) write() {
	if d.group.fault == nil {
		d.group.fault = d.fault()
	}
	if d.group.fault == nil && d.group.owed {
		if err := d.sync(); err != nil {
			err = fmt.Errorf("sqlstore: the disk has failed, and what is on it is not known; the server must be started again: %w", err)
			d.broken.Store(&err)
			d.group.fault = err
		}
	}
	d.mu.Lock()
	d.synced.Store(d.group.number)
	d.mu.Unlock()
	d.cond.Broadcast()
}

// logFile is the file of the log, opened once more for syncing alone. SQLite makes it with its first
// transaction and leaves it where it is.
type logFile struct {
	path string
	file *os.File
}

func (f *logFile) sync() (err error) {
	if f.file == nil {
		if f.file, err = os.OpenFile(f.path, os.O_RDWR, 0); err != nil {
			return err
		}
	}
	return syncData(f.file)
}

func (f *logFile) close() error {
	if f.file == nil {
		return nil
	}
	return f.file.Close()
}
