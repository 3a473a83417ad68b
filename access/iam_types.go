package access

import "time"

// The inputs and outputs of the actions, in the spelling of IAM's model. Actions that IAM does not have are
// at the end.

// Nothing is the output of actions that answer nothing.
type Nothing struct{}

// Tag is a tag of a user or a role.
type Tag struct{ Key, Value string }

// User is an owner of access keys.
type User struct {
	Path, UserName, UserId, Arn string
	CreateDate                  time.Time
	Tags                        []Tag
}

type CreateUserRequest struct {
	Path, UserName string
	Tags           []Tag
}
type CreateUserResult struct{ User User }
type GetUserRequest struct{ UserName string }
type GetUserResult struct{ User User }
type DeleteUserRequest struct{ UserName string }

type ListUsersRequest struct {
	PathPrefix, Marker string
	MaxItems           int
}
type ListUsersResult struct {
	Users       []User
	IsTruncated bool
	Marker      string
}

// AccessKey is an access key with its secret, which is told once.
type AccessKey struct {
	UserName, AccessKeyId, Status, SecretAccessKey string
	CreateDate                                     time.Time
}

// AccessKeyMetadata is an access key as it is listed.
type AccessKeyMetadata struct {
	UserName, AccessKeyId, Status string
	CreateDate                    time.Time
}

// AccessKeyLastUsed is when an access key was used last. The time is zero when it never was.
type AccessKeyLastUsed struct {
	LastUsedDate        time.Time
	ServiceName, Region string
}

type CreateAccessKeyRequest struct{ UserName string }
type CreateAccessKeyResult struct{ AccessKey AccessKey }
type ListAccessKeysRequest struct {
	UserName, Marker string
	MaxItems         int
}
type ListAccessKeysResult struct {
	AccessKeyMetadata []AccessKeyMetadata
	IsTruncated       bool
	Marker            string
}
type UpdateAccessKeyRequest struct{ UserName, AccessKeyId, Status string }
type DeleteAccessKeyRequest struct{ UserName, AccessKeyId string }
type GetAccessKeyLastUsedRequest struct{ AccessKeyId string }
type GetAccessKeyLastUsedResult struct {
	UserName          string
	AccessKeyLastUsed AccessKeyLastUsed
}

// AttachedPolicy is a policy that is attached to a user or a role.
type AttachedPolicy struct{ PolicyName, PolicyArn string }

type PutUserPolicyRequest struct{ UserName, PolicyName, PolicyDocument string }
type GetUserPolicyRequest struct{ UserName, PolicyName string }
type GetUserPolicyResult struct{ UserName, PolicyName, PolicyDocument string }
type DeleteUserPolicyRequest struct{ UserName, PolicyName string }
type ListUserPoliciesRequest struct {
	UserName, Marker string
	MaxItems         int
}
type ListUserPoliciesResult struct {
	PolicyNames []string
	IsTruncated bool
	Marker      string
}
type AttachUserPolicyRequest struct{ UserName, PolicyArn string }
type DetachUserPolicyRequest struct{ UserName, PolicyArn string }
type ListAttachedUserPoliciesRequest struct {
	UserName, PathPrefix, Marker string
	MaxItems                     int
}
type ListAttachedUserPoliciesResult struct {
	AttachedPolicies []AttachedPolicy
	IsTruncated      bool
	Marker           string
}

type PutRolePolicyRequest struct{ RoleName, PolicyName, PolicyDocument string }
type GetRolePolicyRequest struct{ RoleName, PolicyName string }
type GetRolePolicyResult struct{ RoleName, PolicyName, PolicyDocument string }
type DeleteRolePolicyRequest struct{ RoleName, PolicyName string }
type ListRolePoliciesRequest struct {
	RoleName, Marker string
	MaxItems         int
}
type ListRolePoliciesResult struct {
	PolicyNames []string
	IsTruncated bool
	Marker      string
}
type AttachRolePolicyRequest struct{ RoleName, PolicyArn string }
type DetachRolePolicyRequest struct{ RoleName, PolicyArn string }
type ListAttachedRolePoliciesRequest struct {
	RoleName, PathPrefix, Marker string
	MaxItems                     int
}
type ListAttachedRolePoliciesResult struct {
	AttachedPolicies []AttachedPolicy
	IsTruncated      bool
	Marker           string
}

// Role is a role.
type Role struct {
	Path, RoleName, RoleId, Arn string
	CreateDate                  time.Time
	AssumeRolePolicyDocument    string
	Description                 string
	MaxSessionDuration          int
	Tags                        []Tag
}

type CreateRoleRequest struct {
	Path, RoleName, AssumeRolePolicyDocument, Description string
	MaxSessionDuration                                    int
	Tags                                                  []Tag
}
type CreateRoleResult struct{ Role Role }
type GetRoleRequest struct{ RoleName string }
type GetRoleResult struct{ Role Role }
type ListRolesRequest struct {
	PathPrefix, Marker string
	MaxItems           int
}
type ListRolesResult struct {
	Roles       []Role
	IsTruncated bool
	Marker      string
}
type UpdateRoleRequest struct {
	RoleName           string
	Description        *string
	MaxSessionDuration int
}
type UpdateRoleResult struct{}
type UpdateAssumeRolePolicyRequest struct{ RoleName, PolicyDocument string }
type DeleteRoleRequest struct{ RoleName string }
type TagRoleRequest struct {
	RoleName string
	Tags     []Tag
}
type UntagRoleRequest struct {
	RoleName string
	TagKeys  []string
}
type ListRoleTagsRequest struct {
	RoleName, Marker string
	MaxItems         int
}
type ListRoleTagsResult struct {
	Tags        []Tag
	IsTruncated bool
	Marker      string
}

// OpenIDConnectProviderListEntry is an identity provider as it is listed.
type OpenIDConnectProviderListEntry struct{ Arn string }

type CreateOpenIDConnectProviderRequest struct {
	Url                          string
	ClientIDList, ThumbprintList []string
}
type CreateOpenIDConnectProviderResult struct{ OpenIDConnectProviderArn string }
type GetOpenIDConnectProviderRequest struct{ OpenIDConnectProviderArn string }
type GetOpenIDConnectProviderResult struct {
	Url                          string
	ClientIDList, ThumbprintList []string
	CreateDate                   time.Time
}
type ListOpenIDConnectProvidersRequest struct{}
type ListOpenIDConnectProvidersResult struct {
	OpenIDConnectProviderList []OpenIDConnectProviderListEntry
}
type DeleteOpenIDConnectProviderRequest struct{ OpenIDConnectProviderArn string }
type AddClientIDToOpenIDConnectProviderRequest struct{ OpenIDConnectProviderArn, ClientID string }
type RemoveClientIDFromOpenIDConnectProviderRequest struct{ OpenIDConnectProviderArn, ClientID string }

// RotateAccessKey is ours: it makes a key in place of another, which it disables, both or neither.
type RotateAccessKeyRequest struct{ UserName, AccessKeyId string }
type RotateAccessKeyResult struct{ AccessKey AccessKey }

// RevokeRoleSessions is ours: it ends all sessions of a role that there are.
type RevokeRoleSessionsRequest struct{ RoleName string }
type RevokeRoleSessionsResult struct{ RevokedBefore time.Time }

// Account is an account of this server. Accounts are ours.
type Account struct {
	AccountId, AccountName string
	CreateDate             time.Time
}

type CreateAccountRequest struct{ AccountId, AccountName string }
type CreateAccountResult struct {
	Account   Account
	AccessKey AccessKey
}
type ListAccountsRequest struct {
	Marker   string
	MaxItems int
}
type ListAccountsResult struct {
	Accounts    []Account
	IsTruncated bool
	Marker      string
}
type DeleteAccountRequest struct{ AccountId string }
