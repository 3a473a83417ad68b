package live

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"testing"
	"time"

	"carillon/bus"
)

// nowhere is a connection on which everything is written at once and nothing comes back.
type nowhere struct{ net.Conn }

func (nowhere) Write(b []byte) (int, error)      { return len(b), nil }
func (nowhere) Close() error                     { return nil }
func (nowhere) SetReadDeadline(time.Time) error  { return nil }
func (nowhere) SetWriteDeadline(time.Time) error { return nil }

// everybody is a directory in which every user is a member of one channel.
type everybody struct {
	Directory
	channel string
}

func (e everybody) Streams(_ context.Context, _ string, each func([]bus.Stream) error) error {
	return each([]bus.Stream{{Channel: e.channel}})
}

func (e everybody) Leavings(context.Context, string, time.Time, int) ([]Past, error) { return nil, nil }

// many is a directory in which every user is a member of many channels.
type many struct {
	everybody
	channels int
}

func (m many) Streams(_ context.Context, _ string, each func([]bus.Stream) error) error {
	const page = 500
	for from := 0; from < m.channels; from += page {
		streams := make([]bus.Stream, min(page, m.channels-from))
		for i := range streams {
			streams[i].Channel = fmt.Sprint(m.channel, from+i)
		}
		if err := each(streams); err != nil {
			return err
		}
	}
	return nil
}

// BenchmarkComeAndGo is what the hub does for a user who connects and disconnects, without the store.
func BenchmarkComeAndGo(b *testing.B) {
	for _, channels := range []int{10, 1_000, 100_000} {
		b.Run(fmt.Sprint(channels, " channels"), func(b *testing.B) {
			h, _, event := hubOf(b, 0)
			h.Directory = many{everybody{channel: event.Channel}, channels}
			for b.Loop() {
				s, _, _ := h.begin(request{user: "arn:aws:chime:us-east-1:123456789012:app-instance/a/user/busy", session: "s"})
				h.end(s, closing{})
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*channels), "ns/channel")
		})
	}
}

// hubOf makes a hub with sessions in one channel, whose clients confirm what they get.
func hubOf(b testing.TB, sessions int) (*Hub, *bus.Local, bus.Event) {
	const instance = "arn:aws:chime:us-east-1:123456789012:app-instance/694d2099-cb1e-463e-9d64-697ff5b8950e"
	channel := instance + "/channel/1f7b3612-53f3-4d38-a934-15e07e8f04d9"
	events := new(bus.Local)
	h, err := New(b.Context(), Options{
		Bus: events, Directory: everybody{channel: channel}, Journal: filepath.Join(b.TempDir(), "sessions"),
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Buffer: 1 << 20,
	})
	if err != nil {
		b.Fatal(err)
	}
	for i := range sessions {
		s, turn, _ := h.begin(request{user: fmt.Sprint(instance, "/user/", i), session: "s"})
		s.attach(&conn{session: s, turn: turn, nc: nowhere{}, pingedAt: time.Now().Add(time.Hour)})
	}
	b.Cleanup(func() { h.stop(); h.wg.Wait(); _ = h.journal.close() })
	payload := fmt.Sprintf(`{"ChannelArn":%q,"Content":"%0*d","Status":{"Value":"SENT"}}`, channel, 500, 0)
	return h, events, bus.Event{
		Type: "CREATE_CHANNEL_MESSAGE", MessageType: "STANDARD", Channel: channel, Audience: bus.Audience{Members: true}, Payload: []byte(payload),
	}
}

func BenchmarkFanOut(b *testing.B) {
	for _, sessions := range []int{1, 100, 10_000} {
		b.Run(fmt.Sprint(sessions, " sessions"), func(b *testing.B) {
			h, _, event := hubOf(b, sessions)
			b.ReportAllocs()
			for b.Loop() {
				event.Sequence++
				h.mu.Lock()
				h.dispatch(&event)
				h.mu.Unlock()
				h.settleQueues()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*sessions), "ns/delivery")
		})
	}
}

// settleQueues waits until everything is written, and takes it as confirmed.
func (h *Hub) settleQueues() {
	for _, u := range h.users {
		for _, s := range u.sessions {
			for {
				s.mu.Lock()
				written := s.written == len(s.queue)
				if written {
					s.forget()
				}
				s.mu.Unlock()
				if written {
					break
				}
				time.Sleep(time.Microsecond)
			}
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	_, _, event := hubOf(b, 0)
	b.SetBytes(int64(len(event.Payload)))
	b.ReportAllocs()
	for b.Loop() {
		encode(&event)
	}
}

// BenchmarkAppendDetails is a frame of CHANNEL_DETAILS whose parts were quoted before.
func BenchmarkAppendDetails(b *testing.B) {
	head, shared, tail := make([]byte, 300), make([]byte, 20<<10), make([]byte, 60)
	var buffer []byte
	b.SetBytes(int64(len(head) + len(shared) + len(tail)))
	b.ReportAllocs()
	for b.Loop() {
		buffer = appendDetails(buffer[:0], head, shared, tail)
	}
}
