package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func writeConfig(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "carillon.yaml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoad(t *testing.T) {
	t.Run("without sources everything has its default", func(t *testing.T) {
		c, unknown, err := Sources{}.Load()
		if err != nil {
			t.Fatal(err)
		}
		want := Config{
			Addr: "127.0.0.1:8080", AdminAddr: "127.0.0.1:9090", TLSAddr: "off", Data: "./carillon-data",
			Region: "us-east-1", Account: "123456789012", CredentialsMinDuration: 15 * time.Minute, AllowedOrigins: []string{"*"}, LimitsProfile: ProfileOpen,
			SessionsPerUser: 10, SessionResumeWindow: 2 * time.Minute, SessionBuffer: 4096, SessionPingInterval: 30 * time.Second,
			RateAtOnce: 1024, MaxUnverified: 512,
			MaxBody: 1 << 20, HeaderTimeout: 10 * time.Second, BodyTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute, HeapFloor: 32 << 20,
			ShutdownTimeout: 30 * time.Second, Audit: "audit.log", LogLevel: "info", LogFormat: "text",
		}
		if diff := cmp.Diff(want, c); diff != "" || unknown != nil {
			t.Errorf("unknown %v, (-want +got):\n%s", unknown, diff)
		}
		if diff := cmp.Diff(want, Default()); diff != "" {
			t.Errorf("Default (-want +got):\n%s", diff)
		}
	})

	t.Run("flags go before the environment, which goes before the file, which goes before defaults", func(t *testing.T) {
		c, _, err := Sources{
			Defaults: map[string]string{"region": "default", "log.level": "default", "addr": "default", "data": "default"},
			File:     writeConfig(t, "region: file\nlog: {level: file}\naddr: file\n"),
			Environ:  []string{"CARILLON_REGION=env", "CARILLON_LOG_LEVEL=env"},
			Flags:    map[string]string{"region": "flag"},
		}.Load()
		if err != nil {
			t.Fatal(err)
		}
		got := []string{c.Region, c.LogLevel, c.Addr, c.Data}
		if diff := cmp.Diff([]string{"flag", "env", "file", "default"}, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})

	t.Run("the file may hold every setting", func(t *testing.T) {
		c, _, err := Sources{File: writeConfig(t, `
addr: 0.0.0.0:80
admin: {addr: "off"}
tls:
  addr: 0.0.0.0:443
  acme:
    domains: [chat.example.com, ws.example.com]
    email: me@example.com
    directory: https://ca.example.com/directory
data: /var/lib/carillon
region: eu-central-1
account: "000000000001"
root:
  key_id: AKIAMINE
  secret: not-a-short-secret
credentials: {min_duration: 3s}
default_bearer: arn:aws:chime:us-east-1:123456789012:app-instance/i/user/u
allowed_origins: [https://a.example, "http://b.example:3000"]
limits:
  profile: aws
  members_per_batch: 500
session:
  endpoint: ws.example.com
  per_user: 3
  resume_window: 5s
  buffer: 100
  ping_interval: 6s
rate_limit: {per_second: 50, burst: 100, at_once: 20}
http:
  max_connections: 5000
  max_unverified: 100
  max_body: 2097152
  header_timeout: 1s
  body_timeout: 2s
  idle_timeout: 3m
shutdown_timeout: 4s
heap_floor: 0
audit: /var/log/carillon.jsonl
explain: true
log: {level: warn, format: json}
`)}.Load()
		if err != nil {
			t.Fatal(err)
		}
		want := Config{
			Addr: "0.0.0.0:80", AdminAddr: "off", TLSAddr: "0.0.0.0:443",
			ACMEDomains: []string{"chat.example.com", "ws.example.com"}, ACMEEmail: "me@example.com", ACMEDirectory: "https://ca.example.com/directory",
			SessionEndpoint: "ws.example.com", Data: "/var/lib/carillon", Region: "eu-central-1", Account: "000000000001",
			RootKeyID: "AKIAMINE", RootSecret: "not-a-short-secret",
			CredentialsMinDuration: 3 * time.Second, DefaultBearer: "arn:aws:chime:us-east-1:123456789012:app-instance/i/user/u",
			AllowedOrigins:  []string{"https://a.example", "http://b.example:3000"},
			SessionsPerUser: 3, SessionResumeWindow: 5 * time.Second, SessionBuffer: 100, SessionPingInterval: 6 * time.Second,
			LimitsProfile: ProfileAWS, MembersPerBatch: 500, MaxBody: 2 << 20,
			RatePerSecond: 50, RateBurst: 100, RateAtOnce: 20, MaxConnections: 5000, MaxUnverified: 100,
			HeaderTimeout: time.Second, BodyTimeout: 2 * time.Second, IdleTimeout: 3 * time.Minute, ShutdownTimeout: 4 * time.Second,
			Audit: "/var/log/carillon.jsonl", Explain: true, LogLevel: "warn", LogFormat: "json",
		}
		if diff := cmp.Diff(want, c); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if err := c.Validate(); err != nil {
			t.Error(err)
		}
	})

	t.Run("every setting can come from its variable", func(t *testing.T) {
		for _, s := range Settings() {
			value := map[string]string{
				"limits.members_per_batch": "7", "http.max_body": "70000", "heap_floor": "7", "allowed_origins": "https://a.example",
				"http.header_timeout": "7s", "http.body_timeout": "7s", "http.idle_timeout": "7s", "shutdown_timeout": "7s",
				"session.per_user": "7", "session.resume_window": "7s", "session.buffer": "777", "session.ping_interval": "7s",
				"credentials.min_duration": "7s", "explain": "true", "rate_limit.per_second": "7", "rate_limit.burst": "7", "rate_limit.at_once": "7",
				"http.max_connections": "7", "http.max_unverified": "7",
			}[s.Name]
			if value == "" {
				value = "seven"
			}
			want := Default()
			if err := s.set(&want, value); err != nil {
				t.Fatal(err)
			}
			got, unknown, err := Sources{Environ: []string{s.Env + "=" + value}}.Load()
			if diff := cmp.Diff(want, got); diff != "" || err != nil || unknown != nil {
				t.Errorf("%s: error %v, unknown %v, (-want +got):\n%s", s.Env, err, unknown, diff)
			}
			if cmp.Equal(want, Default()) {
				t.Errorf("%s sets nothing", s.Name)
			}
		}
	})

	t.Run("an empty variable sets nothing", func(t *testing.T) {
		c, unknown, err := Sources{Environ: []string{"CARILLON_REGION=", "CARILLON_NOTHING="}}.Load()
		if err != nil || c.Region != "us-east-1" || unknown != nil {
			t.Errorf("region %q, unknown %v, error %v", c.Region, unknown, err)
		}
	})

	t.Run("variables that name no setting are told", func(t *testing.T) {
		_, unknown, err := Sources{Environ: []string{"CARILLON_REGOIN=x", "HOME=/root", "CARILLON_PORT=tcp://10.0.0.1:80"}}.Load()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"CARILLON_PORT", "CARILLON_REGOIN"}, unknown); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})

	t.Run("a name without a value in the file sets nothing", func(t *testing.T) {
		c, _, err := Sources{File: writeConfig(t, "region:\nlimits:\nlog: {}\n")}.Load()
		if diff := cmp.Diff(Default(), c); diff != "" || err != nil {
			t.Errorf("error %v, (-want +got):\n%s", err, diff)
		}
	})

	for _, c := range []struct {
		name    string
		sources func(t *testing.T) Sources
		want    string
	}{
		{"an unknown setting in the file", func(t *testing.T) Sources { return Sources{File: writeConfig(t, "regoin: x\n")} }, `unknown setting "regoin"`},
		{"an unknown setting in a group of the file", func(t *testing.T) Sources { return Sources{File: writeConfig(t, "limits: {profil: aws}\n")} }, `unknown setting "limits.profil"`},
		{"a group for a value", func(t *testing.T) Sources { return Sources{File: writeConfig(t, "region: {name: x}\n")} }, `unknown setting "region.name"`},
		{"a list of lists", func(t *testing.T) Sources {
			return Sources{File: writeConfig(t, "allowed_origins: [{a: b}]\n")}
		}, "allowed_origins must be one value or a list of values"},
		{"a file that is no YAML", func(t *testing.T) Sources { return Sources{File: writeConfig(t, "a: [\n")} }, "configuration file"},
		{"a file that is not there", func(*testing.T) Sources { return Sources{File: "/nonexistent/carillon.yaml"} }, "configuration file"},
		{"a duration without a unit", func(*testing.T) Sources { return Sources{Environ: []string{"CARILLON_HTTP_BODY_TIMEOUT=30"}} }, "http.body_timeout: "},
		{"a size with a unit", func(*testing.T) Sources { return Sources{Environ: []string{"CARILLON_HTTP_MAX_BODY=1MB"}} }, "http.max_body: "},
		{"a number of sessions in words", func(*testing.T) Sources { return Sources{Environ: []string{"CARILLON_SESSION_PER_USER=few"}} }, "session.per_user: "},
		{"a batch of 0 members", func(*testing.T) Sources { return Sources{Flags: map[string]string{"limits.members_per_batch": "0"}} }, "limits.members_per_batch: "},
		{"a batch of many members", func(*testing.T) Sources {
			return Sources{Flags: map[string]string{"limits.members_per_batch": "many"}}
		}, "limits.members_per_batch: "},
	} {
		t.Run(c.name+" is refused", func(t *testing.T) {
			_, _, err := c.sources(t).Load()
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}
