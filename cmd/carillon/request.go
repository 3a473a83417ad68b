package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"

	"carillon/api"
)

// bearerMember and bearerHeader are the names of the bearer in a request's type and on the wire.
const (
	bearerMember = "ChimeBearer"
	bearerHeader = "X-Amz-Chime-Bearer"
)

// members are the members of a request by their names.
type members map[string]json.RawMessage

// parseMembers reads one JSON object. A member that is null is one that is absent.
func parseMembers(text []byte) (members, error) {
	var m members
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf("not a JSON object: %w", err)
	}
	if m == nil {
		return nil, errors.New("not a JSON object: null")
	}
	for name, value := range m {
		if string(value) == "null" {
			delete(m, name)
		}
	}
	return m, nil
}

// buildRequest puts members where the operation wants them. What a member may be is for the server to
// say; here it must only have a place.
func buildRequest(op *api.Operation, m members, bearer, endpoint string) (*http.Request, []byte, error) {
	base, err := url.Parse(endpoint)
	if err != nil || base.Scheme == "" || base.Host == "" {
		return nil, nil, fmt.Errorf("endpoint %q is no URL such as %s", endpoint, defaultEndpoint)
	}
	if err := checkNames(op, m); err != nil {
		return nil, nil, err
	}
	path, query, header := op.Path, url.Values{}, http.Header{}
	if op.QueryKey != "" {
		query.Set(op.QueryKey, op.QueryValue)
	}
	body := members{}
	for _, member := range op.Members {
		value, given := m[member.Name]
		switch {
		case !given && member.Token:
			value = json.RawMessage(`"` + uuid.NewString() + `"`)
		case !given && member.Location == api.InPath:
			return nil, nil, fmt.Errorf("%s needs the member %s", op.Name, member.Name)
		case !given:
			continue
		}
		if member.Location == api.InBody {
			body[member.Name] = value
			continue
		}
		text, err := scalar(value)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", member.Name, err)
		}
		switch member.Location {
		case api.InPath:
			if text == "" {
				return nil, nil, fmt.Errorf("%s must not be empty", member.Name)
			}
			path = strings.ReplaceAll(path, "{"+member.Wire+"}", escape(text))
		case api.InQuery:
			query.Set(member.Wire, text)
		case api.InHeader:
			header.Set(member.Wire, text)
		}
	}
	if err := setBearer(header, op, m, bearer); err != nil {
		return nil, nil, err
	}
	return assemble(op, base, path, query, header, body)
}

// assemble makes the request of its parts. path is percent-encoded.
func assemble(op *api.Operation, base *url.URL, path string, query url.Values, header http.Header, body members) (*http.Request, []byte, error) {
	var content []byte
	if slices.ContainsFunc(op.Members, func(m api.Member) bool { return m.Location == api.InBody }) {
		var err error
		if content, err = json.Marshal(body); err != nil {
			return nil, nil, err
		}
		header.Set("Content-Type", "application/json")
	}
	target := strings.TrimSuffix(base.Scheme+"://"+base.Host+base.EscapedPath(), "/") + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	r, err := http.NewRequest(op.Method, target, bytes.NewReader(content))
	if err != nil {
		return nil, nil, err
	}
	r.Header = header
	return r, content, nil
}

// checkNames refuses members that the operation does not have.
func checkNames(op *api.Operation, m members) error {
	names := make([]string, len(op.Members))
	for i, member := range op.Members {
		names[i] = member.Name
	}
	if op.Bearer != api.None {
		names = append(names, bearerMember)
	}
	var unknown []string
	for name := range m {
		if !slices.Contains(names, name) {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	slices.Sort(unknown)
	slices.Sort(names)
	return fmt.Errorf("%s has no member %s; it has: %s", op.Name, strings.Join(unknown, ", "), first(strings.Join(names, ", "), "none"))
}

// setBearer sets the header of the bearer from the flag or else from the member.
func setBearer(header http.Header, op *api.Operation, m members, bearer string) error {
	if bearer != "" && op.Bearer == api.None {
		return fmt.Errorf("%s takes no bearer", op.Name)
	}
	if value, given := m[bearerMember]; given && bearer == "" {
		text, err := scalar(value)
		if err != nil {
			return fmt.Errorf("%s: %w", bearerMember, err)
		}
		bearer = text
	}
	if bearer != "" {
		header.Set(bearerHeader, bearer)
	}
	return nil
}

// scalar gives a JSON value the text it has outside of a body.
func scalar(value json.RawMessage) (string, error) {
	switch value[0] {
	case '"':
		var text string
		err := json.Unmarshal(value, &text)
		return text, err
	case '{', '[':
		return "", errors.New("must be a string, a number or a boolean")
	default:
		return string(value), nil
	}
}

// escape percent-encodes everything that is not unreserved, as AWS's clients do.
func escape(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }
