package api

import (
	"encoding/json"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"carillon/api/apigen/model"
)

var loadModel = sync.OnceValues(func() (*model.Model, error) { return model.Load("../models") })

func theModel(t testing.TB) *model.Model {
	t.Helper()
	m, err := loadModel()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// request is a request that is built from the model, not from the code under test.
type request struct {
	op    *model.Operation
	path  map[string]string // by member
	query url.Values
	body  map[string]any
}

// newRequest builds a valid request: with every optional member, or as small as it can be.
func newRequest(op *model.Operation, full bool) *request {
	r := &request{op: op, path: make(map[string]string), query: make(url.Values), body: make(map[string]any)}
	if key, value, ok := strings.Cut(op.Query, "="); ok {
		r.query.Set(key, value)
	}
	for _, m := range op.Input.Members {
		if m.Location == "header" || !full && !m.Required {
			continue
		}
		switch v := valid(m, full); m.Location {
		case "uri":
			r.path[m.Name] = v.(string)
		case "querystring":
			text, ok := v.(string)
			if !ok {
				text = strconv.Itoa(v.(int))
			}
			r.query.Set(m.Wire, text)
		default:
			r.body[m.Name] = v
		}
	}
	return r
}

// input is the request as package rest hands it over.
func (r *request) input(t testing.TB) *Input {
	t.Helper()
	in := &Input{Query: r.query.Encode()}
	i := 0
	for segment := range strings.SplitSeq(r.op.Path, "/") {
		if wire, ok := strings.CutPrefix(segment, "{"); ok {
			wire = strings.TrimSuffix(wire, "}")
			at := slices.IndexFunc(r.op.Input.Members, func(m *model.Member) bool { return m.Wire == wire && m.Location == "uri" })
			in.Path[i] = r.path[r.op.Input.Members[at].Name]
			i++
		}
	}
	if len(r.body) > 0 {
		body, err := json.Marshal(r.body)
		if err != nil {
			t.Fatal(err)
		}
		in.Body = body
	}
	return in
}

func (r *request) decode(t testing.TB) (any, error) {
	t.Helper()
	return Lookup(r.op.Name).Decode(r.input(t))
}

// wantDecoded fails unless the request decodes to a value that holds all that was sent and nothing
// else.
func (r *request) wantDecoded(t testing.TB, what string) {
	t.Helper()
	got, err := r.decode(t)
	if err != nil {
		t.Errorf("%s, %s: %v", r.op.Name, what, err)
		return
	}
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	sent, err := json.Marshal(r.body)
	if err != nil {
		t.Fatal(err)
	}
	var gotBody, sentBody map[string]any
	if err := json.Unmarshal(text, &gotBody); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(sent, &sentBody); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sentBody, gotBody); diff != "" {
		t.Errorf("%s, %s: the body sent and the body decoded differ:\n%s", r.op.Name, what, diff)
	}
	fields := reflect.ValueOf(got).Elem()
	for _, m := range r.op.Input.Members {
		var sent string
		switch m.Location {
		case "uri":
			sent = r.path[m.Name]
		case "querystring":
			sent = r.query.Get(m.Wire)
		default:
			continue
		}
		switch field := fields.FieldByName(m.Name).Interface().(type) {
		case string:
			if field != sent {
				t.Errorf("%s, %s: %s is %q, sent was %q", r.op.Name, what, m.Name, field, sent)
			}
		case int:
			if want, _ := strconv.Atoi(sent); field != want {
				t.Errorf("%s, %s: %s is %d, sent was %q", r.op.Name, what, m.Name, field, sent)
			}
		case Timestamp:
			if sent == "" != field.IsZero() {
				t.Errorf("%s, %s: %s is %v, sent was %q", r.op.Name, what, m.Name, field, sent)
			}
		default:
			t.Errorf("%s.%s is a %T", r.op.Name, m.Name, field)
		}
	}
}

// texts give, for every pattern of the models, a text that has it and one that has not. fill makes
// one of any length, where the pattern leaves room.
var texts = map[string]struct {
	good, bad string
	fill      string
}{
	``:        {fill: "é"}, // two bytes: lengths count characters
	`.*`:      {fill: "\n"},
	`[\s\S]*`: {fill: "😀"},
	`.*\S.*`:  {bad: " \t\n", fill: "a"},
	`arn:[a-z0-9-\.]{1,63}:[a-z0-9-\.]{0,63}:[a-z0-9-\.]{0,63}:[a-z0-9-\.]{0,63}:[^/].{0,1023}`: {
		good: "arn:aws:chime:us-east-1:123456789012:app-instance/x/user/a:b@example.com", bad: "arn:aws:chime:us-east-1:123456789012:/x",
	},
	`^arn[\/\:\-\_\.a-zA-Z0-9]+$`: {good: "arn:aws:kinesis:us-east-1:123456789012:stream/chime-messaging-x", bad: "arn:aws:kinesis:*"},
	`arn:aws:lambda:[a-z]{2}-[a-z]+-\d{1}:\d{12}:function:[a-zA-Z0-9\-_\.]+(:(\$LATEST|[a-zA-Z0-9\-_]+))?`: {
		good: "arn:aws:lambda:us-east-1:123456789012:function:filter:$LATEST", bad: "arn:aws:lambda:us-east-1:123456789012:layer:filter",
	},
	`arn:aws:lex:[a-z]{2}-[a-z]+-\d{1}:\d{12}:bot-alias/[A-Z0-9]{10}/[A-Z0-9]{10}`: {
		good: "arn:aws:lex:us-east-1:123456789012:bot-alias/ABCDEFGHIJ/0123456789", bad: "arn:aws:lex:us-east-1:123456789012:bot-alias/abcdefghij/0123456789",
	},
	`^([A-Za-z]_?)+$`: {bad: "Hello__World", fill: "a"},
	`[-_a-zA-Z0-9]*`:  {bad: "a.b", fill: "_"},
	`[A-Za-z0-9]([A-Za-z0-9\:\-\_\.\@]{0,62}[A-Za-z0-9])?`:                               {bad: "alice@", fill: "a"},
	`[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]*`: {bad: "a\x00b", fill: "日"},
}

// valid is a value that satisfies every constraint of a member.
func valid(m *model.Member, full bool) any {
	switch s := m.Shape; s.Type {
	case "string":
		if m.Bounds.Enum != nil {
			return m.Bounds.Enum[len(m.Bounds.Enum)-1]
		}
		if good := texts[m.Bounds.Pattern].good; good != "" {
			return good
		}
		return strings.Repeat(texts[m.Bounds.Pattern].fill, max(1, least(m)))
	case "integer":
		return max(1, least(m))
	case "boolean":
		return true
	case "timestamp":
		return "2024-01-02T03:04:05.678000Z"
	case "structure":
		object := make(map[string]any)
		for _, member := range s.Members {
			if full || member.Required {
				object[member.Name] = valid(member, full)
			}
		}
		return object
	case "list":
		n := max(1, least(m))
		if full {
			n = 3
			if most, ok := most(m); ok {
				n = min(n, most)
			}
		}
		return slices.Repeat([]any{valid(s.Element, full)}, n)
	case "map":
		return map[string]any{"color": valid(s.Element, full)}
	}
	panic("no request holds a " + m.Shape.Type)
}

func least(m *model.Member) int {
	if m.Bounds.Min == nil {
		return 0
	}
	return int(*m.Bounds.Min)
}

func most(m *model.Member) (int, bool) {
	if m.Bounds.Max == nil {
		return 0, false
	}
	return int(*m.Bounds.Max), true
}

// place is where a value stands in a body.
type place struct {
	member *model.Member
	owner  string // the structure that has the member
	steps  []any  // names and indexes from the body down
	name   string // as answers name it
}

// places lists every place of the body of a request that has everything.
func (r *request) places() []place {
	var list []place
	for _, m := range r.op.Input.Members {
		if m.Location == "" {
			list = walk(list, place{member: m, owner: r.op.Input.Name, steps: []any{m.Name}, name: m.Name}, r.body[m.Name])
		}
	}
	return list
}

func walk(list []place, p place, v any) []place {
	list = append(list, p)
	step := func(m *model.Member, owner string, step any, name string) place {
		return place{member: m, owner: owner, steps: append(slices.Clone(p.steps), step), name: p.name + "." + name}
	}
	switch s := p.member.Shape; s.Type {
	case "structure":
		for _, m := range s.Members {
			list = walk(list, step(m, s.Name, m.Name, m.Name), v.(map[string]any)[m.Name])
		}
	case "list": // the last element stands for all
		elements := v.([]any)
		last := len(elements) - 1
		list = walk(list, step(s.Element, s.Name, last, strconv.Itoa(last+1)+".member"), elements[last])
	case "map":
		for _, key := range slices.Sorted(maps.Keys(v.(map[string]any))) {
			list = walk(list, step(s.Element, s.Name, key, key), v.(map[string]any)[key])
		}
	}
	return list
}

// with returns the value v with another one at the place that steps lead to; absent removes it.
func with(v any, steps []any, to any) any {
	if len(steps) == 0 {
		return to
	}
	switch v := v.(type) {
	case map[string]any:
		key := steps[0].(string)
		v = maps.Clone(v)
		if changed := with(v[key], steps[1:], to); changed == absent {
			delete(v, key)
		} else {
			v[key] = changed
		}
		return v
	case []any:
		v = slices.Clone(v)
		v[steps[0].(int)] = with(v[steps[0].(int)], steps[1:], to)
		return v
	}
	panic("no way on")
}

// absent is the value of a member that is not there.
const absent = absence("absent")

type absence string
