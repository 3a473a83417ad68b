package sqlstore

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"unsafe"

	"modernc.org/libc"
	"modernc.org/libc/sys/types"
	lib "modernc.org/sqlite/lib"
	"zombiezen.com/go/sqlite"
)

const (
	// maxGathered bounds how much of the log is gathered for one write.
	maxGathered = 1 << 20
	// maxWrite is below 128 KiB, of which SQLite's file system writes nothing at once.
	maxWrite  = 124 << 10
	logHeader = 32
	logFrame  = 24 + 4096 // a page with its header
)

// sqliteLog is the write-ahead log of the connection that writes. It is a file system of SQLite's: all
// files are those of the default one, but for the log.
//
// SQLite writes every page of a transaction in two pieces, its header and itself, each by a system
// call. Here they are gathered and written as one, at the latest when SQLite has the log synced, which it
// does before anybody else looks there for the transaction. And while deferred is set the sync itself is
// left to the owner of the connection, who may begin the next transaction while the disk is busy.
//
// SQLite's own goroutine, that of the connection, is the only one that uses it.
type sqliteLog struct {
	name string
	// memory is what SQLite is given, and what is gathered, outside of Go's memory.
	memory *sqliteLogMemory
	// functions are those in memory, where the garbage collector does not see them.
	functions []any

	base *sqliteFiles
	file lib.Tsqlite3_io_methods // what the log can do in it

	gathered []byte
	start    int64 // where they belong
	// whole is set once the log was synced by SQLite itself, which syncs its folder too.
	whole bool
	// header is set when nothing but the header of the log was written since the last sync: it must be
	// on disk before what follows.
	header bool
	// deferred leaves syncs to the owner; owed is set when there is one.
	deferred, owed bool
	end            int64 // of what was written to the log since it began anew
}

type sqliteLogMemory struct {
	vfs      lib.Tsqlite3_vfs
	methods  lib.Tsqlite3_io_methods
	name     [32]byte
	gathered [maxGathered]byte
}

var sqliteLogs atomic.Int64

// sqliteFiles is SQLite's default file system.
type sqliteFiles struct {
	address uintptr
	lib.Tsqlite3_vfs
}

// defaultFiles sets SQLite up, by the library of the connections, which does so with the first one. The file
// system is read once, before there are others: SQLite links them to it, under a lock of its own.
var defaultFiles = sync.OnceValues(func() (*sqliteFiles, error) {
	conn, err := sqlite.OpenConn(":memory:", sqlite.OpenReadWrite)
	if err != nil {
		return nil, err
	}
	if err := conn.Close(); err != nil {
		return nil, err
	}
	tls := libc.NewTLS()
	defer tls.Close()
	p := lib.Xsqlite3_vfs_find(tls, 0)
	if p == 0 {
		return nil, errors.New("sqlstore: SQLite has no file system")
	}
	return &sqliteFiles{address: p, Tsqlite3_vfs: *at[lib.Tsqlite3_vfs](p)}, nil
})

// openSQLiteLog makes a file system for one connection.
func openSQLiteLog() (*sqliteLog, error) {
	base, err := defaultFiles()
	if err != nil {
		return nil, err
	}
	tls := libc.NewTLS()
	defer tls.Close()
	l := &sqliteLog{name: fmt.Sprintf("carillon-%d", sqliteLogs.Add(1)), base: base}
	p := libc.Xcalloc(tls, 1, types.Size_t(unsafe.Sizeof(sqliteLogMemory{})))
	if p == 0 {
		return nil, errors.New("sqlstore: no memory for the log")
	}
	l.memory = at[sqliteLogMemory](p)
	l.gathered = l.memory.gathered[:0]
	copy(l.memory.name[:], l.name)
	vfs := &l.memory.vfs
	*vfs = base.Tsqlite3_vfs
	vfs.FzName, vfs.FpNext, vfs.FxOpen = address(&l.memory.name), 0, pointerTo(l, l.open)
	if rc := lib.Xsqlite3_vfs_register(tls, address(vfs), 0); rc != lib.SQLITE_OK {
		libc.Xfree(tls, p)
		return nil, fmt.Errorf("sqlstore: a file system for the log: %w", sqlite.ResultCode(rc).ToError())
	}
	return l, nil
}

// close is for when the connection is closed.
func (l *sqliteLog) close() {
	tls := libc.NewTLS()
	defer tls.Close()
	lib.Xsqlite3_vfs_unregister(tls, address(&l.memory.vfs))
	l.gathered = nil
	libc.Xfree(tls, address(l.memory))
}

// frames is how many pages the log has that SQLite would read back from it.
func (l *sqliteLog) frames() int64 { return max(0, l.end-logHeader) / logFrame }

func (l *sqliteLog) open(tls *libc.TLS, _, name, file uintptr, flags int32, out uintptr) int32 {
	rc := function[func(*libc.TLS, uintptr, uintptr, uintptr, int32, uintptr) int32](l.base.FxOpen)(tls, l.base.address, name, file, flags, out)
	if rc != lib.SQLITE_OK || flags&lib.SQLITE_OPEN_WAL == 0 {
		return rc
	}
	opened := at[lib.Tsqlite3_file](file)
	l.file = *at[lib.Tsqlite3_io_methods](opened.FpMethods)
	methods := &l.memory.methods
	*methods = l.file
	l.functions = l.functions[:1]
	methods.FxClose = pointerTo(l, l.closeFile)
	methods.FxRead = pointerTo(l, l.read)
	methods.FxWrite = pointerTo(l, l.write)
	methods.FxTruncate = pointerTo(l, l.truncate)
	methods.FxSync = pointerTo(l, l.sync)
	methods.FxFileSize = pointerTo(l, l.size)
	l.gathered, l.whole, l.header, l.owed, l.end = l.gathered[:0], false, false, false, 0
	opened.FpMethods = address(methods)
	return rc
}

func (l *sqliteLog) write(tls *libc.TLS, file, from uintptr, n int32, at int64) int32 {
	if at != l.start+int64(len(l.gathered)) || len(l.gathered)+int(n) > maxGathered {
		if rc := l.flush(tls, file); rc != lib.SQLITE_OK {
			return rc
		}
		l.start = at
	}
	l.gathered = append(l.gathered, unsafe.Slice(bytesAt(from), n)...)
	l.header = at == 0 && n == logHeader
	if l.end = max(l.end, at+int64(n)); l.header {
		l.end = logHeader // the log begins anew
	}
	return lib.SQLITE_OK
}

// flush writes what was gathered.
func (l *sqliteLog) flush(tls *libc.TLS, file uintptr) int32 {
	write := function[func(*libc.TLS, uintptr, uintptr, int32, int64) int32](l.file.FxWrite)
	rc := int32(lib.SQLITE_OK)
	for done := 0; done < len(l.gathered) && rc == lib.SQLITE_OK; {
		n := min(len(l.gathered)-done, maxWrite)
		rc = write(tls, file, address(&l.gathered[done]), int32(n), l.start+int64(done))
		done += n
	}
	// What cannot be written is given up: SQLite writes it again, if ever.
	l.start += int64(len(l.gathered))
	l.gathered = l.gathered[:0]
	return rc
}

func (l *sqliteLog) read(tls *libc.TLS, file, to uintptr, n int32, at int64) int32 {
	if at+int64(n) > l.start && at < l.start+int64(len(l.gathered)) {
		if rc := l.flush(tls, file); rc != lib.SQLITE_OK {
			return rc
		}
	}
	return function[func(*libc.TLS, uintptr, uintptr, int32, int64) int32](l.file.FxRead)(tls, file, to, n, at)
}

func (l *sqliteLog) sync(tls *libc.TLS, file uintptr, flags int32) int32 {
	if rc := l.flush(tls, file); rc != lib.SQLITE_OK {
		return rc
	}
	if l.deferred && l.whole && !l.header {
		l.owed = true
		return lib.SQLITE_OK
	}
	rc := function[func(*libc.TLS, uintptr, int32) int32](l.file.FxSync)(tls, file, flags)
	l.whole, l.header = l.whole || rc == lib.SQLITE_OK, false
	return rc
}

func (l *sqliteLog) truncate(tls *libc.TLS, file uintptr, size int64) int32 {
	if rc := l.flush(tls, file); rc != lib.SQLITE_OK {
		return rc
	}
	return function[func(*libc.TLS, uintptr, int64) int32](l.file.FxTruncate)(tls, file, size)
}

func (l *sqliteLog) size(tls *libc.TLS, file, to uintptr) int32 {
	if rc := l.flush(tls, file); rc != lib.SQLITE_OK {
		return rc
	}
	return function[func(*libc.TLS, uintptr, uintptr) int32](l.file.FxFileSize)(tls, file, to)
}

// closeFile drops what was gathered: a transaction that was not committed.
func (l *sqliteLog) closeFile(tls *libc.TLS, file uintptr) int32 {
	l.gathered = l.gathered[:0]
	return function[func(*libc.TLS, uintptr) int32](l.file.FxClose)(tls, file)
}

// What follows is how Go and the translated C of SQLite call each other: a function is the address of
// what a Go variable of its type holds.

// pointerTo is the address of a function for SQLite.
func pointerTo[F any](l *sqliteLog, f F) uintptr {
	l.functions = append(l.functions, f)
	return *(*uintptr)(unsafe.Pointer(&f))
}

// function is the function at an address.
func function[F any](p uintptr) F { return *(*F)(unsafe.Pointer(&p)) }

// at is what lies at an address in SQLite's memory.
func at[T any](p uintptr) *T { return *(**T)(unsafe.Pointer(&p)) }

func bytesAt(p uintptr) *byte { return at[byte](p) }

func address[T any](p *T) uintptr { return uintptr(unsafe.Pointer(p)) }
