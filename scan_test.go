package carillon_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestScan holds .ci/scan to its word: what is found fails, what cannot be looked for does not, unless it
// must be.
func TestScan(t *testing.T) {
	const unreachable = `echo 'govulncheck: fetching vulnerabilities: Get "https://vuln.go.dev/index/modules.json.gz": no such host' >&2; exit 1`
	for _, c := range []struct {
		name, what, tool string
		env              []string
		passes           bool
		says             string
	}{
		{"no vulnerabilities pass", "vulnerabilities", "exit 0", nil, true, "no known vulnerabilities"},
		{"a vulnerability fails", "vulnerabilities", "echo 'Vulnerability #1: GO-2099-0001'; exit 3", nil, false, "GO-2099-0001"},
		{"a database that cannot be reached passes, and is told", "vulnerabilities", unreachable, nil, true, "NOT DONE"},
		{"unless it is required", "vulnerabilities", unreachable, []string{"CARILLON_SCAN=required"}, false, "NOT DONE"},
		{"a tool that breaks fails", "vulnerabilities", "echo 'package x is not in std' >&2; exit 1", nil, false, "not in std"},
		{"no secrets pass", "secrets", "exit 0", nil, true, "no secrets"},
		{"a secret fails", "secrets", "echo 'leaks found: 1'; exit 1", nil, false, "leaks found"},
		{"a look for secrets without end passes, and is told", "secrets", "exit 124", nil, true, "NOT DONE"},
		{"unless it is required, too", "secrets", "exit 124", []string{"CARILLON_SCAN=required"}, false, "NOT DONE"},
		{"a secret of the past fails", "secrets", `[ "$1" != git ]`, nil, false, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			tool := filepath.Join(t.TempDir(), "tool")
			if err := os.WriteFile(tool, []byte("#!/bin/sh\n"+c.tool+"\n"), 0o700); err != nil {
				t.Fatal(err)
			}
			scan := exec.Command(".ci/scan", c.what)
			scan.Env = append(append(os.Environ(), "CARILLON_SCAN=", "GOVULNCHECK="+tool, "GITLEAKS="+tool), c.env...)
			said, err := scan.CombinedOutput()
			if passed := err == nil; passed != c.passes || !strings.Contains(string(said), c.says) {
				t.Errorf("passes: %v; it said %s", passed, said)
			}
		})
	}
}
