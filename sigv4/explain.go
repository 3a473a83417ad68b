package sigv4

import "net/http"

// ClaimedKey is the id of the access key that a request says it was signed with; empty when it has no
// signature that can be read. Nobody has proved anything by it.
func ClaimedKey(r *http.Request) string {
	path, query := SplitTarget(r.RequestURI)
	s, err := Parse(&Request{Method: r.Method, Host: r.Host, Path: path, Query: query, Header: r.Header})
	if err != nil {
		return ""
	}
	return s.AccessKeyID
}

// Basis is what a signature is computed from, for whoever looks for the difference to what was signed. It
// holds nothing but parts of the request. As an error it is the cause of a mismatch.
type Basis struct {
	// CanonicalRequest is the request as it was read first, of the readings that Verify tries.
	CanonicalRequest string
	// StringToSign is what the key signs: the hash of the canonical request in its scope.
	StringToSign string
}

// Error implements error.
func (b *Basis) Error() string {
	return "sigv4: this is not the signature of the request as it was read"
}

// Basis is what the signature must have been computed from.
func (s *Signature) Basis(r *Request) *Basis {
	w := works.Get().(*work)
	defer works.Put(w)
	w.setPayload(s, r)
	w.queries[0] = w.query.append(w.queries[0][:0], r.Query, &strict)
	w.canonical = w.appendCanonical(w.canonical[:0], s, r, w.queries[0], r.Host, "")
	w.setText(s)
	return &Basis{CanonicalRequest: string(w.canonical), StringToSign: string(w.text)}
}
