package chat

import (
	"context"
	"errors"

	"carillon/api"
	"carillon/store"
)

var (
	errNoInstance = api.Errorf(api.NotFound, "The app instance does not exist.")
	errNoStreams  = api.Errorf(api.NotFound, "The app instance has no streaming configuration.")
)

// PutMessagingStreamingConfigurations sets where the events of an app instance are streamed to from
// now on, for each kind of data that the request names; another one that is set stays. Clients of
// chime (2018-05-01) send, and read, the same under another name.
func (s *Service) PutMessagingStreamingConfigurations(ctx context.Context, caller *api.Caller, in *api.PutMessagingStreamingConfigurationsRequest) (*api.PutMessagingStreamingConfigurationsResponse, error) {
	var stored store.Streaming
	err := s.store.Update(ctx, func(tx store.Tx) error {
		instance, err := s.foundInstance(tx, caller, in.AppInstanceArn)
		if err != nil {
			return err
		}
		change, err := s.checkStreaming(caller, in)
		if err != nil {
			return err
		}
		stored = instance.Streaming
		if change.Channel != "" {
			stored.Channel = change.Channel
		}
		if change.Message != "" {
			stored.Message = change.Message
		}
		return tx.SetStreaming(instance.Key, stored)
	})
	if err != nil {
		return nil, err
	}
	out := new(api.PutMessagingStreamingConfigurationsResponse)
	out.StreamingConfigurations, out.AppInstanceStreamingConfigurations = describeStreaming(stored)
	return out, nil
}

// GetMessagingStreamingConfigurations tells where events are streamed to. An app instance that streams
// nothing has no configuration: NotFound.
func (s *Service) GetMessagingStreamingConfigurations(ctx context.Context, caller *api.Caller, in *api.GetMessagingStreamingConfigurationsRequest) (*api.GetMessagingStreamingConfigurationsResponse, error) {
	out := new(api.GetMessagingStreamingConfigurationsResponse)
	err := s.store.View(ctx, func(tx store.Tx) error {
		instance, err := s.foundInstance(tx, caller, in.AppInstanceArn)
		if err != nil {
			return err
		}
		if instance.Streaming == (store.Streaming{}) {
			return errNoStreams
		}
		out.StreamingConfigurations, out.AppInstanceStreamingConfigurations = describeStreaming(instance.Streaming)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// DeleteMessagingStreamingConfigurations ends the streaming. What has happened until then is still
// delivered.
func (s *Service) DeleteMessagingStreamingConfigurations(ctx context.Context, caller *api.Caller, in *api.DeleteMessagingStreamingConfigurationsRequest) error {
	return s.store.Update(ctx, func(tx store.Tx) error {
		instance, err := s.foundInstance(tx, caller, in.AppInstanceArn)
		if err != nil {
			return err
		}
		return tx.SetStreaming(instance.Key, store.Streaming{})
	})
}

// foundInstance reads the app instance of a request. These operations have a word for one that is
// not there.
func (s *Service) foundInstance(tx store.Tx, caller *api.Caller, name string) (store.AppInstance, error) {
	instance, _, err := s.appInstance(tx, caller, name)
	if errors.Is(err, errForbidden) {
		err = errNoInstance
	}
	return instance, err
}

// checkStreaming reads the configuration of a request, under either name.
func (s *Service) checkStreaming(caller *api.Caller, in *api.PutMessagingStreamingConfigurationsRequest) (to store.Streaming, err error) {
	list := in.StreamingConfigurations
	switch {
	case len(list) > 0 && len(in.AppInstanceStreamingConfigurations) > 0:
		return to, api.Violation("AppInstanceStreamingConfigurations", "Member must be null beside StreamingConfigurations")
	case len(list) == 0:
		for _, legacy := range in.AppInstanceStreamingConfigurations {
			list = append(list, api.StreamingConfiguration{DataType: legacy.AppInstanceDataType, ResourceArn: legacy.ResourceArn})
		}
	}
	if len(list) == 0 {
		return to, api.Violation("StreamingConfigurations", "Member must not be null")
	}
	for _, c := range list {
		place := &to.Channel
		if c.DataType == api.MessagingDataTypeChannelMessage {
			place = &to.Message
		}
		if *place != "" {
			return to, api.Violation("StreamingConfigurations", "Member must not have the same DataType twice")
		}
		if !s.owns(caller, "kinesis", "stream/chime-messaging-", c.ResourceArn) {
			return to, errInvalidARN
		}
		*place = c.ResourceArn
	}
	return to, nil
}

// describeStreaming is a configuration as the API shows it: to clients of both generations at once,
// which cannot be told apart.
func describeStreaming(to store.Streaming) (list []api.StreamingConfiguration, legacy []api.AppInstanceStreamingConfiguration) {
	for _, c := range []api.StreamingConfiguration{
		{DataType: api.MessagingDataTypeChannel, ResourceArn: to.Channel},
		{DataType: api.MessagingDataTypeChannelMessage, ResourceArn: to.Message},
	} {
		if c.ResourceArn != "" {
			list = append(list, c)
			legacy = append(legacy, api.AppInstanceStreamingConfiguration{AppInstanceDataType: c.DataType, ResourceArn: c.ResourceArn})
		}
	}
	return list, legacy
}
