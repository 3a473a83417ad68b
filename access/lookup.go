package access

import (
	"context"
	"errors"
	"time"

	"carillon/api"
	"carillon/policy"
	"carillon/store"
)

// Key is an access key and whose it is.
type Key struct {
	ID, Secret string
	Account    string
	// Principal is the ARN of the owner.
	Principal string
	Disabled  bool
	// Expires is when a temporary key ends; zero is never.
	Expires time.Time
	// Grant says what the owner may do; nil is the root of the account.
	Grant api.Grant
}

// credential is a stored key, opened.
type credential struct {
	known bool
	key   Key
}

// maxKeyID is the length of the longest id that a key can have.
const maxKeyID = 128

// Lookup finds a key, a temporary one by its session token. It reports false for one that is not there.
func (s *Service) Lookup(ctx context.Context, id, token string) (Key, bool, error) {
	if token != "" {
		return s.lookupSession(ctx, id, token)
	}
	if id == s.Root.ID {
		return Key{ID: id, Secret: s.Root.Secret, Account: s.Home, Principal: s.rootARN(s.Home)}, true, nil
	}
	if len(id) > maxKeyID {
		return Key{}, false, nil // and nothing is kept of what anybody makes up
	}
	found, err := s.credentials.get(id, func() (*credential, store.Account, error) { return s.readCredential(ctx, id) })
	if err != nil {
		return Key{}, false, err
	}
	return found.key, found.known, nil
}

func (s *Service) readCredential(ctx context.Context, id string) (c *credential, account store.Account, err error) {
	err = s.Store.View(ctx, func(tx store.Tx) error {
		c, account = &credential{}, store.Account{}
		k, err := tx.AccessKey(id)
		if err != nil {
			return err
		}
		if account, err = tx.Account(k.Account); err != nil {
			return err
		}
		secret, err := s.seal.open(k.Account, k.ID, k.Secret)
		if err != nil {
			return err
		}
		c.key = Key{ID: k.ID, Secret: secret, Account: k.Account, Principal: s.rootARN(k.Account), Disabled: k.Disabled}
		c.known = true
		if k.Owner == 0 {
			return nil
		}
		owner, err := tx.KeyOwnerOf(k.Owner)
		if err != nil {
			return err
		}
		principal, err := s.ownerPrincipal(tx, owner)
		c.key.Principal, c.key.Grant = principal.ARN, principal
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return &credential{}, store.Account{}, nil
	}
	return c, account, err
}

// ownerPrincipal is an owner of keys as decisions see it.
func (s *Service) ownerPrincipal(tx store.Tx, owner store.KeyOwner) (*Principal, error) {
	policies, err := s.policiesOf(tx, owner.Key)
	name := s.ownerARN(owner)
	return &Principal{
		service: s, Account: owner.Account, ARN: name, Identity: name, Type: "User", UserID: userID(owner.Key), UserName: owner.Name,
		Tags: foldTags(owner.Tags), Policies: policy.Policies{Identity: policies},
	}, err
}

// role is a role as sessions of it see it.
type role struct {
	store.Role
	ARN      string
	Tags     map[string]string
	Policies *policy.Set
	// Trusts is who may take the role; nil when nobody.
	Trusts *policy.Set
}

// role finds a role by its key; nil when there is none of that key.
func (s *Service) role(ctx context.Context, key store.Key) (*role, error) {
	return s.roles.get(key, func() (found *role, account store.Account, err error) {
		err = s.Store.View(ctx, func(tx store.Tx) error {
			found, account = nil, store.Account{}
			r, err := tx.RoleOf(key)
			if err != nil {
				return err
			}
			if account, err = tx.Account(r.Account); err != nil {
				return err
			}
			policies, err := s.policiesOf(tx, r.Key)
			if err != nil {
				return err
			}
			found = &role{Role: r, ARN: s.roleARN(r), Tags: foldTags(r.Tags), Policies: policies}
			trust, err := policy.Parse(policy.Trust, r.Name, []byte(r.Trust))
			if err != nil {
				s.Log.Error("a stored trust policy is not valid any more: nobody may take the role", "role", found.ARN, "error", err)
				return nil
			}
			found.Trusts = policy.NewSet(policy.Trust, trust)
			return nil
		})
		if errors.Is(err, store.ErrNotFound) {
			return nil, store.Account{}, nil
		}
		return found, account, err
	})
}

// policiesOf compiles the identity policies of a principal. When one of them is not valid any more, as
// after a change of the language, there are none: to leave out a single one could allow more.
func (s *Service) policiesOf(tx store.Tx, principal store.Key) (*policy.Set, error) {
	list, err := tx.PrincipalPolicies(principal)
	if err != nil {
		return nil, err
	}
	documents := make([]*policy.Document, 0, len(list))
	for _, p := range list {
		if p.Attached {
			ready, ok := policy.LookupReady(p.Name)
			if !ok {
				s.Log.Error("an attached policy does not exist any more: its principal may do nothing", "policy", p.Name)
				return policy.NewSet(policy.Identity), nil
			}
			documents = append(documents, ready.Document)
			continue
		}
		d, err := policy.Parse(policy.Identity, p.Name, []byte(p.Document))
		if err != nil {
			s.Log.Error("a stored policy is not valid any more: its principal may do nothing", "policy", p.Name, "error", err)
			return policy.NewSet(policy.Identity), nil
		}
		documents = append(documents, d)
	}
	return policy.NewSet(policy.Identity, documents...), nil
}

// Tag keys have no case in condition keys.
func foldTags(tags []store.Tag) map[string]string {
	folded := make(map[string]string, len(tags))
	for _, t := range tags {
		folded[policy.Fold(t.Key)] = t.Value
	}
	return folded
}

func (s *Service) iamARN(account, resource string) string {
	return "arn:" + s.Partition + ":iam::" + account + ":" + resource
}

func (s *Service) rootARN(account string) string    { return s.iamARN(account, "root") }
func (s *Service) ownerARN(o store.KeyOwner) string { return s.iamARN(o.Account, "user"+o.Path+o.Name) }
func (s *Service) roleARN(r store.Role) string      { return s.iamARN(r.Account, "role"+r.Path+r.Name) }
