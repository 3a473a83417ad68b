package server

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"carillon/api"
	"carillon/sigv4"
)

// patience bounds every wait. Only a test that fails ever waits so long.
const patience = time.Minute

// quiet is a configuration for tests: free ports, a folder of its own, no log.
func quiet(t testing.TB) Config {
	t.Helper()
	c := Default()
	c.Addr, c.AdminAddr, c.Data = "127.0.0.1:0", "127.0.0.1:0", filepath.Join(t.TempDir(), "data")
	c.Log = slog.New(slog.DiscardHandler)
	return c
}

// open makes a server that is shut down with the test.
func open(t *testing.T, c Config) *Server {
	t.Helper()
	s, err := New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// serve makes a server that answers until stop is called, which returns what Serve returned.
func serve(t *testing.T, c Config) (s *Server, stop func() error) {
	t.Helper()
	s = open(t, c)
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	ended := false
	stop = func() error {
		if ended {
			return nil
		}
		ended = true
		cancel()
		return <-served
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	return s, stop
}

// request makes a signed request.
func (s *Server) request(t *testing.T, method, path, bearer, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, s.Endpoint()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if bearer != "" {
		r.Header.Set("X-Amz-Chime-Bearer", bearer)
	}
	sigv4.NewSigner(s.rootKey.ID, s.rootKey.Secret, "", s.config.Region, "chime").Sign(r, []byte(body), time.Now())
	return r
}

// do sends a request on a connection of its own and returns status and body.
func do(t *testing.T, r *http.Request) (int, string) {
	t.Helper()
	r.Close = true
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

func (s *Server) admin(t *testing.T, path string) (int, string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, "http://"+s.AdminAddr()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return do(t, r)
}

func TestServe(t *testing.T) {
	t.Run("a signed request is answered, an unsigned one is not", func(t *testing.T) {
		s, _ := serve(t, quiet(t))
		if status, body := do(t, s.request(t, "GET", "/app-instances", "", "")); status != 200 || body != `{"AppInstances":[]}` {
			t.Errorf("signed: %d %s", status, body)
		}
		unsigned := s.request(t, "GET", "/app-instances", "", "")
		unsigned.Header.Del("Authorization")
		if status, body := do(t, unsigned); status != 403 {
			t.Errorf("unsigned: %d %s", status, body)
		}
	})

	t.Run("the admin listener tells health, readiness, metrics and profiles", func(t *testing.T) {
		s, _ := serve(t, quiet(t))
		do(t, s.request(t, "GET", "/app-instances", "", ""))
		for path, want := range map[string]string{
			"/healthz":             "ok\n",
			"/readyz":              "ok\n",
			"/metrics":             "go_goroutines",
			"/debug/pprof/":        "goroutine",
			"/debug/pprof/cmdline": os.Args[0],
		} {
			if status, body := s.admin(t, path); status != 200 || !strings.Contains(body, want) {
				t.Errorf("%s: %d, and no %q in %.200s", path, status, want, body)
			}
		}
		if status, _ := do(t, s.request(t, "GET", "/metrics", "", "")); status != 404 {
			t.Errorf("the API answers /metrics with %d", status)
		}
	})

	t.Run("a server whose store is gone lives and is not ready", func(t *testing.T) {
		s, _ := serve(t, quiet(t))
		if err := s.store.Close(); err != nil {
			t.Fatal(err)
		}
		if status, body := s.admin(t, "/readyz"); status != 503 || body != "the store does not answer\n" {
			t.Errorf("readyz: %d %s", status, body)
		}
		if status, _ := s.admin(t, "/healthz"); status != 200 {
			t.Errorf("healthz: %d", status)
		}
	})

	t.Run("there need not be an admin listener", func(t *testing.T) {
		c := quiet(t)
		c.AdminAddr = AdminOff
		s, _ := serve(t, c)
		if got := s.AdminAddr(); got != "" {
			t.Errorf("admin address %q", got)
		}
		if status, _ := do(t, s.request(t, "GET", "/app-instances", "", "")); status != 200 {
			t.Errorf("status %d", status)
		}
	})

	t.Run("origins that are not allowed get no leave to read", func(t *testing.T) {
		for _, c := range []struct {
			allowed []string
			want    string
		}{{[]string{"*"}, "https://a.example"}, {[]string{"https://a.example"}, "https://a.example"}, {[]string{"https://b.example"}, ""}} {
			config := quiet(t)
			config.AllowedOrigins = c.allowed
			s, _ := serve(t, config)
			r := s.request(t, "GET", "/app-instances", "", "")
			r.Header.Set("Origin", "https://a.example")
			r.Close = true
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = answer.Body.Close()
			if got := answer.Header.Get("Access-Control-Allow-Origin"); got != c.want {
				t.Errorf("allowed %v: leave for %q, want %q", c.allowed, got, c.want)
			}
		}
	})
}

func TestLimitsProfile(t *testing.T) {
	// refused tells whether one of many batches for one channel is refused for its rate, which AWS
	// has at one per second.
	refused := func(t *testing.T, s *Server) bool {
		t.Helper()
		instance := "arn:aws:chime:us-east-1:123456789012:app-instance/none"
		path := "/channels/" + strings.NewReplacer(":", "%3A", "/", "%2F").Replace(instance+"/channel/none") + "/memberships?operation=batch-create"
		for range 100 {
			r := s.request(t, "POST", path, instance+"/user/none", `{"MemberArns":["`+instance+`/user/none"]}`)
			if status, body := do(t, r); status == 429 && strings.Contains(body, "Rate exceeded") {
				return true
			} else if status == 200 || status >= 429 {
				t.Fatalf("%d %s", status, body)
			}
		}
		return false
	}

	t.Run("open has no rates", func(t *testing.T) {
		s, _ := serve(t, quiet(t))
		if refused(t, s) {
			t.Error("refused")
		}
	})

	t.Run("aws holds callers to its rates", func(t *testing.T) {
		c := quiet(t)
		c.LimitsProfile = ProfileAWS
		s, _ := serve(t, c)
		if !refused(t, s) {
			t.Error("none of 100 requests is refused")
		}
	})

	t.Run("the override of the batch goes before the profile", func(t *testing.T) {
		for _, profile := range []string{ProfileOpen, ProfileAWS} {
			c := Config{LimitsProfile: profile}
			if got := c.limits().MembersPerBatch; got != 100 {
				t.Errorf("%s: %d members without an override", profile, got)
			}
			c.MembersPerBatch = 1000
			if got := c.limits().MembersPerBatch; got != 1000 {
				t.Errorf("%s: %d members with an override of 1000", profile, got)
			}
		}
	})

	t.Run("a batch of the size of the override is accepted, one more is not", func(t *testing.T) {
		c := quiet(t)
		c.MembersPerBatch = 150
		s, _ := serve(t, c)
		demo, err := s.SeedDemo(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		caller := &api.Caller{Account: c.Account, Bearer: demo.Users["alice"]}
		channel, err := s.Service().CreateChannel(t.Context(), caller, &api.CreateChannelRequest{AppInstanceArn: demo.AppInstance, Name: "c"})
		if err != nil {
			t.Fatal(err)
		}
		for n, want := range map[int]int{150: 200, 151: 400} {
			members := make([]string, n)
			for i := range members {
				members[i] = fmt.Sprintf("%s/user/nobody-%d", demo.AppInstance, i)
			}
			body, err := json.Marshal(map[string]any{"MemberArns": members})
			if err != nil {
				t.Fatal(err)
			}
			path := "/channels/" + strings.NewReplacer(":", "%3A", "/", "%2F").Replace(channel.ChannelArn) + "/memberships?operation=batch-create"
			if status, text := do(t, s.request(t, "POST", path, demo.Users["alice"], string(body))); status != want {
				t.Errorf("%d members: %d, want %d: %.200s", n, status, want, text)
			}
		}
	})
}

func TestNew(t *testing.T) {
	t.Run("the data folder and the key are for the owner only", func(t *testing.T) {
		s := open(t, quiet(t))
		for path, want := range map[string]os.FileMode{s.config.Data: 0o700, rootKeyPath(s.config.Data): 0o600} {
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if got := info.Mode().Perm(); got != want {
				t.Errorf("%s has mode %v, want %v", filepath.Base(path), got, want)
			}
		}
	})

	t.Run("the key of the first start is the key of every start", func(t *testing.T) {
		c := quiet(t)
		first := open(t, c)
		if err := first.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		second := open(t, c)
		if diff := cmp.Diff(first.RootKey(), second.RootKey()); diff != "" {
			t.Errorf("(-first +second):\n%s", diff)
		}
		kept, err := ReadRootKey(c.Data)
		if err != nil || kept != first.RootKey() {
			t.Errorf("the file holds another key, error %v", err)
		}
	})

	t.Run("a configured key goes before the kept one, and makes none", func(t *testing.T) {
		c := quiet(t)
		c.RootKeyID, c.RootSecret = "AKIAMINE", "a-secret-of-my-own"
		s := open(t, c)
		if got := (RootKey{ID: "AKIAMINE", Secret: "a-secret-of-my-own"}); s.RootKey() != got {
			t.Errorf("key %v", s.RootKey().ID)
		}
		if _, err := ReadRootKey(c.Data); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("a key was made: %v", err)
		}
	})

	for _, c := range []struct {
		name    string
		prepare func(t *testing.T, c *Config)
		want    string
	}{
		{"an invalid configuration", func(_ *testing.T, c *Config) { c.Account = "1" }, "account: "},
		{"well-known credentials where others can call", func(_ *testing.T, c *Config) {
			c.Addr, c.RootKeyID, c.RootSecret = "0.0.0.0:0", "minioadmin", "minioadmin"
		}, "well-known credentials"},
		{"well-known credentials in the key file where others can call", func(t *testing.T, c *Config) {
			c.Addr = "0.0.0.0:0"
			makeFolder(t, c.Data)
			if err := writeJSON(rootKeyPath(c.Data), RootKey{ID: "test", Secret: "test"}); err != nil {
				t.Fatal(err)
			}
		}, "well-known credentials"},
		{"a key file that holds no key", func(t *testing.T, c *Config) {
			makeFolder(t, c.Data)
			if err := os.WriteFile(rootKeyPath(c.Data), []byte("{}"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "does not hold an access key"},
		{"an address in use", func(t *testing.T, c *Config) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = l.Close() })
			c.Addr = l.Addr().String()
		}, "addr: "},
		{"an admin address in use", func(t *testing.T, c *Config) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = l.Close() })
			c.AdminAddr = l.Addr().String()
		}, "admin.addr: "},
		{"a data folder in use", func(t *testing.T, c *Config) { open(t, *c) }, "carillon.db"},
		{"a data folder that is a file", func(t *testing.T, c *Config) {
			if err := os.WriteFile(c.Data, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, "data folder"},
	} {
		t.Run(c.name+" is refused", func(t *testing.T) {
			config := quiet(t)
			c.prepare(t, &config)
			s, err := New(t.Context(), config)
			if s != nil || err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}

	t.Run("what was refused leaves the data folder free", func(t *testing.T) {
		c := quiet(t)
		bad := c
		bad.AdminAddr = "203.0.113.1:1" // an address that is not this machine's
		if _, err := New(t.Context(), bad); err == nil {
			t.Fatal("listening on somebody else's address works")
		}
		open(t, c)
	})

	t.Run("the log is in the form and of the level that was asked for", func(t *testing.T) {
		var b bytes.Buffer
		log := NewLog(&b, Config{LogLevel: "warn", LogFormat: "json"})
		log.Info("quiet")
		log.Warn("loud")
		var line struct{ Level, Msg string }
		if err := json.Unmarshal(b.Bytes(), &line); err != nil || line.Level != "WARN" || line.Msg != "loud" {
			t.Errorf("got %q, error %v", b.String(), err)
		}
		b.Reset()
		NewLog(&b, Config{LogLevel: "info", LogFormat: "text"}).Info("hello")
		if !strings.Contains(b.String(), "level=INFO msg=hello") {
			t.Errorf("got %q", b.String())
		}
	})
}

func makeFolder(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(path, 0o700); err != nil {
		t.Fatal(err)
	}
}

// begin sends a request up to its body and returns once the server waits for the body.
func begin(t *testing.T, s *Server, body string) (net.Conn, *bufio.Reader) {
	t.Helper()
	r := s.request(t, "POST", "/app-instances", "", body)
	conn, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	fmt.Fprintf(conn, "POST /app-instances HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\nExpect: 100-continue\r\n", s.Addr(), len(body))
	if err := r.Header.Write(conn); err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(conn, "\r\n")
	answers := bufio.NewReader(conn)
	line, err := answers.ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "HTTP/1.1 100") {
		t.Fatalf("the server does not wait for the body: %q, %v", line, err)
	}
	if _, err := answers.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	return conn, answers
}

func TestShutdown(t *testing.T) {
	const body = `{"Name":"in flight","ClientRequestToken":"token"}`

	t.Run("a request in flight is finished, and none is begun", func(t *testing.T) {
		s, stop := serve(t, quiet(t))
		conn, answers := begin(t, s, body)
		stopped := make(chan error, 1)
		go func() { stopped <- stop() }()
		for { // until nobody listens any more
			c, err := net.Dial("tcp", s.Addr())
			if err != nil {
				break
			}
			_ = c.Close()
			runtime.Gosched()
		}
		if status, text := s.admin(t, "/readyz"); status != 503 || text != "not accepting requests\n" {
			t.Errorf("readyz: %d %s", status, text)
		}
		fmt.Fprint(conn, body)
		answer, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatalf("the request in flight was cut off: %v", err)
		}
		defer answer.Body.Close()
		if answer.StatusCode != 201 {
			t.Errorf("status %d", answer.StatusCode)
		}
		if err := <-stopped; err != nil {
			t.Errorf("Serve: %v", err)
		}
		if err := s.store.Ping(context.Background()); err == nil {
			t.Error("the store is open after the end")
		}
	})

	t.Run("a request that does not end is cut off at the bound", func(t *testing.T) {
		c := quiet(t)
		c.ShutdownTimeout = time.Millisecond
		s, stop := serve(t, c)
		_, answers := begin(t, s, body)
		if err := stop(); err != nil {
			t.Errorf("Serve: %v", err)
		}
		if rest, err := io.ReadAll(answers); strings.HasPrefix(string(rest), "HTTP/1.1 2") {
			t.Errorf("the request was answered: %q, %v", rest, err)
		}
	})

	t.Run("what was acknowledged is there after a restart", func(t *testing.T) {
		c := quiet(t)
		s, stop := serve(t, c)
		if status, text := do(t, s.request(t, "POST", "/app-instances", "", body)); status != 201 {
			t.Fatalf("%d %s", status, text)
		}
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		s, _ = serve(t, c)
		if _, text := do(t, s.request(t, "GET", "/app-instances", "", "")); !strings.Contains(text, "in flight") {
			t.Errorf("got %s", text)
		}
	})

	t.Run("a server that was never served can be shut down, twice", func(t *testing.T) {
		s := open(t, quiet(t))
		for range 2 {
			if err := s.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if _, err := net.Dial("tcp", s.Addr()); err == nil {
			t.Error("it still listens")
		}
	})

	t.Run("Serve ends when somebody else shuts the server down", func(t *testing.T) {
		s := open(t, quiet(t))
		served := make(chan error, 1)
		go func() { served <- s.Serve(context.Background()) }()
		do(t, s.request(t, "GET", "/app-instances", "", ""))
		if err := s.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
}

func TestReachable(t *testing.T) {
	for addr, want := range map[string]string{
		"0.0.0.0:80": "127.0.0.1:80", "[::]:80": "127.0.0.1:80", ":80": "127.0.0.1:80",
		"10.0.0.1:80": "10.0.0.1:80", "[::1]:80": "[::1]:80", "example.com:80": "example.com:80",
	} {
		if got := Reachable(addr); got != want {
			t.Errorf("%s is reached at %s, want %s", addr, got, want)
		}
	}
}
