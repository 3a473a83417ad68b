package policy_test

import (
	"testing"

	"carillon/policy"
)

func TestTrust(t *testing.T) {
	const (
		user    = "arn:aws:iam::111122223333:user/carol"
		role    = "arn:aws:iam::111122223333:role/deploy"
		session = "arn:aws:sts::111122223333:assumed-role/deploy/nightly"
		idp     = "arn:aws:iam::111122223333:oidc-provider/login.example.com"
	)
	carol := policy.Principal{Kind: policy.AWSPrincipal, ARN: user, Account: account}
	nightly := policy.Principal{Kind: policy.AWSPrincipal, ARN: session, Role: role, Account: account}
	stranger := policy.Principal{Kind: policy.AWSPrincipal, ARN: "arn:aws:iam::999988887777:user/carol", Account: "999988887777"}
	token := policy.Principal{Kind: policy.FederatedPrincipal, ARN: idp}
	service := policy.Principal{Kind: policy.ServicePrincipal, ARN: "lambda.amazonaws.com"}
	trusting := func(principal string) string {
		return allow(`"Action": "sts:*", "Principal": ` + principal)
	}
	for _, c := range []struct {
		name       string
		statements []string
		asking     policy.Principal
		context    []string
		want       string
	}{
		{"a user by its ARN", []string{trusting(`{"AWS": "` + user + `"}`)}, carol, nil, "allowed"},
		{"another user", []string{trusting(`{"AWS": "` + user + `"}`)}, nightly, nil, "not mentioned"},
		{"a user of the same name in another account", []string{trusting(`{"AWS": "` + user + `"}`)}, stranger, nil, "not mentioned"},
		{"one of several", []string{trusting(`{"AWS": ["` + role + `", "` + user + `"]}`)}, carol, nil, "allowed"},
		{"a session by its role", []string{trusting(`{"AWS": "` + role + `"}`)}, nightly, nil, "allowed"},
		{"a session by its own ARN", []string{trusting(`{"AWS": "` + session + `"}`)}, nightly, nil, "allowed"},
		{"an account by its number", []string{trusting(`{"AWS": "111122223333"}`)}, carol, nil, "delegated"},
		{"an account by its root", []string{trusting(`{"AWS": "arn:aws:iam::111122223333:root"}`)}, nightly, nil, "delegated"},
		{"another account", []string{trusting(`{"AWS": "111122223333"}`)}, stranger, nil, "not mentioned"},
		{"everyone", []string{trusting(`"*"`)}, stranger, nil, "delegated"},
		{"everyone who signs", []string{trusting(`{"AWS": "*"}`)}, stranger, nil, "delegated"},
		{"everyone is nobody's identity provider", []string{trusting(`"*"`)}, token, nil, "not mentioned"},
		{"a name says more than an account", []string{trusting(`{"AWS": "111122223333"}`), trusting(`{"AWS": "` + user + `"}`)}, carol, nil, "allowed"},
		{"a name beside its account", []string{trusting(`{"AWS": ["111122223333", "` + user + `"]}`)}, carol, nil, "allowed"},
		{"an identity provider", []string{trusting(`{"Federated": "` + idp + `"}`)}, token, nil, "allowed"},
		{"another identity provider", []string{trusting(`{"Federated": "` + idp + `.evil"}`)}, token, nil, "not mentioned"},
		{"an identity provider is no signer", []string{trusting(`{"AWS": "111122223333"}`)}, token, nil, "not mentioned"},
		{"a service", []string{trusting(`{"Service": "lambda.amazonaws.com"}`)}, service, nil, "allowed"},
		{"another service", []string{trusting(`{"Service": "lambda.amazonaws.com"}`)}, carol, nil, "not mentioned"},
		{"a deny wins", []string{trusting(`{"AWS": "` + user + `"}`), deny(`"Action": "sts:AssumeRole", "Principal": "*"`)}, carol, nil, "denied"},
		{"a deny of the account is one of all in it", []string{trusting(`{"AWS": "` + user + `"}`), deny(`"Action": "sts:*", "Principal": {"AWS": "111122223333"}`)}, carol, nil, "denied"},
		{"a deny of everybody else spares", []string{trusting(`{"AWS": "111122223333"}`), deny(`"Action": "sts:*", "NotPrincipal": {"AWS": "` + user + `"}`)}, carol, nil, "delegated"},
		{"a deny of everybody else denies", []string{trusting(`{"AWS": "111122223333"}`), deny(`"Action": "sts:*", "NotPrincipal": {"AWS": "` + user + `"}`)}, nightly, nil, "denied"},
		{"another action", []string{allow(`"Action": "sts:TagSession", "Principal": "*"`)}, carol, nil, "not mentioned"},
		{"a claim of the token", []string{trusting(`{"Federated": "` + idp + `"}, "Condition": {"StringEquals": {"login.example.com:aud": "chat"}}`)}, token, []string{"login.example.com:aud=chat"}, "allowed"},
		{"another claim of the token", []string{trusting(`{"Federated": "` + idp + `"}, "Condition": {"StringEquals": {"login.example.com:aud": "chat"}}`)}, token, []string{"login.example.com:aud=mail"}, "not mentioned"},
	} {
		t.Run(c.name, func(t *testing.T) {
			set := policy.NewSet(policy.Trust, document(t, policy.Trust, "2012-10-17", c.statements...))
			r := policy.Request{Action: "sts:AssumeRole", Principal: c.asking, Context: with(c.context...)}
			d := set.Decide(&r)
			got := outcome(d)
			if d.Delegated {
				got = "delegated"
			}
			if got != c.want {
				t.Errorf("%s, want %s: %v", got, c.want, d)
			}
			e := set.Explain(&r)
			if e.Decision != d {
				t.Errorf("decided %v, explained %v", d, e.Decision)
			}
			applies := false
			for _, s := range e.Statements {
				applies = applies || s.Applies
			}
			if applies != (d.Index >= 0) {
				t.Errorf("a statement applies: %v, decided %v", applies, d)
			}
		})
	}
}
