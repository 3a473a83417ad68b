package live

import (
	"context"
	"errors"
	"time"

	"carillon/api"
)

// expired is for a client whose credentials have ended: it is to come back with new ones, and gets then
// what it missed.
var expired = closing{code: closeGoingAway, reason: "The credentials have expired"}

// judge asks whether a caller may hear what a user hears.
func (h *Hub) judge(ctx context.Context, caller *api.Caller, user string) closing {
	if h.Admit == nil {
		return closing{}
	}
	err := h.Admit(ctx, caller, user)
	var stated *api.Error
	switch {
	case err == nil:
		return closing{}
	case errors.As(err, &stated):
		return closing{code: forbidden.code, reason: forbidden.reason, err: stated}
	default:
		h.Log.Error("it cannot be found out whether a caller may connect", "user", user, "error", err)
		return failed
	}
}

// limit has a connection end with the credentials that it was opened with, and makes up for a Review that
// came too early to see it.
func (h *Hub) limit(c *conn, reviewed int64) {
	if until := c.caller.Expires; !until.IsZero() {
		c.expiry = time.AfterFunc(until.Sub(h.Now()), func() {
			c.session.mu.Lock()
			defer c.session.mu.Unlock()
			c.shut(expired.code, expired.reason, afterwards)
		})
	}
	if h.reviews.Load() != reviewed {
		h.review(c)
	}
}

// Review asks again whether those may listen who called with keys of an account, and closes the sessions of
// those who may not any more. It is called when what anybody in the account may do has changed.
func (h *Hub) Review(account string) {
	h.reviews.Add(1)
	for _, c := range h.beat.all() {
		if c.caller.Account == account {
			h.review(c)
		}
	}
}

func (h *Hub) review(c *conn) {
	user := c.session.user.arn
	why := h.judge(h.life, c.caller, user)
	if why.code != forbidden.code {
		return // a fault of ours is no reason to end what is going well
	}
	if until := c.caller.Expires; !until.IsZero() && !h.Now().Before(until) {
		return // who may nothing because the credentials have expired comes back with others
	}
	if c.expel(why) && h.Audit != nil {
		h.Audit(&api.Deed{
			Action: "chime:Connect", ReadOnly: true, Caller: c.caller, Resources: []string{user}, SourceAddress: c.source, Status: int(why.code), Err: why.err,
		})
	}
}
