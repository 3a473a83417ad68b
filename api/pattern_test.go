package api

import (
	"regexp"
	"strings"
	"testing"
)

// handwritten are the matchers written out by hand, each with a shape of the models that has its
// pattern.
var handwritten = map[string]struct {
	match func(string) bool
	shape string
	// lenient is the flag with which the pattern admits what we admit on purpose.
	lenient string
	yes, no []string
}{
	"matchChimeArn": {
		match: matchChimeArn, shape: "ChimeArn",
		yes: []string{
			"arn:aws:chime:us-east-1:123456789012:app-instance/x",
			"arn:aws:chime:us-east-1:123456789012:app-instance/x/user/a:b@example.com",
			"arn:a::::x",
			"arn:-.9::::\n",
			"arn:aws::::x/",
			"arn:aws::::é😀\u2028\r\x00",
			"arn:" + strings.Repeat("a", 63) + ":" + strings.Repeat("b", 63) + ":" + strings.Repeat("c", 63) + ":" + strings.Repeat("d", 63) + ":x",
			"arn:a::::" + strings.Repeat("x", 1024),
			"arn:a::::" + strings.Repeat("😀", 1024),
		},
		no: []string{
			"", "arn", "arn:", "arn:aws", "arn:aws:chime:us-east-1:123456789012", "arn:aws:chime:us-east-1:123456789012:",
			"arn:aws:chime:us-east-1:123456789012:/x",
			"arn:::::x",
			"arn:AWS::::x",
			"arn:a_b::::x",
			"arn:é::::x",
			"ARN:aws::::x",
			" arn:aws::::x",
			"arn:aws::::x\n",
			"arn:aws::::x\ny",
			"arn:" + strings.Repeat("a", 64) + "::::x",
			"arn:a:" + strings.Repeat("b", 64) + ":::x",
			"arn:a:::" + strings.Repeat("c", 64) + ":x",
			"arn:a::::" + strings.Repeat("x", 1025),
			"arn:a::::" + strings.Repeat("😀", 1025),
		},
	},
	"matchToken": {
		match: matchToken, shape: "ClientRequestToken",
		yes: []string{"", "-", "_", "a", "Z", "0", "2b1f6f0e-6a0c-4a55-9c55-0d9ea2f9f8b1", strings.Repeat("x", 200)},
		no:  []string{" ", "a b", "a.b", "a:b", "é", "a\n", "\x00", "a/b", "Ａ"},
	},
	"matchID": {
		match: matchID, shape: "UserId",
		yes: []string{"a", "A", "0", "ab", "a:b", "a-b_c.d@e", "alice@example.com", "a" + strings.Repeat("-", 62) + "b", strings.Repeat("x", 64)},
		no: []string{
			"", "-", ":", "@", "a-", "-a", ".a", "a.", "a/b", "a b", "é", "aéb", "a\n", "\na", "a\x00b", "a+b",
			strings.Repeat("x", 65), "a" + strings.Repeat("-", 63) + "b",
		},
	},
	// The last range of the pattern is written \u10000-\u10FFFF, which its own dialect reads as the
	// character U+1000, the range from '0' to U+10FF, and two letters F. It is meant as every
	// supplementary character, and so it is read here and in the matcher.
	"matchName": {
		match: matchName, shape: "ResourceName",
		yes: []string{
			"", "General", "a\tb\nc\rd", " ", "~", "\u0085", "\u00a0", "日本語", "\ud7ff", "\ue000", "\ufffd",
			"😀", "\U00010000", "\U0010ffff", "\U0001fffe", "\U0002ffff",
		},
		no: []string{
			"\x00", "a\x01", "\x08", "\x0b", "\x0c", "\x0e", "\x1f", "\x7f", "\u0080", "\u0084", "\u0086", "\u009f",
			"\ufffe", "\uffff", "a\x00b", "😀\x7f",
		},
	},
	// The pattern formally excludes line breaks, which names of users may well hold.
	"matchNotBlank": {
		match: matchNotBlank, shape: "UserName", lenient: "(?s)",
		yes: []string{"a", " a", "a ", "  a  ", "\x00", "\v", "\u00a0", "\u2028", "日本語", "😀", "a\nb", "\na\n"},
		no:  []string{"", " ", "\t", "\n", "\f", "\r", " \t\r\n\f "},
	},
}

// The models write a character \u…, where Go writes \x{…}; and Go repeats at most 1000 times.
var unicodeEscape = regexp.MustCompile(`\\u([0-9A-F]{4,6})`)

const tooOften, oftenEnough = `.{0,1023}`, `.{0,1000}.{0,23}`

// patternOf compiles the pattern of a shape as Go understands it, with flags.
func patternOf(t testing.TB, shape, flags string) *regexp.Regexp {
	t.Helper()
	pattern := theModel(t).Shapes[shape].Bounds.Pattern
	if pattern == "" {
		t.Fatalf("%s has no pattern", shape)
	}
	pattern = unicodeEscape.ReplaceAllString(pattern, `\x{$1}`)
	pattern = strings.ReplaceAll(pattern, tooOften, oftenEnough)
	return regexp.MustCompile(flags + `^(?:` + pattern + `)$`)
}

func TestHandwrittenMatchers(t *testing.T) {
	for name, c := range handwritten {
		t.Run(name, func(t *testing.T) {
			pattern := patternOf(t, c.shape, c.lenient)
			for want, texts := range map[bool][]string{true: c.yes, false: c.no} {
				for _, text := range texts {
					if got := pattern.MatchString(text); got != want {
						t.Errorf("%q: the model's pattern says %v, the table says %v", text, got, want)
					}
					if got := c.match(text); got != want {
						t.Errorf("%q: the matcher says %v, want %v", text, got, want)
					}
				}
			}
		})
	}
	t.Run("a line break in the name of a user is our leniency, not the model's", func(t *testing.T) {
		if name := "Alice\nLiddell"; patternOf(t, "UserName", "").MatchString(name) || !matchNotBlank(name) {
			t.Errorf("%q: leniency without need, or lost", name)
		}
	})
}

func TestLazyPattern(t *testing.T) {
	for _, c := range []struct {
		name, shape, text string
		want              bool
	}{
		{"a Lambda function", "LambdaFunctionArn", "arn:aws:lambda:us-east-1:123456789012:function:f", true},
		{"a version of a Lambda function", "LambdaFunctionArn", "arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST", true},
		{"something before the match", "LambdaFunctionArn", " arn:aws:lambda:us-east-1:123456789012:function:f", false},
		{"something after the match", "LambdaFunctionArn", "arn:aws:lambda:us-east-1:123456789012:function:f/", false},
		{"a line break after the match", "LexIntentName", "Hello\n", false},
		{"a pattern with its own anchors", "LexIntentName", "Hello_World", true},
		{"a repetition that backtracks elsewhere", "LexIntentName", strings.Repeat("a", 90) + "!", false},
		{"an ARN of the old kind", "Arn", "arn:aws:kinesis:us-east-1:123456789012:stream/chime-messaging-x", true},
		{"an ARN of the old kind with a space", "Arn", "arn:aws:kinesis:us-east-1:1:stream/a b", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			match := lazyPattern(theModel(t).Shapes[c.shape].Bounds.Pattern)
			if got := match(c.text); got != c.want {
				t.Errorf("%q: %v, want %v", c.text, got, c.want)
			}
		})
	}
}

func FuzzMatchChimeArn(f *testing.F) { fuzzMatcher(f, "matchChimeArn") }
func FuzzMatchToken(f *testing.F)    { fuzzMatcher(f, "matchToken") }
func FuzzMatchID(f *testing.F)       { fuzzMatcher(f, "matchID") }
func FuzzMatchName(f *testing.F)     { fuzzMatcher(f, "matchName") }
func FuzzMatchNotBlank(f *testing.F) { fuzzMatcher(f, "matchNotBlank") }

// fuzzMatcher holds a matcher against its pattern. No matcher ever sees what is no UTF-8.
func fuzzMatcher(f *testing.F, name string) {
	c := handwritten[name]
	for _, text := range append(c.yes, c.no...) {
		f.Add(text)
	}
	pattern := patternOf(f, c.shape, c.lenient)
	f.Fuzz(func(t *testing.T, text string) {
		text = strings.ToValidUTF8(text, "\ufffd")
		if got, want := c.match(text), pattern.MatchString(text); got != want {
			t.Fatalf("%q: %v, the pattern says %v", text, got, want)
		}
	})
}

func BenchmarkMatchChimeArn(b *testing.B) {
	arn := benchUsers(1)[0]
	for b.Loop() {
		if !matchChimeArn(arn) {
			b.Fatal(arn)
		}
	}
}
