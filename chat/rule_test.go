package chat_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
	"time"

	"carillon/api"
	"carillon/testenv"
)

// rules reads the rules that there are out of their file: their texts by their names.
func rules(t *testing.T) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "rule.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]string)
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if call, ok := spec.Values[0].(*ast.CallExpr); ok {
			if text, ok := call.Args[0].(*ast.BasicLit); ok && text.Kind == token.STRING {
				if found[spec.Names[0].Name], err = strconv.Unquote(text.Value); err != nil {
					t.Fatal(err)
				}
			}
		}
		return true
	})
	if len(found) < 30 {
		t.Fatalf("%d rules", len(found))
	}
	return found
}

// TestRules has every rule refuse something, or empty a list, and say so.
func TestRules(t *testing.T) {
	e := testenv.New(t)
	other := e.NewInstance("other")
	stranger := e.AddUser(other, "stranger")
	public := e.Channel("alice", testenv.PublicRestricted, "bob")
	private := e.Channel("alice", testenv.PrivateRestricted, "bob")
	e.Join("alice", private, "carol", api.ChannelMembershipTypeHidden)
	e.Ban("alice", public, "dave")
	elastic := elasticChannel(t, e, 2, 2, 40)
	message := send(t, e, "bob", private, "of bob")
	targeted := send(t, e, "bob", private, "to alice", to(e.ARN("alice")))
	quiet := e.Channel("alice", testenv.PrivateRestricted, "bob", "carol")
	send(t, e, "bob", quiet, "to alice", to(e.ARN("alice")))
	empty := e.NewInstance("empty")
	lonely := e.AddUser(empty, "lonely")
	late, _ := flowed(e, api.FallbackActionAbort)
	send(t, e, "bob", late, "in a flow")
	asked := invocations(e)[0]
	elsewhere := func(name string) string { return strings.Replace(name, testenv.Account, "999999999999", 1) }

	type call func() error
	describe := func(c *testenv.Client, channel string) call {
		return func() error { return second(c.DescribeChannel(api.DescribeChannelRequest{ChannelArn: channel})) }
	}
	message1 := func(as, channel, id string) call {
		return func() error {
			return second(e.As(as).GetChannelMessage(api.GetChannelMessageRequest{ChannelArn: channel, MessageId: id}))
		}
	}
	member := func(as, channel, who, kind string) call {
		return func() error {
			return second(e.As(as).CreateChannelMembership(api.CreateChannelMembershipRequest{ChannelArn: channel, MemberArn: e.ARN(who), Type: kind}))
		}
	}
	messages := func(c *testenv.Client, channel, sub string) error {
		return second(c.ListChannelMessages(api.ListChannelMessagesRequest{ChannelArn: channel, SubChannelId: sub}))
	}
	addAll(t, e, elastic, "bob", "carol")
	subs, _ := subChannels(t, e, elastic)
	addAll(t, e, elastic, "erin")

	seen := make(map[string]bool)
	texts := rules(t)
	names := make(map[string]string, len(texts))
	for name, text := range texts {
		names[text] = name
	}
	note := func(t *testing.T, want, reason string) {
		t.Helper()
		text, _, _ := strings.Cut(reason, "; the bearer is ")
		seen[names[text]] = true
		if names[text] != want {
			t.Errorf("the reason is %q (%s), want %s", reason, names[text], want)
		}
	}
	for _, c := range []struct {
		rule string
		call call
	}{
		{"ruleBearerMalformed", describe(e.WithBearer("alice"), public)},
		{"ruleBearerElsewhere", describe(e.As("alice").InAccount("999999999999"), public)},
		{"ruleBearerUnknown", describe(e.As("mallory"), public)},
		{"ruleBearerUnknown", func() error {
			return second(e.As("mallory").ListChannels(api.ListChannelsRequest{AppInstanceArn: e.Instance}))
		}},
		{"ruleElsewhere", func() error {
			return second(e.Developer().DescribeAppInstance(api.DescribeAppInstanceRequest{AppInstanceArn: elsewhere(e.Instance)}))
		}},
		{"ruleElsewhere", func() error {
			return second(e.Developer().DescribeAppInstanceUser(api.DescribeAppInstanceUserRequest{AppInstanceUserArn: elsewhere(e.ARN("alice"))}))
		}},
		{"ruleOtherInstance", describe(e.As(stranger), public)},
		{"ruleOtherInstance", func() error {
			return second(e.As(stranger).CreateChannel(api.CreateChannelRequest{AppInstanceArn: e.Instance, Name: "x", ClientRequestToken: e.Token()}))
		}},
		{"ruleNoInstance", func() error {
			return second(e.Developer().DescribeAppInstance(api.DescribeAppInstanceRequest{AppInstanceArn: e.Instance + "x"}))
		}},
		{"ruleNoChannel", describe(e.As("alice"), public+"x")},
		{"ruleNoSubChannel", func() error { return messages(e.As("bob"), elastic, subs[0]+"x") }},
		{"ruleNoIdentity", func() error {
			return second(e.Developer().DescribeAppInstanceUser(api.DescribeAppInstanceUserRequest{AppInstanceUserArn: e.ARN("mallory")}))
		}},
		{"ruleNoIdentity", member("alice", public, "mallory", api.ChannelMembershipTypeDefault)},
		{"ruleNoAdmin", func() error {
			return second(e.Developer().DescribeAppInstanceAdmin(api.DescribeAppInstanceAdminRequest{AppInstanceArn: e.Instance, AppInstanceAdminArn: e.ARN("bob")}))
		}},
		{"ruleNoEndpoint", func() error {
			return second(e.Developer().DescribeAppInstanceUserEndpoint(api.DescribeAppInstanceUserEndpointRequest{AppInstanceUserArn: e.ARN("bob"), EndpointId: "none"}))
		}},
		{"ruleNoFlow", func() error {
			return second(e.Developer().DescribeChannelFlow(api.DescribeChannelFlowRequest{ChannelFlowArn: e.Instance + "/channel-flow/none"}))
		}},
		{"ruleNoInvocation", func() error {
			i := asked
			i.CallbackId = "none"
			return callBack(e, i)
		}},
		{"ruleNoMessage", message1("alice", private, message+"x")},
		{"ruleNoMessage", func() error {
			return e.As("admin").DeleteChannelMessage(api.DeleteChannelMessageRequest{ChannelArn: public, MessageId: message})
		}},
		{"ruleMessageUnseen", message1("carol", private, targeted)},
		{"ruleModerators", func() error {
			return second(e.As("bob").UpdateChannel(api.UpdateChannelRequest{ChannelArn: public, Name: "x"}))
		}},
		{"ruleModerators", func() error {
			return second(e.As("bob").CreateChannelBan(api.CreateChannelBanRequest{ChannelArn: public, MemberArn: e.ARN("erin")}))
		}},
		{"ruleAdmins", func() error {
			return e.As("alice").DeleteChannelMessage(api.DeleteChannelMessageRequest{ChannelArn: private, MessageId: message})
		}},
		{"ruleReaders", describe(e.As("erin"), private)},
		{"ruleReaders", func() error { return messages(e.As("erin"), private, "") }},
		{"ruleElasticReaders", func() error { return messages(e.As("erin"), elastic, subs[0]) }},
		{"ruleSenders", func() error { return second(trySend(e, "carol", private, "from behind")) }},
		{"ruleAdding", member("bob", public, "erin", api.ChannelMembershipTypeDefault)},
		{"ruleAdding", func() error {
			return second(e.As("dave").BatchCreateChannelMembership(api.BatchCreateChannelMembershipRequest{ChannelArn: public, MemberArns: e.ARNs("dave")}))
		}},
		{"ruleRemoving", func() error {
			return e.As("bob").DeleteChannelMembership(api.DeleteChannelMembershipRequest{ChannelArn: public, MemberArn: e.ARN("alice")})
		}},
		{"ruleHiddenMembers", member("bob", public, "erin", api.ChannelMembershipTypeHidden)},
		{"ruleHiddenMembers", func() error {
			return second(e.As("bob").ListChannelMemberships(api.ListChannelMembershipsRequest{ChannelArn: private, Type: api.ChannelMembershipTypeHidden}))
		}},
		{"ruleHiddenMember", func() error {
			return second(e.As("bob").DescribeChannelMembership(api.DescribeChannelMembershipRequest{ChannelArn: private, MemberArn: e.ARN("carol")}))
		}},
		{"ruleBanned", member("alice", public, "dave", api.ChannelMembershipTypeDefault)},
		{"ruleNotBannable", func() error {
			return second(e.As("alice").CreateChannelBan(api.CreateChannelBanRequest{ChannelArn: public, MemberArn: e.ARN("admin")}))
		}},
		{"ruleOneself", func() error {
			return second(e.As("bob").ListChannelMembershipsForAppInstanceUser(api.ListChannelMembershipsForAppInstanceUserRequest{AppInstanceUserArn: e.ARN("alice")}))
		}},
		{"ruleOneself", func() error {
			return second(e.As("bob").DescribeChannelModeratedByAppInstanceUser(api.DescribeChannelModeratedByAppInstanceUserRequest{ChannelArn: public, AppInstanceUserArn: e.ARN("alice")}))
		}},
		{"ruleNoMember", func() error {
			return second(e.As("erin").DescribeChannelMembershipForAppInstanceUser(api.DescribeChannelMembershipForAppInstanceUserRequest{ChannelArn: public, AppInstanceUserArn: e.ARN("erin")}))
		}},
		{"ruleNoModerator", func() error {
			return second(e.As("bob").DescribeChannelModeratedByAppInstanceUser(api.DescribeChannelModeratedByAppInstanceUserRequest{ChannelArn: public, AppInstanceUserArn: e.ARN("bob")}))
		}},
		{"ruleOwnMembership", func() error {
			return second(e.As("bob").GetChannelMembershipPreferences(api.GetChannelMembershipPreferencesRequest{ChannelArn: public, MemberArn: e.ARN("alice")}))
		}},
		{"ruleOwnMessage", func() error {
			return second(e.As("alice").UpdateChannelMessage(api.UpdateChannelMessageRequest{ChannelArn: private, MessageId: message, Content: "x"}))
		}},
		{"ruleOwnOrModerated", func() error {
			return second(e.As("carol").RedactChannelMessage(api.RedactChannelMessageRequest{ChannelArn: private, MessageId: message}))
		}},
		{"rulePrivateChannels", func() error {
			return second(e.As("alice").ListChannels(api.ListChannelsRequest{AppInstanceArn: e.Instance, Privacy: api.ChannelPrivacyPrivate}))
		}},
		{"ruleLateCallback", func() error {
			e.Advance(49 * time.Hour)
			return callBack(e, asked)
		}},
		{"ruleNotKept", func() error {
			putRetention(t, e, 1)
			e.Advance(40 * 24 * time.Hour)
			return message1("bob", private, message)()
		}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			err := c.call()
			if err == nil {
				t.Fatal("it is allowed")
			}
			note(t, c.rule, api.AsError(err).Reason)
		})
	}

	for _, c := range []struct {
		rule, as string
		call     func(c *testenv.Client) error
	}{
		{"ruleOnlyPublic", lonely, func(c *testenv.Client) error {
			return second(c.ListChannels(api.ListChannelsRequest{AppInstanceArn: empty}))
		}},
		{"ruleOnlyHidden", "alice", func(c *testenv.Client) error {
			return second(c.ListChannelMemberships(api.ListChannelMembershipsRequest{ChannelArn: public, Type: api.ChannelMembershipTypeHidden}))
		}},
		{"ruleOnlyVisible", "admin", func(c *testenv.Client) error {
			hidden := e.Channel("alice", testenv.PublicRestricted)
			e.Must(nil, e.As("alice").DeleteChannelMembership(api.DeleteChannelMembershipRequest{ChannelArn: hidden, MemberArn: e.ARN("alice")}))
			return second(c.ListChannelMemberships(api.ListChannelMembershipsRequest{ChannelArn: hidden}))
		}},
		{"ruleUnseen", "carol", func(c *testenv.Client) error {
			putRetention(t, e, 0)
			return messages(c, quiet, "")
		}},
		{"ruleRetention", "bob", func(c *testenv.Client) error {
			putRetention(t, e, 1)
			e.Advance(40 * 24 * time.Hour)
			return messages(c, private, "")
		}},
		{"ruleSearchHidden", lonely, func(c *testenv.Client) error {
			return second(c.SearchChannels(api.SearchChannelsRequest{Fields: []api.SearchField{{Key: "MEMBERS", Operator: "INCLUDES", Values: []string{lonely}}}}))
		}},
		{"ruleSearchNobody", lonely, func(c *testenv.Client) error {
			return second(c.SearchChannels(api.SearchChannelsRequest{Fields: []api.SearchField{{Key: "MEMBERS", Operator: "INCLUDES", Values: []string{lonely, empty + "/user/nobody"}}}}))
		}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			var why api.Why
			if err := c.call(e.As(c.as).Explained(&why)); err != nil {
				t.Fatal(err)
			}
			note(t, c.rule, why.String())
			if err := c.call(e.As(c.as)); err != nil {
				t.Errorf("unless somebody wants to know: %v", err)
			}
		})
	}

	for name := range texts {
		if !seen[name] {
			t.Errorf("%s was not seen to decide anything", name)
		}
	}
}

func TestReasonsSayWhatTheBearerIs(t *testing.T) {
	e := testenv.New(t)
	channel := e.Channel("alice", testenv.PrivateRestricted, "bob")
	e.Join("alice", channel, "carol", api.ChannelMembershipTypeHidden)
	e.Ban("alice", channel, "dave")
	for user, want := range map[string]string{
		"bob": "a member", "carol": "a hidden member", "dave": "banned", "erin": "no member",
	} {
		_, err := e.As(user).UpdateChannel(api.UpdateChannelRequest{ChannelArn: channel, Name: "x"})
		if got := api.AsError(err).Reason; !strings.HasSuffix(got, "; the bearer is "+want+" in a private channel") {
			t.Errorf("%s: %s", user, got)
		}
	}
	_, err := e.As("alice").SendChannelMessage(api.SendChannelMessageRequest{ChannelArn: channel, Content: "x", Type: "STANDARD", Persistence: "PERSISTENT", ClientRequestToken: e.Token()})
	e.Must(nil, err)
	if text := api.AsError(e.As("alice").DeleteChannelMessage(api.DeleteChannelMessageRequest{ChannelArn: channel, MessageId: "x"})).Reason; !strings.HasSuffix(text, "a moderator in a private channel") {
		t.Error(text)
	}
}
