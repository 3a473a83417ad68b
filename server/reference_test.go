package server

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReference(t *testing.T) {
	t.Run("every setting is documented and has names of its own", func(t *testing.T) {
		seen := make(map[string]bool)
		for _, s := range Settings() {
			if s.Name == "" || s.Env == "" || s.Unit == "" || !strings.HasSuffix(s.Meaning, ".") {
				t.Errorf("%+v is not documented", s)
			}
			names := []string{s.Name, s.Env}
			if s.Flag != "" { // what may be secret has none
				names = append(names, "--"+s.Flag)
			}
			for _, name := range names {
				if seen[name] {
					t.Errorf("%s is used twice", name)
				}
				seen[name] = true
			}
		}
	})

	t.Run("the text has every name, variable, flag and default", func(t *testing.T) {
		var b bytes.Buffer
		if err := WriteReference(&b); err != nil {
			t.Fatal(err)
		}
		for _, s := range Settings() {
			for _, want := range []string{s.Name, s.Env, dashed(s.Flag), s.Default, s.Unit} {
				if !strings.Contains(b.String(), want) {
					t.Errorf("%s: %q is missing", s.Name, want)
				}
			}
		}
	})

	t.Run("docs/config.md is fresh", func(t *testing.T) {
		var b bytes.Buffer
		if err := WriteMarkdown(&b); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile("../docs/config.md")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(b.String(), string(got)); diff != "" {
			t.Errorf("run go generate ./server (-want +got):\n%s", diff)
		}
	})
}
