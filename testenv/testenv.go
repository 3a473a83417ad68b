// Package testenv is a whole server in a test: a real store, the real operations, a clock that
// stands still until it is told to move, and a record of every event.
//
//	env := testenv.New(t)
//	channel := env.Channel("alice", testenv.Private)
//	_, err := env.As("bob").DescribeChannel(api.DescribeChannelRequest{ChannelArn: channel})
//
// Every call goes through the operation table, so a kind of error that the models do not declare
// for the operation fails the test, as does a refusal without a reason. Only tests may use this package.
package testenv

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"carillon/api"
	"carillon/arn"
	"carillon/bus"
	"carillon/chat"
	"carillon/store"
	"carillon/store/sqlstore"
	"carillon/store/sqlstore/pgtest"
)

// The names of the server in a test.
const (
	Region  = "us-east-1"
	Account = "123456789012"
)

// Users are the users of the app instance of every Env, beside its admin.
var Users = []string{"alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi"}

// Env is a server with one app instance, the admin "admin", and Users.
type Env struct {
	T       testing.TB
	Service *chat.Service
	Store   store.Store
	// Instance is the ARN of the app instance.
	Instance string

	clock  clock
	events recorder
	setup  setup
}

// Option changes a server before it starts.
type Option func(*setup)

type setup struct {
	chat.Options
	wrap func(store.Store) store.Store
}

// WithLimits sets the quotas.
func WithLimits(l chat.Limits) Option { return func(s *setup) { s.Limits = l } }

// WithSweepBatch sets how many records one transaction of a sweep removes.
func WithSweepBatch(n int) Option { return func(s *setup) { s.SweepBatch = n } }

// WithEventLife sets for how long events can be read back.
func WithEventLife(d time.Duration) Option { return func(s *setup) { s.EventLife = d } }

// WithStore lets a test stand between the operations and the store.
func WithStore(wrap func(store.Store) store.Store) Option { return func(s *setup) { s.wrap = wrap } }

// New starts a server that lives as long as the test.
func New(t testing.TB, options ...Option) *Env {
	t.Helper()
	e := &Env{T: t}
	e.clock.set(time.Date(2026, 3, 4, 5, 6, 7, 89_000_000, time.UTC))
	opened, err := open(t)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	})
	var local bus.Local
	local.Subscribe(e.events.add)
	e.setup = setup{Options: chat.Options{
		Store: opened, Bus: &local, Partition: "aws", Region: Region, Limits: chat.OpenLimits(), Now: e.clock.now,
	}}
	e.open(options)
	e.Instance = e.NewInstance("demo")
	e.AddUser(e.Instance, "admin")
	for _, name := range Users {
		e.AddUser(e.Instance, name)
	}
	e.Must(e.Developer().CreateAppInstanceAdmin(api.CreateAppInstanceAdminRequest{
		AppInstanceArn: e.Instance, AppInstanceAdminArn: e.ARN("admin"),
	}))
	return e
}

// Restart replaces the server by another node on the same store, with options changed.
func (e *Env) Restart(options ...Option) {
	e.T.Helper()
	// The clock stands still: only its node tells the keys of the new server from those of the old one.
	e.setup.Node++
	e.open(options)
}

func (e *Env) open(options []Option) {
	e.T.Helper()
	for _, option := range options {
		option(&e.setup)
	}
	if e.setup.wrap != nil {
		e.setup.Store, e.setup.wrap = e.setup.wrap(e.setup.Store), nil
	}
	e.Store = e.setup.Store
	service, err := chat.Open(e.T.Context(), e.setup.Options)
	if err != nil {
		e.T.Fatal(err)
	}
	e.Service = service
}

// databases are those of the tests on PostgreSQL.
var databases = pgtest.Pool{Prepare: func(url string) error {
	s, err := sqlstore.OpenPostgres(context.Background(), url, sqlstore.Options{})
	if err != nil {
		return err
	}
	return s.Close()
}}

// open opens a new store: on SQLite, or, when CARILLON_TEST_ENGINE is postgres, on PostgreSQL.
func open(t testing.TB) (*sqlstore.Store, error) {
	if os.Getenv("CARILLON_TEST_ENGINE") == "postgres" {
		return sqlstore.OpenPostgres(t.Context(), databases.Lend(t), sqlstore.Options{})
	}
	data, err := empty()
	if err != nil {
		return nil, err
	}
	path := filepath.Join(folder(t), "carillon.db")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return nil, err
	}
	return sqlstore.OpenSQLite(path, sqlstore.Options{})
}

const (
	memory = "/dev/shm"
	room   = 1 << 30 // far more than all tests have at a time
)

// folder is a folder of the test's own, in memory where there is room: what a disk has to do with it is for
// the tests of the store, and those of operations would wait for it most of the time.
func folder(t testing.TB) string {
	var s unix.Statfs_t
	if err := unix.Statfs(memory, &s); err != nil || s.Bavail < room/uint64(s.Bsize) {
		return t.TempDir()
	}
	path, err := os.MkdirTemp(memory, "carillon")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(path); err != nil {
			t.Error(err)
		}
	})
	return path
}

// empty is the file of a new store on SQLite: to make its tables takes longer than most tests.
var empty = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "carillon")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "carillon.db")
	s, err := sqlstore.OpenSQLite(path, sqlstore.Options{})
	if err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// NewInstance makes another app instance and returns its ARN.
func (e *Env) NewInstance(name string) string {
	e.T.Helper()
	out, err := e.Developer().CreateAppInstance(api.CreateAppInstanceRequest{Name: name, ClientRequestToken: e.Token()})
	if err != nil {
		e.T.Fatal(err)
	}
	return out.AppInstanceArn
}

// AddUser registers a user in an app instance, named like its id, and returns its ARN.
func (e *Env) AddUser(instance, id string) string {
	e.T.Helper()
	out, err := e.Developer().CreateAppInstanceUser(api.CreateAppInstanceUserRequest{
		AppInstanceArn: instance, AppInstanceUserId: id, Name: "Name of " + id, ClientRequestToken: e.Token(),
	})
	if err != nil {
		e.T.Fatal(err)
	}
	return out.AppInstanceUserArn
}

// ARN is the ARN of a user of the app instance, registered or not.
func (e *Env) ARN(user string) string { return e.Instance + "/user/" + user }

// ARNs are the ARNs of several users.
func (e *Env) ARNs(users ...string) []string {
	list := make([]string, len(users))
	for i, user := range users {
		list[i] = e.ARN(user)
	}
	return list
}

// Identity is a user as answers show it.
func (e *Env) Identity(user string) *api.Identity {
	return &api.Identity{Arn: e.ARN(user), Name: "Name of " + user}
}

// Token is a ClientRequestToken that no other request has.
func (e *Env) Token() string {
	e.clock.mu.Lock()
	defer e.clock.mu.Unlock()
	e.clock.tokens++
	return "token-" + time.Duration(e.clock.tokens).String()
}

// Advance moves the clock.
func (e *Env) Advance(d time.Duration) { e.clock.set(e.clock.now().Add(d)) }

// Now is the time of the server.
func (e *Env) Now() time.Time { return e.clock.now() }

// Events returns what was published since it was called last.
func (e *Env) Events() []bus.Event { return e.events.take() }

// Must fails the test when a call failed. It takes the results of a call as they are.
func (e *Env) Must(_ any, err error) {
	e.T.Helper()
	if err != nil {
		e.T.Fatal(err)
	}
}

// Kind is the kind of an error, 0 of none.
func Kind(err error) api.Kind {
	if err == nil {
		return 0
	}
	return api.AsError(err).Kind
}

// Client calls operations as somebody.
type Client struct {
	env    *Env
	caller api.Caller
}

// Developer calls operations that take no bearer.
func (e *Env) Developer() *Client {
	return &Client{env: e, caller: api.Caller{Account: Account, Principal: "arn:aws:iam::" + Account + ":root"}}
}

// As calls operations as a user of the app instance, or as the identity of a whole ARN.
func (e *Env) As(user string) *Client {
	c := e.Developer()
	c.caller.Bearer = user
	if _, err := arn.Parse(user); err != nil {
		c.caller.Bearer = e.ARN(user)
	}
	return c
}

// WithBearer calls operations with the header exactly as given.
func (e *Env) WithBearer(header string) *Client {
	c := e.Developer()
	c.caller.Bearer = header
	return c
}

// InAccount is the same client, signed by another account.
func (c *Client) InAccount(account string) *Client {
	other := *c
	other.caller.Account = account
	return &other
}

// Explained is the same client, whose calls note in why by which rules their answers hold less than there
// is.
func (c *Client) Explained(why *api.Why) *Client {
	other := *c
	other.caller.Why = why
	return &other
}

func (c *Client) call(name string, in any) (api.Output, error) {
	c.env.T.Helper()
	op := api.Lookup(name)
	caller := c.caller
	out, err := op.Call(context.Background(), c.env.Service, &caller, in)
	var stated *api.Error
	if err != nil && (!errors.As(err, &stated) || !op.Errors.Has(stated.Kind) && stated.Kind != api.BadRequest) {
		c.env.T.Errorf("%s answered an error that its model does not declare: %v", name, err)
	}
	if stated != nil && stated.Reason == "" && (stated.Kind == api.Forbidden || stated.Kind == api.Unauthorized) {
		c.env.T.Errorf("%s refused without saying by which rule: %v", name, err)
	}
	return out, err
}

type clock struct {
	mu     sync.Mutex
	at     time.Time
	tokens int
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = t
}

type recorder struct {
	mu   sync.Mutex
	list []bus.Event
}

func (r *recorder) add(e bus.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, e)
}

func (r *recorder) take() []bus.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := r.list
	r.list = nil
	return list
}
