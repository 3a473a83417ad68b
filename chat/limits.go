package chat

import (
	"carillon/api"
)

// Limits are the quotas that an operator can set. 0 is no limit.
type Limits struct {
	AppInstancesPerAccount int
	UsersPerAppInstance    int
	AdminsPerAppInstance   int
	ChannelsPerAppInstance int
	MembershipsPerChannel  int
	ChannelsPerUser        int
	ModeratorsPerChannel   int
	EndpointsPerUser       int

	ChannelFlowsPerAppInstance int
	// ProcessorsPerChannelFlow can only lower what the wire allows, which is 3.
	ProcessorsPerChannelFlow int

	// SearchableMemberships is how many channels the user may be in whose channels SearchChannels
	// goes through.
	SearchableMemberships         int
	ElasticChannelsPerAppInstance int
	SubChannelsPerElasticChannel  int
	MembershipsPerSubChannel      int
	// MembersPerBatch is the greatest number of MemberArns in one BatchCreateChannelMembership.
	// It is never unlimited: 0 is taken for 100.
	MembersPerBatch int
}

// Limits that AWS does not let anybody change, and neither do we.
const (
	maxMetadataBytes = 1024
	maxTags          = 50
)

// OpenLimits sets nothing but what the wire demands.
func OpenLimits() Limits { return Limits{MembersPerBatch: 100} }

// AWSLimits are the default quotas that AWS publishes.
func AWSLimits() Limits {
	return Limits{
		AppInstancesPerAccount: 100,
		UsersPerAppInstance:    100_000,
		AdminsPerAppInstance:   100,
		ChannelsPerAppInstance: 10_000_000,
		MembershipsPerChannel:  10_000,
		ChannelsPerUser:        20_000,
		ModeratorsPerChannel:   1_000,
		EndpointsPerUser:       10,

		ChannelFlowsPerAppInstance: 100,
		ProcessorsPerChannelFlow:   1,

		SearchableMemberships: 1_000,

		ElasticChannelsPerAppInstance: 1,
		SubChannelsPerElasticChannel:  100,
		MembershipsPerSubChannel:      1_000,
		MembersPerBatch:               100,
	}
}

// within answers ResourceLimitExceeded when one more would be more than limit. count counts up to a
// bound.
func within(limit int, noun string, count func(bound int) (int, error)) error {
	if limit == 0 {
		return nil
	}
	n, err := count(limit)
	if err != nil {
		return err
	}
	if n >= limit {
		return api.Errorf(api.ResourceLimitExceeded, "The limit of %d %s is reached.", limit, noun)
	}
	return nil
}

// others counts what there is beside the one that this transaction has created. A limit is asked
// after the creation where a name that is taken already has an answer of its own: an app that
// registers its users at every sign-in must not be stopped by a full app instance.
func others(count func(bound int) (int, error)) func(bound int) (int, error) {
	return func(bound int) (int, error) {
		n, err := count(bound + 1)
		return n - 1, err
	}
}

// checkMetadata holds metadata to its size, which counts bytes.
func checkMetadata(text *string) error {
	if text != nil && len(*text) > maxMetadataBytes {
		return api.Violation("Metadata", "Member must have at most 1024 bytes of UTF-8")
	}
	return nil
}
