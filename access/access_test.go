package access

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"carillon/api"
	"carillon/store"
	"carillon/store/sqlstore"
	"carillon/store/sqlstore/pgtest"
)

const (
	home    = "123456789012"
	allowed = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`
	trust   = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}}`
)

// house is a Service in a test, with a clock that stands still.
type house struct {
	*Service
	t  testing.TB
	mu sync.Mutex
	at time.Time
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at
}

func (h *house) advance(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at = h.at.Add(d)
}

func kek(n byte) []byte { return bytes.Repeat([]byte{n}, KeySize) }

// databases are those of the tests on PostgreSQL.
var databases = pgtest.Pool{Prepare: func(url string) error {
	s, err := sqlstore.OpenPostgres(context.Background(), url, sqlstore.Options{})
	if err != nil {
		return err
	}
	return s.Close()
}}

// openStore opens a new store: on SQLite, or, when CARILLON_TEST_ENGINE is postgres, on PostgreSQL.
func openStore(t testing.TB) store.Store {
	t.Helper()
	var s *sqlstore.Store
	var err error
	if os.Getenv("CARILLON_TEST_ENGINE") == "postgres" {
		s, err = sqlstore.OpenPostgres(t.Context(), databases.Lend(t), sqlstore.Options{})
	} else {
		s, err = sqlstore.OpenSQLite(filepath.Join(t.TempDir(), "carillon.db"), sqlstore.Options{})
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// openOn opens one more Service, as another node would, on a store.
func openOn(t testing.TB, s store.Store, change func(*Options)) *house {
	t.Helper()
	h := &house{t: t, at: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)}
	o := Options{
		Store: s, Partition: "aws", Region: "us-east-1", Home: home, Root: RootKey{ID: "rootkey", Secret: "secret of the root"},
		KeyEncryptionKey: kek(1), Now: h.clock, Log: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&o)
	}
	var err error
	if h.Service, err = Open(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	return h
}

func newHouse(t testing.TB) *house { return openOn(t, openStore(t), nil) }

func (h *house) root(account string) *api.Caller {
	return &api.Caller{Account: account, Principal: "arn:aws:iam::" + account + ":root", AccessKeyID: "rootkey"}
}

// as is the caller that a key signs for.
func (h *house) as(id string) *api.Caller {
	h.t.Helper()
	k, ok, err := h.Lookup(context.Background(), id, "")
	if err != nil || !ok || k.Disabled {
		h.t.Fatalf("the key is found: %v, disabled: %v, %v", ok, k.Disabled, err)
	}
	return &api.Caller{Account: k.Account, Principal: k.Principal, AccessKeyID: id, Grant: k.Grant, SourceAddress: "192.0.2.7"}
}

// done fails the test when an action failed. It takes the results of an action as they are.
func done[T any](t testing.TB) func(*T, error) *T {
	return func(out *T, err error) *T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

// faulty expects an action to fail with a code and, in its message, a text.
func faulty(t testing.TB, err error, code, text string) {
	t.Helper()
	var f *Fault
	if !errors.As(err, &f) || f.Code != code || f.Status != faultStatus[code] || !strings.Contains(f.Message, text) {
		t.Errorf("got %v, want %s with %q", err, code, text)
	}
}

func second[T any](_ T, err error) error { return err }

// user makes an owner of keys with a policy, and a key of it.
func (h *house) user(name, document string, tags ...Tag) AccessKey {
	h.t.Helper()
	return h.userIn(home, name, document, tags...)
}

func (h *house) userIn(account, name, document string, tags ...Tag) AccessKey {
	h.t.Helper()
	ctx, root := context.Background(), h.root(account)
	done[CreateUserResult](h.t)(h.CreateUser(ctx, root, &CreateUserRequest{UserName: name, Tags: tags}))
	if document != "" {
		if _, err := h.PutUserPolicy(ctx, root, &PutUserPolicyRequest{UserName: name, PolicyName: "policy", PolicyDocument: document}); err != nil {
			h.t.Fatal(err)
		}
	}
	return done[CreateAccessKeyResult](h.t)(h.CreateAccessKey(ctx, root, &CreateAccessKeyRequest{UserName: name})).AccessKey
}

func (h *house) known(id string) (known, disabled bool) {
	h.t.Helper()
	k, ok, err := h.Lookup(context.Background(), id, "")
	if err != nil {
		h.t.Fatal(err)
	}
	return ok, k.Disabled
}

func TestOpen(t *testing.T) {
	t.Run("the home account is there from the beginning, once", func(t *testing.T) {
		s := openStore(t)
		for range 2 {
			h := openOn(t, s, nil)
			got := done[ListAccountsResult](t)(h.ListAccounts(t.Context(), h.root(home), &ListAccountsRequest{}))
			if len(got.Accounts) != 1 || got.Accounts[0].AccountId != home {
				t.Errorf("got %+v", got)
			}
		}
	})
	t.Run("a key-encryption key that is not the first one is refused, and changes nothing", func(t *testing.T) {
		s := openStore(t)
		key := openOn(t, s, nil).user("alice", "")
		_, err := Open(t.Context(), Options{Store: s, Home: home, KeyEncryptionKey: kek(2)})
		if !errors.Is(err, ErrKeyEncryptionKey) {
			t.Errorf("got %v", err)
		}
		if got, ok, err := openOn(t, s, nil).Lookup(t.Context(), key.AccessKeyId, ""); err != nil || !ok || got.Secret != key.SecretAccessKey {
			t.Errorf("got %v, %v", ok, err)
		}
	})
	t.Run("a key-encryption key of another length is refused", func(t *testing.T) {
		if _, err := Open(t.Context(), Options{Store: openStore(t), Home: home, KeyEncryptionKey: []byte("short")}); err == nil {
			t.Error("it is taken")
		}
	})
	t.Run("a home account that was deleted is refused", func(t *testing.T) {
		s := openStore(t)
		h := openOn(t, s, nil)
		made := done[CreateAccountResult](t)(h.CreateAccount(t.Context(), h.root(home), &CreateAccountRequest{}))
		if _, err := h.DeleteAccount(t.Context(), h.root(home), &DeleteAccountRequest{AccountId: made.Account.AccountId}); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), Options{Store: s, Home: made.Account.AccountId, KeyEncryptionKey: kek(1)}); err == nil {
			t.Error("it is taken")
		}
	})
}

func TestSecretsAreSealed(t *testing.T) {
	s := openStore(t)
	h := openOn(t, s, nil)
	one, other := h.user("one", ""), h.user("other", "")
	var stored, moved store.AccessKey
	if err := s.View(t.Context(), func(tx store.Tx) (err error) {
		stored, err = tx.AccessKey(one.AccessKeyId)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	t.Run("a stored secret is not readable", func(t *testing.T) {
		if bytes.Contains(stored.Secret, []byte(one.SecretAccessKey)) {
			t.Error("it is")
		}
	})
	t.Run("a secret that is moved to another key opens nothing", func(t *testing.T) {
		err := s.Update(t.Context(), func(tx store.Tx) (err error) {
			if moved, err = tx.AccessKey(other.AccessKeyId); err != nil {
				return err
			}
			if err := tx.DeleteAccessKey(moved.ID); err != nil {
				return err
			}
			moved.Secret = stored.Secret
			return tx.CreateAccessKey(moved)
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := h.Lookup(t.Context(), other.AccessKeyId, ""); err == nil || strings.Contains(err.Error(), one.SecretAccessKey) {
			t.Errorf("got %v", err)
		}
	})
}

func TestLookup(t *testing.T) {
	t.Run("the root of the home account has no grant that limits it", func(t *testing.T) {
		h := newHouse(t)
		k, ok, err := h.Lookup(t.Context(), "rootkey", "")
		if err != nil || !ok || k.Grant != nil || k.Account != home || k.Secret != "secret of the root" || k.Principal != "arn:aws:iam::123456789012:root" {
			t.Errorf("got %+v, %v, %v", k, ok, err)
		}
	})
	t.Run("a key is that of its owner", func(t *testing.T) {
		h := newHouse(t)
		made := h.user("alice", allowed)
		k, ok, err := h.Lookup(t.Context(), made.AccessKeyId, "")
		if err != nil || !ok || k.Grant == nil || k.Secret != made.SecretAccessKey || k.Principal != "arn:aws:iam::123456789012:user/alice" || k.Disabled {
			t.Errorf("got %+v, %v, %v", k, ok, err)
		}
	})
	t.Run("what is too long for a key is not even looked for", func(t *testing.T) {
		h := newHouse(t)
		for _, id := range []string{strings.Repeat("A", 129), strings.Repeat("A", 1<<16)} {
			if ok, _ := h.known(id); ok || h.credentials.cache.Len() != 0 {
				t.Errorf("%.40q: %v, %d are kept", id, ok, h.credentials.cache.Len())
			}
		}
	})
	t.Run("what is not there is not found, until it is", func(t *testing.T) {
		h := newHouse(t)
		for range 2 {
			if ok, _ := h.known("AKIANOBODYHASTHISKEY"); ok {
				t.Error("it is found")
			}
		}
	})
	for _, c := range []struct {
		name   string
		change func(h *house, id string) error
		known  bool
	}{
		{"disabled", func(h *house, id string) error {
			return second(h.UpdateAccessKey(context.Background(), h.root(home), &UpdateAccessKeyRequest{UserName: "alice", AccessKeyId: id, Status: "Inactive"}))
		}, true},
		{"deleted", func(h *house, id string) error {
			return second(h.DeleteAccessKey(context.Background(), h.root(home), &DeleteAccessKeyRequest{UserName: "alice", AccessKeyId: id}))
		}, false},
	} {
		t.Run("a key is "+c.name+" at once here, and once it is heard of on another node", func(t *testing.T) {
			s := openStore(t)
			h, node := openOn(t, s, nil), openOn(t, s, func(o *Options) { o.Node = 1 })
			k := h.user("alice", allowed)
			for _, n := range []*house{h, node} {
				if ok, disabled := n.known(k.AccessKeyId); !ok || disabled {
					t.Fatal("it is not found")
				}
			}
			if err := c.change(h, k.AccessKeyId); err != nil {
				t.Fatal(err)
			}
			if ok, disabled := h.known(k.AccessKeyId); ok != c.known || ok && !disabled {
				t.Errorf("here: %v, %v", ok, disabled)
			}
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan struct{})
			go func() { node.Run(ctx, true); close(ended) }()
			for until := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
				if ok, disabled := node.known(k.AccessKeyId); ok == c.known && (!ok || disabled) {
					break
				}
				if time.Now().After(until) {
					t.Fatal("the other node does not hear of it")
				}
			}
			stop()
			<-ended
		})
	}
	t.Run("a policy that is changed counts at once", func(t *testing.T) {
		h := newHouse(t)
		k := h.user("alice", "")
		connect := func() error { return h.AuthorizeConnect(t.Context(), h.as(k.AccessKeyId), "arn:u") }
		if err := connect(); err == nil {
			t.Error("nothing is allowed, and it may")
		}
		for range 2 {
			if _, err := h.PutUserPolicy(t.Context(), h.root(home), &PutUserPolicyRequest{UserName: "alice", PolicyName: "p", PolicyDocument: allowed}); err != nil {
				t.Fatal(err)
			}
			if err := connect(); err != nil {
				t.Error(err)
			}
			if _, err := h.DeleteUserPolicy(t.Context(), h.root(home), &DeleteUserPolicyRequest{UserName: "alice", PolicyName: "p"}); err != nil {
				t.Fatal(err)
			}
			if err := connect(); err == nil {
				t.Error("the policy is gone, and it may")
			}
		}
	})
	t.Run("a key that was looked for before it was made is found", func(t *testing.T) {
		s := openStore(t)
		h := openOn(t, s, nil)
		key := store.AccessKey{Key: 7, ID: "AKIALATECOMER0000000", Account: home, Secret: h.seal.close(home, "AKIALATECOMER0000000", "secret")}
		if ok, _ := h.known(key.ID); ok {
			t.Fatal("it is found")
		}
		if err := h.change(t.Context(), home, func(tx store.Tx) error { return tx.CreateAccessKey(key) }); err != nil {
			t.Fatal(err)
		}
		if ok, _ := h.known(key.ID); !ok {
			t.Error("it is not found")
		}
	})
}

func TestLastUse(t *testing.T) {
	s := openStore(t)
	h := openOn(t, s, nil)
	k := h.user("alice", allowed)
	lastUse := func() AccessKeyLastUsed {
		t.Helper()
		got := done[GetAccessKeyLastUsedResult](t)(h.GetAccessKeyLastUsed(t.Context(), h.root(home), &GetAccessKeyLastUsedRequest{AccessKeyId: k.AccessKeyId}))
		if got.UserName != "alice" {
			t.Errorf("got %+v", got)
		}
		return got.AccessKeyLastUsed
	}
	if got := lastUse(); got != (AccessKeyLastUsed{ServiceName: "N/A", Region: "N/A"}) {
		t.Errorf("got %+v", got)
	}
	h.advance(time.Hour)
	if err := h.AuthorizeConnect(t.Context(), h.as(k.AccessKeyId), "arn:u"); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	h.Run(ctx, false) // the end writes what is left
	if got := lastUse(); got != (AccessKeyLastUsed{LastUsedDate: h.clock(), ServiceName: "chime", Region: "us-east-1"}) {
		t.Errorf("got %+v", got)
	}
}

// TestPoliciesThatAreNoneAnyMore: to leave out one policy of several, which may deny, could allow more.
func TestPoliciesThatAreNoneAnyMore(t *testing.T) {
	for name, broken := range map[string]store.PrincipalPolicy{
		"a document": {Name: "z", Document: `{"Statement":{"Effect":"Deny"}}`}, "an attached one": {Attached: true, Name: "arn:aws:iam::aws:policy/CarillonOfOld"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			k := h.user("alice", allowed)
			if err := h.AuthorizeConnect(t.Context(), h.as(k.AccessKeyId), "arn:u"); err != nil {
				t.Fatal(err)
			}
			err := h.change(t.Context(), home, func(tx store.Tx) error {
				owner, err := tx.KeyOwner(home, "alice")
				broken.Principal, broken.Account = owner.Key, home
				return errors.Join(err, tx.PutPrincipalPolicy(broken))
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := h.AuthorizeConnect(t.Context(), h.as(k.AccessKeyId), "arn:u"); api.AsError(err).Kind != api.AccessDenied {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("a trust policy", func(t *testing.T) {
		h := newHouse(t)
		r := store.Role{Key: 9, Account: home, Name: "r", Path: "/", Trust: "{}"}
		if err := h.change(t.Context(), home, func(tx store.Tx) error { return tx.CreateRole(r) }); err != nil {
			t.Fatal(err)
		}
		if got, err := h.role(t.Context(), 9); err != nil || got == nil || got.Trusts != nil {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}
