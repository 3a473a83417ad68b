package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"carillon/server"
)

// addSettings gives a command a flag for every setting that has one, or for those that are named.
// defaults replace those of the reference in what help says.
func addSettings(flags *pflag.FlagSet, defaults map[string]string, names ...string) {
	for _, s := range server.Settings() {
		if s.Flag == "" || len(names) > 0 && !slices.Contains(names, s.Name) {
			continue
		}
		value, replaced := defaults[s.Name]
		if !replaced {
			value = s.Default
		}
		flags.String(s.Flag, value, s.Meaning+" ("+s.Unit+")")
	}
}

// load reads the settings for a command that has their flags.
func (p process) load(cmd *cobra.Command, file string, defaults map[string]string) (server.Config, error) {
	given := make(map[string]string)
	for _, s := range server.Settings() {
		if f := cmd.Flags().Lookup(s.Flag); s.Flag != "" && f != nil && f.Changed {
			given[s.Name] = f.Value.String()
		}
	}
	config, unknown, err := server.Sources{Defaults: defaults, File: file, Environ: p.environ, Flags: given}.Load()
	if err != nil {
		return server.Config{}, err
	}
	for _, name := range unknown {
		fmt.Fprintf(p.stderr, "carillon: %s is the variable of no setting\n", name)
	}
	return config, config.Validate()
}
