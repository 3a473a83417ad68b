package server

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"carillon/access"
	"carillon/api"
	"carillon/sigv4"
)

// signer signs for a key.
func (s *Server) signer(key access.AccessKey) *sigv4.Signer {
	return sigv4.NewSigner(key.AccessKeyId, key.SecretAccessKey, "", s.config.Region, "chime")
}

// as makes a request that a key signs.
func (s *Server) as(t *testing.T, key access.AccessKey, method, path, bearer, body string) *http.Request {
	t.Helper()
	r := s.request(t, method, path, bearer, body)
	r.Header.Del("Authorization")
	r.Header.Del("X-Amz-Date")
	s.signer(key).Sign(r, []byte(body), time.Now())
	return r
}

// owner makes an owner of keys with a policy, and a key of it.
func (s *Server) owner(t *testing.T, account, name, document string) access.AccessKey {
	t.Helper()
	root := &api.Caller{Account: account, Principal: "arn:aws:iam::" + account + ":root"}
	_, err := s.access.CreateUser(t.Context(), root, &access.CreateUserRequest{UserName: name})
	_, putting := s.access.PutUserPolicy(t.Context(), root, &access.PutUserPolicyRequest{UserName: name, PolicyName: "p", PolicyDocument: document})
	out, making := s.access.CreateAccessKey(t.Context(), root, &access.CreateAccessKeyRequest{UserName: name})
	if err := errors.Join(err, putting, making); err != nil {
		t.Fatal(err)
	}
	return out.AccessKey
}

func TestPoliciesHoldEverywhere(t *testing.T) {
	s, _ := serve(t, quiet(t))
	demo, err := s.SeedDemo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	alice, bob := demo.Users["alice"], demo.Users["bob"]
	key := s.owner(t, s.config.Account, "app", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"chime:*","Resource":["`+alice+`","`+demo.AppInstance+`/channel/*"]}}`)
	create := func(bearer string) (int, string) {
		return do(t, s.as(t, key, http.MethodPost, "/channels", bearer, `{"AppInstanceArn":"`+demo.AppInstance+`","Name":"n","ClientRequestToken":"token"}`))
	}

	t.Run("who may act only as alice creates a channel as alice", func(t *testing.T) {
		if status, body := create(alice); status != http.StatusCreated {
			t.Errorf("%d %s", status, body)
		}
	})
	t.Run("not as bob, and is told so as by AWS", func(t *testing.T) {
		status, body := create(bob)
		const words = "is not authorized to perform: chime:CreateChannel on resource: "
		if status != http.StatusForbidden || !strings.Contains(body, words+bob) || strings.Contains(body, `"Code"`) {
			t.Errorf("%d %s", status, body)
		}
	})
	for user, want := range map[string]string{alice: established, bob: "4003"} {
		t.Run("a session of "+user[len(demo.AppInstance):]+" begins with "+want, func(t *testing.T) {
			_, got := s.connect(t, s.target(t, user, func(_ *http.Request, _ *sigv4.Signer) (*sigv4.Signer, time.Time) {
				return s.signer(key), time.Now()
			}))
			if got != want {
				t.Errorf("got %s", got)
			}
		})
	}
	t.Run("a policy against clients that do not speak TLS holds for sessions too, and believes the proxy", func(t *testing.T) {
		secure := s.owner(t, s.config.Account, "secure", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"true"}}}}`)
		for proxy, want := range map[string]struct {
			status  int
			session string
		}{"http": {http.StatusForbidden, "4003"}, "https": {http.StatusOK, established}} {
			r := s.as(t, secure, http.MethodGet, "/app-instances", "", "")
			r.Header.Set("X-Forwarded-Proto", proxy)
			if status, body := do(t, r); status != want.status {
				t.Errorf("%s: %d %s", proxy, status, body)
			}
			target := s.target(t, alice, func(*http.Request, *sigv4.Signer) (*sigv4.Signer, time.Time) { return s.signer(secure), time.Now() })
			dialer := ws.Dialer{Header: ws.HandshakeHeaderHTTP{"X-Forwarded-Proto": {proxy}}}
			if _, got := s.connectBy(t, dialer, target); got != want.session {
				t.Errorf("%s: %s", proxy, got)
			}
		}
	})
	t.Run("a key that is disabled signs nothing any more, and its sessions end", func(t *testing.T) {
		conn, _ := s.connect(t, s.target(t, alice, func(*http.Request, *sigv4.Signer) (*sigv4.Signer, time.Time) { return s.signer(key), time.Now() }))
		root := &api.Caller{Account: s.config.Account}
		if _, err := s.access.UpdateAccessKey(t.Context(), root, &access.UpdateAccessKeyRequest{UserName: "app", AccessKeyId: key.AccessKeyId, Status: "Inactive"}); err != nil {
			t.Fatal(err)
		}
		if status, body := create(alice); status != http.StatusForbidden || !strings.Contains(body, "security token") {
			t.Errorf("%d %s", status, body)
		}
		for {
			f, err := ws.ReadFrame(conn)
			if err != nil {
				t.Fatal(err)
			}
			if f.Header.OpCode == ws.OpClose {
				if code, _ := ws.ParseCloseFrameData(f.Payload); code != 4003 {
					t.Errorf("closed with %d", code)
				}
				break
			}
		}
	})
}

func TestTwoAccounts(t *testing.T) {
	s, _ := serve(t, quiet(t))
	demo, err := s.SeedDemo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	made, err := s.access.CreateAccount(t.Context(), &api.Caller{Account: s.config.Account}, &access.CreateAccountRequest{})
	if err != nil {
		t.Fatal(err)
	}
	root, other := made.AccessKey, made.Account.AccountId
	status, body := do(t, s.as(t, root, http.MethodPost, "/app-instances", "", `{"Name":"Theirs","ClientRequestToken":"token"}`))
	var theirs struct{ AppInstanceArn string }
	if err := json.Unmarshal([]byte(body), &theirs); err != nil || status != http.StatusCreated || !strings.Contains(theirs.AppInstanceArn, ":"+other+":") {
		t.Fatalf("%d %s", status, body)
	}

	t.Run("each lists its own app instances", func(t *testing.T) {
		_, own := do(t, s.request(t, http.MethodGet, "/app-instances", "", ""))
		_, foreign := do(t, s.as(t, root, http.MethodGet, "/app-instances", "", ""))
		if strings.Contains(own, other) || !strings.Contains(own, demo.AppInstance) || strings.Contains(foreign, s.config.Account) || !strings.Contains(foreign, theirs.AppInstanceArn) {
			t.Errorf("got %s and %s", own, foreign)
		}
	})
	t.Run("a policy that allows everything allows nothing of another account", func(t *testing.T) {
		everything := s.owner(t, other, "everything", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)
		for _, key := range []access.AccessKey{root, everything} {
			there, text := do(t, s.as(t, key, http.MethodGet, "/app-instances/"+escaped(demo.AppInstance), "", ""))
			nowhere, same := do(t, s.as(t, key, http.MethodGet, "/app-instances/"+escaped(demo.AppInstance+"x"), "", ""))
			if there != http.StatusForbidden || nowhere != there || same != text {
				t.Errorf("told apart: %d %s and %d %s", there, text, nowhere, same)
			}
		}
	})
	t.Run("nor a session of a user of it", func(t *testing.T) {
		_, got := s.connect(t, s.target(t, demo.Users["alice"], func(*http.Request, *sigv4.Signer) (*sigv4.Signer, time.Time) { return s.signer(root), time.Now() }))
		if got != "4401" {
			t.Errorf("got %s", got)
		}
	})
}

func escaped(name string) string {
	return strings.NewReplacer(":", "%3A", "/", "%2F").Replace(name)
}

func TestKeyEncryptionKey(t *testing.T) {
	t.Run("the first start makes one for the owner only, which every start takes", func(t *testing.T) {
		c := quiet(t)
		first := open(t, c)
		key := first.owner(t, c.Account, "app", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)
		info, err := os.Stat(keyEncryptionKeyPath(c.Data))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v", info, err)
		}
		if err := first.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		found, ok, err := open(t, c).access.Lookup(t.Context(), key.AccessKeyId, "")
		if err != nil || !ok || found.Secret != key.SecretAccessKey {
			t.Errorf("%v, %v", ok, err)
		}
	})
	t.Run("a configured one goes before it, and makes none", func(t *testing.T) {
		c := quiet(t)
		c.KeyEncryptionKey = base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))
		open(t, c)
		if _, err := os.Stat(keyEncryptionKeyPath(c.Data)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("got %v", err)
		}
	})
	for name, change := range map[string]func(t *testing.T, c *Config){
		"another one": func(_ *testing.T, c *Config) {
			c.KeyEncryptionKey = base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{8}, 32))
		},
		"none, where it was lost": func(t *testing.T, c *Config) {
			if err := os.Remove(keyEncryptionKeyPath(c.Data)); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name+" is refused at the start", func(t *testing.T) {
			c := quiet(t)
			if err := open(t, c).Shutdown(t.Context()); err != nil {
				t.Fatal(err)
			}
			change(t, &c)
			s, err := New(t.Context(), c)
			if err == nil {
				t.Fatal(errors.Join(errors.New("it starts"), s.Shutdown(t.Context())))
			}
			if !strings.HasPrefix(err.Error(), "key_encryption_key: ") || !errors.Is(err, access.ErrKeyEncryptionKey) {
				t.Errorf("got %v", err)
			}
			if _, err := os.Stat(keyEncryptionKeyPath(c.Data)); c.KeyEncryptionKey == "" && !errors.Is(err, os.ErrNotExist) {
				t.Errorf("one that is the key of nothing was left: %v", err)
			}
		})
	}
	t.Run("one that is none is refused", func(t *testing.T) {
		for _, text := range []string{"short", base64.StdEncoding.EncodeToString(make([]byte, 31)), strings.Repeat("!", 44)} {
			c := quiet(t)
			c.KeyEncryptionKey = text
			if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "key_encryption_key: ") || strings.Contains(err.Error(), text) {
				t.Errorf("got %v", err)
			}
		}
	})
}

func TestKeysAreNotLogged(t *testing.T) {
	var log bytes.Buffer
	c := quiet(t)
	c.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s, stop := serve(t, c)
	key := s.owner(t, c.Account, "app", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)
	do(t, s.as(t, key, http.MethodGet, "/app-instances", "", ""))
	wrong := key
	wrong.SecretAccessKey = "wrong"
	do(t, s.as(t, wrong, http.MethodGet, "/app-instances", "", ""))
	encryption, err := os.ReadFile(keyEncryptionKeyPath(c.Data))
	if err != nil {
		t.Fatal(err)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{
		"the secret": key.SecretAccessKey, "the access key id": key.AccessKeyId, "the secret of the root": s.rootKey.Secret,
		"the key-encryption key": strings.TrimSpace(string(encryption)),
	} {
		if strings.Contains(log.String(), text) {
			t.Errorf("%s is in the log", what)
		}
	}
}
