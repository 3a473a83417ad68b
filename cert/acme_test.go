package cert

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestACME(t *testing.T) {
	var asked atomic.Int64
	directory := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		http.Error(w, "closed today", http.StatusForbidden)
	}))
	t.Cleanup(directory.Close)
	var log strings.Builder
	a := NewACME(ACMEOptions{Domains: []string{"Chat.example.test"}, Directory: directory.URL, Folder: t.TempDir(), Log: slog.New(slog.NewTextHandler(&log, nil))})

	t.Run("no handshake makes it ask the authority", func(t *testing.T) {
		for _, hello := range []*tls.ClientHelloInfo{
			{}, {ServerName: "chat.example.test"}, {ServerName: "other.example.test"}, {ServerName: "localhost"}, {ServerName: "a..b"}, {ServerName: "\x00"},
			{ServerName: "chat.example.test", SupportedProtos: []string{"acme-tls/1"}},
		} {
			if pair, err := a.GetCertificate(hello); err == nil {
				t.Errorf("%q: %v", hello.ServerName, pair.Leaf.DNSNames)
			}
		}
		if n := asked.Load(); n != 0 {
			t.Errorf("asked %d times", n)
		}
	})

	t.Run("running, it asks, tells why there is nothing, and ends when it is told to", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			a.Run(ctx)
			close(ended)
		}()
		for asked.Load() == 0 {
			time.Sleep(time.Millisecond)
		}
		cancel()
		<-ended
	})
}

func TestPersist(t *testing.T) {
	t.Run("five attempts in the first hour, then one in each", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var attempts atomic.Int64
			go persist(ctx, func() error {
				attempts.Add(1)
				return errors.New("no")
			})
			for _, step := range []struct {
				wait time.Duration
				want int64
			}{{time.Minute, 1}, {59 * time.Minute, 5}, {time.Hour, 6}, {10 * time.Hour, 16}} {
				time.Sleep(step.wait)
				synctest.Wait()
				if n := attempts.Load(); n != step.want {
					t.Errorf("%d attempts after another %v, want %d", n, step.wait, step.want)
				}
			}
		})
	})

	t.Run("it ends with success, and with its context", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			attempts := 0
			persist(t.Context(), func() error {
				if attempts++; attempts < 3 {
					return errors.New("not yet")
				}
				return nil
			})
			if attempts != 3 {
				t.Errorf("%d attempts", attempts)
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			persist(ctx, func() error { return errors.New("no") })
		})
	})
}
