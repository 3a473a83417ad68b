package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"carillon/api"
	"carillon/arn"
	"carillon/bus"
	"carillon/store"
)

var (
	errNotElastic   = api.Violation("SubChannelId", "Member must be null, because the channel is not elastic")
	errNoChannel    = api.Errorf(api.NotFound, "The channel does not exist.")
	errNoMembership = api.Errorf(api.NotFound, "The identity is not a member of the channel.")
)

const errFull = "The limit of %d memberships per channel is reached."

// CreateChannelMembership adds one member.
func (s *Service) CreateChannelMembership(ctx context.Context, caller *api.Caller, in *api.CreateChannelMembershipRequest) (*api.CreateChannelMembershipResponse, error) {
	hidden := in.Type == api.ChannelMembershipTypeHidden
	out := &api.CreateChannelMembershipResponse{ChannelArn: in.ChannelArn}
	err := s.update(ctx, func(tx store.Tx, events *events) error {
		e, err := s.enter(tx, caller, in.ChannelArn, in.SubChannelId, errNoChannel, s.ahead(caller, in.MemberArn))
		if err != nil {
			return err
		}
		who, err := e.target(tx, in.MemberArn)
		if err != nil {
			return err
		}
		switch {
		case hidden && !e.moderates():
			return e.refuse(ruleHiddenMembers)
		case !e.mayAdd(e.is(in.MemberArn)):
			return e.refuse(ruleAdding)
		case hidden && e.elastic():
			return errElasticHidden
		case !who.Exists():
			return errUnregistered
		case who.Banned:
			return errBanned
		case e.misplaced(who) != nil:
			return e.misplaced(who)
		case who.Member():
			return api.Errorf(api.Conflict, "The identity is a member of the channel already.")
		case s.full(e, 0):
			return api.Errorf(api.ResourceLimitExceeded, errFull, s.limits.MembershipsPerChannel)
		}
		if err := s.withinChannelsPerUser(tx, who.Key); err != nil {
			return err
		}
		out.Member = described(e.channelARN, who.Identity)
		at, err := s.join(tx, events, e, []store.Standing{who}, hidden)
		if err == nil {
			out.SubChannelId = at.subChannelID
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// BatchCreateChannelMembership adds up to a hundred members in one transaction. Who cannot be added
// is reported among the errors, with the reason, and does not keep the others out. Members and errors
// are in the order of the request; an ARN that is listed twice counts once.
func (s *Service) BatchCreateChannelMembership(ctx context.Context, caller *api.Caller, in *api.BatchCreateChannelMembershipRequest) (*api.BatchCreateChannelMembershipResponse, error) {
	if len(in.MemberArns) > s.limits.MembersPerBatch {
		return nil, api.Violation("MemberArns", fmt.Sprintf("Member must have length less than or equal to %d", s.limits.MembersPerBatch))
	}
	hidden := in.Type == api.ChannelMembershipTypeHidden
	var out *api.BatchCreateChannelMembershipResponse
	err := s.update(ctx, func(tx store.Tx, events *events) error {
		names := distinct(in.MemberArns)
		e, err := s.enter(tx, caller, in.ChannelArn, in.SubChannelId, errNoChannel, s.ahead(caller, names...))
		if err != nil {
			return err
		}
		switch {
		case hidden && !e.moderates():
			return e.refuse(ruleHiddenMembers)
		case !e.mayAdd(len(names) == 1 && e.is(names[0])):
			return e.refuse(ruleAdding)
		case hidden && e.elastic():
			return errElasticHidden
		case s.full(e, 0):
			return api.Errorf(api.ResourceLimitExceeded, errFull, s.limits.MembershipsPerChannel)
		}
		added, refused, err := s.sift(tx, e, names)
		if err != nil {
			return err
		}
		batch := &api.BatchChannelMemberships{
			ChannelArn: in.ChannelArn, SubChannelId: e.subChannelID, InvitedBy: described(e.channelARN, e.Actor.Identity),
			Type: membershipType(hidden), Members: make([]api.Identity, len(added)),
		}
		for i, who := range added {
			batch.Members[i] = *described(e.channelARN, who.Identity)
		}
		out = &api.BatchCreateChannelMembershipResponse{BatchChannelMemberships: batch, Errors: refused}
		return s.joinBatch(tx, events, e, added, batch, hidden)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// sift tells those of a batch who can be added from those who cannot, and says why.
func (s *Service) sift(tx store.Tx, e *entry, names []string) (added []store.Standing, refused []api.BatchCreateChannelMembershipError, err error) {
	refs := make([]store.IdentityRef, 0, len(names))
	invalid := make([]bool, len(names))
	for i, name := range names {
		_, r, err := identity(name, e.bearer)
		if invalid[i] = err != nil; !invalid[i] {
			refs = append(refs, r)
		}
	}
	found, err := tx.Standings(e.Instance, e.Channel.Key, refs)
	if err != nil {
		return nil, nil, err
	}
	if err := e.seat(tx, found); err != nil {
		return nil, nil, err
	}
	refused = []api.BatchCreateChannelMembershipError{}
	for i, name := range names {
		refuse := func(code, message string) {
			refused = append(refused, api.BatchCreateChannelMembershipError{MemberArn: name, ErrorCode: code, ErrorMessage: message})
		}
		if invalid[i] {
			refuse(api.ErrorCodeBadRequest, errInvalidARN.Message)
			continue
		}
		who := found[0]
		found = found[1:]
		switch {
		case !who.Exists():
			refuse(api.ErrorCodeNotFound, "The identity does not exist.")
		case who.Banned:
			refuse(api.ErrorCodeForbidden, "The identity is banned from the channel.")
		case e.misplaced(who) != nil:
			refuse(api.ErrorCodeBadRequest, api.AsError(e.misplaced(who)).Message)
		case who.Member():
			refuse(api.ErrorCodeConflict, "The identity is a member of the channel already.")
		case s.full(e, len(added)):
			refuse(api.ErrorCodeResourceLimitExceeded, fmt.Sprintf(errFull, s.limits.MembershipsPerChannel))
		default:
			var quota *api.Error
			if err := s.withinChannelsPerUser(tx, who.Key); errors.As(err, &quota) {
				refuse(quota.Kind.Code(), quota.Message)
			} else if err != nil {
				return nil, nil, err
			} else {
				added = append(added, who)
			}
		}
	}
	return added, refused, nil
}

// joinBatch adds the members of a batch and announces them with one event; in an elastic channel,
// whose sub-channels hear each of their own, with one for every member. Of hidden members only
// those who moderate hear that way; each hidden member is told of itself alone.
func (s *Service) joinBatch(tx store.Tx, events *events, e *entry, added []store.Standing, batch *api.BatchChannelMemberships, hidden bool) error {
	if len(added) == 0 {
		return nil
	}
	if e.elastic() {
		_, err := s.join(tx, events, e, added, false)
		return err
	}
	places := 1
	if hidden {
		places += len(added)
	}
	now := s.Now()
	place, err := s.addMembers(tx, e, added, hidden, now, places)
	if err != nil {
		return err
	}
	for _, who := range added {
		events.stream("CREATE_CHANNEL_MEMBERSHIP", e, place, func() api.Output { return newMembership(e, who.Identity, hidden, now) })
	}
	const kind = "BATCH_CREATE_CHANNEL_MEMBERSHIP"
	audience := aboutMember(hidden)
	if !hidden {
		for _, member := range batch.Members {
			audience.Joined = append(audience.Joined, member.Arn)
		}
	}
	events.add(kind, e, place, audience, batch).ofBatch(added, *batch)
	if hidden {
		for i, member := range batch.Members {
			alone := *batch
			alone.Members = batch.Members[i : i+1]
			events.add(kind, e, place+1+int64(i), bus.Audience{Joined: []string{member.Arn}}, &alone)
		}
	}
	return nil
}

// join adds members that are none yet, and announces each. It is for the few members of a new
// channel and for single ones; a batch has one announcement for all. It returns the entry as seen
// from where the last one sits.
func (s *Service) join(tx store.Tx, events *events, e *entry, who []store.Standing, hidden bool) (*entry, error) {
	switch {
	case e.elastic() && e.subChannelID == "":
		return s.joinElastic(tx, events, e, who)
	case e.elastic():
		return e, s.joinSubChannel(tx, events, e, who)
	}
	return e, s.announceJoin(tx, events, e, who, hidden)
}

// announceJoin adds members right here, and announces each.
func (s *Service) announceJoin(tx store.Tx, events *events, e *entry, who []store.Standing, hidden bool) error {
	now := s.Now()
	first, err := s.addMembers(tx, e, who, hidden, now, len(who))
	if err != nil {
		return err
	}
	for i, member := range who {
		shown := newMembership(e, member.Identity, hidden, now)
		audience := aboutMember(hidden)
		audience.Joined = []string{shown.Member.Arn}
		events.add("CREATE_CHANNEL_MEMBERSHIP", e, first+int64(i), audience, shown)
	}
	return nil
}

// newMembership is a membership that the actor has just made.
func newMembership(e *entry, who store.Identity, hidden bool, now time.Time) *api.ChannelMembership {
	shown := describeMembership(e.channelARN, store.ListedMember{
		ChannelMembership: store.ChannelMembership{Hidden: hidden, Created: now}, Who: who, Inviter: e.Actor.Identity,
	})
	shown.SubChannelId = e.subChannelID
	return shown
}

// addMembers writes memberships and takes places for the events that tell of them. It returns the
// first place.
func (s *Service) addMembers(tx store.Tx, e *entry, who []store.Standing, hidden bool, now time.Time, places int) (first int64, err error) {
	keys := s.keys.Take(len(who))
	memberships := make([]store.ChannelMembership, len(who))
	for i, member := range who {
		memberships[i] = store.ChannelMembership{
			Key: keys[i], Channel: e.stream, Member: member.Key, Hidden: hidden, InvitedBy: e.Actor.Key, Created: now,
		}
	}
	if err := tx.CreateChannelMemberships(e.stream, memberships); err != nil {
		return 0, err
	}
	last, err := tx.AdvanceChannel(e.stream, places, len(who)*e.counts(who[0].Moderator))
	return last - int64(places) + 1, err
}

// counts is what one membership adds to the members of the stream: nothing in an elastic channel, when
// it is that of a moderator.
func (e *entry) counts(moderator bool) int {
	if e.elastic() && moderator {
		return 0
	}
	return 1
}

// leave removes a membership and announces it: to those who may know of it, and to the one who
// leaves, as the last event of the channel.
func (s *Service) leave(tx store.Tx, events *events, e *entry, who store.Standing) error {
	listed, err := tx.ChannelMembership(e.stream, who.Key)
	if err != nil {
		return err
	}
	if err := tx.DeleteChannelMembership(e.stream, who.Key); err != nil {
		return err
	}
	return s.announceLeave(tx, events, e, listed, who.Moderator)
}

// announceLeave counts and announces the end of a membership that was removed.
func (s *Service) announceLeave(tx store.Tx, events *events, e *entry, listed store.ListedMember, moderator bool) error {
	sequence, err := tx.AdvanceChannel(e.stream, 1, -e.counts(moderator))
	if err != nil {
		return err
	}
	out := describeMembership(e.channelARN, listed)
	out.SubChannelId = e.subChannelID
	audience := aboutMember(listed.Hidden)
	audience.Left = []string{out.Member.Arn}
	events.add("DELETE_CHANNEL_MEMBERSHIP", e, sequence, audience, out).leaver = listed.Member
	return nil
}

func (s *Service) withinChannelsPerUser(tx store.Tx, member store.Key) error {
	return within(s.limits.ChannelsPerUser, "channels per user", func(bound int) (int, error) {
		return tx.CountMembershipsOf(member, bound)
	})
}

// full reports whether the channel has no room for one more beside those being added.
func (s *Service) full(e *entry, adding int) bool {
	limit := int64(s.limits.MembershipsPerChannel)
	return limit > 0 && e.Channel.Members+int64(adding) >= limit
}

// distinct drops every name that was there before.
func distinct(names []string) []string {
	seen := make(map[string]bool, len(names))
	list := make([]string, 0, len(names))
	for _, name := range names {
		if !seen[name] {
			seen[name] = true
			list = append(list, name)
		}
	}
	return slices.Clip(list)
}

// DeleteChannelMembership removes a member, or lets one leave. Somebody who is no member is none
// afterwards either.
func (s *Service) DeleteChannelMembership(ctx context.Context, caller *api.Caller, in *api.DeleteChannelMembershipRequest) error {
	return s.update(ctx, func(tx store.Tx, events *events) error {
		e, err := s.enter(tx, caller, in.ChannelArn, in.SubChannelId, errForbidden, s.ahead(caller, in.MemberArn))
		if err != nil {
			return err
		}
		who, err := e.target(tx, in.MemberArn)
		if err != nil {
			return err
		}
		if !e.moderates() && !(e.Actor.Member() && e.is(in.MemberArn)) {
			return e.refuse(ruleRemoving)
		}
		if !who.Member() {
			return nil
		}
		if !who.Moderator && e.subChannelID != "" {
			return errMemberPlaced
		}
		return s.leaveAll(tx, events, e, who)
	})
}

// DescribeChannelMembership tells of one membership. A hidden one is told only to those who
// moderate and to the member itself; for others it is not there.
func (s *Service) DescribeChannelMembership(ctx context.Context, caller *api.Caller, in *api.DescribeChannelMembershipRequest) (*api.DescribeChannelMembershipResponse, error) {
	var out *api.ChannelMembership
	err := s.store.View(ctx, func(tx store.Tx) error {
		e, err := s.enter(tx, caller, in.ChannelArn, in.SubChannelId, errNoChannel, s.ahead(caller, in.MemberArn))
		if err != nil {
			return err
		}
		if !e.mayRead() {
			return e.refuse(ruleReaders)
		}
		who, err := e.target(tx, in.MemberArn)
		if err != nil {
			return err
		}
		switch {
		case !who.Member():
			return because(errNoMembership, ruleNoMember)
		case !e.maySeeMembership(who.Membership.Hidden, who.Key):
			return because(errNoMembership, ruleHiddenMember)
		}
		listed, err := tx.ChannelMembership(who.Membership.Channel, who.Key)
		if err != nil {
			return missing(err, errNoMembership)
		}
		out = describeMembership(e.channelARN, listed)
		out.SubChannelId = e.subChannelID
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &api.DescribeChannelMembershipResponse{ChannelMembership: out}, nil
}

// ListChannelMemberships lists the members of a channel: those who are not hidden, or, for those who
// moderate and ask for it, those who are.
func (s *Service) ListChannelMemberships(ctx context.Context, caller *api.Caller, in *api.ListChannelMembershipsRequest) (*api.ListChannelMembershipsResponse, error) {
	p, err := s.page(caller, "ListChannelMemberships", in.MaxResults, in.NextToken, in.ChannelArn, in.Type, in.SubChannelId)
	if err != nil {
		return nil, err
	}
	hidden := in.Type == api.ChannelMembershipTypeHidden
	out := &api.ListChannelMembershipsResponse{ChannelArn: in.ChannelArn, ChannelMemberships: []api.ChannelMembershipSummary{}}
	err = s.store.View(ctx, func(tx store.Tx) error {
		e, err := s.enter(tx, caller, in.ChannelArn, in.SubChannelId, errForbidden)
		if err != nil {
			return err
		}
		if e.stream == 0 && !e.Actor.Member() {
			return errSubChannelNeeded
		}
		if e.stream == 0 {
			e.stream = e.Actor.Membership.Channel
		}
		switch {
		case !e.mayReadStream():
			return e.refuseStream()
		case hidden && !e.moderates():
			return e.refuse(ruleHiddenMembers)
		}
		list, err := tx.ListChannelMemberships(e.stream, hidden, p.after, p.fetch())
		if err != nil {
			return err
		}
		list, out.NextToken = cut(p, list, func(m store.ListedMember) store.Key { return m.Key })
		for _, m := range list {
			out.ChannelMemberships = append(out.ChannelMemberships, api.ChannelMembershipSummary{Member: described(e.channelARN, m.Who)})
		}
		if hidden {
			explainEmpty(caller, len(list), ruleOnlyHidden)
		} else {
			explainEmpty(caller, len(list), ruleOnlyVisible)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// DescribeChannelMembershipForAppInstanceUser tells of one membership from the member's side: to the
// member itself, and to admins. Somebody who is no member is Forbidden.
func (s *Service) DescribeChannelMembershipForAppInstanceUser(ctx context.Context, caller *api.Caller, in *api.DescribeChannelMembershipForAppInstanceUserRequest) (*api.DescribeChannelMembershipForAppInstanceUserResponse, error) {
	var out *api.ChannelMembershipForAppInstanceUserSummary
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
		case !who.Member():
			return because(errForbidden, ruleNoMember)
		}
		view, err := tx.MembershipView(who.Membership.Channel, who.Key)
		if err != nil {
			return notThere(err, errForbidden, ruleNoMember)
		}
		shown := forMember(e.channelARN, store.ListedMembership{ChannelMembership: who.Membership, MembershipView: view, In: e.Channel})
		out = &shown
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &api.DescribeChannelMembershipForAppInstanceUserResponse{ChannelMembership: out}, nil
}

// ListChannelMembershipsForAppInstanceUser lists the memberships of the bearer, hidden ones included,
// or, for an admin who asks for them, of somebody else.
func (s *Service) ListChannelMembershipsForAppInstanceUser(ctx context.Context, caller *api.Caller, in *api.ListChannelMembershipsForAppInstanceUserRequest) (*api.ListChannelMembershipsForAppInstanceUserResponse, error) {
	p, err := s.page(caller, "ListChannelMembershipsForAppInstanceUser", in.MaxResults, in.NextToken, in.AppInstanceUserArn)
	if err != nil {
		return nil, err
	}
	out := &api.ListChannelMembershipsForAppInstanceUserResponse{ChannelMemberships: []api.ChannelMembershipForAppInstanceUserSummary{}}
	err = s.store.View(ctx, func(tx store.Tx) error {
		who, a, err := s.subject(tx, caller, in.AppInstanceUserArn)
		if err != nil {
			return err
		}
		list, err := tx.ListMembershipsOf(who.Key, p.after, p.fetch())
		if err != nil {
			return err
		}
		list, out.NextToken = cut(p, list, func(m store.ListedMembership) store.Key { return m.Key })
		for _, m := range list {
			out.ChannelMemberships = append(out.ChannelMemberships, forMember(a, m))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// subject reads whom a request asks about: the bearer, when it names nobody; anybody else of the app
// instance only when the bearer is an admin.
func (s *Service) subject(tx store.Tx, caller *api.Caller, name string) (store.Identity, arn.ARN, error) {
	actor, a, err := s.actor(tx, caller)
	if err != nil || name == "" || name == caller.Bearer {
		return actor.Identity, a, err
	}
	_, r, err := identity(name, a)
	if err != nil {
		return store.Identity{}, a, err
	}
	if !actor.Admin {
		return store.Identity{}, a, because(errForbidden, ruleOneself)
	}
	who, err := tx.Identity(actor.Instance, r)
	return who, a, missing(err, errUnregistered)
}

// describeMembership is a membership as the channel shows it.
func describeMembership(channel arn.ARN, m store.ListedMember) *api.ChannelMembership {
	return &api.ChannelMembership{
		ChannelArn: channel.String(), Member: described(channel, m.Who), InvitedBy: described(channel, m.Inviter),
		Type: membershipType(m.Hidden), CreatedTimestamp: api.Time(m.Created), LastUpdatedTimestamp: api.Time(m.Created),
	}
}

// forMember is a membership as its member sees it.
func forMember(instance arn.ARN, m store.ListedMembership) api.ChannelMembershipForAppInstanceUserSummary {
	channel := summary(instance, m.In)
	if m.LastTargeted.After(m.In.LastMessage) {
		channel.LastMessageTimestamp = api.Time(m.LastTargeted)
	}
	return api.ChannelMembershipForAppInstanceUserSummary{
		ChannelSummary: &channel,
		AppInstanceUserMembershipSummary: &api.AppInstanceUserMembershipSummary{
			Type: membershipType(m.Hidden), ReadMarkerTimestamp: api.Time(m.ReadMarker), SubChannelId: m.SubChannel,
		},
	}
}

func membershipType(hidden bool) string {
	if hidden {
		return api.ChannelMembershipTypeHidden
	}
	return api.ChannelMembershipTypeDefault
}
