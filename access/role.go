package access

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"carillon/api"
	"carillon/policy"
	"carillon/store"
)

// CreateRole makes a role that those whom its trust policy names may take, to do what its other policies
// say.
func (s *Service) CreateRole(ctx context.Context, caller *api.Caller, in *CreateRoleRequest) (*CreateRoleResult, error) {
	if err := checkName("roleName", in.RoleName, 64); err != nil {
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
	longest, err := checkSession(in.MaxSessionDuration)
	if err != nil {
		return nil, err
	}
	if err := checkDescription(in.Description); err != nil {
		return nil, err
	}
	role := store.Role{
		Account: caller.Account, Name: in.RoleName, Path: path, Description: in.Description, MaxSession: longest, Tags: tags, Created: s.now(),
	}
	if err := s.permit(caller, "CreateRole", s.roleARN(role), tagContext(in.Tags)); err != nil {
		return nil, err
	}
	if role.Trust, err = checkTrust(in.RoleName, in.AssumeRolePolicyDocument); err != nil {
		return nil, err
	}
	err = s.change(ctx, caller.Account, func(tx store.Tx) error {
		n, err := tx.CountRoles(caller.Account, maxRoles)
		if err != nil {
			return err
		}
		if n == maxRoles {
			return faultf(limitExceeded, "Cannot exceed quota for RolesPerAccount: %d", maxRoles)
		}
		role.Key = s.keys.Next()
		return taken(tx.CreateRole(role), "Role with name %s already exists.", in.RoleName)
	})
	if err != nil {
		return nil, err
	}
	return &CreateRoleResult{Role: s.shownRole(role)}, nil
}

func checkSession(seconds int) (time.Duration, error) {
	if seconds == 0 {
		seconds = minSessionSeconds
	}
	if seconds < minSessionSeconds || seconds > maxSessionSeconds {
		return 0, invalid("maxSessionDuration", "Member must have value between %d and %d", minSessionSeconds, maxSessionSeconds)
	}
	return time.Duration(seconds) * time.Second, nil
}

func checkDescription(text string) error {
	if utf8.RuneCountInString(text) > maxDescriptionRunes {
		return invalid("description", "Member must have length less than or equal to %d", maxDescriptionRunes)
	}
	if !textPattern.MatchString(text) {
		return invalid("description", "Member must consist of printable characters of Latin-1")
	}
	return nil
}

func checkTrust(name, document string) (string, error) {
	text, err := checkDocument(policy.Trust, name, document)
	if err == nil && len(text) > maxTrustPolicy {
		err = faultf(limitExceeded, "Cannot exceed quota for ACLSizePerRole: %d", maxTrustPolicy)
	}
	return text, err
}

// GetRole tells of a role.
func (s *Service) GetRole(ctx context.Context, caller *api.Caller, in *GetRoleRequest) (*GetRoleResult, error) {
	role, err := s.readRole(ctx, caller, "GetRole", in.RoleName)
	if err != nil {
		return nil, err
	}
	return &GetRoleResult{Role: s.shownRole(role)}, nil
}

// ListRoles lists the roles of the caller's account.
func (s *Service) ListRoles(ctx context.Context, caller *api.Caller, in *ListRolesRequest) (*ListRolesResult, error) {
	if err := s.permit(caller, "ListRoles", s.iamARN(caller.Account, "role/*"), nil); err != nil {
		return nil, err
	}
	roles, marker, err := listed(ctx, s, in.Marker, in.MaxItems, func(tx store.Tx, after store.Key, limit int) ([]store.Role, error) {
		return tx.ListRoles(caller.Account, after, limit)
	}, func(r store.Role) (store.Key, Role, bool) {
		return r.Key, s.shownRole(r), strings.HasPrefix(r.Path, in.PathPrefix)
	})
	if err != nil {
		return nil, err
	}
	return &ListRolesResult{Roles: roles, IsTruncated: marker != "", Marker: marker}, nil
}

// UpdateRole changes the description of a role and how long its sessions may last; what is left out stays.
func (s *Service) UpdateRole(ctx context.Context, caller *api.Caller, in *UpdateRoleRequest) (*UpdateRoleResult, error) {
	if in.Description != nil {
		if err := checkDescription(*in.Description); err != nil {
			return nil, err
		}
	}
	longest, err := checkSession(in.MaxSessionDuration)
	if err != nil {
		return nil, err
	}
	err = s.changeRole(ctx, caller, "UpdateRole", in.RoleName, nil, func(tx store.Tx, role store.Role) error {
		if in.Description != nil {
			role.Description = *in.Description
		}
		if in.MaxSessionDuration != 0 {
			role.MaxSession = longest
		}
		return tx.UpdateRole(role)
	})
	if err != nil {
		return nil, err
	}
	return &UpdateRoleResult{}, nil
}

// UpdateAssumeRolePolicy replaces the trust policy of a role.
func (s *Service) UpdateAssumeRolePolicy(ctx context.Context, caller *api.Caller, in *UpdateAssumeRolePolicyRequest) (*Nothing, error) {
	return nil, s.changeRole(ctx, caller, "UpdateAssumeRolePolicy", in.RoleName, nil, func(tx store.Tx, role store.Role) (err error) {
		if role.Trust, err = checkTrust(role.Name, in.PolicyDocument); err != nil {
			return err
		}
		return tx.UpdateRole(role)
	})
}

// DeleteRole removes a role that has no policies any more. Its sessions end.
func (s *Service) DeleteRole(ctx context.Context, caller *api.Caller, in *DeleteRoleRequest) (*Nothing, error) {
	return nil, s.changeRole(ctx, caller, "DeleteRole", in.RoleName, nil, func(tx store.Tx, role store.Role) error {
		if err := withoutPolicies(tx, role.Key); err != nil {
			return err
		}
		return tx.DeleteRole(role.Key)
	})
}

// RevokeRoleSessions ends all sessions of a role that there are; who may take the role may take it again.
func (s *Service) RevokeRoleSessions(ctx context.Context, caller *api.Caller, in *RevokeRoleSessionsRequest) (*RevokeRoleSessionsResult, error) {
	out := new(RevokeRoleSessionsResult)
	err := s.changeRole(ctx, caller, "RevokeRoleSessions", in.RoleName, nil, func(tx store.Tx, role store.Role) error {
		role.RevokedBefore = s.now()
		out.RevokedBefore = role.RevokedBefore
		return tx.UpdateRole(role)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// TagRole sets tags of a role; others stay.
func (s *Service) TagRole(ctx context.Context, caller *api.Caller, in *TagRoleRequest) (*Nothing, error) {
	tags, err := checkTags(in.Tags)
	if err != nil {
		return nil, err
	}
	return nil, s.changeRole(ctx, caller, "TagRole", in.RoleName, tagContext(in.Tags), func(tx store.Tx, role store.Role) error {
		role.Tags = append(withoutTags(role.Tags, tags), tags...)
		if len(role.Tags) > maxTags {
			return faultf(limitExceeded, "There are at most %d tags.", maxTags)
		}
		return tx.UpdateRole(role)
	})
}

// UntagRole removes tags of a role; those that are not there are passed over.
func (s *Service) UntagRole(ctx context.Context, caller *api.Caller, in *UntagRoleRequest) (*Nothing, error) {
	gone := make([]store.Tag, len(in.TagKeys))
	asked := make([]Tag, len(in.TagKeys))
	for i, key := range in.TagKeys {
		gone[i], asked[i] = store.Tag{Key: key}, Tag{Key: key}
	}
	return nil, s.changeRole(ctx, caller, "UntagRole", in.RoleName, tagContext(asked), func(tx store.Tx, role store.Role) error {
		role.Tags = withoutTags(role.Tags, gone)
		return tx.UpdateRole(role)
	})
}

// ListRoleTags lists the tags of a role.
func (s *Service) ListRoleTags(ctx context.Context, caller *api.Caller, in *ListRoleTagsRequest) (*ListRoleTagsResult, error) {
	role, err := s.readRole(ctx, caller, "ListRoleTags", in.RoleName)
	if err != nil {
		return nil, err
	}
	return &ListRoleTagsResult{Tags: shownTags(role.Tags)}, nil
}

// withoutTags are the tags but those with the keys of others.
func withoutTags(tags, others []store.Tag) []store.Tag {
	return slices.DeleteFunc(slices.Clone(tags), func(t store.Tag) bool {
		return slices.ContainsFunc(others, func(o store.Tag) bool { return policy.Fold(o.Key) == policy.Fold(t.Key) })
	})
}

func (s *Service) shownRole(r store.Role) Role {
	return Role{
		Path: r.Path, RoleName: r.Name, RoleId: roleID(r.Key), Arn: s.roleARN(r), CreateDate: r.Created,
		AssumeRolePolicyDocument: shownDocument(r.Trust), Description: r.Description, MaxSessionDuration: int(r.MaxSession / time.Second),
		Tags: shownTags(r.Tags),
	}
}

// shownDocument is a policy as IAM's answers have it: percent-encoded.
func shownDocument(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

// roleIn reads the role that a request names, and asks whether the caller may do something to it. Who may
// not is told so whether there is one or not.
func (s *Service) roleIn(tx store.Tx, caller *api.Caller, action, name string, context func(string) ([]string, bool)) (store.Role, error) {
	if err := checkName("roleName", name, 64); err != nil {
		return store.Role{}, err
	}
	role, err := tx.Role(caller.Account, name)
	named := role
	if err != nil {
		named = store.Role{Account: caller.Account, Path: "/", Name: name}
	}
	if refusal := s.permit(caller, action, s.roleARN(named), context); refusal != nil {
		return store.Role{}, refusal
	}
	return role, missing(err, "The role with name %s cannot be found.", name)
}

func (s *Service) readRole(ctx context.Context, caller *api.Caller, action, name string) (role store.Role, err error) {
	err = s.Store.View(ctx, func(tx store.Tx) (err error) {
		role, err = s.roleIn(tx, caller, action, name, nil)
		return err
	})
	return role, err
}

func (s *Service) changeRole(ctx context.Context, caller *api.Caller, action, name string, context func(string) ([]string, bool), fn func(store.Tx, store.Role) error) error {
	return s.change(ctx, caller.Account, func(tx store.Tx) error {
		role, err := s.roleIn(tx, caller, action, name, context)
		if err != nil {
			return err
		}
		return fn(tx, role)
	})
}
