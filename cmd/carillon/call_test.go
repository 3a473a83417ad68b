package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"carillon/auth"
)

const (
	instance = "arn:aws:chime:us-east-1:123456789012:app-instance/i"
	channel  = instance + "/channel/c@1"
	alice    = instance + "/user/alice"
)

// received is a request as it came over the wire.
type received struct {
	Method, Target, Bearer, ContentType, Body string
	// Signed is the account of the key that signed it, or why nobody did.
	Signed string
}

// peer answers every request and remembers the last.
type peer struct {
	*httptest.Server
	last   received
	status int
	answer string
}

func newPeer(t *testing.T) *peer {
	p := &peer{status: 200, answer: `{"ok":true}`}
	a := auth.New(auth.Options{Region: "us-east-1", Lookup: func(_ context.Context, id, _ string) (auth.Key, bool, error) {
		return auth.Key{AccessKeyID: id, Secret: "the secret", Account: "123456789012"}, id == "AKIATEST", nil
	}})
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		p.last = received{r.Method, r.RequestURI, r.Header.Get("X-Amz-Chime-Bearer"), r.Header.Get("Content-Type"), string(body), ""}
		if caller, err := a.Authenticate(r, body); err != nil {
			p.last.Signed = err.Error()
		} else {
			p.last.Signed = caller.Account
		}
		if p.status >= 400 {
			w.Header().Set("x-amzn-ErrorType", "ForbiddenException")
			w.Header().Set("x-amzn-RequestId", "request-1")
		}
		w.WriteHeader(p.status)
		_, _ = io.WriteString(w, p.answer)
	}))
	t.Cleanup(p.Close)
	return p
}

// credentialed is an environment with the key of the peer.
func (p *peer) environ(more ...string) []string {
	return append([]string{"AWS_ACCESS_KEY_ID=AKIATEST", "AWS_SECRET_ACCESS_KEY=the secret", "AWS_ENDPOINT_URL=" + p.URL}, more...)
}

func TestCallBuildsRequests(t *testing.T) {
	for _, c := range []struct {
		name  string
		args  []string
		stdin string
		want  received
	}{
		{"path, fixed query and body", []string{"BatchCreateChannelMembership", "--bearer", alice, "--json", `{"ChannelArn":"` + channel + `","MemberArns":["` + alice + `"],"Type":"HIDDEN"}`}, "",
			received{Method: "POST", Bearer: alice, ContentType: "application/json",
				Target: "/channels/arn%3Aaws%3Achime%3Aus-east-1%3A123456789012%3Aapp-instance%2Fi%2Fchannel%2Fc%401/memberships?operation=batch-create",
				Body:   `{"MemberArns":["` + alice + `"],"Type":"HIDDEN"}`}},
		{"query without a body", []string{"ListChannels", "--bearer", alice, "--json", `{"AppInstanceArn":"` + instance + `","MaxResults":5,"Privacy":"PUBLIC","NextToken":"a+b/c="}`}, "",
			received{Method: "GET", Bearer: alice,
				Target: "/channels?app-instance-arn=arn%3Aaws%3Achime%3Aus-east-1%3A123456789012%3Aapp-instance%2Fi&max-results=5&next-token=a%2Bb%2Fc%3D&privacy=PUBLIC"}},
		{"two parameters in the path", []string{"DeleteChannelMembership", "--json", `{"ChannelArn":"a b","MemberArn":"ü%/~"}`}, "",
			received{Method: "DELETE", Target: "/channels/a%20b/memberships/%C3%BC%25%2F~"}},
		{"no members at all", []string{"ListAppInstances"}, "", received{Method: "GET", Target: "/app-instances"}},
		{"the bearer as a member", []string{"DescribeChannel", "--json", `{"ChannelArn":"c","ChimeBearer":"` + alice + `"}`}, "",
			received{Method: "GET", Target: "/channels/c", Bearer: alice}},
		{"the flag before the member", []string{"DescribeChannel", "--bearer", alice, "--json", `{"ChannelArn":"c","ChimeBearer":"x"}`}, "",
			received{Method: "GET", Target: "/channels/c", Bearer: alice}},
		{"null for what is absent", []string{"DescribeChannel", "--json", `{"ChannelArn":"c","ChimeBearer":null}`}, "",
			received{Method: "GET", Target: "/channels/c"}},
		{"a body that is empty", []string{"PutAppInstanceUserExpirationSettings", "--json", `{"AppInstanceUserArn":"u"}`}, "",
			received{Method: "PUT", Target: "/app-instance-users/u/expiration-settings", ContentType: "application/json", Body: "{}"}},
		{"members from the standard input", []string{"DescribeAppInstance", "--json", "-"}, `{"AppInstanceArn":"i"}`,
			received{Method: "GET", Target: "/app-instances/i"}},
		{"a legacy name", []string{"GetAppInstanceStreamingConfigurations", "--json", `{"AppInstanceArn":"i"}`}, "",
			received{Method: "GET", Target: "/app-instances/i/streaming-configurations"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := newPeer(t)
			got := run(t, process{environ: server.environ(), stdin: strings.NewReader(c.stdin)}, append([]string{"call"}, c.args...)...)
			if got.code != 0 || got.stdout != "{\n  \"ok\": true\n}\n" || got.stderr != "" {
				t.Errorf("%+v", got)
			}
			c.want.Signed = "123456789012"
			if diff := cmp.Diff(c.want, server.last); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}

	t.Run("members from a file", func(t *testing.T) {
		server := newPeer(t)
		path := filepath.Join(t.TempDir(), "in.json")
		if err := os.WriteFile(path, []byte(`{"ChannelArn":"c"}`), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := run(t, process{environ: server.environ()}, "call", "DescribeChannel", "--json", "@"+path); got.code != 0 || server.last.Target != "/channels/c" {
			t.Errorf("%+v, %+v", got, server.last)
		}
	})

	t.Run("tokens that are left out are made up, each time anew", func(t *testing.T) {
		server := newPeer(t)
		seen := make(map[string]bool)
		for range 2 {
			run(t, process{environ: server.environ()}, "call", "CreateAppInstance", "--json", `{"Name":"n"}`)
			var body struct{ Name, ClientRequestToken string }
			if err := json.Unmarshal([]byte(server.last.Body), &body); err != nil {
				t.Fatal(err)
			}
			if !regexp.MustCompile(`^[0-9a-f-]{36}$`).MatchString(body.ClientRequestToken) || body.Name != "n" {
				t.Errorf("body %s", server.last.Body)
			}
			seen[body.ClientRequestToken] = true
		}
		if len(seen) != 2 {
			t.Errorf("tokens %v", seen)
		}
	})

	t.Run("tokens that are given stay", func(t *testing.T) {
		server := newPeer(t)
		run(t, process{environ: server.environ()}, "call", "CreateAppInstance", "--json", `{"ClientRequestToken":"mine"}`)
		if server.last.Body != `{"ClientRequestToken":"mine"}` {
			t.Errorf("body %s", server.last.Body)
		}
	})

	t.Run("a path of the endpoint is kept", func(t *testing.T) {
		server := newPeer(t)
		got := run(t, process{environ: server.environ()}, "call", "ListAppInstances", "--endpoint", server.URL+"/under/")
		if got.code != 0 || server.last.Target != "/under/app-instances" || server.last.Signed != "123456789012" {
			t.Errorf("%+v, %+v", got, server.last)
		}
	})
}

func TestCallAnswers(t *testing.T) {
	t.Run("an operation without an answer prints nothing", func(t *testing.T) {
		server := newPeer(t)
		server.status, server.answer = 204, ""
		if got := run(t, process{environ: server.environ()}, "call", "DeleteAppInstance", "--json", `{"AppInstanceArn":"i"}`); got != (result{}) {
			t.Errorf("%+v", got)
		}
	})

	t.Run("an error goes to the standard error output, and the exit code is 1", func(t *testing.T) {
		server := newPeer(t)
		server.status, server.answer = 403, `{"Code":"Forbidden","Message":"No."}`
		got := run(t, process{environ: server.environ()}, "call", "ListAppInstances")
		if want := (result{1, "", "carillon: ForbiddenException: No. (status 403, request id request-1)\n"}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})

	t.Run("an error that is no JSON is told as it is", func(t *testing.T) {
		server := newPeer(t)
		server.status, server.answer = 502, "bad gateway"
		if got := run(t, process{environ: server.environ()}, "call", "ListAppInstances"); got.code != 1 || !strings.Contains(got.stderr, "bad gateway (status 502") {
			t.Errorf("%+v", got)
		}
	})

	t.Run("an answer that is no JSON is an error", func(t *testing.T) {
		server := newPeer(t)
		server.answer = "<html>"
		if got := run(t, process{environ: server.environ()}, "call", "ListAppInstances"); got.code != 1 || got.stdout != "" {
			t.Errorf("%+v", got)
		}
	})

	t.Run("a server that is not there is an error", func(t *testing.T) {
		server := newPeer(t)
		server.Close()
		if got := run(t, process{environ: server.environ()}, "call", "ListAppInstances"); got.code != 1 || !strings.Contains(got.stderr, "connection refused") {
			t.Errorf("%+v", got)
		}
	})
}

func TestCallRefuses(t *testing.T) {
	server := newPeer(t)
	for _, c := range []struct {
		name    string
		environ []string
		args    []string
		want    string
	}{
		{"no operation", server.environ(), nil, "name one operation"},
		{"an unknown operation", server.environ(), []string{"Sing"}, "there is no operation Sing"},
		{"an operation in small letters", server.environ(), []string{"listchannels"}, "did you mean ListChannels?"},
		{"members that are no JSON", server.environ(), []string{"ListChannels", "--json", "{"}, "--json: not a JSON object"},
		{"members that are a list", server.environ(), []string{"ListChannels", "--json", "[]"}, "--json: not a JSON object"},
		{"members that are null", server.environ(), []string{"ListChannels", "--json", "null"}, "--json: not a JSON object"},
		{"a member that does not exist", server.environ(), []string{"DescribeChannel", "--json", `{"ChannelARN":"c"}`}, "DescribeChannel has no member ChannelARN; it has: ChannelArn, ChimeBearer"},
		{"a path without its member", server.environ(), []string{"DescribeChannel"}, "DescribeChannel needs the member ChannelArn"},
		{"an empty member in the path", server.environ(), []string{"DescribeChannel", "--json", `{"ChannelArn":""}`}, "ChannelArn must not be empty"},
		{"a list in the path", server.environ(), []string{"DescribeChannel", "--json", `{"ChannelArn":["c"]}`}, "ChannelArn: must be a string"},
		{"a bearer where there is none", server.environ(), []string{"ListAppInstances", "--bearer", alice}, "ListAppInstances takes no bearer"},
		{"an endpoint that is no URL", server.environ(), []string{"ListAppInstances", "--endpoint", "localhost"}, "is no URL"},
		{"half a key", []string{"AWS_ACCESS_KEY_ID=AKIATEST"}, []string{"ListAppInstances"}, "give both"},
		{"no credentials", nil, []string{"ListAppInstances", "--data", t.TempDir()}, "no credentials"},
		{"a file that is not there", server.environ(), []string{"ListAppInstances", "--json", "@/nonexistent.json"}, "no such file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := run(t, process{environ: c.environ}, append([]string{"call"}, c.args...)...)
			if got.code != 1 || got.stdout != "" || !strings.Contains(got.stderr, c.want) {
				t.Errorf("%+v, want %q", got, c.want)
			}
		})
	}
	if server.last != (received{}) {
		t.Errorf("a request was sent: %+v", server.last)
	}
}

func TestCallFindsEndpointAndCredentials(t *testing.T) {
	t.Run("each namespace has its endpoint", func(t *testing.T) {
		messaging, identity, other := newPeer(t), newPeer(t), newPeer(t)
		environ := other.environ("AWS_ENDPOINT_URL_CHIME_SDK_MESSAGING="+messaging.URL, "AWS_ENDPOINT_URL_CHIME_SDK_IDENTITY="+identity.URL)
		run(t, process{environ: environ}, "call", "DescribeChannel", "--json", `{"ChannelArn":"c"}`)
		run(t, process{environ: environ}, "call", "ListAppInstances")
		if messaging.last.Target != "/channels/c" || identity.last.Target != "/app-instances" || other.last.Target != "" {
			t.Errorf("messaging %+v, identity %+v, other %+v", messaging.last, identity.last, other.last)
		}
	})

	t.Run("flags go before the environment", func(t *testing.T) {
		server, other := newPeer(t), newPeer(t)
		got := run(t, process{environ: other.environ("AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=y", "AWS_REGION=eu-central-1")},
			"call", "ListAppInstances", "--endpoint", server.URL, "--access-key-id", "AKIATEST", "--secret-access-key", "the secret", "--region", "us-east-1")
		if got.code != 0 || server.last.Signed != "123456789012" || other.last.Target != "" {
			t.Errorf("%+v, %+v", got, server.last)
		}
	})

	t.Run("the region comes from the environment", func(t *testing.T) {
		server := newPeer(t)
		run(t, process{environ: server.environ("AWS_DEFAULT_REGION=eu-central-1")}, "call", "ListAppInstances")
		if !strings.Contains(server.last.Signed, "not 'eu-central-1'") {
			t.Errorf("not refused for its region: %+v", server.last)
		}
	})

	t.Run("the data folder of a server has a key", func(t *testing.T) {
		server, data := newPeer(t), t.TempDir()
		key := `{"access_key_id":"AKIATEST","secret_access_key":"the secret"}`
		if err := os.WriteFile(filepath.Join(data, "root-key.json"), []byte(key), 0o600); err != nil {
			t.Fatal(err)
		}
		got := run(t, process{environ: []string{"AWS_ENDPOINT_URL=" + server.URL}}, "call", "ListAppInstances", "--data", data)
		if got.code != 0 || server.last.Signed != "123456789012" {
			t.Errorf("%+v, %+v", got, server.last)
		}
	})
}

func TestHealthcheck(t *testing.T) {
	status := http.StatusOK
	var asked string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.Path
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "the store does not answer\n")
	}))
	defer server.Close()
	addr := strings.TrimPrefix(server.URL, "http://")

	t.Run("a ready server is 0", func(t *testing.T) {
		if got := run(t, process{}, "healthcheck", "--addr", addr); got != (result{0, "ready\n", ""}) || asked != "/readyz" {
			t.Errorf("%+v, asked %s", got, asked)
		}
	})

	t.Run("the address of the server's own environment is the default", func(t *testing.T) {
		_, port, _ := strings.Cut(addr, ":")
		if got := run(t, process{environ: []string{"CARILLON_ADMIN_ADDR=0.0.0.0:" + port}}, "healthcheck"); got.code != 0 {
			t.Errorf("%+v", got)
		}
	})

	t.Run("a server that is not ready is 1, with its reason", func(t *testing.T) {
		status = http.StatusServiceUnavailable
		if got := run(t, process{}, "healthcheck", "--addr", addr); got != (result{1, "", "carillon: not ready: the store does not answer\n"}) {
			t.Errorf("%+v", got)
		}
	})

	t.Run("no server is 1", func(t *testing.T) {
		server.Close()
		if got := run(t, process{}, "healthcheck", "--addr", addr); got.code != 1 || !strings.Contains(got.stderr, "connection refused") {
			t.Errorf("%+v", got)
		}
	})
}
