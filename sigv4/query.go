package sigv4

import (
	"bytes"
	"net/url"
	"slices"
	"strings"
)

// parameter is one of the query parameters that make up the query form.
type parameter uint8

const (
	parameterAlgorithm parameter = iota
	parameterCredential
	parameterDate
	parameterExpires
	parameterSignature
	parameterSignedHeaders
	parameterToken
	parameters
)

var parameterNames = [parameters]string{
	parameterAlgorithm:     "X-Amz-Algorithm",
	parameterCredential:    "X-Amz-Credential",
	parameterDate:          "X-Amz-Date",
	parameterExpires:       "X-Amz-Expires",
	parameterSignature:     "X-Amz-Signature",
	parameterSignedHeaders: "X-Amz-SignedHeaders",
	parameterToken:         "X-Amz-Security-Token",
}

// queryForm holds the parameters of the query form.
type queryForm [parameters]struct {
	value   string
	present bool
}

// signs reports whether the query claims to sign its request.
func (q *queryForm) signs() bool {
	return q[parameterSignature].present || q[parameterCredential].present || q[parameterAlgorithm].present
}

// parseQuery collects the parameters of the query form. Each may be given once.
func parseQuery(query string) (q queryForm, err error) {
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		name, value, _ := strings.Cut(pair, "=")
		p := parameterOf(name)
		if p == parameters {
			continue
		}
		if q[p].present {
			return q, incomplete("The query-string parameter '" + parameterNames[p] + "' must not be given more than once.")
		}
		q[p].present = true
		if q[p].value, err = url.QueryUnescape(value); err != nil {
			return q, incomplete("The query-string parameter '" + parameterNames[p] + "' is not well encoded.")
		}
	}
	return q, nil
}

// parameterOf tells which parameter a raw name in a query is; parameters if none.
func parameterOf(raw string) parameter {
	if strings.IndexByte(raw, '%') >= 0 {
		name, err := url.QueryUnescape(raw)
		if err != nil {
			return parameters
		}
		raw = name
	}
	if len(raw) < len("X-Amz-Date") || raw[0] != 'X' {
		return parameters
	}
	for p, name := range parameterNames {
		if raw == name {
			return parameter(p)
		}
	}
	return parameters
}

// encoding is a set of bytes that stand for themselves in a canonical text.
type encoding [256]bool

func encodingOf(more string) (e encoding) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~" + more) {
		e[c] = true
	}
	return e
}

var (
	// strict is RFC 3986, which signers shall use.
	strict = encodingOf("")
	// component is JavaScript's encodeURIComponent, which some use instead.
	component = encodingOf("!*'()")
	// segments is strict for a whole path.
	segments = encodingOf("/")
)

const upperHex = "0123456789ABCDEF"

func (e *encoding) append(dst []byte, c byte) []byte {
	if e[c] {
		return append(dst, c)
	}
	return append(dst, '%', upperHex[c>>4], upperHex[c&15])
}

// appendRecoded decodes a raw name or value and encodes it anew. What is no valid escape is taken
// as it stands.
func (e *encoding) appendRecoded(dst []byte, raw string) []byte {
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		switch {
		case c == '+':
			c = ' '
		case c == '%' && i+2 < len(raw) && isHex(raw[i+1]) && isHex(raw[i+2]):
			c = unhex(raw[i+1])<<4 | unhex(raw[i+2])
			i += 2
		}
		dst = e.append(dst, c)
	}
	return dst
}

func isHex(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F' }

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c&^0x20 - 'A' + 10
}

// appendRawQuery appends a query as it was received, without its signature.
func appendRawQuery(dst []byte, query string) []byte {
	start := len(dst)
	for more := query != ""; more; {
		var pair string
		pair, query, more = strings.Cut(query, "&")
		name, _, _ := strings.Cut(pair, "=")
		if parameterOf(name) == parameterSignature {
			continue
		}
		if len(dst) > start {
			dst = append(dst, '&')
		}
		dst = append(dst, pair...)
	}
	return dst
}

// pair is one parameter in canonical encoding: where it lies in the arena it was written to.
type pair struct{ from, equals, to int }

// canonicalQuery is reusable room for sorting a query.
type canonicalQuery struct {
	arena []byte
	pairs []pair
}

// append appends a query in canonical form, without its signature: every name and value decoded and
// encoded anew, sorted by name and then by value.
func (q *canonicalQuery) append(dst []byte, query string, e *encoding) []byte {
	q.arena, q.pairs = q.arena[:0], q.pairs[:0]
	for query != "" {
		var raw string
		if raw, query, _ = strings.Cut(query, "&"); raw == "" {
			continue
		}
		name, value, _ := strings.Cut(raw, "=")
		if parameterOf(name) == parameterSignature {
			continue
		}
		p := pair{from: len(q.arena)}
		q.arena = e.appendRecoded(q.arena, name)
		p.equals = len(q.arena)
		q.arena = append(q.arena, '=')
		q.arena = e.appendRecoded(q.arena, value)
		p.to = len(q.arena)
		q.pairs = append(q.pairs, p)
	}
	slices.SortFunc(q.pairs, func(a, b pair) int {
		if c := bytes.Compare(q.arena[a.from:a.equals], q.arena[b.from:b.equals]); c != 0 {
			return c
		}
		return bytes.Compare(q.arena[a.equals:a.to], q.arena[b.equals:b.to])
	})
	for i, p := range q.pairs {
		if i > 0 {
			dst = append(dst, '&')
		}
		dst = append(dst, q.arena[p.from:p.to]...)
	}
	return dst
}
