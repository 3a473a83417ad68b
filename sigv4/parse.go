package sigv4

import (
	"encoding/hex"
	"net/http"
	"strings"
	"time"
)

// Signature is a signature as a request presents it: read, and not yet believed.
type Signature struct {
	// AccessKeyID names the key that is said to have signed.
	AccessKeyID string
	// Date, Region, Service and Terminator are the scope of the credential.
	Date, Region, Service, Terminator string
	// SignedHeaders are the names of the headers covered: lower case, ascending, joined by ';'.
	SignedHeaders string
	// Time is the moment of signing.
	Time time.Time
	// Expires is how long a presigned request is good for. It is 0 in the header form.
	Expires time.Duration
	// SessionToken is the token that came with temporary credentials, or empty.
	SessionToken string

	stamp   string // Time as signed
	payload string // the header X-Amz-Content-Sha256, or empty
	mac     [32]byte
}

// maxAccessKeyID is the longest access key id that AWS allows, in bytes.
const maxAccessKeyID = 128

// maxExpires is the longest life of a presigned request: seven days, in seconds.
const maxExpires = 604800

// Parse takes the signature out of a request. Its errors are *Error with the reasons Missing,
// Incomplete, Unsigned, and Mismatch for a signature that no key can make.
func Parse(r *Request) (*Signature, error) {
	authorization := r.Header["Authorization"]
	q, err := parseQuery(r.Query)
	if err != nil {
		return nil, err
	}
	s := new(Signature)
	switch {
	case len(authorization) > 1:
		return nil, incomplete("The Authorization header must not be given more than once.")
	case len(authorization) == 1 && q.signs():
		return nil, incomplete("A request is signed with the Authorization header or with query-string parameters, not with both.")
	case len(authorization) == 1:
		err = s.readHeader(r, authorization[0])
	case q.signs():
		err = s.readQuery(q)
	default:
		err = errMissing
	}
	if err != nil {
		return nil, err
	}
	if s.payload, err = single(r, headerPayload); err != nil {
		return nil, err
	}
	if err := s.coversAll(r); err != nil {
		return nil, err
	}
	return s, nil
}

// readHeader reads the header form.
func (s *Signature) readHeader(r *Request, authorization string) error {
	algorithm, rest, _ := strings.Cut(strings.TrimLeft(authorization, " \t"), " ")
	if algorithm != Algorithm {
		if strings.HasPrefix(algorithm, "AWS") {
			return incomplete("Unsupported AWS 'algorithm': '" + echo(algorithm) + "'.")
		}
		return errMissing
	}
	var credential, signedHeaders, signature string
	for rest != "" {
		var part string
		part, rest, _ = strings.Cut(rest, ",")
		if part = strings.Trim(part, " \t"); part == "" {
			continue
		}
		name, value, ok := strings.Cut(part, "=")
		if !ok {
			return incomplete("An element of the Authorization header is not a valid key=value pair (missing equal-sign).")
		}
		var to *string
		switch name {
		case "Credential":
			to = &credential
		case "SignedHeaders":
			to = &signedHeaders
		case "Signature":
			to = &signature
		default:
			continue
		}
		if *to != "" {
			return incomplete("The Authorization header has the parameter '" + name + "' more than once.")
		}
		*to = value
	}
	date, err := single(r, headerDate)
	if err != nil {
		return err
	}
	if date == "" {
		if date, err = single(r, "Date"); err != nil {
			return err
		}
	}
	var missing string
	if credential == "" {
		missing += "Authorization header requires 'Credential' parameter. "
	}
	if signature == "" {
		missing += "Authorization header requires 'Signature' parameter. "
	}
	if signedHeaders == "" {
		missing += "Authorization header requires 'SignedHeaders' parameter. "
	}
	if date == "" {
		missing += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
	}
	if missing != "" {
		return incomplete(missing[:len(missing)-1])
	}
	if s.SessionToken, err = single(r, headerToken); err != nil {
		return err
	}
	return s.read(credential, date, signedHeaders, signature)
}

// readQuery reads the query form.
func (s *Signature) readQuery(q queryForm) error {
	var missing string
	for i := range q {
		if !q[i].present && parameter(i) != parameterToken {
			missing += "AWS query-string parameters must include '" + parameterNames[i] + "'. "
		}
	}
	if missing != "" {
		return incomplete(missing + "Re-examine the query-string parameters.")
	}
	if algorithm := q[parameterAlgorithm].value; algorithm != Algorithm {
		return incomplete("Unsupported AWS 'algorithm': '" + echo(algorithm) + "'.")
	}
	seconds := 0
	for _, c := range []byte(q[parameterExpires].value) {
		if c < '0' || c > '9' || seconds > maxExpires {
			seconds = 0
			break
		}
		seconds = seconds*10 + int(c-'0')
	}
	if seconds < 1 || seconds > maxExpires {
		return incomplete("X-Amz-Expires must be a number of seconds between 1 and 604800.")
	}
	s.Expires = time.Duration(seconds) * time.Second
	s.SessionToken = q[parameterToken].value
	return s.read(q[parameterCredential].value, q[parameterDate].value, q[parameterSignedHeaders].value, q[parameterSignature].value)
}

// read takes the parts apart that both forms have.
func (s *Signature) read(credential, date, signedHeaders, signature string) error {
	rest, ok := credential, true
	for _, part := range []*string{&s.AccessKeyID, &s.Date, &s.Region, &s.Service} {
		if *part, rest, ok = strings.Cut(rest, "/"); !ok || *part == "" {
			return incomplete("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.")
		}
	}
	if s.Terminator = rest; rest == "" || strings.Contains(rest, "/") {
		return incomplete("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.")
	}
	if len(s.AccessKeyID) > maxAccessKeyID {
		return incomplete("The access key id in Credential must not be longer than 128 characters.")
	}
	if s.Time, s.stamp, ok = parseTime(date, s.Expires == 0); !ok {
		return incomplete("Date must be in ISO-8601 'basic format', such as 20060102T150405Z.")
	}
	if !validHeaderList(signedHeaders) {
		return incomplete("SignedHeaders must be lower-case header names in ascending order, joined by ';'.")
	}
	s.SignedHeaders = signedHeaders
	if !decodeMAC(&s.mac, signature) {
		return errMismatch
	}
	return nil
}

// coversAll refuses a signature that leaves out a header whose meaning it should protect: the host,
// and everything that AWS gives a meaning to.
func (s *Signature) coversAll(r *Request) error {
	if !s.covers("host") {
		return &Error{Unsigned, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."}
	}
	for name := range r.Header {
		// X-Amz-Cf-Id is put in by a content network on the way, after signing.
		if len(name) > 6 && strings.EqualFold(name[:6], "X-Amz-") && name != "X-Amz-Cf-Id" && !s.covers(name) {
			return &Error{Unsigned, "'" + echo(name) + "' must be a 'SignedHeader' in the AWS Authorization."}
		}
	}
	return nil
}

// covers reports whether a header, in any case, is among the signed ones.
func (s *Signature) covers(name string) bool {
	for rest, more := s.SignedHeaders, true; more; {
		var signed string
		signed, rest, more = strings.Cut(rest, ";")
		if strings.EqualFold(signed, name) {
			return true
		}
	}
	return false
}

// single returns the value of a header that must not be given more than once.
func single(r *Request, name string) (string, error) {
	switch values := r.Header[name]; len(values) {
	case 0:
		return "", nil
	case 1:
		return values[0], nil
	default:
		return "", incomplete("The header " + name + " must not be given more than once.")
	}
}

// parseTime reads a moment, and the text by which it is signed. The header Date may hold the form
// that HTTP prefers; everything else is ISO 8601.
func parseTime(s string, header bool) (at time.Time, stamp string, ok bool) {
	if at, ok := parseStamp(s); ok {
		return at, s, true
	}
	if !header {
		return time.Time{}, "", false
	}
	at, err := http.ParseTime(s)
	if err != nil || at.Year() < 0 || at.Year() > 9999 {
		return time.Time{}, "", false
	}
	return at.UTC(), at.UTC().Format(stampLayout), true
}

// parseStamp reads 20060102T150405Z, and nothing that is only similar.
func parseStamp(s string) (time.Time, bool) {
	if len(s) != len(stampLayout) || s[8] != 'T' || s[15] != 'Z' {
		return time.Time{}, false
	}
	var n [14]int
	for i, from := 0, 0; from < 15; from++ {
		if from == 8 {
			continue
		}
		c := s[from]
		if c < '0' || c > '9' {
			return time.Time{}, false
		}
		n[i] = int(c - '0')
		i++
	}
	year := n[0]*1000 + n[1]*100 + n[2]*10 + n[3]
	month, day := n[4]*10+n[5], n[6]*10+n[7]
	hour, minute, second := n[8]*10+n[9], n[10]*10+n[11], n[12]*10+n[13]
	if hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	at := time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC)
	// time.Date turns the 31st of April into the 1st of May.
	if at.Month() != time.Month(month) || at.Day() != day {
		return time.Time{}, false
	}
	return at, true
}

func validHeaderList(list string) bool {
	last := ""
	for more := true; more; {
		var name string
		if name, list, more = strings.Cut(list, ";"); name <= last {
			return false
		}
		for i := range len(name) {
			if !headerNameByte[name[i]] {
				return false
			}
		}
		last = name
	}
	return true
}

// headerNameByte holds the bytes of a header's name in lower case.
var headerNameByte = func() (set [256]bool) {
	for _, c := range []byte("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz") {
		set[c] = true
	}
	return set
}()

// decodeMAC reads 64 lower-case hexadecimal digits.
func decodeMAC(to *[32]byte, s string) bool {
	if len(s) != hex.EncodedLen(len(to)) || strings.ContainsAny(s, "ABCDEF") {
		return false
	}
	_, err := hex.Decode(to[:], []byte(s))
	return err == nil
}
