package chat

import (
	"errors"

	"carillon/api"
	"carillon/store"
)

// rule is why somebody is refused something, or does not see it: the part before the colon names it. It
// goes into the reason of an error and, where that is switched on, to the caller, never into the body of an
// answer.
type rule string

// Rules of who acts, and on what there is.
const (
	ruleBearerMalformed = rule("bearer: x-amz-chime-bearer is not the ARN of a user or bot")
	ruleBearerElsewhere = rule("bearer: it is of another account, region or partition than the key that signed")
	ruleBearerUnknown   = rule("bearer: there is no such user or bot")

	ruleElsewhere     = rule("account: the resource is of another account, region or partition than the key that signed")
	ruleOtherInstance = rule("app instance: the bearer is of another one")
	ruleNoInstance    = rule("app instance: there is no such one")
	ruleNoChannel     = rule("channel: there is no such channel")
	ruleNoSubChannel  = rule("sub-channel: there is no such one in the channel")
	ruleNoIdentity    = rule("identity: there is no such user or bot")
	ruleNoAdmin       = rule("admin: the identity is no admin of the app instance")
	ruleNoEndpoint    = rule("endpoint: the user has no such one")
	ruleNoFlow        = rule("channel flow: there is no such one")
	ruleNoInvocation  = rule("channel flow: the processor was not asked under this callback id, or the one it was asked for has gone")
	ruleLateCallback  = rule("channel flow: a processor has 48 hours to call back")
	ruleNoMessage     = rule("message: there is no such message in the channel or sub-channel")
	ruleNotKept       = rule("message: it is older than messages are kept in this channel")
)

// Rules of who may do what.
const (
	ruleModerators      = rule("moderators: this is for moderators of the channel and admins of the app instance")
	ruleAdmins          = rule("admins: this is for admins of the app instance")
	ruleReaders         = rule("privacy: what is in a private channel is for its members, its moderators and admins")
	ruleElasticReaders  = rule("privacy: what is in an elastic channel is for its moderators, for admins, and for the members of the sub-channel")
	ruleSenders         = rule("members: only members send, in an elastic channel in their own sub-channel, and hidden members do not")
	ruleAdding          = rule("members: others are added by moderators and admins, and in an unrestricted channel by members that are not hidden; a public channel may be joined by who is not banned")
	ruleRemoving        = rule("members: others are removed by moderators and admins; members may leave")
	ruleHiddenMembers   = rule("hidden: hidden members are made, and listed, by moderators and admins")
	ruleHiddenMember    = rule("hidden: a hidden member is seen by itself, moderators and admins")
	ruleBanned          = rule("ban: the identity is banned from the channel")
	ruleNotBannable     = rule("ban: admins and moderators cannot be banned")
	ruleOneself         = rule("oneself: others are asked about by admins only")
	ruleNoMember        = rule("members: the identity is no member of the channel")
	ruleNoModerator     = rule("moderators: the identity is no moderator of the channel")
	ruleOwnMembership   = rule("oneself: this is for a member, about its own membership, in a channel that is not elastic")
	ruleOwnMessage      = rule("message: this is for its sender, and while that is a member")
	ruleOwnOrModerated  = rule("message: this is for its sender, while that is a member, and for moderators and admins")
	ruleMessageUnseen   = rule("message: it is targeted at somebody else, or has not been sent")
	rulePrivateChannels = rule("privacy: private channels are listed for admins of the app instance")
)

// Rules by which lists hold less than there is.
const (
	ruleOnlyPublic   = rule("privacy: this lists public channels; private ones are listed for admins that ask for PRIVATE")
	ruleOnlyHidden   = rule("hidden: this lists hidden members; others are listed with Type DEFAULT")
	ruleOnlyVisible  = rule("hidden: hidden members are listed for moderators and admins that ask for HIDDEN")
	ruleUnseen       = rule("message: some are targeted at somebody else, or have not been sent")
	ruleSearchHidden = rule("search: hidden members do not count, and elastic channels are not found")
	ruleSearchNobody = rule("search: one of those that are looked for does not exist")
	ruleRetention    = rule("retention: messages are kept for a time, which is set for the app instance")
)

// because is an error that says by which rule.
func because(err *api.Error, why rule) error {
	explained := *err
	explained.Reason = string(why)
	return &explained
}

// refuse is Forbidden by a rule, to the bearer as what it is here.
func (e *entry) refuse(why rule) error {
	return because(errForbidden, why+"; the bearer is "+rule(e.standing()))
}

// explainEmpty notes a rule by which a list may be empty, if it is.
func explainEmpty(caller *api.Caller, n int, why rule) {
	if n == 0 {
		caller.Explain(string(why))
	}
}

// standing says what the bearer is to the channel.
func (e *entry) standing() string {
	channel := "a public channel"
	if e.Channel.Private {
		channel = "a private channel"
	}
	var is string
	switch {
	case e.Actor.Admin:
		is = "an admin"
	case e.Actor.Moderator:
		is = "a moderator"
	case e.Actor.Member() && e.Actor.Membership.Hidden:
		is = "a hidden member"
	case e.Actor.Member():
		is = "a member"
	case e.Actor.Banned:
		is = "banned"
	default:
		is = "no member"
	}
	return is + " in " + channel
}

// notThere is missing, and says what is.
func notThere(err error, as *api.Error, why rule) error {
	if errors.Is(err, store.ErrNotFound) {
		return because(as, why)
	}
	return err
}
