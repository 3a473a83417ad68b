package server

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestSweep(t *testing.T) {
	t.Run("it goes on after a failure, and ends when it is told to", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var log bytes.Buffer
			ctx, cancel := context.WithCancel(t.Context())
			sweeps := 0
			go sweep(ctx, slog.New(slog.NewTextHandler(&log, nil)), nil, func(context.Context) (int, error) {
				sweeps++
				if sweeps == 1 {
					return 0, errors.New("the disk is full")
				}
				return 3, nil
			})
			time.Sleep(3*sweepEvery + time.Second)
			synctest.Wait()
			if sweeps != 3 {
				t.Errorf("%d sweeps in three periods", sweeps)
			}
			cancel()
			synctest.Wait()
			time.Sleep(10 * sweepEvery)
			synctest.Wait()
			if sweeps != 3 {
				t.Errorf("%d sweeps after the end", sweeps-3)
			}
			if strings.Count(log.String(), "level=ERROR") != 1 || !strings.Contains(log.String(), "the disk is full") {
				t.Errorf("log:\n%s", log.String())
			}
		})
	})

	t.Run("it is done at once when it is asked for, and as ever afterwards", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			woken := make(chan struct{})
			var sweeps atomic.Int64
			go sweep(ctx, slog.New(slog.DiscardHandler), woken, func(context.Context) (int, error) {
				sweeps.Add(1)
				return 0, nil
			})
			woken <- struct{}{}
			synctest.Wait()
			if n := sweeps.Load(); n != 1 {
				t.Errorf("%d sweeps when asked for one", n)
			}
			time.Sleep(2*sweepEvery + time.Second)
			synctest.Wait()
			if n := sweeps.Load(); n != 3 {
				t.Errorf("%d sweeps two periods later", n)
			}
		})
	})

	t.Run("a sweep that the end cuts off is no failure", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var log bytes.Buffer
			ctx, cancel := context.WithCancel(t.Context())
			ended := false
			go func() {
				sweep(ctx, slog.New(slog.NewTextHandler(&log, nil)), nil, func(ctx context.Context) (int, error) {
					<-ctx.Done()
					return 0, ctx.Err()
				})
				ended = true
			}()
			time.Sleep(sweepEvery + time.Second)
			cancel()
			synctest.Wait()
			if !ended || log.Len() > 0 {
				t.Errorf("ended %v, log:\n%s", ended, log.String())
			}
		})
	})
}
