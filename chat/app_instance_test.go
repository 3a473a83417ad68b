package chat_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"carillon/api"
	"carillon/testenv"
)

func TestCreateAppInstance(t *testing.T) {
	e := testenv.New(t)
	e.Events()
	t.Run("it is there as it was asked for", func(t *testing.T) {
		out, err := e.Developer().CreateAppInstance(api.CreateAppInstanceRequest{
			Name: "a demo", Metadata: textOf(`{"plan":"free"}`), ClientRequestToken: e.Token(),
			Tags: []api.Tag{{Key: "team", Value: "red"}, {Key: "cost", Value: "7"}},
		})
		done(t, err)
		want := regexp.MustCompile(`^arn:aws:chime:us-east-1:123456789012:app-instance/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
		if !want.MatchString(out.AppInstanceArn) {
			t.Errorf("made %s", out.AppInstanceArn)
		}
		same(t, &api.AppInstance{
			AppInstanceArn: out.AppInstanceArn, Name: "a demo", Metadata: textOf(`{"plan":"free"}`),
			CreatedTimestamp: api.Time(e.Now()), LastUpdatedTimestamp: api.Time(e.Now()),
		}, describeInstance(t, e, out.AppInstanceArn))
		same(t, []api.Tag{{Key: "cost", Value: "7"}, {Key: "team", Value: "red"}}, tagsOf(t, e, out.AppInstanceArn))
	})
	t.Run("a name may be used twice", func(t *testing.T) {
		if a, b := e.NewInstance("twin"), e.NewInstance("twin"); a == b {
			t.Errorf("both are %s", a)
		}
	})
	t.Run("metadata may have 1024 bytes, and it is bytes that count", func(t *testing.T) {
		for text, want := range map[string]api.Kind{
			strings.Repeat("m", 1024):      0,
			strings.Repeat("é", 512):       0,
			strings.Repeat("m", 1025):      api.BadRequest,
			strings.Repeat("é", 512) + "m": api.BadRequest,
		} {
			refused(t, second(e.Developer().CreateAppInstance(api.CreateAppInstanceRequest{
				Name: "big", Metadata: &text, ClientRequestToken: e.Token(),
			})), want)
		}
	})
	t.Run("nothing is announced", func(t *testing.T) { announced(t, e) })
}

func TestUpdateAppInstance(t *testing.T) {
	e := testenv.New(t)
	created := api.Time(e.Now())
	update := func(name string, metadata *string) *api.AppInstance {
		t.Helper()
		e.Advance(time.Second)
		out, err := e.Developer().UpdateAppInstance(api.UpdateAppInstanceRequest{AppInstanceArn: e.Instance, Name: name, Metadata: metadata})
		done(t, err)
		same(t, &api.UpdateAppInstanceResponse{AppInstanceArn: e.Instance}, out)
		return describeInstance(t, e, e.Instance)
	}
	want := &api.AppInstance{AppInstanceArn: e.Instance, CreatedTimestamp: created}
	for _, c := range []struct {
		name     string
		metadata *string
		shown    *string
	}{
		{"name and metadata are replaced", textOf("first"), textOf("first")},
		{"metadata that is left out stays", nil, textOf("first")},
		{"empty metadata clears it", textOf(""), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := update(c.name, c.metadata)
			want.Name, want.Metadata, want.LastUpdatedTimestamp = c.name, c.shown, api.Time(e.Now())
			same(t, want, got)
		})
	}
	t.Run("metadata of more than 1024 bytes is refused and changes nothing", func(t *testing.T) {
		refused(t, second(e.Developer().UpdateAppInstance(api.UpdateAppInstanceRequest{
			AppInstanceArn: e.Instance, Name: "other", Metadata: textOf(strings.Repeat("m", 1025)),
		})), api.BadRequest)
		same(t, want, describeInstance(t, e, e.Instance))
	})
}

func TestDeleteAppInstance(t *testing.T) {
	e := testenv.New(t)
	channel := e.Channel("alice", testenv.PublicUnrestricted, "bob")
	neighbour := e.NewInstance("neighbour")
	e.AddUser(neighbour, "alice")
	e.Events()
	done(t, e.Developer().DeleteAppInstance(api.DeleteAppInstanceRequest{AppInstanceArn: e.Instance}))
	dev, alice := e.Developer(), e.As("alice")
	for _, c := range []struct {
		name string
		err  error
		want api.Kind
	}{
		{"it cannot be described", second(dev.DescribeAppInstance(api.DescribeAppInstanceRequest{AppInstanceArn: e.Instance})), api.Forbidden},
		{"it cannot be changed", second(dev.UpdateAppInstance(api.UpdateAppInstanceRequest{AppInstanceArn: e.Instance, Name: "back"})), api.Forbidden},
		{"it cannot be deleted again", dev.DeleteAppInstance(api.DeleteAppInstanceRequest{AppInstanceArn: e.Instance}), api.Forbidden},
		{"its users cannot be described", second(dev.DescribeAppInstanceUser(api.DescribeAppInstanceUserRequest{AppInstanceUserArn: e.ARN("alice")})), api.Forbidden},
		{"its users cannot be changed", second(dev.UpdateAppInstanceUser(api.UpdateAppInstanceUserRequest{AppInstanceUserArn: e.ARN("alice"), Name: "A"})), api.Forbidden},
		{"its users cannot be deleted", dev.DeleteAppInstanceUser(api.DeleteAppInstanceUserRequest{AppInstanceUserArn: e.ARN("alice")}), api.Forbidden},
		{"its users are not listed", second(dev.ListAppInstanceUsers(api.ListAppInstanceUsersRequest{AppInstanceArn: e.Instance})), api.Forbidden},
		{"it gets no new users", second(dev.CreateAppInstanceUser(api.CreateAppInstanceUserRequest{AppInstanceArn: e.Instance, AppInstanceUserId: "ivan", Name: "Ivan", ClientRequestToken: e.Token()})), api.Forbidden},
		{"its admins cannot be described", second(dev.DescribeAppInstanceAdmin(api.DescribeAppInstanceAdminRequest{AppInstanceArn: e.Instance, AppInstanceAdminArn: e.ARN("admin")})), api.Forbidden},
		{"its admins are not listed", second(dev.ListAppInstanceAdmins(api.ListAppInstanceAdminsRequest{AppInstanceArn: e.Instance})), api.Forbidden},
		{"it gets no new admins", second(dev.CreateAppInstanceAdmin(api.CreateAppInstanceAdminRequest{AppInstanceArn: e.Instance, AppInstanceAdminArn: e.ARN("bob")})), api.Forbidden},
		{"its users are no bearers, for a channel", second(alice.DescribeChannel(api.DescribeChannelRequest{ChannelArn: channel})), api.Unauthorized},
		{"its users are no bearers, for the app instance", second(alice.ListChannels(api.ListChannelsRequest{AppInstanceArn: e.Instance})), api.Unauthorized},
		{"it has no tags", second(dev.ListTagsForResource(api.ListTagsForResourceRequest{ResourceARN: e.Instance})), api.NotFound},
		{"its channels have no tags", second(dev.ListTagsForResource(api.ListTagsForResourceRequest{ResourceARN: channel})), api.NotFound},
		{"its users have no tags", second(dev.ListTagsForResource(api.ListTagsForResourceRequest{ResourceARN: e.ARN("alice")})), api.NotFound},
	} {
		t.Run(c.name, func(t *testing.T) { refused(t, c.err, c.want) })
	}
	t.Run("the others are left alone", func(t *testing.T) {
		out, err := dev.ListAppInstances(api.ListAppInstancesRequest{})
		done(t, err)
		same(t, []api.AppInstanceSummary{{AppInstanceArn: neighbour, Name: "neighbour"}}, out.AppInstances)
		done(t, second(e.As(neighbour+"/user/alice").ListChannels(api.ListChannelsRequest{AppInstanceArn: neighbour})))
	})
	t.Run("nothing is announced", func(t *testing.T) { announced(t, e) })
}

func TestListAppInstances(t *testing.T) {
	e := testenv.New(t)
	second := e.NewInstance("second")
	out, err := e.Developer().CreateAppInstance(api.CreateAppInstanceRequest{Name: "third", Metadata: textOf("m"), ClientRequestToken: e.Token()})
	done(t, err)
	t.Run("all of the account are listed in the order of their creation", func(t *testing.T) {
		got, err := e.Developer().ListAppInstances(api.ListAppInstancesRequest{})
		done(t, err)
		same(t, &api.ListAppInstancesResponse{AppInstances: []api.AppInstanceSummary{
			{AppInstanceArn: e.Instance, Name: "demo"},
			{AppInstanceArn: second, Name: "second"},
			{AppInstanceArn: out.AppInstanceArn, Name: "third", Metadata: textOf("m")},
		}}, got)
	})
	t.Run("an account without any has an empty list", func(t *testing.T) {
		got, err := e.Developer().InAccount(otherAccount).ListAppInstances(api.ListAppInstancesRequest{})
		done(t, err)
		same(t, &api.ListAppInstancesResponse{AppInstances: []api.AppInstanceSummary{}}, got)
	})
}

// TestAppInstanceNames has the names that are those of no app instance of the caller, for every
// operation that takes one.
func TestAppInstanceNames(t *testing.T) {
	e := testenv.New(t)
	dev := e.Developer()
	for operation, call := range map[string]func(name string) error{
		"DescribeAppInstance": func(name string) error {
			return second(dev.DescribeAppInstance(api.DescribeAppInstanceRequest{AppInstanceArn: name}))
		},
		"UpdateAppInstance": func(name string) error {
			return second(dev.UpdateAppInstance(api.UpdateAppInstanceRequest{AppInstanceArn: name, Name: "x"}))
		},
		"DeleteAppInstance": func(name string) error {
			return dev.DeleteAppInstance(api.DeleteAppInstanceRequest{AppInstanceArn: name})
		},
		"CreateAppInstanceUser": func(name string) error {
			return second(dev.CreateAppInstanceUser(api.CreateAppInstanceUserRequest{AppInstanceArn: name, AppInstanceUserId: "ivan", Name: "Ivan", ClientRequestToken: e.Token()}))
		},
		"ListAppInstanceUsers": func(name string) error {
			return second(dev.ListAppInstanceUsers(api.ListAppInstanceUsersRequest{AppInstanceArn: name}))
		},
		"CreateAppInstanceAdmin": func(name string) error {
			return second(dev.CreateAppInstanceAdmin(api.CreateAppInstanceAdminRequest{AppInstanceArn: name, AppInstanceAdminArn: e.ARN("bob")}))
		},
		"DescribeAppInstanceAdmin": func(name string) error {
			return second(dev.DescribeAppInstanceAdmin(api.DescribeAppInstanceAdminRequest{AppInstanceArn: name, AppInstanceAdminArn: e.ARN("admin")}))
		},
		"DeleteAppInstanceAdmin": func(name string) error {
			return dev.DeleteAppInstanceAdmin(api.DeleteAppInstanceAdminRequest{AppInstanceArn: name, AppInstanceAdminArn: e.ARN("admin")})
		},
		"CreateAppInstanceBot": func(name string) error {
			return second(dev.CreateAppInstanceBot(api.CreateAppInstanceBotRequest{AppInstanceArn: name, Configuration: lex("en_US"), ClientRequestToken: e.Token()}))
		},
		"ListAppInstanceBots": func(name string) error {
			return second(dev.ListAppInstanceBots(api.ListAppInstanceBotsRequest{AppInstanceArn: name}))
		},
		"ListAppInstanceAdmins": func(name string) error {
			return second(dev.ListAppInstanceAdmins(api.ListAppInstanceAdminsRequest{AppInstanceArn: name}))
		},
	} {
		for _, c := range []struct {
			what, name string
			want       api.Kind
		}{
			{"one that does not exist", e.Instance + "x", api.Forbidden},
			{"one of another account", strings.Replace(e.Instance, testenv.Account, otherAccount, 1), api.Forbidden},
			{"one of another region", strings.Replace(e.Instance, testenv.Region, "eu-central-1", 1), api.Forbidden},
			{"one of another partition", strings.Replace(e.Instance, "arn:aws:", "arn:aws-cn:", 1), api.Forbidden},
			{"one in capitals", strings.Replace(e.Instance, "app-instance", "APP-INSTANCE", 1), api.BadRequest},
			{"a user", e.ARN("alice"), api.BadRequest},
			{"a channel", e.Instance + "/channel/c", api.BadRequest},
			{"the ARN of another service", "arn:aws:s3:us-east-1:123456789012:bucket", api.BadRequest},
			{"no ARN at all", "demo", api.BadRequest},
		} {
			t.Run(operation+"/"+c.what, func(t *testing.T) { refused(t, call(c.name), c.want) })
		}
	}
}

func describeInstance(t *testing.T, e *testenv.Env, name string) *api.AppInstance {
	t.Helper()
	out, err := e.Developer().DescribeAppInstance(api.DescribeAppInstanceRequest{AppInstanceArn: name})
	done(t, err)
	return out.AppInstance
}
