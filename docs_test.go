package carillon_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestEveryChoiceNamesATestThatExists holds the pages that list choices and events to their word: each
// row of a table whose last column is called Test ends with the names of tests, and there are such tests.
func TestEveryChoiceNamesATestThatExists(t *testing.T) {
	known := testsThereAre(t)
	name := regexp.MustCompile("`(Test\\w+)`")
	for _, page := range []string{"docs/divergences.md", "docs/events.md"} {
		t.Run(page, func(t *testing.T) {
			text, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			rows, pinned := 0, false
			for line := range strings.SplitSeq(string(text), "\n") {
				cells := strings.Split(line, " | ")
				switch {
				case !strings.HasPrefix(line, "| "):
					pinned = false // a table ends
					continue
				case strings.HasSuffix(line, " | Test |"):
					pinned = true
					continue
				case !pinned, strings.HasPrefix(line, "| ---"):
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
		})
	}
}

// testsThereAre are the names of all test functions.
func testsThereAre(t *testing.T) map[string]bool {
	t.Helper()
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
	return known
}
