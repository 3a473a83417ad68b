package chat

import (
	"context"
	"errors"

	"carillon/api"
	"carillon/arn"
	"carillon/store"
)

// CreateAppInstanceUser registers a user. Registering the same user again, with the same name and
// metadata, is answered like the first time: apps do it at every sign-in.
func (s *Service) CreateAppInstanceUser(ctx context.Context, caller *api.Caller, in *api.CreateAppInstanceUserRequest) (*api.CreateAppInstanceUserResponse, error) {
	if err := checkMetadata(in.Metadata); err != nil {
		return nil, err
	}
	tags, err := checkTags(in.Tags)
	if err != nil {
		return nil, err
	}
	expiration, err := userExpiration(in.ExpirationSettings)
	if err != nil {
		return nil, err
	}
	var created string
	err = s.store.Update(ctx, func(tx store.Tx) error {
		instance, a, err := s.appInstance(tx, caller, in.AppInstanceArn)
		if err != nil {
			return err
		}
		created, err = s.once(tx, caller.Account, "CreateAppInstanceUser", in.ClientRequestToken, in, func() (string, error) {
			name := a.Of(arn.User, in.AppInstanceUserId).String()
			now := s.Now()
			user := store.Identity{
				Key: s.keys.Next(), Instance: instance.Key, Kind: arn.User, ID: in.AppInstanceUserId,
				Name: in.Name, Metadata: given(in.Metadata), Created: now, Updated: now, Expiration: expiration,
			}
			switch err := tx.CreateIdentity(user); {
			case errors.Is(err, store.ErrExists):
				return name, s.sameUser(tx, user)
			case err != nil:
				return "", err
			}
			err := within(s.limits.UsersPerAppInstance, "users per app instance", others(func(bound int) (int, error) {
				return tx.CountIdentities(instance.Key, arn.User, bound)
			}))
			if err != nil {
				return "", err
			}
			return name, tx.PutTags(user.Key, tags)
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	return &api.CreateAppInstanceUserResponse{AppInstanceUserArn: created}, nil
}

// sameUser is a Conflict unless the user that is there says what the new one would.
func (s *Service) sameUser(tx store.Tx, user store.Identity) error {
	there, err := tx.Identity(user.Instance, store.IdentityRef{Kind: user.Kind, ID: user.ID})
	if err != nil {
		return err
	}
	if there.Name != user.Name || there.Metadata != user.Metadata {
		return api.Errorf(api.Conflict, "The app instance user exists already, with another name or other metadata.")
	}
	return nil
}

// DescribeAppInstanceUser tells everything of a user. One that is not there is Forbidden.
func (s *Service) DescribeAppInstanceUser(ctx context.Context, caller *api.Caller, in *api.DescribeAppInstanceUserRequest) (*api.DescribeAppInstanceUserResponse, error) {
	var out *api.AppInstanceUser
	err := s.store.View(ctx, func(tx store.Tx) error {
		user, err := s.registered(tx, caller, in.AppInstanceUserArn, arn.User, errForbidden)
		if err != nil {
			return err
		}
		out = &api.AppInstanceUser{
			AppInstanceUserArn: in.AppInstanceUserArn, Name: user.Name, Metadata: optional(user.Metadata),
			CreatedTimestamp: api.Time(user.Created), LastUpdatedTimestamp: api.Time(user.Updated),
			ExpirationSettings: expirationSettings(user.Expiration),
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &api.DescribeAppInstanceUserResponse{AppInstanceUser: out}, nil
}

// UpdateAppInstanceUser replaces the name and the metadata. Metadata that is left out, as a client
// of chime (2018-05-01) may, stays as it is.
func (s *Service) UpdateAppInstanceUser(ctx context.Context, caller *api.Caller, in *api.UpdateAppInstanceUserRequest) (*api.UpdateAppInstanceUserResponse, error) {
	if err := checkMetadata(in.Metadata); err != nil {
		return nil, err
	}
	err := s.store.Update(ctx, func(tx store.Tx) error {
		user, err := s.registered(tx, caller, in.AppInstanceUserArn, arn.User, errForbidden)
		if err != nil {
			return err
		}
		user.Name, user.Updated = in.Name, s.Now()
		if in.Metadata != nil {
			user.Metadata = *in.Metadata
		}
		s.identityChanged(tx)
		return tx.UpdateIdentity(user)
	})
	if err != nil {
		return nil, err
	}
	return &api.UpdateAppInstanceUserResponse{AppInstanceUserArn: in.AppInstanceUserArn}, nil
}

// DeleteAppInstanceUser ends a user. Its memberships, roles and bans go with it; what it wrote
// stays, under its ARN. The members of its channels are told a little later, by a sweep.
func (s *Service) DeleteAppInstanceUser(ctx context.Context, caller *api.Caller, in *api.DeleteAppInstanceUserRequest) error {
	return s.deleteIdentity(ctx, caller, in.AppInstanceUserArn, arn.User)
}

func (s *Service) deleteIdentity(ctx context.Context, caller *api.Caller, name string, kind arn.Kind) error {
	return s.update(ctx, func(tx store.Tx, events *events) error {
		who, err := s.registered(tx, caller, name, kind, errForbidden)
		if err != nil {
			return err
		}
		a, err := arn.Parse(name)
		if err != nil {
			return err
		}
		events.gone(a)
		tx.AfterCommit(s.wake)
		s.identityChanged(tx)
		return tx.DeleteIdentity(who.Key)
	})
}

// ListAppInstanceUsers lists the users of an app instance.
func (s *Service) ListAppInstanceUsers(ctx context.Context, caller *api.Caller, in *api.ListAppInstanceUsersRequest) (*api.ListAppInstanceUsersResponse, error) {
	p, err := s.page(caller, "ListAppInstanceUsers", in.MaxResults, in.NextToken, in.AppInstanceArn)
	if err != nil {
		return nil, err
	}
	out := &api.ListAppInstanceUsersResponse{AppInstanceArn: in.AppInstanceArn, AppInstanceUsers: []api.AppInstanceUserSummary{}}
	err = s.store.View(ctx, func(tx store.Tx) error {
		instance, a, err := s.appInstance(tx, caller, in.AppInstanceArn)
		if err != nil {
			return err
		}
		list, err := tx.ListIdentities(instance.Key, arn.User, p.after, p.fetch())
		if err != nil {
			return err
		}
		list, out.NextToken = cut(p, list, func(i store.Identity) store.Key { return i.Key })
		for _, i := range list {
			out.AppInstanceUsers = append(out.AppInstanceUsers, api.AppInstanceUserSummary{
				AppInstanceUserArn: a.Of(i.Kind, i.ID).String(), Name: i.Name, Metadata: optional(i.Metadata),
			})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// registered reads the identity that a request names, of one kind. One that is not there is absent, in
// the words of the operation.
func (s *Service) registered(tx store.Tx, caller *api.Caller, name string, kind arn.Kind, absent *api.Error) (store.Identity, error) {
	a, err := s.resource(caller, name, kind)
	if errors.Is(err, errForbidden) {
		err = because(absent, ruleElsewhere)
	}
	if err != nil {
		return store.Identity{}, err
	}
	instance, err := tx.AppInstance(a.Account, a.Instance)
	if err != nil {
		return store.Identity{}, notThere(err, absent, ruleNoInstance)
	}
	who, err := tx.Identity(instance.Key, ref(a))
	return who, notThere(err, absent, ruleNoIdentity)
}
