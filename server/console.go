package server

import (
	"net/http"

	"carillon/console"
)

// withConsole puts the chat page in front of the API, for a server to try things out. Every other
// request reaches the API untouched: nothing here cleans a path or redirects.
func (s *Server) withConsole(api http.Handler) http.Handler {
	if !s.config.Console {
		return api
	}
	page := console.Handler(console.Options{Demo: s.demoForPage})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if console.Serves(r) {
			page.ServeHTTP(w, r)
		} else {
			api.ServeHTTP(w, r)
		}
	})
}

// demoForPage is what the chat page is told, which includes the root key: nothing without a demo, and
// nothing while others than this machine can reach the server.
func (s *Server) demoForPage() any {
	demo := s.demo.Load()
	if demo == nil {
		return nil
	}
	for _, addr := range []string{s.Addr(), s.TLSAddr()} {
		if addr != "" && !isLoopback(addr) {
			return nil
		}
	}
	return s.Ready(*demo)
}
