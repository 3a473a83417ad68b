package chat_test

import (
	"testing"

	"carillon/api"
	"carillon/testenv"
)

const otherAccount = "999999999999"

// TestAccountsAreIsolated calls every operation on the resources of one account with the keys of
// another: nothing may be seen, changed, or even known to exist.
func TestAccountsAreIsolated(t *testing.T) {
	e := testenv.New(t)
	theirs := newPlace(e)
	own := neighbour(t, e)
	// As far as the other account can tell, what it has no part in is like what is not there.
	nothing := theirs.in(theirs.instance + "x")
	state := stateOf(t, e.Store)

	missing := everyCall(nothing)
	for i, c := range everyCall(theirs) {
		switch c.operation {
		case "CreateAppInstance", "ListAppInstances", "GetMessagingSessionEndpoint":
			continue // they name nothing of anybody; see below
		}
		op := api.Lookup(c.operation)
		if op.Bearer == api.None {
			t.Run(c.operation+" is answered as for what does not exist", func(t *testing.T) {
				_, err := c.do(e, otherAccount, "")
				_, want := missing[i].do(e, otherAccount, "")
				same(t, want, err)
				refused(t, err, map[bool]api.Kind{false: api.Forbidden, true: api.NotFound}[op.Errors.Has(api.NotFound)])
			})
			continue
		}
		t.Run(c.operation+" for a bearer of theirs is unauthorized", func(t *testing.T) {
			_, err := c.do(e, otherAccount, c.bearer(theirs))
			refused(t, err, api.Unauthorized)
		})
		t.Run(c.operation+" for an own bearer is answered as for what does not exist", func(t *testing.T) {
			_, err := c.do(e, otherAccount, c.bearer(own))
			_, want := missing[i].do(e, otherAccount, c.bearer(own))
			same(t, want, err)
			if err == nil {
				t.Error("it succeeds")
			}
		})
		t.Run(c.operation+" for an own bearer that is signed by them is unauthorized", func(t *testing.T) {
			_, err := c.do(e, testenv.Account, c.bearer(own))
			refused(t, err, api.Unauthorized)
		})
	}
	t.Run("what is named in a request on an own resource is not known either", func(t *testing.T) {
		alice := e.WithBearer(own.user("alice")).InAccount(otherAccount)
		for name, err := range map[string]error{
			"a member":       second(alice.CreateChannelMembership(api.CreateChannelMembershipRequest{ChannelArn: own.channel, MemberArn: theirs.user("bob"), Type: "DEFAULT"})),
			"a moderator":    second(alice.CreateChannelModerator(api.CreateChannelModeratorRequest{ChannelArn: own.channel, ChannelModeratorArn: theirs.user("bob")})),
			"a banned one":   second(alice.CreateChannelBan(api.CreateChannelBanRequest{ChannelArn: own.channel, MemberArn: theirs.user("bob")})),
			"a first member": second(alice.CreateChannel(api.CreateChannelRequest{AppInstanceArn: own.instance, Name: "n", MemberArns: []string{theirs.user("bob")}, ClientRequestToken: "t1"})),
			"an admin":       second(alice.CreateAppInstanceAdmin(api.CreateAppInstanceAdminRequest{AppInstanceArn: own.instance, AppInstanceAdminArn: theirs.user("bob")})),
		} {
			if testenv.Kind(err) != api.BadRequest {
				t.Errorf("%s: got %v", name, err)
			}
		}
		got := batch(t, alice, api.BatchCreateChannelMembershipRequest{ChannelArn: own.channel, MemberArns: []string{theirs.user("bob"), theirs.user("nobody")}})
		if len(got.Errors) != 2 || got.Errors[0].ErrorCode != "BadRequest" || got.Errors[1].ErrorCode != "BadRequest" {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("nothing was changed and nothing announced", func(t *testing.T) {
		same(t, state, stateOf(t, e.Store))
		announced(t, e)
	})
	t.Run("each account lists its own app instances", func(t *testing.T) {
		for account, want := range map[string]string{testenv.Account: theirs.instance, otherAccount: own.instance} {
			got, err := e.Developer().InAccount(account).ListAppInstances(api.ListAppInstancesRequest{})
			done(t, err)
			if len(got.AppInstances) != 1 || got.AppInstances[0].AppInstanceArn != want {
				t.Errorf("%s lists %+v", account, got.AppInstances)
			}
		}
	})
}

// neighbour makes a place in the other account, with the same names as in the first.
func neighbour(t *testing.T, e *testenv.Env) place {
	t.Helper()
	dev := e.Developer().InAccount(otherAccount)
	made, err := dev.CreateAppInstance(api.CreateAppInstanceRequest{Name: "demo", ClientRequestToken: e.Token()})
	done(t, err)
	p := place{instance: made.AppInstanceArn}
	for _, user := range append([]string{"admin"}, testenv.Users...) {
		done(t, second(dev.CreateAppInstanceUser(api.CreateAppInstanceUserRequest{
			AppInstanceArn: p.instance, AppInstanceUserId: user, Name: "Their " + user, ClientRequestToken: e.Token(),
		})))
	}
	done(t, second(dev.CreateAppInstanceAdmin(api.CreateAppInstanceAdminRequest{AppInstanceArn: p.instance, AppInstanceAdminArn: p.user("admin")})))
	channel, err := e.WithBearer(p.user("alice")).InAccount(otherAccount).CreateChannel(api.CreateChannelRequest{
		AppInstanceArn: p.instance, Name: "theirs", ClientRequestToken: e.Token(),
	})
	done(t, err)
	p.channel = channel.ChannelArn
	e.Events()
	return p
}
