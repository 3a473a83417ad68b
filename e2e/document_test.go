package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What the README and `carillon dev` tell people to run works when it is pasted as it is.
func TestSnippets(t *testing.T) {
	t.Parallel()
	installJavaScript(t)
	s := startDev(t)
	printed := s.stdout.String()

	t.Run("README", func(t *testing.T) {
		content, err := os.ReadFile(filepath.Join(root, "README.md"))
		if err != nil {
			t.Fatal(err)
		}
		_, section, found := strings.Cut(string(content), "\n## The first call\n")
		if !found {
			t.Fatal("the README has no section about the first call")
		}
		section, _, _ = strings.Cut(section, "\n## ")
		exports := regexp.MustCompile(`(?m)^export .*$`).FindAllString(printedSection(t, printed, "# Redirect an unchanged app"), -1)
		snippets := regexp.MustCompile("(?s)```(\\w+)\n(.*?)```").FindAllStringSubmatch(section, -1)
		if len(snippets) < 2 {
			t.Fatalf("there are %d snippets", len(snippets))
		}
		for _, snippet := range snippets {
			t.Run(snippet[1], func(t *testing.T) {
				out := runSnippet(t, snippet[1], strings.Join(exports, "\n"), snippet[2])
				if !strings.Contains(out, s.UserARNs["bob"]) || strings.Contains(out, "ErrorCode") {
					t.Errorf("bob was not added: %s", out)
				}
			})
		}
	})
	for _, c := range []struct{ language, heading string }{
		{"python", "# Python (boto3)"},
		{"sh", "# AWS CLI"},
		{"javascript", "// JavaScript (npm install @aws-sdk/client-chime-sdk-messaging)"},
	} {
		t.Run("printed at the start, "+c.language, func(t *testing.T) {
			out := runSnippet(t, c.language, "", printedSection(t, printed, c.heading))
			if !strings.Contains(out, s.AppInstanceARN+"/channel/") {
				t.Errorf("no channel was created: %s", out)
			}
		})
	}
}

// printedSection is the part of what `carillon dev` prints that begins with a heading and ends with an
// empty line.
func printedSection(t *testing.T, printed, heading string) string {
	t.Helper()
	_, section, found := strings.Cut(printed, "\n"+heading+"\n")
	if !found {
		t.Fatalf("%q is not printed, but: %s", heading, printed)
	}
	section, _, _ = strings.Cut(section, "\n\n")
	return section
}

// runSnippet pastes lines into a shell, and then a snippet into the interpreter of its language.
func runSnippet(t *testing.T, language, before, snippet string) string {
	t.Helper()
	// The names that people type stand for the programs that the other tests run.
	dir := t.TempDir()
	for name, program := range map[string]*tool{"python3": python, "aws": awsCLI, "node": node} {
		if err := os.Symlink(program.path(t), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "snippet")
	if err := os.WriteFile(file, []byte(snippet), 0o600); err != nil {
		t.Fatal(err)
	}
	run := map[string]string{"python": `python3 "$0"`, "sh": `. "$0"`, "javascript": `node --input-type=commonjs --eval "$(cat "$0")"`}[language]
	if run == "" {
		t.Fatalf("no interpreter for %q", language)
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", before+"\n"+run, file)
	cmd.Dir = "js" // where the packages are installed
	cmd.Env = append(clientEnviron(), "PATH="+dir+":"+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s\nin:\n%s", err, out, snippet)
	}
	return string(out)
}
