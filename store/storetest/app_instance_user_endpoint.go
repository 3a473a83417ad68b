package storetest

import (
	"fmt"
	"testing"

	"carillon/store"
)

func (w *world) newEndpoint(user store.Key) store.AppInstanceUserEndpoint {
	k := w.keys.Next()
	e := store.AppInstanceUserEndpoint{
		Key: k, User: user, ID: fmt.Sprintf("endpoint-%d", k), Name: fmt.Sprintf("Endpoint %d", k), Type: "APNS",
		ResourceARN: fmt.Sprintf("arn:%d", k), DeviceToken: fmt.Sprintf("device\x00%d", k), VoipDeviceToken: fmt.Sprintf("voip %d", k),
		Muted: k%2 == 0, Inactive: k%3 == 0, StateReason: fmt.Sprintf("reason %d", k), Created: after(k), Updated: after(k + 1),
	}
	copy(e.Device[:], fmt.Sprintf("%016x", k))
	return e
}

func (w *world) endpoint(t *testing.T, user store.Key) store.AppInstanceUserEndpoint {
	t.Helper()
	e := w.newEndpoint(user)
	w.must(t, func(tx store.Tx) error { return tx.CreateAppInstanceUserEndpoint(e) })
	return e
}

func testAppInstanceUserEndpoints(t *testing.T, w *world) {
	a := w.instance(t)
	user, other := w.user(t, a.Key), w.user(t, a.Key)
	byID := func(user store.Key, id string) func(store.Tx) (store.AppInstanceUserEndpoint, error) {
		return func(tx store.Tx) (store.AppInstanceUserEndpoint, error) { return tx.AppInstanceUserEndpoint(user, id) }
	}
	byDevice := func(user store.Key, device [16]byte) func(store.Tx) (store.AppInstanceUserEndpoint, error) {
		return func(tx store.Tx) (store.AppInstanceUserEndpoint, error) { return tx.EndpointOfDevice(user, device) }
	}

	t.Run("an endpoint is found as it was created, by its id and by its device", func(t *testing.T) {
		e := w.endpoint(t, user.Key)
		expect(t, w, e, byID(user.Key, e.ID))
		expect(t, w, e, byDevice(user.Key, e.Device))
	})
	t.Run("an endpoint is that of one user", func(t *testing.T) {
		e := w.endpoint(t, user.Key)
		w.absent(t, func(tx store.Tx) error { return ignore(byID(other.Key, e.ID)(tx)) })
		w.absent(t, func(tx store.Tx) error { return ignore(byDevice(other.Key, e.Device)(tx)) })
		w.absent(t, func(tx store.Tx) error { return ignore(byID(user.Key, e.ID+"x")(tx)) })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.DeleteAppInstanceUserEndpoint(other.Key, e.ID) })
		expect(t, w, e, byID(user.Key, e.ID))
	})
	t.Run("an id and a device are taken once by a user, and may be another's too", func(t *testing.T) {
		e := w.endpoint(t, user.Key)
		sameID, sameDevice, others := w.newEndpoint(user.Key), w.newEndpoint(user.Key), w.newEndpoint(other.Key)
		sameID.ID, others.ID = e.ID, e.ID
		sameDevice.Device, others.Device = e.Device, e.Device
		for _, same := range []store.AppInstanceUserEndpoint{sameID, sameDevice} {
			w.refused(t, store.ErrExists, func(tx store.Tx) error { return tx.CreateAppInstanceUserEndpoint(same) })
		}
		w.must(t, func(tx store.Tx) error { return tx.CreateAppInstanceUserEndpoint(others) })
		expect(t, w, e, byID(user.Key, e.ID))
		expect(t, w, others, byID(other.Key, e.ID))
	})
	t.Run("an update changes all but what tells endpoints apart", func(t *testing.T) {
		e, untouched := w.endpoint(t, user.Key), w.endpoint(t, user.Key)
		change := w.newEndpoint(user.Key)
		change.ID, change.Type = e.ID, "GCM"
		change.Muted, change.Inactive = !e.Muted, !e.Inactive
		w.must(t, func(tx store.Tx) error { return tx.UpdateAppInstanceUserEndpoint(change) })
		want := change
		want.Key, want.ResourceARN, want.DeviceToken, want.Device, want.Created = e.Key, e.ResourceARN, e.DeviceToken, e.Device, e.Created
		expect(t, w, want, byID(user.Key, e.ID))
		expect(t, w, untouched, byID(user.Key, untouched.ID))
	})
	t.Run("what is not there cannot be changed or deleted", func(t *testing.T) {
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.UpdateAppInstanceUserEndpoint(w.newEndpoint(user.Key)) })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.DeleteAppInstanceUserEndpoint(user.Key, "none") })
	})
	t.Run("a deleted endpoint is gone, and its id and device are free", func(t *testing.T) {
		e := w.endpoint(t, user.Key)
		w.must(t, func(tx store.Tx) error { return tx.DeleteAppInstanceUserEndpoint(user.Key, e.ID) })
		w.absent(t, func(tx store.Tx) error { return ignore(byID(user.Key, e.ID)(tx)) })
		w.absent(t, func(tx store.Tx) error { return ignore(byDevice(user.Key, e.Device)(tx)) })
		again := e
		again.Key = w.keys.Next()
		w.must(t, func(tx store.Tx) error { return tx.CreateAppInstanceUserEndpoint(again) })
		expect(t, w, again, byID(user.Key, e.ID))
	})
	t.Run("those of a deleted user, and of a deleted app instance, are found nowhere", func(t *testing.T) {
		a := w.instance(t)
		gone, below := w.user(t, a.Key), w.user(t, a.Key)
		for _, u := range []store.Identity{gone, below} {
			e := w.endpoint(t, u.Key)
			w.must(t, func(tx store.Tx) error {
				if u == gone {
					return tx.DeleteIdentity(gone.Key)
				}
				return tx.DeleteAppInstance(a.Key)
			})
			w.absent(t, func(tx store.Tx) error { return ignore(byID(u.Key, e.ID)(tx)) })
			w.absent(t, func(tx store.Tx) error { return ignore(byDevice(u.Key, e.Device)(tx)) })
			w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.UpdateAppInstanceUserEndpoint(e) })
			w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.DeleteAppInstanceUserEndpoint(u.Key, e.ID) })
			w.absent(t, func(tx store.Tx) error { return some(tx.ListAppInstanceUserEndpoints(u.Key, 0, 10)) })
			w.absent(t, func(tx store.Tx) error { return nonzero(tx.CountAppInstanceUserEndpoints(u.Key, 10)) })
		}
	})
	t.Run("endpoints are counted up to a limit", func(t *testing.T) {
		user := w.user(t, a.Key)
		for range 3 {
			w.endpoint(t, user.Key)
		}
		expectCounts(t, w, 3, func(tx store.Tx, limit int) (int, error) { return tx.CountAppInstanceUserEndpoints(user.Key, limit) })
	})
	t.Run("list", func(t *testing.T) {
		user := w.user(t, a.Key)
		listing[store.AppInstanceUserEndpoint]{
			list: func(tx store.Tx, after store.Key, limit int) ([]store.AppInstanceUserEndpoint, error) {
				return tx.ListAppInstanceUserEndpoints(user.Key, after, limit)
			},
			key: func(e store.AppInstanceUserEndpoint) store.Key { return e.Key },
			add: func(t *testing.T) store.AppInstanceUserEndpoint {
				w.endpoint(t, other.Key)
				return w.endpoint(t, user.Key)
			},
			remove: func(t *testing.T, e store.AppInstanceUserEndpoint) {
				w.must(t, func(tx store.Tx) error { return tx.DeleteAppInstanceUserEndpoint(user.Key, e.ID) })
			},
		}.test(t, w)
	})
}
