package e2e

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	aws1 "github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/aws/awserr"
	credentials1 "github.com/aws/aws-sdk-go/aws/credentials"
	"github.com/aws/aws-sdk-go/service/chimesdkmessaging"
	"github.com/aws/smithy-go"
)

const (
	accountRoot = "arn:aws:iam::123456789012:root"
	// trustAccount lets everybody of the account take a role whose own policies allow it.
	trustAccount = `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": ["sts:AssumeRole", "sts:TagSession"]}}`
	// noThumbprint is what old versions of the CLI want to be told of a certificate, which nobody looks at.
	noThumbprint = "0000000000000000000000000000000000000000"
	endUser      = "arn:aws:iam::aws:policy/CarillonEndUser"
)

// trustIssuer lets those whom an identity provider vouches for take a role.
func trustIssuer(provider string) string {
	return `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"Federated": "` + provider + `"}, "Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"]}}`
}

// The AWS CLI manages who may call, with the actions of IAM.
func TestCLIAccess(t *testing.T) {
	t.Parallel()
	s := startDev(t)
	aws := s.cli(t)
	iam := func(t *testing.T, arguments ...string) map[string]any {
		t.Helper()
		stdout, stderr, code := aws.try(t, append([]string{"iam"}, arguments...)...)
		if code != 0 {
			t.Fatalf("aws iam %s: %s", strings.Join(arguments, " "), stderr)
		}
		var answer map[string]any
		if stdout != "" {
			if err := json.Unmarshal([]byte(stdout), &answer); err != nil {
				t.Fatal(err)
			}
		}
		return answer
	}

	t.Run("a key of its own, with a policy of its own, until it is disabled", func(t *testing.T) {
		iam(t, "create-user", "--user-name", "reports")
		iam(t, "put-user-policy", "--user-name", "reports", "--policy-name", "read", "--policy-document",
			`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "chime:ListAppInstances", "Resource": "*"}}`)
		key := iam(t, "create-access-key", "--user-name", "reports")["AccessKey"].(map[string]any)
		id, secret := key["AccessKeyId"].(string), key["SecretAccessKey"].(string)
		reports := *aws
		reports.environ = append(slices.Clone(aws.environ), "AWS_ACCESS_KEY_ID="+id, "AWS_SECRET_ACCESS_KEY="+secret)
		if who, _, _ := reports.try(t, "sts", "get-caller-identity", "--query", "Arn", "--output", "text"); who != "arn:aws:iam::123456789012:user/reports\n" {
			t.Errorf("who calls is %q", who)
		}
		reports.run(t, "chime-sdk-identity", "list-app-instances")
		_, stderr, code := reports.try(t, "chime-sdk-identity", "create-app-instance", "--name", "mine")
		if want := "User: arn:aws:iam::123456789012:user/reports is not authorized to perform: chime:CreateAppInstance on resource: "; code != 254 || !strings.Contains(stderr, "(AccessDeniedException)") || !strings.Contains(stderr, want) {
			t.Errorf("got %q and exit code %d", stderr, code)
		}
		iam(t, "update-access-key", "--user-name", "reports", "--access-key-id", id, "--status", "Inactive")
		if _, stderr, _ := reports.try(t, "chime-sdk-identity", "list-app-instances"); !strings.Contains(stderr, "(UnrecognizedClientException)") {
			t.Errorf("got %q", stderr)
		}
		if _, stderr, _ := aws.try(t, "iam", "delete-user", "--user-name", "reports"); !strings.Contains(stderr, "(DeleteConflict)") {
			t.Errorf("got %q", stderr)
		}
		iam(t, "delete-access-key", "--user-name", "reports", "--access-key-id", id)
		iam(t, "delete-user-policy", "--user-name", "reports", "--policy-name", "read")
		iam(t, "delete-user", "--user-name", "reports")
		if users := iam(t, "list-users")["Users"].([]any); len(users) != 0 {
			t.Errorf("users %v", users)
		}
	})
	t.Run("a role that is described as it was made", func(t *testing.T) {
		iam(t, "create-role", "--role-name", "described", "--assume-role-policy-document", trustAccount, "--tags", "Key=team,Value=Köln", "--max-session-duration", "7200")
		iam(t, "put-role-policy", "--role-name", "described", "--policy-name", "all", "--policy-document",
			`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "chime:*", "Resource": "*"}}`)
		iam(t, "attach-role-policy", "--role-name", "described", "--policy-arn", endUser)
		role := iam(t, "get-role", "--role-name", "described")["Role"].(map[string]any)
		statement := role["AssumeRolePolicyDocument"].(map[string]any)["Statement"].(map[string]any)
		if role["Arn"] != "arn:aws:iam::123456789012:role/described" || role["MaxSessionDuration"] != 7200.0 || statement["Effect"] != "Allow" {
			t.Errorf("role %v", role)
		}
		attached := iam(t, "list-attached-role-policies", "--role-name", "described")["AttachedPolicies"].([]any)
		if len(attached) != 1 || attached[0].(map[string]any)["PolicyArn"] != endUser {
			t.Errorf("attached %v", attached)
		}
		if _, stderr, _ := aws.try(t, "iam", "get-role", "--role-name", "nobody"); !strings.Contains(stderr, "(NoSuchEntity)") {
			t.Errorf("got %q", stderr)
		}
	})
	t.Run("a session of a role for one user", func(t *testing.T) {
		stdout, stderr, code := aws.try(t, "sts", "assume-role", "--role-arn", "arn:aws:iam::123456789012:role/described", "--role-session-name", "shell",
			"--tags", "Key=UserUUID,Value=alice", "--policy-arns", "arn="+endUser)
		var answer struct {
			Credentials struct{ AccessKeyId, SecretAccessKey, SessionToken string }
		}
		if code != 0 || json.Unmarshal([]byte(stdout), &answer) != nil {
			t.Fatalf("got %q, %q and exit code %d", stdout, stderr, code)
		}
		c := answer.Credentials
		alice := *aws
		alice.environ = append(slices.Clone(aws.environ), "AWS_ACCESS_KEY_ID="+c.AccessKeyId, "AWS_SECRET_ACCESS_KEY="+c.SecretAccessKey, "AWS_SESSION_TOKEN="+c.SessionToken)
		alice.run(t, "chime-sdk-messaging", "list-channels", "--app-instance-arn", s.AppInstanceARN, "--chime-bearer", s.UserARNs["alice"])
		_, stderr, _ = alice.try(t, "chime-sdk-messaging", "list-channels", "--app-instance-arn", s.AppInstanceARN, "--chime-bearer", s.UserARNs["bob"])
		if want := "on resource: " + s.UserARNs["bob"] + " because no session policy allows the chime:ListChannels action"; !strings.Contains(stderr, want) {
			t.Errorf("got %q", stderr)
		}
	})
	t.Run("a token of an identity provider", func(t *testing.T) {
		issuer := startIssuer(t)
		provider := iam(t, "create-open-id-connect-provider", "--url", issuer.url, "--client-id-list", "backend", "--thumbprint-list", noThumbprint)["OpenIDConnectProviderArn"].(string)
		if want := "arn:aws:iam::123456789012:oidc-provider/" + strings.TrimPrefix(issuer.url, "http://"); provider != want {
			t.Errorf("the provider is %s, want %s", provider, want)
		}
		iam(t, "create-role", "--role-name", "web", "--assume-role-policy-document", trustIssuer(provider))
		iam(t, "attach-role-policy", "--role-name", "web", "--policy-arn", endUser)
		nobody := cli{path: aws.path, global: aws.global, environ: append(clientEnviron(), "AWS_DEFAULT_REGION="+s.Region)}
		stdout, stderr, code := nobody.try(t, "sts", "assume-role-with-web-identity", "--role-arn", "arn:aws:iam::123456789012:role/web",
			"--role-session-name", "machine", "--web-identity-token", issuer.token(t, "alice"))
		var answer struct {
			SubjectFromWebIdentityToken, Audience string
			AssumedRoleUser                       struct{ Arn string }
		}
		if code != 0 || json.Unmarshal([]byte(stdout), &answer) != nil {
			t.Fatalf("got %q, %q and exit code %d", stdout, stderr, code)
		}
		if answer.SubjectFromWebIdentityToken != "alice" || answer.Audience != "backend" || answer.AssumedRoleUser.Arn != "arn:aws:sts::123456789012:assumed-role/web/machine" {
			t.Errorf("got %s", stdout)
		}
	})
}

// The AWS SDK for Go, version 2, renews temporary credentials by its own providers.
func TestSDKAccess(t *testing.T) {
	t.Parallel()
	s := startDev(t)
	issuer := startIssuer(t)
	provider, stderr, code := s.cli(t).try(t, "iam", "create-open-id-connect-provider", "--url", issuer.url, "--client-id-list", "backend",
		"--thumbprint-list", noThumbprint, "--query", "OpenIDConnectProviderArn", "--output", "text")
	if code != 0 {
		t.Fatal(stderr)
	}
	for role, trust := range map[string]string{"chat": trustAccount, "web": trustIssuer(strings.TrimSpace(provider))} {
		file := filepath.Join(t.TempDir(), "trust.json")
		if err := os.WriteFile(file, []byte(trust), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), binary, "role", "create", role, "--trust", file, "--policy", "CarillonEndUser",
			"--tag", "carillon:CreateUserIn="+s.AppInstanceARN, "--endpoint", s.Endpoint)
		cmd.Env = s.environ()
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}

	newSTS := func(provider aws.CredentialsProvider) *sts.Client {
		return sts.New(sts.Options{BaseEndpoint: &s.Endpoint, Region: s.Region, Credentials: provider, RetryMaxAttempts: 1})
	}
	root := newSTS(credentials.NewStaticCredentialsProvider(s.AccessKeyID, s.SecretAccessKey, ""))
	tag := func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName, o.Duration = "go", 15*time.Minute
		o.Tags = []types.Tag{{Key: aws.String("UserUUID"), Value: aws.String("alice")}}
	}
	for _, c := range []struct {
		name, role string
		provider   aws.CredentialsProvider
	}{
		{"AssumeRoleProvider", "chat", stscreds.NewAssumeRoleProvider(root, "arn:aws:iam::123456789012:role/chat", tag)},
		{"WebIdentityRoleProvider", "web", stscreds.NewWebIdentityRoleProvider(newSTS(nil), "arn:aws:iam::123456789012:role/web",
			stscreds.IdentityTokenFile(issuer.tokenFile(t, "alice")), func(o *stscreds.WebIdentityRoleOptions) { o.RoleSessionName = "go" })},
	} {
		t.Run(c.name, func(t *testing.T) {
			who := must(newSTS(c.provider).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}))(t)
			if want := "arn:aws:sts::123456789012:assumed-role/" + c.role + "/go"; *who.Arn != want || *who.Account != s.AccountID {
				t.Errorf("who calls is %s of %s, want %s", *who.Arn, *who.Account, want)
			}
			got := must(c.provider.Retrieve(t.Context()))(t)
			if left := time.Until(got.Expires); !got.CanExpire || left < 14*time.Minute || left > time.Hour {
				t.Errorf("the credentials end in %v", left)
			}
			as := s.messaging(t, aws1.NewConfig().WithCredentials(credentials1.NewStaticCredentials(got.AccessKeyID, got.SecretAccessKey, got.SessionToken)))
			alice, bob := s.UserARNs["alice"], s.UserARNs["bob"]
			must(as.ListChannels(&chimesdkmessaging.ListChannelsInput{AppInstanceArn: &s.AppInstanceARN, ChimeBearer: &alice}))(t)
			_, err := as.ListChannels(&chimesdkmessaging.ListChannelsInput{AppInstanceArn: &s.AppInstanceARN, ChimeBearer: &bob})
			var refusal awserr.RequestFailure
			if !errors.As(err, &refusal) || refusal.StatusCode() != 403 || !strings.Contains(refusal.Message(), "is not authorized to perform: chime:ListChannels on resource: "+bob) {
				t.Errorf("as bob: %v", err)
			}
		})
	}
	t.Run("whoever may not take a role is told so", func(t *testing.T) {
		_, err := stscreds.NewAssumeRoleProvider(root, "arn:aws:iam::123456789012:role/web").Retrieve(t.Context())
		var refusal smithy.APIError
		if want := "User: " + accountRoot + " is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::123456789012:role/web"; !errors.As(err, &refusal) || refusal.ErrorCode() != "AccessDenied" || refusal.ErrorMessage() != want {
			t.Errorf("got %v", err)
		}
	})
}
