package access

import (
	"context"
	"errors"
	"strings"
	"time"

	"carillon/api"
	"carillon/policy"
	"carillon/store"
)

// AssumeRole begins a session of a role for somebody with keys. The trust policy of the role must let the
// caller; if it names only the caller's account, or the caller is of another account, so must the caller's
// own policies. A role that does not exist is refused like one that does not trust the caller.
func (s *Service) AssumeRole(ctx context.Context, caller *api.Caller, in *AssumeRoleRequest) (*AssumeRoleResponse, error) {
	if err := s.checkAssumeRole(in); err != nil {
		return nil, err
	}
	who := s.principalOf(caller)
	limits, err := newLimits(in.Policy, in.PolicyArns)
	if err != nil {
		return nil, err
	}
	limits.inherit(who.opened)
	if err := limits.tag(in.Tags, in.TransitiveTagKeys); err != nil {
		return nil, err
	}
	r, err := s.roleByARN(ctx, in.RoleArn)
	if err != nil {
		return nil, err
	}
	asked := map[string][]string{"sts:rolesessionname": {in.RoleSessionName}}
	if in.ExternalId != "" {
		asked["sts:externalid"] = []string{in.ExternalId}
	}
	tagKeys(asked, in.Tags, in.TransitiveTagKeys)
	actions := []string{"sts:AssumeRole"}
	if len(in.Tags) > 0 {
		actions = append(actions, "sts:TagSession")
	}
	for _, action := range actions {
		if err := s.mayTake(r, in.RoleArn, action, who, caller, asked); err != nil {
			return nil, err
		}
	}
	chained := who.opened != nil && who.opened.Role != 0
	length, err := s.roleDuration(in.DurationSeconds, r, chained)
	if err != nil {
		return nil, err
	}
	size, err := limits.checkSize()
	if err != nil {
		return nil, err
	}
	begun := &session{Account: r.Account, Role: r.Key, Name: in.RoleSessionName, Limits: limits}
	credentials, err := s.begin(begun, length)
	if err != nil {
		return nil, err
	}
	return &AssumeRoleResponse{Credentials: credentials, AssumedRoleUser: s.assumed(r, begun), PackedPolicySize: size}, nil
}

func (s *Service) checkAssumeRole(in *AssumeRoleRequest) error {
	if err := checkSessionName(in.RoleArn, in.RoleSessionName); err != nil {
		return err
	}
	if in.ExternalId != "" {
		if err := checkText("externalId", in.ExternalId, 2, maxExternalID, externalIDPattern, `[\w+=,.@:\/-]*`); err != nil {
			return err
		}
	}
	if in.SourceIdentity != "" {
		return badRequest(validationError, "SourceIdentity is not supported.")
	}
	return checkFactor(in.SerialNumber, in.TokenCode)
}

// checkFactor refuses second factors: there are none here, and to pass one over would say it was checked.
func checkFactor(serialNumber, code string) error {
	if serialNumber != "" || code != "" {
		return faultf(accessDenied, "MultiFactorAuthentication failed, unable to validate MFA code. There are no MFA devices here.")
	}
	return nil
}

// roleByARN finds a role; nil when there is none.
func (s *Service) roleByARN(ctx context.Context, name string) (*role, error) {
	account, path, ok := s.splitRoleARN(name)
	if !ok {
		return nil, badRequest(validationError, "%s is invalid", clipped(name))
	}
	var key store.Key
	err := s.Store.View(ctx, func(tx store.Tx) error {
		r, err := tx.Role(account, path[strings.LastIndexByte(path, '/')+1:])
		key = r.Key
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r, err := s.role(ctx, key)
	if err != nil || r == nil || r.ARN != name {
		return nil, err
	}
	return r, nil
}

// splitRoleARN takes the ARN of a role apart.
func (s *Service) splitRoleARN(name string) (account, path string, ok bool) {
	rest, ok := strings.CutPrefix(name, "arn:"+s.Partition+":iam::")
	if !ok {
		return "", "", false
	}
	account, path, ok = strings.Cut(rest, ":role/")
	return account, path, ok && len(account) == 12 && path != "" && !strings.HasSuffix(path, "/")
}

// maxClipped bounds what of a caller's own words an error repeats.
const maxClipped = 128

func clipped(s string) string { return strings.ToValidUTF8(s[:min(len(s), maxClipped)], "?") }

// tagKeys adds the condition keys of session tags.
func tagKeys(to map[string][]string, tags []Tag, transitive []string) {
	for _, t := range tags {
		to["aws:requesttag/"+policy.Fold(t.Key)] = []string{t.Value}
		to["aws:tagkeys"] = append(to["aws:tagkeys"], t.Key)
	}
	if len(transitive) > 0 {
		to["sts:transitivetagkeys"] = transitive
	}
}

// roleKeys adds the condition keys of a role's own tags.
func roleKeys(to map[string][]string, r *role) {
	for key, value := range r.Tags {
		to["aws:resourcetag/"+key] = []string{value}
		to["iam:resourcetag/"+key] = []string{value}
	}
}

// mayTake refuses a caller whom a role does not trust, or who may not take it. The role is nil when there
// is none of that name.
func (s *Service) mayTake(r *role, name, action string, who *Principal, caller *api.Caller, asked map[string][]string) error {
	denied := func(reason string) error {
		f := faultf(accessDenied, "User: %s is not authorized to perform: %s on resource: %s", who.ARN, action, clipped(name))
		f.Reason = reason
		return f
	}
	if r == nil || r.Trusts == nil {
		return denied("there is no such role, or its trust policy is not valid")
	}
	roleKeys(asked, r)
	question := &api.AccessRequest{Action: action, Resources: []api.ResourceChoice{{r.ARN}}, Caller: caller,
		Context: func(key string) ([]string, bool) { values, ok := asked[key]; return values, ok }}
	request := &policy.Request{
		Action: action, Resource: r.ARN, Context: who.context(question),
		Principal: policy.Principal{Kind: policy.AWSPrincipal, ARN: who.ARN, Account: who.Account},
	}
	if who.Identity != who.ARN {
		request.Principal.Role = who.Identity
	}
	trust := r.Trusts.Decide(request)
	if !trust.Allowed {
		return denied(trust.String())
	}
	if caller.Grant == nil {
		return nil // the root of its account
	}
	if trust.Delegated || r.Account != who.Account {
		return refused(caller.Grant.Allows(question))
	}
	// The role names the caller: nothing else need allow it, but nothing may deny it either, and a session
	// stays within its own policies.
	if own := who.Policies.Decide(request); own.Explicit || who.Policies.Session != nil && !who.Policies.Session.Decide(request).Allowed {
		return denied(own.String())
	}
	return nil
}

// begin makes the credentials of a session that lasts so long.
func (s *Service) begin(begun *session, length time.Duration) (*Credentials, error) {
	begun.AccessKeyID = newTemporaryID()
	begun.Issued = s.now()
	begun.Expires = begun.Issued.Truncate(time.Second).Add(length) // which is what is told
	token, err := s.tokens.seal(begun)
	if errors.Is(err, errTooLarge) {
		return nil, badRequest(packedPolicyTooLarge, "The session does not fit into a token, please use smaller policies or fewer tags.")
	}
	if err != nil {
		return nil, err
	}
	return &Credentials{
		AccessKeyId: begun.AccessKeyID, SecretAccessKey: s.tokens.secret(begun.AccessKeyID), SessionToken: token, Expiration: begun.Expires,
	}, nil
}

func (s *Service) assumed(r *role, begun *session) *AssumedRoleUser {
	return &AssumedRoleUser{AssumedRoleId: roleID(r.Key) + ":" + begun.Name, Arn: s.sessionARN(r, begun)}
}

func (s *Service) sessionARN(r *role, begun *session) string {
	return "arn:" + s.Partition + ":sts::" + r.Account + ":assumed-role/" + r.Name + "/" + begun.Name
}
