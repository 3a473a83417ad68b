package server

import (
	"context"
	"log/slog"
	"time"
)

// sweepEvery is how often what has had its time is removed.
const sweepEvery = time.Minute

// sweep calls remove again and again until ctx ends.
func sweep(ctx context.Context, log *slog.Logger, remove func(context.Context) (int, error)) {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
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
