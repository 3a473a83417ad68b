package chat_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"carillon/api"
	"carillon/chat"
	"carillon/testenv"
)

func TestSearchChannels(t *testing.T) {
	e := testenv.New(t)
	ab := e.Channel("alice", testenv.PrivateRestricted, "bob")
	abc := e.Channel("alice", testenv.PublicRestricted, "bob", "carol")
	bc := e.Channel("bob", testenv.PublicUnrestricted, "carol")
	abHidden := e.Channel("alice", testenv.PublicRestricted, "bob")
	e.Join("alice", abHidden, "carol", "HIDDEN")
	gone := e.Channel("alice", testenv.PublicRestricted, "bob")
	if err := e.As("alice").DeleteChannel(api.DeleteChannelRequest{ChannelArn: gone}); err != nil {
		t.Fatal(err)
	}
	field := func(operator string, users ...string) api.SearchField {
		return api.SearchField{Key: "MEMBERS", Operator: operator, Values: e.ARNs(users...)}
	}
	find := func(c *testenv.Client, max int, fields ...api.SearchField) (arns []string, err error) {
		for token := ""; ; {
			out, err := c.SearchChannels(api.SearchChannelsRequest{Fields: fields, MaxResults: max, NextToken: token})
			if err != nil {
				return nil, err
			}
			for _, found := range out.Channels {
				arns = append(arns, found.ChannelArn)
			}
			if token = out.NextToken; token == "" {
				return arns, nil
			}
		}
	}
	for _, c := range []struct {
		name   string
		as     *testenv.Client
		fields []api.SearchField
		want   []string
	}{
		{"INCLUDES finds every channel that has all of them", e.As("alice"), []api.SearchField{field("INCLUDES", "alice", "bob")}, []string{ab, abc, abHidden}},
		{"EQUALS finds those that have nobody else, hidden members aside", e.As("alice"), []api.SearchField{field("EQUALS", "bob", "alice")}, []string{ab, abHidden}},
		{"a user searches its own channels", e.As("carol"), []api.SearchField{field("INCLUDES", "carol", "bob")}, []string{abc, bc}},
		{"an admin searches all", e.As("admin"), []api.SearchField{field("INCLUDES", "bob")}, []string{ab, abc, bc, abHidden}},
		{"so does a caller without a bearer", e.Developer(), []api.SearchField{field("INCLUDES", "carol")}, []string{abc, bc}},
		{"several fields must all match", e.As("bob"), []api.SearchField{field("INCLUDES", "bob", "carol"), field("INCLUDES", "alice")}, []string{abc}},
		{"a value twice counts once", e.As("alice"), []api.SearchField{field("EQUALS", "alice", "bob", "bob")}, []string{ab, abHidden}},
		{"who does not exist is in no channel", e.As("alice"), []api.SearchField{field("INCLUDES", "alice", "nobody")}, nil},
	} {
		for _, max := range []int{1, 50} {
			t.Run(fmt.Sprintf("%s, in pages of %d", c.name, max), func(t *testing.T) {
				got, err := find(c.as, max, c.fields...)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
	t.Run("a user who is not among the values is refused in AWS's words", func(t *testing.T) {
		_, err := find(e.As("alice"), 50, field("INCLUDES", "bob"))
		if e := api.AsError(err); e.Kind != api.BadRequest || e.Message != "AppInstanceUser must include its own ARN for MEMBERS field" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a value that names nobody who could be a member is an invalid ARN", func(t *testing.T) {
		for _, value := range []string{ab, "nonsense", strings.Replace(e.ARN("bob"), testenv.Account, "999999999999", 1)} {
			in := field("INCLUDES", "alice")
			in.Values = append(in.Values, value)
			if _, err := find(e.As("alice"), 50, in); testenv.Kind(err) != api.BadRequest {
				t.Errorf("%s: got %v", value, err)
			}
		}
	})
	t.Run("many channels that do not match make short pages, not a lost result", func(t *testing.T) {
		for range 120 {
			e.Channel("dave", testenv.PublicRestricted)
		}
		last := e.Channel("dave", testenv.PublicRestricted, "erin")
		got, err := find(e.As("dave"), 50, field("INCLUDES", "dave", "erin"))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{last}, got); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("a user with too many channels is refused in AWS's words", func(t *testing.T) {
		e := testenv.New(t, testenv.WithLimits(chat.Limits{SearchableMemberships: 1}))
		e.Channel("alice", testenv.PublicRestricted)
		e.Channel("alice", testenv.PublicRestricted)
		_, err := e.As("alice").SearchChannels(api.SearchChannelsRequest{Fields: []api.SearchField{{Key: "MEMBERS", Operator: "INCLUDES", Values: e.ARNs("alice")}}})
		want := "Primary search user " + e.ARN("alice") + " exceeds channel membership limit to perform search."
		if e := api.AsError(err); e.Kind != api.BadRequest || e.Message != want {
			t.Errorf("got %v", err)
		}
	})
}
