package model

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLoadMergesTheThreeNamespaces(t *testing.T) {
	m, err := Load("../../../models")
	if err != nil {
		t.Fatal(err)
	}
	if got := len(m.Operations); got != 78 {
		t.Errorf("%d operations, want 78", got)
	}
	routes := make(map[string]string)
	for _, op := range m.Operations {
		route := op.Method + " " + op.Path + "?" + op.Query
		if other, ok := routes[route]; ok {
			t.Errorf("%s and %s share the route %s", op.Name, other, route)
		}
		routes[route] = op.Name
	}
	for _, l := range m.Loosened {
		t.Log(l)
	}
	for _, c := range []struct {
		shape, member string
		required      bool
	}{
		{"UpdateChannelRequest", "Name", false},
		{"UpdateAppInstanceUserRequest", "Metadata", false},
		{"BatchCreateChannelMembershipRequest", "MemberArns", true},
		{"PutMessagingStreamingConfigurationsRequest", "StreamingConfigurations", false},
		{"PutMessagingStreamingConfigurationsRequest", "AppInstanceStreamingConfigurations", false},
	} {
		member := m.Shapes[c.shape].Member(c.member)
		if member == nil {
			t.Errorf("%s has no member %s", c.shape, c.member)
		} else if member.Required != c.required {
			t.Errorf("%s.%s: required is %v, want %v", c.shape, c.member, member.Required, c.required)
		}
	}
}

func TestBoundsAreTheLoosest(t *testing.T) {
	n := func(i int64) *int64 { return &i }
	for _, c := range []struct {
		name     string
		variants []*rawShape
		want     Bounds
	}{
		{"of one namespace as they are", []*rawShape{{Min: n(1), Max: n(9), Pattern: "a"}}, Bounds{Min: n(1), Max: n(9), Pattern: "a"}},
		{"of two the wider range", []*rawShape{{Min: n(2), Max: n(8)}, {Min: n(1), Max: n(9)}}, Bounds{Min: n(1), Max: n(9)}},
		{"of two the wider range, the other way round", []*rawShape{{Min: n(1), Max: n(9)}, {Min: n(2), Max: n(8)}}, Bounds{Min: n(1), Max: n(9)}},
		{"no range where one has none", []*rawShape{{Min: n(1), Max: n(9)}, {}, {Min: n(1), Max: n(9)}}, Bounds{}},
		{"no range where the first has none", []*rawShape{{}, {Min: n(1), Max: n(9)}}, Bounds{}},
		{"the pattern of both", []*rawShape{{Pattern: "a"}, {Pattern: "a"}}, Bounds{Pattern: "a"}},
		{"no pattern where they differ", []*rawShape{{Pattern: "a"}, {Pattern: "b"}, {Pattern: "a"}}, Bounds{}},
		{"no pattern where one has none", []*rawShape{{}, {Pattern: "b"}}, Bounds{}},
		{"the values of both enums", []*rawShape{{Enum: []string{"A", "B"}}, {Enum: []string{"B", "C"}}}, Bounds{Enum: []string{"A", "B", "C"}}},
		{"no enum where one has none", []*rawShape{{Enum: []string{"A"}}, {}, {Enum: []string{"A"}}}, Bounds{}},
		{"no enum where the first has none", []*rawShape{{}, {Enum: []string{"A"}}}, Bounds{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := merger{out: new(Model)}
			if diff := cmp.Diff(c.want, m.bounds("X", c.variants)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
