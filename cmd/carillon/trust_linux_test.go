package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/smallstep/truststore"
)

// The machine's own store is left alone: the library is told of another.
func TestTrustOfTheSystem(t *testing.T) {
	store, programs := t.TempDir(), t.TempDir()
	for _, name := range []string{"tee", "rm"} { // and no sudo, which would ask for a password
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(programs, name)); err != nil {
			t.Fatal(err)
		}
	}
	updated := filepath.Join(store, "updated")
	script := "#!/bin/sh\necho >>" + updated + "\n[ -z \"$FAIL\" ] || { echo the disk is full; exit 1; }\n"
	if err := os.WriteFile(filepath.Join(programs, "update"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	name, command := truststore.SystemTrustFilename, truststore.SystemTrustCommand
	t.Cleanup(func() { truststore.SystemTrustFilename, truststore.SystemTrustCommand = name, command })
	truststore.SystemTrustFilename, truststore.SystemTrustCommand = filepath.Join(store, "%s.crt"), []string{"update"}
	t.Setenv("PATH", programs)

	data := filepath.Join(t.TempDir(), "data")
	installed := func() []string {
		found, err := filepath.Glob(filepath.Join(store, "Carillon_local_CA_*.crt"))
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	p := process{environ: []string{"HOME=" + t.TempDir()}}
	if got := run(t, p, "tls", "trust", "--install", "--data", data); got.code != 0 || !strings.Contains(got.stdout, "the system trusts "+filepath.Join(data, "tls", "ca.pem")) || len(installed()) != 1 {
		t.Errorf("installed: %+v, %v", got, installed())
	}
	if got := run(t, p, "tls", "trust", "--uninstall", "--data", data); got.code != 0 || !strings.Contains(got.stdout, "the system no longer trusts") || len(installed()) != 0 {
		t.Errorf("uninstalled: %+v, %v", got, installed())
	}
	if content, err := os.ReadFile(updated); err != nil || len(content) != 2 {
		t.Errorf("the system was told %d times, %v", len(content), err)
	}
	t.Setenv("FAIL", "1")
	if got := run(t, p, "tls", "trust", "--install", "--data", data); got.code != 1 || !strings.Contains(got.stderr, "the system: failed to execute update: exit status 1: the disk is full") {
		t.Errorf("failed: %+v", got)
	}
}
