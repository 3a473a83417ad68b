package rest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

const channelPath = "/channels/arn%3Aaws%3Achime%3Aus-east-1%3A123456789012%3Aapp-instance%2F694d2099-cb1e-463e-9d64-697ff5b8950e%2Fchannel%2Fknown"

// arrived is a request as a server sees it. Its target need not be one that net/url understands.
func arrived(method, target, body string) *http.Request {
	return &http.Request{
		Method: method, RequestURI: target, URL: new(url.URL), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Host: "chime.test", RemoteAddr: "[2001:db8::7]:4711",
		Header:        http.Header{"Authorization": {"signed"}, "X-Amz-Chime-Bearer": {aliceARN}},
		Body:          io.NopCloser(strings.NewReader(body)),
		ContentLength: int64(len(body)),
	}
}

// errorBody is what every error's body must be.
type errorBody struct{ Code, Message string }

// modelledCodes are the codes in the bodies of the errors that models declare, by their names without
// "Exception". Others have none.
var modelledCodes = map[string]string{
	"BadRequest": "BadRequest", "UnauthorizedClient": "Unauthorized", "Forbidden": "Forbidden", "NotFound": "NotFound",
	"Conflict": "Conflict", "ResourceLimitExceeded": "ResourceLimitExceeded", "ThrottledClient": "Throttled",
	"ServiceFailure": "ServiceFailure", "ServiceUnavailable": "ServiceUnavailable",
}

// checkErrorShape holds an answer to the shape of AWS's errors.
func checkErrorShape(t *testing.T, answer *httptest.ResponseRecorder) (e errorBody) {
	t.Helper()
	if !utf8.Valid(answer.Body.Bytes()) {
		t.Errorf("the body is no UTF-8: %q", answer.Body)
	}
	decoder := json.NewDecoder(strings.NewReader(answer.Body.String()))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&e); err != nil {
		t.Fatalf("the body %q is no error: %v", answer.Body, err)
	}
	header := answer.Result().Header
	exception, ok := strings.CutSuffix(header.Get("x-amzn-ErrorType"), "Exception")
	if !ok {
		t.Errorf("x-amzn-ErrorType is %q", header.Get("x-amzn-ErrorType"))
	}
	if code := modelledCodes[exception]; e.Code != code || e.Message == "" {
		t.Errorf("the body of %s is %q, want the code %q", exception, answer.Body, code)
	}
	if header.Get("x-amzn-RequestId") != requestID || header.Get("Content-Type") != "application/json" {
		t.Errorf("header %v", header)
	}
	return e
}

func TestBadInput(t *testing.T) {
	message := func(change string) string {
		good := map[string]any{"Content": "hello", "Type": "STANDARD", "Persistence": "PERSISTENT", "ClientRequestToken": "t1"}
		if err := json.Unmarshal([]byte(change), &good); err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(good)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	members := func(n int) string {
		return `{"MemberArns":[` + strings.TrimSuffix(strings.Repeat(`"`+aliceARN+`",`, n), ",") + `]}`
	}
	const batch = channelPath + "/memberships?operation=batch-create"
	for _, c := range []struct {
		name, method, target, body string
		status                     int
		exception, message         string
	}{
		{"no body where members are required", "POST", channelPath + "/messages", "", 400, "BadRequestException",
			"4 validation errors detected: Value at 'ClientRequestToken' failed to satisfy constraint: Member must not be null"},
		{"a body that is no JSON", "POST", channelPath + "/messages", "hello", 400, "BadRequestException", "The request body is not valid JSON"},
		{"a body that ends early", "POST", channelPath + "/messages", `{"Content":"hel`, 400, "BadRequestException", "The request body is not valid JSON: it ends too early."},
		{"a body with something behind it", "POST", channelPath + "/messages", message("{}") + "{}", 400, "BadRequestException", "something follows its end"},
		{"a list for a body", "POST", channelPath + "/messages", "[]", 400, "BadRequestException", "The request body has the wrong type: an object is expected."},
		{"a member twice", "POST", channelPath + "/messages", `{"Content":"a","Content":"b"}`, 400, "BadRequestException", "duplicate"},
		{"a number for a string", "POST", channelPath + "/messages", message(`{"Content":1}`), 400, "BadRequestException", "Value at 'Content' has the wrong type: a string is expected."},
		{"a string for an object", "POST", channelPath + "/messages", message(`{"PushNotification":"x"}`), 400, "BadRequestException", "Value at 'PushNotification' has the wrong type"},
		{"invalid UTF-8 in the body", "POST", channelPath + "/messages", `{"Content":"` + "\xff" + `"}`, 400, "BadRequestException", "The request body is not valid JSON: invalid UTF-8"},
		{"half a surrogate in the body", "POST", channelPath + "/messages", `{"Content":"\ud800"}`, 400, "BadRequestException", "The request body is not valid JSON"},
		{"JSON without end in depth", "POST", channelPath + "/messages", strings.Repeat("[", 100_000), 400, "BadRequestException", "wrong type"},
		{"an unknown member without end in depth", "POST", channelPath + "/messages", `{"x":` + strings.Repeat("[", 100_000), 400, "BadRequestException", "The request body is not valid JSON"},
		{"a value that is not in its enum", "POST", channelPath + "/messages", message(`{"Type":"SHOUT"}`), 400, "BadRequestException", "Member must satisfy enum value set: [STANDARD, CONTROL]"},
		{"a list that is too long", "POST", "/channels", `{"AppInstanceArn":"` + instanceARN + `","Name":"n","ClientRequestToken":"t1","ModeratorArns":` + members(11)[len(`{"MemberArns":`):], 400, "BadRequestException", "Value at 'ModeratorArns' failed to satisfy constraint: Member must have length less than or equal to 10"},
		{"an empty batch", "POST", batch, members(0), 400, "BadRequestException", "Value at 'MemberArns' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"a batch with a name that is no ARN", "POST", batch, `{"MemberArns":["bob"]}`, 400, "BadRequestException", "Value at 'MemberArns.1.member' failed to satisfy constraint"},
		{"a name that is too long", "POST", "/app-instances", `{"ClientRequestToken":"t1","Name":"` + strings.Repeat("é", 257) + `"}`, 400, "BadRequestException", "Value at 'Name' failed to satisfy constraint: Member must have length less than or equal to 256"},
		{"a number that is too large", "GET", "/channels?app-instance-arn=" + url.QueryEscape(instanceARN) + "&max-results=51", "", 400, "BadRequestException", "Member must have value less than or equal to 50"},
		{"a number that is none", "GET", "/channels?app-instance-arn=" + url.QueryEscape(instanceARN) + "&max-results=many", "", 400, "BadRequestException", "Value at 'MaxResults' has the wrong type"},
		{"a parameter of the query twice", "GET", "/channels?app-instance-arn=a&app-instance-arn=b", "", 400, "BadRequestException", "Value at 'AppInstanceArn' failed to satisfy constraint: Member must be given once"},
		{"a broken escape in the query", "GET", "/channels?app-instance-arn=%zz", "", 400, "BadRequestException", "The query string is malformed."},
		{"invalid UTF-8 in the query", "GET", "/channels?app-instance-arn=%ff", "", 400, "BadRequestException", "Value at 'AppInstanceArn' failed to satisfy constraint: Member must be valid UTF-8"},
		{"invalid UTF-8 in the path", "GET", "/channels/%ff", "", 400, "BadRequestException", "Value at 'ChannelArn' failed to satisfy constraint: Member must be valid UTF-8"},
		{"a name in the path that is too long", "GET", "/channels/" + strings.Repeat("a", 2000), "", 400, "BadRequestException", "Value at 'ChannelArn' failed to satisfy constraint: Member must have length less than or equal to 1600"},
		{"a broken escape in the path", "GET", "/channels/%zz", "", 404, "UnknownOperationException", "The requested operation is not known."},
		{"an unknown path", "GET", "/channel", "", 404, "UnknownOperationException", "The requested operation is not known."},
		{"an unknown operation", "POST", "/channels?operation=drop", "{}", 404, "UnknownOperationException", "The requested operation is not known."},
		{"an operation twice", "POST", batch + "&operation=batch-create", members(1), 404, "UnknownOperationException", "The requested operation is not known."},
		{"another method", "DELETE", "/channels", "", 405, "UnknownOperationException", "The method is not allowed for this path."},
		{"CONNECT", "CONNECT", "chime.test:443", "", 404, "UnknownOperationException", "The requested operation is not known."},
		{"a body over the limit", "POST", channelPath + "/messages", message(`{"Metadata":"` + strings.Repeat("x", 1<<20) + `"}`), 413, "RequestEntityTooLargeException", "The request body must not be longer than 1048576 bytes."},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer := httptest.NewRecorder()
			stubHandler(stubOptions()).ServeHTTP(answer, arrived(c.method, c.target, c.body))
			e := checkErrorShape(t, answer)
			if answer.Code != c.status || answer.Result().Header.Get("x-amzn-ErrorType") != c.exception || !strings.Contains(e.Message, c.message) {
				t.Errorf("%d %s %q\nwant %d %s %q", answer.Code, answer.Result().Header.Get("x-amzn-ErrorType"), e.Message, c.status, c.exception, c.message)
			}
		})
	}
}

func FuzzRequest(f *testing.F) {
	f.Add("GET", "/channels?app-instance-arn=x&max-results=5", "")
	f.Add("POST", channelPath+"/messages", `{"Content":"a","Type":"STANDARD","Persistence":"PERSISTENT","ClientRequestToken":"t1"}`)
	f.Add("POST", channelPath+"/memberships/?operation=batch-create&%6fperation=x", `{"MemberArns":["`+aliceARN+`",null,7]}`)
	f.Add("PUT", "http://h/channels/%2F%ff/channel-flow", `{"ChannelFlowArn":"\ud800"}`)
	f.Add("OPTIONS", "*", "x")
	f.Add("CONNECT", "h:443", "")
	f.Add("POST", "/channels?operation=search&next-token=%00", `{"Fields":[{"Key":"MEMBERS","Operator":"INCLUDES","Values":[]}]}`)
	f.Fuzz(func(t *testing.T, method, target, body string) {
		answer := httptest.NewRecorder()
		answerNothing(stubOptions()).ServeHTTP(answer, arrived(method, target, body))
		switch {
		case method == http.MethodOptions:
			if answer.Code != http.StatusNoContent {
				t.Errorf("status %d of a preflight", answer.Code)
			}
		case answer.Code >= 500:
			t.Errorf("status %d: %s", answer.Code, answer.Body)
		case answer.Code >= 400:
			checkErrorShape(t, answer)
		case answer.Body.Len() > 0:
			t.Errorf("status %d with the body %q", answer.Code, answer.Body)
		}
	})
}
