package policy

import (
	"errors"
	"fmt"
	"strings"
)

// compile turns what was read into what decides.
func (p *parser) compile(raw []rawStatement) error {
	d := p.document
	d.statements = make([]statement, len(raw))
	sids := make(map[string]bool, len(raw))
	for i := range raw {
		r := &raw[i]
		if r.sid != "" && sids[r.sid] {
			return &SyntaxError{r.path, fmt.Sprintf("there is another statement with the Sid %s", r.sid)}
		}
		sids[r.sid] = true
		d.statements[i] = statement{document: d, index: i, sid: r.sid, deny: r.effect == "Deny"}
		if err := d.statements[i].compile(r); err != nil {
			return err
		}
	}
	return nil
}

func (st *statement) compile(r *rawStatement) error {
	if !r.hasEffect {
		return &SyntaxError{r.path, "the statement has no Effect"}
	}
	if err := oneOf(r.path, "Action", r.action != nil, r.notAction != nil); err != nil {
		return err
	}
	trust := st.document.kind == Trust
	var err error
	if trust {
		err = errors.Join(
			oneOf(r.path, "Principal", r.hasPrincipal, r.hasNotPrincipal),
			noneOf(r.path, "Resource", "a trust policy is about the role that it belongs to", r.resource != nil, r.notResource != nil),
		)
	} else {
		err = errors.Join(
			oneOf(r.path, "Resource", r.resource != nil, r.notResource != nil),
			noneOf(r.path, "Principal", "only a trust policy names principals", r.hasPrincipal, r.hasNotPrincipal),
		)
	}
	if err != nil {
		return first(err)
	}
	st.notAction, st.notResource, st.notPrincipal = r.notAction != nil, r.notResource != nil, r.hasNotPrincipal
	if st.notPrincipal && !st.deny {
		return &SyntaxError{r.path, "NotPrincipal with Allow would trust everybody else; only Deny takes it"}
	}
	variables := st.document.version == version2012

	for _, l := range append(r.action, r.notAction...) {
		a, err := parseAction(l.text, trust)
		if err != nil {
			return &SyntaxError{l.path, err.Error()}
		}
		st.actions = append(st.actions, a)
	}
	for _, l := range append(r.resource, r.notResource...) {
		p, err := parseResource(l.text, variables, st.document.kind == Session)
		if err != nil {
			return &SyntaxError{l.path, err.Error()}
		}
		st.resources = append(st.resources, p)
	}
	for _, l := range append(r.principals, r.notPrincipals...) {
		p, err := parsePrincipal(l.kind, l.text)
		if err != nil {
			return &SyntaxError{l.path, err.Error()}
		}
		st.principals = append(st.principals, p)
	}
	for _, c := range r.conditions {
		for _, l := range c.values {
			o, err := c.family.operandOf(l.text, variables)
			if err != nil {
				return &SyntaxError{l.path, err.Error()}
			}
			c.operands = append(c.operands, o)
		}
		st.conditions = append(st.conditions, c.condition)
	}
	return nil
}

// first returns the first of joined errors.
func first(err error) error {
	var s *SyntaxError
	errors.As(err, &s)
	return s
}

// oneOf tells if of an element and its opposite neither or both are there.
func oneOf(path, element string, is, not bool) error {
	switch {
	case is && not:
		return &SyntaxError{path, fmt.Sprintf("the statement has both %s and Not%s", element, element)}
	case !is && !not:
		return &SyntaxError{path, fmt.Sprintf("the statement has neither %s nor Not%s", element, element)}
	}
	return nil
}

// noneOf tells if an element or its opposite is there.
func noneOf(path, element, why string, is, not bool) error {
	switch {
	case is:
		return &SyntaxError{path, "the statement has " + element + ": " + why}
	case not:
		return &SyntaxError{path, "the statement has Not" + element + ": " + why}
	}
	return nil
}

// parseAction compiles an action. Those of trust documents are STS's.
func parseAction(source string, trust bool) (pattern, error) {
	service, name, ok := strings.Cut(source, ":")
	switch {
	case source == "*":
	case !ok || service == "" || name == "":
		return pattern{}, fmt.Errorf("%q is not an action, such as chime:CreateChannel", clip(source))
	case service != "*" && !isName(service, "-"):
		return pattern{}, fmt.Errorf("the service of the action %q has characters that none has", clip(source))
	case !isName(name, "*?_-"):
		return pattern{}, fmt.Errorf("the action %q has characters that none has", clip(source))
	case trust && !strings.EqualFold(service, "sts"):
		return pattern{}, errors.New("a trust policy is about actions of sts only, such as sts:AssumeRole")
	}
	// In lower case, as actions are looked up.
	p, err := parsePattern(string(appendLower(nil, source)), syntax{wildcards: true})
	p.source = source
	return p, err
}

// isName reports whether s has letters, digits and the others only.
func isName(s, others string) bool {
	for i := range len(s) {
		if !isSid(s[i:i+1]) && strings.IndexByte(others, s[i]) < 0 {
			return false
		}
	}
	return true
}

// parseResource compiles a resource. An ARN that has fewer than its six parts stands for all that begin so,
// but not in a session's documents.
func parseResource(source string, variables, session bool) (pattern, error) {
	p, err := parsePattern(source, syntax{wildcards: true, variables: variables})
	if err != nil || source == "*" {
		return p, err
	}
	parts := strings.SplitN(source, ":", 4)
	if len(parts) < 3 || parts[0] != "arn" || parts[1] == "" || parts[2] == "" {
		return p, fmt.Errorf(`%q is neither "*" nor an ARN`, clip(source))
	}
	if !isName(parts[2], "-") {
		return p, errors.New("the service of an ARN has no wildcards or variables")
	}
	if components(p) != nil {
		return p, nil
	}
	if session {
		return p, fmt.Errorf("%q is not a whole ARN, which a session policy needs", clip(source))
	}
	missing := arnComponents - 1 - colons(p)
	whole, err := parsePattern(source+strings.Repeat(":*", missing), syntax{wildcards: true, variables: variables})
	whole.source = source
	return whole, err
}

// colons counts those that are not inside a variable.
func colons(p pattern) int {
	n := 0
	for _, run := range p.runs {
		for _, a := range run {
			if a.kind == aText {
				n += strings.Count(a.text, ":")
			}
		}
	}
	return n
}
