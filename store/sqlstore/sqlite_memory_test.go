package sqlstore

import (
	"testing"
	"time"

	"carillon/arn"
	"carillon/store"
)

func TestSQLiteMemory(t *testing.T) {
	s := openTest(t)
	keys := store.NewKeys(1, time.Now)
	a := store.AppInstance{Key: keys.Next(), Account: "1", ID: "a"}
	u := store.Identity{Key: keys.Next(), Instance: a.Key, Kind: arn.User, ID: "u"}
	c := store.Channel{Key: keys.Next(), Instance: a.Key, ID: "c", CreatedBy: u.Key}
	m := store.ChannelMembership{Key: keys.Next(), Channel: c.Key, Member: u.Key}
	update := func(fns ...func(store.Tx) error) {
		t.Helper()
		err := s.Update(t.Context(), func(tx store.Tx) error {
			for _, fn := range fns {
				if err := fn(tx); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	update(
		func(tx store.Tx) error { return tx.CreateAppInstance(a) },
		func(tx store.Tx) error { return tx.CreateIdentity(u) },
		func(tx store.Tx) error { return tx.CreateChannel(c) },
		func(tx store.Tx) error { return tx.CreateChannelMemberships(c.Key, []store.ChannelMembership{m}) },
	)
	enter := func(tx store.Tx) (store.Entry, error) {
		return tx.EnterChannel(store.ChannelRef{Account: "1", Instance: "a", ID: "c"}, store.IdentityRef{Kind: arn.User, ID: "u"})
	}
	view := func(fn func(store.Tx) error) {
		t.Helper()
		if err := s.View(t.Context(), fn); err != nil {
			t.Fatal(err)
		}
	}
	learn := func() {
		t.Helper()
		view(func(tx store.Tx) error { _, err := enter(tx); return err })
	}
	e := s.engine.(*sqliteEngine)

	t.Run("an entry that is remembered needs no connection", func(t *testing.T) {
		learn()
		var taken []*sqliteConn
		for range e.opened {
			taken = append(taken, <-e.readers)
		}
		view(func(tx store.Tx) error {
			found, err := enter(tx)
			if err == nil && !found.Actor.Member() {
				t.Error("it is another one")
			}
			return err
		})
		for _, conn := range taken {
			e.readers <- conn
		}
	})
	t.Run("whoever was a member when the View began, and is none in its snapshot, is none", func(t *testing.T) {
		learn()
		runs, member := 0, false
		view(func(tx store.Tx) error {
			found, err := enter(tx)
			if err != nil {
				return err
			}
			if runs++; runs == 1 {
				update(
					func(tx store.Tx) error { return tx.DeleteChannelMembership(c.Key, u.Key) },
					func(tx store.Tx) error {
						return tx.AppendChannelMessages(&store.ChannelMessage{Stream: c.Key, Sender: u.Key, Content: "behind your back"})
					},
				)
			}
			member = found.Actor.Member()
			_, err = tx.ListChannelMessages(store.MessageRange{Stream: c.Key}, 10)
			return err
		})
		if runs != 2 || member {
			t.Errorf("%d runs, member: %v", runs, member)
		}
	})
	t.Run("what is read while a commit is under way is not remembered", func(t *testing.T) {
		name := entryName{channel: store.ChannelRef{ID: "x"}}
		began := e.memory.commits.Load()
		e.memory.begin(&entryChanges{})
		e.memory.entries.put(name, &remembered{}, began)
		e.memory.entries.put(name, &remembered{}, e.memory.commits.Load())
		e.memory.end()
		e.memory.entries.put(name, &remembered{}, began)
		if e.memory.entries.get(name) != nil {
			t.Error("it is")
		}
		e.memory.entries.put(name, &remembered{}, e.memory.commits.Load())
		if e.memory.entries.get(name) == nil {
			t.Error("what is read between two is not")
		}
	})
	t.Run("however many channels change, none is taken for unchanged", func(t *testing.T) {
		m := newSQLiteMemory()
		name := entryName{channel: store.ChannelRef{ID: "x"}}
		m.entries.put(name, &remembered{of: 1}, 0)
		m.begin(&entryChanges{channels: map[store.Key]bool{1: true}})
		m.end()
		for k := range store.Key(markedChannels + 10) {
			m.begin(&entryChanges{channels: map[store.Key]bool{k + 2: true}})
			m.end()
		}
		if m.entries.get(name) != nil {
			t.Error("it is")
		}
		if len(m.channels) > markedChannels {
			t.Errorf("%d channels are marked", len(m.channels))
		}
	})
	t.Run("pages take no more memory than they may", func(t *testing.T) {
		m := newSQLiteMemory()
		for i := range 100 {
			m.pages.put(pageName{limit: i}, &remembered{size: rememberedBytes / 20}, 0)
			m.pages.put(pageName{limit: i}, &remembered{size: rememberedBytes / 20}, 0)
		}
		m.pages.put(pageName{limit: -1}, &remembered{size: rememberedBytes / 4}, 0)
		if n := m.pages.by.Len(); n != 20 || m.pages.size != n*(rememberedBytes/20) || m.pages.get(pageName{limit: 99}) == nil {
			t.Errorf("%d pages of %d bytes", n, m.pages.size)
		}
	})
	t.Run("what one makes of a page is not what the next one gets", func(t *testing.T) {
		update(
			func(tx store.Tx) error {
				return tx.AppendChannelMessages(&store.ChannelMessage{Stream: c.Key, Sender: u.Key, Content: "one"})
			},
			func(tx store.Tx) error {
				return tx.AppendChannelMessages(&store.ChannelMessage{Stream: c.Key, Sender: u.Key, Content: "two"})
			},
		)
		for range 3 {
			view(func(tx store.Tx) error {
				list, err := tx.ListChannelMessages(store.MessageRange{Stream: c.Key}, 2)
				if err == nil && (len(list) != 2 || list[0].Content != "two" || list[1].Content != "one" || list[0].By.ID != "u") {
					t.Errorf("got %+v", list)
				}
				clear(list)
				return err
			})
		}
	})
}
