package sigv4

import (
	"bytes"
	"crypto/subtle"
	"slices"
	"strings"
)

// Verify recomputes the signature with a key. It answers nil or an *Error with the reason Mismatch,
// or OtherBody.
//
// What reaches a server is not always byte for byte what was signed: a browser escapes an apostrophe,
// a proxy reorders a query, a client leaves out its default port. So three readings of the query are
// tried (as RFC 3986 has it, as received, and as JavaScript encodes), and with each the host as it is
// and with the default ports added, and the further hosts given. All of them name the same request,
// and the work is the same whichever key is wrong.
func (s *Signature) Verify(r *Request, key *Key, hosts ...string) error {
	w := works.Get().(*work)
	defer works.Put(w)
	if !w.setPayload(s, r) {
		return errBody
	}
	for i := range w.queries {
		q := w.queries[i][:0]
		switch i {
		case 0:
			q = w.query.append(q, r.Query, &strict)
		case 1:
			q = appendRawQuery(q, r.Query)
		case 2:
			q = w.query.append(q, r.Query, &component)
		}
		w.queries[i] = q
		seen := slices.ContainsFunc(w.queries[:i], func(earlier []byte) bool { return bytes.Equal(earlier, q) })
		if !seen && w.matchesAnyHost(s, r, key, q, hosts) {
			return nil
		}
	}
	return errMismatch
}

func (w *work) matchesAnyHost(s *Signature, r *Request, key *Key, query []byte, hosts []string) bool {
	if w.matches(s, r, key, query, r.Host, "") {
		return true
	}
	lower := strings.ToLower(r.Host)
	if lower != r.Host && w.matches(s, r, key, query, lower, "") {
		return true
	}
	if !hasPort(lower) && (w.matches(s, r, key, query, lower, ":443") || w.matches(s, r, key, query, lower, ":80")) {
		return true
	}
	for _, host := range hosts {
		if w.matches(s, r, key, query, host, "") {
			return true
		}
	}
	return false
}

func (w *work) matches(s *Signature, r *Request, key *Key, query []byte, host, port string) bool {
	w.canonical = w.appendCanonical(w.canonical[:0], s, r, query, host, port)
	w.mac = w.appendMAC(w.mac[:0], s, key)
	return subtle.ConstantTimeCompare(w.mac, s.mac[:]) == 1
}

// hasPort reports whether a host, which may be an IPv6 address in brackets, has a port.
func hasPort(host string) bool {
	return strings.LastIndexByte(host, ':') > strings.LastIndexByte(host, ']')
}
