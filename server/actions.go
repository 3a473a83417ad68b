package server

import (
	"context"
	"errors"
	"net/http"
	"reflect"

	"carillon/access"
	"carillon/api"
	"carillon/auth"
	"carillon/query"
	"carillon/throttle"
	"carillon/webidentity"
)

// anyRegion are the regions that SDKs sign for when they know one endpoint of STS or IAM only, beside the
// server's own.
var anyRegion = []string{"us-east-1", "aws-global"}

// openQuery makes the room of the actions of STS and IAM.
func (s *Server) openQuery(authenticator *auth.Authenticator, principals *throttle.Principals, gate *throttle.Gate) http.Handler {
	options := query.Options{
		Services: actions(s.access),
		Authenticate: func(service string, r *http.Request, body []byte) (*api.Caller, error) {
			return authenticator.AuthenticateFor(service, r, body, anyRegion...)
		},
		Verify: gate.Enter, Enter: principals.Enter, Audit: s.actionWitness(), Explain: s.config.Explain,
		Words: words, Log: s.log, Metrics: s.metrics, BodyTimeout: s.config.BodyTimeout,
	}
	if !s.config.anyOrigin() {
		options.AllowedOrigins = s.config.AllowedOrigins
	}
	return query.New(options)
}

// actionWitness is told of actions, and adds the names of users and roles that they are about.
func (s *Server) actionWitness() api.Witness {
	witness := s.witness()
	if witness == nil {
		return nil
	}
	return func(d *api.Deed) {
		if d.Caller != nil && d.Input != nil {
			in := reflect.ValueOf(d.Input).Elem()
			for member, kind := range map[string]string{"UserName": "user", "RoleName": "role"} {
				if name := in.FieldByName(member); name.IsValid() && name.String() != "" {
					d.Resources = append(d.Resources, "arn:"+partition+":iam::"+d.Caller.Account+":"+kind+"/"+name.String())
				}
			}
		}
		witness(d)
	}
}

// withActions has requests for actions answered by one handler, and all others by the next.
func withActions(actions, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if query.Serves(r) {
			actions.ServeHTTP(w, r)
		} else {
			next.ServeHTTP(w, r)
		}
	})
}

// actions are all that can be asked for. The last of IAM are Carillon's own.
func actions(a *access.Service) []query.Service {
	return []query.Service{
		{Name: "sts", Version: "2011-06-15", Namespace: "https://sts.amazonaws.com/doc/2011-06-15/", Actions: []query.Action{
			query.Do("AssumeRole", a.AssumeRole),
			query.DoUnsigned("AssumeRoleWithWebIdentity", a.AssumeRoleWithWebIdentity),
			query.Do("GetCallerIdentity", a.GetCallerIdentity),
			query.Do("GetSessionToken", a.GetSessionToken),
		}},
		{Name: "iam", Version: "2010-05-08", Namespace: "https://iam.amazonaws.com/doc/2010-05-08/", Actions: []query.Action{
			query.Do("CreateUser", a.CreateUser),
			query.Do("GetUser", a.GetUser),
			query.Do("ListUsers", a.ListUsers),
			query.Do("DeleteUser", a.DeleteUser),

			query.Do("CreateAccessKey", a.CreateAccessKey),
			query.Do("ListAccessKeys", a.ListAccessKeys),
			query.Do("UpdateAccessKey", a.UpdateAccessKey),
			query.Do("DeleteAccessKey", a.DeleteAccessKey),
			query.Do("GetAccessKeyLastUsed", a.GetAccessKeyLastUsed),

			query.Do("PutUserPolicy", a.PutUserPolicy),
			query.Do("GetUserPolicy", a.GetUserPolicy),
			query.Do("DeleteUserPolicy", a.DeleteUserPolicy),
			query.Do("ListUserPolicies", a.ListUserPolicies),
			query.Do("AttachUserPolicy", a.AttachUserPolicy),
			query.Do("DetachUserPolicy", a.DetachUserPolicy),
			query.Do("ListAttachedUserPolicies", a.ListAttachedUserPolicies),

			query.Do("CreateRole", a.CreateRole),
			query.Do("GetRole", a.GetRole),
			query.Do("ListRoles", a.ListRoles),
			query.Do("UpdateRole", a.UpdateRole),
			query.Do("UpdateAssumeRolePolicy", a.UpdateAssumeRolePolicy),
			query.Do("DeleteRole", a.DeleteRole),
			query.Do("TagRole", a.TagRole),
			query.Do("UntagRole", a.UntagRole),
			query.Do("ListRoleTags", a.ListRoleTags),

			query.Do("PutRolePolicy", a.PutRolePolicy),
			query.Do("GetRolePolicy", a.GetRolePolicy),
			query.Do("DeleteRolePolicy", a.DeleteRolePolicy),
			query.Do("ListRolePolicies", a.ListRolePolicies),
			query.Do("AttachRolePolicy", a.AttachRolePolicy),
			query.Do("DetachRolePolicy", a.DetachRolePolicy),
			query.Do("ListAttachedRolePolicies", a.ListAttachedRolePolicies),

			query.Do("CreateOpenIDConnectProvider", a.CreateOpenIDConnectProvider),
			query.Do("GetOpenIDConnectProvider", a.GetOpenIDConnectProvider),
			query.Do("ListOpenIDConnectProviders", a.ListOpenIDConnectProviders),
			query.Do("DeleteOpenIDConnectProvider", a.DeleteOpenIDConnectProvider),
			query.Do("AddClientIDToOpenIDConnectProvider", a.AddClientIDToOpenIDConnectProvider),
			query.Do("RemoveClientIDFromOpenIDConnectProvider", a.RemoveClientIDFromOpenIDConnectProvider),

			query.Do("RotateAccessKey", a.RotateAccessKey),
			query.Do("RevokeRoleSessions", a.RevokeRoleSessions),
			query.Do("CreateAccount", a.CreateAccount),
			query.Do("ListAccounts", a.ListAccounts),
			query.Do("DeleteAccount", a.DeleteAccount),
		}},
	}
}

// words are those of the errors of actions.
func words(err error) *query.Fault {
	var f *access.Fault
	if !errors.As(err, &f) {
		return nil
	}
	return &query.Fault{Code: f.Code, Message: f.Message, Status: f.Status, Reason: f.Reason}
}

// identities lets those who keep roles ask about tokens.
type identities struct{ *webidentity.Verifier }

var _ access.Identities = identities{}

// Issuer implements access.Identities.
func (i identities) Issuer(token string) (string, error) {
	issuer, err := webidentity.Issuer(token)
	return issuer, disbelief(err)
}

// Verify implements access.Identities.
func (i identities) Verify(ctx context.Context, issuer string, clients []string, token string) (*access.Assertion, error) {
	said, err := i.Verifier.Verify(ctx, issuer, clients, token)
	if err != nil {
		return nil, disbelief(err)
	}
	assertion := &access.Assertion{Subject: said.Subject, Audience: said.Audience, Claims: said.Claims, TransitiveTags: said.TransitiveTags}
	for key, value := range said.Tags {
		assertion.Tags = append(assertion.Tags, access.Tag{Key: key, Value: value})
	}
	return assertion, nil
}

// disbelief words why a token is not believed. What is wrong with an issuer is for the log alone.
func disbelief(err error) error {
	switch {
	case errors.Is(err, webidentity.ErrExpired):
		return &access.Fault{Code: "ExpiredTokenException", Message: err.Error(), Status: http.StatusBadRequest}
	case errors.Is(err, webidentity.ErrInvalid):
		return &access.Fault{Code: "InvalidIdentityToken", Message: err.Error(), Status: http.StatusBadRequest}
	case errors.Is(err, webidentity.ErrUnreachable):
		return &access.Fault{Code: "IDPCommunicationError", Message: "The identity provider cannot be asked now.", Status: http.StatusBadRequest, Reason: err.Error()}
	default:
		return err
	}
}
