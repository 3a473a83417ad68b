package chat_test

import (
	"testing"
	"time"

	"carillon/api"
	"carillon/bus"
	"carillon/store"
	"carillon/testenv"
)

// expiring are settings under which something is deleted days after something.
func expiring(days int, criterion string) *api.ExpirationSettings {
	return &api.ExpirationSettings{ExpirationDays: days, ExpirationCriterion: criterion}
}

const (
	sinceCreation = api.ExpirationCriterionCreatedTimestamp
	sinceMessage  = api.ExpirationCriterionLastMessageTimestamp
)

func putUserExpiration(e *testenv.Env, user string, settings *api.ExpirationSettings) (*api.PutAppInstanceUserExpirationSettingsResponse, error) {
	return e.Developer().PutAppInstanceUserExpirationSettings(api.PutAppInstanceUserExpirationSettingsRequest{AppInstanceUserArn: e.ARN(user), ExpirationSettings: settings})
}

func putChannelExpiration(c *testenv.Client, channel string, settings *api.ExpirationSettings) (*api.PutChannelExpirationSettingsResponse, error) {
	return c.PutChannelExpirationSettings(api.PutChannelExpirationSettingsRequest{ChannelArn: channel, ExpirationSettings: settings})
}

func TestPutAppInstanceUserExpirationSettings(t *testing.T) {
	e := testenv.New(t)
	e.Events()
	want := describeUser(t, e, e.ARN("bob"))
	for _, c := range []struct {
		what     string
		settings *api.ExpirationSettings
	}{
		{"settings are set", expiring(30, sinceCreation)},
		{"settings replace others", expiring(5475, sinceCreation)},
		{"settings that are left out are none", nil},
	} {
		t.Run(c.what, func(t *testing.T) {
			e.Advance(time.Second)
			out, err := putUserExpiration(e, "bob", c.settings)
			done(t, err)
			same(t, &api.PutAppInstanceUserExpirationSettingsResponse{AppInstanceUserArn: e.ARN("bob"), ExpirationSettings: c.settings}, out)
			want.ExpirationSettings, want.LastUpdatedTimestamp = c.settings, api.Time(e.Now())
			same(t, want, describeUser(t, e, e.ARN("bob")))
		})
	}
	t.Run("a user has no last message to count from", func(t *testing.T) {
		refused(t, second(putUserExpiration(e, "bob", expiring(1, sinceMessage))), api.BadRequest)
		same(t, want, describeUser(t, e, e.ARN("bob")))
	})
	t.Run("a user that is not there is Forbidden", func(t *testing.T) {
		refused(t, second(putUserExpiration(e, "nobody", nil)), api.Forbidden)
	})
	t.Run("nothing is announced", func(t *testing.T) { announced(t, e) })
}

func TestPutChannelExpirationSettings(t *testing.T) {
	e := testenv.New(t)
	channel := e.Channel("alice", testenv.PrivateRestricted, "bob")
	e.Events()
	want := describeChannel(t, e.As("alice"), channel)
	for _, c := range []struct {
		what     string
		as       *testenv.Client
		settings *api.ExpirationSettings
	}{
		{"a moderator sets them", e.As("alice"), expiring(30, sinceMessage)},
		{"an admin replaces them", e.As("admin"), expiring(1, sinceCreation)},
		{"a caller without a bearer removes them", e.Developer(), nil},
		{"and sets them", e.Developer(), expiring(7, sinceMessage)},
	} {
		t.Run(c.what, func(t *testing.T) {
			e.Advance(time.Second)
			out, err := putChannelExpiration(c.as, channel, c.settings)
			done(t, err)
			same(t, &api.PutChannelExpirationSettingsResponse{ChannelArn: channel, ExpirationSettings: c.settings}, out)
			want.ExpirationSettings, want.LastUpdatedTimestamp = c.settings, api.Time(e.Now())
			same(t, want, describeChannel(t, e.As("alice"), channel))
		})
	}
	t.Run("a channel that is not there, or is another account's, is Forbidden without a bearer too", func(t *testing.T) {
		refused(t, second(putChannelExpiration(e.Developer(), channel+"x", nil)), api.Forbidden)
		refused(t, second(putChannelExpiration(e.Developer().InAccount(otherAccount), channel, nil)), api.Forbidden)
		refused(t, second(putChannelExpiration(e.Developer(), e.Instance, nil)), api.BadRequest)
		same(t, want, describeChannel(t, e.As("alice"), channel))
	})
	t.Run("a bearer that is nobody is not taken for none", func(t *testing.T) {
		refused(t, second(putChannelExpiration(e.WithBearer("x"), channel, nil)), api.Unauthorized)
	})
	t.Run("nobody is told but the stream", func(t *testing.T) {
		announced(t, e)
		e.Must(e.Developer().PutMessagingStreamingConfigurations(api.PutMessagingStreamingConfigurationsRequest{
			AppInstanceArn: e.Instance, StreamingConfigurations: []api.StreamingConfiguration{{DataType: "Channel", ResourceArn: stream("channels")}},
		}))
		e.Must(putChannelExpiration(e.As("alice"), channel, nil))
		announced(t, e)
		outbox := e.Outbox()
		if len(outbox) != 1 {
			t.Fatalf("%d deliveries", len(outbox))
		}
		now := describeChannel(t, e.As("alice"), channel)
		same(t, `{"EventType":"UPDATE_CHANNEL_EXPIRATION_SETTINGS","Payload":`+string(now.AppendJSON(nil, api.ISO8601))+`}`, outbox[0].Payload)
	})
}

func TestUserExpiration(t *testing.T) {
	e := testenv.New(t)
	channel := e.Channel("alice", testenv.PublicRestricted, "bob", "carol", "dave")
	e.Must(putUserExpiration(e, "bob", expiring(2, sinceCreation)))
	e.Must(putUserExpiration(e, "carol", expiring(2, sinceCreation)))
	e.Must(putUserExpiration(e, "dave", expiring(9, sinceCreation)))
	e.Events()
	t.Run("until then, and until a sweep comes by, a user is like any other, and its settings can change", func(t *testing.T) {
		e.Advance(2*day - time.Millisecond)
		swept(t, e)
		e.Advance(time.Hour)
		e.Must(trySend(e, "bob", channel, "still here"))
		e.Must(putUserExpiration(e, "carol", expiring(3, sinceCreation)))
		e.Events()
	})
	t.Run("then it is deleted, as if somebody had done it", func(t *testing.T) {
		bob := describeMember(t, e, channel, "bob")
		swept(t, e)
		refused(t, second(e.Developer().DescribeAppInstanceUser(api.DescribeAppInstanceUserRequest{AppInstanceUserArn: e.ARN("bob")})), api.Forbidden)
		refused(t, second(trySend(e, "bob", channel, "gone")), api.Unauthorized)
		announced(t, e, announcement{"DELETE_CHANNEL_MEMBERSHIP", channel, 6, bus.Audience{Members: true, Left: e.ARNs("bob")}, bob})
		describeUser(t, e, e.ARN("carol"))
		describeUser(t, e, e.ARN("dave"))
	})
	t.Run("settings that were changed in time count", func(t *testing.T) {
		e.Must(putUserExpiration(e, "dave", nil))
		e.Advance(100 * day)
		swept(t, e)
		refused(t, second(e.Developer().DescribeAppInstanceUser(api.DescribeAppInstanceUserRequest{AppInstanceUserArn: e.ARN("carol")})), api.Forbidden)
		describeUser(t, e, e.ARN("dave"))
	})
	t.Run("a user that is created with settings expires too", func(t *testing.T) {
		e.Must(e.Developer().CreateAppInstanceUser(api.CreateAppInstanceUserRequest{
			AppInstanceArn: e.Instance, AppInstanceUserId: "guest", Name: "Guest", ClientRequestToken: e.Token(), ExpirationSettings: expiring(1, sinceCreation),
		}))
		e.Advance(day)
		swept(t, e)
		refused(t, second(e.Developer().DescribeAppInstanceUser(api.DescribeAppInstanceUserRequest{AppInstanceUserArn: e.ARN("guest")})), api.Forbidden)
	})
}

// describeMember is a membership as the channel and its events show it.
func describeMember(t *testing.T, e *testenv.Env, channel, user string) *api.ChannelMembership {
	t.Helper()
	out, err := e.As("admin").DescribeChannelMembership(api.DescribeChannelMembershipRequest{ChannelArn: channel, MemberArn: e.ARN(user)})
	done(t, err)
	return out.ChannelMembership
}

func TestChannelExpiration(t *testing.T) {
	there := func(e *testenv.Env, channel string) bool {
		_, err := e.As("admin").DescribeChannel(api.DescribeChannelRequest{ChannelArn: channel})
		return err == nil
	}
	create := func(t *testing.T, e *testenv.Env, settings *api.ExpirationSettings) string {
		t.Helper()
		out, err := e.As("alice").CreateChannel(api.CreateChannelRequest{AppInstanceArn: e.Instance, Name: "n", ClientRequestToken: e.Token(), ExpirationSettings: settings})
		done(t, err)
		e.Events()
		return out.ChannelArn
	}
	t.Run("a channel is deleted its days after its creation, and its members are told", func(t *testing.T) {
		e := testenv.New(t)
		channel, other := create(t, e, expiring(2, sinceCreation)), create(t, e, nil)
		e.Advance(2*day - time.Millisecond)
		e.Must(trySend(e, "alice", channel, "a message does not put it off"))
		swept(t, e)
		if !there(e, channel) {
			t.Fatal("it is gone before its time")
		}
		want := describeChannel(t, e.As("alice"), channel)
		e.Advance(time.Millisecond)
		e.Events()
		swept(t, e)
		announced(t, e, announcement{"DELETE_CHANNEL", channel, 3, bus.Audience{Members: true}, want})
		if there(e, channel) || !there(e, other) {
			t.Error("it is still there, or the other is not")
		}
	})
	t.Run("where the last message counts, each of them puts it off, and without one the creation counts", func(t *testing.T) {
		e := testenv.New(t)
		spoken, silent := create(t, e, expiring(2, sinceMessage)), create(t, e, expiring(2, sinceMessage))
		for range 5 {
			e.Advance(2*day - time.Millisecond)
			e.Must(trySend(e, "alice", spoken, "again"))
			swept(t, e)
			if !there(e, spoken) {
				t.Fatal("it is gone before its time")
			}
		}
		if there(e, silent) {
			t.Error("the other is still there")
		}
		e.Advance(2 * day)
		swept(t, e)
		if there(e, spoken) {
			t.Error("it is still there")
		}
	})
	t.Run("a channel that is put off is not looked at again before it may expire", func(t *testing.T) {
		e := testenv.New(t)
		channel := create(t, e, expiring(2, sinceMessage))
		e.Advance(day)
		e.Must(trySend(e, "alice", channel, "again"))
		e.Advance(day)
		swept(t, e)
		at := func(d time.Duration) (n int) {
			done(t, e.Store.View(t.Context(), func(tx store.Tx) error {
				list, err := tx.ListExpiringChannels(e.Now().Add(d), 10)
				n = len(list)
				return err
			}))
			return n
		}
		same(t, 0, at(day-time.Millisecond))
		same(t, 1, at(day))
	})
	t.Run("settings that are changed or removed in time count", func(t *testing.T) {
		e := testenv.New(t)
		longer, never, late := create(t, e, expiring(1, sinceCreation)), create(t, e, expiring(1, sinceCreation)), create(t, e, nil)
		e.Advance(3 * day)
		e.Must(putChannelExpiration(e.As("alice"), longer, expiring(5, sinceCreation)))
		e.Must(putChannelExpiration(e.As("alice"), never, nil))
		swept(t, e)
		if !there(e, longer) || !there(e, never) || !there(e, late) {
			t.Fatal("one is gone before its time")
		}
		e.Must(putChannelExpiration(e.As("alice"), late, expiring(3, sinceCreation)))
		e.Advance(2 * day)
		swept(t, e)
		if there(e, longer) || !there(e, never) || there(e, late) {
			t.Error("one is there that should not be, or the other way round")
		}
	})
	t.Run("an elastic channel expires with its sub-channels, after the last message in one of them", func(t *testing.T) {
		e := testenv.New(t)
		channel := elasticChannel(t, e, 2, 5, 50)
		addAll(t, e, channel, "bob")
		e.Must(putChannelExpiration(e.As("alice"), channel, expiring(1, sinceMessage)))
		e.Advance(day - time.Millisecond)
		e.Must(trySend(e, "bob", channel, "hello", func(in *api.SendChannelMessageRequest) { in.SubChannelId = sitsIn(t, e, "bob") }))
		e.Advance(day - time.Millisecond)
		swept(t, e)
		if !there(e, channel) {
			t.Fatal("it is gone before its time")
		}
		e.Advance(time.Millisecond)
		swept(t, e)
		if there(e, channel) {
			t.Error("it is still there")
		}
	})
	t.Run("many expire in bounded steps", func(t *testing.T) {
		m := &mortal{lives: -1}
		e := testenv.New(t, testenv.WithSweepBatch(3), testenv.WithStore(m.wrap))
		for range 10 {
			create(t, e, expiring(1, sinceCreation))
		}
		e.Advance(day)
		swept(t, e)
		out, err := e.As("alice").ListChannels(api.ListChannelsRequest{AppInstanceArn: e.Instance})
		done(t, err)
		same(t, 0, len(out.Channels))
		if m.most > 5 {
			t.Errorf("one transaction removed %d records", m.most)
		}
	})
}
