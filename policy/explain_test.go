package policy_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"carillon/policy"
)

func TestExplain(t *testing.T) {
	identity := document(t, policy.Identity, "2012-10-17",
		`"Sid": "Send", `+allow(`"Action": ["chime:SendChannelMessage", "chime:Connect"], "Resource": ["`+general+`", "`+app+`/user/${aws:PrincipalTag/UserUUID}"], "Condition": {"StringEquals": {"aws:username": ["carol", "dave"]}, "IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}`),
		`"Sid": "Guard", `+deny(`"NotAction": "chime:Connect", "NotResource": "`+general+`"`),
	)
	session := document(t, policy.Session, "2012-10-17", allow(`"Action": "chime:*", "Resource": "*"`))
	p := policy.Policies{Identity: policy.NewSet(policy.Identity, identity), Session: policy.NewSet(policy.Session, session)}
	e := p.Explain(&policy.Request{Action: "chime:SendChannelMessage", Resource: alice, Context: with("aws:username=bob", "x:y=z")})

	var got []string
	for _, s := range e.Statements {
		got = append(got, fmt.Sprintf("%s %s[%d] %s deny=%v applies=%v", s.Kind, s.Document, s.Index, s.Sid, s.Deny, s.Applies))
		for _, c := range s.Checks {
			got = append(got, fmt.Sprintf("%s: %v: %s", c.Element, c.Holds, c.Detail))
		}
	}
	want := []string{
		"identity-based policy tested[1] Guard deny=true applies=true",
		"NotAction: true: chime:SendChannelMessage does not match chime:Connect",
		"NotResource: true: " + alice + " does not match " + general,
		"identity-based policy tested[0] Send deny=false applies=false",
		"Action: true: chime:SendChannelMessage matches chime:SendChannelMessage",
		"Resource: false: " + alice + " does not match " + general + " or " + app + "/user/${aws:PrincipalTag/UserUUID}; ${aws:principaltag/useruuid} has no value",
		`Condition StringEquals aws:username: false: the request has "bob", the policy "carol" or "dave"`,
		`Condition IpAddress aws:SourceIp: false: the request has no aws:SourceIp, the policy "203.0.113.0/24"`,
		"session policy tested[0]  deny=false applies=true",
		"Action: true: chime:SendChannelMessage matches chime:*",
		"Resource: true: " + alice + " matches *",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if e.Decision.Sid != "Guard" || !e.Decision.Explicit {
		t.Errorf("decided %v", e.Decision)
	}

	t.Run("of a trust policy", func(t *testing.T) {
		trust := policy.NewSet(policy.Trust, document(t, policy.Trust, "2012-10-17", allow(`"Action": "sts:AssumeRole", "Principal": {"AWS": ["111122223333", "444455556666"]}`)))
		for _, c := range []struct{ account, want string }{
			{"444455556666", "arn:aws:iam::444455556666:root is one of 444455556666"},
			{"999988887777", "arn:aws:iam::999988887777:root is not one of 111122223333 or 444455556666"},
		} {
			e := trust.Explain(&policy.Request{Action: "sts:AssumeRole", Principal: policy.Principal{Kind: policy.AWSPrincipal, ARN: "arn:aws:iam::" + c.account + ":root", Account: c.account}})
			if got := e.Statements[0].Checks[1]; got.Element != "Principal" || got.Detail != c.want {
				t.Errorf("%+v, want %s", got, c.want)
			}
		}
	})

	t.Run("long lists are cut", func(t *testing.T) {
		d := document(t, policy.Identity, "2012-10-17", allow(`"Action": ["a:a", "a:b", "a:c", "a:d", "a:e", "a:f", "a:g", "a:h", "a:i", "a:j"], "Resource": "*"`))
		e := policy.NewSet(policy.Identity, d).Explain(&policy.Request{Action: "b:b", Resource: "*"})
		if got, want := e.Statements[0].Checks[0].Detail, "b:b does not match a:a, a:b, a:c, a:d, a:e, a:f, a:g, a:h or one of 2 more"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	})
}
