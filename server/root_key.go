package server

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// RootKey is the access key that may do everything in the account.
type RootKey struct {
	ID     string `json:"access_key_id"`
	Secret string `json:"secret_access_key"`
}

// minSecret is the length of a secret, in characters, below which it can be guessed.
const minSecret = 16

// An id travels inside a credential scope, whose parts are separated by slashes.
var keyIDPattern = regexp.MustCompile(`^[A-Za-z0-9_.-]{3,128}$`)

// Ids and secrets that everybody has read in some documentation, in lower case.
var (
	wellKnownIDs = []string{
		"akidexample", "akiaiosfodnn7example", "akiai44qh8dhbexample", "asiaiosfodnn7example", "your_access_key_id",
		"test", "carillon", "minioadmin", "admin", "root", "user", "guest", "dummy", "fake", "foo", "example",
	}
	wellKnownSecrets = []string{
		"wjalrxutnfemi/k7mdeng+bpxrficyexamplekey", "wjalrxutnfemi/k7mdeng/bpxrficyexamplekey",
		"je7mtgbclwbf/2zp9utk/h3yco8nvbexamplekey", "your_secret_access_key",
		"test", "carillon", "minioadmin", "admin", "root", "password", "changeme", "secret", "guest", "dummy", "fake", "bar", "example",
	}
)

// checkRootKey refuses a key that cannot be used, and, when others than this machine can reach one of
// the addresses, one that can be known or guessed.
func checkRootKey(key RootKey, addrs ...string) error {
	public := slices.IndexFunc(addrs, func(addr string) bool { return !isLoopback(addr) })
	switch {
	case key.ID == "" || key.Secret == "":
		return errors.New("set both root.key_id and root.secret, or neither")
	case !keyIDPattern.MatchString(key.ID):
		return errors.New("root.key_id must be 3 to 128 letters, digits, dots, hyphens or underscores")
	case public < 0:
		return nil
	case slices.Contains(wellKnownIDs, strings.ToLower(key.ID)), slices.Contains(wellKnownSecrets, strings.ToLower(key.Secret)):
		return fmt.Errorf("refusing to listen on %s with well-known credentials (root.key_id %q): set a key and secret of your own, or leave both out and one is made", addrs[public], key.ID)
	case len(key.Secret) < minSecret:
		return fmt.Errorf("refusing to listen on %s with a root.secret of fewer than %d characters", addrs[public], minSecret)
	}
	return nil
}

// newRootKey makes a random key in the form of AWS's.
func newRootKey() RootKey {
	var id [10]byte
	var secret [30]byte
	_, _ = rand.Read(id[:]) // never fails
	_, _ = rand.Read(secret[:])
	return RootKey{
		ID:     "AKIA" + base32.StdEncoding.EncodeToString(id[:]),
		Secret: base64.StdEncoding.EncodeToString(secret[:]),
	}
}

func rootKeyPath(data string) string { return filepath.Join(data, "root-key.json") }

// ReadRootKey reads the key that the first start left in a data folder. It answers an error that is
// fs.ErrNotExist when there is none.
func ReadRootKey(data string) (RootKey, error) {
	var key RootKey
	content, err := os.ReadFile(rootKeyPath(data))
	if err != nil {
		return RootKey{}, err
	}
	if err := json.Unmarshal(content, &key); err != nil || key.ID == "" || key.Secret == "" {
		return RootKey{}, fmt.Errorf("%s does not hold an access key", rootKeyPath(data))
	}
	return key, nil
}

// keptRootKey returns the key of a data folder, which it makes when there is none.
func keptRootKey(data string) (RootKey, error) {
	key, err := ReadRootKey(data)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	key = newRootKey()
	return key, writeJSON(rootKeyPath(data), key)
}
