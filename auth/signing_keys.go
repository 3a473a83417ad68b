package auth

import (
	"fmt"

	lru "github.com/hashicorp/golang-lru/v2"

	"carillon/sigv4"
)

// maxSigningKeys bounds the cache: an access key in use has one entry, two around midnight.
const maxSigningKeys = 4096

// signingKeys are the keys derived from secrets, kept while they are in use.
type signingKeys struct {
	cache *lru.Cache[signingKeyID, *sigv4.Key]
	// decoy is what a signature with an unknown access key is verified with.
	decoy *sigv4.Key
}

// signingKeyID is what a signing key depends on. The secret is part of it, so that a key whose
// secret was changed is another key at once.
type signingKeyID struct{ secret, date, region, service string }

func newSigningKeys() *signingKeys {
	cache, err := lru.New[signingKeyID, *sigv4.Key](maxSigningKeys)
	if err != nil {
		panic(fmt.Sprintf("auth: a cache of %d entries cannot be made: %v", maxSigningKeys, err))
	}
	return &signingKeys{cache: cache, decoy: sigv4.NewKey("", "", "", "")}
}

// get returns the key that a signature must have been made with.
func (k *signingKeys) get(s *sigv4.Signature, key *Key, known bool) *sigv4.Key {
	if !known {
		return k.decoy
	}
	id := signingKeyID{secret: key.Secret, date: s.Date, region: s.Region, service: s.Service}
	if signing, ok := k.cache.Get(id); ok {
		return signing
	}
	signing := s.Key(key.Secret)
	k.cache.Add(id, signing)
	return signing
}
