// Package access is the room of those who may call: accounts, owners of keys, access keys, roles, identity
// providers, and the policies that say what each may do.
//
// It keeps them in the store, with secrets sealed; finds the key that a request was signed with; and
// decides, for an operation and its typed request, whether the policies of its principal allow it. What
// was read is kept until the account is changed, by whichever node. Who signed a request, and what an
// operation does, is known elsewhere: no HTTP, no SQL and no rule of the messaging API may enter.
package access

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"carillon/api"
	"carillon/store"
)

// Options are what a Service works with.
type Options struct {
	Store store.Store
	// Partition and Region are those of every ARN.
	Partition, Region string
	// Home is the account that the server was configured with, and Root its root key, which is not in the
	// store. Its root alone manages accounts.
	Home string
	Root RootKey
	// KeyEncryptionKey is what secrets are sealed with, KeySize bytes. It must be the same on every node,
	// and for as long as there are secrets.
	KeyEncryptionKey []byte
	// ResourceTags reads the tags of a resource of the API; the error is an *api.Error when there is no
	// such resource. It is asked only for policies that mention aws:ResourceTag. nil finds none.
	ResourceTags func(ctx context.Context, account, resource string) ([]api.Tag, error)
	// Identities knows whether to believe the tokens of identity providers.
	Identities Identities
	// RegisterUser makes somebody a user of an app instance, if it is not one.
	RegisterUser func(ctx context.Context, account, appInstance, id, name string) error
	// MinSession is the least DurationSeconds of a session, in whole seconds; 0 is DefaultMinSession.
	MinSession time.Duration
	// Changed is told each account in which who may call, or what they may, has changed, on whichever node.
	// It must be quick. nil is told nothing.
	Changed func(account string)
	// Log gets what goes wrong beside requests. nil is slog.Default().
	Log *slog.Logger
	// Now is the clock; nil is the machine's.
	Now func() time.Time
	// Node tells the nodes of one database apart.
	Node uint16
}

// RootKey is the key of the root of an account.
type RootKey struct{ ID, Secret string }

// Service is everybody who may call. It is safe for concurrent use.
type Service struct {
	Options
	seal        seal
	keys        *store.Keys
	generations generations
	credentials *kept[string, *credential]
	roles       *kept[store.Key, *role]
	uses        uses
	tokens      *sessionTokens
	opened      *lru.Cache[string, *opened]
}

// Open makes a Service on a store. It makes the home account when it is not there, and refuses a
// KeyEncryptionKey that is not the one that the secrets there are were sealed with.
func Open(ctx context.Context, o Options) (*Service, error) {
	s := &Service{Options: o}
	if s.Log == nil {
		s.Log = slog.Default()
	}
	if s.Options.Now == nil {
		s.Options.Now = time.Now
	}
	if s.MinSession == 0 {
		s.MinSession = DefaultMinSession
	}
	var err error
	if s.seal, err = newSeal(o.KeyEncryptionKey); err != nil {
		return nil, err
	}
	if s.tokens, err = newSessionTokens(o.KeyEncryptionKey); err != nil {
		return nil, err
	}
	if s.opened, err = lru.New[string, *opened](maxOpened); err != nil {
		return nil, err
	}
	s.generations.told = o.Changed
	s.keys = store.NewKeys(o.Node, s.Options.Now)
	s.credentials = newKept[string, *credential](&s.generations)
	s.roles = newKept[store.Key, *role](&s.generations)
	err = o.Store.Update(ctx, func(tx store.Tx) error {
		if err := s.checkSeal(tx); err != nil {
			return err
		}
		_, err := tx.Account(o.Home)
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		err = tx.CreateAccount(store.Account{Key: s.keys.Next(), ID: o.Home, Created: s.now()})
		if errors.Is(err, store.ErrExists) {
			return fmt.Errorf("access: the account %s was deleted, and its id is given to nobody again", o.Home)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return s, s.follow(ctx)
}

// now is the time as it is stored: in whole milliseconds.
func (s *Service) now() time.Time { return s.Options.Now().UTC().Truncate(time.Millisecond) }

// change runs fn in a transaction that changes who may call in an account. Whoever is looked up once it
// returns is found as it is then.
func (s *Service) change(ctx context.Context, account string, fn func(store.Tx) error) error {
	err := s.Store.Update(ctx, func(tx store.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		generation, err := tx.TouchAccount(account)
		if err != nil {
			return err
		}
		tx.AfterCommit(func() { s.generations.changed(account, generation) })
		return nil
	})
	if errors.Is(err, store.ErrNotFound) {
		// Every record that a request names was looked for by fn: what is gone is the caller's account.
		return faultf(accessDenied, "The account %s does not exist.", account)
	}
	return err
}

// followInterval is how soon a node hears what another has changed.
const followInterval = time.Second

// Run does what has to be done from time to time until ctx ends: it writes when keys were used, and, when
// the store is shared with other nodes, hears what they change.
func (s *Service) Run(ctx context.Context, shared bool) {
	write := time.NewTicker(useInterval)
	defer write.Stop()
	var hear <-chan time.Time
	if shared {
		ticker := time.NewTicker(followInterval)
		defer ticker.Stop()
		hear = ticker.C
	}
	for {
		select {
		case <-ctx.Done():
			// What is left is written all the same: nobody is waiting for it any more.
			bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), useInterval)
			defer cancel()
			s.logged("the last uses of access keys cannot be written", s.writeUses(bound))
			return
		case <-write.C:
			s.logged("the last uses of access keys cannot be written", s.writeUses(ctx))
		case <-hear:
			s.logged("changes of access keys and policies cannot be read", s.follow(ctx))
		}
	}
}

func (s *Service) logged(what string, err error) {
	if err != nil && !errors.Is(err, context.Canceled) {
		s.Log.Error(what, "error", err)
	}
}
