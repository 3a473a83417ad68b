package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/service/chime"
)

// The old namespace, which AWS no longer serves, in both ways in which its clients can be pointed
// here: an endpoint that no prefix is put before, and a proxy, which leaves the app's own settings as
// they are but for TLS.
func TestLegacyNamespace(t *testing.T) {
	t.Parallel()
	s := startDev(t)
	t.Run("with an endpoint", func(t *testing.T) { testLegacy(t, s.legacy(t)) })
	t.Run("through a proxy", func(t *testing.T) {
		proxy, err := url.Parse(s.Endpoint)
		if err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		hosts := make(map[string]bool)
		transport := &http.Transport{Proxy: func(r *http.Request) (*url.URL, error) {
			mu.Lock()
			defer mu.Unlock()
			hosts[r.URL.Host] = true
			return proxy, nil
		}}
		t.Cleanup(transport.CloseIdleConnections)
		testLegacy(t, chime.New(s.session(t, aws.NewConfig().
			WithEndpoint("http://chime.us-east-1.amazonaws.com").WithHTTPClient(&http.Client{Transport: transport}))))
		want := map[string]bool{"identity-chime.us-east-1.amazonaws.com": true, "messaging-chime.us-east-1.amazonaws.com": true}
		if !maps.Equal(hosts, want) {
			t.Errorf("the client asked for %v, want %v", hosts, want)
		}
	})
}

// testLegacy builds an app from nothing in the old namespace.
func testLegacy(t *testing.T, client *chime.Chime) {
	instance := must(client.CreateAppInstance(&chime.CreateAppInstanceInput{Name: aws.String("old app")}))(t).AppInstanceArn
	users := make([]*string, 101)
	each(8, len(users), func(i int) {
		id := aws.String(fmt.Sprint("user-", i))
		out, err := client.CreateAppInstanceUser(&chime.CreateAppInstanceUserInput{AppInstanceArn: instance, AppInstanceUserId: id, Name: id})
		if err != nil {
			t.Errorf("creating user %s: %v", *id, err)
			return
		}
		users[i] = out.AppInstanceUserArn
	})
	if t.Failed() {
		t.FailNow()
	}
	owner := users[0]
	channel := must(client.CreateChannel(&chime.CreateChannelInput{
		AppInstanceArn: instance, Name: aws.String("old channel"), Mode: aws.String("RESTRICTED"), Privacy: aws.String("PRIVATE"), ChimeBearer: owner,
	}))(t).ChannelArn
	batch := must(client.BatchCreateChannelMembership(&chime.BatchCreateChannelMembershipInput{
		ChannelArn: channel, Type: aws.String("DEFAULT"), MemberArns: users[1:], ChimeBearer: owner,
	}))(t)
	if len(batch.Errors) != 0 || len(batch.BatchChannelMemberships.Members) != 100 {
		t.Errorf("got %v", batch)
	}
	var got []string
	err := client.ListChannelMembershipsPages(&chime.ListChannelMembershipsInput{ChannelArn: channel, ChimeBearer: owner},
		func(page *chime.ListChannelMembershipsOutput, _ bool) bool {
			for _, m := range page.ChannelMemberships {
				got = append(got, aws.StringValue(m.Member.Arn))
			}
			return true
		})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, aws.StringValueSlice(users)) {
		t.Errorf("the channel has %d members: %v", len(got), got)
	}
	described := must(client.DescribeChannel(&chime.DescribeChannelInput{ChannelArn: channel, ChimeBearer: users[50]}))(t).Channel
	if aws.StringValue(described.Privacy) != "PRIVATE" || described.CreatedTimestamp == nil {
		t.Errorf("got %v", described)
	}
	must(client.DeleteChannel(&chime.DeleteChannelInput{ChannelArn: channel, ChimeBearer: owner}))(t)
}
