package sigv4

import (
	"crypto/sha256"
	"encoding/hex"
	"net/textproto"
	"strconv"
	"strings"
	"sync"
)

// work is the room in which a signature is computed, kept for the next one.
type work struct {
	canonical []byte
	text      []byte // the string to sign
	mac       []byte
	payload   []byte // the hash of the body as it stands in the canonical request
	query     canonicalQuery
	queries   [3][]byte
	sum       [sha256.Size]byte
}

var works = sync.Pool{New: func() any { return new(work) }}

func appendHex(dst, src []byte) []byte { return hex.AppendEncode(dst, src) }

// setPayload writes down what stands for the body in the canonical request. It reports whether the
// hash that the request declares, if any, is that of its body.
func (w *work) setPayload(s *Signature, r *Request) bool {
	if s.payload == UnsignedPayload {
		w.payload = append(w.payload[:0], UnsignedPayload...)
		return true
	}
	w.sum = sha256.Sum256(r.Body)
	w.payload = appendHex(w.payload[:0], w.sum[:])
	return s.payload == "" || s.payload == string(w.payload)
}

// appendCanonical appends the canonical request.
func (w *work) appendCanonical(dst []byte, s *Signature, r *Request, query []byte, host, port string) []byte {
	dst = append(dst, r.Method...)
	dst = append(dst, '\n')
	dst = appendPath(dst, r.Path)
	dst = append(dst, '\n')
	dst = append(dst, query...)
	dst = append(dst, '\n')
	for rest, more := s.SignedHeaders, true; more; {
		var name string
		name, rest, more = strings.Cut(rest, ";")
		dst = append(dst, name...)
		dst = append(dst, ':')
		if name == "host" {
			dst = append(dst, host...)
			dst = append(dst, port...)
		} else {
			dst = appendHeader(dst, r, name)
		}
		dst = append(dst, '\n')
	}
	dst = append(dst, '\n')
	dst = append(dst, s.SignedHeaders...)
	dst = append(dst, '\n')
	return append(dst, w.payload...)
}

// appendPath encodes a raw path once more.
func appendPath(dst []byte, path string) []byte {
	if path == "" {
		return append(dst, '/')
	}
	for i := range len(path) {
		dst = segments.append(dst, path[i])
	}
	return dst
}

// appendHeader appends the values of a header: trimmed, with white space inside folded to one space,
// joined by commas.
func appendHeader(dst []byte, r *Request, lower string) []byte {
	values, ok := lookup(r.Header, lower)
	if !ok && lower == "content-length" {
		// Servers take this header out of the others.
		return strconv.AppendInt(dst, int64(len(r.Body)), 10)
	}
	for i, value := range values {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendFolded(dst, value)
	}
	return dst
}

func appendFolded(dst []byte, value string) []byte {
	start, space := len(dst), false
	for i := range len(value) {
		c := value[i]
		if c == ' ' || c == '\t' {
			space = true
			continue
		}
		if space && len(dst) > start {
			dst = append(dst, ' ')
		}
		space = false
		dst = append(dst, c)
	}
	return dst
}

// lookup finds a header by its name in lower case.
func lookup(header map[string][]string, lower string) ([]string, bool) {
	var name [64]byte
	if len(lower) > len(name) {
		values, ok := header[textproto.CanonicalMIMEHeaderKey(lower)]
		return values, ok
	}
	upper := true
	for i := range len(lower) {
		c := lower[i]
		if upper && 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		name[i] = c
		upper = c == '-'
	}
	values, ok := header[string(name[:len(lower)])]
	return values, ok
}

// appendMAC appends the signature of the canonical request.
func (w *work) appendMAC(dst []byte, s *Signature, key *Key) []byte {
	w.setText(s)
	return key.appendMAC(dst, w.text)
}

// setText writes down the string to sign for the canonical request.
func (w *work) setText(s *Signature) {
	w.sum = sha256.Sum256(w.canonical)
	t := append(w.text[:0], Algorithm...)
	t = append(t, '\n')
	t = append(t, s.stamp...)
	t = append(t, '\n')
	t = append(t, s.Date...)
	t = append(t, '/')
	t = append(t, s.Region...)
	t = append(t, '/')
	t = append(t, s.Service...)
	t = append(t, '/')
	t = append(t, s.Terminator...)
	t = append(t, '\n')
	w.text = appendHex(t, w.sum[:])
}
