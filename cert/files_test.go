package cert

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// put makes a certificate and a key of an authority of its own, as somebody who renews them does.
func put(t *testing.T, certificate, key string) {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "tls")
	if err := newAuthority(t, folder, "").Check(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(folder, leafFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{certificate, key} {
		if path == "" {
			continue
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFiles(t *testing.T) {
	folder := t.TempDir()
	certificate, key := filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	put(t, certificate, key)
	var log bytes.Buffer
	f, err := OpenFiles(certificate, key, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	f.now = func() time.Time { return now }
	serial := func() string {
		t.Helper()
		pair, err := f.GetCertificate(nil)
		if err != nil {
			t.Fatal(err)
		}
		return pair.Leaf.SerialNumber.String()
	}
	first := serial()

	t.Run("new files are taken soon, without a restart", func(t *testing.T) {
		put(t, certificate, key)
		if serial() != first {
			t.Error("the files are read for every handshake")
		}
		now = now.Add(lookAgain)
		if serial() == first {
			t.Error("the old certificate is still given out")
		}
	})

	t.Run("half of a replacement leaves the old one, and is logged once", func(t *testing.T) {
		before := serial()
		log.Reset()
		put(t, certificate, "")
		for range 3 {
			now = now.Add(lookAgain)
			if serial() != before {
				t.Error("a certificate without its key")
			}
		}
		if n := strings.Count(log.String(), "level=WARN"); n != 1 || !strings.Contains(log.String(), "does not match") {
			t.Errorf("%d warnings:\n%s", n, log.String())
		}
		put(t, certificate, key)
		now = now.Add(lookAgain)
		if serial() == before {
			t.Error("the whole replacement is not taken")
		}
	})

	t.Run("files that are gone leave the old one", func(t *testing.T) {
		before := serial()
		if err := os.Remove(key); err != nil {
			t.Fatal(err)
		}
		now = now.Add(lookAgain)
		if serial() != before || !strings.Contains(log.String(), "no such file") {
			t.Errorf("log:\n%s", log.String())
		}
	})

	t.Run("a start needs both", func(t *testing.T) {
		if _, err := OpenFiles(certificate, key, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("got %v", err)
		}
	})

	t.Run("a certificate that has ended is given out, and logged", func(t *testing.T) {
		put(t, certificate, key)
		log.Reset()
		now = now.Add(2 * leafLife)
		serial()
		if !strings.Contains(log.String(), "the certificate has ended") {
			t.Errorf("log:\n%s", log.String())
		}
	})
}
