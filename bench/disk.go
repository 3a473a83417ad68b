package bench

import (
	"errors"
	"os"
	"time"
)

// disk is the limit of everything that must be on disk before it is answered: a file that is appended to
// and flushed, again and again, by one process that does nothing else.
type disk struct {
	flushes int64
	took    time.Duration
}

// diskBlock is what is appended each time: a page, as databases write.
const diskBlock = 4096

// run appends and flushes for a while, where temporary files are.
func (d *disk) run(length time.Duration) (err error) {
	file, err := os.CreateTemp("", "carillon-bench-disk-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(file.Name())) }()
	block := make([]byte, diskBlock)
	begin := time.Now()
	for time.Since(begin) < length {
		if _, err := file.Write(block); err != nil {
			return err
		}
		if err := flush(file); err != nil {
			return err
		}
		d.flushes++
	}
	d.took += time.Since(begin)
	return nil
}

func (d *disk) perSecond() float64 { return float64(d.flushes) / d.took.Seconds() }
