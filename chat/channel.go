package chat

import (
	"context"
	"errors"

	"carillon/api"
	"carillon/arn"
	"carillon/store"
)

// CreateChannel makes a channel. Its creator becomes a member and a moderator, of an elastic channel
// a moderator only; listed members become
// members and listed moderators become moderators, who are no members unless they are listed as such
// too. Either all of it happens or nothing.
func (s *Service) CreateChannel(ctx context.Context, caller *api.Caller, in *api.CreateChannelRequest) (*api.CreateChannelResponse, error) {
	if err := checkMetadata(in.Metadata); err != nil {
		return nil, err
	}
	tags, err := checkTags(in.Tags)
	if err != nil {
		return nil, err
	}
	elastic, err := s.checkElastic(in)
	if err != nil {
		return nil, err
	}
	var created string
	err = s.update(ctx, func(tx store.Tx, events *events) error {
		at, err := s.arrive(tx, caller)
		if err != nil {
			return err
		}
		instance, err := arn.Parse(in.AppInstanceArn)
		if err != nil || instance.Kind != arn.AppInstance {
			return errInvalidARN
		}
		if !instance.SameInstance(at.bearer) {
			return because(errForbidden, ruleOtherInstance)
		}
		created, err = s.once(tx, scopeOf(at.Actor.Key), "CreateChannel", in.ClientRequestToken, in, func() (string, error) {
			return s.createChannel(tx, events, at, instance, in, elastic, tags)
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	return &api.CreateChannelResponse{ChannelArn: created}, nil
}

func (s *Service) createChannel(tx store.Tx, events *events, at *entry, instance arn.ARN, in *api.CreateChannelRequest, elastic store.Elastic, tags []store.Tag) (string, error) {
	creator := at.Actor
	members, err := s.listed(tx, creator, instance, in.MemberArns)
	if err != nil {
		return "", err
	}
	moderators, err := s.listed(tx, creator, instance, in.ModeratorArns)
	if err != nil {
		return "", err
	}
	now := s.Now()
	channel := store.Channel{
		Key: s.keys.Next(), Instance: creator.Instance, ID: in.ChannelId,
		Name: in.Name, Metadata: given(in.Metadata),
		Private: in.Privacy == api.ChannelPrivacyPrivate, Unrestricted: in.Mode == api.ChannelModeUnrestricted,
		CreatedBy: creator.Key, Created: now, Updated: now, Expiration: channelExpiration(in.ExpirationSettings), Elastic: elastic,
	}
	if channel.ID == "" {
		channel.ID = s.newID()
	}
	err = tx.CreateChannel(channel)
	if errors.Is(err, store.ErrExists) {
		return "", api.Errorf(api.Conflict, "A channel with that ChannelId exists already.")
	}
	if err != nil {
		return "", err
	}
	if err := s.withinOfChannel(tx, creator.Instance, elastic != store.Elastic{}, members, moderators); err != nil {
		return "", err
	}
	if err := tx.PutTags(channel.Key, tags); err != nil {
		return "", err
	}
	var roles []store.ChannelModerator
	for _, m := range moderators {
		roles = append(roles, store.ChannelModerator{Key: s.keys.Next(), Channel: channel.Key, Moderator: m.Key, CreatedBy: creator.Key, Created: now})
	}
	if err := tx.CreateChannelModerators(channel.Key, roles); err != nil {
		return "", err
	}
	e := &entry{Entry: at.Entry, channelARN: instance.Of(arn.Channel, channel.ID), bearer: at.bearer, stream: channel.Key}
	e.Channel, e.CreatedBy = channel, creator.Identity
	events.stream("CREATE_CHANNEL", e, 0, func() api.Output { return e.describe() })
	for i, m := range moderators {
		events.stream("CREATE_CHANNEL_MODERATOR", e, 0, func() api.Output {
			return describeModerator(e.channelARN, store.ListedModerator{ChannelModerator: roles[i], Who: m.Identity, Creator: creator.Identity})
		})
	}
	if e.elastic() {
		_, err = s.openSubChannel(tx, events, e)
	} else {
		_, err = s.join(tx, events, e, members, false)
	}
	return e.channelARN.String(), err
}

// withinOfChannel holds a channel that was just created, and those who are to be in it, to the limits.
func (s *Service) withinOfChannel(tx store.Tx, instance store.Key, elastic bool, members, moderators []store.Standing) error {
	err := within(s.limits.ChannelsPerAppInstance, "channels per app instance", others(func(bound int) (int, error) {
		return tx.CountChannels(instance, bound)
	}))
	if err != nil {
		return err
	}
	if elastic {
		err := within(s.limits.ElasticChannelsPerAppInstance, "elastic channels per app instance", others(func(bound int) (int, error) {
			return tx.CountElasticChannels(instance, bound)
		}))
		if err != nil {
			return err
		}
	}
	if limit := s.limits.MembershipsPerChannel; limit > 0 && len(members) > limit {
		return api.Errorf(api.ResourceLimitExceeded, errFull, limit)
	}
	if limit := s.limits.ModeratorsPerChannel; limit > 0 && len(moderators) > limit {
		return api.Errorf(api.ResourceLimitExceeded, "The limit of %d moderators per channel is reached.", limit)
	}
	for _, member := range members {
		if err := s.withinChannelsPerUser(tx, member.Key); err != nil {
			return err
		}
	}
	return nil
}

// listed reads the identities of one list of CreateChannel, the creator always first and nobody
// twice. All must be registered.
func (s *Service) listed(tx store.Tx, creator store.Standing, instance arn.ARN, names []string) ([]store.Standing, error) {
	list := []store.Standing{creator}
	var refs []store.IdentityRef
	seen := map[store.IdentityRef]bool{{Kind: creator.Kind, ID: creator.ID}: true}
	for _, name := range names {
		_, r, err := identity(name, instance)
		if err != nil {
			return nil, err
		}
		if !seen[r] {
			seen[r] = true
			refs = append(refs, r)
		}
	}
	found, err := tx.Standings(creator.Instance, 0, refs)
	if err != nil {
		return nil, err
	}
	for _, who := range found {
		if !who.Exists() {
			return nil, errUnregistered
		}
	}
	return append(list, found...), nil
}

// DescribeChannel tells everything of a channel to whoever may read it.
func (s *Service) DescribeChannel(ctx context.Context, caller *api.Caller, in *api.DescribeChannelRequest) (*api.DescribeChannelResponse, error) {
	var out *api.Channel
	err := s.store.View(ctx, func(tx store.Tx) error {
		e, err := s.enter(tx, caller, in.ChannelArn, "", errForbidden)
		if err != nil {
			return err
		}
		if !e.mayRead() {
			return e.refuse(ruleReaders)
		}
		out = e.describe()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &api.DescribeChannelResponse{Channel: out}, nil
}

// UpdateChannel changes the name, the mode and the metadata; what is left out stays, and empty
// metadata clears it.
func (s *Service) UpdateChannel(ctx context.Context, caller *api.Caller, in *api.UpdateChannelRequest) (*api.UpdateChannelResponse, error) {
	if err := checkMetadata(in.Metadata); err != nil {
		return nil, err
	}
	err := s.update(ctx, func(tx store.Tx, events *events) error {
		e, err := s.moderate(tx, caller, in.ChannelArn, errForbidden)
		if err != nil {
			return err
		}
		if in.Name != "" {
			e.Channel.Name = in.Name
		}
		if in.Mode == api.ChannelModeUnrestricted && e.elastic() {
			return api.Violation("Mode", "Member must be RESTRICTED in an elastic channel")
		}
		if in.Mode != "" {
			e.Channel.Unrestricted = in.Mode == api.ChannelModeUnrestricted
		}
		if in.Metadata != nil {
			e.Channel.Metadata = *in.Metadata
		}
		e.Channel.Updated = s.Now()
		if err := tx.UpdateChannel(e.Channel); err != nil {
			return err
		}
		sequence, err := tx.AdvanceChannel(e.Channel.Key, 1, 0)
		events.add("UPDATE_CHANNEL", e, sequence, toEverybody(), e.describe())
		return err
	})
	if err != nil {
		return nil, err
	}
	return &api.UpdateChannelResponse{ChannelArn: in.ChannelArn}, nil
}

// DeleteChannel ends a channel and everything in it at once and for good.
func (s *Service) DeleteChannel(ctx context.Context, caller *api.Caller, in *api.DeleteChannelRequest) error {
	return s.update(ctx, func(tx store.Tx, events *events) error {
		e, err := s.moderate(tx, caller, in.ChannelArn, errForbidden)
		if err != nil {
			return err
		}
		return s.deleteChannel(tx, events, e)
	})
}

// deleteChannel ends a channel and announces it. What was in it is left to a sweep.
func (s *Service) deleteChannel(tx store.Tx, events *events, e *entry) error {
	sequence, err := tx.AdvanceChannel(e.Channel.Key, 1, 0)
	if err != nil {
		return err
	}
	events.add("DELETE_CHANNEL", e, sequence, toEverybody(), e.describe())
	return s.endChannel(tx, e.Channel.Key)
}

// endChannel ends a channel or sub-channel. A sweep removes what was in it once nobody needs to be told
// of its end any more: until then it is known who was a member.
func (s *Service) endChannel(tx store.Tx, channel store.Key) error {
	if err := tx.DeleteChannel(channel); err != nil {
		return err
	}
	return tx.PostponeCleanup(store.ChannelCleanup, channel, s.Now().Add(s.eventLife))
}

// ListChannels lists the public channels of an app instance, or, for an admin who asks for them, the
// private ones.
func (s *Service) ListChannels(ctx context.Context, caller *api.Caller, in *api.ListChannelsRequest) (*api.ListChannelsResponse, error) {
	p, err := s.page(caller, "ListChannels", in.MaxResults, in.NextToken, in.AppInstanceArn, in.Privacy)
	if err != nil {
		return nil, err
	}
	private := in.Privacy == api.ChannelPrivacyPrivate
	out := &api.ListChannelsResponse{Channels: []api.ChannelSummary{}}
	err = s.store.View(ctx, func(tx store.Tx) error {
		actor, a, err := s.actor(tx, caller)
		if err != nil {
			return err
		}
		instance, err := arn.Parse(in.AppInstanceArn)
		if err != nil || instance.Kind != arn.AppInstance {
			return errInvalidARN
		}
		switch {
		case !instance.SameInstance(a):
			return because(errForbidden, ruleOtherInstance)
		case private && !actor.Admin:
			return because(errForbidden, rulePrivateChannels)
		}
		list, err := tx.ListChannels(actor.Instance, private, p.after, p.fetch())
		if err != nil {
			return err
		}
		list, out.NextToken = cut(p, list, func(c store.Channel) store.Key { return c.Key })
		for _, c := range list {
			out.Channels = append(out.Channels, summary(a, c))
		}
		if !private {
			explainEmpty(caller, len(list), ruleOnlyPublic)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// describe is the channel as the API shows it in full.
func (e *entry) describe() *api.Channel {
	c := e.Channel
	return &api.Channel{
		ChannelArn: e.channelARN.String(), Name: c.Name, Metadata: optional(c.Metadata),
		Privacy: privacy(c), Mode: mode(c), CreatedBy: described(e.channelARN, e.CreatedBy),
		CreatedTimestamp: api.Time(c.Created), LastUpdatedTimestamp: api.Time(c.Updated),
		LastMessageTimestamp: api.Time(c.LastMessage), ExpirationSettings: expirationSettings(c.Expiration),
		ElasticChannelConfiguration: elasticConfiguration(c.Elastic),
		ChannelFlowArn:              e.flowARN(),
	}
}

// summary is a channel as lists show it.
func summary(instance arn.ARN, c store.Channel) api.ChannelSummary {
	return api.ChannelSummary{
		ChannelArn: instance.Of(arn.Channel, c.ID).String(), Name: c.Name, Metadata: optional(c.Metadata),
		Privacy: privacy(c), Mode: mode(c), LastMessageTimestamp: api.Time(c.LastMessage),
	}
}

func privacy(c store.Channel) string {
	if c.Private {
		return api.ChannelPrivacyPrivate
	}
	return api.ChannelPrivacyPublic
}

func mode(c store.Channel) string {
	if c.Unrestricted {
		return api.ChannelModeUnrestricted
	}
	return api.ChannelModeRestricted
}
