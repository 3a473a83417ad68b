package access

import (
	"bytes"
	"compress/flate"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"carillon/store"
)

const (
	// temporaryPrefix begins the ids of temporary access keys.
	temporaryPrefix = "ASIA"
	// maxSessionToken is the longest session token there is, in characters: with everything else that the
	// URL of a live session holds it stays below what proxies take.
	maxSessionToken = 2048
	// maxPacked is how much of a token policies and tags may take, packed, in bytes.
	maxPacked = 1024
	// maxUnpacked bounds what a token is unpacked to, in bytes.
	maxUnpacked = 64 << 10

	tokenVersion = 1
)

// session is everything that there is to know about temporary credentials. It stands in their token and
// nowhere else. Its names are short because it travels with every request.
type session struct {
	AccessKeyID string `json:"i"`
	Account     string `json:"a"`
	// Role is the role that was taken; 0 for the session of a key.
	Role store.Key `json:"r,omitempty"`
	Name string    `json:"n,omitempty"`
	// Owner and Parent are whose session it is, without a role, and the key that it was begun with. Owner 0
	// is the root of the account.
	Owner   store.Key `json:"o,omitempty"`
	Parent  string    `json:"k,omitempty"`
	Issued  time.Time `json:"b"`
	Expires time.Time `json:"e"`

	Limits sessionLimits `json:"l"`
	// Web is who an identity provider says that it is.
	Web *webIdentity `json:"w,omitempty"`
}

// sessionLimits are what a session was begun with to tell it apart, and to limit it.
type sessionLimits struct {
	Tags       map[string]string `json:"t,omitempty"`
	Transitive []string          `json:"x,omitempty"` // the keys of tags that the next role has too
	Policy     string            `json:"p,omitempty"`
	PolicyARNs []string          `json:"q,omitempty"`
}

// webIdentity is a person as an identity provider knows it.
type webIdentity struct {
	Issuer   string   `json:"i"` // without https://
	Subject  string   `json:"s"`
	Audience string   `json:"a"`
	Methods  []string `json:"m,omitempty"` // how it signed in
}

// sessionTokens seals and opens session tokens. It is safe for concurrent use.
type sessionTokens struct {
	aead    cipher.AEAD
	secrets []byte // what the secrets of temporary keys are derived from
}

// newSessionTokens makes a sealer from the key of the server. Tokens of servers with other keys are not
// opened.
func newSessionTokens(key []byte) (*sessionTokens, error) {
	derive := func(use string) ([]byte, error) { return hkdf.Key(sha256.New, key, nil, "carillon "+use, 32) }
	sealing, err := derive("session tokens")
	if err != nil {
		return nil, err
	}
	secrets, err := derive("secrets of temporary keys")
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(sealing)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return &sessionTokens{aead: aead, secrets: secrets}, err
}

// newTemporaryID makes the id of a temporary key.
func newTemporaryID() string {
	var id [10]byte
	_, _ = rand.Read(id[:]) // never fails
	return temporaryPrefix + base32.StdEncoding.EncodeToString(id[:])
}

// secret is the secret of a temporary key. It follows from the id, so that no token need hold it.
func (t *sessionTokens) secret(id string) string {
	mac := hmac.New(sha256.New, t.secrets)
	mac.Write([]byte(id))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil)[:30])
}

// errTooLarge: the session has more tags and policies than a token has room for.
var errTooLarge = errors.New("access: the session does not fit into a token")

// seal makes the token of a session.
func (t *sessionTokens) seal(s *session) (string, error) {
	packed, err := pack(s)
	if err != nil {
		return "", err
	}
	sealed := t.aead.Seal([]byte{tokenVersion}, nil, packed, []byte{tokenVersion})
	token := base64.RawURLEncoding.EncodeToString(sealed)
	if len(token) > maxSessionToken {
		return "", errTooLarge
	}
	return token, nil
}

// open reads a token. It reports false for everything that seal did not make.
func (t *sessionTokens) open(token string) (*session, bool) {
	if len(token) > maxSessionToken || strings.ContainsAny(token, "\r\n") { // which the decoder passes over
		return nil, false
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(sealed) == 0 || sealed[0] != tokenVersion {
		return nil, false
	}
	packed, err := t.aead.Open(nil, nil, sealed[1:], sealed[:1])
	if err != nil {
		return nil, false
	}
	s := new(session)
	return s, unpack(packed, s) == nil
}

// packedSize is how much of the room for policies and tags a session takes, in percent.
func (l *sessionLimits) packedSize() (int32, error) {
	packed, err := pack(l)
	return int32(100*len(packed)+maxPacked-1) / maxPacked, err
}

// dictionary holds what is likely to be in a token, the likeliest last.
var dictionary = []byte(`arn:aws:iam::aws:policy/CarillonAdminCarillonBackendCarillonReadOnlyCarillonSessionOnlyCarillonEndUser` +
	`"StringLike":"StringEquals":"Condition":{"NotAction":["NotResource":["Sid":"Effect":"Deny","chime:ListChannelMessages","chime:CreateChannel` +
	`"chime:DescribeChannel","chime:Connect","chime:SendChannelMessage","chime:GetMessagingSessionEndpoint","chime:*","Resource":"*"}]}` +
	`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["Resource":["arn:aws:chime:us-east-1:*:app-instance/*/channel/*/user/` +
	`${aws:PrincipalTag/UserUUID}https://accounts.google.com"Department""tenant""UserUUID":"","x":["},"w":{"i":"","s":"","a":""}}` +
	`"k":"AKIA{"i":"ASIA","a":"","r":,"n":"","b":"2026-01-01T00:00:00Z","e":"T00:00:00Z","l":{"t":{`)

func pack(value any) ([]byte, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	w, err := flate.NewWriterDict(&packed, flate.BestCompression, dictionary)
	if err != nil {
		return nil, err
	}
	_, err = w.Write(text)
	err = errors.Join(err, w.Close()) // which writes the rest
	return packed.Bytes(), err
}

func unpack(packed []byte, value any) error {
	r := flate.NewReaderDict(bytes.NewReader(packed), dictionary)
	text, err := io.ReadAll(io.LimitReader(r, maxUnpacked))
	if err != nil {
		return fmt.Errorf("unpacking a session: %w", err)
	}
	return json.Unmarshal(text, value)
}
