package api

import (
	"maps"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// appendString appends s as a JSON string. Every string of the server is valid UTF-8, because every
// request was; should one not be, its bad bytes become U+FFFD rather than break the answer.
func appendString(b []byte, s string) []byte {
	b, err := jsontext.AppendQuote(b, s)
	_ = err // invalid UTF-8: already replaced
	return b
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
