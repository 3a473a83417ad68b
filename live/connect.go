package live

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/gobwas/ws"

	"carillon/api"
	"carillon/arn"
	"carillon/bus"
	"carillon/sigv4"
)

const (
	// maxSessionID is the longest id of a session, in bytes.
	maxSessionID = 1024
	// upgradeTimeout bounds how long a client may take to read what comes before its events.
	upgradeTimeout = 30 * time.Second
	// presignedSkew is how far the clock of who signed may be off.
	presignedSkew = 5 * time.Minute
)

var (
	unauthorized = closing{code: closeUnauthorized, reason: "Unauthorized"}
	forbidden    = closing{code: closeForbidden, reason: "Forbidden"}
	failed       = closing{code: closeInternal, reason: "Internal error"}
	restarting   = closing{code: closeRestart, reason: "The server restarts"}
	tooLate      = closing{code: closeGoingAway, reason: "The session has expired"}
	// A client that connects twice within a second has signed the same: signatures tell no smaller time.
	// It is to sign anew.
	repeated = closing{code: closeAgain, reason: "The signature has connected before"}
)

// request is what a client asks for when it connects.
type request struct {
	user, session string
	prefetch      bool
	byLastMessage bool

	caller *api.Caller
	source string
	review int64 // how many there had been before the caller was looked at
}

// ServeHTTP opens a session. The upgrade is accepted also for those who may have none: only then can
// they be told so, with a close code.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d := &api.Deed{Action: "chime:Connect", ReadOnly: true, SourceAddress: strings.Clone(api.SourceOf(r)), UserAgent: strings.Clone(r.UserAgent())}
	asked, refused := h.admit(r, d)
	upgrader := ws.HTTPUpgrader{Timeout: upgradeTimeout}
	if refused.code != 0 {
		d.AccessKeyID = sigv4.ClaimedKey(r)
		if h.Explain && refused.err != nil && refused.err.Reason != "" {
			upgrader.Header = http.Header{api.ReasonHeader: {api.ReasonValue(refused.err.Reason)}}
		}
	}
	// From here on the end of the hub waits for the connection: a refusal that the client has seen is recorded.
	if !h.admitted() {
		http.Error(w, restarting.reason, http.StatusServiceUnavailable) // the client tries again, or elsewhere
		return
	}
	nc, buffered, _, err := upgrader.Upgrade(r, w)
	if err != nil {
		if nc != nil {
			_ = nc.Close()
		}
		h.connections.Done()
		return
	}
	in, err := reader(nc, buffered)
	if err != nil {
		_ = nc.Close()
		h.connections.Done()
		return
	}
	asked.source = d.SourceAddress
	// The connection outlives the request, and nothing of the request is kept for it.
	go func() {
		defer h.connections.Done()
		if refused.code == 0 {
			refused = h.serve(nc, in, asked)
		}
		if refused.code != 0 {
			h.refuse(nc, in, refused, d)
		}
	}()
}

// admitted counts one more connection, unless the hub no longer waits for any.
func (h *Hub) admitted() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.draining {
		h.connections.Add(1)
	}
	return !h.draining
}

// reader reads from a connection, what was read already first. It is as small as can be: there may be
// very many, and all they read is control frames.
func reader(nc net.Conn, buffered *bufio.ReadWriter) (*bufio.Reader, error) {
	n := buffered.Reader.Buffered()
	if n == 0 {
		return bufio.NewReaderSize(nc, readBuffer), nil
	}
	early, err := buffered.Reader.Peek(n)
	return bufio.NewReaderSize(io.MultiReader(bytes.NewReader(slices.Clone(early)), nc), readBuffer), err
}

// admit reads and judges a request to connect, and notes in d who made it.
func (h *Hub) admit(r *http.Request, d *api.Deed) (request, closing) {
	if origin := r.Header.Get("Origin"); origin != "" && len(h.AllowedOrigins) > 0 && !slices.Contains(h.AllowedOrigins, origin) {
		return request{}, closing{code: closeForbidden, reason: "The origin is not allowed"}.because("origin: the page's origin is not among the allowed ones")
	}
	reviews := h.reviews.Load()
	caller, err := h.Authenticate(r)
	var stated *api.Error
	if errors.As(err, &stated) {
		return request{}, closing{code: unauthorized.code, reason: unauthorized.reason, err: stated}
	}
	if err != nil {
		h.Log.Error("a request to connect cannot be judged", "error", err)
		return request{}, failed
	}
	d.Caller = caller
	leave, err := h.Enter(caller)
	if errors.As(err, &stated) {
		return request{}, closing{code: closeAgain, reason: stated.Message, err: stated}
	}
	if err != nil {
		h.Log.Error("a request to connect cannot be counted", "error", err)
		return request{}, failed
	}
	defer leave()
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return request{}, unauthorized.because("request: the query cannot be read")
	}
	caller.SourceAddress, caller.Secure = d.SourceAddress, api.IsSecure(r)
	asked := request{
		caller: caller, review: reviews,
		prefetch:      query.Get("prefetch-on") == "connect",
		byLastMessage: query.Get("prefetch-sort-by") == "last-message-timestamp",
	}
	for name, value := range map[string]*string{"userArn": &asked.user, "sessionId": &asked.session} {
		if len(query[name]) != 1 {
			return request{}, unauthorized.because("request: the parameter " + name + " must be given once")
		}
		*value = query[name][0]
	}
	a, err := arn.Parse(asked.user)
	if err == nil {
		d.Resources = []string{a.String()}
	}
	switch {
	case err != nil, a.Kind != arn.User:
		return request{}, unauthorized.because("request: userArn is not the ARN of a user")
	case a.Partition != h.Partition, a.Region != h.Region, a.Account != caller.Account:
		return request{}, unauthorized.because("account: userArn is of another account, region or partition than the key")
	case asked.session == "", len(asked.session) > maxSessionID, !utf8.ValidString(asked.session):
		return request{}, unauthorized.because("request: sessionId is empty, too long or no UTF-8")
	}
	switch h.signatures.use(query.Get("X-Amz-Signature"), h.Now(), validUntil(query)) {
	case justUsed:
		return request{}, repeated
	case used:
		return request{}, unauthorized.because("signature: it has connected before")
	}
	// Copies: what these are parts of is larger, and would live as long as the session.
	asked.user, asked.session = a.String(), strings.Clone(asked.session)
	caller.AccessKeyID = strings.Clone(caller.AccessKeyID)
	return asked, h.judge(r.Context(), caller, asked.user)
}

// validUntil is when the signature of a query, which was found good, is good no more.
func validUntil(query url.Values) time.Time {
	at, _ := time.Parse("20060102T150405Z", query.Get("X-Amz-Date"))
	seconds, _ := strconv.Atoi(query.Get("X-Amz-Expires"))
	return at.Add(time.Duration(seconds)*time.Second + presignedSkew)
}

// refuse closes a connection that gets no session. d is the request for it.
func (h *Hub) refuse(nc net.Conn, in io.Reader, why closing, d *api.Deed) {
	h.metrics.connects.WithLabelValues(outcomeOf(why)).Inc()
	rule := ""
	if why.err != nil {
		rule = why.err.Reason
		if h.Audit != nil {
			d.Status, d.Err = int(why.code), why.err
			h.Audit(d)
		}
	}
	h.Log.Info("session refused", "source", d.SourceAddress, "code", int(why.code), "reason", why.reason, "rule", rule)
	_ = nc.SetDeadline(time.Now().Add(closeGrace))
	if _, err := nc.Write(closeFrame(why.code, why.reason)); err == nil {
		untilClosed(in)
	}
	_ = nc.Close()
}

// outcomeOf is what the metrics call a refusal.
func outcomeOf(why closing) string {
	switch {
	case why.code == closeUnauthorized:
		return "unauthorized"
	case why.code == closeForbidden:
		return "forbidden"
	case why.err != nil && why.err.Kind == api.Throttled:
		return "throttled"
	default:
		return "failed"
	}
}

// untilClosed reads until the client has answered a close frame: it is for the server to close the connection
// then, and browsers wait two seconds for that before they tell why.
func untilClosed(in io.Reader) {
	in = io.LimitReader(in, maxDataFrame)
	for {
		header, err := ws.ReadHeader(in)
		if err != nil {
			return
		}
		// What was not read when the connection is closed would keep the client from reading why.
		if _, err := io.CopyN(io.Discard, in, header.Length); err != nil || header.OpCode == ws.OpClose {
			return
		}
	}
}

// serve gives a connection its session, and has it read from until it ends. It returns why there was no
// session, if there was none.
func (h *Hub) serve(nc net.Conn, in *bufio.Reader, asked request) closing {
	s, turn, refused := h.begin(asked)
	if s == nil {
		return refused
	}
	if broken, err := h.greet(nc, asked); broken {
		_ = nc.Close()
		return closing{}
	} else if err != nil {
		h.Log.Error("the details of channels cannot be read", "user", asked.user, "error", err)
		return failed
	}
	_ = nc.SetDeadline(time.Time{})
	c := &conn{session: s, turn: turn, nc: nc, source: asked.source, caller: asked.caller, opened: time.Now()}
	if why := s.attach(c); why.code != 0 {
		return why
	}
	h.metrics.connects.WithLabelValues("established").Inc()
	h.metrics.connected.Inc()
	h.enlist(c)
	h.limit(c, asked.review)
	h.Log.Info("session connected", "user", asked.user, "source", asked.source)
	// Waiting needs little stack, and beginning much: a goroutine of its own begins with little.
	h.connections.Go(func() {
		c.read(in)
		h.finish(c)
	})
	return closing{}
}

// enlist adds a connection to those that are pinged, and told when the hub ends.
func (h *Hub) enlist(c *conn) {
	h.beat.add(c, h.PingInterval)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.draining {
		c.session.mu.Lock()
		defer c.session.mu.Unlock()
		c.shut(restarting.code, restarting.reason, afterwards)
	}
}

// greetings are buffers for what comes first on a connection, which is much when it begins with details.
var greetings = sync.Pool{New: func() any { return new([greetingSize]byte) }}

// greetingSize is how much of it is written at once.
const greetingSize = 64 << 10

// greet writes what comes first on every connection.
func (h *Hub) greet(nc net.Conn, asked request) (broken bool, err error) {
	write := func(b []byte) error {
		_ = nc.SetDeadline(time.Now().Add(upgradeTimeout))
		_, err := nc.Write(b)
		broken = err != nil
		return err
	}
	if !asked.prefetch {
		err = write(established)
		return broken, err
	}
	buffer := greetings.Get().(*[greetingSize]byte)
	defer greetings.Put(buffer)
	waiting := append(buffer[:0], established...)
	err = h.Directory.Details(h.life, asked.user, asked.byLastMessage, func(quoted ...[]byte) error {
		waiting = appendDetails(waiting, quoted...)
		if len(waiting) < greetingSize/2 {
			return nil
		}
		err := write(waiting)
		waiting = buffer[:0]
		return err
	})
	if err == nil {
		err = write(waiting)
	}
	return broken, err
}

// finish is the end of a connection.
func (h *Hub) finish(c *conn) {
	s := c.session
	s.mu.Lock()
	flushed := c.flushed
	s.mu.Unlock()
	if flushed != nil {
		<-flushed
	}
	_ = c.nc.Close()
	if c.expiry != nil {
		c.expiry.Stop()
	}
	h.beat.remove(c)
	s.detach(c)
	s.mu.Lock()
	ended, delivered := c.ended, c.delivered
	s.mu.Unlock()
	if ended.code == 0 {
		ended = closing{code: closeBroken, reason: "the connection broke"}
	}
	h.metrics.connected.Dec()
	h.metrics.closes.WithLabelValues(codeLabel(ended.code)).Inc()
	h.Log.Info("session disconnected", "user", s.user.arn, "source", c.source, "code", int(ended.code), "reason", ended.reason,
		"duration", time.Since(c.opened).Round(time.Millisecond), "events", delivered)
}

// codeLabel keeps codes that clients invent out of the metrics.
func codeLabel(code ws.StatusCode) string {
	if code >= 1000 && code <= 1015 || code == closeForbidden || code == closeUnauthorized {
		return strconv.Itoa(int(code))
	}
	return "other"
}

// begin finds or makes a session for a client, which hears everything from then on.
func (h *Hub) begin(asked request) (s *session, turn int, refused closing) {
	u, err := h.load(asked.user)
	var stated *api.Error
	switch {
	case errors.As(err, &stated), errors.Is(err, errGone):
		return nil, 0, unauthorized.because("user: it does not exist")
	case errors.Is(err, errDraining):
		return nil, 0, restarting
	case err != nil:
		h.Log.Error("the channels of a user cannot be read", "user", asked.user, "error", err)
		return nil, 0, failed
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	u.pins--
	switch {
	case h.users[u.arn] != u:
		return nil, 0, unauthorized.because("user: it was deleted meanwhile")
	case h.draining:
		h.tidy(u)
		return nil, 0, restarting
	}
	if s = u.session(asked.session); s != nil {
		if turn, welcome := s.welcome(); welcome {
			return s, turn, closing{}
		}
	}
	if h.expired.Remove(sessionName{user: u.arn, id: asked.session}) {
		h.metrics.resumes.WithLabelValues("expired").Inc()
	}
	if len(u.sessions) >= h.PerUser {
		h.drop(u.sessions[0], closing{code: closeForbidden, reason: fmt.Sprintf("The user has more than %d sessions", h.PerUser)})
	}
	s = h.newSession(u, asked.session, h.Now())
	turn, _ = s.welcome()
	return s, turn, closing{}
}

func (h *Hub) newSession(u *user, id string, began time.Time) *session {
	s := &session{hub: h, user: u, id: id, slot: h.journal.take(u.arn, id, began)}
	u.sessions = append(u.sessions, s)
	return s
}

// session returns the session of an id, nil if there is none.
func (u *user) session(id string) *session {
	for _, s := range u.sessions {
		if s.id == id {
			return s
		}
	}
	return nil
}

var (
	errGone     = errors.New("live: the user was deleted")
	errDraining = errors.New("live: the server restarts")
)

// load returns a user whose rooms are known, and reads them if they are not. The user is pinned: the
// caller must take the pin away.
func (h *Hub) load(name string) (*user, error) {
	h.mu.Lock()
	if h.draining {
		h.mu.Unlock()
		return nil, errDraining
	}
	if u := h.users[name]; u != nil {
		u.pins++
		l := u.loading
		h.mu.Unlock()
		if l == nil {
			return u, nil
		}
		<-l.done
		return u, l.err
	}
	l := &loading{done: make(chan struct{}), left: make(map[roomName]int64)}
	u := &user{arn: name, pins: 1, loading: l}
	h.users[name] = u
	h.mu.Unlock()

	err := h.persist(func(ctx context.Context) error {
		return h.Directory.Streams(ctx, name, func(streams []bus.Stream) error { return h.enter(u, l, streams) })
	})
	h.mu.Lock()
	defer h.mu.Unlock()
	u.loading, l.err = nil, err
	close(l.done)
	if err != nil {
		h.release(u) // those who waited have the error too
	}
	return u, err
}

// enter makes a user a member of rooms. What it left while they were being read, it does not enter.
func (h *Hub) enter(u *user, l *loading, streams []bus.Stream) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.users[u.arn] != u {
		return errGone
	}
	for _, stream := range streams {
		name := roomName{channel: stream.Channel, subChannel: stream.SubChannel}
		if l.left[name] > stream.Sequence {
			continue
		}
		r := h.rooms[name]
		if r == nil {
			r = h.open(name, stream.Sequence)
		}
		if r.sequence == unknown {
			r.sequence = stream.Sequence
		}
		h.join(u, r, stream.Sequence)
	}
	return nil
}
