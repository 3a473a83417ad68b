package model

import "testing"

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
