package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Server is a private PostgreSQL server: its data in a temporary directory, its socket in there too,
// no port of the network. It ends with the process that started it, however that ends.
type Server struct {
	// URL names its maintenance database; its role may do everything.
	URL string

	dir   string
	lease io.Closer // the server stops when this is closed, also by the end of the process
	ended chan error
}

// patience is how long a server may take to start or to stop.
const patience = time.Minute

// keeper starts the server and stops it when its own standard input ends, which it does with the
// process that holds the other end, killed or not. Then it clears up. The server does nothing of its own
// accord meanwhile: what it knows of tables, and so how it reads them, is the same in every run.
const keeper = `
cd "$1" || exit 1
trap '' INT TERM HUP
initdb="$2/initdb"; postgres="$2/postgres"; locale="$3"; shift 3
"$initdb" --pgdata data --username postgres --auth trust --encoding UTF8 --no-sync $locale >log 2>&1 || { cat log >&2; exit 1; }
"$postgres" -D data -k "$PWD" -c listen_addresses= -c max_connections=250 -c fsync=on -c autovacuum=off \
	-c log_min_messages=fatal "$@" >>log 2>&1 </dev/null &
server=$!
read -r _
kill -INT $server 2>/dev/null
wait $server
cd / && rm -rf "$OLDPWD"
`

// StartServer starts a server, with settings such as "fsync=off" beside those of every server here.
func StartServer(settings ...string) (*Server, error) {
	bin, version, err := installed()
	if err != nil {
		return nil, err
	}
	// Names of sockets are short, so the directory for temporary files may not be the usual one.
	dir, err := os.MkdirTemp("/tmp", "carillon-postgres-")
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, ended: make(chan error, 1)}
	s.URL = (&url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/postgres", RawQuery: url.Values{"host": {dir}}.Encode()}).String()
	cmd := exec.Command("/bin/sh", "-c", keeper, "keeper", dir, bin, strings.Join(locale(version), " "))
	for _, setting := range settings {
		cmd.Args = append(cmd.Args, "-c", setting)
	}
	var fault bytes.Buffer
	cmd.Stderr = &fault
	// A process group of its own: an interrupt at the terminal is for the tests, which then let go.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if os.Geteuid() == 0 {
		if err := s.asPostgres(cmd); err != nil {
			return nil, errors.Join(err, os.RemoveAll(dir))
		}
	}
	if s.lease, err = cmd.StdinPipe(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	go func() {
		if err := cmd.Wait(); err != nil {
			s.ended <- fmt.Errorf("PostgreSQL: %w\n%s", err, fault.Bytes())
		}
		close(s.ended)
	}()
	if err := s.ready(); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// Stop ends the server and removes what it left.
func (s *Server) Stop() error {
	s.lease.Close()
	return errors.Join(<-s.ended, os.RemoveAll(s.dir))
}

// ready waits until the server answers.
func (s *Server) ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.URL)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case ended := <-s.ended:
			return errors.Join(errors.New("PostgreSQL did not start"), ended)
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL did not start: %w", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// asPostgres lets cmd run as the system's user postgres: PostgreSQL refuses to run as root.
func (s *Server) asPostgres(cmd *exec.Cmd) error {
	owner, err := user.Lookup("postgres")
	if err != nil {
		return fmt.Errorf("PostgreSQL does not run as root, and there is no other user for it: %w", err)
	}
	uid, err := strconv.Atoi(owner.Uid)
	if err != nil {
		return err
	}
	gid, err := strconv.Atoi(owner.Gid)
	if err != nil {
		return err
	}
	cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return os.Chown(s.dir, uid, gid)
}

// installed finds the newest PostgreSQL of the system.
func installed() (bin string, version int, err error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil {
		return "", 0, err
	}
	for _, name := range found {
		dir := filepath.Dir(name)
		if v, err := strconv.Atoi(filepath.Base(filepath.Dir(dir))); err == nil && v > version {
			bin, version = dir, v
		}
	}
	if version == 0 {
		return "", 0, errors.New("PostgreSQL is not installed: apt-get install postgresql")
	}
	return bin, version, nil
}

// locale makes databases that collate like a dictionary, where the version can: a text that must
// collate bytewise and says so nowhere is then found out.
func locale(version int) []string {
	if version < 15 {
		return []string{"--locale", "C.UTF-8"}
	}
	return []string{"--locale", "C.UTF-8", "--locale-provider", "icu", "--icu-locale", "en-US"}
}
