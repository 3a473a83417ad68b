package server

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Setting is one thing that can be set, with everything there is to say about it.
type Setting struct {
	// Name is the setting's place in the file; dots separate the levels.
	Name string
	// Env is the environment variable.
	Env string
	// Flag is the flag of the command line without its dashes; empty for what must not be seen in
	// a list of processes.
	Flag string
	// Default is the value when nothing is set.
	Default string
	// Unit is the unit, the form or the choice of values.
	Unit string
	// Meaning is one sentence or two.
	Meaning string

	set func(*Config, string) error
}

// Settings returns every setting in the order of the reference.
func Settings() []Setting {
	settings := []Setting{
		{Name: "addr", Default: "127.0.0.1:8080", Unit: "host:port",
			Meaning: "Address of the API. Port 0 takes a free one.",
			set:     text(func(c *Config) *string { return &c.Addr })},
		{Name: "admin.addr", Default: "127.0.0.1:9090", Unit: "host:port or off",
			Meaning: "Address of /healthz, /readyz, /metrics and /debug/pprof. The command dev takes a free port unless this is set.",
			set:     text(func(c *Config) *string { return &c.AdminAddr })},
		{Name: "tls.addr", Default: TLSOff, Unit: "host:port or off",
			Meaning: "Address of the API by TLS, which browsers need for sessions. The command dev takes 127.0.0.1:8443 unless this is set.",
			set:     text(func(c *Config) *string { return &c.TLSAddr })},
		{Name: "tls.cert", Unit: "file",
			Meaning: "Certificate and its chain, as PEM; read again when it changes. Without it and without tls.acme.domains, the certificate is of a local authority in the data folder, which clients must be told to trust.",
			set:     text(func(c *Config) *string { return &c.TLSCert })},
		{Name: "tls.key", Unit: "file",
			Meaning: "Key of the certificate, as PEM; read again when it changes.",
			set:     text(func(c *Config) *string { return &c.TLSKey })},
		{Name: "tls.acme.domains", Unit: "list of domains",
			Meaning: "Domains to obtain certificates for by ACME, separated by commas or as a list in the file. Each must lead to the listener by port 443. To set it is to accept the terms of the authority.",
			set:     list(func(c *Config) *[]string { return &c.ACMEDomains })},
		{Name: "tls.acme.email", Unit: "address",
			Meaning: "Where the authority writes to when something is wrong with a certificate.",
			set:     text(func(c *Config) *string { return &c.ACMEEmail })},
		{Name: "tls.acme.directory", Unit: "URL",
			Meaning: "Directory of the authority. Without one it is Let's Encrypt.",
			set:     text(func(c *Config) *string { return &c.ACMEDirectory })},
		{Name: "data", Default: "./carillon-data", Unit: "folder",
			Meaning: "Folder of everything durable. It is made with mode 0700 and belongs to one server at a time.",
			set:     text(func(c *Config) *string { return &c.Data })},
		{Name: "database", Unit: "postgres://…",
			Meaning: "URL of a PostgreSQL database to use instead of a file in the data folder; several servers may share one. It has no flag, because it may hold a password.",
			set:     text(func(c *Config) *string { return &c.Database })},
		{Name: "region", Default: "us-east-1", Unit: "region",
			Meaning: "Region in every ARN and every signature.",
			set:     text(func(c *Config) *string { return &c.Region })},
		{Name: "account", Default: "123456789012", Unit: "12 digits",
			Meaning: "Account id that the root key belongs to.",
			set:     text(func(c *Config) *string { return &c.Account })},
		{Name: "root.key_id", Unit: "text",
			Meaning: "Access key id of the root key. Without one, the key in root-key.json of the data folder is used, which the first start makes.",
			set:     text(func(c *Config) *string { return &c.RootKeyID })},
		{Name: "root.secret", Unit: "text",
			Meaning: "Secret of the root key, at least 16 characters unless only this machine can reach the server. It has no flag: everybody on the machine can read command lines.",
			set:     text(func(c *Config) *string { return &c.RootSecret })},
		{Name: "key_encryption_key", Unit: "32 bytes in base64",
			Meaning: "Key that the secrets of access keys are encrypted with in the database: the same on every server of one database. Without one, that in the file key-encryption-key of the data folder is used, which the first start makes. It has no flag: everybody on the machine can read command lines.",
			set:     text(func(c *Config) *string { return &c.KeyEncryptionKey })},
		{Name: "credentials.min_duration", Default: "15m", Unit: "duration, 1s to 15m",
			Meaning: "Least DurationSeconds that AssumeRole, AssumeRoleWithWebIdentity and GetSessionToken take. AWS's are 15 minutes; less lets a test see temporary credentials expire.",
			set:     duration(func(c *Config) *time.Duration { return &c.CredentialsMinDuration })},
		{Name: "default_bearer", Unit: "ARN",
			Meaning: "User or bot that acts when a request has no x-amz-chime-bearer, for clients older than that header. Without one, such requests are refused.",
			set:     text(func(c *Config) *string { return &c.DefaultBearer })},
		{Name: "allowed_origins", Default: "*", Unit: "list of origins",
			Meaning: "Web origins that may call the API from a browser, separated by commas or as a list in the file; * allows all. Every request is signed whatever its origin.",
			set:     list(func(c *Config) *[]string { return &c.AllowedOrigins })},
		{Name: "session.endpoint", Unit: "host or host:port",
			Meaning: "Where clients open sessions, as GetMessagingSessionEndpoint tells them. Without it they are told the host that they asked, with a port that speaks TLS.",
			set:     text(func(c *Config) *string { return &c.SessionEndpoint })},
		{Name: "session.per_user", Default: "10", Unit: "sessions, 1 to 1000",
			Meaning: "How many live sessions one user may have. One more closes the oldest.",
			set:     whole(func(c *Config) *int { return &c.SessionsPerUser })},
		{Name: "session.resume_window", Default: "2m", Unit: "duration, 1s to 24h",
			Meaning: "How long a session waits for a client whose connection broke. Who comes back in time, with the same session id, gets every event that it missed.",
			set:     duration(func(c *Config) *time.Duration { return &c.SessionResumeWindow })},
		{Name: "session.buffer", Default: "4096", Unit: "events, 64 to 1048576",
			Meaning: "How many events wait for one session at most. One more closes the connection of a client that does not read, and forgets what waits for one that is away.",
			set:     whole(func(c *Config) *int { return &c.SessionBuffer })},
		{Name: "session.ping_interval", Default: "30s", Unit: "duration, 1s to 10m",
			Meaning: "Time between pings on an idle session. A client that leaves two unanswered is gone.",
			set:     duration(func(c *Config) *time.Duration { return &c.SessionPingInterval })},
		{Name: "limits.profile", Default: ProfileOpen, Unit: "open or aws",
			Meaning: "open limits only what protects the server; aws has the quotas and request rates of AWS.",
			set:     text(func(c *Config) *string { return &c.LimitsProfile })},
		{Name: "limits.members_per_batch", Unit: "members, 1 to 1000",
			Meaning: "How many members one BatchCreateChannelMembership may carry. Without a value the profile decides: 100 in both.",
			set:     membersPerBatch},
		{Name: "rate_limit.per_second", Default: "0", Unit: "requests, 0 for no limit",
			Meaning: "How many requests a principal may make in a second; the owner of a key and each session of a role is one. More are answered 429 ThrottledClientException. To connect a session is one of them; one more is closed with 1013, and its client tries again.",
			set:     whole(func(c *Config) *int { return &c.RatePerSecond })},
		{Name: "rate_limit.burst", Default: "0", Unit: "requests",
			Meaning: "How many requests a principal may make at one moment. 0 is as many as in a second.",
			set:     whole(func(c *Config) *int { return &c.RateBurst })},
		{Name: "rate_limit.at_once", Default: "1024", Unit: "requests, 0 for no limit",
			Meaning: "How many requests of a principal may be on their way at the same time. More are answered 429 ThrottledClientException.",
			set:     whole(func(c *Config) *int { return &c.RateAtOnce })},
		{Name: "http.max_connections", Default: "0", Unit: "connections, 0 for no limit",
			Meaning: "How many connections each listener of the API has at most, sessions included. Others wait until one ends.",
			set:     whole(func(c *Config) *int { return &c.MaxConnections })},
		{Name: "http.max_unverified", Default: "512", Unit: "requests",
			Meaning: "How many requests may be read and verified at once, before it is known who sent them. One address may have a quarter of them. More are answered 503.",
			set:     whole(func(c *Config) *int { return &c.MaxUnverified })},
		{Name: "http.trusted_proxies", Unit: "list of addresses and ranges",
			Meaning: "Proxies that are believed when they say in X-Forwarded-For who called, such as 10.0.0.0/8, separated by commas or as a list in the file. For requests that come from anywhere else the header means nothing.",
			set:     list(func(c *Config) *[]string { return &c.TrustedProxies })},
		{Name: "http.max_body", Default: "1048576", Unit: "bytes",
			Meaning: "Greatest size of a request's body.",
			set:     size(func(c *Config) *int64 { return &c.MaxBody })},
		{Name: "http.header_timeout", Default: "10s", Unit: "duration",
			Meaning: "How long a client may take to send the headers of a request.",
			set:     duration(func(c *Config) *time.Duration { return &c.HeaderTimeout })},
		{Name: "http.body_timeout", Default: "30s", Unit: "duration",
			Meaning: "How long a client may take to send the body of a request.",
			set:     duration(func(c *Config) *time.Duration { return &c.BodyTimeout })},
		{Name: "http.idle_timeout", Default: "2m", Unit: "duration",
			Meaning: "How long a connection may stay open between two requests.",
			set:     duration(func(c *Config) *time.Duration { return &c.IdleTimeout })},
		{Name: "shutdown_timeout", Default: "30s", Unit: "duration",
			Meaning: "How long requests in flight are waited for at the end.",
			set:     duration(func(c *Config) *time.Duration { return &c.ShutdownTimeout })},
		{Name: "heap_floor", Default: "33554432", Unit: "bytes, 0 to 4294967296",
			Meaning: "How large the heap may grow before garbage is collected, while less than half of that is in use. 0 leaves it to Go, and so does GOGC when it is set; GOMEMLIMIT holds all the same.",
			set:     size(func(c *Config) *int64 { return &c.HeapFloor })},
		{Name: "audit", Default: "audit.log", Unit: "file, stdout or off",
			Meaning: "Where it is recorded, as lines of JSON, who changed what and who was refused. A relative path is below the data folder. After SIGHUP the file is opened anew. It is off in the command dev unless this is set.",
			set:     text(func(c *Config) *string { return &c.Audit })},
		{Name: "explain", Default: "false", Unit: "true or false",
			Meaning: "Whether every refusal, and every list that a rule has emptied, says in the header x-carillon-reason which rule decided. It tells callers more than AWS does, such as that something exists. It is true in the command dev unless this is set.",
			set:     boolean(func(c *Config) *bool { return &c.Explain })},
		{Name: "log.level", Default: "info", Unit: "debug, info, warn or error",
			Meaning: "Least level that is logged.",
			set:     text(func(c *Config) *string { return &c.LogLevel })},
		{Name: "log.format", Default: "text", Unit: "text or json",
			Meaning: "Form of the lines on the standard error output.",
			set:     text(func(c *Config) *string { return &c.LogFormat })},
	}
	for i := range settings {
		s := &settings[i]
		s.Env = "CARILLON_" + strings.ToUpper(strings.ReplaceAll(s.Name, ".", "_"))
		if s.Name != "root.secret" && s.Name != "key_encryption_key" && s.Name != "database" {
			s.Flag = strings.NewReplacer(".", "-", "_", "-").Replace(s.Name)
		}
	}
	return settings
}

func text(field func(*Config) *string) func(*Config, string) error {
	return func(c *Config, value string) error {
		*field(c) = value
		return nil
	}
}

func boolean(field func(*Config) *bool) func(*Config, string) error {
	return func(c *Config, value string) error {
		b, err := strconv.ParseBool(value)
		if err != nil {
			return fmt.Errorf("%q is neither true nor false", value)
		}
		*field(c) = b
		return nil
	}
}

func duration(field func(*Config) *time.Duration) func(*Config, string) error {
	return func(c *Config, value string) error {
		d, err := time.ParseDuration(value)
		if err != nil {
			return fmt.Errorf("%q is no duration: use a number and a unit, such as 30s or 2m", value)
		}
		*field(c) = d
		return nil
	}
}

func size(field func(*Config) *int64) func(*Config, string) error {
	return func(c *Config, value string) error {
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return fmt.Errorf("%q is no whole number of bytes", value)
		}
		*field(c) = n
		return nil
	}
}

func whole(field func(*Config) *int) func(*Config, string) error {
	return func(c *Config, value string) error {
		n, err := strconv.Atoi(value)
		if err != nil {
			return fmt.Errorf("%q is no whole number", value)
		}
		*field(c) = n
		return nil
	}
}

// membersPerBatch refuses 0, which some would mean as "no limit" and the field has as "not set".
func membersPerBatch(c *Config, value string) error {
	if value == "" {
		c.MembersPerBatch = 0
		return nil
	}
	n, err := strconv.Atoi(value)
	if err != nil {
		return fmt.Errorf("%q is no whole number", value)
	}
	if err := within(int64(n), 1, maxMembersPerBatch); err != nil {
		return err
	}
	c.MembersPerBatch = n
	return nil
}

// list takes values that are separated by commas.
func list(field func(*Config) *[]string) func(*Config, string) error {
	return func(c *Config, value string) error {
		*field(c) = nil
		for element := range strings.SplitSeq(value, ",") {
			if element = strings.TrimSpace(element); element != "" {
				*field(c) = append(*field(c), element)
			}
		}
		return nil
	}
}
