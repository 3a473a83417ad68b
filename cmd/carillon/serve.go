package main

import (
	"github.com/spf13/cobra"

	"carillon/server"
)

func (p process) serve() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the server",
		Long: `Run the server until SIGINT or SIGTERM; requests in flight are finished first.

Settings come from the file, then from CARILLON_* variables, then from flags; "carillon config" lists
them. Without a root key of your own, the one in root-key.json of the data folder is used, which the
first start makes.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := p.load(cmd, file, nil)
			if err != nil {
				return err
			}
			config.Log, config.AuditWriter = server.NewLog(p.stderr, config), p.stdout
			s, err := server.New(cmd.Context(), config)
			if err != nil {
				return err
			}
			config.Log.Info("serving", "version", version(), "addr", s.Addr(), "admin", s.AdminAddr(), "tls", s.TLSAddr(), "ca_file", s.CAFile(), "data", config.Data,
				"region", config.Region, "account", config.Account, "access_key_id", s.RootKey().ID)
			stop := reopenOnHangup(s, config.Log)
			defer stop()
			return s.Serve(cmd.Context())
		},
	}
	cmd.Flags().StringVar(&file, "config", "", "YAML file with settings")
	addSettings(cmd.Flags(), nil)
	return cmd
}
