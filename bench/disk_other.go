//go:build !linux

package bench

import "os"

// flush has what was written to a file on disk.
func flush(f *os.File) error { return f.Sync() }
