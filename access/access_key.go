package access

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"errors"

	"carillon/api"
	"carillon/store"
)

// The states of a key.
const (
	statusActive   = "Active"
	statusInactive = "Inactive"
)

// CreateAccessKey makes a key of an owner, and tells its secret this once. Without a name the key is the
// caller's: its own, or that of the root.
func (s *Service) CreateAccessKey(ctx context.Context, caller *api.Caller, in *CreateAccessKeyRequest) (*CreateAccessKeyResult, error) {
	out := new(CreateAccessKeyResult)
	err := s.changeKeys(ctx, caller, "CreateAccessKey", in.UserName, func(tx store.Tx, owner store.KeyOwner) (err error) {
		out.AccessKey, err = s.newKey(tx, owner)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// RotateAccessKey makes a key in place of another, which it disables: both or neither.
func (s *Service) RotateAccessKey(ctx context.Context, caller *api.Caller, in *RotateAccessKeyRequest) (*RotateAccessKeyResult, error) {
	out := new(RotateAccessKeyResult)
	err := s.changeKeys(ctx, caller, "RotateAccessKey", in.UserName, func(tx store.Tx, owner store.KeyOwner) error {
		old, err := keyOf(tx, owner, in.AccessKeyId)
		if err != nil {
			return err
		}
		if old.Disabled {
			return faultf(deleteConflict, "The Access Key with id %s is not active: it cannot be replaced.", old.ID)
		}
		if out.AccessKey, err = s.newKey(tx, owner); err != nil {
			return err
		}
		return tx.DisableAccessKey(old.ID, true)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// ListAccessKeys lists the keys of an owner, without their secrets.
func (s *Service) ListAccessKeys(ctx context.Context, caller *api.Caller, in *ListAccessKeysRequest) (*ListAccessKeysResult, error) {
	if _, _, err := pageOf(in.Marker, in.MaxItems); err != nil {
		return nil, err
	}
	out := &ListAccessKeysResult{AccessKeyMetadata: []AccessKeyMetadata{}}
	err := s.Store.View(ctx, func(tx store.Tx) error {
		owner, err := s.keyOwnerIn(tx, caller, "ListAccessKeys", in.UserName)
		if err != nil {
			return err
		}
		keys, err := tx.ListAccessKeys(owner.Account, owner.Key, 0, maxKeysPerOwner)
		for _, k := range keys {
			out.AccessKeyMetadata = append(out.AccessKeyMetadata, AccessKeyMetadata{
				UserName: owner.Name, AccessKeyId: k.ID, Status: status(k), CreateDate: k.Created,
			})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// UpdateAccessKey disables or enables a key.
func (s *Service) UpdateAccessKey(ctx context.Context, caller *api.Caller, in *UpdateAccessKeyRequest) (*Nothing, error) {
	if in.Status != statusActive && in.Status != statusInactive {
		return nil, invalid("status", "Member must satisfy enum value set: [Active, Inactive]")
	}
	return nil, s.changeKeys(ctx, caller, "UpdateAccessKey", in.UserName, func(tx store.Tx, owner store.KeyOwner) error {
		k, err := keyOf(tx, owner, in.AccessKeyId)
		if err != nil {
			return err
		}
		if in.Status == statusActive {
			return tx.DisableAccessKey(k.ID, false)
		}
		if err := leavesOne(tx, owner, k); err != nil {
			return err
		}
		return tx.DisableAccessKey(k.ID, true)
	})
}

// DeleteAccessKey removes a key for good.
func (s *Service) DeleteAccessKey(ctx context.Context, caller *api.Caller, in *DeleteAccessKeyRequest) (*Nothing, error) {
	return nil, s.changeKeys(ctx, caller, "DeleteAccessKey", in.UserName, func(tx store.Tx, owner store.KeyOwner) error {
		k, err := keyOf(tx, owner, in.AccessKeyId)
		if err != nil {
			return err
		}
		if err := leavesOne(tx, owner, k); err != nil {
			return err
		}
		return tx.DeleteAccessKey(k.ID)
	})
}

// GetAccessKeyLastUsed tells whose a key is and when it was used last, to the minute.
func (s *Service) GetAccessKeyLastUsed(ctx context.Context, caller *api.Caller, in *GetAccessKeyLastUsedRequest) (*GetAccessKeyLastUsedResult, error) {
	var out *GetAccessKeyLastUsedResult
	err := s.Store.View(ctx, func(tx store.Tx) error {
		k, err := tx.AccessKey(in.AccessKeyId)
		var owner store.KeyOwner
		if err == nil && k.Owner != 0 {
			owner, err = tx.KeyOwnerOf(k.Owner)
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		foreign := err != nil || k.Account != caller.Account
		name := s.iamARN(caller.Account, "user/*")
		if !foreign && k.Owner != 0 {
			name = s.ownerARN(owner)
		}
		if err := s.permit(caller, "GetAccessKeyLastUsed", name, nil); err != nil {
			return err
		}
		if foreign {
			return noSuchKey(in.AccessKeyId)
		}
		used := AccessKeyLastUsed{LastUsedDate: k.Used, ServiceName: k.UsedService, Region: k.UsedRegion}
		if k.Used.IsZero() {
			used.ServiceName, used.Region = "N/A", "N/A"
		}
		out = &GetAccessKeyLastUsedResult{UserName: owner.Name, AccessKeyLastUsed: used}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func status(k store.AccessKey) string {
	if k.Disabled {
		return statusInactive
	}
	return statusActive
}

func noSuchKey(id string) error {
	if !accessKeyIDPattern.MatchString(id) {
		return invalid("accessKeyId", `Member must satisfy regular expression pattern: \w{16,128}`)
	}
	return faultf(noSuchEntity, "The Access Key with id %s cannot be found.", id)
}

// keyOwnerIn is ownerIn, which also finds the root of the caller's account: an owner without a key or a
// name.
func (s *Service) keyOwnerIn(tx store.Tx, caller *api.Caller, action, name string) (store.KeyOwner, error) {
	if name == "" && caller.Grant == nil {
		return store.KeyOwner{Account: caller.Account}, nil
	}
	return s.ownerIn(tx, caller, action, name, nil)
}

// changeKeys runs a transaction that changes keys of an owner. The key of the root of the home account is
// not in the store.
func (s *Service) changeKeys(ctx context.Context, caller *api.Caller, action, name string, fn func(store.Tx, store.KeyOwner) error) error {
	return s.change(ctx, caller.Account, func(tx store.Tx) error {
		owner, err := s.keyOwnerIn(tx, caller, action, name)
		if err != nil {
			return err
		}
		if owner.Key == 0 && owner.Account == s.Home {
			return faultf(validationError, "The root key of this account is set in the configuration of the server. Must specify userName.")
		}
		return fn(tx, owner)
	})
}

// keyOf finds a key of an owner.
func keyOf(tx store.Tx, owner store.KeyOwner, id string) (store.AccessKey, error) {
	k, err := tx.AccessKey(id)
	if errors.Is(err, store.ErrNotFound) || err == nil && (k.Account != owner.Account || k.Owner != owner.Key) {
		return store.AccessKey{}, noSuchKey(id)
	}
	return k, err
}

// leavesOne refuses to take the last key that is active from the root of an account: nobody could ever come
// in again.
func leavesOne(tx store.Tx, owner store.KeyOwner, taken store.AccessKey) error {
	if owner.Key != 0 || taken.Disabled {
		return nil
	}
	keys, err := tx.ListAccessKeys(owner.Account, owner.Key, 0, maxKeysPerOwner)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if !k.Disabled && k.ID != taken.ID {
			return nil
		}
	}
	return faultf(deleteConflict, "The Access Key with id %s is the last one of the root that is active.", taken.ID)
}

// newKey makes a key of an owner. It is one of so few that a lost one is noticed.
func (s *Service) newKey(tx store.Tx, owner store.KeyOwner) (AccessKey, error) {
	keys, err := tx.ListAccessKeys(owner.Account, owner.Key, 0, maxKeysPerOwner)
	if err != nil {
		return AccessKey{}, err
	}
	if len(keys) == maxKeysPerOwner {
		return AccessKey{}, faultf(limitExceeded, "Cannot exceed quota for AccessKeysPerUser: %d", maxKeysPerOwner)
	}
	id, secret := randomKey("AKIA")
	now := s.now()
	err = tx.CreateAccessKey(store.AccessKey{
		Key: s.keys.Next(), ID: id, Account: owner.Account, Owner: owner.Key, Secret: s.seal.close(owner.Account, id, secret), Created: now,
	})
	return AccessKey{UserName: owner.Name, AccessKeyId: id, Status: statusActive, SecretAccessKey: secret, CreateDate: now}, err
}

// randomKey makes an access key in the form of AWS's.
func randomKey(prefix string) (id, secret string) {
	var a [10]byte
	var b [30]byte
	rand.Read(a[:])
	rand.Read(b[:])
	return prefix + base32.StdEncoding.EncodeToString(a[:]), base64.StdEncoding.EncodeToString(b[:])
}
