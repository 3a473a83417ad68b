package access

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"carillon/api"
)

// embassy is a house that others come to with tokens of identity providers.
type embassy struct {
	*house
	changed []string // accounts
	issuer  *fakeIssuer
	users   []string // that were registered
	refusal error    // of the next user
}

func newEmbassy(t testing.TB) *embassy {
	t.Helper()
	e := &embassy{issuer: &fakeIssuer{}}
	e.house = openOn(t, openStore(t), func(o *Options) {
		o.Identities, o.RegisterUser, o.Changed = e.issuer, e.register, func(account string) { e.changed = append(e.changed, account) }
	})
	return e
}

func (e *embassy) register(_ context.Context, account, appInstance, id, name string) error {
	if e.refusal != nil {
		return e.refusal
	}
	e.users = append(e.users, strings.Join([]string{account, appInstance, id, name}, " "))
	return nil
}

func (e *embassy) ok(err error) {
	e.t.Helper()
	if err != nil {
		e.t.Fatal(err)
	}
}

// role makes a role of the home account.
func (e *embassy) newRole(name, trust, policy string, tags ...Tag) string {
	e.t.Helper()
	ctx := context.Background()
	made, err := e.CreateRole(ctx, e.root(home), &CreateRoleRequest{RoleName: name, AssumeRolePolicyDocument: trust, MaxSessionDuration: 7200, Tags: tags})
	e.ok(err)
	if policy != "" {
		_, err = e.PutRolePolicy(ctx, e.root(home), &PutRolePolicyRequest{RoleName: name, PolicyName: "inline", PolicyDocument: policy})
		e.ok(err)
	}
	return made.Role.Arn
}

// user makes an owner of keys in an account, with a policy, and is the caller that signs with its key.
func (e *embassy) user(account, name, policy string) *api.Caller {
	e.t.Helper()
	ctx := context.Background()
	_, err := e.CreateUser(ctx, e.root(account), &CreateUserRequest{UserName: name})
	e.ok(err)
	if policy != "" {
		_, err = e.PutUserPolicy(ctx, e.root(account), &PutUserPolicyRequest{UserName: name, PolicyName: "inline", PolicyDocument: policy})
		e.ok(err)
	}
	made, err := e.CreateAccessKey(ctx, e.root(account), &CreateAccessKeyRequest{UserName: name})
	e.ok(err)
	caller, ok := e.signedWith(made.AccessKey.AccessKeyId, "")
	if !ok {
		e.t.Fatal("a new key is not found")
	}
	return caller
}

// signedWith is the caller that signs with a key.
func (e *embassy) signedWith(id, token string) (*api.Caller, bool) {
	e.t.Helper()
	key, known, err := e.Lookup(context.Background(), id, token)
	e.ok(err)
	return &api.Caller{Account: key.Account, Principal: key.Principal, AccessKeyID: key.ID, Grant: key.Grant, Expires: key.Expires}, known && !key.Disabled
}

// session is the caller that signs with temporary credentials.
func (e *embassy) session(c *Credentials) *api.Caller {
	e.t.Helper()
	caller, ok := e.signedWith(c.AccessKeyId, c.SessionToken)
	if !ok {
		e.t.Fatal("new credentials are not found")
	}
	return caller
}

func may(caller *api.Caller, action, resource string) bool {
	return caller.Grant == nil || caller.Grant.Allows(&api.AccessRequest{Action: action, Resources: []api.ResourceChoice{{resource}}, Caller: caller}) == nil
}

// trusting is a trust policy of one statement.
func trusting(principal, more string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":` + principal + `,"Action":["sts:AssumeRole","sts:TagSession","sts:AssumeRoleWithWebIdentity"]` + more + `}]}`
}

func allow(action, resource string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"` + action + `","Resource":"` + resource + `"}]}`
}

// checkFault compares a code, and a part of a message.
func checkFault(t *testing.T, err error, code, part string) {
	t.Helper()
	var f *Fault
	if code == "" {
		if err != nil {
			t.Error(err)
		}
		return
	}
	if !errors.As(err, &f) || f.Code != code || !strings.Contains(f.Message, part) {
		t.Errorf("got %v, want %s: …%s…", err, code, part)
	}
}

func seconds(n int32) *int32 { return &n }

const (
	everything = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	byAccount  = `{"AWS":"` + home + `"}`
	byAlice    = `{"AWS":"arn:aws:iam::` + home + `:user/alice"}`
)

func TestAssumeRole(t *testing.T) {
	e := newEmbassy(t)
	ctx := t.Context()
	other, err := e.CreateAccount(ctx, e.root(home), &CreateAccountRequest{AccountId: "210987654321"})
	e.ok(err)
	role := e.newRole("chat", trusting(byAccount, ""), everything)
	callers := map[string]*api.Caller{
		"root":     e.root(home),
		"alice":    e.user(home, "alice", ""),
		"bob":      e.user(home, "bob", allow("sts:*", "arn:aws:iam::"+home+":role/*")),
		"eve":      e.user(home, "eve", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"sts:AssumeRole","Resource":"*"}]}`),
		"stranger": e.user(other.Account.AccountId, "bob", everything),
		"lost":     e.user(other.Account.AccountId, "lost", ""),
	}
	for _, c := range []struct {
		name, trust string
		caller      string
		in          AssumeRoleRequest
		allowed     bool
	}{
		{"the root, when its account is trusted", trusting(byAccount, ""), "root", AssumeRoleRequest{}, true},
		{"the root, when a user is trusted", trusting(byAlice, ""), "root", AssumeRoleRequest{}, false},
		{"a user of a trusted account whose own policies allow it", trusting(byAccount, ""), "bob", AssumeRoleRequest{}, true},
		{"a user of a trusted account whose own policies do not", trusting(byAccount, ""), "alice", AssumeRoleRequest{}, false},
		{"a user who is trusted by name needs no policy", trusting(byAlice, ""), "alice", AssumeRoleRequest{}, true},
		{"another user than the one trusted by name", trusting(byAlice, ""), "bob", AssumeRoleRequest{}, false},
		{"a user who is trusted by name, and whose own policies deny it", trusting(`{"AWS":"arn:aws:iam::`+home+`:user/eve"}`, ""), "eve", AssumeRoleRequest{}, false},
		{"a user of a trusted account whose own policies deny it", trusting(byAccount, ""), "eve", AssumeRoleRequest{}, false},
		{"somebody of another account that is not trusted", trusting(byAccount, ""), "stranger", AssumeRoleRequest{}, false},
		{"somebody of another account that is trusted", trusting(`{"AWS":"210987654321"}`, ""), "stranger", AssumeRoleRequest{}, true},
		{"somebody of another account who is trusted by name, and whose own policies do not allow it", trusting(`{"AWS":"arn:aws:iam::210987654321:user/lost"}`, ""), "lost", AssumeRoleRequest{}, false},
		{"everybody, as long as their own policies allow it", trusting(`"*"`, ""), "stranger", AssumeRoleRequest{}, true},
		{"everybody, and their own policies do not", trusting(`"*"`, ""), "lost", AssumeRoleRequest{}, false},
		{"somebody with the external id asked for", trusting(byAccount, `,"Condition":{"StringEquals":{"sts:ExternalId":"x1"}}`), "root", AssumeRoleRequest{ExternalId: "x1"}, true},
		{"somebody with another", trusting(byAccount, `,"Condition":{"StringEquals":{"sts:ExternalId":"x1"}}`), "root", AssumeRoleRequest{ExternalId: "x2"}, false},
		{"somebody without one", trusting(byAccount, `,"Condition":{"StringEquals":{"sts:ExternalId":"x1"}}`), "root", AssumeRoleRequest{}, false},
		{"a session with the name asked for", trusting(byAccount, `,"Condition":{"StringEquals":{"sts:RoleSessionName":"${aws:username}"}}`), "bob", AssumeRoleRequest{RoleSessionName: "bob"}, true},
		{"a session with another", trusting(byAccount, `,"Condition":{"StringEquals":{"sts:RoleSessionName":"${aws:username}"}}`), "bob", AssumeRoleRequest{}, false},
		{"tags that are asked for", trusting(byAccount, `,"Condition":{"StringLike":{"aws:RequestTag/Team":"*"}}`), "root", AssumeRoleRequest{Tags: []Tag{{"Team", "blue"}}}, true},
		{"tags that are not there", trusting(byAccount, `,"Condition":{"StringLike":{"aws:RequestTag/Team":"*"}}`), "root", AssumeRoleRequest{}, false},
		{"tags, when sessions may not be tagged", strings.Replace(trusting(byAccount, ""), `"sts:TagSession",`, "", 1), "root", AssumeRoleRequest{Tags: []Tag{{"Team", "blue"}}}, false},
		{"no tags, when sessions may not be tagged", strings.Replace(trusting(byAccount, ""), `"sts:TagSession",`, "", 1), "root", AssumeRoleRequest{}, true},
		{"an explicit denial for one", strings.Replace(trusting(byAccount, ""), `"Statement":[`, `"Statement":[{"Effect":"Deny","Principal":`+byAlice+`,"Action":"sts:AssumeRole"},`, 1), "alice", AssumeRoleRequest{}, false},
		{"whoever an identity provider vouches for, when somebody with keys comes", trusting(`{"Federated":"arn:aws:iam::`+home+`:oidc-provider/id.example"}`, ""), "root", AssumeRoleRequest{}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := e.UpdateAssumeRolePolicy(ctx, e.root(home), &UpdateAssumeRolePolicyRequest{RoleName: "chat", PolicyDocument: c.trust})
			e.ok(err)
			c.in.RoleArn = role
			if c.in.RoleSessionName == "" {
				c.in.RoleSessionName = "session"
			}
			out, err := e.AssumeRole(ctx, callers[c.caller], &c.in)
			if c.allowed {
				e.ok(err)
				if who := e.session(out.Credentials); who.Principal != "arn:aws:sts::"+home+":assumed-role/chat/"+c.in.RoleSessionName || who.Account != home {
					t.Errorf("%+v", who)
				}
				return
			}
			checkFault(t, err, "AccessDenied", "is not authorized to perform: sts:")
		})
	}

	t.Run("a role that does not exist is refused like one that does not trust", func(t *testing.T) {
		_, err := e.UpdateAssumeRolePolicy(ctx, e.root(home), &UpdateAssumeRolePolicyRequest{RoleName: "chat", PolicyDocument: trusting(byAlice, "")})
		e.ok(err)
		var texts []string
		for _, name := range []string{role, role + "x", "arn:aws:iam::999999999999:role/chat", "arn:aws:iam::" + home + ":role/path/chat"} {
			_, err := e.AssumeRole(ctx, callers["bob"], &AssumeRoleRequest{RoleArn: name, RoleSessionName: "session"})
			checkFault(t, err, "AccessDenied", "on resource: "+name)
			texts = append(texts, strings.ReplaceAll(err.Error(), name, ""))
		}
		for _, text := range texts {
			if text != texts[0] {
				t.Errorf("%s, %s", texts[0], text)
			}
		}
	})
}

func TestAssumeRoleRefusals(t *testing.T) {
	e := newEmbassy(t)
	role := e.newRole("chat", trusting(byAccount, ""), everything)
	many := make([]Tag, maxSessionTags+1)
	for i := range many {
		many[i] = Tag{fmt.Sprint("key", i), "v"}
	}
	long := make([]Tag, 20)
	for i := range long {
		long[i] = Tag{fmt.Sprint("key", i), fmt.Sprint(rand.Uint64(), rand.Uint64(), rand.Uint64(), rand.Uint64(), rand.Uint64(), rand.Uint64())}
	}
	for _, c := range []struct {
		name, code, part string
		change           func(*AssumeRoleRequest)
	}{
		{"nothing wrong", "", "", func(*AssumeRoleRequest) {}},
		{"no role", "ValidationError", "'roleArn'", func(in *AssumeRoleRequest) { in.RoleArn = "" }},
		{"an ARN of something else", "ValidationError", "is invalid", func(in *AssumeRoleRequest) { in.RoleArn = "arn:aws:iam::" + home + ":user/alice" }},
		{"an ARN without a name", "ValidationError", "is invalid", func(in *AssumeRoleRequest) { in.RoleArn = "arn:aws:iam::" + home + ":role/" }},
		{"no name of the session", "ValidationError", "'roleSessionName'", func(in *AssumeRoleRequest) { in.RoleSessionName = "" }},
		{"a short one", "ValidationError", "greater than or equal to 2", func(in *AssumeRoleRequest) { in.RoleSessionName = "a" }},
		{"a long one", "ValidationError", "less than or equal to 64", func(in *AssumeRoleRequest) { in.RoleSessionName = strings.Repeat("a", 65) }},
		{"one with a slash", "ValidationError", "regular expression pattern", func(in *AssumeRoleRequest) { in.RoleSessionName = "a/b" }},
		{"an external id with a space", "ValidationError", "'externalId'", func(in *AssumeRoleRequest) { in.ExternalId = "a b" }},
		{"a second factor", "AccessDenied", "MultiFactorAuthentication", func(in *AssumeRoleRequest) { in.TokenCode = "123456" }},
		{"a source identity", "ValidationError", "SourceIdentity", func(in *AssumeRoleRequest) { in.SourceIdentity = "alice" }},
		{"a short session", "ValidationError", "greater than or equal to 900", func(in *AssumeRoleRequest) { in.DurationSeconds = seconds(899) }},
		{"the shortest session", "", "", func(in *AssumeRoleRequest) { in.DurationSeconds = seconds(900) }},
		{"the longest session of the role", "", "", func(in *AssumeRoleRequest) { in.DurationSeconds = seconds(7200) }},
		{"a longer one", "ValidationError", "exceeds the MaxSessionDuration", func(in *AssumeRoleRequest) { in.DurationSeconds = seconds(7201) }},
		{"one longer than any", "ValidationError", "less than or equal to 43200", func(in *AssumeRoleRequest) { in.DurationSeconds = seconds(43201) }},
		{"a policy that is none", "MalformedPolicyDocument", "", func(in *AssumeRoleRequest) { in.Policy = "{}" }},
		{"a policy that names principals", "MalformedPolicyDocument", "", func(in *AssumeRoleRequest) { in.Policy = trusting(byAccount, "") }},
		{"a policy that is too long", "ValidationError", "'policy'", func(in *AssumeRoleRequest) { in.Policy = strings.Repeat(" ", 2049) }},
		{"a managed policy that does not exist", "ValidationError", "does not exist", func(in *AssumeRoleRequest) {
			in.PolicyArns = []PolicyDescriptorType{{"arn:aws:iam::aws:policy/AdministratorAccess"}}
		}},
		{"too many managed policies", "ValidationError", "'policyArns'", func(in *AssumeRoleRequest) { in.PolicyArns = make([]PolicyDescriptorType, 11) }},
		{"too many tags", "ValidationError", "'tags'", func(in *AssumeRoleRequest) { in.Tags = many }},
		{"as many tags as there may be", "", "", func(in *AssumeRoleRequest) { in.Tags = many[:maxSessionTags] }},
		{"tags for which there is no room", "PackedPolicyTooLarge", "% of the allotted space", func(in *AssumeRoleRequest) { in.Tags = long }},
		{"a tag without a key", "ValidationError", "'tags.1.member.key'", func(in *AssumeRoleRequest) { in.Tags = []Tag{{"", "v"}} }},
		{"a tag with odd characters", "ValidationError", "'tags.1.member.value'", func(in *AssumeRoleRequest) { in.Tags = []Tag{{"k", "<"}} }},
		{"a tag of AWS's own", "ValidationError", "reserved", func(in *AssumeRoleRequest) { in.Tags = []Tag{{"AWS:x", "v"}} }},
		{"a tag twice", "ValidationError", "case insensitive", func(in *AssumeRoleRequest) { in.Tags = []Tag{{"a", "1"}, {"A", "2"}} }},
		{"a transitive tag that is none", "ValidationError", "must be one of the tags", func(in *AssumeRoleRequest) { in.TransitiveTagKeys = []string{"a"} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := &AssumeRoleRequest{RoleArn: role, RoleSessionName: "session"}
			c.change(in)
			_, err := e.AssumeRole(t.Context(), e.root(home), in)
			checkFault(t, err, c.code, c.part)
		})
	}
}

func TestRoleSessions(t *testing.T) {
	e := newEmbassy(t)
	ctx := t.Context()
	const alice = instance + "/user/alice"
	role := e.newRole("chat", trusting(byAccount, ""), `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"chime:*","Resource":[
		"arn:aws:chime:us-east-1:`+home+`:app-instance/*/user/${aws:PrincipalTag/UserUUID}","arn:aws:chime:us-east-1:`+home+`:app-instance/*/channel/*"]},
		{"Effect":"Allow","Action":"sts:*","Resource":"*"}]}`)
	begin := func(caller *api.Caller, change func(*AssumeRoleRequest)) (*AssumeRoleResponse, *api.Caller) {
		t.Helper()
		in := &AssumeRoleRequest{RoleArn: role, RoleSessionName: "session", Tags: []Tag{{"UserUUID", "alice"}}}
		if change != nil {
			change(in)
		}
		out, err := e.AssumeRole(ctx, caller, in)
		e.ok(err)
		return out, e.session(out.Credentials)
	}

	t.Run("a session may what its role and its tags say", func(t *testing.T) {
		out, who := begin(e.root(home), nil)
		if !may(who, "chime:Connect", alice) || may(who, "chime:Connect", instance+"/user/bob") || may(who, "chime:CreateAppInstance", "*") {
			t.Error("it may something else")
		}
		if out.PackedPolicySize == nil || *out.PackedPolicySize < 1 || *out.PackedPolicySize > 10 {
			t.Errorf("packed size %v", out.PackedPolicySize)
		}
		if want := e.clock().Truncate(time.Second).Add(time.Hour); !out.Credentials.Expiration.Equal(want) || !who.Expires.Equal(want) {
			t.Errorf("until %v, %v, want %v", out.Credentials.Expiration, who.Expires, want)
		}
		if !strings.HasPrefix(out.AssumedRoleUser.AssumedRoleId, "AROA") || !strings.HasSuffix(out.AssumedRoleUser.AssumedRoleId, ":session") {
			t.Errorf("%+v", out.AssumedRoleUser)
		}
		identity, err := e.GetCallerIdentity(ctx, who, &GetCallerIdentityRequest{})
		if err != nil || identity.Arn != out.AssumedRoleUser.Arn || identity.UserId != out.AssumedRoleUser.AssumedRoleId || identity.Account != home {
			t.Errorf("%+v, error %v", identity, err)
		}
	})
	t.Run("its own policies limit it further, and allow nothing more", func(t *testing.T) {
		_, who := begin(e.root(home), func(in *AssumeRoleRequest) { in.Policy = everything })
		if !may(who, "chime:Connect", alice) || may(who, "chime:CreateAppInstance", "*") {
			t.Error("all that the policy allows")
		}
		_, who = begin(e.root(home), func(in *AssumeRoleRequest) { in.Policy = allow("chime:Connect", "*") })
		if !may(who, "chime:Connect", alice) || may(who, "chime:SendChannelMessage", alice) {
			t.Error("not what the policy allows")
		}
		_, who = begin(e.root(home), func(in *AssumeRoleRequest) {
			in.PolicyArns = []PolicyDescriptorType{{"arn:aws:iam::aws:policy/CarillonSessionOnly"}}
		})
		if !may(who, "chime:Connect", alice) || may(who, "chime:SendChannelMessage", alice) {
			t.Error("not what the managed policy allows")
		}
	})
	t.Run("a change of the role counts at once", func(t *testing.T) {
		_, who := begin(e.root(home), nil)
		before := len(e.changed)
		_, err := e.PutRolePolicy(ctx, e.root(home), &PutRolePolicyRequest{RoleName: "chat", PolicyName: "no", PolicyDocument: strings.Replace(everything, "Allow", "Deny", 1)})
		e.ok(err)
		renewed, ok, err := e.Renew(ctx, who)
		if !ok || err != nil || may(renewed, "chime:Connect", alice) {
			t.Errorf("%v, error %v", ok, err)
		}
		if len(e.changed) == before || e.changed[len(e.changed)-1] != home {
			t.Errorf("changed: %v", e.changed)
		}
		_, err = e.DeleteRolePolicy(ctx, e.root(home), &DeleteRolePolicyRequest{RoleName: "chat", PolicyName: "no"})
		e.ok(err)
	})
	t.Run("a session of a session lasts an hour, and has its transitive tags", func(t *testing.T) {
		_, first := begin(e.root(home), func(in *AssumeRoleRequest) {
			in.Tags = append(in.Tags, Tag{"Team", "blue"})
			in.TransitiveTagKeys = []string{"useruuid"}
		})
		_, second := begin(first, func(in *AssumeRoleRequest) { in.Tags = nil })
		if !may(second, "chime:Connect", alice) {
			t.Error("the transitive tag is lost")
		}
		if who := e.principalOf(second); who.Tags["team"] != "" {
			t.Error("a tag that is not transitive was passed on")
		}
		_, third := begin(second, func(in *AssumeRoleRequest) { in.Tags = nil })
		if !may(third, "chime:Connect", alice) {
			t.Error("the transitive tag is lost with the next")
		}
		_, err := e.AssumeRole(ctx, first, &AssumeRoleRequest{RoleArn: role, RoleSessionName: "session", Tags: []Tag{{"USERUUID", "bob"}}})
		checkFault(t, err, "ValidationError", "transitive tags of the calling session")
		_, err = e.AssumeRole(ctx, first, &AssumeRoleRequest{RoleArn: role, RoleSessionName: "session", DurationSeconds: seconds(3601)})
		checkFault(t, err, "ValidationError", "role chaining")
	})
	t.Run("a session within its own policies only takes another role if they allow it", func(t *testing.T) {
		_, first := begin(e.root(home), func(in *AssumeRoleRequest) { in.Policy = allow("chime:*", "*") })
		next := e.newRole("next", trusting(`{"AWS":"`+role+`"}`, ""), everything)
		_, err := e.AssumeRole(ctx, first, &AssumeRoleRequest{RoleArn: next, RoleSessionName: "session"})
		checkFault(t, err, "AccessDenied", "sts:AssumeRole")
		_, free := begin(e.root(home), nil)
		_, err = e.AssumeRole(ctx, free, &AssumeRoleRequest{RoleArn: next, RoleSessionName: "session"})
		checkFault(t, err, "", "")
	})
	t.Run("sessions that are revoked may nothing, and later ones may", func(t *testing.T) {
		_, who := begin(e.root(home), nil)
		_, err := e.RevokeRoleSessions(ctx, e.root(home), &RevokeRoleSessionsRequest{RoleName: "chat"})
		e.ok(err)
		renewed, ok, err := e.Renew(ctx, who)
		if !ok || err != nil || may(renewed, "chime:Connect", alice) {
			t.Errorf("%v, error %v", ok, err)
		}
		err = renewed.Grant.Allows(&api.AccessRequest{Action: "chime:Connect", Resources: []api.ResourceChoice{{alice}}, Caller: renewed})
		if err == nil || !strings.Contains(err.Error(), "with an explicit deny in an identity-based policy") {
			t.Error(err)
		}
		e.advance(time.Millisecond)
		if _, who = begin(e.root(home), nil); !may(who, "chime:Connect", alice) {
			t.Error("a later one may nothing")
		}
	})
	t.Run("sessions of a role that is deleted, and of one made again, are not known", func(t *testing.T) {
		brief := e.newRole("brief", trusting(byAccount, ""), "")
		out, err := e.AssumeRole(ctx, e.root(home), &AssumeRoleRequest{RoleArn: brief, RoleSessionName: "session"})
		e.ok(err)
		who := e.session(out.Credentials)
		_, err = e.DeleteRole(ctx, e.root(home), &DeleteRoleRequest{RoleName: "brief"})
		e.ok(err)
		e.newRole("brief", trusting(byAccount, ""), "")
		if _, ok := e.signedWith(out.Credentials.AccessKeyId, out.Credentials.SessionToken); ok {
			t.Error("known")
		}
		if _, ok, err := e.Renew(ctx, who); ok || err != nil {
			t.Errorf("renewed, error %v", err)
		}
	})
	t.Run("a token counts for its own key only", func(t *testing.T) {
		out, _ := begin(e.root(home), nil)
		more, _ := begin(e.root(home), nil)
		for _, pair := range [][2]string{
			{out.Credentials.AccessKeyId, more.Credentials.SessionToken}, {out.Credentials.AccessKeyId, ""}, {"rootkey", out.Credentials.SessionToken},
			{out.Credentials.AccessKeyId, "x"},
		} {
			if _, ok := e.signedWith(pair[0], pair[1]); ok {
				t.Errorf("known: %v", pair)
			}
		}
		if out.Credentials.SecretAccessKey == more.Credentials.SecretAccessKey {
			t.Error("two keys have one secret")
		}
	})
	t.Run("a session that has expired is not renewed", func(t *testing.T) {
		_, who := begin(e.root(home), nil)
		e.advance(time.Hour)
		if _, ok, err := e.Renew(ctx, who); ok || err != nil {
			t.Errorf("renewed, error %v", err)
		}
	})
}

func TestGetSessionToken(t *testing.T) {
	e := newEmbassy(t)
	ctx := t.Context()
	alice := e.user(home, "alice", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["chime:Connect","iam:*","sts:*"],"Resource":"*"}]}`)

	t.Run("the credentials of a key may what it may, but for keys and policies", func(t *testing.T) {
		out, err := e.GetSessionToken(ctx, alice, &GetSessionTokenRequest{})
		e.ok(err)
		who := e.session(out.Credentials)
		if who.Principal != alice.Principal || !may(who, "chime:Connect", "x") || may(who, "chime:CreateChannel", "x") {
			t.Errorf("%+v", who)
		}
		if may(who, "iam:CreateUser", "x") || may(who, "sts:GetSessionToken", "x") || !may(who, "sts:AssumeRole", "x") {
			t.Error("it may what would outlive it")
		}
		if _, err := e.CreateUser(ctx, who, &CreateUserRequest{UserName: "eve"}); err == nil {
			t.Error("a user was made")
		}
		_, err = e.GetSessionToken(ctx, who, &GetSessionTokenRequest{})
		checkFault(t, err, "AccessDenied", "Cannot call GetSessionToken with session credentials")
		if left := out.Credentials.Expiration.Sub(e.clock()); left > 12*time.Hour || left < 12*time.Hour-time.Second {
			t.Errorf("for %v", left)
		}
	})
	t.Run("those of the root may everything in its account, and manage no accounts", func(t *testing.T) {
		out, err := e.GetSessionToken(ctx, e.root(home), &GetSessionTokenRequest{DurationSeconds: seconds(7200)})
		e.ok(err)
		who := e.session(out.Credentials)
		if !may(who, "chime:CreateAppInstance", "*") || may(who, "iam:CreateUser", "*") || who.Grant == nil {
			t.Errorf("%+v", who)
		}
		if _, err := e.CreateAccount(ctx, who, &CreateAccountRequest{}); err == nil {
			t.Error("an account was made")
		}
		if left := out.Credentials.Expiration.Sub(e.clock()); left > time.Hour {
			t.Errorf("for %v", left)
		}
		identity, err := e.GetCallerIdentity(ctx, who, &GetCallerIdentityRequest{})
		if err != nil || identity.Arn != e.rootARN(home) || identity.UserId != home {
			t.Errorf("%+v, error %v", identity, err)
		}
	})
	t.Run("they end with the key", func(t *testing.T) {
		out, err := e.GetSessionToken(ctx, alice, &GetSessionTokenRequest{})
		e.ok(err)
		who := e.session(out.Credentials)
		for _, status := range []string{"Inactive", "Active"} {
			_, err = e.UpdateAccessKey(ctx, e.root(home), &UpdateAccessKeyRequest{UserName: "alice", AccessKeyId: alice.AccessKeyID, Status: status})
			e.ok(err)
			_, ok := e.signedWith(out.Credentials.AccessKeyId, out.Credentials.SessionToken)
			_, renewed, err := e.Renew(ctx, who)
			if want := status == "Active"; ok != want || renewed != want || err != nil {
				t.Errorf("%s: %v, renewed %v, error %v", status, ok, renewed, err)
			}
		}
		_, err = e.DeleteAccessKey(ctx, e.root(home), &DeleteAccessKeyRequest{UserName: "alice", AccessKeyId: alice.AccessKeyID})
		e.ok(err)
		if _, ok := e.signedWith(out.Credentials.AccessKeyId, out.Credentials.SessionToken); ok {
			t.Error("known after the key was deleted")
		}
	})
	t.Run("second factors and odd durations are refused", func(t *testing.T) {
		_, err := e.GetSessionToken(ctx, e.root(home), &GetSessionTokenRequest{SerialNumber: "x"})
		checkFault(t, err, "AccessDenied", "MultiFactorAuthentication")
		_, err = e.GetSessionToken(ctx, e.root(home), &GetSessionTokenRequest{DurationSeconds: seconds(129601)})
		checkFault(t, err, "ValidationError", "129600")
	})
}

// The least that a session lasts is that of the options, whoever begins it.
func TestShortSessions(t *testing.T) {
	e := newEmbassy(t)
	e.MinSession = 3 * time.Second
	ctx := t.Context()
	provider, err := e.CreateOpenIDConnectProvider(ctx, e.root(home), &CreateOpenIDConnectProviderRequest{Url: "https://id.example", ClientIDList: []string{"app"}})
	e.ok(err)
	chat := e.newRole("chat", trusting(byAccount, ""), everything)
	web := e.newRole("web", trusting(`{"Federated":"`+provider.OpenIDConnectProviderArn+`"}`, ""), everything)
	for name, begin := range map[string]func(n int32) (*Credentials, error){
		"AssumeRole": func(n int32) (*Credentials, error) {
			out, err := e.AssumeRole(ctx, e.root(home), &AssumeRoleRequest{RoleArn: chat, RoleSessionName: "session", DurationSeconds: &n})
			if err != nil {
				return nil, err
			}
			return out.Credentials, nil
		},
		"AssumeRoleWithWebIdentity": func(n int32) (*Credentials, error) {
			out, err := e.AssumeRoleWithWebIdentity(ctx, &api.Caller{}, &AssumeRoleWithWebIdentityRequest{
				RoleArn: web, RoleSessionName: "session", WebIdentityToken: "https://id.example alice", DurationSeconds: &n,
			})
			if err != nil {
				return nil, err
			}
			return out.Credentials, nil
		},
		"GetSessionToken": func(n int32) (*Credentials, error) {
			out, err := e.GetSessionToken(ctx, e.root(home), &GetSessionTokenRequest{DurationSeconds: &n})
			if err != nil {
				return nil, err
			}
			return out.Credentials, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := begin(2)
			checkFault(t, err, "ValidationError", "Value '2' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 3")
			given, err := begin(3)
			if err != nil {
				t.Fatal(err)
			}
			if want := e.clock().Truncate(time.Second).Add(3 * time.Second); !given.Expiration.Equal(want) {
				t.Errorf("until %v, want %v", given.Expiration, want)
			}
		})
	}
}

func BenchmarkLookupSession(b *testing.B) {
	e := newEmbassy(b)
	role := e.newRole("chat", trusting(byAccount, ""), everything)
	out, err := e.AssumeRole(b.Context(), e.root(home), &AssumeRoleRequest{RoleArn: role, RoleSessionName: "session", Tags: []Tag{{"UserUUID", "alice"}}})
	e.ok(err)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok, err := e.Lookup(b.Context(), out.Credentials.AccessKeyId, out.Credentials.SessionToken); !ok || err != nil {
			b.Fatal(err)
		}
	}
}
