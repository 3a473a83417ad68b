// Package webidentity is the room that knows whether to believe a token: it holds what issuers of OpenID
// Connect tokens say about people against the keys of the issuer.
//
// It is told which issuer and which client ids count, and answers with what the token says. It asks no
// issuer that it was not told of, follows no redirect, and asks seldom: whoever sends tokens cannot have
// this server ask others more often than a few times a minute. What a person may do, and which issuers an
// account believes, is no business of this room.
package webidentity

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Why a token is not believed. The text of an error that is one of these is for the caller, but for that of
// ErrUnreachable, which is for the log.
var (
	// ErrInvalid: it is no token, not of that issuer, or not signed by it.
	ErrInvalid = errors.New("webidentity: the token is not valid")
	// ErrExpired: its time is over.
	ErrExpired = errors.New("webidentity: the token has expired")
	// ErrUnreachable: the keys of the issuer cannot be had now.
	ErrUnreachable = errors.New("webidentity: the issuer cannot be asked")
)

const (
	// maxToken is the longest token that AWS takes, in bytes.
	maxToken = 20000
	// skew is how far the clock of an issuer may be off.
	skew = time.Minute
	// maxClaim is the longest value of a claim that is passed on, in bytes.
	maxClaim = 1024
)

// algorithms are those that a token may be signed with. None of them works with a secret that both sides
// know, so no public key can be taken for one.
var algorithms = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

// Options are what a Verifier needs.
type Options struct {
	// Roots are the authorities that the certificates of issuers are checked by; nil are the machine's.
	Roots *x509.CertPool
	// Now is the clock; nil is the machine's.
	Now func() time.Time
}

// Verifier believes tokens or does not. It is safe for concurrent use.
type Verifier struct {
	now     func() time.Time
	issuers *issuers
}

// New makes a Verifier.
func New(o Options) *Verifier {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Verifier{now: o.Now, issuers: newIssuers(o)}
}

// Token is what a token says.
type Token struct {
	Issuer  string
	Subject string
	// Audience is the client that the token was made for: of those registered the one that may use it.
	Audience string
	// Claims are the claims that are texts, numbers, truth values, or lists of these.
	Claims map[string][]string
	// Tags are the session tags that the issuer asks for, and TransitiveTags the keys of those that stay
	// when the session takes another role.
	Tags           map[string]string
	TransitiveTags []string
	Expires        time.Time
}

// CheckIssuer reports what is wrong with the URL of an issuer: it must be https, or http on this machine.
func CheckIssuer(issuer string) error {
	u, err := url.Parse(issuer)
	switch {
	case err != nil, u.Host == "", u.User != nil, u.RawQuery != "", u.Fragment != "":
		return errors.New("the URL of an issuer has a host, and neither user, query nor fragment")
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u.Hostname()):
		return nil
	default:
		return errors.New("the URL of an issuer begins with https://")
	}
}

// Issuer reads who a token says that it is from. It is not to be believed yet.
func Issuer(token string) (string, error) {
	if len(token) > maxToken {
		return "", refuse("The token is longer than %d characters", maxToken)
	}
	parsed, err := jwt.ParseSigned(token, algorithms)
	if err != nil {
		return "", refuse("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
	}
	var claims struct {
		Issuer string `json:"iss"`
	}
	if err := parsed.UnsafeClaimsWithoutVerification(&claims); err != nil || claims.Issuer == "" {
		return "", refuse("Missing a required claim: iss")
	}
	return claims.Issuer, nil
}

// Verify believes a token that an issuer made for one of some clients. The issuer is a URL that CheckIssuer
// finds nothing wrong with.
func (v *Verifier) Verify(ctx context.Context, issuer string, clients []string, token string) (*Token, error) {
	if len(token) > maxToken {
		return nil, refuse("The token is longer than %d characters", maxToken)
	}
	keys, err := v.issuers.keys(ctx, issuer)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	watched := &watched{KeySet: keys}
	config := &oidc.Config{SupportedSigningAlgs: names(algorithms), SkipClientIDCheck: true, SkipExpiryCheck: true}
	id, err := oidc.NewVerifier(issuer, watched, config).Verify(ctx, token)
	switch {
	case watched.unreachable != nil:
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, watched.unreachable)
	case err != nil:
		return nil, refuse("Couldn't retrieve verification key from your identity provider, or the token is not signed by it")
	}
	var claims map[string]json.RawMessage
	if err := id.Claims(&claims); err != nil {
		return nil, refuse("The claims are no JSON object")
	}
	if err := v.checkTimes(id, claims); err != nil {
		return nil, err
	}
	t := &Token{Issuer: issuer, Subject: id.Subject, Expires: id.Expiry, Claims: texts(claims)}
	if t.Subject == "" {
		return nil, refuse("Missing a required claim: sub")
	}
	if t.Audience, err = audience(id.Audience, t.Claims["azp"], clients); err != nil {
		return nil, err
	}
	return t, t.readTags(claims)
}

// checkTimes holds the times of a token to the clock.
func (v *Verifier) checkTimes(id *oidc.IDToken, claims map[string]json.RawMessage) error {
	now := v.now()
	for _, required := range []string{"exp", "iat"} {
		if _, ok := claims[required]; !ok {
			return refuse("Missing a required claim: %s", required)
		}
	}
	var notBefore jwt.NumericDate
	if raw, ok := claims["nbf"]; ok {
		if err := json.Unmarshal(raw, &notBefore); err != nil {
			return refuse("The claim nbf is no time")
		}
	}
	switch {
	case !now.Before(id.Expiry.Add(skew)):
		return &refusal{kind: ErrExpired, text: "Token expired: current date/time must be before the expiration date/time"}
	case id.IssuedAt.After(now.Add(skew)):
		return refuse("The token was issued in the future")
	case notBefore.Time().After(now.Add(skew)):
		return refuse("The token is not valid yet")
	}
	return nil
}

// audience is the client that may use a token. A token for several clients says who of them was given it.
func audience(audience, authorized, clients []string) (string, error) {
	const wrong = "Incorrect token audience"
	if !slices.ContainsFunc(audience, func(a string) bool { return slices.Contains(clients, a) }) {
		return "", refuse(wrong)
	}
	switch {
	case len(authorized) == 1:
		if !slices.Contains(clients, authorized[0]) {
			return "", refuse(wrong)
		}
		return authorized[0], nil
	case len(authorized) > 1, len(audience) > 1:
		return "", refuse(wrong + ": it names several clients, and not the one it was given to")
	default:
		return audience[0], nil
	}
}

// texts are the claims that are, or list, texts, numbers or truth values.
func texts(claims map[string]json.RawMessage) map[string][]string {
	found := make(map[string][]string)
	for name, raw := range claims {
		var value any
		decoder := json.NewDecoder(bytes.NewReader(raw))
		decoder.UseNumber()
		if decoder.Decode(&value) != nil {
			continue
		}
		list, ok := value.([]any)
		if !ok {
			list = []any{value}
		}
		var values []string
		for _, element := range list {
			if text, ok := textOf(element); ok && len(text) <= maxClaim {
				values = append(values, text)
			}
		}
		if len(values) == len(list) {
			found[name] = values
		}
	}
	return found
}

func textOf(value any) (string, bool) {
	switch value := value.(type) {
	case string:
		return value, true
	case json.Number:
		return value.String(), true
	case bool:
		return fmt.Sprint(value), true
	default:
		return "", false
	}
}

// The claims by which issuers ask for session tags, in one claim or in one for each.
const (
	tagsClaim        = "https://aws.amazon.com/tags"
	tagClaims        = tagsClaim + "/principal_tags/"
	transitiveClaims = tagsClaim + "/transitive_tag_keys"
)

// readTags reads the session tags. Each has one value.
func (t *Token) readTags(claims map[string]json.RawMessage) error {
	tags := make(map[string][]string)
	if raw, ok := claims[tagsClaim]; ok {
		var asked struct {
			Tags       map[string][]string `json:"principal_tags"`
			Transitive []string            `json:"transitive_tag_keys"`
		}
		if err := json.Unmarshal(raw, &asked); err != nil {
			return refuse("The claim %s is not well-formed", tagsClaim)
		}
		tags, t.TransitiveTags = asked.Tags, asked.Transitive
	}
	for name, values := range t.Claims {
		if key, ok := strings.CutPrefix(name, tagClaims); ok {
			if tags == nil {
				tags = make(map[string][]string)
			}
			tags[key] = values
		}
	}
	t.TransitiveTags = append(t.TransitiveTags, t.Claims[transitiveClaims]...)
	t.Tags = make(map[string]string, len(tags))
	for key, values := range tags {
		if len(values) != 1 {
			return refuse("A session tag must have one value")
		}
		t.Tags[key] = values[0]
	}
	return nil
}

// refusal is an error whose text is for the caller.
type refusal struct {
	kind error
	text string
}

func (r *refusal) Error() string { return r.text }
func (r *refusal) Unwrap() error { return r.kind }

func refuse(format string, args ...any) error {
	return &refusal{kind: ErrInvalid, text: fmt.Sprintf(format, args...)}
}

func names(algorithms []jose.SignatureAlgorithm) []string {
	list := make([]string, len(algorithms))
	for i, a := range algorithms {
		list[i] = string(a)
	}
	return list
}
