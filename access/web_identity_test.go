package access

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"carillon/api"
)

// fakeIssuer believes tokens that say a URL and a subject: "https://id.example alice".
type fakeIssuer struct {
	tags    []Tag
	claims  map[string][]string
	clients []string // of the last token
	refusal error
}

func (f *fakeIssuer) Issuer(token string) (string, error) {
	issuer, _, ok := strings.Cut(token, " ")
	if !ok {
		return "", badRequest(invalidIdentityToken, "no token")
	}
	return issuer, nil
}

func (f *fakeIssuer) Verify(_ context.Context, issuer string, clients []string, token string) (*Assertion, error) {
	f.clients = clients
	if f.refusal != nil {
		return nil, f.refusal
	}
	claims := map[string][]string{"amr": {"pwd", "otp"}}
	for name, values := range f.claims {
		claims[name] = values
	}
	return &Assertion{Subject: strings.TrimPrefix(token, issuer+" "), Audience: "app", Claims: claims, Tags: f.tags}, nil
}

func TestAssumeRoleWithWebIdentity(t *testing.T) {
	e := newEmbassy(t)
	ctx := t.Context()
	provider := func(url string) string {
		t.Helper()
		made, err := e.CreateOpenIDConnectProvider(ctx, e.root(home), &CreateOpenIDConnectProviderRequest{Url: url, ClientIDList: []string{"app", "other"}})
		e.ok(err)
		return made.OpenIDConnectProviderArn
	}
	good, second, local := provider("https://id.example/realms/a/"), provider("https://second.example"), provider("http://127.0.0.1:9000")
	nobody := &api.Caller{SourceAddress: "192.0.2.1"}
	federated := func(arn string) string { return `{"Federated":"` + arn + `"}` }
	tagged := []Tag{{"UserUUID", "u-1"}}

	for _, c := range []struct {
		name, trust, token string
		tags               []Tag
		claims             map[string][]string
		code, part         string
	}{
		{"a provider that the role trusts", trusting(federated(good), ""), "https://id.example/realms/a alice", nil, nil, "", ""},
		{"its URL with a slash", trusting(federated(good), ""), "https://id.example/realms/a/ alice", nil, nil, "", ""},
		{"a provider on this machine", trusting(federated(local), ""), "http://127.0.0.1:9000 alice", nil, nil, "", ""},
		{"the provider on this machine by TLS, which is another", trusting(federated(local), ""), "https://127.0.0.1:9000 alice", nil, nil, "InvalidIdentityToken", "No OpenIDConnect provider"},
		{"a provider without TLS, which is another", trusting(federated(good), ""), "http://id.example/realms/a alice", nil, nil, "InvalidIdentityToken", "No OpenIDConnect provider"},
		{"a provider of the account that the role does not trust", trusting(federated(good), ""), "https://second.example alice", nil, nil, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"},
		{"a provider that nobody registered", trusting(federated(good), ""), "https://evil.example alice", nil, nil, "InvalidIdentityToken", "No OpenIDConnect provider found in your account for https://evil.example"},
		{"what is no token", trusting(federated(good), ""), "nonsense", nil, nil, "InvalidIdentityToken", ""},
		{"a role that trusts those with keys", trusting(byAccount, ""), "https://id.example/realms/a alice", nil, nil, "AccessDenied", "Not authorized"},
		{"the subject asked for", trusting(federated(good), `,"Condition":{"StringEquals":{"id.example/realms/a:sub":"alice"}}`), "https://id.example/realms/a alice", nil, nil, "", ""},
		{"another subject", trusting(federated(good), `,"Condition":{"StringEquals":{"id.example/realms/a:sub":"alice"}}`), "https://id.example/realms/a bob", nil, nil, "AccessDenied", "Not authorized"},
		{"the subject asked for, of another provider", trusting(`{"Federated":["`+good+`","`+second+`"]}`, `,"Condition":{"StringEquals":{"id.example/realms/a:sub":"alice"}}`), "https://second.example alice", nil, nil, "AccessDenied", "Not authorized"},
		{"the client asked for", trusting(federated(good), `,"Condition":{"StringEquals":{"id.example/realms/a:aud":"app"}}`), "https://id.example/realms/a alice", nil, nil, "", ""},
		{"another client", trusting(federated(good), `,"Condition":{"StringEquals":{"id.example/realms/a:aud":"other"}}`), "https://id.example/realms/a alice", nil, nil, "AccessDenied", "Not authorized"},
		{"how somebody signed in", trusting(federated(good), `,"Condition":{"ForAnyValue:StringEquals":{"id.example/realms/a:amr":"otp"}}`), "https://id.example/realms/a alice", nil, nil, "", ""},
		{"another claim", trusting(federated(good), `,"Condition":{"ForAnyValue:StringEquals":{"jwt:groups":"staff"}}`), "https://id.example/realms/a alice", nil, map[string][]string{"groups": {"a", "staff"}}, "", ""},
		{"another claim that is not there", trusting(federated(good), `,"Condition":{"ForAnyValue:StringEquals":{"jwt:groups":"staff"}}`), "https://id.example/realms/a alice", nil, nil, "AccessDenied", ""},
		{"a claim cannot pass for the subject", trusting(federated(good), `,"Condition":{"StringEquals":{"jwt:sub":"alice"}}`), "https://id.example/realms/a bob", nil, map[string][]string{"SUB": {"alice"}, "sub": {"alice"}}, "AccessDenied", ""},
		{"tags", trusting(federated(good), ""), "https://id.example/realms/a alice", tagged, nil, "", ""},
		{"tags, when sessions may not be tagged", strings.Replace(trusting(federated(good), ""), `"sts:TagSession",`, "", 1), "https://id.example/realms/a alice", tagged, nil, "AccessDenied", "sts:TagSession"},
	} {
		t.Run(c.name, func(t *testing.T) {
			role := "arn:aws:iam::" + home + ":role/web"
			if _, err := e.GetRole(ctx, e.root(home), &GetRoleRequest{RoleName: "web"}); err != nil {
				e.newRole("web", c.trust, everything)
			}
			_, err := e.UpdateAssumeRolePolicy(ctx, e.root(home), &UpdateAssumeRolePolicyRequest{RoleName: "web", PolicyDocument: c.trust})
			e.ok(err)
			e.issuer.tags, e.issuer.claims = c.tags, c.claims
			out, err := e.AssumeRoleWithWebIdentity(ctx, nobody, &AssumeRoleWithWebIdentityRequest{RoleArn: role, RoleSessionName: "app", WebIdentityToken: c.token})
			checkFault(t, err, c.code, c.part)
			if err != nil {
				return
			}
			issuer, subject, _ := strings.Cut(c.token, " ")
			if out.Provider != issuer || out.SubjectFromWebIdentityToken != subject || out.Audience != "app" || !slices.Equal(e.issuer.clients, []string{"app", "other"}) {
				t.Errorf("%+v", out)
			}
			who := e.principalOf(e.session(out.Credentials))
			if who.Claims["jwt:sub"][0] != subject || who.Tags["useruuid"] != map[bool]string{true: "u-1"}[len(c.tags) > 0] {
				t.Errorf("%+v", who)
			}
		})
	}

	t.Run("a role that does not exist is refused like one that does not trust", func(t *testing.T) {
		_, err := e.AssumeRoleWithWebIdentity(ctx, nobody, &AssumeRoleWithWebIdentityRequest{
			RoleArn: "arn:aws:iam::" + home + ":role/none", RoleSessionName: "app", WebIdentityToken: "https://id.example/realms/a alice"})
		checkFault(t, err, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
	})
	t.Run("a provider of another account does not count", func(t *testing.T) {
		_, err := e.AssumeRoleWithWebIdentity(ctx, nobody, &AssumeRoleWithWebIdentityRequest{
			RoleArn: "arn:aws:iam::999999999999:role/web", RoleSessionName: "app", WebIdentityToken: "https://id.example/realms/a alice"})
		checkFault(t, err, "InvalidIdentityToken", "No OpenIDConnect provider")
	})
	t.Run("why a token is not believed is passed on", func(t *testing.T) {
		e.issuer.refusal = badRequest("ExpiredTokenException", "Token expired")
		defer func() { e.issuer.refusal = nil }()
		_, err := e.AssumeRoleWithWebIdentity(ctx, nobody, &AssumeRoleWithWebIdentityRequest{
			RoleArn: "arn:aws:iam::" + home + ":role/web", RoleSessionName: "app", WebIdentityToken: "https://id.example/realms/a alice"})
		checkFault(t, err, "ExpiredTokenException", "Token expired")
	})
	t.Run("access tokens of others are not taken", func(t *testing.T) {
		_, err := e.AssumeRoleWithWebIdentity(ctx, nobody, &AssumeRoleWithWebIdentityRequest{
			RoleArn: "arn:aws:iam::" + home + ":role/web", RoleSessionName: "app", WebIdentityToken: "token", ProviderId: "www.amazon.com"})
		checkFault(t, err, "ValidationError", "ProviderId")
	})
}

func TestFirstLogin(t *testing.T) {
	e := newEmbassy(t)
	ctx := t.Context()
	made, err := e.CreateOpenIDConnectProvider(ctx, e.root(home), &CreateOpenIDConnectProviderRequest{Url: "https://id.example", ClientIDList: []string{"app"}})
	e.ok(err)
	trusted := trusting(`{"Federated":"`+made.OpenIDConnectProviderArn+`"}`, "")
	role := e.newRole("web", trusted, everything, Tag{"carillon:CreateUserIn", instance})
	login := func(role, subject string) (*AssumeRoleWithWebIdentityResponse, error) {
		return e.AssumeRoleWithWebIdentity(ctx, new(api.Caller), &AssumeRoleWithWebIdentityRequest{RoleArn: role, RoleSessionName: "app", WebIdentityToken: "https://id.example " + subject})
	}
	reset := func() { e.users, e.issuer.tags, e.issuer.claims, e.refusal = nil, nil, nil, nil }

	t.Run("whoever comes becomes a user, by the subject, and the session is tagged with it", func(t *testing.T) {
		defer reset()
		e.issuer.claims = map[string][]string{"name": {"Alice A."}}
		out, err := login(role, "alice")
		e.ok(err)
		if want := []string{home + " " + instance + " alice Alice A."}; !slices.Equal(e.users, want) {
			t.Errorf("users: %v", e.users)
		}
		if who := e.principalOf(e.session(out.Credentials)); who.Tags["useruuid"] != "alice" {
			t.Errorf("tags: %v", who.Tags)
		}
	})
	t.Run("or by the tag of the token", func(t *testing.T) {
		defer reset()
		e.issuer.tags = []Tag{{"UserUUID", "u-1"}}
		_, err := login(role, "alice")
		e.ok(err)
		if want := []string{home + " " + instance + " u-1 u-1"}; !slices.Equal(e.users, want) {
			t.Errorf("users: %v", e.users)
		}
	})
	t.Run("a subject that cannot be a tag, or a user, is refused", func(t *testing.T) {
		defer reset()
		_, err := login(role, "auth0|alice")
		checkFault(t, err, "IDPRejectedClaim", "The subject of the token")
		e.refusal = api.Errorf(api.BadRequest, "no such id")
		_, err = login(role, "alice")
		checkFault(t, err, "IDPRejectedClaim", "no such id")
	})
	t.Run("a fault of ours is no refusal", func(t *testing.T) {
		defer reset()
		e.refusal = errors.New("the store is away")
		if _, err := login(role, "alice"); !errors.Is(err, e.refusal) {
			t.Error(err)
		}
	})
	t.Run("a role that names an app instance of another account, or none, lets nobody in", func(t *testing.T) {
		defer reset()
		for i, target := range []string{strings.Replace(instance, home, "999999999999", 1), "demo", instance + "/user/alice"} {
			bad := e.newRole("bad"+string(rune('a'+i)), trusted, everything, Tag{"carillon:CreateUserIn", target})
			_, err := login(bad, "alice")
			checkFault(t, err, "AccessDenied", "carillon:CreateUserIn")
		}
		if len(e.users) > 0 {
			t.Errorf("users: %v", e.users)
		}
	})
	t.Run("a role without the tag makes no user", func(t *testing.T) {
		defer reset()
		_, err := login(e.newRole("plain", trusted, everything), "alice")
		e.ok(err)
		if len(e.users) > 0 {
			t.Errorf("users: %v", e.users)
		}
	})
}
