// Package pgtest gives tests databases of a real PostgreSQL server.
//
// The server is the one that the environment variable CARILLON_TEST_POSTGRES names by its URL, whose
// role must be allowed to create databases, or else a private one that is started from the system's
// packages when the first test of a process asks for it. Only tests may use this package.
package pgtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Variable names the environment variable with the URL of a server that is there already.
const Variable = "CARILLON_TEST_POSTGRES"

// shared is the URL of the server of this process. A private server is never stopped by hand: it
// ends with the process.
var shared = sync.OnceValues(func() (string, error) {
	if given := os.Getenv(Variable); given != "" {
		return given, nil
	}
	s, err := StartServer()
	if err != nil {
		return "", err
	}
	return s.URL, nil
})

// Start returns the URL of an empty database that is the test's own and is dropped when the test is
// over. The test fails when there is no PostgreSQL.
func Start(t testing.TB) string {
	t.Helper()
	server, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	database, drop, err := create(server)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := drop(); err != nil {
			t.Error(err)
		}
	})
	return database
}

// create makes an empty database of a server.
func create(server string) (database string, drop func() error, err error) {
	name := "carillon_" + strings.ToLower(rand.Text())
	if database, err = withDatabase(server, name); err != nil {
		return "", nil, err
	}
	drop = func() error { return administer(server, "DROP DATABASE "+name+" WITH (FORCE)") }
	return database, drop, administer(server, "CREATE DATABASE "+name)
}

// withDatabase is the URL of another database of the same server.
func withDatabase(server, name string) (string, error) {
	u, err := url.Parse(server)
	if err != nil || u.Scheme == "" {
		return "", fmt.Errorf("%s must be a URL: %q", Variable, server)
	}
	u.Path = "/" + name
	return u.String(), nil
}

// administer runs one statement outside of every test's database. The context of a test that is
// over would be no use.
func administer(server, statement string) error {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}
