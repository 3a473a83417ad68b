package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
)

// asProgram in the environment makes the test binary the program, for tests of whole processes.
const asProgram = "CARILLON_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		_ = os.Unsetenv(asProgram) // it names no setting
		main()
	}
	os.Exit(m.Run())
}

// result is what a command line did.
type result struct {
	code           int
	stdout, stderr string
}

// run runs a command line in this process.
func run(t *testing.T, p process, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if p.stdin == nil {
		p.stdin = strings.NewReader("")
	}
	p.stdout, p.stderr = &stdout, &stderr
	code := p.run(context.Background(), args)
	return result{code, stdout.String(), stderr.String()}
}

func TestCommands(t *testing.T) {
	t.Run("help lists every command", func(t *testing.T) {
		got := run(t, process{}, "--help")
		for _, want := range []string{"dev", "serve", "call", "bench", "policy", "config", "tls", "healthcheck", "version", "completion"} {
			if !strings.Contains(got.stdout, "\n  "+want+" ") {
				t.Errorf("no %s in:\n%s", want, got.stdout)
			}
		}
	})

	t.Run("an unknown command is an error", func(t *testing.T) {
		if got := run(t, process{}, "sing"); got.code != 1 || !strings.Contains(got.stderr, `unknown command "sing"`) {
			t.Errorf("%+v", got)
		}
	})

	t.Run("version tells the version", func(t *testing.T) {
		if got := run(t, process{}, "version"); got.code != 0 || !strings.HasPrefix(got.stdout, "carillon "+version()+" go1.") {
			t.Errorf("%+v", got)
		}
	})

	t.Run("config prints settings for people and for docs", func(t *testing.T) {
		if got := run(t, process{}, "config"); got.code != 0 || !strings.Contains(got.stdout, "\n    environment  CARILLON_LIMITS_PROFILE\n    flag         --limits-profile\n") {
			t.Errorf("%+v", got)
		}
		if got := run(t, process{}, "config", "--markdown"); got.code != 0 || !strings.Contains(got.stdout, "# Configuration\n") {
			t.Errorf("%+v", got)
		}
	})

	t.Run("operations are completed", func(t *testing.T) {
		got := run(t, process{}, "__complete", "call", "BatchCreate")
		if got.code != 0 || !strings.Contains(got.stdout, "BatchCreateChannelMembership\n") {
			t.Errorf("%+v", got)
		}
	})

	t.Run("completion scripts are printed", func(t *testing.T) {
		for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
			if got := run(t, process{}, "completion", shell); got.code != 0 || !strings.Contains(got.stdout, "carillon") {
				t.Errorf("%s: exit code %d, %d characters", shell, got.code, len(got.stdout))
			}
		}
	})
}

func TestServeRefuses(t *testing.T) {
	for _, c := range []struct {
		name    string
		environ []string
		args    []string
		want    string
	}{
		{"well-known credentials where others can call",
			[]string{"CARILLON_ROOT_KEY_ID=AKIDEXAMPLE", "CARILLON_ROOT_SECRET=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"},
			[]string{"--addr", "0.0.0.0:0"}, "well-known credentials"},
		{"a short secret where others can call",
			[]string{"CARILLON_ROOT_KEY_ID=AKIAMINE", "CARILLON_ROOT_SECRET=fifteen-letters"},
			[]string{"--addr", "0.0.0.0:0"}, "fewer than 16 characters"},
		{"a value that makes no sense", []string{"CARILLON_ACCOUNT=12"}, nil, "account: "},
		{"a certificate without a listener", []string{"CARILLON_TLS_CERT=cert.pem", "CARILLON_TLS_KEY=key.pem"}, nil, "tls.addr: is off"},
		{"a session endpoint with a scheme", nil, []string{"--session-endpoint", "wss://chat.example.com"}, "session.endpoint: "},
		{"a file that is not there", nil, []string{"--config", "/nonexistent.yaml"}, "configuration file"},
		{"a secret on the command line", nil, []string{"--root-secret", "x"}, "unknown flag"},
		{"an argument", nil, []string{"now"}, "unknown command"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := run(t, process{environ: c.environ}, append([]string{"serve", "--data", t.TempDir()}, c.args...)...)
			if got.code != 1 || !strings.Contains(got.stderr, c.want) {
				t.Errorf("%+v, want exit code 1 and %q", got, c.want)
			}
		})
	}
}
