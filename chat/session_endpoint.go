package chat

import (
	"context"
	"strings"

	"carillon/api"
)

// GetMessagingSessionEndpoint tells where sessions connect: an authority without scheme and path,
// which clients put between wss:// and /connect. It is the configured one, or else the authority
// that this very request was sent to, which is one that works for the asking client. A default port
// is left out, because browsers leave it out of what they sign.
func (s *Service) GetMessagingSessionEndpoint(_ context.Context, caller *api.Caller, _ *api.GetMessagingSessionEndpointRequest) (*api.GetMessagingSessionEndpointResponse, error) {
	url := s.sessionEndpoint
	if url == "" {
		url = strings.TrimSuffix(strings.TrimSuffix(caller.Authority, ":443"), ":80")
	}
	return &api.GetMessagingSessionEndpointResponse{Endpoint: &api.MessagingSessionEndpoint{Url: url}}, nil
}
