package policy_test

import (
	"fmt"
	"testing"

	"carillon/policy"
)

// benchmarkPolicies are ten statements as a deployment may have them: ready-made ones, denies with
// conditions, and allows of single actions with variables.
func benchmarkPolicies(b testing.TB) policy.Policies {
	user, _ := policy.LookupReady("CarillonEndUser")
	readOnly, _ := policy.LookupReady("CarillonReadOnly")
	var statements []string
	for i := range 4 {
		statements = append(statements, allow(fmt.Sprintf(`"Action": ["chime:TagResource", "chime:UntagResource"], "Resource": "%s/channel/team-%d-*"`, app, i)))
	}
	statements = append(statements,
		deny(`"Action": "chime:*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}`),
		deny(`"Action": "chime:*", "Resource": "*", "Condition": {"NotIpAddress": {"aws:SourceIp": ["192.0.2.0/24", "203.0.113.0/24"]}}`),
		deny(`"Action": "chime:Delete*", "Resource": "`+app+`/channel/*", "Condition": {"StringNotEquals": {"aws:PrincipalTag/role": "admin"}}`),
	)
	return policy.Policies{Identity: policy.NewSet(policy.Identity,
		user.Document, readOnly.Document, document(b, policy.Identity, "2012-10-17", statements...))}
}

func benchmarkContext() func(string) ([]string, bool) {
	return with("aws:PrincipalAccount="+account, "aws:PrincipalTag/UserUUID=alice", "aws:PrincipalTag/role=member",
		"aws:SecureTransport=true", "aws:SourceIp=203.0.113.7", "aws:username=alice")
}

func BenchmarkDecide(b *testing.B) {
	p := benchmarkPolicies(b)
	context := benchmarkContext()
	for _, c := range []struct {
		name, action, resource string
		allowed                bool
	}{
		{"allowed", "chime:SendChannelMessage", general, true},
		{"variable", "chime:Connect", alice, true},
		{"denied", "chime:DeleteChannel", general, false},
		{"notMentioned", "iam:CreateUser", "*", false},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if p.Decide(&policy.Request{Action: c.action, Resource: c.resource, Context: context}).Allowed != c.allowed {
					b.Fatal("decided otherwise")
				}
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	ready, _ := policy.LookupReady("CarillonEndUser")
	text := []byte(ready.Text)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := policy.Parse(policy.Identity, "tested", text); err != nil {
			b.Fatal(err)
		}
	}
}

func TestDecideAllocatesNothing(t *testing.T) {
	p := benchmarkPolicies(t)
	context := benchmarkContext()
	allocations := testing.AllocsPerRun(100, func() {
		for _, action := range []string{"chime:SendChannelMessage", "chime:DeleteChannel", "iam:CreateUser"} {
			p.Decide(&policy.Request{Action: action, Resource: general, Context: context})
		}
	})
	if allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
}
