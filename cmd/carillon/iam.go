package main

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"carillon/policy"
	"carillon/sigv4"
)

// iamService is the service in the scope of signatures of requests that manage who may call.
const (
	iamService = "iam"
	iamVersion = "2010-05-08"
)

// iamError is an error in IAM's words.
type iamError struct {
	Code, Message string
	status        int
	requestID     string
}

func (e *iamError) Error() string {
	return fmt.Sprintf("%s: %s (status %d, request id %s)", e.Code, e.Message, e.status, e.requestID)
}

// manager asks a running server to manage who may call.
type manager struct {
	process
	ctx   context.Context
	flags callFlags
}

// managing makes a command that asks a server.
func (p process) managing(cmd *cobra.Command, run func(m *manager, args []string) error) *cobra.Command {
	m := &manager{process: p}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		m.ctx = cmd.Context()
		return run(m, args)
	}
	m.flags.connect(cmd.Flags())
	return cmd
}

// ask calls an action. Parameters are names and values by turns, and out, unless nil, is filled from the
// answer.
func (m *manager) ask(action string, out any, parameters ...string) error {
	form := url.Values{"Action": {action}, "Version": {iamVersion}}
	for i := 0; i < len(parameters); i += 2 {
		if parameters[i+1] != "" {
			form.Set(parameters[i], parameters[i+1])
		}
	}
	credentials, err := m.credentials(m.flags)
	if err != nil {
		return err
	}
	body := form.Encode()
	endpoint := first(m.flags.endpoint, m.env("AWS_ENDPOINT_URL_IAM"), m.env("AWS_ENDPOINT_URL"), defaultEndpoint)
	r, err := http.NewRequestWithContext(m.ctx, http.MethodPost, strings.TrimSuffix(endpoint, "/")+"/", strings.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	sigv4.NewSigner(credentials.accessKeyID, credentials.secret, credentials.sessionToken, m.region(m.flags), iamService).Sign(r, []byte(body), time.Now())
	answer, content, err := m.send(r, m.flags)
	if err != nil {
		return err
	}
	if answer.StatusCode/100 != 2 {
		var refusal struct{ Error iamError }
		if err := xml.Unmarshal(content, &refusal); err != nil || refusal.Error.Code == "" {
			return answerError(answer, content)
		}
		refusal.Error.status, refusal.Error.requestID = answer.StatusCode, first(answer.Header.Get("X-Amzn-Requestid"), "none")
		return &refusal.Error
	}
	if out == nil {
		return nil
	}
	if err := xml.Unmarshal(content, out); err != nil {
		return fmt.Errorf("the answer of %s cannot be read: %w", action, err)
	}
	return nil
}

// isCode reports whether an action failed with that code.
func isCode(err error, code string) bool {
	var e *iamError
	return errors.As(err, &e) && e.Code == code
}

// pages asks for a list page by page; read fills from one answer and returns the marker of the next.
func (m *manager) pages(action string, read func(marker string) (next string, err error)) error {
	for marker := ""; ; {
		next, err := read(marker)
		if err != nil || next == "" {
			return err
		}
		if next == marker {
			return fmt.Errorf("%s does not go on after %s", action, marker)
		}
		marker = next
	}
}

// grant gives policies to an owner of keys or to a role: ready-made ones by their names, and files.
func (m *manager) grant(noun, name string, policies []string) error {
	for _, given := range policies {
		if path, ok := strings.CutPrefix(given, "@"); ok {
			document, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			called := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
			if err := m.ask("Put"+noun+"Policy", nil, noun+"Name", name, "PolicyName", called, "PolicyDocument", string(document)); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			continue
		}
		if err := m.ask("Attach"+noun+"Policy", nil, noun+"Name", name, "PolicyArn", policyARN(given)); err != nil {
			return err
		}
	}
	return nil
}

// policyARN is the ARN of a ready-made policy that is named by it or by its name.
func policyARN(name string) string {
	if strings.HasPrefix(name, "arn:") {
		return name
	}
	return policy.ReadyPrefix + name
}

// table prints rows in columns.
func (m *manager) table(rows [][]string) error {
	w := tabwriter.NewWriter(m.stdout, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	return w.Flush()
}

// accessKey is a key as answers tell it.
type accessKey struct {
	UserName, AccessKeyId, SecretAccessKey, Status, CreateDate string
}

// printKey prints a key that was made, as lines for a shell.
func (m *manager) printKey(k accessKey) error {
	_, err := fmt.Fprintf(m.stdout, "export AWS_ACCESS_KEY_ID=%s\nexport AWS_SECRET_ACCESS_KEY=%s\n", k.AccessKeyId, k.SecretAccessKey)
	return err
}

// seconds writes a duration as IAM takes it; nothing for none.
func seconds(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return strconv.Itoa(int(d / time.Second))
}

// exactly takes so many arguments, and says what they are.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != n {
			return errors.New(what)
		}
		return nil
	}
}
