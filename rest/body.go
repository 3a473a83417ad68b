package rest

import (
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"carillon/api"
)

// buffers holds room for bodies and answers. What is in a buffer is gone once it is given back: the
// codec copies every string it keeps.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

const (
	// firstBody is how much room a body gets before any of it has arrived, whatever length it
	// claims, in bytes.
	firstBody = 4 << 10
	// maxPooled is the largest buffer that is kept for the next request, in bytes.
	maxPooled = 64 << 10
)

func takeBuffer() *[]byte { return buffers.Get().(*[]byte) }

func giveBuffer(b *[]byte) {
	if cap(*b) <= maxPooled {
		*b = (*b)[:0]
		buffers.Put(b)
	}
}

// readBody reads the whole body into buffer within the limits of length and time.
func (x *exchange) readBody(buffer *[]byte) *api.Error {
	if x.r.Body == nil || x.r.Body == http.NoBody {
		return nil
	}
	x.unread = true
	// A server that cannot set deadlines has its own.
	deadlines := http.NewResponseController(x.w)
	_ = deadlines.SetReadDeadline(time.Now().Add(x.BodyTimeout))
	if x.r.ContentLength > x.MaxBody {
		return x.tooLarge()
	}
	b := (*buffer)[:0]
	if cap(b) == 0 {
		b = make([]byte, 0, firstBody)
	}
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := x.r.Body.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		x.received = int64(len(b))
		*buffer = b
		switch {
		case x.received > x.MaxBody:
			return x.tooLarge()
		case err == io.EOF:
			x.unread = false
			// A deadline that passes later would end the request as if its caller had gone.
			_ = deadlines.SetReadDeadline(time.Time{})
			return nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			return api.Errorf(api.RequestTimeout, "The request body did not arrive in time.")
		case err != nil:
			return &api.Error{Kind: api.BadRequest, Message: "The request body could not be read to its end.", Cause: err}
		}
	}
}

func (x *exchange) tooLarge() *api.Error {
	return api.Errorf(api.RequestTooLarge, "The request body must not be longer than %d bytes.", x.MaxBody)
}
