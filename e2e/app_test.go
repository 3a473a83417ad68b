package e2e

import (
	"fmt"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/service/chimesdkidentity"
	"github.com/aws/aws-sdk-go/service/chimesdkmessaging"
)

// app is an app instance that belongs to one test.
type app struct {
	arn   string
	admin string
	users []string // user-0, user-1, …
}

// newApp makes an app instance with an admin and so many users.
func newApp(t *testing.T, r *ready, users int) *app {
	t.Helper()
	client := r.identity(t)
	a := &app{arn: *must(client.CreateAppInstance(&chimesdkidentity.CreateAppInstanceInput{Name: aws.String(t.Name())}))(t).AppInstanceArn}
	a.admin = a.newUser(t, client, "admin", "Admin")
	must(client.CreateAppInstanceAdmin(&chimesdkidentity.CreateAppInstanceAdminInput{
		AppInstanceArn: &a.arn, AppInstanceAdminArn: &a.admin,
	}))(t)
	a.users = make([]string, users)
	each(8, users, func(i int) {
		a.users[i] = a.newUser(t, client, fmt.Sprint("user-", i), fmt.Sprint("User ", i))
	})
	if t.Failed() {
		t.FailNow()
	}
	return a
}

// newUser makes a user, and returns an empty text when that fails, also on another goroutine.
func (a *app) newUser(t *testing.T, client *chimesdkidentity.ChimeSDKIdentity, id, name string) string {
	t.Helper()
	out, err := client.CreateAppInstanceUser(&chimesdkidentity.CreateAppInstanceUserInput{
		AppInstanceArn: &a.arn, AppInstanceUserId: &id, Name: &name,
	})
	if err != nil {
		t.Errorf("creating user %s: %v", id, err)
		return ""
	}
	return *out.AppInstanceUserArn
}

// newChannel makes a channel of a user.
func (a *app) newChannel(t *testing.T, r *ready, owner, name string) string {
	t.Helper()
	return *must(r.messaging(t).CreateChannel(&chimesdkmessaging.CreateChannelInput{
		AppInstanceArn: &a.arn, Name: &name, ChimeBearer: &owner,
	}))(t).ChannelArn
}

// nobody is the ARN of a user who is not there.
func (a *app) nobody() string { return a.arn + "/user/nobody" }

// noChannel is the ARN of a channel that is not there.
func (a *app) noChannel() string { return a.arn + "/channel/none" }

// each calls f for 0 to n-1, on several goroutines.
func each(goroutines, n int, f func(i int)) {
	var group sync.WaitGroup
	next := make(chan int)
	for range goroutines {
		group.Go(func() {
			for i := range next {
				f(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	group.Wait()
}
