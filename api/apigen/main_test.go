package main

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestGeneratedFilesAreFresh fails when go generate ./api would change the tree.
func TestGeneratedFilesAreFresh(t *testing.T) {
	const root = "../.."
	files, err := generate(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		t.Run(name, func(t *testing.T) {
			got, err := os.ReadFile(filepath.Join(root, name))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, files[name]) {
				t.Errorf("%s is stale at line %d: run go generate ./api", name, firstDifference(got, files[name]))
			}
		})
	}
	t.Run("the page of operations is one of them", func(t *testing.T) {
		if len(files[filepath.Join("docs", "operations.md")]) == 0 {
			t.Error("it is not generated")
		}
	})
	t.Run("no other file says that it is generated", func(t *testing.T) {
		found, err := filepath.Glob(filepath.Join(root, "api", "*.gen.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range found {
			if name := filepath.Join("api", filepath.Base(path)); files[name] == nil {
				t.Errorf("%s is left over from an older generator", name)
			}
		}
	})
	t.Run("twice is the same as once", func(t *testing.T) {
		again, err := generate(root)
		if err != nil {
			t.Fatal(err)
		}
		for name := range files {
			if !bytes.Equal(files[name], again[name]) {
				t.Errorf("%s depends on chance", name)
			}
		}
	})
}

// firstDifference is the number of the first line in which two texts differ.
func firstDifference(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			n = i
			break
		}
	}
	return 1 + bytes.Count(a[:n], []byte("\n"))
}

func TestGenerateFails(t *testing.T) {
	t.Run("without models", func(t *testing.T) {
		if _, err := generate(t.TempDir()); err == nil {
			t.Error("no error")
		}
	})
	t.Run("when the list of pending operations is no Go", func(t *testing.T) {
		root := t.TempDir()
		if err := os.CopyFS(filepath.Join(root, "models"), os.DirFS("../../models")); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(filepath.Join(root, "chat"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, "chat", "todo.go"), []byte("packag chat"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := generate(root); err == nil || !strings.Contains(err.Error(), "todo.go") {
			t.Errorf("error %v", err)
		}
	})
}

func TestPathIndex(t *testing.T) {
	const path = "/channels/{channelArn}/messages/{messageId}"
	if got := pathIndex(path, "channelArn"); got != 0 {
		t.Errorf("channelArn is parameter %d", got)
	}
	if got := pathIndex(path, "messageId"); got != 1 {
		t.Errorf("messageId is parameter %d", got)
	}
}

func TestCamel(t *testing.T) {
	for value, want := range map[string]string{"STANDARD_MESSAGES": "StandardMessages", "GCM": "Gcm", "Channel": "Channel", "ChannelMessage": "ChannelMessage"} {
		if got := camel(value); got != want {
			t.Errorf("%s is %s, want %s", value, got, want)
		}
	}
}
