package console

import (
	"encoding/json"
	"net"
	"net/http"
	"strings"
)

const demoPath = "/demo.json"

// serveDemo gives away the key of the demo, to the page and to nobody else: not to a page of another
// origin, and not to one that has had its own name resolved to this machine.
func (h *handler) serveDemo(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if !isOwn(r) {
		refuse(w, "This is for the chat page on this machine only.")
		return
	}
	demo := h.Demo()
	if demo == nil {
		refuse(w, "The chat page works only while the server listens for this machine alone, as on 127.0.0.1.")
		return
	}
	_ = json.NewEncoder(w).Encode(demo) // an error says that nobody reads it
}

func refuse(w http.ResponseWriter, message string) {
	w.WriteHeader(http.StatusForbidden)
	_, _ = w.Write([]byte(`{"Message":"` + message + `"}`)) // an error says that nobody reads it
}

// isOwn reports whether a request comes from a page of this very server, or from somebody who is no
// page of any. A host that is no loopback is the mark of DNS rebinding.
func isOwn(r *http.Request) bool {
	if !isLoopback(r.Host) {
		return false
	}
	if origin := r.Header.Get("Origin"); origin != "" && origin != "http://"+r.Host && origin != "https://"+r.Host {
		return false
	}
	site := r.Header.Get("Sec-Fetch-Site")
	return site == "" || site == "same-origin" || site == "none"
}

// isLoopback reports whether a Host header names this machine, whatever a resolver says.
func isLoopback(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	if strings.EqualFold(name, "localhost") {
		return true
	}
	ip := net.ParseIP(strings.Trim(name, "[]"))
	return ip != nil && ip.IsLoopback()
}
