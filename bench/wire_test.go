package bench

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestWireReads(t *testing.T) {
	for _, c := range []struct {
		name, in         string
		status           int
		kind, body, fail string
	}{
		{name: "an answer with a length", in: "HTTP/1.1 201 Created\r\ncontent-length: 5\r\nX-A: b\r\n\r\nhello", status: 201, body: "hello"},
		{name: "one without a body", in: "HTTP/1.1 204 No Content\r\n\r\n", status: 204},
		{name: "a refusal", in: "HTTP/1.1 403 Forbidden\r\nX-Amzn-ErrorType: ForbiddenException:http://x\r\nContent-Length: 2\r\n\r\n{}", status: 403, kind: "ForbiddenException", body: "{}"},
		{name: "chunks", in: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", status: 200, body: "abcde"},
		{name: "chunks with a trailer", in: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: y\r\n\r\n", status: 200, body: "a"},
		{name: "the end", in: "", fail: "EOF"},
		{name: "the end within a body", in: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", fail: "unexpected EOF"},
		{name: "the end within a head", in: "HTTP/1.1 200 OK\r\nContent-Le", fail: "EOF"},
		{name: "another protocol", in: "SSH-2.0-x\r\n", fail: "begins with"},
		{name: "a status that is none", in: "HTTP/1.1 2x0 OK\r\n\r\n", fail: "begins with"},
		{name: "a short status", in: "HTTP/1.1 2\r\n\r\n", fail: "begins with"},
		{name: "a negative length", in: "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", fail: "bytes"},
		{name: "a length beyond bounds", in: "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", fail: "bytes"},
		{name: "a line without end", in: "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("y", wireBuffer), fail: "too long"},
	} {
		t.Run(c.name, func(t *testing.T) {
			// The one after it shows that all of it was read.
			const next = "HTTP/1.1 202 Accepted\r\nContent-Length: 1\r\n\r\n!"
			in := c.in
			if c.fail == "" {
				in += next
			}
			w := &wire{in: bufio.NewReaderSize(strings.NewReader(in), wireBuffer)}
			err := w.read()
			if c.fail != "" {
				if err == nil || !strings.Contains(err.Error(), c.fail) {
					t.Fatalf("%v, want %q", err, c.fail)
				}
				return
			}
			if a := w.answer; err != nil || a.status != c.status || a.kind != c.kind || string(a.body) != c.body {
				t.Fatalf("%v %+v", err, a)
			}
			if err := w.read(); err != nil || w.answer.status != 202 || string(w.answer.body) != "!" {
				t.Errorf("the next: %v %+v", err, w.answer)
			}
		})
	}
}

func TestWire(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("last") != "" {
			w.Header().Set("Connection", "close")
		}
		var body bytes.Buffer
		_, _ = body.ReadFrom(r.Body)
		_, _ = w.Write([]byte(r.Method + r.URL.Path + r.Header.Get("X-Amz-Date") + r.Header.Get(kindHeader) + body.String()))
	})
	for name, server := range map[string]*httptest.Server{"in the clear": httptest.NewServer(handler), "by TLS": httptest.NewTLSServer(handler)} {
		t.Run("a connection is kept and opened anew "+name, func(t *testing.T) {
			defer server.Close()
			secure := new(tls.Config)
			if server.TLS != nil {
				secure.RootCAs = server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
			}
			w, err := newWire(server.URL, secure)
			if err != nil {
				t.Fatal(err)
			}
			defer w.close()
			w.until(time.Now().Add(time.Minute))
			for _, query := range []string{"", "", "?last=1", ""} {
				r, err := http.NewRequest(http.MethodPost, server.URL+"/a%2Fb"+query, nil)
				if err != nil {
					t.Fatal(err)
				}
				r.Header.Set("X-Amz-Date", "|now|")
				a, err := w.exchange(t.Context(), serialize(r, []byte("|text"), 3))
				if err != nil || string(a.body) != "POST/a/b|now|3|text" {
					t.Fatalf("%v %+v", err, a)
				}
				if kept := w.conn != nil; kept != (query == "") {
					t.Errorf("%q: the connection is kept: %v", query, kept)
				}
			}
		})
	}
	t.Run("nobody listens", func(t *testing.T) {
		w, err := newWire("http://127.0.0.1:1", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.exchange(t.Context(), nil); err == nil || w.conn != nil {
			t.Error(err)
		}
	})
	t.Run("a port is that of the scheme", func(t *testing.T) {
		for endpoint, want := range map[string]string{"http://a": "a:80", "https://a": "a:443", "https://a:8443/": "a:8443", "http://[::1]": "[::1]:80"} {
			if w, err := newWire(endpoint, new(tls.Config)); err != nil || w.address != want {
				t.Errorf("%s: %v %+v", endpoint, err, w)
			}
		}
	})
}
