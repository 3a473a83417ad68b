package chat

import (
	"context"
	"strings"

	"carillon/api"
	"carillon/arn"
	"carillon/store"
)

var errTagResource = api.Errorf(api.NotFound, "The resource does not exist.")

// TagResource sets tags on an app instance, user, bot, channel or channel flow.
func (s *Service) TagResource(ctx context.Context, caller *api.Caller, in *api.TagResourceRequest) error {
	tags, err := checkTags(in.Tags)
	if err != nil {
		return err
	}
	return s.store.Update(ctx, func(tx store.Tx) error {
		key, err := s.taggable(tx, caller, in.ResourceARN)
		if err != nil {
			return err
		}
		if err := tx.PutTags(key, tags); err != nil {
			return err
		}
		all, err := tx.Tags(key)
		if err != nil {
			return err
		}
		if len(all) > maxTags {
			return api.Errorf(api.ResourceLimitExceeded, "A resource can have at most %d tags.", maxTags)
		}
		return nil
	})
}

// UntagResource removes tags; those that are not there are passed over.
func (s *Service) UntagResource(ctx context.Context, caller *api.Caller, in *api.UntagResourceRequest) error {
	return s.store.Update(ctx, func(tx store.Tx) error {
		key, err := s.taggable(tx, caller, in.ResourceARN)
		if err != nil {
			return err
		}
		return tx.DeleteTags(key, in.TagKeys)
	})
}

// ListTagsForResource lists all tags of a resource.
func (s *Service) ListTagsForResource(ctx context.Context, caller *api.Caller, in *api.ListTagsForResourceRequest) (*api.ListTagsForResourceResponse, error) {
	out := &api.ListTagsForResourceResponse{Tags: []api.Tag{}}
	err := s.store.View(ctx, func(tx store.Tx) error {
		key, err := s.taggable(tx, caller, in.ResourceARN)
		if err != nil {
			return err
		}
		tags, err := tx.Tags(key)
		for _, t := range tags {
			out.Tags = append(out.Tags, api.Tag{Key: t.Key, Value: t.Value})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// taggable finds the key of the resource of that name.
func (s *Service) taggable(tx store.Tx, caller *api.Caller, name string) (store.Key, error) {
	a, err := arn.Parse(name)
	if err != nil {
		return 0, errInvalidARN
	}
	if !s.local(caller, a) {
		return 0, errTagResource
	}
	instance, err := tx.AppInstance(a.Account, a.Instance)
	if err != nil {
		return 0, missing(err, errTagResource)
	}
	switch a.Kind {
	case arn.AppInstance:
		return instance.Key, nil
	case arn.User, arn.Bot:
		who, err := tx.Identity(instance.Key, ref(a))
		return who.Key, missing(err, errTagResource)
	case arn.Channel:
		e, err := tx.EnterChannel(store.ChannelRef{Account: a.Account, Instance: a.Instance, ID: a.ID}, store.IdentityRef{})
		if err == nil && e.Channel.Key == 0 {
			return 0, errTagResource
		}
		return e.Channel.Key, missing(err, errTagResource)
	case arn.ChannelFlow:
		flow, err := tx.ChannelFlow(instance.Key, a.ID)
		return flow.Key, missing(err, errTagResource)
	}
	return 0, errTagResource
}

// checkTags reads the tags of a request: no key twice, and none of the keys that AWS keeps for
// itself.
func checkTags(in []api.Tag) ([]store.Tag, error) {
	tags := make([]store.Tag, 0, len(in))
	seen := make(map[string]bool, len(in))
	for _, t := range in {
		if strings.HasPrefix(strings.ToLower(t.Key), "aws:") {
			return nil, api.Violation("Tags", "Member must not have a key that begins with aws:")
		}
		if seen[t.Key] {
			return nil, api.Violation("Tags", "Member must not have the same key twice")
		}
		seen[t.Key] = true
		tags = append(tags, store.Tag{Key: t.Key, Value: t.Value})
	}
	return tags, nil
}
