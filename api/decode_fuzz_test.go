package api

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// FuzzDecode sends anything to any operation. What comes of it is a BadRequest of a size that suits
// an answer, or a value that is the same when it is sent again.
func FuzzDecode(f *testing.F) {
	for i := range Operations {
		op := theModel(f).Operations[i]
		for _, full := range []bool{false, true} {
			in := newRequest(op, full).input(f)
			f.Add(uint8(i), in.Path[0], in.Path[1], in.Query, in.Body)
		}
	}
	batch := uint8(1)
	if Operations[batch].Name != "BatchCreateChannelMembership" {
		f.Fatalf("operation %d is %s", batch, Operations[batch].Name)
	}
	for _, body := range []string{
		``, `null`, `{`, `{"MemberArns":[null,"x",1]}`, `{"MemberArns":[` + "\"\xff\"" + `]}`, `{"x":[[[[{}]]]],"MemberArns":["arn:a::::\u0062"]}`, `{"a":1,"a":2}`,
	} {
		f.Add(batch, benchChannel, "", "operation=batch-create", []byte(body))
	}
	f.Fuzz(func(t *testing.T, i uint8, path0, path1, query string, body []byte) {
		op := &Operations[int(i)%len(Operations)]
		in := &Input{Path: [2]string{path0, path1}, Query: query, Body: bytes.Clone(body)}
		got, err := op.Decode(in)
		if !bytes.Equal(in.Body, body) {
			t.Fatalf("%s: the body was changed", op.Name)
		}
		if err != nil {
			e, ok := err.(*Error)
			if !ok || e.Kind != BadRequest || e.Cause != nil || got != nil {
				t.Fatalf("%s: %#v and %v", op.Name, err, got)
			}
			if e.Message == "" || len(e.Message) > 8192 || !utf8.ValidString(e.Message) {
				t.Fatalf("%s: the message %q", op.Name, e.Message)
			}
			return
		}
		in.Body, err = json.Marshal(got)
		if err != nil {
			t.Fatalf("%s: %v", op.Name, err)
		}
		again, err := op.Decode(in)
		if err != nil {
			t.Fatalf("%s: %s is refused: %v", op.Name, in.Body, err)
		}
		if diff := cmp.Diff(got, again); diff != "" {
			t.Fatalf("%s: sent again it is something else:\n%s", op.Name, diff)
		}
	})
}
