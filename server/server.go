package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"golang.org/x/net/netutil"

	"carillon/access"
	"carillon/api"
	"carillon/audit"
	"carillon/auth"
	"carillon/bus"
	"carillon/cert"
	"carillon/chat"
	"carillon/live"
	"carillon/rest"
	"carillon/store"
	"carillon/store/sqlstore"
	"carillon/throttle"
)

const (
	partition = "aws"

	maxHeaderBytes = 64 << 10
	// answerTimeout bounds how long an operation and the writing of its answer may take together,
	// so that a client that does not read holds nothing for long.
	answerTimeout = time.Minute
	// adminTimeout is enough for the longest profile that a tool asks for by default, and to spare.
	adminTimeout = 5 * time.Minute
)

// Server is a whole server. Its methods are safe for concurrent use.
type Server struct {
	config  Config
	log     *slog.Logger
	rootKey RootKey
	store   store.Store
	service api.Service
	access  *access.Service
	changed *accounts
	live    *live.Hub
	audit   *audit.Log // nil when there is none
	metrics *prometheus.Registry

	apiListener, tlsListener, adminListener net.Listener // the latter two are nil when there is none
	apiServer, adminServer                  *http.Server
	acme                                    *cert.ACME // nil when certificates come from elsewhere
	caFile                                  string
	// abort ends the contexts of all requests and of everything in background.
	abort      context.CancelFunc
	background sync.WaitGroup

	demo      atomic.Pointer[Demo] // nil until SeedDemo
	accepting atomic.Bool
	closing   sync.Once
	closeErr  error
}

// New makes a server: it opens the store, which it migrates, and listens. Nothing is answered before
// Serve. ctx bounds New alone. A server that was made must be shut down, served or not.
func New(ctx context.Context, c Config) (s *Server, err error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	s = &Server{config: c, log: c.Log, metrics: prometheus.NewRegistry(), changed: newAccounts(), abort: func() {}}
	if s.log == nil {
		s.log = NewLog(os.Stderr, c)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Shutdown(ctx))
			s = nil
		}
	}()
	// The store comes first: whoever has it open has the whole folder.
	if err := s.openData(ctx); err != nil {
		return s, err
	}
	if err := s.openAudit(); err != nil {
		return s, err
	}
	// Then the addresses: a room tells clients which port they find.
	if err := s.listen(ctx); err != nil {
		return s, err
	}
	return s, s.openRooms(ctx)
}

// NewLog makes the log that c asks for.
func NewLog(w io.Writer, c Config) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		level = slog.LevelInfo
	}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level}))
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level}))
}

// openStore opens what everything durable is kept in.
func (s *Server) openStore(ctx context.Context) (store.Store, error) {
	options := sqlstore.Options{Log: s.log}
	if s.config.Database != "" {
		db, err := sqlstore.OpenPostgres(ctx, s.config.Database, options)
		if err != nil {
			return nil, fmt.Errorf("database: %w", err)
		}
		return db, nil
	}
	db, err := sqlstore.OpenSQLite(filepath.Join(s.config.Data, "carillon.db"), options)
	if err != nil {
		return nil, fmt.Errorf("data folder %s: %w", s.config.Data, err)
	}
	return db, nil
}

// openData opens the data folder: the store and the root key.
func (s *Server) openData(ctx context.Context) error {
	data := s.config.Data
	if err := os.MkdirAll(data, 0o700); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	if info, err := os.Stat(data); err == nil && info.Mode().Perm()&0o077 != 0 {
		s.log.Warn("others than the owner can look into the data folder", "data", data, "mode", info.Mode().Perm().String())
	}
	var err error
	if s.store, err = s.openStore(ctx); err != nil {
		return err
	}
	s.rootKey = RootKey{ID: s.config.RootKeyID, Secret: s.config.RootSecret}
	if s.rootKey.ID == "" {
		if s.rootKey, err = keptRootKey(data); err != nil {
			return fmt.Errorf("root key: %w", err)
		}
		s.log.Debug("the root key is the one in the data folder", "file", rootKeyPath(data))
	}
	return checkRootKey(s.rootKey, s.config.addrs()...)
}

// openRooms makes the rooms and gives each what it needs of the others.
func (s *Server) openRooms(ctx context.Context) error {
	events := new(bus.Local)
	service, err := chat.Open(ctx, chat.Options{
		Store: s.store, Bus: events, Partition: partition, Region: s.config.Region, Limits: s.config.limits(),
		SessionEndpoint: s.config.SessionEndpoint, SecurePort: s.securePort(), EventLife: s.config.eventLife(),
		Node: uint16(rand.Uint32()), // any node but those that happen to share it
	})
	if err != nil {
		return err
	}
	s.service = service
	s.metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if s.access, err = s.openAccess(ctx, service); err != nil {
		return err
	}
	authenticator := auth.New(auth.Options{Region: s.config.Region, Lookup: s.lookup, Explain: s.config.Explain})
	principals, gate := s.principals(), throttle.NewGate(s.config.MaxUnverified)
	options := rest.Options{
		Service: service, Authenticate: authenticator.Authenticate, Log: s.log, Metrics: s.metrics,
		MaxBody: s.config.MaxBody, BodyTimeout: s.config.BodyTimeout,
		Verify: gate.Enter, Enter: principals.Enter,
		DefaultBearer: s.config.DefaultBearer, Audit: s.witness(), Explain: s.config.Explain,
	}
	if !s.config.anyOrigin() {
		options.AllowedOrigins = s.config.AllowedOrigins
	}
	options.Admit = s.access.Authorize
	if s.config.LimitsProfile == ProfileAWS {
		options.Admit = bothAdmit(s.access.Authorize, throttle.New(throttle.AWSRates(), throttle.Options{}).Admit)
	}

	if s.live, err = s.openLive(ctx, service, events, authenticator, principals); err != nil {
		return err
	}
	var life context.Context
	life, s.abort = context.WithCancel(context.Background())
	s.background.Go(func() { s.review(life) })
	s.background.Go(func() { s.access.Run(life, s.config.Database != "") })
	s.background.Go(func() { sweep(life, s.log, service.Woken(), service.Sweep) })
	s.background.Go(func() { keepHeapFloor(life, s.config.HeapFloor) })
	if s.acme != nil {
		s.background.Go(func() { s.acme.Run(life) })
	}
	base := func(net.Listener) context.Context { return life }
	errorLog := slog.NewLogLogger(s.log.Handler(), slog.LevelWarn)
	proxies, err := s.config.trustedProxies()
	if err != nil {
		return err
	}
	handler := withActions(s.openQuery(authenticator, principals, gate), s.withConsole(withSessions(s.live, rest.New(options))))
	s.apiServer = &http.Server{
		Handler: withProxies(proxies, handler), BaseContext: base, ErrorLog: errorLog, MaxHeaderBytes: maxHeaderBytes,
		ReadHeaderTimeout: s.config.HeaderTimeout, IdleTimeout: s.config.IdleTimeout,
		WriteTimeout: s.config.BodyTimeout + answerTimeout, DisableGeneralOptionsHandler: true,
	}
	s.adminServer = &http.Server{
		Handler: adminHandler(s.ready, s.metrics), BaseContext: base, ErrorLog: errorLog, MaxHeaderBytes: maxHeaderBytes,
		ReadTimeout: s.config.HeaderTimeout, IdleTimeout: s.config.IdleTimeout, WriteTimeout: adminTimeout,
	}
	return nil
}

// principals are the limits that every principal is held to.
func (s *Server) principals() *throttle.Principals {
	c := &s.config
	return throttle.NewPrincipals(throttle.PrincipalLimits{PerSecond: c.RatePerSecond, Burst: c.RateBurst, AtOnce: c.RateAtOnce})
}

func (c *Config) limits() chat.Limits {
	limits := chat.OpenLimits()
	if c.LimitsProfile == ProfileAWS {
		limits = chat.AWSLimits()
	}
	if c.MembersPerBatch != 0 {
		limits.MembersPerBatch = c.MembersPerBatch
	}
	return limits
}

// principal is the ARN of the root key's owner.
func (s *Server) principal() string {
	return "arn:" + partition + ":iam::" + s.config.Account + ":root"
}

// limited keeps a listener to the greatest number of connections.
func (s *Server) limited(l net.Listener) net.Listener {
	if s.config.MaxConnections == 0 {
		return l
	}
	return netutil.LimitListener(l, s.config.MaxConnections)
}

func (s *Server) listen(ctx context.Context) (err error) {
	var lc net.ListenConfig
	if s.apiListener, err = lc.Listen(ctx, "tcp", s.config.Addr); err != nil {
		return listenError("addr", err)
	}
	s.apiListener = s.limited(s.apiListener)
	if err := s.listenTLS(ctx, &lc); err != nil {
		return err
	}
	if s.config.AdminAddr == AdminOff {
		return nil
	}
	if s.adminListener, err = lc.Listen(ctx, "tcp", s.config.AdminAddr); err != nil {
		return listenError("admin.addr", err)
	}
	return nil
}

// Serve answers requests until ctx ends, then shuts the server down: it stops accepting, finishes
// requests in flight within Config.ShutdownTimeout, and closes the store.
func (s *Server) Serve(ctx context.Context) error {
	ended := make(chan error, 3)
	go func() { ended <- s.apiServer.Serve(rest.Listener(s.apiListener, s.log)) }()
	if s.tlsListener != nil {
		go func() { ended <- s.apiServer.Serve(rest.Listener(s.tlsListener, s.log)) }()
	}
	if s.adminListener != nil {
		go func() { ended <- s.adminServer.Serve(s.adminListener) }()
	}
	s.accepting.Store(true)
	s.log.Debug("serving", "addr", s.Addr(), "tls", s.TLSAddr(), "admin", s.AdminAddr())

	var err error
	select {
	case <-ctx.Done():
		s.log.Info("shutting down", "bound", s.config.ShutdownTimeout)
	case err = <-ended:
	}
	bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.config.ShutdownTimeout)
	defer cancel()
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return errors.Join(err, s.Shutdown(bound))
}

// Shutdown stops accepting, waits for requests in flight until ctx ends, cuts off those that are
// left, and closes the store. Only the first call does anything; every call returns after it.
func (s *Server) Shutdown(ctx context.Context) error {
	s.closing.Do(func() { s.closeErr = s.shutdown(ctx) })
	return s.closeErr
}

func (s *Server) shutdown(ctx context.Context) error {
	s.accepting.Store(false)
	var errs []error
	if s.apiServer != nil {
		if err := s.apiServer.Shutdown(ctx); err != nil {
			s.log.Warn("requests in flight were cut off", "error", err)
			s.abort()
			errs = append(errs, s.apiServer.Close())
		}
	}
	s.abort()
	s.background.Wait()
	if s.live != nil {
		// Nothing more happens: what did is sent before the sessions are closed.
		errs = append(errs, s.live.Close(ctx))
	}
	if s.audit != nil {
		errs = append(errs, s.closeAudit())
	}
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	if s.adminServer != nil {
		errs = append(errs, s.adminServer.Close())
	}
	// A listener that was never served belongs to no http.Server.
	for _, l := range []net.Listener{s.apiListener, s.tlsListener, s.adminListener} {
		if l == nil {
			continue
		}
		if err := l.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// ready reports why requests are not answered now, in words for everybody.
func (s *Server) ready(ctx context.Context) error {
	if !s.accepting.Load() {
		return errors.New("not accepting requests")
	}
	if err := s.store.Ping(ctx); err != nil {
		s.log.Error("the store does not answer", "error", err)
		return errors.New("the store does not answer")
	}
	return nil
}

// Addr is the address the API listens on, host:port.
func (s *Server) Addr() string { return s.apiListener.Addr().String() }

// AdminAddr is the address the admin listener listens on; empty when there is none.
func (s *Server) AdminAddr() string {
	if s.adminListener == nil {
		return ""
	}
	return s.adminListener.Addr().String()
}

// Endpoint is the URL of the API as seen from this machine.
func (s *Server) Endpoint() string { return "http://" + Reachable(s.Addr()) }

// Reachable replaces the address of all interfaces, which nobody can call, by the loopback's.
func Reachable(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return addr
}

// Config is the configuration the server was made with.
func (s *Server) Config() Config { return s.config }

// RootKey is the key in force.
func (s *Server) RootKey() RootKey { return s.rootKey }

// Service is the API without its wire, for what runs in the same process.
func (s *Server) Service() api.Service { return s.service }
