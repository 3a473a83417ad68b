package server

import (
	"strings"
	"testing"
	"time"
)

func TestValidate(t *testing.T) {
	t.Run("the defaults are valid", func(t *testing.T) {
		c := Default()
		if err := c.Validate(); err != nil {
			t.Error(err)
		}
	})

	for _, c := range []struct {
		name   string
		change func(*Config)
		want   string // empty: accepted
	}{
		{"an address needs a port", func(c *Config) { c.Addr = "127.0.0.1" }, "addr: "},
		{"a port is a number", func(c *Config) { c.Addr = "127.0.0.1:http" }, "addr: "},
		{"a port is at most 65535", func(c *Config) { c.Addr = "127.0.0.1:65536" }, "addr: "},
		{"the admin address is checked too", func(c *Config) { c.AdminAddr = "9090" }, "admin.addr: "},
		{"the admin listener can be off", func(c *Config) { c.AdminAddr = AdminOff }, ""},
		{"the data folder has a name", func(c *Config) { c.Data = "" }, "data: "},
		{"a region has no capitals", func(c *Config) { c.Region = "US-East-1" }, "region: "},
		{"an account of 11 digits is refused", func(c *Config) { c.Account = "12345678901" }, "account: "},
		{"an account of 13 digits is refused", func(c *Config) { c.Account = "1234567890123" }, "account: "},
		{"an account of letters is refused", func(c *Config) { c.Account = "abcdefghijkl" }, "account: "},
		{"a key id without a secret is refused", func(c *Config) { c.RootKeyID = "AKIAMINE" }, "root: set both"},
		{"a secret without a key id is refused", func(c *Config) { c.RootSecret = strings.Repeat("s", 40) }, "root: set both"},
		{"a key id with a slash is refused", func(c *Config) { c.RootKeyID, c.RootSecret = "a/b", strings.Repeat("s", 40) }, "root: root.key_id"},
		{"credentials of a second are accepted", func(c *Config) { c.CredentialsMinDuration = time.Second }, ""},
		{"credentials of half a second are refused", func(c *Config) { c.CredentialsMinDuration = time.Second / 2 }, "credentials.min_duration: 500ms must be between"},
		{"credentials have whole seconds", func(c *Config) { c.CredentialsMinDuration = 1500 * time.Millisecond }, "credentials.min_duration: 1.5s is no whole number"},
		{"more than AWS's least is refused", func(c *Config) { c.CredentialsMinDuration = 16 * time.Minute }, "credentials.min_duration: 16m0s must be between"},
		{"a bearer is the ARN of an identity", func(c *Config) { c.DefaultBearer = "arn:aws:chime:us-east-1:123456789012:app-instance/i" }, "default_bearer: "},
		{"a user may be the bearer", func(c *Config) { c.DefaultBearer = "arn:aws:chime:us-east-1:123456789012:app-instance/i/user/u" }, ""},
		{"an origin has no path", func(c *Config) { c.AllowedOrigins = []string{"https://example.com/"} }, "allowed_origins: "},
		{"an origin has a scheme", func(c *Config) { c.AllowedOrigins = []string{"example.com"} }, "allowed_origins: "},
		{"an origin may have a port", func(c *Config) { c.AllowedOrigins = []string{"http://localhost:3000"} }, ""},
		{"no origin at all is refused", func(c *Config) { c.AllowedOrigins = nil }, "allowed_origins: "},
		{"a proxy may be an address or a range", func(c *Config) { c.TrustedProxies = []string{"192.0.2.7", "10.0.0.0/8", "fd00::/8"} }, ""},
		{"a proxy has no name", func(c *Config) { c.TrustedProxies = []string{"proxy.example.com"} }, "http.trusted_proxies: "},
		{"an unknown profile is refused", func(c *Config) { c.LimitsProfile = "closed" }, "limits.profile: "},
		{"the profile of AWS is accepted", func(c *Config) { c.LimitsProfile = ProfileAWS }, ""},
		{"a batch of 1000 members is accepted", func(c *Config) { c.MembersPerBatch = 1000 }, ""},
		{"a batch of 1001 members is refused", func(c *Config) { c.MembersPerBatch = 1001 }, "limits.members_per_batch: "},
		{"a batch of -1 members is refused", func(c *Config) { c.MembersPerBatch = -1 }, "limits.members_per_batch: "},
		{"a body that no request fits into is refused", func(c *Config) { c.MaxBody = 100 }, "http.max_body: "},
		{"a body of a gigabyte is refused", func(c *Config) { c.MaxBody = 1 << 30 }, "http.max_body: "},
		{"no time for headers is refused", func(c *Config) { c.HeaderTimeout = 0 }, "http.header_timeout: "},
		{"no time for bodies is refused", func(c *Config) { c.BodyTimeout = 0 }, "http.body_timeout: "},
		{"no time between requests is refused", func(c *Config) { c.IdleTimeout = -time.Second }, "http.idle_timeout: "},
		{"a burst needs a rate", func(c *Config) { c.RateBurst = 1 }, "rate_limit.burst: means nothing"},
		{"a burst with a rate is fine", func(c *Config) { c.RatePerSecond, c.RateBurst = 1, 2 }, ""},
		{"no rate is below none", func(c *Config) { c.RatePerSecond = -1 }, "rate_limit.per_second: "},
		{"somebody must be verified", func(c *Config) { c.MaxUnverified = 0 }, "http.max_unverified: "},
		{"an audit log has a name", func(c *Config) { c.Audit = "" }, "audit: names no file"},
		{"no time to shut down is refused", func(c *Config) { c.ShutdownTimeout = 0 }, "shutdown_timeout: "},
		{"a floor of no heap is accepted", func(c *Config) { c.HeapFloor = 0 }, ""},
		{"a floor below nothing is refused", func(c *Config) { c.HeapFloor = -1 }, "heap_floor: "},
		{"a floor above the ceiling is refused", func(c *Config) { c.HeapFloor = maxHeapFloor + 1 }, "heap_floor: "},
		{"an unknown level is refused", func(c *Config) { c.LogLevel = "loud" }, "log.level: "},
		{"an unknown format is refused", func(c *Config) { c.LogFormat = "xml" }, "log.format: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := Default()
			c.change(&config)
			err := config.Validate()
			switch {
			case c.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want)):
				t.Errorf("got %v, want an error that begins with %q", err, c.want)
			}
		})
	}

	t.Run("all faults are told at once", func(t *testing.T) {
		config := Default()
		config.Region, config.Account, config.LogLevel = "", "", ""
		err := config.Validate()
		if err == nil || strings.Count(err.Error(), "\n") != 2 {
			t.Errorf("got %v, want three lines", err)
		}
	})
}

func TestRootKey(t *testing.T) {
	const strong = "kZ8vT1pQx3mN5bR7wY9cD2fG"
	for _, c := range []struct {
		name       string
		addr       string
		id, secret string
		want       string // empty: accepted
	}{
		{"the key of the signing examples is refused", "0.0.0.0:8080", "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "well-known"},
		{"its id is refused with any secret", "0.0.0.0:8080", "AKIDEXAMPLE", strong, "well-known"},
		{"its secret is refused with any id", "0.0.0.0:8080", "AKIAMYOWN", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "well-known"},
		{"the key of AWS's documentation is refused", "10.0.0.1:8080", "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "well-known"},
		{"test/test is refused", "[::]:8080", "test", "test", "well-known"},
		{"Test/TEST is refused", "[::]:8080", "Test", "TEST", "well-known"},
		{"carillon/carillon is refused", ":8080", "carillon", "carillon", "well-known"},
		{"minioadmin/minioadmin is refused", "example.com:8080", "minioadmin", "minioadmin", "well-known"},
		{"a secret of 15 characters is refused", "0.0.0.0:8080", "AKIAMYOWN", strong[:15], "fewer than 16"},
		{"a secret of 16 characters is accepted", "0.0.0.0:8080", "AKIAMYOWN", strong[:16], ""},
		{"a well-known key is accepted on 127.0.0.1", "127.0.0.1:8080", "test", "test", ""},
		{"a well-known key is accepted on all of 127", "127.9.9.9:8080", "test", "test", ""},
		{"a well-known key is accepted on ::1", "[::1]:8080", "test", "test", ""},
		{"a well-known key is accepted on localhost", "localhost:8080", "test", "test", ""},
		{"a name that only looks like localhost is none", "localhost.example.com:8080", "test", "test", "well-known"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := Default()
			config.Addr, config.RootKeyID, config.RootSecret = c.addr, c.id, c.secret
			err := config.Validate()
			switch {
			case c.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got %v, want an error with %q", err, c.want)
			case err != nil && strings.Contains(err.Error(), c.secret) && c.secret != c.id && !strings.EqualFold(c.secret, c.id):
				t.Errorf("the error tells the secret: %v", err)
			}
		})
	}

	t.Run("what others reach by TLS counts as well", func(t *testing.T) {
		config := Default()
		config.TLSAddr, config.RootKeyID, config.RootSecret = "0.0.0.0:8443", "test", "test"
		if err := config.Validate(); err == nil || !strings.Contains(err.Error(), "refusing to listen on 0.0.0.0:8443 with well-known credentials") {
			t.Errorf("got %v", err)
		}
	})

	t.Run("a new key looks like one of AWS and is accepted anywhere", func(t *testing.T) {
		key := newRootKey()
		if len(key.ID) != 20 || !strings.HasPrefix(key.ID, "AKIA") || strings.Trim(key.ID, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
			t.Errorf("id %q", key.ID)
		}
		if len(key.Secret) != 40 {
			t.Errorf("secret of %d characters", len(key.Secret))
		}
		if err := checkRootKey(key, "0.0.0.0:8080"); err != nil {
			t.Error(err)
		}
		if key == newRootKey() {
			t.Error("two new keys are the same")
		}
	})
}
