package server

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// dial opens a connection to the API.
func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// ends waits for the server to end a connection and returns what it said before.
func ends(t *testing.T, conn net.Conn) string {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	said, err := io.ReadAll(conn)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("the connection is still open; the server said %q", said)
	}
	return string(said)
}

// drip writes a text byte by byte until the connection ends.
func drip(conn net.Conn, text string) {
	for i := range len(text) {
		if _, err := conn.Write([]byte{text[i]}); err != nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestSlowClients(t *testing.T) {
	// hurried serves with one of its bounds short, so that the test need not keep to the others.
	hurried := func(t *testing.T, bound func(*Config) *time.Duration) *Server {
		t.Helper()
		c := quiet(t)
		*bound(&c) = 300 * time.Millisecond
		s, _ := serve(t, c)
		return s
	}
	const headers = "POST /app-instances HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n"

	t.Run("who says nothing is not waited for", func(t *testing.T) {
		s := hurried(t, func(c *Config) *time.Duration { return &c.HeaderTimeout })
		ends(t, dial(t, s.Addr()))
	})
	t.Run("headers that come byte by byte are given up", func(t *testing.T) {
		s := hurried(t, func(c *Config) *time.Duration { return &c.HeaderTimeout })
		conn := dial(t, s.Addr())
		go drip(conn, "GET /app-instances HTTP/1.1\r\nHost: h\r\nX-Slow: "+strings.Repeat("x", 1000))
		ends(t, conn)
	})
	t.Run("a body that comes byte by byte is given up, with an answer", func(t *testing.T) {
		s := hurried(t, func(c *Config) *time.Duration { return &c.BodyTimeout })
		conn := dial(t, s.Addr())
		if _, err := io.WriteString(conn, headers); err != nil {
			t.Fatal(err)
		}
		go drip(conn, strings.Repeat(" ", 1000))
		if said := ends(t, conn); !strings.HasPrefix(said, "HTTP/1.1 408 ") || !strings.Contains(said, "RequestTimeoutException") {
			t.Errorf("%q", said)
		}
	})
	t.Run("a connection that is not used again is closed", func(t *testing.T) {
		s := hurried(t, func(c *Config) *time.Duration { return &c.IdleTimeout })
		conn := dial(t, s.Addr())
		if _, err := io.WriteString(conn, "GET /x HTTP/1.1\r\nHost: h\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if said := ends(t, conn); !strings.HasPrefix(said, "HTTP/1.1 404 ") {
			t.Errorf("%q", said)
		}
	})
	t.Run("meanwhile everybody else is answered", func(t *testing.T) {
		s, _ := serve(t, quiet(t))
		for range 100 {
			conn := dial(t, s.Addr())
			if _, err := io.WriteString(conn, headers); err != nil {
				t.Fatal(err)
			}
		}
		if status, body := do(t, s.request(t, "GET", "/app-instances", "", "")); status != 200 {
			t.Errorf("%d %s", status, body)
		}
	})
}

func TestTooMuch(t *testing.T) {
	t.Run("headers that are too long are refused", func(t *testing.T) {
		s, _ := serve(t, quiet(t))
		conn := dial(t, s.Addr())
		go func() {
			_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: h\r\nX: "+strings.Repeat("x", 200<<10)+"\r\n\r\n")
		}()
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := answer.Header.Get("X-Amzn-Errortype"); answer.StatusCode != 431 || got != "RequestEntityTooLargeException" {
			t.Errorf("%d %s", answer.StatusCode, got)
		}
	})
	t.Run("one address has a quarter of the places for those who are not known yet, and gets 503 beyond", func(t *testing.T) {
		c := quiet(t)
		c.MaxUnverified = 8
		s, _ := serve(t, c)
		var waiting []net.Conn
		for _, head := range []string{"POST /app-instances HTTP/1.1\r\n", "POST / HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"} {
			conn := dial(t, s.Addr())
			if _, err := io.WriteString(conn, head+"Host: h\r\nContent-Length: 10\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			waiting = append(waiting, conn)
		}
		ask := func() int {
			status, _ := do(t, s.request(t, "GET", "/app-instances", "", ""))
			return status
		}
		for deadline := time.Now().Add(patience); ask() != 503; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("a third is let in")
			}
		}
		anonymous, err := http.Post("http://"+s.Addr()+"/", "application/x-www-form-urlencoded", strings.NewReader("Action=AssumeRoleWithWebIdentity&Version=2011-06-15"))
		if err != nil {
			t.Fatal(err)
		}
		anonymous.Body.Close()
		if anonymous.StatusCode != 503 {
			t.Errorf("an action without a signature is answered %d", anonymous.StatusCode)
		}
		for _, conn := range waiting {
			_ = conn.Close()
		}
		for deadline := time.Now().Add(patience); ask() != 200; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("nobody is let in once they have gone")
			}
		}
	})
	t.Run("a principal beyond its rate is throttled as AWS does it, and that is recorded", func(t *testing.T) {
		c := quiet(t)
		c.RatePerSecond, c.RateBurst, c.Explain = 1, 3, true
		s, stop := serve(t, c)
		// A second lets one through: on any machine so many come sooner than it lets them.
		var last *http.Response
		for n := 1; last == nil || last.StatusCode == 200; n++ {
			if n > 100 {
				t.Fatal("all of a hundred are let through")
			}
			r := s.request(t, "GET", "/app-instances", "", "")
			r.Close = true
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = answer.Body.Close()
			if last = answer; n <= c.RateBurst && last.StatusCode != 200 {
				t.Errorf("the request number %d is answered %d", n, last.StatusCode)
			}
		}
		if got := last.Header; last.StatusCode != 429 || got.Get("X-Amzn-Errortype") != "ThrottledClientException" || got.Get("Retry-After") != "1" ||
			got.Get("X-Carillon-Reason") != "rate: the principal may make 1 requests a second" {
			t.Errorf("%d %v", last.StatusCode, got)
		}
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		if got := auditOf(t, c); len(got) != 1 || got[0].Outcome != "denied" || got[0].Error != "Throttled" || got[0].Principal != s.principal() {
			t.Errorf("%+v", got)
		}
	})
	t.Run("a request to connect counts like any other, for its principal alone", func(t *testing.T) {
		c := quiet(t)
		c.RatePerSecond, c.RateBurst = 1, 20
		s, stop := serve(t, c)
		demo, err := s.SeedDemo(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		alice := demo.Users["alice"]
		login, err := s.demoLogin(t.Context(), "alice")
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		for range c.RateBurst {
			do(t, s.request(t, "GET", "/app-instances", "", ""))
		}
		connects, last := 0, established
		for ; last == established; connects++ {
			_, last = s.connect(t, s.target(t, alice, nil))
		}
		if most := 2 + int(time.Since(began).Seconds()); last != "1013" || connects > most {
			t.Errorf("connect %d of at most %d: %s", connects, most, last)
		}
		if _, first := s.connect(t, s.openedBy(t, *login.(demoCredentials).ChimeCredentials, alice)); first != established {
			t.Errorf("another principal: %s", first)
		}
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		want := deed{Action: "chime:Connect", Outcome: "denied", Status: 1013, Error: "Throttled", Principal: s.principal(), AccessKeyID: s.rootKey.ID, Source: "127.0.0.1",
			Reason: "rate: the principal may make 1 requests a second"}
		if diff := cmp.Diff([]deed{want}, auditOf(t, c)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
	t.Run("a listener takes so many connections and no more until one has ended", func(t *testing.T) {
		c := quiet(t)
		c.MaxConnections = 2
		s, _ := serve(t, c)
		first := dial(t, s.Addr())
		dial(t, s.Addr())
		third := dial(t, s.Addr()) // in the queue of the operating system
		if _, err := io.WriteString(third, "GET /x HTTP/1.1\r\nHost: h\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		_ = third.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		if _, err := third.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("it was answered: %v", err)
		}
		_ = first.Close()
		_ = third.SetReadDeadline(time.Now().Add(patience))
		if _, err := third.Read(make([]byte, 1)); err != nil {
			t.Errorf("it was not answered: %v", err)
		}
	})
	t.Run("one connection has one request at a time", func(t *testing.T) {
		s, _ := serve(t, quiet(t))
		conn := dial(t, s.Addr())
		const requests = 50
		if _, err := io.WriteString(conn, strings.Repeat("GET /x HTTP/1.1\r\nHost: h\r\n\r\n", requests)); err != nil {
			t.Fatal(err)
		}
		in := bufio.NewReader(conn)
		for i := range requests {
			answer, err := http.ReadResponse(in, nil)
			if err != nil || answer.StatusCode != 404 {
				t.Fatalf("answer %d: %v", i, err)
			}
			_, _ = io.Copy(io.Discard, answer.Body)
		}
	})
}

func TestAdminPages(t *testing.T) {
	s, _ := serve(t, quiet(t))
	ask := func(host string) *http.Response {
		r, err := http.NewRequest("GET", "http://"+s.AdminAddr()+"/debug/pprof/", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		return answer
	}
	t.Run("they keep browsers from making anything of them", func(t *testing.T) {
		header := ask("").Header
		for name, want := range map[string]string{
			"Content-Security-Policy": "frame-ancestors 'none'", "X-Content-Type-Options": "nosniff",
			"Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin",
		} {
			if !strings.Contains(header.Get(name), want) {
				t.Errorf("%s: %q", name, header.Get(name))
			}
		}
	})
	t.Run("a page that has had its own name resolved to this machine is refused", func(t *testing.T) {
		for host, want := range map[string]int{
			"": 200, "localhost:9090": 200, "localhost": 200, "127.0.0.1:80": 200, "[::1]:9090": 200, "[::1]": 200,
			"evil.example": 403, "evil.example:9090": 403, "127.0.0.1.evil.example:9090": 403,
		} {
			if got := ask(host).StatusCode; got != want {
				t.Errorf("%q: %d, want %d", host, got, want)
			}
		}
	})
	t.Run("where others can reach it, it has many names", func(t *testing.T) {
		answer := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "http://metrics.example:9090/healthz", nil)
		guarded(http.NotFoundHandler()).ServeHTTP(answer, r)
		if answer.Code != 404 {
			t.Errorf("%d", answer.Code)
		}
	})
}

func TestManyStrangersAtOnce(t *testing.T) {
	c := quiet(t)
	s, stop := serve(t, c)
	began := time.Now()
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for range 50 {
				answer, err := http.Get(s.Endpoint() + "/app-instances")
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, answer.Body)
				_ = answer.Body.Close()
				if answer.StatusCode != 403 {
					t.Error(fmt.Errorf("status %d", answer.StatusCode))
				}
			}
		})
	}
	all.Wait()
	most := 202 + 2*int(20*time.Since(began).Seconds()+1) // at once, and in each second with a line that says how many are missing
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if got := len(auditOf(t, c)); got < 200 || got > most {
		t.Errorf("%d lines of the audit log are about strangers, want at most %d", got, most)
	}
}
