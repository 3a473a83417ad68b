package sigv4

// Reason says in what way a signature is of no use.
type Reason uint8

// The reasons.
const (
	// Missing: the request is not signed at all.
	Missing Reason = iota + 1
	// Incomplete: the signature lacks parts, or has parts that cannot be read, or has parts twice.
	Incomplete
	// Scope: the credential is for another service, region or day.
	Scope
	// Expired: the time for which the signature was good has passed.
	Expired
	// NotYetCurrent: the signature comes from the future.
	NotYetCurrent
	// Unsigned: a header that must be covered by the signature is not.
	Unsigned
	// Mismatch: the signature is not the one that the key makes of this request.
	Mismatch
	// OtherBody: as Mismatch, because the body is not the one whose hash was signed.
	OtherBody
)

// Error is the answer to a signature that is of no use. Its message is fit for the caller's eyes: it
// holds nothing that the caller did not send.
type Error struct {
	Reason  Reason
	Message string
}

// Error implements error.
func (e *Error) Error() string { return "sigv4: " + e.Message }

var (
	errMissing  = &Error{Missing, "Missing Authentication Token"}
	errMismatch = &Error{Mismatch, mismatch}
	errBody     = &Error{OtherBody, mismatch}
)

// mismatch is AWS's text, whatever it is that differs.
const mismatch = "The request signature we calculated does not match the signature you provided. " +
	"Check your AWS Secret Access Key and signing method. Consult the service documentation for details."

func incomplete(message string) error { return &Error{Incomplete, message} }

// maxEcho bounds how much of a caller's own text an error repeats to it, in bytes.
const maxEcho = 64

func echo(s string) string {
	if len(s) > maxEcho {
		return s[:maxEcho] + "…"
	}
	return s
}
