package access

import "time"

// The inputs and outputs of STS, in its names.

// Credentials are temporary: they sign requests until they expire, with the token.
type Credentials struct {
	AccessKeyId     string
	SecretAccessKey string
	SessionToken    string
	Expiration      time.Time
}

// AssumedRoleUser is the session of a role.
type AssumedRoleUser struct {
	AssumedRoleId string
	Arn           string
}

// PolicyDescriptorType names a managed policy.
type PolicyDescriptorType struct {
	Arn string `query:"arn"`
}

// AssumeRoleRequest asks for a session of a role, by somebody with keys.
type AssumeRoleRequest struct {
	RoleArn           string
	RoleSessionName   string
	PolicyArns        []PolicyDescriptorType
	Policy            string
	DurationSeconds   *int32
	Tags              []Tag
	TransitiveTagKeys []string
	ExternalId        string
	SerialNumber      string
	TokenCode         string
	SourceIdentity    string
}

// AssumeRoleResponse is the session.
type AssumeRoleResponse struct {
	Credentials      *Credentials
	AssumedRoleUser  *AssumedRoleUser
	PackedPolicySize *int32
}

// AssumeRoleWithWebIdentityRequest asks for a session of a role, by somebody with a token of an identity
// provider.
type AssumeRoleWithWebIdentityRequest struct {
	RoleArn          string
	RoleSessionName  string
	WebIdentityToken string
	ProviderId       string
	PolicyArns       []PolicyDescriptorType
	Policy           string
	DurationSeconds  *int32
}

// AssumeRoleWithWebIdentityResponse is the session, and who it is according to the identity provider.
type AssumeRoleWithWebIdentityResponse struct {
	Credentials                 *Credentials
	SubjectFromWebIdentityToken string
	AssumedRoleUser             *AssumedRoleUser
	PackedPolicySize            *int32
	Provider                    string
	Audience                    string
}

// GetSessionTokenRequest asks for temporary credentials of the caller itself.
type GetSessionTokenRequest struct {
	DurationSeconds *int32
	SerialNumber    string
	TokenCode       string
}

// GetSessionTokenResponse is the credentials.
type GetSessionTokenResponse struct {
	Credentials *Credentials
}

// GetCallerIdentityRequest asks who the caller is.
type GetCallerIdentityRequest struct{}

// GetCallerIdentityResponse says it.
type GetCallerIdentityResponse struct {
	UserId  string
	Account string
	Arn     string
}
