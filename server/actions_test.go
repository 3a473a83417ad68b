package server

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"encoding/xml"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/gobwas/ws"
	"github.com/google/uuid"

	"carillon/access"
	"carillon/api"
	"carillon/sigv4"
)

// actionAnswer is what of the answers to actions is looked at.
type actionAnswer struct {
	Role     struct{ Arn string } `xml:"AssumeRoleResult>AssumedRoleUser"`
	Assumed  access.Credentials   `xml:"AssumeRoleResult>Credentials"`
	ByToken  access.Credentials   `xml:"AssumeRoleWithWebIdentityResult>Credentials"`
	Subject  string               `xml:"AssumeRoleWithWebIdentityResult>SubjectFromWebIdentityToken"`
	Caller   string               `xml:"GetCallerIdentityResult>Arn"`
	Code     string               `xml:"Error>Code"`
	Message  string               `xml:"Error>Message"`
	Provider string               `xml:"CreateOpenIDConnectProviderResult>OpenIDConnectProviderArn"`
}

// ask sends an action, signed for a service unless that is empty.
func (s *Server) ask(t *testing.T, service string, key access.Credentials, parameters ...string) (int, actionAnswer) {
	t.Helper()
	form := url.Values{"Version": {map[string]string{"iam": "2010-05-08"}[service]}}
	if service != "iam" {
		form.Set("Version", "2011-06-15")
	}
	for i := 0; i < len(parameters); i += 2 {
		form.Set(parameters[i], parameters[i+1])
	}
	body := []byte(form.Encode())
	r, err := http.NewRequest(http.MethodPost, s.Endpoint()+"/", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	if service != "" {
		sigv4.NewSigner(key.AccessKeyId, key.SecretAccessKey, key.SessionToken, "us-east-1", service).Sign(r, body, time.Now())
	}
	status, text := do(t, r)
	var a actionAnswer
	if err := xml.Unmarshal([]byte(text), &a); err != nil {
		t.Fatalf("%d %s: %v", status, text, err)
	}
	return status, a
}

func (s *Server) rootCredentials() access.Credentials {
	return access.Credentials{AccessKeyId: s.rootKey.ID, SecretAccessKey: s.rootKey.Secret}
}

// call makes a call of the API with some credentials, and returns the status.
func (s *Server) call(t *testing.T, key access.Credentials, bearer, path string) (int, string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, s.Endpoint()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Amz-Chime-Bearer", bearer)
	sigv4.NewSigner(key.AccessKeyId, key.SecretAccessKey, key.SessionToken, s.config.Region, "chime").Sign(r, nil, time.Now())
	return do(t, r)
}

// openedBy is a target for connect that is signed with some credentials.
func (s *Server) openedBy(t *testing.T, key access.Credentials, user string) string {
	t.Helper()
	return s.target(t, user, func(*http.Request, *sigv4.Signer) (*sigv4.Signer, time.Time) {
		return sigv4.NewSigner(key.AccessKeyId, key.SecretAccessKey, key.SessionToken, s.config.Region, "chime"), time.Now()
	})
}

const chatTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":["sts:AssumeRole","sts:TagSession"]}]}`

func TestTemporaryCredentials(t *testing.T) {
	s, _ := serve(t, quiet(t))
	demo, err := s.SeedDemo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	root := s.rootCredentials()
	if status, a := s.ask(t, "iam", root, "Action", "CreateRole", "RoleName", "chat", "AssumeRolePolicyDocument", chatTrust); status != 200 {
		t.Fatalf("%d %+v", status, a)
	}
	if status, a := s.ask(t, "iam", root, "Action", "AttachRolePolicy", "RoleName", "chat", "PolicyArn", "arn:aws:iam::aws:policy/CarillonEndUser"); status != 200 {
		t.Fatalf("%d %+v", status, a)
	}
	asAlice := func(t *testing.T) access.Credentials {
		t.Helper()
		status, a := s.ask(t, "sts", root, "Action", "AssumeRole", "RoleArn", "arn:aws:iam::123456789012:role/chat", "RoleSessionName", "alice",
			"Tags.member.1.Key", "UserUUID", "Tags.member.1.Value", "alice")
		if status != 200 {
			t.Fatalf("%d %+v", status, a)
		}
		return a.Assumed
	}
	alice := asAlice(t)
	mine := "/channels?app-instance-arn=" + url.QueryEscape(demo.AppInstance)

	t.Run("they say who they are, and may what the user may", func(t *testing.T) {
		if _, a := s.ask(t, "sts", alice, "Action", "GetCallerIdentity"); a.Caller != "arn:aws:sts::123456789012:assumed-role/chat/alice" {
			t.Errorf("%+v", a)
		}
		if status, body := s.call(t, alice, demo.Users["alice"], mine); status != 200 {
			t.Errorf("as alice: %d %s", status, body)
		}
		status, body := s.call(t, alice, demo.Users["bob"], mine)
		if want := "User: arn:aws:sts::123456789012:assumed-role/chat/alice is not authorized to perform: chime:ListChannels on resource: " + demo.Users["bob"]; status != 403 || !strings.Contains(body, want) {
			t.Errorf("as bob: %d %s", status, body)
		}
		if status, a := s.ask(t, "iam", alice, "Action", "ListUsers"); status != 403 || a.Code != "AccessDenied" {
			t.Errorf("%d %+v", status, a)
		}
	})
	t.Run("a token that was changed, or is missing, and a wrong secret are refused as AWS does", func(t *testing.T) {
		for name, change := range map[string]func(*access.Credentials){
			"changed": func(c *access.Credentials) { c.SessionToken = c.SessionToken[:len(c.SessionToken)-4] + "AAAA" },
			"cut off": func(c *access.Credentials) { c.SessionToken = c.SessionToken[:100] },
			"missing": func(c *access.Credentials) { c.SessionToken = "" },
			"another": func(c *access.Credentials) { c.SessionToken = asAlice(t).SessionToken },
		} {
			c := alice
			change(&c)
			if status, a := s.ask(t, "sts", c, "Action", "GetCallerIdentity"); status != 403 || a.Code != "InvalidClientTokenId" {
				t.Errorf("%s: %d %+v", name, status, a)
			}
			r, _ := http.NewRequest(http.MethodGet, s.Endpoint()+mine, nil)
			sigv4.NewSigner(c.AccessKeyId, c.SecretAccessKey, c.SessionToken, s.config.Region, "chime").Sign(r, nil, time.Now())
			if status, body := do(t, r); status != 403 || !strings.Contains(body, "The security token included in the request is invalid.") {
				t.Errorf("%s: %d %s", name, status, body)
			}
		}
		c := alice
		c.SecretAccessKey = "wrong"
		if status, a := s.ask(t, "sts", c, "Action", "GetCallerIdentity"); status != 403 || a.Code != "SignatureDoesNotMatch" {
			t.Errorf("%d %+v", status, a)
		}
	})
	t.Run("a signature for another service is refused", func(t *testing.T) {
		r, _ := http.NewRequest(http.MethodGet, s.Endpoint()+"/?Action=GetCallerIdentity&Version=2011-06-15", nil)
		sigv4.NewSigner(root.AccessKeyId, root.SecretAccessKey, "", s.config.Region, "chime").Sign(r, nil, time.Now())
		if status, body := do(t, r); status != 403 || !strings.Contains(body, "<Code>SignatureDoesNotMatch</Code>") {
			t.Errorf("%d %s", status, body)
		}
	})
	t.Run("an action may be asked for in the query, signed for another region", func(t *testing.T) {
		r, _ := http.NewRequest(http.MethodGet, s.Endpoint()+"/?Action=GetCallerIdentity&Version=2011-06-15", nil)
		sigv4.NewSigner(root.AccessKeyId, root.SecretAccessKey, "", "aws-global", "sts").Sign(r, nil, time.Now())
		if status, body := do(t, r); status != 200 || !strings.Contains(body, ":root</Arn>") {
			t.Errorf("%d %s", status, body)
		}
	})
	t.Run("they open a session of the user, and of nobody else", func(t *testing.T) {
		if _, first := s.connect(t, s.openedBy(t, alice, demo.Users["alice"])); first != established {
			t.Errorf("alice: %s", first)
		}
		if _, first := s.connect(t, s.openedBy(t, alice, demo.Users["bob"])); first != "4003" {
			t.Errorf("bob: %s", first)
		}
		c := alice
		c.SessionToken = c.SessionToken[:100]
		if _, first := s.connect(t, s.openedBy(t, c, demo.Users["alice"])); first != "4401" {
			t.Errorf("a bad token: %s", first)
		}
	})
	t.Run("what is revoked ends at once, live sessions too", func(t *testing.T) {
		old := asAlice(t)
		conn, first := s.connect(t, s.openedBy(t, old, demo.Users["alice"]))
		if first != established {
			t.Fatal(first)
		}
		if status, a := s.ask(t, "iam", root, "Action", "RevokeRoleSessions", "RoleName", "chat"); status != 200 {
			t.Fatalf("%d %+v", status, a)
		}
		if code := closeCode(t, conn); code != 4003 {
			t.Errorf("closed with %d", code)
		}
		status, body := s.call(t, old, demo.Users["alice"], mine)
		if status != 403 || !strings.Contains(body, "with an explicit deny in an identity-based policy") {
			t.Errorf("%d %s", status, body)
		}
		if _, first := s.connect(t, s.openedBy(t, old, demo.Users["alice"])); first != "4003" {
			t.Errorf("opened again: %s", first)
		}
		time.Sleep(2 * time.Millisecond) // times are told apart by milliseconds
		if _, first := s.connect(t, s.openedBy(t, asAlice(t), demo.Users["alice"])); first != established {
			t.Errorf("with new credentials: %s", first)
		}
	})
	t.Run("a role that is deleted is gone for good", func(t *testing.T) {
		last := asAlice(t)
		conn, first := s.connect(t, s.openedBy(t, last, demo.Users["alice"]))
		if first != established {
			t.Fatal(first)
		}
		for _, parameters := range [][]string{
			{"Action", "DetachRolePolicy", "RoleName", "chat", "PolicyArn", "arn:aws:iam::aws:policy/CarillonEndUser"},
			{"Action", "DeleteRole", "RoleName", "chat"},
		} {
			if status, a := s.ask(t, "iam", root, parameters...); status != 200 {
				t.Fatalf("%d %+v", status, a)
			}
		}
		if code := closeCode(t, conn); code != 4003 {
			t.Errorf("closed with %d", code)
		}
		if status, a := s.ask(t, "sts", last, "Action", "GetCallerIdentity"); status != 403 || a.Code != "InvalidClientTokenId" {
			t.Errorf("%d %+v", status, a)
		}
	})
}

// TestWebIdentity goes the whole way from a token of an issuer to a message.
func TestWebIdentity(t *testing.T) {
	s, _ := serve(t, quiet(t))
	demo, err := s.SeedDemo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	var issuer *httptest.Server
	issuer = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/keys" {
			_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: private.Public(), KeyID: "k", Algorithm: "RS256"}}})
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": issuer.URL, "jwks_uri": issuer.URL + "/keys"})
	}))
	defer issuer.Close()
	token := func(subject, client string, life time.Duration) string {
		t.Helper()
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: private, KeyID: "k"}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		text, err := jwt.Signed(signer).Claims(jwt.Claims{
			Issuer: issuer.URL, Subject: subject, Audience: jwt.Audience{client}, IssuedAt: jwt.NewNumericDate(time.Now()), Expiry: jwt.NewNumericDate(time.Now().Add(life)),
		}).Serialize()
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	root := s.rootCredentials()
	status, made := s.ask(t, "iam", root, "Action", "CreateOpenIDConnectProvider", "Url", issuer.URL, "ClientIDList.member.1", "app")
	if status != 200 {
		t.Fatalf("%d %+v", status, made)
	}
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"` + made.Provider + `"},"Action":"sts:AssumeRoleWithWebIdentity"}]}`
	for _, parameters := range [][]string{
		{"Action", "CreateRole", "RoleName", "web", "AssumeRolePolicyDocument", trust, "Tags.member.1.Key", "carillon:CreateUserIn", "Tags.member.1.Value", demo.AppInstance},
		{"Action", "AttachRolePolicy", "RoleName", "web", "PolicyArn", "arn:aws:iam::aws:policy/CarillonEndUser"},
	} {
		if status, a := s.ask(t, "iam", root, parameters...); status != 200 {
			t.Fatalf("%d %+v", status, a)
		}
	}
	login := func(t *testing.T, token string) (int, actionAnswer) {
		t.Helper()
		return s.ask(t, "", access.Credentials{}, "Action", "AssumeRoleWithWebIdentity", "RoleArn", "arn:aws:iam::123456789012:role/web",
			"RoleSessionName", "browser", "WebIdentityToken", token)
	}

	t.Run("who comes with a token for the first time becomes a user, and can call and connect", func(t *testing.T) {
		for range 2 { // the second time it is one already
			status, a := login(t, token("erin", "app", time.Hour))
			if status != 200 || a.Subject != "erin" {
				t.Fatalf("%d %+v", status, a)
			}
			erin := demo.AppInstance + "/user/erin"
			if status, body := s.call(t, a.ByToken, erin, "/channels?app-instance-arn="+url.QueryEscape(demo.AppInstance)); status != 200 {
				t.Errorf("%d %s", status, body)
			}
			if _, first := s.connect(t, s.openedBy(t, a.ByToken, erin)); first != established {
				t.Errorf("connect: %s", first)
			}
		}
	})
	for _, c := range []struct {
		name, token string
		status      int
		code        string
	}{
		{"a token for another client", token("erin", "other", time.Hour), 400, "InvalidIdentityToken"},
		{"a token that has expired", token("erin", "app", -time.Hour), 400, "ExpiredTokenException"},
		{"what is no token", "nonsense", 400, "InvalidIdentityToken"},
		{"a subject that can be nobody's id", token("auth0|erin", "app", time.Hour), 403, "IDPRejectedClaim"},
	} {
		t.Run(c.name+" is refused", func(t *testing.T) {
			if status, a := login(t, c.token); status != c.status || a.Code != c.code {
				t.Errorf("%d %+v", status, a)
			}
		})
	}
	t.Run("an issuer that cannot be asked is one to try again", func(t *testing.T) {
		if status, a := s.ask(t, "iam", root, "Action", "CreateOpenIDConnectProvider", "Url", "http://127.0.0.1:1", "ClientIDList.member.1", "app"); status != 200 {
			t.Fatalf("%d %+v", status, a)
		}
		away := issuer.URL
		issuer.URL = "http://127.0.0.1:1"
		lost := token("erin", "app", time.Hour)
		issuer.URL = away
		if status, a := login(t, lost); status != 400 || a.Code != "IDPCommunicationError" {
			t.Errorf("%d %+v", status, a)
		}
	})
}

// TestEveryActionAnswers holds the table to types that the wire can write: an action with empty parameters
// is refused by its own rules, or answers.
func TestEveryActionAnswers(t *testing.T) {
	s, _ := serve(t, quiet(t))
	for _, service := range actions(s.access) {
		for _, action := range service.Actions {
			name := service.Name
			if action.Unsigned {
				name = ""
			}
			if status, a := s.ask(t, name, s.rootCredentials(), "Action", action.Name); status >= 500 || status != 200 && a.Code == "" {
				t.Errorf("%s: %d %+v", action.Name, status, a)
			}
		}
	}
	if _, a := s.ask(t, "sts", s.rootCredentials(), "Action", "CreateUser"); a.Code != "InvalidAction" {
		t.Errorf("%+v", a)
	}
}

// TestRegisterUser is about what a first login asks of the operations.
func TestRegisterUser(t *testing.T) {
	s := open(t, quiet(t))
	demo, err := s.SeedDemo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := registerUser(t.Context(), s.service, s.config.Account, demo.AppInstance, "erin", "Erin"); err != nil {
			t.Fatal(err)
		}
	}
	if err := registerUser(t.Context(), s.service, s.config.Account, demo.AppInstance, strings.Repeat("x", 65), "x"); !isKind(err, api.BadRequest) {
		t.Errorf("got %v", err)
	}
}

// closeCode reads frames until the connection is closed, and returns the code.
func closeCode(t *testing.T, conn net.Conn) ws.StatusCode {
	t.Helper()
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	for {
		f, err := ws.ReadFrame(conn)
		if err != nil {
			t.Fatal(err)
		}
		if f.Header.OpCode == ws.OpClose {
			code, _ := ws.ParseCloseFrameData(f.Payload)
			return code
		}
	}
}

// BenchmarkSend compares what a message costs that is sent with the root key and with temporary
// credentials, without the network.
func BenchmarkSend(b *testing.B) {
	c := quiet(b)
	s, err := New(b.Context(), c)
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := s.Shutdown(b.Context()); err != nil {
			b.Error(err)
		}
	}()
	demo, err := s.SeedDemo(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	alice := demo.Users["alice"]
	caller := s.root()
	caller.Bearer = alice
	channel, err := s.service.CreateChannel(b.Context(), caller, &api.CreateChannelRequest{AppInstanceArn: demo.AppInstance, Name: "general", ClientRequestToken: "t"})
	if err != nil {
		b.Fatal(err)
	}
	session, err := s.access.AssumeRole(b.Context(), s.root(), &access.AssumeRoleRequest{
		RoleArn: s.demoRoleARN(), RoleSessionName: "alice", Tags: []access.Tag{{Key: "UserUUID", Value: "alice"}},
	})
	if err != nil {
		b.Fatal(err)
	}
	send := func(key access.Credentials) time.Duration {
		body := []byte(`{"Content":"hello","Type":"STANDARD","Persistence":"PERSISTENT","ClientRequestToken":"` + uuid.NewString() + `"}`)
		r := httptest.NewRequest(http.MethodPost, s.Endpoint()+"/channels/"+url.PathEscape(channel.ChannelArn)+"/messages", bytes.NewReader(body))
		r.Header.Set("X-Amz-Chime-Bearer", alice)
		sigv4.NewSigner(key.AccessKeyId, key.SecretAccessKey, key.SessionToken, s.config.Region, "chime").Sign(r, body, time.Now())
		w := httptest.NewRecorder()
		began := time.Now()
		s.apiServer.Handler.ServeHTTP(w, r)
		took := time.Since(began)
		if w.Code != http.StatusCreated {
			b.Fatalf("%d %s", w.Code, w.Body)
		}
		return took
	}
	// By turns, so that what else the machine does falls on both.
	var root, temporary []time.Duration
	for b.Loop() {
		root, temporary = append(root, send(s.rootCredentials())), append(temporary, send(*session.Credentials))
	}
	slices.Sort(root)
	slices.Sort(temporary)
	half := len(root) / 2
	b.ReportMetric(float64(root[half].Nanoseconds()), "root-ns")
	b.ReportMetric(float64(temporary[half].Nanoseconds()), "temporary-ns")
	b.ReportMetric(float64(temporary[half])/float64(root[half]), "temporary/root")
}
