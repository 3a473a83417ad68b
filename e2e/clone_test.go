package e2e

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go/service/chimesdkidentity"
)

// On a machine that has Go, make and a fresh clone, but no C compiler, Git or anything else, `make dev`
// answers. What Go has compiled and downloaded before is used, to save time.
func TestFreshClone(t *testing.T) {
	t.Parallel()
	clone := t.TempDir()
	cloneTree(t, clone)
	cache, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	paths := strings.Fields(string(cache))
	programs := t.TempDir()
	for _, name := range []string{"make", "sh", "bash"} {
		program, err := exec.LookPath(name)
		if err != nil {
			t.Fatalf("please install %s: %v", name, err)
		}
		if err := os.Symlink(program, filepath.Join(programs, name)); err != nil {
			t.Fatal(err)
		}
	}
	var stdout, stderr output
	cmd := exec.Command("make", "dev")
	cmd.Dir, cmd.Stdout, cmd.Stderr = clone, &stdout, &stderr
	cmd.Env = []string{
		"HOME=" + scratchFolder(t), "PATH=" + filepath.Join(paths[2], "bin") + ":" + programs,
		"GOCACHE=" + paths[0], "GOMODCACHE=" + paths[1], "CARILLON_ADDR=127.0.0.1:0", "CARILLON_TLS_ADDR=127.0.0.1:0",
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // make, go and the server end together
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait() // make reports the interrupt below as an error
		close(exited)
	}()
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) // as Ctrl-C does
		select {
		case <-exited:
		case <-time.After(patience):
			t.Errorf("it does not end")
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			<-exited
		}
		if t.Failed() {
			t.Logf("it printed:\n%s\n%s", stdout.String(), tail(stderr.String(), 8000))
		}
	})

	ready := waitForBanner(t, &stdout, exited)
	users := must(ready.identity(t).ListAppInstanceUsers(&chimesdkidentity.ListAppInstanceUsersInput{AppInstanceArn: &ready.AppInstanceARN}))(t)
	if got := len(users.AppInstanceUsers); got != 5 {
		t.Errorf("the demo has %d users, want alice, bob, carol, dave and admin", got)
	}
}

// cloneTree copies what a clone would hold if everything here were committed.
func cloneTree(t *testing.T, to string) {
	t.Helper()
	list := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = root
	names, err := list.Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	for name := range bytes.SplitSeq(bytes.TrimSuffix(names, []byte{0}), []byte{0}) {
		from, err := os.Open(filepath.Join(root, string(name)))
		if os.IsNotExist(err) {
			continue // deleted, but not from the index
		}
		if err != nil {
			t.Fatal(err)
		}
		target := filepath.Join(to, string(name))
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			t.Fatal(err)
		}
		file, err := os.Create(target)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(file, from); err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
		from.Close()
	}
}

var exportPattern = regexp.MustCompile(`(?m)^export (\w+)=(\S+)`)

// waitForBanner reads how to call the server from what it prints.
func waitForBanner(t *testing.T, stdout *output, exited <-chan struct{}) *ready {
	t.Helper()
	// A machine that has compiled nothing yet takes its time.
	deadline := time.After(5 * time.Minute)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !strings.Contains(stdout.String(), "Stop with Ctrl-C") {
		select {
		case <-tick.C:
		case <-exited:
			t.Fatal("it ended")
		case <-deadline:
			t.Fatal("it does not get ready")
		}
	}
	exports := make(map[string]string)
	for _, match := range exportPattern.FindAllStringSubmatch(stdout.String(), -1) {
		exports[match[1]] = match[2]
	}
	return &ready{
		Endpoint: exports["AWS_ENDPOINT_URL_CHIME_SDK_MESSAGING"], Region: exports["AWS_DEFAULT_REGION"],
		AccessKeyID: exports["AWS_ACCESS_KEY_ID"], SecretAccessKey: exports["AWS_SECRET_ACCESS_KEY"],
		AppInstanceARN: exports["APP_INSTANCE_ARN"],
	}
}
