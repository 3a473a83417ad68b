package sqlstore

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// OpenPostgres opens a database that speaks the PostgreSQL protocol, and makes its tables when it is
// empty. url is a URL or a list of keywords and values as libpq takes them; those that begin with
// pool_ are of github.com/jackc/pgx/v5/pgxpool, such as pool_max_conns. Many processes may have the
// same database open. Of the options, only Log counts.
//
// Update may return store.ErrBusy or store.ErrUncertain, View may return store.ErrBusy.
func OpenPostgres(ctx context.Context, url string, o Options) (*Store, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: %w", err)
	}
	if !strings.Contains(url, "pool_max_conns") {
		config.MaxConns = int32(max(minConnections, 4*runtime.GOMAXPROCS(0)))
	}
	return openPostgres(ctx, config, o)
}

// minConnections is the size of the pool on a small machine. Connections wait for the server's disk
// more than they work, and share its syncs.
const minConnections = 24

func openPostgres(ctx context.Context, config *pgxpool.Config, o Options) (*Store, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	parameters := config.ConnConfig.RuntimeParams
	if parameters["application_name"] == "" {
		parameters["application_name"] = "carillon"
	}
	if config.ConnConfig.ConnectTimeout == 0 || config.ConnConfig.ConnectTimeout > connectTime {
		config.ConnConfig.ConnectTimeout = connectTime
	}
	config.AfterConnect = prepareConnection
	// A transaction can begin on another connection when the one it got turns out to be dead: asking
	// every time would cost a round trip.
	config.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false }
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: %w", err)
	}
	closing, hurry := context.WithCancel(context.Background())
	e := &postgresEngine{closing: closing, hurry: hurry, pool: pool, texts: newPostgresTexts(), statistics: newPostgresStatistics(), log: o.Log}
	// What cannot work is told at once, not after the attempts that a running server is worth.
	conn, err := pool.Acquire(ctx)
	if err != nil {
		e.close()
		return nil, fmt.Errorf("sqlstore: %w", err)
	}
	e.statistics.begin(ctx, conn)
	conn.Release()
	return open(e)
}

// connectTime is how long the making of one connection may take.
const connectTime = 5 * time.Second

// settings are made on every connection, as far as the server knows them. The first is for the locks
// of a node that died without a word. The others concern plans: every statement is meant to be found
// by an index and to cost the same however much there is, so a plan made once is the right one, and
// one that reads whole tables because they are small would make serializable transactions conflict
// that have nothing in common.
var settings = [][2]string{
	{"idle_in_transaction_session_timeout", "30s"},
	{"plan_cache_mode", "force_generic_plan"},
	{"enable_seqscan", "off"},
	{"enable_bitmapscan", "off"},
	{"enable_hashjoin", "off"},
	{"enable_mergejoin", "off"},
	{"enable_material", "off"},
	{"cpu_index_tuple_cost", "1"},
	{"jit", "off"},
}

func prepareConnection(ctx context.Context, conn *pgx.Conn) error {
	if encoding := conn.PgConn().ParameterStatus("server_encoding"); encoding != "UTF8" {
		return fmt.Errorf("sqlstore: the encoding of the database is %s, it must be UTF8", encoding)
	}
	var rows []string
	for _, setting := range settings {
		rows = append(rows, "('"+setting[0]+"', '"+setting[1]+"')")
	}
	_, err := conn.Exec(ctx, `SELECT set_config(known.name, wanted.value, false) FROM pg_settings known
		JOIN (VALUES `+strings.Join(rows, ", ")+`) wanted (name, value) ON wanted.name = known.name`)
	return err
}

// postgresEngine runs transactions in a database that other nodes use too.
type postgresEngine struct {
	pool   *pgxpool.Pool
	texts  *postgresTexts
	log    *slog.Logger
	turns  turns
	order  commitOrder
	ending sync.WaitGroup // what nobody waits for any longer

	closing context.Context // ends when the engine is closed
	hurry   context.CancelFunc

	statistics *postgresStatistics

	repeated [unsure]atomic.Int64 // attempts beyond the first, by what became of the one before
}

var _ engine = (*postgresEngine)(nil)

func (e *postgresEngine) dialect() dialect { return postgresDialect }

func (e *postgresEngine) close() error {
	e.hurry()
	e.ending.Wait()
	e.pool.Close()
	return nil
}

// view runs fn once. Its first statement is tried again when a connection is lost; what comes later
// is not, because fn has seen something by then.
func (e *postgresEngine) view(ctx context.Context, fn func(session) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s := newPostgresSession(e, ctx, false)
	defer s.end()
	return fn(s)
}

func (e *postgresEngine) update(ctx context.Context, fn func(session) (func(), error)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s := newPostgresSession(e, ctx, true)
	defer s.leave()
	for {
		err := s.attempt(fn)
		switch {
		case s.fault == nil:
			if err == nil {
				e.count(s.written)
			}
			return err
		case s.fault.kind == unsure:
			e.log.Error("the connection was lost during a commit", "err", s.fault.err)
			return err
		case !s.fault.again():
			return err
		case !s.more():
			e.log.Warn("a transaction was given up", "attempts", s.try, "losses", s.losses, "err", s.fault.err)
			return s.fault.err
		}
		if s.fault.kind == mistaken {
			s.exact = true
		} else if err := s.pause(); err != nil {
			return err
		}
		e.repeated[s.fault.kind].Add(1)
		s.begin()
	}
}

// attempt runs fn in one transaction.
func (s *postgresSession) attempt(fn func(session) (func(), error)) error {
	defer s.end()
	committed, err := fn(s)
	if err != nil {
		// What fn was told may have been wrong, and its error due to that.
		if s.fault == nil && s.pending() {
			s.flush()
		}
		return err
	}
	if committed == nil {
		return s.commit()
	}
	place := s.engine.order.next()
	if err := s.commit(); err != nil {
		place.skip()
		return err
	}
	// Others need neither wait for the hooks of those before, nor can a hook that reads wait for us.
	s.end()
	s.leave()
	place.run(committed)
	return nil
}
