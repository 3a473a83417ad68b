package main

import (
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"carillon/server"
)

// reopenOnHangup has a server open its audit log anew at every SIGHUP, until stop is called. Without a file
// there is nothing to open, and SIGHUP ends the process as it always does.
func reopenOnHangup(s *server.Server, log *slog.Logger) (stop func()) {
	if to := s.Config().Audit; to == server.AuditOff || to == server.AuditStdout {
		return func() {}
	}
	hangups, ended := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(hangups, syscall.SIGHUP)
	go func() {
		defer close(ended)
		for range hangups {
			if err := s.ReopenAudit(); err != nil {
				log.Error("the old audit log stays in use", "error", err)
				continue
			}
			log.Info("the audit log was opened anew")
		}
	}()
	return func() {
		signal.Stop(hangups)
		close(hangups)
		<-ended
	}
}
