package rest

import (
	"bytes"
	"crypto/tls"
	"log/slog"
	"net"
	"strconv"

	"github.com/google/uuid"

	"carillon/api"
)

// Listener wraps a listener of the API's HTTP server, plain or of crypto/tls. What net/http refuses
// before there is a request to hand over, such as a path with a broken percent-escape, a malformed
// header or headers that are too long, it answers with a line of plain text of its own; on the way out
// that answer becomes an error in AWS's shape. log is told, at level debug, of handshakes that fail.
func Listener(l net.Listener, log *slog.Logger) net.Listener { return listener{l, log} }

type listener struct {
	net.Listener
	log *slog.Logger
}

// Accept implements net.Listener.
func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if secured, ok := c.(*tls.Conn); ok {
		return &secureConn{conn: conn{secured}, tls: secured, log: l.log}, nil
	}
	return conn{c}, nil
}

type conn struct{ net.Conn }

// Write implements net.Conn. An answer of net/http's own is always one write, and begins like no
// answer of this package: those are JSON.
func (c conn) Write(b []byte) (int, error) {
	if !bytes.HasPrefix(b, []byte("HTTP/1.1 4")) && !bytes.HasPrefix(b, []byte("HTTP/1.1 5")) {
		return c.Conn.Write(b)
	}
	head, text, found := bytes.Cut(b, []byte("\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"))
	if !found {
		return c.Conn.Write(b)
	}
	status, err := strconv.Atoi(string(head[len("HTTP/1.1 "):][:3]))
	if err != nil {
		return c.Conn.Write(b)
	}
	kind := api.BadRequest
	switch status {
	case 431:
		kind = api.RequestTooLarge
	case 501, 505:
		kind = api.NotImplemented
	}
	// The text is the status line again, sometimes followed by the reason.
	message := "The request is not valid HTTP."
	if _, reason, ok := bytes.Cut(text, []byte(": ")); ok {
		message = "The request is not valid HTTP: " + string(reason) + "."
	}
	if _, err := c.Conn.Write(refusal(head, api.Errorf(kind, "%s", message))); err != nil {
		return 0, err
	}
	return len(b), nil
}

// refusal is an answer that begins with head and has an error in AWS's shape.
func refusal(head []byte, e *api.Error) []byte {
	body := appendError(nil, e)
	out := append([]byte{}, head...)
	out = append(out, "\r\nContent-Type: application/json\r\nConnection: close\r\nX-Amzn-Errortype: "...)
	out = append(out, e.Kind.Exception()...)
	out = append(out, "\r\nX-Amzn-Requestid: "...)
	out = append(out, uuid.NewString()...)
	out = append(out, "\r\nContent-Length: "...)
	out = strconv.AppendInt(out, int64(len(body)), 10)
	out = append(out, "\r\n\r\n"...)
	return append(out, body...)
}
