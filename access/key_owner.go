package access

import (
	"context"
	"strings"

	"carillon/api"
	"carillon/store"
)

// CreateUser makes an owner of access keys, who may do nothing until a policy says so.
func (s *Service) CreateUser(ctx context.Context, caller *api.Caller, in *CreateUserRequest) (*CreateUserResult, error) {
	if err := checkName("userName", in.UserName, 64); err != nil {
		return nil, err
	}
	path, err := checkPath(in.Path)
	if err != nil {
		return nil, err
	}
	tags, err := checkTags(in.Tags)
	if err != nil {
		return nil, err
	}
	owner := store.KeyOwner{Account: caller.Account, Name: in.UserName, Path: path, Tags: tags, Created: s.now()}
	if err := s.permit(caller, "CreateUser", s.ownerARN(owner), tagContext(in.Tags)); err != nil {
		return nil, err
	}
	err = s.change(ctx, caller.Account, func(tx store.Tx) error {
		n, err := tx.CountKeyOwners(caller.Account, maxOwners)
		if err != nil {
			return err
		}
		if n == maxOwners {
			return faultf(limitExceeded, "Cannot exceed quota for UsersPerAccount: %d", maxOwners)
		}
		owner.Key = s.keys.Next()
		return taken(tx.CreateKeyOwner(owner), "User with name %s already exists.", in.UserName)
	})
	if err != nil {
		return nil, err
	}
	return &CreateUserResult{User: s.shownOwner(owner)}, nil
}

// GetUser tells of an owner; without a name, of the caller.
func (s *Service) GetUser(ctx context.Context, caller *api.Caller, in *GetUserRequest) (*GetUserResult, error) {
	if in.UserName == "" && caller.Grant == nil {
		return &GetUserResult{User: User{UserId: caller.Account, Arn: s.rootARN(caller.Account), Tags: []Tag{}}}, nil
	}
	owner, err := s.owner(ctx, caller, "GetUser", in.UserName)
	if err != nil {
		return nil, err
	}
	return &GetUserResult{User: s.shownOwner(owner)}, nil
}

// ListUsers lists the owners of the caller's account.
func (s *Service) ListUsers(ctx context.Context, caller *api.Caller, in *ListUsersRequest) (*ListUsersResult, error) {
	if err := s.permit(caller, "ListUsers", s.iamARN(caller.Account, "user/*"), nil); err != nil {
		return nil, err
	}
	users, marker, err := listed(ctx, s, in.Marker, in.MaxItems, func(tx store.Tx, after store.Key, limit int) ([]store.KeyOwner, error) {
		return tx.ListKeyOwners(caller.Account, after, limit)
	}, func(o store.KeyOwner) (store.Key, User, bool) {
		return o.Key, s.shownOwner(o), strings.HasPrefix(o.Path, in.PathPrefix)
	})
	if err != nil {
		return nil, err
	}
	return &ListUsersResult{Users: users, IsTruncated: marker != "", Marker: marker}, nil
}

// DeleteUser removes an owner that has neither keys nor policies any more.
func (s *Service) DeleteUser(ctx context.Context, caller *api.Caller, in *DeleteUserRequest) (*Nothing, error) {
	if err := checkName("userName", in.UserName, 64); err != nil {
		return nil, err
	}
	return nil, s.changeOwner(ctx, caller, "DeleteUser", in.UserName, func(tx store.Tx, owner store.KeyOwner) error {
		keys, err := tx.ListAccessKeys(owner.Account, owner.Key, 0, 1)
		if err != nil {
			return err
		}
		if len(keys) > 0 {
			return faultf(deleteConflict, "Cannot delete entity, must delete access keys first.")
		}
		if err := withoutPolicies(tx, owner.Key); err != nil {
			return err
		}
		return tx.DeleteKeyOwner(owner.Key)
	})
}

// withoutPolicies refuses to delete a principal that has policies.
func withoutPolicies(tx store.Tx, principal store.Key) error {
	policies, err := tx.PrincipalPolicies(principal)
	switch {
	case err != nil:
		return err
	case len(policies) == 0:
		return nil
	case policies[0].Attached:
		return faultf(deleteConflict, "Cannot delete entity, must detach all policies first.")
	default:
		return faultf(deleteConflict, "Cannot delete entity, must delete policies first.")
	}
}

func (s *Service) shownOwner(o store.KeyOwner) User {
	return User{
		Path: o.Path, UserName: o.Name, UserId: userID(o.Key), Arn: s.ownerARN(o), CreateDate: o.Created, Tags: shownTags(o.Tags),
	}
}

// ownerIn reads the owner that a request names, or, when it names none, the one that made it, and asks
// whether the caller may do something to it. Who may not is told so whether there is one or not.
func (s *Service) ownerIn(tx store.Tx, caller *api.Caller, action, name string, context func(string) ([]string, bool)) (store.KeyOwner, error) {
	if name == "" {
		name = s.nameOf(caller)
	}
	if err := checkName("userName", name, 128); err != nil {
		return store.KeyOwner{}, err
	}
	owner, err := tx.KeyOwner(caller.Account, name)
	named := owner
	if err != nil {
		named = store.KeyOwner{Account: caller.Account, Path: "/", Name: name}
	}
	if refusal := s.permit(caller, action, s.ownerARN(named), context); refusal != nil {
		return store.KeyOwner{}, refusal
	}
	return owner, missing(err, "The user with name %s cannot be found.", name)
}

// nameOf is the name of the owner who calls; empty when it is none.
func (s *Service) nameOf(caller *api.Caller) string {
	if p, ok := caller.Grant.(*Principal); ok {
		return p.UserName
	}
	return ""
}

// owner reads an owner for an action that changes nothing.
func (s *Service) owner(ctx context.Context, caller *api.Caller, action, name string) (owner store.KeyOwner, err error) {
	err = s.Store.View(ctx, func(tx store.Tx) (err error) {
		owner, err = s.ownerIn(tx, caller, action, name, nil)
		return err
	})
	return owner, err
}

// changeOwner runs a transaction that changes an owner, or what it has.
func (s *Service) changeOwner(ctx context.Context, caller *api.Caller, action, name string, fn func(store.Tx, store.KeyOwner) error) error {
	return s.change(ctx, caller.Account, func(tx store.Tx) error {
		owner, err := s.ownerIn(tx, caller, action, name, nil)
		if err != nil {
			return err
		}
		return fn(tx, owner)
	})
}
