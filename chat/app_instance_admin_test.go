package chat_test

import (
	"testing"
	"time"

	"carillon/api"
	"carillon/testenv"
)

func TestCreateAppInstanceAdmin(t *testing.T) {
	e := testenv.New(t)
	channel := e.Channel("alice", testenv.PrivateRestricted)
	foreign := e.AddUser(e.NewInstance("other"), "stranger")
	e.Events()
	t.Run("who is promoted has the powers at once", func(t *testing.T) {
		rename := api.UpdateChannelRequest{ChannelArn: channel, Name: "taken over"}
		refused(t, second(e.As("bob").UpdateChannel(rename)), api.Forbidden)
		out, err := e.Developer().CreateAppInstanceAdmin(api.CreateAppInstanceAdminRequest{AppInstanceArn: e.Instance, AppInstanceAdminArn: e.ARN("bob")})
		done(t, err)
		same(t, &api.CreateAppInstanceAdminResponse{AppInstanceArn: e.Instance, AppInstanceAdmin: e.Identity("bob")}, out)
		announced(t, e)
		done(t, second(e.As("bob").UpdateChannel(rename)))
	})
	for _, c := range []struct {
		name, admin string
		want        error
	}{
		{"an admin again is a conflict", e.ARN("bob"), api.Errorf(api.Conflict, "The identity is an admin of the app instance already.")},
		{"an unregistered user is forbidden", e.ARN("nobody"), api.Errorf(api.Forbidden, "An invalid app instance user ARN was supplied for the input parameter.")},
		{"a user of another app instance is an invalid ARN", foreign, api.Errorf(api.BadRequest, "An invalid ARN was supplied for the input parameter.")},
		{"a channel is an invalid ARN", channel, api.Errorf(api.BadRequest, "An invalid ARN was supplied for the input parameter.")},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := e.Developer().CreateAppInstanceAdmin(api.CreateAppInstanceAdminRequest{AppInstanceArn: e.Instance, AppInstanceAdminArn: c.admin})
			same(t, c.want, err)
		})
	}
}

func TestDescribeAppInstanceAdmin(t *testing.T) {
	e := testenv.New(t)
	describe := func(who string) (*api.DescribeAppInstanceAdminResponse, error) {
		return e.Developer().DescribeAppInstanceAdmin(api.DescribeAppInstanceAdminRequest{AppInstanceArn: e.Instance, AppInstanceAdminArn: who})
	}
	promoted := api.Time(e.Now())
	e.Advance(time.Hour)
	t.Run("it tells since when somebody is an admin, by the name of now", func(t *testing.T) {
		e.Must(e.Developer().UpdateAppInstanceUser(api.UpdateAppInstanceUserRequest{AppInstanceUserArn: e.ARN("admin"), Name: "Root"}))
		got, err := describe(e.ARN("admin"))
		done(t, err)
		same(t, &api.AppInstanceAdmin{
			Admin: &api.Identity{Arn: e.ARN("admin"), Name: "Root"}, AppInstanceArn: e.Instance, CreatedTimestamp: promoted,
		}, got.AppInstanceAdmin)
	})
	t.Run("who is no admin, or nobody, is forbidden", func(t *testing.T) {
		refused(t, second(describe(e.ARN("alice"))), api.Forbidden)
		refused(t, second(describe(e.ARN("nobody"))), api.Forbidden)
	})
	t.Run("an ARN of another app instance is invalid", func(t *testing.T) {
		refused(t, second(describe(e.AddUser(e.NewInstance("other"), "admin"))), api.BadRequest)
	})
}

func TestDeleteAppInstanceAdmin(t *testing.T) {
	e := testenv.New(t)
	channel := e.Channel("alice", testenv.PrivateRestricted)
	e.Events()
	demote := func(who string) error {
		return e.Developer().DeleteAppInstanceAdmin(api.DeleteAppInstanceAdminRequest{AppInstanceArn: e.Instance, AppInstanceAdminArn: e.ARN(who)})
	}
	t.Run("the powers are gone at once and the user stays", func(t *testing.T) {
		done(t, demote("admin"))
		refused(t, second(e.As("admin").DescribeChannel(api.DescribeChannelRequest{ChannelArn: channel})), api.Forbidden)
		refused(t, second(e.As("admin").ListChannels(api.ListChannelsRequest{AppInstanceArn: e.Instance, Privacy: "PRIVATE"})), api.Forbidden)
		done(t, second(e.As("admin").ListChannels(api.ListChannelsRequest{AppInstanceArn: e.Instance})))
		same(t, []api.Identity(nil), adminsOf(t, e))
	})
	t.Run("who is no admin, or nobody, is none afterwards either", func(t *testing.T) {
		done(t, demote("admin"))
		done(t, demote("nobody"))
	})
	t.Run("who is promoted again is an admin since then", func(t *testing.T) {
		e.Advance(time.Hour)
		e.Must(e.Developer().CreateAppInstanceAdmin(api.CreateAppInstanceAdminRequest{AppInstanceArn: e.Instance, AppInstanceAdminArn: e.ARN("admin")}))
		got, err := e.Developer().DescribeAppInstanceAdmin(api.DescribeAppInstanceAdminRequest{AppInstanceArn: e.Instance, AppInstanceAdminArn: e.ARN("admin")})
		done(t, err)
		same(t, api.Time(e.Now()), got.AppInstanceAdmin.CreatedTimestamp)
	})
	t.Run("nothing is announced", func(t *testing.T) { announced(t, e) })
}

func TestListAppInstanceAdmins(t *testing.T) {
	e := testenv.New(t)
	for _, who := range []string{"heidi", "alice", "grace"} {
		e.Must(e.Developer().CreateAppInstanceAdmin(api.CreateAppInstanceAdminRequest{AppInstanceArn: e.Instance, AppInstanceAdminArn: e.ARN(who)}))
	}
	t.Run("they are listed in the order of their promotion", func(t *testing.T) {
		same(t, []api.Identity{*e.Identity("admin"), *e.Identity("heidi"), *e.Identity("alice"), *e.Identity("grace")}, adminsOf(t, e))
	})
	t.Run("a deleted user is not among them", func(t *testing.T) {
		done(t, e.Developer().DeleteAppInstanceUser(api.DeleteAppInstanceUserRequest{AppInstanceUserArn: e.ARN("heidi")}))
		same(t, []api.Identity{*e.Identity("admin"), *e.Identity("alice"), *e.Identity("grace")}, adminsOf(t, e))
	})
	t.Run("an app instance without any has an empty list", func(t *testing.T) {
		other := e.NewInstance("other")
		got, err := e.Developer().ListAppInstanceAdmins(api.ListAppInstanceAdminsRequest{AppInstanceArn: other})
		done(t, err)
		same(t, &api.ListAppInstanceAdminsResponse{AppInstanceArn: other, AppInstanceAdmins: []api.AppInstanceAdminSummary{}}, got)
	})
}

func adminsOf(t *testing.T, e *testenv.Env) (list []api.Identity) {
	t.Helper()
	out, err := e.Developer().ListAppInstanceAdmins(api.ListAppInstanceAdminsRequest{AppInstanceArn: e.Instance})
	done(t, err)
	for _, a := range out.AppInstanceAdmins {
		list = append(list, *a.Admin)
	}
	return list
}
