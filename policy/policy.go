// Package policy is the word for who may do what: it parses, compiles, evaluates and explains IAM's JSON
// policy documents, as AWS's users know them. docs/policies.md says which of IAM's rules it keeps.
//
// It is pure: it reads no file and no clock, keeps nothing, and knows neither principals nor requests of
// this house. Whoever decides hands it documents once and, for each decision, the action, the resource
// and a function that tells the values of condition keys.
package policy

import (
	"fmt"
	"strings"
)

// Kind says what a document is for.
type Kind uint8

// The kinds of document.
const (
	// Identity documents say what the principal that they are attached to may do.
	Identity Kind = iota + 1
	// Session documents limit what a session may do of what its principal may.
	Session
	// Trust documents say who may take a role.
	Trust
)

// String returns what AWS calls policies of the kind in its messages.
func (k Kind) String() string {
	switch k {
	case Identity:
		return "identity-based policy"
	case Session:
		return "session policy"
	case Trust:
		return "resource-based policy"
	}
	return "policy"
}

// Document is a policy document, compiled. It never changes.
type Document struct {
	name       string
	kind       Kind
	version    string
	id         string
	text       string
	statements []statement
}

// Name returns the name that the document was parsed under, for reports.
func (d *Document) Name() string { return d.name }

// String returns the document's text without white space.
func (d *Document) String() string { return d.text }

// statement is a statement of a document, compiled.
type statement struct {
	document *Document
	index    int
	sid      string
	deny     bool

	// notAction, notResource and notPrincipal turn the meaning of the list around.
	notAction, notResource, notPrincipal bool

	actions    []pattern
	resources  []pattern
	principals []principal
	conditions []condition
}

// Request is the question whether something may be done.
type Request struct {
	// Action is written as service:Name; its case does not matter.
	Action string
	// Resource is the ARN of what is acted on, or "*" for an action that acts on none. Trust documents
	// do not look at it.
	Resource string
	// Principal is who asks. Only trust documents look at it.
	Principal Principal
	// Context tells the values of a condition key. Keys are asked for in lower case, as Fold writes
	// them. Nil knows no key.
	Context func(key string) (values []string, ok bool)
}

// Fold returns a condition key as Request.Context is asked for it: condition keys, and the names of tags
// in them, have no case.
func Fold(key string) string { return strings.ToLower(key) }

// Values returns a Request.Context that knows the keys of the map, whatever their case.
func Values(of map[string][]string) func(key string) ([]string, bool) {
	folded := make(map[string][]string, len(of))
	for key, values := range of {
		folded[Fold(key)] = append(folded[Fold(key)], values...)
	}
	return func(key string) ([]string, bool) {
		values, ok := folded[key]
		return values, ok
	}
}

// values are those of a key in lower case. A key without a value is absent.
func (r *Request) values(key string) []string {
	if r.Context == nil {
		return nil
	}
	values, ok := r.Context(key)
	if !ok {
		return nil
	}
	return values
}

// variable is what a policy variable stands for. A key that is absent, empty or has several values has no
// value that could be put in its place.
func (r *Request) variable(key string) (string, bool) {
	if values := r.values(key); len(values) == 1 && values[0] != "" {
		return values[0], true
	}
	return "", false
}

// Decision is the answer to a request.
type Decision struct {
	Allowed bool
	// Explicit says that a statement denies it. Otherwise, what is not allowed is not mentioned.
	Explicit bool
	// Kind is that of the documents that decided.
	Kind Kind
	// Document, Sid and Index name the statement that decided; Index is -1 if none did.
	Document, Sid string
	Index         int
	// Delegated says that a trust document allows it to the account of the principal, not to the
	// principal by name: the account's own policies must allow it as well.
	Delegated bool
}

// String says in a sentence what decided.
func (d Decision) String() string {
	if d.Index < 0 {
		return fmt.Sprintf("denied: no %s allows it", d.Kind)
	}
	outcome, verb := "allowed", "allows"
	if !d.Allowed {
		outcome, verb = "denied", "denies"
	}
	name := fmt.Sprintf("Statement[%d]", d.Index)
	if d.Sid != "" {
		name += " (" + d.Sid + ")"
	}
	return fmt.Sprintf("%s: %s of the %s %s %s it", outcome, name, d.Kind, d.Document, verb)
}

// Because returns the end of AWS's message about a denied action, such as " because no identity-based
// policy allows the chime:Connect action". It is empty if the decision allows.
func (d Decision) Because(action string) string {
	switch {
	case d.Allowed:
		return ""
	case d.Explicit && d.Kind == Identity:
		return " with an explicit deny in an identity-based policy"
	case d.Explicit:
		return " with an explicit deny in a " + d.Kind.String()
	}
	return " because no " + d.Kind.String() + " allows the " + action + " action"
}

// Set is documents of one kind that decide together. A nil or empty Set allows nothing.
type Set struct {
	kind Kind
	// statements have those that deny before those that allow: the first that applies decides.
	statements []*statement
	// named are the places of statements by the actions that they name, in lower case; open those of
	// statements whose actions must be looked at. Both grow.
	named map[string][]int
	open  []int
}

// NewSet returns the set of documents of one kind.
func NewSet(kind Kind, documents ...*Document) *Set {
	s := &Set{kind: kind, named: make(map[string][]int)}
	for _, deny := range []bool{true, false} {
		for _, d := range documents {
			if d.kind != kind {
				panic("policy: a " + d.kind.String() + " in a set of another kind")
			}
			for i := range d.statements {
				if d.statements[i].deny == deny {
					s.add(&d.statements[i])
				}
			}
		}
	}
	return s
}

func (s *Set) add(st *statement) {
	place := len(s.statements)
	s.statements = append(s.statements, st)
	open := st.notAction
	for i := range st.actions {
		if st.notAction {
			break
		}
		name, ok := st.actions[i].literal()
		if !ok {
			open = true
			continue
		}
		if places := s.named[name]; len(places) == 0 || places[len(places)-1] != place {
			s.named[name] = append(places, place)
		}
	}
	if open {
		s.open = append(s.open, place)
	}
}

// Decide decides by the documents of the set alone.
func (s *Set) Decide(r *Request) Decision {
	if s == nil {
		return Decision{Kind: Identity, Index: -1}
	}
	var buffer [64]byte
	named, open := s.named[string(appendLower(buffer[:0], r.Action))], s.open
	var delegated *statement
	for len(named)+len(open) > 0 {
		var st *statement
		if len(open) == 0 || len(named) > 0 && named[0] <= open[0] {
			st = s.statements[named[0]]
			if len(open) > 0 && open[0] == named[0] {
				open = open[1:]
			}
			named = named[1:]
		} else {
			st = s.statements[open[0]]
			open = open[1:]
			if !st.actsOn(r.Action) {
				continue
			}
		}
		match := st.trusts(&r.Principal)
		if match == stranger || !st.covers(r) || !st.conditionsHold(r) {
			continue
		}
		if match == delegate && !st.deny {
			// A statement that names the principal says more.
			if delegated == nil {
				delegated = st
			}
			continue
		}
		return s.decided(st, false)
	}
	if delegated != nil {
		return s.decided(delegated, true)
	}
	return Decision{Kind: s.kind, Index: -1}
}

func (s *Set) decided(st *statement, delegated bool) Decision {
	return Decision{
		Allowed: !st.deny, Explicit: st.deny, Kind: s.kind,
		Document: st.document.name, Sid: st.sid, Index: st.index, Delegated: delegated,
	}
}

// Policies are all that decides about a principal.
type Policies struct {
	Identity *Set
	// Session is nil for a principal without session policies.
	Session *Set
}

// Decide decides as IAM does: a statement that denies wins wherever it is; else the identity policies and,
// where there are any, the session policies must both allow.
func (p Policies) Decide(r *Request) Decision {
	identity := p.Identity.Decide(r)
	if p.Session == nil || identity.Explicit {
		return identity
	}
	if session := p.Session.Decide(r); session.Explicit || identity.Allowed && !session.Allowed {
		return session
	}
	return identity
}

// actsOn reports whether the statement is about the action.
func (st *statement) actsOn(action string) bool {
	for i := range st.actions {
		if st.actions[i].matchFold(action) {
			return !st.notAction
		}
	}
	return st.notAction
}

// covers reports whether the statement is about the resource. Statements of trust documents name none: they
// are about the role that they belong to.
//
// A resource with a variable that has no value is no resource. Listed as one that a statement is not
// about, it would make the statement about everything: then nothing is allowed, and all is denied.
func (st *statement) covers(r *Request) bool {
	if st.document.kind == Trust {
		return true
	}
	unresolved := false
	for i := range st.resources {
		ok, resolved := st.resources[i].match(r, r.Resource)
		if ok {
			return !st.notResource
		}
		unresolved = unresolved || !resolved
	}
	return st.notResource && (st.deny || !unresolved)
}

func (st *statement) conditionsHold(r *Request) bool {
	for i := range st.conditions {
		if !st.conditions[i].holds(r) {
			return false
		}
	}
	return true
}

// appendLower appends s with ASCII letters in lower case.
func appendLower(b []byte, s string) []byte {
	for i := range len(s) {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		b = append(b, c)
	}
	return b
}
