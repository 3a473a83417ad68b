// Package chat is what the API does: the 78 operations, their rules, and the events they cause.
//
// One file per noun, one method per operation, which reads top to bottom: who acts, what it acts
// on, whether it may, what changes, what is announced. Rules are decided on data read in the same
// transaction as the write they allow. Errors are in the words of the API. HTTP, SQL and sockets do
// not enter here.
package chat

import (
	"context"
	"crypto/cipher"
	"errors"
	"time"

	"github.com/google/uuid"

	"carillon/api"
	"carillon/arn"
	"carillon/bus"
	"carillon/store"
)

// Options is what a Service works with.
type Options struct {
	Store store.Store
	Bus   bus.Bus
	// Partition and Region are those of every ARN: "aws" and such as "us-east-1".
	Partition, Region string
	Limits            Limits
	// SessionEndpoint is the authority that sessions connect to; empty is one that works for who asks.
	SessionEndpoint string
	// SecurePort is the port where this server speaks TLS; empty where it does not.
	SecurePort string
	// Now is the clock; nil is the machine's.
	Now func() time.Time
	// NewID makes ids of resources; nil makes random UUIDs.
	NewID func() string
	// Node tells the nodes of one database apart.
	Node uint16
	// SweepBatch is how many records one transaction of a sweep removes, about; 0 is 500.
	SweepBatch int
	// EventLife is for how long sessions can be told what they missed; 0 is 15 minutes.
	EventLife time.Duration
}

// Service implements api.Service.
type Service struct {
	store             store.Store
	bus               bus.Bus
	partition, region string
	limits            Limits
	sessionEndpoint   string
	securePort        string
	now               func() time.Time
	newID             func() string
	keys              *store.Keys
	pages             cipher.AEAD
	ids               messageIDs
	shared            *shared
	sends             sends

	sweepBatch int
	eventLife  time.Duration
	holder     string        // of the lease to sweep
	woken      chan struct{} // has room for one
}

var _ api.Service = (*Service)(nil)

// Open makes a Service on a store. It writes what every node must share, when it is the first.
func Open(ctx context.Context, o Options) (*Service, error) {
	s := &Service{store: o.Store, bus: o.Bus, partition: o.Partition, region: o.Region, limits: o.Limits, sessionEndpoint: o.SessionEndpoint, securePort: o.SecurePort, now: o.Now, newID: o.NewID}
	if s.now == nil {
		s.now = time.Now
	}
	if s.newID == nil {
		s.newID = uuid.NewString
	}
	s.holder, s.woken, s.sweepBatch = uuid.NewString(), make(chan struct{}, 1), o.SweepBatch
	if s.sweepBatch == 0 {
		s.sweepBatch = sweepBatch
	}
	if s.eventLife = o.EventLife; s.eventLife == 0 {
		s.eventLife = eventLife
	}
	if s.limits.MembersPerBatch == 0 {
		s.limits.MembersPerBatch = OpenLimits().MembersPerBatch
	}
	s.keys = store.NewKeys(o.Node, s.now)
	var err error
	if s.pages, err = openPageSeal(ctx, o.Store); err != nil {
		return nil, err
	}
	if s.ids, err = openMessageIDs(ctx, o.Store); err != nil {
		return nil, err
	}
	s.shared, err = newShared()
	return s, err
}

// Now is the time as the API tells it: UTC, in whole milliseconds.
func (s *Service) Now() time.Time { return s.now().UTC().Truncate(time.Millisecond) }

// update runs fn in a transaction, with the log of its events and what they have to tell the outside,
// and publishes its events, in the order of commits, once it is durable.
func (s *Service) update(ctx context.Context, fn func(tx store.Tx, events *events) error) error {
	return s.store.Update(ctx, func(tx store.Tx) error {
		var e events
		if err := fn(tx, &e); err != nil {
			return err
		}
		if err := s.writeLog(tx, &e); err != nil {
			return err
		}
		if err := s.writeDeliveries(tx, &e); err != nil {
			return err
		}
		if len(e.list) > 0 {
			tx.AfterCommit(func() { s.publish(&e) })
		}
		return nil
	})
}

// view runs fn on a snapshot and then publishes its events, which are those of things that are not
// stored. When it turns out that there is something to write after all, it does as update.
func (s *Service) view(ctx context.Context, fn func(tx store.Tx, events *events) error) error {
	var e events
	err := s.store.View(ctx, func(tx store.Tx) error {
		e = events{}
		if err := fn(tx, &e); err != nil {
			return err
		}
		return s.writeDeliveries(tx, &e)
	})
	if errors.Is(err, store.ErrReadOnly) {
		return s.update(ctx, fn)
	}
	if err != nil {
		return err
	}
	s.publish(&e)
	return nil
}

func (s *Service) publish(e *events) {
	for i := range e.list {
		s.bus.Publish(e.list[i].Event)
	}
}

// The texts of AWS that clients have been seen to read.
var (
	errForbidden    = api.Errorf(api.Forbidden, "You do not have sufficient access to perform this action")
	errBearer       = api.Errorf(api.Unauthorized, "An invalid app instance user ARN was supplied for the x-amz-chime-bearer HTTP header.")
	errUnregistered = because(api.Errorf(api.Forbidden, "An invalid app instance user ARN was supplied for the input parameter."), ruleNoIdentity)
	errBanned       = because(api.Errorf(api.Forbidden, "The identity is banned from the channel."), ruleBanned)
	errInvalidARN   = api.Errorf(api.BadRequest, "An invalid ARN was supplied for the input parameter.")
)

// missing words store.ErrNotFound as the operation at hand does; other errors pass.
func missing(err, as error) error {
	if errors.Is(err, store.ErrNotFound) {
		return as
	}
	return err
}

// local reports whether a resource of that name could live here, seen by this caller.
func (s *Service) local(caller *api.Caller, a arn.ARN) bool {
	return a.Account == caller.Account && a.Region == s.region && a.Partition == s.partition
}

// resource reads an ARN that must name a resource of one kind that could live here. A wrong kind is
// a BadRequest; an account, region or partition that is not the caller's is Forbidden, as is every
// app instance that does not exist.
func (s *Service) resource(caller *api.Caller, name string, kind arn.Kind) (arn.ARN, error) {
	a, err := arn.Parse(name)
	if err != nil || a.Kind != kind {
		return arn.ARN{}, errInvalidARN
	}
	if !s.local(caller, a) {
		return arn.ARN{}, because(errForbidden, ruleElsewhere)
	}
	return a, nil
}

// identity reads an ARN that must name a user or bot of the app instance at hand.
func identity(name string, instance arn.ARN) (arn.ARN, store.IdentityRef, error) {
	a, err := arn.Parse(name)
	if err != nil || !a.IsIdentity() || !a.SameInstance(instance) {
		return arn.ARN{}, store.IdentityRef{}, errInvalidARN
	}
	return a, ref(a), nil
}

func ref(a arn.ARN) store.IdentityRef { return store.IdentityRef{Kind: a.Kind, ID: a.ID} }

// described is an identity as the API shows it: its ARN and its name of now. A bot need not have a name
// and is then called by its id: there are clients that drop messages of somebody without one.
func described(instance arn.ARN, who store.Identity) *api.Identity {
	if who.Key == 0 {
		return nil
	}
	shown := &api.Identity{Arn: instance.Of(who.Kind, who.ID).String(), Name: who.Name}
	if shown.Name == "" {
		shown.Name = who.ID
	}
	return shown
}

// optional is a text that answers leave out when it is empty.
func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// given is a text that a request may leave out.
func given(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
