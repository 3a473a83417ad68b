package e2e

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// issuer is an identity provider: js/issuer.js.
type issuer struct{ url string }

// startIssuer runs an identity provider until the test ends.
func startIssuer(t *testing.T) *issuer {
	t.Helper()
	installJavaScript(t)
	cmd := exec.Command(node.path(t), "issuer.js")
	cmd.Dir, cmd.Env = "js", bareEnviron()
	var complaint output
	cmd.Stderr = &complaint
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close() // which ends it
		if err := cmd.Wait(); err != nil {
			t.Errorf("the identity provider ended with: %v\n%s", err, complaint.String())
		}
	})
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "http://") {
			return &issuer{url: lines.Text()}
		}
	}
	t.Fatalf("the identity provider does not say where it is\n%s", complaint.String())
	return nil
}

// token is an ID token of a user, as a backend gets it that has the user's consent (CIBA).
func (i *issuer) token(t *testing.T, user string) string {
	t.Helper()
	var answer struct {
		Request string `json:"auth_req_id"`
		Token   string `json:"id_token"`
	}
	post := func(path string, form url.Values) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, i.url+path, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth("backend", "secret")
		out := must(http.DefaultClient.Do(r))(t)
		defer out.Body.Close()
		if err := json.NewDecoder(out.Body).Decode(&answer); err != nil {
			t.Fatal(err)
		}
	}
	post("/backchannel", url.Values{"scope": {"openid profile"}, "login_hint": {user}})
	post("/token", url.Values{"grant_type": {"urn:openid:params:grant-type:ciba"}, "auth_req_id": {answer.Request}})
	if answer.Token == "" {
		t.Fatalf("the identity provider gives no token for %s", user)
	}
	return answer.Token
}

// tokenFile is a file with a user's token, as SDKs want it.
func (i *issuer) tokenFile(t *testing.T, user string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte(i.token(t, user)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
