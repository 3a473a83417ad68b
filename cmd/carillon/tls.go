package main

import (
	"github.com/spf13/cobra"

	"carillon/server"
)

// devDefaults are defaults of `carillon dev`. Two servers for trying out, or one beside a server for good,
// get along; browsers find TLS, without which they open no session; whoever is refused is told why.
func devDefaults() map[string]string {
	return map[string]string{"admin.addr": "127.0.0.1:0", "tls.addr": "127.0.0.1:8443", "audit": server.AuditOff, "explain": "true"}
}

func (p process) tls() *cobra.Command {
	cmd := &cobra.Command{Use: "tls", Short: "Work with the local certificate authority of a data folder", Args: cobra.NoArgs}
	cmd.AddCommand(p.trust())
	return cmd
}
