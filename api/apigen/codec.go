package main

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"carillon/api/apigen/model"
)

// configurable are the bounds that an operator may change: the codec leaves them to the operation.
var configurable = map[string]bool{"BatchCreateChannelMembershipRequest.MemberArns": true}

// matchers name the hand-written matcher of a pattern, or "" where the pattern admits everything
// that is meant to be admitted: `.*` formally excludes line breaks, which real clients send.
var matchers = map[string]string{
	`arn:[a-z0-9-\.]{1,63}:[a-z0-9-\.]{0,63}:[a-z0-9-\.]{0,63}:[a-z0-9-\.]{0,63}:[^/].{0,1023}`: "matchChimeArn",
	`[-_a-zA-Z0-9]*`: "matchToken",
	`[A-Za-z0-9]([A-Za-z0-9\:\-\_\.\@]{0,62}[A-Za-z0-9])?`:                               "matchID",
	`[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]*`: "matchName",
	`.*\S.*`:  "matchNotBlank",
	`.*`:      "",
	`[\s\S]*`: "",
}

// decoders writes a decode method for every structure of a request's body, and a function for every
// request.
func (g *generator) decoders(b *bytes.Buffer) {
	var code bytes.Buffer
	for _, s := range g.sorted(g.inputs) {
		if request := g.operationOf(s); request == nil || len(bodyMembers(s)) > 0 {
			g.structDecoder(&code, s)
		}
	}
	for _, op := range g.m.Operations {
		g.requestDecoder(&code, op)
	}
	b.WriteString("var (\n")
	for _, name := range slices.Sorted(maps.Keys(g.rules)) {
		fmt.Fprintf(b, "%s = %s\n", name, g.rules[name])
	}
	b.WriteString(")\n\n")
	b.Write(code.Bytes())
}

func (g *generator) operationOf(s *model.Shape) *model.Operation {
	for _, op := range g.m.Operations {
		if op.Input == s {
			return op
		}
	}
	return nil
}

// rule returns the variable that holds the constraints of a member.
func (g *generator) rule(owner string, m *model.Member) string {
	bounds := m.Bounds
	var fields []string
	add := func(format string, args ...any) { fields = append(fields, fmt.Sprintf(format, args...)) }
	if bounds.Min != nil && *bounds.Min > 0 {
		add("min: %d", *bounds.Min)
	}
	if bounds.Max != nil {
		add("max: %d", *bounds.Max)
	}
	kind := "textRule"
	if m.Shape.Type == "integer" {
		kind = "integerRule"
	} else {
		if bounds.Enum != nil {
			add("enum: %#v", bounds.Enum)
		}
		if matcher, known := matchers[bounds.Pattern]; known && matcher != "" {
			add("match: %s, pattern: %q", matcher, bounds.Pattern)
		} else if !known && bounds.Pattern != "" {
			add("match: lazyPattern(%q), pattern: %q", bounds.Pattern, bounds.Pattern)
		}
	}
	name := "rule" + m.Shape.Name
	literal := kind + "{" + strings.Join(fields, ", ") + "}"
	if known, taken := g.rules[name]; taken && known != literal {
		name = "rule" + owner + m.Name
	}
	g.rules[name] = literal
	return "&" + name
}

func (g *generator) structDecoder(b *bytes.Buffer, s *model.Shape) {
	list := bodyMembers(s)
	fmt.Fprintf(b, "func (v *%s) decode(d *decoder) {\nif !d.object() {\nreturn\n}\n", s.Name)
	bits := make(map[string]int)
	for _, m := range list {
		if m.Required {
			bits[m.Name] = len(bits)
		}
	}
	if len(bits) > 0 {
		b.WriteString("var has uint16\n")
	}
	b.WriteString("for name := d.member(); name != nil; name = d.member() {\nswitch string(name) {\n")
	for _, m := range list {
		fmt.Fprintf(b, "case %q:\nif d.begin(%q) {\n", m.Name, m.Name)
		g.value(b, s, m, "v."+m.Name)
		if m.Required {
			fmt.Fprintf(b, "has |= 1 << %d\n", bits[m.Name])
		}
		b.WriteString("d.pop()\n}\n")
	}
	b.WriteString("default:\nd.skip()\n}\n}\n")
	for _, m := range list {
		if m.Required {
			fmt.Fprintf(b, "d.require(has&(1<<%d) != 0, %q)\n", bits[m.Name], m.Name)
		}
	}
	b.WriteString("}\n\n")
}

// value writes the reading of one member's value into target.
func (g *generator) value(b *bytes.Buffer, owner *model.Shape, m *model.Member, target string) {
	switch m.Shape.Type {
	case "string":
		if isPointer(m) {
			fmt.Fprintf(b, "%s = new(string)\nd.text(%s, %s)\n", target, target, g.rule(owner.Name, m))
			return
		}
		fmt.Fprintf(b, "d.text(&%s, %s)\n", target, g.rule(owner.Name, m))
	case "integer":
		fmt.Fprintf(b, "d.integer(&%s, %s)\n", target, g.rule(owner.Name, m))
	case "boolean":
		fmt.Fprintf(b, "d.boolean(&%s)\n", target)
	case "structure":
		fmt.Fprintf(b, "%s = new(%s)\n%s.decode(d)\n", target, m.Shape.Name, target)
	case "list":
		element := m.Shape.Element
		fmt.Fprintf(b, "%s = %s{}\nif d.array() {\n", target, valueType(m.Shape))
		switch element.Shape.Type {
		case "string":
			fmt.Fprintf(b, "%s = d.texts(%s)\n", target, g.rule(m.Shape.Name, element))
		case "structure":
			fmt.Fprintf(b, "for i := 1; d.more(i); i++ {\nvar e %s\ne.decode(d)\n%s = append(%s, e)\n}\n", element.Shape.Name, target, target)
		default:
			panic("no list of a request holds a " + element.Shape.Type)
		}
		g.count(b, owner, m, target)
		b.WriteString("}\n")
	case "map":
		element := m.Shape.Element
		if element.Shape.Type != "structure" {
			panic("no map of a request holds a " + element.Shape.Type)
		}
		fmt.Fprintf(b, "%s = %s{}\nif d.object() {\nfor name := d.member(); name != nil; name = d.member() {\n", target, valueType(m.Shape))
		fmt.Fprintf(b, "key := d.key(name, %s)\nvar e %s\ne.decode(d)\n%s[key] = e\nd.pop()\n}\n}\n",
			g.rule(m.Shape.Name, m.Shape.Key), element.Shape.Name, target)
	default:
		panic("no body of a request holds a " + m.Shape.Type)
	}
}

func (g *generator) count(b *bytes.Buffer, owner *model.Shape, m *model.Member, target string) {
	var low, high int64
	if m.Bounds.Min != nil {
		low = *m.Bounds.Min
	}
	if m.Bounds.Max != nil && !configurable[owner.Name+"."+m.Name] {
		high = *m.Bounds.Max
	}
	if low > 0 || high > 0 {
		fmt.Fprintf(b, "d.count(len(%s), %d, %d)\n", target, low, high)
	}
}

func (g *generator) requestDecoder(b *bytes.Buffer, op *model.Operation) {
	s := op.Input
	fmt.Fprintf(b, "func decode%s(in *Input) (any, error) {\nv := new(%s)\nd := newDecoder(in)\n", s.Name, s.Name)
	for _, m := range members(s) {
		switch {
		case m.Location == "uri":
			fmt.Fprintf(b, "d.pathText(%d, %q, &v.%s, %s)\n", pathIndex(op.Path, m.Wire), m.Name, m.Name, g.rule(s.Name, m))
		case m.Location == "querystring" && m.Shape.Type == "timestamp":
			fmt.Fprintf(b, "d.queryTime(%q, %q, %v, &v.%s)\n", m.Wire, m.Name, m.Required, m.Name)
		case m.Location == "querystring":
			read := map[string]string{"string": "queryText", "integer": "queryInteger"}[m.Shape.Type]
			fmt.Fprintf(b, "d.%s(%q, %q, %v, &v.%s, %s)\n", read, m.Wire, m.Name, m.Required, m.Name, g.rule(s.Name, m))
		}
	}
	if len(bodyMembers(s)) > 0 {
		b.WriteString("d.startBody()\nv.decode(d)\nd.endBody()\n")
	}
	b.WriteString("if err := d.finish(); err != nil {\nreturn nil, err\n}\nreturn v, nil\n}\n\n")
}

func pathIndex(path, parameter string) int {
	i := 0
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "{"+parameter+"}" {
			return i
		}
		if strings.HasPrefix(segment, "{") {
			i++
		}
	}
	panic("no parameter " + parameter + " in " + path)
}

// encoders writes an AppendJSON method for every structure of an answer or event.
func (g *generator) encoders(b *bytes.Buffer) {
	b.WriteString("import \"strconv\"\n\n")
	answers := make(map[*model.Shape]bool)
	for _, op := range g.m.Operations {
		answers[op.Output] = true
	}
	for _, s := range g.sorted(g.outputs) {
		fmt.Fprintf(b, "// AppendJSON implements Output.\nfunc (v *%s) AppendJSON(b []byte, times TimeFormat) []byte {\nstart := len(b)\n", s.Name)
		for _, m := range members(s) {
			present, value := encoding(m, "v."+m.Name)
			body := fmt.Sprintf("b = append(b, `,%q:`...)\n%s\n", m.Name, value)
			if alwaysWritten(m, answers[s]) {
				b.WriteString(body)
			} else {
				fmt.Fprintf(b, "if %s {\n%s}\n", present, body)
			}
		}
		b.WriteString("return closeObject(b, start)\n}\n\n")
	}
}

// alwaysWritten reports whether a member is written even when it is empty or zero. An SDK's user
// iterates over the lists of an answer and counts without asking whether the member is there, and a
// required text may be empty.
func alwaysWritten(m *model.Member, ofAnswer bool) bool {
	switch m.Shape.Type {
	case "boolean":
		return true
	case "integer":
		return m.Bounds.Min == nil
	case "list":
		return m.Bounds.Min == nil || ofAnswer
	case "string":
		return m.Required
	}
	return false
}

// encoding returns the condition under which a member is present, and the statement that writes it.
func encoding(m *model.Member, v string) (present, statement string) {
	switch m.Shape.Type {
	case "string":
		if isPointer(m) {
			return v + " != nil", "b = appendString(b, *" + v + ")"
		}
		return v + " != \"\"", "b = appendString(b, " + v + ")"
	case "integer":
		return v + " != 0", "b = strconv.AppendInt(b, int64(" + v + "), 10)"
	case "boolean":
		return v, "b = strconv.AppendBool(b, " + v + ")"
	case "timestamp":
		return "!" + v + ".IsZero()", "b = " + v + ".append(b, times)"
	case "structure":
		return v + " != nil", "b = " + v + ".AppendJSON(b, times)"
	case "list":
		if m.Shape.Element.Shape.Type == "structure" {
			return v + " != nil", "b = appendList(b, " + v + ", times, (*" + m.Shape.Element.Shape.Name + ").AppendJSON)"
		}
		return v + " != nil", "b = appendStrings(b, " + v + ")"
	case "map":
		return v + " != nil", "b = appendMap(b, " + v + ", times, (*" + m.Shape.Element.Shape.Name + ").AppendJSON)"
	}
	panic("no answer holds a " + m.Shape.Type)
}
