package chat_test

import (
	"cmp"
	"strings"
	"testing"

	"carillon/api"
	"carillon/testenv"
)

// The permission matrix. A row is an operation; it has one line for each shape of channel, in the
// order of shapes, and in each line one letter for every role, in the order of roles:
//
//	.  allowed
//	F  Forbidden
//	N  NotFound: the operation has this word for a channel of another app instance
//	B  BadRequest: the request names a user of another app instance
//
// A single line stands for all four shapes. Where nothing else is said the other parties of a call
// are such that only the permission can refuse it.
var matrix = []struct {
	operation string
	allowed   []string
	call      func(m *matrixChannel, c *testenv.Client) error
}{
	{"UpdateChannel", []string{". . F F F F F F"}, func(m *matrixChannel, c *testenv.Client) error {
		return second(c.UpdateChannel(api.UpdateChannelRequest{ChannelArn: m.arn, Name: "renamed"}))
	}},
	{"DeleteChannel", []string{". . F F F F F F"}, func(m *matrixChannel, c *testenv.Client) error {
		return c.DeleteChannel(api.DeleteChannelRequest{ChannelArn: m.arn})
	}},
	{"DescribeChannel", readable, func(m *matrixChannel, c *testenv.Client) error {
		return second(c.DescribeChannel(api.DescribeChannelRequest{ChannelArn: m.arn}))
	}},
	{"PutChannelExpirationSettings", []string{". . F F F F F F"}, func(m *matrixChannel, c *testenv.Client) error {
		return second(c.PutChannelExpirationSettings(api.PutChannelExpirationSettingsRequest{ChannelArn: m.arn}))
	}},
	{"ListChannels", []string{". . . . . . . F"}, func(m *matrixChannel, c *testenv.Client) error {
		return second(c.ListChannels(api.ListChannelsRequest{AppInstanceArn: m.env.Instance}))
	}},
	{"ListChannels, private ones", []string{". F F F F F F F"}, func(m *matrixChannel, c *testenv.Client) error {
		return second(c.ListChannels(api.ListChannelsRequest{AppInstanceArn: m.env.Instance, Privacy: api.ChannelPrivacyPrivate}))
	}},
	{"CreateChannel", []string{". . . . . . . F"}, func(m *matrixChannel, c *testenv.Client) error {
		return second(c.CreateChannel(api.CreateChannelRequest{AppInstanceArn: m.env.Instance, Name: "another", ClientRequestToken: m.env.Token()}))
	}},
	{"CreateChannelMembership of another", adding, func(m *matrixChannel, c *testenv.Client) error {
		return second(c.CreateChannelMembership(api.CreateChannelMembershipRequest{ChannelArn: m.arn, MemberArn: m.env.ARN(outsider), Type: api.ChannelMembershipTypeDefault}))
	}},
	{"CreateChannelMembership of another, hidden", []string{". . F F F F F N"}, func(m *matrixChannel, c *testenv.Client) error {
		return second(c.CreateChannelMembership(api.CreateChannelMembershipRequest{ChannelArn: m.arn, MemberArn: m.env.ARN(outsider), Type: api.ChannelMembershipTypeHidden}))
	}},
	{"BatchCreateChannelMembership", adding, func(m *matrixChannel, c *testenv.Client) error {
		return second(c.BatchCreateChannelMembership(api.BatchCreateChannelMembershipRequest{ChannelArn: m.arn, MemberArns: m.env.ARNs(outsider)}))
	}},
	{"BatchCreateChannelMembership, hidden", []string{". . F F F F F N"}, func(m *matrixChannel, c *testenv.Client) error {
		return second(c.BatchCreateChannelMembership(api.BatchCreateChannelMembershipRequest{ChannelArn: m.arn, MemberArns: m.env.ARNs(outsider), Type: api.ChannelMembershipTypeHidden}))
	}},
	{"DescribeChannelMembership", describable, func(m *matrixChannel, c *testenv.Client) error {
		return second(c.DescribeChannelMembership(api.DescribeChannelMembershipRequest{ChannelArn: m.arn, MemberArn: m.env.ARN(plain)}))
	}},
	{"ListChannelMemberships", readable, func(m *matrixChannel, c *testenv.Client) error {
		return second(c.ListChannelMemberships(api.ListChannelMembershipsRequest{ChannelArn: m.arn}))
	}},
	{"ListChannelMemberships, hidden ones", []string{". . F F F F F F"}, func(m *matrixChannel, c *testenv.Client) error {
		return second(c.ListChannelMemberships(api.ListChannelMembershipsRequest{ChannelArn: m.arn, Type: api.ChannelMembershipTypeHidden}))
	}},
	{"DeleteChannelMembership of another", []string{". . F F F F F F"}, func(m *matrixChannel, c *testenv.Client) error {
		return c.DeleteChannelMembership(api.DeleteChannelMembershipRequest{ChannelArn: m.arn, MemberArn: m.env.ARN(plain)})
	}},
	{"DescribeChannelMembershipForAppInstanceUser of another", []string{". F F F F F F F"}, func(m *matrixChannel, c *testenv.Client) error {
		return second(c.DescribeChannelMembershipForAppInstanceUser(api.DescribeChannelMembershipForAppInstanceUserRequest{ChannelArn: m.arn, AppInstanceUserArn: m.env.ARN(plain)}))
	}},
	{"ListChannelMembershipsForAppInstanceUser of another", []string{". F F F F F F B"}, func(m *matrixChannel, c *testenv.Client) error {
		return second(c.ListChannelMembershipsForAppInstanceUser(api.ListChannelMembershipsForAppInstanceUserRequest{AppInstanceUserArn: m.env.ARN(plain)}))
	}},
	{"GetChannelMembershipPreferences of another", []string{"F F F F F F F F"}, func(m *matrixChannel, c *testenv.Client) error {
		return second(c.GetChannelMembershipPreferences(api.GetChannelMembershipPreferencesRequest{ChannelArn: m.arn, MemberArn: m.env.ARN(plain)}))
	}},
	{"PutChannelMembershipPreferences of another", []string{"F F F F F F F F"}, func(m *matrixChannel, c *testenv.Client) error {
		return second(c.PutChannelMembershipPreferences(api.PutChannelMembershipPreferencesRequest{ChannelArn: m.arn, MemberArn: m.env.ARN(plain), Preferences: &api.ChannelMembershipPreferences{}}))
	}},
	{"CreateChannelModerator", []string{". . F F F F F F"}, func(m *matrixChannel, c *testenv.Client) error {
		return second(c.CreateChannelModerator(api.CreateChannelModeratorRequest{ChannelArn: m.arn, ChannelModeratorArn: m.env.ARN(plain)}))
	}},
	{"DescribeChannelModerator", []string{". . F F F F F N"}, func(m *matrixChannel, c *testenv.Client) error {
		return second(c.DescribeChannelModerator(api.DescribeChannelModeratorRequest{ChannelArn: m.arn, ChannelModeratorArn: m.env.ARN(owner)}))
	}},
	{"DeleteChannelModerator", []string{". . F F F F F F"}, func(m *matrixChannel, c *testenv.Client) error {
		return c.DeleteChannelModerator(api.DeleteChannelModeratorRequest{ChannelArn: m.arn, ChannelModeratorArn: m.env.ARN(owner)})
	}},
	{"ListChannelModerators", []string{". . F F F F F F"}, func(m *matrixChannel, c *testenv.Client) error {
		return second(c.ListChannelModerators(api.ListChannelModeratorsRequest{ChannelArn: m.arn}))
	}},
	{"DescribeChannelModeratedByAppInstanceUser of another", []string{". F F F F F F F"}, func(m *matrixChannel, c *testenv.Client) error {
		return second(c.DescribeChannelModeratedByAppInstanceUser(api.DescribeChannelModeratedByAppInstanceUserRequest{ChannelArn: m.arn, AppInstanceUserArn: m.env.ARN(owner)}))
	}},
	{"ListChannelsModeratedByAppInstanceUser of another", []string{". F F F F F F B"}, func(m *matrixChannel, c *testenv.Client) error {
		return second(c.ListChannelsModeratedByAppInstanceUser(api.ListChannelsModeratedByAppInstanceUserRequest{AppInstanceUserArn: m.env.ARN(owner)}))
	}},
	{"CreateChannelBan", []string{". . F F F F F F"}, func(m *matrixChannel, c *testenv.Client) error {
		return second(c.CreateChannelBan(api.CreateChannelBanRequest{ChannelArn: m.arn, MemberArn: m.env.ARN(plain)}))
	}},
	{"DescribeChannelBan", []string{". . F F F F F N"}, func(m *matrixChannel, c *testenv.Client) error {
		return second(c.DescribeChannelBan(api.DescribeChannelBanRequest{ChannelArn: m.arn, MemberArn: m.env.ARN("frank")}))
	}},
	{"DeleteChannelBan", []string{". . F F F F F F"}, func(m *matrixChannel, c *testenv.Client) error {
		return c.DeleteChannelBan(api.DeleteChannelBanRequest{ChannelArn: m.arn, MemberArn: m.env.ARN("frank")})
	}},
	{"SendChannelMessage", []string{"F F . F F F F F"}, func(m *matrixChannel, c *testenv.Client) error {
		return second(c.SendChannelMessage(api.SendChannelMessageRequest{
			ChannelArn: m.arn, Content: "x", Type: "STANDARD", Persistence: "PERSISTENT", ClientRequestToken: m.env.Token(),
		}))
	}},
	{"SendChannelMessage, not persistent", []string{"F F . F F F F F"}, func(m *matrixChannel, c *testenv.Client) error {
		return second(c.SendChannelMessage(api.SendChannelMessageRequest{
			ChannelArn: m.arn, Content: "x", Type: "CONTROL", Persistence: "NON_PERSISTENT", ClientRequestToken: m.env.Token(),
		}))
	}},
	{"GetChannelMessage", readable, func(m *matrixChannel, c *testenv.Client) error {
		return second(c.GetChannelMessage(api.GetChannelMessageRequest{ChannelArn: m.arn, MessageId: m.message}))
	}},
	{"ListChannelMessages", readable, func(m *matrixChannel, c *testenv.Client) error {
		return second(c.ListChannelMessages(api.ListChannelMessagesRequest{ChannelArn: m.arn}))
	}},
	{"GetChannelMessageStatus of another's", []string{"F F F F F F F F"}, func(m *matrixChannel, c *testenv.Client) error {
		return second(c.GetChannelMessageStatus(api.GetChannelMessageStatusRequest{ChannelArn: m.arn, MessageId: m.message}))
	}},
	{"UpdateChannelMessage of another's", []string{"F F F F F F F F"}, func(m *matrixChannel, c *testenv.Client) error {
		return second(c.UpdateChannelMessage(api.UpdateChannelMessageRequest{ChannelArn: m.arn, MessageId: m.message, Content: "x"}))
	}},
	{"RedactChannelMessage of another's", []string{". . F F F F F F"}, func(m *matrixChannel, c *testenv.Client) error {
		return second(c.RedactChannelMessage(api.RedactChannelMessageRequest{ChannelArn: m.arn, MessageId: m.message}))
	}},
	{"DeleteChannelMessage", []string{". F F F F F F F"}, func(m *matrixChannel, c *testenv.Client) error {
		return c.DeleteChannelMessage(api.DeleteChannelMessageRequest{ChannelArn: m.arn, MessageId: m.message})
	}},
	{"UpdateChannelReadMarker", []string{"F F . . F F F F"}, func(m *matrixChannel, c *testenv.Client) error {
		return second(c.UpdateChannelReadMarker(api.UpdateChannelReadMarkerRequest{ChannelArn: m.arn}))
	}},
	{"AssociateChannelFlow", []string{". . F F F F F N"}, func(m *matrixChannel, c *testenv.Client) error {
		return c.AssociateChannelFlow(api.AssociateChannelFlowRequest{ChannelArn: m.arn, ChannelFlowArn: newFlow(m.env, api.FallbackActionAbort)})
	}},
	{"DisassociateChannelFlow", []string{". . F F F F F N"}, func(m *matrixChannel, c *testenv.Client) error {
		flow := newFlow(m.env, api.FallbackActionAbort)
		m.env.Must(nil, m.env.As(owner).AssociateChannelFlow(api.AssociateChannelFlowRequest{ChannelArn: m.arn, ChannelFlowArn: flow}))
		return c.DisassociateChannelFlow(api.DisassociateChannelFlowRequest{ChannelArn: m.arn, ChannelFlowArn: flow})
	}},
	{"ListChannelBans", []string{". . F F F F F F"}, func(m *matrixChannel, c *testenv.Client) error {
		return second(c.ListChannelBans(api.ListChannelBansRequest{ChannelArn: m.arn}))
	}},
}

var shapes = []struct {
	name  string
	shape testenv.Shape
}{
	{"public restricted", testenv.PublicRestricted},
	{"public unrestricted", testenv.PublicUnrestricted},
	{"private restricted", testenv.PrivateRestricted},
	{"private unrestricted", testenv.PrivateUnrestricted},
}

// Lines that several operations share.
var (
	readable    = []string{". . . . . . . F", ". . . . . . . F", ". . . . F F F F", ". . . . F F F F"}
	describable = []string{". . . . . . . N", ". . . . . . . N", ". . . . F F F N", ". . . . F F F N"}
	adding      = []string{". . F F F F F N", ". . . F F F F N", ". . F F F F F N", ". . . F F F F N"}
)

// Who is who in a channel of the matrix. The owner created it; plain is a member and outsider is
// none, and neither of them acts.
const (
	owner    = "alice"
	plain    = "grace"
	outsider = "heidi"
)

var roles = []struct{ name, user string }{
	{"an admin", "admin"},
	{"a moderator", "bob"},
	{"a member", "carol"},
	{"a hidden member", "dave"},
	{"a non-member", "erin"},
	{"a banned user", "frank"},
	{"a bot that is no member", "bot"},
	{"a user of another app instance", "stranger"},
}

type matrixChannel struct {
	env     *testenv.Env
	arn     string
	message string // of plain
}

func newMatrixChannel(e *testenv.Env, shape testenv.Shape) *matrixChannel {
	m := &matrixChannel{env: e, arn: e.Channel(owner, shape, "carol", plain)}
	e.Join(owner, m.arn, "dave", api.ChannelMembershipTypeHidden)
	e.Must(e.As(owner).CreateChannelModerator(api.CreateChannelModeratorRequest{ChannelArn: m.arn, ChannelModeratorArn: e.ARN("bob")}))
	e.Ban(owner, m.arn, "frank")
	sent, err := e.As(plain).SendChannelMessage(api.SendChannelMessageRequest{
		ChannelArn: m.arn, Content: "of " + plain, Type: "STANDARD", Persistence: "PERSISTENT", ClientRequestToken: e.Token(),
	})
	e.Must(sent, err)
	m.message = sent.MessageId
	return m
}

func TestPermissionMatrix(t *testing.T) {
	e := testenv.New(t)
	others := map[string]string{"bot": newBot(e, "Lex"), "stranger": e.AddUser(e.NewInstance("other"), "stranger")}
	cells := 0
	for _, row := range matrix {
		for i, sh := range shapes {
			line := row.allowed[0]
			if len(row.allowed) > 1 {
				line = row.allowed[i]
			}
			letters := strings.Fields(line)
			if len(letters) != len(roles) {
				t.Fatalf("%s has %d letters for %d roles", row.operation, len(letters), len(roles))
			}
			for j, want := range letters {
				role := roles[j]
				cells++
				t.Run(row.operation+"/"+sh.name+"/"+role.name, func(t *testing.T) {
					t.Parallel()
					m := newMatrixChannel(e, sh.shape)
					got := testenv.Kind(row.call(m, e.As(cmp.Or(others[role.user], role.user))))
					if wanted := map[string]api.Kind{".": 0, "F": api.Forbidden, "N": api.NotFound, "B": api.BadRequest}[want]; got != wanted {
						t.Errorf("got %v, want %v", got, wanted)
					}
				})
			}
		}
	}
	t.Logf("%d cells", cells)
}

// TestPermissionOnOneself has the cells in which somebody acts on itself, where the answer depends
// on what it is already.
func TestPermissionOnOneself(t *testing.T) {
	e := testenv.New(t)
	bot := newBot(e, "Lex")
	kinds := map[string]api.Kind{".": 0, "F": api.Forbidden, "C": api.Conflict}
	for _, row := range []struct {
		operation string
		allowed   []string // roles without the one of another app instance
		call      func(channel, self string, c *testenv.Client) error
	}{
		{"CreateChannelMembership", []string{". . C C . F .", ". . C C . F .", ". . C C F F F", ". . C C F F F"}, func(channel, self string, c *testenv.Client) error {
			return second(c.CreateChannelMembership(api.CreateChannelMembershipRequest{ChannelArn: channel, MemberArn: self, Type: api.ChannelMembershipTypeDefault}))
		}},
		{"BatchCreateChannelMembership", []string{". . . . . F .", ". . . . . F .", ". . . . F F F", ". . . . F F F"}, func(channel, self string, c *testenv.Client) error {
			return second(c.BatchCreateChannelMembership(api.BatchCreateChannelMembershipRequest{ChannelArn: channel, MemberArns: []string{self, self}}))
		}},
		{"DeleteChannelMembership", []string{". . . . F F F"}, func(channel, self string, c *testenv.Client) error {
			return c.DeleteChannelMembership(api.DeleteChannelMembershipRequest{ChannelArn: channel, MemberArn: self})
		}},
		{"DescribeChannelMembershipForAppInstanceUser", []string{"F F . . F F F"}, func(channel, self string, c *testenv.Client) error {
			return second(c.DescribeChannelMembershipForAppInstanceUser(api.DescribeChannelMembershipForAppInstanceUserRequest{ChannelArn: channel, AppInstanceUserArn: self}))
		}},
		{"ListChannelMembershipsForAppInstanceUser", []string{". . . . . . ."}, func(channel, self string, c *testenv.Client) error {
			return second(c.ListChannelMembershipsForAppInstanceUser(api.ListChannelMembershipsForAppInstanceUserRequest{AppInstanceUserArn: self}))
		}},
		{"DescribeChannelModeratedByAppInstanceUser", []string{"F . F F F F F"}, func(channel, self string, c *testenv.Client) error {
			return second(c.DescribeChannelModeratedByAppInstanceUser(api.DescribeChannelModeratedByAppInstanceUserRequest{ChannelArn: channel, AppInstanceUserArn: self}))
		}},
		{"ListChannelsModeratedByAppInstanceUser", []string{". . . . . . ."}, func(channel, self string, c *testenv.Client) error {
			return second(c.ListChannelsModeratedByAppInstanceUser(api.ListChannelsModeratedByAppInstanceUserRequest{AppInstanceUserArn: self}))
		}},
		{"GetChannelMembershipPreferences", []string{"F F . . F F F"}, func(channel, self string, c *testenv.Client) error {
			return second(c.GetChannelMembershipPreferences(api.GetChannelMembershipPreferencesRequest{ChannelArn: channel, MemberArn: self}))
		}},
		{"PutChannelMembershipPreferences", []string{"F F . . F F F"}, func(channel, self string, c *testenv.Client) error {
			return second(c.PutChannelMembershipPreferences(api.PutChannelMembershipPreferencesRequest{ChannelArn: channel, MemberArn: self, Preferences: &api.ChannelMembershipPreferences{}}))
		}},
		{"CreateChannelBan", []string{"F F F F F F F"}, func(channel, self string, c *testenv.Client) error {
			return second(c.CreateChannelBan(api.CreateChannelBanRequest{ChannelArn: channel, MemberArn: self}))
		}},
	} {
		for i, sh := range shapes {
			line := row.allowed[0]
			if len(row.allowed) > 1 {
				line = row.allowed[i]
			}
			for j, want := range strings.Fields(line) {
				t.Run(row.operation+"/"+sh.name+"/"+roles[j].name, func(t *testing.T) {
					t.Parallel()
					m := newMatrixChannel(e, sh.shape)
					self := e.ARN(roles[j].user)
					if roles[j].user == "bot" {
						self = bot
					}
					if got := testenv.Kind(row.call(m.arn, self, e.As(self))); got != kinds[want] {
						t.Errorf("got %v, want %v", got, kinds[want])
					}
				})
			}
		}
	}
}

func TestBearer(t *testing.T) {
	e := testenv.New(t)
	channel := e.Channel("alice", testenv.PublicRestricted)
	for name, header := range map[string]string{
		"an unknown user":                 e.ARN("nobody"),
		"a deleted user":                  e.ARN("heidi"),
		"a bot that does not exist":       e.Instance + "/bot/b",
		"a channel":                       channel,
		"a channel named like a user":     e.Instance + "/channel/alice",
		"an app instance":                 e.Instance,
		"no ARN at all":                   "alice",
		"nothing":                         "",
		"a user of another account":       strings.Replace(e.ARN("alice"), testenv.Account, "999999999999", 1),
		"a user of another region":        strings.Replace(e.ARN("alice"), testenv.Region, "eu-central-1", 1),
		"a user of an unknown instance":   "arn:aws:chime:us-east-1:" + testenv.Account + ":app-instance/none/user/alice",
		"a user with a line break behind": e.ARN("alice") + "\n",
	} {
		t.Run(name+" is no bearer", func(t *testing.T) {
			if name == "a deleted user" {
				if err := e.Developer().DeleteAppInstanceUser(api.DeleteAppInstanceUserRequest{AppInstanceUserArn: e.ARN("heidi")}); err != nil {
					t.Fatal(err)
				}
			}
			_, err := e.WithBearer(header).DescribeChannel(api.DescribeChannelRequest{ChannelArn: channel})
			if got := testenv.Kind(err); got != api.Unauthorized {
				t.Errorf("DescribeChannel: got %v, want Unauthorized", err)
			}
			_, err = e.WithBearer(header).ListChannels(api.ListChannelsRequest{AppInstanceArn: e.Instance})
			if got := testenv.Kind(err); got != api.Unauthorized {
				t.Errorf("ListChannels: got %v, want Unauthorized", err)
			}
		})
	}
	t.Run("a bearer of the right name signed by another account is none", func(t *testing.T) {
		_, err := e.As("alice").InAccount("999999999999").DescribeChannel(api.DescribeChannelRequest{ChannelArn: channel})
		if testenv.Kind(err) != api.Unauthorized {
			t.Errorf("got %v", err)
		}
	})
}

// second is the error of a call that also returns an answer.
func second[T any](_ T, err error) error { return err }
