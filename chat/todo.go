package chat

import (
	"context"

	"carillon/api"
)

// The operations below have no behaviour yet. Requests for them are routed, authenticated and
// validated like all others, and answered with 501.

var errPending = api.Errorf(api.NotImplemented, "This operation is not implemented yet.")

// CreateAppInstanceBot is not implemented yet.
func (s *Service) CreateAppInstanceBot(context.Context, *api.Caller, *api.CreateAppInstanceBotRequest) (*api.CreateAppInstanceBotResponse, error) {
	return nil, errPending
}

// DeleteAppInstanceBot is not implemented yet.
func (s *Service) DeleteAppInstanceBot(context.Context, *api.Caller, *api.DeleteAppInstanceBotRequest) error {
	return errPending
}

// DeregisterAppInstanceUserEndpoint is not implemented yet.
func (s *Service) DeregisterAppInstanceUserEndpoint(context.Context, *api.Caller, *api.DeregisterAppInstanceUserEndpointRequest) error {
	return errPending
}

// DescribeAppInstanceBot is not implemented yet.
func (s *Service) DescribeAppInstanceBot(context.Context, *api.Caller, *api.DescribeAppInstanceBotRequest) (*api.DescribeAppInstanceBotResponse, error) {
	return nil, errPending
}

// DescribeAppInstanceUserEndpoint is not implemented yet.
func (s *Service) DescribeAppInstanceUserEndpoint(context.Context, *api.Caller, *api.DescribeAppInstanceUserEndpointRequest) (*api.DescribeAppInstanceUserEndpointResponse, error) {
	return nil, errPending
}

// GetAppInstanceRetentionSettings is not implemented yet.
func (s *Service) GetAppInstanceRetentionSettings(context.Context, *api.Caller, *api.GetAppInstanceRetentionSettingsRequest) (*api.GetAppInstanceRetentionSettingsResponse, error) {
	return nil, errPending
}

// ListAppInstanceBots is not implemented yet.
func (s *Service) ListAppInstanceBots(context.Context, *api.Caller, *api.ListAppInstanceBotsRequest) (*api.ListAppInstanceBotsResponse, error) {
	return nil, errPending
}

// ListAppInstanceUserEndpoints is not implemented yet.
func (s *Service) ListAppInstanceUserEndpoints(context.Context, *api.Caller, *api.ListAppInstanceUserEndpointsRequest) (*api.ListAppInstanceUserEndpointsResponse, error) {
	return nil, errPending
}

// PutAppInstanceRetentionSettings is not implemented yet.
func (s *Service) PutAppInstanceRetentionSettings(context.Context, *api.Caller, *api.PutAppInstanceRetentionSettingsRequest) (*api.PutAppInstanceRetentionSettingsResponse, error) {
	return nil, errPending
}

// PutAppInstanceUserExpirationSettings is not implemented yet.
func (s *Service) PutAppInstanceUserExpirationSettings(context.Context, *api.Caller, *api.PutAppInstanceUserExpirationSettingsRequest) (*api.PutAppInstanceUserExpirationSettingsResponse, error) {
	return nil, errPending
}

// PutChannelExpirationSettings is not implemented yet.
func (s *Service) PutChannelExpirationSettings(context.Context, *api.Caller, *api.PutChannelExpirationSettingsRequest) (*api.PutChannelExpirationSettingsResponse, error) {
	return nil, errPending
}

// RegisterAppInstanceUserEndpoint is not implemented yet.
func (s *Service) RegisterAppInstanceUserEndpoint(context.Context, *api.Caller, *api.RegisterAppInstanceUserEndpointRequest) (*api.RegisterAppInstanceUserEndpointResponse, error) {
	return nil, errPending
}

// UpdateAppInstanceBot is not implemented yet.
func (s *Service) UpdateAppInstanceBot(context.Context, *api.Caller, *api.UpdateAppInstanceBotRequest) (*api.UpdateAppInstanceBotResponse, error) {
	return nil, errPending
}

// UpdateAppInstanceUserEndpoint is not implemented yet.
func (s *Service) UpdateAppInstanceUserEndpoint(context.Context, *api.Caller, *api.UpdateAppInstanceUserEndpointRequest) (*api.UpdateAppInstanceUserEndpointResponse, error) {
	return nil, errPending
}
