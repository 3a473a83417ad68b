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

// scratch is a folder for what programs may still write when they have ended, as browsers do. It is removed
// after the last test, as far as it can be.
var scratch string

// scratchFolder makes a folder in there.
func scratchFolder(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp(scratch, "")
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

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
	scratch = filepath.Join(dir, "scratch")
	if err := os.Mkdir(scratch, 0o700); err != nil {
		return 0, err
	}
	binary = filepath.Join(dir, "carillon")
	build := exec.Command("go", "build", "-o", binary, "./cmd/carillon")
	build.Dir = root
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as on a machine without a C compiler
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("building the server: %w\n%s", err, out)
	}
	return m.Run(), nil
}
