package api

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// decodeBody decodes a body for an operation whose path is a channel and a message or nothing.
func decodeBody(operation, body string) (any, error) {
	return Lookup(operation).Decode(&Input{Path: [2]string{benchChannel, "1"}, Body: []byte(body)})
}

// wantRefused fails unless err is a BadRequest whose message contains want and is of a size that
// suits an answer.
func wantRefused(t *testing.T, err error, want string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Errorf("error %v, want a BadRequest: %s", err, want)
		return
	}
	if e.Kind != BadRequest || !strings.Contains(e.Message, want) {
		t.Errorf("%s %q, want BadRequest: %s", e.Kind, e.Message, want)
	}
	if len(e.Message) > 4096 {
		t.Errorf("a message of %d bytes", len(e.Message))
	}
}

func TestDecodeMalformedBody(t *testing.T) {
	const invalid, early, after = "The request body is not valid JSON", "it ends too early", "something follows its end"
	for _, c := range []struct{ name, body, want string }{
		{"nothing but space", " \n", early},
		{"an object that does not end", `{`, early},
		{"a name that does not end", `{"MemberArn`, early},
		{"a name without a colon", `{"MemberArn"`, early},
		{"a colon without a value", `{"MemberArn":`, early},
		{"a value that does not end", `{"MemberArn":"arn`, early},
		{"a value without an end of the object", `{"MemberArn":"arn"`, early},
		{"a comma without a member", `{"MemberArn":"arn",`, early},
		{"an unknown list that does not end", `{"x":[`, early},
		{"an unknown number that does not end", `{"x":1`, early},
		{"an end without a beginning", `}`, invalid},
		{"no value", `{"MemberArn":}`, invalid},
		{"no value of an unknown member", `{"x":}`, invalid},
		{"a comma before the end", `{"MemberArn":null,}`, invalid},
		{"a comma alone", `{,}`, invalid},
		{"two commas", `{"x":1,,"y":2}`, invalid},
		{"no colon", `{"MemberArn" "arn"}`, invalid},
		{"no comma", `{"x":1 "y":2}`, invalid},
		{"the wrong bracket", `{"x":[1}}`, invalid},
		{"a name without quotes", `{MemberArn:"arn"}`, invalid},
		{"a number for a name", `{1:2}`, invalid},
		{"null for a name", `{null:2}`, invalid},
		{"single quotes", `{'MemberArn':'arn'}`, invalid},
		{"a comment", `{/**/}`, invalid},
		{"a leading zero", `{"x":01}`, invalid},
		{"a plus sign", `{"x":+1}`, invalid},
		{"no whole part", `{"x":.5}`, invalid},
		{"no fraction", `{"x":1.}`, invalid},
		{"no exponent", `{"x":1e}`, invalid},
		{"NaN", `{"x":NaN}`, invalid},
		{"infinity", `{"x":-Infinity}`, invalid},
		{"half a null", `{"MemberArn":nul}`, invalid},
		{"half a true", `{"x":tru}`, invalid},
		{"more than a null", `{"MemberArn":nullx}`, invalid},
		{"a control character", "{\"MemberArn\":\"\x01\"}", invalid},
		{"a line break in a string", "{\"x\":\"\n\"}", invalid},
		{"an unknown escape", `{"MemberArn":"\q"}`, invalid},
		{"a short escape", `{"MemberArn":"\u12"}`, invalid},
		{"an escape that is no number", `{"MemberArn":"\u12zz"}`, invalid},
		{"a high surrogate alone", `{"MemberArn":"\ud83d"}`, invalid},
		{"a low surrogate alone", `{"MemberArn":"\ude00"}`, invalid},
		{"surrogates in the wrong order", `{"MemberArn":"\ude00\ud83d"}`, invalid},
		{"a high surrogate before a letter", `{"MemberArn":"\ud83dA"}`, invalid},
		{"a lone surrogate in an unknown member", `{"x":["\ud83d"]}`, invalid},
		{"a lone surrogate in a name", `{"\ud83d":1}`, invalid},
		{"a byte that is no UTF-8", "{\"MemberArn\":\"\xff\"}", invalid},
		{"half a character", "{\"MemberArn\":\"\xe6\x97\"}", invalid},
		{"an overlong zero", "{\"MemberArn\":\"\xc0\x80\"}", invalid},
		{"a surrogate in UTF-8", "{\"MemberArn\":\"\xed\xa0\x80\"}", invalid},
		{"a code point too large", "{\"MemberArn\":\"\xf4\x90\x80\x80\"}", invalid},
		{"no UTF-8 in a name", "{\"\xff\":1}", invalid},
		{"no UTF-8 in an unknown member", "{\"x\":{\"y\":\"\xff\"}}", invalid},
		{"a byte order mark", "\ufeff{}", invalid},
		{"a zero byte", "\x00", invalid},
		{"UTF-16", "{\x00}\x00", invalid},
		{"a member twice", `{"MemberArn":"a","MemberArn":"a"}`, invalid},
		{"a member twice, once null", `{"MemberArn":null,"MemberArn":"a"}`, invalid},
		{"a member twice, once escaped", `{"MemberArn":"a","\u004demberArn":"a"}`, invalid},
		{"an unknown member twice", `{"x":1,"x":2}`, invalid},
		{"a member twice below an unknown one", `{"x":[{"y":1,"y":2}]}`, invalid},
		{"two values", `{"MemberArn":"` + benchUser + `"} {}`, after},
		{"a letter at the end", `{"MemberArn":"` + benchUser + `"}x`, after},
		{"a bracket at the end", `{"MemberArn":"` + benchUser + `"}}`, after},
		{"a zero byte at the end", `{"MemberArn":"` + benchUser + "\"}\x00", after},
		{"a comma at the end", `{"MemberArn":"` + benchUser + `"},`, after},
	} {
		t.Run(c.name+" is refused", func(t *testing.T) {
			_, err := decodeBody("CreateChannelBan", c.body)
			wantRefused(t, err, c.want)
		})
	}
	for _, body := range []string{`null`, `[]`, `"x"`, `1`, `true`, ` false `} {
		t.Run(body+" for a body is refused", func(t *testing.T) {
			_, err := decodeBody("CreateChannelBan", body)
			wantRefused(t, err, "The request body has the wrong type: an object is expected.")
		})
	}
}

const benchUser = benchInstance + "/user/alice"

func TestDecodeBody(t *testing.T) {
	want := &CreateChannelBanRequest{ChannelArn: benchChannel, MemberArn: benchUser}
	for _, c := range []struct{ name, body string }{
		{"the plain form", `{"MemberArn":"` + benchUser + `"}`},
		{"space wherever it may be", " \t\r\n{ \"MemberArn\" \n:\t\"" + benchUser + "\" \r} \n"},
		{"an escaped name", `{"\u004dember\u0041rn":"` + benchUser + `"}`},
		{"an escaped value", `{"MemberArn":"` + strings.NewReplacer("/", `\/`, "a", `\u0061`).Replace(benchUser) + `"}`},
		{"unknown members", `{"a":null,"MemberArn":"` + benchUser + `","b":-0.5e+9,"c":"\ud83d\ude00","d":true,"":1}`},
		{"unknown members full of junk", `{"x":{"x":{"x":[[],[{}],{"MemberArn":[1,"\u0000",null,[[[1e400]]]]}]}},"MemberArn":"` + benchUser + `","y":[{"y":[]}]}`},
		{"names that differ in case", `{"memberArn":1,"MemberArn":"` + benchUser + `","MEMBERARN":2}`},
	} {
		t.Run(c.name+" is read", func(t *testing.T) {
			got, err := decodeBody("CreateChannelBan", c.body)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(any(want), got); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("no body is an empty object", func(t *testing.T) {
		got, err := decodeBody("PutChannelExpirationSettings", "")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(any(&PutChannelExpirationSettingsRequest{ChannelArn: benchChannel}), got); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("no body lacks what is required", func(t *testing.T) {
		_, err := decodeBody("CreateChannelBan", "")
		wantRefused(t, err, broken("MemberArn", "Member must not be null"))
	})
	t.Run("an operation without body members does not look at the body", func(t *testing.T) {
		if _, err := decodeBody("DescribeChannel", "\xff{"); err != nil {
			t.Error(err)
		}
	})
	t.Run("an empty text is not an absent one", func(t *testing.T) {
		got, err := decodeBody("UpdateChannel", `{"Metadata":""}`)
		if err != nil {
			t.Fatal(err)
		}
		if in := got.(*UpdateChannelRequest); in.Metadata == nil || *in.Metadata != "" {
			t.Errorf("metadata %v", in.Metadata)
		}
		got, err = decodeBody("UpdateChannel", `{"Metadata":null}`)
		if err != nil {
			t.Fatal(err)
		}
		if in := got.(*UpdateChannelRequest); in.Metadata != nil {
			t.Errorf("metadata %q", *in.Metadata)
		}
	})
	t.Run("any text survives", func(t *testing.T) {
		content := "\x00\x1f\"\\/<>&\u007f\u2028\u2029é日😀\U0010ffff"
		quoted, err := json.Marshal(content)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeBody("UpdateChannelMessage", `{"Content":`+string(quoted)+`}`)
		if err != nil {
			t.Fatal(err)
		}
		if in := got.(*UpdateChannelMessageRequest); in.Content != content {
			t.Errorf("content %q, want %q", in.Content, content)
		}
	})
	t.Run("nothing that was read lies in the body's memory", func(t *testing.T) {
		in := &Input{Path: [2]string{benchChannel}, Body: []byte(`{"MemberArns":["` + benchUser + `"],"SubChannelId":"\u0061b","x":1}`)}
		got, err := Lookup("BatchCreateChannelMembership").Decode(in)
		if err != nil {
			t.Fatal(err)
		}
		clear(in.Body)
		want := &BatchCreateChannelMembershipRequest{ChannelArn: benchChannel, MemberArns: []string{benchUser}, SubChannelId: "ab"}
		if diff := cmp.Diff(any(want), got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestDecodeKeepsNothing(t *testing.T) {
	t.Run("a list is not overwritten by the next one", func(t *testing.T) {
		search := func(values string) *SearchChannelsRequest {
			got, err := decodeBody("SearchChannels", `{"Fields":[{"Key":"MEMBERS","Operator":"EQUALS","Values":`+values+`},{"Key":"MEMBERS","Operator":"INCLUDES","Values":["z"]}]}`)
			if err != nil {
				t.Fatal(err)
			}
			return got.(*SearchChannelsRequest)
		}
		first := search(`["a","b"]`)
		search(`["c","d"]`)
		if diff := cmp.Diff([]string{"a", "b"}, first.Fields[0].Values); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("a decoder that is done holds no part of the request", func(t *testing.T) {
		in := &Input{Path: [2]string{benchChannel}, Query: "x=1", Body: []byte(sendWith(`{"color":{"StringValues":["\u0041",""]}}`))}
		d := newDecoder(in)
		if _, ok := d.queryValue("x", "X", true); !ok {
			t.Fatal("the query is lost")
		}
		d.startBody()
		new(SendChannelMessageRequest).decode(d)
		d.endBody()
		if err := d.finish(); err == nil {
			t.Fatal("an empty value is accepted")
		}
		if d.in != nil || d.err != nil || d.body.Len() != 0 {
			t.Errorf("%v, %v, %d bytes", d.in, d.err, d.body.Len())
		}
		for _, s := range d.path[:cap(d.path)] {
			if s != (segment{}) {
				t.Errorf("a way: %v", s)
			}
		}
		for _, p := range d.query[:cap(d.query)] {
			if p != (parameter{}) {
				t.Errorf("a parameter: %v", p)
			}
		}
		for _, text := range append(d.problems[:cap(d.problems)], d.list[:cap(d.list)]...) {
			if text != "" {
				t.Errorf("a text: %q", text)
			}
		}
	})
	t.Run("a huge request does not swell an idle decoder", func(t *testing.T) {
		d := newDecoder(&Input{Body: []byte(`{"MemberArns":[` + strings.Repeat(`"`+benchUser+`",`, 20_000) + `"\u0061` + strings.Repeat("x", 1<<20) + `"]}`)})
		d.startBody()
		new(BatchCreateChannelMembershipRequest).decode(d)
		if cap(d.list) < 20_000 || cap(d.unquoted) < 1<<20 {
			t.Fatalf("it was not read: %d, %d", cap(d.list), cap(d.unquoted))
		}
		if err := d.finish(); err == nil {
			t.Fatal("a long ARN is accepted")
		}
		if cap(d.list)*16 > maxScratch || cap(d.unquoted) > maxScratch {
			t.Errorf("%d texts and %d bytes are kept", cap(d.list), cap(d.unquoted))
		}
	})
}

func TestDecodeReportsEveryMemberAtFault(t *testing.T) {
	t.Run("in the order of path, query and body", func(t *testing.T) {
		_, err := Lookup("SearchChannels").Decode(&Input{
			Query: "operation=search&max-results=51",
			Body:  []byte(`{"Fields":[{"Operator":"NEAR","Values":["a",null,""]}]}`),
		})
		wantRefused(t, err, "5 validation errors detected: "+
			"Value at 'MaxResults' failed to satisfy constraint: Member must have value less than or equal to 50; "+
			"Value at 'Fields.1.member.Operator' failed to satisfy constraint: Member must satisfy enum value set: [EQUALS, INCLUDES]; "+
			"Value at 'Fields.1.member.Values.2.member' failed to satisfy constraint: Member must not be null; "+
			"Value at 'Fields.1.member.Values.3.member' failed to satisfy constraint: Member must have length greater than or equal to 1; "+
			"Value at 'Fields.1.member.Key' failed to satisfy constraint: Member must not be null")
	})
	t.Run("up to ten of them", func(t *testing.T) {
		_, err := decodeBody("BatchCreateChannelMembership", `{"MemberArns":[`+strings.Repeat(`"x",`, 100_000)+`"x"]}`)
		wantRefused(t, err, "10 validation errors detected: Value at 'MemberArns.1.member'")
		wantRefused(t, err, "Value at 'MemberArns.10.member'")
		if strings.Contains(err.Error(), "MemberArns.11.member") {
			t.Error("an eleventh is reported")
		}
	})
	t.Run("but only what cannot be understood, when something cannot", func(t *testing.T) {
		_, err := decodeBody("CreateChannelBan", `{"MemberArn":"x"`)
		wantRefused(t, err, "The request body is not valid JSON: it ends too early.")
	})
	t.Run("with the key of a map when it is a good one", func(t *testing.T) {
		_, err := decodeBody("SendChannelMessage", sendWith(`{"color":{"StringValues":["red",""]}}`))
		wantRefused(t, err, broken("MessageAttributes.color.StringValues.2.member", "Member must have length greater than or equal to 1"))
	})
	t.Run("without the key of a map when it is a bad one", func(t *testing.T) {
		_, err := decodeBody("SendChannelMessage", sendWith(`{"`+strings.Repeat("k", 100_000)+`":{"StringValues":[""]}}`))
		wantRefused(t, err, "Value at 'MessageAttributes.key.StringValues.1.member' failed")
	})
	t.Run("and nothing of it in the next request", func(t *testing.T) {
		_, err := decodeBody("CreateChannelBan", `{"MemberArn":"x"}`)
		wantRefused(t, err, "1 validation error detected: Value at 'MemberArn'")
		if _, err := decodeBody("CreateChannelBan", `{"MemberArn":"`+benchUser+`"}`); err != nil {
			t.Error(err)
		}
	})
}

// sendWith is a whole body for SendChannelMessage.
func sendWith(attributes string) string {
	return `{"Content":"x","Type":"STANDARD","Persistence":"PERSISTENT","ClientRequestToken":"token","MessageAttributes":` + attributes + `}`
}
