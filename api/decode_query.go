package api

import (
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// maxParameters bounds the work for a hostile query: no operation has more than seven.
const maxParameters = 100

// parameter is one key and value of a query, decoded.
type parameter struct{ key, value string }

// queryText takes a parameter from the query. An empty value is a value.
func (d *decoder) queryText(key, name string, required bool, to *string, r *textRule) {
	value, ok := d.queryValue(key, name, required)
	if !ok {
		return
	}
	*to = value
	d.push(name)
	d.checkReceived(value, r)
	d.pop()
}

// queryInteger takes a whole number from the query.
func (d *decoder) queryInteger(key, name string, required bool, to *int, r *integerRule) {
	value, ok := d.queryValue(key, name, required)
	if !ok {
		return
	}
	d.push(name)
	d.number(value, to, r)
	d.pop()
}

// queryTime takes a moment from the query: ISO 8601 with up to nine fraction digits, or epoch
// seconds.
func (d *decoder) queryTime(key, name string, required bool, to *Timestamp) {
	value, ok := d.queryValue(key, name, required)
	if !ok {
		return
	}
	if t, err := time.Parse(time.RFC3339Nano, value); err == nil {
		to.Time = t.UTC()
		return
	}
	if t, ok := parseEpoch(value); ok {
		to.Time = t
		return
	}
	d.push(name)
	d.wrongType("a time in ISO 8601")
	d.pop()
}

func (d *decoder) queryValue(key, name string, required bool) (string, bool) {
	if len(d.query) == 0 && !d.parseQuery() {
		return "", false
	}
	value, found := "", false
	for _, p := range d.query {
		if p.key != key {
			continue
		}
		if found {
			d.push(name)
			d.violate("Member must be given once")
			d.pop()
			return "", false
		}
		value, found = p.value, true
	}
	d.require(found || !required, name)
	return value, found
}

// parseQuery splits the query as url.ParseQuery does, without its map.
func (d *decoder) parseQuery() bool {
	if d.err != nil {
		return false
	}
	for rest := d.in.Query; rest != ""; {
		var pair string
		pair, rest, _ = strings.Cut(rest, "&")
		if pair == "" {
			continue
		}
		key, value, _ := strings.Cut(pair, "=")
		key, badKey := url.QueryUnescape(key)
		value, badValue := url.QueryUnescape(value)
		if badKey != nil || badValue != nil || strings.Contains(pair, ";") {
			d.fail("The query string is malformed.")
			return false
		}
		if len(d.query) == maxParameters {
			d.fail("The query string has too many parameters.")
			return false
		}
		d.query = append(d.query, parameter{key, value})
	}
	return true
}

// checkReceived checks a text that came percent-encoded and can be anything.
func (d *decoder) checkReceived(s string, r *textRule) {
	if !utf8.ValidString(s) {
		d.violate("Member must be valid UTF-8")
		return
	}
	d.check(s, r)
}

// number takes a whole number from its text.
func (d *decoder) number(text string, to *int, r *integerRule) {
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		d.wrongType("an integer")
		return
	}
	*to = int(n)
	if constraint := r.broken(*to); constraint != "" {
		d.violate(constraint)
	}
}
