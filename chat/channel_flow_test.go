package chat_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"carillon/api"
	"carillon/chat"
	"carillon/store"
	"carillon/testenv"
)

// function is the ARN of a function that the account of the tests may call.
func function(name string) string {
	return "arn:aws:lambda:" + testenv.Region + ":" + testenv.Account + ":function:" + name
}

// processors are the processors of a flow, one for each fallback action, in their order.
func processors(fallbacks ...string) (list []api.Processor) {
	for i, fallback := range fallbacks {
		list = append(list, api.Processor{
			Name: fmt.Sprint("Processor ", i+1), ExecutionOrder: i + 1, FallbackAction: fallback,
			Configuration: &api.ProcessorConfiguration{Lambda: &api.LambdaConfiguration{ResourceArn: function(fmt.Sprint("processor-", i+1)), InvocationType: "ASYNC"}},
		})
	}
	return list
}

// newFlow makes a flow with these processors.
func newFlow(e *testenv.Env, fallbacks ...string) string {
	e.T.Helper()
	out, err := e.Developer().CreateChannelFlow(api.CreateChannelFlowRequest{
		AppInstanceArn: e.Instance, Name: "flow", Processors: processors(fallbacks...), ClientRequestToken: e.Token(),
	})
	if err != nil {
		e.T.Fatal(err)
	}
	return out.ChannelFlowArn
}

// invocation is what a processor is asked.
type invocation struct {
	delivery       store.Delivery
	EventType      string
	CallbackId     string
	ChannelMessage api.ChannelMessage
}

// invocations takes everything out of the outbox and returns the processors' part.
func invocations(e *testenv.Env) (list []invocation) {
	e.T.Helper()
	for _, d := range e.Outbox() {
		if d.Kind == store.FlowDelivery {
			i := invocation{delivery: d}
			if err := json.Unmarshal([]byte(d.Payload), &i); err != nil {
				e.T.Fatal(err)
			}
			list = append(list, i)
		}
	}
	return list
}

func TestChannelFlows(t *testing.T) {
	e := testenv.New(t)
	dev := e.Developer()
	created := e.Now()
	flow := newFlow(e, "ABORT", "CONTINUE", "ABORT")
	describe := func(t *testing.T) *api.ChannelFlow {
		t.Helper()
		out, err := dev.DescribeChannelFlow(api.DescribeChannelFlowRequest{ChannelFlowArn: flow})
		done(t, err)
		return out.ChannelFlow
	}
	t.Run("a flow is described and listed as it was created", func(t *testing.T) {
		if !strings.HasPrefix(flow, e.Instance+"/channel-flow/") {
			t.Errorf("its name is %s", flow)
		}
		same(t, &api.ChannelFlow{
			ChannelFlowArn: flow, Name: "flow", Processors: processors("ABORT", "CONTINUE", "ABORT"),
			CreatedTimestamp: api.Time(created), LastUpdatedTimestamp: api.Time(created),
		}, describe(t))
		out, err := dev.ListChannelFlows(api.ListChannelFlowsRequest{AppInstanceArn: e.Instance})
		done(t, err)
		same(t, &api.ListChannelFlowsResponse{ChannelFlows: []api.ChannelFlowSummary{
			{ChannelFlowArn: flow, Name: "flow", Processors: processors("ABORT", "CONTINUE", "ABORT")},
		}}, out)
	})
	t.Run("a flow is created with its tags", func(t *testing.T) {
		tags := []api.Tag{{Key: "team", Value: "red"}}
		out, err := dev.CreateChannelFlow(api.CreateChannelFlowRequest{
			AppInstanceArn: e.Instance, Name: "tagged", Processors: processors("ABORT"), Tags: tags, ClientRequestToken: e.Token(),
		})
		done(t, err)
		same(t, tags, tagsOf(t, e, out.ChannelFlowArn))
		done(t, dev.DeleteChannelFlow(api.DeleteChannelFlowRequest{ChannelFlowArn: out.ChannelFlowArn}))
	})
	t.Run("an update replaces the name and the processors", func(t *testing.T) {
		e.Advance(time.Minute)
		out, err := dev.UpdateChannelFlow(api.UpdateChannelFlowRequest{ChannelFlowArn: flow, Name: "renamed", Processors: processors("CONTINUE")})
		done(t, err)
		same(t, &api.UpdateChannelFlowResponse{ChannelFlowArn: flow}, out)
		same(t, &api.ChannelFlow{
			ChannelFlowArn: flow, Name: "renamed", Processors: processors("CONTINUE"),
			CreatedTimestamp: api.Time(created), LastUpdatedTimestamp: api.Time(e.Now()),
		}, describe(t))
	})
	twice := processors("ABORT", "ABORT")
	twice[1].ExecutionOrder = 1
	elsewhere := func(arn string) []api.Processor {
		list := processors("ABORT")
		list[0].Configuration.Lambda.ResourceArn = arn
		return list
	}
	for name, list := range map[string][]api.Processor{
		"processors with the same place":          twice,
		"a processor of another account":          elsewhere(strings.Replace(function("f"), testenv.Account, otherAccount, 1)),
		"a processor in another region":           elsewhere(strings.Replace(function("f"), testenv.Region, "eu-central-1", 1)),
		"a processor of another kind":             elsewhere(stream("s")),
		"a processor without a name":              elsewhere(function("")),
		"a processor that is no resource at all":  elsewhere("f"),
		"a processor of an account with our name": elsewhere("arn:aws:lambda:" + testenv.Region + ":" + testenv.Account + "x:function:f"),
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			_, err := dev.CreateChannelFlow(api.CreateChannelFlowRequest{AppInstanceArn: e.Instance, Name: "n", Processors: list, ClientRequestToken: e.Token()})
			refused(t, err, api.BadRequest)
			_, err = dev.UpdateChannelFlow(api.UpdateChannelFlowRequest{ChannelFlowArn: flow, Name: "n", Processors: list})
			refused(t, err, api.BadRequest)
			same(t, "renamed", describe(t).Name)
		})
	}
	t.Run("a deleted flow is forbidden like one that never was", func(t *testing.T) {
		gone := newFlow(e, "ABORT")
		done(t, dev.DeleteChannelFlow(api.DeleteChannelFlowRequest{ChannelFlowArn: gone}))
		for _, name := range []string{gone, e.Instance + "/channel-flow/none", e.Instance + "x/channel-flow/none"} {
			refused(t, second(dev.DescribeChannelFlow(api.DescribeChannelFlowRequest{ChannelFlowArn: name})), api.Forbidden)
			refused(t, second(dev.UpdateChannelFlow(api.UpdateChannelFlowRequest{ChannelFlowArn: name, Name: "n", Processors: processors("ABORT")})), api.Forbidden)
			refused(t, dev.DeleteChannelFlow(api.DeleteChannelFlowRequest{ChannelFlowArn: name}), api.Forbidden)
			refused(t, second(dev.ListChannelsAssociatedWithChannelFlow(api.ListChannelsAssociatedWithChannelFlowRequest{ChannelFlowArn: name})), api.Forbidden)
		}
	})
	t.Run("a name of another kind is a bad request", func(t *testing.T) {
		refused(t, second(dev.DescribeChannelFlow(api.DescribeChannelFlowRequest{ChannelFlowArn: e.ARN("alice")})), api.BadRequest)
		refused(t, second(dev.ListChannelFlows(api.ListChannelFlowsRequest{AppInstanceArn: flow})), api.BadRequest)
	})
	t.Run("the profile of AWS allows one processor", func(t *testing.T) {
		strict := testenv.New(t, testenv.WithLimits(chat.AWSLimits()))
		one := newFlow(strict, "ABORT")
		in := api.CreateChannelFlowRequest{AppInstanceArn: strict.Instance, Name: "n", Processors: processors("ABORT", "ABORT"), ClientRequestToken: "t"}
		want := error(api.Violation("Processors", "Member must have length less than or equal to 1"))
		same(t, want, second(strict.Developer().CreateChannelFlow(in)))
		same(t, want, second(strict.Developer().UpdateChannelFlow(api.UpdateChannelFlowRequest{ChannelFlowArn: one, Name: "n", Processors: in.Processors})))
	})
}

func TestAssociateChannelFlow(t *testing.T) {
	e := testenv.New(t)
	channel, flow, other := e.Channel("alice", testenv.PrivateRestricted, "bob"), newFlow(e, "ABORT"), newFlow(e, "ABORT")
	e.Events()
	associate := func(flow string) error {
		return e.As("alice").AssociateChannelFlow(api.AssociateChannelFlowRequest{ChannelArn: channel, ChannelFlowArn: flow})
	}
	disassociate := func(flow string) error {
		return e.As("alice").DisassociateChannelFlow(api.DisassociateChannelFlowRequest{ChannelArn: channel, ChannelFlowArn: flow})
	}
	flowOf := func(t *testing.T) string {
		t.Helper()
		out, err := e.As("bob").DescribeChannel(api.DescribeChannelRequest{ChannelArn: channel})
		done(t, err)
		return out.Channel.ChannelFlowArn
	}
	t.Run("a channel begins without a flow", func(t *testing.T) { same(t, "", flowOf(t)) })
	t.Run("a channel that is not associated cannot be disassociated", func(t *testing.T) { refused(t, disassociate(flow), api.NotFound) })
	t.Run("an associated channel tells its flow, and the flow its channel", func(t *testing.T) {
		done(t, associate(flow))
		same(t, flow, flowOf(t))
		out, err := e.Developer().ListChannelsAssociatedWithChannelFlow(api.ListChannelsAssociatedWithChannelFlowRequest{ChannelFlowArn: flow})
		done(t, err)
		same(t, &api.ListChannelsAssociatedWithChannelFlowResponse{Channels: []api.ChannelAssociatedWithFlowSummary{
			{ChannelArn: channel, Name: "channel of alice", Privacy: "PRIVATE", Mode: "RESTRICTED"},
		}}, out)
	})
	t.Run("events about the channel tell its flow, and the association is no event", func(t *testing.T) {
		announced(t, e)
		e.Must(e.As("alice").UpdateChannel(api.UpdateChannelRequest{ChannelArn: channel, Name: "renamed"}))
		var shown api.Channel
		decode(t, e.Events()[0], &shown)
		same(t, flow, shown.ChannelFlowArn)
	})
	t.Run("the same flow again changes nothing", func(t *testing.T) {
		done(t, associate(flow))
		same(t, flow, flowOf(t))
	})
	t.Run("another flow is a conflict", func(t *testing.T) {
		refused(t, associate(other), api.Conflict)
		same(t, flow, flowOf(t))
	})
	t.Run("disassociating another flow is not found", func(t *testing.T) { refused(t, disassociate(other), api.NotFound) })
	t.Run("a flow that is not there is not found, and a name of something else is a bad request", func(t *testing.T) {
		for _, call := range []func(string) error{associate, disassociate} {
			refused(t, call(e.Instance+"/channel-flow/none"), api.NotFound)
			refused(t, call(channel), api.BadRequest)
			refused(t, call(e.NewInstance("other")+"/channel-flow/none"), api.BadRequest)
		}
	})
	t.Run("a flow is not deleted while a channel has it", func(t *testing.T) {
		refused(t, e.Developer().DeleteChannelFlow(api.DeleteChannelFlowRequest{ChannelFlowArn: flow}), api.Conflict)
		done(t, disassociate(flow))
		same(t, "", flowOf(t))
		done(t, e.Developer().DeleteChannelFlow(api.DeleteChannelFlowRequest{ChannelFlowArn: flow}))
	})
	t.Run("a deleted channel does not keep its flow from being deleted", func(t *testing.T) {
		done(t, associate(other))
		done(t, e.As("alice").DeleteChannel(api.DeleteChannelRequest{ChannelArn: channel}))
		done(t, e.Developer().DeleteChannelFlow(api.DeleteChannelFlowRequest{ChannelFlowArn: other}))
	})
}
