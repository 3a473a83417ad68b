package api

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"carillon/api/apigen/model"
)

// unbounded is the one maximum that the codec leaves to the operation, because an operator may
// change it.
const unbounded = "BatchCreateChannelMembershipRequest.MemberArns"

// refusals counts what was refused, by the kind of constraint.
type refusals map[string]int

// want fails unless the request is refused with exactly this message.
func (n refusals) want(t *testing.T, r *request, kind, message string) {
	t.Helper()
	n[kind]++
	got, err := r.decode(t)
	var e *Error
	switch {
	case !errors.As(err, &e):
		t.Errorf("%s, %s: error %v, want %q", r.op.Name, kind, err, message)
	case e.Kind != BadRequest || e.Message != message:
		t.Errorf("%s, %s: %s %q, want %q", r.op.Name, kind, e.Kind, e.Message, message)
	case got != nil:
		t.Errorf("%s, %s: an error and a value", r.op.Name, kind)
	}
}

func broken(name, constraint string) string {
	return "1 validation error detected: Value at '" + name + "' failed to satisfy constraint: " + constraint
}

func wrong(name, noun string) string {
	return "Value at '" + name + "' has the wrong type: " + noun + " is expected."
}

func TestDecode(t *testing.T) {
	refused := make(refusals)
	for _, op := range theModel(t).Operations {
		t.Run(op.Name, func(t *testing.T) {
			newRequest(op, false).wantDecoded(t, "as small as can be")
			newRequest(op, true).wantDecoded(t, "with everything")
			for _, m := range op.Input.Members {
				switch m.Location {
				case "uri":
					refused.path(t, op, m)
				case "querystring":
					refused.parameter(t, op, m)
				}
			}
			for _, p := range newRequest(op, true).places() {
				refused.place(t, op, p)
			}
		})
	}
	total := 0
	for _, kind := range slices.Sorted(maps.Keys(refused)) {
		t.Logf("%5d %s", refused[kind], kind)
		total += refused[kind]
	}
	t.Logf("%5d requests refused", total)
	for _, kind := range []string{
		"missing", "null", "null element", "wrong type", "too short", "too long", "too small", "too large", "no value of the enum", "without the pattern",
		"list too short", "list too long", "key too short", "key too long", "given twice", "no UTF-8", "empty",
	} {
		if refused[kind] == 0 {
			t.Errorf("no request was refused because of: %s", kind)
		}
	}
}

// path breaks each constraint of a path parameter.
func (n refusals) path(t *testing.T, op *model.Operation, m *model.Member) {
	send := func(text string) *request {
		r := newRequest(op, true)
		r.path[m.Name] = text
		return r
	}
	n.want(t, send(""), "empty", broken(m.Name, "Member must have length greater than or equal to "+strconv.Itoa(max(1, least(m)))))
	n.want(t, send("\xff"), "no UTF-8", broken(m.Name, "Member must be valid UTF-8"))
	n.text(t, m, m.Name, send)
}

// parameter breaks each constraint of a query parameter.
func (n refusals) parameter(t *testing.T, op *model.Operation, m *model.Member) {
	send := func(text string) *request {
		r := newRequest(op, true)
		r.query.Set(m.Wire, text)
		return r
	}
	if m.Required {
		r := newRequest(op, true)
		r.query.Del(m.Wire)
		n.want(t, r, "missing", broken(m.Name, "Member must not be null"))
	}
	twice := newRequest(op, true)
	twice.query.Add(m.Wire, twice.query.Get(m.Wire))
	n.want(t, twice, "given twice", broken(m.Name, "Member must be given once"))
	switch m.Shape.Type {
	case "string":
		n.want(t, send("\xff"), "no UTF-8", broken(m.Name, "Member must be valid UTF-8"))
		n.text(t, m, m.Name, send)
		if m.Bounds.Enum == nil && least(m) == 0 {
			send("").wantDecoded(t, m.Name+" empty")
		}
	case "integer":
		for _, text := range []string{"", " ", "x", "1 ", "1.0", "1e1", "0x1", "1_0", "2147483648", "-2147483649", "NaN"} {
			n.want(t, send(text), "wrong type", wrong(m.Name, "an integer"))
		}
		n.number(t, m, m.Name, func(i int) *request { return send(strconv.Itoa(i)) })
	case "timestamp":
		for _, text := range []string{"", "x", "2024-01-02", "2024-13-02T03:04:05Z"} {
			n.want(t, send(text), "wrong type", wrong(m.Name, "a time in ISO 8601"))
		}
	}
}

// place breaks each constraint of a value in the body.
func (n refusals) place(t *testing.T, op *model.Operation, p place) {
	send := func(v any) *request {
		r := newRequest(op, true)
		r.body = with(r.body, p.steps, v).(map[string]any)
		return r
	}
	_, named := p.steps[len(p.steps)-1].(string)
	element := !named || theModel(t).Shapes[p.owner].Type == "map"
	switch {
	case element:
		n.want(t, send(nil), "null element", broken(p.name, "Member must not be null"))
	case p.member.Required:
		n.want(t, send(absent), "missing", broken(p.name, "Member must not be null"))
		n.want(t, send(nil), "null", broken(p.name, "Member must not be null"))
	default:
		send(absent).wantDecoded(t, p.name+" absent")
		if _, err := send(nil).decode(t); err != nil {
			t.Errorf("%s, %s null: %v", op.Name, p.name, err)
		}
	}
	values := map[string]any{"string": "1", "integer": 1, "boolean": true, "list": []any{}, "structure": map[string]any{}}
	nouns := map[string]string{
		"string": "a string", "integer": "an integer", "boolean": "true or false", "list": "a list", "structure": "an object", "map": "an object",
	}
	for kind, v := range values {
		if kind != p.member.Shape.Type && nouns[kind] != nouns[p.member.Shape.Type] {
			n.want(t, send(v), "wrong type", wrong(p.name, nouns[p.member.Shape.Type]))
		}
	}
	switch s := p.member.Shape; s.Type {
	case "string":
		n.text(t, p.member, p.name, func(text string) *request { return send(text) })
	case "integer":
		for _, number := range []string{"1.0", "1.5", "1e2", "1E0", "2147483648", "-2147483649", "1e400", "123456789012345678901234567890"} {
			n.want(t, send(json.Number(number)), "wrong type", wrong(p.name, "an integer"))
		}
		n.number(t, p.member, p.name, func(i int) *request { return send(i) })
	case "boolean":
		wantSame(t, send(false), send(absent))
	case "list":
		n.list(t, p, send)
	case "map":
		n.keys(t, p, send)
	}
}

// text breaks each constraint of a string. What just satisfies it must decode.
func (n refusals) text(t *testing.T, m *model.Member, name string, send func(string) *request) {
	if m.Bounds.Enum != nil {
		for _, value := range m.Bounds.Enum {
			send(value).wantDecoded(t, name+" "+value)
		}
		constraint := "Member must satisfy enum value set: [" + strings.Join(m.Bounds.Enum, ", ") + "]"
		for _, text := range []string{"NO_SUCH_VALUE", strings.ToLower(m.Bounds.Enum[0]), m.Bounds.Enum[0] + " "} {
			n.want(t, send(text), "no value of the enum", broken(name, constraint))
		}
		return
	}
	known, ok := texts[m.Bounds.Pattern]
	if !ok {
		t.Fatalf("%s: a pattern that this test has no texts for: %s", name, m.Bounds.Pattern)
	}
	if known.bad != "" {
		n.want(t, send(known.bad), "without the pattern", broken(name, "Member must satisfy regular expression pattern: "+m.Bounds.Pattern))
	}
	if shortest := least(m); shortest > 0 {
		if m.Location != "uri" || shortest > 1 { // an empty path parameter is another case
			n.want(t, send(strings.Repeat("é", shortest-1)), "too short", broken(name, "Member must have length greater than or equal to "+strconv.Itoa(shortest)))
		}
		if known.fill != "" {
			send(strings.Repeat(known.fill, shortest)).wantDecoded(t, name+" of the least length")
		}
	}
	if longest, bounded := most(m); bounded {
		n.want(t, send(strings.Repeat("é", longest+1)), "too long", broken(name, "Member must have length less than or equal to "+strconv.Itoa(longest)))
		if known.fill != "" {
			send(strings.Repeat(known.fill, longest)).wantDecoded(t, name+" of the greatest length")
		}
	} else {
		send(strings.Repeat(known.fill, 100_000)).wantDecoded(t, name+" without a greatest length")
	}
}

// number breaks each constraint of a whole number.
func (n refusals) number(t *testing.T, m *model.Member, name string, send func(int) *request) {
	n.want(t, send(least(m)-1), "too small", broken(name, "Member must have value greater than or equal to "+strconv.Itoa(least(m))))
	n.want(t, send(-1<<31), "too small", broken(name, "Member must have value greater than or equal to "+strconv.Itoa(least(m))))
	send(least(m)).wantDecoded(t, name+" at its least")
	if most, bounded := most(m); bounded {
		n.want(t, send(most+1), "too large", broken(name, "Member must have value less than or equal to "+strconv.Itoa(most)))
		send(most).wantDecoded(t, name+" at its greatest")
	} else {
		send(1<<31-1).wantDecoded(t, name+" without a greatest value")
	}
}

// list breaks each constraint on the length of a list.
func (n refusals) list(t *testing.T, p place, send func(any) *request) {
	of := func(length int) *request {
		return send(slices.Repeat([]any{valid(p.member.Shape.Element, true)}, length))
	}
	if shortest := least(p.member); shortest > 0 {
		n.want(t, of(shortest-1), "list too short", broken(p.name, "Member must have length greater than or equal to "+strconv.Itoa(shortest)))
		of(shortest).wantDecoded(t, p.name+" of the least length")
	}
	longest, bounded := most(p.member)
	switch {
	case p.owner+"."+p.member.Name == unbounded:
		of(longest+1).wantDecoded(t, p.name+" longer than the model allows")
	case bounded:
		n.want(t, of(longest+1), "list too long", broken(p.name, "Member must have length less than or equal to "+strconv.Itoa(longest)))
		of(longest).wantDecoded(t, p.name+" of the greatest length")
	default:
		of(1000).wantDecoded(t, p.name+" without a greatest length")
	}
}

// keys breaks each constraint on the keys of a map.
func (n refusals) keys(t *testing.T, p place, send func(any) *request) {
	of := func(key string) *request { return send(map[string]any{key: valid(p.member.Shape.Element, true)}) }
	key := p.member.Shape.Key
	longest, _ := most(key)
	words := func(constraint string) string {
		return broken(p.name, "Map keys must satisfy constraint: ["+constraint+"]")
	}
	n.want(t, of(""), "key too short", words("Member must have length greater than or equal to 1"))
	n.want(t, of(strings.Repeat("é", longest+1)), "key too long", words("Member must have length less than or equal to "+strconv.Itoa(longest)))
	of(strings.Repeat("😀", longest)).wantDecoded(t, p.name+" with a key of the greatest length")
	send(map[string]any{}).wantDecoded(t, p.name+" without entries")
}

// wantSame fails unless two requests decode to equal values.
func wantSame(t *testing.T, a, b *request) {
	t.Helper()
	first, err := a.decode(t)
	if err != nil {
		t.Fatal(err)
	}
	second, err := b.decode(t)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("%s: not the same:\n%s", a.op.Name, diff)
	}
}
