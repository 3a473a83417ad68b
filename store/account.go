package store

import "time"

// Account is a space of its own: app instances, and those who may call, belong to one.
type Account struct {
	Key     Key // its place in the list
	ID      string
	Name    string
	Created time.Time
	// Generation grows with every change of who may call in the account. It is counted over all accounts:
	// the account that was changed last has the greatest.
	Generation int64
	// Deleted accounts are found by ChangedAccounts alone.
	Deleted bool
}

// Accounts are those that this server knows.
type Accounts interface {
	// CreateAccount gives the account its first Generation. It answers ErrExists when there is, or was,
	// one of that id.
	CreateAccount(Account) error
	// Account answers ErrNotFound when there is none of that id.
	Account(id string) (Account, error)
	// DeleteAccount ends an account, with its owners of keys, keys, roles, identity providers and
	// policies. It answers ErrNotFound when there is none of that id.
	DeleteAccount(id string) error
	ListAccounts(after Key, limit int) ([]Account, error)
	// TouchAccount gives an account the next Generation, which it returns. It answers ErrNotFound when
	// there is none of that id.
	TouchAccount(id string) (generation int64, err error)
	// ChangedAccounts are the accounts, deleted ones included, with a Generation greater than that, in
	// its order.
	ChangedAccounts(after int64, limit int) ([]Account, error)
}
