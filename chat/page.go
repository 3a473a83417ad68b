package chat

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"

	"carillon/api"
	"carillon/store"
)

// defaultPage is the page size when a request names none, and the greatest there is.
const defaultPage = 50

// tokenMark is how every token begins: with a letter, because a command line takes what begins with
// a hyphen for an option.
const tokenMark = "p"

var errToken = api.Errorf(api.BadRequest, "The NextToken is not valid for this request.")

// openPageSeal returns what seals page tokens. Its key lives in the store, so that a token made by
// one node is good on every other and after a restart.
func openPageSeal(ctx context.Context, st store.Store) (cipher.AEAD, error) {
	block, err := sharedCipher(ctx, st, "page-token-key")
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// sharedCipher is AES with a key that all nodes share: the first one makes it.
func sharedCipher(ctx context.Context, st store.Store, setting string) (cipher.Block, error) {
	var key []byte
	err := st.Update(ctx, func(tx store.Tx) (err error) {
		key, err = tx.Setting(setting)
		if errors.Is(err, store.ErrNotFound) {
			key = make([]byte, 32)
			rand.Read(key)
			err = tx.PutSetting(setting, key)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return aes.NewCipher(key)
}

// page is where a list begins and how long it may be.
type page struct {
	s     *Service
	after store.Key
	limit int
	bound []byte // what the token is bound to
}

// page reads the paging members of a request. A token is sealed together with the operation, the
// caller and the parameters it was made for, and is refused with any other.
func (s *Service) page(caller *api.Caller, operation string, maxResults int, token string, parameters ...string) (*page, error) {
	p := &page{s: s, limit: maxResults}
	if p.limit == 0 {
		p.limit = defaultPage
	}
	p.bound = []byte(strings.Join(append([]string{operation, caller.Account, caller.Bearer}, parameters...), "\x00"))
	if token == "" {
		return p, nil
	}
	text, marked := strings.CutPrefix(token, tokenMark)
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	n := s.pages.NonceSize()
	if err != nil || !marked || len(sealed) < n {
		return nil, errToken
	}
	plain, err := s.pages.Open(nil, sealed[:n], sealed[n:], p.bound)
	if err != nil || len(plain) != 8 {
		return nil, errToken
	}
	p.after = store.Key(binary.BigEndian.Uint64(plain))
	return p, nil
}

// fetch is the number of records to ask the store for: one more than the page, which tells whether
// there is a next one.
func (p *page) fetch() int { return p.limit + 1 }

// cut shortens what was fetched to the page, and seals the token of the next one when there is one.
func cut[T any](p *page, fetched []T, position func(T) store.Key) ([]T, string) {
	if len(fetched) <= p.limit {
		return fetched, ""
	}
	fetched = fetched[:p.limit]
	return fetched, p.token(position(fetched[p.limit-1]))
}

// token seals the position after which the next page begins.
func (p *page) token(position store.Key) string {
	nonce := make([]byte, p.s.pages.NonceSize(), 64)
	rand.Read(nonce)
	var plain [8]byte
	binary.BigEndian.PutUint64(plain[:], uint64(position))
	return tokenMark + base64.RawURLEncoding.EncodeToString(p.s.pages.Seal(nonce, nonce, plain[:], p.bound))
}
