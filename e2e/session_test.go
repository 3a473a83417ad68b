package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The official client for sessions, unmodified, in a browser that trusts the server's authority. The
// script starts a server of its own, which it stops, kills and starts again.
func TestSession(t *testing.T) {
	t.Parallel()
	runInBrowser(t, "session/session.test.js")
}

// Users who log in at an identity provider, in such a browser.
func TestSessionAccess(t *testing.T) {
	t.Parallel()
	runInBrowser(t, "session/access.test.js")
}

// runInBrowser runs a script that starts a server and a browser.
func runInBrowser(t *testing.T, script string) {
	t.Helper()
	installJavaScript(t)
	folder := t.TempDir()
	cmd := exec.CommandContext(t.Context(), node.path(t), "--test", "--test-reporter=tap", script)
	cmd.Dir = "js"
	cmd.Env = append(clientEnviron(), databaseOf(t, filepath.Join(folder, "data"))...)
	cmd.Env = append(cmd.Env, "CARILLON="+binary, "CHROMIUM="+chromium.path(t), "FOLDER="+folder, "NO_PROXY=localhost,127.0.0.1,*.localhost")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if _, err := os.Stat(filepath.Join(folder, "data", "sessions")); err != nil {
		t.Errorf("the server has no journal of sessions: %v", err)
	}
}
