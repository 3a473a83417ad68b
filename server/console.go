package server

import (
	"context"
	"errors"
	"net/http"

	"carillon/access"
	"carillon/console"
)

// withConsole puts the chat page in front of the API, for a server to try things out. Every other
// request reaches the API untouched: nothing here cleans a path or redirects.
func (s *Server) withConsole(api http.Handler) http.Handler {
	if !s.config.Console {
		return api
	}
	page := console.Handler(console.Options{Demo: s.demoForPage, Login: s.demoLogin})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if console.Serves(r) {
			page.ServeHTTP(w, r)
		} else {
			api.ServeHTTP(w, r)
		}
	})
}

// demoFile is what the chat page is told of the demo. It holds no key.
type demoFile struct {
	Region         string            `json:"region"`
	AppInstanceARN string            `json:"app_instance_arn"`
	UserARNs       map[string]string `json:"user_arns"`
}

// demoForPage is what the chat page is told: nothing without a demo, and nothing while others than this
// machine can reach the server.
func (s *Server) demoForPage() any {
	demo := s.demo.Load()
	if demo == nil {
		return nil
	}
	for _, addr := range []string{s.Addr(), s.TLSAddr()} {
		if addr != "" && !isLoopback(addr) {
			return nil
		}
	}
	return demoFile{Region: s.config.Region, AppInstanceARN: demo.AppInstance, UserARNs: demo.Users}
}

// demoCredentials are in the form of the credential exchange of AWS's chat demo.
type demoCredentials struct {
	ChimeAppInstanceUserArn string
	ChimeUserId             string
	ChimeDisplayName        string
	ChimeCredentials        *access.Credentials
}

// demoLogin is temporary credentials of a user of the demo, which may do what an end user may; nil when
// there is no such user.
func (s *Server) demoLogin(ctx context.Context, user string) (any, error) {
	demo := s.demo.Load()
	if demo == nil || demo.Users[user] == "" {
		return nil, nil
	}
	session, err := s.access.AssumeRole(ctx, s.root(), &access.AssumeRoleRequest{
		RoleArn: s.demoRoleARN(), RoleSessionName: user, Tags: []access.Tag{{Key: "UserUUID", Value: user}},
	})
	if err != nil {
		s.log.Error("there are no credentials for a user of the demo", "user", user, "error", err)
		return nil, err
	}
	return demoCredentials{
		ChimeAppInstanceUserArn: demo.Users[user], ChimeUserId: user, ChimeDisplayName: demoUserName(user), ChimeCredentials: session.Credentials,
	}, nil
}

// demoRole is the role of the users of the demo.
const demoRole = "CarillonDemoUser"

func (s *Server) demoRoleARN() string {
	return "arn:" + partition + ":iam::" + s.config.Account + ":role/" + demoRole
}

// seedDemoRole makes the role of the users of the demo, or what is missing of it.
func (s *Server) seedDemoRole(ctx context.Context, appInstance string) error {
	root := s.root()
	_, err := s.access.CreateRole(ctx, root, &access.CreateRoleRequest{
		RoleName: demoRole, Description: "The users of the chat page of carillon dev.",
		AssumeRolePolicyDocument: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + s.principal() +
			`"},"Action":["sts:AssumeRole","sts:TagSession"]}]}`,
	})
	var fault *access.Fault
	if err != nil && !(errors.As(err, &fault) && fault.Code == "EntityAlreadyExists") {
		return err
	}
	if _, err := s.access.AttachRolePolicy(ctx, root, &access.AttachRolePolicyRequest{
		RoleName: demoRole, PolicyArn: "arn:aws:iam::aws:policy/CarillonEndUser",
	}); err != nil {
		return err
	}
	// The page shows whom there is to talk to.
	_, err = s.access.PutRolePolicy(ctx, root, &access.PutRolePolicyRequest{
		RoleName: demoRole, PolicyName: "ListUsers",
		PolicyDocument: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"chime:ListAppInstanceUsers","Resource":"` + appInstance + `/user/*"}]}`,
	})
	return err
}
