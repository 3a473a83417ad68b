package access

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"carillon/api"
	"carillon/policy"
	"carillon/store"
	"carillon/store/storetest"
)

func TestUsers(t *testing.T) {
	h := newHouse(t)
	ctx, root := t.Context(), h.root(home)

	t.Run("a user is told of as it was made", func(t *testing.T) {
		made := done[CreateUserResult](t)(h.CreateUser(ctx, root, &CreateUserRequest{UserName: "Alice", Path: "/team/", Tags: []Tag{{"Dep", "A b"}}})).User
		if made.Arn != "arn:aws:iam::123456789012:user/team/Alice" || !strings.HasPrefix(made.UserId, "AIDA") || len(made.UserId) != 21 || made.CreateDate != h.clock() {
			t.Errorf("got %+v", made)
		}
		got := done[GetUserResult](t)(h.GetUser(ctx, root, &GetUserRequest{UserName: "alice"})).User
		if got.Arn != made.Arn || got.UserId != made.UserId || !slices.Equal(got.Tags, made.Tags) {
			t.Errorf("got %+v, want %+v", got, made)
		}
	})
	t.Run("names are not told apart by case", func(t *testing.T) {
		faulty(t, second(h.CreateUser(ctx, root, &CreateUserRequest{UserName: "ALICE"})), entityAlreadyExists, "ALICE")
	})
	t.Run("the root is told of itself", func(t *testing.T) {
		if got := done[GetUserResult](t)(h.GetUser(ctx, root, &GetUserRequest{})).User; got.Arn != "arn:aws:iam::123456789012:root" {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("a user without a name is whoever calls", func(t *testing.T) {
		k := h.user("selfish", allowed)
		if got := done[GetUserResult](t)(h.GetUser(ctx, h.as(k.AccessKeyId), &GetUserRequest{})).User; got.UserName != "selfish" {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("what cannot be is refused", func(t *testing.T) {
		for _, in := range []CreateUserRequest{
			{}, {UserName: strings.Repeat("a", 65)}, {UserName: "a b"}, {UserName: "a/b"}, {UserName: "é"}, {UserName: "a\n"},
			{UserName: "u", Path: "team"}, {UserName: "u", Path: "/team"}, {UserName: "u", Path: "/t eam/"}, {UserName: "u", Path: "/" + strings.Repeat("a", 512) + "/"},
			{UserName: "u", Tags: []Tag{{"", "x"}}}, {UserName: "u", Tags: []Tag{{"aws:x", "x"}}}, {UserName: "u", Tags: []Tag{{"a", "1"}, {"A", "2"}}},
			{UserName: "u", Tags: []Tag{{"a", strings.Repeat("x", 257)}}}, {UserName: "u", Tags: []Tag{{"a", "\x00"}}},
		} {
			faulty(t, second(h.CreateUser(ctx, root, &in)), validationError, "1 validation error detected")
		}
		faulty(t, second(h.CreateUser(ctx, root, &CreateUserRequest{UserName: "u", Tags: make([]Tag, 51)})), limitExceeded, "50")
	})
	t.Run("a user with keys or policies cannot be deleted", func(t *testing.T) {
		k := h.user("busy", allowed)
		del := func() error { return second(h.DeleteUser(ctx, root, &DeleteUserRequest{UserName: "busy"})) }
		faulty(t, del(), deleteConflict, "access keys")
		if _, err := h.DeleteAccessKey(ctx, root, &DeleteAccessKeyRequest{UserName: "busy", AccessKeyId: k.AccessKeyId}); err != nil {
			t.Fatal(err)
		}
		faulty(t, del(), deleteConflict, "policies first")
		if _, err := h.DeleteUserPolicy(ctx, root, &DeleteUserPolicyRequest{UserName: "busy", PolicyName: "policy"}); err != nil {
			t.Fatal(err)
		}
		if err := del(); err != nil {
			t.Fatal(err)
		}
		faulty(t, del(), noSuchEntity, "busy")
	})
	t.Run("users are listed page by page, below a path", func(t *testing.T) {
		h := newHouse(t)
		for i := range 5 {
			path := []string{"/", "/a/"}[i%2]
			done[CreateUserResult](t)(h.CreateUser(ctx, root, &CreateUserRequest{UserName: fmt.Sprint("u", i), Path: path}))
		}
		var names []string
		in := ListUsersRequest{MaxItems: 2}
		for pages := 1; ; pages++ {
			got := done[ListUsersResult](t)(h.ListUsers(ctx, root, &in))
			for _, u := range got.Users {
				names = append(names, u.UserName)
			}
			if !got.IsTruncated {
				if pages != 3 {
					t.Errorf("%d pages", pages)
				}
				break
			}
			in.Marker = got.Marker
		}
		if strings.Join(names, " ") != "u0 u1 u2 u3 u4" {
			t.Errorf("got %v", names)
		}
		if got := done[ListUsersResult](t)(h.ListUsers(ctx, root, &ListUsersRequest{PathPrefix: "/a/"})); len(got.Users) != 2 {
			t.Errorf("got %+v", got)
		}
		for _, in := range []ListUsersRequest{{MaxItems: -1}, {MaxItems: 1001}, {Marker: "!"}, {Marker: "-5"}} {
			faulty(t, second(h.ListUsers(ctx, root, &in)), validationError, "")
		}
	})
}

func TestAccessKeys(t *testing.T) {
	h := newHouse(t)
	ctx, root := t.Context(), h.root(home)
	create := func(name string) (*CreateAccessKeyResult, error) {
		return h.CreateAccessKey(ctx, root, &CreateAccessKeyRequest{UserName: name})
	}
	list := func(name string) string {
		t.Helper()
		var states []string
		for _, k := range done[ListAccessKeysResult](t)(h.ListAccessKeys(ctx, root, &ListAccessKeysRequest{UserName: name})).AccessKeyMetadata {
			states = append(states, k.Status)
		}
		return strings.Join(states, " ")
	}

	t.Run("a user has two keys at most", func(t *testing.T) {
		h.user("two", "")
		done[CreateAccessKeyResult](t)(create("two"))
		faulty(t, second(create("two")), limitExceeded, "AccessKeysPerUser: 2")
		if got := list("two"); got != "Active Active" {
			t.Errorf("got %s", got)
		}
	})
	t.Run("a key looks like AWS's", func(t *testing.T) {
		k := h.user("form", "")
		if len(k.AccessKeyId) != 20 || !strings.HasPrefix(k.AccessKeyId, "AKIA") || len(k.SecretAccessKey) != 40 || k.Status != "Active" {
			t.Errorf("got %+v", k)
		}
	})
	t.Run("rotation makes a key and disables the one it replaces", func(t *testing.T) {
		old := h.user("rotating", "")
		made := done[RotateAccessKeyResult](t)(h.RotateAccessKey(ctx, root, &RotateAccessKeyRequest{UserName: "rotating", AccessKeyId: old.AccessKeyId})).AccessKey
		if got := list("rotating"); got != "Inactive Active" {
			t.Errorf("got %s", got)
		}
		if ok, disabled := h.known(old.AccessKeyId); !ok || !disabled {
			t.Error("the old one is good")
		}
		if ok, disabled := h.known(made.AccessKeyId); !ok || disabled {
			t.Error("the new one is not")
		}
		again := &RotateAccessKeyRequest{UserName: "rotating", AccessKeyId: made.AccessKeyId}
		faulty(t, second(h.RotateAccessKey(ctx, root, again)), limitExceeded, "2")
		if ok, disabled := h.known(made.AccessKeyId); !ok || disabled {
			t.Error("a rotation that failed disabled a key")
		}
		faulty(t, second(h.RotateAccessKey(ctx, root, &RotateAccessKeyRequest{UserName: "rotating", AccessKeyId: old.AccessKeyId})), deleteConflict, "not active")
	})
	t.Run("a key of somebody else is not there", func(t *testing.T) {
		k := h.user("owner", "")
		h.user("stranger", "")
		for _, err := range []error{
			second(h.UpdateAccessKey(ctx, root, &UpdateAccessKeyRequest{UserName: "stranger", AccessKeyId: k.AccessKeyId, Status: "Inactive"})),
			second(h.DeleteAccessKey(ctx, root, &DeleteAccessKeyRequest{UserName: "stranger", AccessKeyId: k.AccessKeyId})),
			second(h.RotateAccessKey(ctx, root, &RotateAccessKeyRequest{UserName: "stranger", AccessKeyId: k.AccessKeyId})),
			second(h.DeleteAccessKey(ctx, root, &DeleteAccessKeyRequest{UserName: "owner", AccessKeyId: "AKIANOBODYHASTHISKEY"})),
		} {
			faulty(t, err, noSuchEntity, "cannot be found")
		}
		faulty(t, second(h.DeleteAccessKey(ctx, root, &DeleteAccessKeyRequest{UserName: "owner", AccessKeyId: "no key"})), validationError, "accessKeyId")
		faulty(t, second(h.UpdateAccessKey(ctx, root, &UpdateAccessKeyRequest{UserName: "owner", AccessKeyId: k.AccessKeyId, Status: "Off"})), validationError, "status")
	})
	t.Run("the root key of the home account is none of the store's", func(t *testing.T) {
		faulty(t, second(create("")), validationError, "configuration")
	})
}

// TestAccessKeyFaults fails every call of the store in turn: a rotation happens as a whole or not at all.
func TestAccessKeyFaults(t *testing.T) {
	for n := 1; ; n++ {
		s := openStore(t)
		h := openOn(t, s, nil)
		old := h.user("alice", "")
		failing := storetest.Failing(s, n, errors.New("disk on fire"))
		h.Store = failing
		_, err := h.RotateAccessKey(t.Context(), h.root(home), &RotateAccessKeyRequest{UserName: "alice", AccessKeyId: old.AccessKeyId})
		h.Store = s
		keys := done[ListAccessKeysResult](t)(h.ListAccessKeys(t.Context(), h.root(home), &ListAccessKeysRequest{UserName: "alice"})).AccessKeyMetadata
		_, disabled := h.known(old.AccessKeyId)
		if !failing.Failed() {
			if err != nil || len(keys) != 2 || !disabled {
				t.Errorf("without a fault: %v, %v, %v", err, keys, disabled)
			}
			return
		}
		if err == nil || len(keys) != 1 || disabled {
			t.Errorf("fault %d: %v, %v, %v", n, err, keys, disabled)
		}
	}
}

func TestPolicies(t *testing.T) {
	h := newHouse(t)
	ctx, root := t.Context(), h.root(home)
	h.user("alice", "")
	put := func(name, document string) error {
		return second(h.PutUserPolicy(ctx, root, &PutUserPolicyRequest{UserName: "alice", PolicyName: name, PolicyDocument: document}))
	}

	t.Run("a policy is told percent-encoded, as IAM does", func(t *testing.T) {
		if err := put("p", allowed); err != nil {
			t.Fatal(err)
		}
		got := done[GetUserPolicyResult](t)(h.GetUserPolicy(ctx, root, &GetUserPolicyRequest{UserName: "alice", PolicyName: "p"}))
		if text, err := url.PathUnescape(got.PolicyDocument); err != nil || text != allowed || got.UserName != "alice" || strings.ContainsAny(got.PolicyDocument, `{"+ `) {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("a policy that is none is refused, and the one there stays", func(t *testing.T) {
		faulty(t, put("p", `{"Statement":[{"Effect":"Perhaps","Action":"*","Resource":"*"}]}`), malformedPolicy, "Statement[0]")
		faulty(t, put("p", ``), malformedPolicy, "")
		faulty(t, second(h.CreateRole(ctx, root, &CreateRoleRequest{RoleName: "r", AssumeRolePolicyDocument: allowed})), malformedPolicy, "")
		if got := done[ListUserPoliciesResult](t)(h.ListUserPolicies(ctx, root, &ListUserPoliciesRequest{UserName: "alice"})); !slices.Equal(got.PolicyNames, []string{"p"}) {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("the policies of a user have room together", func(t *testing.T) {
		long := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"chime:*","Resource":"arn:aws:chime:*:*:` + strings.Repeat("a", 1100) + `"}}`
		if err := put("long", long); err != nil {
			t.Fatal(err)
		}
		faulty(t, put("longer", long), limitExceeded, "2048")
		if err := put("long", long); err != nil {
			t.Errorf("in place of itself: %v", err)
		}
	})
	t.Run("ready-made policies are attached and detached", func(t *testing.T) {
		attach := func(name string) error {
			return second(h.AttachUserPolicy(ctx, root, &AttachUserPolicyRequest{UserName: "alice", PolicyArn: name}))
		}
		ready := policy.Ready()[0]
		for range 2 {
			if err := attach(ready.ARN()); err != nil {
				t.Fatal(err)
			}
		}
		got := done[ListAttachedUserPoliciesResult](t)(h.ListAttachedUserPolicies(ctx, root, &ListAttachedUserPoliciesRequest{UserName: "alice"}))
		if !slices.Equal(got.AttachedPolicies, []AttachedPolicy{{ready.Name, ready.ARN()}}) {
			t.Errorf("got %+v", got)
		}
		for _, name := range []string{ready.Name, "arn:aws:iam::aws:policy/AdministratorAccess", ""} {
			faulty(t, attach(name), noSuchEntity, "attachable")
		}
		detach := func() error {
			return second(h.DetachUserPolicy(ctx, root, &DetachUserPolicyRequest{UserName: "alice", PolicyArn: ready.ARN()}))
		}
		if err := detach(); err != nil {
			t.Fatal(err)
		}
		faulty(t, detach(), noSuchEntity, "not found")
	})
	t.Run("a role has policies of its own", func(t *testing.T) {
		done[CreateRoleResult](t)(h.CreateRole(ctx, root, &CreateRoleRequest{RoleName: "bearer", AssumeRolePolicyDocument: trust}))
		done2 := func(_ *Nothing, err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		done2(h.PutRolePolicy(ctx, root, &PutRolePolicyRequest{RoleName: "bearer", PolicyName: "p", PolicyDocument: allowed}))
		done2(h.AttachRolePolicy(ctx, root, &AttachRolePolicyRequest{RoleName: "bearer", PolicyArn: policy.ReadyPrefix + "CarillonEndUser"}))
		if got := done[GetRolePolicyResult](t)(h.GetRolePolicy(ctx, root, &GetRolePolicyRequest{RoleName: "bearer", PolicyName: "p"})); got.RoleName != "bearer" {
			t.Errorf("got %+v", got)
		}
		if got := done[ListRolePoliciesResult](t)(h.ListRolePolicies(ctx, root, &ListRolePoliciesRequest{RoleName: "bearer"})); len(got.PolicyNames) != 1 {
			t.Errorf("got %+v", got)
		}
		if got := done[ListAttachedRolePoliciesResult](t)(h.ListAttachedRolePolicies(ctx, root, &ListAttachedRolePoliciesRequest{RoleName: "bearer"})); len(got.AttachedPolicies) != 1 {
			t.Errorf("got %+v", got)
		}
		faulty(t, second(h.DeleteRole(ctx, root, &DeleteRoleRequest{RoleName: "bearer"})), deleteConflict, "policies first")
		done2(h.DeleteRolePolicy(ctx, root, &DeleteRolePolicyRequest{RoleName: "bearer", PolicyName: "p"}))
		faulty(t, second(h.DeleteRole(ctx, root, &DeleteRoleRequest{RoleName: "bearer"})), deleteConflict, "detach")
		done2(h.DetachRolePolicy(ctx, root, &DetachRolePolicyRequest{RoleName: "bearer", PolicyArn: policy.ReadyPrefix + "CarillonEndUser"}))
		done2(h.DeleteRole(ctx, root, &DeleteRoleRequest{RoleName: "bearer"}))
		faulty(t, second(h.GetRole(ctx, root, &GetRoleRequest{RoleName: "bearer"})), noSuchEntity, "bearer")
	})
}

func TestRoles(t *testing.T) {
	h := newHouse(t)
	ctx, root := t.Context(), h.root(home)
	made := done[CreateRoleResult](t)(h.CreateRole(ctx, root, &CreateRoleRequest{
		RoleName: "EndUser", Path: "/app/", AssumeRolePolicyDocument: trust, Description: "for people", Tags: []Tag{{"a", "1"}, {"b", "2"}},
	})).Role
	get := func() Role {
		return done[GetRoleResult](t)(h.GetRole(ctx, root, &GetRoleRequest{RoleName: "EndUser"})).Role
	}

	t.Run("a role is told of as it was made", func(t *testing.T) {
		got := get()
		if got.Arn != "arn:aws:iam::123456789012:role/app/EndUser" || got.RoleId != made.RoleId || !strings.HasPrefix(got.RoleId, "AROA") ||
			got.MaxSessionDuration != 3600 || got.Description != "for people" || len(got.Tags) != 2 {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("it is changed where a change is asked for", func(t *testing.T) {
		empty := ""
		done[UpdateRoleResult](t)(h.UpdateRole(ctx, root, &UpdateRoleRequest{RoleName: "EndUser", MaxSessionDuration: 7200}))
		if got := get(); got.MaxSessionDuration != 7200 || got.Description != "for people" {
			t.Errorf("got %+v", got)
		}
		done[UpdateRoleResult](t)(h.UpdateRole(ctx, root, &UpdateRoleRequest{RoleName: "EndUser", Description: &empty}))
		if got := get(); got.MaxSessionDuration != 7200 || got.Description != "" {
			t.Errorf("got %+v", got)
		}
		for _, seconds := range []int{3599, 43201, -1} {
			faulty(t, second(h.UpdateRole(ctx, root, &UpdateRoleRequest{RoleName: "EndUser", MaxSessionDuration: seconds})), validationError, "maxSessionDuration")
		}
	})
	t.Run("tags are set over others, and removed, whatever their case", func(t *testing.T) {
		if _, err := h.TagRole(ctx, root, &TagRoleRequest{RoleName: "EndUser", Tags: []Tag{{"A", "3"}, {"c", "4"}}}); err != nil {
			t.Fatal(err)
		}
		if _, err := h.UntagRole(ctx, root, &UntagRoleRequest{RoleName: "EndUser", TagKeys: []string{"B", "none"}}); err != nil {
			t.Fatal(err)
		}
		got := done[ListRoleTagsResult](t)(h.ListRoleTags(ctx, root, &ListRoleTagsRequest{RoleName: "EndUser"})).Tags
		if !slices.Equal(got, []Tag{{"A", "3"}, {"c", "4"}}) {
			t.Errorf("got %v", got)
		}
	})
	t.Run("sessions that were begun are ended, and the role is read anew", func(t *testing.T) {
		var key store.Key
		if err := h.Store.View(ctx, func(tx store.Tx) error {
			r, err := tx.Role(home, "EndUser")
			key = r.Key
			return err
		}); err != nil {
			t.Fatal(err)
		}
		before, err := h.role(ctx, key)
		if err != nil || !before.RevokedBefore.IsZero() || before.Trusts == nil || before.Role.Tags[0].Key != "A" {
			t.Fatalf("got %+v, %v", before, err)
		}
		h.advance(time.Minute)
		done[RevokeRoleSessionsResult](t)(h.RevokeRoleSessions(ctx, root, &RevokeRoleSessionsRequest{RoleName: "EndUser"}))
		if after, err := h.role(ctx, key); err != nil || after.RevokedBefore != h.clock() {
			t.Errorf("got %+v, %v", after, err)
		}
		if _, err := h.DeleteRole(ctx, root, &DeleteRoleRequest{RoleName: "EndUser"}); err != nil {
			t.Fatal(err)
		}
		if gone, err := h.role(ctx, key); err != nil || gone != nil {
			t.Errorf("got %+v, %v", gone, err)
		}
	})
	t.Run("roles are listed", func(t *testing.T) {
		for i := range 3 {
			done[CreateRoleResult](t)(h.CreateRole(ctx, root, &CreateRoleRequest{RoleName: fmt.Sprint("r", i), AssumeRolePolicyDocument: trust}))
		}
		got := done[ListRolesResult](t)(h.ListRoles(ctx, root, &ListRolesRequest{MaxItems: 2}))
		if len(got.Roles) != 2 || !got.IsTruncated || got.Roles[0].RoleName != "r0" {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("the trust policy is replaced", func(t *testing.T) {
		other := strings.Replace(trust, "123456789012", "*", 1)
		if _, err := h.UpdateAssumeRolePolicy(ctx, root, &UpdateAssumeRolePolicyRequest{RoleName: "r0", PolicyDocument: other}); err != nil {
			t.Fatal(err)
		}
		if got := done[GetRoleResult](t)(h.GetRole(ctx, root, &GetRoleRequest{RoleName: "r0"})).Role; got.AssumeRolePolicyDocument != shownDocument(other) {
			t.Errorf("got %+v", got)
		}
	})
}

func TestIdentityProviders(t *testing.T) {
	h := newHouse(t)
	ctx, root := t.Context(), h.root(home)
	create := func(issuer string, clients ...string) (*CreateOpenIDConnectProviderResult, error) {
		return h.CreateOpenIDConnectProvider(ctx, root, &CreateOpenIDConnectProviderRequest{Url: issuer, ClientIDList: clients})
	}
	name := done[CreateOpenIDConnectProviderResult](t)(create("https://issuer.example/realms/a", "app", "app")).OpenIDConnectProviderArn
	get := func(name string) (*GetOpenIDConnectProviderResult, error) {
		return h.GetOpenIDConnectProvider(ctx, root, &GetOpenIDConnectProviderRequest{OpenIDConnectProviderArn: name})
	}

	t.Run("a provider is told of as it was made", func(t *testing.T) {
		got := done[GetOpenIDConnectProviderResult](t)(get(name))
		if name != "arn:aws:iam::123456789012:oidc-provider/issuer.example/realms/a" || got.Url != "issuer.example/realms/a" || !slices.Equal(got.ClientIDList, []string{"app"}) {
			t.Errorf("got %s, %+v", name, got)
		}
	})
	t.Run("one of this machine needs no TLS", func(t *testing.T) {
		name := done[CreateOpenIDConnectProviderResult](t)(create("http://127.0.0.1:8080/")).OpenIDConnectProviderArn
		if got := done[GetOpenIDConnectProviderResult](t)(get(name)); got.Url != "127.0.0.1:8080" {
			t.Errorf("got %s, %+v", name, got)
		}
	})
	t.Run("clients are added and removed", func(t *testing.T) {
		for _, client := range []string{"web", "web"} {
			if _, err := h.AddClientIDToOpenIDConnectProvider(ctx, root, &AddClientIDToOpenIDConnectProviderRequest{OpenIDConnectProviderArn: name, ClientID: client}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := h.RemoveClientIDFromOpenIDConnectProvider(ctx, root, &RemoveClientIDFromOpenIDConnectProviderRequest{OpenIDConnectProviderArn: name, ClientID: "app"}); err != nil {
			t.Fatal(err)
		}
		if got := done[GetOpenIDConnectProviderResult](t)(get(name)); !slices.Equal(got.ClientIDList, []string{"web"}) {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("what is no issuer is refused", func(t *testing.T) {
		for _, issuer := range []string{"", "issuer.example", "http://issuer.example", "https://", "https://a?b=c", "https://a#b", "https://u@a", "ftp://a", "https://a b", "https://" + strings.Repeat("a", 250)} {
			faulty(t, second(create(issuer)), validationError, "url")
		}
		faulty(t, second(create("https://issuer.example/realms/a/")), entityAlreadyExists, "")
		faulty(t, second(create("https://b.example", "")), validationError, "clientID")
	})
	t.Run("providers are listed and deleted", func(t *testing.T) {
		if got := done[ListOpenIDConnectProvidersResult](t)(h.ListOpenIDConnectProviders(ctx, root, nil)).OpenIDConnectProviderList; len(got) != 2 || got[0].Arn != name {
			t.Errorf("got %+v", got)
		}
		del := func() error {
			return second(h.DeleteOpenIDConnectProvider(ctx, root, &DeleteOpenIDConnectProviderRequest{OpenIDConnectProviderArn: name}))
		}
		if err := del(); err != nil {
			t.Fatal(err)
		}
		faulty(t, del(), noSuchEntity, name)
	})
}

func TestAccounts(t *testing.T) {
	h := newHouse(t)
	ctx, root := t.Context(), h.root(home)
	made := done[CreateAccountResult](t)(h.CreateAccount(ctx, root, &CreateAccountRequest{AccountName: "second"}))
	other := made.Account.AccountId

	t.Run("an account has a root key of its own, that may do everything in it", func(t *testing.T) {
		k, ok, err := h.Lookup(ctx, made.AccessKey.AccessKeyId, "")
		if err != nil || !ok || k.Grant != nil || k.Account != other || k.Secret != made.AccessKey.SecretAccessKey || k.Principal != "arn:aws:iam::"+other+":root" {
			t.Errorf("got %+v, %v, %v", k, ok, err)
		}
	})
	t.Run("its root rotates that key", func(t *testing.T) {
		rotated := done[RotateAccessKeyResult](t)(h.RotateAccessKey(ctx, h.root(other), &RotateAccessKeyRequest{AccessKeyId: made.AccessKey.AccessKeyId})).AccessKey
		if ok, disabled := h.known(made.AccessKey.AccessKeyId); !ok || !disabled {
			t.Error("the old one is good")
		}
		if ok, disabled := h.known(rotated.AccessKeyId); !ok || disabled {
			t.Error("the new one is not")
		}
	})
	t.Run("the last key of a root cannot be taken from it", func(t *testing.T) {
		lone := done[CreateAccountResult](t)(h.CreateAccount(ctx, root, &CreateAccountRequest{}))
		id, caller := lone.AccessKey.AccessKeyId, h.root(lone.Account.AccountId)
		disable := func() error {
			return second(h.UpdateAccessKey(ctx, caller, &UpdateAccessKeyRequest{AccessKeyId: id, Status: "Inactive"}))
		}
		faulty(t, disable(), deleteConflict, "last one")
		faulty(t, second(h.DeleteAccessKey(ctx, caller, &DeleteAccessKeyRequest{AccessKeyId: id})), deleteConflict, "last one")
		done[CreateAccessKeyResult](t)(h.CreateAccessKey(ctx, caller, &CreateAccessKeyRequest{}))
		if err := disable(); err != nil {
			t.Error(err)
		}
		if _, err := h.DeleteAccessKey(ctx, caller, &DeleteAccessKeyRequest{AccessKeyId: id}); err != nil {
			t.Error(err)
		}
	})
	t.Run("only the root of the first account manages accounts", func(t *testing.T) {
		admin := h.as(h.user("admin", allowed).AccessKeyId)
		for _, caller := range []*api.Caller{h.root(other), admin} {
			faulty(t, second(h.CreateAccount(ctx, caller, &CreateAccountRequest{})), accessDenied, "first account")
			faulty(t, second(h.ListAccounts(ctx, caller, &ListAccountsRequest{})), accessDenied, "first account")
			faulty(t, second(h.DeleteAccount(ctx, caller, &DeleteAccountRequest{AccountId: other})), accessDenied, "first account")
		}
	})
	t.Run("nothing of one is seen in the other", func(t *testing.T) {
		k := h.user("mine", "")
		done[CreateRoleResult](t)(h.CreateRole(ctx, root, &CreateRoleRequest{RoleName: "mine", AssumeRolePolicyDocument: trust}))
		provider := done[CreateOpenIDConnectProviderResult](t)(h.CreateOpenIDConnectProvider(ctx, root, &CreateOpenIDConnectProviderRequest{Url: "https://mine.example"}))
		them := h.root(other)
		same := strings.NewReplacer("mine", "X", "none", "X", k.AccessKeyId, "X", "AKIANOBODYHASTHISKEY", "X")
		asked := 0
		for action := range actionsOf(h.Service) {
			mine, unknown := action.call(h, them, "mine", k.AccessKeyId, provider.OpenIDConnectProviderArn),
				action.call(h, them, "none", "AKIANOBODYHASTHISKEY", strings.Replace(provider.OpenIDConnectProviderArn, "mine", "none", 1))
			if mine == nil && unknown == nil {
				continue // it names nothing that is there: it makes something, or lists what is its own
			}
			asked++
			if mine == nil || unknown == nil || same.Replace(mine.Error()) != same.Replace(unknown.Error()) {
				t.Errorf("%s tells apart: %v and %v", action.name, mine, unknown)
			}
		}
		if asked < 25 {
			t.Errorf("%d actions were asked", asked)
		}
		if got := done[ListUsersResult](t)(h.ListUsers(ctx, them, &ListUsersRequest{})); len(got.Users) != 0 {
			t.Errorf("got %+v", got)
		}
		if got := done[ListRolesResult](t)(h.ListRoles(ctx, them, &ListRolesRequest{})); len(got.Roles) != 0 {
			t.Errorf("got %+v", got)
		}
		if got := done[ListOpenIDConnectProvidersResult](t)(h.ListOpenIDConnectProviders(ctx, them, nil)); len(got.OpenIDConnectProviderList) != 0 {
			t.Errorf("got %+v", got)
		}
		h.userIn(other, "mine", "") // a name of one is free in the other
	})
	t.Run("an id is chosen, and taken once", func(t *testing.T) {
		done[CreateAccountResult](t)(h.CreateAccount(ctx, root, &CreateAccountRequest{AccountId: "000000000001"}))
		faulty(t, second(h.CreateAccount(ctx, root, &CreateAccountRequest{AccountId: "000000000001"})), entityAlreadyExists, "")
		for _, id := range []string{"1", "12345678901x", "1234567890123"} {
			faulty(t, second(h.CreateAccount(ctx, root, &CreateAccountRequest{AccountId: id})), validationError, "12 digits")
		}
	})
	t.Run("an account with app instances, and the first, cannot be deleted", func(t *testing.T) {
		instance := store.AppInstance{Key: 5, Account: other, ID: "i"}
		if err := h.Store.Update(ctx, func(tx store.Tx) error { return tx.CreateAppInstance(instance) }); err != nil {
			t.Fatal(err)
		}
		faulty(t, second(h.DeleteAccount(ctx, root, &DeleteAccountRequest{AccountId: other})), deleteConflict, "app instances")
		faulty(t, second(h.DeleteAccount(ctx, root, &DeleteAccountRequest{AccountId: home})), deleteConflict, "configured")
		faulty(t, second(h.DeleteAccount(ctx, root, &DeleteAccountRequest{AccountId: "none"})), noSuchEntity, "none")
		if err := h.Store.Update(ctx, func(tx store.Tx) error { return tx.DeleteAppInstance(instance.Key) }); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("who may call in an account goes with it, at once", func(t *testing.T) {
		k := h.userIn(other, "last", allowed)
		h.as(k.AccessKeyId)
		if _, err := h.DeleteAccount(ctx, root, &DeleteAccountRequest{AccountId: other}); err != nil {
			t.Fatal(err)
		}
		if ok, _ := h.known(k.AccessKeyId); ok {
			t.Error("its key is good")
		}
		faulty(t, second(h.CreateUser(ctx, h.root(other), &CreateUserRequest{UserName: "u"})), accessDenied, "does not exist")
	})
}

// action is an action of a Service.
type action struct {
	name   string
	method reflect.Value
}

// actionsOf are all there are of users, roles, keys and providers.
func actionsOf(s *Service) iter.Seq[action] {
	return func(yield func(action) bool) {
		v := reflect.ValueOf(s)
		for i := range v.NumMethod() {
			method, name := v.Method(i), v.Type().Method(i).Name
			of := method.Type()
			if of.NumIn() != 3 || of.In(1) != reflect.TypeFor[*api.Caller]() || of.In(2).Kind() != reflect.Pointer || strings.Contains(name, "Account") ||
				!strings.HasSuffix(of.In(2).Elem().Name(), "Request") || strings.Contains(name, "Assume") && name != "UpdateAssumeRolePolicy" {
				continue
			}
			if !yield(action{name, method}) {
				return
			}
		}
	}
}

// call calls an action on what has these names.
func (a action) call(h *house, caller *api.Caller, name, key, provider string) error {
	in := reflect.New(a.method.Type().In(2).Elem())
	for field, value := range map[string]string{
		"UserName": name, "RoleName": name, "AccessKeyId": key, "OpenIDConnectProviderArn": provider, "PolicyName": "p", "Status": "Inactive",
		"PolicyDocument": allowed, "AssumeRolePolicyDocument": trust, "PolicyArn": policy.ReadyPrefix + "CarillonAdmin", "ClientID": "c",
	} {
		if a.name == "UpdateAssumeRolePolicy" && field == "PolicyDocument" {
			value = trust
		}
		if f := in.Elem().FieldByName(field); f.IsValid() {
			f.SetString(value)
		}
	}
	err, _ := a.method.Call([]reflect.Value{reflect.ValueOf(context.Background()), reflect.ValueOf(caller), in})[1].Interface().(error)
	return err
}

// TestManagementIsPermitted: what policies say of iam actions holds, whether what they name is there or not.
func TestManagementIsPermitted(t *testing.T) {
	h := newHouse(t)
	ctx := context.Background()
	h.user("target", "")
	caller := h.as(h.user("helpdesk", `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":["iam:ListAccessKeys","iam:UpdateAccessKey"],"Resource":"arn:aws:iam::123456789012:user/target"},
		{"Effect":"Allow","Action":"iam:AttachUserPolicy","Resource":"*","Condition":{"ArnEquals":{"iam:PolicyARN":"arn:aws:iam::aws:policy/CarillonReadOnly"}}},
		{"Effect":"Allow","Action":"iam:CreateUser","Resource":"*","Condition":{"StringEquals":{"aws:RequestTag/team":"blue"}}}]}`).AccessKeyId)

	if got := done[ListAccessKeysResult](t)(h.ListAccessKeys(ctx, caller, &ListAccessKeysRequest{UserName: "target"})); len(got.AccessKeyMetadata) != 1 {
		t.Errorf("got %+v", got)
	}
	done[CreateUserResult](t)(h.CreateUser(ctx, caller, &CreateUserRequest{UserName: "blue", Tags: []Tag{{"Team", "blue"}}}))
	if _, err := h.AttachUserPolicy(ctx, caller, &AttachUserPolicyRequest{UserName: "target", PolicyArn: policy.ReadyPrefix + "CarillonReadOnly"}); err != nil {
		t.Error(err)
	}
	const denied = "User: arn:aws:iam::123456789012:user/helpdesk is not authorized to perform: iam:"
	for action, err := range map[string]error{
		"ListAccessKeys on resource: arn:aws:iam::123456789012:user/helpdesk because no identity-based policy allows the iam:ListAccessKeys action": second(h.ListAccessKeys(ctx, caller, &ListAccessKeysRequest{})),
		"ListAccessKeys on resource: arn:aws:iam::123456789012:user/none":                                                                           second(h.ListAccessKeys(ctx, caller, &ListAccessKeysRequest{UserName: "none"})),
		"DeleteUser":                 second(h.DeleteUser(ctx, caller, &DeleteUserRequest{UserName: "target"})),
		"CreateUser":                 second(h.CreateUser(ctx, caller, &CreateUserRequest{UserName: "red", Tags: []Tag{{"team", "red"}}})),
		"AttachUserPolicy":           second(h.AttachUserPolicy(ctx, caller, &AttachUserPolicyRequest{UserName: "target", PolicyArn: policy.ReadyPrefix + "CarillonAdmin"})),
		"CreateRole":                 second(h.CreateRole(ctx, caller, &CreateRoleRequest{RoleName: "r", AssumeRolePolicyDocument: trust})),
		"ListOpenIDConnectProviders": second(h.ListOpenIDConnectProviders(ctx, caller, nil)),
		"GetAccessKeyLastUsed":       second(h.GetAccessKeyLastUsed(ctx, caller, &GetAccessKeyLastUsedRequest{AccessKeyId: caller.AccessKeyID})),
	} {
		faulty(t, err, accessDenied, denied+action)
	}
}
