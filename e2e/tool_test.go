package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// tool is a program that the machine must have.
type tool struct {
	// variable of the environment names the program; without it, places are looked at, and then PATH.
	variable string
	places   []string
	name     string
	// check is the command line that tells whether a program is the one that is wanted, by printing
	// a text that begins with want.
	check []string
	want  string
	// install says how to get it.
	install string
	find    func() (string, error)
}

// Debian's packages are looked for before whatever else is in PATH: it is their versions that still
// have the old namespace.
var (
	awsCLI = newTool(tool{
		variable: "AWS", places: []string{"/usr/bin/aws"}, name: "aws", check: []string{"--version"}, want: "aws-cli/2.",
		install: "the AWS CLI version 2 (Debian: apt-get install awscli)",
	})
	python = newTool(tool{
		variable: "PYTHON", places: []string{"/usr/bin/python3"}, name: "python3", want: "True",
		check:   []string{"-c", `import boto3; print(hasattr(boto3.client("chime", "us-east-1", aws_access_key_id="-", aws_secret_access_key="-"), "batch_create_channel_membership"))`},
		install: "a boto3 whose client chime still has messaging, 1.26 say (Debian 12: apt-get install python3-boto3)",
	})
	node = newTool(tool{
		variable: "NODE", name: "node", check: []string{"-p", "process.versions.node.split('.')[0] >= 20"}, want: "true",
		install: "Node.js 20 or newer (nodejs.org, or a distribution's nodejs)",
	})
	chromium = newTool(tool{
		name: "chromium", check: []string{"--version"}, want: "Chromium", install: "Chromium (Debian: apt-get install chromium)",
	})
	npm = newTool(tool{
		name: "npm", check: []string{"--version"}, install: "npm (nodejs.org, or a distribution's npm)",
	})
)

func newTool(t tool) *tool {
	t.find = sync.OnceValues(t.look)
	return &t
}

// path is where the tool is. Without it the test fails.
func (x *tool) path(t *testing.T) string {
	t.Helper()
	path, err := x.find()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func (x *tool) look() (string, error) {
	candidates := append(slices.Clone(x.places), x.name)
	if chosen := os.Getenv(x.variable); x.variable != "" && chosen != "" {
		candidates = []string{chosen}
	}
	var tried []string
	for _, path := range candidates {
		path, err := exec.LookPath(path)
		if err != nil || slices.Contains(tried, path) {
			continue
		}
		tried = append(tried, path)
		cmd := exec.Command(path, x.check...)
		cmd.Env = bareEnviron()
		out, err := cmd.Output()
		if err == nil && strings.HasPrefix(string(out), x.want) {
			return filepath.Abs(path)
		}
	}
	return "", fmt.Errorf("please install %s; what was looked at: %q", x.install, candidates)
}
