package rest

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"carillon/api"
	"carillon/sigv4"
)

// Values of headers that every answer shares. They are never changed.
var (
	noSniff  = []string{"nosniff"}
	noStore  = []string{"no-store"}
	jsonType = []string{"application/json"}
	closing  = []string{"close"}
	soon     = []string{"1"} // in seconds, the least there is
)

// statusAbandoned is the status in the log and the metrics of a request whose caller went away
// before there was an answer. It is never sent.
const statusAbandoned = 499

// openHeader sets the headers of every answer.
func (x *exchange) openHeader() {
	header := x.w.Header()
	header["X-Amzn-Requestid"] = []string{x.id}
	header["X-Content-Type-Options"] = noSniff
	header["Cache-Control"] = noStore
	x.allowOrigin()
}

// succeed writes the answer of an operation; an empty body is an answer without one.
func (x *exchange) succeed(body []byte) {
	x.explain(x.caller.Why.String())
	x.write(x.op.Status, body)
}

// explain says by which rule something was refused or is not there, to those who are told.
func (x *exchange) explain(reason string) {
	if !x.Explain || reason == "" {
		return
	}
	header := x.w.Header()
	header[api.ReasonHeader] = []string{api.ReasonValue(reason)}
	var basis *sigv4.Basis
	if x.err != nil && errors.As(x.err.Cause, &basis) {
		header[canonicalHeader] = []string{encode(basis.CanonicalRequest)}
		header[toSignHeader] = []string{encode(basis.StringToSign)}
	}
}

// Headers that say what a signature was verified against, in base64.
const (
	canonicalHeader = "X-Carillon-Canonical-Request"
	toSignHeader    = "X-Carillon-String-To-Sign"
	// maxBasis bounds what is encoded, in bytes: some clients read no more than 16 KiB of headers.
	maxBasis = 6 << 10
)

func encode(text string) string {
	return base64.StdEncoding.EncodeToString([]byte(clip(text, maxBasis)))
}

// fail is the exit of every error: it gives it its words on the wire and holds it against what the
// operation declares.
func (x *exchange) fail(err error) {
	x.err = api.AsError(err)
	if x.called && !(x.op.Errors | always).Has(x.err.Kind) {
		x.undeclared()
	}
	x.w.Header()["X-Amzn-Errortype"] = []string{x.err.Kind.Exception()}
	x.explain(x.err.Reason)
	if x.err.Kind == api.Throttled {
		x.w.Header()["Retry-After"] = soon
	}
	body := takeBuffer()
	defer giveBuffer(body)
	*body = appendError(*body, x.err)
	x.write(x.err.Kind.Status(), *body)
	if x.abandoned(err) {
		x.status = statusAbandoned
	}
}

// always are the kinds that any operation may end with, whatever it declares.
var always = api.KindSet(api.ServiceFailure, api.ServiceUnavailable, api.Throttled, api.AccessDenied, api.NotImplemented)

// appendError appends the body of an error. AWS's front ends put no code into theirs, and clients
// depend on it: the SDK for JavaScript 2 takes a code for the name of the error, and would know
// neither a wrong clock, which it sets right, nor an expired token, which it renews.
func appendError(b []byte, e *api.Error) []byte {
	b = append(b, '{')
	if !e.Kind.FrontEnd() {
		b = append(b, `"Code":"`...)
		b = append(b, e.Kind.Code()...)
		b = append(b, `",`...)
	}
	b = append(b, `"Message":`...)
	b, err := jsontext.AppendQuote(b, e.Message)
	_ = err // a message that is no valid UTF-8 has been made valid
	return append(b, '}')
}

func (x *exchange) write(status int, body []byte) {
	header := x.w.Header()
	if x.unread {
		header["Connection"] = closing
	}
	if len(body) > 0 {
		header["Content-Type"] = jsonType
	}
	if status != http.StatusNoContent {
		header["Content-Length"] = []string{strconv.Itoa(len(body))}
	}
	x.status = status
	x.w.WriteHeader(status)
	if len(body) == 0 {
		return
	}
	// An error means that the caller has gone away, and there is nobody left to tell.
	n, _ := x.w.Write(body)
	x.sent = int64(n)
}
