package chat_test

import (
	"fmt"
	"strings"
	"testing"

	"carillon/api"
	"carillon/testenv"
)

func TestTags(t *testing.T) {
	e := testenv.New(t)
	channel, flow := e.Channel("alice", testenv.PrivateRestricted), newFlow(e, api.FallbackActionAbort)
	e.Events()
	dev := e.Developer()
	for what, resource := range map[string]string{"an app instance": e.Instance, "a user": e.ARN("bob"), "a bot": newBot(e, "Lex"), "a channel": channel, "a channel flow": flow} {
		t.Run(what+" begins without any", func(t *testing.T) {
			out, err := dev.ListTagsForResource(api.ListTagsForResourceRequest{ResourceARN: resource})
			done(t, err)
			same(t, &api.ListTagsForResourceResponse{Tags: []api.Tag{}}, out)
		})
		t.Run(what+" has the tags that are set on it, in the order of their keys", func(t *testing.T) {
			done(t, dev.TagResource(api.TagResourceRequest{ResourceARN: resource, Tags: []api.Tag{
				{Key: "team", Value: "red"}, {Key: "Team", Value: "blue"}, {Key: "é", Value: what},
			}}))
			done(t, dev.TagResource(api.TagResourceRequest{ResourceARN: resource, Tags: []api.Tag{{Key: "cost", Value: "7"}}}))
			same(t, []api.Tag{{Key: "Team", Value: "blue"}, {Key: "cost", Value: "7"}, {Key: "team", Value: "red"}, {Key: "é", Value: what}},
				tagsOf(t, e, resource))
		})
		t.Run(what+" takes a new value over the old one", func(t *testing.T) {
			done(t, dev.TagResource(api.TagResourceRequest{ResourceARN: resource, Tags: []api.Tag{{Key: "team", Value: "green"}}}))
			done(t, dev.UntagResource(api.UntagResourceRequest{ResourceARN: resource, TagKeys: []string{"Team", "é", "never set"}}))
			same(t, []api.Tag{{Key: "cost", Value: "7"}, {Key: "team", Value: "green"}}, tagsOf(t, e, resource))
		})
	}
	t.Run("nothing is announced", func(t *testing.T) { announced(t, e) })
}

func TestTagLimits(t *testing.T) {
	e := testenv.New(t)
	set := func(tags ...api.Tag) error {
		return e.Developer().TagResource(api.TagResourceRequest{ResourceARN: e.Instance, Tags: tags})
	}
	var fifty []api.Tag
	for i := range 50 {
		fifty = append(fifty, api.Tag{Key: fmt.Sprintf("key-%02d", i), Value: "v"})
	}
	for name, c := range map[string]struct {
		tags []api.Tag
		want string
	}{
		"a key that AWS keeps for itself is refused": {[]api.Tag{{Key: "aws:cloud", Value: "v"}},
			"1 validation error detected: Value at 'Tags' failed to satisfy constraint: Member must not have a key that begins with aws:"},
		"so it is in other letters": {[]api.Tag{{Key: "AwS:cloud", Value: "v"}},
			"1 validation error detected: Value at 'Tags' failed to satisfy constraint: Member must not have a key that begins with aws:"},
		"a key that is given twice is refused": {[]api.Tag{{Key: "a", Value: "v"}, {Key: "b", Value: "v"}, {Key: "a", Value: "w"}},
			"1 validation error detected: Value at 'Tags' failed to satisfy constraint: Member must not have the same key twice"},
	} {
		t.Run(name, func(t *testing.T) {
			same(t, error(&api.Error{Kind: api.BadRequest, Message: c.want}), set(c.tags...))
			refused(t, second(e.Developer().CreateAppInstance(api.CreateAppInstanceRequest{Name: "x", ClientRequestToken: e.Token(), Tags: c.tags})), api.BadRequest)
			refused(t, second(e.Developer().CreateAppInstanceUser(api.CreateAppInstanceUserRequest{AppInstanceArn: e.Instance, AppInstanceUserId: "ivan", Name: "x", ClientRequestToken: e.Token(), Tags: c.tags})), api.BadRequest)
			refused(t, second(e.As("alice").CreateChannel(api.CreateChannelRequest{AppInstanceArn: e.Instance, Name: "x", ClientRequestToken: e.Token(), Tags: c.tags})), api.BadRequest)
			same(t, []api.Tag{}, tagsOf(t, e, e.Instance))
		})
	}
	t.Run("a resource has room for fifty", func(t *testing.T) {
		done(t, set(fifty...))
		same(t, fifty, tagsOf(t, e, e.Instance))
	})
	t.Run("the fifty-first is refused, and nothing of that request is kept", func(t *testing.T) {
		err := set(api.Tag{Key: "key-00", Value: "changed"}, api.Tag{Key: "one too many", Value: "v"})
		same(t, error(api.Errorf(api.ResourceLimitExceeded, "A resource can have at most 50 tags.")), err)
		same(t, fifty, tagsOf(t, e, e.Instance))
	})
	t.Run("those that are there may still change, and where one is removed there is room again", func(t *testing.T) {
		done(t, set(api.Tag{Key: "key-00", Value: "changed"}))
		done(t, e.Developer().UntagResource(api.UntagResourceRequest{ResourceARN: e.Instance, TagKeys: []string{"key-01"}}))
		done(t, set(api.Tag{Key: "new", Value: "v"}))
		if got := tagsOf(t, e, e.Instance); len(got) != 50 || got[0].Value != "changed" {
			t.Errorf("%d tags, the first %+v", len(got), got[0])
		}
	})
}

func TestTagsOfNothing(t *testing.T) {
	e := testenv.New(t)
	channel := e.Channel("alice", testenv.PublicRestricted)
	done(t, e.As("alice").DeleteChannel(api.DeleteChannelRequest{ChannelArn: channel}))
	done(t, e.Developer().DeleteAppInstanceUser(api.DeleteAppInstanceUserRequest{AppInstanceUserArn: e.ARN("heidi")}))
	for _, c := range []struct {
		what, resource string
		want           api.Kind
	}{
		{"an app instance that does not exist", e.Instance + "x", api.NotFound},
		{"an app instance of another account", strings.Replace(e.Instance, testenv.Account, otherAccount, 1), api.NotFound},
		{"an app instance of another region", strings.Replace(e.Instance, testenv.Region, "eu-central-1", 1), api.NotFound},
		{"a user that does not exist", e.ARN("nobody"), api.NotFound},
		{"a user of an app instance that does not exist", e.Instance + "x/user/alice", api.NotFound},
		{"a deleted user", e.ARN("heidi"), api.NotFound},
		{"a user as a bot", e.Instance + "/bot/alice", api.NotFound},
		{"a deleted channel", channel, api.NotFound},
		{"a channel that does not exist", e.Instance + "/channel/none", api.NotFound},
		{"a channel flow that does not exist", e.Instance + "/channel-flow/none", api.NotFound},
		{"the resource of another service", "arn:aws:s3:us-east-1:123456789012:bucket", api.BadRequest},
		{"no ARN at all", "alice", api.BadRequest},
	} {
		t.Run(c.what+" cannot be tagged, untagged or asked for its tags", func(t *testing.T) {
			refused(t, e.Developer().TagResource(api.TagResourceRequest{ResourceARN: c.resource, Tags: []api.Tag{{Key: "k", Value: "v"}}}), c.want)
			refused(t, e.Developer().UntagResource(api.UntagResourceRequest{ResourceARN: c.resource, TagKeys: []string{"k"}}), c.want)
			refused(t, second(e.Developer().ListTagsForResource(api.ListTagsForResourceRequest{ResourceARN: c.resource})), c.want)
		})
	}
}

func tagsOf(t *testing.T, e *testenv.Env, resource string) []api.Tag {
	t.Helper()
	out, err := e.Developer().ListTagsForResource(api.ListTagsForResourceRequest{ResourceARN: resource})
	done(t, err)
	return out.Tags
}
