package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"carillon/policy"
)

// exitCode ends a command with a code of its own, having said err if there is something to say.
type exitCode struct {
	code int
	err  error
}

func (e exitCode) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e exitCode) Unwrap() error { return e.err }

// What `carillon policy` ends with: a script asks for permission and must not take a typing error for a no.
const (
	exitDenied = 1
	exitUsage  = 2
)

func usage(err error) error { return exitCode{exitUsage, err} }

func (p process) policy() *cobra.Command {
	cmd := &cobra.Command{Use: "policy", Short: "Check policies, and list the ready-made ones", Args: cobra.NoArgs}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage(err) })
	list := &cobra.Command{
		Use: "list", Short: "List the ready-made policies", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return p.listPolicies() },
	}
	show := &cobra.Command{
		Use: "show <name>", Short: "Print a ready-made policy",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage(errors.New(`name one policy, such as "carillon policy show CarillonEndUser"`))
			}
			return nil
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			var names []string
			for _, ready := range policy.Ready() {
				names = append(names, ready.Name)
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			ready, ok := policy.LookupReady(args[0])
			if !ok {
				return usage(fmt.Errorf(`there is no ready-made policy %s; "carillon policy list" names them`, args[0]))
			}
			_, err := io.WriteString(p.stdout, ready.Text)
			return err
		},
	}
	cmd.AddCommand(p.checkPolicy(), list, show)
	return cmd
}

func (p process) listPolicies() error {
	table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	for _, ready := range policy.Ready() {
		fmt.Fprintf(table, "%s\t%s\t%s\n", ready.Name, ready.ARN(), ready.For)
	}
	return table.Flush()
}

// checkFlags are the flags of `carillon policy check`.
type checkFlags struct {
	policies, sessionPolicies []string
	action                    string
	resources, context        []string
	explain, json             bool
}

func (p process) checkPolicy() *cobra.Command {
	var f checkFlags
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Tell what policies decide, and why, without a server",
		Long: `Tell what policies decide about an action, and which statement decided. A policy is a file, - for the
standard input, or the name of a ready-made policy. Of several resources all must be allowed, as the
server has it for a user and a channel.

The exit code is 0 if the action is allowed, 1 if it is denied, and 2 if the question makes no sense.`,
		Example: `  carillon policy check --policy chat.json --action chime:SendChannelMessage --resource $ALICE --resource $CHANNEL
  carillon policy check --policy CarillonEndUser --action chime:Connect --resource $ALICE \
      --context aws:PrincipalAccount=111122223333 --context aws:PrincipalTag/UserUUID=alice --explain`,
		Args: func(cmd *cobra.Command, args []string) error {
			if err := cobra.NoArgs(cmd, args); err != nil {
				return usage(err)
			}
			return nil
		},
		RunE: func(*cobra.Command, []string) error { return p.runCheck(f) },
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&f.policies, "policy", nil, "an identity-based policy; may be given several times")
	flags.StringArrayVar(&f.sessionPolicies, "session-policy", nil, "a session policy, likewise: then both kinds must allow")
	flags.StringVar(&f.action, "action", "", "what is to be done, such as chime:SendChannelMessage")
	flags.StringArrayVar(&f.resources, "resource", nil, "ARN of what it is done to; may be given several times (default *)")
	flags.StringArrayVar(&f.context, "context", nil, "a value of a condition key, as KEY=VALUE; given again, another value of the key")
	flags.BoolVar(&f.explain, "explain", false, "tell of every statement why it applies or does not")
	flags.BoolVar(&f.json, "json", false, "print JSON, with every statement")
	return cmd
}

func (p process) runCheck(f checkFlags) error {
	if len(f.policies) == 0 || f.action == "" {
		return usage(errors.New("--policy and --action are needed"))
	}
	if service, name, ok := strings.Cut(f.action, ":"); !ok || service == "" || name == "" || strings.ContainsAny(f.action, "*?") {
		return usage(fmt.Errorf("--action: %q is not one action, such as chime:SendChannelMessage", f.action))
	}
	if len(f.resources) == 0 {
		f.resources = []string{"*"}
	}
	values := make(map[string][]string)
	for _, pair := range f.context {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || !strings.Contains(key, ":") {
			return usage(fmt.Errorf("--context: %q is not written as KEY=VALUE, such as aws:username=carol", pair))
		}
		values[policy.Fold(key)] = append(values[policy.Fold(key)], value)
	}
	var policies policy.Policies
	var err error
	if policies.Identity, err = p.policySet(policy.Identity, f.policies); err != nil {
		return usage(err)
	}
	if len(f.sessionPolicies) > 0 {
		if policies.Session, err = p.policySet(policy.Session, f.sessionPolicies); err != nil {
			return usage(err)
		}
	}

	result := checkResult{Action: f.action, Allowed: true}
	for _, resource := range f.resources {
		e := policies.Explain(&policy.Request{Action: f.action, Resource: resource, Context: policy.Values(values)})
		result.add(resource, f.action, e)
	}
	if f.json {
		encoder := json.NewEncoder(p.stdout)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(result)
	} else {
		_, err = io.WriteString(p.stdout, result.text(f.explain))
	}
	if err == nil && !result.Allowed {
		return exitCode{code: exitDenied}
	}
	return err
}

// policySet reads the policies that a flag names.
func (p process) policySet(kind policy.Kind, names []string) (*policy.Set, error) {
	var documents []*policy.Document
	for _, name := range names {
		text, err := p.policyText(name)
		if err != nil {
			return nil, err
		}
		d, err := policy.Parse(kind, name, text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		documents = append(documents, d)
	}
	return policy.NewSet(kind, documents...), nil
}

// policyText reads a policy. A file goes before a ready-made policy of its name.
func (p process) policyText(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(p.stdin)
	}
	text, err := os.ReadFile(name)
	if ready, ok := policy.LookupReady(name); err != nil && ok {
		return []byte(ready.Text), nil
	}
	return text, err
}

// checkResult is what `carillon policy check` prints.
type checkResult struct {
	Action    string           `json:"action"`
	Allowed   bool             `json:"allowed"`
	Resources []resourceResult `json:"resources"`
}

type resourceResult struct {
	Resource string `json:"resource"`
	// Decision is allowed, explicitDeny or implicitDeny.
	Decision string `json:"decision"`
	Why      string `json:"why"`
	// Message is what a caller would be told after who it is and what it may not do.
	Message    string            `json:"message,omitempty"`
	DecidedBy  *statementName    `json:"decidedBy,omitempty"`
	Statements []statementResult `json:"statements"`

	// kind is that of the policies that decided.
	kind string
}

type statementName struct {
	Policy string `json:"policy"`
	Index  int    `json:"index"`
	Sid    string `json:"sid,omitempty"`
}

type statementResult struct {
	statementName
	Kind    string        `json:"kind"`
	Effect  string        `json:"effect"`
	Applies bool          `json:"applies"`
	Checks  []checkedPart `json:"checks"`
}

type checkedPart struct {
	Element string `json:"element"`
	Holds   bool   `json:"holds"`
	Detail  string `json:"detail"`
}

func (r *checkResult) add(resource, action string, e policy.Explanation) {
	d := e.Decision
	r.Allowed = r.Allowed && d.Allowed
	one := resourceResult{Resource: resource, Decision: "implicitDeny", Why: d.String(), Message: strings.TrimSpace(d.Because(action)), kind: d.Kind.String()}
	switch {
	case d.Allowed:
		one.Decision = "allowed"
	case d.Explicit:
		one.Decision = "explicitDeny"
	}
	if d.Index >= 0 {
		one.DecidedBy = &statementName{d.Document, d.Index, d.Sid}
	}
	for _, s := range e.Statements {
		statement := statementResult{statementName: statementName{s.Document, s.Index, s.Sid}, Kind: s.Kind.String(), Effect: "Allow", Applies: s.Applies}
		if s.Deny {
			statement.Effect = "Deny"
		}
		for _, c := range s.Checks {
			statement.Checks = append(statement.Checks, checkedPart(c))
		}
		one.Statements = append(one.Statements, statement)
	}
	r.Resources = append(r.Resources, one)
}

// text writes the result for people: every statement, or those that tell why.
func (r *checkResult) text(explain bool) string {
	var b strings.Builder
	for i := range r.Resources {
		one := &r.Resources[i]
		fmt.Fprintf(&b, "%s on %s\n  %s\n", r.Action, one.Resource, one.Why)
		told := 0
		for _, s := range one.Statements {
			if !explain && !one.tells(s) {
				continue
			}
			told++
			outcome := "does not apply"
			if s.Applies {
				outcome = "applies"
			}
			name := fmt.Sprintf("Statement[%d]", s.Index)
			if s.Sid != "" {
				name += " (" + s.Sid + ")"
			}
			fmt.Fprintf(&b, "  %s %s of the %s %s %s\n", s.Effect, name, s.Kind, s.Policy, outcome)
			for _, c := range s.Checks {
				mark := "no "
				if c.Holds {
					mark = "yes"
				}
				fmt.Fprintf(&b, "    %s  %s: %s\n", mark, c.Element, c.Detail)
			}
		}
		if told == 0 {
			fmt.Fprintf(&b, "  no statement that allows something is about the action\n")
		}
	}
	if len(r.Resources) > 1 {
		outcome := "denied"
		if r.Allowed {
			outcome = "allowed"
		}
		fmt.Fprintf(&b, "%s: %s\n", r.Action, outcome)
	}
	return b.String()
}

// tells reports whether a statement tells why: it is the one that decided or, if none did, one that is about
// the action and would have allowed it.
func (r *resourceResult) tells(s statementResult) bool {
	if r.DecidedBy != nil {
		return s.statementName == *r.DecidedBy && s.Kind == r.kind
	}
	return s.Kind == r.kind && s.Effect == "Allow" && s.Checks[0].Holds
}
