package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"carillon/server"
)

// healthcheckTimeout is longer than a server takes to find out that its store does not answer.
const healthcheckTimeout = 5 * time.Second

func (p process) healthcheck() *cobra.Command {
	var addr string
	cmd := &cobra.Command{
		Use:   "healthcheck",
		Short: "Exit with 0 when a server is ready, else with 1",
		Long: `Ask a server's admin listener whether it is ready. Without --addr, the address is the one that
CARILLON_ADMIN_ADDR sets for the server, so that the same container can ask about itself.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if addr == "" {
				config, _, err := server.Sources{Environ: p.environ}.Load()
				if err != nil {
					return err
				}
				addr = config.AdminAddr
			}
			r, err := http.NewRequestWithContext(cmd.Context(), http.MethodGet, "http://"+server.Reachable(addr)+"/readyz", nil)
			if err != nil {
				return err
			}
			answer, err := (&http.Client{Timeout: healthcheckTimeout}).Do(r)
			if err != nil {
				return err
			}
			defer answer.Body.Close()
			if answer.StatusCode != http.StatusOK {
				reason, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<10)) // the status says enough
				return fmt.Errorf("not ready: %s", strings.TrimSpace(string(reason)))
			}
			_, err = fmt.Fprintln(p.stdout, "ready")
			return err
		},
	}
	cmd.Flags().StringVar(&addr, "addr", "", "address of the admin listener, host:port (default 127.0.0.1:9090)")
	return cmd
}
