package chat_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"carillon/api"
	"carillon/testenv"
)

const day = 24 * time.Hour

// retention are settings that keep messages for some days; 0 keeps them for ever.
func retention(days int) *api.AppInstanceRetentionSettings {
	return &api.AppInstanceRetentionSettings{ChannelRetentionSettings: &api.ChannelRetentionSettings{RetentionDays: days}}
}

func putRetention(t *testing.T, e *testenv.Env, days int) *api.PutAppInstanceRetentionSettingsResponse {
	t.Helper()
	out, err := e.Developer().PutAppInstanceRetentionSettings(api.PutAppInstanceRetentionSettingsRequest{
		AppInstanceArn: e.Instance, AppInstanceRetentionSettings: retention(days),
	})
	done(t, err)
	return out
}

func TestAppInstanceRetentionSettings(t *testing.T) {
	e := testenv.New(t)
	e.Events()
	get := func() *api.GetAppInstanceRetentionSettingsResponse {
		t.Helper()
		out, err := e.Developer().GetAppInstanceRetentionSettings(api.GetAppInstanceRetentionSettingsRequest{AppInstanceArn: e.Instance})
		done(t, err)
		return out
	}
	never := &api.GetAppInstanceRetentionSettingsResponse{AppInstanceRetentionSettings: retention(0)}
	t.Run("without settings there are no days and there is no time of deletion", func(t *testing.T) { same(t, never, get()) })
	var begins api.Timestamp
	for _, c := range []struct {
		what  string
		days  int
		again bool // the time of deletion stays
	}{
		{"switching retention on begins a time of grace", 90, false},
		{"the same again does not", 90, true},
		{"less does", 7, false},
		{"more does", 30, false},
	} {
		t.Run(c.what, func(t *testing.T) {
			e.Advance(day)
			if !c.again {
				begins = api.Time(e.Now().Add(30 * day))
			}
			same(t, &api.PutAppInstanceRetentionSettingsResponse{AppInstanceRetentionSettings: retention(c.days), InitiateDeletionTimestamp: begins}, putRetention(t, e, c.days))
			same(t, &api.GetAppInstanceRetentionSettingsResponse{AppInstanceRetentionSettings: retention(c.days), InitiateDeletionTimestamp: begins}, get())
		})
	}
	t.Run("it is switched off by settings without days", func(t *testing.T) {
		same(t, &api.PutAppInstanceRetentionSettingsResponse{AppInstanceRetentionSettings: retention(0)}, putRetention(t, e, 0))
		same(t, never, get())
		putRetention(t, e, 7)
		e.Must(e.Developer().PutAppInstanceRetentionSettings(api.PutAppInstanceRetentionSettingsRequest{
			AppInstanceArn: e.Instance, AppInstanceRetentionSettings: &api.AppInstanceRetentionSettings{},
		}))
		same(t, never, get())
	})
	t.Run("an app instance that is not there is NotFound, a word that only the legacy model has", func(t *testing.T) {
		refused(t, second(e.Developer().PutAppInstanceRetentionSettings(api.PutAppInstanceRetentionSettingsRequest{AppInstanceArn: e.Instance + "x", AppInstanceRetentionSettings: retention(1)})), api.NotFound)
		refused(t, second(e.Developer().GetAppInstanceRetentionSettings(api.GetAppInstanceRetentionSettingsRequest{AppInstanceArn: e.Instance + "x"})), api.NotFound)
		refused(t, second(e.Developer().GetAppInstanceRetentionSettings(api.GetAppInstanceRetentionSettingsRequest{AppInstanceArn: e.ARN("bob")})), api.BadRequest)
	})
	t.Run("nothing is announced", func(t *testing.T) { announced(t, e) })
}

// diary is a channel, or a sub-channel, in which somebody writes one message a day.
type diary struct {
	e                           *testenv.Env
	writer, channel, subChannel string
	ids                         []string
}

func newDiary(t *testing.T, e *testenv.Env, days int) *diary {
	t.Helper()
	d := &diary{e: e, writer: "alice", channel: e.Channel("alice", testenv.PublicRestricted)}
	for range days {
		d.write(t)
	}
	e.Events()
	return d
}

// write sends the message of a day and ends the day.
func (d *diary) write(t *testing.T) {
	t.Helper()
	out, err := trySend(d.e, d.writer, d.channel, "dear diary", func(in *api.SendChannelMessageRequest) { in.SubChannelId = d.subChannel })
	done(t, err)
	d.ids = append(d.ids, out.MessageId)
	d.e.Advance(day)
}

// shown fails the test unless exactly the messages from the first-th on are there for everybody.
func (d *diary) shown(t *testing.T, first int) {
	t.Helper()
	as := d.e.As(d.writer)
	for _, order := range []string{"ASCENDING", "DESCENDING"} {
		var listed []string
		in := api.ListChannelMessagesRequest{ChannelArn: d.channel, SubChannelId: d.subChannel, SortOrder: order, MaxResults: 2}
		for more := true; more; more = in.NextToken != "" {
			out, err := as.ListChannelMessages(in)
			done(t, err)
			for _, m := range out.ChannelMessages {
				listed = append(listed, m.MessageId)
			}
			in.NextToken = out.NextToken
		}
		want := append([]string(nil), d.ids[first:]...)
		if order == "DESCENDING" {
			slices.Reverse(want)
		}
		same(t, want, listed)
	}
	for i, id := range d.ids {
		absent, forbidden := api.Kind(0), api.Kind(0)
		if i < first {
			absent, forbidden = api.NotFound, api.Forbidden
		}
		refused(t, second(as.GetChannelMessage(api.GetChannelMessageRequest{ChannelArn: d.channel, SubChannelId: d.subChannel, MessageId: id})), absent)
		refused(t, second(as.GetChannelMessageStatus(api.GetChannelMessageStatusRequest{ChannelArn: d.channel, SubChannelId: d.subChannel, MessageId: id})), forbidden)
		refused(t, second(as.UpdateChannelMessage(api.UpdateChannelMessageRequest{ChannelArn: d.channel, SubChannelId: d.subChannel, MessageId: id, Content: "edited"})), forbidden)
		if i < first {
			refused(t, second(as.RedactChannelMessage(api.RedactChannelMessageRequest{ChannelArn: d.channel, SubChannelId: d.subChannel, MessageId: id})), forbidden)
			refused(t, d.e.As("admin").DeleteChannelMessage(api.DeleteChannelMessageRequest{ChannelArn: d.channel, SubChannelId: d.subChannel, MessageId: id}), forbidden)
		}
	}
}

func TestRetention(t *testing.T) {
	t.Run("messages beyond it are hidden at once, and come back when it is extended or switched off", func(t *testing.T) {
		e := testenv.New(t)
		d := newDiary(t, e, 6)
		d.shown(t, 0)
		putRetention(t, e, 2)
		swept(t, e)
		d.shown(t, 4) // that of two days ago to the millisecond is the last one kept
		putRetention(t, e, 4)
		swept(t, e)
		d.shown(t, 2)
		putRetention(t, e, 0)
		swept(t, e)
		d.shown(t, 0)
	})
	t.Run("from the end of the grace on they are deleted for good, and from then on those that come to be beyond it too", func(t *testing.T) {
		e := testenv.New(t)
		d := newDiary(t, e, 3)
		putRetention(t, e, 31)
		for range 30 {
			d.write(t)
		}
		e.Advance(-time.Millisecond)
		swept(t, e)
		putRetention(t, e, 0)
		d.shown(t, 0) // nothing was deleted in the last millisecond of the grace

		putRetention(t, e, 31)
		e.Advance(30 * day)
		swept(t, e)
		putRetention(t, e, 0)
		d.shown(t, 32) // the last of 33 is a millisecond less than 31 days old
	})
	t.Run("it goes for every channel of the app instance, also for sub-channels, and for no other", func(t *testing.T) {
		e := testenv.New(t)
		diaries := []*diary{newDiary(t, e, 1), newDiary(t, e, 1)}
		elastic := elasticChannel(t, e, 2, 5, 50)
		addAll(t, e, elastic, "bob")
		inside := &diary{e: e, writer: "bob", channel: elastic, subChannel: sitsIn(t, e, "bob")}
		inside.write(t)
		diaries = append(diaries, inside)
		neighbour := e.AddUser(e.NewInstance("neighbour"), "alice")
		out, err := e.As(neighbour).CreateChannel(api.CreateChannelRequest{AppInstanceArn: strings.TrimSuffix(neighbour, "/user/alice"), Name: "n", ClientRequestToken: e.Token()})
		done(t, err)
		outside := &diary{e: e, writer: neighbour, channel: out.ChannelArn}
		outside.write(t)

		putRetention(t, e, 1)
		for _, d := range diaries {
			d.shown(t, 1)
		}
		e.Advance(30 * day)
		swept(t, e)
		putRetention(t, e, 0)
		for _, d := range diaries {
			d.shown(t, 1)
		}
		outside.shown(t, 0)
		late := newDiary(t, e, 1)
		e.Advance(40 * day)
		swept(t, e)
		late.shown(t, 0)
	})
	t.Run("nothing is announced", func(t *testing.T) {
		e := testenv.New(t)
		newDiary(t, e, 3)
		putRetention(t, e, 1)
		e.Advance(40 * day)
		swept(t, e)
		announced(t, e)
	})
	t.Run("it is done in bounded steps, whatever there is", func(t *testing.T) {
		e := testenv.New(t, testenv.WithSweepBatch(3))
		first, second := newDiary(t, e, 8), newDiary(t, e, 5)
		putRetention(t, e, 1)
		e.Advance(40 * day)
		m := &mortal{lives: -1}
		e.Restart(testenv.WithStore(m.wrap))
		swept(t, e)
		putRetention(t, e, 0)
		first.shown(t, 8)
		second.shown(t, 5)
		same(t, 3, m.most)
	})
}
