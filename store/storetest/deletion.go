package storetest

import (
	"testing"

	"carillon/arn"
	"carillon/store"
)

// scene is an app instance with a channel in which two users are all that one can be. The first
// made the channel and everything that the second is.
type scene struct {
	w        *world
	instance store.AppInstance
	channel  store.Channel
	users    []store.Identity
}

func newScene(t *testing.T, w *world) scene {
	t.Helper()
	s := scene{w: w, instance: w.instance(t)}
	s.users = w.identities(t, s.instance.Key, arn.User, 2)
	s.channel = w.channel(t, s.instance.Key, s.users[0].Key)
	for _, u := range s.users {
		w.membership(t, s.channel.Key, u.Key, s.users[0].Key, false)
		w.moderator(t, s.channel.Key, u.Key, s.users[0].Key)
		w.ban(t, s.channel.Key, u.Key, s.users[0].Key)
		w.admin(t, s.instance.Key, u.Key)
	}
	return s
}

func (s scene) enter(actor store.IdentityRef) func(store.Tx) (store.Entry, error) {
	return func(tx store.Tx) (store.Entry, error) {
		return tx.EnterChannel(store.ChannelRef{Account: s.instance.Account, Instance: s.instance.ID, ID: s.channel.ID}, actor)
	}
}

// probe asks the store for one thing; ErrNotFound when it is not there.
type probe struct {
	name   string
	ask    func(store.Tx) error
	writes bool // changes the thing; asked only when it should not be there
}

// some is what a list has to say to a probe.
func some[T any](list []T, err error) error {
	if err == nil && len(list) == 0 {
		return store.ErrNotFound
	}
	return err
}

// nonzero is what a count or a key has to say to a probe.
func nonzero[T ~int | ~int64](n T, err error) error {
	if err == nil && n == 0 {
		return store.ErrNotFound
	}
	return err
}

// roles are what one user is in the channel.
func (s scene) roles(u store.Identity) []probe {
	channel := s.channel.Key
	standing := func(tx store.Tx) (store.Standing, error) {
		list, err := tx.Standings(s.instance.Key, channel, []store.IdentityRef{refOf(u)})
		if err != nil {
			return store.Standing{}, err
		}
		return list[0], nil
	}
	flag := func(b bool, err error) error {
		if err == nil && !b {
			return store.ErrNotFound
		}
		return err
	}
	return []probe{
		{name: "ChannelMembership", ask: func(tx store.Tx) error { return ignore(tx.ChannelMembership(channel, u.Key)) }},
		{name: "MembershipView", ask: func(tx store.Tx) error { return ignore(tx.MembershipView(channel, u.Key)) }},
		{name: "ListMembershipsOf", ask: func(tx store.Tx) error { return some(tx.ListMembershipsOf(u.Key, 0, 10)) }},
		{name: "ViewsOf", ask: func(tx store.Tx) error {
			list, err := tx.ListStreamsOf(u.Key, 0, 1)
			if err != nil || len(list) == 0 {
				return some(list, err)
			}
			return some(tx.ViewsOf(u.Key, []store.Key{list[0].Membership}))
		}},
		{name: "ListStreamsOf", ask: func(tx store.Tx) error { return some(tx.ListStreamsOf(u.Key, 0, 10)) }},
		{name: "CountMembershipsOf", ask: func(tx store.Tx) error { return nonzero(tx.CountMembershipsOf(u.Key, 10)) }},
		{name: "ChannelModerator", ask: func(tx store.Tx) error { return ignore(tx.ChannelModerator(channel, u.Key)) }},
		{name: "ListModeratedBy", ask: func(tx store.Tx) error { return some(tx.ListModeratedBy(u.Key, 0, 10)) }},
		{name: "ChannelBan", ask: func(tx store.Tx) error { return ignore(tx.ChannelBan(channel, u.Key)) }},
		{name: "Standings, member", ask: func(tx store.Tx) error { st, err := standing(tx); return flag(st.Member(), err) }},
		{name: "Standings, moderator", ask: func(tx store.Tx) error { st, err := standing(tx); return flag(st.Moderator, err) }},
		{name: "Standings, banned", ask: func(tx store.Tx) error { st, err := standing(tx); return flag(st.Banned, err) }},
		{name: "EnterChannel, member", ask: func(tx store.Tx) error { e, err := s.enter(refOf(u))(tx); return flag(e.Actor.Member(), err) }},
		{name: "SetPreferences", writes: true, ask: func(tx store.Tx) error { return tx.SetPreferences(channel, u.Key, "{}") }},
		{name: "DeleteChannelMembership", writes: true, ask: func(tx store.Tx) error { return tx.DeleteChannelMembership(channel, u.Key) }},
		{name: "DeleteChannelModerator", writes: true, ask: func(tx store.Tx) error { return tx.DeleteChannelModerator(channel, u.Key) }},
		{name: "DeleteChannelBan", writes: true, ask: func(tx store.Tx) error { return tx.DeleteChannelBan(channel, u.Key) }},
	}
}

// inChannel is what the channel is and holds.
func (s scene) inChannel() []probe {
	channel := s.channel.Key
	return []probe{
		{name: "EnterChannel, channel", ask: func(tx store.Tx) error { e, err := s.enter(refOf(s.users[0]))(tx); return nonzero(e.Channel.Key, err) }},
		{name: "ListChannels", ask: func(tx store.Tx) error { return some(tx.ListChannels(s.instance.Key, false, 0, 10)) }},
		{name: "CountChannels", ask: func(tx store.Tx) error { return nonzero(tx.CountChannels(s.instance.Key, 10)) }},
		{name: "ListChannelMemberships", ask: func(tx store.Tx) error { return some(tx.ListChannelMemberships(channel, false, 0, 10)) }},
		{name: "ListChannelModerators", ask: func(tx store.Tx) error { return some(tx.ListChannelModerators(channel, 0, 10)) }},
		{name: "CountChannelModerators", ask: func(tx store.Tx) error { return nonzero(tx.CountChannelModerators(channel, 10)) }},
		{name: "ListChannelBans", ask: func(tx store.Tx) error { return some(tx.ListChannelBans(channel, 0, 10)) }},
		{name: "UpdateChannel", writes: true, ask: func(tx store.Tx) error { return tx.UpdateChannel(s.channel) }},
		{name: "AdvanceChannel", writes: true, ask: func(tx store.Tx) error { return ignore(tx.AdvanceChannel(channel, 1, 1)) }},
		{name: "DeleteChannel", writes: true, ask: func(tx store.Tx) error { return tx.DeleteChannel(channel) }},
	}
}

// identity is what one user is in the app instance.
func (s scene) identity(u store.Identity) []probe {
	return []probe{
		{name: "Identity", ask: func(tx store.Tx) error { return ignore(tx.Identity(s.instance.Key, refOf(u))) }},
		{name: "EnterChannel, actor", ask: func(tx store.Tx) error { e, err := s.enter(refOf(u))(tx); return nonzero(e.Actor.Key, err) }},
		{name: "Standings, identity", ask: func(tx store.Tx) error {
			list, err := tx.Standings(s.instance.Key, 0, []store.IdentityRef{refOf(u)})
			if err != nil {
				return err
			}
			return nonzero(list[0].Key, nil)
		}},
		{name: "AppInstanceAdmin", ask: func(tx store.Tx) error { return ignore(tx.AppInstanceAdmin(s.instance.Key, u.Key)) }},
		{name: "UpdateIdentity", writes: true, ask: func(tx store.Tx) error { return tx.UpdateIdentity(u) }},
		{name: "DeleteIdentity", writes: true, ask: func(tx store.Tx) error { return tx.DeleteIdentity(u.Key) }},
		{name: "DeleteAppInstanceAdmin", writes: true, ask: func(tx store.Tx) error { return tx.DeleteAppInstanceAdmin(s.instance.Key, u.Key) }},
	}
}

// inInstance is what the app instance is and holds, but for its channels.
func (s scene) inInstance() []probe {
	a := s.instance
	return []probe{
		{name: "AppInstance", ask: func(tx store.Tx) error { return ignore(tx.AppInstance(a.Account, a.ID)) }},
		{name: "ListAppInstances", ask: func(tx store.Tx) error { return some(tx.ListAppInstances(a.Account, 0, 10)) }},
		{name: "CountAppInstances", ask: func(tx store.Tx) error { return nonzero(tx.CountAppInstances(a.Account, 10)) }},
		{name: "ListIdentities", ask: func(tx store.Tx) error { return some(tx.ListIdentities(a.Key, arn.User, 0, 10)) }},
		{name: "CountIdentities", ask: func(tx store.Tx) error { return nonzero(tx.CountIdentities(a.Key, arn.User, 10)) }},
		{name: "ListAppInstanceAdmins", ask: func(tx store.Tx) error { return some(tx.ListAppInstanceAdmins(a.Key, 0, 10)) }},
		{name: "CountAppInstanceAdmins", ask: func(tx store.Tx) error { return nonzero(tx.CountAppInstanceAdmins(a.Key, 10)) }},
		{name: "EnterChannel", ask: func(tx store.Tx) error { return ignore(s.enter(refOf(s.users[0]))(tx)) }},
		{name: "UpdateAppInstance", writes: true, ask: func(tx store.Tx) error { return tx.UpdateAppInstance(a) }},
		{name: "DeleteAppInstance", writes: true, ask: func(tx store.Tx) error { return tx.DeleteAppInstance(a.Key) }},
	}
}

// there expects everything that can be read.
func (s scene) there(t *testing.T, groups ...[]probe) {
	t.Helper()
	for _, group := range groups {
		for _, p := range group {
			if p.writes {
				continue
			}
			if err := s.w.View(t.Context(), p.ask); err != nil {
				t.Errorf("%s: %v", p.name, err)
			}
		}
	}
}

// gone expects nothing.
func (s scene) gone(t *testing.T, groups ...[]probe) {
	t.Helper()
	for _, group := range groups {
		for _, p := range group {
			run := s.w.View
			if p.writes {
				run = s.w.Update
			}
			if err := run(t.Context(), p.ask); err != store.ErrNotFound {
				t.Errorf("%s answers %v, want %v", p.name, err, store.ErrNotFound)
			}
		}
	}
}

func testDeletion(t *testing.T, w *world) {
	t.Run("with an identity go its roles, and nobody else's", func(t *testing.T) {
		s := newScene(t, w)
		keeper, subject := s.users[0], s.users[1]
		s.there(t, s.identity(subject), s.roles(subject))
		w.must(t, func(tx store.Tx) error { return tx.DeleteIdentity(subject.Key) })
		s.gone(t, s.identity(subject), s.roles(subject))
		s.there(t, s.identity(keeper), s.roles(keeper), s.inChannel(), s.inInstance())
		expectCounts(t, w, 1, func(tx store.Tx, limit int) (int, error) { return tx.CountChannelModerators(s.channel.Key, limit) })
		expectCounts(t, w, 1, func(tx store.Tx, limit int) (int, error) { return tx.CountAppInstanceAdmins(s.instance.Key, limit) })
		expectCounts(t, w, 1, func(tx store.Tx, limit int) (int, error) { return tx.CountIdentities(s.instance.Key, arn.User, limit) })
		for name, list := range map[string]func(store.Tx) ([]store.Key, error){
			"ListChannelMemberships": func(tx store.Tx) ([]store.Key, error) {
				list, err := tx.ListChannelMemberships(s.channel.Key, false, 0, 10)
				return whos(list, func(l store.ListedMember) store.Identity { return l.Who }), err
			},
			"ListChannelModerators": func(tx store.Tx) ([]store.Key, error) {
				list, err := tx.ListChannelModerators(s.channel.Key, 0, 10)
				return whos(list, func(l store.ListedModerator) store.Identity { return l.Who }), err
			},
			"ListChannelBans": func(tx store.Tx) ([]store.Key, error) {
				list, err := tx.ListChannelBans(s.channel.Key, 0, 10)
				return whos(list, func(l store.ListedBan) store.Identity { return l.Who }), err
			},
			"ListAppInstanceAdmins": func(tx store.Tx) ([]store.Key, error) {
				list, err := tx.ListAppInstanceAdmins(s.instance.Key, 0, 10)
				return whos(list, func(l store.ListedAdmin) store.Identity { return l.Who }), err
			},
		} {
			t.Run(name, func(t *testing.T) { expect(t, w, []store.Key{keeper.Key}, list) })
		}
	})
	t.Run("a list skips the deleted and still fills its page", func(t *testing.T) {
		s := newScene(t, w)
		w.must(t, func(tx store.Tx) error { return tx.DeleteIdentity(s.users[0].Key) })
		expect(t, w, []store.Key{s.users[1].Key}, func(tx store.Tx) ([]store.Key, error) {
			list, err := tx.ListChannelMemberships(s.channel.Key, false, 0, 1)
			return whos(list, func(l store.ListedMember) store.Identity { return l.Who }), err
		})
	})
	t.Run("who a deleted identity was is still told", func(t *testing.T) {
		s := newScene(t, w)
		was, subject := s.users[0], s.users[1]
		w.must(t, func(tx store.Tx) error { return tx.DeleteIdentity(was.Key) })
		for name, who := range map[string]func(store.Tx) (store.Identity, error){
			"creator of the channel": func(tx store.Tx) (store.Identity, error) {
				e, err := s.enter(refOf(subject))(tx)
				return e.CreatedBy, err
			},
			"inviter of a member": func(tx store.Tx) (store.Identity, error) {
				m, err := tx.ChannelMembership(s.channel.Key, subject.Key)
				return m.Inviter, err
			},
			"creator of a moderator": func(tx store.Tx) (store.Identity, error) {
				m, err := tx.ChannelModerator(s.channel.Key, subject.Key)
				return m.Creator, err
			},
			"creator of a ban": func(tx store.Tx) (store.Identity, error) {
				b, err := tx.ChannelBan(s.channel.Key, subject.Key)
				return b.Creator, err
			},
		} {
			t.Run(name, func(t *testing.T) { expect(t, w, was, who) })
		}
	})
	t.Run("an identity created again has nothing of the old one", func(t *testing.T) {
		s := newScene(t, w)
		old := s.users[1]
		w.must(t, func(tx store.Tx) error { return tx.DeleteIdentity(old.Key) })
		again := w.newIdentity(s.instance.Key, old.Kind)
		again.ID = old.ID
		w.must(t, func(tx store.Tx) error { return tx.CreateIdentity(again) })
		s.gone(t, s.roles(again))
		e := read(t, w, s.enter(refOf(again)))
		if want := (store.Standing{Identity: again}); e.Actor != want {
			t.Errorf("stands as %+v, want %+v", e.Actor, want)
		}
		w.membership(t, s.channel.Key, again.Key, s.users[0].Key, false)
		w.moderator(t, s.channel.Key, again.Key, s.users[0].Key)
		w.ban(t, s.channel.Key, again.Key, s.users[0].Key)
		w.admin(t, s.instance.Key, again.Key)
		s.there(t, s.identity(again), s.roles(again))
	})
	t.Run("with a channel goes everything in it, on both sides", func(t *testing.T) {
		s := newScene(t, w)
		s.there(t, s.inChannel())
		w.must(t, func(tx store.Tx) error { return tx.DeleteChannel(s.channel.Key) })
		s.gone(t, s.inChannel(), s.roles(s.users[0]), s.roles(s.users[1]))
		s.there(t, s.identity(s.users[0]), s.identity(s.users[1]), s.inInstance())
	})
	t.Run("a channel created again has nothing of the old one", func(t *testing.T) {
		s := newScene(t, w)
		w.must(t, func(tx store.Tx) error { return tx.DeleteChannel(s.channel.Key) })
		again := w.newChannel(s.instance.Key, s.users[0].Key)
		again.ID = s.channel.ID
		w.must(t, func(tx store.Tx) error { return tx.CreateChannel(again) })
		s.channel = again
		s.gone(t, s.roles(s.users[0]), s.roles(s.users[1]))
		expect(t, w, 0, func(tx store.Tx) (int, error) {
			list, err := tx.ListChannelMemberships(again.Key, false, 0, 10)
			return len(list), err
		})
	})
	t.Run("memberships of deleted channels are not counted against a limit", func(t *testing.T) {
		s := newScene(t, w)
		u := s.users[1]
		for range 3 {
			w.membership(t, w.channel(t, s.instance.Key, u.Key).Key, u.Key, u.Key, false)
		}
		w.must(t, func(tx store.Tx) error { return tx.DeleteChannel(s.channel.Key) })
		expectCounts(t, w, 3, func(tx store.Tx, limit int) (int, error) { return tx.CountMembershipsOf(u.Key, limit) })
		expect(t, w, 2, func(tx store.Tx) (int, error) {
			list, err := tx.ListMembershipsOf(u.Key, 0, 2)
			return len(list), err
		})
	})
	t.Run("with an app instance goes everything below", func(t *testing.T) {
		s := newScene(t, w)
		w.must(t, func(tx store.Tx) error { return tx.DeleteAppInstance(s.instance.Key) })
		s.gone(t, s.inInstance(), s.inChannel(), s.identity(s.users[0]), s.identity(s.users[1]), s.roles(s.users[0]), s.roles(s.users[1]))
	})
}

// whos returns the keys of those in a list.
func whos[T any](list []T, who func(T) store.Identity) []store.Key {
	var keys []store.Key
	for _, record := range list {
		keys = append(keys, who(record).Key)
	}
	return keys
}
