package bench

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// broken are the promises that a report says were broken, with their counts.
func broken(r *Report) map[string]int64 {
	list := make(map[string]int64)
	for _, b := range r.Broken {
		list[b.What] = b.Times
	}
	return list
}

func TestTally(t *testing.T) {
	const missing, twice, late = "messages did not reach a session", "messages reached a session twice", "messages reached a session out of order"
	for _, c := range []struct {
		name string
		// heard are the numbers of the messages that each of two sessions gets, of five that are sent.
		heard [2][]int
		want  map[string]int64
	}{
		{"everything in the order of the answers", [2][]int{{0, 1, 2, 3, 4}, {0, 1, 2, 3, 4}}, nil},
		{"one that is missing in the middle", [2][]int{{0, 1, 2, 3, 4}, {0, 1, 3, 4}}, map[string]int64{missing: 1}},
		{"one that is missing in the end", [2][]int{{0, 1, 2, 3, 4}, {0, 1, 2, 3}}, map[string]int64{missing: 1}},
		{"one that nobody got", [2][]int{{0, 1, 2, 3}, {0, 1, 2, 3}}, map[string]int64{missing: 2}},
		{"one that came twice", [2][]int{{0, 1, 2, 3, 4}, {0, 1, 1, 2, 3, 4}}, map[string]int64{twice: 1}},
		{"one that came late", [2][]int{{0, 1, 2, 3, 4}, {0, 2, 1, 3, 4}}, map[string]int64{late: 1}},
		{"an order that is not that of the answers", [2][]int{{1, 0, 2, 3, 4}, {1, 0, 2, 3, 4}},
			map[string]int64{"messages come before others that were acknowledged before they were sent": 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			y := newTally(1, 2, "bench-test")
			var contents []string
			for range 5 {
				m, content := y.send(0, 0)
				contents = append(contents, content)
				y.acknowledge(m)
			}
			for i, numbers := range c.heard {
				for _, n := range numbers {
					y.hear(i, fmt.Appendf(nil, `{"Payload":"{\"Content\":\"%sxxx\"}"}`, contents[n]))
				}
			}
			r := newReport("test")
			y.report(r)
			if diff := cmp.Diff(c.want, broken(r)); diff != "" && (c.want != nil || len(r.Broken) > 0) {
				t.Error(diff)
			}
		})
	}
	t.Run("a message of another channel is strange, an event of another kind is not", func(t *testing.T) {
		y := newTally(2, 2, "bench-test")
		m, content := y.send(1, 0)
		y.acknowledge(m)
		y.hear(0, []byte(content))
		y.hear(1, []byte(content))
		y.hear(1, []byte(`{"Headers":{}}`))
		r := newReport("test")
		y.report(r)
		if diff := cmp.Diff(map[string]int64{"messages reached a session that nobody sent to its channel": 1}, broken(r)); diff != "" {
			t.Error(diff)
		}
	})
}
