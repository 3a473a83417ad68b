package policy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// MaxSize bounds a document, in bytes without the white space around its parts. It is the largest bound that
// AWS has for one.
const MaxSize = 10240

// maxText bounds a document as it is given, with white space.
const maxText = 64 << 10

// The versions of the language. The old one has no variables, and is what a document without a version is
// written in.
const (
	version2012 = "2012-10-17"
	version2008 = "2008-10-17"
)

// SyntaxError says where a document is wrong.
type SyntaxError struct {
	// Path is where, such as Statement[0].Action. It is empty for the document as a whole.
	Path string
	// Problem is what, in words.
	Problem string
}

func (e *SyntaxError) Error() string {
	if e.Path == "" {
		return e.Problem
	}
	return e.Path + ": " + e.Problem
}

// Parse compiles a document. The name is for reports. Errors are *SyntaxError.
func Parse(kind Kind, name string, text []byte) (*Document, error) {
	if len(text) > maxText {
		return nil, &SyntaxError{Problem: fmt.Sprintf("the document is longer than %d bytes", maxText)}
	}
	p := parser{json: jsontext.NewDecoder(bytes.NewReader(text)), document: &Document{name: name, kind: kind, version: version2008}}
	if err := p.parse(); err != nil {
		return nil, err
	}
	compact := jsontext.Value(bytes.Clone(text))
	if err := compact.Compact(); err != nil {
		return nil, p.syntax(err)
	}
	if len(compact) > MaxSize {
		return nil, &SyntaxError{Problem: fmt.Sprintf("the document is longer than %d bytes without white space", MaxSize)}
	}
	p.document.text = string(compact)
	return p.document, nil
}

// parser reads a document from front to back. It enters no value that it does not know: how deep one goes
// is bounded by the language.
type parser struct {
	json     *jsontext.Decoder
	document *Document
}

// parse reads the document as it is written and compiles it then: what its texts mean depends on its version,
// which may come last.
func (p *parser) parse() error {
	var statements []rawStatement
	seen := false
	err := p.object("the document", func(element string) (err error) {
		switch element {
		case "Version":
			if p.document.version, err = p.text(); err == nil && p.document.version != version2012 && p.document.version != version2008 {
				err = p.fail("the version is neither %s nor %s", version2012, version2008)
			}
		case "Id":
			p.document.id, err = p.text()
		case "Statement":
			seen = true
			err = p.oneOrMore('{', "a statement or a list of statements", func() error {
				raw, err := p.statement()
				statements = append(statements, raw)
				return err
			})
		default:
			err = p.unknown(element, "Version", "Id", "Statement")
		}
		return err
	})
	if err != nil {
		return err
	}
	if _, err := p.json.ReadToken(); err != io.EOF {
		return &SyntaxError{Problem: "something follows the end of the document"}
	}
	if !seen {
		return &SyntaxError{Problem: "the document has no Statement"}
	}
	return p.compile(statements)
}

// rawStatement is a statement as it is written, with the places of its texts.
type rawStatement struct {
	path, sid, effect                                string
	action, notAction, resource, notResource         list
	principals, notPrincipals                        []rawPrincipal
	hasPrincipal, hasNotPrincipal, hasSid, hasEffect bool
	conditions                                       []rawCondition
}

// located is a text and where it is.
type located struct{ path, text string }

// list is the value of an element: nil if the element is not there, and never empty.
type list []located

type rawPrincipal struct {
	kind PrincipalKind
	located
}

type rawCondition struct {
	condition
	path   string
	values list
}

// statementElements are the elements of a statement.
var statementElements = []string{
	"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal", "Condition",
}

func (p *parser) statement() (s rawStatement, err error) {
	s.path = p.path()
	err = p.members(func(element string) (err error) {
		switch element {
		case "Sid":
			s.hasSid = true
			if s.sid, err = p.text(); err == nil && !isSid(s.sid) {
				err = p.fail("a Sid has letters and digits only")
			}
		case "Effect":
			s.hasEffect = true
			if s.effect, err = p.text(); err == nil && s.effect != "Allow" && s.effect != "Deny" {
				err = p.fail("the effect is neither Allow nor Deny")
			}
		case "Action":
			s.action, err = p.texts()
		case "NotAction":
			s.notAction, err = p.texts()
		case "Resource":
			s.resource, err = p.texts()
		case "NotResource":
			s.notResource, err = p.texts()
		case "Principal":
			s.hasPrincipal = true
			s.principals, err = p.principals()
		case "NotPrincipal":
			s.hasNotPrincipal = true
			s.notPrincipals, err = p.principals()
		case "Condition":
			s.conditions, err = p.conditions()
		default:
			err = p.unknown(element, statementElements...)
		}
		return err
	})
	return s, err
}

// isSid reports whether a text may name a statement; an empty one is as good as none.
func isSid(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

func (p *parser) principals() ([]rawPrincipal, error) {
	if p.json.PeekKind() == '"' {
		everyone, err := p.text()
		if err == nil && everyone != "*" {
			err = p.fail(`a principal is "*" or an object such as {"AWS": "111122223333"}`)
		}
		return []rawPrincipal{{AWSPrincipal, located{p.path(), everyone}}}, err
	}
	var all []rawPrincipal
	err := p.object(`"*" or an object`, func(element string) error {
		kind, ok := principalElements[element]
		if !ok {
			return p.unknown(element, "AWS", "Federated", "Service")
		}
		texts, err := p.texts()
		for _, t := range texts {
			all = append(all, rawPrincipal{kind, t})
		}
		return err
	})
	if err == nil && len(all) == 0 {
		err = p.fail("nobody is named")
	}
	return all, err
}

func (p *parser) conditions() ([]rawCondition, error) {
	var all []rawCondition
	err := p.object("an object", func(name string) error {
		parsed, err := parseOperator(name)
		if err != nil {
			return p.fail("%s", err)
		}
		first := len(all)
		return p.object("an object", func(key string) error {
			c := rawCondition{condition: parsed, path: p.path()}
			c.key, c.folded = key, Fold(key)
			if err := checkKey(key); err != nil {
				return p.fail("%s", err)
			}
			for _, other := range all[first:] {
				if other.folded == c.folded {
					return p.fail("the key is there as %s already: keys have no case", other.key)
				}
			}
			var err error
			c.values, err = p.list(p.scalar)
			all = append(all, c)
			return err
		})
	})
	return all, err
}

// scalar reads a value of a condition, which may be written without quotation marks.
func (p *parser) scalar() (string, error) {
	switch p.json.PeekKind() {
	case '"', '0', 't', 'f':
		token, err := p.json.ReadToken()
		if err != nil {
			return "", p.syntax(err)
		}
		return token.String(), nil
	}
	return "", p.wrongType("a string, a number, true or false")
}

// texts reads a text or a list of them.
func (p *parser) texts() (list, error) { return p.list(p.text) }

func (p *parser) list(read func() (string, error)) (list, error) {
	var all list
	err := p.oneOrMore(0, "", func() error {
		text, err := read()
		all = append(all, located{p.path(), text})
		return err
	})
	return all, err
}

// oneOrMore reads what may stand alone or in a list. A kind that is not 0 is what its values begin with, and
// is read; noun says what was wanted instead of anything else.
func (p *parser) oneOrMore(kind jsontext.Kind, noun string, read func() error) error {
	if p.json.PeekKind() != '[' {
		if kind != 0 {
			if err := p.begin(kind, noun); err != nil {
				return err
			}
		}
		return read()
	}
	if err := p.begin('[', ""); err != nil {
		return err
	}
	if p.json.PeekKind() == ']' {
		return p.fail("the list is empty")
	}
	for p.json.PeekKind() != ']' {
		if kind != 0 {
			if err := p.begin(kind, noun); err != nil {
				return err
			}
		}
		if err := read(); err != nil {
			return err
		}
	}
	return p.token()
}

// object reads an object.
func (p *parser) object(noun string, member func(name string) error) error {
	if err := p.begin('{', noun); err != nil {
		return err
	}
	return p.members(member)
}

// members reads what is in an object that has been entered.
func (p *parser) members(member func(name string) error) error {
	for p.json.PeekKind() != '}' {
		name, err := p.json.ReadToken()
		if err != nil {
			return p.syntax(err)
		}
		if err := member(name.String()); err != nil {
			return err
		}
	}
	return p.token()
}

func (p *parser) begin(kind jsontext.Kind, noun string) error {
	if p.json.PeekKind() != kind {
		return p.wrongType(noun)
	}
	return p.token()
}

// token passes over a token that is known to come next.
func (p *parser) token() error {
	if _, err := p.json.ReadToken(); err != nil {
		return p.syntax(err)
	}
	return nil
}

func (p *parser) text() (string, error) {
	if p.json.PeekKind() != '"' {
		return "", p.wrongType("a string")
	}
	token, err := p.json.ReadToken()
	if err != nil {
		return "", p.syntax(err)
	}
	return token.String(), nil
}

// wrongType tells that another type was wanted than what comes next, if that is JSON at all.
func (p *parser) wrongType(noun string) error {
	if _, err := p.json.ReadToken(); err != nil {
		return p.syntax(err)
	}
	return p.fail("this should be %s", noun)
}

func (p *parser) unknown(element string, known ...string) error {
	for _, k := range known {
		if strings.EqualFold(k, element) {
			return p.fail("there is no element %q; did you mean %s?", element, k)
		}
	}
	return p.fail("there is no element %q here; there are %s", clip(element), strings.Join(known, ", "))
}

// fail tells what is wrong with what was read last.
func (p *parser) fail(format string, args ...any) error {
	return &SyntaxError{Path: p.path(), Problem: fmt.Sprintf(format, args...)}
}

// syntax tells that the document is not JSON, or has a name twice.
func (p *parser) syntax(err error) error {
	var s *jsontext.SyntacticError
	switch {
	case errors.As(err, &s) && errors.Is(err, jsontext.ErrDuplicateName):
		return &SyntaxError{Path: pathOf(s.JSONPointer), Problem: "the element is there twice"}
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return &SyntaxError{Problem: "the document is not JSON: it ends too early"}
	case errors.As(err, &s):
		return &SyntaxError{Problem: fmt.Sprintf("the document is not JSON: %v after byte %d", s.Err, s.ByteOffset)}
	}
	return &SyntaxError{Problem: "the document is not JSON"}
}

func (p *parser) path() string { return pathOf(p.json.StackPointer()) }

// pathOf writes a place as people do.
func pathOf(pointer jsontext.Pointer) string {
	var b strings.Builder
	for part := range pointer.Tokens() {
		if _, err := strconv.Atoi(part); err == nil {
			b.WriteString("[" + part + "]")
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(clip(part))
	}
	return b.String()
}
