// Package arn is the word for names of resources: it parses, builds and takes apart the ARNs of
// app instances, users, bots, channels and channel flows.
//
// It knows the shape of a name and nothing else: no store, no wire, no rule about who may use a
// name. The formats are those of the Amazon Chime SDK messaging API:
//
//	arn:{partition}:chime:{region}:{account}:app-instance/{id}
//	arn:{partition}:chime:{region}:{account}:app-instance/{id}/{user|bot|channel|channel-flow}/{id}
//
// Ids of users and channels may hold ':', '@' and '.', so a name is never split after its fifth
// colon except at the slashes of the form above.
package arn

import (
	"errors"
	"strings"
)

// Kind says which resource an ARN names.
type Kind uint8

// The kinds of resource that have an ARN of their own.
const (
	AppInstance Kind = iota + 1
	User
	Bot
	Channel
	ChannelFlow
)

var kindNames = [...]string{0: "unknown", AppInstance: "app-instance", User: "user", Bot: "bot", Channel: "channel", ChannelFlow: "channel-flow"}

// String returns the word of the kind inside an ARN, such as "channel-flow".
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return kindNames[0]
}

// ErrMalformed is the answer of Parse to a string that names no resource of this service.
var ErrMalformed = errors.New("arn: not the ARN of an app instance, user, bot, channel or channel flow")

// ARN is the name of one resource. The zero value names nothing.
type ARN struct {
	Partition string // "aws"
	Region    string // "us-east-1"
	Account   string // twelve digits
	Instance  string // the id of the app instance the resource belongs to, or is
	Kind      Kind
	ID        string // the id below the app instance; empty when Kind is AppInstance
}

// Parse takes an ARN apart. It accepts exactly what String builds and answers ErrMalformed to
// everything else.
func Parse(s string) (ARN, error) {
	rest, ok := strings.CutPrefix(s, "arn:")
	if !ok {
		return ARN{}, ErrMalformed
	}
	var a ARN
	var service string
	for _, part := range []*string{&a.Partition, &service, &a.Region, &a.Account} {
		if *part, rest, ok = strings.Cut(rest, ":"); !ok {
			return ARN{}, ErrMalformed
		}
	}
	if service != "chime" || a.Partition == "" || a.Account == "" {
		return ARN{}, ErrMalformed
	}
	if rest, ok = strings.CutPrefix(rest, "app-instance/"); !ok {
		return ARN{}, ErrMalformed
	}
	instance, below, isBelow := strings.Cut(rest, "/")
	if instance == "" {
		return ARN{}, ErrMalformed
	}
	a.Instance = instance
	if !isBelow {
		a.Kind = AppInstance
		return a, nil
	}
	kind, id, ok := strings.Cut(below, "/")
	if !ok || id == "" || strings.Contains(id, "/") {
		return ARN{}, ErrMalformed
	}
	switch kind {
	case "user":
		a.Kind = User
	case "bot":
		a.Kind = Bot
	case "channel":
		a.Kind = Channel
	case "channel-flow":
		a.Kind = ChannelFlow
	default:
		return ARN{}, ErrMalformed
	}
	a.ID = id
	return a, nil
}

// String builds the ARN. The zero value gives "".
func (a ARN) String() string {
	switch a.Kind {
	case 0:
		return ""
	case AppInstance:
		return "arn:" + a.Partition + ":chime:" + a.Region + ":" + a.Account + ":app-instance/" + a.Instance
	default:
		return "arn:" + a.Partition + ":chime:" + a.Region + ":" + a.Account + ":app-instance/" + a.Instance +
			"/" + a.Kind.String() + "/" + a.ID
	}
}

// Of returns the name of a resource in the same app instance: the app instance itself when kind is
// AppInstance.
func (a ARN) Of(kind Kind, id string) ARN {
	a.Kind, a.ID = kind, id
	if kind == AppInstance {
		a.ID = ""
	}
	return a
}

// IsIdentity reports whether the ARN names somebody who can act and be a member: a user or a bot.
func (a ARN) IsIdentity() bool { return a.Kind == User || a.Kind == Bot }

// SameInstance reports whether two resources live in one app instance of one account.
func (a ARN) SameInstance(b ARN) bool {
	return a.Instance == b.Instance && a.Account == b.Account && a.Region == b.Region && a.Partition == b.Partition
}
