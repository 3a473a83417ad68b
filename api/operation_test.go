package api

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"carillon/api/apigen/model"
)

func TestOperations(t *testing.T) {
	if len(Operations) != 78 {
		t.Errorf("%d operations, want 78", len(Operations))
	}
	if !slices.IsSortedFunc(Operations, func(a, b Operation) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("the operations are not in the order of their names")
	}
	routes := make(map[string]string)
	for i, want := range theModel(t).Operations {
		op := &Operations[i]
		t.Run(want.Name, func(t *testing.T) {
			query := ""
			if op.QueryKey != "" {
				query = op.QueryKey + "=" + op.QueryValue
			}
			if op.Name != want.Name || op.Method != want.Method || op.Path != want.Path || query != want.Query || op.Status != want.Status {
				t.Errorf("%s %s %s?%s %d, want %s %s %s?%s %d", op.Name, op.Method, op.Path, query, op.Status, want.Name, want.Method, want.Path, want.Query, want.Status)
			}
			route := op.Method + " " + op.Path + "?" + query
			if other, taken := routes[route]; taken {
				t.Errorf("%s is also the route of %s", route, other)
			}
			routes[route] = op.Name
			if op.Namespaces == 0 {
				t.Error("it belongs to no namespace")
			}
			if op.ReadOnly != (op.Method == "GET" || op.Name == "SearchChannels") {
				t.Errorf("read only: %v", op.ReadOnly)
			}
			for _, kind := range []Kind{BadRequest, Forbidden, ServiceFailure, ServiceUnavailable, Throttled, Unauthorized} {
				if odd := op.Name == "GetMessagingSessionEndpoint" && kind == BadRequest; op.Errors.Has(kind) == odd {
					t.Errorf("%v is declared: %v", kind, odd)
				}
			}
			for kind := AccessDenied; kind <= NotImplemented; kind++ {
				if op.Errors.Has(kind) {
					t.Errorf("%v is declared, and belongs to the front end", kind)
				}
			}
			wantMembers(t, op, want.Input)
			if _, ok := reflect.TypeFor[Service]().MethodByName(op.Name); !ok {
				t.Error("no method of Service")
			}
		})
	}
	t.Run("only these know NotFound", func(t *testing.T) {
		var got []string
		for i := range Operations {
			if Operations[i].Errors.Has(NotFound) {
				got = append(got, Operations[i].Name)
			}
		}
		want := []string{
			"AssociateChannelFlow", "BatchCreateChannelMembership", "CreateChannelMembership", "DeleteMessagingStreamingConfigurations",
			"DescribeAppInstanceBot", "DescribeChannelBan", "DescribeChannelMembership", "DescribeChannelModerator", "DisassociateChannelFlow",
			"GetAppInstanceRetentionSettings", "GetChannelMessage", "GetMessagingStreamingConfigurations", "ListTagsForResource",
			"PutAppInstanceRetentionSettings", "PutMessagingStreamingConfigurations", "TagResource", "UntagResource",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("the bearer is taken where the models say", func(t *testing.T) {
		for _, c := range []struct {
			operation string
			want      Presence
		}{
			{"SendChannelMessage", Required}, {"DescribeChannel", Required}, {"SearchChannels", Optional},
			{"CreateAppInstanceUser", None}, {"GetMessagingSessionEndpoint", None}, {"ListTagsForResource", None},
		} {
			if got := Lookup(c.operation).Bearer; got != c.want {
				t.Errorf("%s: %v, want %v", c.operation, got, c.want)
			}
		}
	})
}

// wantMembers fails unless the members of an operation are those of its request, the header aside.
func wantMembers(t *testing.T, op *Operation, in *model.Shape) {
	t.Helper()
	locations := map[string]Location{"": InBody, "uri": InPath, "querystring": InQuery}
	var want []Member
	inPath := 0
	for _, m := range in.Members {
		if m.Location == "header" {
			continue
		}
		if m.Location == "uri" {
			inPath++
		}
		want = append(want, Member{Name: m.Name, Wire: m.Wire, Location: locations[m.Location], Required: m.Required, Token: m.Token})
	}
	if diff := cmp.Diff(want, op.Members); diff != "" {
		t.Errorf("members:\n%s", diff)
	}
	if inPath != strings.Count(op.Path, "{") {
		t.Errorf("%d members in the path %s", inPath, op.Path)
	}
}

func TestLookup(t *testing.T) {
	for i := range Operations {
		if got := Lookup(Operations[i].Name); got != &Operations[i] {
			t.Errorf("%s is not found by its name", Operations[i].Name)
		}
	}
	for legacy, current := range map[string]string{
		"PutAppInstanceStreamingConfigurations":    "PutMessagingStreamingConfigurations",
		"GetAppInstanceStreamingConfigurations":    "GetMessagingStreamingConfigurations",
		"DeleteAppInstanceStreamingConfigurations": "DeleteMessagingStreamingConfigurations",
	} {
		if got := Lookup(legacy); got == nil || got.Name != current {
			t.Errorf("%s is %v, want %s", legacy, got, current)
		}
	}
	for _, name := range []string{"", "sendChannelMessage", "CreateMeeting", "SendChannelMessage "} {
		if got := Lookup(name); got != nil {
			t.Errorf("%q is %s", name, got.Name)
		}
	}
}

// stub is a service with three operations.
type stub struct {
	Service
	caller *Caller
	in     any
	err    error
}

func (s *stub) DescribeChannel(_ context.Context, caller *Caller, in *DescribeChannelRequest) (*DescribeChannelResponse, error) {
	s.caller, s.in = caller, in
	return &DescribeChannelResponse{Channel: &Channel{ChannelArn: in.ChannelArn}}, s.err
}

func (s *stub) DeleteChannel(_ context.Context, caller *Caller, in *DeleteChannelRequest) error {
	s.caller, s.in = caller, in
	return s.err
}

func TestCall(t *testing.T) {
	caller, refused := &Caller{Account: "1"}, Errorf(Forbidden, "no")
	call := func(operation string, s *stub, in any) (Output, error) {
		return Lookup(operation).Call(t.Context(), s, caller, in)
	}
	t.Run("an operation gets caller and request, and its answer is the output", func(t *testing.T) {
		s, in := new(stub), &DescribeChannelRequest{ChannelArn: "x"}
		out, err := call("DescribeChannel", s, in)
		if err != nil || s.caller != caller || s.in != in {
			t.Errorf("%v, %v, %v", s.caller, s.in, err)
		}
		if diff := cmp.Diff(Output(&DescribeChannelResponse{Channel: &Channel{ChannelArn: "x"}}), out); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("an error has no output", func(t *testing.T) {
		out, err := call("DescribeChannel", &stub{err: refused}, new(DescribeChannelRequest))
		if out != nil || !errors.Is(err, refused) {
			t.Errorf("%v, %v", out, err)
		}
	})
	t.Run("an operation without an answer has no output", func(t *testing.T) {
		s, in := new(stub), &DeleteChannelRequest{ChannelArn: "x"}
		if out, err := call("DeleteChannel", s, in); out != nil || err != nil || s.in != in {
			t.Errorf("%v, %v", out, err)
		}
		if out, err := call("DeleteChannel", &stub{err: refused}, in); out != nil || !errors.Is(err, refused) {
			t.Errorf("%v, %v", out, err)
		}
	})
}

func TestResources(t *testing.T) {
	for _, c := range []struct {
		operation string
		in        any
		want      []string
	}{
		{"SendChannelMessage", &SendChannelMessageRequest{ChannelArn: "channel", Target: []Target{{MemberArn: "x"}}}, []string{"channel"}},
		{"CreateChannel", &CreateChannelRequest{AppInstanceArn: "instance", MemberArns: []string{"x"}}, []string{"instance"}},
		{"DeleteChannelMembership", &DeleteChannelMembershipRequest{ChannelArn: "channel", MemberArn: "x"}, []string{"channel"}},
		{"AssociateChannelFlow", &AssociateChannelFlowRequest{ChannelArn: "channel", ChannelFlowArn: "flow"}, []string{"channel", "flow"}},
		{"CreateAppInstanceAdmin", &CreateAppInstanceAdminRequest{AppInstanceArn: "instance", AppInstanceAdminArn: "admin"}, []string{"admin", "instance"}},
		{"UpdateAppInstanceBot", &UpdateAppInstanceBotRequest{AppInstanceBotArn: "bot"}, []string{"bot"}},
		{"DescribeChannelMembershipForAppInstanceUser", &DescribeChannelMembershipForAppInstanceUserRequest{ChannelArn: "channel", AppInstanceUserArn: "user"}, []string{"user", "channel"}},
		{"ListChannelMembershipsForAppInstanceUser", &ListChannelMembershipsForAppInstanceUserRequest{AppInstanceUserArn: "user"}, []string{"user"}},
		{"ListChannelMembershipsForAppInstanceUser", &ListChannelMembershipsForAppInstanceUserRequest{}, nil},
		{"TagResource", &TagResourceRequest{ResourceARN: "resource"}, []string{"resource"}},
		{"CreateAppInstance", &CreateAppInstanceRequest{Name: "x"}, nil},
	} {
		t.Run(c.operation, func(t *testing.T) {
			got := Lookup(c.operation).Resources(c.in, []string{"before"})
			if diff := cmp.Diff(append([]string{"before"}, c.want...), got); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("only these operations never name one", func(t *testing.T) {
		var none []string
		for i, op := range theModel(t).Operations {
			in, err := newRequest(op, true).decode(t)
			if err != nil {
				t.Fatal(err)
			}
			if len(Operations[i].Resources(in, nil)) == 0 {
				none = append(none, op.Name)
			}
		}
		want := []string{"CreateAppInstance", "GetMessagingSessionEndpoint", "ListAppInstances", "SearchChannels"}
		if diff := cmp.Diff(want, none); diff != "" {
			t.Error(diff)
		}
	})
}
