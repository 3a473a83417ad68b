// Package console is the room of the chat page that `carillon dev` shows: the files that web/ is built
// into, and demo.json, which tells the page how to call the server and as whom.
//
// The page is a client like any other: it calls the API and opens sessions with the official SDKs. So
// nothing of the API may enter here, and no other package of the house; what demo.json says is handed
// in.
package console

import (
	"embed"
	"io/fs"
	"net/http"
)

// page holds missing.html and, once the page has been built, the folder dist.
//
//go:embed all:page
var page embed.FS

// Options are what the chat page needs.
type Options struct {
	// Demo returns what demo.json says, to be written as JSON, or nil when it must not be given away.
	// It holds a key. Required.
	Demo func() any
}

// Handler answers what Serves reports, and nothing else.
func Handler(o Options) http.Handler {
	files, err := fs.Sub(page, "page")
	if err != nil {
		panic(err) // the name is a constant
	}
	return newHandler(files, o)
}

// Serves reports whether a request is for the page. Only paths as browsers send them count; no
// operation of the API has one of them.
func Serves(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	if r.URL.Host != "" {
		return false // sent to a proxy, for another host
	}
	switch path := r.URL.EscapedPath(); path {
	case "/", "/index.html", "/favicon.svg", "/favicon.ico", demoPath:
		return true
	default:
		return len(path) > len(assets) && path[:len(assets)] == assets
	}
}
