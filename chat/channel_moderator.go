package chat

import (
	"context"

	"carillon/api"
	"carillon/arn"
	"carillon/store"
)

// CreateChannelModerator makes an identity a moderator of a channel. It need not be a member, and
// does not become one.
func (s *Service) CreateChannelModerator(ctx context.Context, caller *api.Caller, in *api.CreateChannelModeratorRequest) (*api.CreateChannelModeratorResponse, error) {
	out := &api.CreateChannelModeratorResponse{ChannelArn: in.ChannelArn}
	err := s.update(ctx, func(tx store.Tx, events *events) error {
		e, err := s.enter(tx, caller, in.ChannelArn, "", errForbidden, s.ahead(caller, in.ChannelModeratorArn))
		if err != nil {
			return err
		}
		who, err := e.target(tx, in.ChannelModeratorArn)
		if err != nil {
			return err
		}
		switch {
		case !e.moderates():
			return e.refuse(ruleModerators)
		case !who.Exists():
			return errUnregistered
		case who.Banned:
			return errBanned
		case who.Moderator:
			return api.Errorf(api.Conflict, "The identity is a moderator of the channel already.")
		}
		err = within(s.limits.ModeratorsPerChannel, "moderators per channel", func(bound int) (int, error) {
			return tx.CountChannelModerators(e.Channel.Key, bound)
		})
		if err != nil {
			return err
		}
		out.ChannelModerator = described(e.channelARN, who.Identity)
		if err := s.unseat(tx, events, e, who); err != nil {
			return err
		}
		role := store.ChannelModerator{
			Key: s.keys.Next(), Channel: e.Channel.Key, Moderator: who.Key, CreatedBy: e.Actor.Key, Created: s.Now(),
		}
		events.stream("CREATE_CHANNEL_MODERATOR", e, 0, func() api.Output {
			return describeModerator(e.channelARN, store.ListedModerator{ChannelModerator: role, Who: who.Identity, Creator: e.Actor.Identity})
		})
		return tx.CreateChannelModerators(e.Channel.Key, []store.ChannelModerator{role})
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// DescribeChannelModerator tells since when somebody is a moderator, and who made it one.
func (s *Service) DescribeChannelModerator(ctx context.Context, caller *api.Caller, in *api.DescribeChannelModeratorRequest) (*api.DescribeChannelModeratorResponse, error) {
	var out *api.ChannelModerator
	err := s.store.View(ctx, func(tx store.Tx) error {
		e, err := s.moderate(tx, caller, in.ChannelArn, errNoChannel, s.ahead(caller, in.ChannelModeratorArn))
		if err != nil {
			return err
		}
		who, err := e.target(tx, in.ChannelModeratorArn)
		if err != nil {
			return err
		}
		listed, err := tx.ChannelModerator(e.Channel.Key, who.Key)
		if err != nil {
			return missing(err, api.Errorf(api.NotFound, "The identity is not a moderator of the channel."))
		}
		out = describeModerator(e.channelARN, listed)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &api.DescribeChannelModeratorResponse{ChannelModerator: out}, nil
}

// DeleteChannelModerator takes the role away, also from the last one who has it. Somebody who is no
// moderator is none afterwards either.
func (s *Service) DeleteChannelModerator(ctx context.Context, caller *api.Caller, in *api.DeleteChannelModeratorRequest) error {
	return s.update(ctx, func(tx store.Tx, events *events) error {
		e, err := s.moderate(tx, caller, in.ChannelArn, errForbidden, s.ahead(caller, in.ChannelModeratorArn))
		if err != nil {
			return err
		}
		who, err := e.target(tx, in.ChannelModeratorArn)
		if err != nil || !who.Moderator {
			return err
		}
		if err := s.unseat(tx, events, e, who); err != nil {
			return err
		}
		listed, err := tx.ChannelModerator(e.Channel.Key, who.Key)
		if err != nil {
			return err
		}
		events.stream("DELETE_CHANNEL_MODERATOR", e, 0, func() api.Output { return describeModerator(e.channelARN, listed) })
		return tx.DeleteChannelModerator(e.Channel.Key, who.Key)
	})
}

func describeModerator(channel arn.ARN, m store.ListedModerator) *api.ChannelModerator {
	return &api.ChannelModerator{
		ChannelArn: channel.String(), Moderator: described(channel, m.Who),
		CreatedBy: described(channel, m.Creator), CreatedTimestamp: api.Time(m.Created),
	}
}

// ListChannelModerators lists the moderators of a channel to those who moderate it.
func (s *Service) ListChannelModerators(ctx context.Context, caller *api.Caller, in *api.ListChannelModeratorsRequest) (*api.ListChannelModeratorsResponse, error) {
	p, err := s.page(caller, "ListChannelModerators", in.MaxResults, in.NextToken, in.ChannelArn)
	if err != nil {
		return nil, err
	}
	out := &api.ListChannelModeratorsResponse{ChannelArn: in.ChannelArn, ChannelModerators: []api.ChannelModeratorSummary{}}
	err = s.store.View(ctx, func(tx store.Tx) error {
		e, err := s.moderate(tx, caller, in.ChannelArn, errForbidden)
		if err != nil {
			return err
		}
		list, err := tx.ListChannelModerators(e.Channel.Key, p.after, p.fetch())
		if err != nil {
			return err
		}
		list, out.NextToken = cut(p, list, func(m store.ListedModerator) store.Key { return m.Key })
		for _, m := range list {
			out.ChannelModerators = append(out.ChannelModerators, api.ChannelModeratorSummary{Moderator: described(e.channelARN, m.Who)})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// DescribeChannelModeratedByAppInstanceUser tells of a channel that somebody moderates: to the
// moderator itself, and to admins. Somebody who is no moderator is Forbidden.
func (s *Service) DescribeChannelModeratedByAppInstanceUser(ctx context.Context, caller *api.Caller, in *api.DescribeChannelModeratedByAppInstanceUserRequest) (*api.DescribeChannelModeratedByAppInstanceUserResponse, error) {
	var out api.ChannelSummary
	err := s.store.View(ctx, func(tx store.Tx) error {
		e, err := s.enter(tx, caller, in.ChannelArn, "", errForbidden, s.ahead(caller, in.AppInstanceUserArn))
		if err != nil {
			return err
		}
		who, err := e.target(tx, in.AppInstanceUserArn)
		if err != nil {
			return err
		}
		switch {
		case !e.Actor.Admin && !e.is(in.AppInstanceUserArn):
			return e.refuse(ruleOneself)
		case !who.Moderator:
			return because(errForbidden, ruleNoModerator)
		}
		out = summary(e.channelARN, e.Channel)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &api.DescribeChannelModeratedByAppInstanceUserResponse{
		Channel: &api.ChannelModeratedByAppInstanceUserSummary{ChannelSummary: &out},
	}, nil
}

// ListChannelsModeratedByAppInstanceUser lists the channels that the bearer moderates, or, for an
// admin who asks for them, somebody else does.
func (s *Service) ListChannelsModeratedByAppInstanceUser(ctx context.Context, caller *api.Caller, in *api.ListChannelsModeratedByAppInstanceUserRequest) (*api.ListChannelsModeratedByAppInstanceUserResponse, error) {
	p, err := s.page(caller, "ListChannelsModeratedByAppInstanceUser", in.MaxResults, in.NextToken, in.AppInstanceUserArn)
	if err != nil {
		return nil, err
	}
	out := &api.ListChannelsModeratedByAppInstanceUserResponse{Channels: []api.ChannelModeratedByAppInstanceUserSummary{}}
	err = s.store.View(ctx, func(tx store.Tx) error {
		who, a, err := s.subject(tx, caller, in.AppInstanceUserArn)
		if err != nil {
			return err
		}
		list, err := tx.ListModeratedBy(who.Key, p.after, p.fetch())
		if err != nil {
			return err
		}
		list, out.NextToken = cut(p, list, func(m store.ModeratedChannel) store.Key { return m.Role })
		for _, m := range list {
			shown := summary(a, m.In)
			out.Channels = append(out.Channels, api.ChannelModeratedByAppInstanceUserSummary{ChannelSummary: &shown})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
