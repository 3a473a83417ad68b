package server

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// maxHeapFloor is the greatest heap_floor.
	maxHeapFloor = 4 << 30
	// goPercent is how much the heap may grow before Go collects garbage, unless it is told otherwise.
	goPercent = 100
	// heapLook is the time between two looks at the heap.
	heapLook = time.Second
)

// keepHeapFloor lets the heap grow to a floor before garbage is collected, until ctx ends: Go begins at
// 4 MiB, and a small server under load collects hundreds of times a second. Whoever sets GOGC has
// decided; a GOMEMLIMIT is a limit here as anywhere.
func keepHeapFloor(ctx context.Context, floor int64) {
	if floor == 0 || os.Getenv("GOGC") != "" {
		return
	}
	ticker := time.NewTicker(heapLook)
	defer ticker.Stop()
	defer debug.SetGCPercent(goPercent)
	for set := 0; ; {
		// To set it stops the world for a moment: not for nothing.
		if percent := heapPercent(floor, heapInUse()); percent*10 < set*9 || percent*9 > set*10 {
			debug.SetGCPercent(percent)
			set = percent
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// heapUse is what the last collection found: what the heap holds, and what else it had to look at.
type heapUse struct{ live, roots int64 }

func heapInUse() heapUse {
	samples := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/stack:bytes"}, {Name: "/gc/scan/globals:bytes"}}
	metrics.Read(samples)
	return heapUse{live: int64(samples[0].Value.Uint64()), roots: int64(samples[1].Value.Uint64() + samples[2].Value.Uint64())}
}

// heapPercent is how much the heap may grow so that it reaches the floor, and no less than Go lets it.
func heapPercent(floor int64, use heapUse) int {
	// What Go lets the heap grow to is live + (live + roots) * percent / 100.
	return int(max(goPercent, (floor-use.live)*100/max(use.live+use.roots, 1<<20)))
}
