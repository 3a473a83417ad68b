// Command carillon is the one binary: the server, for trying out and for good, and the tools around
// it. It reads words from the command line and prints words; what they do is done by other packages.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// process is what a command touches of the process it runs in.
type process struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	environ        []string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	// The first signal ends the server in good order; after it, the next one ends the process.
	context.AfterFunc(ctx, stop)
	p := process{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, environ: os.Environ()}
	os.Exit(p.run(ctx, os.Args[1:]))
}

// run runs one command line and returns the exit code.
func (p process) run(ctx context.Context, args []string) int {
	root := p.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	if text := err.Error(); text != "" {
		fmt.Fprintf(p.stderr, "carillon: %s\n", text)
	}
	if exit, ok := errors.AsType[exitCode](err); ok {
		return exit.code
	}
	return 1
}

func (p process) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "carillon",
		Short: "A self-hosted server for the Amazon Chime SDK messaging API",
		Long: `Carillon is a self-hosted server for the Amazon Chime SDK messaging API.

Start with "carillon dev": it needs no configuration and prints how to call it.`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetIn(p.stdin)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	root.AddCommand(p.dev(), p.serve(), p.call(), p.bench(), p.key(), p.role(), p.account(), p.policy(), p.config(), p.tls(), p.healthcheck(), p.version())
	return root
}
