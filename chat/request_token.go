package chat

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"carillon/api"
	"carillon/store"
)

// tokenLife is how long a ClientRequestToken is remembered.
const tokenLife = 24 * time.Hour

var errTokenReused = api.Errorf(api.Conflict, "The ClientRequestToken was used before with other parameters.")

// once runs create unless the same request was answered before, which its ClientRequestToken tells;
// then it returns what that one made. The same token with another request is a Conflict. scope is
// the space tokens are unique in.
func (s *Service) once(tx store.Tx, scope, operation, token string, in any, create func() (result string, err error)) (string, error) {
	text, err := json.Marshal(in)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	fingerprint := [16]byte(sum[:16])
	now := s.Now()
	switch known, err := tx.RequestToken(scope, operation, token, now); {
	case err == nil && known.Fingerprint == fingerprint:
		return known.Result, nil
	case err == nil:
		return "", errTokenReused
	case !errors.Is(err, store.ErrNotFound):
		return "", err
	}
	result, err := create()
	if err != nil {
		return "", err
	}
	return result, tx.PutRequestToken(store.RequestToken{
		Scope: scope, Operation: operation, Token: token,
		Fingerprint: fingerprint, Result: result, Expires: now.Add(tokenLife),
	})
}

// scopeOf is the space of the tokens of one sender.
func scopeOf(sender store.Key) string { return strconv.FormatInt(int64(sender), 36) }
