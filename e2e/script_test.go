package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Scripts in other languages find the server, and one with the limits of AWS, through these variables.
const (
	readyVariable    = "CARILLON_READY"
	readyAWSVariable = "CARILLON_READY_AWS"
)

// runScripts runs each test script of a folder beside the others. command is put before the name of
// the script; closing finds the line that says how many tests there were.
func runScripts(t *testing.T, dir, pattern string, closing *regexp.Regexp, environ []string, command ...string) {
	t.Helper()
	open, limited := startDev(t, "--credentials-min-duration", "1s"), startDev(t, "--limits-profile", "aws")
	environ = append(append(clientEnviron(), environ...), readyVariable+"="+open.readyFile, readyAWSVariable+"="+limited.readyFile)
	scripts, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts %s in %s (%v)", pattern, dir, err)
	}
	// The scripts run beside each other, and the servers end after the last of them.
	t.Run("scripts", func(t *testing.T) {
		for _, script := range scripts {
			name, err := filepath.Rel(dir, script)
			if err != nil {
				t.Fatal(err)
			}
			t.Run(filepath.Base(name), func(t *testing.T) {
				t.Parallel()
				cmd := exec.CommandContext(t.Context(), command[0], append(command[1:len(command):len(command)], name)...)
				cmd.Dir, cmd.Env = dir, environ
				out, err := cmd.CombinedOutput()
				if err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				count := closing.FindStringSubmatch(string(out))
				if count == nil {
					t.Fatalf("the script does not say how many tests it ran:\n%s", out)
				}
				if n, err := strconv.Atoi(count[1]); err != nil || n == 0 || strings.Contains(string(out), "skipped=") {
					t.Fatalf("the script ran no test, or skipped some:\n%s", out)
				}
				t.Logf("%s tests", count[1])
			})
		}
	})
}

func TestPython(t *testing.T) {
	t.Parallel()
	runScripts(t, "python", "test_*.py", regexp.MustCompile(`(?m)^Ran (\d+) tests? `),
		[]string{"PYTHONDONTWRITEBYTECODE=1", "CARILLON=" + binary, "CARILLON_ISSUER=" + startIssuer(t).url},
		python.path(t), "-W", "ignore::ResourceWarning", "-m", "unittest", "-v")
}

func TestJavaScript(t *testing.T) {
	t.Parallel()
	installJavaScript(t)
	runScripts(t, "js", "test/*.test.js", regexp.MustCompile(`(?m)^# tests (\d+)$`),
		[]string{"AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE=1"}, node.path(t), "--test", "--test-reporter=tap")
}

// The chat page in a browser. "make page" puts it into the binary.
func TestBrowser(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat(filepath.Join(root, "console/page/dist/index.html")); err != nil {
		t.Fatalf("the binary has no chat page; please run \"make page\": %v", err)
	}
	installJavaScript(t)
	runScripts(t, "js", "browser/*.test.js", regexp.MustCompile(`(?m)^# tests (\d+)$`),
		[]string{"CHROMIUM=" + chromium.path(t)}, node.path(t), "--test", "--test-reporter=tap")
}

// installJavaScript installs what package-lock.json names, unless that has been done.
func installJavaScript(t *testing.T) {
	t.Helper()
	program := npm.path(t)
	javaScript.Do(func() { javaScriptError = npmInstall(program) })
	if javaScriptError != nil {
		t.Fatal(javaScriptError)
	}
}

var (
	javaScript      sync.Once
	javaScriptError error
)

func npmInstall(program string) error {
	lock, err := os.Stat("js/package-lock.json")
	if err != nil {
		return err
	}
	// npm writes this file when it has installed everything.
	if installed, err := os.Stat("js/node_modules/.package-lock.json"); err == nil && !installed.ModTime().Before(lock.ModTime()) {
		return nil
	}
	cmd := exec.Command(program, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--fetch-retries", "5")
	cmd.Dir = "js"
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci: %w\n%s", err, out)
	}
	return nil
}
