package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// pattern is a text of a policy with its wildcards and variables. What a variable stands for is taken as it
// is: a '*' in a value is that character.
type pattern struct {
	source string
	// runs are what stands between the '*', which match anything: one run matches the whole.
	runs [][]atom
	// variables is how many atoms are variables.
	variables int
}

// atom is a part of a pattern.
type atom struct {
	kind atomKind
	// text is the text, or the key of the variable in lower case.
	text string
	// fallback is what a variable without a value stands for, if it has one.
	fallback    string
	hasFallback bool
	// place is the variable's among those of the pattern.
	place int
}

type atomKind uint8

const (
	aText     atomKind = iota
	aAny               // any one character
	aVariable          // the value of a condition key
)

// syntax says what has a meaning in a text.
type syntax struct {
	wildcards, variables bool
}

// parsePattern compiles a text.
func parsePattern(source string, s syntax) (pattern, error) {
	p := pattern{source: source, runs: make([][]atom, 1)}
	for rest := source; rest != ""; {
		special := "*?"
		if !s.wildcards {
			special = ""
		}
		if s.variables {
			special += "$"
		}
		next := strings.IndexAny(rest, special)
		if special == "" || next < 0 {
			next = len(rest)
		}
		p.addText(rest[:next])
		if rest = rest[next:]; rest == "" {
			break
		}
		switch {
		case rest[0] == '*':
			// Several in a row are one.
			if last := len(p.runs) - 1; last == 0 || len(p.runs[last]) > 0 {
				p.runs = append(p.runs, nil)
			}
			rest = rest[1:]
		case rest[0] == '?':
			p.add(atom{kind: aAny})
			rest = rest[1:]
		case !strings.HasPrefix(rest, "${"):
			p.addText("$")
			rest = rest[1:]
		default:
			a, length, err := parseVariable(rest)
			if err != nil {
				return pattern{}, err
			}
			if a.kind == aText {
				p.addText(a.text)
			} else {
				a.place = p.variables
				p.variables++
				p.add(a)
			}
			rest = rest[length:]
		}
	}
	return p, nil
}

func (p *pattern) add(a atom) {
	last := &p.runs[len(p.runs)-1]
	*last = append(*last, a)
}

func (p *pattern) addText(text string) {
	if text == "" {
		return
	}
	if run := p.runs[len(p.runs)-1]; len(run) > 0 && run[len(run)-1].kind == aText {
		run[len(run)-1].text += text
		return
	}
	p.add(atom{kind: aText, text: text})
}

// parseVariable reads the variable that a text begins with and returns how long it is.
func parseVariable(s string) (atom, int, error) {
	inside := s[len("${"):]
	for _, c := range []string{"*", "?", "$"} {
		if strings.HasPrefix(inside, c+"}") {
			return atom{kind: aText, text: c}, len("${*}"), nil
		}
	}
	end := strings.IndexAny(inside, ",}")
	if end < 0 {
		return atom{}, 0, errors.New(`a variable has no closing brace; write "${$}{" for the characters themselves`)
	}
	key := inside[:end]
	if err := checkKey(key); err != nil {
		return atom{}, 0, fmt.Errorf("a variable is wrong: %w", err)
	}
	a := atom{kind: aVariable, text: Fold(key)}
	if inside[end] == '}' {
		return a, len("${") + end + 1, nil
	}
	quoted, ok := strings.CutPrefix(inside[end:], ", '")
	if !ok {
		return atom{}, 0, fmt.Errorf("the variable %s has a default that is not written as ${%s, 'default'}", key, key)
	}
	a.fallback, _, ok = strings.Cut(quoted, "'")
	if !ok || !strings.HasPrefix(quoted[len(a.fallback):], "'}") {
		return atom{}, 0, fmt.Errorf("the default of the variable %s has no end; write ${%s, 'default'}", key, key)
	}
	a.hasFallback = true
	return a, len("${") + end + len(", '") + len(a.fallback) + len("'}"), nil
}

// maxKey bounds a condition key: a tag's name has 128 characters, an identity provider's URL 255.
const maxKey = 512

// checkKey checks how a condition key is written.
func checkKey(key string) error {
	service, name, ok := strings.Cut(key, ":")
	switch {
	case !ok || service == "" || name == "":
		return fmt.Errorf("%q is no condition key, such as aws:username", clip(key))
	case len(key) > maxKey:
		return fmt.Errorf("a condition key is longer than %d bytes", maxKey)
	case strings.ContainsAny(key, `${}'"*?`) || strings.TrimSpace(key) != key || strings.ContainsFunc(key, func(r rune) bool { return r < ' ' }):
		return fmt.Errorf("the condition key %q has characters that none has", clip(key))
	}
	return nil
}

// literal returns the text that alone matches, if there is just one.
func (p *pattern) literal() (string, bool) {
	if run := p.runs[0]; len(p.runs) == 1 && len(run) == 1 && run[0].kind == aText {
		return run[0].text, true
	}
	return "", false
}

// resolve appends what the variables stand for. It fails if one has no value.
func (p *pattern) resolve(r *Request, values []string) ([]string, bool) {
	if p.variables == 0 {
		return values, true
	}
	for _, run := range p.runs {
		for i := range run {
			if run[i].kind != aVariable {
				continue
			}
			value, ok := r.variable(run[i].text)
			if !ok {
				if !run[i].hasFallback {
					return values, false
				}
				value = run[i].fallback
			}
			values = append(values, value)
		}
	}
	return values, true
}

// match reports whether the pattern matches s, and whether all its variables have values. If not, nothing
// matches.
func (p *pattern) match(r *Request, s string) (ok, resolved bool) {
	var buffer [4]string
	values, resolved := p.resolve(r, buffer[:0])
	return resolved && matchRuns(p.runs, values, s, false), resolved
}

// matchFold reports whether a pattern without variables matches s in any case.
func (p *pattern) matchFold(s string) bool { return matchRuns(p.runs, nil, s, true) }

// equalFold reports whether a pattern without wildcards is s in any case.
func (p *pattern) equalFold(r *Request, s string) bool {
	var buffer [4]string
	values, ok := p.resolve(r, buffer[:0])
	if !ok {
		return false
	}
	run := p.runs[0]
	if len(run) == 1 {
		return strings.EqualFold(run[0].value(values), s)
	}
	// A letter and its other case may have different lengths: parts cannot be cut off one by one.
	var whole strings.Builder
	for i := range run {
		whole.WriteString(run[i].value(values))
	}
	return strings.EqualFold(whole.String(), s)
}

// value is the text that an atom stands for.
func (a *atom) value(values []string) string {
	if a.kind == aVariable {
		return values[a.place]
	}
	return a.text
}

// matchRuns matches the first run at the beginning, the last at the end, and each of the others as early as
// it can be. That is enough, since what is between them is free; it takes no longer than the product of
// the lengths.
func matchRuns(runs [][]atom, values []string, s string, fold bool) bool {
	n, ok := matchAtoms(runs[0], values, s, fold)
	if len(runs) == 1 {
		return ok && n == len(s)
	}
	if !ok {
		return false
	}
	s = s[n:]
	for _, run := range runs[1 : len(runs)-1] {
		begin, n := find(run, values, s, fold)
		if begin < 0 {
			return false
		}
		s = s[begin+n:]
	}
	return endsWith(runs[len(runs)-1], values, s, fold)
}

// matchAtoms matches a run at the beginning of s and returns how much it takes.
func matchAtoms(run []atom, values []string, s string, fold bool) (int, bool) {
	taken := 0
	for i := range run {
		rest := s[taken:]
		if run[i].kind == aAny {
			if rest == "" {
				return 0, false
			}
			_, size := utf8.DecodeRuneInString(rest)
			taken += size
			continue
		}
		text := run[i].value(values)
		if len(rest) < len(text) {
			return 0, false
		}
		if rest[:len(text)] != text && !(fold && strings.EqualFold(rest[:len(text)], text)) {
			return 0, false
		}
		taken += len(text)
	}
	return taken, true
}

// find returns where in s a run matches first, and how much it takes, or -1.
func find(run []atom, values []string, s string, fold bool) (begin, n int) {
	if len(run) == 1 && run[0].kind != aAny && !fold {
		text := run[0].value(values)
		return strings.Index(s, text), len(text)
	}
	for begin := 0; begin <= len(s); begin += step(s[begin:]) {
		if n, ok := matchAtoms(run, values, s[begin:], fold); ok {
			return begin, n
		}
	}
	return -1, 0
}

// endsWith reports whether a run matches the end of s.
func endsWith(run []atom, values []string, s string, fold bool) bool {
	if !slices.ContainsFunc(run, func(a atom) bool { return a.kind == aAny }) {
		length := 0
		for i := range run {
			length += len(run[i].value(values))
		}
		if length > len(s) {
			return false
		}
		_, ok := matchAtoms(run, values, s[len(s)-length:], fold)
		return ok
	}
	characters := 0
	for i := range run {
		if run[i].kind == aAny {
			characters++
		} else {
			characters += utf8.RuneCountInString(run[i].value(values))
		}
	}
	begin := len(s)
	for range characters {
		_, size := utf8.DecodeLastRuneInString(s[:begin])
		begin -= size
	}
	n, ok := matchAtoms(run, values, s[begin:], fold)
	return ok && begin+n == len(s)
}

// step is the length of the character that s begins with, and 1 at its end.
func step(s string) int {
	_, size := utf8.DecodeRuneInString(s)
	return max(size, 1)
}

// clip shortens a text for a message.
func clip(s string) string {
	const most = 100
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
