package chat

import (
	"context"

	"carillon/api"
	"carillon/arn"
	"carillon/store"
)

// CreateAppInstance makes an app instance in the caller's account.
func (s *Service) CreateAppInstance(ctx context.Context, caller *api.Caller, in *api.CreateAppInstanceRequest) (*api.CreateAppInstanceResponse, error) {
	if err := checkMetadata(in.Metadata); err != nil {
		return nil, err
	}
	tags, err := checkTags(in.Tags)
	if err != nil {
		return nil, err
	}
	var created string
	err = s.store.Update(ctx, func(tx store.Tx) (err error) {
		created, err = s.once(tx, caller.Account, "CreateAppInstance", in.ClientRequestToken, in, func() (string, error) {
			err := within(s.limits.AppInstancesPerAccount, "app instances per account", func(bound int) (int, error) {
				return tx.CountAppInstances(caller.Account, bound)
			})
			if err != nil {
				return "", err
			}
			now := s.Now()
			instance := store.AppInstance{
				Key: s.keys.Next(), Account: caller.Account, ID: s.newID(),
				Name: in.Name, Metadata: given(in.Metadata), Created: now, Updated: now,
			}
			if err := tx.CreateAppInstance(instance); err != nil {
				return "", err
			}
			return s.instanceARN(instance).String(), tx.PutTags(instance.Key, tags)
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	return &api.CreateAppInstanceResponse{AppInstanceArn: created}, nil
}

// DescribeAppInstance tells everything of an app instance.
func (s *Service) DescribeAppInstance(ctx context.Context, caller *api.Caller, in *api.DescribeAppInstanceRequest) (*api.DescribeAppInstanceResponse, error) {
	var out *api.AppInstance
	err := s.store.View(ctx, func(tx store.Tx) error {
		instance, _, err := s.appInstance(tx, caller, in.AppInstanceArn)
		if err != nil {
			return err
		}
		out = &api.AppInstance{
			AppInstanceArn: in.AppInstanceArn, Name: instance.Name, Metadata: optional(instance.Metadata),
			CreatedTimestamp: api.Time(instance.Created), LastUpdatedTimestamp: api.Time(instance.Updated),
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &api.DescribeAppInstanceResponse{AppInstance: out}, nil
}

// UpdateAppInstance replaces the name and the metadata. Metadata that is left out, as a client of
// chime (2018-05-01) may, stays as it is.
func (s *Service) UpdateAppInstance(ctx context.Context, caller *api.Caller, in *api.UpdateAppInstanceRequest) (*api.UpdateAppInstanceResponse, error) {
	if err := checkMetadata(in.Metadata); err != nil {
		return nil, err
	}
	err := s.store.Update(ctx, func(tx store.Tx) error {
		instance, _, err := s.appInstance(tx, caller, in.AppInstanceArn)
		if err != nil {
			return err
		}
		instance.Name, instance.Updated = in.Name, s.Now()
		if in.Metadata != nil {
			instance.Metadata = *in.Metadata
		}
		return tx.UpdateAppInstance(instance)
	})
	if err != nil {
		return nil, err
	}
	return &api.UpdateAppInstanceResponse{AppInstanceArn: in.AppInstanceArn}, nil
}

// DeleteAppInstance makes the app instance and everything inside it inaccessible at once.
func (s *Service) DeleteAppInstance(ctx context.Context, caller *api.Caller, in *api.DeleteAppInstanceRequest) error {
	return s.update(ctx, func(tx store.Tx, events *events) error {
		instance, a, err := s.appInstance(tx, caller, in.AppInstanceArn)
		if err != nil {
			return err
		}
		events.gone(a)
		tx.AfterCommit(s.wake)
		return tx.DeleteAppInstance(instance.Key)
	})
}

// ListAppInstances lists the app instances of the caller's account.
func (s *Service) ListAppInstances(ctx context.Context, caller *api.Caller, in *api.ListAppInstancesRequest) (*api.ListAppInstancesResponse, error) {
	p, err := s.page(caller, "ListAppInstances", in.MaxResults, in.NextToken)
	if err != nil {
		return nil, err
	}
	out := &api.ListAppInstancesResponse{AppInstances: []api.AppInstanceSummary{}}
	err = s.store.View(ctx, func(tx store.Tx) error {
		list, err := tx.ListAppInstances(caller.Account, p.after, p.fetch())
		if err != nil {
			return err
		}
		list, out.NextToken = cut(p, list, func(i store.AppInstance) store.Key { return i.Key })
		for _, i := range list {
			out.AppInstances = append(out.AppInstances, api.AppInstanceSummary{
				AppInstanceArn: s.instanceARN(i).String(), Name: i.Name, Metadata: optional(i.Metadata),
			})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// appInstance reads the app instance that a request names. One that is not there is Forbidden: the
// API has no other word for it.
func (s *Service) appInstance(tx store.Tx, caller *api.Caller, name string) (store.AppInstance, arn.ARN, error) {
	a, err := s.resource(caller, name, arn.AppInstance)
	if err != nil {
		return store.AppInstance{}, arn.ARN{}, err
	}
	instance, err := tx.AppInstance(a.Account, a.Instance)
	return instance, a, notThere(err, errForbidden, ruleNoInstance)
}

// channelARN is the name of a channel of this service.
func (s *Service) channelARN(in store.ChannelRef) arn.ARN {
	return arn.ARN{Partition: s.partition, Region: s.region, Account: in.Account, Instance: in.Instance, Kind: arn.Channel, ID: in.ID}
}

func (s *Service) instanceARN(i store.AppInstance) arn.ARN {
	return arn.ARN{Partition: s.partition, Region: s.region, Account: i.Account, Instance: i.ID, Kind: arn.AppInstance}
}
