package sigv4

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const goodMAC = "a959fcc558068d06810ad37ae036be75ff9489f2f40924ddc55af8759f5eb6db"

func TestParseHeader(t *testing.T) {
	const (
		scope = "/20260102/us-east-1/chime/aws4_request"
		good  = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE" + scope + ", SignedHeaders=host;x-amz-date, Signature=" + goodMAC
		five  = "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term."
		names = "SignedHeaders must be lower-case header names in ascending order, joined by ';'."
		date  = "Date must be in ISO-8601 'basic format', such as 20060102T150405Z."
	)
	list := func(signed string) string {
		return "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE" + scope + ", SignedHeaders=" + signed + ", Signature=" + goodMAC
	}
	credential := func(c string) string { return strings.Replace(good, "AKIDEXAMPLE"+scope, c, 1) }
	for _, c := range []struct {
		name          string
		authorization []string
		query         string
		header        map[string][]string
		want          *Error
	}{
		{"a whole signature is read", []string{good}, "", nil, nil},
		{"a signature without blanks is read", []string{strings.ReplaceAll(good, ", ", ",")}, "", nil, nil},
		{"further parameters are of no interest", []string{good + ", Extra=1,"}, "", nil, nil},
		{"no header at all", nil, "", nil, errMissing},
		{"an empty header", []string{""}, "", nil, errMissing},
		{"another scheme", []string{"Bearer abc"}, "", nil, errMissing},
		{"another algorithm of AWS", []string{strings.Replace(good, "SHA256", "SHA1", 1)}, "", nil,
			&Error{Incomplete, "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1'."}},
		{"an algorithm without end", []string{"AWS" + strings.Repeat("4", 1000)}, "", nil,
			&Error{Incomplete, "Unsupported AWS 'algorithm': 'AWS" + strings.Repeat("4", 61) + "…'."}},
		{"the algorithm alone", []string{"AWS4-HMAC-SHA256"}, "", map[string][]string{"X-Amz-Date": nil},
			&Error{Incomplete, "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. " +
				"Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."}},
		{"a parameter without value", []string{"AWS4-HMAC-SHA256 Credential"}, "", nil,
			&Error{Incomplete, "An element of the Authorization header is not a valid key=value pair (missing equal-sign)."}},
		{"no credential", []string{strings.Replace(good, "Credential=", "X=", 1)}, "", nil,
			&Error{Incomplete, "Authorization header requires 'Credential' parameter."}},
		{"an empty signature", []string{strings.Replace(good, goodMAC, "", 1)}, "", nil,
			&Error{Incomplete, "Authorization header requires 'Signature' parameter."}},
		{"a signature that is none", []string{strings.Replace(good, goodMAC, strings.Repeat("g", 64), 1)}, "", nil, errMismatch},
		{"a short signature", []string{strings.TrimSuffix(good, "b")}, "", nil, errMismatch},
		{"two headers", []string{good, good}, "", nil,
			&Error{Incomplete, "The Authorization header must not be given more than once."}},
		{"a parameter twice", []string{good + ", Signature=" + goodMAC}, "", nil,
			&Error{Incomplete, "The Authorization header has the parameter 'Signature' more than once."}},
		{"both forms", []string{good}, "X-Amz-Signature=" + goodMAC, nil,
			&Error{Incomplete, "A request is signed with the Authorization header or with query-string parameters, not with both."}},
		{"a scope of four parts", []string{credential("AKIDEXAMPLE/20260102/us-east-1/chime")}, "", nil, &Error{Incomplete, five}},
		{"a scope of six parts", []string{credential("AKIDEXAMPLE" + scope + "/x")}, "", nil, &Error{Incomplete, five}},
		{"a scope with an empty part", []string{credential("AKIDEXAMPLE/20260102//chime/aws4_request")}, "", nil, &Error{Incomplete, five}},
		{"an access key id that is too long", []string{credential(strings.Repeat("A", 129) + scope)}, "", nil,
			&Error{Incomplete, "The access key id in Credential must not be longer than 128 characters."}},
		{"the host not signed", []string{list("x-amz-date")}, "", nil,
			&Error{Unsigned, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."}},
		{"the date not signed", []string{list("host")}, "", nil,
			&Error{Unsigned, "'X-Amz-Date' must be a 'SignedHeader' in the AWS Authorization."}},
		{"a header of AWS not signed", []string{good}, "", map[string][]string{"X-Amz-Target": {"x"}},
			&Error{Unsigned, "'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization."}},
		{"signed headers out of order", []string{list("x-amz-date;host")}, "", nil, &Error{Incomplete, names}},
		{"a signed header twice", []string{list("host;host;x-amz-date")}, "", nil, &Error{Incomplete, names}},
		{"a signed header in upper case", []string{list("Host;x-amz-date")}, "", nil, &Error{Incomplete, names}},
		{"a signed header without name", []string{list("host;;x-amz-date")}, "", nil, &Error{Incomplete, names}},
		{"a line break among the signed headers", []string{list("host;a\nb;x-amz-date")}, "", nil, &Error{Incomplete, names}},
		{"two dates", []string{good}, "", map[string][]string{"X-Amz-Date": {"20260102T030405Z", "20260102T030405Z"}},
			&Error{Incomplete, "The header X-Amz-Date must not be given more than once."}},
		{"two tokens", []string{good}, "", map[string][]string{"X-Amz-Security-Token": {"a", "b"}},
			&Error{Incomplete, "The header X-Amz-Security-Token must not be given more than once."}},
		{"two hashes of the body", []string{good}, "", map[string][]string{"X-Amz-Content-Sha256": {"a", "b"}},
			&Error{Incomplete, "The header X-Amz-Content-Sha256 must not be given more than once."}},
		{"a date that is none", []string{good}, "", map[string][]string{"X-Amz-Date": {"yesterday"}}, &Error{Incomplete, date}},
		{"the 31st of April", []string{good}, "", map[string][]string{"X-Amz-Date": {"20260431T030405Z"}}, &Error{Incomplete, date}},
		{"the month zero", []string{good}, "", map[string][]string{"X-Amz-Date": {"20260001T030405Z"}}, &Error{Incomplete, date}},
		{"the hour 24", []string{good}, "", map[string][]string{"X-Amz-Date": {"20260102T240405Z"}}, &Error{Incomplete, date}},
		{"a date with letters", []string{good}, "", map[string][]string{"X-Amz-Date": {"2026010xT030405Z"}}, &Error{Incomplete, date}},
		{"a date in extended format", []string{good}, "", map[string][]string{"X-Amz-Date": {"2026-01-02T03:04Z"}}, &Error{Incomplete, date}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &Request{Method: "GET", Host: "h", Path: "/", Query: c.query, Header: map[string][]string{"X-Amz-Date": {"20260102T030405Z"}}}
			if c.authorization != nil {
				r.Header["Authorization"] = c.authorization
			}
			for name, values := range c.header {
				r.Header[name] = values
			}
			_, err := Parse(r)
			checkError(t, err, c.want)
		})
	}
}

func checkError(t *testing.T, got error, want *Error) {
	t.Helper()
	if want == nil {
		if got != nil {
			t.Fatal(got)
		}
		return
	}
	if diff := cmp.Diff(error(want), got); diff != "" {
		t.Error(diff)
	}
}

func TestParseQuery(t *testing.T) {
	without := func(name string) string {
		var rest []string
		for pair := range strings.SplitSeq(connectQuery+"&X-Amz-Signature="+connectSignature, "&") {
			if !strings.HasPrefix(pair, name+"=") {
				rest = append(rest, pair)
			}
		}
		return strings.Join(rest, "&")
	}
	with := func(name, value string) string { return without(name) + "&" + name + "=" + value }
	const again = " Re-examine the query-string parameters."
	for _, c := range []struct {
		name, query string
		want        *Error
	}{
		{"a whole signature is read", without("sessionId"), nil},
		{"a token is not needed", without("X-Amz-Security-Token"), nil},
		{"nothing at all", "sessionId=1", errMissing},
		{"no algorithm", without("X-Amz-Algorithm"), &Error{Incomplete, "AWS query-string parameters must include 'X-Amz-Algorithm'." + again}},
		{"no credential", without("X-Amz-Credential"), &Error{Incomplete, "AWS query-string parameters must include 'X-Amz-Credential'." + again}},
		{"no date", without("X-Amz-Date"), &Error{Incomplete, "AWS query-string parameters must include 'X-Amz-Date'." + again}},
		{"no life", without("X-Amz-Expires"), &Error{Incomplete, "AWS query-string parameters must include 'X-Amz-Expires'." + again}},
		{"no signed headers", without("X-Amz-SignedHeaders"), &Error{Incomplete, "AWS query-string parameters must include 'X-Amz-SignedHeaders'." + again}},
		{"no signature", without("X-Amz-Signature"), &Error{Incomplete, "AWS query-string parameters must include 'X-Amz-Signature'." + again}},
		{"another algorithm", with("X-Amz-Algorithm", "AWS4-HMAC-SHA1"), &Error{Incomplete, "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1'."}},
		{"a date in the form of HTTP", with("X-Amz-Date", "Fri,+02+Jan+2026+03:04:05+GMT"),
			&Error{Incomplete, "Date must be in ISO-8601 'basic format', such as 20060102T150405Z."}},
		{"the host not signed", with("X-Amz-SignedHeaders", "accept"),
			&Error{Unsigned, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."}},
		{"a parameter twice", with("X-Amz-Date", "1") + "&X-Amz-Date=2",
			&Error{Incomplete, "The query-string parameter 'X-Amz-Date' must not be given more than once."}},
		{"a parameter twice, once in disguise", without("") + "&X-Amz%2DSignature=2",
			&Error{Incomplete, "The query-string parameter 'X-Amz-Signature' must not be given more than once."}},
		{"a parameter with a broken escape", with("X-Amz-Credential", "%zz"),
			&Error{Incomplete, "The query-string parameter 'X-Amz-Credential' is not well encoded."}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse(&Request{Method: "GET", Host: connectHost, Path: "/connect", Query: c.query})
			checkError(t, err, c.want)
		})
	}
	for _, life := range []string{"0", "-1", "604801", "1e3", "99999999999999999999", "x", "", "1.5", "+60"} {
		t.Run("a life of "+life+" seconds is refused", func(t *testing.T) {
			_, err := Parse(&Request{Method: "GET", Host: connectHost, Path: "/connect", Query: with("X-Amz-Expires", life)})
			checkError(t, err, &Error{Incomplete, "X-Amz-Expires must be a number of seconds between 1 and 604800."})
		})
	}
	t.Run("a life of seven days is the longest", func(t *testing.T) {
		s, err := Parse(&Request{Method: "GET", Host: connectHost, Path: "/connect", Query: with("X-Amz-Expires", "604800")})
		if err != nil {
			t.Fatal(err)
		}
		if s.Expires != 7*24*time.Hour {
			t.Errorf("got %v", s.Expires)
		}
	})
}

func TestCheck(t *testing.T) {
	signature := func(change func(*Signature)) *Signature {
		s := &Signature{
			AccessKeyID: exampleID, Date: "20260102", Region: "us-east-1", Service: "chime", Terminator: Terminator,
			Time: now, stamp: "20260102T030405Z",
		}
		if change != nil {
			change(s)
		}
		return s
	}
	presigned := func(s *Signature) { s.Expires = 10 * time.Second }
	const skew = 15 * time.Minute
	for _, c := range []struct {
		name   string
		change func(*Signature)
		now    time.Time
		want   *Error
	}{
		{"a signature of this moment is good", nil, now, nil},
		{"one from the edge of the past is good", nil, now.Add(skew), nil},
		{"one from the edge of the future is good", nil, now.Add(-skew), nil},
		{"one from beyond the past has expired", nil, now.Add(20 * time.Minute),
			&Error{Expired, "Signature expired: 20260102T030405Z is now earlier than 20260102T030905Z (20260102T032405Z - 15 min.)"}},
		{"one from beyond the future is not yet current", nil, now.Add(-20 * time.Minute),
			&Error{NotYetCurrent, "Signature not yet current: 20260102T030405Z is still later than 20260102T025905Z (20260102T024405Z + 15 min.)"}},
		{"a presigned one lives for its own time and the skew", presigned, now.Add(skew + 10*time.Second), nil},
		{"a presigned one does not live longer", presigned, now.Add(skew + 11*time.Second),
			&Error{Expired, "Signature expired: 20260102T030405Z is now earlier than 20260102T030406Z (20260102T031916Z - 910 sec.)"}},
		{"a presigned one from beyond the future is not yet current", presigned, now.Add(-skew - time.Second),
			&Error{NotYetCurrent, "Signature not yet current: 20260102T030405Z is still later than 20260102T030404Z (20260102T024904Z + 15 min.)"}},
		{"another region", func(s *Signature) { s.Region = "us-west-2" }, now,
			&Error{Scope, "Credential should be scoped to a valid region, not 'us-west-2'. "}},
		{"another service", func(s *Signature) { s.Service = "s3" }, now,
			&Error{Scope, "Credential should be scoped to correct service: 'chime'. "}},
		{"another terminator", func(s *Signature) { s.Terminator = "aws5" }, now,
			&Error{Scope, "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5'. "}},
		{"another day", func(s *Signature) { s.Date = "20260101" }, now,
			&Error{Scope, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20260101' != '20260102', from '20260102T030405Z'. "}},
		{"everything wrong at once", func(s *Signature) { s.Region, s.Service = strings.Repeat("r", 100), "s3" }, now.Add(time.Hour),
			&Error{Scope, "Credential should be scoped to a valid region, not '" + strings.Repeat("r", 64) + "…'. Credential should be scoped to correct service: 'chime'. "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := signature(c.change).Check(Rules{Service: "chime", Region: "us-east-1", Now: c.now, Skew: skew})
			checkError(t, err, c.want)
		})
	}
	t.Run("without a region of our own any will do", func(t *testing.T) {
		s := signature(func(s *Signature) { s.Region = "mars-1" })
		checkError(t, s.Check(Rules{Service: "chime", Now: now}), nil)
	})
}
