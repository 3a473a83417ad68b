package access

import (
	"context"
	"errors"
	"strings"

	"carillon/api"
	"carillon/arn"
	"carillon/policy"
	"carillon/store"
)

// Identities knows whether to believe the tokens of identity providers. Its errors are *Fault, or faults of
// ours. It is safe for concurrent use.
type Identities interface {
	// Issuer reads who a token says that it is from, without believing it.
	Issuer(token string) (string, error)
	// Verify believes a token that an issuer made for one of some clients.
	Verify(ctx context.Context, issuer string, clients []string, token string) (*Assertion, error)
}

// Assertion is what a token says that is believed.
type Assertion struct {
	Subject  string
	Audience string
	// Claims are by their names.
	Claims         map[string][]string
	Tags           []Tag
	TransitiveTags []string
}

const (
	// createUserTag on a role names the app instance in which whoever takes it by a token becomes a user.
	createUserTag = "carillon:createuserin"
	// userTag is the tag of a session that says which user it is; the policies for end users go by it.
	userTag = "UserUUID"
)

// AssumeRoleWithWebIdentity begins a session of a role for somebody with a token of an identity provider
// that the role's account believes. Nobody signs the request: the caller says only where it comes from. A
// token counts until it expires, as often as it is shown.
func (s *Service) AssumeRoleWithWebIdentity(ctx context.Context, caller *api.Caller, in *AssumeRoleWithWebIdentityRequest) (*AssumeRoleWithWebIdentityResponse, error) {
	if err := checkSessionName(in.RoleArn, in.RoleSessionName); err != nil {
		return nil, err
	}
	if err := checkText("webIdentityToken", in.WebIdentityToken, 4, 20000, nil, ""); err != nil {
		return nil, err
	}
	if in.ProviderId != "" {
		return nil, badRequest(validationError, "ProviderId is for OAuth 2.0 access tokens, which are not supported.")
	}
	limits, err := newLimits(in.Policy, in.PolicyArns)
	if err != nil {
		return nil, err
	}
	account, _, ok := s.splitRoleARN(in.RoleArn)
	if !ok {
		return nil, badRequest(validationError, "%s is invalid", clipped(in.RoleArn))
	}
	issuer, said, err := s.believe(ctx, account, in.WebIdentityToken)
	if err != nil {
		return nil, err
	}
	r, err := s.roleByARN(ctx, in.RoleArn)
	if err != nil {
		return nil, err
	}
	if err := s.mayTakeByToken(r, caller, in.RoleSessionName, issuer, said); err != nil {
		return nil, err
	}
	if err := limits.tag(said.Tags, said.TransitiveTags); err != nil {
		return nil, err
	}
	length, err := s.roleDuration(in.DurationSeconds, r, false)
	if err != nil {
		return nil, err
	}
	if err := s.welcome(ctx, r, said, &limits); err != nil {
		return nil, err
	}
	size, err := limits.checkSize()
	if err != nil {
		return nil, err
	}
	begun := &session{Account: r.Account, Role: r.Key, Name: in.RoleSessionName, Limits: limits, Web: &webIdentity{
		Issuer: providerOf(issuer), Subject: said.Subject, Audience: said.Audience, Methods: said.Claims["amr"],
	}}
	credentials, err := s.begin(begun, length)
	if err != nil {
		return nil, err
	}
	return &AssumeRoleWithWebIdentityResponse{
		Credentials: credentials, AssumedRoleUser: s.assumed(r, begun), PackedPolicySize: size,
		SubjectFromWebIdentityToken: said.Subject, Audience: said.Audience, Provider: issuer,
	}, nil
}

// believe finds the provider that a token is from among those of an account, and has the token verified.
func (s *Service) believe(ctx context.Context, account, token string) (issuer string, said *Assertion, err error) {
	if issuer, err = s.Identities.Issuer(token); err != nil {
		return "", nil, err
	}
	var provider store.IdentityProvider
	err = s.Store.View(ctx, func(tx store.Tx) error {
		if provider, err = tx.IdentityProvider(account, registered(issuer)); err != nil {
			return err
		}
		_, err = tx.Account(account)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return "", nil, badRequest(invalidIdentityToken, "No OpenIDConnect provider found in your account for %s", clipped(issuer))
	}
	if err != nil {
		return "", nil, err
	}
	said, err = s.Identities.Verify(ctx, issuer, provider.ClientIDs, token)
	return issuer, said, err
}

// registered is the URL of an issuer as providers are kept by.
func registered(issuer string) string {
	return strings.TrimSuffix(strings.TrimPrefix(issuer, "https://"), "/")
}

// providerOf is the URL of an issuer as ARNs and condition keys name it.
func providerOf(issuer string) string { return strings.TrimPrefix(registered(issuer), plain) }

// mayTakeByToken refuses somebody whom a role does not trust.
func (s *Service) mayTakeByToken(r *role, caller *api.Caller, name, issuer string, said *Assertion) error {
	const action = "sts:AssumeRoleWithWebIdentity"
	if r == nil || r.Trusts == nil {
		f := faultf(accessDenied, "Not authorized to perform %s", action)
		f.Reason = "there is no such role, or its trust policy is not valid"
		return f
	}
	asked := map[string][]string{"sts:rolesessionname": {name}}
	provider := providerOf(issuer)
	for claim, values := range said.Claims {
		asked[policy.Fold(provider+":"+claim)] = values
		asked[policy.Fold("jwt:"+claim)] = values
	}
	for _, prefix := range []string{provider, "jwt"} {
		asked[policy.Fold(prefix+":sub")] = []string{said.Subject}
		asked[policy.Fold(prefix+":aud")] = []string{said.Audience}
	}
	tagKeys(asked, said.Tags, said.TransitiveTags)
	roleKeys(asked, r)
	nobody := &Principal{service: s, ARN: s.providerARN(r.Account, provider)}
	question := &api.AccessRequest{Caller: caller, Context: func(key string) ([]string, bool) { values, ok := asked[key]; return values, ok }}
	request := &policy.Request{
		Resource: r.ARN, Context: nobody.context(question),
		Principal: policy.Principal{Kind: policy.FederatedPrincipal, ARN: nobody.ARN},
	}
	actions := []string{action}
	if len(said.Tags) > 0 {
		actions = append(actions, "sts:TagSession")
	}
	for _, action := range actions {
		request.Action = action
		if trust := r.Trusts.Decide(request); !trust.Allowed {
			f := faultf(accessDenied, "Not authorized to perform %s", action)
			f.Reason = trust.String()
			return f
		}
	}
	return nil
}

// welcome makes whoever comes a user of the app instance that the role names, if it names one. Who has no
// tag that says which user it is, is the one of its subject.
func (s *Service) welcome(ctx context.Context, r *role, said *Assertion, limits *sessionLimits) error {
	instance := r.Tags[createUserTag]
	if instance == "" {
		return nil
	}
	user := ""
	for key, value := range limits.Tags {
		if strings.EqualFold(key, userTag) {
			user = value
		}
	}
	if user == "" {
		user = said.Subject
		if err := limits.tag([]Tag{{Key: userTag, Value: user}}, nil); err != nil {
			return &Fault{Code: idpRejectedClaim, Message: "The subject of the token cannot be the id of a user.", Status: 403}
		}
	}
	name := user
	if names := said.Claims["name"]; len(names) == 1 && names[0] != "" {
		name = names[0]
	}
	a, err := arn.Parse(instance)
	if err != nil || a.Kind != arn.AppInstance || a.Account != r.Account || s.RegisterUser == nil {
		return faultf(accessDenied, "The tag carillon:CreateUserIn of the role names no app instance of its account.")
	}
	err = s.RegisterUser(ctx, r.Account, a.String(), user, name)
	var stated *api.Error
	if errors.As(err, &stated) && stated.Kind != api.ServiceFailure && stated.Kind != api.ServiceUnavailable && stated.Kind != api.Throttled {
		return &Fault{Code: idpRejectedClaim, Message: "The user cannot be created: " + stated.Message, Status: 403, Reason: stated.Reason}
	}
	return err
}
