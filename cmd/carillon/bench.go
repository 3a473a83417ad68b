package main

import (
	"encoding/json"
	"errors"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"carillon/bench"
)

// benchFlags are the flags that all scenarios of `carillon bench` share.
type benchFlags struct {
	callFlags
	readyFile, appInstance, json string
	options                      bench.Options
	serverArgs                   string
}

func (p process) bench() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bench <scenario>",
		Short: "Put load on a server, and see that it keeps its promises",
		Long: `Put load on any server that speaks this API, and see that it keeps its promises: signed calls and real
WebSocket sessions from this process. Requests are signed before the clock runs, where they can be, and
--limit measures by turns what no server could exceed on the same machine. A table of what was measured is printed in the end; --json writes
it to a file too. The exit code is 1 when a promise was broken.

The server is the one of a ready file (carillon dev --ready-file), of --endpoint with credentials as
"carillon call" finds them, or a Carillon that --server starts on a folder of its own. Users and
channels are made for the run and stay there.`,
		Example: `  carillon bench idle --server bin/carillon --sessions 10000
  carillon bench send --server bin/carillon --channels 1 --limit
  carillon bench mixed --ready-file ready.json --pid 4711 --rate 500 --duration 1m
  carillon bench fanout --ready-file ready.json --pid 4711 --sessions 2000 --rate 50`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return errors.New("there is no scenario " + args[0])
			}
			return errors.New(`name a scenario, such as "carillon bench idle"`)
		},
		RunE: func(*cobra.Command, []string) error { return nil },
	}
	for _, s := range bench.Scenarios() {
		cmd.AddCommand(p.scenario(s))
	}
	cmd.AddCommand(&cobra.Command{
		Use: bench.LimitCommand, Short: "The bare handler of --limit", Hidden: true, Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return bench.ServeLimit(p.stdin, p.stdout) },
	})
	return cmd
}

func (p process) scenario(s bench.Scenario) *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{
		Use: s.Name(), Short: s.Short(), Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.runBench(cmd, s, f) },
	}
	flags := cmd.Flags()
	s.Flags(flags)
	flags.StringVar(&f.readyFile, "ready-file", "", "file in which a server tells how to use it")
	flags.StringVar(&f.options.Server, "server", "", "binary of Carillon to start, on a folder of its own")
	flags.StringVar(&f.serverArgs, "server-args", "", "more arguments for it, separated by spaces")
	flags.StringVar(&f.endpoint, "endpoint", "", "URL of the server")
	flags.StringVar(&f.region, "region", "", "region to sign for (default AWS_REGION, AWS_DEFAULT_REGION or us-east-1)")
	flags.StringVar(&f.accessKeyID, "key-id", "", "access key id (default AWS_ACCESS_KEY_ID); the secret is AWS_SECRET_ACCESS_KEY, the token of temporary credentials AWS_SESSION_TOKEN")
	flags.StringVar(&f.data, "data", "./carillon-data", "data folder to take the root key from when no credentials are given")
	flags.StringVar(&f.appInstance, "app-instance", "", "ARN of the app instance to make users and channels in (default: a new one)")
	flags.StringVar(&f.json, "json", "", "file to write what was measured to, as JSON")
	flags.IntVar(&f.options.PID, "pid", 0, "process id of the server, to measure its CPU time and memory (Linux)")
	flags.StringVar(&f.options.Admin, "admin", "", "URL of the server's admin listener")
	flags.BoolVar(&f.options.TLS, "tls", false, "speak TLS to the server of --ready-file or --server")
	return cmd
}

func (p process) runBench(cmd *cobra.Command, s bench.Scenario, f benchFlags) error {
	o := f.options
	o.Progress, o.ServerArgs, o.Admin = p.stderr, strings.Fields(f.serverArgs), strings.TrimSuffix(o.Admin, "/")
	if o.Server == "" {
		var err error
		if o.Target, err = p.benchTarget(f); err != nil {
			return err
		}
	}
	report, broken := bench.Run(cmd.Context(), s, o)
	if report == nil || broken != nil && len(report.Delays) == 0 {
		return broken
	}
	cmd.Flags().Visit(func(flag *pflag.Flag) { report.Settings[flag.Name] = flag.Value.String() })
	if err := report.WriteTable(p.stdout); err != nil {
		return err
	}
	if f.json != "" {
		text, err := json.MarshalIndent(report, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(f.json, append(text, '\n'), 0o644); err != nil {
			return err
		}
	}
	if broken == nil && len(report.Broken) > 0 {
		return errors.New("the server broke promises")
	}
	return broken
}

// benchTarget is the server of a ready file, or the one that flags and the environment name.
func (p process) benchTarget(f benchFlags) (bench.Target, error) {
	if f.readyFile != "" {
		return bench.ReadReady(f.readyFile, f.options.TLS)
	}
	if f.accessKeyID != "" {
		f.secret, f.sessionToken = p.env("AWS_SECRET_ACCESS_KEY"), p.env("AWS_SESSION_TOKEN")
	}
	c, err := p.credentials(f.callFlags)
	if err != nil {
		return bench.Target{}, err
	}
	roots, err := p.roots(f.callFlags)
	if err != nil {
		return bench.Target{}, err
	}
	return bench.Target{
		Endpoint:    first(f.endpoint, p.env("AWS_ENDPOINT_URL_CHIME_SDK_MESSAGING"), p.env("AWS_ENDPOINT_URL"), defaultEndpoint),
		Region:      p.region(f.callFlags),
		AccessKeyID: c.accessKeyID, Secret: c.secret, SessionToken: c.sessionToken, AppInstance: f.appInstance, Roots: roots,
	}, nil
}
