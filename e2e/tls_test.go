package e2e

import (
	"bytes"
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/aws/credentials"
	"github.com/aws/aws-sdk-go/aws/session"
	"github.com/aws/aws-sdk-go/service/chimesdkmessaging"
)

// Every client is told of the local authority in the way that `carillon tls trust` says, and asks for the
// session endpoint, which it is told by the name that it used.
func TestTLSClients(t *testing.T) {
	t.Parallel()
	s := startDev(t)
	endpoint, err := url.Parse(s.TLSEndpoint)
	if err != nil || endpoint.Scheme != "https" {
		t.Fatalf("endpoint %q, %v", s.TLSEndpoint, err)
	}
	byName := "localhost:" + endpoint.Port()
	environ := append(s.environ(), "NO_PROXY=localhost,127.0.0.1", "no_proxy=localhost,127.0.0.1", "AWS_MAX_ATTEMPTS=1")

	// ask runs a client that prints the session endpoint, once in an environment that trusts the authority
	// and once in one that does not.
	ask := func(t *testing.T, trusting string, program string, arguments ...string) {
		t.Helper()
		for _, trusts := range []bool{true, false} {
			cmd := exec.CommandContext(t.Context(), program, arguments...)
			cmd.Env = environ
			cmd.Dir = "js"
			if trusts {
				cmd.Env = append(cmd.Env, trusting+"="+s.CAFile)
			}
			out, err := cmd.Output()
			if trusts && (err != nil || strings.TrimSpace(string(out)) != byName) {
				t.Errorf("got %q, %v, want %s", out, err, byName)
			}
			if !trusts && err == nil {
				t.Errorf("without the authority: %q", out)
			}
		}
	}

	t.Run("boto3", func(t *testing.T) {
		ask(t, "AWS_CA_BUNDLE", python.path(t), "-c", `
import boto3, sys
client = boto3.client("chime-sdk-messaging", endpoint_url="https://" + sys.argv[1])
print(client.get_messaging_session_endpoint()["Endpoint"]["Url"])`, byName)
	})
	t.Run("the AWS CLI", func(t *testing.T) {
		ask(t, "AWS_CA_BUNDLE", awsCLI.path(t), "chime-sdk-messaging", "get-messaging-session-endpoint", "--endpoint-url", "https://"+byName,
			"--query", "Endpoint.Url", "--output", "text")
	})
	t.Run("the SDK for JavaScript", func(t *testing.T) {
		installJavaScript(t)
		ask(t, "NODE_EXTRA_CA_CERTS", node.path(t), "-e", `
const { ChimeSDKMessaging } = require('@aws-sdk/client-chime-sdk-messaging');
new ChimeSDKMessaging({ endpoint: 'https://' + process.argv[1] }).getMessagingSessionEndpoint({}).then((answer) => console.log(answer.Endpoint.Url));`, byName)
	})
	t.Run("a name with a prefix, which a wildcard would not do for", func(t *testing.T) {
		ask(t, "NODE_EXTRA_CA_CERTS", node.path(t), "-e", `
const lookup = (name, options, done) => options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4);
const request = require('https').get('https://messaging-chime.' + process.argv[1], { lookup }, () => { console.log(process.argv[1]); request.destroy(); });`, byName)
	})
	t.Run("the SDK for Go", func(t *testing.T) {
		bundle, err := os.Open(s.CAFile)
		if err != nil {
			t.Fatal(err)
		}
		defer bundle.Close()
		config := aws.NewConfig().WithEndpoint("https://" + byName).WithRegion(s.Region).WithMaxRetries(0).
			WithCredentials(credentials.NewStaticCredentials(s.AccessKeyID, s.SecretAccessKey, ""))
		// A bundle of the environment would go before a client of the configuration.
		trusting, err := session.NewSessionWithOptions(session.Options{Config: *config, CustomCABundle: bundle})
		if err != nil {
			t.Fatal(err)
		}
		client := chimesdkmessaging.New(trusting)
		answer := must(client.GetMessagingSessionEndpoint(&chimesdkmessaging.GetMessagingSessionEndpointInput{}))(t)
		if got := aws.StringValue(answer.Endpoint.Url); got != byName {
			t.Errorf("got %s", got)
		}
	})
	t.Run("a client in the clear is told the port that speaks TLS", func(t *testing.T) {
		answer := must(s.messaging(t).GetMessagingSessionEndpoint(&chimesdkmessaging.GetMessagingSessionEndpointInput{}))(t)
		if got := aws.StringValue(answer.Endpoint.Url); got != endpoint.Host {
			t.Errorf("got %s, want %s", got, endpoint.Host)
		}
	})
}

// A browser believes the server once `carillon tls trust --install` has been run, under every name of this
// machine, and no longer after --uninstall. Its home is a folder of the test.
func TestBrowserTrust(t *testing.T) {
	t.Parallel()
	s := startDev(t)
	home, browser := scratchFolder(t), chromium.path(t)
	endpoint, err := url.Parse(s.TLSEndpoint)
	if err != nil {
		t.Fatal(err)
	}
	visit := func(host string) string {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		var page bytes.Buffer
		cmd := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
			"--no-proxy-server", "--user-data-dir="+scratchFolder(t), "--dump-dom", "https://"+host+":"+endpoint.Port()+"/no-operation")
		cmd.Env = append(bareEnviron(), "HOME="+home)
		cmd.Stdout, cmd.WaitDelay = &page, time.Second
		if err := cmd.Run(); err != nil && ctx.Err() != nil {
			t.Errorf("%s: %v", host, err)
		}
		return page.String()
	}
	trust := func(flag string) {
		t.Helper()
		cmd := exec.Command(binary, "tls", "trust", flag, "--no-system", "--data", filepath.Dir(filepath.Dir(s.CAFile)))
		cmd.Env = append(bareEnviron(), "HOME="+home)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	const answer = `{"Message":"The requested operation is not known."}`

	if _, err := exec.LookPath("certutil"); err != nil {
		t.Fatalf("please install certutil of NSS (Debian: apt-get install libnss3-tools): %v", err)
	}
	if page := visit("localhost"); strings.Contains(page, answer) { // and the browser makes its database
		t.Fatalf("a browser trusts an authority that nobody told it of: %s", page)
	}
	trust("--install")
	for _, host := range []string{"localhost", "127.0.0.1", "messaging-chime.localhost", "my-app.localhost"} {
		if page := visit(host); !strings.Contains(page, answer) {
			t.Errorf("%s: %s", host, page)
		}
	}
	trust("--uninstall")
	if page := visit("localhost"); strings.Contains(page, answer) {
		t.Errorf("a browser that trusts for good: %s", page)
	}
}
