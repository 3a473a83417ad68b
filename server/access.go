package server

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/google/uuid"

	"carillon/access"
	"carillon/api"
	"carillon/auth"
	"carillon/webidentity"
)

// openAccess makes the room of those who may call.
func (s *Server) openAccess(ctx context.Context, service api.Service) (*access.Service, error) {
	key, made, err := s.keyEncryptionKey()
	if err != nil {
		return nil, fmt.Errorf("key_encryption_key: %w", err)
	}
	opened, err := access.Open(ctx, access.Options{
		Store: s.store, Partition: partition, Region: s.config.Region, Home: s.config.Account,
		Root: access.RootKey{ID: s.rootKey.ID, Secret: s.rootKey.Secret}, KeyEncryptionKey: key, MinSession: s.config.CredentialsMinDuration, Log: s.log,
		Node: uint16(mathrand.Uint32()), // any node but those that happen to share it
		ResourceTags: func(ctx context.Context, account, resource string) ([]api.Tag, error) {
			out, err := service.ListTagsForResource(ctx, &api.Caller{Account: account}, &api.ListTagsForResourceRequest{ResourceARN: resource})
			if err != nil {
				return nil, err
			}
			return out.Tags, nil
		},
		Identities: identities{webidentity.New(webidentity.Options{})}, Changed: s.changed.add,
		RegisterUser: func(ctx context.Context, account, appInstance, id, name string) error {
			return registerUser(ctx, service, account, appInstance, id, name)
		},
	})
	if errors.Is(err, access.ErrKeyEncryptionKey) {
		if made {
			// It never was the key of anything.
			err = errors.Join(err, os.Remove(keyEncryptionKeyPath(s.config.Data)))
		}
		return nil, fmt.Errorf("key_encryption_key: %w: set the one that the first server of this database was started with, or copy the file key-encryption-key of its data folder", err)
	}
	return opened, err
}

// registerUser makes somebody a user of an app instance, if it is not one. What is not the server's own
// words goes the way of a request, which holds it to every constraint.
func registerUser(ctx context.Context, service api.Service, account, appInstance, id, name string) error {
	body, err := json.Marshal(map[string]string{
		"AppInstanceArn": appInstance, "AppInstanceUserId": id, "Name": name, "ClientRequestToken": uuid.NewString(),
	})
	if err != nil {
		return err
	}
	op := api.Lookup("CreateAppInstanceUser")
	in, err := op.Decode(&api.Input{Body: body})
	if err != nil {
		return err
	}
	root := &api.Caller{Account: account, Principal: "arn:" + partition + ":iam::" + account + ":root", RequestID: uuid.NewString()}
	if _, err := op.Call(ctx, service, root, in); err != nil && !isKind(err, api.Conflict) {
		return err
	}
	return nil
}

// accounts are those in which something has changed.
type accounts struct {
	mu    sync.Mutex
	names map[string]struct{}
	woken chan struct{} // has room for one
}

func newAccounts() *accounts { return &accounts{woken: make(chan struct{}, 1)} }

func (a *accounts) add(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.names == nil {
		a.names = make(map[string]struct{})
	}
	a.names[name] = struct{}{}
	select {
	case a.woken <- struct{}{}:
	default:
	}
}

func (a *accounts) take() map[string]struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	names := a.names
	a.names = nil
	return names
}

// review has the sessions of accounts looked at in which something has changed, until ctx ends.
func (s *Server) review(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.changed.woken:
		}
		for account := range s.changed.take() {
			s.live.Review(account)
		}
	}
}

func keyEncryptionKeyPath(data string) string { return filepath.Join(data, "key-encryption-key") }

// keyEncryptionKey is the key of the configuration, else that of the data folder, which is made when there
// is none.
func (s *Server) keyEncryptionKey() (key []byte, made bool, err error) {
	if s.config.KeyEncryptionKey != "" {
		key, err = parseKeyEncryptionKey(s.config.KeyEncryptionKey)
		return key, false, err
	}
	path := keyEncryptionKeyPath(s.config.Data)
	content, err := os.ReadFile(path)
	if err == nil {
		if key, err = parseKeyEncryptionKey(strings.TrimSpace(string(content))); err != nil {
			err = fmt.Errorf("%s: %w", path, err)
		}
		return key, false, err
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, false, err
	}
	key = make([]byte, access.KeySize)
	rand.Read(key)
	return key, true, writeFile(path, []byte(base64.StdEncoding.EncodeToString(key)+"\n"))
}

func parseKeyEncryptionKey(text string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(key) != access.KeySize {
		return nil, fmt.Errorf("it must be %d bytes in base64: make one with openssl rand -base64 %d", access.KeySize, access.KeySize)
	}
	return key, nil
}

// lookup finds access keys for auth, temporary ones by their session tokens.
func (s *Server) lookup(ctx context.Context, accessKeyID, sessionToken string) (auth.Key, bool, error) {
	key, ok, err := s.access.Lookup(ctx, accessKeyID, sessionToken)
	if err != nil || !ok {
		return auth.Key{}, false, err
	}
	return auth.Key{
		AccessKeyID: key.ID, Secret: key.Secret, Account: key.Account, Principal: key.Principal, Disabled: key.Disabled, Grant: key.Grant,
		Expires: key.Expires, SessionToken: sessionToken, // which was opened, or is empty
	}, true, nil
}

// admit is what the rooms before an operation say to a request.
type admit func(ctx context.Context, op *api.Operation, caller *api.Caller, in any) error

func bothAdmit(first, second admit) admit {
	return func(ctx context.Context, op *api.Operation, caller *api.Caller, in any) error {
		if err := first(ctx, op, caller, in); err != nil {
			return err
		}
		return second(ctx, op, caller, in)
	}
}
