package rest

import (
	"bufio"
	"bytes"
	"flag"
	"io"
	"log/slog"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write what the server answers into the golden files")

// TestGolden holds the server to the exchanges in testdata, byte for byte but for the date: what goes
// over the connection in both directions, and the lines in the log.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			sections := map[string]*[]byte{}
			for i := range archive.Files {
				sections[archive.Files[i].Name] = &archive.Files[i].Data
			}
			response, log := converse(t, *sections["request"])
			if *update {
				*sections["response"], *sections["log"] = response, log
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(*sections["response"]), string(response)); diff != "" {
				t.Errorf("response:\n%s", diff)
			}
			if diff := cmp.Diff(string(*sections["log"]), string(log)); diff != "" {
				t.Errorf("log:\n%s", diff)
			}
		})
	}
}

// converse sends one request as it stands to a server and returns its answer and its log.
func converse(t *testing.T, request []byte) (response, log []byte) {
	t.Helper()
	var lines bytes.Buffer
	o := stubOptions()
	o.Log = slog.New(slog.NewTextHandler(&lines, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == "duration" {
			return slog.Attr{}
		}
		return a
	}}))
	server := httptest.NewServer(stubHandler(o))
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	head, body, ok := bytes.Cut(request, []byte("\n\n"))
	if !ok {
		t.Fatal("the request has no end of its head")
	}
	wire := append(bytes.ReplaceAll(head, []byte("\n"), []byte("\r\n")), "\r\n\r\n"...)
	wire = append(wire, bytes.TrimSuffix(body, []byte("\n"))...)
	if _, err := conn.Write(wire); err != nil {
		t.Fatal(err)
	}
	response = readResponse(t, bufio.NewReader(conn), bytes.HasPrefix(wire, []byte("HEAD ")))
	conn.Close()
	server.Close() // waits for the handler, and so for its line in the log
	return response, lines.Bytes()
}

var (
	dateLine   = regexp.MustCompile(`(?m)^Date: .* GMT$`)
	lengthLine = regexp.MustCompile(`(?m)^Content-Length: (\d+)$`)
)

func readResponse(t *testing.T, r *bufio.Reader, headOnly bool) []byte {
	t.Helper()
	var head []byte
	for !bytes.HasSuffix(head, []byte("\r\n\r\n")) {
		line, err := r.ReadBytes('\n')
		if err != nil {
			t.Fatalf("after %q: %v", head, err)
		}
		head = append(head, line...)
	}
	head = bytes.ReplaceAll(head, []byte("\r\n"), []byte("\n"))
	if match := lengthLine.FindSubmatch(head); match != nil && !headOnly {
		n, err := strconv.Atoi(string(match[1]))
		if err != nil {
			t.Fatal(err)
		}
		body := make([]byte, n)
		if _, err := io.ReadFull(r, body); err != nil {
			t.Fatal(err)
		}
		if head = append(head, body...); n > 0 {
			head = append(head, '\n')
		}
	}
	if r.Buffered() > 0 {
		rest, _ := r.Peek(r.Buffered())
		t.Errorf("something follows the answer: %q", rest)
	}
	return dateLine.ReplaceAll(head, []byte("Date: *"))
}
