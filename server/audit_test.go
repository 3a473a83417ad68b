package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"carillon/access"
)

// deed is what the tests look at of a line of the audit log.
type deed struct {
	Action      string
	Outcome     string
	Status      int
	Error       string
	Principal   string
	AccessKeyID string `json:"access_key_id"`
	Source      string
	Reason      string
	Resources   []string
}

// deeds reads an audit log.
func deeds(t *testing.T, content string) []deed {
	t.Helper()
	var list []deed
	for text := range strings.Lines(content) {
		var d deed
		if err := json.Unmarshal([]byte(text), &d); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		list = append(list, d)
	}
	return list
}

// auditOf reads the audit log in a data folder.
func auditOf(t *testing.T, c Config) []deed {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(c.Data, c.Audit))
	if err != nil {
		t.Fatal(err)
	}
	return deeds(t, string(content))
}

func TestAudit(t *testing.T) {
	t.Run("writes and refusals are in the file of the data folder once the server has ended, and reads are not", func(t *testing.T) {
		c := quiet(t)
		s, stop := serve(t, c)
		if status, body := do(t, s.request(t, "POST", "/app-instances", "", `{"Name":"secret name","ClientRequestToken":"secret-token"}`)); status != 201 {
			t.Fatalf("%d %s", status, body)
		}
		do(t, s.request(t, "GET", "/app-instances", "", ""))
		unsigned := s.request(t, "GET", "/app-instances", "", "")
		unsigned.Header.Del("Authorization")
		do(t, unsigned)
		forged := s.request(t, "GET", "/app-instances", "", "")
		forged.Header.Set("X-Amz-Security-Token", "secret session token")
		forged.Header.Set("Authorization", strings.Replace(forged.Header.Get("Authorization"), s.rootKey.ID, "AKIAGUESSED", 1))
		do(t, forged)
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		got := auditOf(t, c)
		if len(got) != 3 || len(got[0].Resources) != 1 || !strings.HasPrefix(got[0].Resources[0], "arn:aws:chime:us-east-1:123456789012:app-instance/") {
			t.Fatalf("%+v", got)
		}
		got[0].Resources = nil
		want := []deed{
			{Action: "chime:CreateAppInstance", Outcome: "done", Status: 201, Principal: s.principal(), AccessKeyID: s.rootKey.ID, Source: "127.0.0.1"},
			{Action: "chime:ListAppInstances", Outcome: "denied", Status: 403, Error: "MissingAuthenticationToken", Source: "127.0.0.1",
				Reason: "signature: the request has neither an Authorization header nor X-Amz-Signature in its query"},
			{Action: "chime:ListAppInstances", Outcome: "denied", Status: 403, Error: "InvalidSignature", Source: "127.0.0.1",
				Reason: "signature: 'X-Amz-Security-Token' must be a 'SignedHeader' in the AWS Authorization."},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		content, err := os.ReadFile(filepath.Join(c.Data, c.Audit))
		if err != nil || bytes.Contains(content, []byte("secret")) {
			t.Errorf("%v: %s", err, content)
		}
	})

	t.Run("connections that are refused are in it", func(t *testing.T) {
		c := quiet(t)
		s, stop := serve(t, c)
		r, err := http.NewRequest("GET", s.Endpoint()+"/connect?sessionId=s", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header = http.Header{
			"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="},
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if reason := answer.Header.Get("X-Carillon-Reason"); reason != "" {
			t.Errorf("explained unasked: %s", reason)
		}
		if err := errors.Join(answer.Body.Close(), stop()); err != nil {
			t.Fatal(err)
		}
		want := []deed{{Action: "chime:Connect", Outcome: "denied", Status: 4401, Error: "MissingAuthenticationToken", Source: "127.0.0.1",
			Reason: "signature: the request has neither an Authorization header nor X-Amz-Signature in its query"}}
		if diff := cmp.Diff(want, auditOf(t, c)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})

	t.Run("a live session that a revocation ends is in it, once", func(t *testing.T) {
		c := quiet(t)
		s, stop := serve(t, c)
		demo, err := s.SeedDemo(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		login, err := s.demoLogin(t.Context(), "alice")
		if err != nil {
			t.Fatal(err)
		}
		alice := login.(demoCredentials)
		conn, first := s.connect(t, s.openedBy(t, *alice.ChimeCredentials, demo.Users["alice"]))
		if first != established {
			t.Fatal(first)
		}
		for range 2 {
			if _, err := s.access.RevokeRoleSessions(t.Context(), s.root(), &access.RevokeRoleSessionsRequest{RoleName: demoRole}); err != nil {
				t.Fatal(err)
			}
		}
		if code := closeCode(t, conn); code != 4003 {
			t.Errorf("closed with %d", code)
		}
		if err := errors.Join(conn.Close(), stop()); err != nil {
			t.Fatal(err)
		}
		want := []deed{{
			Action: "chime:Connect", Outcome: "denied", Status: 4003, Error: "AccessDenied", Source: "127.0.0.1",
			Principal: "arn:aws:sts::123456789012:assumed-role/" + demoRole + "/alice", AccessKeyID: alice.ChimeCredentials.AccessKeyId,
			Reason: "denied: Statement[0] (RevokeOlderSessions) of the identity-based policy RevokeOlderSessions denies it", Resources: []string{demo.Users["alice"]},
		}}
		if diff := cmp.Diff(want, auditOf(t, c)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})

	t.Run("a file that was moved away is begun anew", func(t *testing.T) {
		c := quiet(t)
		c.Audit = filepath.Join(t.TempDir(), "elsewhere.jsonl")
		s, stop := serve(t, c)
		create := func() {
			do(t, s.request(t, "POST", "/app-instances", "", `{"Name":"n","ClientRequestToken":"t"}`))
		}
		create()
		if err := errors.Join(os.Rename(c.Audit, c.Audit+".1"), s.ReopenAudit()); err != nil {
			t.Fatal(err)
		}
		create()
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{c.Audit, c.Audit + ".1"} {
			if content, err := os.ReadFile(path); err != nil || len(deeds(t, string(content))) != 1 {
				t.Errorf("%s: %v: %s", path, err, content)
			}
		}
	})

	t.Run("it may go to the standard output, or nowhere", func(t *testing.T) {
		for _, to := range []string{AuditStdout, AuditOff} {
			c := quiet(t)
			var out bytes.Buffer
			var mu sync.Mutex
			c.Audit, c.AuditWriter = to, writerFunc(func(b []byte) (int, error) {
				mu.Lock()
				defer mu.Unlock()
				return out.Write(b)
			})
			s, stop := serve(t, c)
			do(t, s.request(t, "POST", "/app-instances", "", `{"Name":"n","ClientRequestToken":"t"}`))
			if err := errors.Join(s.ReopenAudit(), stop()); err != nil {
				t.Fatal(err)
			}
			if got := len(deeds(t, out.String())); got != map[string]int{AuditStdout: 1, AuditOff: 0}[to] {
				t.Errorf("%s: %d lines", to, got)
			}
			if files, err := filepath.Glob(filepath.Join(c.Data, "*"+AuditStdout)); err != nil || len(files) > 0 {
				t.Errorf("%v, %v", files, err)
			}
		}
	})

	t.Run("a file that cannot be opened ends the start", func(t *testing.T) {
		c := quiet(t)
		c.Audit = t.TempDir()
		if _, err := New(t.Context(), c); err == nil || !strings.HasPrefix(err.Error(), "audit: ") {
			t.Errorf("%v", err)
		}
	})
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

func TestAuditOfActions(t *testing.T) {
	c := quiet(t)
	s, stop := serve(t, c)
	root := s.rootCredentials()
	s.ask(t, "iam", root, "Action", "CreateRole", "RoleName", "chat", "AssumeRolePolicyDocument", chatTrust, "Description", "secret")
	s.ask(t, "iam", root, "Action", "GetRole", "RoleName", "chat")
	_, a := s.ask(t, "sts", root, "Action", "AssumeRole", "RoleArn", "arn:aws:iam::123456789012:role/chat", "RoleSessionName", "alice")
	s.ask(t, "iam", a.Assumed, "Action", "CreateUser", "UserName", "eve")
	s.ask(t, "", root, "Action", "AssumeRoleWithWebIdentity", "RoleArn", "arn:aws:iam::123456789012:role/chat", "RoleSessionName", "browser", "WebIdentityToken", "secret")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(c.Data, c.Audit))
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{`"secret`, a.Assumed.SessionToken, a.Assumed.SecretAccessKey, root.SecretAccessKey, "sts:TagSession"} {
		if strings.Contains(string(content), secret) {
			t.Errorf("the log holds %s", secret)
		}
	}
	const role, session = "arn:aws:iam::123456789012:role/chat", "arn:aws:sts::123456789012:assumed-role/chat/alice"
	want := []deed{
		{Action: "iam:CreateRole", Outcome: "done", Status: 200, Principal: s.principal(), AccessKeyID: root.AccessKeyId, Source: "127.0.0.1", Resources: []string{role}},
		{Action: "sts:AssumeRole", Outcome: "done", Status: 200, Principal: s.principal(), AccessKeyID: root.AccessKeyId, Source: "127.0.0.1", Resources: []string{role}},
		{Action: "iam:CreateUser", Outcome: "denied", Status: 403, Error: "AccessDenied", Principal: session, AccessKeyID: a.Assumed.AccessKeyId, Source: "127.0.0.1",
			Reason: "denied: no identity-based policy allows it", Resources: []string{"arn:aws:iam::123456789012:user/eve"}},
	}
	if diff := cmp.Diff(want, deeds(t, string(content))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
