package query

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"carillon/api"
)

const version = "2011-06-15"

type tag struct{ Key, Value string }

type echoIn struct {
	Name     string
	Seconds  *int32
	Yes      bool
	Tags     []tag
	Keys     []string
	Policies []struct {
		ARN string `query:"arn"`
	}
	Inner *tag
}

type echoOut struct {
	Echo    echoIn
	At      *time.Time
	Nothing *tag
	Empty   []tag
	Words   string
}

var errWorded = errors.New("the action has words of its own")

func echo(_ context.Context, caller *api.Caller, in *echoIn) (*echoOut, error) {
	switch in.Name {
	case "fail":
		return nil, fmt.Errorf("inside: %w", errWorded)
	case "denied":
		return nil, &api.Error{Kind: api.AccessDenied, Message: "User: x is not authorized", Reason: "secret reason"}
	case "broken":
		return nil, errors.New("disk on fire")
	case "panic":
		panic("at the disco")
	case "nothing":
		return nil, nil
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.FixedZone("", 3600))
	return &echoOut{Echo: *in, At: &at, Words: caller.Account}, nil
}

func options(log *bytes.Buffer) Options {
	return Options{
		Services: []Service{
			{Name: "sts", Version: version, Namespace: "https://sts.example/doc/", Actions: []Action{Do("Echo", echo), DoUnsigned("Open", echo)}},
			{Name: "iam", Version: "2010-05-08", Namespace: "https://iam.example/doc/", Actions: []Action{Do("Echo", echo)}},
		},
		Authenticate: func(service string, r *http.Request, body []byte) (*api.Caller, error) {
			if r.Header.Get("Authorization") != service {
				return nil, api.Errorf(api.InvalidSignature, "The signature is for another service.")
			}
			return &api.Caller{Account: "123456789012", Principal: "arn:aws:iam::123456789012:root"}, nil
		},
		Words: func(err error) *Fault {
			if errors.Is(err, errWorded) {
				return &Fault{Code: "NoSuchEntity", Message: "a < b & \x00", Status: 404}
			}
			return nil
		},
		Log: slog.New(slog.NewTextHandler(log, nil)), MaxBody: 4096,
	}
}

func post(h http.Handler, form string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", "/", strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	r.Header.Set("Authorization", "sts")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestAnswers(t *testing.T) {
	h := New(options(new(bytes.Buffer)))
	const asked = "Action=Echo&Version=" + version

	t.Run("a form becomes the typed input, and the output XML", func(t *testing.T) {
		got := post(h, asked+"&Name=a%3Cb&Seconds=900&Yes=true&Tags.member.2.Key=k2&Tags.member.1.Key=k1&Tags.member.1.Value=v1"+
			"&Keys.member.1=x&Keys.member.10=z&Keys.member.9=y&Policies.member.1.arn=p&Inner.Key=i&Other=passed.over")
		want := `<EchoResponse xmlns="https://sts.example/doc/"><EchoResult><Echo><Name>a&lt;b</Name><Seconds>900</Seconds><Yes>true</Yes>` +
			`<Tags><member><Key>k1</Key><Value>v1</Value></member><member><Key>k2</Key></member></Tags>` +
			`<Keys><member>x</member><member>y</member><member>z</member></Keys><Policies><member><arn>p</arn></member></Policies>` +
			`<Inner><Key>i</Key></Inner></Echo><At>2026-01-02T02:04:05Z</At><Empty></Empty><Words>123456789012</Words></EchoResult>` +
			`<ResponseMetadata><RequestId>` + got.Header().Get("X-Amzn-Requestid") + `</RequestId></ResponseMetadata></EchoResponse>`
		if diff := cmp.Diff(want, got.Body.String()); diff != "" || got.Code != 200 {
			t.Errorf("%d (-want +got):\n%s", got.Code, diff)
		}
		if kind := got.Header().Get("Content-Type"); kind != "text/xml; charset=utf-8" {
			t.Errorf("content type %q", kind)
		}
	})
	t.Run("an action without an output has no result", func(t *testing.T) {
		if got := post(h, asked+"&Name=nothing").Body.String(); strings.Contains(got, "EchoResult") || !strings.Contains(got, "<RequestId>") {
			t.Error(got)
		}
	})
	t.Run("parameters may be in the query", func(t *testing.T) {
		r := httptest.NewRequest("GET", "/?"+asked+"&Name=alice", nil)
		r.Header.Set("Authorization", "sts")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != 200 || !strings.Contains(w.Body.String(), "<Name>alice</Name>") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
	t.Run("the version tells services apart", func(t *testing.T) {
		got := post(h, "Action=Echo&Version=2010-05-08", "Authorization", "iam")
		if got.Code != 200 || !strings.Contains(got.Body.String(), "https://iam.example/doc/") {
			t.Errorf("%d %s", got.Code, got.Body)
		}
	})
	t.Run("an unsigned action has a caller without an account", func(t *testing.T) {
		got := post(h, "Action=Open&Version="+version, "Authorization", "nobody")
		if got.Code != 200 || strings.Contains(got.Body.String(), "<Words>") {
			t.Errorf("%d %s", got.Code, got.Body)
		}
	})
	t.Run("an empty list is written as an empty parameter", func(t *testing.T) {
		if got := post(h, asked+"&Tags="); got.Code != 200 {
			t.Errorf("%d %s", got.Code, got.Body)
		}
	})
}

func TestRefusals(t *testing.T) {
	const asked = "Action=Echo&Version=" + version
	for _, c := range []struct {
		name, form, service string
		status              int
		code, message       string
	}{
		{"no action", "Version=" + version, "sts", 400, "MissingAction", "The request has no parameter Action."},
		{"an unknown action", "Action=Nope&Version=" + version, "sts", 400, "InvalidAction", "Could not find operation Nope for version 2011-06-15"},
		{"an action of another version", "Action=Open&Version=2010-05-08", "sts", 400, "InvalidAction", "Could not find operation Open for version 2010-05-08"},
		{"no version", "Action=Echo", "sts", 400, "InvalidAction", "Could not find operation Echo for version NO_VERSION_SPECIFIED"},
		{"a very long action is not repeated whole", "Version=1&Action=" + strings.Repeat("a", 2000), "sts", 400, "InvalidAction",
			"Could not find operation " + strings.Repeat("a", 64) + " for version 1"},
		{"a wrong signature", asked, "iam", 403, "SignatureDoesNotMatch", "The signature is for another service."},
		{"a parameter twice", asked + "&Name=a&Name=b", "sts", 400, "MalformedQueryString", `The parameter "Name" is given more than once, or has too many parts.`},
		{"a name with very many parts", asked + "&a.b.c.d.e.f.g.h.i=1", "sts", 400, "MalformedQueryString", `The parameter "a.b.c.d.e.f.g.h.i" is given more than once, or has too many parts.`},
		{"very many parameters", asked + strings.Repeat("&", 1001), "sts", 400, "MalformedQueryString", "A request has at most 1000 parameters."},
		{"what is no UTF-8", asked + "&Name=%ff", "sts", 400, "MalformedQueryString", "The parameters are not properly encoded."},
		{"an escape that is none", asked + "&Name=%zz", "sts", 400, "MalformedQueryString", "The parameters are not properly encoded."},
		{"a number that is none", asked + "&Seconds=1e3", "sts", 400, "ValidationError", "Value at 'Seconds' failed to satisfy constraint: Member must be an integer"},
		{"a number too large", asked + "&Seconds=9999999999", "sts", 400, "ValidationError", "Value at 'Seconds' failed to satisfy constraint: Member must be an integer"},
		{"neither true nor false", asked + "&Yes=1", "sts", 400, "ValidationError", "Value at 'Yes' failed to satisfy constraint: Member must be true or false"},
		{"a list from 0", asked + "&Keys.member.0=a", "sts", 400, "ValidationError", "The parameter Keys.member must be numbered from 1."},
		{"a list with one number in two spellings", asked + "&Keys.member.1=a&Keys.member.01=b", "sts", 400, "ValidationError", "The parameter Keys.member must be numbered from 1."},
		{"an error with words of its own", asked + "&Name=fail", "sts", 404, "NoSuchEntity", "a &lt; b &amp; \uFFFD"},
		{"an error of the API", asked + "&Name=denied", "sts", 403, "AccessDenied", "User: x is not authorized"},
		{"a fault", asked + "&Name=broken", "sts", 500, "InternalFailure", "The service encountered an unexpected error."},
		{"a panic", asked + "&Name=panic", "sts", 500, "InternalFailure", "The service encountered an unexpected error."},
		{"a body that is too long", asked + "&Name=" + strings.Repeat("a", 5000), "sts", 413, "RequestEntityTooLarge", "The request body must not be longer than 4096 bytes."},
	} {
		t.Run(c.name, func(t *testing.T) {
			var log bytes.Buffer
			got := post(New(options(&log)), c.form, "Authorization", c.service)
			side := "Sender"
			if c.status >= 500 {
				side = "Receiver"
			}
			want := `<ErrorResponse xmlns="https://sts.example/doc/"><Error><Type>` + side + `</Type><Code>` + c.code + `</Code><Message>` + c.message +
				`</Message></Error><RequestId>` + got.Header().Get("X-Amzn-Requestid") + `</RequestId></ErrorResponse>`
			got2 := strings.ReplaceAll(strings.ReplaceAll(got.Body.String(), "&#34;", `"`), "&#39;", "'")
			got2 = strings.Replace(got2, "https://iam.example/doc/", "https://sts.example/doc/", 1)
			if diff := cmp.Diff(want, got2); diff != "" || got.Code != c.status {
				t.Errorf("%d (-want +got):\n%s", got.Code, diff)
			}
			for _, secret := range []string{"disk on fire", "secret reason"} {
				if strings.Contains(got.Body.String(), secret) {
					t.Errorf("told: %s", secret)
				}
			}
			if line := log.String(); !strings.Contains(line, "kind="+c.code) || strings.Count(line, "\n") != 1 || (c.status >= 500) != strings.Contains(line, "cause=") {
				t.Errorf("log: %s", line)
			}
		})
	}
}

func TestServes(t *testing.T) {
	for _, c := range []struct {
		name, method, target, kind string
		want                       bool
	}{
		{"a form", "POST", "/", "application/x-www-form-urlencoded; charset=utf-8", true},
		{"an action in the query", "GET", "/?Action=GetCallerIdentity", "", true},
		{"an action in the query of a post", "POST", "/?Action=GetCallerIdentity", "", true},
		{"the chat page", "GET", "/?as=alice", "", false},
		{"the chat page with a parameter that ends alike", "GET", "/?NoAction=x", "", false},
		{"JSON", "POST", "/", "application/json", false},
		{"a preflight", "OPTIONS", "/", "", false},
		{"another path", "POST", "/channels", "application/x-www-form-urlencoded", false},
		{"a path that is not clean", "POST", "//", "application/x-www-form-urlencoded", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest(c.method, c.target, nil)
			r.Header.Set("Content-Type", c.kind)
			if got := Serves(r); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestCORS(t *testing.T) {
	o := options(new(bytes.Buffer))
	o.AllowedOrigins = []string{"https://app.example"}
	for origin, want := range map[string]string{"https://app.example": "https://app.example", "https://evil.example": "", "": ""} {
		got := post(New(o), "Action=Open&Version="+version, "Origin", origin)
		if got.Header().Get("Access-Control-Allow-Origin") != want || got.Code != 200 {
			t.Errorf("%q: %v", origin, got.Header())
		}
	}
}

func TestMetricsAndLog(t *testing.T) {
	var log bytes.Buffer
	o := options(&log)
	registry := prometheus.NewRegistry()
	o.Metrics = registry
	h := New(o)
	post(h, "Action=Echo&Version="+version+"&Name=secret-parameter")
	post(h, "Action=Invented&Version="+version)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	counted := make(map[string]float64)
	for _, f := range families {
		if f.GetName() != "carillon_query_requests_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			key := ""
			for _, l := range m.GetLabel() {
				key += l.GetValue() + " "
			}
			counted[key] = m.GetCounter().GetValue()
		}
	}
	if diff := cmp.Diff(map[string]float64{"Echo  200 ": 1, "Unknown InvalidAction 400 ": 1}, counted); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if line := log.String(); strings.Contains(line, "secret-parameter") || !strings.Contains(line, "operation=Echo status=200") ||
		!strings.Contains(line, "principal=arn:aws:iam::123456789012:root") {
		t.Error(line)
	}
}

func TestDeeds(t *testing.T) {
	var deeds []api.Deed
	entered, left := 0, 0
	o := options(new(bytes.Buffer))
	o.Services[0].Actions = append(o.Services[0].Actions, Do("GetEcho", echo), Do("GetSessionToken", echo))
	o.Explain = true
	o.Audit = func(d *api.Deed) { deeds = append(deeds, *d) }
	o.Enter = func(*api.Caller) (func(), error) {
		if entered == 3 {
			return nil, api.Errorf(api.Throttled, "Rate exceeded")
		}
		entered++
		return func() { left++ }, nil
	}
	h := New(o)
	const asked = "Version=" + version + "&Action="
	post(h, asked+"GetEcho")
	post(h, asked+"GetSessionToken&Name=x")
	denied := post(h, asked+"Echo&Name=denied")
	throttled := post(h, asked+"Echo")
	post(h, asked+"Echo", "Authorization", "nobody")
	post(h, asked+"Open&Name=x", "Authorization", "nobody", "User-Agent", "agent")
	post(h, asked+"Invented")

	type told struct {
		Action        string
		ReadOnly      bool
		Status        int
		Kind          api.Kind
		Known, HasOut bool
	}
	var got []told
	for _, d := range deeds {
		line := told{Action: d.Action, ReadOnly: d.ReadOnly, Status: d.Status, Known: d.Caller != nil, HasOut: d.Output != nil}
		if d.Err != nil {
			line.Kind = d.Err.Kind
		}
		got = append(got, line)
	}
	want := []told{
		{"sts:GetEcho", true, 200, 0, true, true},
		{"sts:GetSessionToken", false, 200, 0, true, true},
		{"sts:Echo", false, 403, api.AccessDenied, true, false},
		{"sts:Echo", false, 400, api.Throttled, true, false},
		{"sts:Echo", false, 403, api.AccessDenied, false, false},
		{"sts:Open", false, 200, 0, false, true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if entered != 3 || left != 3 || !strings.Contains(throttled.Body.String(), "<Code>Throttling</Code>") {
		t.Errorf("%d entered, %d left: %s", entered, left, throttled.Body)
	}
	if reason := denied.Header().Get(api.ReasonHeader); reason != "secret reason" {
		t.Errorf("reason %q", reason)
	}
	o.Explain = false
	if reason := post(New(o), asked+"Open&Name=denied").Header().Get(api.ReasonHeader); reason != "" {
		t.Errorf("told: %q", reason)
	}
}

func FuzzForm(f *testing.F) {
	f.Add("Name=a&Tags.member.1.Key=k&Keys.member.2=&Inner.Key=x")
	f.Add("Seconds=-1&Yes=true&Policies.member.1.arn=&Tags=")
	f.Fuzz(func(t *testing.T, text string) {
		form, err := parseForm(text)
		if err != nil {
			return
		}
		in := new(echoIn)
		if err := form.decode(in); err != nil {
			return
		}
		var b bytes.Buffer
		answer(&b, "https://sts.example/doc/", "Echo", in, "id")
		if values, err := url.ParseQuery(text); err == nil && values.Get("Name") != in.Name {
			t.Errorf("%q became %q", values.Get("Name"), in.Name)
		}
	})
}
