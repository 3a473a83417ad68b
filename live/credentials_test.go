package live_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"carillon/api"
	"carillon/live"
)

// keys says what callers may do, by the parameter X-Amz-Credential.
type keys struct {
	mu      sync.Mutex
	refused map[string]error
	deeds   []api.Deed
	ahead   time.Duration // of the machine's clock is that of the hub
	once    func()        // called with the next question, which is answered with yes
}

func (k *keys) admit(_ context.Context, caller *api.Caller, _ string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if once := k.once; once != nil {
		k.once = nil
		once()
		return nil
	}
	return k.refused[caller.AccessKeyID]
}

func (k *keys) refuse(id string, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.refused[id] = err
}

func (k *keys) now() time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	return time.Now().Add(k.ahead)
}

// denials are the deeds that were denied to who signed with a key.
func (k *keys) denials(id string) (list []api.Deed) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, d := range k.deeds {
		if d.Denied() && d.Caller.AccessKeyID == id {
			list = append(list, d)
		}
	}
	return list
}

func guarded(t *testing.T, life time.Duration) (*house, *keys) {
	t.Helper()
	k := &keys{refused: make(map[string]error)}
	return newHouse(t, func(o *live.Options) {
		o.Admit, o.Now = k.admit, k.now
		o.Audit = func(d *api.Deed) {
			k.mu.Lock()
			defer k.mu.Unlock()
			k.deeds = append(k.deeds, *d)
		}
		o.Authenticate = func(r *http.Request) (*api.Caller, error) {
			caller := &api.Caller{Account: account, AccessKeyID: r.URL.Query().Get("X-Amz-Credential")}
			if life > 0 {
				caller.Expires = time.Now().Add(life)
			}
			return caller, nil
		}
	}), k
}

func TestWhoMayConnect(t *testing.T) {
	denied := &api.Error{Kind: api.AccessDenied, Message: "no", Reason: "denied: by the policy"}
	as := func(key, session string) url.Values {
		return url.Values{"X-Amz-Credential": {key}, "sessionId": {session}}
	}

	t.Run("who may not is told so after the upgrade", func(t *testing.T) {
		h, k := guarded(t, 0)
		k.refuse("other", denied)
		h.dial(as("other", "s1")).closed(4003, "Forbidden")
		k.refuse("other", errors.New("the store is away"))
		h.dial(as("other", "s1")).closed(1011, "Internal error")
		h.dial(as("good", "s1")).event("SESSION_ESTABLISHED")
	})

	t.Run("who may no more is told so at once, and others stay", func(t *testing.T) {
		h, k := guarded(t, 0)
		h.join("general", "alice")
		bad, good := h.dial(as("bad", "s1")), h.dial(as("good", "s2"))
		bad.event("SESSION_ESTABLISHED")
		good.event("SESSION_ESTABLISHED")
		eventually(t, "both are connected", func() bool { return h.metric("carillon_sessions_connected", "") == 2 })
		k.refuse("bad", denied)
		h.hub.Review("999999999999")
		h.message("general", "still heard")
		bad.event("CREATE_CHANNEL_MESSAGE")
		good.event("CREATE_CHANNEL_MESSAGE")
		h.hub.Review(account)
		bad.closed(4003, "Forbidden")
		h.hub.Review(account)
		h.message("general", "not heard")
		good.event("CREATE_CHANNEL_MESSAGE")
		want := api.Deed{
			Action: "chime:Connect", ReadOnly: true, Caller: &api.Caller{Account: account, AccessKeyID: "bad", SourceAddress: "127.0.0.1"},
			Resources: []string{arnOf("alice")}, SourceAddress: "127.0.0.1", Status: 4003, Err: denied,
		}
		if diff := cmp.Diff([]api.Deed{want}, k.denials("bad")); diff != "" {
			t.Errorf("it is recorded (-want +got):\n%s", diff)
		}
		if len(k.denials("good")) > 0 {
			t.Errorf("who stays is recorded: %+v", k.denials("good"))
		}
	})

	t.Run("a fault while asking again ends nothing", func(t *testing.T) {
		h, k := guarded(t, 0)
		h.join("general", "alice")
		c := h.dial(as("good", "s1"))
		c.event("SESSION_ESTABLISHED")
		k.refuse("good", errors.New("the store is away"))
		h.hub.Review(account)
		h.message("general", "still heard")
		c.event("CREATE_CHANNEL_MESSAGE")
	})

	t.Run("whose credentials have just expired is not put out for good", func(t *testing.T) {
		h, k := guarded(t, time.Minute)
		h.join("general", "alice")
		c := h.dial(as("good", "s1"))
		c.event("SESSION_ESTABLISHED")
		eventually(t, "it is connected", func() bool { return h.metric("carillon_sessions_connected", "") == 1 })
		k.refuse("good", denied)
		k.mu.Lock()
		k.ahead = time.Minute
		k.mu.Unlock()
		h.hub.Review(account)
		h.message("general", "still heard")
		c.event("CREATE_CHANNEL_MESSAGE")
		if n := len(k.denials("good")); n > 0 {
			t.Errorf("%d are recorded as denied", n)
		}
	})

	t.Run("who may no more while it connects is told so", func(t *testing.T) {
		h, k := guarded(t, 0)
		k.refuse("late", denied)
		k.once = func() { h.hub.Review(account) }
		c := h.dial(as("late", "s1"))
		c.event("SESSION_ESTABLISHED")
		c.closed(4003, "Forbidden")
		eventually(t, "it is recorded", func() bool { return len(k.denials("late")) == 1 })
	})
}

func TestCredentialsExpire(t *testing.T) {
	const life = 300 * time.Millisecond
	h, k := guarded(t, life)
	h.join("general", "alice")
	began := time.Now()
	c := h.dial(url.Values{"sessionId": {"s1"}})
	c.event("SESSION_ESTABLISHED")
	c.closed(1001, "The credentials have expired")
	if took := time.Since(began); took < life {
		t.Errorf("after %v", took)
	}
	if n := len(k.denials("")); n > 0 {
		t.Errorf("%d are recorded as denied", n)
	}
	h.message("general", "meanwhile")
	again := h.dial(url.Values{"sessionId": {"s1"}})
	again.event("SESSION_ESTABLISHED")
	again.event("CREATE_CHANNEL_MESSAGE") // with new credentials, a client gets what it missed
	again.goodbye()
}
