package e2e

import (
	"strings"

	"carillon/api"
)

// impossible is a declared error that some operations never answer.
type impossible struct {
	kind       api.Kind
	operations []string
	of         string // the operations in words, where naming them is too much
	why        string
}

// never lists every declared error that no request brings about.
var never = []impossible{
	{
		kind: api.Unauthorized, operations: withoutBearer(), of: "every operation that takes no bearer",
		why: "It says that the bearer is nobody, and there is none; a wrong signature is told under the names of an AWS front end",
	},
	{
		kind: api.Forbidden, operations: []string{"CreateAppInstance", "ListAppInstances", "GetMessagingSessionEndpoint"},
		why: "They name nothing that could be out of the caller's reach",
	},
	{
		kind: api.Forbidden, operations: []string{
			"TagResource", "UntagResource", "ListTagsForResource",
			"PutMessagingStreamingConfigurations", "GetMessagingStreamingConfigurations", "DeleteMessagingStreamingConfigurations",
			"PutAppInstanceRetentionSettings", "GetAppInstanceRetentionSettings", "DescribeAppInstanceBot",
		},
		why: "What is not there, or belongs to another account, is `NotFoundException`, which they declare too",
	},
	{
		kind: api.Conflict, operations: []string{
			"UpdateAppInstance", "UpdateAppInstanceUser", "UpdateAppInstanceBot", "UpdateAppInstanceUserEndpoint",
			"UpdateChannel", "UpdateChannelFlow", "UpdateChannelReadMarker",
			"PutAppInstanceRetentionSettings", "PutAppInstanceUserExpirationSettings", "PutChannelExpirationSettings",
			"PutChannelMembershipPreferences", "PutMessagingStreamingConfigurations",
		},
		why: "Changes are made one after the other, and the last one holds",
	},
	{
		kind: api.Conflict, operations: []string{
			"DeleteAppInstanceAdmin", "DeleteAppInstanceBot", "DeleteAppInstanceUser", "DeleteChannel", "DeleteChannelMembership", "DisassociateChannelFlow",
		},
		why: "Nothing that depends on it keeps it: roles and memberships go with it",
	},
	{
		kind: api.ResourceLimitExceeded, operations: []string{
			"DeleteAppInstance", "DeleteAppInstanceAdmin", "DeleteAppInstanceBot", "DeleteAppInstanceUser",
			"ListAppInstanceAdmins", "ListAppInstanceBots", "UpdateAppInstanceBot", "UpdateAppInstanceUser",
		},
		why: "They add nothing",
	},
	{
		kind: api.ResourceLimitExceeded, operations: []string{"CreateAppInstanceBot", "CreateChannelBan"},
		why: "AWS publishes no quota of bots or bans, and there is none",
	},
}

func withoutBearer() (names []string) {
	for i := range api.Operations {
		if op := &api.Operations[i]; op.Bearer == api.None {
			names = append(names, op.Name)
		}
	}
	return names
}

// neverOccurs is why an operation never answers a kind that it declares; nil when it does.
func neverOccurs(op *api.Operation, kind api.Kind) *impossible {
	for i, row := range never {
		for _, name := range row.operations {
			if name == op.Name && row.kind == kind {
				return &never[i]
			}
		}
	}
	return nil
}

// String is the row of the page for users.
func (i impossible) String() string {
	of := i.of
	if of == "" {
		of = strings.Join(i.operations, ", ")
	}
	return "| `" + i.kind.Exception() + "` of " + of + " | " + i.why + " | `TestDeclaredErrors` |"
}
