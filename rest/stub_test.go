package rest

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"carillon/api"
)

const (
	instanceARN = "arn:aws:chime:us-east-1:123456789012:app-instance/694d2099-cb1e-463e-9d64-697ff5b8950e"
	aliceARN    = instanceARN + "/user/us-east-1:alice"
	requestID   = "5b1d3c5e-0000-4000-8000-000000000001"
)

// stub is an api.Service with the operations that the tests call. What a channel is called decides
// what happens to it.
type stub struct {
	api.Service // nil: every other operation panics
	sent        func(*api.Caller, *api.SendChannelMessageRequest)
}

func (s *stub) DescribeChannel(ctx context.Context, _ *api.Caller, in *api.DescribeChannelRequest) (*api.DescribeChannelResponse, error) {
	switch name := in.ChannelArn[strings.LastIndexByte(in.ChannelArn, '/')+1:]; name {
	case "forbidden":
		return nil, api.Errorf(api.Forbidden, "You do not have sufficient access to perform this action")
	case "notfound":
		return nil, api.Errorf(api.NotFound, "There is no such channel.")
	case "broken":
		return nil, errors.New("disk is full")
	case "panics":
		panic("boom")
	case "aborts":
		panic(http.ErrAbortHandler)
	case "nothing":
		return nil, nil
	case "slow":
		<-ctx.Done()
		return nil, ctx.Err()
	}
	metadata := `{"line":"\u2028"}`
	return &api.DescribeChannelResponse{Channel: &api.Channel{
		ChannelArn: in.ChannelArn, Name: "Über <alles>", Mode: "RESTRICTED", Privacy: "PUBLIC", Metadata: &metadata,
		CreatedTimestamp: api.Time(time.UnixMilli(1704164645678)), LastUpdatedTimestamp: api.Time(time.UnixMilli(1704164646000)),
		CreatedBy: &api.Identity{Arn: aliceARN, Name: "Alice"},
	}}, nil
}

func (s *stub) SendChannelMessage(_ context.Context, caller *api.Caller, in *api.SendChannelMessageRequest) (*api.SendChannelMessageResponse, error) {
	if s.sent != nil {
		s.sent(caller, in)
	}
	return &api.SendChannelMessageResponse{ChannelArn: in.ChannelArn, MessageId: "m-" + in.Content}, nil
}

func (s *stub) BatchCreateChannelMembership(_ context.Context, caller *api.Caller, in *api.BatchCreateChannelMembershipRequest) (*api.BatchCreateChannelMembershipResponse, error) {
	return &api.BatchCreateChannelMembershipResponse{
		BatchChannelMemberships: &api.BatchChannelMemberships{
			ChannelArn: in.ChannelArn, InvitedBy: &api.Identity{Arn: caller.Bearer}, Type: in.Type,
			Members: []api.Identity{{Arn: in.MemberArns[0], Name: "Bob"}},
		},
		Errors: []api.BatchCreateChannelMembershipError{{MemberArn: in.MemberArns[1], ErrorCode: "NotFound", ErrorMessage: "no such user"}},
	}, nil
}

func (s *stub) ListChannels(_ context.Context, _ *api.Caller, in *api.ListChannelsRequest) (*api.ListChannelsResponse, error) {
	return &api.ListChannelsResponse{
		Channels:  []api.ChannelSummary{{ChannelArn: in.AppInstanceArn + "/channel/a"}, {ChannelArn: in.AppInstanceArn + "/channel/b"}},
		NextToken: "next",
	}, nil
}

func (s *stub) DeleteChannelMembership(context.Context, *api.Caller, *api.DeleteChannelMembershipRequest) error {
	return nil
}

func (s *stub) AssociateChannelFlow(context.Context, *api.Caller, *api.AssociateChannelFlowRequest) error {
	return nil
}

func (s *stub) CreateAppInstance(_ context.Context, caller *api.Caller, _ *api.CreateAppInstanceRequest) (*api.CreateAppInstanceResponse, error) {
	if caller.Bearer != "" {
		return nil, errors.New("a bearer reached an operation that takes none")
	}
	return &api.CreateAppInstanceResponse{AppInstanceArn: instanceARN}, nil
}

func (s *stub) GetMessagingSessionEndpoint(context.Context, *api.Caller, *api.GetMessagingSessionEndpointRequest) (*api.GetMessagingSessionEndpointResponse, error) {
	return &api.GetMessagingSessionEndpointResponse{Endpoint: &api.MessagingSessionEndpoint{Url: "chime.test"}}, nil
}

// authenticate takes a request with any header Authorization for one of Alice's.
func authenticate(r *http.Request, _ []byte) (*api.Caller, error) {
	switch r.Header.Get("Authorization") {
	case "":
		return nil, api.Errorf(api.MissingAuthenticationToken, "Missing Authentication Token")
	case "unlucky":
		return nil, errors.New("auth: looking up an access key: disk is full")
	}
	return &api.Caller{Account: "123456789012", Principal: "arn:aws:iam::123456789012:user/alice", AccessKeyID: "AKIDEXAMPLE"}, nil
}

func admit(_ context.Context, op *api.Operation, _ *api.Caller, in any) error {
	for _, resource := range op.Resources(in, nil) {
		if strings.HasSuffix(resource, "/busy") {
			return api.Errorf(api.Throttled, "Rate exceeded")
		}
	}
	return nil
}

func stubOptions() Options {
	return Options{Service: &stub{}, Authenticate: authenticate, Admit: admit, Log: slog.New(slog.DiscardHandler)}
}

// stubHandler is the handler of the whole table with a fixed request id.
func stubHandler(o Options) *handler {
	h := newHandler(o, api.Operations)
	h.newID = func() string { return requestID }
	return h
}

// answerNothing is a handler with the whole table whose operations all succeed without an answer.
func answerNothing(o Options) *handler {
	table := slices.Clone(api.Operations)
	for i := range table {
		table[i].Call = func(context.Context, api.Service, *api.Caller, any) (api.Output, error) { return nil, nil }
	}
	h := newHandler(o, table)
	h.newID = func() string { return requestID }
	return h
}
