package chat

import (
	"carillon/api"
	"carillon/arn"
	"carillon/store"
)

// entry is a channel, seen by who acts on it: what every operation on a channel begins with.
type entry struct {
	store.Entry
	channelARN arn.ARN
	bearer     arn.ARN
	// stream is where the memberships and messages at hand live: the channel, or in an elastic one
	// the sub-channel whose id is subChannelID; 0 when a request names none.
	stream       store.Key
	subChannelID string
	// sequence is the place of the newest event there was in the stream.
	sequence int64
	// shown are the identities that answers show, each once: in a list of messages they are few.
	shown map[store.Key]*api.Identity
}

// described is an identity as answers show it, nil for none. It is shared, and must not be changed.
func (e *entry) described(who store.Identity) *api.Identity {
	shown, ok := e.shown[who.Key]
	if !ok {
		if shown = described(e.channelARN, who); e.shown == nil {
			e.shown = make(map[store.Key]*api.Identity)
		}
		e.shown[who.Key] = shown
	}
	return shown
}

// home is the stream that what happens here is in: the one at hand, or that of the channel as a whole.
func (e *entry) home() store.Key {
	if e.stream == 0 {
		return e.Channel.Key
	}
	return e.stream
}

// enter reads the channel that an operation acts on and what the bearer is to it. A bearer that is
// no identity is Unauthorized; a channel that is not there, or not in the bearer's app instance, is
// absent, in the words of the operation. next is what the operation will ask afterwards.
func (s *Service) enter(tx store.Tx, caller *api.Caller, channel, subChannel string, absent *api.Error, next ...store.Ahead) (*entry, error) {
	a, bearer, err := s.names(caller, channel)
	if err != nil {
		return nil, err
	}
	if !a.SameInstance(bearer) {
		if _, _, err := s.actor(tx, caller); err != nil {
			return nil, err
		}
		return nil, because(absent, ruleOtherInstance)
	}
	found, err := tx.EnterChannel(channelRef(a), ref(bearer), next...)
	if err != nil {
		return nil, notThere(err, errBearer, ruleBearerUnknown)
	}
	e, err := admit(found, a, bearer, absent)
	if err != nil {
		return nil, err
	}
	return e, s.enterSubChannel(tx, e, subChannel, absent)
}

// names reads how a request names the channel and the bearer.
func (s *Service) names(caller *api.Caller, channel string) (a, bearer arn.ARN, err error) {
	if bearer, err = s.bearer(caller); err != nil {
		return a, bearer, err
	}
	if a, err = arn.Parse(channel); err != nil || a.Kind != arn.Channel {
		return a, bearer, errInvalidARN
	}
	return a, bearer, nil
}

func channelRef(a arn.ARN) store.ChannelRef {
	return store.ChannelRef{Account: a.Account, Instance: a.Instance, ID: a.ID}
}

// admit is enter for what was found under these names.
func admit(found store.Entry, a, bearer arn.ARN, absent *api.Error) (*entry, error) {
	switch {
	case !found.Actor.Exists():
		return nil, because(errBearer, ruleBearerUnknown)
	case found.Channel.Key == 0:
		return nil, because(absent, ruleNoChannel)
	}
	return &entry{Entry: found, channelARN: a, bearer: bearer, stream: found.Channel.Key, sequence: found.Channel.Sequence}, nil
}

// moderate enters a channel for an operation that only those who moderate it may do.
func (s *Service) moderate(tx store.Tx, caller *api.Caller, channel string, absent *api.Error, next ...store.Ahead) (*entry, error) {
	e, err := s.enter(tx, caller, channel, "", absent, next...)
	if err == nil && !e.moderates() {
		err = e.refuse(ruleModerators)
	}
	return e, err
}

// visit reads a channel for an operation that takes no bearer. There is no actor in the entry. A
// channel that is not there is absent.
func (s *Service) visit(tx store.Tx, caller *api.Caller, channel string, absent *api.Error) (*entry, error) {
	a, err := arn.Parse(channel)
	if err != nil || a.Kind != arn.Channel {
		return nil, errInvalidARN
	}
	if !s.local(caller, a) {
		return nil, because(absent, ruleElsewhere)
	}
	found, err := tx.EnterChannel(channelRef(a), store.IdentityRef{})
	if err != nil {
		return nil, notThere(err, absent, ruleNoInstance)
	}
	if found.Channel.Key == 0 {
		return nil, because(absent, ruleNoChannel)
	}
	return &entry{Entry: found, channelARN: a, stream: found.Channel.Key, sequence: found.Channel.Sequence}, nil
}

// enterStream enters a channel for an operation on its messages.
func (s *Service) enterStream(tx store.Tx, caller *api.Caller, channel, subChannel string, next ...store.Ahead) (*entry, error) {
	e, err := s.enter(tx, caller, channel, subChannel, errForbidden, next...)
	if err == nil && e.stream == 0 {
		err = errSubChannelNeeded
	}
	return e, err
}

// ahead tells that an operation will ask what these are to the channel, of those that can be
// identities of the bearer's app instance.
func (s *Service) ahead(caller *api.Caller, names ...string) store.Ahead {
	var next store.Ahead
	bearer, err := s.bearer(caller)
	if err != nil {
		return next
	}
	for _, name := range names {
		if _, r, err := identity(name, bearer); err == nil {
			next.Standings = append(next.Standings, r)
		}
	}
	return next
}

// bearer reads the header of the identity the caller acts for.
func (s *Service) bearer(caller *api.Caller) (arn.ARN, error) {
	a, err := arn.Parse(caller.Bearer)
	if err != nil || !a.IsIdentity() {
		return arn.ARN{}, because(errBearer, ruleBearerMalformed)
	}
	if !s.local(caller, a) {
		return arn.ARN{}, because(errBearer, ruleBearerElsewhere)
	}
	return a, nil
}

// arrive reads the bearer where no channel is at hand: the entry has none.
func (s *Service) arrive(tx store.Tx, caller *api.Caller) (*entry, error) {
	a, err := s.bearer(caller)
	if err != nil {
		return nil, err
	}
	found, err := tx.EnterChannel(store.ChannelRef{Account: a.Account, Instance: a.Instance}, ref(a))
	if err != nil {
		return nil, notThere(err, errBearer, ruleBearerUnknown)
	}
	if !found.Actor.Exists() {
		return nil, because(errBearer, ruleBearerUnknown)
	}
	return &entry{Entry: found, bearer: a}, nil
}

// actor is the bearer where no channel is at hand: what it is to its app instance.
func (s *Service) actor(tx store.Tx, caller *api.Caller) (store.Standing, arn.ARN, error) {
	e, err := s.arrive(tx, caller)
	if err != nil {
		return store.Standing{}, arn.ARN{}, err
	}
	return e.Actor, e.bearer, nil
}

// target reads an identity that a request names, and what it is to the channel. One that is not
// registered has Key 0.
func (e *entry) target(tx store.Tx, name string) (store.Standing, error) {
	_, r, err := identity(name, e.bearer)
	if err != nil {
		return store.Standing{}, err
	}
	found, err := tx.Standings(e.Instance, e.Channel.Key, []store.IdentityRef{r})
	if err != nil {
		return store.Standing{}, err
	}
	err = e.seat(tx, found)
	return found[0], err
}

// moderates: an admin of the app instance has the powers of a moderator in every channel.
func (e *entry) moderates() bool { return e.Actor.Admin || e.Actor.Moderator }

// mayRead: what is in a private channel is for its members, hidden ones included, and for those who
// moderate it. A ban does not take away what everybody may read.
func (e *entry) mayRead() bool { return !e.Channel.Private || e.Actor.Member() || e.moderates() }

// refuseStream is for who may not read a stream.
func (e *entry) refuseStream() error {
	if e.elastic() {
		return e.refuse(ruleElasticReaders)
	}
	return e.refuse(ruleReaders)
}

// mayReadStream: messages and memberships are read by whoever may read the channel; in an elastic
// channel by its members, each in its own sub-channel, and by those who moderate.
func (e *entry) mayReadStream() bool {
	if e.elastic() {
		return e.moderates() || e.sits()
	}
	return e.mayRead()
}

// sits reports whether the bearer is a member right here: of the channel, or of the sub-channel at
// hand.
func (e *entry) sits() bool { return e.Actor.Member() && e.Actor.Membership.Channel == e.stream }

// maySend: only members send, and hidden ones do not. Those who moderate are no exception.
func (e *entry) maySend() bool { return e.sits() && !e.Actor.Membership.Hidden }

// maySeeMessage: a targeted message is seen by its sender and its target alone, and one that has not
// been sent by its sender alone.
func (e *entry) maySeeMessage(m store.ChannelMessage) bool {
	if m.Sender == e.Actor.Key {
		return true
	}
	return sent(m) && (m.Target == 0 || m.Target == e.Actor.Key)
}

// mayJoin: a public channel is open to everybody who is not banned, whatever its mode. A member may
// ask again, and is told that it is one.
func (e *entry) mayJoin() bool {
	return e.Actor.Member() || !e.Actor.Banned && (!e.Channel.Private || e.moderates())
}

// mayAddMembers: those who moderate add members everywhere; members, but not hidden ones, where the
// mode is unrestricted.
func (e *entry) mayAddMembers() bool {
	return e.moderates() || e.Channel.Unrestricted && e.Actor.Member() && !e.Actor.Membership.Hidden
}

// mayAdd: adding only oneself is joining.
func (e *entry) mayAdd(only bool) bool { return e.mayAddMembers() || only && e.mayJoin() }

// maySeeMembership: a hidden member is seen by those who moderate, and by itself.
func (e *entry) maySeeMembership(hidden bool, member store.Key) bool {
	return !hidden || e.moderates() || member == e.Actor.Key
}

// is reports whether name is the bearer's own ARN.
func (e *entry) is(name string) bool { return name == e.bearer.String() }
