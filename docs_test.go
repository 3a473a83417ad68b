package carillon_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestEveryChoiceNamesATestThatExists holds docs/divergences.md to its word: each row of its tables
// ends with the names of tests, and there are such tests.
func TestEveryChoiceNamesATestThatExists(t *testing.T) {
	known := make(map[string]bool)
	function := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, match := range function.FindAllStringSubmatch(string(text), -1) {
			known[match[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("docs/divergences.md")
	if err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile("`(Test\\w+)`")
	rows := 0
	for line := range strings.SplitSeq(string(text), "\n") {
		cells := strings.Split(line, " | ")
		if len(cells) < 3 || strings.HasPrefix(line, "| Question") || strings.HasPrefix(line, "| ---") {
			continue
		}
		rows++
		names := name.FindAllStringSubmatch(cells[len(cells)-1], -1)
		if len(names) == 0 {
			t.Errorf("no test pins: %s", line)
		}
		for _, n := range names {
			if !known[n[1]] {
				t.Errorf("there is no test %s: %s", n[1], line)
			}
		}
	}
	if rows == 0 {
		t.Error("the page has no rows")
	}
}
