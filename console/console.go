// Package console is the room of the chat page that `carillon dev` shows: the files that web/ is built
// into, demo.json, which tells the page which server and which users there are, and /creds, where the page,
// or any other client to try, gets temporary credentials of one of them.
//
// The page is a client like any other: it calls the API and opens sessions with the official SDKs. So
// nothing of the API may enter here, and no other package of the house; what demo.json and /creds say is
// handed in.
package console

import (
	"context"
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
	// Required.
	Demo func() any
	// Login returns credentials of a user of the demo, to be written as JSON, or nil when there is no such
	// user. It is asked only while there is a demo. Required.
	Login func(ctx context.Context, user string) (any, error)
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
	if r.Method == http.MethodPost {
		return r.URL.Host == "" && r.URL.EscapedPath() == loginPath
	}
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
