package chat

import (
	"context"
	"time"

	"carillon/api"
	"carillon/store"
)

const day = 24 * time.Hour

// retentionGrace is how long messages beyond the retention are kept, hidden, before they are deleted.
const retentionGrace = 30 * day

// PutAppInstanceRetentionSettings says for how many days the messages of an app instance are kept, or
// that they are kept for ever. Older ones are hidden at once; to delete them begins after a time of
// grace, in which they come back when the settings let them. Settings that are there already stay as
// they are: their time of grace does not begin again.
func (s *Service) PutAppInstanceRetentionSettings(ctx context.Context, caller *api.Caller, in *api.PutAppInstanceRetentionSettingsRequest) (*api.PutAppInstanceRetentionSettingsResponse, error) {
	retention := store.Retention{}
	if settings := in.AppInstanceRetentionSettings; settings != nil && settings.ChannelRetentionSettings != nil {
		retention.Days = settings.ChannelRetentionSettings.RetentionDays
	}
	err := s.store.Update(ctx, func(tx store.Tx) error {
		instance, err := s.foundInstance(tx, caller, in.AppInstanceArn)
		if err != nil {
			return err
		}
		if instance.Retention.Days == retention.Days {
			retention = instance.Retention
			return nil
		}
		if retention.Days > 0 {
			retention.Deletes = s.Now().Add(retentionGrace)
		}
		return tx.SetRetention(instance.Key, retention)
	})
	if err != nil {
		return nil, err
	}
	settings, deletes := describeRetention(retention)
	return &api.PutAppInstanceRetentionSettingsResponse{AppInstanceRetentionSettings: settings, InitiateDeletionTimestamp: deletes}, nil
}

// GetAppInstanceRetentionSettings tells for how many days messages are kept, and from when on older
// ones are deleted.
func (s *Service) GetAppInstanceRetentionSettings(ctx context.Context, caller *api.Caller, in *api.GetAppInstanceRetentionSettingsRequest) (*api.GetAppInstanceRetentionSettingsResponse, error) {
	var retention store.Retention
	err := s.store.View(ctx, func(tx store.Tx) error {
		instance, err := s.foundInstance(tx, caller, in.AppInstanceArn)
		retention = instance.Retention
		return err
	})
	if err != nil {
		return nil, err
	}
	settings, deletes := describeRetention(retention)
	return &api.GetAppInstanceRetentionSettingsResponse{AppInstanceRetentionSettings: settings, InitiateDeletionTimestamp: deletes}, nil
}

// describeRetention is a retention as the API shows it; without one there are settings without days.
func describeRetention(r store.Retention) (*api.AppInstanceRetentionSettings, api.Timestamp) {
	return &api.AppInstanceRetentionSettings{ChannelRetentionSettings: &api.ChannelRetentionSettings{RetentionDays: r.Days}}, api.Time(r.Deletes)
}

// visibleSince is the time before which the messages of the channel are hidden; zero when none is.
func (e *entry) visibleSince(now time.Time) time.Time {
	if e.Retention.Days == 0 {
		return time.Time{}
	}
	return now.Add(-time.Duration(e.Retention.Days) * day)
}

// keeps reports whether a message of the channel is not beyond the retention.
func (e *entry) keeps(m store.ChannelMessage, now time.Time) bool {
	return !m.Created.Before(e.visibleSince(now))
}

// deleteOverdue deletes messages beyond the retention whose time of grace is over.
func (s *Service) deleteOverdue(tx store.Tx, _ *events) (progress, error) {
	now := s.Now()
	list, err := tx.ListOverdue(now, s.sweepBatch)
	done := progress{more: len(list) > 0}
	for _, overdue := range list {
		if err != nil || done.removed >= s.sweepBatch {
			break
		}
		var n int
		n, err = tx.DeleteOverdue(overdue, now, s.sweepBatch-done.removed)
		done.removed += n
	}
	return done, err
}
