package sqlstore

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"carillon/store"
)

// turn is what transactions of this node take turns at.
type turn struct {
	instance, channel string    // a channel by its name
	key               store.Key // or by its key
}

// lane is for transactions that keep failing: they go one at a time.
var lane = turn{}

// turnsOf tells which channels a transaction is about to change, if the request says so: each once, in
// an order that is the same for all, so that those who take several never wait for each other.
func turnsOf(q *postgresRequest) []turn {
	var about []turn
	for from := 0; from+q.params <= len(q.args); from += max(q.params, 1) {
		args := q.args[from:]
		switch q.text.of {
		case enterChannel:
			// Without a name of a channel it asks about an identity only.
			if args[0].text != "" {
				about = append(about, turn{channel: args[0].text, instance: args[3].text})
			}
		case selectStanding, selectPlace:
			about = append(about, turn{key: store.Key(args[0].integer)})
		default:
			return nil
		}
	}
	slices.SortFunc(about, func(a, b turn) int {
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.channel, b.channel), cmp.Compare(a.instance, b.instance))
	})
	return slices.Compact(about)
}

// turns are queues, first come first served.
type turns struct {
	mu     sync.Mutex
	queues map[turn]*turnQueue
}

type turnQueue struct {
	token chan struct{} // full while somebody has the turn
	users int           // who has it and who waits; guarded by turns.mu
}

// take waits for a turn.
func (t *turns) take(ctx context.Context, about turn) (release func(), err error) {
	t.mu.Lock()
	q := t.queues[about]
	if q == nil {
		if t.queues == nil {
			t.queues = make(map[turn]*turnQueue)
		}
		q = &turnQueue{token: make(chan struct{}, 1)}
		t.queues[about] = q
	}
	q.users++
	t.mu.Unlock()
	forget := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if q.users--; q.users == 0 {
			delete(t.queues, about)
		}
	}
	select {
	case q.token <- struct{}{}:
		return func() { <-q.token; forget() }, nil
	case <-ctx.Done():
		forget()
		return nil, ctx.Err()
	}
}

// commitOrder calls the hooks of transactions one after the other, in the order in which their
// commits were begun. That is the order of the commits wherever it matters: a transaction that
// depends on another one has read what that one committed before it began to commit itself.
type commitOrder struct {
	mu   sync.Mutex
	last chan struct{} // closed when the hooks of the last commit have run; nil before the first
}

// commitPlace is the place of one commit in the order.
type commitPlace struct{ before, done chan struct{} }

// next gives a place to a commit that is about to begin.
func (o *commitOrder) next() commitPlace {
	p := commitPlace{done: make(chan struct{})}
	o.mu.Lock()
	defer o.mu.Unlock()
	p.before, o.last = o.last, p.done
	return p
}

// run calls the hooks of a commit that took place.
func (p commitPlace) run(hooks func()) {
	p.wait()
	defer close(p.done)
	hooks()
}

// skip gives up the place of a commit that did not take place.
func (p commitPlace) skip() {
	go func() {
		p.wait()
		close(p.done)
	}()
}

func (p commitPlace) wait() {
	if p.before != nil {
		<-p.before
	}
}
