// Package auth is the room that knows who signed a request.
//
// It takes a request and its body, finds the access key that is said to have signed it, and answers
// with the caller or with one of the errors that AWS's front ends give. On whose behalf the caller
// acts, and what it may do, is decided elsewhere. Where keys are kept is no business of this room
// either: it is given a function that looks one up. No secret, token or access key id is ever logged
// or put into a message.
package auth

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"carillon/api"
	"carillon/sigv4"
)

// Chime is the service in every credential scope of the API, in all three namespaces.
const Chime = "chime"

const (
	// defaultSkew is how far a clock may be off in AWS.
	defaultSkew = 15 * time.Minute
	// presignedSkew is what a presigned request, whose life may be a few seconds, is granted at most.
	presignedSkew = 5 * time.Minute
)

// Key is an access key and whose it is.
type Key struct {
	AccessKeyID string
	Secret      string
	// SessionToken comes with temporary credentials, and must then come with every request. It is
	// empty for others, with which none may come.
	SessionToken string
	// Account is the twelve-digit id of the account the key belongs to.
	Account string
	// Principal is the ARN of the key's owner.
	Principal string
	// Disabled keys are treated as if they were not there.
	Disabled bool
	// Expires is when temporary credentials end. The zero time is never.
	Expires time.Time
	// Grant decides what the owner may do with the key; nil is everything in its account.
	Grant api.Grant
}

// Options are what an Authenticator needs.
type Options struct {
	// Region is the region that signatures must be scoped to; empty takes any.
	Region string
	// Lookup finds a key, whose session token, empty if there came none, may say everything about it. It
	// reports false for a key that is not there; an error says that this could not be found out. An
	// *api.Error is answered as it is. It must be safe for concurrent use.
	Lookup func(ctx context.Context, accessKeyID, sessionToken string) (Key, bool, error)
	// Now is the clock; nil is the system's.
	Now func() time.Time
	// Skew is how far a caller's clock may be off; 0 is 15 minutes. A presigned request is granted
	// at most 5.
	Skew time.Duration
	// Explain has refusals of a signature that does not match say what was verified: their cause is a
	// *sigv4.Basis.
	Explain bool
	// Hosts are further names, with their ports, under which callers know this server: those that a
	// proxy replaces in the header Host.
	Hosts []string
}

// Authenticator tells who signed a request. It is safe for concurrent use.
type Authenticator struct {
	region string
	lookup func(context.Context, string, string) (Key, bool, error)
	now    func() time.Time
	skew   time.Duration
	hosts  []string
	keys   *signingKeys

	explain bool
}

// New makes an Authenticator.
func New(o Options) *Authenticator {
	a := &Authenticator{region: o.Region, lookup: o.Lookup, now: o.Now, skew: o.Skew, hosts: o.Hosts, keys: newSigningKeys(), explain: o.Explain}
	if a.now == nil {
		a.now = time.Now
	}
	if a.skew == 0 {
		a.skew = defaultSkew
	}
	return a
}

// Authenticate tells who signed a request of the API, or one that opens a session.
func (a *Authenticator) Authenticate(r *http.Request, body []byte) (*api.Caller, error) {
	return a.AuthenticateFor(Chime, r, body)
}

// AuthenticateFor tells who signed a request to a service, in either form of the signature. body is the
// whole body. What is verified is the target of the request as received. The signature may be scoped to
// one of further regions. The Caller has neither Bearer nor RequestID nor SourceAddress.
//
// The error is an *api.Error that says what is wrong with the signature, unless the key could not be
// looked up. An unknown key and a wrong secret take the same work.
func (a *Authenticator) AuthenticateFor(service string, r *http.Request, body []byte, regions ...string) (*api.Caller, error) {
	path, query := sigv4.SplitTarget(r.RequestURI)
	request := sigv4.Request{Method: r.Method, Host: r.Host, Path: path, Query: query, Header: r.Header, Body: body}
	signature, err := sigv4.Parse(&request)
	if err != nil {
		return nil, refusal(err)
	}
	now := a.now()
	skew := a.skew
	if signature.Expires > 0 {
		skew = min(skew, presignedSkew)
	}
	rules := sigv4.Rules{Service: service, Region: a.region, Now: now, Skew: skew}
	if slices.Contains(regions, signature.Region) {
		rules.Region = signature.Region
	}
	if err := signature.Check(rules); err != nil {
		return nil, refusal(err)
	}
	key, known, err := a.lookup(r.Context(), signature.AccessKeyID, signature.SessionToken)
	if err != nil {
		return nil, fmt.Errorf("auth: looking up an access key: %w", err)
	}
	known = known && !key.Disabled
	// Every check is made, and only then does one of them count, so that time tells nobody which.
	err = signature.Verify(&request, a.keys.get(signature, &key, known), a.hosts...)
	sameToken := subtle.ConstantTimeCompare([]byte(signature.SessionToken), []byte(key.SessionToken)) == 1
	switch {
	case key.Disabled:
		return nil, unrecognized("the access key is disabled")
	case !known:
		return nil, unrecognized("there is no access key with this id")
	case err != nil:
		return nil, a.mismatch(err, signature, &request)
	case !sameToken:
		return nil, unrecognized("X-Amz-Security-Token is not the session token that belongs to the access key")
	case !key.Expires.IsZero() && !now.Before(key.Expires):
		return nil, &api.Error{
			Kind: api.ExpiredToken, Message: "The security token included in the request is expired",
			Reason: "signature: the credentials expired at " + key.Expires.UTC().Format(time.RFC3339),
		}
	}
	return &api.Caller{
		Account: key.Account, Principal: key.Principal, AccessKeyID: signature.AccessKeyID, Grant: key.Grant, Expires: key.Expires,
	}, nil
}

// unrecognized refuses a key, in the same words whatever the matter is; reason says it.
func unrecognized(reason string) error {
	return &api.Error{
		Kind: api.UnrecognizedClient, Message: "The security token included in the request is invalid.", Reason: "signature: " + reason,
	}
}

// mismatch refuses a signature that is not the one to be expected.
func (a *Authenticator) mismatch(err error, s *sigv4.Signature, r *sigv4.Request) error {
	err = refusal(err)
	var e *api.Error
	if a.explain && errors.As(err, &e) {
		e.Cause = s.Basis(r)
	}
	return err
}

// refusal words an error of sigv4 for the wire.
func refusal(err error) error {
	var e *sigv4.Error
	if !errors.As(err, &e) {
		return err
	}
	kind, reason := api.InvalidSignature, e.Message
	switch e.Reason {
	case sigv4.Missing:
		kind, reason = api.MissingAuthenticationToken, "the request has neither an Authorization header nor X-Amz-Signature in its query"
	case sigv4.Incomplete:
		kind = api.IncompleteSignature
	case sigv4.Mismatch:
		reason = "either the secret is another one, or the request differs from what was signed"
	case sigv4.OtherBody:
		reason = "X-Amz-Content-Sha256 is not the hash of the body"
	}
	return &api.Error{Kind: kind, Message: e.Message, Reason: "signature: " + reason}
}
