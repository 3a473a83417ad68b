// Package server puts the rooms of the house together: it opens the store, gives every room what
// it needs of the others, listens, and closes everything again in the right order.
//
// It is the only package that knows them all, and the only one that knows settings: file,
// environment and flags end here, and rooms get plain values. No rule of the API may enter.
package server

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"carillon/access"
	"carillon/arn"
)

// Config is everything that can be set about a server. Default gives the values of a server that
// nobody configured; Settings documents each.
type Config struct {
	// Addr is the address of the API, host:port. Port 0 takes a free one.
	Addr string
	// AdminAddr is the address of health, metrics and profiles, or AdminOff.
	AdminAddr string
	// TLSAddr is the address of the API by TLS, or TLSOff.
	TLSAddr string
	// TLSCert and TLSKey are files with the certificate and its key. Without them and without
	// ACMEDomains, the certificate is one of an authority of this server's own, kept in Data.
	TLSCert, TLSKey string
	// ACMEDomains are domains to obtain certificates for from the authority with the URL
	// ACMEDirectory, which writes to ACMEEmail. Both may be empty.
	ACMEDomains              []string
	ACMEEmail, ACMEDirectory string
	// SessionEndpoint is the host, and port if any, that sessions connect to; empty is the one that
	// was asked.
	SessionEndpoint string
	// Data is the folder of everything durable.
	Data string
	// Database is the URL of a PostgreSQL database that holds what would else be in a file of Data:
	// postgres://user:password@host/name. Several servers may share one.
	Database string

	// Region is the region in every ARN and in every signature.
	Region string
	// Account is the account id, twelve digits, that the root key belongs to.
	Account string
	// RootKeyID and RootSecret are the root key. When both are empty, the key is the one in
	// Data/root-key.json, made at the first start.
	RootKeyID, RootSecret string
	// KeyEncryptionKey is the key, 32 bytes in base64, that secrets of access keys are encrypted with in
	// the store. When it is empty, it is the one in Data/key-encryption-key, made at the first start.
	KeyEncryptionKey string

	// CredentialsMinDuration is the least that temporary credentials can be asked to last, in whole seconds.
	CredentialsMinDuration time.Duration
	// DefaultBearer acts for requests without the header x-amz-chime-bearer; empty refuses them.
	DefaultBearer string
	// TrustedProxies lists addresses and ranges of proxies that say in X-Forwarded-For who called.
	TrustedProxies []string
	// AllowedOrigins lists the web origins that may call the API: at least one; "*" allows all.
	AllowedOrigins []string

	// SessionsPerUser is how many live sessions a user may have; one more closes the oldest.
	SessionsPerUser int
	// SessionResumeWindow is how long a session waits for a client whose connection broke.
	SessionResumeWindow time.Duration
	// SessionBuffer is how many events wait for a session at most.
	SessionBuffer int
	// SessionPingInterval is the time between pings on an idle connection.
	SessionPingInterval time.Duration

	// LimitsProfile is ProfileOpen or ProfileAWS.
	LimitsProfile string
	// MembersPerBatch is how many members one BatchCreateChannelMembership may carry; 0 leaves it
	// to the profile.
	MembersPerBatch int

	// RatePerSecond is how many requests a principal may make in a second, RateBurst how many at once, and
	// RateAtOnce how many may be on their way at the same time. 0 is no limit, and for RateBurst
	// RatePerSecond.
	RatePerSecond, RateBurst, RateAtOnce int

	// MaxConnections is how many connections each listener of the API has at most; 0 is no limit.
	MaxConnections int
	// MaxUnverified is how many requests may be read and verified at once.
	MaxUnverified int
	// MaxBody is the greatest size of a request's body in bytes.
	MaxBody int64
	// HeaderTimeout bounds how long a client may take to send the headers of a request.
	HeaderTimeout time.Duration
	// BodyTimeout bounds how long a client may take to send the body of a request.
	BodyTimeout time.Duration
	// IdleTimeout bounds how long a connection may stay open between two requests.
	IdleTimeout time.Duration
	// ShutdownTimeout bounds how long requests in flight are waited for at the end.
	ShutdownTimeout time.Duration

	// HeapFloor is how large the heap may grow before garbage is collected; 0 leaves it to Go.
	HeapFloor int64
	// Audit is where who changed what is recorded: a file, AuditStdout or AuditOff. A path that is not
	// absolute is below Data.
	Audit string
	// AuditWriter, when set, is what AuditStdout means in place of the standard output.
	AuditWriter io.Writer
	// Explain has every refusal say which rule decided.
	Explain bool

	// LogLevel is debug, info, warn or error; LogFormat is text or json.
	LogLevel, LogFormat string
	// Log, when set, is written to in place of the standard error output.
	Log *slog.Logger

	// Console serves the chat page beside the API, to try things out. It gives credentials of the demo's
	// users to whoever uses this machine, without a password, so no setting switches it on.
	Console bool
}

// The profiles of limits.
const (
	// ProfileOpen limits what protects the server and nothing else.
	ProfileOpen = "open"
	// ProfileAWS has the quotas and request rates of AWS.
	ProfileAWS = "aws"
)

// What Audit may be beside a path.
const (
	AuditOff    = "off"
	AuditStdout = "stdout"
)

// AdminOff as an AdminAddr means no admin listener.
const AdminOff = "off"

// TLSOff as a TLSAddr means no listener with TLS.
const TLSOff = "off"

// maxMembersPerBatch is the greatest override: what one transaction may take.
const maxMembersPerBatch = 1000

// The range of MaxBody. The least holds the largest request of the API with its longest members.
const (
	minMaxBody = 64 << 10
	maxMaxBody = 64 << 20
)

// The greatest limits that make sense.
const (
	maxRate        = 1_000_000
	maxConnections = 10_000_000
)

// The bounds of sessions.
const (
	maxSessionsPerUser = 1000
	maxResumeWindow    = 24 * time.Hour
	minSessionBuffer   = 64
	maxSessionBuffer   = 1 << 20
	maxPingInterval    = 10 * time.Minute
)

var (
	regionPattern  = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	accountPattern = regexp.MustCompile(`^[0-9]{12}$`)
)

// Default returns the configuration of a server that nobody configured.
func Default() Config {
	var c Config
	for _, s := range Settings() {
		if err := s.set(&c, s.Default); err != nil {
			panic("server: default of " + s.Name + ": " + err.Error())
		}
	}
	return c
}

// Validate reports everything that is wrong, one line for each setting at fault.
func (c *Config) Validate() error {
	var faults []error
	check := func(name string, err error) {
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", name, err))
		}
	}
	check("addr", checkAddr(c.Addr))
	if c.AdminAddr != AdminOff {
		check("admin.addr", checkAddr(c.AdminAddr))
	}
	c.validateTLS(check)
	if c.Data == "" {
		check("data", errors.New("names no folder"))
	}
	if !regionPattern.MatchString(c.Region) {
		check("region", fmt.Errorf("%q is no region: use lower-case letters, digits and hyphens", c.Region))
	}
	if !accountPattern.MatchString(c.Account) {
		check("account", fmt.Errorf("%q is no account id: it must be 12 digits (in YAML, in quotes)", c.Account))
	}
	if c.RootKeyID != "" || c.RootSecret != "" {
		check("root", checkRootKey(RootKey{ID: c.RootKeyID, Secret: c.RootSecret}, c.addrs()...))
	}
	if c.KeyEncryptionKey != "" {
		_, err := parseKeyEncryptionKey(c.KeyEncryptionKey)
		check("key_encryption_key", err)
	}
	check("credentials.min_duration", between(c.CredentialsMinDuration, time.Second, access.DefaultMinSession))
	if c.CredentialsMinDuration%time.Second != 0 {
		check("credentials.min_duration", fmt.Errorf("%v is no whole number of seconds", c.CredentialsMinDuration))
	}
	if c.DefaultBearer != "" {
		check("default_bearer", checkBearer(c.DefaultBearer))
	}
	if len(c.AllowedOrigins) == 0 {
		check("allowed_origins", errors.New("lists no origin: use * for all"))
	}
	for _, origin := range c.AllowedOrigins {
		check("allowed_origins", checkOrigin(origin))
	}
	_, err := c.trustedProxies()
	check("http.trusted_proxies", err)
	check("session.per_user", within(int64(c.SessionsPerUser), 1, maxSessionsPerUser))
	check("session.resume_window", between(c.SessionResumeWindow, time.Second, maxResumeWindow))
	check("session.buffer", within(int64(c.SessionBuffer), minSessionBuffer, maxSessionBuffer))
	check("session.ping_interval", between(c.SessionPingInterval, time.Second, maxPingInterval))
	check("limits.profile", oneOf(c.LimitsProfile, ProfileOpen, ProfileAWS))
	if c.MembersPerBatch != 0 {
		check("limits.members_per_batch", within(int64(c.MembersPerBatch), 1, maxMembersPerBatch))
	}
	check("rate_limit.per_second", within(int64(c.RatePerSecond), 0, maxRate))
	check("rate_limit.burst", within(int64(c.RateBurst), 0, maxRate))
	if c.RateBurst > 0 && c.RatePerSecond == 0 {
		check("rate_limit.burst", errors.New("means nothing without rate_limit.per_second"))
	}
	check("rate_limit.at_once", within(int64(c.RateAtOnce), 0, maxRate))
	check("http.max_connections", within(int64(c.MaxConnections), 0, maxConnections))
	check("http.max_unverified", within(int64(c.MaxUnverified), 1, maxConnections))
	check("http.max_body", within(c.MaxBody, minMaxBody, maxMaxBody))
	check("http.header_timeout", positive(c.HeaderTimeout))
	check("http.body_timeout", positive(c.BodyTimeout))
	check("http.idle_timeout", positive(c.IdleTimeout))
	check("shutdown_timeout", positive(c.ShutdownTimeout))
	check("heap_floor", within(c.HeapFloor, 0, maxHeapFloor))
	if c.Audit == "" {
		check("audit", errors.New("names no file: use stdout or off instead"))
	}
	check("log.level", oneOf(c.LogLevel, "debug", "info", "warn", "error"))
	check("log.format", oneOf(c.LogFormat, "text", "json"))
	return errors.Join(faults...)
}

func checkAddr(addr string) error {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("%q is no address: use host:port, such as 127.0.0.1:8080", addr)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("%q has no port between 0 and 65535", addr)
	}
	return nil
}

// isLoopback reports whether only this machine can reach addr. A host name other than localhost
// counts as reachable: what it resolves to can change.
func isLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

func checkBearer(bearer string) error {
	if a, err := arn.Parse(bearer); err != nil || !a.IsIdentity() {
		return fmt.Errorf("%q is not the ARN of a user or bot", bearer)
	}
	return nil
}

// anyOrigin reports whether pages of every origin may call.
func (c *Config) anyOrigin() bool { return slices.Contains(c.AllowedOrigins, "*") }

func checkOrigin(origin string) error {
	if origin == "*" {
		return nil
	}
	u, err := url.Parse(origin)
	if err != nil || u.Scheme == "" || u.Host == "" || origin != u.Scheme+"://"+u.Host {
		return fmt.Errorf("%q is no origin: use scheme://host or scheme://host:port without a path, or *", origin)
	}
	return nil
}

func oneOf(value string, allowed ...string) error {
	for _, a := range allowed {
		if value == a {
			return nil
		}
	}
	return fmt.Errorf("%q must be one of: %s", value, strings.Join(allowed, ", "))
}

func within(n, least, greatest int64) error {
	if n < least || n > greatest {
		return fmt.Errorf("%d must be between %d and %d", n, least, greatest)
	}
	return nil
}

func between(d, least, greatest time.Duration) error {
	if d < least || d > greatest {
		return fmt.Errorf("%v must be between %v and %v", d, least, greatest)
	}
	return nil
}

func positive(d time.Duration) error {
	if d <= 0 {
		return fmt.Errorf("%v must be longer than 0", d)
	}
	return nil
}
