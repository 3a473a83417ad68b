package console

import (
	"encoding/base64"
	"encoding/json"
	"net"
	"net/http"
	"strings"
)

const (
	demoPath  = "/demo.json"
	loginPath = "/creds"
	// maxName bounds the name of a user, in bytes.
	maxName = 256
)

// serveDemo tells of the demo, and serveLogin gives credentials of its users away, to the page and to
// nobody else: not to a page of another origin, and not to one that has had its own name resolved to this
// machine.
func (h *handler) serveDemo(w http.ResponseWriter, r *http.Request) {
	if demo := h.forPage(w, r); demo != nil {
		_ = json.NewEncoder(w).Encode(demo) // an error says that nobody reads it
	}
}

// serveLogin is the exchange of credentials that AWS's demos of chats know: a token, here the name of the
// user in base64, for temporary credentials. No password is asked for, since this is for one machine.
func (h *handler) serveLogin(w http.ResponseWriter, r *http.Request) {
	if h.forPage(w, r) == nil {
		return
	}
	user, ok := bearer(r)
	if !ok {
		refuse(w, http.StatusUnauthorized, "The header Authorization must be Bearer and the name of a user of the demo in base64.")
		return
	}
	credentials, err := h.Login(r.Context(), user)
	switch {
	case err != nil:
		refuse(w, http.StatusInternalServerError, "There are no credentials now.")
	case credentials == nil:
		refuse(w, http.StatusUnauthorized, "The demo has no such user.")
	default:
		_ = json.NewEncoder(w).Encode(credentials) // an error says that nobody reads it
	}
}

// bearer reads the name of a user.
func bearer(r *http.Request) (string, bool) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || len(token) > base64.StdEncoding.EncodedLen(maxName) {
		return "", false
	}
	user, err := base64.StdEncoding.DecodeString(token)
	return string(user), err == nil && len(user) > 0
}

// forPage returns the demo to those who may know it. Others it tells so.
func (h *handler) forPage(w http.ResponseWriter, r *http.Request) any {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if !isOwn(r) {
		refuse(w, http.StatusForbidden, "This is for the chat page on this machine only.")
		return nil
	}
	demo := h.Demo()
	if demo == nil {
		refuse(w, http.StatusForbidden, "The chat page works only while the server listens for this machine alone, as on 127.0.0.1.")
	}
	return demo
}

func refuse(w http.ResponseWriter, status int, message string) {
	w.WriteHeader(status)
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
