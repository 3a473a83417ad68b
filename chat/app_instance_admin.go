package chat

import (
	"context"
	"errors"

	"carillon/api"
	"carillon/arn"
	"carillon/store"
)

// CreateAppInstanceAdmin promotes a user or bot to admin of its app instance.
func (s *Service) CreateAppInstanceAdmin(ctx context.Context, caller *api.Caller, in *api.CreateAppInstanceAdminRequest) (*api.CreateAppInstanceAdminResponse, error) {
	out := &api.CreateAppInstanceAdminResponse{AppInstanceArn: in.AppInstanceArn}
	err := s.store.Update(ctx, func(tx store.Tx) error {
		instance, a, who, err := s.adminTarget(tx, caller, in.AppInstanceArn, in.AppInstanceAdminArn)
		if err != nil {
			return err
		}
		if who.Key == 0 {
			return errUnregistered
		}
		out.AppInstanceAdmin = described(a, who)
		err = tx.CreateAppInstanceAdmin(store.AppInstanceAdmin{Key: s.keys.Next(), Instance: instance.Key, Identity: who.Key, Created: s.Now()})
		if errors.Is(err, store.ErrExists) {
			return api.Errorf(api.Conflict, "The identity is an admin of the app instance already.")
		}
		if err != nil {
			return err
		}
		return within(s.limits.AdminsPerAppInstance, "admins per app instance", others(func(bound int) (int, error) {
			return tx.CountAppInstanceAdmins(instance.Key, bound)
		}))
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// DescribeAppInstanceAdmin tells since when somebody is an admin. Somebody who is none is Forbidden.
func (s *Service) DescribeAppInstanceAdmin(ctx context.Context, caller *api.Caller, in *api.DescribeAppInstanceAdminRequest) (*api.DescribeAppInstanceAdminResponse, error) {
	var out *api.AppInstanceAdmin
	err := s.store.View(ctx, func(tx store.Tx) error {
		instance, a, who, err := s.adminTarget(tx, caller, in.AppInstanceArn, in.AppInstanceAdminArn)
		if err != nil {
			return err
		}
		admin, err := tx.AppInstanceAdmin(instance.Key, who.Key)
		if err != nil {
			return notThere(err, errForbidden, ruleNoAdmin)
		}
		out = &api.AppInstanceAdmin{Admin: described(a, who), AppInstanceArn: in.AppInstanceArn, CreatedTimestamp: api.Time(admin.Created)}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &api.DescribeAppInstanceAdminResponse{AppInstanceAdmin: out}, nil
}

// DeleteAppInstanceAdmin takes the role away; the identity stays. Somebody who is no admin is none
// afterwards either.
func (s *Service) DeleteAppInstanceAdmin(ctx context.Context, caller *api.Caller, in *api.DeleteAppInstanceAdminRequest) error {
	return s.store.Update(ctx, func(tx store.Tx) error {
		instance, _, who, err := s.adminTarget(tx, caller, in.AppInstanceArn, in.AppInstanceAdminArn)
		if err != nil {
			return err
		}
		return missing(tx.DeleteAppInstanceAdmin(instance.Key, who.Key), nil)
	})
}

// ListAppInstanceAdmins lists the admins of an app instance.
func (s *Service) ListAppInstanceAdmins(ctx context.Context, caller *api.Caller, in *api.ListAppInstanceAdminsRequest) (*api.ListAppInstanceAdminsResponse, error) {
	p, err := s.page(caller, "ListAppInstanceAdmins", in.MaxResults, in.NextToken, in.AppInstanceArn)
	if err != nil {
		return nil, err
	}
	out := &api.ListAppInstanceAdminsResponse{AppInstanceArn: in.AppInstanceArn, AppInstanceAdmins: []api.AppInstanceAdminSummary{}}
	err = s.store.View(ctx, func(tx store.Tx) error {
		instance, a, err := s.appInstance(tx, caller, in.AppInstanceArn)
		if err != nil {
			return err
		}
		list, err := tx.ListAppInstanceAdmins(instance.Key, p.after, p.fetch())
		if err != nil {
			return err
		}
		list, out.NextToken = cut(p, list, func(l store.ListedAdmin) store.Key { return l.Key })
		for _, l := range list {
			out.AppInstanceAdmins = append(out.AppInstanceAdmins, api.AppInstanceAdminSummary{Admin: described(a, l.Who)})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// adminTarget reads an app instance and an identity of it. The identity has Key 0 when it is not
// registered.
func (s *Service) adminTarget(tx store.Tx, caller *api.Caller, instanceName, name string) (store.AppInstance, arn.ARN, store.Identity, error) {
	instance, a, err := s.appInstance(tx, caller, instanceName)
	if err != nil {
		return store.AppInstance{}, arn.ARN{}, store.Identity{}, err
	}
	_, r, err := identity(name, a)
	if err != nil {
		return store.AppInstance{}, arn.ARN{}, store.Identity{}, err
	}
	who, err := tx.Identity(instance.Key, r)
	return instance, a, who, missing(err, nil)
}
