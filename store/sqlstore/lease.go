package sqlstore

import "carillon/store"

var (
	selectLease = sql(`SELECT name, holder, until FROM lease WHERE name = $1`)
	putLease    = sql(`INSERT INTO lease (name, holder, until) VALUES ($1, $2, $3)
		ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until`)
)

// Lease implements store.Leases.
func (t *tx) Lease(name string) (store.Lease, error) {
	return one(t, func(r *row) store.Lease {
		return store.Lease{Name: r.text(), Holder: r.text(), Until: r.instant()}
	}, selectLease, text(name))
}

// PutLease implements store.Leases.
func (t *tx) PutLease(l store.Lease) error {
	return t.change(putLease, text(l.Name), text(l.Holder), instant(l.Until))
}
