package chat

import (
	"context"
	"time"

	"carillon/api"
	"carillon/arn"
	"carillon/store"
)

// PutAppInstanceUserExpirationSettings says when a user is deleted, or that it is not.
func (s *Service) PutAppInstanceUserExpirationSettings(ctx context.Context, caller *api.Caller, in *api.PutAppInstanceUserExpirationSettingsRequest) (*api.PutAppInstanceUserExpirationSettingsResponse, error) {
	expiration, err := userExpiration(in.ExpirationSettings)
	if err != nil {
		return nil, err
	}
	err = s.store.Update(ctx, func(tx store.Tx) error {
		user, err := s.registered(tx, caller, in.AppInstanceUserArn, arn.User, errForbidden)
		if err != nil {
			return err
		}
		user.Expiration, user.Updated = expiration, s.Now()
		return tx.UpdateIdentity(user)
	})
	if err != nil {
		return nil, err
	}
	return &api.PutAppInstanceUserExpirationSettingsResponse{
		AppInstanceUserArn: in.AppInstanceUserArn, ExpirationSettings: expirationSettings(expiration),
	}, nil
}

// PutChannelExpirationSettings says when a channel is deleted, or that it is not. Those who moderate
// the channel may, and so may a caller without a bearer. Nobody is told but the stream.
func (s *Service) PutChannelExpirationSettings(ctx context.Context, caller *api.Caller, in *api.PutChannelExpirationSettingsRequest) (*api.PutChannelExpirationSettingsResponse, error) {
	expiration := channelExpiration(in.ExpirationSettings)
	err := s.update(ctx, func(tx store.Tx, events *events) error {
		e, err := s.enterExpiration(tx, caller, in.ChannelArn)
		if err != nil {
			return err
		}
		e.Channel.Expiration, e.Channel.Updated = expiration, s.Now()
		events.stream("UPDATE_CHANNEL_EXPIRATION_SETTINGS", e, 0, func() api.Output { return e.describe() })
		return tx.UpdateChannel(e.Channel)
	})
	if err != nil {
		return nil, err
	}
	return &api.PutChannelExpirationSettingsResponse{ChannelArn: in.ChannelArn, ExpirationSettings: expirationSettings(expiration)}, nil
}

// enterExpiration enters a channel for somebody who may say when it expires.
func (s *Service) enterExpiration(tx store.Tx, caller *api.Caller, channel string) (*entry, error) {
	if caller.Bearer == "" {
		return s.visit(tx, caller, channel, errForbidden)
	}
	e, err := s.enter(tx, caller, channel, "", errForbidden)
	if err == nil && !e.moderates() {
		err = e.refuse(ruleModerators)
	}
	return e, err
}

// userExpiration reads the expiration of a user, which counts from its creation and nothing else.
func userExpiration(in *api.ExpirationSettings) (store.Expiration, error) {
	if in != nil && in.ExpirationCriterion != api.ExpirationCriterionCreatedTimestamp {
		return store.Expiration{}, api.Violation("ExpirationSettings.ExpirationCriterion", "Member must satisfy enum value set: [CREATED_TIMESTAMP]")
	}
	return channelExpiration(in), nil
}

// channelExpiration reads the expiration of a channel.
func channelExpiration(in *api.ExpirationSettings) store.Expiration {
	if in == nil {
		return store.Expiration{}
	}
	return store.Expiration{Days: in.ExpirationDays, Criterion: in.ExpirationCriterion}
}

func expirationSettings(e store.Expiration) *api.ExpirationSettings {
	if e.Days == 0 {
		return nil
	}
	return &api.ExpirationSettings{ExpirationDays: e.Days, ExpirationCriterion: e.Criterion}
}

// expiry is when a channel that expires does: its days after its last message, or after its creation
// when there is none or that is what counts.
func expiry(c store.Channel) time.Time {
	from := c.Created
	if c.Expiration.Criterion == api.ExpirationCriterionLastMessageTimestamp && c.LastMessage.After(from) {
		from = c.LastMessage
	}
	return from.Add(time.Duration(c.Expiration.Days) * day)
}

// expireUsers deletes users that have expired.
func (s *Service) expireUsers(tx store.Tx, events *events) (progress, error) {
	list, err := tx.ListExpiringIdentities(s.Now(), s.sweepBatch)
	if err != nil {
		return progress{}, err
	}
	if len(list) > 0 {
		s.identityChanged(tx)
	}
	for _, user := range list {
		if err := tx.DeleteIdentity(user.Key); err != nil {
			return progress{}, err
		}
		events.gone(s.instanceARN(store.AppInstance{Account: user.Account, ID: user.Instance}).Of(user.Kind, user.ID))
	}
	return progress{removed: len(list), more: len(list) > 0}, nil
}

// expireChannels deletes channels that have expired. A channel whose last message counts is only
// looked at when the time may have come: a message that is sent does not put it off, this does.
func (s *Service) expireChannels(tx store.Tx, events *events) (progress, error) {
	now := s.Now()
	list, err := tx.ListExpiringChannels(now, s.sweepBatch)
	done := progress{more: len(list) > 0}
	for _, ref := range list {
		if err != nil {
			break
		}
		var expired bool
		if expired, err = s.expireChannel(tx, events, ref, now); expired {
			done.removed++
		}
	}
	return done, err
}

func (s *Service) expireChannel(tx store.Tx, events *events, ref store.ChannelRef, now time.Time) (expired bool, err error) {
	e, err := s.reenter(tx, s.channelARN(ref))
	if err != nil || e == nil {
		return false, err
	}
	if due := expiry(e.Channel); due.After(now) {
		return false, tx.PostponeExpiration(e.Channel.Key, due)
	}
	return true, s.deleteChannel(tx, events, e)
}
