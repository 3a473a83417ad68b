package webidentity

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/go-cmp/cmp"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// testIssuer is an issuer on this machine, whose answers can be changed.
type testIssuer struct {
	*httptest.Server
	keys      []jose.JSONWebKey
	discovery map[string]any
	asked     atomic.Int32 // for keys
	fail      atomic.Bool
}

func newIssuer(t testing.TB, keys ...jose.JSONWebKey) *testIssuer {
	t.Helper()
	i := &testIssuer{keys: keys}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		if i.fail.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_ = json.NewEncoder(w).Encode(i.discovery)
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		i.asked.Add(1)
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: i.keys})
	})
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	i.discovery = map[string]any{"issuer": i.URL, "jwks_uri": i.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"}}
	return i
}

// key is a pair of keys.
type key struct {
	id        string
	private   crypto.Signer
	algorithm jose.SignatureAlgorithm
}

func (k key) public() jose.JSONWebKey {
	return jose.JSONWebKey{Key: k.private.Public(), KeyID: k.id, Algorithm: string(k.algorithm), Use: "sig"}
}

func newKey(t testing.TB, id string) key {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key{id: id, private: private, algorithm: jose.RS256}
}

// claims are those of a good token, changed.
func claims(issuer string, changes map[string]any) map[string]any {
	c := map[string]any{
		"iss": issuer, "sub": "alice", "aud": "app", "exp": now.Add(time.Hour).Unix(), "iat": now.Unix(), "nbf": now.Unix(), "jti": "1",
		"email_verified": true, "level": 3, "groups": []string{"a", "b"}, "address": map[string]any{"city": "Bonn"},
	}
	for name, value := range changes {
		if c[name] = value; value == nil {
			delete(c, name)
		}
	}
	return c
}

func sign(t testing.TB, k key, claims any) string {
	t.Helper()
	return signBy(t, jose.SigningKey{Algorithm: k.algorithm, Key: jose.JSONWebKey{Key: k.private, KeyID: k.id}}, claims)
}

func signBy(t testing.TB, k jose.SigningKey, claims any) string {
	t.Helper()
	signer, err := jose.NewSigner(k, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func newVerifier() *Verifier { return New(Options{Now: func() time.Time { return now }}) }

func TestVerify(t *testing.T) {
	first := newKey(t, "first")
	issuer := newIssuer(t, first.public())
	v := newVerifier()

	t.Run("a good token says who somebody is", func(t *testing.T) {
		token := sign(t, first, claims(issuer.URL, map[string]any{
			"https://aws.amazon.com/tags": map[string]any{
				"principal_tags": map[string]any{"UserUUID": []string{"alice"}}, "transitive_tag_keys": []string{"UserUUID"},
			},
			"https://aws.amazon.com/tags/principal_tags/Team": []string{"blue"},
		}))
		if said, err := Issuer(token); err != nil || said != issuer.URL {
			t.Fatalf("issuer %q, error %v", said, err)
		}
		got, err := v.Verify(t.Context(), issuer.URL, []string{"other", "app"}, token)
		if err != nil {
			t.Fatal(err)
		}
		want := &Token{
			Issuer: issuer.URL, Subject: "alice", Audience: "app", Expires: now.Add(time.Hour),
			Tags: map[string]string{"UserUUID": "alice", "Team": "blue"}, TransitiveTags: []string{"UserUUID"},
			Claims: map[string][]string{
				"iss": {issuer.URL}, "sub": {"alice"}, "aud": {"app"}, "jti": {"1"}, "email_verified": {"true"}, "level": {"3"}, "groups": {"a", "b"},
				"exp": {"1767326645"}, "iat": {"1767323045"}, "nbf": {"1767323045"}, "https://aws.amazon.com/tags/principal_tags/Team": {"blue"},
			},
		}
		got.Expires = got.Expires.UTC()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})

	curve, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	elliptic := key{id: "elliptic", private: curve, algorithm: jose.ES384}
	issuer.keys = append(issuer.keys, elliptic.public())
	other := newKey(t, "first") // the id of a key that is known
	stranger := newIssuer(t, other.public())
	der, err := x509.MarshalPKIXPublicKey(first.private.Public())
	if err != nil {
		t.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	unsigned := func() string {
		payload, _ := json.Marshal(claims(issuer.URL, nil))
		return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"first"}`)) + "." + base64.RawURLEncoding.EncodeToString(payload) + "."
	}
	tampered := func() string {
		parts := strings.Split(sign(t, first, claims(issuer.URL, nil)), ".")
		payload, _ := json.Marshal(claims(issuer.URL, map[string]any{"sub": "admin"}))
		return parts[0] + "." + base64.RawURLEncoding.EncodeToString(payload) + "." + parts[2]
	}
	good := func(changes map[string]any) string { return sign(t, first, claims(issuer.URL, changes)) }
	for _, c := range []struct {
		name, token string
		want        error // nil: believed
	}{
		{"another algorithm of the list", sign(t, elliptic, claims(issuer.URL, nil)), nil},
		{"several clients, one of which it was given to", good(map[string]any{"aud": []string{"app", "api"}, "azp": "app"}), nil},
		{"several clients, and none that it was given to", good(map[string]any{"aud": []string{"app", "api"}}), ErrInvalid},
		{"given to a client that is not registered", good(map[string]any{"azp": "evil"}), ErrInvalid},
		{"given to a client that is, and made for another", good(map[string]any{"aud": "api", "azp": "app"}), ErrInvalid},
		{"made for another client", good(map[string]any{"aud": "api"}), ErrInvalid},
		{"made for nobody", good(map[string]any{"aud": nil}), ErrInvalid},
		{"expired", good(map[string]any{"exp": now.Add(-skew).Unix()}), ErrExpired},
		{"expired within what clocks may differ", good(map[string]any{"exp": now.Add(-skew + time.Second).Unix()}), nil},
		{"without an end", good(map[string]any{"exp": nil}), ErrInvalid},
		{"without a beginning", good(map[string]any{"iat": nil}), ErrInvalid},
		{"issued in the future", good(map[string]any{"iat": now.Add(skew + time.Second).Unix()}), ErrInvalid},
		{"issued in the future within what clocks may differ", good(map[string]any{"iat": now.Add(skew).Unix()}), nil},
		{"not valid yet", good(map[string]any{"nbf": now.Add(skew + time.Second).Unix()}), ErrInvalid},
		{"a beginning that is no time", good(map[string]any{"nbf": "soon"}), ErrInvalid},
		{"without a subject", good(map[string]any{"sub": nil}), ErrInvalid},
		{"of another issuer, signed by this one", sign(t, first, claims(stranger.URL, nil)), ErrInvalid},
		{"of this issuer, signed by another with the same id of the key", sign(t, other, claims(issuer.URL, nil)), ErrInvalid},
		{"of another issuer", sign(t, other, claims(stranger.URL, nil)), ErrInvalid},
		{"unsigned", unsigned(), ErrInvalid},
		{"signed with the public key as a secret", signBy(t, jose.SigningKey{Algorithm: jose.HS256, Key: jose.JSONWebKey{Key: public, KeyID: "first"}}, claims(issuer.URL, nil)), ErrInvalid},
		{"changed", tampered(), ErrInvalid},
		{"without its signature", strings.Join(strings.Split(good(nil), ".")[:2], ".") + ".", ErrInvalid},
		{"cut off", good(nil)[:200], ErrInvalid},
		{"nothing", "", ErrInvalid},
		{"very long", strings.Repeat("a", maxToken+1), ErrInvalid},
		{"tags that are not well-formed", good(map[string]any{tagsClaim: "x"}), ErrInvalid},
		{"a tag with two values", good(map[string]any{tagsClaim: map[string]any{"principal_tags": map[string]any{"a": []string{"1", "2"}}}}), ErrInvalid},
		{"no tags", good(map[string]any{tagsClaim: map[string]any{}, tagClaims + "a": "1"}), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := newVerifier() // so that no answer of another row counts
			got, err := v.Verify(t.Context(), issuer.URL, []string{"app"}, c.token)
			if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
				t.Errorf("%+v, error %v, want %v", got, err, c.want)
			}
		})
	}
}

// eventually tries until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it did not come to pass: %s", what)
		}
	}
}

func TestKeysOfIssuers(t *testing.T) {
	first, second := newKey(t, "first"), newKey(t, "second")

	t.Run("a new key is found when a token has it", func(t *testing.T) {
		issuer := newIssuer(t, first.public())
		v := newVerifier()
		verify := func(k key) error {
			_, err := v.Verify(t.Context(), issuer.URL, []string{"app"}, sign(t, k, claims(issuer.URL, nil)))
			return err
		}
		if err := verify(first); err != nil {
			t.Fatal(err)
		}
		if err := verify(second); !errors.Is(err, ErrInvalid) {
			t.Fatalf("a key that is not there: %v", err)
		}
		issuer.keys = []jose.JSONWebKey{second.public()}
		// Who asks at the very moment at which an answer comes is given that answer, and the library takes the
		// keys from it a moment later.
		eventually(t, "a new key counts", func() bool { return verify(second) == nil })
		eventually(t, "a key that was withdrawn counts no more", func() bool { return verify(first) != nil })
	})

	t.Run("a flood of unknown keys asks the issuer a few times, and tokens with known keys are believed meanwhile", func(t *testing.T) {
		issuer := newIssuer(t, first.public())
		v := newVerifier()
		good := sign(t, first, claims(issuer.URL, nil))
		if _, err := v.Verify(t.Context(), issuer.URL, []string{"app"}, good); err != nil {
			t.Fatal(err)
		}
		bad := sign(t, second, claims(issuer.URL, nil))
		eventually(t, "the issuer is asked no more", func() bool {
			_, err := v.Verify(t.Context(), issuer.URL, []string{"app"}, bad)
			return errors.Is(err, ErrUnreachable)
		})
		if n := issuer.asked.Load(); n > askBurst {
			t.Errorf("asked %d times", n)
		}
		if _, err := v.Verify(t.Context(), issuer.URL, []string{"app"}, good); err != nil {
			t.Error(err)
		}
	})

	t.Run("what an issuer has withdrawn counts an hour at most, and a day while it cannot be asked", func(t *testing.T) {
		issuer := newIssuer(t, first.public())
		clock := now
		v := New(Options{Now: func() time.Time { return clock }})
		verify := func() error {
			_, err := v.Verify(t.Context(), issuer.URL, []string{"app"}, sign(t, first, claims(issuer.URL, map[string]any{"exp": clock.Add(time.Hour).Unix()})))
			return err
		}
		if err := verify(); err != nil {
			t.Fatal(err)
		}
		issuer.fail.Store(true)
		clock = now.Add(keepFor - time.Second)
		if err := verify(); err != nil {
			t.Errorf("while the issuer cannot be asked: %v", err)
		}
		clock = now.Add(keepFor + retryAfter)
		if err := verify(); !errors.Is(err, ErrUnreachable) {
			t.Errorf("after a day: %v", err)
		}
		issuer.fail.Store(false)
		if err := verify(); err != nil {
			t.Errorf("when it is back: %v", err)
		}
		issuer.keys = []jose.JSONWebKey{second.public()}
		clock = clock.Add(refreshAfter)
		if err := verify(); !errors.Is(err, ErrInvalid) {
			t.Errorf("with a key that was withdrawn: %v", err)
		}
	})

	t.Run("an issuer that says it is another is not believed", func(t *testing.T) {
		issuer := newIssuer(t, first.public())
		issuer.discovery["issuer"] = "https://other.example"
		_, err := newVerifier().Verify(t.Context(), issuer.URL, []string{"app"}, sign(t, first, claims(issuer.URL, nil)))
		if !errors.Is(err, ErrUnreachable) {
			t.Error(err)
		}
	})

	t.Run("an issuer cannot have others asked", func(t *testing.T) {
		for _, keys := range []string{"http://192.0.2.1/keys", "https://169.254.169.254/latest/meta-data", "file:///etc/passwd", ""} {
			issuer := newIssuer(t, first.public())
			issuer.discovery["jwks_uri"] = keys
			_, err := newVerifier().Verify(t.Context(), issuer.URL, []string{"app"}, sign(t, first, claims(issuer.URL, nil)))
			if !errors.Is(err, ErrUnreachable) {
				t.Errorf("%s: %v", keys, err)
			}
		}
	})

	t.Run("an issuer must not redirect", func(t *testing.T) {
		issuer := newIssuer(t, first.public())
		away := httptest.NewServer(http.RedirectHandler(issuer.URL+"/keys", http.StatusFound))
		defer away.Close()
		issuer.discovery["jwks_uri"] = away.URL
		_, err := newVerifier().Verify(t.Context(), issuer.URL, []string{"app"}, sign(t, first, claims(issuer.URL, nil)))
		if !errors.Is(err, ErrUnreachable) || issuer.asked.Load() != 0 {
			t.Error(err)
		}
	})

	t.Run("an answer without end is not read to its end", func(t *testing.T) {
		issuer := newIssuer(t, first.public())
		flood := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for chunk := []byte(strings.Repeat(" ", 1<<16)); ; {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		}))
		defer flood.Close()
		issuer.discovery["jwks_uri"] = flood.URL
		ctx, cancel := context.WithTimeout(t.Context(), askTimeout-time.Second)
		defer cancel()
		_, err := newVerifier().Verify(ctx, issuer.URL, []string{"app"}, sign(t, first, claims(issuer.URL, nil)))
		if err == nil || ctx.Err() != nil {
			t.Errorf("%v, %v", err, ctx.Err())
		}
	})

	t.Run("addresses of this machine and of the link are not asked for an issuer elsewhere", func(t *testing.T) {
		issuers := newIssuers(Options{Now: time.Now})
		for _, address := range []string{"127.0.0.1:1", "[::1]:1", "169.254.169.254:80", "0.0.0.0:1", "[::ffff:127.0.0.1]:1", "[fe80::1%25lo]:1"} {
			_, err := issuers.transport.DialContext(t.Context(), "tcp", address)
			if err == nil || !strings.Contains(err.Error(), "issuers are not asked at such an address") && !strings.Contains(err.Error(), "lookup") {
				t.Errorf("%s: %v", address, err)
			}
		}
	})

	t.Run("an issuer by TLS is believed when its certificate is", func(t *testing.T) {
		var url string
		secure := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/keys" {
				_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{first.public()}})
				return
			}
			_ = json.NewEncoder(w).Encode(map[string]any{"issuer": url, "jwks_uri": url + "/keys"})
		}))
		secure.Config.ErrorLog = log.New(io.Discard, "", 0)
		secure.StartTLS()
		defer secure.Close()
		url = secure.URL
		roots := x509.NewCertPool()
		token := sign(t, first, claims(url, nil))
		at := func() time.Time { return now }
		if _, err := New(Options{Now: at, Roots: roots}).Verify(t.Context(), url, []string{"app"}, token); !errors.Is(err, ErrUnreachable) {
			t.Errorf("a certificate of a stranger: %v", err)
		}
		roots.AddCert(secure.Certificate())
		if _, err := New(Options{Now: at, Roots: roots}).Verify(t.Context(), url, []string{"app"}, token); err != nil {
			t.Error(err)
		}
	})
}

func TestCheckIssuer(t *testing.T) {
	for _, c := range []struct {
		issuer string
		fine   bool
	}{
		{"https://id.example/realms/a", true}, {"http://127.0.0.1:8080", true}, {"http://localhost:8080/x", true}, {"http://[::1]:1", true},
		{"http://id.example", false}, {"ftp://127.0.0.1", false}, {"id.example", false}, {"", false}, {"https://", false},
		{"https://user@id.example", false}, {"https://id.example?x", false}, {"https://id.example#x", false}, {"http://localhost.evil.example", false},
	} {
		if err := CheckIssuer(c.issuer); (err == nil) != c.fine {
			t.Errorf("%q: %v", c.issuer, err)
		}
	}
}

func FuzzIssuer(f *testing.F) {
	f.Add("a.b.c")
	f.Add(base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"https://x"}`)) + ".c2ln")
	f.Fuzz(func(t *testing.T, token string) {
		if issuer, err := Issuer(token); (issuer == "") != (err != nil) {
			t.Errorf("%q, %v", issuer, err)
		}
	})
}
