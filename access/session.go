package access

import (
	"context"
	"strings"
	"sync/atomic"

	"carillon/api"
	"carillon/policy"
)

// maxOpened bounds the sessions that are kept opened: those who call at the same time, and to spare.
const maxOpened = 8192

// opened is a session whose token was opened, with what follows from it alone.
type opened struct {
	*session
	secret string
	// limits are the session's policies; nil when it has none.
	limits *policy.Set
	// latest is who the session was when it was last looked at.
	latest atomic.Pointer[sessionPrincipal]
}

// sessionPrincipal is who a session is, and what that was made from: as long as this is the same, so is
// who it is.
type sessionPrincipal struct {
	role  *role
	grant api.Grant
	key   Key
}

// lookupSession finds a temporary key by its token. It reports false for a token that is none of this
// server, or whose role, or key, is not there any more.
func (s *Service) lookupSession(ctx context.Context, id, token string) (Key, bool, error) {
	o, ok := s.opened.Get(token)
	if !ok {
		begun, ok := s.tokens.open(token)
		if !ok {
			return Key{}, false, nil
		}
		limits, err := begun.Limits.policies()
		if err != nil {
			return Key{}, false, err
		}
		o = &opened{session: begun, secret: s.tokens.secret(begun.AccessKeyID), limits: limits}
		s.opened.Add(strings.Clone(token), o) // which is a part of a request
	}
	if o.AccessKeyID != id {
		return Key{}, false, nil
	}
	return s.keyOf(ctx, o)
}

// keyOf is the key of a session as it is now.
func (s *Service) keyOf(ctx context.Context, o *opened) (Key, bool, error) {
	if o.Role == 0 {
		return s.keyOfParent(ctx, o)
	}
	r, err := s.role(ctx, o.Role)
	if err != nil || r == nil {
		return Key{}, false, err
	}
	if latest := o.latest.Load(); latest != nil && latest.role == r {
		return latest.key, true, nil
	}
	p := s.rolePrincipal(r, o)
	key := Key{ID: o.AccessKeyID, Secret: o.secret, Account: o.Account, Principal: p.ARN, Grant: p, Expires: o.Expires}
	o.latest.Store(&sessionPrincipal{role: r, key: key})
	return key, true, nil
}

// revoked denies everything, as the policy does that AWS puts on a role whose sessions are revoked.
var revoked = func() *policy.Set {
	const text = `{"Version":"2012-10-17","Statement":{"Sid":"RevokeOlderSessions","Effect":"Deny","Action":"*","Resource":"*"}}`
	d, err := policy.Parse(policy.Identity, "RevokeOlderSessions", []byte(text))
	if err != nil {
		panic("access: " + err.Error()) // the text is a constant
	}
	return policy.NewSet(policy.Identity, d)
}()

// rolePrincipal is the session of a role as decisions see it.
func (s *Service) rolePrincipal(r *role, o *opened) *Principal {
	p := &Principal{
		service: s, Account: o.Account, ARN: s.sessionARN(r, o.session), Identity: r.ARN, Type: "AssumedRole", UserID: roleID(r.Key) + ":" + o.Name,
		Tags: make(map[string]string, len(r.Tags)+len(o.Limits.Tags)), Issued: o.Issued, opened: o,
		Policies: policy.Policies{Identity: r.Policies, Session: o.limits},
	}
	for key, value := range r.Tags {
		p.Tags[key] = value
	}
	for key, value := range o.Limits.Tags {
		p.Tags[policy.Fold(key)] = value
	}
	if w := o.Web; w != nil {
		p.Claims = map[string][]string{"aws:federatedprovider": {s.providerARN(o.Account, w.Issuer)}}
		for _, prefix := range []string{policy.Fold(w.Issuer), "jwt"} {
			p.Claims[prefix+":sub"], p.Claims[prefix+":aud"] = []string{w.Subject}, []string{w.Audience}
			if len(w.Methods) > 0 {
				p.Claims[prefix+":amr"] = w.Methods
			}
		}
	}
	if !r.RevokedBefore.IsZero() && !o.Issued.After(r.RevokedBefore) {
		p.Policies.Identity = revoked
	}
	return p
}

// keyOfParent is the key of a session of an owner of keys, or of the root: it may what the key may that it
// was begun with, for as long as that may.
func (s *Service) keyOfParent(ctx context.Context, o *opened) (Key, bool, error) {
	parent, known, err := s.Lookup(ctx, o.Parent, "")
	if err != nil || !known || parent.Disabled || parent.Account != o.Account {
		return Key{}, false, err
	}
	if latest := o.latest.Load(); latest != nil && latest.grant == parent.Grant {
		return latest.key, true, nil
	}
	p := s.rootPrincipal(o.Account)
	if owner, ok := parent.Grant.(*Principal); ok {
		copied := *owner
		p = &copied
	}
	p.Issued, p.opened = o.Issued, o
	grant := &sessionOfKey{Principal: p, root: parent.Grant == nil}
	key := Key{ID: o.AccessKeyID, Secret: o.secret, Account: o.Account, Principal: parent.Principal, Grant: grant, Expires: o.Expires}
	o.latest.Store(&sessionPrincipal{grant: parent.Grant, key: key})
	return key, true, nil
}

// rootPrincipal is the root of an account as conditions see it.
func (s *Service) rootPrincipal(account string) *Principal {
	root := s.rootARN(account)
	return &Principal{service: s, Account: account, ARN: root, Identity: root, Type: "Account", UserID: account}
}

// sessionOfKey is what temporary credentials of a key may do: what the key may, but for the actions that
// would outlive them.
type sessionOfKey struct {
	*Principal
	root bool
}

// Allows implements api.Grant.
func (k *sessionOfKey) Allows(r *api.AccessRequest) error {
	service, _, _ := strings.Cut(r.Action, ":")
	if service == "iam" || service == "sts" && r.Action != "sts:AssumeRole" && r.Action != "sts:TagSession" {
		return &api.Error{
			Kind: api.AccessDenied, Message: "User: " + k.ARN + " is not authorized to perform: " + r.Action + " with the temporary credentials of a key",
			Reason: "credentials of GetSessionToken call no actions of IAM, and of STS AssumeRole and GetCallerIdentity only",
		}
	}
	if k.root {
		return nil
	}
	return k.Principal.Allows(r)
}

// principalOf is who a caller is.
func (s *Service) principalOf(caller *api.Caller) *Principal {
	switch grant := caller.Grant.(type) {
	case *Principal:
		return grant
	case *sessionOfKey:
		return grant.Principal
	default:
		return s.rootPrincipal(caller.Account)
	}
}

// GetSessionToken makes temporary credentials of the caller itself. They end with the key that asked for
// them.
func (s *Service) GetSessionToken(_ context.Context, caller *api.Caller, in *GetSessionTokenRequest) (*GetSessionTokenResponse, error) {
	if err := checkFactor(in.SerialNumber, in.TokenCode); err != nil {
		return nil, err
	}
	if !caller.Expires.IsZero() {
		return nil, faultf(accessDenied, "Cannot call GetSessionToken with session credentials")
	}
	length, err := s.duration(in.DurationSeconds, defaultOfKeys, maxTokenSession)
	if err != nil {
		return nil, err
	}
	if caller.Grant == nil {
		length = min(length, maxRootSession)
	}
	credentials, err := s.begin(&session{Account: caller.Account, Parent: strings.Clone(caller.AccessKeyID)}, length)
	if err != nil {
		return nil, err
	}
	return &GetSessionTokenResponse{Credentials: credentials}, nil
}

// GetCallerIdentity says who the caller is. Nobody may be kept from asking.
func (s *Service) GetCallerIdentity(_ context.Context, caller *api.Caller, _ *GetCallerIdentityRequest) (*GetCallerIdentityResponse, error) {
	who := s.principalOf(caller)
	return &GetCallerIdentityResponse{UserId: who.UserID, Account: caller.Account, Arn: caller.Principal}, nil
}

// Renew looks a caller up again who was found a while ago. It reports false when the caller's key, or the
// role that it had taken, is not there any more, or has expired.
func (s *Service) Renew(ctx context.Context, caller *api.Caller) (*api.Caller, bool, error) {
	var key Key
	var known bool
	var err error
	if o := s.principalOf(caller).opened; o != nil {
		key, known, err = s.keyOf(ctx, o)
	} else {
		key, known, err = s.Lookup(ctx, caller.AccessKeyID, "")
	}
	if err != nil || !known || key.Disabled || !key.Expires.IsZero() && !s.now().Before(key.Expires) {
		return nil, false, err
	}
	renewed := *caller
	renewed.Grant, renewed.Expires = key.Grant, key.Expires
	return &renewed, true, nil
}
