package rest

import (
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"carillon/api"
)

const (
	// handshakeTimeout bounds how long a client may take to agree on TLS.
	handshakeTimeout = 10 * time.Second
	// lingering is how long a client that speaks no TLS has to read that it should.
	lingering = 5 * time.Second
)

// secureConn is a connection with TLS. Of a *tls.Conn net/http would shake hands itself, but what it
// writes could not be looked at. Of any other connection it asks for the state of TLS once, before it
// reads, in the connection's own goroutine: that is when hands are shaken.
type secureConn struct {
	conn
	tls *tls.Conn
	log *slog.Logger

	once   sync.Once
	failed bool
}

// ConnectionState is what net/http sets Request.TLS to.
func (c *secureConn) ConnectionState() tls.ConnectionState {
	c.once.Do(c.handshake)
	return c.tls.ConnectionState()
}

// Read implements net.Conn. A connection whose handshake failed has ended.
func (c *secureConn) Read(b []byte) (int, error) {
	if c.failed {
		return 0, io.EOF
	}
	return c.conn.Read(b)
}

func (c *secureConn) handshake() {
	_ = c.tls.SetDeadline(time.Now().Add(handshakeTimeout)) // it fails on closed connections only, as does what follows
	err := c.tls.Handshake()
	if err == nil {
		_ = c.tls.SetDeadline(time.Time{})
		// An authority that looks who answers for a domain has nothing to ask in HTTP.
		protocol := c.tls.ConnectionState().NegotiatedProtocol
		c.failed = protocol != "" && protocol != "http/1.1"
		return
	}
	c.failed = true
	c.log.Debug("TLS handshake failed", "client", c.tls.RemoteAddr().String(), "error", err)
	var other tls.RecordHeaderError
	if errors.As(err, &other) && other.Conn != nil && looksLikeHTTP(other.RecordHeader) {
		refusePlain(other.Conn)
	}
}

// looksLikeHTTP reports whether what should be the header of a TLS record begins a request.
func looksLikeHTTP(header [5]byte) bool {
	return slices.ContainsFunc([]string{"GET /", "HEAD ", "POST ", "PUT /", "PATCH", "DELET", "OPTIO"}, func(begin string) bool {
		return string(header[:]) == begin
	})
}

// refusePlain answers a request that should have come by TLS.
func refusePlain(c net.Conn) {
	_ = c.SetDeadline(time.Now().Add(lingering))
	answer := refusal([]byte("HTTP/1.1 400 Bad Request"), api.Errorf(api.BadRequest, "This port speaks TLS: begin the URL with https://."))
	if _, err := c.Write(answer); err != nil {
		return
	}
	// Closed with something unread, the connection would be reset and the answer lost.
	if half, ok := c.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		_, _ = io.CopyN(io.Discard, c, DefaultMaxBody)
	}
}

// authority is where the client sent the request: the host it named, or, when it takes this server for
// its proxy and so named another, the address that it connected to.
func authority(r *http.Request) string {
	if local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok && r.URL.IsAbs() {
		return local.String()
	}
	return r.Host
}
