package main

import (
	"github.com/spf13/cobra"

	"carillon/server"
)

func (p process) config() *cobra.Command {
	var markdown bool
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Print every setting: name, environment variable, flag, default, unit, meaning",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if markdown {
				return server.WriteMarkdown(p.stdout)
			}
			return server.WriteReference(p.stdout)
		},
	}
	cmd.Flags().BoolVar(&markdown, "markdown", false, "print docs/config.md")
	return cmd
}
