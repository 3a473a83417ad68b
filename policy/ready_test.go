package policy_test

import (
	"strings"
	"testing"

	"carillon/api"
	"carillon/policy"
)

func TestReady(t *testing.T) {
	// The names are what principals are attached to: they stay.
	var names []string
	for _, p := range policy.Ready() {
		names = append(names, p.Name)
		if p.For == "" || p.Document == nil || p.ARN() != "arn:aws:iam::aws:policy/"+p.Name {
			t.Errorf("%+v", p)
		}
		if found, ok := policy.LookupReady(p.ARN()); !ok || found.Name != p.Name {
			t.Errorf("%s is not found by its ARN", p.Name)
		}
	}
	if got := strings.Join(names, " "); got != "CarillonAdmin CarillonBackend CarillonEndUser CarillonReadOnly CarillonSessionOnly" {
		t.Error(got)
	}
	if _, ok := policy.LookupReady("CarillonNobody"); ok {
		t.Error("there is a CarillonNobody")
	}

	may := func(name, action, resource string) bool {
		p, ok := policy.LookupReady(name)
		if !ok {
			t.Fatalf("there is no %s", name)
		}
		return policy.NewSet(policy.Identity, p.Document).Decide(&policy.Request{
			Action: action, Resource: resource, Context: with("aws:PrincipalAccount="+account, "aws:PrincipalTag/UserUUID=alice"),
		}).Allowed
	}

	t.Run("an operation is in the policies that are for it", func(t *testing.T) {
		for i := range api.Operations {
			op := &api.Operations[i]
			action := "chime:" + op.Name
			if !may("CarillonAdmin", action, general) || !may("CarillonBackend", action, general) {
				t.Errorf("admins and backends may not %s", op.Name)
			}
			reads := strings.HasPrefix(op.Name, "Describe") || strings.HasPrefix(op.Name, "Get") || strings.HasPrefix(op.Name, "List") || op.Name == "SearchChannels"
			if may("CarillonReadOnly", action, general) != reads {
				t.Errorf("who only reads may %s: %v", op.Name, !reads)
			}
			if may("CarillonSessionOnly", action, "*") != (op.Name == "GetMessagingSessionEndpoint") {
				t.Errorf("a session alone decides otherwise about %s", op.Name)
			}
		}
	})

	t.Run("an end user's policy names actions that there are", func(t *testing.T) {
		p, _ := policy.LookupReady("CarillonEndUser")
		for line := range strings.Lines(p.Text) {
			name, ok := strings.CutPrefix(strings.Trim(line, " \t\n\","), "chime:")
			if ok && name != "Connect" && api.Lookup(name) == nil {
				t.Errorf("there is no operation %s", name)
			}
		}
	})

	for _, c := range []struct {
		name, policy, action, resource string
		want                           bool
	}{
		{"an end user acts as itself", "CarillonEndUser", "chime:SendChannelMessage", alice, true},
		{"an end user acts in channels", "CarillonEndUser", "chime:SendChannelMessage", general, true},
		{"an end user does not act as another", "CarillonEndUser", "chime:SendChannelMessage", bob, false},
		{"an end user does not act in another account", "CarillonEndUser", "chime:SendChannelMessage", strings.ReplaceAll(general, account, "999988887777"), false},
		{"an end user connects as itself", "CarillonEndUser", "chime:Connect", alice, true},
		{"an end user does not connect as another", "CarillonEndUser", "chime:Connect", bob, false},
		{"an end user finds the endpoint", "CarillonEndUser", "chime:GetMessagingSessionEndpoint", "*", true},
		{"an end user makes no users", "CarillonEndUser", "chime:CreateAppInstanceUser", "*", false},
		{"an end user deletes no users", "CarillonEndUser", "chime:DeleteAppInstanceUser", alice, false},
		{"a session connects as itself", "CarillonSessionOnly", "chime:Connect", alice, true},
		{"a session does not connect as another", "CarillonSessionOnly", "chime:Connect", bob, false},
		{"a backend connects as anybody", "CarillonBackend", "chime:Connect", bob, true},
		{"a backend makes no keys", "CarillonBackend", "iam:CreateAccessKey", "*", false},
		{"an admin makes keys", "CarillonAdmin", "iam:CreateAccessKey", "*", true},
		{"who only reads opens no session", "CarillonReadOnly", "chime:Connect", alice, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if may(c.policy, c.action, c.resource) != c.want {
				t.Errorf("%v", !c.want)
			}
		})
	}

	t.Run("an end user without a tag is nobody", func(t *testing.T) {
		p, _ := policy.LookupReady("CarillonEndUser")
		r := policy.Request{Action: "chime:Connect", Resource: alice, Context: with("aws:PrincipalAccount=" + account)}
		if policy.NewSet(policy.Identity, p.Document).Decide(&r).Allowed {
			t.Error("it connects")
		}
	})
}
