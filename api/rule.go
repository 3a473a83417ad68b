package api

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// The words of AWS for a broken constraint.
const mustNotBeNull = "Member must not be null"

func tooShort(min int) string {
	return "Member must have length greater than or equal to " + strconv.Itoa(min)
}

func tooLong(max int) string {
	return "Member must have length less than or equal to " + strconv.Itoa(max)
}

// textRule is what a model says of a string. Lengths count characters; a max of 0 is none.
type textRule struct {
	min, max int
	enum     []string
	match    func(string) bool
	pattern  string
}

// broken returns the constraint that s, which is UTF-8, does not satisfy, or "".
func (r *textRule) broken(s string) string {
	if r.enum != nil {
		if !slices.Contains(r.enum, s) {
			return "Member must satisfy enum value set: [" + strings.Join(r.enum, ", ") + "]"
		}
		return ""
	}
	// A character has one to four bytes, so that the length in bytes mostly answers already.
	if len(s) < utf8.UTFMax*r.min || r.max > 0 && len(s) > r.max {
		if n := utf8.RuneCountInString(s); n < r.min {
			return tooShort(r.min)
		} else if r.max > 0 && n > r.max {
			return tooLong(r.max)
		}
	}
	if r.match != nil && !r.match(s) {
		return "Member must satisfy regular expression pattern: " + r.pattern
	}
	return ""
}

// intern returns b as a string, which for a value of the enum costs no memory.
func (r *textRule) intern(b []byte) string {
	for _, value := range r.enum {
		if string(b) == value {
			return value
		}
	}
	return string(b)
}

// integerRule is what a model says of a whole number. A max of 0 is none.
type integerRule struct{ min, max int }

// broken returns the constraint that n does not satisfy, or "".
func (r *integerRule) broken(n int) string {
	if n < r.min {
		return "Member must have value greater than or equal to " + strconv.Itoa(r.min)
	}
	if r.max > 0 && n > r.max {
		return "Member must have value less than or equal to " + strconv.Itoa(r.max)
	}
	return ""
}

// lazyPattern makes a matcher of a pattern that is too rare to deserve one written by hand. It is
// compiled at first use.
func lazyPattern(pattern string) func(string) bool {
	compiled := sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?:` + pattern + `)$`) })
	return func(s string) bool { return compiled().MatchString(s) }
}
