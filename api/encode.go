package api

import (
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// appendString appends s as a JSON string. Every string of the server is valid UTF-8, because every
// request was; should one not be, its bad bytes become U+FFFD rather than break the answer.
func appendString(b []byte, s string) []byte {
	if isPlain(s) {
		b = append(b, '"')
		b = append(b, s...)
		return append(b, '"')
	}
	b, err := jsontext.AppendQuote(b, s)
	_ = err // invalid UTF-8: already replaced
	return b
}

// isPlain reports whether s is its own JSON text between quotes: valid UTF-8 without control
// characters, '"' and '\\'. It looks at eight bytes at once, and may be wrong only in answering no.
func isPlain(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	const each, high = 0x0101010101010101, 0x8080808080808080
	for ; len(s) >= 8; s = s[8:] {
		w := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
		quote, backslash := w^each*'"', w^each*'\\'
		// Subtracting sets the high bit of a byte that was smaller, unless it had it before.
		if ((w-each*0x20)&^w|(quote-each)&^quote|(backslash-each)&^backslash)&high != 0 {
			return false
		}
	}
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// closeObject ends an object whose members were each written with a leading comma from position
// start on.
func closeObject(b []byte, start int) []byte {
	if len(b) == start {
		return append(b, '{', '}')
	}
	b[start] = '{'
	return append(b, '}')
}

func appendStrings(b []byte, list []string) []byte {
	b = append(b, '[')
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, s)
	}
	return append(b, ']')
}

func appendList[T any](b []byte, list []T, times TimeFormat, appendOne func(*T, []byte, TimeFormat) []byte) []byte {
	b = append(b, '[')
	for i := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendOne(&list[i], b, times)
	}
	return append(b, ']')
}

// appendMap writes a map in the order of its keys, so that equal values are equal texts.
func appendMap[T any](b []byte, m map[string]T, times TimeFormat, appendOne func(*T, []byte, TimeFormat) []byte) []byte {
	start := len(b)
	for _, key := range slices.Sorted(maps.Keys(m)) {
		b = append(b, ',')
		b = appendString(b, key)
		b = append(b, ':')
		value := m[key]
		b = appendOne(&value, b, times)
	}
	return closeObject(b, start)
}
