package chat_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"carillon/api"
	"carillon/bus"
	"carillon/chat"
	"carillon/store"
	"carillon/testenv"
)

func deleteBob(e *testenv.Env) error {
	return e.Developer().DeleteAppInstanceUser(api.DeleteAppInstanceUserRequest{AppInstanceUserArn: e.ARN("bob")})
}

// membersOf counts the memberships of every channel as the channels do.
func membersOf(t *testing.T, e *testenv.Env) map[string]int64 {
	t.Helper()
	counts := map[string]int64{}
	for _, list := range stateOf(t, e.Store) {
		if channels, ok := list.([]store.Channel); ok {
			for _, c := range channels {
				counts[e.Instance+"/channel/"+c.ID] = c.Members
			}
		}
	}
	return counts
}

func TestCleanUpOfAUser(t *testing.T) {
	e := testenv.New(t)
	in := bobIsEverywhere(e)
	sent := send(t, e, "bob", in.member, "what bob wrote")
	newEndpoint(e, "bob", "phone")
	member, hidden, own := describeMember(t, e, in.member, "bob"), describeMember(t, e, in.hidden, "bob"), describeMember(t, e, in.own, "bob")
	before := membersOf(t, e)
	e.Events()

	done(t, deleteBob(e))
	announced(t, e)
	t.Run("the sweep tells, in each of its channels, those who may know that it is a member no more", func(t *testing.T) {
		swept(t, e)
		announced(t, e,
			announcement{"DELETE_CHANNEL_MEMBERSHIP", in.member, 4, bus.Audience{Members: true, Left: e.ARNs("bob")}, member},
			announcement{"DELETE_CHANNEL_MEMBERSHIP", in.hidden, 3, bus.Audience{Moderators: true, Left: e.ARNs("bob")}, hidden},
			announcement{"DELETE_CHANNEL_MEMBERSHIP", in.own, 3, bus.Audience{Members: true, Left: e.ARNs("bob")}, own},
		)
	})
	t.Run("the channels count a member less", func(t *testing.T) {
		for _, channel := range []string{in.member, in.hidden, in.own} {
			before[channel]--
		}
		same(t, before, membersOf(t, e))
	})
	t.Run("it is in no list", func(t *testing.T) { bobIsNowhere(t, e, in) })
	t.Run("what it wrote stays, and tells who that was", func(t *testing.T) {
		m, err := e.As("alice").GetChannelMessage(api.GetChannelMessageRequest{ChannelArn: in.member, MessageId: sent})
		done(t, err)
		same(t, e.Identity("bob"), m.ChannelMessage.Sender)
	})
	t.Run("a channel whose only moderator it was stays", func(t *testing.T) {
		same(t, 0, len(moderatorsOf(t, e.As("admin"), in.own)))
	})
}

func TestCleanUpOfAUserWhoIsBack(t *testing.T) {
	e := testenv.New(t)
	joined, left := e.Channel("alice", testenv.PublicRestricted, "bob"), e.Channel("alice", testenv.PublicRestricted, "bob")
	was := describeMember(t, e, left, "bob")
	done(t, deleteBob(e))
	e.AddUser(e.Instance, "bob")
	e.Join("alice", joined, "bob", "DEFAULT")
	e.Events()
	swept(t, e)
	t.Run("where it is a member again nobody is told that it is none", func(t *testing.T) {
		announced(t, e, announcement{"DELETE_CHANNEL_MEMBERSHIP", left, 3, bus.Audience{Members: true, Left: e.ARNs("bob")}, was})
	})
	t.Run("it is, and counts once", func(t *testing.T) {
		done(t, second(trySend(e, "bob", joined, "back")))
		same(t, map[string]int64{joined: 2, left: 1}, membersOf(t, e))
	})
}

func TestCleanUpOfAUserInAnElasticChannel(t *testing.T) {
	e := testenv.New(t)
	channel := elasticChannel(t, e, 3, 2, 50)
	addAll(t, e, channel, "bob", "carol", "dave", "erin")
	e.Must(e.As("alice").CreateChannelModerator(api.CreateChannelModeratorRequest{ChannelArn: channel, ChannelModeratorArn: e.ARN("frank")}))
	ids, _ := subChannels(t, e, channel)
	for _, id := range ids {
		e.Must(e.As("alice").CreateChannelMembership(api.CreateChannelMembershipRequest{ChannelArn: channel, MemberArn: e.ARN("frank"), Type: "DEFAULT", SubChannelId: id}))
	}
	inside := sitsIn(t, e, "bob")
	e.Events()
	done(t, deleteBob(e))
	done(t, e.Developer().DeleteAppInstanceUser(api.DeleteAppInstanceUserRequest{AppInstanceUserArn: e.ARN("frank")}))
	swept(t, e)
	t.Run("they are told of in the sub-channels where they were", func(t *testing.T) {
		var left []string
		for _, event := range e.Events() {
			if event.Type == "DELETE_CHANNEL_MEMBERSHIP" {
				left = append(left, event.Audience.Left[0]+" in "+event.SubChannel)
			}
		}
		want := []string{e.ARN("bob") + " in " + inside}
		for _, id := range ids {
			want = append(want, e.ARN("frank")+" in "+id)
		}
		slices.Sort(left)
		slices.Sort(want)
		same(t, want, left)
	})
	t.Run("the others are where they were, and count", func(t *testing.T) {
		_, counts := subChannels(t, e, channel)
		slices.Sort(counts)
		same(t, []int{1, 2}, counts)
		same(t, map[string]int64{channel: 3}, membersOf(t, e))
	})
	t.Run("the channel shrinks when it is small enough", func(t *testing.T) {
		done(t, e.Developer().DeleteAppInstanceUser(api.DeleteAppInstanceUserRequest{AppInstanceUserArn: e.ARN("carol")}))
		swept(t, e)
		ids, counts := subChannels(t, e, channel)
		if len(ids) == 1 {
			same(t, []int{2}, counts)
		}
		total := 0
		for _, n := range counts {
			total += n
		}
		same(t, 2, total)
		same(t, map[string]int64{channel: 2}, membersOf(t, e))
	})
}

// town is an app instance in which there is something of everything, to be deleted.
type town struct {
	channel, elastic, flow, bot string
}

func newTown(t *testing.T, e *testenv.Env) town {
	t.Helper()
	tags := []api.Tag{{Key: "a", Value: "1"}, {Key: "b", Value: "2"}}
	w := town{channel: e.Channel("alice", testenv.PrivateUnrestricted, "bob", "carol"), bot: newBot(e, "Lex")}
	e.Join("alice", w.channel, "dave", "HIDDEN")
	e.Must(e.As("alice").BatchCreateChannelMembership(api.BatchCreateChannelMembershipRequest{ChannelArn: w.channel, MemberArns: []string{w.bot}}))
	for _, moderator := range []string{e.ARN("bob"), w.bot} {
		e.Must(e.As("alice").CreateChannelModerator(api.CreateChannelModeratorRequest{ChannelArn: w.channel, ChannelModeratorArn: moderator}))
		e.Must(e.Developer().CreateAppInstanceAdmin(api.CreateAppInstanceAdminRequest{AppInstanceArn: e.Instance, AppInstanceAdminArn: moderator}))
	}
	for i := range 4 {
		other := e.Channel("carol", testenv.PublicRestricted, "bob")
		e.Ban("carol", other, "dave")
		for _, channel := range []string{other, w.channel} {
			send(t, e, "bob", channel, fmt.Sprint("message ", i))
		}
		newEndpoint(e, "bob", fmt.Sprint("phone ", i))
	}
	e.Ban("alice", w.channel, "erin")
	w.elastic = elasticChannel(t, e, 3, 2, 50)
	addAll(t, e, w.elastic, "bob", "erin", "frank", "grace")
	w.flow = newFlow(e, api.FallbackActionAbort)
	e.Must(nil, e.As("alice").AssociateChannelFlow(api.AssociateChannelFlowRequest{ChannelArn: w.channel, ChannelFlowArn: w.flow}))
	e.Must(trySend(e, "bob", w.channel, "in the flow"))
	for _, resource := range []string{e.Instance, e.ARN("bob"), w.bot, w.channel, w.flow} {
		e.Must(nil, e.Developer().TagResource(api.TagResourceRequest{ResourceARN: resource, Tags: tags}))
	}
	e.Events()
	return w
}

// endings are the ways in which something ends in a town.
var endings = map[string]func(e *testenv.Env, w town) error{
	"a user": func(e *testenv.Env, _ town) error { return deleteBob(e) },
	"a bot": func(e *testenv.Env, w town) error {
		return e.Developer().DeleteAppInstanceBot(api.DeleteAppInstanceBotRequest{AppInstanceBotArn: w.bot})
	},
	"a channel": func(e *testenv.Env, w town) error {
		return e.As("alice").DeleteChannel(api.DeleteChannelRequest{ChannelArn: w.channel})
	},
	"an elastic channel": func(e *testenv.Env, w town) error {
		return e.As("alice").DeleteChannel(api.DeleteChannelRequest{ChannelArn: w.elastic})
	},
	"an app instance": func(e *testenv.Env, _ town) error {
		return e.Developer().DeleteAppInstance(api.DeleteAppInstanceRequest{AppInstanceArn: e.Instance})
	},
	"everything, one after the other": func(e *testenv.Env, w town) error {
		return errors.Join(deleteBob(e),
			e.As("alice").DeleteChannel(api.DeleteChannelRequest{ChannelArn: w.elastic}),
			e.As("alice").DeleteChannel(api.DeleteChannelRequest{ChannelArn: w.channel}),
			e.Developer().DeleteAppInstanceBot(api.DeleteAppInstanceBotRequest{AppInstanceBotArn: w.bot}),
			e.Developer().DeleteChannelFlow(api.DeleteChannelFlowRequest{ChannelFlowArn: w.flow}),
			e.Developer().DeleteAppInstance(api.DeleteAppInstanceRequest{AppInstanceArn: e.Instance}),
		)
	},
}

// heard are events without what differs from one environment to the next.
func heard(e *testenv.Env) (list []string) {
	for _, event := range e.Events() {
		text := fmt.Sprintf("%s %s %s %d %+v %s", event.Type, event.Channel, event.SubChannel, event.Sequence, event.Audience, event.Payload)
		list = append(list, made.ReplaceAllString(text, "an id"))
	}
	slices.Sort(list)
	return list
}

// TestCleanUpAfterACrash has the node die after every transaction of a clean-up: the next one ends
// what it began, and nobody is told twice or not at all.
func TestCleanUpAfterACrash(t *testing.T) {
	for what, end := range endings {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			run := func(t *testing.T, lives int) (removed int, steps int, events []string, state int) {
				m := &mortal{lives: -1}
				e := testenv.New(t, testenv.WithSweepBatch(4), testenv.WithStore(m.wrap))
				w := newTown(t, e)
				done(t, end(e, w))
				e.Events()
				e.Advance(time.Hour) // beyond the time in which the end of a channel is told
				m.lives = lives
				removed, err := e.Service.Sweep(t.Context())
				if lives >= 0 && m.lives == 0 {
					if err != nil && !errors.Is(err, errCrash) {
						t.Fatal(err)
					}
					steps = lives
				} else {
					done(t, err)
				}
				m.lives = -1
				e.Restart()
				e.Advance(time.Minute)
				removed += swept(t, e)
				if m.most > 4+2 { // a seat and the cleanup itself may come on top
					t.Errorf("one transaction removed %d records", m.most)
				}
				return removed, steps, heard(e), len(stateOf(t, e.Store))
			}
			removed, _, events, state := run(t, -1)
			if removed < 7 { // a bot: a membership, a role, the promotion, the configuration, two tags, the cleanup
				t.Errorf("only %d records were removed", removed)
			}
			crashes := 0
			for lives := 1; ; lives += 1 + lives/3 {
				gotRemoved, steps, gotEvents, gotState := run(t, lives)
				if t.Failed() || steps == 0 {
					break
				}
				crashes++
				same(t, removed, gotRemoved)
				same(t, events, gotEvents)
				same(t, state, gotState)
			}
			if crashes < 4 {
				t.Errorf("only %d crashes", crashes)
			}
		})
	}
}

// TestFaultsOfACleanUp lets every step of the store fail: the next sweep goes on.
func TestFaultsOfACleanUp(t *testing.T) {
	for _, what := range []string{"a user", "a channel", "an elastic channel", "an app instance"} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			var want []string
			for _, faults := range []bool{false, true} {
				e, f := newFaulty(t)
				w := newTown(t, e)
				done(t, endings[what](e, w))
				e.Events()
				if !faults {
					swept(t, e)
					want = heard(e)
					continue
				}
				f.everyStep(t, func() error { return second(e.Service.Sweep(t.Context())) }, func() {})
				clean(t, e)
				same(t, want, heard(e))
			}
		})
	}
}

func TestCleanUpOfAChannel(t *testing.T) {
	e := testenv.New(t)
	w := newTown(t, e)
	done(t, e.As("alice").DeleteChannel(api.DeleteChannelRequest{ChannelArn: w.channel}))
	e.Events()
	before := stateOf(t, e.Store)
	swept(t, e)
	t.Run("nothing more is announced", func(t *testing.T) { announced(t, e) })
	t.Run("what is seen of the rest does not change", func(t *testing.T) {
		after := stateOf(t, e.Store)
		delete(before, "invocations") // of the channel
		delete(after, "invocations")
		same(t, before, after)
	})
	t.Run("a new channel of that name has nothing of it", func(t *testing.T) {
		id := w.channel[len(e.Instance+"/channel/"):]
		done(t, second(e.As("alice").CreateChannel(api.CreateChannelRequest{AppInstanceArn: e.Instance, ChannelId: id, Name: "new", ClientRequestToken: e.Token()})))
		same(t, []api.Tag{}, tagsOf(t, e, w.channel))
		out, err := e.As("alice").ListChannelMessages(api.ListChannelMessagesRequest{ChannelArn: w.channel})
		done(t, err)
		same(t, 0, len(out.ChannelMessages))
	})
}

func TestCleanUpOfAnAppInstance(t *testing.T) {
	e := testenv.New(t)
	newTown(t, e)
	neighbour := e.NewInstance("neighbour")
	e.AddUser(neighbour, "alice")
	done(t, e.Developer().DeleteAppInstance(api.DeleteAppInstanceRequest{AppInstanceArn: e.Instance}))
	before := stateOf(t, e.Store)
	removed := swept(t, e)
	t.Run("nothing is announced", func(t *testing.T) { announced(t, e) })
	t.Run("everything in it is removed", func(t *testing.T) {
		if removed < 80 {
			t.Errorf("removed %d records", removed)
		}
	})
	t.Run("what is seen of the rest does not change", func(t *testing.T) {
		after := stateOf(t, e.Store)
		delete(before, "invocations")
		delete(after, "invocations")
		same(t, before, after)
	})
}

// TestCleanUpMakesRoom: limits count what is there, not what is yet to be cleaned up.
func TestCleanUpMakesRoom(t *testing.T) {
	e := testenv.New(t, testenv.WithLimits(chat.Limits{MembershipsPerChannel: 2, ChannelsPerUser: 1}))
	channel := e.Channel("alice", testenv.PublicRestricted, "bob")
	join := func() error {
		return second(e.As("alice").CreateChannelMembership(api.CreateChannelMembershipRequest{ChannelArn: channel, MemberArn: e.ARN("carol"), Type: "DEFAULT"}))
	}
	refused(t, join(), api.ResourceLimitExceeded)
	done(t, deleteBob(e))
	swept(t, e)
	done(t, join())
}

// TestCleanUpThatIsCutOff is a node that shuts down.
func TestCleanUpThatIsCutOff(t *testing.T) {
	m := &mortal{lives: -1}
	e := testenv.New(t, testenv.WithSweepBatch(4), testenv.WithStore(m.wrap))
	newTown(t, e)
	done(t, deleteBob(e))
	e.Events()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	removed, err := e.Service.Sweep(ctx)
	if !errors.Is(err, context.Canceled) || removed != 0 {
		t.Errorf("removed %d, %v", removed, err)
	}
	announced(t, e)
	if swept(t, e) == 0 {
		t.Error("nothing was left to do")
	}
}
