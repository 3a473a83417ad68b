package chat

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"carillon/api"
	"carillon/arn"
	"carillon/store"
)

var (
	errNoFlow    = api.Errorf(api.NotFound, "The channel flow does not exist.")
	errOtherFlow = api.Errorf(api.Conflict, "The channel is associated with another channel flow.")
	errFlowInUse = api.Errorf(api.Conflict, "The channel flow is associated with a channel.")
	errNotOfFlow = api.Errorf(api.NotFound, "The channel is not associated with the channel flow.")
)

// CreateChannelFlow makes a flow. It does nothing until a channel is associated with it.
func (s *Service) CreateChannelFlow(ctx context.Context, caller *api.Caller, in *api.CreateChannelFlowRequest) (*api.CreateChannelFlowResponse, error) {
	tags, err := checkTags(in.Tags)
	if err != nil {
		return nil, err
	}
	var created string
	err = s.store.Update(ctx, func(tx store.Tx) error {
		instance, a, err := s.appInstance(tx, caller, in.AppInstanceArn)
		if err != nil {
			return err
		}
		processors, err := s.checkProcessors(caller, in.Processors)
		if err != nil {
			return err
		}
		created, err = s.once(tx, caller.Account, "CreateChannelFlow", in.ClientRequestToken, in, func() (string, error) {
			err := within(s.limits.ChannelFlowsPerAppInstance, "channel flows per app instance", func(bound int) (int, error) {
				return tx.CountChannelFlows(instance.Key, bound)
			})
			if err != nil {
				return "", err
			}
			now := s.Now()
			flow := store.ChannelFlow{
				Key: s.keys.Next(), Instance: instance.Key, ID: s.newID(), Name: in.Name, Processors: processors, Created: now, Updated: now,
			}
			if err := tx.CreateChannelFlow(flow); err != nil {
				return "", err
			}
			return a.Of(arn.ChannelFlow, flow.ID).String(), tx.PutTags(flow.Key, tags)
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	return &api.CreateChannelFlowResponse{ChannelFlowArn: created}, nil
}

// DescribeChannelFlow tells everything of a flow. One that is not there is Forbidden.
func (s *Service) DescribeChannelFlow(ctx context.Context, caller *api.Caller, in *api.DescribeChannelFlowRequest) (*api.DescribeChannelFlowResponse, error) {
	var out *api.ChannelFlow
	err := s.store.View(ctx, func(tx store.Tx) error {
		flow, err := s.channelFlow(tx, caller, in.ChannelFlowArn)
		if err != nil {
			return err
		}
		out = &api.ChannelFlow{
			ChannelFlowArn: in.ChannelFlowArn, Name: flow.Name, Processors: processorsOf(flow.Processors),
			CreatedTimestamp: api.Time(flow.Created), LastUpdatedTimestamp: api.Time(flow.Updated),
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &api.DescribeChannelFlowResponse{ChannelFlow: out}, nil
}

// UpdateChannelFlow replaces the name and the processors. A message that is in the flow goes on to
// the first of the new processors whose place is behind the one it is at.
func (s *Service) UpdateChannelFlow(ctx context.Context, caller *api.Caller, in *api.UpdateChannelFlowRequest) (*api.UpdateChannelFlowResponse, error) {
	err := s.store.Update(ctx, func(tx store.Tx) error {
		flow, err := s.channelFlow(tx, caller, in.ChannelFlowArn)
		if err != nil {
			return err
		}
		if flow.Processors, err = s.checkProcessors(caller, in.Processors); err != nil {
			return err
		}
		flow.Name, flow.Updated = in.Name, s.Now()
		return tx.UpdateChannelFlow(flow)
	})
	if err != nil {
		return nil, err
	}
	return &api.UpdateChannelFlowResponse{ChannelFlowArn: in.ChannelFlowArn}, nil
}

// DeleteChannelFlow ends a flow that no channel is associated with. Messages that are still in it
// come to their end.
func (s *Service) DeleteChannelFlow(ctx context.Context, caller *api.Caller, in *api.DeleteChannelFlowRequest) error {
	return s.store.Update(ctx, func(tx store.Tx) error {
		flow, err := s.channelFlow(tx, caller, in.ChannelFlowArn)
		if err != nil {
			return err
		}
		channels, err := tx.ListChannelsOfFlow(flow.Key, 0, 1)
		if err != nil {
			return err
		}
		if len(channels) > 0 {
			return errFlowInUse
		}
		return tx.DeleteChannelFlow(flow.Key)
	})
}

// ListChannelFlows lists the flows of an app instance.
func (s *Service) ListChannelFlows(ctx context.Context, caller *api.Caller, in *api.ListChannelFlowsRequest) (*api.ListChannelFlowsResponse, error) {
	p, err := s.page(caller, "ListChannelFlows", in.MaxResults, in.NextToken, in.AppInstanceArn)
	if err != nil {
		return nil, err
	}
	out := &api.ListChannelFlowsResponse{ChannelFlows: []api.ChannelFlowSummary{}}
	err = s.store.View(ctx, func(tx store.Tx) error {
		instance, a, err := s.appInstance(tx, caller, in.AppInstanceArn)
		if err != nil {
			return err
		}
		list, err := tx.ListChannelFlows(instance.Key, p.after, p.fetch())
		if err != nil {
			return err
		}
		list, out.NextToken = cut(p, list, func(f store.ChannelFlow) store.Key { return f.Key })
		for _, f := range list {
			out.ChannelFlows = append(out.ChannelFlows, api.ChannelFlowSummary{
				ChannelFlowArn: a.Of(arn.ChannelFlow, f.ID).String(), Name: f.Name, Processors: processorsOf(f.Processors),
			})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// AssociateChannelFlow sends the messages of a channel through a flow, from now on. A channel has at
// most one; associating it with the same one again changes nothing.
func (s *Service) AssociateChannelFlow(ctx context.Context, caller *api.Caller, in *api.AssociateChannelFlowRequest) error {
	return s.store.Update(ctx, func(tx store.Tx) error {
		e, flow, err := s.enterFlow(tx, caller, in.ChannelArn, in.ChannelFlowArn)
		switch {
		case err != nil, e.Channel.Flow == flow.Key:
			return err
		case e.Channel.Flow != 0:
			return errOtherFlow
		}
		return tx.SetChannelFlow(e.Channel.Key, flow.Key)
	})
}

// DisassociateChannelFlow ends the association. Messages that are in the flow come to their end.
func (s *Service) DisassociateChannelFlow(ctx context.Context, caller *api.Caller, in *api.DisassociateChannelFlowRequest) error {
	return s.store.Update(ctx, func(tx store.Tx) error {
		e, flow, err := s.enterFlow(tx, caller, in.ChannelArn, in.ChannelFlowArn)
		if err != nil {
			return err
		}
		if e.Channel.Flow != flow.Key {
			return errNotOfFlow
		}
		return tx.SetChannelFlow(e.Channel.Key, 0)
	})
}

// ListChannelsAssociatedWithChannelFlow lists the channels of a flow, private ones included.
func (s *Service) ListChannelsAssociatedWithChannelFlow(ctx context.Context, caller *api.Caller, in *api.ListChannelsAssociatedWithChannelFlowRequest) (*api.ListChannelsAssociatedWithChannelFlowResponse, error) {
	p, err := s.page(caller, "ListChannelsAssociatedWithChannelFlow", in.MaxResults, in.NextToken, in.ChannelFlowArn)
	if err != nil {
		return nil, err
	}
	out := &api.ListChannelsAssociatedWithChannelFlowResponse{Channels: []api.ChannelAssociatedWithFlowSummary{}}
	err = s.store.View(ctx, func(tx store.Tx) error {
		flow, err := s.channelFlow(tx, caller, in.ChannelFlowArn)
		if err != nil {
			return err
		}
		a, err := arn.Parse(in.ChannelFlowArn)
		if err != nil {
			return err
		}
		list, err := tx.ListChannelsOfFlow(flow.Key, p.after, p.fetch())
		if err != nil {
			return err
		}
		list, out.NextToken = cut(p, list, func(c store.Channel) store.Key { return c.Key })
		for _, c := range list {
			out.Channels = append(out.Channels, api.ChannelAssociatedWithFlowSummary{
				ChannelArn: a.Of(arn.Channel, c.ID).String(), Name: c.Name, Metadata: optional(c.Metadata), Privacy: privacy(c), Mode: mode(c),
			})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// channelFlow reads the flow that a developer names. One that is not there is Forbidden.
func (s *Service) channelFlow(tx store.Tx, caller *api.Caller, name string) (store.ChannelFlow, error) {
	a, err := s.resource(caller, name, arn.ChannelFlow)
	if err != nil {
		return store.ChannelFlow{}, err
	}
	instance, err := tx.AppInstance(a.Account, a.Instance)
	if err != nil {
		return store.ChannelFlow{}, notThere(err, errForbidden, ruleNoInstance)
	}
	flow, err := tx.ChannelFlow(instance.Key, a.ID)
	return flow, notThere(err, errForbidden, ruleNoFlow)
}

// enterFlow enters a channel whose flow somebody who moderates it wants to change, and reads the flow.
func (s *Service) enterFlow(tx store.Tx, caller *api.Caller, channel, name string) (*entry, store.ChannelFlow, error) {
	e, err := s.moderate(tx, caller, channel, errNoChannel)
	if err != nil {
		return nil, store.ChannelFlow{}, err
	}
	a, err := arn.Parse(name)
	if err != nil || a.Kind != arn.ChannelFlow || !a.SameInstance(e.channelARN) {
		return nil, store.ChannelFlow{}, errInvalidARN
	}
	flow, err := tx.ChannelFlow(e.Instance, a.ID)
	return e, flow, missing(err, errNoFlow)
}

// flowARN names the flow of the channel; it is empty when there is none.
func (e *entry) flowARN() string {
	if e.Flow.Key == 0 {
		return ""
	}
	return e.channelARN.Of(arn.ChannelFlow, e.Flow.ID).String()
}

// checkProcessors holds the processors of a flow to the rules that the models do not state, and
// returns their text.
func (s *Service) checkProcessors(caller *api.Caller, list []api.Processor) (string, error) {
	if limit := s.limits.ProcessorsPerChannelFlow; limit > 0 && len(list) > limit {
		return "", api.Violation("Processors", fmt.Sprintf("Member must have length less than or equal to %d", limit))
	}
	places := make(map[int]bool, len(list))
	for _, p := range list {
		if places[p.ExecutionOrder] {
			return "", api.Violation("Processors", "Member must not have the same ExecutionOrder twice")
		}
		places[p.ExecutionOrder] = true
		if !s.owns(caller, "lambda", "function:", p.Configuration.Lambda.ResourceArn) {
			return "", errInvalidARN
		}
	}
	text, err := json.Marshal(list)
	return string(text), err
}

// owns reports whether an ARN names a resource of another service that belongs to the caller's account
// and to our region, and whose own name begins with prefix and goes on.
func (s *Service) owns(caller *api.Caller, service, prefix, name string) bool {
	rest, ok := strings.CutPrefix(name, strings.Join([]string{"arn", s.partition, service, s.region, caller.Account, prefix}, ":"))
	return ok && rest != ""
}

func processorsOf(text string) (list []api.Processor) {
	// The text was written by json.Marshal from the same type.
	_ = json.Unmarshal([]byte(text), &list)
	return list
}

// processorAfter is the processor with the lowest place behind a place; nil when there is none.
func processorAfter(text string, place int) *api.Processor {
	var next *api.Processor
	for _, p := range processorsOf(text) {
		if p.ExecutionOrder > place && (next == nil || p.ExecutionOrder < next.ExecutionOrder) {
			next = &p
		}
	}
	return next
}
