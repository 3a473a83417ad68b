package store

import "time"

// Lease is work that one node at a time does.
type Lease struct {
	Name string
	// Holder is who does it, for others to tell.
	Holder string
	// Until is the time from which on anybody may take the lease over.
	Until time.Time
}

// Leases are the leases of all nodes.
type Leases interface {
	// Lease answers ErrNotFound when nobody ever had that name.
	Lease(name string) (Lease, error)
	// PutLease sets a lease, over the one that is there: whether it may is asked before, in the same
	// transaction.
	PutLease(Lease) error
}
