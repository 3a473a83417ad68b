package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func (p process) role() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "role",
		Short: "Manage roles of a running server",
		Long: `Manage roles of a running server: what others may become for a while, with temporary credentials. The
server is found, and requests are signed, as by "carillon call"; the AWS CLI does the same and more with
"aws iam".`,
		Args: cobra.NoArgs,
	}
	var made newRole
	create := p.managing(&cobra.Command{
		Use:   "create <name>",
		Short: "Make a role that its trust policy lets others take",
		Example: `  carillon role create EndUser --trust trust.json --policy CarillonEndUser
  carillon role create Login --trust oidc.json --policy CarillonEndUser --tag carillon:CreateUserIn=$APP`,
		Args: exactly(1, "name the role"),
	}, func(m *manager, args []string) error { return m.createRole(args[0], made) })
	flags := create.Flags()
	flags.StringVar(&made.trust, "trust", "", "file with the trust policy, which says who may take the role")
	flags.StringArrayVar(&made.policies, "policy", nil, "policy of the role: the name of a ready-made one, or @FILE (repeat for more)")
	flags.StringArrayVar(&made.tags, "tag", nil, "tag of the role, key=value (repeat for more)")
	flags.StringVar(&made.description, "description", "", "what the role is for")
	flags.DurationVar(&made.longest, "max-session", 0, "how long a session may last, 1h to 12h (default 1h)")
	_ = create.MarkFlagRequired("trust")
	cmd.AddCommand(create,
		p.managing(&cobra.Command{Use: "list", Short: "List roles", Args: cobra.NoArgs},
			func(m *manager, _ []string) error { return m.listRoles() }),
		p.managing(&cobra.Command{Use: "delete <name>", Short: "Remove a role with its policies; its sessions end", Args: exactly(1, "name the role")},
			func(m *manager, args []string) error { return m.deleteRole(args[0]) }),
		p.managing(&cobra.Command{Use: "revoke <name>", Short: "End all sessions of a role that there are", Args: exactly(1, "name the role")},
			func(m *manager, args []string) error { return m.ask("RevokeRoleSessions", nil, "RoleName", args[0]) }))
	return cmd
}

// newRole is what a role is made with.
type newRole struct {
	trust, description string
	policies, tags     []string
	longest            time.Duration
}

func (m *manager) createRole(name string, made newRole) error {
	trust, err := os.ReadFile(made.trust)
	if err != nil {
		return err
	}
	parameters := []string{
		"RoleName", name, "AssumeRolePolicyDocument", string(trust), "Description", made.description, "MaxSessionDuration", seconds(made.longest),
	}
	for i, tag := range made.tags {
		key, value, ok := strings.Cut(tag, "=")
		if !ok {
			return fmt.Errorf("--tag %s: write key=value", tag)
		}
		member := fmt.Sprintf("Tags.member.%d.", i+1)
		parameters = append(parameters, member+"Key", key, member+"Value", value)
	}
	var out struct {
		ARN string `xml:"CreateRoleResult>Role>Arn"`
	}
	if err := m.ask("CreateRole", &out, parameters...); err != nil {
		return err
	}
	if err := m.grant("Role", name, made.policies); err != nil {
		return fmt.Errorf("the role was made, but not all of its policies: %w", err)
	}
	_, err = fmt.Fprintln(m.stdout, out.ARN)
	return err
}

func (m *manager) listRoles() error {
	rows := [][]string{{"ROLE", "MAX SESSION", "CREATED", "ARN"}}
	err := m.pages("ListRoles", func(marker string) (string, error) {
		var out struct {
			Roles []struct {
				RoleName, CreateDate, Arn string
				MaxSessionDuration        int
			} `xml:"ListRolesResult>Roles>member"`
			Next string `xml:"ListRolesResult>Marker"`
		}
		err := m.ask("ListRoles", &out, "Marker", marker)
		for _, r := range out.Roles {
			rows = append(rows, []string{r.RoleName, (time.Duration(r.MaxSessionDuration) * time.Second).String(), r.CreateDate, r.Arn})
		}
		return out.Next, err
	})
	if err != nil {
		return err
	}
	return m.table(rows)
}

// deleteRole removes a role. Its policies go first, as the action wants it.
func (m *manager) deleteRole(name string) error {
	var own struct {
		Names []string `xml:"ListRolePoliciesResult>PolicyNames>member"`
	}
	if err := m.ask("ListRolePolicies", &own, "RoleName", name); err != nil {
		return err
	}
	var attached struct {
		ARNs []string `xml:"ListAttachedRolePoliciesResult>AttachedPolicies>member>PolicyArn"`
	}
	if err := m.ask("ListAttachedRolePolicies", &attached, "RoleName", name); err != nil {
		return err
	}
	for _, policy := range own.Names {
		if err := m.ask("DeleteRolePolicy", nil, "RoleName", name, "PolicyName", policy); err != nil {
			return err
		}
	}
	for _, arn := range attached.ARNs {
		if err := m.ask("DetachRolePolicy", nil, "RoleName", name, "PolicyArn", arn); err != nil {
			return err
		}
	}
	return m.ask("DeleteRole", nil, "RoleName", name)
}
