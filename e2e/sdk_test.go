package e2e

import (
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/aws/awserr"
	"github.com/aws/aws-sdk-go/aws/credentials"
	"github.com/aws/aws-sdk-go/aws/session"
	"github.com/aws/aws-sdk-go/service/chime"
	"github.com/aws/aws-sdk-go/service/chimesdkidentity"
	"github.com/aws/aws-sdk-go/service/chimesdkmessaging"
)

// quiet swallows the reminders that AWS no longer serves the old namespace.
var quiet = aws.LoggerFunc(func(...any) {})

// session configures the AWS SDK for Go. Nothing is tried twice: an error is to be seen.
func (r *ready) session(t testing.TB, changes ...*aws.Config) *session.Session {
	t.Helper()
	config := aws.NewConfig().WithEndpoint(r.Endpoint).WithRegion(r.Region).WithMaxRetries(0).WithLogger(quiet).
		WithCredentials(credentials.NewStaticCredentials(r.AccessKeyID, r.SecretAccessKey, ""))
	s, err := session.NewSession(append([]*aws.Config{config}, changes...)...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (r *ready) messaging(t testing.TB, changes ...*aws.Config) *chimesdkmessaging.ChimeSDKMessaging {
	t.Helper()
	return chimesdkmessaging.New(r.session(t, changes...))
}

func (r *ready) identity(t testing.TB, changes ...*aws.Config) *chimesdkidentity.ChimeSDKIdentity {
	t.Helper()
	return chimesdkidentity.New(r.session(t, changes...))
}

// legacy is a client of the old namespace, which would put messaging- or identity- before the host
// of the endpoint.
func (r *ready) legacy(t testing.TB, changes ...*aws.Config) *chime.Chime {
	t.Helper()
	return chime.New(r.session(t, append([]*aws.Config{{DisableEndpointHostPrefix: aws.Bool(true)}}, changes...)...))
}

// must returns what an operation answered.
func must[T any](answer T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
}

// checkException fails the test unless an error is of the exception's own class, and complete.
func checkException[E interface {
	error
	awserr.RequestFailure
}](t *testing.T, err error, status int, code string) E {
	t.Helper()
	var exception E
	if !errors.As(err, &exception) {
		t.Fatalf("got %T: %v, want a %T", err, err, exception)
	}
	if exception.StatusCode() != status {
		t.Errorf("status %d, want %d", exception.StatusCode(), status)
	}
	if exception.Code() != code {
		t.Errorf("code %q, want %q", exception.Code(), code)
	}
	if exception.Message() == "" {
		t.Error("the exception has no message")
	}
	if exception.RequestID() == "" {
		t.Error("the exception has no request id")
	}
	return exception
}
