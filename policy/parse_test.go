package policy_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"carillon/policy"
)

func TestParseRefuses(t *testing.T) {
	const rest = `"Effect": "Allow", "Action": "*", "Resource": "*"`
	statement := func(s string) string { return `{"Version": "2012-10-17", "Statement": [{` + s + `}]}` }
	condition := func(s string) string { return statement(rest + `, "Condition": ` + s) }
	trust := func(s string) string {
		return statement(`"Effect": "Allow", "Action": "sts:AssumeRole", ` + s)
	}
	for _, c := range []struct {
		name, text, want string
	}{
		// The whole.
		{"nothing", ``, "the document is not JSON: it ends too early"},
		{"half an object", `{"Version": "2012-10-17"`, "the document is not JSON: it ends too early"},
		{"no JSON", `Allow`, "the document is not JSON: "},
		{"a comma too many", `{"Version": "2012-10-17",}`, "the document is not JSON: "},
		{"bytes that are not UTF-8", "{\"Id\": \"\xff\"}", "the document is not JSON: "},
		{"a list", `[]`, "this should be the document"},
		{"null", `null`, "this should be the document"},
		{"something behind the end", statement(rest) + `{}`, "something follows the end of the document"},
		{"an empty object", `{}`, "the document has no Statement"},
		{"no statement", `{"Version": "2012-10-17"}`, "the document has no Statement"},
		{"too many bytes", strings.Repeat(" ", 70_000), "longer than 65536 bytes"},
		{"too many bytes without white space", statement(rest + `, "Condition": {"StringEquals": {"x:y": "` + strings.Repeat("a", 10_240) + `"}}`), "longer than 10240 bytes without white space"},
		{"deep nesting", `{"Statement": ` + strings.Repeat(`[`, 5_000), "Statement[0]: this should be a statement"},
		{"an unknown element", `{"Version": "2012-10-17", "Comment": "x"}`, `Comment: there is no element "Comment" here; there are Version, Id, Statement`},
		{"an element in the wrong case", `{"version": "2012-10-17"}`, `version: there is no element "version"; did you mean Version?`},
		{"an element twice", `{"Version": "2012-10-17", "Version": "2012-10-17"}`, "Version: the element is there twice"},
		{"an unknown version", `{"Version": "2013-10-17"}`, "Version: the version is neither 2012-10-17 nor 2008-10-17"},
		{"a version that is a number", `{"Version": 2012}`, "Version: this should be a string"},
		{"an id that is an object", `{"Id": {}}`, "Id: this should be a string"},
		{"an empty list of statements", `{"Statement": []}`, "Statement: the list is empty"},
		{"a statement that is a text", `{"Statement": "all"}`, "Statement: this should be a statement or a list of statements"},
		{"a statement in a list that is a text", `{"Statement": [{` + rest + `}, "all"]}`, "Statement[1]: this should be a statement or a list of statements"},

		// Statements.
		{"a statement without an effect", statement(`"Action": "*", "Resource": "*"`), "Statement[0]: the statement has no Effect"},
		{"an effect in the wrong case", statement(`"Effect": "allow"`), "Statement[0].Effect: the effect is neither Allow nor Deny"},
		{"an effect that is true", statement(`"Effect": true`), "Statement[0].Effect: this should be a string"},
		{"a statement with an unknown element", statement(`"Actions": "*"`), `Statement[0].Actions: there is no element "Actions" here`},
		{"a statement with an element in the wrong case", statement(`"action": "*"`), `Statement[0].action: there is no element "action"; did you mean Action?`},
		{"a statement with an element twice", statement(`"Action": "*", "Action": "*"`), "Statement[0].Action: the element is there twice"},
		{"a Sid with a space", statement(`"Sid": "a b"`), "Statement[0].Sid: a Sid has letters and digits only"},
		{"a Sid twice", `{"Statement": [{"Sid": "A", ` + rest + `}, {"Sid": "A", ` + rest + `}]}`, "Statement[1]: there is another statement with the Sid A"},
		{"no action", statement(`"Effect": "Allow", "Resource": "*"`), "Statement[0]: the statement has neither Action nor NotAction"},
		{"two actions", statement(rest + `, "NotAction": "*"`), "Statement[0]: the statement has both Action and NotAction"},
		{"no resource", statement(`"Effect": "Allow", "Action": "*"`), "Statement[0]: the statement has neither Resource nor NotResource"},
		{"two resources", statement(rest + `, "NotResource": "*"`), "Statement[0]: the statement has both Resource and NotResource"},
		{"a principal", statement(rest + `, "Principal": "*"`), "Statement[0]: the statement has Principal: only a trust policy names principals"},
		{"no principal that is meant", statement(rest + `, "NotPrincipal": "*"`), "Statement[0]: the statement has NotPrincipal: only a trust policy names principals"},

		// Actions.
		{"an empty list of actions", statement(`"Action": []`), "Statement[0].Action: the list is empty"},
		{"an action that is a number", statement(`"Action": 1`), "Statement[0].Action: this should be a string"},
		{"an action in a list that is a list", statement(`"Action": ["*", ["*"]]`), "Statement[0].Action[1]: this should be a string"},
		{"an action without a service", statement(`"Effect": "Allow", "Action": "SendChannelMessage", "Resource": "*"`), `Statement[0].Action: "SendChannelMessage" is not an action`},
		{"an action without a name", statement(`"Effect": "Allow", "Action": "chime:", "Resource": "*"`), `Statement[0].Action: "chime:" is not an action`},
		{"an action with a wildcard in the service", statement(`"Effect": "Allow", "Action": ["*", "ch*:Connect"], "Resource": "*"`), `Statement[0].Action[1]: the service of the action "ch*:Connect" has characters that none has`},
		{"an action with a variable", statement(`"Effect": "Allow", "Action": "chime:${aws:username}", "Resource": "*"`), `Statement[0].Action: the action "chime:${aws:username}" has characters that none has`},
		{"an empty action", statement(`"Effect": "Allow", "Action": "", "Resource": "*"`), `Statement[0].Action: "" is not an action`},

		// Resources and variables.
		{"an empty list of resources", statement(`"Effect": "Allow", "Action": "*", "Resource": []`), "Statement[0].Resource: the list is empty"},
		{"a resource that is no ARN", statement(`"Effect": "Allow", "Action": "*", "Resource": "channel/general"`), `Statement[0].Resource: "channel/general" is neither "*" nor an ARN`},
		{"a resource that is just a prefix", statement(`"Effect": "Allow", "Action": "*", "Resource": "arn:*"`), `Statement[0].Resource: "arn:*" is neither "*" nor an ARN`},
		{"a wildcard in the service of a resource", statement(`"Effect": "Allow", "Action": "*", "Resource": ["*", "arn:aws:*:::x"]`), "Statement[0].Resource[1]: the service of an ARN has no wildcards or variables"},
		{"a variable without an end", statement(`"Effect": "Allow", "Action": "*", "Resource": "arn:aws:x:::${aws:username"`), "Statement[0].Resource: a variable has no closing brace"},
		{"a variable without a name", statement(`"Effect": "Allow", "Action": "*", "Resource": "arn:aws:x:::${}"`), `Statement[0].Resource: a variable is wrong: "" is no condition key`},
		{"a variable that is no key", statement(`"Effect": "Allow", "Action": "*", "Resource": "arn:aws:x:::${username}"`), `Statement[0].Resource: a variable is wrong: "username" is no condition key`},
		{"a variable in a variable", statement(`"Effect": "Allow", "Action": "*", "Resource": "arn:aws:x:::${aws:${x:y}}"`), "a variable is wrong"},
		{"a variable with a space", statement(`"Effect": "Allow", "Action": "*", "Resource": "arn:aws:x:::${ aws:username}"`), "a variable is wrong"},
		{"a default without quotation marks", statement(`"Effect": "Allow", "Action": "*", "Resource": "arn:aws:x:::${aws:username, x}"`), "has a default that is not written as ${aws:username, 'default'}"},
		{"a default without a space", statement(`"Effect": "Allow", "Action": "*", "Resource": "arn:aws:x:::${aws:username,'x'}"`), "has a default that is not written as"},
		{"a default without an end", statement(`"Effect": "Allow", "Action": "*", "Resource": "arn:aws:x:::${aws:username, 'x}"`), "has no end"},
		{"a default with something behind it", statement(`"Effect": "Allow", "Action": "*", "Resource": "arn:aws:x:::${aws:username, 'x' }"`), "has no end"},

		// Conditions.
		{"a condition that is a list", condition(`[]`), "Statement[0].Condition: this should be an object"},
		{"an unknown operator", condition(`{"StringIs": {}}`), `Statement[0].Condition.StringIs: there is no operator "StringIs"`},
		{"an operator in the wrong case", condition(`{"stringEquals": {}}`), `there is no operator "stringEquals"; did you mean StringEquals?`},
		{"an operator with an unknown modifier", condition(`{"ForSomeValues:StringEquals": {}}`), "there is no operator"},
		{"an operator with two modifiers", condition(`{"ForAllValues:ForAnyValue:StringEquals": {}}`), "there is no operator"},
		{"an operator twice", condition(`{"Bool": {}, "Bool": {}}`), "Statement[0].Condition.Bool: the element is there twice"},
		{"Null with IfExists", condition(`{"NullIfExists": {}}`), "Null takes neither"},
		{"Null with ForAllValues", condition(`{"ForAllValues:Null": {}}`), "Null takes neither"},
		{"keys that are a list", condition(`{"Bool": []}`), "Statement[0].Condition.Bool: this should be an object"},
		{"a key without a service", condition(`{"Bool": {"secure": true}}`), `Statement[0].Condition.Bool.secure: "secure" is no condition key`},
		{"a key with a variable", condition(`{"Bool": {"aws:${x:y}": true}}`), "has characters that none has"},
		{"a key that is too long", condition(`{"Bool": {"aws:` + strings.Repeat("a", 600) + `": true}}`), "a condition key is longer than 512 bytes"},
		{"a key twice", condition(`{"Bool": {"aws:x": true, "aws:x": true}}`), "Statement[0].Condition.Bool.aws:x: the element is there twice"},
		{"a key twice in another case", condition(`{"Bool": {"aws:x": true, "AWS:X": true}}`), "Statement[0].Condition.Bool.AWS:X: the key is there as aws:x already: keys have no case"},
		{"an empty list of values", condition(`{"Bool": {"aws:x": []}}`), "Statement[0].Condition.Bool.aws:x: the list is empty"},
		{"a value that is null", condition(`{"Bool": {"aws:x": null}}`), "Statement[0].Condition.Bool.aws:x: this should be a string, a number, true or false"},
		{"a value that is an object", condition(`{"Bool": {"aws:x": [true, {}]}}`), "Statement[0].Condition.Bool.aws:x[1]: this should be a string, a number, true or false"},
		{"a value that is no number", condition(`{"NumericEquals": {"aws:x": [1, "one"]}}`), `Statement[0].Condition.NumericEquals.aws:x[1]: "one" is not a number`},
		{"a number that is too large", condition(`{"NumericEquals": {"aws:x": 1e999}}`), "is not a number"},
		{"a value that is no date", condition(`{"DateEquals": {"aws:x": "tomorrow"}}`), `"tomorrow" is not a date`},
		{"a value that is neither true nor false", condition(`{"Bool": {"aws:x": "yes"}}`), `"yes" is not true or false`},
		{"a value of Null that is neither", condition(`{"Null": {"aws:x": ""}}`), `"" is not true or false`},
		{"a value that is not base64", condition(`{"BinaryEquals": {"aws:x": "*"}}`), `"*" is not base64`},
		{"a value that is no address", condition(`{"IpAddress": {"aws:x": "203.0.113.0/33"}}`), `"203.0.113.0/33" is not an IP address`},
		{"an address with a zone", condition(`{"IpAddress": {"aws:x": "fe80::1%eth0"}}`), "is not an IP address"},
		{"a range of IPv4 written as one of IPv6", condition(`{"IpAddress": {"aws:x": "::ffff:203.0.113.0/120"}}`), "is not an IP address"},
		{"seconds that are too many", condition(`{"DateEquals": {"aws:x": 99999999999999999999}}`), "is not a date"},
		{"a text that is not UTF-8", condition("{\"StringEquals\": {\"aws:x\": \"\xff\"}}"), "the document is not JSON: "},
		{"a value that is no ARN", condition(`{"ArnLike": {"aws:x": "alice"}}`), `"alice" is not an ARN`},
		{"a variable as a number", condition(`{"NumericEquals": {"aws:x": "${aws:y}"}}`), "only operators of strings and ARNs take variables"},
		{"a variable without an end in a condition", condition(`{"StringEquals": {"aws:x": "${aws:y"}}`), "a variable has no closing brace"},
	} {
		t.Run(c.name, func(t *testing.T) { refused(t, policy.Identity, c.text, c.want) })
	}

	t.Run("a session policy needs whole ARNs", func(t *testing.T) {
		refused(t, policy.Session, statement(`"Effect": "Allow", "Action": "*", "Resource": "arn:aws:chime"`), `Statement[0].Resource: "arn:aws:chime" is not a whole ARN`)
	})

	for _, c := range []struct {
		name, text, want string
	}{
		{"no principal", trust(`"Sid": "A"`), "Statement[0]: the statement has neither Principal nor NotPrincipal"},
		{"a resource", trust(`"Principal": "*", "Resource": "*"`), "Statement[0]: the statement has Resource: a trust policy is about the role that it belongs to"},
		{"an action of another service", statement(`"Effect": "Allow", "Action": "chime:Connect", "Principal": "*"`), "Statement[0].Action: a trust policy is about actions of sts only"},
		{"NotPrincipal with Allow", trust(`"NotPrincipal": {"AWS": "111122223333"}`), "NotPrincipal with Allow would trust everybody else"},
		{"a principal that is a text", trust(`"Principal": "alice"`), `Statement[0].Principal: a principal is "*" or an object`},
		{"a principal that is a list", trust(`"Principal": []`), `Statement[0].Principal: this should be "*" or an object`},
		{"nobody", trust(`"Principal": {}`), "Statement[0].Principal: nobody is named"},
		{"an empty list of principals", trust(`"Principal": {"AWS": []}`), "Statement[0].Principal.AWS: the list is empty"},
		{"an unknown kind of principal", trust(`"Principal": {"CanonicalUser": "x"}`), `there is no element "CanonicalUser" here; there are AWS, Federated, Service`},
		{"a principal with a wildcard", trust(`"Principal": {"AWS": "arn:aws:iam::111122223333:user/*"}`), "Statement[0].Principal.AWS: a principal has no wildcards"},
		{"everyone of all identity providers", trust(`"Principal": {"Federated": "*"}`), "a principal has no wildcards"},
		{"a principal that is no ARN", trust(`"Principal": {"AWS": "alice"}`), `"alice" is neither an account nor the ARN of a principal`},
		{"an account with eleven digits", trust(`"Principal": {"AWS": "11112222333"}`), "is neither an account nor the ARN of a principal"},
		{"the ARN of a group", trust(`"Principal": {"AWS": "arn:aws:iam::111122223333:group/x"}`), "is the ARN of no root, user, role or session"},
		{"the ARN of a channel", trust(`"Principal": {"AWS": "` + general + `"}`), "is the ARN of no root, user, role or session"},
		{"an empty principal", trust(`"Principal": {"Federated": ""}`), "a principal is empty"},
	} {
		t.Run("a trust policy with "+c.name, func(t *testing.T) { refused(t, policy.Trust, c.text, c.want) })
	}
}

func refused(t *testing.T, kind policy.Kind, text, want string) {
	t.Helper()
	d, err := policy.Parse(kind, "tested", []byte(text))
	var syntax *policy.SyntaxError
	if d != nil || !errors.As(err, &syntax) || !strings.Contains(err.Error(), want) {
		t.Errorf("document %v, error %v, want %s", d, err, want)
	}
}

func TestParseTakes(t *testing.T) {
	t.Run("one statement without a list", func(t *testing.T) {
		d, err := policy.Parse(policy.Identity, "one", []byte(` { "Id" : "x", "Statement" : { "Effect" : "Allow", "Action" : [ "*" ], "Resource" : [ "*" ] } } `))
		if err != nil {
			t.Fatal(err)
		}
		if want := `{"Id":"x","Statement":{"Effect":"Allow","Action":["*"],"Resource":["*"]}}`; d.String() != want || d.Name() != "one" {
			t.Errorf("%s %s, want %s", d.Name(), d, want)
		}
	})

	t.Run("a Sid that is empty, twice", func(t *testing.T) {
		document(t, policy.Identity, "2012-10-17", `"Sid": "", `+allow(`"Action": "*", "Resource": "*"`), `"Sid": "", `+allow(`"Action": "*", "Resource": "*"`))
	})

	t.Run("a version that comes last", func(t *testing.T) {
		d, err := policy.Parse(policy.Identity, "", []byte(`{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:x:::${aws:username}"}, "Version": "2012-10-17"}`))
		if err != nil {
			t.Fatal(err)
		}
		check(t, policy.Policies{Identity: policy.NewSet(policy.Identity, d)}, policy.Request{Action: "x:y", Resource: "arn:aws:x:::a", Context: with("aws:username=a")}, "allowed")
	})

	t.Run("as many statements as fit", func(t *testing.T) {
		var statements []string
		for i := range 130 {
			statements = append(statements, deny(fmt.Sprintf(`"Action": "a:b%d", "Resource": "*"`, i)))
		}
		set := policy.NewSet(policy.Identity, document(t, policy.Identity, "2012-10-17", statements...))
		if d := set.Decide(&policy.Request{Action: "a:b129", Resource: "*"}); !d.Explicit || d.Index != 129 {
			t.Error(d)
		}
	})
}
