package access

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"

	"carillon/store"
)

// KeySize is the length of a KeyEncryptionKey in bytes.
const KeySize = 32

// ErrKeyEncryptionKey is the answer of Open to a key that is not the one that secrets were sealed with.
var ErrKeyEncryptionKey = errors.New("access: the key-encryption key is not the one that the access keys in the database were encrypted with")

// sealSetting holds a text that only the right key opens.
const (
	sealSetting = "key-encryption-check"
	sealCheck   = "this is the key"
)

// seal encrypts what must not be read in the database, by AES-256-GCM.
type seal struct {
	root []byte
	keys cipher.AEAD
}

func newSeal(root []byte) (seal, error) {
	if len(root) != KeySize {
		return seal{}, fmt.Errorf("access: the key-encryption key has %d bytes, it must have %d", len(root), KeySize)
	}
	s := seal{root: root}
	var err error
	s.keys, err = s.derive("access keys")
	return s, err
}

// derive returns a cipher of its own for each purpose.
func (s seal) derive(purpose string) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, s.root, nil, "carillon "+purpose, KeySize)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// bound is what a sealed text belongs to: moved to another key or account, it opens no more.
func bound(account, id string) []byte { return []byte(account + "\x00" + id) }

func (s seal) close(account, id, secret string) []byte {
	nonce := make([]byte, s.keys.NonceSize(), 96)
	rand.Read(nonce)
	return s.keys.Seal(nonce, nonce, []byte(secret), bound(account, id))
}

func (s seal) open(account, id string, sealed []byte) (string, error) {
	n := s.keys.NonceSize()
	if len(sealed) < n {
		return "", errors.New("access: a sealed secret is cut short")
	}
	secret, err := s.keys.Open(nil, sealed[:n], sealed[n:], bound(account, id))
	if err != nil {
		return "", errors.New("access: a sealed secret does not open")
	}
	return string(secret), nil
}

// checkSeal refuses a wrong key; the first one that comes is the right one.
func (s *Service) checkSeal(tx store.Tx) error {
	sealed, err := tx.Setting(sealSetting)
	if errors.Is(err, store.ErrNotFound) {
		return tx.PutSetting(sealSetting, s.seal.close("", "", sealCheck))
	}
	if err != nil {
		return err
	}
	if _, err := s.seal.open("", "", sealed); err != nil {
		return ErrKeyEncryptionKey
	}
	return nil
}
