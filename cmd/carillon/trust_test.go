package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// trust runs `carillon tls trust` in a process of its own, whose home is a folder of the test.
func trust(t *testing.T, home, data string, args ...string) result {
	t.Helper()
	var stdout, stderr strings.Builder
	cmd := exec.Command(os.Args[0], append([]string{"tls", "trust", "--data", data}, args...)...)
	cmd.Env = []string{asProgram + "=1", "HOME=" + home, "PATH=" + os.Getenv("PATH")}
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	_ = cmd.Run() // the exit code says how it ended
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// nss makes a browser's database and returns what lists the authorities that it trusts.
func nss(t *testing.T, folder string) func() string {
	t.Helper()
	certutil := func(args ...string) string {
		t.Helper()
		out, err := exec.Command("certutil", append(args, "-d", "sql:"+folder)...).CombinedOutput()
		if err != nil {
			t.Fatalf("certutil, of the package libnss3-tools: %v\n%s", err, out)
		}
		return string(out)
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	certutil("-N", "--empty-password")
	return func() string {
		return strings.Join(regexp.MustCompile(`(?m)^Carillon local CA .*C,, *$`).FindAllString(certutil("-L"), -1), "\n")
	}
}

func TestTrust(t *testing.T) {
	t.Run("help tells what everybody needs, of an authority that is made when there is none", func(t *testing.T) {
		data := filepath.Join(t.TempDir(), "data")
		got := run(t, process{}, "tls", "trust", "--data", data)
		if got.code != 0 || got.stderr != "" {
			t.Fatalf("%+v", got)
		}
		ca := filepath.Join(data, "tls", "ca.pem")
		for _, want := range []string{
			"The authority is " + ca + "\n", "localhost, 127.0.0.0/8, ::1, and for nothing else", "carillon tls trust --install",
			"update-ca-certificates", "update-ca-trust", "trust anchor", "security add-trusted-cert", "certutil -addstore -f ROOT", ".pki/nssdb",
			`NODE_EXTRA_CA_CERTS="` + ca, `REQUESTS_CA_BUNDLE="` + ca, `AWS_CA_BUNDLE="` + ca, `curl --cacert "` + ca + `" https://localhost:8443/`,
		} {
			if !strings.Contains(got.stdout, want) {
				t.Errorf("no %q in:\n%s", want, got.stdout)
			}
		}
		if again := run(t, process{}, "tls", "trust", "--data", data); again.stdout != got.stdout {
			t.Errorf("another authority:\n%s", again.stdout)
		}
	})

	t.Run("a server's authority is the one that is told", func(t *testing.T) {
		data := filepath.Join(t.TempDir(), "data")
		ready := start(t, data, "dev").ready(t)
		if got := run(t, process{environ: []string{"CARILLON_DATA=" + data}}, "tls", "trust"); !strings.Contains(got.stdout, "The authority is "+ready.CAFile+"\n") {
			t.Errorf("%+v", got)
		}
	})

	t.Run("browsers trust it after --install, and no longer after --uninstall", func(t *testing.T) {
		home, data := t.TempDir(), filepath.Join(t.TempDir(), "data")
		databases := map[string]func() string{}
		for _, folder := range []string{".pki/nssdb", ".local/share/pki/nssdb", ".mozilla/firefox/a.default", ".mozilla/firefox/b.default", ".config/mozilla/firefox/c.default"} {
			databases[folder] = nss(t, filepath.Join(home, folder))
		}
		for range 2 { // twice is as once
			if got := trust(t, home, data, "--install", "--no-system"); got.code != 0 || strings.Count(got.stdout, " trusts ") != 4 || got.stderr != "" {
				t.Errorf("%+v", got)
			}
			for folder, trusted := range databases {
				if got := trusted(); strings.Count(got, "Carillon") != 1 {
					t.Errorf("%s: %q", folder, got)
				}
			}
		}
		for range 2 {
			if got := trust(t, home, data, "--uninstall", "--no-system"); got.code != 0 || strings.Count(got.stdout, " no longer trusts ") != 4 {
				t.Errorf("%+v", got)
			}
			for folder, trusted := range databases {
				if got := trusted(); got != "" {
					t.Errorf("%s: %q", folder, got)
				}
			}
		}
	})

	t.Run("where nothing can be done, that is an error", func(t *testing.T) {
		home, data := t.TempDir(), filepath.Join(t.TempDir(), "data")
		if got := trust(t, home, data, "--install", "--no-system"); got.code != 1 || !strings.Contains(got.stderr, "no browser keeps certificates here") || !strings.Contains(got.stderr, "nothing to change") {
			t.Errorf("no browser: %+v", got)
		}
		nss(t, filepath.Join(home, ".pki/nssdb"))
		t.Setenv("PATH", t.TempDir())
		if got := trust(t, home, data, "--install", "--no-system"); got.code != 1 || !strings.Contains(got.stderr, "needs certutil: install libnss3-tools") {
			t.Errorf("no certutil: %+v", got)
		}
	})

	t.Run("flags that contradict each other, or say nothing, are refused", func(t *testing.T) {
		for _, args := range [][]string{{"--install", "--uninstall"}, {"--no-system"}} {
			if got := trust(t, t.TempDir(), t.TempDir(), args...); got.code != 1 || got.stdout != "" {
				t.Errorf("%v: %+v", args, got)
			}
		}
	})
}
