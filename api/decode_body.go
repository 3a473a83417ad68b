package api

import (
	"bytes"
	"errors"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

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

// at reports whether a value of the kind comes next. Of another kind nothing is read: it may be
// large or deep.
func (d *decoder) at(kind jsontext.Kind, noun string) bool {
	if d.err != nil {
		return false
	}
	switch next := d.json.PeekKind(); next {
	case kind:
		return true
	case 'n', 't', 'f', '"', '0', '{', '[':
		d.wrongType(noun)
	default:
		_, err := d.json.ReadToken()
		d.syntax(err)
	}
	return false
}

// token passes over the token that comes next.
func (d *decoder) token() bool {
	if _, err := d.json.ReadToken(); err != nil {
		d.syntax(err)
		return false
	}
	return true
}

// null passes over a null, if one comes next.
func (d *decoder) null() bool {
	if d.err != nil || d.json.PeekKind() != 'n' {
		return false
	}
	d.token()
	return true
}

// object enters an object. A null inside a list or map was noted as such, and is no object to enter.
func (d *decoder) object() bool {
	if len(d.path) > 0 && d.null() {
		return false
	}
	return d.at('{', "an object") && d.token()
}

// member returns the name of the next member, or nil at the end of the object. The name is valid
// until the next read.
func (d *decoder) member() []byte {
	if d.err != nil {
		return nil
	}
	if d.json.PeekKind() == '}' {
		d.token()
		return nil
	}
	return d.quoted()
}

// quoted reads a string. What it returns is valid until the next read.
func (d *decoder) quoted() []byte {
	raw, err := d.json.ReadValue()
	if err != nil {
		d.syntax(err)
		return nil
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1]
	}
	if d.unquoted, err = jsontext.AppendUnquote(d.unquoted[:0], raw); err != nil {
		d.syntax(err)
		return nil
	}
	return d.unquoted
}

// begin steps into a member's value; null is the same as absent.
func (d *decoder) begin(name string) bool {
	if d.err != nil || d.null() {
		return false
	}
	d.push(name)
	return true
}

// key steps into an entry of a map. A key that breaks its rule is not repeated in the answer.
func (d *decoder) key(name []byte, r *textRule) string {
	key := string(name)
	if constraint := r.broken(key); constraint != "" {
		d.violate("Map keys must satisfy constraint: [" + constraint + "]")
		d.push("key")
	} else {
		d.push(key)
	}
	if d.err == nil && d.json.PeekKind() == 'n' {
		d.violate(mustNotBeNull)
	}
	return key
}

// skip passes over the value of a member that the model does not know.
func (d *decoder) skip() {
	if d.err != nil {
		return
	}
	if err := d.json.SkipValue(); err != nil {
		d.syntax(err)
	}
}

// array enters an array.
func (d *decoder) array() bool { return d.at('[', "a list") && d.token() }

// more steps to element i, counted from 1, of the array being read; false at its end.
func (d *decoder) more(i int) bool {
	if i > 1 {
		d.pop()
	}
	if d.err != nil {
		return false
	}
	switch d.json.PeekKind() {
	case ']':
		d.token()
		return false
	case 'n':
		d.path = append(d.path, segment{index: i})
		d.violate(mustNotBeNull)
	default:
		d.path = append(d.path, segment{index: i})
	}
	return true
}

// texts reads the elements of a list of strings.
func (d *decoder) texts(r *textRule) []string {
	list := d.list[:0]
	for i := 1; d.more(i); i++ {
		var s string
		d.text(&s, r)
		list = append(list, s)
	}
	texts := append(make([]string, 0, len(list)), list...)
	clear(list)
	d.list = list[:0]
	return texts
}

// text reads a string and checks it.
func (d *decoder) text(to *string, r *textRule) {
	if d.null() || !d.at('"', "a string") {
		return
	}
	if s := d.quoted(); d.err == nil {
		*to = r.intern(s)
		d.check(*to, r)
	}
}

// integer reads a whole number and checks it.
func (d *decoder) integer(to *int, r *integerRule) {
	if !d.at('0', "an integer") {
		return
	}
	raw, err := d.json.ReadValue()
	if err != nil {
		d.syntax(err)
		return
	}
	d.number(string(raw), to, r)
}

// boolean reads true or false.
func (d *decoder) boolean(to *bool) {
	if d.err == nil && d.json.PeekKind() == 't' {
		d.token()
		*to = true
		return
	}
	if d.at('f', "true or false") {
		d.token()
	}
}

// count checks the length of a list. A max of 0 is none.
func (d *decoder) count(n, min, max int) {
	if n < min {
		d.violate(tooShort(min))
	} else if max > 0 && n > max {
		d.violate(tooLong(max))
	}
}
