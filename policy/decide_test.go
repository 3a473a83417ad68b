package policy_test

import (
	"strings"
	"testing"

	"carillon/policy"
)

// Names of the tests' world.
const (
	account = "111122223333"
	app     = "arn:aws:chime:us-east-1:111122223333:app-instance/A"
	alice   = app + "/user/alice"
	bob     = app + "/user/bob"
	general = app + "/channel/general"
)

// with are the values of condition keys, each written as key=value; a key that is there twice has two.
func with(pairs ...string) func(string) ([]string, bool) {
	values := make(map[string][]string)
	for _, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		if !ok {
			values[key] = []string{} // there, without a value
			continue
		}
		values[key] = append(values[key], value)
	}
	return policy.Values(values)
}

// document parses statements, each without its braces.
func document(t testing.TB, kind policy.Kind, version string, statements ...string) *policy.Document {
	t.Helper()
	text := `{"Version": "` + version + `", "Statement": [{` + strings.Join(statements, "}, {") + `}]}`
	d, err := policy.Parse(kind, "tested", []byte(text))
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return d
}

func allow(rest string) string { return `"Effect": "Allow", ` + rest }
func deny(rest string) string  { return `"Effect": "Deny", ` + rest }

// outcome is a decision in a word.
func outcome(d policy.Decision) string {
	switch {
	case d.Allowed:
		return "allowed"
	case d.Explicit:
		return "denied"
	}
	return "not mentioned"
}

// check decides a request, and that Explain agrees: the decision is the same, and it follows from the
// statements that apply.
func check(t *testing.T, p policy.Policies, r policy.Request, want string) {
	t.Helper()
	d := p.Decide(&r)
	if got := outcome(d); got != want {
		t.Errorf("%s, want %s: %v", got, want, d)
	}
	agree(t, p, &r)
}

func agree(t *testing.T, p policy.Policies, r *policy.Request) {
	t.Helper()
	e := p.Explain(r)
	if d := p.Decide(r); e.Decision != d {
		t.Errorf("decided %v, explained %v", d, e.Decision)
	}
	allowed := map[policy.Kind]bool{policy.Session: p.Session == nil}
	denied := false
	for _, s := range e.Statements {
		if s.Applies && s.Deny {
			denied = true
		} else if s.Applies {
			allowed[s.Kind] = true
		}
		holds := true
		for _, c := range s.Checks {
			holds = holds && c.Holds
		}
		if holds != s.Applies {
			t.Errorf("a statement applies: %v, its checks hold: %v", s.Applies, holds)
		}
	}
	if denied != e.Decision.Explicit {
		t.Errorf("a statement that denies applies: %v, decided %v", denied, e.Decision)
	}
	if may := allowed[policy.Identity] && allowed[policy.Session] && !denied; may != e.Decision.Allowed {
		t.Errorf("the statements allow: %v, decided %v", may, e.Decision)
	}
}

func TestDecide(t *testing.T) {
	const anything = `"Action": "*", "Resource": "*"`
	send := func(resource string) string {
		return `"Action": "chime:SendChannelMessage", "Resource": ` + resource
	}
	for _, c := range []struct {
		name       string
		statements []string
		action     string // chime:SendChannelMessage
		resource   string // general
		context    []string
		want       string
	}{
		// What is allowed, denied, and not mentioned.
		{"what is allowed is allowed", []string{allow(send(`"` + general + `"`))}, "", "", nil, "allowed"},
		{"what is not mentioned is not allowed", []string{allow(send(`"` + general + `"`))}, "chime:DeleteChannel", "", nil, "not mentioned"},
		{"another resource is not mentioned", []string{allow(send(`"` + general + `"`))}, "", app + "/channel/other", nil, "not mentioned"},
		{"a deny wins over an allow before it", []string{allow(anything), deny(send(`"*"`))}, "", "", nil, "denied"},
		{"a deny wins over an allow after it", []string{deny(send(`"*"`)), allow(anything)}, "", "", nil, "denied"},
		{"a deny of something else does not matter", []string{deny(`"Action": "chime:DeleteChannel", "Resource": "*"`), allow(anything)}, "", "", nil, "allowed"},
		{"a deny alone denies", []string{deny(anything)}, "", "", nil, "denied"},
		{"a deny of one resource leaves others", []string{allow(anything), deny(send(`"` + bob + `"`))}, "", "", nil, "allowed"},
		{"a deny of a named action wins over an open allow", []string{allow(`"Action": "chime:*", "Resource": "*"`), deny(send(`"*"`))}, "", "", nil, "denied"},
		{"an open deny wins over an allow of a named action", []string{allow(send(`"*"`)), deny(`"Action": "chime:Send*", "Resource": "*"`)}, "", "", nil, "denied"},
		{"the second allow counts when the first does not apply", []string{allow(send(`"` + bob + `"`)), allow(send(`"` + general + `"`))}, "", "", nil, "allowed"},
		{"a deny whose condition fails does not deny", []string{allow(anything), deny(anything + `, "Condition": {"Bool": {"aws:SecureTransport": "false"}}`)}, "", "", []string{"aws:SecureTransport=true"}, "allowed"},
		{"a deny whose condition holds denies", []string{allow(anything), deny(anything + `, "Condition": {"Bool": {"aws:SecureTransport": "false"}}`)}, "", "", []string{"aws:SecureTransport=false"}, "denied"},

		// Actions.
		{"an action has no case in the policy", []string{allow(`"Action": "CHIME:sendchannelmessage", "Resource": "*"`)}, "", "", nil, "allowed"},
		{"an action has no case in the request", []string{allow(send(`"*"`))}, "Chime:SENDChannelMessage", "", nil, "allowed"},
		{"an action with wildcards has no case", []string{allow(`"Action": "CHIME:sEND*", "Resource": "*"`)}, "", "", nil, "allowed"},
		{"one of several actions is enough", []string{allow(`"Action": ["chime:DeleteChannel", "chime:SendChannelMessage"], "Resource": "*"`)}, "", "", nil, "allowed"},
		{"a star alone is every action", []string{allow(anything)}, "iam:CreateUser", "*", nil, "allowed"},
		{"two stars are every action", []string{allow(`"Action": "*:*", "Resource": "*"`)}, "", "", nil, "allowed"},
		{"all actions of a service", []string{allow(`"Action": "chime:*", "Resource": "*"`)}, "", "", nil, "allowed"},
		{"all actions of a service are not those of another", []string{allow(`"Action": "chime:*", "Resource": "*"`)}, "sts:AssumeRole", "*", nil, "not mentioned"},
		{"a star at the end of an action", []string{allow(`"Action": "chime:Send*", "Resource": "*"`)}, "", "", nil, "allowed"},
		{"a star at the beginning of an action", []string{allow(`"Action": "chime:*Message", "Resource": "*"`)}, "", "", nil, "allowed"},
		{"a star in the middle of an action", []string{allow(`"Action": "chime:Send*Message", "Resource": "*"`)}, "", "", nil, "allowed"},
		{"a star may stand for nothing", []string{allow(`"Action": "chime:SendChannelMessage*", "Resource": "*"`)}, "", "", nil, "allowed"},
		{"what follows a star must be there", []string{allow(`"Action": "chime:*Messages", "Resource": "*"`)}, "", "", nil, "not mentioned"},
		{"a question mark is one character of an action", []string{allow(`"Action": "chime:?endChannelMessage", "Resource": "*"`)}, "", "", nil, "allowed"},
		{"a question mark is not nothing", []string{allow(`"Action": "chime:SendChannelMessage?", "Resource": "*"`)}, "", "", nil, "not mentioned"},
		{"an action is matched as a whole", []string{allow(`"Action": "chime:SendChannel", "Resource": "*"`)}, "", "", nil, "not mentioned"},
		{"an action that begins alike is another", []string{allow(`"Action": "chime:ListChannels", "Resource": "*"`)}, "chime:ListChannelsModeratedByAppInstanceUser", "", nil, "not mentioned"},
		{"NotAction is every other action", []string{allow(`"NotAction": "chime:DeleteChannel", "Resource": "*"`)}, "", "", nil, "allowed"},
		{"NotAction is not the action", []string{allow(`"NotAction": "chime:SendChannelMessage", "Resource": "*"`)}, "", "", nil, "not mentioned"},
		{"NotAction has no case", []string{allow(`"NotAction": "chime:sendchannelmessage", "Resource": "*"`)}, "", "", nil, "not mentioned"},
		{"NotAction takes wildcards", []string{allow(`"NotAction": "chime:Send*", "Resource": "*"`)}, "", "", nil, "not mentioned"},
		{"NotAction of several is none of them", []string{allow(`"NotAction": ["chime:Delete*", "chime:Send*"], "Resource": "*"`)}, "", "", nil, "not mentioned"},
		{"NotAction with deny spares the action", []string{allow(anything), deny(`"NotAction": "chime:SendChannelMessage", "Resource": "*"`)}, "", "", nil, "allowed"},
		{"NotAction with deny denies the rest", []string{allow(anything), deny(`"NotAction": "chime:SendChannelMessage", "Resource": "*"`)}, "chime:DeleteChannel", "", nil, "denied"},
		{"NotAction reaches over services", []string{allow(`"NotAction": "iam:*", "Resource": "*"`)}, "sts:AssumeRole", "*", nil, "allowed"},

		// Resources.
		{"a resource has case", []string{allow(send(`"` + app + `/channel/General"`))}, "", "", nil, "not mentioned"},
		{"one of several resources is enough", []string{allow(send(`["` + alice + `", "` + general + `"]`))}, "", "", nil, "allowed"},
		{"a star at the end of a resource", []string{allow(send(`"` + app + `/channel/*"`))}, "", "", nil, "allowed"},
		{"a star reaches over slashes", []string{allow(send(`"` + app + `/*"`))}, "", "", nil, "allowed"},
		{"a star reaches over colons", []string{allow(send(`"arn:aws:chime:*:*:*:general"`))}, "", app + "/channel/x:y:general", nil, "allowed"},
		{"a star reaches over colons that belong to other parts", []string{allow(send(`"arn:aws:chime:us*:A:b:*"`))}, "", "arn:aws:chime:us-east-1:111122223333:x:A:b:y", nil, "allowed"},
		{"an ARN is completed behind what looks like its end", []string{allow(send(`"arn:aws:chime:*:app-instance/A/channel/general"`))}, "", "", nil, "not mentioned"},
		{"an ARN of a region without account is completed", []string{allow(send(`"arn:aws:chime:*"`))}, "", "", nil, "allowed"},
		{"a star is not another account", []string{allow(send(`"arn:aws:chime:*:999988887777:*"`))}, "", "", nil, "not mentioned"},
		{"stars in several parts of a resource", []string{allow(send(`"arn:aws:chime:*:*:app-instance/*/channel/*"`))}, "", "", nil, "allowed"},
		{"a question mark in a resource", []string{allow(send(`"` + app + `/channel/?eneral"`))}, "", "", nil, "allowed"},
		{"a question mark is one character, however many bytes", []string{allow(send(`"` + app + `/channel/caf?"`))}, "", app + "/channel/café", nil, "allowed"},
		{"two question marks are two characters", []string{allow(send(`"` + app + `/channel/caf??"`))}, "", app + "/channel/café", nil, "not mentioned"},
		{"a star and a question mark want a character", []string{allow(send(`"` + app + `/channel/*?"`))}, "", app + "/channel/", nil, "not mentioned"},
		{"a star and a question mark at the end", []string{allow(send(`"` + app + `/channel/*?l"`))}, "", "", nil, "allowed"},
		{"a part between stars is looked for everywhere", []string{allow(send(`"arn:aws:chime:*:*:*inst*gen*"`))}, "", "", nil, "allowed"},
		{"parts between stars keep their order", []string{allow(send(`"arn:aws:chime:*:*:*gen*inst*"`))}, "", "", nil, "not mentioned"},
		{"parts do not overlap", []string{allow(send(`"` + app + `/channel/gen*neral"`))}, "", "", nil, "not mentioned"},
		{"a partition may be any", []string{allow(send(`"arn:*:chime:us-east-1:111122223333:app-instance/A/channel/general"`))}, "", "", nil, "allowed"},
		{"an ARN without its last parts is all that begin so", []string{allow(send(`"arn:aws:chime"`))}, "", "", nil, "allowed"},
		{"an ARN without its resource is all of the account", []string{allow(send(`"arn:aws:chime:us-east-1:111122223333"`))}, "", "", nil, "allowed"},
		{"an ARN without its resource is none of another account", []string{allow(send(`"arn:aws:chime:us-east-1:999988887777"`))}, "", "", nil, "not mentioned"},
		{"the star of no resource is matched by a star", []string{allow(send(`"*"`))}, "", "*", nil, "allowed"},
		{"the star of no resource is matched by no ARN", []string{allow(send(`"arn:aws:chime:*:*:*"`))}, "", "*", nil, "not mentioned"},
		{"a star in a request is a character", []string{allow(send(`"` + general + `"`))}, "", app + "/channel/*", nil, "not mentioned"},
		{"a resource is matched as a whole", []string{allow(send(`"` + app + `"`))}, "", "", nil, "not mentioned"},
		{"NotResource is every other resource", []string{allow(`"Action": "*", "NotResource": "` + bob + `"`)}, "", "", nil, "allowed"},
		{"NotResource is not the resource", []string{allow(`"Action": "*", "NotResource": "` + general + `"`)}, "", "", nil, "not mentioned"},
		{"NotResource has case", []string{allow(`"Action": "*", "NotResource": "` + app + `/channel/General"`)}, "", "", nil, "allowed"},
		{"NotResource takes wildcards", []string{allow(`"Action": "*", "NotResource": "` + app + `/channel/*"`)}, "", "", nil, "not mentioned"},
		{"NotResource of several is none of them", []string{allow(`"Action": "*", "NotResource": ["` + alice + `", "` + general + `"]`)}, "", "", nil, "not mentioned"},
		{"NotResource with deny spares the resource", []string{allow(anything), deny(`"Action": "*", "NotResource": "` + general + `"`)}, "", "", nil, "allowed"},
		{"NotResource with deny denies the rest", []string{allow(anything), deny(`"Action": "*", "NotResource": "` + general + `"`)}, "", bob, nil, "denied"},
		{"NotAction and NotResource together", []string{allow(`"NotAction": "iam:*", "NotResource": "` + bob + `"`)}, "", "", nil, "allowed"},

		// Variables in resources.
		{"a variable in a resource", []string{allow(send(`"` + app + `/user/${aws:PrincipalTag/UserUUID}"`))}, "", alice, []string{"aws:PrincipalTag/UserUUID=alice"}, "allowed"},
		{"a variable of somebody else", []string{allow(send(`"` + app + `/user/${aws:PrincipalTag/UserUUID}"`))}, "", alice, []string{"aws:PrincipalTag/UserUUID=bob"}, "not mentioned"},
		{"a variable's name has no case", []string{allow(send(`"` + app + `/user/${AWS:principaltag/useruuid}"`))}, "", alice, []string{"aws:PrincipalTag/UserUUID=alice"}, "allowed"},
		{"a variable's value has case", []string{allow(send(`"` + app + `/user/${aws:username}"`))}, "", alice, []string{"aws:username=Alice"}, "not mentioned"},
		{"a variable without a value matches nothing", []string{allow(send(`"` + app + `/user/${aws:username}"`))}, "", alice, nil, "not mentioned"},
		{"a variable without a value does not match its own text", []string{allow(send(`"` + app + `/user/${aws:username}"`))}, "", app + "/user/${aws:username}", nil, "not mentioned"},
		{"a variable with an empty value has none", []string{allow(send(`"` + app + `/user/${aws:username}"`))}, "", app + "/user/", []string{"aws:username="}, "not mentioned"},
		{"a variable with two values has none", []string{allow(send(`"` + app + `/user/${aws:username}"`))}, "", alice, []string{"aws:username=alice", "aws:username=bob"}, "not mentioned"},
		{"a variable without a value leaves the other resources", []string{allow(send(`["` + app + `/user/${aws:username}", "` + general + `"]`))}, "", "", nil, "allowed"},
		{"a star in a value is a character", []string{allow(send(`"` + app + `/user/${aws:username}"`))}, "", alice, []string{"aws:username=*"}, "not mentioned"},
		{"a star in a value matches itself", []string{allow(send(`"` + app + `/user/${aws:username}"`))}, "", app + "/user/*", []string{"aws:username=*"}, "allowed"},
		{"a question mark in a value is a character", []string{allow(send(`"` + app + `/user/${aws:username}"`))}, "", alice, []string{"aws:username=alic?"}, "not mentioned"},
		{"a variable in a value is text", []string{allow(send(`"` + app + `/user/${aws:username}"`))}, "", alice, []string{"aws:username=${aws:userid}", "aws:userid=alice"}, "not mentioned"},
		{"wildcards around a variable", []string{allow(send(`"arn:aws:chime:*:*:app-instance/*/user/${aws:username}*"`))}, "", alice, []string{"aws:username=al"}, "allowed"},
		{"two variables in a resource", []string{allow(send(`"arn:aws:chime:us-east-1:${aws:PrincipalAccount}:app-instance/A/user/${aws:username}"`))}, "", alice, []string{"aws:username=alice", "aws:PrincipalAccount=111122223333"}, "allowed"},
		{"of two variables one has no value", []string{allow(send(`"arn:aws:chime:us-east-1:${aws:PrincipalAccount}:app-instance/A/user/${aws:username}"`))}, "", alice, []string{"aws:username=alice"}, "not mentioned"},
		{"six variables in a resource", []string{allow(send(`"arn:aws:chime:us-east-1:${x:a}:app-instance/${x:b}/${x:c}/${x:d}${x:e}${x:f}"`))}, "", alice, []string{"x:a=111122223333", "x:b=A", "x:c=user", "x:d=al", "x:e=i", "x:f=ce"}, "allowed"},
		{"a variable that is between stars is looked for", []string{allow(send(`"arn:aws:chime:*:*:*${x:a}*"`))}, "", alice, []string{"x:a=/user/"}, "allowed"},
		{"a default stands for a missing value", []string{allow(send(`"` + app + `/channel/${aws:PrincipalTag/team, 'general'}"`))}, "", "", nil, "allowed"},
		{"a default stands for an empty value", []string{allow(send(`"` + app + `/channel/${aws:PrincipalTag/team, 'general'}"`))}, "", "", []string{"aws:PrincipalTag/team="}, "allowed"},
		{"a value goes before the default", []string{allow(send(`"` + app + `/channel/${aws:PrincipalTag/team, 'general'}"`))}, "", "", []string{"aws:PrincipalTag/team=red"}, "not mentioned"},
		{"a star in a default is a character", []string{allow(send(`"` + app + `/channel/${aws:PrincipalTag/team, '*'}"`))}, "", "", nil, "not mentioned"},
		{"a default may have braces and commas", []string{allow(send(`"` + app + `/channel/${x:team, 'a}, b'}"`))}, "", app + "/channel/a}, b", nil, "allowed"},
		{"a default may be empty", []string{allow(send(`"` + general + `${x:suffix, ''}"`))}, "", "", nil, "allowed"},
		{"a star as a variable is a character", []string{allow(send(`"` + app + `/channel/${*}"`))}, "", "", nil, "not mentioned"},
		{"a star as a variable matches a star", []string{allow(send(`"` + app + `/channel/${*}"`))}, "", app + "/channel/*", nil, "allowed"},
		{"a question mark as a variable", []string{allow(send(`"` + app + `/channel/${?}"`))}, "", app + "/channel/?", nil, "allowed"},
		{"a dollar as a variable", []string{allow(send(`"` + app + `/channel/${$}{x}"`))}, "", app + "/channel/${x}", nil, "allowed"},
		{"a dollar without a brace is text", []string{allow(send(`"` + app + `/channel/$5"`))}, "", app + "/channel/$5", nil, "allowed"},
		{"NotResource with deny and a variable without a value denies", []string{allow(anything), deny(`"Action": "*", "NotResource": "` + app + `/user/${aws:username}"`)}, "", alice, nil, "denied"},
		{"NotResource with allow and a variable without a value allows nothing", []string{allow(`"Action": "*", "NotResource": "` + app + `/user/${aws:username}"`)}, "", alice, nil, "not mentioned"},
		{"NotResource with allow and a variable with a value", []string{allow(`"Action": "*", "NotResource": "` + app + `/user/${aws:username}"`)}, "", alice, []string{"aws:username=bob"}, "allowed"},

		// Conditions together.
		{"all conditions must hold", []string{allow(anything + `, "Condition": {"StringEquals": {"x:a": "1", "x:b": "2"}}`)}, "", "", []string{"x:a=1", "x:b=3"}, "not mentioned"},
		{"conditions of several operators must all hold", []string{allow(anything + `, "Condition": {"StringEquals": {"x:a": "1"}, "NumericLessThan": {"x:a": 1}}`)}, "", "", []string{"x:a=1"}, "not mentioned"},
		{"conditions of several operators that hold", []string{allow(anything + `, "Condition": {"StringEquals": {"x:a": "1"}, "NumericLessThan": {"x:a": 2}}`)}, "", "", []string{"x:a=1"}, "allowed"},
		{"an empty condition is none", []string{allow(anything + `, "Condition": {}`)}, "", "", nil, "allowed"},
		{"an operator without keys says nothing", []string{allow(anything + `, "Condition": {"StringEquals": {}}`)}, "", "", nil, "allowed"},
		{"a condition of a claim of a token", []string{allow(anything + `, "Condition": {"StringEquals": {"login.example.com/realm:sub": "alice"}}`)}, "", "", []string{"login.example.com/realm:sub=alice"}, "allowed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := policy.Request{Action: c.action, Resource: c.resource, Context: with(c.context...)}
			if r.Action == "" {
				r.Action = "chime:SendChannelMessage"
			}
			if r.Resource == "" {
				r.Resource = general
			}
			check(t, policy.Policies{Identity: policy.NewSet(policy.Identity, document(t, policy.Identity, "2012-10-17", c.statements...))}, r, c.want)
		})
	}

	t.Run("the old version has no variables", func(t *testing.T) {
		p := policy.Policies{Identity: policy.NewSet(policy.Identity, document(t, policy.Identity, "2008-10-17", allow(send(`"`+app+`/user/${aws:username}"`))))}
		check(t, p, policy.Request{Action: "chime:SendChannelMessage", Resource: alice, Context: with("aws:username=alice")}, "not mentioned")
		check(t, p, policy.Request{Action: "chime:SendChannelMessage", Resource: app + "/user/${aws:username}"}, "allowed")
	})

	t.Run("a document without a version is of the old one", func(t *testing.T) {
		d, err := policy.Parse(policy.Identity, "", []byte(`{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:chime:::${aws:username}"}}`))
		if err != nil {
			t.Fatal(err)
		}
		check(t, policy.Policies{Identity: policy.NewSet(policy.Identity, d)}, policy.Request{Action: "x:y", Resource: "arn:aws:chime:::${aws:username}"}, "allowed")
	})

	t.Run("the old version has wildcards in what looks like a variable", func(t *testing.T) {
		p := policy.Policies{Identity: policy.NewSet(policy.Identity, document(t, policy.Identity, "2008-10-17", allow(send(`"`+app+`/user/${*}"`))))}
		check(t, p, policy.Request{Action: "chime:SendChannelMessage", Resource: app + "/user/${any}"}, "allowed")
	})

	t.Run("no policies allow nothing", func(t *testing.T) {
		check(t, policy.Policies{}, policy.Request{Action: "chime:Connect", Resource: alice}, "not mentioned")
		check(t, policy.Policies{Identity: policy.NewSet(policy.Identity)}, policy.Request{Action: "chime:Connect", Resource: alice}, "not mentioned")
	})

	t.Run("a request without a context has no keys", func(t *testing.T) {
		p := policy.Policies{Identity: policy.NewSet(policy.Identity, document(t, policy.Identity, "2012-10-17", allow(anything+`, "Condition": {"Null": {"aws:username": true}}`)))}
		check(t, p, policy.Request{Action: "chime:Connect", Resource: alice}, "allowed")
	})

	t.Run("a long action is matched too", func(t *testing.T) {
		long := "chime:" + strings.Repeat("Long", 50)
		p := policy.Policies{Identity: policy.NewSet(policy.Identity, document(t, policy.Identity, "2012-10-17", allow(`"Action": "`+long+`", "Resource": "*"`)))}
		check(t, p, policy.Request{Action: strings.ToUpper(long), Resource: alice}, "allowed")
	})
}

func TestSeveralDocuments(t *testing.T) {
	const action = "chime:SendChannelMessage"
	statement := func(effect, action string) string {
		return `"Sid": "` + effect + `", "Effect": "` + effect + `", "Action": "` + action + `", "Resource": "*"`
	}
	set := func(kind policy.Kind, statements ...string) *policy.Set {
		if len(statements) == 0 {
			return nil
		}
		var documents []*policy.Document
		for _, s := range statements {
			documents = append(documents, document(t, kind, "2012-10-17", s))
		}
		return policy.NewSet(kind, documents...)
	}
	may, other, never := statement("Allow", action), statement("Allow", "chime:DeleteChannel"), statement("Deny", action)
	for _, c := range []struct {
		name              string
		identity, session []string
		want, because     string
	}{
		{"one of several identity policies is enough", []string{other, may}, nil, "allowed", ""},
		{"a deny in another identity policy wins", []string{may, never}, nil, "denied", " with an explicit deny in an identity-based policy"},
		{"no identity policy allows", []string{other}, nil, "not mentioned", " because no identity-based policy allows the chime:SendChannelMessage action"},
		{"both the identity and the session allow", []string{may}, []string{may}, "allowed", ""},
		{"one of several session policies is enough", []string{may}, []string{other, may}, "allowed", ""},
		{"a session policy that does not allow", []string{may}, []string{other}, "not mentioned", " because no session policy allows the chime:SendChannelMessage action"},
		{"a session policy that denies", []string{may}, []string{may, never}, "denied", " with an explicit deny in a session policy"},
		{"a session policy gives nothing by itself", []string{other}, []string{may}, "not mentioned", " because no identity-based policy allows the chime:SendChannelMessage action"},
		{"a deny of the session wins over an identity that says nothing", []string{other}, []string{never}, "denied", " with an explicit deny in a session policy"},
		{"a deny of the identity wins over a session that allows", []string{may, never}, []string{may}, "denied", " with an explicit deny in an identity-based policy"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := policy.Policies{Identity: set(policy.Identity, c.identity...), Session: set(policy.Session, c.session...)}
			r := policy.Request{Action: action, Resource: general}
			check(t, p, r, c.want)
			if got := p.Decide(&r).Because(action); got != c.because {
				t.Errorf("because %q, want %q", got, c.because)
			}
		})
	}

	t.Run("a session with policies that are empty may do nothing", func(t *testing.T) {
		check(t, policy.Policies{Identity: set(policy.Identity, may), Session: policy.NewSet(policy.Session)}, policy.Request{Action: action, Resource: general}, "not mentioned")
	})

	t.Run("a decision names the statement", func(t *testing.T) {
		d := policy.Policies{Identity: set(policy.Identity, other, may)}.Decide(&policy.Request{Action: action, Resource: general})
		if want := "allowed: Statement[0] (Allow) of the identity-based policy tested allows it"; d.String() != want {
			t.Errorf("%s, want %s", d, want)
		}
		d = policy.Policies{Identity: set(policy.Identity, may, never)}.Decide(&policy.Request{Action: action, Resource: general})
		if want := "denied: Statement[0] (Deny) of the identity-based policy tested denies it"; d.String() != want {
			t.Errorf("%s, want %s", d, want)
		}
		d = policy.Policies{Identity: set(policy.Identity, other)}.Decide(&policy.Request{Action: action, Resource: general})
		if want := "denied: no identity-based policy allows it"; d.String() != want || d.Index != -1 {
			t.Errorf("%s, want %s", d, want)
		}
	})

	t.Run("a set takes documents of its kind only", func(t *testing.T) {
		defer func() {
			if recover() == nil {
				t.Error("it took another")
			}
		}()
		policy.NewSet(policy.Session, document(t, policy.Identity, "2012-10-17", may))
	})
}
