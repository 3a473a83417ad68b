package sigv4

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestBasis(t *testing.T) {
	r := signed(t, "POST", "https://chime.test/channels/a%3Ab?y=1&x=%20", "{}", func(h http.Header) { h.Set("X-Amz-Chime-Bearer", " a  b ") })
	s, err := Parse(r)
	if err != nil {
		t.Fatal(err)
	}
	r.Body = []byte("[]") // what was received is not what was signed
	got := s.Basis(r)
	const want = "POST\n/channels/a%253Ab\nx=%20&y=1\nhost:chime.test\nx-amz-chime-bearer:a b\nx-amz-date:20260102T030405Z\n\n" +
		"host;x-amz-chime-bearer;x-amz-date\n4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945"
	if got.CanonicalRequest != want {
		t.Errorf("canonical request:\n%s\nwant:\n%s", got.CanonicalRequest, want)
	}
	if begin := "AWS4-HMAC-SHA256\n20260102T030405Z\n20260102/us-east-1/chime/aws4_request\n"; !strings.HasPrefix(got.StringToSign, begin) || len(got.StringToSign) != len(begin)+64 {
		t.Errorf("string to sign:\n%s", got.StringToSign)
	}
}

func TestClaimedKey(t *testing.T) {
	header := httptest.NewRequest("GET", "https://chime.test/channels", nil)
	NewSigner(exampleID, exampleSecret, "", "us-east-1", "chime").Sign(header, nil, now)
	query := httptest.NewRequest("GET", "https://chime.test/connect", nil)
	NewSigner(exampleID, exampleSecret, "", "us-east-1", "chime").Presign(query, nil, now, 10e9)
	query.RequestURI = query.URL.RequestURI()
	unsigned := httptest.NewRequest("GET", "https://chime.test/channels", nil)
	for r, want := range map[*http.Request]string{header: exampleID, query: exampleID, unsigned: ""} {
		if got := ClaimedKey(r); got != want {
			t.Errorf("%s: %q, want %q", r.RequestURI, got, want)
		}
	}
}
