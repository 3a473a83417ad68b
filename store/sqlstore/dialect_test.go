package sqlstore

import (
	"strings"
	"testing"
)

func TestDialects(t *testing.T) {
	steps, err := migrations(migrationFiles)
	if err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string]dialect{"SQLite": sqliteDialect, "PostgreSQL": postgresDialect} {
		t.Run(name+" has a word for all that the schema leaves open", func(t *testing.T) {
			text := createSchemaMigration
			for _, step := range steps {
				text += "\n" + step.text
			}
			for line := range strings.Lines(d.schema(text)) {
				if !strings.HasPrefix(line, "--") && strings.ContainsAny(line, "{}") {
					t.Errorf("%s", line)
				}
			}
		})
	}
}

func FuzzEscapeNUL(f *testing.F) {
	for _, s := range []string{"", "\x00", "\x01", "\x00\x01", "a\x00b", "\x01\x01", "\x01\x02", "\x02"} {
		f.Add(s, "\x01")
		f.Add(s, "a")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		x, y := escapeNUL(a), escapeNUL(b)
		if strings.Contains(x, "\x00") {
			t.Errorf("%q is escaped as %q", a, x)
		}
		if got := unescapeNUL(x); got != a {
			t.Errorf("%q comes back as %q", a, got)
		}
		if strings.Compare(a, b) != strings.Compare(x, y) {
			t.Errorf("%q and %q change their order", a, b)
		}
	})
}
