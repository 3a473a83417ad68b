package console

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

const (
	assets = "/assets/"
	// missing is the page that says how to get the page.
	missing = "missing.html"
	built   = "dist"
)

// contentTypes are those of the files that web/ is built into. The machine's own table is not asked:
// on some, scripts are plain text, which browsers refuse to run.
var contentTypes = map[string]string{
	".css":  "text/css; charset=utf-8",
	".html": "text/html; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
}

// file is a file as it is served.
type file struct {
	content           []byte
	contentType, etag string
}

// handler serves the files of the page by their paths, demo.json and /creds.
type handler struct {
	Options
	files map[string]file
}

func newHandler(files fs.FS, o Options) http.Handler {
	h := &handler{Options: o, files: make(map[string]file)}
	dist, err := fs.Sub(files, built)
	if err == nil {
		err = fs.WalkDir(dist, ".", func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			return h.add("/"+name, dist, name)
		})
	}
	if _, ok := h.files["/index.html"]; !ok || err != nil {
		if err := h.add("/index.html", files, missing); err != nil {
			panic(err) // it is in the repository
		}
	}
	h.files["/"] = h.files["/index.html"]
	return h
}

func (h *handler) add(at string, files fs.FS, name string) error {
	content, err := fs.ReadFile(files, name)
	if err != nil {
		return err
	}
	contentType, ok := contentTypes[path.Ext(name)]
	if !ok {
		contentType = "application/octet-stream"
	}
	sum := sha256.Sum256(content)
	h.files[at] = file{content, contentType, `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
	return nil
}

// ServeHTTP answers one request.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Security-Policy", policy(r.Host))
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	switch r.URL.Path {
	case demoPath:
		h.serveDemo(w, r)
		return
	case loginPath:
		h.serveLogin(w, r)
		return
	}
	f, ok := h.files[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	header.Set("Content-Type", f.contentType)
	header.Set("ETag", f.etag)
	// The names of assets hold a hash of what they say; the page names them, and is asked for each time.
	if strings.HasPrefix(r.URL.Path, assets) {
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		header.Set("Cache-Control", "no-cache")
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.content))
}

// policy lets the page load its own files and talk to the server it came from: to the API, and to
// sessions, in the plain on its own address and with TLS on any port of this machine, because where
// sessions are is for the server to say.
func policy(host string) string {
	sockets := "wss://localhost:* wss://127.0.0.1:*"
	// The grammar of policies has no addresses of IPv6; there, 'self' covers the plain socket.
	if isName(host) {
		sockets += " ws://" + host + " wss://" + host
	}
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' " + sockets +
		"; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

// isName reports whether a host is a name or an address of IPv4, with or without a port, and so cannot
// end a directive of a policy.
func isName(host string) bool {
	return host != "" && strings.Trim(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:") == ""
}
