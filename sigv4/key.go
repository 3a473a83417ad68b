package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"hash"
	"sync"
)

// Key is a signing key: what a secret becomes for one day, region and service. Deriving it costs four
// times as much as using it. It is safe for concurrent use.
type Key struct {
	bytes [sha256.Size]byte
	macs  sync.Pool // of hash.Hash, keyed, so that using one need not hash the key again
}

// NewKey derives the signing key of a secret for a day, written 20060102, a region and a service.
func NewKey(secret, date, region, service string) *Key {
	k := []byte("AWS4" + secret)
	for _, part := range []string{date, region, service, Terminator} {
		mac := hmac.New(sha256.New, k)
		mac.Write([]byte(part))
		k = mac.Sum(nil)
	}
	key := &Key{bytes: [sha256.Size]byte(k)}
	key.macs.New = func() any { return hmac.New(sha256.New, key.bytes[:]) }
	return key
}

// Key derives the key that a signature must have been made with, given the secret of its access key.
func (s *Signature) Key(secret string) *Key { return NewKey(secret, s.Date, s.Region, s.Service) }

// appendMAC appends the authentication code of a text.
func (k *Key) appendMAC(dst, text []byte) []byte {
	mac := k.macs.Get().(hash.Hash)
	mac.Reset()
	mac.Write(text)
	dst = mac.Sum(dst)
	k.macs.Put(mac)
	return dst
}
