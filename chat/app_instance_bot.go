package chat

import (
	"context"
	"encoding/json"
	"regexp"

	"carillon/api"
	"carillon/arn"
	"carillon/store"
)

var errNoBot = api.Errorf(api.NotFound, "The app instance bot does not exist.")

// CreateAppInstanceBot makes a bot, which from then on may be and do in channels what users may.
func (s *Service) CreateAppInstanceBot(ctx context.Context, caller *api.Caller, in *api.CreateAppInstanceBotRequest) (*api.CreateAppInstanceBotResponse, error) {
	if err := checkMetadata(in.Metadata); err != nil {
		return nil, err
	}
	tags, err := checkTags(in.Tags)
	if err != nil {
		return nil, err
	}
	configuration, err := checkConfiguration(in.Configuration)
	if err != nil {
		return nil, err
	}
	var created string
	err = s.store.Update(ctx, func(tx store.Tx) error {
		instance, a, err := s.appInstance(tx, caller, in.AppInstanceArn)
		if err != nil {
			return err
		}
		created, err = s.once(tx, caller.Account, "CreateAppInstanceBot", in.ClientRequestToken, in, func() (string, error) {
			now := s.Now()
			bot := store.Identity{
				Key: s.keys.Next(), Instance: instance.Key, Kind: arn.Bot, ID: s.newID(),
				Name: in.Name, Metadata: given(in.Metadata), Created: now, Updated: now,
			}
			if err := tx.CreateIdentity(bot); err != nil {
				return "", err
			}
			if err := tx.SetBotConfiguration(bot.Key, configuration); err != nil {
				return "", err
			}
			return a.Of(arn.Bot, bot.ID).String(), tx.PutTags(bot.Key, tags)
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	return &api.CreateAppInstanceBotResponse{AppInstanceBotArn: created}, nil
}

// DescribeAppInstanceBot tells everything of a bot. One that is not there is NotFound: this is one of
// the few operations that have the word.
func (s *Service) DescribeAppInstanceBot(ctx context.Context, caller *api.Caller, in *api.DescribeAppInstanceBotRequest) (*api.DescribeAppInstanceBotResponse, error) {
	var out *api.AppInstanceBot
	err := s.store.View(ctx, func(tx store.Tx) error {
		bot, err := s.registered(tx, caller, in.AppInstanceBotArn, arn.Bot, errNoBot)
		if err != nil {
			return err
		}
		text, err := tx.BotConfiguration(bot.Key)
		if err != nil {
			return err
		}
		out = &api.AppInstanceBot{
			AppInstanceBotArn: in.AppInstanceBotArn, Name: bot.Name, Metadata: optional(bot.Metadata),
			CreatedTimestamp: api.Time(bot.Created), LastUpdatedTimestamp: api.Time(bot.Updated),
		}
		return json.Unmarshal([]byte(text), &out.Configuration)
	})
	if err != nil {
		return nil, err
	}
	return &api.DescribeAppInstanceBotResponse{AppInstanceBot: out}, nil
}

// UpdateAppInstanceBot replaces the name and the metadata, and the configuration where one is given.
func (s *Service) UpdateAppInstanceBot(ctx context.Context, caller *api.Caller, in *api.UpdateAppInstanceBotRequest) (*api.UpdateAppInstanceBotResponse, error) {
	if err := checkMetadata(&in.Metadata); err != nil {
		return nil, err
	}
	configuration, err := checkConfiguration(in.Configuration)
	if err != nil {
		return nil, err
	}
	err = s.store.Update(ctx, func(tx store.Tx) error {
		bot, err := s.registered(tx, caller, in.AppInstanceBotArn, arn.Bot, errForbidden)
		if err != nil {
			return err
		}
		bot.Name, bot.Metadata, bot.Updated = in.Name, in.Metadata, s.Now()
		s.identityChanged(tx)
		if err := tx.UpdateIdentity(bot); err != nil || configuration == "" {
			return err
		}
		return tx.SetBotConfiguration(bot.Key, configuration)
	})
	if err != nil {
		return nil, err
	}
	return &api.UpdateAppInstanceBotResponse{AppInstanceBotArn: in.AppInstanceBotArn}, nil
}

// DeleteAppInstanceBot ends a bot as DeleteAppInstanceUser ends a user.
func (s *Service) DeleteAppInstanceBot(ctx context.Context, caller *api.Caller, in *api.DeleteAppInstanceBotRequest) error {
	return s.deleteIdentity(ctx, caller, in.AppInstanceBotArn, arn.Bot)
}

// ListAppInstanceBots lists the bots of an app instance.
func (s *Service) ListAppInstanceBots(ctx context.Context, caller *api.Caller, in *api.ListAppInstanceBotsRequest) (*api.ListAppInstanceBotsResponse, error) {
	p, err := s.page(caller, "ListAppInstanceBots", in.MaxResults, in.NextToken, in.AppInstanceArn)
	if err != nil {
		return nil, err
	}
	out := &api.ListAppInstanceBotsResponse{AppInstanceArn: in.AppInstanceArn, AppInstanceBots: []api.AppInstanceBotSummary{}}
	err = s.store.View(ctx, func(tx store.Tx) error {
		instance, a, err := s.appInstance(tx, caller, in.AppInstanceArn)
		if err != nil {
			return err
		}
		list, err := tx.ListIdentities(instance.Key, arn.Bot, p.after, p.fetch())
		if err != nil {
			return err
		}
		list, out.NextToken = cut(p, list, func(i store.Identity) store.Key { return i.Key })
		for _, i := range list {
			out.AppInstanceBots = append(out.AppInstanceBots, api.AppInstanceBotSummary{
				AppInstanceBotArn: a.Of(i.Kind, i.ID).String(), Name: i.Name, Metadata: optional(i.Metadata),
			})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// botAlias is a whole Lex alias: the pattern in the models is satisfied by one inside another text.
var botAlias = regexp.MustCompile(`^arn:aws:lex:[a-z]{2}-[a-z]+-\d:\d{12}:bot-alias/[A-Z0-9]{10}/[A-Z0-9]{10}$`)

// checkConfiguration holds the configuration of a bot to the rules that the models do not state, and
// returns its text; none without one.
func checkConfiguration(in *api.Configuration) (string, error) {
	if in == nil {
		return "", nil
	}
	if in.Lex == nil || !botAlias.MatchString(in.Lex.LexBotAliasArn) {
		return "", api.Violation("Configuration.Lex.LexBotAliasArn", "Member must be the ARN of an alias of a Lex V2 bot")
	}
	text, err := json.Marshal(in)
	return string(text), err
}
