package access

import (
	"errors"
	"fmt"
	"net/http"

	"carillon/api"
	"carillon/store"
)

// Fault is an error in the words of IAM and STS, which differ from those of the messaging API.
type Fault struct {
	Code, Message string
	Status        int
	// Reason says which rule decided, for the log and for whoever asks to have it explained.
	Reason string
}

// Error implements error.
func (f *Fault) Error() string { return f.Code + ": " + f.Message }

// The codes of IAM and their statuses.
const (
	noSuchEntity        = "NoSuchEntity"
	entityAlreadyExists = "EntityAlreadyExists"
	malformedPolicy     = "MalformedPolicyDocument"
	limitExceeded       = "LimitExceeded"
	deleteConflict      = "DeleteConflict"
	validationError     = "ValidationError"
	accessDenied        = "AccessDenied"
)

var faultStatus = map[string]int{
	noSuchEntity: http.StatusNotFound, entityAlreadyExists: http.StatusConflict, malformedPolicy: http.StatusBadRequest,
	limitExceeded: http.StatusConflict, deleteConflict: http.StatusConflict, validationError: http.StatusBadRequest,
	accessDenied: http.StatusForbidden,
}

func faultf(code, format string, args ...any) *Fault {
	return &Fault{Code: code, Message: fmt.Sprintf(format, args...), Status: faultStatus[code]}
}

// refused words the refusal of a Grant as IAM does.
func refused(err error) error {
	var e *api.Error
	if !errors.As(err, &e) || e.Kind != api.AccessDenied {
		return err
	}
	f := faultf(accessDenied, "%s", e.Message)
	f.Reason = e.Reason
	return f
}

// missing words store.ErrNotFound; other errors pass.
func missing(err error, format string, args ...any) error {
	if errors.Is(err, store.ErrNotFound) {
		return faultf(noSuchEntity, format, args...)
	}
	return err
}

// taken words store.ErrExists; other errors pass.
func taken(err error, format string, args ...any) error {
	if errors.Is(err, store.ErrExists) {
		return faultf(entityAlreadyExists, format, args...)
	}
	return err
}
