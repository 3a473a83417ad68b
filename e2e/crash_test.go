package e2e

import (
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/service/chimesdkmessaging"
)

// batch is one call of the stream that the server dies under.
type batch struct {
	channel  string
	members  []string
	answered bool
}

// A server that is killed keeps what it has answered, and of what it has not, all or nothing.
func TestKill(t *testing.T) {
	t.Parallel()
	const (
		channels  = 60
		users     = 100
		batchSize = 10
		streams   = 8
		rounds    = 3
		// perRound is how many answers the server may give before it is killed.
		perRound = channels * users / batchSize / (rounds + 1)
	)
	data := filepath.Join(t.TempDir(), "data")
	s := startDevOn(t, data)
	a := newApp(t, &s.ready, users)
	var batches []*batch
	for i := range channels {
		channel := a.newChannel(t, &s.ready, a.admin, fmt.Sprint("channel ", i))
		for chunk := range slices.Chunk(a.users, batchSize) {
			batches = append(batches, &batch{channel: channel, members: chunk})
		}
	}

	rest := batches
	for round := range rounds {
		answers := stream(t, s, a, rest, streams, perRound)
		if answers < perRound {
			t.Fatalf("round %d: the server was not killed before the end of the stream", round)
		}
		rest = slices.DeleteFunc(slices.Clone(rest), func(b *batch) bool { return b.answered })
		t.Logf("round %d: killed after %d answers, with %d calls to come", round, answers, len(rest))
		if len(rest) == 0 {
			t.Fatalf("round %d: the server was killed when all was done", round)
		}
		s = startDevOn(t, data)
	}

	byChannel, byUser := memberships(t, s, a, batches)
	missing, halves := 0, 0
	for _, b := range batches {
		there := 0
		for _, user := range b.members {
			if byChannel[b.channel][user] {
				there++
			}
		}
		switch {
		case b.answered && there < len(b.members):
			missing++
		case there != 0 && there != len(b.members):
			halves++
		}
	}
	if missing > 0 {
		t.Errorf("of %d batches that were answered, members are missing", missing)
	}
	if halves > 0 {
		t.Errorf("%d batches were done in part", halves)
	}
	for channel, members := range byChannel {
		for member := range members {
			if !byUser[member][channel] {
				t.Errorf("%s has the member %s, who does not know it", channel, member)
			}
		}
	}
	for user, list := range byUser {
		for channel := range list {
			if !byChannel[channel][user] {
				t.Errorf("%s is in %s, which does not know it", user, channel)
			}
		}
	}
}

// stream sends batches on several connections at once and kills the server when so many have been
// answered, with others on their way. It marks and counts those that were answered.
func stream(t *testing.T, s *server, a *app, batches []*batch, streams, killAfter int) int {
	t.Helper()
	client := s.messaging(t)
	next := make(chan *batch)
	dead := make(chan struct{})
	die := sync.OnceFunc(func() {
		s.kill()
		close(dead)
	})
	var answers atomic.Int64
	var group sync.WaitGroup
	for range streams {
		group.Go(func() {
			for b := range next {
				out, err := client.BatchCreateChannelMembership(&chimesdkmessaging.BatchCreateChannelMembershipInput{
					ChannelArn: &b.channel, MemberArns: aws.StringSlice(b.members), ChimeBearer: &a.admin,
				})
				if err != nil {
					continue // not answered
				}
				// One that was not answered the first time may have been done all the same.
				for _, e := range out.Errors {
					if aws.StringValue(e.ErrorCode) != "Conflict" {
						t.Errorf("adding %s: %v", aws.StringValue(e.MemberArn), e)
					}
				}
				b.answered = true
				if answers.Add(1) == int64(killAfter) {
					die()
				}
			}
		})
	}
feed:
	for _, b := range batches {
		select {
		case next <- b:
		case <-dead:
			break feed
		}
	}
	close(next)
	group.Wait()
	return int(answers.Load())
}

// memberships reads all memberships from both sides: the members of each channel, and the channels of
// each user.
func memberships(t *testing.T, s *server, a *app, batches []*batch) (byChannel, byUser map[string]map[string]bool) {
	t.Helper()
	client := s.messaging(t)
	byChannel, byUser = make(map[string]map[string]bool), make(map[string]map[string]bool)
	for _, b := range batches {
		if byChannel[b.channel] == nil {
			byChannel[b.channel] = make(map[string]bool)
			for _, member := range members(t, client, b.channel, a.admin, "") {
				byChannel[b.channel][member] = true
			}
		}
	}
	for _, user := range append(slices.Clone(a.users), a.admin) {
		byUser[user] = make(map[string]bool)
		err := client.ListChannelMembershipsForAppInstanceUserPages(&chimesdkmessaging.ListChannelMembershipsForAppInstanceUserInput{
			AppInstanceUserArn: &user, ChimeBearer: &a.admin,
		}, func(page *chimesdkmessaging.ListChannelMembershipsForAppInstanceUserOutput, _ bool) bool {
			for _, m := range page.ChannelMemberships {
				byUser[user][aws.StringValue(m.ChannelSummary.ChannelArn)] = true
			}
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return byChannel, byUser
}
