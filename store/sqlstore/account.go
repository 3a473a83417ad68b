package sqlstore

import "carillon/store"

var accountColumns = columns("a", "key id name created generation deleted")

func scanAccount(r *row) store.Account {
	return store.Account{Key: r.key(), ID: r.text(), Name: r.text(), Created: r.instant(), Generation: r.integer(), Deleted: r.flag()}
}

// nextGeneration is greater than that of every account.
const nextGeneration = `(SELECT coalesce(max(g.generation), 0) + 1 FROM account g)`

var (
	insertAccount = sql(`INSERT INTO account (key, id, name, created, generation, deleted)
		VALUES ($1, $2, $3, $4, ` + nextGeneration + `, 0) ON CONFLICT DO NOTHING`)
	selectAccount = sql(`SELECT ` + accountColumns + ` FROM account a WHERE a.id = $1 AND a.deleted = 0`)
	touchAccount  = sql(`UPDATE account SET generation = ` + nextGeneration + ` WHERE id = $1 AND deleted = 0`)
	endAccount    = sql(`UPDATE account SET generation = ` + nextGeneration + `, deleted = 1 WHERE id = $1 AND deleted = 0`)
	listAccounts  = sql(`SELECT ` + accountColumns + ` FROM account a WHERE a.key > $1 AND a.deleted = 0 ORDER BY a.key LIMIT $2`)
	listChanged   = sql(`SELECT ` + accountColumns + ` FROM account a WHERE a.generation > $1 ORDER BY a.generation LIMIT $2`)

	// deleteInAccount removes what belongs to an account.
	deleteInAccount = []*statement{
		sql(`DELETE FROM key_owner WHERE account = $1`),
		sql(`DELETE FROM access_key WHERE account = $1`),
		sql(`DELETE FROM role WHERE account = $1`),
		sql(`DELETE FROM identity_provider WHERE account = $1`),
		sql(`DELETE FROM principal_policy WHERE account = $1`),
	}
)

// CreateAccount implements store.Accounts.
func (t *tx) CreateAccount(a store.Account) error {
	return t.create(insertAccount, key(a.Key), text(a.ID), text(a.Name), instant(a.Created))
}

// Account implements store.Accounts.
func (t *tx) Account(id string) (store.Account, error) {
	return one(t, scanAccount, selectAccount, text(id))
}

// DeleteAccount implements store.Accounts.
func (t *tx) DeleteAccount(id string) error {
	if err := t.change(endAccount, text(id)); err != nil {
		return err
	}
	for _, s := range deleteInAccount {
		if err := t.put(s, text(id)); err != nil {
			return err
		}
	}
	return nil
}

// ListAccounts implements store.Accounts.
func (t *tx) ListAccounts(after store.Key, limit int) ([]store.Account, error) {
	return list(t, scanAccount, limit, listAccounts, key(after))
}

// TouchAccount implements store.Accounts.
func (t *tx) TouchAccount(id string) (int64, error) {
	if err := t.change(touchAccount, text(id)); err != nil {
		return 0, err
	}
	a, err := t.Account(id)
	return a.Generation, err
}

// ChangedAccounts implements store.Accounts.
func (t *tx) ChangedAccounts(after int64, limit int) ([]store.Account, error) {
	return list(t, scanAccount, limit, listChanged, integer(after))
}
