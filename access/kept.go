package access

import (
	"context"
	"fmt"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"

	"carillon/store"
)

// generations are what is known of how often accounts were changed.
type generations struct {
	mu sync.RWMutex
	// latest is the greatest of all, on which depends what is not there.
	latest int64
	of     map[string]int64
	// told hears of every account that was changed; nil is nobody.
	told func(account string)
}

func (g *generations) changed(account string, generation int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.of == nil {
		g.of = make(map[string]int64)
	}
	if generation > g.of[account] {
		g.of[account] = generation
		if g.told != nil {
			g.told(account)
		}
	}
	g.latest = max(g.latest, generation)
}

// now is the generation of an account, or with no account the greatest.
func (g *generations) now(account string) int64 {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if account == "" {
		return g.latest
	}
	return g.of[account]
}

// changedAtOnce is how many changed accounts are read at once.
const changedAtOnce = 100

// follow hears what was changed since it was asked last, by whichever node.
func (s *Service) follow(ctx context.Context) error {
	for {
		var changed []store.Account
		err := s.Store.View(ctx, func(tx store.Tx) (err error) {
			changed, err = tx.ChangedAccounts(s.generations.now(""), changedAtOnce)
			return err
		})
		if err != nil {
			return err
		}
		for _, a := range changed {
			s.generations.changed(a.ID, a.Generation)
		}
		if len(changed) < changedAtOnce {
			return nil
		}
	}
}

// maxKept bounds each kind of what is kept: those who call at the same time, and to spare.
const maxKept = 16384

// kept is what was read of accounts, for as long as they are not changed.
type kept[K comparable, V any] struct {
	generations *generations
	cache       *lru.Cache[K, keptValue[V]]
}

// keptValue was read when an account had a generation. Without an account it is something that was not
// there when that generation was the latest of all.
type keptValue[V any] struct {
	value      V
	account    string
	generation int64
}

func newKept[K comparable, V any](g *generations) *kept[K, V] {
	cache, err := lru.New[K, keptValue[V]](maxKept)
	if err != nil {
		panic(fmt.Sprintf("access: a cache of %d entries cannot be made: %v", maxKept, err))
	}
	return &kept[K, V]{generations: g, cache: cache}
}

// get returns what is kept by a name, and else reads it. read tells the account that the value belongs to,
// with the generation that it had in the transaction of the reading; an account without an id when there
// is nothing of that name.
func (k *kept[K, V]) get(name K, read func() (V, store.Account, error)) (V, error) {
	if found, ok := k.cache.Get(name); ok && found.generation >= k.generations.now(found.account) {
		return found.value, nil
	}
	before := k.generations.now("")
	value, account, err := read()
	if err != nil {
		return value, err
	}
	entry := keptValue[V]{value: value, account: account.ID, generation: account.Generation}
	if account.ID == "" {
		entry.generation = before
	} else {
		k.generations.changed(account.ID, account.Generation)
	}
	k.cache.Add(name, entry)
	return value, nil
}
