package server

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"carillon/sigv4"
)

// target is the signed target of a request to connect.
func (s *Server) target(t *testing.T, user string, change func(*http.Request, *sigv4.Signer) (*sigv4.Signer, time.Time)) string {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, s.Endpoint()+"/connect", nil)
	if err != nil {
		t.Fatal(err)
	}
	query := r.URL.Query()
	query.Set("userArn", user)
	query.Set("sessionId", "it's "+strconv.FormatInt(time.Now().UnixNano(), 36))
	r.URL.RawQuery = query.Encode()
	signer, at := sigv4.NewSigner(s.rootKey.ID, s.rootKey.Secret, "", s.config.Region, "chime"), time.Now()
	if change != nil {
		signer, at = change(r, signer)
	}
	signer.Presign(r, nil, at, 10*time.Second)
	return r.URL.RequestURI()
}

// connect opens a WebSocket and returns what comes first: the text of a frame, or a close code.
func (s *Server) connect(t *testing.T, target string) (net.Conn, string) {
	t.Helper()
	return s.connectBy(t, ws.DefaultDialer, target)
}

func (s *Server) connectBy(t *testing.T, dialer ws.Dialer, target string) (net.Conn, string) {
	t.Helper()
	conn, buffered, _, err := dialer.Dial(t.Context(), "ws://"+s.Addr()+target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	var in io.Reader = conn
	if buffered != nil {
		in = io.MultiReader(io.LimitReader(buffered, int64(buffered.Buffered())), conn)
	}
	f, err := ws.ReadFrame(in)
	if err != nil {
		t.Fatal(err)
	}
	if code, _ := ws.ParseCloseFrameData(f.Payload); f.Header.OpCode == ws.OpClose {
		return conn, strconv.Itoa(int(code))
	}
	return conn, string(f.Payload)
}

const established = `{"Headers":{"x-amz-chime-event-type":"SESSION_ESTABLISHED","x-amz-chime-message-type":"SYSTEM"}}`

func TestSessions(t *testing.T) {
	s, stop := serve(t, quiet(t))
	unauthorized := 12 // connects that are refused below
	demo, err := s.SeedDemo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	alice := demo.Users["alice"]

	t.Run("a signed request opens a session that hears what the API does", func(t *testing.T) {
		conn, first := s.connect(t, s.target(t, alice, nil))
		if first != established {
			t.Fatalf("got %s", first)
		}
		status, body := do(t, s.request(t, http.MethodPost, "/channels", alice,
			`{"AppInstanceArn":"`+demo.AppInstance+`","Name":"general","ClientRequestToken":"token"}`))
		if status != http.StatusCreated {
			t.Fatalf("%d %s", status, body)
		}
		event, err := wsutil.ReadServerText(conn)
		if err != nil || !strings.Contains(string(event), "CREATE_CHANNEL_MEMBERSHIP") {
			t.Errorf("got %s, %v", event, err)
		}
	})

	flip := func(name string) func(string) string {
		return func(target string) string {
			at := strings.Index(target, name+"=") + len(name) + 6
			flipped := "1"
			if target[at:at+1] == flipped {
				flipped = "2"
			}
			return target[:at] + flipped + target[at+1:]
		}
	}
	same := func(target string) string { return target }
	for _, c := range []struct {
		name   string
		user   string
		sign   func(*http.Request, *sigv4.Signer) (*sigv4.Signer, time.Time)
		change func(string) string
	}{
		{"another signature", alice, nil, flip("X-Amz-Signature")},
		{"another user than was signed", alice, nil, flip("userArn")},
		{"another session than was signed", alice, nil, flip("sessionId")},
		{"another time than was signed", alice, nil, flip("X-Amz-Date")},
		{"no signature", alice, nil, func(string) string { return "/connect?userArn=" + alice + "&sessionId=s" }},
		{"nothing", alice, nil, func(string) string { return "/connect" }},
		{"an unknown key", alice, func(*http.Request, *sigv4.Signer) (*sigv4.Signer, time.Time) {
			return sigv4.NewSigner("AKIANOBODY", "nothing", "", s.config.Region, "chime"), time.Now()
		}, same},
		{"a token that the key does not have", alice, func(*http.Request, *sigv4.Signer) (*sigv4.Signer, time.Time) {
			return sigv4.NewSigner(s.rootKey.ID, s.rootKey.Secret, "token", s.config.Region, "chime"), time.Now()
		}, same},
		{"another region", alice, func(*http.Request, *sigv4.Signer) (*sigv4.Signer, time.Time) {
			return sigv4.NewSigner(s.rootKey.ID, s.rootKey.Secret, "", "eu-west-1", "chime"), time.Now()
		}, same},
		{"a signature that is long over", alice, func(_ *http.Request, signer *sigv4.Signer) (*sigv4.Signer, time.Time) {
			return signer, time.Now().Add(-6 * time.Minute)
		}, same},
		{"a user that does not exist", alice + "-2", nil, same},
		{"a user of another account", strings.Replace(alice, s.config.Account, "999999999999", 1), nil, same},
	} {
		t.Run(c.name+" is closed with 4401 after the upgrade", func(t *testing.T) {
			if _, first := s.connect(t, c.change(s.target(t, c.user, c.sign))); first != "4401" {
				t.Errorf("got %s", first)
			}
		})
	}
	t.Run("a signature opens one session", func(t *testing.T) {
		target := s.target(t, alice, nil)
		began := time.Now()
		if _, first := s.connect(t, target); first != established {
			t.Fatalf("got %s", first)
		}
		switch _, first := s.connect(t, target); {
		case first == "4401" && time.Since(began) > 2*time.Second: // which an honest client would not have signed again
			unauthorized++
		case first != "1013":
			t.Errorf("got %s", first)
		}
	})
	t.Run("a client that takes its time with the upgrade is cut off", func(t *testing.T) {
		c := quiet(t)
		c.HeaderTimeout = 200 * time.Millisecond
		s, _ := serve(t, c)
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		for _, piece := range []string{"GET /connect HTTP/1.1\r\n", "Host: x\r\n", "Upgrade: websocket\r\n"} {
			_, _ = io.WriteString(conn, piece)
		}
		_ = conn.SetReadDeadline(time.Now().Add(patience))
		if _, err := io.Copy(io.Discard, conn); err != nil {
			t.Errorf("not cut off: %v", err)
		}
	})
	t.Run("other methods are no sessions", func(t *testing.T) {
		if status, body := do(t, s.request(t, http.MethodPost, "/connect", alice, "{}")); status != http.StatusNotFound || !strings.Contains(body, "Message") {
			t.Errorf("%d %s", status, body)
		}
	})
	t.Run("sessions are counted", func(t *testing.T) {
		if _, body := s.admin(t, "/metrics"); !strings.Contains(body, `carillon_session_connects_total{outcome="established"} 2`) ||
			!strings.Contains(body, fmt.Sprintf(`carillon_session_connects_total{outcome="unauthorized"} %d`, unauthorized)) {
			t.Error(body)
		}
	})
	t.Run("the end of the server tells clients to come back", func(t *testing.T) {
		conn, first := s.connect(t, s.target(t, alice, nil))
		if first != established {
			t.Fatalf("got %s", first)
		}
		go func() { _ = stop() }()
		f, err := ws.ReadFrame(conn)
		if code, reason := ws.ParseCloseFrameData(f.Payload); err != nil || f.Header.OpCode != ws.OpClose || code != 1012 {
			t.Errorf("got %v %d %s, %v", f.Header.OpCode, code, reason, err)
		}
	})
}

func TestShutdownWithSessionsThatDoNotAnswer(t *testing.T) {
	s, stop := serve(t, quiet(t))
	demo, err := s.SeedDemo(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	s.connect(t, s.target(t, demo.Users["alice"], nil))
	if err := stop(); err != nil {
		t.Error(err)
	}
}
