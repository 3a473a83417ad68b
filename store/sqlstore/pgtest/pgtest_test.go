package pgtest

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestStart(t *testing.T) {
	t.Run("every test has an empty database of its own", func(t *testing.T) {
		one, other := Start(t), Start(t)
		for _, database := range []string{one, other} {
			conn, err := pgx.Connect(t.Context(), database)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(t.Context())
			if _, err := conn.Exec(t.Context(), "CREATE TABLE mine (n bigint)"); err != nil {
				t.Error(err)
			}
		}
	})
	t.Run("the database is dropped when the test is over, whoever is connected", func(t *testing.T) {
		var database string
		t.Run("", func(t *testing.T) {
			database = Start(t)
			if _, err := pgx.Connect(t.Context(), database); err != nil {
				t.Fatal(err)
			}
		})
		if _, err := pgx.Connect(t.Context(), database); err == nil || !strings.Contains(err.Error(), "3D000") {
			t.Errorf("connecting to a dropped database says %v", err)
		}
	})
	t.Run("the default collation is not bytewise", func(t *testing.T) {
		conn, err := pgx.Connect(t.Context(), Start(t))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(t.Context())
		var less bool
		if err := conn.QueryRow(t.Context(), "SELECT 'a' < 'B'").Scan(&less); err != nil || !less {
			t.Errorf("'a' < 'B' is %v, %v", less, err)
		}
	})
}

func TestServer(t *testing.T) {
	s, err := StartServer()
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), s.URL)
	if err != nil {
		t.Fatal(err)
	}
	var addresses, fsync string
	if err := conn.QueryRow(t.Context(), "SELECT current_setting('listen_addresses'), current_setting('fsync')").Scan(&addresses, &fsync); err != nil {
		t.Fatal(err)
	}
	if addresses != "" || fsync != "on" {
		t.Errorf("the server listens at %q with fsync %s", addresses, fsync)
	}
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	if _, err := pgx.Connect(t.Context(), s.URL); err == nil {
		t.Error("a stopped server answers")
	}
	if _, err := os.Stat(s.dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a stopped server left its directory: %v", err)
	}
}
