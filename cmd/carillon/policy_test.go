package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPolicy(t *testing.T) {
	const app = "arn:aws:chime:us-east-1:111122223333:app-instance/A"
	folder := t.TempDir()
	file := func(name, statements string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(`{"Version": "2012-10-17", "Statement": [`+statements+`]}`), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	chat := file("chat.json", `
		{"Sid": "Talk", "Effect": "Allow", "Action": ["chime:SendChannelMessage", "chime:DeleteChannel"], "Resource": "*", "Condition": {"StringEquals": {"aws:username": "carol"}}},
		{"Sid": "Keep", "Effect": "Deny", "Action": "chime:DeleteChannel", "Resource": "*"}`)
	session := file("session.json", `{"Effect": "Allow", "Action": "chime:Connect", "Resource": "*"}`)
	broken := file("broken.json", `{"Effect": "Perhaps"}`)
	user := []string{"--policy", "CarillonEndUser", "--context", "aws:PrincipalAccount=111122223333", "--context", "aws:PrincipalTag/UserUUID=alice"}

	for _, c := range []struct {
		name           string
		args           []string
		code           int
		stdout, stderr string
	}{
		{"what is allowed", []string{"--policy", chat, "--action", "chime:SendChannelMessage", "--context", "AWS:UserName=carol"}, 0,
			"chime:SendChannelMessage on *\n" +
				"  allowed: Statement[0] (Talk) of the identity-based policy " + chat + " allows it\n" +
				"  Allow Statement[0] (Talk) of the identity-based policy " + chat + " applies\n" +
				"    yes  Action: chime:SendChannelMessage matches chime:SendChannelMessage\n" +
				"    yes  Resource: * matches *\n" +
				"    yes  Condition StringEquals aws:username: the request has \"carol\", the policy \"carol\"\n", ""},
		{"what a statement denies", []string{"--policy", chat, "--action", "chime:DeleteChannel", "--context", "aws:username=carol"}, 1,
			"denied: Statement[1] (Keep) of the identity-based policy " + chat + " denies it\n", ""},
		{"what almost is allowed", []string{"--policy", chat, "--action", "chime:SendChannelMessage"}, 1,
			"    no   Condition StringEquals aws:username: the request has no aws:username, the policy \"carol\"\n", ""},
		{"what nothing is about", []string{"--policy", chat, "--action", "chime:Connect"}, 1,
			"  denied: no identity-based policy allows it\n  no statement that allows something is about the action\n", ""},
		{"what the session policy leaves out", []string{"--policy", chat, "--session-policy", session, "--action", "chime:SendChannelMessage", "--context", "aws:username=carol"}, 1,
			"denied: no session policy allows it\n", ""},
		{"every statement, asked for", []string{"--policy", chat, "--action", "chime:Connect", "--explain"}, 1,
			"  Deny Statement[1] (Keep) of the identity-based policy " + chat + " does not apply\n    no   Action: chime:Connect does not match chime:DeleteChannel\n", ""},
		{"a ready-made policy by its name", append(user, "--action", "chime:SendChannelMessage", "--resource", app+"/user/alice", "--resource", app+"/channel/general"), 0,
			"chime:SendChannelMessage: allowed\n", ""},
		{"one of two resources is not allowed", append(user, "--action", "chime:SendChannelMessage", "--resource", app+"/user/bob", "--resource", app+"/channel/general"), 1,
			"chime:SendChannelMessage: denied\n", ""},
		{"a ready-made policy by its ARN", []string{"--policy", "arn:aws:iam::aws:policy/CarillonReadOnly", "--action", "chime:ListChannels"}, 0, "allowed: Statement[0] (Read)", ""},

		{"no policy", []string{"--action", "chime:Connect"}, 2, "", "carillon: --policy and --action are needed\n"},
		{"no action", []string{"--policy", chat}, 2, "", "--policy and --action are needed"},
		{"an action with a wildcard", []string{"--policy", chat, "--action", "chime:*"}, 2, "", `"chime:*" is not one action`},
		{"a context without a value", []string{"--policy", chat, "--action", "chime:Connect", "--context", "aws:username"}, 2, "", `"aws:username" is not written as KEY=VALUE`},
		{"a file that is not there", []string{"--policy", "nowhere.json", "--action", "chime:Connect"}, 2, "", "nowhere.json"},
		{"a policy that is wrong", []string{"--policy", broken, "--action", "chime:Connect"}, 2, "", broken + ": Statement[0].Effect: the effect is neither Allow nor Deny\n"},
		{"a flag that is not there", []string{"--polcy", chat}, 2, "", "unknown flag: --polcy"},
		{"an argument", []string{"now"}, 2, "", `unknown command "now"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := run(t, process{}, append([]string{"policy", "check"}, c.args...)...)
			if got.code != c.code || !strings.Contains(got.stdout, c.stdout) || !strings.Contains(got.stderr, c.stderr) || (c.stderr == "") != (got.stderr == "") {
				t.Errorf("exit code %d, %q\n%s\nwant %d, %q\n%s", got.code, got.stderr, got.stdout, c.code, c.stderr, c.stdout)
			}
		})
	}

	t.Run("a policy from the standard input, as JSON", func(t *testing.T) {
		p := process{stdin: strings.NewReader(`{"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}`)}
		got := run(t, p, "policy", "check", "--json", "--policy", "-", "--action", "chime:Connect", "--resource", app+"/user/alice")
		var result checkResult
		if err := json.Unmarshal([]byte(got.stdout), &result); err != nil {
			t.Fatalf("%v in %s", err, got.stdout)
		}
		if got.code != 1 || result.Allowed || len(result.Resources) != 1 {
			t.Fatalf("%+v", got)
		}
		one := result.Resources[0]
		if one.Decision != "explicitDeny" || one.Message != "with an explicit deny in an identity-based policy" || *one.DecidedBy != (statementName{"-", 0, ""}) || !one.Statements[0].Applies || len(one.Statements[0].Checks) != 2 {
			t.Errorf("%+v", one)
		}
	})

	t.Run("the ready-made ones are listed", func(t *testing.T) {
		got := run(t, process{}, "policy", "list")
		if got.code != 0 || strings.Count(got.stdout, "\n") != 5 || !strings.Contains(got.stdout, "arn:aws:iam::aws:policy/CarillonEndUser ") {
			t.Errorf("%+v", got)
		}
	})

	t.Run("a ready-made one is printed", func(t *testing.T) {
		if got := run(t, process{}, "policy", "show", "CarillonAdmin"); got.code != 0 || !json.Valid([]byte(got.stdout)) || !strings.Contains(got.stdout, `"Sid": "Everything"`) {
			t.Errorf("%+v", got)
		}
		for _, args := range [][]string{{"policy", "show"}, {"policy", "show", "CarillonNobody"}} {
			if got := run(t, process{}, args...); got.code != 2 || got.stdout != "" {
				t.Errorf("%v: %+v", args, got)
			}
		}
	})

	t.Run("names are completed", func(t *testing.T) {
		if got := run(t, process{}, "__complete", "policy", "show", ""); !strings.Contains(got.stdout, "CarillonReadOnly\n") {
			t.Errorf("%+v", got)
		}
	})
}
