// Package model reads the facts of the three API namespaces and merges them into the one contract
// that the server speaks: every operation and shape once, with the looser constraint wherever the
// namespaces differ.
//
// It serves the generator and the tests that hold the generated code against the models. The
// server itself never reads a model.
package model

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// sources are the model files and the namespace each belongs to, in the order in which they are
// merged: where facts that are no constraint differ, the first one wins.
var sources = []struct{ file, namespace string }{
	{"messaging", "chime-sdk-messaging"},
	{"identity", "chime-sdk-identity"},
	{"chime", legacy},
	{"chime-streaming", legacy},
}

const legacy = "chime"

// renamed maps the operations that chime (2018-05-01) names differently to their names today. They
// share method and path with them; the members that differ are kept side by side.
var renamed = map[string]string{
	"PutAppInstanceStreamingConfigurations":    "PutMessagingStreamingConfigurations",
	"GetAppInstanceStreamingConfigurations":    "GetMessagingStreamingConfigurations",
	"DeleteAppInstanceStreamingConfigurations": "DeleteMessagingStreamingConfigurations",
}

// Model is the merged contract.
type Model struct {
	Operations []*Operation // by name
	Shapes     map[string]*Shape
	// Loosened tells, one sentence each, where the namespaces differ and what was taken.
	Loosened []string
}

// Operation is one merged operation.
type Operation struct {
	Name       string
	Method     string
	Path       string
	Query      string // "operation=batch-create", or empty
	Status     int
	Namespaces []string
	Bearer     string // "None", "Optional" or "Required"
	Errors     []string
	Input      *Shape
	Output     *Shape // nil without one
}

// Shape is one merged shape.
type Shape struct {
	Name      string
	Type      string // structure, list, map, string, integer, boolean, timestamp
	Members   []*Member
	Element   *Member // of a list, or the value of a map
	Key       *Member // of a map
	Bounds    Bounds
	Exception bool
}

// Bounds are the constraints of a shape: lengths of strings in characters, of lists in elements,
// ranges of integers.
type Bounds struct {
	Min, Max *int64
	Pattern  string
	Enum     []string
}

// Member is one member of a structure, or the element of a list or map.
type Member struct {
	Name     string
	Shape    *Shape
	Bounds   Bounds // of this member: those of its shape, or looser ones
	Location string // "", uri, querystring or header
	Wire     string
	Required bool
	Token    bool // filled with a random UUID by SDKs
}

// Member returns the member of that name, or nil.
func (s *Shape) Member(name string) *Member {
	for _, m := range s.Members {
		if m.Name == name {
			return m
		}
	}
	return nil
}

type file struct {
	namespace  string
	Operations map[string]struct {
		HTTP struct {
			Method       string
			RequestURI   string `json:"requestUri"`
			ResponseCode int    `json:"responseCode"`
		}
		Errors        []struct{ Shape string }
		Input, Output *struct{ Shape string }
	}
	Shapes map[string]*rawShape
}

type rawShape struct {
	Type      string
	Members   map[string]*rawMember
	Member    *rawMember
	Key       *rawMember
	Value     *rawMember
	Required  []string
	Min, Max  *int64
	Pattern   string
	Enum      []string
	Exception bool
}

type rawMember struct {
	Shape            string
	Location         string
	LocationName     string `json:"locationName"`
	IdempotencyToken bool   `json:"idempotencyToken"`
}

type merger struct {
	files []*file
	out   *Model
}

// Load reads the three models from a directory and merges them.
func Load(dir string) (*Model, error) {
	m := merger{out: &Model{Shapes: make(map[string]*Shape)}}
	for _, source := range sources {
		text, err := os.ReadFile(filepath.Join(dir, source.file+".json"))
		if err != nil {
			return nil, err
		}
		f := &file{namespace: source.namespace}
		if err := json.Unmarshal(text, f); err != nil {
			return nil, fmt.Errorf("%s: %w", source.file, err)
		}
		f.foldRenamed()
		m.files = append(m.files, f)
	}
	if err := m.operations(); err != nil {
		return nil, err
	}
	slices.Sort(m.out.Loosened)
	m.out.Loosened = slices.Compact(m.out.Loosened)
	return m.out, nil
}

// foldRenamed gives operations, and the shapes of their requests and answers, the names of today.
func (f *file) foldRenamed() {
	for old, current := range renamed {
		op, ok := f.Operations[old]
		if !ok {
			continue
		}
		delete(f.Operations, old)
		for _, ref := range []*struct{ Shape string }{op.Input, op.Output} {
			if ref == nil {
				continue
			}
			name := current + strings.TrimPrefix(ref.Shape, old)
			f.Shapes[name] = f.Shapes[ref.Shape]
			delete(f.Shapes, ref.Shape)
			ref.Shape = name
		}
		f.Operations[current] = op
	}
}

func (m *merger) operations() error {
	byName := make(map[string]*Operation)
	for _, f := range m.files {
		for _, name := range slices.Sorted(maps.Keys(f.Operations)) {
			raw := f.Operations[name]
			path, query, _ := strings.Cut(raw.HTTP.RequestURI, "?")
			op := byName[name]
			if op == nil {
				op = &Operation{Name: name, Method: raw.HTTP.Method, Path: path, Query: query, Status: cmp.Or(raw.HTTP.ResponseCode, 200)}
				byName[name] = op
				m.out.Operations = append(m.out.Operations, op)
			} else if op.Method != raw.HTTP.Method || op.Path != path || op.Query != query {
				return fmt.Errorf("%s: %s differs in method or path", f.namespace, name)
			}
			op.Namespaces = append(op.Namespaces, f.namespace)
			for _, e := range raw.Errors {
				if !slices.Contains(op.Errors, e.Shape) {
					op.Errors = append(op.Errors, e.Shape)
					if len(op.Namespaces) > 1 {
						m.loosen("%s: %s is declared only in %s.", name, e.Shape, f.namespace)
					}
				}
			}
			if op.Input == nil && raw.Input != nil {
				op.Input = m.shape(raw.Input.Shape)
			}
			if op.Output == nil && raw.Output != nil {
				op.Output = m.shape(raw.Output.Shape)
			}
		}
	}
	slices.SortFunc(m.out.Operations, func(a, b *Operation) int { return strings.Compare(a.Name, b.Name) })
	for _, op := range m.out.Operations {
		slices.Sort(op.Errors)
		op.Bearer = "None"
		if bearer := op.Input.Member("ChimeBearer"); bearer != nil {
			op.Bearer = m.bearer(op.Name)
		}
	}
	return nil
}

// bearer is the one exception to the looser rule: chime (2018-05-01) has no required bearer, because
// it is older than the header. Who leaves it out cannot be told from a mistake, so what the current
// namespaces require is required.
func (m *merger) bearer(op string) string {
	for _, f := range m.files {
		raw, ok := f.Operations[op]
		if !ok || f.namespace == legacy {
			continue
		}
		if slices.Contains(f.Shapes[raw.Input.Shape].Required, "ChimeBearer") {
			return "Required"
		}
	}
	return "Optional"
}

func (m *merger) loosen(format string, args ...any) {
	m.out.Loosened = append(m.out.Loosened, fmt.Sprintf(format, args...))
}

// shape merges the shape of that name from every namespace that has it.
func (m *merger) shape(name string) *Shape {
	if s, ok := m.out.Shapes[name]; ok {
		return s
	}
	s := &Shape{Name: name}
	m.out.Shapes[name] = s
	var variants []*rawShape
	for _, f := range m.files {
		if raw, ok := f.Shapes[name]; ok {
			variants = append(variants, raw)
		}
	}
	s.Type, s.Exception = variants[0].Type, variants[0].Exception
	s.Bounds = m.bounds(name, variants)
	element := func(pick func(*rawShape) *rawMember) *Member {
		if pick(variants[0]) == nil {
			return nil
		}
		var raws []*rawMember
		for _, v := range variants {
			raws = append(raws, pick(v))
		}
		return m.member(name, "member", raws)
	}
	s.Element = element(func(r *rawShape) *rawMember { return cmp.Or(r.Member, r.Value) })
	s.Key = element(func(r *rawShape) *rawMember { return r.Key })

	names := make(map[string]bool)
	for _, v := range variants {
		for n := range v.Members {
			names[n] = true
		}
	}
	for _, n := range slices.Sorted(maps.Keys(names)) {
		var raws []*rawMember
		required, somewhere := true, false
		for _, v := range variants {
			if raw, ok := v.Members[n]; ok {
				raws = append(raws, raw)
			}
			is := slices.Contains(v.Required, n)
			required, somewhere = required && is, somewhere || is
		}
		member := m.member(name, n, raws)
		member.Required = required
		if somewhere && !required && n != "ChimeBearer" {
			m.loosen("%s.%s: optional, because one namespace does not require it.", name, n)
		}
		s.Members = append(s.Members, member)
	}
	return s
}

func (m *merger) member(owner, name string, raws []*rawMember) *Member {
	first := raws[0]
	member := &Member{Name: name, Location: first.Location, Wire: cmp.Or(first.LocationName, name), Token: first.IdempotencyToken, Shape: m.shape(first.Shape)}
	var targets []*rawShape
	shapes := make(map[string]bool)
	for _, raw := range raws {
		shapes[raw.Shape] = true
		for _, f := range m.files {
			if t, ok := f.Shapes[raw.Shape]; ok {
				targets = append(targets, t)
			}
		}
	}
	member.Bounds = member.Shape.Bounds
	if len(shapes) > 1 {
		member.Bounds = m.bounds(owner+"."+name, targets)
		m.loosen("%s.%s: bounds merged from the shapes %s.", owner, name, strings.Join(slices.Sorted(maps.Keys(shapes)), ", "))
	}
	return member
}

// bounds takes the loosest of several constraints.
func (m *merger) bounds(name string, variants []*rawShape) Bounds {
	b := Bounds{Min: variants[0].Min, Max: variants[0].Max, Pattern: variants[0].Pattern, Enum: slices.Clone(variants[0].Enum)}
	for _, v := range variants[1:] {
		if b.Min != nil && (v.Min == nil || *v.Min < *b.Min) {
			b.Min = v.Min
		}
		if b.Max != nil && (v.Max == nil || *v.Max > *b.Max) {
			b.Max = v.Max
		}
		if b.Pattern != v.Pattern {
			m.loosen("%s: no pattern, because the namespaces have different ones.", name)
			b.Pattern = ""
		}
		if b.Enum == nil || v.Enum == nil {
			b.Enum = nil
			continue
		}
		for _, value := range v.Enum {
			if !slices.Contains(b.Enum, value) {
				b.Enum = append(b.Enum, value)
				m.loosen("%s: the value %s is known to one namespace only.", name, value)
			}
		}
	}
	return b
}
