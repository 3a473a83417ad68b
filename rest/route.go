package rest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"carillon/api"
)

// node is one place in the tree of paths. A request is routed on its path as received: a segment may
// hold an ARN whose slashes are escaped, and is decoded only once its place is known.
type node struct {
	literal   map[string]*node
	parameter *node
	// allow is the value of the header Allow: every method there is an operation for.
	allow   string
	methods []string
	// operations are those of this path, whatever their method and query.
	operations []*api.Operation
}

func newRoutes(table []api.Operation) *node {
	root := new(node)
	for i := range table {
		root.add(&table[i])
	}
	return root
}

func (n *node) add(op *api.Operation) {
	for segment := range strings.SplitSeq(op.Path[1:], "/") {
		next := &n.parameter
		if segment[0] != '{' {
			if n.literal == nil {
				n.literal = make(map[string]*node)
			}
			child := n.literal[segment]
			next = &child
			if child == nil {
				child = new(node)
				n.literal[segment] = child
			}
		} else if n.parameter == nil {
			n.parameter = new(node)
		}
		n = *next
	}
	n.operations = append(n.operations, op)
	if !slices.Contains(n.methods, op.Method) {
		n.methods = append(n.methods, op.Method)
		slices.Sort(n.methods)
		n.allow = strings.Join(append(slices.Clone(n.methods), http.MethodOptions), ", ")
	}
}

// find walks down to the place of a path, given without its leading slash, and notes its parameters
// from number k on, still escaped.
func (n *node) find(path string, parameters *[2]string, k int) *node {
	segment, rest, more := strings.Cut(path, "/")
	if child := n.literal[segment]; child != nil {
		if found := child.end(rest, more, parameters, k); found != nil {
			return found
		}
	}
	if n.parameter == nil || segment == "" || k == len(parameters) {
		return nil
	}
	parameters[k] = segment
	return n.parameter.end(rest, more, parameters, k+1)
}

func (n *node) end(rest string, more bool, parameters *[2]string, k int) *node {
	if more {
		return n.find(rest, parameters, k)
	}
	if len(n.operations) == 0 {
		return nil
	}
	return n
}

// route finds the operation for a method, a raw path and a raw query, and the parameters in the path,
// decoded. The error is UnknownOperation, or MethodNotAllowed together with the methods that are.
func (n *node) route(method, path, query string) (op *api.Operation, parameters [2]string, allow string, err *api.Error) {
	place := (*node)(nil)
	if len(path) > 1 && path[0] == '/' {
		// One slash at the end is what some clients add; two are another path.
		path = strings.TrimSuffix(path[1:], "/")
		place = n.find(path, &parameters, 0)
	}
	if place == nil {
		return nil, parameters, "", unknownOperation()
	}
	for i, p := range parameters {
		decoded, err := url.PathUnescape(p)
		if err != nil {
			return nil, parameters, "", unknownOperation()
		}
		parameters[i] = decoded
	}
	if !slices.Contains(place.methods, method) {
		return nil, parameters, place.allow, api.Errorf(api.MethodNotAllowed, "The method is not allowed for this path.")
	}
	key, value, ok := discriminator(query)
	if ok {
		for _, op := range place.operations {
			if op.Method == method && op.QueryKey == key && op.QueryValue == value {
				return op, parameters, "", nil
			}
		}
	}
	return nil, parameters, "", unknownOperation()
}

func unknownOperation() *api.Error {
	return api.Errorf(api.UnknownOperation, "The requested operation is not known.")
}

// discriminator finds the parameter that tells apart the operations of one path and method: operation
// or scope. Both are absent in most requests, for which it returns two empty strings. It reports false
// when there is more than one of them.
func discriminator(query string) (key, value string, ok bool) {
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		rawName, rawValue, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(rawName)
		if err != nil || name != "operation" && name != "scope" {
			continue
		}
		if key != "" {
			return "", "", false
		}
		if value, err = url.QueryUnescape(rawValue); err != nil || value == "" {
			return "", "", false
		}
		key = name
	}
	return key, value, true
}
