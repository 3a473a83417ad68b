package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// binary is the path of the server under test.
var binary string

// root is the folder of the main module.
const root = ".."

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "carillon-e2e-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "carillon")
	build := exec.Command("go", "build", "-o", binary, "./cmd/carillon")
	build.Dir = root
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as on a machine without a C compiler
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("building the server: %w\n%s", err, out)
	}
	return m.Run(), nil
}
