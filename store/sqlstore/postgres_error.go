package sqlstore

import (
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"carillon/store"
)

var (
	errUnsent     = errors.New("sqlstore: the connection is closed")
	errProtocol   = errors.New("sqlstore: the server does not keep to the protocol")
	errRolledBack = errors.New("sqlstore: the server rolled the transaction back")
	errAssumed    = errors.New("sqlstore: a write turned out to be answered wrongly")
)

// postgresFault is why a transaction cannot go on.
type postgresFault struct {
	kind faultKind
	err  error // as the caller may see it

	stray bool // other connections have the same fault, though they work
}

type faultKind uint8

const (
	// broken: the statement or its data are wrong; it would be no better another time.
	broken faultKind = iota
	// conflict: the transaction cannot be serialized with others. Nothing of it remains.
	conflict
	// mistaken: a write that was answered before it was done had another outcome. Nothing of the
	// transaction remains.
	mistaken
	// lost: the server or the connection went away. Nothing of the transaction remains.
	lost
	// unsure: as lost, but the transaction may have been committed.
	unsure
)

// again reports whether running the transaction once more is safe and may help.
func (f *postgresFault) again() bool {
	return f.kind == conflict || f.kind == mistaken || f.kind == lost
}

// SQLSTATE codes that are told apart.
const (
	uniqueViolation   = "23505"
	divisionByZero    = "22012"
	sameRecordTwice   = "21000"
	unknownOutcome    = "08007"
	completionUnknown = "40003"
)

// conflicts are what the database says of transactions that got into each other's way.
var conflicts = map[string]bool{
	"40001": true, // serialization_failure
	"40P01": true, // deadlock_detected
	"55P03": true, // lock_not_available
}

// overloads are what the server says when it cannot, for now, whatever the statement.
var overloads = map[string]bool{
	"25P03": true, // idle_in_transaction_session_timeout
	"53200": true, // out_of_memory
	"53300": true, // too_many_connections
	"57014": true, // query_canceled
	"57P01": true, // admin_shutdown
	"57P02": true, // crash_shutdown
	"57P03": true, // cannot_connect_now
	"57P05": true, // idle_session_timeout
}

// strays are what becomes of a statement that was prepared for a schema, or on a connection behind a
// pooler, that is no more: another connection helps.
var strays = map[string]bool{
	"0A000": true, // feature_not_supported: cached plan must not change result type
	"26000": true, // invalid_sql_statement_name
	"42P05": true, // duplicate_prepared_statement
}

// races are what two nodes that change the schema at the same time get to hear.
var races = map[string]bool{
	uniqueViolation: true,
	"42P07":         true, // duplicate_table
	"42701":         true, // duplicate_column
	"42710":         true, // duplicate_object
	"XX000":         true, // tuple concurrently updated
}

// classify says what an error means for a transaction. assumed: it is the outcome of an assumed
// write. committing: a COMMIT was sent along.
func classify(err error, assumed, committing bool) *postgresFault {
	var told *pgconn.PgError
	if !errors.As(err, &told) || severity(told) != "ERROR" {
		return classifyLoss(err, told, committing)
	}
	switch {
	case committing && (told.Code == unknownOutcome || told.Code == completionUnknown):
		return &postgresFault{kind: unsure, err: fmt.Errorf("%w: %w", store.ErrUncertain, err)}
	case assumed && (told.Code == uniqueViolation || told.Code == divisionByZero || told.Code == sameRecordTwice):
		return &postgresFault{kind: mistaken, err: fmt.Errorf("%w: %w", errAssumed, err)}
	case conflicts[told.Code]:
		return &postgresFault{kind: conflict, err: fmt.Errorf("%w: %w", store.ErrBusy, err)}
	case overloads[told.Code], strays[told.Code]:
		return &postgresFault{kind: lost, err: fmt.Errorf("%w: %w", store.ErrBusy, err), stray: strays[told.Code]}
	}
	return &postgresFault{kind: broken, err: fmt.Errorf("sqlstore: %w", err)}
}

// classifyLoss is for errors that are no answer to a statement. told is the last word of the server,
// if there was one.
func classifyLoss(err error, told *pgconn.PgError, committing bool) *postgresFault {
	var connecting *pgconn.ConnectError
	switch {
	case errors.Is(err, errProtocol), errors.Is(err, errRolledBack):
		return &postgresFault{kind: broken, err: err}
	case errors.As(err, &connecting):
		if told != nil && !overloads[told.Code] {
			return &postgresFault{kind: broken, err: fmt.Errorf("sqlstore: %w", err)} // such as a wrong password
		}
	case committing && !errors.Is(err, errUnsent):
		return &postgresFault{kind: unsure, err: fmt.Errorf("%w: %w", store.ErrUncertain, err)}
	}
	return &postgresFault{kind: lost, err: fmt.Errorf("%w: %w", store.ErrBusy, err)}
}

// severity is the word for it that does not depend on the server's language; very old servers and
// some that only speak the protocol have but the other one.
func severity(told *pgconn.PgError) string {
	if told.SeverityUnlocalized != "" {
		return told.SeverityUnlocalized
	}
	return told.Severity
}
