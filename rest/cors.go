package rest

import (
	"net/http"
	"slices"
	"strings"
)

// Values of CORS headers. They are never changed.
var (
	varyOrigin = []string{"Origin"}
	// exposed are the headers a page may read: without them an SDK in a browser sees no error but a
	// network failure, and without the date it cannot correct its clock.
	exposed = []string{"x-amzn-errortype, x-amzn-requestid, date"}
	// exposedToo are those where refusals are explained.
	exposedToo = []string{exposed[0] + ", x-carillon-reason, x-carillon-canonical-request, x-carillon-string-to-sign"}
	// allowedMethods are those of the API.
	allowedMethods = []string{"GET, POST, PUT, DELETE"}
	// preflightAge is how long a browser may remember a preflight, in seconds: the most that
	// Chromium takes.
	preflightAge = []string{"7200"}
)

// allowOrigin lets the page that made the request read the answer. No cookies are involved, so there
// is nothing to protect a page's user from: whoever has no key gets nothing.
func (x *exchange) allowOrigin() (allowed bool) {
	origin := x.r.Header["Origin"]
	if len(origin) != 1 {
		return false
	}
	header := x.w.Header()
	header["Vary"] = varyOrigin
	if len(x.AllowedOrigins) > 0 && !slices.Contains(x.AllowedOrigins, origin[0]) {
		return false
	}
	header["Access-Control-Allow-Origin"] = origin
	header["Access-Control-Expose-Headers"] = exposed
	if x.Explain {
		header["Access-Control-Expose-Headers"] = exposedToo
	}
	return true
}

// preflight answers a browser that asks whether it may make a request, on any path and unsigned.
func (x *exchange) preflight() {
	x.unread = x.r.ContentLength != 0
	header := x.w.Header()
	if header["Access-Control-Allow-Origin"] != nil {
		header["Access-Control-Allow-Methods"] = allowedMethods
		header["Access-Control-Max-Age"] = preflightAge
		if wanted := x.r.Header["Access-Control-Request-Headers"]; len(wanted) > 0 {
			header["Access-Control-Allow-Headers"] = []string{strings.Join(wanted, ", ")}
		}
	}
	x.write(http.StatusNoContent, nil)
}
