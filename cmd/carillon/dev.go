package main

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"

	"github.com/spf13/cobra"

	"carillon/server"
)

func (p process) dev() *cobra.Command {
	var file, readyFile string
	defaults := devDefaults()
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Run a server to try things out, without any configuration",
		Long: `Run a server to try things out. The first start makes a root key and a demo app instance with an
admin and the users alice, bob, carol and dave; later starts on the same data folder find them again.
How to call the server is printed once it answers, and where its chat page is. It also speaks TLS, with
a certificate of a local authority that "carillon tls trust" makes browsers believe.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := p.load(cmd, file, defaults)
			if err != nil {
				return err
			}
			config.Log, config.AuditWriter, config.Console = server.NewLog(p.stderr, config), p.stdout, true
			return p.runDev(cmd.Context(), config, readyFile)
		},
	}
	cmd.Flags().StringVar(&file, "config", "", "YAML file with settings")
	cmd.Flags().StringVar(&readyFile, "ready-file", "", "file to write once the server answers, and to remove when it stops, with everything a client needs, as JSON")
	addSettings(cmd.Flags(), defaults)
	return cmd
}

func (p process) runDev(ctx context.Context, config server.Config, readyFile string) error {
	// The file is there while the server answers. One that a crash left tells of no server.
	if err := removeFile(readyFile); err != nil {
		return err
	}
	s, err := server.New(ctx, config)
	if err != nil {
		return err
	}
	demo, err := s.SeedDemo(ctx)
	if err != nil {
		return errors.Join(err, s.Shutdown(ctx))
	}
	defer reopenOnHangup(s, config.Log)()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()

	err = p.announce(ctx, s, demo, readyFile)
	if err != nil {
		stop()
	}
	err = errors.Join(err, <-served)
	return errors.Join(err, removeFile(readyFile))
}

// removeFile removes a file that need not be there; an empty path names none.
func removeFile(path string) error {
	if path == "" {
		return nil
	}
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// announce tells how to call the server, once it answers.
func (p process) announce(ctx context.Context, s *server.Server, demo server.Demo, readyFile string) error {
	if err := answers(ctx, s.Addr()); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	ready := s.Ready(demo)
	// The file comes last: who waits for it may read what was printed.
	if err := printBanner(p.stdout, banner{Ready: ready, Version: version(), Admin: s.AdminAddr(), Data: s.Config().Data}); err != nil || readyFile == "" {
		return err
	}
	return ready.WriteFile(readyFile)
}

// answers returns once a server accepts connections. Nothing is asked over the connection: it would
// be the first line of the log.
func answers(ctx context.Context, addr string) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", server.Reachable(addr))
	if err != nil {
		return err
	}
	return conn.Close()
}
