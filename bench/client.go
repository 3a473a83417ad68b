package bench

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"carillon/api"
	"carillon/sigv4"
)

const (
	// callTimeout bounds every call.
	callTimeout = 30 * time.Second
	// maxConnections is how many connections for calls are kept.
	maxConnections = 1024
	maxAnswer      = 16 << 20
)

// client calls operations. It is safe for concurrent use.
type client struct {
	http.Client
	endpoint string
	signer   *sigv4.Signer
	secure   *tls.Config
}

func newClient(endpoint string, signer *sigv4.Signer, secure *tls.Config) *client {
	transport := &http.Transport{MaxIdleConns: maxConnections, MaxIdleConnsPerHost: maxConnections, TLSClientConfig: secure, DisableCompression: true}
	return &client{Client: http.Client{Transport: transport, Timeout: callTimeout}, endpoint: strings.TrimSuffix(endpoint, "/"), signer: signer, secure: secure}
}

// refusal is an answer that is no success.
type refusal struct {
	operation string
	status    int
	kind      string
	message   string
}

func (r *refusal) Error() string {
	return fmt.Sprintf("%s: %s: %s (status %d)", r.operation, r.kind, r.message, r.status)
}

// request makes a signed request of an operation. in is encoded as the body when the operation has one;
// query, when not empty, is added to what tells the operation apart.
func (c *client) request(name, bearer string, path []string, query string, in any) (r *http.Request, body []byte, err error) {
	op := api.Lookup(name)
	if in != nil {
		if body, err = json.Marshal(in); err != nil {
			return nil, nil, err
		}
	}
	if r, err = http.NewRequest(op.Method, c.endpoint+target(op, path, query), bytes.NewReader(body)); err != nil {
		return nil, nil, err
	}
	if bearer != "" {
		r.Header.Set("X-Amz-Chime-Bearer", bearer)
	}
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	c.signer.Sign(r, body, time.Now())
	return r, body, nil
}

// call calls an operation for a bearer, if it has one. in is encoded as the body when the operation has
// one, and the answer is decoded to out, unless it is nil.
func (c *client) call(ctx context.Context, name, bearer string, path []string, in, out any) error {
	r, _, err := c.request(name, bearer, path, "", in)
	if err != nil {
		return err
	}
	answer, err := c.Do(r.WithContext(ctx))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("%s: reading the answer: %w", name, err)
	}
	if answer.StatusCode/100 != 2 {
		refused := &refusal{operation: name, status: answer.StatusCode, message: string(text)}
		refused.kind, _, _ = strings.Cut(answer.Header.Get("X-Amzn-Errortype"), ":")
		return refused
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}

// target is the path of an operation with its parameters filled in, and its query.
func target(op *api.Operation, values []string, query string) string {
	path := op.Path
	for _, value := range values {
		begin, end := strings.IndexByte(path, '{'), strings.IndexByte(path, '}')
		path = path[:begin] + strings.ReplaceAll(url.QueryEscape(value), "+", "%20") + path[end+1:]
	}
	if op.QueryKey != "" {
		query = strings.TrimSuffix(op.QueryKey+"="+op.QueryValue+"&"+query, "&")
	}
	if query == "" {
		return path
	}
	return path + "?" + query
}
