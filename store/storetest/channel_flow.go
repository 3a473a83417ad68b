package storetest

import (
	"fmt"
	"testing"
	"time"

	"carillon/arn"
	"carillon/store"
)

func (w *world) newFlow(instance store.Key) store.ChannelFlow {
	k := w.keys.Next()
	return store.ChannelFlow{
		Key: k, Instance: instance, ID: fmt.Sprintf("flow-%d", k), Name: fmt.Sprintf("Flow %d", k),
		Processors: fmt.Sprintf("[%d]", k), Created: after(k), Updated: after(k + 1),
	}
}

func (w *world) flow(t *testing.T, instance store.Key) store.ChannelFlow {
	t.Helper()
	f := w.newFlow(instance)
	w.must(t, func(tx store.Tx) error { return tx.CreateChannelFlow(f) })
	return f
}

func testChannelFlows(t *testing.T, w *world) {
	a := w.instance(t)
	u := w.user(t, a.Key)
	find := func(f store.ChannelFlow) func(store.Tx) (store.ChannelFlow, error) {
		return func(tx store.Tx) (store.ChannelFlow, error) { return tx.ChannelFlow(f.Instance, f.ID) }
	}
	t.Run("a flow is found as it was created, by its id in its app instance", func(t *testing.T) {
		f, other := w.flow(t, a.Key), w.instance(t)
		expect(t, w, f, find(f))
		w.absent(t, func(tx store.Tx) error { return ignore(tx.ChannelFlow(other.Key, f.ID)) })
		w.absent(t, func(tx store.Tx) error { return ignore(tx.ChannelFlow(a.Key, "nothing")) })
	})
	t.Run("an id is taken once in an app instance", func(t *testing.T) {
		f, same := w.flow(t, a.Key), w.newFlow(a.Key)
		same.ID = f.ID
		w.refused(t, store.ErrExists, func(tx store.Tx) error { return tx.CreateChannelFlow(same) })
		elsewhere := w.newFlow(w.instance(t).Key)
		elsewhere.ID = f.ID
		w.must(t, func(tx store.Tx) error { return tx.CreateChannelFlow(elsewhere) })
	})
	t.Run("an update changes name, processors and time", func(t *testing.T) {
		f, other := w.flow(t, a.Key), w.flow(t, a.Key)
		change := w.newFlow(w.keys.Next())
		change.Key = f.Key
		w.must(t, func(tx store.Tx) error { return tx.UpdateChannelFlow(change) })
		f.Name, f.Processors, f.Updated = change.Name, change.Processors, change.Updated
		expect(t, w, f, find(f))
		expect(t, w, other, find(other))
	})
	t.Run("a deleted flow is gone and its id is free", func(t *testing.T) {
		f := w.flow(t, a.Key)
		w.must(t, func(tx store.Tx) error { return tx.DeleteChannelFlow(f.Key) })
		w.absent(t, func(tx store.Tx) error { return ignore(find(f)(tx)) })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.UpdateChannelFlow(f) })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.DeleteChannelFlow(f.Key) })
		again := w.newFlow(a.Key)
		again.ID = f.ID
		w.must(t, func(tx store.Tx) error { return tx.CreateChannelFlow(again) })
		expect(t, w, again, find(f))
	})
	t.Run("with its app instance a flow is gone", func(t *testing.T) {
		gone := w.instance(t)
		f := w.flow(t, gone.Key)
		c := w.channel(t, gone.Key, w.user(t, gone.Key).Key)
		w.must(t, func(tx store.Tx) error { return tx.SetChannelFlow(c.Key, f.Key) })
		w.must(t, func(tx store.Tx) error { return tx.DeleteAppInstance(gone.Key) })
		w.absent(t, func(tx store.Tx) error { return ignore(find(f)(tx)) })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.UpdateChannelFlow(f) })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.DeleteChannelFlow(f.Key) })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.SetChannelFlow(c.Key, 0) })
		w.absent(t, func(tx store.Tx) error { return some(tx.ListChannelFlows(gone.Key, 0, 10)) })
		w.absent(t, func(tx store.Tx) error { return nonzero(tx.CountChannelFlows(gone.Key, 10)) })
		w.absent(t, func(tx store.Tx) error { return some(tx.ListChannelsOfFlow(f.Key, 0, 10)) })
	})
	t.Run("the flows of an app instance are counted up to a limit", func(t *testing.T) {
		counted := w.instance(t)
		for range 3 {
			w.flow(t, counted.Key)
		}
		deleted := w.flow(t, counted.Key)
		w.must(t, func(tx store.Tx) error { return tx.DeleteChannelFlow(deleted.Key) })
		expectCounts(t, w, 3, func(tx store.Tx, limit int) (int, error) { return tx.CountChannelFlows(counted.Key, limit) })
	})
	t.Run("list", func(t *testing.T) {
		listed := w.instance(t)
		listing[store.ChannelFlow]{
			list: func(tx store.Tx, after store.Key, limit int) ([]store.ChannelFlow, error) {
				return tx.ListChannelFlows(listed.Key, after, limit)
			},
			key: func(f store.ChannelFlow) store.Key { return f.Key },
			add: func(t *testing.T) store.ChannelFlow { return w.flow(t, listed.Key) },
			remove: func(t *testing.T, f store.ChannelFlow) {
				w.must(t, func(tx store.Tx) error { return tx.DeleteChannelFlow(f.Key) })
			},
		}.test(t, w)
	})
	t.Run("the entry of a channel has its flow", func(t *testing.T) {
		f, c := w.flow(t, a.Key), w.channel(t, a.Key, u.Key)
		enter := func(tx store.Tx) (store.Entry, error) {
			return tx.EnterChannel(store.ChannelRef{Account: a.Account, Instance: a.ID, ID: c.ID}, refOf(u))
		}
		expect(t, w, store.Entry{Instance: a.Key, Channel: c, CreatedBy: u, Actor: store.Standing{Identity: u}}, enter)
		w.must(t, func(tx store.Tx) error { return tx.SetChannelFlow(c.Key, f.Key) })
		associated := c
		associated.Flow = f.Key
		expect(t, w, store.Entry{Instance: a.Key, Channel: associated, Flow: f, CreatedBy: u, Actor: store.Standing{Identity: u}}, enter)
		w.must(t, func(tx store.Tx) error { return tx.UpdateChannel(associated) })
		w.must(t, func(tx store.Tx) error { return tx.SetChannelFlow(c.Key, 0) })
		expect(t, w, store.Entry{Instance: a.Key, Channel: c, CreatedBy: u, Actor: store.Standing{Identity: u}}, enter)
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.SetChannelFlow(w.keys.Next(), f.Key) })
	})
	t.Run("list of channels", func(t *testing.T) {
		f, other := w.flow(t, a.Key), w.flow(t, a.Key)
		private := false
		listing[store.Channel]{
			list: func(tx store.Tx, after store.Key, limit int) ([]store.Channel, error) {
				return tx.ListChannelsOfFlow(f.Key, after, limit)
			},
			key: func(c store.Channel) store.Key { return c.Key },
			add: func(t *testing.T) store.Channel {
				c := w.newChannel(a.Key, u.Key)
				c.Flow, c.Private = other.Key, private
				private = !private
				w.must(t, func(tx store.Tx) error { return tx.CreateChannel(c) })
				w.channel(t, a.Key, u.Key)
				c.Flow = f.Key
				w.must(t, func(tx store.Tx) error { return tx.SetChannelFlow(c.Key, f.Key) })
				return c
			},
			remove: func(t *testing.T, c store.Channel) {
				w.must(t, func(tx store.Tx) error {
					if c.Private {
						return tx.DeleteChannel(c.Key)
					}
					return tx.SetChannelFlow(c.Key, 0)
				})
			},
		}.test(t, w)
		w.absent(t, func(tx store.Tx) error { return some(tx.ListChannelsOfFlow(0, 0, 10)) })
	})
}

func testFlowInvocations(t *testing.T, w *world) {
	a := w.instance(t)
	users := w.identities(t, a.Key, arn.User, 2)
	c, f := w.channel(t, a.Key, users[0].Key), w.flow(t, a.Key)
	newInvocation := func(channel store.Key) store.ListedInvocation {
		k := w.keys.Next()
		return store.ListedInvocation{
			FlowInvocation: store.FlowInvocation{
				Channel: channel, Callback: fmt.Sprintf("callback-%d", k), Flow: f.Key, Step: int(k%3) + 1, Continue: k%2 == 0,
				Message: store.MessageRef{Stream: channel, Sequence: int64(k % 1000)}, Sender: users[0].Key, Target: users[1].Key,
				Update: k%2 == 1, Held: fmt.Sprintf("held %d \x00", k), Invoked: after(k),
			},
			By: users[0], To: users[1], Processors: f.Processors, In: store.ChannelRef{Account: a.Account, Instance: a.ID, ID: c.ID},
		}
	}
	invoke := func(t *testing.T, i store.ListedInvocation) {
		t.Helper()
		w.must(t, func(tx store.Tx) error { return tx.CreateFlowInvocation(i.FlowInvocation) })
	}
	find := func(i store.ListedInvocation) func(store.Tx) (store.ListedInvocation, error) {
		return func(tx store.Tx) (store.ListedInvocation, error) { return tx.FlowInvocation(i.Channel, i.Callback) }
	}
	t.Run("an invocation is found by its channel and callback, with what it refers to", func(t *testing.T) {
		i, other := newInvocation(c.Key), w.channel(t, a.Key, users[0].Key)
		invoke(t, i)
		expect(t, w, i, find(i))
		w.absent(t, func(tx store.Tx) error { return ignore(tx.FlowInvocation(other.Key, i.Callback)) })
		w.absent(t, func(tx store.Tx) error { return ignore(tx.FlowInvocation(c.Key, i.Callback+"x")) })
		w.refused(t, store.ErrExists, func(tx store.Tx) error { return tx.CreateFlowInvocation(i.FlowInvocation) })
	})
	t.Run("an invocation is finished once, and then holds nothing", func(t *testing.T) {
		i, other := newInvocation(c.Key), newInvocation(c.Key)
		invoke(t, i)
		invoke(t, other)
		w.must(t, func(tx store.Tx) error { return tx.FinishFlowInvocation(i.Channel, i.Callback) })
		i.Done, i.Held = true, ""
		expect(t, w, i, find(i))
		expect(t, w, other, find(other))
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.FinishFlowInvocation(i.Channel, i.Callback) })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.FinishFlowInvocation(i.Channel, "nothing") })
	})
	t.Run("an invocation is deleted, finished or not", func(t *testing.T) {
		i := newInvocation(c.Key)
		invoke(t, i)
		w.must(t, func(tx store.Tx) error { return tx.DeleteFlowInvocation(i.Channel, i.Callback) })
		w.absent(t, func(tx store.Tx) error { return ignore(find(i)(tx)) })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.DeleteFlowInvocation(i.Channel, i.Callback) })
		w.refused(t, store.ErrNotFound, func(tx store.Tx) error { return tx.FinishFlowInvocation(i.Channel, i.Callback) })
	})
	t.Run("it tells what its flow has become, and who wrote when they are deleted, but no deleted channel", func(t *testing.T) {
		instance := w.instance(t)
		gone := w.identities(t, instance.Key, arn.User, 2)
		flow, channel := w.flow(t, instance.Key), w.channel(t, instance.Key, gone[0].Key)
		i := newInvocation(channel.Key)
		i.Flow, i.Sender, i.Target = flow.Key, gone[0].Key, 0
		invoke(t, i)
		flow.Processors = "changed"
		w.must(t, func(tx store.Tx) error { return tx.UpdateChannelFlow(flow) })
		w.must(t, func(tx store.Tx) error { return tx.DeleteChannelFlow(flow.Key) })
		w.must(t, func(tx store.Tx) error { return tx.DeleteIdentity(gone[0].Key) })
		i.Processors, i.By, i.To = "changed", gone[0], store.Identity{}
		i.In = store.ChannelRef{Account: instance.Account, Instance: instance.ID, ID: channel.ID}
		expect(t, w, i, find(i))
		w.must(t, func(tx store.Tx) error { return tx.DeleteChannel(channel.Key) })
		i.In = store.ChannelRef{}
		expect(t, w, i, find(i))
	})
	t.Run("with its app instance its channel is gone", func(t *testing.T) {
		instance := w.instance(t)
		channel := w.channel(t, instance.Key, w.user(t, instance.Key).Key)
		i := newInvocation(channel.Key)
		invoke(t, i)
		w.must(t, func(tx store.Tx) error { return tx.DeleteAppInstance(instance.Key) })
		i.In = store.ChannelRef{}
		expect(t, w, i, find(i))
	})
	t.Run("the oldest are listed first, up to a time and a limit", func(t *testing.T) {
		long := noon.AddDate(-1, 0, 0) // before all others of this test
		var list []store.ListedInvocation
		for n := range 4 {
			i := newInvocation(c.Key)
			i.Invoked = long.Add(time.Duration(n) * time.Second)
			list = append(list, i)
		}
		for _, n := range []int{2, 0, 3, 1} {
			invoke(t, list[n])
		}
		until := func(at time.Time, limit int) func(store.Tx) ([]store.ListedInvocation, error) {
			return func(tx store.Tx) ([]store.ListedInvocation, error) { return tx.ListFlowInvocations(at, limit) }
		}
		expect(t, w, nil, until(long.Add(-time.Millisecond), 10))
		expect(t, w, list[:1], until(long, 10))
		expect(t, w, list[:3], until(long.Add(2*time.Second), 10))
		expect(t, w, list[:2], until(long.Add(time.Hour), 2))
		expect(t, w, nil, until(long.Add(time.Hour), 0))
	})
}
