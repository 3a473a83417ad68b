package live

import (
	"encoding/binary"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/gobwas/ws"

	"carillon/bus"
)

// frame is an event as it goes to every session that gets it, encoded once: a whole WebSocket frame.
type frame struct {
	wire []byte
	// place is that of the event in the journal or, when it is not durable, of the next one that is.
	place uint64
}

// encode makes the frame of an event.
func encode(e *bus.Event) *frame {
	// Quoting adds a backslash to every quotation mark of the payload, of which JSON has many.
	text := make([]byte, frameHead, frameHead+160+len(e.Payload)+len(e.Payload)/4)
	text = append(text, `{"Headers":{"x-amz-chime-event-type":"`...)
	text = append(text, e.Type...)
	text = append(text, `","x-amz-chime-message-type":"`...)
	text = append(text, e.MessageType...)
	if e.Reason != "" {
		text = append(text, `","x-amz-chime-event-reason":"`...)
		text = append(text, e.Reason...)
	}
	text = append(text, `"}`...)
	if len(e.Payload) > 0 {
		text = append(text, `,"Payload":`...)
		// The error tells of text that is not UTF-8, which the API has let nobody store.
		text, _ = jsontext.AppendQuote(text, e.Payload)
	}
	return &frame{wire: prefixed(append(text, '}'))}
}

// frameHead is the longest header of a frame that a server sends.
const frameHead = 10

// prefixed puts the header of a text frame right before the text, which begins at frameHead.
func prefixed(text []byte) []byte {
	header := appendHeader(make([]byte, 0, frameHead), len(text)-frameHead)
	text = text[frameHead-len(header):]
	copy(text, header)
	return text
}

// system makes the frame of an event that one connection gets and no other.
func system(kind string, payload []byte) []byte {
	return encode(&bus.Event{Type: kind, MessageType: "SYSTEM", Payload: payload}).wire
}

// appendDetails appends the frame of a CHANNEL_DETAILS whose payload is quoted already.
func appendDetails(b []byte, quoted ...[]byte) []byte {
	const begin, end = `{"Headers":{"x-amz-chime-event-type":"CHANNEL_DETAILS","x-amz-chime-message-type":"SYSTEM"},"Payload":"`, `"}`
	n := len(begin) + len(end)
	for _, part := range quoted {
		n += len(part)
	}
	b = append(appendHeader(b, n), begin...)
	for _, part := range quoted {
		b = append(b, part...)
	}
	return append(b, end...)
}

// appendHeader appends the header of a text frame of n bytes.
func appendHeader(b []byte, n int) []byte {
	b = append(b, 0x80|byte(ws.OpText))
	switch {
	case n < 126:
		return append(b, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		return binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
}

var established = system("SESSION_ESTABLISHED", nil)

// pingSize is the size of a ping: a header and the number of the last frame before it.
const pingSize = 2 + 8

// appendPing appends a ping that carries a number. The pong that answers it says that everything
// before it was received, because frames arrive in order: the confirmation that the protocol lacks.
func appendPing(b []byte, number uint64) []byte {
	return binary.BigEndian.AppendUint64(append(b, 0x80|byte(ws.OpPing), 8), number)
}

// confirmed reads the number that a pong carries back.
func confirmed(pong []byte) (number uint64, ok bool) {
	if len(pong) != 8 {
		return 0, false
	}
	return binary.BigEndian.Uint64(pong), true
}

// The close codes there are, and what the official client makes of them.
const (
	closeGoingAway    = ws.StatusCode(1001) // connects again
	closeProtocol     = ws.StatusCode(1002) // final
	closeBadText      = ws.StatusCode(1007) // final
	closePolicy       = ws.StatusCode(1008) // final
	closeTooBig       = ws.StatusCode(1009) // final
	closeInternal     = ws.StatusCode(1011) // connects again
	closeRestart      = ws.StatusCode(1012) // connects again
	closeAgain        = ws.StatusCode(1013) // connects again
	closeForbidden    = ws.StatusCode(4003) // final
	closeUnauthorized = ws.StatusCode(4401) // final

	closeBroken = ws.StatusCode(1006) // never sent: the connection ended without a word
)

func closeFrame(code ws.StatusCode, reason string) []byte {
	return ws.MustCompileFrame(ws.NewCloseFrame(ws.NewCloseFrameBody(code, reason)))
}
