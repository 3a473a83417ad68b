package chat

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"

	"carillon/api"
	"carillon/bus"
	"carillon/store"
)

// The bounds of elastic channels.
const (
	// maxElasticMembers is the greatest product of sub-channels and memberships in each.
	maxElasticMembers = 1_000_000
	// moveStep bounds how many members one operation moves between sub-channels.
	moveStep = 25
)

var (
	errSubChannelNeeded = api.Violation("SubChannelId", "Member must not be null, because the channel is elastic")
	errMemberPlaced     = api.Violation("SubChannelId", "Member must be null for a member that is not a moderator: the service places it")
	errModeratorPlaced  = api.Violation("SubChannelId", "Member must not be null for a moderator of an elastic channel")
	errElasticHidden    = api.Violation("Type", "Member must be DEFAULT, because elastic channels have no hidden members")
	errElasticFull      = api.Errorf(api.ResourceLimitExceeded, "Every sub-channel of the elastic channel is full.")
)

// elastic reports whether the channel has sub-channels. Then memberships and messages live in those.
func (e *entry) elastic() bool { return e.Channel.Elastic.MaximumSubChannels > 0 }

// in is the entry seen from one sub-channel.
func (e *entry) in(key store.Key, id string) *entry {
	inside := *e
	inside.stream, inside.subChannelID = key, id
	if key != e.stream {
		inside.sequence = 0
	}
	return &inside
}

// enterSubChannel finds the sub-channel that a request names, and where the bearer sits.
func (s *Service) enterSubChannel(tx store.Tx, e *entry, id string, absent *api.Error) error {
	if !e.elastic() {
		if id != "" {
			return errNotElastic
		}
		return nil
	}
	e.stream = 0
	if id != "" {
		sub, err := tx.SubChannel(e.Channel.Key, id)
		if err != nil {
			return notThere(err, absent, ruleNoSubChannel)
		}
		e.stream, e.subChannelID, e.sequence = sub.Key, id, sub.Sequence
	}
	actor := []store.Standing{e.Actor}
	err := e.seat(tx, actor)
	e.Actor = actor[0]
	return err
}

// seat gives identities, in an elastic channel, the membership that is meant: the one in the
// sub-channel at hand, or, when none is named, the first they have.
func (e *entry) seat(tx store.Tx, who []store.Standing) error {
	if !e.elastic() || len(who) == 0 {
		return nil
	}
	keys := make([]store.Key, len(who))
	for i := range who {
		keys[i] = who[i].Key
	}
	seats, err := tx.Seats(e.Channel.Key, keys)
	if err != nil {
		return err
	}
	for i := range who {
		for _, seat := range seats[i] {
			if e.subChannelID == "" || seat.Channel == e.stream {
				who[i].Membership = seat.ChannelMembership
				break
			}
		}
	}
	return nil
}

// misplaced says what is wrong when a sub-channel is named for somebody whom the service places, or
// is not named for a moderator, who sits where it is told.
func (e *entry) misplaced(who store.Standing) error {
	switch {
	case !e.elastic() || who.Moderator == (e.subChannelID != ""):
		return nil
	case who.Moderator:
		return errModeratorPlaced
	}
	return errMemberPlaced
}

// checkElastic holds the configuration of a new elastic channel to its rules.
func (s *Service) checkElastic(in *api.CreateChannelRequest) (store.Elastic, error) {
	c := in.ElasticChannelConfiguration
	if c == nil {
		return store.Elastic{}, nil
	}
	const member = "ElasticChannelConfiguration"
	switch {
	case in.Mode == api.ChannelModeUnrestricted:
		return store.Elastic{}, api.Violation("Mode", "Member must be RESTRICTED in an elastic channel")
	case len(in.MemberArns) > 0:
		return store.Elastic{}, api.Violation("MemberArns", "Member must be null in an elastic channel")
	case c.MaximumSubChannels > maxElasticMembers/c.TargetMembershipsPerSubChannel:
		return store.Elastic{}, api.Violation(member, fmt.Sprintf("Member must have a product of MaximumSubChannels and TargetMembershipsPerSubChannel of at most %d", maxElasticMembers))
	case exceeds(c.MaximumSubChannels, s.limits.SubChannelsPerElasticChannel):
		return store.Elastic{}, api.Errorf(api.ResourceLimitExceeded, "The limit of %d sub-channels per elastic channel is exceeded.", s.limits.SubChannelsPerElasticChannel)
	case exceeds(c.TargetMembershipsPerSubChannel, s.limits.MembershipsPerSubChannel):
		return store.Elastic{}, api.Errorf(api.ResourceLimitExceeded, "The limit of %d memberships per sub-channel is exceeded.", s.limits.MembershipsPerSubChannel)
	}
	return store.Elastic{
		MaximumSubChannels:             c.MaximumSubChannels,
		TargetMembershipsPerSubChannel: c.TargetMembershipsPerSubChannel,
		MinimumMembershipPercentage:    c.MinimumMembershipPercentage,
	}, nil
}

func elasticConfiguration(e store.Elastic) *api.ElasticChannelConfiguration {
	if e.MaximumSubChannels == 0 {
		return nil
	}
	return &api.ElasticChannelConfiguration{
		MaximumSubChannels:             e.MaximumSubChannels,
		TargetMembershipsPerSubChannel: e.TargetMembershipsPerSubChannel,
		MinimumMembershipPercentage:    e.MinimumMembershipPercentage,
	}
}

func exceeds(n, limit int) bool { return limit > 0 && n > limit }

// openSubChannel adds an empty sub-channel.
func (s *Service) openSubChannel(tx store.Tx, events *events, e *entry) (store.SubChannel, error) {
	var id [32]byte
	rand.Read(id[:])
	sub := store.SubChannel{
		Key: s.keys.Next(), Channel: e.Channel.Key, Instance: e.Channel.Instance, ID: hex.EncodeToString(id[:]), Created: s.Now(),
	}
	e.Channel.SubChannels++
	at := e.in(sub.Key, sub.ID)
	events.stream("CREATE_SUB_CHANNEL", at, 0, func() api.Output { return at.describeSubChannel() })
	return sub, tx.CreateSubChannel(sub)
}

// joinElastic adds members to the sub-channels that have the most room, and opens a further one
// when all are full. It returns the entry as seen from where the last one sits.
func (s *Service) joinElastic(tx store.Tx, events *events, e *entry, who []store.Standing) (*entry, error) {
	target := int64(e.Channel.Elastic.TargetMembershipsPerSubChannel)
	at := e
	for len(who) > 0 {
		sub, err := tx.EmptiestSubChannel(e.Channel.Key, 0)
		if err != nil {
			return nil, err
		}
		if sub.Members >= target {
			if sub, err = s.scaleOut(tx, events, e); err != nil {
				return nil, err
			}
		}
		n := min(len(who), int(target-sub.Members))
		at = e.in(sub.Key, sub.ID)
		if err := s.joinSubChannel(tx, events, at, who[:n]); err != nil {
			return nil, err
		}
		if _, err := tx.AdvanceChannel(e.Channel.Key, 0, n); err != nil {
			return nil, err
		}
		who = who[n:]
	}
	return at, nil
}

// joinSubChannel adds members to the sub-channel at hand and announces each there.
func (s *Service) joinSubChannel(tx store.Tx, events *events, at *entry, who []store.Standing) error {
	keys := make([]store.Key, len(who))
	for i := range who {
		keys[i] = who[i].Key
	}
	if err := tx.AddSeats(at.Channel.Key, at.stream, keys); err != nil {
		return err
	}
	return s.announceJoin(tx, events, at, who, false)
}

// scaleOut opens a sub-channel when all are full, and moves some members there from the fullest.
func (s *Service) scaleOut(tx store.Tx, events *events, e *entry) (store.SubChannel, error) {
	if e.Channel.SubChannels >= e.Channel.Elastic.MaximumSubChannels {
		return store.SubChannel{}, errElasticFull
	}
	sub, err := s.openSubChannel(tx, events, e)
	if err != nil {
		return store.SubChannel{}, err
	}
	fullest, err := tx.FullestSubChannel(e.Channel.Key, sub.Key)
	if err != nil {
		return store.SubChannel{}, err
	}
	moved, err := s.moveMembers(tx, events, e, fullest, sub, min(moveStep, int(fullest.Members/2)))
	sub.Members += int64(moved)
	return sub, err
}

// moveMembers takes up to limit members from one sub-channel to another. Only the one who is moved
// is told.
func (s *Service) moveMembers(tx store.Tx, events *events, e *entry, from, to store.SubChannel, limit int) (moved int, err error) {
	members, err := tx.ListSeats(e.Channel.Key, from.Key, limit)
	if err != nil || len(members) == 0 {
		return 0, err
	}
	for _, m := range members {
		if err := tx.MoveSeat(e.Channel.Key, from.Key, to.Key, m.Member); err != nil {
			return 0, err
		}
	}
	if _, err := tx.AdvanceChannel(from.Key, 0, -len(members)); err != nil {
		return 0, err
	}
	last, err := tx.AdvanceChannel(to.Key, len(members), len(members))
	if err != nil {
		return 0, err
	}
	for i, m := range members {
		out := describeMembership(e.channelARN, m)
		out.SubChannelId, out.LastUpdatedTimestamp = to.ID, api.Time(s.Now())
		place := last - int64(len(members)-1-i)
		moved := events.add("UPDATE_CHANNEL_MEMBERSHIP", e.in(to.Key, to.ID), place, bus.Audience{Joined: []string{out.Member.Arn}}, out)
		moved.Leaves = from.ID
	}
	return len(members), nil
}

// leaveAll ends every membership that somebody has in an elastic channel, or the one in the
// sub-channel at hand, and shrinks the channel where that leaves too few.
func (s *Service) leaveAll(tx store.Tx, events *events, e *entry, who store.Standing) error {
	if !e.elastic() {
		return s.leave(tx, events, e, who)
	}
	seats, err := tx.Seats(e.Channel.Key, []store.Key{who.Key})
	if err != nil {
		return err
	}
	for _, seat := range seats[0] {
		if e.subChannelID != "" && seat.Channel != e.stream {
			continue
		}
		at := e.in(seat.Channel, seat.SubChannel)
		if err := s.leave(tx, events, at, who); err != nil {
			return err
		}
		if err := s.vacate(tx, events, at, who.Key, who.Moderator); err != nil {
			return err
		}
	}
	return nil
}

// vacate takes away the place that somebody had in the sub-channel at hand, and shrinks the channel
// where that leaves too few.
func (s *Service) vacate(tx store.Tx, events *events, at *entry, member store.Key, moderator bool) error {
	if err := tx.RemoveSeat(at.Channel.Key, at.stream, member); err != nil || moderator {
		return err
	}
	if _, err := tx.AdvanceChannel(at.Channel.Key, 0, -1); err != nil {
		return err
	}
	return s.scaleIn(tx, events, at)
}

// unseat ends the memberships of somebody who becomes a moderator of an elastic channel, or is one
// no longer: members and moderators sit differently. Elsewhere it changes nothing.
func (s *Service) unseat(tx store.Tx, events *events, e *entry, who store.Standing) error {
	if !e.elastic() {
		return nil
	}
	return s.leaveAll(tx, events, e, who)
}

// scaleIn empties the sub-channel at hand when it has become too small and its members fit
// elsewhere.
func (s *Service) scaleIn(tx store.Tx, events *events, at *entry) error {
	sub, err := tx.SubChannel(at.Channel.Key, at.subChannelID)
	if err != nil || sub.Draining {
		return err
	}
	c := at.Channel.Elastic
	least := (c.TargetMembershipsPerSubChannel*c.MinimumMembershipPercentage + 99) / 100
	others := int64(at.Channel.SubChannels - 1)
	if sub.Members >= int64(least) || others < 1 || at.Channel.Members-1 > others*int64(c.TargetMembershipsPerSubChannel) {
		return nil
	}
	if err := tx.DrainSubChannel(sub); err != nil {
		return err
	}
	_, err = s.drain(tx, events, at, sub)
	return err
}

// drain moves some members out of a sub-channel that is being emptied, and deletes it with its
// messages when none is left. It reports whether it did anything: members who are deleted do not move,
// and are waited for.
func (s *Service) drain(tx store.Tx, events *events, e *entry, sub store.SubChannel) (worked bool, err error) {
	for moved := 0; moved < moveStep; {
		to, err := tx.EmptiestSubChannel(e.Channel.Key, sub.Key)
		if err != nil {
			return false, err
		}
		n, err := s.moveMembers(tx, events, e, sub, to, moveStep-moved)
		if err != nil {
			return false, err
		}
		if n == 0 && sub.Members > int64(moved) {
			return moved > 0, nil
		}
		if n == 0 {
			return true, s.closeSubChannel(tx, events, e, sub)
		}
		moved += n
	}
	return true, nil
}

// closeSubChannel deletes an empty sub-channel. Moderators who sit in it are told why they do no
// longer.
func (s *Service) closeSubChannel(tx store.Tx, events *events, e *entry, sub store.SubChannel) error {
	moderators, err := tx.ListChannelMemberships(sub.Key, false, 0, maxScan)
	if err != nil {
		return err
	}
	for _, m := range moderators {
		if err := tx.RemoveSeat(e.Channel.Key, sub.Key, m.Member); err != nil {
			return err
		}
		if err := tx.DeleteChannelMembership(sub.Key, m.Member); err != nil {
			return err
		}
		sequence, err := tx.AdvanceChannel(sub.Key, 1, 0)
		if err != nil {
			return err
		}
		out := describeMembership(e.channelARN, m)
		out.SubChannelId = sub.ID
		left := events.add("DELETE_CHANNEL_MEMBERSHIP", e.in(sub.Key, sub.ID), sequence, bus.Audience{Left: []string{out.Member.Arn}}, out)
		left.leaver, left.Reason = m.Member, "subchannel_DELETED"
	}
	at := e.in(sub.Key, sub.ID)
	last, err := tx.AdvanceChannel(sub.Key, 0, 0)
	if err != nil {
		return err
	}
	events.stream("DELETE_SUB_CHANNEL", at, last, func() api.Output { return at.describeSubChannel() })
	return s.endChannel(tx, sub.Key)
}

// describeSubChannel is the sub-channel at hand as streams show it.
func (e *entry) describeSubChannel() api.Output {
	return &api.ChannelMembership{ChannelArn: e.channelARN.String(), SubChannelId: e.subChannelID}
}

// drainSubChannels goes on with a sub-channel that is being emptied.
func (s *Service) drainSubChannels(tx store.Tx, events *events) (progress, error) {
	sub, err := tx.DrainingSubChannel()
	if err != nil {
		return progress{}, missing(err, nil)
	}
	where, err := tx.ChannelOf(sub)
	if err != nil {
		return progress{}, err
	}
	e, err := s.reenter(tx, s.channelARN(where))
	if err != nil || e == nil {
		return progress{}, err
	}
	worked, err := s.drain(tx, events, e, sub)
	return progress{more: worked}, err
}

// ListSubChannels lists the sub-channels of an elastic channel to those who moderate it.
func (s *Service) ListSubChannels(ctx context.Context, caller *api.Caller, in *api.ListSubChannelsRequest) (*api.ListSubChannelsResponse, error) {
	p, err := s.page(caller, "ListSubChannels", in.MaxResults, in.NextToken, in.ChannelArn)
	if err != nil {
		return nil, err
	}
	out := &api.ListSubChannelsResponse{ChannelArn: in.ChannelArn, SubChannels: []api.SubChannelSummary{}}
	err = s.store.View(ctx, func(tx store.Tx) error {
		e, err := s.moderate(tx, caller, in.ChannelArn, errForbidden)
		if err != nil {
			return err
		}
		if !e.elastic() {
			return api.Errorf(api.BadRequest, "The channel is not elastic.")
		}
		list, err := tx.ListSubChannels(e.Channel.Key, p.after, p.fetch())
		if err != nil {
			return err
		}
		list, out.NextToken = cut(p, list, func(b store.SubChannel) store.Key { return b.Key })
		for _, b := range list {
			out.SubChannels = append(out.SubChannels, api.SubChannelSummary{SubChannelId: b.ID, MembershipCount: int(b.Members)})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
