package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"carillon/api"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	instance = "arn:aws:chime:us-east-1:123456789012:app-instance/demo"
	channel  = instance + "/channel/general"
	alice    = instance + "/user/alice"
	bob      = instance + "/user/bob"
)

// sent is a message of alice's.
func sent() *api.Deed {
	return &api.Deed{
		Action: "chime:SendChannelMessage", Resources: []string{channel}, Status: http.StatusCreated,
		Caller: &api.Caller{
			Account: "123456789012", Principal: "arn:aws:iam::123456789012:root", AccessKeyID: "AKIAEXAMPLE", Bearer: alice,
		},
		Input:         &api.SendChannelMessageRequest{ChannelArn: channel, Content: "the content", Metadata: new("the metadata")},
		Output:        &api.SendChannelMessageResponse{ChannelArn: channel, MessageId: "m1"},
		SourceAddress: "192.0.2.1", UserAgent: "aws-cli/2", RequestID: "r1",
	}
}

// stranger is a request that somebody unknown is refused.
func stranger() *api.Deed {
	return &api.Deed{Action: "chime:ListChannels", ReadOnly: true, AccessKeyID: "AKIAGUESSED", Status: 403, Err: &api.Error{
		Kind: api.UnrecognizedClient, Message: "The security token included in the request is invalid.", Reason: "signature: there is no such access key",
	}}
}

// options are those of a log that nobody listens to, at a moment that stands still.
func options() Options {
	return Options{Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return time.UnixMilli(1_770_000_000_123) }}
}

// recorded is what a log says of deeds.
func recorded(t *testing.T, deeds ...*api.Deed) string {
	t.Helper()
	var out bytes.Buffer
	l := OpenWriter(&out, options())
	for _, d := range deeds {
		l.Witness(d)
	}
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestLines(t *testing.T) {
	const begin = `{"time":"2026-02-02T02:40:00.123Z",`
	t.Run("a write is recorded, with who, on whose behalf, from where and on what, and without what was said", func(t *testing.T) {
		want := begin + `"action":"chime:SendChannelMessage","outcome":"done","status":201,"account":"123456789012","principal":"arn:aws:iam::123456789012:root",` +
			`"access_key_id":"AKIAEXAMPLE","bearer":"` + alice + `","resources":["` + channel + `"],"source":"192.0.2.1","user_agent":"aws-cli/2","request_id":"r1"}` + "\n"
		if diff := cmp.Diff(want, recorded(t, sent())); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
	t.Run("who is refused is recorded with the reason, and the key that was named, also where nothing was to be changed", func(t *testing.T) {
		want := begin + `"action":"chime:ListChannels","outcome":"denied","status":403,"error":"UnrecognizedClient","reason":"signature: there is no such access key","access_key_id":"AKIAGUESSED"}` + "\n"
		if diff := cmp.Diff(want, recorded(t, stranger())); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
	t.Run("everything that is named is a resource: whom it is about, and what was made", func(t *testing.T) {
		d := sent()
		d.Input = &api.BatchCreateChannelMembershipRequest{ChannelArn: channel, MemberArns: []string{alice, bob}}
		d.Output = &api.CreateChannelResponse{ChannelArn: channel + "2"}
		if want := `"resources":["` + strings.Join([]string{channel, alice, bob, channel + "2"}, `","`) + `"]`; !strings.Contains(recorded(t, d), want) {
			t.Errorf("no %s in %s", want, recorded(t, d))
		}
	})
	t.Run("each ends in one of four ways", func(t *testing.T) {
		for want, e := range map[string]*api.Error{
			"done": nil, "denied": api.Errorf(api.Throttled, "x"), "refused": api.Errorf(api.Conflict, "x"), "failed": api.Errorf(api.ServiceFailure, "x"),
		} {
			d := sent()
			if d.Err = e; e != nil {
				d.Status = e.Kind.Status()
			}
			if got := recorded(t, d); !strings.Contains(got, `"outcome":"`+want+`"`) {
				t.Errorf("not %s: %s", want, got)
			}
		}
	})
	t.Run("what a caller chooses cannot make a line of its own, nor a long one", func(t *testing.T) {
		d := sent()
		hostile := "a\"}\n{\"action\":\"forged\"}\r\u2028\x00\xff" + strings.Repeat("é", 10_000)
		d.UserAgent, d.Caller.Bearer, d.AccessKeyID, d.SourceAddress = hostile, hostile, hostile, hostile
		for range 1000 {
			d.Resources = append(d.Resources, hostile+fmt.Sprint(len(d.Resources)))
		}
		d.Err = &api.Error{Kind: api.Forbidden, Reason: hostile}
		got := recorded(t, d)
		var line map[string]any
		if err := json.Unmarshal([]byte(got), &line); err != nil {
			t.Fatalf("no JSON: %v", err)
		}
		if strings.Count(got, "\n") != 1 || line["action"] != "chime:SendChannelMessage" || len(got) > 512<<10 {
			t.Errorf("%d bytes, %d lines, action %v", len(got), strings.Count(got, "\n"), line["action"])
		}
		if more := line["more_resources"]; more == nil {
			t.Error("not said how many resources more there were")
		}
	})
}

func TestWhatIsRecorded(t *testing.T) {
	read := func(e *api.Error) *api.Deed {
		return &api.Deed{Action: "chime:ListChannels", ReadOnly: true, Caller: &api.Caller{Account: "1"}, Err: e}
	}
	nobody := func(e *api.Error) *api.Deed { return &api.Deed{Action: "chime:CreateChannel", Err: e} }
	for _, c := range []struct {
		name string
		deed *api.Deed
		want bool
	}{
		{"a write that was done", sent(), true},
		{"a read that was done", read(nil), false},
		{"a read that failed", read(api.Errorf(api.ServiceFailure, "x")), false},
		{"a read of what is not there", read(api.Errorf(api.NotFound, "x")), false},
		{"a read that a rule forbids", read(api.Errorf(api.Forbidden, "x")), true},
		{"a read for a bearer that is none", read(api.Errorf(api.Unauthorized, "x")), true},
		{"a read that a policy does not allow", read(api.Errorf(api.AccessDenied, "x")), true},
		{"a read that comes too often", read(api.Errorf(api.Throttled, "x")), true},
		{"a signature that is broken", nobody(api.Errorf(api.IncompleteSignature, "x")), true},
		{"credentials handed out to somebody who had none", nobody(nil), true},
		{"a body that is too long, of nobody known", nobody(api.Errorf(api.RequestTooLarge, "x")), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := recorded(t, c.deed); (got != "") != c.want {
				t.Errorf("recorded: %q", got)
			}
		})
	}
}

func TestStrangersCannotFillTheLog(t *testing.T) {
	deeds := make([]*api.Deed, 10_000)
	for i := range deeds {
		deeds[i] = stranger()
	}
	const missing = `"action":"carillon:Missing","unknown_callers_denied":9800}`
	for name, c := range map[string]struct {
		after []*api.Deed
		lines int
		told  int // the line that tells, from the end
	}{
		"the next line tells": {[]*api.Deed{sent()}, strangersAtOnce + 2, 2},
		"or the last":         {nil, strangersAtOnce + 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			got := strings.Split(strings.TrimSpace(recorded(t, append(slices.Clone(deeds), c.after...)...)), "\n")
			if len(got) != c.lines {
				t.Fatalf("%d lines, want %d", len(got), c.lines)
			}
			if line := got[len(got)-c.told]; !strings.HasSuffix(line, missing) {
				t.Errorf("no %s in %s", missing, line)
			}
		})
	}
}

// disk is a file that may be full.
type disk struct {
	mu      sync.Mutex
	content bytes.Buffer
	room    int
}

func (d *disk) Write(b []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := min(len(b), d.room)
	d.room -= n
	d.content.Write(b[:n])
	if n < len(b) {
		return n, syscall.ENOSPC
	}
	return n, nil
}

func (d *disk) set(room int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.room = room
}

// read returns the lines that are JSON, by action, and how many are not.
func (d *disk) read() (actions map[string]int, torn int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	actions = make(map[string]int)
	for text := range strings.Lines(d.content.String()) {
		var line struct{ Action string }
		if json.Unmarshal([]byte(text), &line) != nil {
			torn++
		}
		actions[line.Action]++
	}
	return actions, torn
}

// missing returns how many deeds the lines say are lost. There may be several such lines: while some are
// being written there is room for others.
func (d *disk) missing() (lost int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for text := range strings.Lines(d.content.String()) {
		var line struct{ Lost int }
		if json.Unmarshal([]byte(text), &line) == nil {
			lost += line.Lost
		}
	}
	return lost
}

func TestFullDisk(t *testing.T) {
	t.Run("deeds wait until there is room, and the operator is told", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			var told bytes.Buffer
			d := &disk{room: 100} // less than a line
			o := options()
			o.Log = slog.New(slog.NewTextHandler(&told, nil))
			l := OpenWriter(d, o)
			for range 3 {
				l.Witness(sent())
			}
			time.Sleep(10 * time.Second)
			d.set(1 << 20)
			time.Sleep(2 * retryAfter)
			if actions, torn := d.read(); actions["chime:SendChannelMessage"] != 3 || torn != 1 {
				t.Errorf("%v, %d torn", actions, torn)
			}
			if err := l.Close(t.Context()); err != nil {
				t.Error(err)
			}
			if got := told.String(); strings.Count(got, "cannot be written") != 1 || strings.Count(got, "can be written again") != 1 {
				t.Errorf("told: %s", got)
			}
		})
	})
	t.Run("what is too much is lost, counted, and said to be missing", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := new(disk)
			o := options()
			metrics := prometheus.NewRegistry()
			o.Metrics = metrics
			o.MaxWaiting = 64 << 10
			l := OpenWriter(d, o)
			const deeds = 1000
			for range deeds {
				l.Witness(sent())
			}
			synctest.Wait()
			lost := int(testutil.ToFloat64(l.lost))
			l.mu.Lock()
			waiting := len(l.waiting)
			l.mu.Unlock()
			if lost == 0 || waiting > 2*o.MaxWaiting {
				t.Fatalf("%d lost, %d bytes wait", lost, waiting)
			}
			d.set(1 << 30)
			time.Sleep(2 * retryAfter)
			if actions, _ := d.read(); actions["chime:SendChannelMessage"] != deeds-lost {
				t.Errorf("%v, %d lost", actions, lost)
			}
			if said := d.missing(); said != lost {
				t.Errorf("the log says that %d are missing, %d are", said, lost)
			}
			if err := l.Close(t.Context()); err != nil {
				t.Error(err)
			}
		})
	})
	t.Run("closing says what is lost", func(t *testing.T) {
		l := OpenWriter(new(disk), options())
		l.Witness(sent())
		if err := l.Close(t.Context()); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%v", err)
		}
	})
}

func TestFile(t *testing.T) {
	open := func(t *testing.T, path string) *Log {
		t.Helper()
		l, err := OpenFile(path, options())
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	read := func(t *testing.T, path string) string {
		t.Helper()
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	t.Run("the file is its owner's alone and is added to, also after half a line", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "audit.log")
		for range 2 {
			l := open(t, path)
			l.Witness(sent())
			if err := l.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v", info.Mode(), err)
		}
		if err := os.WriteFile(path, []byte(read(t, path)+`{"time":"2026`), 0o600); err != nil {
			t.Fatal(err)
		}
		l := open(t, path)
		l.Witness(sent())
		if err := l.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := read(t, path); strings.Count(got, "\n") != 4 || !strings.Contains(got, "2026\n{") {
			t.Errorf("%s", got)
		}
	})
	t.Run("a log that was moved away is begun anew, and no deed is lost", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "audit.log")
		l := open(t, path)
		var writers sync.WaitGroup
		for range 4 {
			writers.Go(func() {
				for range 250 {
					l.Witness(sent())
				}
			})
		}
		if err := os.Rename(path, path+".1"); err != nil {
			t.Fatal(err)
		}
		if err := l.Reopen(); err != nil {
			t.Fatal(err)
		}
		writers.Wait()
		if err := l.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(read(t, path)+read(t, path+".1"), "\n"); n != 1000 {
			t.Errorf("%d lines", n)
		}
	})
	t.Run("when it cannot be begun anew, the old one stays in use", func(t *testing.T) {
		folder := filepath.Join(t.TempDir(), "logs")
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		l := open(t, filepath.Join(folder, "audit.log"))
		moved := folder + ".old"
		if err := os.Rename(folder, moved); err != nil {
			t.Fatal(err)
		}
		if err := l.Reopen(); err == nil {
			t.Error("reopened in a folder that is not there")
		}
		l.Witness(sent())
		if err := l.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := read(t, filepath.Join(moved, "audit.log")); strings.Count(got, "\n") != 1 {
			t.Errorf("%s", got)
		}
	})
	t.Run("a path that cannot be opened is an error", func(t *testing.T) {
		if _, err := OpenFile(t.TempDir(), options()); err == nil {
			t.Error("a folder is no log")
		}
	})
}

func TestClose(t *testing.T) {
	t.Run("a reader that does not read holds up neither deeds nor, for long, the end", func(t *testing.T) {
		r, w := io.Pipe()
		l := OpenWriter(w, options())
		for range 100 {
			l.Witness(sent())
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if err := l.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		<-l.ended
	})
	t.Run("closing twice is closing once, and a log that is closed takes nothing more", func(t *testing.T) {
		var out bytes.Buffer
		l := OpenWriter(&out, options())
		for range 2 {
			if err := l.Close(t.Context()); err != nil {
				t.Error(err)
			}
		}
		l.Witness(sent())
		if out.Len() != 0 {
			t.Errorf("%s", out.String())
		}
	})
}

func BenchmarkWitness(b *testing.B) {
	l := OpenWriter(io.Discard, options())
	d := sent()
	b.ReportAllocs()
	for b.Loop() {
		l.Witness(d)
	}
	if err := l.Close(context.Background()); err != nil {
		b.Fatal(err)
	}
}
