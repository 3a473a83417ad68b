package bench

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// childTimeout bounds how long a server may take to start, and to stop.
const childTimeout = time.Minute

// child is a server that we started ourselves, on a folder of its own.
type child struct {
	binary, folder string
	arguments      []string
	secure         bool
	target         Target
	admin          string

	mu     sync.Mutex
	cmd    *exec.Cmd
	exited chan struct{}
	err    error // how it ended; to be read once it has
}

// startChild starts a server and returns when it answers.
func startChild(ctx context.Context, o *Options) (*child, error) {
	folder, err := os.MkdirTemp("", "carillon-bench-")
	if err != nil {
		return nil, err
	}
	addresses, err := freeAddresses()
	if err != nil {
		return nil, err
	}
	if !o.TLS {
		addresses[2] = "off"
	}
	c := &child{binary: o.Server, secure: o.TLS, folder: folder, admin: "http://" + addresses[1]}
	c.arguments = append([]string{"dev", "--addr", addresses[0], "--admin-addr", addresses[1], "--tls-addr", addresses[2],
		"--data", filepath.Join(folder, "data"), "--ready-file", c.readyFile(), "--log-level", "warn"}, o.ServerArgs...)
	if err := c.start(ctx); err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	return c, nil
}

// Systems give ports above these to those who ask for any, so that nobody comes by one of these while the
// server that has it is not there.
const firstPort, ports = 20_000, 12_000

// Every server of a process gets other ports; those of two processes begin somewhere.
var (
	somewhere = rand.Uint32N(ports)
	portsUsed atomic.Uint32
)

// freeAddresses finds addresses that nobody listens on. They are fixed, because a server that is
// started again must be found where it was.
func freeAddresses() (addresses [3]string, err error) {
	for i := range addresses {
		for range ports {
			addresses[i] = fmt.Sprintf("127.0.0.1:%d", firstPort+(somewhere+portsUsed.Add(1))%ports)
			var listener net.Listener
			if listener, err = net.Listen("tcp", addresses[i]); err == nil {
				err = listener.Close()
				break
			}
		}
		if err != nil {
			return addresses, err
		}
	}
	return addresses, nil
}

func (c *child) readyFile() string { return filepath.Join(c.folder, "ready.json") }

// start runs the server and returns when it answers.
func (c *child) start(ctx context.Context) error {
	log, err := os.OpenFile(filepath.Join(c.folder, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	if err := os.Remove(c.readyFile()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	cmd := exec.Command(c.binary, c.arguments...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return err
	}
	exited := make(chan struct{})
	c.mu.Lock()
	c.cmd, c.exited = cmd, exited
	c.mu.Unlock()
	go func() {
		c.err = cmd.Wait()
		close(exited)
	}()
	ctx, cancel := context.WithTimeout(ctx, childTimeout)
	defer cancel()
	for {
		if c.target, err = ReadReady(c.readyFile(), c.secure); err == nil {
			return nil
		}
		select {
		case <-exited:
			return fmt.Errorf("the server ended (%w): %s", c.err, c.tail())
		case <-ctx.Done():
			_ = c.kill()
			return fmt.Errorf("the server does not answer: %s", c.tail())
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// tail is the end of the server's log.
func (c *child) tail() string {
	text, _ := os.ReadFile(filepath.Join(c.folder, "log"))
	return string(text[max(0, len(text)-4000):])
}

func (c *child) pid() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cmd.Process.Pid
}

// kill ends the server at once, as a power failure would.
func (c *child) kill() error {
	err := c.cmd.Process.Kill()
	<-c.exited
	return err
}

// stop ends the server in good order and removes its folder.
func (c *child) stop() error {
	err := c.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-c.exited:
		if c.err != nil {
			err = fmt.Errorf("the server ended with %w: %s", c.err, c.tail())
		}
	case <-time.After(childTimeout):
		err = errors.Join(fmt.Errorf("the server does not stop within %v", childTimeout), c.kill())
	}
	return errors.Join(err, os.RemoveAll(c.folder))
}

// ReadReady reads the file that tells how to use a server, which `carillon dev` writes. secure takes the
// endpoint that speaks TLS.
func ReadReady(path string, secure bool) (Target, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Target{}, err
	}
	var ready struct {
		Endpoint    string `json:"endpoint"`
		TLSEndpoint string `json:"tls_endpoint"`
		CAFile      string `json:"ca_file"`
		Region      string `json:"region"`
		AccessKeyID string `json:"access_key_id"`
		Secret      string `json:"secret_access_key"`
		AppInstance string `json:"app_instance_arn"`
	}
	if err := json.Unmarshal(text, &ready); err != nil {
		return Target{}, fmt.Errorf("%s: %w", path, err)
	}
	t := Target{
		Endpoint: ready.Endpoint, Region: ready.Region, AccessKeyID: ready.AccessKeyID, Secret: ready.Secret, AppInstance: ready.AppInstance,
	}
	if !secure {
		return t, nil
	}
	if t.Endpoint = ready.TLSEndpoint; t.Endpoint == "" {
		return Target{}, fmt.Errorf("%s: the server does not speak TLS", path)
	}
	if ready.CAFile != "" {
		if text, err = os.ReadFile(ready.CAFile); err != nil {
			return Target{}, err
		}
		t.Roots = x509.NewCertPool()
		t.Roots.AppendCertsFromPEM(text)
	}
	return t, nil
}
