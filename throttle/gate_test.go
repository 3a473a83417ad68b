package throttle

import (
	"errors"
	"fmt"
	"testing"

	"carillon/api"
)

func TestGate(t *testing.T) {
	// inside is how many of a hundred requests get in, each from the address of its number.
	inside := func(g *Gate, address func(i int) string) (n int, leave []func()) {
		for i := range 100 {
			l, err := g.Enter(address(i))
			if err == nil {
				n++
				leave = append(leave, l)
			} else if !errors.Is(err, &api.Error{Kind: api.ServiceUnavailable}) {
				t.Fatal(err)
			}
		}
		return n, leave
	}
	one := func(int) string { return "192.0.2.1" }
	other := func(int) string { return "192.0.2.2" }
	many := func(i int) string { return fmt.Sprintf("198.51.100.%d", i) }
	network := func(i int) string { return fmt.Sprintf("2001:db8::%x", i) }
	networks := func(i int) string { return fmt.Sprintf("2001:db8:0:%x::1", i) }

	t.Run("one address has a quarter of the places", func(t *testing.T) {
		g := NewGate(40)
		for _, address := range []func(int) string{one, other, network} {
			if n, _ := inside(g, address); n != 10 {
				t.Errorf("%s: %d", address(0), n)
			}
		}
		if n, _ := inside(g, many); n != 10 {
			t.Errorf("all others: %d", n)
		}
	})
	t.Run("many addresses have them all", func(t *testing.T) {
		for _, address := range []func(int) string{many, networks} {
			if n, _ := inside(NewGate(40), address); n != 40 {
				t.Errorf("%s: %d", address(0), n)
			}
		}
	})
	t.Run("places that are left are free, and nothing of them is kept", func(t *testing.T) {
		g := NewGate(40)
		for range 3 {
			n, leave := inside(g, one)
			if n != 10 {
				t.Errorf("%d", n)
			}
			for _, l := range leave {
				l()
			}
		}
		if g.inside != 0 || len(g.from) != 0 {
			t.Errorf("%d inside, from %v", g.inside, g.from)
		}
	})
	t.Run("what is no address is one", func(t *testing.T) {
		if n, _ := inside(NewGate(4), func(int) string { return "@" }); n != 1 {
			t.Errorf("%d", n)
		}
	})
}
