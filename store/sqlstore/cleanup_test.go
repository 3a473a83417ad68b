package sqlstore

import (
	"errors"
	"maps"
	"strconv"
	"testing"
	"time"

	"carillon/arn"
	"carillon/store"
)

// rows counts what is in every table, seen or not.
func rows(t *testing.T, s *Store) map[string]int {
	t.Helper()
	e := s.engine.(*sqliteEngine)
	conn := <-e.readers
	defer func() { e.readers <- conn }()
	read := func(text string, each func(name string, n int)) {
		stmt, _, err := conn.conn.PrepareTransient(text)
		if err != nil {
			t.Fatal(err)
		}
		defer stmt.Finalize()
		for {
			more, err := stmt.Step()
			if err != nil {
				t.Fatal(err)
			}
			if !more {
				return
			}
			each(stmt.ColumnText(0), stmt.ColumnInt(1))
		}
	}
	var tables []string
	read(`SELECT name, 0 FROM sqlite_master WHERE type = 'table'`, func(name string, _ int) { tables = append(tables, name) })
	counts := map[string]int{}
	for _, table := range tables {
		read(`SELECT '`+table+`', count(*) FROM `+table, func(name string, n int) { counts[name] = n })
	}
	return counts
}

// settle makes an app instance with something in every table that belongs to one. It returns the keys
// of the app instance, of a user and of a flow.
func settle(t *testing.T, s *Store, keys *store.Keys) (instance, user, flow store.Key) {
	t.Helper()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	instance, flow = keys.Next(), keys.Next()
	users := keys.Take(5)
	err := s.Update(t.Context(), func(tx store.Tx) error {
		var errs errorList
		errs.add(tx.CreateAppInstance(store.AppInstance{Key: instance, Account: "a", ID: id(instance), Created: at}))
		for i, user := range users {
			kind := arn.User
			if i == 0 {
				kind = arn.Bot
				errs.add(tx.SetBotConfiguration(user, "{}"))
			}
			errs.add(tx.CreateIdentity(store.Identity{Key: user, Instance: instance, Kind: kind, ID: id(user), Created: at}))
			errs.add(tx.CreateAppInstanceAdmin(store.AppInstanceAdmin{Key: keys.Next(), Instance: instance, Identity: user}))
			errs.add(tx.CreateAppInstanceUserEndpoint(store.AppInstanceUserEndpoint{Key: keys.Next(), User: user, ID: "e"}))
			errs.add(tx.PutTags(user, []store.Tag{{Key: "a"}, {Key: "b"}}))
		}
		for _, f := range []store.Key{flow, keys.Next()} {
			errs.add(tx.CreateChannelFlow(store.ChannelFlow{Key: f, Instance: instance, ID: id(f)}))
			errs.add(tx.PutTags(f, []store.Tag{{Key: "a"}, {Key: "b"}}))
		}
		errs.add(tx.PutTags(instance, []store.Tag{{Key: "a"}, {Key: "b"}}))
		for _, channel := range keys.Take(4) {
			errs.add(tx.CreateChannel(store.Channel{Key: channel, Instance: instance, ID: id(channel), Created: at}))
			sub := store.SubChannel{Key: keys.Next(), Channel: channel, Instance: instance, ID: "sub", Created: at}
			errs.add(tx.CreateSubChannel(sub))
			errs.add(tx.AddSeats(channel, sub.Key, users))
			errs.add(tx.PutTags(channel, []store.Tag{{Key: "a"}, {Key: "b"}}))
			errs.add(tx.CreateFlowInvocation(store.FlowInvocation{Channel: channel, Callback: "c", Flow: flow, Invoked: at}))
			for _, user := range users {
				errs.add(tx.CreateChannelModerators(channel, []store.ChannelModerator{{Key: keys.Next(), Moderator: user}}))
				errs.add(tx.CreateChannelBan(store.ChannelBan{Key: keys.Next(), Channel: channel, Member: user}))
				for _, stream := range []store.Key{channel, sub.Key} {
					errs.add(tx.CreateChannelMemberships(stream, []store.ChannelMembership{{Key: keys.Next(), Member: user}}))
					errs.add(tx.AppendChannelMessages(&store.ChannelMessage{Stream: stream, Sender: user, Created: at}))
				}
			}
		}
		return errs.first
	})
	if err != nil {
		t.Fatal(err)
	}
	return instance, users[4], flow
}

func id(k store.Key) string { return strconv.FormatInt(int64(k), 36) }

type errorList struct{ first error }

func (e *errorList) add(err error) {
	if e.first == nil {
		e.first = err
	}
}

// cleanUpAll does all cleanups in their order, a few records at a time.
func cleanUpAll(t *testing.T, s *Store) {
	t.Helper()
	const limit = 3
	for range 10_000 {
		worked := false
		err := s.Update(t.Context(), func(tx store.Tx) error {
			for kind := store.IdentityCleanup; kind <= store.AppInstanceCleanup; kind++ {
				list, err := tx.ListCleanups(kind, time.Now(), 1)
				if err != nil {
					return err
				}
				if len(list) == 0 {
					continue
				}
				worked = true
				leavings, err := tx.ListLeavings(list[0], limit)
				for _, l := range leavings {
					if err == nil {
						err = tx.EndLeaving(l)
					}
				}
				if err == nil && len(leavings) == 0 {
					_, err = tx.CleanUp(kind, list[0], limit)
				}
				return err
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if !worked {
			return
		}
	}
	t.Fatal("it never ends")
}

func TestCleanUpLeavesNoRow(t *testing.T) {
	s := openTest(t)
	keys := store.NewKeys(1, time.Now)
	settle(t, s, keys)
	before := rows(t, s)
	instance, user, flow := settle(t, s, keys)
	both := rows(t, s)
	for _, table := range []string{
		"app_instance", "app_instance_admin", "app_instance_bot", "app_instance_user_endpoint", "identity", "channel", "channel_membership",
		"member_channel", "channel_moderator", "moderator_channel", "channel_ban", "channel_message", "sub_channel_member", "tag",
		"channel_flow", "flow_invocation",
	} {
		if both[table] != 2*before[table] || before[table] == 0 {
			t.Fatalf("%s has %d rows, and had %d", table, both[table], before[table])
		}
	}
	t.Run("of a user and a flow but their own, which others refer to", func(t *testing.T) {
		err := s.Update(t.Context(), func(tx store.Tx) error {
			return errors.Join(tx.DeleteIdentity(user), tx.DeleteChannelFlow(flow))
		})
		if err != nil {
			t.Fatal(err)
		}
		cleanUpAll(t, s)
		after := rows(t, s)
		for _, table := range []string{"identity", "channel_flow", "channel_message", "flow_invocation"} {
			if after[table] != both[table] {
				t.Errorf("%s has %d rows, and had %d", table, after[table], both[table])
			}
		}
		// A promotion, an endpoint, two tags of the user and two of the flow; in each of four channels a
		// ban, two rows of a role, and two of a membership in the channel and in the sub-channel.
		if less := total(both) - total(after); less != 6+4*(1+2+2*2) {
			t.Errorf("%d rows are gone: %v of %v are left", less, after, both)
		}
	})
	t.Run("of an app instance", func(t *testing.T) {
		if err := s.Update(t.Context(), func(tx store.Tx) error { return tx.DeleteAppInstance(instance) }); err != nil {
			t.Fatal(err)
		}
		cleanUpAll(t, s)
		if after := rows(t, s); !maps.Equal(before, after) {
			t.Errorf("rows are %v, want %v", after, before)
		}
	})
}

func total(counts map[string]int) (n int) {
	for _, count := range counts {
		n += count
	}
	return n
}
