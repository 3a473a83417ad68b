package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"

	"carillon/api"
	"carillon/sigv4"
)

// exchange is one request and its answer.
type exchange struct {
	*handler
	w  http.ResponseWriter
	r  *http.Request
	id string

	op     *api.Operation // nil until routed, and when there is none
	caller *api.Caller    // nil until authenticated
	in     any            // nil until decoded
	out    api.Output     // nil until the operation has succeeded, and when it answers without a body
	called bool           // the operation's method was reached
	leave  func()         // nil until the caller has entered

	unread   bool  // some of the body was left in the connection
	received int64 // bytes of the body
	sent     int64 // bytes of the answer's body
	status   int
	err      *api.Error // nil when the operation succeeded
}

// serve answers a request for an operation.
func (x *exchange) serve() {
	answer := takeBuffer()
	defer giveBuffer(answer)
	defer func() {
		if x.leave != nil {
			x.leave()
		}
	}()
	var err error
	if *answer, err = x.perform((*answer)[:0]); err != nil {
		x.fail(err)
		return
	}
	x.succeed(*answer)
}

// perform does what the request asks for and appends the answer to b. A panic on the way is an error
// like any other.
func (x *exchange) perform(b []byte) (answer []byte, err error) {
	defer func() {
		if value := recover(); value != nil {
			if value == http.ErrAbortHandler {
				panic(value)
			}
			err = &panicked{value: value, stack: debug.Stack()}
		}
	}()
	if x.in, err = x.receive(); err != nil {
		return b, err
	}
	ctx := x.r.Context()
	if x.Admit != nil {
		if err := x.Admit(ctx, x.op, x.caller, x.in); err != nil {
			return b, err
		}
	}
	x.called = true
	x.out, err = x.op.Call(ctx, x.Service, x.caller, x.in)
	if err != nil || x.out == nil {
		return b, err
	}
	return x.out.AppendJSON(b, api.EpochSeconds), nil
}

// receive turns the request into its operation, its caller and its typed input.
func (x *exchange) receive() (any, error) {
	path, query := sigv4.SplitTarget(x.r.RequestURI)
	op, parameters, allow, unrouted := x.routes.route(x.r.Method, path, query)
	if unrouted != nil {
		x.unread = x.r.ContentLength != 0
		if allow != "" {
			x.w.Header().Set("Allow", allow)
		}
		return nil, unrouted
	}
	x.op = op

	body := takeBuffer()
	defer giveBuffer(body)
	caller, err := x.identify(body)
	if err != nil {
		return nil, err
	}
	caller.RequestID = x.id
	caller.Authority = authority(x.r)
	caller.Secure = api.IsSecure(x.r)
	caller.SourceAddress = api.SourceOf(x.r)
	if x.Explain {
		caller.Why = new(api.Why)
	}
	x.caller = caller
	if x.Enter != nil {
		if x.leave, err = x.Enter(caller); err != nil {
			return nil, err
		}
	}
	if caller.Bearer, err = x.bearer(query); err != nil {
		return nil, err
	}
	return op.Decode(&api.Input{Path: parameters, Query: query, Body: *body})
}

// identify reads the body and tells who signed the request.
func (x *exchange) identify(body *[]byte) (*api.Caller, error) {
	leave, err := x.Verify(api.SourceOf(x.r))
	if err != nil {
		x.unread = x.r.ContentLength != 0
		return nil, err
	}
	defer leave()
	if err := x.readBody(body); err != nil {
		return nil, err
	}
	return x.Authenticate(x.r, *body)
}

// bearer returns on whose behalf the caller acts, for operations where somebody can be named. Signers
// of the query form may move the header into the query, which is signed as well.
func (x *exchange) bearer(query string) (string, error) {
	if x.op.Bearer == api.None {
		return "", nil
	}
	values := x.r.Header["X-Amz-Chime-Bearer"]
	if len(values) == 0 && strings.Contains(query, "X-Amz-Chime-Bearer=") {
		if parsed, err := url.ParseQuery(query); err == nil {
			values = parsed["X-Amz-Chime-Bearer"]
		}
	}
	switch {
	case len(values) > 1:
		return "", api.Violation("ChimeBearer", "Member must be given once")
	case len(values) == 1 && values[0] != "":
		return values[0], nil
	case x.op.Bearer == api.Optional:
		return "", nil
	case x.DefaultBearer != "":
		return x.DefaultBearer, nil
	default:
		return "", api.Violation("ChimeBearer", "Member must not be null")
	}
}

// panicked is what became of an operation that panicked.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// abandoned reports whether an error only says that the caller has gone away.
func (x *exchange) abandoned(err error) bool {
	return x.r.Context().Err() != nil && errors.Is(err, context.Canceled)
}
