package chat_test

import (
	"strings"
	"testing"
	"time"

	"carillon/api"
	"carillon/arn"
	"carillon/store"
	"carillon/testenv"
)

const pushService = "arn:aws:mobiletargeting:us-east-1:" + testenv.Account + ":apps/0123456789abcdef"

// register is a request for an endpoint.
func register(user, device, token string) *api.RegisterAppInstanceUserEndpointRequest {
	return &api.RegisterAppInstanceUserEndpointRequest{
		AppInstanceUserArn: user, Type: api.AppInstanceUserEndpointTypeApns, ResourceArn: pushService,
		EndpointAttributes: &api.EndpointAttributes{DeviceToken: device}, ClientRequestToken: token,
	}
}

// newEndpoint makes an endpoint and returns its id.
func newEndpoint(e *testenv.Env, user, device string) string {
	e.T.Helper()
	out, err := e.Developer().RegisterAppInstanceUserEndpoint(*register(e.ARN(user), device, e.Token()))
	e.Must(out, err)
	return out.EndpointId
}

func describeEndpoint(t *testing.T, e *testenv.Env, user, id string) *api.AppInstanceUserEndpoint {
	t.Helper()
	out, err := e.Developer().DescribeAppInstanceUserEndpoint(api.DescribeAppInstanceUserEndpointRequest{AppInstanceUserArn: e.ARN(user), EndpointId: id})
	done(t, err)
	return out.AppInstanceUserEndpoint
}

func TestRegisterAppInstanceUserEndpoint(t *testing.T) {
	e := testenv.New(t)
	active := &api.EndpointState{Status: api.EndpointStatusActive}
	ask := func(change func(in *api.RegisterAppInstanceUserEndpointRequest)) string {
		t.Helper()
		in := register(e.ARN("bob"), "phone", e.Token())
		change(in)
		out, err := e.Developer().RegisterAppInstanceUserEndpoint(*in)
		done(t, err)
		same(t, &api.RegisterAppInstanceUserEndpointResponse{AppInstanceUserArn: in.AppInstanceUserArn, EndpointId: out.EndpointId}, out)
		return out.EndpointId
	}
	id := ask(func(*api.RegisterAppInstanceUserEndpointRequest) {})
	want := &api.AppInstanceUserEndpoint{
		AppInstanceUserArn: e.ARN("bob"), EndpointId: id, Type: "APNS", ResourceArn: pushService,
		EndpointAttributes: &api.EndpointAttributes{DeviceToken: "phone"}, AllowMessages: "ALL", EndpointState: active,
		CreatedTimestamp: api.Time(e.Now()), LastUpdatedTimestamp: api.Time(e.Now()),
	}
	t.Run("an endpoint allows all messages and is active unless something else is said", func(t *testing.T) {
		same(t, want, describeEndpoint(t, e, "bob", id))
	})
	t.Run("an endpoint is there as it was asked for", func(t *testing.T) {
		other := ask(func(in *api.RegisterAppInstanceUserEndpointRequest) {
			in.Name, in.Type, in.AllowMessages, in.EndpointAttributes = "the tablet", "GCM", "NONE", &api.EndpointAttributes{DeviceToken: "tablet", VoipDeviceToken: "voip"}
		})
		same(t, &api.AppInstanceUserEndpoint{
			AppInstanceUserArn: e.ARN("bob"), EndpointId: other, Name: "the tablet", Type: "GCM", ResourceArn: pushService,
			EndpointAttributes: &api.EndpointAttributes{DeviceToken: "tablet", VoipDeviceToken: "voip"}, AllowMessages: "NONE", EndpointState: active,
			CreatedTimestamp: api.Time(e.Now()), LastUpdatedTimestamp: api.Time(e.Now()),
		}, describeEndpoint(t, e, "bob", other))
	})
	t.Run("a device that is registered again keeps its id and what is left out, and takes what is given", func(t *testing.T) {
		e.Advance(time.Hour)
		e.Must(e.Developer().UpdateAppInstanceUserEndpoint(api.UpdateAppInstanceUserEndpointRequest{AppInstanceUserArn: e.ARN("bob"), EndpointId: id, Name: "mine", AllowMessages: "NONE"}))
		same(t, id, ask(func(in *api.RegisterAppInstanceUserEndpointRequest) {
			in.Type, in.EndpointAttributes.VoipDeviceToken = "APNS_SANDBOX", "voip"
		}))
		want.Name, want.AllowMessages, want.Type, want.EndpointAttributes.VoipDeviceToken = "mine", "NONE", "APNS_SANDBOX", "voip"
		want.LastUpdatedTimestamp = api.Time(e.Now())
		same(t, want, describeEndpoint(t, e, "bob", id))
		same(t, id, ask(func(in *api.RegisterAppInstanceUserEndpointRequest) { in.Name, in.AllowMessages = "new", "ALL" }))
		want.Name, want.AllowMessages, want.Type, want.EndpointAttributes.VoipDeviceToken = "new", "ALL", "APNS", ""
		same(t, want, describeEndpoint(t, e, "bob", id))
	})
	t.Run("a device that was found not to answer is active again", func(t *testing.T) {
		inactive := func(tx store.Tx) error {
			instance, err := tx.AppInstance(testenv.Account, strings.TrimPrefix(e.Instance, "arn:aws:chime:us-east-1:"+testenv.Account+":app-instance/"))
			if err != nil {
				return err
			}
			bob, err := tx.Identity(instance.Key, store.IdentityRef{Kind: arn.User, ID: "bob"})
			if err != nil {
				return err
			}
			endpoint, err := tx.AppInstanceUserEndpoint(bob.Key, id)
			if err != nil {
				return err
			}
			endpoint.Inactive, endpoint.StateReason = true, "INVALID_DEVICE_TOKEN"
			return tx.UpdateAppInstanceUserEndpoint(endpoint)
		}
		done(t, e.Store.Update(t.Context(), inactive))
		same(t, &api.EndpointState{Status: "INACTIVE", StatusReason: "INVALID_DEVICE_TOKEN"}, describeEndpoint(t, e, "bob", id).EndpointState)
		ask(func(*api.RegisterAppInstanceUserEndpointRequest) {})
		same(t, active, describeEndpoint(t, e, "bob", id).EndpointState)
	})
	t.Run("another user, or another service, has an endpoint of its own for the device", func(t *testing.T) {
		ids := map[string]bool{id: true}
		ids[ask(func(in *api.RegisterAppInstanceUserEndpointRequest) { in.AppInstanceUserArn = e.ARN("carol") })] = true
		ids[ask(func(in *api.RegisterAppInstanceUserEndpointRequest) { in.ResourceArn += "x" })] = true
		same(t, 3, len(ids))
	})
	t.Run("the same token with the same request is answered alike, with another it is a conflict, and of another user it is another's", func(t *testing.T) {
		in := register(e.ARN("bob"), "watch", "token")
		first, err := e.Developer().RegisterAppInstanceUserEndpoint(*in)
		done(t, err)
		done(t, e.Developer().DeregisterAppInstanceUserEndpoint(api.DeregisterAppInstanceUserEndpointRequest{AppInstanceUserArn: e.ARN("bob"), EndpointId: first.EndpointId}))
		again, err := e.Developer().RegisterAppInstanceUserEndpoint(*in)
		done(t, err)
		same(t, first, again)
		in.Name = "changed"
		refused(t, second(e.Developer().RegisterAppInstanceUserEndpoint(*in)), api.Conflict)
		others, err := e.Developer().RegisterAppInstanceUserEndpoint(*register(e.ARN("carol"), "watch", "token"))
		done(t, err)
		if others.EndpointId == first.EndpointId {
			t.Error("two users have one endpoint")
		}
	})
}

func TestUpdateAppInstanceUserEndpoint(t *testing.T) {
	e := testenv.New(t)
	id := newEndpoint(e, "bob", "phone")
	want := describeEndpoint(t, e, "bob", id)
	for _, c := range []struct{ name, change, allow, wantName, wantAllow string }{
		{"name and messages are changed", "first", "NONE", "first", "NONE"},
		{"a name that is left out stays", "", "ALL", "first", "ALL"},
		{"messages that are left out stay", "second", "", "second", "ALL"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e.Advance(time.Second)
			out, err := e.Developer().UpdateAppInstanceUserEndpoint(api.UpdateAppInstanceUserEndpointRequest{
				AppInstanceUserArn: e.ARN("bob"), EndpointId: id, Name: c.change, AllowMessages: c.allow,
			})
			done(t, err)
			same(t, &api.UpdateAppInstanceUserEndpointResponse{AppInstanceUserArn: e.ARN("bob"), EndpointId: id}, out)
			want.Name, want.AllowMessages, want.LastUpdatedTimestamp = c.wantName, c.wantAllow, api.Time(e.Now())
			same(t, want, describeEndpoint(t, e, "bob", id))
		})
	}
}

func TestListAppInstanceUserEndpoints(t *testing.T) {
	e := testenv.New(t)
	list := func(in api.ListAppInstanceUserEndpointsRequest) *api.ListAppInstanceUserEndpointsResponse {
		t.Helper()
		in.AppInstanceUserArn = e.ARN("bob")
		out, err := e.Developer().ListAppInstanceUserEndpoints(in)
		done(t, err)
		return out
	}
	same(t, &api.ListAppInstanceUserEndpointsResponse{AppInstanceUserEndpoints: []api.AppInstanceUserEndpointSummary{}}, list(api.ListAppInstanceUserEndpointsRequest{}))
	var want []api.AppInstanceUserEndpointSummary
	for _, device := range []string{"phone", "tablet"} {
		newEndpoint(e, "carol", device)
		want = append(want, api.AppInstanceUserEndpointSummary{
			AppInstanceUserArn: e.ARN("bob"), EndpointId: newEndpoint(e, "bob", device), Type: "APNS", AllowMessages: "ALL",
			EndpointState: &api.EndpointState{Status: "ACTIVE"},
		})
	}
	t.Run("the endpoints of one user are listed in the order of their creation, page by page", func(t *testing.T) {
		same(t, want, list(api.ListAppInstanceUserEndpointsRequest{}).AppInstanceUserEndpoints)
		first := list(api.ListAppInstanceUserEndpointsRequest{MaxResults: 1})
		same(t, want[:1], first.AppInstanceUserEndpoints)
		same(t, &api.ListAppInstanceUserEndpointsResponse{AppInstanceUserEndpoints: want[1:]}, list(api.ListAppInstanceUserEndpointsRequest{MaxResults: 1, NextToken: first.NextToken}))
	})
	t.Run("an endpoint that is deregistered is gone, and so it stays when that is asked again", func(t *testing.T) {
		for range 2 {
			done(t, e.Developer().DeregisterAppInstanceUserEndpoint(api.DeregisterAppInstanceUserEndpointRequest{AppInstanceUserArn: e.ARN("bob"), EndpointId: want[0].EndpointId}))
			same(t, want[1:], list(api.ListAppInstanceUserEndpointsRequest{}).AppInstanceUserEndpoints)
		}
	})
}

// TestAppInstanceUserEndpointNames has the names that are those of no endpoint of the caller.
func TestAppInstanceUserEndpointNames(t *testing.T) {
	e := testenv.New(t)
	id := newEndpoint(e, "bob", "phone")
	bot := newBot(e, "Lex")
	dev := e.Developer()
	for operation, call := range map[string]func(user, id string) error{
		"RegisterAppInstanceUserEndpoint": func(user, _ string) error {
			return second(dev.RegisterAppInstanceUserEndpoint(*register(user, "phone", e.Token())))
		},
		"DescribeAppInstanceUserEndpoint": func(user, id string) error {
			return second(dev.DescribeAppInstanceUserEndpoint(api.DescribeAppInstanceUserEndpointRequest{AppInstanceUserArn: user, EndpointId: id}))
		},
		"UpdateAppInstanceUserEndpoint": func(user, id string) error {
			return second(dev.UpdateAppInstanceUserEndpoint(api.UpdateAppInstanceUserEndpointRequest{AppInstanceUserArn: user, EndpointId: id}))
		},
		"DeregisterAppInstanceUserEndpoint": func(user, id string) error {
			return dev.DeregisterAppInstanceUserEndpoint(api.DeregisterAppInstanceUserEndpointRequest{AppInstanceUserArn: user, EndpointId: id})
		},
		"ListAppInstanceUserEndpoints": func(user, _ string) error {
			return second(dev.ListAppInstanceUserEndpoints(api.ListAppInstanceUserEndpointsRequest{AppInstanceUserArn: user}))
		},
	} {
		for _, c := range []struct {
			what, user string
			want       api.Kind
		}{
			{"a user that does not exist", e.ARN("nobody"), api.Forbidden},
			{"a user of an app instance that does not exist", e.Instance + "x/user/bob", api.Forbidden},
			{"a user of another account", strings.Replace(e.ARN("bob"), testenv.Account, otherAccount, 1), api.Forbidden},
			{"a bot", bot, api.BadRequest},
			{"an app instance", e.Instance, api.BadRequest},
			{"no ARN at all", "bob", api.BadRequest},
		} {
			t.Run(operation+"/"+c.what, func(t *testing.T) { refused(t, call(c.user, id), c.want) })
		}
		if strings.HasPrefix(operation, "Describe") || strings.HasPrefix(operation, "Update") {
			t.Run(operation+"/an endpoint that does not exist, or is another's", func(t *testing.T) {
				refused(t, call(e.ARN("bob"), id+"x"), api.Forbidden)
				refused(t, call(e.ARN("carol"), id), api.Forbidden)
			})
		}
	}
}
