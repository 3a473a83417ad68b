package server

import (
	"context"
	"log/slog"
	"time"
)

// sweepEvery is how often what has had its time is removed, when nobody asks for it before.
const sweepEvery = 10 * time.Second

// sweep calls remove again and again, and whenever woken says so, until ctx ends.
func sweep(ctx context.Context, log *slog.Logger, woken <-chan struct{}, remove func(context.Context) (int, error)) {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		case <-woken:
		}
		switch removed, err := remove(ctx); {
		case ctx.Err() != nil:
			return
		case err != nil:
			log.Error("removing what has had its time failed", "error", err)
		case removed > 0:
			log.Debug("removed what has had its time", "records", removed)
		}
	}
}
