package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/uuid"

	"carillon/api"
	"carillon/arn"
)

// Demo is an app instance to try things in.
type Demo struct {
	AppInstance string `json:"app_instance_arn"`
	Admin       string `json:"admin_arn"`
	// Users are the ARNs of alice, bob, carol and dave, by these names.
	Users map[string]string `json:"user_arns"`
}

const (
	demoName     = "Demo"
	demoMetadata = `{"carillon":"demo"}`
	demoAdmin    = "admin"
)

// DemoUsers are the ids of the demo's users.
func DemoUsers() []string { return []string{"alice", "bob", "carol", "dave"} }

// SeedDemo makes the demo, or what is missing of it, and remembers it in Data/demo.json. It may be
// called any number of times, and after a crash at any point: there is one demo in a data folder.
func (s *Server) SeedDemo(ctx context.Context) (Demo, error) {
	caller := s.root()
	name, err := s.demoInstance(ctx, caller)
	if err != nil {
		return Demo{}, fmt.Errorf("demo app instance: %w", err)
	}
	instance, err := arn.Parse(name)
	if err != nil {
		return Demo{}, fmt.Errorf("demo app instance: %w", err)
	}
	user := func(id string) string { return instance.Of(arn.User, id).String() }
	demo := Demo{AppInstance: name, Admin: user(demoAdmin), Users: make(map[string]string)}
	for _, id := range append(DemoUsers(), demoAdmin) {
		// A fresh token: with a fixed one, a user who was deleted would be told of, but not made again.
		_, err := s.service.CreateAppInstanceUser(ctx, caller, &api.CreateAppInstanceUserRequest{
			AppInstanceArn: name, AppInstanceUserId: id, Name: demoUserName(id), ClientRequestToken: uuid.NewString(),
		})
		if err != nil && !isKind(err, api.Conflict) {
			return Demo{}, fmt.Errorf("demo user %s: %w", id, err)
		}
		if id != demoAdmin {
			demo.Users[id] = user(id)
		}
	}
	_, err = s.service.CreateAppInstanceAdmin(ctx, caller, &api.CreateAppInstanceAdminRequest{
		AppInstanceArn: name, AppInstanceAdminArn: demo.Admin,
	})
	if err != nil && !isKind(err, api.Conflict) {
		return Demo{}, fmt.Errorf("demo admin: %w", err)
	}
	if err := s.seedDemoRole(ctx, name); err != nil {
		return Demo{}, fmt.Errorf("demo role: %w", err)
	}
	s.demo.Store(&demo)
	return demo, writeJSON(s.demoPath(), demo)
}

// root is the root of the configured account, as a caller.
func (s *Server) root() *api.Caller {
	return &api.Caller{Account: s.config.Account, Principal: s.principal(), AccessKeyID: s.rootKey.ID, RequestID: uuid.NewString()}
}

func demoUserName(id string) string { return strings.ToUpper(id[:1]) + id[1:] }

func (s *Server) demoPath() string { return filepath.Join(s.config.Data, "demo.json") }

// demoInstance returns the ARN of the demo's app instance: the one that is remembered if it is still
// there, else one that an interrupted start left, else a new one.
func (s *Server) demoInstance(ctx context.Context, caller *api.Caller) (string, error) {
	var remembered Demo
	switch content, err := os.ReadFile(s.demoPath()); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return "", err
	default:
		if err := json.Unmarshal(content, &remembered); err != nil {
			return "", fmt.Errorf("%s: %w", s.demoPath(), err)
		}
	}
	if remembered.AppInstance != "" {
		_, err := s.service.DescribeAppInstance(ctx, caller, &api.DescribeAppInstanceRequest{AppInstanceArn: remembered.AppInstance})
		if err == nil {
			return remembered.AppInstance, nil
		}
		if !isKind(err, api.Forbidden) && !isKind(err, api.NotFound) {
			return "", err
		}
	}
	if name, err := s.findDemoInstance(ctx, caller); name != "" || err != nil {
		return name, err
	}
	metadata := demoMetadata
	// Not a fixed token: it would bring a demo that was deleted back by name only.
	out, err := s.service.CreateAppInstance(ctx, caller, &api.CreateAppInstanceRequest{
		Name: demoName, Metadata: &metadata, ClientRequestToken: uuid.NewString(),
	})
	if err != nil {
		return "", err
	}
	return out.AppInstanceArn, nil
}

// findDemoInstance looks for an app instance that carries the demo's mark.
func (s *Server) findDemoInstance(ctx context.Context, caller *api.Caller) (string, error) {
	in := &api.ListAppInstancesRequest{}
	for {
		out, err := s.service.ListAppInstances(ctx, caller, in)
		if err != nil {
			return "", err
		}
		for _, summary := range out.AppInstances {
			if summary.Metadata != nil && *summary.Metadata == demoMetadata {
				return summary.AppInstanceArn, nil
			}
		}
		if out.NextToken == "" {
			return "", nil
		}
		in.NextToken = out.NextToken
	}
}

func isKind(err error, kind api.Kind) bool { return errors.Is(err, &api.Error{Kind: kind}) }
