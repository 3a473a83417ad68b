package storetest

import (
	"time"

	"carillon/store"
)

// The methods of failingTx on who may call.

func (t *failingTx) CreateAccount(record store.Account) error {
	return t.call(func() error { return t.Tx.CreateAccount(record) })
}

func (t *failingTx) Account(id string) (store.Account, error) {
	return answer(t, func() (store.Account, error) { return t.Tx.Account(id) })
}

func (t *failingTx) DeleteAccount(id string) error {
	return t.call(func() error { return t.Tx.DeleteAccount(id) })
}

func (t *failingTx) ListAccounts(after store.Key, limit int) ([]store.Account, error) {
	return answer(t, func() ([]store.Account, error) { return t.Tx.ListAccounts(after, limit) })
}

func (t *failingTx) TouchAccount(id string) (int64, error) {
	return answer(t, func() (int64, error) { return t.Tx.TouchAccount(id) })
}

func (t *failingTx) ChangedAccounts(after int64, limit int) ([]store.Account, error) {
	return answer(t, func() ([]store.Account, error) { return t.Tx.ChangedAccounts(after, limit) })
}

func (t *failingTx) CreateKeyOwner(record store.KeyOwner) error {
	return t.call(func() error { return t.Tx.CreateKeyOwner(record) })
}

func (t *failingTx) KeyOwner(account, name string) (store.KeyOwner, error) {
	return answer(t, func() (store.KeyOwner, error) { return t.Tx.KeyOwner(account, name) })
}

func (t *failingTx) KeyOwnerOf(record store.Key) (store.KeyOwner, error) {
	return answer(t, func() (store.KeyOwner, error) { return t.Tx.KeyOwnerOf(record) })
}

func (t *failingTx) DeleteKeyOwner(record store.Key) error {
	return t.call(func() error { return t.Tx.DeleteKeyOwner(record) })
}

func (t *failingTx) ListKeyOwners(account string, after store.Key, limit int) ([]store.KeyOwner, error) {
	return answer(t, func() ([]store.KeyOwner, error) { return t.Tx.ListKeyOwners(account, after, limit) })
}

func (t *failingTx) CountKeyOwners(account string, limit int) (int, error) {
	return answer(t, func() (int, error) { return t.Tx.CountKeyOwners(account, limit) })
}

func (t *failingTx) CreateAccessKey(record store.AccessKey) error {
	return t.call(func() error { return t.Tx.CreateAccessKey(record) })
}

func (t *failingTx) AccessKey(id string) (store.AccessKey, error) {
	return answer(t, func() (store.AccessKey, error) { return t.Tx.AccessKey(id) })
}

func (t *failingTx) DisableAccessKey(id string, disabled bool) error {
	return t.call(func() error { return t.Tx.DisableAccessKey(id, disabled) })
}

func (t *failingTx) UseAccessKey(id string, at time.Time, service, region string) error {
	return t.call(func() error { return t.Tx.UseAccessKey(id, at, service, region) })
}

func (t *failingTx) DeleteAccessKey(id string) error {
	return t.call(func() error { return t.Tx.DeleteAccessKey(id) })
}

func (t *failingTx) ListAccessKeys(account string, owner, after store.Key, limit int) ([]store.AccessKey, error) {
	return answer(t, func() ([]store.AccessKey, error) { return t.Tx.ListAccessKeys(account, owner, after, limit) })
}

func (t *failingTx) CreateRole(record store.Role) error {
	return t.call(func() error { return t.Tx.CreateRole(record) })
}

func (t *failingTx) Role(account, name string) (store.Role, error) {
	return answer(t, func() (store.Role, error) { return t.Tx.Role(account, name) })
}

func (t *failingTx) RoleOf(record store.Key) (store.Role, error) {
	return answer(t, func() (store.Role, error) { return t.Tx.RoleOf(record) })
}

func (t *failingTx) UpdateRole(record store.Role) error {
	return t.call(func() error { return t.Tx.UpdateRole(record) })
}

func (t *failingTx) DeleteRole(record store.Key) error {
	return t.call(func() error { return t.Tx.DeleteRole(record) })
}

func (t *failingTx) ListRoles(account string, after store.Key, limit int) ([]store.Role, error) {
	return answer(t, func() ([]store.Role, error) { return t.Tx.ListRoles(account, after, limit) })
}

func (t *failingTx) CountRoles(account string, limit int) (int, error) {
	return answer(t, func() (int, error) { return t.Tx.CountRoles(account, limit) })
}

func (t *failingTx) CreateIdentityProvider(record store.IdentityProvider) error {
	return t.call(func() error { return t.Tx.CreateIdentityProvider(record) })
}

func (t *failingTx) IdentityProvider(account, url string) (store.IdentityProvider, error) {
	return answer(t, func() (store.IdentityProvider, error) { return t.Tx.IdentityProvider(account, url) })
}

func (t *failingTx) UpdateIdentityProvider(record store.IdentityProvider) error {
	return t.call(func() error { return t.Tx.UpdateIdentityProvider(record) })
}

func (t *failingTx) DeleteIdentityProvider(record store.Key) error {
	return t.call(func() error { return t.Tx.DeleteIdentityProvider(record) })
}

func (t *failingTx) ListIdentityProviders(account string, after store.Key, limit int) ([]store.IdentityProvider, error) {
	return answer(t, func() ([]store.IdentityProvider, error) { return t.Tx.ListIdentityProviders(account, after, limit) })
}

func (t *failingTx) PutPrincipalPolicy(record store.PrincipalPolicy) error {
	return t.call(func() error { return t.Tx.PutPrincipalPolicy(record) })
}

func (t *failingTx) DeletePrincipalPolicy(principal store.Key, attached bool, name string) error {
	return t.call(func() error { return t.Tx.DeletePrincipalPolicy(principal, attached, name) })
}

func (t *failingTx) PrincipalPolicies(principal store.Key) ([]store.PrincipalPolicy, error) {
	return answer(t, func() ([]store.PrincipalPolicy, error) { return t.Tx.PrincipalPolicies(principal) })
}
