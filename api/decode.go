package api

import (
	"bytes"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// maxProblems bounds the answer to a request that is wrong in many places, and the work done for it.
const maxProblems = 10

// decoder reads one request. It collects violated constraints, and stops at the first thing that is
// no JSON or has the wrong type, or when it has seen enough.
type decoder struct {
	in   *Input
	json jsontext.Decoder
	body bytes.Buffer

	query    []parameter
	path     []segment
	problems []string
	err      *Error

	unquoted []byte   // scratch for text with escapes
	list     []string // scratch for a list whose length is not known yet
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

// maxScratch bounds, in bytes, each scratch buffer that an idle decoder keeps.
const maxScratch = 1 << 16

// finish returns what was found to be wrong and gives the decoder back, with nothing in it that
// belongs to the request.
func (d *decoder) finish() error {
	err := d.err
	if err == nil && len(d.problems) > 0 {
		err = violations(d.problems)
	}
	d.in, d.err = nil, nil
	d.query, d.path, d.problems = emptied(d.query), emptied(d.path), emptied(d.problems)
	if cap(d.unquoted) > maxScratch {
		d.unquoted = nil
	}
	if cap(d.list)*16 > maxScratch { // a string is two words, whatever its length
		d.list = nil
	}
	d.body = bytes.Buffer{}
	d.json.Reset(&d.body)
	decoders.Put(d)
	if err == nil {
		return nil
	}
	return err
}

// emptied keeps the memory of a slice for the next request, without what it points to.
func emptied[T any](s []T) []T {
	clear(s[:cap(s)])
	return s[:0]
}

// violations words constraint failures as AWS does.
func violations(problems []string) *Error {
	noun := " validation errors detected: "
	if len(problems) == 1 {
		noun = " validation error detected: "
	}
	return &Error{Kind: BadRequest, Message: strconv.Itoa(len(problems)) + noun + strings.Join(problems, "; ")}
}

// Violation is the BadRequest for one member that breaks one constraint, in AWS's words: it serves
// the rules that the models do not state, so that they read like those they do.
func Violation(member, constraint string) *Error {
	return violations([]string{problem(member, constraint)})
}

func problem(member, constraint string) string {
	return "Value at '" + member + "' failed to satisfy constraint: " + constraint
}

// violate notes that the member being read breaks a constraint.
func (d *decoder) violate(constraint string) {
	if d.err != nil {
		return
	}
	d.problems = append(d.problems, problem(d.where(), constraint))
	if len(d.problems) == maxProblems {
		d.err = violations(d.problems)
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

// require notes a member that must be there and is not.
func (d *decoder) require(present bool, name string) {
	if !present {
		d.push(name)
		d.violate(mustNotBeNull)
		d.pop()
	}
}

// check checks a text that is known to be UTF-8.
func (d *decoder) check(s string, r *textRule) {
	if constraint := r.broken(s); constraint != "" {
		d.violate(constraint)
	}
}

// pathText takes a parameter from the path, where nothing can be absent and nothing empty.
func (d *decoder) pathText(i int, name string, to *string, r *textRule) {
	*to = d.in.Path[i]
	d.push(name)
	if *to == "" {
		d.violate(tooShort(max(1, r.min)))
	} else {
		d.checkReceived(*to, r)
	}
	d.pop()
}
