package chat_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"carillon/api"
	"carillon/testenv"
)

// listing is a list that begins empty.
type listing struct {
	add    func(i int) (name string)
	remove func(name string) error
	page   func(max int, token string) (names []string, next string, err error)
}

// rest lists everything behind a token, in pages of max, and returns it with the size of each page.
func (l listing) rest(t *testing.T, max int, token string) (names []string, sizes []int) {
	t.Helper()
	for {
		page, next, err := l.page(max, token)
		done(t, err)
		names, sizes = append(names, page...), append(sizes, len(page))
		if next == "" {
			return names, sizes
		}
		token = next
	}
}

func (l listing) fill(n int) (names []string) {
	for i := range n {
		names = append(names, l.add(i))
	}
	return names
}

// named are the names of the entries of a page.
func named[T any](list []T, name func(T) string) (names []string) {
	for _, entry := range list {
		names = append(names, name(entry))
	}
	return names
}

// bare makes a channel in which nobody is anything.
func bare(e *testenv.Env) string {
	channel := e.Channel("alice", testenv.PublicRestricted)
	e.Must(nil, e.As("admin").DeleteChannelMembership(api.DeleteChannelMembershipRequest{ChannelArn: channel, MemberArn: e.ARN("alice")}))
	e.Must(nil, e.As("admin").DeleteChannelModerator(api.DeleteChannelModeratorRequest{ChannelArn: channel, ChannelModeratorArn: e.ARN("alice")}))
	return channel
}

// newUser registers the i-th user of a list.
func newUser(e *testenv.Env, instance string, i int) string {
	return e.AddUser(instance, fmt.Sprintf("user-%d", 99-i))
}

// listings are all operations that list in pages.
var listings = map[string]func(e *testenv.Env) listing{
	"ListAppInstances": func(e *testenv.Env) listing {
		c := e.Developer().InAccount(otherAccount)
		return listing{
			func(i int) string {
				out, err := c.CreateAppInstance(api.CreateAppInstanceRequest{Name: "i", ClientRequestToken: e.Token()})
				e.Must(out, err)
				return out.AppInstanceArn
			},
			func(name string) error {
				return c.DeleteAppInstance(api.DeleteAppInstanceRequest{AppInstanceArn: name})
			},
			func(max int, token string) ([]string, string, error) {
				out, err := c.ListAppInstances(api.ListAppInstancesRequest{MaxResults: max, NextToken: token})
				if err != nil {
					return nil, "", err
				}
				return named(out.AppInstances, func(i api.AppInstanceSummary) string { return i.AppInstanceArn }), out.NextToken, nil
			},
		}
	},
	"ListAppInstanceAdmins": func(e *testenv.Env) listing {
		c, instance := e.Developer(), e.NewInstance("paged")
		return listing{
			func(i int) string {
				user := newUser(e, instance, i)
				e.Must(c.CreateAppInstanceAdmin(api.CreateAppInstanceAdminRequest{AppInstanceArn: instance, AppInstanceAdminArn: user}))
				return user
			},
			func(name string) error {
				return c.DeleteAppInstanceAdmin(api.DeleteAppInstanceAdminRequest{AppInstanceArn: instance, AppInstanceAdminArn: name})
			},
			func(max int, token string) ([]string, string, error) {
				out, err := c.ListAppInstanceAdmins(api.ListAppInstanceAdminsRequest{AppInstanceArn: instance, MaxResults: max, NextToken: token})
				if err != nil {
					return nil, "", err
				}
				return named(out.AppInstanceAdmins, func(a api.AppInstanceAdminSummary) string { return a.Admin.Arn }), out.NextToken, nil
			},
		}
	},
	"ListAppInstanceUsers": func(e *testenv.Env) listing {
		c, instance := e.Developer(), e.NewInstance("paged")
		return listing{
			func(i int) string { return newUser(e, instance, i) },
			func(name string) error {
				return c.DeleteAppInstanceUser(api.DeleteAppInstanceUserRequest{AppInstanceUserArn: name})
			},
			func(max int, token string) ([]string, string, error) {
				out, err := c.ListAppInstanceUsers(api.ListAppInstanceUsersRequest{AppInstanceArn: instance, MaxResults: max, NextToken: token})
				if err != nil {
					return nil, "", err
				}
				return named(out.AppInstanceUsers, func(u api.AppInstanceUserSummary) string { return u.AppInstanceUserArn }), out.NextToken, nil
			},
		}
	},
	"ListAppInstanceBots": func(e *testenv.Env) listing {
		return listing{
			func(int) string { return newBot(e, "Lex") },
			func(name string) error {
				return e.Developer().DeleteAppInstanceBot(api.DeleteAppInstanceBotRequest{AppInstanceBotArn: name})
			},
			func(max int, token string) ([]string, string, error) {
				out, err := e.Developer().ListAppInstanceBots(api.ListAppInstanceBotsRequest{AppInstanceArn: e.Instance, MaxResults: max, NextToken: token})
				if err != nil {
					return nil, "", err
				}
				return named(out.AppInstanceBots, func(b api.AppInstanceBotSummary) string { return b.AppInstanceBotArn }), out.NextToken, nil
			},
		}
	},
	"ListAppInstanceUserEndpoints": func(e *testenv.Env) listing {
		return listing{
			func(i int) string { return newEndpoint(e, "bob", fmt.Sprint("phone ", i)) },
			func(id string) error {
				return e.Developer().DeregisterAppInstanceUserEndpoint(api.DeregisterAppInstanceUserEndpointRequest{AppInstanceUserArn: e.ARN("bob"), EndpointId: id})
			},
			func(max int, token string) ([]string, string, error) {
				out, err := e.Developer().ListAppInstanceUserEndpoints(api.ListAppInstanceUserEndpointsRequest{AppInstanceUserArn: e.ARN("bob"), MaxResults: max, NextToken: token})
				if err != nil {
					return nil, "", err
				}
				return named(out.AppInstanceUserEndpoints, func(e api.AppInstanceUserEndpointSummary) string { return e.EndpointId }), out.NextToken, nil
			},
		}
	},
	"ListChannels":                   func(e *testenv.Env) listing { return channelsInPages(e, "PUBLIC", testenv.PublicRestricted) },
	"ListChannels, private ones":     func(e *testenv.Env) listing { return channelsInPages(e, "PRIVATE", testenv.PrivateUnrestricted) },
	"ListChannelMemberships":         func(e *testenv.Env) listing { return membersInPages(e, "") },
	"ListChannelMemberships, hidden": func(e *testenv.Env) listing { return membersInPages(e, "HIDDEN") },
	"ListChannelMembershipsForAppInstanceUser": func(e *testenv.Env) listing {
		return listing{
			func(i int) string { return e.Channel("alice", shapes[i%4].shape, "bob") },
			func(name string) error {
				return e.As("bob").DeleteChannelMembership(api.DeleteChannelMembershipRequest{ChannelArn: name, MemberArn: e.ARN("bob")})
			},
			func(max int, token string) ([]string, string, error) {
				out, err := e.As("bob").ListChannelMembershipsForAppInstanceUser(api.ListChannelMembershipsForAppInstanceUserRequest{MaxResults: max, NextToken: token})
				if err != nil {
					return nil, "", err
				}
				return named(out.ChannelMemberships, func(m api.ChannelMembershipForAppInstanceUserSummary) string { return m.ChannelSummary.ChannelArn }), out.NextToken, nil
			},
		}
	},
	"ListChannelModerators": func(e *testenv.Env) listing {
		c, channel := e.As("admin"), bare(e)
		return listing{
			func(i int) string {
				user := newUser(e, e.Instance, i)
				e.Must(c.CreateChannelModerator(api.CreateChannelModeratorRequest{ChannelArn: channel, ChannelModeratorArn: user}))
				return user
			},
			func(name string) error {
				return c.DeleteChannelModerator(api.DeleteChannelModeratorRequest{ChannelArn: channel, ChannelModeratorArn: name})
			},
			func(max int, token string) ([]string, string, error) {
				out, err := c.ListChannelModerators(api.ListChannelModeratorsRequest{ChannelArn: channel, MaxResults: max, NextToken: token})
				if err != nil {
					return nil, "", err
				}
				return named(out.ChannelModerators, func(m api.ChannelModeratorSummary) string { return m.Moderator.Arn }), out.NextToken, nil
			},
		}
	},
	"ListChannelBans": func(e *testenv.Env) listing {
		c, channel := e.As("admin"), bare(e)
		return listing{
			func(i int) string {
				user := newUser(e, e.Instance, i)
				e.Must(c.CreateChannelBan(api.CreateChannelBanRequest{ChannelArn: channel, MemberArn: user}))
				return user
			},
			func(name string) error {
				return c.DeleteChannelBan(api.DeleteChannelBanRequest{ChannelArn: channel, MemberArn: name})
			},
			func(max int, token string) ([]string, string, error) {
				out, err := c.ListChannelBans(api.ListChannelBansRequest{ChannelArn: channel, MaxResults: max, NextToken: token})
				if err != nil {
					return nil, "", err
				}
				return named(out.ChannelBans, func(b api.ChannelBanSummary) string { return b.Member.Arn }), out.NextToken, nil
			},
		}
	},
	"ListChannelFlows": func(e *testenv.Env) listing {
		return listing{
			func(i int) string { return newFlow(e, api.FallbackActionAbort) },
			func(name string) error {
				return e.Developer().DeleteChannelFlow(api.DeleteChannelFlowRequest{ChannelFlowArn: name})
			},
			func(max int, token string) ([]string, string, error) {
				out, err := e.Developer().ListChannelFlows(api.ListChannelFlowsRequest{AppInstanceArn: e.Instance, MaxResults: max, NextToken: token})
				if err != nil {
					return nil, "", err
				}
				return named(out.ChannelFlows, func(f api.ChannelFlowSummary) string { return f.ChannelFlowArn }), out.NextToken, nil
			},
		}
	},
	"ListChannelsAssociatedWithChannelFlow": func(e *testenv.Env) listing {
		flow := newFlow(e, api.FallbackActionAbort)
		return listing{
			func(i int) string {
				channel := e.Channel("alice", shapes[i%4].shape)
				e.Must(nil, e.As("alice").AssociateChannelFlow(api.AssociateChannelFlowRequest{ChannelArn: channel, ChannelFlowArn: flow}))
				return channel
			},
			func(name string) error {
				return e.As("alice").DisassociateChannelFlow(api.DisassociateChannelFlowRequest{ChannelArn: name, ChannelFlowArn: flow})
			},
			func(max int, token string) ([]string, string, error) {
				out, err := e.Developer().ListChannelsAssociatedWithChannelFlow(api.ListChannelsAssociatedWithChannelFlowRequest{ChannelFlowArn: flow, MaxResults: max, NextToken: token})
				if err != nil {
					return nil, "", err
				}
				return named(out.Channels, func(c api.ChannelAssociatedWithFlowSummary) string { return c.ChannelArn }), out.NextToken, nil
			},
		}
	},
	"ListChannelsModeratedByAppInstanceUser": func(e *testenv.Env) listing {
		return listing{
			func(i int) string {
				channel := e.Channel("alice", shapes[i%4].shape)
				e.Must(e.As("alice").CreateChannelModerator(api.CreateChannelModeratorRequest{ChannelArn: channel, ChannelModeratorArn: e.ARN("bob")}))
				return channel
			},
			func(name string) error {
				return e.As("alice").DeleteChannelModerator(api.DeleteChannelModeratorRequest{ChannelArn: name, ChannelModeratorArn: e.ARN("bob")})
			},
			func(max int, token string) ([]string, string, error) {
				out, err := e.As("bob").ListChannelsModeratedByAppInstanceUser(api.ListChannelsModeratedByAppInstanceUserRequest{MaxResults: max, NextToken: token})
				if err != nil {
					return nil, "", err
				}
				return named(out.Channels, func(c api.ChannelModeratedByAppInstanceUserSummary) string { return c.ChannelSummary.ChannelArn }), out.NextToken, nil
			},
		}
	},
}

func channelsInPages(e *testenv.Env, privacy string, shape testenv.Shape) listing {
	return listing{
		func(i int) string { return e.Channel("alice", shape) },
		func(name string) error {
			return e.As("alice").DeleteChannel(api.DeleteChannelRequest{ChannelArn: name})
		},
		func(max int, token string) ([]string, string, error) {
			out, err := e.As("admin").ListChannels(api.ListChannelsRequest{AppInstanceArn: e.Instance, Privacy: privacy, MaxResults: max, NextToken: token})
			if err != nil {
				return nil, "", err
			}
			return named(out.Channels, func(c api.ChannelSummary) string { return c.ChannelArn }), out.NextToken, nil
		},
	}
}

func membersInPages(e *testenv.Env, kind string) listing {
	c, channel := e.As("admin"), bare(e)
	return listing{
		func(i int) string {
			user := newUser(e, e.Instance, i)
			e.Must(c.BatchCreateChannelMembership(api.BatchCreateChannelMembershipRequest{ChannelArn: channel, MemberArns: []string{user}, Type: kind}))
			return user
		},
		func(name string) error {
			return c.DeleteChannelMembership(api.DeleteChannelMembershipRequest{ChannelArn: channel, MemberArn: name})
		},
		func(max int, token string) ([]string, string, error) {
			out, err := c.ListChannelMemberships(api.ListChannelMembershipsRequest{ChannelArn: channel, Type: kind, MaxResults: max, NextToken: token})
			if err != nil {
				return nil, "", err
			}
			return named(out.ChannelMemberships, func(m api.ChannelMembershipSummary) string { return m.Member.Arn }), out.NextToken, nil
		},
	}
}

func TestPages(t *testing.T) {
	for operation, open := range listings {
		t.Run(operation+"/pages of every size have every entry once, in the order of creation", func(t *testing.T) {
			t.Parallel()
			l := open(testenv.New(t))
			want := l.fill(6)
			for max, sizes := range map[int][]int{1: {1, 1, 1, 1, 1, 1}, 2: {2, 2, 2}, 4: {4, 2}, 5: {5, 1}, 6: {6}, 7: {6}, 50: {6}, 0: {6}} {
				got, inPages := l.rest(t, max, "")
				same(t, want, got)
				same(t, sizes, inPages)
			}
		})
		t.Run(operation+"/what comes and goes between two pages neither doubles nor hides an entry", func(t *testing.T) {
			t.Parallel()
			l := open(testenv.New(t))
			all := l.fill(8)
			first, token, err := l.page(3, "")
			done(t, err)
			same(t, all[:3], first)
			for _, gone := range []string{all[0], all[2], all[3], all[5]} { // all[2] is where the page ended
				done(t, l.remove(gone))
			}
			added := l.add(8)
			got, _ := l.rest(t, 2, token)
			same(t, []string{all[4], all[6], all[7], added}, got)
			again, _ := l.rest(t, 50, token)
			same(t, got, again)
		})
		t.Run(operation+"/when nothing is left behind a page, the next one is empty and the last", func(t *testing.T) {
			t.Parallel()
			l := open(testenv.New(t))
			all := l.fill(3)
			_, token, err := l.page(2, "")
			done(t, err)
			for _, gone := range all {
				done(t, l.remove(gone))
			}
			got, next, err := l.page(2, token)
			done(t, err)
			if len(got) != 0 || next != "" {
				t.Errorf("got %v and %q", got, next)
			}
		})
		t.Run(operation+"/a page has 50 entries when nothing is said", func(t *testing.T) {
			t.Parallel()
			l := open(testenv.New(t))
			want := l.fill(51)
			got, sizes := l.rest(t, 0, "")
			same(t, want, got)
			same(t, []int{50, 1}, sizes)
		})
	}
}

func TestMaxResults(t *testing.T) {
	lists := 0
	for _, op := range api.Operations {
		i := slices.IndexFunc(op.Members, func(m api.Member) bool { return m.Name == "MaxResults" })
		if i < 0 || op.Members[i].Location != api.InQuery {
			continue
		}
		lists++
		for value, allowed := range map[string]bool{"1": true, "50": true, "0": false, "51": false, "-1": false, "x": false, "": false} {
			t.Run(fmt.Sprintf("%s may have %q: %v", op.Name, value, allowed), func(t *testing.T) {
				_, err := op.Decode(&api.Input{Query: op.Members[i].Wire + "=" + value})
				if complains := err != nil && strings.Contains(err.Error(), "'MaxResults'"); complains == allowed {
					t.Errorf("got %v", err)
				}
			})
		}
	}
	if lists < len(listings)-2 {
		t.Errorf("only %d operations have it", lists)
	}
}

func TestPageTokens(t *testing.T) {
	e := testenv.New(t)
	mine, other := e.Channel("alice", testenv.PublicRestricted, "bob"), e.Channel("alice", testenv.PublicRestricted, "bob")
	for _, channel := range []string{mine, other} {
		for _, who := range []string{"carol", "dave"} {
			e.Join("alice", channel, who, "HIDDEN")
			e.Must(e.As("alice").CreateChannelModerator(api.CreateChannelModeratorRequest{ChannelArn: channel, ChannelModeratorArn: e.ARN(who)}))
		}
		e.Ban("alice", channel, "frank")
		e.Ban("alice", channel, "grace")
	}
	// The same two parameters, the same caller and the same number of entries: only the operation differs.
	lists := map[string]func(c *testenv.Client, channel, token string) (string, error){
		"ListChannelMemberships": func(c *testenv.Client, channel, token string) (string, error) {
			out, err := c.ListChannelMemberships(api.ListChannelMembershipsRequest{ChannelArn: channel, MaxResults: 1, NextToken: token})
			return answered(out, err, func() string { return out.NextToken })
		},
		"ListChannelMemberships, hidden": func(c *testenv.Client, channel, token string) (string, error) {
			out, err := c.ListChannelMemberships(api.ListChannelMembershipsRequest{ChannelArn: channel, Type: "HIDDEN", MaxResults: 1, NextToken: token})
			return answered(out, err, func() string { return out.NextToken })
		},
		"ListChannelModerators": func(c *testenv.Client, channel, token string) (string, error) {
			out, err := c.ListChannelModerators(api.ListChannelModeratorsRequest{ChannelArn: channel, MaxResults: 1, NextToken: token})
			return answered(out, err, func() string { return out.NextToken })
		},
		"ListChannelBans": func(c *testenv.Client, channel, token string) (string, error) {
			out, err := c.ListChannelBans(api.ListChannelBansRequest{ChannelArn: channel, MaxResults: 1, NextToken: token})
			return answered(out, err, func() string { return out.NextToken })
		},
	}
	for operation, list := range lists {
		token, err := list(e.As("alice"), mine, "")
		done(t, err)
		if token == "" {
			t.Fatalf("%s has only one page", operation)
		}
		t.Run(operation+" takes its own token, again and again", func(t *testing.T) {
			done(t, second(list(e.As("alice"), mine, token)))
			done(t, second(list(e.As("alice"), mine, token)))
		})
		for another, list := range lists {
			if another != operation {
				t.Run(another+" refuses the token of "+operation, func(t *testing.T) {
					refused(t, second(list(e.As("alice"), mine, token)), api.BadRequest)
				})
			}
		}
		t.Run(operation+" refuses the token for another channel, and of another caller", func(t *testing.T) {
			refused(t, second(list(e.As("alice"), other, token)), api.BadRequest)
			refused(t, second(list(e.As("admin"), mine, token)), api.BadRequest)
		})
		t.Run(operation+" refuses a token that was tampered with", func(t *testing.T) {
			for i := range token {
				for _, c := range []byte("A_9") {
					if bad := token[:i] + string(c) + token[i+1:]; bad != token {
						refused(t, second(list(e.As("alice"), mine, bad)), api.BadRequest)
					}
				}
			}
			for _, bad := range []string{token[1:], token[:len(token)-1], token + "A", token + token, token + "=", "A", "AAAA", " ", "%", "\x00", strings.Repeat("A", 2048)} {
				refused(t, second(list(e.As("alice"), mine, bad)), api.BadRequest)
			}
		})
	}
	t.Run("no two tokens of one page are alike, and none tells where it points", func(t *testing.T) {
		a, _ := lists["ListChannelBans"](e.As("alice"), mine, "")
		b, _ := lists["ListChannelBans"](e.As("alice"), mine, "")
		if a == b {
			t.Errorf("both are %q", a)
		}
	})
}

func TestPageTokensOfAnotherAccount(t *testing.T) {
	e := testenv.New(t)
	e.NewInstance("second")
	for range 2 {
		e.Must(e.Developer().InAccount(otherAccount).CreateAppInstance(api.CreateAppInstanceRequest{Name: "theirs", ClientRequestToken: e.Token()}))
	}
	out, err := e.Developer().ListAppInstances(api.ListAppInstancesRequest{MaxResults: 1})
	done(t, err)
	again := api.ListAppInstancesRequest{MaxResults: 1, NextToken: out.NextToken}
	refused(t, second(e.Developer().InAccount(otherAccount).ListAppInstances(again)), api.BadRequest)
	done(t, second(e.Developer().ListAppInstances(again)))
}

func TestPageTokensAfterARestart(t *testing.T) {
	e := testenv.New(t)
	l := listings["ListChannels"](e)
	all := l.fill(3)
	_, token, err := l.page(1, "")
	done(t, err)
	t.Run("a token is good on another node of the store, and after a restart", func(t *testing.T) {
		e.Restart()
		got, _ := l.rest(t, 1, token)
		same(t, all[1:], got)
	})
	t.Run("a token of another store is refused", func(t *testing.T) {
		stranger := testenv.New(t)
		l := listings["ListChannels"](stranger)
		l.fill(3)
		_, _, err := l.page(1, token)
		refused(t, err, api.BadRequest)
	})
}

// TestPageTokensOnACommandLine makes many tokens: one in 64 would begin with a hyphen if nothing
// prevented it, and the AWS CLI would take it for an option.
func TestPageTokensOnACommandLine(t *testing.T) {
	e := testenv.New(t)
	for i := range 300 {
		out, err := e.Developer().ListAppInstanceUsers(api.ListAppInstanceUsersRequest{AppInstanceArn: e.Instance, MaxResults: 1})
		if err != nil || out.NextToken == "" || out.NextToken[0] == '-' {
			t.Fatalf("list %d: token %q, %v", i, out.NextToken, err)
		}
	}
}
