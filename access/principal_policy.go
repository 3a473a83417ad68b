package access

import (
	"context"
	"slices"
	"strings"

	"carillon/api"
	"carillon/policy"
	"carillon/store"
)

// holder is who has policies: an owner of keys or a role.
type holder struct {
	key     store.Key
	account string
	most    int // characters of its own policies
	noun    string
	name    string
}

// find reads the holder that a request names, for an action that the caller must be allowed to do to it.
type find func(tx store.Tx, action string, context func(string) ([]string, bool)) (holder, error)

func (s *Service) userNamed(caller *api.Caller, name string) find {
	return func(tx store.Tx, action string, context func(string) ([]string, bool)) (holder, error) {
		if err := checkName("userName", name, 128); err != nil {
			return holder{}, err
		}
		o, err := s.ownerIn(tx, caller, action, name, context)
		return holder{key: o.Key, account: o.Account, most: maxOwnerPolicies, noun: "user", name: o.Name}, err
	}
}

func (s *Service) roleNamed(caller *api.Caller, name string) find {
	return func(tx store.Tx, action string, context func(string) ([]string, bool)) (holder, error) {
		r, err := s.roleIn(tx, caller, action, name, context)
		return holder{key: r.Key, account: r.Account, most: maxRolePolicies, noun: "role", name: r.Name}, err
	}
}

// PutUserPolicy sets a policy of an owner, over the one of that name.
func (s *Service) PutUserPolicy(ctx context.Context, caller *api.Caller, in *PutUserPolicyRequest) (*Nothing, error) {
	return nil, s.putPolicy(ctx, caller, "PutUserPolicy", s.userNamed(caller, in.UserName), in.PolicyName, in.PolicyDocument)
}

// PutRolePolicy sets a policy of a role, over the one of that name.
func (s *Service) PutRolePolicy(ctx context.Context, caller *api.Caller, in *PutRolePolicyRequest) (*Nothing, error) {
	return nil, s.putPolicy(ctx, caller, "PutRolePolicy", s.roleNamed(caller, in.RoleName), in.PolicyName, in.PolicyDocument)
}

func (s *Service) putPolicy(ctx context.Context, caller *api.Caller, action string, find find, name, document string) error {
	if err := checkName("policyName", name, 128); err != nil {
		return err
	}
	return s.change(ctx, caller.Account, func(tx store.Tx) error {
		h, err := find(tx, action, nil)
		if err != nil {
			return err
		}
		text, err := checkDocument(policy.Identity, name, document)
		if err != nil {
			return err
		}
		policies, err := tx.PrincipalPolicies(h.key)
		if err != nil {
			return err
		}
		size := len(text)
		for _, p := range policies {
			if !p.Attached && p.Name != name {
				size += len(p.Document)
			}
		}
		if size > h.most {
			return faultf(limitExceeded, "Maximum policy size of %d bytes exceeded for %s %s", h.most, h.noun, h.name)
		}
		return tx.PutPrincipalPolicy(store.PrincipalPolicy{Principal: h.key, Account: h.account, Name: name, Document: text})
	})
}

// GetUserPolicy tells a policy of an owner.
func (s *Service) GetUserPolicy(ctx context.Context, caller *api.Caller, in *GetUserPolicyRequest) (*GetUserPolicyResult, error) {
	h, document, err := s.getPolicy(ctx, "GetUserPolicy", s.userNamed(caller, in.UserName), in.PolicyName)
	if err != nil {
		return nil, err
	}
	return &GetUserPolicyResult{UserName: h.name, PolicyName: in.PolicyName, PolicyDocument: document}, nil
}

// GetRolePolicy tells a policy of a role.
func (s *Service) GetRolePolicy(ctx context.Context, caller *api.Caller, in *GetRolePolicyRequest) (*GetRolePolicyResult, error) {
	h, document, err := s.getPolicy(ctx, "GetRolePolicy", s.roleNamed(caller, in.RoleName), in.PolicyName)
	if err != nil {
		return nil, err
	}
	return &GetRolePolicyResult{RoleName: h.name, PolicyName: in.PolicyName, PolicyDocument: document}, nil
}

func (s *Service) getPolicy(ctx context.Context, action string, find find, name string) (h holder, document string, err error) {
	err = s.Store.View(ctx, func(tx store.Tx) error {
		var policies []store.PrincipalPolicy
		if h, policies, err = policiesFound(tx, action, find); err != nil {
			return err
		}
		i := slices.IndexFunc(policies, func(p store.PrincipalPolicy) bool { return !p.Attached && p.Name == name })
		if i < 0 {
			return noSuchPolicy(h, name)
		}
		document = shownDocument(policies[i].Document)
		return nil
	})
	return h, document, err
}

func policiesFound(tx store.Tx, action string, find find) (holder, []store.PrincipalPolicy, error) {
	h, err := find(tx, action, nil)
	if err != nil {
		return h, nil, err
	}
	policies, err := tx.PrincipalPolicies(h.key)
	return h, policies, err
}

func noSuchPolicy(h holder, name string) error {
	return faultf(noSuchEntity, "The %s policy with name %.300s cannot be found.", h.noun, name)
}

// DeleteUserPolicy removes a policy of an owner.
func (s *Service) DeleteUserPolicy(ctx context.Context, caller *api.Caller, in *DeleteUserPolicyRequest) (*Nothing, error) {
	return nil, s.deletePolicy(ctx, caller, "DeleteUserPolicy", s.userNamed(caller, in.UserName), in.PolicyName)
}

// DeleteRolePolicy removes a policy of a role.
func (s *Service) DeleteRolePolicy(ctx context.Context, caller *api.Caller, in *DeleteRolePolicyRequest) (*Nothing, error) {
	return nil, s.deletePolicy(ctx, caller, "DeleteRolePolicy", s.roleNamed(caller, in.RoleName), in.PolicyName)
}

func (s *Service) deletePolicy(ctx context.Context, caller *api.Caller, action string, find find, name string) error {
	return s.change(ctx, caller.Account, func(tx store.Tx) error {
		h, err := find(tx, action, nil)
		if err != nil {
			return err
		}
		return missing(tx.DeletePrincipalPolicy(h.key, false, name), "The %s policy with name %.300s cannot be found.", h.noun, name)
	})
}

// ListUserPolicies lists the names of an owner's own policies.
func (s *Service) ListUserPolicies(ctx context.Context, caller *api.Caller, in *ListUserPoliciesRequest) (*ListUserPoliciesResult, error) {
	own, _, err := s.listPolicies(ctx, "ListUserPolicies", s.userNamed(caller, in.UserName))
	if err != nil {
		return nil, err
	}
	return &ListUserPoliciesResult{PolicyNames: own}, nil
}

// ListRolePolicies lists the names of a role's own policies.
func (s *Service) ListRolePolicies(ctx context.Context, caller *api.Caller, in *ListRolePoliciesRequest) (*ListRolePoliciesResult, error) {
	own, _, err := s.listPolicies(ctx, "ListRolePolicies", s.roleNamed(caller, in.RoleName))
	if err != nil {
		return nil, err
	}
	return &ListRolePoliciesResult{PolicyNames: own}, nil
}

// ListAttachedUserPolicies lists the policies that are attached to an owner.
func (s *Service) ListAttachedUserPolicies(ctx context.Context, caller *api.Caller, in *ListAttachedUserPoliciesRequest) (*ListAttachedUserPoliciesResult, error) {
	_, attached, err := s.listPolicies(ctx, "ListAttachedUserPolicies", s.userNamed(caller, in.UserName))
	if err != nil {
		return nil, err
	}
	return &ListAttachedUserPoliciesResult{AttachedPolicies: attached}, nil
}

// ListAttachedRolePolicies lists the policies that are attached to a role.
func (s *Service) ListAttachedRolePolicies(ctx context.Context, caller *api.Caller, in *ListAttachedRolePoliciesRequest) (*ListAttachedRolePoliciesResult, error) {
	_, attached, err := s.listPolicies(ctx, "ListAttachedRolePolicies", s.roleNamed(caller, in.RoleName))
	if err != nil {
		return nil, err
	}
	return &ListAttachedRolePoliciesResult{AttachedPolicies: attached}, nil
}

// listPolicies lists all policies: they are so few that there are no pages.
func (s *Service) listPolicies(ctx context.Context, action string, find find) (own []string, attached []AttachedPolicy, err error) {
	own, attached = []string{}, []AttachedPolicy{}
	err = s.Store.View(ctx, func(tx store.Tx) error {
		_, policies, err := policiesFound(tx, action, find)
		for _, p := range policies {
			if p.Attached {
				attached = append(attached, AttachedPolicy{PolicyName: strings.TrimPrefix(p.Name, policy.ReadyPrefix), PolicyArn: p.Name})
			} else {
				own = append(own, p.Name)
			}
		}
		return err
	})
	return own, attached, err
}

// AttachUserPolicy attaches a ready-made policy to an owner; it may be attached already.
func (s *Service) AttachUserPolicy(ctx context.Context, caller *api.Caller, in *AttachUserPolicyRequest) (*Nothing, error) {
	return nil, s.attach(ctx, caller, "AttachUserPolicy", s.userNamed(caller, in.UserName), in.PolicyArn)
}

// AttachRolePolicy attaches a ready-made policy to a role; it may be attached already.
func (s *Service) AttachRolePolicy(ctx context.Context, caller *api.Caller, in *AttachRolePolicyRequest) (*Nothing, error) {
	return nil, s.attach(ctx, caller, "AttachRolePolicy", s.roleNamed(caller, in.RoleName), in.PolicyArn)
}

func (s *Service) attach(ctx context.Context, caller *api.Caller, action string, find find, name string) error {
	return s.change(ctx, caller.Account, func(tx store.Tx) error {
		h, err := find(tx, action, policyContext(name))
		if err != nil {
			return err
		}
		if _, ok := policy.LookupReady(name); !ok || !strings.HasPrefix(name, policy.ReadyPrefix) {
			return faultf(noSuchEntity, "Policy %.300s does not exist or is not attachable.", name)
		}
		policies, err := tx.PrincipalPolicies(h.key)
		if err != nil {
			return err
		}
		n := 0
		for _, p := range policies {
			if p.Attached && p.Name != name {
				n++
			}
		}
		if n == maxAttached {
			return faultf(limitExceeded, "Cannot exceed quota for PoliciesPer%s: %d", strings.ToUpper(h.noun[:1])+h.noun[1:], maxAttached)
		}
		return tx.PutPrincipalPolicy(store.PrincipalPolicy{Principal: h.key, Account: h.account, Attached: true, Name: name})
	})
}

// DetachUserPolicy undoes AttachUserPolicy.
func (s *Service) DetachUserPolicy(ctx context.Context, caller *api.Caller, in *DetachUserPolicyRequest) (*Nothing, error) {
	return nil, s.detach(ctx, caller, "DetachUserPolicy", s.userNamed(caller, in.UserName), in.PolicyArn)
}

// DetachRolePolicy undoes AttachRolePolicy.
func (s *Service) DetachRolePolicy(ctx context.Context, caller *api.Caller, in *DetachRolePolicyRequest) (*Nothing, error) {
	return nil, s.detach(ctx, caller, "DetachRolePolicy", s.roleNamed(caller, in.RoleName), in.PolicyArn)
}

func (s *Service) detach(ctx context.Context, caller *api.Caller, action string, find find, name string) error {
	return s.change(ctx, caller.Account, func(tx store.Tx) error {
		h, err := find(tx, action, policyContext(name))
		if err != nil {
			return err
		}
		return missing(tx.DeletePrincipalPolicy(h.key, true, name), "Policy %.300s was not found.", name)
	})
}

// policyContext tells the condition key that names the policy at hand.
func policyContext(name string) func(string) ([]string, bool) {
	return func(key string) ([]string, bool) {
		if key == "iam:policyarn" {
			return []string{name}, true
		}
		return nil, false
	}
}
