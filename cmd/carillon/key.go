package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func (p process) key() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "key",
		Short: "Manage access keys of a running server",
		Long: `Manage access keys of a running server, and who owns them. The server is found, and requests are signed,
as by "carillon call"; the AWS CLI does the same and more with "aws iam".`,
		Args: cobra.NoArgs,
	}
	var policies []string
	create := p.managing(&cobra.Command{
		Use:   "create <owner>",
		Short: "Make an access key of an owner, whom it makes too when there is none of that name",
		Long: `Make an access key of an owner, whom it makes too when there is none of that name, and print it as lines
for a shell. The secret is told this once. An owner may do nothing but what policies say.`,
		Example: `  carillon key create backend --policy CarillonBackend
  carillon key create reports --policy @reports.json`,
		Args: exactly(1, `name the owner, such as "carillon key create backend"`),
	}, func(m *manager, args []string) error { return m.createKey(args[0], policies) })
	create.Flags().StringArrayVar(&policies, "policy", nil, "policy of the owner: the name of a ready-made one, or @FILE (repeat for more)")
	const oneKey = "name one access key id"
	cmd.AddCommand(create,
		p.managing(&cobra.Command{Use: "list [owner]", Short: "List access keys, of one owner or of all", Args: cobra.MaximumNArgs(1)},
			func(m *manager, args []string) error { return m.listKeys(args) }),
		p.managing(&cobra.Command{Use: "disable <access key id>", Short: "Let nobody call with an access key until it is enabled", Args: exactly(1, oneKey)},
			func(m *manager, args []string) error { return m.setKey(args[0], "Inactive") }),
		p.managing(&cobra.Command{Use: "enable <access key id>", Short: "Undo disable", Args: exactly(1, oneKey)},
			func(m *manager, args []string) error { return m.setKey(args[0], "Active") }),
		p.managing(&cobra.Command{Use: "delete <access key id>", Short: "Remove an access key for good", Args: exactly(1, oneKey)},
			func(m *manager, args []string) error { return m.deleteKey(args[0]) }),
		p.managing(&cobra.Command{
			Use: "rotate <access key id>", Short: "Make an access key in place of another, which it disables: both or neither",
			Long: `Make an access key in place of another, which it disables: both or neither. The old one can be enabled again
until it is deleted. An owner has two keys at most: delete the one before first.`,
			Args: exactly(1, oneKey),
		}, func(m *manager, args []string) error { return m.rotateKey(args[0]) }))
	return cmd
}

func (m *manager) createKey(owner string, policies []string) error {
	if err := m.ask("CreateUser", nil, "UserName", owner); err != nil && !isCode(err, "EntityAlreadyExists") {
		return err
	}
	if err := m.grant("User", owner, policies); err != nil {
		return err
	}
	var out struct {
		Key accessKey `xml:"CreateAccessKeyResult>AccessKey"`
	}
	if err := m.ask("CreateAccessKey", &out, "UserName", owner); err != nil {
		return err
	}
	return m.printKey(out.Key)
}

// ownerOf finds whose a key is: nobody's name is that of the root.
func (m *manager) ownerOf(id string) (owner, used string, err error) {
	var out struct {
		UserName string `xml:"GetAccessKeyLastUsedResult>UserName"`
		Used     string `xml:"GetAccessKeyLastUsedResult>AccessKeyLastUsed>LastUsedDate"`
	}
	err = m.ask("GetAccessKeyLastUsed", &out, "AccessKeyId", id)
	return out.UserName, out.Used, err
}

func (m *manager) setKey(id, status string) error {
	owner, _, err := m.ownerOf(id)
	if err != nil {
		return err
	}
	return m.ask("UpdateAccessKey", nil, "UserName", owner, "AccessKeyId", id, "Status", status)
}

func (m *manager) deleteKey(id string) error {
	owner, _, err := m.ownerOf(id)
	if err != nil {
		return err
	}
	return m.ask("DeleteAccessKey", nil, "UserName", owner, "AccessKeyId", id)
}

func (m *manager) rotateKey(id string) error {
	owner, _, err := m.ownerOf(id)
	if err != nil {
		return err
	}
	var out struct {
		Key accessKey `xml:"RotateAccessKeyResult>AccessKey"`
	}
	if err := m.ask("RotateAccessKey", &out, "UserName", owner, "AccessKeyId", id); err != nil {
		return err
	}
	return m.printKey(out.Key)
}

func (m *manager) listKeys(owners []string) error {
	if len(owners) == 0 {
		err := m.pages("ListUsers", func(marker string) (string, error) {
			var out struct {
				Names []string `xml:"ListUsersResult>Users>member>UserName"`
				Next  string   `xml:"ListUsersResult>Marker"`
			}
			err := m.ask("ListUsers", &out, "Marker", marker)
			owners = append(owners, out.Names...)
			return out.Next, err
		})
		if err != nil {
			return err
		}
	}
	rows := [][]string{{"OWNER", "ACCESS KEY", "STATUS", "CREATED", "LAST USED"}}
	for _, owner := range owners {
		var out struct {
			Keys []accessKey `xml:"ListAccessKeysResult>AccessKeyMetadata>member"`
		}
		if err := m.ask("ListAccessKeys", &out, "UserName", owner); err != nil {
			return fmt.Errorf("%s: %w", owner, err)
		}
		for _, k := range out.Keys {
			_, used, err := m.ownerOf(k.AccessKeyId)
			if err != nil {
				return err
			}
			rows = append(rows, []string{owner, k.AccessKeyId, k.Status, k.CreateDate, first(used, "never")})
		}
	}
	return m.table(rows)
}
