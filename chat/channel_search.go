package chat

import (
	"context"
	"encoding/json"
	"slices"

	"carillon/api"
	"carillon/arn"
	"carillon/store"
)

// searchScan bounds how many channels one page of a search looks at. A page may be short because of
// it, and the next one goes on from there.
const searchScan = 500

// SearchChannels finds channels by who is in them. An admin, or a caller without a bearer, searches
// all channels of the app instance; anybody else its own, and must be one of those it looks for.
// Hidden members count neither for what is found nor for what is not; elastic channels are not found.
func (s *Service) SearchChannels(ctx context.Context, caller *api.Caller, in *api.SearchChannelsRequest) (*api.SearchChannelsResponse, error) {
	fields, err := json.Marshal(in.Fields)
	if err != nil {
		return nil, err
	}
	p, err := s.page(caller, "SearchChannels", in.MaxResults, in.NextToken, string(fields))
	if err != nil {
		return nil, err
	}
	out := &api.SearchChannelsResponse{Channels: []api.ChannelSummary{}}
	err = s.store.View(ctx, func(tx store.Tx) error {
		q, err := s.searchQuery(tx, caller, in)
		if err != nil {
			return err
		}
		if q.nobody {
			caller.Explain(string(ruleSearchNobody))
			return nil
		}
		found, last, more, err := q.run(tx, p)
		if err != nil {
			return err
		}
		if more && len(found) <= p.limit {
			out.NextToken = p.token(last)
		} else {
			found, out.NextToken = cut(p, found, func(m store.ListedMembership) store.Key { return m.Key })
		}
		for _, m := range found {
			out.Channels = append(out.Channels, summary(q.instance, m.In))
		}
		explainEmpty(caller, len(found), ruleSearchHidden)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// search is a search with its names looked up.
type search struct {
	instance arn.ARN
	primary  store.Key // whose memberships are gone through
	fields   []searchField
	// nobody is set when somebody who must be in the channel does not exist.
	nobody bool
}

type searchField struct {
	members []store.Key
	equals  bool // there are no other members
}

// searchQuery reads who searches, and looks up whom it searches for.
func (s *Service) searchQuery(tx store.Tx, caller *api.Caller, in *api.SearchChannelsRequest) (*search, error) {
	var bearer arn.ARN
	var actor store.Standing
	var err error
	if caller.Bearer != "" {
		if actor, bearer, err = s.actor(tx, caller); err != nil {
			return nil, err
		}
	} else if bearer, actor, err = s.searchInstance(tx, caller, in.Fields[0].Values[0]); err != nil {
		return nil, err
	}
	q := &search{instance: bearer}
	includesSelf := false
	for _, field := range in.Fields {
		refs := make([]store.IdentityRef, 0, len(field.Values))
		for _, name := range distinct(field.Values) {
			a, r, err := identity(name, bearer)
			if err != nil {
				return nil, err
			}
			includesSelf = includesSelf || a == bearer
			refs = append(refs, r)
		}
		found, err := tx.Standings(actor.Instance, 0, refs)
		if err != nil {
			return nil, err
		}
		f := searchField{equals: field.Operator == api.SearchFieldOperatorEquals}
		for _, who := range found {
			q.nobody = q.nobody || !who.Exists()
			f.members = append(f.members, who.Key)
		}
		q.fields = append(q.fields, f)
	}
	q.primary = q.fields[0].members[0]
	primary := in.Fields[0].Values[0]
	if !actor.Admin {
		if !includesSelf {
			return nil, api.Errorf(api.BadRequest, "AppInstanceUser must include its own ARN for MEMBERS field")
		}
		q.primary, primary = actor.Key, bearer.String()
	}
	if limit := s.limits.SearchableMemberships; limit > 0 && !q.nobody {
		n, err := tx.CountMembershipsOf(q.primary, limit+1)
		if err != nil {
			return nil, err
		}
		if n > limit {
			return nil, api.Errorf(api.BadRequest, "Primary search user %s exceeds channel membership limit to perform search.", primary)
		}
	}
	return q, nil
}

// searchInstance is the app instance of a search without a bearer: that of the first it looks for.
// Such a caller has the powers of an admin.
func (s *Service) searchInstance(tx store.Tx, caller *api.Caller, name string) (arn.ARN, store.Standing, error) {
	a, err := arn.Parse(name)
	if err != nil || !a.IsIdentity() || !s.local(caller, a) {
		return arn.ARN{}, store.Standing{}, errInvalidARN
	}
	instance, err := tx.AppInstance(a.Account, a.Instance)
	if err != nil {
		return arn.ARN{}, store.Standing{}, notThere(err, errForbidden, ruleNoInstance)
	}
	return a, store.Standing{Identity: store.Identity{Instance: instance.Key}, Admin: true}, nil
}

// run goes through the memberships of the primary user until the page is full. last is how far it
// came, and more whether there is anything beyond.
func (q *search) run(tx store.Tx, p *page) (found []store.ListedMembership, last store.Key, more bool, err error) {
	last = p.after
	for looked := 0; looked < searchScan; {
		candidates, err := tx.ListMembershipsOf(q.primary, last, defaultPage)
		if err != nil {
			return nil, 0, false, err
		}
		looked += len(candidates)
		full := len(candidates) == defaultPage
		if full {
			last = candidates[defaultPage-1].Key
		}
		matching, err := q.match(tx, candidates)
		if err != nil {
			return nil, 0, false, err
		}
		if found = append(found, matching...); len(found) >= p.fetch() {
			return found[:p.fetch()], last, false, nil
		}
		if !full {
			return found, last, false, nil
		}
	}
	return found, last, true, nil
}

// match keeps the channels that every field matches. It uses up the list.
func (q *search) match(tx store.Tx, candidates []store.ListedMembership) ([]store.ListedMembership, error) {
	candidates = slices.DeleteFunc(candidates, func(m store.ListedMembership) bool {
		return m.Hidden || m.In.Elastic.MaximumSubChannels > 0
	})
	for _, field := range q.fields {
		channels := make([]store.Key, len(candidates))
		for i, m := range candidates {
			channels[i] = m.Channel
		}
		among, all, err := tx.CountVisibleMembers(channels, field.members)
		if err != nil {
			return nil, err
		}
		i := -1
		candidates = slices.DeleteFunc(candidates, func(store.ListedMembership) bool {
			i++
			return among[i] != len(field.members) || field.equals && all[i] != len(field.members)
		})
	}
	return candidates, nil
}
