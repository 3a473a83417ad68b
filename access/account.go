package access

import (
	"context"
	"crypto/rand"
	"fmt"
	"math/big"
	"unicode/utf8"

	"carillon/api"
	"carillon/store"
)

// CreateAccount makes an account and the key of its root, whose secret is told this once.
func (s *Service) CreateAccount(ctx context.Context, caller *api.Caller, in *CreateAccountRequest) (*CreateAccountResult, error) {
	if err := s.permitAccounts(caller, "CreateAccount"); err != nil {
		return nil, err
	}
	if in.AccountId != "" && !accountPattern.MatchString(in.AccountId) {
		return nil, invalid("accountId", "Member must be 12 digits")
	}
	if utf8.RuneCountInString(in.AccountName) > 50 || !textPattern.MatchString(in.AccountName) {
		return nil, invalid("accountName", "Member must have at most 50 printable characters of Latin-1")
	}
	out := new(CreateAccountResult)
	err := s.Store.Update(ctx, func(tx store.Tx) (err error) {
		account := store.Account{Key: s.keys.Next(), ID: in.AccountId, Name: in.AccountName, Created: s.now()}
		if account.ID == "" {
			account.ID = randomAccountID()
		}
		if err := taken(tx.CreateAccount(account), "There is, or was, an account %s.", account.ID); err != nil {
			return err
		}
		out.Account = shownAccount(account)
		if out.AccessKey, err = s.newKey(tx, store.KeyOwner{Account: account.ID}); err != nil {
			return err
		}
		made, err := tx.Account(account.ID)
		if err == nil {
			tx.AfterCommit(func() { s.generations.changed(made.ID, made.Generation) })
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// randomAccountID makes twelve digits that do not begin with a zero.
func randomAccountID() string {
	n, err := rand.Int(rand.Reader, big.NewInt(899_999_999_999))
	if err != nil {
		panic("access: " + err.Error()) // the machine's source of chance never fails
	}
	return fmt.Sprint(n.Int64() + 100_000_000_000)
}

// ListAccounts lists all accounts of this server.
func (s *Service) ListAccounts(ctx context.Context, caller *api.Caller, in *ListAccountsRequest) (*ListAccountsResult, error) {
	if err := s.permitAccounts(caller, "ListAccounts"); err != nil {
		return nil, err
	}
	accounts, marker, err := listed(ctx, s, in.Marker, in.MaxItems, store.Tx.ListAccounts, func(a store.Account) (store.Key, Account, bool) {
		return a.Key, shownAccount(a), true
	})
	if err != nil {
		return nil, err
	}
	return &ListAccountsResult{Accounts: accounts, IsTruncated: marker != "", Marker: marker}, nil
}

// DeleteAccount ends an account that has no app instances any more, with all who may call in it.
func (s *Service) DeleteAccount(ctx context.Context, caller *api.Caller, in *DeleteAccountRequest) (*Nothing, error) {
	if err := s.permitAccounts(caller, "DeleteAccount"); err != nil {
		return nil, err
	}
	if in.AccountId == s.Home {
		return nil, faultf(deleteConflict, "The account %s is the one that the server is configured with.", s.Home)
	}
	return nil, s.Store.Update(ctx, func(tx store.Tx) error {
		if _, err := tx.Account(in.AccountId); err != nil {
			return missing(err, "The account %s cannot be found.", in.AccountId)
		}
		n, err := tx.CountAppInstances(in.AccountId, 1)
		if err != nil {
			return err
		}
		if n > 0 {
			return faultf(deleteConflict, "Cannot delete entity, must delete app instances first.")
		}
		// The row is changed twice: what comes last is the generation of the end.
		generation, err := tx.TouchAccount(in.AccountId)
		if err != nil {
			return err
		}
		if err := tx.DeleteAccount(in.AccountId); err != nil {
			return err
		}
		tx.AfterCommit(func() { s.generations.changed(in.AccountId, generation+1) })
		return nil
	})
}

func shownAccount(a store.Account) Account {
	return Account{AccountId: a.ID, AccountName: a.Name, CreateDate: a.Created}
}

// permitAccounts: accounts are for the root of the home account alone, whatever policies say.
func (s *Service) permitAccounts(caller *api.Caller, action string) error {
	if caller.Grant == nil && caller.Account == s.Home {
		return nil
	}
	f := faultf(accessDenied, "User: %s is not authorized to perform: iam:%s because accounts are for the root of the first account only", caller.Principal, action)
	f.Reason = "only the root key of the configured account manages accounts"
	return f
}
