package api

import (
	"bytes"
	"errors"
	"io"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// maxProblems bounds the text of an answer that names every member at fault.
const maxProblems = 10

// decoder reads one request. It collects every violated constraint, and stops at the first thing
// that is no JSON or has the wrong type.
type decoder struct {
	in   *Input
	json jsontext.Decoder
	body bytes.Buffer

	query    url.Values
	path     []segment
	problems []string
	total    int
	err      *Error
}

// segment is one step of the way to the member being read: a name, or an index counted from 1.
type segment struct {
	name  string
	index int
}

var decoders = sync.Pool{New: func() any { return new(decoder) }}

func newDecoder(in *Input) *decoder {
	d := decoders.Get().(*decoder)
	d.in = in
	return d
}

// finish returns what was found to be wrong and gives the decoder back.
func (d *decoder) finish() error {
	err := d.err
	if err == nil && d.total > 0 {
		err = violations(d.total, d.problems)
	}
	d.in, d.query, d.err, d.total = nil, nil, nil, 0
	d.path, d.problems = d.path[:0], d.problems[:0]
	d.body = bytes.Buffer{}
	d.json.Reset(&d.body)
	decoders.Put(d)
	if err == nil {
		return nil
	}
	return err
}

// violations words constraint failures as AWS does.
func violations(total int, problems []string) *Error {
	noun := " validation errors detected: "
	if total == 1 {
		noun = " validation error detected: "
	}
	text := strconv.Itoa(total) + noun + strings.Join(problems, "; ")
	if total > len(problems) {
		text += "; …"
	}
	return &Error{Kind: BadRequest, Message: text}
}

// Violation is the BadRequest for one member that breaks one constraint, in AWS's words: it serves
// the rules that the models do not state, so that they read like those they do.
func Violation(member, constraint string) *Error {
	return violations(1, []string{problem(member, constraint)})
}

func problem(member, constraint string) string {
	return "Value at '" + member + "' failed to satisfy constraint: " + constraint
}

func (d *decoder) violate(constraint string) {
	d.total++
	if len(d.problems) < maxProblems {
		d.problems = append(d.problems, problem(d.where(), constraint))
	}
}

// where names the member being read, such as MemberArns.3.member.
func (d *decoder) where() string {
	var b strings.Builder
	for i, s := range d.path {
		if i > 0 {
			b.WriteByte('.')
		}
		if s.index > 0 {
			b.WriteString(strconv.Itoa(s.index))
			b.WriteString(".member")
		} else {
			b.WriteString(s.name)
		}
	}
	return b.String()
}

func (d *decoder) push(name string) { d.path = append(d.path, segment{name: name}) }
func (d *decoder) pop()             { d.path = d.path[:len(d.path)-1] }

// fail ends the reading: what follows cannot be understood.
func (d *decoder) fail(message string) {
	if d.err == nil {
		d.err = &Error{Kind: BadRequest, Message: message}
	}
}

func (d *decoder) wrongType(want string) {
	if where := d.where(); where != "" {
		d.fail("Value at '" + where + "' has the wrong type: " + want + " is expected.")
		return
	}
	d.fail("The request body has the wrong type: " + want + " is expected.")
}

func (d *decoder) syntax(err error) {
	var s *jsontext.SyntacticError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		d.fail("The request body is not valid JSON: it ends too early.")
	case errors.As(err, &s):
		d.fail("The request body is not valid JSON: " + s.Err.Error() + " after byte " + strconv.FormatInt(s.ByteOffset, 10) + ".")
	default:
		d.fail("The request body is not valid JSON.")
	}
}

// startBody points the decoder at the body. An absent body is an empty object.
func (d *decoder) startBody() {
	if len(d.in.Body) == 0 {
		d.body = *bytes.NewBufferString("{}")
	} else {
		d.body = *bytes.NewBuffer(d.in.Body)
	}
	d.json.Reset(&d.body)
}

// endBody checks that nothing follows the value.
func (d *decoder) endBody() {
	if d.err != nil {
		return
	}
	if _, err := d.json.ReadToken(); err != io.EOF {
		d.fail("The request body is not valid JSON: something follows its end.")
	}
}

// object enters an object. A null element of a list was noted as such, and is no object to enter.
func (d *decoder) object() bool {
	if d.err == nil && len(d.path) > 0 && d.null() {
		return false
	}
	return d.enter('{', "an object")
}

// array enters an array.
func (d *decoder) array() bool { return d.enter('[', "a list") }

func (d *decoder) enter(kind jsontext.Kind, noun string) bool {
	if d.err != nil {
		return false
	}
	switch k := d.json.PeekKind(); k {
	case kind:
		if _, err := d.json.ReadToken(); err != nil {
			d.syntax(err)
			return false
		}
		return true
	case 0:
		_, err := d.json.ReadToken()
		d.syntax(err)
	default:
		d.wrongType(noun)
	}
	return false
}

// member returns the name of the next member, or nil at the end of the object.
func (d *decoder) member() []byte {
	if d.err != nil {
		return nil
	}
	if d.json.PeekKind() == '}' {
		if _, err := d.json.ReadToken(); err != nil {
			d.syntax(err)
		}
		return nil
	}
	raw, err := d.json.ReadValue()
	if err != nil {
		d.syntax(err)
		return nil
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1]
	}
	name, err := jsontext.AppendUnquote([]byte{}, raw)
	if err != nil {
		d.syntax(err)
		return nil
	}
	return name
}

// begin steps into a member's value; null is the same as absent.
func (d *decoder) begin(name string) bool {
	if d.err != nil || d.null() {
		return false
	}
	d.push(name)
	return true
}

func (d *decoder) null() bool {
	if d.json.PeekKind() != 'n' {
		return false
	}
	if _, err := d.json.ReadToken(); err != nil {
		d.syntax(err)
	}
	return true
}

// skip passes over the value of a member that the model does not know.
func (d *decoder) skip() {
	if err := d.json.SkipValue(); err != nil {
		d.syntax(err)
	}
}

// more steps to element i, counted from 1, of the array being read; false at its end.
func (d *decoder) more(i int) bool {
	if i > 1 {
		d.pop()
	}
	if d.err != nil {
		return false
	}
	if d.json.PeekKind() == ']' {
		if _, err := d.json.ReadToken(); err != nil {
			d.syntax(err)
		}
		return false
	}
	d.path = append(d.path, segment{index: i})
	if d.json.PeekKind() == 'n' {
		d.violate("Member must not be null")
	}
	return true
}

// require notes a member that must be there and is not.
func (d *decoder) require(present bool, name string) {
	if !present && d.err == nil {
		d.push(name)
		d.violate("Member must not be null")
		d.pop()
	}
}

// text reads a string and checks it.
func (d *decoder) text(to *string, r *textRule) {
	if d.err != nil || d.null() {
		return
	}
	raw, err := d.json.ReadValue()
	if err != nil {
		d.syntax(err)
		return
	}
	if raw.Kind() != '"' {
		d.wrongType("a string")
		return
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		*to = string(raw[1 : len(raw)-1])
	} else {
		unquoted, err := jsontext.AppendUnquote(nil, raw)
		if err != nil {
			d.syntax(err)
			return
		}
		*to = string(unquoted)
	}
	d.checkText(*to, r)
}

// integer reads a whole number and checks it.
func (d *decoder) integer(to *int, r *integerRule) {
	if d.err != nil {
		return
	}
	raw, err := d.json.ReadValue()
	if err != nil {
		d.syntax(err)
		return
	}
	n, err := strconv.ParseInt(string(raw), 10, 32)
	if raw.Kind() != '0' || err != nil {
		d.wrongType("an integer")
		return
	}
	*to = int(n)
	d.checkInteger(int(n), r)
}

// boolean reads true or false.
func (d *decoder) boolean(to *bool) {
	if d.err != nil {
		return
	}
	switch t, err := d.json.ReadToken(); {
	case err != nil:
		d.syntax(err)
	case t.Kind() == 't', t.Kind() == 'f':
		*to = t.Bool()
	default:
		d.wrongType("true or false")
	}
}

// pathText takes a parameter from the path.
func (d *decoder) pathText(i int, name string, to *string, r *textRule) {
	*to = d.in.Path[i]
	d.push(name)
	d.checkText(*to, r)
	d.pop()
}

// queryText takes a parameter from the query. An empty value is a value.
func (d *decoder) queryText(key, name string, required bool, to *string, r *textRule) {
	value, ok := d.queryValue(key, name, required)
	if !ok {
		return
	}
	*to = value
	d.push(name)
	d.checkText(value, r)
	d.pop()
}

// queryInteger takes a whole number from the query.
func (d *decoder) queryInteger(key, name string, required bool, to *int, r *integerRule) {
	value, ok := d.queryValue(key, name, required)
	if !ok {
		return
	}
	d.push(name)
	defer d.pop()
	n, err := strconv.ParseInt(value, 10, 32)
	if err != nil {
		d.wrongType("an integer")
		return
	}
	*to = int(n)
	d.checkInteger(int(n), r)
}

// queryTime takes a moment from the query: ISO 8601 in UTC with up to nine fraction digits, or
// epoch seconds.
func (d *decoder) queryTime(key, name string, required bool, to *Timestamp) {
	value, ok := d.queryValue(key, name, required)
	if !ok {
		return
	}
	if t, err := time.Parse(time.RFC3339Nano, value); err == nil {
		to.Time = t
		return
	}
	if seconds, err := strconv.ParseFloat(value, 64); err == nil && seconds >= 0 && seconds < 1<<37 {
		to.Time = time.UnixMilli(int64(seconds * 1000)).UTC()
		return
	}
	d.push(name)
	d.wrongType("a time in ISO 8601")
	d.pop()
}

func (d *decoder) queryValue(key, name string, required bool) (string, bool) {
	if d.query == nil && d.in.Query != "" {
		query, err := url.ParseQuery(d.in.Query)
		if err != nil {
			d.fail("The query string is malformed.")
			return "", false
		}
		d.query = query
	}
	values := d.query[key]
	if len(values) == 0 {
		d.require(!required, name)
		return "", false
	}
	if len(values) > 1 {
		d.push(name)
		d.violate("Member must be given once")
		d.pop()
		return "", false
	}
	return values[0], true
}

// textRule is what a model says of a string. Lengths count characters; a max of 0 is none.
type textRule struct {
	min, max int
	enum     []string
	match    func(string) bool
	pattern  string
}

func (d *decoder) checkText(s string, r *textRule) {
	if !utf8.ValidString(s) {
		d.violate("Member must be valid UTF-8")
		return
	}
	if r.enum != nil {
		for _, value := range r.enum {
			if s == value {
				return
			}
		}
		d.violate("Member must satisfy enum value set: [" + strings.Join(r.enum, ", ") + "]")
		return
	}
	if n := utf8.RuneCountInString(s); n < r.min {
		d.violate("Member must have length greater than or equal to " + strconv.Itoa(r.min))
		return
	} else if r.max > 0 && n > r.max {
		d.violate("Member must have length less than or equal to " + strconv.Itoa(r.max))
		return
	}
	if r.match != nil && !r.match(s) {
		d.violate("Member must satisfy regular expression pattern: " + r.pattern)
	}
}

// integerRule is what a model says of a whole number. A max of 0 is none.
type integerRule struct{ min, max int }

func (d *decoder) checkInteger(n int, r *integerRule) {
	if n < r.min {
		d.violate("Member must have value greater than or equal to " + strconv.Itoa(r.min))
	} else if r.max > 0 && n > r.max {
		d.violate("Member must have value less than or equal to " + strconv.Itoa(r.max))
	}
}

// count checks the length of a list. A max of 0 is none.
func (d *decoder) count(n, min, max int) {
	if d.err != nil {
		return
	}
	if n < min {
		d.violate("Member must have length greater than or equal to " + strconv.Itoa(min))
	} else if max > 0 && n > max {
		d.violate("Member must have length less than or equal to " + strconv.Itoa(max))
	}
}

// lazyPattern makes a matcher of a pattern that is too rare to deserve one written by hand. It is
// compiled at first use.
func lazyPattern(pattern string) func(string) bool {
	compiled := sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?:` + pattern + `)$`) })
	return func(s string) bool { return compiled().MatchString(s) }
}
