package api

import "net/http"

// Deed is what somebody asked for and how it ended, as whoever keeps a record of deeds is told.
type Deed struct {
	// Action is named as in policies: chime:SendChannelMessage, sts:AssumeRole, iam:CreateRole.
	Action string
	// ReadOnly is set for what changes nothing.
	ReadOnly bool
	// Caller is nil when it is not known who asked.
	Caller *Caller
	// AccessKeyID is the key that the request says it was signed with, true or not.
	AccessKeyID string
	// Resources are the ARNs acted on, as far as they are known without looking into Input.
	Resources []string
	// Input and Output are the typed request and answer; nil when it did not come so far.
	Input, Output any

	SourceAddress, UserAgent, RequestID string
	// Status is that of the answer: an HTTP status, or the code that a WebSocket was closed with.
	Status int
	// Err is nil when what was asked for was done.
	Err *Error
}

// Denied reports whether the deed was refused because of who asked, or how often.
func (d *Deed) Denied() bool {
	if d.Err == nil {
		return false
	}
	switch status := d.Err.Kind.Status(); status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests:
		return true
	default:
		return d.Err.Kind == IncompleteSignature
	}
}

// Witness is told of deeds. It must return soon, keep nothing of what it was given, and be safe for
// concurrent use.
type Witness func(*Deed)
