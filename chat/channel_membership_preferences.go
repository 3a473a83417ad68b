package chat

import (
	"context"
	"encoding/json"

	"carillon/api"
	"carillon/store"
)

// PutChannelMembershipPreferences sets the preferences of the bearer's own membership. Nobody can
// set them for somebody else.
func (s *Service) PutChannelMembershipPreferences(ctx context.Context, caller *api.Caller, in *api.PutChannelMembershipPreferencesRequest) (*api.PutChannelMembershipPreferencesResponse, error) {
	if err := checkPreferences(in.Preferences); err != nil {
		return nil, err
	}
	text, err := json.Marshal(in.Preferences)
	if err != nil {
		return nil, err
	}
	out := &api.PutChannelMembershipPreferencesResponse{ChannelArn: in.ChannelArn, Preferences: in.Preferences}
	err = s.store.Update(ctx, func(tx store.Tx) error {
		e, err := s.ownMembership(tx, caller, in.ChannelArn, in.MemberArn)
		if err != nil {
			return err
		}
		out.Member = described(e.channelARN, e.Actor.Identity)
		return tx.SetPreferences(e.Channel.Key, e.Actor.Key, string(text))
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// GetChannelMembershipPreferences tells the preferences of the bearer's own membership: before the
// first were set, that every notification is allowed.
func (s *Service) GetChannelMembershipPreferences(ctx context.Context, caller *api.Caller, in *api.GetChannelMembershipPreferencesRequest) (*api.GetChannelMembershipPreferencesResponse, error) {
	out := &api.GetChannelMembershipPreferencesResponse{ChannelArn: in.ChannelArn}
	err := s.store.View(ctx, func(tx store.Tx) error {
		e, err := s.ownMembership(tx, caller, in.ChannelArn, in.MemberArn)
		if err != nil {
			return err
		}
		out.Member = described(e.channelARN, e.Actor.Identity)
		view, err := tx.MembershipView(e.Channel.Key, e.Actor.Key)
		if err != nil {
			return err
		}
		if view.Preferences == "" {
			out.Preferences = &api.ChannelMembershipPreferences{
				PushNotifications: &api.PushNotificationPreferences{AllowNotifications: api.AllowNotificationsAll},
			}
			return nil
		}
		out.Preferences = new(api.ChannelMembershipPreferences)
		return json.Unmarshal([]byte(view.Preferences), out.Preferences)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// ownMembership enters a channel as a member who asks about its own membership.
func (s *Service) ownMembership(tx store.Tx, caller *api.Caller, channel, member string) (*entry, error) {
	e, err := s.enter(tx, caller, channel, "", errForbidden)
	if err != nil {
		return nil, err
	}
	if _, _, err := identity(member, e.bearer); err != nil {
		return nil, err
	}
	if !e.is(member) || !e.Actor.Member() || e.elastic() {
		return nil, e.refuse(ruleOwnMembership)
	}
	return e, nil
}

func checkPreferences(p *api.ChannelMembershipPreferences) error {
	if p == nil || p.PushNotifications == nil {
		return nil
	}
	push := p.PushNotifications
	if push.AllowNotifications == api.AllowNotificationsFiltered && push.FilterRule == "" {
		return api.Violation("Preferences.PushNotifications.FilterRule", "Member must not be null when AllowNotifications is FILTERED")
	}
	if push.FilterRule == "" {
		return nil
	}
	if err := checkFilterRule(push.FilterRule); err != nil {
		return api.Violation("Preferences.PushNotifications.FilterRule", err.Error())
	}
	return nil
}
