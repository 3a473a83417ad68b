package chat

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

// ruleCases are rules with what is to be said of them; the empty text is nothing.
var ruleCases = []struct {
	name, rule string
	want       error
}{
	{"one value of one attribute", `{"type":["a"]}`, nil},
	{"several values", `{"type":["a","b","c"]}`, nil},
	{"several attributes", `{"type":["a"],"mood":["glad"]}`, nil},
	{"what a value may not be", `{"type":[{"anything-but":["a","b"]}]}`, nil},
	{"values and what they may not be", `{"type":["a",{"anything-but":["b"]},"c",{"anything-but":["d"]}]}`, nil},
	{"one rule or another", `{"$or":[{"type":["a"]},{"mood":["glad"],"type":[{"anything-but":["b"]}]}]}`, nil},
	{"five rules or another", `{"$or":[` + times(5, `{"a":["x"]}`) + `]}`, nil},
	{"space between everything", " {\n\t\"type\" : [ \"a\" ] \r\n} ", nil},
	{"an empty value and an empty name", `{"":[""]}`, nil},
	{"escapes and other scripts", `{"\u0074yp\u00e9":["\"\\\u0000","日本","😀"]}`, nil},
	{"no attribute at all", `{}`, nil},
	{"an attribute whose name only looks like $or", `{"$OR":["a"]}`, nil},

	{"no text", ``, errRuleJSON},
	{"no JSON", `type=a`, errRuleJSON},
	{"half an object", `{"type":["a"]`, errRuleJSON},
	{"an object and more", `{"type":["a"]} {}`, errRuleJSON},
	{"null", `null`, errRuleJSON},
	{"a list", `["a"]`, errRuleJSON},
	{"a text", `"type"`, errRuleJSON},

	{"a value without a list", `{"type":"a"}`, errRuleValue},
	{"an empty list", `{"type":[]}`, errRuleValue},
	{"no list", `{"type":null}`, errRuleValue},
	{"a number", `{"type":[1]}`, errRuleValue},
	{"a yes", `{"type":[true]}`, errRuleValue},
	{"a null among the values", `{"type":["a",null]}`, errRuleValue},
	{"a list in the list", `{"type":[["a"]]}`, errRuleValue},
	{"an operator without a list", `{"type":[{"anything-but":"a"}]}`, errRuleValue},
	{"an operator with an empty list", `{"type":[{"anything-but":[]}]}`, errRuleValue},
	{"an operator with a number", `{"type":[{"anything-but":[1]}]}`, errRuleValue},
	{"an operator with a null", `{"type":[{"anything-but":["a",null]}]}`, errRuleValue},
	{"an operator with a list of lists", `{"type":[{"anything-but":[["a"]]}]}`, errRuleValue},
	{"an operator nobody knows", `{"type":[{"prefix":["a"]}]}`, errRuleValue},
	{"two operators in one", `{"type":[{"anything-but":["a"],"prefix":["b"]}]}`, errRuleValue},
	{"no operator", `{"type":[{}]}`, errRuleValue},
	{"an operator in place of the list", `{"type":{"anything-but":["a"]}}`, errRuleValue},
	{"a bad rule among the alternatives", `{"$or":[{"type":["a"]},{"type":"a"}]}`, errRuleValue},
	{"no rule among the alternatives", `{"$or":[{"type":["a"]},"type"]}`, errRuleJSON},

	{"alternatives without a list", `{"$or":{"type":["a"]}}`, errRuleOr},
	{"no alternatives", `{"$or":[]}`, errRuleOr},
	{"null alternatives", `{"$or":null}`, errRuleOr},
	{"six alternatives", `{"$or":[` + times(6, `{"a":["x"]}`) + `]}`, errRuleOr},
	{"alternatives beside an attribute", `{"$or":[{"a":["x"]}],"b":["y"]}`, errRuleOr},
	{"alternatives inside alternatives", `{"$or":[{"$or":[{"a":["x"]}]}]}`, errRuleOr},

	{"a complexity of 20, of one name", `{"a":[` + times(19, `"x"`) + `]}`, nil},
	{"a complexity of 21, of one name", `{"a":[` + times(20, `"x"`) + `]}`, errRuleComplexity},
	{"a complexity of 20, of operators, which do not count", `{"a":[{"anything-but":[` + times(9, `"x"`) + `]},{"anything-but":[` + times(10, `"x"`) + `]}]}`, nil},
	{"a complexity of 21, of operators", `{"a":[{"anything-but":[` + times(10, `"x"`) + `]},{"anything-but":[` + times(10, `"x"`) + `]}]}`, errRuleComplexity},
	{"a complexity of 20, of alternatives", `{"$or":[` + times(5, `{"a":["x"],"b":["y"]}`) + `]}`, nil},
	{"a complexity of 21, of alternatives", `{"$or":[` + times(4, `{"a":["x"],"b":["y"]}`) + `,{"a":["x","y"],"b":["z"]}]}`, errRuleComplexity},

	{"2048 bytes", `{"a":["` + strings.Repeat("x", 2048-len(`{"a":[""]}`)) + `"]}`, nil},
	{"2049 bytes", `{"a":["` + strings.Repeat("x", 2049-len(`{"a":[""]}`)) + `"]}`, errRuleSize},
	{"2048 bytes in half as many characters", `{"a":["` + strings.Repeat("é", 1024-len(`{"a":[""]}`)/2) + `"]}`, nil},
	{"2049 characters of space", strings.Repeat(" ", 2047) + "{}", errRuleSize},
	{"brackets as deep as the size allows", strings.Repeat("[", 2048), errRuleJSON},
}

// times is text n times, with commas between.
func times(n int, text string) string { return strings.TrimSuffix(strings.Repeat(text+",", n), ",") }

func TestCheckFilterRule(t *testing.T) {
	for _, c := range ruleCases {
		t.Run(fmt.Sprintf("%s: %v", c.name, c.want), func(t *testing.T) {
			if got := checkFilterRule(c.rule); !errors.Is(got, c.want) {
				t.Errorf("got %v", got)
			}
		})
	}
}

// FuzzCheckFilterRule holds the check against a second one that is written over whole values instead
// of raw text.
func FuzzCheckFilterRule(f *testing.F) {
	for _, c := range ruleCases {
		f.Add(c.rule)
	}
	f.Fuzz(func(t *testing.T, rule string) {
		if !utf8.ValidString(rule) {
			return // no request has such a text
		}
		var value any
		complexity, ok := 0, false
		if json.Unmarshal([]byte(rule), &value) == nil {
			complexity, ok = complexityOf(value, true)
		}
		want := ok && complexity <= 20 && len(rule) <= 2048
		if err := checkFilterRule(rule); (err == nil) != want {
			t.Errorf("%q: got %v, want allowed %v", rule, err, want)
		}
	})
}

func complexityOf(value any, top bool) (total int, ok bool) {
	rule, ok := value.(map[string]any)
	if !ok {
		return 0, false
	}
	if or, is := rule["$or"]; is {
		rules, ok := or.([]any)
		if !ok || !top || len(rule) != 1 || len(rules) < 1 || len(rules) > 5 {
			return 0, false
		}
		for _, one := range rules {
			n, ok := complexityOf(one, false)
			if !ok {
				return 0, false
			}
			total += n
		}
		return total, true
	}
	for _, listed := range rule {
		total++
		alternatives, ok := listed.([]any)
		if !ok || len(alternatives) == 0 {
			return 0, false
		}
		for _, alternative := range alternatives {
			values := []any{alternative}
			if operator, is := alternative.(map[string]any); is {
				if values, ok = operator["anything-but"].([]any); !ok || len(operator) != 1 || len(values) == 0 {
					return 0, false
				}
			}
			for _, v := range values {
				if _, is := v.(string); !is {
					return 0, false
				}
			}
			total += len(values)
		}
	}
	return total, true
}
