package storetest

import (
	"testing"

	"carillon/arn"
	"carillon/store"
)

func testAppInstanceAdmins(t *testing.T, w *world) {
	a := w.instance(t)

	t.Run("an admin is found as it was created", func(t *testing.T) {
		u := w.user(t, a.Key)
		admin := w.admin(t, a.Key, u.Key)
		expect(t, w, admin, func(tx store.Tx) (store.AppInstanceAdmin, error) { return tx.AppInstanceAdmin(a.Key, u.Key) })
	})
	t.Run("a bot can be an admin", func(t *testing.T) {
		bot := w.identities(t, a.Key, arn.Bot, 1)[0]
		admin := w.admin(t, a.Key, bot.Key)
		expect(t, w, admin, func(tx store.Tx) (store.AppInstanceAdmin, error) { return tx.AppInstanceAdmin(a.Key, bot.Key) })
	})
	t.Run("nobody is an admin by chance", func(t *testing.T) {
		u, b := w.user(t, a.Key), w.instance(t)
		w.absent(t, func(tx store.Tx) error { return ignore(tx.AppInstanceAdmin(a.Key, u.Key)) })
		w.admin(t, a.Key, u.Key)
		w.absent(t, func(tx store.Tx) error { return ignore(tx.AppInstanceAdmin(b.Key, u.Key)) })
	})
	t.Run("an admin cannot be promoted again", func(t *testing.T) {
		u := w.user(t, a.Key)
		first := w.admin(t, a.Key, u.Key)
		second := first
		second.Key = w.keys.Next()
		w.refused(t, store.ErrExists, func(tx store.Tx) error { return tx.CreateAppInstanceAdmin(second) })
		expect(t, w, first, func(tx store.Tx) (store.AppInstanceAdmin, error) { return tx.AppInstanceAdmin(a.Key, u.Key) })
	})
	t.Run("an admin that is demoted is none any more and can be promoted again", func(t *testing.T) {
		u := w.user(t, a.Key)
		w.admin(t, a.Key, u.Key)
		w.must(t, func(tx store.Tx) error { return tx.DeleteAppInstanceAdmin(a.Key, u.Key) })
		w.absent(t, func(tx store.Tx) error { return ignore(tx.AppInstanceAdmin(a.Key, u.Key)) })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.DeleteAppInstanceAdmin(a.Key, u.Key) })
		again := w.admin(t, a.Key, u.Key)
		expect(t, w, again, func(tx store.Tx) (store.AppInstanceAdmin, error) { return tx.AppInstanceAdmin(a.Key, u.Key) })
	})
	t.Run("the admins are counted up to a limit", func(t *testing.T) {
		a := w.instance(t)
		users := w.identities(t, a.Key, arn.User, 4)
		for _, u := range users[:3] {
			w.admin(t, a.Key, u.Key)
		}
		expectCounts(t, w, 3, func(tx store.Tx, limit int) (int, error) { return tx.CountAppInstanceAdmins(a.Key, limit) })
	})
	t.Run("list", func(t *testing.T) {
		a, elsewhere := w.instance(t), w.instance(t)
		users := w.identities(t, a.Key, arn.User, 8)
		listing[store.ListedAdmin]{
			list: func(tx store.Tx, after store.Key, limit int) ([]store.ListedAdmin, error) {
				return tx.ListAppInstanceAdmins(a.Key, after, limit)
			},
			key: func(l store.ListedAdmin) store.Key { return l.Key },
			add: func(t *testing.T) store.ListedAdmin {
				w.admin(t, elsewhere.Key, w.user(t, elsewhere.Key).Key)
				who := users[len(users)-1] // the order is not that of the identities
				users = users[:len(users)-1]
				return store.ListedAdmin{AppInstanceAdmin: w.admin(t, a.Key, who.Key), Who: who}
			},
			remove: func(t *testing.T, l store.ListedAdmin) {
				w.must(t, func(tx store.Tx) error { return tx.DeleteAppInstanceAdmin(a.Key, l.Identity) })
			},
		}.test(t, w)
	})
}
