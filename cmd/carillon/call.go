package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"carillon/api"
	"carillon/sigv4"
)

// service is the service in the scope of every signature.
const service = "chime"

// maxAnswer is far above the largest answer of the API.
const maxAnswer = 64 << 20

// callFlags are the flags of `carillon call`.
type callFlags struct {
	json, bearer, endpoint, region, data string
	accessKeyID, secret, sessionToken    string
	timeout                              time.Duration
}

// connect adds the flags that say which server to call, and by whom.
func (f *callFlags) connect(flags *pflag.FlagSet) {
	flags.StringVar(&f.endpoint, "endpoint", "", "URL of the server")
	flags.StringVar(&f.region, "region", "", "region to sign for (default AWS_REGION, AWS_DEFAULT_REGION or us-east-1)")
	flags.StringVar(&f.accessKeyID, "access-key-id", "", "access key id (default AWS_ACCESS_KEY_ID)")
	flags.StringVar(&f.secret, "secret-access-key", "", "secret (default AWS_SECRET_ACCESS_KEY)")
	flags.StringVar(&f.sessionToken, "session-token", "", "session token of temporary credentials (default AWS_SESSION_TOKEN)")
	flags.StringVar(&f.data, "data", "./carillon-data", "data folder of the server, for its root key when no credentials are given, and for its authority")
	flags.DurationVar(&f.timeout, "timeout", time.Minute, "how long the call may take")
}

func (p process) call() *cobra.Command {
	var f callFlags
	cmd := &cobra.Command{
		Use:   "call <Operation>",
		Short: "Call any operation of the API, signed",
		Long: `Call any operation of the API, signed, and print its answer as JSON. Members of the request are given
as one JSON object, wherever they travel; tokens that are left out are made up. On an error nothing is
printed but the error, on the standard error output, and the exit code is 1.

The endpoint comes from --endpoint, AWS_ENDPOINT_URL_CHIME_SDK_MESSAGING or _IDENTITY,
AWS_ENDPOINT_URL, or is http://127.0.0.1:8080; credentials come from flags, AWS_* variables, or the
data folder of "carillon dev". With an https:// endpoint, the authorities of the system, of
AWS_CA_BUNDLE and of that data folder are trusted.`,
		Example: `  carillon call ListAppInstances
  carillon call CreateChannel --bearer $ALICE --json '{"AppInstanceArn": "'$APP'", "Name": "general"}'
  carillon call BatchCreateChannelMembership --bearer $ALICE --json @members.json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New(`name one operation, such as "carillon call ListAppInstances"`)
			}
			return nil
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			names := make([]string, len(api.Operations))
			for i := range api.Operations {
				names[i] = api.Operations[i].Name
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error { return p.runCall(cmd, args[0], f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.json, "json", "{}", "members of the request: a JSON object, @FILE, or - for the standard input")
	flags.StringVar(&f.bearer, "bearer", "", "ARN of the user or bot to act for")
	f.connect(flags)
	return cmd
}

func (p process) runCall(cmd *cobra.Command, name string, f callFlags) error {
	op := api.Lookup(name)
	if op == nil {
		return fmt.Errorf("there is no operation %s%s", name, suggest(name))
	}
	text, err := p.jsonText(f.json)
	if err != nil {
		return err
	}
	members, err := parseMembers(text)
	if err != nil {
		return fmt.Errorf("--json: %w", err)
	}
	credentials, err := p.credentials(f)
	if err != nil {
		return err
	}
	r, body, err := buildRequest(op, members, f.bearer, p.endpoint(op, f))
	if err != nil {
		return err
	}
	sigv4.NewSigner(credentials.accessKeyID, credentials.secret, credentials.sessionToken, p.region(f), service).Sign(r, body, time.Now())

	answer, content, err := p.send(r.WithContext(cmd.Context()), f)
	if err != nil {
		return err
	}
	if answer.StatusCode/100 != 2 {
		return answerError(answer, content)
	}
	return printJSON(p.stdout, content)
}

// send sends a request and reads the whole answer.
func (p process) send(r *http.Request, f callFlags) (*http.Response, []byte, error) {
	transport, err := p.transport(f)
	if err != nil {
		return nil, nil, err
	}
	client := http.Client{Transport: transport, Timeout: f.timeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return nil, nil, fmt.Errorf("reading the answer: %w", err)
	}
	return answer, content, nil
}

// suggest names an operation that differs from name in its capitals only.
func suggest(name string) string {
	for i := range api.Operations {
		if strings.EqualFold(api.Operations[i].Name, name) {
			return "; did you mean " + api.Operations[i].Name + "?"
		}
	}
	return ""
}

// jsonText reads what the flag --json names.
func (p process) jsonText(flag string) ([]byte, error) {
	if flag == "-" {
		return io.ReadAll(p.stdin)
	}
	if path, ok := strings.CutPrefix(flag, "@"); ok {
		return os.ReadFile(path)
	}
	return []byte(flag), nil
}

// answerError words an answer that is no success.
func answerError(answer *http.Response, content []byte) error {
	var body struct{ Code, Message string }
	text := strings.TrimSpace(string(content))
	if json.Unmarshal(content, &body) == nil && body.Message != "" {
		text = body.Message
	}
	kind, _, _ := strings.Cut(answer.Header.Get("X-Amzn-Errortype"), ":")
	return fmt.Errorf("%s: %s (status %d, request id %s)",
		first(kind, body.Code, "unexpected answer"), text, answer.StatusCode, first(answer.Header.Get("X-Amzn-Requestid"), "none"))
}

// printJSON prints an answer, indented; operations without an answer print nothing.
func printJSON(w io.Writer, content []byte) error {
	if len(content) == 0 {
		return nil
	}
	var b bytes.Buffer
	if err := json.Indent(&b, content, "", "  "); err != nil {
		return fmt.Errorf("the answer is no JSON: %w", err)
	}
	b.WriteByte('\n')
	_, err := b.WriteTo(w)
	return err
}

// first returns the first text that is not empty.
func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
