package query

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"carillon/api"
	"carillon/sigv4"
)

// exchange is one request and its answer.
type exchange struct {
	*handler
	w  http.ResponseWriter
	r  *http.Request
	id string

	route  route       // its Action is nil until routed, and when there is none
	caller *api.Caller // nil until authenticated
	in     any         // nil until decoded
	out    any         // nil until the action has succeeded, and when it answers nothing
	leave  func()      // nil until the caller has entered

	received int64 // bytes of the body
	sent     int64 // bytes of the answer's body
	status   int
	fault    *Fault // nil when the action succeeded
	cause    error  // what is behind a fault of ours
}

// exposed are the headers a page may read.
const exposed = "x-amzn-requestid, date"

// openHeader sets the headers of every answer. No cookies are involved, so a page may read what it can
// ask for.
func (x *exchange) openHeader() {
	header := x.w.Header()
	header.Set("X-Amzn-Requestid", x.id)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Type", "text/xml; charset=utf-8")
	origin := x.r.Header["Origin"]
	if len(origin) != 1 {
		return
	}
	header.Set("Vary", "Origin")
	if len(x.AllowedOrigins) == 0 || slices.Contains(x.AllowedOrigins, origin[0]) {
		header.Set("Access-Control-Allow-Origin", origin[0])
		header.Set("Access-Control-Expose-Headers", exposed)
		if x.Explain {
			header.Set("Access-Control-Expose-Headers", exposed+", "+strings.ToLower(api.ReasonHeader))
		}
	}
}

// serve does what the request asks for, and answers.
func (x *exchange) serve() {
	defer func() {
		if x.leave != nil {
			x.leave()
		}
	}()
	var body bytes.Buffer
	if err := x.perform(); err == nil {
		x.status = http.StatusOK
		answer(&body, x.route.service.Namespace, x.route.Name, x.out, x.id)
	} else {
		x.word(err)
		x.status = x.fault.Status
		if x.Explain && x.fault.Reason != "" {
			x.w.Header().Set(api.ReasonHeader, api.ReasonValue(x.fault.Reason))
		}
		refusal(&body, x.namespace(), x.fault, x.id)
	}
	x.w.Header().Set("Content-Length", strconv.Itoa(body.Len()))
	x.w.WriteHeader(x.status)
	// An error means that the caller has gone away, and there is nobody left to tell.
	n, _ := x.w.Write(body.Bytes())
	x.sent = int64(n)
}

// namespace is that of an error: when nobody knows what was asked for, of the first service.
func (x *exchange) namespace() string {
	if x.route.service != nil {
		return x.route.service.Namespace
	}
	return x.Services[0].Namespace
}

// perform does what the request asks for. A panic on the way is an error like any other.
func (x *exchange) perform() (err error) {
	defer func() {
		if value := recover(); value != nil {
			if value == http.ErrAbortHandler {
				panic(value)
			}
			err = &panicked{value: value, stack: debug.Stack()}
		}
	}()
	verified, err := x.Verify(api.SourceOf(x.r))
	if err != nil {
		return err
	}
	verified = sync.OnceFunc(verified)
	defer verified()
	body, err := x.readBody()
	if err != nil {
		return err
	}
	_, query := sigv4.SplitTarget(x.r.RequestURI)
	texts := []string{query}
	if isForm(x.r) {
		texts = append(texts, string(body))
	}
	form, err := parseForm(texts...)
	if err != nil {
		return err
	}
	if err := x.find(form); err != nil {
		return err
	}
	caller, err := x.authenticate(body)
	if err != nil {
		return err
	}
	if !x.route.Unsigned {
		verified()
	}
	x.in, x.out, err = x.route.call(x.r.Context(), caller, form)
	return err
}

// authenticate tells who asks. Of who asks for an unsigned action only the address is known.
func (x *exchange) authenticate(body []byte) (caller *api.Caller, err error) {
	if x.route.Unsigned {
		caller = new(api.Caller)
		x.locate(caller)
		return caller, nil
	}
	if caller, err = x.Authenticate(x.route.service.Name, x.r, body); err != nil {
		return nil, err
	}
	x.locate(caller)
	x.caller = caller
	if x.Enter != nil {
		x.leave, err = x.Enter(caller)
	}
	return caller, err
}

// find finds the action that a form asks for.
func (x *exchange) find(f *form) error {
	action, version := f.get("Action"), f.get("Version")
	if action == "" {
		return &Fault{Code: "MissingAction", Message: "The request has no parameter Action.", Status: http.StatusBadRequest}
	}
	found, ok := x.routes[name{version, action}]
	if !ok {
		if version == "" {
			version = "NO_VERSION_SPECIFIED"
		}
		return &Fault{Code: "InvalidAction", Status: http.StatusBadRequest,
			Message: fmt.Sprintf("Could not find operation %s for version %s", clip(action), clip(version))}
	}
	x.route = found
	return nil
}

// locate says where a caller calls from.
func (x *exchange) locate(caller *api.Caller) {
	caller.RequestID = x.id
	caller.Authority = x.r.Host
	caller.Secure = api.IsSecure(x.r)
	caller.SourceAddress = api.SourceOf(x.r)
}

// readBody reads the whole body within the limits of length and time.
func (x *exchange) readBody() ([]byte, error) {
	// A server that cannot set deadlines has its own.
	deadlines := http.NewResponseController(x.w)
	_ = deadlines.SetReadDeadline(time.Now().Add(x.BodyTimeout))
	body, err := io.ReadAll(http.MaxBytesReader(x.w, x.r.Body, x.MaxBody))
	x.received = int64(len(body))
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		return nil, api.Errorf(api.RequestTooLarge, "The request body must not be longer than %d bytes.", x.MaxBody)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, api.Errorf(api.RequestTimeout, "The request body did not arrive in time.")
	case err != nil:
		return nil, &api.Error{Kind: api.BadRequest, Message: "The request body could not be read to its end.", Cause: err}
	}
	// A deadline that passes later would end the request as if its caller had gone.
	_ = deadlines.SetReadDeadline(time.Time{})
	return body, nil
}

// codes are the names that errors of the API have on this wire, where they differ.
var codes = map[api.Kind]string{
	api.ServiceFailure:     "InternalFailure",
	api.BadRequest:         "ValidationError",
	api.Throttled:          "Throttling",
	api.InvalidSignature:   "SignatureDoesNotMatch",
	api.UnrecognizedClient: "InvalidClientTokenId",
}

// word gives an error its words on the wire.
func (x *exchange) word(err error) {
	if errors.As(err, &x.fault) {
		return
	}
	if x.fault = x.Words(err); x.fault != nil {
		return
	}
	e := api.AsError(err)
	x.fault, x.cause = &Fault{Code: e.Kind.Code(), Message: e.Message, Status: e.Kind.Status(), Reason: e.Reason}, e.Cause
	if code := codes[e.Kind]; code != "" {
		x.fault.Code = code
	}
	if e.Kind == api.Throttled {
		x.fault.Status = http.StatusBadRequest
	}
}

// panicked is what became of an action that panicked.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// abandoned reports whether an error only says that the caller has gone away.
func (x *exchange) abandoned() bool {
	return x.r.Context().Err() != nil && errors.Is(x.cause, context.Canceled)
}
