package query

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"carillon/api"
)

const (
	// maxParameters bounds how many parameters a form may have.
	maxParameters = 1000
	// maxNesting bounds how many parts the name of a parameter may have.
	maxNesting = 8
	// maxEcho bounds what of a caller's own words an error repeats.
	maxEcho = 64
)

// form is the parameters of a request as a tree: Tags.member.1.Key is four nodes below each other.
type form struct {
	value    string
	set      bool // the parameter itself was given
	children map[string]*form
}

// malformed is the refusal of a form that cannot be read.
func malformed(format string, args ...any) error {
	return &Fault{Code: "MalformedQueryString", Message: fmt.Sprintf(format, args...), Status: http.StatusBadRequest}
}

// invalid is the refusal of a parameter.
func invalid(format string, args ...any) error {
	return &Fault{Code: "ValidationError", Message: fmt.Sprintf(format, args...), Status: http.StatusBadRequest}
}

// Error implements error.
func (f *Fault) Error() string { return f.Code + ": " + f.Message }

// parseForm reads forms, of which each name may be given once in all.
func parseForm(encoded ...string) (*form, error) {
	root := new(form)
	count := 0
	for _, text := range encoded {
		if count += strings.Count(text, "&") + 1; count > maxParameters {
			return nil, malformed("A request has at most %d parameters.", maxParameters)
		}
		values, err := url.ParseQuery(text)
		if err != nil {
			return nil, malformed("The parameters are not properly encoded.")
		}
		for name, given := range values {
			if !utf8.ValidString(name) || !utf8.ValidString(given[0]) {
				return nil, malformed("The parameters are not properly encoded.")
			}
			if len(given) > 1 || !root.put(name, given[0]) {
				return nil, malformed("The parameter %q is given more than once, or has too many parts.", clip(name))
			}
		}
	}
	return root, nil
}

// put puts a value where its name says, unless there is one.
func (f *form) put(name, value string) bool {
	parts := strings.Split(name, ".")
	if len(parts) > maxNesting {
		return false
	}
	for _, part := range parts {
		if f.children == nil {
			f.children = make(map[string]*form)
		}
		if f.children[part] == nil {
			f.children[part] = new(form)
		}
		f = f.children[part]
	}
	if f.set {
		return false
	}
	f.value, f.set = value, true
	return true
}

// get returns the value of a parameter.
func (f *form) get(name string) string {
	if child := f.children[name]; child != nil {
		return child.value
	}
	return ""
}

// decode fills a struct, by the names of its fields. A field may have another name on the wire by the tag
// query. Parameters that no field has are passed over, as AWS does.
func (f *form) decode(in any) error {
	return f.into(reflect.ValueOf(in).Elem(), "")
}

func (f *form) into(to reflect.Value, path string) error {
	switch to.Kind() {
	case reflect.Pointer:
		to.Set(reflect.New(to.Type().Elem()))
		return f.into(to.Elem(), path)
	case reflect.Struct:
		for i := range to.NumField() {
			name := wireName(to.Type().Field(i))
			child := f.children[name]
			if child == nil {
				continue
			}
			if err := child.into(to.Field(i), join(path, name)); err != nil {
				return err
			}
		}
		return nil
	case reflect.Slice:
		return f.list(to, path)
	default:
		return f.scalar(to, path)
	}
}

// list reads members in the order of their numbers. An empty list is written as an empty parameter.
func (f *form) list(to reflect.Value, path string) error {
	to.Set(reflect.MakeSlice(to.Type(), 0, 0))
	members := f.children["member"]
	if members == nil {
		return nil
	}
	var numbers []int
	for text := range members.children {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || strconv.Itoa(n) != text {
			return invalid("The parameter %s.member must be numbered from 1.", path)
		}
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	for _, n := range numbers {
		element := reflect.New(to.Type().Elem()).Elem()
		text := strconv.Itoa(n)
		if err := members.children[text].into(element, path+".member."+text); err != nil {
			return err
		}
		to.Set(reflect.Append(to, element))
	}
	return nil
}

func (f *form) scalar(to reflect.Value, path string) error {
	switch to.Kind() {
	case reflect.String:
		to.SetString(f.value)
	case reflect.Bool:
		switch f.value {
		case "true", "false":
			to.SetBool(f.value == "true")
		default:
			return invalid("Value at '%s' failed to satisfy constraint: Member must be true or false", path)
		}
	case reflect.Int, reflect.Int32, reflect.Int64:
		n, err := strconv.ParseInt(f.value, 10, to.Type().Bits())
		if err != nil {
			return invalid("Value at '%s' failed to satisfy constraint: Member must be an integer", path)
		}
		to.SetInt(n)
	default:
		return &api.Error{Kind: api.ServiceFailure, Message: "The service encountered an unexpected error.",
			Cause: fmt.Errorf("query: a parameter cannot be a %v", to.Type())}
	}
	return nil
}

// wireName is the name of a field on the wire.
func wireName(f reflect.StructField) string {
	if name := f.Tag.Get("query"); name != "" {
		return name
	}
	return f.Name
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func clip(s string) string { return s[:min(len(s), maxEcho)] }
