package chat

import (
	"context"
	"net"
	"net/url"
	"strings"

	"carillon/api"
)

// GetMessagingSessionEndpoint tells where sessions connect: an authority without scheme and path,
// which clients put between wss:// and /connect. So it must speak TLS, and be one that the asking client
// can reach.
func (s *Service) GetMessagingSessionEndpoint(_ context.Context, caller *api.Caller, _ *api.GetMessagingSessionEndpointRequest) (*api.GetMessagingSessionEndpointResponse, error) {
	authority := s.sessionEndpoint
	if authority == "" {
		authority = s.secureAuthority(caller)
	}
	// Browsers leave the default port out of what they sign.
	return &api.GetMessagingSessionEndpointResponse{Endpoint: &api.MessagingSessionEndpoint{Url: strings.TrimSuffix(authority, ":443")}}, nil
}

// secureAuthority is the authority that a caller reaches by TLS: the one that it asked, or, when it asked
// in the clear, the same host with the port of TLS. A server without such a port has a proxy before it
// that speaks TLS, or no sessions at all; for either, the authority asked is the best answer.
func (s *Service) secureAuthority(caller *api.Caller) string {
	if caller.Secure {
		return caller.Authority
	}
	if s.securePort == "" {
		return strings.TrimSuffix(caller.Authority, ":80")
	}
	asked, err := url.Parse("//" + caller.Authority)
	if err != nil || asked.Host != caller.Authority || asked.Hostname() == "" {
		return caller.Authority // a host that is none, which the caller made up
	}
	return net.JoinHostPort(asked.Hostname(), s.securePort)
}
