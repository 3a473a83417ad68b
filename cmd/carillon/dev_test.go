package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"carillon/server"
)

// program is the program in a process of its own.
type program struct {
	*exec.Cmd
	stdout, stderr bytes.Buffer // to be read once it has ended
	readyFile      string
	ended          chan struct{} // closed once err is set
	err            error         // how it ended
}

// start starts a server that writes a ready file.
func start(t *testing.T, data string, args ...string) *program {
	t.Helper()
	p := &program{readyFile: filepath.Join(t.TempDir(), "ready.json"), ended: make(chan struct{})}
	args = append([]string{args[0], "--addr", "127.0.0.1:0", "--tls-addr", "127.0.0.1:0", "--data", data, "--ready-file", p.readyFile}, args[1:]...)
	p.Cmd = exec.Command(os.Args[0], args...)
	p.Env = append(os.Environ(), asProgram+"=1")
	p.Stdout, p.Stderr = &p.stdout, &p.stderr
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = p.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		_ = p.Process.Kill() // an error says that it has ended
		<-p.ended
	})
	return p
}

// ready waits for the ready file.
func (p *program) ready(t *testing.T) server.Ready {
	t.Helper()
	ticks := time.NewTicker(5 * time.Millisecond)
	defer ticks.Stop()
	for {
		content, err := os.ReadFile(p.readyFile)
		if err == nil {
			var r server.Ready
			if err := json.Unmarshal(content, &r); err != nil {
				t.Fatalf("the ready file is not whole: %v in %q", err, content)
			}
			return r
		}
		if !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		select {
		case <-p.ended:
			t.Fatalf("ended before it was ready: %v\n%s", p.err, p.stderr.String())
		case <-t.Context().Done():
			t.Fatal("not ready in time")
		case <-ticks.C:
		}
	}
}

// stop sends a signal and returns how the program ended.
func (p *program) stop(t *testing.T, s os.Signal) error {
	t.Helper()
	if err := p.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
	<-p.ended
	return p.err
}

func TestDev(t *testing.T) {
	t.Run("the server answers once the ready file is there, and a signal ends it in order", func(t *testing.T) {
		for _, s := range []os.Signal{syscall.SIGTERM, syscall.SIGINT} {
			p := start(t, filepath.Join(t.TempDir(), "data"), "dev")
			ready := p.ready(t)
			got := run(t, process{environ: []string{"AWS_ACCESS_KEY_ID=" + ready.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + ready.SecretAccessKey}},
				"call", "CreateChannel", "--endpoint", ready.Endpoint, "--bearer", ready.UserARNs["alice"],
				"--json", `{"AppInstanceArn":"`+ready.AppInstanceARN+`","Name":"general"}`)
			if got.code != 0 || !strings.Contains(got.stdout, `"ChannelArn": "`+ready.AppInstanceARN+`/channel/`) {
				t.Errorf("%+v", got)
			}
			if err := p.stop(t, s); err != nil {
				t.Errorf("%v: %v\n%s", s, err, p.stderr.String())
			}
			if _, err := os.Stat(p.readyFile); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the ready file of a server that has ended: %v", err)
			}
		}
	})

	t.Run("TLS works for who trusts the authority", func(t *testing.T) {
		data := filepath.Join(t.TempDir(), "data")
		ready := start(t, data, "dev").ready(t)
		if !strings.HasPrefix(ready.TLSEndpoint, "https://127.0.0.1:") || ready.CAFile != filepath.Join(data, "tls", "ca.pem") {
			t.Errorf("%+v", ready)
		}
		key := []string{"AWS_ACCESS_KEY_ID=" + ready.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + ready.SecretAccessKey}
		nowhere := t.TempDir()
		for _, c := range []struct {
			name    string
			environ []string
			data    string
			want    int
		}{
			{"of the data folder", nil, data, 0},
			{"of AWS_CA_BUNDLE", []string{"AWS_CA_BUNDLE=" + ready.CAFile}, nowhere, 0},
			{"of neither", nil, nowhere, 1},
			{"of a bundle that is not there", []string{"AWS_CA_BUNDLE=/nonexistent.pem"}, data, 1},
			{"of a bundle that is none", []string{"AWS_CA_BUNDLE=dev_test.go"}, data, 1},
		} {
			got := run(t, process{environ: append(c.environ, key...)}, "call", "GetMessagingSessionEndpoint", "--endpoint", ready.TLSEndpoint, "--data", c.data)
			if got.code != c.want || c.want == 0 && !strings.Contains(got.stdout, strings.TrimPrefix(ready.TLSEndpoint, "https://")) {
				t.Errorf("%s: %+v", c.name, got)
			}
		}
	})

	t.Run("a port that is taken is told with how to choose another", func(t *testing.T) {
		taken := strings.TrimPrefix(start(t, filepath.Join(t.TempDir(), "data"), "dev").ready(t).TLSEndpoint, "https://")
		got := run(t, process{}, "dev", "--addr", "127.0.0.1:0", "--tls-addr", taken, "--data", t.TempDir())
		if got.code != 1 || !strings.Contains(got.stderr, "tls.addr: listen tcp "+taken) || !strings.Contains(got.stderr, "choose another port with --tls-addr") {
			t.Errorf("%+v", got)
		}
	})

	t.Run("without TLS nothing is said of it", func(t *testing.T) {
		p := start(t, filepath.Join(t.TempDir(), "data"), "dev", "--tls-addr", "off")
		if ready := p.ready(t); ready.TLSEndpoint != "" || ready.CAFile != "" {
			t.Errorf("%+v", ready)
		}
		if err := p.stop(t, syscall.SIGTERM); err != nil || strings.Contains(p.stdout.String(), "https://") || strings.Contains(p.stdout.String(), "ca.pem") {
			t.Errorf("%v, %s", err, p.stdout.String())
		}
	})

	t.Run("a second start on the same data has the same key, demo and channels", func(t *testing.T) {
		data := filepath.Join(t.TempDir(), "data")
		p := start(t, data, "dev")
		first := p.ready(t)
		// Nothing is lost either when there was no time to end in order.
		if err := p.stop(t, syscall.SIGKILL); err == nil {
			t.Fatal("killed, and ended in order")
		}
		second := start(t, data, "dev").ready(t)
		first.Endpoint, second.Endpoint, first.TLSEndpoint, second.TLSEndpoint = "", "", "", ""
		if diff := cmp.Diff(first, second); diff != "" {
			t.Errorf("(-first +second):\n%s", diff)
		}
	})

	t.Run("a ready file that was left is gone before the server answers", func(t *testing.T) {
		data := t.TempDir()
		path := filepath.Join(t.TempDir(), "ready.json")
		if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
		// Another server has the data: this one fails after it has looked at the file.
		start(t, data, "dev").ready(t)
		got := run(t, process{}, "dev", "--addr", "127.0.0.1:0", "--tls-addr", "127.0.0.1:0", "--data", data, "--ready-file", path)
		if _, err := os.Stat(path); got.code != 1 || !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%+v, file %v", got, err)
		}
	})

	t.Run("a ready file that cannot be written ends the server", func(t *testing.T) {
		got := run(t, process{}, "dev", "--addr", "127.0.0.1:0", "--tls-addr", "127.0.0.1:0", "--data", t.TempDir(), "--ready-file", filepath.Join(t.TempDir(), "none", "ready.json"))
		if got.code != 1 || !strings.Contains(got.stderr, "no such file or directory") {
			t.Errorf("%+v", got)
		}
	})

	t.Run("what is printed is whole", func(t *testing.T) {
		p := start(t, filepath.Join(t.TempDir(), "data"), "dev")
		ready := p.ready(t)
		if err := p.stop(t, syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		printed := p.stdout.String()
		for _, want := range []string{
			ready.Endpoint, ready.TLSEndpoint, ready.CAFile, "carillon tls trust --install --data ", ready.Region, ready.AccountID, ready.AccessKeyID, ready.SecretAccessKey, ready.AppInstanceARN, ready.AdminARN,
			ready.UserARNs["alice"], ready.UserARNs["bob"], ready.UserARNs["carol"], ready.UserARNs["dave"],
			"\nexport AWS_ENDPOINT_URL_CHIME_SDK_MESSAGING=" + ready.Endpoint + "\n",
			"\nexport AWS_ENDPOINT_URL_CHIME_SDK_IDENTITY=" + ready.Endpoint + "\n",
			"\nexport AWS_ENDPOINT_URL_STS=" + ready.Endpoint + " AWS_ENDPOINT_URL_IAM=" + ready.Endpoint + "\n",
			"\nexport AWS_ACCESS_KEY_ID=" + ready.AccessKeyID + "\n",
			"\nexport AWS_SECRET_ACCESS_KEY=" + ready.SecretAccessKey + "\n",
			"\nexport AWS_DEFAULT_REGION=us-east-1 AWS_REGION=us-east-1\n",
			"\nexport APP_INSTANCE_ARN=" + ready.AppInstanceARN + "\n",
			"  Chat page     " + ready.Endpoint + "/?as=alice\n                " + ready.Endpoint + "/?as=bob\n",
		} {
			if !strings.Contains(printed, want) {
				t.Errorf("no %q in:\n%s", want, printed)
			}
		}
		for _, heading := range []string{"# Python", "# AWS CLI", "// JavaScript"} {
			_, snippet, _ := strings.Cut(printed, heading)
			snippet, _, _ = strings.Cut(snippet, "\n\n")
			if lines := strings.Split(snippet, "\n")[1:]; len(lines) != 3 || strings.HasPrefix(lines[0], " ") {
				t.Errorf("%s has %d lines: %q", heading, len(lines), lines)
			}
		}
	})
}

func TestHangup(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	p := start(t, data, "dev", "--audit", "audit.log")
	p.ready(t)
	path := filepath.Join(data, "audit.log")
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	if err := p.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(path); err == nil {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("the log was not opened anew: %v", err)
		}
	}
	if err := p.stop(t, syscall.SIGTERM); err != nil {
		t.Errorf("%v: %s", err, p.stderr.String())
	}
}

func TestServe(t *testing.T) {
	t.Run("a server for good says where it is, answers, and ends in order", func(t *testing.T) {
		p := exec.Command(os.Args[0], "serve", "--addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0", "--data", filepath.Join(t.TempDir(), "data"))
		p.Env = append(os.Environ(), asProgram+"=1", "CARILLON_ROOT_KEY_ID=AKIATEST", "CARILLON_ROOT_SECRET=the secret of this test")
		logs, err := p.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if p.ProcessState == nil {
				_ = p.Process.Kill()
				_ = p.Wait()
			}
		})
		buffer := make([]byte, 4096)
		n, err := logs.Read(buffer)
		if err != nil {
			t.Fatal(err)
		}
		line := string(buffer[:n])
		found := regexp.MustCompile(`msg=serving .* addr=(\S+) admin=(\S+)`).FindStringSubmatch(line)
		if found == nil {
			t.Fatalf("the first line of the log: %s", line)
		}
		if strings.Contains(line, "the secret of this test") {
			t.Errorf("the log tells the secret: %s", line)
		}
		answer, err := http.Get("http://" + found[1] + "/app-instances")
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusForbidden {
			t.Errorf("unsigned: %d", answer.StatusCode)
		}
		if got := run(t, process{}, "healthcheck", "--addr", found[2]); got.code != 0 {
			t.Errorf("healthcheck: %+v", got)
		}
		if err := p.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := p.Wait(); err != nil {
			t.Errorf("the end: %v", err)
		}
	})
}
