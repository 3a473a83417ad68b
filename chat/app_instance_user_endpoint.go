package chat

import (
	"context"
	"errors"

	"carillon/api"
	"carillon/arn"
	"carillon/store"
)

// RegisterAppInstanceUserEndpoint makes a device of a user known for push notifications. A device
// that the user has already keeps its EndpointId and is refreshed: it is active again, and takes what
// the request gives.
func (s *Service) RegisterAppInstanceUserEndpoint(ctx context.Context, caller *api.Caller, in *api.RegisterAppInstanceUserEndpointRequest) (*api.RegisterAppInstanceUserEndpointResponse, error) {
	out := &api.RegisterAppInstanceUserEndpointResponse{AppInstanceUserArn: in.AppInstanceUserArn}
	err := s.store.Update(ctx, func(tx store.Tx) error {
		user, err := s.registered(tx, caller, in.AppInstanceUserArn, arn.User, errForbidden)
		if err != nil {
			return err
		}
		out.EndpointId, err = s.once(tx, scopeOf(user.Key), "RegisterAppInstanceUserEndpoint", in.ClientRequestToken, in, func() (string, error) {
			return s.registerEndpoint(tx, user.Key, in)
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Service) registerEndpoint(tx store.Tx, user store.Key, in *api.RegisterAppInstanceUserEndpointRequest) (string, error) {
	now := s.Now()
	device := digest(in.ResourceArn + "\x00" + in.EndpointAttributes.DeviceToken)
	endpoint, err := tx.EndpointOfDevice(user, device)
	known := err == nil
	if !known && !errors.Is(err, store.ErrNotFound) {
		return "", err
	}
	if !known {
		err := within(s.limits.EndpointsPerUser, "endpoints per user", func(bound int) (int, error) {
			return tx.CountAppInstanceUserEndpoints(user, bound)
		})
		if err != nil {
			return "", err
		}
		endpoint = store.AppInstanceUserEndpoint{
			Key: s.keys.Next(), User: user, ID: s.newID(), Device: device,
			ResourceARN: in.ResourceArn, DeviceToken: in.EndpointAttributes.DeviceToken, Created: now,
		}
	}
	endpoint.Type, endpoint.VoipDeviceToken = in.Type, in.EndpointAttributes.VoipDeviceToken
	endpoint.Inactive, endpoint.StateReason, endpoint.Updated = false, "", now
	changeEndpoint(&endpoint, in.Name, in.AllowMessages)
	if known {
		return endpoint.ID, tx.UpdateAppInstanceUserEndpoint(endpoint)
	}
	return endpoint.ID, tx.CreateAppInstanceUserEndpoint(endpoint)
}

// changeEndpoint takes what a request gives of what the user may choose.
func changeEndpoint(e *store.AppInstanceUserEndpoint, name, allowMessages string) {
	if name != "" {
		e.Name = name
	}
	if allowMessages != "" {
		e.Muted = allowMessages == api.AllowMessagesNone
	}
}

// DescribeAppInstanceUserEndpoint tells everything of an endpoint. One that is not there is Forbidden.
func (s *Service) DescribeAppInstanceUserEndpoint(ctx context.Context, caller *api.Caller, in *api.DescribeAppInstanceUserEndpointRequest) (*api.DescribeAppInstanceUserEndpointResponse, error) {
	var out *api.AppInstanceUserEndpoint
	err := s.store.View(ctx, func(tx store.Tx) error {
		e, err := s.endpoint(tx, caller, in.AppInstanceUserArn, in.EndpointId)
		if err != nil {
			return err
		}
		out = &api.AppInstanceUserEndpoint{
			AppInstanceUserArn: in.AppInstanceUserArn, EndpointId: e.ID, Name: e.Name, Type: e.Type, ResourceArn: e.ResourceARN,
			EndpointAttributes: &api.EndpointAttributes{DeviceToken: e.DeviceToken, VoipDeviceToken: e.VoipDeviceToken},
			AllowMessages:      allowMessages(e), EndpointState: endpointState(e),
			CreatedTimestamp: api.Time(e.Created), LastUpdatedTimestamp: api.Time(e.Updated),
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &api.DescribeAppInstanceUserEndpointResponse{AppInstanceUserEndpoint: out}, nil
}

// UpdateAppInstanceUserEndpoint changes the name and whether messages are allowed; what is left out
// stays.
func (s *Service) UpdateAppInstanceUserEndpoint(ctx context.Context, caller *api.Caller, in *api.UpdateAppInstanceUserEndpointRequest) (*api.UpdateAppInstanceUserEndpointResponse, error) {
	err := s.store.Update(ctx, func(tx store.Tx) error {
		e, err := s.endpoint(tx, caller, in.AppInstanceUserArn, in.EndpointId)
		if err != nil {
			return err
		}
		changeEndpoint(&e, in.Name, in.AllowMessages)
		e.Updated = s.Now()
		return tx.UpdateAppInstanceUserEndpoint(e)
	})
	if err != nil {
		return nil, err
	}
	return &api.UpdateAppInstanceUserEndpointResponse{AppInstanceUserArn: in.AppInstanceUserArn, EndpointId: in.EndpointId}, nil
}

// DeregisterAppInstanceUserEndpoint ends an endpoint. One that is not there is none afterwards either.
func (s *Service) DeregisterAppInstanceUserEndpoint(ctx context.Context, caller *api.Caller, in *api.DeregisterAppInstanceUserEndpointRequest) error {
	return s.store.Update(ctx, func(tx store.Tx) error {
		user, err := s.registered(tx, caller, in.AppInstanceUserArn, arn.User, errForbidden)
		if err != nil {
			return err
		}
		return missing(tx.DeleteAppInstanceUserEndpoint(user.Key, in.EndpointId), nil)
	})
}

// ListAppInstanceUserEndpoints lists the endpoints of a user.
func (s *Service) ListAppInstanceUserEndpoints(ctx context.Context, caller *api.Caller, in *api.ListAppInstanceUserEndpointsRequest) (*api.ListAppInstanceUserEndpointsResponse, error) {
	p, err := s.page(caller, "ListAppInstanceUserEndpoints", in.MaxResults, in.NextToken, in.AppInstanceUserArn)
	if err != nil {
		return nil, err
	}
	out := &api.ListAppInstanceUserEndpointsResponse{AppInstanceUserEndpoints: []api.AppInstanceUserEndpointSummary{}}
	err = s.store.View(ctx, func(tx store.Tx) error {
		user, err := s.registered(tx, caller, in.AppInstanceUserArn, arn.User, errForbidden)
		if err != nil {
			return err
		}
		list, err := tx.ListAppInstanceUserEndpoints(user.Key, p.after, p.fetch())
		if err != nil {
			return err
		}
		list, out.NextToken = cut(p, list, func(e store.AppInstanceUserEndpoint) store.Key { return e.Key })
		for _, e := range list {
			out.AppInstanceUserEndpoints = append(out.AppInstanceUserEndpoints, api.AppInstanceUserEndpointSummary{
				AppInstanceUserArn: in.AppInstanceUserArn, EndpointId: e.ID, Name: e.Name, Type: e.Type,
				AllowMessages: allowMessages(e), EndpointState: endpointState(e),
			})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// endpoint reads the endpoint that a request names. One that is not there is Forbidden.
func (s *Service) endpoint(tx store.Tx, caller *api.Caller, name, id string) (store.AppInstanceUserEndpoint, error) {
	user, err := s.registered(tx, caller, name, arn.User, errForbidden)
	if err != nil {
		return store.AppInstanceUserEndpoint{}, err
	}
	e, err := tx.AppInstanceUserEndpoint(user.Key, id)
	return e, notThere(err, errForbidden, ruleNoEndpoint)
}

func allowMessages(e store.AppInstanceUserEndpoint) string {
	if e.Muted {
		return api.AllowMessagesNone
	}
	return api.AllowMessagesAll
}

func endpointState(e store.AppInstanceUserEndpoint) *api.EndpointState {
	if e.Inactive {
		return &api.EndpointState{Status: api.EndpointStatusInactive, StatusReason: e.StateReason}
	}
	return &api.EndpointState{Status: api.EndpointStatusActive}
}
