package chat_test

import "carillon/api"

// retention are settings that keep messages for some days; 0 keeps them for ever.
func retention(days int) *api.AppInstanceRetentionSettings {
	return &api.AppInstanceRetentionSettings{ChannelRetentionSettings: &api.ChannelRetentionSettings{RetentionDays: days}}
}
