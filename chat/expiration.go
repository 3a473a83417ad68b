package chat

import (
	"carillon/api"
	"carillon/store"
)

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
