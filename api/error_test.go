package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestKind(t *testing.T) {
	for _, c := range []struct {
		kind            Kind
		status          int
		exception, code string
	}{
		{ServiceFailure, 500, "ServiceFailureException", "ServiceFailure"},
		{ServiceUnavailable, 503, "ServiceUnavailableException", "ServiceUnavailable"},
		{BadRequest, 400, "BadRequestException", "BadRequest"},
		{Unauthorized, 401, "UnauthorizedClientException", "Unauthorized"},
		{Forbidden, 403, "ForbiddenException", "Forbidden"},
		{NotFound, 404, "NotFoundException", "NotFound"},
		{Conflict, 409, "ConflictException", "Conflict"},
		{ResourceLimitExceeded, 400, "ResourceLimitExceededException", "ResourceLimitExceeded"},
		{Throttled, 429, "ThrottledClientException", "Throttled"},
		{AccessDenied, 403, "AccessDeniedException", "AccessDenied"},
		{MissingAuthenticationToken, 403, "MissingAuthenticationTokenException", "MissingAuthenticationToken"},
		{IncompleteSignature, 400, "IncompleteSignatureException", "IncompleteSignature"},
		{InvalidSignature, 403, "InvalidSignatureException", "InvalidSignature"},
		{UnrecognizedClient, 403, "UnrecognizedClientException", "UnrecognizedClient"},
		{ExpiredToken, 403, "ExpiredTokenException", "ExpiredToken"},
		{UnknownOperation, 404, "UnknownOperationException", "UnknownOperation"},
		{MethodNotAllowed, 405, "UnknownOperationException", "UnknownOperation"},
		{RequestTooLarge, 413, "RequestEntityTooLargeException", "RequestEntityTooLarge"},
		{RequestTimeout, 408, "RequestTimeoutException", "RequestTimeout"},
		{NotImplemented, 501, "NotImplementedException", "NotImplemented"},
	} {
		t.Run(c.exception, func(t *testing.T) {
			if c.kind.Status() != c.status || c.kind.Exception() != c.exception || c.kind.Code() != c.code || c.kind.String() != c.code {
				t.Errorf("%d %s %s %s, want %d %s %s", c.kind.Status(), c.kind.Exception(), c.kind.Code(), c.kind, c.status, c.exception, c.code)
			}
		})
	}
	t.Run("every kind has its words", func(t *testing.T) {
		for kind := ServiceFailure; kind <= NotImplemented; kind++ {
			if http.StatusText(kind.Status()) == "" || kind.Code() == "" || !strings.HasSuffix(kind.Exception(), "Exception") {
				t.Errorf("kind %d: %d %s %s", kind, kind.Status(), kind.Exception(), kind.Code())
			}
		}
	})
}

func TestFrontEnd(t *testing.T) {
	for kind := ServiceFailure; kind <= NotImplemented; kind++ {
		declared := false
		for i := range Operations {
			declared = declared || Operations[i].Errors.Has(kind)
		}
		if kind.FrontEnd() == declared {
			t.Errorf("%v: of a front end %t, declared by an operation %t", kind, kind.FrontEnd(), declared)
		}
	}
}

func TestKinds(t *testing.T) {
	set := KindSet(BadRequest, NotImplemented)
	for kind := ServiceFailure; kind <= NotImplemented; kind++ {
		if want := kind == BadRequest || kind == NotImplemented; set.Has(kind) != want {
			t.Errorf("%v: %v, want %v", kind, set.Has(kind), want)
		}
		if KindSet().Has(kind) {
			t.Errorf("%v is in the empty set", kind)
		}
	}
}

func TestError(t *testing.T) {
	cause := errors.New("disk on fire")
	t.Run("its text is for the log", func(t *testing.T) {
		if got, want := Errorf(Conflict, "taken").Error(), "ConflictException: taken"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
		with := &Error{Kind: Conflict, Message: "taken", Cause: cause}
		if got, want := with.Error(), "ConflictException: taken: disk on fire"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	})
	t.Run("a message without arguments is taken as it is", func(t *testing.T) {
		if got := Errorf(BadRequest, "100%s", []any{}...).Message; got != "100%s" {
			t.Errorf("%q", got)
		}
		if got := Errorf(BadRequest, "%d%%", 7).Message; got != "7%" {
			t.Errorf("%q", got)
		}
	})
	t.Run("it is another of its kind when the other has no message", func(t *testing.T) {
		err := fmt.Errorf("outer: %w", Errorf(NotFound, "no channel"))
		if !errors.Is(err, &Error{Kind: NotFound}) {
			t.Error("not of its own kind")
		}
		if errors.Is(err, &Error{Kind: Forbidden}) {
			t.Error("of another kind")
		}
		if errors.Is(err, Errorf(NotFound, "no message")) {
			t.Error("the same as one with another message")
		}
	})
	t.Run("its cause can be asked for", func(t *testing.T) {
		if !errors.Is(&Error{Kind: ServiceFailure, Cause: cause}, cause) {
			t.Error("the cause is lost")
		}
	})
}

// passing is a fault that says whether it passes.
type passing bool

func (p passing) Error() string   { return "a fault" }
func (p passing) Temporary() bool { return bool(p) }

func TestAsError(t *testing.T) {
	secret := errors.New("password=hunter2 in /var/lib/carillon")
	for _, c := range []struct {
		name    string
		err     error
		kind    Kind
		message string
		cause   error
	}{
		{"an error of the wire is itself", Errorf(Forbidden, "no"), Forbidden, "no", nil},
		{"an error of the wire inside another one", fmt.Errorf("%w: %w", secret, Errorf(Conflict, "taken")), Conflict, "taken", nil},
		{"an error of the wire with a cause", &Error{Kind: ServiceUnavailable, Message: "later", Cause: secret}, ServiceUnavailable, "later", secret},
		{"anything else", secret, ServiceFailure, "The service encountered an unexpected error.", secret},
		{"an end by the client", fmt.Errorf("%w: %w", secret, context.Canceled), ServiceUnavailable, "The request was not finished in time.", secret},
		{"a fault that passes", fmt.Errorf("%w: %w", secret, passing(true)), ServiceUnavailable, "The service is unavailable for now. Please try again.", secret},
		{"a fault that says it does not pass", fmt.Errorf("%w: %w", secret, passing(false)), ServiceFailure, "The service encountered an unexpected error.", secret},
		{"an end by the clock", fmt.Errorf("%w: %w", secret, context.DeadlineExceeded), ServiceUnavailable, "The request was not finished in time.", secret},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := AsError(c.err)
			if got.Kind != c.kind || got.Message != c.message {
				t.Errorf("%v %q, want %v %q", got.Kind, got.Message, c.kind, c.message)
			}
			if strings.Contains(got.Message, "hunter2") {
				t.Errorf("the message tells the cause: %q", got.Message)
			}
			if c.cause != nil && !errors.Is(got.Cause, c.cause) {
				t.Errorf("the cause for the log is %v, want %v", got.Cause, c.cause)
			}
		})
	}
}

func TestViolation(t *testing.T) {
	err := Violation("Tags", "Member must not have the same key twice")
	if err.Kind != BadRequest || err.Message != broken("Tags", "Member must not have the same key twice") {
		t.Errorf("%v %q", err.Kind, err.Message)
	}
}
