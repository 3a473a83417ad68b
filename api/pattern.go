package api

import (
	"strings"
	"unicode/utf8"
)

// The matchers below are the patterns of the models that every request meets, written out: a
// compiled regular expression costs about twenty times as much, which a batch of a hundred ARNs
// would feel. A test holds each against its pattern.

// matchChimeArn is arn:[a-z0-9-\.]{1,63}:[a-z0-9-\.]{0,63}:[a-z0-9-\.]{0,63}:[a-z0-9-\.]{0,63}:[^/].{0,1023}
func matchChimeArn(s string) bool {
	rest, ok := strings.CutPrefix(s, "arn:")
	if !ok {
		return false
	}
	for part := range 4 {
		n := 0
		for n < len(rest) && isArnPart(rest[n]) {
			n++
		}
		if n > 63 || part == 0 && n == 0 || n == len(rest) || rest[n] != ':' {
			return false
		}
		rest = rest[n+1:]
	}
	if rest == "" || rest[0] == '/' || strings.IndexByte(rest[1:], '\n') >= 0 {
		return false
	}
	return len(rest) <= 1024 || utf8.RuneCountInString(rest) <= 1024
}

func isArnPart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '.'
}

func isAlphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// matchToken is [-_a-zA-Z0-9]*
func matchToken(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isAlphanumeric(c) && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// matchID is [A-Za-z0-9]([A-Za-z0-9\:\-\_\.\@]{0,62}[A-Za-z0-9])?
func matchID(s string) bool {
	if s == "" || len(s) > 64 || !isAlphanumeric(s[0]) || !isAlphanumeric(s[len(s)-1]) {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !isAlphanumeric(c) && c != ':' && c != '-' && c != '_' && c != '.' && c != '@' {
			return false
		}
	}
	return true
}

// matchName is [\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]*, read
// as it is meant: the last range is every supplementary character.
func matchName(s string) bool {
	for _, r := range s {
		switch {
		case r == '\t', r == '\n', r == '\r', r == 0x85:
		case r >= 0x20 && r <= 0x7E, r >= 0xA0 && r <= 0xD7FF, r >= 0xE000 && r <= 0xFFFD, r >= 0x10000:
		default:
			return false
		}
	}
	return true
}

// matchNotBlank is .*\S.*, line breaks allowed like in every text of this API.
func matchNotBlank(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return !isSpace(r) })
}

func isSpace(r rune) bool {
	return r == ' ' || r == '\t' || r == '\n' || r == '\f' || r == '\r'
}
