package api

import (
	"encoding/json"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"carillon/api/apigen/model"
)

// hostile is a text with everything that JSON writers get wrong.
const hostile = "\x00\x1f\b\f\n\r\t\"\\/<>&\u007f\u0085\u2028\u2029é日😀\ufffd\ufeff\U0010ffff"

// outputTypes returns the type of every structure that an answer holds, by name.
func outputTypes() map[string]reflect.Type {
	types := make(map[string]reflect.Type)
	service := reflect.TypeFor[Service]()
	for i := range service.NumMethod() {
		if method := service.Method(i).Type; method.NumOut() == 2 {
			collectTypes(types, method.Out(0))
		}
	}
	return types
}

func collectTypes(types map[string]reflect.Type, t reflect.Type) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		collectTypes(types, t.Elem())
	case reflect.Struct:
		if _, known := types[t.Name()]; known || t == reflect.TypeFor[Timestamp]() {
			return
		}
		types[t.Name()] = t
		for i := range t.NumField() {
			collectTypes(types, t.Field(i).Type)
		}
	}
}

// filler sets every member of a value, each to another value.
type filler struct {
	n     int
	times int // timestamps set
}

func (f *filler) fill(v reflect.Value) {
	f.n++
	if at, ok := v.Addr().Interface().(*Timestamp); ok {
		f.times++
		at.Time = time.UnixMilli(1704164645000 + int64(f.n)).UTC()
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(hostile + strconv.Itoa(f.n))
	case reflect.Int:
		v.SetInt(int64(f.n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			f.fill(v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 2 {
			value := reflect.New(v.Type().Elem()).Elem()
			f.fill(value)
			v.SetMapIndex(reflect.ValueOf(hostile+strconv.Itoa(f.n)), value)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f.fill(v.Field(i))
		}
	default:
		panic("no answer holds a " + v.Kind().String())
	}
}

// decoded is the text of a value read back by another reader.
func decoded(t *testing.T, text []byte, as reflect.Type) any {
	t.Helper()
	got := reflect.New(as)
	if err := json.Unmarshal(text, got.Interface()); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return got.Interface()
}

func TestAppendJSON(t *testing.T) {
	types := outputTypes()
	for name, as := range types {
		t.Run(name, func(t *testing.T) {
			full, f := reflect.New(as), new(filler)
			f.fill(full.Elem())
			text := full.Interface().(Output).AppendJSON([]byte("before"), EpochSeconds)
			rest, kept := strings.CutPrefix(string(text), "before")
			if !kept {
				t.Fatalf("what stood before is lost: %s", text)
			}
			if diff := cmp.Diff(full.Interface(), decoded(t, []byte(rest), as)); diff != "" {
				t.Errorf("with every member, it is read back as something else:\n%s", diff)
			}
			if !jsontext.Value(rest).IsValid() {
				t.Errorf("no strict JSON: %s", rest)
			}

			zero := reflect.New(as)
			text = zero.Interface().(Output).AppendJSON(nil, EpochSeconds)
			if diff := cmp.Diff(zero.Interface(), decoded(t, text, as), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("without a member, it is read back as something else:\n%s", diff)
			}

			text = full.Interface().(Output).AppendJSON(nil, ISO8601)
			if diff := cmp.Diff(full.Interface(), decoded(t, text, as)); diff != "" {
				t.Errorf("with ISO times, it is read back as something else:\n%s", diff)
			}
			if times := isoTime.FindAll(text, -1); len(times) != f.times {
				t.Errorf("%d of %d times have exactly three fraction digits: %s", len(times), f.times, text)
			}
		})
	}
	t.Run("every structure of an answer or event is among them", func(t *testing.T) {
		want := make(map[string]bool)
		for _, op := range theModel(t).Operations {
			if op.Output != nil {
				collectShapes(want, op.Output)
			}
		}
		for _, event := range []string{"BatchChannelMemberships", "Channel", "ChannelBan", "ChannelMembership", "ChannelMessage", "ChannelModerator"} {
			want[event] = true
		}
		if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(types))); diff != "" {
			t.Error(diff)
		}
	})
}

var isoTime = regexp.MustCompile(`Timestamp":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"`)

func collectShapes(names map[string]bool, s *model.Shape) {
	switch s.Type {
	case "structure":
		names[s.Name] = true
		for _, m := range s.Members {
			collectShapes(names, m.Shape)
		}
	case "list", "map":
		collectShapes(names, s.Element.Shape)
	}
}

func TestAppendJSONText(t *testing.T) {
	empty, text := "", "é"
	at := Time(time.UnixMilli(1704164645678))
	for _, c := range []struct {
		name  string
		value Output
		times TimeFormat
		want  string
	}{
		{"an answer without a member", &CreateChannelResponse{}, EpochSeconds, `{}`},
		{"members in the order of their names", &Identity{Name: "Alice", Arn: "arn"}, EpochSeconds, `{"Arn":"arn","Name":"Alice"}`},
		{"an empty list of an answer", &ListChannelsResponse{}, EpochSeconds, `{"Channels":[]}`},
		{"an empty list of an answer that the model wants longer", &ListTagsForResourceResponse{}, EpochSeconds, `{"Tags":[]}`},
		{"a batch without errors", &BatchCreateChannelMembershipResponse{}, EpochSeconds, `{"Errors":[]}`},
		{"a message without a target", &ChannelMessage{}, EpochSeconds, `{"Redacted":false}`},
		{"a message with an empty target", &ChannelMessage{Target: []Target{}}, EpochSeconds, `{"Redacted":false,"Target":[]}`},
		{"a count of nothing", &SubChannelSummary{}, EpochSeconds, `{"MembershipCount":0}`},
		{"a number that cannot be zero", &ChannelRetentionSettings{}, EpochSeconds, `{}`},
		{"a text that is there and empty", &ChannelMessage{Content: &empty, Metadata: &text}, EpochSeconds, `{"Content":"","Metadata":"é","Redacted":false}`},
		{"a required text that is empty", &Tag{Key: "k"}, EpochSeconds, `{"Key":"k","Value":""}`},
		{"a map by its keys", &ChannelMessage{MessageAttributes: map[string]MessageAttributeValue{"b": {}, "a": {StringValues: []string{"x", "y"}}}}, EpochSeconds, `{"MessageAttributes":{"a":{"StringValues":["x","y"]},"b":{"StringValues":[]}},"Redacted":false}`},
		{"a time of an answer", &ChannelModerator{CreatedTimestamp: at}, EpochSeconds, `{"CreatedTimestamp":1704164645.678}`},
		{"a time of an event", &ChannelModerator{CreatedTimestamp: at}, ISO8601, `{"CreatedTimestamp":"2024-01-02T03:04:05.678Z"}`},
		{"a time below", &DescribeChannelModeratorResponse{ChannelModerator: &ChannelModerator{CreatedTimestamp: at}}, ISO8601, `{"ChannelModerator":{"CreatedTimestamp":"2024-01-02T03:04:05.678Z"}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := string(c.value.AppendJSON(nil, c.times)); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestAppendString(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", `""`},
		{"a name", "Alice", `"Alice"`},
		{"a quote", `a"b`, `"a\"b"`},
		{"a backslash", `a\b`, `"a\\b"`},
		{"a slash", `a/b`, `"a/b"`},
		{"a zero", "a\x00b", `"a\u0000b"`},
		{"a line break", "a\nb", `"a\nb"`},
		{"the last control character", "\x1f", `"\u001f"`},
		{"delete, which is no control character of JSON", "\x7f", "\"\x7f\""},
		{"markup", "<a&b>", `"<a&b>"`},
		{"the separators of JavaScript", "\u2028\u2029", "\"\u2028\u2029\""},
		{"an emoji", "😀", `"😀"`},
		{"a byte that is no UTF-8", "a\xffb", "\"a\ufffdb\""},
		{"half a character", "abcdefgh\xe6\x97", "\"abcdefgh\ufffd\ufffd\""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := string(appendString([]byte("x"), c.text)); got != "x"+c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
	t.Run("what needs an escape is found at every place", func(t *testing.T) {
		for length := range 20 {
			for at := range length {
				for _, c := range []byte{0, 0x1f, '"', '\\', 0x80, 0xff} {
					text := []byte(strings.Repeat("~", length))
					text[at] = c
					if isPlain(string(text)) {
						t.Errorf("%q is said to be plain", text)
					}
				}
			}
		}
	})
	t.Run("what needs none is written without a second look", func(t *testing.T) {
		for _, text := range []string{"", "Alice", strings.Repeat(" !#[]~\x7f", 5), strings.Repeat("é日😀", 5)} {
			if !isPlain(text) {
				t.Errorf("%q is said not to be plain", text)
			}
		}
	})
}

func FuzzAppendString(f *testing.F) {
	for _, text := range []string{"", "Alice", hostile, "a\xffb", strings.Repeat("x", 15) + "\"", "\\1234567", "\u2028\u2029", "!!!!!!!!\x1f"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want, _ := jsontext.AppendQuote(nil, text)
		got := appendString(nil, text)
		if string(got) != string(want) {
			t.Fatalf("%q is written %s, want %s", text, got, want)
		}
		var back string
		if err := json.Unmarshal(got, &back); err != nil || back != string([]rune(text)) {
			t.Fatalf("%q is read back as %q, %v", text, back, err)
		}
	})
}
