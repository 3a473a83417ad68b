package sqlstore

import (
	"testing"

	"carillon/store"
)

func TestPostgresAhead(t *testing.T) {
	c := newScene(t, newPostgres(t), 3)
	t.Run("of two calls told ahead, both are answered", func(t *testing.T) {
		all, last := refsOf(c.users...), refsOf(c.users[2])
		err := c.View(t.Context(), func(tx store.Tx) error {
			if _, err := c.enter(tx, store.Ahead{Standings: all}, store.Ahead{Standings: last}); err != nil {
				return err
			}
			for _, refs := range [][]store.IdentityRef{all, last} {
				found, err := tx.Standings(c.instance.Key, c.channel.Key, refs)
				if err != nil {
					return err
				}
				for i, who := range found {
					if who.ID != refs[i].ID {
						t.Errorf("%q stands in place of %q", who.ID, refs[i].ID)
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
