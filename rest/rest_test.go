package rest

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"carillon/api"
)

// channel is the path of a channel by its name.
func channel(name string) string { return strings.TrimSuffix(channelPath, "known") + name }

const messageBody = `{"Content":"hello","Type":"STANDARD","Persistence":"PERSISTENT","ClientRequestToken":"t1"}`

// ask sends one request through a handler.
func ask(h http.Handler, r *http.Request) *http.Response {
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, r)
	return answer.Result()
}

// logged makes options whose log goes to a buffer.
func logged() (Options, *bytes.Buffer) {
	lines := new(bytes.Buffer)
	o := stubOptions()
	o.Log = slog.New(slog.NewTextHandler(lines, nil))
	return o, lines
}

func TestCaller(t *testing.T) {
	receive := func(o Options, r *http.Request) (caller api.Caller, err error) {
		o.Service = &stub{sent: func(c *api.Caller, _ *api.SendChannelMessageRequest) { caller = *c }}
		if answer := ask(stubHandler(o), r); answer.StatusCode != http.StatusCreated {
			return caller, errors.New(answer.Status)
		}
		return caller, nil
	}
	want := api.Caller{
		Account: "123456789012", Principal: "arn:aws:iam::123456789012:user/alice", AccessKeyID: "AKIDEXAMPLE",
		Bearer: aliceARN, RequestID: requestID, Authority: "chime.test", SourceAddress: "2001:db8::7",
	}
	t.Run("an operation sees who calls, for whom and from where", func(t *testing.T) {
		got, err := receive(stubOptions(), arrived("POST", channelPath+"/messages", messageBody))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("an operation sees whether the caller speaks TLS", func(t *testing.T) {
		r := arrived("POST", channelPath+"/messages", messageBody)
		r.TLS = &tls.ConnectionState{}
		if got, err := receive(stubOptions(), r); err != nil || !got.Secure {
			t.Errorf("%+v, %v", got, err)
		}
	})
	t.Run("an address without port is taken as it is", func(t *testing.T) {
		r := arrived("POST", channelPath+"/messages", messageBody)
		r.RemoteAddr = "@"
		got, err := receive(stubOptions(), r)
		if err != nil {
			t.Fatal(err)
		}
		if got.SourceAddress != "@" {
			t.Errorf("address %q", got.SourceAddress)
		}
	})
	t.Run("a request without bearer acts for the default one where there is one", func(t *testing.T) {
		o := stubOptions()
		o.DefaultBearer = instanceARN + "/user/legacy"
		r := arrived("POST", channelPath+"/messages", messageBody)
		r.Header.Del("x-amz-chime-bearer")
		got, err := receive(o, r)
		if err != nil {
			t.Fatal(err)
		}
		if got.Bearer != o.DefaultBearer {
			t.Errorf("bearer %q, want %q", got.Bearer, o.DefaultBearer)
		}
	})
	t.Run("a bearer that is given goes before the default one", func(t *testing.T) {
		o := stubOptions()
		o.DefaultBearer = instanceARN + "/user/legacy"
		got, err := receive(o, arrived("POST", channelPath+"/messages", messageBody))
		if err != nil {
			t.Fatal(err)
		}
		if got.Bearer != aliceARN {
			t.Errorf("bearer %q, want %q", got.Bearer, aliceARN)
		}
	})
	t.Run("a presigned request may have its bearer in the query", func(t *testing.T) {
		r := arrived("POST", channelPath+"/messages?X-Amz-Chime-Bearer="+url.QueryEscape(aliceARN), messageBody)
		r.Header.Del("x-amz-chime-bearer")
		got, err := receive(stubOptions(), r)
		if err != nil {
			t.Fatal(err)
		}
		if got.Bearer != aliceARN {
			t.Errorf("bearer %q, want %q", got.Bearer, aliceARN)
		}
	})
	t.Run("a bearer in the header goes before one in the query", func(t *testing.T) {
		got, err := receive(stubOptions(), arrived("POST", channelPath+"/messages?X-Amz-Chime-Bearer=bob", messageBody))
		if err != nil {
			t.Fatal(err)
		}
		if got.Bearer != aliceARN {
			t.Errorf("bearer %q, want %q", got.Bearer, aliceARN)
		}
	})
	t.Run("two bearers in the query are refused", func(t *testing.T) {
		r := arrived("POST", channelPath+"/messages?X-Amz-Chime-Bearer=a&X-Amz-Chime-Bearer=b", messageBody)
		r.Header.Del("x-amz-chime-bearer")
		if _, err := receive(stubOptions(), r); err == nil {
			t.Error("it was answered")
		}
	})
	for name, bearer := range map[string][]string{"an empty bearer": {""}, "two bearers": {aliceARN, aliceARN}} {
		t.Run(name+" is refused", func(t *testing.T) {
			r := arrived("POST", channelPath+"/messages", messageBody)
			r.Header["X-Amz-Chime-Bearer"] = bearer
			if answer := ask(stubHandler(stubOptions()), r); answer.StatusCode != 400 {
				t.Errorf("status %d, want 400", answer.StatusCode)
			}
		})
	}
	t.Run("an operation whose bearer is optional is called without", func(t *testing.T) {
		r := arrived("POST", "/channels?operation=search", `{"Fields":[{"Key":"MEMBERS","Operator":"INCLUDES","Values":["`+aliceARN+`"]}]}`)
		r.Header.Del("x-amz-chime-bearer")
		var bearer = "none yet"
		o := stubOptions()
		o.DefaultBearer = instanceARN + "/user/legacy"
		o.Admit = func(_ context.Context, _ *api.Operation, caller *api.Caller, _ any) error {
			bearer = caller.Bearer
			return nil
		}
		if answer := ask(answerNothing(o), r); answer.StatusCode != 200 || bearer != "" {
			t.Errorf("status %d with the bearer %q", answer.StatusCode, bearer)
		}
	})
}

func TestOrderOfChecks(t *testing.T) {
	const bad = `{"Type":`
	for _, c := range []struct {
		name   string
		change func(*http.Request)
		status int
	}{
		{"an unknown route goes before a missing signature", func(r *http.Request) { r.RequestURI = "/x"; r.Header.Del("Authorization") }, 404},
		{"a body over the limit goes before a missing signature", func(r *http.Request) { r.ContentLength = 1 << 30; r.Header.Del("Authorization") }, 413},
		{"a missing signature goes before a bad body", func(r *http.Request) { r.Header.Del("Authorization") }, 403},
		{"a bad body goes before a caller's rate", func(r *http.Request) { r.RequestURI = channel("busy") + "/messages" }, 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := arrived("POST", channelPath+"/messages", bad)
			c.change(r)
			if answer := ask(stubHandler(stubOptions()), r); answer.StatusCode != c.status {
				t.Errorf("status %d, want %d", answer.StatusCode, c.status)
			}
		})
	}
	t.Run("the signature is checked over the whole body", func(t *testing.T) {
		body := strings.Repeat("x", 3*firstBody+1)
		var got string
		o := stubOptions()
		o.Authenticate = func(_ *http.Request, b []byte) (*api.Caller, error) {
			got = string(b)
			return nil, api.Errorf(api.InvalidSignature, "no")
		}
		ask(stubHandler(o), arrived("POST", channelPath+"/messages", body))
		if got != body {
			t.Errorf("%d bytes, want %d", len(got), len(body))
		}
	})
}

func TestFaults(t *testing.T) {
	t.Run("a panic is a fault with its stack in the log", func(t *testing.T) {
		o, lines := logged()
		answer := ask(stubHandler(o), arrived("GET", channel("panics"), ""))
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		if answer.StatusCode != 500 || string(body) != `{"Code":"ServiceFailure","Message":"The service encountered an unexpected error."}` {
			t.Errorf("%d %s", answer.StatusCode, body)
		}
		for _, want := range []string{"level=ERROR", `cause="panic: boom"`, "DescribeChannel(", requestID} {
			if !strings.Contains(lines.String(), want) {
				t.Errorf("the log lacks %s:\n%s", want, lines)
			}
		}
	})
	t.Run("an answer that is nil is a fault", func(t *testing.T) {
		if answer := ask(stubHandler(stubOptions()), arrived("GET", channel("nothing"), "")); answer.StatusCode != 500 {
			t.Errorf("status %d, want 500", answer.StatusCode)
		}
	})
	t.Run("a panic that aborts the answer is passed on", func(t *testing.T) {
		defer func() {
			if got := recover(); got != http.ErrAbortHandler {
				t.Errorf("recovered %v", got)
			}
		}()
		ask(stubHandler(stubOptions()), arrived("GET", channel("aborts"), ""))
		t.Error("there is an answer")
	})
	t.Run("a fault of the authentication tells the caller nothing", func(t *testing.T) {
		r := arrived("GET", channelPath, "")
		r.Header.Set("Authorization", "unlucky")
		o, lines := logged()
		answer := ask(stubHandler(o), r)
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		if answer.StatusCode != 500 || strings.Contains(string(body), "disk") || !strings.Contains(lines.String(), "disk is full") {
			t.Errorf("%d %s\n%s", answer.StatusCode, body, lines)
		}
	})
	t.Run("a body that breaks off is the caller's fault", func(t *testing.T) {
		r := arrived("POST", channelPath+"/messages", "")
		r.Body, r.ContentLength = io.NopCloser(io.MultiReader(strings.NewReader(`{"`), broken{})), 100
		answer := ask(stubHandler(stubOptions()), r)
		if answer.StatusCode != 400 || answer.Header.Get("Connection") != "close" {
			t.Errorf("status %d, Connection %q", answer.StatusCode, answer.Header.Get("Connection"))
		}
	})
}

// broken is a connection that breaks off.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestLog(t *testing.T) {
	t.Run("it never holds content, metadata, tokens or the query", func(t *testing.T) {
		o, lines := logged()
		r := arrived("POST", channelPath+"/messages?X-Amz-Signature=hush1&X-Amz-Security-Token=hush2", `{"Content":"hush3","Metadata":"hush4","Type":"hush5","Persistence":"PERSISTENT","ClientRequestToken":"hush6"}`)
		r.Header.Set("Authorization", "hush7")
		r.Header.Set("X-Amz-Security-Token", "hush8")
		ask(stubHandler(o), r)
		r = arrived("POST", "/unknown?X-Amz-Signature=hush9", "")
		ask(stubHandler(o), r)
		if strings.Contains(lines.String(), "hush") || strings.Count(lines.String(), "\n") != 2 {
			t.Errorf("log:\n%s", lines)
		}
	})
	t.Run("a path of no operation is cut", func(t *testing.T) {
		o, lines := logged()
		ask(stubHandler(o), arrived("GET", "/"+strings.Repeat("x", 5000), ""))
		if lines.Len() > 1000 {
			t.Errorf("%d bytes", lines.Len())
		}
	})
	t.Run("a bearer longer than any ARN is cut", func(t *testing.T) {
		o, lines := logged()
		r := arrived("GET", channelPath, "")
		r.Header.Set("x-amz-chime-bearer", strings.Repeat("x", 5000))
		ask(stubHandler(o), r)
		if lines.Len() > 2500 {
			t.Errorf("%d bytes", lines.Len())
		}
	})
}

func TestMetrics(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	o := stubOptions()
	o.Metrics = registry
	h := stubHandler(o)
	ask(h, arrived("GET", channelPath, ""))
	ask(h, arrived("GET", channelPath, ""))
	ask(h, arrived("GET", channel("forbidden"), ""))
	ask(h, arrived("GET", channel("notfound"), ""))
	ask(h, arrived("GET", "/nowhere", ""))
	ask(h, arrived("OPTIONS", "/nowhere", ""))
	const want = `
# HELP carillon_requests_in_flight Requests being answered.
# TYPE carillon_requests_in_flight gauge
carillon_requests_in_flight 0
# HELP carillon_requests_total Requests answered, by operation, HTTP status and kind of error.
# TYPE carillon_requests_total counter
carillon_requests_total{kind="",operation="DescribeChannel",status="200"} 2
carillon_requests_total{kind="",operation="Preflight",status="204"} 1
carillon_requests_total{kind="Forbidden",operation="DescribeChannel",status="403"} 1
carillon_requests_total{kind="NotFound",operation="DescribeChannel",status="404"} 1
carillon_requests_total{kind="UnknownOperation",operation="Unknown",status="404"} 1
# HELP carillon_undeclared_errors_total Errors of a kind that their operation does not declare: each is a defect.
# TYPE carillon_undeclared_errors_total counter
carillon_undeclared_errors_total{kind="NotFound",operation="DescribeChannel"} 1
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want),
		"carillon_requests_in_flight", "carillon_requests_total", "carillon_undeclared_errors_total"); err != nil {
		t.Error(err)
	}
	if n, err := testutil.GatherAndCount(registry, "carillon_request_duration_seconds"); err != nil || n != 3 {
		t.Errorf("%d histograms (%v), want one for each of three names", n, err)
	}
}

func TestExit(t *testing.T) {
	// What a method may say beyond what it declares, and what counts as a defect.
	for kind := api.ServiceFailure; kind <= api.NotImplemented; kind++ {
		op := api.Lookup("DescribeChannel")
		declared := op.Errors.Has(kind)
		switch kind {
		case api.ServiceFailure, api.ServiceUnavailable, api.Throttled, api.AccessDenied, api.NotImplemented:
			declared = true
		}
		t.Run(fmt.Sprintf("%s from a method: defect %v", kind.Exception(), !declared), func(t *testing.T) {
			o, lines := logged()
			h := newHandler(o, []api.Operation{{
				Name: op.Name, Method: op.Method, Path: op.Path, Errors: op.Errors, Decode: op.Decode, Resources: op.Resources,
				Call: func(context.Context, api.Service, *api.Caller, any) (api.Output, error) {
					return nil, api.Errorf(kind, "because")
				},
			}})
			if answer := ask(h, arrived("GET", channelPath, "")); answer.StatusCode != kind.Status() {
				t.Errorf("status %d, want %d", answer.StatusCode, kind.Status())
			}
			if defect := strings.Contains(lines.String(), "does not declare"); defect == declared {
				t.Errorf("log:\n%s", lines)
			}
		})
	}
	t.Run("what is said before a method is called is no defect", func(t *testing.T) {
		o, lines := logged()
		// ListTagsForResource declares no error that a bad signature could be.
		r := arrived("GET", "/tags?arn="+instanceARN, "")
		r.Header.Del("Authorization")
		ask(stubHandler(o), r)
		if strings.Contains(lines.String(), "does not declare") {
			t.Errorf("log:\n%s", lines)
		}
	})
}

func TestCORS(t *testing.T) {
	const page, other = "https://app.example", "https://evil.example"
	o := stubOptions()
	o.AllowedOrigins = []string{page}
	for _, c := range []struct {
		name, method, origin string
		allowed              string
	}{
		{"a page that is allowed", "GET", page, page},
		{"a page that is not", "GET", other, ""},
		{"the preflight of a page that is allowed", "OPTIONS", page, page},
		{"the preflight of a page that is not", "OPTIONS", other, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := arrived(c.method, channelPath, "")
			r.Header.Set("Origin", c.origin)
			r.Header.Set("Access-Control-Request-Headers", "x-amz-date")
			answer := ask(stubHandler(o), r)
			if got := answer.Header.Get("Access-Control-Allow-Origin"); got != c.allowed {
				t.Errorf("allowed origin %q, want %q", got, c.allowed)
			}
			if got := answer.Header.Get("Vary"); got != "Origin" {
				t.Errorf("Vary is %q", got)
			}
			if got, want := answer.Header.Get("Access-Control-Allow-Headers") != "", c.allowed != "" && c.method == "OPTIONS"; got != want {
				t.Errorf("header says which headers are allowed: %v, want %v", got, want)
			}
		})
	}
	t.Run("a request that no page made has no such headers", func(t *testing.T) {
		answer := ask(stubHandler(stubOptions()), arrived("OPTIONS", "/", ""))
		if answer.StatusCode != 204 || answer.Header.Get("Access-Control-Allow-Methods") != "" || answer.Header.Get("Vary") != "" {
			t.Errorf("%d %v", answer.StatusCode, answer.Header)
		}
	})
}

func TestPooledBuffers(t *testing.T) {
	t.Run("what an operation was given does not change when the room of its body is used again", func(t *testing.T) {
		o := stubOptions()
		o.Service = &stub{sent: func(*api.Caller, *api.SendChannelMessageRequest) {
			for range 4 {
				b := takeBuffer()
				room := (*b)[:cap(*b)]
				for i := range room {
					room[i] = '#'
				}
				defer giveBuffer(b)
			}
		}}
		h := stubHandler(o)
		for range 10 {
			answer := ask(h, arrived("POST", channelPath+"/messages", messageBody))
			body, err := io.ReadAll(answer.Body)
			if err != nil {
				t.Fatal(err)
			}
			if want := `{"ChannelArn":"` + instanceARN + `/channel/known","MessageId":"m-hello"}`; string(body) != want {
				t.Fatalf("got  %s\nwant %s", body, want)
			}
		}
	})
	t.Run("a large buffer is not kept", func(t *testing.T) {
		large := make([]byte, maxPooled+1)
		giveBuffer(&large)
		if len(large) == 0 {
			t.Error("it was given back")
		}
	})
}

func TestAbandoned(t *testing.T) {
	t.Run("a caller that has gone away is no fault of the server", func(t *testing.T) {
		o, lines := logged()
		started := make(chan struct{})
		o.Admit = func(context.Context, *api.Operation, *api.Caller, any) error {
			close(started)
			return nil
		}
		server := httptest.NewServer(stubHandler(o))
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: chime.test\r\nAuthorization: signed\r\nX-Amz-Chime-Bearer: %s\r\n\r\n", channel("slow"), aliceARN)
		<-started
		conn.Close()
		server.Close()
		if log := lines.String(); !strings.Contains(log, "level=INFO") || !strings.Contains(log, "status=499") || !strings.Contains(log, "kind=Abandoned") {
			t.Errorf("log:\n%s", log)
		}
	})
}

// pipe is a listener for one connection in memory.
type pipe chan net.Conn

func (p pipe) Accept() (net.Conn, error) {
	conn, ok := <-p
	if !ok {
		return nil, net.ErrClosed
	}
	return conn, nil
}
func (p pipe) Close() error   { return nil }
func (p pipe) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

// serveOne serves one connection, in a bubble of synctest, and returns the caller's end of it.
func serveOne(h http.Handler) (conn net.Conn, stop func()) {
	listener := make(pipe, 1)
	client, server := net.Pipe()
	listener <- server
	s := &http.Server{Handler: h}
	go s.Serve(listener)
	return client, func() {
		client.Close()
		close(listener)
		s.Close()
		synctest.Wait()
	}
}

func head(length int) string {
	return fmt.Sprintf("POST %s/messages HTTP/1.1\r\nHost: chime.test\r\nAuthorization: signed\r\nX-Amz-Chime-Bearer: %s\r\nContent-Length: %d\r\n\r\n", channelPath, aliceARN, length)
}

func TestBodyTimeout(t *testing.T) {
	t.Run("a body that does not arrive in time is given up", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			conn, stop := serveOne(stubHandler(stubOptions()))
			defer stop()
			began := time.Now()
			io.WriteString(conn, head(100)+`{"Content"`)
			answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			if answer.StatusCode != 408 || answer.Header.Get("x-amzn-ErrorType") != "RequestTimeoutException" || !answer.Close {
				t.Errorf("%d %v", answer.StatusCode, answer.Header)
			}
			if waited := time.Since(began); waited != DefaultBodyTimeout {
				t.Errorf("it was given %v, want %v", waited, DefaultBodyTimeout)
			}
		})
	})
	t.Run("the time for the body does not end an operation that takes longer", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			o := stubOptions()
			o.BodyTimeout = time.Second
			o.Admit = func(ctx context.Context, _ *api.Operation, _ *api.Caller, _ any) error {
				select {
				case <-ctx.Done():
					return ctx.Err()
				case <-time.After(time.Hour):
					return nil
				}
			}
			conn, stop := serveOne(stubHandler(o))
			defer stop()
			io.WriteString(conn, head(len(messageBody))+messageBody)
			answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			if answer.StatusCode != 201 {
				t.Errorf("status %d, want 201", answer.StatusCode)
			}
		})
	})
}

func TestConnection(t *testing.T) {
	server := httptest.NewServer(stubHandler(Options{Service: &stub{}, Authenticate: authenticate, Log: slog.New(slog.DiscardHandler), MaxBody: 1000}))
	defer server.Close()
	send := func(t *testing.T, text string) *http.Response {
		t.Helper()
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		if _, err := io.WriteString(conn, text); err != nil {
			t.Fatal(err)
		}
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	chunked := func(body string) string {
		h := strings.Replace(head(0), "Content-Length: 0", "Transfer-Encoding: chunked", 1)
		return fmt.Sprintf("%s%x\r\n%s\r\n0\r\n\r\n", h, len(body), body)
	}
	for _, c := range []struct {
		name, text string
		status     int
		closes     bool
	}{
		{"a request with a length", head(len(messageBody)) + messageBody, 201, false},
		{"a request in chunks", chunked(messageBody), 201, false},
		{"a length over the limit is refused before the body arrives", head(1001), 413, true},
		{"chunks over the limit are refused", chunked(strings.Repeat(" ", 1001)), 413, true},
		{"a body at the limit is read", head(1000) + messageBody + strings.Repeat(" ", 1000-len(messageBody)), 201, false},
		{"broken chunks are refused", strings.Replace(chunked("{}"), "2\r\n", "zz\r\n", 1), 400, true},
		{"a body for an unknown path is left unread", "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 5000000\r\n\r\n", 404, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			answer := send(t, c.text)
			if answer.StatusCode != c.status || answer.Close != c.closes {
				t.Errorf("status %d, closes %v; want %d, %v", answer.StatusCode, answer.Close, c.status, c.closes)
			}
		})
	}
}

func BenchmarkServe(b *testing.B) {
	h := New(Options{Service: &stub{}, Authenticate: authenticate, Log: slog.New(slog.NewJSONHandler(io.Discard, nil))})
	r := arrived("POST", channelPath+"/messages", messageBody)
	body := strings.NewReader(messageBody)
	w := &discard{header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		body.Reset(messageBody)
		r.Body = io.NopCloser(body)
		clear(w.header)
		if h.ServeHTTP(w, r); w.status != 201 {
			b.Fatal(w.status)
		}
	}
}

// discard is a ResponseWriter that keeps nothing but the status.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(status int)      { d.status = status }
