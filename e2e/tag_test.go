package e2e

import (
	"maps"
	"testing"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/service/chime"
	"github.com/aws/aws-sdk-go/service/chimesdkidentity"
	"github.com/aws/aws-sdk-go/service/chimesdkmessaging"
)

func TestTags(t *testing.T) {
	t.Parallel()
	s := startDev(t)
	a := newApp(t, &s.ready, 1)
	client := s.messaging(t)
	list := func(t *testing.T, resource string) map[string]string {
		t.Helper()
		got := make(map[string]string)
		for _, tag := range must(client.ListTagsForResource(&chimesdkmessaging.ListTagsForResourceInput{ResourceARN: &resource}))(t).Tags {
			got[aws.StringValue(tag.Key)] = aws.StringValue(tag.Value)
		}
		return got
	}

	t.Run("tags of creation are there, can be set and removed", func(t *testing.T) {
		channel := *must(client.CreateChannel(&chimesdkmessaging.CreateChannelInput{
			AppInstanceArn: &a.arn, Name: aws.String("tagged"), ChimeBearer: &a.users[0],
			Tags: []*chimesdkmessaging.Tag{{Key: aws.String("Stadt"), Value: aws.String("Köln 🏙")}},
		}))(t).ChannelArn
		must(client.TagResource(&chimesdkmessaging.TagResourceInput{ResourceARN: &channel, Tags: tags(0, 2)}))(t)
		if got, want := list(t, channel), map[string]string{"Stadt": "Köln 🏙", "tag-0": "value", "tag-1": "value"}; !maps.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		must(client.UntagResource(&chimesdkmessaging.UntagResourceInput{ResourceARN: &channel, TagKeys: aws.StringSlice([]string{"tag-0", "Stadt"})}))(t)
		if got, want := list(t, channel), map[string]string{"tag-1": "value"}; !maps.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
	t.Run("the three namespaces have the same tags", func(t *testing.T) {
		must(s.identity(t).TagResource(&chimesdkidentity.TagResourceInput{
			ResourceARN: &a.arn, Tags: []*chimesdkidentity.Tag{{Key: aws.String("by"), Value: aws.String("identity")}},
		}))(t)
		must(s.legacy(t).TagResource(&chime.TagResourceInput{
			ResourceARN: &a.arn, Tags: []*chime.Tag{{Key: aws.String("too"), Value: aws.String("legacy")}},
		}))(t)
		if got, want := list(t, a.arn), map[string]string{"by": "identity", "too": "legacy"}; !maps.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}
