package rest

import (
	"net/url"
	"strings"
	"testing"

	"carillon/api"
)

// target builds the path and query of an operation with the given parameters.
func target(op *api.Operation, parameters ...string) (path, query string) {
	path = op.Path
	for _, p := range parameters {
		open := strings.IndexByte(path, '{')
		if open < 0 {
			break
		}
		path = path[:open] + url.PathEscape(p) + path[strings.IndexByte(path, '}')+1:]
	}
	if op.QueryKey != "" {
		query = op.QueryKey + "=" + op.QueryValue
	}
	return path, query
}

func TestEveryOperationRoutesToItself(t *testing.T) {
	routes := newRoutes(api.Operations)
	// Parameters that look like the literals beside them, and that hold what only a path has.
	first, second := "arn:aws:chime:us-east-1:1:app-instance/i/channel/ä@b", "memberships"
	for i := range api.Operations {
		op := &api.Operations[i]
		t.Run(op.Name, func(t *testing.T) {
			path, query := target(op, first, second)
			want := [2]string{}
			for k := range strings.Count(op.Path, "{") {
				want[k] = [2]string{first, second}[k]
			}
			for _, v := range []struct{ name, path, query string }{
				{"as it is", path, query},
				{"with a slash at the end", path + "/", query},
				{"with parameters that mean nothing here", path, "a=b&" + query + "&operations=x&Scope=y&&%zz=1"},
				{"with its query escaped", path, strings.ReplaceAll(strings.ReplaceAll(query, "op", "%6fp"), "-", "%2d")},
			} {
				got, parameters, _, err := routes.route(op.Method, v.path, v.query)
				if err != nil {
					t.Errorf("%s: %s?%s: %v", v.name, v.path, v.query, err)
				} else if got.Name != op.Name || parameters != want {
					t.Errorf("%s: %s %q, want %s %q", v.name, got.Name, parameters, op.Name, want)
				}
			}
		})
	}
}

func TestRoute(t *testing.T) {
	routes := newRoutes(api.Operations)
	for _, c := range []struct {
		name, method, path, query string
		kind                      api.Kind
		allow                     string
	}{
		{"the root", "GET", "/", "", api.UnknownOperation, ""},
		{"no path", "CONNECT", "", "", api.UnknownOperation, ""},
		{"an unknown path", "GET", "/nowhere", "", api.UnknownOperation, ""},
		{"a path that goes on", "GET", "/tags/x", "", api.UnknownOperation, ""},
		{"a path that ends early", "GET", "/endpoints", "", api.UnknownOperation, ""},
		{"a path in another case", "GET", "/Channels", "", api.UnknownOperation, ""},
		{"a literal in escapes", "GET", "/ch%61nnels", "", api.UnknownOperation, ""},
		{"two slashes at the end", "GET", "/channels//", "", api.UnknownOperation, ""},
		{"two slashes at the beginning", "GET", "//channels", "", api.UnknownOperation, ""},
		{"an empty parameter", "GET", "/channels//memberships", "", api.UnknownOperation, ""},
		{"an unclean path", "GET", "/tags/../channels", "", api.UnknownOperation, ""},
		{"an ARN whose slashes are not escaped", "GET", "/channels/arn:aws:chime:::app-instance/a/channel/b", "", api.UnknownOperation, ""},
		{"a parameter with half an escape", "GET", "/channels/a%3", "", api.UnknownOperation, ""},
		{"a parameter with a wrong escape", "GET", "/channels/a%zz", "", api.UnknownOperation, ""},
		{"another method", "PATCH", "/channels", "", api.MethodNotAllowed, "GET, POST, OPTIONS"},
		{"HEAD", "HEAD", "/tags", "", api.MethodNotAllowed, "GET, POST, OPTIONS"},
		{"a method in lower case", "get", "/tags", "", api.MethodNotAllowed, "GET, POST, OPTIONS"},
		{"a path whose only operation needs a query", "POST", "/tags", "", api.UnknownOperation, ""},
		{"an unknown operation", "POST", "/channels", "operation=drop", api.UnknownOperation, ""},
		{"an empty operation", "POST", "/channels", "operation=", api.UnknownOperation, ""},
		{"an operation without value", "POST", "/channels", "operation", api.UnknownOperation, ""},
		{"an operation with a broken escape", "POST", "/channels", "operation=%zz", api.UnknownOperation, ""},
		{"an operation twice", "POST", "/channels", "operation=search&operation=search", api.UnknownOperation, ""},
		{"an operation and a scope", "POST", "/channels", "operation=search&scope=x", api.UnknownOperation, ""},
		{"an operation in place of a scope", "GET", "/channels", "operation=channel-flow-associations", api.UnknownOperation, ""},
		{"an operation of another path", "POST", "/channels", "operation=batch-create", api.UnknownOperation, ""},
		{"an operation of another method", "GET", "/channels", "operation=search", api.UnknownOperation, ""},
		{"an operation where there is none", "GET", "/app-instances", "operation=search", api.UnknownOperation, ""},
	} {
		t.Run(c.name+" is refused", func(t *testing.T) {
			op, _, allow, err := routes.route(c.method, c.path, c.query)
			if err == nil {
				t.Fatalf("it is %s", op.Name)
			}
			if err.Kind != c.kind || allow != c.allow {
				t.Errorf("%v (allow %q), want %v (allow %q)", err.Kind.Exception(), allow, c.kind.Exception(), c.allow)
			}
		})
	}
	t.Run("a literal is preferred to a parameter, and given up where it leads nowhere", func(t *testing.T) {
		routes := newRoutes([]api.Operation{
			{Name: "literal", Method: "GET", Path: "/a/b/c"},
			{Name: "parameter", Method: "GET", Path: "/a/{x}/d"},
		})
		for path, want := range map[string]string{"/a/b/c": "literal", "/a/b/d": "parameter"} {
			op, _, _, err := routes.route("GET", path, "")
			if err != nil || op.Name != want {
				t.Errorf("%s: %v, %v; want %s", path, op, err, want)
			}
		}
	})
}

func BenchmarkRoute(b *testing.B) {
	routes := newRoutes(api.Operations)
	path, query := target(api.Lookup("BatchCreateChannelMembership"), instanceARN+"/channel/a")
	b.ReportAllocs()
	for b.Loop() {
		if _, _, _, err := routes.route("POST", path, query); err != nil {
			b.Fatal(err)
		}
	}
}
