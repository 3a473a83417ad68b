package policy_test

import (
	"strings"
	"testing"

	"carillon/policy"
)

// TestConditions has a row for every operator and modifier: the values of the policy, those of the request,
// and whether the condition holds. Each row is decided twice, for a statement that allows and for one that
// denies, which must not differ.
func TestConditions(t *testing.T) {
	const key = "x:key"
	absent := []string(nil)
	values := func(v ...string) []string {
		pairs := make([]string, len(v))
		for i := range v {
			pairs[i] = key + "=" + v[i]
		}
		return pairs
	}
	empty := []string{key}
	for _, c := range []struct {
		name     string
		operator string
		policy   string
		request  []string
		want     bool
	}{
		// Texts.
		{"equal texts", "StringEquals", `"a"`, values("a"), true},
		{"texts that differ in case", "StringEquals", `"a"`, values("A"), false},
		{"a star is a character to StringEquals", "StringEquals", `"a*"`, values("ab"), false},
		{"a star equals a star", "StringEquals", `"a*"`, values("a*"), true},
		{"one of the policy's texts is enough", "StringEquals", `["b", "a"]`, values("a"), true},
		{"none of the policy's texts", "StringEquals", `["b", "c"]`, values("a"), false},
		{"a text longer than the policy's", "StringEquals", `"a"`, values("ab"), false},
		{"a text shorter than the policy's", "StringEquals", `"ab"`, values("a"), false},
		{"an absent key equals nothing", "StringEquals", `"a"`, absent, false},
		{"a key without a value equals nothing", "StringEquals", `"a"`, empty, false},
		{"an absent key does not equal the empty text", "StringEquals", `""`, absent, false},
		{"an empty value equals the empty text", "StringEquals", `""`, values(""), true},
		{"a number in the policy is a text to StringEquals", "StringEquals", `5`, values("5"), true},
		{"a truth in the policy is a text to StringEquals", "StringEquals", `true`, values("true"), true},
		{"one of the request's values is enough", "StringEquals", `"a"`, values("b", "a"), true},
		{"different texts", "StringNotEquals", `"a"`, values("b"), true},
		{"equal texts are not different", "StringNotEquals", `"a"`, values("a"), false},
		{"texts that differ in case are different", "StringNotEquals", `"a"`, values("A"), true},
		{"different from all of the policy's texts", "StringNotEquals", `["a", "b"]`, values("c"), true},
		{"different from one of the policy's texts only", "StringNotEquals", `["a", "b"]`, values("b"), false},
		{"an absent key is different", "StringNotEquals", `"a"`, absent, true},
		{"a key without a value is different", "StringNotEquals", `"a"`, empty, true},
		{"one of the request's values equals", "StringNotEquals", `"a"`, values("b", "a"), false},
		{"equal but for case", "StringEqualsIgnoreCase", `"Straße"`, values("sTRAße"), true},
		{"not equal whatever the case", "StringEqualsIgnoreCase", `"a"`, values("b"), false},
		{"an absent key is not equal whatever the case", "StringEqualsIgnoreCase", `"a"`, absent, false},
		{"different but for case is not different", "StringNotEqualsIgnoreCase", `"a"`, values("A"), false},
		{"different whatever the case", "StringNotEqualsIgnoreCase", `"a"`, values("b"), true},
		{"an absent key is different whatever the case", "StringNotEqualsIgnoreCase", `"a"`, absent, true},
		{"like a text with a star", "StringLike", `"a*c"`, values("abbc"), true},
		{"like a text with a question mark", "StringLike", `"a?c"`, values("abc"), true},
		{"not like a text with a question mark", "StringLike", `"a?c"`, values("abbc"), false},
		{"like has case", "StringLike", `"A*"`, values("abc"), false},
		{"a star is like the empty text", "StringLike", `"*"`, values(""), true},
		{"a star is not like an absent key", "StringLike", `"*"`, absent, false},
		{"many stars take no time", "StringLike", `"*a*a*a*a*a*a*a*a*a*a*a*b"`, values(strings.Repeat("a", 5000)), false},
		{"unlike a text with a star", "StringNotLike", `"a*"`, values("b"), true},
		{"like is not unlike", "StringNotLike", `"a*"`, values("ab"), false},
		{"an absent key is unlike", "StringNotLike", `"*"`, absent, true},

		// Numbers.
		{"equal numbers", "NumericEquals", `"5"`, values("5"), true},
		{"equal numbers written differently", "NumericEquals", `5`, values("5.0"), true},
		{"numbers with an exponent", "NumericEquals", `50`, values("5e1"), true},
		{"unequal numbers", "NumericEquals", `5`, values("6"), false},
		{"what is no number equals none", "NumericEquals", `5`, values("five"), false},
		{"an infinity is no number", "NumericGreaterThan", `5`, values("Inf"), false},
		{"hexadecimal digits are no number", "NumericEquals", `16`, values("0x10"), false},
		{"an absent key is no number", "NumericEquals", `0`, absent, false},
		{"an empty value is no number", "NumericEquals", `0`, values(""), false},
		{"negative numbers", "NumericLessThan", `-1.5`, values("-2"), true},
		{"different numbers", "NumericNotEquals", `5`, values("6"), true},
		{"equal numbers are not different", "NumericNotEquals", `5`, values("5"), false},
		{"what is no number is different", "NumericNotEquals", `5`, values("five"), true},
		{"an absent key is a different number", "NumericNotEquals", `5`, absent, true},
		{"less", "NumericLessThan", `5`, values("4"), true},
		{"equal is not less", "NumericLessThan", `5`, values("5"), false},
		{"numbers are not compared as texts", "NumericLessThan", `10`, values("9"), true},
		{"equal is less or equal", "NumericLessThanEquals", `5`, values("5"), true},
		{"greater is not less or equal", "NumericLessThanEquals", `5`, values("6"), false},
		{"greater", "NumericGreaterThan", `5`, values("6"), true},
		{"equal is not greater", "NumericGreaterThan", `5`, values("5"), false},
		{"equal is greater or equal", "NumericGreaterThanEquals", `5`, values("5"), true},
		{"less is not greater or equal", "NumericGreaterThanEquals", `5`, values("4"), false},
		{"an absent key is not less", "NumericLessThan", `5`, absent, false},

		// Dates.
		{"equal dates", "DateEquals", `"2024-01-01T00:00:00Z"`, values("2024-01-01T00:00:00Z"), true},
		{"equal dates of other zones", "DateEquals", `"2024-01-01T01:00:00+01:00"`, values("2024-01-01T00:00:00Z"), true},
		{"a date alone is its midnight", "DateEquals", `"2024-01-01"`, values("2024-01-01T00:00:00Z"), true},
		{"a date without seconds", "DateEquals", `"2024-01-01T00:00Z"`, values("2024-01-01T00:00:00Z"), true},
		{"a month", "DateEquals", `"2024-01"`, values("2024-01-01T00:00:00Z"), true},
		{"four digits are a year", "DateEquals", `"2024"`, values("2024-01-01T00:00:00Z"), true},
		{"other digits are seconds", "DateEquals", `1704067200`, values("2024-01-01T00:00:00Z"), true},
		{"fractions of seconds", "DateLessThan", `"2024-01-01T00:00:00.5Z"`, values("2024-01-01T00:00:00.25Z"), true},
		{"what is no date equals none", "DateEquals", `"2024-01-01"`, values("yesterday"), false},
		{"different dates", "DateNotEquals", `"2024-01-01"`, values("2024-01-02"), true},
		{"equal dates are not different", "DateNotEquals", `"2024-01-01"`, values("2024-01-01"), false},
		{"an absent key is a different date", "DateNotEquals", `"2024-01-01"`, absent, true},
		{"before", "DateLessThan", `"2024-01-02"`, values("2024-01-01"), true},
		{"not before itself", "DateLessThan", `"2024-01-02"`, values("2024-01-02"), false},
		{"before or at", "DateLessThanEquals", `"2024-01-02"`, values("2024-01-02"), true},
		{"not before or at", "DateLessThanEquals", `"2024-01-02"`, values("2024-01-03"), false},
		{"after", "DateGreaterThan", `"2024-01-02"`, values("2024-01-03"), true},
		{"not after itself", "DateGreaterThan", `"2024-01-02"`, values("2024-01-02"), false},
		{"after or at", "DateGreaterThanEquals", `"2024-01-02"`, values("2024-01-02"), true},
		{"not after or at", "DateGreaterThanEquals", `"2024-01-02"`, values("2024-01-01"), false},
		{"an absent key is not before", "DateLessThan", `"2024-01-02"`, absent, false},

		// Truths, bytes, addresses.
		{"true is true", "Bool", `"true"`, values("true"), true},
		{"true without quotation marks", "Bool", `true`, values("true"), true},
		{"truths have no case", "Bool", `"True"`, values("TRUE"), true},
		{"false is not true", "Bool", `true`, values("false"), false},
		{"false is false", "Bool", `false`, values("false"), true},
		{"what is neither is not false", "Bool", `false`, values("no"), false},
		{"an absent key is not false", "Bool", `false`, absent, false},
		{"equal bytes", "BinaryEquals", `"QUJD"`, values("QUJD"), true},
		{"bytes have case", "BinaryEquals", `"QUJD"`, values("QUJd"), false},
		{"what is not base64 equals no bytes", "BinaryEquals", `"QUJD"`, values("***"), false},
		{"an absent key has no bytes", "BinaryEquals", `""`, absent, false},
		{"an address in a range", "IpAddress", `"203.0.113.0/24"`, values("203.0.113.7"), true},
		{"an address outside a range", "IpAddress", `"203.0.113.0/24"`, values("203.0.114.7"), false},
		{"a range with bits below its length", "IpAddress", `"203.0.113.9/24"`, values("203.0.113.7"), true},
		{"an address that is the policy's", "IpAddress", `"203.0.113.7"`, values("203.0.113.7"), true},
		{"an address that is not the policy's", "IpAddress", `"203.0.113.7"`, values("203.0.113.8"), false},
		{"one of several ranges", "IpAddress", `["192.0.2.0/24", "203.0.113.0/24"]`, values("203.0.113.7"), true},
		{"an address of version 6", "IpAddress", `"2001:db8::/32"`, values("2001:db8::1"), true},
		{"an address of version 6 is just one", "IpAddress", `"2001:db8::1"`, values("2001:db8::2"), false},
		{"an address of version 4 written as one of version 6", "IpAddress", `"203.0.113.0/24"`, values("::ffff:203.0.113.7"), true},
		{"an address with a zone", "IpAddress", `"fe80::/10"`, values("fe80::1%eth0"), true},
		{"an address of the other version", "IpAddress", `"0.0.0.0/0"`, values("2001:db8::1"), false},
		{"what is no address is in no range", "IpAddress", `"0.0.0.0/0"`, values("localhost"), false},
		{"an absent key is in no range", "IpAddress", `"0.0.0.0/0"`, absent, false},
		{"an address outside", "NotIpAddress", `"203.0.113.0/24"`, values("192.0.2.1"), true},
		{"an address inside is not outside", "NotIpAddress", `"203.0.113.0/24"`, values("203.0.113.1"), false},
		{"an address outside one of two ranges only", "NotIpAddress", `["192.0.2.0/24", "203.0.113.0/24"]`, values("203.0.113.1"), false},
		{"an absent key is outside", "NotIpAddress", `"203.0.113.0/24"`, absent, true},

		// ARNs.
		{"equal ARNs", "ArnEquals", `"arn:aws:iam::111122223333:user/a"`, values("arn:aws:iam::111122223333:user/a"), true},
		{"ArnEquals takes wildcards", "ArnEquals", `"arn:aws:iam::*:user/*"`, values("arn:aws:iam::111122223333:user/a"), true},
		{"ARNs have case", "ArnEquals", `"arn:aws:iam::111122223333:user/a"`, values("arn:aws:iam::111122223333:user/A"), false},
		{"ArnLike takes wildcards", "ArnLike", `"arn:aws:iam::*:role/?"`, values("arn:aws:iam::111122223333:role/x"), true},
		{"a wildcard of an ARN stays in its part", "ArnLike", `"arn:aws:iam:*:user/a:b"`, values("arn:aws:iam::111122223333:user/a:b"), false},
		{"a wildcard may reach over colons in the last part", "ArnLike", `"arn:aws:chime:us-east-1:111122223333:app-instance/*"`, values(alice + ":x:y"), true},
		{"a wildcard for the account", "ArnLike", `"arn:aws:chime:us-east-1:*:app-instance/A"`, values(app), true},
		{"a wildcard does not take two parts", "ArnLike", `"arn:aws:chime:*:app-instance/A:x"`, values(app), false},
		{"a star is like every ARN", "ArnLike", `"*"`, values(alice), true},
		{"a star is not like what is no ARN", "ArnLike", `"*"`, values("alice"), false},
		{"what is no ARN is like none", "ArnLike", `"arn:*:*:*:*:*"`, values("arn:aws:iam"), false},
		{"an absent key is like no ARN", "ArnLike", `"arn:*:*:*:*:*"`, absent, false},
		{"different ARNs", "ArnNotEquals", `"arn:aws:iam::111122223333:user/a"`, values("arn:aws:iam::111122223333:user/b"), true},
		{"equal ARNs are not different", "ArnNotEquals", `"arn:aws:iam::111122223333:user/a"`, values("arn:aws:iam::111122223333:user/a"), false},
		{"an absent key is a different ARN", "ArnNotEquals", `"arn:*:*:*:*:*"`, absent, true},
		{"unlike an ARN", "ArnNotLike", `"arn:aws:iam::*:user/*"`, values("arn:aws:iam::111122223333:role/b"), true},
		{"like an ARN is not unlike it", "ArnNotLike", `"arn:aws:iam::*:user/*"`, values("arn:aws:iam::111122223333:user/b"), false},
		{"an absent key is unlike an ARN", "ArnNotLike", `"arn:*:*:*:*:*"`, absent, true},

		// Whether a key is there.
		{"an absent key is null", "Null", `"true"`, absent, true},
		{"a key without a value is null", "Null", `"true"`, empty, true},
		{"an empty value is null", "Null", `"true"`, values(""), true},
		{"a value is not null", "Null", `"true"`, values("a"), false},
		{"a value is there", "Null", `"false"`, values("a"), true},
		{"an absent key is not there", "Null", `false`, absent, false},
		{"two empty values are there", "Null", `false`, values("", ""), true},
		{"null or not", "Null", `["true", "false"]`, absent, true},

		// IfExists.
		{"if the key is there it must be equal", "StringEqualsIfExists", `"a"`, values("b"), false},
		{"if the key is there and equal", "StringEqualsIfExists", `"a"`, values("a"), true},
		{"if the key is absent all is well", "StringEqualsIfExists", `"a"`, absent, true},
		{"if the key has no value all is well", "StringEqualsIfExists", `"a"`, empty, true},
		{"an empty value exists", "StringEqualsIfExists", `"a"`, values(""), false},
		{"IfExists of a negated operator", "StringNotEqualsIfExists", `"a"`, values("a"), false},
		{"IfExists of a negated operator and an absent key", "StringNotEqualsIfExists", `"a"`, absent, true},
		{"IfExists of numbers", "NumericLessThanIfExists", `5`, absent, true},
		{"IfExists of dates", "DateLessThanIfExists", `"2024-01-01"`, absent, true},
		{"IfExists of truths", "BoolIfExists", `true`, absent, true},
		{"IfExists of truths that are there", "BoolIfExists", `true`, values("false"), false},
		{"IfExists of bytes", "BinaryEqualsIfExists", `"QUJD"`, absent, true},
		{"IfExists of addresses", "IpAddressIfExists", `"203.0.113.0/24"`, absent, true},
		{"IfExists of ARNs", "ArnLikeIfExists", `"arn:aws:iam::*:user/a"`, absent, true},

		// Keys with several values.
		{"all values are the policy's", "ForAllValues:StringEquals", `["a", "b", "c"]`, values("a", "b"), true},
		{"not all values are the policy's", "ForAllValues:StringEquals", `["a", "b"]`, values("a", "x"), false},
		{"all of no values", "ForAllValues:StringEquals", `"a"`, absent, true},
		{"all of an empty key", "ForAllValues:StringEquals", `"a"`, empty, true},
		{"all of an empty value", "ForAllValues:StringEquals", `"a"`, values(""), true},
		{"all values are like", "ForAllValues:StringLike", `["a*", "b*"]`, values("ab", "ba"), true},
		{"all values differ from the policy's", "ForAllValues:StringNotEquals", `["a", "b"]`, values("c", "d"), true},
		{"not all values differ from the policy's", "ForAllValues:StringNotEquals", `["a", "b"]`, values("c", "a"), false},
		{"all of no values differ", "ForAllValues:StringNotEquals", `"a"`, absent, true},
		{"all numbers are less", "ForAllValues:NumericLessThan", `5`, values("1", "4"), true},
		{"not all numbers are less", "ForAllValues:NumericLessThan", `5`, values("1", "5"), false},
		{"all of no values, if they exist", "ForAllValues:StringEqualsIfExists", `"a"`, absent, true},
		{"any value is the policy's", "ForAnyValue:StringEquals", `["a", "b"]`, values("x", "b"), true},
		{"no value is the policy's", "ForAnyValue:StringEquals", `["a", "b"]`, values("x", "y"), false},
		{"any of no values", "ForAnyValue:StringEquals", `"a"`, absent, false},
		{"any of an empty key", "ForAnyValue:StringEquals", `"a"`, empty, false},
		{"any of an empty value", "ForAnyValue:StringEquals", `""`, values(""), false},
		{"any value differs from all of the policy's", "ForAnyValue:StringNotEquals", `["a", "b"]`, values("a", "c"), true},
		{"no value differs from all of the policy's", "ForAnyValue:StringNotEquals", `["a", "b"]`, values("a", "b"), false},
		{"any of no values differs", "ForAnyValue:StringNotEquals", `"a"`, absent, false},
		{"any value is like", "ForAnyValue:StringLike", `"a*"`, values("x", "ab"), true},
		{"any address is in the range", "ForAnyValue:IpAddress", `"203.0.113.0/24"`, values("192.0.2.1", "203.0.113.1"), true},
		{"any of no values, if they exist", "ForAnyValue:StringEqualsIfExists", `"a"`, absent, true},
		{"any ARN is like", "ForAnyValue:ArnLike", `"arn:aws:iam::*:user/*"`, values("x", "arn:aws:iam::111122223333:user/a"), true},
		{"all truths are true", "ForAllValues:Bool", `true`, values("true", "false"), false},

		// Variables in conditions.
		{"a variable in StringEquals", "StringEquals", `"${aws:username}"`, append(values("alice"), "aws:username=alice"), true},
		{"a variable of another value", "StringEquals", `"${aws:username}"`, append(values("alice"), "aws:username=bob"), false},
		{"a variable within a text", "StringEquals", `"team-${aws:username}-x"`, append(values("team-alice-x"), "aws:username=alice"), true},
		{"a variable without a value equals nothing", "StringEquals", `"${aws:username}"`, values("alice"), false},
		{"a variable without a value does not equal the empty text", "StringEquals", `"${aws:username}"`, values(""), false},
		{"a variable without a value is different from everything", "StringNotEquals", `"${aws:username}"`, values("alice"), true},
		{"a variable with a default", "StringEquals", `"${aws:username, 'alice'}"`, values("alice"), true},
		{"a variable whatever the case", "StringEqualsIgnoreCase", `"${aws:username}"`, append(values("ALICE"), "aws:username=alice"), true},
		{"a variable within a text whatever the case", "StringEqualsIgnoreCase", `"x-${aws:username}"`, append(values("X-ALICE"), "aws:username=alice"), true},
		{"a variable without a value whatever the case", "StringEqualsIgnoreCase", `"x-${aws:username}"`, values("x-"), false},
		{"a variable in StringLike", "StringLike", `"${aws:username}/*"`, append(values("alice/x"), "aws:username=alice"), true},
		{"a star in a variable's value is a character to StringLike", "StringLike", `"${aws:username}"`, append(values("alice"), "aws:username=*"), false},
		{"a variable that is the account of an ARN", "ArnLike", `"arn:aws:iam::${aws:PrincipalAccount}:user/*"`, append(values("arn:aws:iam::111122223333:user/a"), "aws:PrincipalAccount=111122223333"), true},
		{"a variable that is a whole ARN", "ArnEquals", `"${aws:PrincipalArn}"`, append(values(alice), "aws:PrincipalArn="+alice), true},
		{"a variable that is another ARN", "ArnEquals", `"${aws:PrincipalArn}"`, append(values(alice), "aws:PrincipalArn="+bob), false},
		{"a variable with colons in a part of an ARN does not reach over", "ArnLike", `"arn:aws:iam:${x:a}:user/a:b"`, append(values("arn:aws:iam::111122223333:user/a:b"), "x:a=:111122223333"), false},
		{"a star as a variable in StringLike", "StringLike", `"${*}"`, values("a"), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			condition := `, "Condition": {"` + c.operator + `": {"X:Key": ` + c.policy + `}}`
			r := policy.Request{Action: "chime:Connect", Resource: alice, Context: with(c.request...)}
			const anything = `"Action": "*", "Resource": "*"`
			allowing, denying := "not mentioned", "allowed"
			if c.want {
				allowing, denying = "allowed", "denied"
			}
			identity := func(statements ...string) policy.Policies {
				return policy.Policies{Identity: policy.NewSet(policy.Identity, document(t, policy.Identity, "2012-10-17", statements...))}
			}
			check(t, identity(allow(anything+condition)), r, allowing)
			check(t, identity(allow(anything), deny(anything+condition)), r, denying)
		})
	}
}
