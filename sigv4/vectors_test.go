package sigv4

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	exampleID     = "AKIDEXAMPLE"
	exampleSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
)

// TestPublishedVectors holds Verify to the signatures of AWS's own test suite for this algorithm.
func TestPublishedVectors(t *testing.T) {
	const unreserved = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	for _, v := range []struct {
		name, method, path, query string
		header                    http.Header
		body                      string
		signed                    string
		signature                 string
	}{
		{"get-vanilla", "GET", "/", "", nil, "", "host;x-amz-date",
			"5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
		{"get-vanilla-query", "GET", "/", "Param1=value1", nil, "", "host;x-amz-date",
			"a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
		{"get-vanilla-query-order-key-case", "GET", "/", "Param2=value2&Param1=value1", nil, "", "host;x-amz-date",
			"b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
		{"get-vanilla-query-order-key", "GET", "/", "Param1=value2&Param1=value1", nil, "", "host;x-amz-date",
			"5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694"},
		{"get-vanilla-query-order-value", "GET", "/", "Param1=value2&Param1=Value1", nil, "", "host;x-amz-date",
			"eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1"},
		{"get-vanilla-query-unreserved", "GET", "/", unreserved + "=" + unreserved, nil, "", "host;x-amz-date",
			"9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
		{"get-vanilla-utf8-query", "GET", "/", "ሴ=bar", nil, "", "host;x-amz-date",
			"2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
		{"get-unreserved", "GET", "/" + unreserved, "", nil, "", "host;x-amz-date",
			"07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
		{"get-utf8", "GET", "/ሴ", "", nil, "", "host;x-amz-date",
			"8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
		{"get-space", "GET", "/example space/", "", nil, "", "host;x-amz-date",
			"652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
		{"get-header-key-duplicate", "GET", "/", "", http.Header{"My-Header1": {"value2", "value2", "value1"}}, "", "host;my-header1;x-amz-date",
			"c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
		{"get-header-value-order", "GET", "/", "", http.Header{"My-Header1": {"value4", "value1", "value3", "value2"}}, "", "host;my-header1;x-amz-date",
			"08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
		{"get-header-value-trim", "GET", "/", "", http.Header{"My-Header1": {" value1"}, "My-Header2": {` "a   b   c"`}}, "", "host;my-header1;my-header2;x-amz-date",
			"acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
		{"post-vanilla", "POST", "/", "", nil, "", "host;x-amz-date",
			"5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
		{"post-vanilla-query", "POST", "/", "Param1=value1", nil, "", "host;x-amz-date",
			"28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
		{"post-header-value-case", "POST", "/", "", http.Header{"My-Header1": {"VALUE1"}}, "", "host;my-header1;x-amz-date",
			"cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
		{"post-x-www-form-urlencoded", "POST", "/", "", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, "Param1=value1", "content-type;host;x-amz-date",
			"ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
	} {
		t.Run(v.name, func(t *testing.T) {
			header := v.header.Clone()
			if header == nil {
				header = http.Header{}
			}
			header.Set("X-Amz-Date", "20150830T123600Z")
			header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "+
				"SignedHeaders="+v.signed+", Signature="+v.signature)
			r := &Request{Method: v.method, Host: "example.amazonaws.com", Path: v.path, Query: v.query, Header: header, Body: []byte(v.body)}
			s, err := Parse(r)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Verify(r, s.Key(exampleSecret)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestNewKey(t *testing.T) {
	t.Run("the key of the documentation's example", func(t *testing.T) {
		key := NewKey(exampleSecret, "20150830", "us-east-1", "iam")
		const want = "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"
		if got := hex.EncodeToString(key.bytes[:]); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

// The URL that the official JavaScript client makes to open a session, with a frozen clock.
const (
	connectHost  = "chat.example.test:8443"
	connectToken = "tok/en+with=="
	connectQuery = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Fus-east-1%2Fchime%2Faws4_request" +
		"&X-Amz-Date=20260102T030405Z&X-Amz-Expires=10&X-Amz-Security-Token=tok%2Fen%2Bwith%3D%3D&X-Amz-SignedHeaders=host" +
		"&X-Amzn-User-Agent=chrome-120&X-Amzn-Version=3.32.0&prefetch-on=connect&prefetch-sort-by=last-message-timestamp" +
		"&sessionId=8f1c2d3e-0000-4a5b-8c6d-7e8f90a1b2c3" +
		"&userArn=arn%3Aaws%3Achime%3Aus-east-1%3A111122223333%3Aapp-instance%2F694d2099-cb1e-463e-9d64-697ff5b8950e%2Fuser%2Fus-east-1%3Aalice"
	connectSignature = "a959fcc558068d06810ad37ae036be75ff9489f2f40924ddc55af8759f5eb6db"
)

func connectRequest() *Request {
	return &Request{Method: "GET", Host: connectHost, Path: "/connect", Query: connectQuery + "&X-Amz-Signature=" + connectSignature}
}

func TestConnectVector(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

	t.Run("its parts are read", func(t *testing.T) {
		s, err := Parse(connectRequest())
		if err != nil {
			t.Fatal(err)
		}
		want := &Signature{
			AccessKeyID: exampleID, Date: "20260102", Region: "us-east-1", Service: "chime", Terminator: "aws4_request",
			SignedHeaders: "host", Time: at, Expires: 10 * time.Second, SessionToken: connectToken,
			stamp: "20260102T030405Z", mac: s.mac,
		}
		if diff := cmp.Diff(want, s, cmp.AllowUnexported(Signature{})); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("its key and canonical request are those of the official signer", func(t *testing.T) {
		r := connectRequest()
		s, err := Parse(r)
		if err != nil {
			t.Fatal(err)
		}
		key := s.Key(exampleSecret)
		const wantKey = "9e22a926091f0d61720faad3103b83405baff64eca099e673d4154fe1b013212"
		if got := hex.EncodeToString(key.bytes[:]); got != wantKey {
			t.Errorf("key %s, want %s", got, wantKey)
		}
		w := new(work)
		w.setPayload(s, r)
		canonical := w.appendCanonical(nil, s, r, []byte(connectQuery), connectHost, "")
		const wantHash = "b8baef6219899b19a190a8340eed970b7183775fef396b460c34b82e9045518c"
		if got := sha256.Sum256(canonical); hex.EncodeToString(got[:]) != wantHash {
			t.Errorf("canonical request has the hash %x, want %s:\n%s", got, wantHash, canonical)
		}
	})
	t.Run("it verifies", func(t *testing.T) {
		r := connectRequest()
		s, err := Parse(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Verify(r, s.Key(exampleSecret)); err != nil {
			t.Error(err)
		}
		if err := s.Check(Rules{Service: "chime", Region: "us-east-1", Now: at}); err != nil {
			t.Error(err)
		}
	})
	t.Run("our own signer makes the same URL", func(t *testing.T) {
		const unsigned = "https://Chat.Example.test:8443/connect?sessionId=8f1c2d3e-0000-4a5b-8c6d-7e8f90a1b2c3&prefetch-on=connect" +
			"&X-Amzn-Version=3.32.0&X-Amzn-User-Agent=chrome-120&prefetch-sort-by=last-message-timestamp" +
			"&userArn=arn:aws:chime:us-east-1:111122223333:app-instance/694d2099-cb1e-463e-9d64-697ff5b8950e/user/us-east-1:alice"
		r, err := http.NewRequest("GET", unsigned, nil)
		if err != nil {
			t.Fatal(err)
		}
		NewSigner(exampleID, exampleSecret, connectToken, "us-east-1", "chime").Presign(r, nil, at, 10*time.Second)
		if want := connectQuery + "&X-Amz-Signature=" + connectSignature; r.URL.RawQuery != want {
			t.Errorf("got  %s\nwant %s", r.URL.RawQuery, want)
		}
	})
}
