package chat

import (
	"context"

	"carillon/api"
)

// The operations below have no behaviour yet. Requests for them are routed, authenticated and
// validated like all others, and answered with 501.

var errPending = api.Errorf(api.NotImplemented, "This operation is not implemented yet.")

// AssociateChannelFlow is not implemented yet.
func (s *Service) AssociateChannelFlow(context.Context, *api.Caller, *api.AssociateChannelFlowRequest) error {
	return errPending
}

// ChannelFlowCallback is not implemented yet.
func (s *Service) ChannelFlowCallback(context.Context, *api.Caller, *api.ChannelFlowCallbackRequest) (*api.ChannelFlowCallbackResponse, error) {
	return nil, errPending
}

// CreateAppInstanceBot is not implemented yet.
func (s *Service) CreateAppInstanceBot(context.Context, *api.Caller, *api.CreateAppInstanceBotRequest) (*api.CreateAppInstanceBotResponse, error) {
	return nil, errPending
}

// CreateChannelFlow is not implemented yet.
func (s *Service) CreateChannelFlow(context.Context, *api.Caller, *api.CreateChannelFlowRequest) (*api.CreateChannelFlowResponse, error) {
	return nil, errPending
}

// DeleteAppInstanceBot is not implemented yet.
func (s *Service) DeleteAppInstanceBot(context.Context, *api.Caller, *api.DeleteAppInstanceBotRequest) error {
	return errPending
}

// DeleteChannelFlow is not implemented yet.
func (s *Service) DeleteChannelFlow(context.Context, *api.Caller, *api.DeleteChannelFlowRequest) error {
	return errPending
}

// DeleteMessagingStreamingConfigurations is not implemented yet.
func (s *Service) DeleteMessagingStreamingConfigurations(context.Context, *api.Caller, *api.DeleteMessagingStreamingConfigurationsRequest) error {
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

// DescribeChannelFlow is not implemented yet.
func (s *Service) DescribeChannelFlow(context.Context, *api.Caller, *api.DescribeChannelFlowRequest) (*api.DescribeChannelFlowResponse, error) {
	return nil, errPending
}

// DisassociateChannelFlow is not implemented yet.
func (s *Service) DisassociateChannelFlow(context.Context, *api.Caller, *api.DisassociateChannelFlowRequest) error {
	return errPending
}

// GetAppInstanceRetentionSettings is not implemented yet.
func (s *Service) GetAppInstanceRetentionSettings(context.Context, *api.Caller, *api.GetAppInstanceRetentionSettingsRequest) (*api.GetAppInstanceRetentionSettingsResponse, error) {
	return nil, errPending
}

// GetMessagingSessionEndpoint is not implemented yet.
func (s *Service) GetMessagingSessionEndpoint(context.Context, *api.Caller, *api.GetMessagingSessionEndpointRequest) (*api.GetMessagingSessionEndpointResponse, error) {
	return nil, errPending
}

// GetMessagingStreamingConfigurations is not implemented yet.
func (s *Service) GetMessagingStreamingConfigurations(context.Context, *api.Caller, *api.GetMessagingStreamingConfigurationsRequest) (*api.GetMessagingStreamingConfigurationsResponse, error) {
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

// ListChannelFlows is not implemented yet.
func (s *Service) ListChannelFlows(context.Context, *api.Caller, *api.ListChannelFlowsRequest) (*api.ListChannelFlowsResponse, error) {
	return nil, errPending
}

// ListChannelsAssociatedWithChannelFlow is not implemented yet.
func (s *Service) ListChannelsAssociatedWithChannelFlow(context.Context, *api.Caller, *api.ListChannelsAssociatedWithChannelFlowRequest) (*api.ListChannelsAssociatedWithChannelFlowResponse, error) {
	return nil, errPending
}

// ListSubChannels is not implemented yet.
func (s *Service) ListSubChannels(context.Context, *api.Caller, *api.ListSubChannelsRequest) (*api.ListSubChannelsResponse, error) {
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

// PutMessagingStreamingConfigurations is not implemented yet.
func (s *Service) PutMessagingStreamingConfigurations(context.Context, *api.Caller, *api.PutMessagingStreamingConfigurationsRequest) (*api.PutMessagingStreamingConfigurationsResponse, error) {
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

// UpdateChannelFlow is not implemented yet.
func (s *Service) UpdateChannelFlow(context.Context, *api.Caller, *api.UpdateChannelFlowRequest) (*api.UpdateChannelFlowResponse, error) {
	return nil, errPending
}
