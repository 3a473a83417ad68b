package sqlstore

import (
	"os"

	"golang.org/x/sys/unix"
)

// syncData syncs what is in a file, and its size, but not its times.
func syncData(f *os.File) error {
	for {
		if err := unix.Fdatasync(int(f.Fd())); err != unix.EINTR {
			return err
		}
	}
}
