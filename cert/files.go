package cert

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// lookAgain is how long the files of a certificate are taken to be as they were.
const lookAgain = 5 * time.Second

// Files are a certificate with its chain and its key, as PEM, that somebody else puts and renews. They
// are read again when they change. While they make no sense, for example because only one of them has
// been replaced yet, what they held before is used.
type Files struct {
	certificate, key string
	log              *slog.Logger
	now              func() time.Time

	mu      sync.Mutex
	pair    *tls.Certificate
	content [2][]byte // that pair was made of
	looked  time.Time
	failure string // that the log knows
}

// OpenFiles reads the certificate and the key.
func OpenFiles(certificate, key string, log *slog.Logger) (*Files, error) {
	f := &Files{certificate: certificate, key: key, log: log, now: time.Now}
	return f, f.read()
}

// GetCertificate implements Source.
func (f *Files) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.now().Sub(f.looked) >= lookAgain {
		failure := ""
		if err := f.read(); err != nil {
			failure = err.Error()
		}
		if failure != "" && failure != f.failure {
			f.log.Warn("the new certificate is of no use; the old one stays", "error", failure)
		}
		f.failure = failure
	}
	return f.pair, nil
}

// read reads the files and takes what is in them if it is good and new.
func (f *Files) read() error {
	f.looked = f.now()
	var content [2][]byte
	for i, path := range []string{f.certificate, f.key} {
		var err error
		if content[i], err = os.ReadFile(path); err != nil {
			return err
		}
	}
	if f.pair != nil && bytes.Equal(content[0], f.content[0]) && bytes.Equal(content[1], f.content[1]) {
		return nil
	}
	pair, err := tls.X509KeyPair(content[0], content[1])
	if err != nil {
		return fmt.Errorf("%s and %s: %w", f.certificate, f.key, err)
	}
	if !f.now().Before(pair.Leaf.NotAfter) {
		f.log.Warn("the certificate has ended", "file", f.certificate, "ended", pair.Leaf.NotAfter)
	}
	f.pair, f.content = &pair, content
	f.log.Info("certificate", "file", f.certificate, "ends", pair.Leaf.NotAfter)
	return nil
}
