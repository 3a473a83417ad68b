package access

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func testTokens(t testing.TB, fill byte) *sessionTokens {
	t.Helper()
	tokens, err := newSessionTokens(bytes.Repeat([]byte{fill}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}

func testSession() *session {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return &session{
		AccessKeyID: newTemporaryID(), Account: "123456789012", Role: 123456789012345678, Name: "alice@example.com", Issued: at, Expires: at.Add(time.Hour),
		Limits: sessionLimits{
			Tags: map[string]string{"UserUUID": "8f1c2d3e-0000-4a5b-8c6d-7e8f90a1b2c3"}, Transitive: []string{"UserUUID"},
			Policy:     `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["chime:SendChannelMessage"],"Resource":["*"]}]}`,
			PolicyARNs: []string{"arn:aws:iam::aws:policy/CarillonEndUser"},
		},
		Web: &webIdentity{Issuer: "id.example/realms/a", Subject: "alice", Audience: "app", Methods: []string{"pwd"}},
	}
}

func TestSessionToken(t *testing.T) {
	tokens := testTokens(t, 1)
	s := testSession()
	token, err := tokens.seal(s)
	if err != nil {
		t.Fatal(err)
	}

	t.Run("what was sealed is opened", func(t *testing.T) {
		got, ok := tokens.open(token)
		if diff := cmp.Diff(s, got); diff != "" || !ok {
			t.Errorf("%v (-want +got):\n%s", ok, diff)
		}
	})
	t.Run("a token tells nothing, and the same session has another one each time", func(t *testing.T) {
		raw, err := base64.RawURLEncoding.DecodeString(token)
		again, _ := tokens.seal(s)
		if err != nil || bytes.Contains(raw, []byte("UserUUID")) || strings.Contains(token, s.AccessKeyID) || again == token {
			t.Errorf("%s, error %v", token, err)
		}
	})
	t.Run("a usual token is short", func(t *testing.T) {
		if len(token) > 600 {
			t.Errorf("%d characters", len(token))
		}
	})
	t.Run("a token that was changed anywhere, cut off or made longer is not opened", func(t *testing.T) {
		raw, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil {
			t.Fatal(err)
		}
		for i := range raw {
			changed := bytes.Clone(raw)
			changed[i] ^= 1 << rand.N(8)
			if _, ok := tokens.open(base64.RawURLEncoding.EncodeToString(changed)); ok {
				t.Errorf("changed at %d", i)
			}
			if _, ok := tokens.open(base64.RawURLEncoding.EncodeToString(raw[:i])); ok {
				t.Errorf("cut off at %d", i)
			}
		}
		for _, other := range []string{token + "A", token + "=", " " + token, token + "\n", strings.Repeat("A", maxSessionToken+1), token + token} {
			if _, ok := tokens.open(other); ok {
				t.Errorf("opened: %q", other)
			}
		}
	})
	t.Run("a token of a server with another key is not opened", func(t *testing.T) {
		if _, ok := testTokens(t, 2).open(token); ok {
			t.Error("opened")
		}
	})
	t.Run("secrets follow from the id and the key of the server", func(t *testing.T) {
		a, b := tokens.secret("ASIAA"), tokens.secret("ASIAB")
		if a == b || len(a) != 40 || a != testTokens(t, 1).secret("ASIAA") || a == testTokens(t, 2).secret("ASIAA") {
			t.Errorf("%s %s", a, b)
		}
	})
	t.Run("what fills the room for policies and tags fits into a token", func(t *testing.T) {
		s := testSession()
		for n := 0; ; n++ {
			s.Limits.Tags[fmt.Sprint("tag", n)] = fmt.Sprint(rand.Uint64())
			size, err := s.Limits.packedSize()
			if err != nil {
				t.Fatal(err)
			}
			token, err := tokens.seal(s)
			if size > 100 {
				return
			}
			if err != nil || len(token) > maxSessionToken {
				t.Fatalf("%d%%: %d characters, error %v", size, len(token), err)
			}
		}
	})
	t.Run("what does not fit is refused", func(t *testing.T) {
		s := testSession()
		for range 4096 {
			s.Name += fmt.Sprint(rand.Uint64())
		}
		if _, err := tokens.seal(s); !errors.Is(err, errTooLarge) {
			t.Error(err)
		}
	})
}

func FuzzSessionToken(f *testing.F) {
	tokens := testTokens(f, 1)
	token, err := tokens.seal(testSession())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(token)
	f.Add("")
	f.Fuzz(func(t *testing.T, other string) {
		// Of a process that fuzzes beside this one, a token is another one of the same session.
		if opened, ok := tokens.open(other); ok {
			want := testSession()
			want.AccessKeyID = opened.AccessKeyID
			if diff := cmp.Diff(want, opened); diff != "" {
				t.Errorf("opened: %q: %s", other, diff)
			}
		}
	})
}

func BenchmarkOpenSessionToken(b *testing.B) {
	tokens := testTokens(b, 1)
	token, err := tokens.seal(testSession())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := tokens.open(token); !ok {
			b.Fatal("not opened")
		}
	}
}
