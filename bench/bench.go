// Package bench puts load on a server that speaks this API, Carillon or another, from a process of its
// own: signed requests, real WebSocket connections, and a report of what was measured and of every
// promise that was broken.
//
// A scenario is a small type: it says which flags it has, makes the users and channels it needs, puts
// the load on and notes numbers. What scenarios share is here: the client, sessions, closed and open
// loops, latencies, and what can be learned about the server's process. Nothing of the server's own
// code may enter: what is measured is what anybody can see.
package bench

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/pflag"

	"carillon/api"
	"carillon/sigv4"
)

// Scenario is one kind of load.
type Scenario interface {
	// Name is what it is called on the command line, Short says what it is in one line.
	Name() string
	Short() string
	// Flags adds the flags of the scenario.
	Flags(*pflag.FlagSet)
	// Run puts the load on and notes what it measures. An error says that there was no measurement;
	// promises that the server broke are noted in the report.
	Run(context.Context, *Bench) error
}

// Scenarios returns all of them, with the settings they begin with.
func Scenarios() []Scenario {
	return []Scenario{
		new(idle), new(fanout), new(soak),
		new(send), &join{batch: batchSize}, &join{batch: 1},
		newRead("describe", describeChannel, "A channel described"),
		newRead("list-messages", listMessages, "The newest 50 messages of a channel"),
		newRead("list-memberships", listMemberships, "The first 50 members of a channel"),
		new(mixed), new(storm), new(grow),
	}
}

// Target is the server and who calls it.
type Target struct {
	// Endpoint is the URL of the API. Sessions use TLS when it does.
	Endpoint, Region                  string
	AccessKeyID, Secret, SessionToken string
	// AppInstance is where users and channels are made; empty makes a new one.
	AppInstance string
	// Roots are the authorities that are trusted; nil are those of the system.
	Roots *x509.CertPool
}

// Options are what a run needs beside its scenario.
type Options struct {
	// Target is the server, unless Server starts one.
	Target
	// Server, when not empty, is a binary of Carillon that is started on a folder of its own, with
	// ServerArgs, and stopped in the end.
	Server     string
	ServerArgs []string
	// PID is the process of a server on this machine, 0 when it is not known.
	PID int
	// Admin is the URL of the server's admin listener; empty when it is not known.
	Admin string
	// TLS has a server that Server starts spoken to by TLS.
	TLS bool
	// Progress gets a line from time to time.
	Progress io.Writer
}

// Bench is one run.
type Bench struct {
	Options
	Report *Report

	client   *client
	dialer   *dialer
	child    *child
	instance string
	admin    string // ARN of a user that may do everything in the app instance
	prefix   string // of the ids of everything that is made

	progressing sync.Mutex
	progress    func() string
}

// service is the service in the scope of every signature.
const service = "chime"

// Run runs a scenario. With an error the report has what was measured before, and is nil when nothing was
// begun.
func Run(ctx context.Context, s Scenario, o Options) (report *Report, err error) {
	b := &Bench{Options: o, Report: newReport(s.Name()), prefix: "bench-" + uuid.NewString()[:8]}
	if o.Server != "" {
		if b.child, err = startChild(ctx, &o); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, b.child.stop()) }()
		b.Target, b.Admin = b.child.target, b.child.admin
	}
	if err := b.connect(ctx); err != nil {
		return nil, err
	}
	// A server that stops waits for connections that it has got no request from.
	defer b.client.CloseIdleConnections()
	done := make(chan struct{})
	var progress sync.WaitGroup
	progress.Go(func() { b.tellProgress(done) })
	err = s.Run(ctx, b)
	close(done)
	progress.Wait()
	b.Report.finish()
	return b.Report, err
}

// connect makes the client and somebody who may do everything.
func (b *Bench) connect(ctx context.Context) error {
	secure := &tls.Config{RootCAs: b.Roots}
	signer := sigv4.NewSigner(b.AccessKeyID, b.Secret, b.SessionToken, b.Region, service)
	b.client = newClient(b.Endpoint, signer, secure)
	if b.instance = b.AppInstance; b.instance == "" {
		var made api.CreateAppInstanceResponse
		err := b.client.call(ctx, "CreateAppInstance", "", nil, &api.CreateAppInstanceRequest{Name: b.prefix, ClientRequestToken: b.prefix}, &made)
		if err != nil {
			return err
		}
		b.instance = made.AppInstanceArn
	}
	var err error
	if b.admin, err = b.user(ctx, "admin"); err != nil {
		return err
	}
	if err := b.client.call(ctx, "CreateAppInstanceAdmin", "", []string{b.instance}, &api.CreateAppInstanceAdminRequest{AppInstanceAdminArn: b.admin}, nil); err != nil {
		return err
	}
	b.dialer = &dialer{signer: signer, tls: secure}
	b.dialer.url, err = b.sessions(ctx)
	return err
}

// sessions is the URL at which sessions connect: the one that the server names, which speaks TLS, or, to
// measure without it, the one beside an API in the clear.
func (b *Bench) sessions(ctx context.Context) (string, error) {
	if authority, ok := strings.CutPrefix(b.Endpoint, "http://"); ok {
		return "ws://" + strings.TrimSuffix(authority, "/") + "/connect", nil
	}
	var answer api.GetMessagingSessionEndpointResponse
	if err := b.client.call(ctx, "GetMessagingSessionEndpoint", "", nil, nil, &answer); err != nil {
		return "", err
	}
	if answer.Endpoint == nil || answer.Endpoint.Url == "" {
		return "", errors.New("the server names no endpoint for sessions")
	}
	return "wss://" + answer.Endpoint.Url + "/connect", nil
}

// show sets what the progress line says; nil is silence.
func (b *Bench) show(line func() string) {
	b.progressing.Lock()
	defer b.progressing.Unlock()
	b.progress = line
}

// progressEvery is the time between two lines of progress.
const progressEvery = 2 * time.Second

func (b *Bench) tellProgress(done <-chan struct{}) {
	if b.Progress == nil {
		return
	}
	ticker := time.NewTicker(progressEvery)
	defer ticker.Stop()
	begin := time.Now()
	for {
		select {
		case <-ticker.C:
		case <-done:
			return
		}
		b.progressing.Lock()
		line := b.progress
		b.progressing.Unlock()
		if line != nil {
			fmt.Fprintf(b.Progress, "%5.0fs  %s\n", time.Since(begin).Seconds(), line())
		}
	}
}

// process is the server's process, as far as it is known.
func (b *Bench) process() process {
	if b.child != nil {
		return process(b.child.pid())
	}
	return process(b.PID)
}

// settle has the server collect its garbage, if it can be asked to, so that what is measured is what it
// needs.
func (b *Bench) settle(ctx context.Context) {
	b.client.CloseIdleConnections()
	if b.Admin == "" {
		return
	}
	if r, err := http.NewRequestWithContext(ctx, http.MethodGet, b.Admin+"/debug/pprof/heap?gc=1", nil); err == nil {
		if answer, err := http.DefaultClient.Do(r); err == nil {
			_, _ = io.Copy(io.Discard, answer.Body)
			_ = answer.Body.Close()
		}
	}
}
