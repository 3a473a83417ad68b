package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func (p process) account() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "account",
		Short: "Manage accounts of a running server",
		Long: `Manage accounts of a running server: spaces that see nothing of each other. Only the root key of the account
that the server is configured with may. The server is found, and requests are signed, as by
"carillon call".`,
		Args: cobra.NoArgs,
	}
	var name, id string
	create := p.managing(&cobra.Command{
		Use: "create", Short: "Make an account, and print its root key as lines for a shell", Args: cobra.NoArgs,
		Long: "Make an account, and print its root key as lines for a shell. The secret is told this once.",
	}, func(m *manager, _ []string) error { return m.createAccount(id, name) })
	create.Flags().StringVar(&name, "name", "", "what the account is called")
	create.Flags().StringVar(&id, "id", "", "id of the account, 12 digits (default some that are free)")
	cmd.AddCommand(create,
		p.managing(&cobra.Command{Use: "list", Short: "List accounts", Args: cobra.NoArgs},
			func(m *manager, _ []string) error { return m.listAccounts() }),
		p.managing(&cobra.Command{
			Use: "delete <account id>", Short: "Remove an account without app instances, and all who may call in it", Args: exactly(1, "name the account by its id"),
		}, func(m *manager, args []string) error { return m.ask("DeleteAccount", nil, "AccountId", args[0]) }))
	return cmd
}

func (m *manager) createAccount(id, name string) error {
	var out struct {
		ID  string    `xml:"CreateAccountResult>Account>AccountId"`
		Key accessKey `xml:"CreateAccountResult>AccessKey"`
	}
	if err := m.ask("CreateAccount", &out, "AccountId", id, "AccountName", name); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(m.stdout, "# account %s\n", out.ID); err != nil {
		return err
	}
	return m.printKey(out.Key)
}

func (m *manager) listAccounts() error {
	rows := [][]string{{"ACCOUNT", "NAME", "CREATED"}}
	err := m.pages("ListAccounts", func(marker string) (string, error) {
		var out struct {
			Accounts []struct{ AccountId, AccountName, CreateDate string } `xml:"ListAccountsResult>Accounts>member"`
			Next     string                                                `xml:"ListAccountsResult>Marker"`
		}
		err := m.ask("ListAccounts", &out, "Marker", marker)
		for _, a := range out.Accounts {
			rows = append(rows, []string{a.AccountId, first(a.AccountName, "-"), a.CreateDate})
		}
		return out.Next, err
	})
	if err != nil {
		return err
	}
	return m.table(rows)
}
