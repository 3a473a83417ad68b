//go:build !linux

package sqlstore

import "os"

// syncData syncs what is in a file.
func syncData(f *os.File) error { return f.Sync() }
