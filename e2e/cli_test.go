package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// cli runs the AWS CLI.
type cli struct {
	path    string
	environ []string
	global  []string // flags of every call
}

func (s *server) cli(t *testing.T) *cli {
	t.Helper()
	return &cli{path: awsCLI.path(t), environ: s.environ(), global: []string{"--endpoint-url", s.Endpoint}}
}

// cliAnswer is what the members of the answers looked at here have in common.
type cliAnswer struct {
	ChannelArn              string
	AppInstanceArn          string
	BatchChannelMemberships *struct {
		Members []struct{ Arn, Name string }
	}
	Errors             []struct{ MemberArn, ErrorCode string }
	ChannelMemberships []struct {
		Member struct{ Arn string }
	}
	Channel   struct{ Name, CreatedTimestamp string }
	Tags      []struct{ Key, Value string }
	NextToken string
}

// run runs a call that must succeed.
func (c *cli) run(t *testing.T, arguments ...string) (answer cliAnswer) {
	t.Helper()
	stdout, stderr, code := c.try(t, arguments...)
	if code != 0 {
		t.Fatalf("aws %s: exit code %d: %s", strings.Join(arguments, " "), code, stderr)
	}
	if stdout != "" {
		if err := json.Unmarshal([]byte(stdout), &answer); err != nil {
			t.Fatalf("aws %s: %v in: %s", strings.Join(arguments, " "), err, stdout)
		}
	}
	return answer
}

// try runs a call.
func (c *cli) try(t *testing.T, arguments ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), c.path, append(arguments, c.global...)...)
	cmd.Env = c.environ
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), complaint.String(), cmd.ProcessState.ExitCode()
}

func TestCLI(t *testing.T) {
	t.Parallel()
	s := startDev(t)
	aws := s.cli(t)
	a := newApp(t, &s.ready, 103)
	owner, others := a.users[0], a.users[1:]
	const name = "von der Kommandozeile 👋"
	channel := aws.run(t, "chime-sdk-messaging", "create-channel", "--app-instance-arn", a.arn, "--name", name, "--chime-bearer", owner).ChannelArn

	t.Run("a hundred users become members in one call", func(t *testing.T) {
		got := aws.run(t, append([]string{"chime-sdk-messaging", "batch-create-channel-membership", "--channel-arn", channel,
			"--type", "DEFAULT", "--chime-bearer", owner, "--member-arns"}, others[:100]...)...)
		if got.BatchChannelMemberships == nil || len(got.BatchChannelMemberships.Members) != 100 || len(got.Errors) != 0 {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("who cannot be added is told apart", func(t *testing.T) {
		got := aws.run(t, "chime-sdk-messaging", "batch-create-channel-membership", "--channel-arn", channel,
			"--chime-bearer", owner, "--member-arns", others[0], a.nobody(), others[100])
		if m := got.BatchChannelMemberships.Members; len(m) != 1 || m[0].Arn != others[100] || m[0].Name != "User 101" {
			t.Errorf("added %+v", m)
		}
		if e := fmt.Sprint(got.Errors); e != fmt.Sprintf("[{%s Conflict} {%s NotFound}]", others[0], a.nobody()) {
			t.Errorf("errors %v", e)
		}
	})
	t.Run("pages come to the end", func(t *testing.T) {
		var got []string
		token := []string{}
		for pages := 0; ; pages++ {
			if pages > 3 {
				t.Fatalf("there is no end after %d members", len(got))
			}
			page := aws.run(t, append([]string{"chime-sdk-messaging", "list-channel-memberships", "--channel-arn", channel,
				"--max-results", "50", "--chime-bearer", owner}, token...)...)
			for _, m := range page.ChannelMemberships {
				got = append(got, m.Member.Arn)
			}
			if page.NextToken == "" {
				break
			}
			token = []string{"--next-token", page.NextToken}
		}
		if !slices.Equal(got, a.users[:102]) {
			t.Errorf("the channel has %d members: %v", len(got), got)
		}
	})
	t.Run("times are printed as times, and texts as they are", func(t *testing.T) {
		got := aws.run(t, "chime-sdk-messaging", "describe-channel", "--channel-arn", channel, "--chime-bearer", owner).Channel
		created, err := time.Parse(time.RFC3339Nano, got.CreatedTimestamp)
		if since := time.Since(created); err != nil || since < -time.Second || since > time.Hour {
			t.Errorf("created at %s (%v)", got.CreatedTimestamp, err)
		}
		if got.Name != name {
			t.Errorf("the name is %q", got.Name)
		}
	})
	t.Run("an operation without an answer prints nothing", func(t *testing.T) {
		stdout, stderr, code := aws.try(t, "chime-sdk-messaging", "tag-resource", "--resource-arn", channel, "--tags", "Key=city,Value=Köln")
		if stdout != "" || stderr != "" || code != 0 {
			t.Errorf("got %q, %q and exit code %d", stdout, stderr, code)
		}
		got := aws.run(t, "chime-sdk-identity", "list-tags-for-resource", "--resource-arn", channel).Tags
		if fmt.Sprint(got) != "[{city Köln}]" {
			t.Errorf("tags %v", got)
		}
	})
	t.Run("an exception is printed under its name", func(t *testing.T) {
		_, stderr, code := aws.try(t, "chime-sdk-messaging", "create-channel-membership", "--channel-arn", channel,
			"--type", "DEFAULT", "--member-arn", owner, "--chime-bearer", owner)
		if !strings.Contains(stderr, "An error occurred (ConflictException) when calling the CreateChannelMembership operation: ") || code != 254 {
			t.Errorf("got %q and exit code %d", stderr, code)
		}
	})
	t.Run("a wrong secret is refused", func(t *testing.T) {
		wrong := *aws
		wrong.environ = append(slices.Clone(aws.environ), "AWS_SECRET_ACCESS_KEY=wrong")
		_, stderr, code := wrong.try(t, "chime-sdk-identity", "list-app-instances")
		if !strings.Contains(stderr, "(InvalidSignatureException)") || code != 254 {
			t.Errorf("got %q and exit code %d", stderr, code)
		}
	})
	t.Run("the old namespace goes through a proxy", func(t *testing.T) {
		old := cli{path: aws.path, environ: append(s.environ(), "HTTP_PROXY="+s.Endpoint, "http_proxy="+s.Endpoint),
			global: []string{"--endpoint-url", "http://chime.us-east-1.amazonaws.com"}}
		instance := old.run(t, "chime", "create-app-instance", "--name", "old").AppInstanceArn
		if !strings.HasPrefix(instance, "arn:aws:chime:us-east-1:123456789012:app-instance/") {
			t.Errorf("the app instance is %q", instance)
		}
		got := old.run(t, "chime", "batch-create-channel-membership", "--channel-arn", channel, "--type", "DEFAULT",
			"--chime-bearer", owner, "--member-arns", others[101])
		if got.BatchChannelMemberships == nil || len(got.BatchChannelMemberships.Members) != 1 {
			t.Errorf("got %+v", got)
		}
	})
}
