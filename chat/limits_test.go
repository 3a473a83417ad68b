package chat_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"carillon/api"
	"carillon/chat"
	"carillon/testenv"
)

// limit is how a test comes up to one limit, set to 3.
type limit struct {
	noun string
	// add makes the i-th of what is counted; the environment has made none of it.
	add func(e *testenv.Env, i int) error
	// again asks for what is there already, which is no new one; nil where there is no such request.
	again func(e *testenv.Env) error
	// remove takes away the second.
	remove func(e *testenv.Env) error
}

const room = "/channel/room"

func createRoom(e *testenv.Env, as string, id string) error {
	return second(e.As(as).CreateChannel(api.CreateChannelRequest{AppInstanceArn: e.Instance, ChannelId: id, Name: id, ClientRequestToken: e.Token()}))
}

func createElastic(e *testenv.Env, id string) error {
	return second(e.As("alice").CreateChannel(api.CreateChannelRequest{AppInstanceArn: e.Instance, ChannelId: id, Name: id, ClientRequestToken: e.Token(),
		ElasticChannelConfiguration: &api.ElasticChannelConfiguration{MaximumSubChannels: 2, TargetMembershipsPerSubChannel: 2, MinimumMembershipPercentage: 1},
	}))
}

func registerUser(e *testenv.Env, instance, id string) error {
	return second(e.Developer().CreateAppInstanceUser(api.CreateAppInstanceUserRequest{AppInstanceArn: instance, AppInstanceUserId: id, Name: id, ClientRequestToken: e.Token()}))
}

// limits has every field of chat.Limits.
var limits = map[string]limit{
	"AppInstancesPerAccount": {"app instances per account",
		func(e *testenv.Env, i int) error {
			if i == 0 {
				return nil // every environment has one
			}
			return second(e.Developer().CreateAppInstance(api.CreateAppInstanceRequest{Name: "new", ClientRequestToken: e.Token()}))
		},
		nil,
		func(e *testenv.Env) error {
			out, err := e.Developer().ListAppInstances(api.ListAppInstancesRequest{})
			if err != nil {
				return err
			}
			return e.Developer().DeleteAppInstance(api.DeleteAppInstanceRequest{AppInstanceArn: out.AppInstances[1].AppInstanceArn})
		},
	},
	"UsersPerAppInstance": {"users per app instance",
		func(e *testenv.Env, i int) error { return registerUser(e, emptyInstance(e), fmt.Sprint("user-", i)) },
		func(e *testenv.Env) error { return registerUser(e, emptyInstance(e), "user-0") },
		func(e *testenv.Env) error {
			return e.Developer().DeleteAppInstanceUser(api.DeleteAppInstanceUserRequest{AppInstanceUserArn: emptyInstance(e) + "/user/user-1"})
		},
	},
	"AdminsPerAppInstance": {"admins per app instance",
		func(e *testenv.Env, i int) error {
			if i == 0 {
				return nil // every environment has one
			}
			return second(e.Developer().CreateAppInstanceAdmin(api.CreateAppInstanceAdminRequest{AppInstanceArn: e.Instance, AppInstanceAdminArn: e.ARN(testenv.Users[i])}))
		},
		func(e *testenv.Env) error {
			_, err := e.Developer().CreateAppInstanceAdmin(api.CreateAppInstanceAdminRequest{AppInstanceArn: e.Instance, AppInstanceAdminArn: e.ARN("admin")})
			return butConflict(err)
		},
		func(e *testenv.Env) error {
			return e.Developer().DeleteAppInstanceAdmin(api.DeleteAppInstanceAdminRequest{AppInstanceArn: e.Instance, AppInstanceAdminArn: e.ARN(testenv.Users[1])})
		},
	},
	"ChannelsPerAppInstance": {"channels per app instance",
		func(e *testenv.Env, i int) error { return createRoom(e, "alice", fmt.Sprint("room-", i)) },
		func(e *testenv.Env) error { return butConflict(createRoom(e, "bob", "room-0")) },
		func(e *testenv.Env) error {
			return e.As("alice").DeleteChannel(api.DeleteChannelRequest{ChannelArn: e.Instance + "/channel/room-1"})
		},
	},
	"ElasticChannelsPerAppInstance": {"elastic channels per app instance",
		func(e *testenv.Env, i int) error { return createElastic(e, fmt.Sprint("room-", i)) },
		func(e *testenv.Env) error { return butConflict(createElastic(e, "room-0")) },
		func(e *testenv.Env) error {
			return e.As("alice").DeleteChannel(api.DeleteChannelRequest{ChannelArn: e.Instance + "/channel/room-1"})
		},
	},
	"MembershipsPerChannel": {"memberships per channel",
		func(e *testenv.Env, i int) error {
			if i == 0 {
				return createRoom(e, "alice", "room")
			}
			return second(e.As("alice").CreateChannelMembership(api.CreateChannelMembershipRequest{
				ChannelArn: e.Instance + room, MemberArn: e.ARN(testenv.Users[i]), Type: []string{"DEFAULT", "HIDDEN"}[i%2],
			}))
		},
		func(e *testenv.Env) error {
			_, err := e.As("alice").CreateChannelMembership(api.CreateChannelMembershipRequest{ChannelArn: e.Instance + room, MemberArn: e.ARN("alice"), Type: "DEFAULT"})
			return butConflict(err)
		},
		func(e *testenv.Env) error {
			return e.As("alice").DeleteChannelMembership(api.DeleteChannelMembershipRequest{ChannelArn: e.Instance + room, MemberArn: e.ARN(testenv.Users[1])})
		},
	},
	"ChannelsPerUser": {"channels per user",
		func(e *testenv.Env, i int) error {
			switch id := fmt.Sprint("room-", i); i {
			case 0: // one's own,
				return createRoom(e, "bob", id)
			case 1: // one as a listed member,
				return second(e.As("alice").CreateChannel(api.CreateChannelRequest{AppInstanceArn: e.Instance, ChannelId: id, Name: id, MemberArns: e.ARNs("bob"), ClientRequestToken: e.Token()}))
			default: // and those one is added to
				e.Must(nil, createRoom(e, testenv.Users[i], id))
				return second(e.As(testenv.Users[i]).CreateChannelMembership(api.CreateChannelMembershipRequest{ChannelArn: e.Instance + "/channel/" + id, MemberArn: e.ARN("bob"), Type: "HIDDEN"}))
			}
		},
		func(e *testenv.Env) error {
			_, err := e.As("bob").CreateChannelMembership(api.CreateChannelMembershipRequest{ChannelArn: e.Instance + "/channel/room-0", MemberArn: e.ARN("bob"), Type: "DEFAULT"})
			return butConflict(err)
		},
		func(e *testenv.Env) error {
			return e.As("alice").DeleteChannel(api.DeleteChannelRequest{ChannelArn: e.Instance + "/channel/room-1"})
		},
	},
	"EndpointsPerUser": {"endpoints per user",
		func(e *testenv.Env, i int) error {
			return second(e.Developer().RegisterAppInstanceUserEndpoint(*register(e.ARN("bob"), fmt.Sprint("phone-", i), e.Token())))
		},
		func(e *testenv.Env) error {
			return second(e.Developer().RegisterAppInstanceUserEndpoint(*register(e.ARN("bob"), "phone-0", e.Token())))
		},
		func(e *testenv.Env) error {
			out, err := e.Developer().ListAppInstanceUserEndpoints(api.ListAppInstanceUserEndpointsRequest{AppInstanceUserArn: e.ARN("bob")})
			if err != nil {
				return err
			}
			return e.Developer().DeregisterAppInstanceUserEndpoint(api.DeregisterAppInstanceUserEndpointRequest{AppInstanceUserArn: e.ARN("bob"), EndpointId: out.AppInstanceUserEndpoints[1].EndpointId})
		},
	},
	"ChannelFlowsPerAppInstance": {"channel flows per app instance",
		func(e *testenv.Env, i int) error {
			return second(e.Developer().CreateChannelFlow(api.CreateChannelFlowRequest{AppInstanceArn: e.Instance, Name: "new", Processors: processors("ABORT"), ClientRequestToken: fmt.Sprint("flow-", i)}))
		},
		func(e *testenv.Env) error {
			return second(e.Developer().CreateChannelFlow(api.CreateChannelFlowRequest{AppInstanceArn: e.Instance, Name: "new", Processors: processors("ABORT"), ClientRequestToken: "flow-0"}))
		},
		func(e *testenv.Env) error {
			out, err := e.Developer().ListChannelFlows(api.ListChannelFlowsRequest{AppInstanceArn: e.Instance})
			if err != nil {
				return err
			}
			return e.Developer().DeleteChannelFlow(api.DeleteChannelFlowRequest{ChannelFlowArn: out.ChannelFlows[1].ChannelFlowArn})
		},
	},
	"ModeratorsPerChannel": {"moderators per channel",
		func(e *testenv.Env, i int) error {
			if i == 0 {
				return createRoom(e, "alice", "room")
			}
			return second(e.As("alice").CreateChannelModerator(api.CreateChannelModeratorRequest{ChannelArn: e.Instance + room, ChannelModeratorArn: e.ARN(testenv.Users[i])}))
		},
		func(e *testenv.Env) error {
			_, err := e.As("alice").CreateChannelModerator(api.CreateChannelModeratorRequest{ChannelArn: e.Instance + room, ChannelModeratorArn: e.ARN("alice")})
			return butConflict(err)
		},
		func(e *testenv.Env) error {
			return e.As("alice").DeleteChannelModerator(api.DeleteChannelModeratorRequest{ChannelArn: e.Instance + room, ChannelModeratorArn: e.ARN(testenv.Users[1])})
		},
	},
}

// emptyInstance is an app instance beside the one with the users that every environment needs; it
// is made when it is asked for first.
func emptyInstance(e *testenv.Env) string {
	out, err := e.Developer().CreateAppInstance(api.CreateAppInstanceRequest{Name: "empty", ClientRequestToken: "the-empty-one"})
	e.Must(out, err)
	return out.AppInstanceArn
}

// butConflict is nil for a Conflict, and an error that tells of it for a success.
func butConflict(err error) error {
	switch testenv.Kind(err) {
	case api.Conflict:
		return nil
	case 0:
		return fmt.Errorf("what is there was made again")
	}
	return err
}

func TestLimits(t *testing.T) {
	for field, l := range limits {
		t.Run(field, func(t *testing.T) {
			e := testenv.New(t)
			set := chat.OpenLimits()
			reflect.ValueOf(&set).Elem().FieldByName(field).SetInt(3)
			e.Restart(testenv.WithLimits(set))
			for i := range 3 {
				done(t, l.add(e, i))
			}
			state := stateOf(t, e.Store)
			e.Events()
			t.Run("one more than the limit is refused, and nothing of it is kept or announced", func(t *testing.T) {
				err := l.add(e, 3)
				same(t, error(api.Errorf(api.ResourceLimitExceeded, "The limit of %d %s is reached.", 3, l.noun)), err)
				if field != "ChannelsPerUser" { // its request is preceded by one for a channel
					same(t, state, stateOf(t, e.Store))
					announced(t, e)
				}
			})
			t.Run("what is there already is answered as ever", func(t *testing.T) {
				if l.again != nil {
					done(t, l.again(e))
				}
			})
			t.Run("where one goes there is room for another, and not for two", func(t *testing.T) {
				done(t, l.remove(e))
				done(t, l.add(e, 4))
				refused(t, l.add(e, 5), api.ResourceLimitExceeded)
			})
		})
	}
	t.Run("every limit is tested here or, when it answers otherwise, where it belongs", func(t *testing.T) {
		elsewhere := []string{"MembersPerBatch", "MembershipsPerSubChannel", "ProcessorsPerChannelFlow", "SubChannelsPerElasticChannel", "SearchableMemberships"}
		for _, f := range reflect.VisibleFields(reflect.TypeFor[chat.Limits]()) {
			if _, ok := limits[f.Name]; !ok && !slices.Contains(elsewhere, f.Name) {
				t.Errorf("%s is not", f.Name)
			}
		}
	})
}

func TestLimitsOfANewChannel(t *testing.T) {
	for name, c := range map[string]struct {
		limits chat.Limits
		change func(e *testenv.Env, in *api.CreateChannelRequest)
		noun   string
	}{
		"more members than a channel may have": {chat.Limits{MembershipsPerChannel: 3},
			func(e *testenv.Env, in *api.CreateChannelRequest) {
				in.MemberArns = append(in.MemberArns, e.ARN("dave"))
			}, "3 memberships per channel"},
		"more moderators than a channel may have": {chat.Limits{ModeratorsPerChannel: 3},
			func(e *testenv.Env, in *api.CreateChannelRequest) {
				in.ModeratorArns = append(in.ModeratorArns, e.ARN("dave"))
			}, "3 moderators per channel"},
		"a member with as many channels as it may have": {chat.Limits{ChannelsPerUser: 1},
			func(e *testenv.Env, in *api.CreateChannelRequest) {
				e.Channel("dave", testenv.PublicRestricted)
				in.MemberArns[0] = e.ARN("dave")
			}, "1 channels per user"},
		"a creator with as many channels as it may have": {chat.Limits{ChannelsPerUser: 1},
			func(e *testenv.Env, in *api.CreateChannelRequest) { e.Channel("alice", testenv.PublicRestricted) }, "1 channels per user"},
	} {
		t.Run(name+" is refused, and nothing is left", func(t *testing.T) {
			e := testenv.New(t, testenv.WithLimits(c.limits))
			in := api.CreateChannelRequest{
				AppInstanceArn: e.Instance, Name: "n", ClientRequestToken: e.Token(),
				MemberArns: e.ARNs("alice", "bob", "carol"), ModeratorArns: e.ARNs("bob", "carol"),
			}
			full := in
			full.MemberArns = append([]string(nil), in.MemberArns...)
			c.change(e, &full)
			state := stateOf(t, e.Store)
			e.Events()
			same(t, error(api.Errorf(api.ResourceLimitExceeded, "The limit of %s is reached.", c.noun)), second(e.As("alice").CreateChannel(full)))
			same(t, state, stateOf(t, e.Store))
			announced(t, e)
			if c.limits.ChannelsPerUser == 0 {
				done(t, second(e.As("alice").CreateChannel(in)))
			}
		})
	}
}

func TestLimitProfiles(t *testing.T) {
	t.Run("the profile of AWS has the quotas that AWS publishes", func(t *testing.T) {
		same(t, chat.Limits{
			AppInstancesPerAccount: 100, UsersPerAppInstance: 100_000, AdminsPerAppInstance: 100, ChannelsPerAppInstance: 10_000_000,
			MembershipsPerChannel: 10_000, ChannelsPerUser: 20_000, ModeratorsPerChannel: 1_000, EndpointsPerUser: 10,
			SearchableMemberships:         1_000,
			ElasticChannelsPerAppInstance: 1, SubChannelsPerElasticChannel: 100, MembershipsPerSubChannel: 1_000, MembersPerBatch: 100, ChannelFlowsPerAppInstance: 100, ProcessorsPerChannelFlow: 1,
		}, chat.AWSLimits())
	})
	t.Run("the open profile bounds nothing but a batch", func(t *testing.T) {
		same(t, chat.Limits{MembersPerBatch: 100}, chat.OpenLimits())
	})
	t.Run("an account may have a hundred app instances, and not one more", func(t *testing.T) {
		e := testenv.New(t, testenv.WithLimits(chat.AWSLimits()))
		for range 99 {
			e.NewInstance("one of many")
		}
		_, err := e.Developer().CreateAppInstance(api.CreateAppInstanceRequest{Name: "one too many", ClientRequestToken: e.Token()})
		refused(t, err, api.ResourceLimitExceeded)
		e.Must(e.Developer().InAccount(otherAccount).CreateAppInstance(api.CreateAppInstanceRequest{Name: "of another", ClientRequestToken: e.Token()}))
	})
}
