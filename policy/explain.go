package policy

import (
	"fmt"
	"strings"
)

// Explanation tells of every statement whether it applied to a request, and why.
type Explanation struct {
	Decision   Decision
	Statements []StatementReport
}

// StatementReport is what an Explanation tells of one statement.
type StatementReport struct {
	Kind     Kind
	Document string
	Index    int
	Sid      string
	// Deny says that the statement denies what it applies to; it allows it otherwise.
	Deny bool
	// Applies says that every check holds.
	Applies bool
	Checks  []Check
}

// Check is one part of a statement against the request.
type Check struct {
	// Element is the part, such as "Action" or "Condition StringEquals aws:username".
	Element string
	Holds   bool
	// Detail is why, in words.
	Detail string
}

// Explain decides like Decide and tells of every statement, in the order in which they are looked at: those
// that deny first.
func (p Policies) Explain(r *Request) Explanation {
	e := Explanation{Decision: p.Decide(r), Statements: p.Identity.reports(r)}
	if p.Session != nil {
		e.Statements = append(e.Statements, p.Session.reports(r)...)
	}
	return e
}

// Explain decides like Decide and tells of every statement.
func (s *Set) Explain(r *Request) Explanation {
	return Explanation{Decision: s.Decide(r), Statements: s.reports(r)}
}

func (s *Set) reports(r *Request) []StatementReport {
	if s == nil {
		return nil
	}
	all := make([]StatementReport, len(s.statements))
	for i, st := range s.statements {
		all[i] = st.report(r)
	}
	return all
}

func (st *statement) report(r *Request) StatementReport {
	report := StatementReport{
		Kind: st.document.kind, Document: st.document.name, Index: st.index, Sid: st.sid, Deny: st.deny, Applies: true,
	}
	add := func(element string, holds bool, detail string) {
		report.Checks = append(report.Checks, Check{element, holds, detail})
		report.Applies = report.Applies && holds
	}
	add(orNot("Action", st.notAction), st.actsOn(r.Action), explainList(r.Action, st.actions, func(p *pattern) (bool, string) {
		return p.matchFold(r.Action), ""
	}))
	if st.document.kind == Trust {
		add(orNot("Principal", st.notPrincipal), st.trusts(&r.Principal) != stranger, st.explainPrincipal(&r.Principal))
	} else {
		add(orNot("Resource", st.notResource), st.covers(r), explainList(r.Resource, st.resources, func(p *pattern) (bool, string) {
			ok, _ := p.match(r, r.Resource)
			return ok, p.unresolved(r)
		}))
	}
	for i := range st.conditions {
		c := &st.conditions[i]
		add("Condition "+c.name+" "+c.key, c.holds(r), c.explain(r))
	}
	return report
}

func orNot(element string, not bool) string {
	if not {
		return "Not" + element
	}
	return element
}

// explainList tells which of the patterns matches, or that none does.
func explainList(s string, patterns []pattern, match func(*pattern) (ok bool, note string)) string {
	sources, notes := make([]string, len(patterns)), ""
	for i := range patterns {
		p := &patterns[i]
		ok, note := match(p)
		if ok {
			return fmt.Sprintf("%s matches %s", s, p.source)
		}
		sources[i] = p.source
		notes += note
	}
	return fmt.Sprintf("%s does not match %s%s", s, either(sources), notes)
}

// unresolved tells of the pattern's variables that have no value.
func (p *pattern) unresolved(r *Request) string {
	notes := ""
	for _, run := range p.runs {
		for _, a := range run {
			if a.kind != aVariable || a.hasFallback {
				continue
			}
			if _, ok := r.variable(a.text); !ok {
				notes += "; ${" + a.text + "} has no value"
			}
		}
	}
	return notes
}

func (st *statement) explainPrincipal(asking *Principal) string {
	sources := make([]string, len(st.principals))
	for i := range st.principals {
		if st.principals[i].matches(asking) != stranger {
			return fmt.Sprintf("%s is one of %s", asking.ARN, st.principals[i].source)
		}
		sources[i] = st.principals[i].source
	}
	return fmt.Sprintf("%s is not one of %s", asking.ARN, either(sources))
}

func (c *condition) explain(r *Request) string {
	values := r.values(c.folded)
	seen := "the request has no " + c.key
	if len(values) > 0 {
		seen = "the request has " + quoted(values, "and")
	}
	sources, notes := make([]string, len(c.operands)), ""
	for i := range c.operands {
		sources[i] = c.operands[i].source
		notes += c.operands[i].pattern.unresolved(r)
	}
	return seen + ", the policy " + quoted(sources, "or") + notes
}

// quoted lists texts in quotation marks.
func quoted(texts []string, word string) string {
	marked := make([]string, len(texts))
	for i, t := range texts {
		marked[i] = fmt.Sprintf("%q", t)
	}
	return join(marked, word)
}

func either(texts []string) string { return join(texts, "or") }

// most is how many texts a list names.
const most = 8

func join(texts []string, word string) string {
	if len(texts) > most {
		return fmt.Sprintf("%s %s one of %d more", strings.Join(texts[:most], ", "), word, len(texts)-most)
	}
	if len(texts) < 2 {
		return strings.Join(texts, "")
	}
	last := len(texts) - 1
	return strings.Join(texts[:last], ", ") + " " + word + " " + texts[last]
}
