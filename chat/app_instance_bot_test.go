package chat_test

import (
	"strings"
	"testing"
	"time"

	"carillon/api"
	"carillon/testenv"
)

// lex is the configuration of a bot that speaks a language.
func lex(locale string) *api.Configuration {
	return &api.Configuration{Lex: &api.LexConfiguration{
		LexBotAliasArn: "arn:aws:lex:us-east-1:" + testenv.Account + ":bot-alias/ABCDEFGHIJ/0123456789", LocaleId: locale,
	}}
}

// newBot makes a bot and returns its ARN.
func newBot(e *testenv.Env, name string) string {
	e.T.Helper()
	out, err := e.Developer().CreateAppInstanceBot(api.CreateAppInstanceBotRequest{
		AppInstanceArn: e.Instance, Name: name, Configuration: lex("en_US"), ClientRequestToken: e.Token(),
	})
	e.Must(out, err)
	return out.AppInstanceBotArn
}

func describeBot(t *testing.T, e *testenv.Env, name string) *api.AppInstanceBot {
	t.Helper()
	out, err := e.Developer().DescribeAppInstanceBot(api.DescribeAppInstanceBotRequest{AppInstanceBotArn: name})
	done(t, err)
	return out.AppInstanceBot
}

func TestCreateAppInstanceBot(t *testing.T) {
	e := testenv.New(t)
	e.Events()
	whole := lex("de_DE")
	whole.Lex.WelcomeIntent, whole.Lex.RespondsTo = "Hello", api.RespondsToStandardMessages
	whole.Lex.InvokedBy = &api.InvokedBy{StandardMessages: api.StandardMessagesMentions, TargetedMessages: api.TargetedMessagesNone}
	for name, in := range map[string]api.CreateAppInstanceBotRequest{
		"with everything": {Name: "Lex", Metadata: textOf("m"), Tags: []api.Tag{{Key: "team", Value: "red"}}, Configuration: whole},
		"with nothing but a bot that it stands for": {Configuration: lex("en_US"), Tags: []api.Tag{}},
	} {
		t.Run("a bot is there as it was asked for, "+name, func(t *testing.T) {
			in.AppInstanceArn, in.ClientRequestToken = e.Instance, e.Token()
			out, err := e.Developer().CreateAppInstanceBot(in)
			done(t, err)
			id, ok := strings.CutPrefix(out.AppInstanceBotArn, e.Instance+"/bot/")
			if !ok || made.ReplaceAllString(id, "an id") != "an id" {
				t.Errorf("made %s", out.AppInstanceBotArn)
			}
			same(t, &api.AppInstanceBot{
				AppInstanceBotArn: out.AppInstanceBotArn, Name: in.Name, Metadata: in.Metadata, Configuration: in.Configuration,
				CreatedTimestamp: api.Time(e.Now()), LastUpdatedTimestamp: api.Time(e.Now()),
			}, describeBot(t, e, out.AppInstanceBotArn))
			same(t, in.Tags, tagsOf(t, e, out.AppInstanceBotArn))
		})
	}
	for name, change := range map[string]func(in *api.CreateAppInstanceBotRequest){
		"metadata of more than 1024 bytes is refused": func(in *api.CreateAppInstanceBotRequest) { in.Metadata = textOf(strings.Repeat("é", 513)) },
		"a tag of AWS is refused":                     func(in *api.CreateAppInstanceBotRequest) { in.Tags = []api.Tag{{Key: "aws:x", Value: "v"}} },
		"a configuration without a bot is refused":    func(in *api.CreateAppInstanceBotRequest) { in.Configuration = &api.Configuration{} },
		"an alias inside another text is refused": func(in *api.CreateAppInstanceBotRequest) {
			in.Configuration = lex("en_US")
			in.Configuration.Lex.LexBotAliasArn += "/and/more"
		},
	} {
		t.Run(name, func(t *testing.T) {
			in := api.CreateAppInstanceBotRequest{AppInstanceArn: e.Instance, Name: "other", Configuration: lex("en_US"), ClientRequestToken: e.Token()}
			before := stateOf(t, e.Store)
			change(&in)
			refused(t, second(e.Developer().CreateAppInstanceBot(in)), api.BadRequest)
			same(t, before, stateOf(t, e.Store))
		})
	}
	t.Run("nothing is announced", func(t *testing.T) { announced(t, e) })
}

func TestUpdateAppInstanceBot(t *testing.T) {
	e := testenv.New(t)
	bot := newBot(e, "Lex")
	want := describeBot(t, e, bot)
	for _, c := range []struct {
		name, metadata string
		shown          *string
		configuration  *api.Configuration
	}{
		{"name, metadata and configuration are replaced", "first", textOf("first"), lex("fr_FR")},
		{"a configuration that is left out stays, and empty metadata clears it", "", nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			e.Advance(time.Second)
			out, err := e.Developer().UpdateAppInstanceBot(api.UpdateAppInstanceBotRequest{
				AppInstanceBotArn: bot, Name: c.name, Metadata: c.metadata, Configuration: c.configuration,
			})
			done(t, err)
			same(t, &api.UpdateAppInstanceBotResponse{AppInstanceBotArn: bot}, out)
			want.Name, want.Metadata, want.LastUpdatedTimestamp = c.name, c.shown, api.Time(e.Now())
			if c.configuration != nil {
				want.Configuration = c.configuration
			}
			same(t, want, describeBot(t, e, bot))
		})
	}
	t.Run("what Create refuses Update refuses too, and nothing changes", func(t *testing.T) {
		for _, in := range []api.UpdateAppInstanceBotRequest{
			{Metadata: strings.Repeat("m", 1025)},
			{Configuration: &api.Configuration{Lex: &api.LexConfiguration{LexBotAliasArn: "arn:aws:lex"}}},
		} {
			in.AppInstanceBotArn, in.Name = bot, "other"
			refused(t, second(e.Developer().UpdateAppInstanceBot(in)), api.BadRequest)
			same(t, want, describeBot(t, e, bot))
		}
	})
}

func TestListAppInstanceBots(t *testing.T) {
	e := testenv.New(t)
	list := func(in api.ListAppInstanceBotsRequest) *api.ListAppInstanceBotsResponse {
		t.Helper()
		in.AppInstanceArn = e.Instance
		out, err := e.Developer().ListAppInstanceBots(in)
		done(t, err)
		return out
	}
	same(t, &api.ListAppInstanceBotsResponse{AppInstanceArn: e.Instance, AppInstanceBots: []api.AppInstanceBotSummary{}}, list(api.ListAppInstanceBotsRequest{}))
	one, two := newBot(e, "one"), newBot(e, "two")
	e.Must(e.Developer().UpdateAppInstanceBot(api.UpdateAppInstanceBotRequest{AppInstanceBotArn: two, Name: "two", Metadata: "m"}))
	summaries := []api.AppInstanceBotSummary{{AppInstanceBotArn: one, Name: "one"}, {AppInstanceBotArn: two, Name: "two", Metadata: textOf("m")}}
	t.Run("bots are listed in the order of their creation, page by page, and users are not", func(t *testing.T) {
		same(t, &api.ListAppInstanceBotsResponse{AppInstanceArn: e.Instance, AppInstanceBots: summaries}, list(api.ListAppInstanceBotsRequest{}))
		first := list(api.ListAppInstanceBotsRequest{MaxResults: 1})
		same(t, summaries[:1], first.AppInstanceBots)
		rest := list(api.ListAppInstanceBotsRequest{MaxResults: 1, NextToken: first.NextToken})
		same(t, &api.ListAppInstanceBotsResponse{AppInstanceArn: e.Instance, AppInstanceBots: summaries[1:]}, rest)
	})
	t.Run("bots are not among the users", func(t *testing.T) {
		out, err := e.Developer().ListAppInstanceUsers(api.ListAppInstanceUsersRequest{AppInstanceArn: e.Instance})
		done(t, err)
		same(t, 1+len(testenv.Users), len(out.AppInstanceUsers))
	})
}

// TestAppInstanceBotNames has the names that are those of no bot of the caller.
func TestAppInstanceBotNames(t *testing.T) {
	e := testenv.New(t)
	bot := newBot(e, "Lex")
	deleted := newBot(e, "deleted")
	done(t, e.Developer().DeleteAppInstanceBot(api.DeleteAppInstanceBotRequest{AppInstanceBotArn: deleted}))
	for operation, call := range map[string]func(name string) error{
		"DescribeAppInstanceBot": func(name string) error {
			return second(e.Developer().DescribeAppInstanceBot(api.DescribeAppInstanceBotRequest{AppInstanceBotArn: name}))
		},
		"UpdateAppInstanceBot": func(name string) error {
			return second(e.Developer().UpdateAppInstanceBot(api.UpdateAppInstanceBotRequest{AppInstanceBotArn: name, Name: "x"}))
		},
		"DeleteAppInstanceBot": func(name string) error {
			return e.Developer().DeleteAppInstanceBot(api.DeleteAppInstanceBotRequest{AppInstanceBotArn: name})
		},
	} {
		absent := api.Forbidden
		if operation == "DescribeAppInstanceBot" {
			absent = api.NotFound
		}
		for _, c := range []struct {
			what, name string
			want       api.Kind
		}{
			{"one that does not exist", bot + "x", absent},
			{"one that is deleted", deleted, absent},
			{"one of an app instance that does not exist", strings.Replace(bot, "/bot/", "x/bot/", 1), absent},
			{"one of another account", strings.Replace(bot, testenv.Account, otherAccount, 1), absent},
			{"a user", e.ARN("alice"), api.BadRequest},
			{"an app instance", e.Instance, api.BadRequest},
			{"no ARN at all", "Lex", api.BadRequest},
		} {
			t.Run(operation+"/"+c.what, func(t *testing.T) { refused(t, call(c.name), c.want) })
		}
	}
}

// TestABotIsWhatUsersAre lets a bot be everything that a user can be, and do what comes of it.
func TestABotIsWhatUsersAre(t *testing.T) {
	e := testenv.New(t)
	bot := newBot(e, "Lex")
	shown := &api.Identity{Arn: bot, Name: "Lex"}
	as := e.As(bot)
	send := func(channel string) error {
		return second(as.SendChannelMessage(api.SendChannelMessageRequest{
			ChannelArn: channel, Content: "hi", Type: "STANDARD", Persistence: "PERSISTENT", ClientRequestToken: e.Token(),
		}))
	}
	t.Run("a creator, who is a member and a moderator", func(t *testing.T) {
		out, err := as.CreateChannel(api.CreateChannelRequest{AppInstanceArn: e.Instance, Name: "of the bot", Privacy: "PRIVATE", ClientRequestToken: e.Token()})
		done(t, err)
		same(t, shown, describeChannel(t, as, out.ChannelArn).CreatedBy)
		done(t, send(out.ChannelArn))
		done(t, second(as.CreateChannelMembership(api.CreateChannelMembershipRequest{ChannelArn: out.ChannelArn, MemberArn: e.ARN("bob"), Type: "DEFAULT"})))
		members, err := as.ListChannelMemberships(api.ListChannelMembershipsRequest{ChannelArn: out.ChannelArn})
		done(t, err)
		same(t, []api.ChannelMembershipSummary{{Member: shown}, {Member: e.Identity("bob")}}, members.ChannelMemberships)
		mine, err := as.ListChannelMembershipsForAppInstanceUser(api.ListChannelMembershipsForAppInstanceUserRequest{})
		done(t, err)
		same(t, 1, len(mine.ChannelMemberships))
	})
	channel := e.Channel("alice", testenv.PrivateRestricted)
	t.Run("a member, who may send", func(t *testing.T) {
		refused(t, send(channel), api.Forbidden)
		done(t, second(e.As("alice").BatchCreateChannelMembership(api.BatchCreateChannelMembershipRequest{ChannelArn: channel, MemberArns: []string{bot}})))
		done(t, send(channel))
		list, err := e.As("alice").ListChannelMessages(api.ListChannelMessagesRequest{ChannelArn: channel})
		done(t, err)
		same(t, shown, list.ChannelMessages[0].Sender)
	})
	t.Run("a moderator, who may ban", func(t *testing.T) {
		ban := api.CreateChannelBanRequest{ChannelArn: channel, MemberArn: e.ARN("bob")}
		refused(t, second(as.CreateChannelBan(ban)), api.Forbidden)
		done(t, second(e.As("alice").CreateChannelModerator(api.CreateChannelModeratorRequest{ChannelArn: channel, ChannelModeratorArn: bot})))
		done(t, second(as.CreateChannelBan(ban)))
		refused(t, second(e.As("admin").CreateChannelBan(api.CreateChannelBanRequest{ChannelArn: channel, MemberArn: bot})), api.Forbidden)
	})
	t.Run("an admin, who may delete messages", func(t *testing.T) {
		list, err := e.As("alice").ListChannelMessages(api.ListChannelMessagesRequest{ChannelArn: channel})
		done(t, err)
		remove := api.DeleteChannelMessageRequest{ChannelArn: channel, MessageId: list.ChannelMessages[0].MessageId}
		refused(t, as.DeleteChannelMessage(remove), api.Forbidden)
		done(t, second(e.Developer().CreateAppInstanceAdmin(api.CreateAppInstanceAdminRequest{AppInstanceArn: e.Instance, AppInstanceAdminArn: bot})))
		done(t, as.DeleteChannelMessage(remove))
		admins, err := e.Developer().ListAppInstanceAdmins(api.ListAppInstanceAdminsRequest{AppInstanceArn: e.Instance})
		done(t, err)
		same(t, shown, admins.AppInstanceAdmins[1].Admin)
	})
	t.Run("somebody who is banned, and cannot join", func(t *testing.T) {
		other, channel := newBot(e, "banned"), e.Channel("alice", testenv.PublicRestricted)
		join := api.CreateChannelMembershipRequest{ChannelArn: channel, MemberArn: other, Type: "DEFAULT"}
		done(t, second(e.As(other).CreateChannelMembership(join)))
		done(t, second(e.As("alice").CreateChannelBan(api.CreateChannelBanRequest{ChannelArn: channel, MemberArn: other})))
		refused(t, second(e.As(other).CreateChannelMembership(join)), api.Forbidden)
		bans, err := e.As("alice").ListChannelBans(api.ListChannelBansRequest{ChannelArn: channel})
		done(t, err)
		same(t, []api.ChannelBanSummary{{Member: &api.Identity{Arn: other, Name: "banned"}}}, bans.ChannelBans)
	})
	t.Run("but it neither expires nor has endpoints", func(t *testing.T) {
		refused(t, second(e.Developer().PutAppInstanceUserExpirationSettings(api.PutAppInstanceUserExpirationSettingsRequest{AppInstanceUserArn: bot})), api.BadRequest)
		refused(t, second(e.Developer().RegisterAppInstanceUserEndpoint(*register(bot, "a phone", e.Token()))), api.BadRequest)
	})
	t.Run("when it is deleted it is none of all that", func(t *testing.T) {
		done(t, e.Developer().DeleteAppInstanceBot(api.DeleteAppInstanceBotRequest{AppInstanceBotArn: bot}))
		refused(t, send(channel), api.Unauthorized)
		members, err := e.As("alice").ListChannelMemberships(api.ListChannelMembershipsRequest{ChannelArn: channel})
		done(t, err)
		same(t, []api.ChannelMembershipSummary{{Member: e.Identity("alice")}}, members.ChannelMemberships)
		admins, err := e.Developer().ListAppInstanceAdmins(api.ListAppInstanceAdminsRequest{AppInstanceArn: e.Instance})
		done(t, err)
		same(t, 1, len(admins.AppInstanceAdmins))
	})
}
