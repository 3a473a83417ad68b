package server

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"carillon/api"
	"carillon/audit"
)

// openAudit opens the audit log, unless it is off.
func (s *Server) openAudit() (err error) {
	o := audit.Options{Log: s.log, Metrics: s.metrics}
	switch path := s.config.Audit; path {
	case AuditOff:
	case AuditStdout:
		out := s.config.AuditWriter
		if out == nil {
			out = os.Stdout
		}
		s.audit = audit.OpenWriter(out, o)
	default:
		if !filepath.IsAbs(path) {
			path = filepath.Join(s.config.Data, path)
		}
		if s.audit, err = audit.OpenFile(path, o); err != nil {
			return fmt.Errorf("audit: %w", err)
		}
	}
	return nil
}

// witness is told of deeds; nil when nobody records them.
func (s *Server) witness() api.Witness {
	if s.audit == nil {
		return nil
	}
	return s.audit.Witness
}

// auditGrace bounds how long the end of the log may take to be written, when nobody reads it or the disk
// does not answer. It is not part of the time that requests in flight have.
const auditGrace = 5 * time.Second

func (s *Server) closeAudit() error {
	ctx, cancel := context.WithTimeout(context.Background(), auditGrace)
	defer cancel()
	return s.audit.Close(ctx)
}

// ReopenAudit goes on in a new audit log of the same name, for whoever has moved the old one away.
func (s *Server) ReopenAudit() error {
	if s.audit == nil {
		return nil
	}
	return s.audit.Reopen()
}
