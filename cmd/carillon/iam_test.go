package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"carillon/server"
)

// console is somebody at a command line, with the root key of a server in the environment.
type console struct {
	t      *testing.T
	server server.Ready
}

// run runs a command and returns what it prints, and what it says on an error.
func (c console) run(args ...string) (stdout, stderr string, code int) {
	return c.with(c.server.AccessKeyID, c.server.SecretAccessKey, args...)
}

// with runs a command with a key.
func (c console) with(id, secret string, args ...string) (stdout, stderr string, code int) {
	c.t.Helper()
	var out, errs bytes.Buffer
	p := process{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, environ: []string{
		"AWS_ACCESS_KEY_ID=" + id, "AWS_SECRET_ACCESS_KEY=" + secret, "AWS_ENDPOINT_URL=" + c.server.Endpoint,
	}}
	code = p.run(context.Background(), args)
	return out.String(), errs.String(), code
}

// done runs a command that succeeds.
func (c console) done(args ...string) string {
	c.t.Helper()
	out, errs, code := c.run(args...)
	if code != 0 || errs != "" {
		c.t.Fatalf("carillon %s: %s", strings.Join(args, " "), errs)
	}
	return out
}

// fails runs a command that fails and says a text.
func (c console) fails(text string, args ...string) {
	c.t.Helper()
	if out, errs, code := c.run(args...); code != 1 || out != "" || !strings.Contains(errs, text) {
		c.t.Errorf("carillon %s: %d, %q, %q, want %q", strings.Join(args, " "), code, out, errs, text)
	}
}

var exports = regexp.MustCompile(`^(?:# account ([0-9]{12})\n)?export AWS_ACCESS_KEY_ID=(AKIA[A-Z2-7]{16})\nexport AWS_SECRET_ACCESS_KEY=(\S{40})\n$`)

// made reads the key that a command printed.
func (c console) made(out string) (account, id, secret string) {
	c.t.Helper()
	found := exports.FindStringSubmatch(out)
	if found == nil {
		c.t.Fatalf("no key in %q", out)
	}
	return found[1], found[2], found[3]
}

// good reports whether a key may list app instances.
func (c console) good(id, secret string) bool {
	c.t.Helper()
	_, errs, code := c.with(id, secret, "call", "ListAppInstances")
	if code != 0 && !strings.Contains(errs, "UnrecognizedClientException") {
		c.t.Fatal(errs)
	}
	return code == 0
}

func (c console) file(name, content string) string {
	c.t.Helper()
	path := filepath.Join(c.t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		c.t.Fatal(err)
	}
	return path
}

func TestManagingAccess(t *testing.T) {
	c := console{t: t, server: start(t, filepath.Join(t.TempDir(), "data"), "dev").ready(t)}

	t.Run("a key is made, disabled, enabled, rotated and deleted", func(t *testing.T) {
		c := console{t: t, server: c.server}
		_, id, secret := c.made(c.done("key", "create", "backend", "--policy", "CarillonBackend"))
		if !c.good(id, secret) {
			t.Error("the key that was made is not good")
		}
		if got := c.done("key", "list"); !regexp.MustCompile(`(?m)^backend +` + id + ` +Active +\S+ +(never|2\S+)$`).MatchString(got) {
			t.Errorf("got %s", got)
		}
		c.done("key", "disable", id)
		if c.good(id, secret) {
			t.Error("a disabled key is good")
		}
		c.done("key", "enable", id)
		if !c.good(id, secret) {
			t.Error("an enabled key is not")
		}
		_, next, nextSecret := c.made(c.done("key", "rotate", id))
		if c.good(id, secret) || !c.good(next, nextSecret) {
			t.Error("rotation did not change which key is good")
		}
		c.fails("LimitExceeded", "key", "rotate", next)
		c.done("key", "delete", id)
		if got := c.done("key", "list", "backend"); strings.Contains(got, id) || !strings.Contains(got, next) {
			t.Errorf("got %s", got)
		}
		c.fails("NoSuchEntity", "key", "delete", id)
	})
	t.Run("a policy of one's own says what a key may do", func(t *testing.T) {
		c := console{t: t, server: c.server}
		alice := c.server.UserARNs["alice"]
		policy := c.file("alice.json", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"chime:*","Resource":["`+alice+`","`+c.server.AppInstanceARN+`/channel/*"]}}`)
		_, id, secret := c.made(c.done("key", "create", "alices-app", "--policy", "@"+policy))
		create := []string{"call", "CreateChannel", "--json", `{"AppInstanceArn":"` + c.server.AppInstanceARN + `","Name":"n"}`, "--bearer"}
		if _, errs, code := c.with(id, secret, append(create, alice)...); code != 0 {
			t.Error(errs)
		}
		if _, errs, code := c.with(id, secret, append(create, c.server.UserARNs["bob"])...); code != 1 || !strings.Contains(errs, "AccessDeniedException: User: arn:aws:iam::"+c.server.AccountID+":user/alices-app is not authorized") {
			t.Errorf("%d %s", code, errs)
		}
		if _, errs, code := c.with(id, secret, "key", "list"); code != 1 || !strings.Contains(errs, "AccessDenied: ") {
			t.Errorf("%d %s", code, errs)
		}
		c.fails("MalformedPolicyDocument", "key", "create", "nobody", "--policy", "@"+c.file("bad.json", `{"Statement":1}`))
		c.fails("NoSuchEntity", "key", "create", "nobody", "--policy", "AdministratorAccess")
	})
	t.Run("a role is made, listed, revoked and deleted", func(t *testing.T) {
		c := console{t: t, server: c.server}
		trust := c.file("trust.json", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"`+c.server.AccountID+`"},"Action":"sts:AssumeRole"}}`)
		arn := "arn:aws:iam::" + c.server.AccountID + ":role/EndUser"
		if got := c.done("role", "create", "EndUser", "--trust", trust, "--policy", "CarillonEndUser", "--max-session", "2h", "--tag", "a=b"); got != arn+"\n" {
			t.Errorf("got %s", got)
		}
		c.fails("EntityAlreadyExists", "role", "create", "enduser", "--trust", trust)
		if got := c.done("role", "list"); !regexp.MustCompile(`(?m)^EndUser +2h0m0s +\S+ +` + arn + `$`).MatchString(got) {
			t.Errorf("got %s", got)
		}
		c.done("role", "revoke", "EndUser")
		c.done("role", "delete", "EndUser")
		c.fails("NoSuchEntity", "role", "delete", "EndUser")
	})
	t.Run("an account is made, is a world of its own, and deleted", func(t *testing.T) {
		c := console{t: t, server: c.server}
		account, id, secret := c.made(c.done("account", "create", "--name", "second"))
		if out, errs, _ := c.with(id, secret, "call", "ListAppInstances"); !strings.Contains(out, `"AppInstances": []`) {
			t.Errorf("got %s %s", out, errs)
		}
		if got := c.done("account", "list"); !regexp.MustCompile(`(?m)^` + account + ` +second +\S+$`).MatchString(got) {
			t.Errorf("got %s", got)
		}
		if _, errs, code := c.with(id, secret, "account", "list"); code != 1 || !strings.Contains(errs, "AccessDenied") {
			t.Errorf("%d %s", code, errs)
		}
		out, errs, _ := c.with(id, secret, "key", "rotate", id)
		if _, next, nextSecret := c.made(out + errs); c.good(id, secret) || !c.good(next, nextSecret) {
			t.Error("the root key was not rotated")
		}
		c.done("account", "delete", account)
		if c.good(id, secret) {
			t.Error("its key is good")
		}
		c.fails("DeleteConflict", "account", "delete", c.server.AccountID)
	})
	t.Run("what is missing is said", func(t *testing.T) {
		c := console{t: t, server: c.server}
		c.fails("name the owner", "key", "create")
		c.fails("name one access key id", "key", "rotate")
		c.fails(`required flag(s) "trust"`, "role", "create", "r")
	})
}

// TestKillDuringRotation kills a server while keys are rotated: what was answered holds afterwards, and what
// was not has happened as a whole or not at all.
func TestKillDuringRotation(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	p := start(t, data, "dev")
	c := console{t: t, server: p.ready(t)}
	_, id, secret := c.made(c.done("key", "create", "backend", "--policy", "CarillonBackend"))
	gone := map[string]string{} // keys that were replaced, with their secrets
	for round := range 4 {
		ended, rotated := make(chan struct{}), make(chan struct{}, 1)
		go func() {
			defer close(ended)
			for {
				out, _, code := c.run("key", "rotate", id)
				found := exports.FindStringSubmatch(out)
				if code != 0 || found == nil {
					return
				}
				gone[id] = secret
				old := id
				id, secret = found[2], found[3]
				select {
				case rotated <- struct{}{}:
				default:
				}
				if _, _, code := c.run("key", "delete", old); code != 0 {
					return
				}
			}
		}()
		select {
		case <-rotated:
		case <-ended:
			t.Fatalf("round %d: the key cannot be rotated", round)
		}
		time.Sleep(time.Duration(5*round) * time.Millisecond) // so that each round ends somewhere else
		if err := p.Process.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		<-p.ended
		<-ended

		p = start(t, data, "dev")
		c.server = p.ready(t)
		for old, oldSecret := range gone {
			if c.good(old, oldSecret) {
				t.Fatalf("round %d: a key that was replaced is good again", round)
			}
		}
		var active []string
		for line := range strings.Lines(c.done("key", "list", "backend")) {
			if fields := strings.Fields(line); len(fields) > 2 && fields[2] == "Active" {
				active = append(active, fields[1])
			}
		}
		if len(active) != 1 {
			t.Fatalf("round %d: %d keys are active", round, len(active))
		}
		if active[0] == id {
			if !c.good(id, secret) {
				t.Fatalf("round %d: the key that was answered is not good", round)
			}
		} else if c.good(id, secret) {
			t.Fatalf("round %d: a rotation that nobody was told of left the old key good", round)
		}
		for line := range strings.Lines(c.done("key", "list", "backend")) {
			if fields := strings.Fields(line); len(fields) > 1 && strings.HasPrefix(fields[1], "AKIA") {
				c.done("key", "delete", fields[1])
			}
		}
		_, id, secret = c.made(c.done("key", "create", "backend"))
	}
	if len(gone) == 0 {
		t.Error("nothing was rotated")
	}
}
