package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/service/chime"
	"github.com/aws/aws-sdk-go/service/chimesdkidentity"
	"github.com/aws/aws-sdk-go/service/chimesdkmessaging"
)

// Every exception that a request can bring about arrives as its own class.
func TestExceptions(t *testing.T) {
	t.Parallel()
	s := startDev(t)
	a := newApp(t, &s.ready, 2)
	owner, other := a.users[0], a.users[1]
	client := s.messaging(t)
	channel := a.newChannel(t, &s.ready, owner, "channel")

	t.Run("BadRequest", func(t *testing.T) {
		_, err := client.CreateChannel(&chimesdkmessaging.CreateChannelInput{
			AppInstanceArn: &a.arn, Name: aws.String("channel"), Mode: aws.String("OPEN"), ChimeBearer: &owner,
		})
		e := checkException[*chimesdkmessaging.BadRequestException](t, err, 400, "BadRequestException")
		if aws.StringValue(e.Code_) != "BadRequest" || !strings.Contains(e.Message(), "'Mode'") {
			t.Errorf("got %v", e)
		}
	})
	t.Run("Unauthorized", func(t *testing.T) {
		_, err := client.DescribeChannel(&chimesdkmessaging.DescribeChannelInput{ChannelArn: &channel, ChimeBearer: aws.String(a.nobody())})
		e := checkException[*chimesdkmessaging.UnauthorizedClientException](t, err, 401, "UnauthorizedClientException")
		if aws.StringValue(e.Code_) != "Unauthorized" {
			t.Errorf("got %v", e)
		}
	})
	t.Run("Forbidden", func(t *testing.T) {
		_, err := client.BatchCreateChannelMembership(&chimesdkmessaging.BatchCreateChannelMembershipInput{
			ChannelArn: &channel, MemberArns: []*string{&owner, &other}, ChimeBearer: &other,
		})
		e := checkException[*chimesdkmessaging.ForbiddenException](t, err, 403, "ForbiddenException")
		if aws.StringValue(e.Code_) != "Forbidden" {
			t.Errorf("got %v", e)
		}
	})
	t.Run("NotFound", func(t *testing.T) {
		_, err := client.BatchCreateChannelMembership(&chimesdkmessaging.BatchCreateChannelMembershipInput{
			ChannelArn: aws.String(a.noChannel()), MemberArns: []*string{&other}, ChimeBearer: &owner,
		})
		e := checkException[*chimesdkmessaging.NotFoundException](t, err, 404, "NotFoundException")
		if aws.StringValue(e.Code_) != "NotFound" {
			t.Errorf("got %v", e)
		}
	})
	t.Run("Conflict", func(t *testing.T) {
		_, err := client.CreateChannelMembership(&chimesdkmessaging.CreateChannelMembershipInput{
			ChannelArn: &channel, Type: aws.String("DEFAULT"), MemberArn: &owner, ChimeBearer: &owner,
		})
		e := checkException[*chimesdkmessaging.ConflictException](t, err, 409, "ConflictException")
		if aws.StringValue(e.Code_) != "Conflict" {
			t.Errorf("got %v", e)
		}
	})
	t.Run("ResourceLimitExceeded", func(t *testing.T) {
		must(client.TagResource(&chimesdkmessaging.TagResourceInput{ResourceARN: &channel, Tags: tags(0, 50)}))(t)
		_, err := client.TagResource(&chimesdkmessaging.TagResourceInput{ResourceARN: &channel, Tags: tags(50, 51)})
		e := checkException[*chimesdkmessaging.ResourceLimitExceededException](t, err, 400, "ResourceLimitExceededException")
		if aws.StringValue(e.Code_) != "ResourceLimitExceeded" {
			t.Errorf("got %v", e)
		}
	})

	t.Run("in the namespace of identities", func(t *testing.T) {
		client := s.identity(t)
		_, err := client.CreateAppInstanceUser(&chimesdkidentity.CreateAppInstanceUserInput{
			AppInstanceArn: &a.arn, AppInstanceUserId: aws.String("user-0"), Name: aws.String("Somebody else"),
		})
		checkException[*chimesdkidentity.ConflictException](t, err, 409, "ConflictException")
		_, err = client.DescribeAppInstanceUser(&chimesdkidentity.DescribeAppInstanceUserInput{AppInstanceUserArn: aws.String(a.nobody())})
		checkException[*chimesdkidentity.ForbiddenException](t, err, 403, "ForbiddenException")
		_, err = client.CreateAppInstanceUser(&chimesdkidentity.CreateAppInstanceUserInput{
			AppInstanceArn: &a.arn, AppInstanceUserId: aws.String("-"), Name: aws.String("Hyphen"),
		})
		checkException[*chimesdkidentity.BadRequestException](t, err, 400, "BadRequestException")
	})

	t.Run("in the old namespace", func(t *testing.T) {
		client := s.legacy(t)
		_, err := client.CreateChannelMembership(&chime.CreateChannelMembershipInput{
			ChannelArn: &channel, Type: aws.String("DEFAULT"), MemberArn: &owner, ChimeBearer: &owner,
		})
		checkException[*chime.ConflictException](t, err, 409, "ConflictException")
		_, err = client.BatchCreateChannelMembership(&chime.BatchCreateChannelMembershipInput{
			ChannelArn: aws.String(a.noChannel()), MemberArns: []*string{&other}, ChimeBearer: &owner,
		})
		checkException[*chime.NotFoundException](t, err, 404, "NotFoundException")
		_, err = client.DescribeChannel(&chime.DescribeChannelInput{ChannelArn: &channel, ChimeBearer: aws.String(a.nobody())})
		checkException[*chime.UnauthorizedClientException](t, err, 401, "UnauthorizedClientException")
	})

	t.Run("a call of the old namespace without a bearer is a bad request", func(t *testing.T) {
		_, err := s.legacy(t).DescribeChannel(&chime.DescribeChannelInput{ChannelArn: &channel})
		checkException[*chime.BadRequestException](t, err, 400, "BadRequestException")
	})
}

// tags are tags with the keys from tag-first to before tag-end.
func tags(first, end int) []*chimesdkmessaging.Tag {
	var list []*chimesdkmessaging.Tag
	for i := first; i < end; i++ {
		list = append(list, &chimesdkmessaging.Tag{Key: aws.String(fmt.Sprint("tag-", i)), Value: aws.String("value")})
	}
	return list
}
