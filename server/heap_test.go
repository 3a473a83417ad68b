package server

import (
	"context"
	"os"
	"runtime/debug"
	"testing"
	"testing/synctest"
	"time"
)

func TestHeapPercent(t *testing.T) {
	const mega = 1 << 20
	for _, c := range []struct {
		name        string
		floor       int64
		live, roots int64
		want        int
	}{
		{"a small heap grows to the floor", 32 * mega, 4 * mega, 0, 700},
		{"what else is looked at counts", 32 * mega, 4 * mega, 3 * mega, 400},
		{"next to nothing is in use", 32 * mega, 0, 0, 3200},
		{"half of the floor is in use", 32 * mega, 16 * mega, 0, 100},
		{"more than the floor is in use", 32 * mega, 64 * mega, mega, 100},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := heapPercent(c.floor, heapUse{live: c.live, roots: c.roots}); got != c.want {
				t.Errorf("%d %%, want %d %%", got, c.want)
			}
		})
	}
}

// percentNow is GOGC as it is, which can be told only by setting it.
func percentNow() int {
	now := debug.SetGCPercent(goPercent)
	debug.SetGCPercent(now)
	return now
}

func TestKeepHeapFloor(t *testing.T) {
	// Nobody has set it, whatever the tests were started with.
	t.Setenv("GOGC", "")
	if err := os.Unsetenv("GOGC"); err != nil {
		t.Fatal(err)
	}
	before := debug.SetGCPercent(goPercent)
	defer debug.SetGCPercent(before)
	// whileKept is the percentage while a floor is kept, and afterwards.
	whileKept := func(t *testing.T, floor int64) (while, after int) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			go keepHeapFloor(ctx, floor)
			time.Sleep(3 * heapLook)
			synctest.Wait()
			while = percentNow()
			cancel()
			synctest.Wait()
			after = percentNow()
		})
		return while, after
	}
	t.Run("the heap may grow to the floor, until the server ends", func(t *testing.T) {
		if while, after := whileKept(t, maxHeapFloor); while <= goPercent || after != goPercent {
			t.Errorf("%d %%, then %d %%", while, after)
		}
	})
	t.Run("a heap beyond the floor is as Go has it", func(t *testing.T) {
		if while, after := whileKept(t, 1); while != goPercent || after != goPercent {
			t.Errorf("%d %%, then %d %%", while, after)
		}
	})
	t.Run("without a floor nothing is set, nor where GOGC is", func(t *testing.T) {
		debug.SetGCPercent(123)
		if while, after := whileKept(t, 0); while != 123 || after != 123 {
			t.Errorf("%d %%, then %d %%", while, after)
		}
		t.Setenv("GOGC", "123")
		if while, after := whileKept(t, maxHeapFloor); while != 123 || after != 123 {
			t.Errorf("%d %%, then %d %%", while, after)
		}
	})
}
