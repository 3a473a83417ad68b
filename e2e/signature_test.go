package e2e

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/aws/awserr"
	"github.com/aws/aws-sdk-go/aws/credentials"
	"github.com/aws/aws-sdk-go/aws/request"
	v4 "github.com/aws/aws-sdk-go/aws/signer/v4"
	"github.com/aws/aws-sdk-go/service/chimesdkidentity"
)

func TestSignatures(t *testing.T) {
	t.Parallel()
	s := startDev(t)
	list := func(client *chimesdkidentity.ChimeSDKIdentity) error {
		_, err := client.ListAppInstances(&chimesdkidentity.ListAppInstancesInput{})
		return err
	}
	withKey := func(id, secret, token string) *chimesdkidentity.ChimeSDKIdentity {
		return s.identity(t, &aws.Config{Credentials: credentials.NewStaticCredentials(id, secret, token)})
	}
	withClock := func(off time.Duration) *chimesdkidentity.ChimeSDKIdentity {
		client := s.identity(t)
		signer := request.NamedHandler{Name: v4.SignRequestHandler.Name, Fn: func(r *request.Request) {
			v4.SignSDKRequestWithCurrentTime(r, func() time.Time { return time.Now().Add(off) })
		}}
		if !client.Handlers.Sign.SwapNamed(signer) {
			t.Fatal("the SDK signs in another way")
		}
		return client
	}

	t.Run("the right key is accepted", func(t *testing.T) {
		if err := list(s.identity(t)); err != nil {
			t.Error(err)
		}
	})
	t.Run("a clock that is ten minutes off is accepted", func(t *testing.T) {
		if err := errors.Join(list(withClock(10*time.Minute)), list(withClock(-10*time.Minute))); err != nil {
			t.Error(err)
		}
	})
	for _, c := range []struct {
		name          string
		client        *chimesdkidentity.ChimeSDKIdentity
		code, message string
	}{
		{"a wrong secret is refused", withKey(s.AccessKeyID, "wrong", ""), "InvalidSignatureException", "signature"},
		{"an unknown key is refused", withKey("AKIAUNKNOWNUNKNOWN00", s.SecretAccessKey, ""), "UnrecognizedClientException", "security token"},
		{"a session token that belongs to no key is refused", withKey(s.AccessKeyID, s.SecretAccessKey, "token"), "UnrecognizedClientException", "security token"},
		{"a clock that is an hour behind is refused", withClock(-time.Hour), "InvalidSignatureException", "expired"},
		{"a clock that is an hour ahead is refused", withClock(time.Hour), "InvalidSignatureException", "not yet current"},
		{"another region is refused", s.identity(t, &aws.Config{Region: aws.String("eu-central-1")}), "InvalidSignatureException", "region"},
		{"no signature is refused", s.identity(t, &aws.Config{Credentials: credentials.AnonymousCredentials}), "MissingAuthenticationTokenException", "Missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := list(c.client)
			var failure awserr.RequestFailure
			if !errors.As(err, &failure) {
				t.Fatalf("got %v", err)
			}
			if failure.Code() != c.code || failure.StatusCode() != 403 {
				t.Errorf("got %s with status %d, want %s with 403", failure.Code(), failure.StatusCode(), c.code)
			}
			if !strings.Contains(strings.ToLower(failure.Message()), strings.ToLower(c.message)) {
				t.Errorf("the message %q does not speak of %q", failure.Message(), c.message)
			}
			if failure.RequestID() == "" {
				t.Error("no request id")
			}
		})
	}
}
