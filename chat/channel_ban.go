package chat

import (
	"context"

	"carillon/api"
	"carillon/arn"
	"carillon/store"
)

var errNotBannable = because(api.Errorf(api.Forbidden, "An admin or a moderator of the channel cannot be banned."), ruleNotBannable)

// CreateChannelBan keeps an identity out of a channel until the ban is removed; a membership it has
// ends at once. Moderators of the channel and admins cannot be banned.
func (s *Service) CreateChannelBan(ctx context.Context, caller *api.Caller, in *api.CreateChannelBanRequest) (*api.CreateChannelBanResponse, error) {
	out := &api.CreateChannelBanResponse{ChannelArn: in.ChannelArn}
	err := s.update(ctx, func(tx store.Tx, events *events) error {
		e, err := s.enter(tx, caller, in.ChannelArn, "", errForbidden, s.ahead(caller, in.MemberArn))
		if err != nil {
			return err
		}
		who, err := e.target(tx, in.MemberArn)
		if err != nil {
			return err
		}
		switch {
		case !e.moderates():
			return e.refuse(ruleModerators)
		case !who.Exists():
			return errUnregistered
		case who.Admin, who.Moderator:
			return errNotBannable
		case who.Banned:
			return api.Errorf(api.Conflict, "The identity is banned from the channel already.")
		}
		out.Member = described(e.channelARN, who.Identity)
		ban := store.ChannelBan{
			Key: s.keys.Next(), Channel: e.Channel.Key, Member: who.Key, CreatedBy: e.Actor.Key, Created: s.Now(),
		}
		events.stream("CREATE_CHANNEL_BAN", e, 0, func() api.Output {
			return describeBan(e.channelARN, store.ListedBan{ChannelBan: ban, Who: who.Identity, Creator: e.Actor.Identity})
		})
		err = tx.CreateChannelBan(ban)
		if err != nil || !who.Member() {
			return err
		}
		return s.leaveAll(tx, events, e, who)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// DescribeChannelBan tells since when somebody is banned, and who banned it.
func (s *Service) DescribeChannelBan(ctx context.Context, caller *api.Caller, in *api.DescribeChannelBanRequest) (*api.DescribeChannelBanResponse, error) {
	var out *api.ChannelBan
	err := s.store.View(ctx, func(tx store.Tx) error {
		e, err := s.moderate(tx, caller, in.ChannelArn, errNoChannel, s.ahead(caller, in.MemberArn))
		if err != nil {
			return err
		}
		who, err := e.target(tx, in.MemberArn)
		if err != nil {
			return err
		}
		listed, err := tx.ChannelBan(e.Channel.Key, who.Key)
		if err != nil {
			return missing(err, api.Errorf(api.NotFound, "The identity is not banned from the channel."))
		}
		out = describeBan(e.channelARN, listed)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &api.DescribeChannelBanResponse{ChannelBan: out}, nil
}

// DeleteChannelBan lets an identity be added again. Somebody who is not banned is not afterwards
// either.
func (s *Service) DeleteChannelBan(ctx context.Context, caller *api.Caller, in *api.DeleteChannelBanRequest) error {
	return s.update(ctx, func(tx store.Tx, events *events) error {
		e, err := s.moderate(tx, caller, in.ChannelArn, errForbidden, s.ahead(caller, in.MemberArn))
		if err != nil {
			return err
		}
		who, err := e.target(tx, in.MemberArn)
		if err != nil || !who.Banned {
			return err
		}
		listed, err := tx.ChannelBan(e.Channel.Key, who.Key)
		if err != nil {
			return err
		}
		events.stream("DELETE_CHANNEL_BAN", e, 0, func() api.Output { return describeBan(e.channelARN, listed) })
		return tx.DeleteChannelBan(e.Channel.Key, who.Key)
	})
}

func describeBan(channel arn.ARN, b store.ListedBan) *api.ChannelBan {
	return &api.ChannelBan{
		ChannelArn: channel.String(), Member: described(channel, b.Who),
		CreatedBy: described(channel, b.Creator), CreatedTimestamp: api.Time(b.Created),
	}
}

// ListChannelBans lists who is banned, to those who moderate the channel.
func (s *Service) ListChannelBans(ctx context.Context, caller *api.Caller, in *api.ListChannelBansRequest) (*api.ListChannelBansResponse, error) {
	p, err := s.page(caller, "ListChannelBans", in.MaxResults, in.NextToken, in.ChannelArn)
	if err != nil {
		return nil, err
	}
	out := &api.ListChannelBansResponse{ChannelArn: in.ChannelArn, ChannelBans: []api.ChannelBanSummary{}}
	err = s.store.View(ctx, func(tx store.Tx) error {
		e, err := s.moderate(tx, caller, in.ChannelArn, errForbidden)
		if err != nil {
			return err
		}
		list, err := tx.ListChannelBans(e.Channel.Key, p.after, p.fetch())
		if err != nil {
			return err
		}
		list, out.NextToken = cut(p, list, func(b store.ListedBan) store.Key { return b.Key })
		for _, b := range list {
			out.ChannelBans = append(out.ChannelBans, api.ChannelBanSummary{Member: described(e.channelARN, b.Who)})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
