package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"carillon/store/sqlstore/pgtest"
)

// patience bounds every wait. Only a test that fails ever waits so long.
const patience = 60 * time.Second

// ready is what a server writes into its ready file.
type ready struct {
	Endpoint        string            `json:"endpoint"`
	TLSEndpoint     string            `json:"tls_endpoint"`
	CAFile          string            `json:"ca_file"`
	Region          string            `json:"region"`
	AccountID       string            `json:"account_id"`
	AccessKeyID     string            `json:"access_key_id"`
	SecretAccessKey string            `json:"secret_access_key"`
	AppInstanceARN  string            `json:"app_instance_arn"`
	AdminARN        string            `json:"admin_arn"`
	UserARNs        map[string]string `json:"user_arns"`
}

// server is a running `carillon dev`.
type server struct {
	ready
	*process
	readyFile string
}

// startDev runs `carillon dev` on a data folder of its own.
func startDev(t *testing.T, flags ...string) *server {
	t.Helper()
	return startDevOn(t, filepath.Join(t.TempDir(), "data"), flags...)
}

// startDevOn runs `carillon dev` on a data folder, and returns when it answers.
func startDevOn(t *testing.T, data string, flags ...string) *server {
	t.Helper()
	return startDevIn(t, nil, data, flags...)
}

// startDevIn runs `carillon dev` in an environment, on a data folder, and returns when it answers.
func startDevIn(t *testing.T, environ []string, data string, flags ...string) *server {
	t.Helper()
	s := &server{readyFile: filepath.Join(t.TempDir(), "ready.json")}
	arguments := append([]string{"dev", "--addr", "127.0.0.1:0", "--tls-addr", "127.0.0.1:0", "--data", data, "--ready-file", s.readyFile}, flags...)
	s.process = startProcess(t, append(environ, databaseOf(t, data)...), arguments...)
	var content []byte
	s.await(t, "the ready file", func() bool {
		var err error
		content, err = os.ReadFile(s.readyFile)
		return err == nil
	})
	if err := json.Unmarshal(content, &s.ready); err != nil {
		t.Fatalf("ready file: %v", err)
	}
	return s
}

// databases are the settings that name the databases of servers, by their data folder.
var databases sync.Map

// databaseOf is the environment of a server on a data folder: empty, so that it keeps everything in
// there, or, when CARILLON_TEST_ENGINE is postgres, with the PostgreSQL database that belongs to the
// folder, until the test that asked first is over.
func databaseOf(t *testing.T, data string) []string {
	t.Helper()
	if os.Getenv("CARILLON_TEST_ENGINE") != "postgres" {
		return nil
	}
	if known, ok := databases.Load(data); ok {
		return known.([]string)
	}
	environ := []string{"CARILLON_DATABASE=" + pgtest.Start(t)}
	databases.Store(data, environ)
	t.Cleanup(func() {
		databases.Delete(data)
		if _, err := os.Stat(filepath.Join(data, "carillon.db")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("beside its database the server has a file for records: %v", err)
		}
	})
	return environ
}

// environ is the environment of a client that is configured as AWS's own tools are.
func (r *ready) environ() []string {
	return append(clientEnviron(),
		"AWS_ACCESS_KEY_ID="+r.AccessKeyID, "AWS_SECRET_ACCESS_KEY="+r.SecretAccessKey, "AWS_DEFAULT_REGION="+r.Region, "AWS_REGION="+r.Region)
}

// clientEnviron is the environment of a client that finds no settings but those of its test, and that
// does not reach AWS when it should have been pointed here, and was not.
func clientEnviron() []string {
	const nowhere = "http://127.0.0.1:1"
	return append(bareEnviron(), "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_EC2_METADATA_DISABLED=true",
		"HTTPS_PROXY="+nowhere, "https_proxy="+nowhere)
}

// bareEnviron is an environment without anybody's settings and credentials.
func bareEnviron() []string {
	environ := []string{"LC_ALL=C.UTF-8"}
	for _, name := range []string{"PATH", "HOME", "TMPDIR"} {
		if value, ok := os.LookupEnv(name); ok {
			environ = append(environ, name+"="+value)
		}
	}
	return environ
}

// process is a running carillon.
type process struct {
	cmd            *exec.Cmd
	stdout, stderr output
	exited         chan struct{} // closed when the process is gone
	err            error         // how it ended; to be read when it is gone
	ended          bool          // by kill or stop, and looked at
}

// startProcess runs the binary until the test ends, at the latest.
func startProcess(t *testing.T, environ []string, arguments ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(binary, arguments...), exited: make(chan struct{})}
	p.cmd.Env = append(bareEnviron(), environ...)
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(func() {
		p.stop(t)
		if t.Failed() {
			t.Logf("log of the server (its end):\n%s", tail(p.stderr.String(), 8000))
		}
	})
	return p
}

// await waits for a condition while the process lives.
func (p *process) await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-p.exited:
			t.Fatalf("the server ended (%v) before %s was there", p.err, what)
		case <-deadline:
			t.Fatalf("%s is not there after %v", what, patience)
		}
	}
}

// kill ends the process at once, as a power failure would.
func (p *process) kill() {
	p.ended = true
	_ = p.cmd.Process.Kill() // SIGKILL; an error means that it is gone
	<-p.exited
}

// stop ends the process in good order. A server that did not end well, or that logged an error, which
// includes answers with an exception that the operation does not declare, fails the test.
func (p *process) stop(t *testing.T) {
	t.Helper()
	if p.ended {
		return
	}
	p.ended = true
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("stopping the server: %v", err)
	}
	select {
	case <-p.exited:
	case <-time.After(patience):
		t.Errorf("the server did not stop within %v", patience)
		p.kill()
	}
	if p.err != nil {
		t.Errorf("the server ended with: %v", p.err)
	}
	for line := range strings.Lines(p.stderr.String()) {
		if strings.Contains(line, "level=ERROR") || strings.Contains(line, `"level":"ERROR"`) {
			t.Errorf("the server logged an error: %s", line)
		}
	}
}

// output collects what a process prints, and may be read meanwhile.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// tail is the end of a text.
func tail(text string, size int) string {
	if len(text) <= size {
		return text
	}
	return fmt.Sprintf("[%d bytes before]\n%s", len(text)-size, text[len(text)-size:])
}
