// Package store is the contract of durable state: records, and transactions over them.
//
// It holds no SQL and no rule of the API: who may do what is decided by the caller, on data read
// in the same transaction. Records hold keys, not ARNs. One file per noun, the same names in every
// layer; storetest has the suite that every implementation passes.
package store

import (
	"context"
	"errors"
	"sync"
	"time"
)

// What a transaction can say of itself. Everything else is a fault of the engine.
var (
	// ErrNotFound: the record that was asked for, or was to be changed, is not there.
	ErrNotFound = errors.New("store: not found")
	// ErrExists: a record with that identity is there already.
	ErrExists = errors.New("store: exists already")
	// ErrClosed: the store was closed.
	ErrClosed = errors.New("store: closed")
	// ErrReadOnly: a View tried to write.
	ErrReadOnly = errors.New("store: write in a read-only transaction")
	// ErrBusy: the engine cannot, for now: it is overloaded, or cannot be reached. Nothing of the
	// transaction remains, and another time it may succeed.
	ErrBusy error = temporary("store: busy, try again")
	// ErrUncertain: the engine went away during a commit. The transaction may have been committed,
	// then without its AfterCommit functions, or not.
	ErrUncertain error = temporary("store: the outcome of a commit is not known")
)

// temporary is an error that is no fault of the request.
type temporary string

func (t temporary) Error() string { return string(t) }

// Temporary tells those who do not know this package that another time may be better.
func (t temporary) Temporary() bool { return true }

// Store is durable state.
type Store interface {
	// View runs fn on a snapshot. fn must not write. It may run more than once: what it found in a run that
	// ended with an error has never been.
	View(ctx context.Context, fn func(Tx) error) error
	// Update runs fn in a serializable transaction and returns once its commit is on disk. fn may
	// run more than once, sees its own writes, and must have no effect but through its Tx: in a run
	// of which nothing remains it may be told that a write succeeded that did not. When fn returns
	// an error nothing of it remains, and Update returns that error as it is.
	Update(ctx context.Context, fn func(Tx) error) error
	// Ping reports whether the store answers.
	Ping(ctx context.Context) error
	// Close waits for transactions under way and releases everything.
	Close() error
}

// Tx is one transaction. It is valid only inside the fn it was given to and on that goroutine.
//
// Lists return at most limit records, in the order of their creation, that come after the given
// position; a zero position is the beginning.
type Tx interface {
	Accounts
	KeyOwners
	AccessKeys
	Roles
	IdentityProviders
	PrincipalPolicies
	AppInstances
	AppInstanceAdmins
	AppInstanceBots
	AppInstanceUserEndpoints
	Identities
	Channels
	ChannelMemberships
	ChannelModerators
	ChannelBans
	ChannelMessages
	ChannelEvents
	SubChannels
	ChannelFlows
	Streamings
	Outbox
	Expirations
	Retentions
	Cleanups
	Leases
	Tags
	RequestTokens
	Settings

	// AfterCommit calls fn once the transaction is durable, before Update returns, and after the
	// functions of every transaction that was committed before this one on this node. It is not
	// called when the transaction fails. fn must be quick and must not use the store.
	AfterCommit(fn func())
}

// Key is the compact name of a record inside the store. Keys are unique in the whole store, whatever
// they name, and a key made later is greater: the order of keys is the order of creation, exactly on
// one node and to the precision of the clocks between nodes. A name that is deleted and created
// again gets a new key, so nothing of the old one can be taken for the new one's. 0 is no key.
type Key int64

// keyEpoch is where the time inside keys begins. 41 bits of milliseconds last until 2094.
var keyEpoch = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()

const (
	keyCounterBits = 12
	keyNodeBits    = 10
)

// Keys makes keys: 41 bits of milliseconds, 10 bits of node, 12 bits of counter. It is safe for
// concurrent use.
type Keys struct {
	now  func() time.Time
	node int64

	mu   sync.Mutex
	last int64 // milliseconds and counter of the last key, without the node
}

// NewKeys makes a source of keys. node tells the nodes of one database apart; only its lowest ten
// bits count. Two nodes that happen to share them are told apart by the store, which refuses a
// key that exists.
func NewKeys(node uint16, now func() time.Time) *Keys {
	return &Keys{now: now, node: int64(node & (1<<keyNodeBits - 1))}
}

// Next returns a key greater than every key it returned before, also when the clock steps back.
func (k *Keys) Next() Key { return k.Take(1)[0] }

// Take returns n keys in ascending order.
func (k *Keys) Take(n int) []Key {
	keys := make([]Key, n)
	k.mu.Lock()
	defer k.mu.Unlock()
	if tick := (k.now().UnixMilli() - keyEpoch) << keyCounterBits; tick > k.last {
		k.last = tick
	}
	for i := range keys {
		// A counter that runs over borrows from the next millisecond.
		k.last++
		ms, counter := k.last>>keyCounterBits, k.last&(1<<keyCounterBits-1)
		keys[i] = Key(ms<<(keyNodeBits+keyCounterBits) | k.node<<keyCounterBits | counter)
	}
	return keys
}
