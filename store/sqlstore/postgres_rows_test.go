package sqlstore

import (
	"errors"
	"testing"

	"carillon/store"
)

func TestRowsText(t *testing.T) {
	const two = "unnest($1, $2) WITH ORDINALITY given (p1, p2, n)"
	for _, test := range []struct{ text, want string }{
		{"SELECT a FROM b WHERE c = $1 AND d = $2", "SELECT found.*, given.n FROM " + two + " CROSS JOIN LATERAL (SELECT a FROM b WHERE c = given.p1 AND d = given.p2 OFFSET 0) found"},
		{"INSERT INTO a (b, c) VALUES ($1, coalesce($2, (SELECT 1))) ON CONFLICT DO NOTHING", "INSERT INTO a (b, c) SELECT given.p1, coalesce(given.p2, (SELECT 1)) FROM " + two + " ON CONFLICT DO NOTHING"},
		{"UPDATE a SET b = $1\n\t\tWHERE c = $2", "UPDATE a SET b = given.p1 FROM " + two + "\n\t\tWHERE c = given.p2"},
		{
			"UPDATE a SET b = $1 WHERE EXISTS (SELECT (c) FROM d WHERE e = $2) AND EXISTS (SELECT 1)",
			"UPDATE a SET b = given.p1 FROM " + two + " WHERE EXISTS (SELECT (c) FROM d WHERE e = given.p2 OFFSET 0) AND EXISTS (SELECT 1 OFFSET 0)",
		},
		{"UPDATE a SET b = (SELECT 1 FROM c WHERE d = $1) WHERE e = $2", ""},
		{"DELETE FROM a WHERE b = $1 AND c = $2", ""},
		{"SELECT 1", ""},
	} {
		s := &statement{text: test.text}
		if test.text != "SELECT 1" {
			s.params = 2
		}
		if got := rowsText(s); got != test.want {
			t.Errorf("of %q it is\n%s\nwant\n%s", test.text, got, test.want)
		}
	}
}

func TestPostgresRows(t *testing.T) {
	c := newScene(t, newPostgres(t), 3)
	tags := func(t *testing.T) map[string]string {
		found := make(map[string]string)
		err := c.View(t.Context(), func(tx store.Tx) error {
			list, err := tx.Tags(c.channel.Key)
			for _, tag := range list {
				found[tag.Key] = tag.Value
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	// update runs fn in a transaction that has read, so that its writes are answered before they are done.
	update := func(t *testing.T, fn func(store.Tx) error) error {
		return c.Update(t.Context(), func(tx store.Tx) error {
			if _, err := c.enter(tx); err != nil {
				return err
			}
			return fn(tx)
		})
	}
	t.Run("rows that are about one record are written in their order", func(t *testing.T) {
		err := update(t, func(tx store.Tx) error {
			return tx.PutTags(c.channel.Key, []store.Tag{{Key: "a", Value: "first"}, {Key: "b", Value: "\x00"}, {Key: "a", Value: "last"}})
		})
		if err != nil {
			t.Fatal(err)
		}
		if found := tags(t); len(found) != 2 || found["a"] != "last" || found["b"] != "\x00" {
			t.Errorf("found %v", found)
		}
	})
	t.Run("of records of which one is there, none is made", func(t *testing.T) {
		members := c.memberships(c.users) // the first is a member
		err := update(t, func(tx store.Tx) error { return tx.CreateChannelMemberships(c.channel.Key, members) })
		if !errors.Is(err, store.ErrExists) {
			t.Errorf("Update answers %v", err)
		}
		err = c.View(t.Context(), func(tx store.Tx) error {
			list, err := tx.ListChannelMemberships(c.channel.Key, false, 0, 10)
			if len(list) != 1 {
				t.Errorf("%d are members", len(list))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
	t.Run("what is read tells which of those asked for it is of", func(t *testing.T) {
		refs := []store.IdentityRef{refsOf(c.users[2])[0], {Kind: c.users[0].Kind, ID: "nobody"}, refsOf(c.users[0])[0], refsOf(c.users[2])[0]}
		err := c.View(t.Context(), func(tx store.Tx) error {
			found, err := tx.Standings(c.instance.Key, c.channel.Key, refs)
			if err != nil {
				return err
			}
			for i, want := range []store.Key{c.users[2].Key, 0, c.users[0].Key, c.users[2].Key} {
				if found[i].Key != want {
					t.Errorf("place %d is of %d, want %d", i, found[i].Key, want)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
