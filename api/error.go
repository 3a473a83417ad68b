package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// Kind is the kind of an error on the wire: it decides the status, the exception's name and the
// code in the body.
type Kind uint8

// The kinds that the models declare.
const (
	ServiceFailure Kind = iota + 1
	ServiceUnavailable
	BadRequest
	Unauthorized
	Forbidden
	NotFound
	Conflict
	ResourceLimitExceeded
	Throttled

	// The kinds below are those of an AWS front end. They belong to no operation: they are
	// answered before one is reached, or, AccessDenied and NotImplemented, in its place.
	AccessDenied
	MissingAuthenticationToken
	IncompleteSignature
	InvalidSignature
	UnrecognizedClient
	ExpiredToken
	UnknownOperation
	MethodNotAllowed
	RequestTooLarge
	RequestTimeout
	NotImplemented
)

var kinds = [...]struct {
	status    int
	exception string
	code      string
}{
	ServiceFailure:             {http.StatusInternalServerError, "ServiceFailureException", "ServiceFailure"},
	ServiceUnavailable:         {http.StatusServiceUnavailable, "ServiceUnavailableException", "ServiceUnavailable"},
	BadRequest:                 {http.StatusBadRequest, "BadRequestException", "BadRequest"},
	Unauthorized:               {http.StatusUnauthorized, "UnauthorizedClientException", "Unauthorized"},
	Forbidden:                  {http.StatusForbidden, "ForbiddenException", "Forbidden"},
	NotFound:                   {http.StatusNotFound, "NotFoundException", "NotFound"},
	Conflict:                   {http.StatusConflict, "ConflictException", "Conflict"},
	ResourceLimitExceeded:      {http.StatusBadRequest, "ResourceLimitExceededException", "ResourceLimitExceeded"},
	Throttled:                  {http.StatusTooManyRequests, "ThrottledClientException", "Throttled"},
	AccessDenied:               {http.StatusForbidden, "AccessDeniedException", "AccessDenied"},
	MissingAuthenticationToken: {http.StatusForbidden, "MissingAuthenticationTokenException", "MissingAuthenticationToken"},
	IncompleteSignature:        {http.StatusBadRequest, "IncompleteSignatureException", "IncompleteSignature"},
	InvalidSignature:           {http.StatusForbidden, "InvalidSignatureException", "InvalidSignature"},
	UnrecognizedClient:         {http.StatusForbidden, "UnrecognizedClientException", "UnrecognizedClient"},
	ExpiredToken:               {http.StatusForbidden, "ExpiredTokenException", "ExpiredToken"},
	UnknownOperation:           {http.StatusNotFound, "UnknownOperationException", "UnknownOperation"},
	MethodNotAllowed:           {http.StatusMethodNotAllowed, "UnknownOperationException", "UnknownOperation"},
	RequestTooLarge:            {http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException", "RequestEntityTooLarge"},
	RequestTimeout:             {http.StatusRequestTimeout, "RequestTimeoutException", "RequestTimeout"},
	NotImplemented:             {http.StatusNotImplemented, "NotImplementedException", "NotImplemented"},
}

// Status is the HTTP status of the kind.
func (k Kind) Status() int { return kinds[k].status }

// Exception is the name of the exception in the header x-amzn-ErrorType.
func (k Kind) Exception() string { return kinds[k].exception }

// Code is the value of the member Code in the body: the name without "Exception".
func (k Kind) Code() string { return kinds[k].code }

// FrontEnd reports whether the kind is one of an AWS front end, which no model declares.
func (k Kind) FrontEnd() bool { return k >= AccessDenied }

// String is the Code.
func (k Kind) String() string { return k.Code() }

// Kinds is a set of kinds.
type Kinds uint32

// KindSet builds a set.
func KindSet(members ...Kind) Kinds {
	var s Kinds
	for _, k := range members {
		s |= 1 << k
	}
	return s
}

// Has reports whether k is in the set.
func (s Kinds) Has(k Kind) bool { return s&(1<<k) != 0 }

// Error is an error in the words of the wire.
type Error struct {
	Kind    Kind
	Message string
	// Cause is for the log only; it is never sent.
	Cause error
	// Reason says which rule decided, for the log and for whoever asks to have it explained. It is never
	// part of the answer's body.
	Reason string
}

// Errorf builds an Error of a kind.
func Errorf(kind Kind, format string, args ...any) *Error {
	if len(args) == 0 {
		return &Error{Kind: kind, Message: format}
	}
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// Error implements error.
func (e *Error) Error() string {
	if e.Cause != nil {
		return e.Kind.Exception() + ": " + e.Message + ": " + e.Cause.Error()
	}
	return e.Kind.Exception() + ": " + e.Message
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Is makes errors.Is(err, &Error{Kind: k}) ask for the kind alone, and with a message for both, whatever the
// reason.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Kind == e.Kind && (t.Message == "" || t.Message == e.Message)
}

// AsError gives every error its words on the wire. What is no *Error has a fixed message: its own text
// may hold what no caller should read, and goes to the log as the cause. It is a ServiceFailure, or
// ServiceUnavailable when it says of itself that it is Temporary.
func AsError(err error) *Error {
	var e *Error
	var fault interface{ Temporary() bool }
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return &Error{Kind: ServiceUnavailable, Message: "The request was not finished in time.", Cause: err}
	case errors.As(err, &fault) && fault.Temporary():
		return &Error{Kind: ServiceUnavailable, Message: "The service is unavailable for now. Please try again.", Cause: err}
	default:
		return &Error{Kind: ServiceFailure, Message: "The service encountered an unexpected error.", Cause: err}
	}
}
