package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/service/chime"
	"github.com/aws/aws-sdk-go/service/chimesdkmessaging"
)

// A server for good, with a key and a file of one's own and the quotas and rates of AWS.
func TestServeWithTheLimitsOfAWS(t *testing.T) {
	t.Parallel()
	s := startServe(t, "limits:\n  profile: aws\n")
	a := newApp(t, s, 4)
	owner := a.users[0]
	channel := a.newChannel(t, s, owner, "rates")

	// BatchCreateChannelMembership has a rate of one per second and channel. So many calls take less
	// time than so many seconds on any machine, unless the rate holds them up.
	const calls = 20
	add := func(i int) *string { return &a.users[1+i%3] }
	t.Run("one call too many is throttled", func(t *testing.T) {
		client := s.messaging(t)
		var err error
		for i := 0; i < calls && err == nil; i++ {
			_, err = client.BatchCreateChannelMembership(&chimesdkmessaging.BatchCreateChannelMembershipInput{
				ChannelArn: &channel, MemberArns: []*string{add(i)}, ChimeBearer: &owner,
			})
		}
		e := checkException[*chimesdkmessaging.ThrottledClientException](t, err, 429, "ThrottledClientException")
		if aws.StringValue(e.Code_) != "Throttled" {
			t.Errorf("got %v", e)
		}
	})
	t.Run("in the old namespace, too", func(t *testing.T) {
		client := s.legacy(t)
		var err error
		for i := 0; i < calls && err == nil; i++ {
			_, err = client.BatchCreateChannelMembership(&chime.BatchCreateChannelMembershipInput{
				ChannelArn: &channel, MemberArns: []*string{add(i)}, ChimeBearer: &owner,
			})
		}
		checkException[*chime.ThrottledClientException](t, err, 429, "ThrottledClientException")
	})
	t.Run("a client that tries again gets through", func(t *testing.T) {
		client := s.messaging(t, aws.NewConfig().WithMaxRetries(10))
		for i := range 2 {
			must(client.BatchCreateChannelMembership(&chimesdkmessaging.BatchCreateChannelMembershipInput{
				ChannelArn: &channel, MemberArns: []*string{add(i)}, ChimeBearer: &owner,
			}))(t)
		}
	})
}

// startServe runs `carillon serve` with a configuration file.
func startServe(t *testing.T, config string) *ready {
	t.Helper()
	r := &ready{Region: "us-east-1", AccountID: "210987654321", AccessKeyID: "AKIAE2E", SecretAccessKey: "a secret that only this test knows"}
	file := filepath.Join(t.TempDir(), "carillon.yaml")
	data := filepath.Join(t.TempDir(), "data")
	config += fmt.Sprintf("addr: 127.0.0.1:0\nadmin:\n  addr: \"off\"\ndata: %s\naccount: \"%s\"\nlog:\n  format: json\n", data, r.AccountID)
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	environ := append(slices.Clone(databaseOf(t, data)), "CARILLON_ROOT_KEY_ID="+r.AccessKeyID, "CARILLON_ROOT_SECRET="+r.SecretAccessKey)
	p := startProcess(t, environ, "serve", "--config", file)
	p.await(t, "the address of the server", func() bool {
		for line := range strings.Lines(p.stderr.String()) {
			var entry struct{ Msg, Addr string }
			if json.Unmarshal([]byte(line), &entry) == nil && entry.Msg == "serving" {
				r.Endpoint = "http://" + entry.Addr
			}
		}
		return r.Endpoint != ""
	})
	return r
}
