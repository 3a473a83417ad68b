package rest

import (
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"carillon/api"
	"carillon/sigv4"
)

func TestExplain(t *testing.T) {
	const rule = "rule: \"äöü\"\r\nX-Forged: yes"
	basis := &sigv4.Basis{CanonicalRequest: "GET\n/\n" + strings.Repeat("x", 100_000), StringToSign: "AWS4-HMAC-SHA256\nand so on"}
	refuse := func(o *Options) {
		o.Authenticate = func(*http.Request, []byte) (*api.Caller, error) {
			return nil, &api.Error{Kind: api.InvalidSignature, Message: "no", Reason: rule, Cause: basis}
		}
	}
	empty := func(o *Options) {
		o.Admit = func(_ context.Context, _ *api.Operation, caller *api.Caller, _ any) error {
			caller.Explain("rule: hidden")
			caller.Explain("rule: private")
			caller.Explain("rule: hidden")
			return nil
		}
	}
	t.Run("a refusal says why, in one line of ASCII, and what was verified", func(t *testing.T) {
		o, lines := logged()
		o.Explain = true
		refuse(&o)
		r := arrived("GET", channelPath, "")
		r.Header.Set("Origin", "https://page.example")
		got := ask(stubHandler(o), r).Header
		if want := `rule: "???"??X-Forged: yes`; got.Get("X-Carillon-Reason") != want {
			t.Errorf("reason %q", got.Get("X-Carillon-Reason"))
		}
		canonical, err := base64.StdEncoding.DecodeString(got.Get("X-Carillon-Canonical-Request"))
		if err != nil || string(canonical) != basis.CanonicalRequest[:maxBasis] {
			t.Errorf("%v: %d bytes of a canonical request", err, len(canonical))
		}
		if text, err := base64.StdEncoding.DecodeString(got.Get("X-Carillon-String-To-Sign")); err != nil || string(text) != basis.StringToSign {
			t.Errorf("%v: string to sign %q", err, text)
		}
		if want := "date, x-carillon-reason"; !strings.Contains(got.Get("Access-Control-Expose-Headers"), want) {
			t.Errorf("pages may read %s", got.Get("Access-Control-Expose-Headers"))
		}
		if !strings.Contains(lines.String(), `reason="rule: `) || strings.Count(lines.String(), "\n") != 1 {
			t.Errorf("log: %s", lines)
		}
	})
	t.Run("so does an answer with less than there is", func(t *testing.T) {
		o, lines := logged()
		o.Explain = true
		empty(&o)
		answer := ask(stubHandler(o), arrived("GET", channelPath, ""))
		if got := answer.Header.Get("X-Carillon-Reason"); answer.StatusCode != 200 || got != "rule: hidden; rule: private" {
			t.Errorf("%d, reason %q", answer.StatusCode, got)
		}
		if !strings.Contains(lines.String(), `reason="rule: hidden; rule: private"`) {
			t.Errorf("log: %s", lines)
		}
	})
	t.Run("a long reason is cut", func(t *testing.T) {
		o := stubOptions()
		o.Explain = true
		o.Admit = func(_ context.Context, _ *api.Operation, _ *api.Caller, _ any) error {
			return &api.Error{Kind: api.AccessDenied, Reason: strings.Repeat("ä", 10_000)}
		}
		if got := ask(stubHandler(o), arrived("GET", channelPath, "")).Header.Get("X-Carillon-Reason"); len(got) != 512 {
			t.Errorf("%d bytes", len(got))
		}
	})
	t.Run("unless it is switched on, nothing is told but to the operator, and the body is the same", func(t *testing.T) {
		for name, change := range map[string]func(*Options){"a refusal": refuse, "an empty answer": empty} {
			var bodies [2]string
			for i, explain := range []bool{false, true} {
				o, lines := logged()
				o.Explain = explain
				change(&o)
				answer := ask(stubHandler(o), arrived("GET", channelPath, ""))
				for header := range answer.Header {
					if !explain && strings.HasPrefix(header, "X-Carillon") {
						t.Errorf("%s: told %s", name, header)
					}
				}
				if name == "a refusal" && !strings.Contains(lines.String(), "reason=") {
					t.Errorf("%s: the log has no reason: %s", name, lines)
				}
				body, err := io.ReadAll(answer.Body)
				if err != nil {
					t.Fatal(err)
				}
				bodies[i] = string(body)
			}
			if diff := cmp.Diff(bodies[0], bodies[1]); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
	})
}

func TestWitness(t *testing.T) {
	var got []api.Deed
	o := stubOptions()
	o.Audit = func(d *api.Deed) { got = append(got, *d) }
	h := stubHandler(o)
	send := func(target string, change func(*http.Request)) api.Deed {
		got = nil
		r := arrived("POST", target, messageBody)
		r.Header.Set("User-Agent", "aws-cli/2")
		if change != nil {
			change(r)
		}
		ask(h, r)
		if len(got) != 1 {
			t.Fatalf("%d deeds", len(got))
		}
		return got[0]
	}
	t.Run("it is told who did what, from where, with what came of it", func(t *testing.T) {
		d := send(channelPath+"/messages", nil)
		if d.Action != "chime:SendChannelMessage" || d.ReadOnly || d.Status != 201 || d.Err != nil || d.Caller.Bearer != aliceARN ||
			d.SourceAddress != "2001:db8::7" || d.UserAgent != "aws-cli/2" || d.RequestID != requestID {
			t.Errorf("%+v", d)
		}
		if in, ok := d.Input.(*api.SendChannelMessageRequest); !ok || in.Content != "hello" {
			t.Errorf("%+v", d.Input)
		}
		if out, ok := d.Output.(*api.SendChannelMessageResponse); !ok || out.MessageId == "" {
			t.Errorf("%+v", d.Output)
		}
	})
	t.Run("it is told of refusals, with the key that was named", func(t *testing.T) {
		h.Authenticate = func(*http.Request, []byte) (*api.Caller, error) { return nil, api.Errorf(api.InvalidSignature, "no") }
		d := send(channelPath+"/messages", func(r *http.Request) {
			r.Header.Del("Authorization")
			sigv4.NewSigner("AKIACLAIMED", "secret", "", "us-east-1", "chime").Sign(r, nil, time.Now())
		})
		if d.Caller != nil || d.AccessKeyID != "AKIACLAIMED" || !d.Denied() {
			t.Errorf("%+v", d)
		}
	})
	t.Run("a request for no operation is no deed", func(t *testing.T) {
		got = nil
		ask(h, arrived("GET", "/nothing", ""))
		if len(got) != 0 {
			t.Errorf("%+v", got)
		}
	})
}
