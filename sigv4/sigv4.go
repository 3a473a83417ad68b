// Package sigv4 is the word for AWS Signature Version 4: it takes a signature out of a request,
// checks its scope and its time, recomputes it, and signs requests of our own.
//
// It does both forms, the header Authorization and the presigned query, for requests to the API and
// for the URL that opens a session. It knows bytes, keys and clocks and nothing else: no I/O, no
// store of keys, no idea of who a key belongs to, no status of an answer.
//
// A verifier goes through four steps and stops at the first that fails:
//
//	sig, err := sigv4.Parse(req)            // is there one, and is it whole
//	err = sig.Check(rules)                  // is it meant for us, and for now
//	key := sig.Key(secret)                  // derived from the secret; worth caching
//	err = sig.Verify(req, key)              // is it what the owner of the secret would have made
//
// The path is signed as it stands on the request line with every segment encoded once more, which is
// the rule for every AWS service but S3.
package sigv4

import "strings"

// The fixed words of the signature.
const (
	// Algorithm is the only algorithm there is.
	Algorithm = "AWS4-HMAC-SHA256"
	// Terminator ends every credential scope.
	Terminator = "aws4_request"
	// UnsignedPayload in the header X-Amz-Content-Sha256 leaves the body out of the signature.
	UnsignedPayload = "UNSIGNED-PAYLOAD"
)

const (
	stampLayout = "20060102T150405Z"
	dateLength  = len("20060102")

	headerDate    = "X-Amz-Date"
	headerToken   = "X-Amz-Security-Token"
	headerPayload = "X-Amz-Content-Sha256"
)

// Request is what a signature covers.
type Request struct {
	// Method is the HTTP method.
	Method string
	// Host is the value of the header Host, or the pseudo-header :authority.
	Host string
	// Path is the path exactly as it stands on the request line: not decoded, without the query.
	Path string
	// Query is the query exactly as it stands on the request line, without '?'.
	Query string
	// Header holds every header but Host, under the canonical names of net/http.
	Header map[string][]string
	// Body is the whole body.
	Body []byte
}

// SplitTarget takes the target of a request line apart into its raw path and raw query. Of a target
// in absolute form only these two are looked at, and an empty path is "/". A target that is neither,
// such as that of CONNECT, has no path.
func SplitTarget(target string) (path, query string) {
	if !strings.HasPrefix(target, "/") {
		_, rest, ok := strings.Cut(target, "://")
		if !ok {
			return "", ""
		}
		slash := strings.IndexAny(rest, "/?")
		switch {
		case slash < 0:
			return "/", ""
		case rest[slash] == '?':
			return "/", rest[slash+1:]
		}
		target = rest[slash:]
	}
	path, query, _ = strings.Cut(target, "?")
	return path, query
}
