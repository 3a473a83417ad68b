package sigv4

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Signer signs requests with one access key. It is safe for concurrent use.
type Signer struct {
	accessKeyID, secret, token string
	region, service            string

	key atomic.Pointer[datedKey]
}

// datedKey is the key of one day.
type datedKey struct {
	date string
	*Key
}

// NewSigner makes a signer. token is the session token of temporary credentials, or empty.
func NewSigner(accessKeyID, secret, token, region, service string) *Signer {
	return &Signer{accessKeyID: accessKeyID, secret: secret, token: token, region: region, service: service}
}

// Sign signs a request in the header form: it sets X-Amz-Date, X-Amz-Security-Token where there is a
// token, and Authorization. Covered are the host, Content-Type and every header X-Amz-*, which must
// be set before. body is what r.Body will yield.
func (s *Signer) Sign(r *http.Request, body []byte, now time.Time) {
	stamp := now.UTC().Format(stampLayout)
	r.Header.Set(headerDate, stamp)
	if s.token != "" {
		r.Header.Set(headerToken, s.token)
	}
	r.Header.Del("Authorization")
	sig := s.start(r, stamp)
	mac := s.compute(sig, request(r, body))
	r.Header.Set("Authorization", Algorithm+" Credential="+s.credential(sig)+
		", SignedHeaders="+sig.SignedHeaders+", Signature="+mac)
}

// Presign signs a request in the query form: everything is in its URL afterwards, and the request is
// good for expires, which is cut to whole seconds between 1 and 604800. Headers X-Amz-* that are set
// are covered, and must then be sent. body is what will be sent with it, mostly nothing.
func (s *Signer) Presign(r *http.Request, body []byte, now time.Time, expires time.Duration) {
	stamp := now.UTC().Format(stampLayout)
	r.Header.Del("Authorization")
	sig := s.start(r, stamp)
	seconds := min(max(int64(expires/time.Second), 1), maxExpires)
	var query strings.Builder
	for pair := range strings.SplitSeq(r.URL.RawQuery, "&") {
		if name, _, _ := strings.Cut(pair, "="); pair != "" && parameterOf(name) == parameters {
			query.WriteString(pair)
			query.WriteByte('&')
		}
	}
	for p, value := range [parameters]string{
		parameterAlgorithm:     Algorithm,
		parameterCredential:    s.credential(sig),
		parameterDate:          stamp,
		parameterExpires:       strconv.FormatInt(seconds, 10),
		parameterSignedHeaders: sig.SignedHeaders,
		parameterToken:         s.token,
	} {
		if value != "" {
			query.WriteString(parameterNames[p])
			query.WriteByte('=')
			query.WriteString(url.QueryEscape(value))
			query.WriteByte('&')
		}
	}
	canonical := new(canonicalQuery).append(nil, query.String(), &strict)
	r.URL.RawQuery = string(canonical)
	mac := s.compute(sig, request(r, body))
	r.URL.RawQuery += "&" + parameterNames[parameterSignature] + "=" + mac
}

// start makes the signature without its code.
func (s *Signer) start(r *http.Request, stamp string) *Signature {
	names := []string{"host"}
	for name := range r.Header {
		name = strings.ToLower(name)
		if name == "content-type" || strings.HasPrefix(name, "x-amz-") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return &Signature{
		AccessKeyID: s.accessKeyID, Date: stamp[:dateLength], Region: s.region, Service: s.service, Terminator: Terminator,
		SignedHeaders: strings.Join(names, ";"), stamp: stamp, payload: r.Header.Get(headerPayload),
	}
}

func (s *Signer) credential(sig *Signature) string {
	return s.accessKeyID + "/" + sig.Date + "/" + s.region + "/" + s.service + "/" + Terminator
}

// request describes a request as the client of net/http will send it.
func request(r *http.Request, body []byte) *Request {
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	path, query := SplitTarget(r.URL.RequestURI())
	return &Request{Method: r.Method, Host: strings.ToLower(host), Path: path, Query: query, Header: r.Header, Body: body}
}

func (s *Signer) compute(sig *Signature, r *Request) string {
	key := s.key.Load()
	if key == nil || key.date != sig.Date {
		key = &datedKey{date: sig.Date, Key: sig.Key(s.secret)}
		s.key.Store(key)
	}
	w := works.Get().(*work)
	defer works.Put(w)
	w.setPayload(sig, r)
	w.queries[0] = w.query.append(w.queries[0][:0], r.Query, &strict)
	w.canonical = w.appendCanonical(w.canonical[:0], sig, r, w.queries[0], r.Host, "")
	w.mac = w.appendMAC(w.mac[:0], sig, key.Key)
	return string(appendHex(nil, w.mac))
}
